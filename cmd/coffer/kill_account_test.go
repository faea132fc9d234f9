//go:build long

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
)

// killAccount is the account of the matrix on one chain, with what must become of its
// deposits and withdrawals.
type killAccount struct {
	*demo

	mu             sync.Mutex
	deposits       map[common.Hash]string // state in which each has to end, since the last look
	withdrawals    map[string]string      // the same, by id
	parkedDeposits []*parkedDeposit
}

func newKillAccount(s *stack) *killAccount {
	return &killAccount{
		demo:     &demo{stack: s, told: map[string]bool{}},
		deposits: map[common.Hash]string{}, withdrawals: map[string]string{},
	}
}

// follow implements killChain.
func (s *killAccount) follow(now *stack) { s.api.url, s.server = now.api.url, now.server }

// compareBooks is killRun.compare of a chain whose blocks are made without asking: nothing is on its way, and the server has seen it all.
func (s *killAccount) compareBooks(ctx context.Context, out io.Writer) error {
	if err := s.server.stop(); err != nil {
		return err
	}
	for _, args := range [][]string{{"treasury", "compare"}, {"ledger", "verify"}} {
		text, err := s.command(ctx, nil, append(args, "--config", s.configFile())...)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, text); err != nil {
			return err
		}
	}
	return nil
}

// newAccount opens an account and asks for its address, whose past is looked up then.
func (s *killAccount) newAccount(key string, chain coffer.ChainID) *errand {
	return &errand{what: key, do: func(ctx context.Context) error {
		var made struct{ CreateAccount struct{ ID string } }
		if err := s.api.do(ctx, `mutation($n: String!) { createAccount(idempotencyKey: $n, name: $n) { id } }`, object{"n": key}, &made); err != nil {
			return err
		}
		var issued struct{ IssueAddress struct{ Address string } }
		return s.api.do(ctx, `mutation($a: ID!, $c: ChainID!) { issueAddress(account: $a, chain: $c) { address } }`,
			object{"a": made.CreateAccount.ID, "c": chain}, &issued)
	}}
}

// state is where a withdrawal is.
func (s *killAccount) state(ctx context.Context, id string) (string, error) {
	var read struct{ Withdrawal withdrawalSeen }
	err := s.api.do(ctx, `query($id: ID!) { withdrawal(id: $id) `+withdrawalFields+` }`, object{"id": id}, &read)
	return read.Withdrawal.State, err
}

// ended waits until deposits and withdrawals have ended as they must.
func (s *killAccount) ended(ctx context.Context) error {
	if err := s.awaitParked(ctx); err != nil {
		return err
	}
	if err := s.awaitDeposits(ctx); err != nil {
		return err
	}
	if len(s.withdrawals) > 0 {
		if err := s.await(ctx, s.withdrawals); err != nil {
			return errors.Join(err, s.unsettled(ctx))
		}
	}
	clear(s.deposits)
	clear(s.withdrawals)
	return nil
}

// unsettled names what has not ended.
func (s *killAccount) unsettled(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var found []error
	for id, want := range s.withdrawals {
		if state, err := s.state(ctx, id); err != nil || state != want {
			found = append(found, fmt.Errorf("withdrawal %s is %s, want %s", id, state, want))
		}
	}
	return errors.Join(found...)
}

// awaitDeposits follows the deposits until each is in the state it must end in.
func (s *killAccount) awaitDeposits(ctx context.Context) error {
	if len(s.deposits) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, killTimeout)
	defer cancel()
	last := map[common.Hash]string{}
	err := s.api.subscribe(ctx, depositEvents, object{"a": s.account, "after": ""}, func(data json.RawMessage) error {
		var seen depositSeen
		if err := json.Unmarshal(data, &seen); err != nil {
			return err
		}
		d := seen.DepositEvents.Deposit
		last[common.HexToHash(d.Tx)] = d.State
		for tx, want := range s.deposits {
			if last[tx] != want {
				return nil
			}
		}
		return errEnough
	})
	if err == nil {
		return nil
	}
	for tx, want := range s.deposits {
		if last[tx] != want {
			err = errors.Join(err, fmt.Errorf("deposit %s is %q, want %s", tx, last[tx], want))
		}
	}
	return err
}

// parkedDeposit is paid once. A reorganisation parks it again, and makes the decision void.
type parkedDeposit struct {
	key    string
	tx     common.Hash
	ends   string                                          // its state in the end
	pay    func(ctx context.Context) (common.Hash, error)  // on the chain; it is in a block then
	decide func(ctx context.Context, key, id string) error // a person's decision
	tries  int
}

// parked pays so much that a rule parks it, waits until it can be decided on, and decides.
// expect says what comes of it.
func (s *killAccount) parked(p *parkedDeposit, expect func()) *errand {
	return &errand{what: p.key, do: func(ctx context.Context) error {
		if p.tx == (common.Hash{}) {
			var err error
			if p.tx, err = p.pay(context.WithoutCancel(ctx)); err != nil {
				return err
			}
			s.mu.Lock()
			s.parkedDeposits = append(s.parkedDeposits, p)
			expect()
			s.mu.Unlock()
		}
		return s.decideOn(ctx, p)
	}}
}

// decideOn takes a parked deposit's decision if it waits for one, and returns errNotYet
// unless there is one then.
func (s *killAccount) decideOn(ctx context.Context, p *parkedDeposit) error {
	id, state, err := s.depositOf(ctx, p.tx)
	switch {
	case err != nil:
		return err
	case state == "REVIEW":
		p.tries++
		return p.decide(ctx, fmt.Sprintf("%s, %d", p.key, p.tries), id)
	case state == "CREDITED" || state == p.ends:
		return nil
	case state == "REJECTED": // on its way back
		return nil
	}
	return fmt.Errorf("deposit %s is %q: %w", p.tx, state, errNotYet)
}

// awaitParked waits until every parked deposit has ended, and decides again on those that a
// reorganisation has parked again.
func (s *killAccount) awaitParked(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, killTimeout)
	defer cancel()
	for _, p := range s.parkedDeposits {
		e := &errand{do: func(ctx context.Context) error {
			if err := s.decideOn(ctx, p); err != nil {
				return err
			}
			if _, state, err := s.depositOf(ctx, p.tx); err != nil || state != p.ends {
				return errors.Join(err, errNotYet)
			}
			return nil
		}}
		if e.try(ctx); !e.done {
			_, state, err := s.depositOf(context.WithoutCancel(ctx), p.tx)
			return errors.Join(err, fmt.Errorf("%s: the deposit %s is %q, want %s", p.key, p.tx, state, p.ends))
		}
	}
	s.parkedDeposits = nil
	return nil
}

// releaseDeposit decides that a deposit is credited.
func (s *killAccount) releaseDeposit(ctx context.Context, key, id string) error {
	var done struct{ ReleaseDeposit struct{ ID string } }
	return s.api.do(ctx, `mutation($k: String!, $id: ID!) { releaseDeposit(idempotencyKey: $k, id: $id, reason: "known") { id } }`,
		object{"k": key, "id": id}, &done)
}

// refundDeposit returns a decision that a deposit is sent back.
func (s *killAccount) refundDeposit(to string) func(ctx context.Context, key, id string) error {
	return func(ctx context.Context, key, id string) error {
		var done struct{ RefundDeposit struct{ ID string } }
		return s.api.do(ctx, `mutation($k: String!, $id: ID!, $to: String!) { refundDeposit(idempotencyKey: $k, id: $id, destination: $to, reason: "unknown") { id } }`,
			object{"k": key, "id": id, "to": to}, &done)
	}
}

// depositOf finds a deposit by its transaction; "" when it is not there.
func (s *killAccount) depositOf(ctx context.Context, tx common.Hash) (id, state string, err error) {
	var read struct {
		Account struct {
			Deposits struct {
				Edges []struct {
					Node struct{ ID, Tx, State string }
				}
			}
		}
	}
	err = s.api.do(ctx, `query($a: ID!) { account(id: $a) { deposits(first: 100) { edges { node { id tx state } } } } }`, object{"a": s.account}, &read)
	if err != nil {
		return "", "", err
	}
	for _, edge := range read.Account.Deposits.Edges {
		if common.HexToHash(edge.Node.Tx) == tx {
			return edge.Node.ID, edge.Node.State, nil
		}
	}
	return "", "", nil
}
