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

// GuardMetaData contains all meta data concerning the Guard contract.
var GuardMetaData = bind.MetaData{
	ABI: "[{\"type\":\"constructor\",\"inputs\":[{\"name\":\"multiSend_\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"delay_\",\"type\":\"uint64\",\"internalType\":\"uint64\"},{\"name\":\"window_\",\"type\":\"uint64\",\"internalType\":\"uint64\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"MAX_ENTRIES\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"announce\",\"inputs\":[{\"name\":\"change\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[{\"name\":\"id\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"announcements\",\"inputs\":[{\"name\":\"safe\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"id\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"outputs\":[{\"name\":\"notBefore\",\"type\":\"uint64\",\"internalType\":\"uint64\"},{\"name\":\"leaving\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"cancel\",\"inputs\":[{\"name\":\"safe\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"id\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"checkAfterExecution\",\"inputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"\",\"type\":\"bool\",\"internalType\":\"bool\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"checkAfterModuleExecution\",\"inputs\":[{\"name\":\"before\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"\",\"type\":\"bool\",\"internalType\":\"bool\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"checkModuleTransaction\",\"inputs\":[{\"name\":\"to\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"data\",\"type\":\"bytes\",\"internalType\":\"bytes\"},{\"name\":\"operation\",\"type\":\"uint8\",\"internalType\":\"enumEnum.Operation\"},{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"checkTransaction\",\"inputs\":[{\"name\":\"to\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"value\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"data\",\"type\":\"bytes\",\"internalType\":\"bytes\"},{\"name\":\"operation\",\"type\":\"uint8\",\"internalType\":\"enumEnum.Operation\"},{\"name\":\"safeTxGas\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"baseGas\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"gasPrice\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"gasToken\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"refundReceiver\",\"type\":\"address\",\"internalType\":\"addresspayable\"},{\"name\":\"\",\"type\":\"bytes\",\"internalType\":\"bytes\"},{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"configuration\",\"inputs\":[],\"outputs\":[{\"name\":\"hash\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"delay\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"uint64\",\"internalType\":\"uint64\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"multiSend\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"supportsInterface\",\"inputs\":[{\"name\":\"id\",\"type\":\"bytes4\",\"internalType\":\"bytes4\"}],\"outputs\":[{\"name\":\"\",\"type\":\"bool\",\"internalType\":\"bool\"}],\"stateMutability\":\"pure\"},{\"type\":\"function\",\"name\":\"window\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"uint64\",\"internalType\":\"uint64\"}],\"stateMutability\":\"view\"},{\"type\":\"event\",\"name\":\"Announced\",\"inputs\":[{\"name\":\"safe\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"id\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"change\",\"type\":\"bytes\",\"indexed\":false,\"internalType\":\"bytes\"},{\"name\":\"notBefore\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"},{\"name\":\"notAfter\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Cancelled\",\"inputs\":[{\"name\":\"safe\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"id\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"by\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Executed\",\"inputs\":[{\"name\":\"safe\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"id\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"}],\"anonymous\":false},{\"type\":\"error\",\"name\":\"AlreadyAnnounced\",\"inputs\":[{\"name\":\"id\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"type\":\"error\",\"name\":\"ConfigurationChanged\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"DelegateCallRefused\",\"inputs\":[{\"name\":\"to\",\"type\":\"address\",\"internalType\":\"address\"}]},{\"type\":\"error\",\"name\":\"GuardCallRefused\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"MalformedBatch\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"NestedTransaction\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"NotASafe\",\"inputs\":[{\"name\":\"safe\",\"type\":\"address\",\"internalType\":\"address\"}]},{\"type\":\"error\",\"name\":\"NotAllowedToCancel\",\"inputs\":[{\"name\":\"caller\",\"type\":\"address\",\"internalType\":\"address\"}]},{\"type\":\"error\",\"name\":\"NotAnnounced\",\"inputs\":[{\"name\":\"id\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"type\":\"error\",\"name\":\"RefundRefused\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"SelfCallRefused\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"TooEarly\",\"inputs\":[{\"name\":\"id\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"notBefore\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"type\":\"error\",\"name\":\"TooLate\",\"inputs\":[{\"name\":\"id\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"notAfter\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"type\":\"error\",\"name\":\"TooManyEntries\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"ZeroMultiSend\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"ZeroTime\",\"inputs\":[]}]",
	ID:  "Guard",
	Bin: "0x60e060405234801561000f575f5ffd5b5060405161174c38038061174c83398101604081905261002e916100d0565b6001600160a01b0383166100555760405163866f872d60e01b815260040160405180910390fd5b6001600160401b038216158061007257506001600160401b038116155b156100905760405163090d140f60e21b815260040160405180910390fd5b6001600160a01b039092166080526001600160401b0390811660a0521660c05261011d565b80516001600160401b03811681146100cb575f5ffd5b919050565b5f5f5f606084860312156100e2575f5ffd5b83516001600160a01b03811681146100f8575f5ffd5b9250610106602085016100b5565b9150610114604085016100b5565b90509250925092565b60805160a05160c0516115db6101715f395f818161017d0152818161075b0152818161084d01528181610caa0152610ce501525f81816101bc01526107ac01525f81816102600152610b4701526115db5ff3fe608060405234801561000f575f5ffd5b50600436106100cb575f3560e01c8063728c297211610088578063932713681161006357806393271368146102225780639e2ed68614610235578063b216706c14610248578063e49cda081461025b575f5ffd5b8063728c2972146101f457806375f0bb52146102075780637d4cb9641461021a575f5ffd5b806301ffc9a7146100cf5780630a1f220e146100f75780632acc37aa14610163578063461645bf146101785780636a42b8f8146101b75780636c70bee9146101de575b5f5ffd5b6100e26100dd366004611065565b61029a565b60405190151581526020015b60405180910390f35b61013c6101053660046110b3565b600960209081525f92835260408084209091529082529020546001600160401b03811690600160401b90046001600160a01b031682565b604080516001600160401b0390931683526001600160a01b039091166020830152016100ee565b6101766101713660046110ea565b6102eb565b005b61019f7f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160401b0390911681526020016100ee565b61019f7f000000000000000000000000000000000000000000000000000000000000000081565b6101e6610317565b6040519081526020016100ee565b6101e661020236600461116a565b6103f3565b610176610215366004611285565b610449565b6101e6606481565b6101766102303660046110ea565b61052b565b6101766102433660046110b3565b610572565b6101e6610256366004611369565b610701565b6102827f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b0390911681526020016100ee565b5f6001600160e01b0319821663736bd41d60e11b14806102ca57506001600160e01b03198216630b0803db60e31b145b806102e557506001600160e01b031982166301ffc9a760e01b145b92915050565b6102f433610893565b82146103135760405163b6aa5c4760e01b815260040160405180910390fd5b5050565b5f80546004547f4a204f620c8c5ccdca3fd54d003badd85ba500436a431f0cbda4f558c93c34c8546001600160a01b03909216917fb104e0b93118902c651344349b610029d694cfdec91c589c91ebafbcd0289947547f6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d554604080516001600160a01b0390961660208701528501939093526060840191909152608083015260a082015260c0016040516020818303038152906040528051906020012090506103e1816002610a87565b90506103ee816001610a87565b905090565b5f6001600160a01b0387163314801561040b57508315155b156104295760405163359388eb60e21b815260040160405180910390fd5b61043587868686610b2c565b61043e33610893565b979650505050505050565b86861785171561046c576040516308ef716560e01b815260040160405180910390fd5b6001600160a01b03841615158061048b57506001600160a01b03831615155b156104a9576040516308ef716560e01b815260040160405180910390fd5b335c156104c95760405163bc68424b60e01b815260040160405180910390fd5b6001600160a01b038c16331480156104e057508815155b15610500576104f18b8b8b8b610bd1565b6104fb6001610d84565b61051d565b61050c8c8b8b8b610b2c565b61051d61051833610893565b610d84565b505050505050505050505050565b335c6105365f610d84565b6001811480159061054f575061054b33610893565b8114155b1561056d5760405163b6aa5c4760e01b815260040160405180910390fd5b505050565b6001600160a01b038083165f90815260096020908152604080832085845282528083208151808301909252546001600160401b038116808352600160401b909104909416918101919091529190036105e557604051633c0cac2560e21b8152600481018390526024015b60405180910390fd5b336001600160a01b03841614801590610680575080602001516001600160a01b0316336001600160a01b0316148061068057506040516317aa5fb760e11b81523360048201526001600160a01b03841690632f54bf6e90602401602060405180830381865afa15801561065a573d5f5f3e3d5ffd5b505050506040513d601f19601f8201168201806040525081019061067e91906113a7565b155b156106a057604051634e0ffdfd60e01b81523360048201526024016105dc565b6001600160a01b0383165f81815260096020908152604080832086845290915280822080546001600160e01b0319169055513392859290917fa49fc644fbc420234adcbc7f65c40b7037e9aa138d7c31045c8fc4b5e34a861a9190a4505050565b5f82826040516107129291906113c2565b6040805191829003909120335f908152600960209081528382208383529052919091208054919250906001600160401b0316801580159061078557506107816001600160401b037f000000000000000000000000000000000000000000000000000000000000000016826113e5565b4211155b156107a657604051632dfb7eb960e11b8152600481018490526024016105dc565b5f6107d17f0000000000000000000000000000000000000000000000000000000000000000426113f8565b835467ffffffffffffffff19166001600160401b03821617845590506107f78686610d8a565b83546001600160a01b0391909116600160401b0268010000000000000000600160e01b031990911617835583337ff54a06754aeae893e461bcf81b39b81e2cb297169bf06145f34d4c4420928cc98888856108727f0000000000000000000000000000000000000000000000000000000000000000826113f8565b6040516108829493929190611417565b60405180910390a350505092915050565b5f5f826001600160a01b031663a619486e6040518163ffffffff1660e01b8152600401602060405180830381865afa1580156108d1573d5f5f3e3d5ffd5b505050506040513d601f19601f820116820180604052508101906108f5919061145d565b6040805160048152602480820183526020820180516001600160e01b0316636c70bee960e01b1790529151929350915f9182916001600160a01b03881691610941913091879101611478565b60408051601f198184030181529181526020820180516001600160e01b031663b4faba0960e01b1790525161097691906114bc565b5f604051808303815f865af19150503d805f81146109af576040519150601f19603f3d011682016040523d82523d5f602084013e6109b4565b606091505b509150915081806109c757508051606014155b156109f057604051633d061fa560e01b81526001600160a01b03871660048201526024016105dc565b5f5f5f83806020019051810190610a0791906114d2565b925092509250826001141580610a1e575081602014155b15610a4757604051633d061fa560e01b81526001600160a01b038a1660048201526024016105dc565b604080516001600160a01b038916602082015290810182905260600160405160208183030381529060405280519060200120975050505050505050919050565b5f6001815b60648111610b12576001600160a01b039182165f90815260208581526040918290205482519182018890529093169083018190529160600160405160208183030381529060405280519060200120945060016001600160a01b0316826001600160a01b031603610b005784925050506102e5565b80610b0a816114fd565b915050610a8c565b50604051630fdfc52760e21b815260040160405180910390fd5b6001816001811115610b4057610b40611515565b03610bb1577f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316846001600160a01b031614610ba25760405163387bab4160e01b81526001600160a01b03851660048201526024016105dc565b610bac8383610e07565b610bcb565b306001600160a01b03851603610bcb57610bcb8383610ff6565b50505050565b83151580610bf057505f816001811115610bed57610bed611515565b14155b15610c0e5760405163359388eb60e21b815260040160405180910390fd5b5f8383604051610c1f9291906113c2565b6040805191829003909120335f908152600960209081528382208383529052918220549092506001600160401b031690819003610c7257604051633c0cac2560e21b8152600481018390526024016105dc565b80421015610c9d5760405163d47800eb60e01b815260048101839052602481018290526044016105dc565b610cd06001600160401b037f000000000000000000000000000000000000000000000000000000000000000016826113e5565b421115610d2d5781610d0b6001600160401b037f000000000000000000000000000000000000000000000000000000000000000016836113e5565b604051632413eccd60e21b8152600481019290925260248201526044016105dc565b335f81815260096020908152604080832086845290915280822080546001600160e01b0319169055518492917f71ed0a768275994af299aae0bbf451857ec497f011f4efb5d42d76a1075b461b91a3505050505050565b80335d50565b5f6044821015610d9b57505f6102e5565b5f610da68484611053565b90506001600160e01b0319811663f8dc5dd960e01b14801590610dda57506001600160e01b0319811663e318b52b60e01b14155b15610de8575f9150506102e5565b610df6604460248587611529565b610dff91611550565b949350505050565b6044811080610e3057506346c07f8560e11b610e238383611053565b6001600160e01b03191614155b15610e4e5760405163c1f97e3560e01b815260040160405180910390fd5b5f610e5d604460248486611529565b610e6691611550565b9050610e76602460048486611529565b610e7f91611550565b6020141580610e8d57508181115b15610eab5760405163c1f97e3560e01b815260040160405180910390fd5b6020610eb882601f6113e5565b610ec2919061156d565b610ecd90602061158c565b610ed89060446113e5565b8214610ef75760405163c1f97e3560e01b815260040160405180910390fd5b5f610f038260446113e5565b905060445b81811015610fef578082036055811015610f355760405163c1f97e3560e01b815260040160405180910390fd5b85820180359060350135605882901c60f883901c151580610f5857506055840382115b15610f765760405163c1f97e3560e01b815260040160405180910390fd5b6001600160a01b038116331480610f9457506001600160a01b038116155b15610fb25760405163359388eb60e21b815260040160405180910390fd5b306001600160a01b03821603610fde57610fde610fd9605587850181019088018b8d611529565b610ff6565b816055018501945050505050610f08565b5050505050565b5f6110018383611053565b90506001600160e01b03198116632c859c1b60e21b1480159061103557506001600160e01b03198116634f176b4360e11b14155b1561056d57604051636da950f960e11b815260040160405180910390fd5b5f61105e82846115a3565b9392505050565b5f60208284031215611075575f5ffd5b81356001600160e01b03198116811461105e575f5ffd5b6001600160a01b03811681146110a0575f5ffd5b50565b80356110ae8161108c565b919050565b5f5f604083850312156110c4575f5ffd5b82356110cf8161108c565b946020939093013593505050565b80151581146110a0575f5ffd5b5f5f604083850312156110fb575f5ffd5b82359150602083013561110d816110dd565b809150509250929050565b5f5f83601f840112611128575f5ffd5b5081356001600160401b0381111561113e575f5ffd5b602083019150836020828501011115611155575f5ffd5b9250929050565b8035600281106110ae575f5ffd5b5f5f5f5f5f5f60a0878903121561117f575f5ffd5b863561118a8161108c565b95506020870135945060408701356001600160401b038111156111ab575f5ffd5b6111b789828a01611118565b90955093506111ca90506060880161115c565b915060808701356111da8161108c565b809150509295509295509295565b634e487b7160e01b5f52604160045260245ffd5b5f82601f83011261120b575f5ffd5b81356001600160401b03811115611224576112246111e8565b604051601f8201601f19908116603f011681016001600160401b0381118282101715611252576112526111e8565b604052818152838201602001851015611269575f5ffd5b816020850160208301375f918101602001919091529392505050565b5f5f5f5f5f5f5f5f5f5f5f5f6101608d8f0312156112a1575f5ffd5b6112aa8d6110a3565b9b5060208d01359a506001600160401b0360408e013511156112ca575f5ffd5b6112da8e60408f01358f01611118565b909a5098506112eb60608e0161115c565b975060808d0135965060a08d0135955060c08d0135945061130e60e08e016110a3565b935061131d6101008e016110a3565b92506001600160401b036101208e01351115611337575f5ffd5b6113488e6101208f01358f016111fc565b91506113576101408e016110a3565b90509295989b509295989b509295989b565b5f5f6020838503121561137a575f5ffd5b82356001600160401b0381111561138f575f5ffd5b61139b85828601611118565b90969095509350505050565b5f602082840312156113b7575f5ffd5b815161105e816110dd565b818382375f9101908152919050565b634e487b7160e01b5f52601160045260245ffd5b808201808211156102e5576102e56113d1565b6001600160401b0381811683821601908111156102e5576102e56113d1565b60608152836060820152838560808301375f60808583018101919091526001600160401b039384166020830152919092166040830152601f909201601f19160101919050565b5f6020828403121561146d575f5ffd5b815161105e8161108c565b60018060a01b0383168152604060208201525f82518060408401528060208501606085015e5f606082850101526060601f19601f8301168401019150509392505050565b5f82518060208501845e5f920191825250919050565b5f5f5f606084860312156114e4575f5ffd5b5050815160208301516040909301519094929350919050565b5f6001820161150e5761150e6113d1565b5060010190565b634e487b7160e01b5f52602160045260245ffd5b5f5f85851115611537575f5ffd5b83861115611543575f5ffd5b5050820193919092039150565b803560208310156102e5575f19602084900360031b1b1692915050565b5f8261158757634e487b7160e01b5f52601260045260245ffd5b500490565b80820281158282048414176102e5576102e56113d1565b80356001600160e01b031981169060048410156115d4576001600160e01b0319600485900360031b81901b82161691505b509291505056",
}

// Guard is an auto generated Go binding around an Ethereum contract.
type Guard struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *Guard) GetABI() abi.ABI {
	return c.abi
}

// NewGuard creates a new instance of Guard.
func NewGuard() *Guard {
	parsed, err := GuardMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &Guard{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *Guard) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackConstructor is the Go binding used to pack the parameters required for
// contract deployment.
//
// Solidity: constructor(address multiSend_, uint64 delay_, uint64 window_) returns()
func (guard *Guard) PackConstructor(multiSend_ common.Address, delay_ uint64, window_ uint64) []byte {
	enc, err := guard.abi.Pack("", multiSend_, delay_, window_)
	if err != nil {
		panic(err)
	}
	return enc
}

// PackMAXENTRIES is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x7d4cb964.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function MAX_ENTRIES() view returns(uint256)
func (guard *Guard) PackMAXENTRIES() []byte {
	enc, err := guard.abi.Pack("MAX_ENTRIES")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackMAXENTRIES is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x7d4cb964.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function MAX_ENTRIES() view returns(uint256)
func (guard *Guard) TryPackMAXENTRIES() ([]byte, error) {
	return guard.abi.Pack("MAX_ENTRIES")
}

// UnpackMAXENTRIES is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x7d4cb964.
//
// Solidity: function MAX_ENTRIES() view returns(uint256)
func (guard *Guard) UnpackMAXENTRIES(data []byte) (*big.Int, error) {
	out, err := guard.abi.Unpack("MAX_ENTRIES", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackAnnounce is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb216706c.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function announce(bytes change) returns(bytes32 id)
func (guard *Guard) PackAnnounce(change []byte) []byte {
	enc, err := guard.abi.Pack("announce", change)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackAnnounce is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb216706c.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function announce(bytes change) returns(bytes32 id)
func (guard *Guard) TryPackAnnounce(change []byte) ([]byte, error) {
	return guard.abi.Pack("announce", change)
}

// UnpackAnnounce is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xb216706c.
//
// Solidity: function announce(bytes change) returns(bytes32 id)
func (guard *Guard) UnpackAnnounce(data []byte) ([32]byte, error) {
	out, err := guard.abi.Unpack("announce", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackAnnouncements is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x0a1f220e.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function announcements(address safe, bytes32 id) view returns(uint64 notBefore, address leaving)
func (guard *Guard) PackAnnouncements(safe common.Address, id [32]byte) []byte {
	enc, err := guard.abi.Pack("announcements", safe, id)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackAnnouncements is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x0a1f220e.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function announcements(address safe, bytes32 id) view returns(uint64 notBefore, address leaving)
func (guard *Guard) TryPackAnnouncements(safe common.Address, id [32]byte) ([]byte, error) {
	return guard.abi.Pack("announcements", safe, id)
}

// AnnouncementsOutput serves as a container for the return parameters of contract
// method Announcements.
type AnnouncementsOutput struct {
	NotBefore uint64
	Leaving   common.Address
}

// UnpackAnnouncements is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x0a1f220e.
//
// Solidity: function announcements(address safe, bytes32 id) view returns(uint64 notBefore, address leaving)
func (guard *Guard) UnpackAnnouncements(data []byte) (AnnouncementsOutput, error) {
	out, err := guard.abi.Unpack("announcements", data)
	outstruct := new(AnnouncementsOutput)
	if err != nil {
		return *outstruct, err
	}
	outstruct.NotBefore = *abi.ConvertType(out[0], new(uint64)).(*uint64)
	outstruct.Leaving = *abi.ConvertType(out[1], new(common.Address)).(*common.Address)
	return *outstruct, nil
}

// PackCancel is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x9e2ed686.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function cancel(address safe, bytes32 id) returns()
func (guard *Guard) PackCancel(safe common.Address, id [32]byte) []byte {
	enc, err := guard.abi.Pack("cancel", safe, id)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCancel is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x9e2ed686.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function cancel(address safe, bytes32 id) returns()
func (guard *Guard) TryPackCancel(safe common.Address, id [32]byte) ([]byte, error) {
	return guard.abi.Pack("cancel", safe, id)
}

// PackCheckAfterExecution is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x93271368.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function checkAfterExecution(bytes32 , bool ) returns()
func (guard *Guard) PackCheckAfterExecution(arg0 [32]byte, arg1 bool) []byte {
	enc, err := guard.abi.Pack("checkAfterExecution", arg0, arg1)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCheckAfterExecution is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x93271368.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function checkAfterExecution(bytes32 , bool ) returns()
func (guard *Guard) TryPackCheckAfterExecution(arg0 [32]byte, arg1 bool) ([]byte, error) {
	return guard.abi.Pack("checkAfterExecution", arg0, arg1)
}

// PackCheckAfterModuleExecution is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x2acc37aa.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function checkAfterModuleExecution(bytes32 before, bool ) returns()
func (guard *Guard) PackCheckAfterModuleExecution(before [32]byte, arg1 bool) []byte {
	enc, err := guard.abi.Pack("checkAfterModuleExecution", before, arg1)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCheckAfterModuleExecution is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x2acc37aa.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function checkAfterModuleExecution(bytes32 before, bool ) returns()
func (guard *Guard) TryPackCheckAfterModuleExecution(before [32]byte, arg1 bool) ([]byte, error) {
	return guard.abi.Pack("checkAfterModuleExecution", before, arg1)
}

// PackCheckModuleTransaction is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x728c2972.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function checkModuleTransaction(address to, uint256 , bytes data, uint8 operation, address ) returns(bytes32)
func (guard *Guard) PackCheckModuleTransaction(to common.Address, arg1 *big.Int, data []byte, operation uint8, arg4 common.Address) []byte {
	enc, err := guard.abi.Pack("checkModuleTransaction", to, arg1, data, operation, arg4)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCheckModuleTransaction is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x728c2972.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function checkModuleTransaction(address to, uint256 , bytes data, uint8 operation, address ) returns(bytes32)
func (guard *Guard) TryPackCheckModuleTransaction(to common.Address, arg1 *big.Int, data []byte, operation uint8, arg4 common.Address) ([]byte, error) {
	return guard.abi.Pack("checkModuleTransaction", to, arg1, data, operation, arg4)
}

// UnpackCheckModuleTransaction is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x728c2972.
//
// Solidity: function checkModuleTransaction(address to, uint256 , bytes data, uint8 operation, address ) returns(bytes32)
func (guard *Guard) UnpackCheckModuleTransaction(data []byte) ([32]byte, error) {
	out, err := guard.abi.Unpack("checkModuleTransaction", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackCheckTransaction is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x75f0bb52.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function checkTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes , address ) returns()
func (guard *Guard) PackCheckTransaction(to common.Address, value *big.Int, data []byte, operation uint8, safeTxGas *big.Int, baseGas *big.Int, gasPrice *big.Int, gasToken common.Address, refundReceiver common.Address, arg9 []byte, arg10 common.Address) []byte {
	enc, err := guard.abi.Pack("checkTransaction", to, value, data, operation, safeTxGas, baseGas, gasPrice, gasToken, refundReceiver, arg9, arg10)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCheckTransaction is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x75f0bb52.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function checkTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes , address ) returns()
func (guard *Guard) TryPackCheckTransaction(to common.Address, value *big.Int, data []byte, operation uint8, safeTxGas *big.Int, baseGas *big.Int, gasPrice *big.Int, gasToken common.Address, refundReceiver common.Address, arg9 []byte, arg10 common.Address) ([]byte, error) {
	return guard.abi.Pack("checkTransaction", to, value, data, operation, safeTxGas, baseGas, gasPrice, gasToken, refundReceiver, arg9, arg10)
}

// PackConfiguration is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6c70bee9.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function configuration() view returns(bytes32 hash)
func (guard *Guard) PackConfiguration() []byte {
	enc, err := guard.abi.Pack("configuration")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackConfiguration is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6c70bee9.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function configuration() view returns(bytes32 hash)
func (guard *Guard) TryPackConfiguration() ([]byte, error) {
	return guard.abi.Pack("configuration")
}

// UnpackConfiguration is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x6c70bee9.
//
// Solidity: function configuration() view returns(bytes32 hash)
func (guard *Guard) UnpackConfiguration(data []byte) ([32]byte, error) {
	out, err := guard.abi.Unpack("configuration", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackDelay is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6a42b8f8.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function delay() view returns(uint64)
func (guard *Guard) PackDelay() []byte {
	enc, err := guard.abi.Pack("delay")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackDelay is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6a42b8f8.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function delay() view returns(uint64)
func (guard *Guard) TryPackDelay() ([]byte, error) {
	return guard.abi.Pack("delay")
}

// UnpackDelay is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x6a42b8f8.
//
// Solidity: function delay() view returns(uint64)
func (guard *Guard) UnpackDelay(data []byte) (uint64, error) {
	out, err := guard.abi.Unpack("delay", data)
	if err != nil {
		return *new(uint64), err
	}
	out0 := *abi.ConvertType(out[0], new(uint64)).(*uint64)
	return out0, nil
}

// PackMultiSend is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe49cda08.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function multiSend() view returns(address)
func (guard *Guard) PackMultiSend() []byte {
	enc, err := guard.abi.Pack("multiSend")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackMultiSend is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe49cda08.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function multiSend() view returns(address)
func (guard *Guard) TryPackMultiSend() ([]byte, error) {
	return guard.abi.Pack("multiSend")
}

// UnpackMultiSend is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xe49cda08.
//
// Solidity: function multiSend() view returns(address)
func (guard *Guard) UnpackMultiSend(data []byte) (common.Address, error) {
	out, err := guard.abi.Unpack("multiSend", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
}

// PackSupportsInterface is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x01ffc9a7.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function supportsInterface(bytes4 id) pure returns(bool)
func (guard *Guard) PackSupportsInterface(id [4]byte) []byte {
	enc, err := guard.abi.Pack("supportsInterface", id)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSupportsInterface is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x01ffc9a7.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function supportsInterface(bytes4 id) pure returns(bool)
func (guard *Guard) TryPackSupportsInterface(id [4]byte) ([]byte, error) {
	return guard.abi.Pack("supportsInterface", id)
}

// UnpackSupportsInterface is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x01ffc9a7.
//
// Solidity: function supportsInterface(bytes4 id) pure returns(bool)
func (guard *Guard) UnpackSupportsInterface(data []byte) (bool, error) {
	out, err := guard.abi.Unpack("supportsInterface", data)
	if err != nil {
		return *new(bool), err
	}
	out0 := *abi.ConvertType(out[0], new(bool)).(*bool)
	return out0, nil
}

// PackWindow is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x461645bf.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function window() view returns(uint64)
func (guard *Guard) PackWindow() []byte {
	enc, err := guard.abi.Pack("window")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackWindow is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x461645bf.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function window() view returns(uint64)
func (guard *Guard) TryPackWindow() ([]byte, error) {
	return guard.abi.Pack("window")
}

// UnpackWindow is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x461645bf.
//
// Solidity: function window() view returns(uint64)
func (guard *Guard) UnpackWindow(data []byte) (uint64, error) {
	out, err := guard.abi.Unpack("window", data)
	if err != nil {
		return *new(uint64), err
	}
	out0 := *abi.ConvertType(out[0], new(uint64)).(*uint64)
	return out0, nil
}

// GuardAnnounced represents a Announced event raised by the Guard contract.
type GuardAnnounced struct {
	Safe      common.Address
	Id        [32]byte
	Change    []byte
	NotBefore *big.Int
	NotAfter  *big.Int
	Raw       *types.Log // Blockchain specific contextual infos
}

const GuardAnnouncedEventName = "Announced"

// ContractEventName returns the user-defined event name.
func (GuardAnnounced) ContractEventName() string {
	return GuardAnnouncedEventName
}

// UnpackAnnouncedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Announced(address indexed safe, bytes32 indexed id, bytes change, uint256 notBefore, uint256 notAfter)
func (guard *Guard) UnpackAnnouncedEvent(log *types.Log) (*GuardAnnounced, error) {
	event := "Announced"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != guard.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(GuardAnnounced)
	if len(log.Data) > 0 {
		if err := guard.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range guard.abi.Events[event].Inputs {
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

// GuardCancelled represents a Cancelled event raised by the Guard contract.
type GuardCancelled struct {
	Safe common.Address
	Id   [32]byte
	By   common.Address
	Raw  *types.Log // Blockchain specific contextual infos
}

const GuardCancelledEventName = "Cancelled"

// ContractEventName returns the user-defined event name.
func (GuardCancelled) ContractEventName() string {
	return GuardCancelledEventName
}

// UnpackCancelledEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Cancelled(address indexed safe, bytes32 indexed id, address indexed by)
func (guard *Guard) UnpackCancelledEvent(log *types.Log) (*GuardCancelled, error) {
	event := "Cancelled"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != guard.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(GuardCancelled)
	if len(log.Data) > 0 {
		if err := guard.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range guard.abi.Events[event].Inputs {
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

// GuardExecuted represents a Executed event raised by the Guard contract.
type GuardExecuted struct {
	Safe common.Address
	Id   [32]byte
	Raw  *types.Log // Blockchain specific contextual infos
}

const GuardExecutedEventName = "Executed"

// ContractEventName returns the user-defined event name.
func (GuardExecuted) ContractEventName() string {
	return GuardExecutedEventName
}

// UnpackExecutedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Executed(address indexed safe, bytes32 indexed id)
func (guard *Guard) UnpackExecutedEvent(log *types.Log) (*GuardExecuted, error) {
	event := "Executed"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != guard.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(GuardExecuted)
	if len(log.Data) > 0 {
		if err := guard.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range guard.abi.Events[event].Inputs {
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
func (guard *Guard) UnpackError(raw []byte) (any, error) {
	if bytes.Equal(raw[:4], guard.abi.Errors["AlreadyAnnounced"].ID.Bytes()[:4]) {
		return guard.UnpackAlreadyAnnouncedError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["ConfigurationChanged"].ID.Bytes()[:4]) {
		return guard.UnpackConfigurationChangedError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["DelegateCallRefused"].ID.Bytes()[:4]) {
		return guard.UnpackDelegateCallRefusedError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["GuardCallRefused"].ID.Bytes()[:4]) {
		return guard.UnpackGuardCallRefusedError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["MalformedBatch"].ID.Bytes()[:4]) {
		return guard.UnpackMalformedBatchError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["NestedTransaction"].ID.Bytes()[:4]) {
		return guard.UnpackNestedTransactionError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["NotASafe"].ID.Bytes()[:4]) {
		return guard.UnpackNotASafeError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["NotAllowedToCancel"].ID.Bytes()[:4]) {
		return guard.UnpackNotAllowedToCancelError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["NotAnnounced"].ID.Bytes()[:4]) {
		return guard.UnpackNotAnnouncedError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["RefundRefused"].ID.Bytes()[:4]) {
		return guard.UnpackRefundRefusedError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["SelfCallRefused"].ID.Bytes()[:4]) {
		return guard.UnpackSelfCallRefusedError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["TooEarly"].ID.Bytes()[:4]) {
		return guard.UnpackTooEarlyError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["TooLate"].ID.Bytes()[:4]) {
		return guard.UnpackTooLateError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["TooManyEntries"].ID.Bytes()[:4]) {
		return guard.UnpackTooManyEntriesError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["ZeroMultiSend"].ID.Bytes()[:4]) {
		return guard.UnpackZeroMultiSendError(raw[4:])
	}
	if bytes.Equal(raw[:4], guard.abi.Errors["ZeroTime"].ID.Bytes()[:4]) {
		return guard.UnpackZeroTimeError(raw[4:])
	}
	return nil, errors.New("Unknown error")
}

// GuardAlreadyAnnounced represents a AlreadyAnnounced error raised by the Guard contract.
type GuardAlreadyAnnounced struct {
	Id [32]byte
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error AlreadyAnnounced(bytes32 id)
func GuardAlreadyAnnouncedErrorID() common.Hash {
	return common.HexToHash("0x5bf6fd7259cd9529ccdc4cb0ecf8f95b05421dfb79292bb815c6055ccc913bd4")
}

// UnpackAlreadyAnnouncedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error AlreadyAnnounced(bytes32 id)
func (guard *Guard) UnpackAlreadyAnnouncedError(raw []byte) (*GuardAlreadyAnnounced, error) {
	out := new(GuardAlreadyAnnounced)
	if err := guard.abi.UnpackIntoInterface(out, "AlreadyAnnounced", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardConfigurationChanged represents a ConfigurationChanged error raised by the Guard contract.
type GuardConfigurationChanged struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ConfigurationChanged()
func GuardConfigurationChangedErrorID() common.Hash {
	return common.HexToHash("0xb6aa5c479f96dcbdbe1d8b70883ec95e8799f8e602ee347ed972a22c974b14c0")
}

// UnpackConfigurationChangedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ConfigurationChanged()
func (guard *Guard) UnpackConfigurationChangedError(raw []byte) (*GuardConfigurationChanged, error) {
	out := new(GuardConfigurationChanged)
	if err := guard.abi.UnpackIntoInterface(out, "ConfigurationChanged", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardDelegateCallRefused represents a DelegateCallRefused error raised by the Guard contract.
type GuardDelegateCallRefused struct {
	To common.Address
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error DelegateCallRefused(address to)
func GuardDelegateCallRefusedErrorID() common.Hash {
	return common.HexToHash("0x387bab413678d757823734999ba3de57cf7c27cf2fe586b9b3a28e2ac1f91d2e")
}

// UnpackDelegateCallRefusedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error DelegateCallRefused(address to)
func (guard *Guard) UnpackDelegateCallRefusedError(raw []byte) (*GuardDelegateCallRefused, error) {
	out := new(GuardDelegateCallRefused)
	if err := guard.abi.UnpackIntoInterface(out, "DelegateCallRefused", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardGuardCallRefused represents a GuardCallRefused error raised by the Guard contract.
type GuardGuardCallRefused struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error GuardCallRefused()
func GuardGuardCallRefusedErrorID() common.Hash {
	return common.HexToHash("0xdb52a1f265c217d6776f6d23d1191dcd78338d1c057ea8b77aa023a2fa766d48")
}

// UnpackGuardCallRefusedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error GuardCallRefused()
func (guard *Guard) UnpackGuardCallRefusedError(raw []byte) (*GuardGuardCallRefused, error) {
	out := new(GuardGuardCallRefused)
	if err := guard.abi.UnpackIntoInterface(out, "GuardCallRefused", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardMalformedBatch represents a MalformedBatch error raised by the Guard contract.
type GuardMalformedBatch struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error MalformedBatch()
func GuardMalformedBatchErrorID() common.Hash {
	return common.HexToHash("0xc1f97e357126228fbd1d10529639719f678993af6b577b3a6eeaba71da70670e")
}

// UnpackMalformedBatchError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error MalformedBatch()
func (guard *Guard) UnpackMalformedBatchError(raw []byte) (*GuardMalformedBatch, error) {
	out := new(GuardMalformedBatch)
	if err := guard.abi.UnpackIntoInterface(out, "MalformedBatch", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardNestedTransaction represents a NestedTransaction error raised by the Guard contract.
type GuardNestedTransaction struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NestedTransaction()
func GuardNestedTransactionErrorID() common.Hash {
	return common.HexToHash("0xbc68424b8e9fb3d21ac6771c83c3d4c264fd8bff369e99f44a1c61b9ed17f142")
}

// UnpackNestedTransactionError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NestedTransaction()
func (guard *Guard) UnpackNestedTransactionError(raw []byte) (*GuardNestedTransaction, error) {
	out := new(GuardNestedTransaction)
	if err := guard.abi.UnpackIntoInterface(out, "NestedTransaction", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardNotASafe represents a NotASafe error raised by the Guard contract.
type GuardNotASafe struct {
	Safe common.Address
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NotASafe(address safe)
func GuardNotASafeErrorID() common.Hash {
	return common.HexToHash("0x3d061fa50de46f672157228bded2a1e05f646af34d03c27d0f78031ad18bbcae")
}

// UnpackNotASafeError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NotASafe(address safe)
func (guard *Guard) UnpackNotASafeError(raw []byte) (*GuardNotASafe, error) {
	out := new(GuardNotASafe)
	if err := guard.abi.UnpackIntoInterface(out, "NotASafe", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardNotAllowedToCancel represents a NotAllowedToCancel error raised by the Guard contract.
type GuardNotAllowedToCancel struct {
	Caller common.Address
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NotAllowedToCancel(address caller)
func GuardNotAllowedToCancelErrorID() common.Hash {
	return common.HexToHash("0x4e0ffdfd30834ad11e100bf4bdc6df26eed678da4a561e0f8f22b3307323a0b9")
}

// UnpackNotAllowedToCancelError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NotAllowedToCancel(address caller)
func (guard *Guard) UnpackNotAllowedToCancelError(raw []byte) (*GuardNotAllowedToCancel, error) {
	out := new(GuardNotAllowedToCancel)
	if err := guard.abi.UnpackIntoInterface(out, "NotAllowedToCancel", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardNotAnnounced represents a NotAnnounced error raised by the Guard contract.
type GuardNotAnnounced struct {
	Id [32]byte
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NotAnnounced(bytes32 id)
func GuardNotAnnouncedErrorID() common.Hash {
	return common.HexToHash("0xf032b094e3981c12ceddc5fd60cc5c6baea2ca772b62ba4d16a0213cfd0239ce")
}

// UnpackNotAnnouncedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NotAnnounced(bytes32 id)
func (guard *Guard) UnpackNotAnnouncedError(raw []byte) (*GuardNotAnnounced, error) {
	out := new(GuardNotAnnounced)
	if err := guard.abi.UnpackIntoInterface(out, "NotAnnounced", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardRefundRefused represents a RefundRefused error raised by the Guard contract.
type GuardRefundRefused struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error RefundRefused()
func GuardRefundRefusedErrorID() common.Hash {
	return common.HexToHash("0x08ef71652c32b4656e4c608d0ae50577c0d6d4695e312690aff77c6849843227")
}

// UnpackRefundRefusedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error RefundRefused()
func (guard *Guard) UnpackRefundRefusedError(raw []byte) (*GuardRefundRefused, error) {
	out := new(GuardRefundRefused)
	if err := guard.abi.UnpackIntoInterface(out, "RefundRefused", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardSelfCallRefused represents a SelfCallRefused error raised by the Guard contract.
type GuardSelfCallRefused struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error SelfCallRefused()
func GuardSelfCallRefusedErrorID() common.Hash {
	return common.HexToHash("0xd64e23ac0a9fba170ae1be7430e436ba514faee350ed591239c8071bf620578c")
}

// UnpackSelfCallRefusedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error SelfCallRefused()
func (guard *Guard) UnpackSelfCallRefusedError(raw []byte) (*GuardSelfCallRefused, error) {
	out := new(GuardSelfCallRefused)
	if err := guard.abi.UnpackIntoInterface(out, "SelfCallRefused", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardTooEarly represents a TooEarly error raised by the Guard contract.
type GuardTooEarly struct {
	Id        [32]byte
	NotBefore *big.Int
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error TooEarly(bytes32 id, uint256 notBefore)
func GuardTooEarlyErrorID() common.Hash {
	return common.HexToHash("0xd47800eb984781e618d3ef09d15b11990498dd645bcb492de136376092814baf")
}

// UnpackTooEarlyError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error TooEarly(bytes32 id, uint256 notBefore)
func (guard *Guard) UnpackTooEarlyError(raw []byte) (*GuardTooEarly, error) {
	out := new(GuardTooEarly)
	if err := guard.abi.UnpackIntoInterface(out, "TooEarly", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardTooLate represents a TooLate error raised by the Guard contract.
type GuardTooLate struct {
	Id       [32]byte
	NotAfter *big.Int
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error TooLate(bytes32 id, uint256 notAfter)
func GuardTooLateErrorID() common.Hash {
	return common.HexToHash("0x904fb334750ba9509e9952be75096a10d57d15127bc0d368893d8b70b952e21e")
}

// UnpackTooLateError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error TooLate(bytes32 id, uint256 notAfter)
func (guard *Guard) UnpackTooLateError(raw []byte) (*GuardTooLate, error) {
	out := new(GuardTooLate)
	if err := guard.abi.UnpackIntoInterface(out, "TooLate", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardTooManyEntries represents a TooManyEntries error raised by the Guard contract.
type GuardTooManyEntries struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error TooManyEntries()
func GuardTooManyEntriesErrorID() common.Hash {
	return common.HexToHash("0x3f7f149c2dccfdd7d99f2e7cb382d54b0e7daf9c047fb7ad08201d0629983694")
}

// UnpackTooManyEntriesError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error TooManyEntries()
func (guard *Guard) UnpackTooManyEntriesError(raw []byte) (*GuardTooManyEntries, error) {
	out := new(GuardTooManyEntries)
	if err := guard.abi.UnpackIntoInterface(out, "TooManyEntries", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardZeroMultiSend represents a ZeroMultiSend error raised by the Guard contract.
type GuardZeroMultiSend struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ZeroMultiSend()
func GuardZeroMultiSendErrorID() common.Hash {
	return common.HexToHash("0x866f872d22b24fb5bfd8e10898cf4e01def369097cea0f72b9727f85eadb9c43")
}

// UnpackZeroMultiSendError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ZeroMultiSend()
func (guard *Guard) UnpackZeroMultiSendError(raw []byte) (*GuardZeroMultiSend, error) {
	out := new(GuardZeroMultiSend)
	if err := guard.abi.UnpackIntoInterface(out, "ZeroMultiSend", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// GuardZeroTime represents a ZeroTime error raised by the Guard contract.
type GuardZeroTime struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ZeroTime()
func GuardZeroTimeErrorID() common.Hash {
	return common.HexToHash("0x2434503c014fa6c6a7a37b93f059a07c0a4cb77136f53063baa4fa32c0babf3d")
}

// UnpackZeroTimeError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ZeroTime()
func (guard *Guard) UnpackZeroTimeError(raw []byte) (*GuardZeroTime, error) {
	out := new(GuardZeroTime)
	if err := guard.abi.UnpackIntoInterface(out, "ZeroTime", raw); err != nil {
		return nil, err
	}
	return out, nil
}
