package bundler

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/cofferhq/coffer/bundler/bundlersql"
	"github.com/cofferhq/coffer/evm"
)

// errBudget says that the fees which would be needed are above what may be spent.
var errBudget = errors.New("the fee budget is spent")

// fees are what a transaction offers, in wei per gas.
type fees struct{ cap, tip *big.Int }

// price is what the next attempt offers. The first one leaves room for two full blocks of a
// rising base fee (EIP-1559: an eighth each). Later ones beat the one before by what pools
// demand, an eighth on both fields or more where the node said so, and move in a straight
// line from the first attempt's fee to the budget, which is offered after DeadlineBlocks.
func (b *Bundler) price(ctx context.Context, now head, live *liveBundle, budget *big.Int) (fees, error) {
	market, err := b.marketTip(ctx, now)
	if err != nil {
		return fees{}, err
	}
	budget = smaller(budget, b.limits.MaxFeePerGas)
	offer := fees{cap: new(big.Int).Add(quarterMore(now.BaseFee), market), tip: market}
	least := fees{cap: now.BaseFee, tip: new(big.Int)}
	if live != nil {
		first, last := live.attempts[len(live.attempts)-1], live.attempts[0]
		least = b.beats(last)
		least.cap = larger(least.cap, now.BaseFee)
		passed := now.Height - min(now.Height, uint64(first.Head)) // #nosec G115 -- not negative in the table
		offer.cap = larger(offer.cap, line(first.MaxFee.Int().ToBig(), budget, passed, b.limits.DeadlineBlocks))
		offer.tip = larger(offer.tip, least.tip)
		least.cap = larger(least.cap, offer.tip)
	}
	offer.cap = smaller(larger(offer.cap, least.cap), budget)
	if offer.cap.Cmp(least.cap) < 0 {
		return fees{}, fmt.Errorf("%w: %s wei per gas are needed, %s may be spent", errBudget, least.cap, budget)
	}
	offer.tip = smaller(offer.tip, offer.cap)
	return offer, nil
}

// beats is the least that replaces an attempt: an eighth more of both fields, and once more
// where the node has refused it, for another one that we do not know may wait in its place.
func (b *Bundler) beats(last bundlersql.BundlerAttempt) fees {
	least := fees{bump(last.MaxFee.Int().ToBig()), bump(last.MaxPriorityFee.Int().ToBig())}
	switch said := b.sent[last.TxHash]; said.class {
	case evm.ReplacementUnderpriced, evm.FeeTooLow:
		least = fees{bump(least.cap), bump(least.tip)}
		least.cap, least.tip = larger(least.cap, said.needs.Cap), larger(least.tip, said.needs.Tip)
	}
	return least
}

// marketTip is the node's suggestion for the priority fee, asked for once for each head.
func (b *Bundler) marketTip(ctx context.Context, now head) (*big.Int, error) {
	if b.tipAt != now.Hash {
		tip, err := b.node.tip(ctx)
		if err != nil {
			return nil, err
		}
		b.tipAt, b.tip = now.Hash, larger(tip, b.limits.MinTip)
	}
	return b.tip, nil
}

// line is the point of the straight line from one fee to another after so many of all
// blocks, rounded down.
func line(from, to *big.Int, passed, all uint64) *big.Int {
	if passed >= all || to.Cmp(from) <= 0 {
		return to
	}
	way := new(big.Int).Sub(to, from)
	way.Mul(way, new(big.Int).SetUint64(passed)).Div(way, new(big.Int).SetUint64(all))
	return way.Add(way, from)
}

// quarterMore is a fee and a quarter of it: 1.125 squared is below 1.27.
func quarterMore(fee *big.Int) *big.Int {
	more := new(big.Int).Rsh(fee, 2)
	return more.Add(more, fee)
}

func larger(a, b *big.Int) *big.Int {
	if a.Cmp(b) < 0 {
		return b
	}
	return a
}

func smaller(a, b *big.Int) *big.Int {
	if a.Cmp(b) > 0 {
		return b
	}
	return a
}
