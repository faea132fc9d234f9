package stream_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/stream/streamtest"
)

const events = stream.TopicEvents

func TestAppendTxIsReadableOnlyAfterCommitAndSequence(t *testing.T) {
	db := postgrestest.New(t)
	log := stream.NewPostgres(db, clock)
	tx := begin(t, db)
	appendTx(t, log, tx, "a", "b")

	sequence(t, log, 0)
	commit(t, tx)
	wantKeys(t, log)
	sequence(t, log, 2)
	wantKeys(t, log, "a", "b")
	sequence(t, log, 0)
	wantKeys(t, log, "a", "b")
}

func TestAppendTxOfARolledBackTransactionNeverWas(t *testing.T) {
	db := postgrestest.New(t)
	log := stream.NewPostgres(db, clock)
	tx := begin(t, db)
	appendTx(t, log, tx, "gone")
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	tx = begin(t, db)
	appendTx(t, log, tx, "kept")
	err := pgx.BeginFunc(t.Context(), tx, func(savepoint pgx.Tx) error {
		appendTx(t, log, savepoint, "undone")
		return errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Fatal(err)
	}
	appendTx(t, log, tx, "kept too")
	commit(t, tx)
	sequence(t, log, 2)
	wantKeys(t, log, "kept", "kept too")
}

var errRefused = errors.New("refused")

// A transaction whose first append was in a savepoint that is undone still gets its place.
func TestAppendTxAfterAnUndoneSavepoint(t *testing.T) {
	db := postgrestest.New(t)
	log := stream.NewPostgres(db, clock)
	tx := begin(t, db)
	err := pgx.BeginFunc(t.Context(), tx, func(savepoint pgx.Tx) error {
		appendTx(t, log, savepoint, "undone")
		return errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Fatal(err)
	}
	appendTx(t, log, tx, "kept")
	commit(t, tx)
	sequence(t, log, 1)
	wantKeys(t, log, "kept")
}

// Whatever order transactions begin and append in, offsets follow their commits, also when
// the sequencer comes only at the end.
func TestSequenceFollowsCommitOrder(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		for _, when := range []string{"after every commit", "at the end"} {
			t.Run(fmt.Sprint(order, " ", when), func(t *testing.T) {
				db := postgrestest.New(t)
				log := stream.NewPostgres(db, clock)
				var txs []pgx.Tx
				for i := range order {
					tx := begin(t, db)
					appendTx(t, log, tx, fmt.Sprintf("%d first", i))
					txs = append(txs, tx)
				}
				for i, tx := range txs { // interleaved with the others' rows
					appendTx(t, log, tx, fmt.Sprintf("%d second", i))
				}

				var want []string
				for _, i := range order {
					commit(t, txs[i])
					want = append(want, fmt.Sprintf("%d first", i), fmt.Sprintf("%d second", i))
					if when == "after every commit" {
						sequence(t, log, 2)
						wantKeys(t, log, want...)
					}
				}
				for {
					if n, err := log.Sequence(t.Context()); err != nil {
						t.Fatal(err)
					} else if n == 0 {
						break
					}
				}
				wantKeys(t, log, want...)
			})
		}
	}
}

// A transaction in flight holds nobody up, and is not skipped when it commits late.
func TestSequenceDoesNotSkipRowsInFlight(t *testing.T) {
	db := postgrestest.New(t)
	log := stream.NewPostgres(db, clock)
	slow := begin(t, db)
	appendTx(t, log, slow, "slow")
	var want []string
	for i := range 5 {
		tx := begin(t, db)
		appendTx(t, log, tx, fmt.Sprint(i))
		commit(t, tx)
		sequence(t, log, 1)
		want = append(want, fmt.Sprint(i))
	}
	wantKeys(t, log, want...)
	commit(t, slow)
	sequence(t, log, 1)
	wantKeys(t, log, append(want, "slow")...)
}

// Writers take turns on a row, as all writers of one resource do, while sequencers race.
// The log must show every resource's events in the order of its turns.
func TestSequenceKeepsTheOrderOfEveryResource(t *testing.T) {
	const writers, sequencers, resources, turns = 6, 3, 3, 30
	db := postgrestest.New(t)
	if _, err := db.Pool().Exec(t.Context(), "create table resource (id int primary key, turn int not null)"); err != nil {
		t.Fatal(err)
	}
	for r := range resources {
		if _, err := db.Pool().Exec(t.Context(), "insert into resource values ($1, 0)", r); err != nil {
			t.Fatal(err)
		}
	}
	log := stream.NewPostgres(db, clock)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var write, move sync.WaitGroup
	for w := range writers {
		write.Go(func() {
			for i := range turns {
				if err := takeTurn(ctx, db, log, (w+i)%resources, i%2 == 0); err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	written := make(chan struct{})
	for range sequencers {
		move.Go(func() {
			for last := false; ; {
				n, err := log.Sequence(ctx)
				if err != nil {
					t.Errorf("sequence: %v", err)
					return
				}
				if n == 0 && last {
					return
				}
				select {
				case <-written:
					last = true
				default:
				}
			}
		})
	}
	write.Wait()
	close(written)
	move.Wait()

	next := make([]int, resources)
	got := keys(t, log)
	for i, key := range got {
		var r, turn int
		if _, err := fmt.Sscanf(key, "%d/%d", &r, &turn); err != nil {
			t.Fatal(err)
		}
		if turn != next[r]+1 {
			t.Fatalf("offset %d is turn %d of resource %d: want turn %d", i, turn, r, next[r]+1)
		}
		next[r] = turn
	}
	if len(got) != writers*turns {
		t.Errorf("%d events: want %d", len(got), writers*turns)
	}
}

// takeTurn appends the next turn of a resource. Early writers have their transaction number
// before they wait for the row, so that numbers and turns disagree.
func takeTurn(ctx context.Context, db *postgres.DB, log *stream.Postgres, resource int, early bool) error {
	return db.Tx(ctx, func(tx pgx.Tx) error {
		if early {
			if _, err := tx.Exec(ctx, "select pg_current_xact_id()"); err != nil {
				return err
			}
		}
		var turn int
		if err := tx.QueryRow(ctx, "update resource set turn = turn + 1 where id = $1 returning turn", resource).Scan(&turn); err != nil {
			return err
		}
		return log.AppendTx(ctx, tx, events, stream.PartitionAll, []stream.Record{{Key: fmt.Sprintf("%d/%d", resource, turn)}})
	})
}

// Rows that came with a dump from another server may carry the number of a transaction
// that runs now. Neither may be lost.
func TestSequenceSurvivesAReusedTransactionNumber(t *testing.T) {
	db := postgrestest.New(t)
	log := stream.NewPostgres(db, clock)
	tx := begin(t, db)
	_, err := db.Pool().Exec(t.Context(), `with old as (insert into stream_commit (xid, place) values ($1::text::xid8, 1) returning xid)
		insert into stream_outbox (xid, topic, partition, key, value, headers, appended_at)
		select xid, $2, $3, 'old', '', '{}', $4 from old`, currentXID(t, tx), events, stream.PartitionAll, clock())
	if err != nil {
		t.Fatal(err)
	}
	appendTx(t, log, tx, "new")
	sequence(t, log, 0) // the old row waits: its mark is being rewritten
	commit(t, tx)
	sequence(t, log, 2)
	wantKeys(t, log, "old", "new")
}

func currentXID(t *testing.T, tx pgx.Tx) string {
	t.Helper()
	var xid string
	if err := tx.QueryRow(t.Context(), "select pg_current_xact_id()::text").Scan(&xid); err != nil {
		t.Fatal(err)
	}
	return xid
}

func TestAppendAndAppendTxShareAPartition(t *testing.T) {
	db := postgrestest.New(t)
	log := stream.NewPostgres(db, clock)
	if _, err := log.Append(t.Context(), events, stream.PartitionAll, 0, []stream.Record{{Key: "direct"}}); err != nil {
		t.Fatal(err)
	}
	tx := begin(t, db)
	appendTx(t, log, tx, "outbox")
	commit(t, tx)
	sequence(t, log, 1)
	if _, err := log.Append(t.Context(), events, stream.PartitionAll, 2, []stream.Record{{Key: "direct again"}}); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, log, "direct", "outbox", "direct again")
}

func TestAppendTxRefusesBadRecords(t *testing.T) {
	db := postgrestest.New(t)
	log := stream.NewPostgres(db, clock)
	tx := begin(t, db)
	defer func() { _ = tx.Rollback(t.Context()) }()
	for _, bad := range []stream.Record{{Value: make([]byte, stream.MaxValue+1)}, {Key: "\x00"}} {
		if err := log.AppendTx(t.Context(), tx, events, stream.PartitionAll, []stream.Record{bad}); !errors.Is(err, stream.ErrInvalid) {
			t.Errorf("error %v: want ErrInvalid", err)
		}
	}
}

// The sequencer dies before each of its requests and before each of its answers.
func TestSequenceSurvivesACutAnywhere(t *testing.T) {
	for name, arm := range map[string]func(f *fault, n int){"request": (*fault).beforeWrite, "answer": (*fault).beforeRead} {
		t.Run(name, func(t *testing.T) {
			f := &fault{}
			db := postgrestest.New(t, postgres.WithDialer(f.dial))
			log := stream.NewPostgres(db, clock)
			var want []string
			for steps := 0; ; steps++ {
				tx := begin(t, db)
				appendTx(t, log, tx, fmt.Sprint(steps), fmt.Sprint(steps, "b"))
				commit(t, tx)
				want = append(want, fmt.Sprint(steps), fmt.Sprint(steps, "b"))

				arm(f, steps)
				_, err := log.Sequence(t.Context())
				f.arm(-1, -1)
				if err == nil {
					if steps < 8 {
						t.Errorf("cut off at %d steps only", steps)
					}
					wantKeys(t, log, want...)
					return
				}
				if _, err := log.Sequence(t.Context()); err != nil {
					t.Fatalf("after a cut at step %d: %v", steps, err)
				}
				wantKeys(t, log, want...)
			}
		})
	}
}

// An outbox that a server's end interrupts: the backend is terminated inside Sequence.
func TestSequenceSurvivesTheEndOfItsBackend(t *testing.T) {
	db := postgrestest.New(t)
	log := stream.NewPostgres(db, clock)
	tx := begin(t, db)
	appendTx(t, log, tx, "a")
	commit(t, tx)

	// Hold the partition's row, so that the sequencer stands still with its work half done.
	if _, err := log.Append(t.Context(), events, stream.PartitionAll, 0, []stream.Record{{Key: "before"}}); err != nil {
		t.Fatal(err)
	}
	hold := begin(t, db)
	if _, err := hold.Exec(t.Context(), "select from stream_partition for update"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { _, err := log.Sequence(t.Context()); ended <- err }()
	killed := false
	for deadline := time.Now().Add(10 * time.Second); !killed; {
		if time.Now().After(deadline) {
			t.Fatal("the sequencer does not wait for the row")
		}
		err := db.Pool().QueryRow(t.Context(), `select coalesce(bool_or(pg_terminate_backend(pid)), false)
			from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).Scan(&killed)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := <-ended; err == nil {
		t.Error("the sequencer did not notice the end of its connection")
	}
	commit(t, hold)
	sequence(t, log, 1)
	wantKeys(t, log, "before", "a")
}

// TopicEvents as its consumers see it: everything goes through AppendTx, and Run moves it.
func TestRunMakesAppendTxReadable(t *testing.T) {
	db := postgrestest.New(t)
	writer, reader := stream.NewPostgres(db, clock), stream.NewPostgres(db, clock) // two processes
	run(t, writer)
	run(t, reader)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for i := range int64(20) {
		ended := make(chan error, 1)
		go func() { ended <- reader.Wait(ctx, events, stream.PartitionAll, i) }()
		tx := begin(t, db)
		appendTx(t, writer, tx, fmt.Sprint(i))
		commit(t, tx)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	if got := keys(t, reader); len(got) != 20 {
		t.Errorf("%d events: want 20", len(got))
	}
}

// viaOutbox appends through AppendTx and Sequence, for the parts of the contract that do
// not name a tail.
type viaOutbox struct {
	*stream.Postgres
	db *postgres.DB
}

func (v viaOutbox) Append(ctx context.Context, topic, partition string, expectedTail int64, records []stream.Record) (int64, error) {
	if expectedTail != stream.Any {
		return v.Postgres.Append(ctx, topic, partition, expectedTail, records)
	}
	err := v.db.Tx(ctx, func(tx pgx.Tx) error { return v.AppendTx(ctx, tx, topic, partition, records) })
	if err != nil {
		return 0, err
	}
	for {
		n, err := v.Sequence(ctx)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			return v.Tail(ctx, topic, partition)
		}
	}
}

func TestPostgresKeepsTheContractThroughTheOutbox(t *testing.T) {
	streamtest.Run(t, func(t *testing.T) stream.Log {
		db := postgrestest.New(t)
		return viaOutbox{stream.NewPostgres(db, clock), db}
	})
}

func begin(t *testing.T, db *postgres.DB) pgx.Tx {
	t.Helper()
	tx, err := db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func commit(t *testing.T, tx pgx.Tx) {
	t.Helper()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func appendTx(t *testing.T, log *stream.Postgres, tx pgx.Tx, keys ...string) {
	t.Helper()
	var records []stream.Record
	for _, key := range keys {
		records = append(records, stream.Record{Key: key, Value: []byte(strings.ToUpper(key))})
	}
	if err := log.AppendTx(t.Context(), tx, events, stream.PartitionAll, records); err != nil {
		t.Fatal(err)
	}
}

func sequence(t *testing.T, log *stream.Postgres, want int) {
	t.Helper()
	if n, err := log.Sequence(t.Context()); err != nil || n != want {
		t.Fatalf("sequenced %d, error %v: want %d", n, err, want)
	}
}

func keys(t *testing.T, log *stream.Postgres) []string {
	t.Helper()
	got, err := log.Read(t.Context(), events, stream.PartitionAll, 0, stream.MaxRead)
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]string, len(got))
	for i, s := range got {
		if s.Offset != int64(i) {
			t.Fatalf("offset %d in place %d", s.Offset, i)
		}
		keys[i] = s.Key
	}
	return keys
}

func wantKeys(t *testing.T, log *stream.Postgres, want ...string) {
	t.Helper()
	if got := keys(t, log); !slices.Equal(got, want) && !reflect.DeepEqual(append([]string{}, want...), got) {
		t.Fatalf("the log has %q: want %q", got, want)
	}
}
