package evm

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/trie"

	"github.com/cofferhq/coffer"
)

// Bounds of a block.
const (
	maxTransactions = 1 << 16
	maxLogs         = 1 << 20
)

// ErrNotProven is returned when a node's answer is not what its block commits to.
var ErrNotProven = errors.New("the answer does not prove itself")

// traceRefs begin the places of payments in native coins; topLevelRef is that of a transaction's
// own, all others were made by contracts.
const (
	traceRefs   = "trace:"
	topLevelRef = traceRefs + "0"
)

// transferTopic is topic 0 of ERC-20's (and ERC-721's) Transfer.
var transferTopic = crypto.Keccak256Hash([]byte("Transfer(address,address,uint256)"))

// content is a block on its way to being believed: first its transactions, then its
// receipts are checked against the roots in the header.
type content struct {
	header   *types.Header
	summary  coffer.Header
	txs      types.Transactions
	receipts types.Receipts
}

// decodeBlock reads a block with its transactions; all of it is proven by the hash.
func decodeBlock(raw json.RawMessage, want coffer.Hash) (*content, error) {
	header, summary, err := decodeHeader(raw)
	if err != nil {
		return nil, err
	}
	if summary.Hash != want {
		return nil, fmt.Errorf("%w: the node gave block %s", ErrNotProven, summary.Hash)
	}
	var body struct {
		Transactions []json.RawMessage `json:"transactions"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, fmt.Errorf("transactions: %w", err)
	}
	if len(body.Transactions) > maxTransactions {
		return nil, fmt.Errorf("%d transactions; at most %d are read", len(body.Transactions), maxTransactions)
	}
	txs := make(types.Transactions, len(body.Transactions))
	for i, rawTx := range body.Transactions {
		var tx types.Transaction
		if err := tx.UnmarshalJSON(rawTx); err != nil {
			return nil, fmt.Errorf("transaction %d%s: %w", i, typeNote(rawTx, err), err)
		}
		txs[i] = &tx
	}
	if root := types.DeriveSha(txs, trie.NewStackTrie(nil)); root != header.TxHash {
		return nil, fmt.Errorf("%w: the transactions have root %s, the header says %s", ErrNotProven, root, header.TxHash)
	}
	return &content{header: header, summary: summary, txs: txs}, nil
}

// typeNote says which transaction type it is that this version cannot read.
func typeNote(rawTx json.RawMessage, err error) string {
	var typed struct {
		Type string `json:"type"`
	}
	if !errors.Is(err, types.ErrTxTypeNotSupported) || json.Unmarshal(rawTx, &typed) != nil {
		return ""
	}
	return fmt.Sprintf(" has type %.10q, which this version cannot read", typed.Type)
}

// addReceipts checks the receipts against the header's root. Blooms are computed: what a
// receipt commits to is the bloom of its logs, whatever the node says.
func (c *content) addReceipts(raw json.RawMessage) error {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	if len(list) != len(c.txs) {
		return fmt.Errorf("%w: %d receipts of %d transactions", ErrNotProven, len(list), len(c.txs))
	}
	receipts := make(types.Receipts, len(list))
	logs := 0
	for i, rawReceipt := range list {
		var receipt types.Receipt
		if err := receipt.UnmarshalJSON(rawReceipt); err != nil {
			return fmt.Errorf("receipt %d: %w", i, err)
		}
		for n, log := range receipt.Logs {
			if log == nil {
				return fmt.Errorf("receipt %d: log %d is null", i, n)
			}
		}
		if logs += len(receipt.Logs); logs > maxLogs {
			return fmt.Errorf("more than %d logs", maxLogs)
		}
		receipt.Bloom = types.CreateBloom(&receipt)
		receipts[i] = &receipt
	}
	if root := types.DeriveSha(receipts, trie.NewStackTrie(nil)); root != c.header.ReceiptHash {
		return fmt.Errorf("%w: the receipts have root %s, the header says %s", ErrNotProven, root, c.header.ReceiptHash)
	}
	c.receipts = receipts
	return nil
}

// read says what the block did. It uses only what the header commits to: of a receipt that
// is type, status, cumulative gas and logs.
func (c *content) read(config Config, chainNumber uint64) (coffer.Block, error) {
	block := coffer.Block{Header: c.summary}
	signer := types.LatestSignerForChainID(new(big.Int).SetUint64(chainNumber))
	recoverSenders(signer, c.txs)
	gasBefore := uint64(0)
	for i, tx := range c.txs {
		receipt := c.receipts[i]
		sender, err := types.Sender(signer, tx)
		if err != nil {
			return coffer.Block{}, fmt.Errorf("sender of transaction %s: %w", tx.Hash(), err)
		}
		if receipt.CumulativeGasUsed < gasBefore {
			return coffer.Block{}, fmt.Errorf("%w: cumulative gas falls at transaction %s", ErrNotProven, tx.Hash())
		}
		gas := receipt.CumulativeGasUsed - gasBefore
		gasBefore = receipt.CumulativeGasUsed

		// Receipts from before Byzantium carry a state root instead of a status.
		success := receipt.Status == types.ReceiptStatusSuccessful && len(receipt.PostState) == 0
		outcome, err := c.txOutcome(tx, sender, gas, success, len(receipt.Logs))
		if err != nil {
			return coffer.Block{}, fmt.Errorf("transaction %s: %w", tx.Hash(), err)
		}
		block.Outcomes = append(block.Outcomes, outcome)
		if !success {
			continue
		}
		if native, ok, err := nativeTransfer(config.Native, tx, sender); err != nil {
			return coffer.Block{}, fmt.Errorf("transaction %s: %w", tx.Hash(), err)
		} else if ok && config.NativeTransfers != NativeUnseen {
			block.Transfers = append(block.Transfers, native)
		}
		if gas, ok, err := topLevelDeposit(config.EntryPoint, tx, sender); err != nil {
			return coffer.Block{}, fmt.Errorf("transaction %s: %w", tx.Hash(), err)
		} else if ok {
			block.GasDeposits = append(block.GasDeposits, gas)
		}
		for ordinal, log := range receipt.Logs {
			if transfer, ok := tokenTransfer(config.Chain, tx.Hash(), ordinal, log); ok {
				block.Transfers = append(block.Transfers, transfer)
			}
		}
		block.Outcomes = append(block.Outcomes, userOpOutcomes(config.EntryPoint, tx.Hash(), receipt.Logs)...)
		block.Outcomes = append(block.Outcomes, execOutcomes(config.Wallets, config.EntryPoint, tx.Hash(), receipt.Logs)...)
	}
	return block, nil
}

// txOutcome is how a transaction ended. Its fee is gas times the effective price
// (EIP-1559); what blobs and rollups charge besides is not in it.
func (c *content) txOutcome(tx *types.Transaction, sender common.Address, gas uint64, success bool, logs int) (coffer.Outcome, error) {
	price := new(big.Int).Set(tx.GasPrice())
	if c.header.BaseFee != nil {
		if p := new(big.Int).Add(tx.GasTipCap(), c.header.BaseFee); p.Cmp(tx.GasFeeCap()) < 0 {
			price = p
		} else {
			price.Set(tx.GasFeeCap())
		}
	}
	fee, err := amountFromBig(price.Mul(price, new(big.Int).SetUint64(gas)))
	if err != nil {
		return coffer.Outcome{}, fmt.Errorf("fee: %w", err)
	}
	outcome := coffer.Outcome{
		ID:      coffer.Hash(tx.Hash()),
		Tx:      coffer.Hash(tx.Hash()),
		Sender:  AddressOf(sender),
		Slot:    coffer.Slot{Kind: coffer.SlotNonce, Sequence: tx.Nonce()},
		Success: success,
		Fee:     fee,
		EndLog:  uint32(logs), // #nosec G115 -- at most maxLogs
	}
	if !success {
		outcome.Reason = "reverted"
	}
	return outcome, nil
}

// nativeTransfer is the transaction's own payment. A contract creation pays the contract it
// makes.
func nativeTransfer(native coffer.AssetID, tx *types.Transaction, sender common.Address) (coffer.Transfer, bool, error) {
	if tx.Value().Sign() <= 0 {
		return coffer.Transfer{}, false, nil
	}
	amount, err := amountFromBig(tx.Value())
	if err != nil {
		return coffer.Transfer{}, false, fmt.Errorf("value: %w", err)
	}
	var to common.Address
	if tx.To() != nil {
		to = *tx.To()
	} else {
		to = crypto.CreateAddress(sender, tx.Nonce())
	}
	return coffer.Transfer{
		Asset:  native,
		Tx:     coffer.Hash(tx.Hash()),
		Ref:    topLevelRef,
		From:   AddressOf(sender),
		To:     AddressOf(to),
		Amount: amount,
	}, true, nil
}

// tokenTransfer reads an ERC-20 Transfer: two indexed addresses and an amount. ERC-721 has
// its token id as a fourth topic and no data; anything else of that name is not a transfer.
func tokenTransfer(chain coffer.ChainID, tx common.Hash, ordinal int, log *types.Log) (coffer.Transfer, bool) {
	if len(log.Topics) != 3 || log.Topics[0] != transferTopic || len(log.Data) != 32 {
		return coffer.Transfer{}, false
	}
	from, ok := topicAddress(log.Topics[1])
	if !ok {
		return coffer.Transfer{}, false
	}
	to, ok := topicAddress(log.Topics[2])
	if !ok {
		return coffer.Transfer{}, false
	}
	amount, err := coffer.AmountFromBytes(log.Data)
	if err != nil {
		return coffer.Transfer{}, false // cannot be: 32 bytes
	}
	return coffer.Transfer{
		Asset:  TokenAsset(chain, log.Address),
		Tx:     coffer.Hash(tx),
		Ref:    "log:" + strconv.Itoa(ordinal),
		From:   AddressOf(from),
		To:     AddressOf(to),
		Amount: amount,
	}, true
}

// topicAddress reads an indexed address; its upper 12 bytes are zero in every contract that
// a compiler made.
func topicAddress(topic common.Hash) (common.Address, bool) {
	for _, b := range topic[:12] {
		if b != 0 {
			return common.Address{}, false
		}
	}
	return common.BytesToAddress(topic[12:]), true
}
