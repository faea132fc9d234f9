package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/withdrawal"
)

// Action is one thing that happens. Its own seed chooses how, so that it is the same thing
// however many others happen before it.
type Action struct {
	Kind string
	Seed uint64
}

func (a Action) String() string { return fmt.Sprintf("%s/%x", a.Kind, a.Seed) }

// wish is a customer's for a withdrawal. The customer asks again until there is an answer, and
// sometimes after.
type wish struct {
	request withdrawal.Request
	got     coffer.Withdrawal
	refused bool
}

// kind is a kind of action.
type kind struct {
	name   string
	weight int
	act    func(w *World, rng *rand.Rand)
}

// kinds are what can happen, and how often.
var kinds = []kind{
	{"pay", 10, (*World).actPay},
	{"double spend", 2, (*World).actDoubleSpend},
	{"request", 8, (*World).actRequest},
	{"ask again", 3, (*World).actAskAgain},
	{"cancel", 1, (*World).actCancel},
	{"round", 14, (*World).actRound},
	{"step", 24, (*World).actStep},
	{"mine", 12, (*World).actMine},
	{"empty", 2, (*World).actEmpty},
	{"reorganise", 7, (*World).actReorganise},
	{"back", 2, (*World).actBack},
	{"drop", 4, (*World).actDrop},
	{"finalise", 5, (*World).actFinalise},
	{"node", 4, (*World).actNode},
	{"wallet", 4, (*World).actWallet},
	{"fees", 2, (*World).actFees},
	{"signer", 4, (*World).actSigner},
	{"time", 4, (*World).actTime},
	{"skew", 1, (*World).actSkew},
	{"die", 24, (*World).actDie},
	{"race", 10, (*World).actRace},
	{"stall", 3, (*World).actStall},
	{"consolidate", 1, (*World).actConsolidate},
	{"poison", 1, (*World).actPoison},
	{"below final", 2, (*World).actBelowFinal},
	{"deliver again", 2, (*World).actDeliverAgain},
	{"backup", 2, (*World).actBackup},
	{"restore", 2, (*World).actRestore},
}

// Actions are those of a seed.
func Actions(rng *rand.Rand, n int) []Action {
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	actions := make([]Action, n)
	for i := range actions {
		at := rng.IntN(total)
		for _, k := range kinds {
			if at -= k.weight; at < 0 {
				actions[i] = Action{k.name, rng.Uint64()}
				break
			}
		}
	}
	return actions
}

// act lets an action happen.
func (w *World) act(a Action) {
	at := slices.IndexFunc(kinds, func(k kind) bool { return k.name == a.Kind })
	if at < 0 {
		panic("no action " + a.Kind)
	}
	w.seen[a.Kind]++
	kinds[at].act(w, rand.New(rand.NewPCG(a.Seed, 1)))
	w.rise(false)
	for _, k := range w.workers {
		w.tell("      %s is at its %d. point", k.name, k.process.Points())
	}
}

func between(rng *rand.Rand, least, most int) int { return least + rng.IntN(most-least+1) }

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// actPay is strangers that pay customers: what is asked for, and what only looks like it.
func (w *World) actPay(rng *rand.Rand) {
	for range between(rng, 1, 3) {
		c, customer := pick(rng, w.chains), pick(rng, customers)
		asset, amount := pick(rng, c.assets()), uint64(between(rng, minDeposit, 5000))
		if rng.IntN(8) == 0 {
			amount = uint64(between(rng, 1, minDeposit-1))
		}
		t := w.strangerPays(c, w.users[c.id][customer], asset, amount)
		w.tell("%s: somebody pays %s %d", c.family, customer, amount)
		if rng.IntN(6) == 0 { // several in one transaction
			more := t.transfers[0]
			more.To = w.users[c.id][pick(rng, customers)]
			t.transfers = append(t.transfers, more)
		}
		if c.family == Coins {
			continue
		}
		switch rng.IntN(12) {
		case 0:
			t.transfers[0].Asset = c.fake
		case 1:
			t.transfers[0].Asset = c.gold
		case 2:
			t.transfers[0].Amount = coffer.Amount{}
		case 3:
			t.fails = true
		case 4:
			t.varies = true
		case 5:
			t.transfers[0].To = c.address("nobody")
		}
	}
}

// actDoubleSpend is somebody who takes a payment back, by another one that excludes it.
func (w *World) actDoubleSpend(rng *rand.Rand) {
	c := pick(rng, w.chains)
	var theirs []*sent
	for _, t := range c.sent {
		if t.ours == nil {
			theirs = append(theirs, t)
		}
	}
	if len(theirs) == 0 {
		return
	}
	first := theirs[len(theirs)-1-rng.IntN(min(len(theirs), 5))]
	second := w.strangerPays(c, c.address("nobody"), c.assets()[0], 77)
	if rng.IntN(2) == 0 {
		second.transfers[0].To = w.users[c.id][pick(rng, customers)]
	}
	second.conflict = first.conflict
	w.tell("%s: somebody takes a payment back", c.family)
}

// actRequest is customers that ask for withdrawals.
func (w *World) actRequest(rng *rand.Rand) {
	for range between(rng, 1, 4) {
		c, customer := pick(rng, w.chains), pick(rng, customers)
		n := len(w.wishes) + 1
		to := c.address("destination " + strconv.Itoa(n))
		switch rng.IntN(12) {
		case 0: // another customer, or the same one
			to = w.users[c.id][pick(rng, customers)]
		case 1:
			to = c.hot
		}
		wish := &wish{request: withdrawal.Request{
			Tenant: tenant, Account: customer, IdempotencyKey: strconv.Itoa(n), Chain: c.id, Asset: pick(rng, c.assets()),
			Destination: string(to), Amount: strconv.Itoa(between(rng, 1, 1500)),
		}}
		w.wishes = append(w.wishes, wish)
		w.ask(w.anyWorker(rng), wish)
	}
	w.anyWorker(rng).approve()
}

// ask asks a process for a withdrawal.
func (w *World) ask(k *worker, asked *wish) {
	if asked.refused {
		return
	}
	c := w.chainOf(asked.request.Chain)
	k.do("request", func(ctx context.Context) error {
		got, err := k.withdrawals.Request(ctx, asked.request)
		switch code := coffer.ErrorCode(err); {
		case err == nil && asked.got.ID != "" && got.ID != asked.got.ID:
			w.violate("key %s was withdrawal %s and is %s", asked.request.IdempotencyKey, asked.got.ID, got.ID)
		case err == nil:
			w.tell("%s: %s asks for %s of %s to %s: %s", c.family, asked.request.Account, asked.request.Amount, asked.request.Asset, asked.request.Destination, got.ID)
			if asked.request.Destination == string(c.hot) || asked.request.Destination == string(w.users[c.id][asked.request.Account]) {
				w.violate("withdrawal %s to %s was accepted", got.ID, asked.request.Destination)
			}
			asked.got = got
		case code == coffer.CodeInsufficient && asked.got.ID == "":
			return nil // it may be asked again
		case code == coffer.CodeInvalid && asked.got.ID == "":
			asked.refused = true
			return nil
		}
		return err
	})
}

// actAskAgain is customers that did not hear an answer, or ask for something else under a key
// that they have used.
func (w *World) actAskAgain(rng *rand.Rand) {
	if len(w.wishes) == 0 {
		return
	}
	asked, k := pick(rng, w.wishes), w.anyWorker(rng)
	if asked.got.ID == "" || rng.IntN(2) == 0 {
		w.ask(k, asked)
		return
	}
	other := asked.request
	other.Amount += "1"
	k.do("request", func(ctx context.Context) error {
		got, err := k.withdrawals.Request(ctx, other)
		if err == nil {
			w.violate("key %s is bound to %s, and another request under it became %s", other.IdempotencyKey, asked.got.ID, got.ID)
		}
		if coffer.ErrorCode(err) == coffer.CodeIdempotency {
			return nil
		}
		return err
	})
}

func (w *World) actCancel(rng *rand.Rand) {
	if len(w.wishes) == 0 {
		return
	}
	asked, k := pick(rng, w.wishes), w.anyWorker(rng)
	if asked.got.ID == "" {
		return
	}
	k.do("cancel", func(ctx context.Context) error {
		_, err := k.withdrawals.Cancel(ctx, tenant, asked.got.ID)
		if coffer.ErrorCode(err) == coffer.CodeConflict {
			return nil
		}
		return err
	})
}

func (w *World) actRound(rng *rand.Rand) {
	k := w.anyWorker(rng)
	w.tell("%s does everything", k.name)
	k.round(between(rng, 1, 6))
}

// actStep is one role of one process.
func (w *World) actStep(rng *rand.Rand) { w.turn(rng, w.anyWorker(rng)) }

func (w *World) turn(rng *rand.Rand, k *worker) {
	c := pick(rng, w.chains)
	steps := between(rng, 1, 8)
	role := rng.IntN(7)
	w.tell("%s: %s takes %d steps of %s", c.family, k.name, steps, [...]string{"index", "deposit", "observe", "approve", "plan", "pay", "sequence"}[role])
	switch role {
	case 0:
		k.index(steps, c)
	case 1:
		k.deposit(steps, c)
	case 2:
		k.observe(steps, c)
	case 3:
		k.approve()
	case 4:
		k.plan(c)
	case 5:
		k.pay(steps)
	case 6:
		k.sequence()
	}
}

func (w *World) actMine(rng *rand.Rand) {
	c, n := pick(rng, w.chains), between(rng, 1, 4)
	c.mine(n, rng, mixed(rng))
	w.follow()
	w.tell("%s: %d blocks, up to %d", c.family, n, c.Tip().Height)
}

// actEmpty lets time pass on all chains, so that what waits for a payment becomes old.
func (w *World) actEmpty(rng *rand.Rand) {
	n := between(rng, 5, w.spell)
	for _, c := range w.chains {
		c.mine(n, rng, none)
		if n > maxReorg/4 { // else a branch could come back from deeper than an indexer follows
			c.moveFinal(uint64(between(rng, 0, 40)))
		}
	}
	w.follow()
	w.tell("%d empty blocks everywhere", n)
}

func (w *World) actReorganise(rng *rand.Rand) {
	c := pick(rng, w.chains)
	deepest := c.deepest()
	if deepest == 0 {
		return
	}
	depth := between(rng, 1, min(deepest, 6))
	mined := between(rng, 0, depth+2)
	c.reorganise(depth, mined, rng, mixed(rng))
	if rng.IntN(3) == 0 {
		w.seen["transactions dropped"] += c.drop(rng)
	}
	w.follow()
	w.seen["reorganisations"]++
	w.tell("%s: %d blocks leave, %d come, up to %d", c.family, depth, mined, c.Tip().Height)
}

func (w *World) actBack(rng *rand.Rand) {
	if c := pick(rng, w.chains); c.back(rng) {
		w.follow()
		w.seen["reorganisations"]++
		w.tell("%s: back to a branch of %d", c.family, c.Tip().Height)
	}
}

func (w *World) actDrop(rng *rand.Rand) {
	c := pick(rng, w.chains)
	n := c.drop(rng)
	w.seen["transactions dropped"] += n
	w.tell("%s: the nodes forget %d transactions", c.family, n)
}

func (w *World) actFinalise(rng *rand.Rand) {
	c := pick(rng, w.chains)
	c.moveFinal(uint64(between(rng, 0, 4)))
	c.mine(1, rng, mixed(rng))
	w.follow()
	w.tell("%s: final up to %d", c.family, c.Final())
}

func (w *World) actNode(rng *rand.Rand) {
	c := pick(rng, w.chains)
	switch rng.IntN(4) {
	case 0:
		c.Lag(between(rng, 1, 4))
	case 1:
		c.Lag(0)
	case 2:
		c.WrongBlock(1)
	case 3:
		c.Fail(pick(rng, []string{chaintest.CallHead, chaintest.CallHeader, chaintest.CallBlock}), between(rng, 1, 3))
	}
	w.tell("%s: something is wrong with the node, or well again", c.family)
}

func (w *World) actWallet(rng *rand.Rand) {
	c, call := pick(rng, w.chains), pick(rng, []string{"slot", "select", "build", "simulate", "send", "answer", "seen"})
	c.faults[call] = between(rng, 1, 4)
	w.tell("%s: %s fails", c.family, call)
}

func (w *World) actFees(rng *rand.Rand) {
	c := pick(rng, w.chains)
	c.dear, c.rate = rng.IntN(3) == 0, uint64(between(rng, 10, 60))
	w.tell("%s: fees are %d, too dear: %v", c.family, c.rate, c.dear)
}

func (w *World) actSigner(rng *rand.Rand) {
	s := pick(rng, w.signers)
	s.mood = willing
	if rng.IntN(2) == 0 {
		s.mood = mood(rng.IntN(int(moods)))
	}
	s.refuses = coffer.Hash{}
	if asked := len(w.wishes); asked > 0 && rng.IntN(4) == 0 {
		s.refuses = pick(rng, w.wishes).got.OrderHash
	}
	w.tell("%s is in mood %d", s.name, s.mood)
}

func (w *World) actTime(rng *rand.Rand) {
	d := time.Duration(between(rng, 1, 60)) * time.Second
	if rng.IntN(10) == 0 {
		d = time.Duration(between(rng, 1, 30)) * time.Minute
	}
	w.later(d)
	w.tell("%s pass", d)
}

// actSkew sets the clock of a process ahead or back.
func (w *World) actSkew(rng *rand.Rand) {
	k := pick(rng, w.workers)
	k.skew = time.Duration(between(rng, -20, 20)) * time.Second
	w.tell("the clock of %s is off by %s", k.name, k.skew)
}

// actDie lets a process die at one of its next points, and stay dead for some time.
func (w *World) actDie(rng *rand.Rand) {
	k := w.anyWorker(rng)
	n := between(rng, 1, 400)
	k.process.Arm(n)
	k.down = between(rng, 0, 4)
	if rng.IntN(3) == 0 {
		k.again = between(rng, 1, 60) // who comes after it dies soon, too
	}
	w.tell("%s will die at its %d. point from now", k.name, n)
	if rng.IntN(2) == 0 {
		k.round(between(rng, 1, 4))
	}
}

// actRace lets other processes take turns while a call of a process is on its way, which may take
// longer than leases and claims last: a process can be suspended.
func (w *World) actRace(rng *rand.Rand) {
	k := w.anyWorker(rng)
	calls, turns := between(rng, 1, 12), between(rng, 1, 4)
	takes := time.Duration(rng.IntN(90)) * time.Second
	inner := rand.New(rand.NewPCG(rng.Uint64(), 2))
	k.early = rng.IntN(3) == 0
	k.raceAt, k.race = calls, func() {
		w.later(takes)
		w.seen["races"]++
		w.tell("   meanwhile, %s later:", takes)
		for range turns {
			other, what := w.anyWorker(inner), inner.IntN(4)
			switch {
			case what == 0:
				w.actMine(inner)
			case other == k:
			case what == 1:
				w.tell("%s does everything", other.name)
				other.round(between(inner, 1, 3))
			default:
				w.turn(inner, other)
			}
		}
	}
	switch rng.IntN(3) {
	case 0:
		k.round(between(rng, 1, 3))
	case 1:
		k.plan(w.chains...)
		k.pay(between(rng, 1, 8))
	}
}

// actStall lets what was sent wait until a higher fee or another transaction is due.
func (w *World) actStall(rng *rand.Rand) {
	k := w.anyWorker(rng)
	k.plan(w.chains...)
	k.pay(12)
	n := between(rng, 1, 20)
	for _, c := range w.chains {
		c.mine(n, rng, none)
	}
	w.follow()
	w.tell("what is sent waits %d blocks", n)
	k.index(4, w.chains...)
	k.observe(40, w.chains...)
	w.later(6 * time.Second)
	k.pay(between(rng, 1, 6))
}

func (w *World) actConsolidate(rng *rand.Rand) {
	k := w.anyWorker(rng)
	for _, c := range w.chains {
		if c.family == Coins {
			k.do("consolidate", func(ctx context.Context) error {
				_, err := k.payouts.PlanConsolidation(ctx, c.id)
				return err
			})
		}
	}
	w.clearAlarms()
}

// actPoison makes the chain refuse payments to somebody, or take them again.
func (w *World) actPoison(rng *rand.Rand) {
	if len(w.wishes) == 0 {
		return
	}
	asked := pick(rng, w.wishes)
	c, to := w.chainOf(asked.request.Chain), coffer.Address(asked.request.Destination)
	c.poison[to] = !c.poison[to]
}

// actBelowFinal is a node that shows another chain below what was final, and comes to its senses
// when a person has looked. Indexers must say nothing of it, and stop.
func (w *World) actBelowFinal(rng *rand.Rand) {
	c := pick(rng, w.chains)
	v := w.views[c.id]
	v.read()
	final := c.Final()
	if final < 2 || v.final != final || uint64(len(v.tip)) <= final {
		return // the indexers do not know that yet
	}
	w.rise(true)
	c.healNode()
	w.later(2 * leaseTTL) // who steps first, leads
	for _, k := range w.workers {
		k.skew = 0
	}
	was := c.Canonical()
	depth := len(was) - int(final) + between(rng, 0, 1)
	c.Reorg(depth, make([]chaintest.Content, between(rng, 1, depth+2))...)
	w.tell("%s: the node shows another chain from height %d on, below what is final", c.family, len(was)-depth)
	said, died, halted := len(v.events), w.seen["deaths"], 0
	for _, k := range w.workers {
		k.index(between(rng, 1, 3), c)
	}
	for v.read(); said < len(v.events); said++ {
		if e := v.events[said]; e.Block.Height <= final {
			w.violate("%s: event %d is of block %d, and %d is final", c.id, e.Sequence, e.Block.Height, final)
		}
	}
	c.Switch(was[len(was)-1].Hash)
	for _, k := range w.workers {
		if k.indexers[c.id].Status().Halted != nil {
			halted++
			k.process.Kill() // a person lets it begin anew
		}
	}
	if halted == 0 && w.seen["deaths"] == died {
		w.violate("%s: final blocks are others than before, and no indexer has stopped", c.family)
	}
	w.rise(true)
}

// actDeliverAgain sets a consumer back to records that it has had: a log may deliver them again.
func (w *World) actDeliverAgain(rng *rand.Rand) {
	c, table := pick(rng, w.chains), pick(rng, []string{"deposit_cursor", "payout_cursor"})
	_, err := w.db.Pool().Exec(w.ctx, fmt.Sprintf("update %s set next_offset = floor(next_offset * $2::float8)::bigint where chain = $1", table), string(c.id), rng.Float64())
	w.must(err)
	w.tell("%s: records before the %s are delivered again", c.family, table)
}

// clearAlarms is a person who has looked.
func (w *World) clearAlarms() {
	desk := payout.NewDesk(w.db, w.clock)
	waiting, err := desk.Waiting(w.ctx)
	w.must(err)
	for _, p := range waiting {
		if _, err := desk.Clear(w.ctx, payout.Clearance{Payout: p.ID, Actor: "olga", Why: "seen"}); err != nil && coffer.ErrorCode(err) != coffer.CodeConflict {
			w.must(err)
		}
	}
}

// review is a person who decides about withdrawals that wait.
func (w *World) review() {
	k := w.workers[0]
	waiting, err := k.withdrawals.InReview(w.ctx, "", "", 100)
	w.must(err)
	for n, wd := range waiting {
		decide := k.withdrawals.Release
		if n%2 == 1 {
			decide = k.withdrawals.Reject
		}
		_, err := decide(w.ctx, withdrawal.Decision{Tenant: tenant, Withdrawal: wd.ID, Actor: "olga"})
		w.must(err)
	}
}

// maxRounds is how long everything may take to end once nothing fails any more.
const maxRounds = 400

// errEndless says what has not ended.
var errEndless = errors.New("it never ends")

// drain mends everything and goes on until every withdrawal and payout has ended.
func (w *World) drain(rng *rand.Rand) error {
	for _, k := range w.workers {
		k.process.Arm(0)
		k.again, k.raceAt, k.skew = 0, 0, 0
	}
	w.rise(true)
	for _, s := range w.signers {
		s.mood, s.refuses = willing, coffer.Hash{}
	}
	for _, c := range w.chains {
		c.heal()
		if c.family == Coins {
			w.strangerPays(c, c.hot, c.native, 50_000)
		}
	}
	w.later(2 * leaseTTL)
	for n := range maxRounds {
		k := w.workers[n%len(w.workers)]
		if !k.admitted {
			k.admit()
		}
		w.review()
		k.index(20, w.chains...)
		k.deposit(200, w.chains...)
		k.observe(200, w.chains...)
		k.approve()
		k.plan(w.chains...)
		k.pay(30)
		k.sequence()
		w.clearAlarms()
		for _, c := range w.chains {
			c.mine(1, rng, all)
			c.moveFinal(2)
		}
		w.follow()
		w.later(6 * time.Second)
		if err := w.broken(); err != nil {
			return err
		}
		if len(w.left()) == 0 {
			for _, c := range w.chains {
				c.mine(1, rng, none)
				c.moveFinal(0)
			}
			w.follow()
			w.later(leaseTTL)
			for range 3 {
				k.index(50, w.chains...)
				k.deposit(500, w.chains...)
				k.observe(500, w.chains...)
				k.sequence()
			}
			return nil
		}
	}
	return fmt.Errorf("%w: %v", errEndless, w.left())
}

// left are the withdrawals and payouts that have not ended, and why.
func (w *World) left() []string {
	left := w.strings(`select id || ' ' || state || ' ' || purpose || ' ' || slot_lane || ' note ' || note || ' alarm ' || alarm from payout
		where state not in ('final', 'reverted', 'expired', 'cancelled')`)
	return append(left, w.strings("select id || ' ' || state || ' ' || reason from withdrawal where state not in ('settled', 'rejected', 'cancelled', 'failed')")...)
}
