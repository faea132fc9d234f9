package main

import (
	"context"
	"math/big"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
	"github.com/prometheus/client_golang/prometheus"
)

// scrapeTimeout bounds what one scrape of payouts may ask the database.
const scrapeTimeout = 3 * time.Second

// payoutMetrics tells, when asked, how payouts stand: what waits for whom, which lanes are
// taken, what is reserved, what the wallets lack.
type payoutMetrics struct {
	payouts *payout.Manager
	chains  []*chainParts

	open, parked, alarmed, lanes, dead, deferred, reserved, fees, short, broken *prometheus.Desc
}

var _ prometheus.Collector = (*payoutMetrics)(nil)

func newPayoutMetrics(m *payout.Manager, chains []*chainParts) *payoutMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("coffer_payout_"+name, help, append([]string{"chain"}, labels...), nil)
	}
	return &payoutMetrics{
		payouts: m, chains: chains,
		open:     desc("open", "Payouts that have not ended.", "state"),
		parked:   desc("parked", "Payouts that need a person, though the chain may end them."),
		alarmed:  desc("alarmed", "Payouts that wait for a person."),
		lanes:    desc("lanes_busy", "Lanes of the wallet that hold a payout."),
		dead:     desc("lanes_dead", "Lanes of the wallet that were left for ever."),
		deferred: desc("deferred", "Withdrawals that wait after a failed payout, of all chains."),
		reserved: desc("reserved", "Units of an asset that payouts on their way will pay.", "asset"),
		fees:     desc("reserved_fees", "Native units that payouts on their way may spend on fees.", "path"),
		short:    desc("short", "1 for what the wallet lacked when a payout was planned last.", "of"),
		broken:   desc("broken", "1 when the chain's block events contradict each other and payouts stand still."),
	}
}

// Describe implements prometheus.Collector.
func (c *payoutMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.open, c.parked, c.alarmed, c.lanes, c.dead, c.deferred, c.reserved, c.fees, c.short, c.broken} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *payoutMetrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	for _, chain := range c.chains {
		gauge := func(d *prometheus.Desc, value float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, append([]string{string(chain.id)}, labels...)...)
		}
		broken := 0.0
		if c.payouts.Broken(chain.id) != nil {
			broken = 1
		}
		gauge(c.broken, broken)
		stats, err := c.payouts.Stats(ctx, chain.id)
		if err != nil {
			out <- prometheus.NewInvalidMetric(c.open, err)
			continue
		}
		for state, n := range stats.States {
			gauge(c.open, float64(n), string(state))
		}
		gauge(c.parked, float64(stats.Parked))
		gauge(c.alarmed, float64(stats.Alarmed))
		gauge(c.lanes, float64(stats.Lanes))
		gauge(c.dead, float64(stats.Dead))
		gauge(c.deferred, float64(stats.Deferred))
		for _, asset := range chain.assets {
			gauge(c.reserved, inUnits(stats.Reserved.Assets[asset.ID], asset.Decimals), string(asset.ID))
		}
		for path, amount := range stats.Reserved.Fees {
			gauge(c.fees, inUnits(amount, chain.native.Decimals), path)
		}
		for _, what := range stats.Short {
			gauge(c.short, 1, what)
		}
	}
}

// inUnits is an amount for a graph, where a rounded figure will do.
func inUnits(a coffer.Amount, decimals uint8) float64 {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
	units, _ := new(big.Rat).SetFrac(a.Int().ToBig(), unit).Float64()
	return units
}

// watchPayouts shows how payouts stand, in the metrics and in readiness.
func (s *server) watchPayouts() {
	paying := s.payingChains()
	s.metrics.registry.MustRegister(newPayoutMetrics(s.payouts, paying), newCostMetrics(s.payouts, paying))
	for _, chain := range paying {
		s.ready.add("payouts "+string(chain.id), func(context.Context) error { return s.payouts.Broken(chain.id) })
	}
}
