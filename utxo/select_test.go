package utxo

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
)

// pile makes coins of these amounts without transactions.
func pile(w testWallet, amounts ...uint64) []coffer.Coin {
	coins := make([]coffer.Coin, len(amounts))
	for n, amount := range amounts {
		tx := coffer.Hash{byte(n >> 16), byte(n >> 8), byte(n), 7}
		coins[n] = coffer.Coin{ID: coffer.NewCoinID(tx, 0), Address: w.Address(), Path: w.Home(), Amount: coffer.NewAmount(amount)}
	}
	return coins
}

func amountsOf(coins []coffer.Coin) (list []uint64) {
	for _, coin := range coins {
		list = append(list, coin.Amount.Int().Uint64())
	}
	return list
}

func payTo(network Network, amounts ...uint64) (payments []coffer.Payment) {
	to := destinations(network)
	for n, amount := range amounts {
		payments = append(payments, coffer.Payment{Asset: network.Native(), To: to[n%len(to)], Amount: coffer.NewAmount(amount)})
	}
	return payments
}

func TestSelectionWithoutChange(t *testing.T) {
	w := testWallets(t)["P2WSH"]
	fees := DefaultFees()
	s := NewSelector(w.Descriptor, 20_000, fees)
	// 100 000 for a P2WPKH output, by two coins exactly
	payments := payTo(Regtest, 0, 0, 100_000)[2:]
	b, err := newBill(w.Descriptor, payments, fees.LongTerm)
	if err != nil {
		t.Fatal(err)
	}
	fee := FeeRate(20_000).Fee(b.size(2, false) + 1)
	coins := pile(w, 70_000, 1_000_000, 60_000, 30_000+fee, 5_000_000)
	got, err := s.Select(payments, coins, coffer.NewAmount(fee), coffer.Hash{1})
	if err != nil {
		t.Fatal(err)
	}
	if want := []uint64{70_000, 30_000 + fee}; !reflect.DeepEqual(amountsOf(got), want) {
		t.Errorf("chosen %v, want %v", amountsOf(got), want)
	}
	paying, ok := b.settle(amountsOf(got), offer{floor: fees.Floor, rate: 20_000, bound: fee})
	if !ok || paying != (spending{coins: 2, fee: fee}) {
		t.Errorf("%+v, %v", paying, ok)
	}
}

func TestCoinsThatCostMoreThanTheyHoldStay(t *testing.T) {
	w := testWallets(t)["P2WSH"]
	s := NewSelector(w.Descriptor, 50_000, DefaultFees()) // 5.2 ksat for an input
	coins := pile(w, 5_000, 5_100, 4_000, 100_000)
	got, err := s.Select(payTo(Regtest, 20_000), coins, coffer.NewAmount(500_000), coffer.Hash{1})
	if err != nil || len(got) != 1 || got[0].ID != coins[3].ID {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := s.Select(payTo(Regtest, 20_000), coins[:3], coffer.NewAmount(500_000), coffer.Hash{1}); !errors.Is(err, coffer.ErrCoins) {
		t.Errorf("%v, %v, want ErrCoins", got, err)
	}
}

func TestSelectionFails(t *testing.T) {
	w := testWallets(t)["P2WSH"]
	s := NewSelector(w.Descriptor, 10_000, DefaultFees())
	for name, v := range map[string]struct {
		coins    []coffer.Coin
		payments []coffer.Payment
		bound    uint64
		want     error
	}{
		"no coins":             {nil, payTo(Regtest, 10_000), 10_000, coffer.ErrCoins},
		"too little":           {pile(w, 10_000), payTo(Regtest, 10_000), 10_000, coffer.ErrCoins},
		"bound too low":        {pile(w, 1_000_000), payTo(Regtest, 10_000), 100, coffer.ErrFeeBudget},
		"bound below the rate": {pile(w, 1_000_000), payTo(Regtest, 10_000), 1_500, coffer.ErrFeeBudget},
		"101 coins":            {pile(w, slices.Repeat([]uint64{10_000}, 500)...), payTo(Regtest, 1_000_000), 200_000, coffer.ErrCoins},
		"nothing to pay":       {pile(w, 1_000_000), nil, 10_000, coffer.ErrCoins},
	} {
		if got, err := s.Select(v.payments, v.coins, coffer.NewAmount(v.bound), coffer.Hash{1}); !errors.Is(err, v.want) {
			t.Errorf("%s: %d coins, %v, want %v", name, len(got), err, v.want)
		}
	}
	// the rate is in the bound with one coin, and not with two that pay exactly
	b, err := newBill(w.Descriptor, payTo(Regtest, 100_000), s.fees.LongTerm)
	if err != nil {
		t.Fatal(err)
	}
	exact := FeeRate(10_000).Fee(b.size(2, false) + 1)
	coins := pile(w, 60_000, 40_000+exact, 5_000_000)
	got, err := s.Select(payTo(Regtest, 100_000), coins, coffer.NewAmount(exact-1), coffer.Hash{1})
	if err != nil || got[0].ID != coins[2].ID {
		t.Errorf("%v, %v, want the coin that pays alone", got, err)
	}
	twice := pile(w, 1_000_000)
	if got, err := s.Select(payTo(Regtest, 1_000), append(twice, twice...), coffer.NewAmount(10_000), coffer.Hash{}); err == nil {
		t.Errorf("a coin given twice: %v", got)
	}
}

func TestConsolidationWaitsForLowFees(t *testing.T) {
	w := testWallets(t)["P2WSH"]
	fees := DefaultFees()
	var amounts []uint64
	for n := range uint64(300) {
		amounts = append(amounts, 2_000+n*100)
	}
	coins := pile(w, amounts...)
	got, err := NewSelector(w.Descriptor, 2_000, fees).Select(nil, coins, coffer.NewAmount(1_000_000), coffer.Hash{})
	if err != nil || len(got) != MaxInputs || !reflect.DeepEqual(amountsOf(got), reverse(amounts[:MaxInputs])) {
		t.Errorf("%d coins, %v", len(got), err)
	}
	// a lower bound: fewer coins
	got, err = NewSelector(w.Descriptor, 2_000, fees).Select(nil, coins, coffer.NewAmount(5_000), coffer.Hash{})
	if err != nil || len(got) < 10 || len(got) > 25 {
		t.Errorf("%d coins, %v", len(got), err)
	}
	for name, s := range map[string]*Selector{
		"fees are high": NewSelector(w.Descriptor, fees.LongTerm+1, fees),
		"few coins":     NewSelector(w.Descriptor, 2_000, fees),
	} {
		some := coins
		if name == "few coins" {
			some = coins[:leastConsolidation-1]
		}
		if got, err := s.Select(nil, some, coffer.NewAmount(1_000_000), coffer.Hash{}); !errors.Is(err, coffer.ErrCoins) {
			t.Errorf("%s: %d coins, %v", name, len(got), err)
		}
	}
}

func reverse(list []uint64) []uint64 {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

// The laws of a selection and of all attempts that follow from it.
func TestSelectionsPayWithinTheirBounds(t *testing.T) {
	wallets := testWallets(t)
	rapid.Check(t, func(t *rapid.T) {
		w := wallets[rapid.SampledFrom([]string{"P2WSH", "P2SH-P2WSH", "P2WSH fixed"}).Draw(t, "wallet")]
		fees := DefaultFees()
		rate := FeeRate(rapid.Uint64Range(uint64(fees.Floor), uint64(fees.Cap)).Draw(t, "rate"))
		amount := rapid.Uint64Range(600, 3_000_000)
		coins := pile(w, rapid.SliceOfN(amount, 0, 150).Draw(t, "coins")...)
		payments := payTo(Regtest, rapid.SliceOfN(amount, 1, 30).Draw(t, "payments")...)
		bound := rapid.Uint64Range(0, 2_000_000).Draw(t, "bound")
		seed := coffer.Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed"))

		s := NewSelector(w.Descriptor, rate, fees)
		chosen, err := s.Select(payments, coins, coffer.NewAmount(bound), seed)
		if err != nil {
			if !errors.Is(err, coffer.ErrCoins) && !errors.Is(err, coffer.ErrFeeBudget) {
				t.Fatal(err)
			}
			return
		}
		shuffled := slices.Clone(coins)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
		if again, err := s.Select(payments, shuffled, coffer.NewAmount(bound), seed); err != nil || !reflect.DeepEqual(again, chosen) {
			t.Fatalf("the same seed chose %v, then %v, %v", chosen, again, err)
		}
		if len(chosen) < 1 || len(chosen) > MaxInputs {
			t.Fatalf("%d coins", len(chosen))
		}
		known := map[coffer.CoinID]coffer.Coin{}
		for _, coin := range coins {
			known[coin.ID] = coin
		}
		for _, coin := range chosen {
			if known[coin.ID] != coin {
				t.Fatalf("coin %+v is not there, or twice", coin)
			}
			delete(known, coin.ID)
			if cost := s.cost(rate); coin.Amount.Int().Uint64() <= cost {
				t.Fatalf("coin of %s costs %d", coin.Amount, cost)
			}
		}
		checkAttempts(t, w, fees, rate, bound, payments, amountsOf(chosen))
	})
}

// checkAttempts follows a payout through all its attempts up to the bound.
func checkAttempts(t *rapid.T, w testWallet, fees Fees, rate FeeRate, bound uint64, payments []coffer.Payment, coins []uint64) {
	b, err := newBill(w.Descriptor, payments, fees.LongTerm)
	if err != nil {
		t.Fatal(err)
	}
	o := offer{floor: fees.Floor, rate: rate, bound: bound}
	for attempt := 0; attempt < 50; attempt++ {
		s, ok := b.settle(coins, o)
		if !ok {
			if s, ok = b.settle(coins, o.cheapest()); !ok {
				if attempt == 0 {
					t.Fatal("what was chosen does not pay for the first attempt")
				}
				return
			}
		}
		var total uint64
		for _, value := range coins[:s.coins] {
			total += value
		}
		size := b.size(s.coins, s.change > 0)
		switch {
		case total != b.paid+s.fee+s.change:
			t.Fatalf("attempt %d: %d is not %d paid, %d fee and %d change", attempt, total, b.paid, s.fee, s.change)
		case s.fee > bound:
			t.Fatalf("attempt %d: fee %d above %d", attempt, s.fee, bound)
		case s.change > 0 && s.change < w.dust():
			t.Fatalf("attempt %d: change of %d is dust", attempt, s.change)
		case s.fee < fees.Floor.Fee(size):
			t.Fatalf("attempt %d: fee %d of %d vB is below the floor", attempt, s.fee, size)
		}
		for _, before := range o.earlier {
			if s.fee < before.fee+size || s.fee*before.size <= before.fee*size {
				t.Fatalf("attempt %d: %d sat for %d vB do not replace %d for %d (BIP-125)", attempt, s.fee, size, before.fee, before.size)
			}
		}
		o.earlier = append(o.earlier, paidBefore{fee: s.fee, size: size})
		o.line = lineTo(o.earlier[0].fee, bound, time.Duration(attempt)*time.Minute, 40*time.Minute)
	}
}

func TestLineReachesTheBoundAtTheEnd(t *testing.T) {
	for _, v := range []struct {
		first, bound   uint64
		elapsed, total time.Duration
		want           uint64
	}{
		{1_000, 5_000, 0, time.Hour, 1_000},
		{1_000, 5_000, -time.Second, time.Hour, 1_000},
		{1_000, 5_000, 15 * time.Minute, time.Hour, 2_000},
		{1_000, 5_000, time.Hour - 1, time.Hour, 4_999},
		{1_000, 5_000, time.Hour, time.Hour, 5_000},
		{1_000, 5_000, 2 * time.Hour, time.Hour, 5_000},
		{1_000, 5_000, time.Second, 0, 5_000},
		{5_000, 1_000, time.Hour, time.Hour, 5_000},
		{0, MaxMoney, 12 * time.Hour, 24 * time.Hour, MaxMoney / 2},
	} {
		if got := lineTo(v.first, v.bound, v.elapsed, v.total); got != v.want {
			t.Errorf("%+v: %d", v, got)
		}
	}
}

func TestEstimatesAreBounded(t *testing.T) {
	f := Fees{Blocks: 6, Floor: 1_000, Cap: 100_000, Fallback: 20_000, LongTerm: 5_000}
	for _, v := range []struct {
		estimate FeeRate
		err      error
		want     FeeRate
		said     bool
	}{
		{30_000, nil, 30_000, false},
		{1_000, nil, 1_000, false},
		{100_000, nil, 100_000, false},
		{100_001, nil, 100_000, true},
		{1_000_000, nil, 100_000, true},
		{1_000_001, nil, 20_000, true},
		{1 << 63, nil, 20_000, true},
		{500, nil, 1_000, false},
		{0, nil, 20_000, true},
		{30_000, errors.New("insufficient data"), 20_000, true},
	} {
		if got, why := f.Rate(v.estimate, v.err); got != v.want || (why != "") != v.said {
			t.Errorf("%d, %v: %s, %q, want %s", v.estimate, v.err, got, why, v.want)
		}
	}
	if err := DefaultFees().Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Fees){
		"no blocks":            func(f *Fees) { f.Blocks = 0 },
		"weeks":                func(f *Fees) { f.Blocks = 1009 },
		"no floor":             func(f *Fees) { f.Floor = 0 },
		"cap below floor":      func(f *Fees) { f.Cap = 999 },
		"endless cap":          func(f *Fees) { f.Cap = maxFeeRate + 1 },
		"fallback below floor": func(f *Fees) { f.Fallback = 1 },
		"fallback above cap":   func(f *Fees) { f.Fallback = f.Cap + 1 },
		"no long-term rate":    func(f *Fees) { f.LongTerm = 0 },
		"long-term above cap":  func(f *Fees) { f.LongTerm = f.Cap + 1 },
	} {
		bad := f
		if change(&bad); bad.Check() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func BenchmarkSelect(b *testing.B) {
	w := walletOf(b, Regtest, false, 2, fixedKey("x"), fixedKey("y"), fixedKey("z"))
	source := rand.New(rand.NewPCG(1, 2))
	var amounts []uint64
	for range 10_000 {
		amounts = append(amounts, 1_000+source.Uint64N(10_000_000))
	}
	coins := pile(w, amounts...)
	for _, paid := range []uint64{50_000, 20_000_000, 300_000_000} {
		b.Run(fmt.Sprint(paid), func(b *testing.B) {
			s := NewSelector(w.Descriptor, 15_000, DefaultFees())
			payments := payTo(Regtest, paid)
			b.ReportAllocs()
			for n := range b.N {
				if _, err := s.Select(payments, coins, coffer.NewAmount(200_000), coffer.Hash{byte(n)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
