package policy

import (
	"errors"
	"fmt"

	"github.com/cofferhq/coffer"
)

type delegationFile struct {
	Name       string `yaml:"name"`
	EnforcedBy string `yaml:"enforced_by"`
	Asset      string `yaml:"asset"` // TRX
	Max        string `yaml:"max"`   // most stake behind one delegation
	Daily      uint64 `yaml:"daily"` // most delegations and new accounts in a Window
}

// delegationLimit allows a wallet to lend energy and bandwidth to its own deposit addresses, and
// to make their accounts (TRON). The stake stays the wallet's; what is lost is its use, and
// the fees.
type delegationLimit struct {
	ruleHead
	asset asset
	max   coffer.Amount
	daily uint64 // in a Window, one signer's share
}

const maxDailyDelegations = 1_000_000

func (c *compiler) delegations(f delegationFile) error {
	head, err := c.head(f.Name, "delegations", f.EnforcedBy)
	if err != nil {
		return err
	}
	a, err := c.asset(f.Asset)
	if err != nil {
		return err
	}
	if !a.id.IsNative() || a.id.Chain().Namespace() != coffer.NamespaceTRON {
		return fmt.Errorf("asset: %s is not staked: want TRX", a.id)
	}
	limit := delegationLimit{ruleHead: head, asset: a, daily: f.Daily}
	if limit.max, err = positive("max", f.Max, a); err != nil {
		return err
	}
	if f.Daily > maxDailyDelegations {
		return fmt.Errorf("daily: %d, at most %d", f.Daily, maxDailyDelegations)
	}
	if head.enforcer == EnforcerSigner {
		limit.daily = c.policy.share(coffer.NewAmount(f.Daily)).Int().Uint64()
	}
	if limit.daily == 0 {
		return errors.New("daily: want at least one, and that one be a signer's share")
	}
	c.policy.delegations = append(c.policy.delegations, limit)
	return nil
}

// EvaluateDelegation judges a delegation on the chain whose native asset is staked, after so many
// in the last Window. One that is taken back is not counted: it brings the stake home. The fee
// limits apply as well: EvaluateFee. Default deny: a chain without a rule is refused, and so is,
// always, who is no deposit address of the wallet.
func (p *Policy) EvaluateDelegation(native coffer.AssetID, d coffer.Delegation, count24h uint64, enforcer string) Decision {
	decision := Decision{Verdict: VerdictAllow}
	for _, r := range p.delegations {
		if r.asset.id != native || !evaluates(enforcer, r.enforcer) {
			continue
		}
		result := Result{Rule: r.name, Kind: r.kind, EnforcedBy: r.enforcer}
		switch {
		case d.Path == "":
			result.Text = fmt.Sprintf("%.80s is no deposit address", d.To)
		case !d.Back && d.Amount.Cmp(r.max) > 0:
			result.Text = fmt.Sprintf("a stake of %s is more than %s in one delegation", r.asset.format(d.Amount), r.asset.format(r.max))
		case !d.Back && count24h >= r.daily:
			result.Text = fmt.Sprintf("%d delegations in 24 hours are as many as may be", count24h)
		default:
			result.Passed = true
			result.Text = fmt.Sprintf("a stake of %s is within %s in one delegation", r.asset.format(d.Amount), r.asset.format(r.max))
			if d.Back {
				result.Text = "a delegation may always be taken back"
			}
		}
		decision.Results = append(decision.Results, result)
		if !result.Passed {
			decision.Verdict = VerdictReject
		}
	}
	if len(decision.Results) == 0 {
		decision.Verdict = VerdictReject
		decision.Results = []Result{{"default deny", "builtin", EnforcerSigner, false, fmt.Sprintf("no delegations rule allows stake of %s", native)}}
	}
	return decision
}
