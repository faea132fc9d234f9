package indexer_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/postgres/postgrestest"
)

// maxFork is how deep the properties' forks go, and final follows the tip further behind.
const maxFork = 6

// TestAnyHistoryLeavesTheCanonicalChain drives indexers through histories of any shape, on
// a node with any fault, with restarts and a competitor. The stream obeys its laws at
// every point, and in the end it leaves the node's chain.
func TestAnyHistoryLeavesTheCanonicalChain(t *testing.T) {
	db := postgrestest.New(t)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		bounds := func(c *indexer.Config) {
			c.BlocksPerStep = rapid.IntRange(1, 5).Draw(t, "blocks per step")
			c.MaxReorg = 3 * maxFork
		}
		b := newBenchOn(t, db, coffer.ChainID(fmt.Sprintf("eip155:%d", run)), bounds)
		b.fake.FinalFollows(2 * maxFork)
		other := b.start("two", bounds)
		paths := [][]coffer.Block{b.fake.Canonical()}

		for range rapid.IntRange(1, 40).Draw(t, "actions") {
			switch rapid.SampledFrom([]string{"mine", "step", "step", "step", "reorg", "back", "lag", "wrong", "fail", "restart", "other", "move"}).Draw(t, "action") {
			case "mine":
				b.fake.Mine(someTransfers(rapid.IntRange(0, 3).Draw(t, "transfers")), nil)
				paths = append(paths, b.fake.Canonical())
			case "step":
				_, _ = b.ix.Step(context.Background()) // whatever it meets, the laws hold
			case "other":
				b.now = b.now.Add(time.Minute)
				_, _ = other.Step(context.Background())
			case "restart":
				b.ix = b.start("one", bounds)
			case "reorg":
				depth := rapid.IntRange(0, deepest(b.fake)).Draw(t, "depth")
				contents := make([]chaintest.Content, rapid.IntRange(0, maxFork).Draw(t, "mined"))
				b.fake.Reorg(depth, contents...)
				paths = append(paths, b.fake.Canonical())
			case "back":
				path := paths[rapid.IntRange(0, len(paths)-1).Draw(t, "path")]
				if mayReturn(b.fake, path) {
					b.fake.Switch(path[len(path)-1].Hash)
				}
			case "lag":
				b.fake.Lag(rapid.IntRange(0, 4).Draw(t, "lag"))
			case "wrong":
				b.fake.WrongBlock(1)
			case "fail":
				b.fake.Fail(rapid.SampledFrom([]string{chaintest.CallHead, chaintest.CallHeader, chaintest.CallBlock}).Draw(t, "call"), 1)
			case "move":
				b.moveDuringNextCall(rapid.SampledFrom([]string{chaintest.CallHeader, chaintest.CallBlock}).Draw(t, "during"))
			}
			b.replayed()
		}

		b.heal()
		b.settle()
		b.checkFollowed()
	})
}

// deepest is how many blocks a fork may take back without touching what is final.
func deepest(fake *chaintest.Fake) int {
	return min(maxFork, int(fake.Tip().Height-fake.Final())) // #nosec G115 -- small
}

// mayReturn reports whether the chain may become a path it once was: it shares what is
// final and leaves no more than a fork may.
func mayReturn(fake *chaintest.Fake, path []coffer.Block) bool {
	now, final := fake.Canonical(), fake.Final()
	return uint64(len(path)) > final && path[final].Hash == now[final].Hash
}

func (b *bench) moveDuringNextCall(during string) {
	done := false
	b.fake.Before(func(call string) {
		if call == during && !done {
			done = true
			b.fake.Reorg(min(1, deepest(b.fake)), chaintest.Content{}, chaintest.Content{})
		}
	})
}

// heal ends all faults and gives the node one more block, so that a chain that was cut is
// told from lag.
func (b *bench) heal() {
	b.fake.Before(nil)
	b.fake.Lag(0)
	b.fake.WrongBlock(0)
	for _, call := range []string{chaintest.CallHead, chaintest.CallHeader, chaintest.CallBlock} {
		b.fake.Fail(call, 0)
	}
	tip := b.ix.Status().Tip.Height
	for b.fake.MineEmpty(1); b.fake.Tip().Height < tip; {
		b.fake.MineEmpty(1)
	}
	b.now = b.now.Add(time.Minute)
}
