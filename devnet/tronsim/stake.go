package tronsim

import (
	"time"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// maxUnfreezing is how many stakes of one account may be on their way back.
const maxUnfreezing = 32

// resourceOf reads a resource code. Voting power alone cannot be staked for.
func resourceOf(code tronpb.ResourceCode) (resource, error) {
	switch code {
	case tronpb.ResourceCode_BANDWIDTH:
		return bandwidth, nil
	case tronpb.ResourceCode_ENERGY:
		return energy, nil
	default:
		return 0, invalid("ResourceCode error, valid ResourceCode[BANDWIDTH、ENERGY]")
	}
}

// freeze stakes TRX for a resource.
func (x *execution) freeze(act action, what *tronpb.FreezeBalanceV2Contract) error {
	r, err := resourceOf(what.Resource)
	switch {
	case what.FrozenBalance <= 0:
		return invalid("frozenBalance must be positive")
	case what.FrozenBalance < trx:
		return invalid("frozenBalance must be greater than or equal to 1 TRX")
	case what.FrozenBalance > x.state.accounts[act.owner].balance:
		return invalid("frozenBalance must be less than or equal to accountBalance")
	case err != nil:
		return err
	}
	a := x.state.edit(act.owner)
	a.balance -= what.FrozenBalance
	a.staked[r] += what.FrozenBalance
	x.state.addTotal(r.weight(), what.FrozenBalance)
	return nil
}

// unfreeze starts the way back of a stake, and pays out what has arrived.
func (x *execution) unfreeze(act action, what *tronpb.UnfreezeBalanceV2Contract, out *outcome) error {
	now := x.head
	r, err := resourceOf(what.Resource)
	if err != nil {
		return err
	}
	a := x.state.accounts[act.owner]
	switch {
	case a.staked[r] == 0:
		return invalid("no frozenBalance(%s)", what.Resource)
	case what.UnfreezeBalance <= 0 || what.UnfreezeBalance > a.staked[r]:
		return invalid("Invalid unfreeze_balance, [%d] is error", what.UnfreezeBalance)
	case a.unfreezing(now) >= maxUnfreezing:
		return invalid("Invalid unfreeze operation, unfreezing times is over limit")
	}
	a = x.state.edit(act.owner)
	out.withdrawn = a.payExpired(now)
	delay := time.Duration(x.chain.parameters.UnfreezeDelayDays) * 24 * time.Hour
	a.unfrozen = append(a.unfrozen[:len(a.unfrozen):len(a.unfrozen)],
		unfrozen{resource: r, amount: what.UnfreezeBalance, expires: now + delay.Milliseconds()})
	a.staked[r] -= what.UnfreezeBalance
	x.state.addTotal(r.weight(), -what.UnfreezeBalance)
	out.unfreeze = what.UnfreezeBalance
	return nil
}

// unfreezing is how many stakes are on their way.
func (a *account) unfreezing(now int64) int {
	n := 0
	for _, u := range a.unfrozen {
		if u.expires > now {
			n++
		}
	}
	return n
}

// expired is how much may be withdrawn at a time.
func (a *account) expired(now int64) int64 {
	var sum int64
	for _, u := range a.unfrozen {
		if u.expires <= now {
			sum += u.amount
		}
	}
	return sum
}

// payExpired pays out what has arrived.
func (a *account) payExpired(now int64) int64 {
	sum := a.expired(now)
	var rest []unfrozen
	for _, u := range a.unfrozen {
		if u.expires > now {
			rest = append(rest, u)
		}
	}
	a.unfrozen = rest
	a.balance += sum
	return sum
}

// withdrawExpired pays out what has arrived.
func (x *execution) withdrawExpired(act action, out *outcome) error {
	now := x.head
	if x.state.accounts[act.owner].expired(now) <= 0 {
		return invalid("no unFreeze balance to withdraw ")
	}
	out.withdrawn = x.state.edit(act.owner).payExpired(now)
	return nil
}

// cancelUnfreezes stakes again what is on its way, and pays out what has arrived.
func (x *execution) cancelUnfreezes(act action, out *outcome) error {
	if len(x.state.accounts[act.owner].unfrozen) == 0 {
		return invalid("No unfreezeV2 list to cancel")
	}
	a := x.state.edit(act.owner)
	out.withdrawn = a.payExpired(x.head)
	out.cancelled = map[string]int64{"BANDWIDTH": 0, "ENERGY": 0, "TRON_POWER": 0}
	for _, u := range a.unfrozen {
		a.staked[u.resource] += u.amount
		x.state.addTotal(u.resource.weight(), u.amount)
		out.cancelled[tronpb.ResourceCode(u.resource).String()] += u.amount //nolint:gosec // 0 or 1
	}
	a.unfrozen = nil
	return nil
}
