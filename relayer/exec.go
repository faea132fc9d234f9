package relayer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// What the limit of an execTransaction has above the gas that was measured. Gas that is not
// used costs nothing, so there is room for a token that has become dearer meanwhile.
const (
	execMargin      = 2       // one part in
	execSlack       = 30_000  // and for signatures, which are approved hashes when measured
	maxExecGas      = 1 << 24 // EIP-7825
	execProbeGas    = maxExecGas
	approvedHashes  = 8 // storage slot of Safe's mapping(address owner => mapping(bytes32 => uint256))
	approvedHashTag = 1 // v of a signature that says "see approvedHashes"
)

// ErrNoExecutor is returned by a wallet that has nobody who sends Safe transactions.
var ErrNoExecutor = errors.New("the wallet has no executor for Safe transactions")

// ErrOneAttempt is returned for a second variant of a Safe transaction: what owners sign
// has no fee, so it would be the same. Its executor raises the fee.
var ErrOneAttempt = errors.New("a Safe transaction has one attempt; its executor raises the fee")

// buildExec makes a Safe transaction: it measures the gas on the node.
func (w *Wallet) buildExec(ctx context.Context, i coffer.Intent, prev []coffer.Attempt) (coffer.Unsigned, error) {
	if w.exec == nil {
		return coffer.Unsigned{}, ErrNoExecutor
	}
	for _, attempt := range prev {
		if attempt.Unsigned.Format != evm.FormatSafeTx {
			continue // its bytes are lost
		}
		earlier, err := w.rules.Explain(attempt.Unsigned)
		if err != nil {
			return coffer.Unsigned{}, fmt.Errorf("attempt %d: %w", attempt.Number, err)
		}
		if (len(earlier.Payments) == 0) == (len(i.Payments) == 0) {
			return coffer.Unsigned{}, ErrOneAttempt
		}
	}
	tx, err := evm.BuildSafeTx(i, w.safe, maxExecGas)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	if tx.GasLimit, err = w.execGas(ctx, tx); err != nil {
		return coffer.Unsigned{}, err
	}
	return evm.NewUnsignedSafeTx(w.safe, tx, uint32(len(prev))) // #nosec G115 -- attempts are few
}

// execGas measures a transaction on top of the latest block.
func (w *Wallet) execGas(ctx context.Context, tx evm.SafeTx) (uint64, error) {
	head, err := w.client.Eth().HeaderByNumber(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("latest block: %w", err)
	}
	result, err := w.runExec(ctx, tx, execProbeGas, head.Hash())
	if err != nil {
		return 0, err
	}
	if result.Status != types.ReceiptStatusSuccessful {
		return 0, fmt.Errorf("%w: %s", ErrWouldFail, failure(result))
	}
	used := result.GasUsed
	return min(used+used/execMargin+execSlack, maxExecGas), nil
}

// simulateExec runs a Safe transaction as its executor would send it, guard and all, but
// with hashes that the owners approved in the place of their signatures.
func (w *Wallet) simulateExec(ctx context.Context, u coffer.Unsigned, effects coffer.Effects) error {
	tx, err := evm.DecodeUnsignedSafeTx(u)
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	head, err := w.client.Eth().HeaderByNumber(ctx, nil)
	if err != nil {
		return fmt.Errorf("simulate: latest block: %w", err)
	}
	block := head.Hash()
	if err := w.checkRecipients(ctx, effects.Payments, block); err != nil {
		return err
	}
	result, err := w.runExec(ctx, tx, tx.GasLimit, block)
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if result.Status != types.ReceiptStatusSuccessful {
		return fmt.Errorf("%w: %s", ErrWouldFail, failure(result))
	}
	return w.checkTransfers(effects.Payments, result.Logs)
}

// runExec runs execTransaction on top of a block.
func (w *Wallet) runExec(ctx context.Context, tx evm.SafeTx, gas uint64, block common.Hash) (ethclient.SimulateCallResult, error) {
	hash := tx.Hash(w.client.ChainNumber())
	owners := lowest(w.safe.Owners, w.safe.Threshold)
	approved := map[common.Hash]common.Hash{}
	for _, owner := range owners {
		approved[approvalSlot(owner, hash)] = common.BytesToHash([]byte{1})
	}
	options := ethclient.SimulateOptions{BlockStateCalls: []ethclient.SimulateBlock{{
		StateOverrides: map[common.Address]ethereum.OverrideAccount{tx.Safe: {StateDiff: approved}},
		Calls: []ethereum.CallMsg{{
			To: &tx.Safe, Data: tx.CallData(approvals(owners)), Gas: gas,
		}},
	}}}
	at := rpc.BlockNumberOrHashWithHash(block, false)
	blocks, err := w.client.Eth().SimulateV1(ctx, options, &at)
	if err != nil {
		return ethclient.SimulateCallResult{}, fmt.Errorf("eth_simulateV1: %w", err)
	}
	if len(blocks) != 1 || len(blocks[0].Calls) != 1 {
		return ethclient.SimulateCallResult{}, errors.New("eth_simulateV1: the node answered for another number of calls")
	}
	return blocks[0].Calls[0], nil
}

// approvalSlot is where a Safe keeps that an owner approved a hash.
func approvalSlot(owner common.Address, hash coffer.Hash) common.Hash {
	outer := crypto.Keccak256(common.LeftPadBytes(owner[:], 32), common.LeftPadBytes([]byte{approvedHashes}, 32))
	return crypto.Keccak256Hash(hash[:], outer)
}

// approvals is the signatures field that points at approved hashes: r the owner, v 1.
func approvals(owners []common.Address) []byte {
	var joined []byte
	for _, owner := range owners {
		joined = append(joined, common.LeftPadBytes(owner[:], 32)...)
		joined = append(joined, make([]byte, 32)...)
		joined = append(joined, approvedHashTag)
	}
	return joined
}

// lowest are the first n owners in ascending order.
func lowest(owners []common.Address, n int) []common.Address {
	sorted := slices.SortedFunc(slices.Values(owners), common.Address.Cmp)
	return sorted[:n]
}

// sendExec gives a signed Safe transaction to the executor.
func (w *Wallet) sendExec(ctx context.Context, s coffer.Signed) error {
	if w.exec == nil {
		return ErrNoExecutor
	}
	call, err := evm.DecodeExec(s, w.client.ChainNumber())
	if err != nil {
		return err
	}
	if call.Safe != w.safe.Address {
		return fmt.Errorf("the bytes are a transaction of %s", call.Safe)
	}
	return w.exec.SendExec(ctx, call)
}
