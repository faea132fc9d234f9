package tronsim

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// taposBlocks is how many blocks a transaction may refer to.
const taposBlocks = 65_536

// consensus is what the producers know of each other. It is copied before each block.
type consensus struct {
	latest           []int64 // the last height of each producer
	produced         []int64
	solid            int64
	nextMaintenance  int64 // milliseconds since 1970
	afterMaintenance bool  // the head ended a period: slots are skipped after it
}

func (c *consensus) copy() *consensus {
	d := *c
	d.latest, d.produced = slices.Clone(c.latest), slices.Clone(c.produced)
	return &d
}

// place is where a transaction stands.
type place struct {
	number int64
	index  int
}

// chain is the blocks, the state after the head with the pending transactions on top, and
// those transactions.
type chain struct {
	parameters Parameters
	prices     []price
	genesis    Hash
	start      int64 // time of block 0, milliseconds since 1970
	state      *state
	consensus  *consensus
	blocks     []*block // without gaps; pruned at the front
	txs        map[Hash]place
	tapos      map[uint16][8]byte
	pool       []*pooled
	pooled     map[Hash]*pooled
	forks      int // how many reorganisations there were
}

// price is what prices were from a time on.
type price struct {
	from                    int64
	energy, bandwidth, memo int64
}

func newChain(world *state, parameters Parameters, seed string, start int64, producers []*ecdsa.PrivateKey) (*chain, error) {
	parent := sha256.Sum256([]byte("tronsim/" + seed))
	raw := &tronpb.BlockHeaderRaw{
		Timestamp: start, TxTrieRoot: make([]byte, 32), ParentHash: parent[:], Version: headerVersion,
		WitnessAddress: Wire(AddressOf(producers[0])),
	}
	header, err := seal(raw, producers[0])
	if err != nil {
		return nil, err
	}
	c := &chain{
		parameters: parameters, start: start, state: world, genesis: blockID(raw),
		txs: map[Hash]place{}, tapos: map[uint16][8]byte{}, pooled: map[Hash]*pooled{},
		consensus: &consensus{
			latest: make([]int64, len(producers)), produced: make([]int64, len(producers)),
			nextMaintenance: start + parameters.MaintenanceInterval.Milliseconds(),
		},
	}
	c.notePrices(0)
	c.append(&block{id: c.genesis, time: start, body: encode(&tronpb.Block{BlockHeader: header})})
	c.state.addTotal(cycle, 1)
	c.state.take()
	return c, nil
}

func (c *chain) head() *block { return c.blocks[len(c.blocks)-1] }

// at finds a block by its height; nil if there is none, or none any more.
func (c *chain) at(number int64) *block {
	first := c.blocks[0].number
	if number < first || number > c.head().number {
		return nil
	}
	return c.blocks[number-first]
}

// byID finds a block by its id.
func (c *chain) byID(id []byte) *block {
	if len(id) != len(Hash{}) {
		return nil
	}
	b := c.at(int64(binary.BigEndian.Uint64(id[:8]))) //nolint:gosec // negative heights are not found
	if b == nil || b.id != Hash(id) {
		return nil
	}
	return b
}

func taposKey(number int64) uint16 { return uint16(number % taposBlocks) } //nolint:gosec // bounded

// append puts a block on top.
func (c *chain) append(b *block) {
	c.blocks = append(c.blocks, b)
	key := taposKey(b.number)
	b.tapos = c.tapos[key]
	c.tapos[key] = [8]byte(b.id[8:16])
	for i, id := range b.ids {
		c.txs[id] = place{b.number, i}
	}
}

// pop takes the head off and undoes it. The state must have no pending changes.
func (c *chain) pop() *block {
	b := c.head()
	c.state.back(b.journal)
	c.consensus = b.before
	c.tapos[taposKey(b.number)] = b.tapos
	for _, id := range b.ids {
		delete(c.txs, id)
	}
	c.blocks[len(c.blocks)-1] = nil
	c.blocks = c.blocks[:len(c.blocks)-1]
	return b
}

// settle forgets how to undo solidified blocks, and blocks that are older than history.
func (c *chain) settle(history int64) {
	for n := c.consensus.solid; ; n-- {
		b := c.at(n)
		if b == nil || b.before == nil {
			break
		}
		b.journal, b.before = nil, nil
	}
	drop := c.consensus.solid - history - c.blocks[0].number
	if drop < history/16+1 {
		return // now and then, and many at a time
	}
	for _, b := range c.blocks[:drop] {
		for _, id := range b.ids {
			delete(c.txs, id)
		}
	}
	c.blocks = slices.Clone(c.blocks[drop:])
}

// notePrices remembers what the prices are from a time on.
func (c *chain) notePrices(from int64) {
	p := price{from, c.parameters.EnergyPrice, c.parameters.BandwidthPrice, c.parameters.MemoFee}
	if n := len(c.prices); n > 0 {
		last := c.prices[n-1]
		last.from = from
		if last == p {
			return
		}
	}
	c.prices = append(c.prices, p)
}

// stateAt runs a question on the state after a block that may still be undone, or after
// the solidified one, without what is pending. What it changes is undone.
func (c *chain) stateAt(number int64, ask func()) {
	pending := c.state.take()
	c.state.back(pending)
	for n := c.head().number; n > number; n-- {
		c.state.back(c.at(n).journal)
	}
	defer func() {
		c.state.undo(0)
		for n := number + 1; n <= c.head().number; n++ {
			c.state.forth(c.at(n).journal)
		}
		c.state.forth(pending)
		c.state.journal = pending
	}()
	ask()
}

// clone copies a chain without pending changes of its state.
func (c *chain) clone() *chain {
	d := *c
	d.state, d.consensus = c.state.clone(), c.consensus.copy()
	d.prices, d.blocks, d.pool = slices.Clone(c.prices), slices.Clone(c.blocks), slices.Clone(c.pool)
	d.txs, d.tapos, d.pooled = maps.Clone(c.txs), maps.Clone(c.tapos), maps.Clone(c.pooled)
	for i := len(d.blocks) - 1; i >= 0 && d.blocks[i].before != nil; i-- {
		b := *d.blocks[i]
		b.journal = make([]change, len(b.journal))
		for k, ch := range d.blocks[i].journal {
			b.journal[k] = ch.copy()
		}
		d.blocks[i] = &b
	}
	return &d
}

// slot is how many slots a time is after block 0.
func (s *Sim) slot(c *chain, millis int64) int64 { return (millis - c.start) / s.slotTime }
