package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/indexer"
)

// resumePoll is how often a halted chain is asked about: a person may have let it go on.
const resumePoll = 2 * time.Second

// alarm is told what people must look at about a chain's deposits. The causes are logged by
// who found them.
func (s *server) alarm(chain coffer.ChainID, _ error) {
	s.metrics.alarms.WithLabelValues(string(chain)).Inc()
}

// witness is the second node of a chain. It may be away when the server starts, and be away
// later: then deposits stay locked, and it is said aloud.
type witness struct {
	dial   func(ctx context.Context) (headers deposit.Headers, end func(), err error)
	clock  coffer.Clock
	silent func(err error)
	after  time.Duration // of failures, or of being behind, until that is said

	dialing sync.Mutex // held while the node is dialled, which may take long

	mu             sync.Mutex
	node           deposit.Headers
	end            func()
	heads, content silence // about headers, and about what blocks paid: it may know the one and not the other
}

// silence is how long the second node has not answered a kind of question.
type silence struct {
	since time.Time // zero when it answers
	err   error
	said  bool
}

// wireWitness returns what unlocks of a chain wait for, nil where no witness is configured.
func (s *server) wireWitness(chain *chainParts) deposit.Headers {
	if len(chain.config.WitnessRPC)+len(chain.config.UTXO.WitnessNodes) == 0 {
		return nil
	}
	w := &witness{clock: time.Now, after: chain.config.SilentAfter, dial: chain.witness}
	w.silent = func(err error) {
		s.log.Error("the second node is silent: deposits stay locked", "chain", chain.id, "err", err)
		s.alarm(chain.id, err)
	}
	s.closers = append(s.closers, w.close)
	s.ready.add("second node "+string(chain.id), func(ctx context.Context) error {
		disputed, err := s.deposits.Disagreements(ctx, chain.id)
		if err != nil {
			return err
		}
		if len(disputed) > 0 {
			return fmt.Errorf("%w: height %d of %s", deposit.ErrDisagree, disputed[0].Block.Height, chain.id)
		}
		return w.ready()
	})
	return w
}

// Header implements deposit.Headers.
func (w *witness) Header(ctx context.Context, height uint64) (coffer.Header, error) {
	node, err := w.connect(ctx)
	if err != nil {
		w.note(&w.heads, err)
		return coffer.Header{}, err
	}
	header, err := node.Header(ctx, height)
	w.note(&w.heads, err)
	return header, err
}

// Corroborate implements deposit.Corroborator. Where the chain's blocks prove all that they paid
// nobody is asked.
func (w *witness) Corroborate(ctx context.Context, block coffer.Hash, transfers []coffer.Transfer) (bool, error) {
	node, err := w.connect(ctx)
	if err != nil {
		w.note(&w.heads, err)
		return false, err
	}
	corroborator, ok := node.(deposit.Corroborator)
	if !ok {
		return true, nil
	}
	same, err := corroborator.Corroborate(ctx, block, transfers)
	w.note(&w.content, err)
	return same, err
}

// Recall implements deposit.Forgetful. What it cannot tell is not said: nothing waits for it yet.
func (w *witness) Recall(ctx context.Context, block coffer.Hash, transfers []coffer.Transfer) (bool, error) {
	node, err := w.connect(ctx)
	if err != nil {
		return false, err
	}
	if forgetful, ok := node.(deposit.Forgetful); ok {
		return forgetful.Recall(ctx, block, transfers)
	}
	_, asked := node.(deposit.Corroborator)
	return !asked, nil // its blocks prove all that they paid
}

// connect dials the node the first time.
func (w *witness) connect(ctx context.Context) (deposit.Headers, error) {
	w.dialing.Lock()
	defer w.dialing.Unlock()
	if node := w.connected(); node != nil {
		return node, nil
	}
	node, end, err := w.dial(ctx)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.node, w.end = node, end
	return node, nil
}

func (w *witness) connected() deposit.Headers {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.node
}

// note keeps since when the node does not answer.
func (w *witness) note(s *silence, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		*s = silence{}
		return
	}
	if s.since.IsZero() {
		s.since = w.clock()
	}
	if errors.Is(err, coffer.ErrNotFound) {
		err = fmt.Errorf("it is behind: %w", err)
	}
	s.err = err
	if !s.said && w.clock().Sub(s.since) > w.after {
		s.said = true
		w.silent(err)
	}
}

func (w *witness) ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range []silence{w.heads, w.content} {
		if !s.since.IsZero() && w.clock().Sub(s.since) > w.after {
			return fmt.Errorf("silent since %s: %w", s.since.UTC().Format(time.RFC3339), s.err)
		}
	}
	return nil
}

func (w *witness) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.node != nil {
		w.end()
	}
}

// index follows a chain. Where it halts it waits for a person who lets it go on, with the
// process not ready meanwhile.
func (s *server) index(ctx context.Context, chain *chainParts) error {
	following, stop := context.WithCancel(ctx)
	defer stop()
	chain.indexer.Wake = s.announcements(following, chain)
	for {
		err := chain.indexer.Run(ctx)
		if ctx.Err() != nil || !errors.Is(err, indexer.ErrHalted) {
			return err
		}
		s.alarm(chain.id, err)
		s.log.Error("chain halted until a person lets it go on: coffer indexer diverged, coffer indexer resume", "chain", chain.id, "err", err)
		if err := s.awaitResume(ctx, chain); err != nil {
			return err
		}
		s.log.Warn("chain goes on", "chain", chain.id)
	}
}

// awaitResume returns when a person let the chain go on, or ctx ends.
func (s *server) awaitResume(ctx context.Context, chain *chainParts) error {
	ticker := time.NewTicker(resumePoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		resumed, err := chain.indexer.Resumed(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("cannot look whether the chain may go on", "chain", chain.id, "err", err)
		}
		if resumed {
			return nil
		}
	}
}
