package treasury

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/postgres"
)

// What a sweep costs, in gas: the user operation, a forwarder that is deployed and flushed
// of one asset, and a further asset of it (contracts/snapshots/gas.json: 61 000 and 16 000
// measured; rounded up).
const (
	sweepBaseGas      = 200_000
	sweepForwarderGas = 65_000
	sweepAssetGas     = 35_000
)

// Defaults and bounds of a SweepChain.
const (
	DefaultMaxForwarders = 50
	DefaultCostFactor    = 10
	DefaultSweepAge      = 7 * 24 * time.Hour
	DefaultSweepInterval = time.Minute

	maxCandidates = 5_000 // addresses and assets looked at in one round
	maxCostFactor = 1_000_000
)

// SweepAsset is an asset that deposit addresses are emptied of.
type SweepAsset struct {
	ID  coffer.AssetID
	Min coffer.Amount // less stays where it is until it is old
	// Price is what one whole unit of the native asset (10^NativeDecimals base units) is worth, in
	// base units of this asset; zero where costs are not weighed against it.
	Price coffer.Amount
	// Cap is how much of it may wait at deposit addresses where one signer has their keys, before
	// it is moved whatever that costs; zero for no cap.
	Cap coffer.Amount
}

// SweepChain is how deposit addresses of one chain are emptied.
type SweepChain struct {
	ID     coffer.ChainID
	Assets []SweepAsset

	MaxForwarders int           // in one transaction; DefaultMaxForwarders when zero
	CostFactor    uint64        // a sweep is worth so many times its cost; DefaultCostFactor when zero
	MaxAge        time.Duration // after which it goes whatever it is worth; DefaultSweepAge when zero
	Interval      time.Duration // between looks; DefaultSweepInterval when zero

	// Lender is the wallet, where deposit addresses are accounts of their own that it lends to.
	// MaxForwarders then bounds those that are being emptied, and GasPrice is not asked.
	Lender         Lender
	NativeDecimals uint64 // 18 when zero

	// Final is the height up to which the books are final.
	Final func(ctx context.Context) (uint64, error)
	// GasPrice is what a unit of gas costs now, in native base units.
	GasPrice func(ctx context.Context) (coffer.Amount, error)
}

func (c SweepChain) withDefaults() SweepChain {
	if c.MaxForwarders == 0 {
		c.MaxForwarders = DefaultMaxForwarders
	}
	if c.CostFactor == 0 {
		c.CostFactor = DefaultCostFactor
	}
	if c.MaxAge == 0 {
		c.MaxAge = DefaultSweepAge
	}
	if c.Interval == 0 {
		c.Interval = DefaultSweepInterval
	}
	if c.NativeDecimals == 0 {
		c.NativeDecimals = 18
	}
	return c
}

func (c SweepChain) check() error {
	switch {
	case c.Final == nil || c.GasPrice == nil && c.Lender == nil:
		return errors.New("a final block and a gas price are needed")
	case len(c.Assets) == 0:
		return errors.New("no asset may be swept")
	case c.MaxForwarders < 1 || c.MaxForwarders > payout.MaxSweeps:
		return fmt.Errorf("%d forwarders in a sweep; want 1 to %d", c.MaxForwarders, payout.MaxSweeps)
	case c.CostFactor > maxCostFactor || c.MaxAge < 0 || c.Interval < 0:
		return fmt.Errorf("cost factor %d, age %s or interval %s is out of bounds", c.CostFactor, c.MaxAge, c.Interval)
	}
	for _, a := range c.Assets {
		if a.ID.Chain() != c.ID {
			return fmt.Errorf("%s is not an asset of it", a.ID)
		}
	}
	return nil
}

// SweepPayer makes payouts that sweep; *payout.Manager is one.
type SweepPayer interface {
	PlanSweep(ctx context.Context, chain coffer.ChainID, legs []payout.SweepLeg) (string, error)
	Sweeping(ctx context.Context, chain coffer.ChainID) ([]coffer.Sweep, []payout.DeferredSweep, error)
}

// Salts says what deposit addresses were derived from; *deposit.Service does.
type Salts interface {
	Salts(ctx context.Context, chain coffer.ChainID, addresses []coffer.Address) (map[coffer.Address]coffer.Hash, error)
}

// SweepConfig is what a Sweeper needs.
type SweepConfig struct {
	DB      *postgres.DB
	Payouts SweepPayer
	Salts   Salts
	Chains  []SweepChain
	Clock   coffer.Clock
	Log     *slog.Logger
	Looked  func(chain coffer.ChainID, plan SweepPlan, made string) // after each look; nil for nobody
}

// Sweeper empties deposit addresses into the vault.
type Sweeper struct {
	SweepConfig
	chains map[coffer.ChainID]SweepChain
	payer  LendPayer // Payouts, where they can lend
	over   sync.Map  // assets that were above their cap at the last look
	short  sync.Map  // chains some of whose addresses waited for stake then
}

// NewSweeper returns a Sweeper, or says what the configuration lacks.
func NewSweeper(c SweepConfig) (*Sweeper, error) {
	if c.DB == nil || c.Payouts == nil || c.Salts == nil || c.Clock == nil {
		return nil, errors.New("sweeper: DB, Payouts, Salts and Clock are needed")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Looked == nil {
		c.Looked = func(coffer.ChainID, SweepPlan, string) {}
	}
	s := &Sweeper{SweepConfig: c, chains: map[coffer.ChainID]SweepChain{}}
	s.payer, _ = c.Payouts.(LendPayer)
	for _, chain := range c.Chains {
		chain = chain.withDefaults()
		if err := chain.check(); err != nil {
			return nil, fmt.Errorf("sweeper: %s: %w", chain.ID, err)
		}
		if s.payer == nil && chain.Lender != nil {
			return nil, fmt.Errorf("sweeper: %s: Payouts cannot lend", chain.ID)
		}
		s.chains[chain.ID] = chain
	}
	return s, nil
}

// SweepPlan is what a look at the books came to. Legs is empty where nothing is to be done;
// Reason says why, or why it is done.
type SweepPlan struct {
	Legs        []payout.SweepLeg
	Forwarders  int
	Quarantined int           // addresses and assets whose flush moved nothing
	Cost        coffer.Amount // estimate, native base units
	Value       coffer.Amount // of what is due, native base units; zero where no price is known
	Reason      string

	// Where the wallet lends to its deposit addresses, each leg is a transaction of its own, and:
	Give     []coffer.Delegation // to addresses that are emptied next
	Back     []coffer.Delegation // from addresses that are not
	Underway int                 // addresses with a step on its way
	Dear     int                 // addresses that are not worth what emptying them costs
	Lacking  int                 // addresses that wait for stake
	Swept    int                 // legs that were made payouts
	Stuck    []Stuck             // nothing can be moved
	Exposure []Exposure          // of each asset
}

// Plan looks at the final books of a chain and says which addresses to empty now; forced,
// whatever it is worth. Nothing is changed. It is the same for everybody who looks at the
// same time.
func (s *Sweeper) Plan(ctx context.Context, id coffer.ChainID, forced bool) (SweepPlan, error) {
	chain, known := s.chains[id]
	if !known {
		return SweepPlan{}, coffer.Invalid("chain", "%s is not swept", id)
	}
	final, err := chain.Final(ctx)
	if err != nil {
		return SweepPlan{}, fmt.Errorf("plan a sweep of %s: %w", id, err)
	}
	if chain.Lender != nil {
		return s.planLending(ctx, chain, final, forced)
	}
	held, err := holdings(ctx, s.DB.Pool(), chain, final)
	if err != nil {
		return SweepPlan{}, err
	}
	live, deferred, err := s.Payouts.Sweeping(ctx, id)
	if err != nil {
		return SweepPlan{}, err
	}
	if forced {
		chain = chain.forced()
	}
	round := newRound(chain, held, live, deferred, s.Clock())
	if len(round.due) == 0 {
		return SweepPlan{Quarantined: round.quarantined, Reason: "nothing is due"}, nil
	}
	price, err := chain.GasPrice(ctx)
	if err != nil {
		return SweepPlan{}, fmt.Errorf("plan a sweep of %s: gas price: %w", id, err)
	}
	plan, err := round.plan(price)
	if err != nil || len(plan.Legs) == 0 {
		return plan, err
	}
	return plan, s.addSalts(ctx, id, &plan)
}

// addSalts completes the legs. An address in the books that nobody was given is an error:
// the books say that there is money where we know no way to it.
func (s *Sweeper) addSalts(ctx context.Context, id coffer.ChainID, plan *SweepPlan) error {
	var addresses []coffer.Address
	for _, leg := range plan.Legs {
		addresses = append(addresses, leg.Forwarder)
	}
	salts, err := s.Salts.Salts(ctx, id, slices.Compact(addresses))
	if err != nil {
		return err
	}
	for i := range plan.Legs {
		salt, known := salts[plan.Legs[i].Forwarder]
		if !known {
			return fmt.Errorf("sweep %s: the salt of %s is not known", id, plan.Legs[i].Forwarder)
		}
		plan.Legs[i].Salt = salt
	}
	return nil
}

// Step plans one sweep of a chain and makes it a payout, if one is due or requested. It
// returns the payout's id, or "".
func (s *Sweeper) Step(ctx context.Context, id coffer.ChainID) (string, error) {
	made, _, err := s.step(ctx, id)
	return made, err
}

// step says besides whether there is another step to look for soon.
func (s *Sweeper) step(ctx context.Context, id coffer.ChainID) (made string, more bool, err error) {
	requested, err := SweepRequested(ctx, s.DB.Pool(), id)
	if err != nil {
		return "", false, err
	}
	if chain := s.chains[id]; chain.Lender != nil {
		return s.stepLending(ctx, chain, requested)
	}
	made, err = s.stepOnce(ctx, id, requested)
	return made, false, err
}

func (s *Sweeper) stepOnce(ctx context.Context, id coffer.ChainID, requested bool) (string, error) {
	plan, err := s.Plan(ctx, id, requested)
	if err != nil {
		return "", err
	}
	if len(plan.Legs) == 0 {
		s.Looked(id, plan, "")
		s.Log.Debug("no sweep", "chain", id, "reason", plan.Reason)
		if requested {
			return "", s.endRequest(ctx, id)
		}
		return "", nil
	}
	made, err := s.Payouts.PlanSweep(ctx, id, plan.Legs)
	if err != nil {
		return "", err
	}
	s.Looked(id, plan, made)
	if made == "" {
		return "", nil
	}
	s.Log.Info("sweep made", "payout", made, "chain", id, "forwarders", plan.Forwarders, "legs", len(plan.Legs),
		"value", plan.Value.String(), "cost", plan.Cost.String(), "reason", plan.Reason)
	return made, nil
}

// Run sweeps a chain until ctx ends.
func (s *Sweeper) Run(ctx context.Context, id coffer.ChainID) error {
	chain, known := s.chains[id]
	if !known {
		return coffer.Invalid("chain", "%s is not swept", id)
	}
	var last time.Time
	wait := chain.Interval
	ticker := time.NewTicker(min(chain.Interval, requestPoll))
	defer ticker.Stop()
	for {
		requested, err := SweepRequested(ctx, s.DB.Pool(), id)
		if now := s.Clock(); err == nil && (requested || !now.Before(last.Add(wait))) {
			last, wait = now, chain.Interval
			var more bool
			if _, more, err = s.step(ctx, id); more {
				wait = min(wait, stepPoll)
			}
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// stepPoll is how soon the next step of what is emptied in several is looked for: about a block.
const stepPoll = 3 * time.Second

// requestPoll is how soon a request is noticed.
const requestPoll = time.Second

// forced is the chain with every amount due and worth its cost.
func (c SweepChain) forced() SweepChain {
	assets := make([]SweepAsset, len(c.Assets))
	for i, a := range c.Assets {
		assets[i] = SweepAsset{ID: a.ID}
	}
	c.Assets = assets
	return c
}
