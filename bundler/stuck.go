package bundler

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer/bundler/bundlersql"
	"github.com/cofferhq/coffer/evm"
)

// push gives stuck bundles another attempt, each at most once for each head.
func (b *Bundler) push(ctx context.Context, now head, live []liveBundle) (bool, error) {
	blocked, err := b.blocked(ctx, live)
	if err != nil {
		return false, err
	}
	moved := false
	var failed []error
	for i := range live {
		l := &live[i]
		first := i == 0 || live[i-1].executor != l.executor
		followed := blocked || (i+1 < len(live) && live[i+1].executor == l.executor)
		if b.tried[l.bundleKey] == now.Hash || !b.stuck(now, l, first) {
			continue
		}
		made, err := b.again(ctx, now, l, followed)
		moved = moved || made
		if err != nil { // of this executor: the others go on
			failed = append(failed, fmt.Errorf("bundle %d of %s: %w", l.nonce, l.executor, err))
			continue
		}
		b.tried[l.bundleKey] = now.Hash
	}
	if len(b.tried) > maxOpen {
		clear(b.tried)
	}
	return moved, errors.Join(failed...)
}

// blocked reports whether work waits that no executor can take, because each has a parked
// bundle.
func (b *Bundler) blocked(ctx context.Context, live []liveBundle) (bool, error) {
	parked := map[string]bool{}
	for _, l := range live {
		if l.alarm != "" {
			parked[l.executor] = true
		}
	}
	for _, x := range b.executors {
		if !parked[x.name] {
			return false, nil
		}
	}
	ops, err := b.pooled(ctx)
	if err != nil || len(ops) > 0 {
		return err == nil, err
	}
	calls, err := b.sql.PooledCalls(ctx, bundlersql.PooledCallsParams{Chain: b.chain, Max: 1})
	return err == nil && len(calls) > 0, err
}

// stuck reports whether a bundle needs another attempt: no block takes its fee, the node
// wants more, another call took the place of its own, or it is the executor's first and was not included for a while. Those behind
// the first wait for it.
func (b *Bundler) stuck(now head, l *liveBundle, first bool) bool {
	last := l.attempts[0]
	switch said := b.sent[last.TxHash]; {
	case now.BaseFee.Cmp(last.MaxFee.Int().ToBig()) > 0:
		return true
	case said.class == evm.ReplacementUnderpriced || said.class == evm.FeeTooLow:
		return true
	case l.outdated:
		return true
	case b.executorOf(l.executor) == nil:
		return false
	}
	return first && now.Height >= uint64(last.Head)+b.limits.EscalateBlocks // #nosec G115 -- not negative in the table
}

// again makes the next attempt of a stuck bundle. Where nothing of what it was for is left
// to do, a payment of nothing takes its nonce. Where its budget is spent it is parked, or,
// when others of the executor wait behind it, makes way for them in the same manner: what
// it held waits in the pool for fees to fall.
func (b *Bundler) again(ctx context.Context, now head, l *liveBundle, followed bool) (bool, error) {
	x := b.executorOf(l.executor)
	if x == nil {
		return false, b.park(ctx, l, "its executor is none of ours any more")
	}
	if err := b.look(ctx, now, x); err != nil {
		return false, err
	}
	if b.clock().Before(x.away) {
		return false, nil
	}
	if x.nonce > uint64(l.nonce) { // #nosec G115 -- not negative in the table
		return false, nil // used by an attempt that shows soon, or by somebody else, which counts when it is final
	}
	c, err := b.contentOf(ctx, now, x, l)
	if err != nil {
		return false, err
	}
	made, err := b.offer(ctx, now, x, l, c)
	if errors.Is(err, errBudget) && followed && !c.nothing {
		b.log.Warn("a bundle above its budget makes way for those behind it", "chain", b.chain, "executor", x.name, "nonce", l.nonce, "error", err)
		made, err = b.offer(ctx, now, x, l, b.filler(x))
	}
	if errors.Is(err, errBudget) {
		return false, b.park(ctx, l, err.Error())
	}
	return made, err
}

// contentOf is what the next attempt of a live bundle does.
func (b *Bundler) contentOf(ctx context.Context, now head, x *executor, l *liveBundle) (content, error) {
	if l.attempts[0].Nothing {
		return b.filler(x), nil // earlier attempts may still land; what they held stays with them
	}
	switch l.kind {
	case kindOperations:
		rows, err := b.sql.BundleOperations(ctx, bundlersql.BundleOperationsParams{Chain: b.chain, Executor: l.executor, Nonce: l.nonce})
		if err != nil {
			return content{}, err
		}
		var waiting []bundlersql.BundlerOperation
		for _, row := range rows {
			if row.State == stateBundled {
				waiting = append(waiting, row)
			}
		}
		pooled, err := b.pooled(ctx)
		if err != nil {
			return content{}, err
		}
		c, err := b.operations(ctx, now, x, l, append(waiting, pooled...))
		if err != nil || len(c.ops) > 0 {
			return c, err
		}
		if cost := cheapest(waiting); cost != nil && cost.Cmp(now.BaseFee) < 0 {
			return content{kind: kindOperations, value: new(big.Int), budget: cost}, nil // above budget: offer says so
		}
	case kindCall:
		if c, ok, err := b.callAgain(ctx, x, l); err != nil || ok {
			return c, err
		}
	case kindRefill:
		return b.sameAgain(l)
	}
	return b.filler(x), nil
}

// cheapest is the lowest fee that one of these operations pays at most.
func cheapest(rows []bundlersql.BundlerOperation) *big.Int {
	var least *big.Int
	for _, row := range rows {
		if fee := wei(row.MaxFee); least == nil || fee.Cmp(least) < 0 {
			least = fee
		}
	}
	return least
}

// sameAgain is what the last attempt does.
func (b *Bundler) sameAgain(l *liveBundle) (content, error) {
	var tx types.Transaction
	if err := tx.UnmarshalBinary(l.attempts[0].Raw); err != nil || tx.To() == nil {
		return content{}, fmt.Errorf("stored attempt %s: %w", l.attempts[0].TxHash, err)
	}
	return content{
		kind: l.kind, target: l.target, to: *tx.To(), value: tx.Value(), data: tx.Data(), gas: tx.Gas(), budget: b.limits.MaxFeePerGas,
	}, nil
}

// park says aloud that a bundle waits for lower fees or for a person. It stays where it is:
// its attempts may land, and are sent again with every block.
func (b *Bundler) park(ctx context.Context, l *liveBundle, why string) error {
	rows, err := b.sql.SetAlarm(ctx, bundlersql.SetAlarmParams{Alarm: why, Chain: b.chain, Executor: l.executor, Nonce: l.nonce})
	if err == nil && rows > 0 {
		b.log.Error("a bundle is parked", "chain", b.chain, "executor", l.executor, "nonce", l.nonce, "attempts", len(l.attempts), "alarm", why)
	}
	return err
}

// Parked is a bundle that waits because its fee budget is spent.
type Parked struct {
	Executor string // address
	Nonce    uint64
	Alarm    string // why
}

// Parked lists the bundles that are parked.
func (b *Bundler) Parked(ctx context.Context) ([]Parked, error) {
	rows, err := b.sql.Alarms(ctx, bundlersql.AlarmsParams{Chain: b.chain, Max: maxOpen})
	if err != nil {
		return nil, err
	}
	var parked []Parked
	for _, row := range rows {
		parked = append(parked, Parked{row.Executor, uint64(row.Nonce), row.Alarm}) // #nosec G115 -- not negative in the table
	}
	return parked, nil
}

// Status is what a bundler had to do after its last step.
type Status struct {
	InFlight int  // bundles in no block
	Parked   int  // of them, with an alarm
	Dry      bool // gas money is missing somewhere, and no executor has any to spare
}

// Status tells what was to do after the last step.
func (b *Bundler) Status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status
}

func (b *Bundler) report(live []liveBundle) {
	parked := 0
	for _, l := range live {
		if l.alarm != "" {
			parked++
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.InFlight, b.status.Parked = len(live), parked
}
