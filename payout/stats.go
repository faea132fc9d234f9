package payout

import (
	"context"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// Stats is how a chain's payouts stand.
type Stats struct {
	States   map[coffer.PayoutState]int // payouts that have not ended
	Parked   int                        // need a person, though the chain may end them
	Alarmed  int                        // wait for a person
	Lanes    int                        // busy
	Dead     int                        // lanes left for ever
	Deferred int                        // withdrawals of all chains that wait after a failure
	Reserved Reserved
	Short    []string // what the wallet lacked when a payout was planned last
}

// Stats reads how a chain's payouts stand.
func (m *Manager) Stats(ctx context.Context, id coffer.ChainID) (Stats, error) {
	chain, known := m.Chains[id]
	if !known {
		return Stats{}, fmt.Errorf("stats: chain %s is not configured", id)
	}
	s := Stats{States: map[coffer.PayoutState]int{}, Short: m.Short(id)}
	rows, err := m.sql.CountOpen(ctx, string(id))
	if err != nil {
		return Stats{}, fmt.Errorf("count payouts: %w", err)
	}
	for _, r := range rows {
		s.States[coffer.PayoutState(r.State)] = int(r.Payouts)
		s.Parked += int(r.Parked)
		s.Alarmed += int(r.Alarmed)
	}
	busy, err := m.sql.BusyLanes(ctx, payoutsql.BusyLanesParams{Chain: string(id), Wallet: string(chain.Wallet.Address())})
	if err != nil {
		return Stats{}, fmt.Errorf("read busy lanes: %w", err)
	}
	dead, err := m.sql.DeadLanes(ctx, payoutsql.DeadLanesParams{Chain: string(id), Wallet: string(chain.Wallet.Address())})
	if err != nil {
		return Stats{}, fmt.Errorf("read dead lanes: %w", err)
	}
	s.Lanes, s.Dead = len(busy), len(dead)
	deferred, err := m.deferred(ctx, m.sql)
	if err != nil {
		return Stats{}, err
	}
	s.Deferred = len(deferred.waiting)
	s.Reserved, err = m.Reserved(ctx, id)
	return s, err
}
