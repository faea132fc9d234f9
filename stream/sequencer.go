package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer/stream/streamsql"
)

const (
	// sequencerLock is the advisory lock that makes sequencers take turns ("coffer" and 1).
	sequencerLock int64 = 0x636f66666572_0001

	// Bounds of one step: transactions, and bytes, where a record counts some more than its
	// value. One transaction moves whole, however large.
	maxCommits  = 500
	maxBytes    = 64 << 20
	recordBytes = 1 << 10

	// The sequencer polls, because a NOTIFY in AppendTx would make all its callers commit
	// one after the other. The pause starts small after an AppendTx of this process or a
	// successful step and doubles: a record waits about as long again as its transaction
	// took, and never longer than maxPoll.
	minPoll = 4 * time.Millisecond
	maxPoll = 200 * time.Millisecond

	retryPause   = time.Second // after the database failed us
	closeTimeout = 5 * time.Second
)

// AppendTx appends records in the caller's transaction. They become readable, all together,
// after it commits and the sequencer has run; if it rolls back they never were.
func (p *Postgres) AppendTx(ctx context.Context, tx pgx.Tx, topic, partition string, records []Record) error {
	if err := errors.Join(checkNames(topic, partition), checkRecords(records)); err != nil {
		return err
	}
	if len(records) == 0 {
		return nil
	}
	c, err := newColumns(records)
	if err != nil {
		return err
	}

	err = streamsql.New(tx).InsertOutbox(ctx, streamsql.InsertOutboxParams{
		Topic: topic, Partition: partition,
		Keys: c.keys, Contents: c.values, Headers: c.headers, AppendedAt: p.now(),
	})
	if err != nil {
		return fmt.Errorf("append to %s/%s: %w", topic, partition, err)
	}
	poke(p.poked)
	return nil
}

// Sequence gives offsets to records of transactions that committed before the call, and
// returns how many. It moves a bounded number in one step: call it until it returns 0.
func (p *Postgres) Sequence(ctx context.Context) (int, error) {
	// Nearly always there is nothing to do; then take no lock and write nothing.
	some, err := streamsql.New(p.db.Pool()).OutboxHasRows(ctx)
	if err != nil || !some {
		return 0, wrap("sequence", err)
	}

	var moved int64
	var grown []streamsql.LockOutboxPartitionsRow
	err = p.db.Tx(ctx, func(tx pgx.Tx) error {
		q := streamsql.New(tx)
		moved, grown = 0, nil
		if err := q.LockSequencer(ctx, sequencerLock); err != nil {
			return err
		}
		places, err := q.PickCommits(ctx, streamsql.PickCommitsParams{MaxCommits: maxCommits, MaxBytes: maxBytes, RecordBytes: recordBytes})
		if err != nil || len(places) == 0 {
			return err
		}
		if moved, grown, err = move(ctx, q, places); err != nil {
			return err
		}
		p.checkpoint("stream.sequencing")
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("sequence: %w", err)
	}
	if moved > 0 {
		p.checkpoint("stream.sequenced")
	}
	for _, partition := range grown {
		p.wake.wake(wakeName(partition.Topic, partition.Partition))
	}
	return int(moved), nil
}

// move moves the records of some committed transactions from the outbox into the log.
// These are settled: nothing can be added to them, and each statement sees all of them.
func move(ctx context.Context, q *streamsql.Queries, places []int64) (int64, []streamsql.LockOutboxPartitionsRow, error) {
	if err := q.EnsureOutboxPartitions(ctx, places); err != nil {
		return 0, nil, err
	}
	grown, err := q.LockOutboxPartitions(ctx, places)
	if err != nil {
		return 0, nil, err
	}
	moved, err := q.MoveOutbox(ctx, places)
	if err != nil {
		return 0, nil, err
	}
	for _, step := range []func(context.Context, []int64) error{q.MoveOutboxTails, q.DeleteOutbox, q.DeleteCommits} {
		if err := step(ctx, places); err != nil {
			return 0, nil, err
		}
	}
	for _, partition := range grown {
		if err := q.Wake(ctx, wakeName(partition.Topic, partition.Partition)); err != nil {
			return 0, nil, err
		}
	}
	return moved, grown, nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Run sequences and listens until ctx ends, which is no error. It outlives failures of the
// database. Any number of processes may run it.
func (p *Postgres) Run(ctx context.Context) error {
	var g errgroup.Group
	g.Go(func() error { return p.runSequencer(ctx) })
	g.Go(func() error { return p.runListener(ctx) })
	return g.Wait()
}

func (p *Postgres) runSequencer(ctx context.Context) error {
	for pause := minPoll; ctx.Err() == nil; {
		moved, err := p.Sequence(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the end of ctx is no error
		case err != nil:
			slog.ErrorContext(ctx, "the stream's sequencer failed and will try again", "error", err)
			rest(ctx, retryPause, nil)
			continue
		case moved > 0:
			pause = minPoll
		default:
			pause = min(2*pause, maxPoll)
		}

		// A poke comes before its transaction commits: it shortens the pauses to come, and
		// cannot make the shortest one shorter.
		var poked <-chan struct{}
		if pause > minPoll {
			poked = p.poked
		}
		if rest(ctx, pause, poked) {
			pause = minPoll / 2
		}
	}
	return nil
}

func (p *Postgres) runListener(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := p.listen(ctx); ctx.Err() == nil {
			slog.ErrorContext(ctx, "the stream's listener failed and will try again", "error", err)
			rest(ctx, retryPause, nil)
		}
	}
	return nil
}

// rest waits for a while, or less when ctx ends or it is poked, and reports the latter.
func rest(ctx context.Context, d time.Duration, poked <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-poked:
		return true
	}
	return false
}
