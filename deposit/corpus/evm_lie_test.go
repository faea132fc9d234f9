package corpus_test

import (
	"encoding/json"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/corpus"
)

// Answers that are lied about.
const (
	blockAnswer   = "eth_getBlockByHash"
	receiptAnswer = "eth_getBlockReceipts"
	traceAnswer   = "debug_traceBlockByHash"
)

const lyingNode = "a node or a provider that was broken into, or somebody between us and it; custody facts: do not trust one node"

// evmLies are about nodes that do not tell the truth. Every case goes on with the truth, so that
// what is refused is known to be readable.
var evmLies = map[string]maker{
	"070-forged-amount": lied("A receipt with another amount", `The amount in the log of a real deposit is a thousand times what it was.`, receiptAnswer, "not proven",
		func(b *evmBench, answer any) any {
			b.logOf(answer)["data"] = word(units(5_000_000_000))
			return answer
		}),
	"071-forged-recipient": lied("A receipt with another recipient", `The log of a payment to ann says that it was bob who got it.`, receiptAnswer, "not proven",
		func(b *evmBench, answer any) any {
			b.list(b.logOf(answer)["topics"])[2] = word(b.user("bob"))
			return answer
		}),
	"072-forged-token": lied("A receipt with another token", `The log of a payment says another contract than the one that emitted it.`, receiptAnswer, "not proven",
		func(b *evmBench, answer any) any {
			b.logOf(answer)["address"] = named("another token")
			return answer
		}),
	"073-log-twice": lied("A log that stands twice", `The log of a real deposit stands twice in its receipt, with another logIndex.`, receiptAnswer, "not proven",
		func(b *evmBench, answer any) any {
			receipt := b.object(b.list(answer)[0])
			receipt["logs"] = append(b.list(receipt["logs"]), b.list(receipt["logs"])[0])
			return answer
		}),
	"074-log-left-out": lied("A log that is missing", `The receipt of a real deposit comes without its log: a deposit that is hidden is money that a customer misses.`, receiptAnswer, "not proven",
		func(b *evmBench, answer any) any {
			b.object(b.list(answer)[0])["logs"] = []any{}
			return answer
		}),
	"075-receipts-left-out": lied("No receipts", `The node has the block and says that it has no receipts: [], as nodes do that lag behind themselves.`, receiptAnswer, "not proven",
		func(*evmBench, any) any { return []any{} }),
	"076-reverted-said-to-have-worked": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := named("deposit of ann")
		b.must(b.node.SetCode(t.Context(), ann, code(reverts)))
		b.user("ann")
		b.begin()
		b.call("mallory", ann, ether(3), nil)
		b.chain("a0", "a1", "a2", "a3")
		b.lie("node", "a1", receiptAnswer, func(answer any) any {
			b.object(b.list(answer)[0])["status"] = "0x1"
			return answer
		})
		b.untilTheTruth("not proven")
		return b.finish(corpus.Case{
			Name: "A failed transaction that is said to have worked", Trick: `A transaction with three ether to a deposit address failed. The node says status 1.`,
			Source: []string{lyingNode}, Why: "The status is part of what the receipts' root commits to. The transaction failed, so there is no deposit.",
			Made: madeByAnvil + " The node says another status, until it tells the truth.",
		})
	},
	"077-forged-value": lied("A transaction with another value", `The value of a transaction is ten thousand ether more than it was.`, blockAnswer, "not proven",
		func(b *evmBench, answer any) any {
			b.object(b.list(b.object(answer)["transactions"])[0])["value"] = (*hexutil.Big)(ether(10_000))
			return answer
		}),
	"078-forged-root": lied("A header with another root of receipts",
		`The header's root of receipts is changed, so that forged receipts would fit it; the hash that the node gives is still the true one.`, blockAnswer, "not proven",
		func(b *evmBench, answer any) any {
			b.object(answer)["receiptsRoot"] = common.Hash{1}
			return answer
		}),
	"079-receipts-of-another-block": lied("Receipts of another block", `Asked for the receipts of a block by its hash, the node gives those of the one above it: a cache that is out of step, or a load balancer.`, receiptAnswer, "not proven",
		func(b *evmBench, _ any) any { return b.at("a2").Said[receiptAnswer] }),
	"080-trace-of-another-transaction": lied("The trace of another transaction",
		`The trace of a transaction is one of another, from somebody else, with a payment to ann in it.`, traceAnswer, "trace",
		func(b *evmBench, answer any) any {
			b.object(b.object(b.list(answer)[0])["result"])["from"] = named("somebody else")
			return answer
		}),
	"081-trace-of-a-stranger-inside": lied("A payment by nobody in a trace",
		`Inside of the trace of a true transaction stands a call with ten ether to ann, from an account that was never called.`, traceAnswer, "trace",
		func(b *evmBench, answer any) any {
			top := b.object(b.object(b.list(answer)[0])["result"])
			top["calls"] = []any{map[string]any{
				"type": "CALL", "from": named("whale"), "to": b.user("ann"), "value": (*hexutil.Big)(ether(10)), "gas": "0x1", "gasUsed": "0x1", "input": "0x",
			}}
			return answer
		}),
	"082-traces-left-out": lied("Fewer traces than transactions", `The node gives no traces for a block with a transaction, where a contract may have paid.`, traceAnswer, "trace",
		func(*evmBench, any) any { return []any{} }),
	"083-a-chain-that-nobody-else-has": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		b.c.Nodes, b.c.Settings["witness"] = []string{"node", "witness"}, "witness"
		ann := b.user("ann")
		b.begin()
		tx := b.call("mallory", ann, ether(500), nil)
		b.chain("a0", "a1", "a2", "a3")
		b.rewind("a0")
		b.time += evmSlot
		b.chain("a0", "b1", "b2", "b3")
		d := b.unlocked("ann", evmNative, tx, "trace:0", ether(500))
		apart := map[string]corpus.Viewpoint{"witness": {Head: "b3", Final: "b1"}}
		held := b.expect(is(d, coffer.DepositCredited))
		held.Held = true
		b.c.Steps = append(b.c.Steps, corpus.Step{Note: "the node's chain pays 500 ether, and calls the block final", Head: "a3", Final: "a1", Nodes: apart, Expect: held})
		return b.finish(corpus.Case{
			Name: "A chain that nobody else has",
			Trick: `A node shows a chain of its own, whose blocks prove themselves to the last byte: anybody can make such blocks, as proof of stake is not checked
				by who reads one node. A transaction pays 500 ether there, and the block is said to be final. Another node has another chain.`,
			Source: []string{lyingNode, "eclipsed nodes"},
			Why:    "What a block holds is proven, that it is part of the chain is a node's word. A second node has another block there: the deposit is counted and stays locked, and a person is told.",
		})
	},
	"084-the-second-node-lags": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		b.c.Nodes, b.c.Settings["witness"] = []string{"node", "witness"}, "witness"
		ann := b.user("ann")
		b.begin()
		tx := b.call("customer", ann, ether(3), nil)
		b.chain("a0", "a1", "a2", "a3", "a4")
		d := b.unlocked("ann", evmNative, tx, "trace:0", ether(3))
		behind := map[string]corpus.Viewpoint{"witness": {Head: "a0"}}
		b.c.Steps = append(b.c.Steps,
			corpus.Step{Note: "the second node does not have the block yet", Head: "a3", Final: "a1", Nodes: behind, Expect: b.expect(is(d, coffer.DepositCredited))},
			corpus.Step{Note: "it has caught up", Head: "a4", Final: "a2", Expect: b.expect(is(d, coffer.DepositUnlocked))})
		return b.finish(corpus.Case{
			Name: "A second node that lags", Trick: `The second node, which has to agree before money is unlocked, is three blocks behind. That is no contradiction, and no agreement either.`,
			Source: []string{"nodes of another provider are never in step"},
			Why:    "The deposit is credited and waits; it is unlocked when the second node has the same block.",
		})
	},
	"085-a-payment-in-a-trace-that-fits": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		b.c.Nodes, b.c.Settings["witness"] = []string{"node", "witness"}, "witness"
		ann := b.user("ann")
		sink := b.contract("sink", code(logs(nil, transferTopic)))
		b.begin()
		tx := b.call("mallory", sink, ether(500), nil)
		b.chain("a0", "a1", "a2", "a3", "a4")
		b.lie("node", "a1", traceAnswer, func(answer any) any {
			top := b.object(b.object(b.list(answer)[0])["result"])
			top["calls"] = []any{map[string]any{
				"type": "CALL", "from": sink, "to": ann, "value": (*hexutil.Big)(ether(500)), "gas": "0x1", "gasUsed": "0x1", "input": "0x",
			}}
			return answer
		})
		d := b.unlocked("ann", evmNative, tx, "trace:1", ether(500))
		held := b.expect(is(d, coffer.DepositCredited))
		b.step("the node's trace pays 500 ether that stayed where they were", "a1", "", b.expect(is(d, coffer.DepositCredited)))
		held.Held = true
		b.step("the block is final, and the second node's trace does not pay them", "a4", "a2", held)
		return b.finish(corpus.Case{
			Name: "A payment in a trace that fits",
			Trick: `Somebody sends 500 ether to a contract of theirs, which keeps them. The node's trace of that transaction is right in all that can be checked, and
				says besides that the contract paid them on to ann. No header commits to what contracts pay each other.`,
			Source: []string{lyingNode, "trezor/blockbook #1225 and #1621: traces believed as they come"},
			Why: `One node's trace is one node's word. The second node's trace of the same block does not have the payment: it is counted and stays
				locked, and a person is told.`,
			Made: madeByAnvil + " The payment was put into the first node's trace.",
		})
	},
	"086-two-nodes-trace-the-same": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		b.c.Nodes, b.c.Settings["witness"] = []string{"node", "witness"}, "witness"
		ann := b.user("ann")
		wallet := b.contract("wallet", code(pays(ann, ether(3))))
		b.must(b.node.SetBalance(t.Context(), wallet, ether(10)))
		b.begin()
		tx := b.call("customer", wallet, nil, []byte{1})
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", evmNative, tx, "trace:1", ether(3)))
		return b.finish(corpus.Case{
			Name: "A payment by a contract that two nodes trace", Trick: `No trick: a contract wallet pays three ether, and a second node is asked too.`,
			Source: []string{"control"}, Why: "Both nodes' traces have the payment.",
		})
	},
	"087-second-node-cannot-trace": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		b.c.Nodes, b.c.Settings["witness"] = []string{"node", "witness"}, "witness"
		ann := b.user("ann")
		b.begin()
		tx := b.call("customer", ann, ether(3), nil)
		b.chain("a0", "a1", "a2", "a3")
		for _, name := range []string{"a0", "a1", "a2", "a3"} {
			b.at(name).Instead = map[string]corpus.Answers{"witness": {traceAnswer: json.RawMessage("null")}}
		}
		b.usual(b.unlocked("ann", evmNative, tx, "trace:0", ether(3)))
		return b.finish(corpus.Case{
			Name:   "A plain payment, and a second node that knows no traces of the block",
			Trick:  `The second node answers null about traces: it has pruned them. The deposit is a transaction's own value, which the block's hash proves.`,
			Source: []string{"nodes prune traces"}, Why: "What the hash proves needs nobody's trace.",
			Made: madeByAnvil + " The second node's traces were taken out.",
		})
	},
}

// logOf is the log of a block's one transaction.
func (b *evmBench) logOf(answer any) map[string]any {
	b.t.Helper()
	return b.object(b.list(b.object(b.list(answer)[0])["logs"])[0])
}

// untilTheTruth are steps of a node that lies about a1 and then does not.
func (b *evmBench) untilTheTruth(cause string, deposits ...corpus.Deposit) {
	b.t.Helper()
	refused := b.expect(nil)
	refused.Chain, refused.Because = corpus.Refused, cause
	b.step("the node lies about a1", "a3", "a1", refused)
	b.c.Steps = append(b.c.Steps, corpus.Step{Note: "it tells the truth", Head: "a3", Final: "a1", Truth: []string{"node"}, Expect: b.expect(deposits)})
}

// lied makes a case of a lie about a block with a deposit of five USDT.
func lied(name, trick, answer, cause string, lie func(b *evmBench, answer any) any) maker {
	return func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.call("bank", b.usdt, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.lie("node", "a1", answer, func(answer any) any { return lie(b, answer) })
		b.untilTheTruth(cause, b.unlocked("ann", b.usdtID(), tx, "log:0", units(5_000_000)))
		return b.finish(corpus.Case{
			Name: name, Trick: trick, Source: []string{lyingNode},
			Why: map[string]string{
				"not proven": "The header's hash commits to transactions and receipts: what does not fit is refused whole, and asked for again. With the truth the real deposit counts.",
				"trace":      "No header commits to traces, but a trace has to be one of its transaction, call by call from who was called. With the truth the real deposit counts.",
			}[cause],
			Made: madeByAnvil + " The lie was put into the node's answer about block a1, until it tells the truth.",
		})
	}
}
