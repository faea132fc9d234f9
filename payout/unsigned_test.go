package payout_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
)

// asked is a world whose first payout was built and is about to be signed, and a copy of its
// database.
func asked(t *testing.T, path string) (*world, coffer.Withdrawal, backup) {
	t.Helper()
	w := execWorld(t, 1, nil)
	if path == coffer.PathExec {
		w.payBy([]string{path})
	}
	wd := w.request(usdt, 100)
	w.approveAll()
	w.plan()
	w.step(2)
	if p := w.payoutOf(wd.ID); p.State != coffer.PayoutSigning {
		t.Fatalf("payout is %s (%s), want signing", p.State, p.Note)
	}
	return w, wd, w.backup()
}

// back restores a copy whose payouts are all there.
func (w *world) back(b backup) {
	w.tb.Helper()
	w.restore(b)
	if err := w.admit(); err != nil {
		w.tb.Fatal("admit: ", err)
	}
	w.emit()
	w.observe()
}

func (w *world) wantPayout(wd coffer.Withdrawal, state coffer.PayoutState) {
	w.tb.Helper()
	if p := w.payoutOf(wd.ID); p.State != state || p.Alarm != "" {
		w.tb.Fatal("payout is", p.State, p.Note, "alarm", p.Alarm, "want", state)
	}
}

// What was signed after the copy is found in a block by the id of what was to be signed, and
// again when that block leaves the chain and another one holds it.
func TestWhatWasSignedAfterTheCopyIsFoundInEveryBlock(t *testing.T) {
	for _, path := range []string{coffer.PathUserOp, coffer.PathExec} {
		t.Run(path, func(t *testing.T) {
			w, wd, copied := asked(t, path)
			w.step(10) // signed and sent
			w.back(copied)
			w.wantPayout(wd, coffer.PayoutSigning)

			w.mine(1, all)
			w.observe()
			w.wantPayout(wd, coffer.PayoutIncluded)
			w.reorg(1, 2, none)
			w.observe()
			w.wantPayout(wd, coffer.PayoutBroadcast)
			w.mine(1, all)
			w.observe()
			w.wantPayout(wd, coffer.PayoutIncluded)
			w.finish()
			w.checkEnd()
			w.wantAll(coffer.WithdrawalSettled)
		})
	}
}

// The signatures are lost with the copy, and the nodes forget what they had: it is signed
// again.
func TestWhatLeftTheChainWithoutSignaturesIsSignedAgain(t *testing.T) {
	for _, path := range []string{coffer.PathUserOp, coffer.PathExec} {
		t.Run(path, func(t *testing.T) {
			w, wd, copied := asked(t, path)
			w.step(10)
			w.back(copied)
			w.mine(1, all)
			w.observe()
			w.wantPayout(wd, coffer.PayoutIncluded)
			w.reorg(1, 2, none)
			w.observe()

			sent := w.net.order
			w.net.order = nil
			clear(w.net.pool)
			w.step(10)
			w.wantPayout(wd, coffer.PayoutBroadcast)
			if p := w.payoutOf(wd.ID); len(p.Attempts) != 1 || !slices.Equal(w.net.order, sent) {
				t.Fatalf("%d attempts, sent %v, before %v", len(p.Attempts), w.net.order, sent)
			}
			w.mine(1, all)
			w.observe()
			w.finish()
			w.checkEnd()
			w.wantAll(coffer.WithdrawalSettled)
		})
	}
}

// In the copy an earlier attempt is in a block that has left the chain since, and the one
// with the higher fee, signed after the copy, lands instead.
func TestALaterAttemptThanTheOneThatLeftTheChainIsFound(t *testing.T) {
	w, ws := launch(t, usdt)
	w.mine(3, none)
	w.observe()
	w.later(10 * time.Second)
	w.step(1)
	w.wantPayout(ws[0], coffer.PayoutSigning)
	w.mine(1, all)
	w.observe()
	w.wantPayout(ws[0], coffer.PayoutIncluded)
	if err := w.admit(); err != nil {
		t.Fatal(err)
	}
	copied := w.backup()

	w.reorg(1, 2, none)
	w.observe()
	w.step(10)
	w.mine(2, none)
	w.observe()
	w.later(10 * time.Second)
	w.step(10)
	w.wantPayout(ws[0], coffer.PayoutBroadcast)
	w.net.order = slices.DeleteFunc(w.net.order, func(id coffer.Hash) bool { return id == w.payoutOf(ws[0].ID).Attempts[0].Signed.ID })
	w.mine(1, all)
	w.back(copied)
	w.wantPayout(ws[0], coffer.PayoutIncluded)
	if p := w.payoutOf(ws[0].ID); p.Inclusion.Attempt != 1 || p.Attempts[1].Signed != nil {
		t.Fatalf("attempt %d is in a block", p.Inclusion.Attempt)
	}
	w.finish()
	w.checkEnd()
	w.wantAll(coffer.WithdrawalSettled)
}

// What is made again in its slot with the same fees has the id of what expired: it lands as
// the new one's, though only the dead one's signatures are in the copy.
func TestWhatIsMadeAgainLandsUnderTheIDOfWhatExpired(t *testing.T) {
	w, ws := launch(t, usdt)
	dead := w.payoutOf(ws[0].ID)
	w.mine(20, none)
	w.finish()
	w.step(2)
	again := w.payoutOf(ws[0].ID)
	w.wantPayout(ws[0], coffer.PayoutSigning)
	if again.ID == dead.ID || again.Intent.Slot != dead.Intent.Slot {
		t.Fatalf("payout %s in slot %s was %s", again.ID, again.Intent.Slot, dead.ID)
	}
	copied := w.backup()
	w.step(10)
	if p := w.payoutOf(ws[0].ID); p.Attempts[0].Signed == nil || p.Attempts[0].Signed.ID != dead.Attempts[0].Signed.ID {
		t.Fatalf("made again it is %+v, was %s", p.Attempts[0].Signed, dead.Attempts[0].Signed.ID)
	}
	w.mine(1, all)
	w.back(copied)
	w.wantPayout(ws[0], coffer.PayoutIncluded)
	w.finish()
	w.checkEnd()
	w.wantAll(coffer.WithdrawalSettled)
}

// In the copy nobody was asked yet. The signers' logs say that they were, so the slot is not
// given to other orders when everybody refuses from then on.
func TestASlotThatWasSignedForAfterTheCopyIsNotGivenAway(t *testing.T) {
	w, wd, copied := asked(t, coffer.PathUserOp)
	w.step(10)
	w.back(copied)
	had := w.payoutOf(wd.ID)
	for _, s := range w.signers {
		s.mood = refusing
	}
	for range 4 {
		w.later(9 * time.Second)
		w.step(1)
	}
	w.mine(20, none)
	w.finish()
	w.wantAll(coffer.WithdrawalReview)
	if p, err := w.m.Get(w.ctx, had.ID); err != nil || p.State != coffer.PayoutExpired {
		t.Fatalf("payout is %s, %v", p.State, err)
	}

	for _, s := range w.signers {
		s.mood = willing
	}
	other := w.request(usdc, 7)
	w.approveAll()
	w.plan()
	w.step(10)
	if got := w.payoutOf(other.ID); got.State != coffer.PayoutBroadcast || got.Intent.Slot == had.Intent.Slot {
		t.Errorf("the next payout is %s in slot %s, the refused one had %s", got.State, got.Intent.Slot, had.Intent.Slot)
	}
	w.checkBooks()
}

// A late payment lands while its cancellation is being signed, and its block leaves the
// chain: the cancellation is signed all the same, for the payment may never land again.
func TestACancellationIsSignedWhenThePaymentLeftTheChain(t *testing.T) {
	w, ws := launchExec(t, usdt)
	w.mine(20, none)
	w.observe()
	w.step(1)
	p := w.payoutOf(ws[0].ID)
	if p.State != coffer.PayoutSigning || len(p.Attempts) != 2 || !p.Attempts[1].Cancels {
		t.Fatalf("payout is %s with %d attempts", p.State, len(p.Attempts))
	}
	w.landOnly(p.Attempts[0].Signed.ID)
	w.wantPayout(ws[0], coffer.PayoutIncluded)
	w.reorg(1, 2, none)
	w.observe()
	w.wantPayout(ws[0], coffer.PayoutBroadcast)

	w.step(10)
	w.wantPayout(ws[0], coffer.PayoutBroadcast)
	p = w.payoutOf(ws[0].ID)
	if len(p.Attempts) != 2 || p.Attempts[1].Signed == nil {
		t.Fatalf("%d attempts, the cancellation is not signed", len(p.Attempts))
	}
	w.landOnly(p.Attempts[1].Signed.ID)
	w.finish()
	w.wantAll(coffer.WithdrawalApproved)
	w.checkBooks()
}

// In the copy an order waits in the slot that signers let it go from since: what was signed
// had expired, and would have failed there. An import brings it to where it went.
func TestAnOrderThatLeftItsSlotAfterTheCopyIsImportedWhereItWent(t *testing.T) {
	w, ws := launch(t, usdt, usdc)
	had := w.payoutOf(ws[0].ID)
	if err := w.admit(); err != nil {
		t.Fatal(err)
	}
	copied := w.backup()
	w.mine(20, none)
	w.finish() // expired, and made again in its slot
	w.wallet.faults["simulate"], w.wallet.faults["legs"] = 1000, 1000
	for range 60 {
		w.later(9 * time.Second)
		w.step(5)
	}
	w.wallet.faults = map[string]int{}
	w.plan()
	w.step(5)
	if p := w.payoutOf(ws[0].ID); p.Intent.Slot == had.Intent.Slot || p.State != coffer.PayoutBroadcast {
		t.Fatalf("payout %s is %s in slot %s, the first one had %s", p.ID, p.State, p.Intent.Slot, had.Intent.Slot)
	}

	w.restore(copied)
	w.recover(map[string]int{})
	if p := w.payoutOf(ws[0].ID); p.Intent.Slot == had.Intent.Slot {
		t.Errorf("the import left the order in slot %s", p.Intent.Slot)
	}
	w.drain()
	w.checkEnd()
	w.wantAll(coffer.WithdrawalSettled)
}
