// Package chaintest holds what chain tests share. Run is the contract of a chain family: what
// the flows above rely on, held against a real local node, reorganisations and lies included.
// Said is what a real indexer makes of a source. Tamper stands in front of a node and alters
// what it answers.
//
// Fake is a scriptable chain in memory: it reorganises in any shape and lies, lags and hangs
// on demand, so that the flows above a chain can be tested against faults no real node
// produces on request.
//
// A Fake keeps every block it ever made. The canonical chain is a path through them, and
// a reorganisation only chooses another path; that is why it can also go back.
//
//	fake := chaintest.NewFake("eip155:31337")
//	fake.Mine([]coffer.Transfer{…}, nil)
//	old := fake.Tip()
//	fake.Reorg(1, chaintest.Content{}, chaintest.Content{}) // one block off, two on
//	fake.Switch(old.Hash)                                   // and back again
//	fake.Lag(2)                                             // the node forgets two blocks
package chaintest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
)

// Content is what a test puts into a block.
type Content struct {
	Transfers   []coffer.Transfer
	Outcomes    []coffer.Outcome
	GasDeposits []coffer.GasDeposit
	Spends      []coffer.Spend `json:",omitempty"`
}

// blockInterval is how far apart the fake's blocks are.
const blockInterval = 12 * time.Second

// genesisTime is when every fake chain begins.
var genesisTime = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// Fake is a chain in memory. It implements coffer.Source and is safe for concurrent use.
// A new Fake has its genesis block, at height 0, and no final block.
type Fake struct {
	id coffer.ChainID

	mu        sync.Mutex
	blocks    map[coffer.Hash]coffer.Block
	canonical []coffer.Hash // by height
	made      uint64        // blocks ever made; part of each hash, so no two are equal
	final     uint64
	trailing  uint64 // final follows the tip by so many blocks when above zero
	faults    faults
}

var _ coffer.Source = (*Fake)(nil)

// NewFake returns a chain with a genesis block.
func NewFake(id coffer.ChainID) *Fake {
	f := &Fake{id: id, blocks: map[coffer.Hash]coffer.Block{}}
	f.mine(Content{})
	return f
}

// Mine puts one block on the tip and returns it.
func (f *Fake) Mine(transfers []coffer.Transfer, outcomes []coffer.Outcome) coffer.Block {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mine(Content{Transfers: transfers, Outcomes: outcomes})
}

// MineContent is Mine for a block of anything.
func (f *Fake) MineContent(c Content) coffer.Block {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mine(c)
}

// MineEmpty puts n blocks without content on the tip and returns the last.
func (f *Fake) MineEmpty(n int) coffer.Block {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range n {
		f.mine(Content{})
	}
	return f.blocks[f.tip()]
}

// Reorg takes the newest depth blocks off and mines the given ones instead: more for a
// longer fork, as many for one of the same height, fewer (or none) for a shorter one.
// Final stays where it was unless it follows the tip.
func (f *Fake) Reorg(depth int, contents ...Content) []coffer.Block {
	f.mu.Lock()
	defer f.mu.Unlock()
	if depth < 0 || depth >= len(f.canonical) {
		panic(fmt.Sprintf("chaintest: reorganisation of %d blocks on a chain of height %d", depth, len(f.canonical)-1))
	}

	f.canonical = f.canonical[:len(f.canonical)-depth]
	mined := make([]coffer.Block, 0, len(contents))
	for _, c := range contents {
		mined = append(mined, f.mine(c))
	}
	return mined
}

// Switch makes the chain that ends in a known block canonical: a reorganisation back to
// an abandoned fork, or a plain cut when the block is canonical already.
func (f *Fake) Switch(tip coffer.Hash) {
	f.mu.Lock()
	defer f.mu.Unlock()
	block, ok := f.blocks[tip]
	if !ok {
		panic("chaintest: switch to an unknown block " + tip.String())
	}

	path := make([]coffer.Hash, block.Height+1)
	for {
		path[block.Height] = block.Hash
		if block.Height == 0 {
			break
		}
		block = f.blocks[block.Parent]
	}
	f.canonical = path
}

// SetFinal fixes the final height; zero means that nothing is final.
func (f *Fake) SetFinal(height uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.final, f.trailing = height, 0
}

// FinalFollows keeps the final height so many blocks behind the tip. It never goes back.
func (f *Fake) FinalFollows(distance uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trailing = distance
	f.follow()
}

// Final is the final height, whatever faults are set.
func (f *Fake) Final() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.final
}

// Tip is the newest canonical block, whatever faults are set.
func (f *Fake) Tip() coffer.Block {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.blocks[f.tip()]
}

// Canonical returns the canonical blocks by height, genesis first, whatever faults are set.
func (f *Fake) Canonical() []coffer.Block {
	f.mu.Lock()
	defer f.mu.Unlock()
	chain := make([]coffer.Block, 0, len(f.canonical))
	for _, hash := range f.canonical {
		chain = append(chain, f.blocks[hash])
	}
	return chain
}

// Made returns a block that the fake has made, canonical or not, whatever faults are set.
func (f *Fake) Made(hash coffer.Hash) (coffer.Block, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	block, ok := f.blocks[hash]
	return block, ok
}

func (f *Fake) tip() coffer.Hash { return f.canonical[len(f.canonical)-1] }

func (f *Fake) mine(c Content) coffer.Block {
	height := uint64(len(f.canonical))
	f.made++
	b := coffer.Block{Transfers: c.Transfers, Outcomes: c.Outcomes, GasDeposits: c.GasDeposits, Spends: c.Spends}
	b.Height = height
	b.Time = genesisTime.Add(time.Duration(height) * blockInterval) // #nosec G115 -- a fake chain is short
	if height > 0 {
		b.Parent = f.tip()
	}
	b.Raw = fakeRaw(f.made, c)
	b.Hash = fakeHash(b)

	f.blocks[b.Hash] = b
	f.canonical = append(f.canonical, b.Hash)
	f.follow()
	return b
}

func (f *Fake) follow() {
	height := uint64(len(f.canonical)) - 1
	if f.trailing > 0 && height > f.trailing {
		f.final = max(f.final, height-f.trailing)
	}
}

func fakeRaw(made uint64, c Content) []byte {
	raw, err := json.Marshal(struct {
		Made    uint64
		Content Content
	}{made, c})
	if err != nil {
		panic(err) // plain data always encodes
	}
	return raw
}

func fakeHash(b coffer.Block) coffer.Hash {
	h := sha256.New()
	h.Write(b.Parent[:])
	h.Write(binary.BigEndian.AppendUint64(nil, b.Height))
	h.Write(b.Raw)
	return coffer.Hash(h.Sum(nil))
}

// ID implements coffer.Source.
func (f *Fake) ID() coffer.ChainID { return f.id }

// ParseAddress implements coffer.Source: 0x and 40 hex digits, lower case when canonical.
func (f *Fake) ParseAddress(s string) (coffer.Address, error) {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || len(digits) != 40 || strings.Trim(strings.ToLower(digits), "0123456789abcdef") != "" {
		return "", fmt.Errorf("address %.80q: want 0x and 40 hex digits", s)
	}
	return coffer.Address(strings.ToLower(s)), nil
}

// Head implements coffer.Source.
func (f *Fake) Head(ctx context.Context) (coffer.Head, error) {
	if err := f.faults.before(ctx, CallHead); err != nil {
		return coffer.Head{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.seen()
	head := coffer.Head{Latest: f.blocks[seen[len(seen)-1]].BlockRef}
	if f.final > 0 {
		head.Final = f.blocks[seen[min(f.final, uint64(len(seen))-1)]].BlockRef
	}
	return head, nil
}

// Header implements coffer.Source.
func (f *Fake) Header(ctx context.Context, height uint64) (coffer.Header, error) {
	if err := f.faults.before(ctx, CallHeader); err != nil {
		return coffer.Header{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.seen()
	if height >= uint64(len(seen)) {
		return coffer.Header{}, fmt.Errorf("header %d: %w", height, coffer.ErrNotFound)
	}
	return f.blocks[seen[height]].Header, nil
}

// Block implements coffer.Source. Abandoned blocks can still be read, as on a real node.
func (f *Fake) Block(ctx context.Context, hash coffer.Hash) (coffer.Block, error) {
	if err := f.faults.before(ctx, CallBlock); err != nil {
		return coffer.Block{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	block, ok := f.blocks[hash]
	if !ok {
		return coffer.Block{}, fmt.Errorf("block %s: %w", hash, coffer.ErrNotFound)
	}
	if f.faults.takeWrong() {
		return f.blocks[f.canonical[0]], nil
	}
	return block, nil
}

// seen is the canonical chain as the node admits to it.
func (f *Fake) seen() []coffer.Hash {
	lag := min(f.faults.lagging(), len(f.canonical)-1)
	return f.canonical[:len(f.canonical)-lag]
}
