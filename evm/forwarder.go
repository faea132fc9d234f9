package evm

import (
	"context"
	"fmt"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

// create2Deployer is Arachnid's deterministic deployment proxy, at this address on every
// chain. It deploys our factories with salt zero.
var create2Deployer = common.HexToAddress("0x4e59b44847b379578588920cA78FbF26c0B4956C")

// Forwarders makes deposit addresses: CREATE2 contracts of one factory that can pay only
// its vault (EIP-1014). An address is computed here; the chain is asked only whether the
// code it depends on is there.
type Forwarders struct {
	client  *Client
	factory common.Address

	mu           sync.Mutex
	initCodeHash []byte // of a forwarder of the vault; nil until the factory was checked
	vault        common.Address
}

// NewForwarders returns the deposit addresses of a factory.
func NewForwarders(client *Client, factory common.Address) *Forwarders {
	return &Forwarders{client: client, factory: factory}
}

// FactoryAddress is where the factory of a vault is on every chain: its address commits to
// its code and, through that, to the vault.
func FactoryAddress(vault common.Address) common.Address {
	creation := append(common.FromHex(bindings.ForwarderFactoryMetaData.Bin), bindings.NewForwarderFactory().PackConstructor(vault)...)
	return crypto.CreateAddress2(create2Deployer, common.Hash{}, crypto.Keccak256(creation))
}

// ForwarderAddress is the deposit address of a salt, deployed or not.
func ForwarderAddress(factory, vault common.Address, salt coffer.Hash) common.Address {
	return crypto.CreateAddress2(factory, salt, forwarderCodeHash(vault))
}

func forwarderCodeHash(vault common.Address) []byte {
	creation := append(common.FromHex(bindings.ForwarderMetaData.Bin), bindings.NewForwarder().PackConstructor(vault)...)
	return crypto.Keccak256(creation)
}

// DepositAddress returns the deposit address of a salt. It is refused where the factory's
// code is not on the chain: money could arrive there, but nobody could move it.
func (f *Forwarders) DepositAddress(ctx context.Context, salt coffer.Hash) (coffer.Address, error) {
	code, err := f.client.Eth().CodeAt(ctx, f.factory, nil)
	if err != nil {
		return "", fmt.Errorf("forwarder factory %s: %w", f.factory, err)
	}
	if len(code) == 0 {
		return "", fmt.Errorf("forwarder factory %s is not on %s: deploy it before issuing addresses", f.factory, f.client.config.Chain)
	}
	codeHash, err := f.check(ctx)
	if err != nil {
		return "", fmt.Errorf("forwarder factory %s: %w", f.factory, err)
	}
	return AddressOf(crypto.CreateAddress2(f.factory, salt, codeHash)), nil
}

// Vault returns where the addresses of this factory pay.
func (f *Forwarders) Vault(ctx context.Context) (coffer.Address, error) {
	if _, err := f.check(ctx); err != nil {
		return "", fmt.Errorf("forwarder factory %s: %w", f.factory, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return AddressOf(f.vault), nil
}

// check asks the factory for its vault and proves the answer: the factory's address is
// that of our factory code with this vault, and of nothing else.
func (f *Forwarders) check(ctx context.Context) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.initCodeHash != nil {
		return f.initCodeHash, nil
	}
	binding := bindings.NewForwarderFactory()
	out, err := f.client.call(ctx, f.factory, binding.PackVault(), coffer.Hash{})
	if err != nil {
		return nil, err
	}
	vault, err := binding.UnpackVault(out)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	if FactoryAddress(vault) != f.factory {
		return nil, fmt.Errorf("it is not our factory of vault %s", vault)
	}
	f.vault, f.initCodeHash = vault, forwarderCodeHash(vault)
	return f.initCodeHash, nil
}
