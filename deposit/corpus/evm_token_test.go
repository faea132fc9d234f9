package corpus_test

import (
	"maps"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/evm"
)

// maker makes a case.
type maker = func(t *testing.T) *corpus.Case

// evmMakers make the cases of deposit/testdata/corpus/evm, by file name.
func evmMakers() map[string]maker {
	all := map[string]maker{}
	for _, some := range []map[string]maker{evmTokens, evmShapes, evmNatives, evmTypes, evmForks, evmLies} {
		maps.Copy(all, some)
	}
	return all
}

// evmTokens are about what tokens do.
var evmTokens = map[string]maker{
	"001-plain-token-deposit": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.call("bank", b.usdt, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.usdtID(), tx, "log:0", units(5_000_000)))
		return b.finish(corpus.Case{
			Name: "A plain deposit of a token",
			Trick: `No trick: somebody pays five USDT. Whatever refuses everything passes many other cases of this corpus, and fails
				this one.`,
			Source: []string{"control"},
			Why:    "The receipt's status is 1 and the listed contract itself emitted Transfer(_, ann, 5000000).",
		})
	},
	"002-reverted-transfer": func(t *testing.T) *corpus.Case {
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
	"003-token-answers-false": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		old := b.contract("token that answers false", code(answersWord(0)))
		b.support(old, "OLD", 6)
		b.begin()
		b.call("mallory", old, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "A listed token that answers false",
			Trick: `Old tokens do not revert when somebody has too little: transfer returns false and emits nothing. The transaction
				succeeds with status 1, to a listed contract, with the calldata of a payment.`,
			Source: []string{"SlowMist: false top-up of ERC-20 tokens, 2018", "ZRX, EURS and others return false"},
			Why:    "The contract emitted no Transfer; neither status nor calldata says that money moved.",
		})
	},
	"004-fake-usdt": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		fake := b.token("mallory", "Tether USD", "USDT", 6)
		b.begin()
		b.call("mallory", fake, nil, transfer(ann, units(5_000_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "Another token that calls itself USDT",
			Trick: `Anybody can deploy a token with the name, symbol and decimals of a known one, and with its very code. Its transfers
				are real, and worth nothing. Who recognises tokens by symbol credits them.`,
			Source: []string{"false top-ups with look-alike tokens, every year since 2018"},
			Why:    "A token is known by the address of its contract alone, and this one is not listed.",
		})
	},
	"005-event-of-another-contract-beside-the-real-token": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		stranger := named("stranger")
		at := named("contract aggregator")
		b.contract("aggregator", code(calls(b.usdt, transfer(stranger, units(1))), emitsTransfer(at, ann, units(5_000_000))))
		b.call("bank", b.usdt, nil, transfer(at, units(1)))
		b.produce()
		b.begin()
		b.call("mallory", at, nil, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "An event of another contract beside one of the real token",
			Trick: `A contract moves a millionth of the real USDT to a stranger and, in the same transaction, emits a Transfer of its own to the
				watched address. Who joins "the transaction touches USDT" with "there is a Transfer to us" credits five.`,
			Source: []string{"Transfer of a contract that is not listed: the classic log spoofing"},
			Why:    "What the log's address says counts, log by log: the listed token paid nobody who is watched.",
		})
	},
	"006-event-without-balance": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		liar := b.contract("token that only says so", code(emitsTransfer(named("whale"), ann, units(5_000_000)), answersWord(1)))
		b.begin()
		b.call("mallory", liar, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "An event with a value, and no balance that changed",
			Trick: `A token emits Transfer of any amount from anybody to anybody and returns true, and keeps no balances at all. No log tells it from an
				honest one.`,
			Source: []string{"spoofed events of tokens that nobody audited, used for address poisoning and false top-ups"},
			Why:    "Logs are believed of audited tokens only, which is what being listed means; this one is not.",
		})
	},
	"007-fee-on-transfer": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.call("bank", b.usdt, nil, bindings.NewTestToken().PackSetParams(units(10), units(5)))
		b.call("bank", b.usdt, nil, transfer(address(b.key("customer")), units(10_000_000)))
		b.produce()
		b.begin()
		tx := b.call("customer", b.usdt, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.usdtID(), tx, "log:1", units(4_995_000)))
		return b.finish(corpus.Case{
			Name: "A token that keeps a fee",
			Trick: `USDT has a switch for a fee on transfers, off so far. When it is on, transfer(ann, 5000000) pays ann 4995000 and the token's
				owner 5000, in two Transfer events. Who believes the calldata credits too much, who adds the events up does too.`,
			Source: []string{"Tether's basisPointsRate and maximumFee", "custody facts: book what arrived"},
			Why:    "What is booked is the value of the event that pays the watched address: 4995000. The other event pays somebody else.",
		})
	},
	"008-rebasing": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		rebased := crypto.Keccak256Hash([]byte("LogRebase(uint256,uint256)"))
		at := named("contract elastic")
		b.contract("elastic", code(emitsTransfer(named("whale"), ann, units(5_000_000)), answersWord(1)))
		id := b.support(at, "AMPL", 6)
		b.begin()
		tx := b.call("customer", at, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1")
		b.contract("elastic", code(logs(append(word(units(1)).Bytes(), word(units(2)).Bytes()...), rebased))) // its other function
		b.call("keeper", at, nil, []byte{0x7a, 0x43, 0xe2, 0x3f})
		b.chain("a1", "a2", "a3")
		b.usual(b.unlocked("ann", id, tx, "log:0", units(5_000_000)))
		return b.finish(corpus.Case{
			Name: "A token that rebases after a deposit",
			Trick: `A deposit of an elastic token arrives; in the next block the supply doubles, and with it everybody's balance, by one
				event that names no account. Who credits differences of balanceOf credits the deposit twice, and takes from the next
				depositor when supply shrinks.`,
			Source: []string{"Ampleforth, stETH"},
			Why:    "A deposit is what the Transfer event says. What a rebase makes of the custodian's holdings is for reconciliation, and such tokens should not be listed.",
			Made:   madeByAnvil + " The token is two pieces of code that stand at its address one after the other, each with one of its functions.",
		})
	},
	"009-two-events-for-one-payment": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		sent := crypto.Keccak256Hash([]byte("Sent(address,address,address,uint256,bytes,bytes)"))
		from := named("whale")
		data := append(append(word(units(5_000_000)).Bytes(), word(units(96)).Bytes()...), append(word(units(128)).Bytes(), make([]byte, 64)...)...)
		token := b.contract("erc777", code(logs(data, sent, word(from), word(from), word(ann)), emitsTransfer(from, ann, units(5_000_000))))
		id := b.support(token, "777", 6)
		b.begin()
		tx := b.call("customer", token, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", id, tx, "log:1", units(5_000_000)))
		return b.finish(corpus.Case{
			Name: "An ERC-777 token, which tells of a payment twice",
			Trick: `ERC-777 tokens emit Sent and, for compatibility, Transfer for one and the same payment. Who reads both, or any event with three
				topics and an amount in front of its data, credits twice.`,
			Source: []string{"EIP-777"},
			Why:    "Transfer alone is the payment; its place is the second of the receipt, log:1.",
		})
	},
	"010-hook-emits-a-transfer": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		from := named("whale")
		hook := named("contract receiver hook")
		b.contract("receiver hook", code(emitsTransfer(from, ann, units(5_000_000)), emitsTransfer(hook, ann, units(5_000_000))))
		token := b.contract("erc1363", code(emitsTransfer(from, ann, units(5_000_000)), calls(hook, []byte{0x88, 0xa7, 0xca, 0x5c})))
		id := b.support(token, "1363", 6)
		b.begin()
		tx := b.call("customer", token, nil, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", id, tx, "log:0", units(5_000_000)))
		return b.finish(corpus.Case{
			Name: "A hook that emits transfers of its own",
			Trick: `transferAndCall of a listed ERC-1363 token pays five and then calls a contract of the sender's choice, which emits the same Transfer
				again, and another one in its own name. All three logs stand in one receipt of a transaction to the listed token.`,
			Source: []string{"EIP-1363, EIP-777 tokensReceived: code of strangers runs inside of a payment"},
			Why:    "Only the first log is one of the listed contract.",
		})
	},
	"011-zero-value-poisoning": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		hot := named("hot wallet")
		b.house(hot, deposit.HouseHot)
		b.begin()
		token := bindings.NewTestToken()
		near := ann
		near[10] ^= 0xff
		b.call("mallory", b.usdt, nil, token.PackTransferFrom(hot, ann, new(big.Int)))
		b.call("mallory", b.usdt, nil, token.PackTransferFrom(ann, near, new(big.Int)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "Transfers of zero from whomever you like",
			Trick: `transferFrom of zero needs no allowance, so anybody makes the real USDT emit Transfer(hot wallet, ann, 0), and Transfer(ann, an
				address that looks like a known one, 0). History then shows addresses that were never used.`,
			Source: []string{"address poisoning: 270 million attempts in two years, arXiv 2501.16681"},
			Why:    "Nothing moved. A transfer of zero is no deposit, opens no review and its sender is nobody to remember.",
		})
	},
	"012-one-transaction-pays-two": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann, bob := b.user("ann"), b.user("bob")
		disperse := b.contract("disperse", code(calls(b.usdt, transfer(ann, units(2_000_000))), calls(b.usdt, transfer(bob, units(3_000_000))),
			calls(b.usdt, transfer(ann, units(2_000_000)))))
		b.call("bank", b.usdt, nil, transfer(disperse, units(7_000_000)))
		b.produce()
		b.begin()
		tx := b.call("exchange", disperse, nil, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.usdtID(), tx, "log:0", units(2_000_000)), b.unlocked("bob", b.usdtID(), tx, "log:1", units(3_000_000)),
			b.unlocked("ann", b.usdtID(), tx, "log:2", units(2_000_000)))
		return b.finish(corpus.Case{
			Name: "One transaction that pays two addresses, one of them twice",
			Trick: `An exchange pays in batches: one transaction, to a contract that is not the token, pays ann two, bob three and ann two again. Who keys deposits
				by transaction credits one of the three, who removes duplicates of (token, recipient, amount) loses one.`,
			Source: []string{"Disperse, MultiSend, exchanges' batch contracts", "Bridge.xyz tells integrators to key by block, transaction and log"},
			Why:    "Each log is a deposit of its own.",
		})
	},
	"013-two-tokens-in-one-transaction": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		dai := b.token("maker", "Dai Stablecoin", "DAI", 18)
		daiID := b.support(dai, "DAI", 18)
		both := b.contract("both", code(calls(b.usdt, transfer(ann, units(5_000_000))), calls(dai, transfer(ann, ether(2)))))
		b.call("bank", b.usdt, nil, transfer(both, units(5_000_000)))
		b.call("maker", dai, nil, transfer(both, ether(2)))
		b.produce()
		b.begin()
		tx := b.call("customer", both, nil, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.usdtID(), tx, "log:0", units(5_000_000)), b.unlocked("ann", daiID, tx, "log:1", ether(2)))
		return b.finish(corpus.Case{
			Name: "Two tokens of different decimals in one transaction",
			Trick: `One transaction pays five USDT (6 decimals) and two DAI (18 decimals) to one address. Who reads the receipt once for each listed token
				without looking at the log's address credits each amount in both, one of them as two billion billion USDT.`,
			Source: []string{"openware/peatio #2931: one ERC-20 deposit credited to a second coin"},
			Why:    "Each log is of the token that emitted it, and is counted in that token's units once.",
		})
	},
	"014-token-behind-a-proxy-is-upgraded": evmUpgrade,
	"015-own-hot-wallet-pays": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		hot := address(b.key("hot"))
		b.house(hot, deposit.HouseHot)
		b.call("bank", b.usdt, nil, transfer(hot, units(9_000_000)))
		b.produce()
		b.begin()
		tx := b.call("hot", b.usdt, nil, transfer(ann, units(5_000_000)))
		b.call("hot", b.usdt, nil, transfer(hot, units(4_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		held := b.unlocked("ann", b.usdtID(), tx, "log:0", units(5_000_000))
		held.State = coffer.DepositReview
		b.usual(held)
		return b.finish(corpus.Case{
			Name: "Our own hot wallet pays a deposit address, and itself",
			Trick: `A withdrawal to an address that is a deposit address of the same custodian is no new money, and neither is a wallet that
				pays itself. Who credits both and books the withdrawal as well has made money.`,
			Source: []string{"peatio and others: internal transfers credited as deposits", "Kraken, June 2024: internal movements not told apart"},
			Why:    "What comes from a wallet of the custodian's waits for a person, who knows the withdrawal; nothing of it is spendable. What a wallet pays itself is nothing.",
		})
	},
	"016-approve-then-pull": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		token := bindings.NewTestToken()
		puller := address(b.key("puller"))
		b.call("bank", b.usdt, nil, transfer(address(b.key("customer")), units(5_000_000)))
		b.produce()
		b.begin()
		b.call("customer", b.usdt, nil, token.PackApprove(puller, units(5_000_000)))
		b.chain("a0", "a1")
		tx := b.call("puller", b.usdt, nil, token.PackTransferFrom(address(b.key("customer")), ann, units(5_000_000)))
		b.chain("a1", "a2", "a3", "a4")
		pulled := b.unlocked("ann", b.usdtID(), tx, "log:0", units(5_000_000))
		b.step("approved", "a1", "", b.expect(nil))
		b.step("pulled", "a2", "", b.expect(in(coffer.DepositCredited, []corpus.Deposit{pulled})))
		b.step("the block is final", "a4", "a2", b.expect([]corpus.Deposit{pulled}))
		return b.finish(corpus.Case{
			Name: "Approved, then pulled by somebody else",
			Trick: `A customer approves a contract, which later pulls the money to the deposit address. The approval has the amount and moves
				nothing; the pull is a transaction of somebody else, with other calldata than a transfer.`,
			Source: []string{"payment processors and account abstraction pay by transferFrom"},
			Why:    "The approval is no payment; the Transfer event of the pull is one, whoever sent the transaction.",
		})
	},
	"017-address-differs-in-one-digit": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.begin()
		for _, at := range []int{0, 9, 19} {
			near := ann
			near[at] ^= 0x01
			b.call("bank", b.usdt, nil, transfer(near, units(5_000_000)))
			b.call("bank", near, ether(1), nil)
		}
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name:   "Addresses that differ in one digit",
			Trick:  `Real USDT and ether go to addresses that differ from the watched one in one hex digit: the first ones, in the middle and the last one.`,
			Source: []string{"vanity look-alikes of address poisoning; indexers that compare shortened addresses"},
			Why:    "An address is all of its twenty bytes.",
		})
	},
	"018-dust": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann, bob := b.user("ann"), b.user("bob")
		b.begin()
		dust := b.unlocked("ann", b.usdtID(), b.call("bank", b.usdt, nil, transfer(ann, units(999_999))), "log:0", units(999_999))
		dust.State = coffer.DepositDust
		least := b.unlocked("bob", b.usdtID(), b.call("bank", b.usdt, nil, transfer(bob, units(1_000_000))), "log:0", units(1_000_000))
		b.chain("a0", "a1", "a2", "a3")
		b.usual(dust, least)
		return b.finish(corpus.Case{
			Name: "One unit below the minimum, and the minimum",
			Trick: `An amount below the minimum is not worth sweeping, so it is not credited; but it is on the chain. Who skips it has more coins than
				books, who credits it pays for sweeping dust by the thousand.`,
			Source: []string{"openware/peatio skips tiny deposits, so that its books never close"},
			Why:    "Below the minimum it is kept aside in suspense, where reconciliation finds it; exactly the minimum is a deposit.",
		})
	},
	"019-known-and-not-supported": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		dai := b.token("maker", "Dai Stablecoin", "DAI", 18)
		id := evm.TokenAsset(evmChain, dai)
		b.c.Known = []coffer.AssetID{id}
		b.begin()
		aside := b.unlocked("ann", id, b.call("maker", dai, nil, transfer(ann, ether(2))), "log:0", ether(2))
		aside.State = coffer.DepositUnsupported
		b.chain("a0", "a1", "a2", "a3")
		b.usual(aside)
		return b.finish(corpus.Case{
			Name:   "A real token that is not offered",
			Trick:  `A customer sends a token that operators know and do not support. It is real money at an address of theirs.`,
			Source: []string{"deposits of unsupported assets, which support desks see daily"},
			Why:    "Not credited, and not lost: it is kept aside until somebody sends it back or lists it.",
		})
	},
	"020-flushed-in-the-same-transaction": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		vault := named("vault")
		b.house(vault, deposit.HouseVault)
		// The deposit address is a forwarder that is there already: it sends on what it has.
		at := named("deposit of ann")
		b.contract("unused", nil)
		b.must(b.node.SetCode(t.Context(), at, code(calls(b.usdt, transfer(vault, units(5_000_000))))))
		ann := b.user("ann")
		payer := b.contract("pays and flushes", code(calls(b.usdt, transfer(ann, units(5_000_000))), calls(ann, []byte{1})))
		b.call("bank", b.usdt, nil, transfer(payer, units(5_000_000)))
		b.produce()
		b.begin()
		tx := b.call("customer", payer, nil, nil)
		b.chain("a0", "a1", "a2", "a3")
		d := b.unlocked("ann", b.usdtID(), tx, "log:0", units(5_000_000))
		amount := d.Amount
		b.usual(d)
		for i := range b.c.Steps { // what the forwarder had is in the vault
			e := b.c.Steps[i].Expect
			e.House = []corpus.Line{{Code: "custody:hot:" + string(evm.AddressOf(vault)), Asset: b.usdtID(), Side: "debit", Amount: amount}}
		}
		return b.finish(corpus.Case{
			Name: "Paid and flushed in one transaction",
			Trick: `The deposit address is a contract that anybody may ask to send on to the vault what it holds. One transaction pays it and asks. Its
				balance is zero before and after the block: who compares balances sees no deposit.`,
			Source: []string{"forwarders of BitGo and others: anybody may flush"},
			Why:    "The money arrived and is ann's; the books have it in the vault, where it is.",
		})
	},
	"021-transfer-in-a-reverted-frame": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		inner := b.contract("transfers and reverts", code(calls(b.usdt, transfer(ann, units(5_000_000))), reverts))
		outer := b.contract("tries", code(calls(inner, nil)))
		b.call("bank", b.usdt, nil, transfer(inner, units(5_000_000)))
		b.produce()
		b.begin()
		b.call("mallory", outer, nil, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "A token transfer inside a frame that reverted",
			Trick: `A contract transfers five real USDT to the watched address and reverts; its caller goes on and the transaction succeeds. In the
				trace the call of the token has the right calldata and no error of its own.`,
			Source: []string{"trezor/blockbook #1621, for tokens"},
			Why:    "Logs of a frame that failed are in no receipt; the token paid nobody.",
		})
	},
}

// evmUpgrade is a token behind a proxy.
func evmUpgrade(t *testing.T) *corpus.Case {
	b := newEVMBench(t)
	ann := b.user("ann")
	whale := named("whale")
	first := b.contract("implementation 1", code(emitsTransfer(whale, ann, units(5_000_000)), answersWord(1)))
	second := b.contract("implementation 2", code(emitsTransfer(whale, ann, units(7_000_000)), answersWord(1)))
	proxy := b.contract("proxy", delegates())
	b.must(b.node.RPC().CallContext(t.Context(), nil, "anvil_setStorageAt", proxy, common.Hash{}, word(first)))
	id := b.support(proxy, "USDC", 6)
	b.begin()
	before := b.call("customer", proxy, nil, transfer(ann, units(5_000_000)))
	b.call("mallory", first, nil, transfer(ann, units(5_000_000)))
	b.chain("a0", "a1")
	b.call("mallory", proxy, nil, append([]byte{0}, word(second).Bytes()...)) // 33 bytes: upgrade
	after := b.call("customer", proxy, nil, transfer(ann, units(7_000_000)))
	b.call("mallory", second, nil, transfer(ann, units(7_000_000)))
	b.chain("a1", "a2", "a3", "a4")
	one, two := b.unlocked("ann", id, before, "log:0", units(5_000_000)), b.unlocked("ann", id, after, "log:0", units(7_000_000))
	b.step("before the upgrade", "a1", "", b.expect(in(coffer.DepositCredited, []corpus.Deposit{one})))
	b.step("after it", "a2", "", b.expect(in(coffer.DepositCredited, []corpus.Deposit{one, two})))
	b.step("both blocks are final", "a4", "a2", b.expect([]corpus.Deposit{one, two}))
	return b.finish(corpus.Case{
		Name: "A token behind a proxy is upgraded",
		Trick: `The listed token is a proxy, whose code changes between two deposits. Somebody also calls each implementation directly: it then emits the
			same events in its own name, about balances that mean nothing.`,
		Source: []string{"USDC, TUSD and other tokens behind proxies; TUSD once had two addresses"},
		Why:    "Logs are of the contract whose storage changes, which is the proxy before and after. An implementation is another contract, and not listed.",
	})
}
