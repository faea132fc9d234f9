package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger/ledgersql"
)

// debtorsBatch is how many balances of frozen accounts RepayDebts reads at once.
const debtorsBatch = 500

// RepayDebts takes from every frozen account what it owes and has by now, each in a
// transaction of its own, and returns how many paid. It may run as often as one likes, in
// several processes: a payment is named by how many came before it.
func (l *Ledger) RepayDebts(ctx context.Context, at time.Time) (int, error) {
	paid := 0
	for after := (ledgersql.DebtorsParams{Max: debtorsBatch}); ; {
		debtors, err := l.sql.Debtors(ctx, after)
		if err != nil {
			return paid, fmt.Errorf("read debtors: %w", err)
		}
		for _, d := range debtors {
			var amount coffer.Amount
			err := l.db.Tx(ctx, func(tx pgx.Tx) (err error) {
				id := coffer.DeriveID("debt", d.Account, d.Asset, fmt.Sprint(d.Payments))
				amount, err = l.Repay(ctx, tx, id, d.Account, coffer.AssetID(d.Asset), at)
				return err
			})
			if err != nil {
				return paid, err
			}
			if !amount.IsZero() {
				paid++
			}
		}
		if len(debtors) < debtorsBatch {
			return paid, nil
		}
		last := debtors[len(debtors)-1]
		after.AfterAccount, after.AfterAsset = last.Account, last.Asset
	}
}

// EndHolds gives back the money of holds whose time is past, in batches of MaxExpire, and
// returns how many ended.
func (l *Ledger) EndHolds(ctx context.Context, at time.Time) (int, error) {
	ended := 0
	for {
		var ids []string
		err := l.db.Tx(ctx, func(tx pgx.Tx) (err error) {
			ids, err = l.ExpireHolds(ctx, tx, at, MaxExpire)
			return err
		})
		if err != nil {
			return ended, err
		}
		ended += len(ids)
		if len(ids) < MaxExpire {
			return ended, nil
		}
	}
}
