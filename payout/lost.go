package payout

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// SlotReader is a wallet that can say how far a lane was after a block. Blocks do not tell
// the nonce of a Safe transaction, so what a foreign one took has to be asked for. Without
// it a payout that may have lost its nonce stays parked.
type SlotReader interface {
	// SequenceAt returns the next sequence of the lane of a slot after a block.
	SequenceAt(ctx context.Context, slot coffer.Slot, block coffer.Hash) (uint64, error)
}

// judgeLost ends the Safe payouts whose nonce a foreign transaction took in a block that
// is final now, and that a person let go. The nonce after that block decides: where it is
// not past the slot the foreign transaction was an earlier one, and the payout goes on.
func (m *Manager) judgeLost(ctx context.Context, chain coffer.ChainID) error {
	reader, ok := m.Chains[chain].Wallet.(SlotReader)
	if !ok {
		return nil
	}
	rows, err := m.sql.LostSafe(ctx, payoutsql.LostSafeParams{Chain: string(chain), First: finalBatch})
	if err != nil {
		return fmt.Errorf("read Safe payouts that may have lost their nonce: %w", err)
	}
	ps, err := m.load(ctx, m.sql, rows)
	if err != nil {
		return err
	}
	for i := range ps {
		if err := m.judgeNonce(ctx, reader, &ps[i]); err != nil {
			return fmt.Errorf("payout %s: %w", ps[i].ID, err)
		}
	}
	return nil
}

func (m *Manager) judgeNonce(ctx context.Context, reader SlotReader, seen *Payout) error {
	call, cancel := context.WithTimeout(ctx, m.Chains[seen.Intent.Chain].Limits.CallTimeout)
	defer cancel()
	next, err := reader.SequenceAt(call, seen.Intent.Slot, *seen.row.LostBlock)
	if err != nil {
		return fmt.Errorf("nonce after block %s: %w", seen.row.LostBlock, err)
	}
	return m.DB.Tx(ctx, func(tx pgx.Tx) error {
		q := m.sql.WithTx(tx)
		row, err := q.Lock(ctx, seen.ID)
		if err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		if row.Version != seen.row.Version {
			return nil // something happened to it: it is looked at again
		}
		ps, err := m.load(ctx, q, []payoutsql.Payout{row})
		if err != nil {
			return err
		}
		p := &ps[0]
		if next > p.Intent.Slot.Sequence {
			return m.endWithoutSlot(ctx, tx, q, p)
		}
		p.row.LostBlock, p.row.LostHeight = nil, nil
		m.Log.Info("payout still has its nonce", "payout", p.ID, "slot", p.Intent.Slot.String())
		return m.save(ctx, q, p)
	})
}

// endWithoutSlot ends a payout nothing of which can land any more; its withdrawals go into
// another one.
func (m *Manager) endWithoutSlot(ctx context.Context, tx pgx.Tx, q *payoutsql.Queries, p *Payout) error {
	if err := p.move(coffer.PayoutExpired); err != nil {
		return err
	}
	p.row.Reason = "something else took its slot, finally"
	if err := errors.Join(m.freeSlot(ctx, q, p), q.EndSweeps(ctx, p.ID)); err != nil {
		return err
	}
	if err := m.Withdrawals.Returned(ctx, tx, p.Withdrawals, p.row.Reason); err != nil {
		return err
	}
	m.Log.Warn("payout ended without its slot", "payout", p.ID, "slot", p.Intent.Slot.String())
	return m.save(ctx, q, p)
}
