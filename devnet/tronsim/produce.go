package tronsim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// ErrFork is what a reorganisation is refused with that would undo a solidified block.
var ErrFork = errors.New("tronsim: solidified blocks stay")

// Run makes a block at the time of each slot until the context ends.
func (s *Sim) Run(ctx context.Context) error {
	ticker := time.NewTicker(time.Duration(s.slotTime) * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := s.tick(); err != nil {
				return err
			}
		}
	}
}

// tick makes a block if the clock is at or past the next slot.
func (s *Sim) tick() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clock().UnixMilli() < s.nextSlot(s.chain) {
		return nil
	}
	return s.produce(nil)
}

// Mine makes blocks at once, each in the next slot or, if the clock is further, in the slot
// of its time. The head's time may run ahead of the clock.
func (s *Sim) Mine(blocks int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range blocks {
		if err := s.produce(nil); err != nil {
			return err
		}
	}
	return nil
}

// Skip lets slots pass without blocks, as producers that are down do: the next block's time
// is so much later.
func (s *Sim) Skip(slots int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.produceAt(s.blockTime(s.chain)+slots*s.slotTime, nil)
}

// nextSlot is the first time at which a block may follow the head.
func (s *Sim) nextSlot(c *chain) int64 {
	slots := int64(1)
	if c.consensus.afterMaintenance {
		slots += c.parameters.MaintenanceSkippedSlots
	}
	return c.head().time + slots*s.slotTime
}

// blockTime is the time of the next block.
func (s *Sim) blockTime(c *chain) int64 {
	now := s.clock().UnixMilli()
	slot := c.start + s.slot(c, now)*s.slotTime
	return max(slot, s.nextSlot(c))
}

// produce makes the next block out of the pool, without the transactions in leave.
func (s *Sim) produce(leave map[Hash]bool) error {
	return s.produceAt(s.blockTime(s.chain), leave)
}

func (s *Sim) produceAt(at int64, leave map[Hash]bool) error {
	c := s.chain
	c.state.undo(0)

	parent := c.head()
	turn := int(s.slot(c, at) % int64(len(s.producers)))
	key := s.producers[turn]
	raw := &tronpb.BlockHeaderRaw{
		Timestamp: at, ParentHash: parent.id[:], Number: parent.number + 1,
		WitnessAddress: Wire(AddressOf(key)), Version: headerVersion,
	}
	run := &execution{sim: s, chain: c, state: c.state, number: raw.Number, time: at, head: parent.time, producer: AddressOf(key)}

	b := &block{number: raw.Number, time: at, before: c.consensus.copy()}
	var txs []*tronpb.Transaction
	var infos tronpb.TransactionInfoList
	size := 0
	pool := c.pool
	c.pool = nil
	for _, p := range pool {
		if leave[p.id] || size+p.size > c.parameters.BlockSize {
			c.pool = append(c.pool, p)
			continue
		}
		tx, info, err := run.inBlock(p)
		if err != nil {
			delete(c.pooled, p.id) // as java-tron: what became invalid is forgotten
			continue
		}
		delete(c.pooled, p.id)
		size += p.size
		txs = append(txs, tx)
		infos.TransactionInfo = append(infos.TransactionInfo, info)
		b.ids = append(b.ids, p.id)
	}

	root := merkleRoot(txs)
	raw.TxTrieRoot = root[:]
	header, err := seal(raw, key)
	if err != nil {
		return err
	}
	b.id = blockID(raw)
	b.body = encode(&tronpb.Block{Transactions: txs, BlockHeader: header})
	if len(txs) > 0 {
		b.infos = encode(&infos)
	}

	s.maintain(c, at)
	c.consensus.latest[turn] = b.number
	c.consensus.produced[turn]++
	b.journal = c.state.take()
	c.append(b)
	s.solidify(c)
	c.settle(s.history)

	s.refill()
	close(s.moved)
	s.moved = make(chan struct{})
	return nil
}

// maintain ends a period: slots are skipped after the block, and what contracts cost more
// than their operations is counted anew.
func (s *Sim) maintain(c *chain, at int64) {
	c.consensus.afterMaintenance = at >= c.consensus.nextMaintenance
	if !c.consensus.afterMaintenance {
		return
	}
	interval := c.parameters.MaintenanceInterval.Milliseconds()
	periods := (at-c.consensus.nextMaintenance)/interval + 1
	c.consensus.nextMaintenance += periods * interval
	c.state.addTotal(cycle, 1)
}

// solidify moves the solidified block up: 70 % of the producers built on it or above.
func (s *Sim) solidify(c *chain) {
	solid := c.head().number - s.solidLag
	if s.solidLag == 0 {
		latest := slices.Sorted(slices.Values(c.consensus.latest))
		solid = latest[len(latest)*solidShare/100]
	}
	c.consensus.solid = max(c.consensus.solid, solid)
}

// Moved is closed when the next block is made or a reorganisation is done.
func (s *Sim) Moved() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moved
}

// Head is the last block.
func (s *Sim) Head() coffer.BlockRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ref(s.chain.head())
}

// Solid is the last solidified block.
func (s *Sim) Solid() coffer.BlockRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ref(s.chain.at(s.chain.consensus.solid))
}

func ref(b *block) coffer.BlockRef {
	return coffer.BlockRef{Height: uint64(b.number), Hash: b.id} //nolint:gosec // heights are not negative
}

// ChainID is the network's name by CAIP-2: the last four bytes of the genesis block's id.
func (s *Sim) ChainID() coffer.ChainID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return coffer.ChainID(fmt.Sprintf("tron:0x%x", s.chain.genesis[28:]))
}

// Reorganisation says what a fork does.
type Reorganisation struct {
	// Undo is how many blocks are taken from the head; not below the solidified one.
	Undo int
	// Make is how many blocks the other branch has. It may be shorter or as long as what it
	// replaces: that is what a client sees which asks another node.
	Make int
	// Leave are transactions that stay out of the new blocks and remain in the pool.
	Leave []Hash
	// Forget are transactions that are dropped.
	Forget []Hash
}

// Reorg replaces the last blocks by others. Their transactions go back to the pool, in
// their order and before what waits there, and from there into the new blocks.
func (s *Sim) Reorg(r Reorganisation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chain
	if r.Undo < 0 || r.Make < 0 || int64(r.Undo) > c.head().number-c.consensus.solid {
		return fmt.Errorf("%w: head %d, solid %d, asked to undo %d", ErrFork, c.head().number, c.consensus.solid, r.Undo)
	}
	if r.Undo == 0 {
		return errors.New("tronsim: a reorganisation undoes something")
	}

	c.state.undo(0)
	solid := c.consensus.solid
	var back []*pooled
	var first int64
	for range r.Undo {
		b := c.pop()
		first = b.time
		var txs []*pooled
		for i, tx := range b.read().Transactions {
			tx.Ret = nil
			txs = append(txs, &pooled{id: b.ids[i], tx: tx, size: proto.Size(tx)})
		}
		back = append(txs, back...)
	}
	c.consensus.solid = solid // never goes down
	for _, p := range back {
		c.pooled[p.id] = p
	}
	c.pool = append(back, c.pool...)
	for _, id := range r.Forget {
		delete(c.pooled, id)
		c.pool = slices.DeleteFunc(c.pool, func(p *pooled) bool { return p.id == id })
	}
	c.forks++

	leave := map[Hash]bool{}
	for _, id := range r.Leave {
		leave[id] = true
	}
	at := first // the other branch leaves out the slot in which the first block was made
	for range r.Make {
		at = max(at+s.slotTime, s.nextSlot(c))
		if err := s.produceAt(at, leave); err != nil {
			return err
		}
	}
	s.refill()
	close(s.moved)
	s.moved = make(chan struct{})
	return nil
}
