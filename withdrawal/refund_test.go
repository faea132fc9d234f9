package withdrawal_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

const refundAccount = withdrawal.RefundPrefix + "1"

func goodRefund(amount uint64) withdrawal.Refund {
	return withdrawal.Refund{ID: refundAccount, Tenant: tenant, Asset: usdt, Destination: payee, Amount: coffer.NewAmount(amount)}
}

func TestARefundIsAWithdrawalOfItsOwnAccountAndPaysItsFeeItself(t *testing.T) {
	b := newBench(t)
	b.fund(refundAccount, usdt, 4_000_000) // below the least that customers may withdraw
	w, err := b.Refund(t.Context(), goodRefund(4_000_000))
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.Refund(t.Context(), goodRefund(4_000_000))
	if err != nil || again.ID != w.ID {
		t.Fatalf("asking again: %s %v, want %s", again.ID, err, w.ID)
	}
	if w.Amount != coffer.NewAmount(3_000_000) || w.Fee != coffer.NewAmount(1_000_000) || w.Account != refundAccount {
		t.Errorf("the order: %+v", w.Order)
	}
	b.balance(refundAccount, 0, 4_000_000)
	b.settleDown()
	b.state(w.ID, coffer.WithdrawalApproved)

	// Its money goes back where it was when it is not paid.
	if _, err := b.Cancel(t.Context(), tenant, w.ID); err != nil {
		t.Fatal(err)
	}
	b.balance(refundAccount, 4_000_000, 0)
	if ended, err := b.ByID(t.Context(), w.ID); err != nil || ended.State != coffer.WithdrawalCancelled {
		t.Errorf("by id: %s %v", ended.State, err)
	}
	if _, err := b.ByID(t.Context(), "wd_none"); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("an id of nothing: %v", err)
	}
}

func TestARefundIsHeldToWhatWithdrawalsAreHeldTo(t *testing.T) {
	b := newBench(t)
	b.fund(refundAccount, usdt, 20_000_000_000)
	change := func(f func(r *withdrawal.Refund)) withdrawal.Refund {
		r := goodRefund(4_000_000)
		f(&r)
		return r
	}
	cases := map[string]struct {
		refund withdrawal.Refund
		code   coffer.Code
		field  string
	}{
		"a house address":         {change(func(r *withdrawal.Refund) { r.Destination = house }), coffer.CodeInvalid, "destination"},
		"an account's address":    {change(func(r *withdrawal.Refund) { r.Destination = theirs }), coffer.CodeInvalid, "destination"},
		"the token itself":        {change(func(r *withdrawal.Refund) { r.Destination = token }), coffer.CodeInvalid, "destination"},
		"no address":              {change(func(r *withdrawal.Refund) { r.Destination = "0x1" }), coffer.CodeInvalid, "destination"},
		"an asset of nobody":      {change(func(r *withdrawal.Refund) { r.Asset = chainAsset("erc20:0x1") }), coffer.CodeInvalid, "asset"},
		"not more than the fee":   {change(func(r *withdrawal.Refund) { r.Amount = coffer.NewAmount(1_000_000) }), coffer.CodeInvalid, "amount"},
		"more than there is":      {change(func(r *withdrawal.Refund) { r.Amount = coffer.NewAmount(30_000_000_000) }), coffer.CodeInsufficient, ""},
		"an account of customers": {change(func(r *withdrawal.Refund) { r.ID = account }), coffer.CodeInvalid, "id"},
	}
	for name, c := range cases {
		_, err := b.Refund(t.Context(), c.refund)
		if coffer.ErrorCode(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		if ours := (*coffer.Error)(nil); c.field != "" && (!errors.As(err, &ours) || ours.Field != c.field) {
			t.Errorf("%s: %v does not name %s", name, err, c.field)
		}
	}
	b.balance(refundAccount, 20_000_000_000, 0)
	if got := len(b.allEvents()); got != 0 {
		t.Errorf("refusals wrote %d events", got)
	}

	// Policy has the last word.
	w, err := b.Refund(t.Context(), goodRefund(20_000_000_000))
	if err != nil {
		t.Fatal(err)
	}
	b.settleDown()
	b.state(w.ID, coffer.WithdrawalRejected)
	b.balance(refundAccount, 20_000_000_000, 0)
}

func TestCustomersReachNoRefund(t *testing.T) {
	b := newBench(t)
	b.fund(refundAccount, usdt, 4_000_000)
	r := good("mine", "3")
	r.Account = refundAccount
	if _, err := b.Request(t.Context(), r); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("a request for a refund's account: %v", err)
	}
	r = good("refund\x1f"+refundAccount, "10")
	if _, err := b.Request(t.Context(), r); coffer.ErrorCode(err) != coffer.CodeInvalid {
		t.Errorf("a request under a refund's key: %v", err)
	}
}

func TestNobodyAsksWhoTheCustomerOfARefundIs(t *testing.T) {
	b := newBench(t, func(c *withdrawal.Config) {
		c.Customers = withdrawal.SandboxCustomers{NameOf: func(_ context.Context, _, account string) (string, error) {
			t.Errorf("asked for the name of %s", account)
			return "", errors.New("no such account")
		}}
	})
	b.fund(refundAccount, usdt, 4_000_000)
	w, err := b.Refund(t.Context(), goodRefund(4_000_000))
	if err != nil {
		t.Fatal(err)
	}
	b.settleDown()
	b.state(w.ID, coffer.WithdrawalApproved)
}

func chainAsset(rest string) coffer.AssetID { return coffer.AssetID(string(chain) + "/" + rest) }
