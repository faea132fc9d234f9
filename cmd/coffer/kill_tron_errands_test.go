//go:build long

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// pooled lists the transactions of ours that wait.
func (s *tronSide) pooled(ctx context.Context) ([]coffer.Hash, error) {
	var list tronpb.TransactionIdList
	if err := s.client.Call(ctx, tronpb.Wallet_GetTransactionListFromPending_FullMethodName, &tronpb.EmptyMessage{}, &list); err != nil {
		return nil, err
	}
	var ours []coffer.Hash
	for _, text := range list.GetTxId() {
		id, err := coffer.ParseHash("0x" + text)
		if err != nil {
			return nil, fmt.Errorf("the node's pool: %w", err)
		}
		s.tron.mu.Lock()
		if !slices.Contains(s.sent, id) && !slices.Contains(s.tron.doomed, id) {
			ours = append(ours, id)
		}
		s.tron.mu.Unlock()
	}
	return ours, nil
}

// special implements killChain. What the errand of the round before held back goes on.
func (s *tronSide) special(number int, kind killErrand) *errand {
	key := fmt.Sprintf("%s %d", kind, number)
	s.ease()
	switch kind {
	case newAccount:
		return s.newAccount(key, s.tron.chain)
	case releaseDeposit:
		return s.parked(&parkedDeposit{key: key, ends: "UNLOCKED", pay: s.payLarge, decide: s.releaseDeposit}, func() { s.units += killParked })
	case refundDeposit:
		to := tron.Address(newAddress())
		return s.parked(&parkedDeposit{key: key, ends: "REFUNDED", pay: s.payLarge, decide: s.refundDeposit(to.String())}, func() {
			s.paid[to] = killParked - 1
		})
	case loseBlocks:
		return s.loseBlocks(key)
	case dearCalls:
		return s.stopped(key, func([]coffer.Hash) {
			const dearer = 20_000 // three times what the call took when it was signed
			s.tron.sim.SetFactor(s.tron.token, dearer)
		})
	case forgetPayment:
		return s.stopped(key, func(waiting []coffer.Hash) {
			for _, id := range waiting {
				s.tron.doom(id)
			}
		})
	case noBlocks:
		return s.noBlocks(key)
	case sweepUp:
		return s.sweepUp(key)
	}
	return nil
}

// payLarge makes a deposit that a rule parks.
func (s *tronSide) payLarge(ctx context.Context) (common.Hash, error) { return s.send(ctx, killParked) }

// withdraw implements killChain.
func (s *tronSide) withdraw(number int) *errand {
	return s.withdrawal(fmt.Sprintf("kill %d", number), nil)
}

// withdrawal pays a unit to somebody new, and does what else is needed (more, which may be
// nil) once the withdrawal is there.
func (s *tronSide) withdrawal(key string, more func(ctx context.Context, to tron.Address, id string) error) *errand {
	to, expected := tron.Address(newAddress()), false
	return &errand{what: key, do: func(ctx context.Context) error {
		w, err := s.request(ctx, key, string(s.tron.usdt), to.String(), "1")
		if err != nil {
			return err
		}
		if !expected {
			expected = true
			s.mu.Lock()
			s.withdrawals[w.ID] = "SETTLED"
			s.paid[to] = 1
			s.units -= 2
			s.mu.Unlock()
		}
		if more == nil {
			return nil
		}
		return more(ctx, to, w.ID)
	}}
}

// loseBlocks replaces the block that a payment and a deposit are in while the server runs.
func (s *tronSide) loseBlocks(key string) *errand {
	return s.withdrawal(key, func(ctx context.Context, _ tron.Address, id string) error {
		switch state, err := s.state(ctx, id); {
		case err != nil:
			return err
		case state == "SETTLED":
			return nil // in another life, and too late: the round that needs it makes another
		case state == "CONFIRMING":
			err := s.replaceBlocks(context.WithoutCancel(ctx), killRound{depth: tronKillDepth, moved: true})
			s.ease()
			return err
		}
		s.tron.pauseBlocks(true) // so that it is not final before it is seen
		return errors.Join(s.mineOurs(context.WithoutCancel(ctx)), errNotYet)
	})
}

// mineOurs makes a block, with a deposit in it, if something of ours waits for one.
func (s *tronSide) mineOurs(ctx context.Context) error {
	waiting, err := s.pooled(ctx)
	if err != nil || len(waiting) == 0 {
		return err
	}
	if err := s.payIn(ctx, 1); err != nil {
		return err
	}
	return s.tron.sim.Mine(1)
}

// stopped stops the blocks until a payment waits for one, does something to the chain, and lets
// it go on.
func (s *tronSide) stopped(key string, then func(waiting []coffer.Hash)) *errand {
	tried := false
	return s.withdrawal(key, func(ctx context.Context, to tron.Address, _ string) error {
		if tried {
			return nil
		}
		s.tron.pauseBlocks(true)
		waiting, payment, err := s.waiting(ctx, to)
		if err != nil || payment == nil {
			return errors.Join(err, errNotYet)
		}
		tried = true
		then(waiting)
		s.tron.pauseBlocks(false)
		return nil
	})
}

// noBlocks stops the blocks until the time of a payment that waits for one is over.
func (s *tronSide) noBlocks(key string) *errand {
	var over time.Time
	return s.withdrawal(key, func(ctx context.Context, to tron.Address, _ string) error {
		if over.IsZero() {
			s.tron.pauseBlocks(true)
			_, payment, err := s.waiting(ctx, to)
			if err != nil || payment == nil {
				return errors.Join(err, errNotYet)
			}
			over = time.UnixMilli(payment.GetRawData().GetExpiration()).Add(blockTime * time.Second)
		}
		if !time.Now().After(over) {
			return errNotYet
		}
		s.tron.pauseBlocks(false)
		return nil
	})
}

// waiting lists the transactions of ours that wait, and finds the one that pays somebody; nil when
// it does not wait.
func (s *tronSide) waiting(ctx context.Context, to tron.Address) ([]coffer.Hash, *tronpb.Transaction, error) {
	ours, err := s.pooled(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ours {
		var tx tronpb.Transaction
		if err := s.client.Call(ctx, tronpb.Wallet_GetTransactionFromPending_FullMethodName, &tronpb.BytesMessage{Value: id[:]}, &tx); err != nil {
			return nil, nil, err
		}
		for _, contract := range tx.GetRawData().GetContract() {
			if bytes.Contains(contract.GetParameter().GetValue(), to[:]) {
				return ours, &tx, nil
			}
		}
	}
	return ours, nil, nil
}
