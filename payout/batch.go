package payout

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// candidates is how many approved withdrawals planning looks at.
const candidates = 100

// batch chooses what goes into the next payout: the oldest withdrawal that the wallet can
// pay, and what may go with it. What the wallet cannot pay now waits, and what is smaller
// goes ahead of it; what people have paused waits too.
func (m *Manager) batch(ctx context.Context, tx pgx.Tx, id coffer.ChainID, chain Chain, funds *funds) ([]coffer.Withdrawal, error) {
	q := m.sql.WithTx(tx)
	deferred, err := m.deferred(ctx, q)
	if err != nil {
		return nil, err
	}
	approved, err := m.Withdrawals.Approved(ctx, tx, id, deferred.waiting, candidates)
	if err != nil {
		return nil, err
	}
	looked := approved
	approved = m.unpaused(id, approved)
	for _, w := range approved {
		if err := funds.load(ctx, w.Asset); err != nil {
			return nil, err
		}
	}
	known := map[coffer.Address]bool{}
	if chain.Risk.NewAlone {
		if known, err = m.Withdrawals.SettledTo(ctx, tx, id, destinations(approved)); err != nil {
			return nil, err
		}
	}

	batch := choose(approved, chain, funds, func(w coffer.Withdrawal) string {
		if chain.Paths[0] == coffer.PathTRON || w.Asset.IsNative() == (chain.coins == nil) || chain.Risk.NewAlone && !known[w.Destination] {
			return w.ID
		}
		return deferred.batch[w.ID]
	})
	if len(batch) == 0 && len(looked) == candidates {
		// All that we looked at waits for money or is paused. What stands behind it shall have its turn.
		err := q.Wait(ctx, payoutsql.WaitParams{Ids: idsOf(looked), Until: m.now().Add(chain.Limits.Rebroadcast)})
		if err != nil {
			return nil, fmt.Errorf("put off what cannot be paid now: %w", err)
		}
	}
	return batch, nil
}

func destinations(ws []coffer.Withdrawal) []coffer.Address {
	to := make([]coffer.Address, len(ws))
	for i, w := range ws {
		to[i] = w.Destination
	}
	return to
}

// choose takes the oldest withdrawal and what may go with it, within the limits and what
// the wallet has. with names what a withdrawal goes with: its own id when it goes alone
// (native money, because its receiver's code could make the whole batch fail, but where money
// is coins: there a token has its one receiver in a transaction; everything on TRON, where a
// transaction is one call; what failed beside others), the name of a part of a batch that failed, or "" for anything.
func choose(approved []coffer.Withdrawal, chain Chain, funds *funds, with func(coffer.Withdrawal) string) []coffer.Withdrawal {
	b := batching{chain: chain, totals: map[coffer.AssetID]coffer.Amount{}, to: map[destination]coffer.Amount{}, gas: chain.Limits.BaseGas}
	var batch []coffer.Withdrawal
	group := ""
	for _, w := range approved {
		switch {
		case len(batch) == chain.Limits.MaxOrders:
			return batch
		case len(batch) > 0 && (with(w) != group || group == batch[0].ID || !b.fits(w)):
			continue
		case !funds.take(w.Asset, w.Amount):
			continue
		}
		b.add(w)
		batch, group = append(batch, w), with(w)
	}
	return batch
}

// batching is what a batch holds so far.
type batching struct {
	chain  Chain
	totals map[coffer.AssetID]coffer.Amount
	to     map[destination]coffer.Amount
	gas    uint64
}

type destination struct {
	asset coffer.AssetID
	to    coffer.Address
}

// fits reports whether another withdrawal keeps the batch within the chain's bounds.
func (b *batching) fits(w coffer.Withdrawal) bool {
	within := func(sum coffer.Amount, bounds map[coffer.AssetID]coffer.Amount) bool {
		total, err := sum.Add(w.Amount)
		bound, bounded := bounds[w.Asset]
		return err == nil && (!bounded || total.Cmp(bound) <= 0)
	}
	return b.gas+b.chain.legGas(w.Asset) <= b.chain.Limits.MaxGas &&
		within(b.totals[w.Asset], b.chain.Risk.MaxTotal) &&
		within(b.to[destination{w.Asset, w.Destination}], b.chain.Risk.MaxDestination)
}

// add counts a withdrawal. The first may be above the bounds: it then goes alone, because
// nothing fits beside it.
func (b *batching) add(w coffer.Withdrawal) {
	key := destination{w.Asset, w.Destination}
	b.totals[w.Asset], _ = b.totals[w.Asset].Add(w.Amount) // fits has seen that it does not overflow
	b.to[key], _ = b.to[key].Add(w.Amount)
	b.gas += b.chain.legGas(w.Asset)
}

func (c Chain) legGas(asset coffer.AssetID) uint64 {
	if c.coins != nil {
		return 0 // Limits.MaxOrders is the bound
	}
	if gas, known := c.LegGas[asset]; known {
		return gas
	}
	return c.Limits.LegGas
}
