package tronsim

import (
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/params"
)

// tier is the price of an operation that always costs the same.
func tier(op vm.OpCode) int64 {
	switch {
	case op >= vm.PUSH1 && op <= vm.SWAP16:
		return 3
	case op >= vm.LT && op <= vm.SAR && op != vm.KECCAK256:
		return 3
	}
	switch op {
	case vm.STOP:
		return 0
	case vm.JUMPDEST:
		return 1
	case vm.ADD, vm.SUB, vm.CALLDATALOAD, vm.BLOBHASH:
		return 3
	case vm.MUL, vm.DIV, vm.SDIV, vm.MOD, vm.SMOD, vm.SIGNEXTEND, vm.SELFBALANCE:
		return 5
	case vm.ADDMOD, vm.MULMOD, vm.JUMP:
		return 8
	case vm.JUMPI:
		return 10
	default:
		return 2 // what reads the environment: ADDRESS … GAS, POP, PC, MSIZE, PUSH0
	}
}

// chainRules are Ethereum's rules up to Cancun, which TRON's follow.
func chainRules(chainID uint32) *params.ChainConfig {
	c := *params.MergedTestChainConfig
	c.ChainID = new(big.Int).SetUint64(uint64(chainID))
	c.PragueTime, c.OsakaTime = nil, nil
	return &c
}

// precompiles are the built-in contracts that work as Ethereum's do. Those of TRON that do
// not (ripemd160 at 3, signatures at 9 and 10, stakes and votes above 0x1000000) fail.
var precompiles = func() vm.PrecompiledContracts {
	all := vm.PrecompiledContracts{}
	for _, n := range []byte{1, 2, 4, 5, 6, 7, 8} {
		all[common.BytesToAddress([]byte{n})] = vm.PrecompiledContractsIstanbul[common.BytesToAddress([]byte{n})]
	}
	for _, n := range []byte{3, 9, 10} {
		all[common.BytesToAddress([]byte{n})] = missing{}
	}
	return all
}()

// missing is a built-in contract that is not modelled.
type missing struct{}

var errMissing = errors.New("this built-in contract is not modelled")

func (missing) RequiredGas([]byte) uint64  { return 0 }
func (missing) Run([]byte) ([]byte, error) { return nil, errMissing }
func (missing) Name() string               { return "missing" }
