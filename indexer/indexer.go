// Package indexer follows one chain and says what happened to it as block events on
// tx.raw: a block connected, or a block disconnected. Nobody else says anything about a
// chain, and an [Indexer] says nothing else.
//
// # One step
//
//	hold the lease ─▶ know what was said ─▶ ask the node for its head
//	                                             │
//	        compare hashes at our tip, and below until they agree
//	             │                    │                    │
//	       agree at our tip      agree lower          agree at the node's
//	             │                    │               head, below our tip
//	       connect what is      disconnect ours,           │
//	       new above it         newest first, then     only lag: say
//	                            connect theirs         nothing, wait
//
// A reorganisation may be longer, as long or shorter than what it replaces; only the
// comparison of hashes tells, never the height. A chain that was cut and has not grown
// again looks like a node that lags, until it grows.
//
// # Invariants
//
// Events of a chain are numbered from 1 without gaps, in the order of the stream. Replayed
// from the beginning they are at every point one linked chain of blocks. A disconnected
// event repeats its connected event's content. Writers change only with the lease, so
// epochs never go back; an append names the tail it expects, so a writer that slept
// through its lease cannot write beside its successor.
//
// A reorganisation below a height that was said to be final, below MaxReorg blocks or
// below the first block said halts the chain with [ErrHalted]: what such a chain is worth
// is for people to decide.
//
// Nothing is kept but the stream: a restart reads the recent end of it backwards.
package indexer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
)

// ErrHalted says that a chain did what no chain may do. It is not tried again until a person
// lets it pass, see Resumed, or the process starts anew.
var ErrHalted = errors.New("chain halted")

// Bounds where the Config names none.
const (
	DefaultPoll          = time.Second
	DefaultMaxReorg      = 512
	DefaultBlocksPerStep = 64
	DefaultCallTimeout   = 15 * time.Second
	DefaultLeaseTTL      = 15 * time.Second
)

// maxStepBytes ends a step early: what one append carries.
const maxStepBytes = 16 << 20

// Config is what an Indexer needs.
type Config struct {
	Source coffer.Source
	Log    stream.Log
	DB     *postgres.DB // keeps the lease
	Clock  coffer.Clock
	Logger *slog.Logger // slog.Default when nil

	Holder string // of the lease; belongs to one process at a time, and to the same one after a restart
	Start  uint64 // height of the first block ever said

	Poll          time.Duration   // between looks at a node that had nothing new
	Wake          <-chan struct{} // has it look sooner; nil never does
	MaxReorg      int             // most blocks a reorganisation may take back
	BlocksPerStep int             // most events of a step
	CallTimeout   time.Duration   // of one call to the node
	LeaseTTL      time.Duration
	Checkpoint    func(name string) // called where a crash is interesting; nil is none

	Silence time.Duration // a head that does not change for so long is complained about; zero: never
}

// Status is what an Indexer knows about its chain.
type Status struct {
	Tip     coffer.BlockRef // newest block said to be connected
	Final   uint64          // highest final height said
	Head    coffer.Head     // what the node said last
	Changed time.Time       // when the node's head last changed
	Halted  error
}

// Indexer follows one chain. Step and Run are for one goroutine, Status for any.
type Indexer struct {
	Config
	chain coffer.ChainID
	lease stream.Lease
	said  *said // nil when the stream has to be read first

	mu     sync.Mutex
	status Status
	warned time.Time
}

// New checks a Config and returns its Indexer.
func New(c Config) (*Indexer, error) {
	if c.Source == nil || c.Log == nil || c.DB == nil || c.Clock == nil || c.Holder == "" {
		return nil, errors.New("indexer: want source, log, database, clock and holder")
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Poll = or(c.Poll, DefaultPoll)
	c.MaxReorg = or(c.MaxReorg, DefaultMaxReorg)
	c.BlocksPerStep = or(c.BlocksPerStep, DefaultBlocksPerStep)
	c.CallTimeout = or(c.CallTimeout, DefaultCallTimeout)
	c.LeaseTTL = or(c.LeaseTTL, DefaultLeaseTTL)
	if c.MaxReorg < 1 || c.BlocksPerStep < 1 {
		return nil, errors.New("indexer: bounds below one")
	}
	if c.Checkpoint == nil {
		c.Checkpoint = func(string) {}
	}
	c.Logger = c.Logger.With("chain", c.Source.ID())
	return &Indexer{Config: c, chain: c.Source.ID()}, nil
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// Status returns what is known now.
func (x *Indexer) Status() Status {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.status
}

// Run follows the chain until ctx ends, which is no error, or the chain halts. Errors of
// the node or of the database are logged and tried again.
func (x *Indexer) Run(ctx context.Context) error {
	defer x.release(ctx)
	for {
		moved, err := x.Step(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrHalted):
			return err
		case err != nil:
			x.Logger.Warn("indexer step failed, trying again", "error", err)
		case moved:
			continue
		}

		wait := time.NewTimer(x.Poll)
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-x.Wake:
			wait.Stop()
		case <-wait.C:
		}
	}
}

// Step looks at the node once and says what changed, at most BlocksPerStep events. It
// reports whether it said anything: then there may be more to say at once.
//
// It returns nothing new and no error when the node lags or another process has the lease.
func (x *Indexer) Step(ctx context.Context) (bool, error) {
	if halted := x.Status().Halted; halted != nil {
		return false, halted
	}
	held, err := x.hold(ctx)
	if !held || err != nil {
		return false, err
	}
	if x.said == nil {
		if x.said, err = x.recall(ctx); err != nil {
			return false, err
		}
	}

	head, err := x.head(ctx)
	if err != nil {
		return false, err
	}
	x.note(head)

	events, gatherErr := x.gather(ctx, head)
	if errors.Is(gatherErr, ErrHalted) {
		x.halt(gatherErr)
		return false, gatherErr
	}
	if len(events) == 0 {
		return false, gatherErr
	}
	if err := x.say(ctx, events); err != nil {
		return false, errors.Join(err, gatherErr)
	}
	return true, gatherErr
}

// note keeps what the node said last and complains about a head that stands still.
func (x *Indexer) note(head coffer.Head) {
	now := x.Clock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if head.Latest != x.status.Head.Latest || x.status.Changed.IsZero() {
		x.status.Changed = now
	}
	x.status.Head = head

	silent := now.Sub(x.status.Changed)
	if x.Silence > 0 && silent > x.Silence && now.Sub(x.warned) > x.Silence {
		x.warned = now
		x.Logger.Error("node has no new block", "height", head.Latest.Height, "silent", silent)
	}
}

func (x *Indexer) halt(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.status.Halted = err
	x.Logger.Error("chain halted", "error", err)
}

// head asks the node where it is.
func (x *Indexer) head(ctx context.Context) (coffer.Head, error) {
	ctx, cancel := context.WithTimeout(ctx, x.CallTimeout)
	defer cancel()
	head, err := x.Source.Head(ctx)
	if err != nil {
		return coffer.Head{}, fmt.Errorf("head of %s: %w", x.chain, err)
	}
	if head.Final.Height > head.Latest.Height {
		return coffer.Head{}, fmt.Errorf("head of %s: final height %d is above the latest %d", x.chain, head.Final.Height, head.Latest.Height)
	}
	return head, nil
}

// header asks the node for its canonical header at a height.
func (x *Indexer) header(ctx context.Context, height uint64) (coffer.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, x.CallTimeout)
	defer cancel()
	header, err := x.Source.Header(ctx, height)
	if err != nil {
		return coffer.Header{}, fmt.Errorf("header %d of %s: %w", height, x.chain, err)
	}
	if header.Height != height {
		return coffer.Header{}, fmt.Errorf("header %d of %s: the node answers with height %d", height, x.chain, header.Height)
	}
	return header, nil
}

// block asks the node for a block and checks that it is the one.
func (x *Indexer) block(ctx context.Context, header coffer.Header) (coffer.Block, error) {
	ctx, cancel := context.WithTimeout(ctx, x.CallTimeout)
	defer cancel()
	block, err := x.Source.Block(ctx, header.Hash)
	if err != nil {
		return coffer.Block{}, fmt.Errorf("block %s of %s: %w", header.Hash, x.chain, err)
	}
	if block.BlockRef != header.BlockRef || block.Parent != header.Parent {
		return coffer.Block{}, fmt.Errorf("block %s of %s: the node answers with block %s at height %d", header.Hash, x.chain, block.Hash, block.Height)
	}
	return block, nil
}
