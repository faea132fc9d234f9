package tronsim

import (
	"math/big"
	"time"
)

const (
	trx             = 1_000_000 // sun
	usagePrecision  = 1_000_000
	windowPrecision = 1_000
)

// day is how many slots a resource takes to come back.
func (s *Sim) day() int64 { return (24 * time.Hour).Milliseconds() / s.slotTime }

// slots is how long, in slots, what was used takes to come back, from u.at on.
func (u usage) slots(day int64) int64 {
	if u.window == 0 {
		return day
	}
	return max(1, u.window/windowPrecision)
}

// average is the use of one slot, in millionths, after what came back until now. It rounds
// as java-tron does: up when it divides, to the nearest when it decays.
func (u usage) average(now, day int64) int64 {
	window := u.slots(day)
	average := divideUp(u.amount*usagePrecision, window)
	elapsed := now - u.at
	switch {
	case elapsed == 0:
		return average
	case elapsed >= window:
		return 0
	}
	return (mulDiv(average, 2*(window-elapsed), window) + 1) / 2
}

// left is what is still used at a slot.
func (u usage) left(now, day int64) int64 {
	return u.average(now, day) * u.slots(day) / usagePrecision
}

// add uses more. The window of what is new is a day, of the sum it is the mean of both by
// their amounts.
func (u usage) add(amount, now, day int64) usage {
	window := u.slots(day)
	last := u.average(now, day)
	fresh := divideUp(amount*usagePrecision, day)
	next := usage{amount: (last*window + fresh*day) / usagePrecision, at: now}
	remains := last * window / usagePrecision
	if remains == 0 || next.amount == 0 {
		return next
	}
	old := u.window
	if old == 0 {
		old = day * windowPrecision
	}
	next.window = meanWindow(remains, old-(now-u.at)*windowPrecision, amount, day*windowPrecision, next.amount)
	next.window = min(next.window, day*windowPrecision)
	return next
}

// addFree uses more of the free bandwidth, whose window is always a day.
func (u usage) addFree(amount, now, day int64) usage {
	u.window = 0
	next := u.add(amount, now, day)
	next.window = 0
	return next
}

// take is add for use that came with a delegation, in the window it had there.
func (u usage) take(amount, window, now, day int64) usage {
	mine := u.left(now, day)
	next := usage{amount: mine + amount, at: now}
	if next.amount == 0 {
		return next
	}
	old := u.window
	if old == 0 {
		old = day * windowPrecision
	}
	if window == 0 {
		window = day * windowPrecision
	}
	rest := max(0, old-(now-u.at)*windowPrecision)
	next.window = min(meanWindow(mine, rest, amount, window, next.amount), day*windowPrecision)
	return next
}

func meanWindow(a, windowA, b, windowB, sum int64) int64 {
	total := new(big.Int).Mul(big.NewInt(a), big.NewInt(windowA))
	total.Add(total, new(big.Int).Mul(big.NewInt(b), big.NewInt(windowB)))
	total.Add(total, big.NewInt(sum-1))
	return total.Div(total, big.NewInt(sum)).Int64()
}

func divideUp(a, b int64) int64 { return (a + b - 1) / b }

// mulDiv is a*b/c, rounded down, without overflow on the way.
func mulDiv(a, b, c int64) int64 {
	product := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
	return product.Div(product, big.NewInt(c)).Int64()
}

// weight is all the stake for a resource, in TRX, of the accounts here and of the network.
func (x *execution) weight(r resource) int64 {
	staked := x.state.totals[r.weight()] / trx
	if r == energy {
		return max(1, staked+x.chain.parameters.NetworkStakedForEnergy)
	}
	return max(1, staked+x.chain.parameters.NetworkStakedForBandwidth)
}

// total is how much of a resource there is for everybody, a day.
func (x *execution) total(r resource) int64 {
	if r == energy {
		return x.chain.parameters.TotalEnergy
	}
	return x.chain.parameters.TotalBandwidth
}

// limit is how much of a resource a stake gives, a day.
func (x *execution) limit(stake int64, r resource) int64 {
	return mulDiv(stake, x.total(r), x.weight(r)*trx)
}

// left is how much of its resource an account may still use.
func (x *execution) left(a *account, r resource) int64 {
	return max(0, x.limit(a.stake(r), r)-a.used[r].left(x.slot(), x.sim.day()))
}

// use counts a resource as used.
func (x *execution) use(address Address, r resource, amount int64) {
	a := x.state.edit(address)
	a.used[r] = a.used[r].add(amount, x.slot(), x.sim.day())
}
