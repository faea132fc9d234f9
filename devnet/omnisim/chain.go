package omnisim

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// maxBlocks bounds the chain that is followed.
const maxBlocks = 100_000

// Sim follows the chain of a node. It is safe for concurrent use.
type Sim struct {
	client *utxo.Client
	source *utxo.Source
	from   uint64

	mu     sync.Mutex
	held   uint64  // no block above is read
	blocks []block // from the height from on
	byID   map[coffer.Hash]*record
	state  *state
}

// block is one block with its messages in order.
type block struct {
	ref     coffer.BlockRef
	time    time.Time
	records []*record
}

// record is a message in a block, and how it ended.
type record struct {
	id     coffer.Hash
	tx     utxo.OmniTransaction
	target coffer.Address // of a freeze
	at     coffer.BlockRef
	place  int // in the block
	time   time.Time
	effect effect
	err    error // why it is invalid
}

// New follows the chain from a height on, when it is asked something.
func New(client *utxo.Client, from uint64) *Sim {
	return &Sim{
		client: client, source: utxo.NewSource(client), from: from, held: math.MaxUint64,
		byID: map[coffer.Hash]*record{}, state: newState(),
	}
}

// HoldAt makes it a node that has no block above a height, as one that loads the chain.
func (s *Sim) HoldAt(height uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = height
}

// Release undoes HoldAt.
func (s *Sim) Release() { s.HoldAt(math.MaxUint64) }

// follow reads what is new, and takes back what is no longer part of the chain. The lock is
// held.
func (s *Sim) follow(ctx context.Context) error {
	head, err := s.source.Head(ctx)
	if err != nil {
		return err
	}
	tip := min(head.Latest.Height, s.held)
	if err := s.unwind(ctx, tip); err != nil {
		return err
	}
	for next := s.from + uint64(len(s.blocks)); next <= tip; next++ {
		if len(s.blocks) >= maxBlocks {
			return fmt.Errorf("a chain of more than %d blocks", maxBlocks)
		}
		read, err := s.read(ctx, next)
		if err != nil {
			return fmt.Errorf("block %d: %w", next, err)
		}
		s.blocks = append(s.blocks, read)
		s.run(read.records)
	}
	return nil
}

// unwind drops the blocks that the chain no longer has, and makes the state again.
func (s *Sim) unwind(ctx context.Context, tip uint64) error {
	keep := len(s.blocks)
	for ; keep > 0; keep-- {
		last := s.blocks[keep-1].ref
		if last.Height > tip {
			continue
		}
		header, err := s.source.Header(ctx, last.Height)
		if err != nil {
			return err
		}
		if header.Hash == last.Hash {
			break
		}
	}
	if keep == len(s.blocks) {
		return nil
	}
	s.blocks, s.byID, s.state = s.blocks[:keep], map[coffer.Hash]*record{}, newState()
	for _, kept := range s.blocks {
		s.run(kept.records)
	}
	return nil
}

// run applies messages in order.
func (s *Sim) run(records []*record) {
	for _, r := range records {
		r.effect, r.err = s.state.apply(r.id, r.tx, r.target)
		s.byID[r.id] = r
	}
}

// read finds the messages of a block.
func (s *Sim) read(ctx context.Context, height uint64) (block, error) {
	header, err := s.source.Header(ctx, height)
	if err != nil {
		return block{}, err
	}
	content, err := s.source.Block(ctx, header.Hash)
	if err != nil {
		return block{}, err
	}
	if n := len(s.blocks); n > 0 && s.blocks[n-1].ref.Hash != content.Parent {
		return block{}, errors.New("the chain changed while it was read")
	}
	message, _, err := utxo.ReadBlock(s.client.Network(), content.Raw)
	if err != nil {
		return block{}, err
	}
	read := block{ref: content.BlockRef, time: content.Time}
	for place, tx := range message.Transactions {
		r, err := s.message(ctx, tx)
		if err != nil {
			return block{}, err
		}
		if r != nil {
			r.at, r.place, r.time = content.BlockRef, place, content.Time
			read.records = append(read.records, r)
		}
	}
	return read, nil
}

// message reads a transaction's message; nil where it has none.
func (s *Sim) message(ctx context.Context, tx *wire.MsgTx) (*record, error) {
	if _, ok := utxo.OmniPayload(tx); !ok || len(tx.TxIn) == 0 {
		return nil, nil
	}
	spent := tx.TxIn[0].PreviousOutPoint
	previous, err := s.client.RawTransaction(ctx, utxo.HashOf(spent.Hash))
	if errors.Is(err, coffer.ErrNotFound) {
		return nil, nil // a coinbase spends nothing
	}
	if err != nil {
		return nil, err
	}
	if uint64(spent.Index) >= uint64(len(previous.TxOut)) {
		return nil, nil
	}
	read, ok := utxo.ReadOmni(s.client.Network(), tx, previous.TxOut[spent.Index].PkScript)
	if !ok {
		return nil, nil
	}
	r := &record{id: utxo.HashOf(tx.TxHash()), tx: read}
	if freeze, ok := read.Message.(utxo.OmniFreeze); ok {
		if r.target, ok = utxo.OmniTargetAddress(s.client.Network(), freeze.Target); !ok {
			return nil, nil
		}
	}
	return r, nil
}
