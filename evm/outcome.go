package evm

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

// maxReasonBytes bounds a revert reason, which is a stranger's text.
const maxReasonBytes = 200

var (
	entryPointABI      = bindings.NewEntryPoint().GetABI()
	beforeExecution    = entryPointABI.Events["BeforeExecution"].ID
	userOpEvent        = entryPointABI.Events["UserOperationEvent"].ID
	userOpRevertReason = entryPointABI.Events["UserOperationRevertReason"].ID
)

// userOpOutcomes reads how the user operations of a bundle ended. The EntryPoint first
// validates all operations, says BeforeExecution, then executes one after the other and
// says UserOperationEvent after each; so the logs of an operation are those since the last
// of these two. Its handleOps cannot be entered twice, so they do not nest.
func userOpOutcomes(entryPoint common.Address, tx common.Hash, logs []*types.Log) []coffer.Outcome {
	var outcomes []coffer.Outcome
	first, reason := 0, ""
	for ordinal, log := range logs {
		if log.Address != entryPoint || len(log.Topics) == 0 {
			continue
		}
		switch log.Topics[0] {
		case beforeExecution:
			first, reason = ordinal+1, ""
		case userOpRevertReason:
			reason = revertReason(log)
		case userOpEvent:
			if outcome, ok := userOpOutcome(log); ok {
				outcome.Tx = coffer.Hash(tx)
				outcome.FirstLog, outcome.EndLog = uint32(first), uint32(ordinal+1) // #nosec G115 -- at most maxLogs
				if !outcome.Success {
					outcome.Reason = reason
					if reason == "" {
						outcome.Reason = "reverted without a reason"
					}
				}
				outcomes = append(outcomes, outcome)
			}
			first, reason = ordinal+1, ""
		}
	}
	return outcomes
}

// userOpOutcome reads UserOperationEvent(userOpHash, sender, paymaster; nonce, success,
// actualGasCost, actualGasUsed); the first three are indexed.
func userOpOutcome(log *types.Log) (coffer.Outcome, bool) {
	if len(log.Topics) != 4 || len(log.Data) != 4*32 {
		return coffer.Outcome{}, false
	}
	fee, err := coffer.AmountFromBytes(log.Data[64:96])
	if err != nil {
		return coffer.Outcome{}, false // cannot be: 32 bytes
	}
	outcome := coffer.Outcome{
		ID:      coffer.Hash(log.Topics[1]),
		Sender:  AddressOf(common.BytesToAddress(log.Topics[2][12:])),
		Slot:    slotOf(common.BytesToHash(log.Data[:32])),
		Success: log.Data[63] == 1,
		Fee:     fee,
	}
	if paymaster := log.Topics[3]; paymaster != (common.Hash{}) {
		outcome.Fee = coffer.Amount{} // the paymaster paid
	}
	return outcome, true
}

// revertReason reads UserOperationRevertReason(userOpHash, sender; nonce, revertReason).
func revertReason(log *types.Log) string {
	values, err := entryPointABI.Events["UserOperationRevertReason"].Inputs.NonIndexed().Unpack(log.Data)
	if err != nil || len(values) != 2 {
		return ""
	}
	data, ok := values[1].([]byte)
	if !ok {
		return ""
	}
	return RevertText(data)
}

// RevertText writes what a call reverted with for people: Error(string) and Panic(uint256)
// in words, anything else in hex, at most 200 bytes, printable characters only.
func RevertText(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	text, err := abi.UnpackRevert(data)
	if err != nil {
		text = fmt.Sprintf("0x%s", hex.EncodeToString(data[:min(len(data), maxReasonBytes/2)]))
	}
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	for len(text) > maxReasonBytes {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}
