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

// ForwarderMetaData contains all meta data concerning the Forwarder contract.
var ForwarderMetaData = bind.MetaData{
	ABI: "[{\"type\":\"constructor\",\"inputs\":[{\"name\":\"vault_\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"flush\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"flushPart\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"most\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"outputs\":[{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"vault\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"view\"},{\"type\":\"event\",\"name\":\"Flushed\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"}],\"anonymous\":false},{\"type\":\"error\",\"name\":\"TokenRefused\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"}]},{\"type\":\"error\",\"name\":\"VaultRefused\",\"inputs\":[]}]",
	ID:  "Forwarder",
	Bin: "0x60a0604052348015600e575f5ffd5b50604051610498380380610498833981016040819052602b91603b565b6001600160a01b03166080526066565b5f60208284031215604a575f5ffd5b81516001600160a01b0381168114605f575f5ffd5b9392505050565b60805161040d61008b5f395f818160810152818161012b0152610262015261040d5ff3fe608060405234801561000f575f5ffd5b506004361061003f575f3560e01c80630b18b3e51461004357806379c76e1a14610069578063fbfa77cf1461007c575b5f5ffd5b6100566100513660046103ad565b6100bb565b6040519081526020015b60405180910390f35b6100566100773660046103d5565b6100cf565b6100a37f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b039091168152602001610060565b5f6100c683836100f7565b90505b92915050565b5f6001600160a01b038216156100ef576100ea825f196100f7565b6100c9565b6100c9610252565b5f5f610102846102e4565b90508281106101115782610113565b805b9150815f03610125575f9150506100c9565b604080517f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316602482015260448082018590528251808303909101815260649091019091526020810180516001600160e01b031663a9059cbb60e01b179052610197908590610368565b6101c4576040516358294a4360e01b81526001600160a01b03851660048201526024015b60405180910390fd5b5f6101ce856102e4565b90508181106101fb576040516358294a4360e01b81526001600160a01b03861660048201526024016101bb565b61020581836103ee565b9250846001600160a01b03167f43a46ac5237b9605f9ffdc5ca9e3ada3bea496bd00815441705ff59446129fb18460405161024291815260200190565b60405180910390a2505092915050565b475f81900361026057505f90565b7f00000000000000000000000000000000000000000000000000000000000000005f8080808086865af19050806102aa576040516307a2049960e51b815260040160405180910390fd5b6040518381525f907f43a46ac5237b9605f9ffdc5ca9e3ada3bea496bd00815441705ff59446129fb19060200160405180910390a2505090565b6040805130602480830191909152825180830390910181526044909101909152602080820180516001600160e01b03166370a0823160e01b17815282515f9392849290918391875afa5f519350601f3d1116905080610361576040516358294a4360e01b81526001600160a01b03851660048201526024016101bb565b5050919050565b5f5f5f5260205f8351602085015f875af1905060015f5114601f3d11163d15178116905092915050565b80356001600160a01b03811681146103a8575f5ffd5b919050565b5f5f604083850312156103be575f5ffd5b6103c783610392565b946020939093013593505050565b5f602082840312156103e5575f5ffd5b6100c682610392565b818103818111156100c957634e487b7160e01b5f52601160045260245ffd",
}

// Forwarder is an auto generated Go binding around an Ethereum contract.
type Forwarder struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *Forwarder) GetABI() abi.ABI {
	return c.abi
}

// NewForwarder creates a new instance of Forwarder.
func NewForwarder() *Forwarder {
	parsed, err := ForwarderMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &Forwarder{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *Forwarder) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackConstructor is the Go binding used to pack the parameters required for
// contract deployment.
//
// Solidity: constructor(address vault_) returns()
func (forwarder *Forwarder) PackConstructor(vault_ common.Address) []byte {
	enc, err := forwarder.abi.Pack("", vault_)
	if err != nil {
		panic(err)
	}
	return enc
}

// PackFlush is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x79c76e1a.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function flush(address token) returns(uint256 amount)
func (forwarder *Forwarder) PackFlush(token common.Address) []byte {
	enc, err := forwarder.abi.Pack("flush", token)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackFlush is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x79c76e1a.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function flush(address token) returns(uint256 amount)
func (forwarder *Forwarder) TryPackFlush(token common.Address) ([]byte, error) {
	return forwarder.abi.Pack("flush", token)
}

// UnpackFlush is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x79c76e1a.
//
// Solidity: function flush(address token) returns(uint256 amount)
func (forwarder *Forwarder) UnpackFlush(data []byte) (*big.Int, error) {
	out, err := forwarder.abi.Unpack("flush", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackFlushPart is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x0b18b3e5.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function flushPart(address token, uint256 most) returns(uint256 amount)
func (forwarder *Forwarder) PackFlushPart(token common.Address, most *big.Int) []byte {
	enc, err := forwarder.abi.Pack("flushPart", token, most)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackFlushPart is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x0b18b3e5.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function flushPart(address token, uint256 most) returns(uint256 amount)
func (forwarder *Forwarder) TryPackFlushPart(token common.Address, most *big.Int) ([]byte, error) {
	return forwarder.abi.Pack("flushPart", token, most)
}

// UnpackFlushPart is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x0b18b3e5.
//
// Solidity: function flushPart(address token, uint256 most) returns(uint256 amount)
func (forwarder *Forwarder) UnpackFlushPart(data []byte) (*big.Int, error) {
	out, err := forwarder.abi.Unpack("flushPart", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackVault is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xfbfa77cf.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function vault() view returns(address)
func (forwarder *Forwarder) PackVault() []byte {
	enc, err := forwarder.abi.Pack("vault")
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
func (forwarder *Forwarder) TryPackVault() ([]byte, error) {
	return forwarder.abi.Pack("vault")
}

// UnpackVault is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xfbfa77cf.
//
// Solidity: function vault() view returns(address)
func (forwarder *Forwarder) UnpackVault(data []byte) (common.Address, error) {
	out, err := forwarder.abi.Unpack("vault", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
}

// ForwarderFlushed represents a Flushed event raised by the Forwarder contract.
type ForwarderFlushed struct {
	Token  common.Address
	Amount *big.Int
	Raw    *types.Log // Blockchain specific contextual infos
}

const ForwarderFlushedEventName = "Flushed"

// ContractEventName returns the user-defined event name.
func (ForwarderFlushed) ContractEventName() string {
	return ForwarderFlushedEventName
}

// UnpackFlushedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Flushed(address indexed token, uint256 amount)
func (forwarder *Forwarder) UnpackFlushedEvent(log *types.Log) (*ForwarderFlushed, error) {
	event := "Flushed"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != forwarder.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(ForwarderFlushed)
	if len(log.Data) > 0 {
		if err := forwarder.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range forwarder.abi.Events[event].Inputs {
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
func (forwarder *Forwarder) UnpackError(raw []byte) (any, error) {
	if bytes.Equal(raw[:4], forwarder.abi.Errors["TokenRefused"].ID.Bytes()[:4]) {
		return forwarder.UnpackTokenRefusedError(raw[4:])
	}
	if bytes.Equal(raw[:4], forwarder.abi.Errors["VaultRefused"].ID.Bytes()[:4]) {
		return forwarder.UnpackVaultRefusedError(raw[4:])
	}
	return nil, errors.New("Unknown error")
}

// ForwarderTokenRefused represents a TokenRefused error raised by the Forwarder contract.
type ForwarderTokenRefused struct {
	Token common.Address
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error TokenRefused(address token)
func ForwarderTokenRefusedErrorID() common.Hash {
	return common.HexToHash("0x58294a437cc18ae8f0e3511375937bd002cceda482a904000104b90b26aca8e7")
}

// UnpackTokenRefusedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error TokenRefused(address token)
func (forwarder *Forwarder) UnpackTokenRefusedError(raw []byte) (*ForwarderTokenRefused, error) {
	out := new(ForwarderTokenRefused)
	if err := forwarder.abi.UnpackIntoInterface(out, "TokenRefused", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// ForwarderVaultRefused represents a VaultRefused error raised by the Forwarder contract.
type ForwarderVaultRefused struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error VaultRefused()
func ForwarderVaultRefusedErrorID() common.Hash {
	return common.HexToHash("0xf44093200e28e38f81c8ad02d8d6652ceb611148ab92e97376ba9f49693d2c34")
}

// UnpackVaultRefusedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error VaultRefused()
func (forwarder *Forwarder) UnpackVaultRefusedError(raw []byte) (*ForwarderVaultRefused, error) {
	out := new(ForwarderVaultRefused)
	if err := forwarder.abi.UnpackIntoInterface(out, "VaultRefused", raw); err != nil {
		return nil, err
	}
	return out, nil
}
