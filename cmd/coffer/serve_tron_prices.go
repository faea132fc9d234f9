package main

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/tron"
)

// pricesPoll is how often prices of a chain of TRON are read. They change every six hours at most.
const (
	pricesPoll    = time.Minute
	pricesTimeout = 30 * time.Second
)

// watchPrices makes the watch of what the chain charges, with its metrics.
func (s *server) watchPrices(t *tronParts) error {
	var tokens []tron.Address
	for _, asset := range t.chain.assets {
		if asset.ID.IsNative() {
			continue
		}
		token, err := tron.TokenOf(t.chain.id, asset.ID)
		if err != nil {
			return err
		}
		tokens = append(tokens, token)
	}
	t.prices = tron.NewPriceWatch(t.client, t.account, tokens)
	return nil
}

// tronFees are the bounds of fees that operators set.
func tronFees(c config.Chain) tron.Fees {
	if c.TRON.MaxBurn == "" {
		return tron.Fees{}
	}
	return tron.Fees{MaxBurned: configured(c.TRON.MaxBurn, c.Native.Decimals).Int().Uint64()} // the configuration bounds it
}

// priceParts starts the watches of prices where payouts are made.
func (s *server) priceParts(part func(role, name string, run func(ctx context.Context) error)) {
	for _, chain := range s.payingChains() {
		if t, is := chain.family.(*tronParts); is {
			s.metrics.registry.MustRegister(newPriceMetrics(t))
			part("payouts", "prices "+string(chain.id), func(ctx context.Context) error { return s.followPrices(ctx, t) })
		}
	}
}

// followPrices looks at what the chain charges until ctx ends.
func (s *server) followPrices(ctx context.Context, t *tronParts) error {
	ticker := time.NewTicker(pricesPoll)
	defer ticker.Stop()
	for {
		s.lookAtPrices(ctx, t)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// lookAtPrices says what changed. While prices are above the bounds of the account nothing is
// paid: that is an alarm.
func (s *server) lookAtPrices(ctx context.Context, t *tronParts) {
	call, cancel := context.WithTimeout(ctx, pricesTimeout)
	defer cancel()
	changed, crossed, err := t.prices.Look(call)
	if err != nil {
		s.log.Warn("prices could not be read", "chain", t.chain.id, "err", err)
		return
	}
	for _, c := range changed {
		s.log.Warn("a price of the chain changed", "chain", t.chain.id, "price", c.Name, "was", c.Was, "now", c.Now)
	}
	switch above := t.prices.Above(); {
	case !crossed:
	case above != nil:
		s.log.Error("payouts wait: fees would be above their bound", "chain", t.chain.id, "err", above)
		s.alarm(t.chain.id, above)
	default:
		s.log.Info("prices are within their bounds again", "chain", t.chain.id)
	}
}

// priceMetrics tells the prices of the last look.
type priceMetrics struct {
	chain        string
	watch        *tron.PriceWatch
	price, above *prometheus.Desc
	factor       *prometheus.Desc
}

var _ prometheus.Collector = (*priceMetrics)(nil)

func newPriceMetrics(t *tronParts) *priceMetrics {
	return &priceMetrics{
		chain: string(t.chain.id), watch: t.prices,
		price:  prometheus.NewDesc("coffer_tron_price_sun", "What the chain burns: for a unit of energy, a byte of bandwidth, several signatures, a new account.", []string{"chain", "of"}, nil),
		factor: prometheus.NewDesc("coffer_tron_energy_factor", "Energy that a contract takes in place of 1, because many use it.", []string{"chain", "contract"}, nil),
		above:  prometheus.NewDesc("coffer_tron_prices_above", "1 while prices are above the bounds of the account and payouts wait.", []string{"chain"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (m *priceMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.price, m.factor, m.above} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *priceMetrics) Collect(out chan<- prometheus.Metric) {
	const factorOne = 10_000
	for name, value := range m.watch.Seen() {
		if contract, is := strings.CutPrefix(name, tron.PriceFactor); is {
			out <- prometheus.MustNewConstMetric(m.factor, prometheus.GaugeValue, float64(value)/factorOne, m.chain, contract)
			continue
		}
		out <- prometheus.MustNewConstMetric(m.price, prometheus.GaugeValue, float64(value), m.chain, name)
	}
	above := 0.0
	if m.watch.Above() != nil {
		above = 1
	}
	out <- prometheus.MustNewConstMetric(m.above, prometheus.GaugeValue, above, m.chain)
}
