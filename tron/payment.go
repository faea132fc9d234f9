package tron

import (
	"math"

	"github.com/cofferhq/coffer"
)

// CheckPayment refuses what no transaction of the chain can pay: more sun than an int64 holds, in
// which transactions count them; and tokens that are part of the chain (TRC-10), which are not
// sent. The error is a coffer.Error that names the field and the rule. TRC-20 tokens count in 256
// bits, as amounts do.
func CheckPayment(chain coffer.ChainID, asset coffer.AssetID, amount coffer.Amount) error {
	switch {
	case asset == Native(chain):
		if amount.Cmp(coffer.NewAmount(math.MaxInt64)) > 0 {
			return coffer.Invalid("amount", "is above 2^63-1 sun, the most that a transaction can pay")
		}
	case asset.Namespace() != coffer.AssetTRC20:
		return coffer.Invalid("asset", "is neither TRX nor a TRC-20 token")
	}
	return nil
}

// CheckPayment is the function of the same name for the source's chain. That an address is a
// token's contract, or one of ours, is for others to say.
func (s *Source) CheckPayment(_ coffer.Address, asset coffer.AssetID, amount coffer.Amount) error {
	return CheckPayment(s.config.Chain, asset, amount)
}
