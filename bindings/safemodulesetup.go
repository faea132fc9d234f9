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

// SafeModuleSetupMetaData contains all meta data concerning the SafeModuleSetup contract.
var SafeModuleSetupMetaData = bind.MetaData{
	ABI: "[{\"inputs\":[{\"internalType\":\"address[]\",\"name\":\"modules\",\"type\":\"address[]\"}],\"name\":\"enableModules\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"}]",
	ID:  "SafeModuleSetup",
	Bin: "0x608060405234801561001057600080fd5b50610223806100206000396000f3fe608060405234801561001057600080fd5b506004361061002b5760003560e01c80638d0dc49f14610030575b600080fd5b61004361003e36600461010c565b610045565b005b60005b81811015610107573063610b592584848481811061006857610068610181565b905060200201602081019061007d91906101b0565b6040517fffffffff0000000000000000000000000000000000000000000000000000000060e084901b16815273ffffffffffffffffffffffffffffffffffffffff9091166004820152602401600060405180830381600087803b1580156100e357600080fd5b505af11580156100f7573d6000803e3d6000fd5b5050600190920191506100489050565b505050565b6000806020838503121561011f57600080fd5b823567ffffffffffffffff8082111561013757600080fd5b818501915085601f83011261014b57600080fd5b81358181111561015a57600080fd5b8660208260051b850101111561016f57600080fd5b60209290920196919550909350505050565b7f4e487b7100000000000000000000000000000000000000000000000000000000600052603260045260246000fd5b6000602082840312156101c257600080fd5b813573ffffffffffffffffffffffffffffffffffffffff811681146101e657600080fd5b939250505056fea26469706673582212203047d3f62c9d732011c4ca139e90521dfe651cb848b0d953431ca0836247de4b64736f6c63430008170033",
}

// SafeModuleSetup is an auto generated Go binding around an Ethereum contract.
type SafeModuleSetup struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *SafeModuleSetup) GetABI() abi.ABI {
	return c.abi
}

// NewSafeModuleSetup creates a new instance of SafeModuleSetup.
func NewSafeModuleSetup() *SafeModuleSetup {
	parsed, err := SafeModuleSetupMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &SafeModuleSetup{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *SafeModuleSetup) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackEnableModules is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x8d0dc49f.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function enableModules(address[] modules) returns()
func (safeModuleSetup *SafeModuleSetup) PackEnableModules(modules []common.Address) []byte {
	enc, err := safeModuleSetup.abi.Pack("enableModules", modules)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackEnableModules is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x8d0dc49f.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function enableModules(address[] modules) returns()
func (safeModuleSetup *SafeModuleSetup) TryPackEnableModules(modules []common.Address) ([]byte, error) {
	return safeModuleSetup.abi.Pack("enableModules", modules)
}
