package withdrawal

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// Bounds of what Step and the lists do at once.
const (
	stepBatch = 100
	maxPage   = 200
)

// Defaults of Config.
const (
	DefaultOrderTTL = 72 * time.Hour
	DefaultMargin   = 30 * time.Minute
	DefaultPoll     = 500 * time.Millisecond
	DefaultQuoteTTL = 2 * time.Minute
	DefaultTimeout  = 10 * time.Second

	DefaultActivation = 24 * time.Hour
)

// Events writes domain events inside a transaction; *stream.Postgres does.
type Events interface {
	AppendTx(ctx context.Context, tx pgx.Tx, topic, partition string, records []stream.Record) error
}

// AddressParser reads foreign text as an address; a coffer.Source does.
type AddressParser interface {
	ParseAddress(s string) (coffer.Address, error)
}

// PaymentChecker is what an AddressParser may be too, where a chain cannot pay every amount to
// every address: less than is worth sending (dust), or more than there is. The error is a
// coffer.Error of CodeInvalid that names the field, "amount" or "destination", and the rule.
type PaymentChecker interface {
	CheckPayment(to coffer.Address, asset coffer.AssetID, amount coffer.Amount) error
}

// Owner says whose an address is. Kind is empty for addresses that are not ours,
// "deposit" for an account's, "house" for our own.
type Owner struct{ Kind, Tenant, Account string }

// Kinds of Owner.
const (
	OwnerDeposit = "deposit"
	OwnerHouse   = "house"
)

// Config is what a Service needs.
type Config struct {
	DB     *postgres.DB
	Ledger *ledger.Ledger
	Events Events
	Policy *policy.Policy

	Assets  []coffer.Asset
	Parsers map[coffer.ChainID]AddressParser // a chain that is not a key is unknown

	// Account returns a CodeNotFound error when the account is not the tenant's.
	Account func(ctx context.Context, tenant, account string) error
	// Lookup says whose an address is.
	Lookup func(ctx context.Context, chain coffer.ChainID, address coffer.Address) (Owner, error)

	// Screeners and Customers are asked about every withdrawal before policy is, and again
	// before it is paid. With none of them nobody is asked.
	Screeners []Screener
	Customers Customers

	// Closed says why nothing can be requested now, as an error for the customer; nil where
	// that never is.
	Closed func(ctx context.Context) error

	// Revoker tells the signers of orders that must not be paid any more; without one they
	// are stored, and wait.
	Revoker Revoker

	// Fees are what withdrawals cost; an asset without a rule costs its WithdrawFee.
	// NetworkCost is what one payment costs on the chain now, in base units of the asset
	// paid; only rules that ask for it need it.
	Fees        map[coffer.AssetID]FeeRule
	NetworkCost func(ctx context.Context, asset coffer.AssetID) (coffer.Amount, error)
	QuoteTTL    time.Duration // how long a quote holds; DefaultQuoteTTL

	// ActivationDelay is how long a new entry of the address book waits before it counts;
	// DefaultActivation when zero, none when below zero.
	ActivationDelay time.Duration
	// Counterparties names addresses that an account had to do with otherwise, such as
	// those it was paid from; nil where nobody knows.
	Counterparties func(ctx context.Context, tenant, account string, chain coffer.ChainID) ([]coffer.Address, error)

	Clock       coffer.Clock
	Random      io.Reader                        // crypto/rand when nil
	CallTimeout time.Duration                    // of a call to the outside; DefaultTimeout
	OrderTTL    time.Duration                    // life of an order; DefaultOrderTTL
	Margin      time.Duration                    // orders and approvals that end sooner are not paid any more; DefaultMargin
	Margins     map[coffer.ChainID]time.Duration // of chains where it is another than Margin
	Poll        time.Duration                    // how often Run looks for work nobody told it about; DefaultPoll
	Log         *slog.Logger
	Checkpoint  func(name string) // called where a crash is interesting; nil is none
}

// Service accepts withdrawals and leads them up to approved.
type Service struct {
	Config
	sql    *withdrawalsql.Queries
	assets map[coffer.AssetID]coffer.Asset
	fees   map[coffer.AssetID]FeeRule
	wake   chan struct{}
}

// New returns a Service, or says what the configuration lacks.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Ledger == nil || c.Events == nil || c.Policy == nil || c.Account == nil || c.Lookup == nil || c.Clock == nil {
		return nil, errors.New("withdrawal: DB, Ledger, Events, Policy, Account, Lookup and Clock are needed")
	}
	c = c.withDefaults()
	if err := c.checkMargins(); err != nil {
		return nil, fmt.Errorf("withdrawal: %w", err)
	}
	if err := c.checkScreeners(); err != nil {
		return nil, err
	}
	fees, err := c.feeRules()
	if err != nil {
		return nil, err
	}

	s := &Service{
		Config: c,
		sql:    withdrawalsql.New(c.DB.Pool()),
		assets: make(map[coffer.AssetID]coffer.Asset, len(c.Assets)),
		fees:   fees,
		wake:   make(chan struct{}, 1),
	}
	for _, a := range c.Assets {
		if _, known := c.Parsers[a.ID.Chain()]; !known {
			return nil, fmt.Errorf("withdrawal: asset %s is on a chain without an address parser", a.ID)
		}
		s.assets[a.ID] = a
	}
	return s, nil
}

// MarginOf is how much longer orders and approvals of a chain have to last to be paid now.
func (c *Config) MarginOf(chain coffer.ChainID) time.Duration {
	if margin, own := c.Margins[chain]; own {
		return margin
	}
	return c.Margin
}

// checkMargins demands that an order can be paid on every chain before it is too old for it.
func (c *Config) checkMargins() error {
	chains := []coffer.ChainID{""} // any that has no margin of its own
	for chain, margin := range c.Margins {
		if margin <= 0 {
			return fmt.Errorf("a margin of %s on %s", margin, chain)
		}
		chains = append(chains, chain)
	}
	slices.Sort(chains)
	for _, chain := range chains {
		margin := c.MarginOf(chain)
		if c.OrderTTL <= margin {
			return fmt.Errorf("orders live %s, which must be more than the margin of %s%s", c.OrderTTL, margin, onChain(chain))
		}
		if delay := c.Policy.LongestDelay(); c.OrderTTL <= margin+delay {
			return fmt.Errorf("orders live %s, but policy makes first payments wait %s, and the margin is %s%s", c.OrderTTL, delay, margin, onChain(chain))
		}
	}
	return nil
}

func onChain(chain coffer.ChainID) string {
	if chain == "" {
		return ""
	}
	return " on " + string(chain)
}

func (c Config) withDefaults() Config {
	c.OrderTTL = cmp.Or(c.OrderTTL, DefaultOrderTTL)
	c.Margin = cmp.Or(c.Margin, DefaultMargin)
	c.Poll = cmp.Or(c.Poll, DefaultPoll)
	c.QuoteTTL = cmp.Or(c.QuoteTTL, DefaultQuoteTTL)
	c.ActivationDelay = cmp.Or(c.ActivationDelay, DefaultActivation)
	c.CallTimeout = cmp.Or(c.CallTimeout, DefaultTimeout)
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Run steps, and revokes orders at the signers, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.runSteps(ctx) })
	if s.Revoker != nil {
		group.Go(func() error { return s.runRevocations(ctx) })
	}
	return group.Wait()
}

func (s *Service) runRevocations(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		if _, err := s.Revoke(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("orders stay payable at the signers", "error", err)
		}
		timer.Reset(s.Poll)
	}
}

func (s *Service) runSteps(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var purge time.Time // when old quotes are deleted next
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		case <-timer.C:
		}

		moved, err := s.Step(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Error("withdrawal step failed", "error", err)
		}
		if now := s.now(); now.After(purge) {
			purge = now.Add(purgeEvery)
			if err := s.PurgeQuotes(ctx); err != nil && ctx.Err() == nil {
				s.Log.Error("old quotes stay", "error", err)
			}
		}
		if moved > 0 && err == nil {
			s.nudge()
		}
		timer.Reset(s.Poll)
	}
}

// nudge makes Run look for work at once.
func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Service) checkpoint(name string) {
	if s.Checkpoint != nil {
		s.Checkpoint(name)
	}
}

// now is the time in the resolution that Postgres keeps.
func (s *Service) now() time.Time { return s.Clock().UTC().Truncate(time.Microsecond) }

// holdID names the hold of a withdrawal.
func holdID(withdrawal string) string { return withdrawal }

// holdID names the hold that the withdrawal has now: another one since its order was replaced.
func (r *record) holdID() string {
	if r.replaced {
		return holdID(r.ID) + "/signed"
	}
	return holdID(r.ID)
}
