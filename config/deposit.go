package config

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/ethereum/go-ethereum/common"
)

// Deposits says what becomes of deposits on a chain besides the depths of their assets.
type Deposits struct {
	// Rules park deposits for a person, who releases, rejects or refunds them.
	Rules []DepositRule `koanf:"rules"`

	// BlockedSenders park what they send, also after it was credited.
	BlockedSenders []string `koanf:"blocked_senders"`

	// KnownTokens are tokens that we know and do not support: what arrives of them is kept
	// in suspense.
	KnownTokens []coffer.AssetID `koanf:"known_tokens"`

	// Unknown tokens are anybody's to make and send: so many at most are noted.
	UnknownPerBlock int64 `koanf:"unknown_per_block"`
	UnknownPerChain int64 `koanf:"unknown_per_chain"`
}

// DepositRule matches deposits of an amount or more, or what comes after Count deposits of
// an account in one asset within Window.
type DepositRule struct {
	Name   string         `koanf:"name"`   // for operators
	Asset  coffer.AssetID `koanf:"asset"`  // "" for every asset of the chain, then with count
	Amount string         `koanf:"amount"` // of the asset, in the unit people say
	Count  int            `koanf:"count"`
	Window time.Duration  `koanf:"window"`
}

// Bounds of a chain's deposits.
const (
	maxDepositRules    = 32
	maxRuleName        = 100
	maxRuleWindow      = 90 * 24 * time.Hour
	maxBlockedSenders  = 10_000
	maxKnownTokens     = 1_000
	maxUnknownPerBlock = 10_000
	maxUnknownPerChain = 1_000_000
)

func depositDefaults(d *Deposits) {
	setDefault(&d.UnknownPerBlock, 100)
	setDefault(&d.UnknownPerChain, 10_000)
}

func checkDeposits(key string, c Chain, wrong func(key, format string, args ...any)) {
	key += ".deposits"
	d := c.Deposits
	if len(d.Rules) > maxDepositRules {
		wrong(key+".rules", "want at most %d", maxDepositRules)
	}
	names := map[string]bool{}
	for i, rule := range d.Rules {
		at := fmt.Sprintf("%s.rules[%d]", key, i)
		if rule.Name == "" || len(rule.Name) > maxRuleName || names[rule.Name] {
			wrong(at+".name", "want a name of its own, of at most %d bytes", maxRuleName)
		}
		names[rule.Name] = true
		checkDepositRule(at, c, rule, wrong)
	}
	if len(d.BlockedSenders) > maxBlockedSenders {
		wrong(key+".blocked_senders", "want at most %d", maxBlockedSenders)
	}
	if len(d.KnownTokens) > maxKnownTokens {
		wrong(key+".known_tokens", "want at most %d", maxKnownTokens)
	}
	for i, id := range d.KnownTokens {
		at := fmt.Sprintf("%s.known_tokens[%d]", key, i)
		switch {
		case id.Chain() != c.ID:
			wrong(at, "is an asset of %s, not of %s", id.Chain(), c.ID)
		case c.isTRON() && (id.Namespace() != coffer.AssetTRC20 || !isTRONAddress(id.Reference())):
			wrong(at, "want an asset such as %s/trc20:T…", c.ID)
		case c.isTRON():
			if slices.ContainsFunc(c.Assets, func(a Asset) bool { return a.ID == id }) {
				wrong(at, "is one of assets: it is supported")
			}
		case id.Namespace() != coffer.AssetERC20 || checkAddress(id.Reference()) != nil:
			wrong(at, "want an asset such as %s/erc20:0x…", c.ID)
		case common.HexToAddress(id.Reference()).Hex() != id.Reference():
			wrong(at, "write the token with its checksum: %s", common.HexToAddress(id.Reference()).Hex())
		case slices.ContainsFunc(c.Assets, func(a Asset) bool { return a.ID == id }):
			wrong(at, "is one of assets: it is supported")
		}
	}
	if d.UnknownPerBlock < 1 || d.UnknownPerBlock > maxUnknownPerBlock {
		wrong(key+".unknown_per_block", "want 1 to %d", maxUnknownPerBlock)
	}
	if d.UnknownPerChain < 1 || d.UnknownPerChain > maxUnknownPerChain {
		wrong(key+".unknown_per_chain", "want 1 to %d", maxUnknownPerChain)
	}
}

// checkEVMSenders checks how senders are written. On other chains whoever reads the chain
// does: the server refuses to start with one that it cannot read.
func checkEVMSenders(key string, d Deposits, wrong func(key, format string, args ...any)) {
	for i, sender := range d.BlockedSenders {
		if err := checkAddress(sender); err != nil {
			wrong(fmt.Sprintf("%s.blocked_senders[%d]", key, i), "%v", err)
		}
	}
}

func checkDepositRule(key string, c Chain, rule DepositRule, wrong func(key, format string, args ...any)) {
	asset, known := c.asset(rule.Asset)
	if rule.Asset != "" && !known {
		wrong(key+".asset", "%.160q is none of the chain's assets", rule.Asset)
	}
	switch {
	case (rule.Amount == "") == (rule.Count == 0):
		wrong(key, "want either an amount or a count with a window")
	case rule.Amount != "" && rule.Asset == "":
		wrong(key+".asset", "is missing: an amount is of one asset")
	case rule.Amount != "" && known:
		if amount, err := coffer.ParseUnits(rule.Amount, asset.Decimals); err != nil {
			wrong(key+".amount", "%v", err)
		} else if amount.IsZero() {
			wrong(key+".amount", "is zero: every deposit would wait for a person")
		}
	}
	switch {
	case rule.Count < 0:
		wrong(key+".count", "is below zero")
	case rule.Count > 0 && (rule.Window <= 0 || rule.Window > maxRuleWindow):
		wrong(key+".window", "%s is not between 1ns and %s", rule.Window, maxRuleWindow)
	case rule.Count == 0 && rule.Window != 0:
		wrong(key+".window", "goes with a count")
	}
}

// checkWitness wants nodes other than those the chain is read from.
func checkWitness(key string, c Chain, wrong func(key, format string, args ...any)) {
	read := map[string]bool{}
	for _, text := range c.RPC {
		if u, err := url.Parse(text); err == nil {
			read[u.Host] = true
		}
	}
	for _, text := range c.WitnessRPC {
		u, err := url.Parse(text)
		switch {
		case err != nil || !slices.Contains([]string{"http", "https"}, u.Scheme) || u.Host == "":
			wrong(key, "want http or https URLs")
		case read[u.Host]:
			wrong(key, "%s is one of rpc: a node cannot be its own witness", u.Host)
		}
	}
}

// asset is one of the chain's assets.
func (c Chain) asset(id coffer.AssetID) (Asset, bool) {
	for _, a := range append([]Asset{c.Native}, c.Assets...) {
		if a.ID == id {
			return a, true
		}
	}
	return Asset{}, false
}

// Units reads an amount of one of the chain's assets. The configuration has been checked.
func (c Chain) Units(id coffer.AssetID, text string) coffer.Amount {
	asset, _ := c.asset(id)
	amount, err := coffer.ParseUnits(text, asset.Decimals)
	if err != nil {
		panic(fmt.Sprintf("an amount of %s was not checked: %v", id, err))
	}
	return amount
}
