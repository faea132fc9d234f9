package payout_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/withdrawal"
)

// Histories that are tried unless -rapid.checks says how many, or -rapid.seed which: a fixed
// set, for what blocks everybody must not depend on luck. "make explore" tries fresh ones.
const (
	histories         = "15"
	restoredHistories = "10"
	historiesSeed     = "2"
)

// fixHistories makes rapid try the fixed histories until the test ends.
func fixHistories(t *testing.T, checks string) {
	t.Helper()
	for name, value := range map[string]string{"rapid.checks": checks, "rapid.seed": historiesSeed} {
		set := flag.Lookup(name)
		if before := set.Value.String(); before == set.DefValue {
			if err := flag.Set(name, value); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = flag.Set(name, before) }) // it was good before
		}
	}
}

// TestPaidOnChainIsWhatWasSettled tries histories of withdrawals, faults of the node and
// of signers, crashes at any checkpoint with a restart from the database, repeated block
// events, destinations that refuse, orders that no signer signs, reorganisations and finality
// in any order, and then lets everything come to its end. What the chain paid is what was settled; nobody is paid twice, then or on the way.
func TestPaidOnChainIsWhatWasSettled(t *testing.T) {
	fixHistories(t, histories)
	tryHistories(t, [][]string{nil, {coffer.PathUserOp, coffer.PathExec}, {coffer.PathExec}},
		"settled", "failed", "crash", "final", "reverted", "expired", "cancelled", "left the chain", "halved", "left out", "payout.bumped",
		"payout.after_broadcast", "payout.signature", "payout.observed", "payout.cancelling")
}

// TestPaidOnceWhereOnlyTimeEndsATransaction is the same for TRON: each transaction pays one order,
// none takes the place of another, and what a call lacks in energy is tried again.
func TestPaidOnceWhereOnlyTimeEndsATransaction(t *testing.T) {
	fixHistories(t, histories)
	tryHistories(t, [][]string{{coffer.PathTRON}},
		"settled", "failed", "crash", "final", "reverted", "expired", "cancelled", "left the chain", "left out", "again", "energy",
		"payout.after_broadcast", "payout.signature", "payout.observed")
}

// tryHistories tries histories on some of the paths, which must see all of these.
func tryHistories(t *testing.T, paths [][]string, must ...string) {
	t.Helper()
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		scope := &scope{TB: t, rt: rt}
		defer scope.end()
		w := newWorld(scope, rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 3).Draw(rt, "lanes"))
		w.payBy(rapid.SampledFrom(paths).Draw(rt, "paths"))
		w.mine(1, none)
		w.observe()
		for range rapid.IntRange(30, 60).Draw(rt, "length") {
			w.act()
			w.observe()
			w.checkBooks()
			if rt.Failed() {
				return
			}
		}
		w.drain()
		w.checkEnd()
		for _, wd := range w.requested {
			seen[string(w.state(wd.ID).State)]++
		}
		for _, name := range append(w.passed, w.ends()...) {
			seen[name]++
		}
	})

	// The histories must have gone where it hurts.
	for _, what := range must {
		if seen[what] == 0 {
			t.Errorf("no history saw %s: %v", what, seen)
		}
	}
	t.Logf("histories saw: %v", seen)
}

// scope is one history: its complaints are those of the history, and what it opened is
// closed when it ends.
type scope struct {
	testing.TB
	rt       *rapid.T
	cleanups []func()
}

func (s *scope) Helper()                           {}
func (s *scope) Errorf(format string, args ...any) { s.rt.Errorf(format, args...) }
func (s *scope) Fatal(args ...any)                 { s.rt.Fatal(args...) }
func (s *scope) Cleanup(f func())                  { s.cleanups = append(s.cleanups, f) }

func (s *scope) end() {
	for _, f := range slices.Backward(s.cleanups) {
		f()
	}
}

// act does one thing, chosen by the seed.
func (w *world) act() {
	between := func(least, most int) int { return least + w.net.rng.IntN(most-least+1) }
	mix := func() choice {
		switch w.net.rng.IntN(8) {
		case 0, 1:
			return leave
		case 2:
			return fail
		}
		return succeed
	}
	switch between(0, 22) {
	case 0, 1, 2:
		for range between(1, 3) {
			w.request(assets[between(0, 2)], uint64(between(1, 5000)))
		}
		w.approveAll()
	case 3, 4, 5, 6:
		w.plan()
		w.step(between(1, 12))
	case 7, 8:
		w.mine(between(1, 3), mix)
	case 9:
		w.plan()
		w.step(12)
		w.mine(between(1, 14), none)
		w.observe()
		w.later(6 * time.Second) // sending again is due, with a higher fee after two blocks
		w.step(2)
	case 10, 11, 12:
		final := w.head()
		if depth := int(w.net.Tip().Height - final); depth > 0 {
			depth = between(1, min(depth, 6))
			w.reorg(depth, between(0, depth+2), mix)
		}
	case 13:
		from, tip := w.head(), w.net.Tip().Height
		w.net.SetFinal(from + w.net.rng.Uint64N(tip-from+1))
		w.mine(1, mix)
	case 14:
		w.later(time.Duration(between(1, 40)) * time.Second)
	case 15:
		w.wallet.faults[[]string{"slot", "build", "simulate", "send", "answer"}[between(0, 4)]] = between(1, 4)
	case 16:
		w.signers[between(0, 2)].mood = []int{willing, willing, refusing, absent, scribbling, straying}[between(0, 5)]
	case 17:
		w.crashIn = between(1, 25)
	case 19:
		w.hostile(between(0, 14), between(0, 2))
	case 20:
		w.refuseOne(between(0, 14))
	case 21:
		w.wallet.dear = w.net.rng.IntN(3) == 0
		w.wallet.faults["legs"] = between(0, 2)
	case 18:
		w.deliver(w.last)
		w.cancelOne(between(0, 14))
	case 22:
		w.plan()
		w.step(12)
		w.mine(between(16, 20), none) // the intent's time passes
		w.observe()
		w.later(6 * time.Second)
		w.step(between(1, 6))
	}
}

func (w *world) head() uint64 {
	head, err := w.net.Head(w.ctx)
	if err != nil {
		w.tb.Fatal(err)
	}
	return head.Final.Height
}

// hostile makes a destination refuse payments: on the chain only, or where simulation sees
// it too. It may take them again.
func (w *world) hostile(n, how int) {
	if n >= len(w.requested) {
		return
	}
	to := w.requested[n].Destination
	delete(w.wallet.refuses, to)
	w.net.mu.Lock()
	defer w.net.mu.Unlock()
	delete(w.net.poison, to)
	if how > 0 {
		w.net.poison[to] = true
	}
	if how > 1 {
		w.wallet.refuses[to] = true
	}
}

// refuseOne makes every signer refuse one order, or none.
func (w *world) refuseOne(n int) {
	var order coffer.Hash
	if n < len(w.requested) {
		order = w.requested[n].OrderHash
	}
	for _, s := range w.signers {
		s.refuses = order
	}
}

// review lets a person decide about what no signer signed.
func (w *world) review() {
	waiting, err := w.withdrawals.InReview(w.ctx, "", "", 100)
	if err != nil {
		w.tb.Fatal(err)
	}
	for n, wd := range waiting {
		decide := w.withdrawals.Release
		if n%2 == 1 {
			decide = w.withdrawals.Reject
		}
		if _, err := decide(w.ctx, withdrawal.Decision{Tenant: "acme", Withdrawal: wd.ID, Actor: "olga"}); err != nil {
			w.tb.Fatal(err)
		}
	}
}

func (w *world) cancelOne(n int) {
	if n >= len(w.requested) {
		return
	}
	_, err := w.withdrawals.Cancel(w.ctx, "acme", w.requested[n].ID)
	if err != nil && coffer.ErrorCode(err) != coffer.CodeConflict {
		w.tb.Fatal(err)
	}
}

// drain mends everything and goes on until every withdrawal has ended.
func (w *world) drain() {
	w.crashIn = 0
	w.wallet.faults = map[string]int{}
	w.wallet.dear = false
	for _, s := range w.signers {
		s.mood = willing
	}
	w.refuseOne(len(w.requested))
	for range 400 {
		w.review()
		w.approveAll()
		w.plan()
		w.step(30)
		w.mine(1, all)
		w.observe()
		if tip := w.net.Tip().Height; tip > 2 {
			w.net.SetFinal(max(w.head(), tip-2))
		}
		if len(w.open()) == 0 {
			w.checkBooks()
			return
		}
	}
	w.tb.Fatal("withdrawals never end:", strings.Join(w.open(), "; "))
}

// ends are the states payouts ended in, and one line for each that left the chain once.
func (w *world) ends() []string {
	rows, err := w.db.Pool().Query(w.ctx, `select state from payout
		union all select 'left the chain' from ledger_entry where kind = 'payout.reversed'
		union all select 'halved' from payout p where state = 'reverted' and (select count(*) from payout_orders o where o.payout_id = p.id) > 1
		union all select 'again' from payout p where state = 'expired' and exists (
			select from payout_orders o join payout_orders next using (withdrawal_id) where o.payout_id = p.id and next.payout_id <> p.id)
		union all select 'energy' from payout p where reason like '%OUT_OF_ENERGY%' and exists (
			select from payout_orders o join payout_orders next using (withdrawal_id) where o.payout_id = p.id and next.payout_id <> p.id)
		union all select 'refused' from payout where reason like 'every signer refused%'
		union all select 'left out' from payout where reason like '%payments would fail'`)
	if err != nil {
		w.tb.Fatal(err)
	}
	ends, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.tb.Fatal(err)
	}
	return ends
}

// open says which withdrawals have not ended, and why.
func (w *world) open() []string {
	var open []string
	for _, wd := range w.requested {
		got := w.state(wd.ID)
		if coffer.WithdrawalMoves.End(got.State) {
			continue
		}
		text := fmt.Sprintf("%s is %s (%s)", got.ID, got.State, got.Reason)
		if p, err := w.m.Get(w.ctx, got.Payout); err == nil {
			text += fmt.Sprintf(", payout %s in %s: note %q alarm %q", p.State, p.Intent.Slot, p.Note, p.Alarm)
		}
		open = append(open, text)
	}
	return open
}

// checkEnd compares withdrawals, chain and books when everything has ended.
func (w *world) checkEnd() {
	paid := w.net.paid()
	spent, income := map[coffer.AssetID]int64{}, map[coffer.AssetID]int64{}
	for _, wd := range w.requested {
		got := w.state(wd.ID)
		payments := paid[got.Destination]
		if !settledAsPaid(got, payments) {
			w.tb.Errorf("%s of %s %s is %s, but the chain paid %v", got.ID, got.Amount, got.Asset, got.State, payments)
		}
		if got.State == coffer.WithdrawalSettled {
			spent[got.Asset] += int64(got.Amount.Int().Uint64()) + 3
			income[got.Asset] += 3
		}
	}
	for _, asset := range assets {
		balance, err := w.books.BalanceOf(w.ctx, account, asset)
		if err != nil {
			w.tb.Fatal(err)
		}
		if available := int64(balance.Available.Int().Uint64()); available != funds-spent[asset] || !balance.Held.IsZero() {
			w.tb.Errorf("the customer has %d of %s and %s held, want %d", available, asset, balance.Held, funds-spent[asset])
		}
		if got := w.house(ledger.TransitWithdrawal, asset); got != 0 {
			w.tb.Errorf("%d of %s is still on its way", got, asset)
		}
		if got := w.house(ledger.RevenueWithdrawFee, asset); got != -income[asset] {
			w.tb.Errorf("fee income is %d of %s, want %d", -got, asset, income[asset])
		}
	}
	report, err := w.books.Verify(w.ctx)
	if err != nil || report.Difference != "" {
		w.tb.Errorf("the ledger does not verify: %s, %v", report.Difference, err)
	}
	if alarms, err := w.m.Alarms(w.ctx); err != nil || len(alarms) > 0 {
		w.tb.Errorf("alarms: %v, %v", alarms, err)
	}
}

func settledAsPaid(w coffer.Withdrawal, payments []coffer.Payment) bool {
	if w.State == coffer.WithdrawalSettled {
		return len(payments) == 1 && payments[0] == w.Payment()
	}
	return len(payments) == 0
}

// TestACrashAtAnyCheckpointPaysOnce kills the process at one checkpoint after the other,
// and lets the chain go on before it is back.
func TestACrashAtAnyCheckpointPaysOnce(t *testing.T) {
	visited := map[string]bool{}
	for at, more := 1, true; more; at++ {
		t.Run(fmt.Sprintf("checkpoint %d", at), func(t *testing.T) {
			crashed := crashAt(t, at)
			visited[crashed] = true
			more = crashed != "" && !t.Failed()
		})
	}
	for _, name := range []string{"payout.before_broadcast", "payout.after_broadcast", "payout.signature", "payout.before_signed", "payout.signed", "payout.storing", "payout.observing"} {
		if !visited[name] {
			t.Errorf("no crash at %s: %v", name, visited)
		}
	}
}

// crashAt returns the name of the checkpoint, or nothing when there are fewer.
func crashAt(t *testing.T, at int) string {
	w := newWorld(t, 1, 1)
	w.mine(1, none)
	w.request(usdt, 100)
	w.request(usdc, 200)
	w.approveAll()
	w.crashIn = at
	for range 12 {
		w.observe()
		w.plan()
		w.step(1)
		if w.crashIn == 0 {
			break
		}
	}
	if w.crashIn > 0 {
		return ""
	}
	crashed := w.passed[slices.Index(w.passed, "crash")-1]
	t.Logf("crashed at %s", crashed)

	w.mine(1, all)
	w.observe()
	w.drain()
	w.checkEnd()
	return crashed
}
