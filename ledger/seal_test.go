package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// seal seals what can be sealed now and returns how many entries that were.
func (b *books) seal() (total int) {
	b.t.Helper()
	for {
		n, err := b.Seal(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		if n == 0 {
			return total
		}
		total += n
	}
}

// sealAll seals what is committed, and returns how many entries that were. The sealer waits
// for every transaction of the server that began before, those of other databases and of
// autovacuum among them, so this waits for it.
func (b *books) sealAll() (total int) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		total += b.seal()
		var left int
		err := b.db.Pool().QueryRow(ctx, `select count(*) from ledger_commit
			where place > coalesce((select max(place) from ledger_seal), 0)`).Scan(&left)
		if err != nil {
			b.t.Fatal(err)
		}
		if left == 0 {
			return total
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("%d commits are still not sealed", left)
		case <-ticker.C:
		}
	}
}

// begin opens a transaction that the test ends itself.
func (b *books) begin() pgx.Tx {
	b.t.Helper()
	tx, err := b.db.Pool().Begin(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = tx.Rollback(b.t.Context()) })
	return tx
}

// sealed returns the ids of sealed entries in the order of the chain.
func (b *books) sealed() []string {
	b.t.Helper()
	rows, err := b.db.Pool().Query(b.t.Context(), `
		select e.id from ledger_commit c join ledger_entry e on e.xid = c.xid
		where c.place <= (select max(place) from ledger_seal) order by c.place, e.seq`)
	if err != nil {
		b.t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.t.Fatal(err)
	}
	return ids
}

func TestSealsCoverEachEntryOnce(t *testing.T) {
	b := newBooks(t)
	if n := b.seal(); n != 0 {
		t.Fatalf("sealed %d entries of none", n)
	}
	const commits = 230 // more than two seals hold
	for i := range commits {
		b.post(credit(fmt.Sprintf("d%03d", i), alice, 1, uint64(i+1)))
	}
	if n := b.sealAll(); n != commits {
		t.Fatalf("sealed %d entries, want %d", n, commits)
	}
	if n := b.seal(); n != 0 {
		t.Fatalf("sealed %d entries again", n)
	}
	b.post(credit("unsealed", alice, 1, 999))

	report, err := b.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if report.Difference != "" || report.Entries != commits+1 || report.Postings != 2*(commits+1) || report.Seals != 3 || report.Unsealed != 1 || report.Head.IsZero() {
		t.Fatalf("report %+v", report)
	}

	var blocks string
	if err := b.db.Pool().QueryRow(t.Context(), "select blocks from ledger_seal order by number desc limit 1").Scan(&blocks); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%s %d %s\n", chain, commits, block(commits).Hash); blocks != want {
		t.Fatalf("last seal covers blocks %q, want %q", blocks, want)
	}
}

func TestSealWaitsForTransactionsThatMayComeBefore(t *testing.T) {
	b := newBooks(t)
	slow := b.begin()
	if err := b.Post(t.Context(), slow, credit("slow", alice, 1, 1)); err != nil {
		t.Fatal(err)
	}
	// The deferred check has run, so the place is drawn; only the commit is missing.
	if _, err := slow.Exec(t.Context(), "set constraints all immediate"); err != nil {
		t.Fatal(err)
	}
	b.post(credit("fast", bob, 1, 1))

	if n := b.seal(); n != 0 {
		t.Fatalf("sealed %d entries past a transaction that comes before them", n)
	}
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := b.sealAll(); n != 2 {
		t.Fatalf("sealed %d entries, want 2", n)
	}
	if got := fmt.Sprint(b.sealed()); got != "[slow fast]" {
		t.Fatalf("sealed in order %s", got)
	}
	b.wantSound()
}

func TestSealsFollowCommitOrderNotStartOrder(t *testing.T) {
	b := newBooks(t)
	early := b.begin()
	if _, err := early.Exec(t.Context(), "select pg_current_xact_id()"); err != nil {
		t.Fatal(err)
	}
	b.post(credit("d1", alice, 5, 1))
	if err := b.Reverse(t.Context(), early, "d1", "r1", "deposit.reverse", block(1), start); err != nil {
		t.Fatal(err)
	}
	if err := early.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}

	b.sealAll()
	if got := fmt.Sprint(b.sealed()); got != "[d1 r1]" {
		t.Fatalf("sealed in order %s: a reversal before its entry", got)
	}
}

func TestRolledBackEntriesLeaveNoTrace(t *testing.T) {
	b := newBooks(t)
	gone := b.begin()
	if err := b.Post(t.Context(), gone, credit("gone", alice, 1, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := gone.Exec(t.Context(), "set constraints all immediate"); err != nil {
		t.Fatal(err)
	}
	if err := gone.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.post(credit("d1", alice, 1, 1))
	if n := b.sealAll(); n != 1 {
		t.Fatalf("sealed %d entries, want 1", n)
	}
	b.wantSound()
}
