package payout

import (
	"errors"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
)

// Bounds.
const (
	maxOrders    = 100 // of a payout
	maxLanes     = 64
	maxSigners   = 32
	maxAttempts  = 100
	maxNote      = 500 // bytes of an error kept with a payout
	maxSignature = 4096
	maxKey       = 200 // bytes of a key's name
	maxSubsets   = 256 // of signers tried to make one transaction
)

// Limits are what an operator may tune for one chain. Zero values get the defaults.
type Limits struct {
	// Batching. A payout holds at most MaxOrders orders that need at most MaxGas by estimate:
	// BaseGas and, for each order, LegGas or what Chain.LegGas says of its asset.
	MaxOrders int    // 20
	MaxGas    uint64 // 8 million
	BaseGas   uint64 // 300,000
	LegGas    uint64 // 80,000
	Lanes     int    // lanes of a wallet, "0x0" first; 1

	IntentTTL   time.Duration // life of an intent, below the withdrawals' margin; 15 min
	CallTimeout time.Duration // of a call to a chain; 30 s
	SignTimeout time.Duration // of a call to a signer; 20 s
	Backoff     time.Duration // after the first failure, doubled with each; 1 s
	MaxBackoff  time.Duration // 1 min
	Rebroadcast time.Duration // between sending the same attempt again; 15 s
	Prepare     int           // failures before signing after which a payout is given up; 3
	Refusals    int           // times that every signer refuses until a person is asked; 3
	BumpAfter   uint64        // blocks without inclusion after which the fee rises; 5
	MaxAttempts int           // of a payout; 20

	// ConsolidateOver is how many coins a wallet may have before they are made fewer while
	// fees are low (UTXO); 0 for never.
	ConsolidateOver int

	Poll time.Duration // how often Run looks for work; 500 ms
}

func (l Limits) withDefaults() Limits {
	defaultTo(&l.MaxOrders, 20)
	defaultTo(&l.MaxGas, 8_000_000)
	defaultTo(&l.BaseGas, 300_000)
	defaultTo(&l.LegGas, 80_000)
	defaultTo(&l.Lanes, 1)
	defaultTo(&l.IntentTTL, 15*time.Minute)
	defaultTo(&l.CallTimeout, 30*time.Second)
	defaultTo(&l.SignTimeout, 20*time.Second)
	defaultTo(&l.Backoff, time.Second)
	defaultTo(&l.MaxBackoff, time.Minute)
	defaultTo(&l.Rebroadcast, 15*time.Second)
	defaultTo(&l.Prepare, 3)
	defaultTo(&l.Refusals, 3)
	defaultTo(&l.BumpAfter, 5)
	defaultTo(&l.MaxAttempts, 20)
	defaultTo(&l.Poll, 500*time.Millisecond)
	return l
}

func defaultTo[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check refuses limits that cannot work. margin is the withdrawals'.
func (l Limits) check(margin time.Duration) error {
	switch {
	case l.MaxOrders < 1 || l.MaxOrders > maxOrders:
		return fmt.Errorf("%d orders in a payout; want 1 to %d", l.MaxOrders, maxOrders)
	case l.Lanes < 1 || l.Lanes > maxLanes:
		return fmt.Errorf("%d lanes; want 1 to %d", l.Lanes, maxLanes)
	case l.MaxAttempts < 1 || l.MaxAttempts > maxAttempts:
		return fmt.Errorf("%d attempts; want 1 to %d", l.MaxAttempts, maxAttempts)
	case l.MaxGas < l.BaseGas || l.MaxGas-l.BaseGas < l.LegGas:
		return fmt.Errorf("%d gas in a payout, but one of a single order needs %d", l.MaxGas, l.BaseGas+l.LegGas)
	case l.IntentTTL >= margin:
		return fmt.Errorf("intents live %s, which must be less than the withdrawals' margin of %s", l.IntentTTL, margin)
	case l.ConsolidateOver < 0:
		return fmt.Errorf("consolidation over %d coins", l.ConsolidateOver)
	case l.Prepare < 1 || l.Refusals < 1:
		return errors.New("want at least one failure and one refusal before giving up")
	}
	return nil
}

// Risk bounds what one payout may hold, so that what goes wrong with one stays small. A
// larger order goes alone.
type Risk struct {
	MaxTotal       map[coffer.AssetID]coffer.Amount // of an asset
	MaxDestination map[coffer.AssetID]coffer.Amount // of an asset to one destination
	NewAlone       bool                             // a destination that nothing was ever settled to goes alone
}
