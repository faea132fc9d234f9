package anviltests

import (
	"context"
	"crypto/ecdsa"
	"math/big"
	"slices"
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
func (c *chain) newSafe(t *testing.T, guard common.Address) common.Address {
	t.Helper()
	var addresses []common.Address
	for _, key := range c.owners {
		addresses = append(addresses, crypto.PubkeyToAddress(key.PublicKey))
	}
	contracts := c.Contracts
	contracts.Guard = guard
	safe, err := c.CreateSafe(t.Context(), contracts, addresses, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	return safe
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
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

// ownerSignatures are the 65-byte signatures of a digest by these keys, in the order of
// their addresses, as Safe's checkSignatures wants them.
func ownerSignatures(t *testing.T, digest common.Hash, keys ...*ecdsa.PrivateKey) []byte {
	t.Helper()
	sorted := slices.SortedFunc(slices.Values(keys), func(a, b *ecdsa.PrivateKey) int {
		return crypto.PubkeyToAddress(a.PublicKey).Cmp(crypto.PubkeyToAddress(b.PublicKey))
	})
	var joined []byte
	for _, key := range sorted {
		signature, err := crypto.Sign(digest[:], key)
		if err != nil {
			t.Fatal(err)
		}
		signature[64] += 27
		joined = append(joined, signature...)
	}
	return joined
}
