package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/treasury"
	"github.com/prometheus/client_golang/prometheus"
)

// wireSweeps makes what empties deposit addresses. What the policy does not let signers
// sweep is a mistake in one of the two files, and a reason not to start.
func (s *server) wireSweeps(ctx context.Context) (err error) {
	var chains []treasury.SweepChain
	for _, chain := range s.chains {
		if over := chain.config.UTXO.ConsolidateOver; over > 0 {
			if err := mayConsolidate(s.policy, chain.native.ID); err != nil {
				return fmt.Errorf("chain %s: utxo.consolidate_over: %s: %w", chain.id, s.config.PolicyFile, err)
			}
		}
		if len(chain.config.Sweep.Assets) == 0 {
			continue
		}
		one := tokenSweepChain(chain.config, s.deposits)
		if evm := chain.evmOf(); evm != nil {
			one = sweepChain(chain.config, evm.client, s.deposits)
		}
		if t, ok := chain.family.(*tronParts); ok {
			one = tronSweepChain(chain.config, t.wallet, s.deposits)
			if err := s.mayLend(ctx, t); err != nil {
				return fmt.Errorf("chain %s: sweep: %w", chain.id, err)
			}
		}
		allowed := s.policy.Sweeps(chain.native.ID)
		for _, asset := range one.Assets {
			if !slices.Contains(allowed, asset.ID) {
				return fmt.Errorf("chain %s: sweep: no sweeps rule of %s allows %s", chain.id, s.config.PolicyFile, asset.ID)
			}
		}
		chains = append(chains, one)
	}
	s.sweeps, err = treasury.NewSweeper(treasury.SweepConfig{
		DB: s.db, Payouts: s.payouts, Salts: salts{s.deposits}, Chains: chains, Clock: time.Now, Log: s.log, Looked: s.metrics.swept(),
	})
	return err
}

// mayConsolidate is an error where the policy lets no signer consolidate a chain's coins.
func mayConsolidate(p *policy.Policy, native coffer.AssetID) error {
	d := p.EvaluateConsolidation(native, coffer.Amount{}, coffer.Amount{}, policy.EnforcerCoordinator)
	if d.Verdict != policy.VerdictAllow {
		return errors.New(d.Reason())
	}
	return nil
}

func sweepChain(chain config.Chain, client *evm.Client, deposits *deposit.Service) treasury.SweepChain {
	one := finalSweepChain(chain, deposits)
	one.GasPrice = func(ctx context.Context) (coffer.Amount, error) {
		fees, base, err := client.SuggestFees(ctx)
		if err != nil {
			return coffer.Amount{}, err
		}
		return base.Add(fees.Priority)
	}
	return one
}

// finalSweepChain is what sweeps of a chain are told by the configuration and the books.
func finalSweepChain(chain config.Chain, deposits *deposit.Service) treasury.SweepChain {
	cfg := chain.Sweep
	one := treasury.SweepChain{
		ID: chain.ID, MaxForwarders: cfg.MaxForwarders, CostFactor: cfg.CostFactor, MaxAge: cfg.MaxAge, Interval: cfg.Interval,
		Final: func(ctx context.Context) (uint64, error) {
			progress, err := deposits.Progress(ctx, chain.ID)
			return min(progress.Final, progress.Tip.Height), err
		},
	}
	for _, asset := range cfg.Assets {
		least, price := asset.Words(chain)
		one.Assets = append(one.Assets, treasury.SweepAsset{ID: asset.Asset, Min: least, Price: price})
	}
	return one
}

// sweep runs the sweeper of a chain that has one.
func (s *server) sweep(ctx context.Context, chain *chainParts) error {
	if len(chain.config.Sweep.Assets) == 0 {
		<-ctx.Done()
		return errors.New("the server ends")
	}
	return s.sweeps.Run(ctx, chain.id)
}

// swept counts sweeps, and shows what is in quarantine.
func (m *metrics) swept() func(chain coffer.ChainID, plan treasury.SweepPlan, made string) {
	sweeps := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "coffer_sweeps_total", Help: "Sweeps of deposit addresses that were made payouts.",
	}, []string{"chain"})
	quarantined := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "coffer_sweep_quarantined", Help: "Deposit addresses and assets whose flush moved nothing.",
	}, []string{"chain"})
	m.registry.MustRegister(sweeps, quarantined)
	lending := m.sweptByLending()
	return func(chain coffer.ChainID, plan treasury.SweepPlan, made string) {
		quarantined.WithLabelValues(string(chain)).Set(float64(plan.Quarantined))
		switch {
		case len(plan.Exposure) > 0: // its steps are payouts too
			sweeps.WithLabelValues(string(chain)).Add(float64(plan.Swept))
			lending(chain, plan)
		case made != "":
			sweeps.WithLabelValues(string(chain)).Inc()
		}
	}
}

// sweptByLending shows what waits at deposit addresses that have keys of one signer.
func (m *metrics) sweptByLending() func(chain coffer.ChainID, plan treasury.SweepPlan) {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, append([]string{"chain"}, labels...))
		m.registry.MustRegister(g)
		return g
	}
	exposure := gauge("coffer_sweep_exposure", "What is at deposit addresses that one signer has the keys of, in base units.", "asset")
	over := gauge("coffer_sweep_exposure_over", "1 while that is more than its cap.", "asset")
	waiting := gauge("coffer_sweep_waiting", "Deposit addresses that are not emptied: for want of stake, for what it would cost, or because nothing moves.", "why")
	lent := gauge("coffer_sweep_under_way", "Deposit addresses that a step of a sweep is on its way for.")
	return func(chain coffer.ChainID, plan treasury.SweepPlan) {
		for _, e := range plan.Exposure {
			exposure.WithLabelValues(string(chain), string(e.Asset)).Set(e.Waiting.Int().Float64())
			above := 0.0
			if e.Over {
				above = 1
			}
			over.WithLabelValues(string(chain), string(e.Asset)).Set(above)
		}
		for why, n := range map[string]int{"stake": plan.Lacking, "cost": plan.Dear, "stuck": len(plan.Stuck)} {
			waiting.WithLabelValues(string(chain), why).Set(float64(n))
		}
		lent.WithLabelValues(string(chain)).Set(float64(plan.Underway))
	}
}
