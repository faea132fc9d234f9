package main

import (
	"strings"
	"testing"

	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/utxo"
)

// The server does not start with consolidate_over where signers would refuse every one.
func TestConsolidationsWantARuleOfThePolicy(t *testing.T) {
	const text = `
version: 1
name: coins
signers: {threshold: 2, count: 3}
assets:
  - {name: BTC, id: "bip122:000000000019d6689c085ae165831e93/slip44:0", decimals: 8}
rules:
  sweeps:
    - {name: coins, enforced_by: signer, fees: BTC, assets: [BTC], consolidate: true, daily: "0.003"}
`
	for change, says := range map[string]string{
		"":                                      "",
		"consolidate: true, ":                   "may not be consolidated",
		text[strings.Index(text, "  sweeps:"):]: "no sweeps rule",
	} {
		p, err := policy.Parse([]byte(strings.Replace(text, change, "", 1)))
		if err != nil {
			t.Fatal(err)
		}
		err = mayConsolidate(p, utxo.Mainnet.Native())
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("without %q: %v, want %q", change, err, says)
		}
	}
}
