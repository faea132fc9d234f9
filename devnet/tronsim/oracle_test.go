package tronsim

import (
	"encoding/hex"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer/bindings"
)

// TRON's prices are those that Ethereum had in 2016, but for a few. So go-ethereum, told that
// it is 2016, is an independent count of the same run: with 3 for memory operations, which
// was Ethereum's price, both must say the same. testdata/testtoken_homestead.hex is
// contracts/src/TestToken.sol by solc 0.8.28, optimizer with 200 runs, evmVersion homestead.
func TestEnergyIsTheGasOfOldEthereum(t *testing.T) {
	text, err := os.ReadFile("testdata/testtoken_homestead.hex")
	if err != nil {
		t.Fatal(err)
	}
	code, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := bindings.TestTokenMetaData.ParseABI()
	if err != nil {
		t.Fatal(err)
	}
	p := Mainnet()
	p.MemoryBaseEnergy = 3
	s := newScene(t, func(c *Config) { c.Parameters = &p })
	owner := s.signer(0)
	arguments, err := parsed.Pack("", owner.Address, bigInt(1_000_000), "Tether USD", "USDT", uint8(6))
	if err != nil {
		t.Fatal(err)
	}
	id, address, err := owner.Deploy("USDT", append(code, arguments...))
	s.must(id, err)
	s.mine(1)
	k := &token{scene: s, abi: parsed, address: address}

	gas := func(data []byte) (used uint64) {
		s.look(false, "", func(v view) {
			rules := &params.ChainConfig{ChainID: big.NewInt(1), HomesteadBlock: new(big.Int)}
			context := v.blockContext()
			context.Random = nil
			machine := vm.NewEVM(context, newVMState(v.state, Hash{}, v.head), rules, vm.Config{})
			machine.SetTxContext(vm.TxContext{Origin: owner.Address, GasPrice: new(uint256.Int)})
			const enough = 10_000_000
			_, left, err := machine.Call(owner.Address, address, data, vm.NewGasBudget(enough, 0), new(uint256.Int))
			if err != nil {
				t.Fatal(err)
			}
			used = enough - left.ExecutionGas
		})
		return used
	}
	for _, call := range []struct {
		method    string
		arguments []any
	}{
		{"transfer", []any{common.Address{1}, bigInt(5)}}, // a new slot
		{"transfer", []any{common.Address{1}, bigInt(5)}}, // a slot that is there
		{"approve", []any{common.Address{1}, bigInt(5)}},
		{"approve", []any{common.Address{1}, bigInt(0)}}, // a slot that goes
		{"addBlackList", []any{common.Address{2}}},
		{"setParams", []any{bigInt(10), bigInt(5)}},
		{"transfer", []any{common.Address{3}, bigInt(50_000)}}, // with a fee
		{"issue", []any{bigInt(7)}},
		{"pause", nil},
	} {
		want := gas(k.data(call.method, call.arguments...))
		if got := k.send(owner, 100*trx, call.method, call.arguments...).Receipt.EnergyUsageTotal; got != int64(want) {
			t.Errorf("%s%v: %d energy, go-ethereum says %d", call.method, call.arguments, got, want)
		}
	}
}

// operations are what a call of the token runs, counted by go-ethereum, and what it charges for
// those whose price is the same on TRON: all but storage, and but 3 for each use of memory.
func (k *token) operations(data []byte) (count map[vm.OpCode]int64, same int64) {
	k.t.Helper()
	count = map[vm.OpCode]int64{}
	k.look(false, "", func(v view) {
		hooks := &tracing.Hooks{OnOpcode: func(_ uint64, code byte, _, cost uint64, _ tracing.OpContext, _ []byte, _ int, _ error) {
			op := vm.OpCode(code)
			count[op]++
			switch op {
			case vm.SLOAD, vm.SSTORE:
			case vm.MLOAD, vm.MSTORE:
				same += int64(cost) - 3
			default:
				same += int64(cost)
			}
		}}
		machine := vm.NewEVM(v.blockContext(), newVMState(v.state, Hash{}, v.head), chainRules(1), vm.Config{Tracer: hooks})
		owner := k.signer(0).Address
		machine.SetTxContext(vm.TxContext{Origin: owner, GasPrice: new(uint256.Int)})
		if _, _, err := machine.Call(owner, k.address, data, vm.NewGasBudget(10_000_000, 0), new(uint256.Int)); err != nil {
			k.t.Fatal(err)
		}
	})
	return count, same
}

// Where the energy of a transfer goes, to the last unit, before and after the proposal that gave
// memory its price. README.md compares it with another token that was measured elsewhere.
func TestWhereTheEnergyOfATransferGoes(t *testing.T) {
	const (
		fresh, set = 20_000, 5_000      // a slot that was empty, one that was not
		load       = 50                 // a slot that is read
		logged     = 375 + 3*375 + 8*32 // Transfer: three topics and 32 bytes
		loads      = 6                  // paused, black-listed, two balances, the fee and its highest
		memories   = 12
		code       = 1_487 // all else: finding the function, hashing, computing
	)
	for base, transfers := range map[int64][2]int64{0: {28_543, 13_543}, 1: {28_555, 13_555}} {
		p := Mainnet()
		p.MemoryBaseEnergy = base
		k := newScene(t, func(c *Config) { c.Parameters = &p }).token()
		to := common.Address{1}
		for i, written := range []int64{set + fresh, set + set} {
			count, same := k.operations(k.data("transfer", to, bigInt(5)))
			if got := count[vm.MLOAD] + count[vm.MSTORE]; count[vm.SLOAD] != loads || count[vm.SSTORE] != 2 || count[vm.LOG3] != 1 || got != memories || same != logged+code {
				t.Errorf("base %d, transfer %d: %d loads, %d stores, %d of memory, %d for the rest; want %d, 2, %d, %d",
					base, i, count[vm.SLOAD], count[vm.SSTORE], got, same, loads, memories, logged+code)
			}
			energy := k.send(k.signer(0), 100*trx, "transfer", to, bigInt(5)).Receipt.EnergyUsageTotal
			if want := written + loads*load + memories*base + same; energy != want || energy != transfers[i] {
				t.Errorf("base %d, transfer %d: %d energy; its parts are %d, want %d", base, i, energy, want, transfers[i])
			}
		}
	}
}
