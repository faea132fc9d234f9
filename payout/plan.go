package payout

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// candidates is how many approved withdrawals planning looks at.
const candidates = 100

// Plan makes one payout of approved withdrawals of a chain if there are any and a lane of
// its wallet is free, and reports whether it did. Withdrawals, slot and payout are taken
// in one transaction; the lane is free again when the payout is in a block.
func (m *Manager) Plan(ctx context.Context, id coffer.ChainID) (bool, error) {
	chain, known := m.Chains[id]
	if !known {
		return false, fmt.Errorf("plan: chain %s is not configured", id)
	}
	deferred, err := m.deferred(ctx, m.sql)
	if err != nil {
		return false, err
	}
	if any, err := m.Withdrawals.AnyApproved(ctx, id, deferred.waiting); err != nil || !any {
		return false, err
	}
	lane, free, err := m.freeLane(ctx, m.sql, id, chain)
	if err != nil || !free {
		return false, err
	}

	call, cancel := context.WithTimeout(ctx, m.Limits.CallTimeout)
	defer cancel()
	slot, err := chain.Wallet.NextSlot(call, lane)
	if err != nil {
		return false, fmt.Errorf("plan on %s: next slot in lane %s: %w", id, lane, err)
	}
	if slot.Lane != lane {
		return false, fmt.Errorf("plan on %s: the wallet gave slot %s for lane %s", id, slot, lane)
	}

	m.checkpoint("payout.before_plan")
	planned := ""
	err = m.DB.Tx(ctx, func(tx pgx.Tx) error {
		planned, err = m.plan(ctx, tx, id, chain, slot)
		return err
	})
	if err != nil || planned == "" {
		return false, err
	}
	m.checkpoint("payout.planned")
	m.Log.Info("payout planned", "payout", planned, "chain", id, "slot", slot.String())
	return true, nil
}

// freeLane is the first lane with nothing on its way. A dead lane is replaced by one more.
func (m *Manager) freeLane(ctx context.Context, q *payoutsql.Queries, id coffer.ChainID, chain Chain) (string, bool, error) {
	busy, err := q.BusyLanes(ctx, payoutsql.BusyLanesParams{Chain: string(id), Wallet: string(chain.Wallet.Address())})
	if err != nil {
		return "", false, fmt.Errorf("read busy lanes: %w", err)
	}
	dead, err := q.DeadLanes(ctx, payoutsql.DeadLanesParams{Chain: string(id), Wallet: string(chain.Wallet.Address())})
	if err != nil {
		return "", false, fmt.Errorf("read dead lanes: %w", err)
	}
	for n := range min(m.Limits.Lanes+len(dead), maxLanes) {
		if !slices.Contains(busy, lane(n)) && !slices.Contains(dead, lane(n)) {
			return lane(n), true, nil
		}
	}
	return "", false, nil
}

// deferral says which withdrawals wait, and which go alone when they have waited.
type deferral struct {
	waiting []string
	alone   map[string]bool
}

func (m *Manager) deferred(ctx context.Context, q *payoutsql.Queries) (deferral, error) {
	rows, err := q.Deferred(ctx)
	if err != nil {
		return deferral{}, fmt.Errorf("read deferred withdrawals: %w", err)
	}
	d := deferral{alone: make(map[string]bool, len(rows))}
	for _, row := range rows {
		d.alone[row.WithdrawalID] = true
		if row.Until.After(m.now()) {
			d.waiting = append(d.waiting, row.WithdrawalID)
		}
	}
	return d, nil
}

// plan writes a payout and returns its id, or "" when somebody else was first.
func (m *Manager) plan(ctx context.Context, tx pgx.Tx, id coffer.ChainID, chain Chain, slot coffer.Slot) (string, error) {
	q := m.sql.WithTx(tx)
	wallet := string(chain.Wallet.Address())
	if err := q.LockLane(ctx, string(id)+"/"+wallet); err != nil {
		return "", fmt.Errorf("lock the lanes of %s: %w", wallet, err)
	}
	if lane, free, err := m.freeLane(ctx, q, id, chain); err != nil || !free || lane != slot.Lane {
		return "", err
	}
	deferred, err := m.deferred(ctx, q)
	if err != nil {
		return "", err
	}
	approved, err := m.Withdrawals.Approved(ctx, tx, id, deferred.waiting, candidates)
	if err != nil {
		return "", err
	}
	batch := choose(approved, m.Limits.MaxOrders, chain.MaxTotal, deferred.alone)
	if len(batch) == 0 {
		return "", nil
	}
	if slot, err = m.takeSlot(ctx, q, id, wallet, slot); err != nil {
		return "", err
	}
	payout, err := m.insert(ctx, tx, id, chain, slot, batch)
	if err != nil {
		return "", err
	}
	ids := make([]string, len(batch))
	for i, w := range batch {
		ids[i] = w.ID
	}
	return payout, m.Withdrawals.Paying(ctx, tx, payout, ids)
}

// choose takes the oldest withdrawal and what may go with it. Native money goes alone,
// because its receiver's code could make the whole batch fail, and so does what was in a
// payout that had to be given up.
func choose(approved []coffer.Withdrawal, most int, maxTotal map[coffer.AssetID]coffer.Amount, alone map[string]bool) []coffer.Withdrawal {
	single := func(w coffer.Withdrawal) bool { return w.Asset.IsNative() || alone[w.ID] }
	if len(approved) == 0 || single(approved[0]) {
		return approved[:min(1, len(approved))]
	}

	totals := map[coffer.AssetID]coffer.Amount{}
	var batch []coffer.Withdrawal
	for _, w := range approved {
		total, err := totals[w.Asset].Add(w.Amount)
		bound, bounded := maxTotal[w.Asset]
		switch {
		case len(batch) == most:
			return batch
		case single(w) || err != nil:
			continue
		case bounded && total.Cmp(bound) > 0 && len(batch) > 0:
			continue
		}
		totals[w.Asset] = total
		batch = append(batch, w)
	}
	return batch
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
func (m *Manager) insert(ctx context.Context, tx pgx.Tx, id coffer.ChainID, chain Chain, slot coffer.Slot, batch []coffer.Withdrawal) (string, error) {
	q := m.sql.WithTx(tx)
	now := m.now()
	generation, err := q.PayoutsOf(ctx, batch[0].ID)
	if err != nil {
		return "", fmt.Errorf("count payouts of %s: %w", batch[0].ID, err)
	}
	intent := coffer.Intent{
		ID:    coffer.DeriveID("po", batch[0].ID, strconv.FormatInt(generation, 10)),
		Chain: id, Wallet: chain.Wallet.Address(), Path: chain.Path, Slot: slot, Purpose: coffer.PurposeOrders,
		FeeBound: chain.FeeBound, Expires: now.Add(m.Limits.IntentTTL).Truncate(time.Second),
	}
	for _, w := range batch {
		intent.Orders = append(intent.Orders, w.OrderHash)
		intent.Payments = append(intent.Payments, w.Payment())
		if w.Expires.Before(intent.Expires) {
			intent.Expires = w.Expires
		}
	}
	if err := m.insertPayout(ctx, q, intent, now); err != nil {
		return "", err
	}
	for i, w := range batch {
		if err := q.InsertOrder(ctx, payoutsql.InsertOrderParams{PayoutID: intent.ID, Position: int32(i), WithdrawalID: w.ID, OrderHash: w.OrderHash}); err != nil {
			return "", fmt.Errorf("store an order of payout %s: %w", intent.ID, err)
		}
	}
	return intent.ID, nil
}

func (m *Manager) insertPayout(ctx context.Context, q *payoutsql.Queries, intent coffer.Intent, now time.Time) error {
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
		Intent: body, IntentHash: intent.Hash(), NextAt: now, CreatedAt: now, UpdatedAt: now,
	}); err != nil {
		return fmt.Errorf("store payout %s: %w", intent.ID, err)
	}
	if err := q.InsertSlot(ctx, payoutsql.InsertSlotParams{
		Chain: string(intent.Chain), Wallet: string(intent.Wallet), Kind: intent.Slot.Kind, Lane: intent.Slot.Lane, Sequence: sequence, PayoutID: intent.ID,
	}); err != nil {
		return fmt.Errorf("take slot %s for payout %s: %w", intent.Slot, intent.ID, err)
	}
	return nil
}
