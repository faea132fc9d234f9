package bundler

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/bundler/bundlersql"
)

const (
	maxTxBytes    = 128 << 10 // of a transaction in geth's pool
	txBytesSlack  = 1 << 10   // of that, what is not calldata
	candidatesFor = 4         // rows read for each place in a bundle
	lookBack      = 64        // blocks below the one an operation came at, for its event after a reorganisation
)

// liveBundle is a bundle in no block.
type liveBundle struct {
	bundleKey
	kind, target, alarm string
	outdated            bool                        // another call took the place of its own
	attempts            []bundlersql.BundlerAttempt // the last one first
}

// liveBundles lists those of all executors, each executor's lowest nonce first.
func (b *Bundler) liveBundles(ctx context.Context) ([]liveBundle, error) {
	open, err := b.sql.OpenBundles(ctx, bundlersql.OpenBundlesParams{Chain: b.chain, Max: maxOpen})
	if err != nil {
		return nil, err
	}
	var live []liveBundle
	for _, bundle := range open {
		if bundle.State != bundleLive {
			continue
		}
		attempts, err := b.sql.Attempts(ctx, bundlersql.AttemptsParams{Chain: b.chain, Executor: bundle.Executor, Nonce: bundle.Nonce})
		if err != nil {
			return nil, err
		}
		if len(attempts) == 0 {
			return nil, fmt.Errorf("bundle %d of %s has no attempt", bundle.Nonce, bundle.Executor)
		}
		l := liveBundle{bundleKey{bundle.Executor, bundle.Nonce}, bundle.Kind, bundle.Target, bundle.Alarm, false, attempts}
		if id := attempts[0].Call; id != nil {
			row, err := b.sql.Call(ctx, *id)
			if err != nil {
				return nil, err
			}
			l.outdated = row.State == stateReplaced
		}
		live = append(live, l)
	}
	return live, nil
}

// candidate is an operation that may go into the next attempt.
type candidate struct {
	hash   coffer.Hash
	packed bindings.PackedUserOperation
	row    bundlersql.BundlerOperation
}

// laneKey is whose operations wait for each other: a sender, and its key of the nonce.
type laneKey struct{ sender, lane string }

func (c candidate) lane() laneKey { return laneKey{c.row.Sender, string(c.row.Lane)} }

// heldLanes says which live bundle holds a lane. Its operations are in no other one: an
// earlier attempt may land, and the lane's next operation would fail before it does.
func heldLanes(ctx context.Context, q *bundlersql.Queries, chain string) (map[laneKey]bundleKey, error) {
	rows, err := q.HeldLanes(ctx, chain)
	if err != nil {
		return nil, err
	}
	held := make(map[laneKey]bundleKey, len(rows))
	for _, row := range rows {
		held[laneKey{row.Sender, string(row.Lane)}] = bundleKey{row.Executor, row.Nonce}
	}
	return held, nil
}

// bundle puts waiting operations into a bundle of an executor that has room for one.
func (b *Bundler) bundle(ctx context.Context, now head, live []liveBundle) (bool, error) {
	rows, err := b.pooled(ctx)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	attempted := turn{now.Hash, newest(rows), len(rows), len(live)}
	if attempted == b.stalled {
		return false, nil
	}
	made, err := b.bundleOn(ctx, now, live, rows)
	if err == nil && !made {
		b.stalled = attempted
	}
	return made, err
}

func (b *Bundler) bundleOn(ctx context.Context, now head, live []liveBundle, rows []bundlersql.BundlerOperation) (bool, error) {
	free, err := b.free(ctx, now, live)
	if err != nil {
		return false, err
	}
	var failed []error
	for _, x := range free {
		c, err := b.operations(ctx, now, x, nil, rows)
		if err != nil || len(c.ops) == 0 {
			return false, err
		}
		made, err := b.offer(ctx, now, x, nil, c)
		switch {
		case errors.Is(err, errBudget):
			b.log.Warn("fees are above what the operations pay; they wait", "chain", b.chain, "error", err)
			return false, nil
		case errors.Is(err, errUnsigned):
			failed = append(failed, err)
		case made || err != nil:
			return made, err
		}
	}
	return false, errors.Join(failed...)
}

// turn is what the decision to make a bundle depends on. While it stays the same there is
// no use in trying again.
type turn struct {
	head    coffer.Hash
	newest  int64 // operation
	waiting int
	live    int // bundles
}

func newest(rows []bundlersql.BundlerOperation) (accepted int64) {
	for _, row := range rows {
		accepted = max(accepted, row.Accepted)
	}
	return accepted
}

func (b *Bundler) pooled(ctx context.Context) ([]bundlersql.BundlerOperation, error) {
	return b.sql.PooledOperations(ctx, bundlersql.PooledOperationsParams{
		Chain: b.chain, EntryPoint: b.entryPoint.Hex(), Max: int32(b.limits.MaxBundleOperations * candidatesFor), // #nosec G115 -- far below 2^31
	})
}

// operations is the content of a bundle: those of these operations that could run now, as
// many as fit. It has no operation where none is left. live is the bundle that the attempt
// is for, nil for a new one.
func (b *Bundler) operations(ctx context.Context, now head, x *executor, live *liveBundle, rows []bundlersql.BundlerOperation) (content, error) {
	ops, err := b.candidates(ctx, now, live, rows)
	if err != nil || len(ops) == 0 {
		return content{}, err
	}
	if ops, err = b.passing(ctx, x, b.fitting(x, ops)); err != nil || len(ops) == 0 {
		return content{}, err
	}
	data := calldata(x, ops)
	return content{
		kind: kindOperations, to: b.entryPoint, value: new(big.Int), data: data,
		gas: bundleGas(packedOf(ops), data), budget: budgetOf(ops), ops: ops,
	}, nil
}

// budgetOf is the most wei per gas that a bundle may offer: what each of its operations
// pays at most, so that none is sent at a loss.
func budgetOf(ops []candidate) *big.Int {
	var budget *big.Int
	for _, op := range ops {
		_, fee := unpack128(op.packed.GasFees)
		if budget == nil || fee.Cmp(budget) < 0 {
			budget = fee
		}
	}
	return budget
}

// candidates are the operations that could run now, best tip first, each lane in order of
// its sequence. Lanes that another live bundle holds are left out.
func (b *Bundler) candidates(ctx context.Context, now head, live *liveBundle, rows []bundlersql.BundlerOperation) ([]candidate, error) {
	held, err := heldLanes(ctx, b.sql, b.chain)
	if err != nil {
		return nil, err
	}
	lanes := map[laneKey][]candidate{}
	var order []laneKey
	for _, row := range rows {
		key := laneKey{row.Sender, string(row.Lane)}
		if holder, ok := held[key]; ok && (live == nil || holder != live.bundleKey) {
			continue
		}
		packed, err := unpackOperation(row.Operation)
		if err != nil {
			return nil, fmt.Errorf("stored user operation %s: %w", row.Hash, err)
		}
		if lanes[key] == nil {
			order = append(order, key)
		}
		lanes[key] = append(lanes[key], candidate{row.Hash, packed, row})
	}

	var ready []candidate
	for _, key := range order {
		run, err := b.runnable(ctx, now, lanes[key])
		if err != nil {
			return nil, err
		}
		ready = append(ready, run...)
	}
	return ready, nil
}

// runnable is the part of a lane that can run one after the other from the chain's
// sequence on, at the current base fee.
func (b *Bundler) runnable(ctx context.Context, now head, ops []candidate) ([]candidate, error) {
	slices.SortFunc(ops, func(x, y candidate) int { return x.row.Sequence.Cmp(y.row.Sequence) })
	next, err := b.nextSequence(ctx, ops[0].packed, "latest")
	if err != nil {
		return nil, err
	}
	var run []candidate
	for _, op := range ops {
		seq := sequence(op.packed).Uint64()
		if seq < next {
			if err := b.consumed(ctx, op, seq); err != nil {
				return nil, err
			}
			continue
		}
		_, maxFee := unpack128(op.packed.GasFees)
		if seq != next || maxFee.Cmp(now.BaseFee) < 0 {
			break
		}
		run = append(run, op)
		next++
	}
	return run, nil
}

// consumed finds out what became of an operation whose nonce is used on the chain: it was
// included by somebody, or another operation took its place, which counts when final.
func (b *Bundler) consumed(ctx context.Context, op candidate, seq uint64) error {
	from := uint64(max(0, op.row.ReceivedHeight-lookBack))
	tx, found, err := b.node.eventTx(ctx, b.entryPoint, op.hash, from)
	if err != nil {
		return err
	}
	if found {
		r, err := b.canonicalReceipt(ctx, tx)
		if err != nil || r == nil {
			return err
		}
		return b.include(ctx, r, nil)
	}
	next, err := b.nextSequence(ctx, op.packed, "finalized")
	if err != nil || next <= seq {
		return err
	}
	return b.drop(ctx, op, "AA25 invalid account nonce: another operation used it")
}

// fitting is as many operations, in this order, as a transaction can hold.
func (b *Bundler) fitting(x *executor, ops []candidate) []candidate {
	ops = ops[:min(len(ops), b.limits.MaxBundleOperations)]
	for n := len(ops); n > 1; n-- {
		data := calldata(x, ops[:n])
		if len(data) <= maxTxBytes-txBytesSlack && bundleGas(packedOf(ops[:n]), data) <= b.limits.MaxBundleGas {
			return ops[:n]
		}
	}
	return ops[:min(len(ops), 1)]
}

// passing is what is left of a bundle when the EntryPoint has nothing against it. Who is
// at fault alone is dropped; who only does not go with the others waits.
func (b *Bundler) passing(ctx context.Context, x *executor, ops []candidate) ([]candidate, error) {
	for len(ops) > 0 {
		err := b.try(ctx, x, ops)
		var reverted *revertError
		if err == nil {
			return ops, nil
		}
		if !errors.As(err, &reverted) {
			return nil, err
		}
		f, named := decodeFailure(reverted.data)
		switch {
		case named && f.index < uint64(len(ops)):
			if err := b.judge(ctx, x, ops[f.index]); err != nil {
				return nil, err
			}
			ops = slices.Delete(slices.Clone(ops), int(f.index), int(f.index)+1) // #nosec G115 -- below len(ops)
		case len(ops) == 1:
			if err := b.judge(ctx, x, ops[0]); err != nil {
				return nil, err
			}
			return nil, nil
		default:
			ops = ops[:len(ops)/2] // nobody is named: try fewer; the rest comes next time
		}
	}
	return nil, nil
}

// try simulates handleOps with these operations.
func (b *Bundler) try(ctx context.Context, x *executor, ops []candidate) error {
	data := calldata(x, ops)
	return b.simulateBundle(ctx, x.address, data, bundleGas(packedOf(ops), data))
}

// judge drops an operation that fails alone. A nonce that is taken is nobody's fault: it
// shows in the next step what became of it.
func (b *Bundler) judge(ctx context.Context, x *executor, op candidate) error {
	err := b.try(ctx, x, []candidate{op})
	var reverted *revertError
	if !errors.As(err, &reverted) {
		return err
	}
	f, named := decodeFailure(reverted.data)
	if !named {
		return b.drop(ctx, op, "the bundle reverts and the EntryPoint names no reason")
	}
	if f.code == "AA25" {
		return nil
	}
	return b.drop(ctx, op, f.reason)
}

func (b *Bundler) drop(ctx context.Context, op candidate, reason string) error {
	b.log.Warn("user operation dropped", "chain", b.chain, "operation", op.hash, "sender", op.row.Sender, "reason", reason)
	return b.move(ctx, b.sql, op.hash, stateDropped, reason)
}

// calldata is handleOps with the executor as beneficiary.
func calldata(x *executor, ops []candidate) []byte {
	return packHandleOps(packedOf(ops), x.address)
}

func packedOf(ops []candidate) []bindings.PackedUserOperation {
	packed := make([]bindings.PackedUserOperation, len(ops))
	for i, op := range ops {
		packed[i] = op.packed
	}
	return packed
}

// nextSequence is a lane's next sequence at a block tag.
func (b *Bundler) nextSequence(ctx context.Context, op bindings.PackedUserOperation, at string) (uint64, error) {
	key := new(big.Int).SetBytes(lane(op))
	out, err := b.node.callAt(ctx, call{To: b.entryPoint, Data: entryPointABI.PackGetNonce(op.Sender, key)}, at)
	if err != nil {
		return 0, fmt.Errorf("nonce of %s: %w", op.Sender, err)
	}
	nonce, err := entryPointABI.UnpackGetNonce(out)
	if err != nil {
		return 0, fmt.Errorf("nonce of %s: %w", op.Sender, err)
	}
	return new(big.Int).And(nonce, maxUint64).Uint64(), nil
}
