package deposit

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
)

// ErrBroken says that the block events of a chain contradict each other or themselves.
// Trying again does not help.
var ErrBroken = errors.New("block events contradict each other")

// Checkpoints that Step reports.
const (
	CheckpointBeforeCommit = "deposit.before_commit" // all of an event is written, nothing committed
	CheckpointApplied      = "deposit.applied"       // an event is committed
	CheckpointRefundAsked  = "deposit.refund_asked"  // the payer has a refund, which is not written yet

	// Inside of a transaction, when there is such a deposit in it.
	CheckpointReceiving = "deposit.receiving"
	CheckpointCrediting = "deposit.crediting"
	CheckpointUnlocking = "deposit.unlocking"
	CheckpointLeaving   = "deposit.leaving" // with its block

	// After a transaction besides those of events.
	CheckpointAddress    = "deposit.address_issued"
	CheckpointAgreed     = "deposit.agreed"     // a second node
	CheckpointScreened   = "deposit.screened"   // the sender
	CheckpointDecided    = "deposit.decided"    // a person
	CheckpointFound      = "deposit.found"      // the past of an address, not applied yet
	CheckpointBackfilled = "deposit.backfilled" // applied
	CheckpointRefunding  = "deposit.refunding"  // the payer's answer is written
	CheckpointRefunded   = "deposit.refunded"   // how it ended is written
)

// Bounds of Step and Run.
const (
	readRecords = stream.MaxParts
	DefaultPoll = time.Second
	maxWait     = 5 * time.Second
	callTimeout = 15 * time.Second // of one call to a payer, a screener or a second node
)

// Log is the stream as this package uses it; *stream.Postgres is one.
type Log interface {
	stream.Log
	AppendTx(ctx context.Context, tx pgx.Tx, topic, partition string, records []stream.Record) error
}

// Chain is a chain that deposits arrive on.
type Chain struct {
	ID coffer.ChainID

	// Deriver makes deposit addresses; nil where none are given out, or Indexed makes them.
	Deriver Deriver

	// Indexed makes the deposit addresses of a chain whose wallet is a descriptor (UTXO).
	Indexed Indexed

	// Coins is the native asset of a chain whose money is coins: outputs that are spent whole
	// (UTXO). Empty elsewhere.
	Coins coffer.AssetID

	// Senders says whose coins a transaction spent, where transfers do not tell who sent them:
	// who screens senders needs it there. Without it nothing is unlocked that is to be screened.
	// Each of its calls has a timeout of its own. CodeLimit: there are more than are looked up.
	Senders func(ctx context.Context, tx coffer.Hash) ([]coffer.Address, error)

	// ParseAddress is the chain's own (see coffer.Source); nil trusts callers to give
	// addresses in canonical form.
	ParseAddress func(s string) (coffer.Address, error)

	// NoFinality says that the chain never calls a block final. Then depth alone unlocks.
	NoFinality bool

	// Second is another node of the chain, asked before money is unlocked or refunded:
	// it has to have the same block at the block's height. Nil: the indexer's word is enough.
	Second Headers

	// Tokens that nobody named are noted, so many new ones in a block and on the chain at
	// most. Zero: DefaultUnknownPerBlock and DefaultUnknownPerChain.
	UnknownPerBlock, UnknownPerChain int64
}

// finalOr returns a final height, or one above all where depth is all there is.
func (c Chain) finalOr(final int64) int64 {
	if c.NoFinality {
		return math.MaxInt64
	}
	return final
}

// Config is what a Service needs.
type Config struct {
	DB       *postgres.DB
	Ledger   *ledger.Ledger
	Log      Log
	Chains   []Chain
	Assets   []coffer.Asset   // supported
	Known    []coffer.AssetID // known to operators, not supported: booked to suspense
	Rules    []Rule           // park deposits for a person
	Payer    Payer            // nil: refunds are ordered and wait
	Screener Screener         // of senders, before money is unlocked; nil: none

	// Patience is how long a deposit that cannot be screened is tried again before a person has
	// to look at it; DefaultPatience when zero.
	Patience time.Duration

	// Alarm is told what a person must look at, besides the log: a second node that
	// contradicts the first. It may be told the same thing again.
	Alarm func(chain coffer.ChainID, err error)

	Clock coffer.Clock

	Poll       time.Duration // after an error; DefaultPoll
	Logger     *slog.Logger  // slog.Default when nil
	Checkpoint func(name string)
}

// Service applies block events and gives out addresses. All its methods may be called
// concurrently, also by several processes.
type Service struct {
	Config
	sql    *depositsql.Queries
	chains map[coffer.ChainID]Chain
	assets map[coffer.AssetID]coffer.Asset
	known  map[coffer.AssetID]bool

	screened positions // last deposit that was looked at
	agreeing positions // height of the last block that a second node was asked about, while there are more
	retries  retries   // of blocks that it could not answer for ahead of time
}

// New returns a Service, or says what the configuration lacks.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Ledger == nil || c.Log == nil || c.Clock == nil {
		return nil, errors.New("deposit: DB, Ledger, Log and Clock are needed")
	}
	if c.Poll == 0 {
		c.Poll = DefaultPoll
	}
	c.Patience = cmp.Or(c.Patience, DefaultPatience)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Alarm == nil {
		c.Alarm = func(coffer.ChainID, error) {}
	}
	if c.Checkpoint == nil {
		c.Checkpoint = func(string) {}
	}

	s := &Service{
		Config: c, sql: depositsql.New(c.DB.Pool()),
		chains: map[coffer.ChainID]Chain{}, assets: map[coffer.AssetID]coffer.Asset{}, known: map[coffer.AssetID]bool{},
	}
	for _, chain := range c.Chains {
		chain.UnknownPerBlock = cmp.Or(chain.UnknownPerBlock, DefaultUnknownPerBlock)
		chain.UnknownPerChain = cmp.Or(chain.UnknownPerChain, DefaultUnknownPerChain)
		if chain.Coins != "" && (chain.Coins.Chain() != chain.ID || !chain.Coins.IsNative()) {
			return nil, fmt.Errorf("deposit: %s is not the native asset of %s", chain.Coins, chain.ID)
		}
		s.chains[chain.ID] = chain
	}
	for _, a := range c.Assets {
		if _, ok := s.chains[a.ID.Chain()]; !ok {
			return nil, fmt.Errorf("deposit: asset %s is on a chain that is not served", a.ID)
		}
		if a.Credit < 1 || a.Unlock < a.Credit || a.Unlock > maxDepth {
			return nil, fmt.Errorf("deposit: asset %s: want 1 ≤ credit (%d) ≤ unlock (%d) ≤ %d confirmations", a.ID, a.Credit, a.Unlock, maxDepth)
		}
		s.assets[a.ID] = a
	}
	if len(c.Rules) > maxRules {
		return nil, fmt.Errorf("deposit: %d rules: want at most %d", len(c.Rules), maxRules)
	}
	for _, rule := range c.Rules {
		if err := rule.check(); err != nil {
			return nil, fmt.Errorf("deposit: rule %.80q: %w", rule.Name, err)
		}
	}
	known := c.Known
	for _, chain := range c.Chains {
		if chain.Coins != "" {
			known = append(slices.Clone(known), chain.Coins)
		}
	}
	for _, id := range known {
		if _, supported := s.assets[id]; !supported {
			s.known[id] = true
		}
	}
	return s, nil
}

// maxDepth bounds the confirmations that an asset may ask for.
const maxDepth = 1 << 20

// chain returns a chain that is served.
func (s *Service) chain(id coffer.ChainID) (Chain, error) {
	chain, ok := s.chains[id]
	if !ok {
		return Chain{}, coffer.Invalid("chain", "chain %.80q is not served", id)
	}
	return chain, nil
}

// now is the time of what a transaction makes true, as the database keeps it.
func (s *Service) now() time.Time { return s.Clock().UTC().Truncate(time.Microsecond) }

// Run does the work of all chains until ctx ends, which is no error, or the events of a
// chain turn out to be broken. Other errors are logged and tried again.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for id := range s.chains {
		group.Go(func() error { return s.RunChain(ctx, id) })
	}
	return group.Wait()
}

// RunChain does the work of one chain as Run does: a chain that is broken need not stop the
// others.
func (s *Service) RunChain(ctx context.Context, id coffer.ChainID) error {
	chain, err := s.chain(id)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.runChain(ctx, id) })
	if chain.Second != nil || s.Screener != nil {
		group.Go(func() error { return s.runBeside(ctx, id, "check deposits", s.Check) })
	}
	if _, ok := chain.Second.(Forgetful); ok {
		group.Go(func() error { return s.runBeside(ctx, id, "ask the second node early", s.AskEarly) })
	}
	group.Go(func() error { return s.runBeside(ctx, id, "fill in history", s.Backfill) })
	if s.Payer != nil {
		group.Go(func() error { return s.runBeside(ctx, id, "refund", s.StepRefunds) })
	}
	return group.Wait()
}

// runBeside repeats what does not wait for block events, until ctx ends.
func (s *Service) runBeside(ctx context.Context, chain coffer.ChainID, what string, step func(context.Context, coffer.ChainID) (bool, error)) error {
	for ctx.Err() == nil {
		moved, err := step(ctx, chain)
		if err != nil && ctx.Err() == nil {
			s.Logger.Warn("step failed, trying again", "step", what, "chain", chain, "error", err)
		}
		if err != nil || !moved {
			pause(ctx, s.Poll)
		}
	}
	return nil
}

func (s *Service) runChain(ctx context.Context, chain coffer.ChainID) error {
	for {
		next, moved, err := s.step(ctx, chain)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the end of ctx is no error
		case errors.Is(err, ErrBroken):
			s.Logger.Error("deposits halted", "chain", chain, "error", err)
			return err
		case err != nil:
			s.Logger.Warn("deposit step failed, trying again", "chain", chain, "error", err)
			pause(ctx, s.Poll)
		case !moved:
			s.await(ctx, chain, next)
		}
	}
}

// await returns when there may be something new.
func (s *Service) await(ctx context.Context, chain coffer.ChainID, next int64) {
	wait, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	if err := s.Log.Wait(wait, stream.TopicRaw, string(chain), next); err != nil && wait.Err() == nil {
		s.Logger.Warn("wait for block events", "chain", chain, "error", err)
		pause(ctx, s.Poll)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Step applies the block events of a chain that one read returns, and reports whether
// there were any. ErrBroken is for people; any other error may be tried again.
func (s *Service) Step(ctx context.Context, chain coffer.ChainID) (bool, error) {
	_, moved, err := s.step(ctx, chain)
	return moved, err
}

// step also returns the offset of the record wanted next.
func (s *Service) step(ctx context.Context, chain coffer.ChainID) (next int64, moved bool, err error) {
	if _, err := s.chain(chain); err != nil {
		return 0, false, err
	}
	if err := s.sql.EnsureCursor(ctx, depositsql.EnsureCursorParams{Chain: string(chain), UpdatedAt: s.now()}); err != nil {
		return 0, false, fmt.Errorf("deposit cursor of %s: %w", chain, err)
	}
	cursor, err := s.sql.Cursor(ctx, string(chain))
	if err != nil {
		return 0, false, fmt.Errorf("deposit cursor of %s: %w", chain, err)
	}

	var parts stream.Assembler
	for next = cursor.NextOffset; !moved; {
		records, err := s.Log.Read(ctx, stream.TopicRaw, string(chain), next, readRecords)
		if err != nil || len(records) == 0 {
			return next, false, err
		}
		for _, record := range records {
			event, complete, err := parts.Add(record)
			if err != nil {
				return next, moved, fmt.Errorf("%w: %s: %w", ErrBroken, chain, err)
			}
			if !complete {
				continue
			}
			if err := s.apply(ctx, chain, event); err != nil {
				return next, moved, err
			}
			moved = true
		}
		next += int64(len(records))
	}
	return next, moved, nil
}

// decode reads a block event of a chain.
func decode(chain coffer.ChainID, event stream.Event) (coffer.BlockEvent, error) {
	var e coffer.BlockEvent
	if err := json.Unmarshal(event.Value, &e); err != nil {
		return e, fmt.Errorf("%w: %s: offset %d: %w", ErrBroken, chain, event.First, err)
	}
	if e.Chain != chain || e.Sequence != event.Sequence || e.Epoch != event.Epoch {
		return e, fmt.Errorf("%w: %s: offset %d: holds event %d of epoch %d of %.80q", ErrBroken, chain, event.First, e.Sequence, e.Epoch, e.Chain)
	}
	if e.Block.Height >= maxHeight || e.Final >= maxHeight || e.Sequence >= maxHeight || e.Epoch >= maxHeight {
		return e, fmt.Errorf("%w: %s: offset %d: number out of range", ErrBroken, chain, event.First)
	}
	return e, nil
}

// maxHeight bounds heights and sequences, with room for depths above them in a bigint.
const maxHeight = 1 << 62
