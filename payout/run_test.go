package payout_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
)

// eventually waits for a condition, with a deadline.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline, tick := time.NewTimer(time.Minute), time.NewTicker(10*time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func TestRunPaysWhatIsApprovedAndStopsWithItsContext(t *testing.T) {
	w := newWorld(t, 1, 2)
	w.mine(1, none)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for _, run := range []func(context.Context) error{w.m.Run, w.withdrawals.Run} {
		group.Go(func() {
			if err := run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("Run ended with %v", err)
			}
		})
	}

	wd := w.request(usdt, 100)
	eventually(t, "the operation is sent", func() bool {
		w.net.mu.Lock()
		defer w.net.mu.Unlock()
		return len(w.net.pool) == 1
	})
	w.mine(1, all)
	eventually(t, "the withdrawal is confirming", func() bool { return w.state(wd.ID).State == coffer.WithdrawalConfirming })
	w.net.SetFinal(w.net.Tip().Height)
	w.mine(1, none)
	eventually(t, "the withdrawal is settled", func() bool { return w.state(wd.ID).State == coffer.WithdrawalSettled })

	cancel()
	group.Wait()
	w.checkBooks()
}

func TestProcessesBesideEachOtherPayOnce(t *testing.T) {
	w := newWorld(t, 1, 3)
	w.mine(1, none)
	first := w.m
	w.start() // a second process
	for n := range 12 {
		w.request(usdt, uint64(100+n))
	}
	w.approveAll()

	var group sync.WaitGroup
	for _, m := range []interface {
		Plan(context.Context, coffer.ChainID) (bool, error)
		Step(context.Context) (bool, error)
		Observe(context.Context, coffer.ChainID) (int, error)
	}{first, w.m} {
		for range 2 {
			group.Go(func() {
				for range 12 {
					_, errPlan := m.Plan(t.Context(), chain)
					_, errStep := m.Step(t.Context())
					_, errObserve := m.Observe(t.Context(), chain)
					if err := errors.Join(errPlan, errStep, errObserve); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	group.Wait()
	w.drain()
	w.checkEnd()

	var payouts int
	if err := w.db.Pool().QueryRow(t.Context(), "select count(*) from payout").Scan(&payouts); err != nil {
		t.Fatal(err)
	}
	if payouts != 3 {
		t.Errorf("12 orders, 4 at most in each, went into %d payouts", payouts)
	}
}
