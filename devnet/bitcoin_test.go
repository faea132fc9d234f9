package devnet_test

import (
	"context"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
)

func startBitcoin(t *testing.T) *devnet.Bitcoin {
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
	return b
}

// strange is an address on regtest of which nobody has the key.
const strange = coffer.Address("bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202")

func TestBitcoinReorganisesInEveryShape(t *testing.T) {
	b := startBitcoin(t)
	for _, test := range []struct {
		name        string
		depth, grow int
	}{{"longer", 2, 3}, {"same height", 3, 3}, {"shorter", 3, 1}, {"cut", 2, 0}} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := b.Mine(t.Context(), 4); err != nil {
				t.Fatal(err)
			}
			before, err := b.Tip(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Reorg(t.Context(), test.depth, test.grow); err != nil {
				t.Fatal(err)
			}
			after, err := b.Tip(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if want := before.Height - uint64(test.depth) + uint64(test.grow); after.Height != want || after.Hash == before.Hash {
				t.Errorf("tip %d %s after %d %s, want height %d", after.Height, after.Hash, before.Height, before.Hash, want)
			}
		})
	}
}

func TestBitcoinPaysAndRestarts(t *testing.T) {
	b := startBitcoin(t)
	payment, err := b.Pay(t.Context(), strange, 12_345_678)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Mine(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := b.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	var tx struct {
		Confirmations int `json:"confirmations"`
	}
	if err := b.Call(t.Context(), &tx, "getrawtransaction", payment.ID.String()[2:], 1); err != nil || tx.Confirmations != 1 {
		t.Errorf("%d confirmations, %v; want 1\n%s", tx.Confirmations, err, b.Logs())
	}
	if _, err := b.Pay(t.Context(), strange, 1000); err != nil {
		t.Errorf("pay after the restart: %v", err)
	}
}

func TestBitcoinReplacesWhatWaits(t *testing.T) {
	b := startBitcoin(t)
	payment, err := b.Pay(t.Context(), strange, 5_000_000)
	if err != nil {
		t.Fatal(err)
	}
	replacement, err := b.Replace(t.Context(), payment)
	if err != nil {
		t.Fatal(err)
	}
	var pool []string
	if err := b.Call(t.Context(), &pool, "getrawmempool"); err != nil || len(pool) != 1 || pool[0] != replacement.ID.String()[2:] {
		t.Errorf("the pool holds %v, %v; want %s alone", pool, err, replacement.ID)
	}
}
