package withdrawal_test

import (
	"context"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

func TestNothingNewIsTakenWhileWithdrawalsAreClosed(t *testing.T) {
	shut := true
	b := newBench(t, func(c *withdrawal.Config) {
		c.Closed = func(context.Context) error {
			if shut {
				return coffer.Errorf(coffer.CodeUnavailable, "not yet")
			}
			return nil
		}
	})
	b.fund(refundAccount, usdt, 4_000_000)
	b.fund(account, usdt, 100_000_000)
	if _, err := b.Refund(t.Context(), goodRefund(4_000_000)); coffer.ErrorCode(err) != coffer.CodeUnavailable {
		t.Errorf("a refund: %v", err)
	}
	if _, err := b.Request(t.Context(), good("k", "10")); coffer.ErrorCode(err) != coffer.CodeUnavailable {
		t.Errorf("a request: %v", err)
	}
	if got := len(b.allEvents()); got != 0 {
		t.Errorf("%d events while closed", got)
	}
	b.balance(refundAccount, 4_000_000, 0)
	b.balance(account, 100_000_000, 0)

	shut = false
	refund, err := b.Refund(t.Context(), goodRefund(4_000_000))
	if err != nil {
		t.Fatal(err)
	}
	asked := b.request("k", "10")
	shut = true // what is known is found
	if again, err := b.Refund(t.Context(), goodRefund(4_000_000)); err != nil || again.ID != refund.ID {
		t.Errorf("the refund again: %s %v", again.ID, err)
	}
	if again := b.request("k", "10"); again.ID != asked.ID {
		t.Errorf("the request again: %s, was %s", again.ID, asked.ID)
	}
}
