package utxo

import (
	"context"
	"fmt"
	"sync"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// tail is the end of a chain, down to the block that is final: headers that carry their work, the
// newest first, each naming the next one.
type tail struct {
	height uint64 // of the first
	links  []link
}

type link struct {
	hash   coffer.Hash
	header wire.BlockHeader
}

// from returns the place of a block in the tail, and whether it is there.
func (t tail) from(hash coffer.Hash) (int, bool) {
	for i := range t.links {
		if t.links[i].hash == hash {
			return i, true
		}
	}
	return 0, false
}

// final is the block that all others stand on.
func (t tail) final() coffer.BlockRef {
	n := len(t.links)
	return coffer.BlockRef{Height: t.height - uint64(n-1), Hash: t.links[n-1].hash} // #nosec G115 -- see prove
}

// tails keeps the tail that was proven last, and the headers of a proof that did not come to its end.
// It is safe for concurrent use.
type tails struct {
	mu   sync.Mutex
	last tail
	read map[coffer.Hash]wire.BlockHeader // each is proven by its hash and its work
}

func (t *tails) get() tail {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

func (t *tails) set(last tail) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last, t.read = last, nil
}

// header is one that a proof before read.
func (t *tails) header(hash coffer.Hash) (wire.BlockHeader, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	header, ok := t.read[hash]
	return header, ok
}

// keep is for the next proof, if this one does not come to its end: a node that is slow may need more
// than one call for it.
func (t *tails) keep(hash coffer.Hash, header wire.BlockHeader) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.read == nil || len(t.read) >= maxHeadersKept {
		t.read = map[coffer.Hash]wire.BlockHeader{}
	}
	t.read[hash] = header
}

// maxHeadersKept is more than two proofs need.
const maxHeadersKept = 2*coinbaseMaturity + 2

// prove reads the headers from a head down to the block that has Config.Confirmations, and that
// block itself, whose coinbase names its height. How many blocks there are is a number, which
// costs a node nothing to make up; the work on top of a block is what makes it final.
func (s *Source) prove(ctx context.Context, head chainInfo) (tail, error) {
	known := s.proven.get()
	next, wanted := head.best, int(s.config.Confirmations) // #nosec G115 -- at most coinbaseMaturity
	var found tail
	placed := false // its height is known
	for len(found.links) < wanted {
		if at, ok := known.from(next); ok && !placed {
			found.height, placed = known.height-uint64(at)+uint64(len(found.links)), true // #nosec G115 -- small numbers
			rest := known.links[at:]
			found.links = append(found.links, rest[:min(len(rest), wanted-len(found.links))]...)
		} else {
			header, known := s.proven.header(next)
			if !known {
				var err error
				if header, err = s.header(ctx, next); err != nil {
					return tail{}, err
				}
				s.proven.keep(next, header)
			}
			found.links = append(found.links, link{next, header})
		}
		next = HashOf(found.links[len(found.links)-1].header.PrevBlock)
	}
	if !placed {
		_, block, err := s.read(ctx, found.links[wanted-1].hash)
		if err != nil {
			return tail{}, err
		}
		found.height = block.Height + s.config.Confirmations - 1
	}
	if found.height != head.blocks {
		return tail{}, fmt.Errorf("%w: the node says that block %s is at height %d, and it is at %d", ErrNotProven, head.best, head.blocks, found.height)
	}
	for i := range wanted - 1 {
		if err := checkTarget(s.config.Network, &found.links[i+1].header, &found.links[i].header, found.height-uint64(i)); err != nil { // #nosec G115 -- small
			return tail{}, err
		}
	}
	s.proven.set(found)
	return found, nil
}
