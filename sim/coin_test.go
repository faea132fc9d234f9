package sim_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
)

// Histories that are tried unless -rapid.checks says how many, or -rapid.seed which: a fixed
// set, for what blocks everybody must not depend on luck. "make explore" tries fresh ones.
const (
	histories         = "15"
	restoredHistories = "10"
	historiesSeed     = "1"
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

// TestCoinsArePaidOnce tries histories of deposits, withdrawals, batches, higher fees,
// reorganisations, cancellations, consolidations, thefts of coins that were set aside, faults
// and crashes, and lets everything come to its end. Coins and books are what the chain says
// after every step, transit:coins holds what was stolen and nothing else, and in the end what
// the chain paid is what was settled.
func TestCoinsArePaidOnce(t *testing.T) {
	fixHistories(t, histories)
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		scope := &scope{TB: t, rt: rt}
		defer scope.end()
		w := newWorld(scope, rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 4).Draw(rt, "lanes"))
		w.consolidateOver = rapid.SampledFrom([]int{0, 3}).Draw(rt, "consolidate over")
		w.start()
		w.fund()
		for range rapid.IntRange(40, 80).Draw(rt, "length") {
			w.act()
			w.observeDeposits()
			w.observePayouts()
			w.check()
			if rt.Failed() {
				return
			}
		}
		w.drain()
		w.checkEnd()
		for _, name := range w.strings(`select state from payout
			union all select 'cancelled in its slot' from payout where state = 'reverted'
			union all select 'consolidated' from payout where purpose = 'consolidate' and state = 'final'
			union all select 'child ' || state from payout where path_reason like 'pays for %'
			union all select 'another attempt' from payout_attempts where number > 0
			union all select 'left the chain' from ledger_entry where kind = 'payout.reversed'
			union all select 'withdrawal ' || state from withdrawal
			union all select 'stolen' from payout_coins where stranger
			union all select 'bad signature' from payout_signatures where signature = 'xxx'
			union all select 'anchor stolen' from payout_coins where stranger and position = 0`) {
			seen[name]++
		}
		for name, times := range w.passed {
			seen[name] += times
		}
		seen["histories"]++
	})
	must := []string{"withdrawal settled", "final", "another attempt", "left the chain", "crash"}
	if seen["histories"] >= 100 { // a few may miss what is rare; the tests of one thing each do not
		must = append(must, "cancelled in its slot", "consolidated", "stolen", "anchor stolen", "payout.bumped", "payout.cancelling", "child final", "child expired")
	}
	for _, what := range must {
		if seen[what] == 0 {
			t.Errorf("no history saw %s", what)
		}
	}
	if seen["bad signature"] > 0 {
		t.Error("bad signatures were stored")
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
	mix := func() bool { return w.net.rng.IntN(3) > 0 }
	account := accounts[between(0, 1)]
	switch between(0, 29) {
	case 0, 1:
		w.strangerPays(w.users[account], uint64(between(5, 3000)))
	case 2, 3, 4:
		for range between(1, 4) {
			w.request(accounts[between(0, 1)], uint64(between(1, 900)))
		}
		w.approveAll()
	case 5, 6, 7, 8, 23, 24:
		w.plan()
		w.step(between(1, 12))
	case 9, 10, 11:
		w.mine(between(1, 3), mix)
	case 12:
		w.plan()
		w.step(12)
		w.mine(between(1, 5), none)
		w.observeDeposits()
		w.observePayouts()
		w.now = w.now.Add(6 * time.Second) // sending again is due, with a higher fee after two blocks
		w.step(4)
	case 13, 14:
		if depth := int(w.net.Tip().Height - w.net.Final()); depth > 0 {
			depth = between(1, min(depth, 6))
			w.reorg(depth, between(0, depth+2), mix)
		}
	case 15, 25:
		w.moveFinal(between(0, 3))
	case 16:
		w.now = w.now.Add(time.Duration(between(1, 60)) * time.Second)
	case 17:
		w.wallet.faults[[]string{"select", "build", "simulate", "send", "answer"}[between(0, 4)]] = between(1, 3)
		w.wallet.dear = between(0, 3) == 0
		w.wallet.rate = uint64(between(10, 60))
	case 18:
		w.signers[between(0, 2)].mood = []int{willing, willing, refusing, failing, straying, scribbling}[between(0, 5)]
	case 19:
		w.crashIn = between(1, 25)
	case 20:
		w.steal()
	case 21:
		w.plan()
		w.step(12)
		w.mine(between(16, 20), none) // the intent's time passes
		w.observeDeposits()
		w.observePayouts()
		w.now = w.now.Add(6 * time.Second)
		w.step(between(1, 6))
	case 26, 27: // one reads the chain faster than the other, and something is planned meanwhile
		w.mine(between(1, 2), mix)
		w.moveFinal(between(0, 1))
		if between(0, 1) == 0 {
			w.observePayouts()
		} else {
			w.observeDeposits()
		}
		w.plan()
		w.step(between(1, 12))
	case 28, 29:
		w.passOn()
	case 22:
		w.try(func() error {
			_, err := w.payouts.PlanConsolidation(w.ctx, chain)
			return err
		})
		w.clearAlarms()
	}
}

// passOn lets somebody spend what a payout pays before that is in a block, and lets the payout
// wait for its block.
func (w *world) passOn() {
	_, landed := ledgerOf(w.net.Canonical())
	var waiting []transaction
	for _, t := range w.net.sent {
		_, in := landed[t.id()]
		if _, theft := w.net.thefts[t.id()]; !in && !theft && len(t.Payments) > 0 && t.Coins[0].Address != stranger && t.Payments[0].To != thief {
			waiting = append(waiting, t)
		}
	}
	if len(waiting) == 0 {
		return
	}
	t := waiting[len(waiting)-1-w.net.rng.IntN(min(len(waiting), 3))]
	w.net.passOn(t, w.net.rng.IntN(len(t.Payments)))
	w.mine(3, none)
	w.observeDeposits()
	w.observePayouts()
	w.now = w.now.Add(6 * time.Second)
	w.step(6)
}

// fund gives the customers some coins, for good.
func (w *world) fund() {
	for _, account := range accounts {
		for n := range 4 {
			w.strangerPays(w.users[account], uint64(500*(n+1)))
		}
	}
	w.mine(2, all)
	w.moveFinal(0)
	w.observeDeposits()
	w.observePayouts()
}

// moveFinal makes blocks final up to so many below the tip.
func (w *world) moveFinal(behind int) {
	tip := int(w.net.Tip().Height)
	if height := tip - behind; height > int(w.net.Final()) {
		w.net.SetFinal(uint64(height))
		w.mine(1, none)
	}
}

const thief = coffer.Address("0x00000000000000000000000000000000000000ff")

// steal lets somebody spend a coin that is set aside, without a payout.
func (w *world) steal() {
	if w.net.rng.IntN(2) > 0 {
		return
	}
	coins := w.strings("select coin from payout_coins c join payout p on p.id = c.payout_id where c.state = 'reserved' and p.state in ('signing', 'signed', 'broadcast') order by coin")
	unspent, _ := ledgerOf(w.net.Canonical())
	coins = slices.DeleteFunc(coins, func(id string) bool {
		_, there := unspent[coffer.CoinID(id)]
		return !there
	})
	if len(coins) == 0 {
		return
	}
	id := coffer.CoinID(coins[w.net.rng.IntN(len(coins))])
	out := unspent[id]
	theft := transaction{
		Payout: fmt.Sprint("theft ", len(w.net.thefts)), Coins: []coffer.Coin{{ID: id, Address: out.To, Amount: out.Amount}},
		Payments: []coffer.Payment{{Asset: btc, To: thief, Amount: out.Amount}},
	}
	w.net.thefts[theft.id()] = theft
	w.net.send(theft)
}

// clearAlarms is a person who has looked.
func (w *world) clearAlarms() {
	w.tb.Helper()
	desk := payout.NewDesk(w.db, w.clock)
	waiting, err := desk.Waiting(w.ctx)
	if err != nil {
		w.tb.Fatal(err)
	}
	for _, p := range waiting {
		if _, err := desk.Clear(w.ctx, payout.Clearance{Payout: p.ID, Actor: "olga", Why: "seen"}); err != nil && coffer.ErrorCode(err) != coffer.CodeConflict {
			w.tb.Fatal(err)
		}
	}
}

// drain mends everything and goes on until every withdrawal and payout has ended.
func (w *world) drain() {
	w.crashIn = 0
	w.wallet.faults = map[string]int{}
	w.wallet.dear, w.wallet.rate = false, 20
	for _, s := range w.signers {
		s.mood = willing
	}
	w.strangerPays(w.wallet.Address(), 50_000) // thieves were here
	for range 400 {
		w.review()
		w.approveAll()
		w.plan()
		w.step(30)
		w.mine(1, all)
		w.observeDeposits()
		w.observePayouts()
		w.moveFinal(2)
		w.observeDeposits()
		w.observePayouts()
		w.clearAlarms()
		w.now = w.now.Add(6 * time.Second)
		if len(w.open()) == 0 {
			w.check()
			return
		}
	}
	w.tb.Fatal("withdrawals never end:", strings.Join(w.open(), "; "))
}

// open says which withdrawals and payouts have not ended, and why.
func (w *world) open() []string {
	open := w.strings("select id || ' ' || state || ' ' || purpose || ' ' || slot_lane || ' note ' || note || ' alarm ' || alarm from payout where state not in ('final', 'reverted', 'expired', 'cancelled')")
	for _, wd := range w.requested {
		if got := w.state(wd.ID); !coffer.WithdrawalMoves.End(got.State) {
			open = append(open, fmt.Sprintf("%s of %s is %s (%s)", got.ID, got.Amount, got.State, got.Reason))
		}
	}
	return open
}

// checkEnd compares withdrawals, chain and books when everything has ended.
func (w *world) checkEnd() {
	w.tb.Helper()
	paid := map[coffer.Address][]coffer.Payment{}
	_, landed := ledgerOf(w.net.Canonical())
	for id := range landed {
		for _, p := range w.net.known[id].Payments {
			paid[p.To] = append(paid[p.To], p)
		}
	}
	spent := map[string]uint64{}
	settled := 0
	for _, wd := range w.requested {
		got := w.state(wd.ID)
		payments := paid[got.Destination]
		ok := len(payments) == 0
		if got.State == coffer.WithdrawalSettled {
			ok = len(payments) == 1 && payments[0] == got.Payment()
			spent[got.Account] += number(got.Amount) + withdrawFee
			settled++
		}
		if !ok {
			w.tb.Errorf("%s of %s is %s, but the chain paid %v", got.ID, got.Amount, got.State, payments)
		}
	}
	for _, account := range accounts {
		received := uint64(0)
		for _, p := range paid[w.users[account]] {
			if number(p.Amount) >= 10 {
				received += number(p.Amount)
			}
		}
		balance, err := w.books.BalanceOf(w.ctx, account, btc)
		if err != nil {
			w.tb.Fatal(err)
		}
		if has := number(balance.Available) + number(balance.Pending); has != received-spent[account] || !balance.Held.IsZero() {
			w.tb.Errorf("%s has %d and %s held, received %d and spent %d", account, has, balance.Held, received, spent[account])
		}
	}
	for code, want := range map[string]int64{ledger.TransitWithdrawal: 0, ledger.RevenueWithdrawFee: -int64(settled * withdrawFee)} {
		if got := w.house(code); got != want {
			w.tb.Errorf("%s is %d, want %d", code, got, want)
		}
	}
	if left := w.strings("select payout_id || ' ' || coin from payout_coins where state = 'reserved'"); len(left) > 0 {
		w.tb.Errorf("coins are still set aside: %v", left)
	}
	report, err := w.books.Verify(w.ctx)
	if err != nil || report.Difference != "" {
		w.tb.Errorf("the ledger does not verify: %s, %v", report.Difference, err)
	}
}
