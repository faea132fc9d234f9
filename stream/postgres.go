package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream/streamsql"
)

// How long Wait trusts in being woken before it looks by itself: with a listener, and
// without one.
const (
	listeningPoll = 5 * time.Second
	blindPoll     = 250 * time.Millisecond
)

// Postgres is the log in the tables stream_*. A process that waits for records, or appends
// inside transactions, also runs Run.
type Postgres struct {
	db    *postgres.DB
	clock coffer.Clock
	wake  waiters
	poked chan struct{} // AppendTx was called; capacity 1

	// Checkpoint is called where a crash is interesting; set it before use, nil is none.
	Checkpoint func(name string)
}

var _ Log = (*Postgres)(nil)

// NewPostgres returns the log of a migrated database. The clock dates the records.
func NewPostgres(db *postgres.DB, clock coffer.Clock) *Postgres {
	return &Postgres{db: db, clock: clock, poked: make(chan struct{}, 1)}
}

func (p *Postgres) checkpoint(name string) {
	if p.Checkpoint != nil {
		p.Checkpoint(name)
	}
}

func (p *Postgres) now() time.Time { return p.clock().UTC().Truncate(time.Microsecond) }

// Append implements Log. Locking the partition's row makes writers of a partition take
// turns until they commit; that is why its offsets have no gaps and appear in order.
func (p *Postgres) Append(ctx context.Context, topic, partition string, expectedTail int64, records []Record) (int64, error) {
	if err := errors.Join(checkNames(topic, partition), checkRecords(records)); err != nil {
		return 0, err
	}
	if expectedTail < Any {
		return 0, fmt.Errorf("%w: expected tail %d", ErrInvalid, expectedTail)
	}
	c, err := newColumns(records)
	if err != nil {
		return 0, err
	}

	var tail int64
	err = p.db.Tx(ctx, func(tx pgx.Tx) error {
		q := streamsql.New(tx)
		at, err := lockPartition(ctx, q, topic, partition)
		if err != nil {
			return err
		}
		tail = at.Tail
		if expectedTail != Any && expectedTail != tail {
			return fmt.Errorf("%w: expected %d, have %d", ErrTail, expectedTail, tail)
		}
		if len(records) == 0 {
			return nil
		}

		tail += int64(len(records))
		err = q.InsertRecords(ctx, streamsql.InsertRecordsParams{
			PartitionID: at.ID, Offsets: offsets(at.Tail, tail),
			Keys: c.keys, Contents: c.values, Headers: c.headers, AppendedAt: p.now(),
		})
		if err != nil {
			return err
		}
		if err := q.MoveTail(ctx, streamsql.MoveTailParams{ID: at.ID, Tail: tail}); err != nil {
			return err
		}
		return q.Wake(ctx, wakeName(topic, partition))
	})
	if err != nil {
		return 0, fmt.Errorf("append to %s/%s: %w", topic, partition, err)
	}
	p.wake.wake(wakeName(topic, partition))
	return tail, nil
}

func lockPartition(ctx context.Context, q *streamsql.Queries, topic, partition string) (streamsql.LockPartitionRow, error) {
	at, err := q.LockPartition(ctx, streamsql.LockPartitionParams{Topic: topic, Partition: partition})
	if !errors.Is(err, pgx.ErrNoRows) {
		return at, err
	}
	if err := q.EnsurePartition(ctx, streamsql.EnsurePartitionParams{Topic: topic, Partition: partition}); err != nil {
		return at, err
	}
	return q.LockPartition(ctx, streamsql.LockPartitionParams{Topic: topic, Partition: partition})
}

func offsets(from, to int64) []int64 {
	all := make([]int64, 0, to-from)
	for o := from; o < to; o++ {
		all = append(all, o)
	}
	return all
}

// columns are records turned on their side, as one statement takes them.
type columns struct {
	keys    []string
	values  [][]byte
	headers [][]byte
}

func newColumns(records []Record) (columns, error) {
	var c columns
	for _, r := range records {
		headers := []byte("{}")
		if len(r.Headers) > 0 {
			var err error
			if headers, err = json.Marshal(r.Headers); err != nil {
				return columns{}, fmt.Errorf("headers of %q: %w", r.Key, err)
			}
		}
		value := r.Value
		if value == nil {
			value = []byte{} // nil would be null
		}
		c.keys = append(c.keys, r.Key)
		c.values = append(c.values, value)
		c.headers = append(c.headers, headers)
	}
	return c, nil
}

// Read implements Log.
func (p *Postgres) Read(ctx context.Context, topic, partition string, from int64, max int) ([]Stored, error) {
	if err := checkNames(topic, partition); err != nil {
		return nil, err
	}
	if from < 0 || max < 1 {
		return nil, fmt.Errorf("%w: read %d records from %d", ErrInvalid, max, from)
	}

	q := streamsql.New(p.db.Pool())
	rows, err := q.ReadRecords(ctx, streamsql.ReadRecordsParams{
		Topic: topic, Partition: partition, FirstOffset: from,
		MaxRecords: int32(min(max, MaxRead)), MaxBytes: MaxReadBytes, // #nosec G115 -- at most MaxRead
	})
	if err != nil {
		return nil, fmt.Errorf("read %s/%s: %w", topic, partition, err)
	}
	if len(rows) == 0 || rows[0].Offset != from {
		return nil, p.explainMissing(ctx, topic, partition, from, len(rows) > 0)
	}

	stored := make([]Stored, 0, len(rows))
	for i, row := range rows {
		if row.Offset != from+int64(i) {
			return nil, fmt.Errorf("read %s/%s: offset %d follows %d: the log is damaged", topic, partition, row.Offset, from+int64(i)-1)
		}
		s := Stored{Record: Record{Key: row.Key, Value: row.Value}, Offset: row.Offset, AppendedAt: row.AppendedAt.UTC()}
		if s.Headers, err = readHeaders(row.Headers); err != nil {
			return nil, fmt.Errorf("read %s/%s: offset %d: %w", topic, partition, row.Offset, err)
		}
		stored = append(stored, s)
	}
	return stored, nil
}

// explainMissing says why there was no record at from: it is the tail, it is beyond, or
// the record is not kept any more.
func (p *Postgres) explainMissing(ctx context.Context, topic, partition string, from int64, later bool) error {
	at, err := p.partition(ctx, topic, partition)
	switch {
	case err != nil:
		return fmt.Errorf("read %s/%s: %w", topic, partition, err)
	case from < at.Head:
		return fmt.Errorf("read %s/%s from %d: %w: the oldest is %d", topic, partition, from, ErrTrimmed, at.Head)
	case from > at.Tail:
		return fmt.Errorf("read %s/%s from %d: %w: the tail is %d", topic, partition, from, ErrBeyond, at.Tail)
	case later:
		return fmt.Errorf("read %s/%s: offset %d is missing: the log is damaged", topic, partition, from)
	}
	return nil // at the tail, which may have moved since
}

func (p *Postgres) partition(ctx context.Context, topic, partition string) (streamsql.PartitionRow, error) {
	at, err := streamsql.New(p.db.Pool()).Partition(ctx, streamsql.PartitionParams{Topic: topic, Partition: partition})
	if errors.Is(err, pgx.ErrNoRows) {
		return streamsql.PartitionRow{}, nil
	}
	return at, err
}

func readHeaders(b []byte) (map[string]string, error) {
	var headers map[string]string
	if err := json.Unmarshal(b, &headers); err != nil {
		return nil, fmt.Errorf("headers: %w", err)
	}
	if len(headers) == 0 {
		return nil, nil
	}
	return headers, nil
}

// Tail implements Log.
func (p *Postgres) Tail(ctx context.Context, topic, partition string) (int64, error) {
	if err := checkNames(topic, partition); err != nil {
		return 0, err
	}
	at, err := p.partition(ctx, topic, partition)
	if err != nil {
		return 0, fmt.Errorf("tail of %s/%s: %w", topic, partition, err)
	}
	return at.Tail, nil
}

// Wait implements Log. A notification wakes it in a process that runs Run; in another one
// it looks every blindPoll.
func (p *Postgres) Wait(ctx context.Context, topic, partition string, from int64) error {
	woken, leave := p.wake.join(wakeName(topic, partition))
	defer leave()

	for {
		// Asked before the tail is read: what a listener misses was committed before.
		poll := blindPoll
		if p.wake.listening.Load() {
			poll = listeningPoll
		}
		tail, err := p.Tail(ctx, topic, partition)
		if err != nil {
			return err
		}
		if tail > from {
			return nil
		}
		rest(ctx, poll, woken)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
