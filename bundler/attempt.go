package bundler

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"
	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler/bundlersql"
	"github.com/cofferhq/coffer/evm"
)

const signTimeout = 30 * time.Second

// Kinds of bundles: what an executor's nonce is for.
const (
	kindOperations = "operations" // handleOps
	kindCall       = "call"       // execTransaction of a Safe
	kindRefill     = "refill"     // gas money for a wallet or an executor
	kindNothing    = "nothing"    // a gap that was filled
)

// content is what a transaction is to do, its nonce and fees aside.
type content struct {
	kind    string
	target  string // of a call or refill
	gap     bool   // for a nonce that was given out and has no bundle
	nothing bool   // a payment of nothing to the executor itself

	to     common.Address
	value  *big.Int
	data   []byte
	gas    uint64
	budget *big.Int // most wei per gas

	ops       []candidate
	call      *coffer.Hash
	callState string // it was in
}

// gasOfPayment is what a transaction uses that executes no code.
const gasOfPayment = 21_000

// filler is what uses up a nonce: it pays nothing to the executor itself.
func (b *Bundler) filler(x *executor) content {
	return content{
		kind: kindNothing, nothing: true,
		to: x.address, value: new(big.Int), gas: gasOfPayment, budget: b.limits.MaxFeePerGas,
	}
}

// offer makes, stores and sends one attempt: for a new nonce, or for a live bundle with
// higher fees. Nothing happens, and it reports false, where the executor has no nonce or no
// money for it now, or where the fees would be above the budget, which is errBudget.
func (b *Bundler) offer(ctx context.Context, now head, x *executor, live *liveBundle, c content) (bool, error) {
	if err := b.look(ctx, now, x); err != nil {
		return false, err
	}
	var nonce uint64
	if live != nil {
		nonce = uint64(live.nonce) // #nosec G115 -- not negative in the table
	} else {
		var ok bool
		var err error
		if nonce, c.gap, ok, err = b.nextNonce(ctx, x); err != nil || !ok {
			return false, err
		}
		if c.gap {
			c = b.filler(x)
			c.gap = true
			b.log.Warn("a gap in an executor's nonces is filled", "chain", b.chain, "executor", x.name, "nonce", nonce)
		}
	}
	fees, err := b.price(ctx, now, live, c.budget)
	if err != nil {
		return false, err
	}
	if !b.affords(x, fees, c) {
		return false, nil
	}

	tx, err := b.sign(ctx, x, &types.DynamicFeeTx{
		ChainID: b.chainID, Nonce: nonce, GasFeeCap: fees.cap, GasTipCap: fees.tip,
		Gas: c.gas, To: &c.to, Value: c.value, Data: c.data,
	})
	if err != nil {
		x.away = b.clock().Add(awayFor)
		return false, err
	}
	raw, err := tx.MarshalBinary()
	if err != nil {
		return false, err
	}
	b.checkpoint("bundler.before_stored")
	if err := b.store(ctx, now, x, live, tx, raw, c); err != nil {
		return false, fmt.Errorf("store bundle %d: %w", nonce, err)
	}
	b.log.Info("bundle stored", "chain", b.chain, "executor", x.name, "nonce", nonce, "kind", c.kind, "transaction", tx.Hash(),
		"operations", len(c.ops), "fee", fees.cap, "tip", fees.tip)
	b.checkpoint("bundler.stored")
	x.balance.Sub(x.balance, tx.Cost())
	if _, err = b.broadcast(ctx, now, coffer.Hash(tx.Hash()), raw); err != nil {
		b.log.Warn("a new attempt was not taken by the node", "chain", b.chain, "executor", x.name, "nonce", nonce, "error", err)
	}
	return true, nil
}

// affords reports whether an executor can pay for a transaction on top of nothing else.
func (b *Bundler) affords(x *executor, f fees, c content) bool {
	need := new(big.Int).Mul(f.cap, new(big.Int).SetUint64(c.gas))
	if x.balance.Cmp(need.Add(need, c.value)) >= 0 {
		return true
	}
	b.log.Error("the executor has too little gas money", "chain", b.chain, "executor", x.name, "balance", x.balance, "need", need)
	return false
}

// errUnsigned says that an executor does not sign. Others may.
var errUnsigned = errors.New("the executor does not sign")

// sign has the executor sign, and checks that it signed what it was given.
func (b *Bundler) sign(ctx context.Context, x *executor, unsigned *types.DynamicFeeTx) (*types.Transaction, error) {
	ctx, cancel := context.WithTimeout(ctx, signTimeout)
	defer cancel()
	want := types.NewTx(unsigned)
	tx, err := x.SignTx(ctx, want, b.chainID)
	if err != nil {
		return nil, fmt.Errorf("%w: bundle %d of %s: %w", errUnsigned, unsigned.Nonce, x.name, err)
	}
	signer := types.LatestSignerForChainID(b.chainID)
	from, err := types.Sender(signer, tx)
	if err != nil || from != x.address || signer.Hash(tx) != signer.Hash(want) {
		return nil, fmt.Errorf("%w: bundle %d of %s: it signed something else, or with another key (%s)", errUnsigned, unsigned.Nonce, x.name, from)
	}
	return tx, nil
}

// store commits an attempt: its bytes, its operations and its nonce in one transaction.
// Nothing was sent yet, so whatever changed in the meantime makes it fail without harm.
func (b *Bundler) store(ctx context.Context, now head, x *executor, live *liveBundle, signed *types.Transaction, raw []byte, c content) error {
	maxFee, err := amount(signed.GasFeeCap())
	if err != nil {
		return err
	}
	tip, err := amount(signed.GasTipCap())
	if err != nil {
		return err
	}
	nonce := int64(signed.Nonce()) // #nosec G115 -- bounded by maxStored
	attempt := bundlersql.InsertAttemptParams{
		TxHash: coffer.Hash(signed.Hash()), Chain: b.chain, Executor: x.name, Nonce: nonce, Raw: raw,
		MaxFee: maxFee, MaxPriorityFee: tip, Head: int64(now.Height), Nothing: c.nothing, Call: c.call, At: b.clock(), // #nosec G115 -- bounded by maxStored
	}
	if live != nil {
		attempt.Number = live.attempts[0].Number + 1
	}
	hashes := make([][]byte, len(c.ops))
	for i, op := range c.ops {
		hashes[i] = op.hash[:]
	}

	return b.db.Tx(ctx, func(tx pgx.Tx) error {
		q := bundlersql.New(tx)
		if err := b.takeNonce(ctx, q, live, x, nonce, c); err != nil {
			return err
		}
		if err := b.takeOperations(ctx, q, bundleKey{x.name, nonce}, c.ops); err != nil {
			return err
		}
		if err := b.takeCall(ctx, q, c); err != nil {
			return err
		}
		if err := q.InsertAttempt(ctx, attempt); err != nil {
			return err
		}
		if live != nil && live.alarm != "" {
			if _, err := q.SetAlarm(ctx, bundlersql.SetAlarmParams{Chain: b.chain, Executor: x.name, Nonce: nonce}); err != nil {
				return err
			}
		}
		return q.InsertAttemptOperations(ctx, bundlersql.InsertAttemptOperationsParams{TxHash: attempt.TxHash, Operations: hashes})
	})
}

// takeOperations moves operations into a bundle, after checking that no other live bundle
// holds their lanes.
func (b *Bundler) takeOperations(ctx context.Context, q *bundlersql.Queries, key bundleKey, ops []candidate) error {
	if len(ops) == 0 {
		return nil
	}
	held, err := heldLanes(ctx, q, b.chain)
	if err != nil {
		return err
	}
	for _, op := range ops {
		if holder, ok := held[op.lane()]; ok && holder != key {
			return fmt.Errorf("the lane of user operation %s is in bundle %d of %s: %w", op.hash, holder.nonce, holder.executor, errMoved)
		}
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
	return nil
}

// answer is what the node said of a transaction that it was given at a head.
type answer struct {
	class evm.Class
	needs evm.Needed
}

// broadcast sends stored bytes, once for each head, and reports whether it did. Whatever
// the node answers, the attempt stays: it may have arrived.
func (b *Bundler) broadcast(ctx context.Context, now head, tx coffer.Hash, raw []byte) (bool, error) {
	if b.sentAt != now.Hash {
		b.sentAt, b.sent = now.Hash, map[coffer.Hash]answer{}
	}
	if _, answered := b.sent[tx]; answered {
		return false, nil
	}
	b.checkpoint("bundler.before_broadcast")
	if err := b.node.send(ctx, raw); err != nil {
		var said rpc.Error
		if errors.As(err, &said) { // it will not change its mind before the next block
			b.sent[tx] = answer{evm.Classify(err), evm.NeededFees(err)}
		}
		return false, err
	}
	b.checkpoint("bundler.after_broadcast")
	b.sent[tx] = answer{}
	at := b.clock()
	if err := b.sql.SetSent(ctx, bundlersql.SetSentParams{TxHash: tx, At: &at}); err != nil {
		return true, err
	}
	b.checkpoint("bundler.sent")
	return true, nil
}
