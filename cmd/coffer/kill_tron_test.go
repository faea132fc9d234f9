//go:build long

package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// The matrix on the chain of TRON, in whole USDT. The fee of a withdrawal is one.
const (
	tronKillFunds = 10 // deposits in the beginning
	tronKillDepth = tronSolidLag - 1
	tronPatience  = 10 * time.Minute // that customers' transactions have
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
	k.rounds(t, tronRounds())
}

// tronRounds are killRounds, but a payment's time is over in two ways: the node forgets it, and,
// when all else has ended, there are no blocks.
func tronRounds() []killRound {
	rounds := killRounds(tronPoints, 2, tronKillDepth)
	for i := range rounds {
		if r := &rounds[i]; r.errand == forgetPayment && r.reorg {
			r.errand, r.alone = noBlocks, true
		}
	}
	return rounds
}

// tronSide is the chain of TRON in the matrix.
type tronSide struct {
	*killAccount
	dan    *tronDemo // who has the account
	client *tron.Client

	units   int64                  // of USDT that the account must have
	sent    []coffer.Hash          // by customers
	paid    map[tron.Address]int64 // USDT that each destination must have on the chain, ever
	swept   []*sweptOnTRON
	dropped int // transactions of ours that reorganisations took away
	moved   int // or put into other blocks
}

// extendTRON screens senders and parks large deposits on the chain of TRON, whose deposit addresses
// are emptied when somebody asks.
func (s *stack) extendTRON() error {
	return s.editChains(func(sections []object) error {
		for _, section := range sections {
			if section["id"] == string(s.tron.chain) {
				section["deposits"] = object{
					"rules":           []object{{"name": "large", "asset": string(s.tron.usdt), "amount": fmt.Sprint(killParked)}},
					"blocked_senders": []string{tron.Address(newAddress()).String()},
				}
				section["sweep"] = object{"assets": []object{{"asset": string(s.tron.usdt), "min": fmt.Sprint(tronIssued)}}, "interval": "1s"}
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
	return s.sendTo(s.dan.address, units)
}

// sendTo gives the node a customer's payment, which waits for a block as long as there is none.
func (s *tronSide) sendTo(address coffer.Address, units int64) (common.Hash, error) {
	s.tron.mu.Lock() // until a reorganisation is done
	defer s.tron.mu.Unlock()
	to, err := tron.CanonicalAddress(address)
	if err != nil {
		return common.Hash{}, err
	}
	data, err := bindings.NewTestToken().TryPackTransfer(common.Address(to), big.NewInt(units*sun))
	if err != nil {
		return common.Hash{}, err
	}
	from := s.tron.faucet
	id, err := from.Send(tronpb.Transaction_Contract_TriggerSmartContract, &tronpb.TriggerSmartContract{
		OwnerAddress: tronsim.Wire(from.Address), ContractAddress: tronsim.Wire(s.tron.token), Data: data,
	}, func(raw *tronpb.TransactionRaw) {
		raw.FeeLimit, raw.Expiration = 100*sun, raw.Expiration+tronPatience.Milliseconds()
	})
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
	if err := s.sweptWell(ctx); err != nil {
		return err
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
	for s.tron.sim.Head().Height-s.tron.sim.Solid().Height < r.depth { // after a branch that was shorter
		if err := s.tron.sim.Mine(1); err != nil {
			return err
		}
		s.tron.ahead++
	}
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
