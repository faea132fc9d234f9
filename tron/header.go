package tron

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Bounds of a header.
const (
	maxHeight     = 1<<62 - 1
	maxTime       = 1 << 47 // milliseconds: some 4,400 years
	maxHeaderSize = 4 << 10
)

// Fields of the messages whose bytes are hashed (protocol.Block, BlockExtention, BlockHeader and
// Transaction).
const (
	fieldBlockTransactions = protowire.Number(1)
	fieldBlockHeader       = protowire.Number(2)
	fieldHeaderRaw         = protowire.Number(1)
	fieldTransactionRaw    = protowire.Number(1)
)

// provenHeader is a header with what else it commits to.
type provenHeader struct {
	coffer.Header
	root      []byte // of the transactions
	timestamp int64  // in milliseconds
}

// readHeader reads the header of a block (protocol.Block or BlockExtention), whose id is its
// height, 8 bytes, and the last 24 of the SHA-256 of the header's raw bytes. That it is a block
// of the chain is the node's word: nothing but a witness's signature makes a header dear.
func readHeader(block []byte) (provenHeader, error) {
	outer, err := one(block, fieldBlockHeader)
	if err != nil {
		return provenHeader{}, notProven(fmt.Errorf("block: %w", err))
	}
	raw, err := one(outer, fieldHeaderRaw)
	if err != nil {
		return provenHeader{}, notProven(fmt.Errorf("header: %w", err))
	}
	if len(raw) > maxHeaderSize {
		return provenHeader{}, notProven(fmt.Errorf("a header of %d bytes", len(raw)))
	}
	var header tronpb.BlockHeaderRaw
	if err := proto.Unmarshal(raw, &header); err != nil {
		return provenHeader{}, notProven(fmt.Errorf("header: %w", err))
	}
	number, parent := header.GetNumber(), header.GetParentHash()
	if number < 0 || number > maxHeight || header.GetTimestamp() < 0 || header.GetTimestamp() > maxTime {
		return provenHeader{}, notProven(fmt.Errorf("header: number %d, time %d", number, header.GetTimestamp()))
	}
	if len(parent) != len(coffer.Hash{}) {
		return provenHeader{}, notProven(fmt.Errorf("header: a parent of %d bytes", len(parent)))
	}
	height := uint64(number)
	if height > 0 && heightOf(coffer.Hash(parent)) != height-1 {
		return provenHeader{}, notProven(fmt.Errorf("header %d: its parent is block %d", height, heightOf(coffer.Hash(parent))))
	}
	return provenHeader{
		Header: coffer.Header{
			BlockRef: coffer.BlockRef{Height: height, Hash: blockID(height, raw)},
			Parent:   coffer.Hash(parent),
			Time:     time.UnixMilli(header.GetTimestamp()).UTC(),
		},
		root:      header.GetTxTrieRoot(),
		timestamp: header.GetTimestamp(),
	}, nil
}

func blockID(height uint64, rawHeader []byte) coffer.Hash {
	id := coffer.Hash(sha256.Sum256(rawHeader))
	binary.BigEndian.PutUint64(id[:8], height)
	return id
}

// heightOf returns the height that a block's id begins with.
func heightOf(id coffer.Hash) uint64 { return binary.BigEndian.Uint64(id[:8]) }

// header asks for one header by height, in decimal digits, or for the head's when there are
// none. It is coffer.ErrNotFound when the server has none; an empty message says so too.
func (e *endpoint) header(ctx context.Context, method, height string) (provenHeader, error) {
	request, err := proto.Marshal(&tronpb.BlockReq{IdOrNum: height})
	if err != nil {
		return provenHeader{}, fmt.Errorf("%s: %w", method, err)
	}
	raw, _, err := e.call(ctx, method, request)
	if err != nil {
		return provenHeader{}, err
	}
	if len(raw) == 0 {
		return provenHeader{}, coffer.ErrNotFound
	}
	header, err := readHeader(raw)
	if err != nil {
		return provenHeader{}, err
	}
	if claimed, err := all(raw, fieldExtentionID); err != nil || (len(claimed) == 1 && coffer.Hash(sized(claimed[0])) != header.Hash) {
		return provenHeader{}, fmt.Errorf("%w: the header hashes to %s, the node says %x", ErrNotProven, header.Hash, claimed)
	}
	if height != "" && strconv.FormatUint(header.Height, 10) != height {
		return provenHeader{}, fmt.Errorf("%w: the node gave block %d instead of %s", ErrNotProven, header.Height, height)
	}
	return header, nil
}

// fieldExtentionID is where a BlockExtention has its id.
const fieldExtentionID = protowire.Number(3)

// sized is a hash of as many bytes as hashes have, and no hash at all of any other.
func sized(b []byte) (h [32]byte) {
	if len(b) == len(h) {
		copy(h[:], b)
	}
	return h
}

// headerAt asks for the canonical header at a height. Nodes end the call about a height that
// they do not have in several ways, one of which is that of a broken server: their head tells.
func (e *endpoint) headerAt(ctx context.Context, height uint64) (provenHeader, error) {
	header, err := e.header(ctx, tronpb.Wallet_GetBlock_FullMethodName, strconv.FormatUint(height, 10))
	if !maybeMissing(err) {
		return header, err
	}
	head, headErr := e.header(ctx, tronpb.Wallet_GetBlock_FullMethodName, "")
	if headErr == nil && head.Height < height {
		return provenHeader{}, fmt.Errorf("%w (%w)", coffer.ErrNotFound, err)
	}
	return provenHeader{}, err
}
