package bundler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler/bundlersql"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/postgres"
)

// Config is what a bundler is made of. DB, Client, EntryPoint, Clock and at least one
// executor are required.
type Config struct {
	DB         *postgres.DB
	Client     *evm.Client
	EntryPoint common.Address // v0.7
	Executors  []Executor
	Clock      coffer.Clock

	Senders   []common.Address // whose operations are taken
	AnySender bool             // take everybody's; see the package comment
	Limits    Limits
	Refill    *Refill       // nil refills nothing
	Poll      time.Duration // how often Run looks at the chain; 1 s when zero
	Log       *slog.Logger  // slog.Default when nil

	// Checkpoint is called at points where a crash is interesting: bundler.stored,
	// bundler.before_broadcast, bundler.after_broadcast. Nil does nothing.
	Checkpoint func(name string)
}

// Limits bound what is taken and what is sent. A zero field means its default.
type Limits struct {
	MaxOperationBytes   int           // ABI-encoded; 96 KiB, for transactions end at 128 KiB
	MaxSignatureBytes   int           // 12 bytes of validity and 50 owners of a Safe
	MaxVerificationGas  uint64        // 5 million
	MaxCallGas          uint64        // 10 million
	MaxBundleGas        uint64        // 15 million; EIP-7825 ends at 16 777 216
	MaxBundleOperations int           // 100
	MaxPool             int           // operations that wait; 10 000
	MaxFeePerGas        *big.Int      // of our transactions, in wei; 500 gwei
	MinTip              *big.Int      // of our transactions, in wei; zero
	MaxInFlight         int           // bundles of one executor in no block; 4
	EscalateBlocks      uint64        // blocks without inclusion until the fee rises; 2
	DeadlineBlocks      uint64        // blocks until the whole budget is offered; 16
	MaxReverts          int           // bundles that revert as a whole until their operations are dropped; 3
	MinValidity         time.Duration // an operation must stay valid for so long; 30 s
}

func (l Limits) withDefaults() Limits {
	defaultTo(&l.MaxOperationBytes, 96<<10)
	defaultTo(&l.MaxSignatureBytes, 12+50*65)
	defaultTo(&l.MaxVerificationGas, 5_000_000)
	defaultTo(&l.MaxCallGas, 10_000_000)
	defaultTo(&l.MaxBundleGas, 15_000_000)
	defaultTo(&l.MaxBundleOperations, 100)
	defaultTo(&l.MaxPool, 10_000)
	defaultTo(&l.MaxInFlight, 4)
	defaultTo(&l.EscalateBlocks, 2)
	defaultTo(&l.DeadlineBlocks, 16)
	defaultTo(&l.MaxReverts, 3)
	defaultTo(&l.MinValidity, 30*time.Second)
	if l.MaxFeePerGas == nil {
		l.MaxFeePerGas = big.NewInt(500e9)
	}
	if l.MinTip == nil {
		l.MinTip = new(big.Int)
	}
	return l
}

func defaultTo[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Bundler is one EntryPoint on one chain, served with some executor keys. Its methods may
// be called from several goroutines.
type Bundler struct {
	db         *postgres.DB
	sql        *bundlersql.Queries // outside transactions
	node       node
	entryPoint common.Address
	executors  []*executor
	clock      coffer.Clock
	log        *slog.Logger
	chainID    *big.Int
	chain      string // CAIP-2
	senders    map[common.Address]bool
	anySender  bool
	limits     Limits
	poll       time.Duration
	checkpoint func(string)
	wake       chan struct{}
	module     common.Address // Safe4337Module
	intake     [partitions]partition
	view       view

	step    sync.Mutex                  // held by Step; guards what follows
	seen    head                        // the head of the last step
	sentAt  coffer.Hash                 // the head at which the attempts in sent were sent
	sent    map[coffer.Hash]answer      // by transaction hash
	tried   map[bundleKey]coffer.Hash   // the head at which a stuck bundle was last looked at
	waits   map[coffer.Hash]coffer.Hash // the head at which a call could not be sent
	stalled turn                        // the last turn that led to no bundle
	tipAt   coffer.Hash                 // the head that tip is of
	tip     *big.Int

	refill     *Refill
	refillAt   coffer.Hash // the head at which gas money was last looked at
	refillTime time.Time

	mu     sync.Mutex // guards status
	status Status
}

// New connects a bundler to its chain and its tables. It refuses an address without code
// as EntryPoint, and an executor that has code.
func New(ctx context.Context, c Config) (*Bundler, error) {
	if c.DB == nil || c.Client == nil || len(c.Executors) == 0 || slices.Contains(c.Executors, nil) || c.Clock == nil {
		return nil, errors.New("bundler: DB, Client, Executors and Clock are required")
	}
	b := &Bundler{
		db: c.DB, sql: bundlersql.New(c.DB.Pool()), node: node{c.Client.RPC()},
		entryPoint: c.EntryPoint, clock: c.Clock, log: c.Log,
		senders: map[common.Address]bool{}, anySender: c.AnySender,
		limits: c.Limits.withDefaults(), poll: c.Poll, checkpoint: c.Checkpoint,
		chainID: new(big.Int).SetUint64(c.Client.ChainNumber()), chain: string(c.Client.Chain()),
		module: c.Client.Config().Module, wake: make(chan struct{}, 1), tried: map[bundleKey]coffer.Hash{}, waits: map[coffer.Hash]coffer.Hash{},
	}
	if c.Refill != nil {
		if err := c.Refill.check(); err != nil {
			return nil, fmt.Errorf("bundler: %w", err)
		}
		b.refill = c.Refill
	}
	for _, sender := range c.Senders {
		b.senders[sender] = true
	}
	defaultTo(&b.poll, time.Second)
	if b.log == nil {
		b.log = slog.Default()
	}
	if b.checkpoint == nil {
		b.checkpoint = func(string) {}
	}
	if err := b.connect(ctx, c.Executors); err != nil {
		return nil, fmt.Errorf("bundler: %w", err)
	}
	return b, nil
}

func (b *Bundler) connect(ctx context.Context, keys []Executor) error {
	if deployed, err := b.node.hasCode(ctx, b.entryPoint); err != nil {
		return err
	} else if !deployed {
		return fmt.Errorf("there is no EntryPoint at %s on chain %s", b.entryPoint, b.chain)
	}
	return b.connectExecutors(ctx, keys)
}

// ChainID is the chain's number (EIP-155).
func (b *Bundler) ChainID() *big.Int { return new(big.Int).Set(b.chainID) }

// SupportedEntryPoints lists the one EntryPoint that is served.
func (b *Bundler) SupportedEntryPoints() []common.Address { return []common.Address{b.entryPoint} }

// Run steps until ctx ends: at once while there is something to do, else when an operation
// arrives and every Poll. Errors are logged and tried again.
func (b *Bundler) Run(ctx context.Context) error {
	ticker := time.NewTicker(b.poll)
	defer ticker.Stop()
	for ctx.Err() == nil {
		moved, err := b.Step(ctx)
		if err != nil && ctx.Err() == nil {
			b.log.Error("bundler step failed", "chain", b.chain, "error", err)
		}
		if moved && err == nil {
			continue
		}
		select {
		case <-b.wake:
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// Step does what is due now: it learns from the chain what became of bundles, sends stored
// attempts again, raises fees, or makes a bundle. It reports whether something changed.
func (b *Bundler) Step(ctx context.Context) (bool, error) {
	b.step.Lock()
	defer b.step.Unlock()

	busy, err := b.busy(ctx)
	if err != nil || (!busy && !b.refillDue()) {
		b.report(nil)
		return false, err
	}
	now, err := b.node.latest(ctx)
	if err != nil {
		return false, err
	}
	b.view.learn(now, b.clock().UnixNano())
	moved, err := b.observe(ctx, now)
	if err == nil {
		b.seen = now
		var acted bool
		acted, err = b.act(ctx, now)
		moved = moved || acted
	}
	if errors.Is(err, errMoved) {
		b.log.Info("another bundler or a replacement came first", "chain", b.chain, "what", err)
		return false, nil
	}
	return moved, err
}

// busy reports whether there is anything to look after, so that an idle bundler asks its
// node nothing.
func (b *Bundler) busy(ctx context.Context) (bool, error) {
	return b.sql.Busy(ctx, b.chain)
}

// act sends, escalates or bundles. Live bundles come before new ones, an executor's lowest
// nonce first.
func (b *Bundler) act(ctx context.Context, now head) (bool, error) {
	live, err := b.liveBundles(ctx)
	if err != nil {
		return false, err
	}
	b.report(live)
	moved := false
	for _, l := range live {
		sent, err := b.broadcast(ctx, now, l.attempts[0].TxHash, l.attempts[0].Raw)
		moved = moved || sent
		if err != nil {
			b.log.Warn("a stored bundle was not taken by the node", "chain", b.chain, "executor", l.executor, "nonce", l.nonce, "error", err)
		}
	}
	pushed, err := b.push(ctx, now, live)
	moved = moved || pushed
	if err != nil || pushed {
		return moved, err
	}
	refilled, err := b.refillGas(ctx, now, live)
	if err != nil {
		b.log.Error("gas money could not be moved", "chain", b.chain, "error", err)
	}
	if refilled {
		return true, nil
	}
	made, err := b.sendCalls(ctx, now, live)
	if err == nil && !made {
		made, err = b.bundle(ctx, now, live)
	}
	return moved || made, err
}
