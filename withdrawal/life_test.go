package withdrawal_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crypto/ed25519"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/withdrawal"
)

const rich = 100_000_000_000 // 100000 USDT

func TestPolicyDecides(t *testing.T) {
	tests := []struct {
		name, amount, to string
		state            coffer.WithdrawalState
		approvals        uint32
		says             string
	}{
		{"small", "1000", payee, coffer.WithdrawalApproved, 0, ""},
		{"needs one", "1000.000001", payee, coffer.WithdrawalAwaitingApproval, 1, "0 of 1"},
		{"needs two", "5000.000001", payee, coffer.WithdrawalAwaitingApproval, 2, "0 of 2"},
		{"over the limit", "9000.000001", payee, coffer.WithdrawalRejected, 2, "per order"},
		{"banned", "10", banned, coffer.WithdrawalRejected, 0, "banned"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.fund(account, usdt, rich)
			r := good("k", test.amount)
			r.Destination = test.to
			w, err := b.Request(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}

			b.settleDown()

			w = b.state(w.ID, test.state)
			if w.ApprovalsRequired != test.approvals || !strings.Contains(w.Reason, test.says) {
				t.Errorf("needs %d approvals, reason %q; want %d and %q", w.ApprovalsRequired, w.Reason, test.approvals, test.says)
			}
			if test.state == coffer.WithdrawalRejected {
				b.balance(account, rich, 0)
			}
			if got, want := b.events(w.ID), []string{"requested", "screened", string(test.state)}; !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
		})
	}
}

func TestAnUnlistedAssetIsRefusedByDefault(t *testing.T) {
	b := newBench(t)
	b.fund(account, ether, rich)
	r := good("k", "0.000000001")
	r.Asset = ether
	w, err := b.Request(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	b.settleDown()
	if w = b.state(w.ID, coffer.WithdrawalRejected); !strings.Contains(w.Reason, "default deny") {
		t.Errorf("reason = %q", w.Reason)
	}
}

func TestADestinationThatBecameOursIsRejectedWhenScreened(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	w := b.request("k", "10")
	b.owners[payee] = withdrawal.Owner{Kind: withdrawal.OwnerDeposit, Tenant: "other", Account: "acct_7"}

	b.settleDown()

	if w = b.state(w.ID, coffer.WithdrawalRejected); !strings.Contains(w.Reason, "another account") {
		t.Errorf("reason = %q", w.Reason)
	}
	b.balance(account, rich, 0)
}

func TestTwoWithdrawalsCannotBothUseTheLastOfADay(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	for key := 'a'; key < 'a'+14; key++ { // 14 x 900 are more than 12000
		b.request(string(key), "900")
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

	all, err := b.List(t.Context(), tenant, withdrawal.Filter{First: 200})
	if err != nil {
		t.Fatal(err)
	}
	count := map[coffer.WithdrawalState]int{}
	for _, w := range all {
		count[w.State]++
	}
	if count[coffer.WithdrawalApproved] != 13 || count[coffer.WithdrawalRejected] != 1 {
		t.Errorf("states %v, want 13 approved and 1 rejected", count)
	}
}

func TestQuorumCountsPeople(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	w := b.request("k", "6000")
	b.settleDown()
	soon := b.now.Add(time.Hour)

	refused := map[string]coffer.Approval{
		"a stranger's": approve(t, w.Order, 9, soon),
		"expired":      approve(t, w.Order, 1, b.now),
	}
	other := w.Order
	other.Amount = coffer.NewAmount(1)
	refused["for another order"] = approve(t, other, 1, soon)
	forged := approve(t, w.Order, 1, soon)
	forged.Expires = forged.Expires.Add(time.Hour)
	refused["forged"] = forged
	for name, a := range refused {
		if _, err := b.Approve(t.Context(), tenant, w.ID, a); coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("approval %s: %v, want INVALID", name, err)
		}
	}
	if _, err := b.Approve(t.Context(), "other", w.ID, approve(t, w.Order, 1, soon)); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("approval by another tenant: %v, want NOT_FOUND", err)
	}

	// Alice, Alice again, and Alice with her other key are one person.
	message, err := policy.ApprovalDigest(w.Order, coffer.SchemeEd25519, soon)
	if err != nil {
		t.Fatal(err)
	}
	second := coffer.Approval{Order: w.OrderHash, Scheme: coffer.SchemeEd25519, Key: alicePublicKey(), Expires: soon, Signature: ed25519.Sign(aliceSecond(), message)}
	for _, a := range []coffer.Approval{approve(t, w.Order, 1, soon), approve(t, w.Order, 1, soon), second} {
		if got, err := b.Approve(t.Context(), tenant, w.ID, a); err != nil || got.State != coffer.WithdrawalAwaitingApproval || len(got.Approvals) != 1 {
			t.Fatalf("after alice: %s with %d approvals, %v", got.State, len(got.Approvals), err)
		}
	}

	got, err := b.Approve(t.Context(), tenant, w.ID, approve(t, w.Order, 2, soon))
	if err != nil || got.State != coffer.WithdrawalApproved {
		t.Fatalf("after bob: %s, %v", got.State, err)
	}
	if got, err := b.Approve(t.Context(), tenant, w.ID, approve(t, w.Order, 2, soon)); err != nil || got.Sequence != 5 {
		t.Errorf("bob again: sequence %d, %v; want 5", got.Sequence, err)
	}
	if _, err := b.Approve(t.Context(), tenant, w.ID, approve(t, w.Order, 3, soon)); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("carol after the quorum: %v, want CONFLICT", err)
	}
	want := []string{"requested", "screened", "awaiting_approval", "awaiting_approval", "approved"}
	if got := b.events(w.ID); !slices.Equal(got, want) {
		t.Errorf("events = %v, want %v", got, want)
	}
	if w := b.state(w.ID, coffer.WithdrawalApproved); len(w.Approvals) != 2 {
		t.Errorf("%d approvals are stored, want 2", len(w.Approvals))
	}
}

func TestPeopleApprovingAtOnceMakeOneQuorum(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	w := b.request("k", "6000")
	b.settleDown()
	var group sync.WaitGroup
	for person := byte(1); person <= 2; person++ {
		a := approve(t, w.Order, person, b.now.Add(time.Hour))
		group.Go(func() {
			if _, err := b.Approve(context.Background(), tenant, w.ID, a); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	b.state(w.ID, coffer.WithdrawalApproved)
}

func TestAnExpiredApprovalDoesNotCountAndCanBeRenewed(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	w := b.request("k", "6000")
	b.settleDown()
	if _, err := b.Approve(t.Context(), tenant, w.ID, approve(t, w.Order, 1, b.now.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	b.later(2 * time.Hour)

	got, err := b.Approve(t.Context(), tenant, w.ID, approve(t, w.Order, 2, b.now.Add(time.Hour)))
	if err != nil || got.State != coffer.WithdrawalAwaitingApproval {
		t.Fatalf("bob after alice's expired: %s, %v", got.State, err)
	}
	got, err = b.Approve(t.Context(), tenant, w.ID, approve(t, w.Order, 1, b.now.Add(time.Hour)))
	if err != nil || got.State != coffer.WithdrawalApproved {
		t.Fatalf("alice again: %s, %v", got.State, err)
	}
}

func TestWhatNobodyPaidInTimeIsRejectedAndGivenBack(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	waiting, approved := b.request("k1", "6000"), b.request("k2", "10")
	b.settleDown()

	b.later(withdrawal.DefaultOrderTTL - withdrawal.DefaultMargin)
	b.settleDown()

	b.state(waiting.ID, coffer.WithdrawalRejected)
	b.state(approved.ID, coffer.WithdrawalRejected)
	b.balance(account, rich, 0)
}

func TestCancelUntilASignatureWasAskedFor(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	cancel := func(id string) (coffer.Withdrawal, error) { return b.Cancel(t.Context(), tenant, id) }

	fresh, ready := b.request("k1", "10"), b.request("k2", "20")
	if _, err := b.Cancel(t.Context(), "other", fresh.ID); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("another tenant cancels: %v, want NOT_FOUND", err)
	}
	for range 2 { // cancelling twice is once
		if w, err := cancel(fresh.ID); err != nil || w.State != coffer.WithdrawalCancelled || w.Sequence != 2 {
			t.Errorf("cancel requested: %s, sequence %d, %v", w.State, w.Sequence, err)
		}
	}
	b.settleDown()
	if w, err := cancel(ready.ID); err != nil || w.State != coffer.WithdrawalCancelled {
		t.Errorf("cancel approved: %s, %v", w.State, err)
	}
	b.balance(account, rich, 0)

	early, late := b.request("k3", "30"), b.request("k4", "40")
	b.settleDown()
	both := []string{early.ID, late.ID}
	b.inTx(func(tx pgx.Tx) error { return b.Paying(t.Context(), tx, "po_1", both) })
	if w, err := cancel(early.ID); err != nil || w.State != coffer.WithdrawalPaying {
		t.Fatalf("cancel while a payout is prepared: %s, %v", w.State, err)
	}
	err := b.db.Tx(t.Context(), func(tx pgx.Tx) error { return b.Commit(t.Context(), tx, both) })
	if !errors.Is(err, withdrawal.ErrCancelling) {
		t.Fatalf("commit of a cancelled withdrawal: %v", err)
	}
	b.inTx(func(tx pgx.Tx) error { return b.Returned(t.Context(), tx, both, "given up") })
	b.state(early.ID, coffer.WithdrawalCancelled)
	b.state(late.ID, coffer.WithdrawalApproved)

	b.inTx(func(tx pgx.Tx) error { return b.Paying(t.Context(), tx, "po_2", both[1:]) })
	b.inTx(func(tx pgx.Tx) error { return b.Commit(t.Context(), tx, both[1:]) })
	if _, err := cancel(late.ID); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("cancel after a signature was asked for: %v, want CONFLICT", err)
	}
	b.balance(account, rich-41_000_000, 41_000_000)
}

func TestAPayoutLeadsWithdrawalsToTheirEnds(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	paid, failed := b.request("k1", "100"), b.request("k2", "200")
	b.settleDown()

	var ids []string
	b.inTx(func(tx pgx.Tx) error {
		ws, err := b.Approved(t.Context(), tx, chain, nil, 10)
		for _, w := range ws {
			ids = append(ids, w.ID)
		}
		return err
	})
	if !slices.Equal(ids, []string{paid.ID, failed.ID}) {
		t.Fatalf("approved = %v", ids)
	}
	ref := coffer.BlockRef{Height: 7, Hash: coffer.Hash{7}}
	steps := []func(tx pgx.Tx) error{
		func(tx pgx.Tx) error { return b.Paying(t.Context(), tx, "po_1", ids) },
		func(tx pgx.Tx) error { return b.Commit(t.Context(), tx, ids) },
		func(tx pgx.Tx) error { return b.Confirming(t.Context(), tx, ids, coffer.Hash{1}) },
		func(tx pgx.Tx) error { return b.Reopened(t.Context(), tx, ids) },
		func(tx pgx.Tx) error { return b.Confirming(t.Context(), tx, ids, coffer.Hash{2}) },
		func(tx pgx.Tx) error { return b.Settled(t.Context(), tx, paid.ID, ref) },
		func(tx pgx.Tx) error { return b.Failed(t.Context(), tx, failed.ID, "execution reverted") },
	}
	for _, step := range steps {
		b.inTx(step)
	}

	if w := b.state(paid.ID, coffer.WithdrawalSettled); w.Tx == nil || *w.Tx != (coffer.Hash{2}) || w.Payout != "po_1" {
		t.Errorf("settled: %+v", w)
	}
	if w := b.state(failed.ID, coffer.WithdrawalFailed); w.Reason != "execution reverted" {
		t.Errorf("failed: %+v", w)
	}
	b.balance(account, rich-101_000_000, 0)
	want := []string{"requested", "screened", "approved", "paying", "confirming", "paying", "confirming", "settled"}
	if got := b.events(paid.ID); !slices.Equal(got, want) {
		t.Errorf("events = %v, want %v", got, want)
	}

	again := b.db.Tx(t.Context(), func(tx pgx.Tx) error { return b.Settled(t.Context(), tx, failed.ID, ref) })
	if coffer.ErrorCode(again) != coffer.CodeConflict && again == nil {
		t.Error("a failed withdrawal was settled")
	}
}

func TestLockedWithdrawalsAreNotOfferedTwice(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	first, second := b.request("k1", "10"), b.request("k2", "10")
	b.settleDown()
	b.inTx(func(tx pgx.Tx) error {
		mine, err := b.Approved(t.Context(), tx, chain, nil, 1)
		if err != nil || len(mine) != 1 || mine[0].ID != first.ID {
			t.Fatalf("first planner got %v, %v", mine, err)
		}
		return b.db.Tx(t.Context(), func(other pgx.Tx) error {
			theirs, err := b.Approved(t.Context(), other, chain, nil, 10)
			if err != nil || len(theirs) != 1 || theirs[0].ID != second.ID {
				t.Errorf("second planner got %v, %v", theirs, err)
			}
			return nil
		})
	})
}

func TestForeignAndUnknownIDsAreNotFound(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	w := b.request("k", "10")
	if _, err := b.Get(t.Context(), "other", w.ID); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("foreign Get: %v", err)
	}
	if _, err := b.Get(t.Context(), tenant, "wd_0"); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("unknown Get: %v", err)
	}
	if ws, err := b.List(t.Context(), "other", withdrawal.Filter{First: 10}); err != nil || len(ws) != 0 {
		t.Errorf("foreign List: %v, %v", ws, err)
	}
	if _, err := b.List(t.Context(), "other", withdrawal.Filter{First: 10, After: w.ID}); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("foreign cursor: %v", err)
	}
}

func TestListPagesNewestFirst(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	var want []string
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		want = append([]string{b.request(key, "10").ID}, want...)
	}
	var got []string
	for after := ""; ; {
		page, err := b.List(t.Context(), tenant, withdrawal.Filter{Account: account, State: coffer.WithdrawalRequested, After: after, First: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range page {
			got = append(got, w.ID)
			after = w.ID
		}
		if len(page) < 2 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages = %v, want %v", got, want)
	}
	for _, bad := range []withdrawal.Filter{{First: 0}, {First: 201}, {First: 1, State: "lost"}} {
		if _, err := b.List(t.Context(), tenant, bad); coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("filter %+v: %v, want INVALID", bad, err)
		}
	}
}

func TestSQLKeepsTheMovesAndTheOrder(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	w := b.request("k", "10")

	rows, err := b.db.Pool().Query(t.Context(), "select from_state, to_state from withdrawal_moves")
	if err != nil {
		t.Fatal(err)
	}
	type edge struct{ From, To coffer.WithdrawalState }
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[edge])
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, to := range coffer.WithdrawalMoves {
		n += len(to)
	}
	for _, e := range got {
		if !coffer.WithdrawalMoves.Allowed(e.From, e.To) {
			t.Errorf("SQL allows %s to %s, Go does not", e.From, e.To)
		}
	}
	if len(got) != n {
		t.Errorf("SQL has %d moves, Go %d", len(got), n)
	}

	for _, bad := range []string{
		"update withdrawal set state = 'settled', tx = order_hash, payout = 'x', sequence = 2 where id = $1",
		"update withdrawal set amount = amount + 1, sequence = 2 where id = $1",
		"update withdrawal set destination = 'x', sequence = 2 where id = $1",
		"update withdrawal set state = 'screened' where id = $1",
		"update withdrawal set sequence = 3 where id = $1",
	} {
		if _, err := b.db.Pool().Exec(t.Context(), bad, w.ID); err == nil {
			t.Errorf("SQL accepted: %s", bad)
		}
	}
}
