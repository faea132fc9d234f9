package main

import (
	"context"
	"log/slog"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
	"github.com/prometheus/client_golang/prometheus"
)

// backlogStates are those that operators look after.
var backlogStates = []coffer.WithdrawalState{
	coffer.WithdrawalRequested, coffer.WithdrawalScreened, coffer.WithdrawalReview,
	coffer.WithdrawalAwaitingApproval, coffer.WithdrawalApproved, coffer.WithdrawalPaying,
}

// backlog shows how many withdrawals wait, and for what. It asks the database when it is
// asked, and shows nothing when that does not answer.
type backlog struct {
	withdrawals *withdrawal.Service
	log         *slog.Logger
	waiting     *prometheus.Desc
	revocations *prometheus.Desc
}

func newBacklog(withdrawals *withdrawal.Service, log *slog.Logger) *backlog {
	return &backlog{
		withdrawals: withdrawals, log: log,
		waiting:     prometheus.NewDesc("coffer_withdrawals_waiting", "Withdrawals before their payment, by state; review waits for a person.", []string{"state"}, nil),
		revocations: prometheus.NewDesc("coffer_revocations_waiting", "Orders that ended and that the signers have not stored as revoked yet.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (b *backlog) Describe(out chan<- *prometheus.Desc) { out <- b.waiting; out <- b.revocations }

// Collect implements prometheus.Collector.
func (b *backlog) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	found, err := b.withdrawals.Backlog(ctx)
	if err != nil {
		b.log.Warn("metrics of withdrawals", "err", err)
		return
	}
	for _, state := range backlogStates {
		out <- prometheus.MustNewConstMetric(b.waiting, prometheus.GaugeValue, float64(found.States[state]), string(state))
	}
	out <- prometheus.MustNewConstMetric(b.revocations, prometheus.GaugeValue, float64(found.Revocations))
}
