package payout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// One payment that cannot be made must not hold up the others. It is found in three ways,
// and each ends with the payment alone and the others paid:
//
//	before a signature   the wallet simulates each payment alone, and names those that fail
//	                     for their own sake: they are left out
//	                     it cannot say: two payouts of half the size, after a while
//	after a final revert two payouts of half the size, in other slots
//
// What fails alone is quarantined: its withdrawal ends and the money returns.

// LegSimulator is a wallet that can try each payment of an intent alone.
type LegSimulator interface {
	// SimulateLegs returns, for each payment of the intent, why it would fail now for its
	// own sake (its destination, not the wallet or the asset), or nil. The error says that
	// this could not be found out.
	SimulateLegs(ctx context.Context, i coffer.Intent) ([]error, error)
}

// badLegs are the payments that would fail for their own sake, by place, where the wallet
// can tell.
func (m *Manager) badLegs(ctx context.Context, chain Chain, p *Payout) map[int]error {
	simulator, able := chain.Wallet.(LegSimulator)
	if !able || len(p.Withdrawals) == 0 {
		return nil
	}
	call, cancel := context.WithTimeout(ctx, chain.Limits.CallTimeout)
	defer cancel()
	legs, err := simulator.SimulateLegs(call, p.Intent)
	if err != nil || len(legs) != len(p.Withdrawals) {
		m.Log.Warn("payments could not be tried one by one", "payout", p.ID, "legs", len(legs), "error", err)
		return nil
	}
	bad := map[int]error{}
	for n, err := range legs {
		if err != nil {
			bad[n] = err
		}
	}
	return bad
}

// leaveOut ends a payout that nobody was asked to sign, because some of its payments would
// fail. The others return and go on at once. One that would fail waits, alone; when it
// would still fail then, it is quarantined.
//
// In a slot that signers know (bound) every attempt is dead by now, finally, or there would
// be no other payout in it: its orders may go elsewhere, but no others may come. The payout
// keeps the slot, and the lane is left.
func (m *Manager) leaveOut(ctx context.Context, p *Payout, bad map[int]error, bound bool) error {
	err := m.store(ctx, p, func(tx pgx.Tx, p *Payout) error {
		q := m.sql.WithTx(tx)
		if err := p.move(coffer.PayoutCancelled); err != nil {
			return err
		}
		p.row.Reason = clip(fmt.Sprintf("%d of %d payments would fail", len(bad), len(p.Withdrawals)))
		free := m.freeSlot
		if bound {
			free = m.keepSlot
		}
		if err := free(ctx, q, p); err != nil {
			return err
		}
		waited, err := m.waitedAlone(ctx, q, p.Withdrawals)
		if err != nil {
			return err
		}
		var good []string
		for n, id := range p.Withdrawals {
			cause, fails := bad[n]
			switch {
			case !fails:
				good = append(good, id)
				continue
			case waited[id]:
				err = m.quarantine(ctx, tx, p, id, "its payment would fail: "+cause.Error())
			default:
				m.Log.Warn("a payment would fail and is tried again alone", "payout", p.ID, "withdrawal", id, "error", cause)
				err = errors.Join(m.Withdrawals.Returned(ctx, tx, []string{id}, clip("its payment would fail: "+cause.Error())),
					m.putOff(ctx, q, []string{id}, id, m.limits(p).MaxBackoff))
			}
			if err != nil {
				return err
			}
		}
		return m.Withdrawals.Returned(ctx, tx, good, "another payment of its batch would fail")
	})
	if err == nil {
		m.checkpoint("payout.left_out")
	}
	return err
}

// keepSlot takes the orders out of a payout, which keeps its slot for ever.
func (m *Manager) keepSlot(ctx context.Context, q *payoutsql.Queries, p *Payout) error {
	m.Log.Error("a lane is dead: what its next slot was signed for would fail", "payout", p.ID, "slot", p.Intent.Slot.String())
	if err := q.EndOrders(ctx, p.ID); err != nil {
		return fmt.Errorf("end the orders of %s: %w", p.ID, err)
	}
	return nil
}

// leaveSlot gives the withdrawals of a payout back that would fail in a slot which signers
// know, to go in two payouts of half the size, in other slots.
func (m *Manager) leaveSlot(ctx context.Context, tx pgx.Tx, p *Payout, reason string) error {
	q := m.sql.WithTx(tx)
	if err := m.keepSlot(ctx, q, p); err != nil {
		return err
	}
	if err := m.Withdrawals.Returned(ctx, tx, p.Withdrawals, clip("the payout was given up: "+reason)); err != nil {
		return err
	}
	return m.putOffHalves(ctx, q, p, m.limits(p).MaxBackoff)
}

// waitedAlone says which withdrawals were put off before, to go alone.
func (m *Manager) waitedAlone(ctx context.Context, q *payoutsql.Queries, ids []string) (map[string]bool, error) {
	rows, err := q.DeferredAmong(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read deferred withdrawals: %w", err)
	}
	waited := map[string]bool{}
	for _, row := range rows {
		waited[row.WithdrawalID] = row.Batch == row.WithdrawalID && row.Tries > 0
	}
	return waited, nil
}

// quarantine ends a withdrawal whose payment fails alone, and gives its money back.
func (m *Manager) quarantine(ctx context.Context, tx pgx.Tx, p *Payout, id, reason string) error {
	m.Log.Error("withdrawal quarantined", "payout", p.ID, "withdrawal", id, "reason", reason)
	if err := m.sql.WithTx(tx).TakeUp(ctx, []string{id}); err != nil {
		return fmt.Errorf("forget the deferral of %s: %w", id, err)
	}
	return m.Withdrawals.Failed(ctx, tx, id, clip(reason))
}

// tryWithMore tries a payment again that failed for want of energy: what a call takes changes
// with the parameters of the chain. One that fails so again and again goes to a person; payouts
// that expired burned nothing, and are not counted.
func (m *Manager) tryWithMore(ctx context.Context, tx pgx.Tx, p *Payout) error {
	q := m.sql.WithTx(tx)
	before, err := q.RevertedOf(ctx, p.Withdrawals[0])
	if err != nil {
		return fmt.Errorf("count payouts of %s: %w", p.Withdrawals[0], err)
	}
	tried := before + 1 // this one ends now
	if err := q.EndOrders(ctx, p.ID); err != nil {
		return fmt.Errorf("end the orders of %s: %w", p.ID, err)
	}
	if tried >= maxEnergyTries {
		m.Log.Error("withdrawal runs out of energy, now in review", "payout", p.ID, "withdrawals", p.Withdrawals, "payouts", tried)
		return m.Withdrawals.Doubted(ctx, tx, p.Withdrawals, clip(p.row.Reason))
	}
	if err := m.Withdrawals.Returned(ctx, tx, p.Withdrawals, clip(p.row.Reason)); err != nil {
		return err
	}
	if err := m.putOff(ctx, q, p.Withdrawals, p.Withdrawals[0], m.limits(p).Backoff); err != nil {
		return err
	}
	m.checkpoint("payout.again")
	return nil
}

// maxEnergyTries bounds the payouts of a withdrawal that run out of energy.
const maxEnergyTries = 3

// split gives the withdrawals of a payout that has ended back, to go in two payouts of half
// the size. The slot is dead: what was signed for it can never land.
func (m *Manager) split(ctx context.Context, tx pgx.Tx, p *Payout, reason string) error {
	q := m.sql.WithTx(tx)
	if err := q.EndOrders(ctx, p.ID); err != nil {
		return fmt.Errorf("end the orders of %s: %w", p.ID, err)
	}
	if err := m.Withdrawals.Returned(ctx, tx, p.Withdrawals, clip(reason)); err != nil {
		return err
	}
	return m.putOffHalves(ctx, q, p, 0)
}

// putOffHalves makes a payout's withdrawals wait and go in two payouts of half the size
// then, so that one that cannot be paid is alone in the end and the others are not held up.
func (m *Manager) putOffHalves(ctx context.Context, q *payoutsql.Queries, p *Payout, wait time.Duration) error {
	half := (len(p.Withdrawals) + 1) / 2
	for n, ids := range [][]string{p.Withdrawals[:half], p.Withdrawals[half:]} {
		name := coffer.DeriveID("half", p.ID, strconv.Itoa(n))
		if len(ids) == 1 {
			name = ids[0]
		}
		if err := m.putOff(ctx, q, ids, name, wait); err != nil {
			return err
		}
	}
	return nil
}

// putOff makes withdrawals wait and says what they go with then.
func (m *Manager) putOff(ctx context.Context, q *payoutsql.Queries, ids []string, batch string, wait time.Duration) error {
	err := q.PutOff(ctx, payoutsql.PutOffParams{Ids: slices.Clone(ids), Batch: batch, At: m.now(), Seconds: wait.Seconds()})
	if err != nil {
		return fmt.Errorf("put withdrawals off: %w", err)
	}
	return nil
}
