package utxo

import (
	"fmt"

	"github.com/cofferhq/coffer"
)

// maxMoney is 21 million bitcoin in satoshis: a transaction with an output above it is invalid.
const maxMoney = 21_000_000 * 100_000_000

// CheckPayment refuses what the network cannot pay an address: less than nodes relay to such a
// script, or more than there can be. The error is a coffer.Error that names the field and the
// rule. Of other assets than the network's own it knows nothing.
func CheckPayment(network Network, to coffer.Address, asset coffer.AssetID, amount coffer.Amount) error {
	if asset != network.Native() {
		return nil
	}
	script, err := ScriptOf(network, to)
	if err != nil {
		return &coffer.Error{Code: coffer.CodeInvalid, Field: "destination", Message: fmt.Sprintf("is no address of %s", network), Cause: err}
	}
	if amount.Cmp(coffer.NewAmount(maxMoney)) > 0 {
		return coffer.Invalid("amount", "is above the 21 million that there can be")
	}
	if least := coffer.NewAmount(DustLimit(script)); amount.Cmp(least) < 0 {
		return coffer.Invalid("amount", "is below %s satoshis, the least that nodes relay to such an address (dust)", least)
	}
	return nil
}

// CheckPayment is the function of the same name for the source's network.
func (s *Source) CheckPayment(to coffer.Address, asset coffer.AssetID, amount coffer.Amount) error {
	return CheckPayment(s.config.Network, to, asset, amount)
}
