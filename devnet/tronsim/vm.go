package tronsim

import (
	"encoding/binary"
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// plentyOfGas never runs out: energy is what limits a run.
const plentyOfGas = 1 << 62

const revertText = "REVERT opcode executed"

// result is what a run of the virtual machine did. A failed one changed nothing.
type result struct {
	code    tronpb.Transaction_ResultContractResult
	failure string
	output  []byte
	energy  int64
	penalty int64 // part of energy
	logs    []*tronpb.TransactionInfo_Log
	inner   []*tronpb.InternalTransaction
}

// call runs a contract.
func (x *execution) call(caller, address Address, data []byte, value int64, id Hash, limit int64) *result {
	return x.machine(id, caller, limit, func(evm *vm.EVM, _ *meter) ([]byte, error) {
		output, _, err := evm.Call(caller, address, data, vm.NewGasBudget(plentyOfGas, 0), uint256.NewInt(uint64(value))) //nolint:gosec // not negative
		return output, err
	})
}

// install runs the code that makes a contract at an address that Ethereum would not choose:
// it stands there while it runs and what it returns takes its place.
func (x *execution) install(owner, address Address, made *tronpb.SmartContract, id Hash, limit int64) *result {
	return x.machine(id, owner, limit, func(evm *vm.EVM, m *meter) ([]byte, error) {
		a := m.world.create(address, tronpb.AccountType_Contract, x.head)
		a.nonce = 1
		put(x.state, contractTable, address, &contract{made: made, code: made.Bytecode, hash: codeHash(made.Bytecode)})
		code, _, err := evm.Call(owner, address, nil, vm.NewGasBudget(plentyOfGas, 0), uint256.NewInt(uint64(made.CallValue))) //nolint:gosec // not negative
		if err != nil {
			return code, err
		}
		if len(code) > 0 && code[0] == 0xef {
			return nil, vm.ErrInvalidCode
		}
		m.spend(int64(len(code))*codeByte, name("save just created contract code"))
		hash := codeHash(code)
		made.CodeHash = hash[:]
		put(x.state, contractTable, address, &contract{made: made, code: code, hash: hash, cycle: x.state.totals[cycle]})
		return code, nil
	})
}

// machine runs something on the virtual machine and counts its energy.
func (x *execution) machine(id Hash, origin Address, limit int64, run func(evm *vm.EVM, m *meter) ([]byte, error)) *result {
	world := newVMState(x.state, id, x.head)
	m := &meter{run: x, world: world, limit: limit, busy: map[Address]*busy{}, root: id}
	evm := vm.NewEVM(x.blockContext(), world, chainRules(binary.BigEndian.Uint32(x.chain.genesis[28:])), vm.Config{Tracer: m.hooks()})
	evm.SetPrecompiles(precompiles)
	evm.SetTxContext(vm.TxContext{Origin: origin, GasPrice: uint256.NewInt(uint64(x.chain.parameters.EnergyPrice))}) //nolint:gosec // not negative

	mark := x.state.mark()
	r := guarded(func() ([]byte, error) { return run(evm, m) })
	r.energy, r.penalty, r.inner = m.used, m.penalty, m.inner
	if r.failure == "" {
		world.bury()
		for _, log := range world.logs {
			r.logs = append(r.logs, wireLog(log))
		}
		x.count(m.busy)
		return r
	}
	x.state.undo(mark)
	for _, inner := range r.inner {
		inner.Rejected = true
	}
	if r.code != tronpb.Transaction_Result_REVERT {
		r.energy, r.output = limit, nil // what breaks burns all that it was given
	}
	return r
}

// guarded runs something that the meter may end.
func guarded(run func() ([]byte, error)) (r *result) {
	defer func() {
		switch end := recover().(type) {
		case nil:
		case halt:
			r = &result{code: end.code, failure: end.text}
		default:
			panic(end)
		}
	}()
	output, err := run()
	code, text := reason(err)
	return &result{code: code, failure: text, output: output}
}

// reason is how TRON calls an error of Ethereum's virtual machine.
func reason(err error) (tronpb.Transaction_ResultContractResult, string) {
	var under *vm.ErrStackUnderflow
	var over *vm.ErrStackOverflow
	var opcode *vm.ErrInvalidOpCode
	switch {
	case err == nil:
		return tronpb.Transaction_Result_SUCCESS, ""
	case errors.Is(err, vm.ErrExecutionReverted):
		return tronpb.Transaction_Result_REVERT, revertText
	case errors.Is(err, vm.ErrInvalidJump):
		return tronpb.Transaction_Result_BAD_JUMP_DESTINATION, "Operation with pc isn't 'JUMPDEST'"
	case errors.Is(err, vm.ErrOutOfGas), errors.Is(err, vm.ErrGasUintOverflow):
		return tronpb.Transaction_Result_OUT_OF_MEMORY, "Out of Memory"
	case errors.Is(err, vm.ErrInvalidCode):
		return tronpb.Transaction_Result_INVALID_CODE, "invalid code: must not begin with 0xef"
	case errors.As(err, &under):
		return tronpb.Transaction_Result_STACK_TOO_SMALL, err.Error()
	case errors.As(err, &over):
		return tronpb.Transaction_Result_STACK_TOO_LARGE, err.Error()
	case errors.As(err, &opcode):
		return tronpb.Transaction_Result_ILLEGAL_OPERATION, "Invalid operation code: " + err.Error()
	default:
		return tronpb.Transaction_Result_UNKNOWN, err.Error()
	}
}

// count adds what contracts used in their cycle, which decides their next factor.
func (x *execution) count(all map[Address]*busy) {
	for address, b := range all {
		c := x.state.contracts[address]
		if c == nil || x.chain.parameters.DynamicThreshold <= 0 {
			continue
		}
		d := x.factor(c)
		d.usage += b.usage
		put(x.state, contractTable, address, &d)
	}
}

func wireLog(log *types.Log) *tronpb.TransactionInfo_Log {
	l := &tronpb.TransactionInfo_Log{Address: log.Address.Bytes(), Data: log.Data}
	for _, topic := range log.Topics {
		l.Topics = append(l.Topics, topic.Bytes())
	}
	return l
}

func (x *execution) blockContext() vm.BlockContext {
	return vm.BlockContext{
		CanTransfer: func(db vm.StateDB, from common.Address, amount *uint256.Int) bool {
			return db.GetBalance(from).Cmp(amount) >= 0
		},
		Transfer: func(db vm.StateDB, from, to common.Address, amount *uint256.Int, _ *params.Rules) {
			db.SubBalance(from, amount, 0)
			db.AddBalance(to, amount, 0)
		},
		GetHash: func(number uint64) common.Hash {
			if b := x.chain.at(int64(number)); b != nil { //nolint:gosec // the virtual machine asks for the last 256
				return common.Hash(b.id)
			}
			return common.Hash{}
		},
		Coinbase: x.producer, BlockNumber: big.NewInt(x.number), Time: uint64(x.time / 1000), //nolint:gosec // not negative
		Difficulty: new(big.Int), BaseFee: big.NewInt(x.chain.parameters.EnergyPrice), BlobBaseFee: new(big.Int), Random: new(common.Hash),
	}
}
