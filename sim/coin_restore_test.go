package sim_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/withdrawal"
)

// logLine is how the fake signers keep a record.
type logLine struct {
	Previous coffer.Hash
	Payout   *payout.LoggedPayout
}

// record writes down what is about to be signed.
func (s *coinSigner) record(r coffer.SigningRequest) {
	intent := r.Intent
	text, err := json.Marshal(logLine{s.end(len(s.records)), &payout.LoggedPayout{
		ID: intent.ID, IntentHash: intent.Hash(), Intent: &intent, Orders: r.Orders, IDs: []coffer.Hash{decode(r.Unsigned.Bytes).id()},
	}})
	if err != nil {
		panic(err)
	}
	rec, err := readLine(text, uint64(len(s.records)+1))
	if err != nil {
		panic(err)
	}
	s.records = append(s.records, rec)
}

// end is the hash of the n-th record.
func (s *coinSigner) end(n int) coffer.Hash {
	if n == 0 {
		return coffer.Hash{}
	}
	return s.records[n-1].Hash
}

// readLine is what the copy of a record says.
func readLine(line []byte, sequence uint64) (payout.LogRecord, error) {
	var l logLine
	err := json.Unmarshal(line, &l)
	return payout.LogRecord{Sequence: sequence, Hash: sha256.Sum256(line), Line: line, Payout: l.Payout}, err
}

// Read implements payout.SignerLog.
func (s *coinSigner) Read(_ context.Context, after uint64, previous coffer.Hash) (payout.LogPage, error) {
	page := payout.LogPage{Sequence: uint64(len(s.records)), Head: s.end(len(s.records))}
	if after >= page.Sequence {
		return page, nil
	}
	if s.end(int(after)) != previous {
		return payout.LogPage{}, payout.ErrLogDiffers
	}
	page.Records = slices.Clone(s.records[after:min(page.Sequence, after+50)])
	return page, nil
}

// Seen implements payout.SignerLog.
func (s *coinSigner) Seen(context.Context, uint64, coffer.Hash) error { return nil }

func (w *world) admit() error {
	logs := make([]payout.SignerLog, len(w.signers))
	for i, s := range w.signers {
		logs[i] = s
	}
	return w.payouts.Admit(w.ctx, logs, 2, func(string, error) {})
}

// backup is what the indexer had said when the database was copied.
type backup struct {
	emitted  []coffer.Block
	sequence uint64
}

func (w *world) tables() []string {
	return w.strings(`select quote_ident(c.relname) from pg_class c
		where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relispartition and c.relname <> 'goose_db_version'`)
}

func (w *world) exec(statements ...string) {
	w.tb.Helper()
	if _, err := w.db.Pool().Exec(w.ctx, strings.Join(statements, ";\n")); err != nil {
		w.tb.Fatal(err)
	}
}

// backup copies every table.
func (w *world) backup() backup {
	w.tb.Helper()
	statements := []string{"create schema backup"}
	for _, table := range w.tables() {
		statements = append(statements, fmt.Sprintf("create table backup.%s as table public.%s", table, table))
	}
	w.exec(statements...)
	return backup{slices.Clone(w.emitted), w.sequence}
}

// restore puts the copy back, and starts from it.
func (w *world) restore(b backup) {
	w.tb.Helper()
	statements := []string{"begin", "set local session_replication_role = replica"} // no triggers
	for _, table := range w.tables() {
		statements = append(statements, "delete from public."+table,
			fmt.Sprintf("insert into public.%s overriding system value table backup.%s", table, table))
	}
	w.exec(append(statements, "commit")...)
	w.emitted, w.sequence, w.crashIn = b.emitted, b.sequence, 0
	w.start()
}

// recover does what operators do with an old database under live signers.
func (w *world) recover() payout.Imported {
	w.tb.Helper()
	w.follow() // the indexer goes on from the copy
	w.observeDeposits()
	err := w.admit()
	if err == nil {
		return payout.Imported{}
	}
	if !errors.Is(err, payout.ErrHalted) {
		w.tb.Fatal("admit:", err)
	}
	halt, err := payout.Halted(w.ctx, w.db)
	if err != nil {
		w.tb.Fatal(err)
	}
	done, err := w.payouts.Import(w.ctx, readLine)
	for range 20 {
		if !errors.Is(err, withdrawal.ErrElsewhere) {
			break
		}
		// A coin was stolen, and a person let its payout go after the copy was made.
		var step payout.Imported
		w.clearAlarms()
		step, err = w.payouts.Import(w.ctx, readLine)
		done.Payouts, done.Attempts, done.Orders = done.Payouts+step.Payouts, done.Attempts+step.Attempts, done.Orders+step.Orders
	}
	if err != nil {
		w.tb.Fatal("import: ", err)
	}
	if err := w.payouts.Unhalt(w.ctx, halt.Hash, "statement", []string{"alice", "bob"}); err != nil {
		w.tb.Fatal("resume:", err)
	}
	if err := w.admit(); err != nil {
		w.tb.Fatal("admit after the import:", err)
	}
	return done
}

// TestARestoredDatabaseTakesNoCoinTwice puts the database back to an old copy under live
// signers. What they signed since is imported with its coins and its address for change;
// nothing else takes them, and what came back there is found.
func TestARestoredDatabaseTakesNoCoinTwice(t *testing.T) {
	fixHistories(t, restoredHistories)
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		scope := &scope{TB: t, rt: rt}
		defer scope.end()
		w := newWorld(scope, rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 4).Draw(rt, "lanes"))
		w.fund()
		act := func(name string) {
			for range rapid.IntRange(5, 30).Draw(rt, name) {
				w.act()
				w.observeDeposits()
				w.observePayouts()
			}
			w.crashIn = 0
		}
		act("before")
		if err := w.admit(); err != nil { // the copy knows how far the logs were read
			rt.Fatal(err)
		}
		copied := w.backup()
		act("after the copy")
		w.restore(copied)
		done := w.recover()
		w.observeDeposits()
		w.observePayouts()
		w.check()
		if rt.Failed() {
			return
		}
		w.requested = w.known()
		act("after the restore")
		w.drain()
		w.checkEnd()
		seen["payouts"] += done.Payouts
		seen["attempts"] += done.Attempts
		seen["orders"] += done.Orders
		seen["change"] += len(w.strings("select address from deposit_backfill where state = 'done'"))
	})
	for _, what := range []string{"payouts", "attempts", "orders", "change"} {
		if seen[what] == 0 {
			t.Errorf("no history saw %s: %v", what, seen)
		}
	}
	t.Logf("histories saw: %v", seen)
}

// known are the withdrawals that the database has, made again or not; others were never
// signed, and their customers ask again.
func (w *world) known() []coffer.Withdrawal {
	w.tb.Helper()
	rows, err := w.db.Pool().Query(w.ctx, "select id from withdrawal order by id")
	if err != nil {
		w.tb.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.tb.Fatal(err)
	}
	all, err := w.withdrawals.ByIDs(w.ctx, ids)
	if err != nil {
		w.tb.Fatal(err)
	}
	return all
}

// In the copy a payout waits in a slot whose coin was stolen since, and which a person let go. An
// import stops there: beyond it lands what its withdrawals were signed for next.
func TestAnImportWaitsForThePersonWhoLetAPayoutGo(t *testing.T) {
	w, p := stuck(t)
	if err := w.admit(); err != nil {
		t.Fatal(err)
	}
	copied := w.backup()
	w.rob(p.Intent.Coins[0])
	w.moveFinal(0)
	w.observe()
	w.clearAlarms()
	w.mined(1)
	w.drain()
	w.wantState(0, coffer.WithdrawalSettled)

	w.restore(copied)
	w.follow()
	w.observeDeposits()
	if err := w.admit(); !errors.Is(err, payout.ErrHalted) {
		t.Fatal("admit: ", err)
	}
	if _, err := w.payouts.Import(w.ctx, readLine); err == nil || !strings.Contains(err.Error(), "payout "+p.ID+" waits for a person: its slot ") {
		t.Fatal("import: ", err)
	}
	w.recover()
	w.drain()
	w.wantState(0, coffer.WithdrawalSettled)
	w.checkEnd()
}
