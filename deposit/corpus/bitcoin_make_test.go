package corpus_test

import (
	"maps"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/corpus"
)

// btcMakers make the cases of deposit/testdata/corpus/btc, by file name.
var btcMakers = func() map[string]func(t *testing.T) *corpus.Case {
	all := map[string]func(t *testing.T) *corpus.Case{}
	for _, some := range []map[string]func(t *testing.T) *corpus.Case{btcMoney, btcScripts, btcForks, btcLies, btcForgeries} {
		maps.Copy(all, some)
	}
	return all
}()

// btcMoney are cases of outputs that pay the watched address.
var btcMoney = map[string]func(t *testing.T) *corpus.Case{
	"001-plain-deposit": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.usual(b.paid("ann", tx, 0))
		return b.finish(corpus.Case{
			Name: "A plain deposit",
			Trick: `No trick: somebody pays 0.0015 BTC. Whatever refuses everything passes all other cases of this corpus, and fails
				this one.`,
			Source: []string{"control"},
			Why:    "The output has exactly the script of the watched address, in a block that proves itself.",
		})
	},
	"002-three-outputs-of-one-transaction": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann, bob := b.user("ann"), b.user("bob")
		b.begin()
		tx := b.pay(wire.NewTxOut(20_000, ann), wire.NewTxOut(30_000, bob), wire.NewTxOut(20_000, ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.usual(b.paid("ann", tx, 0), b.paid("bob", tx, 1), b.paid("ann", tx, 2))
		return b.finish(corpus.Case{
			Name: "Three payments in one transaction",
			Trick: `One transaction pays ann twice the same amount and bob once, as batch payouts of exchanges do. Who keys a deposit by
				its transaction, or by transaction and address, or by transaction, address and amount, misses one or two of them.`,
			Source: []string{"facts of the field: peatio keys by transaction and output; Bridge.xyz demands the index of the output"},
			Why:    "A deposit is an output. Each has a place of its own, vout:<n>.",
		})
	},
	"003-parent-and-child-in-one-block": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann, bob := b.user("ann"), b.user("bob")
		stranger := btcKeyNamed("stranger")
		b.begin()
		parent := b.pay(wire.NewTxOut(500_000, stranger.p2wpkh()), wire.NewTxOut(40_000, ann))
		child := b.spend([]btcCoin{coinOf(parent, 0, stranger, "")}, wire.NewTxOut(60_000, bob))
		b.mine("a1", "a0", parent, child)
		b.chain("a1", "a2", "a3")
		b.usual(b.paid("ann", parent, 1), b.paid("bob", child, 0))
		return b.finish(corpus.Case{
			Name: "A chain of unconfirmed transactions that lands in one block",
			Trick: `A transaction pays ann, another one spends its change and pays bob; both waited in the pool and are in the same block.
				Who reads a block's spends before its outputs, or follows the coins of a block only when it is finished, gets
				it wrong.`,
			Source: []string{"chains of unconfirmed transactions, which pools allow up to 25 of"},
			Why:    "Both outputs are in a block. That one transaction spends the other says nothing about either.",
		})
	},
	"004-dust": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann, bob := b.user("ann"), b.user("bob")
		b.begin()
		tx := b.pay(wire.NewTxOut(999, ann), wire.NewTxOut(600, ann), wire.NewTxOut(1000, bob))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.usual(btcIn(b.paid("ann", tx, 0), coffer.DepositDust), btcIn(b.paid("ann", tx, 1), coffer.DepositDust), b.paid("bob", tx, 2))
		return b.finish(corpus.Case{
			Name: "Dust",
			Trick: `Ann gets two outputs, each below the minimum of 1000 satoshi, and bob one of exactly the minimum. Spending such crumbs
				costs more than they hold; who credits them can be made to pay fees for them, and who skips them without a word has
				books that never again equal the chain.`,
			Source: []string{"dusting attacks, 2018 and later", "peatio: \"Currently we just skip tiny deposits\""},
			Why: `Below the minimum nothing is credited, and two crumbs do not add up to a deposit. What is on the chain is booked: to
				suspense:dust.`,
		})
	},
	"005-zero-satoshi": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		b.mine("a1", "a0", b.pay(wire.NewTxOut(0, ann)))
		b.chain("a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "An output of nothing",
			Trick: `A transaction has an output of zero satoshi with the script of the watched address. Nodes do not relay it and miners may
				take it. Who counts outputs, or tells customers of each, shows a deposit that is none.`,
			Source: []string{"consensus allows outputs of zero; address poisoning uses transfers of nothing on every chain"},
			Why:    "Zero satoshi are no money.",
		})
	},
	"006-coinbase-before-and-after-it-matures": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		m := b.mineTo(ann, "a1", "a0")
		var names []string
		for i := 2; i <= 101; i++ {
			names = append(names, "a"+decimal(i))
		}
		b.chain("a1", names...)
		d := b.paid("ann", m.msg.Transactions[0], 0)
		waiting := btcIn(d, coffer.DepositConfirming)
		b.step("the block is the newest one", "a1", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositObserved)}))
		b.step("the block is final", "a3", b.expect([]corpus.Deposit{waiting}))
		b.step("99 confirmations", "a99", b.expect([]corpus.Deposit{waiting}))
		b.step("100 confirmations", "a100", b.expect([]corpus.Deposit{d}))
		return b.finish(corpus.Case{
			Name: "What a miner earned",
			Trick: `A miner has his coinbase pay the watched address, 25 or 50 BTC at once. Nobody may spend it for 100 blocks, however final
				its block is elsewhere. Who credits it like a payment lets the customer take out other customers' money meanwhile,
				and loses it when the block becomes stale, as one in some hundreds does.`,
			Source: []string{"coinbase maturity, consensus since 2009", "pools that pay miners out of the coinbase"},
			Why:    "What the chain lets nobody spend is not counted: it is credited with the hundredth confirmation.",
		})
	},
	"007-coinbase-of-a-stale-block": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		m := b.mineTo(ann, "a1", "a0")
		b.chain("a0", "b1", "b2", "b3")
		d := b.paid("ann", m.msg.Transactions[0], 0)
		b.step("the block is the newest one", "a1", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositObserved)}))
		b.step("another block won", "b3", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositOrphaned)}))
		return b.finish(corpus.Case{
			Name: "What a miner earned in a block that became stale",
			Trick: `A coinbase pays the watched address; then another block wins at its height. No transaction of the pool can bring the
				payment back: it existed in that block only.`,
			Source: []string{"stale blocks"},
			Why:    "It was observed and never credited: orphaned.",
		})
	},
	"008-waits-and-is-never-mined": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.spend([]btcCoin{b.faucetAt(25)}, wire.NewTxOut(150_000, ann))
		b.pooled("a0", tx)
		b.chain("a0", "a1", "a2", "a3")
		b.step("it waits", "a0", b.expect(nil))
		b.step("three blocks later", "a3", b.expect(nil))
		return b.finish(corpus.Case{
			Name: "A payment that waits and is never mined",
			Trick: `A transaction pays the watched address and waits in the pool (getrawmempool, getrawtransaction); the blocks that follow
				do not hold it. Who credits what he sees in the pool has given money away.`,
			Source: []string{"zero-confirmation payments"},
			Made:   madeByBTCD + " The pool's answer is cut to this transaction.",
			Why:    "Only blocks are read: what is in none did not happen.",
		})
	},
	"009-replaced-by-fee": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		coin := b.faucetAt(27)
		first := b.spend([]btcCoin{coin}, wire.NewTxOut(150_000, ann))
		second := b.spend([]btcCoin{coin}, wire.NewTxOut(150_000, btcKeyNamed("stranger").p2wpkh()), wire.NewTxOut(1_000_000, btcKeyNamed("stranger").p2wpkh()))
		second.TxOut[2].Value -= 5 * btcFee
		signBTC(t, b.wallet, second, []btcCoin{coin})
		b.pooled("a0", first, second)
		b.mine("a1", "a0", second)
		b.chain("a1", "a2", "a3")
		b.step("it waits", "a0", b.expect(nil))
		b.step("the replacement is mined", "a1", b.expect(nil))
		b.step("the block is final", "a3", b.expect(nil))
		return b.finish(corpus.Case{
			Name: "Replaced by fee",
			Trick: `A transaction pays the watched address and waits. Its sender replaces it (BIP-125) by one that spends the same coin, pays
				more to miners and nothing to us, and that one is mined.`,
			Source: []string{"BIP-125; full replacement by fee is the default since Bitcoin Core 28"},
			Made:   madeByBTCD + " btcd took the replacement into its pool in place of the first one. The pool's answer is cut to this transaction.",
			Why:    "The first transaction is in no block.",
		})
	},
}
