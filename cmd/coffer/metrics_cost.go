package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cofferhq/coffer/payout"
)

// costMetrics tells what payouts took of chains that charge energy and bandwidth before money, in
// blocks that are final.
type costMetrics struct {
	payouts *payout.Manager
	chains  []*chainParts
	spent   *prometheus.Desc
}

var _ prometheus.Collector = (*costMetrics)(nil)

func newCostMetrics(m *payout.Manager, chains []*chainParts) *costMetrics {
	return &costMetrics{m, chains, prometheus.NewDesc("coffer_payout_spent_total",
		"What payouts took that are final: units of energy and bandwidth by who paid for them, and the fee that was burned, in units of the native asset, by what for.",
		[]string{"chain", "resource", "source"}, nil)}
}

// Describe implements prometheus.Collector.
func (c *costMetrics) Describe(out chan<- *prometheus.Desc) { out <- c.spent }

// Collect implements prometheus.Collector.
func (c *costMetrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	for _, chain := range c.chains {
		spent, err := c.payouts.Spent(ctx, chain.id)
		if err != nil {
			out <- prometheus.NewInvalidMetric(c.spent, err)
			continue
		}
		for _, s := range spent {
			decimals := uint8(0)
			if s.Resource == payout.ResourceFee {
				decimals = chain.native.Decimals
			}
			out <- prometheus.MustNewConstMetric(c.spent, prometheus.CounterValue, inUnits(s.Amount, decimals), string(chain.id), s.Resource, s.Source)
		}
	}
}
