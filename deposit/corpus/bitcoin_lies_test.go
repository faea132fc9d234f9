package corpus_test

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/corpus"
)

// btcLies are cases of nodes that say something else of a block than what it is.
var btcLies = map[string]func(t *testing.T) *corpus.Case{
	"030-last-transaction-twice": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		m := b.mine("a1", "a0", b.pay(wire.NewTxOut(70_000, btcKeyNamed("stranger").p2wpkh())), tx)
		b.chain("a1", "a2", "a3")
		twice := m.msg.Copy()
		twice.Transactions = append(twice.Transactions, tx)
		if btcRootOf(twice) != m.msg.Header.MerkleRoot {
			t.Fatal("the roots differ")
		}
		b.lie("node", "a1", "getblock", hexOf(twice))
		return b.liar("The block with its last transaction twice", text(`The block has three transactions. The node gives four, the last one a second time. The
			merkle root is the same, because an odd hash is paired with itself: header, hash and work are those of the true block. Who checks
			the root and no more sees two payments.`),
			[]string{"CVE-2012-2459"}, "No list of transactions is believed of which another one has the same root.", b.paid("ann", tx, 0))
	},
	"031-inner-hashes-for-transactions": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		stranger := btcKeyNamed("stranger").p2wpkh()
		m := b.mine("a1", "a0", tx, b.pay(wire.NewTxOut(70_000, stranger)), b.pay(wire.NewTxOut(80_000, stranger)))
		b.chain("a1", "a2", "a3")
		var raw bytes.Buffer
		b.must(m.msg.Header.Serialize(&raw))
		raw.WriteByte(2)
		for i := 0; i < 4; i += 2 {
			left, right := m.msg.Transactions[i].TxHash(), m.msg.Transactions[i+1].TxHash()
			raw.Write(left[:])
			raw.Write(right[:])
		}
		b.lie("node", "a1", "getblock", hexBytes(raw.Bytes()))
		return b.liar("Inner hashes of the merkle tree in place of transactions", text(`The block has four transactions. The node gives two "transactions"
			of 64 bytes: the two pairs of hashes on the tree's second level. Their double hashes are that level, so the merkle root, the
			header and its work are right. With some 2^70 hashes of work such a pair is a transaction that pays somebody.`),
			[]string{"CVE-2017-12842 (transactions of 64 bytes); Sergio Lerner, \"Leaf-node weakness in Bitcoin Merkle tree design\", 2018"},
			"The first transaction of a block must be a coinbase, whose 36 bytes of zeros and ones no hash has; and all of a block is read, never a path of the tree.", b.paid("ann", tx, 0))
	},
	"032-another-witness": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		m := b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		other := m.msg.Copy()
		other.Transactions[1].TxIn[0].Witness[0] = highS(t, tx.TxIn[0].Witness[0])
		b.lie("node", "a1", "getblock", hexOf(other))
		return b.liar("A witness that the block does not commit to", text(`The node gives the block with another, valid signature in a witness. Ids, merkle root, header
			and work are right; the coinbase's commitment is to the true witness. Who does not check it can be shown scripts that were never run.`),
			[]string{"BIP-141: commitment structure"}, "Witnesses are compared with what the coinbase commits to.", b.paid("ann", tx, 0))
	},
	"033-no-witness": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		m := b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		bare := m.msg.Copy()
		for _, tx := range bare.Transactions {
			tx.TxIn[0].Witness = nil
		}
		b.lie("node", "a1", "getblock", hexOf(bare))
		return b.liar("The block without its witnesses", text(`The node gives the block as nodes from before 2017 see it. Everything that the header commits to is there. It pays
			the same; but whose coins were spent, and whether a witness allowed it, cannot be told from it.`),
			[]string{"BIP-144: blocks without witness serialisation"}, "The coinbase commits to witnesses and the block has none: these are not the block's bytes.", b.paid("ann", tx, 0))
	},
	"034-bytes-of-another-block": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		b.mine("a1", "a0")
		b.chain("a1", "a2", "a3")
		other := b.mine("b1", "a0", b.pay(wire.NewTxOut(150_000, ann)))
		b.lie("node", "a1", "getblock", other.raw())
		return b.liar("The bytes of another block", text(`Asked for a block by its hash, the node gives another block of the same height, which is real, has its work and is not
			part of the chain. It pays the watched address. Who does not hash what he gets credits it.`),
			[]string{"caches and proxies that answer with what they have; load balancers"}, "The bytes hash to another block than the one that was asked for.")
	},
	"035-header-of-another-block": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		b.mine("a1", "a0")
		b.chain("a1", "a2", "a3")
		other := b.mine("b1", "a0", b.pay(wire.NewTxOut(150_000, ann)))
		b.lie("node", "a1", "getblockheader", hexOf(&other.msg.Header))
		return b.liar("The header of another block", text(`Asked for a header by its hash, the node gives that of another block at the height. A reader that takes the hash out of the
			answer follows a branch that nobody else has.`),
			[]string{"caches and proxies that answer with what they have"}, "The header hashes to another block than the one that was asked for.")
	},
	"036-a-block-that-does-not-follow": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		b.mine("a1", "a0")
		b.chain("a1", "a2", "a3")
		b.mine("b1", "a0")
		other := b.mine("b2", "b1", b.pay(wire.NewTxOut(150_000, ann)))
		hash := other.hash().String()
		b.lie("node", "a2", "getblockhash", hash)
		b.lie("node", "a2", "getblock "+hash, other.raw())
		b.lie("node", "a2", "getblockheader "+hash, hexOf(&other.msg.Header))
		b.step("the block before", "a1", b.expect(nil))
		waits := b.expect(nil)
		waits.Chain = corpus.Waits
		b.step("the node says that a block of another branch follows", "a2", waits)
		b.step("the node tells the truth", "a3", b.expect(nil))
		b.truth("node")
		return b.finish(corpus.Case{
			Name: "A block that does not follow the one before",
			Trick: `Asked which block is at the next height, the node names one of another branch: real, with its work, of the right height,
				and its parent is not the block that the node itself says is below. It pays the watched address.`,
			Source: []string{"two nodes behind one address, on two branches"},
			Made:   madeByBTCD + " What the node says of the height is altered.",
			Why:    "A chain is linked by hashes. What does not follow is not read, and the node is asked again.",
		})
	},
	"037-a-branch-that-only-our-node-has": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		b.c.Nodes, b.c.Settings["witness"] = []string{"node", "witness"}, "witness"
		ann := b.user("ann")
		b.begin()
		b.chain("a0", "a1", "a2", "a3", "a4")
		tx := b.pay(wire.NewTxOut(150_000, ann))
		b.mine("c1", "a0", tx)
		b.chain("c1", "c2", "c3", "c4")
		d := btcIn(b.paid("ann", tx, 0), coffer.DepositCredited)
		b.step("the deposit is in the newest block of our node's branch", "c1", b.expect([]corpus.Deposit{d}))
		b.stand("witness", "a1")
		held := b.expect([]corpus.Deposit{d})
		held.Held = true
		b.step("final, says our node; the other one has another block there", "c3", held)
		b.stand("witness", "a3")
		b.step("and so it stays", "c4", held)
		b.stand("witness", "a4")
		return b.finish(corpus.Case{
			Name: "A branch that only our node has",
			Trick: `Whoever controls what our node hears (eclipse attack) mines a branch of its own, slowly, with the true work of the
				network's target, and pays the watched address in it. To that node it is final. The rest of the world has other blocks.`,
			Source: []string{"Heilman et al., \"Eclipse attacks on Bitcoin's peer-to-peer network\", 2015"},
			Why: `The work is real, so the deposit is credited; before anything is unlocked a second node must have the same block at
				the height, and it has not. It is held, and people are called.`,
		})
	},
	"039-one-of-two-nodes-lies": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		b.c.Nodes = []string{"node", "other"}
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		m := b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		other := m.msg.Copy()
		other.Transactions = other.Transactions[:1]
		btcCommit(other)
		b.lie("node", "a1", "getblock", hexOf(other))
		b.usual(b.paid("ann", tx, 0))
		return b.finish(corpus.Case{
			Name: "One of two nodes leaves a payment out",
			Trick: `The node that is asked first gives the block without the payment, its merkle root made to fit. The second node tells the
				truth. A reader that believes the first one misses the deposit; one that stops when a node lies can be stopped by one node.`,
			Source: []string{"nodes that somebody else runs"},
			Made:   madeByBTCD + " The lie is the true answer altered.",
			Why:    "The bytes hash to another block, so the next node is asked, and its bytes prove themselves.",
		})
	},
	"038-more-blocks-than-there-are": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.c.Assets[0].Unlock = 1 // what is final is deep enough
		b.begin()
		coin := b.faucet("segwit")
		honest := b.spend([]btcCoin{coin}, wire.NewTxOut(150_000, ann))
		theft := b.spend([]btcCoin{coin}, wire.NewTxOut(150_000, btcKeyNamed("stranger").p2wpkh()))
		m := b.mine("a1", "a0", honest)
		b.mine("b1", "a0", theft)
		b.chain("b1", "b2", "b3")
		b.lie("node", "a1", "getblockchaininfo", map[string]any{
			"chain": "regtest", "blocks": m.height + btcBaseInUse - 1, "headers": m.height + btcBaseInUse - 1, "bestblockhash": m.hash().String(),
			"initialblockdownload": false, "pruned": false,
		})
		d := b.paid("ann", honest, 0)
		b.step("the node says that there are two blocks above the deposit's", "a1", b.refusal("not proven"))
		b.step("the node tells the truth", "a1", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositCredited)}))
		b.truth("node")
		b.step("another branch wins", "b3", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositReversed)}))
		return b.finish(corpus.Case{
			Name: "More blocks than there are",
			Trick: `The deposit is in the newest block. The node says that the chain is two blocks higher (getblockchaininfo: blocks), so that by its
				count the deposit has three confirmations and is final. A number costs nothing; blocks cost work.`,
			Source: []string{"confirmations that are computed from a node's \"blocks\" or believed from its \"confirmations\""},
			Made:   madeByBTCD + " The number in the answer is altered.",
			Why:    "A block is final when so many blocks with their work stand on it, each naming the one below. Nobody may take out what is not.",
		})
	},
}

// liar is the rest of a case in which the node lies about block a1 and tells the truth later.
func (b *btcBench) liar(name, trick string, source []string, why string, deposits ...corpus.Deposit) *corpus.Case {
	b.t.Helper()
	b.step("the node lies about the newest block", "a1", b.refusal("not proven"))
	b.step("more blocks on top of it", "a2", b.refusal("not proven"))
	b.step("the node tells the truth", "a3", b.expect(deposits))
	b.truth("node")
	return b.finish(corpus.Case{Name: name, Trick: trick, Source: source, Made: madeByBTCD + " The lie is the true answer altered.", Why: why})
}

func btcRootOf(block *wire.MsgBlock) chainhash.Hash {
	var leaves []chainhash.Hash
	for _, tx := range block.Transactions {
		leaves = append(leaves, tx.TxHash())
	}
	return btcRoot(leaves)
}

// btcForgeries are cases of blocks that no node would take.
var btcForgeries = map[string]func(t *testing.T) *corpus.Case{
	"040-too-little-work": func(t *testing.T) *corpus.Case {
		return btcForged(t, func(b *btcBench, x *btcMined) {
			for btcMeets(&x.msg.Header) {
				x.msg.Header.Nonce++
			}
		}, corpus.Case{
			Name:   "A block without its work",
			Trick:  `The block is right in everything but its nonce: the hash does not meet the target that the header names. It costs nothing to make.`,
			Source: []string{"light clients that check no work"},
			Why:    "The hash must meet the target.",
		})
	},
	"041-an-easier-target": func(t *testing.T) *corpus.Case {
		return btcForged(t, func(b *btcBench, x *btcMined) {
			x.msg.Header.Bits = 0x2100ffff
		}, corpus.Case{
			Name:   "A block of an easier target",
			Trick:  `The header names a target that is easier than any of the network's, and its hash meets that one.`,
			Source: []string{"light clients that believe the target in the header"},
			Why:    "The target is not easier than the network allows, and not easier than the block before had (decision 24).",
		})
	},
	"042-a-target-that-is-not-the-parents": func(t *testing.T) *corpus.Case {
		return btcForged(t, func(b *btcBench, x *btcMined) {
			x.msg.Header.Bits = 0x207ffffe
			btcSolve(b.t, &x.msg.Header)
		}, corpus.Case{
			Name: "A block of another target than its parent's",
			Trick: `The header names a target that the network's limit allows and that the parent does not have. On mainnet a block at the limit
				costs seconds of one machine, against the work of all miners for the block before it.`,
			Source: []string{"difficulty bombs against light clients"},
			Why:    "Within 2016 blocks the target is the parent's: a made-up block costs what a true one does (decision 24).",
		})
	},
	"043-no-height-in-the-coinbase": func(t *testing.T) *corpus.Case {
		return btcForged(t, func(b *btcBench, x *btcMined) {
			x.msg.Transactions[0].TxIn[0].SignatureScript = []byte{txscript.OP_0, txscript.OP_DATA_2, 'h', 'i'}
			btcCommit(x.msg)
			btcSolve(b.t, &x.msg.Header)
		}, corpus.Case{
			Name:   "A coinbase that does not name its height",
			Trick:  `The coinbase does not begin with the block's height. With work done anywhere in the chain such a block could be shown at any height, and its coinbase could repeat an older one's id.`,
			Source: []string{"BIP-34; BIP-30: coinbases of blocks 91,842 and 91,880 repeat older ids"},
			Why:    "The height is the coinbase's word, which its work stands for; without it the block is not read.",
		})
	},
	"044-more-satoshi-than-there-are": func(t *testing.T) *corpus.Case {
		return btcForged(t, func(b *btcBench, x *btcMined) {
			out := x.msg.Transactions[1].TxOut
			out[0].Value, out[1].Value = 92_233_720_368_54277039, 92_233_720_368_54277039
			btcCommit(x.msg)
			btcSolve(b.t, &x.msg.Header)
		}, corpus.Case{
			Name:   "Amounts whose sum overflows",
			Trick:  `A transaction has two outputs of 92,233,720,368.54277039 BTC. Their sum overflows 64 bits and is small, so that a naive sum is less than what was spent. One of the outputs is the watched address's.`,
			Source: []string{"CVE-2010-5139: block 74,638, 184 billion BTC"},
			Why:    "No amount and no sum is above 21 million BTC.",
		})
	},
	"045-a-second-coinbase": func(t *testing.T) *corpus.Case {
		return btcForged(t, func(b *btcBench, x *btcMined) {
			second := x.msg.Transactions[0].Copy()
			second.TxOut = []*wire.TxOut{wire.NewTxOut(btcSubsidy, b.user("ann"))}
			second.TxIn[0].SignatureScript = append(second.TxIn[0].SignatureScript, txscript.OP_0)
			second.TxIn[0].Witness = nil
			x.msg.Transactions = append(x.msg.Transactions, second)
			btcCommit(x.msg)
			btcSolve(b.t, &x.msg.Header)
		}, corpus.Case{
			Name:   "A second coinbase",
			Trick:  `A block has two transactions that spend nothing. The second one pays the watched address; a reader for whom only the first transaction is a coinbase lets it be spent at once.`,
			Source: []string{"consensus: exactly one coinbase, the first transaction"},
			Why:    "A second coinbase makes the block invalid.",
		})
	},
	"046-a-witness-without-commitment": func(t *testing.T) *corpus.Case {
		return btcForged(t, func(b *btcBench, x *btcMined) {
			coinbase := x.msg.Transactions[0]
			coinbase.TxOut, coinbase.TxIn[0].Witness = coinbase.TxOut[:1], nil
			btcRehash(x.msg)
			btcSolve(b.t, &x.msg.Header)
		}, corpus.Case{
			Name:   "Witnesses that no coinbase commits to",
			Trick:  `The block's transactions have witnesses and its coinbase has no commitment: anybody on the way could have put others there.`,
			Source: []string{"BIP-141: \"unexpected-witness\""},
			Why:    "A block without a commitment has no witness.",
		})
	},
	"047-coins-that-do-not-exist": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		b.c.Nodes, b.c.Settings["witness"] = []string{"node", "witness"}, "witness"
		ann := b.user("ann")
		b.begin()
		nobody := btcCoin{at: wire.OutPoint{Hash: chainhash.DoubleHashH([]byte("no transaction")), Index: 0}, value: 1_000_000, script: btcKeyNamed("faucet").p2wpkh(), key: btcKeyNamed("faucet")}
		tx := b.spend([]btcCoin{nobody}, wire.NewTxOut(150_000, ann))
		x := b.build(btcKeyNamed("miner").p2wpkh(), "x1", "a0", tx)
		b.forge(x)
		why := b.lab.refuses(t, x.raw())
		if why == "" {
			t.Fatal("btcd takes the block")
		}
		b.forge(b.build(btcKeyNamed("miner").p2wpkh(), "x2", "x1"))
		b.forge(b.build(btcKeyNamed("miner").p2wpkh(), "x3", "x2"))
		b.chain("a0", "a1", "a2", "a3")
		d := btcIn(b.paid("ann", tx, 0), coffer.DepositCredited)
		held := b.expect([]corpus.Deposit{d})
		held.Held = true
		b.step("the forged block is the newest", "x1", b.expect([]corpus.Deposit{d}))
		b.stand("witness", "a1")
		b.step("it is final, says the node", "x3", held)
		b.stand("witness", "a3")
		return b.finish(corpus.Case{
			Name: "A block of true work that spends coins which do not exist",
			Trick: `The node is not ours, or not true, and shows a block with all the work of a miner's, in which a transaction spends an output
				that never was and pays the watched address. Only who keeps the set of all coins sees that.`,
			Source: []string{"SPV mining of July 2015: invalid blocks with work on top of them", "light clients trust miners"},
			Made:   forgedAfter + "the work of x1 is done, its coins are made up. btcd refuses it: " + why + ".",
			Why: `Decision 24: whether a transaction may spend its coins is the node's to check; the price of the lie is a miner's
				income per confirmation. It is credited and cannot be taken out: a second node has another block there.`,
		})
	},
	"049-mined-twice": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		b.mine("a1", "a0", tx)
		x := b.build(btcKeyNamed("miner").p2wpkh(), "x2", "a1", tx)
		b.forge(x)
		why := b.lab.refuses(t, x.raw())
		if why == "" {
			t.Fatal("btcd takes the block")
		}
		d := btcIn(b.paid("ann", tx, 0), coffer.DepositCredited)
		b.step("a deposit", "a1", b.expect([]corpus.Deposit{d}))
		halted := b.expect([]corpus.Deposit{d})
		halted.Chain, halted.Because = corpus.Halted, "contradiction"
		b.step("the next block has it again", "x2", halted)
		return b.finish(corpus.Case{
			Name: "The same transaction in two blocks of one chain",
			Trick: `A block with all its work holds a transaction that is in the block before already: its coins are spent. Who keys deposits by
				block and transaction credits it twice.`,
			Source: []string{"SPV mining of July 2015: invalid blocks with work on top of them", "CVE-2018-17144: one coin spent twice in a block"},
			Made:   forgedAfter + "x2 does its work. btcd refuses it: " + why + ".",
			Why: `One output cannot be live in two blocks, so the chain that the node shows is none. Decision 24: that is the node's to check,
				and it did not; deposits stand still, and a person looks.`,
		})
	},
	"048-a-transaction-of-64-bytes": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		b.user("ann")
		stranger := btcKeyNamed("stranger").p2wpkh()
		b.begin()
		anyone := b.spend([]btcCoin{b.faucet("legacy")}, wire.NewTxOut(60_000, []byte{txscript.OP_1}))
		small := wire.NewMsgTx(2)
		small.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: anyone.TxHash()}, Sequence: wire.MaxTxInSequenceNum})
		small.AddTxOut(wire.NewTxOut(50_000, []byte{txscript.OP_NOP, txscript.OP_NOP, txscript.OP_NOP, txscript.OP_1}))
		if small.SerializeSize() != 64 {
			t.Fatalf("%d bytes", small.SerializeSize())
		}
		b.mine("a1", "a0", anyone, small, b.pay(wire.NewTxOut(70_000, stranger)))
		b.chain("a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "A transaction of 64 bytes, really mined",
			Trick: `A transaction of exactly 64 bytes is in the block, as consensus allows (BIP-54 would end it). A proof by a path of the merkle
				tree can go on below it, as if its two halves were hashes of transactions, one of which pays the watched address.`,
			Source: []string{"CVE-2017-12842", "BIP-54"},
			Why:    "It is a transaction like others and pays nobody of ours. Nothing below a transaction is read: no paths are believed, all of the block is.",
		})
	},
}

// btcForged is a case of a block x1 that pays the watched address and is forged by one alteration,
// and of the true branch that wins in the end.
func btcForged(t *testing.T, alter func(b *btcBench, x *btcMined), words corpus.Case) *corpus.Case {
	t.Helper()
	b := newBTCBench(t)
	ann := b.user("ann")
	b.begin()
	tx := b.pay(wire.NewTxOut(150_000, ann), wire.NewTxOut(1000, btcKeyNamed("stranger").p2wpkh()))
	x := b.build(btcKeyNamed("miner").p2wpkh(), "x1", "a0", tx)
	alter(b, x)
	b.forge(x)
	why := b.lab.refuses(t, x.raw())
	if why == "" {
		t.Fatal("btcd takes the block")
	}
	b.forge(b.build(btcKeyNamed("miner").p2wpkh(), "x2", "x1"))
	b.chain("a0", "a1", "a2", "a3")
	b.step("the forged block is the newest one", "x1", b.refusal("not proven"))
	b.step("another one on top of it", "x2", b.refusal("not proven"))
	b.step("the node is on the true branch", "a3", b.expect(nil))
	words.Made = forgedAfter + "x1 by one alteration. btcd refuses it: " + why + "."
	return b.finish(words)
}
