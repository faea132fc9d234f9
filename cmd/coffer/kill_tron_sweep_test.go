//go:build long

package main

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// tronSwept is what arrives at each address that is emptied, in USDT.
const tronSwept = 20

// sweptOnTRON is a customer whose address is emptied. It never had TRX: the wallet makes its account.
type sweptOnTRON struct {
	*tronDemo
	tx common.Hash // that paid it
}

// sweepUp has a new customer's address emptied, and the others' with it, as an operator would.
func (s *tronSide) sweepUp(key string) *errand {
	c := &sweptOnTRON{tronDemo: &tronDemo{stack: s.stack}}
	return &errand{what: key, do: func(ctx context.Context) error {
		if c.tx == (common.Hash{}) {
			if err := s.pays(ctx, c, key); err != nil {
				return err
			}
		}
		if err := c.wantBalance(ctx, fmt.Sprint(tronSwept)); err != nil {
			return err
		}
		return s.empty(ctx, c)
	}}
}

// empty asks for a sweep as long as an address has something.
func (s *tronSide) empty(ctx context.Context, c *sweptOnTRON) error {
	from, err := tron.CanonicalAddress(c.address)
	if err != nil {
		return err
	}
	left, err := c.holds(from)
	if left == 0 || err != nil {
		return err
	}
	if _, err := s.command(ctx, nil, "treasury", "sweep", "--now", "--chain", string(s.tron.chain), "--config", s.configFile()); err != nil {
		return err
	}
	return fmt.Errorf("%s has %d base units of USDT: %w", from, left, errNotYet)
}

// pays opens a customer's account and pays it once.
func (s *tronSide) pays(ctx context.Context, c *sweptOnTRON, key string) error {
	var made struct{ CreateAccount struct{ ID string } }
	if err := s.api.do(ctx, `mutation($n: String!) { createAccount(idempotencyKey: $n, name: $n) { id } }`, object{"n": key}, &made); err != nil {
		return err
	}
	var issued struct {
		IssueAddress struct{ Address coffer.Address }
	}
	if err := s.api.do(ctx, `mutation($a: ID!, $c: ChainID!) { issueAddress(account: $a, chain: $c) { address } }`,
		object{"a": made.CreateAccount.ID, "c": s.tron.chain}, &issued); err != nil {
		return err
	}
	c.account, c.address = made.CreateAccount.ID, issued.IssueAddress.Address
	tx, err := s.sendTo(c.address, tronSwept)
	if err != nil {
		return err
	}
	c.tx = tx
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swept = append(s.swept, c)
	return nil
}

// sweptWell waits until every address that was emptied is empty again, whatever blocks were replaced,
// and nothing is lent. Then each must have an account without TRX, and its customer what arrived.
func (s *tronSide) sweptWell(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, killTimeout)
	defer cancel()
	ended := &errand{do: func(ctx context.Context) error {
		for _, c := range s.swept {
			if err := s.empty(ctx, c); err != nil {
				return err
			}
		}
		to, err := s.lentTo(ctx)
		if err == nil && len(to) > 0 {
			err = fmt.Errorf("%v have what they were lent: %w", to, errNotYet)
		}
		return err
	}}
	if ended.try(ctx); !ended.done {
		return fmt.Errorf("deposit addresses are not empty, or something is still lent: %w", ended.last)
	}
	for _, c := range s.swept {
		from, err := tron.CanonicalAddress(c.address)
		if err != nil {
			return err
		}
		account, err := s.client.Account(ctx, from)
		if err != nil {
			return fmt.Errorf("the account of %s: %w", from, err)
		}
		if account.GetBalance() != 0 {
			return fmt.Errorf("%s has %d sun, which nobody sent", from, account.GetBalance())
		}
		if err := c.wantBalance(ctx, fmt.Sprint(tronSwept)); err != nil {
			return fmt.Errorf("%s: %w", c.account, err)
		}
	}
	return nil
}

// lentTo lists the addresses that the wallet lends to.
func (s *tronSide) lentTo(ctx context.Context) ([]tron.Address, error) {
	var index tronpb.DelegatedResourceAccountIndex
	account := s.tron.account()
	err := s.client.Call(ctx, tronpb.Wallet_GetDelegatedResourceAccountIndexV2_FullMethodName, &tronpb.BytesMessage{Value: account.Bytes()}, &index)
	if err != nil {
		return nil, err
	}
	var to []tron.Address
	for _, wire := range index.GetToAccounts() {
		address, err := tron.AddressFromBytes(wire)
		if err != nil {
			return nil, err
		}
		to = append(to, address)
	}
	return to, nil
}
