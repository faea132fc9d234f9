package tron

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

const (
	addressBytes = 20
	topicBytes   = 32
	maxTopics    = 4
	maxInternal  = 1 << 16 // of one transaction
)

// transferTopic is topic 0 of TRC-20's (and TRC-721's) Transfer.
var transferTopic = [32]byte(crypto.Keccak256Hash([]byte("Transfer(address,address,uint256)")))

// reading is what a block did, as one node says it.
type reading struct {
	Transfers []coffer.Transfer
	Outcomes  []coffer.Outcome
	raw       []byte
}

// sum is equal where two nodes say the same. How they write it may differ, and so may their own
// words about a failure, which versions of a node word differently.
func (r reading) sum() (coffer.Hash, error) {
	r.Outcomes = slices.Clone(r.Outcomes)
	for n := range r.Outcomes {
		result, _, _ := strings.Cut(r.Outcomes[n].Reason, " ")
		r.Outcomes[n].Reason = strings.TrimSuffix(result, ":")
	}
	text, err := json.Marshal(r)
	return sha256.Sum256(text), err
}

// read takes in what a node says became of the block's transactions. No header commits to it:
// it must be of this block and complete, agree with what is proven, and where several nodes are
// to agree they compare what comes out of it.
func (c *content) read(config Config, raw []byte) (reading, error) {
	var list tronpb.TransactionInfoList
	if err := decode(raw, &list); err != nil {
		return reading{}, err
	}
	infos := list.GetTransactionInfo()
	if len(infos) != len(c.txs) {
		return reading{}, fmt.Errorf("%w: what became of %d transactions, of %d", ErrNotProven, len(infos), len(c.txs))
	}
	of := make(map[coffer.Hash]*tronpb.TransactionInfo, len(infos))
	for _, info := range infos {
		id := coffer.Hash(sized(info.GetId()))
		if of[id] != nil {
			return reading{}, fmt.Errorf("%w: it says twice what became of transaction %s", ErrNotProven, id)
		}
		if info.GetBlockNumber() != int64(c.Height) || info.GetBlockTimeStamp() != c.timestamp { // #nosec G115 -- at most maxHeight
			return reading{}, fmt.Errorf("%w: transaction %s is of block %d of time %d, not %d of %d",
				ErrNotProven, id, info.GetBlockNumber(), info.GetBlockTimeStamp(), c.Height, c.timestamp)
		}
		of[id] = info
	}
	said := reading{raw: raw}
	logs := 0
	for _, tx := range c.txs {
		info := of[tx.id]
		if info == nil {
			return reading{}, fmt.Errorf("%w: nothing on what became of transaction %s", ErrNotProven, tx.id)
		}
		if logs += len(info.GetLog()); logs > maxLogs {
			return reading{}, fmt.Errorf("%w: more than %d logs", ErrNotProven, maxLogs)
		}
		if err := said.add(config, tx, info); err != nil {
			return reading{}, notProven(fmt.Errorf("transaction %s: %w", tx.id, err))
		}
	}
	return said, nil
}

// add takes in one transaction. It moved something only when the block and the node say that
// it succeeded.
func (r *reading) add(config Config, tx *provenTx, info *tronpb.TransactionInfo) error {
	receipt, err := receiptOf(info)
	if err != nil {
		return err
	}
	// Of transactions that run no contract the receipt has no result.
	if result := info.GetReceipt().GetResult(); result != tronpb.Transaction_Result_DEFAULT && result != tx.result {
		return fmt.Errorf("the block says %s, the receipt %s", tx.result, result)
	}
	if tx.success && !receipt.Success {
		return fmt.Errorf("the block says %s, the node that it failed", tx.result)
	}
	success := tx.success && receipt.Success
	if tx.hasOwner {
		outcome := coffer.Outcome{
			ID: tx.id, Tx: tx.id, Sender: AddressOf(tx.owner), Slot: tx.slot(), Success: success, Fee: coffer.NewAmount(receipt.Fee),
			Cost: receipt.Cost,
		}
		if success {
			outcome.EndLog = uint32(len(info.GetLog())) // #nosec G115 -- at most maxLogs
		} else {
			outcome.Reason = failure(tx, receipt)
		}
		r.Outcomes = append(r.Outcomes, outcome)
	}
	if !success {
		return nil
	}
	first := len(r.Transfers)
	defer func() {
		for i := range r.Transfers[first:] {
			r.Transfers[first+i].Memo = tx.memo // the block's hash proves it
		}
	}()
	if tx.hasOwner {
		own, ok, err := tx.ownPayment(config.Chain)
		if err != nil {
			return err
		}
		if ok {
			r.Transfers = append(r.Transfers, own)
		}
	}
	for ordinal, log := range info.GetLog() {
		transfer, ok, err := tokenTransfer(config.Chain, tx.id, ordinal, log)
		if err != nil {
			return fmt.Errorf("log %d: %w", ordinal, err)
		}
		if ok {
			r.Transfers = append(r.Transfers, transfer)
		}
	}
	if !config.InternalTransfers {
		return nil
	}
	return r.addInternal(config.Chain, tx.id, info.GetInternalTransactions())
}

// failure says how a transaction failed, and what it cost in energy. What a contract said of it
// never reads as coffer.ReasonOutOfEnergy.
func failure(tx *provenTx, receipt Receipt) string {
	text := tx.result.String()
	if said := strings.ReplaceAll(receipt.Reason, coffer.ReasonOutOfEnergy, "out of energy"); said != "" && said != text {
		text += ": " + said
	}
	return text + " (energy " + strconv.FormatUint(receipt.Energy, 10) + ")"
}

// tokenTransfer reads a TRC-20 Transfer, whoever called the contract: two indexed addresses and
// an amount. TRC-721 has its token id as a fourth topic and no data; anything else of that name
// is not a transfer. Addresses in logs are 20 bytes, without 0x41.
func tokenTransfer(chain coffer.ChainID, tx coffer.Hash, ordinal int, log *tronpb.TransactionInfo_Log) (coffer.Transfer, bool, error) {
	if len(log.GetAddress()) != addressBytes || len(log.GetTopics()) > maxTopics {
		return coffer.Transfer{}, false, fmt.Errorf("an address of %d bytes and %d topics", len(log.GetAddress()), len(log.GetTopics()))
	}
	for _, topic := range log.GetTopics() {
		if len(topic) != topicBytes {
			return coffer.Transfer{}, false, fmt.Errorf("a topic of %d bytes", len(topic))
		}
	}
	topics := log.GetTopics()
	if len(topics) != 3 || [32]byte(topics[0]) != transferTopic || len(log.GetData()) != 32 {
		return coffer.Transfer{}, false, nil
	}
	from, okFrom := topicAddress(topics[1])
	to, okTo := topicAddress(topics[2])
	amount, err := coffer.AmountFromBytes(log.GetData())
	if !okFrom || !okTo || err != nil {
		return coffer.Transfer{}, false, nil //nolint:nilerr // 32 bytes are an amount; what has other addresses is no transfer
	}
	return coffer.Transfer{
		Asset: TokenAsset(chain, Address(log.GetAddress())), Tx: tx, Ref: "log:" + strconv.Itoa(ordinal),
		From: AddressOf(from), To: AddressOf(to), Amount: amount,
	}, true, nil
}

// topicAddress reads an indexed address; its upper 12 bytes are zero in every contract that a
// compiler made.
func topicAddress(topic []byte) (Address, bool) {
	for _, b := range topic[:topicBytes-addressBytes] {
		if b != 0 {
			return Address{}, false
		}
	}
	return Address(topic[topicBytes-addressBytes:]), true
}

// paysTRX tells what contracts pay from what they do with stake: nodes that keep that too
// (vm.saveFeaturedInternalTx) give the stake that is frozen, lent or taken back as its value, and to
// whom it is lent as its receiver.
func paysTRX(note []byte) bool {
	switch string(note) {
	case "call", "create", "suicide":
		return true
	}
	return false
}

// addInternal takes in what contracts paid in TRX. TRC-10 tokens that they pay are left out.
func (r *reading) addInternal(chain coffer.ChainID, tx coffer.Hash, list []*tronpb.InternalTransaction) error {
	if len(list) > maxInternal {
		return fmt.Errorf("more than %d internal transactions", maxInternal)
	}
	for i, internal := range list {
		amount := int64(0)
		for _, value := range internal.GetCallValueInfo() {
			switch {
			case value.GetCallValue() < 0:
				return fmt.Errorf("internal transaction %d: a value of %d", i, value.GetCallValue())
			case value.GetTokenId() != "" || value.GetCallValue() == 0:
			case amount != 0:
				return fmt.Errorf("internal transaction %d pays TRX twice", i)
			default:
				amount = value.GetCallValue()
			}
		}
		if internal.GetRejected() || amount == 0 || !paysTRX(internal.GetNote()) {
			continue
		}
		from, err := AddressFromBytes(internal.GetCallerAddress())
		if err != nil {
			return fmt.Errorf("internal transaction %d: %w", i, err)
		}
		to, err := AddressFromBytes(internal.GetTransferToAddress())
		if err != nil {
			return fmt.Errorf("internal transaction %d: %w", i, err)
		}
		r.Transfers = append(r.Transfers, coffer.Transfer{
			Asset: Native(chain), Tx: tx, Ref: "internal:" + strconv.Itoa(i), From: AddressOf(from), To: AddressOf(to), Amount: coffer.NewAmount(uint64(amount)),
		})
	}
	return nil
}
