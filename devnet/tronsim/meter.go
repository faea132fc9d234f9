package tronsim

import (
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer/tron/tronpb"
)

const (
	memoryLimit = 3 << 20   // bytes of one frame's memory
	maxInner    = 10_000    // internal transactions that are kept of one transaction
	maxSteps    = 1_000_000 // operations of one run: java-tron stops by the clock
	codeByte    = 200       // energy of a byte of a new contract's code
	wordSize    = 32
)

// halt ends a run from inside of the tracer: go-ethereum would go on, since it has gas.
type halt struct {
	code tronpb.Transaction_ResultContractResult
	text string
}

// meter counts what a run costs on TRON while go-ethereum executes it with as much gas as
// there is: the operations' prices are the old ones of Ethereum, without refunds, without a
// price for the first access, and with what the contract costs on top.
type meter struct {
	run     *execution
	world   *vmState
	limit   int64
	used    int64
	steps   int
	penalty int64
	busy    map[Address]*busy
	self    Address // of the last operation, and what busy has of it
	current *busy
	frames  []frame
	inner   []*tronpb.InternalTransaction
	root    Hash
}

// busy is how busy a contract is.
type busy struct {
	usage  int64 // energy of this run without the penalty, for its next factor
	factor int64 // in 1/10000
}

// frame is a call in progress.
type frame struct {
	budget  int64 // what it was given, for when it fails and loses all of it
	start   int64 // what was used before
	inner   int   // its internal transaction, -1 for none
	next    int64 // what the call that is about to be made asks for
	created bool
}

func (m *meter) hooks() *tracing.Hooks {
	return &tracing.Hooks{OnEnter: m.enter, OnExit: m.exit, OnOpcode: m.opcode}
}

// name is what energy is spent on that is no operation.
type name string

func (n name) String() string { return string(n) }

// spend counts energy. More than the limit ends everything.
func (m *meter) spend(amount int64, what fmt.Stringer) {
	if amount > m.limit-m.used {
		panic(halt{tronpb.Transaction_Result_OUT_OF_ENERGY, fmt.Sprintf(
			"Not enough energy for '%s' operation executing: curInvokeEnergyLimit[%d], curOpEnergy[%d], usedEnergy[%d]",
			what, m.limit, amount, m.used)})
	}
	m.used += amount
}

// of finds what a contract costs on top, and counts it as the one that runs.
func (m *meter) of(a Address) *busy {
	if m.current != nil && m.self == a {
		return m.current
	}
	b := m.busy[a]
	if b == nil {
		b = new(busy)
		if c := m.world.contracts[a]; c != nil && m.run.chain.parameters.DynamicThreshold > 0 {
			b.factor = m.run.factor(c).extra
		}
		m.busy[a] = b
	}
	m.self, m.current = a, b
	return b
}

func (m *meter) opcode(_ uint64, code byte, _, _ uint64, scope tracing.OpContext, _ []byte, _ int, err error) {
	if err != nil {
		return // it does not happen: exit says how the frame ends
	}
	op := vm.OpCode(code)
	if m.steps++; m.steps > maxSteps {
		panic(halt{tronpb.Transaction_Result_OUT_OF_TIME, fmt.Sprintf("CPU timeout for '%s' operation executing", op)})
	}
	cost := m.cost(op, scope)
	contract, penalty := m.of(scope.Address()), int64(0)
	if contract.factor > 0 {
		penalty = mulDiv(cost, contract.factor, factorOne)
	}
	contract.usage += cost
	m.spend(cost+penalty, op)
	m.penalty += penalty
	if top := &m.frames[len(m.frames)-1]; isCall(op) {
		top.next = sunOf(peek(scope.StackData(), 0))
	}
}

func isCall(op vm.OpCode) bool {
	return op == vm.CALL || op == vm.CALLCODE || op == vm.DELEGATECALL || op == vm.STATICCALL
}

func (m *meter) enter(depth int, kind byte, from, to Address, input []byte, _ uint64, value *big.Int) {
	f := frame{budget: m.limit - m.used, start: m.used, inner: -1}
	op := vm.OpCode(kind)
	if depth > 0 {
		if isCall(op) {
			f.budget = min(f.budget, m.frames[len(m.frames)-1].next)
		}
		f.inner = m.note(op, from, to, value)
		f.created = op == vm.CREATE || op == vm.CREATE2
	}
	m.frames = append(m.frames, f)
	if p, ok := precompiles[to]; ok && depth > 0 && isCall(op) {
		m.spend(int64(min(p.RequiredGas(input), math.MaxInt64)), name("PRECOMPILED"))
	}
}

// note keeps an internal transaction.
func (m *meter) note(op vm.OpCode, from, to Address, value *big.Int) int {
	if m.run.sim.noInternal || len(m.inner) >= maxInner {
		return -1
	}
	note := "call"
	switch op {
	case vm.CREATE, vm.CREATE2:
		note = "create"
	case vm.SELFDESTRUCT:
		note = "suicide"
	}
	inner := &tronpb.InternalTransaction{
		Hash: innerHash(m.root, len(m.inner)), CallerAddress: Wire(from), TransferToAddress: Wire(to), Note: []byte(note),
		CallValueInfo: []*tronpb.InternalTransaction_CallValueInfo{{}},
	}
	if value != nil && value.IsInt64() && op != vm.DELEGATECALL {
		inner.CallValueInfo[0].CallValue = value.Int64()
	}
	m.inner = append(m.inner, inner)
	return len(m.inner) - 1
}

func (m *meter) exit(_ int, output []byte, _ uint64, err error, reverted bool) {
	f := m.frames[len(m.frames)-1]
	m.frames = m.frames[:len(m.frames)-1]
	if f.created && err == nil {
		m.spend(int64(len(output))*codeByte, vm.CREATE)
	}
	if !reverted && err == nil {
		return
	}
	if f.inner >= 0 {
		for _, inner := range m.inner[f.inner:] {
			inner.Rejected = true // with all that it called
		}
	}
	if err != nil && !errors.Is(err, vm.ErrExecutionReverted) && len(m.frames) > 0 && !neverRan(err) {
		m.spend(max(0, f.budget-(m.used-f.start)), vm.CALL) // a frame that breaks loses what it was given
	}
}

// neverRan tells the failures before the first operation: they cost nothing more.
func neverRan(err error) bool {
	return errors.Is(err, vm.ErrDepth) || errors.Is(err, vm.ErrInsufficientBalance)
}

// peek is an operand, 0 for the top of the stack.
func peek(stack []uint256.Int, n int) *uint256.Int { return &stack[len(stack)-1-n] }

// cost is the price of an operation without what the contract costs on top.
func (m *meter) cost(op vm.OpCode, scope tracing.OpContext) int64 {
	stack := scope.StackData()
	at := func(n int) *uint256.Int { return peek(stack, n) }
	grown := func(offset, size int) int64 { return m.memory(op, scope, need(at(offset), at(size))) }
	base := m.run.chain.parameters.MemoryBaseEnergy
	switch op {
	case vm.MLOAD, vm.MSTORE:
		return base + m.memory(op, scope, need(at(0), uint256.NewInt(wordSize)))
	case vm.MSTORE8:
		return base + m.memory(op, scope, need(at(0), uint256.NewInt(1)))
	case vm.RETURN, vm.REVERT:
		return grown(0, 1)
	case vm.KECCAK256:
		return 30 + 6*words(at(1)) + grown(0, 1)
	case vm.CALLDATACOPY, vm.CODECOPY, vm.RETURNDATACOPY:
		return 3*words(at(2)) + grown(0, 2)
	case vm.EXTCODECOPY:
		return 20 + 3*words(at(3)) + grown(1, 3)
	case vm.MCOPY:
		return 3 + 3*words(at(2)) + max(m.memory(op, scope, need(at(0), at(2))), m.memory(op, scope, need(at(1), at(2))))
	case vm.SLOAD:
		return 50
	case vm.SSTORE:
		return m.store(scope.Address(), at(0), at(1))
	case vm.TLOAD, vm.TSTORE:
		return 100
	case vm.BALANCE, vm.EXTCODESIZE, vm.BLOCKHASH:
		return 20
	case vm.EXTCODEHASH:
		return 400
	case vm.EXP:
		return 10 + 10*int64((at(1).BitLen()+7)/8)
	case vm.LOG0, vm.LOG1, vm.LOG2, vm.LOG3, vm.LOG4:
		return 375 + 375*int64(op-vm.LOG0) + 8*bounded(at(1)) + grown(0, 1)
	case vm.CREATE:
		return 32_000 + grown(1, 2)
	case vm.CREATE2:
		return 32_000 + 6*words(at(2)) + grown(1, 2)
	case vm.SELFDESTRUCT:
		heir := Address(at(0).Bytes20())
		if m.world.accounts[heir] == nil && !m.world.GetBalance(scope.Address()).IsZero() {
			return 25_000 * base // since the same proposal as the price of memory
		}
		return 0
	}
	if isCall(op) {
		return m.callCost(op, scope)
	}
	return tier(op)
}

// callCost is the price of a call without what it hands on.
func (m *meter) callCost(op vm.OpCode, scope tracing.OpContext) int64 {
	stack := scope.StackData()
	cost, in := int64(40), 2
	if op == vm.CALL || op == vm.CALLCODE {
		in = 3
		if !peek(stack, 2).IsZero() {
			cost += 9_000
			if op == vm.CALL && m.world.accounts[Address(peek(stack, 1).Bytes20())] == nil {
				cost += 25_000
			}
		}
	}
	return cost + max(
		m.memory(op, scope, need(peek(stack, in), peek(stack, in+1))),
		m.memory(op, scope, need(peek(stack, in+2), peek(stack, in+3))))
}

// store is the price of setting a slot. One that was set to zero in the same transaction is
// no new one.
func (m *meter) store(a Address, slot, value *uint256.Int) int64 {
	key := slotKey{a, slot.Bytes32()}
	_, there := m.world.storage[key]
	if !there && !m.world.written[key] && !value.IsZero() {
		return 20_000
	}
	return 5_000
}

// need is how much memory an operation wants; more than there can be is one byte too many.
func need(offset, size *uint256.Int) int64 {
	if size.IsZero() {
		return 0
	}
	sum, overflow := new(uint256.Int).AddOverflow(offset, size)
	if overflow || !sum.IsUint64() || sum.Uint64() > memoryLimit {
		return memoryLimit + 1
	}
	return int64(sum.Uint64()) //nolint:gosec // bounded
}

// memory is the price of memory up to a size.
func (m *meter) memory(op vm.OpCode, scope tracing.OpContext, size int64) int64 {
	if size > memoryLimit {
		panic(halt{tronpb.Transaction_Result_OUT_OF_MEMORY, fmt.Sprintf("Out of Memory when '%s' operation executing", op)})
	}
	before, after := int64(len(scope.MemoryData()))/wordSize, (size+wordSize-1)/wordSize
	if after <= before {
		return 0
	}
	return 3*(after-before) + after*after/512 - before*before/512
}

func words(size *uint256.Int) int64 { return (bounded(size) + wordSize - 1) / wordSize }

// bounded keeps sizes from overflowing: what is above ends the run by its memory.
func bounded(size *uint256.Int) int64 {
	if !size.IsUint64() || size.Uint64() > memoryLimit {
		return memoryLimit + 1
	}
	return int64(size.Uint64()) //nolint:gosec // bounded
}
