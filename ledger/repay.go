package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger/ledgersql"
	"github.com/jackc/pgx/v5"
)

// KindRepay is the kind of entries that pay off receivable:reorg.
const KindRepay = "repay"

const prefixRepay = "repay:"

// Repay takes what an account owes after a reorganisation from its available balance, as
// far as that goes, and lifts the freeze when the account owes nothing in any asset. It
// returns the amount paid; the same id again returns the same amount and changes nothing.
// An id that paid nothing is not used up.
func (l *Ledger) Repay(ctx context.Context, tx pgx.Tx, id, account string, asset coffer.AssetID, at time.Time) (coffer.Amount, error) {
	q := ledgersql.New(tx)
	if id == "" || len(id) > maxIDBytes {
		return coffer.Amount{}, coffer.Invalid("id", "repayment %.80q: want 1 to %d bytes", id, maxIDBytes)
	}
	if err := q.LockBalance(ctx, ledgersql.LockBalanceParams{Account: account, Asset: string(asset)}); err != nil {
		return coffer.Amount{}, fmt.Errorf("repay %s: %w", id, err)
	}

	known, err := readEntries(ctx, tx, []string{prefixRepay + id})
	if err != nil {
		return coffer.Amount{}, fmt.Errorf("repay %s: %w", id, err)
	}
	if e, ok := known[prefixRepay+id]; ok {
		if e.Resource != account || e.Postings[0].Asset != asset {
			return coffer.Amount{}, conflict(e.ID)
		}
		return e.Postings[0].Amount, nil
	}

	amount, err := payable(ctx, q, account, asset)
	if err != nil {
		return coffer.Amount{}, fmt.Errorf("repay %s: %w", id, err)
	}
	if !amount.IsZero() {
		e := Entry{ID: prefixRepay + id, Kind: KindRepay, Resource: account, At: at, Postings: []Posting{
			Debit(User(account, BucketAvailable), asset, amount),
			Credit(PrefixReceivableReorg+account, asset, amount),
		}}
		if err := l.write(ctx, tx, []Entry{e}); err != nil {
			return coffer.Amount{}, fmt.Errorf("repay %s: %w", id, err)
		}
	}
	return amount, thaw(ctx, q, account)
}

// payable is the smaller of what an account owes and what it can spend.
func payable(ctx context.Context, q *ledgersql.Queries, account string, asset coffer.AssetID) (coffer.Amount, error) {
	first, past := codeRange(PrefixReceivableReorg + account)
	owed, err := q.Net(ctx, ledgersql.NetParams{First: first, Past: past, Asset: string(asset)})
	if err != nil || owed.Credit || owed.Amount.IsZero() {
		return coffer.Amount{}, err
	}
	balance, err := q.Balance(ctx, ledgersql.BalanceParams{Account: account, Asset: string(asset)})
	if err != nil {
		return coffer.Amount{}, err
	}
	if balance.Available.Cmp(owed.Amount) < 0 {
		return balance.Available, nil
	}
	return owed.Amount, nil
}

// thaw lifts the freeze of an account that owes nothing. The lock keeps a reversal that
// freezes it meanwhile apart.
func thaw(ctx context.Context, q *ledgersql.Queries, account string) error {
	if err := q.LockFrozen(ctx, account); err != nil {
		return fmt.Errorf("thaw %s: %w", account, err)
	}
	owes, err := q.Owes(ctx, PrefixReceivableReorg+account)
	if err != nil {
		return fmt.Errorf("thaw %s: %w", account, err)
	}
	if owes {
		return nil
	}
	if err := q.Thaw(ctx, account); err != nil {
		return fmt.Errorf("thaw %s: %w", account, err)
	}
	return nil
}
