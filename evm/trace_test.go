package evm_test

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

// Runtime code, by hand.
const (
	opCall, opCallCode, opDelegate, opStatic = 0xf1, 0xf2, 0xf4, 0xfa
	opCreate, opRevert, opSelfDestruct       = 0xf0, 0xfd, 0xff
	opPush0, opPush1, opPush20, opGas, opPop = 0x5f, 0x60, 0x73, 0x5a, 0x50
)

// calls is the code of a call of any kind, whose result is thrown away.
func calls(kind byte, to common.Address, value byte) []byte {
	code := []byte{opPush0, opPush0, opPush0, opPush0}
	if kind == opCall || kind == opCallCode {
		code = append(code, opPush1, value)
	}
	code = append(append(code, opPush20), to[:]...)
	return append(code, opGas, kind, opPop)
}

func reverts() []byte { return []byte{opPush0, opPush0, opRevert} }

func destroys(heir common.Address) []byte {
	return append(append([]byte{opPush20}, heir[:]...), opSelfDestruct)
}

func codeOf(parts ...[]byte) (code []byte) {
	for _, p := range parts {
		code = append(code, p...)
	}
	return code
}

// payerChain is a chain with a contract that pays in every way there is, and a block in
// which it was paid 100.
type payerChain struct {
	*chain
	block common.Hash
	tx    coffer.Hash
	payer common.Address
	want  []coffer.Transfer
}

func receiver(n byte) common.Address { return common.Address{0: 0x10, 19: n} }

func newPayerChain(t *testing.T) *payerChain {
	t.Helper()
	c := newChain(t)
	p := &payerChain{chain: c, payer: receiver(0xaa)}
	reverter, delegate, mortal, selfish := receiver(0xb1), receiver(0xb2), receiver(0xb3), receiver(0xb4)
	for address, code := range map[common.Address][]byte{
		p.payer: codeOf(
			calls(opCall, receiver(1), 7),
			calls(opCall, reverter, 5),
			calls(opDelegate, delegate, 0),
			calls(opCallCode, receiver(4), 11),
			calls(opStatic, receiver(1), 0),
			calls(opCall, receiver(1), 0),
			[]byte{opPush0, opPush0, opPush1, 2, opCreate, opPop},
			calls(opCall, mortal, 9),
			calls(opCall, selfish, 4),
			calls(opCall, common.Address{19: 4}, 0), // a precompiled contract
			calls(opCall, receiver(6), 1),
		),
		reverter: codeOf(calls(opCall, receiver(2), 5), reverts()),
		delegate: calls(opCall, receiver(3), 3),
		mortal:   destroys(receiver(5)),
		selfish:  destroys(selfish),
	} {
		if err := c.SetCode(t.Context(), address, code); err != nil {
			t.Fatal(err)
		}
	}
	created := crypto.CreateAddress(p.payer, 0)
	receipt, err := c.Send(t.Context(), devnet.Call{To: &p.payer, Value: units(100)})
	if err != nil {
		t.Fatal(err)
	}
	p.block, p.tx = receipt.BlockHash, coffer.Hash(receipt.TxHash)
	for i, m := range []struct {
		from, to common.Address
		amount   uint64
	}{
		{c.Faucet(), p.payer, 100}, {p.payer, receiver(1), 7}, {p.payer, receiver(3), 3}, {p.payer, created, 2},
		{p.payer, mortal, 9}, {mortal, receiver(5), 9}, {p.payer, selfish, 4}, {p.payer, receiver(6), 1},
	} {
		p.want = append(p.want, coffer.Transfer{
			Asset: native, Tx: p.tx, Ref: fmt.Sprintf("trace:%d", i), From: evm.AddressOf(m.from), To: evm.AddressOf(m.to), Amount: amount(m.amount),
		})
	}
	return p
}

// traced reads the payer's block through a node.
func (p *payerChain) traced(t *testing.T, url string) (coffer.Block, error) {
	t.Helper()
	config := p.config
	config.URLs, config.NativeTransfers = []string{url}, evm.NativeTraced
	client, err := evm.Dial(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	return evm.NewSource(client, config).Block(t.Context(), coffer.Hash(p.block))
}

func TestPaymentsMadeByContractsAreSeenInEveryTraceFormat(t *testing.T) {
	p := newPayerChain(t)
	ways := []string{"debug_traceBlockByHash", "trace_block", "debug_traceTransaction", "trace_transaction"}
	for i, way := range ways {
		t.Run(way, func(t *testing.T) {
			node := newFaulty(t, p.URL)
			node.missing = ways[:i]
			block, err := p.traced(t, node.url)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(block.Transfers, p.want) {
				t.Errorf("transfers\n got %+v\nwant %+v", block.Transfers, p.want)
			}
		})
	}

	// The chain's own balances say the same.
	for _, address := range []common.Address{receiver(1), receiver(2), receiver(3), receiver(4), receiver(5), receiver(6)} {
		sum := new(big.Int)
		for _, transfer := range p.want {
			if transfer.To == evm.AddressOf(address) {
				sum.Add(sum, transfer.Amount.Int().ToBig())
			}
		}
		if balance, err := p.Eth().BalanceAt(t.Context(), address, nil); err != nil || balance.Cmp(sum) != 0 {
			t.Errorf("%s has %s, the transfers say %s; %v", address, balance, sum, err)
		}
	}
}

func TestInternalPaymentsStandBetweenThePaymentAndTheLogs(t *testing.T) {
	p := newPayerChain(t)
	// Pays 3 and then says Transfer of 7; in a block with a plain payment and a failure.
	topics := []common.Hash{common.HexToHash("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"), {31: 1}, {31: 2}}
	both, fails := receiver(0xc1), receiver(0xc2)
	if err := p.SetCode(t.Context(), both, append(calls(opCall, receiver(7), 3), fakeLog(topics, 32)...)); err != nil {
		t.Fatal(err)
	}
	if err := p.SetCode(t.Context(), fails, codeOf(calls(opCall, receiver(7), 3), reverts())); err != nil {
		t.Fatal(err)
	}
	p.send(t, map[string]any{"to": receiver(8), "value": "0x1"}, map[string]any{"to": both, "value": "0x5"}, map[string]any{"to": fails, "value": "0x5"})
	head, err := p.source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.block = common.Hash(head.Latest.Hash)
	block, err := p.traced(t, p.URL)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, transfer := range block.Transfers {
		got = append(got, transfer.Ref+" "+transfer.Amount.String())
	}
	if want := []string{"trace:0 1", "trace:0 5", "trace:1 3", "log:0 7"}; !reflect.DeepEqual(got, want) {
		t.Errorf("transfers %q, want %q", got, want)
	}
}

func TestTracesOfAnotherShapeAreRefused(t *testing.T) {
	p := newPayerChain(t)
	first := func(t *testing.T, a map[string]any) map[string]any { return object(t, list(t, a["result"])[0]) }
	trace := func(t *testing.T, a map[string]any) map[string]any { return object(t, first(t, a)["result"]) }
	for name, alter := range map[string]func(t *testing.T, a map[string]any){
		"the {} of an unsupported tracer": func(t *testing.T, a map[string]any) { first(t, a)["result"] = map[string]any{} },
		"null":                            func(_ *testing.T, a map[string]any) { a["result"] = nil },
		"no trace":                        func(_ *testing.T, a map[string]any) { a["result"] = []any{} },
		"one too many":                    func(t *testing.T, a map[string]any) { a["result"] = append(list(t, a["result"]), first(t, a)) },
		"an error":                        func(t *testing.T, a map[string]any) { first(t, a)["error"] = "execution timeout" },
		"another transaction's":           func(t *testing.T, a map[string]any) { first(t, a)["txHash"] = common.Hash{1} },
		"another value":                   func(t *testing.T, a map[string]any) { trace(t, a)["value"] = "0x1" },
		"another sender":                  func(t *testing.T, a map[string]any) { trace(t, a)["from"] = common.Address{1} },
		"another recipient":               func(t *testing.T, a map[string]any) { trace(t, a)["to"] = common.Address{1} },
		"a failure":                       func(t *testing.T, a map[string]any) { trace(t, a)["error"] = "execution reverted" },
		"another kind":                    func(t *testing.T, a map[string]any) { trace(t, a)["type"] = "STATICCALL" },
		"a call without a recipient":      func(t *testing.T, a map[string]any) { delete(object(t, list(t, trace(t, a)["calls"])[0]), "to") },
		"a call of somebody else": func(t *testing.T, a map[string]any) {
			object(t, list(t, trace(t, a)["calls"])[0])["from"] = common.Address{1}
		},
		"a negative value": func(t *testing.T, a map[string]any) {
			object(t, list(t, trace(t, a)["calls"])[0])["value"] = "-0x1"
		},
		"a value beyond 256 bits": func(t *testing.T, a map[string]any) {
			object(t, list(t, trace(t, a)["calls"])[0])["value"] = "0x1" + strings.Repeat("00", 32)
		},
		"calls without end": func(t *testing.T, a map[string]any) {
			inner := map[string]any{"type": "CALL", "from": receiver(1), "to": receiver(1)}
			for range 1200 {
				inner = map[string]any{"type": "CALL", "from": receiver(1), "to": receiver(1), "calls": []any{inner}}
			}
			trace(t, a)["calls"] = []any{inner}
		},
	} {
		t.Run(name, func(t *testing.T) {
			url := tamperer(t, p.URL, func(method string, answer map[string]any) {
				if method == "debug_traceBlockByHash" {
					alter(t, answer)
				}
			})
			if block, err := p.traced(t, url); err == nil {
				t.Errorf("transfers %+v", block.Transfers)
			}
		})
	}
	for name, alter := range map[string]func(t *testing.T, a map[string]any){
		"of another block":         func(t *testing.T, a map[string]any) { first(t, a)["blockHash"] = common.Hash{1} },
		"of a strange transaction": func(t *testing.T, a map[string]any) { first(t, a)["transactionHash"] = common.Hash{1} },
		"of a strange type":        func(t *testing.T, a map[string]any) { first(t, a)["type"] = "gift" },
		"inside nothing":           func(t *testing.T, a map[string]any) { first(t, a)["traceAddress"] = []any{5, 5} },
		"without the top":          func(t *testing.T, a map[string]any) { a["result"] = list(t, a["result"])[1:] },
	} {
		t.Run("trace_block "+name, func(t *testing.T) {
			node := newFaulty(t, p.URL)
			node.missing = []string{"debug_traceBlockByHash"}
			url := tamperer(t, node.url, func(method string, answer map[string]any) {
				if method == "trace_block" {
					alter(t, answer)
				}
			})
			if block, err := p.traced(t, url); !errors.Is(err, evm.ErrTrace) {
				t.Errorf("%v, transfers %+v", err, block.Transfers)
			}
		})
	}
}

func TestWithoutTracesNothingIsMissedSilently(t *testing.T) {
	p := newPayerChain(t)
	node := newFaulty(t, p.URL)
	client, err := evm.Dial(t.Context(), p.config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if got, err := evm.FindTraces(t.Context(), client); err != nil || got != evm.NativeTraced {
		t.Errorf("anvil: %s, %v", got, err)
	}

	node.missing = []string{"debug_traceBlockByHash", "trace_block", "debug_traceTransaction", "trace_transaction"}
	blind, source := p.dial(t, node.url)
	if got, err := evm.FindTraces(t.Context(), blind); err != nil || got != evm.NativeTopLevel {
		t.Errorf("a node without traces: %s, %v", got, err)
	}
	if source.NativeTransfers() != evm.NativeTopLevel {
		t.Errorf("by default %s", source.NativeTransfers())
	}
	block, err := source.Block(t.Context(), coffer.Hash(p.block))
	if err != nil || !reflect.DeepEqual(block.Transfers, p.want[:1]) {
		t.Errorf("top level only: %+v, %v", block.Transfers, err)
	}
	if block, err := p.traced(t, node.url); err == nil {
		t.Errorf("traces were promised: %+v", block.Transfers)
	}

	none := p.config
	none.NativeTransfers = evm.NativeUnseen
	block, err = evm.NewSource(client, none).Block(t.Context(), coffer.Hash(p.block))
	if err != nil || len(block.Transfers) != 0 {
		t.Errorf("none: %+v, %v", block.Transfers, err)
	}
}

func TestAPlainPaymentNeedsNoTrace(t *testing.T) {
	p := newPayerChain(t)
	receipt, err := p.FundNative(t.Context(), receiver(9), units(3))
	if err != nil {
		t.Fatal(err)
	}
	node := newFaulty(t, p.URL)
	p.block = receipt.BlockHash
	block, err := p.traced(t, node.url)
	if err != nil || len(block.Transfers) != 1 || node.was("debug_traceBlockByHash") {
		t.Errorf("%+v, %v; asked %v", block.Transfers, err, node.asked)
	}
}
