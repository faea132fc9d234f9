package withdrawal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

// signers remember what they were told not to pay.
type signers struct {
	mu      sync.Mutex
	down    error
	heard   map[string]string // id of the order → reason
	told    int
	arrived chan struct{}
}

func (s *signers) Revoke(_ context.Context, o coffer.Order, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told++
	if s.down != nil {
		return s.down
	}
	if s.heard == nil {
		s.heard = map[string]string{}
	}
	s.heard[o.ID] = reason
	if s.arrived != nil {
		close(s.arrived)
		s.arrived = nil
	}
	return nil
}

func revokedBy(s *signers) func(*withdrawal.Config) {
	return func(c *withdrawal.Config) { c.Revoker = s }
}

func TestOrdersThatEndedAreRevoked(t *testing.T) {
	s := &signers{}
	b := newBench(t, revokedBy(s))
	b.fund(account, usdt, rich)
	cancelled, rejected, failed, paid, approved := b.request("k1", "10"), b.request("k2", "9001"), b.request("k3", "20"), b.request("k4", "30"), b.request("k5", "40")
	inside, err := b.Request(t.Context(), to(friend, "k6", "50"))
	if err != nil {
		t.Fatal(err)
	}
	b.settleDown()
	if _, err := b.Cancel(t.Context(), tenant, cancelled.ID); err != nil {
		t.Fatal(err)
	}
	both := []string{failed.ID, paid.ID}
	b.inTx(func(tx pgx.Tx) error { return b.Paying(t.Context(), tx, "po_1", both) })
	b.inTx(func(tx pgx.Tx) error { return b.Commit(t.Context(), tx, both) })
	b.inTx(func(tx pgx.Tx) error { return b.Confirming(t.Context(), tx, both, coffer.Hash{1}) })
	b.inTx(func(tx pgx.Tx) error {
		return b.Settled(t.Context(), tx, paid.ID, coffer.BlockRef{Height: 7, Hash: coffer.Hash{7}})
	})
	b.inTx(func(tx pgx.Tx) error { return b.Failed(t.Context(), tx, failed.ID, "execution reverted") })

	if waiting, err := b.Unrevoked(t.Context(), 10); err != nil || len(waiting) != 4 {
		t.Fatalf("waiting %+v, %v", waiting, err)
	}
	if n, err := b.Revoke(t.Context()); err != nil || n != 4 {
		t.Fatalf("revoked %d, %v", n, err)
	}
	want := map[string]string{
		cancelled.ID: "cancelled: cancelled by the customer",
		failed.ID:    "failed: execution reverted",
		inside.ID:    "paid by the books",
	}
	for id, reason := range want {
		if s.heard[id] != reason {
			t.Errorf("the signers heard %q of %s, want %q", s.heard[id], id, reason)
		}
	}
	if s.heard[rejected.ID] == "" || s.heard[paid.ID] != "" || s.heard[approved.ID] != "" || len(s.heard) != 4 {
		t.Errorf("the signers heard %v", s.heard)
	}
	if n, err := b.Revoke(t.Context()); err != nil || n != 0 || s.told != 4 {
		t.Errorf("revoked again: %d, %v, told %d times", n, err, s.told)
	}
	for _, bad := range []string{
		"delete from withdrawal_revocations", "update withdrawal_revocations set delivered_at = null", "update withdrawal_revocations set reason = ''",
	} {
		if _, err := b.db.Pool().Exec(t.Context(), bad); err == nil {
			t.Errorf("SQL accepted: %s", bad)
		}
	}
}

func TestSignersThatAreAwayAreToldLater(t *testing.T) {
	s := &signers{down: errors.New("connection refused")}
	b := newBench(t, revokedBy(s))
	b.fund(account, usdt, rich)
	for i := range 5 {
		w := b.request(fmt.Sprint(i), "10")
		if _, err := b.Cancel(t.Context(), tenant, w.ID); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := b.Revoke(t.Context()); err == nil || n != 0 || s.told != 3 {
		t.Errorf("revoked %d, %v; told %d times, want to stop after 3", n, err, s.told)
	}
	s.down = nil
	if n, err := b.Revoke(t.Context()); err != nil || n != 2 {
		t.Errorf("revoked %d, %v; want those that were not tried", n, err)
	}
	b.later(time.Second)
	if n, err := b.Revoke(t.Context()); err != nil || n != 3 {
		t.Errorf("revoked %d, %v; want those that were put off", n, err)
	}
	if waiting, err := b.Unrevoked(t.Context(), 10); err != nil || len(waiting) != 0 {
		t.Errorf("waiting %+v, %v", waiting, err)
	}
}

func TestAnExpiredOrderNeedsNoRevocation(t *testing.T) {
	s := &signers{}
	b := newBench(t, revokedBy(s))
	b.fund(account, usdt, rich)
	w := b.request("k", "10")
	if _, err := b.Cancel(t.Context(), tenant, w.ID); err != nil {
		t.Fatal(err)
	}
	b.later(withdrawal.DefaultOrderTTL)
	if n, err := b.Revoke(t.Context()); err != nil || n != 0 || s.told != 0 {
		t.Errorf("revoked %d, %v, told %d", n, err, s.told)
	}
}

func TestWithoutARevokerOrdersWait(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	w := b.request("k", "10")
	if _, err := b.Cancel(t.Context(), tenant, w.ID); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Revoke(t.Context()); err != nil || n != 0 {
		t.Errorf("revoked %d, %v", n, err)
	}
	if waiting, err := b.Unrevoked(t.Context(), 10); err != nil || len(waiting) != 1 || waiting[0].OrderHash != w.OrderHash {
		t.Errorf("waiting %+v, %v", waiting, err)
	}
}

func TestRunRevokes(t *testing.T) {
	arrived := make(chan struct{})
	b := newBench(t, revokedBy(&signers{arrived: arrived}))
	b.fund(account, usdt, rich)
	w := b.request("k", "10")
	if _, err := b.Cancel(t.Context(), tenant, w.ID); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	select {
	case <-arrived:
	case err := <-done:
		t.Fatalf("Run ended first: %v", err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
}

// What a contract says when it fails is foreign text. Signers take short, printable ASCII
// only, and must hear of the order all the same.
func TestSignersHearReasonsInPrintableASCII(t *testing.T) {
	s := &signers{}
	b := newBench(t, revokedBy(s))
	b.fund(account, usdt, rich)
	w := b.request("k", "10")
	b.settleDown()
	ids := []string{w.ID}
	b.inTx(func(tx pgx.Tx) error { return b.Paying(t.Context(), tx, "po_1", ids) })
	b.inTx(func(tx pgx.Tx) error { return b.Commit(t.Context(), tx, ids) })
	b.inTx(func(tx pgx.Tx) error {
		return b.Failed(t.Context(), tx, w.ID, "Überzogen\n"+strings.Repeat("é", 300))
	})
	if _, err := b.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.heard[w.ID]; len(got) != 200 || !strings.HasPrefix(got, "failed: ?berzogen??") || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("the signers heard %q", got)
	}
}

func TestTheBacklogCountsWhatWaits(t *testing.T) {
	s := &signers{down: errors.New("away")}
	b := newBench(t, revokedBy(s), sandboxed)
	b.fund(account, usdt, rich)
	b.request("k1", "10")
	cancelled := b.request("k2", "20")
	if _, err := b.Request(t.Context(), to(canonical(t, reviewAddress), "k3", "10")); err != nil {
		t.Fatal(err)
	}
	b.settleDown()
	if _, err := b.Cancel(t.Context(), tenant, cancelled.ID); err != nil {
		t.Fatal(err)
	}
	got, err := b.Backlog(t.Context())
	if err != nil || got.States[coffer.WithdrawalApproved] != 1 || got.States[coffer.WithdrawalReview] != 1 || len(got.States) != 2 || got.Revocations != 1 {
		t.Errorf("backlog %+v %v", got, err)
	}
	s.down = nil
	if _, err := b.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err = b.Backlog(t.Context()); err != nil || got.Revocations != 0 {
		t.Errorf("backlog after the signers heard %+v %v", got, err)
	}
}
