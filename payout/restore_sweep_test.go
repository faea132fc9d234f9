package payout_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
)

// signedSweep writes into a signer's log that it signed a sweep of a deposit address, alone.
func (w *world) signedSweep(s *fakeSigner, n int, sweep coffer.Sweep) coffer.Intent {
	now := w.clock()
	intent := coffer.Intent{
		ID: fmt.Sprintf("po_sweep_%d", n), Chain: chain, Wallet: hot, Path: coffer.PathTRON, Purpose: coffer.PurposeSweep,
		Slot:   coffer.Slot{Kind: coffer.SlotTimestamp, Lane: "0x380", Sequence: uint64(now.Unix()) + uint64(n)},
		Sweeps: []coffer.Sweep{sweep}, FeeBound: coffer.NewAmount(9), Expires: now.Add(validity).Truncate(time.Second),
	}
	s.append(logLine{Payout: &payout.LoggedPayout{ID: intent.ID, IntentHash: intent.Hash(), Intent: &intent, ValidUntil: intent.Expires, IDs: []coffer.Hash{{9, byte(n)}}}})
	return intent
}

// A sweep of TRON is in one signer's log. Payouts go on while that signer is away, since no payment
// can be in its log alone; when it is back they halt, and its sweeps are made again, also where
// another signer with the same seed swept the address in between.
func TestSweepsThatOneSignerKnowsAreMadeAgain(t *testing.T) {
	w := newWorld(t, 1, 2)
	w.payBy([]string{coffer.PathTRON})
	w.mine(1, none)
	w.observe()
	sweep := coffer.Sweep{Forwarder: "0x00000000000000000000000000000000000000d1", Asset: usdt}
	other := coffer.Sweep{Forwarder: "0x00000000000000000000000000000000000000d2", Asset: usdt}
	intents := []coffer.Intent{w.signedSweep(w.signers[0], 0, sweep), w.signedSweep(w.signers[0], 1, other)}

	logs := w.logs()
	logs[0] = awayLog{w.signers[0]}
	heard := map[string]error{}
	if err := w.m.Admit(w.ctx, logs, 2, func(signer string, err error) { heard[signer] = err }); err != nil {
		t.Fatal("one signer is away: ", err)
	}
	if !errors.Is(heard[w.signers[0].name], errFake) { // so it is not asked to sign
		t.Errorf("the signer that is away was heard: %v", heard)
	}

	intents = append(intents, w.signedSweep(w.signers[1], 2, sweep)) // it has the same seed
	done := w.recover(map[string]int{})
	if done.Payouts != 3 || done.Attempts != 3 || done.Orders != 0 {
		t.Errorf("imported %+v, want three sweeps", done)
	}
	for _, i := range intents {
		p := w.wantSweep(i.ID, coffer.PayoutSigning)
		if p.Intent.Slot != i.Slot || len(p.Intent.Sweeps) != 1 || p.Intent.Sweeps[0] != i.Sweeps[0] {
			t.Errorf("%s was made again as %+v", i.ID, p.Intent)
		}
	}
	w.wantSweeping(2) // of each address one is in the way of another
}
