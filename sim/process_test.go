package sim_test

import (
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/sim"
)

// work writes a row in a transaction.
func work(p *sim.Process) error {
	return p.DB().Tx(p.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(p.Context(), "insert into done default values")
		return err
	})
}

// TestAProcessDiesBetweenAnyTwoMessages lets one die at each point of a transaction: it is
// committed when, and only when, the commit was sent, and nothing reaches anything afterwards.
func TestAProcessDiesBetweenAnyTwoMessages(t *testing.T) {
	dsn := postgrestest.NewDSN(t)
	db, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if _, err := db.Pool().Exec(t.Context(), "create table done (n int generated always as identity)"); err != nil {
		t.Fatal(err)
	}
	rows := func() (n int) {
		if err := db.Pool().QueryRow(t.Context(), "select count(*) from done").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	play := func(at int) (*sim.Process, []string) {
		p, err := sim.NewProcess(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		p.Record()
		p.Arm(at)
		if err := work(p); (err != nil) != (at > 0) {
			t.Errorf("dying at %d: %v", at, err)
		}
		return p, p.Names()
	}

	p, names := play(0)
	if err := p.Close(db); err != nil {
		t.Fatal(err)
	}
	if want := []string{"sql begin isolation level read before", "sql begin isolation level read after",
		"sql insert into done default before", "sql insert into done default after", "sql commit before", "sql commit after"}; !slices.Equal(names, want) {
		t.Fatalf("points %q, want %q", names, want)
	}
	for at := 1; at <= len(names); at++ {
		before := rows()
		p, _ := play(at)
		if p.Died() != names[at-1] {
			t.Errorf("it died at %q, want %q", p.Died(), names[at-1])
		}
		if err := work(p); err == nil {
			t.Error("a dead process writes")
		}
		called := false
		if err := p.Call("node", func() error { called = true; return nil }); !errors.Is(err, sim.ErrDied) || called {
			t.Errorf("a dead process calls: %v, %v", called, err)
		}
		if err := p.Close(db); err != nil {
			t.Fatal(err)
		}
		want := 0
		if names[at-1] == "sql commit after" {
			want = 1
		}
		if got := rows() - before; got != want {
			t.Errorf("dying at %q: %d rows, want %d", names[at-1], got, want)
		}
	}
}

// TestDeadProcessesLeaveNothing makes many and lets them die.
func TestDeadProcessesLeaveNothing(t *testing.T) {
	dsn := postgrestest.NewDSN(t)
	db, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if _, err := db.Pool().Exec(t.Context(), "create table done (n int generated always as identity)"); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for n := range 100 {
		p, err := sim.NewProcess(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		p.Arm(1 + n%6)
		if err := work(p); err == nil {
			t.Error("it lives")
		}
		if err := p.Close(db); err != nil {
			t.Fatal(err)
		}
	}
	if after := runtime.NumGoroutine(); after > before+20 {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}
