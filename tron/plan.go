package tron

import (
	"context"
	"fmt"
	"math/bits"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

var _ coffer.CostPlanner = (*Wallet)(nil)

// Funds implements coffer.CostPlanner: the TRX of the account, at the head of one node's chain.
// Errors: ErrPrices.
func (w *Wallet) Funds(ctx context.Context) (coffer.Amount, error) {
	parameters, err := w.pool.Parameters(ctx)
	if err == nil {
		err = w.checkPrices(parameters)
	}
	if err != nil {
		return coffer.Amount{}, fmt.Errorf("funds: %w", err)
	}
	account, err := w.pool.Account(ctx, w.account.Address)
	if err != nil {
		return coffer.Amount{}, fmt.Errorf("funds: %w", err)
	}
	return coffer.NewAmount(uint64(max(account.GetBalance(), 0))), nil // #nosec G115 -- not negative
}

// Plan implements coffer.CostPlanner. Nodes tell stake with what came back of it since it was
// used, all of it in a day. What was used last counts as used of the account's own: the chain
// keeps one number. A contract's maker may pay a part of what is planned as burned.
//
// The account must have what the transaction may burn, not only what it will: if somebody else
// uses the stake first, all energy up to the fee limit is burned.
func (w *Wallet) Plan(ctx context.Context, u coffer.Unsigned) (coffer.Cost, error) {
	bill, err := w.simulate(ctx, u)
	if err != nil {
		return coffer.Cost{}, fmt.Errorf("plan: %w", err)
	}
	if !bill.raw.sweep { // a deposit address has no TRX for what it was not lent
		if most := w.fees.MaxBurned; most > 0 && bill.burned() > most {
			return coffer.Cost{}, fmt.Errorf("plan: %w: %d sun would be burned, at most %d may be: %d of %d energy and %d bytes have no stake",
				coffer.ErrFeeBudget, bill.burned(), most, bill.cost().Energy.Burned, bill.energy, bill.cost().Bandwidth.Burned)
		}
		if free, may := bill.balance()-bill.sent, bill.mayBurn(); free < may {
			return coffer.Cost{}, fmt.Errorf("plan: %w: the account has %d sun beside what it sends, and may burn %d", coffer.ErrFeeBudget, free, may)
		}
	}
	return bill.cost(), nil
}

// charge is a transaction and what decides what it costs.
type charge struct {
	signer    Account
	raw       unsigned
	prices    Parameters
	account   *tronpb.Account
	resources *tronpb.AccountResourceMessage
	energy    uint64
	penalty   uint64 // of energy
	sent      uint64 // sun
	activates bool   // it makes an account
}

func (c charge) balance() uint64 { return uint64(max(c.account.GetBalance(), 0)) } // #nosec G115 -- not negative

// cost is what the transaction takes, stake first, as java-tron's BandwidthProcessor and
// ReceiptCapsule do. The chain lets bandwidth be paid wholly one way or the other, and none that
// is free makes accounts.
func (c charge) cost() coffer.Cost {
	bandwidth := Bandwidth(len(c.raw.bytes), c.signer.maxSignatures())
	made := coffer.Cost{Penalty: c.penalty}
	fees := [4]uint64{} // energy, bandwidth, signatures, activation

	energy := c.energyStake()
	made.Energy.Staked, made.Energy.Delegated = energy.take(c.energy)
	made.Energy.Burned = c.energy - made.Energy.Staked - made.Energy.Delegated
	fees[0] = made.Energy.Burned * c.prices.EnergyPrice

	switch net := c.netStake(); {
	case net.left() >= bandwidth:
		made.Bandwidth.Staked, made.Bandwidth.Delegated = net.take(bandwidth)
	case c.activates:
		fees[1] = c.prices.CreateAccount
	case left(c.resources.GetFreeNetLimit(), c.resources.GetFreeNetUsed()) >= bandwidth:
		made.Bandwidth.Free = bandwidth
	default:
		made.Bandwidth.Burned, fees[1] = bandwidth, bandwidth*c.prices.BandwidthPrice
	}
	if c.signer.maxSignatures() > 1 {
		fees[2] = c.prices.MultiSign
	}
	if c.activates {
		fees[3] = c.prices.NewAccount
	}
	made.Energy.Fee, made.Bandwidth.Fee = coffer.NewAmount(fees[0]), coffer.NewAmount(fees[1])
	made.Signatures, made.Activation = coffer.NewAmount(fees[2]), coffer.NewAmount(fees[3])
	made.Burned = coffer.NewAmount(fees[0] + fees[1] + fees[2] + fees[3])
	return made
}

// burned is all that the transaction burns as things are, sun.
func (c charge) burned() uint64 { return c.cost().Burned.Int().Uint64() } // a sum of uint64s

// mayBurn is what it burns where nothing is staked or free by then.
func (c charge) mayBurn() uint64 {
	bare := c
	bare.resources = new(tronpb.AccountResourceMessage)
	most := bare.burned() - c.energy*c.prices.EnergyPrice
	return most + uint64(c.raw.FeeLimit) // #nosec G115 -- not negative
}

// stake is energy or bandwidth that stake gives, and what of it was used. The shares of it are
// stake of the account, and what others delegated to it.
type stake struct {
	limit, used    uint64
	own, delegated uint64 // sun
}

func (s stake) left() uint64 { return s.limit - min(s.used, s.limit) }

// take is who pays so many units: the account's own stake first.
func (s stake) take(units uint64) (own, delegated uint64) {
	units = min(units, s.left())
	owns := s.limit
	if s.delegated > 0 {
		high, low := bits.Mul64(s.limit, s.own)
		owns, _ = bits.Div64(high, low, s.own+s.delegated) // high is below own
	}
	own = min(units, owns-min(s.used, owns))
	return own, units - own
}

func (c charge) energyStake() stake {
	a, r := c.account.GetAccountResource(), c.resources
	return stake{
		limit: count(r.GetEnergyLimit()), used: count(r.GetEnergyUsed()),
		own:       frozen(c.account, tronpb.ResourceCode_ENERGY) + count(a.GetFrozenBalanceForEnergy().GetFrozenBalance()),
		delegated: count(a.GetAcquiredDelegatedFrozenV2BalanceForEnergy()) + count(a.GetAcquiredDelegatedFrozenBalanceForEnergy()),
	}
}

func (c charge) netStake() stake {
	a, r := c.account, c.resources
	s := stake{
		limit: count(r.GetNetLimit()), used: count(r.GetNetUsed()), own: frozen(a, tronpb.ResourceCode_BANDWIDTH),
		delegated: count(a.GetAcquiredDelegatedFrozenV2BalanceForBandwidth()) + count(a.GetAcquiredDelegatedFrozenBalanceForBandwidth()),
	}
	for _, old := range a.GetFrozen() {
		s.own = min(s.own+count(old.GetFrozenBalance()), maxCount)
	}
	return s
}

// frozen is what an account has staked for itself (Stake 2.0), sun.
func frozen(a *tronpb.Account, code tronpb.ResourceCode) (sum uint64) {
	for _, f := range a.GetFrozenV2() {
		if f.GetType() == code {
			sum = min(sum+count(f.GetAmount()), maxCount)
		}
	}
	return sum
}

// maxCount keeps sums of what a node counts in their type, so the sum of a list ends there, too.
const maxCount = 1 << 56

// count is a number of a node's as far as it can be.
func count(n int64) uint64 { return uint64(min(max(n, 0), maxCount)) } // #nosec G115 -- not negative
