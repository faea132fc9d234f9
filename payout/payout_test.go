package payout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/withdrawal"
)

// launch leads requests up to broadcast.
func launch(t *testing.T, assets ...coffer.AssetID) (*world, []coffer.Withdrawal) {
	t.Helper()
	w := newWorld(t, 1, 1)
	w.mine(1, none)
	w.observe()
	for i, asset := range assets {
		w.request(asset, uint64(100+i))
	}
	w.approveAll()
	w.plan()
	w.step(10)
	if p := w.payoutOf(w.requested[0].ID); p.State != coffer.PayoutBroadcast {
		t.Fatalf("payout is %s (%s), want broadcast", p.State, p.Note)
	}
	return w, w.requested
}

// finish makes everything so far final.
func (w *world) finish() {
	w.net.SetFinal(w.net.Tip().Height)
	w.mine(1, none)
	w.observe()
}

func TestABatchIsPaidOnceAndSettledAtFinality(t *testing.T) {
	w, ws := launch(t, usdt, usdt, usdc)
	if p := w.payoutOf(ws[0].ID); len(p.Intent.Payments) != 3 || p.Intent.Slot.String() != "entrypoint/0x0/0" {
		t.Fatalf("intent = %+v", p.Intent)
	}
	w.mine(1, all)
	w.observe()
	for _, wd := range ws {
		if got := w.state(wd.ID); got.State != coffer.WithdrawalConfirming || got.Tx == nil {
			t.Fatalf("after inclusion: %s", got.State)
		}
	}
	w.checkBooks()

	w.finish()
	for _, wd := range ws {
		if got := w.state(wd.ID); got.State != coffer.WithdrawalSettled {
			t.Errorf("after finality: %s", got.State)
		}
	}
	w.checkBooks()
	if got := w.house(ledger.TransitWithdrawal, usdt); got != 0 {
		t.Errorf("transit holds %d", got)
	}
	if got := w.house(ledger.RevenueWithdrawFee, usdt); got != -6 {
		t.Errorf("fee income is %d, want 6 on the credit side", got)
	}
}

func TestNativeMoneyGoesAlone(t *testing.T) {
	w, ws := launch(t, ether, usdt)
	if p := w.payoutOf(ws[0].ID); len(p.Intent.Payments) != 1 {
		t.Errorf("%d payments beside native money", len(p.Intent.Payments)-1)
	}
	w.mine(1, all)
	w.observe()
	w.finish()
	if got := w.state(ws[0].ID); got.State != coffer.WithdrawalSettled {
		t.Errorf("native withdrawal is %s", got.State)
	}
	w.checkBooks()
}

func TestAReorganisationTakesThePaymentBackAndItIsMadeAgain(t *testing.T) {
	w, ws := launch(t, usdt)
	w.mine(1, all)
	w.observe()
	old := w.net.Tip()

	w.reorg(1, 2, none)
	w.observe()
	if got := w.state(ws[0].ID); got.State != coffer.WithdrawalPaying {
		t.Fatalf("after the block left: %s", got.State)
	}
	if p := w.payoutOf(ws[0].ID); p.State != coffer.PayoutBroadcast || p.Inclusion != nil {
		t.Fatalf("payout is %s", p.State)
	}
	w.checkBooks()

	w.net.Switch(old.Hash) // the same block comes back
	w.follow()
	w.observe()
	w.checkBooks()
	w.reorg(1, 1, all) // and goes, while another one pays
	w.observe()
	w.checkBooks()
	w.finish()
	if got := w.state(ws[0].ID); got.State != coffer.WithdrawalSettled {
		t.Errorf("in the end: %s", got.State)
	}
	w.checkBooks()
}

func TestAFinalRevertOfOnePaymentGivesTheMoneyBack(t *testing.T) {
	w, ws := launch(t, usdt)
	w.mine(1, func() choice { return fail })
	w.observe()
	if got := w.state(ws[0].ID); got.State != coffer.WithdrawalPaying {
		t.Fatalf("before finality: %s", got.State)
	}
	w.finish()
	if got := w.state(ws[0].ID); got.State != coffer.WithdrawalFailed || !strings.Contains(got.Reason, "execution reverted") {
		t.Errorf("%s: %s", got.State, got.Reason)
	}
	if p := w.payoutOf(ws[0].ID); p.State != coffer.PayoutReverted {
		t.Errorf("payout is %s", p.State)
	}
	w.checkBooks()
	balance, err := w.books.BalanceOf(t.Context(), account, usdt)
	if err != nil || balance.Available != coffer.NewAmount(funds) || !balance.Held.IsZero() {
		t.Errorf("balance = %+v, %v", balance, err)
	}
}

func TestASuccessWithoutATransferLogParksThePayout(t *testing.T) {
	w, ws := launch(t, usdt, usdc)
	w.net.hideLog = true
	w.mine(1, all)
	w.observe()
	w.finish()
	p := w.payoutOf(ws[0].ID)
	if p.State != coffer.PayoutIncluded || !strings.Contains(p.Alarm, "no transfer for payments [0 1]") {
		t.Errorf("payout is %s, alarm %q", p.State, p.Alarm)
	}
	for _, wd := range ws {
		if got := w.state(wd.ID); got.State != coffer.WithdrawalPaying {
			t.Errorf("withdrawal is %s, want paying", got.State)
		}
	}
	if alarms, err := w.m.Alarms(t.Context()); err != nil || len(alarms) != 1 {
		t.Errorf("alarms = %v, %v", alarms, err)
	}
}

func TestOneLogProvesOnePayment(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.mine(1, none)
	w.observe()
	first := w.request(usdt, 100)
	again, err := w.withdrawals.Request(t.Context(), withdrawal.Request{ // the same address and amount
		Tenant: "acme", Account: account, IdempotencyKey: "twin", Chain: chain, Asset: usdt, Destination: string(first.Destination), Amount: "100",
	})
	if err != nil {
		t.Fatal(err)
	}
	w.approveAll()
	w.plan()
	w.step(10)
	p := w.payoutOf(again.ID)
	if len(p.Intent.Payments) != 2 {
		t.Fatalf("%d payments", len(p.Intent.Payments))
	}
	contents := w.net.contents(w.net.Canonical(), 1, all)
	contents[0].Transfers = contents[0].Transfers[:1]
	w.net.Mine(contents[0].Transfers, contents[0].Outcomes)
	w.follow()
	w.observe()
	if p = w.payoutOf(again.ID); !strings.Contains(p.Alarm, "payments [1]") {
		t.Errorf("alarm = %q, want payment 1 unproven", p.Alarm)
	}
}

func TestATransferOfAnotherOperationProvesNothing(t *testing.T) {
	w, ws := launch(t, usdt)
	contents := w.net.contents(w.net.Canonical(), 1, all)
	contents[0].Transfers[0].Ref = "log:1" // before the operation's first log
	w.net.Mine(contents[0].Transfers, contents[0].Outcomes)
	w.follow()
	w.observe()
	if p := w.payoutOf(ws[0].ID); p.Alarm == "" {
		t.Error("a log outside the operation's range was taken for its own")
	}
}

func TestASlotTakenBySomethingElseRaisesAnAlarmUntilTheBlockLeaves(t *testing.T) {
	w, ws := launch(t, usdt)
	p := w.payoutOf(ws[0].ID)
	w.net.Mine(nil, []coffer.Outcome{{ID: coffer.Hash{66}, Tx: coffer.Hash{67}, Sender: hot, Slot: p.Intent.Slot, Success: true}})
	w.follow()
	w.observe()
	if p = w.payoutOf(ws[0].ID); !strings.Contains(p.Alarm, "no attempt of ours") || p.State != coffer.PayoutBroadcast {
		t.Fatalf("payout is %s, alarm %q", p.State, p.Alarm)
	}
	sent := w.wallet.sentTimes
	w.later(time.Hour)
	w.step(3)
	if w.wallet.sentTimes != sent {
		t.Error("a parked payout was sent again")
	}

	w.reorg(1, 1, all)
	w.observe()
	if p = w.payoutOf(ws[0].ID); p.Alarm != "" || p.State != coffer.PayoutIncluded {
		t.Errorf("after the block left: %s, alarm %q", p.State, p.Alarm)
	}
}

func TestWhatNodesForgetIsSentAgain(t *testing.T) {
	w, ws := launch(t, usdt)
	sent := w.wallet.sentTimes
	for n := range 3 {
		w.later(10 * time.Second)
		w.step(3)
		if w.wallet.sentTimes <= sent+n {
			t.Fatalf("after %d s it was sent %d times", 10*(n+1), w.wallet.sentTimes)
		}
	}
	if p := w.payoutOf(ws[0].ID); len(p.Attempts) != 1 {
		t.Errorf("%d attempts were made, and no block came", len(p.Attempts))
	}
}

func TestTheFeeRisesInTheSameSlotAndEitherAttemptCounts(t *testing.T) {
	w, ws := launch(t, usdt)
	w.mine(3, none)
	w.observe()
	w.later(10 * time.Second)
	w.wallet.faults["simulate"] = 1
	w.step(1)
	p := w.payoutOf(ws[0].ID)
	if len(p.Attempts) != 1 || p.State != coffer.PayoutBroadcast {
		t.Fatalf("an attempt that would fail: %d attempts, %s", len(p.Attempts), p.State)
	}
	w.later(10 * time.Second)
	w.step(10)
	p = w.payoutOf(ws[0].ID)
	if len(p.Attempts) != 2 || p.Attempts[0].Signed.ID == p.Attempts[1].Signed.ID || p.State != coffer.PayoutBroadcast {
		t.Fatalf("%d attempts, %s", len(p.Attempts), p.State)
	}
	first, second := decode(p.Attempts[0].Unsigned.Bytes), decode(p.Attempts[1].Unsigned.Bytes)
	if first.Slot != second.Slot || !slices.Equal(first.Payments, second.Payments) || second.Fee.Cmp(first.Fee) <= 0 {
		t.Errorf("attempts %+v and %+v", first, second)
	}
	w.net.order = w.net.order[:1] // the first one wins
	w.mine(1, all)
	w.observe()
	if p = w.payoutOf(ws[0].ID); p.State != coffer.PayoutIncluded || p.Inclusion.Attempt != 0 {
		t.Errorf("payout is %s by %+v", p.State, p.Inclusion)
	}
	w.finish()
	w.checkBooks()
}

// Signatures that turn out to be bad are stored like good ones: who made them is asked again.
func TestSignersWhoScribbledOnceAreAskedAgain(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.mine(1, none)
	w.observe()
	wd := w.request(usdt, 100)
	w.signers[0].mood, w.signers[1].mood = scribbling, scribbling
	w.approveAll()
	w.plan()
	w.step(10)
	if p := w.payoutOf(wd.ID); p.State != coffer.PayoutSigning || !strings.Contains(p.Note, "is bad") {
		t.Fatalf("payout is %s (%s)", p.State, p.Note)
	}
	w.signers[0].mood, w.signers[2].mood = willing, absent
	w.later(10 * time.Second)
	w.step(10)
	if p := w.payoutOf(wd.ID); p.State != coffer.PayoutBroadcast {
		t.Errorf("payout is %s (%s): two signatures are good", p.State, p.Note)
	}
}

func TestSignersThatDoNotAnswerOrSignNonsenseDoNotStopTheOthers(t *testing.T) {
	for mood, name := range map[int]string{refusing: "refuses", failing: "fails", absent: "is absent", silent: "is silent", scribbling: "scribbles", straying: "signs another digest"} {
		for bad := range 3 {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, 1, 1)
				w.limits.SignTimeout = time.Second
				w.start()
				w.signers[bad].mood = mood
				wd := w.request(usdt, 100)
				w.approveAll()
				w.plan()
				w.step(10)
				p := w.payoutOf(wd.ID)
				if p.State != coffer.PayoutBroadcast {
					t.Fatalf("payout is %s: %s", p.State, p.Note)
				}
			})
		}
	}
}

func TestTooFewSignersKeepThePayoutInSigning(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.signers[0].mood, w.signers[1].mood = refusing, straying
	wd := w.request(usdt, 100)
	w.approveAll()
	w.plan()
	for range 5 {
		w.step(10)
		w.later(10 * time.Second)
	}
	if p := w.payoutOf(wd.ID); p.State != coffer.PayoutSigning || !strings.Contains(p.Note, "signer0") {
		t.Fatalf("payout is %s: %s", p.State, p.Note)
	}
	if _, err := w.withdrawals.Cancel(t.Context(), "acme", wd.ID); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("cancel after a signature was asked for: %v", err)
	}
	asked := w.signers[2].asked
	w.signers[0].mood = willing
	w.step(10)
	if p := w.payoutOf(wd.ID); p.State != coffer.PayoutBroadcast {
		t.Errorf("payout is %s: %s", p.State, p.Note)
	}
	if w.signers[2].asked != asked {
		t.Error("a signer whose signature was stored was asked again")
	}
}

func TestATransactionThatIsNotTheIntentIsNeverSigned(t *testing.T) {
	for name, alter := range map[string]func(*operation){
		"another receiver": func(o *operation) { o.Payments = slices.Clone(o.Payments); o.Payments[0].To = executor },
		"another amount":   func(o *operation) { o.Payments = slices.Clone(o.Payments); o.Payments[0].Amount = coffer.NewAmount(1) },
		"one more payment": func(o *operation) { o.Payments = append(slices.Clone(o.Payments), o.Payments[0]) },
		"another slot":     func(o *operation) { o.Slot.Sequence++ },
		"a higher fee":     func(o *operation) { o.Fee = coffer.NewAmount(151) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1, 1)
			w.wallet.alter = alter
			wd := w.request(usdt, 100)
			w.approveAll()
			w.plan()
			for range 5 {
				w.step(10)
				w.later(5 * time.Second)
			}
			for _, s := range w.signers {
				if s.asked != 0 {
					t.Error("a signer was asked")
				}
			}
			if got := w.state(wd.ID); got.State != coffer.WithdrawalApproved || !strings.Contains(got.Reason, "not the intent") {
				t.Errorf("withdrawal is %s: %s", got.State, got.Reason)
			}
		})
	}
}

func TestAPayoutThatCannotBePreparedIsGivenUpAndItsOrdersGoAlone(t *testing.T) {
	w := newWorld(t, 1, 1)
	first, second := w.request(usdt, 100), w.request(usdt, 200)
	w.approveAll()
	w.plan()
	w.wallet.faults["simulate"] = 3
	for range 5 {
		w.step(10)
		w.later(3 * time.Second)
	}
	for _, wd := range []coffer.Withdrawal{first, second} {
		if got := w.state(wd.ID); got.State != coffer.WithdrawalApproved {
			t.Fatalf("withdrawal is %s", got.State)
		}
	}
	w.later(time.Minute)
	w.plan()
	p := w.payoutOf(first.ID)
	if len(p.Intent.Payments) != 1 || p.Intent.Slot.Sequence != 0 {
		t.Errorf("the next payout has %d payments in slot %s; want 1 in the slot that was never signed for", len(p.Intent.Payments), p.Intent.Slot)
	}
}

func TestACustomerCanCancelWhileThePayoutIsPrepared(t *testing.T) {
	w := newWorld(t, 1, 1)
	leaves, stays := w.request(usdt, 100), w.request(usdt, 200)
	w.approveAll()
	w.plan()
	if _, err := w.withdrawals.Cancel(t.Context(), "acme", leaves.ID); err != nil {
		t.Fatal(err)
	}
	w.step(10)
	if got := w.state(leaves.ID); got.State != coffer.WithdrawalCancelled {
		t.Errorf("cancelled withdrawal is %s", got.State)
	}
	w.plan()
	w.step(10)
	if p := w.payoutOf(stays.ID); p.State != coffer.PayoutBroadcast || len(p.Intent.Payments) != 1 {
		t.Errorf("the other is %s with %d payments", p.State, len(p.Intent.Payments))
	}
	for _, s := range w.signers {
		if _, signed := s.signed[leaves.OrderHash]; signed {
			t.Error("the cancelled order was signed")
		}
	}
}

func TestAnExpiredPayoutIsProvenDeadBeforeItIsMadeAgain(t *testing.T) {
	w, ws := launch(t, usdt)
	w.mine(20, none) // far past the validity, nothing final
	w.observe()
	w.step(5)
	if got := w.state(ws[0].ID); got.State != coffer.WithdrawalPaying {
		t.Fatalf("before finality: %s", got.State)
	}
	w.net.SetFinal(5)
	w.mine(1, none)
	w.observe()
	if got := w.state(ws[0].ID); got.State != coffer.WithdrawalPaying {
		t.Fatalf("final, but within the validity: %s", got.State)
	}
	id := w.state(ws[0].ID).Payout
	w.finish()
	if p, err := w.m.Get(t.Context(), id); err != nil || p.State != coffer.PayoutExpired {
		t.Fatalf("payout is %s, %v", p.State, err)
	}
	// Others are approved meanwhile: the signers gave the slot to these orders, for ever.
	other := w.request(usdt, 7)
	w.approveAll()
	if _, err := w.withdrawals.Cancel(t.Context(), "acme", ws[0].ID); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("cancelled after a signature was asked for: %v", err)
	}
	w.plan()
	w.step(10)
	p := w.payoutOf(ws[0].ID)
	if p.ID == id || p.Intent.Slot.Sequence != 0 || p.State != coffer.PayoutBroadcast || len(p.Withdrawals) != len(ws) {
		t.Fatalf("second payout %s is %s in slot %s", p.ID, p.State, p.Intent.Slot)
	}
	w.mine(1, all)
	w.observe()
	w.finish()
	if got := w.state(ws[0].ID); got.State != coffer.WithdrawalSettled {
		t.Errorf("in the end: %s", got.State)
	}
	w.plan()
	w.step(10)
	if p := w.payoutOf(other.ID); p.Intent.Slot.Sequence != 1 || p.State != coffer.PayoutBroadcast {
		t.Errorf("the next payout is %s in slot %s", p.State, p.Intent.Slot)
	}
	w.checkBooks()
}

func TestASlotThatSignersKnowIsNotGivenUp(t *testing.T) {
	w, ws := launch(t, usdt, usdc)
	w.mine(20, none)
	w.finish() // expired
	second := w.payoutOf(ws[0].ID)
	w.wallet.faults["build"] = 100
	for range 10 {
		w.later(9 * time.Second)
		w.step(1)
	}
	if p := w.payoutOf(ws[0].ID); p.ID != second.ID || p.State != coffer.PayoutPlanned || p.Note == "" {
		t.Fatalf("while the node does not build: %s is %s (%q), was %s", p.ID, p.State, p.Note, second.ID)
	}
	w.later(5 * time.Minute) // beyond the intent
	w.step(1)
	third := w.payoutOf(ws[0].ID)
	if third.ID == second.ID || third.Intent.Slot != second.Intent.Slot || !slices.Equal(third.Withdrawals, second.Withdrawals) {
		t.Fatalf("after the intent expired: %s in slot %s for %v", third.ID, third.Intent.Slot, third.Withdrawals)
	}
	w.wallet.faults = map[string]int{}
	w.step(10)
	w.mine(1, all)
	w.observe()
	w.finish()
	if got := w.state(ws[1].ID); got.State != coffer.WithdrawalSettled {
		t.Errorf("in the end: %s", got.State)
	}
	w.checkBooks()
}

func TestALaneWhoseOrdersHaveEndedIsLeft(t *testing.T) {
	w, ws := launch(t, usdt, usdc)
	w.later(withdrawal.DefaultOrderTTL)
	w.mine(20, none)
	w.finish()
	for _, wd := range ws {
		if got := w.state(wd.ID); got.State != coffer.WithdrawalFailed {
			t.Fatalf("%s is %s, want failed", got.ID, got.State)
		}
	}
	if balance, err := w.books.BalanceOf(t.Context(), account, usdt); err != nil || !balance.Held.IsZero() {
		t.Errorf("still held: %s, %v", balance.Held, err)
	}
	next := w.request(usdt, 5)
	w.approveAll()
	w.plan()
	w.step(10)
	p := w.payoutOf(next.ID)
	if p.State != coffer.PayoutBroadcast || p.Intent.Slot.Lane != "0x1" || p.Intent.Slot.Sequence != 0 {
		t.Fatalf("the next payout is %s in slot %s", p.State, p.Intent.Slot)
	}
	w.mine(1, all)
	w.observe()
	w.finish()
	if got := w.state(next.ID); got.State != coffer.WithdrawalSettled {
		t.Errorf("in the end: %s", got.State)
	}
	w.checkBooks()
}

func TestEventsThatDoNotFollowStopTheChain(t *testing.T) {
	w, _ := launch(t, usdt)
	cases := map[string]func(*coffer.BlockEvent){
		"a gap":            func(e *coffer.BlockEvent) { e.Sequence++ },
		"an older epoch":   func(e *coffer.BlockEvent) { e.Epoch = 0 },
		"another parent":   func(e *coffer.BlockEvent) { e.Block.Parent = coffer.Hash{1} },
		"another height":   func(e *coffer.BlockEvent) { e.Block.Height++ },
		"not the tip":      func(e *coffer.BlockEvent) { e.Kind = coffer.BlockDisconnected },
		"an unknown kind":  func(e *coffer.BlockEvent) { e.Kind = "moved" },
		"of another chain": func(e *coffer.BlockEvent) { e.Chain = "eip155:1" },
	}
	tip := w.net.Tip()
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			e := coffer.BlockEvent{Chain: chain, Sequence: w.sequence + 1, Epoch: 1, Kind: coffer.BlockConnected}
			e.Block.Height, e.Block.Parent, e.Block.Hash, e.Block.Time = tip.Height+1, tip.Hash, coffer.Hash{5}, tip.Time
			change(&e)
			if err := w.m.Apply(t.Context(), e); err == nil {
				t.Error("the event was applied")
			}
		})
	}
}

func TestRedeliveryChangesNothing(t *testing.T) {
	w, ws := launch(t, usdt)
	w.mine(1, all)
	w.observe()
	before := w.state(ws[0].ID)
	for range 3 {
		w.deliver(w.last)
	}
	w.observe()
	if got := w.state(ws[0].ID); got.Sequence != before.Sequence {
		t.Errorf("sequence went from %d to %d", before.Sequence, got.Sequence)
	}
	w.checkBooks()
}

func TestSQLKeepsTheMoves(t *testing.T) {
	w, ws := launch(t, usdt)
	rows, err := w.db.Pool().Query(t.Context(), "select from_state, to_state from payout_moves")
	if err != nil {
		t.Fatal(err)
	}
	type edge struct{ From, To coffer.PayoutState }
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[edge])
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, to := range coffer.PayoutMoves {
		n += len(to)
	}
	for _, e := range got {
		if !coffer.PayoutMoves.Allowed(e.From, e.To) {
			t.Errorf("SQL allows %s to %s, Go does not", e.From, e.To)
		}
	}
	if len(got) != n {
		t.Errorf("SQL has %d moves, Go %d", len(got), n)
	}
	id := w.state(ws[0].ID).Payout
	for _, bad := range []string{
		"update payout set state = 'planned', version = version + 1 where id = $1",
		"update payout set slot_sequence = 9, version = version + 1 where id = $1",
		"update payout set note = 'x' where id = $1",
		"update payout_attempts set signed = 'x' where payout_id = $1",
		"update payout_attempts set unsigned = 'x' where payout_id = $1",
	} {
		if _, err := w.db.Pool().Exec(t.Context(), bad, id); err == nil {
			t.Errorf("SQL accepted: %s", bad)
		}
	}
}
