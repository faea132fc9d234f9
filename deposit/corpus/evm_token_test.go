package corpus_test

import (
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/corpus"
)

// evmMakers make the cases of deposit/testdata/corpus/evm, by file name.
var evmMakers = map[string]func(t *testing.T) *corpus.Case{
	"001-reverted-transfer": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.begin()
		b.call("pauper", b.usdt, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "A reverted transfer",
			Trick: `A transaction calls transfer of the real token with the watched address and an amount, and reverts because its sender
				holds none. It is in a block, pays gas and its calldata is that of a payment. Who reads calldata, or takes a
				transaction in a block for one that worked, credits it.`,
			Source: []string{"SlowMist: false top-up attacks, 2018 and later (status of the receipt ignored)", "Kraken, June 2024: credited before the outcome was known"},
			Why:    "The receipt's status is 0 and it holds no log: nothing moved.",
		})
	},
	"002-plain-token-deposit": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.call("bank", b.usdt, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual(corpus.Deposit{Account: "ann", Asset: b.usdtID(), Tx: coffer.Hash(tx), Ref: "log:0", Amount: coffer.NewAmount(5_000_000), State: coffer.DepositUnlocked})
		return b.finish(corpus.Case{
			Name: "A plain deposit",
			Trick: `No trick: somebody pays five USDT. Whatever refuses everything passes all other cases of this corpus, and fails
				this one.`,
			Source: []string{"control"},
			Why:    "The receipt's status is 1 and the listed contract itself emitted Transfer(_, ann, 5000000).",
		})
	},
	"003-internal-call-in-a-reverted-frame": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		// The outer contract calls the inner one, which pays and reverts, and goes on.
		inner := b.contract("pays and reverts", payAndRevert(ann, ether(3)))
		outer := b.contract("calls and goes on", callAndGoOn(inner, ether(3)))
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
	"004-a-longer-fork-leaves-the-deposit-out": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.call("bank", b.usdt, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1")
		b.rewind("a0")
		b.time += evmSlot
		b.chain("a0", "b1", "b2", "b3", "b4")
		deposit := corpus.Deposit{Account: "ann", Asset: b.usdtID(), Tx: coffer.Hash(tx), Ref: "log:0", Amount: coffer.NewAmount(5_000_000), State: coffer.DepositCredited}
		b.step("a deposit is in the newest block", "a1", "", b.expect([]corpus.Deposit{deposit}))
		deposit.State = coffer.DepositReversed
		b.step("another branch is longer and does not have it", "b2", "", b.expect([]corpus.Deposit{deposit}))
		b.step("that branch is final", "b4", "b3", b.expect([]corpus.Deposit{deposit}))
		return b.finish(corpus.Case{
			Name: "A longer fork without the deposit",
			Trick: `A deposit is in the newest block. Then the chain goes another way from the block before, and further, and the
				transaction is not in it: its sender spent the same nonce otherwise, or a sequencer took back what it had only
				softly confirmed. Who credits at one confirmation and never looks back has given away money.`,
			Source: []string{"soft confirmations of layer-2 sequencers", "trezor/blockbook and others: disconnect blocks on a fork", "safe-global/safe-transaction-service: ERC-20 transfers outlived their block until 2023"},
			Why:    "The block that held the transaction is no part of the chain any more, so the credit is taken back; nothing had been unlocked.",
		})
	},
}
