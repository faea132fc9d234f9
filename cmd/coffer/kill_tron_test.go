//go:build long

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// The matrix on the chain of TRON, in whole USDT. The fee of a withdrawal is one.
const (
	tronKillFunds = 10 // deposits in the beginning
	tronKillDepth = tronSolidLag - 1
)

// TestKilledAnywhereOnTRON is TestKilledAnywhereCreditsAndPaysOnce for what passes checkpoints
// on a chain of TRON. The EVM chains stand still meanwhile.
func TestKilledAnywhereOnTRON(t *testing.T) {
	t.Parallel() // most of its time it waits for blocks
	k := startKillRun(t, (*stack).extendTRON, func(s *stack) { s.withTRON = true })
	side, err := newTRONSide(t, k)
	if err != nil {
		t.Fatal(err)
	}
	k.sides, k.compare = []killChain{side}, side.compareBooks
	if err := k.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.standStill(t)
	k.rounds(t, killRounds(tronPoints, 2, tronKillDepth))
}

// tronSide is the chain of TRON in the matrix.
type tronSide struct {
	*killAccount
	dan    *tronDemo // who has the account
	client *tron.Client

	units   int64                  // of USDT that the account must have
	sent    []coffer.Hash          // by customers
	paid    map[tron.Address]int64 // USDT that each destination must have on the chain, ever
	dropped int                    // transactions of ours that reorganisations took away
	moved   int                    // or put into other blocks
}

// extendTRON screens senders and parks large deposits on the chain of TRON.
func (s *stack) extendTRON() error {
	return s.editChains(func(sections []object) error {
		for _, section := range sections {
			if section["id"] == string(s.tron.chain) {
				section["deposits"] = object{
					"rules":           []object{{"name": "large", "asset": string(s.tron.usdt), "amount": fmt.Sprint(killParked)}},
					"blocked_senders": []string{tron.Address(newAddress()).String()},
				}
				return nil
			}
		}
		return errors.New("the configuration has no chain of TRON")
	})
}

func newTRONSide(t *testing.T, k *killRun) (*tronSide, error) {
	t.Helper()
	own := *k.stack
	s := &tronSide{killAccount: newKillAccount(&own), paid: map[tron.Address]int64{}}
	var err error
	if s.client, err = tron.Dial(t.Context(), tron.Config{Chain: s.tron.chain, Nodes: []tron.Node{{URL: s.tron.doors[0]}}}); err != nil {
		return nil, err
	}
	t.Cleanup(s.client.Close)
	s.dan = &tronDemo{stack: s.stack}
	if err := s.dan.open(t.Context()); err != nil {
		return nil, err
	}
	s.account = s.dan.account
	for range tronKillFunds {
		if err := s.payIn(t.Context(), killFunds); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *tronSide) name() string { return "TRON" }

func (s *tronSide) lost() (dropped, moved int) { return s.dropped, s.moved }

// payIn implements killChain.
func (s *tronSide) payIn(ctx context.Context, units int64) error {
	tx, err := s.send(ctx, units)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deposits[tx] = "UNLOCKED"
	s.units += units
	return nil
}

// send gives the node a customer's payment to the account's address.
func (s *tronSide) send(_ context.Context, units int64) (common.Hash, error) {
	s.tron.mu.Lock() // until a reorganisation is done
	defer s.tron.mu.Unlock()
	to, err := tron.CanonicalAddress(s.dan.address)
	if err != nil {
		return common.Hash{}, err
	}
	id, err := s.tron.send(s.tron.token, to, units*sun)
	if err != nil {
		return common.Hash{}, err
	}
	s.sent = append(s.sent, id)
	return common.Hash(id), nil
}

// settled implements killChain.
func (s *tronSide) settled(ctx context.Context) error {
	s.ease()
	if err := s.ended(ctx); err != nil {
		return err
	}
	for to, want := range s.paid {
		if err := s.dan.wantPaid(to, want); err != nil {
			return err
		}
	}
	return s.dan.wantBalance(ctx, fmt.Sprint(s.units))
}

// ease lets blocks be made by themselves, at the ordinary price.
func (s *tronSide) ease() {
	s.tron.pauseBlocks(false)
	s.tron.sim.SetFactor(s.tron.token, 0)
}

// replaceBlocks replaces the last blocks. What they held goes into the first of the new ones,
// but for our own transactions where they are dropped: nodes have forgotten them, and whoever
// sent them has to notice. The new branch is longer, or, while the server starts, shorter: as
// long as it asks a node that has not seen the rest.
func (s *tronSide) replaceBlocks(ctx context.Context, r killRound) error {
	s.tron.mu.Lock()
	defer s.tron.mu.Unlock()
	ours, err := s.latest(ctx, int64(r.depth)) // #nosec G115 -- a few
	if err != nil {
		return err
	}
	depth := int(r.depth) // #nosec G115 -- a few
	fork := tronsim.Reorganisation{Undo: depth, Make: depth + 1}
	if r.late {
		fork.Make = 1
	}
	if !r.moved {
		fork.Forget = ours
	}
	before := s.tron.sim.Head()
	if err := s.tron.sim.Reorg(fork); err != nil {
		return err
	}
	s.tron.ahead += fork.Make - 1
	if s.tron.sim.Head() == before {
		return errors.New("the node replaced nothing: the same block is at the top")
	}
	if r.moved {
		s.moved += len(ours)
	} else {
		s.dropped += len(ours)
	}
	return nil
}

// latest lists the transactions of ours in the last blocks.
func (s *tronSide) latest(ctx context.Context, blocks int64) ([]coffer.Hash, error) {
	var list tronpb.BlockListExtention
	if err := s.client.Call(ctx, tronpb.Wallet_GetBlockByLatestNum2_FullMethodName, &tronpb.NumberMessage{Num: blocks}, &list); err != nil {
		return nil, err
	}
	if int64(len(list.GetBlock())) != blocks {
		return nil, fmt.Errorf("the node has %d blocks, want %d", len(list.GetBlock()), blocks)
	}
	var ours []coffer.Hash
	for _, block := range list.GetBlock() {
		for _, tx := range block.GetTransactions() {
			if id := coffer.Hash(tx.GetTxid()); !slices.Contains(s.sent, id) {
				ours = append(ours, id)
			}
		}
	}
	return ours, nil
}

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
func (s *tronSide) withdrawal(key string, more func(ctx context.Context, id string) error) *errand {
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
		return more(ctx, w.ID)
	}}
}

// loseBlocks replaces the block that a payment and a deposit are in while the server runs.
func (s *tronSide) loseBlocks(key string) *errand {
	return s.withdrawal(key, func(ctx context.Context, id string) error {
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
	return s.withdrawal(key, func(ctx context.Context, _ string) error {
		if tried {
			return nil
		}
		s.tron.pauseBlocks(true)
		waiting, err := s.pooled(ctx)
		if err != nil || len(waiting) == 0 {
			return errors.Join(err, errNotYet)
		}
		tried = true
		then(waiting)
		s.tron.pauseBlocks(false)
		return nil
	})
}
