package payout_test

import (
	"context"
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
	Reset    bool
	Note     string
}

// append writes a record to the signer's log.
func (s *fakeSigner) append(l logLine) {
	l.Previous = s.end(len(s.records))
	text, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	s.records = append(s.records, payout.LogRecord{
		Sequence: uint64(len(s.records) + 1), Hash: digestOf(text), Line: text, Payout: l.Payout, Reset: l.Reset})
}

// end is the hash of the n-th record.
func (s *fakeSigner) end(n int) coffer.Hash {
	if n == 0 {
		return coffer.Hash{}
	}
	return s.records[n-1].Hash
}

func (s *fakeSigner) record(r coffer.SigningRequest) {
	id, err := s.w.wallet.ID(r.Unsigned)
	if err != nil {
		panic(err)
	}
	intent := r.Intent
	s.append(logLine{Payout: &payout.LoggedPayout{
		ID: intent.ID, IntentHash: intent.Hash(), Intent: &intent, Orders: r.Orders, ValidUntil: decode(r.Unsigned.Bytes).ValidUntil, IDs: []coffer.Hash{id}}})
}

// readLine is what the copy of a record says.
func readLine(line []byte, sequence uint64) (payout.LogRecord, error) {
	var l logLine
	if err := json.Unmarshal(line, &l); err != nil {
		return payout.LogRecord{}, err
	}
	return payout.LogRecord{Sequence: sequence, Hash: digestOf(line), Line: line, Payout: l.Payout, Reset: l.Reset}, nil
}

// pageOfLog is small, so that there are several.
const pageOfLog = 3

// Read implements payout.SignerLog.
func (s *fakeSigner) Read(_ context.Context, after uint64, previous coffer.Hash) (payout.LogPage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := uint64(len(s.records))
	page := payout.LogPage{Sequence: n, Head: s.end(len(s.records))}
	if after >= n {
		return page, nil
	}
	if s.end(int(after)) != previous {
		return payout.LogPage{}, payout.ErrLogDiffers
	}
	page.Records = slices.Clone(s.records[after:min(n, after+pageOfLog)])
	return page, nil
}

// Seen implements payout.SignerLog.
func (s *fakeSigner) Seen(_ context.Context, sequence uint64, head coffer.Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = max(s.seen, sequence)
	return nil
}

func (w *world) logs() []payout.SignerLog {
	logs := make([]payout.SignerLog, len(w.signers))
	for i, s := range w.signers {
		logs[i] = s
	}
	return logs
}

func (w *world) admit() error { return w.m.Admit(w.ctx, w.logs(), 2, func(string, error) {}) }

// backup is a copy of the database, and what the indexer had said by then.
type backup struct {
	emitted  []coffer.Block
	sequence uint64
	last     []byte
}

// tables are those of the system, but for the version's.
func (w *world) tables() []string {
	rows, err := w.db.Pool().Query(w.ctx, `select quote_ident(c.relname) from pg_class c
		where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relispartition and c.relname <> 'goose_db_version'`)
	if err != nil {
		w.tb.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) == 0 {
		w.tb.Fatal(len(names), "tables:", err)
	}
	return names
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
	statements := []string{"drop schema if exists backup cascade", "create schema backup"}
	for _, table := range w.tables() {
		statements = append(statements, fmt.Sprintf("create table backup.%s as table public.%s", table, table))
	}
	w.exec(statements...)
	return backup{slices.Clone(w.emitted), w.sequence, w.last}
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
	w.emitted, w.sequence, w.last = b.emitted, b.sequence, b.last
	w.crashIn = 0
	w.start()
}

// TestARestoredDatabasePaysNothingTwice tries histories in which the database is put back
// to an old copy under live signers: what they signed since is imported, blocks are read
// again, customers ask again under their keys, and then everything comes to its end. What
// the chain paid is what was settled; nobody is paid twice.
func TestARestoredDatabasePaysNothingTwice(t *testing.T) { tryRestores(t, nil) }

// The same where only time ends a transaction.
func TestARestoredDatabasePaysNothingTwiceOnTRON(t *testing.T) {
	tryRestores(t, []string{coffer.PathTRON})
}

func tryRestores(t *testing.T, paths []string) {
	t.Helper()
	fixHistories(t, restoredHistories)
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		scope := &scope{TB: t, rt: rt}
		defer scope.end()
		w := newWorld(scope, rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 3).Draw(rt, "lanes"))
		w.payBy(paths)
		w.mine(1, none)
		w.observe()
		act := func(name string) {
			for range rapid.IntRange(5, 30).Draw(rt, name) {
				w.act()
				w.observe()
			}
		}
		act("before")
		w.crashIn = 0
		if err := w.admit(); err != nil { // the copy knows how far the logs were read
			rt.Fatal(err)
		}
		copied := w.backup()
		known := len(w.requested)
		act("after the copy")
		w.restore(copied)

		done := w.recover(seen)
		for _, wd := range w.requested[known:] {
			w.ask(wd)
		}
		w.emit()
		w.observe()
		w.checkBooks()
		act("after the restore")
		// What was signed once and would fail now waits in its slot until its order ends,
		// which is longer than a test waits.
		clear(w.wallet.refuses)
		w.drain()
		w.checkEnd()
		seen["histories"]++
		seen["payouts"] += done.Payouts
		seen["attempts"] += done.Attempts
		seen["orders"] += done.Orders
	})
	must := []string{"halted", "went on", "payouts", "attempts", "orders"}
	if seen["histories"] >= 100 {
		must = append(must, "again under its key") // in one history of six
	}
	for _, what := range must {
		if seen[what] == 0 {
			t.Errorf("no history saw %s: %v", what, seen)
		}
	}
	t.Logf("histories saw: %v", seen)
}

// recover does what operators do.
func (w *world) recover(seen map[string]int) payout.Imported {
	err := w.admit()
	if err == nil {
		seen["went on"]++
		return payout.Imported{}
	}
	if !errors.Is(err, payout.ErrHalted) {
		w.tb.Fatal("admit:", err)
	}
	seen["halted"]++
	halt, err := payout.Halted(w.ctx, w.db)
	if err != nil {
		w.tb.Fatal(err)
	}
	if err := w.m.Unhalt(w.ctx, halt.Hash, "statement", []string{"alice", "bob"}); coffer.ErrorCode(err) != coffer.CodeConflict {
		w.tb.Errorf("resumed with %d records missing: %v", halt.Missing, err)
	}
	w.emit() // the indexer goes on from the copy
	done, err := w.m.Import(w.ctx, readLine)
	if err != nil {
		w.tb.Fatal("import: ", err)
	}
	again, err := w.m.Import(w.ctx, readLine)
	if err != nil || again != (payout.Imported{}) {
		w.tb.Errorf("a second import did %+v, %v", again, err)
	}
	if err := w.m.Unhalt(w.ctx, coffer.Hash{1}, "statement", nil); coffer.ErrorCode(err) != coffer.CodeConflict {
		w.tb.Errorf("another halt was ended: %v", err)
	}
	if err := w.m.Unhalt(w.ctx, halt.Hash, "statement", []string{"alice", "bob"}); err != nil {
		w.tb.Fatal("resume:", err)
	}
	if err := w.admit(); err != nil {
		w.tb.Fatal("admit after the import: ", err)
	}
	for _, wd := range w.requested {
		if got, err := w.withdrawals.Get(w.ctx, "acme", wd.ID); err == nil && strings.HasPrefix(got.IdempotencyKey, "restored:") {
			seen["again under its key"]++
		}
	}
	return done
}

// ask asks for a withdrawal again, as its customer does who lost sight of it.
func (w *world) ask(wd coffer.Withdrawal) {
	w.tb.Helper()
	got, err := w.withdrawals.Request(w.ctx, withdrawal.Request{
		Tenant: "acme", Account: account, IdempotencyKey: wd.IdempotencyKey, Chain: chain, Asset: wd.Asset,
		Destination: strings.ToLower(string(wd.Destination)), Amount: wd.Amount.String(),
	})
	if err != nil {
		w.tb.Fatal("ask again: ", err)
	}
	if got.ID != wd.ID {
		w.tb.Errorf("withdrawal %s is %s when asked for again", wd.ID, got.ID)
	}
}

// A log that was cut or replaced is noticed, and its signer told; a reset by a quorum makes
// it the log to follow.
func TestACutLogIsNoticed(t *testing.T) {
	w, _ := launch(t, usdt)
	w.mine(1, all)
	w.observe()
	if err := w.admit(); err != nil {
		t.Fatal(err)
	}
	var s *fakeSigner
	for _, one := range w.signers {
		if len(one.records) > 0 {
			s = one
		}
	}
	s.append(logLine{})
	if err := w.m.Follow(w.ctx, s); err != nil {
		t.Fatal(err)
	}
	whole := s.records

	s.records = whole[:1]
	if err := w.admit(); !errors.Is(err, payout.ErrLogBehind) {
		t.Errorf("a log that was cut: %v", err)
	}
	if s.seen != uint64(len(whole)) {
		t.Errorf("the signer was told of %d records, want %d", s.seen, len(whole))
	}
	s.records = whole[:1:1]
	s.append(logLine{Note: "another"})
	s.append(logLine{})
	if err := w.m.Follow(w.ctx, s); !errors.Is(err, payout.ErrLogDiffers) {
		t.Errorf("another log, longer than the one that was read: %v", err)
	}
	s.records = nil
	if err := w.m.Follow(w.ctx, s); !errors.Is(err, payout.ErrLogBehind) {
		t.Errorf("an empty log: %v", err)
	}

	s.records = whole[:1:1]
	s.append(logLine{Reset: true})
	if err := w.m.Follow(w.ctx, s); err != nil {
		t.Errorf("after a reset: %v", err)
	}
	lines := 0
	err := payout.SignerLines(w.ctx, w.db, s.name, func(line []byte) error {
		if !slices.Equal(line, s.records[lines].Line) {
			t.Errorf("line %d of the copy is another one", lines)
		}
		lines++
		return nil
	})
	if err != nil || lines != len(s.records) {
		t.Errorf("the copy has %d lines, the log %d: %v", lines, len(s.records), err)
	}
	if err := w.admit(); err != nil {
		t.Errorf("after a reset: %v", err)
	}
}

// Somebody else asked the signers: payouts halt.
func TestAPayoutOfOthersHaltsPayouts(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.mine(1, none)
	w.observe()
	o := coffer.Order{ID: "wd_stolen", Tenant: "acme", Account: account, Asset: usdt, Destination: "0x000000000000000000000000000000000000dEaD", Amount: coffer.NewAmount(5)}
	intent := coffer.Intent{ID: "po_stolen", Chain: chain, Wallet: hot, Path: coffer.PathUserOp, Purpose: coffer.PurposeOrders,
		Slot: coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: "0x0"}, Orders: []coffer.Hash{o.Hash()}, Payments: []coffer.Payment{o.Payment()}}
	w.signers[1].append(logLine{Payout: &payout.LoggedPayout{ID: intent.ID, IntentHash: intent.Hash(), Intent: &intent, Orders: []coffer.Order{o}, IDs: []coffer.Hash{{1}}}})
	if err := w.admit(); !errors.Is(err, payout.ErrHalted) {
		t.Errorf("admit: %v", err)
	}
	halt, err := payout.Halted(w.ctx, w.db)
	if err != nil || halt == nil || !strings.Contains(halt.Reason, "po_stolen") || halt.Missing != 1 {
		t.Errorf("halted %+v, %v", halt, err)
	}
}
