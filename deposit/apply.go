package deposit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/stream"
)

// apply applies one block event, once.
func (s *Service) apply(ctx context.Context, chain coffer.ChainID, stored stream.Event) error {
	event, err := decode(chain, stored)
	if err != nil {
		return err
	}

	err = s.DB.Tx(ctx, func(tx pgx.Tx) error {
		q := depositsql.New(tx)
		cursor, err := q.LockCursor(ctx, string(chain))
		if err != nil {
			return err
		}
		if event.Sequence <= uint64(cursor.Sequence) { // #nosec G115 -- not negative in the table
			return q.SkipRecords(ctx, depositsql.SkipRecordsParams{Chain: string(chain), NextOffset: stored.Next, At: s.now()})
		}
		if err := follows(cursor, event); err != nil {
			return err
		}

		c := &change{Service: s, tx: tx, q: q, chain: s.chains[chain], event: event, at: s.now(), height: toInt(event.Block.Height)}
		c.final = cursor.Final
		if event.Kind == coffer.BlockConnected {
			c.final = max(c.final, toInt(event.Final))
			err = c.connect(ctx)
		} else {
			err = c.disconnect(ctx, cursor)
		}
		if err != nil {
			return err
		}
		if err := c.flush(ctx); err != nil {
			return err
		}
		if err := c.moveCursor(ctx, cursor, stored.Next); err != nil {
			return err
		}
		s.Checkpoint(CheckpointBeforeCommit)
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply event %d of %s: %w", event.Sequence, chain, err)
	}
	s.Checkpoint(CheckpointApplied)
	return nil
}

// follows reports whether an event is the next one after a cursor.
func follows(cursor depositsql.DepositCursor, e coffer.BlockEvent) error {
	broken := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrBroken, fmt.Sprintf(format, args...))
	}
	if want := uint64(cursor.Sequence) + 1; e.Sequence != want { // #nosec G115 -- not negative in the table
		return broken("event %d arrives, want %d", e.Sequence, want)
	}
	if toInt(e.Epoch) < cursor.Epoch {
		return broken("epoch %d follows %d", e.Epoch, cursor.Epoch)
	}
	switch e.Kind {
	case coffer.BlockConnected:
		if cursor.Hash != nil && (e.Block.Parent != *cursor.Hash || toInt(e.Block.Height) != *cursor.Height+1) {
			return broken("block %s at height %d does not follow %s at %d", e.Block.Hash, e.Block.Height, *cursor.Hash, *cursor.Height)
		}
	case coffer.BlockDisconnected:
		if cursor.Hash == nil || e.Block.Hash != *cursor.Hash || toInt(e.Block.Height) != *cursor.Height {
			return broken("block %s at height %d leaves, but is not the tip", e.Block.Hash, e.Block.Height)
		}
	default:
		return broken("kind %.20q", e.Kind)
	}
	return nil
}

// toInt converts a number that decode bounded.
func toInt(n uint64) int64 { return int64(n) } // #nosec G115 -- see decode

// change is what one block event changes, collected until flush.
type change struct {
	*Service
	tx     pgx.Tx
	q      *depositsql.Queries
	chain  Chain
	event  coffer.BlockEvent
	at     time.Time
	height int64 // of the event's block
	final  int64

	entries []ledger.Entry // in the order of their bookings
	blocks  [][]byte       // parallel: the block an entry stands or falls with
	events  []stream.Record
	audit   depositsql.AddAuditParams
}

// connect applies a block that joined the chain.
func (c *change) connect(ctx context.Context) error {
	if err := c.receive(ctx); err != nil {
		return err
	}
	return c.deepen(ctx)
}

// deepen moves deposits that are deep enough at the height of the change.
func (c *change) deepen(ctx context.Context) error {
	confirming, err := c.q.Confirm(ctx, depositsql.ConfirmParams{Chain: string(c.chain.ID), Tip: c.height, At: c.at})
	if err != nil {
		return fmt.Errorf("confirm: %w", err)
	}
	if err := c.tell(confirming); err != nil {
		return err
	}

	credited, err := c.q.Credit(ctx, depositsql.CreditParams{Chain: string(c.chain.ID), Tip: c.height, At: c.at})
	if err != nil {
		return fmt.Errorf("credit: %w", err)
	}
	c.book(credited, creditEntry)
	if err := c.tell(credited); err != nil {
		return err
	}
	c.reached(CheckpointCrediting, len(credited))

	return c.unlock(ctx)
}

// unlock moves what may be spent from now on.
func (c *change) unlock(ctx context.Context) error {
	unlocked, err := c.q.Unlock(ctx, depositsql.UnlockParams{
		Chain: string(c.chain.ID), Tip: c.height, Final: c.chain.finalOr(c.final), At: c.at,
		Held: reasonHeld, Agreed: c.chain.Second != nil, Screened: c.Screener != nil,
	})
	if err != nil {
		return fmt.Errorf("unlock: %w", err)
	}
	c.book(unlocked, unlockEntry)
	if err := c.tell(unlocked); err != nil {
		return err
	}
	c.reached(CheckpointUnlocking, len(unlocked))
	return nil
}

// reached reports a checkpoint that so many deposits came to.
func (c *change) reached(name string, deposits int) {
	if deposits > 0 {
		c.Checkpoint(name)
	}
}

// disconnect undoes a block that left the chain.
func (c *change) disconnect(ctx context.Context, cursor depositsql.DepositCursor) error {
	hash := c.event.Block.Hash
	if !c.chain.NoFinality && cursor.Final > 0 && c.height <= cursor.Final {
		allowed, err := c.q.MayLeave(ctx, depositsql.MayLeaveParams{Chain: string(c.chain.ID), Height: c.height})
		if err != nil {
			return fmt.Errorf("may leave: %w", err)
		}
		if !allowed {
			return fmt.Errorf("%w: block %s at height %d leaves, but height %d is final", ErrBroken, hash, c.height, cursor.Final)
		}
	}
	err := c.q.EndResume(ctx, depositsql.EndResumeParams{Sequence: toInt(c.event.Sequence), At: c.at, Chain: string(c.chain.ID), BlockHash: hash[:]})
	if err != nil {
		return fmt.Errorf("end resume: %w", err)
	}

	if err := c.q.DropAgreement(ctx, depositsql.DropAgreementParams{Chain: string(c.chain.ID), BlockHash: hash}); err != nil {
		return fmt.Errorf("drop agreement: %w", err)
	}
	entries, err := c.q.TakeBookings(ctx, depositsql.TakeBookingsParams{Chain: string(c.chain.ID), BlockHash: hash[:]})
	if err != nil {
		return fmt.Errorf("take bookings: %w", err)
	}
	for batch := range slices.Chunk(entries, ledger.MaxBatch) {
		reversals := make([]ledger.Reversal, len(batch))
		for i, entry := range batch {
			reversals[i] = ledger.Reversal{EntryID: entry, ID: entry + "/reversed", Kind: "deposit.reversed", Block: c.event.Block.BlockRef, At: c.at}
		}
		if err := c.Ledger.ReverseAll(ctx, c.tx, reversals...); err != nil {
			return err
		}
	}

	if err := c.undoCoins(ctx); err != nil {
		return err
	}
	left, err := c.q.Leave(ctx, depositsql.LeaveParams{Chain: string(c.chain.ID), BlockHash: hash, At: c.at})
	if err != nil {
		return fmt.Errorf("leave: %w", err)
	}
	ids := make([]string, len(left))
	for i := range left {
		ids[i] = left[i].ID
	}
	if err := c.q.DropRefunds(ctx, depositsql.DropRefundsParams{Deposits: ids, At: c.at}); err != nil {
		return fmt.Errorf("drop refunds: %w", err)
	}
	c.reached(CheckpointLeaving, len(left))
	return c.tell(left)
}

// flush writes the entries and events collected.
func (c *change) flush(ctx context.Context) error {
	for batch := range slices.Chunk(c.entries, ledger.MaxBatch) {
		if err := c.Ledger.Post(ctx, c.tx, batch...); err != nil {
			return err
		}
	}
	if len(c.entries) > 0 {
		ids := make([]string, len(c.entries))
		for i, e := range c.entries {
			ids[i] = e.ID
		}
		err := c.q.AddBookings(ctx, depositsql.AddBookingsParams{Chain: string(c.chain.ID), Entries: ids, BlockHashes: c.blocks})
		if err != nil {
			return fmt.Errorf("add bookings: %w", err)
		}
	}
	if len(c.audit.Deposits) > 0 {
		c.audit.At = c.at
		if err := c.q.AddAudit(ctx, c.audit); err != nil {
			return fmt.Errorf("add audit: %w", err)
		}
	}
	for batch := range slices.Chunk(c.events, stream.MaxAppend) {
		if err := c.Log.AppendTx(ctx, c.tx, stream.TopicEvents, stream.PartitionAll, batch); err != nil {
			return err
		}
	}
	return nil
}

// finish is the last that a transaction does which applies no event.
func (c *change) finish(ctx context.Context) error {
	if err := c.flush(ctx); err != nil {
		return err
	}
	c.Checkpoint(CheckpointBeforeCommit)
	return nil
}

func (c *change) moveCursor(ctx context.Context, cursor depositsql.DepositCursor, next int64) error {
	tip, hash := &c.height, &c.event.Block.Hash
	if c.event.Kind == coffer.BlockDisconnected {
		parent := c.height - 1
		tip, hash = &parent, &c.event.Block.Parent
		if parent < 0 {
			tip, hash = nil, nil
		}
	}
	moved, err := c.q.MoveCursor(ctx, depositsql.MoveCursorParams{
		Chain: string(c.chain.ID), Previous: cursor.Sequence, NextOffset: next, Epoch: toInt(c.event.Epoch),
		Height: tip, Hash: hash, Final: c.final, At: c.at,
	})
	if err != nil {
		return fmt.Errorf("move cursor: %w", err)
	}
	if moved != 1 {
		return fmt.Errorf("%w: the cursor is not at %d", ErrBroken, cursor.Sequence)
	}
	return nil
}
