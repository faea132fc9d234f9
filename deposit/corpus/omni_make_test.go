package corpus_test

import (
	"testing"

	"github.com/cofferhq/coffer/deposit/corpus"
)

var omniMakers = map[string]func(t *testing.T) *corpus.Case{
	"001-plain-token-deposit": func(t *testing.T) *corpus.Case {
		b := newOmniBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.from("alice", b.simple(omniUSDT, 25*omniUnit), b.change("alice"), marker(ann))
		b.mine("a1", "a0", tx)
		b.chain("a1", "a2", "a3")
		b.usual(b.moved("ann", tx, 25*omniUnit), b.crumb("ann", tx, 2))
		return b.finish(corpus.Case{
			Name:   "A plain deposit of tokens",
			Trick:  `No trick: somebody who has 1000 USDT sends 25 of them. Whatever refuses everything passes all other cases of this corpus, and fails this one.`,
			Source: []string{"control"},
			Why:    `The payload in the block and every Omni Core node say the same. The 546 satoshi that name the recipient are bitcoin of their own: below the minimum, they are dust, and no deposit of tokens.`,
		})
	},
}
