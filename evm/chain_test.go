package evm_test

import (
	"context"
	"crypto/ecdsa"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

const native = coffer.AssetID("eip155:31337/slip44:60")

// chain is an anvil of the test's own with everything deployed and a 2-of-3 Safe.
type chain struct {
	*devnet.Anvil
	devnet.Contracts
	config evm.Config
	client *evm.Client
	source *evm.Source
	owners []*ecdsa.PrivateKey
	wallet common.Address
}

func newChain(t *testing.T) *chain {
	t.Helper()
	a, err := devnet.Start(t.Context(), devnet.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v\n%s", err, a.Logs())
		}
	})
	contracts, err := a.Deploy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := &chain{Anvil: a, Contracts: contracts}
	var owners []common.Address
	for range 3 {
		key, err := crypto.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		c.owners = append(c.owners, key)
		owners = append(owners, crypto.PubkeyToAddress(key.PublicKey))
	}
	if c.wallet, err = a.CreateSafe(t.Context(), contracts, owners, 2, 0); err != nil {
		t.Fatal(err)
	}
	c.config = evm.Config{
		Chain:      "eip155:31337",
		Native:     native,
		EntryPoint: contracts.EntryPoint,
		Module:     contracts.Safe4337Module,
		MultiSend:  contracts.MultiSendCallOnly,
		URLs:       []string{a.URL},
	}
	c.client, c.source = c.dial(t, a.URL)
	return c
}

func (c *chain) dial(t *testing.T, url string) (*evm.Client, *evm.Source) {
	t.Helper()
	config := c.config
	config.URLs = []string{url}
	client, err := evm.Dial(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client, evm.NewSource(client, config)
}

// block reads the verified block that holds a transaction's receipt.
func (c *chain) block(t *testing.T, hash common.Hash) coffer.Block {
	t.Helper()
	block, err := c.source.Block(t.Context(), coffer.Hash(hash))
	if err != nil {
		t.Fatal(err)
	}
	return block
}

// send sends a transaction of the faucet that need not succeed and returns its block.
func (c *chain) send(t *testing.T, calls ...map[string]any) coffer.Block {
	t.Helper()
	ctx := t.Context()
	if err := c.SetAutomine(ctx, false); err != nil {
		t.Fatal(err)
	}
	for _, call := range calls {
		call["from"], call["gas"] = c.Faucet(), "0x100000"
		var hash common.Hash
		if err := c.RPC().CallContext(ctx, &hash, "eth_sendTransaction", call); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Mine(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if err := c.SetAutomine(ctx, true); err != nil {
		t.Fatal(err)
	}
	head, err := c.source.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return c.block(t, common.Hash(head.Latest.Hash))
}

// tamperer is a node between us and the node: it forwards every call and lets alter change
// each answer.
func tamperer(t *testing.T, upstream string, alter func(method string, answer map[string]any)) string {
	t.Helper()
	return chaintest.Tamper(t, upstream, func(method string, _ []any, answer chaintest.Answer) { alter(method, answer) })
}

func units(n int64) *big.Int { return big.NewInt(n) }

func amount(n uint64) coffer.Amount { return coffer.NewAmount(n) }

// object and list read what JSON became.
func object(t *testing.T, v any) map[string]any {
	t.Helper()
	m, ok := v.(map[string]any)
	if !ok {
		t.Errorf("%T is not an object", v) // not Fatal: this runs in a server's goroutine
		return map[string]any{}
	}
	return m
}

func list(t *testing.T, v any) []any {
	t.Helper()
	l, ok := v.([]any)
	if !ok || len(l) == 0 {
		t.Errorf("%T with %d elements is not a list of some", v, len(l))
		return []any{nil}
	}
	return l
}
