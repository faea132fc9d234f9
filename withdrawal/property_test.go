package withdrawal_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

// Whatever customers, screeners, operators and time do, in any order: what is held is what
// live withdrawals need, nothing is made or lost, and what ended without a chain is
// revoked.
func TestWhateverHappensTheMoneyIsAccountedFor(t *testing.T) {
	screener := &script{}
	b := newBench(t, screenedBy(screener), ruled(t, delayRules))
	b.fund(account, usdt, rich)
	ids := []string{b.request("0", "100").ID} // so that there is one to decide about
	n := 0

	rapid.Check(t, func(rt *rapid.T) {
		refused := func(err error) {
			if err != nil && coffer.ErrorCode(err) != coffer.CodeConflict && coffer.ErrorCode(err) != coffer.CodeInsufficient && coffer.ErrorCode(err) != coffer.CodeInvalid {
				rt.Fatal(err)
			}
		}
		one := func() string {
			return rapid.SampledFrom(ids[max(0, len(ids)-6):]).Draw(rt, "withdrawal")
		}
		rt.Repeat(map[string]func(*rapid.T){
			"request": func(rt *rapid.T) {
				n++
				r := to(rapid.SampledFrom([]string{payee, friend, canonical(t, twin), theirs}).Draw(rt, "destination"), fmt.Sprint(n),
					fmt.Sprint(rapid.IntRange(5, 9500).Draw(rt, "amount")))
				w, err := b.Request(t.Context(), r)
				if refused(err); err == nil {
					ids = append(ids, w.ID)
				}
			},
			"step": func(rt *rapid.T) {
				if _, err := b.Step(t.Context()); err != nil && !errors.Is(err, screener.down) {
					rt.Fatal(err)
				}
			},
			"later": func(rt *rapid.T) { b.later(time.Duration(rapid.IntRange(1, 12).Draw(rt, "hours")) * time.Hour) },
			"screener": func(rt *rapid.T) {
				screener.say(payee, rapid.SampledFrom([]string{withdrawal.ScreeningClear, withdrawal.ScreeningReview, withdrawal.ScreeningHit}).Draw(rt, "verdict"))
				screener.down = nil
				if rapid.IntRange(0, 3).Draw(rt, "down") == 0 {
					screener.down = errors.New("connection refused")
				}
			},
			"release": func(*rapid.T) {
				_, err := b.Release(t.Context(), withdrawal.Decision{Tenant: tenant, Withdrawal: one(), Actor: "olga", Note: ""})
				refused(err)
			},
			"reject": func(*rapid.T) {
				_, err := b.Reject(t.Context(), withdrawal.Decision{Tenant: tenant, Withdrawal: one(), Actor: "otto", Note: ""})
				refused(err)
			},
			"cancel": func(*rapid.T) { _, err := b.Cancel(t.Context(), tenant, one()); refused(err) },
			"approve": func(rt *rapid.T) {
				w, err := b.Get(t.Context(), tenant, one())
				if err != nil {
					rt.Fatal(err)
				}
				person := rapid.ByteRange(1, 3).Draw(rt, "person")
				_, err = b.Approve(t.Context(), tenant, w.ID, approve(t, w.Order, person, b.now.Add(20*time.Hour)))
				refused(err)
			},
			"": func(rt *rapid.T) {
				var held, live, everywhere, unrevoked uint64
				err := b.db.Pool().QueryRow(t.Context(), `select
					(select held from ledger_balance where account = $1),
					(select coalesce(sum(amount + fee), 0) from withdrawal where account = $1 and state not in ('settled', 'rejected', 'cancelled', 'failed')),
					(select sum(available + held) from ledger_balance),
					(select count(*) from withdrawal w left join withdrawal_revocations r on r.withdrawal_id = w.id
					 where (w.state in ('settled', 'rejected', 'cancelled')) <> (r.withdrawal_id is not null))`, account).
					Scan(&held, &live, &everywhere, &unrevoked)
				if err != nil {
					rt.Fatal(err)
				}
				if held != live || everywhere != rich || unrevoked != 0 {
					rt.Fatalf("held %d for live %d, %d in all of %d, %d ended without a revocation or live with one", held, live, everywhere, uint64(rich), unrevoked)
				}
			},
		})
	})
}
