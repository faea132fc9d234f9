package treasury

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
)

// holding is what the books say that a deposit address has of an asset.
type holding struct {
	forwarder coffer.Address
	asset     coffer.AssetID
	amount    coffer.Amount
	since     time.Time // of the first booking after it was last emptied
}

// holdings are the deposit addresses with money in these assets, the longest first, or, where the
// wallet lends, the most of each asset: dust that is never worth a sweep hides nothing there. Only
// what is there by the final blocks and by all blocks counts: money that arrived lately may
// go again, and what was flushed lately is not there any more.
func holdings(ctx context.Context, db Querier, chain SweepChain, final uint64) ([]holding, error) {
	assets := make([]string, len(chain.Assets))
	for i, a := range chain.Assets {
		assets[i] = string(a.ID)
	}
	first := ledger.PrefixCustodyDeposit
	past := strings.TrimSuffix(first, ":") + ";" // the character after the colon
	rows, err := db.Query(ctx, `
		with held as (
			select p.account, p.asset,
			       sum(p.amount) filter (where coalesce(r.height, e.height) <= $4) as settled, sum(p.amount) as total,
			       max(e.seq) filter (where p.amount < 0 and e.reverses is null) as emptied
			from ledger_posting p
			join ledger_entry e on e.seq = p.entry
			left join ledger_entry r on r.id = e.reverses
			where p.account >= $1 and p.account < $2 and p.asset = any($5::text[]) and coalesce(r.chain, e.chain) = $3
			group by p.account, p.asset
		)
		select h.account, h.asset, least(h.settled, h.total)::numeric(78, 0),
		       (select min(e.at) from ledger_posting p join ledger_entry e on e.seq = p.entry
		        where p.account = h.account and p.asset = h.asset and p.amount > 0 and e.seq > coalesce(h.emptied, 0)) as since
		from held h where h.settled > 0 and h.total > 0
		order by case when $7 then row_number() over (partition by h.asset order by least(h.settled, h.total) desc, h.account) end,
		         since nulls last, h.account, h.asset limit $6`,
		first, past, string(chain.ID), int64(min(final, 1<<62)), assets, maxCandidates, chain.Lender != nil)
	if err != nil {
		return nil, fmt.Errorf("deposit addresses of %s: %w", chain.ID, err)
	}
	defer rows.Close()
	var held []holding
	for rows.Next() {
		var account, asset string
		var h holding
		var since *time.Time
		if err := rows.Scan(&account, &asset, &h.amount, &since); err != nil {
			return nil, fmt.Errorf("deposit addresses of %s: %w", chain.ID, err)
		}
		h.forwarder, h.asset = coffer.Address(strings.TrimPrefix(account, first)), coffer.AssetID(asset)
		if since != nil {
			h.since = since.UTC()
		}
		held = append(held, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("deposit addresses of %s: %w", chain.ID, err)
	}
	return held, nil
}

type spot struct {
	forwarder coffer.Address
	asset     coffer.AssetID
}

// round is one look at what there is.
type round struct {
	chain  SweepChain
	now    time.Time
	assets map[coffer.AssetID]SweepAsset
	held   map[spot]coffer.Amount
	barred map[spot]bool // on their way, or put off
	due    []holding     // the longest first
	tries  int           // of the worst that was put off and is due again

	quarantined int
}

func newRound(chain SweepChain, held []holding, live []coffer.Sweep, deferred []payout.DeferredSweep, now time.Time) *round {
	r := &round{chain: chain, now: now, assets: map[coffer.AssetID]SweepAsset{}, held: map[spot]coffer.Amount{}, barred: map[spot]bool{}}
	for _, a := range chain.Assets {
		r.assets[a.ID] = a
	}
	for _, s := range live {
		r.barred[spot{s.Forwarder, s.Asset}] = true
	}
	tries := map[spot]int{}
	for _, d := range deferred {
		at := spot{d.Forwarder, d.Asset}
		if d.Quarantined {
			r.quarantined++
		}
		if d.Until.After(now) {
			r.barred[at] = true
		} else if !d.Quarantined { // the factory keeps one bad token from stopping the others
			tries[at] = d.Tries
		}
	}
	for _, h := range held {
		at := spot{h.forwarder, h.asset}
		if r.barred[at] {
			continue
		}
		r.held[at] = h.amount
		if h.amount.Cmp(r.assets[h.asset].Min) >= 0 || r.old(h) {
			r.due = append(r.due, h)
			r.tries = max(r.tries, tries[at])
		}
	}
	return r
}

func (r *round) old(h holding) bool {
	return !h.since.IsZero() && !h.since.Add(r.chain.MaxAge).After(r.now)
}

// plan chooses the forwarders and assets of one transaction: the asset that is due at most
// addresses, and those that are due at half of these addresses too. The rest is for the
// next round.
func (r *round) plan(gasPrice coffer.Amount) (SweepPlan, error) {
	at := map[coffer.AssetID][]holding{}
	for _, h := range r.due {
		at[h.asset] = append(at[h.asset], h)
	}
	main := slices.MaxFunc(slices.Sorted(maps.Keys(at)), func(a, b coffer.AssetID) int { return cmp.Compare(len(at[a]), len(at[b])) })

	// What was given up before is tried again with fewer at once.
	most := max(1, r.chain.MaxForwarders>>min(r.tries, 16))
	chosen := at[main][:min(most, len(at[main]))]
	tokens := r.alongside(main, chosen, at)
	chosen = chosen[:min(len(chosen), payout.MaxSweeps/len(tokens))]

	plan := SweepPlan{Forwarders: len(chosen), Quarantined: r.quarantined}
	old, unpriced := false, false
	for _, h := range chosen {
		for _, token := range tokens {
			spot := spot{h.forwarder, token}
			amount := r.held[spot]
			plan.Legs = append(plan.Legs, payout.SweepLeg{Sweep: coffer.Sweep{Forwarder: h.forwarder, Asset: token}, Expected: amount})
			unpriced = unpriced || !amount.IsZero() && r.assets[token].Price.IsZero()
			plan.Value = addOrMost(plan.Value, r.assets[token].worth(amount, r.chain.NativeDecimals))
		}
	}
	for _, h := range r.due {
		isChosen := slices.ContainsFunc(chosen, func(c holding) bool { return c.forwarder == h.forwarder })
		old = old || isChosen && slices.Contains(tokens, h.asset) && r.old(h)
	}

	gas := uint64(sweepBaseGas + len(chosen)*(sweepForwarderGas+(len(tokens)-1)*sweepAssetGas)) //nolint:gosec // at most MaxSweeps
	plan.Cost = timesOrMost(gasPrice, gas)
	switch {
	case plan.Value.Cmp(timesOrMost(plan.Cost, r.chain.CostFactor)) >= 0:
		plan.Reason = "worth its cost"
	case unpriced:
		plan.Reason = "its cost is not weighed"
	case old:
		plan.Reason = "waited long enough"
	default:
		plan.Legs, plan.Reason = nil, fmt.Sprintf("%d addresses are worth %s, less than %d times the cost of %s", plan.Forwarders, plan.Value, r.chain.CostFactor, plan.Cost)
	}
	return plan, nil
}

// alongside are the assets to flush: main, and those due at half of the chosen addresses.
// An asset that is on its way from one of them is left out.
func (r *round) alongside(main coffer.AssetID, chosen []holding, at map[coffer.AssetID][]holding) []coffer.AssetID {
	tokens := []coffer.AssetID{main}
	for _, asset := range slices.Sorted(maps.Keys(at)) {
		if asset == main {
			continue
		}
		due, barred := 0, false
		for _, h := range chosen {
			barred = barred || r.barred[spot{h.forwarder, asset}]
			if slices.ContainsFunc(at[asset], func(o holding) bool { return o.forwarder == h.forwarder }) {
				due++
			}
		}
		if !barred && 2*due >= len(chosen) {
			tokens = append(tokens, asset)
		}
	}
	return tokens
}

func addOrMost(a, b coffer.Amount) coffer.Amount {
	sum, err := a.Add(b)
	if err != nil {
		return coffer.AmountFromInt(new(uint256.Int).SetAllOne())
	}
	return sum
}

func timesOrMost(a coffer.Amount, n uint64) coffer.Amount {
	product, overflow := new(uint256.Int).MulOverflow(a.Int(), uint256.NewInt(n))
	if overflow {
		product.SetAllOne()
	}
	return coffer.AmountFromInt(product)
}
