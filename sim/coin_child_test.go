package sim_test

import (
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
)

// children are the payouts that pay for another one.
func (w *world) children() []payout.Payout {
	w.tb.Helper()
	var children []payout.Payout
	for _, id := range w.strings("select id from payout where path_reason like 'pays for %' order by created_at, id") {
		p, err := w.payouts.Get(w.ctx, id)
		if err != nil {
			w.tb.Fatal(err)
		}
		children = append(children, p)
	}
	return children
}

// helped is a world with a payout that waits, of which somebody spends a payment of the newest
// attempt, and with the child that pays for both.
func helped(t *testing.T) (*world, payout.Payout, payout.Payout) {
	w, p := stuck(t)
	attempts := p.Attempts
	w.net.passOn(decode(attempts[len(attempts)-1].Unsigned.Bytes), 0)
	w.wait(3)
	children := w.children()
	if len(children) != 1 {
		t.Fatalf("%d children, want 1; payout: %s", len(children), w.payout(0).Note)
	}
	p, child := w.payout(0), children[0]
	if len(p.Attempts) != 1 || child.State != coffer.PayoutBroadcast {
		t.Fatalf("%d attempts, and a child that is %s: %s", len(p.Attempts), child.State, child.Note)
	}
	parent := decode(p.Attempts[0].Unsigned.Bytes)
	if of, _, err := child.Intent.Coins[0].ID.Parts(); err != nil || of != parent.id() || child.Intent.Slot.Lane != string(child.Intent.Coins[0].ID) {
		t.Fatalf("the child spends %+v in slot %s, %v", child.Intent.Coins, child.Intent.Slot, err)
	}
	if both := number(child.Intent.FeeBound) + number(parent.Fee); both != feeBound {
		t.Errorf("both may cost %d, want %d", both, feeBound)
	}
	return w, p, child
}

func (w *world) wantPayout(id string, want coffer.PayoutState) {
	w.tb.Helper()
	if p, err := w.payouts.Get(w.ctx, id); err != nil || p.State != want {
		w.tb.Fatalf("payout %s is %s (%s), %v; want %s", id, p.State, p.Reason, err, want)
	}
}

func TestAChildPaysForAPayoutThatMustNotBeReplaced(t *testing.T) {
	w, p, child := helped(t)
	fees := int64(number(decode(p.Attempts[0].Unsigned.Bytes).Fee) + number(decode(child.Attempts[0].Unsigned.Bytes).Fee))
	w.mineOnly(p.Attempts[0].Signed.ID, child.Attempts[0].Signed.ID)
	w.observe()
	w.wantPayout(p.ID, coffer.PayoutIncluded)
	w.wantPayout(child.ID, coffer.PayoutIncluded)
	w.check()

	// The block leaves the chain; the payout alone lands again, and the child behind it.
	w.reorg(1, 2, none)
	w.observe()
	w.wantPayout(child.ID, coffer.PayoutBroadcast)
	w.check()
	w.mineOnly(p.Attempts[0].Signed.ID)
	w.mineOnly(child.Attempts[0].Signed.ID)
	w.moveFinal(0)
	w.observe()
	w.wantState(0, coffer.WithdrawalSettled)
	w.wantPayout(child.ID, coffer.PayoutFinal)
	if got := w.house(ledger.ExpenseNetworkFee); got != fees {
		t.Errorf("fees are %d, want %d", got, fees)
	}
	w.check()
	w.checkEnd()
}

func TestAChildEndsWhenSomethingElseLandsInItsParentsPlace(t *testing.T) {
	w, _ := stuck(t)
	w.wait(3) // it has a second attempt now
	p := w.payout(0)
	if len(p.Attempts) != 2 {
		t.Fatalf("%d attempts", len(p.Attempts))
	}
	w.net.passOn(decode(p.Attempts[1].Unsigned.Bytes), 0)
	w.wait(3)
	child := w.children()[0]
	w.mineOnly(p.Attempts[0].Signed.ID)
	w.observe()
	w.wantPayout(child.ID, coffer.PayoutBroadcast) // the block may leave yet

	w.moveFinal(0)
	w.observe()

	w.wantState(0, coffer.WithdrawalSettled)
	w.wantPayout(child.ID, coffer.PayoutExpired)
	w.check()
	w.checkEnd()
}

func TestAChildThatNobodySignedIsGivenUpWithItsParentInABlock(t *testing.T) {
	w, p := stuck(t)
	w.net.passOn(decode(p.Attempts[0].Unsigned.Bytes), 0)

	for range 3 {
		w.mine(1, none)
		w.observe()
	}
	w.now = w.now.Add(6 * time.Second)

	w.step(1)
	children := w.children()
	if len(children) != 1 || children[0].State != coffer.PayoutPlanned {
		t.Fatalf("children: %+v", children)
	}
	w.mineOnly(p.Attempts[0].Signed.ID)
	w.observe()
	w.step(5)
	w.wantPayout(children[0].ID, coffer.PayoutCancelled)
	w.mined(2)
	w.wantState(0, coffer.WithdrawalSettled)
	w.check()
	w.checkEnd()
}

func TestAChildThatIsNotSignedDoesNotKeepItsParentFromACancellation(t *testing.T) {
	w, p := stuck(t)
	w.net.passOn(decode(p.Attempts[0].Unsigned.Bytes), 0)
	for _, s := range w.signers {
		s.mood = refusing
	}
	w.wait(4)
	child := w.children()[0]
	if child.State != coffer.PayoutSigning {
		t.Fatalf("a child that nobody signs is %s", child.State)
	}
	clear(w.net.onward) // who was paid gave up
	for _, s := range w.signers {
		s.mood = willing
	}
	w.now = p.Intent.Expires.Add(time.Second)
	w.wait(3)
	last := w.payout(0)
	if a := last.Attempts[len(last.Attempts)-1]; !a.Cancels || a.Signed == nil {
		t.Fatalf("the last attempt is %+v", a)
	}
	w.mineOnly(last.Attempts[len(last.Attempts)-1].Signed.ID)
	w.moveFinal(0)
	w.observe()
	w.wantPayout(p.ID, coffer.PayoutReverted)
	w.wantPayout(child.ID, coffer.PayoutExpired)
	w.drain()
	w.wantState(0, coffer.WithdrawalSettled)
	w.checkEnd()
}

func TestAPayoutThatCanNeitherBeReplacedNorHelpedAsksForAPerson(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.fund()
	w.wallet.rate = feeBound // nothing is left for a child
	w.request("ann", 700)
	w.approveAll()
	w.plan()
	w.step(20)
	p := w.payout(0)
	w.net.passOn(decode(p.Attempts[0].Unsigned.Bytes), 0)
	w.wait(3)
	if p = w.payout(0); p.Parked == "" || len(w.children()) > 0 {
		t.Fatalf("payout is parked for %q, with children %v", p.Parked, w.children())
	}
	w.now = p.Intent.Expires.Add(time.Second)
	w.wait(1)
	if p = w.payout(0); p.State != coffer.PayoutBroadcast || p.Parked == "" || len(p.Attempts) != 1 {
		t.Errorf("after its time the payout is %s, parked for %q", p.State, p.Parked)
	}
	w.mined(2)
	w.wantState(0, coffer.WithdrawalSettled)
	w.check()
	w.checkEnd()
}
