package evm

import (
	"bytes"
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

// Arachnid's deterministic deployment proxy, at this address and with this code on every
// chain. It deploys our factories with salt zero.
var (
	create2Deployer     = common.HexToAddress("0x4e59b44847b379578588920cA78FbF26c0B4956C")
	create2DeployerCode = common.FromHex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3")
)

// Forwarders makes deposit addresses: CREATE2 contracts of one factory that can pay only
// its vault (EIP-1014). An address is computed here; the chain is asked only whether the
// code it depends on is ours. It is safe for concurrent use.
type Forwarders struct {
	client       *Client
	factory      common.Address
	vault        common.Address
	initCodeHash []byte // of every forwarder of the factory
	code         []deployedCode
}

// deployedCode is the runtime code that has to be at an address.
type deployedCode struct {
	name    string
	address common.Address
	code    []byte
}

// NewForwarders returns the deposit addresses of the factory of a vault. It refuses any
// other factory, and one whose code on the chain is not ours.
func NewForwarders(ctx context.Context, client *Client, factory, vault common.Address) (*Forwarders, error) {
	if want := FactoryAddress(vault); factory != want {
		return nil, fmt.Errorf("forwarder factory %s: it is not our factory of vault %s, which is %s", factory, vault, want)
	}
	code, err := forwarderCode(vault)
	if err != nil {
		return nil, err
	}
	f := &Forwarders{client: client, factory: factory, vault: vault, initCodeHash: forwarderCodeHash(factory), code: code}
	return f, f.checkCode(ctx)
}

// FactoryAddress is where the factory of a vault is on every chain: its address commits to
// its code and, through that, to the vault.
func FactoryAddress(vault common.Address) common.Address {
	return crypto.CreateAddress2(create2Deployer, common.Hash{}, crypto.Keccak256(factoryCreation(vault)))
}

func factoryCreation(vault common.Address) []byte {
	return append(common.FromHex(bindings.ForwarderFactoryMetaData.Bin), bindings.NewForwarderFactory().PackConstructor(vault)...)
}

// ForwarderAddress is the deposit address of a salt, deployed or not. The factory's address
// commits to the vault.
func ForwarderAddress(factory common.Address, salt coffer.Hash) common.Address {
	return crypto.CreateAddress2(factory, salt, forwarderCodeHash(factory))
}

// A forwarder is a clone of the contract that the factory's constructor created (CREATE,
// nonce 1): a minimal proxy (EIP-1167) that first ends a payment without calldata. The same
// bytes stand in contracts/src/ForwarderFactory.sol.
var (
	cloneHead = common.FromHex("3d603380600a3d3981f3" + "36600557005b" + "363d3d373d3d3d363d73")
	cloneTail = common.FromHex("5af43d82803e903d91603157fd5bf3")
)

func forwarderCodeHash(factory common.Address) []byte {
	implementation := crypto.CreateAddress(factory, 1)
	return crypto.Keccak256(cloneHead, implementation[:], cloneTail)
}

// forwarderCode is the runtime code of the factory of a vault and of what it clones. Both
// hold their immutables (vault, implementation, initCodeHash), so the code is what the
// constructors make: they are run here, through the deployment proxy, in an EVM of our own.
func forwarderCode(vault common.Address) ([]deployedCode, error) {
	_, state, err := runtime.Execute(nil, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("forwarder code: %w", err)
	}
	state.CreateAccount(create2Deployer)
	state.SetCode(create2Deployer, create2DeployerCode, 0)
	salted := append(make([]byte, len(common.Hash{})), factoryCreation(vault)...)
	made, _, err := runtime.Call(create2Deployer, salted, &runtime.Config{State: state})
	factory := FactoryAddress(vault)
	if err != nil || common.BytesToAddress(made) != factory {
		return nil, fmt.Errorf("forwarder code: the factory is deployed at 0x%x, not at %s (%w)", made, factory, err)
	}
	implementation := crypto.CreateAddress(factory, 1)
	return []deployedCode{
		{"forwarder factory", factory, state.GetCode(factory)},
		{"forwarder implementation", implementation, state.GetCode(implementation)},
	}, nil
}

// DepositAddress returns the deposit address of a salt. It is refused where the code on the
// chain is not ours: money could arrive there, but nobody could move it.
func (f *Forwarders) DepositAddress(ctx context.Context, salt coffer.Hash) (coffer.Address, error) {
	if err := f.checkCode(ctx); err != nil {
		return "", err
	}
	return f.address(salt), nil
}

func (f *Forwarders) address(salt coffer.Hash) coffer.Address {
	return AddressOf(crypto.CreateAddress2(f.factory, salt, f.initCodeHash))
}

// AddressProof returns what the deposit address of a salt is made of.
func (f *Forwarders) AddressProof(salt coffer.Hash) coffer.AddressProof {
	return coffer.AddressProof{
		Kind: coffer.ProofCreate2, Address: f.address(salt), Factory: AddressOf(f.factory), Salt: salt,
		InitCodeHash: coffer.Hash(f.initCodeHash), Vault: AddressOf(f.vault),
	}
}

// Vault returns where the addresses of this factory pay.
func (f *Forwarders) Vault() coffer.Address { return AddressOf(f.vault) }

func (f *Forwarders) checkCode(ctx context.Context) error {
	for _, want := range f.code {
		code, err := f.client.Eth().CodeAt(ctx, want.address, nil)
		switch {
		case err != nil:
			return fmt.Errorf("%s %s: %w", want.name, want.address, err)
		case len(code) == 0:
			return fmt.Errorf("%s %s is not on %s: deploy it before issuing addresses", want.name, want.address, f.client.config.Chain)
		case !bytes.Equal(code, want.code):
			return fmt.Errorf("%s %s on %s: its code is not ours", want.name, want.address, f.client.config.Chain)
		}
	}
	return nil
}

// VerifyDepositAddress checks, without asking anybody, that an address is the deposit
// address of an account in a vault that the caller knows. It is the check that clients make
// of an answer of the API, in Go: nothing in the proof is believed, everything is computed
// again from the vault and the account.
func VerifyDepositAddress(address coffer.Address, p coffer.AddressProof, vault coffer.Address, tenant, account string) error {
	known, err := canonicalAddress(vault)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	factory := FactoryAddress(known)
	salt := coffer.DepositSalt(tenant, account)
	switch {
	case p.Kind != coffer.ProofCreate2:
		return fmt.Errorf("a proof of kind %.40q, not %s", p.Kind, coffer.ProofCreate2)
	case p.Vault != vault:
		return fmt.Errorf("the address pays vault %.80q, not %s", p.Vault, vault)
	case p.Factory != AddressOf(factory):
		return fmt.Errorf("the factory is %.80q; that of the vault is %s", p.Factory, factory)
	case p.InitCodeHash != coffer.Hash(forwarderCodeHash(factory)):
		return fmt.Errorf("the code of the address is not a forwarder of %s", factory)
	case p.Salt != salt:
		return fmt.Errorf("the salt is not that of account %.80q of tenant %.80q", account, tenant)
	case address != AddressOf(ForwarderAddress(factory, salt)) || p.Address != address:
		return fmt.Errorf("%.80q is not the address that follows from the proof", address)
	}
	return nil
}
