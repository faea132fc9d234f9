package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet/tronsim"
)

// Prices and factors are shown, what changes is said, and what is above the account's bounds is an
// alarm once.
func TestPricesOfTRONAreWatched(t *testing.T) {
	n := startTRON(t, 2, 1, 1, 1)
	s := n.server(t, 3)
	var said bytes.Buffer
	s.log, s.metrics = slog.New(slog.NewTextHandler(&said, nil)), newMetrics()
	chain, err := s.wireChain(t.Context(), n.chain())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(chain.close)
	parts, is := chain.family.(*tronParts)
	if !is {
		t.Fatalf("the chain has %T", chain.family)
	}
	s.metrics.registry.MustRegister(newPriceMetrics(parts))
	id := string(chain.id)
	look := func(says string, shown ...string) {
		t.Helper()
		said.Reset()
		s.lookAtPrices(t.Context(), parts)
		if (said.Len() > 0) != (says != "") || !strings.Contains(said.String(), says) {
			t.Errorf("it says %q, want %q", said.String(), says)
		}
		answer := httptest.NewRecorder()
		s.metrics.handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
		for _, line := range shown {
			if !strings.Contains(answer.Body.String(), strings.ReplaceAll(line, "CHAIN", id)+"\n") {
				t.Errorf("the metrics lack %s", line)
			}
		}
	}
	look("", `coffer_tron_price_sun{chain="CHAIN",of="energy"} 100`, `coffer_tron_price_sun{chain="CHAIN",of="bandwidth"} 1000`,
		`coffer_tron_energy_factor{chain="CHAIN",contract="`+n.token.String()+`"} 1`, `coffer_tron_prices_above{chain="CHAIN"} 0`)
	look("")

	n.sim.SetParameters(func(p *tronsim.Parameters) { p.EnergyPrice = 210 })
	n.sim.SetFactor(tronsim.Address(n.token), 34_000)
	if err := n.sim.Mine(1); err != nil {
		t.Fatal(err)
	}
	look("price=energy was=100 now=210", `coffer_tron_price_sun{chain="CHAIN",of="energy"} 210`,
		`coffer_tron_energy_factor{chain="CHAIN",contract="`+n.token.String()+`"} 4.4`, `coffer_tron_prices_above{chain="CHAIN"} 0`)

	n.sim.SetParameters(func(p *tronsim.Parameters) { p.BandwidthPrice = 1_001 })
	look("payouts wait", `coffer_tron_prices_above{chain="CHAIN"} 1`, `coffer_deposit_alarms_total{chain="CHAIN"} 1`)
	look("", `coffer_deposit_alarms_total{chain="CHAIN"} 1`)
	n.sim.SetParameters(func(p *tronsim.Parameters) { p.BandwidthPrice = 1_000 })
	look("within their bounds again", `coffer_tron_prices_above{chain="CHAIN"} 0`, `coffer_deposit_alarms_total{chain="CHAIN"} 1`)
}

func TestWhatAnAttemptCostsIsShown(t *testing.T) {
	var shown string
	say := func(format string, args ...any) { shown += fmt.Sprintf(format, args...) + "\n" }
	sayCost(say, "planned", &coffer.Cost{
		Energy:    coffer.Usage{Staked: 4_000, Delegated: 5_000, Burned: 1_000, Fee: coffer.NewAmount(100_000)},
		Bandwidth: coffer.Usage{Free: 345}, Penalty: 7_000, Signatures: coffer.NewAmount(1_000_000), Burned: coffer.NewAmount(1_100_000),
	})
	sayCost(say, "cost", nil)
	want := "planned  burns 1100000: energy 4000 staked, 5000 delegated, 1000 burned, 100000 paid (penalty 7000); " +
		"bandwidth 345 free, 0 paid; signatures 1000000, account 0, other 0\n"
	if shown != want {
		t.Errorf("shown %q, want %q", shown, want)
	}
}
