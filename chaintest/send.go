package chaintest

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/cofferhq/coffer"
)

// Sender is the sending half of a chain family on a real local node of a test's own, as
// RunSender needs it.
type Sender struct {
	Source    coffer.Source
	Wallet    coffer.Wallet
	Explainer coffer.Explainer

	// Payments pay these amounts to addresses that nothing was ever paid to.
	Payments func(t *testing.T, amounts ...uint64) []coffer.Payment
	// Intent is one of these payments, in a slot that is free, with all the wallet needs.
	Intent func(t *testing.T, payments []coffer.Payment) coffer.Intent
	// Sign signs as so many people as are needed and no more would; who differ with others.
	Sign func(t *testing.T, u coffer.Unsigned, others bool) []coffer.Signature
	// Mine adds n blocks, with what was broadcast in the first of them.
	Mine func(t *testing.T, n int)
	// Reorg replaces the newest depth blocks by grow empty ones.
	Reorg func(t *testing.T, depth, grow int)
}

// maxAttempts bounds how often a fee is raised until the bound is reached.
const maxAttempts = 500

// RunSender holds the sending half of a family to what payouts rely on.
func RunSender(t *testing.T, s Sender) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, s Sender)
	}{
		{"what is built does what the intent says", testExplained},
		{"every step may run twice", testStepsTwice},
		{"fees rise to the bound and not above", testFeesRise},
		{"of several attempts one is paid", testAttemptsPayOnce},
		{"what a reorganisation took back is broadcast again", testBroadcastAfterReorg},
		{"signatures are those of the owners, and enough", testSignatures},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, s) })
	}
}

func testExplained(t *testing.T, s Sender) {
	for _, payments := range [][]coffer.Payment{s.Payments(t, 21_000), s.Payments(t, 22_000, 23_000, 24_000)} {
		intent := s.Intent(t, payments)
		u := s.build(t, intent, nil)
		effects := s.explain(t, u)
		if !slices.Equal(effects.Payments, intent.Payments) || effects.Slot != intent.Slot || effects.Chain != intent.Chain ||
			effects.Wallet != intent.Wallet || effects.Path != intent.Path || effects.FeeBound.Cmp(intent.FeeBound) > 0 {
			t.Errorf("effects %+v of intent %+v", effects, intent)
		}
		if u.Chain != intent.Chain || u.Wallet != intent.Wallet || u.Path != intent.Path || u.Attempt != 0 || u.Wallet != s.Wallet.Address() {
			t.Errorf("built %+v of intent %+v", u, intent)
		}
		if len(effects.Digests) == 0 || slices.Contains(effects.Digests, coffer.Hash{}) {
			t.Errorf("digests %v", effects.Digests)
		}
	}
}

// A crash between two steps makes the first run again: nothing that was done twice may count
// twice.
func testStepsTwice(t *testing.T, s Sender) {
	start := headOf(t, s.Source).Latest.Height
	payments := s.Payments(t, 31_000, 32_000)
	intent := s.Intent(t, payments)
	s.build(t, intent, nil) // never stored
	u := s.build(t, intent, nil)
	for range 2 {
		if err := s.Wallet.Simulate(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	signed := s.finalize(t, u, s.Sign(t, u, false))
	if again := s.finalize(t, u, s.Sign(t, u, false)); again.ID != signed.ID || signed.ID.IsZero() {
		t.Errorf("finalized as %s and as %s", signed.ID, again.ID)
	}
	if same := s.finalize(t, u, s.Sign(t, u, true)); same.ID != signed.ID {
		t.Errorf("signed by others it is %s instead of %s", same.ID, signed.ID)
	}
	for range 3 {
		s.broadcast(t, signed)
	}
	s.Mine(t, 1)
	s.broadcast(t, signed)
	s.Mine(t, 2)
	s.paidOnce(t, start, payments)
}

func testFeesRise(t *testing.T, s Sender) {
	intent := s.Intent(t, s.Payments(t, 41_000))
	var attempts []coffer.Attempt
	var last coffer.Effects
	for range maxAttempts {
		u, err := s.Wallet.Build(t.Context(), intent, attempts)
		if errors.Is(err, coffer.ErrFeeBudget) && len(attempts) > 1 {
			return
		}
		if err != nil {
			t.Fatalf("attempt %d: %v", len(attempts), err)
		}
		effects := s.explain(t, u)
		if int(u.Attempt) != len(attempts) || effects.Slot != intent.Slot || !slices.Equal(effects.Payments, intent.Payments) ||
			effects.FeeBound.Cmp(last.FeeBound) <= 0 || effects.FeeBound.Cmp(intent.FeeBound) > 0 {
			t.Fatalf("attempt %d: %+v after %+v, of intent %+v", len(attempts), effects, last, intent)
		}
		last, attempts = effects, append(attempts, coffer.Attempt{Number: u.Attempt, Unsigned: u})
	}
	t.Errorf("after %d attempts the fee is %s of at most %s", len(attempts), last.FeeBound, intent.FeeBound)
}

func testAttemptsPayOnce(t *testing.T, s Sender) {
	start := headOf(t, s.Source).Latest.Height
	payments := s.Payments(t, 51_000, 52_000)
	intent := s.Intent(t, payments)
	var attempts []coffer.Attempt
	for range 3 {
		u := s.build(t, intent, attempts)
		signed := s.finalize(t, u, s.Sign(t, u, false))
		for _, earlier := range attempts {
			if earlier.Signed.ID == signed.ID {
				t.Errorf("attempts %d and %d are both %s", earlier.Number, u.Attempt, signed.ID)
			}
		}
		s.broadcast(t, signed)
		attempts = append(attempts, coffer.Attempt{Number: u.Attempt, Unsigned: u, Signed: &signed})
	}
	s.Mine(t, 1)
	s.paidOnce(t, start, payments)
	// What lost is refused, or makes no difference.
	for _, attempt := range attempts {
		_ = s.Wallet.Broadcast(t.Context(), *attempt.Signed)
	}
	s.Mine(t, 2)
	s.paidOnce(t, start, payments)
}

func testBroadcastAfterReorg(t *testing.T, s Sender) {
	s.Mine(t, settled)
	start := headOf(t, s.Source).Latest.Height
	payments := s.Payments(t, 61_000)
	u := s.build(t, s.Intent(t, payments), nil)
	signed := s.finalize(t, u, s.Sign(t, u, false))
	s.broadcast(t, signed)
	s.Mine(t, 1)
	s.paidOnce(t, start, payments)
	s.Reorg(t, 1, 2)
	if found := transfersSince(t, s.Source, start, payments[0].To); len(found) != 0 {
		t.Fatalf("after the reorganisation: %+v", found)
	}
	s.broadcast(t, signed)
	s.Mine(t, 1)
	s.paidOnce(t, start, payments)
}

func testSignatures(t *testing.T, s Sender) {
	intent := s.Intent(t, s.Payments(t, 71_000))
	u := s.build(t, intent, nil)
	other := s.build(t, s.Intent(t, s.Payments(t, 72_000)), nil)
	good := s.Sign(t, u, false)
	for name, signatures := range map[string][]coffer.Signature{
		"none":           nil,
		"one too few":    good[:len(good)-1],
		"of another one": s.Sign(t, other, false),
		"changed":        changed(good),
	} {
		if signed, err := s.Wallet.Finalize(u, signatures); err == nil {
			t.Errorf("%s: finalized as %s", name, signed.ID)
		}
	}
	if signed := s.finalize(t, u, good); signed.ID != s.finalize(t, u, append(slices.Clone(good), s.Sign(t, u, true)...)).ID {
		t.Error("signatures to spare make another transaction")
	}
}

// changed is a list of signatures whose last is not one any more.
func changed(signatures []coffer.Signature) []coffer.Signature {
	list := slices.Clone(signatures)
	last := &list[len(list)-1]
	last.Bytes = bytes.Clone(last.Bytes)
	last.Bytes[len(last.Bytes)/2] ^= 1
	return list
}

func (s Sender) build(t *testing.T, intent coffer.Intent, prev []coffer.Attempt) coffer.Unsigned {
	t.Helper()
	u, err := s.Wallet.Build(t.Context(), intent, prev)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (s Sender) explain(t *testing.T, u coffer.Unsigned) coffer.Effects {
	t.Helper()
	effects, err := s.Explainer.Explain(u)
	if err != nil {
		t.Fatal(err)
	}
	return effects
}

func (s Sender) finalize(t *testing.T, u coffer.Unsigned, signatures []coffer.Signature) coffer.Signed {
	t.Helper()
	signed, err := s.Wallet.Finalize(u, signatures)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (s Sender) broadcast(t *testing.T, signed coffer.Signed) {
	t.Helper()
	if err := s.Wallet.Broadcast(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
}

// paidOnce checks that each payment arrived, and nothing else.
func (s Sender) paidOnce(t *testing.T, since uint64, payments []coffer.Payment) {
	t.Helper()
	for _, payment := range payments {
		found := transfersSince(t, s.Source, since, payment.To)
		if len(found) != 1 || found[0].Asset != payment.Asset || found[0].Amount != payment.Amount {
			t.Errorf("payment %+v arrived as %+v", payment, found)
		}
	}
}
