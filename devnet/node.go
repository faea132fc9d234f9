package devnet

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
)

// What only a development node does: mining, reorganisations, time and money on demand.

// Mine adds n empty blocks (with what the pool holds in the first of them).
func (a *Anvil) Mine(ctx context.Context, n uint64) error {
	return a.do(ctx, nil, "anvil_mine", hexutil.Uint64(n))
}

// Reorg replaces the last depth blocks by other, empty ones; the height stays. Their
// transactions are dropped, not put back into the pool.
func (a *Anvil) Reorg(ctx context.Context, depth uint64) error {
	return a.do(ctx, nil, "anvil_reorg", depth, []any{})
}

// Rollback takes the last depth blocks away; the height falls.
func (a *Anvil) Rollback(ctx context.Context, depth uint64) error {
	return a.do(ctx, nil, "anvil_rollback", depth)
}

// SetAutomine says whether each transaction gets a block at once. Without it, and without
// a block time, only Mine makes blocks.
func (a *Anvil) SetAutomine(ctx context.Context, on bool) error {
	return a.do(ctx, nil, "evm_setAutomine", on)
}

// Snapshot remembers the chain as it is.
func (a *Anvil) Snapshot(ctx context.Context) (id string, err error) {
	err = a.do(ctx, &id, "evm_snapshot")
	return id, err
}

// Revert goes back to a snapshot, which is used up by that.
func (a *Anvil) Revert(ctx context.Context, id string) error {
	var ok bool
	if err := a.do(ctx, &ok, "evm_revert", id); err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("anvil has no snapshot %s", id)
	}
	return nil
}

// SetBalance writes a native balance, in wei, without a transaction.
func (a *Anvil) SetBalance(ctx context.Context, account common.Address, wei *big.Int) error {
	return a.do(ctx, nil, "anvil_setBalance", account, (*hexutil.Big)(wei))
}

// SetCode writes the code of an address without a transaction.
func (a *Anvil) SetCode(ctx context.Context, account common.Address, code []byte) error {
	return a.do(ctx, nil, "anvil_setCode", account, hexutil.Bytes(code))
}

// SetNextBlockTime fixes the timestamp of the next block.
func (a *Anvil) SetNextBlockTime(ctx context.Context, at time.Time) error {
	return a.do(ctx, nil, "evm_setNextBlockTimestamp", at.Unix())
}

// SetNextBaseFee fixes the base fee of the next block, in wei per gas.
func (a *Anvil) SetNextBaseFee(ctx context.Context, wei *big.Int) error {
	return a.do(ctx, nil, "anvil_setNextBlockBaseFeePerGas", (*hexutil.Big)(wei))
}

// DropTransaction takes a transaction out of the pool.
func (a *Anvil) DropTransaction(ctx context.Context, hash common.Hash) error {
	return a.do(ctx, nil, "anvil_dropTransaction", hash)
}

// do calls a method that takes effect at once, under a deadline.
func (a *Anvil) do(ctx context.Context, result any, method string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := a.client.CallContext(ctx, result, method, args...); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// Call is a transaction that the faucet sends. To is nil to create a contract; nil Value
// is zero; with zero Gas the node tries it first and refuses what would revert.
type Call struct {
	To    *common.Address
	Data  []byte
	Value *big.Int
	Gas   uint64
}

// Send sends a transaction from the faucet and waits until it is in a block, which needs
// automine, a block time or somebody who mines. A revert is an error.
func (a *Anvil) Send(ctx context.Context, call Call) (*types.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	hash, err := a.Submit(ctx, call)
	if err != nil {
		return nil, err
	}
	return a.Receipt(ctx, hash)
}

// Submit gives the node a transaction from the faucet, and does not wait. One at a time:
// anvil gives two that come together the same nonce.
func (a *Anvil) Submit(ctx context.Context, call Call) (hash common.Hash, err error) {
	args := map[string]any{"from": a.faucet, "data": hexutil.Bytes(call.Data)}
	if call.To != nil {
		args["to"] = call.To
	}
	if call.Value != nil {
		args["value"] = (*hexutil.Big)(call.Value)
	}
	if call.Gas != 0 {
		args["gas"] = hexutil.Uint64(call.Gas)
	}
	a.submitting.Lock()
	defer a.submitting.Unlock()
	if err := a.do(ctx, &hash, "eth_sendTransaction", args); err != nil {
		return common.Hash{}, fmt.Errorf("send a transaction: %w", err)
	}
	return hash, nil
}

// Receipt waits until a transaction is in a block. A revert is an error.
func (a *Anvil) Receipt(ctx context.Context, hash common.Hash) (*types.Receipt, error) {
	const poll = 20 * time.Millisecond
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		receipt, err := a.Eth().TransactionReceipt(ctx, hash)
		switch {
		case err == nil && receipt.Status != types.ReceiptStatusSuccessful:
			return receipt, fmt.Errorf("transaction %s reverted", hash)
		case err == nil:
			return receipt, nil
		case !errors.Is(err, ethereum.NotFound):
			return nil, fmt.Errorf("receipt of %s: %w", hash, err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("transaction %s is in no block: %w", hash, ctx.Err())
		case <-a.done:
			return nil, fmt.Errorf("transaction %s: %w", hash, errEnded)
		}
	}
}
