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

// Safe4337ModuleMetaData contains all meta data concerning the Safe4337Module contract.
var Safe4337ModuleMetaData = bind.MetaData{
	ABI: "[{\"inputs\":[{\"internalType\":\"address\",\"name\":\"entryPoint\",\"type\":\"address\"}],\"stateMutability\":\"nonpayable\",\"type\":\"constructor\"},{\"inputs\":[],\"name\":\"ExecutionFailed\",\"type\":\"error\"},{\"inputs\":[],\"name\":\"InvalidCaller\",\"type\":\"error\"},{\"inputs\":[],\"name\":\"InvalidEntryPoint\",\"type\":\"error\"},{\"inputs\":[],\"name\":\"UnsupportedEntryPoint\",\"type\":\"error\"},{\"inputs\":[{\"internalType\":\"bytes4\",\"name\":\"selector\",\"type\":\"bytes4\"}],\"name\":\"UnsupportedExecutionFunction\",\"type\":\"error\"},{\"inputs\":[],\"name\":\"SUPPORTED_ENTRYPOINT\",\"outputs\":[{\"internalType\":\"address\",\"name\":\"\",\"type\":\"address\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[],\"name\":\"domainSeparator\",\"outputs\":[{\"internalType\":\"bytes32\",\"name\":\"domainSeparatorHash\",\"type\":\"bytes32\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"contractSafe\",\"name\":\"safe\",\"type\":\"address\"},{\"internalType\":\"bytes\",\"name\":\"message\",\"type\":\"bytes\"}],\"name\":\"encodeMessageDataForSafe\",\"outputs\":[{\"internalType\":\"bytes\",\"name\":\"\",\"type\":\"bytes\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"to\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"value\",\"type\":\"uint256\"},{\"internalType\":\"bytes\",\"name\":\"data\",\"type\":\"bytes\"},{\"internalType\":\"uint8\",\"name\":\"operation\",\"type\":\"uint8\"}],\"name\":\"executeUserOp\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"to\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"value\",\"type\":\"uint256\"},{\"internalType\":\"bytes\",\"name\":\"data\",\"type\":\"bytes\"},{\"internalType\":\"uint8\",\"name\":\"operation\",\"type\":\"uint8\"}],\"name\":\"executeUserOpWithErrorString\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"bytes\",\"name\":\"message\",\"type\":\"bytes\"}],\"name\":\"getMessageHash\",\"outputs\":[{\"internalType\":\"bytes32\",\"name\":\"\",\"type\":\"bytes32\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"contractSafe\",\"name\":\"safe\",\"type\":\"address\"},{\"internalType\":\"bytes\",\"name\":\"message\",\"type\":\"bytes\"}],\"name\":\"getMessageHashForSafe\",\"outputs\":[{\"internalType\":\"bytes32\",\"name\":\"\",\"type\":\"bytes32\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[],\"name\":\"getModules\",\"outputs\":[{\"internalType\":\"address[]\",\"name\":\"\",\"type\":\"address[]\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"components\":[{\"internalType\":\"address\",\"name\":\"sender\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"nonce\",\"type\":\"uint256\"},{\"internalType\":\"bytes\",\"name\":\"initCode\",\"type\":\"bytes\"},{\"internalType\":\"bytes\",\"name\":\"callData\",\"type\":\"bytes\"},{\"internalType\":\"bytes32\",\"name\":\"accountGasLimits\",\"type\":\"bytes32\"},{\"internalType\":\"uint256\",\"name\":\"preVerificationGas\",\"type\":\"uint256\"},{\"internalType\":\"bytes32\",\"name\":\"gasFees\",\"type\":\"bytes32\"},{\"internalType\":\"bytes\",\"name\":\"paymasterAndData\",\"type\":\"bytes\"},{\"internalType\":\"bytes\",\"name\":\"signature\",\"type\":\"bytes\"}],\"internalType\":\"structPackedUserOperation\",\"name\":\"userOp\",\"type\":\"tuple\"}],\"name\":\"getOperationHash\",\"outputs\":[{\"internalType\":\"bytes32\",\"name\":\"operationHash\",\"type\":\"bytes32\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"bytes32\",\"name\":\"_dataHash\",\"type\":\"bytes32\"},{\"internalType\":\"bytes\",\"name\":\"_signature\",\"type\":\"bytes\"}],\"name\":\"isValidSignature\",\"outputs\":[{\"internalType\":\"bytes4\",\"name\":\"\",\"type\":\"bytes4\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"bytes\",\"name\":\"_data\",\"type\":\"bytes\"},{\"internalType\":\"bytes\",\"name\":\"_signature\",\"type\":\"bytes\"}],\"name\":\"isValidSignature\",\"outputs\":[{\"internalType\":\"bytes4\",\"name\":\"\",\"type\":\"bytes4\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"\",\"type\":\"address\"},{\"internalType\":\"address\",\"name\":\"\",\"type\":\"address\"},{\"internalType\":\"uint256[]\",\"name\":\"\",\"type\":\"uint256[]\"},{\"internalType\":\"uint256[]\",\"name\":\"\",\"type\":\"uint256[]\"},{\"internalType\":\"bytes\",\"name\":\"\",\"type\":\"bytes\"}],\"name\":\"onERC1155BatchReceived\",\"outputs\":[{\"internalType\":\"bytes4\",\"name\":\"\",\"type\":\"bytes4\"}],\"stateMutability\":\"pure\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"\",\"type\":\"address\"},{\"internalType\":\"address\",\"name\":\"\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"\",\"type\":\"uint256\"},{\"internalType\":\"uint256\",\"name\":\"\",\"type\":\"uint256\"},{\"internalType\":\"bytes\",\"name\":\"\",\"type\":\"bytes\"}],\"name\":\"onERC1155Received\",\"outputs\":[{\"internalType\":\"bytes4\",\"name\":\"\",\"type\":\"bytes4\"}],\"stateMutability\":\"pure\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"\",\"type\":\"address\"},{\"internalType\":\"address\",\"name\":\"\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"\",\"type\":\"uint256\"},{\"internalType\":\"bytes\",\"name\":\"\",\"type\":\"bytes\"}],\"name\":\"onERC721Received\",\"outputs\":[{\"internalType\":\"bytes4\",\"name\":\"\",\"type\":\"bytes4\"}],\"stateMutability\":\"pure\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"targetContract\",\"type\":\"address\"},{\"internalType\":\"bytes\",\"name\":\"calldataPayload\",\"type\":\"bytes\"}],\"name\":\"simulate\",\"outputs\":[{\"internalType\":\"bytes\",\"name\":\"response\",\"type\":\"bytes\"}],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"bytes4\",\"name\":\"interfaceId\",\"type\":\"bytes4\"}],\"name\":\"supportsInterface\",\"outputs\":[{\"internalType\":\"bool\",\"name\":\"\",\"type\":\"bool\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"\",\"type\":\"address\"},{\"internalType\":\"address\",\"name\":\"\",\"type\":\"address\"},{\"internalType\":\"address\",\"name\":\"\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"\",\"type\":\"uint256\"},{\"internalType\":\"bytes\",\"name\":\"\",\"type\":\"bytes\"},{\"internalType\":\"bytes\",\"name\":\"\",\"type\":\"bytes\"}],\"name\":\"tokensReceived\",\"outputs\":[],\"stateMutability\":\"pure\",\"type\":\"function\"},{\"inputs\":[{\"components\":[{\"internalType\":\"address\",\"name\":\"sender\",\"type\":\"address\"},{\"internalType\":\"uint256\",\"name\":\"nonce\",\"type\":\"uint256\"},{\"internalType\":\"bytes\",\"name\":\"initCode\",\"type\":\"bytes\"},{\"internalType\":\"bytes\",\"name\":\"callData\",\"type\":\"bytes\"},{\"internalType\":\"bytes32\",\"name\":\"accountGasLimits\",\"type\":\"bytes32\"},{\"internalType\":\"uint256\",\"name\":\"preVerificationGas\",\"type\":\"uint256\"},{\"internalType\":\"bytes32\",\"name\":\"gasFees\",\"type\":\"bytes32\"},{\"internalType\":\"bytes\",\"name\":\"paymasterAndData\",\"type\":\"bytes\"},{\"internalType\":\"bytes\",\"name\":\"signature\",\"type\":\"bytes\"}],\"internalType\":\"structPackedUserOperation\",\"name\":\"userOp\",\"type\":\"tuple\"},{\"internalType\":\"bytes32\",\"name\":\"\",\"type\":\"bytes32\"},{\"internalType\":\"uint256\",\"name\":\"missingAccountFunds\",\"type\":\"uint256\"}],\"name\":\"validateUserOp\",\"outputs\":[{\"internalType\":\"uint256\",\"name\":\"validationData\",\"type\":\"uint256\"}],\"stateMutability\":\"nonpayable\",\"type\":\"function\"}]",
	ID:  "Safe4337Module",
	Bin: "0x60a06040523480156200001157600080fd5b50604051620021943803806200219483398101604081905262000034916200006e565b6001600160a01b0381166200005c57604051632039d3c960e01b815260040160405180910390fd5b6001600160a01b0316608052620000a0565b6000602082840312156200008157600080fd5b81516001600160a01b03811681146200009957600080fd5b9392505050565b6080516120b5620000df600039600081816101a20152818161062c0152818161085401528181610c2101528181610d9601526112e501526120b56000f3fe608060405234801561001057600080fd5b50600436106101355760003560e01c8063541d63c8116100b2578063bbe5dc4f11610081578063bd61951d11610066578063bd61951d14610347578063f23a6e611461035a578063f698da251461039357600080fd5b8063bbe5dc4f146102f9578063bc197c811461030c57600080fd5b8063541d63c8146102ab5780636ac24784146102be5780637bb37428146102d1578063b2494df3146102e457600080fd5b8063150b7a021161010957806319822f7c116100ee57806319822f7c1461026557806320c13b0b14610278578063230316401461028b57600080fd5b8063150b7a02146101e95780631626ba7e1461025257600080fd5b806223de291461013a57806301ffc9a7146101545780630a1028c41461017c578063137e051e1461019d575b600080fd5b610152610148366004611512565b5050505050505050565b005b6101676101623660046115f1565b6103ef565b60405190151581526020015b60405180910390f35b61018f61018a366004611728565b6104d4565b604051908152602001610173565b6101c47f000000000000000000000000000000000000000000000000000000000000000081565b60405173ffffffffffffffffffffffffffffffffffffffff9091168152602001610173565b6102216101f7366004611765565b7f150b7a020000000000000000000000000000000000000000000000000000000095945050505050565b6040517fffffffff000000000000000000000000000000000000000000000000000000009091168152602001610173565b6102216102603660046117d8565b6104e0565b61018f61027336600461183d565b610601565b61022161028636600461188b565b6108f0565b61029e6102993660046118ef565b610ac1565b60405161017391906119a3565b6101526102b93660046119b6565b610bf8565b61018f6102cc3660046118ef565b610d52565b6101526102df3660046119b6565b610d6d565b6102ec610ec3565b6040516101739190611a28565b61018f610307366004611a82565b610f75565b61022161031a366004611afc565b7fbc197c810000000000000000000000000000000000000000000000000000000098975050505050505050565b61029e610355366004611b9a565b610f97565b610221610368366004611bd6565b7ff23a6e61000000000000000000000000000000000000000000000000000000009695505050505050565b61018f604080517f47e79534a245952e8b16893a336b85a3d9ea9fa8c573f3d803afb92a794692186020820152469181019190915230606082015260009060800160405160208183030381529060405280519060200120905090565b60007fffffffff0000000000000000000000000000000000000000000000000000000082167f4e2312e000000000000000000000000000000000000000000000000000000000148061048257507fffffffff0000000000000000000000000000000000000000000000000000000082167f150b7a0200000000000000000000000000000000000000000000000000000000145b806104ce57507fffffffff0000000000000000000000000000000000000000000000000000000082167f01ffc9a700000000000000000000000000000000000000000000000000000000145b92915050565b60006104ce3383610d52565b60408051602080820186905282518083039091018152818301928390527f20c13b0b000000000000000000000000000000000000000000000000000000009092526000913391839183916320c13b0b916105409189908990604401611c9b565b602060405180830381865afa15801561055d573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906105819190611ccb565b90507fffffffff0000000000000000000000000000000000000000000000000000000081167f20c13b0b00000000000000000000000000000000000000000000000000000000146105d35760006105f5565b7f1626ba7e000000000000000000000000000000000000000000000000000000005b925050505b9392505050565b60007fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec36013560601c7f000000000000000000000000000000000000000000000000000000000000000073ffffffffffffffffffffffffffffffffffffffff1614610698576040517f85db247d00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b60006106a76020860186611ce8565b905073ffffffffffffffffffffffffffffffffffffffff811633146106f8576040517f48f5c3ed00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b60006107076060870187611d05565b61071091611d6a565b90507fffffffff0000000000000000000000000000000000000000000000000000000081167f7bb3742800000000000000000000000000000000000000000000000000000000148015906107a657507fffffffff0000000000000000000000000000000000000000000000000000000081167f541d63c80000000000000000000000000000000000000000000000000000000014155b15610806576040517f45c229ce0000000000000000000000000000000000000000000000000000000081527fffffffff00000000000000000000000000000000000000000000000000000000821660048201526024015b60405180910390fd5b61080f86610ffa565b925083156108e7576040517f468721a700000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000811660048301526024820186905260806044830152600060848301819052606483015283169063468721a79060a4016020604051808303816000875af11580156108c1573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906108e59190611dc7565b505b50509392505050565b600033816108fe8286610ac1565b80516020820120855191925090600003610a0f576040517f5ae6bd370000000000000000000000000000000000000000000000000000000081526004810182905273ffffffffffffffffffffffffffffffffffffffff841690635ae6bd3790602401602060405180830381865afa15801561097d573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906109a19190611de2565b600003610a0a576040517f08c379a000000000000000000000000000000000000000000000000000000000815260206004820152601160248201527f48617368206e6f7420617070726f76656400000000000000000000000000000060448201526064016107fd565b610a96565b6040517f934f3a1100000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff84169063934f3a1190610a6590849086908a90600401611dfb565b60006040518083038186803b158015610a7d57600080fd5b505afa158015610a91573d6000803e3d6000fd5b505050505b507f20c13b0b0000000000000000000000000000000000000000000000000000000095945050505050565b606060007f60b3cbf8b4a223d68d641b3b6ddf9a298e7f33710cf3d3a9d1146b5a6150fbca60001b8380519060200120604051602001610b0b929190918252602082015260400190565b604051602081830303815290604052805190602001209050601960f81b600160f81b8573ffffffffffffffffffffffffffffffffffffffff1663f698da256040518163ffffffff1660e01b8152600401602060405180830381865afa158015610b78573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190610b9c9190611de2565b6040517fff00000000000000000000000000000000000000000000000000000000000000938416602082015292909116602183015260228201526042810182905260620160405160208183030381529060405291505092915050565b7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec36013560601c7f000000000000000000000000000000000000000000000000000000000000000073ffffffffffffffffffffffffffffffffffffffff1614610c8d576040517f85db247d00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b6040517f5229073f00000000000000000000000000000000000000000000000000000000815260009081903390635229073f90610cd4908990899089908990600401611e26565b6000604051808303816000875af1158015610cf3573d6000803e3d6000fd5b505050506040513d6000823e601f3d9081017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0168201604052610d399190810190611e6f565b9150915081610d4a57805160208201fd5b505050505050565b6000610d5e8383610ac1565b80519060200120905092915050565b7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec36013560601c7f000000000000000000000000000000000000000000000000000000000000000073ffffffffffffffffffffffffffffffffffffffff1614610e02576040517f85db247d00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b6040517f468721a7000000000000000000000000000000000000000000000000000000008152339063468721a790610e44908790879087908790600401611e26565b6020604051808303816000875af1158015610e63573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190610e879190611dc7565b610ebd576040517facfdb44400000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b50505050565b6040517fcc2f845200000000000000000000000000000000000000000000000000000000815260016004820152600a60248201526060903390600090829063cc2f845290604401600060405180830381865afa158015610f27573d6000803e3d6000fd5b505050506040513d6000823e601f3d9081017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0168201604052610f6d9190810190611f04565b509392505050565b600080610f81836110dd565b5050505090508080519060200120915050919050565b60606040517fb4faba09000000000000000000000000000000000000000000000000000000008152600436036004808301376020600036836000335af1505060203d036040519150808201604052806020833e506000516105fa57805160208201fd5b60008060008036600061100c876110dd565b9398509196509450925090506110256020880188611ce8565b855160208701206040517f934f3a1100000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff929092169163934f3a119161108491899087908790600401611fc8565b60006040518083038186803b15801561109c57600080fd5b505afa9250505080156110ad575060015b6110c4576110bd60018486611411565b95506110d3565b6110d060008486611411565b95505b5050505050919050565b6060600080368181816110f4610100890189611d05565b9092509050611107600660008385611fff565b61111091612029565b60d01c9550611123600c60068385611fff565b61112c91612029565b60d01c945061113e81600c8185611fff565b9350935050506000604051806101c001604052807fc03dfc11d8b10bf9cf703d558958c8c42777f785d998c62060d85a4f0ef6ea7f60001b815260200188600001602081019061118e9190611ce8565b73ffffffffffffffffffffffffffffffffffffffff168152602001886020013581526020018880604001906111c39190611d05565b6040516111d192919061206f565b60405190819003902081526020016111ec60608a018a611d05565b6040516111fa92919061206f565b6040518091039020815260200161121089611449565b6fffffffffffffffffffffffffffffffff16815260200161123089611459565b6fffffffffffffffffffffffffffffffff1681526020018860a00135815260200161125a89611477565b6fffffffffffffffffffffffffffffffff16815260200161127a89611486565b6fffffffffffffffffffffffffffffffff16815260200161129e60e08a018a611d05565b6040516112ac92919061206f565b6040805191829003909120825265ffffffffffff808916602084015287169082015273ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000166060909101526101c081209091507f19000000000000000000000000000000000000000000000000000000000000007f01000000000000000000000000000000000000000000000000000000000000006113b1604080517f47e79534a245952e8b16893a336b85a3d9ea9fa8c573f3d803afb92a794692186020820152469181019190915230606082015260009060800160405160208183030381529060405280519060200120905090565b6040517fff0000000000000000000000000000000000000000000000000000000000000093841660208201529290911660218301526022820152604281018290526062016040516020818303038152906040529650505091939590929450565b600060d08265ffffffffffff16901b60a08465ffffffffffff16901b8561143957600061143c565b60015b60ff161717949350505050565b60006104ce826080013560801c90565b60006fffffffffffffffffffffffffffffffff6080830135166104ce565b600060c082013560801c6104ce565b60006fffffffffffffffffffffffffffffffff60c0830135166104ce565b73ffffffffffffffffffffffffffffffffffffffff811681146114c657600080fd5b50565b60008083601f8401126114db57600080fd5b50813567ffffffffffffffff8111156114f357600080fd5b60208301915083602082850101111561150b57600080fd5b9250929050565b60008060008060008060008060c0898b03121561152e57600080fd5b8835611539816114a4565b97506020890135611549816114a4565b96506040890135611559816114a4565b955060608901359450608089013567ffffffffffffffff8082111561157d57600080fd5b6115898c838d016114c9565b909650945060a08b01359150808211156115a257600080fd5b506115af8b828c016114c9565b999c989b5096995094979396929594505050565b7fffffffff00000000000000000000000000000000000000000000000000000000811681146114c657600080fd5b60006020828403121561160357600080fd5b81356105fa816115c3565b7f4e487b7100000000000000000000000000000000000000000000000000000000600052604160045260246000fd5b604051601f82017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe016810167ffffffffffffffff811182821017156116845761168461160e565b604052919050565b600067ffffffffffffffff8211156116a6576116a661160e565b50601f017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe01660200190565b600082601f8301126116e357600080fd5b81356116f66116f18261168c565b61163d565b81815284602083860101111561170b57600080fd5b816020850160208301376000918101602001919091529392505050565b60006020828403121561173a57600080fd5b813567ffffffffffffffff81111561175157600080fd5b61175d848285016116d2565b949350505050565b60008060008060006080868803121561177d57600080fd5b8535611788816114a4565b94506020860135611798816114a4565b935060408601359250606086013567ffffffffffffffff8111156117bb57600080fd5b6117c7888289016114c9565b969995985093965092949392505050565b6000806000604084860312156117ed57600080fd5b83359250602084013567ffffffffffffffff81111561180b57600080fd5b611817868287016114c9565b9497909650939450505050565b6000610120828403121561183757600080fd5b50919050565b60008060006060848603121561185257600080fd5b833567ffffffffffffffff81111561186957600080fd5b61187586828701611824565b9660208601359650604090950135949350505050565b6000806040838503121561189e57600080fd5b823567ffffffffffffffff808211156118b657600080fd5b6118c2868387016116d2565b935060208501359150808211156118d857600080fd5b506118e5858286016116d2565b9150509250929050565b6000806040838503121561190257600080fd5b823561190d816114a4565b9150602083013567ffffffffffffffff81111561192957600080fd5b6118e5858286016116d2565b60005b83811015611950578181015183820152602001611938565b50506000910152565b60008151808452611971816020860160208601611935565b601f017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0169290920160200192915050565b6020815260006105fa6020830184611959565b600080600080608085870312156119cc57600080fd5b84356119d7816114a4565b935060208501359250604085013567ffffffffffffffff8111156119fa57600080fd5b611a06878288016116d2565b925050606085013560ff81168114611a1d57600080fd5b939692955090935050565b6020808252825182820181905260009190848201906040850190845b81811015611a7657835173ffffffffffffffffffffffffffffffffffffffff1683529284019291840191600101611a44565b50909695505050505050565b600060208284031215611a9457600080fd5b813567ffffffffffffffff811115611aab57600080fd5b61175d84828501611824565b60008083601f840112611ac957600080fd5b50813567ffffffffffffffff811115611ae157600080fd5b6020830191508360208260051b850101111561150b57600080fd5b60008060008060008060008060a0898b031215611b1857600080fd5b8835611b23816114a4565b97506020890135611b33816114a4565b9650604089013567ffffffffffffffff80821115611b5057600080fd5b611b5c8c838d01611ab7565b909850965060608b0135915080821115611b7557600080fd5b611b818c838d01611ab7565b909650945060808b01359150808211156115a257600080fd5b600080600060408486031215611baf57600080fd5b8335611bba816114a4565b9250602084013567ffffffffffffffff81111561180b57600080fd5b60008060008060008060a08789031215611bef57600080fd5b8635611bfa816114a4565b95506020870135611c0a816114a4565b94506040870135935060608701359250608087013567ffffffffffffffff811115611c3457600080fd5b611c4089828a016114c9565b979a9699509497509295939492505050565b8183528181602085013750600060208284010152600060207fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f840116840101905092915050565b604081526000611cae6040830186611959565b8281036020840152611cc1818587611c52565b9695505050505050565b600060208284031215611cdd57600080fd5b81516105fa816115c3565b600060208284031215611cfa57600080fd5b81356105fa816114a4565b60008083357fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe1843603018112611d3a57600080fd5b83018035915067ffffffffffffffff821115611d5557600080fd5b60200191503681900382131561150b57600080fd5b7fffffffff000000000000000000000000000000000000000000000000000000008135818116916004851015611daa5780818660040360031b1b83161692505b505092915050565b80518015158114611dc257600080fd5b919050565b600060208284031215611dd957600080fd5b6105fa82611db2565b600060208284031215611df457600080fd5b5051919050565b838152606060208201526000611e146060830185611959565b8281036040840152611cc18185611959565b73ffffffffffffffffffffffffffffffffffffffff85168152836020820152608060408201526000611e5b6080830185611959565b905060ff8316606083015295945050505050565b60008060408385031215611e8257600080fd5b611e8b83611db2565b9150602083015167ffffffffffffffff811115611ea757600080fd5b8301601f81018513611eb857600080fd5b8051611ec66116f18261168c565b818152866020838501011115611edb57600080fd5b611eec826020830160208601611935565b8093505050509250929050565b8051611dc2816114a4565b60008060408385031215611f1757600080fd5b825167ffffffffffffffff80821115611f2f57600080fd5b818501915085601f830112611f4357600080fd5b8151602082821115611f5757611f5761160e565b8160051b9250611f6881840161163d565b8281529284018101928181019089851115611f8257600080fd5b948201945b84861015611fac5785519350611f9c846114a4565b8382529482019490820190611f87565b9650611fbb9050878201611ef9565b9450505050509250929050565b848152606060208201526000611fe16060830186611959565b8281036040840152611ff4818587611c52565b979650505050505050565b6000808585111561200f57600080fd5b8386111561201c57600080fd5b5050820193919092039150565b7fffffffffffff00000000000000000000000000000000000000000000000000008135818116916006851015611daa5760069490940360031b84901b1690921692915050565b818382376000910190815291905056fea2646970667358221220e42d44baf807ad5bd112459029994f688e5e18f6848983388139295e896c84b764736f6c63430008170033",
}

// Safe4337Module is an auto generated Go binding around an Ethereum contract.
type Safe4337Module struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *Safe4337Module) GetABI() abi.ABI {
	return c.abi
}

// NewSafe4337Module creates a new instance of Safe4337Module.
func NewSafe4337Module() *Safe4337Module {
	parsed, err := Safe4337ModuleMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &Safe4337Module{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *Safe4337Module) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackConstructor is the Go binding used to pack the parameters required for
// contract deployment.
//
// Solidity: constructor(address entryPoint) returns()
func (safe4337Module *Safe4337Module) PackConstructor(entryPoint common.Address) []byte {
	enc, err := safe4337Module.abi.Pack("", entryPoint)
	if err != nil {
		panic(err)
	}
	return enc
}

// PackSUPPORTEDENTRYPOINT is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x137e051e.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function SUPPORTED_ENTRYPOINT() view returns(address)
func (safe4337Module *Safe4337Module) PackSUPPORTEDENTRYPOINT() []byte {
	enc, err := safe4337Module.abi.Pack("SUPPORTED_ENTRYPOINT")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSUPPORTEDENTRYPOINT is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x137e051e.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function SUPPORTED_ENTRYPOINT() view returns(address)
func (safe4337Module *Safe4337Module) TryPackSUPPORTEDENTRYPOINT() ([]byte, error) {
	return safe4337Module.abi.Pack("SUPPORTED_ENTRYPOINT")
}

// UnpackSUPPORTEDENTRYPOINT is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x137e051e.
//
// Solidity: function SUPPORTED_ENTRYPOINT() view returns(address)
func (safe4337Module *Safe4337Module) UnpackSUPPORTEDENTRYPOINT(data []byte) (common.Address, error) {
	out, err := safe4337Module.abi.Unpack("SUPPORTED_ENTRYPOINT", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
}

// PackDomainSeparator is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf698da25.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function domainSeparator() view returns(bytes32 domainSeparatorHash)
func (safe4337Module *Safe4337Module) PackDomainSeparator() []byte {
	enc, err := safe4337Module.abi.Pack("domainSeparator")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackDomainSeparator is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf698da25.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function domainSeparator() view returns(bytes32 domainSeparatorHash)
func (safe4337Module *Safe4337Module) TryPackDomainSeparator() ([]byte, error) {
	return safe4337Module.abi.Pack("domainSeparator")
}

// UnpackDomainSeparator is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xf698da25.
//
// Solidity: function domainSeparator() view returns(bytes32 domainSeparatorHash)
func (safe4337Module *Safe4337Module) UnpackDomainSeparator(data []byte) ([32]byte, error) {
	out, err := safe4337Module.abi.Unpack("domainSeparator", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackEncodeMessageDataForSafe is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x23031640.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function encodeMessageDataForSafe(address safe, bytes message) view returns(bytes)
func (safe4337Module *Safe4337Module) PackEncodeMessageDataForSafe(safe common.Address, message []byte) []byte {
	enc, err := safe4337Module.abi.Pack("encodeMessageDataForSafe", safe, message)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackEncodeMessageDataForSafe is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x23031640.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function encodeMessageDataForSafe(address safe, bytes message) view returns(bytes)
func (safe4337Module *Safe4337Module) TryPackEncodeMessageDataForSafe(safe common.Address, message []byte) ([]byte, error) {
	return safe4337Module.abi.Pack("encodeMessageDataForSafe", safe, message)
}

// UnpackEncodeMessageDataForSafe is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x23031640.
//
// Solidity: function encodeMessageDataForSafe(address safe, bytes message) view returns(bytes)
func (safe4337Module *Safe4337Module) UnpackEncodeMessageDataForSafe(data []byte) ([]byte, error) {
	out, err := safe4337Module.abi.Unpack("encodeMessageDataForSafe", data)
	if err != nil {
		return *new([]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([]byte)).(*[]byte)
	return out0, nil
}

// PackExecuteUserOp is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x7bb37428.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function executeUserOp(address to, uint256 value, bytes data, uint8 operation) returns()
func (safe4337Module *Safe4337Module) PackExecuteUserOp(to common.Address, value *big.Int, data []byte, operation uint8) []byte {
	enc, err := safe4337Module.abi.Pack("executeUserOp", to, value, data, operation)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackExecuteUserOp is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x7bb37428.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function executeUserOp(address to, uint256 value, bytes data, uint8 operation) returns()
func (safe4337Module *Safe4337Module) TryPackExecuteUserOp(to common.Address, value *big.Int, data []byte, operation uint8) ([]byte, error) {
	return safe4337Module.abi.Pack("executeUserOp", to, value, data, operation)
}

// PackExecuteUserOpWithErrorString is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x541d63c8.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function executeUserOpWithErrorString(address to, uint256 value, bytes data, uint8 operation) returns()
func (safe4337Module *Safe4337Module) PackExecuteUserOpWithErrorString(to common.Address, value *big.Int, data []byte, operation uint8) []byte {
	enc, err := safe4337Module.abi.Pack("executeUserOpWithErrorString", to, value, data, operation)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackExecuteUserOpWithErrorString is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x541d63c8.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function executeUserOpWithErrorString(address to, uint256 value, bytes data, uint8 operation) returns()
func (safe4337Module *Safe4337Module) TryPackExecuteUserOpWithErrorString(to common.Address, value *big.Int, data []byte, operation uint8) ([]byte, error) {
	return safe4337Module.abi.Pack("executeUserOpWithErrorString", to, value, data, operation)
}

// PackGetMessageHash is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x0a1028c4.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getMessageHash(bytes message) view returns(bytes32)
func (safe4337Module *Safe4337Module) PackGetMessageHash(message []byte) []byte {
	enc, err := safe4337Module.abi.Pack("getMessageHash", message)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetMessageHash is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x0a1028c4.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getMessageHash(bytes message) view returns(bytes32)
func (safe4337Module *Safe4337Module) TryPackGetMessageHash(message []byte) ([]byte, error) {
	return safe4337Module.abi.Pack("getMessageHash", message)
}

// UnpackGetMessageHash is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x0a1028c4.
//
// Solidity: function getMessageHash(bytes message) view returns(bytes32)
func (safe4337Module *Safe4337Module) UnpackGetMessageHash(data []byte) ([32]byte, error) {
	out, err := safe4337Module.abi.Unpack("getMessageHash", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackGetMessageHashForSafe is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6ac24784.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getMessageHashForSafe(address safe, bytes message) view returns(bytes32)
func (safe4337Module *Safe4337Module) PackGetMessageHashForSafe(safe common.Address, message []byte) []byte {
	enc, err := safe4337Module.abi.Pack("getMessageHashForSafe", safe, message)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetMessageHashForSafe is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6ac24784.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getMessageHashForSafe(address safe, bytes message) view returns(bytes32)
func (safe4337Module *Safe4337Module) TryPackGetMessageHashForSafe(safe common.Address, message []byte) ([]byte, error) {
	return safe4337Module.abi.Pack("getMessageHashForSafe", safe, message)
}

// UnpackGetMessageHashForSafe is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x6ac24784.
//
// Solidity: function getMessageHashForSafe(address safe, bytes message) view returns(bytes32)
func (safe4337Module *Safe4337Module) UnpackGetMessageHashForSafe(data []byte) ([32]byte, error) {
	out, err := safe4337Module.abi.Unpack("getMessageHashForSafe", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackGetModules is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb2494df3.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getModules() view returns(address[])
func (safe4337Module *Safe4337Module) PackGetModules() []byte {
	enc, err := safe4337Module.abi.Pack("getModules")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetModules is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb2494df3.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getModules() view returns(address[])
func (safe4337Module *Safe4337Module) TryPackGetModules() ([]byte, error) {
	return safe4337Module.abi.Pack("getModules")
}

// UnpackGetModules is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xb2494df3.
//
// Solidity: function getModules() view returns(address[])
func (safe4337Module *Safe4337Module) UnpackGetModules(data []byte) ([]common.Address, error) {
	out, err := safe4337Module.abi.Unpack("getModules", data)
	if err != nil {
		return *new([]common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new([]common.Address)).(*[]common.Address)
	return out0, nil
}

// PackGetOperationHash is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xbbe5dc4f.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getOperationHash((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes) userOp) view returns(bytes32 operationHash)
func (safe4337Module *Safe4337Module) PackGetOperationHash(userOp PackedUserOperation) []byte {
	enc, err := safe4337Module.abi.Pack("getOperationHash", userOp)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetOperationHash is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xbbe5dc4f.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getOperationHash((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes) userOp) view returns(bytes32 operationHash)
func (safe4337Module *Safe4337Module) TryPackGetOperationHash(userOp PackedUserOperation) ([]byte, error) {
	return safe4337Module.abi.Pack("getOperationHash", userOp)
}

// UnpackGetOperationHash is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xbbe5dc4f.
//
// Solidity: function getOperationHash((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes) userOp) view returns(bytes32 operationHash)
func (safe4337Module *Safe4337Module) UnpackGetOperationHash(data []byte) ([32]byte, error) {
	out, err := safe4337Module.abi.Unpack("getOperationHash", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackIsValidSignature is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x1626ba7e.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function isValidSignature(bytes32 _dataHash, bytes _signature) view returns(bytes4)
func (safe4337Module *Safe4337Module) PackIsValidSignature(dataHash [32]byte, signature []byte) []byte {
	enc, err := safe4337Module.abi.Pack("isValidSignature", dataHash, signature)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackIsValidSignature is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x1626ba7e.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function isValidSignature(bytes32 _dataHash, bytes _signature) view returns(bytes4)
func (safe4337Module *Safe4337Module) TryPackIsValidSignature(dataHash [32]byte, signature []byte) ([]byte, error) {
	return safe4337Module.abi.Pack("isValidSignature", dataHash, signature)
}

// UnpackIsValidSignature is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x1626ba7e.
//
// Solidity: function isValidSignature(bytes32 _dataHash, bytes _signature) view returns(bytes4)
func (safe4337Module *Safe4337Module) UnpackIsValidSignature(data []byte) ([4]byte, error) {
	out, err := safe4337Module.abi.Unpack("isValidSignature", data)
	if err != nil {
		return *new([4]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([4]byte)).(*[4]byte)
	return out0, nil
}

// PackIsValidSignature0 is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x20c13b0b.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function isValidSignature(bytes _data, bytes _signature) view returns(bytes4)
func (safe4337Module *Safe4337Module) PackIsValidSignature0(data []byte, signature []byte) []byte {
	enc, err := safe4337Module.abi.Pack("isValidSignature0", data, signature)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackIsValidSignature0 is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x20c13b0b.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function isValidSignature(bytes _data, bytes _signature) view returns(bytes4)
func (safe4337Module *Safe4337Module) TryPackIsValidSignature0(data []byte, signature []byte) ([]byte, error) {
	return safe4337Module.abi.Pack("isValidSignature0", data, signature)
}

// UnpackIsValidSignature0 is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x20c13b0b.
//
// Solidity: function isValidSignature(bytes _data, bytes _signature) view returns(bytes4)
func (safe4337Module *Safe4337Module) UnpackIsValidSignature0(data []byte) ([4]byte, error) {
	out, err := safe4337Module.abi.Unpack("isValidSignature0", data)
	if err != nil {
		return *new([4]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([4]byte)).(*[4]byte)
	return out0, nil
}

// PackOnERC1155BatchReceived is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xbc197c81.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function onERC1155BatchReceived(address , address , uint256[] , uint256[] , bytes ) pure returns(bytes4)
func (safe4337Module *Safe4337Module) PackOnERC1155BatchReceived(arg0 common.Address, arg1 common.Address, arg2 []*big.Int, arg3 []*big.Int, arg4 []byte) []byte {
	enc, err := safe4337Module.abi.Pack("onERC1155BatchReceived", arg0, arg1, arg2, arg3, arg4)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackOnERC1155BatchReceived is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xbc197c81.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function onERC1155BatchReceived(address , address , uint256[] , uint256[] , bytes ) pure returns(bytes4)
func (safe4337Module *Safe4337Module) TryPackOnERC1155BatchReceived(arg0 common.Address, arg1 common.Address, arg2 []*big.Int, arg3 []*big.Int, arg4 []byte) ([]byte, error) {
	return safe4337Module.abi.Pack("onERC1155BatchReceived", arg0, arg1, arg2, arg3, arg4)
}

// UnpackOnERC1155BatchReceived is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xbc197c81.
//
// Solidity: function onERC1155BatchReceived(address , address , uint256[] , uint256[] , bytes ) pure returns(bytes4)
func (safe4337Module *Safe4337Module) UnpackOnERC1155BatchReceived(data []byte) ([4]byte, error) {
	out, err := safe4337Module.abi.Unpack("onERC1155BatchReceived", data)
	if err != nil {
		return *new([4]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([4]byte)).(*[4]byte)
	return out0, nil
}

// PackOnERC1155Received is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf23a6e61.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function onERC1155Received(address , address , uint256 , uint256 , bytes ) pure returns(bytes4)
func (safe4337Module *Safe4337Module) PackOnERC1155Received(arg0 common.Address, arg1 common.Address, arg2 *big.Int, arg3 *big.Int, arg4 []byte) []byte {
	enc, err := safe4337Module.abi.Pack("onERC1155Received", arg0, arg1, arg2, arg3, arg4)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackOnERC1155Received is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf23a6e61.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function onERC1155Received(address , address , uint256 , uint256 , bytes ) pure returns(bytes4)
func (safe4337Module *Safe4337Module) TryPackOnERC1155Received(arg0 common.Address, arg1 common.Address, arg2 *big.Int, arg3 *big.Int, arg4 []byte) ([]byte, error) {
	return safe4337Module.abi.Pack("onERC1155Received", arg0, arg1, arg2, arg3, arg4)
}

// UnpackOnERC1155Received is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xf23a6e61.
//
// Solidity: function onERC1155Received(address , address , uint256 , uint256 , bytes ) pure returns(bytes4)
func (safe4337Module *Safe4337Module) UnpackOnERC1155Received(data []byte) ([4]byte, error) {
	out, err := safe4337Module.abi.Unpack("onERC1155Received", data)
	if err != nil {
		return *new([4]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([4]byte)).(*[4]byte)
	return out0, nil
}

// PackOnERC721Received is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x150b7a02.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function onERC721Received(address , address , uint256 , bytes ) pure returns(bytes4)
func (safe4337Module *Safe4337Module) PackOnERC721Received(arg0 common.Address, arg1 common.Address, arg2 *big.Int, arg3 []byte) []byte {
	enc, err := safe4337Module.abi.Pack("onERC721Received", arg0, arg1, arg2, arg3)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackOnERC721Received is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x150b7a02.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function onERC721Received(address , address , uint256 , bytes ) pure returns(bytes4)
func (safe4337Module *Safe4337Module) TryPackOnERC721Received(arg0 common.Address, arg1 common.Address, arg2 *big.Int, arg3 []byte) ([]byte, error) {
	return safe4337Module.abi.Pack("onERC721Received", arg0, arg1, arg2, arg3)
}

// UnpackOnERC721Received is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x150b7a02.
//
// Solidity: function onERC721Received(address , address , uint256 , bytes ) pure returns(bytes4)
func (safe4337Module *Safe4337Module) UnpackOnERC721Received(data []byte) ([4]byte, error) {
	out, err := safe4337Module.abi.Unpack("onERC721Received", data)
	if err != nil {
		return *new([4]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([4]byte)).(*[4]byte)
	return out0, nil
}

// PackSimulate is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xbd61951d.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function simulate(address targetContract, bytes calldataPayload) returns(bytes response)
func (safe4337Module *Safe4337Module) PackSimulate(targetContract common.Address, calldataPayload []byte) []byte {
	enc, err := safe4337Module.abi.Pack("simulate", targetContract, calldataPayload)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSimulate is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xbd61951d.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function simulate(address targetContract, bytes calldataPayload) returns(bytes response)
func (safe4337Module *Safe4337Module) TryPackSimulate(targetContract common.Address, calldataPayload []byte) ([]byte, error) {
	return safe4337Module.abi.Pack("simulate", targetContract, calldataPayload)
}

// UnpackSimulate is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xbd61951d.
//
// Solidity: function simulate(address targetContract, bytes calldataPayload) returns(bytes response)
func (safe4337Module *Safe4337Module) UnpackSimulate(data []byte) ([]byte, error) {
	out, err := safe4337Module.abi.Unpack("simulate", data)
	if err != nil {
		return *new([]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([]byte)).(*[]byte)
	return out0, nil
}

// PackSupportsInterface is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x01ffc9a7.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function supportsInterface(bytes4 interfaceId) view returns(bool)
func (safe4337Module *Safe4337Module) PackSupportsInterface(interfaceId [4]byte) []byte {
	enc, err := safe4337Module.abi.Pack("supportsInterface", interfaceId)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSupportsInterface is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x01ffc9a7.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function supportsInterface(bytes4 interfaceId) view returns(bool)
func (safe4337Module *Safe4337Module) TryPackSupportsInterface(interfaceId [4]byte) ([]byte, error) {
	return safe4337Module.abi.Pack("supportsInterface", interfaceId)
}

// UnpackSupportsInterface is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x01ffc9a7.
//
// Solidity: function supportsInterface(bytes4 interfaceId) view returns(bool)
func (safe4337Module *Safe4337Module) UnpackSupportsInterface(data []byte) (bool, error) {
	out, err := safe4337Module.abi.Unpack("supportsInterface", data)
	if err != nil {
		return *new(bool), err
	}
	out0 := *abi.ConvertType(out[0], new(bool)).(*bool)
	return out0, nil
}

// PackTokensReceived is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x0023de29.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function tokensReceived(address , address , address , uint256 , bytes , bytes ) pure returns()
func (safe4337Module *Safe4337Module) PackTokensReceived(arg0 common.Address, arg1 common.Address, arg2 common.Address, arg3 *big.Int, arg4 []byte, arg5 []byte) []byte {
	enc, err := safe4337Module.abi.Pack("tokensReceived", arg0, arg1, arg2, arg3, arg4, arg5)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackTokensReceived is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x0023de29.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function tokensReceived(address , address , address , uint256 , bytes , bytes ) pure returns()
func (safe4337Module *Safe4337Module) TryPackTokensReceived(arg0 common.Address, arg1 common.Address, arg2 common.Address, arg3 *big.Int, arg4 []byte, arg5 []byte) ([]byte, error) {
	return safe4337Module.abi.Pack("tokensReceived", arg0, arg1, arg2, arg3, arg4, arg5)
}

// PackValidateUserOp is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x19822f7c.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function validateUserOp((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes) userOp, bytes32 , uint256 missingAccountFunds) returns(uint256 validationData)
func (safe4337Module *Safe4337Module) PackValidateUserOp(userOp PackedUserOperation, arg1 [32]byte, missingAccountFunds *big.Int) []byte {
	enc, err := safe4337Module.abi.Pack("validateUserOp", userOp, arg1, missingAccountFunds)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackValidateUserOp is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x19822f7c.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function validateUserOp((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes) userOp, bytes32 , uint256 missingAccountFunds) returns(uint256 validationData)
func (safe4337Module *Safe4337Module) TryPackValidateUserOp(userOp PackedUserOperation, arg1 [32]byte, missingAccountFunds *big.Int) ([]byte, error) {
	return safe4337Module.abi.Pack("validateUserOp", userOp, arg1, missingAccountFunds)
}

// UnpackValidateUserOp is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x19822f7c.
//
// Solidity: function validateUserOp((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes) userOp, bytes32 , uint256 missingAccountFunds) returns(uint256 validationData)
func (safe4337Module *Safe4337Module) UnpackValidateUserOp(data []byte) (*big.Int, error) {
	out, err := safe4337Module.abi.Unpack("validateUserOp", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// UnpackError attempts to decode the provided error data using user-defined
// error definitions.
func (safe4337Module *Safe4337Module) UnpackError(raw []byte) (any, error) {
	if bytes.Equal(raw[:4], safe4337Module.abi.Errors["ExecutionFailed"].ID.Bytes()[:4]) {
		return safe4337Module.UnpackExecutionFailedError(raw[4:])
	}
	if bytes.Equal(raw[:4], safe4337Module.abi.Errors["InvalidCaller"].ID.Bytes()[:4]) {
		return safe4337Module.UnpackInvalidCallerError(raw[4:])
	}
	if bytes.Equal(raw[:4], safe4337Module.abi.Errors["InvalidEntryPoint"].ID.Bytes()[:4]) {
		return safe4337Module.UnpackInvalidEntryPointError(raw[4:])
	}
	if bytes.Equal(raw[:4], safe4337Module.abi.Errors["UnsupportedEntryPoint"].ID.Bytes()[:4]) {
		return safe4337Module.UnpackUnsupportedEntryPointError(raw[4:])
	}
	if bytes.Equal(raw[:4], safe4337Module.abi.Errors["UnsupportedExecutionFunction"].ID.Bytes()[:4]) {
		return safe4337Module.UnpackUnsupportedExecutionFunctionError(raw[4:])
	}
	return nil, errors.New("Unknown error")
}

// Safe4337ModuleExecutionFailed represents a ExecutionFailed error raised by the Safe4337Module contract.
type Safe4337ModuleExecutionFailed struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ExecutionFailed()
func Safe4337ModuleExecutionFailedErrorID() common.Hash {
	return common.HexToHash("0xacfdb444727b3b8994850a379f4bfc8a5ca665a55604339199daafa16f687b1a")
}

// UnpackExecutionFailedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ExecutionFailed()
func (safe4337Module *Safe4337Module) UnpackExecutionFailedError(raw []byte) (*Safe4337ModuleExecutionFailed, error) {
	out := new(Safe4337ModuleExecutionFailed)
	if err := safe4337Module.abi.UnpackIntoInterface(out, "ExecutionFailed", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// Safe4337ModuleInvalidCaller represents a InvalidCaller error raised by the Safe4337Module contract.
type Safe4337ModuleInvalidCaller struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidCaller()
func Safe4337ModuleInvalidCallerErrorID() common.Hash {
	return common.HexToHash("0x48f5c3ed50241a1b6c87d204a25d9d01339cd768de9a714ffbb53a5bb6ad572a")
}

// UnpackInvalidCallerError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidCaller()
func (safe4337Module *Safe4337Module) UnpackInvalidCallerError(raw []byte) (*Safe4337ModuleInvalidCaller, error) {
	out := new(Safe4337ModuleInvalidCaller)
	if err := safe4337Module.abi.UnpackIntoInterface(out, "InvalidCaller", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// Safe4337ModuleInvalidEntryPoint represents a InvalidEntryPoint error raised by the Safe4337Module contract.
type Safe4337ModuleInvalidEntryPoint struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidEntryPoint()
func Safe4337ModuleInvalidEntryPointErrorID() common.Hash {
	return common.HexToHash("0x2039d3c9df9a3ba7762366016f74e1b3f8a99016d7df008fc898a99f3b70b539")
}

// UnpackInvalidEntryPointError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidEntryPoint()
func (safe4337Module *Safe4337Module) UnpackInvalidEntryPointError(raw []byte) (*Safe4337ModuleInvalidEntryPoint, error) {
	out := new(Safe4337ModuleInvalidEntryPoint)
	if err := safe4337Module.abi.UnpackIntoInterface(out, "InvalidEntryPoint", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// Safe4337ModuleUnsupportedEntryPoint represents a UnsupportedEntryPoint error raised by the Safe4337Module contract.
type Safe4337ModuleUnsupportedEntryPoint struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error UnsupportedEntryPoint()
func Safe4337ModuleUnsupportedEntryPointErrorID() common.Hash {
	return common.HexToHash("0x85db247de1d189d3e102751285f9a88f0fed4dc1792eb5a4fbecfa224d3d3c1f")
}

// UnpackUnsupportedEntryPointError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error UnsupportedEntryPoint()
func (safe4337Module *Safe4337Module) UnpackUnsupportedEntryPointError(raw []byte) (*Safe4337ModuleUnsupportedEntryPoint, error) {
	out := new(Safe4337ModuleUnsupportedEntryPoint)
	if err := safe4337Module.abi.UnpackIntoInterface(out, "UnsupportedEntryPoint", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// Safe4337ModuleUnsupportedExecutionFunction represents a UnsupportedExecutionFunction error raised by the Safe4337Module contract.
type Safe4337ModuleUnsupportedExecutionFunction struct {
	Selector [4]byte
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error UnsupportedExecutionFunction(bytes4 selector)
func Safe4337ModuleUnsupportedExecutionFunctionErrorID() common.Hash {
	return common.HexToHash("0x45c229ce23ac4df6128ca087d9b1b5fad473145806121ada3f1358493ef2d4d7")
}

// UnpackUnsupportedExecutionFunctionError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error UnsupportedExecutionFunction(bytes4 selector)
func (safe4337Module *Safe4337Module) UnpackUnsupportedExecutionFunctionError(raw []byte) (*Safe4337ModuleUnsupportedExecutionFunction, error) {
	out := new(Safe4337ModuleUnsupportedExecutionFunction)
	if err := safe4337Module.abi.UnpackIntoInterface(out, "UnsupportedExecutionFunction", raw); err != nil {
		return nil, err
	}
	return out, nil
}
