package tron

import (
	"math"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// A node may list more stake than there is TRX, and as often as an answer is long.
func TestStakeOfANodeThatLies(t *testing.T) {
	lists := map[string][]int64{
		"sums to 2^64": nil, "sums to 2^64 and one": nil, "the most in one": {math.MaxInt64}, "negative": {-1, math.MinInt64},
	}
	for range 254 {
		lists["sums to 2^64"] = append(lists["sums to 2^64"], maxCount)
	}
	lists["sums to 2^64 and one"] = append(append(lists["sums to 2^64 and one"], lists["sums to 2^64"]...), 1)
	for name, list := range lists {
		account := &tronpb.Account{
			AcquiredDelegatedFrozenBalanceForBandwidth: math.MaxInt64, AcquiredDelegatedFrozenV2BalanceForBandwidth: math.MaxInt64,
			AccountResource: &tronpb.Account_AccountResource{
				AcquiredDelegatedFrozenBalanceForEnergy: math.MaxInt64, AcquiredDelegatedFrozenV2BalanceForEnergy: math.MaxInt64,
			},
		}
		for _, amount := range list {
			account.FrozenV2 = append(account.FrozenV2, &tronpb.Account_FreezeV2{Type: tronpb.ResourceCode_ENERGY, Amount: amount},
				&tronpb.Account_FreezeV2{Type: tronpb.ResourceCode_BANDWIDTH, Amount: amount})
			account.UnfrozenV2 = append(account.UnfrozenV2, &tronpb.Account_UnFreezeV2{UnfreezeAmount: amount})
		}
		c := charge{account: account, resources: &tronpb.AccountResourceMessage{
			EnergyLimit: math.MaxInt64, EnergyUsed: 1, NetLimit: math.MaxInt64, NetUsed: 1,
		}}
		for _, s := range []stake{c.energyStake(), c.netStake()} {
			if own, delegated := s.take(1000); own+delegated != 1000 {
				t.Errorf("%s: %d of own and %d of delegated stake pay 1000 units", name, own, delegated)
			}
		}
		if sum := stakeOf(account); len(list) > 200 && sum != coffer.NewAmount(maxStake) {
			t.Errorf("%s: a stake of %s", name, sum)
		}
	}
}
