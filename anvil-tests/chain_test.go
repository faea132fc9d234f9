package anviltests

import (
	"context"
	"crypto/ecdsa"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/devnet"
)

// chain is a fresh anvil with everything deployed and a guarded 2-of-3 Safe with gas money
// in the EntryPoint.
type chain struct {
	*devnet.Anvil
	devnet.Contracts
	owners devnet.Owners
	wallet common.Address
}

func newChain(t testing.TB) *chain {
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
	for range 3 {
		c.owners = append(c.owners, newKey(t))
	}
	c.wallet = c.newSafe(t, contracts.Guard)
	if _, err := a.DepositTo(t.Context(), contracts, c.wallet, big.NewInt(1e18)); err != nil {
		t.Fatal(err)
	}
	return c
}

// newSafe is a Safe of the same owners with this guard, or none.
func (c *chain) newSafe(t testing.TB, guard common.Address) common.Address {
	t.Helper()
	contracts := c.Contracts
	contracts.Guard = guard
	safe, err := c.CreateSafe(t.Context(), contracts, c.owners.Addresses(), 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	return safe
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (c *chain) tokenBalance(t *testing.T, account common.Address) int64 {
	t.Helper()
	balance, err := c.TokenBalance(t.Context(), c.Contracts, account)
	if err != nil {
		t.Fatal(err)
	}
	return balance.Int64()
}
