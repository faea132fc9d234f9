package utxo

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/cofferhq/coffer"
)

const (
	// branchTries bounds the search for coins that need no change.
	branchTries = 100_000
	// leastConsolidation is how few coins are not worth making one of.
	leastConsolidation = 2
)

// Selector chooses coins at one fee rate. It implements coffer.CoinSelector.
//
// A coin counts with its effective value: what it holds less the fee for spending it. One that
// costs more than it holds is never chosen. First a branch-and-bound search looks for coins
// that pay so exactly that no change is left over; if there are none, coins are drawn at random
// until they pay, with change that is worth having. The seed decides the draw, so that the same
// question has the same answer.
type Selector struct {
	wallet Descriptor
	rate   FeeRate
	fees   Fees
	omni   *Omni // nil: it sends no property of the Omni Layer
}

var _ coffer.CoinSelector = (*Selector)(nil)

// NewSelector returns a selector at a fee rate.
func NewSelector(wallet Descriptor, rate FeeRate, fees Fees) *Selector {
	return &Selector{wallet: wallet, rate: rate, fees: fees}
}

// Rate is the fee rate it selects at.
func (s *Selector) Rate() FeeRate { return s.rate }

// candidate is a coin with its value.
type candidate struct {
	coin      coffer.Coin
	value     uint64
	effective uint64
}

// Select implements coffer.CoinSelector. The coins that pay at the present rate come first,
// the anchor before all; behind them, as far as there are any, coins for fees up to the bound.
// coffer.ErrFeeBudget where the present rate is above the bound: a payment that begins below it
// would wait, and its cancellation cost more.
func (s *Selector) Select(payments []coffer.Payment, coins []coffer.Coin, bound coffer.Amount, seed coffer.Hash) ([]coffer.Coin, error) {
	chosen, err := s.selectCoins(payments, coins, bound, seed)
	if err != nil {
		return nil, fmt.Errorf("select coins: %w", err)
	}
	return chosen, nil
}

func (s *Selector) selectCoins(payments []coffer.Payment, coins []coffer.Coin, bound coffer.Amount, seed coffer.Hash) ([]coffer.Coin, error) {
	if err := s.omni.allowed(payments); err != nil {
		return nil, err
	}
	most, err := feeBound(s.wallet, bound, payments)
	if err != nil {
		return nil, err
	}
	if len(payments) > MaxPayments {
		return nil, fmt.Errorf("%d payments; want at most %d", len(payments), MaxPayments)
	}
	bill, err := newBill(s.wallet, payments, s.fees.LongTerm)
	if err != nil {
		return nil, err
	}
	pool, err := s.pool(coins)
	if err != nil {
		return nil, err
	}
	offer := offer{floor: s.fees.Floor, rate: s.rate, bound: most, full: true}
	if len(payments) == 0 {
		return s.consolidate(bill, pool, offer)
	}
	chosen, err := s.choose(payments, bill, pool, offer, seed)
	if err != nil {
		return nil, err
	}
	paying, ok := bill.settle(values(chosen), offer)
	if !ok {
		return nil, shortOf(bill, chosen, offer)
	}
	chosen = s.reserve(bill, chosen[:paying.coins], pool, most)
	list := make([]coffer.Coin, len(chosen))
	for n, c := range chosen {
		list[n] = c.coin
	}
	return list, nil
}

// choose looks for coins that pay.
func (s *Selector) choose(payments []coffer.Payment, b bill, pool []candidate, o offer, seed coffer.Hash) ([]candidate, error) {
	if isOmni(payments) {
		return s.anchored(b, pool, o)
	}
	chosen := s.exact(b, pool)
	if _, ok := b.settle(values(chosen), o); !ok {
		chosen = s.draw(b, pool, seed)
	}
	if _, ok := b.settle(values(chosen), o); !ok {
		chosen = pool[:min(len(pool), MaxInputs)] // the largest
	}
	return chosen, nil
}

// shortOf says whether coins are missing, or the bound is too low for the rate of now.
func shortOf(b bill, chosen []candidate, o offer) error {
	if least := o.least(b.size(1, false)); least > o.bound {
		return fmt.Errorf("%w: %d satoshis at least, the bound is %d", coffer.ErrFeeBudget, least, o.bound)
	}
	if o.full {
		o.full = false
		if s, ok := b.settle(values(chosen), o); ok {
			fair := o.rate.Fee(b.size(s.coins, s.change > 0))
			return fmt.Errorf("%w: %d satoshis at a rate of %s, the bound is %d", coffer.ErrFeeBudget, fair, o.rate, o.bound)
		}
	}
	var total uint64
	for _, c := range chosen {
		total += c.value
	}
	return fmt.Errorf("%w: the %d largest hold %d satoshis, for payments of %d and their fee", coffer.ErrCoins, len(chosen), total, b.paid)
}

// pool returns the coins that are worth spending, the largest first.
func (s *Selector) pool(coins []coffer.Coin) ([]candidate, error) {
	cost := s.cost(s.rate)
	pool := make([]candidate, 0, len(coins))
	for _, coin := range coins {
		value, err := satoshis(coin.Amount)
		if err != nil {
			return nil, fmt.Errorf("coin %s: %w", coin.ID, err)
		}
		if value > cost {
			pool = append(pool, candidate{coin: coin, value: value, effective: value - cost})
		}
	}
	slices.SortFunc(pool, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.value, a.value), strings.Compare(string(a.coin.ID), string(b.coin.ID)))
	})
	for n := 1; n < len(pool); n++ {
		if pool[n].coin.ID == pool[n-1].coin.ID {
			return nil, fmt.Errorf("coin %s twice", pool[n].coin.ID)
		}
	}
	return pool, nil
}

// cost is the fee for spending one coin.
func (s *Selector) cost(rate FeeRate) uint64 {
	return mulDivUp(uint64(rate), s.wallet.inputWeight(), 1000*witnessScale)
}

// target is what effective values have to reach without change, and how much more is still
// better than change. Inputs weigh no whole vbytes: one more is for rounding.
func (s *Selector) target(b bill) (least, slack uint64) {
	bare := s.rate.Fee(b.size(0, false) + 1)
	return b.paid + bare, s.rate.Fee(s.wallet.changeSize()) + b.keep
}

// exact searches for coins whose effective values are the target, or a little more, with as
// little waste as it finds: what is left over, and what the inputs cost now more than they
// would some other time. It goes down a tree in which each coin is taken or left out, the
// largest first, and turns back where what is taken is too much, or what remains too little
// (Murch, "An Evaluation of Coin Selection Strategies"; Bitcoin Core's SelectCoinsBnB).
func (s *Selector) exact(b bill, pool []candidate) []candidate {
	least, slack := s.target(b)
	remaining := make([]uint64, len(pool)+1) // of the pool from n on
	for n := len(pool) - 1; n >= 0; n-- {
		remaining[n] = remaining[n+1] + pool[n].effective
	}
	search := &branch{
		pool: pool, remaining: remaining, least: least, most: least + slack,
		waste: int64(s.cost(s.rate)) - int64(s.cost(s.fees.LongTerm)), // #nosec G115 -- rates are bounded
	}
	search.run()
	var chosen []candidate
	for _, n := range search.best {
		chosen = append(chosen, pool[n])
	}
	return chosen
}

// draw takes coins at random until they pay, change included. Where so many would be needed
// that they do not fit, the smallest of them make room.
func (s *Selector) draw(b bill, pool []candidate, seed coffer.Hash) []candidate {
	least, slack := s.target(b)
	order := make([]int, len(pool))
	for n := range order {
		order[n] = n
	}
	source := rand.New(rand.NewChaCha8(seed)) // #nosec G404 -- it has to be repeatable, and hides nothing
	var chosen []candidate
	var sum uint64
	for n := range order {
		other := n + source.IntN(len(order)-n)
		order[n], order[other] = order[other], order[n]
		next := pool[order[n]]
		chosen, sum = append(chosen, next), sum+next.effective
		if len(chosen) > MaxInputs {
			smallest := 0
			for m := range chosen {
				if chosen[m].effective < chosen[smallest].effective {
					smallest = m
				}
			}
			sum -= chosen[smallest].effective
			chosen = slices.Delete(chosen, smallest, smallest+1)
		}
		if sum >= least+slack {
			break
		}
	}
	return chosen
}

// reserve adds coins so that a fee of the bound could be paid: the smallest one that is enough,
// or else the largest, and so on.
func (s *Selector) reserve(b bill, chosen, pool []candidate, bound uint64) []candidate {
	var total uint64
	taken := map[coffer.CoinID]bool{}
	for _, c := range chosen {
		total += c.value
		taken[c.coin.ID] = true
	}
	free := slices.DeleteFunc(slices.Clone(pool), func(c candidate) bool { return taken[c.coin.ID] })
	chosen = slices.Clone(chosen)
	for need := b.paid + bound; total < need && len(free) > 0 && len(chosen) < MaxInputs; {
		at := 0
		for at+1 < len(free) && free[at+1].value >= need-total {
			at++
		}
		chosen, total = append(chosen, free[at]), total+free[at].value
		free = slices.Delete(free, at, at+1)
	}
	return chosen
}

// errDear says that it is not the time to make one coin of many.
var errDear = errors.New("fees are above the long-term rate")

// consolidate takes the smallest coins, as many as one transaction within the bound can spend,
// while fees are low; the largest of them is the anchor.
func (s *Selector) consolidate(b bill, pool []candidate, o offer) ([]coffer.Coin, error) {
	if s.rate > s.fees.LongTerm {
		return nil, fmt.Errorf("%w: %w: %s, %s", coffer.ErrCoins, errDear, s.rate, s.fees.LongTerm)
	}
	b.all = true
	for count := min(len(pool), MaxInputs); count >= leastConsolidation; count-- {
		small := pool[len(pool)-count:]
		if fee := o.rate.Fee(b.size(count, true)); fee > o.bound {
			continue
		}
		if paying, ok := b.settle(values(small), o); ok && paying.change >= b.keep {
			list := make([]coffer.Coin, count)
			for n, c := range small {
				list[n] = c.coin
			}
			return list, nil
		}
	}
	return nil, fmt.Errorf("%w: %d are worth spending; it takes %d to make one of them", coffer.ErrCoins, len(pool), leastConsolidation)
}

func values(list []candidate) []uint64 {
	amounts := make([]uint64, len(list))
	for n, c := range list {
		amounts[n] = c.value
	}
	return amounts
}
