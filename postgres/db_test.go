package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
)

func TestTxRunsAgainAfterADeadlock(t *testing.T) {
	db := postgrestest.New(t)
	run(t, db, "create table counter (id int primary key, n int not null)")
	run(t, db, "insert into counter values (1, 0), (2, 0)")

	// Each side holds one row and then wants the other's. Whoever loses runs again.
	var meet [2]chan struct{}
	meet[0], meet[1] = make(chan struct{}), make(chan struct{})
	runs, done := make(chan int, 2), make(chan error, 2)
	for i := range 2 {
		go func() {
			attempts := 0
			err := db.Tx(t.Context(), func(tx pgx.Tx) error {
				attempts++
				if _, err := tx.Exec(t.Context(), "update counter set n = n + 1 where id = $1", i+1); err != nil {
					return err
				}
				if attempts == 1 {
					close(meet[i])
					select {
					case <-meet[1-i]:
					case <-time.After(10 * time.Second):
						return errors.New("the other side did not come")
					}
				}
				_, err := tx.Exec(t.Context(), "update counter set n = n + 1 where id = $1", 2-i)
				return err
			})
			runs <- attempts
			done <- err
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	// More than 3 when the side that runs again is faster than the one that it let go on.
	if total := <-runs + <-runs; total < 3 {
		t.Errorf("%d runs: want 3 at least, one side once and the other twice", total)
	}
	var a, b int
	if err := db.Pool().QueryRow(t.Context(), "select min(n), max(n) from counter").Scan(&a, &b); err != nil || a != 2 || b != 2 {
		t.Errorf("counters %d and %d, error %v: want 2 and 2", a, b, err)
	}
}

func TestTxGivesUpAfterItsBound(t *testing.T) {
	db := postgrestest.New(t, postgres.WithPause(func(int) time.Duration { return 0 }))
	attempts := 0
	err := db.Tx(t.Context(), func(tx pgx.Tx) error {
		attempts++
		_, err := tx.Exec(t.Context(), "do $$ begin raise exception sqlstate '40001'; end $$")
		return err
	})
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "40001" || attempts != postgres.MaxTxAttempts {
		t.Errorf("error %v after %d attempts: want 40001 after %d", err, attempts, postgres.MaxTxAttempts)
	}
}

func TestTxStopsWaitingWhenItsContextEnds(t *testing.T) {
	db := postgrestest.New(t, postgres.WithPause(func(int) time.Duration { return time.Hour }))
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "do $$ begin raise exception sqlstate '40P01'; end $$")
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v: want context.Canceled", err)
	}
}

func TestTxDoesNotRepeatOtherErrorsAndLeavesNothing(t *testing.T) {
	db := postgrestest.New(t)
	run(t, db, "create table thing (n int)")
	refusal := errors.New("no")
	attempts := 0
	err := db.Tx(t.Context(), func(tx pgx.Tx) error {
		attempts++
		if _, err := tx.Exec(t.Context(), "insert into thing values (1)"); err != nil {
			return err
		}
		return refusal
	})
	if !errors.Is(err, refusal) || attempts != 1 {
		t.Errorf("error %v after %d attempts: want ours after 1", err, attempts)
	}
	var count int
	if err := db.Pool().QueryRow(t.Context(), "select count(*) from thing").Scan(&count); err != nil || count != 0 {
		t.Errorf("%d rows, error %v: want none", count, err)
	}
}

func TestConnectionsCarryTimeouts(t *testing.T) {
	db, err := postgres.Open(t.Context(), postgrestest.NewDSN(t)+" lock_timeout=1234 pool_max_conns=3")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	for name, want := range map[string]string{
		"statement_timeout":                   "30s",
		"lock_timeout":                        "1234ms", // the DSN's own
		"idle_in_transaction_session_timeout": "30s",
		"TimeZone":                            "UTC",
	} {
		var got string
		if err := db.Pool().QueryRow(t.Context(), "select current_setting($1)", name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, error %v: want %s", name, got, err, want)
		}
	}
	if got := db.Pool().Config().MaxConns; got != 3 {
		t.Errorf("at most %d connections: want the DSN's 3", got)
	}
}

func TestOpenRefusesABadDSN(t *testing.T) {
	for _, dsn := range []string{"postgres://[", "host=/nowhere/at/all user=x", "port=nine"} {
		if db, err := postgres.Open(t.Context(), dsn); err == nil {
			db.Close()
			t.Errorf("%q opened", dsn)
		}
	}
}

func run(t *testing.T, db *postgres.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Pool().Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
