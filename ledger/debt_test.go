package ledger_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
)

func TestDebtsAreRepaidAsMoneyArrivesAndOnce(t *testing.T) {
	b := newBooks(t)
	b.spendable(alice, 100)
	b.spend(alice, 100)
	b.reverse("fund-"+alice+"-unlock", "fund-"+alice+"-credit")
	b.spendable(bob, 70) // owes nothing
	repay := func(want int) {
		t.Helper()
		if paid, err := b.RepayDebts(t.Context(), start); err != nil || paid != want {
			t.Fatalf("%d debtors paid, %v; want %d", paid, err, want)
		}
	}
	repay(0)
	b.post(credit("d2", alice, 60, 30), unlock("u2", alice, 60, 31))
	repay(1)
	repay(0)
	b.wantBalance(alice, 0, 0, 0)
	b.wantFrozen(alice, true)
	b.post(credit("d3", alice, 60, 40), unlock("u3", alice, 60, 41))
	repay(1)
	b.wantBalance(alice, 20, 0, 0)
	b.wantFrozen(alice, false)
	repay(0)
	b.wantBalance(bob, 70, 0, 0)
	b.wantHouse("receivable:reorg:"+alice, ledger.SideDebit, 0)
	b.wantSound()
}

func TestEndHoldsGivesBackWhatIsPastAndNothingElse(t *testing.T) {
	b := newBooks(t)
	b.spendable(alice, 100)
	for id, expires := range map[string]time.Time{"past": start.Add(time.Second), "later": start.Add(time.Hour), "for ever": {}} {
		h := hold(id, alice, 10)
		h.Expires = expires
		b.must(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, h, start) })
	}
	if ended, err := b.EndHolds(t.Context(), start.Add(time.Minute)); err != nil || ended != 1 {
		t.Fatalf("%d ended, %v", ended, err)
	}
	got, err := b.BalanceOf(t.Context(), alice, usdt)
	if err != nil || got.Available != coffer.NewAmount(80) || got.Held != coffer.NewAmount(20) {
		t.Errorf("available %s, held %s, %v", got.Available, got.Held, err)
	}
	b.wantSound()
}
