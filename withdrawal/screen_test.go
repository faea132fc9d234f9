package withdrawal_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/withdrawal"
)

const (
	hitAddress    = "0x70997970C51812dc3A010C7d01b50e0d17dc9999"
	reviewAddress = "0x70997970C51812dc3A010C7d01b50e0d17dc8888"
)

func canonical(t *testing.T, address string) string {
	t.Helper()
	a, err := parser{}.ParseAddress(strings.ToLower(address))
	if err != nil {
		t.Fatal(err)
	}
	return string(a)
}

// script is a screener that says what a test tells it to: what stands for an address,
// otherwise that it is clear for an hour.
type script struct {
	mu    sync.Mutex
	says  map[coffer.Address]withdrawal.Finding
	fails map[coffer.Address]error
	down  error
	asked int
}

func (s *script) Name() string { return "script" }

func (s *script) Screen(_ context.Context, subject withdrawal.Subject) (withdrawal.Finding, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if err := errors.Join(s.down, s.fails[subject.Address]); err != nil {
		return withdrawal.Finding{}, err
	}
	if f, ok := s.says[subject.Address]; ok {
		return f, nil
	}
	return withdrawal.Finding{Verdict: withdrawal.ScreeningClear, TTL: time.Hour}, nil
}

func (s *script) say(address, verdict string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.says = maps.Clone(s.says)
	if s.says == nil {
		s.says = map[coffer.Address]withdrawal.Finding{}
	}
	s.says[coffer.Address(address)] = withdrawal.Finding{Verdict: verdict, Evidence: "case 77", TTL: time.Hour}
}

func screenedBy(s withdrawal.Screener) func(*withdrawal.Config) {
	return func(c *withdrawal.Config) { c.Screeners = []withdrawal.Screener{s} }
}

// sandboxed screens as a sandbox does; accounts are called what their ids are.
func sandboxed(c *withdrawal.Config) {
	c.Screeners = []withdrawal.Screener{withdrawal.Sandbox{}}
	c.Customers = withdrawal.SandboxCustomers{NameOf: func(_ context.Context, _, account string) (string, error) { return account, nil }}
}

func TestSandboxValuesMeetTheirStates(t *testing.T) {
	tests := []struct {
		name, account, to string
		state             coffer.WithdrawalState
		reason            string
	}{
		{"clear", account, payee, coffer.WithdrawalApproved, ""},
		{"a sanctioned destination", account, hitAddress, coffer.WithdrawalRejected, "refused by compliance screening"},
		{"a suspicious destination", account, reviewAddress, coffer.WithdrawalReview, "held for compliance review"},
		{"a blocked customer", "acct_9999", payee, coffer.WithdrawalRejected, "refused by compliance screening"},
		{"a limited customer", "acct_8888", payee, coffer.WithdrawalReview, "held for compliance review"},
		{"a limited customer to a sanctioned destination", "acct_8888", hitAddress, coffer.WithdrawalRejected, "refused by compliance screening"},
		{"a book transfer", account, friend, coffer.WithdrawalSettled, ""},
		{"a book transfer to a blocked customer", account, theirs, coffer.WithdrawalRejected, "refused by compliance screening"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, sandboxed)
			b.owners[theirs] = withdrawal.Owner{Kind: withdrawal.OwnerDeposit, Tenant: "other", Account: "acct_9999"}
			b.fund(test.account, usdt, rich)
			r := to(canonical(t, test.to), "k", "10")
			r.Account = test.account
			w, err := b.Request(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}

			b.settleDown()

			w = b.state(w.ID, test.state)
			if w.Reason != test.reason {
				t.Errorf("the customer is told %q, want %q", w.Reason, test.reason)
			}
			switch test.state {
			case coffer.WithdrawalRejected:
				b.balance(test.account, rich, 0)
			case coffer.WithdrawalReview:
				b.balance(test.account, rich-11_000_000, 11_000_000)
			}
			found, err := b.Screenings(t.Context(), w.ID)
			if err != nil || len(found) < 2 || found[len(found)-1].Screener != "sandbox" || found[len(found)-2].Screener != "customer" {
				t.Errorf("screenings %+v, %v", found, err)
			}
		})
	}
}

func TestWithoutAnAnswerNothingIsPaid(t *testing.T) {
	answers := map[string]*script{
		"no answer":          {down: errors.New("connection refused")},
		"an unknown verdict": {says: map[coffer.Address]withdrawal.Finding{payee: {Verdict: "fine", TTL: time.Hour}}},
		"no verdict":         {says: map[coffer.Address]withdrawal.Finding{payee: {TTL: time.Hour}}},
		"an old finding":     {says: map[coffer.Address]withdrawal.Finding{payee: {Verdict: withdrawal.ScreeningClear, TTL: -1}}},
	}
	for name, s := range answers {
		t.Run(name, func(t *testing.T) {
			screener := s
			b := newBench(t, screenedBy(screener))
			b.fund(account, usdt, rich)
			w := b.request("k", "10")

			for range 3 {
				if moved, err := b.Step(t.Context()); moved != 0 || (err == nil && screener.asked != 1) {
					t.Fatalf("moved %d, %v, asked %d times", moved, err, screener.asked)
				}
			}
			b.state(w.ID, coffer.WithdrawalRequested)
			if screener.asked != 1 {
				t.Errorf("asked %d times at once, want a pause after the first", screener.asked)
			}

			screener.down, screener.says = nil, nil
			b.later(15 * time.Second)
			b.settleDown()
			b.state(w.ID, coffer.WithdrawalApproved)
		})
	}
}

func TestAnOrderExpiresWhoeverDoesNotAnswer(t *testing.T) {
	b := newBench(t, screenedBy(&script{down: errors.New("connection refused")}))
	b.fund(account, usdt, rich)
	w := b.request("k", "10")
	if _, err := b.Step(t.Context()); err == nil {
		t.Fatal("nobody said that the screener is down")
	}
	b.later(withdrawal.DefaultOrderTTL)
	b.settleDown()
	b.state(w.ID, coffer.WithdrawalRejected)
	b.balance(account, rich, 0)
}

func TestScreenersThatFailForSomeDoNotStopTheOthers(t *testing.T) {
	bad := errors.New("cannot read this address")
	b := newBench(t, screenedBy(&script{fails: map[coffer.Address]error{payee: bad}}))
	b.fund(account, usdt, rich)
	for i := range 7 {
		b.request(fmt.Sprintf("bad %d", i), "10")
	}
	fine, err := b.Request(t.Context(), to(canonical(t, hitAddress), "fine", "10"))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 { // three failures a pass, and those pause
		if _, err := b.Step(t.Context()); err != nil && !errors.Is(err, bad) {
			t.Fatal(err)
		}
	}
	b.state(fine.ID, coffer.WithdrawalApproved)
}

func (b *bench) offered() []string {
	b.t.Helper()
	var ids []string
	b.inTx(func(tx pgx.Tx) error {
		ws, err := b.Approved(b.t.Context(), tx, chain, nil, 10)
		for _, w := range ws {
			ids = append(ids, w.ID)
		}
		return err
	})
	if any, err := b.AnyApproved(b.t.Context(), chain, nil); err != nil || any != (len(ids) > 0) {
		b.t.Errorf("any approved: %v, %v; offered %v", any, err, ids)
	}
	return ids
}

func TestPayoutsArePlannedOnFindingsThatHold(t *testing.T) {
	for _, test := range []struct {
		verdict string
		state   coffer.WithdrawalState
	}{
		{withdrawal.ScreeningClear, coffer.WithdrawalApproved},
		{withdrawal.ScreeningReview, coffer.WithdrawalReview},
		{withdrawal.ScreeningHit, coffer.WithdrawalRejected},
	} {
		t.Run(test.verdict, func(t *testing.T) {
			screener := &script{}
			b := newBench(t, screenedBy(screener))
			b.fund(account, usdt, rich)
			w := b.request("k", "10")
			b.settleDown()
			if got := b.offered(); !slices.Equal(got, []string{w.ID}) {
				t.Fatalf("offered %v", got)
			}

			screener.say(payee, test.verdict)
			b.later(time.Hour)
			if got := b.offered(); len(got) != 0 {
				t.Fatalf("offered %v on findings of an hour ago", got)
			}
			b.settleDown()
			b.state(w.ID, test.state)
			if got := b.offered(); (len(got) == 1) != (test.state == coffer.WithdrawalApproved) {
				t.Errorf("offered %v", got)
			}
		})
	}
}

func TestTheFirstSignatureNeedsFindingsThatHold(t *testing.T) {
	screener := &script{}
	b := newBench(t, screenedBy(screener))
	b.fund(account, usdt, rich)
	bad, fine := b.request("k1", "10"), to(canonical(t, reviewAddress), "k2", "10")
	other, err := b.Request(t.Context(), fine)
	if err != nil {
		t.Fatal(err)
	}
	b.settleDown()
	both := []string{bad.ID, other.ID}
	commit := func() error {
		return b.db.Tx(t.Context(), func(tx pgx.Tx) error { return b.Commit(t.Context(), tx, both) })
	}
	b.inTx(func(tx pgx.Tx) error { return b.Paying(t.Context(), tx, "po_1", both) })

	b.later(time.Hour)
	if err := commit(); !errors.Is(err, withdrawal.ErrUnscreened) {
		t.Fatalf("commit on old findings: %v, want ErrUnscreened", err)
	}
	screener.say(payee, withdrawal.ScreeningHit)
	b.settleDown()
	if err := commit(); !errors.Is(err, withdrawal.ErrCancelling) {
		t.Fatalf("commit after a hit: %v, want ErrCancelling", err)
	}
	b.inTx(func(tx pgx.Tx) error { return b.Returned(t.Context(), tx, both, "given up") })
	b.settleDown()
	b.state(bad.ID, coffer.WithdrawalRejected)
	b.state(other.ID, coffer.WithdrawalApproved)

	b.inTx(func(tx pgx.Tx) error { return b.Paying(t.Context(), tx, "po_2", both[1:]) })
	b.later(time.Hour)
	b.settleDown() // screened again, so that the next line does not fail
	b.inTx(func(tx pgx.Tx) error { return b.Commit(t.Context(), tx, both[1:]) })
	asked := screener.asked
	screener.say(reviewAddress, withdrawal.ScreeningHit)
	b.later(time.Hour)
	b.settleDown()
	b.state(other.ID, coffer.WithdrawalPaying)
	if screener.asked != asked {
		t.Error("screened after a signature was asked for")
	}
}

func TestAReleaseIsAPersonsAndPolicyStillDecides(t *testing.T) {
	screener := &script{}
	screener.say(payee, withdrawal.ScreeningReview)
	b := newBench(t, screenedBy(screener))
	b.fund(account, usdt, rich)
	w := b.request("k", "6000")
	b.settleDown()
	b.state(w.ID, coffer.WithdrawalReview)
	if queue, err := b.InReview(t.Context(), "", "", 10); err != nil || len(queue) != 1 || queue[0].ID != w.ID {
		t.Errorf("in review %+v, %v", queue, err)
	}

	for name, test := range map[string]struct {
		tenant, id, actor, note string
		code                    coffer.Code
	}{
		"another tenant's": {"other", w.ID, "eve", "", coffer.CodeNotFound},
		"unknown":          {tenant, "wd_0", "eve", "", coffer.CodeNotFound},
		"by nobody":        {tenant, w.ID, "", "", coffer.CodeInvalid},
		"a long name":      {tenant, w.ID, strings.Repeat("e", 201), "", coffer.CodeInvalid},
		"a long note":      {tenant, w.ID, "eve", strings.Repeat("e", 2001), coffer.CodeInvalid},
		"a control byte":   {tenant, w.ID, "eve", "a\x00", coffer.CodeInvalid},
	} {
		for _, do := range []func(context.Context, withdrawal.Decision) (coffer.Withdrawal, error){b.Release, b.Reject} {
			if _, err := do(t.Context(), withdrawal.Decision{Tenant: test.tenant, Withdrawal: test.id, Actor: test.actor, Note: test.note}); coffer.ErrorCode(err) != test.code {
				t.Errorf("%s: %v, want %s", name, err, test.code)
			}
		}
	}

	if got, err := b.Release(t.Context(), withdrawal.Decision{Tenant: tenant, Withdrawal: w.ID, Actor: "olga", Note: "called the customer"}); err != nil || got.State != coffer.WithdrawalScreened {
		t.Fatalf("release: %s, %v", got.State, err)
	}
	if _, err := b.Release(t.Context(), withdrawal.Decision{Tenant: tenant, Withdrawal: w.ID, Actor: "olga", Note: ""}); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("released twice: %v, want CONFLICT", err)
	}
	b.later(2 * time.Hour) // screened again, for review again: a person has looked
	b.settleDown()
	b.state(w.ID, coffer.WithdrawalAwaitingApproval)

	reviews, err := b.Reviews(t.Context(), w.ID)
	if err != nil || len(reviews) != 1 || reviews[0].Actor != "olga" || reviews[0].Action != withdrawal.ActionRelease || reviews[0].Note != "called the customer" {
		t.Errorf("reviews %+v, %v", reviews, err)
	}
	found, err := b.Screenings(t.Context(), w.ID)
	if err != nil || len(found) != 2 || found[0].Evidence != "case 77" {
		t.Errorf("screenings %+v, %v", found, err)
	}
	for person := byte(1); person <= 2; person++ {
		if _, err := b.Approve(t.Context(), tenant, w.ID, approve(t, w.Order, person, b.now.Add(5*time.Hour))); err != nil {
			t.Fatal(err)
		}
	}
	screener.say(payee, withdrawal.ScreeningHit)
	b.later(2 * time.Hour)
	b.settleDown()
	b.state(w.ID, coffer.WithdrawalRejected)
	b.balance(account, rich, 0)
	for _, table := range []string{"withdrawal_screenings", "withdrawal_reviews"} {
		if _, err := b.db.Pool().Exec(t.Context(), "delete from "+table); err == nil {
			t.Errorf("rows of %s were deleted", table)
		}
	}
}

func TestReleaseRejectAndCancelAtOnceHaveOneWinner(t *testing.T) {
	screener := &script{}
	screener.say(payee, withdrawal.ScreeningReview)
	b := newBench(t, screenedBy(screener))
	b.fund(account, usdt, rich)
	for round := range 5 {
		w := b.request(fmt.Sprint(round), "10")
		b.settleDown()
		var group sync.WaitGroup
		errs := make([]error, 2)
		group.Go(func() {
			_, errs[0] = b.Release(context.Background(), withdrawal.Decision{Tenant: tenant, Withdrawal: w.ID, Actor: "olga", Note: ""})
		})
		group.Go(func() {
			_, errs[1] = b.Reject(context.Background(), withdrawal.Decision{Tenant: tenant, Withdrawal: w.ID, Actor: "otto", Note: ""})
		})
		group.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("release: %v, reject: %v; want one winner", errs[0], errs[1])
		}
		b.settleDown()
		want := coffer.WithdrawalApproved
		if errs[1] == nil {
			want = coffer.WithdrawalRejected
		}
		b.state(w.ID, want)
		if reviews, err := b.Reviews(t.Context(), w.ID); err != nil || len(reviews) != 1 {
			t.Errorf("%d reviews, %v; want the winner's", len(reviews), err)
		}
	}
}

func TestWithdrawalsOfAFrozenAccountGoToReview(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, rich)
	outside := b.request("k1", "10")
	b.settleDown()
	inside, err := b.Request(t.Context(), to(friend, "k2", "10"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.Pool().Exec(t.Context(), "insert into ledger_frozen (account, entry, at) select $1, id, at from ledger_entry limit 1", account); err != nil {
		t.Fatal(err)
	}
	b.settleDown()
	if got := b.offered(); len(got) != 0 {
		t.Errorf("a payout is offered %v", got)
	}
	for _, id := range []string{outside.ID, inside.ID} {
		if w := b.state(id, coffer.WithdrawalReview); !strings.Contains(w.Reason, "frozen") {
			t.Errorf("reason = %q", w.Reason)
		}
	}
	b.balance(account, rich-21_000_000, 21_000_000)
	b.balance("acct_2", 0, 0)
}

func TestASanctionsListFailsClosed(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	list := func(issued time.Time, address string) []byte {
		lines := fmt.Appendf(nil, "coffer sanctions 1\nname test\nissued %s\nexpires %s\naddress %s SDN 1\n",
			issued.Format(time.RFC3339), issued.Add(72*time.Hour).Format(time.RFC3339), address)
		return fmt.Appendf(lines, "signature 0x%s\n", hex.EncodeToString(ed25519.Sign(key, policy.SanctionsMessage(lines))))
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	file, broken := list(now, payee), error(nil)
	screener, err := withdrawal.NewSanctionsList(func() ([]byte, error) { return file, broken },
		[]ed25519.PublicKey{ed25519.PublicKey(key[ed25519.SeedSize:])}, 24*time.Hour, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	ask := func(address string) (withdrawal.Finding, error) {
		return screener.Screen(t.Context(), withdrawal.Subject{Address: coffer.Address(address)})
	}

	if f, err := ask(strings.ToLower(payee)); err != nil || f.Verdict != withdrawal.ScreeningHit || !strings.Contains(f.Evidence, "SDN 1") {
		t.Errorf("listed: %+v, %v", f, err)
	}
	if f, err := ask(banned); err != nil || f.Verdict != withdrawal.ScreeningClear || f.TTL != time.Hour {
		t.Errorf("not listed: %+v, %v", f, err)
	}

	for _, step := range []struct {
		name   string
		after  time.Duration
		file   []byte
		broken error
		says   string
	}{
		{"a new list", time.Minute, list(now.Add(time.Minute), banned), nil, ""},
		{"an older one", time.Minute, list(now, payee), nil, "older"},
		{"unsigned", time.Minute, []byte("coffer sanctions 1\n"), nil, "not a signature"},
		{"unreadable", time.Minute, nil, errors.New("no such file"), "no such file"},
		{"back again", time.Minute, list(now.Add(time.Minute), banned), nil, ""},
		{"stale", 24 * time.Hour, list(now.Add(time.Minute), banned), nil, "out of date"},
	} {
		now = now.Add(step.after)
		file, broken = step.file, step.broken
		f, err := ask(banned)
		if step.says == "" && (err != nil || f.Verdict != withdrawal.ScreeningHit) {
			t.Errorf("%s: %+v, %v", step.name, f, err)
		}
		if step.says != "" && (err == nil || !strings.Contains(err.Error(), step.says)) {
			t.Errorf("%s: %+v, %v; want no answer and %q", step.name, f, err, step.says)
		}
	}
	if _, err := withdrawal.NewSanctionsList(func() ([]byte, error) { return file, nil }, nil, time.Hour, time.Now); err == nil {
		t.Error("a list without a key was accepted")
	}
}

// A decision under a key is made once: repeated it answers with what became of it.
func TestADecisionUnderAKeyIsMadeOnce(t *testing.T) {
	b := newBench(t, sandboxed)
	b.fund(account, usdt, rich)
	w, err := b.Request(t.Context(), to(canonical(t, reviewAddress), "k", "10"))
	if err != nil {
		t.Fatal(err)
	}
	b.settleDown()
	b.state(w.ID, coffer.WithdrawalReview)
	d := withdrawal.Decision{Tenant: tenant, Withdrawal: w.ID, Actor: "olga", Note: "called the customer", Key: "decision"}
	if got, err := b.Release(t.Context(), d); err != nil || got.State != coffer.WithdrawalScreened {
		t.Fatalf("released: %s %v", got.State, err)
	}
	b.settleDown()
	if got, err := b.Release(t.Context(), d); err != nil || got.State != coffer.WithdrawalApproved {
		t.Errorf("released again: %s %v, want what became of it", got.State, err)
	}
	if reviews, err := b.Reviews(t.Context(), w.ID); err != nil || len(reviews) != 1 {
		t.Errorf("recorded %+v %v, want one decision", reviews, err)
	}
	for name, other := range map[string]func(d *withdrawal.Decision){
		"another note":     func(d *withdrawal.Decision) { d.Note = "did not call" },
		"a request's key":  func(d *withdrawal.Decision) { d.Key = "k" },
		"another's tenant": func(d *withdrawal.Decision) { d.Tenant = "other" },
	} {
		d, want := d, coffer.CodeIdempotency
		if other(&d); d.Tenant != tenant {
			want = coffer.CodeNotFound
		}
		if _, err := b.Release(t.Context(), d); coffer.ErrorCode(err) != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if _, err := b.Reject(t.Context(), d); coffer.ErrorCode(err) != coffer.CodeIdempotency {
		t.Errorf("rejected under the key of a release: %v", err)
	}
}

// A customer is told why a withdrawal stands still, once, and not any more when it goes on.
func TestACustomerIsToldThatAScreenerIsAwaited(t *testing.T) {
	says := &script{down: errors.New("down")}
	b := newBench(t, screenedBy(says))
	b.fund(account, usdt, rich)
	w, err := b.Request(t.Context(), to(payee, "k", "10"))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := b.Step(t.Context()); err != nil && !strings.Contains(err.Error(), "down") {
			t.Fatal(err)
		}
		b.later(time.Minute)
	}
	if got := b.state(w.ID, coffer.WithdrawalRequested); got.Reason != "waiting for compliance screening" || got.Sequence != 2 {
		t.Errorf("the customer is told %q in event %d", got.Reason, got.Sequence)
	}
	says.down = nil
	b.settleDown()
	if got := b.state(w.ID, coffer.WithdrawalApproved); got.Reason != "" {
		t.Errorf("afterwards the customer is told %q", got.Reason)
	}
}
