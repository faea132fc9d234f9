package withdrawal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

func to(destination, key, amount string) withdrawal.Request {
	r := good(key, amount)
	r.Destination = destination
	return r
}

func TestAnotherAccountHereIsPaidByTheBooks(t *testing.T) {
	tests := []struct {
		name, destination, tenant, account, sender string
	}{
		{"of the same tenant", friend, tenant, "acct_2", account},
		{"of another tenant", theirs, "other", "acct_9", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.fund(account, usdt, rich)
			w, err := b.Request(t.Context(), to(test.destination, "k", "100"))
			if err != nil || !w.Internal || !w.Fee.IsZero() || !w.FeeCap.IsZero() {
				t.Fatalf("requested %+v, %v; want a book transfer for nothing", w, err)
			}
			b.balance(account, rich-100_000_000, 100_000_000)

			b.settleDown()

			w = b.state(w.ID, coffer.WithdrawalSettled)
			if w.Tx != nil || w.Payout != "" || !w.Internal {
				t.Errorf("settled %+v; no chain and no payout has part in it", w)
			}
			b.balance(account, rich-100_000_000, 0)
			b.balance(test.account, 100_000_000, 0)
			if got, want := b.events(w.ID), []string{"requested", "screened", "approved", "settled"}; !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}

			received, err := b.Received(t.Context(), test.tenant, withdrawal.Filter{Account: test.account, First: 10})
			if err != nil || len(received) != 1 {
				t.Fatalf("received %+v, %v", received, err)
			}
			want := coffer.BookTransfer{
				ID: received[0].ID, Tenant: test.tenant, Account: test.account, Asset: usdt, Address: coffer.Address(test.destination),
				Amount: coffer.NewAmount(100_000_000), Sender: test.sender, At: b.now,
			}
			if received[0] != want {
				t.Errorf("received %+v, want %+v", received[0], want)
			}
			last := b.allEvents()[4]
			var body coffer.BookTransfer
			if err := json.Unmarshal(last.Body, &body); err != nil || body != want {
				t.Errorf("the receiver's event says %+v, %v", body, err)
			}
			if last.Type != coffer.EventBookTransfer || last.Tenant != test.tenant || last.Account != test.account || last.Sequence != 1 || last.Resource != want.ID {
				t.Errorf("the receiver's event is %+v", last)
			}
			if test.sender == "" && (strings.Contains(string(last.Body), tenant) || strings.Contains(string(last.Body), account)) {
				t.Errorf("another tenant is told who sent it: %s", last.Body)
			}
			if foreign, err := b.Received(t.Context(), "third", withdrawal.Filter{First: 10, After: want.ID}); err != nil || len(foreign) != 0 {
				t.Errorf("a third tenant sees %v, %v", foreign, err)
			}
		})
	}
}

func TestABookTransferNeedsTheSameApprovals(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	w, err := b.Request(t.Context(), to(friend, "k", "6000"))
	if err != nil {
		t.Fatal(err)
	}
	b.settleDown()
	w = b.state(w.ID, coffer.WithdrawalAwaitingApproval)
	for person := byte(1); person <= 2; person++ {
		if _, err := b.Approve(t.Context(), tenant, w.ID, approve(t, w.Order, person, b.now.Add(time.Hour))); err != nil {
			t.Fatal(err)
		}
	}
	b.state(w.ID, coffer.WithdrawalApproved)
	b.later(time.Hour) // the approvals end with it
	b.settleDown()
	if w = b.state(w.ID, coffer.WithdrawalRejected); !strings.Contains(w.Reason, "approvals expired") {
		t.Errorf("reason = %q", w.Reason)
	}
	b.balance(account, rich, 0)

	over, err := b.Request(t.Context(), to(friend, "over", "9000.000001"))
	if err != nil {
		t.Fatal(err)
	}
	b.settleDown()
	b.state(over.ID, coffer.WithdrawalRejected)
	b.balance("acct_2", 0, 0)
}

func TestPayoutsAreNotOfferedBookTransfers(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	w, err := b.Request(t.Context(), to(friend, "k", "10"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []coffer.WithdrawalState{coffer.WithdrawalScreened, coffer.WithdrawalApproved} {
		if _, err := b.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.state(w.ID, want)
	}
	if any, err := b.AnyApproved(t.Context(), chain, nil); err != nil || any {
		t.Errorf("any approved: %v, %v", any, err)
	}
	b.inTx(func(tx pgx.Tx) error {
		ws, err := b.Approved(t.Context(), tx, chain, nil, 10)
		if len(ws) != 0 {
			t.Errorf("a payout is offered %+v", ws)
		}
		return err
	})
	if err := b.db.Tx(t.Context(), func(tx pgx.Tx) error { return b.Paying(t.Context(), tx, "po_1", []string{w.ID}) }); err == nil {
		t.Error("a payout took a book transfer")
	}
	for _, bad := range []string{
		"update withdrawal set to_tenant = null, to_account = null, sequence = sequence + 1 where id = $1",
		"update withdrawal set state = 'paying', payout = 'po_1', sequence = sequence + 1 where id = $1",
		"update withdrawal set state = 'settled', tx = order_hash, sequence = sequence + 1 where id = $1",
	} {
		if _, err := b.db.Pool().Exec(t.Context(), bad, w.ID); err == nil {
			t.Errorf("SQL accepted: %s", bad)
		}
	}
}

func TestOnlyABookTransferSettlesWithoutAChain(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	w := b.request("k", "10")
	b.settleDown()
	b.state(w.ID, coffer.WithdrawalApproved)
	_, err := b.db.Pool().Exec(t.Context(), "update withdrawal set state = 'settled', payout = 'x', tx = order_hash, sequence = sequence + 1 where id = $1", w.ID)
	if err == nil || !strings.Contains(err.Error(), "only a chain") {
		t.Errorf("SQL settled it: %v", err)
	}
}

func TestADestinationThatChangedHandsIsRejected(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	w, err := b.Request(t.Context(), to(friend, "k", "10"))
	if err != nil {
		t.Fatal(err)
	}
	b.owners[friend] = withdrawal.Owner{Kind: withdrawal.OwnerDeposit, Tenant: "other", Account: "acct_9"}
	b.settleDown()
	b.state(w.ID, coffer.WithdrawalRejected)
	b.balance("acct_2", 0, 0)
	b.balance(account, rich, 0)
}

// Whoever sends what to whom, in whatever order it is stepped: nothing is made or lost.
func TestBookTransfersKeepTheSum(t *testing.T) {
	b := newBench(t)
	owners := map[string]string{account: own, "acct_2": friend}
	for a := range owners {
		b.fund(a, usdt, rich)
	}
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		want := map[string]uint64{}
		for a := range owners {
			balance, err := b.books.BalanceOf(t.Context(), a, usdt)
			if err != nil {
				rt.Fatal(err)
			}
			want[a] = balance.Available.Int().Uint64()
		}
		b.later(25 * time.Hour) // past the day's limit
		for i := range rapid.IntRange(1, 4).Draw(rt, "transfers") {
			from := rapid.SampledFrom([]string{account, "acct_2"}).Draw(rt, "from")
			other := map[string]string{account: "acct_2", "acct_2": account}[from]
			amount := rapid.Uint64Range(5_000_000, 1_000_000_000).Draw(rt, "amount")
			r := to(owners[other], fmt.Sprintf("r%d/%d", round, i), coffer.NewAmount(amount).Units(6))
			r.Account = from
			if _, err := b.Request(t.Context(), r); err != nil {
				rt.Fatal(err)
			}
			want[from] -= amount
			want[other] += amount
			if rapid.Bool().Draw(rt, "step") {
				if _, err := b.Step(t.Context()); err != nil {
					rt.Fatal(err)
				}
			}
		}
		b.settleDown()
		for a, available := range want {
			b.balance(a, available, 0)
		}
	})
}

func TestBookTransfersBothWaysAtOnceDoNotBlockEachOther(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	b.fund("acct_2", usdt, rich)
	for i := range 10 {
		there, back := to(friend, fmt.Sprintf("there %d", i), "50"), to(own, fmt.Sprintf("back %d", i), "70")
		back.Account = "acct_2"
		for _, r := range []withdrawal.Request{there, back} {
			if _, err := b.Request(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 4 {
				if _, err := b.Step(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	b.settleDown()
	b.balance(account, rich+200_000_000, 0)
	b.balance("acct_2", rich-200_000_000, 0)
	if received, err := b.Received(t.Context(), tenant, withdrawal.Filter{First: 200}); err != nil || len(received) != 20 {
		t.Errorf("%d book transfers, %v; want 20", len(received), err)
	}
}
