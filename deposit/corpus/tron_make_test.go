package corpus_test

import (
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/corpus"
)

// tronMakers make the cases of deposit/testdata/corpus/tron, by file name.
var tronMakers = map[string]func(t *testing.T) *corpus.Case{
	"001-plain-token-deposit": func(t *testing.T) *corpus.Case {
		b := newTRONBench(t)
		ann := b.user("ann")
		b.begin()
		tx, err := b.signer("bank").Call(b.usdt, transfer(ann, units(5_000_000)), 0, tronFeeLimit)
		b.must(err)
		b.chain("a0", "a1", "a2", "a3")
		b.usual(corpus.Deposit{Account: "ann", Asset: b.usdtID(), Tx: tx, Ref: "log:0", Amount: coffer.NewAmount(5_000_000), State: coffer.DepositUnlocked})
		return b.finish(corpus.Case{
			Name: "A plain deposit of a TRC-20 token",
			Trick: `No trick: somebody pays five USDT. Whatever refuses everything passes all other cases of this corpus, and fails
				this one.`,
			Source: []string{"control"},
			Why:    "The transaction ended in SUCCESS by the block and by both nodes, and the listed contract itself emitted Transfer(_, ann, 5000000).",
		})
	},
}
