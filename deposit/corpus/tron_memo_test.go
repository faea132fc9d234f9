package corpus_test

import (
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// memoSource is where the tricks with memos are from.
const memoSource = "custody facts: memos that are missing, of somebody else, or almost right"

// tronMemos are about deposits to an address that a memo has to go with. In each, somebody pays
// five USDT and seven TRX to ann.
var tronMemos = map[string]maker{
	"060-memo": memoCase(func(memo string) []byte { return []byte(memo) }, coffer.DepositUnlocked, corpus.Case{
		Name: "The memo that was asked for", Trick: `No trick: the assets need a memo, and the sender wrote it into raw_data.data. Whatever
			refuses everything passes the next cases and fails this one.`,
		Why: "The memo is ann's, to the letter, and the block's hash commits to it.",
	}),
	"061-memo-missing": memoCase(func(string) []byte { return nil }, coffer.DepositMissingMemo, corpus.Case{
		Name: "No memo", Trick: `The sender forgot the memo. Who credits the only account that he knows at the address, credits whoever has it by chance
			where addresses are shared.`,
		Why: "An asset that needs a memo is credited to nobody without. It is in suspense, and a person decides.",
	}),
	"062-memo-in-another-notation": memoCase(func(memo string) []byte {
		return []byte("Memo:" + memo)
	}, coffer.DepositMissingMemo, corpus.Case{
		Name: "The memo with a word before it", Trick: `The digits are right and not alone. Who looks for them inside of the text lets somebody write several
			memos into one text.`,
		Why: "A memo is compared whole.",
	}),
	"063-memo-with-leading-zeros": memoCase(func(memo string) []byte { return []byte("000" + memo) }, coffer.DepositMissingMemo, corpus.Case{
		Name: "Zeros before the memo", Trick: `Who reads memos as numbers takes 0001234567890 for 1234567890, and where both are given out, pays the wrong one.`,
		Why: "A memo is text. Those that are given out begin with another digit, so that a form which drops zeros loses nothing.",
	}),
	"064-memo-with-white-space": memoCase(func(memo string) []byte { return []byte(" " + memo + "\u00a0") }, coffer.DepositMissingMemo, corpus.Case{
		Name: "White space around the memo", Trick: `A space before it and a no-break space behind it, as copied from a page. Who trims one kind of space and compares with another
			that was trimmed otherwise has two accounts with one memo.`,
		Why: "A memo is compared as it is. What a person sees to be meant is released by a person.",
	}),
	"065-memo-in-full-width-digits": memoCase(func(memo string) []byte {
		return []byte(strings.Map(func(r rune) rune { return r - '0' + '\uff10' }, memo))
	}, coffer.DepositMissingMemo, corpus.Case{
		Name: "The memo in full-width digits", Trick: `U+FF10 to U+FF19 look like digits, are digits to Unicode, and are what some keyboards write. Who normalises one side only credits somebody or
			nobody depending on the side.`,
		Why: "They are other characters.",
	}),
	"066-memo-of-somebody-else": memoCase(func(string) []byte { return []byte(deposit.MemoOf("t-bob", "bob")) }, coffer.DepositMissingMemo, corpus.Case{
		Name: "Another customer's memo", Trick: `The address is ann's and the memo bob's. One of them is a mistake, and only the sender knows which. Who believes the
			memo lets mallory collect from a page that shows ann's address with his memo.`,
		Why: "Address and memo have to name the same account.",
	}),
	"067-memo-that-is-no-text": memoCase(func(memo string) []byte { return append([]byte(memo), 0xff, 0) }, coffer.DepositMissingMemo, corpus.Case{
		Name: "A memo that is no text", Trick: `raw_data.data is bytes. These end in 0xff and a zero: no UTF-8, and the end of a string in C. Who cuts there reads ann's memo; who
			stores it fails, in a database that takes text only, and stops the chain.`,
		Why: "What is no text is no memo, and the block is read all the same.",
	}),
	"068-memo-as-long-as-it-gets": memoCase(func(memo string) []byte { return []byte(strings.Repeat(memo, 30)) }, coffer.DepositMissingMemo, corpus.Case{
		Name: "Three hundred bytes of memo", Trick: `The chain takes as much as the sender pays for. Who keeps it all keeps it in every event, webhook and log line.`,
		Why: "Memos are bounded; what is longer names nobody.",
	}),
	"069-memo-in-the-next-transaction": func(t *testing.T) *corpus.Case {
		b, ann := memoBench(t)
		memo := []byte(deposit.MemoOf("t-ann", "ann"))
		b.begin()
		token := b.payToken(ann, nil)
		coin := b.payCoin(ann, memo)
		b.chain("a0", "a1", "a2", "a3")
		late := b.unlocked("ann", b.usdtID(), token, "log:0", 5_000_000)
		late.State = coffer.DepositMissingMemo
		b.usual(late, b.unlocked("ann", b.trx(), coin, "contract:0", 7_000_000))
		return b.finish(corpus.Case{
			Name: "The memo comes with the next payment", Trick: `The sender forgets the memo, and sends some TRX with it behind. Who takes the memo of the block, or the last one that a sender used, credits what
				somebody else sent from the same exchange.`,
			Source: []string{memoSource}, Why: "A memo speaks for its own transaction. The first waits for a person.",
		})
	},
}

// memoBench is a network where both assets need a memo, and ann's address.
func memoBench(t *testing.T) (*tronBench, tronsim.Address) {
	t.Helper()
	b := newTRONBench(t)
	ann := b.user("ann")
	b.user("bob")
	for i := range b.c.Assets {
		b.c.Assets[i].NeedsMemo = true
	}
	for i, a := range b.c.Accounts {
		b.c.Accounts[i].Memo = deposit.MemoOf(a.Tenant, a.Account)
	}
	return b, ann
}

// payToken pays five USDT with a memo.
func (b *tronBench) payToken(to tronsim.Address, memo []byte) coffer.Hash {
	b.t.Helper()
	bank := b.signer("bank")
	tx, err := bank.Send(tronpb.Transaction_Contract_TriggerSmartContract, &tronpb.TriggerSmartContract{
		OwnerAddress: tronsim.Wire(bank.Address), ContractAddress: tronsim.Wire(b.usdt), Data: transfer(to, units(5_000_000)),
	}, func(raw *tronpb.TransactionRaw) { raw.Data, raw.FeeLimit = memo, tronFeeLimit })
	b.must(err)
	return tx
}

// payCoin pays seven TRX with a memo.
func (b *tronBench) payCoin(to tronsim.Address, memo []byte) coffer.Hash {
	b.t.Helper()
	bank := b.signer("bank")
	tx, err := bank.Send(tronpb.Transaction_Contract_TransferContract,
		&tronpb.TransferContract{OwnerAddress: tronsim.Wire(bank.Address), ToAddress: tronsim.Wire(to), Amount: 7_000_000},
		func(raw *tronpb.TransactionRaw) { raw.Data = memo })
	b.must(err)
	return tx
}

// memoCase pays ann with what is made of her memo.
func memoCase(write func(memo string) []byte, state coffer.DepositState, about corpus.Case) maker {
	return func(t *testing.T) *corpus.Case {
		b, ann := memoBench(t)
		memo := write(deposit.MemoOf("t-ann", "ann"))
		b.begin()
		token, coin := b.payToken(ann, memo), b.payCoin(ann, memo)
		b.chain("a0", "a1", "a2", "a3")
		deposits := []corpus.Deposit{b.unlocked("ann", b.usdtID(), token, "log:0", 5_000_000), b.unlocked("ann", b.trx(), coin, "contract:0", 7_000_000)}
		for i := range deposits {
			deposits[i].State = state
		}
		b.usual(deposits...)
		about.Source = []string{memoSource}
		return b.finish(about)
	}
}
