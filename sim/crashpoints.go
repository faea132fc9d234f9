package sim

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

// Scenario is a short piece of Coffer's life that is played again and again, with a death at one
// point of it after the other.
type Scenario struct {
	Name   string
	Family Family
	play   func(d *drill)
}

// Scenarios are a deposit and a withdrawal on each family, with a reorganisation in between, and
// the shortest one there is.
func Scenarios() []Scenario {
	var all []Scenario
	for _, family := range Families {
		all = append(all,
			Scenario{string(family) + " deposit", family, (*drill).deposit},
			Scenario{string(family) + " withdrawal", family, (*drill).withdraw})
	}
	return all
}

// Shortest is a deposit that is credited, without anything else.
func Shortest() Scenario { return Scenario{"shortest", TRON, (*drill).credit} }

// worldsLast is how often a scenario is played in one world before there is a new one.
const worldsLast = 60

// maxTurns is how many rounds a withdrawal may need until it is settled.
const maxTurns = 8

// drill plays a scenario with one process.
type drill struct {
	*World
	c    *chain
	rng  *rand.Rand
	arms []int // at its n-th point from its start each process in turn dies
	next int
	dead []string // where they died
	n    int      // makes requests differ
}

// CrashPoints plays a scenario and counts its points: the names of what a process does in it.
func CrashPoints(tb testing.TB, s Scenario) []string {
	tb.Helper()
	names, _ := Crash(tb, s, [][]int{nil}, nil)
	return names
}

// Crash plays a scenario once for each list of points at which processes die, one after the
// other: the first dies at the first of them, and who comes after it at the second, counted from
// its own start. It returns the names of the points of the last process that did not die, and
// how many deaths there were. visit, if there is one, is told where they died.
func Crash(tb testing.TB, s Scenario, deaths [][]int, visit func(arms []int, died []string)) (names []string, died int) {
	tb.Helper()
	for begin := 0; begin < len(deaths); begin += worldsLast {
		func() {
			scope := &scope{TB: tb}
			defer scope.end()
			defer func() {
				if r := recover(); r != nil {
					is, known := r.(impossible)
					if !known {
						panic(r)
					}
					tb.Errorf("%s: %v", s.Name, is.err)
				}
			}()
			w := newWorld(scope, []Family{s.Family}, 1)
			d := &drill{World: w, c: w.chains[0], rng: rand.New(rand.NewPCG(1, 1))}
			d.restart()
			s.play(d) // once before, so that nothing is left of how the world began
			for _, arms := range deaths[begin:min(begin+worldsLast, len(deaths))] {
				d.arms, d.next, d.dead, d.n = arms, 0, nil, d.n+1
				d.restart()
				s.play(d)
				names = d.workers[0].process.Names()
				if err := d.broken(); err != nil {
					tb.Errorf("%s, dying at points %v (%q): %v\n%v", s.Name, arms, d.dead, err, d.told)
					return
				}
				died += len(d.dead)
				if visit != nil {
					visit(arms, d.dead)
				}
			}
			d.does((*worker).sequence)
			w.checkEvents()
			if err := d.broken(); err != nil {
				tb.Errorf("%s: %v", s.Name, err)
			}
		}()
	}
	return names, died
}

// restart begins with a process that has done nothing yet.
func (d *drill) restart() {
	k := d.workers[0]
	d.must(k.process.Close(d.db))
	k.record = true
	n := 0
	if d.next < len(d.arms) {
		n, d.next = d.arms[d.next], d.next+1
	}
	k.start(n)
	k.admit()
	d.revive()
}

// revive starts the process again where it has died.
func (d *drill) revive() {
	if at := d.workers[0].process.Died(); at != "" {
		d.dead = append(d.dead, at)
		d.restart()
	}
}

// does lets the process do something, again after each death.
func (d *drill) does(what func(k *worker)) {
	for {
		died := len(d.dead)
		what(d.workers[0])
		d.revive()
		if len(d.dead) == died {
			return
		}
	}
}

// follows applies what the chain did.
func (d *drill) follows() {
	d.does(func(k *worker) { k.index(2, d.c) })
	d.does(func(k *worker) { k.deposit(20, d.c) })
}

// pays leads what is asked for on.
func (d *drill) pays() {
	d.does(func(k *worker) { k.approve() })
	d.does(func(k *worker) { k.plan(d.c) })
	d.does(func(k *worker) { k.pay(8) })
}

// settles applies what the chain did to payouts, too.
func (d *drill) settles() {
	d.follows()
	d.does(func(k *worker) { k.observe(20, d.c) })
}

func (d *drill) mine(n int, pick func() choice) {
	d.c.mine(n, d.rng, pick)
	d.follow()
}

// arrive is a payment to a customer, in a block.
func (d *drill) arrive() {
	d.strangerPays(d.c, d.users[d.c.id]["ann"], d.c.assets()[0], 500)
	d.mine(1, all)
}

// deposit is a deposit that leaves with its block, comes back in another and is unlocked.
func (d *drill) deposit() {
	d.arrive()
	d.follows()
	d.c.reorganise(1, 2, d.rng, none)
	d.follow()
	d.follows()
	d.mine(1, all)
	d.mine(unlock, none)
	d.c.moveFinal(0)
	d.mine(1, none)
	d.follows()
	d.does((*worker).sequence)
	d.ends()
}

// credit is a deposit that is credited.
func (d *drill) credit() {
	d.arrive()
	d.mine(credit-1, none)
	d.follows()
	d.c.moveFinal(0)
	d.ends()
}

// ends complains of what was not applied.
func (d *drill) ends() {
	v := d.views[d.c.id]
	d.check()
	if tip := d.c.Tip(); len(v.tip) == 0 || v.tip[len(v.tip)-1] != tip.BlockRef || v.credited.at != uint64(len(v.events)) {
		d.violate("%d of %d events are applied, the tip is %v of %v", v.credited.at, len(v.events), v.tip[len(v.tip)-1], tip.BlockRef)
	}
}

// withdraw is a withdrawal whose transaction leaves with its block, lands again and settles.
func (d *drill) withdraw() {
	asked := &wish{request: withdrawal.Request{
		Tenant: tenant, Account: "ann", IdempotencyKey: strconv.Itoa(d.n), Chain: d.c.id, Asset: d.c.assets()[0],
		Destination: string(d.c.address("destination " + strconv.Itoa(d.n))), Amount: "20",
	}}
	d.does(func(k *worker) { d.ask(k, asked) })
	d.does((*worker).approve)
	d.pays()
	d.mine(1, all)
	d.settles()
	d.c.reorganise(1, 2, d.rng, none)
	d.follow()
	d.settles()
	state := coffer.WithdrawalState("")
	for range maxTurns {
		d.mine(1, all)
		d.mine(2, none)
		d.c.moveFinal(0)
		d.mine(1, none)
		d.settles()
		d.does(func(k *worker) {
			k.do("get", func(ctx context.Context) error {
				got, err := k.withdrawals.Get(ctx, tenant, asked.got.ID)
				state = got.State
				return err
			})
		})
		if state == coffer.WithdrawalSettled {
			d.does((*worker).sequence)
			d.ends()
			return
		}
		d.later(leaseTTL) // what a dead process had claimed is free again
		d.pays()
	}
	d.violate("withdrawal %s is %s in the end: %v", asked.got.ID, state, d.left())
}
