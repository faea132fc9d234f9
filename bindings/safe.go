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

// SafeMetaData contains all meta data concerning the Safe contract.
var SafeMetaData = bind.MetaData{
	ABI: "[{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"owner\",\"type\":\"address\"}],\"name\":\"AddedOwner\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"bytes32\",\"name\":\"approvedHash\",\"type\":\"bytes32\"},{\"indexed\":true,\"internalType\":\"address\",\"name\":\"owner\",\"type\":\"address\"}],\"name\":\"ApproveHash\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"handler\",\"type\":\"address\"}],\"name\":\"ChangedFallbackHandler\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"guard\",\"type\":\"address\"}],\"name\":\"ChangedGuard\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"moduleGuard\",\"type\":\"address\"}],\"name\":\"ChangedModuleGuard\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":false,\"internalType\":\"uint256\",\"name\":\"threshold\",\"type\":\"uint256\"}],\"name\":\"ChangedThreshold\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"module\",\"type\":\"address\"}],\"name\":\"DisabledModule\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"module\",\"type\":\"address\"}],\"name\":\"EnabledModule\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"bytes32\",\"name\":\"txHash\",\"type\":\"bytes32\"},{\"indexed\":false,\"internalType\":\"uint256\",\"name\":\"payment\",\"type\":\"uint256\"}],\"name\":\"ExecutionFailure\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"module\",\"type\":\"address\"}],\"name\":\"ExecutionFromModuleFailure\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"module\",\"type\":\"address\"}],\"name\":\"ExecutionFromModuleSuccess\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"bytes32\",\"name\":\"txHash\",\"type\":\"bytes32\"},{\"indexed\":false,\"internalType\":\"uint256\",\"name\":\"payment\",\"type\":\"uint256\"}],\"name\":\"ExecutionSuccess\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"owner\",\"type\":\"address\"}],\"name\":\"RemovedOwner\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":false,\"internalType\":\"address\",\"name\":\"module\",\"type\":\"address\"},{\"indexed\":false,\"internalType\":\"address\",\"name\":\"to\",\"type\":\"address\"},{\"indexed\":false,\"internalType\":\"uint256\",\"name\":\"value\",\"type\":\"uint256\"},{\"indexed\":false,\"internalType\":\"bytes\",\"name\":\"data\",\"type\":\"bytes\"},{\"indexed\":false,\"internalType\":\"enumEnum.Operation\",\"name\":\"operation\",\"type\":\"uint8\"}],\"name\":\"SafeModuleTransaction\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":false,\"internalType\":\"address\",\"name\":\"to\",\"type\":\"address\"},{\"indexed\":false,\"internalType\":\"uint256\",\"name\":\"value\",\"type\":\"uint256\"},{\"indexed\":false,\"internalType\":\"bytes\",\"name\":\"data\",\"type\":\"bytes\"},{\"indexed\":false,\"internalType\":\"enumEnum.Operation\",\"name\":\"operation\",\"type\":\"uint8\"},{\"indexed\":false,\"internalType\":\"uint256\",\"name\":\"safeTxGas\",\"type\":\"uint256\"},{\"indexed\":false,\"internalType\":\"uint256\",\"name\":\"baseGas\",\"type\":\"uint256\"},{\"indexed\":false,\"internalType\":\"uint256\",\"name\":\"gasPrice\",\"type\":\"uint256\"},{\"indexed\":false,\"internalType\":\"address\",\"name\":\"gasToken\",\"type\":\"address\"},{\"indexed\":false,\"internalType\":\"addresspayable\",\"name\":\"refundReceiver\",\"type\":\"address\"},{\"indexed\":false,\"internalType\":\"bytes\",\"name\":\"signatures\",\"type\":\"bytes\"},{\"indexed\":false,\"internalType\":\"bytes\",\"name\":\"additionalInfo\",\"type\":\"bytes\"}],\"name\":\"SafeMultiSigTransaction\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"sender\",\"type\":\"address\"},{\"indexed\":false,\"internalType\":\"uint256\",\"name\":\"value\",\"type\":\"uint256\"}],\"name\":\"SafeReceived\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"initiator\",\"type\":\"address\"},{\"indexed\":false,\"internalType\":\"address[]\",\"name\":\"owners\",\"type\":\"address[]\"},{\"indexed\":false,\"internalType\":\"uint256\",\"name\":\"threshold\",\"type\":\"uint256\"},{\"indexed\":false,\"internalType\":\"address\",\"name\":\"initializer\",\"type\":\"address\"},{\"indexed\":false,\"internalType\":\"address\",\"name\":\"fallbackHandler\",\"type\":\"address\"}],\"name\":\"SafeSetup\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"bytes32\",\"name\":\"msgHash\",\"type\":\"bytes32\"}],\"name\":\"SignMsg\",\"type\":\"event\"},{\"stateMutability\":\"nonpayable\",\"type\":\"fallback\"},{\"inputs\":[],\"name\":\"VERSION\",\"outputs\":[{\"internalType\":\"string\",\"name\":\"\",\"type\":\"string\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"owner\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"_threshold\",\"type\":\"uint256\"}],\"name\":\"addOwnerWithThreshold\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"bytes32\",\"name\":\"hashToApprove\",\"type\":\"bytes32\"}],\"name\":\"approveHash\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"\",\"type\":\"address\"},{\"internalType\":\"bytes32\",\"name\":\"\",\"type\":\"bytes32\"}],\"name\":\"approvedHashes\",\"outputs\":[{\"internalType\":\"uint256\",\"name\":\"\",\"type\":\"uint256\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"uint256\",\"name\":\"_threshold\",\"type\":\"uint256\"}],\"name\":\"changeThreshold\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"bytes32\",\"name\":\"dataHash\",\"type\":\"bytes32\"},{\"internalType\":\"bytes\",\"name\":\"data\",\"type\":\"bytes\"},{\"internalType\":\"bytes\",\"name\":\"signatures\",\"type\":\"bytes\"},{\"internalType\":\"uint256\",\"name\":\"requiredSignatures\",\"type\":\"uint256\"}],\"name\":\"checkNSignatures\",\"outputs\":[],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"executor\",\"type\":\"address\"},{\"internalType\":\"bytes32\",\"name\":\"dataHash\",\"type\":\"bytes32\"},{\"internalType\":\"bytes\",\"name\":\"signatures\",\"type\":\"bytes\"},{\"internalType\":\"uint256\",\"name\":\"requiredSignatures\",\"type\":\"uint256\"}],\"name\":\"checkNSignatures\",\"outputs\":[],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"bytes32\",\"name\":\"dataHash\",\"type\":\"bytes32\"},{\"internalType\":\"bytes\",\"name\":\"data\",\"type\":\"bytes\"},{\"internalType\":\"bytes\",\"name\":\"signatures\",\"type\":\"bytes\"}],\"name\":\"checkSignatures\",\"outputs\":[],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"executor\",\"type\":\"address\"},{\"internalType\":\"bytes32\",\"name\":\"dataHash\",\"type\":\"bytes32\"},{\"internalType\":\"bytes\",\"name\":\"signatures\",\"type\":\"bytes\"}],\"name\":\"checkSignatures\",\"outputs\":[],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"prevModule\",\"type\":\"address\"},{\"internalType\":\"address\",\"name\":\"module\",\"type\":\"address\"}],\"name\":\"disableModule\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[],\"name\":\"domainSeparator\",\"outputs\":[{\"internalType\":\"bytes32\",\"name\":\"\",\"type\":\"bytes32\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"module\",\"type\":\"address\"}],\"name\":\"enableModule\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"to\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"value\",\"type\":\"uint256\"},{\"internalType\":\"bytes\",\"name\":\"data\",\"type\":\"bytes\"},{\"internalType\":\"enumEnum.Operation\",\"name\":\"operation\",\"type\":\"uint8\"},{\"internalType\":\"uint256\",\"name\":\"safeTxGas\",\"type\":\"uint256\"},{\"internalType\":\"uint256\",\"name\":\"baseGas\",\"type\":\"uint256\"},{\"internalType\":\"uint256\",\"name\":\"gasPrice\",\"type\":\"uint256\"},{\"internalType\":\"address\",\"name\":\"gasToken\",\"type\":\"address\"},{\"internalType\":\"addresspayable\",\"name\":\"refundReceiver\",\"type\":\"address\"},{\"internalType\":\"bytes\",\"name\":\"signatures\",\"type\":\"bytes\"}],\"name\":\"execTransaction\",\"outputs\":[{\"internalType\":\"bool\",\"name\":\"success\",\"type\":\"bool\"}],\"stateMutability\":\"payable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"to\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"value\",\"type\":\"uint256\"},{\"internalType\":\"bytes\",\"name\":\"data\",\"type\":\"bytes\"},{\"internalType\":\"enumEnum.Operation\",\"name\":\"operation\",\"type\":\"uint8\"}],\"name\":\"execTransactionFromModule\",\"outputs\":[{\"internalType\":\"bool\",\"name\":\"success\",\"type\":\"bool\"}],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"to\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"value\",\"type\":\"uint256\"},{\"internalType\":\"bytes\",\"name\":\"data\",\"type\":\"bytes\"},{\"internalType\":\"enumEnum.Operation\",\"name\":\"operation\",\"type\":\"uint8\"}],\"name\":\"execTransactionFromModuleReturnData\",\"outputs\":[{\"internalType\":\"bool\",\"name\":\"success\",\"type\":\"bool\"},{\"internalType\":\"bytes\",\"name\":\"returnData\",\"type\":\"bytes\"}],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"start\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"pageSize\",\"type\":\"uint256\"}],\"name\":\"getModulesPaginated\",\"outputs\":[{\"internalType\":\"address[]\",\"name\":\"array\",\"type\":\"address[]\"},{\"internalType\":\"address\",\"name\":\"next\",\"type\":\"address\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[],\"name\":\"getOwners\",\"outputs\":[{\"internalType\":\"address[]\",\"name\":\"\",\"type\":\"address[]\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"uint256\",\"name\":\"offset\",\"type\":\"uint256\"},{\"internalType\":\"uint256\",\"name\":\"length\",\"type\":\"uint256\"}],\"name\":\"getStorageAt\",\"outputs\":[{\"internalType\":\"bytes\",\"name\":\"\",\"type\":\"bytes\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[],\"name\":\"getThreshold\",\"outputs\":[{\"internalType\":\"uint256\",\"name\":\"\",\"type\":\"uint256\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"to\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"value\",\"type\":\"uint256\"},{\"internalType\":\"bytes\",\"name\":\"data\",\"type\":\"bytes\"},{\"internalType\":\"enumEnum.Operation\",\"name\":\"operation\",\"type\":\"uint8\"},{\"internalType\":\"uint256\",\"name\":\"safeTxGas\",\"type\":\"uint256\"},{\"internalType\":\"uint256\",\"name\":\"baseGas\",\"type\":\"uint256\"},{\"internalType\":\"uint256\",\"name\":\"gasPrice\",\"type\":\"uint256\"},{\"internalType\":\"address\",\"name\":\"gasToken\",\"type\":\"address\"},{\"internalType\":\"address\",\"name\":\"refundReceiver\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"_nonce\",\"type\":\"uint256\"}],\"name\":\"getTransactionHash\",\"outputs\":[{\"internalType\":\"bytes32\",\"name\":\"txHash\",\"type\":\"bytes32\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"module\",\"type\":\"address\"}],\"name\":\"isModuleEnabled\",\"outputs\":[{\"internalType\":\"bool\",\"name\":\"\",\"type\":\"bool\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"owner\",\"type\":\"address\"}],\"name\":\"isOwner\",\"outputs\":[{\"internalType\":\"bool\",\"name\":\"\",\"type\":\"bool\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[],\"name\":\"nonce\",\"outputs\":[{\"internalType\":\"uint256\",\"name\":\"\",\"type\":\"uint256\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"prevOwner\",\"type\":\"address\"},{\"internalType\":\"address\",\"name\":\"owner\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"_threshold\",\"type\":\"uint256\"}],\"name\":\"removeOwner\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"handler\",\"type\":\"address\"}],\"name\":\"setFallbackHandler\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"guard\",\"type\":\"address\"}],\"name\":\"setGuard\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"moduleGuard\",\"type\":\"address\"}],\"name\":\"setModuleGuard\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address[]\",\"name\":\"_owners\",\"type\":\"address[]\"},{\"internalType\":\"uint256\",\"name\":\"_threshold\",\"type\":\"uint256\"},{\"internalType\":\"address\",\"name\":\"to\",\"type\":\"address\"},{\"internalType\":\"bytes\",\"name\":\"data\",\"type\":\"bytes\"},{\"internalType\":\"address\",\"name\":\"fallbackHandler\",\"type\":\"address\"},{\"internalType\":\"address\",\"name\":\"paymentToken\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"payment\",\"type\":\"uint256\"},{\"internalType\":\"addresspayable\",\"name\":\"paymentReceiver\",\"type\":\"address\"}],\"name\":\"setup\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"bytes32\",\"name\":\"\",\"type\":\"bytes32\"}],\"name\":\"signedMessages\",\"outputs\":[{\"internalType\":\"uint256\",\"name\":\"\",\"type\":\"uint256\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"targetContract\",\"type\":\"address\"},{\"internalType\":\"bytes\",\"name\":\"calldataPayload\",\"type\":\"bytes\"}],\"name\":\"simulateAndRevert\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"prevOwner\",\"type\":\"address\"},{\"internalType\":\"address\",\"name\":\"oldOwner\",\"type\":\"address\"},{\"internalType\":\"address\",\"name\":\"newOwner\",\"type\":\"address\"}],\"name\":\"swapOwner\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"stateMutability\":\"payable\",\"type\":\"receive\"}]",
	ID:  "Safe",
	Bin: "0x608060405234801561001057600080fd5b5060016004819055506156d780620000296000396000f3fe6080604052600436106101dc5760003560e01c8063affed0e011610102578063e19a9dd911610095578063f698da2511610064578063f698da25146114c1578063f855438b146114ec578063f8dc5dd9146115de578063ffa1ad741461165957610231565b8063e19a9dd914611363578063e318b52b146113b4578063e75235b814611445578063f08a03231461147057610231565b8063d4d9bdcd116100d1578063d4d9bdcd1461112c578063d8d11f7814611167578063e009cfde146112a1578063e068df371461131257610231565b8063affed0e014610ddc578063b4faba0914610e07578063b63e800d14610eef578063cc2f84521461105f57610231565b80635624b25b1161017a5780636a761202116101495780636a76120214610a1e5780637d83297414610bda578063934f3a1114610c49578063a0e67e2b14610d7057610231565b80635624b25b146108855780635ae6bd3714610943578063610b592514610992578063694e80c3146109e357610231565b80632d9ad53d116101b65780632d9ad53d146105215780632f54bf6e14610588578063468721a7146105ef5780635229073f1461070457610231565b80630d582f131461029957806312fb68e0146102f45780631fcac7f31461042557610231565b36610231573373ffffffffffffffffffffffffffffffffffffffff167f3d0ce9bfc3ed7d6862dbb28b2dea94561fe714a1b4d019aa8af39730d1ad7c3d346040518082815260200191505060405180910390a2005b34801561023d57600080fd5b507f6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d5548061026a57600080f35b60405136600082373360601b3682015260008060143601836000865af13d6000833e80610295573d82fd5b3d82f35b3480156102a557600080fd5b506102f2600480360360408110156102bc57600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803590602001909291905050506116e9565b005b34801561030057600080fd5b506104236004803603608081101561031757600080fd5b81019080803590602001909291908035906020019064010000000081111561033e57600080fd5b82018360208201111561035057600080fd5b8035906020019184600183028401116401000000008311171561037257600080fd5b90919293919293908035906020019064010000000081111561039357600080fd5b8201836020820111156103a557600080fd5b803590602001918460018302840111640100000000831117156103c757600080fd5b91908080601f016020809104026020016040519081016040528093929190818152602001838380828437600081840152601f19601f82011690508083019250505050505050919291929080359060200190929190505050611a41565b005b34801561043157600080fd5b5061051f6004803603608081101561044857600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803590602001909291908035906020019064010000000081111561048f57600080fd5b8201836020820111156104a157600080fd5b803590602001918460018302840111640100000000831117156104c357600080fd5b91908080601f016020809104026020016040519081016040528093929190818152602001838380828437600081840152601f19601f82011690508083019250505050505050919291929080359060200190929190505050611a54565b005b34801561052d57600080fd5b506105706004803603602081101561054457600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190505050611e76565b60405180821515815260200191505060405180910390f35b34801561059457600080fd5b506105d7600480360360208110156105ab57600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190505050611f48565b60405180821515815260200191505060405180910390f35b3480156105fb57600080fd5b506106ec6004803603608081101561061257600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803590602001909291908035906020019064010000000081111561065957600080fd5b82018360208201111561066b57600080fd5b8035906020019184600183028401116401000000008311171561068d57600080fd5b91908080601f016020809104026020016040519081016040528093929190818152602001838380828437600081840152601f19601f820116905080830192505050505050509192919290803560ff169060200190929190505050612018565b60405180821515815260200191505060405180910390f35b34801561071057600080fd5b506108016004803603608081101561072757600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803590602001909291908035906020019064010000000081111561076e57600080fd5b82018360208201111561078057600080fd5b803590602001918460018302840111640100000000831117156107a257600080fd5b91908080601f016020809104026020016040519081016040528093929190818152602001838380828437600081840152601f19601f820116905080830192505050505050509192919290803560ff169060200190929190505050612071565b60405180831515815260200180602001828103825283818151815260200191508051906020019080838360005b8381101561084957808201518184015260208101905061082e565b50505050905090810190601f1680156108765780820380516001836020036101000a031916815260200191505b50935050505060405180910390f35b34801561089157600080fd5b506108c8600480360360408110156108a857600080fd5b8101908080359060200190929190803590602001909291905050506120e6565b6040518080602001828103825283818151815260200191508051906020019080838360005b838110156109085780820151818401526020810190506108ed565b50505050905090810190601f1680156109355780820380516001836020036101000a031916815260200191505b509250505060405180910390f35b34801561094f57600080fd5b5061097c6004803603602081101561096657600080fd5b810190808035906020019092919050505061216c565b6040518082815260200191505060405180910390f35b34801561099e57600080fd5b506109e1600480360360208110156109b557600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190505050612184565b005b3480156109ef57600080fd5b50610a1c60048036036020811015610a0657600080fd5b8101908080359060200190929190505050612482565b005b610bc26004803603610140811015610a3557600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff1690602001909291908035906020019092919080359060200190640100000000811115610a7c57600080fd5b820183602082011115610a8e57600080fd5b80359060200191846001830284011164010000000083111715610ab057600080fd5b9091929391929390803560ff169060200190929190803590602001909291908035906020019092919080359060200190929190803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803573ffffffffffffffffffffffffffffffffffffffff16906020019092919080359060200190640100000000811115610b3c57600080fd5b820183602082011115610b4e57600080fd5b80359060200191846001830284011164010000000083111715610b7057600080fd5b91908080601f016020809104026020016040519081016040528093929190818152602001838380828437600081840152601f19601f820116905080830192505050505050509192919290505050612532565b60405180821515815260200191505060405180910390f35b348015610be657600080fd5b50610c3360048036036040811015610bfd57600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803590602001909291905050506129c1565b6040518082815260200191505060405180910390f35b348015610c5557600080fd5b50610d6e60048036036060811015610c6c57600080fd5b810190808035906020019092919080359060200190640100000000811115610c9357600080fd5b820183602082011115610ca557600080fd5b80359060200191846001830284011164010000000083111715610cc757600080fd5b909192939192939080359060200190640100000000811115610ce857600080fd5b820183602082011115610cfa57600080fd5b80359060200191846001830284011164010000000083111715610d1c57600080fd5b91908080601f016020809104026020016040519081016040528093929190818152602001838380828437600081840152601f19601f8201169050808301925050505050505091929192905050506129e6565b005b348015610d7c57600080fd5b50610d856129f7565b6040518080602001828103825283818151815260200191508051906020019060200280838360005b83811015610dc8578082015181840152602081019050610dad565b505050509050019250505060405180910390f35b348015610de857600080fd5b50610df1612b9e565b6040518082815260200191505060405180910390f35b348015610e1357600080fd5b50610eed60048036036040811015610e2a57600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff16906020019092919080359060200190640100000000811115610e6757600080fd5b820183602082011115610e7957600080fd5b80359060200191846001830284011164010000000083111715610e9b57600080fd5b91908080601f016020809104026020016040519081016040528093929190818152602001838380828437600081840152601f19601f820116905080830192505050505050509192919290505050612ba4565b005b348015610efb57600080fd5b5061105d6004803603610100811015610f1357600080fd5b8101908080359060200190640100000000811115610f3057600080fd5b820183602082011115610f4257600080fd5b80359060200191846020830284011164010000000083111715610f6457600080fd5b909192939192939080359060200190929190803573ffffffffffffffffffffffffffffffffffffffff16906020019092919080359060200190640100000000811115610faf57600080fd5b820183602082011115610fc157600080fd5b80359060200191846001830284011164010000000083111715610fe357600080fd5b9091929391929390803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803573ffffffffffffffffffffffffffffffffffffffff16906020019092919080359060200190929190803573ffffffffffffffffffffffffffffffffffffffff169060200190929190505050612bcb565b005b34801561106b57600080fd5b506110b86004803603604081101561108257600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff16906020019092919080359060200190929190505050612d89565b60405180806020018373ffffffffffffffffffffffffffffffffffffffff168152602001828103825284818151815260200191508051906020019060200280838360005b838110156111175780820151818401526020810190506110fc565b50505050905001935050505060405180910390f35b34801561113857600080fd5b506111656004803603602081101561114f57600080fd5b8101908080359060200190929190505050613067565b005b34801561117357600080fd5b5061128b600480360361014081101561118b57600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff16906020019092919080359060200190929190803590602001906401000000008111156111d257600080fd5b8201836020820111156111e457600080fd5b8035906020019184600183028401116401000000008311171561120657600080fd5b9091929391929390803560ff169060200190929190803590602001909291908035906020019092919080359060200190929190803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803590602001909291905050506131c2565b6040518082815260200191505060405180910390f35b3480156112ad57600080fd5b50611310600480360360408110156112c457600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803573ffffffffffffffffffffffffffffffffffffffff16906020019092919050505061326b565b005b34801561131e57600080fd5b506113616004803603602081101561133557600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190505050613568565b005b34801561136f57600080fd5b506113b26004803603602081101561138657600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190505050613716565b005b3480156113c057600080fd5b50611443600480360360608110156113d757600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803573ffffffffffffffffffffffffffffffffffffffff1690602001909291905050506138bb565b005b34801561145157600080fd5b5061145a613e03565b6040518082815260200191505060405180910390f35b34801561147c57600080fd5b506114bf6004803603602081101561149357600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190505050613e0d565b005b3480156114cd57600080fd5b506114d6613e64565b6040518082815260200191505060405180910390f35b3480156114f857600080fd5b506115dc6004803603606081101561150f57600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803590602001909291908035906020019064010000000081111561155657600080fd5b82018360208201111561156857600080fd5b8035906020019184600183028401116401000000008311171561158a57600080fd5b91908080601f016020809104026020016040519081016040528093929190818152602001838380828437600081840152601f19601f820116905080830192505050505050509192919290505050613ee0565b005b3480156115ea57600080fd5b506116576004803603606081101561160157600080fd5b81019080803573ffffffffffffffffffffffffffffffffffffffff169060200190929190803573ffffffffffffffffffffffffffffffffffffffff16906020019092919080359060200190929190505050613f2c565b005b34801561166557600080fd5b5061166e61427e565b6040518080602001828103825283818151815260200191508051906020019080838360005b838110156116ae578082015181840152602081019050611693565b50505050905090810190601f1680156116db5780820380516001836020036101000a031916815260200191505b509250505060405180910390f35b6116f16142b7565b600073ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff1614806117585750600173ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff16145b8061178e57503073ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff16145b156117bd576117bc7f4753323033000000000000000000000000000000000000000000000000000000614316565b5b600073ffffffffffffffffffffffffffffffffffffffff16600260008473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff161461187a576118797f4753323034000000000000000000000000000000000000000000000000000000614316565b5b60026000600173ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff16600260008473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff1602179055508160026000600173ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff160217905550600360008154600101919050819055508173ffffffffffffffffffffffffffffffffffffffff167f9465fa0c962cc76958e6373a993326400c1c94f8be2fe3a952adfa7f60b2ea2660405160405180910390a28060045414611a3d57611a3c81612482565b5b5050565b611a4d33868484611a54565b5050505050565b611a6860418261435590919063ffffffff16565b82511015611a9a57611a997f4753303230000000000000000000000000000000000000000000000000000000614316565b5b6000808060008060005b86811015611e6a57611ab6888261438f565b8260ff1692508094508195508296505050506000841415611b33578260001c9450611aeb60418861435590919063ffffffff16565b8260001c1015611b1f57611b1e7f4753303231000000000000000000000000000000000000000000000000000000614316565b5b611b2e858a8a8560001c6143be565b611d30565b6001841415611c02578260001c94508473ffffffffffffffffffffffffffffffffffffffff168a73ffffffffffffffffffffffffffffffffffffffff1614158015611bce57506000600860008773ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060008b815260200190815260200160002054145b15611bfd57611bfc7f4753303235000000000000000000000000000000000000000000000000000000614316565b5b611d2f565b601e841115611cc75760018960405160200180807f19457468657265756d205369676e6564204d6573736167653a0a333200000000815250601c018281526020019150506040516020818303038152906040528051906020012060048603858560405160008152602001604052604051808581526020018460ff1681526020018381526020018281526020019450505050506020604051602081039080840390855afa158015611cb6573d6000803e3d6000fd5b505050602060405103519450611d2e565b60018985858560405160008152602001604052604051808581526020018460ff1681526020018381526020018281526020019450505050506020604051602081039080840390855afa158015611d21573d6000803e3d6000fd5b5050506020604051035194505b5b5b8573ffffffffffffffffffffffffffffffffffffffff168573ffffffffffffffffffffffffffffffffffffffff16111580611df65750600073ffffffffffffffffffffffffffffffffffffffff16600260008773ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16145b80611e2d5750600173ffffffffffffffffffffffffffffffffffffffff168573ffffffffffffffffffffffffffffffffffffffff16145b15611e5c57611e5b7f4753303236000000000000000000000000000000000000000000000000000000614316565b5b849550806001019050611aa4565b50505050505050505050565b60008173ffffffffffffffffffffffffffffffffffffffff16600173ffffffffffffffffffffffffffffffffffffffff1614158015611f415750600073ffffffffffffffffffffffffffffffffffffffff16600160008473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff1614155b9050919050565b6000600173ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff1614806120105750600073ffffffffffffffffffffffffffffffffffffffff16600260008473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16145b159050919050565b6000806000612029878787876145e7565b9150915061205a878787877fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff61487f565b92506120678282856148cb565b5050949350505050565b60006060600080612084888888886145e7565b915091506120b5888888887fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff61487f565b9350604051925060203d0183016040523d83523d6000602085013e6120db8282866148cb565b505094509492505050565b60606000600583901b67ffffffffffffffff8111801561210557600080fd5b506040519080825280601f01601f1916602001820160405280156121385781602001600182028036833780820191505090505b50905060005b83811015612161578085015480602083026020850101525080600101905061213e565b508091505092915050565b60076020528060005260406000206000915090505481565b61218c6142b7565b600073ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff1614806121f35750600173ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff16145b15612222576122217f4753313031000000000000000000000000000000000000000000000000000000614316565b5b600073ffffffffffffffffffffffffffffffffffffffff16600160008373ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16146122df576122de7f4753313032000000000000000000000000000000000000000000000000000000614316565b5b60016000600173ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff16600160008373ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff1602179055508060016000600173ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff1602179055508073ffffffffffffffffffffffffffffffffffffffff167fecdf3a3effea5783a3c4c2140e677577666428d44ed9d474a0b3a4c9943f844060405160405180910390a250565b61248a6142b7565b6003548111156124be576124bd7f4753323031000000000000000000000000000000000000000000000000000000614316565b5b60008114156124f1576124f07f4753323032000000000000000000000000000000000000000000000000000000614316565b5b806004819055507f610f7ff2b304ae8903c3de74c60c6ab1f7d6226b3f52c5161905bb5ad4039c93816040518082815260200191505060405180910390a150565b60006125478c8c8c8c8c8c8c8c8c8c8c614a0c565b600061256c8d8d8d8d8d8d8d8d8d8d60056000815480929190600101919050556131c2565b9050612579338285613ee0565b6000612583614c32565b9050600073ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff1614612769578073ffffffffffffffffffffffffffffffffffffffff166375f0bb528f8f8f8f8f8f8f8f8f8f8f336040518d63ffffffff1660e01b8152600401808d73ffffffffffffffffffffffffffffffffffffffff1681526020018c8152602001806020018a600181111561262657fe5b81526020018981526020018881526020018781526020018673ffffffffffffffffffffffffffffffffffffffff1681526020018573ffffffffffffffffffffffffffffffffffffffff168152602001806020018473ffffffffffffffffffffffffffffffffffffffff16815260200183810383528d8d82818152602001925080828437600081840152601f19601f820116905080830192505050838103825285818151815260200191508051906020019080838360005b838110156126f85780820151818401526020810190506126dd565b50505050905090810190601f1680156127255780820380516001836020036101000a031916815260200191505b509e505050505050505050505050505050600060405180830381600087803b15801561275057600080fd5b505af1158015612764573d6000803e3d6000fd5b505050505b6101f46127916109c48b01603f60068d901b8161278257fe5b04614c5b90919063ffffffff16565b015a10156127c3576127c27f4753303130000000000000000000000000000000000000000000000000000000614316565b5b60005a905061282c8f8f8f8f8080601f016020809104026020016040519081016040528093929190818152602001838380828437600081840152601f19601f820116905080830192505050505050508e60008d14612821578e612827565b6109c45a035b61487f565b93506128415a82614c7590919063ffffffff16565b905083158015612851575060008a145b801561285d5750600088145b1561286e576040513d6000823e3d81fd5b60008089111561288857612885828b8b8b8b614c95565b90505b84156128cb57837f442e715f626346e8c54381002da614f62bee8d27386535b2521ec8540898556e826040518082815260200191505060405180910390a2612904565b837f23428b18acfb3ea64b08dc0c1d296ea9c09702c09083ca5272e64d115b687d23826040518082815260200191505060405180910390a25b5050600073ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff16146129b0578073ffffffffffffffffffffffffffffffffffffffff16639327136883856040518363ffffffff1660e01b815260040180838152602001821515815260200192505050600060405180830381600087803b15801561299757600080fd5b505af11580156129ab573d6000803e3d6000fd5b505050505b50509b9a5050505050505050505050565b6008602052816000526040600020602052806000526040600020600091509150505481565b6129f1338583613ee0565b50505050565b6060600060035467ffffffffffffffff81118015612a1457600080fd5b50604051908082528060200260200182016040528015612a435781602001602082028036833780820191505090505b50905060008060026000600173ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1690505b600173ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff1614612b955780838381518110612aee57fe5b602002602001019073ffffffffffffffffffffffffffffffffffffffff16908173ffffffffffffffffffffffffffffffffffffffff1681525050600260008273ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff169050816001019150612aad565b82935050505090565b60055481565b600080825160208401855af46040518181523d60208201523d6000604083013e60403d0181fd5b3373ffffffffffffffffffffffffffffffffffffffff167f141df868a6331af528e38c83b7aa03edc19be66e37ae67f9285bf4f8e3c6a1a88b8b8b8b8960405180806020018581526020018473ffffffffffffffffffffffffffffffffffffffff1681526020018373ffffffffffffffffffffffffffffffffffffffff1681526020018281038252878782818152602001925060200280828437600081840152601f19601f820116905080830192505050965050505050505060405180910390a2612cd78a8a80806020026020016040519081016040528093929190818152602001838360200280828437600081840152601f19601f8201169050808301925050505050505089614e49565b600073ffffffffffffffffffffffffffffffffffffffff168473ffffffffffffffffffffffffffffffffffffffff1614612d1557612d14846151f3565b5b612d638787878080601f016020809104026020016040519081016040528093929190818152602001838380828437600081840152601f19601f82011690508083019250505050505050615277565b6000821115612d7d57612d7b82600060018685614c95565b505b50505050505050505050565b60606000600173ffffffffffffffffffffffffffffffffffffffff168473ffffffffffffffffffffffffffffffffffffffff1614158015612dd05750612dce84611e76565b155b15612dff57612dfe7f4753313035000000000000000000000000000000000000000000000000000000614316565b5b6000831415612e3257612e317f4753313036000000000000000000000000000000000000000000000000000000614316565b5b8267ffffffffffffffff81118015612e4957600080fd5b50604051908082528060200260200182016040528015612e785781602001602082028036833780820191505090505b5091506000600160008673ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1691505b600073ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff1614158015612f4a5750600173ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff1614155b8015612f5557508381105b1561300e5781838281518110612f6757fe5b602002602001019073ffffffffffffffffffffffffffffffffffffffff16908173ffffffffffffffffffffffffffffffffffffffff1681525050600160008373ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff169150806001019050612ee0565b600173ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff161461305c5782600182038151811061305157fe5b602002602001015191505b808352509250929050565b600073ffffffffffffffffffffffffffffffffffffffff16600260003373ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff161415613125576131247f4753303330000000000000000000000000000000000000000000000000000000614316565b5b6001600860003373ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff1681526020019081526020016000206000838152602001908152602001600020819055503373ffffffffffffffffffffffffffffffffffffffff16817ff2a0eb156472d1440255b0d7c1e19cc07115d1051fe605b0dce69acfec884d9c60405160405180910390a350565b6000806131cd613e64565b90506040518a8c82378a81207fbb8310d486368db6bd6f849402fdd73ad53d316b5a4b2644ad6efe0f941286d882528e60208301528d60408301528060608301528a60808301528960a08301528860c08301528760e08301528661010083015285610120830152846101408301526101608220604083015261190182528260208301526042601e83012093505050509b9a5050505050505050505050565b6132736142b7565b600073ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff1614806132da5750600173ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff16145b15613309576133087f4753313031000000000000000000000000000000000000000000000000000000614316565b5b8073ffffffffffffffffffffffffffffffffffffffff16600160008473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16146133c5576133c47f4753313033000000000000000000000000000000000000000000000000000000614316565b5b600160008273ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff16600160008473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff1602179055506000600160008373ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff1602179055508073ffffffffffffffffffffffffffffffffffffffff167faab4fa2b463f581b2b32cb3b7e3b704b9ce37cc209b5fb4d77e593ace405427660405160405180910390a25050565b6135706142b7565b600073ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff161415801561367557508073ffffffffffffffffffffffffffffffffffffffff166301ffc9a77f58401ed8000000000000000000000000000000000000000000000000000000006040518263ffffffff1660e01b815260040180827bffffffffffffffffffffffffffffffffffffffffffffffffffffffff1916815260200191505060206040518083038186803b15801561363857600080fd5b505afa15801561364c573d6000803e3d6000fd5b505050506040513d602081101561366257600080fd5b8101908080519060200190929190505050155b156136a4576136a37f4753333031000000000000000000000000000000000000000000000000000000614316565b5b60007fb104e0b93118902c651344349b610029d694cfdec91c589c91ebafbcd028994760001b90508181558173ffffffffffffffffffffffffffffffffffffffff167fcd1966d6be16bc0c030cc741a06c6e0efaf8d00de2c8b6a9e11827e125de8bb860405160405180910390a25050565b61371e6142b7565b600073ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff161415801561382357508073ffffffffffffffffffffffffffffffffffffffff166301ffc9a77fe6d7a83a000000000000000000000000000000000000000000000000000000006040518263ffffffff1660e01b815260040180827bffffffffffffffffffffffffffffffffffffffffffffffffffffffff1916815260200191505060206040518083038186803b1580156137e657600080fd5b505afa1580156137fa573d6000803e3d6000fd5b505050506040513d602081101561381057600080fd5b8101908080519060200190929190505050155b15613852576138517f4753333030000000000000000000000000000000000000000000000000000000614316565b5b807f4a204f620c8c5ccdca3fd54d003badd85ba500436a431f0cbda4f558c93c34c8558073ffffffffffffffffffffffffffffffffffffffff167f1151116914515bc0891ff9047a6cb32cf902546f83066499bcf8ba33d2353fa260405160405180910390a250565b6138c36142b7565b600073ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff16148061392a5750600173ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff16145b8061396057503073ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff16145b1561398f5761398e7f4753323033000000000000000000000000000000000000000000000000000000614316565b5b600073ffffffffffffffffffffffffffffffffffffffff16600260008373ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff1614613a4c57613a4b7f4753323034000000000000000000000000000000000000000000000000000000614316565b5b600073ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff161480613ab35750600173ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff16145b15613ae257613ae17f4753323033000000000000000000000000000000000000000000000000000000614316565b5b8173ffffffffffffffffffffffffffffffffffffffff16600260008573ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff1614613b9e57613b9d7f4753323035000000000000000000000000000000000000000000000000000000614316565b5b600260008373ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff16600260008373ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff16021790555080600260008573ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff1602179055506000600260008473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff1602179055508173ffffffffffffffffffffffffffffffffffffffff167ff8d49fc529812e9a7c5c50e69c20f0dccc0db8fa95c98bc58cc9a4f1c1299eaf60405160405180910390a28073ffffffffffffffffffffffffffffffffffffffff167f9465fa0c962cc76958e6373a993326400c1c94f8be2fe3a952adfa7f60b2ea2660405160405180910390a2505050565b6000600454905090565b613e156142b7565b613e1e816151f3565b8073ffffffffffffffffffffffffffffffffffffffff167f5ac6c46c93c8d0e53714ba3b53db3e7c046da994313d7ed0d192028bc7c228b060405160405180910390a250565b6000804690507f47e79534a245952e8b16893a336b85a3d9ea9fa8c573f3d803afb92a7946921860001b8130604051602001808481526020018381526020018273ffffffffffffffffffffffffffffffffffffffff16815260200193505050506040516020818303038152906040528051906020012091505090565b600060045490506000811415613f1a57613f197f4753303031000000000000000000000000000000000000000000000000000000614316565b5b613f2684848484611a54565b50505050565b613f346142b7565b80600360008154600190039190508190551015613f7557613f747f4753323031000000000000000000000000000000000000000000000000000000614316565b5b600073ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff161480613fdc5750600173ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff16145b1561400b5761400a7f4753323033000000000000000000000000000000000000000000000000000000614316565b5b8173ffffffffffffffffffffffffffffffffffffffff16600260008573ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16146140c7576140c67f4753323035000000000000000000000000000000000000000000000000000000614316565b5b600260008373ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff16600260008573ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff1602179055506000600260008473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff1602179055508173ffffffffffffffffffffffffffffffffffffffff167ff8d49fc529812e9a7c5c50e69c20f0dccc0db8fa95c98bc58cc9a4f1c1299eaf60405160405180910390a280600454146142795761427881612482565b5b505050565b6040518060400160405280600581526020017f312e352e3000000000000000000000000000000000000000000000000000000081525081565b3073ffffffffffffffffffffffffffffffffffffffff163373ffffffffffffffffffffffffffffffffffffffff1614614314576143137f4753303331000000000000000000000000000000000000000000000000000000614316565b5b565b6040517f08c379a00000000000000000000000000000000000000000000000000000000081526020600482015260056024820152816044820152606481fd5b6000808314156143685760009050614389565b600082840290508284828161437957fe5b041461438457600080fd5b809150505b92915050565b6000806000836041026020810186015192506040810186015191506060810186015160001a9350509250925092565b81516143d460208361548190919063ffffffff16565b1115614404576144037f4753303232000000000000000000000000000000000000000000000000000000614316565b5b600060208284010151905082516144378261442960208661548190919063ffffffff16565b61548190919063ffffffff16565b1115614467576144667f4753303233000000000000000000000000000000000000000000000000000000614316565b5b60606020838501019050631626ba7e60e01b7bffffffffffffffffffffffffffffffffffffffffffffffffffffffff19168673ffffffffffffffffffffffffffffffffffffffff16631626ba7e87846040518363ffffffff1660e01b81526004018083815260200180602001828103825283818151815260200191508051906020019080838360005b8381101561450b5780820151818401526020810190506144f0565b50505050905090810190601f1680156145385780820380516001836020036101000a031916815260200191505b50935050505060206040518083038186803b15801561455657600080fd5b505afa15801561456a573d6000803e3d6000fd5b505050506040513d602081101561458057600080fd5b81019080805190602001909291905050507bffffffffffffffffffffffffffffffffffffffffffffffffffffffff1916146145df576145de7f4753303234000000000000000000000000000000000000000000000000000000614316565b5b505050505050565b6000806145f6868686866154a0565b6145fe615599565b9150600173ffffffffffffffffffffffffffffffffffffffff163373ffffffffffffffffffffffffffffffffffffffff1614806146c65750600073ffffffffffffffffffffffffffffffffffffffff16600160003373ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16145b156146f5576146f47f4753313034000000000000000000000000000000000000000000000000000000614316565b5b600073ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff1614614876578173ffffffffffffffffffffffffffffffffffffffff1663728c297287878787336040518663ffffffff1660e01b8152600401808673ffffffffffffffffffffffffffffffffffffffff1681526020018581526020018060200184600181111561478f57fe5b81526020018373ffffffffffffffffffffffffffffffffffffffff168152602001828103825285818151815260200191508051906020019080838360005b838110156147e85780820151818401526020810190506147cd565b50505050905090810190601f1680156148155780820380516001836020036101000a031916815260200191505b509650505050505050602060405180830381600087803b15801561483857600080fd5b505af115801561484c573d6000803e3d6000fd5b505050506040513d602081101561486257600080fd5b810190808051906020019092919050505090505b94509492505050565b600060018081111561488d57fe5b83600181111561489957fe5b14156148b2576000808551602087018986f490506148c2565b600080855160208701888a87f190505b95945050505050565b600073ffffffffffffffffffffffffffffffffffffffff168373ffffffffffffffffffffffffffffffffffffffff1614614975578273ffffffffffffffffffffffffffffffffffffffff16632acc37aa83836040518363ffffffff1660e01b815260040180838152602001821515815260200192505050600060405180830381600087803b15801561495c57600080fd5b505af1158015614970573d6000803e3d6000fd5b505050505b80156149c3573373ffffffffffffffffffffffffffffffffffffffff167f6895c13664aa4f67288b25d7a21d7aaa34916e355fb9b6fae0a139a9085becb860405160405180910390a2614a07565b3373ffffffffffffffffffffffffffffffffffffffff167facd2c8702804128fdb0db2bb49f6d127dd0181c13fd45dbfe16de0930e2bd37560405160405180910390a25b505050565b606060055433600454604051602001808481526020018373ffffffffffffffffffffffffffffffffffffffff168152602001828152602001935050505060405160208183030381529060405290507f66753cd2356569ee081232e3be8909b950e0a76c1f8460c3a5e3c2be32b11bed8c8c8c8c8c8c8c8c8c8c8c8c604051808d73ffffffffffffffffffffffffffffffffffffffff1681526020018c8152602001806020018a6001811115614abd57fe5b81526020018981526020018881526020018781526020018673ffffffffffffffffffffffffffffffffffffffff1681526020018573ffffffffffffffffffffffffffffffffffffffff168152602001806020018060200184810384528e8e82818152602001925080828437600081840152601f19601f820116905080830192505050848103835286818151815260200191508051906020019080838360005b83811015614b77578082015181840152602081019050614b5c565b50505050905090810190601f168015614ba45780820380516001836020036101000a031916815260200191505b50848103825285818151815260200191508051906020019080838360005b83811015614bdd578082015181840152602081019050614bc2565b50505050905090810190601f168015614c0a5780820380516001836020036101000a031916815260200191505b509f5050505050505050505050505050505060405180910390a1505050505050505050505050565b60007f4a204f620c8c5ccdca3fd54d003badd85ba500436a431f0cbda4f558c93c34c854905090565b600081831015614c6b5781614c6d565b825b905092915050565b600082821115614c8457600080fd5b600082840390508091505092915050565b600080600073ffffffffffffffffffffffffffffffffffffffff168373ffffffffffffffffffffffffffffffffffffffff1614614cd25782614cd4565b325b9050600073ffffffffffffffffffffffffffffffffffffffff168473ffffffffffffffffffffffffffffffffffffffff161415614dde57614d3e3a8610614d1b573a614d1d565b855b614d30888a61548190919063ffffffff16565b61435590919063ffffffff16565b915060008173ffffffffffffffffffffffffffffffffffffffff168360405180600001905060006040518083038185875af1925050503d8060008114614da0576040519150601f19603f3d011682016040523d82523d6000602084013e614da5565b606091505b5050905080614dd857614dd77f4753303131000000000000000000000000000000000000000000000000000000614316565b5b50614e3f565b614e0385614df5888a61548190919063ffffffff16565b61435590919063ffffffff16565b9150614e108482846155ca565b614e3e57614e3d7f4753303132000000000000000000000000000000000000000000000000000000614316565b5b5b5095945050505050565b60006004541115614e7e57614e7d7f4753323030000000000000000000000000000000000000000000000000000000614316565b5b8151811115614eb157614eb07f4753323031000000000000000000000000000000000000000000000000000000614316565b5b6000811415614ee457614ee37f4753323032000000000000000000000000000000000000000000000000000000614316565b5b60006001905060008351905060005b8181101561515f576000858281518110614f0957fe5b60200260200101519050600073ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff161480614f7a5750600173ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff16145b80614fb057503073ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff16145b80614fe657508073ffffffffffffffffffffffffffffffffffffffff168473ffffffffffffffffffffffffffffffffffffffff16145b15615015576150147f4753323033000000000000000000000000000000000000000000000000000000614316565b5b600073ffffffffffffffffffffffffffffffffffffffff16600260008373ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16146150d2576150d17f4753323034000000000000000000000000000000000000000000000000000000614316565b5b80600260008673ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff16021790555080935050806001019050614ef3565b506001600260008473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff160217905550806003819055508260048190555050505050565b3073ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff161415615251576152507f4753343030000000000000000000000000000000000000000000000000000000614316565b5b807f6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d55550565b600073ffffffffffffffffffffffffffffffffffffffff1660016000600173ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060009054906101000a900473ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff1614615335576153347f4753313030000000000000000000000000000000000000000000000000000000614316565b5b6001806000600173ffffffffffffffffffffffffffffffffffffffff1673ffffffffffffffffffffffffffffffffffffffff16815260200190815260200160002060006101000a81548173ffffffffffffffffffffffffffffffffffffffff021916908373ffffffffffffffffffffffffffffffffffffffff160217905550600073ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff161461547d576153f18261568e565b61541f5761541e7f4753303032000000000000000000000000000000000000000000000000000000614316565b5b61544e8260008360017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff61487f565b61547c5761547b7f4753303030000000000000000000000000000000000000000000000000000000614316565b5b5b5050565b60008082840190508381101561549657600080fd5b8091505092915050565b7fb648d3644f584ed1c2232d53c46d87e693586486ad0d1175f8656013110b714e3385858585604051808673ffffffffffffffffffffffffffffffffffffffff1681526020018573ffffffffffffffffffffffffffffffffffffffff1681526020018481526020018060200183600181111561551857fe5b8152602001828103825284818151815260200191508051906020019080838360005b8381101561555557808201518184015260208101905061553a565b50505050905090810190601f1680156155825780820380516001836020036101000a031916815260200191505b50965050505050505060405180910390a150505050565b6000807fb104e0b93118902c651344349b610029d694cfdec91c589c91ebafbcd028994760001b9050805491505090565b60008063a9059cbb8484604051602401808373ffffffffffffffffffffffffffffffffffffffff168152602001828152602001925050506040516020818303038152906040529060e01b6020820180517bffffffffffffffffffffffffffffffffffffffffffffffffffffffff83818316178352505050509050602060008251602084016000896127105a03f13d6000811461567157602081146156795760009350615684565b819350615684565b600051158215171593505b5050509392505050565b600080823b90506000811191505091905056fea2646970667358221220ef709aaa9ae1fcd6146759064f557c4d38d3d132d7d4b983d0abdcaa62c3a81564736f6c63430007060033",
}

// Safe is an auto generated Go binding around an Ethereum contract.
type Safe struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *Safe) GetABI() abi.ABI {
	return c.abi
}

// NewSafe creates a new instance of Safe.
func NewSafe() *Safe {
	parsed, err := SafeMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &Safe{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *Safe) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackVERSION is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xffa1ad74.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function VERSION() view returns(string)
func (safe *Safe) PackVERSION() []byte {
	enc, err := safe.abi.Pack("VERSION")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackVERSION is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xffa1ad74.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function VERSION() view returns(string)
func (safe *Safe) TryPackVERSION() ([]byte, error) {
	return safe.abi.Pack("VERSION")
}

// UnpackVERSION is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xffa1ad74.
//
// Solidity: function VERSION() view returns(string)
func (safe *Safe) UnpackVERSION(data []byte) (string, error) {
	out, err := safe.abi.Unpack("VERSION", data)
	if err != nil {
		return *new(string), err
	}
	out0 := *abi.ConvertType(out[0], new(string)).(*string)
	return out0, nil
}

// PackAddOwnerWithThreshold is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x0d582f13.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function addOwnerWithThreshold(address owner, uint256 _threshold) returns()
func (safe *Safe) PackAddOwnerWithThreshold(owner common.Address, threshold *big.Int) []byte {
	enc, err := safe.abi.Pack("addOwnerWithThreshold", owner, threshold)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackAddOwnerWithThreshold is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x0d582f13.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function addOwnerWithThreshold(address owner, uint256 _threshold) returns()
func (safe *Safe) TryPackAddOwnerWithThreshold(owner common.Address, threshold *big.Int) ([]byte, error) {
	return safe.abi.Pack("addOwnerWithThreshold", owner, threshold)
}

// PackApproveHash is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xd4d9bdcd.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function approveHash(bytes32 hashToApprove) returns()
func (safe *Safe) PackApproveHash(hashToApprove [32]byte) []byte {
	enc, err := safe.abi.Pack("approveHash", hashToApprove)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackApproveHash is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xd4d9bdcd.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function approveHash(bytes32 hashToApprove) returns()
func (safe *Safe) TryPackApproveHash(hashToApprove [32]byte) ([]byte, error) {
	return safe.abi.Pack("approveHash", hashToApprove)
}

// PackApprovedHashes is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x7d832974.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function approvedHashes(address , bytes32 ) view returns(uint256)
func (safe *Safe) PackApprovedHashes(arg0 common.Address, arg1 [32]byte) []byte {
	enc, err := safe.abi.Pack("approvedHashes", arg0, arg1)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackApprovedHashes is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x7d832974.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function approvedHashes(address , bytes32 ) view returns(uint256)
func (safe *Safe) TryPackApprovedHashes(arg0 common.Address, arg1 [32]byte) ([]byte, error) {
	return safe.abi.Pack("approvedHashes", arg0, arg1)
}

// UnpackApprovedHashes is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x7d832974.
//
// Solidity: function approvedHashes(address , bytes32 ) view returns(uint256)
func (safe *Safe) UnpackApprovedHashes(data []byte) (*big.Int, error) {
	out, err := safe.abi.Unpack("approvedHashes", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackChangeThreshold is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x694e80c3.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function changeThreshold(uint256 _threshold) returns()
func (safe *Safe) PackChangeThreshold(threshold *big.Int) []byte {
	enc, err := safe.abi.Pack("changeThreshold", threshold)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackChangeThreshold is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x694e80c3.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function changeThreshold(uint256 _threshold) returns()
func (safe *Safe) TryPackChangeThreshold(threshold *big.Int) ([]byte, error) {
	return safe.abi.Pack("changeThreshold", threshold)
}

// PackCheckNSignatures is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x12fb68e0.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function checkNSignatures(bytes32 dataHash, bytes data, bytes signatures, uint256 requiredSignatures) view returns()
func (safe *Safe) PackCheckNSignatures(dataHash [32]byte, data []byte, signatures []byte, requiredSignatures *big.Int) []byte {
	enc, err := safe.abi.Pack("checkNSignatures", dataHash, data, signatures, requiredSignatures)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCheckNSignatures is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x12fb68e0.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function checkNSignatures(bytes32 dataHash, bytes data, bytes signatures, uint256 requiredSignatures) view returns()
func (safe *Safe) TryPackCheckNSignatures(dataHash [32]byte, data []byte, signatures []byte, requiredSignatures *big.Int) ([]byte, error) {
	return safe.abi.Pack("checkNSignatures", dataHash, data, signatures, requiredSignatures)
}

// PackCheckNSignatures0 is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x1fcac7f3.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function checkNSignatures(address executor, bytes32 dataHash, bytes signatures, uint256 requiredSignatures) view returns()
func (safe *Safe) PackCheckNSignatures0(executor common.Address, dataHash [32]byte, signatures []byte, requiredSignatures *big.Int) []byte {
	enc, err := safe.abi.Pack("checkNSignatures0", executor, dataHash, signatures, requiredSignatures)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCheckNSignatures0 is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x1fcac7f3.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function checkNSignatures(address executor, bytes32 dataHash, bytes signatures, uint256 requiredSignatures) view returns()
func (safe *Safe) TryPackCheckNSignatures0(executor common.Address, dataHash [32]byte, signatures []byte, requiredSignatures *big.Int) ([]byte, error) {
	return safe.abi.Pack("checkNSignatures0", executor, dataHash, signatures, requiredSignatures)
}

// PackCheckSignatures is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x934f3a11.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function checkSignatures(bytes32 dataHash, bytes data, bytes signatures) view returns()
func (safe *Safe) PackCheckSignatures(dataHash [32]byte, data []byte, signatures []byte) []byte {
	enc, err := safe.abi.Pack("checkSignatures", dataHash, data, signatures)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCheckSignatures is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x934f3a11.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function checkSignatures(bytes32 dataHash, bytes data, bytes signatures) view returns()
func (safe *Safe) TryPackCheckSignatures(dataHash [32]byte, data []byte, signatures []byte) ([]byte, error) {
	return safe.abi.Pack("checkSignatures", dataHash, data, signatures)
}

// PackCheckSignatures0 is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf855438b.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function checkSignatures(address executor, bytes32 dataHash, bytes signatures) view returns()
func (safe *Safe) PackCheckSignatures0(executor common.Address, dataHash [32]byte, signatures []byte) []byte {
	enc, err := safe.abi.Pack("checkSignatures0", executor, dataHash, signatures)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCheckSignatures0 is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf855438b.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function checkSignatures(address executor, bytes32 dataHash, bytes signatures) view returns()
func (safe *Safe) TryPackCheckSignatures0(executor common.Address, dataHash [32]byte, signatures []byte) ([]byte, error) {
	return safe.abi.Pack("checkSignatures0", executor, dataHash, signatures)
}

// PackDisableModule is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe009cfde.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function disableModule(address prevModule, address module) returns()
func (safe *Safe) PackDisableModule(prevModule common.Address, module common.Address) []byte {
	enc, err := safe.abi.Pack("disableModule", prevModule, module)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackDisableModule is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe009cfde.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function disableModule(address prevModule, address module) returns()
func (safe *Safe) TryPackDisableModule(prevModule common.Address, module common.Address) ([]byte, error) {
	return safe.abi.Pack("disableModule", prevModule, module)
}

// PackDomainSeparator is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf698da25.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function domainSeparator() view returns(bytes32)
func (safe *Safe) PackDomainSeparator() []byte {
	enc, err := safe.abi.Pack("domainSeparator")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackDomainSeparator is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf698da25.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function domainSeparator() view returns(bytes32)
func (safe *Safe) TryPackDomainSeparator() ([]byte, error) {
	return safe.abi.Pack("domainSeparator")
}

// UnpackDomainSeparator is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xf698da25.
//
// Solidity: function domainSeparator() view returns(bytes32)
func (safe *Safe) UnpackDomainSeparator(data []byte) ([32]byte, error) {
	out, err := safe.abi.Unpack("domainSeparator", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackEnableModule is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x610b5925.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function enableModule(address module) returns()
func (safe *Safe) PackEnableModule(module common.Address) []byte {
	enc, err := safe.abi.Pack("enableModule", module)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackEnableModule is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x610b5925.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function enableModule(address module) returns()
func (safe *Safe) TryPackEnableModule(module common.Address) ([]byte, error) {
	return safe.abi.Pack("enableModule", module)
}

// PackExecTransaction is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6a761202.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns(bool success)
func (safe *Safe) PackExecTransaction(to common.Address, value *big.Int, data []byte, operation uint8, safeTxGas *big.Int, baseGas *big.Int, gasPrice *big.Int, gasToken common.Address, refundReceiver common.Address, signatures []byte) []byte {
	enc, err := safe.abi.Pack("execTransaction", to, value, data, operation, safeTxGas, baseGas, gasPrice, gasToken, refundReceiver, signatures)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackExecTransaction is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6a761202.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns(bool success)
func (safe *Safe) TryPackExecTransaction(to common.Address, value *big.Int, data []byte, operation uint8, safeTxGas *big.Int, baseGas *big.Int, gasPrice *big.Int, gasToken common.Address, refundReceiver common.Address, signatures []byte) ([]byte, error) {
	return safe.abi.Pack("execTransaction", to, value, data, operation, safeTxGas, baseGas, gasPrice, gasToken, refundReceiver, signatures)
}

// UnpackExecTransaction is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x6a761202.
//
// Solidity: function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns(bool success)
func (safe *Safe) UnpackExecTransaction(data []byte) (bool, error) {
	out, err := safe.abi.Unpack("execTransaction", data)
	if err != nil {
		return *new(bool), err
	}
	out0 := *abi.ConvertType(out[0], new(bool)).(*bool)
	return out0, nil
}

// PackExecTransactionFromModule is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x468721a7.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function execTransactionFromModule(address to, uint256 value, bytes data, uint8 operation) returns(bool success)
func (safe *Safe) PackExecTransactionFromModule(to common.Address, value *big.Int, data []byte, operation uint8) []byte {
	enc, err := safe.abi.Pack("execTransactionFromModule", to, value, data, operation)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackExecTransactionFromModule is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x468721a7.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function execTransactionFromModule(address to, uint256 value, bytes data, uint8 operation) returns(bool success)
func (safe *Safe) TryPackExecTransactionFromModule(to common.Address, value *big.Int, data []byte, operation uint8) ([]byte, error) {
	return safe.abi.Pack("execTransactionFromModule", to, value, data, operation)
}

// UnpackExecTransactionFromModule is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x468721a7.
//
// Solidity: function execTransactionFromModule(address to, uint256 value, bytes data, uint8 operation) returns(bool success)
func (safe *Safe) UnpackExecTransactionFromModule(data []byte) (bool, error) {
	out, err := safe.abi.Unpack("execTransactionFromModule", data)
	if err != nil {
		return *new(bool), err
	}
	out0 := *abi.ConvertType(out[0], new(bool)).(*bool)
	return out0, nil
}

// PackExecTransactionFromModuleReturnData is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5229073f.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function execTransactionFromModuleReturnData(address to, uint256 value, bytes data, uint8 operation) returns(bool success, bytes returnData)
func (safe *Safe) PackExecTransactionFromModuleReturnData(to common.Address, value *big.Int, data []byte, operation uint8) []byte {
	enc, err := safe.abi.Pack("execTransactionFromModuleReturnData", to, value, data, operation)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackExecTransactionFromModuleReturnData is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5229073f.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function execTransactionFromModuleReturnData(address to, uint256 value, bytes data, uint8 operation) returns(bool success, bytes returnData)
func (safe *Safe) TryPackExecTransactionFromModuleReturnData(to common.Address, value *big.Int, data []byte, operation uint8) ([]byte, error) {
	return safe.abi.Pack("execTransactionFromModuleReturnData", to, value, data, operation)
}

// ExecTransactionFromModuleReturnDataOutput serves as a container for the return parameters of contract
// method ExecTransactionFromModuleReturnData.
type ExecTransactionFromModuleReturnDataOutput struct {
	Success    bool
	ReturnData []byte
}

// UnpackExecTransactionFromModuleReturnData is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x5229073f.
//
// Solidity: function execTransactionFromModuleReturnData(address to, uint256 value, bytes data, uint8 operation) returns(bool success, bytes returnData)
func (safe *Safe) UnpackExecTransactionFromModuleReturnData(data []byte) (ExecTransactionFromModuleReturnDataOutput, error) {
	out, err := safe.abi.Unpack("execTransactionFromModuleReturnData", data)
	outstruct := new(ExecTransactionFromModuleReturnDataOutput)
	if err != nil {
		return *outstruct, err
	}
	outstruct.Success = *abi.ConvertType(out[0], new(bool)).(*bool)
	outstruct.ReturnData = *abi.ConvertType(out[1], new([]byte)).(*[]byte)
	return *outstruct, nil
}

// PackGetModulesPaginated is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xcc2f8452.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getModulesPaginated(address start, uint256 pageSize) view returns(address[] array, address next)
func (safe *Safe) PackGetModulesPaginated(start common.Address, pageSize *big.Int) []byte {
	enc, err := safe.abi.Pack("getModulesPaginated", start, pageSize)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetModulesPaginated is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xcc2f8452.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getModulesPaginated(address start, uint256 pageSize) view returns(address[] array, address next)
func (safe *Safe) TryPackGetModulesPaginated(start common.Address, pageSize *big.Int) ([]byte, error) {
	return safe.abi.Pack("getModulesPaginated", start, pageSize)
}

// GetModulesPaginatedOutput serves as a container for the return parameters of contract
// method GetModulesPaginated.
type GetModulesPaginatedOutput struct {
	Array []common.Address
	Next  common.Address
}

// UnpackGetModulesPaginated is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xcc2f8452.
//
// Solidity: function getModulesPaginated(address start, uint256 pageSize) view returns(address[] array, address next)
func (safe *Safe) UnpackGetModulesPaginated(data []byte) (GetModulesPaginatedOutput, error) {
	out, err := safe.abi.Unpack("getModulesPaginated", data)
	outstruct := new(GetModulesPaginatedOutput)
	if err != nil {
		return *outstruct, err
	}
	outstruct.Array = *abi.ConvertType(out[0], new([]common.Address)).(*[]common.Address)
	outstruct.Next = *abi.ConvertType(out[1], new(common.Address)).(*common.Address)
	return *outstruct, nil
}

// PackGetOwners is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xa0e67e2b.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getOwners() view returns(address[])
func (safe *Safe) PackGetOwners() []byte {
	enc, err := safe.abi.Pack("getOwners")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetOwners is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xa0e67e2b.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getOwners() view returns(address[])
func (safe *Safe) TryPackGetOwners() ([]byte, error) {
	return safe.abi.Pack("getOwners")
}

// UnpackGetOwners is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xa0e67e2b.
//
// Solidity: function getOwners() view returns(address[])
func (safe *Safe) UnpackGetOwners(data []byte) ([]common.Address, error) {
	out, err := safe.abi.Unpack("getOwners", data)
	if err != nil {
		return *new([]common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new([]common.Address)).(*[]common.Address)
	return out0, nil
}

// PackGetStorageAt is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5624b25b.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getStorageAt(uint256 offset, uint256 length) view returns(bytes)
func (safe *Safe) PackGetStorageAt(offset *big.Int, length *big.Int) []byte {
	enc, err := safe.abi.Pack("getStorageAt", offset, length)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetStorageAt is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5624b25b.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getStorageAt(uint256 offset, uint256 length) view returns(bytes)
func (safe *Safe) TryPackGetStorageAt(offset *big.Int, length *big.Int) ([]byte, error) {
	return safe.abi.Pack("getStorageAt", offset, length)
}

// UnpackGetStorageAt is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x5624b25b.
//
// Solidity: function getStorageAt(uint256 offset, uint256 length) view returns(bytes)
func (safe *Safe) UnpackGetStorageAt(data []byte) ([]byte, error) {
	out, err := safe.abi.Unpack("getStorageAt", data)
	if err != nil {
		return *new([]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([]byte)).(*[]byte)
	return out0, nil
}

// PackGetThreshold is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe75235b8.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getThreshold() view returns(uint256)
func (safe *Safe) PackGetThreshold() []byte {
	enc, err := safe.abi.Pack("getThreshold")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetThreshold is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe75235b8.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getThreshold() view returns(uint256)
func (safe *Safe) TryPackGetThreshold() ([]byte, error) {
	return safe.abi.Pack("getThreshold")
}

// UnpackGetThreshold is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xe75235b8.
//
// Solidity: function getThreshold() view returns(uint256)
func (safe *Safe) UnpackGetThreshold(data []byte) (*big.Int, error) {
	out, err := safe.abi.Unpack("getThreshold", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackGetTransactionHash is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xd8d11f78.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getTransactionHash(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, uint256 _nonce) view returns(bytes32 txHash)
func (safe *Safe) PackGetTransactionHash(to common.Address, value *big.Int, data []byte, operation uint8, safeTxGas *big.Int, baseGas *big.Int, gasPrice *big.Int, gasToken common.Address, refundReceiver common.Address, nonce *big.Int) []byte {
	enc, err := safe.abi.Pack("getTransactionHash", to, value, data, operation, safeTxGas, baseGas, gasPrice, gasToken, refundReceiver, nonce)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetTransactionHash is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xd8d11f78.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getTransactionHash(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, uint256 _nonce) view returns(bytes32 txHash)
func (safe *Safe) TryPackGetTransactionHash(to common.Address, value *big.Int, data []byte, operation uint8, safeTxGas *big.Int, baseGas *big.Int, gasPrice *big.Int, gasToken common.Address, refundReceiver common.Address, nonce *big.Int) ([]byte, error) {
	return safe.abi.Pack("getTransactionHash", to, value, data, operation, safeTxGas, baseGas, gasPrice, gasToken, refundReceiver, nonce)
}

// UnpackGetTransactionHash is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xd8d11f78.
//
// Solidity: function getTransactionHash(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, uint256 _nonce) view returns(bytes32 txHash)
func (safe *Safe) UnpackGetTransactionHash(data []byte) ([32]byte, error) {
	out, err := safe.abi.Unpack("getTransactionHash", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackIsModuleEnabled is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x2d9ad53d.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function isModuleEnabled(address module) view returns(bool)
func (safe *Safe) PackIsModuleEnabled(module common.Address) []byte {
	enc, err := safe.abi.Pack("isModuleEnabled", module)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackIsModuleEnabled is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x2d9ad53d.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function isModuleEnabled(address module) view returns(bool)
func (safe *Safe) TryPackIsModuleEnabled(module common.Address) ([]byte, error) {
	return safe.abi.Pack("isModuleEnabled", module)
}

// UnpackIsModuleEnabled is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x2d9ad53d.
//
// Solidity: function isModuleEnabled(address module) view returns(bool)
func (safe *Safe) UnpackIsModuleEnabled(data []byte) (bool, error) {
	out, err := safe.abi.Unpack("isModuleEnabled", data)
	if err != nil {
		return *new(bool), err
	}
	out0 := *abi.ConvertType(out[0], new(bool)).(*bool)
	return out0, nil
}

// PackIsOwner is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x2f54bf6e.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function isOwner(address owner) view returns(bool)
func (safe *Safe) PackIsOwner(owner common.Address) []byte {
	enc, err := safe.abi.Pack("isOwner", owner)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackIsOwner is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x2f54bf6e.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function isOwner(address owner) view returns(bool)
func (safe *Safe) TryPackIsOwner(owner common.Address) ([]byte, error) {
	return safe.abi.Pack("isOwner", owner)
}

// UnpackIsOwner is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x2f54bf6e.
//
// Solidity: function isOwner(address owner) view returns(bool)
func (safe *Safe) UnpackIsOwner(data []byte) (bool, error) {
	out, err := safe.abi.Unpack("isOwner", data)
	if err != nil {
		return *new(bool), err
	}
	out0 := *abi.ConvertType(out[0], new(bool)).(*bool)
	return out0, nil
}

// PackNonce is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xaffed0e0.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function nonce() view returns(uint256)
func (safe *Safe) PackNonce() []byte {
	enc, err := safe.abi.Pack("nonce")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackNonce is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xaffed0e0.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function nonce() view returns(uint256)
func (safe *Safe) TryPackNonce() ([]byte, error) {
	return safe.abi.Pack("nonce")
}

// UnpackNonce is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xaffed0e0.
//
// Solidity: function nonce() view returns(uint256)
func (safe *Safe) UnpackNonce(data []byte) (*big.Int, error) {
	out, err := safe.abi.Unpack("nonce", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackRemoveOwner is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf8dc5dd9.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function removeOwner(address prevOwner, address owner, uint256 _threshold) returns()
func (safe *Safe) PackRemoveOwner(prevOwner common.Address, owner common.Address, threshold *big.Int) []byte {
	enc, err := safe.abi.Pack("removeOwner", prevOwner, owner, threshold)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackRemoveOwner is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf8dc5dd9.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function removeOwner(address prevOwner, address owner, uint256 _threshold) returns()
func (safe *Safe) TryPackRemoveOwner(prevOwner common.Address, owner common.Address, threshold *big.Int) ([]byte, error) {
	return safe.abi.Pack("removeOwner", prevOwner, owner, threshold)
}

// PackSetFallbackHandler is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf08a0323.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function setFallbackHandler(address handler) returns()
func (safe *Safe) PackSetFallbackHandler(handler common.Address) []byte {
	enc, err := safe.abi.Pack("setFallbackHandler", handler)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSetFallbackHandler is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf08a0323.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function setFallbackHandler(address handler) returns()
func (safe *Safe) TryPackSetFallbackHandler(handler common.Address) ([]byte, error) {
	return safe.abi.Pack("setFallbackHandler", handler)
}

// PackSetGuard is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe19a9dd9.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function setGuard(address guard) returns()
func (safe *Safe) PackSetGuard(guard common.Address) []byte {
	enc, err := safe.abi.Pack("setGuard", guard)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSetGuard is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe19a9dd9.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function setGuard(address guard) returns()
func (safe *Safe) TryPackSetGuard(guard common.Address) ([]byte, error) {
	return safe.abi.Pack("setGuard", guard)
}

// PackSetModuleGuard is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe068df37.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function setModuleGuard(address moduleGuard) returns()
func (safe *Safe) PackSetModuleGuard(moduleGuard common.Address) []byte {
	enc, err := safe.abi.Pack("setModuleGuard", moduleGuard)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSetModuleGuard is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe068df37.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function setModuleGuard(address moduleGuard) returns()
func (safe *Safe) TryPackSetModuleGuard(moduleGuard common.Address) ([]byte, error) {
	return safe.abi.Pack("setModuleGuard", moduleGuard)
}

// PackSetup is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb63e800d.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function setup(address[] _owners, uint256 _threshold, address to, bytes data, address fallbackHandler, address paymentToken, uint256 payment, address paymentReceiver) returns()
func (safe *Safe) PackSetup(owners []common.Address, threshold *big.Int, to common.Address, data []byte, fallbackHandler common.Address, paymentToken common.Address, payment *big.Int, paymentReceiver common.Address) []byte {
	enc, err := safe.abi.Pack("setup", owners, threshold, to, data, fallbackHandler, paymentToken, payment, paymentReceiver)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSetup is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb63e800d.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function setup(address[] _owners, uint256 _threshold, address to, bytes data, address fallbackHandler, address paymentToken, uint256 payment, address paymentReceiver) returns()
func (safe *Safe) TryPackSetup(owners []common.Address, threshold *big.Int, to common.Address, data []byte, fallbackHandler common.Address, paymentToken common.Address, payment *big.Int, paymentReceiver common.Address) ([]byte, error) {
	return safe.abi.Pack("setup", owners, threshold, to, data, fallbackHandler, paymentToken, payment, paymentReceiver)
}

// PackSignedMessages is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5ae6bd37.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function signedMessages(bytes32 ) view returns(uint256)
func (safe *Safe) PackSignedMessages(arg0 [32]byte) []byte {
	enc, err := safe.abi.Pack("signedMessages", arg0)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSignedMessages is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5ae6bd37.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function signedMessages(bytes32 ) view returns(uint256)
func (safe *Safe) TryPackSignedMessages(arg0 [32]byte) ([]byte, error) {
	return safe.abi.Pack("signedMessages", arg0)
}

// UnpackSignedMessages is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x5ae6bd37.
//
// Solidity: function signedMessages(bytes32 ) view returns(uint256)
func (safe *Safe) UnpackSignedMessages(data []byte) (*big.Int, error) {
	out, err := safe.abi.Unpack("signedMessages", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackSimulateAndRevert is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb4faba09.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function simulateAndRevert(address targetContract, bytes calldataPayload) returns()
func (safe *Safe) PackSimulateAndRevert(targetContract common.Address, calldataPayload []byte) []byte {
	enc, err := safe.abi.Pack("simulateAndRevert", targetContract, calldataPayload)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSimulateAndRevert is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb4faba09.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function simulateAndRevert(address targetContract, bytes calldataPayload) returns()
func (safe *Safe) TryPackSimulateAndRevert(targetContract common.Address, calldataPayload []byte) ([]byte, error) {
	return safe.abi.Pack("simulateAndRevert", targetContract, calldataPayload)
}

// PackSwapOwner is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe318b52b.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function swapOwner(address prevOwner, address oldOwner, address newOwner) returns()
func (safe *Safe) PackSwapOwner(prevOwner common.Address, oldOwner common.Address, newOwner common.Address) []byte {
	enc, err := safe.abi.Pack("swapOwner", prevOwner, oldOwner, newOwner)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSwapOwner is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe318b52b.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function swapOwner(address prevOwner, address oldOwner, address newOwner) returns()
func (safe *Safe) TryPackSwapOwner(prevOwner common.Address, oldOwner common.Address, newOwner common.Address) ([]byte, error) {
	return safe.abi.Pack("swapOwner", prevOwner, oldOwner, newOwner)
}

// SafeAddedOwner represents a AddedOwner event raised by the Safe contract.
type SafeAddedOwner struct {
	Owner common.Address
	Raw   *types.Log // Blockchain specific contextual infos
}

const SafeAddedOwnerEventName = "AddedOwner"

// ContractEventName returns the user-defined event name.
func (SafeAddedOwner) ContractEventName() string {
	return SafeAddedOwnerEventName
}

// UnpackAddedOwnerEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event AddedOwner(address indexed owner)
func (safe *Safe) UnpackAddedOwnerEvent(log *types.Log) (*SafeAddedOwner, error) {
	event := "AddedOwner"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeAddedOwner)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeApproveHash represents a ApproveHash event raised by the Safe contract.
type SafeApproveHash struct {
	ApprovedHash [32]byte
	Owner        common.Address
	Raw          *types.Log // Blockchain specific contextual infos
}

const SafeApproveHashEventName = "ApproveHash"

// ContractEventName returns the user-defined event name.
func (SafeApproveHash) ContractEventName() string {
	return SafeApproveHashEventName
}

// UnpackApproveHashEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event ApproveHash(bytes32 indexed approvedHash, address indexed owner)
func (safe *Safe) UnpackApproveHashEvent(log *types.Log) (*SafeApproveHash, error) {
	event := "ApproveHash"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeApproveHash)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeChangedFallbackHandler represents a ChangedFallbackHandler event raised by the Safe contract.
type SafeChangedFallbackHandler struct {
	Handler common.Address
	Raw     *types.Log // Blockchain specific contextual infos
}

const SafeChangedFallbackHandlerEventName = "ChangedFallbackHandler"

// ContractEventName returns the user-defined event name.
func (SafeChangedFallbackHandler) ContractEventName() string {
	return SafeChangedFallbackHandlerEventName
}

// UnpackChangedFallbackHandlerEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event ChangedFallbackHandler(address indexed handler)
func (safe *Safe) UnpackChangedFallbackHandlerEvent(log *types.Log) (*SafeChangedFallbackHandler, error) {
	event := "ChangedFallbackHandler"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeChangedFallbackHandler)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeChangedGuard represents a ChangedGuard event raised by the Safe contract.
type SafeChangedGuard struct {
	Guard common.Address
	Raw   *types.Log // Blockchain specific contextual infos
}

const SafeChangedGuardEventName = "ChangedGuard"

// ContractEventName returns the user-defined event name.
func (SafeChangedGuard) ContractEventName() string {
	return SafeChangedGuardEventName
}

// UnpackChangedGuardEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event ChangedGuard(address indexed guard)
func (safe *Safe) UnpackChangedGuardEvent(log *types.Log) (*SafeChangedGuard, error) {
	event := "ChangedGuard"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeChangedGuard)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeChangedModuleGuard represents a ChangedModuleGuard event raised by the Safe contract.
type SafeChangedModuleGuard struct {
	ModuleGuard common.Address
	Raw         *types.Log // Blockchain specific contextual infos
}

const SafeChangedModuleGuardEventName = "ChangedModuleGuard"

// ContractEventName returns the user-defined event name.
func (SafeChangedModuleGuard) ContractEventName() string {
	return SafeChangedModuleGuardEventName
}

// UnpackChangedModuleGuardEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event ChangedModuleGuard(address indexed moduleGuard)
func (safe *Safe) UnpackChangedModuleGuardEvent(log *types.Log) (*SafeChangedModuleGuard, error) {
	event := "ChangedModuleGuard"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeChangedModuleGuard)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeChangedThreshold represents a ChangedThreshold event raised by the Safe contract.
type SafeChangedThreshold struct {
	Threshold *big.Int
	Raw       *types.Log // Blockchain specific contextual infos
}

const SafeChangedThresholdEventName = "ChangedThreshold"

// ContractEventName returns the user-defined event name.
func (SafeChangedThreshold) ContractEventName() string {
	return SafeChangedThresholdEventName
}

// UnpackChangedThresholdEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event ChangedThreshold(uint256 threshold)
func (safe *Safe) UnpackChangedThresholdEvent(log *types.Log) (*SafeChangedThreshold, error) {
	event := "ChangedThreshold"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeChangedThreshold)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeDisabledModule represents a DisabledModule event raised by the Safe contract.
type SafeDisabledModule struct {
	Module common.Address
	Raw    *types.Log // Blockchain specific contextual infos
}

const SafeDisabledModuleEventName = "DisabledModule"

// ContractEventName returns the user-defined event name.
func (SafeDisabledModule) ContractEventName() string {
	return SafeDisabledModuleEventName
}

// UnpackDisabledModuleEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event DisabledModule(address indexed module)
func (safe *Safe) UnpackDisabledModuleEvent(log *types.Log) (*SafeDisabledModule, error) {
	event := "DisabledModule"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeDisabledModule)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeEnabledModule represents a EnabledModule event raised by the Safe contract.
type SafeEnabledModule struct {
	Module common.Address
	Raw    *types.Log // Blockchain specific contextual infos
}

const SafeEnabledModuleEventName = "EnabledModule"

// ContractEventName returns the user-defined event name.
func (SafeEnabledModule) ContractEventName() string {
	return SafeEnabledModuleEventName
}

// UnpackEnabledModuleEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event EnabledModule(address indexed module)
func (safe *Safe) UnpackEnabledModuleEvent(log *types.Log) (*SafeEnabledModule, error) {
	event := "EnabledModule"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeEnabledModule)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeExecutionFailure represents a ExecutionFailure event raised by the Safe contract.
type SafeExecutionFailure struct {
	TxHash  [32]byte
	Payment *big.Int
	Raw     *types.Log // Blockchain specific contextual infos
}

const SafeExecutionFailureEventName = "ExecutionFailure"

// ContractEventName returns the user-defined event name.
func (SafeExecutionFailure) ContractEventName() string {
	return SafeExecutionFailureEventName
}

// UnpackExecutionFailureEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event ExecutionFailure(bytes32 indexed txHash, uint256 payment)
func (safe *Safe) UnpackExecutionFailureEvent(log *types.Log) (*SafeExecutionFailure, error) {
	event := "ExecutionFailure"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeExecutionFailure)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeExecutionFromModuleFailure represents a ExecutionFromModuleFailure event raised by the Safe contract.
type SafeExecutionFromModuleFailure struct {
	Module common.Address
	Raw    *types.Log // Blockchain specific contextual infos
}

const SafeExecutionFromModuleFailureEventName = "ExecutionFromModuleFailure"

// ContractEventName returns the user-defined event name.
func (SafeExecutionFromModuleFailure) ContractEventName() string {
	return SafeExecutionFromModuleFailureEventName
}

// UnpackExecutionFromModuleFailureEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event ExecutionFromModuleFailure(address indexed module)
func (safe *Safe) UnpackExecutionFromModuleFailureEvent(log *types.Log) (*SafeExecutionFromModuleFailure, error) {
	event := "ExecutionFromModuleFailure"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeExecutionFromModuleFailure)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeExecutionFromModuleSuccess represents a ExecutionFromModuleSuccess event raised by the Safe contract.
type SafeExecutionFromModuleSuccess struct {
	Module common.Address
	Raw    *types.Log // Blockchain specific contextual infos
}

const SafeExecutionFromModuleSuccessEventName = "ExecutionFromModuleSuccess"

// ContractEventName returns the user-defined event name.
func (SafeExecutionFromModuleSuccess) ContractEventName() string {
	return SafeExecutionFromModuleSuccessEventName
}

// UnpackExecutionFromModuleSuccessEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event ExecutionFromModuleSuccess(address indexed module)
func (safe *Safe) UnpackExecutionFromModuleSuccessEvent(log *types.Log) (*SafeExecutionFromModuleSuccess, error) {
	event := "ExecutionFromModuleSuccess"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeExecutionFromModuleSuccess)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeExecutionSuccess represents a ExecutionSuccess event raised by the Safe contract.
type SafeExecutionSuccess struct {
	TxHash  [32]byte
	Payment *big.Int
	Raw     *types.Log // Blockchain specific contextual infos
}

const SafeExecutionSuccessEventName = "ExecutionSuccess"

// ContractEventName returns the user-defined event name.
func (SafeExecutionSuccess) ContractEventName() string {
	return SafeExecutionSuccessEventName
}

// UnpackExecutionSuccessEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event ExecutionSuccess(bytes32 indexed txHash, uint256 payment)
func (safe *Safe) UnpackExecutionSuccessEvent(log *types.Log) (*SafeExecutionSuccess, error) {
	event := "ExecutionSuccess"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeExecutionSuccess)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeRemovedOwner represents a RemovedOwner event raised by the Safe contract.
type SafeRemovedOwner struct {
	Owner common.Address
	Raw   *types.Log // Blockchain specific contextual infos
}

const SafeRemovedOwnerEventName = "RemovedOwner"

// ContractEventName returns the user-defined event name.
func (SafeRemovedOwner) ContractEventName() string {
	return SafeRemovedOwnerEventName
}

// UnpackRemovedOwnerEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event RemovedOwner(address indexed owner)
func (safe *Safe) UnpackRemovedOwnerEvent(log *types.Log) (*SafeRemovedOwner, error) {
	event := "RemovedOwner"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeRemovedOwner)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeSafeModuleTransaction represents a SafeModuleTransaction event raised by the Safe contract.
type SafeSafeModuleTransaction struct {
	Module    common.Address
	To        common.Address
	Value     *big.Int
	Data      []byte
	Operation uint8
	Raw       *types.Log // Blockchain specific contextual infos
}

const SafeSafeModuleTransactionEventName = "SafeModuleTransaction"

// ContractEventName returns the user-defined event name.
func (SafeSafeModuleTransaction) ContractEventName() string {
	return SafeSafeModuleTransactionEventName
}

// UnpackSafeModuleTransactionEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event SafeModuleTransaction(address module, address to, uint256 value, bytes data, uint8 operation)
func (safe *Safe) UnpackSafeModuleTransactionEvent(log *types.Log) (*SafeSafeModuleTransaction, error) {
	event := "SafeModuleTransaction"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeSafeModuleTransaction)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeSafeMultiSigTransaction represents a SafeMultiSigTransaction event raised by the Safe contract.
type SafeSafeMultiSigTransaction struct {
	To             common.Address
	Value          *big.Int
	Data           []byte
	Operation      uint8
	SafeTxGas      *big.Int
	BaseGas        *big.Int
	GasPrice       *big.Int
	GasToken       common.Address
	RefundReceiver common.Address
	Signatures     []byte
	AdditionalInfo []byte
	Raw            *types.Log // Blockchain specific contextual infos
}

const SafeSafeMultiSigTransactionEventName = "SafeMultiSigTransaction"

// ContractEventName returns the user-defined event name.
func (SafeSafeMultiSigTransaction) ContractEventName() string {
	return SafeSafeMultiSigTransactionEventName
}

// UnpackSafeMultiSigTransactionEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event SafeMultiSigTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures, bytes additionalInfo)
func (safe *Safe) UnpackSafeMultiSigTransactionEvent(log *types.Log) (*SafeSafeMultiSigTransaction, error) {
	event := "SafeMultiSigTransaction"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeSafeMultiSigTransaction)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeSafeReceived represents a SafeReceived event raised by the Safe contract.
type SafeSafeReceived struct {
	Sender common.Address
	Value  *big.Int
	Raw    *types.Log // Blockchain specific contextual infos
}

const SafeSafeReceivedEventName = "SafeReceived"

// ContractEventName returns the user-defined event name.
func (SafeSafeReceived) ContractEventName() string {
	return SafeSafeReceivedEventName
}

// UnpackSafeReceivedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event SafeReceived(address indexed sender, uint256 value)
func (safe *Safe) UnpackSafeReceivedEvent(log *types.Log) (*SafeSafeReceived, error) {
	event := "SafeReceived"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeSafeReceived)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeSafeSetup represents a SafeSetup event raised by the Safe contract.
type SafeSafeSetup struct {
	Initiator       common.Address
	Owners          []common.Address
	Threshold       *big.Int
	Initializer     common.Address
	FallbackHandler common.Address
	Raw             *types.Log // Blockchain specific contextual infos
}

const SafeSafeSetupEventName = "SafeSetup"

// ContractEventName returns the user-defined event name.
func (SafeSafeSetup) ContractEventName() string {
	return SafeSafeSetupEventName
}

// UnpackSafeSetupEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event SafeSetup(address indexed initiator, address[] owners, uint256 threshold, address initializer, address fallbackHandler)
func (safe *Safe) UnpackSafeSetupEvent(log *types.Log) (*SafeSafeSetup, error) {
	event := "SafeSetup"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeSafeSetup)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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

// SafeSignMsg represents a SignMsg event raised by the Safe contract.
type SafeSignMsg struct {
	MsgHash [32]byte
	Raw     *types.Log // Blockchain specific contextual infos
}

const SafeSignMsgEventName = "SignMsg"

// ContractEventName returns the user-defined event name.
func (SafeSignMsg) ContractEventName() string {
	return SafeSignMsgEventName
}

// UnpackSignMsgEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event SignMsg(bytes32 indexed msgHash)
func (safe *Safe) UnpackSignMsgEvent(log *types.Log) (*SafeSignMsg, error) {
	event := "SignMsg"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != safe.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(SafeSignMsg)
	if len(log.Data) > 0 {
		if err := safe.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range safe.abi.Events[event].Inputs {
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
