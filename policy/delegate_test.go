package policy_test

import (
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

const stakedTRX = coffer.AssetID("tron:0x2b6653dc/slip44:195")

func delegationPolicy(t *testing.T, rules string) (*policy.Policy, error) {
	t.Helper()
	return policy.Parse([]byte(`
version: 1
name: delegations
signers: {threshold: 2, count: 3}
assets:
  - {name: TRX, id: "` + string(stakedTRX) + `", decimals: 6}
  - {name: ETH, id: "eip155:1/slip44:60", decimals: 18}
rules:
` + rules))
}

func TestDelegationsAreDeniedWithoutARule(t *testing.T) {
	p, err := delegationPolicy(t, `  delegations:
    - {name: lent, enforced_by: signer, asset: TRX, max: "100", daily: 10}
`)
	if err != nil {
		t.Fatal(err)
	}
	one := coffer.Delegation{To: "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8", Path: "0/7", Resource: coffer.ResourceEnergy, Amount: coffer.NewAmount(100_000_000)}
	for name, v := range map[string]struct {
		native coffer.AssetID
		change func(*coffer.Delegation)
		count  uint64
		want   string
		says   string
	}{
		"within":                 {stakedTRX, func(*coffer.Delegation) {}, 5, policy.VerdictAllow, "is within 100 TRX"},
		"another chain":          {"tron:0xcd8690dc/slip44:195", func(*coffer.Delegation) {}, 0, policy.VerdictReject, "no delegations rule"},
		"too much":               {stakedTRX, func(d *coffer.Delegation) { d.Amount = coffer.NewAmount(100_000_001) }, 0, policy.VerdictReject, "more than 100 TRX"},
		"a stranger":             {stakedTRX, func(d *coffer.Delegation) { d.Path = "" }, 0, policy.VerdictReject, "is no deposit address"},
		"a signer's share of 10": {stakedTRX, func(*coffer.Delegation) {}, 6, policy.VerdictReject, "6 delegations in 24 hours"},
		"taken back":             {stakedTRX, func(d *coffer.Delegation) { d.Back, d.Amount = true, coffer.NewAmount(900_000_000) }, 6, policy.VerdictAllow, "taken back"},
		"a stranger's, back":     {stakedTRX, func(d *coffer.Delegation) { d.Back, d.Path = true, "" }, 0, policy.VerdictReject, "is no deposit address"},
	} {
		d := one
		v.change(&d)
		got := p.EvaluateDelegation(v.native, d, v.count, policy.EnforcerSigner)
		if got.Verdict != v.want || !strings.Contains(got.Results[0].Text, v.says) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestDelegationRulesThatAreRefused(t *testing.T) {
	for rule, says := range map[string]string{
		`{name: lent, enforced_by: signer, asset: ETH, max: "1", daily: 3}`:       "want TRX",
		`{name: lent, enforced_by: signer, asset: USDT, max: "1", daily: 3}`:      "not in assets",
		`{name: lent, enforced_by: signer, asset: TRX, max: "0", daily: 3}`:       "max",
		`{name: lent, enforced_by: signer, asset: TRX, max: "1"}`:                 "daily",
		`{name: lent, enforced_by: signer, asset: TRX, max: "1", daily: 1}`:       "a signer's share",
		`{name: lent, enforced_by: signer, asset: TRX, max: "1", daily: 1000001}`: "at most 1000000",
		`{name: lent, enforced_by: nobody, asset: TRX, max: "1", daily: 3}`:       "enforced_by",
	} {
		if _, err := delegationPolicy(t, "  delegations:\n    - "+rule+"\n"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}
