package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
)

// Facts is what an evaluation knows.
//
// Spent24h is what the order's account had paid out of the order's asset in the last
// Window, this order left out; AssetSpent24h the same over all accounts, nil where the
// caller does not know it. Approvers are the people whose approvals counted, from
// (*Policy).Approvers. Enforcer is EnforcerSigner in a signer; anywhere else all rules
// are evaluated.
type Facts struct {
	Order         coffer.Order
	Now           time.Time
	Spent24h      coffer.Amount
	AssetSpent24h *coffer.Amount
	Approvers     []string
	Enforcer      string
}

// Verdicts.
const (
	VerdictReject    = "reject"    // a rule fails that nobody can cure
	VerdictApprovals = "approvals" // only people are missing
	VerdictAllow     = "allow"
)

// Result is what one rule makes of an order.
type Result struct {
	Rule       string `json:"rule"`
	Kind       string `json:"kind"`
	EnforcedBy string `json:"enforcedBy"`
	Passed     bool   `json:"passed"`
	Text       string `json:"text"`
}

// Decision is what the whole policy makes of an order. Approvals is how many distinct
// people the order needs in all, those who approved already included.
type Decision struct {
	Verdict   string   `json:"verdict"`
	Approvals uint32   `json:"approvals"`
	Results   []Result `json:"results"`
}

// Evaluate asks every rule that applies.
func (p *Policy) Evaluate(f Facts) Decision {
	var d Decision
	rejected, missing := false, false

	for _, r := range p.builtin(f) {
		d.Results = append(d.Results, r)
		rejected = rejected || !r.Passed
	}
	for _, r := range p.rules {
		head := r.head()
		if !evaluates(f.Enforcer, head.enforcer) || !r.applies(f.Order) {
			continue
		}
		passed, text := r.check(f)
		d.Results = append(d.Results, Result{head.name, head.kind, head.enforcer, passed, text})

		quorum, isQuorum := r.(approvals)
		switch {
		case isQuorum:
			d.Approvals = max(d.Approvals, quorum.people)
			missing = missing || !passed
		case !passed:
			rejected = true
		}
	}

	switch {
	case rejected:
		d.Verdict = VerdictReject
	case missing:
		d.Verdict = VerdictApprovals
	default:
		d.Verdict = VerdictAllow
	}
	return d
}

func evaluates(evaluator, enforcer string) bool {
	return evaluator != EnforcerSigner || enforcer == EnforcerSigner
}

// builtin are the rules no file can switch off.
func (p *Policy) builtin(f Facts) []Result {
	order := Result{Rule: "order is sound", Kind: "builtin", EnforcedBy: EnforcerSigner}
	switch o := f.Order; {
	case o.ID == "" || o.Tenant == "" || o.Account == "" || o.Destination == "":
		order.Text = "id, tenant, account or destination is missing"
	case o.Amount.IsZero():
		order.Text = "the amount is zero"
	case !f.Now.Before(o.Expires):
		order.Text = "the order expired at " + o.Expires.UTC().Format(time.RFC3339)
	default:
		order.Passed, order.Text = true, "complete, not expired"
	}

	listed := Result{Rule: "default deny", Kind: "builtin", EnforcedBy: EnforcerSigner}
	listed.Text = fmt.Sprintf("no order limit names %s", f.Order.Asset)
	for _, r := range p.rules {
		if limit, ok := r.(orderLimit); ok && limit.applies(f.Order) && evaluates(f.Enforcer, limit.enforcer) {
			listed.Passed, listed.Text = true, "the asset has an order limit"
		}
	}
	return []Result{order, listed}
}

// EvaluateFee judges what a payout may spend on fees: bound base units of the chain's
// native asset, after spent24h in the last Window. Default deny: an asset without a fee
// limit is refused.
func (p *Policy) EvaluateFee(native coffer.AssetID, bound, spent24h coffer.Amount, enforcer string) Decision {
	d := Decision{Verdict: VerdictAllow}
	for _, r := range p.fees {
		if r.asset.id != native || !evaluates(enforcer, r.enforcer) {
			continue
		}
		result := Result{Rule: r.name, Kind: r.kind, EnforcedBy: r.enforcer, Passed: true}
		total, err := spent24h.Add(bound)
		switch {
		case bound.Cmp(r.max) > 0:
			result.Passed = false
			result.Text = fmt.Sprintf("a fee of up to %s is more than %s in one payout", r.asset.format(bound), r.asset.format(r.max))
		case err != nil || total.Cmp(r.daily) > 0:
			result.Passed = false
			result.Text = fmt.Sprintf("a fee of up to %s after %s in 24 hours is more than %s",
				r.asset.format(bound), r.asset.format(spent24h), r.asset.format(r.daily))
		default:
			result.Text = fmt.Sprintf("a fee of up to %s is within %s in one payout and %s in 24 hours",
				r.asset.format(bound), r.asset.format(r.max), r.asset.format(r.daily))
		}
		d.Results = append(d.Results, result)
		if !result.Passed {
			d.Verdict = VerdictReject
		}
	}
	if len(d.Results) == 0 {
		d.Verdict = VerdictReject
		d.Results = []Result{{"default deny", "builtin", EnforcerSigner, false, fmt.Sprintf("no fee limit names %s", native)}}
	}
	return d
}

// Explain says why, one line a rule.
func (d Decision) Explain() string {
	var b strings.Builder
	b.WriteString("verdict: " + d.Verdict)
	if d.Approvals > 0 {
		fmt.Fprintf(&b, " (needs %d people)", d.Approvals)
	}
	for _, r := range d.Results {
		mark := "pass"
		if !r.Passed {
			mark = "FAIL"
		}
		fmt.Fprintf(&b, "\n  %s  %s (%s, %s): %s", mark, r.Rule, r.Kind, r.EnforcedBy, r.Text)
	}
	return b.String()
}

// Reason is the text of the first rule that does not pass, empty when all do.
func (d Decision) Reason() string {
	for _, r := range d.Results {
		if !r.Passed {
			return r.Rule + ": " + r.Text
		}
	}
	return ""
}
