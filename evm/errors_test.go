package evm_test

import (
	"errors"
	"math/big"
	"net/http"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer/evm"
)

// nodeError is an error as go-ethereum's client gives it.
type nodeError struct {
	code int
	text string
	data any
}

func (e nodeError) Error() string  { return e.text }
func (e nodeError) ErrorCode() int { return e.code }
func (e nodeError) ErrorData() any { return e.data }

// The texts are those that nodes are known to use; the code of most of them is -32000.
func TestErrorsOfNodesHaveOneMeaning(t *testing.T) {
	const other = -32000
	revert := "0x08c379a0"
	for _, test := range []struct {
		node string
		err  error
		want evm.Class
	}{
		{"geth", nodeError{other, "already known", nil}, evm.AlreadyKnown},
		{"geth", nodeError{other, "nonce too low: next nonce 5, tx nonce 3", nil}, evm.NonceTooLow},
		{"geth", nodeError{other, "nonce too high: address 0x0, tx: 9 state: 3", nil}, evm.NonceTooHigh},
		{"geth", nodeError{other, "replacement transaction underpriced: new tx gas fee cap 1 <= 2 queued", nil}, evm.ReplacementUnderpriced},
		{"geth", nodeError{other, "transaction underpriced: gas tip cap 0, minimum needed 1", nil}, evm.FeeTooLow},
		{"geth", nodeError{other, "transaction gas price below minimum: gas tip cap 0, minimum needed 1000000", nil}, evm.FeeTooLow},
		{"geth", nodeError{other, "max fee per gas less than block base fee: address 0x0, maxFeePerGas: 1, baseFee: 7", nil}, evm.FeeTooLow},
		{"geth", nodeError{other, "insufficient funds for gas * price + value: balance 0, tx cost 1, overshot 1", nil}, evm.InsufficientFunds},
		{"geth", nodeError{3, "execution reverted: no", revert}, evm.Reverted},
		{"geth", nodeError{3, "execution reverted", nil}, evm.Reverted},
		{"geth", nodeError{other, "header not found", nil}, evm.UnknownBlock},
		{"geth", nodeError{other, "unknown block", nil}, evm.UnknownBlock},
		{"geth", nodeError{other, "header for hash not found", nil}, evm.UnknownBlock},
		{"geth", nodeError{other, "hash is not currently canonical", nil}, evm.UnknownBlock},
		{"geth", nodeError{other, "finalized block not found", nil}, evm.UnknownBlock},
		{"geth", nodeError{other, "missing trie node 00 (path ) state 0x00 is not available", nil}, evm.StateGone},
		{"geth", nodeError{other, "historical state 00 is not available", nil}, evm.StateGone},
		{"geth", nodeError{4444, "pruned history unavailable", nil}, evm.StateGone},
		{"geth", nodeError{-32601, "the method debug_x does not exist/is not available", nil}, evm.UnknownMethod},
		{"geth", nodeError{-38010, "whatever", nil}, evm.NonceTooLow},
		{"geth", nodeError{-38014, "whatever", nil}, evm.InsufficientFunds},
		{"geth", nodeError{-38026, "too many blocks", nil}, evm.TooMuch},
		{"geth", nodeError{other, "execution timeout", nil}, evm.TimedOut},
		{"geth", nodeError{-32002, "request timed out", nil}, evm.TimedOut},
		{"geth", nodeError{-32600, "batch too large", nil}, evm.TooMuch},
		{"geth", nodeError{other, "txpool is full", nil}, evm.Busy},
		{"anvil", nodeError{-32003, "transaction already imported", nil}, evm.AlreadyKnown},
		{"anvil", nodeError{-32603, "Tx: [0x00] already Imported", nil}, evm.AlreadyKnown},
		{"anvil", nodeError{-32003, "nonce too low", nil}, evm.NonceTooLow},
		{"anvil", nodeError{-32003, "Insufficient funds for gas * price + value", nil}, evm.InsufficientFunds},
		{"anvil", nodeError{-32003, "replacement transaction underpriced", nil}, evm.ReplacementUnderpriced},
		{"anvil", nodeError{-32603, "Tx: [0x00] insufficient gas price to replace existing transaction", nil}, evm.ReplacementUnderpriced},
		{"anvil", nodeError{-32001, "Resource not found", nil}, evm.UnknownBlock},
		{"anvil", nodeError{-32602, "BlockOutOfRangeError: block height is 1 but requested was 9", nil}, evm.UnknownBlock},
		{"anvil", nodeError{3, "execution reverted: no", revert}, evm.Reverted},
		{"Erigon", nodeError{other, "existing txn with same hash", nil}, evm.AlreadyKnown},
		{"Erigon", nodeError{other, "INTERNAL_ERROR: existing tx with same hash", nil}, evm.AlreadyKnown},
		{"Erigon", nodeError{other, "could not replace existing tx", nil}, evm.ReplacementUnderpriced},
		{"Erigon", nodeError{other, "underpriced", nil}, evm.FeeTooLow},
		{"Erigon", nodeError{other, "fee too low", nil}, evm.FeeTooLow},
		{"Erigon", nodeError{other, "insufficient funds", nil}, evm.InsufficientFunds},
		{"Erigon", nodeError{other, "old data not available due to pruning", nil}, evm.StateGone},
		{"Erigon", nodeError{other, "replacement transaction underpriced", nil}, evm.ReplacementUnderpriced},
		{"Erigon", nodeError{other, "nonce too low", nil}, evm.NonceTooLow},
		{"Erigon", nodeError{other, "already known", nil}, evm.AlreadyKnown},
		{"Erigon", nodeError{other, "pending sub-pool is full", nil}, evm.Busy},
		{"Nethermind", nodeError{-32010, "AlreadyKnown", nil}, evm.AlreadyKnown},
		{"Nethermind", nodeError{-32010, "OldNonce, Current nonce: 5, nonce of rejected tx: 3.", nil}, evm.NonceTooLow},
		{"Nethermind", nodeError{-32010, "ReplacementNotAllowed", nil}, evm.ReplacementUnderpriced},
		{"Nethermind", nodeError{-32010, "FeeTooLow, MaxFeePerGas too low.", nil}, evm.FeeTooLow},
		{"Nethermind", nodeError{-32010, "FeeTooLowToCompete", nil}, evm.FeeTooLow},
		{"Nethermind", nodeError{-32010, "InsufficientFunds, Balance is 0", nil}, evm.InsufficientFunds},
		{"Nethermind", nodeError{-32010, "NonceGap, Future nonce.", nil}, evm.NonceTooHigh},
		{"Nethermind", nodeError{-32015, "VM execution error.", "Reverted 0x08c379a0"}, evm.Reverted},
		{"Nethermind", nodeError{-39001, "Unknown block error", nil}, evm.UnknownBlock},
		{"Nethermind", nodeError{-32016, "eth_call timed out", nil}, evm.TimedOut},
		{"Nethermind", nodeError{other, "No state available for block 9", nil}, evm.StateGone},
		{"Arbitrum", nodeError{other, "nonce too high", nil}, evm.NonceTooHigh},
		{"Arbitrum", nodeError{other, "nonce too low: address 0x0, tx: 3 state: 5", nil}, evm.NonceTooLow},
		{"Arbitrum", nodeError{other, "already known", nil}, evm.AlreadyKnown},
		{"Arbitrum", nodeError{other, "insufficient funds for gas * price + value: address 0x0 have 0 want 1", nil}, evm.InsufficientFunds},
		{"Arbitrum", nodeError{other, "sequencer temporarily not available", nil}, evm.Busy},
		{"a proxy", nodeError{-32603, "Transaction nonce too low", nil}, evm.NonceTooLow}, // internal error, and yet it says so
		{"Arbitrum", nodeError{other, "max fee per gas less than block base fee: address 0x0", nil}, evm.FeeTooLow},
		{"Arbitrum", nodeError{other, "execution reverted", revert}, evm.Reverted},
		{"Besu", nodeError{other, "Known transaction", nil}, evm.AlreadyKnown},
		{"Besu", nodeError{-32004, "Upfront cost exceeds account balance", nil}, evm.InsufficientFunds}, // its code is EIP-1474's "method not supported"
		{"Besu", nodeError{-32001, "Nonce too low", nil}, evm.NonceTooLow},
		{"Besu", nodeError{other, "Upfront cost exceeds account balance", nil}, evm.InsufficientFunds},
		{"OpenEthereum", nodeError{-32010, "Transaction nonce is too low. Try incrementing the nonce.", nil}, evm.NonceTooLow},
		{"OpenEthereum", nodeError{-32010, "Transaction with the same hash was already imported.", nil}, evm.AlreadyKnown},
		{"Infura", nodeError{-32005, "daily request count exceeded, request rate limited", nil}, evm.RateLimited},
		{"Infura", nodeError{-32005, "query returned more than 10000 results", nil}, evm.TooMuch},
		{"a proxy", nodeError{-32005, "no", nil}, evm.RateLimited},
		{"a proxy", nodeError{-32004, "no", nil}, evm.UnknownMethod},
		{"a proxy", nodeError{-32001, "no", nil}, evm.UnknownBlock},
		{"Alchemy", nodeError{429, "Your app has exceeded its compute units per second capacity", nil}, evm.RateLimited},
		{"QuickNode", nodeError{-32007, "50/second request limit reached", nil}, evm.RateLimited},
		{"a proxy", rpc.HTTPError{StatusCode: http.StatusTooManyRequests}, evm.RateLimited},

		{"geth", nodeError{other, "unknown transaction type", nil}, evm.Unclassified},
		{"geth", nodeError{other, "exceeds block gas limit", nil}, evm.Unclassified},
		{"nobody", errors.New("already known"), evm.Unclassified}, // no node said it
		{"a proxy", rpc.HTTPError{StatusCode: http.StatusBadGateway, Body: []byte("already known")}, evm.Unclassified},
		{"nobody", nil, evm.Unclassified},
	} {
		if got := evm.Classify(test.err); got != test.want {
			t.Errorf("%s: %v: %q, want %q", test.node, test.err, got, test.want)
		}
	}
}

func TestNeededFeesAreReadOutOfRefusals(t *testing.T) {
	for _, test := range []struct {
		text     string
		cap, tip int64
	}{
		{"transaction underpriced: gas tip cap 0, minimum needed 1", 0, 1},
		{"transaction gas price below minimum: gas tip cap 12, minimum needed 1000000", 0, 1_000_000},
		{"max fee per gas less than block base fee: address 0x0, maxFeePerGas: 1, baseFee: 875000000", 875_000_000, 0},
		{"FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 1, BaseFee: 7, MaxPriorityFeePerGas:1, Block number: 2", 7, 0}, // Nethermind
		{"max fee per gas less than block base fee: maxFeePerGas: 1 baseFee: 9", 9, 0},                                  // Arbitrum
		{"baseFee: many", 0, 0},
		{"baseFee: 99999999999999999999999999999999999999999", 0, 0},
		{"gas tip cap", 0, 0},
		{"replacement transaction underpriced", 0, 0},
	} {
		needed := evm.NeededFees(nodeError{-32000, test.text, nil})
		if needed.Cap.Cmp(big.NewInt(test.cap)) != 0 || needed.Tip.Cmp(big.NewInt(test.tip)) != 0 {
			t.Errorf("%q: cap %s, tip %s, want %d and %d", test.text, needed.Cap, needed.Tip, test.cap, test.tip)
		}
	}
	if needed := evm.NeededFees(errors.New("baseFee: 7")); needed.Cap.Sign() != 0 {
		t.Errorf("no node's words: %s", needed.Cap)
	}
}

func TestRevertDataIsFoundWhereNodesPutIt(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
		ok   bool
	}{
		{nodeError{3, "execution reverted", "0x08c379a0"}, "0x08c379a0", true},
		{nodeError{-32015, "VM execution error.", "Reverted 0x08c379a0"}, "0x08c379a0", true},
		{nodeError{3, "execution reverted", "0x"}, "0x", true},
		{nodeError{3, "execution reverted", nil}, "0x", true},
		{nodeError{-32000, "nonce too low", nil}, "0x", false},
		{nodeError{3, "execution reverted", "0x" + string(make([]byte, 1<<18))}, "0x", true}, // too long to be one
	} {
		data, ok := evm.RevertData(test.err)
		if hexutil.Encode(data) != test.want || ok != test.ok {
			t.Errorf("%v: %x, %v", test.err, data, ok)
		}
	}
}

// What the node of the tests says, so that a new version of it is noticed.
func TestAnvilSaysWhatWeKnow(t *testing.T) {
	c := newChain(t)
	key := c.owners[0]
	from := crypto.PubkeyToAddress(key.PublicKey)
	if _, err := c.FundNative(t.Context(), from, big.NewInt(1e18)); err != nil {
		t.Fatal(err)
	}
	send := func(nonce uint64, tip, value int64) error {
		return c.RPC().CallContext(t.Context(), nil, "eth_sendRawTransaction", rawPayment(t, c, 0, nonce, tip, value))
	}
	if err := c.SetAutomine(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if err := send(0, 5e9, 1); err != nil {
		t.Fatal(err)
	}
	for want, err := range map[evm.Class]error{
		evm.AlreadyKnown:           send(0, 5e9, 1),
		evm.ReplacementUnderpriced: send(0, 4e9, 2),
		evm.InsufficientFunds:      send(1, 5e9, 2e18),
		evm.UnknownMethod:          c.RPC().CallContext(t.Context(), nil, "eth_noSuchThing"),
		evm.UnknownBlock:           c.RPC().CallContext(t.Context(), nil, "eth_getBalance", from, "0xffffff"),
	} {
		if got := evm.Classify(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	if err := c.Mine(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := send(0, 6e9, 3); evm.Classify(err) != evm.NonceTooLow {
		t.Errorf("%v: want nonce too low", err)
	}
	err := c.RPC().CallContext(t.Context(), nil, "eth_call", map[string]any{"to": c.Token, "data": "0xa9059cbb"}, "latest")
	if evm.Classify(err) != evm.Reverted {
		t.Errorf("%v: want reverted", err)
	}
}

// rawPayment is a signed native payment of an owner of the chain's Safe.
func rawPayment(t *testing.T, c *chain, owner int, nonce uint64, tip, value int64) hexutil.Bytes {
	t.Helper()
	chainID := new(big.Int).SetUint64(c.ChainID)
	to := common.Address{0x7a}
	tx, err := types.SignNewTx(c.owners[owner], types.LatestSignerForChainID(chainID), &types.DynamicFeeTx{
		ChainID: chainID, Nonce: nonce, GasTipCap: big.NewInt(tip), GasFeeCap: big.NewInt(50e9), Gas: 21_000, To: &to, Value: big.NewInt(value),
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := tx.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
