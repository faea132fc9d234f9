package payout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// What a shortage is called that the chain knows of and the books do not: the wallet's own money
// there, and prices that are beyond the configured ones.
const (
	shortFunds  = "gas on the chain"
	shortPrices = "prices within what is configured"
)

// lacks says why no payout can be made now, where the wallet pays fees with its own money: books
// do not know that somebody staked it, nor what the chain's prices are.
func (c Chain) lacks(ctx context.Context) (map[string]shortage, error) {
	planner, plans := c.Wallet.(coffer.CostPlanner)
	if !plans {
		return nil, nil
	}
	has, err := planner.Funds(ctx)
	switch {
	case errors.Is(err, coffer.ErrFeeBudget):
		return map[string]shortage{shortPrices: {c.FeeBound, c.FeeBound}}, nil
	case err != nil:
		return nil, fmt.Errorf("what the wallet has: %w", err)
	case has.Cmp(c.FeeBound) < 0:
		return map[string]shortage{shortFunds: {c.FeeBound, has}}, nil
	}
	return nil, nil
}

// keepPlan stores what an attempt is to cost. It is never read for a decision.
func (m *Manager) keepPlan(ctx context.Context, tx pgx.Tx, p *Payout, planned *coffer.Cost) error {
	if planned == nil {
		return nil
	}
	text, err := json.Marshal(planned)
	if err != nil {
		return fmt.Errorf("encode a plan: %w", err)
	}
	number := p.newest().Number
	err = m.sql.WithTx(tx).PlanAttempt(ctx, payoutsql.PlanAttemptParams{PayoutID: p.ID, Number: int32(number), Planned: text}) //nolint:gosec // at most MaxAttempts
	if err != nil {
		return fmt.Errorf("store what attempt %d is to cost: %w", number, err)
	}
	m.Log.Info("payout planned what it costs", "payout", p.ID, "attempt", number, "burned", planned.Burned, "plan", string(text))
	return nil
}

// keepCost stores what an attempt cost in the block that holds it; nothing when it holds none.
func (b *blockTx) keepCost(ctx context.Context, payout string, number int32, cost coffer.Cost) error {
	var text []byte
	if cost != (coffer.Cost{}) {
		var err error
		if text, err = json.Marshal(cost); err != nil {
			return fmt.Errorf("encode a cost: %w", err)
		}
	}
	err := b.q.CostAttempt(ctx, payoutsql.CostAttemptParams{PayoutID: payout, Number: number, Cost: text})
	if err != nil {
		return fmt.Errorf("store what attempt %d cost: %w", number, err)
	}
	return nil
}

func readCost(text []byte) (*coffer.Cost, error) {
	if text == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	cost := new(coffer.Cost)
	if err := json.Unmarshal(text, cost); err != nil {
		return nil, fmt.Errorf("read a cost: %w", err)
	}
	return cost, nil
}

// ResourceFee is, beside energy and bandwidth, what payouts spend: native base units that were
// burned.
const ResourceFee = "fee"

// Spent is so much of a resource that transactions of final blocks took.
type Spent struct {
	Resource string // coffer.ResourceEnergy or coffer.ResourceBandwidth, units; ResourceFee, native base units
	Source   string // of units "stake", "contract" or "burned"; of fees coffer.ResourceEnergy, coffer.ResourceBandwidth or "other", for which it was
	Amount   coffer.Amount
}

// spentOf are the parts of a cost that are not zero.
func spentOf(c coffer.Cost) []Spent {
	var spent []Spent
	for _, s := range []Spent{
		{coffer.ResourceEnergy, "stake", coffer.NewAmount(c.Energy.Staked)},
		{coffer.ResourceEnergy, "contract", coffer.NewAmount(c.Energy.Contract)},
		{coffer.ResourceEnergy, "burned", coffer.NewAmount(c.Energy.Burned)},
		{coffer.ResourceBandwidth, "stake", coffer.NewAmount(c.Bandwidth.Staked)},
		{ResourceFee, coffer.ResourceEnergy, c.Energy.Fee},
		{ResourceFee, coffer.ResourceBandwidth, c.Bandwidth.Fee},
		{ResourceFee, "other", c.Other},
	} {
		if !s.Amount.IsZero() {
			spent = append(spent, s)
		}
	}
	return spent
}

// addSpent counts what a payout took that ends in a final block.
func (b *blockTx) addSpent(ctx context.Context, p *Payout) error {
	cost := p.Attempts[p.Inclusion.Attempt].Cost
	if cost == nil {
		return nil
	}
	for _, s := range spentOf(*cost) {
		err := b.q.AddSpent(ctx, payoutsql.AddSpentParams{Chain: string(b.event.Chain), Resource: s.Resource, Source: s.Source, Amount: s.Amount})
		if err != nil {
			return fmt.Errorf("count what payout %s cost: %w", p.ID, err)
		}
	}
	b.m.Log.Info("payout cost", "payout", p.ID, "attempt", p.Inclusion.Attempt, "burned", cost.Burned,
		"energy", cost.Energy, "bandwidth", cost.Bandwidth, "penalty", cost.Penalty)
	return nil
}

// Spent is what payouts of a chain took that ended in final blocks, all since the books began.
func (m *Manager) Spent(ctx context.Context, chain coffer.ChainID) ([]Spent, error) {
	rows, err := m.sql.Spent(ctx, string(chain))
	if err != nil {
		return nil, fmt.Errorf("read what payouts of %s cost: %w", chain, err)
	}
	spent := make([]Spent, len(rows))
	for i, r := range rows {
		spent[i] = Spent{r.Resource, r.Source, r.Amount}
	}
	return spent, nil
}
