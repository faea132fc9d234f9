package relayer

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// ErrWouldFail is returned by Simulate when the operation would not do, now, what it says.
var ErrWouldFail = coffer.ErrWouldFail

var transferTopic = crypto.Keccak256Hash([]byte("Transfer(address,address,uint256)"))

// Simulate implements coffer.Wallet. It runs the operation's call as the EntryPoint would,
// on top of the latest block and within the operation's call gas (eth_simulateV1), and
// demands that it succeeds, that each token payment makes its own Transfer of exactly the
// amount, and that the gas money in the EntryPoint covers the operation: else the Safe's
// own coins would be taken for it. Signatures are not looked at.
func (w *Wallet) Simulate(ctx context.Context, u coffer.Unsigned) error {
	effects, err := w.rules.Explain(u)
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if effects.Path == coffer.PathExec {
		return w.simulateExec(ctx, u, effects)
	}
	op, _, err := evm.DecodeUnsigned(u)
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	head, err := w.client.Eth().HeaderByNumber(ctx, nil)
	if err != nil {
		return fmt.Errorf("simulate: latest block: %w", err)
	}
	block := head.Hash()
	deposit, err := w.client.DepositOf(ctx, w.Address(), coffer.Hash(block))
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if deposit.Cmp(effects.FeeBound) < 0 {
		return fmt.Errorf("%w: the wallet has %s wei of gas money in the EntryPoint, the operation may need %s", ErrWouldFail, deposit, effects.FeeBound)
	}
	if err := w.checkRecipients(ctx, effects.Payments, block); err != nil {
		return err
	}
	result, err := w.run(ctx, op, block)
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if result.Status != types.ReceiptStatusSuccessful {
		return fmt.Errorf("%w: %s", ErrWouldFail, failure(result))
	}
	if err := checkSweeps(effects.Sweeps, result.Logs); err != nil {
		return err
	}
	return w.checkTransfers(effects.Payments, result.Logs)
}

// checkRecipients demands that native coins for contracts travel alone: a contract may
// refuse them later, and would take the whole batch with it.
func (w *Wallet) checkRecipients(ctx context.Context, payments []coffer.Payment, block common.Hash) error {
	if len(payments) < 2 {
		return nil
	}
	for n, p := range payments {
		if p.Asset != w.safe.Native {
			continue
		}
		code, err := w.client.Eth().CodeAtHash(ctx, common.HexToAddress(string(p.To)), block)
		if err != nil {
			return fmt.Errorf("simulate: code of %s: %w", p.To, err)
		}
		if len(code) > 0 {
			return fmt.Errorf("%w: payment %d: native coins for the contract %s must travel alone", ErrWouldFail, n, p.To)
		}
	}
	return nil
}

// run executes the call that the EntryPoint would make.
func (w *Wallet) run(ctx context.Context, op evm.UserOperation, block common.Hash) (ethclient.SimulateCallResult, error) {
	call := ethereum.CallMsg{
		From: w.safe.EntryPoint, To: &w.safe.Address, Data: op.CallData,
		Gas: op.CallGasLimit + intrinsicGas(op.CallData),
	}
	options := ethclient.SimulateOptions{BlockStateCalls: []ethclient.SimulateBlock{{Calls: []ethereum.CallMsg{call}}}}
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

// intrinsicGas is what a transaction pays before its call begins (EIP-2028), which the
// EntryPoint's inner call does not.
func intrinsicGas(data []byte) uint64 {
	gas := uint64(21_000)
	for _, b := range data {
		if b == 0 {
			gas += 4
		} else {
			gas += 16
		}
	}
	return gas
}

func failure(result ethclient.SimulateCallResult) string {
	if result.Error == nil {
		return "reverted"
	}
	data, err := hexutil.Decode(result.Error.Data)
	if err != nil || len(data) == 0 {
		data = result.ReturnValue
	}
	if text := evm.RevertText(data); text != "" {
		return text
	}
	return "reverted without a reason"
}

// checkTransfers demands a Transfer log for each token payment, none used twice.
func (w *Wallet) checkTransfers(payments []coffer.Payment, logs []*types.Log) error {
	used := make([]bool, len(logs))
	for n, payment := range payments {
		if payment.Asset == w.safe.Native {
			continue // the call would have reverted
		}
		found := false
		for at, log := range logs {
			if !used[at] && w.isTransfer(log, payment) {
				used[at], found = true, true
				break
			}
		}
		if !found {
			return fmt.Errorf("%w: payment %d: %s would not say Transfer of %s to %s", ErrWouldFail, n, payment.Asset, payment.Amount, payment.To)
		}
	}
	return nil
}

func (w *Wallet) isTransfer(log *types.Log, p coffer.Payment) bool {
	amount := p.Amount.Bytes32()
	return log != nil && len(log.Topics) == 3 && log.Topics[0] == transferTopic &&
		log.Topics[1] == common.BytesToHash(w.safe.Address[:]) &&
		log.Topics[2] == common.BytesToHash(common.HexToAddress(string(p.To)).Bytes()) &&
		common.BytesToHash(log.Data) == amount && len(log.Data) == len(amount) &&
		evm.TokenAsset(w.safe.Chain, log.Address) == p.Asset
}
