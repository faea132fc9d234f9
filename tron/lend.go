package tron

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Preparation says what emptying a deposit address of an asset takes, as things are now.
type Preparation struct {
	Give  []coffer.Delegation // what the wallet has to give first: the account, or else stake
	Burns bool                // the address has the TRX to burn in place of what Give lends
	Bound coffer.Amount       // the most that the sweep may burn of the address's own, sun
	Cost  coffer.Amount       // of what is still to be done, energy at the price of burning it, sun
}

// maxLent bounds the accounts that a wallet lends to at once, as far as it is read.
const maxLent = 10_000

// giftBytes is more than the raw bytes of a delegation, or of what makes an account, ever have.
const giftBytes = 240

// Prepare looks at what a deposit address has, and at what moving it takes. Errors:
// coffer.ErrWouldFail where there is nothing to move, or the token refuses; coffer.ErrFeeBudget
// where the call takes more than the wallet's fee limit.
func (w *Wallet) Prepare(ctx context.Context, s coffer.Sweep) (Preparation, error) {
	p, err := w.prepare(ctx, s)
	if err != nil {
		return Preparation{}, fmt.Errorf("prepare a sweep of %s: %w", s.Forwarder, err)
	}
	return p, nil
}

func (w *Wallet) prepare(ctx context.Context, s coffer.Sweep) (Preparation, error) {
	parameters, err := w.pool.Parameters(ctx)
	if err != nil {
		return Preparation{}, err
	}
	if err := w.checkPrices(parameters); err != nil {
		return Preparation{}, err
	}
	n, err := w.needs(ctx, s, parameters)
	if err != nil {
		return Preparation{}, err
	}
	own, err := w.pool.Resources(ctx, w.account.Address)
	if err != nil {
		return Preparation{}, err
	}
	gift := w.giftFee(own, parameters)
	cost := uint64(0)
	p := Preparation{Bound: n.bound(w.account.Prices)}
	switch {
	case n.absent:
		p.Give = []coffer.Delegation{{To: s.Forwarder, Path: pathOf(n.index), Resource: coffer.ResourceAccount}}
		cost = parameters.NewAccount + parameters.CreateAccount + gift
		if n.energy > 0 {
			cost += 2 * gift
		}
	default:
		if p.Give, err = n.lend(s.Forwarder, own, w.fees.MarginPercent); err != nil {
			return Preparation{}, err
		}
		lending := 2 * gift * uint64(len(p.Give)) // there and back
		burned := n.energyLack()*parameters.EnergyPrice + n.netLack()*parameters.BandwidthPrice
		if p.Burns = n.balance >= burned; p.Burns && burned <= lending {
			p.Give = nil
		}
		if len(p.Give) > 0 {
			cost = lending
		}
	}
	over, energy := bits.Mul64(n.energy, parameters.EnergyPrice)
	if over != 0 || energy > math.MaxInt64 {
		return Preparation{}, fmt.Errorf("%w: %d energy", coffer.ErrFeeBudget, n.energy)
	}
	p.Cost = coffer.NewAmount(cost + energy + n.netLack()*parameters.BandwidthPrice)
	return p, nil
}

// need is what a sweep takes, and what its address has.
type need struct {
	index     uint32
	energy    uint64 // of the call; zero where none is made
	feeLimit  uint64
	bandwidth uint64
	native    bool

	absent              bool // the address has no account
	balance             uint64
	haveEnergy, haveNet uint64
}

func (w *Wallet) needs(ctx context.Context, s coffer.Sweep, p Parameters) (need, error) {
	held, err := w.holds(ctx, s, p)
	if err != nil {
		return need{}, err
	}
	contract, index, err := sweepOf(w.account, s, held)
	if err != nil {
		return need{}, err
	}
	n := need{index: index, native: s.Asset == Native(w.account.Chain)}
	if call, ok := contract.(*tronpb.TriggerSmartContract); ok {
		if n.energy, err = w.try(ctx, call); err != nil {
			return need{}, err
		}
		if n.feeLimit, err = w.fees.limit(n.energy, p); err != nil {
			return need{}, err
		}
	}
	now := w.clock().UnixMilli()
	encoded, err := (&Raw{Timestamp: now, Expiration: now, FeeLimit: int64(n.feeLimit), Contract: contract}).Encode() // #nosec G115 -- at most MaxFeeLimit
	if err != nil {
		return need{}, err
	}
	n.bandwidth = Bandwidth(len(encoded), 1)

	from, err := CanonicalAddress(s.Forwarder)
	if err != nil {
		return need{}, err
	}
	account, err := w.pool.Account(ctx, from)
	if errors.Is(err, coffer.ErrNotFound) {
		n.absent = true
		return n, nil
	}
	if err != nil {
		return need{}, err
	}
	r, err := w.pool.Resources(ctx, from)
	if err != nil {
		return need{}, err
	}
	n.balance = uint64(max(account.GetBalance(), 0)) // #nosec G115 -- not negative
	n.haveEnergy = left(r.GetEnergyLimit(), r.GetEnergyUsed())
	n.haveNet = max(left(r.GetNetLimit(), r.GetNetUsed()), left(r.GetFreeNetLimit(), r.GetFreeNetUsed())) // wholly one or the other
	return n, nil
}

func (n need) energyLack() uint64 {
	if n.absent {
		return 0 // it is not known what it will have
	}
	return n.energy - min(n.energy, n.haveEnergy)
}

// netLack is all of the bandwidth or nothing, and nothing where TRX is moved: some is left for it.
func (n need) netLack() uint64 {
	if n.absent || n.native || n.haveNet >= n.bandwidth {
		return 0
	}
	return n.bandwidth
}

// bound leaves room for prices that rise before the sweep is built.
func (n need) bound(most Prices) coffer.Amount {
	bound := n.feeLimit + n.feeLimit/2 + 2*n.bandwidth*most.Byte
	if n.native {
		bound += most.NewAccount // as every transfer of TRX
	}
	return coffer.NewAmount(bound)
}

// lend is the stake that gives an address what it lacks, and some more energy, since the energy
// that a token takes may rise meanwhile.
func (n need) lend(to coffer.Address, r *tronpb.AccountResourceMessage, margin uint64) ([]coffer.Delegation, error) {
	var give []coffer.Delegation
	if n.energyLack() > 0 {
		stake, err := stakeFor(n.energy+n.energy*margin/100-n.haveEnergy, r.GetTotalEnergyWeight(), r.GetTotalEnergyLimit())
		if err != nil {
			return nil, fmt.Errorf("energy: %w", err)
		}
		give = append(give, coffer.Delegation{To: to, Path: pathOf(n.index), Resource: coffer.ResourceEnergy, Amount: stake})
	}
	if lack := n.netLack(); lack > 0 {
		stake, err := stakeFor(lack, r.GetTotalNetWeight(), r.GetTotalNetLimit())
		if err != nil {
			return nil, fmt.Errorf("bandwidth: %w", err)
		}
		give = append(give, coffer.Delegation{To: to, Path: pathOf(n.index), Resource: coffer.ResourceBandwidth, Amount: stake})
	}
	return give, nil
}

// stakeFor is the stake, in whole TRX, that gives so much of a resource: all stake of the chain,
// in TRX, shares its limit. One more than that, because the chain counts in floating point.
func stakeFor(units uint64, weight, limit int64) (coffer.Amount, error) {
	if limit <= 0 || weight < 0 {
		return coffer.Amount{}, fmt.Errorf("%w: a limit of %d for a weight of %d", ErrNotProven, limit, weight)
	}
	over, product := bits.Mul64(units, uint64(weight)) // #nosec G115 -- not negative
	trx := product/uint64(limit) + 2                   // #nosec G115 -- positive
	if over != 0 || trx > math.MaxInt64/minDelegation {
		return coffer.Amount{}, fmt.Errorf("%w: %d units want more stake than there is", coffer.ErrFeeBudget, units)
	}
	return coffer.NewAmount(trx * minDelegation), nil
}

// giftFee is what one transaction of the wallet burns that lends something.
func (w *Wallet) giftFee(own *tronpb.AccountResourceMessage, p Parameters) uint64 {
	fee, signatures := uint64(0), w.account.maxSignatures()
	if signatures > 1 {
		fee = p.MultiSign
	}
	size := Bandwidth(giftBytes, signatures)
	if left(own.GetNetLimit(), own.GetNetUsed()) < size && left(own.GetFreeNetLimit(), own.GetFreeNetUsed()) < size {
		fee += size * p.BandwidthPrice
	}
	return fee
}

// Staked is the TRX of the wallet that it cannot pay with now: its stake.
func (w *Wallet) Staked(ctx context.Context) (coffer.Amount, error) {
	account, err := w.pool.Account(ctx, w.account.Address)
	if err != nil {
		return coffer.Amount{}, err
	}
	return stakeOf(account), nil
}

// LendBound is the most that one transaction costs the wallet that gives something to a deposit
// address, or takes it back, in sun.
func (w *Wallet) LendBound() coffer.Amount {
	most, signatures := w.account.Prices, w.account.maxSignatures()
	bound := Bandwidth(giftBytes, signatures)*most.Byte + most.NewAccount
	if signatures > 1 {
		bound += most.Signatures
	}
	return coffer.NewAmount(bound)
}

// MayLend reports whether the wallet's permission, as it is on the chain, may sign what sweeps need.
// Error: ErrPermission.
func (w *Wallet) MayLend(ctx context.Context) error {
	have, err := w.pool.Account(ctx, w.account.Address)
	if err != nil {
		return err
	}
	for _, contract := range []proto.Message{
		(*tronpb.AccountCreateContract)(nil), (*tronpb.DelegateResourceContract)(nil), (*tronpb.UnDelegateResourceContract)(nil),
	} {
		if err := w.account.permitted(have, contract); err != nil {
			return err
		}
	}
	return nil
}

// Spare is the stake that the wallet could lend, by resource, sun.
func (w *Wallet) Spare(ctx context.Context) (map[string]coffer.Amount, error) {
	spare := map[string]coffer.Amount{}
	for name, code := range resources {
		amount, err := w.spareOf(ctx, code)
		if err != nil {
			return nil, fmt.Errorf("what may be delegated of %s: %w", name, err)
		}
		spare[name] = coffer.NewAmount(amount)
	}
	return spare, nil
}

func (w *Wallet) spareOf(ctx context.Context, code tronpb.ResourceCode) (uint64, error) {
	var answer tronpb.CanDelegatedMaxSizeResponseMessage
	request := &tronpb.CanDelegatedMaxSizeRequestMessage{Type: int32(code), OwnerAddress: w.account.Address.Bytes()}
	if err := w.pool.Call(ctx, tronpb.Wallet_GetCanDelegatedMaxSize_FullMethodName, request, &answer); err != nil {
		return 0, err
	}
	return uint64(max(answer.GetMaxSize(), 0)), nil // #nosec G115 -- not negative
}

// Lent lists what the wallet lends now, as one node says it: to whom, of which resource, and the
// stake. What is locked, which is never of this wallet's making, is left out. Whether the
// receivers are deposit addresses it does not say.
func (w *Wallet) Lent(ctx context.Context) ([]coffer.Delegation, error) {
	var index tronpb.DelegatedResourceAccountIndex
	err := w.pool.Call(ctx, tronpb.Wallet_GetDelegatedResourceAccountIndexV2_FullMethodName, &tronpb.BytesMessage{Value: w.account.Address.Bytes()}, &index)
	if err != nil {
		return nil, fmt.Errorf("what %s lends: %w", w.account.Address, err)
	}
	if len(index.GetToAccounts()) > maxLent {
		return nil, fmt.Errorf("what %s lends: %w: to %d accounts, at most %d are read", w.account.Address, ErrNotProven, len(index.GetToAccounts()), maxLent)
	}
	var lent []coffer.Delegation
	for _, to := range index.GetToAccounts() {
		address, err := AddressFromBytes(to)
		if err != nil {
			return nil, fmt.Errorf("what %s lends: %w", w.account.Address, notProven(err))
		}
		amounts, err := w.lentTo(ctx, address)
		if err != nil {
			return nil, fmt.Errorf("what %s lends to %s: %w", w.account.Address, address, err)
		}
		for _, resource := range []string{coffer.ResourceEnergy, coffer.ResourceBandwidth} {
			if amount := amounts[resources[resource]]; amount > 0 {
				lent = append(lent, coffer.Delegation{To: AddressOf(address), Resource: resource, Amount: coffer.NewAmount(amount), Back: true})
			}
		}
	}
	return lent, nil
}

// lentTo is the stake behind what an address is lent, and could be taken back now.
func (w *Wallet) lentTo(ctx context.Context, to Address) (map[tronpb.ResourceCode]uint64, error) {
	var list tronpb.DelegatedResourceList
	request := &tronpb.DelegatedResourceMessage{FromAddress: w.account.Address.Bytes(), ToAddress: to.Bytes()}
	if err := w.pool.Call(ctx, tronpb.Wallet_GetDelegatedResourceV2_FullMethodName, request, &list); err != nil {
		return nil, err
	}
	amounts := map[tronpb.ResourceCode]uint64{}
	for _, one := range list.GetDelegatedResource() {
		for code, entry := range map[tronpb.ResourceCode][2]int64{
			tronpb.ResourceCode_ENERGY:    {one.GetFrozenBalanceForEnergy(), one.GetExpireTimeForEnergy()},
			tronpb.ResourceCode_BANDWIDTH: {one.GetFrozenBalanceForBandwidth(), one.GetExpireTimeForBandwidth()},
		} {
			if entry[0] > 0 && entry[1] == 0 {
				amounts[code] = min(amounts[code]+count(entry[0]), maxCount)
			}
		}
	}
	return amounts, nil
}

// lendable says why a delegation, or taking one back, would fail now: the stake is not there.
func (w *Wallet) lendable(ctx context.Context, code tronpb.ResourceCode, amount int64, back *Address) error {
	have, err := uint64(0), error(nil)
	if back == nil {
		have, err = w.spareOf(ctx, code)
	} else {
		var amounts map[tronpb.ResourceCode]uint64
		amounts, err = w.lentTo(ctx, *back)
		have = amounts[code]
	}
	if err == nil && have < uint64(amount) { // #nosec G115 -- explained
		err = fmt.Errorf("%w: %d sun of stake for %s, of which %d are there", coffer.ErrWouldFail, amount, code, have)
	}
	return err
}
