package main

import "testing"

func TestBooksAreComparedWhereTheyAreWhole(t *testing.T) {
	for name, c := range map[string]struct {
		final, deposits, payouts, credit, want uint64
	}{
		"finality is slower than credit":          {final: 100, deposits: 164, payouts: 164, credit: 12, want: 100},
		"finality is faster than credit":          {final: 162, deposits: 164, payouts: 164, credit: 6, want: 159},
		"credited in its own block":               {final: 164, deposits: 164, payouts: 164, credit: 1, want: 164},
		"the server was away":                     {final: 9000, deposits: 164, payouts: 164, credit: 12, want: 153},
		"payouts are behind":                      {final: 162, deposits: 164, payouts: 140, credit: 6, want: 140},
		"nothing applied yet":                     {final: 100, credit: 12},
		"deposits applied, payouts not yet":       {final: 100, deposits: 110, credit: 12},
		"a chain shorter than what credits takes": {final: 2, deposits: 4, payouts: 4, credit: 6},
	} {
		if got := comparableHeight(c.final, c.deposits, c.payouts, c.credit); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
