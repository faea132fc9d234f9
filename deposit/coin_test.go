package deposit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
)

const coinChain = coffer.ChainID("bip122:0f9188f13cb7b2c71f2a335e3a4fc328")

var btc = btcOn(coinChain)

func btcOn(chain coffer.ChainID) coffer.AssetID {
	return coffer.NewAssetID(chain, coffer.AssetNative, "1")
}

// descriptor is deposit.Indexed.
type descriptor struct{ from uint64 }

func (d descriptor) DepositAddressAt(index uint32) (coffer.AddressProof, error) {
	return coffer.AddressProof{
		Kind: coffer.ProofDescriptor, Address: chaintest.Address(d.from + uint64(index)), Vault: hot,
		Descriptor: "wsh(sortedmulti(2,A,B,C))#00000000", Path: fmt.Sprintf("0/%d", index),
	}, nil
}

// newCoinHarness is a harness on a chain whose money is coins: BTC is credited at 1
// confirmation and unlocked at 2, and blocks are final one behind the tip. The hot wallet's
// address is at 0/0.
func newCoinHarness(t testing.TB, change func(*deposit.Config)) *harness {
	t.Helper()
	return newCoinHarnessOn(t, postgrestest.New(t), coinChain, change)
}

func newCoinHarnessOn(t tester, db *postgres.DB, chain coffer.ChainID, change func(*deposit.Config)) *harness {
	t.Helper()
	h := newHarnessOn(t, db, chain, func(c *deposit.Config) {
		c.Chains = []deposit.Chain{{ID: chain, Indexed: descriptor{1000}, Coins: btcOn(chain)}}
		c.Assets = []coffer.Asset{{ID: btcOn(chain), Symbol: "BTC", Decimals: 8, MinDeposit: coffer.NewAmount(5), Credit: 1, Unlock: 2}}
		c.Known = nil
		if change != nil {
			change(c)
		}
	})
	if err := h.s.RegisterHouseAt(context.Background(), chain, hot, deposit.HouseHot, "0/0"); err != nil {
		t.Fatal(err)
	}
	return h
}

// payment is a transaction with inputs and outputs; its id follows from n.
func payment(n uint64, inputs []coffer.CoinID, outputs ...coffer.Transfer) chaintest.Content {
	var c chaintest.Content
	for i, coin := range inputs {
		c.Spends = append(c.Spends, coffer.Spend{Tx: chaintest.Tx(n), Ref: fmt.Sprintf("vin:%d", i), Coin: coin})
	}
	for i, out := range outputs {
		out.Tx, out.Ref, out.Asset = chaintest.Tx(n), fmt.Sprintf("vout:%d", i), btc // see blockOf
		c.Transfers = append(c.Transfers, out)
	}
	return c
}

func to(address coffer.Address, amount uint64) coffer.Transfer {
	return coffer.Transfer{To: address, Amount: coffer.NewAmount(amount)}
}

func coinOf(tx uint64, n uint32) coffer.CoinID { return coffer.NewCoinID(chaintest.Tx(tx), n) }

func (h *harness) blockOf(contents ...chaintest.Content) chaintest.Content {
	var all chaintest.Content
	for _, c := range contents {
		all.Transfers = append(all.Transfers, c.Transfers...)
		all.Spends = append(all.Spends, c.Spends...)
	}
	for i := range all.Transfers {
		all.Transfers[i].Asset = btcOn(h.chain)
	}
	return all
}

func (h *harness) mineCoins(contents ...chaintest.Content) {
	h.t.Helper()
	h.fake.MineContent(h.blockOf(contents...))
	h.settle()
}

func (h *harness) coins() []coffer.Coin {
	h.t.Helper()
	var coins []coffer.Coin
	err := h.db.Tx(context.Background(), func(tx pgx.Tx) (err error) {
		coins, err = h.s.Coins(context.Background(), tx, h.chain)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return coins
}

// wantCoins checks what can be spent, as "id amount path".
func (h *harness) wantCoins(want ...string) {
	h.t.Helper()
	var got []string
	for _, c := range h.coins() {
		got = append(got, fmt.Sprintf("%s %s %s", c.ID, c.Amount, c.Path))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		h.t.Fatalf("coins that can be spent:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func line(id coffer.CoinID, amount uint64, path string) string {
	return fmt.Sprintf("%s %d %s", id, amount, path)
}

func TestIndexedAddressesAreCountedUpAndProven(t *testing.T) {
	h := newCoinHarness(t, nil)
	if err := h.s.RegisterHouse(t.Context(), coinChain, chaintest.Address(1002), deposit.HouseCold); err != nil {
		t.Fatal(err)
	}
	first, err := h.s.IssueAddress(t.Context(), "shop", "ann", coinChain)
	if err != nil {
		t.Fatal(err)
	}
	if first.Address != chaintest.Address(1001) || first.Proof == nil || first.Proof.Path != "0/1" || first.Proof.Kind != coffer.ProofDescriptor {
		t.Errorf("first address: %+v, proof %+v", first, first.Proof)
	}
	if again, err := h.s.IssueAddress(t.Context(), "shop", "ann", coinChain); err != nil || again.Address != first.Address {
		t.Errorf("again: %+v, %v", again, err)
	}
	// The address at index 2 is somebody else's: it is an error once, and passed over then.
	if _, err := h.s.IssueAddress(t.Context(), "shop", "bob", coinChain); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("address of another owner: %v", err)
	}
	for range 2 { // once for a reason
		if last, err := h.s.SkipIndexes(t.Context(), coinChain, 5, "restored"); err != nil || last != 7 {
			t.Fatal(last, err)
		}
	}
	for _, bad := range []struct {
		count  uint32
		reason string
	}{{0, "x"}, {1_000_001, "x"}, {5, ""}, {5, strings.Repeat("x", 201)}} {
		if _, err := h.s.SkipIndexes(t.Context(), coinChain, bad.count, bad.reason); coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("%d for %q: %v", bad.count, bad.reason, err)
		}
	}
	if bob, err := h.s.IssueAddress(t.Context(), "shop", "bob", coinChain); err != nil || bob.Proof == nil || bob.Proof.Path != "0/8" {
		t.Errorf("after 1, the lost 2 and 5 skipped ones: %+v, %v", bob, err)
	}

	paths := make(chan string, 16)
	for n := range cap(paths) {
		go func() {
			a, err := h.s.IssueAddress(context.Background(), "shop", fmt.Sprint("c", n/2), coinChain)
			if err != nil || a.Proof == nil {
				t.Errorf("address: %+v, %v", a, err)
				paths <- ""
				return
			}
			paths <- a.Proof.Path
		}()
	}
	seen := map[string]int{}
	for range cap(paths) {
		seen[<-paths]++
	}
	for n := range cap(paths) / 2 {
		if seen[fmt.Sprintf("0/%d", 9+n)] != 2 {
			t.Errorf("addresses given out at once: %v", seen)
		}
	}
}

func TestACustomersCoinCanBeSpentWhenItsDepositIsUnlocked(t *testing.T) {
	h := newCoinHarness(t, nil)
	ann := h.user("ann")
	h.mineCoins(payment(1, []coffer.CoinID{coinOf(900, 0)}, to(stranger, 50), to(ann, 100)))
	h.wantState("ann", coffer.DepositCredited)
	h.wantCoins()
	h.empty(2)
	h.wantState("ann", coffer.DepositUnlocked)
	h.wantCoins(line(coinOf(1, 1), 100, "0/1"))

	// The first transaction that spends a coin of ours: change stays ours, nobody is credited.
	change := chaintest.Address(2001)
	err := h.db.Tx(t.Context(), func(tx pgx.Tx) error {
		return errors.Join(h.s.AddChange(t.Context(), tx, coinChain, change, "1/0", false), h.s.AddChange(t.Context(), tx, coinChain, change, "1/0", false))
	})
	if err != nil {
		t.Fatal(err)
	}
	h.mineCoins(payment(2, []coffer.CoinID{coinOf(1, 1)}, to(change, 60), to(stranger, 38)))
	h.wantHouse(ledger.PrefixCustodyDeposit+string(ann), btc, 0)
	h.wantHouse(ledger.PrefixCustodyHot+string(change), btc, 60)
	h.wantHouse(ledger.TransitCoins, btc, 40) // 38 were paid, 2 are the fee: the payout books them
	h.wantHouse(ledger.SuspenseUnknown, btc, 0)
	h.wantCoins()
	h.empty(1)
	h.wantCoins(line(coinOf(2, 0), 60, "1/0"))

	// Foreign money at the wallet's own address is not change.
	h.mineCoins(payment(3, []coffer.CoinID{coinOf(901, 0)}, to(hot, 7)))
	h.wantHouse(ledger.SuspenseUnknown, btc, -7)

	if owner, err := h.s.Lookup(t.Context(), coinChain, change); err != nil || owner.House != deposit.HouseChange {
		t.Errorf("the change address is %+v, %v", owner, err)
	}
	err = h.db.Tx(t.Context(), func(tx pgx.Tx) error {
		return h.s.AddChange(t.Context(), tx, coinChain, ann, "1/1", false)
	})
	if coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("a customer's address became change: %v", err)
	}
}

func TestAPaymentOfOursToACustomerIsForAPerson(t *testing.T) {
	h := newCoinHarness(t, nil)
	ann, bob := h.user("ann"), h.user("bob")
	h.mineCoins(payment(1, nil, to(ann, 100)))
	h.empty(2)
	h.mineCoins(payment(2, []coffer.CoinID{coinOf(1, 0)}, to(bob, 99)))
	h.wantState("bob", coffer.DepositReview)
	h.wantHouse(ledger.PrefixCustodyDeposit+string(bob), btc, 99)
	h.wantHouse(ledger.TransitCoins, btc, 100) // bob's 99 come out of review, where the leg puts them
	h.empty(3)
	h.wantCoins()
	if _, err := h.s.Release(t.Context(), decision("t-bob", h.only("bob").ID, "ours")); err != nil {
		t.Fatal(err)
	}
	h.empty(1)
	h.wantState("bob", coffer.DepositUnlocked)
	h.wantCoins(line(coinOf(2, 0), 99, "0/2"))
}

func TestImmatureMoneyIsNotCounted(t *testing.T) {
	h := newCoinHarness(t, nil)
	earned := to(h.user("ann"), 100)
	earned.Maturity = 5
	house := to(hot, 9)
	house.Maturity = 5
	h.mineCoins(payment(1, nil, earned, house))
	h.empty(3)
	h.wantState("ann", coffer.DepositConfirming)
	h.wantBalance("ann", btc, 0, 0)
	h.wantCoins()
	h.empty(1)
	h.wantState("ann", coffer.DepositUnlocked)
	h.wantCoins(line(coinOf(1, 0), 100, "0/1"), line(coinOf(1, 1), 9, "0/0"))
}

func TestALateAddressHasItsCoins(t *testing.T) {
	h := newCoinHarness(t, nil)
	late := newCoinHarness(t, nil)
	late.fake = h.fake
	ann := h.user("ann")
	change, vault := chaintest.Address(2001), chaintest.Address(2002)
	know := func(h *harness) {
		t.Helper()
		if err := h.s.RegisterHouseAt(t.Context(), coinChain, vault, deposit.HouseHot, "0/99"); err != nil {
			t.Fatal(err)
		}
		err := h.db.Tx(t.Context(), func(tx pgx.Tx) error { return h.s.AddChange(t.Context(), tx, coinChain, change, "1/0", true) })
		if err != nil {
			t.Fatal(err)
		}
	}
	know(h)
	h.mineCoins(payment(1, nil, to(ann, 100), to(vault, 30)), payment(2, nil, to(vault, 40), to(vault, 41)))
	h.mineCoins(payment(3, []coffer.CoinID{coinOf(1, 1)}, to(change, 20)))
	h.mineCoins(payment(4, []coffer.CoinID{coinOf(2, 0)}, to(stranger, 1)), payment(5, nil, to(vault, 77)))
	h.fake.Reorg(1, payment(6, []coffer.CoinID{coinOf(2, 1)}, to(change, 39)), chaintest.Content{}) // coin 2:0 is not spent after all
	h.settle()
	late.settle()
	late.user("ann")
	know(late)
	// Spent after its address was known, and before its past is filled in.
	h.fake.MineContent(payment(7, []coffer.CoinID{coinOf(3, 0)}, to(stranger, 19)))
	h.settle()
	late.settle()
	late.backfill()
	h.empty(2)
	late.settle()

	want := []string{line(coinOf(1, 0), 100, "0/1"), line(coinOf(2, 0), 40, "0/99"), line(coinOf(6, 0), 39, "1/0")}
	h.wantCoins(want...)
	late.wantCoins(want...)
	for _, account := range []string{ledger.TransitCoins, ledger.SuspenseUnknown, ledger.PrefixCustodyHot + string(vault), ledger.PrefixCustodyHot + string(change)} {
		if got, want := late.house(account, btc), h.house(account, btc); got != want {
			t.Errorf("%s is %d where addresses were late, and %d", account, got, want)
		}
	}
}

func TestWhoSentCoinsIsAskedFor(t *testing.T) {
	asked := map[coffer.Address]bool{}
	senders := []coffer.Address{chaintest.Address(50), chaintest.Address(51), chaintest.Address(50)}
	var fails error
	h := newCoinHarness(t, func(c *deposit.Config) {
		c.Screener = screenerFunc(func(d coffer.Deposit) (deposit.Screening, error) {
			asked[d.From] = true
			return deposit.Screening{Pass: d.From != chaintest.Address(66), Category: "sanctions"}, nil
		})
		c.Chains[0].Senders = func(context.Context, coffer.Hash) ([]coffer.Address, error) { return senders, fails }
	})
	h.mineCoins(payment(1, nil, to(h.user("ann"), 100)))
	h.empty(2)
	fails = errors.New("the node is away")
	if _, err := h.s.Check(t.Context(), coinChain); !errors.Is(err, fails) {
		t.Errorf("check without senders: %v", err)
	}
	h.wantState("ann", coffer.DepositCredited)
	fails = nil
	if _, err := h.s.Check(t.Context(), coinChain); err != nil {
		t.Fatal(err)
	}
	h.wantState("ann", coffer.DepositUnlocked)
	if len(asked) != 2 || asked[""] {
		t.Errorf("asked about %v", asked)
	}

	senders = append(senders, chaintest.Address(66))
	h.mineCoins(payment(2, nil, to(h.user("bob"), 100)))
	if _, err := h.s.Check(t.Context(), coinChain); err != nil {
		t.Fatal(err)
	}
	h.wantState("bob", coffer.DepositReview)
	if _, err := h.s.Refund(t.Context(), decision("t-bob", h.only("bob").ID, "back"), ""); coffer.ErrorCode(err) != coffer.CodeInvalid {
		t.Errorf("a refund to nobody: %v", err)
	}
}

type screenerFunc func(coffer.Deposit) (deposit.Screening, error)

func (f screenerFunc) ScreenDeposit(_ context.Context, d coffer.Deposit) (deposit.Screening, error) {
	return f(d)
}

// TestCoinsAreTheChainsUnspentOutputs drives deposits through blocks whose transactions spend
// anything unspent, ours or not, and through reorganisations. After every step the coins are
// what the canonical chain leaves unspent at our addresses, and the books hold as much.
func TestCoinsAreTheChainsUnspentOutputs(t *testing.T) {
	db, run := postgrestest.New(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		h := newCoinHarnessOn(rt, db, coffer.ChainID(fmt.Sprintf("bip122:%032x", run)), nil)
		ours := []coffer.Address{h.user("ann"), h.user("bob"), hot}
		all := append(slices.Clone(ours), stranger)
		next := uint64(1)
		for range rapid.IntRange(3, 12).Draw(rt, "steps") {
			depth := rapid.IntRange(0, int(h.fake.Tip().Height-h.fake.Final())).Draw(rt, "depth") // #nosec G115 -- small
			h.fake.Reorg(depth)
			for range rapid.IntRange(1, 3).Draw(rt, "blocks") {
				unspent := unspentOf(h.fake.Canonical())
				var made []chaintest.Content
				for range rapid.IntRange(0, 3).Draw(rt, "transactions") {
					var inputs []coffer.CoinID
					for _, id := range sortedKeys(unspent) {
						if len(inputs) < 3 && rapid.IntRange(0, 2).Draw(rt, "spend") == 0 {
							inputs = append(inputs, id)
						}
					}
					var outputs []coffer.Transfer
					for range rapid.IntRange(1, 3).Draw(rt, "outputs") {
						outputs = append(outputs, to(rapid.SampledFrom(all).Draw(rt, "to"), rapid.Uint64Range(1, 30).Draw(rt, "amount")))
					}
					tx := payment(next, inputs, outputs...)
					next++
					for _, id := range inputs {
						delete(unspent, id)
					}
					for i, out := range tx.Transfers { // may be spent in the same block
						unspent[coffer.NewCoinID(out.Tx, uint32(i))] = out // #nosec G115 -- small
					}
					made = append(made, tx)
				}
				h.fake.MineContent(h.blockOf(made...))
			}
			h.settle()
			h.checkCoins(ours)
		}
	})
}

func sortedKeys(unspent map[coffer.CoinID]coffer.Transfer) []coffer.CoinID {
	var ids []coffer.CoinID
	for id := range unspent {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func unspentOf(chain []coffer.Block) map[coffer.CoinID]coffer.Transfer {
	unspent := map[coffer.CoinID]coffer.Transfer{}
	for _, b := range chain {
		for _, t := range b.Transfers {
			var n uint32
			if _, err := fmt.Sscanf(t.Ref, "vout:%d", &n); err == nil {
				unspent[coffer.NewCoinID(t.Tx, n)] = t
			}
		}
		for _, s := range b.Spends {
			delete(unspent, s.Coin)
		}
	}
	return unspent
}

func (h *harness) checkCoins(ours []coffer.Address) {
	h.t.Helper()
	var want []string
	held := map[coffer.Address]int64{}
	for id, t := range unspentOf(h.fake.Canonical()) {
		if slices.Contains(ours, t.To) {
			want = append(want, fmt.Sprintf("%s %s", id, t.Amount))
			held[t.To] += int64(t.Amount.Int().Uint64()) // #nosec G115 -- small
		}
	}
	rows, err := h.db.Pool().Query(context.Background(), "select encode(tx, 'hex') || ':' || output || ' ' || amount from deposit_coin where chain = $1 and spent_by is null", string(h.chain))
	if err != nil {
		h.t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		h.t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		h.t.Fatalf("coins are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// Every deposit is credited at once here, so the books hold what the chain does.
	for _, address := range ours {
		account := ledger.PrefixCustodyDeposit + string(address)
		if address == hot {
			account = ledger.PrefixCustodyHot + string(address)
		}
		if got := h.house(account, btcOn(h.chain)); got != held[address] {
			h.t.Fatalf("%s is %d, the chain says %d", account, got, held[address])
		}
	}
}
