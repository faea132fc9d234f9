package utxo

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/cofferhq/coffer"
)

// FeeRate is in satoshis per 1000 vbytes.
type FeeRate uint64

// Fee returns what a size costs, rounded up.
func (r FeeRate) Fee(vbytes uint64) uint64 { return mulDivUp(uint64(r), vbytes, 1000) }

// String writes satoshis per vbyte.
func (r FeeRate) String() string {
	return fmt.Sprintf("%s sat/vB", coffer.NewAmount(uint64(r)).Units(3))
}

// Fees bounds what the node's estimates can do.
type Fees struct {
	Blocks   uint32  // an estimate is for being in one of so many blocks
	Floor    FeeRate // the least; also what the pool wants at least
	Cap      FeeRate // the most that an estimate can ask for
	Fallback FeeRate // where there is no estimate, or an absurd one
	LongTerm FeeRate // what spending a coin costs some other time; below it coins are made one
}

// DefaultFees are for a chain with a fee market.
func DefaultFees() Fees {
	return Fees{Blocks: 6, Floor: 1_000, Cap: 300_000, Fallback: 20_000, LongTerm: 10_000}
}

// Limits of Fees.
const (
	maxFeeBlocks = 1008 // of estimatesmartfee
	maxFeeRate   = FeeRate(10_000_000)
	absurd       = 10 // times the cap
)

// Check reports the first thing wrong with the configuration.
func (f Fees) Check() error {
	switch {
	case f.Blocks < 1 || f.Blocks > maxFeeBlocks:
		return fmt.Errorf("fees: blocks %d; want 1 to %d", f.Blocks, maxFeeBlocks)
	case f.Floor < 1 || f.Cap < f.Floor || f.Cap > maxFeeRate:
		return fmt.Errorf("fees: floor %d and cap %d sat/kvB; want 1 to %d, the floor first", f.Floor, f.Cap, maxFeeRate)
	case f.Fallback < f.Floor || f.Fallback > f.Cap:
		return fmt.Errorf("fees: fallback %d sat/kvB; want one between floor and cap", f.Fallback)
	case f.LongTerm < 1 || f.LongTerm > f.Cap:
		return fmt.Errorf("fees: long-term rate %d sat/kvB; want 1 to the cap", f.LongTerm)
	}
	return nil
}

// Rate returns what to pay after a node's estimate, and why it is another rate than that. No
// estimate, and one above ten times the cap, which nobody believes, are the fallback.
func (f Fees) Rate(estimate FeeRate, err error) (rate FeeRate, why string) {
	switch {
	case err != nil:
		return f.Fallback, "the node has no estimate: " + err.Error()
	case estimate == 0:
		return f.Fallback, "the node has no estimate"
	case estimate > absurd*f.Cap:
		return f.Fallback, fmt.Sprintf("the node's estimate of %s is absurd", estimate)
	case estimate > f.Cap:
		return f.Cap, fmt.Sprintf("the node's estimate of %s is above the cap", estimate)
	case estimate < f.Floor:
		return f.Floor, ""
	}
	return estimate, ""
}

// incremental is what a replacement adds for each vbyte of its own (BIP-125, rule 4).
const incremental FeeRate = 1_000

// paidBefore is what an earlier attempt pays.
type paidBefore struct{ fee, size uint64 }

// offer is what an attempt wants to pay, as a function of its size.
type offer struct {
	floor, rate FeeRate
	line        uint64 // of the way to the bound by now
	bound       uint64
	earlier     []paidBefore
	full        bool // less than the rate will not do
}

// least is the smallest fee that the pool takes for a transaction of a size: the floor, and
// after earlier ones the fee of each and its own relay (BIP-125), and a higher rate than each.
func (o offer) least(size uint64) uint64 {
	fee := o.floor.Fee(size)
	for _, before := range o.earlier {
		higher := mulDivDown(before.fee, size, before.size) + 1
		fee = max(fee, before.fee+incremental.Fee(size), higher)
	}
	return fee
}

// want is the fee to offer for a size; ok is false where not even the least is in the bound,
// or, of a full offer, where the rate is not.
func (o offer) want(size uint64) (fee uint64, ok bool) {
	least, fair := o.least(size), o.rate.Fee(size)
	return min(max(fair, o.line, least), o.bound), least <= o.bound && (!o.full || fair <= o.bound)
}

// cheapest is the offer of no more than the least.
func (o offer) cheapest() offer {
	o.rate, o.line = 0, 0
	return o
}

// lineTo returns where the fee has to be after part of the time: on the straight line from the
// first fee to the bound, which it reaches at the end.
func lineTo(first, bound uint64, elapsed, total time.Duration) uint64 {
	switch {
	case bound <= first || elapsed <= 0:
		return first
	case total <= 0 || elapsed >= total:
		return bound
	}
	return first + mulDivDown(bound-first, uint64(elapsed), uint64(total)) // #nosec G115 -- positive
}

// mulDivDown is a*b/c rounded down. The result must fit: amounts are below 2^51, and sizes
// below 2^20.
func mulDivDown(a, b, c uint64) uint64 {
	high, low := bits.Mul64(a, b)
	quotient, _ := bits.Div64(high, low, c)
	return quotient
}

// mulDivUp is mulDivDown rounded up.
func mulDivUp(a, b, c uint64) uint64 {
	high, low := bits.Mul64(a, b)
	quotient, rest := bits.Div64(high, low, c)
	if rest > 0 {
		quotient++
	}
	return quotient
}
