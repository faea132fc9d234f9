package payout_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
)

func (w *world) clear(id, unproven string) (payout.Payout, error) {
	return payout.NewDesk(w.db, w.clock).Clear(w.ctx, payout.Clearance{Payout: id, Actor: "olga", Why: "looked at the explorer", Unproven: unproven})
}

// half lets a batch of two land with one Transfer only.
func half(t *testing.T) (*world, []coffer.Withdrawal, string) {
	t.Helper()
	w, ws := launch(t, usdt, usdc)
	contents := w.net.contents(w.net.Canonical(), 1, all)
	contents[0].Transfers = contents[0].Transfers[:1]
	w.net.Mine(contents[0].Transfers, contents[0].Outcomes)
	w.follow()
	w.observe()
	id := w.state(ws[0].ID).Payout
	if p, err := w.m.Get(t.Context(), id); err != nil || !strings.Contains(p.Alarm, "payments [1]") {
		t.Fatalf("alarm %q, %v", p.Alarm, err)
	}
	return w, ws, id
}

func TestAPersonSaysWhatBecameOfAnUnprovenPayment(t *testing.T) {
	for word, want := range map[string]coffer.WithdrawalState{payout.UnprovenPaid: coffer.WithdrawalSettled, payout.UnprovenUnpaid: coffer.WithdrawalFailed} {
		t.Run(word, func(t *testing.T) {
			w, _, id := half(t)
			var invalid *coffer.Error
			if _, err := w.clear(id, ""); !errors.As(err, &invalid) || invalid.Field != "unproven" {
				t.Errorf("without a word about the payment: %v", err)
			}
			if p, err := w.clear(id, word); err != nil || p.Alarm != "" {
				t.Fatalf("alarm %q, %v", p.Alarm, err)
			}
			w.finish()
			w.wantStates(coffer.WithdrawalSettled, want)
			w.wantNothingHeld()
			if got := w.house(ledger.TransitWithdrawal, usdc); got != 0 {
				t.Errorf("%d is still on its way", got)
			}
			paid := int64(0)
			if word == payout.UnprovenPaid {
				paid = 101
			}
			if got := w.house(ledger.PrefixCustodyHot+string(hot), usdc); got != funds-paid {
				t.Errorf("the wallet has %d", got)
			}
			history, err := payout.NewDesk(w.db, w.clock).History(t.Context(), id)
			if err != nil || len(history) != 1 || history[0].Actor != "olga" || !strings.Contains(history[0].Action, word) {
				t.Errorf("history %+v, %v", history, err)
			}
			if _, err := w.clear(id, ""); coffer.ErrorCode(err) != coffer.CodeConflict {
				t.Errorf("cleared again: %v", err)
			}
		})
	}
}

func TestAClearedPayoutWhoseBlockLeavesIsAnOrdinaryOne(t *testing.T) {
	w, _, id := half(t)
	if _, err := w.clear(id, payout.UnprovenPaid); err != nil {
		t.Fatal(err)
	}
	w.reorg(1, 2, none)
	w.observe()
	w.checkBooks()
	w.wantStates("paying", "paying")
	w.mine(1, all)
	w.observe()
	w.finish()
	w.wantStates("settled", "settled")
	w.checkEnd()
}

// The block comes back that left, and with it the same question: the answer is booked anew.
func TestAClearedPaymentIsBookedAgainWithItsBlock(t *testing.T) {
	w, _, id := half(t)
	block := w.net.Tip().Hash
	for range 2 {
		if _, err := w.clear(id, payout.UnprovenPaid); err != nil {
			t.Fatal(err)
		}
		if got := w.house(ledger.PrefixCustodyHot+string(hot), usdc); got != funds-101 {
			t.Errorf("the wallet has %d when a person has said that it paid", got)
		}
		w.reorg(1, 2, none)
		w.observe()
		w.checkBooks()
		w.net.Switch(block)
		w.follow()
		w.observe()
	}
	if _, err := w.clear(id, payout.UnprovenPaid); err != nil {
		t.Fatal(err)
	}
	w.finish()
	w.wantStates("settled", "settled")
	if got := w.house(ledger.TransitWithdrawal, usdc); got != 0 {
		t.Errorf("%d is still on its way", got)
	}
	if got := w.house(ledger.PrefixCustodyHot+string(hot), usdc); got != funds-101 {
		t.Errorf("the wallet has %d", got)
	}
}

// A person's word and the end of the block it is about come at once: what was booked for the
// word is undone with the block.
func TestAClearanceWhileItsBlockLeaves(t *testing.T) {
	w, _, id := half(t)
	w.reorg(1, 2, none)
	observed := make(chan error, 1)
	desk := payout.NewDesk(w.db, w.clock)
	desk.At(func(string) {
		go func() {
			_, err := w.m.Observe(w.ctx, chain)
			observed <- err
		}()
		w.waitForALock()
	})
	if _, err := desk.Clear(t.Context(), payout.Clearance{Payout: id, Actor: "olga", Why: "looked at the explorer", Unproven: payout.UnprovenPaid}); err != nil {
		t.Fatal(err)
	}
	if err := <-observed; err != nil {
		t.Fatal(err)
	}
	w.observe()
	w.checkBooks()
	w.wantStates("paying", "paying")
	w.mine(1, all)
	w.observe()
	w.finish()
	w.wantStates("settled", "settled")
	w.checkEnd()
}

// waitForALock waits until some transaction waits for another one.
func (w *world) waitForALock() {
	w.tb.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for waiting := false; !waiting; {
		err := w.db.Pool().QueryRow(w.ctx, "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')").Scan(&waiting)
		if err != nil {
			w.tb.Fatal(err)
		}
		select {
		case <-poll.C:
		case <-limit.C:
			w.tb.Fatal("nothing waits for a lock")
		}
	}
}

func TestWhatLostItsSlotGoesIntoAnotherWhenAPersonHasLooked(t *testing.T) {
	w, ws := launch(t, usdt, usdc)
	p := w.payoutOf(ws[0].ID)
	w.net.Mine(nil, []coffer.Outcome{{ID: coffer.Hash{66}, Tx: coffer.Hash{67}, Sender: hot, Slot: p.Intent.Slot, Success: true}})
	w.follow()
	w.observe()
	w.finish()
	w.wantStates("paying", "paying") // nobody has looked
	if _, err := w.clear(p.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.mine(1, none)
	w.observe()
	if got, err := w.m.Get(t.Context(), p.ID); err != nil || got.State != coffer.PayoutExpired {
		t.Fatalf("payout is %s, %v", got.State, err)
	}
	w.wantStates("approved", "approved")
	w.approveAll()
	w.planAll()
	w.step(20)
	if p := w.payoutOf(ws[0].ID); p.State != coffer.PayoutBroadcast || p.Intent.Slot.String() != "entrypoint/0x0/1" {
		t.Fatalf("payout is %s in slot %s", p.State, p.Intent.Slot)
	}
	w.mine(1, all)
	w.observe()
	w.finish()
	w.wantStates("settled", "settled")
	w.wantNothingHeld()
}

func TestALostSlotThatComesBackIsNoLoss(t *testing.T) {
	w, ws := launch(t, usdt)
	p := w.payoutOf(ws[0].ID)
	w.net.Mine(nil, []coffer.Outcome{{ID: coffer.Hash{66}, Tx: coffer.Hash{67}, Sender: hot, Slot: p.Intent.Slot, Success: true}})
	w.follow()
	w.observe()
	if _, err := w.clear(p.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.mine(1, none)
	w.observe()
	if got, err := w.m.Get(t.Context(), p.ID); err != nil || got.State != coffer.PayoutBroadcast {
		t.Fatalf("before the loss is final, the payout is %s, %v", got.State, err)
	}
	w.reorg(2, 2, all)
	w.observe()
	w.finish()
	w.wantStates("settled")
	w.checkEnd()
}

func TestWhatIsParkedIsTriedAgainAtOnce(t *testing.T) {
	w := newTuned(t, func(*world) {})
	wd := w.request(usdt, 10)
	w.wallet.dear = true
	w.approveAll()
	w.planAll()
	w.step(1)
	p := w.payoutOf(wd.ID)
	if waiting, err := payout.NewDesk(w.db, w.clock).Waiting(t.Context()); err != nil || len(waiting) != 1 || waiting[0].ID != p.ID {
		t.Fatalf("waiting %+v, %v", waiting, err)
	}
	w.wallet.dear = false
	w.later(time.Millisecond)
	w.step(1)
	if w.payoutOf(wd.ID).State != coffer.PayoutPlanned {
		t.Fatal("it was due before")
	}
	if _, err := w.clear(p.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.step(10)
	if p := w.payoutOf(wd.ID); p.State != coffer.PayoutBroadcast || p.Parked != "" {
		t.Errorf("payout is %s, parked %q", p.State, p.Parked)
	}
}

func TestABadClearanceChangesNothing(t *testing.T) {
	w, _, id := half(t)
	desk := payout.NewDesk(w.db, w.clock)
	long := strings.Repeat("x", 2001)
	for field, c := range map[string]payout.Clearance{
		"actor":    {Payout: id, Why: "y", Unproven: "paid"},
		"why":      {Payout: id, Actor: "olga", Unproven: "paid", Why: long},
		"unproven": {Payout: id, Actor: "olga", Why: "y", Unproven: "perhaps"},
	} {
		var invalid *coffer.Error
		if _, err := desk.Clear(t.Context(), c); !errors.As(err, &invalid) || invalid.Code != coffer.CodeInvalid || invalid.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := desk.Clear(t.Context(), payout.Clearance{Payout: "po_none", Actor: "olga", Why: "y"}); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("an unknown payout: %v", err)
	}
	if p, err := desk.Payout(t.Context(), id); err != nil || p.Alarm == "" {
		t.Errorf("alarm %q, %v", p.Alarm, err)
	}
}

func TestAChainThatContradictsItselfStandsStill(t *testing.T) {
	w, _ := launch(t, usdt)
	w.mine(2, none)
	w.observe()
	w.sequence++ // an event is lost
	w.mine(1, all)
	if _, err := w.m.Observe(t.Context(), chain); !errors.Is(err, payout.ErrSequence) {
		t.Fatalf("observe: %v", err)
	}
	if err := w.m.Broken(chain); !errors.Is(err, payout.ErrSequence) {
		t.Errorf("broken: %v", err)
	}
	w.request(usdt, 5)
	w.approveAll()
	w.later(time.Hour)
	planned, errPlan := w.m.Plan(t.Context(), chain)
	stepped, errStep := w.m.Step(t.Context())
	if err := errors.Join(errPlan, errStep); err != nil || planned || stepped {
		t.Errorf("planned %v, stepped %v, %v", planned, stepped, err)
	}
}
