package corpus_test

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/core/vm/program"
	"github.com/ethereum/go-ethereum/crypto"
)

// Runtime code of contracts that do one thing, written by hand.

// code is a program that stops where it ends.
func code(parts ...func(p *program.Program) *program.Program) []byte {
	p := program.New()
	for _, part := range parts {
		p = part(p)
	}
	return p.Op(vm.STOP).Bytes()
}

// pays calls an address with a value and no data, and does not look at how it went.
func pays(to common.Address, wei *big.Int) func(p *program.Program) *program.Program {
	return func(p *program.Program) *program.Program { return p.Call(nil, to, wei, 0, 0, 0, 0).Op(vm.POP) }
}

// paysAll pays everything that the contract holds.
func paysAll(to common.Address) func(p *program.Program) *program.Program {
	return func(p *program.Program) *program.Program {
		return p.Push(0).Push(0).Push(0).Push(0).Op(vm.SELFBALANCE).Push(to).Op(vm.GAS, vm.CALL, vm.POP)
	}
}

// calls calls a contract with data.
func calls(to common.Address, data []byte) func(p *program.Program) *program.Program {
	return func(p *program.Program) *program.Program {
		return p.Mstore(data, 0).Call(nil, to, 0, 0, len(data), 0, 0).Op(vm.POP)
	}
}

// reverts takes back what was done.
func reverts(p *program.Program) *program.Program { return p.Push(0).Push(0).Op(vm.REVERT) }

// answersWord returns one word.
func answersWord(word byte) func(p *program.Program) *program.Program {
	return func(p *program.Program) *program.Program {
		return p.Push(word).Push(0).Op(vm.MSTORE).Return(0, 32)
	}
}

// logs emits an event.
func logs(data []byte, topics ...common.Hash) func(p *program.Program) *program.Program {
	return func(p *program.Program) *program.Program {
		if len(data) > 0 {
			p = p.Mstore(data, 0)
		}
		for i := len(topics) - 1; i >= 0; i-- {
			p = p.Push(topics[i][:])
		}
		return p.Push(len(data)).Push(0).Op(vm.LOG0 + vm.OpCode(len(topics))) // #nosec G115 -- at most 4
	}
}

var transferTopic = crypto.Keccak256Hash([]byte("Transfer(address,address,uint256)"))

// word is an address or a number as an indexed argument.
func word[T common.Address | *big.Int](v T) common.Hash {
	switch v := any(v).(type) {
	case common.Address:
		return common.BytesToHash(v[:])
	case *big.Int:
		return common.BigToHash(v)
	}
	return common.Hash{}
}

// emitsTransfer emits what an ERC-20 token emits.
func emitsTransfer(from, to common.Address, amount *big.Int) func(p *program.Program) *program.Program {
	return logs(word(amount).Bytes(), transferTopic, word(from), word(to))
}

// creation is code that makes a contract of runtime code.
func creation(runtime []byte) []byte { return program.New().ReturnViaCodeCopy(runtime).Bytes() }

// delegates is a proxy whose implementation stands in slot 0, and is replaced by calldata of 33
// bytes.
func delegates() []byte {
	p := program.New()
	p.Op(vm.CALLDATASIZE).Push(33).Op(vm.EQ).Push(upgradeAt).Op(vm.JUMPI)
	p.Push(32).Push(0).Op(vm.CALLDATASIZE).Push(0).Push(0).Op(vm.SLOAD, vm.GAS, vm.DELEGATECALL, vm.POP).Return(0, 32)
	for p.Size() < upgradeAt {
		p.Op(vm.STOP)
	}
	p.Op(vm.JUMPDEST)
	return p.Push(1).Op(vm.CALLDATALOAD).Push(0).Op(vm.SSTORE, vm.STOP).Bytes()
}

// upgradeAt is where a proxy's code for its upgrade begins.
const upgradeAt = 64
