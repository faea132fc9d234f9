package deposit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/stream"
)

func TestADepositIsCountedThenSpendable(t *testing.T) {
	h := newHarness(t, nil)
	block := h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.wantState("ann", coffer.DepositObserved)
	h.wantBalance("ann", h.usdt(), 0, 0)

	h.empty(1)
	h.wantState("ann", coffer.DepositCredited)
	h.wantBalance("ann", h.usdt(), 0, 100)

	h.empty(1)
	h.wantState("ann", coffer.DepositCredited)
	h.empty(1)
	h.wantState("ann", coffer.DepositUnlocked)
	h.wantBalance("ann", h.usdt(), 100, 0)
	h.wantHouse(ledger.PrefixCustodyDeposit+string(h.user("ann")), h.usdt(), 100)

	d := h.only("ann")
	if d.Block != block.BlockRef || d.Confirmations != 4 || d.From != stranger || d.Address != h.user("ann") || d.Tenant != "t-ann" || d.Amount != coffer.NewAmount(100) {
		t.Errorf("deposit is %+v", d)
	}
	if got, want := h.states("ann"), "observed credited unlocked"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
}

func TestADeepAssetIsConfirmingFirst(t *testing.T) {
	h := newHarness(t, func(c *deposit.Config) { c.Assets[0].Credit, c.Assets[0].Unlock = 4, 4 })
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(1)
	h.wantState("ann", coffer.DepositConfirming)
	h.empty(2)
	h.wantState("ann", coffer.DepositUnlocked)
	if got, want := h.states("ann"), "observed confirming credited unlocked"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
}

func TestNothingIsUnlockedBeforeItIsFinal(t *testing.T) {
	h := newHarness(t, nil)
	h.fake.SetFinal(0)
	h.mine(transfer(h.eth(), 1, "trace:0", h.user("ann"), 100))
	h.empty(10)
	h.wantState("ann", coffer.DepositCredited)

	h.fake.SetFinal(h.only("ann").Block.Height - 1)
	h.empty(1)
	h.wantState("ann", coffer.DepositCredited)

	h.fake.SetFinal(h.only("ann").Block.Height)
	h.empty(1)
	h.wantState("ann", coffer.DepositUnlocked)
}

func TestDepthAloneUnlocksOnAChainWithoutFinality(t *testing.T) {
	h := newHarness(t, func(c *deposit.Config) { c.Chains[0].NoFinality = true })
	h.fake.SetFinal(0)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(3)
	h.wantState("ann", coffer.DepositUnlocked)
}

func TestAForkBeforeCreditOrphans(t *testing.T) {
	h := newHarness(t, nil)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.reorg(1, nil)
	h.wantState("ann", coffer.DepositOrphaned)
	h.wantBalance("ann", h.usdt(), 0, 0)
	h.empty(5)
	h.wantState("ann", coffer.DepositOrphaned)
}

func TestAForkAfterCreditReverses(t *testing.T) {
	h := newHarness(t, nil)
	h.fake.SetFinal(0)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(1)
	h.reorg(2, nil, nil, nil)
	h.wantState("ann", coffer.DepositReversed)
	h.wantBalance("ann", h.usdt(), 0, 0)
	h.wantHouse(ledger.PrefixCustodyDeposit+string(h.user("ann")), h.usdt(), 0)
	if got, want := h.states("ann"), "observed credited reversed"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
}

func TestAForkAfterUnlockReversesBoth(t *testing.T) {
	h := newHarness(t, func(c *deposit.Config) { c.Chains[0].NoFinality = true })
	h.fake.SetFinal(0)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(3)
	h.wantBalance("ann", h.usdt(), 100, 0)
	h.reorg(4, nil)
	h.wantState("ann", coffer.DepositReversed)
	h.wantBalance("ann", h.usdt(), 0, 0)
}

func TestMoneyThatWasSpentBeforeAForkIsOwed(t *testing.T) {
	h := newHarness(t, func(c *deposit.Config) { c.Chains[0].NoFinality = true })
	h.fake.SetFinal(0)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(3)
	h.hold("ann", 70)

	// Another deposit is pending while the first is taken back.
	h.reorg(4, []coffer.Transfer{transfer(h.usdt(), 2, "log:0", h.user("ann"), 50)}, nil)
	h.wantBalance("ann", h.usdt(), 0, 50)
	h.wantHouse(ledger.PrefixReceivableReorg+"ann", h.usdt(), 70)
	h.empty(2)
	h.wantBalance("ann", h.usdt(), 50, 0)
	if b, err := h.ledger.BalanceOf(t.Context(), "ann", h.usdt()); err != nil || !b.Frozen {
		t.Errorf("withdrawals are not frozen: %+v, %v", b, err)
	}
}

func TestAnotherPendingDepositPaysForWhatWasSpent(t *testing.T) {
	h := newHarness(t, func(c *deposit.Config) { c.Chains[0].NoFinality = true })
	h.fake.SetFinal(0)
	h.mine()
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(3)
	h.hold("ann", 70)

	// A deposit in the first block of the fork is credited when the fork has two more.
	fork := []coffer.Transfer{transfer(h.usdt(), 2, "log:0", h.user("ann"), 500)}
	h.reorg(5, fork, nil, nil)
	h.empty(4)
	h.wantBalance("ann", h.usdt(), 500, 0)
	h.wantHouse(ledger.PrefixReceivableReorg+"ann", h.usdt(), 70)
}

func (h *harness) hold(account string, amount uint64) {
	h.t.Helper()
	tx, err := h.db.Pool().Begin(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	err = h.ledger.Hold(context.Background(), tx, ledger.Hold{
		ID: coffer.DeriveID("wd", account), Account: account, Asset: h.usdt(), Amount: coffer.NewAmount(amount), Expires: h.now.Add(time.Hour),
	}, h.now)
	if err == nil {
		err = tx.Commit(context.Background())
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestADepositIncludedAgainIsCreditedOnce(t *testing.T) {
	h := newHarness(t, nil)
	h.fake.SetFinal(0)
	paid := transfer(h.usdt(), 1, "log:0", h.user("ann"), 100)
	h.mine(paid)
	h.empty(2)
	first := h.only("ann")

	// Back at another height and at another position in its block.
	h.reorg(3, nil, []coffer.Transfer{transfer(h.usdt(), 7, "log:0", h.user("bob"), 30), paid}, nil, nil)
	again := h.only("ann")
	if again.ID != first.ID || again.State != coffer.DepositCredited || again.Block.Height != first.Block.Height+1 {
		t.Errorf("deposit is %+v, was %+v", again, first)
	}
	h.wantBalance("ann", h.usdt(), 0, 100)
	if got, want := h.states("ann"), "observed credited reversed observed credited"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
}

func TestBackAgainToTheOldForkIsCreditedOnce(t *testing.T) {
	h := newHarness(t, nil)
	h.fake.SetFinal(0)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(2)
	old := h.fake.Tip()
	for range 3 {
		h.reorg(3, nil)
		h.wantBalance("ann", h.usdt(), 0, 0)
		h.fake.Switch(old.Hash)
		h.settle()
		h.wantBalance("ann", h.usdt(), 0, 100)
	}
	h.wantState("ann", coffer.DepositCredited)
	if n := h.count("select count(*) from deposit_observation"); n != 1 {
		t.Errorf("%d observations, want 1: it was always the same block", n)
	}
}

func TestOtherContentOnReinclusionIsWhatCounts(t *testing.T) {
	h := newHarness(t, nil)
	h.fake.SetFinal(0)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(1)

	// The same place of the same transaction: another amount and another asset.
	h.reorg(2, []coffer.Transfer{transfer(h.usdt(), 1, "log:0", h.user("ann"), 60)}, nil)
	h.wantBalance("ann", h.usdt(), 0, 60)
	h.reorg(2, []coffer.Transfer{transfer(h.eth(), 1, "log:0", h.user("ann"), 5)}, nil)
	h.wantBalance("ann", h.usdt(), 0, 0)
	h.wantBalance("ann", h.eth(), 0, 5)
	h.only("ann")

	// Another account: another deposit, and the first one's owner sees none of it.
	h.reorg(2, []coffer.Transfer{transfer(h.usdt(), 1, "log:0", h.user("bob"), 100)}, nil)
	h.wantState("ann", coffer.DepositReversed)
	h.wantState("bob", coffer.DepositCredited)
	h.wantBalance("ann", h.eth(), 0, 0)
	h.wantBalance("bob", h.usdt(), 0, 100)
	if h.only("ann").ID == h.only("bob").ID {
		t.Error("two accounts share a deposit")
	}
	if n := h.count("select count(*) from deposit_observation"); n != 4 {
		t.Errorf("%d observations, want 4", n)
	}
}

func TestLagOfTheTipTakesNothingBack(t *testing.T) {
	h := newHarness(t, nil)
	h.fake.SetFinal(0)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(1)
	h.reorg(1)
	h.wantState("ann", coffer.DepositCredited)
	h.wantBalance("ann", h.usdt(), 0, 100)
}

func TestRedeliveryChangesNothing(t *testing.T) {
	h := newHarness(t, nil)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(3)
	entries := h.count("select count(*) from ledger_entry")

	records, err := h.log.Read(t.Context(), stream.TopicRaw, string(h.chain), 0, stream.MaxRead)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if _, err := h.log.Append(t.Context(), stream.TopicRaw, string(h.chain), stream.Any, []stream.Record{r.Record}); err != nil {
			t.Fatal(err)
		}
	}
	h.settle()

	if got := h.count("select count(*) from ledger_entry"); got != entries {
		t.Errorf("%d entries after a redelivery, had %d", got, entries)
	}
	if got, want := h.states("ann"), "observed credited unlocked"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
	h.mine(transfer(h.usdt(), 2, "log:0", h.user("bob"), 100))
	h.wantState("bob", coffer.DepositObserved)
}

func TestEventsThatDoNotFollowAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(h *harness, e *coffer.BlockEvent)
	}{
		{"a gap", func(_ *harness, e *coffer.BlockEvent) { e.Sequence++ }},
		{"an earlier epoch", func(_ *harness, e *coffer.BlockEvent) { e.Epoch-- }},
		{"another parent", func(_ *harness, e *coffer.BlockEvent) { e.Block.Parent[0]++ }},
		{"another height", func(_ *harness, e *coffer.BlockEvent) { e.Block.Height++ }},
		{"a block that is not the tip leaves", func(_ *harness, e *coffer.BlockEvent) { e.Kind = coffer.BlockDisconnected }},
		{"an unknown kind", func(_ *harness, e *coffer.BlockEvent) { e.Kind = "moved" }},
		{"another chain", func(_ *harness, e *coffer.BlockEvent) { e.Chain = "eip155:1" }},
		{"an asset of another chain", func(h *harness, e *coffer.BlockEvent) {
			e.Block.Transfers = []coffer.Transfer{transfer("eip155:1/slip44:60", 1, "log:0", h.user("ann"), 1)}
		}},
		{"two transfers in one place", func(h *harness, e *coffer.BlockEvent) {
			paid := transfer(h.usdt(), 1, "log:0", h.user("ann"), 100)
			e.Block.Transfers = []coffer.Transfer{paid, paid}
		}},
		{"a deposit that is live in another block", func(h *harness, e *coffer.BlockEvent) {
			e.Block.Transfers = []coffer.Transfer{transfer(h.usdt(), 9, "log:0", h.user("ann"), 100)}
		}},
		{"a final block leaves", func(h *harness, e *coffer.BlockEvent) {
			e.Kind, e.Block = coffer.BlockDisconnected, h.said[len(h.said)-1]
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t, nil)
			h.epoch = 5
			h.mine()
			h.fake.SetFinal(2)
			h.mine(transfer(h.usdt(), 9, "log:0", h.user("ann"), 100))

			block := h.fake.Mine(nil, nil)
			event := coffer.BlockEvent{Chain: h.chain, Sequence: h.sequence + 1, Epoch: h.epoch, Kind: coffer.BlockConnected, Block: block}
			test.change(h, &event)
			h.append(event)

			if _, err := h.s.Step(t.Context(), h.chain); !errors.Is(err, deposit.ErrBroken) {
				t.Fatalf("step: %v, want ErrBroken", err)
			}
			if err := h.s.Run(t.Context()); !errors.Is(err, deposit.ErrBroken) {
				t.Errorf("run: %v, want ErrBroken", err)
			}
			h.wantState("ann", coffer.DepositObserved)
		})
	}
}

func TestTwoServicesApplyEachEventOnce(t *testing.T) {
	h := newHarness(t, nil)
	other := h.start(h.db, nil)
	for i := range uint64(20) {
		h.fake.Mine([]coffer.Transfer{transfer(h.usdt(), i, "log:0", h.user("ann"), 100)}, nil)
	}
	h.emit()

	done := make(chan error, 2)
	for _, s := range []*deposit.Service{h.s, other} {
		go func() {
			for {
				if moved, err := s.Step(context.Background(), h.chain); err != nil || !moved {
					done <- err
					return
				}
			}
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	h.empty(4)
	h.wantBalance("ann", h.usdt(), 2000, 0)
}

func TestRunAppliesWhatArrives(t *testing.T) {
	applied := make(chan struct{}, 100)
	h := newHarness(t, func(c *deposit.Config) {
		c.Checkpoint = func(name string) {
			if name == deposit.CheckpointApplied {
				applied <- struct{}{}
			}
		}
	})
	address := h.user("ann")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.s.Run(ctx) }()

	h.fake.Mine([]coffer.Transfer{transfer(h.eth(), 1, "trace:0", address, 100)}, nil)
	h.emit()
	for range 2 {
		select {
		case <-applied:
		case <-time.After(30 * time.Second):
			t.Fatal("nothing is applied")
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatalf("run: %v", err)
	}
	h.wantState("ann", coffer.DepositCredited)
}

func TestALargeBlockIsApplied(t *testing.T) {
	h := newHarness(t, nil)
	const many = 3000
	var transfers []coffer.Transfer
	for i := range uint64(many) {
		transfers = append(transfers, transfer(h.usdt(), i, "log:0", h.user("ann"), usdtMin))
		transfers = append(transfers, transfer(h.usdt(), i, "log:1", stranger, usdtMin))
	}
	h.mine(transfers...)
	h.empty(1)
	h.wantBalance("ann", h.usdt(), 0, many*usdtMin)
	h.reorg(1)
	h.fake.SetFinal(0)
	h.empty(3)
	h.wantBalance("ann", h.usdt(), many*usdtMin, 0)
}

func TestProgressIsWhatIsApplied(t *testing.T) {
	h := newHarness(t, nil)
	if p, err := h.s.Progress(t.Context(), h.chain); err != nil || p != (deposit.Progress{}) {
		t.Errorf("before the first event: %+v, %v", p, err)
	}
	h.empty(3)
	h.reorg(1)
	p, err := h.s.Progress(t.Context(), h.chain)
	if err != nil || p.Sequence != 5 || p.Tip != h.fake.Tip().BlockRef || p.Final != 2 {
		t.Errorf("progress: %+v, %v; want event 5, tip %v, final 2", p, err, h.fake.Tip().BlockRef)
	}
}

func TestConfigurationsThatLackSomethingAreRefused(t *testing.T) {
	h := newHarness(t, nil)
	tests := map[string]func(c *deposit.Config){
		"no database":        func(c *deposit.Config) { c.DB = nil },
		"no clock":           func(c *deposit.Config) { c.Clock = nil },
		"asset elsewhere":    func(c *deposit.Config) { c.Assets[0].ID = "eip155:1/slip44:60" },
		"no credit depth":    func(c *deposit.Config) { c.Assets[0].Credit = 0 },
		"unlock over credit": func(c *deposit.Config) { c.Assets[0].Unlock = 1 },
		"absurd depth":       func(c *deposit.Config) { c.Assets[0].Unlock = 1 << 40 },
	}
	for name, change := range tests {
		c := deposit.Config{
			DB: h.db, Ledger: h.ledger, Log: h.log, Clock: h.clock, Chains: []deposit.Chain{{ID: h.chain}},
			Assets: []coffer.Asset{{ID: h.usdt(), Credit: 2, Unlock: 4}},
		}
		change(&c)
		if _, err := deposit.New(c); err == nil || !strings.HasPrefix(err.Error(), "deposit: ") {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	if _, err := h.s.Step(t.Context(), "eip155:1"); coffer.ErrorCode(err) != coffer.CodeInvalid {
		t.Errorf("step of a chain that is not served: %v", err)
	}
}

func TestDepositsAreListedNewestFirstAndToTheirTenantOnly(t *testing.T) {
	h := newHarness(t, nil)
	for i := range uint64(5) {
		h.mine(transfer(h.eth(), i, "trace:0", h.user("ann"), i+1))
	}
	h.mine(transfer(h.eth(), 9, "trace:0", h.user("bob"), 7))

	page, err := h.s.List(t.Context(), "t-ann", deposit.Filter{First: 2})
	if err != nil || len(page) != 2 || page[0].Amount != coffer.NewAmount(5) || page[1].Amount != coffer.NewAmount(4) {
		t.Fatalf("first page: %+v, %v", page, err)
	}
	page, err = h.s.List(t.Context(), "t-ann", deposit.Filter{First: 10, After: page[1].ID})
	if err != nil || len(page) != 3 || page[0].Amount != coffer.NewAmount(3) {
		t.Fatalf("second page: %+v, %v", page, err)
	}
	unlocked, err := h.s.List(t.Context(), "t-bob", deposit.Filter{State: coffer.DepositUnlocked})
	if err != nil || len(unlocked) != 0 {
		t.Errorf("unlocked of bob: %+v, %v", unlocked, err)
	}

	ann := page[0].ID
	if _, err := h.s.Get(t.Context(), "t-bob", ann); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("bob gets ann's deposit: %v", err)
	}
	if _, err := h.s.List(t.Context(), "t-bob", deposit.Filter{After: ann}); coffer.ErrorCode(err) != coffer.CodeInvalid {
		t.Errorf("bob pages from ann's deposit: %v", err)
	}
	if found, err := h.s.List(t.Context(), "t-bob", deposit.Filter{Account: "ann"}); err != nil || len(found) != 0 {
		t.Errorf("bob lists ann's account: %+v, %v", found, err)
	}
	for _, f := range []deposit.Filter{{First: -1}, {First: deposit.MaxPage + 1}, {State: "lost"}} {
		if _, err := h.s.List(t.Context(), "t-ann", f); coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("list with %+v: %v", f, err)
		}
	}
	if got, err := h.s.Get(t.Context(), "t-ann", ann); err != nil || got.Confirmations != 4 {
		t.Errorf("get: %+v, %v; want 4 confirmations", got, err)
	}
	if _, err := h.s.Get(t.Context(), "t-ann", chaintest.Tx(1).String()); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("get of nothing: %v", err)
	}
}

func TestAFinalBlockLeavesOnlyWhenAPersonLetsIt(t *testing.T) {
	h := newHarness(t, nil)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(5)
	h.wantBalance("ann", h.usdt(), 100, 0)
	lowest := h.fake.Canonical()[1]

	h.fake.Reorg(6, make([]chaintest.Content, 8)...)
	h.emit()
	for { // the blocks above final leave
		if _, err := h.s.Step(t.Context(), h.chain); errors.Is(err, deposit.ErrBroken) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	h.wantBalance("ann", h.usdt(), 100, 0)

	pass := func(height uint64, block coffer.Hash) {
		t.Helper()
		_, err := h.db.Pool().Exec(t.Context(), `
			insert into indexer_resume (chain, height, ours, theirs, actor, reason, at) values ($1, $2, $3, $3, 'olga', 'checked', $4)`,
			string(h.chain), height, block, h.now)
		if err != nil {
			t.Fatal(err)
		}
	}
	pass(2, h.fake.Canonical()[2].Hash) // not as deep as this one
	if _, err := h.s.Step(t.Context(), h.chain); !errors.Is(err, deposit.ErrBroken) {
		t.Errorf("step: %v, want ErrBroken", err)
	}
	pass(lowest.Height, lowest.Hash)
	h.settle()
	h.wantState("ann", coffer.DepositReversed)
	h.wantBalance("ann", h.usdt(), 0, 0)
	h.wantHouse("custody:deposit_addr:", h.usdt(), 0)
	if n := h.count("select count(*) from deposit_resumed"); n != 1 {
		t.Errorf("%d let pass to the end, want 1", n)
	}
}
