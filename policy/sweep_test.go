package policy_test

import (
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

const (
	sweptUSDT = coffer.AssetID("eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7")
	sweptETH  = coffer.AssetID("eip155:1/slip44:60")
	sweptBNB  = coffer.AssetID("eip155:56/slip44:714")
	sweptBTC  = coffer.AssetID("bip122:000000000019d6689c085ae165831e93/slip44:0")
)

const sweepFile = `
version: 1
name: sweeps
signers: {threshold: 2, count: 3}
assets:
  - {name: USDT, id: "eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7", decimals: 6}
  - {name: ETH, id: "eip155:1/slip44:60", decimals: 18}
  - {name: BNB, id: "eip155:56/slip44:714", decimals: 18}
rules:
  sweeps:
    - {name: one, enforced_by: signer, fees: ETH, assets: [USDT], daily: "0.3"}
`

func eth(t *testing.T, text string) coffer.Amount {
	t.Helper()
	a, err := coffer.ParseUnits(text, 18)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSweepsAreBoundedByWhatTheyCost(t *testing.T) {
	p, err := policy.Parse([]byte(sweepFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name         string
		native       coffer.AssetID
		assets       []coffer.AssetID
		bound, spent string
		want, why    string
	}{
		{"within the share of one signer", sweptETH, []coffer.AssetID{sweptUSDT}, "0.1", "0.1", policy.VerdictAllow, ""},
		{"one wei above it", sweptETH, []coffer.AssetID{sweptUSDT}, "0.100000000000000001", "0.1", policy.VerdictReject, "24 hours"},
		{"an asset that is not named", sweptETH, []coffer.AssetID{sweptUSDT, sweptETH}, "0.1", "0", policy.VerdictReject, "may not be swept"},
		{"a chain without a rule", sweptBNB, []coffer.AssetID{sweptBNB}, "0.1", "0", policy.VerdictReject, "no sweeps rule"},
		{"nothing", sweptETH, nil, "0.1", "0", policy.VerdictReject, "nothing"},
	} {
		d := p.EvaluateSweep(c.native, c.assets, eth(t, c.bound), eth(t, c.spent), policy.EnforcerSigner)
		if d.Verdict != c.want || !strings.Contains(d.Reason(), c.why) {
			t.Errorf("%s: %s %q, want %s %q", c.name, d.Verdict, d.Reason(), c.want, c.why)
		}
	}
	if got := p.Sweeps(sweptETH); len(got) != 1 || got[0] != sweptUSDT || len(p.Sweeps(sweptBNB)) != 0 {
		t.Errorf("may be swept: %v, %v", got, p.Sweeps(sweptBNB))
	}
}

func TestSweepRulesThatMeanNothingAreRefused(t *testing.T) {
	for _, c := range []struct{ from, to, says string }{
		{"fees: ETH", "fees: USDT", "does not pay fees"},
		{"fees: ETH", "fees: DOGE", `"DOGE" is not in assets`},
		{"fees: ETH", "fees: BNB", "is not on the chain"},
		{"assets: [USDT]", "assets: []", "want 1 to"},
		{"assets: [USDT]", "assets: [USDC]", `"USDC" is not in assets`},
		{`daily: "0.3"`, `daily: "0"`, "is zero"},
		{`daily: "0.3"`, `daily: "-1"`, "daily"},
		{"enforced_by: signer", "enforced_by: nobody", "enforced_by"},
		{"name: one", `name: ""`, "the name is empty"},
		{"daily:", "weekly:", "weekly"},
	} {
		text := strings.Replace(sweepFile, c.from, c.to, 1)
		if _, err := policy.Parse([]byte(text)); text == sweepFile || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.to, err, c.says)
		}
	}
}

const consolidateRule = `  - {name: BTC, id: "bip122:000000000019d6689c085ae165831e93/slip44:0", decimals: 8}
rules:
  sweeps:
    - {name: coins, enforced_by: signer, fees: BTC, assets: [BTC], consolidate: true, daily: "0.003"}
`

func TestConsolidationsWantARuleThatSaysSo(t *testing.T) {
	text := strings.Replace(sweepFile, "rules:\n  sweeps:\n", consolidateRule, 1)
	parse := func(text string) (*policy.Policy, error) { return policy.Parse([]byte(text)) }
	p, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	only, err := parse(strings.Replace(text, "consolidate: true", "consolidate: false", 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name         string
		policy       *policy.Policy
		native       coffer.AssetID
		bound, spent uint64
		want, why    string
	}{
		{"within the share of one signer", p, sweptBTC, 150_000, 50_000, policy.VerdictAllow, ""},
		{"one satoshi above it", p, sweptBTC, 150_001, 50_000, policy.VerdictReject, "24 hours"},
		{"a rule for sweeps alone", p, sweptETH, 1, 0, policy.VerdictReject, "may not be consolidated"},
		{"a rule without the mark", only, sweptBTC, 1, 0, policy.VerdictReject, "may not be consolidated"},
		{"a chain without a rule", p, sweptBNB, 1, 0, policy.VerdictReject, "no sweeps rule"},
	} {
		d := c.policy.EvaluateConsolidation(c.native, coffer.NewAmount(c.bound), coffer.NewAmount(c.spent), policy.EnforcerSigner)
		if d.Verdict != c.want || !strings.Contains(d.Reason(), c.why) {
			t.Errorf("%s: %s %q, want %s %q", c.name, d.Verdict, d.Reason(), c.want, c.why)
		}
	}
	if _, err := parse(strings.Replace(text, "assets: [USDT]", "assets: [USDT, ETH], consolidate: true", 1)); err == nil || !strings.Contains(err.Error(), "consolidate") {
		t.Errorf("a rule that consolidates ether: %v", err)
	}
}
