package corpus_test

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/core/vm/program"
)

// Runtime code of contracts that do one thing, written by hand.

// pay calls an address with a value and no data.
func pay(p *program.Program, to common.Address, wei *big.Int) *program.Program {
	return p.Call(nil, to, wei, 0, 0, 0, 0).Op(vm.POP)
}

// payAndRevert pays and takes it back.
func payAndRevert(to common.Address, wei *big.Int) []byte {
	return pay(program.New(), to, wei).Push(0).Push(0).Op(vm.REVERT).Bytes()
}

// callAndGoOn calls with a value and does not look at how it went.
func callAndGoOn(to common.Address, wei *big.Int) []byte {
	return pay(program.New(), to, wei).Op(vm.STOP).Bytes()
}
