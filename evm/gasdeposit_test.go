package evm_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

// depositor is the code of a contract that pays n wei into the EntryPoint for an account,
// and as much for itself.
func depositor(entryPoint, account common.Address, n byte) []byte {
	const opPush32, opMstore = 0x7f, 0x52
	selector := common.RightPadBytes(common.FromHex("0xb760faf9"), 32) // depositTo(address)
	code := append(append([]byte{opPush32}, selector...), opPush0, opMstore)
	code = append(append(append(code, opPush20), account[:]...), opPush1, 4, opMstore)
	code = append(code, opPush0, opPush0, opPush1, 36, opPush0, opPush1, n, opPush20)
	code = append(append(code, entryPoint[:]...), opGas, opCall, opPop)
	return append(code, calls(opCall, entryPoint, n)...)
}

func TestGasDepositsAreSeenWhoeverPaysThem(t *testing.T) {
	c := newChain(t)
	wallet, contract := receiver(0x51), receiver(0x52)
	if err := c.SetCode(t.Context(), contract, depositor(c.EntryPoint, wallet, 9)); err != nil {
		t.Fatal(err)
	}
	entryPoint := bindings.NewEntryPoint()
	for name, test := range map[string]struct {
		call devnet.Call
		want []coffer.GasDeposit
	}{
		"a transaction for a wallet": {
			devnet.Call{To: &c.EntryPoint, Data: entryPoint.PackDepositTo(wallet), Value: big.NewInt(7)},
			[]coffer.GasDeposit{{Ref: "trace:0", From: evm.AddressOf(c.Faucet()), Account: evm.AddressOf(wallet), Amount: amount(7)}},
		},
		"a plain payment": {
			devnet.Call{To: &c.EntryPoint, Value: big.NewInt(5)},
			[]coffer.GasDeposit{{Ref: "trace:0", From: evm.AddressOf(c.Faucet()), Account: evm.AddressOf(c.Faucet()), Amount: amount(5)}},
		},
		"a contract": {
			devnet.Call{To: &contract, Value: big.NewInt(18), Gas: 300_000},
			[]coffer.GasDeposit{
				{Ref: "trace:1", From: evm.AddressOf(contract), Account: evm.AddressOf(wallet), Amount: amount(9)},
				{Ref: "trace:2", From: evm.AddressOf(contract), Account: evm.AddressOf(contract), Amount: amount(9)},
			},
		},
		"a stake":              {devnet.Call{To: &c.EntryPoint, Data: entryPoint.PackAddStake(60), Value: big.NewInt(3)}, nil},
		"a deposit of nothing": {devnet.Call{To: &c.EntryPoint, Data: entryPoint.PackDepositTo(wallet)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			receipt, err := c.Send(t.Context(), test.call)
			if err != nil {
				t.Fatal(err)
			}
			for i := range test.want {
				test.want[i].Tx = coffer.Hash(receipt.TxHash)
			}
			p := &payerChain{chain: c, block: receipt.BlockHash}
			for i, missing := range [][]string{nil, {"debug_traceBlockByHash"}, {"debug_traceBlockByHash", "trace_block"}} {
				node := newFaulty(t, p.URL)
				node.missing = missing
				block, err := p.traced(t, node.url)
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(block.GasDeposits, test.want) {
					t.Errorf("tracing way %d:\n got %+v\nwant %+v", i, block.GasDeposits, test.want)
				}
			}
		})
	}
	sum, err := c.client.DepositOf(t.Context(), evm.AddressOf(wallet), coffer.Hash{})
	if err != nil || sum.Cmp(amount(16)) != 0 {
		t.Errorf("the EntryPoint says %s, %v; the events 16", sum, err)
	}
}

func TestADepositThatNoEventTellsIsNotBelieved(t *testing.T) {
	c := newChain(t)
	contract := receiver(0x53)
	if err := c.SetCode(t.Context(), contract, calls(opCall, receiver(0x54), 9)); err != nil {
		t.Fatal(err)
	}
	receipt, err := c.Send(t.Context(), devnet.Call{To: &contract, Value: big.NewInt(9), Gas: 300_000})
	if err != nil {
		t.Fatal(err)
	}
	p := &payerChain{chain: c, block: receipt.BlockHash}
	node := newFaulty(t, p.URL)
	node.set(func(w http.ResponseWriter, _ *http.Request, method string, _ []json.RawMessage, forward func() []byte) bool {
		if method != "debug_traceBlockByHash" {
			return false
		}
		lie := strings.ReplaceAll(strings.ToLower(string(forward())), strings.ToLower(receiver(0x54).Hex()), strings.ToLower(c.EntryPoint.Hex()))
		_, err := w.Write([]byte(strings.NewReplacer(`"call"`, `"CALL"`, "txhash", "txHash").Replace(lie)))
		return err == nil
	})
	if block, err := p.traced(t, node.url); !errors.Is(err, evm.ErrTrace) {
		t.Errorf("believed: %+v, %v", block.GasDeposits, err)
	}
}
