package utxo_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

// A number is no proof that there are more blocks: what is final has their work on top of it.
func TestMoreBlocksThanThereAre(t *testing.T) {
	c := newChain(t)
	truth, err := c.source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	below, err := c.source.Header(t.Context(), truth.Latest.Height-2)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(blocks uint64, best coffer.Hash) func(method string, params []any, answer chaintest.Answer) {
		return func(method string, params []any, answer chaintest.Answer) {
			switch method {
			case "getblockchaininfo":
				field("blocks", blocks)(field("headers", blocks)(field("bestblockhash", best.String()[2:])(answer["result"])))
			case "getblockhash": // of the heights that it makes up it says what fits
				if height, ok := params[0].(float64); ok && uint64(height) > truth.Latest.Height {
					answer["result"], answer["error"] = best.String()[2:], nil
				}
			}
		}
	}
	tip := truth.Latest
	for name, lie := range map[string]func(method string, params []any, answer chaintest.Answer){
		"one more":                       claim(tip.Height+1, tip.Hash),
		"as many as make its head final": claim(tip.Height+utxo.DefaultConfirmations-1, tip.Hash),
		"a hundred more":                 claim(tip.Height+100, tip.Hash),
		"an older block as the newest":   claim(tip.Height, below.Hash),
		"fewer than there are":           claim(tip.Height-1, tip.Hash),
	} {
		t.Run(name, func(t *testing.T) {
			var lying atomic.Bool
			url := chaintest.Tamper(t, c.URL, func(method string, params []any, answer chaintest.Answer) {
				if lying.Load() {
					lie(method, params, answer)
				}
			})
			_, fresh := open(t, patient(url))
			_, later := open(t, patient(url))
			if head, err := later.Head(t.Context()); err != nil || head != truth {
				t.Fatalf("%+v, %v; want %+v", head, err, truth)
			}
			lying.Store(true)
			for when, source := range map[string]*utxo.Source{"at first": fresh, "when the head is known": later} {
				if head, err := source.Head(t.Context()); !errors.Is(err, utxo.ErrNotProven) {
					t.Errorf("%s: %+v, %v; want ErrNotProven", when, head, err)
				}
			}
			_, both := open(t, patient(url, c.URL))
			if head, err := both.Head(t.Context()); err != nil || head != truth {
				t.Errorf("with another node: %+v, %v; want %+v", head, err, truth)
			}
		})
	}
}

// A head whose proof is known costs one question, the next block two.
func TestAHeadIsProvenOnce(t *testing.T) {
	c := newChain(t)
	var questions atomic.Int64
	_, source := open(t, patient(chaintest.Tamper(t, c.URL, func(string, []any, chaintest.Answer) { questions.Add(1) })))
	asks := func(name string, want int64) {
		t.Helper()
		questions.Store(0)
		head, err := source.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tip, err := c.Tip(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		final, err := c.source.Header(t.Context(), tip.Height-(utxo.DefaultConfirmations-1))
		if err != nil || head.Latest != tip || head.Final != final.BlockRef {
			t.Errorf("%s: %+v, want %+v and %+v (%v)", name, head, tip, final.BlockRef, err)
		}
		if got := questions.Load(); got != want {
			t.Errorf("%s: %d questions, want %d", name, got, want)
		}
	}
	asks("the first head", 1+utxo.DefaultConfirmations+2) // and the final block with the header of its parent
	asks("the same", 1)
	c.mine(t, 1)
	asks("a block more", 2)
	c.mine(t, utxo.DefaultConfirmations+1)
	asks("more than a proof is long", 1+utxo.DefaultConfirmations+2)
	if err := c.Reorg(t.Context(), 2, 3); err != nil {
		t.Fatal(err)
	}
	asks("another branch", 1+3)
	if err := c.Reorg(t.Context(), 2, 1); err != nil {
		t.Fatal(err)
	}
	asks("the branch before, which is shorter", 1+2+1) // its two blocks, and the one below what was known
}

// A node that is so slow that no call is long enough for a whole proof is not asked for the same again.
func TestAProofGoesOnWhereItEnded(t *testing.T) {
	c := newChain(t)
	ctx, cancel := context.WithCancel(t.Context())
	asked, now := map[any]int{}, 0
	_, source := open(t, patient(chaintest.Tamper(t, c.URL, func(method string, params []any, _ chaintest.Answer) {
		if method == "getblockheader" {
			asked[params[0]]++
			if now++; now > 1 { // one header a call
				cancel()
			}
		}
	})))
	for calls := 1; ; calls++ {
		if _, err := source.Head(ctx); err == nil {
			break
		}
		if calls > 3*utxo.DefaultConfirmations {
			t.Fatalf("%d calls and no proof", calls)
		}
		now = 0
		ctx, cancel = context.WithCancel(t.Context())
	}
	cancel()
	if len(asked) < utxo.DefaultConfirmations {
		t.Errorf("asked for %d headers, want %d at least", len(asked), utxo.DefaultConfirmations)
	}
}

// A chain that is shorter than what makes a block final has no final one.
func TestAYoungChainHasNothingFinal(t *testing.T) {
	binary, err := devnet.FindBitcoin("")
	if err != nil {
		t.Fatal(err)
	}
	b, err := devnet.StartBitcoin(t.Context(), devnet.BitcoinConfig{Binary: binary, Bare: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	_, source := open(t, patient(b.URL))
	for height := range uint64(utxo.DefaultConfirmations + 3) {
		head, err := source.Head(t.Context())
		if err != nil || head.Latest.Height != height || head.Final.Height > height {
			t.Fatalf("height %d: %+v, %v", height, head, err)
		}
		if want := max(height, utxo.DefaultConfirmations-1) - (utxo.DefaultConfirmations - 1); head.Final.Height != want {
			t.Errorf("height %d: final %d, want %d", height, head.Final.Height, want)
		}
		if _, err := b.Mine(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
}
