package sim

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/stream"
)

// view is what a chain's block events say, read by somebody who has no part in Coffer: the
// reference for what deposits and payouts make of the same events.
type view struct {
	w *World
	c *chain

	offset    int64
	assembler stream.Assembler
	events    []coffer.BlockEvent

	tip   []coffer.BlockRef // what the events leave
	final uint64            // the highest final height they said

	credited *credits
	landed   *landings
}

func newView(w *World, c *chain) *view {
	v := &view{w: w, c: c}
	v.credited = &credits{v: v, live: map[place]*live{}}
	v.landed = &landings{v: v, paid: map[coffer.Address][]coffer.Payment{}}
	return v
}

// read reads what was said since the last time, and complains of events that break the laws of
// indexer: numbers without gaps, one linked chain of blocks with the content that the chain gave
// them, which is said again when they leave.
func (v *view) read() {
	for {
		stored, err := v.w.log.Read(v.w.ctx, stream.TopicRaw, string(v.c.id), v.offset, 500)
		v.w.must(err)
		for _, s := range stored {
			v.offset = s.Offset + 1
			event, whole, err := v.assembler.Add(s)
			if err != nil {
				v.w.violate("tx.raw of %s at %d: %v", v.c.id, s.Offset, err)
				return
			}
			if whole {
				v.add(event.Value)
			}
		}
		if len(stored) == 0 {
			return
		}
	}
}

func (v *view) add(value []byte) {
	var e coffer.BlockEvent
	if err := json.Unmarshal(value, &e); err != nil {
		v.w.violate("tx.raw of %s: %v", v.c.id, err)
		return
	}
	if e.Sequence != uint64(len(v.events))+1 {
		v.w.violate("event %d of %s comes after %d", e.Sequence, v.c.id, len(v.events))
		return
	}
	if n := len(v.events); n > 0 && e.Epoch < v.events[n-1].Epoch {
		v.w.violate("event %d of %s is of epoch %d after %d", e.Sequence, v.c.id, e.Epoch, v.events[n-1].Epoch)
	}
	made, known := v.c.Made(e.Block.Hash)
	if got, want := plain(e.Block), plain(made); !known || got != want {
		v.w.violate("event %d of %s says of block %d\n%s\nand the chain made\n%s", e.Sequence, v.c.id, e.Block.Height, got, want)
	}
	n := len(v.tip)
	switch {
	case e.Kind == coffer.BlockDisconnected && (n == 0 || v.tip[n-1] != e.Block.BlockRef):
		v.w.violate("event %d of %s takes block %d off, which is not the tip", e.Sequence, v.c.id, e.Block.Height)
	case e.Kind == coffer.BlockDisconnected && e.Block.Height <= v.final:
		v.w.violate("event %d of %s takes block %d off, and %d was said to be final", e.Sequence, v.c.id, e.Block.Height, v.final)
	case e.Kind == coffer.BlockDisconnected:
		v.tip = v.tip[:n-1]
	case n > 0 && (v.tip[n-1].Hash != e.Block.Parent || v.tip[n-1].Height+1 != e.Block.Height):
		v.w.violate("event %d of %s puts block %d on a tip of %d that is not its parent", e.Sequence, v.c.id, e.Block.Height, v.tip[n-1].Height)
	default:
		v.tip = append(v.tip, e.Block.BlockRef)
	}
	v.final = max(v.final, e.Final)
	v.events = append(v.events, e)
}

// plain is a block as text, in which what is absent and what is empty is the same.
func plain(b coffer.Block) string {
	if len(b.Transfers) == 0 {
		b.Transfers = nil
	}
	if len(b.Outcomes) == 0 {
		b.Outcomes = nil
	}
	text, err := json.Marshal(b)
	if err != nil {
		panic(err) // plain data always encodes
	}
	return string(text)
}

// place is where a transfer is on a chain, whatever block it is in.
type place struct {
	tx  coffer.Hash
	ref string
}

// live is a transfer to a customer in a block that has not left.
type live struct {
	Account string
	Asset   coffer.AssetID
	Amount  uint64
	Height  uint64
	State   coffer.DepositState
}

// credits is what deposits must be after so many events.
type credits struct {
	v     *view
	at    uint64
	final uint64
	tip   uint64
	live  map[place]*live
}

// advance applies the events up to a sequence.
func (m *credits) advance(to uint64) {
	for ; m.at < to; m.at++ {
		e := m.v.events[m.at]
		m.final = max(m.final, e.Final)
		if e.Kind == coffer.BlockDisconnected {
			for p, d := range m.live {
				if d.Height == e.Block.Height {
					delete(m.live, p)
				}
			}
			m.tip = e.Block.Height - 1
			continue
		}
		m.tip = e.Block.Height
		for _, t := range e.Block.Transfers {
			if d := m.v.arrived(t); d != nil {
				d.Height = e.Block.Height
				m.live[place{t.Tx, t.Ref}] = d
			}
		}
		for _, d := range m.live {
			m.deepen(d)
		}
	}
}

// arrived says what a transfer to a customer begins as; nil: it is none, or nothing.
func (v *view) arrived(t coffer.Transfer) *live {
	for customer, address := range v.w.users[v.c.id] {
		if t.To != address || t.Amount.IsZero() || t.Asset == v.c.fake {
			continue
		}
		d := &live{Account: customer, Asset: t.Asset, Amount: number(t.Amount), State: coffer.DepositObserved}
		switch {
		case t.Asset == v.c.gold:
			d.State = coffer.DepositUnsupported
		case t.From == v.c.hot:
			d.State = coffer.DepositReview
		case d.Amount < minDeposit:
			d.State = coffer.DepositDust
		}
		return d
	}
	return nil
}

func (m *credits) deepen(d *live) {
	confirmations := m.tip - d.Height + 1
	if d.State == coffer.DepositObserved || d.State == coffer.DepositConfirming {
		if confirmations >= credit {
			d.State = coffer.DepositCredited
		} else if confirmations > 1 {
			d.State = coffer.DepositConfirming
		}
	}
	if d.State == coffer.DepositCredited && confirmations >= unlock && d.Height <= m.final {
		d.State = coffer.DepositUnlocked
	}
}

// landings is what payouts must have booked after so many events.
type landings struct {
	v      *view
	at     uint64
	final  uint64
	blocks []coffer.Block
	paid   map[coffer.Address][]coffer.Payment // by destination
	height map[coffer.Address]uint64
	fees   uint64 // of the wallet
	ops    uint64 // operations of the wallet, or its transactions
	spent  map[coffer.AssetID]uint64
}

// advance applies the events up to a sequence.
func (m *landings) advance(to uint64) {
	if m.at == to {
		return
	}
	for ; m.at < to; m.at++ {
		e := m.v.events[m.at]
		m.final = max(m.final, e.Final)
		if e.Kind == coffer.BlockDisconnected {
			m.blocks = m.blocks[:len(m.blocks)-1]
		} else {
			m.blocks = append(m.blocks, e.Block)
		}
	}
	m.count()
}

// count reads the blocks that the events leave.
func (m *landings) count() {
	s := m.v.c.stateOf(m.blocks)
	m.paid, m.height, m.spent, m.ops = s.paid, map[coffer.Address]uint64{}, map[coffer.AssetID]uint64{}, 0
	for id, ref := range s.at {
		known := m.v.c.known[id]
		if known.ours == nil {
			continue
		}
		for _, p := range known.ours.Payments {
			m.height[p.To] = ref.Height
		}
	}
	m.ops = uint64(len(s.outcome))
	m.fees = operationFee * m.ops
	if m.v.c.family == Coins {
		m.fees = 0
		for id := range s.landed {
			if ours := m.v.c.known[id].ours; ours != nil {
				m.fees += number(ours.Fee)
			}
		}
	}
	for _, payments := range s.paid {
		for _, p := range payments {
			m.spent[p.Asset] += number(p.Amount)
		}
	}
}

// finalBlock says whether a block that the events left is final.
func (m *landings) isFinal(height uint64) bool { return height <= m.final }

func (p place) String() string { return fmt.Sprintf("%s %s", p.tx, p.ref) }

// differences says in which places two maps differ.
func differences(got, want map[place]live) []string {
	var lines []string
	for p, d := range want {
		if g, there := got[p]; !there {
			lines = append(lines, fmt.Sprintf("%s is missing: want %+v", p, d))
		} else if g != d {
			lines = append(lines, fmt.Sprintf("%s is %+v, want %+v", p, g, d))
		}
	}
	for p, d := range got {
		if _, there := want[p]; !there {
			lines = append(lines, fmt.Sprintf("%s is there and must not be: %+v", p, d))
		}
	}
	slices.Sort(lines)
	return lines
}
