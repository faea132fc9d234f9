//go:build long

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// suspiciousAddress is one that the sandbox wants a person to look at.
var suspiciousAddress = common.HexToAddress("0x70997970C51812dc3A010C7d01b50e0d17dc8888")

// TestWithdrawalsOutliveKills kills the server at the steps of withdrawals that no payout
// has a part in, and starts it again. Asked again as a client would, each happened once.
func TestWithdrawalsOutliveKills(t *testing.T) {
	s := newTestStack(t)
	d := &demo{stack: s, told: map[string]bool{}}
	cleo, err := d.customer(t.Context(), "Cleo")
	if err != nil {
		t.Fatal(err)
	}
	dan, err := d.customer(t.Context(), "Dan")
	if err != nil {
		t.Fatal(err)
	}
	k := &killed{demo: cleo, t: t, dan: dan, left: 100}
	tx, err := k.pay(t.Context(), k.address, k.units(100))
	k.must(err)
	k.must(k.watch(t.Context(), tx, "UNLOCKED"))

	for point, round := range map[string]func(point string){
		"withdrawal.requesting":    k.inside,
		"withdrawal.requested":     k.inside,
		"withdrawal.stepping":      k.inside,
		"withdrawal.stepped":       k.inside,
		"withdrawal.before_booked": k.inside,
		"withdrawal.cancelling":    k.cancelled,
		"withdrawal.cancelled":     k.cancelled,
		"withdrawal.revoking":      k.cancelled,
		"withdrawal.revoked":       k.cancelled,
		"withdrawal.reviewed":      k.rejected,
	} {
		begin := time.Now()
		round(point)
		k.must(k.has(t.Context(), fmt.Sprint(k.left), "0"))
		k.must(k.dan.has(t.Context(), fmt.Sprint(100-k.left), "0"))
		t.Logf("%s: survived (%.1f s)", point, time.Since(begin).Seconds())
	}
	if err := d.compare(t.Context(), t.Output()); err != nil {
		t.Fatal(err)
	}
}

type killed struct {
	*demo
	t    *testing.T
	dan  *demo
	left int // USDT that Cleo should have; Dan has the rest
}

func (k *killed) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// at runs a server that kills itself at a point, does something that leads there, waits
// until it is dead, and starts another. What the client is told meanwhile does not matter.
func (k *killed) at(point string, do func()) {
	k.t.Helper()
	ctx := k.t.Context()
	armed := k.path("armed " + point)
	k.must(k.server.stop())
	k.must(k.startServer(ctx, killArmed+"="+armed))
	k.must(os.WriteFile(armed, []byte(point), 0o600))
	do()
	select {
	case <-k.server.done:
	case <-time.After(stepTimeout):
		k.t.Fatalf("the server never came to %s", point)
	}
	k.must(k.startServer(ctx))
}

// inside pays another customer.
func (k *killed) inside(point string) {
	k.t.Helper()
	request := func() (withdrawalSeen, error) {
		return k.request(k.t.Context(), point, string(k.usdt), k.dan.address.Hex(), "10")
	}
	k.at(point, func() { _, _ = request() })
	w, err := request()
	k.must(err)
	k.must(k.await(k.t.Context(), map[string]string{w.ID: "SETTLED"}))
	k.left -= 10

	var read struct {
		Account struct {
			BookTransfers struct {
				Edges []struct{ Node struct{ ID string } }
			}
		}
	}
	k.must(k.api.do(k.t.Context(), `query($a: ID!) { account(id: $a) { bookTransfers { edges { node { id } } } } }`, object{"a": k.dan.account}, &read))
	if n := len(read.Account.BookTransfers.Edges); n != (100-k.left)/10 {
		k.t.Errorf("%s: Dan received %d times, want %d", point, n, (100-k.left)/10)
	}
}

// suspicious is a withdrawal that waits in review.
func (k *killed) suspicious(point string) string {
	k.t.Helper()
	w, err := k.request(k.t.Context(), point, string(k.usdt), suspiciousAddress.Hex(), "10")
	k.must(err)
	k.must(k.await(k.t.Context(), map[string]string{w.ID: "REVIEW"}))
	return w.ID
}

// cancelled takes a withdrawal back. In the end the signers have stored it.
func (k *killed) cancelled(point string) {
	k.t.Helper()
	id := k.suspicious(point)
	k.at(point, func() { _, _ = k.cancel(k.t.Context(), id) })
	w, err := k.cancel(k.t.Context(), id)
	k.must(err)
	if w.State != "CANCELLED" {
		k.t.Errorf("%s: the withdrawal is %s", point, w.State)
	}
	k.must(k.revoked(k.t.Context(), id))
}

// rejected ends a review. The record has one decision.
func (k *killed) rejected(point string) {
	k.t.Helper()
	id := k.suspicious(point)
	var done struct {
		RejectWithdrawal struct {
			State   string
			Reviews []struct{ Action string }
		}
	}
	reject := func(ctx context.Context) error {
		return k.api.do(ctx, `mutation($id: ID!) { rejectWithdrawal(idempotencyKey: "reject once", id: $id, reason: "no answer") { state reviews { action } } }`,
			object{"id": id}, &done)
	}
	k.at(point, func() {
		var refused *apiError
		if err := reject(k.t.Context()); errors.As(err, &refused) {
			k.t.Errorf("%s: refused: %v", point, refused)
		}
	})
	k.must(reject(k.t.Context()))
	if done.RejectWithdrawal.State != "REJECTED" || len(done.RejectWithdrawal.Reviews) != 1 {
		k.t.Errorf("%s: %+v", point, done)
	}
	k.must(k.revoked(k.t.Context(), id))
}
