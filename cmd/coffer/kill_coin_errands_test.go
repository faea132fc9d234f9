//go:build long

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
)

// special implements killChain. What the errand of the round before held back goes on.
func (s *coinSide) special(number int, kind killErrand) *errand {
	key := fmt.Sprintf("%s %d", kind, number)
	if kind != noBlocks {
		s.hold(false)
	}
	switch kind {
	case newAccount:
		return s.newAccount(key, s.bitcoin.chain)
	case releaseDeposit:
		return s.parked(&parkedDeposit{key: key, ends: "UNLOCKED", pay: s.payLarge, decide: s.releaseDeposit}, func() {
			s.satoshi += killParked * coinUnit
		})
	case refundDeposit:
		to := mustFresh()
		return s.parked(&parkedDeposit{key: key, ends: "REFUNDED", pay: s.payLarge, decide: s.refundDeposit(string(to))}, func() {
			s.paid[to] = killParked*coinUnit - coinFee
		})
	case loseBlocks:
		return s.loseBlocks(key)
	case emptyBlocks:
		return s.emptyBlocks(key)
	case noBlocks:
		return s.noBlocks(key)
	}
	return nil
}

// mustFresh is somebody's address that was never paid.
func mustFresh() coffer.Address {
	address, err := freshBitcoinAddress()
	if err != nil {
		panic(err) // no randomness
	}
	return address
}

// payLarge makes a deposit that a rule parks.
func (s *coinSide) payLarge(ctx context.Context) (common.Hash, error) { return s.send(ctx, killParked) }

// withdraw implements killChain.
func (s *coinSide) withdraw(number int) *errand {
	return s.withdrawal(fmt.Sprintf("kill %d", number), nil)
}

// withdrawal pays a unit to somebody new, and does what else is needed (more, which may be
// nil) once the withdrawal is there.
func (s *coinSide) withdrawal(key string, more func(ctx context.Context, id string) error) *errand {
	to, expected := mustFresh(), false
	return &errand{what: key, do: func(ctx context.Context) error {
		w, err := s.request(ctx, key, string(s.bitcoin.native), string(to), inCoins(coinUnit))
		if err != nil {
			return err
		}
		if !expected {
			expected = true
			s.mu.Lock()
			s.withdrawals[w.ID] = "SETTLED"
			s.paid[to] = coinUnit
			s.satoshi -= coinUnit + coinFee
			s.mu.Unlock()
		}
		if more == nil {
			return nil
		}
		return more(ctx, w.ID)
	}}
}

// mineOurs makes a block, with a deposit in it, if something of ours waits for one.
func (s *coinSide) mineOurs(ctx context.Context) error {
	var pool []string
	if err := s.bitcoin.node.Call(ctx, &pool, "getrawmempool"); err != nil {
		return err
	}
	s.node.Lock()
	for _, payment := range s.sent {
		pool = slices.DeleteFunc(pool, func(id string) bool { return id == payment.ID.String()[2:] })
	}
	s.node.Unlock()
	if len(pool) == 0 {
		return nil
	}
	if err := s.payIn(ctx, 1); err != nil {
		return err
	}
	s.node.Lock()
	defer s.node.Unlock()
	_, err := s.bitcoin.node.Mine(ctx, 1)
	return err
}

// loseBlocks replaces the block that a payment and a deposit are in while the server runs.
func (s *coinSide) loseBlocks(key string) *errand {
	return s.withdrawal(key, func(ctx context.Context, id string) error {
		switch state, err := s.state(ctx, id); {
		case err != nil:
			return err
		case state == "SETTLED":
			return nil // in another life, and too late: the round that needs it makes another
		case state == "CONFIRMING":
			ctx = context.WithoutCancel(ctx)
			err := s.replaceBlocks(ctx, killRound{depth: coinDepth, moved: true})
			s.hold(false)
			return err
		}
		s.hold(true) // so that it is not final before it is seen
		return errors.Join(s.mineOurs(context.WithoutCancel(ctx)), errNotYet)
	})
}

// emptyBlocks makes blocks without the payment that waits in the pool until the server has
// died.
func (s *coinSide) emptyBlocks(key string) *errand {
	tried := false
	pay := s.withdrawal(key, nil)
	return &errand{what: pay.what, do: func(ctx context.Context) error {
		if tried {
			s.hold(false)
			return pay.do(ctx)
		}
		tried = true
		s.hold(true)
		if err := pay.do(ctx); err != nil {
			return err
		}
		ticker := time.NewTicker(coinBlockTime)
		defer ticker.Stop()
		for {
			if err := s.mineEmpty(context.WithoutCancel(ctx)); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-ticker.C:
			}
		}
	}}
}

func (s *coinSide) mineEmpty(ctx context.Context) error {
	s.node.Lock()
	defer s.node.Unlock()
	_, err := s.bitcoin.node.MineWith(ctx)
	return err
}

// noBlocks lets no block be made until the server has died at the end of a payment's time,
// and until something else is wanted.
func (s *coinSide) noBlocks(key string) *errand {
	s.hold(true)
	return s.withdrawal(key, nil)
}
