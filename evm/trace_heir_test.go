package evm_test

import (
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

// Anybody can send a transaction that makes a node write a frame without sender and heir: it must not
// keep the block, and all blocks above it, from being read.
func TestAContractThatIsItsOwnHeirDoesNotStopTheChain(t *testing.T) {
	c := newChain(t)
	selfish := receiver(0xb4)
	if err := c.SetCode(t.Context(), selfish, destroys(selfish)); err != nil {
		t.Fatal(err)
	}
	if err := c.SetBalance(t.Context(), selfish, units(4)); err != nil {
		t.Fatal(err)
	}
	receipt, err := c.Send(t.Context(), devnet.Call{To: &selfish})
	if err != nil {
		t.Fatal(err)
	}
	p := &payerChain{chain: c, block: receipt.BlockHash}
	ways := []string{"debug_traceBlockByHash", "trace_block", "debug_traceTransaction", "trace_transaction"}
	for i, way := range ways {
		t.Run(way, func(t *testing.T) {
			node := newFaulty(t, c.URL)
			node.missing = ways[:i]
			block, err := p.traced(t, node.url)
			if err != nil || len(block.Transfers) != 0 {
				t.Errorf("transfers %+v, %v; want none", block.Transfers, err)
			}
		})
	}

	// What pays has somebody whom it pays.
	call := func(t *testing.T, answer map[string]any) map[string]any {
		return object(t, list(t, object(t, object(t, list(t, answer["result"])[0])["result"])["calls"])[0])
	}
	suicide := func(t *testing.T, answer map[string]any) map[string]any {
		return object(t, object(t, list(t, answer["result"])[1])["action"])
	}
	for name, test := range map[string]struct {
		method string
		alter  func(t *testing.T, answer map[string]any)
	}{
		"a value":           {"debug_traceBlockByHash", func(t *testing.T, a map[string]any) { call(t, a)["value"] = "0x4" }},
		"a call inside":     {"debug_traceBlockByHash", func(t *testing.T, a map[string]any) { call(t, a)["calls"] = []any{map[string]any{"type": "CALL"}} }},
		"Parity's balance":  {"trace_block", func(t *testing.T, a map[string]any) { suicide(t, a)["balance"] = "0x4" }},
		"Parity's one heir": {"trace_block", func(t *testing.T, a map[string]any) { suicide(t, a)["refundAddress"] = common.Address{1} }},
	} {
		t.Run(name, func(t *testing.T) {
			node := newFaulty(t, c.URL)
			if test.method == "trace_block" {
				node.missing = ways[:1]
			}
			url := tamperer(t, node.url, func(method string, answer map[string]any) {
				if method == test.method {
					test.alter(t, answer)
				}
			})
			if block, err := p.traced(t, url); !errors.Is(err, evm.ErrTrace) {
				t.Errorf("%v, transfers %+v", err, block.Transfers)
			}
		})
	}
}
