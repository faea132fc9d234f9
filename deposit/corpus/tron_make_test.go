package corpus_test

import (
	"maps"
	"testing"

	"github.com/ethereum/go-ethereum/core/vm/program"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// tronMakers make the cases of deposit/testdata/corpus/tron, by file name.
func tronMakers() map[string]maker {
	all := map[string]maker{}
	for _, some := range []map[string]maker{tronTokens, tronCoins, tronForks, tronLies, tronMemos, tronRest} {
		maps.Copy(all, some)
	}
	return all
}

// tronTokens are about TRC-20 and TRC-10 tokens.
var tronTokens = map[string]maker{
	"001-plain-token-deposit": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.call("bank", b.usdt, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.usdtID(), tx, "log:0", 5_000_000))
		return b.finish(corpus.Case{
			Name: "A plain deposit of a TRC-20 token",
			Trick: `No trick: somebody pays five USDT. Whatever refuses everything passes many other cases of this corpus, and fails
				this one.`,
			Source: []string{"control"},
			Why:    "The transaction ended in SUCCESS by the block and by both nodes, and the listed contract itself emitted Transfer(_, ann, 5000000).",
		})
	},
	"002-reverted-transfer": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.begin()
		b.call("mallory", b.usdt, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "A transfer that ended in REVERT",
			Trick: `A call of the real token with the watched address and an amount reverts, because its sender holds none. The transaction is in a block, costs
				energy, and has the calldata of a payment: contractRet alone says REVERT. Who reads calldata credits it.`,
			Source: []string{"TRON facts: reverted transactions are in blocks too", "SlowMist: false top-ups on TRON"},
			Why:    "contractRet is not SUCCESS, which the block's root commits to; there is no log.",
		})
	},
	"003-out-of-energy": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.begin()
		_, err := b.signer("bank").Call(b.usdt, transfer(ann, units(5_000_000)), 0, 100_000) // 1,000 energy
		b.must(err)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "A transfer that ran out of energy",
			Trick: `Somebody who holds enough sends five USDT with a fee limit that is too low. The transaction ends in OUT_OF_ENERGY: all of its fee is burned, its
				logs are empty, and broadcasting it had answered SUCCESS.`,
			Source: []string{"8,851 TRON transfers a day fail for energy (tronnrg.com)", "TRON facts §4"},
			Why:    "OUT_OF_ENERGY is a failure like any other: nothing moved.",
		})
	},
	"004-trc10-named-usdt": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.SetAsset(b.signer("mallory").Address, "1004242", 1_000_000_000)
		b.begin()
		_, err := b.signer("mallory").Send(tronpb.Transaction_Contract_TransferAssetContract, &tronpb.TransferAssetContract{
			AssetName: []byte("1004242"), OwnerAddress: tronsim.Wire(b.signer("mallory").Address), ToAddress: tronsim.Wire(ann), Amount: 5_000_000,
		}, nil)
		b.must(err)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "A TRC-10 token",
			Trick: `TRC-10 tokens belong to the chain, have numbers, and any name that their issuer likes: there are many USDT. Explorers show them beside
				TRC-20 tokens. Its transfer is a transaction of its own type, and succeeds.`,
			Source: []string{"TRC-10 tokens named USDT, sent to exchanges since 2019"},
			Why:    "It is token 1004242, which is not listed, whatever it is called.",
		})
	},
	"005-fake-usdt": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		fake := b.token("mallory", "Tether USD", "USDT")
		b.begin()
		b.call("mallory", fake, transfer(ann, units(5_000_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name:   "Another TRC-20 token that calls itself USDT",
			Trick:  `A contract with the code, name, symbol and decimals of Tether's, at another address, pays five thousand.`,
			Source: []string{"look-alike TRC-20 tokens; address poisoning uses them too"},
			Why:    "A token is known by the address of its contract alone.",
		})
	},
	"006-zero-value-poisoning": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		hot := tronsim.AddressOf(tronsim.KeyOf("hot", 0))
		b.house(hot, deposit.HouseHot)
		b.begin()
		near := ann
		near[19] ^= 0x01
		b.call("mallory", b.usdt, bindings.NewTestToken().PackTransferFrom(hot, ann, units(0)))
		b.call("mallory", b.usdt, bindings.NewTestToken().PackTransferFrom(ann, near, units(0)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name:   "Transfers of zero from whomever you like",
			Trick:  `transferFrom of zero needs no allowance: the real token emits Transfer(hot wallet, ann, 0), and one from ann to a look-alike.`,
			Source: []string{"address poisoning, arXiv 2501.16681; most of it is on TRON and BSC"},
			Why:    "Nothing moved.",
		})
	},
	"007-batch-contract-pulls": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann, bob := b.user("ann"), b.user("bob")
		token := bindings.NewTestToken()
		exchange := b.signer("exchange").Address
		batch := b.contract("batch", code(calls(b.usdt, token.PackTransferFrom(exchange, ann, units(2_000_000))), calls(b.usdt, token.PackTransferFrom(exchange, bob, units(3_000_000)))))
		b.call("bank", b.usdt, transfer(exchange, units(9_000_000)))
		b.call("exchange", b.usdt, token.PackApprove(batch, units(9_000_000)))
		b.must(b.Mine(1))
		b.begin()
		tx := b.call("exchange", batch, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.usdtID(), tx, "log:0", 2_000_000), b.unlocked("bob", b.usdtID(), tx, "log:1", 3_000_000))
		return b.finish(corpus.Case{
			Name: "An exchange's batch contract pulls",
			Trick: `An exchange calls a contract of its own, which calls the token's transferFrom for each customer. The transaction is to another contract, with
				other calldata. Who looks for a9059cbb sent to the token misses both deposits.`,
			Source: []string{"TRON facts §4: exchanges' batch contracts, multi-sends, GasFree"},
			Why:    "Each Transfer of the listed token is a deposit, whoever called.",
		})
	},
	"008-fee-on-transfer": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.call("bank", b.usdt, bindings.NewTestToken().PackSetParams(units(10), units(5)))
		b.call("bank", b.usdt, transfer(b.signer("customer").Address, units(9_000_000)))
		b.must(b.Mine(1))
		b.begin()
		tx := b.call("customer", b.usdt, transfer(ann, units(5_000_000)))
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.usdtID(), tx, "log:1", 4_995_000))
		return b.finish(corpus.Case{
			Name: "Tether's fee is on",
			Trick: `basisPointsRate of the token is ten: transfer(ann, 5000000) pays ann 4995000, and the token's owner 5000 by a Transfer of its own. Calldata says
				5000000.`,
			Source: []string{"TRON facts §4: always book the log value, not calldata"},
			Why:    "What the log says that ann got is what ann got.",
		})
	},
	"009-four-topics-and-dirt": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		from, to := word(named("whale")), word(ann)
		dirty := to
		dirty[11] = 0x41 // the prefix that addresses have outside of the virtual machine
		amount := word(units(5_000_000)).Bytes()
		odd := b.contract("odd", code(logs(amount, transferTopic, from, to, word(units(7))), logs(amount, transferTopic, from, dirty), logs(append(amount, amount...), transferTopic, from, to)))
		b.list(odd, "ODD")
		b.begin()
		b.call("mallory", odd, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "Logs that are almost transfers",
			Trick: `A listed token emits a Transfer with four topics (TRC-721), one whose recipient has the byte 41 in front of its twenty, as addresses have
				outside of contracts, and one with two words of data.`,
			Source: []string{"TRON facts §4 and the 0x41 of old tools"},
			Why:    "A transfer has three topics with addresses of twenty bytes after twelve zeros, and one word of data.",
		})
	},
	"010-event-of-another-contract": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		liar := b.contract("liar", code(calls(b.usdt, transfer(named("stranger"), units(1))), emitsTransfer(b.signer("bank").Address, ann, units(5_000_000))))
		b.call("bank", b.usdt, transfer(liar, units(1)))
		b.must(b.Mine(1))
		b.begin()
		b.call("mallory", liar, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name:   "An event of another contract beside one of the real token",
			Trick:  `A contract moves a millionth of the real USDT to a stranger and emits a Transfer of five to ann in its own name, in the same transaction.`,
			Source: []string{"log spoofing"},
			Why:    "The log to ann is not of the listed contract.",
		})
	},
	"011-dust": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.begin()
		d := b.unlocked("ann", b.usdtID(), b.call("bank", b.usdt, transfer(ann, units(999_999))), "log:0", 999_999)
		d.State = coffer.DepositDust
		b.chain("a0", "a1", "a2", "a3")
		b.usual(d)
		return b.finish(corpus.Case{
			Name: "One unit below the minimum", Trick: `Sweeping a TRC-20 deposit costs several TRX, so small ones are not worth it; they are on the chain all the same.`,
			Source: []string{"custody facts: book dust, do not skip it"}, Why: "It is kept aside in suspense.",
		})
	},
	"012-own-hot-wallet-pays": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		exchange := b.signer("exchange").Address
		b.house(exchange, deposit.HouseHot)
		b.call("bank", b.usdt, transfer(exchange, units(9_000_000)))
		b.must(b.Mine(1))
		b.begin()
		d := b.unlocked("ann", b.usdtID(), b.call("exchange", b.usdt, transfer(ann, units(5_000_000))), "log:0", 5_000_000)
		d.State = coffer.DepositReview
		b.chain("a0", "a1", "a2", "a3")
		b.usual(d)
		return b.finish(corpus.Case{
			Name: "Our own hot wallet pays a deposit address", Trick: `A withdrawal went to a deposit address of the same custodian.`,
			Source: []string{"internal transfers credited as deposits"}, Why: "No new money: it waits for a person and is not spendable.",
		})
	},
	"013-memo-in-raw-data": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.user("bob")
		b.begin()
		bank := b.signer("bank")
		tx, err := bank.Send(tronpb.Transaction_Contract_TransferContract, &tronpb.TransferContract{OwnerAddress: tronsim.Wire(bank.Address), ToAddress: tronsim.Wire(ann), Amount: 7_000_000},
			func(raw *tronpb.TransactionRaw) { raw.Data = []byte("bob") })
		b.must(err)
		token, err := bank.Send(tronpb.Transaction_Contract_TriggerSmartContract, &tronpb.TriggerSmartContract{
			OwnerAddress: tronsim.Wire(bank.Address), ContractAddress: tronsim.Wire(b.usdt), Data: transfer(ann, units(5_000_000)),
		}, func(raw *tronpb.TransactionRaw) {
			raw.Data, raw.FeeLimit = []byte("deposit 1000000 USDT to bob"), tronFeeLimit
		})
		b.must(err)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.trx(), tx, "contract:0", 7_000_000), b.unlocked("ann", b.usdtID(), token, "log:0", 5_000_000))
		return b.finish(corpus.Case{
			Name: "A memo that names somebody else",
			Trick: `raw_data.data holds any text that the sender likes. Here it names another account, and an amount. Addresses are one for each account, so
				nobody asked for a memo.`,
			Source: []string{"TRON facts: memo in raw_data.data"}, Why: "The address says whose it is, and the log how much. The text is nobody's word.",
		})
	},
}

// tronCoins are about TRX.
var tronCoins = map[string]maker{
	"020-plain-trx": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.begin()
		tx, err := b.signer("customer").Transfer(ann, 7_000_000)
		b.must(err)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.trx(), tx, "contract:0", 7_000_000))
		return b.finish(corpus.Case{
			Name: "A plain deposit of TRX, to an address that had never been used",
			Trick: `No trick. The transfer also activates the address, for which its sender burns one TRX and more: the fee is no part of the
				amount. The receipt of a plain transfer has no result at all.`,
			Source: []string{"control; TRON facts: receipt.result is absent of plain transfers"}, Why: "contractRet is SUCCESS, and seven TRX went to ann.",
		})
	},
	"021-trx-from-a-contract": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		wallet := b.contract("wallet", code(pays(ann, units(7_000_000))))
		b.SetBalance(wallet, 9_000_000)
		b.begin()
		tx := b.call("customer", wallet, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.trx(), tx, "internal:0", 7_000_000))
		return b.finish(corpus.Case{
			Name: "TRX from a contract", Trick: `A contract pays seven TRX. It is no transfer of the block, only an internal transaction, which nodes keep if they are told to.`,
			Source: []string{"TRON facts §4: internal_transactions"}, Why: "The internal transaction was not rejected and its transaction succeeded.",
		})
	},
	"022-rejected-internal-transaction": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		inner := b.contract("pays and reverts", code(pays(ann, units(7_000_000)), reverts))
		outer := b.contract("goes on", code(pays(inner, units(7_000_000)), pays(ann, units(900_000_000))))
		b.SetBalance(outer, 9_000_000)
		b.begin()
		b.call("mallory", outer, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "Internal transactions that were rejected",
			Trick: `A contract calls another one, which pays seven TRX to ann and reverts; then it tries to pay nine hundred that it does not have. Both payments are
				among the internal transactions of a transaction that ended in SUCCESS, with rejected: true.`,
			Source: []string{"trezor/blockbook #1621, for TRON"}, Why: "What is rejected did not happen.",
		})
	},
	"023-call-value-to-a-contract": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		sink := b.contract("sink", code())
		b.begin()
		_, err := b.signer("mallory").Call(sink, transfer(ann, units(7_000_000)), 7_000_000, tronFeeLimit)
		b.must(err)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name:   "A call with a value and the calldata of a payment",
			Trick:  `TriggerSmartContract has a call_value of seven TRX and data that says transfer(ann, 7000000). The contract takes the value and ignores the data.`,
			Source: []string{"TRON facts: TriggerSmartContract with call_value"}, Why: "The seven TRX are the contract's.",
		})
	},
	"024-call-value-to-a-watched-contract": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		forwarder := b.contract("forwarder", code())
		b.watch("ann", tron.AddressOf(tron.Address(forwarder)))
		b.begin()
		tx, err := b.signer("customer").Call(forwarder, nil, 7_000_000, tronFeeLimit)
		b.must(err)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.trx(), tx, "contract:0", 7_000_000))
		return b.finish(corpus.Case{
			Name:   "A call with a value to a deposit address that is a contract",
			Trick:  `Plain transfers of TRX to contracts are refused by the chain, so a deposit address that is a contract is paid by calling it with a value.`,
			Source: []string{"TRON facts: no plain TRX to contracts"}, Why: "The value of a successful call is paid to the contract that is called.",
		})
	},
	"025-selfdestruct-pays": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		bomb := b.contract("bomb", program.New().Selfdestruct(ann).Bytes())
		b.SetBalance(bomb, 7_000_000)
		b.begin()
		tx := b.call("customer", bomb, nil)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", b.trx(), tx, "internal:0", 7_000_000))
		return b.finish(corpus.Case{
			Name: "TRX from a contract that destroys itself", Trick: `SELFDESTRUCT pays seven TRX, as an internal transaction with the note "suicide" and no call.`,
			Source: []string{"TRON facts §4"}, Why: "The TRX arrived.",
		})
	},
	"026-failed-call-with-value": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		refuses := b.contract("refuses", code(reverts))
		b.watch("ann", tron.AddressOf(tron.Address(refuses)))
		b.begin()
		_, err := b.signer("mallory").Call(refuses, nil, 7_000_000, tronFeeLimit)
		b.must(err)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "A call with a value that was refused", Trick: `The same call of a watched contract with seven TRX, which reverts. The transaction holds its value all the same.`,
			Source: []string{"SlowMist: false top-ups, status ignored"}, Why: "contractRet is REVERT: the value went back.",
		})
	},
	"027-resources-lent": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		exchange := b.signer("exchange")
		_, err := exchange.Transfer(ann, 1_000_000)
		b.must(err)
		b.must(b.Stake(exchange.Address, tronpb.ResourceCode_ENERGY, 500_000_000))
		b.must(b.Mine(1))
		b.begin()
		_, err = exchange.Send(tronpb.Transaction_Contract_DelegateResourceContract, &tronpb.DelegateResourceContract{
			OwnerAddress: tronsim.Wire(exchange.Address), ReceiverAddress: tronsim.Wire(ann), Resource: tronpb.ResourceCode_ENERGY, Balance: 400_000_000,
		}, nil)
		b.must(err)
		b.chain("a0", "a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "Energy lent to a deposit address", Trick: `DelegateResourceContract names ann as receiver and a balance of 400 TRX. It lends energy; the stake stays its owner's.`,
			Source: []string{"Stake 2.0 delegation"}, Why: "No TRX moved.",
		})
	},
}
