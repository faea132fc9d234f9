package payout_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
)

// coins is a wallet of coins, and the book of them. What payouts do with one is tried in
// package sim.
type coins struct{ *fakeWallet }

func (coins) Selector(context.Context) (coffer.CoinSelector, error) { return nil, errFake }
func (coins) ChangePath(uint32) string                              { return "" }
func (coins) AddressAt(string) (coffer.Address, error)              { return hot, nil }

func (coins) Coins(context.Context, pgx.Tx, coffer.ChainID) ([]coffer.Coin, error) { return nil, nil }
func (coins) CoinsNamed(context.Context, pgx.Tx, coffer.ChainID, []coffer.CoinID) ([]coffer.Coin, error) {
	return nil, nil
}
func (coins) AddChange(context.Context, pgx.Tx, coffer.ChainID, coffer.Address, string, bool) error {
	return nil
}

func TestCoinsHaveAPathOfTheirOwn(t *testing.T) {
	w := newWorld(t, 1, 1)
	wallet := coins{w.wallet}
	for name, test := range map[string]struct {
		change func(*payout.Chain)
		says   string
	}{
		"coins without a book":      {func(c *payout.Chain) { c.Wallet = wallet }, "book"},
		"coins and user operations": {func(c *payout.Chain) { c.Wallet, c.Coins, c.Paths = wallet, wallet, []string{coffer.PathUserOp} }, "path"},
		"coins and another path": {func(c *payout.Chain) {
			c.Wallet, c.Coins, c.Paths = wallet, wallet, []string{coffer.PathPSBT, coffer.PathExec}
		}, "path"},
		"a Safe and PSBTs":           {func(c *payout.Chain) { c.Paths = []string{coffer.PathPSBT} }, "path"},
		"a number of coins below 0":  {func(c *payout.Chain) { c.Wallet, c.Coins, c.Limits.ConsolidateOver = wallet, wallet, -1 }, "consolidation"},
		"coins with a path":          {func(c *payout.Chain) { c.Wallet, c.Coins, c.Paths = wallet, wallet, []string{coffer.PathPSBT} }, ""},
		"coins, whose path is clear": {func(c *payout.Chain) { c.Wallet, c.Coins = wallet, wallet }, ""},
	} {
		config := w.config(w.limits)
		c := config.Chains[chain]
		test.change(&c)
		config.Chains = map[coffer.ChainID]payout.Chain{chain: c}
		m, err := payout.New(config)
		if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: %v, want it to say %q", name, err, test.says)
		}
		if m != nil {
			if _, err := m.PlanSweep(t.Context(), chain, make([]payout.SweepLeg, 1)); coffer.ErrorCode(err) != coffer.CodeInvalid {
				t.Errorf("%s: a sweep of coins: %v", name, err)
			}
		}
	}
	if _, err := w.m.PlanConsolidation(t.Context(), chain); coffer.ErrorCode(err) != coffer.CodeInvalid {
		t.Errorf("a consolidation without coins: %v", err)
	}
}

func TestAnAttemptSpendsTheFirstOfTheIntentsCoins(t *testing.T) {
	coin := func(n uint32) coffer.Coin {
		return coffer.Coin{ID: coffer.NewCoinID(coffer.Hash{1}, n), Address: hot, Path: "0/1", Amount: coffer.NewAmount(5)}
	}
	other := coin(0)
	other.Amount = coffer.NewAmount(6)
	intent := coffer.Intent{Path: coffer.PathPSBT, Slot: coffer.Slot{Kind: coffer.SlotCoin, Lane: string(coin(0).ID)}, Coins: []coffer.Coin{coin(0), coin(1), coin(2)}, Change: "1/7"}
	good := coffer.Effects{Coins: intent.Coins[:2], Change: "1/7", Digests: make([]coffer.Hash, 2)}
	if err := payout.CheckCoins(good, intent); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*coffer.Effects, *coffer.Intent){
		"no coin":           func(e *coffer.Effects, _ *coffer.Intent) { e.Coins, e.Digests = nil, nil },
		"without anchor":    func(e *coffer.Effects, _ *coffer.Intent) { e.Coins = []coffer.Coin{coin(1), coin(2)} },
		"another order":     func(e *coffer.Effects, _ *coffer.Intent) { e.Coins = []coffer.Coin{coin(1), coin(0)} },
		"one left out":      func(e *coffer.Effects, _ *coffer.Intent) { e.Coins = []coffer.Coin{coin(0), coin(2)} },
		"another amount":    func(e *coffer.Effects, _ *coffer.Intent) { e.Coins = []coffer.Coin{other, coin(1)} },
		"one that is extra": func(e *coffer.Effects, _ *coffer.Intent) { e.Coins = append(intent.Coins[:3:3], coin(3)) },
		"a digest missing":  func(e *coffer.Effects, _ *coffer.Intent) { e.Digests = e.Digests[:1] },
		"change elsewhere":  func(e *coffer.Effects, _ *coffer.Intent) { e.Change = "1/8" },
		"another slot":      func(_ *coffer.Effects, i *coffer.Intent) { i.Slot.Lane = string(coin(1).ID) },
		"a second place":    func(_ *coffer.Effects, i *coffer.Intent) { i.Slot.Sequence = 1 },
		"on another path":   func(_ *coffer.Effects, i *coffer.Intent) { i.Path = coffer.PathExec },
	} {
		e, i := good, intent
		change(&e, &i)
		if err := payout.CheckCoins(e, i); err == nil {
			t.Errorf("%s passed", name)
		}
	}
}
