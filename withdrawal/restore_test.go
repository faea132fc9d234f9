package withdrawal_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

const elsewhere = "0xdD2FD4581271e230360230F9337D5c0430Bf44C0" // nobody's here

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
	f := goodRefund(4_000_000)
	f.Destination = elsewhere
	w, err := b.Refund(t.Context(), f)
	if err != nil || w.ID != o.ID || w.Destination != payee {
		t.Errorf("ordered again to somebody else: %s to %s, %v", w.ID, w.Destination, err)
	}
}

// signedFor is an order that signers signed under the id of a key.
func (b *bench) signedFor(key string, units uint64) coffer.Order {
	return coffer.Order{ID: coffer.DeriveID("wd", tenant, key), Tenant: tenant, Account: account, Asset: usdt, Destination: elsewhere,
		Amount: coffer.NewAmount(units), FeeCap: coffer.NewAmount(2_000_000), Expires: b.now.Add(48 * time.Hour)}
}

// A customer asked again under a key whose withdrawal was lost, and the signers were not
// read yet. Wherever that came to before signers were asked, what they signed takes its place.
func TestWhatSignersSignedTakesThePlaceOfWhatNobodySigned(t *testing.T) {
	for name, c := range map[string]struct {
		units string
		to    string
		lead  func(b *bench, id string)
		state coffer.WithdrawalState
	}{
		"requested":          {"10", payee, func(*bench, string) {}, coffer.WithdrawalRequested},
		"approved":           {"10", payee, func(b *bench, _ string) { b.settleDown() }, coffer.WithdrawalApproved},
		"of another account": {"10", friend, func(*bench, string) {}, coffer.WithdrawalRequested},
		"waiting for a person": {"2000", payee, func(b *bench, id string) {
			b.settleDown()
			w := b.state(id, coffer.WithdrawalAwaitingApproval)
			if _, err := b.Approve(b.t.Context(), tenant, id, approve(b.t, w.Order, 1, b.now.Add(24*time.Hour))); err != nil {
				b.t.Fatal(err)
			}
		}, coffer.WithdrawalApproved},
		"cancelled in its payout": {"10", payee, func(b *bench, id string) {
			b.settleDown()
			b.inTx(func(tx pgx.Tx) error { return b.Paying(b.t.Context(), tx, "po_planned", []string{id}) })
			b.inTx(func(tx pgx.Tx) error { return b.Returned(b.t.Context(), tx, []string{id}, "the database was restored") })
		}, coffer.WithdrawalApproved},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.fund(account, usdt, 3_000_000_000)
			r := good("again", c.units)
			r.Destination = c.to
			asked, err := b.Request(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			c.lead(b, asked.ID)
			b.state(asked.ID, c.state)

			o := b.signedFor("again", 30_000_000)
			if err := b.restore(o); err != nil {
				t.Fatal(err)
			}
			w := b.state(o.ID, coffer.WithdrawalPaying)
			if w.Order != o || w.OrderHash != o.Hash() || w.Payout != "po_signed" || w.Internal || len(w.Approvals) != 0 || w.Fee != o.FeeCap {
				t.Errorf("the withdrawal is %+v, want the order %+v", w, o)
			}
			b.balance(account, 2_968_000_000, 32_000_000)
			states := b.events(o.ID)
			if n := len(states); n < 4 || states[n-1] != string(coffer.WithdrawalPaying) {
				t.Errorf("events: %v", states)
			}
			if err := b.restore(o); err != nil {
				t.Errorf("restored again: %v", err)
			}
			var body string
			err = b.db.Pool().QueryRow(t.Context(), "select body::text from withdrawal_replaced where withdrawal_id = $1 and order_hash = $2 and request_hash is not null",
				o.ID, asked.OrderHash[:]).Scan(&body)
			if err != nil || !strings.Contains(body, "again") {
				t.Errorf("what was requested is kept as %s: %v", body, err)
			}

			// The key is that of the payment that was signed.
			if _, err := b.Request(t.Context(), r); coffer.ErrorCode(err) != coffer.CodeIdempotency {
				t.Errorf("what was replaced is asked for again: %v", err)
			}
			r = good("again", "30")
			r.Destination = elsewhere
			for range 2 {
				if found, err := b.Request(t.Context(), r); err != nil || found.ID != o.ID {
					t.Errorf("what was signed is found as %s, %v", found.ID, err)
				}
			}
			b.settle(o.ID)
			b.balance(account, 2_968_000_000, 0)
		})
	}
}

// settle has a block pay a withdrawal, finally.
func (b *bench) settle(id string) {
	b.t.Helper()
	b.inTx(func(tx pgx.Tx) error { return b.Confirming(b.t.Context(), tx, []string{id}, coffer.Hash{7}) })
	b.inTx(func(tx pgx.Tx) error {
		return b.Settled(b.t.Context(), tx, id, coffer.BlockRef{Height: 1, Hash: coffer.Hash{8}})
	})
	b.state(id, coffer.WithdrawalSettled)
}

// Money that is held for a replaced order goes back where it came from, too.
func TestAReplacedOrderThatFailsGivesItsMoneyBack(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, 40_000_000)
	b.request("again", "10")
	o := b.signedFor("again", 30_000_000)
	if err := b.restore(o); err != nil {
		t.Fatal(err)
	}
	b.balance(account, 8_000_000, 32_000_000)
	b.inTx(func(tx pgx.Tx) error { return b.Failed(t.Context(), tx, o.ID, "reverted") })
	b.balance(account, 40_000_000, 0)
}

func TestNothingElseGivesWayToASignedOrder(t *testing.T) {
	for name, c := range map[string]struct {
		to   string
		lead func(b *bench, id string)
		want coffer.Code
	}{
		"signers were asked": {payee, func(b *bench, id string) {
			ids := []string{id}
			b.settleDown()
			b.inTx(func(tx pgx.Tx) error { return b.Paying(b.t.Context(), tx, "po_asked", ids) })
			b.inTx(func(tx pgx.Tx) error { return b.Commit(b.t.Context(), tx, ids) })
			b.inTx(func(tx pgx.Tx) error { return b.Returned(b.t.Context(), tx, ids, "expired") })
			b.state(id, coffer.WithdrawalApproved)
		}, coffer.CodeConflict},
		"it is in a payout": {payee, func(b *bench, id string) {
			b.settleDown()
			b.inTx(func(tx pgx.Tx) error { return b.Paying(b.t.Context(), tx, "po_planned", []string{id}) })
		}, coffer.CodeConflict},
		"it was cancelled": {payee, func(b *bench, id string) {
			if _, err := b.Cancel(b.t.Context(), tenant, id); err != nil {
				b.t.Fatal(err)
			}
		}, coffer.CodeConflict},
		"the books paid it": {friend, func(b *bench, id string) {
			b.settleDown()
			b.state(id, coffer.WithdrawalSettled)
		}, coffer.CodeConflict},
		"there is not enough": {payee, func(*bench, string) {}, coffer.CodeInsufficient},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.fund(account, usdt, 40_000_000)
			r := good("again", "10")
			r.Destination = c.to
			asked, err := b.Request(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			c.lead(b, asked.ID)
			before, err := b.Get(t.Context(), tenant, asked.ID)
			if err != nil {
				t.Fatal(err)
			}
			balance, err := b.books.BalanceOf(t.Context(), account, usdt)
			if err != nil {
				t.Fatal(err)
			}
			events := len(b.allEvents())

			if err := b.restore(b.signedFor("again", 39_000_000)); coffer.ErrorCode(err) != c.want {
				t.Errorf("restored: %v, want %s", err, c.want)
			}
			after, err := b.Get(t.Context(), tenant, asked.ID)
			if err != nil || !reflect.DeepEqual(after, before) {
				t.Errorf("it is %+v, %v; was %+v", after, err, before)
			}
			if now, err := b.books.BalanceOf(t.Context(), account, usdt); err != nil || now != balance {
				t.Errorf("the balance is %+v, %v; was %+v", now, err, balance)
			}
			if got := len(b.allEvents()); got != events {
				t.Errorf("%d events, there were %d", got, events)
			}
			if again, err := b.Request(t.Context(), r); err != nil || again.ID != asked.ID {
				t.Errorf("asked again: %s %v", again.ID, err)
			}
		})
	}
}

// The database lets an order change only so.
func TestTheOrderOfARowChangesOnlyWithWhatItWasKept(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, 40_000_000)
	w := b.request("again", "10")
	for name, statement := range map[string]string{
		"the amount alone": "update withdrawal set amount = amount + 1, sequence = sequence + 1 where id = $1",
		"nothing was kept": "update withdrawal set amount = amount + 1, replaced = true, idempotency_key = 'restored:' || id, sequence = sequence + 1 where id = $1",
		"another tenant":   "update withdrawal set tenant = 'other', sequence = sequence + 1 where id = $1",
		"that it was so":   "update withdrawal set replaced = true, sequence = sequence + 1 where id = $1",
	} {
		if _, err := b.db.Pool().Exec(t.Context(), statement, w.ID); err == nil || !strings.Contains(err.Error(), "the order never changes") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
