package deposit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
)

// second is another node: it follows the harness's chain unless it is told otherwise.
type second struct {
	*chaintest.Fake
	forked bool
	wrong  bool
}

func (s *second) Header(ctx context.Context, height uint64) (coffer.Header, error) {
	header, err := s.Fake.Header(ctx, height)
	if s.forked {
		header.Hash[0]++
	}
	if s.wrong {
		header.Height++
	}
	return header, err
}

func (h *harness) check(want bool) {
	h.t.Helper()
	moved, err := h.s.Check(context.Background(), h.chain)
	if err != nil || moved != want {
		h.t.Fatalf("check: %v, %v; want %v", moved, err, want)
	}
}

// corroborating is a second node that is also asked what blocks paid.
type corroborating struct {
	*chaintest.Fake
	asked  [][]coffer.Transfer
	denies bool
	lacks  coffer.Address // payments to it, which were never made
	err    error
}

func (c *corroborating) Corroborate(_ context.Context, _ coffer.Hash, transfers []coffer.Transfer) (bool, error) {
	c.asked = append(c.asked, transfers)
	forged := slices.ContainsFunc(transfers, func(t coffer.Transfer) bool { return t.To == c.lacks })
	return !c.denies && !forged, c.err
}

// That a block is the same does not say that it paid the same: a trace is proven by nothing.
func TestASecondNodeIsAskedWhatABlockPaid(t *testing.T) {
	h := newHarness(t, nil)
	node := &corroborating{Fake: h.fake, err: errors.New("it cannot trace")}
	var alarms []error
	h.s = h.start(h.db, func(c *deposit.Config) {
		c.Chains[0].Second, c.Alarm = node, func(_ coffer.ChainID, err error) { alarms = append(alarms, err) }
	})
	paid := transfer(h.eth(), 1, "trace:3", h.user("ann"), 7)
	block := h.mine(paid, transfer(h.eth(), 2, "trace:1", stranger, 9))
	h.empty(3)

	for _, node.err = range []error{node.err, coffer.ErrNotFound} {
		if moved, err := h.s.Check(t.Context(), h.chain); moved || !errors.Is(err, node.err) {
			t.Errorf("a node that does not know: %v, %v", moved, err)
		}
	}
	node.err, node.denies = nil, true
	h.check(true)
	h.check(false) // once is enough
	h.wantBalance("ann", h.eth(), 0, 7)
	if d := h.only("ann"); d.State != coffer.DepositCredited || !strings.Contains(d.Reason, "disagree") {
		t.Errorf("deposit: %+v", d)
	}
	if len(alarms) != 1 || !errors.Is(alarms[0], deposit.ErrDisagree) || !strings.Contains(alarms[0].Error(), "paid something else") {
		t.Errorf("alarms: %v", alarms)
	}
	all, err := h.s.Disagreements(t.Context(), h.chain)
	if err != nil || len(all) != 1 || all[0].Block != block.BlockRef || !all[0].Theirs.IsZero() {
		t.Errorf("disagreements: %+v, %v", all, err)
	}

	node.denies = false
	h.check(true)
	h.wantBalance("ann", h.eth(), 7, 0)
	for _, asked := range node.asked {
		if len(asked) != 1 || asked[0] != paid {
			t.Errorf("asked about %+v, want ann's deposit alone", asked)
		}
	}
}

// A payment that one node made up comes to be credited after the rest of its block was asked about
// and agreed on: because a rule had parked it, or because it counts at a greater depth.
func TestWhatIsCreditedLateIsAskedAboutToo(t *testing.T) {
	for name, late := range map[string]func(h *harness, c *deposit.Config){
		"parked": func(h *harness, c *deposit.Config) {
			c.Rules = []deposit.Rule{{Name: "large", Asset: h.eth(), Amount: coffer.NewAmount(500)}}
		},
		"deeper": func(_ *harness, c *deposit.Config) {
			c.Assets[0].Credit, c.Assets[0].Unlock, c.Assets[1].Credit, c.Assets[1].Unlock = 1, 1, 6, 8
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, nil)
			node := &corroborating{Fake: h.fake, lacks: h.user("ann")}
			h.s = h.start(h.db, func(c *deposit.Config) {
				late(h, c)
				c.Chains[0].Second = node
			})
			h.mine(transfer(h.usdt(), 1, "log:0", h.user("bob"), 100), transfer(h.eth(), 2, "trace:1", h.user("ann"), 500))
			h.empty(4)
			h.check(true)
			h.wantBalance("bob", h.usdt(), 100, 0)
			h.check(false)
			if name == "parked" {
				if _, err := h.s.Release(t.Context(), decision("t-ann", h.only("ann").ID, "looks fine")); err != nil {
					t.Fatal(err)
				}
			}
			h.empty(5)
			h.wantBalance("ann", h.eth(), 0, 500)
			h.check(true)
			h.check(false)
			h.empty(1)
			h.wantBalance("ann", h.eth(), 0, 500)
			if d := h.only("ann"); d.State != coffer.DepositCredited || !strings.Contains(d.Reason, "disagree") {
				t.Errorf("deposit: %+v", d)
			}

			node.lacks = ""
			h.check(true)
			h.wantBalance("ann", h.eth(), 500, 0)
		})
	}
}

// Somebody can make blocks that a second node cannot say anything of, as many as one look takes:
// those above have their turn all the same.
func TestBlocksThatCannotBeAgreedOnDoNotHoldUpOthers(t *testing.T) {
	h := newHarness(t, nil)
	node := &corroborating{Fake: h.fake, err: errors.New("it cannot trace this")}
	h.s = h.start(h.db, func(c *deposit.Config) { c.Chains[0].Second = node })
	const stuck = 64
	for n := range uint64(stuck) {
		h.mine(transfer(h.eth(), n, "trace:1", h.user("mallory"), 7))
	}
	h.mine(transfer(h.eth(), stuck, "trace:1", h.user("ann"), 7))
	h.empty(3)
	if moved, err := h.s.Check(t.Context(), h.chain); moved || !errors.Is(err, node.err) || len(node.asked) != stuck {
		t.Fatalf("%v, %v; asked %d times", moved, err, len(node.asked))
	}
	node.err = nil
	h.check(true)
	h.wantBalance("ann", h.eth(), 7, 0)
	h.wantBalance("mallory", h.eth(), 0, stuck*7)
	h.check(true) // and from the beginning
	h.wantBalance("mallory", h.eth(), stuck*7, 0)
}

// A second node that does not answer costs one deadline, whoever else waits, and another block has
// its turn when it is asked again.
func TestASecondNodeThatHangsIsAskedOnce(t *testing.T) {
	h := newHarness(t, nil)
	node := &corroborating{Fake: h.fake, err: context.DeadlineExceeded}
	h.s = h.start(h.db, func(c *deposit.Config) { c.Chains[0].Second = node })
	for n, name := range []string{"mallory", "ann"} {
		h.mine(transfer(h.eth(), uint64(n), "trace:1", h.user(name), 7))
	}
	h.empty(3)
	if moved, err := h.s.Check(t.Context(), h.chain); moved || !errors.Is(err, node.err) || len(node.asked) != 1 {
		t.Fatalf("%v, %v; asked %d times", moved, err, len(node.asked))
	}
	node.err = nil
	h.check(true)
	h.wantBalance("ann", h.eth(), 7, 0)
	h.wantBalance("mallory", h.eth(), 0, 7)
	h.check(true) // and from the beginning
	h.wantBalance("mallory", h.eth(), 7, 0)
}

func twoNodes(t *testing.T) (*harness, *second, *[]error) {
	h := newHarness(t, nil)
	node, alarms := &second{Fake: h.fake}, new([]error)
	h.s = h.start(h.db, func(c *deposit.Config) {
		c.Chains[0].Second = node
		c.Alarm = func(chain coffer.ChainID, err error) {
			if chain != h.chain || !errors.Is(err, deposit.ErrDisagree) {
				t.Errorf("alarm about %s: %v", chain, err)
			}
			*alarms = append(*alarms, err)
		}
	})
	return h, node, alarms
}

func TestNothingIsUnlockedBeforeTwoNodesAgree(t *testing.T) {
	h, _, alarms := twoNodes(t)
	h.check(false)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(2)
	h.check(false) // not deep enough to ask
	h.empty(5)
	h.wantState("ann", coffer.DepositCredited)
	h.wantBalance("ann", h.usdt(), 0, 100)

	h.check(true)
	h.wantState("ann", coffer.DepositUnlocked)
	h.wantBalance("ann", h.usdt(), 100, 0)
	h.check(false)
	if len(*alarms) != 0 {
		t.Errorf("alarms: %v", *alarms)
	}
	if got, want := h.states("ann"), "observed credited unlocked"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
}

func TestADisagreementHoldsAndAlarms(t *testing.T) {
	h, node, alarms := twoNodes(t)
	block := h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100), transfer(h.eth(), 1, "trace:0", h.user("bob"), 5))
	h.empty(5)
	node.forked = true
	h.check(true)
	for range 3 {
		h.check(false) // once is enough
		h.empty(1)
	}
	h.wantState("ann", coffer.DepositCredited)
	h.wantState("bob", coffer.DepositCredited)
	if d := h.only("ann"); !strings.Contains(d.Reason, "disagree") {
		t.Errorf("reason %q", d.Reason)
	}
	if len(*alarms) != 1 || !strings.Contains((*alarms)[0].Error(), block.Hash.String()) {
		t.Errorf("alarms: %v", *alarms)
	}
	all, err := h.s.Disagreements(t.Context(), h.chain)
	if err != nil || len(all) != 1 || all[0].Block != block.BlockRef || all[0].Theirs == block.Hash {
		t.Errorf("disagreements: %+v, %v", all, err)
	}

	node.forked = false
	h.check(true)
	h.wantBalance("ann", h.usdt(), 100, 0)
	h.wantBalance("bob", h.eth(), 5, 0)
	if d := h.only("ann"); d.State != coffer.DepositUnlocked || d.Reason != "" {
		t.Errorf("deposit: %+v", d)
	}
	if all, err := h.s.Disagreements(t.Context(), h.chain); err != nil || len(all) != 0 {
		t.Errorf("disagreements: %+v, %v", all, err)
	}
	if got, want := h.states("ann"), "observed credited credited unlocked"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
}

func TestASecondNodeThatFailsHolds(t *testing.T) {
	h, node, alarms := twoNodes(t)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(5)

	h.fake.Lag(6) // it does not have the block yet
	h.check(false)
	h.fake.Lag(0)
	h.fake.Fail(chaintest.CallHeader, 1)
	if _, err := h.s.Check(t.Context(), h.chain); !errors.Is(err, chaintest.ErrNode) {
		t.Errorf("check: %v", err)
	}
	node.wrong = true
	if _, err := h.s.Check(t.Context(), h.chain); err == nil {
		t.Error("an answer about another height is taken")
	}
	h.wantState("ann", coffer.DepositCredited)
	node.wrong = false
	h.check(true)
	h.wantState("ann", coffer.DepositUnlocked)
	if len(*alarms) != 0 {
		t.Errorf("alarms: %v", *alarms)
	}
}

func TestAnAgreementEndsWithItsBlock(t *testing.T) {
	h, _, _ := twoNodes(t)
	h.s = h.start(h.db, func(c *deposit.Config) {
		c.Chains[0].Second, c.Chains[0].NoFinality = &second{Fake: h.fake}, true
	})
	h.fake.SetFinal(0)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(3)
	h.check(true)
	h.wantState("ann", coffer.DepositUnlocked)

	old := h.fake.Tip()
	h.reorg(4, nil)
	h.fake.Switch(old.Hash)
	h.settle()
	h.wantState("ann", coffer.DepositCredited) // both nodes are asked anew
	h.check(true)
	h.wantBalance("ann", h.usdt(), 100, 0)
}

func TestABlockThatLeavesWhileTheNodeIsAsked(t *testing.T) {
	h, _, _ := twoNodes(t)
	h.s = h.start(h.db, func(c *deposit.Config) {
		c.Chains[0].Second, c.Chains[0].NoFinality = h.fake, true
	})
	h.fake.SetFinal(0)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(3)
	h.fake.Before(func(string) {
		h.fake.Before(nil)
		h.reorg(4, nil, nil, nil, nil, nil)
	})
	h.check(false)
	h.wantState("ann", coffer.DepositReversed)
	if n := h.count("select count(*) from deposit_agreement"); n != 0 {
		t.Errorf("%d agreements about blocks that are gone", n)
	}
}

// screener says what it is told about senders.
type screener struct {
	bad   map[coffer.Address]deposit.Screening
	fail  map[coffer.Address]bool
	asked int
}

func (s *screener) ScreenDeposit(_ context.Context, d coffer.Deposit) (deposit.Screening, error) {
	s.asked++
	if s.fail[d.From] {
		return deposit.Screening{}, errors.New("503")
	}
	if v, bad := s.bad[d.From]; bad {
		return v, nil
	}
	return deposit.Screening{Pass: true}, nil
}

// thief is a sender that does not pass.
var thief = chaintest.Address(66)

func screened(t *testing.T) (*harness, *screener) {
	h := newHarness(t, nil)
	s := &screener{bad: map[coffer.Address]deposit.Screening{thief: {Score: 99, Category: "sanctions", Evidence: "list 7, row 12"}}, fail: map[coffer.Address]bool{}}
	h.s = h.start(h.db, func(c *deposit.Config) { c.Screener = s })
	return h, s
}

func stolen(h *harness, tx uint64, account string, amount uint64) coffer.Transfer {
	paid := transfer(h.usdt(), tx, "log:0", h.user(account), amount)
	paid.From = thief
	return paid
}

func TestNothingIsUnlockedBeforeItsSenderPassed(t *testing.T) {
	h, s := screened(t)
	s.fail[stranger] = true
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(6)
	if _, err := h.s.Check(t.Context(), h.chain); err == nil {
		t.Error("a screener that fails is no error")
	}
	h.wantState("ann", coffer.DepositCredited)
	s.fail[stranger] = false
	h.check(true)
	h.wantState("ann", coffer.DepositUnlocked)
	h.check(false)
	if s.asked != 2 {
		t.Errorf("asked %d times, want 2", s.asked)
	}
}

func TestASenderThatDoesNotPassParksTheDeposit(t *testing.T) {
	for name, depth := range map[string]int{"observed": 0, "credited": 3} {
		t.Run(name, func(t *testing.T) {
			h, _ := screened(t)
			h.fake.SetFinal(0)
			h.mine(stolen(h, 1, "ann", 100))
			h.empty(depth)
			h.wantState("ann", coffer.DepositState(name))
			h.check(true)
			h.wantState("ann", coffer.DepositReview)
			h.wantReview("ann", h.usdt(), 100)
			h.wantBalance("ann", h.usdt(), 0, 0)
			h.wantHouse(ledger.PrefixCustodyDeposit, h.usdt(), 100)
			reviews, err := h.s.Reviews(t.Context(), deposit.ReviewFilter{})
			if err != nil || len(reviews) != 1 || reviews[0].Screening == nil || reviews[0].Screening.Category != "sanctions" || reviews[0].Screening.Score != 99 {
				t.Fatalf("queue: %+v, %v", reviews, err)
			}

			h.empty(3)
			if _, err := h.s.Release(t.Context(), decision("t-ann", h.only("ann").ID, "a namesake")); err != nil {
				t.Fatal(err)
			}
			h.wantBalance("ann", h.usdt(), 0, 100)
			h.check(false)
			h.fake.SetFinal(h.only("ann").Block.Height)
			h.empty(1)
			h.wantBalance("ann", h.usdt(), 100, 0)
			if got, want := h.acts("ann"), "park by rule:screening sanctions, release by olga"; got != want {
				t.Errorf("audit %q, want %q", got, want)
			}
		})
	}
}

func TestASuspectedDepositIsReversedWithItsBlock(t *testing.T) {
	h, _ := screened(t)
	h.fake.SetFinal(0)
	h.mine(stolen(h, 1, "ann", 100))
	h.empty(3)
	h.check(true)
	old := h.fake.Tip()
	for range 2 {
		h.reorg(4, nil)
		h.wantReview("ann", h.usdt(), 0)
		h.wantHouse(ledger.PrefixCustodyDeposit, h.usdt(), 0)
		h.wantState("ann", coffer.DepositOrphaned)
		h.fake.Switch(old.Hash)
		h.settle()
		h.wantBalance("ann", h.usdt(), 0, 100)
		h.check(true) // asked anew
		h.wantReview("ann", h.usdt(), 100)
		h.wantBalance("ann", h.usdt(), 0, 0)
	}
}

func TestOneScreeningThatFailsDoesNotStarveTheOthers(t *testing.T) {
	h, s := screened(t)
	var paid []coffer.Transfer
	for i := range uint64(150) {
		one := transfer(h.usdt(), i, "log:0", h.user(fmt.Sprintf("a%d", i%3)), 100)
		if i < 70 {
			one.From = chaintest.Address(500 + i)
			s.fail[one.From] = true
		}
		paid = append(paid, one)
	}
	h.mine(paid...)
	h.empty(5)
	for range 60 {
		_, _ = h.s.Check(t.Context(), h.chain)
	}
	if n := h.count("select count(*) from deposit where state = 'unlocked'"); n != 80 {
		t.Errorf("%d are unlocked, want the 80 that can be screened", n)
	}
	s.fail = nil
	for range 60 {
		_, _ = h.s.Check(t.Context(), h.chain)
	}
	if n := h.count("select count(*) from deposit where state = 'unlocked'"); n != 150 {
		t.Errorf("%d are unlocked, want all", n)
	}
}
