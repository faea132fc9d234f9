package relayer

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// Bounds of trying payments one by one.
const (
	legGas     = 1_000_000 // that one payment may use
	suspectMax = 16        // payments looked at closely; when more fail, it is not for their own sake
)

// SimulateLegs says which payments of an intent would fail now for their own sake: the
// payment fails alone on top of the latest block, while the same asset and amount could be
// paid to another address. What the wallet lacks, or a token that is paused, is no
// payment's fault. It reads the chain only (eth_simulateV1).
func (w *Wallet) SimulateLegs(ctx context.Context, i coffer.Intent) ([]error, error) {
	head, err := w.client.Eth().HeaderByNumber(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("simulate payments: latest block: %w", err)
	}
	block := head.Hash()
	together, err := w.try(ctx, block, i.Payments)
	if err != nil {
		return nil, fmt.Errorf("simulate payments: %w", err)
	}

	legs := make([]error, len(i.Payments))
	suspects := 0
	for n, p := range i.Payments {
		if together[n] == nil {
			continue
		}
		if suspects++; suspects > suspectMax {
			return make([]error, len(i.Payments)), nil
		}
		alone, err := w.try(ctx, block, []coffer.Payment{p})
		if err != nil {
			return nil, fmt.Errorf("simulate payment %d: %w", n, err)
		}
		if alone[0] == nil {
			continue // it was the payments before it
		}
		p.To = evm.AddressOf(evm.CancelTarget)
		elsewhere, err := w.try(ctx, block, []coffer.Payment{p})
		if err != nil {
			return nil, fmt.Errorf("simulate payment %d: %w", n, err)
		}
		if elsewhere[0] == nil {
			legs[n] = alone[0]
		}
	}
	return legs, nil
}

// try makes payments one after the other on top of a block and returns why each fails.
func (w *Wallet) try(ctx context.Context, block common.Hash, payments []coffer.Payment) ([]error, error) {
	calls := make([]ethereum.CallMsg, len(payments))
	for n, p := range payments {
		to, data, value, err := evm.PaymentCall(w.safe, p)
		if err != nil {
			return nil, fmt.Errorf("payment %d: %w", n, err)
		}
		calls[n] = ethereum.CallMsg{From: w.safe.Address, To: &to, Data: data, Value: value.Int().ToBig(), Gas: legGas}
	}
	options := ethclient.SimulateOptions{BlockStateCalls: []ethclient.SimulateBlock{{Calls: calls}}}
	at := rpc.BlockNumberOrHashWithHash(block, false)
	blocks, err := w.client.Eth().SimulateV1(ctx, options, &at)
	if err != nil {
		return nil, fmt.Errorf("eth_simulateV1: %w", err)
	}
	if len(blocks) != 1 || len(blocks[0].Calls) != len(calls) {
		return nil, errors.New("eth_simulateV1: the node answered for another number of calls")
	}
	failures := make([]error, len(payments))
	for n, result := range blocks[0].Calls {
		if result.Status != types.ReceiptStatusSuccessful {
			failures[n] = errors.New(failure(result))
			continue
		}
		failures[n] = w.checkTransfers(payments[n:n+1], result.Logs)
	}
	return failures, nil
}
