package corpus_test

import (
	"encoding/binary"
	"maps"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/utxo"
)

// omniMakers make the cases of deposit/testdata/corpus/omni, by file name.
var omniMakers = func() map[string]func(t *testing.T) *corpus.Case {
	all := maps.Clone(omniMessages)
	maps.Copy(all, omniNodes)
	maps.Copy(all, omniOthers)
	return all
}()

const slowMist = "SlowMist, \"USDT false top-up\", June 2018: exchanges credited sends with valid: false"

// omniMessages are cases of what a transaction says.
var omniMessages = map[string]func(t *testing.T) *corpus.Case{
	"001-plain-token-deposit": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.from("alice", b.simple(omniUSDT, 25*omniUnit), b.change("alice"), marker(ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.usual(b.moved("ann", tx, 25*omniUnit), b.crumb("ann", tx, 2))
		return b.finish(corpus.Case{
			Name: "A plain deposit of tokens",
			Trick: `No trick: somebody who has 1000 USDT sends 25 of them. Whatever refuses everything passes all other cases of this corpus,
				and fails this one.`,
			Source: []string{"control"},
			Why: `The payload in the block and every Omni Core node say the same. The 546 satoshi that name the recipient are bitcoin of
				their own: below the minimum, they are dust, and no deposit of tokens.`,
		})
	},
	"002-more-than-the-sender-has": func(t *testing.T) *corpus.Case {
		return omniInvalid(t, "alice", func(b *omniBench) *wire.TxOut { return b.simple(omniUSDT, 5000*omniUnit) }, corpus.Case{
			Name: "More tokens than the sender has",
			Trick: `Alice has 1000 USDT and sends 5000. The transaction is a perfect simple send, is mined and confirmed, and moves nothing:
				omni_gettransaction says valid: false, "Sender has insufficient balance". Exchanges that looked at confirmations, sender,
				recipient and amount credited it.`,
			Source: []string{slowMist},
			Why:    "A payload is a wish (decision 28). Every Omni Core node calls it invalid: no tokens moved.",
		})
	},
	"003-another-property-of-the-same-name": func(t *testing.T) *corpus.Case {
		return omniInvalid(t, "mallory", func(b *omniBench) *wire.TxOut { return b.simple(omniOther, 500*omniUnit) }, corpus.Case{
			Name: "Another property of the same name",
			Trick: `Mallory has made property 32, named TetherUS with category Financial and URL tether.to like the real one, granted himself
				1000 and sends 500. It is a valid send of tokens called TetherUS.`,
			Source: []string{"look-alike properties of the Omni Layer; anybody may make one of any name"},
			Why:    "A property is its number. 32 is not 31.",
		})
	},
	"004-a-property-that-does-not-exist": func(t *testing.T) *corpus.Case {
		return omniInvalid(t, "alice", func(b *omniBench) *wire.TxOut { return b.simple(1<<31+omniUSDT, 25*omniUnit) }, corpus.Case{
			Name: "Property 31 of the test ecosystem",
			Trick: `The number of the property has its highest bit set, which means the test ecosystem. Who keeps it in a signed or a
				shorter number reads 31.`,
			Source: []string{"Omni Layer specification: identifiers of 32 bits, two ecosystems"},
			Why:    "All 32 bits of the number count.",
		})
	},
	"005-somebody-else-is-the-reference": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.from("alice", b.simple(omniUSDT, 25*omniUnit), marker(ann), b.change("alice"), marker(btcKeyNamed("stranger").p2pkh()))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.usual(b.crumb("ann", tx, 1))
		return b.finish(corpus.Case{
			Name: "The reference is somebody else",
			Trick: `The transaction has an output of 546 satoshi to the watched address, and after it one to a stranger: the last one that is not
				the sender's is the recipient of the tokens. Who takes any marker output for it credits tokens that went elsewhere.`,
			Source: []string{"Omni Layer specification, class C: the last output to somebody else is the reference"},
			Why:    "The watched address got 546 satoshi, which are dust, and no tokens.",
		})
	},
	"006-zero": func(t *testing.T) *corpus.Case {
		return omniInvalid(t, "alice", func(b *omniBench) *wire.TxOut { return b.rawSend(0) }, corpus.Case{
			Name:   "A send of zero",
			Trick:  "A simple send of nothing, which costs a fee and may be made in anybody's name to anybody.",
			Source: []string{"address poisoning"},
			Why:    "An amount is 1 to 2^63-1; zero is invalid.",
		})
	},
	"007-above-the-largest-amount": func(t *testing.T) *corpus.Case {
		return omniInvalid(t, "alice", func(b *omniBench) *wire.TxOut { return b.rawSend(1 << 63) }, corpus.Case{
			Name: "2^63",
			Trick: `The amount has its highest bit set: negative to who reads it as signed, as Omni Core does, so that a balance is always
				"enough"; 92 billion to who reads it as unsigned.`,
			Source: []string{"Omni Layer: amounts are signed 64-bit numbers"},
			Why:    "An amount is 1 to 2^63-1; Omni Core calls it invalid: \"Value out of range or zero\".",
		})
	},
	"008-send-all": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.from("alice", wire.NewTxOut(0, omniScript(t, utxo.OmniSendAll{Ecosystem: utxo.OmniMain})), b.change("alice"), marker(ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.usual(b.moved("ann", tx, 1000*omniUnit), b.crumb("ann", tx, 2))
		return b.finish(corpus.Case{
			Name: "All that the sender has",
			Trick: `Alice sends all (type 4). No byte of the transaction says which property or how much; the tokens are at the watched address
				all the same. Who reads simple sends alone misses 1000 USDT.`,
			Source: []string{"Omni Layer, type 4"},
			Why:    "Every Omni Core node says that it moved 1000 of property 31; the amount of a send all is their word (decision 28).",
		})
	},
	"009-send-all-of-other-properties": func(t *testing.T) *corpus.Case {
		return omniInvalid(t, "mallory", func(b *omniBench) *wire.TxOut {
			return wire.NewTxOut(0, omniScript(t, utxo.OmniSendAll{Ecosystem: utxo.OmniMain}))
		}, corpus.Case{
			Name: "All that the sender has, of another property",
			Trick: `Mallory sends all that he has: 1000 of property 32, which is named TetherUS, and none of 31. The message is valid, and its
				answer names amounts in "subsends".`,
			Source: []string{"Omni Layer, type 4"},
			Why:    "None of the parts is of property 31.",
		})
	},
	"010-grant": func(t *testing.T) *corpus.Case {
		return omniInvalid(t, "issuer", func(b *omniBench) *wire.TxOut {
			return wire.NewTxOut(0, omniScript(t, utxo.OmniGrant{Property: omniUSDT, Amount: 500 * omniUnit}))
		}, corpus.Case{
			Name: "The issuer makes new tokens at the watched address",
			Trick: `The issuer of property 31 grants 500 new units to the watched address (type 55). They are really there, and nobody
				sent them.`,
			Source: []string{"Omni Layer, type 55"},
			Why: `Decision 28: grants, and whatever else is neither a simple send nor a send all, move tokens and are no deposits. A person
				finds them when the address is compared with the books.`,
		})
	},
	"011-a-frozen-sender": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		target, err := utxo.OmniTarget(utxo.Regtest, b.addressOfScript(btcKeyNamed("alice").p2pkh()))
		b.must(err)
		b.begin()
		before := b.from("alice", b.simple(omniUSDT, 25*omniUnit), b.change("alice"), marker(ann))
		enable := b.from("issuer", wire.NewTxOut(0, omniScript(t, utxo.OmniFreezing{Property: omniUSDT, Enable: true})), b.change("issuer"))
		freeze := b.from("issuer", wire.NewTxOut(0, omniScript(t, utxo.OmniFreeze{Property: omniUSDT, Target: target})), b.change("issuer"))
		after := b.from("alice", b.simple(omniUSDT, 30*omniUnit), b.change("alice"), marker(ann))
		b.mine("a1", "a0", before, enable, freeze, after)
		b.chain("a1", "a2", "a3")
		b.usual(b.moved("ann", before, 25*omniUnit), b.crumb("ann", before, 2), b.crumb("ann", after, 2))
		return b.finish(corpus.Case{
			Name: "A sender who is frozen in the same block",
			Trick: `One block holds a send of 25, the issuer's message that freezes the sender, and a send of 30 from the same address, in this
				order. Both sends are perfect; the second one moves nothing.`,
			Source: []string{"Omni Layer, types 71 and 185; Tether froze addresses on Omni", slowMist},
			Why:    "Messages count in the order of the block. The first one was valid when it came, the second one was not.",
		})
	},
	"012-messages-of-other-types": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		var txs []*wire.MsgTx
		var crumbs []corpus.Deposit
		// send to owners, sell for bitcoin, accept, change of issuer, and a simple send of version 1
		for _, m := range []utxo.OmniUnknown{{Type: 3}, {Type: 20}, {Type: 22}, {Type: 70}, {Version: 1, Type: utxo.OmniTypeSimpleSend}} {
			m.Body = omniAmount(25 * omniUnit)
			tx := b.from("alice", wire.NewTxOut(0, omniScript(t, m)), b.change("alice"), marker(ann))
			txs, crumbs = append(txs, tx), append(crumbs, b.crumb("ann", tx, 2))
		}
		b.mine("a1", "a0", txs...)
		for _, tx := range txs {
			said := b.said("a1", tx)
			delete(said, "invalidreason")
			said["valid"], said["propertyid"], said["divisible"], said["amount"], said["referenceaddress"] = true, omniUSDT, true, "25.00000000", b.addressOf("ann")
			b.lie("omni-a", "a1", "omni_gettransaction "+tx.TxHash().String(), said)
			b.lie("omni-b", "a1", "omni_gettransaction "+tx.TxHash().String(), said)
		}
		b.chain("a1", "a2", "a3")
		b.usual(crumbs...)
		return b.finish(corpus.Case{
			Name: "Valid messages of other types that name the watched address",
			Trick: `Send to owners (3), an offer to sell for bitcoin (20), its acceptance (22), a change of issuer (70), and a simple send of
				version 1. Each has property 31, an amount of 25 and the watched address as its reference, and Omni Core says valid: true, with an
				amount and a reference. Who reads those four fields and not the type credits each.`,
			Source: []string{"Omni Layer, types 3, 20, 22, 70"},
			Made:   madeByOmni + " The simulator calls these types invalid: its answers are altered to what Omni Core says of valid ones.",
			Why:    "None of them gives the reference tokens as a payment (decision 28: what is not read).",
		})
	},
	"013-another-marker": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		payload := append([]byte{0, 0, 0, 0, 0, 0, 0, omniUSDT}, omniNumber(25*omniUnit)...)
		b.begin()
		var txs []*wire.MsgTx
		var crumbs []corpus.Deposit
		for _, marked := range [][]byte{append([]byte("OMNI"), payload...), append([]byte("omnj"), payload...), payload, append([]byte{0}, append([]byte("omni"), payload...)...)} {
			script, err := txscript.NewScriptBuilder().AddOp(txscript.OP_RETURN).AddData(marked).Script()
			b.must(err)
			tx := b.from("alice", wire.NewTxOut(0, script), b.change("alice"), marker(ann))
			txs, crumbs = append(txs, tx), append(crumbs, b.crumb("ann", tx, 2))
		}
		b.mine("a1", "a0", txs...)
		b.chain("a1", "a2", "a3")
		b.usual(crumbs...)
		return b.finish(corpus.Case{
			Name: "Payloads behind another marker",
			Trick: `Four transactions carry the payload of a simple send of 25 behind "OMNI", behind "omnj", behind nothing, and behind a zero byte and
				"omni". None is a message of the Omni Layer, and Omni Core lists none.`,
			Source: []string{"Omni Layer specification, class C: the marker is 0x6f6d6e69 at the beginning of the data"},
			Why:    "The data must begin with the marker, in its exact bytes.",
		})
	},
	"014-two-payloads-in-one-transaction": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.from("alice", b.simple(omniUSDT, 25*omniUnit), b.simple(omniUSDT, 500*omniUnit), b.change("alice"), marker(ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.usual(b.moved("ann", tx, 25*omniUnit), b.crumb("ann", tx, 3))
		return b.finish(corpus.Case{
			Name:   "Two payloads in one transaction",
			Trick:  `A transaction has two marked outputs: a send of 25 and a send of 500. Who reads each, or the last one, credits 525 or 500.`,
			Source: []string{"Omni Layer specification, class C: the data of all marked outputs is one payload"},
			Why:    "The pushes are one payload, put together: a simple send of 25, and bytes behind it that have no meaning.",
		})
	},
	"015-a-sender-of-native-segwit": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(b.simple(omniUSDT, 25*omniUnit), marker(ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.usual(b.crumb("ann", tx, 1))
		return b.finish(corpus.Case{
			Name:   "A sender of native segregated witness",
			Trick:  "The first input spends a P2WPKH output. The payload is a perfect simple send; to the Omni Layer, which knows no such sender, it is no message.",
			Source: []string{"OmniLayer/omnicore #1211, #1308, PR #1298: segregated witness is written and not activated"},
			Why:    "Without a sender that the Omni Layer knows nothing is sent.",
		})
	},
	"016-a-reference-of-native-segwit": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		b.user("ann")
		native := b.wallet.at(t, "0/1").Redeem
		b.begin()
		tx := b.from("alice", b.simple(omniUSDT, 25*omniUnit), b.change("alice"), wire.NewTxOut(10_000, native))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "Our program as native P2WSH for a reference",
			Trick: `The watched address is P2SH around a witness program; the transaction names that program itself, as a bech32 address. Our
				keys could spend the output. To the Omni Layer it is no reference, so the tokens go back to the sender.`,
			Source: []string{"OmniLayer/omnicore #1211, #1308"},
			Why:    "The tokens went to alice, and the satoshi to an address that was not given out.",
		})
	},
	"017-tokens-and-bitcoin-in-one-transaction": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann, bob := b.user("ann"), b.user("bob")
		b.begin()
		tx := b.from("alice", b.simple(omniUSDT, 25*omniUnit), wire.NewTxOut(20_000, bob), wire.NewTxOut(30_000, ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.usual(b.moved("ann", tx, 25*omniUnit), b.paid("ann", tx, 2), b.paid("bob", tx, 1))
		return b.finish(corpus.Case{
			Name: "Tokens and bitcoin in one transaction",
			Trick: `The reference gets 30,000 satoshi with the tokens, which is more than the minimum, and another customer gets 20,000. Who keys by
				transaction credits one of the three; who takes a reference's satoshi for part of the message misses them.`,
			Source: []string{"facts of the field: one transaction, several deposits"},
			Why:    "The satoshi are at our addresses, and the tokens too: three deposits, each at a place of its own.",
		})
	},
	"018-a-sweep-of-our-own": omniSweep,
}

// omniInvalid is a case of a message in block a1 that gives the watched address no tokens.
func omniInvalid(t *testing.T, sender string, payload func(b *omniBench) *wire.TxOut, words corpus.Case) *corpus.Case {
	t.Helper()
	b := newOmniBench(t)
	ann := b.user("ann")
	b.begin()
	tx := b.from(sender, payload(b), b.change(sender), marker(ann))
	b.mine("a1", "a0", tx)
	b.chain("a1", "a2", "a3")
	b.usual(b.crumb("ann", tx, 2))
	return b.finish(words)
}

// rawSend is a simple send of any amount.
func (b *omniBench) rawSend(amount uint64) *wire.TxOut {
	script, err := utxo.OmniScript(append([]byte{0, 0, 0, 0}, omniAmount(amount)...))
	b.must(err)
	return wire.NewTxOut(0, script)
}

// omniAmount is property 31 and an amount, as payloads have them.
func omniAmount(amount uint64) []byte {
	return append([]byte{0, 0, 0, omniUSDT}, omniNumber(amount)...)
}

func omniNumber(amount uint64) []byte { return binary.BigEndian.AppendUint64(nil, amount) }
