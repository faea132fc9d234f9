package bundler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler/bundlersql"
)

// Executor signs the transactions that carry bundles. Its key must be used by one bundler
// only and by nothing else, or its nonces are lost to each other.
type Executor interface {
	Address() common.Address
	SignTx(ctx context.Context, tx *types.Transaction, chainID *big.Int) (*types.Transaction, error)
}

// awayFor is how long an executor that did not sign comes after the others: a signer that
// hangs costs signTimeout each time.
const awayFor = time.Minute

// maxGap bounds how many nonces below the next one are looked at for a gap.
const maxGap = 64

// executor is one of our keys, with what the chain said of it at a head.
type executor struct {
	Executor
	address common.Address
	name    string // as the tables have it

	away time.Time // it did not sign: asked after the others until then

	at      coffer.Hash // the head that the following is of
	nonce   uint64
	balance *big.Int // wei
}

// bundleKey names a bundle on this chain.
type bundleKey struct {
	executor string
	nonce    int64
}

// connectExecutors refuses keys that cannot work, and opens the rows of the others.
func (b *Bundler) connectExecutors(ctx context.Context, keys []Executor) error {
	for _, key := range keys {
		x := &executor{Executor: key, address: key.Address(), name: key.Address().Hex()}
		if slices.ContainsFunc(b.executors, func(other *executor) bool { return other.address == x.address }) {
			return fmt.Errorf("executor %s stands twice", x.address)
		}
		if hasCode, err := b.node.hasCode(ctx, x.address); err != nil {
			return err
		} else if hasCode {
			return fmt.Errorf("executor %s has code: it must be a plain key", x.address)
		}
		nonce, err := b.node.nonce(ctx, x.address, "latest")
		if err != nil {
			return err
		}
		if err := b.sql.InsertExecutor(ctx, bundlersql.InsertExecutorParams{
			Chain: b.chain, Address: x.name, NextNonce: int64(nonce), // #nosec G115 -- bounded by maxStored
		}); err != nil {
			return err
		}
		b.executors = append(b.executors, x)
	}
	return nil
}

// Executors lists every executor that this bundler or one before it had on the chain: their
// transactions may still land.
func (b *Bundler) Executors(ctx context.Context) ([]common.Address, error) {
	rows, err := b.sql.Executors(ctx, b.chain)
	if err != nil {
		return nil, err
	}
	addresses := make([]common.Address, len(rows))
	for i, row := range rows {
		addresses[i] = common.HexToAddress(row)
	}
	return addresses, nil
}

// look asks for an executor's nonce and balance, once for each head.
func (b *Bundler) look(ctx context.Context, now head, x *executor) (err error) {
	if x.at == now.Hash {
		return nil
	}
	if x.nonce, err = b.node.nonce(ctx, x.address, "latest"); err != nil {
		return err
	}
	if x.balance, err = b.node.balance(ctx, x.address); err != nil {
		return err
	}
	x.at = now.Hash
	return nil
}

// isAway is 1 for an executor that did not sign a short while ago.
func (x *executor) isAway(at time.Time) int {
	if at.Before(x.away) {
		return 1
	}
	return 0
}

// executorOf is the executor with a name, nil for one that is no longer ours.
func (b *Bundler) executorOf(name string) *executor {
	for _, x := range b.executors {
		if x.name == name {
			return x
		}
	}
	return nil
}

// free lists the executors that can take one more bundle: those that sign first, the least
// busy of them, the richest of those. One whose lowest nonce is parked takes none: it would wait behind it.
func (b *Bundler) free(ctx context.Context, now head, live []liveBundle) ([]*executor, error) {
	busy := map[string]int{}
	parked := map[string]bool{}
	for _, l := range live {
		busy[l.executor]++
		parked[l.executor] = parked[l.executor] || l.alarm != ""
	}
	var free []*executor
	for _, x := range b.executors {
		if busy[x.name] >= b.limits.MaxInFlight || parked[x.name] {
			continue
		}
		if err := b.look(ctx, now, x); err != nil {
			return nil, err
		}
		free = append(free, x)
	}
	at := b.clock()
	slices.SortStableFunc(free, func(x, y *executor) int {
		return cmp.Or(cmp.Compare(x.isAway(at), y.isAway(at)), cmp.Compare(busy[x.name], busy[y.name]), y.balance.Cmp(x.balance))
	})
	return free, nil
}

// nextNonce is the nonce of an executor's next bundle: the one that follows all of ours, or
// the chain's where somebody else has used the key. A nonce of ours below it that has no
// bundle is a gap, at which all later transactions wait: it is given out first. It reports
// false while the node has not seen what it has shown before.
func (b *Bundler) nextNonce(ctx context.Context, x *executor) (nonce uint64, gap, ok bool, err error) {
	stored, err := b.sql.NextNonce(ctx, bundlersql.NextNonceParams{Chain: b.chain, Address: x.name})
	if err != nil {
		return 0, false, false, err
	}
	next := uint64(stored) // #nosec G115 -- not negative in the table
	if x.nonce >= next {
		if x.nonce > next {
			b.log.Error("the executor's key was used by somebody else", "chain", b.chain, "executor", x.name, "nonce", x.nonce, "stored", next)
		}
		return x.nonce, false, true, nil
	}
	known, err := b.sql.BundlesFrom(ctx, bundlersql.BundlesFromParams{
		Chain: b.chain, Executor: x.name, Nonce: int64(x.nonce), Max: maxGap, // #nosec G115 -- bounded by maxStored
	})
	if err != nil {
		return 0, false, false, err
	}
	for n := x.nonce; n < min(next, x.nonce+maxGap); n++ {
		if !slices.Contains(known, int64(n)) { // #nosec G115 -- bounded by maxStored
			return n, true, true, nil
		}
	}
	ended, err := b.sql.EndedFrom(ctx, bundlersql.EndedFromParams{Chain: b.chain, Executor: x.name, Nonce: int64(x.nonce)}) // #nosec G115 -- bounded by maxStored
	if err == nil && ended {
		b.log.Warn("the node is behind our own transactions; no new bundle", "chain", b.chain, "executor", x.name, "nonce", x.nonce, "stored", next)
	}
	return next, false, !ended, err
}

// takeNonce opens a bundle for a new nonce, or checks that a live one is still live. The
// lock on the executors' rows keeps two bundlers apart.
func (b *Bundler) takeNonce(ctx context.Context, q *bundlersql.Queries, live *liveBundle, x *executor, nonce int64, c content) error {
	rows, err := q.LockExecutors(ctx, b.chain)
	if err != nil {
		return err
	}
	count, err := q.CountLive(ctx, bundlersql.CountLiveParams{Chain: b.chain, Executor: x.name, Nonce: nonce})
	if err != nil {
		return err
	}
	if live != nil {
		if count.Same != 1 {
			return errMoved
		}
		return nil // the attempt's number is unique
	}
	if c.target != "" {
		if held, err := q.TargetHeld(ctx, bundlersql.TargetHeldParams{Chain: b.chain, Target: c.target}); err != nil || held {
			return errors.Join(err, errMoved)
		}
	}
	at := slices.IndexFunc(rows, func(row bundlersql.LockExecutorsRow) bool { return row.Address == x.name })
	if at < 0 {
		return errors.New("the executor has no row")
	}
	next := rows[at].NextNonce
	if (nonce < next) != c.gap || int(count.Live) >= b.limits.MaxInFlight {
		return errMoved
	}
	if err := q.InsertBundle(ctx, bundlersql.InsertBundleParams{
		Chain: b.chain, Executor: x.name, Nonce: nonce, Kind: c.kind, Target: c.target, At: b.clock(),
	}); err != nil {
		return err
	}
	if c.gap {
		return nil
	}
	return q.SetNextNonce(ctx, bundlersql.SetNextNonceParams{Chain: b.chain, Address: x.name, NextNonce: nonce + 1})
}
