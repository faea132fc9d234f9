package treasury

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
)

// Where a deposit address is an account of its own (TRON), one look takes each of some addresses
// one step on, and each step is a payout:
//
//	no account ─→ make it ─→ too little energy ─→ lend it ─→ sweep ─→ final ─→ take back
//
// What an address needs, and what it was lent, the chain says at each look; what is on its way,
// payouts say. An address with neither a sweep on its way nor one to come has lent to it no longer,
// whatever became of the sweep and of who planned it.

// Preparation is what emptying a deposit address takes now.
type Preparation struct {
	Give  []coffer.Delegation // first; all of it can be given at once
	Burns bool                // without what Give lends it can be emptied too
	Bound coffer.Amount       // of the sweep's fee, native base units
	Cost  coffer.Amount       // of all that is still to be done, native base units
}

// Lender is a wallet that lends to its deposit addresses what emptying them takes.
type Lender interface {
	// Prepare looks at one. coffer.ErrWouldFail: there is nothing to move, or it cannot be moved;
	// coffer.ErrFeeBudget: not at what it costs now.
	Prepare(ctx context.Context, s coffer.Sweep) (Preparation, error)
	// Lent lists what deposit addresses are lent, as delegations that take it back.
	Lent(ctx context.Context) ([]coffer.Delegation, error)
	// Spare is the stake that could be lent, by resource.
	Spare(ctx context.Context) (map[string]coffer.Amount, error)
	// LendBound is the most that giving or taking back once costs, native base units.
	LendBound() coffer.Amount
}

// LendPayer makes payouts that lend, besides those that sweep; *payout.Manager is one.
type LendPayer interface {
	SweepPayer
	PlanDelegation(ctx context.Context, chain coffer.ChainID, d coffer.Delegation, bound coffer.Amount) (string, error)
	Lending(ctx context.Context, chain coffer.ChainID) ([]coffer.Delegation, error)
	PutOffSweep(ctx context.Context, s coffer.Sweep, reason string) error
}

// Exposure is what waits at a chain's deposit addresses of an asset, in all blocks. Over says
// that it is more than the asset's cap.
type Exposure struct {
	Asset   coffer.AssetID
	Waiting coffer.Amount
	Cap     coffer.Amount // zero for none
	Over    bool
}

// Stuck is an address that cannot be emptied now, and why.
type Stuck struct {
	coffer.Sweep
	Reason string
}

// exposure adds up what is at deposit addresses.
func exposure(ctx context.Context, db Querier, chain SweepChain) ([]Exposure, error) {
	assets := make([]string, len(chain.Assets))
	for i, a := range chain.Assets {
		assets[i] = string(a.ID)
	}
	past := strings.TrimSuffix(ledger.PrefixCustodyDeposit, ":") + ";"
	rows, err := db.Query(ctx, `
		select asset, greatest(sum(amount), 0)::numeric(78, 0) from ledger_posting
		where account >= $1 and account < $2 and asset = any($3::text[]) group by asset`,
		ledger.PrefixCustodyDeposit, past, assets)
	if err != nil {
		return nil, fmt.Errorf("what waits on %s: %w", chain.ID, err)
	}
	defer rows.Close()
	waiting := map[coffer.AssetID]coffer.Amount{}
	for rows.Next() {
		var asset string
		var amount coffer.Amount
		if err := rows.Scan(&asset, &amount); err != nil {
			return nil, fmt.Errorf("what waits on %s: %w", chain.ID, err)
		}
		waiting[coffer.AssetID(asset)] = amount
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("what waits on %s: %w", chain.ID, err)
	}
	var all []Exposure
	for _, a := range chain.Assets {
		e := Exposure{Asset: a.ID, Waiting: waiting[a.ID], Cap: a.Cap}
		e.Over = !a.Cap.IsZero() && e.Waiting.Cmp(a.Cap) > 0
		all = append(all, e)
	}
	return all, nil
}

// candidate is an address and asset that may be emptied.
type candidate struct {
	holding
	worth  coffer.Amount // native base units; zero where no price is known
	urgent bool          // whatever it costs
	old    bool
	lent   bool // something is lent to it already
}

// lendRound is one look at a chain whose wallet lends.
type lendRound struct {
	chain  SweepChain
	plan   SweepPlan
	spare  map[string]coffer.Amount
	busy   map[coffer.Address]bool // being emptied, lent to or taken back from
	wanted map[coffer.Address]bool // it is to be emptied: what it is lent stays
}

// planLending looks at books and chain and says what to do next. Nothing is changed.
func (s *Sweeper) planLending(ctx context.Context, chain SweepChain, final uint64, forced bool) (SweepPlan, error) {
	r := &lendRound{chain: chain, busy: map[coffer.Address]bool{}, wanted: map[coffer.Address]bool{}}
	var err error
	if r.plan.Exposure, err = exposure(ctx, s.DB.Pool(), chain); err != nil {
		return SweepPlan{}, err
	}
	held, err := holdings(ctx, s.DB.Pool(), chain, final)
	if err != nil {
		return SweepPlan{}, err
	}
	sweeping, deferred, err := s.payer.Sweeping(ctx, chain.ID)
	if err != nil {
		return SweepPlan{}, err
	}
	lending, err := s.payer.Lending(ctx, chain.ID)
	if err != nil {
		return SweepPlan{}, err
	}
	lent, err := chain.Lender.Lent(ctx)
	if err != nil {
		return SweepPlan{}, fmt.Errorf("plan sweeps of %s: %w", chain.ID, err)
	}
	if r.spare, err = chain.Lender.Spare(ctx); err != nil {
		return SweepPlan{}, fmt.Errorf("plan sweeps of %s: %w", chain.ID, err)
	}
	for _, sweep := range sweeping {
		r.busy[sweep.Forwarder] = true
	}
	for _, d := range lending {
		r.busy[d.To] = true
		if !d.Back && d.Resource != coffer.ResourceAccount {
			r.take(d)
		}
	}
	r.plan.Underway = len(r.busy)

	all := r.candidates(held, sweeping, deferred, lent, forced, s)
	salts, err := s.saltsOf(ctx, chain.ID, all)
	if err != nil {
		return SweepPlan{}, err
	}
	failed := r.chooseAll(ctx, all, salts)
	for _, d := range lent {
		if !r.busy[d.To] && !r.wanted[d.To] {
			r.plan.Back = append(r.plan.Back, d)
		}
	}
	r.explain(forced)
	return r.plan, failed
}

// take takes stake out of what may be lent, and says whether there was enough.
func (r *lendRound) take(d coffer.Delegation) bool {
	left, err := r.spare[d.Resource].Sub(d.Amount)
	if err != nil {
		return false
	}
	r.spare[d.Resource] = left
	return true
}

// candidates are the addresses to look at, at most MaxForwarders with those on their way: those
// that something is lent to already, then what is urgent, then what is worth most.
func (r *lendRound) candidates(held []holding, sweeping []coffer.Sweep, deferred []payout.DeferredSweep, lent []coffer.Delegation, forced bool, s *Sweeper) []candidate {
	round := newRound(r.chain, nil, sweeping, deferred, s.Clock())
	r.plan.Quarantined = round.quarantined
	// Money on its way is no reason to hurry the rest.
	over := map[coffer.AssetID]coffer.Amount{}
	for _, e := range r.plan.Exposure {
		if e.Over {
			over[e.Asset] = less(e.Waiting, e.Cap)
		}
	}
	var all []candidate
	for _, h := range held {
		a, at := round.assets[h.asset], spot{h.forwarder, h.asset}
		if slices.ContainsFunc(sweeping, func(w coffer.Sweep) bool { return w.Forwarder == h.forwarder && w.Asset == h.asset }) {
			over[h.asset] = less(over[h.asset], h.amount)
		}
		if round.barred[at] || r.busy[h.forwarder] {
			continue
		}
		all = append(all, candidate{
			holding: h, worth: a.worth(h.amount, r.chain.NativeDecimals), old: round.old(h),
			lent: slices.ContainsFunc(lent, func(d coffer.Delegation) bool { return d.To == h.forwarder }),
		})
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(b.worth.Cmp(a.worth), b.amount.Cmp(a.amount))
	})
	var due []candidate
	for _, c := range all {
		a := round.assets[c.asset]
		if c.urgent = forced || !over[c.asset].IsZero(); c.urgent {
			over[c.asset] = less(over[c.asset], c.amount)
		}
		if c.urgent || c.old || c.amount.Cmp(a.Min) >= 0 {
			due = append(due, c)
		}
	}
	slices.SortStableFunc(due, func(a, b candidate) int {
		return cmp.Or(boolean(b.lent)-boolean(a.lent), boolean(b.urgent)-boolean(a.urgent))
	})
	return due[:min(len(due), max(0, r.chain.MaxForwarders-len(r.busy)))]
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// less is a-b, or zero.
func less(a, b coffer.Amount) coffer.Amount {
	left, err := a.Sub(b)
	if err != nil {
		return coffer.Amount{}
	}
	return left
}

func (s *Sweeper) saltsOf(ctx context.Context, id coffer.ChainID, all []candidate) (map[coffer.Address]coffer.Hash, error) {
	var addresses []coffer.Address
	for _, c := range all {
		addresses = append(addresses, c.forwarder)
	}
	salts, err := s.Salts.Salts(ctx, id, addresses)
	if err != nil {
		return nil, err
	}
	for _, address := range addresses {
		if _, known := salts[address]; !known {
			return nil, fmt.Errorf("sweep %s: the salt of %s is not known", id, address)
		}
	}
	return salts, nil
}

// chooseAll decides about each candidate. One that nodes do not tell about keeps what it is lent,
// and the others are decided about all the same.
func (r *lendRound) chooseAll(ctx context.Context, all []candidate, salts map[coffer.Address]coffer.Hash) error {
	var failed error
	seen := map[coffer.Address]bool{}
	for _, c := range all {
		if seen[c.forwarder] {
			continue // one asset after the other
		}
		sweep := coffer.Sweep{Forwarder: c.forwarder, Salt: salts[c.forwarder], Asset: c.asset}
		p, err := r.chain.Lender.Prepare(ctx, sweep)
		switch {
		case errors.Is(err, coffer.ErrWouldFail):
			r.plan.Stuck = append(r.plan.Stuck, Stuck{sweep, err.Error()})
			continue
		case errors.Is(err, coffer.ErrFeeBudget):
			r.plan.Dear++
			continue
		case err != nil:
			failed = errors.Join(failed, err)
			r.wanted[c.forwarder] = true
			continue
		}
		seen[c.forwarder] = r.choose(c, sweep, p)
	}
	return failed
}

// choose takes an address a step on, if that is worth it, and says whether it did.
func (r *lendRound) choose(c candidate, sweep coffer.Sweep, p Preparation) bool {
	if !c.urgent && !r.worth(c, p.Cost) {
		r.plan.Dear++
		return false
	}
	lacks := false
	for _, d := range p.Give {
		lacks = lacks || d.Resource != coffer.ResourceAccount && r.spare[d.Resource].Cmp(d.Amount) < 0
	}
	if lacks && !p.Burns {
		r.plan.Lacking++
		return false
	}
	r.wanted[c.forwarder] = true
	r.plan.Forwarders++
	r.plan.Cost = addOrMost(r.plan.Cost, p.Cost)
	r.plan.Value = addOrMost(r.plan.Value, c.worth)
	if len(p.Give) == 0 || lacks {
		r.plan.Legs = append(r.plan.Legs, payout.SweepLeg{Sweep: sweep, Expected: c.amount, Bound: p.Bound})
		return true
	}
	for _, d := range p.Give {
		r.take(d)
		r.plan.Give = append(r.plan.Give, d)
	}
	return true
}

// worth reports whether emptying an address is worth what that costs: so many times, or, after so
// long, once. What has no price is not weighed.
func (r *lendRound) worth(c candidate, cost coffer.Amount) bool {
	asset := r.chain.Assets[slices.IndexFunc(r.chain.Assets, func(a SweepAsset) bool { return a.ID == c.asset })]
	factor := r.chain.CostFactor
	if c.old {
		factor = 1
	}
	return asset.Price.IsZero() || c.worth.Cmp(timesOrMost(cost, factor)) >= 0
}

func (r *lendRound) explain(forced bool) {
	p := &r.plan
	switch {
	case p.Forwarders > 0 && forced:
		p.Reason = "asked for"
	case p.Forwarders > 0:
		p.Reason = "worth the cost, or urgent"
	case p.Lacking > 0:
		p.Reason = fmt.Sprintf("%d addresses wait for stake", p.Lacking)
	case p.Dear > 0:
		p.Reason = fmt.Sprintf("%d addresses are not worth what emptying them costs", p.Dear)
	default:
		p.Reason = "nothing is due"
	}
}

// stepLending looks, and makes payouts of what is to be done. It returns the first of them, and
// whether some address is on its way.
func (s *Sweeper) stepLending(ctx context.Context, chain SweepChain, requested bool) (first string, more bool, err error) {
	final, err := chain.Final(ctx)
	if err != nil {
		return "", false, fmt.Errorf("plan sweeps of %s: %w", chain.ID, err)
	}
	plan, failed := s.planLending(ctx, chain, final, requested)
	note := func(made string, err error) {
		if coffer.ErrorCode(err) == coffer.CodeConflict {
			err = nil // somebody else was first
		}
		failed = errors.Join(failed, err)
		if first == "" {
			first = made
		}
	}
	for _, d := range slices.Concat(plan.Back, plan.Give) {
		note(s.payer.PlanDelegation(ctx, chain.ID, d, chain.Lender.LendBound()))
	}
	swept := 0
	for _, leg := range plan.Legs {
		made, err := s.payer.PlanSweep(ctx, chain.ID, []payout.SweepLeg{leg})
		if note(made, err); made != "" {
			swept++
		}
	}
	for _, stuck := range plan.Stuck {
		failed = errors.Join(failed, s.payer.PutOffSweep(ctx, stuck.Sweep, stuck.Reason))
	}
	plan.Swept = swept
	s.tellExposure(chain.ID, plan.Exposure)
	s.tellLacking(chain.ID, plan.Lacking)
	s.Looked(chain.ID, plan, first)
	if first != "" {
		s.Log.Info("sweeps go on", "chain", chain.ID, "swept", swept, "given", len(plan.Give), "taken_back", len(plan.Back),
			"value", plan.Value.String(), "cost", plan.Cost.String(), "reason", plan.Reason)
	}
	if requested && failed == nil && first == "" && plan.Underway == 0 {
		failed = s.endRequest(ctx, chain.ID)
	}
	return first, first != "" || plan.Underway > 0, failed
}

// tellExposure says once that too much waits, and once that it does no longer.
func (s *Sweeper) tellExposure(id coffer.ChainID, all []Exposure) {
	for _, e := range all {
		_, before := s.over.Load(e.Asset)
		switch {
		case e.Over && !before:
			s.over.Store(e.Asset, true)
			s.Log.Error("more waits at deposit addresses than may: one signer has their keys", "chain", id, "asset", e.Asset, "waiting", e.Waiting, "cap", e.Cap)
		case !e.Over && before:
			s.over.Delete(e.Asset)
			s.Log.Info("no more waits at deposit addresses than may", "chain", id, "asset", e.Asset, "waiting", e.Waiting)
		}
	}
}

// tellLacking says once that stake is short, and once that it is no longer: payments use it, too,
// and nothing else says why addresses are not emptied.
func (s *Sweeper) tellLacking(id coffer.ChainID, addresses int) {
	_, before := s.short.Load(id)
	switch {
	case addresses > 0 && !before:
		s.short.Store(id, true)
		s.Log.Warn("deposit addresses wait for stake that could be lent to them", "chain", id, "addresses", addresses)
	case addresses == 0 && before:
		s.short.Delete(id)
		s.Log.Info("no deposit address waits for stake", "chain", id)
	}
}

// worth is an amount of an asset in native base units, rounded down; 2^256-1 where that
// overflows.
func (a SweepAsset) worth(amount coffer.Amount, decimals uint64) coffer.Amount {
	if a.Price.IsZero() {
		return coffer.Amount{}
	}
	unit := new(uint256.Int).Exp(uint256.NewInt(10), uint256.NewInt(decimals))
	n, overflow := new(uint256.Int).MulDivOverflow(amount.Int(), unit, a.Price.Int())
	if overflow {
		n.SetAllOne()
	}
	return coffer.AmountFromInt(n)
}
