package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/jackc/pgx/v5"
)

// reverse undoes entries, each under the id "r-" and its own.
func (b *books) reverse(ids ...string) {
	b.t.Helper()
	reversals := make([]ledger.Reversal, len(ids))
	for i, id := range ids {
		reversals[i] = ledger.Reversal{EntryID: id, ID: "r-" + id, Kind: "deposit.reverse", At: start}
	}
	b.must(func(tx pgx.Tx) error { return b.ReverseAll(b.t.Context(), tx, reversals...) })
}

// spend takes money out through a hold.
func (b *books) spend(account string, amount uint64) {
	b.t.Helper()
	b.must(func(tx pgx.Tx) error {
		if err := b.Hold(b.t.Context(), tx, hold("spend-"+account, account, amount), start); err != nil {
			return err
		}
		return b.PostHold(b.t.Context(), tx, "spend-"+account, settle("settle-"+account, account, amount-1, 1))
	})
}

func (b *books) wantFrozen(account string, want bool) {
	b.t.Helper()
	if got := b.balance(account).Frozen; got != want {
		b.t.Fatalf("%s frozen: %v, want %v", account, got, want)
	}
}

func TestReversalMirrorsItsEntry(t *testing.T) {
	b := newBooks(t)
	b.post(credit("d1", alice, 100, 10), credit("d2", alice, 5, 11))

	b.reverse("d1")
	b.reverse("d1")
	b.wantBalance(alice, 0, 5, 0)
	b.wantHouse(custody, ledger.SideDebit, 5)
	b.wantFrozen(alice, false)
	b.wantSound()
}

func TestReversalOfUnspentDepositTakesItBack(t *testing.T) {
	b := newBooks(t)
	b.post(credit("d1", alice, 100, 10), unlock("u1", alice, 100, 12), credit("d2", alice, 70, 11))

	b.reverse("u1", "d1")
	b.wantBalance(alice, 0, 70, 0)
	b.post(unlock("u2", alice, 70, 13))
	b.wantBalance(alice, 70, 0, 0)
	b.wantFrozen(alice, false)
	b.wantHouse(ledger.PrefixReceivableReorg, ledger.SideDebit, 0)
	b.wantSound()
}

func TestReversalOfSpentDepositTakesOtherMoneyThenReceivable(t *testing.T) {
	type left struct{ available, pending uint64 }
	for _, c := range []struct {
		name                         string
		otherPending, otherAvailable uint64
		afterBoth, afterCredit       left // both entries reversed, or the credit alone
		wantReceivable, wantInTheEnd uint64
	}{
		{"nothing else", 0, 0, left{0, 0}, left{0, 0}, 100, 0},
		{"pending is enough", 150, 0, left{0, 50}, left{0, 50}, 0, 50},
		{"both are needed", 30, 90, left{0, 20}, left{20, 0}, 0, 20},
		{"both are not enough", 30, 40, left{0, 0}, left{0, 0}, 30, 0},
	} {
		both, credited := []string{"fund-" + alice + "-unlock", "fund-" + alice + "-credit"}, []string{"fund-" + alice + "-credit"}
		for _, ids := range [][]string{both, credited} {
			t.Run(c.name+": "+ids[0], func(t *testing.T) {
				b := newBooks(t)
				b.spendable(alice, 100)
				b.spend(alice, 100)
				if c.otherPending > 0 {
					b.post(credit("d2", alice, c.otherPending, 20))
				}
				if c.otherAvailable > 0 {
					b.post(credit("d3", alice, c.otherAvailable, 20), unlock("u3", alice, c.otherAvailable, 21))
				}

				b.reverse(ids...)

				want := c.afterCredit
				if len(ids) == 2 {
					want = c.afterBoth
				}
				b.wantBalance(alice, want.available, want.pending, 0)
				b.wantHouse("receivable:reorg:"+alice, ledger.SideDebit, c.wantReceivable)
				b.wantFrozen(alice, c.wantReceivable > 0)

				// A deposit that is unlocked later finds its pending taken, and does not get stuck.
				if c.otherPending > 0 {
					b.post(unlock("u2", alice, c.otherPending, 22))
				}
				b.wantBalance(alice, c.wantInTheEnd, 0, 0)
				b.wantSound()
			})
		}
	}
}

func TestReversalsOneByOneEndLikeReversalsTogether(t *testing.T) {
	for _, ids := range [][]string{{"u1", "d1"}, {"d1", "u1"}, {"d1"}} {
		b := newBooks(t)
		b.post(credit("d1", alice, 100, 10), unlock("u1", alice, 100, 12), credit("d2", alice, 130, 12))
		b.spend(alice, 90)
		for _, id := range ids {
			b.reverse(id)
		}
		b.post(unlock("u2", alice, 130, 14))

		b.wantBalance(alice, 40, 0, 0) // 130 that is real, less the 90 that were spent
		b.wantFrozen(alice, false)
		b.wantSound()
	}
}

func TestFrozenAccountCannotHold(t *testing.T) {
	b := newBooks(t)
	b.spendable(alice, 100)
	b.spend(alice, 100)
	b.reverse("fund-"+alice+"-unlock", "fund-"+alice+"-credit")
	b.post(credit("d2", alice, 500, 30), unlock("u2", alice, 500, 31))

	wantCode(t, b.tx(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("w2", alice, 1), start) }), coffer.CodeConflict)
	b.wantBalance(alice, 500, 0, 0)
}

func TestRepaidAccountIsThawed(t *testing.T) {
	b := newBooks(t)
	b.spendable(alice, 100)
	b.spend(alice, 100)
	b.reverse("fund-"+alice+"-unlock", "fund-"+alice+"-credit")

	repay := func(id string) (paid coffer.Amount) {
		b.must(func(tx pgx.Tx) (err error) {
			paid, err = b.Repay(t.Context(), tx, id, alice, usdt, start)
			return err
		})
		return paid
	}
	b.post(credit("d2", alice, 60, 30), unlock("u2", alice, 60, 31))
	if got := repay("p1"); got != coffer.NewAmount(60) {
		t.Fatalf("repaid %s, want 60", got)
	}
	b.wantBalance(alice, 0, 0, 0)
	b.wantFrozen(alice, true)

	b.post(credit("d3", alice, 60, 40), unlock("u3", alice, 60, 41))
	if got := repay("p1"); got != coffer.NewAmount(60) {
		t.Fatalf("repaid %s the second time, want 60 as before", got)
	}
	b.wantBalance(alice, 60, 0, 0)
	if got := repay("p2"); got != coffer.NewAmount(40) {
		t.Fatalf("repaid %s, want 40", got)
	}
	b.wantBalance(alice, 20, 0, 0)
	b.wantFrozen(alice, false)
	b.wantHouse("receivable:reorg:"+alice, ledger.SideDebit, 0)
	b.must(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("w2", alice, 20), start) })
	b.wantSound()
}

func TestEntryIsReversedOnce(t *testing.T) {
	b := newBooks(t)
	b.spendable(alice, 50)
	b.post(credit("d1", alice, 100, 10), credit("d2", alice, 1, 10))
	b.must(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("w1", alice, 10), start) })
	b.must(func(tx pgx.Tx) error { return b.PostHold(t.Context(), tx, "w1", settle("s1", alice, 9, 1)) })
	b.reverse("d1")

	again := func(entry, id, kind string) error {
		return b.tx(func(tx pgx.Tx) error {
			return b.Reverse(t.Context(), tx, entry, id, kind, coffer.BlockRef{}, start.Add(time.Minute))
		})
	}
	wantCode(t, again("d1", "other", "deposit.reverse"), coffer.CodeConflict)
	wantCode(t, again("absent", "r-absent", "deposit.reverse"), coffer.CodeNotFound)
	wantCode(t, again("hold:w1", "r-hold", "x"), coffer.CodeConflict)
	wantCode(t, again("s1", "r-s1", "x"), coffer.CodeConflict)
	for _, c := range [][3]string{{"d2", "r-d1", "deposit.reverse"}, {"d1", "r-d1", "another"}, {"d2", "d1", "deposit.reverse"}} {
		if err := again(c[0], c[1], c[2]); !errors.Is(err, ledger.ErrEntryConflict) {
			t.Errorf("%v: got %v, want ErrEntryConflict", c, err)
		}
	}
	if err := again("d1", "r-d1", "deposit.reverse"); err != nil {
		t.Errorf("the same reversal at a later time: %v", err)
	}
	b.wantBalance(alice, 40, 1, 0)
	b.wantSound()
}
