package tronsim

import (
	"encoding/hex"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
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
