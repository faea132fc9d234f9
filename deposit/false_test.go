package deposit_test

import (
	"context"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
)

// TestFalseDeposits is a table of transfers that are not, or not only, what they look
// like. Each is one block; then come four empty ones.
func TestFalseDeposits(t *testing.T) {
	from := func(sender coffer.Address, t coffer.Transfer) coffer.Transfer {
		t.From = sender
		return t
	}
	memo := func(text string, t coffer.Transfer) coffer.Transfer {
		t.Memo = text
		return t
	}
	type balance map[string]uint64 // available by account
	tests := []struct {
		name      string
		block     func(h *harness) []coffer.Transfer
		states    map[string]string // of the deposit events, by account
		usdt, eth balance
		dust      int64 // suspense in USDT
		gold      int64 // suspense in GOLD
		unknown   int   // tokens counted
		memo      bool  // USDT needs one
		missing   int64 // suspense in USDT for want of a memo
		left      int64 // suspense in USDT that left an address of an account, not for a wallet
	}{
		{
			name: "a token of the same name at another address",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{transfer(h.token(666), 1, "log:0", h.user("ann"), 1_000_000)}
			},
			unknown: 1,
		},
		{
			name: "a transfer of zero, which anybody can make a token emit",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{transfer(h.usdt(), 1, "log:0", h.user("ann"), 0), transfer(h.token(666), 1, "log:1", h.user("ann"), 0)}
			},
		},
		{
			name: "one transaction that pays two of our addresses",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{transfer(h.usdt(), 1, "log:0", h.user("ann"), 100), transfer(h.usdt(), 1, "log:1", h.user("bob"), 200)}
			},
			states: map[string]string{"ann": "observed credited unlocked", "bob": "observed credited unlocked"},
			usdt:   balance{"ann": 100, "bob": 200},
		},
		{
			name: "one transaction that pays one address twice the same",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{transfer(h.usdt(), 1, "log:0", h.user("ann"), 100), transfer(h.usdt(), 1, "log:1", h.user("ann"), 100)}
			},
			usdt: balance{"ann": 200},
		},
		{
			name: "two tokens of different decimals in one transaction",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{
					transfer(h.usdt(), 1, "log:0", h.user("ann"), 100), transfer(h.token(666), 1, "log:1", h.user("ann"), 100),
					transfer(h.eth(), 1, "trace:0", h.user("ann"), 7),
				}
			},
			usdt: balance{"ann": 100}, eth: balance{"ann": 7}, unknown: 1,
		},
		{
			name: "an amount below the minimum",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{transfer(h.usdt(), 1, "log:0", h.user("ann"), usdtMin-1), transfer(h.usdt(), 2, "log:0", h.user("bob"), usdtMin)}
			},
			states: map[string]string{"ann": "observed dust", "bob": "observed credited unlocked"},
			usdt:   balance{"bob": usdtMin}, dust: usdtMin - 1,
		},
		{
			name: "a token that operators know and do not support",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{transfer(h.gold(), 1, "log:0", h.user("ann"), 5)}
			},
			states: map[string]string{"ann": "observed unsupported"},
			gold:   5,
		},
		{
			name: "our own hot wallet as the sender",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{from(hot, transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))}
			},
			states: map[string]string{"ann": "observed review"},
		},
		{
			name: "another deposit address as the sender",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{from(h.user("bob"), transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))}
			},
			left:   100,
			states: map[string]string{"ann": "observed review"},
		},
		{
			name: "a contract we only call as the sender",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{from(contract, transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))}
			},
			usdt: balance{"ann": 100},
		},
		{
			name: "an address that differs in its last digit",
			block: func(h *harness) []coffer.Transfer {
				near := []byte(h.user("ann"))
				if near[len(near)-1]++; near[len(near)-1] > 'f' || near[len(near)-1] == ':' {
					near[len(near)-1] = '0'
				}
				return []coffer.Transfer{transfer(h.usdt(), 1, "log:0", coffer.Address(near), 100)}
			},
		},
		{
			name: "nobody's address, and the token contract's",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{transfer(h.usdt(), 1, "log:0", stranger, 100), transfer(h.usdt(), 1, "log:1", contract, 100)}
			},
		},
		{
			name: "a token that says it comes from nobody, as a mint does",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{from("0x0000000000000000000000000000000000000000", transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))}
			},
			usdt: balance{"ann": 100},
		},
		{
			name: "zero from one of ours to another, as address poisoning does",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{from(hot, transfer(h.usdt(), 1, "log:0", h.user("ann"), 0)), from(h.user("ann"), transfer(h.usdt(), 1, "log:1", h.user("bob"), 0))}
			},
		},
		{
			name: "an address that pays itself",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{
					from(h.user("ann"), transfer(h.usdt(), 1, "log:0", h.user("ann"), 100)), from(hot, transfer(h.usdt(), 2, "log:0", hot, 70)),
					from(executor, transfer(h.eth(), 3, "trace:0", executor, 70)),
				}
			},
			states: map[string]string{"ann": "observed review"},
		},
		{
			name: "a token that keeps a fee: what arrived is what the log of the transfer says, and the fee is another's",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{transfer(h.usdt(), 1, "log:0", h.user("ann"), 95), transfer(h.usdt(), 1, "log:1", contract, 5)}
			},
			usdt: balance{"ann": 95},
		},
		{
			name: "coins of the chain from the block itself or from a contract that ends, which no transfer reports",
			block: func(h *harness) []coffer.Transfer {
				h.user("ann")
				return nil
			},
		},
		{
			name: "internal and top-level coins of one transaction",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{transfer(h.eth(), 1, "trace:0", h.user("ann"), 3), transfer(h.eth(), 1, "trace:0.2", h.user("ann"), 4)}
			},
			eth: balance{"ann": 7},
		},
		{
			name: "an allow-listed token written in other letters",
			block: func(h *harness) []coffer.Transfer {
				upper := coffer.AssetID(strings.Replace(strings.ToUpper(string(h.usdt())), strings.ToUpper(string(h.chain))+"/ERC20:0X", string(h.chain)+"/erc20:0x", 1))
				return []coffer.Transfer{transfer(upper, 1, "log:0", h.user("ann"), 100)}
			},
			unknown: 1,
		},
		{
			name: "a memo that nobody asked for",
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{memo("1234567890", transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))}
			},
			usdt: balance{"ann": 100},
		},
		{
			name: "the right memo", memo: true,
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{memo(h.memo("ann"), transfer(h.usdt(), 1, "log:0", h.user("ann"), 100)), transfer(h.eth(), 1, "trace:0", h.user("bob"), 7)}
			},
			states: map[string]string{"ann": "observed credited unlocked"},
			usdt:   balance{"ann": 100}, eth: balance{"bob": 7},
		},
		{
			name: "no memo, and memos that are not quite it", memo: true,
			block: func(h *harness) []coffer.Transfer {
				right := h.memo("ann")
				var all []coffer.Transfer
				for i, wrong := range []string{"", "0" + right, " " + right, right + " ", right[:9], h.memo("bob"), wide(right)} {
					all = append(all, memo(wrong, transfer(h.usdt(), uint64(i), "log:0", h.user("ann"), 10)))
				}
				return all
			},
			missing: 70,
		},
		{
			name: "dust without a memo is dust", memo: true,
			block: func(h *harness) []coffer.Transfer {
				return []coffer.Transfer{transfer(h.usdt(), 1, "log:0", h.user("ann"), usdtMin-1)}
			},
			states: map[string]string{"ann": "observed dust"},
			dust:   usdtMin - 1,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t, func(c *deposit.Config) { c.Assets[0].NeedsMemo = test.memo })
			h.mine(test.block(h)...)
			h.empty(4)
			for _, account := range []string{"ann", "bob"} {
				h.wantBalance(account, h.usdt(), test.usdt[account], 0)
				h.wantBalance(account, h.eth(), test.eth[account], 0)
			}
			for account, want := range test.states {
				if got := h.states(account); got != want {
					t.Errorf("events of %s %q, want %q", account, got, want)
				}
			}
			h.wantHouse(ledger.SuspenseDust, h.usdt(), -test.dust)
			h.wantHouse(ledger.SuspenseUnsupported, h.gold(), -test.gold)
			h.wantHouse(ledger.SuspenseMissingMemo, h.usdt(), -test.missing)
			h.wantHouse(ledger.SuspenseUnknown, h.usdt(), test.left)
			if got := h.count("select count(*) from deposit_unknown"); got != test.unknown {
				t.Errorf("%d unknown tokens, want %d", got, test.unknown)
			}

			// Gone with their blocks, whatever they were.
			h.fake.SetFinal(0)
			h.s = h.start(h.db, func(c *deposit.Config) { c.Chains[0].NoFinality = true })
			h.reorg(5, nil)
			for _, account := range []string{"ann", "bob"} {
				h.wantBalance(account, h.usdt(), 0, 0)
				h.wantBalance(account, h.eth(), 0, 0)
			}
			for _, asset := range []coffer.AssetID{h.usdt(), h.eth(), h.gold()} {
				h.wantHouse("custody:deposit_addr:", asset, 0)
				h.wantHouse("suspense:", asset, 0)
			}
		})
	}
}

// memo returns the memo of an account's address.
func (h *harness) memo(account string) string {
	h.t.Helper()
	h.user(account)
	issued, err := h.s.Addresses(context.Background(), "t-"+account, account)
	if err != nil || len(issued) != 1 || len(issued[0].Memo) != 10 {
		h.t.Fatalf("addresses of %s: %+v, %v; want one with a memo", account, issued, err)
	}
	return issued[0].Memo
}

// wide writes digits in full width, as some keyboards do.
func wide(digits string) string {
	var b strings.Builder
	for _, r := range digits {
		b.WriteRune(r - '0' + '０')
	}
	return b.String()
}

func TestAPersonDecidesOnAMissingMemo(t *testing.T) {
	h := newHarness(t, nil)
	p := newPayer(h)
	h.s = h.start(h.db, func(c *deposit.Config) { c.Assets[0].NeedsMemo, c.Payer = true, p })
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100), transfer(h.usdt(), 2, "log:0", h.user("bob"), 50))
	h.wantState("ann", coffer.DepositMissingMemo)
	h.empty(3)
	h.wantHouse(ledger.SuspenseMissingMemo, h.usdt(), -150)
	if reviews, err := h.s.Reviews(t.Context(), deposit.ReviewFilter{}); err != nil || len(reviews) != 2 || !reviews[0].Decidable {
		t.Fatalf("queue: %+v, %v", reviews, err)
	}

	if _, err := h.s.Reject(t.Context(), decision("t-ann", h.only("ann").ID, "no")); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("reject: %v", err)
	}
	if _, err := h.s.Release(t.Context(), decision("t-ann", h.only("ann").ID, "the sender named the account")); err != nil {
		t.Fatal(err)
	}
	h.empty(1)
	h.wantBalance("ann", h.usdt(), 100, 0)

	r := h.refund("bob", "nobody claims it")
	h.refunds(true)
	p.pay(r)
	h.refunds(true)
	h.wantState("bob", coffer.DepositRefunded)
	h.wantHouse("suspense:", h.usdt(), 0)
	if got, want := h.states("bob"), "observed missing_memo missing_memo refunded"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
}

func TestWhatExecutorsSendKeepsTheBooksEqual(t *testing.T) {
	h := newHarness(t, nil)
	entryPoint := chaintest.Address(5)
	if err := h.s.RegisterHouse(t.Context(), h.chain, entryPoint, deposit.HouseEntryPoint); err != nil {
		t.Fatal(err)
	}
	h.fake.SetFinal(0)
	from := func(sender coffer.Address, t coffer.Transfer) coffer.Transfer {
		t.From = sender
		return t
	}
	h.mine(
		transfer(h.eth(), 1, "trace:0", executor, 1000),                  // a top-up from outside
		transfer(h.usdt(), 1, "log:0", executor, 9),                      // a token that has no business there
		from(executor, transfer(h.eth(), 2, "trace:0", hot, 300)),        // a top-up of the Safe
		from(executor, transfer(h.usdt(), 3, "log:0", hot, 9)),           // rescued
		from(executor, transfer(h.eth(), 4, "trace:0", stranger, 50)),    // gone
		from(executor, transfer(h.eth(), 5, "trace:0", entryPoint, 100)), // prepaid gas
		from(entryPoint, transfer(h.eth(), 6, "trace:0.1", executor, 7)), // income: a payout books it
		from(hot, transfer(h.eth(), 7, "trace:0.1", executor, 40)),       // a refill: a payout books it
		from(executor, transfer(h.eth(), 8, "trace:0", h.user("ann"), 20)),
	)
	h.wantHouse(ledger.PrefixGasExecutor+string(executor), h.eth(), 1000-300-50-100-20)
	h.wantHouse(ledger.PrefixCustodyHot+string(executor), h.usdt(), 0)
	h.wantHouse(ledger.PrefixCustodyHot+string(hot), h.eth(), 300)
	h.wantHouse(ledger.PrefixCustodyHot+string(hot), h.usdt(), 9)
	h.wantHouse(ledger.SuspenseUnknown, h.eth(), -1000+50+100+20)
	h.wantReview("ann", h.eth(), 20)
	h.reorg(1, nil)
	for _, code := range []string{ledger.PrefixGasExecutor, ledger.PrefixCustodyHot, "custody:deposit_addr:", "suspense:"} {
		h.wantHouse(code, h.eth(), 0)
		h.wantHouse(code, h.usdt(), 0)
	}
}

func TestUnknownTokensAreCountedWithinBounds(t *testing.T) {
	h := newHarness(t, nil)
	var spam []coffer.Transfer
	for i := range uint64(250) {
		spam = append(spam, transfer(h.token(1000+i), i, "log:0", h.user("ann"), 1))
	}
	h.mine(spam...)
	if got := h.count("select count(*) from deposit_unknown"); got != 100 {
		t.Errorf("a block of spam makes %d rows, want 100", got)
	}
	h.mine(spam[0], transfer(h.token(1000), 900, "log:0", h.user("ann"), 1), transfer(h.token(1000), 901, "log:0", stranger, 1))
	if got := h.count("select coalesce(max(transfers), 0) from deposit_unknown where asset = $1", string(h.token(1000))); got > 3 {
		t.Errorf("%d sightings, want at most 3: nothing sent to a stranger counts", got)
	}
	if got := h.count("select count(*) from ledger_entry"); got != 0 {
		t.Errorf("%d entries of unknown tokens", got)
	}
	if len(h.deposits("ann")) != 0 {
		t.Error("an unknown token made a deposit")
	}
}

func TestMoneyAtHouseAddressesIsBooked(t *testing.T) {
	h := newHarness(t, nil)
	h.fake.SetFinal(0)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))

	flush := transfer(h.usdt(), 2, "log:0", hot, 100)
	flush.From = h.user("ann")
	foreign := transfer(h.usdt(), 3, "log:0", hot, 40)
	gas := transfer(h.eth(), 4, "trace:0", executor, 9)
	payout := transfer(h.usdt(), 5, "log:0", stranger, 30)
	payout.From = hot
	refill := transfer(h.eth(), 6, "trace:0", executor, 5)
	refill.From = hot
	worthless := transfer(h.token(666), 7, "log:0", hot, 1000)
	block := h.mine(flush, foreign, gas, payout, refill, worthless)

	check := func() {
		t.Helper()
		h.wantHouse(ledger.PrefixCustodyHot+string(hot), h.usdt(), 140)
		h.wantHouse(ledger.PrefixCustodyDeposit+string(h.user("ann")), h.usdt(), 0)
		h.wantHouse(ledger.SuspenseUnknown, h.usdt(), -40)
		h.wantHouse(ledger.PrefixGasExecutor+string(executor), h.eth(), 9)
		h.wantHouse(ledger.SuspenseUnknown, h.eth(), -9)
	}
	check()

	old := h.fake.Tip()
	h.reorg(1, nil, nil)
	h.wantHouse(ledger.PrefixCustodyHot, h.usdt(), 0)
	h.wantHouse("suspense:", h.usdt(), 0)
	h.wantHouse(ledger.PrefixGasExecutor, h.eth(), 0)
	h.wantHouse(ledger.PrefixCustodyDeposit, h.usdt(), 100)

	h.fake.Switch(old.Hash)
	h.settle()
	check()

	// As of a block: what was canonical there, as the chain says.
	net, err := h.ledger.AsOfBlock(t.Context(), ledger.PrefixCustodyHot+string(hot), h.usdt(), h.chain, block.Height-1)
	if err != nil || !net.Amount.IsZero() {
		t.Errorf("custody before the block: %v, %v", net, err)
	}
}

func TestAPersonDecidesOnAReview(t *testing.T) {
	h := newHarness(t, nil)
	h.fake.SetFinal(0)
	own := transfer(h.usdt(), 1, "log:0", h.user("ann"), 100)
	own.From = hot
	h.mine(own)
	h.wantState("ann", coffer.DepositReview)
	id := h.only("ann").ID

	if _, err := h.s.Release(t.Context(), decision("t-ann", id, "refund from a supplier")); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Fatalf("release before it is deep enough: %v", err)
	}
	h.empty(3)
	h.wantState("ann", coffer.DepositReview)
	h.wantBalance("ann", h.usdt(), 0, 0)
	if _, err := h.s.Release(t.Context(), decision("t-bob", id, "mine")); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Fatalf("release of another tenant's: %v", err)
	}

	released, err := h.s.Release(t.Context(), decision("t-ann", id, "refund from a supplier"))
	if err != nil || released.State != coffer.DepositCredited || released.Reason != "refund from a supplier" {
		t.Fatalf("release: %+v, %v", released, err)
	}
	h.wantBalance("ann", h.usdt(), 0, 100)
	if _, err := h.s.Reject(t.Context(), decision("t-ann", id, "changed my mind")); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Fatalf("reject after release: %v", err)
	}
	h.fake.SetFinal(h.only("ann").Block.Height)
	h.empty(1)
	h.wantBalance("ann", h.usdt(), 100, 0)
	if got, want := h.states("ann"), "observed review credited unlocked"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
}

func TestARejectedDepositIsKeptInSuspense(t *testing.T) {
	h := newHarness(t, nil)
	h.fake.SetFinal(0)
	own := transfer(h.usdt(), 1, "log:0", h.user("ann"), 100)
	own.From = hot
	h.mine(own)
	h.empty(2)
	if _, err := h.s.Reject(t.Context(), decision("t-ann", h.only("ann").ID, "sent by mistake")); err != nil {
		t.Fatal(err)
	}
	h.empty(3)
	h.wantState("ann", coffer.DepositRejected)
	h.wantHouse(ledger.SuspenseUnknown, h.usdt(), -100)
	h.wantBalance("ann", h.usdt(), 0, 0)

	h.reorg(6, nil)
	h.wantState("ann", coffer.DepositReversed)
	h.wantHouse("suspense:", h.usdt(), 0)
	h.wantHouse("custody:deposit_addr:", h.usdt(), 0)
}

func TestReinclusionAtAnotherPositionIsTheSameDeposit(t *testing.T) {
	h := newHarness(t, nil)
	h.fake.SetFinal(0)
	paid := transfer(h.usdt(), 1, "log:2", h.user("ann"), 100)
	h.mine(paid)
	h.empty(1)
	for i := range uint64(3) {
		before := []coffer.Transfer{transfer(h.usdt(), 50+i, "log:0", stranger, 1), transfer(h.usdt(), 60+i, "log:2", h.user("bob"), usdtMin)}
		h.reorg(2, append(before, paid), nil)
		h.wantBalance("ann", h.usdt(), 0, 100)
	}
	h.only("ann")
	if got := h.count("select count(*) from deposit where tx = $1", chaintest.Tx(1)); got != 1 {
		t.Errorf("%d deposits of one transfer", got)
	}
}
