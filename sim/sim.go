package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
)

// Config is one history: everything in it follows from it.
type Config struct {
	Seed     uint64
	Families []Family // those that the seed chooses where empty
	Length   int      // actions; what the seed chooses where zero
	Actions  []Action // those that happen; as many as Length, which the seed chooses, where empty
	Spell    int      // blocks that pass at most while nothing happens; 30 where zero
	Shrink   bool     // looks for fewer actions that fail
}

// diedAt begins the names under which the places of deaths are counted.
const diedAt = "died at "

// cast is who takes part in a play.
type cast struct {
	seed      uint64
	families  []Family
	processes int
	spell     int
}

// Report is what a history did.
type Report struct {
	Seed     uint64
	Families []Family
	Actions  int
	Blocks   int            // that indexers said were connected
	Orders   int            // withdrawals that were accepted
	Deaths   int            // of processes, each at some point
	Reorgs   int            // that chains made
	Seen     map[string]int // everything that was counted
	Trace    []string       // what happened, for people
	Failure  *Failure       // nil where all held
}

// String is the counts of a report.
func (r Report) String() string {
	places := 0
	for name := range r.Seen {
		if strings.HasPrefix(name, diedAt) {
			places++
		}
	}
	return fmt.Sprintf("%d actions, %d blocks, %d orders, %d deaths at %d places, %d reorganisations", r.Actions, r.Blocks, r.Orders, r.Deaths, places, r.Reorgs)
}

// Add adds the counts of another history.
func (r *Report) Add(other Report) {
	r.Actions += other.Actions
	r.Blocks += other.Blocks
	r.Orders += other.Orders
	r.Deaths += other.Deaths
	r.Reorgs += other.Reorgs
	for name, times := range other.Seen {
		r.Seen[name] += times
	}
}

// Failure is a history that broke an invariant.
type Failure struct {
	Err     error
	Actions []Action // that suffice
	Trace   []string // what happened, for people
}

// Run plays a history and shrinks it where it fails.
func Run(tb testing.TB, c Config) Report {
	tb.Helper()
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	families := c.Families
	if len(families) == 0 {
		families = slices.Clone(Families)
		rng.Shuffle(len(families), func(a, b int) { families[a], families[b] = families[b], families[a] })
		families = families[:1+rng.IntN(len(families))]
	}
	processes, length := between(rng, 1, 3), between(rng, 40, 100)
	if c.Length > 0 {
		length = c.Length
	}
	actions := Actions(rng, length)
	if len(c.Actions) > 0 {
		actions = c.Actions
	}
	who := cast{c.Seed, families, processes, max(c.Spell, 30)}
	report, err := play(tb, who, actions)
	if err != nil && c.Shrink {
		report.Failure = shrink(tb, who, actions, err, report.Trace)
	}
	return report
}

// scope is one play: what it opened is closed when it ends, and what makes it impossible ends
// the play alone.
type scope struct {
	testing.TB
	cleanups []func()
}

// impossible is what a play ends with that cannot go on.
type impossible struct{ err error }

func (s *scope) Helper()          {}
func (s *scope) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }
func (s *scope) Fatal(args ...any) {
	panic(impossible{errors.New(strings.TrimSpace(fmt.Sprintln(args...)))})
}
func (s *scope) Fatalf(format string, args ...any) { panic(impossible{fmt.Errorf(format, args...)}) }

func (s *scope) end() {
	for _, f := range slices.Backward(s.cleanups) {
		f()
	}
}

// play lets actions happen in a new world, and everything come to its end.
func play(tb testing.TB, who cast, actions []Action) (report Report, err error) {
	tb.Helper()
	report = Report{Seed: who.seed, Families: who.families, Actions: len(actions)}
	scope := &scope{TB: tb}
	var w *World
	defer func() {
		if r := recover(); r != nil {
			is, known := r.(impossible)
			if !known {
				panic(r)
			}
			err = is.err
		}
		if w != nil {
			report.count(w)
		}
		if err != nil {
			report.Failure = &Failure{Err: err, Actions: actions, Trace: report.Trace}
		}
		scope.end()
	}()
	w = newWorld(scope, who.families, who.processes)
	w.spell = who.spell
	rng := rand.New(rand.NewPCG(who.seed, 3))
	for n, a := range actions {
		w.tell("%3d %s", n, a)
		w.act(a)
		w.check()
		if err := w.broken(); err != nil {
			return report, err
		}
	}
	if err := w.drain(rng); err != nil {
		return report, err
	}
	w.checkEnd()
	return report, w.broken()
}

func (r *Report) count(w *World) {
	for _, v := range w.views {
		for _, e := range v.events {
			if e.Kind == coffer.BlockConnected {
				r.Blocks++
			}
		}
	}
	for _, wish := range w.wishes {
		if wish.got.ID != "" {
			r.Orders++
		}
	}
	r.Deaths, r.Reorgs, r.Seen, r.Trace = w.seen["deaths"], w.seen["reorganisations"], w.seen, w.told
}

// Bounds of shrinking.
const (
	maxShrinks    = 200
	shrinkTimeout = 3 * time.Minute
)

// shrink looks for fewer actions that fail, by leaving out longer and shorter pieces.
func shrink(tb testing.TB, who cast, actions []Action, err error, trace []string) *Failure {
	tb.Helper()
	best := &Failure{Err: err, Actions: actions, Trace: trace}
	until := time.Now().Add(shrinkTimeout)
	tries := 0
	fails := func(fewer []Action) bool {
		if tries++; tries > maxShrinks || time.Now().After(until) {
			return false
		}
		report, err := play(tb, who, fewer)
		if err == nil {
			return false
		}
		best = &Failure{Err: err, Actions: fewer, Trace: report.Failure.Trace}
		return true
	}
	for piece := len(actions) / 2; piece > 0; piece /= 2 {
		for at := 0; at < len(best.Actions); {
			fewer := append(slices.Clone(best.Actions[:at]), best.Actions[min(at+piece, len(best.Actions)):]...)
			if !fails(fewer) {
				at += piece
			}
		}
	}
	return best
}

// String is what people read of a failure.
func (f *Failure) String() string {
	return fmt.Sprintf("%v\nwith these %d actions: %v\n%s", f.Err, len(f.Actions), f.Actions, strings.Join(f.Trace, "\n"))
}
