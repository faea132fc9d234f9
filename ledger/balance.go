package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger/ledgersql"
	"github.com/jackc/pgx/v5"
)

// Balance is what an account has of one asset. Frozen says that the account's withdrawals
// are stopped, in every asset.
type Balance struct {
	Asset     coffer.AssetID
	Available coffer.Amount
	Pending   coffer.Amount
	Held      coffer.Amount
	Review    coffer.Amount
	Frozen    bool
}

// Balances returns what an account has, by asset. An account that never had anything has
// none.
func (l *Ledger) Balances(ctx context.Context, account string) ([]Balance, error) {
	rows, err := l.sql.Balances(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("balances of %s: %w", account, err)
	}
	balances := make([]Balance, len(rows))
	for i, r := range rows {
		balances[i] = Balance{Asset: coffer.AssetID(r.Asset), Available: r.Available, Pending: r.Pending, Held: r.Held, Review: r.Review, Frozen: r.Frozen}
	}
	return balances, nil
}

// BalanceOf returns what an account has of an asset, zero when it never had any.
func (l *Ledger) BalanceOf(ctx context.Context, account string, asset coffer.AssetID) (Balance, error) {
	frozen, err := l.sql.Frozen(ctx, account)
	if err != nil {
		return Balance{}, fmt.Errorf("balance of %s: %w", account, err)
	}
	r, err := l.sql.Balance(ctx, ledgersql.BalanceParams{Account: account, Asset: string(asset)})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Balance{}, fmt.Errorf("balance of %s: %w", account, err)
	}
	return Balance{Asset: asset, Available: r.Available, Pending: r.Pending, Held: r.Held, Review: r.Review, Frozen: frozen}, nil
}

// Frozen returns those of the accounts whose withdrawals are stopped.
func (l *Ledger) Frozen(ctx context.Context, tx pgx.Tx, accounts []string) ([]string, error) {
	frozen, err := ledgersql.New(tx).FrozenAmong(ctx, accounts)
	if err != nil {
		return nil, fmt.Errorf("look for frozen accounts: %w", err)
	}
	return frozen, nil
}

// Holding returns those of some house accounts that have more debits than credits of one of
// some assets.
func (l *Ledger) Holding(ctx context.Context, tx pgx.Tx, accounts []string, assets []coffer.AssetID) ([]string, error) {
	p := ledgersql.HoldingParams{Accounts: accounts}
	for _, asset := range assets {
		p.Assets = append(p.Assets, string(asset))
	}
	holding, err := ledgersql.New(tx).Holding(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("look for accounts that hold: %w", err)
	}
	return holding, nil
}

// Net is the sum of postings: debits above credits, or credits above debits. Zero is a
// debit.
type Net struct {
	Side   Side
	Amount coffer.Amount
}

// String writes credits with a minus sign.
func (n Net) String() string {
	if n.Side == SideCredit {
		return "-" + n.Amount.String()
	}
	return n.Amount.String()
}

func netOf(amount coffer.Amount, credit bool) Net {
	if credit {
		return Net{SideCredit, amount}
	}
	return Net{SideDebit, amount}
}

// House sums up the postings of an account, or of all whose code starts with a prefix
// that ends with a colon.
func (l *Ledger) House(ctx context.Context, code string, asset coffer.AssetID) (Net, error) {
	first, past := codeRange(code)
	r, err := l.sql.Net(ctx, ledgersql.NetParams{First: first, Past: past, Asset: string(asset)})
	if err != nil {
		return Net{}, fmt.Errorf("sum of %s: %w", code, err)
	}
	return netOf(r.Amount, r.Credit), nil
}

// HouseIn is House inside a transaction.
func (l *Ledger) HouseIn(ctx context.Context, tx pgx.Tx, code string, asset coffer.AssetID) (Net, error) {
	return (&Ledger{sql: l.sql.WithTx(tx)}).House(ctx, code, asset)
}

// AsOf is House over the entries that happened at or before a time.
func (l *Ledger) AsOf(ctx context.Context, code string, asset coffer.AssetID, at time.Time) (Net, error) {
	first, past := codeRange(code)
	r, err := l.sql.NetAsOf(ctx, ledgersql.NetAsOfParams{First: first, Past: past, Asset: string(asset), At: at})
	if err != nil {
		return Net{}, fmt.Errorf("sum of %s: %w", code, err)
	}
	return netOf(r.Amount, r.Credit), nil
}

// AsOfBlock is House over the entries caused by a chain's blocks up to a height. An entry
// undone because its block left the chain counts at no height; an entry without a block
// does not count.
func (l *Ledger) AsOfBlock(ctx context.Context, code string, asset coffer.AssetID, chain coffer.ChainID, height uint64) (Net, error) {
	first, past := codeRange(code)
	r, err := l.sql.NetAsOfBlock(ctx, ledgersql.NetAsOfBlockParams{
		First: first, Past: past, Asset: string(asset), Chain: string(chain), Height: int64(min(height, 1<<62)), // #nosec G115 -- bounded
	})
	if err != nil {
		return Net{}, fmt.Errorf("sum of %s: %w", code, err)
	}
	return netOf(r.Amount, r.Credit), nil
}

// codeRange bounds the codes asked for, in byte order, the end exclusive. No code holds a
// control character, and the successor of ':' is ';'.
func codeRange(code string) (first, past string) {
	if prefix, ok := strings.CutSuffix(code, ":"); ok {
		return code, prefix + ";"
	}
	return code, code + "\x01"
}
