//go:build long

package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/ethereum/go-ethereum/common"
)

// Base fees in wei: of an ordinary block, and of one that lets everything in.
const (
	ordinaryFee = 1_000_000_000
	lowFee      = 1_000
)

// errNotYet is what an errand ends with that has to be asked again.
var errNotYet = errors.New("not yet")

// special is what a round needs besides a deposit and a withdrawal, or nil.
func (s *killSide) special(number int, kind killErrand) *errand {
	key := fmt.Sprintf("%s %d", kind, number)
	switch kind {
	case newAccount:
		return s.newAccount(key)
	case askPeople:
		return s.withdrawal(key, killApprove, newAddress(), s.approveAll)
	case changeMind:
		return s.changeMind(key)
	case askOperator:
		return s.withdrawal(key, 1, endingWith(newAddress(), 0x88, 0x88), s.releaseWithdrawal)
	case releaseDeposit:
		return s.releasedDeposit(key)
	case refundDeposit:
		return s.refundedDeposit(key)
	case loseBlocks:
		return s.loseBlocks(key, number%2 == 1)
	case emptyBlocks:
		return s.emptyBlocks(key)
	case stopToken:
		return s.stopToken(key)
	case badPayment:
		return s.badPayment(key)
	case payInside:
		return s.payInside(key)
	case sweepUp:
		return s.sweepUp(key)
	case justPay:
	}
	return nil
}

func endingWith(a common.Address, last ...byte) common.Address {
	copy(a[len(a)-len(last):], last)
	return a
}

// newAccount opens an account and asks for its address, whose past is looked up then.
func (s *killSide) newAccount(key string) *errand {
	key += " " + string(s.chain)
	return &errand{what: key, do: func(ctx context.Context) error {
		_, err := s.customer(ctx, key)
		return err
	}}
}

// approveAll has every person approve, until the withdrawal goes on.
func (s *killSide) approveAll(ctx context.Context, id string) error {
	state, err := s.state(ctx, id)
	switch {
	case err != nil:
		return err
	case state == "REQUESTED" || state == "SCREENED":
		return errNotYet
	case state != "AWAITING_APPROVAL":
		return nil
	}
	for person := range s.approvers {
		if err := s.approve(ctx, id, person); err != nil {
			return err
		}
	}
	return nil
}

// changeMind cancels a withdrawal that waits for people.
func (s *killSide) changeMind(key string) *errand {
	key += " " + string(s.chain)
	to := newAddress()
	return &errand{what: key, do: func(ctx context.Context) error {
		w, err := s.request(ctx, key, string(s.usdt), to.Hex(), fmt.Sprint(killApprove))
		if err != nil {
			return err
		}
		s.expect(w.ID, "CANCELLED", to, killApprove)
		if w.State == "CANCELLED" {
			return nil
		}
		_, err = s.cancel(ctx, w.ID)
		return err
	}}
}

// releaseWithdrawal lets a withdrawal out of review, whose destination the screening of the
// development stack holds.
func (s *killSide) releaseWithdrawal(ctx context.Context, id string) error {
	state, err := s.state(ctx, id)
	switch {
	case err != nil:
		return err
	case state == "REQUESTED" || state == "SCREENED":
		return errNotYet
	case state != "REVIEW":
		return nil
	}
	var done struct{ ReleaseWithdrawal withdrawalSeen }
	return s.api.do(ctx, `mutation($k: String!, $id: ID!) { releaseWithdrawal(idempotencyKey: $k, id: $id, reason: "known") `+withdrawalFields+` }`,
		object{"k": "release " + id, "id": id}, &done)
}

// releasedDeposit is credited in the end.
func (s *killSide) releasedDeposit(key string) *errand {
	p := &parkedDeposit{key: key + " " + string(s.chain), ends: "UNLOCKED", pay: s.payLarge, decide: s.releaseDeposit}
	return s.parked(p, func() { s.halves += 2 * killParked })
}

// refundedDeposit goes back, less the fee of a withdrawal.
func (s *killSide) refundedDeposit(key string) *errand {
	to := newAddress()
	p := &parkedDeposit{key: key + " " + string(s.chain), ends: "REFUNDED", pay: s.payLarge, decide: s.refundDeposit(to.Hex())}
	return s.parked(p, func() { s.paid[to] = new(big.Int).Div(s.units(2*killParked-1), common.Big2) })
}

// payLarge makes a deposit that a rule parks.
func (s *killSide) payLarge(ctx context.Context) (common.Hash, error) {
	tx, err := s.send(ctx, killParked)
	if err != nil {
		return tx, err
	}
	return tx, s.mined(ctx, tx)
}

// loseBlocks has the node replace the blocks that a payment is in while the server runs.
func (s *killSide) loseBlocks(key string, moved bool) *errand {
	to, paid := newAddress(), ""
	pay := s.withdrawal(key, 1, to, func(_ context.Context, id string) error {
		paid = id
		return nil
	})
	return &errand{what: pay.what, do: func(ctx context.Context) error {
		if err := pay.do(ctx); err != nil {
			return err
		}
		switch state, err := s.state(ctx, paid); {
		case err != nil:
			return err
		case state == "SETTLED":
			return nil // in another life, and too late: the round that needs it makes another
		case state != "CONFIRMING":
			return errNotYet
		}
		return s.replaceBlocks(context.WithoutCancel(ctx), killRound{depth: killDepth, moved: moved})
	}}
}

// emptyBlocks lets the node's base fee rise above what a payment offers until the server
// has died, so that block after block leaves it out.
func (s *killSide) emptyBlocks(key string) *errand {
	to, tried := newAddress(), false
	pay := s.withdrawal(key, 1, to, nil)
	return &errand{what: pay.what, do: func(ctx context.Context) error {
		if tried {
			return pay.do(ctx) // the base fee is low again
		}
		tried = true
		s.node.Lock()
		defer s.node.Unlock()
		return errors.Join(s.squeeze(ctx, pay), s.relax(context.WithoutCancel(ctx)))
	}}
}

// squeeze makes blocks only by itself: one with what customers sent, for the node would drop
// it from its pool; none until a payment waits there; then blocks whose base fee is above
// what any that wait offer, and falls again while what is offered is too little to wait.
func (s *killSide) squeeze(ctx context.Context, pay *errand) error {
	if err := errors.Join(s.mineEvery(ctx, 0), s.mineAt(ctx, big.NewInt(lowFee)), pay.do(ctx)); err != nil {
		return err
	}
	ticker := time.NewTicker(stuckPoll)
	defer ticker.Stop()
	fee, looks := new(big.Int), 0 // of the last block, and how often nothing waited since
	for {
		highest, err := s.highestOffer(ctx)
		if err != nil {
			return err
		}
		switch {
		case highest.Sign() > 0:
			fee, looks = highest.Add(highest, common.Big1), 0
		case fee.Sign() > 0:
			if looks++; looks > 1 { // the pool takes nothing at this fee, and without blocks nobody offers more
				fee.Rsh(fee, 1)
			}
		}
		if fee.Sign() > 0 {
			if err := s.mineAt(ctx, fee); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// highestOffer is the most that a transaction of an executor in the pool pays for gas, in
// wei; zero when there is none.
func (s *killSide) highestOffer(ctx context.Context) (*big.Int, error) {
	var pool struct {
		Pending, Queued map[common.Address]map[string]pooledTx
	}
	if err := s.anvil.RPC().CallContext(ctx, &pool, "txpool_content"); err != nil {
		return nil, err
	}
	highest := new(big.Int)
	for _, executor := range s.executors {
		for _, part := range []map[common.Address]map[string]pooledTx{pool.Pending, pool.Queued} {
			for _, tx := range part[executor] {
				if tx.Cap != nil && tx.Cap.ToInt().Cmp(highest) > 0 {
					highest.Set(tx.Cap.ToInt())
				}
			}
		}
	}
	return highest, nil
}

// relax brings the base fee down and lets the node make blocks again.
func (s *killSide) relax(ctx context.Context) error {
	return errors.Join(s.anvil.SetNextBaseFee(ctx, big.NewInt(lowFee)), s.mineEvery(ctx, blockTime))
}

// stopToken lets the token refuse what our Safe sends until the server has died.
func (s *killSide) stopToken(key string) *errand {
	tried := false
	pay := s.withdrawal(key, 1, newAddress(), nil)
	token := bindings.NewTestToken()
	return &errand{what: pay.what, do: func(ctx context.Context) error {
		if tried {
			if _, err := s.anvil.Send(ctx, devnet.Call{To: &s.contracts.Token, Data: token.PackRemoveBlackList(s.safe)}); err != nil {
				return err
			}
			return pay.do(ctx)
		}
		tried = true
		if _, err := s.anvil.Send(ctx, devnet.Call{To: &s.contracts.Token, Data: token.PackAddBlackList(s.safe)}); err != nil {
			return err
		}
		if err := pay.do(ctx); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}}
}

// badPayment asks for a payment that the token refuses: it fails, and the money returns.
func (s *killSide) badPayment(key string) *errand {
	key += " " + string(s.chain)
	to := newAddress()
	return &errand{what: key, do: func(ctx context.Context) error {
		if err := s.anvil.Refuse(ctx, s.contracts, to, true); err != nil {
			return err
		}
		w, err := s.request(ctx, key, string(s.usdt), to.Hex(), "1")
		if err != nil {
			return err
		}
		s.expect(w.ID, "FAILED", to, 1)
		if state, err := s.state(ctx, w.ID); err != nil || state != "FAILED" {
			return errors.Join(err, errNotYet)
		}
		return nil
	}}
}

// payInside pays another account here, which no chain is told of.
func (s *killSide) payInside(key string) *errand {
	key += " " + string(s.chain)
	done := false
	return &errand{what: key, do: func(ctx context.Context) error {
		to, err := s.customer(ctx, "somebody else")
		if err != nil {
			return err
		}
		w, err := s.request(ctx, key, string(s.usdt), to.address.Hex(), "1")
		if err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if !done {
			done = true
			s.withdrawals[w.ID] = "SETTLED"
			s.halves -= 2 // it costs nothing
			s.inside++
		}
		return nil
	}}
}

// sweepUp has the account's address emptied, as an operator would, when it has received what
// is worth it.
func (s *killSide) sweepUp(key string) *errand {
	var tx common.Hash
	return &errand{what: key + " " + string(s.chain), do: func(ctx context.Context) error {
		if tx == (common.Hash{}) {
			var err error
			if tx, err = s.paidIn(context.WithoutCancel(ctx), killFunds); err != nil {
				return err
			}
		}
		if _, state, err := s.depositOf(ctx, tx); err != nil || state != "UNLOCKED" {
			return errors.Join(err, errNotYet)
		}
		left, err := s.anvil.TokenBalance(ctx, s.contracts, s.address)
		if err != nil || left.Cmp(s.units(sweepLeast)) < 0 {
			return err
		}
		if _, err := s.command(ctx, nil, "treasury", "sweep", "--now", "--chain", string(s.chain), "--config", s.configFile()); err != nil {
			return err
		}
		return errNotYet
	}}
}
