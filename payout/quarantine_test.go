package payout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

// round plans, signs, sends, mines and makes final what there is.
func (w *world) round() {
	w.tb.Helper()
	w.approveAll()
	for range 2 { // what is left out makes room for another plan
		w.planAll()
		w.step(60)
	}
	w.mine(1, all)
	w.observe()
	w.finish()
	w.checkBooks()
}

func (w *world) wantStates(want ...coffer.WithdrawalState) {
	w.tb.Helper()
	for i, wd := range w.requested {
		if got := w.state(wd.ID); got.State != want[i] {
			w.tb.Errorf("withdrawal %d is %s (%s), want %s", i, got.State, got.Reason, want[i])
		}
	}
}

func (w *world) wantNothingHeld() {
	w.tb.Helper()
	for _, asset := range assets {
		balance, err := w.books.BalanceOf(w.ctx, account, asset)
		if err != nil || !balance.Held.IsZero() {
			w.tb.Errorf("%s of %s is held, %v", balance.Held, asset, err)
		}
	}
}

func TestABatchThatFailsOnTheChainIsHalvedUntilTheBadPaymentIsAlone(t *testing.T) {
	w := newTuned(t, func(*world) {})
	for n := range 4 {
		w.request(usdt, uint64(10+n))
	}
	w.net.poison[w.requested[2].Destination] = true
	w.approveAll()
	w.planAll()
	w.wantBatches([]int{0, 1, 2, 3})
	first := w.payoutOf(w.requested[0].ID)
	w.step(20)
	w.mine(1, all)
	w.observe()
	w.wantStates("paying", "paying", "paying", "paying") // until it is final
	w.finish()
	if p, err := w.m.Get(t.Context(), first.ID); err != nil || p.State != coffer.PayoutReverted {
		t.Fatalf("the batch is %s, %v", p.State, err)
	}
	w.wantStates("approved", "approved", "approved", "approved")

	w.approveAll()
	w.planAll()
	w.wantBatches([]int{0, 1}, []int{2, 3})
	slots := []string{first.Intent.Slot.String()}
	for _, n := range []int{0, 2} {
		slots = append(slots, w.payoutOf(w.requested[n].ID).Intent.Slot.String())
	}
	slices.Sort(slots)
	if len(slices.Compact(slots)) != 3 {
		t.Errorf("slots %v", slots)
	}
	w.round()
	w.wantStates("settled", "settled", "approved", "approved")
	w.round()
	w.wantStates("settled", "settled", "failed", "settled")
	if got := w.state(w.requested[2].ID); !strings.Contains(got.Reason, "execution reverted") {
		t.Errorf("the reason is %q", got.Reason)
	}
	w.wantNothingHeld()
	w.checkEnd()
}

func TestARevertThatLeavesTheChainHalvesNothing(t *testing.T) {
	w, ws := launch(t, usdt, usdc)
	w.mine(1, func() choice { return fail })
	w.observe()
	w.reorg(1, 2, none)
	w.observe()
	if p := w.payoutOf(ws[0].ID); p.State != coffer.PayoutBroadcast || p.Reason != "" {
		t.Fatalf("payout is %s: %s", p.State, p.Reason)
	}
	w.mine(1, all)
	w.observe()
	w.finish()
	w.wantStates("settled", "settled")
	w.wantBatches([]int{0, 1})
	w.checkBooks()
}

func TestAPaymentThatSimulationNamesIsLeftOutBeforeAnybodySigns(t *testing.T) {
	w := newTuned(t, func(*world) {})
	for n := range 4 {
		w.request(usdt, uint64(10+n))
	}
	w.wallet.refuses[w.requested[1].Destination] = true
	w.round()
	w.wantStates("settled", "approved", "settled", "settled")
	if got := w.state(w.requested[1].ID); !strings.Contains(got.Reason, "the token refuses") {
		t.Errorf("the reason is %q", got.Reason)
	}
	w.wantBatches([]int{0, 2, 3})
	w.later(10 * time.Second)
	w.round()
	w.wantStates("settled", "failed", "settled", "settled")
	for _, s := range w.signers {
		if _, asked := s.signed[w.requested[1].OrderHash]; asked {
			t.Errorf("%s was asked to sign what would fail", s.name)
		}
	}
	w.wantNothingHeld()
	w.checkEnd()
}

func TestAPaymentThatFailedOnceIsPaidWhenItWorksAgain(t *testing.T) {
	w := newTuned(t, func(*world) {})
	w.request(usdt, 10)
	w.request(usdt, 11)
	to := w.requested[1].Destination
	w.wallet.refuses[to] = true
	w.round()
	delete(w.wallet.refuses, to)
	w.later(10 * time.Second)
	w.round()
	w.wantStates("settled", "settled")
	w.checkEnd()
}

func TestWhatSimulationCannotExplainIsHalved(t *testing.T) {
	w := newTuned(t, func(*world) {})
	for n := range 4 {
		w.request(usdt, uint64(10+n))
	}
	w.wallet.refuses[w.requested[3].Destination] = true
	w.wallet.faults["legs"] = 1000
	for range 12 {
		w.approveAll()
		w.planAll()
		w.step(30)
		w.later(9 * time.Second)
	}
	w.mine(1, all)
	w.observe()
	w.finish()
	w.wantStates("settled", "settled", "settled", "approved")
	w.checkBooks()
}

func TestANodeThatDoesNotAnswerSplitsNothing(t *testing.T) {
	w := newTuned(t, func(*world) {})
	for n := range 4 {
		w.request(usdt, uint64(10+n))
	}
	w.approveAll()
	w.planAll()
	w.wallet.faults["build"] = 3
	for range 4 {
		w.step(5)
		w.later(8 * time.Second)
	}
	w.wantStates("approved", "approved", "approved", "approved")
	w.later(10 * time.Second)
	w.planAll()
	w.wantBatches([]int{0, 1, 2, 3})
}

func TestWhatEverySignerRefusesFreesItsLaneAndEndsWithAPerson(t *testing.T) {
	w := newWorld(t, 1, 1) // one lane
	w.mine(1, none)
	w.observe()
	bad := w.request(usdt, 666)
	good := w.request(usdt, 10)
	for _, s := range w.signers {
		s.refuses = bad.OrderHash
	}
	w.approveAll()
	w.plan()
	for range 4 {
		w.step(3)
		w.later(9 * time.Second)
	}
	p := w.payoutOf(bad.ID)
	if p.State != coffer.PayoutSigning || !strings.Contains(p.Parked, "every signer refuses") {
		t.Fatalf("payout is %s, parked %q", p.State, p.Parked)
	}
	if alarms, err := w.m.Alarms(t.Context()); err != nil || len(alarms) != 1 {
		t.Errorf("alarms %v, %v", alarms, err)
	}
	// The next one does not wait for it.
	next := w.request(usdc, 5)
	w.approveAll()
	w.plan()
	w.step(10)
	if p := w.payoutOf(next.ID); p.State != coffer.PayoutBroadcast || p.Intent.Slot.Lane != "0x1" {
		t.Fatalf("the next payout is %s in slot %s", p.State, p.Intent.Slot)
	}

	// Its validity ends, finally: halves.
	w.mine(12, all)
	w.finish()
	w.wantStates("approved", "approved", "settled")
	w.approveAll()
	w.planAll()
	w.step(20)
	for range 4 {
		w.later(9 * time.Second)
		w.step(3)
		w.plan()
	}
	w.step(10)
	if p := w.payoutOf(good.ID); p.State != coffer.PayoutBroadcast || len(p.Withdrawals) != 1 {
		t.Fatalf("the good one is %s with %d payments: %s", p.State, len(p.Withdrawals), p.Note)
	}
	w.mine(15, all)
	w.finish()
	w.wantStates("review", "settled", "settled")
	if got := w.state(bad.ID); !strings.Contains(got.Reason, "every signer refused") {
		t.Errorf("the reason is %q", got.Reason)
	}
	// Nothing was bound, so the first slot of the lane was used by another.
	if _, err := w.withdrawals.Reject(t.Context(), withdrawal.Decision{Tenant: "acme", Withdrawal: bad.ID, Actor: "olga", Note: "not this one"}); err != nil {
		t.Fatal(err)
	}
	w.wantNothingHeld()
	w.checkBooks()
}

func TestOneSignerThatDoesNotAnswerIsNoRefusal(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.signers[0].mood, w.signers[1].mood, w.signers[2].mood = refusing, refusing, failing
	wd := w.request(usdt, 10)
	w.approveAll()
	w.plan()
	for range 8 {
		w.step(3)
		w.later(9 * time.Second)
	}
	p := w.payoutOf(wd.ID)
	if p.State != coffer.PayoutSigning || p.Parked != "" {
		t.Errorf("payout is %s, parked %q", p.State, p.Parked)
	}
}

func TestASpentFeeBudgetParksThePayoutAndNeverAbandonsIt(t *testing.T) {
	w, ws := launch(t, usdt)
	for range 6 {
		w.mine(3, none)
		w.observe()
		w.later(10 * time.Second)
		w.step(10)
		if w.payoutOf(ws[0].ID).Parked != "" {
			break
		}
	}
	p := w.payoutOf(ws[0].ID)
	if p.State != coffer.PayoutBroadcast || !strings.Contains(p.Parked, "fee budget is spent") {
		t.Fatalf("payout is %s after %d attempts, parked %q", p.State, len(p.Attempts), p.Parked)
	}
	sent := w.wallet.sentTimes
	w.later(10 * time.Second)
	w.step(3)
	if w.wallet.sentTimes == sent {
		t.Error("a parked payout was not sent again")
	}
	w.mine(1, all)
	w.observe()
	if p = w.payoutOf(ws[0].ID); p.State != coffer.PayoutIncluded || p.Parked != "" {
		t.Errorf("payout is %s, parked %q", p.State, p.Parked)
	}
	w.finish()
	w.wantStates("settled")
	w.checkBooks()
}

func TestFeesAboveTheBudgetMakeAPayoutWaitAndParkIt(t *testing.T) {
	w := newTuned(t, func(*world) {})
	w.request(usdt, 10)
	w.request(usdt, 11)
	w.wallet.dear = true
	w.approveAll()
	w.planAll()
	for range 6 {
		w.step(3)
		w.later(9 * time.Second)
	}
	if p := w.payoutOf(w.requested[0].ID); p.State != coffer.PayoutPlanned || !strings.Contains(p.Parked, "fee budget") {
		t.Fatalf("payout is %s, parked %q", p.State, p.Parked)
	}
	w.wallet.dear = false
	w.step(10)
	if p := w.payoutOf(w.requested[0].ID); p.State != coffer.PayoutBroadcast || p.Parked != "" {
		t.Errorf("payout is %s, parked %q", p.State, p.Parked)
	}
	w.wantBatches([]int{0, 1})
}

func TestWhatPeoplePausedIsNotPlannedAndNotGivenUp(t *testing.T) {
	w, _ := launch(t, usdt)
	refuse := func(mood int) {
		for _, s := range w.signers {
			s.mood = mood
		}
	}
	second := w.request(usdt, 7)
	w.mine(1, all)
	w.observe()
	w.finish()
	w.approveAll()
	w.plan()
	refuse(failing)
	w.step(3) // up to signing
	refuse(refusing)
	w.paused = usdt
	for range 8 {
		w.step(3)
		w.later(9 * time.Second)
	}
	if p := w.payoutOf(second.ID); p.State != coffer.PayoutSigning || p.Parked != "" {
		t.Fatalf("payout is %s, parked %q", p.State, p.Parked)
	}
	w.request(usdt, 8)
	third := w.request(usdc, 9)
	w.limits.Lanes = 2
	w.start()
	w.approveAll()
	w.planAll()
	if p := w.payoutOf(third.ID); len(p.Withdrawals) != 1 {
		t.Errorf("%d orders beside what is paused", len(p.Withdrawals))
	}
	w.paused = ""
	refuse(willing)
	for range 3 {
		w.later(9 * time.Second)
		w.round()
	}
	w.wantStates("settled", "settled", "settled", "settled")
}

func TestWhatWouldFailLeavesASlotThatSignersKnow(t *testing.T) {
	for name, legs := range map[string]int{"the wallet names the payment": 0, "it does not": 1000} {
		t.Run(name, func(t *testing.T) {
			w, ws := launch(t, usdt, usdc)
			w.mine(20, none)
			w.finish() // expired, and made again in its slot
			w.wallet.refuses[ws[0].Destination] = true
			w.wallet.faults["legs"] = legs
			for range 60 {
				w.later(9 * time.Second)
				w.plan()
				w.step(5)
				w.mine(1, all)
				w.observe()
			}
			w.finish()
			if got := w.state(ws[1].ID); got.State != coffer.WithdrawalSettled {
				t.Errorf("the other is %s: %s", got.State, got.Reason)
			}
			w.wallet.faults = map[string]int{}
			for range 60 {
				w.later(9 * time.Second)
				w.approveAll()
				w.plan()
				w.step(5)
			}
			w.wantStates("failed", "settled")
			w.wantNothingHeld()
			w.checkBooks()
		})
	}
}

// TRON: a transaction that never landed burned nothing, and says nothing about energy.
func TestPayoutsThatExpiredAreNoTriesForEnergy(t *testing.T) {
	w := newTuned(t, func(*world) {})
	w.payBy([]string{coffer.PathTRON})
	w.request(usdt, 10)
	id := w.requested[0].ID
	try := func(pick func() choice, ends coffer.PayoutState) {
		t.Helper()
		w.later(time.Minute) // what was put off is due
		w.approveAll()
		w.planAll()
		w.step(60)
		p := w.payoutOf(id)
		if p.State != coffer.PayoutBroadcast {
			t.Fatalf("payout is %s (%s)", p.State, p.Note)
		}
		w.mine(1, pick)
		w.observe()
		w.mine(60, func() choice { return leave })
		w.observe()
		w.finish()
		got, err := w.m.Get(w.ctx, p.ID)
		if err != nil || got.State != ends {
			t.Fatalf("payout is %s (%s), %v; want %s", got.State, got.Reason, err, ends)
		}
	}
	for range 4 {
		try(func() choice { return leave }, coffer.PayoutExpired)
	}
	for _, want := range []coffer.WithdrawalState{"approved", "approved", "review"} {
		try(func() choice { return fail }, coffer.PayoutReverted)
		w.wantStates(want)
	}
	w.checkBooks()
}
