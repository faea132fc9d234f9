package evm

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
)

// depositedTopic is EntryPoint v0.7's Deposited(address indexed account, uint256
// totalDeposit): it tells the new total and not what came, so amounts are read from the
// payments into the EntryPoint.
var (
	depositedTopic = entryPointABI.Events["Deposited"].ID
	depositTo      = crypto.Keccak256([]byte("depositTo(address)"))[:4]
)

// inputHead is as much of a call's data as tells a deposit: a selector and one argument.
const inputHead = 4 + 32

// depositedFor says whose gas money a payment into the EntryPoint becomes: the account that
// depositTo names, the payer's own where the call has no data. Any other call with value
// (addStake) deposits nothing.
func depositedFor(from common.Address, data []byte) (common.Address, bool) {
	if len(data) == 0 {
		return from, true
	}
	if len(data) < inputHead || [4]byte(data[:4]) != [4]byte(depositTo) {
		return common.Address{}, false
	}
	return topicAddress(common.BytesToHash(data[4:inputHead]))
}

// topLevelDeposit is what a transaction itself pays into the EntryPoint.
func topLevelDeposit(entryPoint common.Address, tx *types.Transaction, sender common.Address) (coffer.GasDeposit, bool, error) {
	if tx.To() == nil || *tx.To() != entryPoint || tx.Value().Sign() <= 0 {
		return coffer.GasDeposit{}, false, nil
	}
	account, ok := depositedFor(sender, tx.Data())
	if !ok {
		return coffer.GasDeposit{}, false, nil
	}
	amount, err := amountFromBig(tx.Value())
	return coffer.GasDeposit{
		Tx: coffer.Hash(tx.Hash()), Ref: topLevelRef, From: AddressOf(sender), Account: AddressOf(account), Amount: amount,
	}, true, err
}

// checkDeposits holds what payments say against the receipt, which is proven: every deposit
// has a Deposited event of its account.
func checkDeposits(entryPoint common.Address, deposits []coffer.GasDeposit, logs []*types.Log) error {
	said := map[coffer.Address]int{}
	for _, log := range logs {
		if log.Address == entryPoint && len(log.Topics) == 2 && log.Topics[0] == depositedTopic {
			said[AddressOf(common.BytesToAddress(log.Topics[1][12:]))]++
		}
	}
	for _, d := range deposits {
		if said[d.Account]--; said[d.Account] < 0 {
			return fmt.Errorf("%w: a deposit for %s at %s that no event tells", ErrTrace, d.Account, d.Ref)
		}
	}
	return nil
}
