package withdrawal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/withdrawal"
)

// twin looks like payee.
const twin = "0x70990000000000000000000000000000000079C8"

// ruled adds rules to the policy of the tests.
func ruled(t *testing.T, rules string) func(*withdrawal.Config) {
	return func(c *withdrawal.Config) {
		var err error
		if c.Policy, err = policy.Parse(fmt.Appendf(nil, policyFile+rules, alicePublicKey())); err != nil {
			t.Fatal(err)
		}
	}
}

const bookRules = `
  address_books:
    - {name: book, enforced_by: coordinator, asset: USDT, above: "100"}
`

const delayRules = `
  first_time_delays:
    - {name: first time, enforced_by: coordinator, asset: USDT, above: "100", delay: 24h}
`

func entry(address string) withdrawal.NewEntry {
	return withdrawal.NewEntry{Tenant: tenant, Account: account, Chain: chain, Address: address, Label: "desk", Actor: "user:7"}
}

func (b *bench) add(e withdrawal.NewEntry) withdrawal.BookEntry {
	b.t.Helper()
	got, err := b.AddAddress(b.t.Context(), e)
	if err != nil {
		b.t.Fatalf("add %s: %v", e.Address, err)
	}
	return got
}

func TestAnEntryOfTheBookCountsAfterItsDelay(t *testing.T) {
	b := newBench(t, ruled(t, bookRules))
	b.fund(account, usdt, rich)
	e := b.add(entry(payee))
	if !e.UsableAt.Equal(b.now.Add(withdrawal.DefaultActivation)) || e.Resembles != "" {
		t.Errorf("entry %+v", e)
	}
	small, early := b.request("k1", "100"), b.request("k2", "100.000001")
	b.settleDown()
	b.state(small.ID, coffer.WithdrawalApproved)
	if w := b.state(early.ID, coffer.WithdrawalRejected); !strings.Contains(w.Reason, "becomes usable at 2026-03-02T12:00:00Z") {
		t.Errorf("reason = %q", w.Reason)
	}

	b.later(withdrawal.DefaultActivation)
	if again := b.add(entry(payee)); again != e {
		t.Errorf("added again: %+v, want %+v as it is", again, e)
	}
	intime := b.request("k3", "100.000001")
	b.settleDown()
	b.state(intime.ID, coffer.WithdrawalApproved)

	for range 2 { // removing twice is once
		if err := b.RemoveAddress(t.Context(), tenant, e.ID, "user:7"); err != nil {
			t.Fatal(err)
		}
	}
	removed := b.request("k4", "100.000001")
	b.settleDown()
	if w := b.state(removed.ID, coffer.WithdrawalRejected); !strings.Contains(w.Reason, "must be in the address book") {
		t.Errorf("reason = %q", w.Reason)
	}
	if anew := b.add(entry(payee)); anew.ID == e.ID || !anew.UsableAt.Equal(b.now.Add(withdrawal.DefaultActivation)) {
		t.Errorf("added anew %+v: the delay has to start anew", anew)
	}
}

func TestATenantsEntryIsForAllItsAccountsAndNobodyElse(t *testing.T) {
	b := newBench(t, ruled(t, bookRules), func(c *withdrawal.Config) { c.ActivationDelay = -1 })
	b.fund(account, usdt, rich)
	b.fund("acct_2", usdt, rich)
	wide, mine := entry(payee), entry(canonical(t, hitAddress))
	wide.Account = ""
	b.add(wide)
	b.add(mine)

	for _, test := range []struct {
		account, to string
		state       coffer.WithdrawalState
	}{
		{account, payee, coffer.WithdrawalApproved},
		{"acct_2", payee, coffer.WithdrawalApproved},
		{account, mine.Address, coffer.WithdrawalApproved},
		{"acct_2", mine.Address, coffer.WithdrawalRejected},
	} {
		r := to(test.to, test.account+test.to, "200")
		r.Account = test.account
		w, err := b.Request(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		b.settleDown()
		b.state(w.ID, test.state)
	}

	list := func(tenant string, f withdrawal.Filter) int {
		entries, err := b.Addresses(t.Context(), tenant, f)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	if n := list(tenant, withdrawal.Filter{Account: account, First: 10}); n != 2 {
		t.Errorf("%d entries for the account, want 2", n)
	}
	if n := list(tenant, withdrawal.Filter{Account: "acct_2", First: 10}); n != 1 {
		t.Errorf("%d entries for another account, want the tenant's", n)
	}
	if n := list("other", withdrawal.Filter{First: 10}); n != 0 {
		t.Errorf("another tenant sees %d entries", n)
	}
}

func TestABadEntryNamesTheField(t *testing.T) {
	b := newBench(t)
	tests := []struct {
		name   string
		change func(*withdrawal.NewEntry)
		code   coffer.Code
		field  string
	}{
		{"another tenant's account", func(e *withdrawal.NewEntry) { e.Account = "theirs" }, coffer.CodeNotFound, "account"},
		{"an unknown chain", func(e *withdrawal.NewEntry) { e.Chain = btc }, coffer.CodeInvalid, "chain"},
		{"no address", func(e *withdrawal.NewEntry) { e.Address = "" }, coffer.CodeInvalid, "address"},
		{"a wrong checksum", func(e *withdrawal.NewEntry) { e.Address = strings.Replace(payee, "C5", "c5", 1) }, coffer.CodeInvalid, "address"},
		{"the zero address", func(e *withdrawal.NewEntry) { e.Address = "0x0000000000000000000000000000000000000000" }, coffer.CodeInvalid, "address"},
		{"a house address", func(e *withdrawal.NewEntry) { e.Address = house }, coffer.CodeInvalid, "address"},
		{"its own address", func(e *withdrawal.NewEntry) { e.Address = own }, coffer.CodeInvalid, "address"},
		{"the token contract", func(e *withdrawal.NewEntry) { e.Address = token }, coffer.CodeInvalid, "address"},
		{"a long label", func(e *withdrawal.NewEntry) { e.Label = strings.Repeat("l", 201) }, coffer.CodeInvalid, "label"},
		{"by nobody", func(e *withdrawal.NewEntry) { e.Actor = "" }, coffer.CodeInvalid, "actor"},
	}
	for _, test := range tests {
		e := entry(payee)
		test.change(&e)
		_, err := b.AddAddress(t.Context(), e)
		var refusal *coffer.Error
		if !errors.As(err, &refusal) || refusal.Code != test.code || refusal.Field != test.field {
			t.Errorf("%s: %v, want %s %s", test.name, err, test.code, test.field)
		}
	}
	e := b.add(entry(payee))
	if err := b.RemoveAddress(t.Context(), "other", e.ID, "eve"); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("another tenant removes it: %v, want NOT_FOUND", err)
	}
	for _, bad := range []string{
		"update withdrawal_addresses set usable_at = added_at where id = $1",
		"update withdrawal_addresses set address = 'x' where id = $1",
		"delete from withdrawal_addresses where id = $1",
	} {
		if _, err := b.db.Pool().Exec(t.Context(), bad, e.ID); err == nil {
			t.Errorf("SQL accepted: %s", bad)
		}
	}
}

func TestAddingAnAddressAtOnceMakesOneEntry(t *testing.T) {
	b := newBench(t)
	const racers = 8
	got := make([]withdrawal.BookEntry, racers)
	var group sync.WaitGroup
	for i := range racers {
		group.Go(func() {
			var err error
			if got[i], err = b.AddAddress(context.Background(), entry(payee)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, e := range got {
		if e != got[0] {
			t.Errorf("entries differ: %+v and %+v", got[0], e)
		}
	}
}

func TestAFirstPaymentWaits(t *testing.T) {
	b := newBench(t, ruled(t, delayRules))
	b.fund(account, usdt, rich)
	first, small := b.request("k1", "200"), b.request("k2", "100")
	needsPeople := b.request("k3", "2000")
	b.settleDown()

	b.state(small.ID, coffer.WithdrawalApproved)
	if w := b.state(first.ID, coffer.WithdrawalAwaitingApproval); w.ApprovalsRequired != 0 || !strings.Contains(w.Reason, "waits until 2026-03-02T12:00:00Z") {
		t.Errorf("first: %+v", w)
	}
	got, err := b.Approve(t.Context(), tenant, needsPeople.ID, approve(t, needsPeople.Order, 1, b.now.Add(50*time.Hour)))
	if err != nil || got.State != coffer.WithdrawalAwaitingApproval || !strings.Contains(got.Reason, "waits until") {
		t.Fatalf("approved by all: %s (%s), %v; time is missing still", got.State, got.Reason, err)
	}

	b.later(24*time.Hour - time.Microsecond)
	b.settleDown()
	b.state(first.ID, coffer.WithdrawalAwaitingApproval)
	b.later(time.Microsecond)
	b.settleDown()
	b.state(first.ID, coffer.WithdrawalApproved)
	b.state(needsPeople.ID, coffer.WithdrawalApproved)
	want := []string{"requested", "screened", "awaiting_approval", "approved"}
	if got := b.events(first.ID); !slices.Equal(got, want) {
		t.Errorf("events = %v, want %v", got, want)
	}

	// Once it was paid there is no waiting any more.
	if _, err := b.db.Pool().Exec(t.Context(), `update withdrawal set state = 'paying', payout = 'po_1', sequence = sequence + 1 where id = $1`, small.ID); err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"confirming", "settled"} {
		if _, err := b.db.Pool().Exec(t.Context(), `update withdrawal set state = $2, tx = order_hash, sequence = sequence + 1 where id = $1`, small.ID, state); err != nil {
			t.Fatal(err)
		}
	}
	second := b.request("k4", "200")
	b.settleDown()
	b.state(second.ID, coffer.WithdrawalApproved)
}

func TestAWaitThatOutlivesTheOrderIsRefusedAtTheStart(t *testing.T) {
	b := newBench(t)
	c := b.config()
	c.OrderTTL = 24 * time.Hour
	ruled(t, delayRules)(&c)
	if _, err := withdrawal.New(c); err == nil {
		t.Error("orders that expire before they may be paid were accepted")
	}
}

func TestALookAlikeIsReviewedOrRefused(t *testing.T) {
	tests := []struct {
		name, rules string
		state       coffer.WithdrawalState
	}{
		{"no rule", "", coffer.WithdrawalReview},
		{"review", "\n  look_alikes: [{name: twins, enforced_by: coordinator, action: review}]\n", coffer.WithdrawalReview},
		{"reject", "\n  look_alikes: [{name: twins, enforced_by: coordinator, action: reject}]\n", coffer.WithdrawalRejected},
	}
	known := map[string]func(b *bench){
		"paid lately":        func(b *bench) { b.request("known", "10"); b.settleDown() },
		"in the book":        func(b *bench) { b.add(entry(payee)) },
		"in the tenant's":    func(b *bench) { e := entry(payee); e.Account = ""; b.add(e) },
		"paid us, by a hook": func(*bench) {},
	}
	for _, test := range tests {
		for how, teach := range known {
			t.Run(test.name+", "+how, func(t *testing.T) {
				b := newBench(t, ruled(t, test.rules), func(c *withdrawal.Config) {
					if how == "paid us, by a hook" {
						c.Counterparties = func(context.Context, string, string, coffer.ChainID) ([]coffer.Address, error) {
							return []coffer.Address{payee}, nil
						}
					}
				})
				b.fund(account, usdt, rich)
				teach(b)
				w, err := b.Request(t.Context(), to(canonical(t, twin), "twin", "10"))
				if err != nil {
					t.Fatal(err)
				}
				d, err := b.Explain(t.Context(), to(canonical(t, twin), "", "10"))
				if err != nil || !strings.Contains(d.Reason(), payee) {
					t.Errorf("explained %s, %v", d.Explain(), err)
				}

				b.settleDown()

				if w := b.state(w.ID, test.state); !strings.Contains(w.Reason, payee) {
					t.Errorf("reason %q does not name the known address", w.Reason)
				}
				if test.state == coffer.WithdrawalReview {
					if _, err := b.Release(t.Context(), withdrawal.Decision{Tenant: tenant, Withdrawal: w.ID, Actor: "olga", Note: "called"}); err != nil {
						t.Fatal(err)
					}
					b.settleDown()
					b.state(w.ID, coffer.WithdrawalApproved)
				}
			})
		}
	}
}

func TestTheKnownAddressIsNoLookAlikeOfItsTwin(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	b.fund("acct_2", usdt, rich)
	b.add(entry(canonical(t, twin)))
	if e := b.add(entry(payee)); e.Resembles == "" {
		t.Error("the book does not say what the new entry looks like")
	}
	for who, want := range map[string]coffer.WithdrawalState{account: coffer.WithdrawalReview, "acct_2": coffer.WithdrawalApproved} {
		r := good(who, "10")
		r.Account = who
		w, err := b.Request(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		b.settleDown()
		b.state(w.ID, want)
	}
}

func TestTheBookHasAnEnd(t *testing.T) {
	b := newBench(t)
	_, err := b.db.Pool().Exec(t.Context(), `insert into withdrawal_addresses (id, tenant, account, chain, address, label, resembles, added_by, added_at, usable_at)
		select 'ab_' || n, $1, $2, $3, 'address ' || n, '', '', 'test', $4, $4 from generate_series(1, 1000) n`, tenant, account, chain, b.now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.AddAddress(t.Context(), entry(payee)); coffer.ErrorCode(err) != coffer.CodeLimit {
		t.Errorf("entry 1001: %v, want LIMIT", err)
	}
	wide := entry(payee)
	wide.Account = ""
	b.add(wide)
}
