package payout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout/payoutsql"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/withdrawal"
)

// Bounds.
const (
	maxOrders    = 100 // of a payout
	maxLanes     = 64
	maxSigners   = 32
	maxNote      = 500 // bytes of an error kept with a payout
	maxSignature = 4096
	maxSubsets   = 256 // of signers tried to make one transaction
)

// Limits are what an operator may tune. Zero values get the defaults.
type Limits struct {
	MaxOrders   int           // orders in a payout; 20
	Lanes       int           // lanes of a wallet, "0x0" first; 1
	IntentTTL   time.Duration // life of an intent, below the withdrawals' margin; 15 min
	CallTimeout time.Duration // of a call to a chain; 30 s
	SignTimeout time.Duration // of a call to a signer; 20 s
	Backoff     time.Duration // after the first failure, doubled with each; 1 s
	MaxBackoff  time.Duration // 1 min
	Rebroadcast time.Duration // between sending the same attempt again; 15 s
	Prepare     int           // failures before signing after which a payout is given up; 3
	BumpAfter   uint64        // blocks without inclusion after which the fee rises; 5
	MaxAttempts int           // of a payout; 10
	Poll        time.Duration // how often Run looks for work; 500 ms
	Workers     int           // payouts that Run steps at once; 4
}

func (l Limits) withDefaults() Limits {
	orInt := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	orTime := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	orInt(&l.MaxOrders, 20)
	orInt(&l.Lanes, 1)
	orInt(&l.Prepare, 3)
	orInt(&l.MaxAttempts, 10)
	orInt(&l.Workers, 4)
	orTime(&l.IntentTTL, 15*time.Minute)
	orTime(&l.CallTimeout, 30*time.Second)
	orTime(&l.SignTimeout, 20*time.Second)
	orTime(&l.Backoff, time.Second)
	orTime(&l.MaxBackoff, time.Minute)
	orTime(&l.Rebroadcast, 15*time.Second)
	orTime(&l.Poll, 500*time.Millisecond)
	if l.BumpAfter == 0 {
		l.BumpAfter = 5
	}
	return l
}

// Chain is how payouts are made on one chain.
type Chain struct {
	Native    coffer.AssetID // pays the fees
	Path      string         // coffer.PathUserOp when empty
	Wallet    coffer.Wallet
	Explainer coffer.Explainer
	Signers   []coffer.Signer
	Threshold int              // signatures a transaction needs
	Executors []coffer.Address // our accounts that send bundles
	FeeBound  coffer.Amount    // most a payout may spend on fees, native base units
	// MaxTotal bounds what one payout moves of an asset; a larger order goes alone.
	MaxTotal map[coffer.AssetID]coffer.Amount
}

// Config is what a Manager needs.
type Config struct {
	DB          *postgres.DB
	Ledger      *ledger.Ledger
	Withdrawals *withdrawal.Service
	Events      stream.Log // block events come from its tx.raw
	Chains      map[coffer.ChainID]Chain
	Limits      Limits
	Clock       coffer.Clock
	Log         *slog.Logger
	Checkpoint  func(name string) // called where a crash is interesting; nil is none
}

// Manager makes payouts.
type Manager struct {
	Config
	sql    *payoutsql.Queries
	chains []string // sorted
}

// New returns a Manager, or says what the configuration lacks.
func New(c Config) (*Manager, error) {
	if c.DB == nil || c.Ledger == nil || c.Withdrawals == nil || c.Events == nil || c.Clock == nil {
		return nil, errors.New("payout: DB, Ledger, Withdrawals, Events and Clock are needed")
	}
	c.Limits = c.Limits.withDefaults()
	if c.Limits.MaxOrders > maxOrders || c.Limits.Lanes > maxLanes {
		return nil, fmt.Errorf("payout: at most %d orders and %d lanes", maxOrders, maxLanes)
	}
	if c.Limits.IntentTTL >= c.Withdrawals.Margin {
		return nil, fmt.Errorf("payout: intents live %s, which must be less than the withdrawals' margin of %s", c.Limits.IntentTTL, c.Withdrawals.Margin)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}

	m := &Manager{Config: c, sql: payoutsql.New(c.DB.Pool())}
	m.Chains = make(map[coffer.ChainID]Chain, len(c.Chains))
	for id, chain := range c.Chains {
		if err := chain.check(id); err != nil {
			return nil, fmt.Errorf("payout: %s: %w", id, err)
		}
		if chain.Path == "" {
			chain.Path = coffer.PathUserOp
		}
		m.Chains[id] = chain
		m.chains = append(m.chains, string(id))
	}
	slices.Sort(m.chains)
	return m, nil
}

func (c Chain) check(id coffer.ChainID) error {
	switch {
	case c.Wallet == nil || c.Explainer == nil:
		return errors.New("wallet and explainer are needed")
	case c.Threshold < 1 || c.Threshold > len(c.Signers) || len(c.Signers) > maxSigners:
		return fmt.Errorf("%d signatures of %d signers (at most %d) cannot be", c.Threshold, len(c.Signers), maxSigners)
	case c.Native.Chain() != id || !c.Native.IsNative():
		return fmt.Errorf("%s is not its native asset", c.Native)
	case c.FeeBound.IsZero():
		return errors.New("a fee bound is needed")
	}
	names := map[string]bool{}
	for _, s := range c.Signers {
		if names[s.Name()] {
			return fmt.Errorf("two signers are called %q", s.Name())
		}
		names[s.Name()] = true
	}
	return nil
}

// Run plans, steps and observes until ctx ends.
func (m *Manager) Run(ctx context.Context) error {
	if err := m.Resume(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for range m.Limits.Workers {
		group.Go(func() error { return m.loop(ctx, "step", m.Step) })
	}
	for _, id := range m.chains {
		chain := coffer.ChainID(id)
		group.Go(func() error {
			return m.loop(ctx, "plan", func(ctx context.Context) (bool, error) { return m.Plan(ctx, chain) })
		})
		group.Go(func() error {
			return m.loop(ctx, "observe", func(ctx context.Context) (bool, error) {
				n, err := m.Observe(ctx, chain)
				return n > 0, err
			})
		})
	}
	return group.Wait()
}

// Resume makes every payout's next step due now, whatever claim or pause it was under: a
// process that begins does not wait for the claims of one that was killed. A claim of a
// process that lives is broken too, which costs a repeated call.
func (m *Manager) Resume(ctx context.Context) error {
	if err := m.sql.Resume(ctx, payoutsql.ResumeParams{Now: m.now(), Chains: m.chains}); err != nil {
		return fmt.Errorf("resume payouts: %w", err)
	}
	return nil
}

// loop does work until there is none, then looks again after a while.
func (m *Manager) loop(ctx context.Context, what string, work func(context.Context) (bool, error)) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}

		moved, err := work(ctx)
		wait := m.Limits.Poll
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			m.Log.Error("payout "+what+" failed", "error", err)
		case moved:
			wait = 0
		}
		timer.Reset(wait)
	}
}

func (m *Manager) checkpoint(name string) {
	if m.Checkpoint != nil {
		m.Checkpoint(name)
	}
}

// now is the time in the resolution that Postgres keeps.
func (m *Manager) now() time.Time { return m.Clock().UTC().Truncate(time.Microsecond) }

// lane is the name of the n-th lane: an EntryPoint key in hex.
func lane(n int) string { return "0x" + strconv.FormatInt(int64(n), 16) }
