package bundler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

const (
	nodeTimeout = 15 * time.Second // one call
	maxStored   = 1<<63 - 1        // heights and nonces are kept in columns of 64 bits with a sign
)

// node asks an execution client, each question under a deadline.
type node struct{ client *rpc.Client }

func (n node) ask(ctx context.Context, result any, method string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	if err := n.client.CallContext(ctx, result, method, args...); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// head is the part of a block header that the bundler goes by.
type head struct {
	Height  uint64
	Hash    coffer.Hash
	Parent  coffer.Hash
	Time    uint64   // seconds
	BaseFee *big.Int // wei per gas
}

// block returns the canonical header at a tag or height, and whether there is one.
func (n node) block(ctx context.Context, at string) (head, bool, error) {
	var h *struct {
		Number  *hexutil.Uint64 `json:"number"`
		Hash    common.Hash     `json:"hash"`
		Parent  common.Hash     `json:"parentHash"`
		Time    hexutil.Uint64  `json:"timestamp"`
		BaseFee *hexutil.Big    `json:"baseFeePerGas"`
	}
	if err := n.ask(ctx, &h, "eth_getBlockByNumber", at, false); err != nil {
		return head{}, false, err
	}
	if h == nil || h.Number == nil {
		return head{}, false, nil
	}
	if *h.Number > maxStored {
		return head{}, false, fmt.Errorf("eth_getBlockByNumber: height %d is too large", *h.Number)
	}
	baseFee := new(big.Int)
	if h.BaseFee != nil {
		baseFee = h.BaseFee.ToInt()
	}
	return head{uint64(*h.Number), coffer.Hash(h.Hash), coffer.Hash(h.Parent), uint64(h.Time), baseFee}, true, nil
}

func (n node) latest(ctx context.Context) (head, error) {
	h, found, err := n.block(ctx, "latest")
	if err == nil && !found {
		err = errors.New("the node has no latest block")
	}
	return h, err
}

// canonical reports whether the block at a height has this hash.
func (n node) canonical(ctx context.Context, height uint64, hash coffer.Hash) (bool, error) {
	h, found, err := n.block(ctx, hexutil.EncodeUint64(height))
	return found && h.Hash == hash, err
}

func (n node) nonce(ctx context.Context, account common.Address, at string) (uint64, error) {
	var nonce hexutil.Uint64
	if err := n.ask(ctx, &nonce, "eth_getTransactionCount", account, at); err != nil {
		return 0, err
	}
	if nonce > maxStored {
		return 0, fmt.Errorf("eth_getTransactionCount: nonce %d of %s is too large", nonce, account)
	}
	return uint64(nonce), nil
}

func (n node) balance(ctx context.Context, account common.Address) (*big.Int, error) {
	var wei hexutil.Big
	err := n.ask(ctx, &wei, "eth_getBalance", account, "latest")
	return wei.ToInt(), err
}

func (n node) hasCode(ctx context.Context, account common.Address) (bool, error) {
	var code hexutil.Bytes
	err := n.ask(ctx, &code, "eth_getCode", account, "latest")
	return len(code) > 0, err
}

// tip is the node's suggestion for the priority fee, in wei per gas.
func (n node) tip(ctx context.Context) (*big.Int, error) {
	var tip hexutil.Big
	err := n.ask(ctx, &tip, "eth_maxPriorityFeePerGas")
	return tip.ToInt(), err
}

// call is a message call against the latest block.
type call struct {
	From common.Address `json:"from"`
	To   common.Address `json:"to"`
	Data hexutil.Bytes  `json:"data"`
	Gas  hexutil.Uint64 `json:"gas,omitempty"`
}

// override replaces parts of an account for the time of a call.
type override struct {
	Code      hexutil.Bytes               `json:"code,omitempty"`
	Balance   *hexutil.Big                `json:"balance,omitempty"`
	StateDiff map[common.Hash]common.Hash `json:"stateDiff,omitempty"`
}

type overrides map[common.Address]override

// call returns what a message call on the latest block returns. A revert is a revertError.
func (n node) call(ctx context.Context, c call, o overrides) ([]byte, error) {
	args := []any{c, "latest"}
	if len(o) > 0 {
		args = append(args, o)
	}
	var out hexutil.Bytes
	if err := n.ask(ctx, &out, "eth_call", args...); err != nil {
		return nil, asRevert(err)
	}
	return out, nil
}

// callAt is call on the block of a tag.
func (n node) callAt(ctx context.Context, c call, at string) ([]byte, error) {
	var out hexutil.Bytes
	if err := n.ask(ctx, &out, "eth_call", c, at); err != nil {
		return nil, asRevert(err)
	}
	return out, nil
}

// estimate returns the least gas limit of a transaction that does what the call says. A
// revert is a revertError.
func (n node) estimate(ctx context.Context, c call) (uint64, error) {
	var gas hexutil.Uint64
	if err := n.ask(ctx, &gas, "eth_estimateGas", c, "latest"); err != nil {
		return 0, asRevert(err)
	}
	return uint64(gas), nil
}

// revertError is a call that the node ran and that failed. Data is what the contract said;
// it is empty when gas ran out or the contract said nothing.
type revertError struct {
	data  []byte
	cause error
}

func (e *revertError) Error() string { return e.cause.Error() }
func (e *revertError) Unwrap() error { return e.cause }

// asRevert recognises a revert, of whatever node.
func asRevert(err error) error {
	if data, ok := evm.RevertData(err); ok {
		return &revertError{data, err}
	}
	return err
}

// receipt is a transaction's receipt, decoded and as the node gave it.
type receipt struct {
	types.Receipt
	raw json.RawMessage
}

// receipt returns the receipt of a transaction in a block, or nil.
func (n node) receipt(ctx context.Context, tx coffer.Hash) (*receipt, error) {
	var raw json.RawMessage
	if err := n.ask(ctx, &raw, "eth_getTransactionReceipt", tx); err != nil {
		return nil, err
	}
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	r := receipt{raw: raw}
	if err := r.UnmarshalJSON(raw); err != nil {
		return nil, fmt.Errorf("receipt of %s: %w", tx, err)
	}
	if coffer.Hash(r.TxHash) != tx || r.BlockNumber == nil || !r.BlockNumber.IsInt64() || r.BlockNumber.Sign() < 0 {
		return nil, fmt.Errorf("receipt of %s: the node gave another one, or none of a block", tx)
	}
	return &r, nil
}

// eventTx returns the transaction whose UserOperationEvent names an operation, in a block
// at this height or above.
func (n node) eventTx(ctx context.Context, entryPoint common.Address, op coffer.Hash, from uint64) (coffer.Hash, bool, error) {
	filter := map[string]any{
		"address":   entryPoint,
		"fromBlock": hexutil.Uint64(from),
		"toBlock":   "latest",
		"topics":    []common.Hash{userOperationEvent, common.Hash(op)},
	}
	var logs []types.Log
	if err := n.ask(ctx, &logs, "eth_getLogs", filter); err != nil || len(logs) == 0 {
		return coffer.Hash{}, false, err
	}
	return coffer.Hash(logs[0].TxHash), true, nil
}

// send hands signed bytes to the node. That it has them already is success; an answer that
// did not come says nothing (evm.ErrUnknownOutcome).
func (n node) send(ctx context.Context, raw []byte) error {
	err := n.ask(ctx, nil, "eth_sendRawTransaction", hexutil.Bytes(raw))
	if evm.Classify(err) == evm.AlreadyKnown {
		return nil
	}
	return err
}
