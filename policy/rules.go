package policy

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer"
)

// Scopes of a velocity rule.
const (
	PerAccount = "account" // of one customer, in one asset
	PerAsset   = "asset"   // of all customers together, in one asset
)

// rule judges orders. applies is about the order alone; check says whether it passes.
type rule interface {
	head() ruleHead
	applies(o coffer.Order) bool
	check(f Facts) (passed bool, text string)
}

type ruleHead struct{ name, kind, enforcer string }

func (h ruleHead) head() ruleHead { return h }

type orderLimit struct {
	ruleHead
	asset asset
	max   coffer.Amount
}

func (r orderLimit) applies(o coffer.Order) bool { return o.Asset == r.asset.id }

func (r orderLimit) check(f Facts) (bool, string) {
	if f.Order.Amount.Cmp(r.max) > 0 {
		return false, fmt.Sprintf("%s is more than %s in one order", r.asset.format(f.Order.Amount), r.asset.format(r.max))
	}
	return true, fmt.Sprintf("%s is within %s in one order", r.asset.format(f.Order.Amount), r.asset.format(r.max))
}

// velocity holds what is spent in a Window, this order included, under a cap. The cap is
// what one evaluator may let through: the signers' share where signers enforce it.
type velocity struct {
	ruleHead
	asset asset
	per   string
	cap   coffer.Amount
}

func (r velocity) applies(o coffer.Order) bool { return o.Asset == r.asset.id }

func (r velocity) check(f Facts) (bool, string) {
	spent := &f.Spent24h
	if r.per == PerAsset {
		spent = f.AssetSpent24h
	}
	if spent == nil {
		if r.enforcer == EnforcerSigner && f.Enforcer != EnforcerSigner {
			return true, "counted by the signers"
		}
		return false, "what was spent in the last 24 hours is not known"
	}

	total, err := spent.Add(f.Order.Amount)
	passed := err == nil && total.Cmp(r.cap) <= 0
	if r.per == PerAsset && f.Enforcer != EnforcerSigner {
		// What the coordinator says reaches one tenant; the sum is everybody's.
		text := fmt.Sprintf("%s is within what is left of %s in 24 hours per %s", r.asset.format(f.Order.Amount), r.asset.format(r.cap), r.per)
		if !passed {
			text = fmt.Sprintf("%s is more than what is left of %s in 24 hours per %s", r.asset.format(f.Order.Amount), r.asset.format(r.cap), r.per)
		}
		return passed, text
	}
	if !passed {
		return false, fmt.Sprintf("%s after %s in 24 hours is more than %s per %s",
			r.asset.format(f.Order.Amount), r.asset.format(*spent), r.asset.format(r.cap), r.per)
	}
	return true, fmt.Sprintf("%s in 24 hours is within %s per %s", r.asset.format(total), r.asset.format(r.cap), r.per)
}

type blockList struct {
	ruleHead
	addresses map[string]bool
}

func (r blockList) applies(coffer.Order) bool { return true }

func (r blockList) check(f Facts) (bool, string) {
	if r.addresses[foldAddress(string(f.Order.Destination))] {
		return false, fmt.Sprintf("%s is blocked", f.Order.Destination)
	}
	return true, "the destination is not blocked"
}

// How addresses look: 0x and 40 hex digits, or the text of base58 and bech32.
var (
	hexAddress  = regexp.MustCompile(`^0[xX][0-9a-fA-F]{40}$`)
	textAddress = regexp.MustCompile(`^[0-9a-zA-Z]{14,90}$`)
	bareHex     = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)
)

// checkBlocked refuses an entry that could never meet a destination, because a misspelt
// address blocks nobody.
func checkBlocked(address string) error {
	switch {
	case hexAddress.MatchString(address):
		digits := address[2:]
		mixed := digits != strings.ToLower(digits) && digits != strings.ToUpper(digits)
		if mixed && common.HexToAddress(address).Hex()[2:] != digits {
			return errors.New("has capital letters that are not its EIP-55 checksum")
		}
		return nil
	case strings.HasPrefix(foldAddress(address), "0x"), bareHex.MatchString(address):
		return errors.New("is not an address: want 0x and 40 hex digits")
	case !textAddress.MatchString(address):
		return errors.New("is not an address")
	}
	return nil
}

// foldAddress makes all spellings of one hex address one. Addresses in base58 keep their
// case, which is part of them; bech32 may be written all in upper case (BIP-173).
func foldAddress(s string) string {
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		return strings.ToLower(s)
	}
	if _, isBech32 := bech32Data(strings.ToLower(s)); isBech32 && s == strings.ToUpper(s) {
		return strings.ToLower(s)
	}
	return s
}

// bech32Data is what stands behind the human-readable part of a bech32 address of ours
// (BIP-173): mainnet, testnet and regtest.
func bech32Data(s string) (string, bool) {
	for _, prefix := range []string{"bc1", "tb1", "bcrt1"} {
		if data, ok := strings.CutPrefix(s, prefix); ok {
			return data, true
		}
	}
	return "", false
}

type approvals struct {
	ruleHead
	asset  asset
	above  coffer.Amount
	people uint32
}

func (r approvals) applies(o coffer.Order) bool {
	return o.Asset == r.asset.id && o.Amount.Cmp(r.above) > 0
}

func (r approvals) check(f Facts) (bool, string) {
	have := distinct(f.Approvers)
	text := fmt.Sprintf("above %s needs %d people, has %d", r.asset.format(r.above), r.people, have)
	return have >= int(r.people), text
}

func distinct(names []string) int {
	seen := map[string]bool{}
	for _, name := range names {
		seen[name] = true
	}
	return len(seen)
}

// feeLimit bounds what payouts may spend on a chain's fees.
type feeLimit struct {
	ruleHead
	asset asset
	max   coffer.Amount // of one payout
	daily coffer.Amount // in a Window, one signer's share
}

// compiler turns the file's rules into rules, checking names and amounts.
type compiler struct {
	policy *Policy
	assets map[string]asset
	names  map[string]bool
}

func (c *compiler) compile(f rulesFile) error {
	lists := []int{len(f.OrderLimits), len(f.Velocity), len(f.BlockLists), len(f.Approvals), len(f.FeeLimits), len(f.Sweeps), len(f.Delegations),
		len(f.AddressBooks), len(f.FirstTimeDelays), len(f.LookAlikes), len(f.Screening)}
	for _, n := range lists {
		if n > maxRules {
			return fmt.Errorf("rules: %d of one kind, at most %d", n, maxRules)
		}
	}
	for _, r := range f.OrderLimits {
		if err := c.orderLimit(r); err != nil {
			return fmt.Errorf("rules: order_limits %q: %w", r.Name, err)
		}
	}
	for _, r := range f.Velocity {
		if err := c.velocity(r); err != nil {
			return fmt.Errorf("rules: velocity %q: %w", r.Name, err)
		}
	}
	for _, r := range f.BlockLists {
		if err := c.blockList(r); err != nil {
			return fmt.Errorf("rules: block_lists %q: %w", r.Name, err)
		}
	}
	for _, r := range f.Approvals {
		if err := c.approvals(r); err != nil {
			return fmt.Errorf("rules: approvals %q: %w", r.Name, err)
		}
	}
	for _, r := range f.FeeLimits {
		if err := c.feeLimit(r); err != nil {
			return fmt.Errorf("rules: fee_limits %q: %w", r.Name, err)
		}
	}
	for _, r := range f.Sweeps {
		if err := c.sweeps(r); err != nil {
			return fmt.Errorf("rules: sweeps %q: %w", r.Name, err)
		}
	}
	for _, r := range f.Delegations {
		if err := c.delegations(r); err != nil {
			return fmt.Errorf("rules: delegations %q: %w", r.Name, err)
		}
	}
	return c.compileDestinations(f)
}

func (c *compiler) head(name, kind, enforcer string) (ruleHead, error) {
	if name == "" || c.names[name] {
		return ruleHead{}, fmt.Errorf("the name is empty or used twice")
	}
	c.names[name] = true
	if enforcer != EnforcerSigner && enforcer != EnforcerCoordinator {
		return ruleHead{}, fmt.Errorf("enforced_by: is %q, want signer or coordinator", enforcer)
	}
	return ruleHead{name, kind, enforcer}, nil
}

func (c *compiler) asset(name string) (asset, error) {
	a, ok := c.assets[name]
	if !ok {
		return asset{}, fmt.Errorf("asset: %q is not in assets", name)
	}
	return a, nil
}

// positive reads an amount that bounds something; a bound of zero is a rule nobody means.
func positive(field, text string, a asset) (coffer.Amount, error) {
	n, err := coffer.ParseUnits(text, a.decimals)
	if err != nil {
		return coffer.Amount{}, fmt.Errorf("%s: %.90q: %w", field, text, err)
	}
	if n.IsZero() {
		return coffer.Amount{}, fmt.Errorf("%s: is zero; leave the asset out to refuse it", field)
	}
	return n, nil
}

func (c *compiler) orderLimit(f orderLimitFile) error {
	head, err := c.head(f.Name, "order_limits", f.EnforcedBy)
	if err != nil {
		return err
	}
	a, err := c.asset(f.Asset)
	if err != nil {
		return err
	}
	limit, err := positive("max", f.Max, a)
	if err != nil {
		return err
	}
	c.policy.rules = append(c.policy.rules, orderLimit{head, a, limit})
	return nil
}

func (c *compiler) velocity(f velocityFile) error {
	head, err := c.head(f.Name, "velocity", f.EnforcedBy)
	if err != nil {
		return err
	}
	a, err := c.asset(f.Asset)
	if err != nil {
		return err
	}
	if f.Per != PerAccount && f.Per != PerAsset {
		return fmt.Errorf("per: is %q, want account or asset", f.Per)
	}
	limit, err := positive("max", f.Max, a)
	if err != nil {
		return err
	}
	if head.enforcer == EnforcerSigner {
		limit = c.policy.share(limit)
	}
	c.policy.rules = append(c.policy.rules, velocity{head, a, f.Per, limit})
	return nil
}

func (c *compiler) blockList(f blockListFile) error {
	head, err := c.head(f.Name, "block_lists", f.EnforcedBy)
	if err != nil {
		return err
	}
	if len(f.Addresses) > maxBlocked {
		return fmt.Errorf("addresses: %d, at most %d", len(f.Addresses), maxBlocked)
	}
	r := blockList{head, map[string]bool{}}
	for i, address := range f.Addresses {
		if err := checkBlocked(address); err != nil {
			return fmt.Errorf("addresses[%d]: %.90q %w", i, address, err)
		}
		r.addresses[foldAddress(address)] = true
	}
	c.policy.rules = append(c.policy.rules, r)
	return nil
}

func (c *compiler) approvals(f approvalsFile) error {
	head, err := c.head(f.Name, "approvals", f.EnforcedBy)
	if err != nil {
		return err
	}
	a, err := c.asset(f.Asset)
	if err != nil {
		return err
	}
	above, err := coffer.ParseUnits(f.Above, a.decimals)
	if err != nil {
		return fmt.Errorf("above: %.90q: %w", f.Above, err)
	}
	if f.People == 0 || uint64(f.People) > uint64(c.policy.persons) { // #nosec G115 -- a count
		return fmt.Errorf("people: is %d, the file names %d", f.People, c.policy.persons)
	}
	c.policy.rules = append(c.policy.rules, approvals{head, a, above, f.People})
	return nil
}

func (c *compiler) feeLimit(f feeLimitFile) error {
	head, err := c.head(f.Name, "fee_limits", f.EnforcedBy)
	if err != nil {
		return err
	}
	a, err := c.asset(f.Asset)
	if err != nil {
		return err
	}
	if !a.id.IsNative() {
		return fmt.Errorf("asset: %s does not pay fees", a.id)
	}
	limit, err := positive("max", f.Max, a)
	if err != nil {
		return err
	}
	daily, err := positive("daily", f.Daily, a)
	if err != nil {
		return err
	}
	if head.enforcer == EnforcerSigner {
		daily = c.policy.share(daily)
	}
	if limit.Cmp(daily) > 0 {
		return fmt.Errorf("max: is more than one signer's share of daily, %s", a.format(daily))
	}
	c.policy.fees = append(c.policy.fees, feeLimit{head, a, limit, daily})
	return nil
}

// share is what one of N signers may let through so that all of them together, M at a
// time, let through at most total: total × M / N, rounded down.
func (p *Policy) share(total coffer.Amount) coffer.Amount {
	n, _ := new(uint256.Int).MulDivOverflow(total.Int(), uint256.NewInt(p.shareM), uint256.NewInt(p.shareN))
	return coffer.AmountFromInt(n)
}

// checkBounds makes the file say how much an asset can lose: whoever owns the
// coordinator can invent accounts, so an asset that can be ordered needs an order limit
// and a cap over all accounts, both held by signers, and no order may exceed the cap.
func (p *Policy) checkBounds() error {
	limits, caps := map[coffer.AssetID]coffer.Amount{}, map[coffer.AssetID]coffer.Amount{}
	for _, r := range p.rules {
		switch r := r.(type) {
		case orderLimit:
			if r.enforcer == EnforcerSigner {
				lower(limits, r.asset.id, r.max)
			}
		case velocity:
			if r.enforcer == EnforcerSigner && r.per == PerAsset {
				lower(caps, r.asset.id, r.cap)
			}
		}
	}
	for _, r := range p.rules {
		limit, isLimit := r.(orderLimit)
		if !isLimit {
			continue
		}
		a := limit.asset
		most, held := limits[a.id]
		bound, capped := caps[a.id]
		switch {
		case !held:
			return fmt.Errorf("rules: %s has an order limit, but none is enforced by signers", a.name)
		case !capped:
			return fmt.Errorf("rules: %s can be ordered, but no velocity rule per asset is enforced by signers", a.name)
		case most.Cmp(bound) > 0:
			return fmt.Errorf("rules: an order of %s can be %s, but one signer's share of the velocity is %s",
				a.name, a.format(most), a.format(bound))
		}
	}
	return nil
}

func lower(m map[coffer.AssetID]coffer.Amount, id coffer.AssetID, n coffer.Amount) {
	if old, ok := m[id]; !ok || n.Cmp(old) < 0 {
		m[id] = n
	}
}
