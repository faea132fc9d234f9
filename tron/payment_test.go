package tron_test

import (
	"errors"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
)

func TestWhatNoTransactionCanPay(t *testing.T) {
	trx, usdt := tron.Native(tron.Mainnet), coffer.AssetID(string(tron.Mainnet)+"/trc20:"+testToken)
	for name, c := range map[string]struct {
		asset  coffer.AssetID
		amount string
		field  string // "" when it is paid
	}{
		"the most TRX":          {trx, "9223372036854775807", ""},
		"one sun more":          {trx, "9223372036854775808", "amount"},
		"as many of a token":    {usdt, "9223372036854775808", ""},
		"the most of a token":   {usdt, "115792089237316195423570985008687907853269984665640564039457584007913129639935", ""},
		"a token of the chain":  {coffer.NewAssetID(tron.Mainnet, "trc10", "1000001"), "1", "asset"},
		"another chain's money": {tron.Native(tron.Nile), "1", "asset"},
	} {
		err := tron.CheckPayment(tron.Mainnet, c.asset, mustAmount(t, c.amount))
		var e *coffer.Error
		if c.field == "" && err != nil || c.field != "" && (!errors.As(err, &e) || e.Code != coffer.CodeInvalid || e.Field != c.field) {
			t.Errorf("%s: %v, want %q", name, err, c.field)
		}
	}
}
