package corpus_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Answers that are lied about.
const (
	tronBlock     = "grpc:Block"
	tronInfos     = "grpc:TransactionInfoList"
	tronInfosJSON = "http:/wallet/gettransactioninfobyblocknum"
	tronBlockJSON = "http:/wallet/getblockbyid"
)

// tronForks are about blocks that leave the chain.
var tronForks = map[string]maker{
	"030-fork-before-solidification": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.call("bank", b.usdt, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2")
		b.rewind("a0")
		b.must(b.Skip(1)) // another producer's slot
		b.record("b1", "a0")
		b.chain("b1", "b2", "b3", "b4")
		d := b.unlocked("ann", b.usdtID(), tx, "log:0", 5_000_000)
		b.step("a deposit in a block that is not solidified", "a2", "a0", b.expect(is(d, coffer.DepositCredited)))
		b.step("another fork, without it", "b3", "a0", b.expect(is(d, coffer.DepositReversed)))
		b.step("which is solidified", "b4", "b3", b.expect(is(d, coffer.DepositReversed)))
		return b.finish(corpus.Case{
			Name: "A fork before the block is solidified",
			Trick: `Heads of TRON fork by a block or two now and then; a transaction of the fork that loses may expire before it is in a block again. Who credits at
				the head for good has lost it.`,
			Source: []string{"TRON facts §4: credit only at solid"}, Why: "The block left before it was solidified; nothing had been unlocked, and the credit is taken back.",
		})
	},
	"031-included-again-after-a-fork": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.call("bank", b.usdt, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1")
		b.must(b.Reorg(tronsim.Reorganisation{Undo: 1, Make: 1, Leave: []coffer.Hash{tx}}))
		b.record("b1", "a0")
		b.chain("b1", "b2", "b3", "b4")
		d := b.unlocked("ann", b.usdtID(), tx, "log:0", 5_000_000)
		b.step("a deposit is in the newest block", "a1", "a0", b.expect(is(d, coffer.DepositCredited)))
		b.step("another block is there, without it", "b1", "a0", b.expect(is(d, coffer.DepositReversed)))
		b.step("the next block has the transaction again", "b2", "a0", b.expect(is(d, coffer.DepositCredited)))
		b.step("which is solidified", "b4", "b2", b.expect(is(d, coffer.DepositUnlocked)))
		return b.finish(corpus.Case{
			Name: "A transaction that comes back a block later",
			Trick: `After a fork, transactions go back to the pool and land in another block. It is the same transaction with the same id: who keys deposits by block
				has two, who remembers it as reversed has none.`,
			Source: []string{"TRON facts §4: after forks transactions go back to pending"}, Why: "One transaction, one deposit, in the block where it is.",
		})
	},
}

// tronLies are about nodes that do not tell the truth, and blocks that no node makes.
var tronLies = map[string]maker{
	"040-second-node-forges-an-amount": lyingSecond("The second node says another amount",
		`No header commits to logs on TRON. The second of two nodes says that the transfer was of five thousand USDT instead of five.`, func(text string) string {
			return strings.Replace(text, wordHex(5_000_000), wordHex(5_000_000_000), 1)
		}),
	"041-second-node-leaves-the-log-out": lyingSecond("The second node leaves the log out",
		`The second of two nodes has the transaction and its success, and no log.`, func(text string) string {
			from := strings.Index(text, `"log":[`)
			return text[:from] + `"log":[]` + text[from+strings.Index(text[from:], `}]`)+2:]
		}),
	"042-second-node-says-it-failed": lyingSecond("The second node says that it failed",
		`The second node says result FAILED about a transaction of which the block says SUCCESS.`, func(text string) string {
			return strings.Replace(text, `"id":`, `"result":"FAILED","id":`, 1)
		}),
	"043-first-node-forges-a-deposit": func(t *testing.T) *corpus.Case {
		b, d := tronPaid(t)
		b.lieInfos("a1", func(list *tronpb.TransactionInfoList) {
			forged := proto.CloneOf(list.TransactionInfo[0].Log[0])
			list.TransactionInfo[0].Log = append(list.TransactionInfo[0].Log, forged)
		})
		b.untilTruth("first", "disagree", d)
		return b.finish(corpus.Case{
			Name: "The first node makes a second log", Trick: `The node that is asked first says that the token emitted the same Transfer twice, which nothing in the block contradicts.`,
			Source: []string{lyingNode}, Why: "What no header commits to is believed when two nodes say the same.", Made: madeByTronsim + " The log was put into the first node's answer, until it tells the truth.",
		})
	},
	"044-receipt-contradicts-the-block": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.begin()
		b.call("mallory", b.usdt, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.lieInfos("a1", func(list *tronpb.TransactionInfoList) {
			info := list.TransactionInfo[0]
			info.Result, info.ResMessage, info.Receipt.Result = 0, nil, tronpb.Transaction_Result_SUCCESS
			info.Log = []*tronpb.TransactionInfo_Log{{Address: b.usdt[:], Topics: [][]byte{transferTopic[:], word(named("whale")).Bytes(), word(ann).Bytes()}, Data: word(units(5_000_000)).Bytes()}}
		})
		b.untilTruth("first", "not proven")
		return b.finish(corpus.Case{
			Name: "A receipt that contradicts its block", Trick: `A transfer ended in REVERT, as the block says. A node says SUCCESS about it, with a log of five USDT.`,
			Source: []string{lyingNode, "TRON facts §4: ret and receipt must agree"}, Why: "The root of transactions commits to contractRet. Who says otherwise is not asked any more.",
			Made: madeByTronsim + " The first node's receipt was altered, until it tells the truth.",
		})
	},
	"045-block-with-another-result": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.begin()
		b.call("mallory", b.usdt, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.lieBlock("a1", func(block *tronpb.Block) {
			block.Transactions[0].Ret[0].ContractRet = tronpb.Transaction_Result_SUCCESS
		})
		b.untilTruth("first", "too few nodes")
		return b.finish(corpus.Case{
			Name: "A block with another contractRet", Trick: `A node gives the block with contractRet SUCCESS for a transaction that reverted. The root in the header is the true one.`,
			Source: []string{lyingNode}, Why: "The root commits to whole transactions with their results. The node that lied is left alone, and one node is too few.",
			Made: madeByTronsim + " The result was altered in the first node's block, until it tells the truth.",
		})
	},
	"046-log-address-of-21-bytes": func(t *testing.T) *corpus.Case {
		b, d := tronPaid(t)
		b.lieInfos("a1", func(list *tronpb.TransactionInfoList) {
			list.TransactionInfo[0].Log[0].Address = tronsim.Wire(b.usdt)
		})
		b.untilTruth("first", "not proven", d)
		return b.finish(corpus.Case{
			Name:   "A log whose address has 21 bytes",
			Trick:  `Addresses of logs are 20 bytes, without the 41 that stands in front of all others. A node (or a proxy that means well) gives 21.`,
			Source: []string{"TRON facts §4: log addresses have no 41"}, Why: "It is no log as nodes of TRON write it; guessing which byte is too many is how one contract becomes another. With the usual form the deposit counts.",
			Made: madeByTronsim + " The address was written with 41 in the first node's answer, until it tells the truth.",
		})
	},
	"047-two-contracts-in-one-transaction": func(t *testing.T) *corpus.Case {
		b, _ := tronPaid(t)
		b.onlyGRPC()
		b.remake("a1", func(block *tronpb.Block, list *tronpb.TransactionInfoList) {
			raw := block.Transactions[0].RawData
			raw.Contract = append(raw.Contract, proto.CloneOf(raw.Contract[0]))
			block.Transactions[0].Ret = append(block.Transactions[0].Ret, proto.CloneOf(block.Transactions[0].Ret[0]))
		})
		refused := b.expect(nil)
		refused.Chain, refused.Because = corpus.Refused, "not proven"
		b.step("both nodes have such a block", "a3", "a1", refused)
		return b.finish(corpus.Case{
			Name: "A transaction with two contracts",
			Trick: `The format has a list of contracts and a list of results; the chain takes exactly one. A block has a transaction with the same payment twice in
				it: who walks through the list counts more than the chain would ever execute, who takes the first one may take the wrong one.`,
			Source: []string{"TRON facts §3: exactly one contract"}, Why: "The chain cannot have executed that, so it is not its block: what the contracts did is not guessed at, and the reader stays in front of it.",
			Made: madeByTronsim + " The transaction was given a second contract, and ids, root and the blocks above were made again.",
		})
	},
	"048-internal-trc10-and-stake": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		wallet := b.contract("wallet", code(pays(ann, units(7_000_000))))
		b.SetBalance(wallet, 9_000_000)
		b.begin()
		tx := b.call("customer", wallet, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.onlyGRPC()
		b.remake("a1", func(_ *tronpb.Block, list *tronpb.TransactionInfoList) {
			paid := list.TransactionInfo[0].InternalTransactions[0]
			token, stake := proto.CloneOf(paid), proto.CloneOf(paid)
			token.CallValueInfo = []*tronpb.InternalTransaction_CallValueInfo{{CallValue: 900_000_000, TokenId: "1004242"}}
			stake.Note, stake.CallValueInfo[0].CallValue = []byte("delegateResourceOfEnergy"), 900_000_000
			list.TransactionInfo[0].InternalTransactions = []*tronpb.InternalTransaction{token, stake, paid}
		})
		b.usual(b.unlocked("ann", b.trx(), tx, "internal:2", 7_000_000))
		return b.finish(corpus.Case{
			Name: "Internal transactions of other things than TRX",
			Trick: `Among the internal transactions to ann is one of 900 million of a TRC-10 token, and one that lends energy, whose value is the stake behind it (nodes
				with vm.saveFeaturedInternalTx). Both have a callValue. The third one pays seven TRX.`,
			Source: []string{"TRON facts §4: callValueInfo.tokenId; call, create and suicide only"}, Why: "A value with a tokenId is of that token, and a note other than call, create and suicide pays nothing.",
			Made: madeByTronsim + " The two were put into both nodes' answers.",
		})
	},
	"049-second-node-lags": func(t *testing.T) *corpus.Case {
		b, d := tronPaid(t)
		behind := map[string]corpus.Viewpoint{"second": {Head: "a0", Final: "a0"}}
		refused := b.expect(nil)
		refused.Chain, refused.Because = corpus.Refused, "too few nodes"
		b.c.Steps = append(b.c.Steps,
			corpus.Step{Note: "the second node does not have the block yet", Head: "a3", Final: "a1", Nodes: behind, Expect: refused},
			corpus.Step{Note: "it has caught up", Head: "a3", Final: "a1", Expect: b.expect([]corpus.Deposit{d})})
		return b.finish(corpus.Case{
			Name: "A second node that lags", Trick: `The second node does not have the block, so that nobody confirms what became of its transactions.`,
			Source: []string{"nodes of another provider are never in step"}, Why: "One node's word is not enough: the reader waits in front of the block.",
		})
	},
	"050-base58-in-place-of-hex": func(t *testing.T) *corpus.Case {
		b, d := tronPaid(t)
		owner := string(b.addressOf("ann"))
		b.insteadText("second", "a1", tronInfosJSON, func(text string) string {
			from := strings.Index(text, `"log":[{"address":"`) + len(`"log":[{"address":"`)
			return text[:from] + owner + text[from+40:]
		})
		b.untilTruth("second", "too few nodes", d)
		return b.finish(corpus.Case{
			Name:   "Base58 where hex belongs",
			Trick:  `Asked with visible: true, or by a proxy that does so for everybody, a node writes addresses in base58 in place of hex, log addresses included.`,
			Source: []string{"TRON facts §4: visible=true rewrites addresses"}, Why: "The form was not asked for, and is not guessed at; the node is left alone until it answers in hex.",
			Made: madeByTronsim + " The second node's answer was rewritten, until it tells the truth.",
		})
	},
}

// tronPaid begins a case with a deposit of five USDT in a1.
func tronPaid(t *testing.T) (*tronBench, corpus.Deposit) {
	b := newTRONBench(t)
	ann := b.user("ann")
	b.begin()
	tx := b.call("bank", b.usdt, transfer(ann, units(5_000_000)))
	b.chain("a0", "a1", "a2", "a3")
	return b, b.unlocked("ann", b.usdtID(), tx, "log:0", 5_000_000)
}

// lyingSecond makes a case of a second node that says something else of a deposit of five USDT.
func lyingSecond(name, trick string, lie func(text string) string) maker {
	return func(t *testing.T) *corpus.Case {
		b, d := tronPaid(t)
		b.insteadText("second", "a1", tronInfosJSON, lie)
		cause := "disagree"
		if strings.Contains(name, "failed") {
			cause = "too few nodes"
		}
		b.untilTruth("second", cause, d)
		return b.finish(corpus.Case{
			Name: name, Trick: trick, Source: []string{lyingNode, "custody facts: quorum reads"},
			Why:  "Two nodes have to say the same of what no header commits to; nothing tells which of them lies. With the truth the real deposit counts.",
			Made: madeByTronsim + " The second node's answer was altered, until it tells the truth.",
		})
	}
}

func wordHex(n int64) string {
	return strings.TrimPrefix(word(units(n)).Hex(), "0x")
}

// untilTruth are steps of a node that lies about a1 and then does not.
func (b *bench) untilTruth(node, cause string, deposits ...corpus.Deposit) {
	b.t.Helper()
	refused := b.expect(nil)
	refused.Chain, refused.Because = corpus.Refused, cause
	b.step("the node lies about a1", "a3", "a1", refused)
	b.c.Steps = append(b.c.Steps, corpus.Step{Note: "it tells the truth", Head: "a3", Final: "a1", Truth: []string{node}, Expect: b.expect(deposits)})
}

// insteadText has a node say something else than it said.
func (b *bench) insteadText(node, block, answer string, alter func(text string) string) {
	b.t.Helper()
	at := b.at(block)
	var said bytes.Buffer
	b.must(json.Compact(&said, at.Said[answer]))
	text := alter(said.String())
	if text == said.String() {
		b.t.Fatalf("the lie about %s of %s is the truth", answer, block)
	}
	if !json.Valid([]byte(text)) {
		b.t.Fatalf("the lie is no JSON: %s", text)
	}
	if at.Instead == nil {
		at.Instead = map[string]corpus.Answers{}
	}
	at.Instead[node] = corpus.Answers{answer: json.RawMessage(text)}
}

// lieInfos has the first node say something else of what became of a block's transactions.
func (b *tronBench) lieInfos(block string, alter func(list *tronpb.TransactionInfoList)) {
	b.t.Helper()
	var list tronpb.TransactionInfoList
	b.read(b.at(block), tronInfos, &list)
	alter(&list)
	b.at(block).Instead = map[string]corpus.Answers{"first": {tronInfos: b.written(&list)}}
}

// lieBlock has the first node say something else of a block.
func (b *tronBench) lieBlock(block string, alter func(block *tronpb.Block)) {
	b.t.Helper()
	var said tronpb.Block
	b.read(b.at(block), tronBlock, &said)
	alter(&said)
	b.at(block).Instead = map[string]corpus.Answers{"first": {tronBlock: b.written(&said)}}
}

func (b *tronBench) read(block *corpus.Block, answer string, into proto.Message) {
	b.t.Helper()
	var text string
	b.must(json.Unmarshal(block.Said[answer], &text))
	raw, err := base64.StdEncoding.DecodeString(text)
	b.must(err)
	b.must(proto.Unmarshal(raw, into))
}

func (b *tronBench) written(message proto.Message) json.RawMessage {
	b.t.Helper()
	return quoted(b.t, b.wire(message))
}

func (b *tronBench) wire(message proto.Message) []byte {
	b.t.Helper()
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	b.must(err)
	return raw
}

// onlyGRPC leaves out what was said over HTTP: both nodes speak gRPC.
func (b *tronBench) onlyGRPC() {
	delete(b.c.Settings, "http")
}

// remake alters a block as if it had been made that way: ids, roots and the blocks above follow.
func (b *tronBench) remake(name string, alter func(block *tronpb.Block, list *tronpb.TransactionInfoList)) {
	b.t.Helper()
	at := b.at(name)
	var block tronpb.Block
	var list tronpb.TransactionInfoList
	b.read(at, tronBlock, &block)
	b.read(at, tronInfos, &list)
	alter(&block, &list)
	leaves := make([][32]byte, len(block.Transactions))
	for i, tx := range block.Transactions {
		leaves[i] = sha256.Sum256(b.wire(tx))
		id := sha256.Sum256(b.wire(tx.RawData))
		list.TransactionInfo[i].Id = id[:]
	}
	header := block.BlockHeader.RawData
	if len(leaves) > 1 {
		b.t.Fatal("more than one transaction")
	}
	if len(leaves) == 1 {
		header.TxTrieRoot = leaves[0][:]
	}
	at.Hash = sha256.Sum256(b.wire(header))
	binary.BigEndian.PutUint64(at.Hash[:8], at.Height)
	at.Said = corpus.Answers{tronBlock: b.written(&block), tronInfos: b.written(&list)}
	for i := range b.c.Blocks {
		if b.c.Blocks[i].Parent == name {
			parent := at.Hash
			b.remake(b.c.Blocks[i].Name, func(block *tronpb.Block, _ *tronpb.TransactionInfoList) {
				block.BlockHeader.RawData.ParentHash = parent[:]
			})
		}
	}
}

// rewind goes back to a block, to make another one above it.
func (b *tronBench) rewind(name string) {
	b.t.Helper()
	b.must(b.Restore(b.snapshots[name]))
	var err error
	b.snapshots[name], err = b.Snapshot()
	b.must(err)
}
