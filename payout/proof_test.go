package payout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
)

// landed is the block that would take what is in the pool now.
func (w *world) landed() (transfers []coffer.Transfer, outcomes []coffer.Outcome) {
	c := w.net.contents(w.net.Canonical(), 1, all)[0]
	return c.Transfers, c.Outcomes
}

func (w *world) put(transfers []coffer.Transfer, outcomes []coffer.Outcome) {
	w.net.Mine(transfers, outcomes)
	w.follow()
	w.observe()
}

func TestATokenThatKeepsAFeeProvesNothing(t *testing.T) {
	w, ws := launch(t, usdt)
	transfers, outcomes := w.landed()
	whole := transfers[0]
	fee := whole
	whole.Amount = coffer.NewAmount(99)
	fee.To, fee.Amount, fee.Ref = executor, coffer.NewAmount(1), "log:3"
	outcomes[0].EndLog = 4
	w.put([]coffer.Transfer{whole, fee}, outcomes)
	if p := w.payoutOf(ws[0].ID); !strings.Contains(p.Alarm, "payments [0]") {
		t.Errorf("alarm %q: 99 of 100 arrived", p.Alarm)
	}
	if got := w.house(ledger.PrefixCustodyHot+string(hot), usdt); got != funds {
		t.Errorf("the books say %d before a person has looked", got)
	}
}

// Two payouts with the same receiver, asset and amount land in one bundle. Each needs a log
// of its own, inside its own range.
func TestLogsOfAnotherOperationInTheBundleProveNothing(t *testing.T) {
	w := newTuned(t, func(w *world) { w.limits.MaxOrders = 1 })
	first := w.request(usdt, 100)
	twin := w.twin(first)
	w.approveAll()
	w.planAll()
	w.step(30)
	transfers, outcomes := w.landed()
	if len(transfers) != 2 || len(outcomes) != 4 {
		t.Fatalf("%d transfers in %d outcomes", len(transfers), len(outcomes))
	}
	// One bundle: the first operation says its Transfer twice, the second nothing.
	tx := outcomes[0].Tx
	transfers[0].Tx, transfers[0].Ref = tx, "log:2"
	transfers[1].Tx, transfers[1].Ref = tx, "log:3"
	outcomes[0].FirstLog, outcomes[0].EndLog = 2, 5
	outcomes[2].Tx, outcomes[2].FirstLog, outcomes[2].EndLog = tx, 5, 6
	w.put(transfers, outcomes[:3])
	proven, unproven := w.payoutOf(first.ID), w.payoutOf(twin.ID)
	if proven.Attempts[0].Signed.ID != outcomes[0].ID {
		proven, unproven = unproven, proven
	}
	if proven.Alarm != "" || !strings.Contains(unproven.Alarm, "payments [0]") {
		t.Errorf("alarms %q and %q, want only the second", proven.Alarm, unproven.Alarm)
	}
	if got := w.house(ledger.PrefixCustodyHot+string(hot), usdt); got != funds-100 {
		t.Errorf("the wallet has %d: one payment is proven", got)
	}
}

func TestAfterAReorganisationAnEarlierAttemptMayTakeItsPlace(t *testing.T) {
	w, ws := launch(t, usdt, usdc)
	w.mine(3, none)
	w.observe()
	w.later(10 * time.Second)
	w.step(10)
	p := w.payoutOf(ws[0].ID)
	if len(p.Attempts) != 2 {
		t.Fatalf("%d attempts", len(p.Attempts))
	}
	both := w.net.order
	w.net.order = both[1:]
	w.mine(1, all)
	w.observe()
	if p = w.payoutOf(ws[0].ID); p.Inclusion == nil || p.Inclusion.Attempt != 1 {
		t.Fatalf("included %+v", p.Inclusion)
	}
	w.checkBooks()

	w.net.order = both[:1]
	w.reorg(1, 2, all) // the block comes again, with the first attempt in the same slot
	w.observe()
	if p = w.payoutOf(ws[0].ID); p.State != coffer.PayoutIncluded || p.Inclusion.Attempt != 0 {
		t.Fatalf("payout is %s by %+v", p.State, p.Inclusion)
	}
	w.checkBooks()
	w.finish()
	w.wantStates("settled", "settled")
	w.checkEnd()
}

func TestAfterAReorganisationAnotherBlockMayHoldTheSameAttempt(t *testing.T) {
	w, ws := launch(t, usdt, usdc)
	w.mine(1, all)
	w.observe()
	before := w.payoutOf(ws[0].ID).Inclusion
	w.reorg(1, 1, none)
	w.observe()
	sent := w.wallet.sentTimes
	w.step(3)
	if w.wallet.sentTimes == sent {
		t.Error("it was not sent again")
	}
	w.mine(1, all)
	w.observe()
	after := w.payoutOf(ws[0].ID).Inclusion
	if after == nil || after.Block.Height != before.Block.Height+1 || after.Attempt != before.Attempt {
		t.Fatalf("included %+v, before %+v", after, before)
	}
	w.finish()
	w.wantStates("settled", "settled")
	w.checkEnd()
}
