package corpus_test

import (
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/deposit/corpus"

	"github.com/ethereum/go-ethereum/core/vm/program"
)

const softConfirmations = "soft confirmations of layer-2 sequencers; forks of any chain before finality"

// forked begins a case with a deposit of five USDT in a1 and empty blocks above it, and goes back
// to a0, to make another branch.
func forked(t *testing.T, above ...string) (*evmBench, corpus.Deposit) {
	b := newEVMBench(t)
	ann := b.user("ann")
	b.begin()
	tx := b.call("bank", b.usdt, nil, transfer(ann, units(5_000_000)))
	b.chain("a0", append([]string{"a1"}, above...)...)
	b.rewind("a0")
	b.time += evmSlot
	return b, b.unlocked("ann", b.usdtID(), tx, "log:0", units(5_000_000))
}

// is is one deposit in a state.
func is(d corpus.Deposit, state coffer.DepositState) []corpus.Deposit {
	d.State = state
	return []corpus.Deposit{d}
}

// evmForks are about blocks that leave the chain.
var evmForks = map[string]maker{
	"060-longer-fork": func(t *testing.T) *corpus.Case {
		b, d := forked(t)
		b.chain("a0", "b1", "b2", "b3", "b4")
		b.step("a deposit is in the newest block", "a1", "", b.expect(is(d, coffer.DepositCredited)))
		b.step("another branch is longer and does not have it", "b2", "", b.expect(is(d, coffer.DepositReversed)))
		b.step("that branch is final", "b4", "b3", b.expect(is(d, coffer.DepositReversed)))
		return b.finish(corpus.Case{
			Name: "A longer fork without the deposit",
			Trick: `A deposit is in the newest block. Then the chain goes another way from the block before, and further, and the
				transaction is not in it: its sender spent the same nonce otherwise, or a sequencer took back what it had only
				softly confirmed. Who credits at one confirmation and never looks back has given away money.`,
			Source: []string{softConfirmations, "safe-global/safe-transaction-service: ERC-20 transfers outlived their block until 2023", "openware/peatio: no retraction at all"},
			Why:    "The block that held the transaction is no part of the chain any more, so the credit is taken back; nothing had been unlocked.",
		})
	},
	"061-fork-of-the-same-length": func(t *testing.T) *corpus.Case {
		b, d := forked(t, "a2")
		b.chain("a0", "b1", "b2", "b3", "b4")
		b.step("a deposit is two deep", "a2", "", b.expect(is(d, coffer.DepositCredited)))
		b.step("the same height, other blocks", "b2", "", b.expect(is(d, coffer.DepositReversed)))
		b.step("that branch is final", "b4", "b3", b.expect(is(d, coffer.DepositReversed)))
		return b.finish(corpus.Case{
			Name:   "A fork of the same length",
			Trick:  `The chain is replaced by another one of the same height. Who notices forks by the height alone sees nothing happen.`,
			Source: []string{softConfirmations},
			Why:    "Hashes are compared, not heights: the block with the deposit left.",
		})
	},
	"062-shorter-fork": func(t *testing.T) *corpus.Case {
		b, d := forked(t, "a2", "a3")
		b.chain("a0", "b1", "b2", "b3", "b4")
		b.step("a deposit is three deep, and not final", "a3", "", b.expect(is(d, coffer.DepositCredited)))
		b.step("a shorter branch", "b1", "", b.expect(is(d, coffer.DepositReversed)))
		b.step("that branch is final", "b4", "b3", b.expect(is(d, coffer.DepositReversed)))
		return b.finish(corpus.Case{
			Name: "A shorter fork",
			Trick: `A sequencer takes back three blocks and shows one other. The new head is lower than the old one. Who waits for more blocks
				than before, or takes a lower head for a node that lags, keeps the credit.`,
			Source: []string{softConfirmations},
			Why:    "At the height of the new head there is another block: the old ones left. Depth alone had unlocked nothing, as none of it was final.",
		})
	},
	"063-head-moves-back-and-on": func(t *testing.T) *corpus.Case {
		b, d := forked(t, "a2", "a3")
		b.step("a deposit is in the newest block", "a1", "", b.expect(is(d, coffer.DepositCredited)))
		back := b.expect(is(d, coffer.DepositCredited))
		back.Chain = corpus.Waits
		b.step("the node's head is a block lower", "a0", "", back)
		b.step("and the same chain again", "a3", "a1", b.expect(is(d, coffer.DepositUnlocked)))
		return b.finish(corpus.Case{
			Name: "A head that moves back, and on again",
			Trick: `Behind a load balancer another node answers, which does not have the newest block yet. Its head is lower, on the same
				chain. Who takes that for a reorganisation retracts a deposit, and credits it again with the next answer.`,
			Source: []string{"Blockbook's notes on load-balanced nodes; blocks that are cut and do not grow look the same"},
			Why:    "Nothing contradicts the block: it is kept until another one stands at its height.",
		})
	},
	"064-back-again": func(t *testing.T) *corpus.Case {
		b, d := forked(t, "a2", "a3")
		b.chain("a0", "b1", "b2")
		b.step("a deposit is in the newest block", "a1", "", b.expect(is(d, coffer.DepositCredited)))
		b.step("another branch", "b2", "", b.expect(is(d, coffer.DepositReversed)))
		b.step("the first branch again, longer", "a3", "", b.expect(is(d, coffer.DepositCredited)))
		b.step("and away once more", "b2", "", b.expect(is(d, coffer.DepositReversed)))
		b.step("and back, for good", "a3", "a1", b.expect(is(d, coffer.DepositUnlocked)))
		return b.finish(corpus.Case{
			Name: "Back to the first branch, twice",
			Trick: `The chain goes to another branch and back to the very same block, twice. Who remembers that block or that deposit as done with
				credits nothing any more; who forgot that it was reversed credits it three times.`,
			Source: []string{softConfirmations, "competing branches of equal weight"},
			Why:    "The block is in the chain in the end: the deposit counts once.",
		})
	},
	"065-included-again-at-another-place": func(t *testing.T) *corpus.Case {
		b, d := forked(t)
		b.call("mallory", b.usdt, nil, bindings.NewTestToken().PackApprove(named("whoever"), units(1)))
		b.again("a1", 0)
		b.chain("a0", "b1", "b2", "b3")
		b.step("a deposit is in the newest block, its log the first of it", "a1", "", b.expect(is(d, coffer.DepositCredited)))
		b.step("another block has the same transaction, its log the second", "b1", "", b.expect(is(d, coffer.DepositCredited)))
		b.step("that block is final", "b3", "b1", b.expect(is(d, coffer.DepositUnlocked)))
		return b.finish(corpus.Case{
			Name: "The same transaction at another place",
			Trick: `After a fork the same transaction is in another block, behind one that emits a log. logIndex counts in the block, so that of
				the deposit's log is 1 now, and was 0. Who keys deposits by (transaction, logIndex) has two of them.`,
			Source: []string{"custody facts: logIndex is block-wide, which nobody documents"},
			Why:    "It is one transaction and its first log, wherever it stands: one deposit.",
		})
	},
	"066-included-again-with-other-logs": func(t *testing.T) *corpus.Case {
		b, d := forked(t)
		for slot, value := range map[int64]int64{feeSlot: 10, feeSlot + 1: 5_000_000} {
			b.must(b.node.RPC().CallContext(t.Context(), nil, "anvil_setStorageAt", b.usdt, word(units(slot)), word(units(value))))
		}
		b.again("a1", 0)
		b.chain("a0", "b1", "b2", "b3")
		less := d
		less.Ref, less.Amount = "log:1", coffer.NewAmount(4_995_000)
		gone := is(d, coffer.DepositReversed)[0]
		b.step("five USDT in the first log", "a1", "", b.expect(is(d, coffer.DepositCredited)))
		b.step("on another branch the token takes a fee: its log is the first one", "b1", "", b.expect([]corpus.Deposit{gone, is(less, coffer.DepositCredited)[0]}))
		b.step("which is final", "b3", "b1", b.expect([]corpus.Deposit{gone, less}))
		return b.finish(corpus.Case{
			Name: "The same transaction with other logs",
			Trick: `On one branch a transfer of USDT emits one log. On the other one Tether's fee is on: the same transaction pays less, in its second log, and the
				first one pays Tether. Who looks for the deposit where it was finds a payment to somebody else.`,
			Source: []string{"custody facts: a re-included transaction may emit other logs", "Tether's basisPointsRate"},
			Why:    "The deposit of the first branch is gone; what the second one paid, at its own place, is a deposit.",
			Made:   madeByAnvil + " The fee was written into the token's storage by decree.",
		})
	},
	"067-included-again-with-another-amount": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		all := b.contract("pays all it has", code(paysAll(ann)))
		b.must(b.node.SetBalance(t.Context(), all, ether(3)))
		more := b.contract("gives more", program.New().Selfdestruct(all).Bytes())
		b.key("keeper")
		b.key("customer")
		b.begin()
		tx := b.call("customer", all, nil, nil)
		b.chain("a0", "a1")
		b.rewind("a0")
		b.time += evmSlot
		b.call("keeper", more, ether(1), nil)
		b.produce()
		b.record("b1", "a0")
		b.again("a1", 0)
		b.chain("b1", "b2", "b3", "b4")
		three, four := b.unlocked("ann", evmNative, tx, "trace:1", ether(3)), b.unlocked("ann", evmNative, tx, "trace:1", ether(4))
		b.step("a contract paid the three ether that it had", "a1", "", b.expect(is(three, coffer.DepositCredited)))
		b.step("on another branch it has four", "b2", "", b.expect(is(four, coffer.DepositCredited)))
		b.step("which is final", "b4", "b2", b.expect(is(four, coffer.DepositUnlocked)))
		return b.finish(corpus.Case{
			Name: "The same transaction pays another amount",
			Trick: `A contract pays what it has. In one block that is three ether; in the block of another branch somebody gave it one before, and the same
				transaction, at the same place, pays four. Who takes a transaction that comes back for what it was keeps three.`,
			Source: []string{"custody facts: a re-included transaction may emit other logs"},
			Why:    "What counts is what the block in the chain says: four, once.",
		})
	},
	"068-final-block-leaves": func(t *testing.T) *corpus.Case {
		b, d := forked(t, "a2", "a3")
		b.chain("a0", "b1", "b2", "b3", "b4", "b5")
		b.step("the deposit's block is final", "a3", "a1", b.expect(is(d, coffer.DepositUnlocked)))
		halted := b.expect(is(d, coffer.DepositUnlocked))
		halted.Chain, halted.Because = corpus.Halted, "final block left"
		b.step("the chain goes another way below it", "b5", "b4", halted)
		return b.finish(corpus.Case{
			Name: "A final block leaves the chain",
			Trick: `A block that the node called final is replaced. The deposit was unlocked and may be withdrawn already. Either finality failed, or
				somebody stands between us and the chain.`,
			Source: []string{"an eclipsed node; a sequencer that breaks its word; 51 % attacks on smaller chains"},
			Why:    "No rule tells which chain is right. The reader halts and says so; nothing more is credited or unlocked until a person decides.",
		})
	},
}

// feeSlot is where TestToken keeps its fee, and behind it the most that it is
// (contracts/snapshots/TestToken.storage.json).
const feeSlot = 4
