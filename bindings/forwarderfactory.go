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
	ABI: "[{\"type\":\"constructor\",\"inputs\":[{\"name\":\"vault_\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"addressOf\",\"inputs\":[{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"deploy\",\"inputs\":[{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"outputs\":[{\"name\":\"forwarder\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"flushMany\",\"inputs\":[{\"name\":\"salts\",\"type\":\"bytes32[]\",\"internalType\":\"bytes32[]\"},{\"name\":\"tokens\",\"type\":\"address[]\",\"internalType\":\"address[]\"},{\"name\":\"gasPerLeg\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"implementation\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"initCodeHash\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"vault\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"view\"},{\"type\":\"event\",\"name\":\"Deployed\",\"inputs\":[{\"name\":\"salt\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"forwarder\",\"type\":\"address\",\"indexed\":false,\"internalType\":\"address\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"FlushFailed\",\"inputs\":[{\"name\":\"salt\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"token\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"}],\"anonymous\":false},{\"type\":\"error\",\"name\":\"DeploymentFailed\",\"inputs\":[{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"type\":\"error\",\"name\":\"TooLittleGas\",\"inputs\":[{\"name\":\"gasPerLeg\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"type\":\"error\",\"name\":\"ZeroVault\",\"inputs\":[]}]",
	ID:  "ForwarderFactory",
	Bin: "0x60e060405234801561000f575f5ffd5b50604051610c5f380380610c5f83398101604081905261002e9161012d565b6001600160a01b03811661005557604051636347e7c160e11b815260040160405180910390fd5b6001600160a01b038116608052604051819061007090610120565b6001600160a01b039091168152602001604051809103905ff080158015610099573d5f5f3e3d5ffd5b506001600160a01b03811660a052604080517f3d603380600a3d3981f336600557005b363d3d373d3d3d363d73000000000000602082015260609290921b6001600160601b031916603a8301526e5af43d82803e903d91603157fd5bf360881b604e8301528051603d818403018152605d9092019052805160209091012060c0525061015a565b610498806107c783390190565b5f6020828403121561013d575f5ffd5b81516001600160a01b0381168114610153575f5ffd5b9392505050565b60805160a05160c0516106376101905f395f818160e8015261046301525f81816099015261019e01525f61011d01526106375ff3fe608060405234801561000f575f5ffd5b5060043610610060575f3560e01c80632b85ba38146100645780635c60da1b14610094578063829752aa146100bb578063bb34534c146100d0578063db4c545e146100e3578063fbfa77cf14610118575b5f5ffd5b6100776100723660046104aa565b61013f565b6040516001600160a01b0390911681526020015b60405180910390f35b6100777f000000000000000000000000000000000000000000000000000000000000000081565b6100ce6100c9366004610509565b610280565b005b6100776100de3660046104aa565b610431565b61010a7f000000000000000000000000000000000000000000000000000000000000000081565b60405190815260200161008b565b6100777f000000000000000000000000000000000000000000000000000000000000000081565b5f61014982610431565b90506001600160a01b0381163b1561016057919050565b5f6101f3604080517f3d603380600a3d3981f336600557005b363d3d373d3d3d363d7300000000000060208201526bffffffffffffffffffffffff197f000000000000000000000000000000000000000000000000000000000000000060601b16603a8201526e5af43d82803e903d91603157fd5bf360881b604e8201528151603d818303018152605d90910190915290565b90505f838251602084015ff59050826001600160a01b0316816001600160a01b03161461023b576040516383d2279b60e01b8152600481018590526024015b60405180910390fd5b6040516001600160a01b038416815284907fe491e278e37782abe0872fe7c7b549cd7b0713d0c5c1e84a81899a5fdf32087b9060200160405180910390a25050919050565b5f5b84811015610429575f6102ac8787848181106102a0576102a061057c565b9050602002013561013f565b90505f5b8481101561041f576102c4610bb8856105a4565b60405a6102d191906105bd565b6102dc90603f6105dc565b10156102fe576040516334edfe3160e01b815260048101859052602401610232565b816001600160a01b03166379c76e1a858888858181106103205761032061057c565b905060200201602081019061033591906105f3565b6040516001600160e01b031960e085901b1681526001600160a01b0390911660048201526024016020604051808303815f8887f193505050508015610397575060408051601f3d908101601f1916820190925261039491810190610620565b60015b610415578585828181106103ad576103ad61057c565b90506020020160208101906103c291906105f3565b6001600160a01b03168888858181106103dd576103dd61057c565b905060200201357fd1f91b29666c8f729e030c30ab7695ebc40efdb181b8fec98c54d5493725738060405160405180910390a3610417565b505b6001016102b0565b5050600101610282565b505050505050565b6040516001600160f81b031960208201526bffffffffffffffffffffffff193060601b166021820152603581018290527f000000000000000000000000000000000000000000000000000000000000000060558201525f9060750160408051601f19818403018152919052805160209091012092915050565b5f602082840312156104ba575f5ffd5b5035919050565b5f5f83601f8401126104d1575f5ffd5b50813567ffffffffffffffff8111156104e8575f5ffd5b6020830191508360208260051b8501011115610502575f5ffd5b9250929050565b5f5f5f5f5f6060868803121561051d575f5ffd5b853567ffffffffffffffff811115610533575f5ffd5b61053f888289016104c1565b909650945050602086013567ffffffffffffffff81111561055e575f5ffd5b61056a888289016104c1565b96999598509660400135949350505050565b634e487b7160e01b5f52603260045260245ffd5b634e487b7160e01b5f52601160045260245ffd5b808201808211156105b7576105b7610590565b92915050565b5f826105d757634e487b7160e01b5f52601260045260245ffd5b500490565b80820281158282048414176105b7576105b7610590565b5f60208284031215610603575f5ffd5b81356001600160a01b0381168114610619575f5ffd5b9392505050565b5f60208284031215610630575f5ffd5b50519190505660a0604052348015600e575f5ffd5b50604051610498380380610498833981016040819052602b91603b565b6001600160a01b03166080526066565b5f60208284031215604a575f5ffd5b81516001600160a01b0381168114605f575f5ffd5b9392505050565b60805161040d61008b5f395f818160810152818161012b0152610262015261040d5ff3fe608060405234801561000f575f5ffd5b506004361061003f575f3560e01c80630b18b3e51461004357806379c76e1a14610069578063fbfa77cf1461007c575b5f5ffd5b6100566100513660046103ad565b6100bb565b6040519081526020015b60405180910390f35b6100566100773660046103d5565b6100cf565b6100a37f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b039091168152602001610060565b5f6100c683836100f7565b90505b92915050565b5f6001600160a01b038216156100ef576100ea825f196100f7565b6100c9565b6100c9610252565b5f5f610102846102e4565b90508281106101115782610113565b805b9150815f03610125575f9150506100c9565b604080517f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316602482015260448082018590528251808303909101815260649091019091526020810180516001600160e01b031663a9059cbb60e01b179052610197908590610368565b6101c4576040516358294a4360e01b81526001600160a01b03851660048201526024015b60405180910390fd5b5f6101ce856102e4565b90508181106101fb576040516358294a4360e01b81526001600160a01b03861660048201526024016101bb565b61020581836103ee565b9250846001600160a01b03167f43a46ac5237b9605f9ffdc5ca9e3ada3bea496bd00815441705ff59446129fb18460405161024291815260200190565b60405180910390a2505092915050565b475f81900361026057505f90565b7f00000000000000000000000000000000000000000000000000000000000000005f8080808086865af19050806102aa576040516307a2049960e51b815260040160405180910390fd5b6040518381525f907f43a46ac5237b9605f9ffdc5ca9e3ada3bea496bd00815441705ff59446129fb19060200160405180910390a2505090565b6040805130602480830191909152825180830390910181526044909101909152602080820180516001600160e01b03166370a0823160e01b17815282515f9392849290918391875afa5f519350601f3d1116905080610361576040516358294a4360e01b81526001600160a01b03851660048201526024016101bb565b5050919050565b5f5f5f5260205f8351602085015f875af1905060015f5114601f3d11163d15178116905092915050565b80356001600160a01b03811681146103a8575f5ffd5b919050565b5f5f604083850312156103be575f5ffd5b6103c783610392565b946020939093013593505050565b5f602082840312156103e5575f5ffd5b6100c682610392565b818103818111156100c957634e487b7160e01b5f52601160045260245ffd",
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
// the contract method with ID 0x829752aa.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function flushMany(bytes32[] salts, address[] tokens, uint256 gasPerLeg) returns()
func (forwarderFactory *ForwarderFactory) PackFlushMany(salts [][32]byte, tokens []common.Address, gasPerLeg *big.Int) []byte {
	enc, err := forwarderFactory.abi.Pack("flushMany", salts, tokens, gasPerLeg)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackFlushMany is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x829752aa.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function flushMany(bytes32[] salts, address[] tokens, uint256 gasPerLeg) returns()
func (forwarderFactory *ForwarderFactory) TryPackFlushMany(salts [][32]byte, tokens []common.Address, gasPerLeg *big.Int) ([]byte, error) {
	return forwarderFactory.abi.Pack("flushMany", salts, tokens, gasPerLeg)
}

// PackImplementation is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5c60da1b.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function implementation() view returns(address)
func (forwarderFactory *ForwarderFactory) PackImplementation() []byte {
	enc, err := forwarderFactory.abi.Pack("implementation")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackImplementation is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5c60da1b.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function implementation() view returns(address)
func (forwarderFactory *ForwarderFactory) TryPackImplementation() ([]byte, error) {
	return forwarderFactory.abi.Pack("implementation")
}

// UnpackImplementation is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x5c60da1b.
//
// Solidity: function implementation() view returns(address)
func (forwarderFactory *ForwarderFactory) UnpackImplementation(data []byte) (common.Address, error) {
	out, err := forwarderFactory.abi.Unpack("implementation", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
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
	if bytes.Equal(raw[:4], forwarderFactory.abi.Errors["TooLittleGas"].ID.Bytes()[:4]) {
		return forwarderFactory.UnpackTooLittleGasError(raw[4:])
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

// ForwarderFactoryTooLittleGas represents a TooLittleGas error raised by the ForwarderFactory contract.
type ForwarderFactoryTooLittleGas struct {
	GasPerLeg *big.Int
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error TooLittleGas(uint256 gasPerLeg)
func ForwarderFactoryTooLittleGasErrorID() common.Hash {
	return common.HexToHash("0x34edfe31cabbc71f1bbcc422af76d1dd8e9d667fa1e0d070e25c433582ef1999")
}

// UnpackTooLittleGasError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error TooLittleGas(uint256 gasPerLeg)
func (forwarderFactory *ForwarderFactory) UnpackTooLittleGasError(raw []byte) (*ForwarderFactoryTooLittleGas, error) {
	out := new(ForwarderFactoryTooLittleGas)
	if err := forwarderFactory.abi.UnpackIntoInterface(out, "TooLittleGas", raw); err != nil {
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
