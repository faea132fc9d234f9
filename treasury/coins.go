package treasury

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
)

// CompareCoins is Compare for a chain whose money is coins: nodes do not say what an address
// held after a past block, so the caller adds up coins that it has proven. held is that sum
// for each account and asset. Accounts that no coin is at have nothing; of tokens on such a
// chain the caller says what there is (see [Line.Beside]). What is under way between coins (transit:coins) is a line too, which is to be zero.
func (t *Treasury) CompareCoins(ctx context.Context, db Querier, native coffer.AssetID, block coffer.BlockRef, held map[Place]coffer.Amount) ([]Line, error) {
	chain := native.Chain()
	books := map[Place]ledger.Net{{ledger.TransitCoins, native}: {Side: ledger.SideDebit}}
	places, err := watched(ctx, db, chain, block.Height)
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", chain, err)
	}
	for _, p := range places {
		books[p] = ledger.Net{Side: ledger.SideDebit}
	}
	for p := range held {
		books[p] = ledger.Net{Side: ledger.SideDebit}
	}
	for _, prefix := range prefixes {
		var last ledger.SheetLine
		for {
			page, err := t.ledger.Sheet(ctx, prefix, chain, block.Height, last)
			if err != nil {
				return nil, fmt.Errorf("compare %s: %w", chain, err)
			}
			for _, booked := range page {
				books[Place{booked.Account, booked.Asset}] = booked.Net
			}
			if len(books) > MaxLines {
				return nil, coffer.Errorf(coffer.CodeLimit, "more than %d accounts on %s", MaxLines, chain)
			}
			if len(page) < ledger.MaxSheet {
				break
			}
			last = page[len(page)-1]
		}
	}
	transit, err := t.ledger.AsOfBlock(ctx, ledger.TransitCoins, native, chain, block.Height)
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", chain, err)
	}
	books[Place{ledger.TransitCoins, native}] = transit

	order := func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Asset, b.Asset))
	}
	lines := make([]Line, 0, len(books))
	for _, p := range slices.SortedFunc(maps.Keys(books), order) {
		lines = append(lines, Line{Account: p.Account, Asset: p.Asset, Ledger: books[p]}.Beside(held[p]))
	}
	return lines, nil
}

// Beside is the line with what the chain has.
func (l Line) Beside(amount coffer.Amount) Line {
	l.Chain = amount
	l.Equal = l.Ledger.Amount.Cmp(amount) == 0 && (l.Ledger.Side == ledger.SideDebit || l.Ledger.Amount.IsZero())
	return l
}
