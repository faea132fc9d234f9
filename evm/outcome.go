package evm

import (
	"encoding/hex"
	"fmt"
	"slices"
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

var (
	safeABI          = bindings.NewSafe().GetABI()
	executionSuccess = safeABI.Events["ExecutionSuccess"].ID
	executionFailure = safeABI.Events["ExecutionFailure"].ID
)

// execOutcomes reads how the Safe transactions of our wallets in a transaction ended: each
// Safe says ExecutionSuccess or ExecutionFailure(bytes32 txHash, uint256 payment) at its
// end, txHash being indexed since 1.4.0. The logs of one are those since the wallet's last
// outcome in this transaction, of either kind; a bundle validates before it executes, so
// BeforeExecution is a border too. Events of other contracts are nobody's.
//
// The event does not tell the nonce: the hash commits to it, so the slot's sequence is zero
// and means nothing. A call whose failure undoes everything (safeTxGas and gasPrice zero, as
// in all of ours) says nothing at all.
func execOutcomes(wallets []common.Address, entryPoint common.Address, tx common.Hash, logs []*types.Log) []coffer.Outcome {
	if len(wallets) == 0 {
		return nil
	}
	var outcomes []coffer.Outcome
	bundle := 0                       // where the last border of a bundle is
	first := map[common.Address]int{} // and the last one of each wallet
	for ordinal, log := range logs {
		if len(log.Topics) == 0 {
			continue
		}
		switch topic := log.Topics[0]; {
		case log.Address == entryPoint && (topic == beforeExecution || topic == userOpEvent):
			bundle = ordinal + 1
		case (topic == executionSuccess || topic == executionFailure) && slices.Contains(wallets, log.Address):
			id, ok := executedHash(log)
			if !ok {
				continue
			}
			outcome := coffer.Outcome{
				ID: id, Tx: coffer.Hash(tx), Sender: AddressOf(log.Address), Slot: coffer.Slot{Kind: coffer.SlotSafe},
				Success:  topic == executionSuccess,
				FirstLog: uint32(max(bundle, first[log.Address])), EndLog: uint32(ordinal + 1), // #nosec G115 -- at most maxLogs
			}
			if !outcome.Success {
				outcome.Reason = "the Safe's call failed"
			}
			outcomes = append(outcomes, outcome)
			first[log.Address] = ordinal + 1
		}
	}
	return outcomes
}

// executedHash is the safeTxHash that an event of a Safe names.
func executedHash(log *types.Log) (coffer.Hash, bool) {
	switch {
	case len(log.Topics) == 2 && len(log.Data) == 32:
		return coffer.Hash(log.Topics[1]), true
	case len(log.Topics) == 1 && len(log.Data) == 64:
		return coffer.Hash(log.Data[:32]), true
	}
	return coffer.Hash{}, false
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
