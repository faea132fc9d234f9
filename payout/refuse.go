package payout

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// A payout that every signer refuses has nothing that could land, but a signer's word is
// not a proof: it ends when the validity of what was asked for has ended, at finality. A
// person is told at once, and another lane takes the place of its own meanwhile. Then its
// withdrawals go on in halves, and one that is refused alone waits in review.

// refusal reports whether a signer said no, rather than nothing or nonsense.
func refusal(err error) bool {
	switch coffer.ErrorCode(err) { //nolint:exhaustive // the others say nothing about the request
	case coffer.CodeInvalid, coffer.CodePolicy, coffer.CodeConflict, coffer.CodeLimit, coffer.CodeForbidden:
		return true
	}
	return false
}

// mayAnswer notes, before anybody is asked, that a signer may have signed: after a crash we
// would not know.
func (m *Manager) mayAnswer(ctx context.Context, p *Payout) error {
	return m.store(ctx, p, func(_ pgx.Tx, p *Payout) error {
		p.row.Answered = true
		return nil
	})
}

// unsigned notes a round in which signatures were missing. refused: every signer of the
// chain was asked, and refused. first: so it was in every round before.
func (m *Manager) unsigned(ctx context.Context, p *Payout, r coffer.SigningRequest, first, refused bool, cause error) error {
	if !refused && p.row.Refusals == 0 {
		return cause
	}
	paused := m.Paused != nil && m.Paused(p.Intent.Chain, r.Orders...) != "" // they say yes when people resume
	err := m.store(ctx, p, func(_ pgx.Tx, p *Payout) error {
		if !refused {
			p.row.Refusals = 0
			return nil
		}
		p.row.Answered = p.row.Answered && !first
		if paused {
			return nil
		}
		p.row.Refusals++
		if int(p.row.Refusals) >= m.limits(p).Refusals {
			m.park(p, "every signer refuses: "+cause.Error())
		}
		return nil
	})
	if errors.Is(err, errMoved) {
		return err
	}
	return errors.Join(cause, err)
}

// park asks for a person. The payout goes on meanwhile as far as it can.
func (m *Manager) park(p *Payout, text string) {
	if p.row.Parked == "" {
		m.Log.Error("payout parked: it needs a person", "payout", p.ID, "state", p.State, "reason", text)
	}
	p.Parked, p.row.Parked = clip(text), clip(text)
}

// refused reports whether every signer refuses a payout, of which nothing was signed.
func (m *Manager) refused(ctx context.Context, q *payoutsql.Queries, p *Payout) (bool, error) {
	if p.Intent.Purpose != coffer.PurposeOrders || int(p.row.Refusals) < m.limits(p).Refusals {
		return false, nil
	}
	n, err := q.CountSignatures(ctx, p.ID)
	if err != nil {
		return false, fmt.Errorf("count the signatures of %s: %w", p.ID, err)
	}
	return n == 0, nil
}

// endRefused ends what became of a refused payout once its validity has ended. Its slot is
// free if no signer can have signed for it; else the lane is left.
func (m *Manager) endRefused(ctx context.Context, tx pgx.Tx, p *Payout, note string) error {
	q := m.sql.WithTx(tx)
	slot := p.Intent.Slot
	answered, err := q.SlotAnswered(ctx, payoutsql.SlotAnsweredParams{
		Chain: p.row.Chain, Wallet: p.row.Wallet, SlotKind: slot.Kind, SlotLane: slot.Lane, SlotSequence: p.row.SlotSequence,
	})
	if err != nil {
		return fmt.Errorf("look up who was asked for slot %s: %w", slot, err)
	}
	sweep := p.Intent.Purpose == coffer.PurposeSweep
	if sweep && answered {
		return m.renewSweep(ctx, tx, p)
	}
	if !answered {
		if err := q.FreeSlot(ctx, p.ID); err != nil {
			return fmt.Errorf("free the slot of %s: %w", p.ID, err)
		}
	}
	reason := "every signer refused its payout: " + note
	if sweep {
		return m.putOffSweeps(ctx, q, p, reason)
	}
	if len(p.Withdrawals) > 1 {
		return m.split(ctx, tx, p, reason)
	}
	if err := q.EndOrders(ctx, p.ID); err != nil {
		return fmt.Errorf("end the orders of %s: %w", p.ID, err)
	}
	m.Log.Error("withdrawal refused by every signer, now in review", "payout", p.ID, "withdrawals", p.Withdrawals, "reason", note)
	return m.Withdrawals.Doubted(ctx, tx, p.Withdrawals, clip(reason))
}
