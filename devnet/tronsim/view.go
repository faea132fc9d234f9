package tronsim

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// view is what one question sees: the chain up to a block, and the state after it.
type view struct {
	*execution
	top int64 // no block above is seen
}

// look asks the head or the solidified block. What the question changes is undone.
func (s *Sim) look(solid bool, method string, ask func(v view)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chain
	top := c.head().number
	if method != "" { // not what the engine's own functions ask
		if lag := s.fires(Lag, method); lag != nil {
			top = max(0, top-lag.Blocks)
		}
	}
	if solid {
		top = min(top, c.consensus.solid)
	}
	// State is known from the solidified block on; pending changes are not part of it.
	at := max(top, c.consensus.solid)
	c.stateAt(at, func() {
		b := c.at(at)
		ask(view{top: top, execution: &execution{
			sim: s, chain: c, state: c.state, number: b.number + 1, time: b.time, head: b.time,
			pending: true, producer: AddressOf(s.producers[0]),
		}})
	})
}

// block finds a block that is seen.
func (v view) block(number int64) *block {
	if number > v.top {
		return nil
	}
	return v.chain.at(number)
}

// mined finds a transaction that is seen.
func (v view) mined(id []byte) (*block, int) {
	if len(id) != len(Hash{}) {
		return nil, 0
	}
	at, ok := v.chain.txs[Hash(id)]
	if !ok {
		return nil, 0
	}
	return v.block(at.number), at.index
}

// transaction is a mined transaction; empty if there is none.
func (v view) transaction(id []byte) *tronpb.Transaction {
	b, i := v.mined(id)
	if b == nil {
		return new(tronpb.Transaction)
	}
	return b.read().Transactions[i]
}

// transactionInfo is what became of it; empty if there is none.
func (v view) transactionInfo(id []byte) *tronpb.TransactionInfo {
	b, i := v.mined(id)
	if b == nil {
		return new(tronpb.TransactionInfo)
	}
	return b.readInfos()[i]
}

// extended is a block as the newer RPCs give it; empty if there is none.
func extended(b *block, detail bool) *tronpb.BlockExtention {
	if b == nil {
		return new(tronpb.BlockExtention)
	}
	m := b.read()
	e := &tronpb.BlockExtention{BlockHeader: m.BlockHeader, Blockid: bytesOf(b.id)}
	if !detail {
		return e
	}
	for i, tx := range m.Transactions {
		e.Transactions = append(e.Transactions, &tronpb.TransactionExtention{
			Transaction: tx, Txid: bytesOf(b.ids[i]), Result: answer(nil),
		})
	}
	return e
}

// bytesOf copies an id, so that nobody changes ours.
func bytesOf(id Hash) []byte { return id[:] }

// maxBlockPage is how many blocks one question gets.
const maxBlockPage = 100

// other gives the block below where the node lies about blocks.
func (v view) other(b *block, method string) *block {
	if b == nil || v.sim.fires(OtherBlock, method) == nil {
		return b
	}
	return v.chain.at(b.number - 1)
}

// page gives blocks from a height up to another, without it.
func (v view) page(from, to int64) *tronpb.BlockListExtention {
	list := new(tronpb.BlockListExtention)
	if from < 0 || to <= from || to-from > maxBlockPage {
		return list
	}
	for n := from; n < to; n++ {
		if b := v.block(n); b != nil {
			list.Block = append(list.Block, extended(b, true))
		}
	}
	return list
}

// find reads a height or an id; nothing stands for the head.
func (v view) find(idOrNumber string) (*block, error) {
	if idOrNumber == "" {
		return v.block(v.top), nil
	}
	if len(idOrNumber) == 2*len(Hash{}) {
		id, err := hex.DecodeString(idOrNumber)
		if err != nil {
			return nil, fmt.Errorf("id_or_num: %w", err)
		}
		b := v.chain.byID(id)
		if b == nil || b.number > v.top {
			return nil, nil
		}
		return b, nil
	}
	number, err := strconv.ParseInt(idOrNumber, 10, 64)
	if err != nil || number < 0 {
		return nil, fmt.Errorf("id_or_num %q: want a height or a block id in hex", idOrNumber)
	}
	return v.block(number), nil
}

// delegated lists what one account delegated to another: what may be taken back, and what
// is locked.
func (v view) delegated(from, to Address) *tronpb.DelegatedResourceList {
	list := new(tronpb.DelegatedResourceList)
	d := v.delegation(delegationKey{from, to})
	entry := func(amount, until [resources]int64) {
		if amount == [resources]int64{} {
			return
		}
		list.DelegatedResource = append(list.DelegatedResource, &tronpb.DelegatedResource{
			From: Wire(from), To: Wire(to),
			FrozenBalanceForBandwidth: amount[bandwidth], FrozenBalanceForEnergy: amount[energy],
			ExpireTimeForBandwidth: until[bandwidth], ExpireTimeForEnergy: until[energy],
		})
	}
	entry(d.free, [resources]int64{})
	entry(d.locked, d.until)
	return list
}

// partners lists who delegated to an account and to whom it delegated.
func (v view) partners(address Address) *tronpb.DelegatedResourceAccountIndex {
	index := &tronpb.DelegatedResourceAccountIndex{Account: Wire(address)}
	for key := range v.state.delegations {
		if key.to == address {
			index.FromAccounts = append(index.FromAccounts, Wire(key.from))
		}
		if key.from == address {
			index.ToAccounts = append(index.ToAccounts, Wire(key.to))
		}
	}
	slices.SortFunc(index.FromAccounts, slices.Compare)
	slices.SortFunc(index.ToAccounts, slices.Compare)
	return index
}

// priceList writes prices as "time:price,time:price".
func (v view) priceList(of func(price) int64) *tronpb.PricesResponseMessage {
	var text []byte
	last := int64(-1)
	for i, p := range v.chain.prices {
		if i > 0 && of(p) == last {
			continue
		}
		if i > 0 {
			text = append(text, ',')
		}
		last = of(p)
		text = fmt.Appendf(text, "%d:%d", p.from, last)
	}
	return &tronpb.PricesResponseMessage{Prices: string(text)}
}
