package payout

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
)

// pauseWait is how long a payout that is paused waits before it is looked at again.
const pauseWait = 2 * time.Second

// waits puts a payout off that the signers would refuse because people paused it, and
// reports whether it did. That is no failure: no try is counted and no alarm raised. What
// has its signatures goes on: it may land for as long as it is valid.
func (m *Manager) waits(ctx context.Context, p *Payout) (bool, error) {
	if p.lost() && !m.hopeless(p) {
		return true, m.standBy(ctx, p, "its transaction is known by its id only: the chain says what becomes of it")
	}
	if m.Paused == nil || !slices.Contains([]coffer.PayoutState{coffer.PayoutPlanned, coffer.PayoutBuilt, coffer.PayoutSigning}, p.State) {
		return false, nil
	}
	withdrawals, err := m.Withdrawals.ByIDs(ctx, p.Withdrawals)
	if err != nil {
		return false, err
	}
	orders := sweptOrders(p.Intent)
	for _, w := range withdrawals {
		orders = append(orders, w.Order)
	}
	for _, sweep := range p.Intent.Sweeps {
		orders = append(orders, coffer.Order{Asset: sweep.Asset}) // what a pause of an asset is about
	}
	reason := m.Paused(p.Intent.Chain, orders...)
	if reason == "" {
		return false, nil
	}
	return true, m.standBy(ctx, p, reason)
}

// standBy makes a payout wait without counting a try.
func (m *Manager) standBy(ctx context.Context, p *Payout, reason string) error {
	note := clip("waits: " + reason)
	if p.Note != note {
		m.Log.Info("payout waits", "payout", p.ID, "state", p.State, "reason", reason)
	}
	err := m.store(ctx, p, func(_ pgx.Tx, p *Payout) error {
		p.row.NextAt, p.row.Note = m.now().Add(pauseWait), note
		return nil
	})
	if errors.Is(err, errMoved) {
		err = nil // a block event was faster
	}
	return err
}

// unpaused leaves out withdrawals that people paused.
func (m *Manager) unpaused(id coffer.ChainID, approved []coffer.Withdrawal) []coffer.Withdrawal {
	if m.Paused == nil {
		return approved
	}
	return slices.DeleteFunc(slices.Clone(approved), func(w coffer.Withdrawal) bool { return m.Paused(id, w.Order) != "" })
}
