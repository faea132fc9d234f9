package withdrawal_test

import (
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

func TestOrdersHaveToOutliveTheMarginOfTheirOwnChainOnly(t *testing.T) {
	tests := []struct {
		name    string
		margins map[coffer.ChainID]time.Duration
		want    coffer.WithdrawalState
	}{
		{"another chain is slow", map[coffer.ChainID]time.Duration{btc: 4 * time.Hour}, coffer.WithdrawalApproved},
		{"its own is slow", map[coffer.ChainID]time.Duration{chain: 4 * time.Hour}, coffer.WithdrawalRejected},
		{"it is faster than others", map[coffer.ChainID]time.Duration{chain: time.Minute, btc: 4 * time.Hour}, coffer.WithdrawalApproved},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *withdrawal.Config) { c.Margins = test.margins })
			b.fund(account, usdt, rich)
			w := b.request("k", "10")
			b.settleDown()
			b.state(w.ID, coffer.WithdrawalApproved)

			b.later(withdrawal.DefaultOrderTTL - time.Hour) // an hour is left
			b.settleDown()

			b.state(w.ID, test.want)
			found, err := b.AnyApproved(t.Context(), chain, nil)
			if err != nil || found != (test.want == coffer.WithdrawalApproved) {
				t.Errorf("there is one to pay: %t, %v; it is %s", found, err, test.want)
			}
		})
	}
}

func TestApprovalsHaveToOutliveTheMarginOfTheirOwnChainOnly(t *testing.T) {
	for margin, want := range map[time.Duration]coffer.Code{2 * time.Hour: coffer.CodeInvalid, 30 * time.Minute: ""} {
		b := newBench(t, func(c *withdrawal.Config) {
			c.Margins = map[coffer.ChainID]time.Duration{chain: margin, btc: 4 * time.Hour}
		})
		b.fund(account, usdt, rich)
		w := b.request("k", "2000")
		b.settleDown()

		_, err := b.Approve(t.Context(), tenant, w.ID, approve(t, w.Order, 1, b.now.Add(time.Hour)))

		if got := coffer.ErrorCode(err); err == nil && want != "" || err != nil && got != want {
			t.Errorf("an approval for an hour at a margin of %s: %v, want code %q", margin, err, want)
		}
	}
}

func TestMarginsThatOrdersDoNotOutliveAreRefused(t *testing.T) {
	b := newBench(t)
	for name, margin := range map[string]time.Duration{
		"none": 0, "negative": -time.Hour, "as long as orders live": withdrawal.DefaultOrderTTL,
	} {
		c := b.config()
		c.Margins = map[coffer.ChainID]time.Duration{btc: margin}
		if _, err := withdrawal.New(c); err == nil {
			t.Errorf("a margin that is %s: accepted", name)
		}
	}
}
