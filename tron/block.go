package tron

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Bounds of a block.
const (
	maxTransactions = 1 << 16
	maxLogs         = 1 << 20
	maxTxBytes      = 512 << 10 // the chain takes 500 KiB
	maxTokenDigits  = 19        // of a TRC-10 token's id
	maxMemoBytes    = 256       // memos that name accounts are shorter
)

// assetTRC10 is the CAIP-19 namespace of tokens that are part of the chain, by number. They
// have nothing to do with contracts: one that calls itself USDT is reported as trc10.
const assetTRC10 = "trc10"

// provenTx is a transaction with what the block's root commits to: its bytes, and how it ended.
type provenTx struct {
	id        coffer.Hash
	kind      tronpb.Transaction_Contract_ContractType
	parameter []byte // of the one contract
	owner     Address
	hasOwner  bool // of kinds that are read
	timestamp int64
	result    tronpb.Transaction_ResultContractResult
	success   bool
	memo      string
}

// content is a block on its way to being believed: the root in the header proves the
// transactions and how each of them ended; what they did else is for infos to say.
type content struct {
	provenHeader
	raw []byte
	txs []*provenTx
}

// readBlock reads a block (protocol.Block) and checks all that it proves by itself.
func readBlock(raw []byte, want coffer.Hash) (*content, error) {
	if err := scan(raw, (&tronpb.Block{}).ProtoReflect().Descriptor()); err != nil {
		return nil, notProven(err)
	}
	header, err := readHeader(raw)
	if err != nil {
		return nil, err
	}
	if header.Hash != want {
		return nil, fmt.Errorf("%w: the node gave block %s", ErrNotProven, header.Hash)
	}
	list, err := all(raw, fieldBlockTransactions)
	if err != nil {
		return nil, notProven(err)
	}
	if len(list) > maxTransactions {
		return nil, fmt.Errorf("%d transactions; at most %d are read", len(list), maxTransactions)
	}
	if err := checkRoot(header.root, list); err != nil {
		return nil, err
	}
	c := &content{provenHeader: header, raw: raw, txs: make([]*provenTx, len(list))}
	seen := make(map[coffer.Hash]bool, len(list))
	for i, rawTx := range list {
		if c.txs[i], err = readTx(rawTx); err != nil {
			return nil, notProven(fmt.Errorf("transaction %d: %w", i, err))
		}
		if seen[c.txs[i].id] {
			return nil, fmt.Errorf("%w: transaction %s stands twice", ErrNotProven, c.txs[i].id)
		}
		seen[c.txs[i].id] = true
	}
	return c, nil
}

// checkRoot compares the transactions with what the header commits to.
func checkRoot(want []byte, list [][]byte) error {
	root := merkleRoot(list)
	if len(want) == 0 && len(list) == 0 {
		return nil
	}
	if coffer.Hash(sized(want)) != root {
		return fmt.Errorf("%w: the transactions have root %s, the header says %x", ErrNotProven, root, want[:min(len(want), 32)])
	}
	return nil
}

// merkleRoot is that of java-tron: leaves are the SHA-256 of whole transactions, with their
// signatures and results; what has no neighbour goes up as it is; of nothing it is zero.
func merkleRoot(list [][]byte) coffer.Hash {
	if len(list) == 0 {
		return coffer.Hash{}
	}
	level := make([]coffer.Hash, len(list))
	for i, leaf := range list {
		level[i] = sha256.Sum256(leaf)
	}
	for len(level) > 1 {
		above := level[:0]
		for i := 0; i < len(level); i += 2 {
			if i+1 == len(level) {
				above = append(above, level[i])
				continue
			}
			above = append(above, sha256.Sum256(append(level[i][:], level[i+1][:]...)))
		}
		level = above
	}
	return level[0]
}

// readTx reads a transaction whose bytes are proven. Its id is the SHA-256 of raw_data.
func readTx(raw []byte) (*provenTx, error) {
	if len(raw) > maxTxBytes {
		return nil, fmt.Errorf("%d bytes; at most %d are read", len(raw), maxTxBytes)
	}
	rawData, err := one(raw, fieldTransactionRaw)
	if err != nil {
		return nil, err
	}
	var tx tronpb.Transaction
	if err := proto.Unmarshal(raw, &tx); err != nil {
		return nil, err
	}
	read := &provenTx{id: sha256.Sum256(rawData), timestamp: tx.GetRawData().GetTimestamp(), memo: memoIn(tx.GetRawData().GetData())}
	if contracts, rets := tx.GetRawData().GetContract(), tx.GetRet(); len(contracts) == 1 && len(rets) == 1 {
		read.kind, read.parameter = contracts[0].GetType(), contracts[0].GetParameter().GetValue()
		read.result = rets[0].GetContractRet()
		read.success = rets[0].GetRet() != tronpb.Transaction_Result_FAILED && read.result == tronpb.Transaction_Result_SUCCESS
	}
	return read, read.readOwner()
}

// memoIn is what senders write to who receives, in raw_data.data, as they wrote it: text of at most
// maxMemoBytes. What is longer, no text, or text that moves a terminal names nobody and is no memo.
func memoIn(data []byte) string {
	if len(data) > maxMemoBytes || !utf8.Valid(data) || bytes.ContainsFunc(data, unicode.IsControl) {
		return ""
	}
	return string(data)
}

// owned is a contract whose owner, who pays its fees, is read.
type owned interface {
	proto.Message
	GetOwnerAddress() []byte
}

// kinds are the contracts that are read: those with which wallets move money, resources or
// rights. Of other transactions nothing is reported.
var kinds = map[tronpb.Transaction_Contract_ContractType]func() owned{
	tronpb.Transaction_Contract_TransferContract:                func() owned { return new(tronpb.TransferContract) },
	tronpb.Transaction_Contract_TransferAssetContract:           func() owned { return new(tronpb.TransferAssetContract) },
	tronpb.Transaction_Contract_TriggerSmartContract:            func() owned { return new(tronpb.TriggerSmartContract) },
	tronpb.Transaction_Contract_CreateSmartContract:             func() owned { return new(tronpb.CreateSmartContract) },
	tronpb.Transaction_Contract_AccountCreateContract:           func() owned { return new(tronpb.AccountCreateContract) },
	tronpb.Transaction_Contract_AccountPermissionUpdateContract: func() owned { return new(tronpb.AccountPermissionUpdateContract) },
	tronpb.Transaction_Contract_FreezeBalanceV2Contract:         func() owned { return new(tronpb.FreezeBalanceV2Contract) },
	tronpb.Transaction_Contract_UnfreezeBalanceV2Contract:       func() owned { return new(tronpb.UnfreezeBalanceV2Contract) },
	tronpb.Transaction_Contract_WithdrawExpireUnfreezeContract:  func() owned { return new(tronpb.WithdrawExpireUnfreezeContract) },
	tronpb.Transaction_Contract_CancelAllUnfreezeV2Contract:     func() owned { return new(tronpb.CancelAllUnfreezeV2Contract) },
	tronpb.Transaction_Contract_DelegateResourceContract:        func() owned { return new(tronpb.DelegateResourceContract) },
	tronpb.Transaction_Contract_UnDelegateResourceContract:      func() owned { return new(tronpb.UnDelegateResourceContract) },
	tronpb.Transaction_Contract_WithdrawBalanceContract:         func() owned { return new(tronpb.WithdrawBalanceContract) },
	tronpb.Transaction_Contract_VoteWitnessContract:             func() owned { return new(tronpb.VoteWitnessContract) },
}

func (t *provenTx) readOwner() error {
	contract, read := kinds[t.kind]
	if !read || t.parameter == nil {
		return nil
	}
	message := contract()
	if err := proto.Unmarshal(t.parameter, message); err != nil {
		return fmt.Errorf("%s: %w", t.kind, err)
	}
	owner, err := AddressFromBytes(message.GetOwnerAddress())
	if err != nil {
		return fmt.Errorf("owner of %s: %w", t.kind, err)
	}
	t.owner, t.hasOwner = owner, true
	return nil
}

// ownPayment is what the transaction itself pays: TRX, also to a contract that it calls, or a
// TRC-10 token. It is proven by the block's hash.
func (t *provenTx) ownPayment(chain coffer.ChainID) (coffer.Transfer, bool, error) {
	var to []byte
	var amount int64
	asset := Native(chain)
	switch t.kind {
	case tronpb.Transaction_Contract_TransferContract:
		var pay tronpb.TransferContract
		if err := proto.Unmarshal(t.parameter, &pay); err != nil {
			return coffer.Transfer{}, false, err
		}
		to, amount = pay.GetToAddress(), pay.GetAmount()
	case tronpb.Transaction_Contract_TriggerSmartContract:
		var call tronpb.TriggerSmartContract
		if err := proto.Unmarshal(t.parameter, &call); err != nil {
			return coffer.Transfer{}, false, err
		}
		to, amount = call.GetContractAddress(), call.GetCallValue()
	case tronpb.Transaction_Contract_TransferAssetContract:
		var pay tronpb.TransferAssetContract
		if err := proto.Unmarshal(t.parameter, &pay); err != nil {
			return coffer.Transfer{}, false, err
		}
		if !isTokenID(pay.GetAssetName()) {
			return coffer.Transfer{}, false, nil // before tokens had numbers
		}
		asset = coffer.NewAssetID(chain, assetTRC10, string(pay.GetAssetName()))
		to, amount = pay.GetToAddress(), pay.GetAmount()
	default:
		return coffer.Transfer{}, false, nil
	}
	if amount < 0 {
		return coffer.Transfer{}, false, fmt.Errorf("an amount of %d", amount)
	}
	if amount == 0 {
		return coffer.Transfer{}, false, nil
	}
	recipient, err := AddressFromBytes(to)
	if err != nil {
		return coffer.Transfer{}, false, fmt.Errorf("recipient: %w", err)
	}
	return coffer.Transfer{
		Asset: asset, Tx: t.id, Ref: "contract:0", From: AddressOf(t.owner), To: AddressOf(recipient), Amount: coffer.NewAmount(uint64(amount)),
	}, true, nil
}

func isTokenID(name []byte) bool {
	if len(name) == 0 || len(name) > maxTokenDigits || name[0] == '0' {
		return false
	}
	for _, b := range name {
		if b < '0' || b > '9' {
			return false
		}
	}
	return true
}

// slot is what its sender took: the transaction's own time.
func (t *provenTx) slot() coffer.Slot {
	if t.timestamp < 0 || t.timestamp >= maxTimestamp {
		return coffer.Slot{Kind: coffer.SlotTimestamp, Lane: "0x0"} // a stranger's: ours have one
	}
	return slotOf(t.timestamp)
}
