package devnet

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/bindings"
)

// How long a change of a guarded Safe waits on a chain of ours, and how long it can then be
// executed. SetNextBlockTime passes the time.
const (
	GuardDelay  = time.Hour
	GuardWindow = 24 * time.Hour
)

// Contracts says where the contracts of a chain are. All but Guard and Token are at the
// addresses they have on every public chain.
type Contracts struct {
	EntryPoint        common.Address // ERC-4337 v0.7
	Safe              common.Address // singleton, SafeL2 1.5.0
	SafeProxyFactory  common.Address
	MultiSendCallOnly common.Address
	Safe4337Module    common.Address // 0.3.0, for EntryPoint v0.7; also the fallback handler
	SafeModuleSetup   common.Address
	Guard             common.Address // of every Safe that CreateSafe makes; none when zero
	Token             common.Address // TestToken, owned by the faucet; see Config.TokenDecimals
}

// The two CREATE2 deployers that canonical addresses come from. Both take salt ++ creation
// code as calldata.
var (
	arachnidProxy        = common.HexToAddress("0x4e59b44847b379578588920cA78FbF26c0B4956C")
	safeSingletonFactory = common.HexToAddress("0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7")
)

// The presigned transaction of @safe-global/safe-singleton-factory 1.0.44 for chain 31337:
// its sender must hold the gas money first. Other chains get the code it makes by decree.
const (
	singletonFactoryChain = 31337
	singletonFactoryTx    = "0xf8a78085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf382f4f5a00dc4d1d21b308094a30f5f93da35e4d72e99115378f135f2295bea47301a3165a0636b822daad40aa8c52dd5132f378c0c0e6d83b4898228c7e21c84e631a0b891"
	singletonFactoryInit  = 14 // bytes of creation code in front of the runtime
)

// entryPointSalt is the one the official EntryPoint v0.7 was deployed with.
var entryPointSalt = common.HexToHash("0x90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3")

// deployment is one contract and the deployer that gives it its canonical address.
type deployment struct {
	name     string
	deployer common.Address
	salt     common.Hash
	code     []byte // creation code with constructor arguments
}

func (d deployment) address() common.Address {
	return crypto.CreateAddress2(d.deployer, d.salt, crypto.Keccak256(d.code))
}

// Deploy puts the audited contracts, byte for byte as npm ships them, our guard and a test
// token on the chain. What is there already stays.
func (a *Anvil) Deploy(ctx context.Context) (Contracts, error) {
	if err := a.deploySingletonFactory(ctx); err != nil {
		return Contracts{}, fmt.Errorf("deploy the Safe singleton factory: %w", err)
	}
	entryPoint := deployment{"EntryPoint", arachnidProxy, entryPointSalt, code(bindings.EntryPointMetaData.Bin)}
	safe := deployment{"Safe", safeSingletonFactory, common.Hash{}, code(bindings.SafeMetaData.Bin)}
	proxies := deployment{"SafeProxyFactory", safeSingletonFactory, common.Hash{}, code(bindings.SafeProxyFactoryMetaData.Bin)}
	multiSend := deployment{"MultiSendCallOnly", safeSingletonFactory, common.Hash{}, code(bindings.MultiSendCallOnlyMetaData.Bin)}
	module := deployment{"Safe4337Module", arachnidProxy, common.Hash{},
		code(bindings.Safe4337ModuleMetaData.Bin, bindings.NewSafe4337Module().PackConstructor(entryPoint.address()))}
	setup := deployment{"SafeModuleSetup", arachnidProxy, common.Hash{}, code(bindings.SafeModuleSetupMetaData.Bin)}
	token := deployment{"TestToken", arachnidProxy, common.Hash{},
		code(bindings.TestTokenMetaData.Bin, bindings.NewTestToken().PackConstructor(a.faucet, new(big.Int), "Test Tether USD", "USDT", a.decimals))}

	for _, d := range []deployment{entryPoint, safe, proxies, multiSend, module, setup, token} {
		if err := a.deploy(ctx, d); err != nil {
			return Contracts{}, err
		}
	}
	contracts := Contracts{
		EntryPoint:        entryPoint.address(),
		Safe:              safe.address(),
		SafeProxyFactory:  proxies.address(),
		MultiSendCallOnly: multiSend.address(),
		Safe4337Module:    module.address(),
		SafeModuleSetup:   setup.address(),
		Token:             token.address(),
	}
	var err error
	contracts.Guard, err = a.DeployGuard(ctx, contracts, GuardDelay, GuardWindow)
	return contracts, err
}

// DeployGuard puts the guard of Safes, with these times in whole seconds, on the chain,
// unless it is there.
func (a *Anvil) DeployGuard(ctx context.Context, c Contracts, delay, window time.Duration) (common.Address, error) {
	arguments := bindings.NewGuard().PackConstructor(c.MultiSendCallOnly, uint64(delay.Seconds()), uint64(window.Seconds()))
	d := deployment{"Guard", arachnidProxy, common.Hash{}, code(bindings.GuardMetaData.Bin, arguments)}
	return d.address(), a.deploy(ctx, d)
}

// DeployForwarderFactory puts the factory of deposit addresses that pay one vault on the
// chain, unless it is there. Its address depends on the vault's alone.
func (a *Anvil) DeployForwarderFactory(ctx context.Context, vault common.Address) (common.Address, error) {
	d := deployment{"ForwarderFactory", arachnidProxy, common.Hash{},
		code(bindings.ForwarderFactoryMetaData.Bin, bindings.NewForwarderFactory().PackConstructor(vault))}
	return d.address(), a.deploy(ctx, d)
}

func (a *Anvil) deploy(ctx context.Context, d deployment) error {
	present, err := a.hasCode(ctx, d.address())
	if err != nil || present {
		return err
	}
	if _, err := a.Send(ctx, Call{To: &d.deployer, Data: append(d.salt.Bytes(), d.code...)}); err != nil {
		return fmt.Errorf("deploy %s: %w", d.name, err)
	}
	if present, err = a.hasCode(ctx, d.address()); err != nil {
		return err
	}
	if !present {
		return fmt.Errorf("deploy %s: no code at %s afterwards", d.name, d.address())
	}
	return nil
}

func (a *Anvil) deploySingletonFactory(ctx context.Context) error {
	present, err := a.hasCode(ctx, safeSingletonFactory)
	if err != nil || present {
		return err
	}
	raw := hexutil.MustDecode(singletonFactoryTx)
	var tx types.Transaction
	if err := tx.UnmarshalBinary(raw); err != nil {
		return fmt.Errorf("read the presigned transaction: %w", err)
	}
	if a.ChainID != singletonFactoryChain {
		return a.SetCode(ctx, safeSingletonFactory, tx.Data()[singletonFactoryInit:])
	}
	sender, err := types.Sender(types.LatestSignerForChainID(tx.ChainId()), &tx)
	if err != nil {
		return fmt.Errorf("recover its sender: %w", err)
	}
	if _, err := a.Send(ctx, Call{To: &sender, Value: tx.Cost()}); err != nil {
		return err
	}
	if err := a.Eth().SendTransaction(ctx, &tx); err != nil {
		return err
	}
	_, err = a.Receipt(ctx, tx.Hash())
	return err
}

func (a *Anvil) hasCode(ctx context.Context, address common.Address) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	held, err := a.Eth().CodeAt(ctx, address, nil)
	if err != nil {
		return false, fmt.Errorf("code of %s: %w", address, err)
	}
	return len(held) > 0, nil
}

// code joins creation code, as a binding carries it, and constructor arguments.
func code(bin string, arguments ...[]byte) []byte {
	return append(hexutil.MustDecode(bin), bytes.Join(arguments, nil)...)
}
