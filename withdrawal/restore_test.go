package withdrawal_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

// restore takes an order that signers signed into a payout.
func (b *bench) restore(o coffer.Order) error {
	return b.db.Tx(b.t.Context(), func(tx pgx.Tx) error { return b.Restore(b.t.Context(), tx, o, "po_signed") })
}

// lostRefund is the order of a refund that signers remember.
func (b *bench) lostRefund() coffer.Order {
	b.t.Helper()
	id := coffer.DeriveID("wd", tenant, "refund\x1f"+refundAccount)
	return coffer.Order{ID: id, Tenant: tenant, Account: refundAccount, Asset: usdt, Destination: payee,
		Amount: coffer.NewAmount(3_000_000), FeeCap: coffer.NewAmount(1_000_000), Expires: b.now.Add(48 * time.Hour)}
}

func TestARestoredRefundIsItsDepositsRefund(t *testing.T) {
	b := newBench(t, func(c *withdrawal.Config) {
		c.Closed = func(context.Context) error { t.Error("a refund that is known waited"); return nil }
		c.Customers = withdrawal.SandboxCustomers{NameOf: func(_ context.Context, _, account string) (string, error) {
			t.Errorf("asked for the name of %s", account)
			return "", errors.New("no such account")
		}}
	})
	b.fund(refundAccount, usdt, 4_000_000)
	o := b.lostRefund()
	if err := b.restore(o); err != nil {
		t.Fatal(err)
	}
	for range 2 { // looked up, then under its key
		w, err := b.Refund(t.Context(), goodRefund(4_000_000))
		if err != nil || w.ID != o.ID || w.State != coffer.WithdrawalPaying || w.OrderHash != o.Hash() {
			t.Fatalf("the refund is %s %s, %v; want %s", w.ID, w.State, err, o.ID)
		}
	}
	b.balance(refundAccount, 0, 4_000_000)

	// Its payout ends, and it is screened again: a refund still has no customer.
	b.inTx(func(tx pgx.Tx) error { return b.Returned(t.Context(), tx, []string{o.ID}, "gone") })
	b.settleDown()
	b.state(o.ID, coffer.WithdrawalApproved)
}

// What signers were told decides where the money went, and another amount is another refund.
func TestARestoredRefundIsOnlyWhatWasSigned(t *testing.T) {
	b := newBench(t)
	b.fund(refundAccount, usdt, 5_000_000)
	o := b.lostRefund()
	if err := b.restore(o); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]withdrawal.Refund{
		"another amount": goodRefund(5_000_000),
		"another asset":  {ID: refundAccount, Tenant: tenant, Asset: ether, Destination: payee, Amount: coffer.NewAmount(4_000_000)},
	} {
		if _, err := b.Refund(t.Context(), f); coffer.ErrorCode(err) != coffer.CodeIdempotency {
			t.Errorf("%s: %v", name, err)
		}
	}
	elsewhere := goodRefund(4_000_000)
	elsewhere.Destination = "0xdD2FD4581271e230360230F9337D5c0430Bf44C0"
	w, err := b.Refund(t.Context(), elsewhere)
	if err != nil || w.ID != o.ID || w.Destination != payee {
		t.Errorf("ordered again to somebody else: %s to %s, %v", w.ID, w.Destination, err)
	}
}
