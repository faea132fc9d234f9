package tronsim

import (
	"errors"
	"fmt"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// maxSnapshots is how many states are kept at once.
const maxSnapshots = 32

// change changes the state after the head by hand. A reorganisation that undoes the head
// undoes this too.
func (s *Sim) change(do func(x *execution)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chain
	c.state.undo(0)
	c.state.mark()
	do(s.pending())
	journal := c.state.take()
	if head := c.head(); head.before != nil {
		head.journal = append(head.journal, journal...)
	}
	s.refill()
}

// SetBalance gives an account so many sun, and makes it if it is not there.
func (s *Sim) SetBalance(address Address, sun int64) {
	s.change(func(x *execution) { x.ensure(address).balance = sun })
}

// SetAsset gives an account so much of a TRC-10 token.
func (s *Sim) SetAsset(address Address, id string, amount int64) {
	s.change(func(x *execution) {
		x.ensure(address)
		x.addAsset(address, id, amount-x.state.accounts[address].assets[id])
	})
}

// Stake gives an account stake that it did not pay for.
func (s *Sim) Stake(address Address, code tronpb.ResourceCode, sun int64) error {
	r, err := resourceOf(code)
	if err != nil {
		return err
	}
	s.change(func(x *execution) {
		x.ensure(address).staked[r] += sun
		x.state.addTotal(r.weight(), sun)
	})
	return nil
}

func (x *execution) ensure(address Address) *account {
	if a := x.state.edit(address); a != nil {
		return a
	}
	return x.state.create(address, tronpb.AccountType_Normal, x.head)
}

// Balance is what an account has after the head, in sun.
func (s *Sim) Balance(address Address) int64 {
	var balance int64
	s.look(false, "", func(v view) {
		if a := v.state.accounts[address]; a != nil {
			balance = a.balance
		}
	})
	return balance
}

// SetParameters changes prices and rules, as a proposal does that the committee approved.
// Prices hold from the next block on.
func (s *Sim) SetParameters(edit func(p *Parameters)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit(&s.chain.parameters)
	s.chain.notePrices(s.nextSlot(s.chain))
	s.refill()
}

// Parameters are the prices and rules of now.
func (s *Sim) Parameters() Parameters {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chain.parameters
}

// Snapshot keeps the whole chain as it is, to come back to.
func (s *Sim) Snapshot() (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.saved) >= maxSnapshots {
		return 0, fmt.Errorf("tronsim: %d snapshots are kept already", maxSnapshots)
	}
	s.next++
	s.chain.state.undo(0)
	s.saved[s.next] = s.chain.clone()
	s.refill()
	return s.next, nil
}

// ErrSnapshot says that there is no such snapshot, or not any more.
var ErrSnapshot = errors.New("tronsim: no such snapshot")

// Restore goes back to a snapshot and forgets it and what was taken later.
func (s *Sim) Restore(number int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	saved := s.saved[number]
	if saved == nil {
		return fmt.Errorf("%w: %d", ErrSnapshot, number)
	}
	for n := range s.saved {
		if n >= number {
			delete(s.saved, n)
		}
	}
	s.chain = saved
	s.refill()
	close(s.moved)
	s.moved = make(chan struct{})
	return nil
}
