package evm_test

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

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
	forwarders, err := evm.NewForwarders(t.Context(), c.client, factory, c.wallet)
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
	if _, err := evm.NewForwarders(t.Context(), c.client, factory, c.wallet); !missing(err) {
		t.Errorf("factory that is not there: %v", err)
	}

	if _, err := c.DeployForwarderFactory(t.Context(), c.wallet); err != nil {
		t.Fatal(err)
	}
	forwarders, err := evm.NewForwarders(t.Context(), c.client, factory, c.wallet)
	if err != nil {
		t.Fatal(err)
	}
	originals := map[common.Address][]byte{}
	for _, at := range []common.Address{factory, crypto.CreateAddress(factory, 1)} {
		if originals[at], err = c.Eth().CodeAt(t.Context(), at, nil); err != nil {
			t.Fatal(err)
		}
	}
	code := originals[factory]
	if err := c.SetCode(t.Context(), factory, nil); err != nil {
		t.Fatal(err)
	}
	if address, err := forwarders.DepositAddress(t.Context(), coffer.Hash{1}); !missing(err) {
		t.Errorf("factory that went away: %s, %v", address, err)
	}

	for _, at := range []common.Address{factory, crypto.CreateAddress(factory, 1)} {
		for name, other := range map[string][]byte{"another constant": flip(code, len(code)/2), "a byte more": append(slices.Clone(code), 0)} {
			if err := c.SetCode(t.Context(), at, other); err != nil {
				t.Fatal(err)
			}
			if address, err := forwarders.DepositAddress(t.Context(), coffer.Hash{1}); err == nil || !strings.Contains(err.Error(), "code is not ours") {
				t.Errorf("%s at %s: %s, %v", name, at, address, err)
			}
		}
		if err := c.SetCode(t.Context(), at, originals[at]); err != nil {
			t.Fatal(err)
		}
		if _, err := forwarders.DepositAddress(t.Context(), coffer.Hash{1}); err != nil {
			t.Errorf("with the right code again: %v", err)
		}
	}

	copied := common.Address{0x99}
	if err := c.SetCode(t.Context(), copied, code); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]common.Address{"the same code elsewhere": copied, "another contract": c.Token} {
		if _, err := evm.NewForwarders(t.Context(), c.client, at, c.wallet); err == nil {
			t.Errorf("%s was taken for our factory", name)
		}
	}
	if _, err := evm.NewForwarders(t.Context(), c.client, factory, alice); err == nil {
		t.Error("the factory of another vault was taken for ours")
	}
}

func flip(code []byte, at int) []byte {
	other := slices.Clone(code)
	other[at] ^= 1
	return other
}

// A client that knows the vault and the account accepts only the address that follows.
func TestDepositAddressIsVerifiedFromItsProof(t *testing.T) {
	c := newChain(t)
	factory, err := c.DeployForwarderFactory(t.Context(), c.wallet)
	if err != nil {
		t.Fatal(err)
	}
	forwarders, err := evm.NewForwarders(t.Context(), c.client, factory, c.wallet)
	if err != nil {
		t.Fatal(err)
	}
	salt := coffer.DepositSalt("acme", "acc_1")
	address, err := forwarders.DepositAddress(t.Context(), salt)
	if err != nil {
		t.Fatal(err)
	}
	good, vault := forwarders.AddressProof(salt), evm.AddressOf(c.wallet)
	if err := evm.VerifyDepositAddress(address, good, vault, "acme", "acc_1"); err != nil {
		t.Fatal(err)
	}

	thief := evm.AddressOf(alice)
	for name, lie := range map[string]func(p *coffer.AddressProof) (coffer.Address, coffer.Address, string){
		"another address":     func(*coffer.AddressProof) (coffer.Address, coffer.Address, string) { return thief, vault, "acc_1" },
		"another account":     func(*coffer.AddressProof) (coffer.Address, coffer.Address, string) { return address, vault, "acc_2" },
		"another vault known": func(*coffer.AddressProof) (coffer.Address, coffer.Address, string) { return address, thief, "acc_1" },
		"a vault in lower case": func(*coffer.AddressProof) (coffer.Address, coffer.Address, string) {
			return address, coffer.Address(strings.ToLower(string(vault))), "acc_1"
		},
		"another vault":   change(address, vault, func(p *coffer.AddressProof) { p.Vault = thief }),
		"another factory": change(address, vault, func(p *coffer.AddressProof) { p.Factory = thief }),
		"a factory of the thief's vault": change(address, vault, func(p *coffer.AddressProof) {
			p.Factory = evm.AddressOf(evm.FactoryAddress(alice))
		}),
		"other code":      change(address, vault, func(p *coffer.AddressProof) { p.InitCodeHash[0]++ }),
		"another salt":    change(address, vault, func(p *coffer.AddressProof) { p.Salt[0]++ }),
		"another kind":    change(address, vault, func(p *coffer.AddressProof) { p.Kind = "descriptor" }),
		"its own address": change(address, vault, func(p *coffer.AddressProof) { p.Address = thief }),
		"no proof at all": change(address, vault, func(p *coffer.AddressProof) { *p = coffer.AddressProof{} }),
		"the thief's whole": func(p *coffer.AddressProof) (coffer.Address, coffer.Address, string) {
			p.Vault, p.Factory = thief, evm.AddressOf(evm.FactoryAddress(alice))
			p.Address = evm.AddressOf(evm.ForwarderAddress(evm.FactoryAddress(alice), salt))
			return p.Address, vault, "acc_1"
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := good
			address, vault, account := lie(&p)
			if err := evm.VerifyDepositAddress(address, p, vault, "acme", account); err == nil {
				t.Errorf("%+v was accepted for %s", p, address)
			}
		})
	}
}

func change(address, vault coffer.Address, do func(p *coffer.AddressProof)) func(p *coffer.AddressProof) (coffer.Address, coffer.Address, string) {
	return func(p *coffer.AddressProof) (coffer.Address, coffer.Address, string) {
		do(p)
		return address, vault, "acc_1"
	}
}
