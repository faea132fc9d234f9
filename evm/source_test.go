package evm_test

import (
	"errors"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

func TestBlockTellsTokenAndNativeTransfers(t *testing.T) {
	c := newChain(t)
	to, faucet := common.Address{0x77}, evm.AddressOf(c.Faucet())

	receipt, err := c.Issue(t.Context(), c.Contracts, to, units(1_500_000))
	if err != nil {
		t.Fatal(err)
	}
	block := c.block(t, receipt.BlockHash)
	want := []coffer.Transfer{{
		Asset: evm.TokenAsset("eip155:31337", c.Token), Tx: coffer.Hash(receipt.TxHash), Ref: "log:0",
		From: faucet, To: evm.AddressOf(to), Amount: amount(1_500_000),
	}}
	if !reflect.DeepEqual(block.Transfers, want) {
		t.Errorf("transfers\n got %+v\nwant %+v", block.Transfers, want)
	}
	if block.Height != receipt.BlockNumber.Uint64() || len(block.Raw) == 0 || time.Since(block.Time).Abs() > time.Hour {
		t.Errorf("header %+v, %d raw bytes", block.Header, len(block.Raw))
	}

	receipt, err = c.FundNative(t.Context(), to, units(42))
	if err != nil {
		t.Fatal(err)
	}
	block = c.block(t, receipt.BlockHash)
	want = []coffer.Transfer{{
		Asset: native, Tx: coffer.Hash(receipt.TxHash), Ref: "trace:0",
		From: faucet, To: evm.AddressOf(to), Amount: amount(42),
	}}
	if !reflect.DeepEqual(block.Transfers, want) {
		t.Errorf("transfers\n got %+v\nwant %+v", block.Transfers, want)
	}

	tx, _, err := c.Eth().TransactionByHash(t.Context(), receipt.TxHash)
	if err != nil {
		t.Fatal(err)
	}
	fee := new(big.Int).Mul(receipt.EffectiveGasPrice, new(big.Int).SetUint64(receipt.GasUsed))
	outcome := block.Outcomes[0]
	if len(block.Outcomes) != 1 || outcome.ID != coffer.Hash(receipt.TxHash) || outcome.Sender != faucet || !outcome.Success ||
		outcome.Slot != (coffer.Slot{Kind: coffer.SlotNonce, Sequence: tx.Nonce()}) || outcome.Fee.String() != fee.String() {
		t.Errorf("outcomes %+v, fee %s", block.Outcomes, fee)
	}
}

func TestFailedTransactionHasNoTransfers(t *testing.T) {
	c := newChain(t)
	transfer := bindings.NewTestToken().PackTransfer(common.Address{0x77}, units(5)) // the faucet holds nothing
	block := c.send(t, map[string]any{"to": c.Token, "data": hexutil.Bytes(transfer)},
		map[string]any{"to": c.Token, "value": "0x5"}) // not payable
	if len(block.Transfers) != 0 {
		t.Errorf("transfers %+v", block.Transfers)
	}
	if len(block.Outcomes) != 2 || block.Outcomes[0].Success || block.Outcomes[1].Success || block.Outcomes[0].Fee.IsZero() {
		t.Errorf("outcomes %+v", block.Outcomes)
	}
}

// A reorganisation moves logIndex, which counts in the block, but not a log's place in its
// transaction.
func TestTransfersOfOneTransactionAreNumberedInsideIt(t *testing.T) {
	c := newChain(t)
	token := bindings.NewTestToken()
	for _, data := range [][]byte{token.PackIssue(units(1_000_000)), token.PackSetParams(units(10), units(5))} {
		if _, err := c.Send(t.Context(), devnet.Call{To: &c.Token, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	pay := func(to byte) map[string]any {
		data := token.PackTransfer(common.Address{to}, units(10_000))
		return map[string]any{"to": c.Token, "data": hexutil.Bytes(data)}
	}
	block := c.send(t, pay(0x71), pay(0x72))
	if len(block.Transfers) != 4 {
		t.Fatalf("%d transfers, want the fee and the payment of two transactions", len(block.Transfers))
	}
	for i, want := range []struct {
		ref    string
		amount uint64
	}{{"log:0", 10}, {"log:1", 9_990}, {"log:0", 10}, {"log:1", 9_990}} {
		if got := block.Transfers[i]; got.Ref != want.ref || got.Amount != amount(want.amount) {
			t.Errorf("transfer %d: %+v, want %v", i, got, want)
		}
	}
	if block.Transfers[1].Tx == block.Transfers[3].Tx {
		t.Error("two transactions have one hash")
	}
}

// fakes emits logs that look like transfers. Runtime code, by hand: LOGn of memory.
func fakeLog(topics []common.Hash, size byte) []byte {
	code := []byte{0x60, 0x07, 0x60, 0x1f, 0x53} // MSTORE8(31, 7): the amount is 7
	for i := len(topics) - 1; i >= 0; i-- {
		code = append(append(code, 0x7f), topics[i][:]...) // PUSH32
	}
	return append(code, 0x60, size, 0x60, 0x00, 0xa0+byte(len(topics)), 0x00) // LOGn(0, size)
}

func TestOnlyERC20TransferLogsAreTransfers(t *testing.T) {
	transfer := common.HexToHash("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
	from, to := common.BytesToHash([]byte{1}), common.BytesToHash([]byte{2})
	dirty := to
	dirty[0] = 1
	cases := map[string]struct {
		code []byte
		want int
	}{
		"a fake token's own Transfer": {fakeLog([]common.Hash{transfer, from, to}, 32), 1},
		"ERC-721: the id is a topic":  {fakeLog([]common.Hash{transfer, from, to, from}, 0), 0},
		"four topics and data":        {fakeLog([]common.Hash{transfer, from, to, from}, 32), 0},
		"not indexed":                 {fakeLog([]common.Hash{transfer}, 96), 0},
		"two words of data":           {fakeLog([]common.Hash{transfer, from, to}, 64), 0},
		"no data":                     {fakeLog([]common.Hash{transfer, from, to}, 0), 0},
		"not an address":              {fakeLog([]common.Hash{transfer, from, dirty}, 32), 0},
		"another event":               {fakeLog([]common.Hash{from, from, to}, 32), 0},
	}
	c := newChain(t)
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			fake := common.BytesToAddress([]byte(name))
			if err := c.SetCode(t.Context(), fake, test.code); err != nil {
				t.Fatal(err)
			}
			receipt, err := c.Send(t.Context(), devnet.Call{To: &fake})
			if err != nil || len(receipt.Logs) != 1 {
				t.Fatalf("%d logs, %v", len(receipt.Logs), err)
			}
			got := c.block(t, receipt.BlockHash).Transfers
			if len(got) != test.want {
				t.Fatalf("transfers %+v", got)
			}
			if test.want == 1 && (got[0].Asset != evm.TokenAsset("eip155:31337", fake) || got[0].Amount != amount(7)) {
				t.Errorf("transfer %+v, want 7 of the fake's own asset", got[0])
			}
		})
	}
}

func TestTamperedAnswersAreRefused(t *testing.T) {
	c := newChain(t)
	receipt, err := c.Issue(t.Context(), c.Contracts, common.Address{0x77}, units(5))
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.Issue(t.Context(), c.Contracts, common.Address{0x78}, units(5))
	if err != nil {
		t.Fatal(err)
	}
	first := func(v any) map[string]any { return object(t, list(t, v)[0]) }
	result := func(answer map[string]any) map[string]any { return object(t, answer["result"]) }
	log := func(answer map[string]any) map[string]any { return first(first(answer["result"])["logs"]) }

	cases := map[string]struct {
		method string
		alter  func(answer map[string]any)
	}{
		"another amount":     {"eth_getBlockReceipts", func(a map[string]any) { log(a)["data"] = common.BigToHash(units(5_000_000)) }},
		"another token":      {"eth_getBlockReceipts", func(a map[string]any) { log(a)["address"] = common.Address{1} }},
		"another recipient":  {"eth_getBlockReceipts", func(a map[string]any) { list(t, log(a)["topics"])[2] = common.BigToHash(units(9)) }},
		"no log":             {"eth_getBlockReceipts", func(a map[string]any) { first(a["result"])["logs"] = []any{} }},
		"a log twice":        {"eth_getBlockReceipts", func(a map[string]any) { first(a["result"])["logs"] = []any{log(a), log(a)} }},
		"success for revert": {"eth_getBlockReceipts", func(a map[string]any) { first(a["result"])["status"] = "0x0" }},
		"another gas":        {"eth_getBlockReceipts", func(a map[string]any) { first(a["result"])["cumulativeGasUsed"] = "0x1" }},
		"no receipts":        {"eth_getBlockReceipts", func(a map[string]any) { a["result"] = []any{} }},
		"a receipt too many": {"eth_getBlockReceipts", func(a map[string]any) { a["result"] = append(list(t, a["result"]), first(a["result"])) }},
		"no transactions":    {"eth_getBlockByHash", func(a map[string]any) { result(a)["transactions"] = []any{} }},
		"another value": {"eth_getBlockByHash", func(a map[string]any) {
			first(result(a)["transactions"])["value"] = "0x99"
		}},
		"another state root":    {"eth_getBlockByHash", func(a map[string]any) { result(a)["stateRoot"] = common.Hash{1} }},
		"another receipts root": {"eth_getBlockByHash", func(a map[string]any) { result(a)["receiptsRoot"] = common.Hash{1} }},
		"another claimed hash":  {"eth_getBlockByHash", func(a map[string]any) { result(a)["hash"] = common.Hash{1} }},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			hit := false
			_, source := c.dial(t, tamperer(t, c.URL, func(method string, answer map[string]any) {
				if method == test.method {
					hit = true
					test.alter(answer)
				}
			}))
			_, err := source.Block(t.Context(), coffer.Hash(receipt.BlockHash))
			if !hit || !errors.Is(err, evm.ErrNotProven) {
				t.Errorf("%v (altered: %v), want ErrNotProven", err, hit)
			}
		})
	}

	t.Run("another block", func(t *testing.T) {
		_, source := c.dial(t, tamperer(t, c.URL, func(method string, answer map[string]any) {
			args := map[string][]any{"eth_getBlockByHash": {other.BlockHash, true}, "eth_getBlockReceipts": {other.BlockHash}}[method]
			if args != nil {
				var raw any
				if err := c.RPC().CallContext(t.Context(), &raw, method, args...); err != nil {
					t.Error(err)
				}
				answer["result"] = raw
			}
		}))
		if _, err := source.Block(t.Context(), coffer.Hash(receipt.BlockHash)); !errors.Is(err, evm.ErrNotProven) {
			t.Errorf("%v, want ErrNotProven", err)
		}
	})

	t.Run("a bloom that hides the log changes nothing", func(t *testing.T) {
		_, source := c.dial(t, tamperer(t, c.URL, func(method string, answer map[string]any) {
			if method == "eth_getBlockReceipts" {
				first(answer["result"])["logsBloom"] = hexutil.Bytes(make([]byte, 256))
			}
		}))
		block, err := source.Block(t.Context(), coffer.Hash(receipt.BlockHash))
		if err != nil || len(block.Transfers) != 1 {
			t.Errorf("%d transfers, %v", len(block.Transfers), err)
		}
	})

	t.Run("a transaction of an unknown type says so", func(t *testing.T) {
		_, source := c.dial(t, tamperer(t, c.URL, func(method string, answer map[string]any) {
			if method == "eth_getBlockByHash" {
				first(result(answer)["transactions"])["type"] = "0x7e"
			}
		}))
		_, err := source.Block(t.Context(), coffer.Hash(receipt.BlockHash))
		if err == nil || !strings.Contains(err.Error(), `type "0x7e"`) {
			t.Errorf("%v", err)
		}
	})

	t.Run("without eth_getBlockReceipts the receipts come one by one", func(t *testing.T) {
		_, source := c.dial(t, tamperer(t, c.URL, func(method string, answer map[string]any) {
			if method == "eth_getBlockReceipts" {
				delete(answer, "result")
				answer["error"] = map[string]any{"code": -32601, "message": "the method does not exist"}
			}
		}))
		block, err := source.Block(t.Context(), coffer.Hash(receipt.BlockHash))
		if err != nil || len(block.Transfers) != 1 {
			t.Errorf("%d transfers, %v", len(block.Transfers), err)
		}
	})
}

func TestReorganisedBlocksAreFoundOrNot(t *testing.T) {
	c := newChain(t)
	receipt, err := c.Issue(t.Context(), c.Contracts, common.Address{0x77}, units(5))
	if err != nil {
		t.Fatal(err)
	}
	height := receipt.BlockNumber.Uint64()
	before, err := c.source.Header(t.Context(), height)
	if err != nil || before.Hash != coffer.Hash(receipt.BlockHash) {
		t.Fatalf("header %+v, %v", before, err)
	}
	if err := c.Reorg(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	after, err := c.source.Header(t.Context(), height)
	if err != nil || after.Hash == before.Hash || after.Parent != before.Parent {
		t.Errorf("header %+v after, %+v before, %v", after, before, err)
	}
	if block := c.block(t, common.Hash(after.Hash)); len(block.Transfers) != 0 {
		t.Errorf("transfers %+v", block.Transfers)
	}
	if _, err := c.source.Header(t.Context(), height+1); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("above the head: %v, want ErrNotFound", err)
	}
	if _, err := c.source.Block(t.Context(), coffer.Hash{1}); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("unknown block: %v, want ErrNotFound", err)
	}
}

func TestHeadFollowsLatestAndFinal(t *testing.T) {
	c := newChain(t)
	before, err := c.source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Mine(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	head, err := c.source.Head(t.Context())
	if err != nil || head.Latest.Height != before.Latest.Height+10 || head.Final.Height != head.Latest.Height-4 {
		t.Errorf("head %+v before, %+v after, %v", before, head, err)
	}
	final, err := c.source.Header(t.Context(), head.Final.Height)
	if err != nil || final.BlockRef != head.Final {
		t.Errorf("final %+v, header %+v, %v", head.Final, final, err)
	}

	for _, message := range []string{"finalized block not found", "Unknown block"} {
		_, source := c.dial(t, tamperer(t, c.URL, func(_ string, answer map[string]any) {
			if result, ok := answer["result"].(map[string]any); ok && result["hash"] == head.Final.Hash.String() {
				delete(answer, "result")
				answer["error"] = map[string]any{"code": -39001, "message": message}
			}
		}))
		got, err := source.Head(t.Context())
		if err != nil || got.Latest != head.Latest || got.Final != (coffer.BlockRef{}) {
			t.Errorf("%s: head %+v, %v", message, got, err)
		}
	}
}
