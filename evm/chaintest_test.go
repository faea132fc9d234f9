package evm_test

import (
	"encoding/json"
	"math/big"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

func TestEVMIsAChain(t *testing.T) {
	c := newChain(t)
	if _, err := c.Issue(t.Context(), c.Contracts, c.Faucet(), units(1_000_000_000)); err != nil {
		t.Fatal(err)
	}
	if err := c.SetAutomine(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	addresses := int64(0x1000)
	chaintest.Run(t, chaintest.Harness{
		Source: c.source,
		Asset:  evm.TokenAsset("eip155:31337", c.Token),
		NewAddress: func(*testing.T) coffer.Address {
			addresses++
			return evm.AddressOf(common.BigToAddress(big.NewInt(addresses)))
		},
		Pay: func(t *testing.T, to coffer.Address, amount uint64) chaintest.Paid {
			t.Helper()
			data := bindings.NewTestToken().PackTransfer(common.HexToAddress(string(to)), new(big.Int).SetUint64(amount))
			hash, err := c.Submit(t.Context(), devnet.Call{To: &c.Token, Data: data, Gas: 200_000})
			if err != nil {
				t.Fatal(err)
			}
			var raw hexutil.Bytes
			if err := c.RPC().CallContext(t.Context(), &raw, "eth_getRawTransactionByHash", hash); err != nil || len(raw) == 0 {
				t.Fatalf("raw transaction %s: %v", hash, err)
			}
			return chaintest.Paid{Tx: coffer.Hash(hash), Raw: raw}
		},
		Broadcast: func(t *testing.T, p chaintest.Paid) {
			t.Helper()
			err := c.RPC().CallContext(t.Context(), nil, "eth_sendRawTransaction", hexutil.Bytes(p.Raw))
			switch class := evm.Classify(err); {
			case err == nil, class == evm.AlreadyKnown, class == evm.NonceTooLow:
			default:
				t.Fatal(err)
			}
		},
		Replace: func(t *testing.T, p chaintest.Paid) {
			t.Helper()
			tx, _, err := c.Eth().TransactionByHash(t.Context(), common.Hash(p.Tx))
			if err != nil {
				t.Fatal(err)
			}
			double := func(n *big.Int) *hexutil.Big { return (*hexutil.Big)(new(big.Int).Mul(n, units(2))) }
			if err := c.RPC().CallContext(t.Context(), nil, "eth_sendTransaction", map[string]any{
				"from": c.Faucet(), "to": c.Faucet(), "nonce": hexutil.Uint64(tx.Nonce()), "gas": "0x5208",
				"maxFeePerGas": double(tx.GasFeeCap()), "maxPriorityFeePerGas": double(tx.GasTipCap()),
			}); err != nil {
				t.Fatal(err)
			}
		},
		Mine: func(t *testing.T, n int) {
			t.Helper()
			if err := c.Mine(t.Context(), uint64(n)); err != nil {
				t.Fatal(err)
			}
		},
		Reorg: func(t *testing.T, depth, grow int) {
			t.Helper()
			if err := c.reorg(t, depth, grow); err != nil {
				t.Fatal(err)
			}
		},
		Lying: func(t *testing.T, lie chaintest.Lie, block, other coffer.Block) (coffer.Source, func() int) {
			var lies atomic.Int64
			url := chaintest.Tamper(t, c.URL, func(method string, params []any, answer chaintest.Answer) {
				if method == "eth_getBlockByHash" && len(params) > 0 && params[0] == block.Hash.String() {
					lies.Add(1)
					lieAbout(t, lie, other, answer)
				}
			})
			_, source := c.dial(t, url)
			return source, func() int { return int(lies.Load()) }
		},
	})
}

// reorg replaces the newest depth blocks by grow empty ones.
func (c *chain) reorg(t *testing.T, depth, grow int) error {
	if fewer := depth - grow; fewer > 0 {
		if err := c.Rollback(t.Context(), uint64(fewer)); err != nil {
			return err
		}
		depth = grow
	}
	if depth > 0 {
		if err := c.Reorg(t.Context(), uint64(depth)); err != nil {
			return err
		}
	}
	if more := grow - depth; more > 0 {
		return c.Mine(t.Context(), uint64(more))
	}
	return nil
}

// lieAbout makes an answer a lying node's.
func lieAbout(t *testing.T, lie chaintest.Lie, other coffer.Block, answer chaintest.Answer) {
	switch lie {
	case chaintest.LieOtherBlock:
		var raw struct {
			Block json.RawMessage `json:"block"`
		}
		if err := json.Unmarshal(other.Raw, &raw); err != nil {
			t.Error(err)
		}
		answer["result"] = raw.Block
	case chaintest.LieTransaction:
		tx := object(t, list(t, object(t, answer["result"])["transactions"])[0])
		tx["value"] = "0x99"
	case chaintest.LieParent:
		object(t, answer["result"])["parentHash"] = other.Parent
	case chaintest.LieTruncated:
		object(t, answer["result"])["transactions"] = []any{}
	}
}
