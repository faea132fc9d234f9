package main

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

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
	parts := chain.family.(*tronParts) //nolint:forcetypeassert // it is a chain of TRON
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
