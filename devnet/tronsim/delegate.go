package tronsim

import (
	"github.com/cofferhq/coffer/tron/tronpb"
)

// defaultLock is how long a locked delegation stays where nothing is said: three days, in
// blocks of three seconds.
const defaultLock = 86_400

type delegationKey struct{ from, to Address }

// delegation is stake of one account whose resources another uses. It is replaced, not
// changed.
type delegation struct {
	free   [resources]int64 // sun; may be taken back
	locked [resources]int64 // sun; not before until
	until  [resources]int64 // milliseconds since 1970
}

func (d *delegation) empty() bool { return *d == delegation{} }

// delegation gives a copy, with the locks that have ended taken off.
func (x *execution) delegation(key delegationKey) delegation {
	var d delegation
	if known := x.state.delegations[key]; known != nil {
		d = *known
	}
	for r := range d.locked {
		if d.until[r] < x.head {
			d.free[r], d.locked[r], d.until[r] = d.free[r]+d.locked[r], 0, 0
		}
	}
	return d
}

func (x *execution) keep(key delegationKey, d delegation) {
	if d.empty() {
		remove(x.state, delegationTable, key)
		return
	}
	put(x.state, delegationTable, key, &d)
}

// spare is how much of its own stake an account may delegate: what its use does not need.
func (x *execution) spare(a *account, r resource) int64 {
	used := a.used[r].left(x.slot(), x.sim.day())
	needed := mulDiv(used*trx, x.weight(r), x.total(r))
	return max(0, a.staked[r]-max(0, needed-a.acquired[r]))
}

// delegate lets another account use the resources of a stake.
func (x *execution) delegate(act action, what *tronpb.DelegateResourceContract) error {
	r, err := resourceOf(what.Resource)
	if err != nil {
		return err
	}
	if what.Balance < trx {
		return invalid("delegateBalance must be greater than or equal to 1 TRX")
	}
	if x.spare(x.state.accounts[act.owner], r) < what.Balance {
		return invalid("delegateBalance must be less than or equal to available Freeze%sV2 balance", title(r))
	}
	to, err := parseAddress(what.ReceiverAddress)
	if err != nil {
		return invalid("Invalid receiverAddress")
	}
	if to == act.owner {
		return invalid("receiverAddress must not be the same as ownerAddress")
	}
	receiver := x.state.accounts[to]
	if receiver == nil {
		return invalid("Account[%x] not exists", what.ReceiverAddress)
	}

	key := delegationKey{act.owner, to}
	d := x.delegation(key)
	now := x.head
	period := what.LockPeriod
	if period == 0 {
		period = defaultLock
	}
	until := now + period*x.sim.slotTime
	if what.Lock {
		if period < 0 || period > x.chain.parameters.MaxDelegateLock {
			return invalid("The lock period of delegate resource cannot be less than 0 and cannot exceed %d!", x.chain.parameters.MaxDelegateLock)
		}
		if until < d.until[r] {
			return invalid("The lock period for %s this time cannot be less than the remaining time[%dms] of the last lock period for %s!",
				what.Resource, d.until[r]-now, what.Resource)
		}
	}
	if receiver.kind == tronpb.AccountType_Contract {
		return invalid("Do not allow delegate resources to contract addresses")
	}

	if what.Lock {
		d.locked[r] += what.Balance
		d.until[r] = until
	} else {
		d.free[r] += what.Balance
	}
	x.keep(key, d)
	owner := x.state.edit(act.owner)
	owner.staked[r] -= what.Balance
	owner.delegated[r] += what.Balance
	x.state.edit(to).acquired[r] += what.Balance
	return nil
}

func title(r resource) string {
	if r == energy {
		return "Energy"
	}
	return "Bandwidth"
}

// undelegate takes a delegation back. The receiver's use goes with it, by the share of its
// stake, and comes back to the owner in the same time.
func (x *execution) undelegate(act action, what *tronpb.UnDelegateResourceContract) error {
	r, err := resourceOf(what.Resource)
	if err != nil {
		return err
	}
	to, err := parseAddress(what.ReceiverAddress)
	if err != nil {
		return invalid("Invalid receiverAddress")
	}
	if to == act.owner {
		return invalid("receiverAddress must not be the same as ownerAddress")
	}
	key := delegationKey{act.owner, to}
	if x.state.delegations[key] == nil {
		return invalid("delegated Resource does not exist")
	}
	d := x.delegation(key)
	if what.Balance <= 0 {
		return invalid("unDelegateBalance must be more than 0 TRX")
	}
	if d.free[r] < what.Balance {
		return invalid("insufficient delegatedFrozenBalance(%s), request=%d, unlock_balance=%d", what.Resource, what.Balance, d.free[r])
	}

	d.free[r] -= what.Balance
	x.keep(key, d)
	now, day := x.slot(), x.sim.day()
	var moved, window int64
	if receiver := x.state.edit(to); receiver != nil {
		used := receiver.used[r].add(0, now, day)
		moved = min(x.limit(what.Balance, r), mulDiv(used.amount, what.Balance, max(1, receiver.stake(r))))
		used.amount -= moved
		window = used.window
		receiver.used[r] = used
		receiver.acquired[r] = max(0, receiver.acquired[r]-what.Balance)
	}
	owner := x.state.edit(act.owner)
	owner.delegated[r] -= what.Balance
	owner.staked[r] += what.Balance
	if moved > 0 {
		owner.used[r] = owner.used[r].take(moved, window, now, day)
	}
	return nil
}
