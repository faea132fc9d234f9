package deposit_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
)

// decision is one by the operator of these tests.
func decision(tenant, id, reason string) deposit.Decision {
	return deposit.Decision{Tenant: tenant, Deposit: id, Actor: "olga", Reason: reason}
}

// acts writes the audit of an account's only deposit as "park by rule:x, release by olga".
func (h *harness) acts(account string) string {
	h.t.Helper()
	audit, err := h.s.Audit(context.Background(), "t-"+account, h.only(account).ID)
	if err != nil {
		h.t.Fatal(err)
	}
	var acts []string
	for _, a := range audit {
		acts = append(acts, a.Action+" by "+a.Actor)
	}
	return strings.Join(acts, ", ")
}

func (h *harness) wantReview(account string, asset coffer.AssetID, want uint64) {
	h.t.Helper()
	b, err := h.ledger.BalanceOf(context.Background(), account, asset)
	if err != nil {
		h.t.Fatal(err)
	}
	if b.Review != coffer.NewAmount(want) {
		h.t.Fatalf("%s has %s in review, want %d", account, b.Review, want)
	}
}

func TestRulesParkDeposits(t *testing.T) {
	h := newHarness(t, nil)
	day := 24 * time.Hour
	h.s = h.start(h.db, func(c *deposit.Config) {
		c.Rules = []deposit.Rule{
			{Name: "large", Asset: h.usdt(), Amount: coffer.NewAmount(1000)},
			{Name: "often", Count: 2, Window: 5 * 12 * time.Second}, // five blocks
			{Name: "eth a day", Asset: h.eth(), Count: 3, Window: day},
		}
	})
	ann, bob := h.user("ann"), h.user("bob")
	h.mine(transfer(h.usdt(), 1, "log:0", ann, 999), transfer(h.usdt(), 1, "log:1", bob, 1000), transfer(h.eth(), 1, "trace:0", ann, 5000))
	h.mine(
		transfer(h.usdt(), 2, "log:0", ann, usdtMin-1), // dust counts for nothing
		transfer(h.usdt(), 2, "log:1", ann, 20),        // the second
		transfer(h.usdt(), 2, "log:2", ann, 21),        // the third: parked
		transfer(h.usdt(), 2, "log:3", bob, 22),        // his second
	)
	h.empty(5)
	h.mine(transfer(h.usdt(), 3, "log:0", ann, 23)) // the window is over

	rule := func(account string, amount uint64) string {
		t.Helper()
		for _, d := range h.deposits(account) {
			if d.Asset != h.usdt() || d.Amount != coffer.NewAmount(amount) {
				continue
			}
			audit, err := h.s.Audit(t.Context(), d.Tenant, d.ID)
			if err != nil {
				t.Fatal(err)
			}
			if len(audit) == 0 {
				return string(d.State)
			}
			if d.State != coffer.DepositReview || d.Reason != "held for review" || audit[0].Sequence != d.Sequence || audit[0].Reason != d.Reason {
				t.Errorf("parked deposit %+v, audit %+v", d, audit)
			}
			return audit[0].Actor
		}
		t.Fatalf("%s has no deposit of %d", account, amount)
		return ""
	}
	for _, c := range []struct {
		account string
		amount  uint64
		want    string
	}{
		{"ann", 999, "unlocked"}, {"bob", 1000, "rule:large"}, {"ann", usdtMin - 1, "dust"},
		{"ann", 20, "unlocked"}, {"ann", 21, "rule:often"}, {"bob", 22, "unlocked"}, {"ann", 23, "observed"},
	} {
		if got := rule(c.account, c.amount); got != c.want {
			t.Errorf("%s's deposit of %d: %s, want %s", c.account, c.amount, got, c.want)
		}
	}
	h.wantReview("ann", h.usdt(), 21)
	h.wantReview("bob", h.usdt(), 1000)
	h.wantBalance("ann", h.eth(), 5000, 0)
}

func TestARuleThatSaysNothingIsRefused(t *testing.T) {
	h := newHarness(t, nil)
	for name, rule := range map[string]deposit.Rule{
		"no name":               {Count: 1, Window: time.Hour},
		"nothing asked":         {Name: "x"},
		"two questions":         {Name: "x", Asset: h.usdt(), Amount: coffer.NewAmount(1), Count: 1, Window: time.Hour},
		"an amount of anything": {Name: "x", Amount: coffer.NewAmount(1)},
		"a count for ever":      {Name: "x", Count: 1},
		"a count below zero":    {Name: "x", Count: -1, Window: time.Hour},
		"an endless window":     {Name: "x", Count: 1, Window: 365 * 24 * time.Hour},
	} {
		_, err := deposit.New(deposit.Config{DB: h.db, Ledger: h.ledger, Log: h.log, Clock: h.clock, Rules: []deposit.Rule{rule}})
		if err == nil || !strings.Contains(err.Error(), "rule") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheQueueShowsWhatWaits(t *testing.T) {
	h := newHarness(t, nil)
	h.fake.SetFinal(0)
	var last uint64
	own := func(account string) coffer.Transfer {
		last++
		paid := transfer(h.usdt(), last, "log:0", h.user(account), 100)
		paid.From = hot
		return paid
	}
	h.mine(own("ann"), own("bob"), own("ann"), transfer(h.usdt(), 99, "log:0", h.user("ann"), 50))
	h.empty(1)
	h.mine(own("bob"))

	list := func(f deposit.ReviewFilter) []deposit.Review {
		t.Helper()
		reviews, err := h.s.Reviews(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		return reviews
	}
	all := list(deposit.ReviewFilter{})
	if len(all) != 4 || !all[0].Decidable || all[3].Decidable || all[3].Deposit.Account != "bob" || len(all[0].Audit) != 1 {
		t.Fatalf("queue: %+v", all)
	}
	if rest := list(deposit.ReviewFilter{After: all[1].Deposit.ID, First: 1}); len(rest) != 1 || rest[0].Deposit.ID != all[2].Deposit.ID {
		t.Errorf("second page: %+v", rest)
	}
	if bobs := list(deposit.ReviewFilter{Tenant: "t-bob", Chain: h.chain}); len(bobs) != 2 || bobs[0].Deposit.Tenant != "t-bob" {
		t.Errorf("bob's: %+v", bobs)
	}
	if none := list(deposit.ReviewFilter{Chain: "eip155:1"}); len(none) != 0 {
		t.Errorf("of another chain: %+v", none)
	}
	for _, f := range []deposit.ReviewFilter{{First: -1}, {First: deposit.MaxPage + 1}, {After: "dep_x"}, {Tenant: "t-bob", After: all[0].Deposit.ID}} {
		if _, err := h.s.Reviews(t.Context(), f); coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("reviews with %+v: %v", f, err)
		}
	}

	d := all[0].Deposit
	if _, err := h.s.Reject(t.Context(), decision(d.Tenant, d.ID, "stolen")); err != nil {
		t.Fatal(err)
	}
	if left := list(deposit.ReviewFilter{}); len(left) != 3 {
		t.Errorf("%d wait after a decision, want 3", len(left))
	}
}

func TestADecisionIsAuditedAndMayBeSaidAgain(t *testing.T) {
	h := newHarness(t, nil)
	h.fake.SetFinal(0)
	own := transfer(h.usdt(), 1, "log:0", h.user("ann"), 100)
	own.From = hot
	h.mine(own)
	h.empty(1)
	id := h.only("ann").ID

	for name, d := range map[string]deposit.Decision{
		"nobody decides":  {Tenant: "t-ann", Deposit: id, Reason: "fine"},
		"no reason":       {Tenant: "t-ann", Deposit: id, Actor: "olga"},
		"a rule decides":  {Tenant: "t-ann", Deposit: id, Actor: "rule:x", Reason: "fine"},
		"an endless name": {Tenant: "t-ann", Deposit: id, Actor: strings.Repeat("o", 200), Reason: "fine"},
		"an endless tale": {Tenant: "t-ann", Deposit: id, Actor: "olga", Reason: strings.Repeat("o", 600)},
	} {
		if _, err := h.s.Release(t.Context(), d); coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}

	for range 2 {
		if d, err := h.s.Release(t.Context(), decision("t-ann", id, "checked")); err != nil || d.State != coffer.DepositCredited {
			t.Fatalf("release: %+v, %v", d, err)
		}
	}
	if _, err := h.s.Release(t.Context(), deposit.Decision{Tenant: "t-ann", Deposit: id, Actor: "otto", Reason: "checked"}); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("another person's release: %v", err)
	}
	if got, want := h.acts("ann"), "park by rule:own sender, release by olga"; got != want {
		t.Errorf("audit %q, want %q", got, want)
	}
	if got, want := h.states("ann"), "observed review credited"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
	h.wantBalance("ann", h.usdt(), 0, 100)

	// The same fork again is another inclusion: it waits again, and the old word is not for it.
	old := h.fake.Tip()
	h.reorg(2, nil)
	h.wantState("ann", coffer.DepositReversed)
	h.wantBalance("ann", h.usdt(), 0, 0)
	h.fake.Switch(old.Hash)
	h.settle()
	h.wantState("ann", coffer.DepositReview)
	h.wantReview("ann", h.usdt(), 100)
	if _, err := h.s.Release(t.Context(), decision("t-ann", id, "checked")); err != nil {
		t.Fatal(err)
	}
	h.wantBalance("ann", h.usdt(), 0, 100)
}

func TestTheAuditIsOnlyAddedTo(t *testing.T) {
	h := newHarness(t, nil)
	own := transfer(h.usdt(), 1, "log:0", h.user("ann"), 100)
	own.From = hot
	h.mine(own)
	for _, sql := range []string{"update deposit_audit set actor = 'nobody'", "delete from deposit_audit", "truncate deposit_audit"} {
		if _, err := h.db.Pool().Exec(t.Context(), sql); err == nil {
			t.Errorf("accepted: %s", sql)
		}
	}
	if got, want := h.acts("ann"), "park by rule:own sender"; got != want {
		t.Errorf("audit %q, want %q", got, want)
	}
	if _, err := h.s.Audit(t.Context(), "t-bob", h.only("ann").ID); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("audit of another tenant's deposit: %v", err)
	}
}
