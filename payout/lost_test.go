package payout_test

import (
	"testing"

	"github.com/cofferhq/coffer"
)

// foreignSafe mines a Safe transaction that is none of ours, and does not look at it.
func (w *world) foreignSafe(n byte) {
	w.net.Mine(nil, []coffer.Outcome{{
		ID: coffer.Hash{7, n}, Tx: coffer.Hash{8, n}, Sender: hot, Slot: coffer.Slot{Kind: coffer.SlotSafe}, Success: true, EndLog: 1,
	}})
}

// The nonce is gone, a person knows, and the block is final: the withdrawal goes into
// another payout.
func TestAForeignSafeTransactionEndsAPayoutWhenAPersonLetsItGo(t *testing.T) {
	w, ws := launchExec(t, usdt)
	w.foreignSafe(1)
	w.follow()
	w.observe()
	p := w.payoutOf(ws[0].ID)
	if _, err := w.clear(p.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.observe()
	if p := w.payoutOf(ws[0].ID); p.State != coffer.PayoutBroadcast {
		t.Fatalf("payout is %s before the block is final", p.State)
	}
	w.finish()
	if p, err := w.m.Get(w.ctx, p.ID); err != nil || p.State != coffer.PayoutExpired {
		t.Fatalf("payout is %s, %v", p.State, err)
	}
	w.wantAll(coffer.WithdrawalApproved)
}

// A node that was ahead of the block events gave the nonce after a foreign transaction's.
// That one does not end the payout, whatever a person says: it lands and pays.
func TestAnEarlierForeignSafeTransactionEndsNothing(t *testing.T) {
	w := execWorld(t, 1, nil, coffer.PathExec)
	w.request(usdt, 100)
	w.approveAll()
	w.foreignSafe(1)
	w.plan()
	w.step(10)
	p := w.payoutOf(w.requested[0].ID)
	if p.State != coffer.PayoutBroadcast || p.Intent.Slot.String() != "safe//1" {
		t.Fatalf("payout is %s in slot %s", p.State, p.Intent.Slot)
	}

	w.follow()
	w.observe()
	if _, err := w.clear(p.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.mine(5, none)
	w.observe()
	if p := w.payoutOf(w.requested[0].ID); p.State != coffer.PayoutBroadcast || p.Alarm != "" {
		t.Fatalf("payout is %s, alarm %q", p.State, p.Alarm)
	}
	w.mine(1, all)
	w.observe()
	w.finish()
	w.wantAll(coffer.WithdrawalSettled)
}

// Of two foreign Safe transactions the second leaves the chain, and its alarm with it. The
// first still has the nonce: the payout ends when that is final.
func TestAForeignSafeTransactionIsNotForgottenWithALaterOne(t *testing.T) {
	w, ws := launchExec(t, usdt)
	for n := range byte(2) {
		w.foreignSafe(n)
		w.follow()
		w.observe()
	}
	id := w.payoutOf(ws[0].ID).ID
	w.reorg(1, 1, none)
	w.observe()
	if p := w.payoutOf(ws[0].ID); p.State != coffer.PayoutBroadcast {
		t.Fatalf("payout is %s before the block is final", p.State)
	}
	w.finish()
	if p, err := w.m.Get(w.ctx, id); err != nil || p.State != coffer.PayoutExpired {
		t.Fatalf("payout is %s, alarm %q, %v", p.State, p.Alarm, err)
	}
	w.wantAll(coffer.WithdrawalApproved)
}

// The only foreign Safe transaction leaves the chain: the payout has its nonce still.
func TestAForeignSafeTransactionThatLeavesTookNothing(t *testing.T) {
	w, _ := launchExec(t, usdt)
	w.foreignSafe(1)
	w.follow()
	w.observe()
	w.reorg(1, 1, none)
	w.observe()
	w.finish()
	w.mine(1, all)
	w.observe()
	w.finish()
	w.wantAll(coffer.WithdrawalSettled)
}
