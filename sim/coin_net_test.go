package sim_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
)

const (
	chain = coffer.ChainID("bip122:0f9188f13cb7b2c71f2a335e3a4fc328")
	btc   = coffer.AssetID("bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1")
)

var genesis = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// transaction is one of the fake chain, ours or a stranger's. Its JSON is its bytes, and what
// its id and digests are made of.
type transaction struct {
	Payout   string // what makes those of strangers differ, for them
	Coins    []coffer.Coin
	Payments []coffer.Payment
	Change   string // path
	Rest     coffer.Amount
	Fee      coffer.Amount
}

func (t transaction) bytes() []byte {
	b, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	return b
}

func decode(b []byte) transaction {
	var t transaction
	if err := json.Unmarshal(b, &t); err != nil {
		panic(err)
	}
	return t
}

func (t transaction) id() coffer.Hash { return sha256.Sum256(t.bytes()) }

// content is the transaction as a block tells it. Change comes last.
func (t transaction) content() chaintest.Content {
	var c chaintest.Content
	id := t.id()
	for n, coin := range t.Coins {
		c.Spends = append(c.Spends, coffer.Spend{Tx: id, Ref: fmt.Sprintf("vin:%d", n), Coin: coin.ID})
	}
	outputs := slices.Clone(t.Payments)
	if !t.Rest.IsZero() {
		outputs = append(outputs, coffer.Payment{Asset: btc, To: addressAt(t.Change), Amount: t.Rest})
	}
	for n, p := range outputs {
		c.Transfers = append(c.Transfers, coffer.Transfer{Asset: btc, Tx: id, Ref: fmt.Sprintf("vout:%d", n), To: p.To, Amount: p.Amount})
	}
	return c
}

// addressAt is where the wallet's key at a path receives.
func addressAt(path string) coffer.Address {
	sum := sha256.Sum256([]byte("wallet " + path))
	return coffer.Address("0x" + hex.EncodeToString(sum[:20]))
}

// network is the fake chain with everything that was ever sent to it: any of it may land that
// spends what is there.
type network struct {
	*chaintest.Fake
	rng    *rand.Rand
	sent   []transaction
	known  map[coffer.Hash]transaction
	thefts map[coffer.Hash]transaction   // spend coins of ours, and are nobody's of ours
	onward map[coffer.CoinID]coffer.Hash // what spends an output that a payout of ours pays
}

func newNetwork(seed uint64) *network {
	return &network{Fake: chaintest.NewFake(chain), rng: rand.New(rand.NewPCG(seed, 1)), known: map[coffer.Hash]transaction{}, thefts: map[coffer.Hash]transaction{}, onward: map[coffer.CoinID]coffer.Hash{}}
}

func (n *network) send(t transaction) {
	if _, known := n.known[t.id()]; !known {
		n.known[t.id()] = t
		n.sent = append(n.sent, t)
	}
}

// ledgerOf is what blocks leave: unspent outputs, and what landed.
func ledgerOf(blocks []coffer.Block) (unspent map[coffer.CoinID]coffer.Transfer, landed map[coffer.Hash]coffer.Block) {
	unspent, landed = map[coffer.CoinID]coffer.Transfer{}, map[coffer.Hash]coffer.Block{}
	for _, b := range blocks {
		for _, t := range b.Transfers {
			var at uint32
			if _, err := fmt.Sscanf(t.Ref, "vout:%d", &at); err != nil {
				panic(err)
			}
			unspent[coffer.NewCoinID(t.Tx, at)] = t
			landed[t.Tx] = b
		}
		for _, s := range b.Spends {
			delete(unspent, s.Coin)
			landed[s.Tx] = b
		}
	}
	return unspent, landed
}

// stranger begins the ids of coins that others have from before the first block.
const stranger = "stranger"

// contents makes blocks on top of a base, of what was sent and can land, each with the
// chance that pick gives it.
func (n *network) contents(base []coffer.Block, count int, pick func() bool) []chaintest.Content {
	unspent, landed := ledgerOf(base)
	made := make([]chaintest.Content, count)
	for i := range made {
		order := n.rng.Perm(len(n.sent))
		for _, at := range order {
			t := n.sent[at]
			_, in := landed[t.id()]
			if in || !spendable(t, unspent) || !pick() {
				continue
			}
			c := t.content()
			made[i].Spends, made[i].Transfers = append(made[i].Spends, c.Spends...), append(made[i].Transfers, c.Transfers...)
			landed[t.id()] = coffer.Block{}
			for _, coin := range t.Coins {
				delete(unspent, coin.ID)
			}
			for at, out := range c.Transfers {
				unspent[coffer.NewCoinID(t.id(), uint32(at))] = out
			}
		}
	}
	return made
}

func spendable(t transaction, unspent map[coffer.CoinID]coffer.Transfer) bool {
	for _, coin := range t.Coins {
		if _, there := unspent[coin.ID]; !there && coin.Address != stranger {
			return false
		}
	}
	return true
}

// passOn lets who was paid spend it at once, confirmed or not.
func (n *network) passOn(t transaction, payment int) {
	coin := coffer.NewCoinID(t.id(), uint32(payment))
	paid := t.Payments[payment]
	next := transaction{
		Payout: "onward", Coins: []coffer.Coin{{ID: coin, Address: paid.To, Amount: paid.Amount}},
		Payments: []coffer.Payment{{Asset: btc, To: thief, Amount: paid.Amount}},
	}
	n.onward[coin] = next.id()
	n.send(next)
}

// pay is a payment by a stranger.
func (n *network) pay(name string, to coffer.Address, amount uint64) {
	n.send(transaction{
		Payout: name, Coins: []coffer.Coin{{ID: coffer.NewCoinID(coffer.RequestHash("stranger", name), 0), Address: stranger}},
		Payments: []coffer.Payment{{Asset: btc, To: to, Amount: coffer.NewAmount(amount)}},
	})
}
