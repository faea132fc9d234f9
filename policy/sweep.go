package policy

import (
	"fmt"
	"slices"

	"github.com/cofferhq/coffer"
)

type sweepFile struct {
	Name       string   `yaml:"name"`
	EnforcedBy string   `yaml:"enforced_by"`
	Fees       string   `yaml:"fees"`   // the native asset that pays
	Assets     []string `yaml:"assets"` // what may be swept on its chain
	Daily      string   `yaml:"daily"`  // most fees of sweeps in a Window

	// Consolidate: a wallet may pay its own coins to itself. On Bitcoin, where of other assets
	// only tokens are swept.
	Consolidate bool `yaml:"consolidate"`
}

// sweepLimit allows sweeps of a chain, and consolidations. They move money only to the vault
// that the deposit addresses are derived from, or to the wallet it is in, so all there is to
// bound is what they cost.
type sweepLimit struct {
	ruleHead
	fees        asset
	assets      map[coffer.AssetID]bool
	daily       coffer.Amount // in a Window, one signer's share
	consolidate bool
}

func (c *compiler) sweeps(f sweepFile) error {
	head, err := c.head(f.Name, "sweeps", f.EnforcedBy)
	if err != nil {
		return err
	}
	fees, err := c.asset(f.Fees)
	if err != nil {
		return fmt.Errorf("fees: %w", err)
	}
	if !fees.id.IsNative() {
		return fmt.Errorf("fees: %s does not pay fees", fees.id)
	}
	if len(f.Assets) == 0 || len(f.Assets) > maxRules {
		return fmt.Errorf("assets: %d, want 1 to %d", len(f.Assets), maxRules)
	}
	limit := sweepLimit{ruleHead: head, fees: fees, assets: map[coffer.AssetID]bool{}, consolidate: f.Consolidate}
	for _, name := range f.Assets {
		a, err := c.asset(name)
		if err != nil {
			return fmt.Errorf("assets: %w", err)
		}
		if a.id.Chain() != fees.id.Chain() {
			return fmt.Errorf("assets: %s is not on the chain of %s", a.id, fees.id)
		}
		limit.assets[a.id] = true
	}
	if f.Consolidate && (fees.id.Chain().Namespace() != coffer.NamespaceUTXO || !limit.assets[fees.id]) {
		return fmt.Errorf("consolidate: want %s among the assets, of a chain that has coins", fees.id)
	}
	if limit.daily, err = positive("daily", f.Daily, fees); err != nil {
		return err
	}
	if head.enforcer == EnforcerSigner {
		limit.daily = c.policy.share(limit.daily)
	}
	c.policy.sweeps = append(c.policy.sweeps, limit)
	return nil
}

// EvaluateSweep judges a sweep of these assets that may cost bound base units of the
// chain's native asset, after the sweeps of the last Window could cost spent24h. The fee
// limits apply as well: EvaluateFee. Default deny: a chain without a rule is refused.
func (p *Policy) EvaluateSweep(native coffer.AssetID, assets []coffer.AssetID, bound, spent24h coffer.Amount, enforcer string) Decision {
	return p.evaluateSweep(native, bound, spent24h, enforcer, func(r sweepLimit) string {
		unlisted := slices.IndexFunc(assets, func(a coffer.AssetID) bool { return !r.assets[a] })
		switch {
		case len(assets) == 0:
			return "a sweep of nothing"
		case unlisted >= 0:
			return fmt.Sprintf("%.160s may not be swept", assets[unlisted])
		}
		return ""
	})
}

// EvaluateConsolidation judges a transaction that pays coins of a wallet to the wallet itself:
// as EvaluateSweep does, with the sweeps of its chain counted in. Default deny: a chain without
// a rule that says so is refused.
func (p *Policy) EvaluateConsolidation(native coffer.AssetID, bound, spent24h coffer.Amount, enforcer string) Decision {
	return p.evaluateSweep(native, bound, spent24h, enforcer, func(r sweepLimit) string {
		if !r.consolidate {
			return "coins may not be consolidated"
		}
		return ""
	})
}

// evaluateSweep asks every rule of the chain: first what it says against it, then for its cap.
func (p *Policy) evaluateSweep(native coffer.AssetID, bound, spent24h coffer.Amount, enforcer string, against func(sweepLimit) string) Decision {
	d := Decision{Verdict: VerdictAllow}
	for _, r := range p.sweeps {
		if r.fees.id != native || !evaluates(enforcer, r.enforcer) {
			continue
		}
		result := Result{Rule: r.name, Kind: r.kind, EnforcedBy: r.enforcer, Text: against(r)}
		total, err := spent24h.Add(bound)
		switch {
		case result.Text != "":
		case err != nil || total.Cmp(r.daily) > 0:
			result.Text = fmt.Sprintf("fees of up to %s after %s for sweeps in 24 hours are more than %s",
				r.fees.format(bound), r.fees.format(spent24h), r.fees.format(r.daily))
		default:
			result.Passed = true
			result.Text = fmt.Sprintf("fees of up to %s are within %s for sweeps in 24 hours", r.fees.format(bound), r.fees.format(r.daily))
		}
		d.Results = append(d.Results, result)
		if !result.Passed {
			d.Verdict = VerdictReject
		}
	}
	if len(d.Results) == 0 {
		d.Verdict = VerdictReject
		d.Results = []Result{{"default deny", "builtin", EnforcerSigner, false, fmt.Sprintf("no sweeps rule allows fees in %s", native)}}
	}
	return d
}

// Sweeps are the assets that a rule of the signers allows to be swept on the chain whose
// fees are paid in native, sorted.
func (p *Policy) Sweeps(native coffer.AssetID) []coffer.AssetID {
	var allowed []coffer.AssetID
	for _, r := range p.sweeps {
		if r.fees.id != native {
			continue
		}
		for id := range r.assets {
			if d := p.EvaluateSweep(native, []coffer.AssetID{id}, coffer.Amount{}, coffer.Amount{}, EnforcerCoordinator); d.Verdict == VerdictAllow && !slices.Contains(allowed, id) {
				allowed = append(allowed, id)
			}
		}
	}
	slices.Sort(allowed)
	return allowed
}
