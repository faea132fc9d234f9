package tron

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Prices of the chain that a PriceWatch tells, by name.
const (
	PriceEnergy     = "energy"      // sun for a unit
	PriceBandwidth  = "bandwidth"   // sun for a byte
	PriceSignatures = "signatures"  // sun for more than one
	PriceNewAccount = "new account" // sun
	PriceFactor     = "factor of "  // and a contract: the energy it takes in place of 10,000
)

// PriceChange is a price that is another one than when it was read before.
type PriceChange struct {
	Name     string
	Was, Now uint64
}

// PriceWatch watches what a chain charges an account, and contracts that it calls. Prices and
// factors change without a transaction, when a maintenance period ends. It is safe for
// concurrent use.
type PriceWatch struct {
	client    *Client
	most      Prices
	contracts []Address

	mutex sync.Mutex
	seen  map[string]uint64
	above error
}

// NewPriceWatch watches for an account that calls contracts.
func NewPriceWatch(client *Client, account Account, contracts []Address) *PriceWatch {
	return &PriceWatch{client: client, most: account.Prices, contracts: slices.Clone(contracts), seen: map[string]uint64{}}
}

// Look reads all prices, as one node says them. It returns those that changed since the last
// look, none at the first one, and whether the account's bounds were crossed since then, up or
// down.
func (w *PriceWatch) Look(ctx context.Context) (changed []PriceChange, crossed bool, err error) {
	p, err := w.client.Parameters(ctx)
	if err != nil {
		return nil, false, err
	}
	read := map[string]uint64{
		PriceEnergy: p.EnergyPrice, PriceBandwidth: p.BandwidthPrice, PriceSignatures: p.MultiSign, PriceNewAccount: p.NewAccount + p.CreateAccount,
	}
	for _, contract := range w.contracts {
		if read[PriceFactor+contract.String()], err = w.client.EnergyFactor(ctx, contract); err != nil {
			return nil, false, fmt.Errorf("energy factor: %w", err)
		}
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, name := range slices.Sorted(maps.Keys(read)) {
		if was, known := w.seen[name]; known && was != read[name] {
			changed = append(changed, PriceChange{name, was, read[name]})
		}
	}
	above := w.most.check(p)
	crossed = (above == nil) != (w.above == nil)
	w.seen, w.above = read, above
	return changed, crossed, nil
}

// Seen are the prices of the last look; none before it.
func (w *PriceWatch) Seen() map[string]uint64 {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return maps.Clone(w.seen)
}

// Above is why the account pays nobody: ErrPrices, as of the last look; nil where it may.
func (w *PriceWatch) Above() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.above
}
