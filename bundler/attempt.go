package bundler

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"
	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler/bundlersql"
)

const signTimeout = 30 * time.Second

// nonceFor is the executor nonce of the next attempt: the live bundle's, else the next one
// that the database and the chain agree on.
func (b *Bundler) nonceFor(ctx context.Context, live *liveBundle) (uint64, bool, error) {
	if live != nil {
		return uint64(live.nonce), true, nil // #nosec G115 -- not negative in the table
	}
	next, err := b.sql.NextNonce(ctx, bundlersql.NextNonceParams{Chain: b.chain, Address: b.executor.Address().Hex()})
	if err != nil {
		return 0, false, err
	}
	onChain, err := b.node.nonce(ctx, b.executor.Address(), "latest")
	if err != nil {
		return 0, false, err
	}
	switch stored := uint64(next); { // #nosec G115 -- not negative in the table
	case onChain < stored:
		b.log.Warn("the node is behind our own transactions; no new bundle", "chain", b.chain, "nonce", onChain, "stored", stored)
		return 0, false, nil
	case onChain > stored:
		b.log.Error("the executor's key was used by somebody else", "chain", b.chain, "nonce", onChain, "stored", stored)
	}
	return onChain, true, nil
}

// price is the fee cap and tip of the next attempt, in wei per gas: room for the base fee
// to double, and an eighth above the attempt before. It reports false where that is above
// the limit; then the bundle waits as it is.
func (b *Bundler) price(ctx context.Context, now head, live *liveBundle) (feeCap, tip *big.Int, ok bool, err error) {
	if tip, err = b.node.tip(ctx); err != nil {
		return nil, nil, false, err
	}
	tip = larger(tip, b.limits.MinTip)
	feeCap = new(big.Int).Add(new(big.Int).Lsh(now.BaseFee, 1), tip)
	if live == nil {
		if feeCap.Cmp(b.limits.MaxFeePerGas) > 0 {
			feeCap = b.limits.MaxFeePerGas
			tip = smaller(tip, feeCap)
		}
		ok = feeCap.Cmp(now.BaseFee) >= 0
	} else {
		last := live.attempts[0]
		feeCap = larger(feeCap, bump(last.MaxFee.Int().ToBig()))
		tip = larger(tip, bump(last.MaxPriorityFee.Int().ToBig()))
		ok = feeCap.Cmp(b.limits.MaxFeePerGas) <= 0
	}
	if !ok {
		b.log.Warn("fees are above the limit; the bundle waits", "chain", b.chain, "fee", feeCap, "limit", b.limits.MaxFeePerGas)
	}
	return feeCap, tip, ok, nil
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

// sign has the executor sign, and checks that it signed what it was given.
func (b *Bundler) sign(ctx context.Context, unsigned *types.DynamicFeeTx) (*types.Transaction, error) {
	ctx, cancel := context.WithTimeout(ctx, signTimeout)
	defer cancel()
	want := types.NewTx(unsigned)
	tx, err := b.executor.SignTx(ctx, want, b.chainID)
	if err != nil {
		return nil, fmt.Errorf("sign bundle %d: %w", unsigned.Nonce, err)
	}
	signer := types.LatestSignerForChainID(b.chainID)
	from, err := types.Sender(signer, tx)
	if err != nil || from != b.executor.Address() || signer.Hash(tx) != signer.Hash(want) {
		return nil, fmt.Errorf("sign bundle %d: the executor signed something else, or with another key (%s)", unsigned.Nonce, from)
	}
	return tx, nil
}

// store commits an attempt: its bytes, its operations and its nonce in one transaction.
// Nothing was sent yet, so whatever changed in the meantime makes it fail without harm.
func (b *Bundler) store(ctx context.Context, now head, live *liveBundle, signed *types.Transaction, raw []byte, ops []candidate) error {
	maxFee, err := amount(signed.GasFeeCap())
	if err != nil {
		return err
	}
	tip, err := amount(signed.GasTipCap())
	if err != nil {
		return err
	}
	executor, nonce, at := b.executor.Address().Hex(), int64(signed.Nonce()), b.clock() // #nosec G115 -- bounded by maxStored
	attempt := bundlersql.InsertAttemptParams{
		TxHash: coffer.Hash(signed.Hash()), Chain: b.chain, Executor: executor, Nonce: nonce, Raw: raw,
		MaxFee: maxFee, MaxPriorityFee: tip, Head: int64(now.Height), At: at, // #nosec G115 -- bounded by maxStored
	}
	if live != nil {
		attempt.Number = live.attempts[0].Number + 1
	}
	hashes := make([][]byte, len(ops))
	for i, op := range ops {
		hashes[i] = op.hash[:]
	}

	return b.db.Tx(ctx, func(tx pgx.Tx) error {
		q := bundlersql.New(tx)
		if err := b.takeNonce(ctx, q, live, executor, nonce, at); err != nil {
			return err
		}
		for _, op := range ops {
			row, err := q.LockOperation(ctx, op.hash)
			if err != nil {
				return err
			}
			if row.State != op.row.State {
				return fmt.Errorf("user operation %s is %s: %w", op.hash, row.State, errMoved)
			}
			if err := b.move(ctx, q, op.hash, stateBundled, ""); err != nil {
				return err
			}
		}
		if err := q.InsertAttempt(ctx, attempt); err != nil {
			return err
		}
		return q.InsertAttemptOperations(ctx, bundlersql.InsertAttemptOperationsParams{TxHash: attempt.TxHash, Operations: hashes})
	})
}

// takeNonce opens a bundle for a new nonce, or checks that a live one is still live. The
// lock on the executor's row keeps two bundlers apart.
func (b *Bundler) takeNonce(ctx context.Context, q *bundlersql.Queries, live *liveBundle, executor string, nonce int64, at time.Time) error {
	next, err := q.LockExecutor(ctx, bundlersql.LockExecutorParams{Chain: b.chain, Address: executor})
	if err != nil {
		return err
	}
	count, err := q.CountLive(ctx, bundlersql.CountLiveParams{Chain: b.chain, Executor: executor, Nonce: nonce})
	if err != nil {
		return err
	}
	if live != nil {
		if count.Same != 1 {
			return errMoved
		}
		return nil // the attempt's number is unique
	}
	if count.Live != 0 || nonce < next {
		return errMoved
	}
	if err := q.InsertBundle(ctx, bundlersql.InsertBundleParams{Chain: b.chain, Executor: executor, Nonce: nonce, At: at}); err != nil {
		return err
	}
	return q.SetNextNonce(ctx, bundlersql.SetNextNonceParams{Chain: b.chain, Address: executor, NextNonce: nonce + 1})
}

// broadcast sends stored bytes, once for each head, and reports whether it did. Whatever
// the node answers, the attempt stays: it may have arrived.
func (b *Bundler) broadcast(ctx context.Context, now head, tx coffer.Hash, raw []byte) (bool, error) {
	if b.sentAt != now.Hash {
		b.sentAt, b.sent = now.Hash, map[coffer.Hash]bool{}
	}
	if b.sent[tx] {
		return false, nil
	}
	b.checkpoint("bundler.before_broadcast")
	if err := b.node.send(ctx, raw); err != nil {
		var answer rpc.Error
		b.sent[tx] = errors.As(err, &answer) // it will not change its mind before the next block
		return false, err
	}
	b.checkpoint("bundler.after_broadcast")
	b.sent[tx] = true
	at := b.clock()
	return true, b.sql.SetSent(ctx, bundlersql.SetSentParams{TxHash: tx, At: &at})
}
