package corpus_test

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/utxo"
)

// btcScripts are cases of outputs that look as if they paid the watched address, and of
// transactions that spend from it.
var btcScripts = map[string]func(t *testing.T) *corpus.Case{
	"010-bare-multisig-of-our-keys": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		b.user("ann")
		script := b.wallet.at(t, "0/1")
		b.begin()
		b.mine("a1", "a0", b.pay(wire.NewTxOut(150_000, script.Witness)))
		b.chain("a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "Bare multisig of our own keys",
			Trick: `The output's script is the witness script of the watched address itself: 2 of our 3 keys, bare. Our keys could spend it.
				Who looks for his public keys in scripts takes it for a payment to the address.`,
			Source: []string{"bare multisig, standard before 2012 and still allowed by consensus"},
			Why: `It has no address, and no wallet of ours finds or signs for it as it is. What cannot be swept as a deposit is not
				credited as one; a person may recover it.`,
		})
	},
	"011-scripts-of-one-of-our-keys": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		b.user("ann")
		key := b.wallet.keysAt(t, "0/1")[0]
		p2pk := append(append([]byte{33}, key.public()...), txscript.OP_CHECKSIG)
		nested := btcP2SH(key.p2wpkh())
		b.begin()
		b.mine("a1", "a0", b.pay(wire.NewTxOut(150_000, key.p2pkh()), wire.NewTxOut(150_000, p2pk), wire.NewTxOut(150_000, key.p2wpkh()), wire.NewTxOut(150_000, nested)))
		b.chain("a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "P2PKH, P2PK, P2WPKH and P2SH of one of our keys",
			Trick: `One of the three public keys of the watched address, which are known once the address has spent, is paid in each of
				the scripts that one key alone can spend.`,
			Source: []string{"wallets that scan for keys instead of scripts (\"importprivkey\" watches all scripts of a key)"},
			Why:    "These are other addresses, which one signer alone could spend. Two signers were promised.",
		})
	},
	"012-other-wrappings-of-our-script": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		b.user("ann")
		script := b.wallet.at(t, "0/1")
		b.begin()
		b.mine("a1", "a0", b.pay(wire.NewTxOut(150_000, btcP2SH(script.Witness)), wire.NewTxOut(150_000, btcP2SH(script.Output))))
		b.chain("a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "Our script in P2SH, and our program nested in P2SH",
			Trick: `The watched address is P2WSH. Here the same witness script is paid as P2SH, and the same witness program as P2SH-P2WSH:
				what wallets show that "convert" an address to one that old software understands.`,
			Source: []string{"address converters of the SegWit transition, 2017", "Bitcoin Cash sent to SegWit scripts, 2017-2018"},
			Why:    "Neither is the script that was given out. The wallet's descriptor does not derive them, so it could not spend them.",
		})
	},
	"013-our-program-in-another-witness-version": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		b.user("ann")
		program := b.wallet.at(t, "0/1").Output[2:]
		version := func(op byte) []byte { return append([]byte{op, 32}, program...) }
		b.begin()
		b.mine("a1", "a0", b.pay(wire.NewTxOut(150_000, version(txscript.OP_1)), wire.NewTxOut(150_000, version(txscript.OP_2)), wire.NewTxOut(150_000, version(txscript.OP_16))))
		b.chain("a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "Our witness program in version 1, 2 and 16",
			Trick: `The 32 bytes of the watched address follow another version than 0: as the key of a taproot output, and in versions that have
				no rules yet. Such an output is made by software that decodes a bech32 address and forgets its version, or takes
				bech32m for bech32. Who compares programs and not versions credits it.`,
			Source: []string{"BIP-350: bech32m and version 1 and above", "lost funds of version mix-ups in 2021"},
			Why: `In version 1 nobody has the key; in versions without rules anybody can spend. Neither is the watched address
				(decision 25: addresses whose rules do not exist yet are refused).`,
		})
	},
	"014-return-that-carries-our-address": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		data := func(what []byte) []byte {
			script, err := txscript.NewScriptBuilder().AddOp(txscript.OP_RETURN).AddData(what).Script()
			b.must(err)
			return script
		}
		b.begin()
		b.mine("a1", "a0", b.pay(wire.NewTxOut(150_000, data(ann)), wire.NewTxOut(150_000, data([]byte(b.addressOf("ann")))), wire.NewTxOut(150_000, append([]byte{txscript.OP_RETURN}, ann...))))
		b.chain("a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "OP_RETURN with our script and our address in it",
			Trick: `Outputs that nobody can spend hold the watched script, its address as text, and the script right behind OP_RETURN,
				each with 150,000 satoshi that are burnt. Who searches scripts for a pattern of bytes finds it in each.`,
			Source: []string{"burnt coins; indexers that match substrings of scripts"},
			Why:    "An output pays an address when its script is that address's script, from the first to the last byte.",
		})
	},
	"015-our-script-with-a-tail-or-another-push": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		pushed := append([]byte{txscript.OP_0, txscript.OP_PUSHDATA1, 32}, ann[2:]...)
		b.begin()
		b.mine("a1", "a0", b.pay(wire.NewTxOut(150_000, append(bytes.Clone(ann), txscript.OP_NOP)), wire.NewTxOut(150_000, pushed), wire.NewTxOut(150_000, append([]byte{txscript.OP_NOP}, ann...))))
		b.chain("a1", "a2", "a3")
		b.usual()
		return b.finish(corpus.Case{
			Name: "Our script with a byte more, and with another push",
			Trick: `The watched script with an OP_NOP before or behind it, and with OP_PUSHDATA1 in place of the direct push. To a
				disassembler the last one reads the same, "0 <32 bytes>". None is a witness program (BIP-141): to every node these
				are old scripts, which leave a non-zero value and are anybody's to spend.`,
			Source: []string{"BIP-141: a witness program is OP_n and one direct push, and nothing else"},
			Why:    "Scripts are compared as bytes.",
		})
	},
	"016-change-of-our-own": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		change := b.wallet.at(t, "1/0")
		stranger := btcKeyNamed("stranger").p2wpkh()
		b.c.House = append(b.c.House, corpus.House{Address: change.Address, Kind: deposit.HouseChange})
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		own := b.spend([]btcCoin{coinOf(tx, 0, btcKey{}, "0/1")}, wire.NewTxOut(60_000, stranger), wire.NewTxOut(80_000, change.Output))
		b.mine("a4", "a3", own)
		b.chain("a4", "a5", "a6")
		d := b.paid("ann", tx, 0)
		b.step("a deposit, final", "a3", b.expect([]corpus.Deposit{d}))
		native := utxo.Regtest.Native()
		after := b.expect([]corpus.Deposit{d}, corpus.Line{Code: ledger.PrefixCustodyHot + string(change.Address), Asset: native, Side: "debit", Amount: coffer.NewAmount(80_000)},
			corpus.Line{Code: ledger.TransitCoins, Asset: native, Side: "debit", Amount: coffer.NewAmount(70_000)})
		b.without(after, ledger.PrefixCustodyDeposit+string(b.addressOf("ann")))
		b.step("our wallet spends its coin", "a4", after)
		b.step("that is final", "a6", after)
		return b.finish(corpus.Case{
			Name: "Change of a payout of our own",
			Trick: `Our wallet pays somebody out of a deposited coin, 60,000 satoshi, and gets 80,000 back at an address for change; 10,000 are
				the miner's. The customer's balance is no matter of coins. Who takes every output at an address of his for a deposit
				credits the change to somebody, and who books only what arrives has 150,000 satoshi too many.`,
			Source: []string{"self-transfers credited as deposits; consolidations counted twice"},
			Why: `Nobody's balance moves. The deposited coin leaves the deposit address, the change arrives at the house, and what is missing
				stays in transit:coins until the payout that sent it takes it (decision 26).`,
		})
	},
	"017-payment-of-our-own-to-a-customer": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann, bob := b.user("ann"), b.user("bob")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		own := b.spend([]btcCoin{coinOf(tx, 0, btcKey{}, "0/1")}, wire.NewTxOut(140_000, bob))
		b.mine("a4", "a3", own)
		b.chain("a4", "a5", "a6")
		first, second := b.paid("ann", tx, 0), btcIn(b.paid("bob", own, 0), coffer.DepositReview)
		b.step("a deposit, final", "a3", b.expect([]corpus.Deposit{first}))
		after := b.expect([]corpus.Deposit{first, second}, corpus.Line{Code: ledger.TransitCoins, Asset: utxo.Regtest.Native(), Side: "debit", Amount: coffer.NewAmount(150_000)})
		b.without(after, ledger.PrefixCustodyDeposit+string(b.addressOf("ann")))
		b.step("our wallet pays another customer's address", "a4", after)
		b.step("that is final", "a6", after)
		return b.finish(corpus.Case{
			Name: "Our own wallet pays a customer's deposit address",
			Trick: `A coin of ours is spent to the deposit address of another customer: a withdrawal to an address of the same house, or a
				mistake of operators. Credited like a stranger's payment, the same money has two owners when the withdrawal was
				already taken from the first one's balance inside the books, too.`,
			Source: []string{"withdrawals to deposit addresses of the same exchange; Kraken, June 2024 (internal transfers)"},
			Why:    "The sender is an address of ours: it waits for a person (rule \"own sender\", decision 26).",
		})
	},
	"019-our-payout-leaves-the-chain": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.mine("a4", "a3", b.spend([]btcCoin{coinOf(tx, 0, btcKey{}, "0/1")}, wire.NewTxOut(140_000, btcKeyNamed("stranger").p2wpkh())))
		b.chain("a3", "b4", "b5")
		d := []corpus.Deposit{b.paid("ann", tx, 0)}
		b.step("a deposit, final", "a3", b.expect(d))
		spent := b.expect(d, corpus.Line{Code: ledger.TransitCoins, Asset: utxo.Regtest.Native(), Side: "debit", Amount: coffer.NewAmount(150_000)})
		b.without(spent, ledger.PrefixCustodyDeposit+string(b.addressOf("ann")))
		b.step("our wallet spends its coin", "a4", spent)
		b.step("a longer branch in which it did not", "b5", b.expect(d))
		return b.finish(corpus.Case{
			Name: "A payout of our own leaves the chain",
			Trick: `The block in which our wallet spent a deposited coin becomes stale. The coin is there again. Who keeps it as spent has a coin
				too few for ever, and books that are below the chain.`,
			Source: []string{"coins locked for ever after a reorganisation"},
			Why:    "What a block did is undone with it: the coin is at the deposit address again, and transit:coins is empty.",
		})
	},
	"050-a-stranger-pays-our-own-wallet": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		b.user("ann")
		home := b.wallet.at(t, "0/0")
		b.c.House = append(b.c.House, corpus.House{Address: home.Address, Kind: deposit.HouseHot})
		b.begin()
		b.mine("a1", "a0", b.pay(wire.NewTxOut(150_000, home.Output)))
		b.chain("a1", "a2", "a3")
		native := utxo.Regtest.Native()
		books := func() *corpus.Expect {
			return b.expect(nil, corpus.Line{Code: ledger.PrefixCustodyHot + string(home.Address), Asset: native, Side: "debit", Amount: coffer.NewAmount(150_000)},
				corpus.Line{Code: ledger.SuspenseUnknown, Asset: native, Side: "credit", Amount: coffer.NewAmount(150_000)})
		}
		b.step("the block is the newest one", "a1", books())
		b.step("the block is final", "a3", books())
		return b.finish(corpus.Case{
			Name: "A stranger pays the wallet's own address",
			Trick: `Somebody pays the address that the wallet pays withdrawals from, which he knows from one of them, and claims the
				deposit later. Who credits the last customer that was paid from there credits a stranger's word.`,
			Source: []string{"deposits \"returned\" to an exchange's hot wallet"},
			Why:    "It is on the chain, so it is in the books, and it is nobody's: suspense:unknown, until a person knows better.",
		})
	},
	"018-coin-spent-in-the-block-that-makes-it": func(t *testing.T) *corpus.Case {
		b := newBTCBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.pay(wire.NewTxOut(150_000, ann))
		own := b.spend([]btcCoin{coinOf(tx, 0, btcKey{}, "0/1")}, wire.NewTxOut(140_000, btcKeyNamed("stranger").p2wpkh()))
		b.mine("a1", "a0", tx, own)
		b.chain("a1", "a2", "a3")
		d := b.paid("ann", tx, 0)
		books := func(d corpus.Deposit) *corpus.Expect {
			e := b.expect([]corpus.Deposit{d}, corpus.Line{Code: ledger.TransitCoins, Asset: utxo.Regtest.Native(), Side: "debit", Amount: coffer.NewAmount(150_000)})
			b.without(e, ledger.PrefixCustodyDeposit+string(b.addressOf("ann")))
			return e
		}
		b.step("the block is the newest one", "a1", books(btcIn(d, coffer.DepositCredited)))
		b.step("the block is final", "a3", books(d))
		return b.finish(corpus.Case{
			Name: "A deposit whose coin is spent in the same block",
			Trick: `A payment to the watched address and a transaction of ours that spends it are in one block, in this order. (It takes
				our keys: whoever has them pays himself out.) Who takes the set of coins of ours from before the block does not see the
				spend, and has money in his books that is gone.`,
			Source: []string{"indexers that look spends up before they add the outputs of the block"},
			Why: `The payment happened, so the customer is credited. The coin is gone, so the deposit address holds nothing, and
				transit:coins says that 150,000 satoshi were spent by nobody we know.`,
		})
	},
}
