package bundler

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer"
)

// operationEvent is a UserOperationEvent and the logs that belong to it.
type operationEvent struct {
	operation  coffer.Hash
	success    bool
	cost       coffer.Amount // wei
	gas        coffer.Amount
	reason     []byte // of a revert
	first, end int    // logs of the receipt, end exclusive
}

// readEvents finds the operations that a receipt names. An operation's logs follow the
// event of the one before it, or BeforeExecution.
func readEvents(entryPoint common.Address, logs []*types.Log) ([]operationEvent, error) {
	var events []operationEvent
	first := 0
	reasons := map[coffer.Hash][]byte{}
	for i, l := range logs {
		if l.Address != entryPoint || len(l.Topics) == 0 {
			continue
		}
		switch l.Topics[0] {
		case beforeExecution:
			first = i + 1
		case userOperationRevert:
			e, err := entryPointABI.UnpackUserOperationRevertReasonEvent(l)
			if err != nil {
				return nil, fmt.Errorf("log %d: %w", i, err)
			}
			reasons[e.UserOpHash] = e.RevertReason
		case userOperationEvent:
			e, err := entryPointABI.UnpackUserOperationEventEvent(l)
			if err != nil {
				return nil, fmt.Errorf("log %d: %w", i, err)
			}
			cost, err := amount(e.ActualGasCost)
			if err != nil {
				return nil, fmt.Errorf("log %d: %w", i, err)
			}
			gas, err := amount(e.ActualGasUsed)
			if err != nil {
				return nil, fmt.Errorf("log %d: %w", i, err)
			}
			reason := reasons[e.UserOpHash]
			if reason == nil {
				reason = []byte{}
			}
			events = append(events, operationEvent{e.UserOpHash, e.Success, cost, gas, reason, first, i + 1})
			first = i + 1
		}
	}
	return events, nil
}
