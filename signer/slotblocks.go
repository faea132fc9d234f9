package signer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
)

// Bounds of reading blocks for a slot.
const (
	maxScanBlocks = 144  // read for one request; the next request goes on
	maxScans      = 1024 // remembered
)

// errChainsDiffer is returned when nodes of one signer show different blocks, or say different
// things of one.
var errChainsDiffer = errors.New("this signer's nodes disagree")

// scan is how far the blocks were read: all below next, which follows the block parent.
type scan struct {
	next   uint64
	parent coffer.Hash // zero before the first
}

// blockReader reads blocks for slots, some for each request, and remembers how far it came.
type blockReader struct {
	// proveStart has the first block that is read be older than what is looked for. The search for it
	// asks one node for headers that nothing proves; the block itself is an ancestor of the last.
	proveStart bool

	mu    sync.Mutex
	scans map[slotKey]scan
}

// find reads blocks from a time up to the final one, until the one that is looked for. alive is
// why the slot has not ended where none is.
func (r *blockReader) find(ctx context.Context, source coffer.Source, slot slotKey, from time.Time, final uint64, alive string, is func(coffer.Block) bool) (coffer.Block, error) {
	at, err := r.begin(ctx, source, slot, from, final)
	if err != nil {
		return coffer.Block{}, err
	}
	for range maxScanBlocks {
		if at.next > final {
			break
		}
		header, err := source.Header(ctx, at.next)
		if err != nil {
			return coffer.Block{}, err
		}
		block, err := source.Block(ctx, header.Hash)
		if err != nil {
			return coffer.Block{}, err
		}
		if block.Height != at.next || !at.parent.IsZero() && block.Parent != at.parent {
			r.forget(slot) // begin again
			return coffer.Block{}, fmt.Errorf("%w: block %s does not follow block %s", errChainsDiffer, block.Hash, at.parent)
		}
		if r.proveStart && at.parent.IsZero() && block.Height > 0 && !block.Time.Before(from) {
			return coffer.Block{}, fmt.Errorf("%w: block %d is of %s, where a header of that height or below was of a time before %s",
				errChainsDiffer, block.Height, rfc3339(block.Time), rfc3339(from))
		}
		if is(block) {
			return block, nil
		}
		at = scan{next: block.Height + 1, parent: block.Hash}
		r.remember(slot, at)
	}
	if at.next > final {
		return coffer.Block{}, fmt.Errorf("%w: %s", errAlive, alive)
	}
	return coffer.Block{}, fmt.Errorf("blocks are read up to %d of %d; ask again", at.next-1, final)
}

// begin is where to read on: at the first block that is not older than from, found by halving,
// when the slot is new. Where times of blocks are not in order the caller's slack covers it; a
// search that begins too late only finds nothing.
func (r *blockReader) begin(ctx context.Context, source coffer.Source, slot slotKey, from time.Time, final uint64) (scan, error) {
	r.mu.Lock()
	at, known := r.scans[slot]
	r.mu.Unlock()
	if known {
		return at, nil
	}
	low, high := uint64(0), final
	for low < high {
		middle := low + (high-low)/2
		header, err := source.Header(ctx, middle)
		if err != nil {
			return scan{}, err
		}
		if header.Time.Before(from) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if r.proveStart && low > 0 {
		low-- // older than from, which find checks
	}
	return scan{next: low}, nil
}

func (r *blockReader) remember(slot slotKey, at scan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.scans[slot]; !known && len(r.scans) >= maxScans {
		for other := range r.scans { // any: it is read again when it is asked for
			delete(r.scans, other)
			break
		}
	}
	r.scans[slot] = at
}

func (r *blockReader) forget(slot slotKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.scans, slot)
}

// agreedFinal is the highest block that every node calls final.
func agreedFinal(ctx context.Context, sources []coffer.Source) (coffer.Header, error) {
	var lowest coffer.BlockRef
	for n, source := range sources {
		head, err := source.Head(ctx)
		if err != nil {
			return coffer.Header{}, err
		}
		if head.Final.Hash.IsZero() {
			return coffer.Header{}, errors.New("a node has no final block")
		}
		if n == 0 || head.Final.Height < lowest.Height {
			lowest = head.Final
		}
	}
	return agree(ctx, sources, lowest)
}

// agree returns the header of a block that every node has at its height.
func agree(ctx context.Context, sources []coffer.Source, block coffer.BlockRef) (header coffer.Header, err error) {
	for _, source := range sources {
		if header, err = source.Header(ctx, block.Height); err != nil {
			return coffer.Header{}, err
		}
		if header.Hash != block.Hash {
			return coffer.Header{}, fmt.Errorf("%w: blocks %s and %s at height %d", errChainsDiffer, block.Hash, header.Hash, block.Height)
		}
	}
	return header, nil
}
