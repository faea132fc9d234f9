package evm_test

import (
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
	forwarders := evm.NewForwarders(c.client, factory)
	salt := coffer.Hash{1, 2, 3}
	address, err := forwarders.DepositAddress(t.Context(), salt)
	if err != nil {
		t.Fatal(err)
	}
	if vault, err := forwarders.Vault(t.Context()); err != nil || vault != evm.AddressOf(c.wallet) {
		t.Errorf("vault %s, %v; want %s", vault, err, c.wallet)
	}
	if other, err := forwarders.DepositAddress(t.Context(), coffer.Hash{4}); err != nil || other == address {
		t.Errorf("another salt gives %s, %v", other, err)
	}

	if _, err := c.Issue(t.Context(), c.Contracts, common.HexToAddress(string(address)), units(9)); err != nil {
		t.Fatal(err)
	}
	flush := bindings.NewForwarderFactory().PackFlushMany([][32]byte{salt}, c.Token)
	if _, err := c.Send(t.Context(), devnet.Call{To: &factory, Data: flush}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.TokenBalance(t.Context(), c.Contracts, c.wallet); err != nil || got.Int64() != 9 {
		t.Errorf("the vault holds %v, %v; want 9", got, err)
	}
}

func TestDepositAddressNeedsTheFactorysCode(t *testing.T) {
	c := newChain(t)
	factory := evm.FactoryAddress(c.wallet)
	_, err := evm.NewForwarders(c.client, factory).DepositAddress(t.Context(), coffer.Hash{1})
	if err == nil || !strings.Contains(err.Error(), "is not on eip155:31337") {
		t.Errorf("factory that is not there: %v", err)
	}
	// The same code at another address, and another contract at the right one.
	if _, err := c.DeployForwarderFactory(t.Context(), c.wallet); err != nil {
		t.Fatal(err)
	}
	code, err := c.Eth().CodeAt(t.Context(), factory, nil)
	if err != nil {
		t.Fatal(err)
	}
	copied := common.Address{0x99}
	if err := c.SetCode(t.Context(), copied, code); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]common.Address{"copied": copied, "another contract": c.Token} {
		if address, err := evm.NewForwarders(c.client, at).DepositAddress(t.Context(), coffer.Hash{1}); err == nil {
			t.Errorf("%s: %s", name, address)
		}
	}
}
