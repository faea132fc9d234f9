package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"
)

// history is a model of the books that says only what must hold, and the commands so far,
// so that any of them can be given again.
type history struct {
	*books
	run   string                  // before every id and account
	given []func(tx pgx.Tx) error // commands that succeeded

	credits  []deposit        // that were credited
	unlocked map[string]bool  // ids of credits that were unlocked
	gone     map[string]bool  // ids of credits that were reversed
	holds    []ledger.Hold    // that are active
	real     map[string]int64 // what each account put in, less what was reversed and spent
	n        int
}

type deposit struct {
	id, account string
	amount      int64
}

// account draws one of a few accounts, so that commands meet.
func (h *history) account(rt *rapid.T) string {
	return rapid.SampledFrom(h.accounts()).Draw(rt, "account")
}

// accounts are those of this run: all runs share the books.
func (h *history) accounts() []string {
	return []string{h.run + "alice", h.run + "bob"}
}

func TestAnyHistoryKeepsTheBooks(t *testing.T) {
	b := newBooks(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		h := &history{books: b, run: fmt.Sprintf("run%d-", run), unlocked: map[string]bool{}, gone: map[string]bool{}, real: map[string]int64{}}
		rt.Repeat(map[string]func(*rapid.T){
			"credit":   h.creditBatch,
			"unlock":   h.unlockOne, // twice as often as the rest, and so is reverse: the two must meet
			"unlock2":  h.unlockOne,
			"reverse":  h.reverseOne,
			"reverse2": h.reverseOne,
			"hold":     h.holdSome,
			"post":     h.postHold,
			"void":     h.voidHold,
			"expire":   h.expire,
			"repay":    h.repay,
			"replay":   h.replay,
			"seal":     func(rt *rapid.T) { h.sealAll(rt) },
			"":         h.check,
		})
		h.sealAll(rt)
		h.wantVerified(rt)
	})
}

// do runs a command that must succeed and remembers it.
func (h *history) do(rt *rapid.T, command func(tx pgx.Tx) error) {
	if err := h.tx(command); err != nil {
		rt.Fatal(err)
	}
	h.given = append(h.given, command)
}

func (h *history) next(prefix string) string {
	h.n++
	return fmt.Sprintf("%s%s%d", h.run, prefix, h.n)
}

func (h *history) creditBatch(rt *rapid.T) {
	var entries []ledger.Entry
	for range rapid.IntRange(1, 4).Draw(rt, "deposits") {
		d := deposit{h.next("d"), h.account(rt), rapid.Int64Range(1, 50).Draw(rt, "amount")}
		entries = append(entries, credit(d.id, d.account, uint64(d.amount), uint64(h.n)))
		h.credits = append(h.credits, d)
		h.real[d.account] += d.amount
	}
	h.do(rt, func(tx pgx.Tx) error { return h.Post(h.t.Context(), tx, entries...) })
}

func (h *history) unlockOne(rt *rapid.T) {
	d, ok := h.some(rt, func(d deposit) bool { return !h.unlocked[d.id] && !h.gone[d.id] })
	if !ok {
		return
	}
	h.unlocked[d.id] = true
	e := unlock("u-"+d.id, d.account, uint64(d.amount), uint64(h.n))
	h.do(rt, func(tx pgx.Tx) error { return h.Post(h.t.Context(), tx, e) })
}

// reverseOne undoes a deposit: its unlock and its credit in any order and grouping, or,
// as a careless caller would, the credit alone.
func (h *history) reverseOne(rt *rapid.T) {
	d, ok := h.some(rt, func(d deposit) bool { return !h.gone[d.id] })
	if !ok {
		return
	}
	h.gone[d.id] = true
	of := func(id string) ledger.Reversal {
		return ledger.Reversal{EntryID: id, ID: "r-" + id, Kind: "deposit.reverse", At: start}
	}
	batches := [][]ledger.Reversal{{of(d.id)}}
	if h.unlocked[d.id] {
		batches = rapid.SampledFrom([][][]ledger.Reversal{
			{{of("u-" + d.id), of(d.id)}},
			{{of("u-" + d.id)}, {of(d.id)}},
			{{of(d.id)}, {of("u-" + d.id)}},
			{{of(d.id)}},
			{{of(d.id)}},
		}).Draw(rt, "reversals")
	}
	for _, batch := range batches {
		h.do(rt, func(tx pgx.Tx) error { return h.ReverseAll(h.t.Context(), tx, batch...) })
	}
	h.real[d.account] -= d.amount
}

func (h *history) holdSome(rt *rapid.T) {
	x := hold(h.next("w"), h.account(rt), rapid.Uint64Range(2, 80).Draw(rt, "amount"))
	if rapid.Bool().Draw(rt, "expires") {
		x.Expires = start.Add(time.Duration(h.n) * time.Second)
	}
	before := h.balance(x.Account)
	command := func(tx pgx.Tx) error { return h.Hold(h.t.Context(), tx, x, start) }
	switch {
	case before.Frozen:
		wantCode(rt, h.tx(command), coffer.CodeConflict)
	case before.Available.Cmp(x.Amount) < 0:
		wantCode(rt, h.tx(command), coffer.CodeInsufficient)
	default:
		h.do(rt, command)
		h.holds = append(h.holds, x)
	}
}

func (h *history) takeHold(rt *rapid.T) (ledger.Hold, bool) {
	if len(h.holds) == 0 {
		return ledger.Hold{}, false
	}
	i := rapid.IntRange(0, len(h.holds)-1).Draw(rt, "hold")
	x := h.holds[i]
	h.holds = append(h.holds[:i:i], h.holds[i+1:]...)
	return x, true
}

func (h *history) postHold(rt *rapid.T) {
	x, ok := h.takeHold(rt)
	if !ok {
		return
	}
	amount := x.Amount.Int().Uint64()
	e := settle("s-"+x.ID, x.Account, amount-1, 1)
	h.do(rt, func(tx pgx.Tx) error { return h.PostHold(h.t.Context(), tx, x.ID, e) })
	h.real[x.Account] -= int64(amount)
}

func (h *history) voidHold(rt *rapid.T) {
	if x, ok := h.takeHold(rt); ok {
		h.do(rt, func(tx pgx.Tx) error { return h.VoidHold(h.t.Context(), tx, x.ID, start) })
	}
}

func (h *history) expire(rt *rapid.T) {
	at := start.Add(time.Duration(rapid.IntRange(0, h.n).Draw(rt, "seconds")) * time.Second)
	var expired []string
	if err := h.tx(func(tx pgx.Tx) (err error) {
		expired, err = h.ExpireHolds(h.t.Context(), tx, at, ledger.MaxExpire)
		return err
	}); err != nil {
		rt.Fatal(err)
	}
	var active []ledger.Hold
	due := 0
	for _, x := range h.holds {
		if x.Expires.IsZero() || x.Expires.After(at) {
			active = append(active, x)
		} else {
			due++
		}
	}
	expired = slices.DeleteFunc(expired, func(id string) bool { return !strings.HasPrefix(id, h.run) })
	if due != len(expired) {
		rt.Fatalf("%d holds expired, %d were due", len(expired), due)
	}
	h.holds = active
}

func (h *history) repay(rt *rapid.T) {
	id, account := h.next("p"), h.account(rt)
	var paid coffer.Amount
	command := func(tx pgx.Tx) (err error) {
		paid, err = h.Repay(h.t.Context(), tx, id, account, usdt, start)
		return err
	}
	if err := h.tx(command); err != nil {
		rt.Fatal(err)
	}
	if !paid.IsZero() { // else the id is unused and may pay later
		h.given = append(h.given, command)
	}
}

// replay gives a command of the past again: nothing may change.
func (h *history) replay(rt *rapid.T) {
	if len(h.given) == 0 {
		return
	}
	command := rapid.SampledFrom(h.given).Draw(rt, "command")
	before := h.state(rt)
	if err := h.tx(command); err != nil {
		rt.Fatalf("replay: %v", err)
	}
	if after := h.state(rt); after != before {
		rt.Fatalf("a replay changed %s to %s", before, after)
	}
}

// state is what all tables of the books say, short.
func (h *history) state(rt *rapid.T) (state string) {
	err := h.db.Pool().QueryRow(h.t.Context(), `select concat_ws(' ',
		(select count(*) from ledger_entry), (select count(*) from ledger_posting),
		(select string_agg(b::text, ' ' order by account) from ledger_balance b where account = any($1)),
		(select string_agg(x::text, ' ' order by id) from ledger_hold x where account = any($1)),
		(select string_agg(f::text, ' ' order by account) from ledger_frozen f where account = any($1)))`, h.accounts()).Scan(&state)
	if err != nil {
		rt.Fatal(err)
	}
	return state
}

func (h *history) some(rt *rapid.T, fits func(deposit) bool) (deposit, bool) {
	var fitting []deposit
	for _, d := range h.credits {
		if fits(d) {
			fitting = append(fitting, d)
		}
	}
	if len(fitting) == 0 {
		return deposit{}, false
	}
	return rapid.SampledFrom(fitting).Draw(rt, "deposit"), true
}

func (h *history) sealAll(rt *rapid.T) {
	for {
		n, err := h.Seal(h.t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// check holds after every command: everything sums to zero, no user is below zero (the
// table refuses that), and each user has exactly what is really theirs, or owes the
// difference and is frozen.
func (h *history) check(rt *rapid.T) {
	rows, err := h.db.Pool().Query(h.t.Context(), `
		select a.account,
			(select coalesce(sum(amount), 0) from ledger_posting)::bigint,
			coalesce((select available + pending + held from ledger_balance b where b.account = a.account), 0)::bigint,
			coalesce((select sum(amount) from ledger_posting p where p.account = 'receivable:reorg:' || a.account), 0)::bigint,
			exists (select from ledger_frozen f where f.account = a.account)
		from unnest($1::text[]) as a (account)`, h.accounts())
	if err != nil {
		rt.Fatal(err)
	}
	var account string
	var sum, has, owed int64
	var frozen bool
	_, err = pgx.ForEachRow(rows, []any{&account, &sum, &has, &owed, &frozen}, func() error {
		if sum != 0 {
			rt.Fatalf("all postings sum to %d", sum)
		}
		if has-owed != h.real[account] || owed < 0 {
			rt.Fatalf("%s has %d and owes %d, should have %d", account, has, owed, h.real[account])
		}
		if frozen != (owed > 0) {
			rt.Fatalf("%s owes %d and is frozen: %v", account, owed, frozen)
		}
		return nil
	})
	if err != nil {
		rt.Fatal(err)
	}
}

func (h *history) wantVerified(rt *rapid.T) {
	report, err := h.Verify(h.t.Context())
	if err != nil {
		rt.Fatal(err)
	}
	if report.Difference != "" || report.Unsealed != 0 {
		rt.Fatalf("%+v", report)
	}
}
