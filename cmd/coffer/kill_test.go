//go:build long

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// Bounds of the kill matrix.
const (
	killGroup   = 10                     // rounds between two looks at the books
	killPoll    = 100 * time.Millisecond // between two looks at what is waited for
	killTimeout = 2 * time.Minute        // until all of a group has ended well
	killDepth   = 3                      // blocks that a reorganisation replaces at most; anvil's final block is the fifth
)

// killRound is one kill.
type killRound struct {
	crashPoint
	reorg bool // the node replaces its last blocks before the server is back
	late  bool // it does so while the server starts
	moved bool // our transactions are in the new blocks, at another place; else executors' are gone
	depth uint64
}

func (r killRound) String() string {
	if !r.reorg {
		return r.name
	}
	when, what := "before", "dropped"
	if r.late {
		when = "during"
	}
	if r.moved {
		what = "moved"
	}
	return fmt.Sprintf("%s, %d blocks replaced %s the restart, our transactions %s", r.name, r.depth, when, what)
}

// killOnly in the environment is a regular expression: only points that match are tried.
const killOnly = "TEST_KILL_ONLY"

// killRounds are every point twice: as it is, and under a reorganisation.
func killRounds() []killRound {
	var rounds []killRound
	only := regexp.MustCompile(os.Getenv(killOnly))
	for i, point := range killPoints {
		if !only.MatchString(point.name) {
			continue
		}
		rounds = append(rounds, killRound{crashPoint: point},
			killRound{crashPoint: point, reorg: true, late: i%2 == 1, moved: i/2%2 == 1, depth: 2 + uint64(i%(killDepth-1))}) // #nosec G115 -- an index
	}
	return rounds
}

// TestKilledAnywhereCreditsAndPaysOnce kills the whole server with SIGKILL at every
// checkpoint, with deposits and withdrawals under way on both chains, and starts it again,
// with the last blocks as they were and with others in their place. The next kill comes
// before all has ended. Each deposit must be credited once, each withdrawal paid once, and
// the books must equal the chains.
func TestKilledAnywhereCreditsAndPaysOnce(t *testing.T) {
	k := newKillRun(t)
	ctx := t.Context()
	begin := time.Now()
	rounds := killRounds()
	for i, round := range rounds {
		roundBegin := time.Now()
		if err := k.round(ctx, i, round); err != nil {
			t.Fatalf("%s: %v", round, err)
		}
		t.Logf("%s: killed (%.1f s)", round, time.Since(roundBegin).Seconds())
		if i%killGroup == killGroup-1 || i == len(rounds)-1 || rounds[i+1].errand == stopToken {
			groupBegin := time.Now()
			if err := k.settle(ctx); err != nil {
				t.Fatalf("rounds up to %s: %v", round, err)
			}
			t.Logf("all is credited and paid once, the books equal the chains (%.1f s)", time.Since(groupBegin).Seconds())
		}
	}
	for _, side := range k.sides {
		if os.Getenv(killOnly) == "" && (side.dropped == 0 || side.moved == 0) {
			t.Errorf("%s: reorganisations dropped %d and moved %d transactions of executors: nothing was tried", side.title, side.dropped, side.moved)
		}
	}
	t.Logf("%d kills at %d points in %.0f s", len(rounds), len(killPoints), time.Since(begin).Seconds())
}

// killRun is the state of the matrix.
type killRun struct {
	*stack
	sides   []*killSide
	errands []*errand // under way
}

// errand is something that a customer or an operator wants, who asks until it is done.
type errand struct {
	what string
	do   func(ctx context.Context) error // harmless to repeat
	done bool
	last error // of the last try
}

func newKillRun(t *testing.T) *killRun {
	t.Helper()
	s := newTestStack(t)
	s.say = func(string, ...any) {} // thousands of states otherwise
	k := &killRun{stack: s}
	if err := s.server.stop(); err != nil {
		t.Fatal(err)
	}
	if err := k.extendConfig(); err != nil {
		t.Fatal(err)
	}
	if err := k.restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, chain := range s.chains {
		side, err := newKillSide(t.Context(), k, chain)
		if err != nil {
			t.Fatal(err)
		}
		k.sides = append(k.sides, side)
	}
	if err := k.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *killRun) restart(ctx context.Context, env ...string) error {
	if err := k.startServer(ctx, env...); err != nil {
		return err
	}
	for _, side := range k.sides {
		side.api.url = k.api.url
		side.server = k.server
	}
	return nil
}

// round kills the server once. It is up, with a point at which it does not die yet.
func (k *killRun) round(ctx context.Context, number int, r killRound) error {
	armed := k.path(fmt.Sprintf("armed-%d", number))
	if err := k.server.stop(); err != nil {
		return err
	}
	if err := k.restart(ctx, killPoint+"="+r.name, killArmed+"="+armed); err != nil {
		return err
	}
	if err := k.persist(ctx); err != nil {
		return err
	}
	if err := os.WriteFile(armed, nil, 0o600); err != nil {
		return err
	}
	if err := k.untilDead(ctx, number, r); err != nil {
		return err
	}

	group, groupCtx := errgroup.WithContext(ctx)
	replace := func() error { return k.replaceBlocks(groupCtx, r) }
	if r.reorg && !r.late {
		if err := replace(); err != nil {
			return err
		}
	}
	group.Go(func() error { return k.restart(ctx) })
	if r.reorg && r.late {
		group.Go(replace)
	}
	return group.Wait()
}

// untilDead lets customers do what passes the point, and waits until the server has died.
// What they are told meanwhile does not matter: they ask again.
func (k *killRun) untilDead(ctx context.Context, number int, r killRound) error {
	acting, cancel := context.WithCancel(ctx)
	defer cancel()
	chains, chainsCtx := errgroup.WithContext(ctx) // what does not go through the server has to work
	for _, side := range k.sides {
		if r.errand != emptyBlocks && r.errand != stopToken {
			k.errands = append(k.errands, side.withdraw(number))
		}
		if special := side.special(number, r.errand); special != nil {
			k.errands = append(k.errands, special)
		}
		chains.Go(func() error { return side.payIn(chainsCtx, 2) })
	}
	var asking errgroup.Group
	for _, e := range k.errands {
		asking.Go(func() error { e.try(acting); return nil })
	}

	timer := time.NewTimer(stepTimeout)
	defer timer.Stop()
	var late error
	select {
	case <-k.server.done:
	case <-timer.C:
		late = fmt.Errorf("the server passed no checkpoint %s within %s", r.name, stepTimeout)
	}
	cancel()
	err := errors.Join(late, asking.Wait(), chains.Wait())
	for _, e := range k.errands {
		if late != nil && !e.done {
			err = errors.Join(err, fmt.Errorf("%s: %w", e.what, e.last))
		}
	}
	return err
}

// try asks again and again until it is done or ctx ends.
func (e *errand) try(ctx context.Context) {
	ticker := time.NewTicker(killPoll)
	defer ticker.Stop()
	for !e.done && ctx.Err() == nil {
		if e.last = e.do(ctx); e.last == nil {
			e.done = true
			return
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// persist gets done what customers asked for before the server died.
func (k *killRun) persist(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, killTimeout)
	defer cancel()
	var group errgroup.Group
	for _, e := range k.errands {
		group.Go(func() error {
			if e.try(ctx); !e.done {
				return fmt.Errorf("%s could not be done: %w", e.what, e.last)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	k.errands = nil
	return nil
}

// settle waits until everything has ended well, and looks at the books.
func (k *killRun) settle(ctx context.Context) error {
	if err := k.persist(ctx); err != nil {
		return err
	}
	var group errgroup.Group
	for _, side := range k.sides {
		group.Go(func() error {
			if err := side.settled(ctx); err != nil {
				return fmt.Errorf("%s: %w", side.title, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var books strings.Builder
	if err := k.sides[0].compare(ctx, &books); err != nil {
		return fmt.Errorf("%w\n%s", err, books.String())
	}
	return k.restart(ctx)
}
