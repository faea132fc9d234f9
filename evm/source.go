package evm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
)

const (
	// receiptBatch is how many receipts are asked for at once from a node that cannot give
	// those of a whole block.
	receiptBatch = 100
	maxTime      = 1 << 40 // of a block, in Unix seconds: some 35,000 years
)

// Source reads the chain. It implements coffer.Source.
type Source struct {
	client  *Client
	config  Config
	tracing atomic.Int32 // which of tracings worked last
}

var _ coffer.Source = (*Source)(nil)

// NewSource returns the reading half of a chain.
func NewSource(client *Client, config Config) *Source {
	return &Source{client: client, config: config.withDefaults()}
}

// ID implements coffer.Source.
func (s *Source) ID() coffer.ChainID { return s.config.Chain }

// NativeTransfers says which native transfers the blocks tell about.
func (s *Source) NativeTransfers() NativeTransfers { return s.config.NativeTransfers }

// ParseAddress implements coffer.Source; see the function of the same name.
func (s *Source) ParseAddress(text string) (coffer.Address, error) { return ParseAddress(text) }

// Head implements coffer.Source. Final is what the node calls finalized, zero while it has
// none.
func (s *Source) Head(ctx context.Context) (coffer.Head, error) {
	// The final block first: it can only grow until the latest is asked for.
	final, err := s.headerByTag(ctx, "finalized")
	if err != nil && !errors.Is(err, coffer.ErrNotFound) {
		return coffer.Head{}, err
	}
	latest, err := s.headerByTag(ctx, "latest")
	if err != nil {
		return coffer.Head{}, err
	}
	if final.Height > latest.Height {
		return coffer.Head{}, fmt.Errorf("%s: the node's final block %d is above its latest, %d", s.config.Chain, final.Height, latest.Height)
	}
	return coffer.Head{Latest: latest.BlockRef, Final: final.BlockRef}, nil
}

// Header implements coffer.Source.
func (s *Source) Header(ctx context.Context, height uint64) (coffer.Header, error) {
	header, err := s.headerByTag(ctx, hexutil.EncodeUint64(height))
	if err != nil {
		return coffer.Header{}, err
	}
	if header.Height != height {
		return coffer.Header{}, fmt.Errorf("%s: the node gave block %d instead of %d", s.config.Chain, header.Height, height)
	}
	return header, nil
}

func (s *Source) headerByTag(ctx context.Context, tag string) (coffer.Header, error) {
	raw, err := s.get(ctx, "eth_getBlockByNumber", tag, false)
	if err != nil {
		return coffer.Header{}, fmt.Errorf("%s block %s: %w", s.config.Chain, tag, err)
	}
	_, header, err := decodeHeader(raw)
	if err != nil {
		return coffer.Header{}, fmt.Errorf("%s block %s: %w", s.config.Chain, tag, err)
	}
	return header, nil
}

// Block implements coffer.Source. What it returns is proven by the hash, but for the
// node's word that the block is part of the chain, and for what contracts paid in native
// coins (transfers "trace:1" and up), which no header commits to: see Witness.
func (s *Source) Block(ctx context.Context, hash coffer.Hash) (coffer.Block, error) {
	raw, err := s.get(ctx, "eth_getBlockByHash", hash.String(), true)
	if err != nil {
		return coffer.Block{}, fmt.Errorf("%s block %s: %w", s.config.Chain, hash, err)
	}
	content, err := decodeBlock(raw, hash)
	if err != nil {
		return coffer.Block{}, fmt.Errorf("%s block %s: %w", s.config.Chain, hash, err)
	}
	rawReceipts := json.RawMessage("[]")
	if len(content.txs) > 0 {
		if rawReceipts, err = s.receipts(ctx, hash, content.txs); err != nil {
			return coffer.Block{}, fmt.Errorf("%s receipts of block %s: %w", s.config.Chain, hash, err)
		}
	}
	if err := content.addReceipts(rawReceipts); err != nil {
		return coffer.Block{}, fmt.Errorf("%s receipts of block %s: %w", s.config.Chain, hash, err)
	}
	block, err := content.read(s.config, s.client.number)
	if err != nil {
		return coffer.Block{}, fmt.Errorf("%s block %s: %w", s.config.Chain, hash, err)
	}
	if s.config.NativeTransfers == NativeTraced {
		if err := s.addTraces(ctx, content, &block); err != nil {
			return coffer.Block{}, fmt.Errorf("%s traces of block %s: %w", s.config.Chain, hash, err)
		}
	}
	if block.Raw, err = json.Marshal(rawBlock{Block: raw, Receipts: rawReceipts}); err != nil {
		return coffer.Block{}, fmt.Errorf("%s block %s: keep as given: %w", s.config.Chain, hash, err)
	}
	return block, nil
}

// rawBlock is what the archive keeps: the node's two answers.
type rawBlock struct {
	Block    json.RawMessage `json:"block"`
	Receipts json.RawMessage `json:"receipts"`
}

// receipts asks for the receipts of a block by its hash, or one by one where the node
// cannot; then they may be of another block, which their root tells.
func (s *Source) receipts(ctx context.Context, hash coffer.Hash, txs types.Transactions) (json.RawMessage, error) {
	raw, err := s.get(ctx, "eth_getBlockReceipts", hash.String())
	if Classify(err) == UnknownMethod {
		return s.receiptsOneByOne(ctx, txs)
	}
	return raw, err
}

func (s *Source) receiptsOneByOne(ctx context.Context, txs types.Transactions) (json.RawMessage, error) {
	all := make([]json.RawMessage, len(txs))
	for first := 0; first < len(txs); first += receiptBatch {
		batch := make([]rpc.BatchElem, min(receiptBatch, len(txs)-first))
		for i := range batch {
			batch[i] = rpc.BatchElem{
				Method: "eth_getTransactionReceipt",
				Args:   []any{txs[first+i].Hash()},
				Result: &all[first+i],
			}
		}
		if err := s.client.rpc.BatchCallContext(ctx, batch); err != nil {
			return nil, err
		}
		for i, element := range batch {
			if element.Error != nil {
				return nil, fmt.Errorf("transaction %s: %w", txs[first+i].Hash(), element.Error)
			}
			if isNull(all[first+i]) {
				return nil, fmt.Errorf("transaction %s: %w", txs[first+i].Hash(), coffer.ErrNotFound)
			}
		}
	}
	return json.Marshal(all)
}

// get calls a method that answers null for what the node does not have.
func (s *Source) get(ctx context.Context, method string, args ...any) (json.RawMessage, error) {
	var raw json.RawMessage
	if err := s.client.rpc.CallContext(ctx, &raw, method, args...); err != nil {
		return nil, notFound(err)
	}
	if isNull(raw) {
		return nil, coffer.ErrNotFound
	}
	return raw, nil
}

// decodeHeader reads a block's header and checks that it hashes to the hash the node gives.
func decodeHeader(raw json.RawMessage) (*types.Header, coffer.Header, error) {
	var header types.Header
	if err := json.Unmarshal(raw, &header); err != nil {
		return nil, coffer.Header{}, fmt.Errorf("header: %w", err)
	}
	var claimed struct {
		Hash *common.Hash `json:"hash"`
	}
	if err := json.Unmarshal(raw, &claimed); err != nil {
		return nil, coffer.Header{}, fmt.Errorf("header: %w", err)
	}
	if err := header.SanityCheck(); err != nil {
		return nil, coffer.Header{}, fmt.Errorf("header: %w", err)
	}
	if header.Time > maxTime {
		return nil, coffer.Header{}, fmt.Errorf("header: time %d is beyond any calendar", header.Time)
	}
	computed := header.Hash()
	if claimed.Hash == nil || *claimed.Hash != computed {
		return nil, coffer.Header{}, fmt.Errorf("%w: the header hashes to %s", ErrNotProven, computed)
	}
	return &header, coffer.Header{
		BlockRef: coffer.BlockRef{Height: header.Number.Uint64(), Hash: coffer.Hash(computed)},
		Parent:   coffer.Hash(header.ParentHash),
		Time:     time.Unix(int64(header.Time), 0).UTC(), // #nosec G115 -- at most maxTime
	}, nil
}
