package deposit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/deposit"
)

// Tries until a person looks.
const tries = 10

// fails checks n times, each of which has to fail.
func (h *harness) fails(n int) {
	h.t.Helper()
	for range n {
		if _, err := h.s.Check(context.Background(), h.chain); err == nil {
			h.t.Fatal("the check did not fail")
		}
	}
}

// wantScreening checks the one review there is.
func (h *harness) wantScreening(category, evidence, reason string) {
	h.t.Helper()
	reviews, err := h.s.Reviews(context.Background(), deposit.ReviewFilter{})
	if err != nil || len(reviews) != 1 || reviews[0].Screening == nil {
		h.t.Fatalf("queue: %+v, %v", reviews, err)
	}
	s := reviews[0].Screening
	if s.Pass || s.Category != category || !strings.Contains(s.Evidence, evidence) {
		h.t.Errorf("screening %+v, want %q of category %q", s, evidence, category)
	}
	if got := reviews[0].Deposit.Reason; got != reason {
		h.t.Errorf("reason %q, want %q", got, reason)
	}
}

func TestWhatCannotBeScreenedIsForAPersonInTheEnd(t *testing.T) {
	h, s := screened(t)
	s.fail[stranger] = true
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(6)
	h.fails(3 * tries) // an outage is nobody's work
	h.wantState("ann", coffer.DepositCredited)

	h.now = h.now.Add(deposit.DefaultPatience - time.Second)
	h.fails(1)
	h.wantState("ann", coffer.DepositCredited)
	h.s = h.start(h.db, func(c *deposit.Config) { c.Screener = s }) // which forgets nothing
	h.now = h.now.Add(time.Second)
	h.check(true)
	h.wantState("ann", coffer.DepositReview)
	h.wantReview("ann", h.usdt(), 100)
	h.wantBalance("ann", h.usdt(), 0, 0)
	h.wantScreening("not screened", "tried 32 times since 2026-01-02T00:00:00Z: 503", "held for review: who sent it could not be screened")
	asked := s.asked
	h.check(false)
	if s.asked != asked || h.count("select count(*) from deposit_screening_failure") != 0 {
		t.Error("it is tried again")
	}

	if _, err := h.s.Release(t.Context(), decision("t-ann", h.only("ann").ID, "a known payer")); err != nil {
		t.Fatal(err)
	}
	h.empty(1)
	h.wantBalance("ann", h.usdt(), 100, 0)
}

func TestFailuresToScreenAreCountedInARow(t *testing.T) {
	h, s := screened(t)
	h.fake.SetFinal(0)
	s.fail[stranger] = true
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.fails(1)
	h.now = h.now.Add(2 * deposit.DefaultPatience)
	h.fails(tries - 2) // long enough, and not often enough
	h.wantState("ann", coffer.DepositObserved)

	// In another block it is asked about anew.
	h.reorg(1, []coffer.Transfer{transfer(h.usdt(), 1, "log:0", h.user("ann"), 100)})
	h.fails(tries)
	h.wantState("ann", coffer.DepositObserved)
	if n := h.count("select failures from deposit_screening_failure"); n != tries {
		t.Errorf("%d failures are counted, want %d", n, tries)
	}
	s.fail[stranger] = false
	h.check(true)
	if n := h.count("select count(*) from deposit_screening_failure"); n != 0 {
		t.Error("failures are left after an answer")
	}
	h.empty(5)
	h.fake.SetFinal(h.only("ann").Block.Height)
	h.empty(1)
	h.wantState("ann", coffer.DepositUnlocked)
}

func TestADepositOfTooManyCoinsIsForAPersonAtOnce(t *testing.T) {
	senders := make([]coffer.Address, 500)
	for n := range senders {
		senders[n] = chaintest.Address(1000 + uint64(n)) // #nosec G115 -- small
	}
	for name, c := range map[string]struct {
		senders  func() ([]coffer.Address, error)
		category string
		evidence string
	}{
		"500 inputs": {func() ([]coffer.Address, error) {
			return nil, fmt.Errorf("look: %w", coffer.Errorf(coffer.CodeLimit, "it spends %d coins", len(senders)))
		}, "many coins", "it spends 500 coins"},
		"500 senders": {func() ([]coffer.Address, error) { return senders, nil }, "many senders", "500 addresses sent it: want at most 100"},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			h := newCoinHarness(t, func(config *deposit.Config) {
				config.Screener = screenerFunc(func(coffer.Deposit) (deposit.Screening, error) {
					asked++
					return deposit.Screening{Pass: true}, nil
				})
				config.Chains[0].Senders = func(context.Context, coffer.Hash) ([]coffer.Address, error) { return c.senders() }
			})
			h.mineCoins(payment(1, nil, to(h.user("ann"), 100)))
			h.empty(2)
			h.check(true)
			h.wantState("ann", coffer.DepositReview)
			h.wantScreening(c.category, c.evidence, "held for review: its transaction spends too many coins to look up who sent it")
			if h.check(false); asked != 0 {
				t.Errorf("asked about %d senders", asked)
			}
		})
	}
}

// A screener's words are kept as far as the database can: a deposit is not tried for ever
// because of them.
func TestAScreenersWordsMayBeAnything(t *testing.T) {
	h := newHarness(t, func(c *deposit.Config) {
		c.Screener = screenerFunc(func(coffer.Deposit) (deposit.Screening, error) {
			return deposit.Screening{Category: "mi\x00xer\xff", Evidence: "a\nb\x00" + strings.Repeat("é", 500)}, nil
		})
	})
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(2)
	h.check(true)
	h.wantScreening("mi xer?", "a b é", "held for review")
}

func TestWhoCannotBeFoundOutIsForAPersonInTheEnd(t *testing.T) {
	h := newCoinHarness(t, func(c *deposit.Config) {
		c.Patience = time.Hour
		c.Screener = screenerFunc(func(coffer.Deposit) (deposit.Screening, error) { return deposit.Screening{Pass: true}, nil })
		c.Chains[0].Senders = func(context.Context, coffer.Hash) ([]coffer.Address, error) {
			return nil, errors.New("no such transaction")
		}
	})
	h.mineCoins(payment(1, nil, to(h.user("ann"), 100)))
	h.empty(2)
	h.fails(tries)
	h.now = h.now.Add(time.Hour)
	h.check(true)
	h.wantState("ann", coffer.DepositReview)
	h.wantScreening("not screened", "no such transaction", "held for review: who sent it could not be screened")
}
