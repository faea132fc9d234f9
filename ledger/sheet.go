package ledger

import (
	"context"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger/ledgersql"
	"github.com/jackc/pgx/v5"
)

// MaxSheet is the most lines that one call of Sheet returns.
const MaxSheet = 500

// SheetLine is the sum of one account in one asset.
type SheetLine struct {
	Account string
	Asset   coffer.AssetID
	Net     Net
}

// Sheet sums up, as AsOfBlock does, every account whose code starts with a prefix that
// ends with a colon, in order of account and asset. Accounts that sum to zero are there
// too. It returns at most MaxSheet lines after the given one; fewer mean the end.
func (l *Ledger) Sheet(ctx context.Context, prefix string, chain coffer.ChainID, height uint64, after SheetLine) ([]SheetLine, error) {
	first, past := codeRange(prefix)
	rows, err := l.sql.Sheet(ctx, ledgersql.SheetParams{
		First: first, Past: past, AfterAccount: after.Account, AfterAsset: string(after.Asset),
		Chain: string(chain), Height: int64(min(height, 1<<62)), Max: MaxSheet, // #nosec G115 -- bounded
	})
	if err != nil {
		return nil, fmt.Errorf("sheet of %s: %w", prefix, err)
	}
	lines := make([]SheetLine, len(rows))
	for i, r := range rows {
		lines[i] = SheetLine{Account: r.Account, Asset: coffer.AssetID(r.Asset), Net: netOf(r.Amount, r.Credit)}
	}
	return lines, nil
}

// Posted reports whether an account has postings caused by a chain's blocks up to a
// height.
func (l *Ledger) Posted(ctx context.Context, tx pgx.Tx, code string, asset coffer.AssetID, chain coffer.ChainID, height uint64) (bool, error) {
	posted, err := ledgersql.New(tx).Posted(ctx, ledgersql.PostedParams{
		Account: code, Asset: string(asset), Chain: string(chain), Height: int64(min(height, 1<<62)), // #nosec G115 -- bounded
	})
	if err != nil {
		return false, fmt.Errorf("postings of %s: %w", code, err)
	}
	return posted, nil
}
