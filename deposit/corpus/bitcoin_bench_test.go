package corpus_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/utxo"
)

const (
	btcFee       = 10_000 // satoshi, of every transaction
	madeByBTCD   = "Mined by the program that wrote this file, taken by a real btcd (regtest), and recorded from it as it answers."
	forgedAfter  = "The other blocks are mined and recorded from a real btcd (regtest); those whose names begin with x are forged: "
	btcBaseInUse = 3 // blocks of the shared chain that a case shows: as many as make one final
)

// btcBench is what a case of Bitcoin is made with.
type btcBench struct {
	bench
	lab    *btcLab
	wallet btcWallet
	mined  map[string]*btcMined
	coins  map[string]int // how many of each kind were spent
	first  []*btcMined    // above the shared chain

	recorded func(m *btcMined, said corpus.Answers) // adds what else is said of a block; nil: nothing
}

// newBTCBench locks the node until the test ends.
func newBTCBench(t *testing.T) *btcBench {
	t.Helper()
	return newCoinBench(t, false)
}

func newCoinBench(t *testing.T, nested bool) *btcBench {
	t.Helper()
	btcShared.Lock()
	t.Cleanup(btcShared.Unlock)
	btcShared.start(t)
	b := &btcBench{
		bench: newBench(t, utxo.Regtest.Chain(), map[string]string{"confirmations": fmt.Sprint(btcBaseInUse)}), lab: &btcShared,
		wallet: newBTCWallet(t, nested), mined: map[string]*btcMined{}, coins: map[string]int{},
	}
	b.c.Settings["descriptor"] = b.wallet.String()
	b.c.Made = madeByBTCD
	b.c.Assets = []corpus.Asset{{ID: utxo.Regtest.Native(), Symbol: "BTC", Decimals: 8, Minimum: coffer.NewAmount(1000), Credit: 1, Unlock: 3}}
	t.Cleanup(func() { // the next case begins where this one did
		for _, m := range b.first {
			b.lab.call(t, nil, "invalidateblock", m.hash().String())
		}
	})
	return b
}

// begin shows the end of the shared chain, the last block of it as a0.
func (b *btcBench) begin() {
	b.t.Helper()
	base := b.lab.base[len(b.lab.base)-btcBaseInUse:]
	parent := ""
	for i, m := range base {
		name := fmt.Sprintf("before-%d", len(base)-1-i)
		if i == len(base)-1 {
			name = "a0"
		}
		shown := *m
		shown.name = name
		if i > 0 {
			shown.parent = b.mined[parent]
		}
		b.mined[name] = &shown
		block := b.record(&shown, parent)
		if i == 0 {
			header, err := b.ask("getblockheader", m.parent.hash().String(), false)
			b.must(err)
			block.Said["getblockheader "+m.parent.hash().String()] = header
		}
		parent = name
	}
	b.step("before the trick", "a0", nil)
}

// step goes on to a head. The block is final that has as many confirmations as are asked for.
func (b *btcBench) step(note, head string, expect *corpus.Expect) {
	b.t.Helper()
	b.bench.step(note, head, b.final(head), expect)
}

func (b *btcBench) final(head string) string {
	m := b.mined[head]
	for range btcBaseInUse - 1 {
		if m != nil {
			m = b.mined[m.parent.name]
		}
	}
	if m == nil {
		return ""
	}
	return m.name
}

// usual are the steps of a trick in block a1: in the newest block, and when it is final and
// three deep. The deposits are as they are in the end.
func (b *btcBench) usual(deposits ...corpus.Deposit) {
	b.t.Helper()
	b.step("the block is the newest one", "a1", b.expect(in(coffer.DepositCredited, deposits)))
	b.step("the block is final", "a3", b.expect(deposits))
}

// stand says that a node stands elsewhere in the last step.
func (b *btcBench) stand(node, head string) {
	s := &b.c.Steps[len(b.c.Steps)-1]
	if s.Nodes == nil {
		s.Nodes = map[string]corpus.Viewpoint{}
	}
	s.Nodes[node] = corpus.Viewpoint{Head: head, Final: b.final(head)}
}

// truth says that a node lies no more from the last step on.
func (b *btcBench) truth(nodes ...string) { b.c.Steps[len(b.c.Steps)-1].Truth = nodes }

// user is the output script of an account's watched address; accounts get the paths 0/1, 0/2, …
// in the order in which they are named first.
func (b *btcBench) user(account string) []byte {
	b.t.Helper()
	for i, a := range b.c.Accounts {
		if a.Account == account {
			return b.wallet.at(b.t, fmt.Sprintf("0/%d", i+1)).Output
		}
	}
	script := b.wallet.at(b.t, fmt.Sprintf("0/%d", len(b.c.Accounts)+1))
	b.watch(account, script.Address)
	return script.Output
}

// mine makes a block of transactions above another one, and has the node take it.
func (b *btcBench) mine(name, parent string, txs ...*wire.MsgTx) *btcMined {
	b.t.Helper()
	return b.mineTo(btcKeyNamed("miner").p2wpkh(), name, parent, txs...)
}

func (b *btcBench) mineTo(owner []byte, name, parent string, txs ...*wire.MsgTx) *btcMined {
	b.t.Helper()
	m := b.build(owner, name, parent, txs...)
	b.take(m)
	return m
}

// build makes a block that nobody has seen.
func (b *btcBench) build(owner []byte, name, parent string, txs ...*wire.MsgTx) *btcMined {
	b.t.Helper()
	above := b.mined[parent]
	if above == nil {
		b.t.Fatalf("there is no block %q", parent)
	}
	m := &btcMined{name: name, parent: above, height: above.height + 1}
	m.msg = btcTemplate(above, owner, b.t.Name()+" "+name, txs)
	btcSolve(b.t, &m.msg.Header)
	b.mined[name] = m
	return m
}

// take gives the node a block, and records it.
func (b *btcBench) take(m *btcMined) *corpus.Block {
	b.t.Helper()
	b.lab.submit(b.t, m)
	if m.parent.name == "a0" {
		b.first = append(b.first, m)
	}
	return b.record(m, m.parent.name)
}

// chain mines empty blocks above another one.
func (b *btcBench) chain(parent string, names ...string) {
	b.t.Helper()
	for _, name := range names {
		b.mine(name, parent)
		parent = name
	}
}

// record asks the node for a block that it has.
func (b *btcBench) record(m *btcMined, parent string) *corpus.Block {
	b.t.Helper()
	block, err := b.ask("getblock", m.hash().String(), 0)
	b.must(err)
	header, err := b.ask("getblockheader", m.hash().String(), false)
	b.must(err)
	said := corpus.Answers{"getblock": block, "getblockheader": header}
	if b.recorded != nil {
		b.recorded(m, said)
	}
	return b.add(m, parent, said)
}

// forge adds a block that no node would take. The answers are those of a node that lies.
func (b *btcBench) forge(m *btcMined) *corpus.Block {
	b.t.Helper()
	header := hexOf(&m.msg.Header)
	return b.add(m, m.parent.name, corpus.Answers{"getblock": btcText(m.raw()), "getblockheader": btcText(header)})
}

func (b *btcBench) add(m *btcMined, parent string, said corpus.Answers) *corpus.Block {
	b.c.Blocks = append(b.c.Blocks, corpus.Block{Name: m.name, Parent: parent, Height: uint64(m.height), Hash: utxo.HashOf(m.hash()), Said: said})
	return &b.c.Blocks[len(b.c.Blocks)-1]
}

func (b *btcBench) ask(method string, params ...any) (json.RawMessage, error) {
	var result json.RawMessage
	err := b.lab.node.Call(b.t.Context(), &result, method, params...)
	return result, err
}

// lie has one node say something else of a block.
func (b *btcBench) lie(node, block, answer string, instead any) {
	b.t.Helper()
	text, err := json.Marshal(instead)
	b.must(err)
	for i := range b.c.Blocks {
		if at := &b.c.Blocks[i]; at.Name == block {
			if at.Instead == nil {
				at.Instead = map[string]corpus.Answers{}
			}
			if at.Instead[node] == nil {
				at.Instead[node] = corpus.Answers{}
			}
			at.Instead[node][answer] = text
			return
		}
	}
	b.t.Fatalf("there is no block %q", block)
}

func btcText(text string) json.RawMessage { return json.RawMessage(`"` + text + `"`) }

// faucet is the next coin of the shared chain: what odd blocks earned is P2WPKH, what even ones
// did P2PKH.
func (b *btcBench) faucet(kind string) btcCoin {
	b.t.Helper()
	height := 1 + 2*b.coins[kind]
	if kind == "legacy" {
		height = 4 + 2*b.coins[kind] // what block 2 earned pays for the messages of the Omni Layer
	}
	b.coins[kind]++
	if height+100 > len(b.lab.base) {
		b.t.Fatal("the shared chain has no such coin left")
	}
	return coinOf(b.lab.base[height].msg.Transactions[0], 0, btcKeyNamed("faucet"), "")
}

// faucetAt is a coin of the shared chain that cases spend who leave something in the node's
// pool: no other case's transaction may be in its way.
func (b *btcBench) faucetAt(height int) btcCoin {
	return coinOf(b.lab.base[height].msg.Transactions[0], 0, btcKeyNamed("faucet"), "")
}

// pooled gives a transaction to the node's pool, which shows it while a block is the newest, and
// then those that replace it there, one after the other. A pool that has the last one saw all of
// them in an earlier run of this process.
func (b *btcBench) pooled(block string, tx *wire.MsgTx, by ...*wire.MsgTx) {
	b.t.Helper()
	all := append([]*wire.MsgTx{tx}, by...)
	if !slices.Contains(b.pool(), all[len(all)-1].TxHash().String()) {
		for i, one := range all {
			b.lab.call(b.t, nil, "sendrawtransaction", hexOf(one))
			if ids := b.pool(); !slices.Contains(ids, one.TxHash().String()) || i > 0 && slices.Contains(ids, all[i-1].TxHash().String()) {
				b.t.Fatalf("the pool holds %v after transaction %s", ids, one.TxHash())
			}
		}
	}
	id := tx.TxHash().String()
	for _, at := range b.c.Blocks {
		if at.Name == block {
			at.Said["getrawmempool"] = json.RawMessage(`["` + id + `"]`)
			at.Said["getrawtransaction "+id] = btcText(hexOf(tx))
		}
	}
}

func (b *btcBench) pool() (ids []string) {
	b.t.Helper()
	b.lab.call(b.t, &ids, "getrawmempool")
	return ids
}

// without takes a line of the books out of a verdict.
func (b *btcBench) without(e *corpus.Expect, code string) {
	e.House = slices.DeleteFunc(e.House, func(line corpus.Line) bool { return line.Code == code })
}

func decimal(n int) string { return fmt.Sprint(n) }

// pay is a transaction of a coin of the faucet's, with the change last.
func (b *btcBench) pay(outs ...*wire.TxOut) *wire.MsgTx {
	b.t.Helper()
	return b.spend([]btcCoin{b.faucet("segwit")}, outs...)
}

// spend is a transaction of coins. What is left is the faucet's.
func (b *btcBench) spend(coins []btcCoin, outs ...*wire.TxOut) *wire.MsgTx {
	b.t.Helper()
	tx := wire.NewMsgTx(2)
	sum := int64(-btcFee)
	for _, coin := range coins {
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: coin.at, Sequence: wire.MaxTxInSequenceNum - 2})
		sum += coin.value
	}
	for _, out := range outs {
		tx.AddTxOut(out)
		sum -= out.Value
	}
	if sum > 1000 {
		tx.AddTxOut(wire.NewTxOut(sum, btcKeyNamed("faucet").p2wpkh()))
	}
	if sum < 0 {
		b.t.Fatalf("%d satoshi too much are paid", -sum)
	}
	signBTC(b.t, b.wallet, tx, coins)
	return tx
}

// paid is a deposit of bitcoin that is unlocked in the end.
func (b *btcBench) paid(account string, tx *wire.MsgTx, output int) corpus.Deposit {
	return corpus.Deposit{
		Account: account, Asset: utxo.Regtest.Native(), Tx: utxo.HashOf(tx.TxHash()), Ref: fmt.Sprintf("vout:%d", output),
		Amount: coffer.NewAmount(uint64(tx.TxOut[output].Value)), State: coffer.DepositUnlocked,
	}
}

// refusal is the verdict where the chain stands still before a block, with these deposits so far.
func (b *btcBench) refusal(because string, deposits ...corpus.Deposit) *corpus.Expect {
	b.t.Helper()
	e := b.expect(deposits)
	e.Chain, e.Because = corpus.Refused, because
	return e
}

// btcIn is a deposit in another state.
func btcIn(d corpus.Deposit, state coffer.DepositState) corpus.Deposit {
	d.State = state
	return d
}
