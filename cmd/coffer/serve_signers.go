package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/signer"
	"github.com/prometheus/client_golang/prometheus"
)

// signerPoll is how often every signer is asked how it is.
const signerPoll = time.Second

// signerWatch is what the server knows of its signers' pauses, so that payouts wait instead
// of asking in vain. The signers enforce them, whatever is known here.
type signerWatch struct {
	mu     sync.Mutex
	pauses map[string][]signer.Pause // by signer, as of its last answer
	told   map[coffer.Hash]bool      // pauses that were logged
	logs   map[string]error          // by signer whose log was read: what is wrong with it, nil for nothing
	limits map[string]limits         // by signer, as of its last answer
	unfit  map[string]error          // what they contradict, nil for nothing
	halted string                    // why nothing is paid, "" when it is
	refuse error                     // why payouts do not run
}

// watchSigners asks every signer how it is until ctx ends.
func (s *server) watchSigners(ctx context.Context) error {
	ticker := time.NewTicker(signerPoll)
	defer ticker.Stop()
	for {
		var asking sync.WaitGroup
		for _, one := range s.signers {
			asking.Go(func() { s.lookAt(ctx, one) })
		}
		asking.Wait()
		if err := s.lookAtHalt(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		s.admitAgain(ctx)
		s.spread(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// lookAt asks one signer. What one that is away said before still counts.
func (s *server) lookAt(ctx context.Context, one *signerConn) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	info, err := one.Info(ctx)
	if err != nil {
		return // readiness says so
	}
	_ = s.compare(info) // and trusted says so
	s.heard(one.Name(), s.payouts.Follow(ctx, s.logOf(one)))
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	s.watch.pauses[one.Name()] = info.Pauses
}

// spread gives pauses that some signers know to those who do not, as long as their
// statements last: whoever paused may have reached one signer only.
func (s *server) spread(ctx context.Context) {
	s.watch.mu.Lock()
	missing := map[*signerConn][]policy.Command{}
	for _, one := range s.signers {
		for _, others := range s.watch.pauses {
			for _, p := range others {
				known := slices.ContainsFunc(s.watch.pauses[one.Name()], func(x signer.Pause) bool { return same(x, p) })
				if !known && time.Now().Before(p.Command.Statement.Expires) {
					missing[one] = append(missing[one], p.Command)
				}
			}
		}
	}
	s.watch.mu.Unlock()

	for one, commands := range missing {
		for _, c := range commands {
			call, cancel := context.WithTimeout(ctx, checkTimeout)
			_, err := one.Command(call, c)
			cancel()
			if err != nil {
				s.log.Debug("a signer does not take a pause of another one", "signer", one.Name(), "statement", c.Statement.String(), "err", err)
			}
		}
	}
}

func same(a, b signer.Pause) bool { return a.Command.Statement.Hash() == b.Command.Statement.Hash() }

// inForce are the pauses that hold payouts back: those of so many signers that the others
// cannot pay.
func (s *server) inForce() []policy.Statement {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	count := map[coffer.Hash]int{}
	var found []policy.Statement
	for _, pauses := range s.watch.pauses {
		for _, p := range pauses {
			st := p.Command.Statement
			if count[st.Hash()]++; count[st.Hash()] == len(s.signers)-s.config.Signing.Threshold+1 {
				found = append(found, st)
			}
		}
	}
	now := make(map[coffer.Hash]bool, len(found))
	for _, st := range found {
		now[st.Hash()] = true
		if !s.watch.told[st.Hash()] {
			s.log.Warn("people paused the signers", "statement", st.String(), "reason", st.Reason, "hash", st.Hash().String())
		}
	}
	if len(s.watch.told) > len(now) {
		s.log.Info("people resumed the signers", "pauses", len(now))
	}
	s.watch.told = now
	return found
}

// paused says why payouts of these orders on this chain have to wait, "" when they do not.
func (s *server) paused(id coffer.ChainID, orders ...coffer.Order) string {
	s.watch.mu.Lock()
	halted := s.watch.halted
	s.watch.mu.Unlock()
	if halted != "" {
		return halted
	}
	for _, st := range s.inForce() {
		if st.CoversChain(id) || slices.ContainsFunc(orders, st.Covers) {
			return fmt.Sprintf("paused: %s (%s)", st, st.Reason)
		}
	}
	return ""
}

// followPauses shows how many pauses of each scope are in force, and whether payouts run.
func (s *server) followPauses() {
	s.metrics.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "coffer_payouts_refused", Help: "1 while payouts do not run: the database was restored, or a signer's log was cut.",
	}, func() float64 {
		if s.refused(context.Background()) != nil {
			return 1
		}
		return 0
	}))
	for _, scope := range []string{policy.ScopeAll, policy.ScopeChain, policy.ScopeAsset, policy.ScopeTenant} {
		s.metrics.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "coffer_pauses", Help: "Pauses in force in the signers.", ConstLabels: prometheus.Labels{"scope": scope},
		}, func() float64 {
			n := 0
			for _, st := range s.inForce() {
				if st.Scope == scope {
					n++
				}
			}
			return float64(n)
		}))
	}
}
