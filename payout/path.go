package payout

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// execLane is the one lane of Safe transactions, which a Safe runs in the order of its nonce.
const execLane = ""

// Costs says what payouts cost on a chain.
type Costs interface {
	// Price is what a unit of gas costs now, in native base units.
	Price(ctx context.Context) (coffer.Amount, error)
	// Gas is about what a payout of so many payments uses on a path.
	Gas(path string, payments int) uint64
}

// offer is a path that the next payout can take, and its slot there.
type offer struct {
	path string
	slot coffer.Slot
}

// choice is the path of a payout, and why it takes it.
type choice struct {
	offer
	reason string
}

// checkPaths refuses paths that cannot be, and several without a way to choose.
func (c Chain) checkPaths() error {
	if slices.Contains(c.Paths, coffer.PathPSBT) || c.coins != nil {
		if c.coins == nil || len(c.Paths) != 1 || c.Paths[0] != coffer.PathPSBT {
			return fmt.Errorf("paths %v: %s is the path of a wallet of coins, which has no other", c.Paths, coffer.PathPSBT)
		}
		return nil
	}
	if slices.Contains(c.Paths, coffer.PathTRON) {
		if len(c.Paths) != 1 {
			return fmt.Errorf("paths %v: an account that takes %s has no other", c.Paths, coffer.PathTRON)
		}
		return nil
	}
	for n, path := range c.Paths {
		if path != coffer.PathUserOp && path != coffer.PathExec || slices.Contains(c.Paths[:n], path) {
			return fmt.Errorf("paths %v: want %s, %s or both", c.Paths, coffer.PathUserOp, coffer.PathExec)
		}
	}
	if len(c.Paths) > 1 && c.Costs == nil {
		return fmt.Errorf("paths %v: with several, costs are needed", c.Paths)
	}
	return nil
}

// offers are the paths of a chain that have a free lane, with the slot that is next there.
func (m *Manager) offers(ctx context.Context, id coffer.ChainID, chain Chain) ([]offer, error) {
	var offers []offer
	for _, path := range chain.Paths {
		lane, free, err := m.freeLane(ctx, m.sql, id, chain, path)
		if err != nil {
			return nil, err
		}
		if !free {
			continue
		}
		slot, err := chain.Wallet.NextSlot(ctx, lane)
		if err != nil {
			return nil, fmt.Errorf("next slot in lane %q: %w", lane, err)
		}
		if slot.Lane != lane || (slot.Kind == coffer.SlotSafe) != (path == coffer.PathExec) || slot.Single() != (path == coffer.PathTRON) {
			return nil, fmt.Errorf("the wallet gave slot %s for lane %q of path %s", slot, lane, path)
		}
		offers = append(offers, offer{path, slot})
	}
	return offers, nil
}

// stillFree are the offers whose lane nobody took meanwhile. The caller holds the wallet's
// lock.
func (m *Manager) stillFree(ctx context.Context, q *payoutsql.Queries, id coffer.ChainID, chain Chain, offers []offer) ([]offer, error) {
	var left []offer
	for _, o := range offers {
		lane, free, err := m.freeLane(ctx, q, id, chain, o.path)
		if err != nil {
			return nil, err
		}
		if free && lane == o.slot.Lane {
			left = append(left, o)
		}
	}
	return left, nil
}

// choose takes the cheapest of the paths on offer; of equals the first that is configured.
// The reason says what each would cost where there is a choice, and what one lacks. price is
// of gas, and zero where one path is on offer.
func (c Chain) choose(offers []offer, funds *funds, payments int, price coffer.Amount) (choice, bool) {
	var chosen choice
	var least uint64
	var reasons []string
	if len(c.Paths) == 1 {
		return choice{offers[0], "the only path"}, funds.gas(offers[0].path, c.FeeBound)
	}
	for _, path := range c.Paths {
		at := slices.IndexFunc(offers, func(o offer) bool { return o.path == path })
		switch {
		case at < 0:
			reasons = append(reasons, path+" has no free lane")
			continue
		case !funds.gas(path, c.FeeBound):
			reasons = append(reasons, path+" lacks gas money")
			continue
		}
		gas := c.Costs.Gas(path, payments)
		if !price.IsZero() {
			reasons = append(reasons, fmt.Sprintf("%s of %d costs %s", path, payments, costOf(gas, price)))
		}
		if chosen.path == "" || gas < least {
			chosen.offer, least = offers[at], gas
		}
	}
	chosen.reason = strings.Join(reasons, ", ")
	return chosen, chosen.path != ""
}

// costOf is gas at a price, in words where it is beyond every amount.
func costOf(gas uint64, price coffer.Amount) string {
	cost, overflow := new(uint256.Int).MulOverflow(price.Int(), uint256.NewInt(gas))
	if overflow {
		return "more than there is"
	}
	return coffer.AmountFromInt(cost).String()
}

// gasAccounts are what pays the fees of a path: the wallet's deposit at the EntryPoint, the
// wallet itself, or any one of the executors.
func (c Chain) gasAccounts(path string) []string {
	switch path {
	case coffer.PathTRON:
		return []string{ledger.PrefixCustodyHot + string(c.Wallet.Address())}
	case coffer.PathUserOp:
		return []string{ledger.PrefixGasEntryPoint + string(c.Wallet.Address())}
	}
	var accounts []string
	for _, executor := range c.Executors {
		accounts = append(accounts, ledger.PrefixGasExecutor+string(executor))
	}
	return accounts
}
