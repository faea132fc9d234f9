package evm_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

func TestDepositAddressIsWhatTheFactoryDeploys(t *testing.T) {
	c := newChain(t)
	factory, err := c.DeployForwarderFactory(t.Context(), c.wallet)
	if err != nil {
		t.Fatal(err)
	}
	forwarders, err := evm.NewForwarders(t.Context(), c.client, factory)
	if err != nil {
		t.Fatal(err)
	}
	salt := coffer.Hash{1, 2, 3}
	address, err := forwarders.DepositAddress(t.Context(), salt)
	if err != nil {
		t.Fatal(err)
	}
	if vault := forwarders.Vault(); vault != evm.AddressOf(c.wallet) {
		t.Errorf("vault %s; want %s", vault, c.wallet)
	}
	if other, err := forwarders.DepositAddress(t.Context(), coffer.Hash{4}); err != nil || other == address {
		t.Errorf("another salt gives %s, %v", other, err)
	}

	if _, err := c.Issue(t.Context(), c.Contracts, common.HexToAddress(string(address)), units(9)); err != nil {
		t.Fatal(err)
	}
	flush := bindings.NewForwarderFactory().PackFlushMany([][32]byte{salt}, []common.Address{c.Token}, big.NewInt(150_000))
	if _, err := c.Send(t.Context(), devnet.Call{To: &factory, Data: flush}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.TokenBalance(t.Context(), c.Contracts, c.wallet); err != nil || got.Int64() != 9 {
		t.Errorf("the vault holds %v, %v; want 9", got, err)
	}
}

func TestDepositAddressNeedsTheFactorysCode(t *testing.T) {
	c := newChain(t)
	missing := func(err error) bool { return err != nil && strings.Contains(err.Error(), "is not on eip155:31337") }
	factory := evm.FactoryAddress(c.wallet)
	if _, err := evm.NewForwarders(t.Context(), c.client, factory); !missing(err) {
		t.Errorf("factory that is not there: %v", err)
	}

	if _, err := c.DeployForwarderFactory(t.Context(), c.wallet); err != nil {
		t.Fatal(err)
	}
	forwarders, err := evm.NewForwarders(t.Context(), c.client, factory)
	if err != nil {
		t.Fatal(err)
	}
	code, err := c.Eth().CodeAt(t.Context(), factory, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetCode(t.Context(), factory, nil); err != nil {
		t.Fatal(err)
	}
	if address, err := forwarders.DepositAddress(t.Context(), coffer.Hash{1}); !missing(err) {
		t.Errorf("factory that went away: %s, %v", address, err)
	}

	copied := common.Address{0x99}
	if err := c.SetCode(t.Context(), copied, code); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]common.Address{"the same code elsewhere": copied, "another contract": c.Token} {
		if _, err := evm.NewForwarders(t.Context(), c.client, at); err == nil {
			t.Errorf("%s was taken for our factory", name)
		}
	}
}
