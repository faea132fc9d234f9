package payout_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
)

// executorFunds is what the executor begins with where it pays for Safe transactions.
func executorFunds(paths []string) int64 {
	if slices.Contains(paths, coffer.PathExec) {
		return gasFunds
	}
	return 0
}

// execWorld is a world whose payouts may be Safe transactions.
func execWorld(t *testing.T, lanes int, costs payout.Costs, paths ...string) *world {
	t.Helper()
	w := newWorld(t, 1, lanes)
	w.payBy(paths)
	w.costs = costs
	w.start()
	w.mine(1, none)
	w.observe()
	return w
}

// launchExec leads requests up to broadcast as one Safe transaction.
func launchExec(t *testing.T, assets ...coffer.AssetID) (*world, []coffer.Withdrawal) {
	t.Helper()
	w := execWorld(t, 1, nil, coffer.PathExec)
	for i, asset := range assets {
		w.request(asset, uint64(100+i))
	}
	w.approveAll()
	w.plan()
	w.step(10)
	if p := w.payoutOf(w.requested[0].ID); p.State != coffer.PayoutBroadcast || p.Intent.Path != coffer.PathExec || p.Intent.Slot.String() != "safe//0" {
		t.Fatalf("payout is %s (%s) by %s in slot %s", p.State, p.Note, p.Intent.Path, p.Intent.Slot)
	}
	return w, w.requested
}

// payBy lets payouts take these paths, all at the same price, nil for operations only.
func (w *world) payBy(paths []string) {
	w.tb.Helper()
	if paths == nil {
		return
	}
	if slices.Contains(paths, coffer.PathTRON) {
		w.paths, w.net.single = paths, true
		w.book("fees", ledger.Debit(ledger.PrefixCustodyHot+string(hot), ether, coffer.NewAmount(gasFunds)),
			ledger.Credit(ledger.EquityOpening, ether, coffer.NewAmount(gasFunds)))
		w.start()
		return
	}
	w.paths, w.costs = paths, prices{1, map[string]uint64{coffer.PathUserOp: 2, coffer.PathExec: 1}}
	w.book("executor", ledger.Debit(ledger.PrefixGasExecutor+string(executor), ether, coffer.NewAmount(gasFunds)),
		ledger.Credit(ledger.EquityOpening, ether, coffer.NewAmount(gasFunds)))
	w.start()
}

func (w *world) wantAll(state coffer.WithdrawalState) {
	w.tb.Helper()
	for _, wd := range w.requested {
		if got := w.state(wd.ID); got.State != state {
			w.tb.Errorf("withdrawal %s is %s (%s), want %s", wd.ID, got.State, got.Reason, state)
		}
	}
}

// A Safe transaction pays like an operation does; its fee is the executor's.
func TestASafeTransactionPaysOnceAndItsExecutorTheFee(t *testing.T) {
	w, ws := launchExec(t, usdt, usdt, usdc)
	w.mine(1, all)
	w.observe()
	w.checkBooks()
	old := w.net.Tip()
	w.reorg(1, 2, none)
	w.observe()
	w.checkBooks()
	if p := w.payoutOf(ws[0].ID); p.State != coffer.PayoutBroadcast {
		t.Fatalf("after its block left: %s", p.State)
	}
	w.net.Switch(old.Hash)
	w.follow()
	w.observe()
	w.finish()
	w.wantAll(coffer.WithdrawalSettled)
	w.checkBooks()

	w.request(usdt, 7)
	w.approveAll()
	w.plan()
	w.step(10)
	if p := w.payoutOf(w.requested[3].ID); p.Intent.Slot.String() != "safe//1" {
		t.Errorf("the next one takes slot %s", p.Intent.Slot)
	}
}

// What is signed for a Safe has no fee, so nothing is gained by another attempt.
func TestASafeTransactionIsNotBuiltAgainForAHigherFee(t *testing.T) {
	w, ws := launchExec(t, usdt)
	for range 4 {
		w.mine(1, none)
		w.observe()
		w.later(w.limits.Rebroadcast)
		w.step(5)
	}
	p := w.payoutOf(ws[0].ID)
	if len(p.Attempts) != 1 || p.State != coffer.PayoutBroadcast || w.wallet.sentTimes < 4 {
		t.Errorf("%d attempts, sent %d times, %s", len(p.Attempts), w.wallet.sentTimes, p.State)
	}
}

// A Safe's nonce has no end: what did not land in time is ended by a transaction in the same
// slot that pays nothing, and its orders are paid in other slots.
func TestALateSafeTransactionIsCancelledInItsSlot(t *testing.T) {
	w, ws := launchExec(t, usdt, usdt)
	first := w.payoutOf(ws[0].ID)
	w.mine(20, none) // 240 s: the intent is over
	w.observe()
	w.step(10)
	p := w.payoutOf(ws[0].ID)
	if len(p.Attempts) != 2 || !p.Attempts[1].Cancels || p.State != coffer.PayoutBroadcast {
		t.Fatalf("%d attempts, %s (%s)", len(p.Attempts), p.State, p.Note)
	}
	w.wantAll(coffer.WithdrawalPaying)

	// The cancellation lands: the payment cannot any more.
	w.landOnly(p.Attempts[1].Signed.ID)
	w.wantAll(coffer.WithdrawalPaying)
	w.checkBooks()
	w.reorg(1, 1, none) // and leaves
	w.observe()
	w.landOnly(p.Attempts[1].Signed.ID)
	w.finish()
	if got, err := w.m.Get(w.ctx, first.ID); err != nil || got.State != coffer.PayoutReverted || !strings.Contains(got.Reason, "used up") {
		t.Errorf("the payout is %s (%s), %v", got.State, got.Reason, err)
	}
	w.wantAll(coffer.WithdrawalApproved)

	for range 2 {
		w.later(10 * time.Second)
		w.plan()
		w.step(10)
		w.mine(1, all)
		w.observe()
	}
	w.finish()
	w.wantAll(coffer.WithdrawalSettled)
	w.checkBooks()
	if got := w.payoutOf(ws[0].ID); got.ID == first.ID || got.Intent.Slot.Sequence == 0 {
		t.Errorf("paid by %s in slot %s", got.ID, got.Intent.Slot)
	}
}

// Of a payment and its cancellation either may land, also when the cancellation was sent.
func TestAPaymentMayLandBeforeItsCancellation(t *testing.T) {
	w, ws := launchExec(t, usdt, usdt)
	w.mine(20, none)
	w.observe()
	w.step(10)
	p := w.payoutOf(ws[0].ID)
	w.landOnly(p.Attempts[0].Signed.ID)
	w.wantAll(coffer.WithdrawalConfirming)
	w.finish()
	w.wantAll(coffer.WithdrawalSettled)
	w.checkBooks()
}

// Signers who were asked may have signed, so a payout that nobody could finish is cancelled
// too, by itself.
func TestWhatTooFewSignersSignedIsCancelled(t *testing.T) {
	w := execWorld(t, 1, nil, coffer.PathExec)
	w.request(usdt, 100)
	w.approveAll()
	w.signers[0].mood, w.signers[1].mood = absent, absent
	w.plan()
	w.step(4)
	p := w.payoutOf(w.requested[0].ID)
	if p.State != coffer.PayoutSigning {
		t.Fatalf("payout is %s", p.State)
	}
	w.later(4 * time.Minute)
	w.signers[0].mood, w.signers[1].mood = willing, willing
	w.step(10)
	p = w.payoutOf(w.requested[0].ID)
	if len(p.Attempts) != 2 || !p.Attempts[1].Cancels || p.Attempts[0].Signed != nil || p.State != coffer.PayoutBroadcast {
		t.Fatalf("%d attempts, %s (%s)", len(p.Attempts), p.State, p.Note)
	}
	w.mine(1, all)
	w.observe()
	w.finish()
	w.wantAll(coffer.WithdrawalApproved)
	w.checkBooks()
}

// A Safe transaction that failed and used its nonce up (none of ours does) pays nobody.
func TestAFailedSafeTransactionReverts(t *testing.T) {
	w, ws := launchExec(t, usdt)
	id := w.payoutOf(ws[0].ID).ID
	w.mine(1, func() choice { return fail })
	w.observe()
	w.finish()
	if p, err := w.m.Get(w.ctx, id); err != nil || p.State != coffer.PayoutReverted {
		t.Errorf("payout is %s, %v", p.State, err)
	}
	w.checkBooks()
}

// Somebody else's Safe transaction took the nonce: a person has to look.
func TestAForeignSafeTransactionRaisesAnAlarm(t *testing.T) {
	w, ws := launchExec(t, usdt)
	w.net.Mine(nil, []coffer.Outcome{{ID: coffer.Hash{7}, Tx: coffer.Hash{8}, Sender: hot, Slot: coffer.Slot{Kind: coffer.SlotSafe}, Success: true, EndLog: 1}})
	w.follow()
	w.observe()
	p := w.payoutOf(ws[0].ID)
	if !strings.Contains(p.Alarm, "which is no attempt of ours") {
		t.Errorf("alarm %q", p.Alarm)
	}
	w.reorg(1, 1, none)
	w.observe()
	if p := w.payoutOf(ws[0].ID); p.Alarm != "" {
		t.Errorf("the alarm %q outlives its block", p.Alarm)
	}
}

// landOnly puts one operation into a block.
func (w *world) landOnly(id coffer.Hash) {
	w.tb.Helper()
	w.net.mu.Lock()
	order := w.net.order
	w.net.order = []coffer.Hash{id}
	w.net.mu.Unlock()
	w.mine(1, all)
	w.net.mu.Lock()
	w.net.order = order
	w.net.mu.Unlock()
	w.observe()
}

// prices are costs by table.
type prices struct {
	perGas uint64
	gas    map[string]uint64 // of one payment
}

func (p prices) Price(context.Context) (coffer.Amount, error) { return coffer.NewAmount(p.perGas), nil }

func (p prices) Gas(path string, payments int) uint64 { return p.gas[path] * uint64(payments) }

func TestTheCheaperPathIsTaken(t *testing.T) {
	both := []string{coffer.PathUserOp, coffer.PathExec}
	for name, c := range map[string]struct {
		userOp, exec uint64
		busy         int // payouts on their way already
		poor         string
		want, why    string
	}{
		"exec is cheaper":             {20, 10, 0, "", coffer.PathExec, "userop of 1 costs 60, exec of 1 costs 30"},
		"operations are cheaper":      {10, 20, 0, "", coffer.PathUserOp, "userop of 1 costs 30, exec of 1 costs 60"},
		"equal":                       {10, 10, 0, "", coffer.PathUserOp, "userop of 1 costs 30, exec of 1 costs 30"},
		"the Safe is busy":            {20, 10, 1, "", coffer.PathUserOp, "exec has no free lane"},
		"the executor has no money":   {20, 10, 0, ledger.PrefixGasExecutor + string(executor), coffer.PathUserOp, "exec lacks gas money"},
		"the EntryPoint has no money": {10, 20, 0, ledger.PrefixGasEntryPoint + string(hot), coffer.PathExec, "userop lacks gas money"},
	} {
		t.Run(name, func(t *testing.T) {
			w := execWorld(t, 1, prices{3, map[string]uint64{coffer.PathUserOp: c.userOp, coffer.PathExec: c.exec}}, both...)
			if c.poor != "" {
				w.book("spend", ledger.Debit(ledger.EquityOpening, ether, coffer.NewAmount(gasFunds)), ledger.Credit(c.poor, ether, coffer.NewAmount(gasFunds)))
			}
			for n := range c.busy + 1 {
				w.request(usdt, uint64(100+n))
				w.approveAll()
				w.plan()
				w.step(10)
			}
			p := w.payoutOf(w.requested[c.busy].ID)
			if p.Intent.Path != c.want || !strings.Contains(p.PathReason, c.why) {
				t.Errorf("path %s because %q; want %s because %q", p.Intent.Path, p.PathReason, c.want, c.why)
			}
			if (p.Intent.Slot.Kind == coffer.SlotSafe) != (c.want == coffer.PathExec) {
				t.Errorf("path %s in slot %s", p.Intent.Path, p.Intent.Slot)
			}
		})
	}
}

func TestPathsThatCannotBeAreRefused(t *testing.T) {
	w := newWorld(t, 1, 1)
	for name, edit := range map[string]func(*payout.Chain){
		"an unknown path":     func(c *payout.Chain) { c.Paths = []string{"pigeon"} },
		"a path twice":        func(c *payout.Chain) { c.Paths = []string{coffer.PathExec, coffer.PathExec} },
		"two without a price": func(c *payout.Chain) { c.Paths = []string{coffer.PathExec, coffer.PathUserOp} },
	} {
		config := w.config(w.limits)
		one := config.Chains[chain]
		edit(&one)
		config.Chains[chain] = one
		if _, err := payout.New(config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// logOf is a signer's log that says what this payout's attempts asked for.
type logOf []payout.LogRecord

func (logOf) Name() string { return "signer0" }

func (l logOf) Read(_ context.Context, after uint64, _ coffer.Hash) (payout.LogPage, error) {
	last := l[len(l)-1]
	return payout.LogPage{Records: l[after:], Sequence: last.Sequence, Head: last.Hash}, nil
}

func (logOf) Seen(context.Context, uint64, coffer.Hash) error { return nil }

func logged(p payout.Payout, orders []coffer.Order) logOf {
	var l logOf
	for n, a := range p.Attempts {
		i := p.Intent
		if a.Cancels {
			i.Purpose, i.Orders, i.Payments, i.Expires, orders = coffer.PurposeCancel, nil, nil, i.Expires.Add(time.Hour), nil
		}
		l = append(l, payout.LogRecord{Sequence: uint64(n + 1), Hash: coffer.Hash{byte(n + 1)}, Line: []byte{byte(n)}, Payout: &payout.LoggedPayout{
			ID: p.ID, IntentHash: i.Hash(), Intent: &i, Orders: orders, IDs: []coffer.Hash{a.Signed.ID},
		}})
	}
	return l
}

// Signers remember cancellations. One that this database knows is nothing new; one that it
// does not know halts payouts, and is made again so that it is recognised in a block.
func TestACancellationThatSignersRememberIsKnownOrMadeAgain(t *testing.T) {
	w, ws := launchExec(t, usdt, usdt)
	w.mine(20, none)
	w.observe()
	w.step(10)
	p := w.payoutOf(ws[0].ID)
	log := logged(p, []coffer.Order{ws[0].Order, ws[1].Order})
	if err := w.m.Follow(w.ctx, log[:1]); err != nil {
		t.Fatal(err)
	}
	if err := w.m.Follow(w.ctx, log); err != nil {
		t.Fatal(err)
	}
	if halt, err := payout.Halted(w.ctx, w.db); err != nil || halt != nil {
		t.Fatalf("halted: %+v, %v", halt, err)
	}

	// An older database, in which nothing was cancelled yet.
	for _, statement := range []string{
		"delete from payout_signatures where attempt = 1", "delete from payout_attempts where number = 1",
		"update payout set attempts = 1, version = version + 1", "delete from signer_record", "delete from signer_log",
	} {
		if _, err := w.db.Pool().Exec(w.ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.m.Follow(w.ctx, log); err != nil {
		t.Fatal(err)
	}
	if halt, err := payout.Halted(w.ctx, w.db); err != nil || halt == nil || halt.Missing != 1 {
		t.Fatalf("not halted: %+v, %v", halt, err)
	}
	done, err := w.m.Import(w.ctx, func(_ []byte, sequence uint64) (payout.LogRecord, error) { return log[sequence-1], nil })
	if err != nil || done != (payout.Imported{Attempts: 1}) {
		t.Fatalf("imported %+v, %v", done, err)
	}
	if got := w.payoutOf(ws[0].ID); len(got.Attempts) != 2 || !got.Attempts[1].Cancels {
		t.Fatalf("attempts %+v", got.Attempts)
	}
	w.landOnly(p.Attempts[1].Signed.ID)
	w.finish()
	w.wantAll(coffer.WithdrawalApproved)
	w.checkBooks()
}

// TestACrashWhileCancellingMakesOneCancellation crashes at every checkpoint between the end
// of an intent and the sending of what cancels it.
func TestACrashWhileCancellingMakesOneCancellation(t *testing.T) {
	visited := map[string]bool{}
	for at, more := 1, true; more; at++ {
		w, ws := launchExec(t, usdt, usdt)
		w.mine(20, none)
		w.observe()
		w.crashIn = at
		w.step(10)
		if more = w.crashIn == 0; more {
			visited[w.passed[slices.Index(w.passed, "crash")-1]] = true
		}
		w.crashIn = 0
		w.later(w.limits.Rebroadcast) // what was claimed is due again
		w.step(10)
		p := w.payoutOf(ws[0].ID)
		if len(p.Attempts) != 2 || !p.Attempts[1].Cancels || p.State != coffer.PayoutBroadcast {
			t.Fatalf("crash at checkpoint %d: %d attempts, %s (%s)", at, len(p.Attempts), p.State, p.Note)
		}
		w.landOnly(p.Attempts[1].Signed.ID)
		w.finish()
		w.wantAll(coffer.WithdrawalApproved)
		w.checkBooks()
	}
	for _, name := range []string{"payout.before_cancelling", "payout.cancelling", "payout.storing", "payout.before_signed", "payout.before_broadcast"} {
		if !visited[name] {
			t.Errorf("no crash at %s: %v", name, visited)
		}
	}
}
