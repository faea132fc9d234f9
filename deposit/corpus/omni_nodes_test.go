package corpus_test

import (
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/utxo"
)

// omniNodes are cases of what Omni Core nodes say, and of blocks that leave the chain.
var omniNodes = map[string]func(t *testing.T) *corpus.Case{
	"020-a-send-that-another-branch-makes-invalid": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		paid := b.from("alice", b.simple(omniUSDT, 25*omniUnit), b.change("alice"), marker(btcKeyNamed("mallory").p2pkh()))
		sent := b.from("mallory", b.simple(omniUSDT, 25*omniUnit), b.change("mallory"), marker(ann))
		b.mine("a1", "a0", paid)
		b.mine("a2", "a1", sent)
		b.mine("b1", "a0")
		b.mine("b2", "b1", sent)
		b.chain("b2", "b3", "b4")
		d, crumb := b.moved("ann", sent, 25*omniUnit), b.crumb("ann", sent, 2)
		b.step("mallory has 25 and sends them", "a2", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositCredited), crumb}))
		reversed := []corpus.Deposit{btcIn(d, coffer.DepositReversed), crumb}
		b.step("a longer branch, in which he never got them", "b3", b.expect(reversed))
		b.step("and it is final", "b4", b.expect(reversed))
		return b.finish(corpus.Case{
			Name: "A send that another branch makes invalid",
			Trick: `Mallory gets 25 USDT in one block and sends them to the watched address in the next. In the branch that wins, the block in which
				he got them is not there, and his transaction is: the same bytes, the same id, mined at the same height, and
				invalid. Who follows transactions through reorganisations by their id keeps the credit.`,
			Source: []string{"Omni Layer: validity follows from every message before"},
			Why: `A message is asked about in its block. In the new one it is invalid: the credit was reversed and does not come back; the 546
				satoshi that it carries do.`,
		})
	},
	"021-a-node-on-another-branch": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.from("alice", b.simple(omniUSDT, 25*omniUnit), b.change("alice"), marker(ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.mine("b1", "a0")
		b.step("one Omni Core node has another block at the height", "a1", b.refusal("omni not ready"))
		b.stand("omni-b", "b1")
		all := []corpus.Deposit{b.moved("ann", tx, 25*omniUnit), b.crumb("ann", tx, 2)}
		b.step("it changes over", "a3", b.expect(all))
		return b.finish(corpus.Case{
			Name: "An Omni Core node on another branch",
			Trick: `The block is in the chain of one Omni Core node. The other one has another block at the height: what it says of any
				transaction is about another history.`,
			Source: []string{"omni_gettransaction speaks of the node's own chain"},
			Why:    "A block with messages is read when it is in the chain of every Omni Core node, before and after the questions (decision 28).",
		})
	},
	"022-a-node-that-is-behind": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.from("alice", b.simple(omniUSDT, 25*omniUnit), b.change("alice"), marker(ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.step("both Omni Core nodes are a block behind", "a1", b.refusal("omni not ready"))
		b.stand("omni-a", "a0")
		b.stand("omni-b", "a0")
		b.step("one has read it", "a2", b.refusal("omni not ready"))
		b.stand("omni-b", "a0")
		all := []corpus.Deposit{b.moved("ann", tx, 25*omniUnit), b.crumb("ann", tx, 2)}
		b.step("both have", "a3", b.expect(all))
		return b.finish(corpus.Case{
			Name: "Omni Core is behind",
			Trick: `Bitcoin's node has the block and Omni Core does not, for seconds every day and for days after a restart. Who reads the block
				then finds no tokens in it, moves on and never looks again.`,
			Source: []string{"Omni Core parses blocks after Bitcoin's part of it has them"},
			Why:    "What was left out of a block cannot be added later, so the block waits (decision 28).",
		})
	},
	"023-bitcoin-needs-no-omni-core": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		d := b.paid("ann", tx, 0)
		b.step("the block is the newest one", "a1", b.expect([]corpus.Deposit{btcIn(d, coffer.DepositCredited)}))
		b.stand("omni-a", "a0")
		b.stand("omni-b", "a0")
		b.step("the block is final", "a3", b.expect([]corpus.Deposit{d}))
		b.stand("omni-a", "a0")
		b.stand("omni-b", "a0")
		return b.finish(corpus.Case{
			Name:   "Bitcoin while Omni Core stands still",
			Trick:  "No trick: bitcoin is paid to the watched address while no Omni Core node has the block. Nothing in the block could move tokens.",
			Source: []string{"control"},
			Why:    "Only blocks with messages that might move the property wait for Omni Core (decision 28).",
		})
	},
	"024-a-node-that-calls-it-valid": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.from("mallory", b.simple(omniUSDT, 25*omniUnit), b.change("mallory"), marker(ann))
		b.mine("a1", "a0", tx)
		said := b.said("a1", tx)
		delete(said, "invalidreason")
		said["valid"], said["divisible"], said["amount"] = true, true, "25.00000000"
		b.lie("omni-a", "a1", "omni_gettransaction "+tx.TxHash().String(), said)
		b.chain("a1", "a2", "a3")
		return b.between("One of two nodes calls an invalid send valid", text(`Mallory has no property 31 and sends 25. One Omni Core node says valid: true; it is another's, was changed, or has a database
			that is broken. The other one says that he has too little.`),
			"The nodes disagree, so one of them is wrong about all that follows: the block waits, and nothing is credited.", b.crumb("ann", tx, 2))
	},
	"025-a-node-that-calls-it-invalid": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.from("alice", b.simple(omniUSDT, 25*omniUnit), b.change("alice"), marker(ann))
		b.mine("a1", "a0", tx)
		said := b.said("a1", tx)
		said["valid"], said["invalidreason"] = false, "Sender has insufficient balance"
		b.lie("omni-b", "a1", "omni_gettransaction "+tx.TxHash().String(), said)
		b.chain("a1", "a2", "a3")
		return b.between("One of two nodes calls a valid send invalid", text(`Alice sends 25 of her 1000. One Omni Core node says that she has too little. Who believes whichever node says no misses the
			deposit for good.`),
			"The nodes disagree: the block waits until they agree, and the deposit is not lost.", b.moved("ann", tx, 25*omniUnit), b.crumb("ann", tx, 2))
	},
	"026-valid-in-another-block": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.from("alice", b.simple(omniUSDT, 25*omniUnit), b.change("alice"), marker(ann))
		b.mine("a1", "a0", tx)
		other := b.mine("b1", "a0")
		said := b.said("a1", tx)
		said["blockhash"] = other.hash().String()
		for _, node := range []string{"omni-a", "omni-b"} {
			b.lie(node, "a1", "omni_gettransaction "+tx.TxHash().String(), said)
		}
		b.chain("a1", "a2", "a3")
		b.step("the nodes say that it is valid, in another block", "a1", b.refusal("omni not ready"))
		b.step("they know the block", "a3", b.expect([]corpus.Deposit{b.moved("ann", tx, 25*omniUnit), b.crumb("ann", tx, 2)}))
		b.truth("omni-a", "omni-b")
		return b.finish(corpus.Case{
			Name: "Valid in a block that is not the one that is read",
			Trick: `The nodes say valid: true, with the right sender, reference and amount, and the hash of another block at the height: they answer
				from a branch that was theirs a moment ago. Its history may be another one.`,
			Source: []string{"omni_gettransaction during a reorganisation"},
			Made:   madeByOmni + " The hash of the block in the answers is altered.",
			Why:    "An answer about another block is no answer about this one.",
		})
	},
	"027-an-amount-that-the-payload-does-not-say": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.from("alice", b.simple(omniUSDT, 1*omniUnit), b.change("alice"), marker(ann))
		other := b.from("alice", b.simple(omniUSDT, 2*omniUnit), b.change("alice"), marker(btcKeyNamed("stranger").p2pkh()))
		b.mine("a1", "a0", tx, other)
		more, elsewhere := b.said("a1", tx), b.said("a1", other)
		more["amount"], elsewhere["referenceaddress"] = "900.00000000", b.addressOf("ann")
		for _, node := range []string{"omni-a", "omni-b"} {
			b.lie(node, "a1", "omni_gettransaction "+tx.TxHash().String(), more)
			b.lie(node, "a1", "omni_gettransaction "+other.TxHash().String(), elsewhere)
		}
		b.chain("a1", "a2", "a3")
		b.usual(b.crumb("ann", tx, 2))
		return b.finish(corpus.Case{
			Name: "Both nodes say another amount and another recipient than the payload",
			Trick: `Alice sends 1 to the watched address and 2 to a stranger. Both Omni Core nodes (of one operator, who lies) say that the first
				send is of 900, and that the recipient of the second one is the watched address.`,
			Source: []string{"a compromised Omni Core node; nodes behind one explorer's API"},
			Made:   madeByOmni + " The answers of both nodes are altered.",
			Why: `Decision 28: a transfer counts when the proven block and Omni Core say the same. Where they differ it is left out and people
				are told. Whoever lies so can withhold the 1 that was paid, and cannot make up 899.`,
		})
	},
	"028-another-property-called-31": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.from("mallory", b.simple(omniOther, 500*omniUnit), b.change("mallory"), marker(ann))
		b.mine("a1", "a0", tx)
		said := b.said("a1", tx)
		said["propertyid"] = omniUSDT
		for _, node := range []string{"omni-a", "omni-b"} {
			b.lie(node, "a1", "omni_gettransaction "+tx.TxHash().String(), said)
		}
		b.chain("a1", "a2", "a3")
		b.usual(b.crumb("ann", tx, 2))
		return b.finish(corpus.Case{
			Name:   "Both nodes say that a send of property 32 is one of 31",
			Trick:  "Mallory sends 500 of his own property. Both Omni Core nodes say propertyid: 31 of it, valid: true.",
			Source: []string{"a compromised Omni Core node"},
			Made:   madeByOmni + " The answers of both nodes are altered.",
			Why:    "The payload in the proven block is of property 32; nobody is asked about it.",
		})
	},
}

// omniOthers are cases of what the Omni Layer does besides messages of class C.
var omniOthers = map[string]func(t *testing.T) *corpus.Case{
	"019-our-address-is-frozen": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		target, err := utxo.OmniTarget(utxo.Regtest, b.addressOf("ann"))
		b.must(err)
		b.begin()
		tx := b.from("alice", b.simple(omniUSDT, 25*omniUnit), b.change("alice"), marker(ann))
		b.mine("a1", "a0", tx)
		b.mine("a2", "a1",
			b.from("issuer", wire.NewTxOut(0, omniScript(t, utxo.OmniFreezing{Property: omniUSDT, Enable: true})), b.change("issuer")),
			b.from("issuer", wire.NewTxOut(0, omniScript(t, utxo.OmniFreeze{Property: omniUSDT, Target: target})), b.change("issuer")))
		b.chain("a2", "a3")
		b.usual(b.moved("ann", tx, 25*omniUnit), b.crumb("ann", tx, 2))
		return b.finish(corpus.Case{
			Name: "The watched address is frozen behind the deposit",
			Trick: `Tokens arrive, and in the next block the issuer freezes the watched address: the sender's money was stolen. The tokens are there
				and cannot be moved, so a customer who takes his balance out takes other customers' tokens.`,
			Source: []string{"Tether freezes on Omni since 2017; freezes across all of its chains"},
			Why: `The deposit happened, and a freeze is no transfer (decision 28): it is credited. That its tokens cannot be moved shows when the
				sweep finds them frozen. Who wants to know earlier screens the sender.`,
		})
	},
	"029-class-b": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		alice := btcKeyNamed("alice")
		data := append([]byte{33}, append([]byte{2}, make([]byte, 32)...)...)
		bare := append([]byte{txscript.OP_1, 33}, alice.public()...)
		bare = append(append(bare, data...), txscript.OP_2, txscript.OP_CHECKMULTISIG)
		exodus, err := utxo.ScriptOf(utxo.Regtest, "mpexoDuSkGGqvqrkrjiFng38QPkJQVFyqv")
		b.must(err)
		b.begin()
		tx := b.from("alice", marker(exodus), wire.NewTxOut(2000, bare), marker(ann))
		b.mine("a1", "a0", tx)
		id := tx.TxHash().String()
		for _, node := range []string{"omni-a", "omni-b"} {
			b.lie(node, "a1", "omni_listblocktransactions", []string{id})
			b.lie(node, "a1", "omni_gettransaction "+id, map[string]any{
				"txid": id, "sendingaddress": b.addressOfScript(alice.p2pkh()), "referenceaddress": b.addressOf("ann"), "version": 0, "type_int": 0, "type": "Simple Send",
				"propertyid": omniUSDT, "divisible": true, "amount": "25.00000000", "valid": true, "blockhash": b.mined["a1"].hash().String(), "block": b.mined["a1"].height,
			})
		}
		b.chain("a1", "a2", "a3")
		b.usual(b.crumb("ann", tx, 2))
		return b.finish(corpus.Case{
			Name: "A message of class B",
			Trick: `Until 2014 messages stood in the keys of bare multisig outputs, beside an output to the address of the first sale, and Omni Core
				still reads them. Here it says that one moved 25 to the watched address; whether the obfuscated keys say so too takes another
				reader to tell.`,
			Source: []string{"Omni Layer specification, class B"},
			Made:   madeByOmni + " The simulator reads no class B: the answers of both nodes are written by hand, and the keys hold no payload.",
			Why: `Decision 28: classes A and B are not read, so Omni Core alone would be the witness. Nobody's wallet makes them; a true one has to
				be credited by a person.`,
		})
	},
}

// between is the rest of a case in which one of two Omni Core nodes lies about block a1.
func (b *omniBench) between(name, trick, why string, deposits ...corpus.Deposit) *corpus.Case {
	b.t.Helper()
	b.step("the nodes disagree", "a1", b.refusal("disagree"))
	b.step("more blocks on top of it", "a2", b.refusal("disagree"))
	b.step("they agree", "a3", b.expect(deposits))
	b.truth("omni-a", "omni-b")
	return b.finish(corpus.Case{
		Name: name, Trick: trick, Source: []string{slowMist, "decision 28: an OMNI transfer needs the block and Omni Core, and neither alone"},
		Made: madeByOmni + " One node's answer is altered.", Why: why,
	})
}

// omniSweep is the case of a sweep.
func omniSweep(t *testing.T) *corpus.Case {
	b := newOmniBench(t)
	ann := b.user("ann")
	home := b.wallet.at(t, "0/0")
	b.c.House = append(b.c.House, corpus.House{Address: home.Address, Kind: deposit.HouseHot})
	b.begin()
	tx := b.from("alice", b.simple(omniUSDT, 25*omniUnit), wire.NewTxOut(40_000, ann))
	b.mine("a1", "a0", tx)
	b.chain("a1", "a2", "a3")
	all := wire.NewTxOut(0, omniScript(t, utxo.OmniSendAll{Ecosystem: utxo.OmniMain}))
	sweep := b.spend([]btcCoin{coinOf(tx, 1, btcKey{}, "0/1")}, all, wire.NewTxOut(30_000, home.Output))
	b.mine("a4", "a3", sweep)
	b.chain("a4", "a5", "a6")
	deposits := []corpus.Deposit{b.moved("ann", tx, 25*omniUnit), b.paid("ann", tx, 1)}
	b.step("a deposit of tokens and of bitcoin, final", "a3", b.expect(deposits))
	hot, native := ledger.PrefixCustodyHot+string(home.Address), utxo.Regtest.Native()
	after := b.expect(deposits,
		corpus.Line{Code: hot, Asset: b.usdt(), Side: "debit", Amount: coffer.NewAmount(25 * omniUnit)},
		corpus.Line{Code: hot, Asset: native, Side: "debit", Amount: coffer.NewAmount(30_000)},
		corpus.Line{Code: ledger.TransitCoins, Asset: native, Side: "debit", Amount: coffer.NewAmount(10_000)})
	b.without(after, ledger.PrefixCustodyDeposit+string(b.addressOf("ann")))
	b.step("our wallet sweeps both", "a4", after)
	b.step("that is final", "a6", after)
	return b.finish(corpus.Case{
		Name: "A sweep of our own",
		Trick: `Our wallet sends all tokens of the deposit address to its own address, with the bitcoin there. The transfer of tokens has
			the watched address for its sender, and its reference is the house. Who credits what arrives at any address of his, or
			debits the customer for what leaves his address, has it wrong twice.`,
		Source: []string{"self-transfers credited as deposits; peatio #1754: duplicate deposits after the collection daemon"},
		Why: `The customer keeps what he was credited. In the books the tokens and the satoshi move from the deposit address to the house; the
			fee stays in transit:coins until the sweep's payout takes it (decisions 26 and 31).`,
	})
}
