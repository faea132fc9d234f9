//go:build long

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
)

// The matrix on the Bitcoin chain. A unit is so many satoshi; the fee of a withdrawal is what
// the development stack takes.
const (
	coinUnit      = 200_000 // the development policy lets 5 BTC go in a day
	coinFee       = 5_000
	coinDecimals  = 8
	coinFunds     = 12                     // deposits in the beginning
	coinBlockTime = 400 * time.Millisecond // between two blocks
	coinDepth     = bitcoinFinal - 1       // blocks that may be replaced: the one below is final

	killPayoutValid = 75 * time.Second // the least that the configuration allows
)

// TestKilledAnywhereOnBitcoin is TestKilledAnywhereCreditsAndPaysOnce for what passes
// checkpoints on a chain whose money is coins. The EVM chains stand still meanwhile.
func TestKilledAnywhereOnBitcoin(t *testing.T) {
	t.Parallel() // most of its time it waits for blocks
	k := startKillRun(t, (*stack).extendBitcoin)
	side, err := newCoinSide(t, k)
	if err != nil {
		t.Fatal(err)
	}
	k.sides, k.compare = []killChain{side}, side.compareBooks
	if err := k.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.standStill(t)
	k.rounds(t, coinRounds())
}

// coinRounds are killRounds, but waiting until the time of a payment is over takes so long
// that it is done once: the first of its points is as it is, the second under a
// reorganisation. What a reorganisation replaces while the server starts goes to the pool.
func coinRounds() []killRound {
	var rounds []killRound
	waits := 0
	for _, r := range killRounds(coinPoints, coinDepth, 1) {
		if r.errand == noBlocks {
			if waits++; waits == 2 || waits == 3 {
				continue
			}
		}
		r.moved = r.moved || r.late // a node that starts has no chain to tell a server about
		rounds = append(rounds, r)
	}
	return rounds
}

// coinSide is the Bitcoin chain in the matrix.
type coinSide struct {
	*killAccount
	bob *btcDemo // who has the account

	node  sync.Mutex // held while blocks are made or replaced
	still bool       // no blocks are made by themselves
	broke error      // why none are made any more

	satoshi int64                    // that the account must have
	sent    []devnet.BitcoinPayment  // by customers, in their order
	paid    map[coffer.Address]int64 // what each destination must have on the chain, ever
	dropped int                      // transactions of ours that reorganisations took away
	moved   int                      // or put into the pool
}

// extendBitcoin is extendConfig for the Bitcoin chain, whose payouts give up soon.
func (s *stack) extendBitcoin() error {
	stranger, err := freshBitcoinAddress()
	if err != nil {
		return err
	}
	witness, err := bitcoinNode(strings.Replace(s.bitcoin.node.URL, "127.0.0.1", "localhost", 1), s.path("secrets", "bitcoin"))
	if err != nil {
		return err
	}
	return s.editChains(func(sections []object) error {
		for _, section := range sections {
			if section["id"] != string(s.bitcoin.chain) {
				continue
			}
			section["payout_valid"] = killPayoutValid.String()
			section["deposits"] = object{
				"rules":           []object{{"name": "large", "asset": string(s.bitcoin.native), "amount": inCoins(killParked * coinUnit)}},
				"blocked_senders": []string{string(stranger)},
			}
			of, ok := section["utxo"].(object)
			if !ok {
				return errors.New("the chain has no section utxo")
			}
			of["witness_nodes"] = []object{witness}
			return nil
		}
		return errors.New("the configuration has no Bitcoin chain")
	})
}

func inCoins(satoshi int64) string { return coffer.NewAmount(uint64(satoshi)).Units(coinDecimals) } // #nosec G115 -- not negative

func newCoinSide(t *testing.T, k *killRun) (*coinSide, error) {
	t.Helper()
	own := *k.stack
	s := &coinSide{killAccount: newKillAccount(&own), paid: map[coffer.Address]int64{}}
	s.bob = &btcDemo{stack: s.stack}
	if err := s.bob.open(t.Context()); err != nil {
		return nil, err
	}
	s.account = s.bob.account
	for range coinFunds {
		if err := s.payIn(t.Context(), killFunds); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.mine(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return s, nil
}

// mine makes a block now and then, with what the pool holds.
func (s *coinSide) mine(ctx context.Context) {
	ticker := time.NewTicker(coinBlockTime)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		s.node.Lock()
		if !s.still && s.broke == nil {
			if _, err := s.bitcoin.node.Mine(ctx, 1); err != nil && ctx.Err() == nil {
				s.broke = fmt.Errorf("make a block: %w", err)
			}
		}
		s.node.Unlock()
	}
}

// hold lets no blocks be made by themselves, or lets them be made again.
func (s *coinSide) hold(still bool) {
	s.node.Lock()
	defer s.node.Unlock()
	s.still = still
}

func (s *coinSide) name() string { return "Bitcoin" }

func (s *coinSide) lost() (dropped, moved int) { return s.dropped, s.moved }

// payIn implements killChain.
func (s *coinSide) payIn(ctx context.Context, units int64) error {
	tx, err := s.send(ctx, units)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deposits[tx] = "UNLOCKED"
	s.satoshi += units * coinUnit
	return nil
}

// send gives the node a customer's payment to the account's address.
func (s *coinSide) send(ctx context.Context, units int64) (common.Hash, error) {
	s.node.Lock()
	defer s.node.Unlock()
	payment, err := s.bitcoin.node.Pay(ctx, s.bob.address, units*coinUnit)
	if err != nil {
		return common.Hash{}, err
	}
	s.sent = append(s.sent, payment)
	return common.Hash(payment.ID), nil
}

// settled implements killChain.
func (s *coinSide) settled(ctx context.Context) error {
	s.hold(false)
	if err := s.ended(ctx); err != nil {
		return errors.Join(err, s.failure())
	}
	addresses := make([]coffer.Address, 0, len(s.paid))
	for to := range s.paid {
		addresses = append(addresses, to)
	}
	got, err := s.bitcoin.node.Received(ctx, addresses...)
	if err != nil {
		return err
	}
	for to, want := range s.paid {
		if got[to] != want {
			return fmt.Errorf("%s has %d satoshi, want %d", to, got[to], want)
		}
	}
	return errors.Join(s.bob.wantBalance(ctx, inCoins(s.satoshi)), s.failure())
}

func (s *coinSide) failure() error {
	s.node.Lock()
	defer s.node.Unlock()
	return s.broke
}

// replaceBlocks replaces the last blocks by others that are empty, and one more. What they
// held waits in the pool then, or is gone from it with the node's memory: what customers sent
// they send again, and whoever sent the rest has to notice.
func (s *coinSide) replaceBlocks(ctx context.Context, r killRound) error {
	s.node.Lock()
	defer s.node.Unlock()
	node := s.bitcoin.node
	depth := int(r.depth) // #nosec G115 -- a few
	replaced, err := node.Transactions(ctx, depth)
	if err != nil {
		return err
	}
	customers := map[coffer.Hash]bool{}
	for _, payment := range s.sent {
		customers[payment.ID] = true
	}
	ours := 0
	for _, id := range replaced {
		if !customers[id] {
			ours++
		}
	}
	if err := node.Reorg(ctx, depth, depth+1); err != nil {
		return err
	}
	if r.moved {
		s.moved += ours
		return nil
	}
	s.dropped += ours
	if err := node.Restart(ctx); err != nil {
		return err
	}
	var pool []string
	if err := node.Call(ctx, &pool, "getrawmempool"); err != nil || len(pool) > 0 {
		return errors.Join(err, fmt.Errorf("%d transactions wait in the node that started", len(pool)))
	}
	for _, payment := range s.sent {
		var known struct{ Confirmations int }
		if err := node.Call(ctx, &known, "getrawtransaction", payment.ID.String()[2:], 1); err == nil && known.Confirmations > 0 {
			continue
		}
		if err := node.Broadcast(ctx, payment.Raw); err != nil {
			return fmt.Errorf("send a customer's transaction again: %w", err)
		}
	}
	return nil
}
