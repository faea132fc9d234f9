package ledger_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/jackc/pgx/v5"
)

// TestWritersSideBySide lets writers meet on the same accounts, in both orders, while two
// sealers follow.
func TestWritersSideBySide(t *testing.T) {
	const writers, rounds = 6, 25
	b := newBooks(t)
	b.spendable(alice, 10)
	b.spendable(bob, 10)

	var group, sealers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		sealers.Go(func() {
			for {
				if _, err := b.Seal(t.Context()); err != nil {
					t.Errorf("seal: %v", err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for w := range writers {
		group.Go(func() {
			for i := range rounds {
				id := fmt.Sprintf("%d-%d", w, i)
				first, second := alice, bob
				if w%2 == 1 {
					first, second = bob, alice
				}
				err := b.tx(func(tx pgx.Tx) error {
					return b.Post(t.Context(), tx, credit("c-"+id, first, 3, 5), unlock("u-"+id, first, 3, 6), credit("p-"+id, second, 1, 7))
				})
				if err != nil {
					t.Errorf("post %s: %v", id, err)
				}
				// The same deposit from everybody: the first writes it, the others find it.
				shared := credit(fmt.Sprint("shared-", i), alice, 1, 8)
				if err := b.tx(func(tx pgx.Tx) error { return b.Post(t.Context(), tx, shared) }); err != nil {
					t.Errorf("post %s: %v", shared.ID, err)
				}
				err = b.tx(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("h-"+id, second, 4), start) })
				if err != nil && coffer.ErrorCode(err) != coffer.CodeInsufficient {
					t.Errorf("hold %s: %v", id, err)
				}
			}
		})
	}
	group.Wait()
	close(done)
	sealers.Wait()
	b.sealAll()

	for _, account := range []string{alice, bob} {
		want := coffer.NewAmount(10 + writers/2*rounds*3)
		got := b.balance(account)
		if sum, err := got.Available.Add(got.Held); err != nil || sum != want {
			t.Errorf("%s has %s available and %s held, want %s together", account, got.Available, got.Held, want)
		}
	}
	if got, want := b.balance(alice).Pending, coffer.NewAmount(writers/2*rounds+rounds); got != want {
		t.Errorf("alice has %s pending, want %s", got, want)
	}
	report, err := b.Verify(t.Context())
	if err != nil || report.Difference != "" || report.Unsealed != 0 {
		t.Fatalf("%+v %v", report, err)
	}
}

// TestHoldsOfOneIDAtOnceAreOne lets several ask for the same hold at the same time: one makes it,
// and the others find it made.
func TestHoldsOfOneIDAtOnceAreOne(t *testing.T) {
	const writers, rounds = 6, 20
	b := newBooks(t)
	b.spendable(alice, rounds)
	for round := range rounds {
		id := fmt.Sprintf("w%d", round)
		var group sync.WaitGroup
		for range writers {
			group.Go(func() {
				if err := b.tx(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold(id, alice, 1), start) }); err != nil {
					t.Errorf("hold %s: %v", id, err)
				}
			})
		}
		group.Wait()
	}
	b.wantBalance(alice, 0, 0, rounds)
	b.wantSound()
}
