package bundler

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/evm"
)

// Operations are checked in batches: what is cheap first, the node last.
//
//	shape, allow-list, gas   in the caller's goroutine
//	known already?           one question to the database for a batch
//	fee floor                against the head, which is asked for once for each block
//	signatures               of a batch at once, over all cores; owners of Safes are kept
//	nonce                    kept for each lane until the head changes
//	simulation               lanes beside each other, the operations of a lane in order
//
// Batches form by themselves: operations of one sender wait in a partition while an earlier
// batch of it is checked. Partitions do not wait for each other.
const (
	partitions     = 16
	pipelineBatch  = 64
	simulateAtOnce = 8 // of one partition
)

// intake is an operation on its way.
type intake struct {
	ctx  context.Context //nolint:containedctx // of the caller who waits for done
	op   operation
	raw  evm.UserOperation
	done chan error // buffered, told once
}

// partition holds the operations of some senders.
type partition struct {
	mu      sync.Mutex
	waiting []*intake
	busy    bool
}

// check puts an operation through the pipeline and returns when it is stored or refused.
func (b *Bundler) check(ctx context.Context, op operation, raw evm.UserOperation) error {
	sender := op.packed.Sender
	p := &b.intake[int(sender[len(sender)-1])%partitions]
	in := &intake{ctx, op, raw, make(chan error, 1)}

	p.mu.Lock()
	p.waiting = append(p.waiting, in)
	lead := !p.busy
	p.busy = true
	p.mu.Unlock()
	if lead {
		go b.drain(p) // ends when nothing waits
	}
	select {
	case err := <-in.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drain checks batches until none waits.
func (b *Bundler) drain(p *partition) {
	for {
		p.mu.Lock()
		batch := slices.Clone(p.waiting[:min(len(p.waiting), pipelineBatch)])
		p.waiting = slices.Delete(p.waiting, 0, len(batch))
		p.busy = len(batch) > 0
		p.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		b.checkBatch(batch)
	}
}

// checkBatch tells every operation of a batch how it went.
func (b *Bundler) checkBatch(batch []*intake) {
	ctx, cancel := context.WithTimeout(context.Background(), nodeTimeout)
	defer cancel()
	fresh, err := b.unknown(ctx, batch)
	var now head
	if err == nil && len(fresh) > 0 {
		now, err = b.view.head(ctx, b)
	}
	if err != nil {
		for _, in := range fresh {
			in.done <- err
		}
		return
	}
	fresh = slices.DeleteFunc(fresh, func(in *intake) bool {
		_, fee := unpack128(in.op.packed.GasFees)
		low := fee.Cmp(now.BaseFee) < 0
		if low {
			in.done <- invalid("maxFeePerGas", "is %s, below the base fee of the latest block, %s", fee, now.BaseFee)
		}
		return low
	})
	fresh = b.signed(ctx, fresh)

	lanes := map[laneKey][]*intake{}
	for _, in := range fresh {
		key := laneKey{in.op.packed.Sender.Hex(), string(lane(in.op.packed))}
		lanes[key] = append(lanes[key], in)
	}
	var group errgroup.Group
	group.SetLimit(simulateAtOnce)
	for _, list := range lanes {
		slices.SortStableFunc(list, func(x, y *intake) int { return sequence(x.op.packed).Cmp(sequence(y.op.packed)) })
		group.Go(func() error {
			for _, in := range list {
				in.done <- b.admit(in.ctx, in.op, now)
			}
			return nil
		})
	}
	_ = group.Wait() // nothing in it returns an error
}

// unknown tells those that are held already, and returns the others. With an error it
// returns all.
func (b *Bundler) unknown(ctx context.Context, batch []*intake) ([]*intake, error) {
	hashes := make([][]byte, len(batch))
	for i, in := range batch {
		hashes[i] = in.op.hash[:]
	}
	rows, err := b.sql.HeldOperations(ctx, hashes)
	if err != nil {
		return batch, err
	}
	held := map[coffer.Hash]bool{}
	for _, hash := range rows {
		held[hash] = true
	}
	return slices.DeleteFunc(batch, func(in *intake) bool {
		if held[in.op.hash] {
			in.done <- nil
		}
		return held[in.op.hash]
	}), nil
}

// signed checks the owners' signatures of a batch's Safe operations at once and refuses
// those that are not by enough owners. What it cannot judge the simulation does.
func (b *Bundler) signed(ctx context.Context, batch []*intake) []*intake {
	if b.module == (common.Address{}) {
		return batch
	}
	type span struct{ from, to int }
	var all []evm.Recovery
	spans := make([]span, len(batch))
	for i, in := range batch {
		_, list, ok := in.raw.SafeSignatures(b.chainID.Uint64(), b.module, b.entryPoint)
		if _, known := b.view.owners(ctx, b, in.op.packed.Sender, false); ok && known {
			spans[i] = span{len(all), len(all) + len(list)}
			all = append(all, list...)
		}
	}
	evm.RecoverSigners(all)
	var passed []*intake
	for i, in := range batch {
		if s := spans[i]; s.to > s.from && !b.ownersSigned(ctx, in.op.packed.Sender, all[s.from:s.to]) {
			in.done <- refuse(CodeSignature, "AA24 signature error")
			continue
		}
		passed = append(passed, in)
	}
	return passed
}

// ownersSigned looks again when owners do not match: they may have changed.
func (b *Bundler) ownersSigned(ctx context.Context, sender common.Address, list []evm.Recovery) bool {
	for _, again := range []bool{false, true} {
		safe, known := b.view.owners(ctx, b, sender, again)
		if !known || evm.CheckSigners(safe.owners, safe.threshold, list) == nil {
			return true
		}
	}
	return false
}

// view is what the pipeline remembers of the chain.
type view struct {
	mu        sync.Mutex
	now       head
	at        int64 // when now was asked for, Unix nanoseconds
	sequences map[laneKey]uint64
	safes     map[common.Address]safeOwners
}

// safeOwners is who has to sign for a Safe; threshold zero for a sender that is none.
type safeOwners struct {
	owners    []common.Address
	threshold int
	at        coffer.Hash // the head it was read at
}

// maxRemembered bounds what a view holds of each kind.
const maxRemembered = 10_000

// learn takes a head in. A new one ends what was true at the one before.
func (v *view) learn(now head, at int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now.Hash != v.now.Hash || v.sequences == nil || len(v.sequences) > maxRemembered {
		v.sequences = map[laneKey]uint64{}
	}
	v.now, v.at = now, at
}

// head is the latest block, at most as old as the time between two looks at the chain.
func (v *view) head(ctx context.Context, b *Bundler) (head, error) {
	at := b.clock().UnixNano()
	v.mu.Lock()
	now, age := v.now, at-v.at
	v.mu.Unlock()
	if !now.Hash.IsZero() && age >= 0 && age < int64(b.poll) {
		return now, nil
	}
	now, err := b.node.latest(ctx)
	if err == nil {
		v.learn(now, at)
	}
	return now, err
}

// sequence is a lane's next one at the latest block.
func (v *view) sequence(ctx context.Context, b *Bundler, op bindings.PackedUserOperation, now head) (uint64, error) {
	key := laneKey{op.Sender.Hex(), string(lane(op))}
	v.mu.Lock()
	next, known := v.sequences[key]
	known = known && v.now.Hash == now.Hash
	v.mu.Unlock()
	if known {
		return next, nil
	}
	next, err := b.nextSequence(ctx, op, "latest")
	if err != nil {
		return 0, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.now.Hash == now.Hash && v.sequences != nil {
		v.sequences[key] = next
	}
	return next, nil
}

// owners reads who has to sign for a Safe, once, or again where the head has changed. It
// reports false for a sender of which that cannot be read.
func (v *view) owners(ctx context.Context, b *Bundler, sender common.Address, again bool) (safeOwners, bool) {
	v.mu.Lock()
	safe, known := v.safes[sender]
	at := v.now.Hash
	v.mu.Unlock()
	if known && (!again || safe.at == at) {
		return safe, safe.threshold > 0
	}
	safe, err := b.readOwners(ctx, sender)
	var reverted *revertError
	if err != nil && !errors.As(err, &reverted) {
		return safeOwners{}, false // of the node: not remembered
	}
	safe.at = at
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.safes == nil || len(v.safes) > maxRemembered {
		v.safes = map[common.Address]safeOwners{}
	}
	v.safes[sender] = safe
	return safe, safe.threshold > 0
}

func (b *Bundler) readOwners(ctx context.Context, sender common.Address) (safeOwners, error) {
	binding := bindings.NewSafe()
	out, err := b.node.call(ctx, call{To: sender, Data: binding.PackGetOwners()}, nil)
	if err != nil {
		return safeOwners{}, err
	}
	owners, err := binding.UnpackGetOwners(out)
	if err != nil {
		return safeOwners{}, nil //nolint:nilerr // an account of another kind
	}
	if out, err = b.node.call(ctx, call{To: sender, Data: binding.PackGetThreshold()}, nil); err != nil {
		return safeOwners{}, err
	}
	threshold, err := binding.UnpackGetThreshold(out)
	if err != nil || !threshold.IsInt64() || threshold.Int64() > evm.MaxOwners || threshold.Sign() <= 0 {
		return safeOwners{}, nil //nolint:nilerr // as above
	}
	return safeOwners{owners: owners, threshold: int(threshold.Int64())}, nil
}
