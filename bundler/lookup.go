package bundler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler/bundlersql"
)

// Found is an operation as eth_getUserOperationByHash tells it (ERC-7769). Transaction and
// block are nil while it is in none.
type Found struct {
	UserOperation   json.RawMessage `json:"userOperation"`
	EntryPoint      common.Address  `json:"entryPoint"`
	TransactionHash *coffer.Hash    `json:"transactionHash"`
	BlockHash       *coffer.Hash    `json:"blockHash"`
	BlockNumber     *hexutil.Uint64 `json:"blockNumber"`

	State  string `json:"-"` // of the package comment
	Reason string `json:"-"` // why it was replaced or dropped
}

// Receipt is what became of an operation, as eth_getUserOperationReceipt tells it
// (ERC-7769). It may be taken back by a reorganisation until Final. Logs are those of the
// operation alone, Receipt is the whole transaction's.
type Receipt struct {
	UserOpHash    coffer.Hash       `json:"userOpHash"`
	EntryPoint    common.Address    `json:"entryPoint"`
	Sender        common.Address    `json:"sender"`
	Nonce         *hexutil.Big      `json:"nonce"`
	Paymaster     *common.Address   `json:"paymaster,omitempty"`
	ActualGasCost *hexutil.Big      `json:"actualGasCost"` // wei
	ActualGasUsed *hexutil.Big      `json:"actualGasUsed"`
	Success       bool              `json:"success"`
	Reason        hexutil.Bytes     `json:"reason,omitempty"` // what the account's call reverted with
	Logs          []json.RawMessage `json:"logs"`
	Receipt       json.RawMessage   `json:"receipt"`

	Block coffer.BlockRef `json:"-"`
	Final bool            `json:"-"`
}

// String is for logs.
func (f *Found) String() string {
	if f == nil {
		return "unknown"
	}
	return strings.TrimSuffix(f.State+", "+f.Reason, ", ")
}

// UserOperationByHash returns an operation that was once accepted, or nil.
func (b *Bundler) UserOperationByHash(ctx context.Context, hash coffer.Hash) (*Found, error) {
	row, err := b.held(ctx, hash)
	if row == nil || err != nil {
		return nil, err
	}
	found := &Found{UserOperation: row.Operation, EntryPoint: b.entryPoint, State: row.State, Reason: row.Reason}
	r, err := b.sql.Receipt(ctx, hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	height := hexutil.Uint64(r.BlockHeight) // #nosec G115 -- not negative in the table
	found.TransactionHash, found.BlockHash, found.BlockNumber = &r.TxHash, &r.BlockHash, &height
	return found, nil
}

// UserOperationReceipt returns the receipt of an operation in a canonical block, as of the
// last Step, or nil.
func (b *Bundler) UserOperationReceipt(ctx context.Context, hash coffer.Hash) (*Receipt, error) {
	row, err := b.held(ctx, hash)
	if row == nil || err != nil {
		return nil, err
	}
	r, err := b.sql.Receipt(ctx, hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	op, err := unpackOperation(row.Operation)
	if err != nil {
		return nil, fmt.Errorf("stored user operation %s: %w", hash, err)
	}
	receipt := &Receipt{
		UserOpHash: hash, EntryPoint: b.entryPoint, Sender: op.Sender, Nonce: (*hexutil.Big)(op.Nonce),
		ActualGasCost: (*hexutil.Big)(wei(r.ActualGasCost)), ActualGasUsed: (*hexutil.Big)(wei(r.ActualGasUsed)),
		Success: r.Success, Reason: r.RevertReason, Receipt: r.Receipt,
		Block: coffer.BlockRef{Height: uint64(r.BlockHeight), Hash: r.BlockHash}, // #nosec G115 -- not negative in the table
		Final: row.State == stateFinal,
	}
	if len(op.PaymasterAndData) >= paymasterDataOffset {
		paymaster := common.Address(op.PaymasterAndData[:common.AddressLength])
		receipt.Paymaster = &paymaster
	}
	receipt.Logs, err = logsOf(r)
	return receipt, err
}

// logsOf cuts the operation's logs out of the transaction's receipt.
func logsOf(r bundlersql.ReceiptRow) ([]json.RawMessage, error) {
	var whole struct {
		Logs []json.RawMessage `json:"logs"`
	}
	if err := json.Unmarshal(r.Receipt, &whole); err != nil {
		return nil, fmt.Errorf("stored receipt of %s: %w", r.TxHash, err)
	}
	if int(r.EndLog) > len(whole.Logs) || r.FirstLog > r.EndLog {
		return nil, fmt.Errorf("stored receipt of %s: has %d logs, not %d", r.TxHash, len(whole.Logs), r.EndLog)
	}
	return whole.Logs[r.FirstLog:r.EndLog], nil
}

// held is an operation of this chain and EntryPoint that was once accepted, or nil.
func (b *Bundler) held(ctx context.Context, hash coffer.Hash) (*bundlersql.BundlerOperation, error) {
	row, err := b.sql.Operation(ctx, hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil || row.Chain != b.chain || row.EntryPoint != b.entryPoint.Hex() {
		return nil, err
	}
	return &row, nil
}
