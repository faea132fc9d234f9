package sim_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cofferhq/coffer/sim"
)

var (
	seeds    = flag.Int("seeds", 8, "how many histories TestSimulation plays")
	first    = flag.Uint64("first", 1, "the seed of the first")
	families = flag.String("families", "", "of chains, such as evm,coins; what each seed chooses where empty")
	length   = flag.Int("length", 0, "actions of a history; what each seed chooses where zero")
)

// TestSimulation plays histories. Those it plays by itself are fixed: what blocks everybody must
// not depend on luck.
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
	total, played := sim.Report{Seen: map[string]int{}}, 0
	t.Run("seed", func(t *testing.T) {
		for n := range *seeds {
			seed := *first + uint64(n)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				report := sim.Run(t, sim.Config{Seed: seed, Families: chosen, Length: *length})
				if report.Failure != nil {
					t.Fatalf("%s\nplay it again with:\n\tmake sim SEED=%d%s", report.Failure, seed, again())
				}
				t.Logf("%v: %s", report.Families, report)
				mu.Lock()
				defer mu.Unlock()
				total.Add(report)
				played++
			})
		}
	})
	t.Logf("%d of %d histories held: %s", played, *seeds, total)
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
	return flags
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
