package corpus_test

import (
	"encoding/json"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/core/vm/program"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/trie"

	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/evm"
)

// arachnid makes contracts by CREATE2; anvil has it from the beginning.
var arachnid = common.HexToAddress("0x4e59b44847b379578588920cA78FbF26c0B4956C")

// evmNatives are about ether.
var evmNatives = map[string]maker{
	"040-plain-ether": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.call("customer", ann, ether(3), nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", evmNative, tx, "trace:0", ether(3)))
		return b.finish(corpus.Case{
			Name: "A plain deposit of ether", Trick: `No trick: a transaction pays three ether.`, Source: []string{"control"},
			Why: "The transaction's own value, of one that succeeded.",
		})
	},
	"041-ether-from-a-contract-wallet": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		wallet := b.contract("wallet", code(pays(ann, ether(3))))
		b.must(b.node.SetBalance(t.Context(), wallet, ether(10)))
		b.begin()
		tx := b.call("customer", wallet, nil, []byte{1})
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", evmNative, tx, "trace:1", ether(3)))
		return b.finish(corpus.Case{
			Name: "Ether from a contract wallet",
			Trick: `A wallet that is a contract (a Safe, an exchange's hot wallet) pays three ether. The transaction itself has no value and is sent to
				the wallet; no log tells of the payment. Who looks at transactions alone loses the deposit.`,
			Source: []string{"deposits from contract wallets that exchanges did not notice"},
			Why:    "The trace has a CALL with the value, in frames that succeeded: the first payment made by a contract.",
		})
	},
	"042-reverted-payment": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := named("deposit of ann")
		b.must(b.node.SetCode(t.Context(), ann, code(reverts)))
		b.user("ann")
		b.begin()
		b.call("mallory", ann, ether(3), nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "A payment of ether that was refused",
			Trick: `A transaction to the watched address itself with three ether in it fails, because the contract there refuses it (or because its gas
				ran out). It is in the block with its value and its recipient.`,
			Source: []string{"SlowMist: false top-up of ether, status of the receipt ignored"},
			Why:    "Its status is 0: the value went back.",
		})
	},
	"043-internal-call-in-a-reverted-frame": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		inner := b.contract("pays and reverts", code(pays(ann, ether(3)), reverts))
		outer := b.contract("calls and goes on", code(pays(inner, ether(3))))
		b.begin()
		b.call("mallory", outer, ether(3), nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "Ether paid inside a frame that reverted",
			Trick: `A contract calls another one, which pays three ether to the watched address and then reverts. The outer contract does
				not mind, so the transaction succeeds; the payment was undone with its frame. The trace still holds the inner CALL
				with its value, without an error of its own: only the frame around it says that it failed.`,
			Source: []string{"trezor/blockbook #1621: failed internal calls are indexed as transfers (open in 2026)"},
			Why:    "A frame that fails undoes all that happened inside it, whatever the frames below say of themselves; the address has no ether.",
		})
	},
	"044-delegatecall-phantom-value": phantom("A DELEGATECALL that shows a value",
		`A contract that was called with three ether makes a DELEGATECALL to the watched address. Traces show the value of the call around it
			in that frame: three ether to ann. Nothing moves: a DELEGATECALL has no value of its own.`,
		"trezor/blockbook #1225: ether transfers through delegatecall that never were",
		func(ann common.Address) []byte {
			return program.New().DelegateCall(nil, ann, 0, 0, 0, 0).Op(vm.POP, vm.STOP).Bytes()
		}),
	"045-callcode-phantom-value": phantom("A CALLCODE with a value",
		`A contract makes a CALLCODE to the watched address with three ether. CALLCODE takes a value and pays it to the contract that makes it:
			code of somebody else's, money of its own.`,
		"trezor/blockbook #1225; CALLCODE is older than DELEGATECALL and still there",
		func(ann common.Address) []byte {
			return program.New().CallCode(nil, ann, ether(3), 0, 0, 0, 0).Op(vm.POP, vm.STOP).Bytes()
		}),
	"046-selfdestruct-pays": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		bomb := b.contract("bomb", program.New().Selfdestruct(ann).Bytes())
		b.begin()
		tx := b.call("customer", bomb, ether(3), nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", evmNative, tx, "trace:1", ether(3)))
		return b.finish(corpus.Case{
			Name: "Ether from a contract that destroys itself",
			Trick: `SELFDESTRUCT sends all that a contract has to an address, without a call and without asking code there. No log tells of it, and some nodes'
				traces leave it out.`,
			Source: []string{"SELFDESTRUCT funding; EIP-6780 left this part of it"},
			Why:    "The ether arrived and the trace has a frame that says so. It is a deposit like any other from a contract.",
		})
	},
	"047-selfdestruct-to-itself": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		// The deposit address is a contract that destroys itself in its own favour.
		ann := named("deposit of ann")
		b.must(b.node.SetCode(t.Context(), ann, program.New().Op(vm.ADDRESS, vm.SELFDESTRUCT).Bytes()))
		b.must(b.node.SetBalance(t.Context(), ann, ether(3)))
		b.user("ann")
		b.begin()
		b.call("mallory", ann, nil, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "A contract that destroys itself in its own favour",
			Trick: `The heir of a SELFDESTRUCT is the contract itself, at a watched address with three ether. The frame says three ether to ann, and
				may be made again in the next transaction.`,
			Source: []string{"EIP-6780"},
			Why:    "What an address pays itself is nothing: its balance did not change.",
		})
	},
	"048-no-traces-no-ether": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		b.c.Settings["native"] = "top-level"
		b.c.Assets = b.c.Assets[1:] // ether is not offered
		ann := b.user("ann")
		bomb := b.contract("bomb", program.New().Selfdestruct(ann).Bytes())
		b.begin()
		b.call("customer", bomb, ether(3), nil)
		b.call("customer", ann, ether(1), nil)
		tx := b.call("bank", b.usdt, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		for i := range b.c.Blocks {
			delete(b.c.Blocks[i].Said, "debug_traceBlockByHash")
		}
		b.usual(b.unlocked("ann", b.usdtID(), tx, "log:0", units(5_000_000)))
		return b.finish(corpus.Case{
			Name: "Nodes that cannot trace",
			Trick: `The same contract destroys itself in favour of a deposit address on a chain whose nodes do not trace, beside a plain payment of ether
				and one of a token. Part of the ether that arrives cannot be seen.`,
			Source: []string{"providers that offer no debug or trace methods"},
			Why:    "Where payments by contracts cannot be seen ether is not offered at all, so that nobody's ether counts sometimes. Tokens are seen by their logs.",
			Made:   madeByAnvil + " The traces were left out.",
		})
	},
	"049-fees-of-the-block": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.begin()
		b.must(b.node.RPC().CallContext(t.Context(), nil, "anvil_setCoinbase", ann))
		b.call("customer", named("stranger"), ether(1), nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "Fees of a block whose producer named a deposit address",
			Trick: `A block producer may name any address to get the fees. The address has more ether afterwards, and no transaction, log or
				trace tells of it.`,
			Source: []string{"custody facts: coinbase credits"},
			Why:    "No transfer, no deposit: there is nobody to credit it to by a transaction. Reconciliation finds the difference.",
		})
	},
	"050-validator-withdrawal": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.begin()
		b.call("customer", named("stranger"), ether(1), nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		withdrawals := types.Withdrawals{{Index: 7, Validator: 11, Address: ann, Amount: 32_000_000_000}}
		b.reseal("a1", func(block map[string]json.RawMessage) {
			b.set(block, "withdrawals", withdrawals)
			b.set(block, "withdrawalsRoot", types.DeriveSha(withdrawals, trie.NewStackTrie(nil)))
		})
		return b.finish(corpus.Case{
			Name: "A validator's withdrawal",
			Trick: `A validator's withdrawal (EIP-4895) pays 32 ether to a deposit address as part of the block, without a transaction. Amounts
				there are in gwei, not in wei.`,
			Source: []string{"EIP-4895; custody facts: withdrawal credits"},
			Why:    "A withdrawal is no transaction and has no sender; it is not offered as a way to deposit. Reconciliation finds it.",
			Made:   madeByAnvil + " The withdrawal was put into the block by hand, and the block and those above it were hashed again.",
		})
	},
	"051-create2-before-there-is-a-contract": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		make := creation(code())
		salt := crypto.Keccak256Hash([]byte("ann"))
		ann := crypto.CreateAddress2(arachnid, salt, crypto.Keccak256(make))
		b.watch("ann", evm.AddressOf(ann))
		b.begin()
		native := b.call("customer", ann, ether(3), nil)
		token := b.call("bank", b.usdt, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1")
		b.call("keeper", arachnid, nil, append(salt.Bytes(), make...))
		later := b.call("customer", ann, ether(1), nil)
		b.chain("a1", "a2", "a3", "a4")
		before := []corpus.Deposit{b.unlocked("ann", evmNative, native, "trace:0", ether(3)), b.unlocked("ann", b.usdtID(), token, "log:0", units(5_000_000))}
		all := append(before, b.unlocked("ann", evmNative, later, "trace:0", ether(1)))
		b.step("nothing is deployed", "a1", "", b.expect(in("credited", before)))
		b.step("the contract is there", "a2", "", b.expect(in("credited", all)))
		b.step("all is final", "a4", "a2", b.expect(all))
		return b.finish(corpus.Case{
			Name: "A CREATE2 address before and after its contract",
			Trick: `A deposit address is computed before its contract exists (CREATE2). It is paid, then deployed, in a transaction that emits nothing and
				moves nothing, then paid again.`,
			Source: []string{"counterfactual deposit addresses: BitGo's ForwarderFactory, Safes"},
			Why:    "An address is an address: both payments count, and the deployment is none.",
		})
	},
	"052-value-in-a-failed-call-of-the-same-transaction": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		poor := b.contract("promises too much", code(pays(ann, ether(100)), pays(ann, ether(2))))
		b.begin()
		tx := b.call("customer", poor, ether(3), nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", evmNative, tx, "trace:1", ether(2)))
		return b.finish(corpus.Case{
			Name: "A payment for which there was not enough, and one for which there was",
			Trick: `A contract with three ether tries to pay a hundred, which fails in that call alone, and then pays two. Nodes show the first
				call with its value and an error, or leave it out.`,
			Source: []string{"calls that fail for want of balance appear in traces"},
			Why:    "Two ether arrived. The failed call is not counted, so that the place of the second one does not depend on the node.",
		})
	},
}

// phantom makes a case of a contract that is called with three ether and pays none.
func phantom(name, trick, source string, runtime func(ann common.Address) []byte) maker {
	return func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		proxy := b.contract("phantom", runtime(ann))
		b.begin()
		b.call("mallory", proxy, ether(3), nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: name, Trick: trick, Source: []string{source},
			Why: "Only CALL, CREATE and SELFDESTRUCT move value between accounts; the three ether are still in the contract that was called.",
		})
	}
}
