package payout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
)

// While people have paused it, nothing is planned, built or signed; no try is counted, no
// signer asked and no alarm raised. Afterwards everything is paid.
func TestPausedPayoutsWait(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.mine(1, none)
	w.observe()
	first := w.request(usdt, 100)
	w.approveAll()
	w.plan()

	w.m.Paused = func(id coffer.ChainID, orders ...coffer.Order) string {
		if id != chain || len(orders) == 0 {
			t.Errorf("asked about %d orders on %s", len(orders), id)
		}
		return "paused: pause all, by alice"
	}
	second := w.request(usdt, 200)
	w.approveAll()
	for range 20 {
		w.plan()
		w.step(1)
		w.later(2 * time.Second)
	}
	p := w.payoutOf(first.ID)
	if p.State != coffer.PayoutPlanned || !strings.Contains(p.Note, "by alice") || p.Alarm != "" || len(p.Attempts) != 0 {
		t.Errorf("payout is %s with %d attempts, note %q, alarm %q", p.State, len(p.Attempts), p.Note, p.Alarm)
	}
	if got := w.state(second.ID); got.State != coffer.WithdrawalApproved {
		t.Errorf("a withdrawal that came later is %s", got.State)
	}

	w.m.Paused = nil
	w.later(2 * time.Second)
	w.step(10)
	w.mine(1, all)
	w.observe()
	w.plan()
	w.step(10)
	w.mine(1, all)
	w.observe()
	w.finish()
	for _, wd := range []coffer.Withdrawal{first, second} {
		if got := w.state(wd.ID); got.State != coffer.WithdrawalSettled {
			t.Errorf("after the pause %s is %s", wd.ID, got.State)
		}
	}
}
