package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
)

// maxDelay bounds a first_time_delays rule.
const maxDelay = 30 * 24 * time.Hour

// What a look_alikes rule does.
const (
	ActionReview = "review"
	ActionReject = "reject"
)

// Destination is what the coordinator knows about where an order goes. Signers have no
// evidence of it, so every rule about it is enforced by the coordinator.
type Destination struct {
	InBook    bool           // in the address book of the account or its tenant
	UsableAt  time.Time      // when the entry counts, where there is one
	Paid      bool           // the account has paid it before
	Resembles coffer.Address // an address known to the account that it looks like, or empty
}

// usable reports whether the address book allows it at a time.
func (d Destination) usable(now time.Time) bool { return d.InBook && !now.Before(d.UsableAt) }

// alike is how many characters at each end people compare.
const alike = 4

// LooksLike reports whether people could take one address for the other: they differ, but
// the first and the last four characters are the same. Capitals are not told apart, and
// what all addresses of a kind begin with is not counted.
func LooksLike(a, b coffer.Address) bool {
	x, y := foldAddress(string(a)), foldAddress(string(b))
	if x == y {
		return false
	}
	x, y = telling(x), telling(y)
	if len(x) < 2*alike || len(y) < 2*alike {
		return false
	}
	return x[:alike] == y[:alike] && x[len(x)-alike:] == y[len(y)-alike:]
}

// telling is the part of an address that tells it from others of its kind: without 0x,
// the human-readable part and version of bech32, the first character of base58.
func telling(folded string) string {
	s := strings.ToLower(folded)
	if digits, ok := strings.CutPrefix(s, "0x"); ok {
		return digits
	}
	if data, ok := bech32Data(s); ok {
		s = data
	}
	if s == "" {
		return ""
	}
	return s[1:]
}

// addressBook lets larger amounts go only to usable entries of the address book.
type addressBook struct {
	ruleHead
	asset asset
	above coffer.Amount
}

func (r addressBook) applies(o coffer.Order) bool {
	return o.Asset == r.asset.id && o.Amount.Cmp(r.above) > 0
}

func (r addressBook) check(f Facts) (bool, string) {
	switch d := f.Destination; {
	case d == nil:
		return false, "the address book is not known"
	case !d.InBook:
		return false, fmt.Sprintf("above %s the destination must be in the address book", r.asset.format(r.above))
	case !d.usable(f.Now):
		return false, "the destination's entry in the address book becomes usable at " + rfc3339(d.UsableAt)
	}
	return true, "the destination is in the address book"
}

// firstTimeDelay holds what goes to a new destination back for a while.
type firstTimeDelay struct {
	ruleHead
	asset asset
	above coffer.Amount
	delay time.Duration
}

func (r firstTimeDelay) applies(o coffer.Order) bool {
	return o.Asset == r.asset.id && o.Amount.Cmp(r.above) > 0
}

func (r firstTimeDelay) check(f Facts) (bool, string) {
	switch d := f.Destination; {
	case d == nil:
		return false, "whether the destination was paid before is not known"
	case d.Paid:
		return true, "the destination was paid before"
	case d.usable(f.Now):
		return true, "the destination is in the address book"
	case f.Now.Before(r.until(f)):
		return false, "the first payment to a destination waits until " + rfc3339(r.until(f))
	}
	return true, fmt.Sprintf("the first payment to the destination waited %s", r.delay)
}

// until is when an order may go on.
func (r firstTimeDelay) until(f Facts) time.Time { return f.Requested.Add(r.delay) }

// lookAlike is about destinations that look like one the account knows. Without a rule
// in the file a person looks.
type lookAlike struct {
	ruleHead
	action string
}

func (r lookAlike) applies(coffer.Order) bool { return true }

func (r lookAlike) check(f Facts) (bool, string) {
	switch d := f.Destination; {
	case d == nil:
		return false, "which addresses the account knows is not known"
	case d.Resembles == "":
		return true, "the destination looks like no other that the account knows"
	case r.action == ActionReview && f.Released:
		return true, fmt.Sprintf("the destination looks like %s; a person released it", d.Resembles)
	default:
		return false, fmt.Sprintf("the destination looks like %s, which the account knows, but is another", d.Resembles)
	}
}

// screening wants findings that hold.
type screening struct {
	ruleHead
	asset asset
}

func (r screening) applies(o coffer.Order) bool { return o.Asset == r.asset.id }

func (r screening) check(f Facts) (bool, string) {
	if !f.Screened {
		return false, "nobody has screened it"
	}
	return true, "it was screened"
}

type addressBookFile struct {
	Name       string `yaml:"name"`
	EnforcedBy string `yaml:"enforced_by"`
	Asset      string `yaml:"asset"`
	Above      string `yaml:"above"`
}

type firstTimeDelayFile struct {
	Name       string `yaml:"name"`
	EnforcedBy string `yaml:"enforced_by"`
	Asset      string `yaml:"asset"`
	Above      string `yaml:"above"`
	Delay      string `yaml:"delay"`
}

type lookAlikeFile struct {
	Name       string `yaml:"name"`
	EnforcedBy string `yaml:"enforced_by"`
	Action     string `yaml:"action"`
}

type screeningFile struct {
	Name       string `yaml:"name"`
	EnforcedBy string `yaml:"enforced_by"`
	Asset      string `yaml:"asset"`
}

// compileDestinations reads the rules about where an order goes.
func (c *compiler) compileDestinations(f rulesFile) error {
	for _, r := range f.AddressBooks {
		head, a, above, err := c.scoped(r.Name, "address_books", r.EnforcedBy, r.Asset, r.Above)
		if err != nil {
			return fmt.Errorf("rules: address_books %q: %w", r.Name, err)
		}
		c.policy.rules = append(c.policy.rules, addressBook{head, a, above})
	}
	for _, r := range f.FirstTimeDelays {
		head, a, above, err := c.scoped(r.Name, "first_time_delays", r.EnforcedBy, r.Asset, r.Above)
		if err != nil {
			return fmt.Errorf("rules: first_time_delays %q: %w", r.Name, err)
		}
		delay, err := time.ParseDuration(r.Delay)
		if err != nil || delay <= 0 || delay > maxDelay {
			return fmt.Errorf("rules: first_time_delays %q: delay: %.40q is not a time up to %s such as 24h", r.Name, r.Delay, maxDelay)
		}
		c.policy.delay = max(c.policy.delay, delay)
		c.policy.rules = append(c.policy.rules, firstTimeDelay{head, a, above, delay})
	}
	for _, r := range f.LookAlikes {
		head, err := c.advisory(r.Name, "look_alikes", r.EnforcedBy)
		if err != nil {
			return fmt.Errorf("rules: look_alikes %q: %w", r.Name, err)
		}
		if r.Action != ActionReview && r.Action != ActionReject {
			return fmt.Errorf("rules: look_alikes %q: action: is %.40q, want review or reject", r.Name, r.Action)
		}
		c.policy.rules = append(c.policy.rules, lookAlike{head, r.Action})
	}
	for _, r := range f.Screening {
		head, err := c.advisory(r.Name, "screening", r.EnforcedBy)
		if err != nil {
			return fmt.Errorf("rules: screening %q: %w", r.Name, err)
		}
		a, err := c.asset(r.Asset)
		if err != nil {
			return fmt.Errorf("rules: screening %q: %w", r.Name, err)
		}
		c.policy.rules = append(c.policy.rules, screening{head, a})
	}
	return nil
}

// advisory is the head of a rule whose evidence signers do not have.
func (c *compiler) advisory(name, kind, enforcer string) (ruleHead, error) {
	head, err := c.head(name, kind, enforcer)
	if err == nil && enforcer == EnforcerSigner {
		err = fmt.Errorf("enforced_by: signers have no evidence of it, want coordinator")
	}
	return head, err
}

// scoped is what rules about larger amounts of an asset have in common. Without above
// they are about every amount.
func (c *compiler) scoped(name, kind, enforcer, assetName, above string) (ruleHead, asset, coffer.Amount, error) {
	head, err := c.advisory(name, kind, enforcer)
	if err != nil {
		return ruleHead{}, asset{}, coffer.Amount{}, err
	}
	a, err := c.asset(assetName)
	if err != nil || above == "" {
		return head, a, coffer.Amount{}, err
	}
	n, err := coffer.ParseUnits(above, a.decimals)
	if err != nil {
		return ruleHead{}, asset{}, coffer.Amount{}, fmt.Errorf("above: %.90q: %w", above, err)
	}
	return head, a, n, nil
}

// LongestDelay is the longest that a rule makes a first payment wait. Orders have to live
// longer than that.
func (p *Policy) LongestDelay() time.Duration { return p.delay }
