package payout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout/payoutsql"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/withdrawal"
)

// Chain is how payouts are made on one chain.
type Chain struct {
	Native    coffer.AssetID // pays the fees
	Paths     []string       // that payouts may take, the preferred first; coffer.PathUserOp when empty
	Costs     Costs          // choose the path where there are several
	Wallet    coffer.Wallet
	Coins     CoinBook         // needed where Wallet is a coffer.CoinWallet
	Tokens    []coffer.AssetID // that a coffer.CoinWallet sends too: it is a TokenWallet then
	Explainer coffer.Explainer
	Signers   []coffer.Signer
	Threshold int                       // signatures a transaction needs, unless Wallet is a SignatureCounter and says so
	Cold      []string                  // keys of the wallet that no signer holds: they sign by file (see Desk.Export)
	Least     int                       // signers that have signed whatever lands, at least; 0 where that is Threshold less the cold keys
	Executors []coffer.Address          // our accounts that send bundles
	FeeBound  coffer.Amount             // most a payout may spend on fees, native base units
	LegGas    map[coffer.AssetID]uint64 // a payment's gas where it is not Limits.LegGas
	Limits    Limits
	Risk      Risk

	coins  coffer.CoinWallet // Wallet, where money is coins
	staked coffer.Amount     // of the native money in the books, what cannot be paid with now
}

// Config is what a Manager needs.
type Config struct {
	DB          *postgres.DB
	Ledger      *ledger.Ledger
	Withdrawals *withdrawal.Service
	Events      stream.Log // block events come from its tx.raw
	Chains      map[coffer.ChainID]Chain
	Workers     int // payouts that Run steps at once; 4
	Clock       coffer.Clock
	Log         *slog.Logger
	Checkpoint  func(name string) // called where a crash is interesting; nil is none

	// Paused says why people let nothing be signed that pays these orders on this chain now,
	// "" when nothing stands in the way. The signers enforce it; we do not ask them in vain.
	Paused func(chain coffer.ChainID, orders ...coffer.Order) string
}

// Manager makes payouts.
type Manager struct {
	Config
	sql    *payoutsql.Queries
	chains []string // sorted

	shortMutex sync.Mutex
	short      map[coffer.ChainID]map[string]shortage // what wallets lacked at the last planning

	brokenMutex sync.Mutex
	broken      map[coffer.ChainID]error // chains whose events contradict each other
}

// New returns a Manager, or says what the configuration lacks.
func New(c Config) (*Manager, error) {
	if c.DB == nil || c.Ledger == nil || c.Withdrawals == nil || c.Events == nil || c.Clock == nil {
		return nil, errors.New("payout: DB, Ledger, Withdrawals, Events and Clock are needed")
	}
	defaultTo(&c.Workers, 4)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}

	m := &Manager{Config: c, sql: payoutsql.New(c.DB.Pool()), short: map[coffer.ChainID]map[string]shortage{}, broken: map[coffer.ChainID]error{}}
	m.Chains = make(map[coffer.ChainID]Chain, len(c.Chains))
	for id, chain := range c.Chains {
		chain.Limits = chain.Limits.withDefaults()
		if chain.coins, _ = chain.Wallet.(coffer.CoinWallet); chain.coins != nil && len(chain.Paths) == 0 {
			chain.Paths = []string{coffer.PathPSBT}
		}
		if err := errors.Join(chain.check(id), chain.checkPaths(), chain.Limits.check(c.Withdrawals.MarginOf(id))); err != nil {
			return nil, fmt.Errorf("payout: %s: %w", id, err)
		}
		if len(chain.Paths) == 0 {
			chain.Paths = []string{coffer.PathUserOp}
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
	case c.Threshold < 1 || c.Threshold > len(c.Signers)+len(c.Cold) || len(c.Signers) < 1 || len(c.Signers)+len(c.Cold) > maxSigners:
		return fmt.Errorf("%d signatures of %d signers and %d cold keys (at most %d) cannot be", c.Threshold, len(c.Signers), len(c.Cold), maxSigners)
	case c.Least < 0 || c.Least > len(c.Signers):
		return fmt.Errorf("%d of %d signers cannot have signed", c.Least, len(c.Signers))
	case c.Native.Chain() != id || !c.Native.IsNative():
		return fmt.Errorf("%s is not its native asset", c.Native)
	case c.coins != nil && c.Coins == nil:
		return errors.New("a wallet of coins needs the book of its coins")
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
	return errors.Join(c.checkCold(), c.checkTokens(id))
}

// Run plans, steps and observes until ctx ends.
func (m *Manager) Run(ctx context.Context) error {
	if err := m.Resume(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	fastest := time.Minute
	for _, id := range m.chains {
		chain := coffer.ChainID(id)
		poll := m.Chains[chain].Limits.Poll
		fastest = min(fastest, poll)
		group.Go(func() error {
			return m.loop(ctx, "plan", poll, func(ctx context.Context) (bool, error) { return m.Plan(ctx, chain) })
		})
		group.Go(func() error {
			return m.loop(ctx, "observe", poll, func(ctx context.Context) (bool, error) {
				n, err := m.Observe(ctx, chain)
				return n > 0, err
			})
		})
		if m.Chains[chain].coins != nil && m.Chains[chain].Limits.ConsolidateOver > 0 {
			group.Go(func() error {
				return m.loop(ctx, "consolidate", consolidatePoll, func(ctx context.Context) (bool, error) {
					_, err := m.PlanConsolidation(ctx, chain)
					return false, err
				})
			})
		}
	}
	for range m.Workers {
		group.Go(func() error { return m.loop(ctx, "step", fastest, m.Step) })
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
func (m *Manager) loop(ctx context.Context, what string, poll time.Duration, work func(context.Context) (bool, error)) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}

		moved, err := work(ctx)
		wait := poll
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
