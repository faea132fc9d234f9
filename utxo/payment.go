package utxo

import (
	"fmt"

	"github.com/cofferhq/coffer"
)

// maxMoney is 21 million bitcoin in satoshis: a transaction with an output above it is invalid.
const maxMoney = 21_000_000 * 100_000_000

// CheckPayment refuses what the network cannot pay an address: less than nodes relay to such a
// script, or more than there can be. The error is a coffer.Error that names the field and the
// rule. Of other assets than the network's own it knows those of the Omni Layer, which can only
// go to P2PKH and P2SH.
func CheckPayment(network Network, to coffer.Address, asset coffer.AssetID, amount coffer.Amount) error {
	if asset != network.Native() && asset.Namespace() != coffer.AssetOmni {
		return nil
	}
	script, err := ScriptOf(network, to)
	if err != nil {
		return &coffer.Error{Code: coffer.CodeInvalid, Field: "destination", Message: fmt.Sprintf("is no address of %s", network), Cause: err}
	}
	if asset.Namespace() == coffer.AssetOmni {
		return checkOmniPayment(network, script, amount)
	}
	if amount.Cmp(coffer.NewAmount(maxMoney)) > 0 {
		return coffer.Invalid("amount", "is above the 21 million that there can be")
	}
	if least := coffer.NewAmount(DustLimit(script)); amount.Cmp(least) < 0 {
		return coffer.Invalid("amount", "is below %s satoshis, the least that nodes relay to such an address (dust)", least)
	}
	return nil
}

func checkOmniPayment(network Network, script []byte, amount coffer.Amount) error {
	if _, ok := omniAddress(network, script); !ok {
		return coffer.Invalid("destination", "is of native segregated witness, which the Omni Layer does not know: want P2PKH or P2SH")
	}
	if units := amount.Int(); !units.IsUint64() || !validOmniAmount(units.Uint64()) {
		return coffer.Invalid("amount", "is not 1 to 2^63-1 units, as the Omni Layer has them")
	}
	return nil
}

// CheckPayment is the function of the same name for the source's network. Of the Omni Layer it
// knows the property that the source reads.
func (s *Source) CheckPayment(to coffer.Address, asset coffer.AssetID, amount coffer.Amount) error {
	if asset.Namespace() == coffer.AssetOmni && (s.omni == nil || asset != s.omni.asset) {
		return coffer.Invalid("asset", "is of the Omni Layer, of which it is not read here")
	}
	return CheckPayment(s.config.Network, to, asset, amount)
}
