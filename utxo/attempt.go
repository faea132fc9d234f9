package utxo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"
	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer"
)

// ErrDescendants is coffer.ErrDescendants: the transaction that spends what an attempt pays waits
// in the pool. BuildChild makes the attempt dearer.
var ErrDescendants = fmt.Errorf("%w: it is not replaced, only its change can pay for it (CPFP)", coffer.ErrDescendants)

// fetchers bounds how many previous transactions are asked for at a time.
const fetchers = 4

// Build implements coffer.Wallet. The first attempt pays the fee rate of now. Later ones go
// along the line from its fee to the intent's bound, which they reach when it expires, are never
// below the rate of now, and beat every earlier one as BIP-125 demands; where the coins do not
// pay for that, they pay what is needed to replace. A cancellation pays everything to the
// change, with a fee that replaces all before it that was signed, and goes along a line of its
// own; a consolidation spends all its coins.
//
// Errors: coffer.ErrFeeBudget, ErrDescendants, coffer.ErrNotFound where the transaction of a
// coin is not to be had.
func (w *Wallet) Build(ctx context.Context, i coffer.Intent, prev []coffer.Attempt) (coffer.Unsigned, error) {
	u, err := w.build(ctx, i, prev)
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("build %s: %w", i.ID, err)
	}
	return u, nil
}

func (w *Wallet) build(ctx context.Context, i coffer.Intent, prev []coffer.Attempt) (coffer.Unsigned, error) {
	if err := checkIntent(i, w.descriptor); err != nil {
		return coffer.Unsigned{}, err
	}
	if err := errors.Join(w.omni.allowed(i.Payments), w.omni.allowedSweeps(i.Sweeps)); err != nil {
		return coffer.Unsigned{}, err
	}
	bound, err := feeBound(w.descriptor, i.FeeBound, i.Payments)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	earlier, err := w.earlier(ctx, i, prev)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	rate, err := w.rate(ctx)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	o := offer{floor: w.fees.Floor, rate: rate, bound: bound, line: w.line(i, prev, earlier, bound)}
	for n, paid := range earlier {
		if i.Purpose != coffer.PurposeCancel || prev[n].Signed != nil {
			o.earlier = append(o.earlier, paid)
		}
	}
	bill, err := newBill(w.descriptor, i.Payments, w.fees.LongTerm)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	bill.all = i.Purpose == coffer.PurposeConsolidate
	if sweeps(i) {
		if bill, err = sweepBill(bill, i.Sweeps); err != nil {
			return coffer.Unsigned{}, err
		}
	}
	s, err := settleIntent(bill, i, o)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	previous, err := w.previous(ctx, i.Coins[:s.coins])
	if err != nil {
		return coffer.Unsigned{}, err
	}
	return BuildPSBT(i, w.descriptor, s.coins, s.fee, previous, uint32(len(prev))) // #nosec G115 -- attempts are few
}

// line is what has to be offered by now for an intent to reach its bound in time. A cancellation
// has a line of its own, from the first one on: what the payments offered before is no
// reason to offer as much.
func (w *Wallet) line(i coffer.Intent, prev []coffer.Attempt, paid []paidBefore, bound uint64) uint64 {
	first := slices.IndexFunc(prev, func(a coffer.Attempt) bool { return a.Cancels == (i.Purpose == coffer.PurposeCancel) })
	if first < 0 || prev[first].At.IsZero() {
		return 0
	}
	begun := prev[first].At
	return lineTo(paid[first].fee, bound, w.clock().Sub(begun), i.Expires.Sub(begun))
}

// settleIntent finds what an attempt spends. Only what replaces another one, and a cancellation,
// may pay less than it wants: of a first attempt, coins that do not pay it are the wrong ones.
func settleIntent(b bill, i coffer.Intent, o offer) (spending, error) {
	values := make([]uint64, len(i.Coins))
	for n, coin := range i.Coins {
		value, err := satoshis(coin.Amount)
		if err != nil {
			return spending{}, fmt.Errorf("coin %s: %w", coin.ID, err)
		}
		values[n] = value
	}
	s, ok := b.settle(values, o)
	if !ok && (len(o.earlier) > 0 || i.Purpose == coffer.PurposeCancel) {
		s, ok = b.settle(values, o.cheapest())
	}
	if !ok {
		return spending{}, fmt.Errorf("%w: of %d satoshis, from %d coins, for a rate of %s and above %d earlier attempts",
			coffer.ErrFeeBudget, o.bound, len(values), o.rate, len(o.earlier))
	}
	return s, nil
}

// earlier reads what earlier attempts pay, and sees that none of them is spent by others.
func (w *Wallet) earlier(ctx context.Context, i coffer.Intent, prev []coffer.Attempt) ([]paidBefore, error) {
	var paid []paidBefore
	var outputs []coffer.CoinID
	for _, attempt := range prev {
		r, err := read(w.descriptor, attempt.Unsigned)
		if err != nil {
			return nil, fmt.Errorf("attempt %d: %w", attempt.Number, err)
		}
		if r.coins[0].ID != i.Coins[0].ID {
			return nil, fmt.Errorf("attempt %d spends %s first, not %s", attempt.Number, r.coins[0].ID, i.Coins[0].ID)
		}
		paid = append(paid, paidBefore{fee: r.fee, size: w.descriptor.sizeOf(r.tx)})
		if attempt.Signed == nil {
			continue
		}
		for n := range r.tx.TxOut {
			if n != r.change {
				outputs = append(outputs, coffer.NewCoinID(attempt.Signed.ID, uint32(n))) // #nosec G115 -- at most MaxPayments
			}
		}
	}
	if len(outputs) == 0 {
		return paid, nil
	}
	spenders, err := w.pool.PoolSpenders(ctx, outputs)
	if err != nil {
		return nil, err
	}
	for coin, spender := range spenders {
		return nil, fmt.Errorf("%w: transaction %s spends %s", ErrDescendants, spender, coin)
	}
	return paid, nil
}

// previous asks for the transactions that coins are outputs of.
func (w *Wallet) previous(ctx context.Context, coins []coffer.Coin) (map[coffer.Hash]*wire.MsgTx, error) {
	index := map[coffer.Hash]int{}
	var ids []coffer.Hash
	for _, coin := range coins {
		id, _, err := coin.ID.Parts()
		if err != nil {
			return nil, err
		}
		if _, ok := index[id]; !ok {
			index[id] = len(ids)
			ids = append(ids, id)
		}
	}
	found := make([]*wire.MsgTx, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(fetchers)
	for n, id := range ids {
		group.Go(func() (err error) {
			if found[n], err = w.pool.RawTransaction(ctx, id); err != nil {
				return fmt.Errorf("transaction %s: %w", id, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	previous := make(map[coffer.Hash]*wire.MsgTx, len(ids))
	for id, n := range index {
		previous[id] = found[n]
	}
	return previous, nil
}

// BuildChild makes a transaction that spends the change of a payout while that waits in the
// pool, and pays for both: with the fee rate of now for the two together (CPFP). The intent is
// one of its own, that pays nobody (PurposeConsolidate): its one coin is the change output, the
// slot the coin's. It is void once the payout is replaced or a fork drops it; nothing else may
// be built on it.
func (w *Wallet) BuildChild(ctx context.Context, i coffer.Intent, parent coffer.Attempt) (coffer.Unsigned, error) {
	u, err := w.buildChild(ctx, i, parent)
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("build child %s: %w", i.ID, err)
	}
	return u, nil
}

func (w *Wallet) buildChild(ctx context.Context, i coffer.Intent, parent coffer.Attempt) (coffer.Unsigned, error) {
	if err := checkIntent(i, w.descriptor); err != nil {
		return coffer.Unsigned{}, err
	}
	if len(i.Coins) != 1 || i.Purpose != coffer.PurposeConsolidate || parent.Signed == nil {
		return coffer.Unsigned{}, errors.New("want one coin, the purpose consolidate, and a signed parent")
	}
	r, err := read(w.descriptor, parent.Unsigned)
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("parent: %w", err)
	}
	tx, err := decodeSigned(*parent.Signed)
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("parent: %w", err)
	}
	id := parent.Signed.ID // of tx, which has the outputs that were read
	if !slices.EqualFunc(tx.TxOut, r.tx.TxOut, func(a, b *wire.TxOut) bool {
		return a.Value == b.Value && bytes.Equal(a.PkScript, b.PkScript)
	}) {
		return coffer.Unsigned{}, fmt.Errorf("parent: %s is not what attempt %d builds", id, parent.Number)
	}
	if r.change < 0 || i.Coins[0].ID != coffer.NewCoinID(id, uint32(r.change)) { // #nosec G115 -- not negative
		return coffer.Unsigned{}, fmt.Errorf("coin %s is not the change of %s", i.Coins[0].ID, id)
	}
	bound, err := satoshis(i.FeeBound)
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("fee bound: %w", err)
	}
	rate, err := w.rate(ctx)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	bill, err := newBill(w.descriptor, nil, w.fees.LongTerm)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	// the line is what the child pays at least: the rate for both, less what the parent pays
	o := offer{floor: w.fees.Floor, rate: rate, bound: bound}
	if both := rate.Fee(w.descriptor.sizeOf(r.tx) + bill.size(1, true)); both > r.fee {
		o.line = both - r.fee
	}
	s, err := settleIntent(bill, i, o)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	return BuildPSBT(i, w.descriptor, 1, s.fee, map[coffer.Hash]*wire.MsgTx{id: tx}, 0)
}
