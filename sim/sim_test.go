package sim_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cofferhq/coffer/sim"
)

var (
	seeds    = flag.Int("seeds", 8, "how many histories TestSimulation plays")
	first    = flag.Uint64("first", 1, "the seed of the first")
	families = flag.String("families", "", "of chains, such as evm,coins; what each seed chooses where empty")
	length   = flag.Int("length", 0, "actions of a history; what each seed chooses where zero")
	spell    = flag.Int("spell", 30, "blocks that pass at most while nothing happens")
	fresh    = flag.Duration("fresh", 0, "how long TestSimulation goes on with histories that nobody has seen")
	shrink   = flag.Bool("shrink", true, "whether a history that fails is shrunk; without, the first that fails is the last")
)

// TestSimulation plays histories. Those it plays by itself are fixed; with -fresh, as long as it
// says, also such as nobody has seen, whose seeds are in what it prints when they fail.
func TestSimulation(t *testing.T) {
	var chosen []sim.Family
	for name := range strings.SplitSeq(*families, ",") {
		if family := sim.Family(name); slices.Contains(sim.Families, family) {
			chosen = append(chosen, family)
		} else if name != "" {
			t.Fatalf("families: there is no %q; there are %v", name, sim.Families)
		}
	}
	var mu sync.Mutex
	var failed atomic.Bool
	total, played := sim.Report{Seen: map[string]int{}}, 0
	play := func(t *testing.T, seed uint64) {
		report := sim.Run(t, sim.Config{Seed: seed, Families: chosen, Length: *length, Spell: *spell, Shrink: *shrink})
		if report.Failure != nil {
			failed.Store(true)
			t.Fatalf("%s\nplay it again with:\n\tmake sim SEED=%d%s", report.Failure, seed, again())
		}
		t.Logf("seed %d: %v: %s", seed, report.Families, report)
		mu.Lock()
		defer mu.Unlock()
		total.Add(report)
		played++
	}
	t.Run("seed", func(t *testing.T) {
		for n := range *seeds {
			seed := *first + uint64(n)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				if *shrink || !failed.Load() {
					play(t, seed)
				}
			})
		}
	})
	t.Run("fresh", func(t *testing.T) {
		until := time.Now().Add(*fresh)
		for n := range 2 {
			t.Run(fmt.Sprint(n+1), func(t *testing.T) {
				t.Parallel()
				for time.Now().Before(until) {
					play(t, rand.Uint64())
				}
			})
		}
	})
	t.Logf("%d histories held: %s", played, total)
	for _, name := range slices.Sorted(maps.Keys(total.Seen)) {
		t.Logf("%7d %s", total.Seen[name], name)
	}
}

// again is what chose the histories besides their seeds.
func again() (flags string) {
	if *families != "" {
		flags += " FAMILIES=" + *families
	}
	if *length > 0 {
		flags += fmt.Sprintf(" LENGTH=%d", *length)
	}
	if *spell != 30 {
		flags += fmt.Sprintf(" SPELL=%d", *spell)
	}
	return flags
}

// failed are histories, as short as they could be made, in which something was wrong once.
var failed = map[string]sim.Config{
	"the only process dies again while it begins, and a node shows another chain below what is final": {Seed: 690, Spell: 900, Actions: []sim.Action{
		{Kind: "die", Seed: 0x7985bed296e64b99}, {Kind: "step", Seed: 0xbacb54a18532dfd2}, {Kind: "below final", Seed: 0x887d9f47eec9fb87},
	}},
}

// TestWhatFailedOnce plays histories again that have found something.
func TestWhatFailedOnce(t *testing.T) {
	for name, history := range failed {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if report := sim.Run(t, history); report.Failure != nil {
				t.Error(report.Failure)
			}
		})
	}
}

// TestASeedIsOneHistory plays a seed twice: the same happens, to the last line.
func TestASeedIsOneHistory(t *testing.T) {
	for seed := range uint64(3) {
		one, two := sim.Run(t, sim.Config{Seed: seed}), sim.Run(t, sim.Config{Seed: seed})
		for n := range max(len(one.Trace), len(two.Trace)) {
			if n >= len(one.Trace) || n >= len(two.Trace) || one.Trace[n] != two.Trace[n] {
				t.Fatalf("seed %d: line %d differs: of %d and %d:\n%s\n%s", seed, n, len(one.Trace), len(two.Trace), strings.Join(one.Trace[:min(n+1, len(one.Trace))], "\n"), strings.Join(two.Trace[max(0, n-1):min(n+1, len(two.Trace))], "\n"))
			}
		}
	}
}
