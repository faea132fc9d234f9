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

// TestTokenMetaData contains all meta data concerning the TestToken contract.
var TestTokenMetaData = bind.MetaData{
	ABI: "[{\"type\":\"constructor\",\"inputs\":[{\"name\":\"owner_\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"supply\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"name_\",\"type\":\"string\",\"internalType\":\"string\"},{\"name\":\"symbol_\",\"type\":\"string\",\"internalType\":\"string\"},{\"name\":\"decimals_\",\"type\":\"uint8\",\"internalType\":\"uint8\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"addBlackList\",\"inputs\":[{\"name\":\"account\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"allowance\",\"inputs\":[{\"name\":\"owner\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"spender\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[{\"name\":\"\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"approve\",\"inputs\":[{\"name\":\"spender\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"value\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"balanceOf\",\"inputs\":[{\"name\":\"account\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[{\"name\":\"\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"basisPointsRate\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"decimals\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"uint8\",\"internalType\":\"uint8\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"destroyBlackFunds\",\"inputs\":[{\"name\":\"account\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"isBlackListed\",\"inputs\":[{\"name\":\"account\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[{\"name\":\"\",\"type\":\"bool\",\"internalType\":\"bool\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"issue\",\"inputs\":[{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"maximumFee\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"name\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"string\",\"internalType\":\"string\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"owner\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"pause\",\"inputs\":[],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"paused\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"bool\",\"internalType\":\"bool\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"redeem\",\"inputs\":[{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"removeBlackList\",\"inputs\":[{\"name\":\"account\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"setParams\",\"inputs\":[{\"name\":\"feeBasisPoints\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"maxFeeUnits\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"symbol\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"string\",\"internalType\":\"string\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"totalSupply\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"transfer\",\"inputs\":[{\"name\":\"to\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"value\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"transferFrom\",\"inputs\":[{\"name\":\"from\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"to\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"value\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"transferOwnership\",\"inputs\":[{\"name\":\"to\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"unpause\",\"inputs\":[],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"event\",\"name\":\"AddedBlackList\",\"inputs\":[{\"name\":\"account\",\"type\":\"address\",\"indexed\":false,\"internalType\":\"address\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Approval\",\"inputs\":[{\"name\":\"owner\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"spender\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"value\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"DestroyedBlackFunds\",\"inputs\":[{\"name\":\"account\",\"type\":\"address\",\"indexed\":false,\"internalType\":\"address\"},{\"name\":\"balance\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Issue\",\"inputs\":[{\"name\":\"amount\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"OwnershipTransferred\",\"inputs\":[{\"name\":\"from\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"to\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Params\",\"inputs\":[{\"name\":\"feeBasisPoints\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"},{\"name\":\"maxFee\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Pause\",\"inputs\":[],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Redeem\",\"inputs\":[{\"name\":\"amount\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"RemovedBlackList\",\"inputs\":[{\"name\":\"account\",\"type\":\"address\",\"indexed\":false,\"internalType\":\"address\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Transfer\",\"inputs\":[{\"name\":\"from\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"to\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"value\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Unpause\",\"inputs\":[],\"anonymous\":false},{\"type\":\"error\",\"name\":\"AllowanceNotZero\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"BlackListed\",\"inputs\":[{\"name\":\"account\",\"type\":\"address\",\"internalType\":\"address\"}]},{\"type\":\"error\",\"name\":\"FeeTooHigh\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"InsufficientAllowance\",\"inputs\":[{\"name\":\"spender\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"allowed\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"needed\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"type\":\"error\",\"name\":\"InsufficientBalance\",\"inputs\":[{\"name\":\"account\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"balance\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"needed\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"type\":\"error\",\"name\":\"NotBlackListed\",\"inputs\":[{\"name\":\"account\",\"type\":\"address\",\"internalType\":\"address\"}]},{\"type\":\"error\",\"name\":\"NotOwner\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"NotPaused\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"Paused\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"ZeroOwner\",\"inputs\":[]}]",
	ID:  "TestToken",
	Bin: "0x60a060405234801561000f575f5ffd5b5060405161127038038061127083398101604081905261002e91610151565b6001600160a01b03851661005557604051639905827b60e01b815260040160405180910390fd5b600380546001600160a01b0319166001600160a01b0387161790555f61007b848261027c565b506001610088838261027c565b5060ff16608052505060028190556001600160a01b039091165f90815260066020526040902055610336565b634e487b7160e01b5f52604160045260245ffd5b5f82601f8301126100d7575f5ffd5b81516001600160401b038111156100f0576100f06100b4565b604051601f8201601f19908116603f011681016001600160401b038111828210171561011e5761011e6100b4565b604052818152838201602001851015610135575f5ffd5b8160208501602083015e5f918101602001919091529392505050565b5f5f5f5f5f60a08688031215610165575f5ffd5b85516001600160a01b038116811461017b575f5ffd5b6020870151604088015191965094506001600160401b0381111561019d575f5ffd5b6101a9888289016100c8565b606088015190945090506001600160401b038111156101c6575f5ffd5b6101d2888289016100c8565b6080880151909350905060ff811681146101ea575f5ffd5b809150509295509295909350565b600181811c9082168061020c57607f821691505b60208210810361022a57634e487b7160e01b5f52602260045260245ffd5b50919050565b601f82111561027757805f5260205f20601f840160051c810160208510156102555750805b601f840160051c820191505b81811015610274575f8155600101610261565b50505b505050565b81516001600160401b03811115610295576102956100b4565b6102a9816102a384546101f8565b84610230565b6020601f8211600181146102db575f83156102c45750848201515b5f19600385901b1c1916600184901b178455610274565b5f84815260208120601f198516915b8281101561030a57878501518255602094850194600190920191016102ea565b508482101561032757868401515f19600387901b60f8161c191681555b50505050600190811b01905550565b608051610f1b6103555f395f81816101c101526106ba0152610f1b5ff3fe608060405234801561000f575f5ffd5b5060043610610148575f3560e01c80638da5cb5b116100bf578063dd62ed3e11610079578063dd62ed3e146102d0578063dd644f72146102fa578063e47d606014610303578063e4997dc514610325578063f2fde38b14610338578063f3bdc2281461034b575f5ffd5b80638da5cb5b1461025157806395d89b411461027c578063a9059cbb14610284578063c0324c7714610297578063cc872b66146102aa578063db006a75146102bd575f5ffd5b8063313ce56711610110578063313ce567146101bc57806335390714146101f55780633f4ba83a146101fe5780635c975abb1461020657806370a082311461022a5780638456cb5914610249575f5ffd5b806306fdde031461014c578063095ea7b31461016a5780630ecb93c01461017f57806318160ddd1461019257806323b872dd146101a9575b5f5ffd5b61015461035e565b6040516101619190610c42565b60405180910390f35b61017d610178366004610c92565b6103e9565b005b61017d61018d366004610cba565b610495565b61019b60025481565b604051908152602001610161565b61017d6101b7366004610cda565b6104f7565b6101e37f000000000000000000000000000000000000000000000000000000000000000081565b60405160ff9091168152602001610161565b61019b60055481565b61017d61059f565b60035461021a90600160a01b900460ff1681565b6040519015158152602001610161565b61019b610238366004610cba565b60066020525f908152604090205481565b61017d610608565b600354610264906001600160a01b031681565b6040516001600160a01b039091168152602001610161565b610154610655565b61017d610292366004610c92565b610662565b61017d6102a5366004610d14565b610679565b61017d6102b8366004610d34565b610734565b61017d6102cb366004610d34565b6107b0565b61019b6102de366004610d4b565b600760209081525f928352604080842090915290825290205481565b61019b60045481565b61021a610311366004610cba565b60086020525f908152604090205460ff1681565b61017d610333366004610cba565b61087e565b61017d610346366004610cba565b6108d6565b61017d610359366004610cba565b610945565b5f805461036a90610d7c565b80601f016020809104026020016040519081016040528092919081815260200182805461039690610d7c565b80156103e15780601f106103b8576101008083540402835291602001916103e1565b820191905f5260205f20905b8154815290600101906020018083116103c457829003601f168201915b505050505081565b80158015906104195750335f9081526007602090815260408083206001600160a01b038616845290915290205415155b1561043757604051631d2a777760e31b815260040160405180910390fd5b335f8181526007602090815260408083206001600160a01b03871680855290835292819020859055518481529192917f8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925910160405180910390a35050565b61049d610a04565b6001600160a01b0381165f81815260086020908152604091829020805460ff1916600117905590519182527f42e160154868087d6bfdc0ca23d96a1c1cfa32f1b72ba9ba27b69b98a0d819dc91015b60405180910390a150565b6104ff610a31565b6001600160a01b0383165f9081526007602090815260408083203384529091529020548181101561055857604051630c95cf2760e11b815233600482015260248101829052604481018390526064015b60405180910390fd5b5f19811461058e5761056a8282610dc8565b6001600160a01b0385165f9081526007602090815260408083203384529091529020555b610599848484610a5c565b50505050565b6105a7610a04565b600354600160a01b900460ff166105d157604051636cd6020160e01b815260040160405180910390fd5b6003805460ff60a01b191690556040517f7805862f689e2f13df9f062ff482ad3ad112aca9e0847911ed832e158c525b33905f90a1565b610610610a04565b610618610a31565b6003805460ff60a01b1916600160a01b1790556040517f6985a02210a168e66602d3235cb6db0e70f92b3ba4d376a33c0f3d9434bff625905f90a1565b6001805461036a90610d7c565b61066a610a31565b610675338383610a5c565b5050565b610681610a04565b601482101580610692575060328110155b156106b05760405163cd4e616760e01b815260040160405180910390fd5b60048290556106e07f0000000000000000000000000000000000000000000000000000000000000000600a610ec4565b6106ea9082610ed2565b60058190556004546040517fb044a1e409eac5c48e5af22d4af52670dd1a99059537a78b31b48c6500a6354e92610728928252602082015260400190565b60405180910390a15050565b61073c610a04565b8060025f82825461074d9190610ee9565b90915550506003546001600160a01b03165f908152600660205260408120805483929061077b908490610ee9565b90915550506040518181527fcb8241adb0c3fdb35b70c24ce35c5eb0c17af7431c99f827d44a445ca624176a906020016104ec565b6107b8610a04565b6003546001600160a01b03165f90815260066020526040902054818110156108105760035460405163db42144d60e01b81526001600160a01b039091166004820152602481018290526044810183905260640161054f565b8160025f8282546108219190610dc8565b9091555061083190508282610dc8565b6003546001600160a01b03165f9081526006602090815260409182902092909255518381527f702d5967f45f6513a38ffc42d6ba9bf230bd40e8f53b16363c7eb4fd2deb9a449101610728565b610886610a04565b6001600160a01b0381165f81815260086020908152604091829020805460ff1916905590519182527fd7e9ec6e6ecd65492dce6bf513cd6867560d49544421d0783ddf06e76c24470c91016104ec565b6108de610a04565b6001600160a01b03811615610942576003546040516001600160a01b038084169216907f8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0905f90a3600380546001600160a01b0319166001600160a01b0383161790555b50565b61094d610a04565b6001600160a01b0381165f9081526008602052604090205460ff1661099057604051633f939a5760e21b81526001600160a01b038216600482015260240161054f565b6001600160a01b0381165f90815260066020526040812080549082905560028054919283926109c0908490610dc8565b9091555050604080516001600160a01b0384168152602081018390527f61e6e66b0d6339b2980aecc6ccc0039736791f0ccde9ed512e789a7fbdd698c69101610728565b6003546001600160a01b03163314610a2f576040516330cd747160e01b815260040160405180910390fd5b565b600354600160a01b900460ff1615610a2f576040516313d0ff5960e31b815260040160405180910390fd5b6001600160a01b0383165f9081526008602052604090205460ff1615610aa057604051633fe935f360e11b81526001600160a01b038416600482015260240161054f565b6001600160a01b0383165f9081526006602052604090205481811015610af25760405163db42144d60e01b81526001600160a01b0385166004820152602481018290526044810183905260640161054f565b5f61271060045484610b049190610ed2565b610b0e9190610efc565b9050600554811115610b1f57506005545b610b298383610dc8565b6001600160a01b0386165f90815260066020526040902055610b4b8184610dc8565b6001600160a01b0385165f9081526006602052604081208054909190610b72908490610ee9565b90915550508015610bf1576003546001600160a01b03165f9081526006602052604081208054839290610ba6908490610ee9565b90915550506003546040518281526001600160a01b03918216918716907fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef9060200160405180910390a35b6001600160a01b038085169086167fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef610c2a8487610dc8565b60405190815260200160405180910390a35050505050565b602081525f82518060208401528060208501604085015e5f604082850101526040601f19601f83011684010191505092915050565b80356001600160a01b0381168114610c8d575f5ffd5b919050565b5f5f60408385031215610ca3575f5ffd5b610cac83610c77565b946020939093013593505050565b5f60208284031215610cca575f5ffd5b610cd382610c77565b9392505050565b5f5f5f60608486031215610cec575f5ffd5b610cf584610c77565b9250610d0360208501610c77565b929592945050506040919091013590565b5f5f60408385031215610d25575f5ffd5b50508035926020909101359150565b5f60208284031215610d44575f5ffd5b5035919050565b5f5f60408385031215610d5c575f5ffd5b610d6583610c77565b9150610d7360208401610c77565b90509250929050565b600181811c90821680610d9057607f821691505b602082108103610dae57634e487b7160e01b5f52602260045260245ffd5b50919050565b634e487b7160e01b5f52601160045260245ffd5b81810381811115610ddb57610ddb610db4565b92915050565b6001815b6001841115610e1c57808504811115610e0057610e00610db4565b6001841615610e0e57908102905b60019390931c928002610de5565b935093915050565b5f82610e3257506001610ddb565b81610e3e57505f610ddb565b8160018114610e545760028114610e5e57610e7a565b6001915050610ddb565b60ff841115610e6f57610e6f610db4565b50506001821b610ddb565b5060208310610133831016604e8410600b8410161715610e9d575081810a610ddb565b610ea95f198484610de1565b805f1904821115610ebc57610ebc610db4565b029392505050565b5f610cd360ff841683610e24565b8082028115828204841417610ddb57610ddb610db4565b80820180821115610ddb57610ddb610db4565b5f82610f1657634e487b7160e01b5f52601260045260245ffd5b50049056",
}

// TestToken is an auto generated Go binding around an Ethereum contract.
type TestToken struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *TestToken) GetABI() abi.ABI {
	return c.abi
}

// NewTestToken creates a new instance of TestToken.
func NewTestToken() *TestToken {
	parsed, err := TestTokenMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &TestToken{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *TestToken) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackConstructor is the Go binding used to pack the parameters required for
// contract deployment.
//
// Solidity: constructor(address owner_, uint256 supply, string name_, string symbol_, uint8 decimals_) returns()
func (testToken *TestToken) PackConstructor(owner_ common.Address, supply *big.Int, name_ string, symbol_ string, decimals_ uint8) []byte {
	enc, err := testToken.abi.Pack("", owner_, supply, name_, symbol_, decimals_)
	if err != nil {
		panic(err)
	}
	return enc
}

// PackAddBlackList is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x0ecb93c0.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function addBlackList(address account) returns()
func (testToken *TestToken) PackAddBlackList(account common.Address) []byte {
	enc, err := testToken.abi.Pack("addBlackList", account)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackAddBlackList is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x0ecb93c0.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function addBlackList(address account) returns()
func (testToken *TestToken) TryPackAddBlackList(account common.Address) ([]byte, error) {
	return testToken.abi.Pack("addBlackList", account)
}

// PackAllowance is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xdd62ed3e.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function allowance(address owner, address spender) view returns(uint256)
func (testToken *TestToken) PackAllowance(owner common.Address, spender common.Address) []byte {
	enc, err := testToken.abi.Pack("allowance", owner, spender)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackAllowance is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xdd62ed3e.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function allowance(address owner, address spender) view returns(uint256)
func (testToken *TestToken) TryPackAllowance(owner common.Address, spender common.Address) ([]byte, error) {
	return testToken.abi.Pack("allowance", owner, spender)
}

// UnpackAllowance is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xdd62ed3e.
//
// Solidity: function allowance(address owner, address spender) view returns(uint256)
func (testToken *TestToken) UnpackAllowance(data []byte) (*big.Int, error) {
	out, err := testToken.abi.Unpack("allowance", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackApprove is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x095ea7b3.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function approve(address spender, uint256 value) returns()
func (testToken *TestToken) PackApprove(spender common.Address, value *big.Int) []byte {
	enc, err := testToken.abi.Pack("approve", spender, value)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackApprove is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x095ea7b3.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function approve(address spender, uint256 value) returns()
func (testToken *TestToken) TryPackApprove(spender common.Address, value *big.Int) ([]byte, error) {
	return testToken.abi.Pack("approve", spender, value)
}

// PackBalanceOf is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x70a08231.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function balanceOf(address account) view returns(uint256)
func (testToken *TestToken) PackBalanceOf(account common.Address) []byte {
	enc, err := testToken.abi.Pack("balanceOf", account)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackBalanceOf is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x70a08231.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function balanceOf(address account) view returns(uint256)
func (testToken *TestToken) TryPackBalanceOf(account common.Address) ([]byte, error) {
	return testToken.abi.Pack("balanceOf", account)
}

// UnpackBalanceOf is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x70a08231.
//
// Solidity: function balanceOf(address account) view returns(uint256)
func (testToken *TestToken) UnpackBalanceOf(data []byte) (*big.Int, error) {
	out, err := testToken.abi.Unpack("balanceOf", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackBasisPointsRate is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xdd644f72.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function basisPointsRate() view returns(uint256)
func (testToken *TestToken) PackBasisPointsRate() []byte {
	enc, err := testToken.abi.Pack("basisPointsRate")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackBasisPointsRate is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xdd644f72.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function basisPointsRate() view returns(uint256)
func (testToken *TestToken) TryPackBasisPointsRate() ([]byte, error) {
	return testToken.abi.Pack("basisPointsRate")
}

// UnpackBasisPointsRate is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xdd644f72.
//
// Solidity: function basisPointsRate() view returns(uint256)
func (testToken *TestToken) UnpackBasisPointsRate(data []byte) (*big.Int, error) {
	out, err := testToken.abi.Unpack("basisPointsRate", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackDecimals is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x313ce567.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function decimals() view returns(uint8)
func (testToken *TestToken) PackDecimals() []byte {
	enc, err := testToken.abi.Pack("decimals")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackDecimals is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x313ce567.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function decimals() view returns(uint8)
func (testToken *TestToken) TryPackDecimals() ([]byte, error) {
	return testToken.abi.Pack("decimals")
}

// UnpackDecimals is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x313ce567.
//
// Solidity: function decimals() view returns(uint8)
func (testToken *TestToken) UnpackDecimals(data []byte) (uint8, error) {
	out, err := testToken.abi.Unpack("decimals", data)
	if err != nil {
		return *new(uint8), err
	}
	out0 := *abi.ConvertType(out[0], new(uint8)).(*uint8)
	return out0, nil
}

// PackDestroyBlackFunds is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf3bdc228.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function destroyBlackFunds(address account) returns()
func (testToken *TestToken) PackDestroyBlackFunds(account common.Address) []byte {
	enc, err := testToken.abi.Pack("destroyBlackFunds", account)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackDestroyBlackFunds is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf3bdc228.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function destroyBlackFunds(address account) returns()
func (testToken *TestToken) TryPackDestroyBlackFunds(account common.Address) ([]byte, error) {
	return testToken.abi.Pack("destroyBlackFunds", account)
}

// PackIsBlackListed is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe47d6060.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function isBlackListed(address account) view returns(bool)
func (testToken *TestToken) PackIsBlackListed(account common.Address) []byte {
	enc, err := testToken.abi.Pack("isBlackListed", account)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackIsBlackListed is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe47d6060.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function isBlackListed(address account) view returns(bool)
func (testToken *TestToken) TryPackIsBlackListed(account common.Address) ([]byte, error) {
	return testToken.abi.Pack("isBlackListed", account)
}

// UnpackIsBlackListed is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xe47d6060.
//
// Solidity: function isBlackListed(address account) view returns(bool)
func (testToken *TestToken) UnpackIsBlackListed(data []byte) (bool, error) {
	out, err := testToken.abi.Unpack("isBlackListed", data)
	if err != nil {
		return *new(bool), err
	}
	out0 := *abi.ConvertType(out[0], new(bool)).(*bool)
	return out0, nil
}

// PackIssue is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xcc872b66.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function issue(uint256 amount) returns()
func (testToken *TestToken) PackIssue(amount *big.Int) []byte {
	enc, err := testToken.abi.Pack("issue", amount)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackIssue is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xcc872b66.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function issue(uint256 amount) returns()
func (testToken *TestToken) TryPackIssue(amount *big.Int) ([]byte, error) {
	return testToken.abi.Pack("issue", amount)
}

// PackMaximumFee is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x35390714.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function maximumFee() view returns(uint256)
func (testToken *TestToken) PackMaximumFee() []byte {
	enc, err := testToken.abi.Pack("maximumFee")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackMaximumFee is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x35390714.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function maximumFee() view returns(uint256)
func (testToken *TestToken) TryPackMaximumFee() ([]byte, error) {
	return testToken.abi.Pack("maximumFee")
}

// UnpackMaximumFee is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x35390714.
//
// Solidity: function maximumFee() view returns(uint256)
func (testToken *TestToken) UnpackMaximumFee(data []byte) (*big.Int, error) {
	out, err := testToken.abi.Unpack("maximumFee", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackName is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x06fdde03.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function name() view returns(string)
func (testToken *TestToken) PackName() []byte {
	enc, err := testToken.abi.Pack("name")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackName is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x06fdde03.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function name() view returns(string)
func (testToken *TestToken) TryPackName() ([]byte, error) {
	return testToken.abi.Pack("name")
}

// UnpackName is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x06fdde03.
//
// Solidity: function name() view returns(string)
func (testToken *TestToken) UnpackName(data []byte) (string, error) {
	out, err := testToken.abi.Unpack("name", data)
	if err != nil {
		return *new(string), err
	}
	out0 := *abi.ConvertType(out[0], new(string)).(*string)
	return out0, nil
}

// PackOwner is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x8da5cb5b.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function owner() view returns(address)
func (testToken *TestToken) PackOwner() []byte {
	enc, err := testToken.abi.Pack("owner")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackOwner is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x8da5cb5b.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function owner() view returns(address)
func (testToken *TestToken) TryPackOwner() ([]byte, error) {
	return testToken.abi.Pack("owner")
}

// UnpackOwner is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x8da5cb5b.
//
// Solidity: function owner() view returns(address)
func (testToken *TestToken) UnpackOwner(data []byte) (common.Address, error) {
	out, err := testToken.abi.Unpack("owner", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
}

// PackPause is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x8456cb59.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function pause() returns()
func (testToken *TestToken) PackPause() []byte {
	enc, err := testToken.abi.Pack("pause")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackPause is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x8456cb59.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function pause() returns()
func (testToken *TestToken) TryPackPause() ([]byte, error) {
	return testToken.abi.Pack("pause")
}

// PackPaused is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5c975abb.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function paused() view returns(bool)
func (testToken *TestToken) PackPaused() []byte {
	enc, err := testToken.abi.Pack("paused")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackPaused is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5c975abb.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function paused() view returns(bool)
func (testToken *TestToken) TryPackPaused() ([]byte, error) {
	return testToken.abi.Pack("paused")
}

// UnpackPaused is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x5c975abb.
//
// Solidity: function paused() view returns(bool)
func (testToken *TestToken) UnpackPaused(data []byte) (bool, error) {
	out, err := testToken.abi.Unpack("paused", data)
	if err != nil {
		return *new(bool), err
	}
	out0 := *abi.ConvertType(out[0], new(bool)).(*bool)
	return out0, nil
}

// PackRedeem is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xdb006a75.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function redeem(uint256 amount) returns()
func (testToken *TestToken) PackRedeem(amount *big.Int) []byte {
	enc, err := testToken.abi.Pack("redeem", amount)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackRedeem is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xdb006a75.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function redeem(uint256 amount) returns()
func (testToken *TestToken) TryPackRedeem(amount *big.Int) ([]byte, error) {
	return testToken.abi.Pack("redeem", amount)
}

// PackRemoveBlackList is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe4997dc5.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function removeBlackList(address account) returns()
func (testToken *TestToken) PackRemoveBlackList(account common.Address) []byte {
	enc, err := testToken.abi.Pack("removeBlackList", account)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackRemoveBlackList is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe4997dc5.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function removeBlackList(address account) returns()
func (testToken *TestToken) TryPackRemoveBlackList(account common.Address) ([]byte, error) {
	return testToken.abi.Pack("removeBlackList", account)
}

// PackSetParams is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xc0324c77.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function setParams(uint256 feeBasisPoints, uint256 maxFeeUnits) returns()
func (testToken *TestToken) PackSetParams(feeBasisPoints *big.Int, maxFeeUnits *big.Int) []byte {
	enc, err := testToken.abi.Pack("setParams", feeBasisPoints, maxFeeUnits)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSetParams is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xc0324c77.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function setParams(uint256 feeBasisPoints, uint256 maxFeeUnits) returns()
func (testToken *TestToken) TryPackSetParams(feeBasisPoints *big.Int, maxFeeUnits *big.Int) ([]byte, error) {
	return testToken.abi.Pack("setParams", feeBasisPoints, maxFeeUnits)
}

// PackSymbol is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x95d89b41.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function symbol() view returns(string)
func (testToken *TestToken) PackSymbol() []byte {
	enc, err := testToken.abi.Pack("symbol")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSymbol is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x95d89b41.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function symbol() view returns(string)
func (testToken *TestToken) TryPackSymbol() ([]byte, error) {
	return testToken.abi.Pack("symbol")
}

// UnpackSymbol is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x95d89b41.
//
// Solidity: function symbol() view returns(string)
func (testToken *TestToken) UnpackSymbol(data []byte) (string, error) {
	out, err := testToken.abi.Unpack("symbol", data)
	if err != nil {
		return *new(string), err
	}
	out0 := *abi.ConvertType(out[0], new(string)).(*string)
	return out0, nil
}

// PackTotalSupply is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x18160ddd.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function totalSupply() view returns(uint256)
func (testToken *TestToken) PackTotalSupply() []byte {
	enc, err := testToken.abi.Pack("totalSupply")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackTotalSupply is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x18160ddd.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function totalSupply() view returns(uint256)
func (testToken *TestToken) TryPackTotalSupply() ([]byte, error) {
	return testToken.abi.Pack("totalSupply")
}

// UnpackTotalSupply is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x18160ddd.
//
// Solidity: function totalSupply() view returns(uint256)
func (testToken *TestToken) UnpackTotalSupply(data []byte) (*big.Int, error) {
	out, err := testToken.abi.Unpack("totalSupply", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackTransfer is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xa9059cbb.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function transfer(address to, uint256 value) returns()
func (testToken *TestToken) PackTransfer(to common.Address, value *big.Int) []byte {
	enc, err := testToken.abi.Pack("transfer", to, value)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackTransfer is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xa9059cbb.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function transfer(address to, uint256 value) returns()
func (testToken *TestToken) TryPackTransfer(to common.Address, value *big.Int) ([]byte, error) {
	return testToken.abi.Pack("transfer", to, value)
}

// PackTransferFrom is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x23b872dd.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function transferFrom(address from, address to, uint256 value) returns()
func (testToken *TestToken) PackTransferFrom(from common.Address, to common.Address, value *big.Int) []byte {
	enc, err := testToken.abi.Pack("transferFrom", from, to, value)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackTransferFrom is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x23b872dd.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function transferFrom(address from, address to, uint256 value) returns()
func (testToken *TestToken) TryPackTransferFrom(from common.Address, to common.Address, value *big.Int) ([]byte, error) {
	return testToken.abi.Pack("transferFrom", from, to, value)
}

// PackTransferOwnership is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf2fde38b.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function transferOwnership(address to) returns()
func (testToken *TestToken) PackTransferOwnership(to common.Address) []byte {
	enc, err := testToken.abi.Pack("transferOwnership", to)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackTransferOwnership is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf2fde38b.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function transferOwnership(address to) returns()
func (testToken *TestToken) TryPackTransferOwnership(to common.Address) ([]byte, error) {
	return testToken.abi.Pack("transferOwnership", to)
}

// PackUnpause is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x3f4ba83a.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function unpause() returns()
func (testToken *TestToken) PackUnpause() []byte {
	enc, err := testToken.abi.Pack("unpause")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackUnpause is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x3f4ba83a.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function unpause() returns()
func (testToken *TestToken) TryPackUnpause() ([]byte, error) {
	return testToken.abi.Pack("unpause")
}

// TestTokenAddedBlackList represents a AddedBlackList event raised by the TestToken contract.
type TestTokenAddedBlackList struct {
	Account common.Address
	Raw     *types.Log // Blockchain specific contextual infos
}

const TestTokenAddedBlackListEventName = "AddedBlackList"

// ContractEventName returns the user-defined event name.
func (TestTokenAddedBlackList) ContractEventName() string {
	return TestTokenAddedBlackListEventName
}

// UnpackAddedBlackListEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event AddedBlackList(address account)
func (testToken *TestToken) UnpackAddedBlackListEvent(log *types.Log) (*TestTokenAddedBlackList, error) {
	event := "AddedBlackList"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != testToken.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(TestTokenAddedBlackList)
	if len(log.Data) > 0 {
		if err := testToken.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range testToken.abi.Events[event].Inputs {
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

// TestTokenApproval represents a Approval event raised by the TestToken contract.
type TestTokenApproval struct {
	Owner   common.Address
	Spender common.Address
	Value   *big.Int
	Raw     *types.Log // Blockchain specific contextual infos
}

const TestTokenApprovalEventName = "Approval"

// ContractEventName returns the user-defined event name.
func (TestTokenApproval) ContractEventName() string {
	return TestTokenApprovalEventName
}

// UnpackApprovalEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Approval(address indexed owner, address indexed spender, uint256 value)
func (testToken *TestToken) UnpackApprovalEvent(log *types.Log) (*TestTokenApproval, error) {
	event := "Approval"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != testToken.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(TestTokenApproval)
	if len(log.Data) > 0 {
		if err := testToken.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range testToken.abi.Events[event].Inputs {
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

// TestTokenDestroyedBlackFunds represents a DestroyedBlackFunds event raised by the TestToken contract.
type TestTokenDestroyedBlackFunds struct {
	Account common.Address
	Balance *big.Int
	Raw     *types.Log // Blockchain specific contextual infos
}

const TestTokenDestroyedBlackFundsEventName = "DestroyedBlackFunds"

// ContractEventName returns the user-defined event name.
func (TestTokenDestroyedBlackFunds) ContractEventName() string {
	return TestTokenDestroyedBlackFundsEventName
}

// UnpackDestroyedBlackFundsEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event DestroyedBlackFunds(address account, uint256 balance)
func (testToken *TestToken) UnpackDestroyedBlackFundsEvent(log *types.Log) (*TestTokenDestroyedBlackFunds, error) {
	event := "DestroyedBlackFunds"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != testToken.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(TestTokenDestroyedBlackFunds)
	if len(log.Data) > 0 {
		if err := testToken.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range testToken.abi.Events[event].Inputs {
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

// TestTokenIssue represents a Issue event raised by the TestToken contract.
type TestTokenIssue struct {
	Amount *big.Int
	Raw    *types.Log // Blockchain specific contextual infos
}

const TestTokenIssueEventName = "Issue"

// ContractEventName returns the user-defined event name.
func (TestTokenIssue) ContractEventName() string {
	return TestTokenIssueEventName
}

// UnpackIssueEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Issue(uint256 amount)
func (testToken *TestToken) UnpackIssueEvent(log *types.Log) (*TestTokenIssue, error) {
	event := "Issue"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != testToken.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(TestTokenIssue)
	if len(log.Data) > 0 {
		if err := testToken.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range testToken.abi.Events[event].Inputs {
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

// TestTokenOwnershipTransferred represents a OwnershipTransferred event raised by the TestToken contract.
type TestTokenOwnershipTransferred struct {
	From common.Address
	To   common.Address
	Raw  *types.Log // Blockchain specific contextual infos
}

const TestTokenOwnershipTransferredEventName = "OwnershipTransferred"

// ContractEventName returns the user-defined event name.
func (TestTokenOwnershipTransferred) ContractEventName() string {
	return TestTokenOwnershipTransferredEventName
}

// UnpackOwnershipTransferredEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event OwnershipTransferred(address indexed from, address indexed to)
func (testToken *TestToken) UnpackOwnershipTransferredEvent(log *types.Log) (*TestTokenOwnershipTransferred, error) {
	event := "OwnershipTransferred"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != testToken.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(TestTokenOwnershipTransferred)
	if len(log.Data) > 0 {
		if err := testToken.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range testToken.abi.Events[event].Inputs {
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

// TestTokenParams represents a Params event raised by the TestToken contract.
type TestTokenParams struct {
	FeeBasisPoints *big.Int
	MaxFee         *big.Int
	Raw            *types.Log // Blockchain specific contextual infos
}

const TestTokenParamsEventName = "Params"

// ContractEventName returns the user-defined event name.
func (TestTokenParams) ContractEventName() string {
	return TestTokenParamsEventName
}

// UnpackParamsEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Params(uint256 feeBasisPoints, uint256 maxFee)
func (testToken *TestToken) UnpackParamsEvent(log *types.Log) (*TestTokenParams, error) {
	event := "Params"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != testToken.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(TestTokenParams)
	if len(log.Data) > 0 {
		if err := testToken.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range testToken.abi.Events[event].Inputs {
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

// TestTokenPause represents a Pause event raised by the TestToken contract.
type TestTokenPause struct {
	Raw *types.Log // Blockchain specific contextual infos
}

const TestTokenPauseEventName = "Pause"

// ContractEventName returns the user-defined event name.
func (TestTokenPause) ContractEventName() string {
	return TestTokenPauseEventName
}

// UnpackPauseEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Pause()
func (testToken *TestToken) UnpackPauseEvent(log *types.Log) (*TestTokenPause, error) {
	event := "Pause"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != testToken.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(TestTokenPause)
	if len(log.Data) > 0 {
		if err := testToken.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range testToken.abi.Events[event].Inputs {
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

// TestTokenRedeem represents a Redeem event raised by the TestToken contract.
type TestTokenRedeem struct {
	Amount *big.Int
	Raw    *types.Log // Blockchain specific contextual infos
}

const TestTokenRedeemEventName = "Redeem"

// ContractEventName returns the user-defined event name.
func (TestTokenRedeem) ContractEventName() string {
	return TestTokenRedeemEventName
}

// UnpackRedeemEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Redeem(uint256 amount)
func (testToken *TestToken) UnpackRedeemEvent(log *types.Log) (*TestTokenRedeem, error) {
	event := "Redeem"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != testToken.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(TestTokenRedeem)
	if len(log.Data) > 0 {
		if err := testToken.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range testToken.abi.Events[event].Inputs {
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

// TestTokenRemovedBlackList represents a RemovedBlackList event raised by the TestToken contract.
type TestTokenRemovedBlackList struct {
	Account common.Address
	Raw     *types.Log // Blockchain specific contextual infos
}

const TestTokenRemovedBlackListEventName = "RemovedBlackList"

// ContractEventName returns the user-defined event name.
func (TestTokenRemovedBlackList) ContractEventName() string {
	return TestTokenRemovedBlackListEventName
}

// UnpackRemovedBlackListEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event RemovedBlackList(address account)
func (testToken *TestToken) UnpackRemovedBlackListEvent(log *types.Log) (*TestTokenRemovedBlackList, error) {
	event := "RemovedBlackList"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != testToken.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(TestTokenRemovedBlackList)
	if len(log.Data) > 0 {
		if err := testToken.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range testToken.abi.Events[event].Inputs {
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

// TestTokenTransfer represents a Transfer event raised by the TestToken contract.
type TestTokenTransfer struct {
	From  common.Address
	To    common.Address
	Value *big.Int
	Raw   *types.Log // Blockchain specific contextual infos
}

const TestTokenTransferEventName = "Transfer"

// ContractEventName returns the user-defined event name.
func (TestTokenTransfer) ContractEventName() string {
	return TestTokenTransferEventName
}

// UnpackTransferEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Transfer(address indexed from, address indexed to, uint256 value)
func (testToken *TestToken) UnpackTransferEvent(log *types.Log) (*TestTokenTransfer, error) {
	event := "Transfer"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != testToken.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(TestTokenTransfer)
	if len(log.Data) > 0 {
		if err := testToken.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range testToken.abi.Events[event].Inputs {
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

// TestTokenUnpause represents a Unpause event raised by the TestToken contract.
type TestTokenUnpause struct {
	Raw *types.Log // Blockchain specific contextual infos
}

const TestTokenUnpauseEventName = "Unpause"

// ContractEventName returns the user-defined event name.
func (TestTokenUnpause) ContractEventName() string {
	return TestTokenUnpauseEventName
}

// UnpackUnpauseEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Unpause()
func (testToken *TestToken) UnpackUnpauseEvent(log *types.Log) (*TestTokenUnpause, error) {
	event := "Unpause"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != testToken.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(TestTokenUnpause)
	if len(log.Data) > 0 {
		if err := testToken.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range testToken.abi.Events[event].Inputs {
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
func (testToken *TestToken) UnpackError(raw []byte) (any, error) {
	if bytes.Equal(raw[:4], testToken.abi.Errors["AllowanceNotZero"].ID.Bytes()[:4]) {
		return testToken.UnpackAllowanceNotZeroError(raw[4:])
	}
	if bytes.Equal(raw[:4], testToken.abi.Errors["BlackListed"].ID.Bytes()[:4]) {
		return testToken.UnpackBlackListedError(raw[4:])
	}
	if bytes.Equal(raw[:4], testToken.abi.Errors["FeeTooHigh"].ID.Bytes()[:4]) {
		return testToken.UnpackFeeTooHighError(raw[4:])
	}
	if bytes.Equal(raw[:4], testToken.abi.Errors["InsufficientAllowance"].ID.Bytes()[:4]) {
		return testToken.UnpackInsufficientAllowanceError(raw[4:])
	}
	if bytes.Equal(raw[:4], testToken.abi.Errors["InsufficientBalance"].ID.Bytes()[:4]) {
		return testToken.UnpackInsufficientBalanceError(raw[4:])
	}
	if bytes.Equal(raw[:4], testToken.abi.Errors["NotBlackListed"].ID.Bytes()[:4]) {
		return testToken.UnpackNotBlackListedError(raw[4:])
	}
	if bytes.Equal(raw[:4], testToken.abi.Errors["NotOwner"].ID.Bytes()[:4]) {
		return testToken.UnpackNotOwnerError(raw[4:])
	}
	if bytes.Equal(raw[:4], testToken.abi.Errors["NotPaused"].ID.Bytes()[:4]) {
		return testToken.UnpackNotPausedError(raw[4:])
	}
	if bytes.Equal(raw[:4], testToken.abi.Errors["Paused"].ID.Bytes()[:4]) {
		return testToken.UnpackPausedError(raw[4:])
	}
	if bytes.Equal(raw[:4], testToken.abi.Errors["ZeroOwner"].ID.Bytes()[:4]) {
		return testToken.UnpackZeroOwnerError(raw[4:])
	}
	return nil, errors.New("Unknown error")
}

// TestTokenAllowanceNotZero represents a AllowanceNotZero error raised by the TestToken contract.
type TestTokenAllowanceNotZero struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error AllowanceNotZero()
func TestTokenAllowanceNotZeroErrorID() common.Hash {
	return common.HexToHash("0xe953bbb89c11e1860f5b32811167fc1c962b955bdbbcbe05fd3307fad4f6c1b5")
}

// UnpackAllowanceNotZeroError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error AllowanceNotZero()
func (testToken *TestToken) UnpackAllowanceNotZeroError(raw []byte) (*TestTokenAllowanceNotZero, error) {
	out := new(TestTokenAllowanceNotZero)
	if err := testToken.abi.UnpackIntoInterface(out, "AllowanceNotZero", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// TestTokenBlackListed represents a BlackListed error raised by the TestToken contract.
type TestTokenBlackListed struct {
	Account common.Address
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error BlackListed(address account)
func TestTokenBlackListedErrorID() common.Hash {
	return common.HexToHash("0x7fd26be6fc92aff63f1f4409b2b2ddeb272a888031d7f55ec830485ec6194186")
}

// UnpackBlackListedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error BlackListed(address account)
func (testToken *TestToken) UnpackBlackListedError(raw []byte) (*TestTokenBlackListed, error) {
	out := new(TestTokenBlackListed)
	if err := testToken.abi.UnpackIntoInterface(out, "BlackListed", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// TestTokenFeeTooHigh represents a FeeTooHigh error raised by the TestToken contract.
type TestTokenFeeTooHigh struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error FeeTooHigh()
func TestTokenFeeTooHighErrorID() common.Hash {
	return common.HexToHash("0xcd4e6167a0147beade9e7daca0e52cd42e992cd9c3dc1dd3ce8a2b6956f53601")
}

// UnpackFeeTooHighError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error FeeTooHigh()
func (testToken *TestToken) UnpackFeeTooHighError(raw []byte) (*TestTokenFeeTooHigh, error) {
	out := new(TestTokenFeeTooHigh)
	if err := testToken.abi.UnpackIntoInterface(out, "FeeTooHigh", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// TestTokenInsufficientAllowance represents a InsufficientAllowance error raised by the TestToken contract.
type TestTokenInsufficientAllowance struct {
	Spender common.Address
	Allowed *big.Int
	Needed  *big.Int
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InsufficientAllowance(address spender, uint256 allowed, uint256 needed)
func TestTokenInsufficientAllowanceErrorID() common.Hash {
	return common.HexToHash("0x192b9e4ebc4a4fb7dd02b679453572cd28ba5c859d02dc04b21a8c00bc0a41f0")
}

// UnpackInsufficientAllowanceError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InsufficientAllowance(address spender, uint256 allowed, uint256 needed)
func (testToken *TestToken) UnpackInsufficientAllowanceError(raw []byte) (*TestTokenInsufficientAllowance, error) {
	out := new(TestTokenInsufficientAllowance)
	if err := testToken.abi.UnpackIntoInterface(out, "InsufficientAllowance", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// TestTokenInsufficientBalance represents a InsufficientBalance error raised by the TestToken contract.
type TestTokenInsufficientBalance struct {
	Account common.Address
	Balance *big.Int
	Needed  *big.Int
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InsufficientBalance(address account, uint256 balance, uint256 needed)
func TestTokenInsufficientBalanceErrorID() common.Hash {
	return common.HexToHash("0xdb42144d928cd19733b9dfeead8bc02ed403845c274e06a6eee0944fb25ca5c4")
}

// UnpackInsufficientBalanceError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InsufficientBalance(address account, uint256 balance, uint256 needed)
func (testToken *TestToken) UnpackInsufficientBalanceError(raw []byte) (*TestTokenInsufficientBalance, error) {
	out := new(TestTokenInsufficientBalance)
	if err := testToken.abi.UnpackIntoInterface(out, "InsufficientBalance", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// TestTokenNotBlackListed represents a NotBlackListed error raised by the TestToken contract.
type TestTokenNotBlackListed struct {
	Account common.Address
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NotBlackListed(address account)
func TestTokenNotBlackListedErrorID() common.Hash {
	return common.HexToHash("0xfe4e695ca8e278dcbaf1ad9f591f71e8c23759022a294e1e78b85582b3c11365")
}

// UnpackNotBlackListedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NotBlackListed(address account)
func (testToken *TestToken) UnpackNotBlackListedError(raw []byte) (*TestTokenNotBlackListed, error) {
	out := new(TestTokenNotBlackListed)
	if err := testToken.abi.UnpackIntoInterface(out, "NotBlackListed", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// TestTokenNotOwner represents a NotOwner error raised by the TestToken contract.
type TestTokenNotOwner struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NotOwner()
func TestTokenNotOwnerErrorID() common.Hash {
	return common.HexToHash("0x30cd74712f59d478562d48e2d35de830db72c60a63dd08ae59199eec990b5bc4")
}

// UnpackNotOwnerError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NotOwner()
func (testToken *TestToken) UnpackNotOwnerError(raw []byte) (*TestTokenNotOwner, error) {
	out := new(TestTokenNotOwner)
	if err := testToken.abi.UnpackIntoInterface(out, "NotOwner", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// TestTokenNotPaused represents a NotPaused error raised by the TestToken contract.
type TestTokenNotPaused struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NotPaused()
func TestTokenNotPausedErrorID() common.Hash {
	return common.HexToHash("0x6cd602013233635730773e15e89b8a778034d859147e8f706bcd1aa42e228e06")
}

// UnpackNotPausedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NotPaused()
func (testToken *TestToken) UnpackNotPausedError(raw []byte) (*TestTokenNotPaused, error) {
	out := new(TestTokenNotPaused)
	if err := testToken.abi.UnpackIntoInterface(out, "NotPaused", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// TestTokenPaused represents a Paused error raised by the TestToken contract.
type TestTokenPaused struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error Paused()
func TestTokenPausedErrorID() common.Hash {
	return common.HexToHash("0x9e87fac88ff661f02d44f95383c817fece4bce600a3dab7a54406878b965e752")
}

// UnpackPausedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error Paused()
func (testToken *TestToken) UnpackPausedError(raw []byte) (*TestTokenPaused, error) {
	out := new(TestTokenPaused)
	if err := testToken.abi.UnpackIntoInterface(out, "Paused", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// TestTokenZeroOwner represents a ZeroOwner error raised by the TestToken contract.
type TestTokenZeroOwner struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ZeroOwner()
func TestTokenZeroOwnerErrorID() common.Hash {
	return common.HexToHash("0x9905827b514da707a2fe590832730f62a8d762cc0f2ba71de8065112256c3068")
}

// UnpackZeroOwnerError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ZeroOwner()
func (testToken *TestToken) UnpackZeroOwnerError(raw []byte) (*TestTokenZeroOwner, error) {
	out := new(TestTokenZeroOwner)
	if err := testToken.abi.UnpackIntoInterface(out, "ZeroOwner", raw); err != nil {
		return nil, err
	}
	return out, nil
}
