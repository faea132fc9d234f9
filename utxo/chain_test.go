package utxo_test

import (
	"context"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

// strange is an address on regtest of which nobody has the key.
const strange = coffer.Address("bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202")

// chain is a node of the test's own with money, and a source that reads it.
type chain struct {
	*devnet.Bitcoin
	client *utxo.Client
	source *utxo.Source
}

func newChain(t testing.TB) *chain {
	t.Helper()
	b, err := devnet.StartBitcoin(t.Context(), devnet.BitcoinConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v\n%s", err, b.Logs())
		}
	})
	c := &chain{Bitcoin: b}
	c.client, c.source = dial(t, b.Node())
	return c
}

func dial(t testing.TB, nodes ...utxo.Node) (*utxo.Client, *utxo.Source) {
	t.Helper()
	client, err := utxo.Dial(t.Context(), utxo.Config{Network: utxo.Regtest, Nodes: nodes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client, utxo.NewSource(client)
}

func (c *chain) mine(t testing.TB, n int) {
	t.Helper()
	if _, err := c.Mine(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

// head reads the newest block.
func (c *chain) head(t testing.TB) coffer.Block {
	t.Helper()
	head, err := c.source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	block, err := c.source.Block(t.Context(), head.Latest.Hash)
	if err != nil {
		t.Fatal(err)
	}
	return block
}
