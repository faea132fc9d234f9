//go:build long

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	alone bool // all of the rounds before has ended well
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

// killRounds are points twice: as they are, and under a reorganisation.
func killRounds(points []crashPoint, depths ...uint64) []killRound {
	var rounds []killRound
	only := regexp.MustCompile(os.Getenv(killOnly))
	for i, point := range points {
		if !only.MatchString(point.name) {
			continue
		}
		rounds = append(rounds, killRound{crashPoint: point},
			killRound{crashPoint: point, reorg: true, late: i%2 == 1, moved: i/2%2 == 1, depth: depths[i%len(depths)]})
	}
	return rounds
}

// TestKilledAnywhereCreditsAndPaysOnce kills the whole server with SIGKILL at every
// checkpoint, with deposits and withdrawals under way on both EVM chains, and starts it again,
// with the last blocks as they were and with others in their place. The next kill comes
// before all has ended. Each deposit must be credited once, each withdrawal paid once, and
// the books must equal the chains.
func TestKilledAnywhereCreditsAndPaysOnce(t *testing.T) {
	t.Parallel() // most of its time it waits for blocks
	newKillRun(t).rounds(t, killRounds(killPoints, 2, killDepth))
}

// quiet reports whether a round wants nothing on its way when it begins: its errand counts on
// what waits at the node being its own.
func quiet(r killRound) bool { return r.errand == stopToken || r.errand == emptyBlocks }

// rounds kills the server once in each round.
func (k *killRun) rounds(t *testing.T, rounds []killRound) {
	t.Helper()
	ctx := t.Context()
	begin := time.Now()
	for i, round := range rounds {
		roundBegin := time.Now()
		if err := k.round(ctx, i, round); err != nil {
			t.Fatalf("%s: %v", round, err)
		}
		t.Logf("%s: killed (%.1f s)", round, time.Since(roundBegin).Seconds())
		if i%killGroup == killGroup-1 || i == len(rounds)-1 || quiet(rounds[i+1]) || rounds[i+1].alone {
			groupBegin := time.Now()
			if err := k.settle(ctx); err != nil {
				t.Fatalf("rounds up to %s: %v", round, err)
			}
			t.Logf("all is credited and paid once, the books equal the chains (%.1f s)", time.Since(groupBegin).Seconds())
		}
	}
	for _, side := range k.sides {
		if dropped, moved := side.lost(); os.Getenv(killOnly) == "" && (dropped == 0 || moved == 0) {
			t.Errorf("%s: reorganisations dropped %d and moved %d transactions of ours: nothing was tried", side.name(), dropped, moved)
		}
	}
	t.Logf("%d kills in %.0f s", len(rounds), time.Since(begin).Seconds())
}

// killRun is the state of the matrix.
type killRun struct {
	*stack
	sides   []killChain
	errands []*errand // under way

	// compare stops the server and looks at the books, when all of it is final.
	compare func(ctx context.Context, out io.Writer) error
}

// killChain is a chain in the matrix, with what must be true in the end.
type killChain interface {
	name() string
	// follow goes on with the server that runs now.
	follow(s *stack)
	// payIn deposits so many units, which must be credited. It asks the server nothing.
	payIn(ctx context.Context, units int64) error
	// withdraw pays one unit to somebody new.
	withdraw(number int) *errand
	// special is what a round needs besides, or nil.
	special(number int, kind killErrand) *errand
	// replaceBlocks replaces the last blocks by others.
	replaceBlocks(ctx context.Context, r killRound) error
	// lost counts the transactions of ours that replaced blocks held: those that were gone then,
	// and those that were elsewhere.
	lost() (dropped, moved int)
	// settled waits until deposits and withdrawals have ended as they must, and checks what the
	// account has and what destinations got.
	settled(ctx context.Context) error
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
	k := startKillRun(t, (*stack).extendConfig)
	for _, chain := range k.chains {
		side, err := newKillSide(t.Context(), k, chain)
		if err != nil {
			t.Fatal(err)
		}
		k.sides, k.compare = append(k.sides, side), side.compare
	}
	if err := k.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	return k
}

// standStill lets the EVM chains make no blocks by themselves any more.
func (k *killRun) standStill(t *testing.T) {
	t.Helper()
	for _, chain := range k.chains {
		if err := chain.anvil.RPC().CallContext(t.Context(), nil, "evm_setIntervalMining", 0); err != nil {
			t.Fatal(err)
		}
	}
}

// startKillRun brings a stack up whose server has another configuration.
func startKillRun(t *testing.T, extend func(s *stack) error, change ...func(*stack)) *killRun {
	t.Helper()
	s := newTestStack(t, change...)
	s.say = func(string, ...any) {} // thousands of states otherwise
	k := &killRun{stack: s}
	if err := s.server.stop(); err != nil {
		t.Fatal(err)
	}
	if err := extend(s); err != nil {
		t.Fatal(err)
	}
	if err := k.restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	return k
}

// armed is the file that names the point at which the server dies.
func (k *killRun) armed() string { return k.path("armed") }

func (k *killRun) restart(ctx context.Context) error {
	if err := k.startServer(ctx, killArmed+"="+k.armed()); err != nil {
		return err
	}
	for _, side := range k.sides {
		side.follow(k.stack)
	}
	return nil
}

// round kills the server once. It is up.
func (k *killRun) round(ctx context.Context, number int, r killRound) error {
	if err := k.persist(ctx); err != nil {
		return err
	}
	if err := os.WriteFile(k.armed(), []byte(r.name), 0o600); err != nil {
		return err
	}
	if err := k.untilDead(ctx, number, r); err != nil {
		return err
	}
	if err := os.Remove(k.armed()); err != nil {
		return err
	}

	group, groupCtx := errgroup.WithContext(ctx)
	replace := func() error {
		var chains errgroup.Group
		for _, side := range k.sides {
			chains.Go(func() error { return side.replaceBlocks(groupCtx, r) })
		}
		return chains.Wait()
	}
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
		if r.errand != emptyBlocks && r.errand != stopToken && r.errand != noBlocks {
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

	patience := stepTimeout
	if r.errand == noBlocks {
		patience += killPayoutValid
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var late error
	select {
	case <-k.server.done:
	case <-timer.C:
		late = fmt.Errorf("the server passed no checkpoint %s within %s", r.name, patience)
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
				return fmt.Errorf("%s: %w", side.name(), err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var books strings.Builder
	if err := k.compare(ctx, &books); err != nil {
		return fmt.Errorf("%w\n%s", err, books.String())
	}
	return k.restart(ctx)
}
