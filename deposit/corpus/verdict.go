package corpus

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
)

// verdict reads what became true, from the tables themselves: a deposit of nobody's and an
// entry in an account that nobody named are found too.
func (r *runner) verdict(ctx context.Context) (Expect, error) {
	e := Expect{Deposits: []Deposit{}, Balances: []Balance{}, House: []Line{}}
	rows, err := r.db.Pool().Query(ctx, "select account, asset, tx, ref, amount, state from deposit order by position")
	if err != nil {
		return e, err
	}
	e.Deposits, err = pgx.AppendRows(e.Deposits, rows, func(row pgx.CollectableRow) (d Deposit, err error) {
		return d, row.Scan(&d.Account, &d.Asset, &d.Tx, &d.Ref, &d.Amount, &d.State)
	})
	if err != nil {
		return e, fmt.Errorf("deposits: %w", err)
	}
	rows, err = r.db.Pool().Query(ctx, `select account, asset, available, pending, review from ledger_balance
		where available + pending + held + review <> 0`)
	if err != nil {
		return e, err
	}
	e.Balances, err = pgx.AppendRows(e.Balances, rows, func(row pgx.CollectableRow) (b Balance, err error) {
		return b, row.Scan(&b.Account, &b.Asset, &b.Available, &b.Pending, &b.Review)
	})
	if err != nil {
		return e, fmt.Errorf("balances: %w", err)
	}
	rows, err = r.db.Pool().Query(ctx, `select account, asset, case when sum(amount) > 0 then 'debit' else 'credit' end, abs(sum(amount))
		from ledger_posting where not starts_with(account, 'user:') group by account, asset having sum(amount) <> 0`)
	if err != nil {
		return e, err
	}
	e.House, err = pgx.AppendRows(e.House, rows, func(row pgx.CollectableRow) (l Line, err error) {
		return l, row.Scan(&l.Code, &l.Asset, &l.Side, &l.Amount)
	})
	if err != nil {
		return e, fmt.Errorf("books: %w", err)
	}
	report, err := r.ledger.Verify(ctx)
	if err != nil {
		return e, fmt.Errorf("books: %w", err)
	}
	if report.Difference != "" {
		return e, fmt.Errorf("books: %s", report.Difference)
	}
	disagreements, err := r.deposits.Disagreements(ctx, r.c.Chain)
	e.Held = len(disagreements) > 0
	return e, err
}

// sorted puts a verdict into one order.
func sorted(e Expect) Expect {
	e.Deposits, e.Balances, e.House = slices.Clone(e.Deposits), slices.Clone(e.Balances), slices.Clone(e.House)
	slices.SortFunc(e.Deposits, func(a, b Deposit) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Tx.String(), b.Tx.String()), strings.Compare(a.Ref, b.Ref))
	})
	slices.SortFunc(e.Balances, func(a, b Balance) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), cmp.Compare(a.Asset, b.Asset))
	})
	slices.SortFunc(e.House, func(a, b Line) int {
		return cmp.Or(strings.Compare(a.Code, b.Code), cmp.Compare(a.Asset, b.Asset))
	})
	return e
}

// compare counts what accounts have too much or too little of, and says what else differs.
func (s *Score) compare(where string, want, got Expect) {
	want, got = sorted(want), sorted(got)
	type purse struct {
		account string
		asset   coffer.AssetID
	}
	has := map[purse][2]coffer.Amount{} // wanted, got
	for i, list := range [][]Balance{want.Balances, got.Balances} {
		for _, b := range list {
			p := purse{b.Account, b.Asset}
			both := has[p]
			sum, err := b.Available.Add(b.Pending)
			if err != nil {
				s.Wrong = append(s.Wrong, fmt.Sprintf("%s: %s: %v", where, b.Account, err))
			}
			both[i] = sum
			has[p] = both
		}
	}
	for _, both := range has {
		switch both[1].Cmp(both[0]) {
		case 1:
			s.FalseCredits++
		case -1:
			s.MissedCredits++
		}
	}
	differ := func(what string, want, got any) {
		w, errWant := json.Marshal(want)
		g, errGot := json.Marshal(got)
		if errWant != nil || errGot != nil || string(w) != string(g) {
			s.Wrong = append(s.Wrong, fmt.Sprintf("%s: %s\n got %s\nwant %s", where, what, g, w))
		}
	}
	differ("chain", want.Chain+" "+want.Because, got.Chain+" "+got.Because)
	differ("deposits", notNil(want.Deposits), notNil(got.Deposits))
	differ("balances", notNil(want.Balances), notNil(got.Balances))
	differ("house", notNil(want.House), notNil(got.House))
	differ("held", want.Held, got.Held)
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
