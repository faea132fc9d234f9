package payout_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/payout"
)

// checkSweep reports what a signer must never be asked about a sweep.
func (s *fakeSigner) checkSweep(r coffer.SigningRequest) {
	if len(r.Orders)+len(r.Intent.Orders)+len(r.Intent.Payments)+len(r.Approvals) > 0 {
		s.w.violate("a sweep pays somebody")
	}
	if op := decode(r.Unsigned.Bytes); !slices.Equal(op.Sweeps, r.Intent.Sweeps) || len(op.Payments) > 0 {
		s.w.violate("a sweep does something else than its intent")
	}
	content := []coffer.Hash{coffer.SweepsHash(r.Intent.Sweeps)}
	if before, known := s.slots[r.Intent.Slot]; known && !slices.Equal(before, content) {
		s.w.violate("slot %s was signed for another sweep", r.Intent.Slot)
	}
	s.slots[r.Intent.Slot] = content
}

// flushed is how a block tells of a flush.
func flushed(tx coffer.Hash, log int, s coffer.Sweep, amount uint64) coffer.Transfer {
	return coffer.Transfer{Asset: s.Asset, Tx: tx, Ref: fmt.Sprintf("log:%d", log), From: s.Forwarder, To: hot, Amount: coffer.NewAmount(amount)}
}

// legs are sweeps of USDT from different addresses, with what the books expect of each.
func legs(expected ...uint64) []payout.SweepLeg {
	var all []payout.SweepLeg
	for n, amount := range expected {
		all = append(all, payout.SweepLeg{
			Sweep:    coffer.Sweep{Forwarder: coffer.Address(fmt.Sprintf("0x%040x", 0xf00000+n)), Salt: coffer.Hash{byte(n)}, Asset: usdt},
			Expected: coffer.NewAmount(amount),
		})
	}
	return all
}

func (w *world) planSweep(legs []payout.SweepLeg) string {
	w.tb.Helper()
	id := ""
	w.try(func() (err error) {
		id, err = w.m.PlanSweep(w.ctx, chain, legs)
		return err
	})
	return id
}

// sweep plans a sweep and brings it as far as the network.
func (w *world) sweep(legs []payout.SweepLeg) string {
	w.tb.Helper()
	w.mine(1, none)
	w.observe()
	id := w.planSweep(legs)
	if id == "" {
		w.tb.Fatal("the sweep was not planned")
	}
	w.step(10)
	w.wantSweep(id, coffer.PayoutBroadcast)
	return id
}

func (w *world) wantSweep(id string, want coffer.PayoutState) payout.Payout {
	w.tb.Helper()
	p, err := w.m.Get(w.ctx, id)
	if err != nil {
		w.tb.Fatal(err)
	}
	if p.State != want {
		w.tb.Fatalf("sweep is %s (%s%s), want %s", p.State, p.Note, p.Reason, want)
	}
	return p
}

// wantSweeping checks how many legs are on their way, and who is put off, by address's last
// digit: "q" for quarantine.
func (w *world) wantSweeping(live int, putOff ...string) {
	w.tb.Helper()
	got, deferred, err := w.m.Sweeping(w.ctx, chain)
	if err != nil {
		w.tb.Fatal(err)
	}
	var names []string
	for _, d := range deferred {
		name := string(d.Forwarder[len(d.Forwarder)-1:])
		if d.Quarantined {
			name += "q"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	if len(got) != live || !slices.Equal(names, putOff) {
		w.tb.Fatalf("%d legs on their way and %v put off, want %d and %v", len(got), names, live, putOff)
	}
}

// A leg that moves nothing though there was something is quarantined; the others stand.
func TestASweepIsJudgedLegByLeg(t *testing.T) {
	w := newWorld(t, 1, 1)
	all := legs(100, 50, 0, 70)
	w.net.yields[all[0].Sweep], w.net.yields[all[3].Sweep] = 100, 75 // one got more meanwhile
	id := w.sweep(all)
	w.wantSweeping(4)

	w.mine(1, func() choice { return succeed })
	w.observe()
	w.wantSweep(id, coffer.PayoutIncluded)
	w.wantSweeping(4)
	w.finish()
	p := w.wantSweep(id, coffer.PayoutFinal)
	if p.Intent.Purpose != coffer.PurposeSweep || p.Intent.Slot.Lane == "0x0" || len(p.Withdrawals) != 0 {
		t.Errorf("intent %+v", p.Intent)
	}
	w.wantSweeping(0, "1q")
	w.checkBooks()

	// The quarantine holds for an hour, twice that after the next time, and ends with a
	// flush that moves something.
	_, deferred, err := w.m.Sweeping(w.ctx, chain)
	if err != nil || deferred[0].Until.Sub(w.clock()) != time.Hour || deferred[0].Asset != usdt || deferred[0].Reason == "" {
		t.Fatalf("%+v %v", deferred, err)
	}
	id = w.sweep(all[1:2])
	w.mine(1, func() choice { return succeed })
	w.finish()
	w.wantSweep(id, coffer.PayoutFinal)
	if _, deferred, err = w.m.Sweeping(w.ctx, chain); err != nil || deferred[0].Until.Sub(w.clock()) != 2*time.Hour || deferred[0].Tries != 2 {
		t.Fatalf("%+v %v", deferred, err)
	}
	w.net.yields[all[1].Sweep] = 50
	id = w.sweep(all[1:2])
	w.mine(1, func() choice { return succeed })
	w.finish()
	w.wantSweep(id, coffer.PayoutFinal)
	w.wantSweeping(0)
}

// Anybody may flush. A leg that finds nothing because a stranger was first did not fail,
// unless the stranger's block leaves the chain.
func TestAStrangersFlushIsNoFailure(t *testing.T) {
	for _, leaves := range []bool{false, true} {
		t.Run(fmt.Sprint("its block leaves: ", leaves), func(t *testing.T) {
			w := newWorld(t, 1, 1)
			all := legs(50, 60)
			w.net.yields[all[1].Sweep] = 60
			id := w.sweep(all)
			w.net.Mine([]coffer.Transfer{flushed(coffer.Hash{7}, 0, all[0].Sweep, 50)}, nil)
			w.follow()
			w.observe()
			if leaves {
				w.net.Reorg(1, chaintest.Content{})
				w.follow()
				w.observe()
			}
			w.mine(1, func() choice { return succeed })
			w.finish()
			w.wantSweep(id, coffer.PayoutFinal)
			if leaves {
				w.wantSweeping(0, "0q")
			} else {
				w.wantSweeping(0)
			}
		})
	}
}

func TestASweepThatLeavesTheChainIsSentAgain(t *testing.T) {
	w := newWorld(t, 1, 1)
	all := legs(50)
	w.net.yields[all[0].Sweep] = 50
	id := w.sweep(all)
	w.mine(1, func() choice { return succeed })
	w.observe()
	w.wantSweep(id, coffer.PayoutIncluded)
	w.checkBooks()

	w.reorg(1, 2, none)
	w.observe()
	w.wantSweep(id, coffer.PayoutBroadcast)
	w.wantSweeping(1)
	w.checkBooks()
	w.mine(1, func() choice { return succeed })
	w.finish()
	w.wantSweep(id, coffer.PayoutFinal)
	w.wantSweeping(0)
	w.checkBooks()
}

// One sweep is on its way at a time, and no address and asset twice.
func TestNothingIsSweptTwiceAtATime(t *testing.T) {
	w := newWorld(t, 1, 1)
	all := legs(50, 60)
	id := w.sweep(all[:1])
	if again := w.planSweep(all[1:]); again != "" {
		t.Errorf("a second sweep was planned beside the first: %s", again)
	}
	w.mine(1, func() choice { return succeed })
	w.observe()
	w.wantSweep(id, coffer.PayoutIncluded)
	if _, err := w.m.PlanSweep(w.ctx, chain, all); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("what is in a block that is not final was planned again: %v", err)
	}
	if other := w.planSweep(all[1:]); other == "" {
		t.Error("another address could not be swept")
	}
	for name, wrong := range map[string][]payout.SweepLeg{"none": nil, "too many": make([]payout.SweepLeg, payout.MaxSweeps+1)} {
		if _, err := w.m.PlanSweep(w.ctx, chain, wrong); coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}

	// Payments do not wait for sweeps, and sweeps not for payments.
	w.request(usdt, 5)
	w.approveAll()
	w.plan()
	if p := w.payoutOf(w.requested[0].ID); p.Intent.Slot.Lane != "0x0" {
		t.Errorf("the payment took lane %s", p.Intent.Slot.Lane)
	}
}

func TestASweepThatFailsOnTheChainIsPutOff(t *testing.T) {
	w := newWorld(t, 1, 1)
	id := w.sweep(legs(50, 60))
	w.mine(1, func() choice { return fail })
	w.finish()
	w.wantSweep(id, coffer.PayoutReverted)
	w.wantSweeping(0, "0", "1")
	w.checkBooks()
}

func TestASweepThatCannotBePreparedIsGivenUp(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.mine(1, none)
	w.observe()
	w.wallet.faults["simulate"] = 100
	id := w.planSweep(legs(50))
	for range 20 {
		w.step(1)
		w.later(10 * time.Second)
	}
	first := w.wantSweep(id, coffer.PayoutCancelled)
	w.wantSweeping(0, "0")

	w.wallet.faults["simulate"] = 0
	again := w.planSweep(legs(50))
	w.step(10)
	if p := w.wantSweep(again, coffer.PayoutBroadcast); p.Intent.Slot != first.Intent.Slot || again == id {
		t.Errorf("%s took slot %s after %s in %s", again, p.Intent.Slot, id, first.Intent.Slot)
	}
}

// Signers know a slot's sweep for ever: when all attempts have expired the same sweep is
// made again in it.
func TestASweepThatExpiresIsMadeAgainInItsSlot(t *testing.T) {
	w := newWorld(t, 1, 1)
	all := legs(50, 60)
	w.net.yields[all[0].Sweep], w.net.yields[all[1].Sweep] = 50, 60
	id := w.sweep(all)
	first := w.wantSweep(id, coffer.PayoutBroadcast)
	w.mine(40, none)
	w.finish()
	w.wantSweep(id, coffer.PayoutExpired)
	live, _, err := w.m.Sweeping(w.ctx, chain)
	if err != nil || len(live) != 2 {
		t.Fatalf("%v %v", live, err)
	}
	w.step(10)
	w.mine(1, func() choice { return succeed })
	w.finish()
	w.wantSweeping(0)
	var done string
	err = w.db.Pool().QueryRow(w.ctx, `select id from payout where state = 'final'`).Scan(&done)
	if err != nil {
		t.Fatal(err)
	}
	if p := w.wantSweep(done, coffer.PayoutFinal); p.Intent.Slot != first.Intent.Slot || !slices.Equal(p.Intent.Sweeps, first.Intent.Sweeps) {
		t.Errorf("%+v was made after %+v", p.Intent, first.Intent)
	}
	w.checkBooks()
}

// What a stranger flushed while the first attempt of a sweep was on its way is not missed by
// the one made again in its slot.
func TestAStrangersFlushCountsForTheSweepMadeAgain(t *testing.T) {
	w := newWorld(t, 1, 1)
	all := legs(50, 60)
	w.net.yields[all[1].Sweep] = 60
	id := w.sweep(all)
	w.net.Mine([]coffer.Transfer{flushed(coffer.Hash{7}, 0, all[0].Sweep, 50)}, nil)
	w.follow()
	w.observe()
	w.mine(40, none)
	w.finish()
	w.wantSweep(id, coffer.PayoutExpired)
	w.wantSweeping(2)
	w.step(10)
	w.mine(1, func() choice { return succeed })
	w.finish()
	w.wantSweeping(0)
}

func TestASweepWaitsWhileItsAssetIsPaused(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.mine(1, none)
	w.observe()
	w.paused = usdt
	id := w.planSweep(legs(50))
	w.step(5)
	if p := w.wantSweep(id, coffer.PayoutPlanned); p.Note == "" {
		t.Error("nothing says why it waits")
	}
	w.paused = ""
	w.later(3 * time.Second)
	w.step(10)
	w.wantSweep(id, coffer.PayoutBroadcast)
}

// Law: wherever the process dies, the sweep is made once, and its legs end.
func TestASweepSurvivesACrashAnywhere(t *testing.T) {
	all := sweepThatCrashes(t, 0)
	for _, name := range []string{"sweep.before_plan", "sweep.planning", "sweep.planned", "sweep.ending", "payout.built", "payout.signing", "payout.signed", "payout.broadcast"} {
		if !slices.Contains(all, name) {
			t.Errorf("a sweep does not pass %s: %v", name, all)
		}
	}
	seen := map[string]bool{}
	for place, name := range all {
		if seen[name] {
			continue
		}
		seen[name] = true
		passed := sweepThatCrashes(t, place+1)
		if at := slices.Index(passed, "crash"); at < 1 || passed[at-1] != name {
			t.Errorf("it crashed at %v, not at %s", passed, name)
		}
	}
}

// sweepThatCrashes makes a sweep of two addresses, one of which yields nothing, crashes at a
// checkpoint, zero for none, and returns the checkpoints that were passed.
func sweepThatCrashes(t *testing.T, at int) []string {
	t.Helper()
	w := newWorld(t, 1, 1)
	all := legs(50, 60)
	w.net.yields[all[0].Sweep] = 50
	w.mine(1, none)
	w.observe()
	w.passed, w.crashIn = nil, at
	if id := w.planSweep(all); id == "" { // it crashed: what was planned is on its way
		if live, _, err := w.m.Sweeping(w.ctx, chain); err != nil || len(live) == 0 {
			w.planSweep(all)
		}
	}
	for range 3 {
		w.step(20)
		w.later(20 * time.Second)
	}
	w.mine(1, func() choice { return succeed })
	w.observe()
	w.finish()
	w.wantSweeping(0, "1q")
	var final int
	if err := w.db.Pool().QueryRow(w.ctx, `select count(*) from payout where state = 'final'`).Scan(&final); err != nil || final != 1 {
		t.Fatalf("crash %d at %v: %d sweeps are final, %v", at, w.passed, final, err)
	}
	w.checkBooks()
	return w.passed
}
