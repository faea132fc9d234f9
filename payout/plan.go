package payout

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// Plan makes one payout of approved withdrawals of a chain if there are any, a lane of its
// wallet is free and the wallet has what they need, and reports whether it did.
// Withdrawals, slot and payout are taken in one transaction; the lane is free again when
// the payout is in a block.
func (m *Manager) Plan(ctx context.Context, id coffer.ChainID) (bool, error) {
	chain, known := m.Chains[id]
	if !known {
		return false, fmt.Errorf("plan: chain %s is not configured", id)
	}
	if m.Broken(id) != nil {
		return false, nil
	}
	deferred, err := m.deferred(ctx, m.sql)
	if err != nil {
		return false, err
	}
	if any, err := m.Withdrawals.AnyApproved(ctx, id, deferred.waiting); err != nil || !any {
		return false, err
	}
	if chain.coins != nil {
		return m.planCoins(ctx, id, chain)
	}
	call, cancel := context.WithTimeout(ctx, chain.Limits.CallTimeout)
	defer cancel()
	offers, err := m.offers(call, id, chain)
	if err != nil || len(offers) == 0 {
		return false, wrap("plan on "+string(id), err)
	}
	if chain, err = chain.withStake(call); err != nil {
		return false, wrap("plan on "+string(id), err)
	}
	if lacks, err := chain.lacks(call); err != nil || len(lacks) > 0 {
		return m.noted(id, planned{short: lacks}), wrap("plan on "+string(id), err)
	}
	var price coffer.Amount
	if len(offers) > 1 {
		if price, err = chain.Costs.Price(call); err != nil {
			return false, fmt.Errorf("plan on %s: what gas costs: %w", id, err)
		}
	}

	m.checkpoint("payout.before_plan")
	var done planned
	err = m.DB.Tx(ctx, func(tx pgx.Tx) error {
		done, err = m.plan(ctx, tx, id, chain, offers, price)
		return err
	})
	if err != nil {
		return false, err
	}
	return m.noted(id, done), nil
}

// noted says what planning came to, and whether that is a payout.
func (m *Manager) noted(id coffer.ChainID, done planned) bool {
	m.report(id, done)
	if done.payout == "" {
		return false
	}
	m.checkpoint("payout.planned")
	m.Log.Info("payout planned", "payout", done.payout, "chain", id, "path", done.path, "slot", done.slot.String(), "why", done.reason)
	return true
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// freeLane is the first lane of a path with nothing on its way. A dead lane, and one held by
// what every signer refuses, is replaced by one more; Safe transactions have only one.
func (m *Manager) freeLane(ctx context.Context, q *payoutsql.Queries, id coffer.ChainID, chain Chain, path string) (string, bool, error) {
	busy, err := q.BusyLanes(ctx, payoutsql.BusyLanesParams{Chain: string(id), Wallet: string(chain.Wallet.Address())})
	if err != nil {
		return "", false, fmt.Errorf("read busy lanes: %w", err)
	}
	dead, err := q.DeadLanes(ctx, payoutsql.DeadLanesParams{Chain: string(id), Wallet: string(chain.Wallet.Address())})
	if err != nil {
		return "", false, fmt.Errorf("read dead lanes: %w", err)
	}
	if path == coffer.PathExec {
		return execLane, !slices.Contains(busy, execLane), nil
	}
	refused, err := q.RefusedLanes(ctx, payoutsql.RefusedLanesParams{
		Chain: string(id), Wallet: string(chain.Wallet.Address()), Refusals: int32(chain.Limits.Refusals), //nolint:gosec // a small bound
	})
	if err != nil {
		return "", false, fmt.Errorf("read refused lanes: %w", err)
	}
	if path == coffer.PathTRON {
		dead = nil // nothing waits behind a transaction that expired
	}
	for n := range min(chain.Limits.Lanes+len(dead)+int(refused), maxLanes) {
		if !slices.Contains(busy, lane(n)) && !slices.Contains(dead, lane(n)) {
			return lane(n), true, nil
		}
	}
	return "", false, nil
}

// deferral says which withdrawals wait, and what those that waited go with.
type deferral struct {
	waiting []string
	batch   map[string]string // by withdrawal
}

func (m *Manager) deferred(ctx context.Context, q *payoutsql.Queries) (deferral, error) {
	rows, err := q.Deferred(ctx)
	if err != nil {
		return deferral{}, fmt.Errorf("read deferred withdrawals: %w", err)
	}
	d := deferral{batch: make(map[string]string, len(rows))}
	for _, row := range rows {
		d.batch[row.WithdrawalID] = row.Batch
		if row.Until.After(m.now()) {
			d.waiting = append(d.waiting, row.WithdrawalID)
		}
	}
	return d, nil
}

// planned is what planning came to: a payout, or none because somebody else was first or
// the wallet lacks something.
type planned struct {
	payout string
	choice
	short map[string]shortage // by what is lacking
}

// plan writes a payout.
func (m *Manager) plan(ctx context.Context, tx pgx.Tx, id coffer.ChainID, chain Chain, offers []offer, price coffer.Amount) (planned, error) {
	q := m.sql.WithTx(tx)
	wallet := string(chain.Wallet.Address())
	if err := q.LockLane(ctx, string(id)+"/"+wallet); err != nil {
		return planned{}, fmt.Errorf("lock the lanes of %s: %w", wallet, err)
	}
	offers, err := m.stillFree(ctx, q, id, chain, offers)
	if err != nil || len(offers) == 0 {
		return planned{}, err
	}
	funds, err := m.reserve(ctx, tx, id, chain)
	if err != nil {
		return planned{}, err
	}
	if !slices.ContainsFunc(offers, func(o offer) bool { return funds.gas(o.path, chain.FeeBound) }) {
		return planned{short: funds.short}, nil
	}
	batch, err := m.batch(ctx, tx, id, chain, funds)
	if err != nil || len(batch) == 0 {
		return planned{short: funds.short}, err
	}
	chosen, any := chain.choose(offers, funds, len(batch), price)
	if !any {
		return planned{short: funds.short}, nil
	}
	if chosen.slot, err = m.takeSlot(ctx, q, id, wallet, chosen.slot); err != nil {
		return planned{}, err
	}
	payout, err := m.insert(ctx, tx, id, chain, chosen, batch)
	if err != nil {
		return planned{}, err
	}
	return planned{payout, chosen, funds.short}, m.Withdrawals.Paying(ctx, tx, payout, idsOf(batch))
}

func idsOf(ws []coffer.Withdrawal) []string {
	ids := make([]string, len(ws))
	for i, w := range ws {
		ids[i] = w.ID
	}
	return ids
}

// takeSlot is the first place in the lane that neither the chain nor a payout of ours has
// used. A gap below ours can only be the place of an attempt that expired.
func (m *Manager) takeSlot(ctx context.Context, q *payoutsql.Queries, id coffer.ChainID, wallet string, next coffer.Slot) (coffer.Slot, error) {
	from, err := signed63(next.Sequence)
	if err != nil {
		return coffer.Slot{}, fmt.Errorf("slot %s: %w", next, err)
	}
	const page = 1000
	used, err := q.UsedSequences(ctx, payoutsql.UsedSequencesParams{
		Chain: string(id), Wallet: wallet, Kind: next.Kind, Lane: next.Lane, Sequence: from, First: page,
	})
	if err != nil {
		return coffer.Slot{}, fmt.Errorf("read used slots: %w", err)
	}
	for _, sequence := range used {
		if sequence != from {
			break
		}
		from++
	}
	if len(used) == page && from == used[page-1]+1 {
		return coffer.Slot{}, fmt.Errorf("the chain says that %s is next, but %d slots from there on are used: is the node that far behind?", next, page)
	}
	next.Sequence = uint64(from) //nolint:gosec // counted up from a sequence
	return next, nil
}

// insert writes a payout with its slot and orders.
func (m *Manager) insert(ctx context.Context, tx pgx.Tx, id coffer.ChainID, chain Chain, chosen choice, batch []coffer.Withdrawal) (string, error) {
	q := m.sql.WithTx(tx)
	intent, err := m.draft(ctx, q, id, chain, chosen, batch)
	if err != nil {
		return "", err
	}
	return intent.ID, m.insertBatch(ctx, q, intent, chosen.reason, batch)
}

// draft is the intent of a payout of withdrawals.
func (m *Manager) draft(ctx context.Context, q *payoutsql.Queries, id coffer.ChainID, chain Chain, chosen choice, batch []coffer.Withdrawal) (coffer.Intent, error) {
	now := m.now()
	generation, err := q.PayoutsOf(ctx, batch[0].ID)
	if err != nil {
		return coffer.Intent{}, fmt.Errorf("count payouts of %s: %w", batch[0].ID, err)
	}
	name, err := m.unusedID(ctx, q, generation, batch[0].ID)
	if err != nil {
		return coffer.Intent{}, err
	}
	intent := coffer.Intent{
		ID:    name,
		Chain: id, Wallet: chain.Wallet.Address(), Path: chosen.path, Slot: chosen.slot, Purpose: coffer.PurposeOrders,
		FeeBound: chain.FeeBound, Expires: now.Add(chain.Limits.IntentTTL).Truncate(time.Second),
	}
	for _, w := range batch {
		intent.Orders = append(intent.Orders, w.OrderHash)
		intent.Payments = append(intent.Payments, w.Payment())
		if w.Expires.Before(intent.Expires) {
			intent.Expires = w.Expires
		}
	}
	return intent, nil
}

// insertBatch writes a payout of withdrawals.
func (m *Manager) insertBatch(ctx context.Context, q *payoutsql.Queries, intent coffer.Intent, why string, batch []coffer.Withdrawal) error {
	if err := m.insertPayout(ctx, q, intent, why, m.now()); err != nil {
		return err
	}
	for i, w := range batch {
		if err := q.InsertOrder(ctx, payoutsql.InsertOrderParams{PayoutID: intent.ID, Position: int32(i), WithdrawalID: w.ID, OrderHash: w.OrderHash}); err != nil {
			return fmt.Errorf("store an order of payout %s: %w", intent.ID, err)
		}
	}
	return nil
}

func (m *Manager) insertPayout(ctx context.Context, q *payoutsql.Queries, intent coffer.Intent, why string, now time.Time) error {
	body, err := json.Marshal(intent)
	if err != nil {
		return fmt.Errorf("encode an intent: %w", err)
	}
	sequence, err := signed63(intent.Slot.Sequence)
	if err != nil {
		return err
	}
	if err := q.Insert(ctx, payoutsql.InsertParams{
		ID: intent.ID, Chain: string(intent.Chain), Wallet: string(intent.Wallet), Path: intent.Path, Purpose: intent.Purpose,
		SlotKind: intent.Slot.Kind, SlotLane: intent.Slot.Lane, SlotSequence: sequence,
		Intent: body, IntentHash: intent.Hash(), PathReason: why, NextAt: now, CreatedAt: now, UpdatedAt: now,
	}); err != nil {
		return fmt.Errorf("store payout %s: %w", intent.ID, err)
	}
	if err := q.InsertSlot(ctx, payoutsql.InsertSlotParams{
		Chain: string(intent.Chain), Wallet: string(intent.Wallet), Kind: intent.Slot.Kind, Lane: intent.Slot.Lane, Sequence: sequence, PayoutID: intent.ID,
	}); err != nil {
		return fmt.Errorf("take slot %s for payout %s: %w", intent.Slot, intent.ID, err)
	}
	if len(intent.Coins) > 0 {
		if err := q.InsertCoins(ctx, payoutsql.InsertCoinsParams{PayoutID: intent.ID, Chain: string(intent.Chain), Coins: namesOf(intent.Coins)}); err != nil {
			return fmt.Errorf("set coins aside for payout %s: %w", intent.ID, err)
		}
	}
	return nil
}
