package sim_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/cofferhq/coffer/sim"
)

var (
	stride = flag.Int("stride", 40, "of the points at which a process dies, one of so many is tried")
	pairs  = flag.Int("pairs", 20, "of either point of a pair, one of so many is tried")
)

// TestADeathAtAnyPointChangesNothing lets a process die at points of a deposit and of a
// withdrawal on each family of chains, each with a reorganisation.
func TestADeathAtAnyPointChangesNothing(t *testing.T) {
	for n, s := range sim.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			points := sim.CrashPoints(t, s)
			var deaths [][]int
			for at := 1 + n*7%*stride; at <= len(points); at += *stride {
				deaths = append(deaths, []int{at})
			}
			at := map[string]bool{}
			visit := func(arms []int, died []string) {
				if len(died) == 1 {
					at[died[0]] = true
				} else if arms[0] < len(points)*9/10 { // how far leases and claims have run makes it shorter at times
					t.Errorf("armed for point %d of %d, it died at %q", arms[0], len(points), died)
				}
			}
			_, died := sim.Crash(t, s, deaths, visit)
			for n, name := range points {
				if *stride > 1 || at[name] {
					continue
				}
				// Where the same world is played again and again, leases end elsewhere than in a new one.
				_, more := sim.Crash(t, s, [][]int{{n + 1}}, visit)
				if died += more; !at[name] {
					t.Errorf("no death at %s", name)
				}
			}
			t.Logf("%d points, %d deaths at %d places", len(points), died, len(at))
		})
	}
}

// TestTwoDeathsChangeNothing lets a process die, and who comes after it, too, at pairs of points
// of the shortest scenario.
func TestTwoDeathsChangeNothing(t *testing.T) {
	s := sim.Shortest()
	points := sim.CrashPoints(t, s)
	for part := range 2 {
		t.Run(fmt.Sprint("half ", part+1), func(t *testing.T) {
			t.Parallel()
			tried, twice := 0, 0
			for at := 1 + part**pairs; at <= len(points); at += 2 * *pairs {
				after, _ := sim.Crash(t, s, [][]int{{at}}, nil)
				var deaths [][]int
				for next := 1 + at%*pairs; next <= len(after); next += *pairs {
					deaths = append(deaths, []int{at, next})
				}
				sim.Crash(t, s, deaths, func(_ []int, died []string) {
					if tried++; len(died) == 2 {
						twice++
					}
				})
			}
			if twice == 0 {
				t.Error("nobody died twice")
			}
			t.Logf("%d points, %d pairs, %d with two deaths", len(points), tried, twice)
		})
	}
}
