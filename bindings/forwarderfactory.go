// Code generated via abigen V2 - DO NOT EDIT.
// This file is a generated binding and any manual changes will be lost.

package bindings

import (
	"bytes"
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// Reference imports to suppress errors if they are not otherwise used.
var (
	_ = bytes.Equal
	_ = errors.New
	_ = big.NewInt
	_ = common.Big1
	_ = types.BloomLookup
	_ = abi.ConvertType
)

// ForwarderFactoryMetaData contains all meta data concerning the ForwarderFactory contract.
var ForwarderFactoryMetaData = bind.MetaData{
	ABI: "[{\"type\":\"constructor\",\"inputs\":[{\"name\":\"vault_\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"addressOf\",\"inputs\":[{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"deploy\",\"inputs\":[{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"outputs\":[{\"name\":\"forwarder\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"flushMany\",\"inputs\":[{\"name\":\"salts\",\"type\":\"bytes32[]\",\"internalType\":\"bytes32[]\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"initCodeHash\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"vault\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"view\"},{\"type\":\"event\",\"name\":\"Deployed\",\"inputs\":[{\"name\":\"salt\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"forwarder\",\"type\":\"address\",\"indexed\":false,\"internalType\":\"address\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"FlushFailed\",\"inputs\":[{\"name\":\"salt\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"token\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"}],\"anonymous\":false},{\"type\":\"error\",\"name\":\"DeploymentFailed\",\"inputs\":[{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"type\":\"error\",\"name\":\"ZeroVault\",\"inputs\":[]}]",
	ID:  "ForwarderFactory",
	Bin: "0x60c060405234801561000f575f5ffd5b50604051610ee3380380610ee383398101604081905261002e916100f3565b6001600160a01b03811661005557604051636347e7c160e11b815260040160405180910390fd5b6001600160a01b03811660805261006a61007b565b805160209091012060a05250610153565b60606040518060200161008d906100e6565b601f1982820381018352601f9091011660408181526080516001600160a01b031660208301520160408051601f19818403018152908290526100d29291602001610137565b604051602081830303815290604052905090565b61040780610adc83390190565b5f60208284031215610103575f5ffd5b81516001600160a01b0381168114610119575f5ffd5b9392505050565b5f81518060208401855e5f93019283525090919050565b5f61014b6101458386610120565b84610120565b949350505050565b60805160a05161095c6101805f395f818160b6015261029001525f818160eb0152610300015261095c5ff3fe608060405234801561000f575f5ffd5b5060043610610055575f3560e01c80632b85ba38146100595780637a55034b14610089578063bb34534c1461009e578063db4c545e146100b1578063fbfa77cf146100e6575b5f5ffd5b61006c610067366004610452565b61010d565b6040516001600160a01b0390911681526020015b60405180910390f35b61009c610097366004610469565b6101c3565b005b61006c6100ac366004610452565b61025e565b6100d87f000000000000000000000000000000000000000000000000000000000000000081565b604051908152602001610080565b61006c7f000000000000000000000000000000000000000000000000000000000000000081565b5f6101178261025e565b90506001600160a01b0381163b1561012e57919050565b5f6101376102d7565b90505f838251602084015ff59050826001600160a01b0316816001600160a01b03161461017e576040516383d2279b60e01b81526004810185905260240160405180910390fd5b6040516001600160a01b038416815284907fe491e278e37782abe0872fe7c7b549cd7b0713d0c5c1e84a81899a5fdf32087b9060200160405180910390a25050919050565b5f5b82811015610258575f6101ef8585848181106101e3576101e36104f6565b9050602002013561010d565b90506101fb8184610360565b61024f57826001600160a01b031685858481811061021b5761021b6104f6565b905060200201357fd1f91b29666c8f729e030c30ab7695ebc40efdb181b8fec98c54d5493725738060405160405180910390a35b506001016101c5565b50505050565b6040516001600160f81b031960208201526bffffffffffffffffffffffff193060601b166021820152603581018290527f000000000000000000000000000000000000000000000000000000000000000060558201525f9060750160408051601f19818403018152919052805160209091012092915050565b6060604051806020016102e990610445565b601f1982820381018352601f9091011660408181527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031660208301520160408051601f198184030181529082905261034c9291602001610521565b604051602081830303815290604052905090565b5f6001600160a01b0382166103df57826001600160a01b0316635d6fefc66040518163ffffffff1660e01b81526004016020604051808303815f875af19250505080156103ca575060408051601f3d908101601f191682019092526103c79181019061053d565b60015b6103d557505f61043f565b506001905061043f565b604051633ce3b70d60e11b81526001600160a01b0383811660048301528416906379c76e1a906024016020604051808303815f875af19250505080156103ca575060408051601f3d908101601f191682019092526103c79181019061053d565b92915050565b6104078061055583390190565b5f60208284031215610462575f5ffd5b5035919050565b5f5f5f6040848603121561047b575f5ffd5b833567ffffffffffffffff811115610491575f5ffd5b8401601f810186136104a1575f5ffd5b803567ffffffffffffffff8111156104b7575f5ffd5b8660208260051b84010111156104cb575f5ffd5b6020918201945092508401356001600160a01b03811681146104eb575f5ffd5b809150509250925092565b634e487b7160e01b5f52603260045260245ffd5b5f81518060208401855e5f93019283525090919050565b5f61053561052f838661050a565b8461050a565b949350505050565b5f6020828403121561054d575f5ffd5b505191905056fe60a0604052348015600e575f5ffd5b50604051610407380380610407833981016040819052602b91603b565b6001600160a01b03166080526066565b5f60208284031215604a575f5ffd5b81516001600160a01b0381168114605f575f5ffd5b9392505050565b60805161037d61008a5f395f818160980152818160e20152610186015261037d5ff3fe608060405260043610610036575f3560e01c80635d6fefc61461004157806379c76e1a14610068578063fbfa77cf14610087575f5ffd5b3661003d57005b5f5ffd5b34801561004c575f5ffd5b506100556100d2565b6040519081526020015b60405180910390f35b348015610073575f5ffd5b5061005561008236600461032b565b610164565b348015610092575f5ffd5b506100ba7f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b03909116815260200161005f565b475f8190036100e057505f90565b7f00000000000000000000000000000000000000000000000000000000000000005f8080808086865af190508061012a576040516307a2049960e51b815260040160405180910390fd5b6040518381525f907f43a46ac5237b9605f9ffdc5ca9e3ada3bea496bd00815441705ff59446129fb19060200160405180910390a2505090565b5f5f61016f8361027d565b9050805f0361018057505f92915050565b604080517f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316602482015260448082018490528251808303909101815260649091019091526020810180516001600160e01b031663a9059cbb60e01b1790526101f2908490610301565b61021f576040516358294a4360e01b81526001600160a01b03841660048201526024015b60405180910390fd5b6102288361027d565b6102329082610358565b9150826001600160a01b03167f43a46ac5237b9605f9ffdc5ca9e3ada3bea496bd00815441705ff59446129fb18360405161026f91815260200190565b60405180910390a250919050565b6040805130602480830191909152825180830390910181526044909101909152602080820180516001600160e01b03166370a0823160e01b17815282515f9392849290918391875afa5f519350601f3d11169050806102fa576040516358294a4360e01b81526001600160a01b0385166004820152602401610216565b5050919050565b5f5f5f5260205f8351602085015f875af1905060015f5114601f3d11163d15178116905092915050565b5f6020828403121561033b575f5ffd5b81356001600160a01b0381168114610351575f5ffd5b9392505050565b8181038181111561037757634e487b7160e01b5f52601160045260245ffd5b929150505660a0604052348015600e575f5ffd5b50604051610407380380610407833981016040819052602b91603b565b6001600160a01b03166080526066565b5f60208284031215604a575f5ffd5b81516001600160a01b0381168114605f575f5ffd5b9392505050565b60805161037d61008a5f395f818160980152818160e20152610186015261037d5ff3fe608060405260043610610036575f3560e01c80635d6fefc61461004157806379c76e1a14610068578063fbfa77cf14610087575f5ffd5b3661003d57005b5f5ffd5b34801561004c575f5ffd5b506100556100d2565b6040519081526020015b60405180910390f35b348015610073575f5ffd5b5061005561008236600461032b565b610164565b348015610092575f5ffd5b506100ba7f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b03909116815260200161005f565b475f8190036100e057505f90565b7f00000000000000000000000000000000000000000000000000000000000000005f8080808086865af190508061012a576040516307a2049960e51b815260040160405180910390fd5b6040518381525f907f43a46ac5237b9605f9ffdc5ca9e3ada3bea496bd00815441705ff59446129fb19060200160405180910390a2505090565b5f5f61016f8361027d565b9050805f0361018057505f92915050565b604080517f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316602482015260448082018490528251808303909101815260649091019091526020810180516001600160e01b031663a9059cbb60e01b1790526101f2908490610301565b61021f576040516358294a4360e01b81526001600160a01b03841660048201526024015b60405180910390fd5b6102288361027d565b6102329082610358565b9150826001600160a01b03167f43a46ac5237b9605f9ffdc5ca9e3ada3bea496bd00815441705ff59446129fb18360405161026f91815260200190565b60405180910390a250919050565b6040805130602480830191909152825180830390910181526044909101909152602080820180516001600160e01b03166370a0823160e01b17815282515f9392849290918391875afa5f519350601f3d11169050806102fa576040516358294a4360e01b81526001600160a01b0385166004820152602401610216565b5050919050565b5f5f5f5260205f8351602085015f875af1905060015f5114601f3d11163d15178116905092915050565b5f6020828403121561033b575f5ffd5b81356001600160a01b0381168114610351575f5ffd5b9392505050565b8181038181111561037757634e487b7160e01b5f52601160045260245ffd5b9291505056",
}

// ForwarderFactory is an auto generated Go binding around an Ethereum contract.
type ForwarderFactory struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *ForwarderFactory) GetABI() abi.ABI {
	return c.abi
}

// NewForwarderFactory creates a new instance of ForwarderFactory.
func NewForwarderFactory() *ForwarderFactory {
	parsed, err := ForwarderFactoryMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &ForwarderFactory{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *ForwarderFactory) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackConstructor is the Go binding used to pack the parameters required for
// contract deployment.
//
// Solidity: constructor(address vault_) returns()
func (forwarderFactory *ForwarderFactory) PackConstructor(vault_ common.Address) []byte {
	enc, err := forwarderFactory.abi.Pack("", vault_)
	if err != nil {
		panic(err)
	}
	return enc
}

// PackAddressOf is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xbb34534c.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function addressOf(bytes32 salt) view returns(address)
func (forwarderFactory *ForwarderFactory) PackAddressOf(salt [32]byte) []byte {
	enc, err := forwarderFactory.abi.Pack("addressOf", salt)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackAddressOf is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xbb34534c.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function addressOf(bytes32 salt) view returns(address)
func (forwarderFactory *ForwarderFactory) TryPackAddressOf(salt [32]byte) ([]byte, error) {
	return forwarderFactory.abi.Pack("addressOf", salt)
}

// UnpackAddressOf is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xbb34534c.
//
// Solidity: function addressOf(bytes32 salt) view returns(address)
func (forwarderFactory *ForwarderFactory) UnpackAddressOf(data []byte) (common.Address, error) {
	out, err := forwarderFactory.abi.Unpack("addressOf", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
}

// PackDeploy is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x2b85ba38.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function deploy(bytes32 salt) returns(address forwarder)
func (forwarderFactory *ForwarderFactory) PackDeploy(salt [32]byte) []byte {
	enc, err := forwarderFactory.abi.Pack("deploy", salt)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackDeploy is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x2b85ba38.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function deploy(bytes32 salt) returns(address forwarder)
func (forwarderFactory *ForwarderFactory) TryPackDeploy(salt [32]byte) ([]byte, error) {
	return forwarderFactory.abi.Pack("deploy", salt)
}

// UnpackDeploy is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x2b85ba38.
//
// Solidity: function deploy(bytes32 salt) returns(address forwarder)
func (forwarderFactory *ForwarderFactory) UnpackDeploy(data []byte) (common.Address, error) {
	out, err := forwarderFactory.abi.Unpack("deploy", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
}

// PackFlushMany is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x7a55034b.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function flushMany(bytes32[] salts, address token) returns()
func (forwarderFactory *ForwarderFactory) PackFlushMany(salts [][32]byte, token common.Address) []byte {
	enc, err := forwarderFactory.abi.Pack("flushMany", salts, token)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackFlushMany is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x7a55034b.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function flushMany(bytes32[] salts, address token) returns()
func (forwarderFactory *ForwarderFactory) TryPackFlushMany(salts [][32]byte, token common.Address) ([]byte, error) {
	return forwarderFactory.abi.Pack("flushMany", salts, token)
}

// PackInitCodeHash is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xdb4c545e.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function initCodeHash() view returns(bytes32)
func (forwarderFactory *ForwarderFactory) PackInitCodeHash() []byte {
	enc, err := forwarderFactory.abi.Pack("initCodeHash")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackInitCodeHash is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xdb4c545e.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function initCodeHash() view returns(bytes32)
func (forwarderFactory *ForwarderFactory) TryPackInitCodeHash() ([]byte, error) {
	return forwarderFactory.abi.Pack("initCodeHash")
}

// UnpackInitCodeHash is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xdb4c545e.
//
// Solidity: function initCodeHash() view returns(bytes32)
func (forwarderFactory *ForwarderFactory) UnpackInitCodeHash(data []byte) ([32]byte, error) {
	out, err := forwarderFactory.abi.Unpack("initCodeHash", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackVault is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xfbfa77cf.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function vault() view returns(address)
func (forwarderFactory *ForwarderFactory) PackVault() []byte {
	enc, err := forwarderFactory.abi.Pack("vault")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackVault is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xfbfa77cf.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function vault() view returns(address)
func (forwarderFactory *ForwarderFactory) TryPackVault() ([]byte, error) {
	return forwarderFactory.abi.Pack("vault")
}

// UnpackVault is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xfbfa77cf.
//
// Solidity: function vault() view returns(address)
func (forwarderFactory *ForwarderFactory) UnpackVault(data []byte) (common.Address, error) {
	out, err := forwarderFactory.abi.Unpack("vault", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
}

// ForwarderFactoryDeployed represents a Deployed event raised by the ForwarderFactory contract.
type ForwarderFactoryDeployed struct {
	Salt      [32]byte
	Forwarder common.Address
	Raw       *types.Log // Blockchain specific contextual infos
}

const ForwarderFactoryDeployedEventName = "Deployed"

// ContractEventName returns the user-defined event name.
func (ForwarderFactoryDeployed) ContractEventName() string {
	return ForwarderFactoryDeployedEventName
}

// UnpackDeployedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Deployed(bytes32 indexed salt, address forwarder)
func (forwarderFactory *ForwarderFactory) UnpackDeployedEvent(log *types.Log) (*ForwarderFactoryDeployed, error) {
	event := "Deployed"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != forwarderFactory.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(ForwarderFactoryDeployed)
	if len(log.Data) > 0 {
		if err := forwarderFactory.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range forwarderFactory.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// ForwarderFactoryFlushFailed represents a FlushFailed event raised by the ForwarderFactory contract.
type ForwarderFactoryFlushFailed struct {
	Salt  [32]byte
	Token common.Address
	Raw   *types.Log // Blockchain specific contextual infos
}

const ForwarderFactoryFlushFailedEventName = "FlushFailed"

// ContractEventName returns the user-defined event name.
func (ForwarderFactoryFlushFailed) ContractEventName() string {
	return ForwarderFactoryFlushFailedEventName
}

// UnpackFlushFailedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event FlushFailed(bytes32 indexed salt, address indexed token)
func (forwarderFactory *ForwarderFactory) UnpackFlushFailedEvent(log *types.Log) (*ForwarderFactoryFlushFailed, error) {
	event := "FlushFailed"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != forwarderFactory.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(ForwarderFactoryFlushFailed)
	if len(log.Data) > 0 {
		if err := forwarderFactory.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range forwarderFactory.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// UnpackError attempts to decode the provided error data using user-defined
// error definitions.
func (forwarderFactory *ForwarderFactory) UnpackError(raw []byte) (any, error) {
	if bytes.Equal(raw[:4], forwarderFactory.abi.Errors["DeploymentFailed"].ID.Bytes()[:4]) {
		return forwarderFactory.UnpackDeploymentFailedError(raw[4:])
	}
	if bytes.Equal(raw[:4], forwarderFactory.abi.Errors["ZeroVault"].ID.Bytes()[:4]) {
		return forwarderFactory.UnpackZeroVaultError(raw[4:])
	}
	return nil, errors.New("Unknown error")
}

// ForwarderFactoryDeploymentFailed represents a DeploymentFailed error raised by the ForwarderFactory contract.
type ForwarderFactoryDeploymentFailed struct {
	Salt [32]byte
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error DeploymentFailed(bytes32 salt)
func ForwarderFactoryDeploymentFailedErrorID() common.Hash {
	return common.HexToHash("0x83d2279b179c4eccddd0b890bec039aca49c0845a985f7709c2b63599fe79299")
}

// UnpackDeploymentFailedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error DeploymentFailed(bytes32 salt)
func (forwarderFactory *ForwarderFactory) UnpackDeploymentFailedError(raw []byte) (*ForwarderFactoryDeploymentFailed, error) {
	out := new(ForwarderFactoryDeploymentFailed)
	if err := forwarderFactory.abi.UnpackIntoInterface(out, "DeploymentFailed", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// ForwarderFactoryZeroVault represents a ZeroVault error raised by the ForwarderFactory contract.
type ForwarderFactoryZeroVault struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ZeroVault()
func ForwarderFactoryZeroVaultErrorID() common.Hash {
	return common.HexToHash("0xc68fcf8295913206f3ff154205c05e0726fa055ff25e4540f771e9dd7e090b98")
}

// UnpackZeroVaultError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ZeroVault()
func (forwarderFactory *ForwarderFactory) UnpackZeroVaultError(raw []byte) (*ForwarderFactoryZeroVault, error) {
	out := new(ForwarderFactoryZeroVault)
	if err := forwarderFactory.abi.UnpackIntoInterface(out, "ZeroVault", raw); err != nil {
		return nil, err
	}
	return out, nil
}
