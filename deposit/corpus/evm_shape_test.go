package corpus_test

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/deposit/corpus"
)

// evmShapes are about logs that look almost like transfers. They are all of listed tokens.
var evmShapes = map[string]maker{
	"030-four-topics": shaped("Four topics, as of an ERC-721 token",
		`ERC-721 tokens emit an event of the same name and the same first topic: the id of the token is a fourth topic. Here it has data as well,
			which would be an amount. Who reads topics and data without counting them credits five million.`,
		"ERC-721 tokens read as ERC-20: a common bug of indexers", "A transfer of an ERC-20 token has three topics.",
		func(from, to common.Hash) ([]byte, []common.Hash) {
			return word(units(5_000_000)).Bytes(), []common.Hash{transferTopic, from, to, word(units(5_000_000))}
		}),
	"031-nothing-indexed": shaped("A Transfer that indexes nothing",
		`Some old tokens index no argument: one topic, and three words of data. Others index one. The same signature, and another place for
			everything.`,
		"old tokens, such as CryptoKitties' core, that do not index", "It is not what the standard says, and a token that does so has to be read by code of its own before it is listed.",
		func(from, to common.Hash) ([]byte, []common.Hash) {
			return append(append(from.Bytes(), to.Bytes()...), word(units(5_000_000)).Bytes()...), []common.Hash{transferTopic}
		}),
	"032-amount-indexed-and-no-data": shaped("The amount is nowhere",
		`Three topics and no data at all. Who reads the amount from missing data reads zero, or what stood in the buffer before.`,
		"forged logs", "There is no amount.",
		func(from, to common.Hash) ([]byte, []common.Hash) {
			return nil, []common.Hash{transferTopic, from, to}
		}),
	"033-three-words-of-data": shaped("Three words of data",
		`Three topics as they should be, and three words of data, of which the first is an amount. Who reads the first word and forgets
			the others credits it; it may as well mean something else.`,
		"tokens with a memo or a fee in the event", "A transfer has one word of data; what else this is has to be known before it counts.",
		func(from, to common.Hash) ([]byte, []common.Hash) {
			return append(word(units(5_000_000)).Bytes(), make([]byte, 64)...), []common.Hash{transferTopic, from, to}
		}),
	"034-thirty-one-bytes-of-data": shaped("Data of thirty-one bytes",
		`The data is one byte short. Who pads it on the wrong side reads 256 times the amount, or a 256th.`,
		"forged logs; the short-address bug of 2017 in another place", "It is no number of the ABI.",
		func(from, to common.Hash) ([]byte, []common.Hash) {
			return word(units(5_000_000)).Bytes()[1:], []common.Hash{transferTopic, from, to}
		}),
	"035-dirty-address": shaped("An address with dirt above it",
		`The recipient's topic has the watched address in its lower twenty bytes and something in the upper twelve. No compiler makes that; hand-written
			code does. Who cuts off the upper bytes sees a deposit, who does not sees none: two systems disagree on who was paid.`,
		"hand-written tokens", "An indexed address has twelve zero bytes in front. What has not is no address.",
		func(from, to common.Hash) ([]byte, []common.Hash) {
			to[0] = 1
			return word(units(5_000_000)).Bytes(), []common.Hash{transferTopic, from, to}
		}),
	"036-another-event": shaped("Another event with the same arguments",
		`Approval(owner, spender, value) has the shape of Transfer to the byte, but for its first topic. Who matches shapes credits an
			approval.`,
		"indexers that match on topics' places alone", "Only the first topic says which event it is.",
		func(from, to common.Hash) ([]byte, []common.Hash) {
			return word(units(5_000_000)).Bytes(), []common.Hash{crypto.Keccak256Hash([]byte("Approval(address,address,uint256)")), from, to}
		}),
	"037-anonymous": shaped("An anonymous event",
		`An anonymous event has no signature in front: its topics are the arguments alone. Here the first argument is the hash that
			Transfer would have, as data, not as a topic.`,
		"Solidity's anonymous events", "Without the signature as first topic it is no Transfer.",
		func(from, to common.Hash) ([]byte, []common.Hash) {
			return append(transferTopic.Bytes(), word(units(5_000_000)).Bytes()...), []common.Hash{from, to}
		}),
}

// shaped makes a case of one log of a listed token, which is no transfer.
func shaped(name, trick, source, why string, log func(from, to common.Hash) (data []byte, topics []common.Hash)) maker {
	return func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		data, topics := log(word(named("whale")), word(ann))
		token := b.contract("odd token", code(logs(data, topics...), answersWord(1)))
		b.support(token, "ODD", 6)
		b.begin()
		b.call("mallory", token, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{Name: name, Trick: trick, Source: []string{source}, Why: why})
	}
}
