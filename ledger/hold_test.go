package ledger_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/jackc/pgx/v5"
)

// spendable gives an account money to spend.
func (b *books) spendable(account string, amount uint64) {
	b.t.Helper()
	id := "fund-" + account
	b.post(credit(id+"-credit", account, amount, 1), unlock(id+"-unlock", account, amount, 2))
}

func TestHoldIsPosted(t *testing.T) {
	b := newBooks(t)
	b.spendable(alice, 100)

	take := func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("w1", alice, 60), start) }
	b.must(take)
	b.must(take)
	b.wantBalance(alice, 40, 0, 60)

	post := func(tx pgx.Tx) error { return b.PostHold(t.Context(), tx, "w1", settle("s1", alice, 55, 5)) }
	b.must(post)
	b.must(post)
	b.must(take)
	b.wantBalance(alice, 40, 0, 0)
	b.wantHouse(ledger.TransitWithdrawal, ledger.SideCredit, 55)
	b.wantHouse(ledger.RevenueWithdrawFee, ledger.SideCredit, 5)
	b.wantSound()
}

func TestHoldIsVoided(t *testing.T) {
	b := newBooks(t)
	b.spendable(alice, 100)
	b.must(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("w1", alice, 60), start) })

	void := func(tx pgx.Tx) error { return b.VoidHold(t.Context(), tx, "w1", start) }
	b.must(void)
	b.must(void)
	b.wantBalance(alice, 100, 0, 0)
	b.wantSound()
}

func TestHoldEndsOnce(t *testing.T) {
	b := newBooks(t)
	b.spendable(alice, 100)
	b.must(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("posted", alice, 10), start) })
	b.must(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("voided", alice, 10), start) })
	b.must(func(tx pgx.Tx) error { return b.PostHold(t.Context(), tx, "posted", settle("s1", alice, 9, 1)) })
	b.must(func(tx pgx.Tx) error { return b.VoidHold(t.Context(), tx, "voided", start) })

	wantCode(t, b.tx(func(tx pgx.Tx) error { return b.VoidHold(t.Context(), tx, "posted", start) }), coffer.CodeConflict)
	wantCode(t, b.tx(func(tx pgx.Tx) error { return b.PostHold(t.Context(), tx, "posted", settle("s2", alice, 9, 1)) }), coffer.CodeConflict)
	wantCode(t, b.tx(func(tx pgx.Tx) error { return b.PostHold(t.Context(), tx, "voided", settle("s3", alice, 9, 1)) }), coffer.CodeConflict)
	wantCode(t, b.tx(func(tx pgx.Tx) error { return b.VoidHold(t.Context(), tx, "absent", start) }), coffer.CodeNotFound)
	b.wantBalance(alice, 90, 0, 0)
	b.wantSound()
}

func TestHoldIsRefused(t *testing.T) {
	b := newBooks(t)
	b.spendable(alice, 100)
	b.must(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("w1", alice, 60), start) })

	wantCode(t, b.tx(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("w2", alice, 41), start) }), coffer.CodeInsufficient)
	wantCode(t, b.tx(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("w3", bob, 1), start) }), coffer.CodeInsufficient)
	wantCode(t, b.tx(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("w4", alice, 0), start) }), coffer.CodeInvalid)
	wantCode(t, b.tx(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("", alice, 1), start) }), coffer.CodeInvalid)
	wantCode(t, b.tx(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("w5", "a:b", 1), start) }), coffer.CodeInvalid)
	for _, other := range []ledger.Hold{hold("w1", alice, 61), hold("w1", bob, 60)} {
		if err := b.tx(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, other, start) }); !errors.Is(err, ledger.ErrEntryConflict) {
			t.Errorf("%v: got %v, want ErrEntryConflict", other, err)
		}
	}
	b.wantBalance(alice, 40, 0, 60)
}

func TestHoldIsSpentExactly(t *testing.T) {
	b := newBooks(t)
	b.spendable(alice, 100)
	b.spendable(bob, 100)
	b.must(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("wa", alice, 60), start) })
	b.must(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("wb", bob, 60), start) })

	for name, e := range map[string]ledger.Entry{
		"less":         settle("s1", alice, 50, 5),
		"more":         settle("s2", alice, 60, 5),
		"another user": settle("s3", bob, 55, 5),
	} {
		err := b.tx(func(tx pgx.Tx) error { return b.PostHold(t.Context(), tx, "wa", e) })
		if coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("%s: got %v, want %s", name, err, coffer.CodeInvalid)
		}
	}
	b.wantBalance(alice, 40, 0, 60)
	b.wantBalance(bob, 40, 0, 60)
}

func TestHoldsExpireOldestFirst(t *testing.T) {
	b := newBooks(t)
	b.spendable(alice, 100)
	for _, h := range []struct {
		id    string
		after time.Duration
	}{{"late", 3 * time.Hour}, {"second", 2 * time.Hour}, {"first", time.Hour}, {"never", 0}} {
		expiring := hold(h.id, alice, 10)
		if h.after != 0 {
			expiring.Expires = start.Add(h.after)
		}
		b.must(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, expiring, start) })
	}

	expire := func(at time.Time, max int) (ids []string) {
		b.must(func(tx pgx.Tx) (err error) {
			ids, err = b.ExpireHolds(t.Context(), tx, at, max)
			return err
		})
		return ids
	}
	if got := expire(start.Add(time.Hour-time.Second), 10); len(got) != 0 {
		t.Errorf("before any is due: %v", got)
	}
	if got := expire(start.Add(2*time.Hour), 1); !slices.Equal(got, []string{"first"}) {
		t.Errorf("at most one: %v", got)
	}
	if got := expire(start.Add(2*time.Hour), 10); !slices.Equal(got, []string{"second"}) {
		t.Errorf("then: %v", got)
	}
	b.wantBalance(alice, 80, 0, 20)
	b.must(func(tx pgx.Tx) error { return b.VoidHold(t.Context(), tx, "first", start) })
	b.wantBalance(alice, 80, 0, 20)
	b.wantSound()
}
