package corpus_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/devnet/tronsim"
)

// tronRest are about tokens of the old kind, what nodes do not keep, time, and what does not belong
// to a block.
var tronRest = map[string]maker{
	"014-false-without-revert": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		old := b.contract("old", nothing()) // answers with a word of zeros
		b.list(old, "OLD")
		b.begin()
		b.call("mallory", old, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "A token that answers false",
			Trick: `A listed token of the old kind answers a transfer that it refuses with false and does not revert. The transaction ended in SUCCESS, and its calldata
				pays ann five.`,
			Source: []string{"TRON facts §4: old token style may return false without revert", "SlowMist: false top-ups of ERC-20 tokens"},
			Why:    "There is no Transfer event: nothing moved. Calldata and results of calls are nobody's word.",
		})
	},
	"015-destroyed-funds": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		issuer := b.contract("issuer", code(logs(append(word(ann).Bytes(), word(units(5_000_000)).Bytes()...), event("DestroyedBlackFunds(address,uint256)")), logs(word(ann).Bytes(), event("AddedBlackList(address)"))))
		b.list(issuer, "FROZEN")
		b.begin()
		tx := b.call("bank", b.usdt, transfer(ann, units(5_000_000)))
		b.call("mallory", issuer, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.usdtID(), tx, "log:0", 5_000_000))
		return b.finish(corpus.Case{
			Name: "A blacklist's events",
			Trick: `A listed token, as Tether's can, puts ann on its blacklist and destroys what she has: two events of the listed contract with her address and an amount. Who reads
				any event with an address and a number credits what was taken. Beside it, a real deposit of another token.`,
			Source: []string{"TRON facts §4: AddedBlackList, DestroyedBlackFunds"},
			Why:    "Only Transfer moves money in the books. What an issuer destroys at an address is found where custody is compared with the chain.",
		})
	},
	"028-internal-transactions-not-kept": func(t *testing.T) *corpus.Case {
		b := newTRONBenchOf(t, func(c *tronsim.Config) { c.NoInternal = true })
		ann := b.user("ann")
		wallet := b.contract("wallet", code(pays(ann, units(7_000_000))))
		b.SetBalance(wallet, 9_000_000)
		b.begin()
		b.call("customer", wallet, nil)
		tx, err := b.signer("customer").Transfer(ann, 3_000_000)
		b.must(err)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.trx(), tx, "contract:0", 3_000_000))
		return b.finish(corpus.Case{
			Name: "Nodes that keep no internal transactions",
			Trick: `vm.saveInternalTx is off unless somebody turns it on. A contract pays seven TRX, which both nodes leave out of what they say of the transaction,
				as if there had been none; somebody else pays three in a plain transfer.`,
			Source: []string{"TRON facts §4: only saved if the node runs vm.saveInternalTx=true"},
			Why: "The plain transfer is in the block. The other payment is real and no answer of these nodes shows it: it is found where custody is compared with the chain, and nodes for deposits of TRX " +
				"have to keep internal transactions.",
		})
	},
	"032-skipped-slots": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.call("bank", b.usdt, transfer(ann, units(5_000_000)))
		b.must(b.Skip(2)) // as at every maintenance
		b.record("a1", "a0")
		b.must(b.Skip(40)) // two minutes without producers
		b.record("a2", "a1")
		b.chain("a2", "a3")
		b.usual(b.unlocked("ann", b.usdtID(), tx, "log:0", 5_000_000))
		return b.finish(corpus.Case{
			Name: "Slots that nobody filled", Trick: `Every six hours two slots of three seconds are skipped, and more when producers fail. Who counts blocks by the clock reads the wrong heights, and
				misses some for ever.`,
			Source: []string{"TRON facts §4: missed slots are normal; never infer height from time"}, Why: "Heights follow each other, and so do hashes; times need not.",
		})
	},
	"051-results-of-another-block": strayInfos("Results of another block", `The second node answers with results whose blockNumber is another one, as a cache does
		that was asked for the newest block.`, func(text string) string {
		return regexp.MustCompile(`"blockNumber":\d+`).ReplaceAllString(text, `"blockNumber":1`)
	}),
	"052-one-result-too-many": strayInfos("One result too many", `The second node's list has one more result than the block has transactions: of a payment to ann that is in no block.`, func(text string) string {
		id := regexp.MustCompile(`"id":"([0-9a-f]{64})"`).FindStringSubmatch(text)[1]
		one := text[strings.Index(text, "{") : strings.LastIndex(text, "}")+1]
		return strings.Replace(text, one, one+","+strings.ReplaceAll(one, id, strings.Repeat("ab", 32)), 1)
	}),
}

// strayInfos makes a case of a second node whose results do not belong to the block.
func strayInfos(name, trick string, lie func(text string) string) maker {
	return func(t *testing.T) *corpus.Case {
		b, d := tronPaid(t)
		b.insteadText("second", "a1", tronInfosJSON, lie)
		b.untilTruth("second", "too few nodes", d)
		return b.finish(corpus.Case{
			Name: name, Trick: trick, Source: []string{"TRON facts §4: every info's id is in the block, blockNumber equal, as many as there are transactions"},
			Why:  "Results have to be those of the block's own transactions, each once. The node is left alone until they are.",
			Made: madeByTronsim + " The second node's answer was altered, until it tells the truth.",
		})
	}
}

// event is the first topic of an event.
func event(signature string) common.Hash { return crypto.Keccak256Hash([]byte(signature)) }

// nothing is code that answers with a word of zeros.
func nothing() []byte { return []byte{0x60, 0x20, 0x60, 0x00, 0xf3} }
