package deposit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
)

// payer pays refunds as withdrawals do: a hold, which the end of the payment posts or
// voids. It is on the same books and takes nothing from the service's word.
type payer struct {
	h       *harness
	asked   map[string]deposit.Refund
	ended   map[string]deposit.PaymentStatus
	refuse  error // of the next Request
	silence error // of the next Payment
}

func newPayer(h *harness) *payer {
	return &payer{h: h, asked: map[string]deposit.Refund{}, ended: map[string]deposit.PaymentStatus{}}
}

func (p *payer) Request(ctx context.Context, r deposit.Refund) (string, error) {
	if err := p.refuse; err != nil {
		p.refuse = nil
		return "", err
	}
	if _, again := p.asked[r.ID]; again {
		return "pay_" + r.ID, nil
	}
	err := p.h.db.Tx(ctx, func(tx pgx.Tx) error {
		return p.h.ledger.Hold(ctx, tx, ledger.Hold{ID: "pay_" + r.ID, Account: r.ID, Asset: r.Asset, Amount: r.Amount}, p.h.now)
	})
	if err != nil {
		return "", err
	}
	p.asked[r.ID] = r
	return "pay_" + r.ID, nil
}

func (p *payer) Payment(_ context.Context, payment string) (deposit.PaymentStatus, error) {
	if err := p.silence; err != nil {
		p.silence = nil
		return deposit.PaymentStatus{}, err
	}
	return p.ended[payment], nil
}

// pay ends a payment well: the money leaves the hot wallet.
func (p *payer) pay(r deposit.Refund) {
	p.h.t.Helper()
	ctx := context.Background()
	err := p.h.db.Tx(ctx, func(tx pgx.Tx) error {
		return p.h.ledger.PostHold(ctx, tx, "pay_"+r.ID, ledger.Entry{ID: "paid_" + r.ID, Kind: "test.paid", At: p.h.now, Postings: []ledger.Posting{
			ledger.Debit(ledger.User(r.ID, ledger.BucketHeld), r.Asset, r.Amount),
			ledger.Credit(ledger.PrefixCustodyHot+string(hot), r.Asset, r.Amount),
		}})
	})
	if err != nil {
		p.h.t.Fatal(err)
	}
	p.ended["pay_"+r.ID] = deposit.PaymentStatus{Paid: true}
}

// fail ends a payment badly: what was held is back.
func (p *payer) fail(r deposit.Refund, reason string) {
	p.h.t.Helper()
	ctx := context.Background()
	err := p.h.db.Tx(ctx, func(tx pgx.Tx) error { return p.h.ledger.VoidHold(ctx, tx, "pay_"+r.ID, p.h.now) })
	if err != nil {
		p.h.t.Fatal(err)
	}
	p.ended["pay_"+r.ID] = deposit.PaymentStatus{Failed: true, Reason: reason}
}

// refunding is a harness with a payer, and a deposit of ann's in review, deep and final.
func refunding(t *testing.T, change func(*deposit.Config)) (*harness, *payer) {
	t.Helper()
	h := newHarness(t, nil)
	p := newPayer(h)
	h.s = h.start(h.db, func(c *deposit.Config) {
		c.Payer = p
		c.Rules = []deposit.Rule{{Name: "large", Asset: h.usdt(), Amount: coffer.NewAmount(100)}}
		if change != nil {
			change(c)
		}
	})
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(1)
	return h, p
}

func (h *harness) refunds(want bool) {
	h.t.Helper()
	moved, err := h.s.StepRefunds(context.Background(), h.chain)
	if err != nil || moved != want {
		h.t.Fatalf("refunds moved: %v, %v; want %v", moved, err, want)
	}
}

func (h *harness) refund(account, reason string) deposit.Refund {
	h.t.Helper()
	r, err := h.s.Refund(context.Background(), decision("t-"+account, h.only(account).ID, reason), "")
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (h *harness) wantRefund(account, state string) deposit.Refund {
	h.t.Helper()
	all, err := h.s.Refunds(context.Background(), "t-"+account, h.only(account).ID)
	if err != nil || len(all) == 0 || all[len(all)-1].State != state {
		h.t.Fatalf("refunds %+v, %v; want the last %s", all, err, state)
	}
	return all[len(all)-1]
}

func TestADepositIsRefundedWhenItsRefundIsPaid(t *testing.T) {
	h, p := refunding(t, nil)
	r := h.refund("ann", "sent from a stolen account")
	if r.Destination != stranger || r.State != deposit.RefundOrdered || r.Amount != coffer.NewAmount(100) || r.Actor != "olga" {
		t.Fatalf("refund: %+v", r)
	}
	if again := h.refund("ann", "sent from a stolen account"); again != r {
		t.Errorf("again: %+v, want %+v", again, r)
	}
	h.wantState("ann", coffer.DepositRejected)
	h.wantReview("ann", h.usdt(), 0)
	h.wantHouse("suspense:", h.usdt(), 0)

	// Nothing is asked for while the deposit can still leave the chain.
	h.refunds(false)
	h.empty(2)
	h.refunds(true)
	h.wantRefund("ann", deposit.RefundPaying)
	h.refunds(false)
	h.wantState("ann", coffer.DepositRejected)

	p.pay(r)
	h.refunds(true)
	h.wantRefund("ann", deposit.RefundPaid)
	h.wantState("ann", coffer.DepositRefunded)
	h.refunds(false)
	h.wantHouse("suspense:", h.usdt(), 0)
	h.wantHouse(ledger.PrefixCustodyDeposit, h.usdt(), 100)
	h.wantHouse(ledger.PrefixCustodyHot, h.usdt(), -100)
	h.wantHouse("user:"+r.ID+":", h.usdt(), 0)
	if got, want := h.states("ann"), "observed review rejected rejected refunded"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
	if got, want := h.acts("ann"), "park by rule:large, reject by olga, refund by olga, refund_paid by payer"; got != want {
		t.Errorf("audit %q, want %q", got, want)
	}
	if _, err := h.s.Refund(t.Context(), decision("t-ann", h.only("ann").ID, "again"), ""); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("a second refund: %v", err)
	}
}

func TestARefundThatFailsIsOrderedAnew(t *testing.T) {
	h, p := refunding(t, nil)
	h.empty(2)
	first := h.refund("ann", "unwanted")
	h.refunds(true)
	p.fail(first, "the destination is on the sanctions list")
	h.refunds(true)
	if r := h.wantRefund("ann", deposit.RefundFailed); r.Reason != "the destination is on the sanctions list" {
		t.Errorf("refund: %+v", r)
	}
	h.wantState("ann", coffer.DepositRejected)
	h.wantHouse(ledger.SuspenseUnknown, h.usdt(), -100)
	h.wantHouse("user:"+first.ID+":", h.usdt(), 0)

	elsewhere, err := h.s.Refund(t.Context(), decision("t-ann", h.only("ann").ID, "unwanted"), chaintest.Address(55))
	if err != nil || elsewhere.ID == first.ID || elsewhere.Destination != chaintest.Address(55) {
		t.Fatalf("second refund: %+v, %v", elsewhere, err)
	}
	p.refuse = coffer.Errorf(coffer.CodePolicy, "too much today")
	h.refunds(true)
	h.wantRefund("ann", deposit.RefundFailed)
	h.wantHouse(ledger.SuspenseUnknown, h.usdt(), -100)

	third := h.refund("ann", "third try")
	p.refuse = errors.New("connection refused")
	if moved, err := h.s.StepRefunds(t.Context(), h.chain); err == nil || moved {
		t.Errorf("a payer that cannot be reached: %v, %v", moved, err)
	}
	h.wantRefund("ann", deposit.RefundOrdered)
	h.refunds(true)
	p.silence = errors.New("connection refused")
	if _, err := h.s.StepRefunds(t.Context(), h.chain); err == nil {
		t.Error("a payer that is silent is no error")
	}
	p.pay(third)
	h.refunds(true)
	h.wantState("ann", coffer.DepositRefunded)
	h.wantHouse("suspense:", h.usdt(), 0)
	want := "park by rule:large, reject by olga, refund by olga, refund_failed by payer, refund by olga, refund_failed by payer, refund by olga, refund_paid by payer"
	if got := h.acts("ann"); got != want {
		t.Errorf("audit %q, want %q", got, want)
	}
}

func TestAPayerIsNotBelievedAgainstTheBooks(t *testing.T) {
	h, p := refunding(t, nil)
	h.empty(2)
	r := h.refund("ann", "unwanted")
	h.refunds(true)
	for _, lie := range []deposit.PaymentStatus{{Paid: true}, {Failed: true, Reason: "gone"}} {
		p.ended["pay_"+r.ID] = lie // the money is still held
		if _, err := h.s.StepRefunds(t.Context(), h.chain); err == nil {
			t.Errorf("%+v is believed", lie)
		}
		h.wantRefund("ann", deposit.RefundPaying)
		h.wantState("ann", coffer.DepositRejected)
	}
	p.fail(r, "")
	p.ended["pay_"+r.ID] = deposit.PaymentStatus{Paid: true} // nothing was spent
	if _, err := h.s.StepRefunds(t.Context(), h.chain); err == nil {
		t.Error("paid without a payment is believed")
	}
	if _, err := h.db.Pool().Exec(t.Context(), "update deposit set state = 'refunded', sequence = sequence + 1"); err == nil {
		t.Error("the database takes a deposit for refunded while its refund is not paid")
	}
}

func TestARefundIsAskedForOnceAcrossACrash(t *testing.T) {
	var die context.CancelFunc
	h, p := refunding(t, func(c *deposit.Config) {
		c.Checkpoint = func(name string) {
			if die != nil && (name == deposit.CheckpointRefundAsked || name == deposit.CheckpointBeforeCommit) {
				die()
			}
		}
	})
	h.empty(2)
	r := h.refund("ann", "unwanted")
	crash := func() {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		die = cancel
		if _, err := h.s.StepRefunds(ctx, h.chain); err == nil {
			t.Fatal("the step outlived its context")
		}
		die = nil
	}
	crash()
	h.wantRefund("ann", deposit.RefundOrdered)
	h.refunds(true)
	if len(p.asked) != 1 {
		t.Errorf("asked for %d payments", len(p.asked))
	}
	p.pay(r)
	crash()
	h.wantRefund("ann", deposit.RefundPaying)
	h.wantState("ann", coffer.DepositRejected)
	h.refunds(true)
	h.wantState("ann", coffer.DepositRefunded)
}

func TestARefundOfADepositThatLeavesTheChain(t *testing.T) {
	for _, when := range []string{"ordered", "paying, then failed", "paying, then paid"} {
		t.Run(when, func(t *testing.T) {
			h, p := refunding(t, func(c *deposit.Config) { c.Chains[0].NoFinality = true })
			h.fake.SetFinal(0)
			r := h.refund("ann", "unwanted")
			if when != "ordered" {
				h.empty(2)
				h.refunds(true)
			}
			h.reorg(int(h.fake.Tip().Height), nil)
			h.wantState("ann", coffer.DepositReversed)
			h.wantHouse(ledger.PrefixCustodyDeposit, h.usdt(), 0)
			h.wantHouse("suspense:", h.usdt(), 0)

			lost := int64(0)
			switch when {
			case "ordered":
				h.wantRefund("ann", deposit.RefundFailed)
			case "paying, then failed":
				p.fail(r, "too late")
				h.refunds(true)
				h.wantRefund("ann", deposit.RefundFailed)
			case "paying, then paid":
				p.pay(r)
				h.refunds(true)
				h.wantRefund("ann", deposit.RefundPaid)
				lost = 100
			}
			h.refunds(false)
			h.wantHouse(ledger.PrefixReceivableReorg, h.usdt(), lost)
			h.wantHouse(ledger.PrefixCustodyHot, h.usdt(), -lost)
			h.wantHouse("user:"+r.ID+":", h.usdt(), 0)
			h.wantState("ann", coffer.DepositReversed)
		})
	}
}

// A deposit without its memo stays what it is while its money goes back: the customer must
// not get it too.
func TestWhatIsBeingRefundedIsNotReleased(t *testing.T) {
	h := newHarness(t, nil)
	p := newPayer(h)
	h.s = h.start(h.db, func(c *deposit.Config) { c.Assets[0].NeedsMemo, c.Payer = true, p })
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(3)
	release := func() error {
		_, err := h.s.Release(t.Context(), decision("t-ann", h.only("ann").ID, "the sender named the account"))
		return err
	}

	first := h.refund("ann", "nobody claims it")
	for _, state := range []string{deposit.RefundOrdered, deposit.RefundPaying} {
		h.wantRefund("ann", state)
		if err := release(); coffer.ErrorCode(err) != coffer.CodeConflict {
			t.Errorf("release while the refund is %s: %v", state, err)
		}
		if reviews, err := h.s.Reviews(t.Context(), deposit.ReviewFilter{}); err != nil || len(reviews) != 1 || reviews[0].Decidable {
			t.Errorf("queue: %+v, %v", reviews, err)
		}
		h.wantState("ann", coffer.DepositMissingMemo)
		h.wantHouse("suspense:", h.usdt(), 0)
		h.refunds(state == deposit.RefundOrdered)
	}

	p.fail(first, "the destination is on the sanctions list")
	h.refunds(true)
	if err := release(); err != nil {
		t.Fatalf("release after the refund failed: %v", err)
	}
	h.empty(1)
	h.wantBalance("ann", h.usdt(), 100, 0)
	h.wantHouse("suspense:", h.usdt(), 0)
}

func TestWhatCannotBeRefunded(t *testing.T) {
	h, _ := refunding(t, nil)
	h.mine(transfer(h.usdt(), 2, "log:0", h.user("bob"), 50))
	h.empty(1)
	ann, bob := h.only("ann").ID, h.only("bob").ID
	for name, test := range map[string]struct {
		by   deposit.Decision
		to   coffer.Address
		want coffer.Code
	}{
		"what is credited":      {decision("t-bob", bob, "x"), "", coffer.CodeConflict},
		"another tenant's":      {decision("t-bob", ann, "x"), "", coffer.CodeNotFound},
		"to an address of ours": {decision("t-ann", ann, "x"), hot, coffer.CodeInvalid},
		"to a token contract":   {decision("t-ann", ann, "x"), contract, coffer.CodeInvalid},
		"to an account of ours": {decision("t-ann", ann, "x"), h.user("bob"), coffer.CodeInvalid},
		"to no address":         {decision("t-ann", ann, "x"), "0x12", coffer.CodeInvalid},
		"by nobody":             {deposit.Decision{Tenant: "t-ann", Deposit: ann, Reason: "x"}, "", coffer.CodeInvalid},
	} {
		if _, err := h.s.Refund(t.Context(), test.by, test.to); coffer.ErrorCode(err) != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	if n := h.count("select count(*) from deposit_refund"); n != 0 {
		t.Errorf("%d refunds", n)
	}
	h.wantState("ann", coffer.DepositReview)

	h.refund("ann", "x")
	if _, err := h.s.Refund(t.Context(), decision("t-ann", ann, "x"), chaintest.Address(9)); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("the same words for another destination: %v", err)
	}
	for _, sql := range []string{
		"update deposit_refund set state = 'paid', payment = 'p'", "update deposit_refund set destination = 'x'", "delete from deposit_refund",
		"insert into deposit_refund (id, deposit, inclusion, tenant, chain, asset, destination, amount, suspense, actor, created_at, updated_at) select 'r2', deposit, inclusion, tenant, chain, asset, destination, amount, suspense, actor, created_at, updated_at from deposit_refund",
	} {
		if _, err := h.db.Pool().Exec(t.Context(), sql); err == nil {
			t.Error(fmt.Errorf("accepted: %s", sql))
		}
	}
}
