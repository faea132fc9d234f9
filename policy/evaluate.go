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
//
// Requested is when the order was made, Destination what is known of where it goes, nil
// where nothing is. Screened is that it was screened and nothing forbids it, Released that
// a person looked and let it go on.
type Facts struct {
	Order         coffer.Order
	Now           time.Time
	Spent24h      coffer.Amount
	AssetSpent24h *coffer.Amount
	Approvers     []string
	Enforcer      string

	Requested   time.Time
	Destination *Destination
	Screened    bool
	Released    bool
}

// Verdicts, the worst first.
const (
	VerdictReject    = "reject"    // a rule fails that nobody can cure
	VerdictReview    = "review"    // a person has to look
	VerdictApprovals = "approvals" // only people are missing, and perhaps time
	VerdictWait      = "wait"      // only time is missing
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
// people the order needs in all, those who approved already included. NotBefore is when
// it may be paid at the earliest, zero for at once.
type Decision struct {
	Verdict   string    `json:"verdict"`
	Approvals uint32    `json:"approvals"`
	NotBefore time.Time `json:"notBefore,omitzero"`
	Results   []Result  `json:"results"`

	reason string // of the rule that decided, where Evaluate said which
}

// Evaluate asks every rule that applies.
func (p *Policy) Evaluate(f Facts) Decision {
	var d Decision
	why := map[string]string{} // verdict → the first result that asks for it

	for _, r := range p.builtin(f) {
		d.Results = append(d.Results, r)
		if !r.Passed {
			note(why, VerdictReject, r)
		}
	}
	for _, r := range p.rulesFor(f) {
		head := r.head()
		if !evaluates(f.Enforcer, head.enforcer) || !r.applies(f.Order) {
			continue
		}
		passed, text := r.check(f)
		result := Result{head.name, head.kind, head.enforcer, passed, text}
		d.Results = append(d.Results, result)

		failure := VerdictReject
		switch r := r.(type) {
		case approvals:
			d.Approvals = max(d.Approvals, r.people)
			failure = VerdictApprovals
		case firstTimeDelay:
			if !passed && f.Destination != nil {
				failure = VerdictWait
				d.NotBefore = later(d.NotBefore, r.until(f))
			}
		case lookAlike:
			if r.action == ActionReview && f.Destination != nil {
				failure = VerdictReview
			}
		}
		if !passed {
			note(why, failure, result)
		}
	}

	d.Verdict = VerdictAllow
	for _, verdict := range []string{VerdictReject, VerdictReview, VerdictApprovals, VerdictWait} {
		if reason, asked := why[verdict]; asked {
			d.Verdict, d.reason = verdict, reason
			break
		}
	}
	return d
}

// note keeps the first result that asks for a verdict.
func note(why map[string]string, verdict string, r Result) {
	if _, noted := why[verdict]; !noted {
		why[verdict] = r.Rule + ": " + r.Text
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// rulesFor are the file's rules, and the one about look-alikes that no file can switch
// off: where the file says nothing of them, a person looks.
func (p *Policy) rulesFor(f Facts) []rule {
	if f.Destination == nil {
		return p.rules
	}
	for _, r := range p.rules {
		if _, said := r.(lookAlike); said {
			return p.rules
		}
	}
	standing := lookAlike{ruleHead{"look-alikes", "builtin", EnforcerCoordinator}, ActionReview}
	return append(p.rules[:len(p.rules):len(p.rules)], standing)
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

// Reason is the text of the rule that decided: the first one that does not pass of those
// with the worst verdict. It is empty when all pass.
func (d Decision) Reason() string {
	if d.reason != "" {
		return d.reason
	}
	for _, r := range d.Results {
		if !r.Passed {
			return r.Rule + ": " + r.Text
		}
	}
	return ""
}
