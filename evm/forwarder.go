package evm

import (
	"context"
	"fmt"

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
// code it depends on is there. It is safe for concurrent use.
type Forwarders struct {
	client       *Client
	factory      common.Address
	vault        common.Address
	initCodeHash []byte // of every forwarder of the factory
}

// NewForwarders returns the deposit addresses of a factory. It asks the factory for its
// vault and proves the answer: the factory's address is that of our factory code with this
// vault, and of nothing else.
func NewForwarders(ctx context.Context, client *Client, factory common.Address) (*Forwarders, error) {
	f := &Forwarders{client: client, factory: factory}
	if err := f.checkCode(ctx); err != nil {
		return nil, err
	}
	binding := bindings.NewForwarderFactory()
	out, err := client.call(ctx, factory, binding.PackVault(), coffer.Hash{})
	if err != nil {
		return nil, fmt.Errorf("forwarder factory %s: vault: %w", factory, err)
	}
	if f.vault, err = binding.UnpackVault(out); err != nil {
		return nil, fmt.Errorf("forwarder factory %s: vault: %w", factory, err)
	}
	if FactoryAddress(f.vault) != factory {
		return nil, fmt.Errorf("forwarder factory %s: it is not our factory of vault %s", factory, f.vault)
	}
	f.initCodeHash = forwarderCodeHash(factory)
	return f, nil
}

// FactoryAddress is where the factory of a vault is on every chain: its address commits to
// its code and, through that, to the vault.
func FactoryAddress(vault common.Address) common.Address {
	creation := append(common.FromHex(bindings.ForwarderFactoryMetaData.Bin), bindings.NewForwarderFactory().PackConstructor(vault)...)
	return crypto.CreateAddress2(create2Deployer, common.Hash{}, crypto.Keccak256(creation))
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

// DepositAddress returns the deposit address of a salt. It is refused where the factory's
// code is not on the chain: money could arrive there, but nobody could move it.
func (f *Forwarders) DepositAddress(ctx context.Context, salt coffer.Hash) (coffer.Address, error) {
	if err := f.checkCode(ctx); err != nil {
		return "", err
	}
	return AddressOf(crypto.CreateAddress2(f.factory, salt, f.initCodeHash)), nil
}

// Vault returns where the addresses of this factory pay.
func (f *Forwarders) Vault() coffer.Address { return AddressOf(f.vault) }

func (f *Forwarders) checkCode(ctx context.Context) error {
	code, err := f.client.Eth().CodeAt(ctx, f.factory, nil)
	if err != nil {
		return fmt.Errorf("forwarder factory %s: %w", f.factory, err)
	}
	if len(code) == 0 {
		return fmt.Errorf("forwarder factory %s is not on %s: deploy it before issuing addresses", f.factory, f.client.config.Chain)
	}
	return nil
}
