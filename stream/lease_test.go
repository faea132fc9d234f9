package stream_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
)

const (
	role = "indexer/eip155:1"
	ttl  = 10 * time.Second
)

func TestLeaseHasOneHolderAtATime(t *testing.T) {
	db := postgrestest.New(t)
	noon := clock()
	a := acquire(t, db, "a", noon, 1)

	if _, err := stream.AcquireLease(t.Context(), db, role, "b", ttl, noon.Add(ttl-time.Microsecond)); !errors.Is(err, stream.ErrLeaseHeld) {
		t.Errorf("acquire before expiry: error %v: want ErrLeaseHeld", err)
	}
	a, err := stream.RenewLease(t.Context(), db, a, ttl, noon.Add(5*time.Second))
	if err != nil || a.Epoch != 1 || !a.Expires.Equal(noon.Add(15*time.Second)) {
		t.Fatalf("renewed to %+v, error %v", a, err)
	}
	if a.Expired(noon.Add(15*time.Second-1)) || !a.Expired(noon.Add(15*time.Second)) {
		t.Error("expired at another time than Expires")
	}
	if _, err := stream.AcquireLease(t.Context(), db, role, "b", ttl, noon.Add(ttl)); !errors.Is(err, stream.ErrLeaseHeld) {
		t.Errorf("acquire before the renewed expiry: error %v: want ErrLeaseHeld", err)
	}

	acquire(t, db, "b", noon.Add(15*time.Second), 2)
	if _, err := stream.RenewLease(t.Context(), db, a, ttl, noon.Add(15*time.Second)); !errors.Is(err, stream.ErrLeaseLost) {
		t.Errorf("renew after another acquired: error %v: want ErrLeaseLost", err)
	}
	if err := stream.ReleaseLease(t.Context(), db, a, noon); !errors.Is(err, stream.ErrLeaseLost) {
		t.Errorf("release after another acquired: error %v: want ErrLeaseLost", err)
	}
}

func TestLeaseOfOneOfCompetingHolders(t *testing.T) {
	const holders = 8
	db := postgrestest.New(t)
	for round := range 5 {
		now := clock().Add(time.Duration(round) * ttl)
		errs := make(chan error, holders)
		for h := range holders {
			go func() {
				_, err := stream.AcquireLease(t.Context(), db, role, string(rune('a'+round))+string(rune('a'+h)), ttl, now)
				errs <- err
			}()
		}
		won := 0
		for range holders {
			switch err := <-errs; {
			case err == nil:
				won++
			case !errors.Is(err, stream.ErrLeaseHeld):
				t.Fatal(err)
			}
		}
		if won != 1 {
			t.Fatalf("%d holders won: want 1", won)
		}
	}
}

func TestReleasedLeaseIsFreeAtOnce(t *testing.T) {
	db := postgrestest.New(t)
	a := acquire(t, db, "a", clock(), 1)
	if err := stream.ReleaseLease(t.Context(), db, a, clock()); err != nil {
		t.Fatal(err)
	}
	acquire(t, db, "b", clock(), 2)
}

func TestStaleEpochMayNotWrite(t *testing.T) {
	db := postgrestest.New(t)
	first := acquire(t, db, "a", clock(), 1)
	second := acquire(t, db, "a", clock(), 2) // the same holder after a restart
	for _, c := range []struct {
		name  string
		lease stream.Lease
		want  error
	}{
		{"current", second, nil},
		{"stale", first, stream.ErrLeaseLost},
		{"another's", stream.Lease{Name: role, Holder: "b", Epoch: 2}, stream.ErrLeaseLost},
		{"from the future", stream.Lease{Name: role, Holder: "a", Epoch: 3}, stream.ErrLeaseLost},
		{"unknown", stream.Lease{Name: "other", Holder: "a", Epoch: 1}, stream.ErrLeaseLost},
	} {
		err := db.Tx(t.Context(), func(tx pgx.Tx) error { return stream.CheckLease(t.Context(), tx, c.lease) })
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %v: want %v", c.name, err, c.want)
		}
	}
}

// Between the check and the commit nobody can take the lease, expired or not.
func TestCheckedLeaseCannotBeTakenBeforeTheCommit(t *testing.T) {
	db := postgrestest.New(t)
	a := acquire(t, db, "a", clock(), 1)
	tx := begin(t, db)
	if err := stream.CheckLease(t.Context(), tx, a); err != nil {
		t.Fatal(err)
	}

	taken := make(chan stream.Lease, 1)
	go func() {
		l, err := stream.AcquireLease(t.Context(), db, role, "b", ttl, clock().Add(time.Hour))
		if err != nil {
			t.Error(err)
		}
		taken <- l
	}()
	waitForLock(t, db)
	select {
	case l := <-taken:
		t.Fatalf("taken while a transaction relied on it: %+v", l)
	default:
	}
	commit(t, tx)
	if l := <-taken; l.Holder != "b" || l.Epoch != 2 {
		t.Errorf("taken: %+v: want b with epoch 2", l)
	}
	err := db.Tx(t.Context(), func(tx pgx.Tx) error { return stream.CheckLease(t.Context(), tx, a) })
	if !errors.Is(err, stream.ErrLeaseLost) {
		t.Errorf("error %v: want ErrLeaseLost", err)
	}
}

func TestLeaseRefusesNonsense(t *testing.T) {
	db := postgrestest.New(t)
	for _, c := range []struct {
		name, holder string
		ttl          time.Duration
	}{{"", "a", ttl}, {role, "", ttl}, {role, "a", 0}, {role, "a", -ttl}} {
		if _, err := stream.AcquireLease(t.Context(), db, c.name, c.holder, c.ttl, clock()); !errors.Is(err, stream.ErrInvalid) {
			t.Errorf("%+v: error %v: want ErrInvalid", c, err)
		}
	}
}

func acquire(t *testing.T, db *postgres.DB, holder string, now time.Time, epoch int64) stream.Lease {
	t.Helper()
	l, err := stream.AcquireLease(t.Context(), db, role, holder, ttl, now)
	want := stream.Lease{Name: role, Holder: holder, Epoch: epoch, Expires: now.Add(ttl)}
	if err != nil || l != want {
		t.Fatalf("acquired %+v, error %v: want %+v", l, err, want)
	}
	return l
}

// waitForLock returns when a connection of the database waits for a row lock.
func waitForLock(t *testing.T, db *postgres.DB) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		var waiting bool
		err := db.Pool().QueryRow(t.Context(), "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')").Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		if waiting {
			return
		}
	}
	t.Fatal("nobody waits for a lock")
}
