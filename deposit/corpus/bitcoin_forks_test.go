package corpus_test

import (
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/corpus"
)

// btcForks are cases of blocks that leave the chain.
var btcForks = map[string]func(t *testing.T) *corpus.Case{
	"020-double-spend-in-the-other-branch": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		coin := b.faucet("segwit")
		honest := b.spend([]btcCoin{coin}, wire.NewTxOut(150_000, ann))
		theft := b.spend([]btcCoin{coin}, wire.NewTxOut(150_000, btcKeyNamed("stranger").p2wpkh()))
		b.mine("a1", "a0", honest)
		b.chain("a1", "a2")
		b.mine("b1", "a0", theft)
		b.chain("b1", "b2", "b3", "b4")
		d := b.paid("ann", honest, 0)
		b.step("the deposit is two deep", "a2", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositCredited)}))
		b.step("a longer branch has the coin spent to somebody else", "b3", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositReversed)}))
		b.step("and it grows", "b4", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositReversed)}))
		return b.finish(corpus.Case{
			Name: "Double spend across a reorganisation",
			Trick: `The deposit is two blocks deep and credited when a longer branch wins, in which the same coin pays somebody else. The
				payment can never come back. Who credits for good at two confirmations, or never looks at a block again, has lost it.`,
			Source: []string{"51% attacks: Bitcoin Gold, May 2018 ($18 M, of exchanges); Ethereum Classic, January 2019", "Finney and Vector76 attacks"},
			Why:    "The block left after the deposit was credited: reversed, with an entry that takes every posting back. It was not final, so nobody could take it out.",
		})
	},
	"021-a-branch-of-equal-length-and-back": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		b.mine("a1", "a0", tx)
		b.mine("b1", "a0")
		b.chain("a1", "a2", "a3")
		d := b.paid("ann", tx, 0)
		b.step("the deposit is in the newest block", "a1", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositCredited)}))
		b.step("another block at the same height", "b1", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositReversed)}))
		b.step("the first one again", "a1", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositCredited)}))
		b.step("another block at the same height, again", "b1", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositReversed)}))
		b.step("the branch with the deposit grows", "a3", b.expect([]corpus.Deposit{d}))
		return b.finish(corpus.Case{
			Name: "A branch of equal length, and back, twice",
			Trick: `Two blocks at one height; a node that is asked shows the one, then the other, then the first again (two nodes behind one
				address do that all day). The height never changes. Who looks for a reorganisation only when the height falls or the
				parent does not fit sees none; who forgets the entries of the first time credits twice.`,
			Source: []string{"Blockbook: nodes behind a load balancer answer from different heads", "Safe's indexer: no protection of ERC-20 transfers until PR #1542 (2023)"},
			Why:    "Hashes are compared, not heights. The deposit is the same one each time: one transaction, one output.",
		})
	},
	"022-a-shorter-branch": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		b.mine("a1", "a0")
		b.mine("a2", "a1", tx)
		b.mine("b1", "a0")
		b.chain("b1", "b2", "b3", "b4")
		d := b.paid("ann", tx, 0)
		b.step("the deposit is in the newest block", "a2", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositCredited)}))
		b.step("a shorter branch", "b1", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositReversed)}))
		b.step("which grows", "b4", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositReversed)}))
		return b.finish(corpus.Case{
			Name: "A shorter branch",
			Trick: `The node's head falls by one and its hash is another one: an operator declared a block invalid, or the work of fewer blocks
				is more. Who takes a lower head for a node that lags waits, and keeps the credit.`,
			Source: []string{"the chain with the most work need not be the longest", "invalidateblock"},
			Why:    "At the lower height the node has another block than we do: that is no lag. The deposit's block left.",
		})
	},
	"023-the-chain-is-cut-and-comes-back": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		d := b.paid("ann", tx, 0)
		credited := []corpus.Deposit{btcIn(d, coffer.DepositCredited)}
		b.step("the deposit is in the newest block", "a1", b.expect(credited))
		waits := b.expect(credited)
		waits.Chain = corpus.Waits
		b.step("the node shows the block before", "a0", waits)
		b.step("and catches up", "a3", b.expect([]corpus.Deposit{d}))
		return b.finish(corpus.Case{
			Name: "A head that moves back and comes again",
			Trick: `The node shows the block below the deposit's and nothing else. It lags (it restarted, or another one answers), or the chain
				was cut. Who reverses at once and credits again when the block returns tells customers that their money came and
				went; who treats the block as a new one credits twice.`,
			Source: []string{"Blockbook: monotonic guard against answers of nodes that lag"},
			Why: `A lower head of the same chain contradicts nothing, so nothing is said until it grows. The deposit is not unlocked while
				it waits.`,
		})
	},
	"024-included-again-elsewhere": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann, bob := b.user("ann"), b.user("bob")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		other, third := b.pay(wire.NewTxOut(70_000, bob)), b.pay(wire.NewTxOut(80_000, btcKeyNamed("stranger").p2wpkh()))
		b.mine("a1", "a0", tx, other)
		b.mine("b1", "a0", third)
		b.mine("b2", "b1", other, tx)
		b.chain("b2", "b3", "b4")
		d, e := b.paid("ann", tx, 0), b.paid("bob", other, 0)
		both := []corpus.Deposit{d, e}
		b.step("two deposits", "a1", b.expect(in(coffer.DepositCredited, both)))
		b.step("a longer branch has them in its second block, in another order", "b2", b.expect(in(coffer.DepositCredited, both)))
		b.step("which is final", "b4", b.expect(both))
		return b.finish(corpus.Case{
			Name: "The same payments at another height and another place",
			Trick: `After a reorganisation the same two transactions are in a block one higher, in the other order and behind a third one. Who
				keys deposits by block, height or place in the block credits both again.`,
			Source: []string{"the trap of block-wide places: logIndex of EVM chains, positions of transactions"},
			Why:    "A deposit is (transaction, output). It was credited, taken back and credited: once.",
		})
	},
	"025-below-final": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		coin := b.faucet("segwit")
		honest := b.spend([]btcCoin{coin}, wire.NewTxOut(150_000, ann))
		theft := b.spend([]btcCoin{coin}, wire.NewTxOut(150_000, btcKeyNamed("stranger").p2wpkh()))
		b.mine("a1", "a0", honest)
		b.chain("a1", "a2", "a3")
		b.mine("b1", "a0", theft)
		b.chain("b1", "b2", "b3", "b4")
		d := b.paid("ann", honest, 0)
		b.step("the deposit is final", "a3", b.expect([]corpus.Deposit{d}))
		halted := b.expect([]corpus.Deposit{d})
		halted.Chain, halted.Because = corpus.Halted, "final block left"
		b.step("a longer branch without it", "b4", halted)
		return b.finish(corpus.Case{
			Name: "A double spend below what was final",
			Trick: `The deposit has the three confirmations that this operator calls final and is unlocked, perhaps withdrawn, when a longer
				branch wins in which its coin pays somebody else.`,
			Source: []string{"the fork of March 2013: 24 blocks (BIP-50)", "51% attacks: Verge, Bitcoin Gold, Ethereum Classic"},
			Why: `No program knows what is right then: the balance may be spent. The chain halts, nothing more is credited on it, and a
				person decides how the loss is booked.`,
		})
	},
	"026-txid-malleated": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		first := b.spend([]btcCoin{b.faucet("legacy")}, wire.NewTxOut(150_000, ann))
		second := first.Copy()
		in := second.TxIn[0]
		size := int(in.SignatureScript[0])
		signature := highS(t, in.SignatureScript[1:1+size])
		in.SignatureScript = append(append([]byte{byte(len(signature))}, signature...), in.SignatureScript[1+size:]...)
		if first.TxHash() == second.TxHash() {
			t.Fatal("the id did not change")
		}
		b.mine("a1", "a0", first)
		b.mine("b1", "a0", second)
		b.chain("b1", "b2", "b3")
		gone, d := b.paid("ann", first, 0), b.paid("ann", second, 0)
		b.step("the payment", "a1", b.expect([]corpus.Deposit{btcIn(gone, coffer.DepositCredited)}))
		b.step("a longer branch with the same payment under another id", "b2", b.expect([]corpus.Deposit{btcIn(gone, coffer.DepositReversed), btcIn(d, coffer.DepositCredited)}))
		b.step("which is final", "b3", b.expect([]corpus.Deposit{btcIn(gone, coffer.DepositReversed), d}))
		return b.finish(corpus.Case{
			Name: "The same payment under another transaction id",
			Trick: `A legacy payment is in a block. In the branch that wins, the same payment is there with its signature's S negated, which
				anybody can do without a key: the inputs, the outputs and the amount are the same, the id is not. Who waits for the id he
				knows misses the deposit; who credits the new id and keeps the old one credits twice.`,
			Source: []string{"Mt. Gox, February 2014; transaction malleability (BIP-62)"},
			Why:    "The first id left with its block and its credit was reversed; the second one is a deposit of its own. Once, in every branch.",
		})
	},
	"027-witness-malleated": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		first := b.pay(wire.NewTxOut(150_000, ann))
		second := first.Copy()
		second.TxIn[0].Witness[0] = highS(t, second.TxIn[0].Witness[0])
		if first.TxHash() != second.TxHash() || first.WitnessHash() == second.WitnessHash() {
			t.Fatal("want the same id and another witness")
		}
		b.mine("a1", "a0", first)
		b.mine("b1", "a0", second)
		b.chain("b1", "b2", "b3")
		d := b.paid("ann", first, 0)
		b.step("the payment", "a1", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositCredited)}))
		b.step("a longer branch has it with another witness", "b2", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositCredited)}))
		b.step("which is final", "b3", b.expect([]corpus.Deposit{d}))
		return b.finish(corpus.Case{
			Name: "The same transaction with another witness",
			Trick: `A payment is in a block. In the branch that wins it has another witness (S negated): the same id, another wtxid, other
				bytes. Who keys by wtxid, or by a hash of the raw bytes, credits twice.`,
			Source: []string{"BIP-141: a witness is not part of the transaction's id"},
			Why:    "One id, one output, one deposit.",
		})
	},
}

// highS negates the S of a signature in DER with its type of hash: it stays valid, and is as
// old nodes and miners take it.
func highS(t *testing.T, signature []byte) []byte {
	t.Helper()
	raw, kind := signature[:len(signature)-1], signature[len(signature)-1]
	if kind != byte(txscript.SigHashAll) {
		t.Fatalf("a signature of type %d", kind)
	}
	return append(negated(t, raw), kind)
}
