package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler"
	"github.com/cofferhq/coffer/evm"
	"github.com/ethereum/go-ethereum/common"
	"github.com/prometheus/client_golang/prometheus"
)

// wireBundler makes a chain's embedded bundler with the executors that its signers hold. An
// executor whose signer is away is missing until the next start, as long as one is there.
func (s *server) wireBundler(ctx context.Context, e *evmParts) (_ *bundler.Bundler, err error) {
	executors, err := s.executors(ctx, e)
	if err != nil {
		return nil, err
	}
	e.bundler, err = bundler.New(ctx, bundler.Config{
		DB: s.db, Client: e.client, EntryPoint: e.client.Config().EntryPoint, Executors: executors, Clock: time.Now,
		Senders: []common.Address{e.safe.Address}, Poll: e.chain.config.PollInterval, Log: s.log, Checkpoint: checkpoint,
		Refill: e.refill(),
	})
	if err != nil {
		return nil, err
	}
	s.metrics.bundles(e.chain.id, e.bundler)
	all, err := e.bundler.Executors(ctx)
	for _, executor := range all {
		e.executors = append(e.executors, evm.AddressOf(executor))
	}
	return e.bundler, err
}

// refill is what the configuration says about gas money, which has been checked.
func (e *evmParts) refill() *bundler.Refill {
	r := e.chain.config.Refill
	if !r.Wanted() {
		return nil
	}
	wei := func(text string) *big.Int { return configured(text, e.chain.native.Decimals).Int().ToBig() }
	return &bundler.Refill{
		Wallets: []common.Address{e.safe.Address}, DepositMin: wei(r.DepositMin), DepositTarget: wei(r.DepositTarget),
		ExecutorMin: wei(r.ExecutorMin), ExecutorTarget: wei(r.ExecutorTarget), AtOnce: wei(r.AtOnce),
	}
}

func (s *server) executors(ctx context.Context, e *evmParts) ([]bundler.Executor, error) {
	var executors []bundler.Executor
	var failed []error
	for _, name := range e.chain.config.Executors() {
		at := slices.IndexFunc(s.signers, func(one *signerConn) bool { return one.Name() == name })
		if at < 0 {
			return nil, fmt.Errorf("executor_signers: %q is none of the signers", name)
		}
		executor, err := s.signers[at].Executor(ctx, e.chain.id)
		switch {
		case coffer.ErrorCode(err) == coffer.CodeUnavailable:
			s.log.Error("an executor is missing: its signer is away", "chain", e.chain.id, "signer", name, "err", err)
			failed = append(failed, err)
			continue
		case err != nil:
			return nil, fmt.Errorf("executor: %w", err)
		}
		executors = append(executors, executor)
	}
	if len(executors) == 0 {
		return nil, fmt.Errorf("there is no executor: %w", errors.Join(failed...))
	}
	return executors, nil
}

// bundles shows what a bundler has in flight and what it cannot get into a block.
func (m *metrics) bundles(chain coffer.ChainID, b *bundler.Bundler) {
	gauge := func(name, help string, value func(s bundler.Status) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: name, Help: help, ConstLabels: prometheus.Labels{"chain": string(chain)},
		}, func() float64 { return value(b.Status()) }))
	}
	gauge("coffer_bundler_in_flight", "Bundles in no block.", func(s bundler.Status) float64 { return float64(s.InFlight) })
	gauge("coffer_bundler_dry", "1 when gas money is missing and no executor has any to spare.", func(s bundler.Status) float64 {
		if s.Dry {
			return 1
		}
		return 0
	})
	gauge("coffer_bundler_parked", "Bundles whose fee budget is spent: a person or lower fees have to help.", func(s bundler.Status) float64 { return float64(s.Parked) })
}
