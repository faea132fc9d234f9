package utxo_test

import (
	"errors"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

func TestPaymentsOfDustAndOfMoreThanThereIs(t *testing.T) {
	const (
		p2wpkh = coffer.Address("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4") // BIP-173's
		p2pkh  = coffer.Address("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
	)
	for _, test := range []struct {
		to     coffer.Address
		amount uint64
		field  string // that is refused
	}{
		{p2wpkh, 294, ""}, {p2wpkh, 293, "amount"}, {p2pkh, 546, ""}, {p2pkh, 545, "amount"}, {p2pkh, 0, "amount"},
		{p2wpkh, 21_000_000 * 100_000_000, ""}, {p2wpkh, 21_000_000*100_000_000 + 1, "amount"},
		{"tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", 1000, "destination"}, {"", 1000, "destination"},
	} {
		err := utxo.CheckPayment(utxo.Mainnet, test.to, utxo.Mainnet.Native(), coffer.NewAmount(test.amount))
		var e *coffer.Error
		if test.field == "" && err != nil || test.field != "" && (!errors.As(err, &e) || e.Code != coffer.CodeInvalid || e.Field != test.field) {
			t.Errorf("%d to %q: %v, want field %q", test.amount, test.to, err, test.field)
		}
	}
	if err := utxo.CheckPayment(utxo.Mainnet, p2pkh, utxo.Regtest.Native(), coffer.NewAmount(1)); err != nil {
		t.Errorf("another asset: %v", err)
	}
}
