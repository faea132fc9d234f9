package payout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
)

// readBatch is how many records are read at once; an event has at most stream.MaxParts.
const readBatch = 2 * stream.MaxParts

// Errors of a chain's events that only a person can resolve.
var (
	ErrSequence = errors.New("block events do not follow each other")
	ErrFinal    = errors.New("a block that was final left the chain")
)

// Observe applies the block events of a chain that are there and returns how many it
// applied, one transaction each. An event that was applied before changes nothing. One
// that does not follow the last stops the chain: ErrSequence or ErrFinal.
func (m *Manager) Observe(ctx context.Context, chain coffer.ChainID) (int, error) {
	n, err := m.observe(ctx, chain, math.MaxInt)
	m.noteBroken(chain, err)
	if err != nil {
		return n, err
	}
	return n, m.judgeLost(ctx, chain)
}

// observe applies so many events at most.
func (m *Manager) observe(ctx context.Context, chain coffer.ChainID, most int) (int, error) {
	if _, known := m.Chains[chain]; !known {
		return 0, fmt.Errorf("observe: chain %s is not configured", chain)
	}
	if err := m.sql.InsertCursor(ctx, string(chain)); err != nil {
		return 0, fmt.Errorf("open the cursor of %s: %w", chain, err)
	}
	cursor, err := m.sql.Cursor(ctx, string(chain))
	if err != nil {
		return 0, fmt.Errorf("read the cursor of %s: %w", chain, err)
	}

	applied := 0
	var parts stream.Assembler
	for from := cursor.NextOffset; ; {
		records, err := m.Events.Read(ctx, stream.TopicRaw, string(chain), from, readBatch)
		if err != nil {
			return applied, fmt.Errorf("read block events of %s: %w", chain, err)
		}
		if len(records) == 0 {
			return applied, nil
		}
		for _, record := range records {
			from = record.Offset + 1
			event, whole, err := parts.Add(record)
			if err != nil {
				return applied, fmt.Errorf("read block events of %s: %w", chain, err)
			}
			if !whole {
				continue
			}
			ok, err := m.consume(ctx, chain, event)
			if err != nil {
				return applied, fmt.Errorf("block event at offset %d of %s: %w", event.First, chain, err)
			}
			if !ok {
				return applied, nil // another process is ahead of us
			}
			if applied++; applied == most {
				return applied, nil
			}
		}
	}
}

// Applied is the newest block of a chain that counts in the books of payouts; zero before
// the first.
func Applied(ctx context.Context, db *postgres.DB, chain coffer.ChainID) (coffer.BlockRef, error) {
	cursor, err := payoutsql.New(db.Pool()).Cursor(ctx, string(chain))
	if errors.Is(err, pgx.ErrNoRows) || (err == nil && cursor.BlockHash == nil) {
		return coffer.BlockRef{}, nil
	}
	if err != nil {
		return coffer.BlockRef{}, fmt.Errorf("read the cursor of %s: %w", chain, err)
	}
	return coffer.BlockRef{Height: uint64(cursor.Height), Hash: *cursor.BlockHash}, nil //nolint:gosec // a height
}

// consume applies one event and moves the cursor past it, in one transaction. False means
// that the cursor is past it already.
func (m *Manager) consume(ctx context.Context, chain coffer.ChainID, stored stream.Event) (bool, error) {
	var event coffer.BlockEvent
	if err := json.Unmarshal(stored.Value, &event); err != nil {
		return false, fmt.Errorf("decode: %w", err)
	}
	if event.Chain != chain {
		return false, fmt.Errorf("event of chain %s", event.Chain)
	}

	consumed := false
	m.checkpoint("payout.before_observed")
	err := m.DB.Tx(ctx, func(tx pgx.Tx) error {
		consumed = false
		q := m.sql.WithTx(tx)
		cursor, err := q.LockCursor(ctx, string(chain))
		if err != nil {
			return fmt.Errorf("lock the cursor: %w", err)
		}
		if cursor.NextOffset > stored.First {
			return nil
		}
		consumed = true

		sequence, err := signed63(event.Sequence)
		if err != nil {
			return err
		}
		if sequence > cursor.Sequence {
			b := &blockTx{m: m, tx: tx, q: q, chain: m.Chains[chain], event: event, known: cursor.Final}
			if err := b.apply(ctx, &cursor); err != nil {
				return err
			}
		}
		cursor.NextOffset = stored.Next
		if err := q.SaveCursor(ctx, payoutsql.SaveCursorParams(cursor)); err != nil {
			return fmt.Errorf("move the cursor: %w", err)
		}
		m.checkpoint("payout.observing")
		return nil
	})
	if err == nil && consumed {
		m.checkpoint("payout.observed")
	}
	return consumed, err
}

// advance checks that an event follows the cursor and moves the cursor's block.
func advance(cursor *payoutsql.PayoutCursor, e coffer.BlockEvent) error {
	height, errHeight := signed63(e.Block.Height)
	final, errFinal := signed63(e.Final)
	epoch, errEpoch := signed63(e.Epoch)
	if err := errors.Join(errHeight, errFinal, errEpoch); err != nil {
		return err
	}
	first := cursor.BlockHash == nil
	switch {
	case int64(e.Sequence) != cursor.Sequence+1: //nolint:gosec // checked by the caller
		return fmt.Errorf("%w: sequence %d after %d", ErrSequence, e.Sequence, cursor.Sequence)
	case epoch < cursor.Epoch:
		return fmt.Errorf("%w: epoch %d after %d", ErrSequence, epoch, cursor.Epoch)
	case e.Kind == coffer.BlockConnected && !first && (e.Block.Parent != *cursor.BlockHash || height != cursor.Height+1):
		return fmt.Errorf("%w: block %d %s does not follow block %d %s", ErrSequence, height, e.Block.Hash, cursor.Height, cursor.BlockHash)
	case e.Kind == coffer.BlockDisconnected && (first || e.Block.Hash != *cursor.BlockHash || height != cursor.Height):
		return fmt.Errorf("%w: block %d %s is not the tip that was connected", ErrSequence, height, e.Block.Hash)
	}

	cursor.Sequence, cursor.Epoch = int64(e.Sequence), epoch //nolint:gosec // checked by the caller
	switch e.Kind {
	case coffer.BlockConnected:
		cursor.Height, cursor.BlockHash = height, &e.Block.Hash
		// The chain's final block as far as we have seen it; it never goes back.
		cursor.Final = max(cursor.Final, min(final, height))
	case coffer.BlockDisconnected:
		cursor.Height, cursor.BlockHash = height-1, &e.Block.Parent
	default:
		return fmt.Errorf("%w: kind %.40q", ErrSequence, e.Kind)
	}
	return nil
}
