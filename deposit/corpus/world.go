package corpus

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
)

// begin is when every case begins, for whoever judges a node by the time of its head.
var begin = time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)

// World is what the nodes of a case know at the step it is in. It is safe for concurrent use.
type World struct {
	c      *Case
	blocks map[string]*Block

	mu    sync.Mutex
	step  int
	now   time.Time
	shown map[string]map[string]bool // by node: blocks that were once in its chain
	told  map[string]bool            // nodes that tell the truth by now
}

// NewWorld is a case before its first step.
func NewWorld(c *Case) *World {
	w := &World{c: c, blocks: map[string]*Block{}, step: -1, now: begin, shown: map[string]map[string]bool{}, told: map[string]bool{}}
	for i := range c.Blocks {
		w.blocks[c.Blocks[i].Name] = &c.Blocks[i]
	}
	for _, node := range c.Nodes {
		w.shown[node] = map[string]bool{}
	}
	return w
}

// advance goes on to a step.
func (w *World) advance(step int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.step = step
	for _, node := range w.c.Steps[step].Truth {
		w.told[node] = true
	}
	for _, node := range w.c.Nodes {
		for b := w.blocks[w.view(node).Head]; b != nil; b = w.blocks[b.Parent] {
			w.shown[node][b.Name] = true
		}
	}
}

// tick lets so much time pass that a node which was left alone is tried again.
func (w *World) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Minute)
}

// Now is the time by which nodes are judged.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// view is where a node stands. The lock is held.
func (w *World) view(node string) Viewpoint {
	s := w.c.Steps[max(w.step, 0)]
	if view, ok := s.Nodes[node]; ok {
		return view
	}
	return Viewpoint{s.Head, s.Final}
}

// Head is a node's newest block.
func (w *World) Head(node string) *Block {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.blocks[w.view(node).Head]
}

// Final is a node's newest final block; nil while it has none.
func (w *World) Final(node string) *Block {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.blocks[w.view(node).Final]
}

// At is the block at a height of a node's chain; nil where it has none.
func (w *World) At(node string, height uint64) *Block {
	w.mu.Lock()
	defer w.mu.Unlock()
	for b := w.blocks[w.view(node).Head]; b != nil; b = w.blocks[b.Parent] {
		if b.Height == height {
			return b
		}
	}
	return nil
}

// Block is the block of a hash, as long as it was once in the node's chain; nil otherwise.
func (w *World) Block(node string, hash coffer.Hash) *Block {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := slices.IndexFunc(w.c.Blocks, func(b Block) bool { return b.Hash == hash && w.shown[node][b.Name] })
	if at < 0 {
		return nil
	}
	return &w.c.Blocks[at]
}

// Answer is what a node says of a block when it is asked for that; nil when it has nothing.
func (w *World) Answer(node string, b *Block, name string) json.RawMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	if instead, ok := b.Instead[node][name]; ok && !w.told[node] {
		return instead
	}
	return b.Said[name]
}

// Asked is what a node says to a question that names what it is about, "method argument": what
// is said of it in the newest block of its chain that has it, else in one that left the chain.
func (w *World) Asked(node, question string) json.RawMessage {
	for _, b := range w.known(node) {
		if said := w.Answer(node, b, question); said != nil {
			return said
		}
	}
	return nil
}

// known are the blocks that a node has: its chain, the newest first, and what has left it.
func (w *World) known(node string) []*Block {
	w.mu.Lock()
	defer w.mu.Unlock()
	var blocks []*Block
	canonical := map[string]bool{}
	for b := w.blocks[w.view(node).Head]; b != nil; b = w.blocks[b.Parent] {
		blocks = append(blocks, b)
		canonical[b.Name] = true
	}
	for i := range w.c.Blocks {
		if b := &w.c.Blocks[i]; w.shown[node][b.Name] && !canonical[b.Name] {
			blocks = append(blocks, b)
		}
	}
	return blocks
}
