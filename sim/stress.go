package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

const (
	stressPoll    = 2 * time.Millisecond // of processes that run by themselves, and of who waits for them
	stressTimeout = 3 * time.Minute      // until everything has come to its end
	stressAhead   = 6                    // blocks that the chains may be ahead of who applies them
)

// Stress lets processes run freely, all roles of each, while customers ask and cancel and the
// chains make so many blocks and reorganise, and then holds everything to the same invariants as
// a history. Unlike a history it is not the same twice: it looks for what only real contention
// for locks shows.
func Stress(tb testing.TB, families []Family, processes, blocks int) Report {
	tb.Helper()
	w := newWorld(tb, families, 0)
	w.poll = stressPoll
	for n := range processes {
		k := &worker{w: w, name: fmt.Sprintf("process-%d", n+1)}
		w.workers = append(w.workers, k)
		k.start(0)
	}
	w.open()

	ctx, stop := context.WithTimeout(w.ctx, stressTimeout)
	defer stop()
	group, running := errgroup.WithContext(ctx)
	running, halt := context.WithCancel(running)
	defer halt()
	for _, k := range w.workers {
		k.run(running, group)
	}
	err := w.live(running, blocks)
	halt()
	if stopped := group.Wait(); !errors.Is(stopped, context.Canceled) {
		err = errors.Join(err, stopped)
	}
	if err != nil {
		tb.Fatal(err)
	}

	for range 3 { // what was said last
		w.workers[0].sequence()
	}
	w.checkEnd()
	if n := w.deadlocks(); n > 0 {
		w.violate("the database broke %d deadlocks", n)
	}
	report := Report{Families: families}
	report.count(w)
	if err := w.broken(); err != nil {
		report.Failure = &Failure{Err: err}
	}
	return report
}

// deadlocks are those that the database counted. It counts each when who met it ends or has been
// idle; the processes are closed for it.
func (w *World) deadlocks() (n int) {
	for _, k := range w.workers {
		w.must(k.process.Close(w.db))
	}
	w.must(w.db.Pool().QueryRow(w.ctx, "select deadlocks from pg_stat_database where datname = current_database()").Scan(&n))
	return n
}

// run starts everything that a process does.
func (k *worker) run(ctx context.Context, group *errgroup.Group) {
	for _, x := range k.indexers {
		group.Go(func() error { return x.Run(ctx) })
	}
	for _, run := range []func(context.Context) error{k.deposits.Run, k.withdrawals.Run, k.payouts.Run, k.log.Run} {
		group.Go(func() error { return run(ctx) })
	}
	group.Go(func() error {
		return every(ctx, func() error {
			_, err := k.books.Seal(ctx)
			return err
		})
	})
}

// every does something again and again until ctx ends.
func every(ctx context.Context, do func() error) error {
	tick := time.NewTicker(stressPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := do(); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// live is the world: blocks and customers, as fast as the processes follow.
func (w *World) live(ctx context.Context, blocks int) error {
	rng := rand.New(rand.NewPCG(1, 4))
	customersDone := make(chan error, 1)
	go func() { customersDone <- w.demand(ctx, blocks) }()
	for n := 0; n < blocks; n++ {
		c := pick(rng, w.chains)
		w.outside.Lock()
		if rng.IntN(2) == 0 {
			w.strangerPays(c, w.users[c.id][pick(rng, customers)], pick(rng, c.assets()), uint64(between(rng, 1, 3000)))
		}
		if deepest := c.deepest(); rng.IntN(6) == 0 && deepest > 0 {
			depth := between(rng, 1, min(deepest, 4))
			c.reorganise(depth, between(rng, depth, depth+2), rng, mixed(rng))
			w.seen["reorganisations"]++
		}
		c.mine(1, rng, mixed(rng))
		c.moveFinal(5)
		w.outside.Unlock()
		w.follow()
		if err := w.await(ctx, c, stressAhead); err != nil {
			return err
		}
	}
	if err := <-customersDone; err != nil {
		return err
	}

	for len(w.left()) > 0 { // until everything has ended
		if ctx.Err() != nil {
			return fmt.Errorf("it never ends: %v", w.left())
		}
		w.review()
		w.clearAlarms()
		for _, c := range w.chains {
			w.outside.Lock()
			c.mine(1, rng, all)
			c.moveFinal(2)
			w.outside.Unlock()
			w.follow()
			if err := w.await(ctx, c, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// await waits until deposits and payouts have applied a chain up to so many blocks below its tip.
func (w *World) await(ctx context.Context, c *chain, behind uint64) error {
	want := c.Tip().Height - min(behind, c.Tip().Height)
	tick := time.NewTicker(stressPoll)
	defer tick.Stop()
	for {
		var deposits, payouts int64
		err := w.db.Pool().QueryRow(ctx, `select coalesce((select height from deposit_cursor where chain = $1), -1), coalesce((select height from payout_cursor where chain = $1), -1)`,
			string(c.id)).Scan(&deposits, &payouts)
		if err != nil {
			return fmt.Errorf("%s at height %d: %w", c.id, want, err)
		}
		if deposits >= int64(want) && payouts >= int64(want) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: deposits are at %d and payouts at %d, want %d: %w", c.id, deposits, payouts, want, ctx.Err())
		case <-tick.C:
		}
	}
}

// demand is customers that ask for withdrawals, the same one of several processes at once, and
// cancel some.
func (w *World) demand(ctx context.Context, most int) error {
	rng := rand.New(rand.NewPCG(1, 5))
	for n := 1; n <= most/3; n++ {
		c := pick(rng, w.chains)
		asked := &wish{request: withdrawal.Request{
			Tenant: tenant, Account: pick(rng, customers), IdempotencyKey: strconv.Itoa(n), Chain: c.id, Asset: pick(rng, c.assets()),
			Destination: string(c.address("destination " + strconv.Itoa(n))), Amount: strconv.Itoa(between(rng, 1, 800)),
		}}
		cancels := rng.IntN(8) == 0
		var group errgroup.Group
		answers := make([]coffer.Withdrawal, len(w.workers))
		for i, k := range w.workers {
			group.Go(func() (err error) {
				answers[i], err = k.withdrawals.Request(ctx, asked.request)
				if code := coffer.ErrorCode(err); code == coffer.CodeInsufficient {
					return nil
				}
				if err == nil && cancels {
					if _, err := k.withdrawals.Cancel(ctx, tenant, answers[i].ID); err != nil && coffer.ErrorCode(err) != coffer.CodeConflict {
						return err
					}
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return fmt.Errorf("request %d: %w", n, err)
		}
		for _, answer := range answers {
			if asked.got.ID != "" && answer.ID != "" && answer.ID != asked.got.ID {
				w.violate("key %d is withdrawal %s and %s", n, asked.got.ID, answer.ID)
			}
			if answer.ID != "" {
				asked.got = answer
			}
		}
		w.wishes = append(w.wishes, asked)
	}
	return nil
}
