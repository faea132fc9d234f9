//go:build long

package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"
)

// Amounts of the kill matrix, in whole USDT. The fee of a withdrawal is half of one.
const (
	killFunds   = 40  // deposited in the beginning, 25 times
	killParked  = 60  // a rule sets deposits from here on aside
	killApprove = 101 // people approve it
	sweepLeast  = 5   // what the development stack sweeps from an address

	transferGas = 100_000
)

// killSide is one EVM chain in the matrix.
type killSide struct {
	*killAccount

	node sync.Mutex // held while blocks are replaced, or kept empty

	halves  int64                       // of USDT that the account must have
	paid    map[common.Address]*big.Int // what each destination must have on the chain, ever
	dropped int                         // executors' transactions that reorganisations took away
	moved   int                         // or put elsewhere
	inside  int                         // USDT that somebody else here must have
}

func newKillSide(ctx context.Context, run *killRun, chain *devChain) (*killSide, error) {
	s := &killSide{killAccount: newKillAccount(run.on(chain)), paid: map[common.Address]*big.Int{}}
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	for range 25 {
		group.Go(func() error { return s.payIn(ctx, killFunds) })
	}
	return s, group.Wait()
}

// extendConfig asks a second node, screens senders and parks large deposits on each EVM chain.
func (s *stack) extendConfig() error {
	return s.editChains(func(sections []object) error {
		for i, chain := range s.chains {
			sections[i]["witness_rpc"] = []string{strings.Replace(chain.anvil.URL, "127.0.0.1", "localhost", 1)}
			sections[i]["deposits"] = object{
				"rules":           []object{{"name": "large", "asset": string(chain.usdt), "amount": fmt.Sprint(killParked)}},
				"blocked_senders": []string{newAddress().Hex()},
			}
		}
		return nil
	})
}

// editChains changes the sections of chains in the server's configuration.
func (s *stack) editChains(edit func(sections []object) error) error {
	text, err := os.ReadFile(s.configFile())
	if err != nil {
		return err
	}
	var config struct {
		Chains []object       `yaml:"chains"`
		Rest   map[string]any `yaml:",inline"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return err
	}
	if err := edit(config.Chains); err != nil {
		return err
	}
	return writeYAML(s.configFile(), config)
}

func (s *killSide) name() string { return s.title }

func (s *killSide) lost() (dropped, moved int) { return s.dropped, s.moved }

// payIn deposits so many USDT, which must be credited.
func (s *killSide) payIn(ctx context.Context, units int64) error {
	_, err := s.paidIn(ctx, units)
	return err
}

func (s *killSide) paidIn(ctx context.Context, units int64) (common.Hash, error) {
	tx, err := s.send(ctx, units)
	if err != nil {
		return tx, err
	}
	if err := s.mined(ctx, tx); err != nil {
		return tx, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deposits[tx] = "UNLOCKED"
	s.halves += 2 * units
	return tx, nil
}

// mined waits until a transaction is in a block: the node forgets what waits in its pool
// when blocks are replaced.
func (s *killSide) mined(ctx context.Context, tx common.Hash) error {
	ctx, cancel := context.WithTimeout(ctx, killTimeout)
	defer cancel()
	_, err := s.anvil.Receipt(ctx, tx)
	return err
}

// send sends USDT to the account's address. Not while blocks are replaced: until their
// transactions are back, the node would give their nonces to others.
func (s *killSide) send(ctx context.Context, units int64) (common.Hash, error) {
	s.node.Lock()
	defer s.node.Unlock()
	return s.anvil.Submit(ctx, devnet.Call{
		To: &s.contracts.Token, Data: bindings.NewTestToken().PackTransfer(s.address, s.units(units)), Gas: transferGas,
	})
}

// withdraw asks for 1 USDT to somebody new.
func (s *killSide) withdraw(number int) *errand {
	return s.withdrawal(fmt.Sprintf("kill %d", number), 1, newAddress(), nil)
}

// withdrawal asks for so much, which costs half of one more, and does what else is needed
// (more, which may be nil) once the withdrawal is there.
func (s *killSide) withdrawal(key string, units int64, to common.Address, more func(ctx context.Context, id string) error) *errand {
	key += " " + string(s.chain)
	expected := false
	return &errand{what: key, do: func(ctx context.Context) error {
		w, err := s.request(ctx, key, string(s.usdt), to.Hex(), fmt.Sprint(units))
		if err != nil {
			return err
		}
		if !expected {
			expected = true
			s.expect(w.ID, "SETTLED", to, units)
		}
		if more == nil {
			return nil
		}
		return more(ctx, w.ID)
	}}
}

func (s *killSide) expect(id, state string, to common.Address, units int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.withdrawals[id] = state
	if state == "SETTLED" {
		s.paid[to] = s.units(units)
		s.halves -= 2*units + 1
	}
}

// settled implements killChain.
func (s *killSide) settled(ctx context.Context) error {
	if err := s.ended(ctx); err != nil {
		return err
	}
	for to, amount := range s.paid {
		if err := s.paidExactly(ctx, to, amount); err != nil {
			return err
		}
	}
	if s.inside > 0 {
		to, err := s.customer(ctx, "somebody else")
		if err != nil {
			return err
		}
		if err := to.has(ctx, fmt.Sprint(s.inside), "0"); err != nil {
			return err
		}
	}
	return s.has(ctx, halfUnits(s.halves), "0")
}

func halfUnits(halves int64) string {
	if halves%2 == 0 {
		return fmt.Sprint(halves / 2)
	}
	return fmt.Sprintf("%d.5", halves/2)
}

// replaceBlocks replaces the last blocks by others. What customers sent comes back: at once
// in the last of the new blocks when moved, else from the pool. So does what executors sent
// when moved; else it is gone, and whoever sent it has to notice.
func (s *killSide) replaceBlocks(ctx context.Context, r killRound) error {
	depth, moved := r.depth, r.moved
	s.node.Lock()
	defer s.node.Unlock()
	node := s.anvil.RPC()
	if err := s.mineEvery(ctx, 0); err != nil {
		return err
	}
	head, err := s.anvil.Eth().HeaderByNumber(ctx, nil)
	if err != nil {
		return err
	}
	var accounts []common.Address
	if err := node.CallContext(ctx, &accounts, "eth_accounts"); err != nil {
		return err
	}
	stranger := accounts[len(accounts)-1] // pays in the blocks of reorganisations only
	pairs := [][]any{}
	var customers []*types.Transaction
	executors := 0
	for height := head.Number.Uint64() - depth + 1; height <= head.Number.Uint64(); height++ {
		block, err := s.anvil.Eth().BlockByNumber(ctx, new(big.Int).SetUint64(height))
		if err != nil {
			return err
		}
		for _, tx := range block.Transactions() {
			raw, err := tx.MarshalBinary()
			if err != nil {
				return err
			}
			sender, err := types.Sender(types.LatestSignerForChainID(tx.ChainId()), tx)
			if err != nil {
				return err
			}
			switch {
			case sender == stranger:
				continue
			case slices.Contains(s.executors, sender):
				executors++
			default:
				customers = append(customers, tx)
			}
			pairs = append(pairs, []any{hexutil.Bytes(raw), depth - 1})
		}
	}

	if !moved {
		pairs = [][]any{}
	}
	// Else blocks that were empty would be the same again.
	pairs = append(pairs, []any{object{"from": stranger, "to": stranger, "value": "0x1", "gas": "0x5208", "gasPrice": hexutil.EncodeUint64(100 * ordinaryFee)}, 0})
	if err := node.CallContext(ctx, nil, "anvil_reorg", depth, pairs); err != nil {
		return fmt.Errorf("anvil_reorg: %w", err)
	}
	if now, err := s.anvil.Eth().HeaderByNumber(ctx, head.Number); err != nil || now.Hash() == head.Hash() {
		return fmt.Errorf("the node replaced nothing: %w", errors.Join(err, errors.New("the same block is at the top")))
	}
	if moved {
		s.moved += executors
	} else {
		s.dropped += executors
		for _, tx := range customers {
			if err := s.anvil.Eth().SendTransaction(ctx, tx); err != nil {
				return fmt.Errorf("send a customer's transaction again: %w", err)
			}
		}
	}
	if err := s.mineEvery(ctx, blockTime); err != nil {
		return err
	}
	for _, tx := range customers {
		if err := s.mined(ctx, tx.Hash()); err != nil {
			return err
		}
	}
	return nil
}
