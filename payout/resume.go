package payout

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
	"github.com/cofferhq/coffer/postgres"
)

// mayLeave reports whether a block that was final may leave: a person let its chain go on
// (see indexer.Resume), and nothing of our wallet's was final in it. What was, is for people:
// money that left for good would have to come back. Hand-written: the entry's block has no index,
// and this happens once in the life of a chain.
func (b *blockTx) mayLeave(ctx context.Context) (bool, error) {
	var resumed, ours bool
	hash := b.block().Hash
	err := b.tx.QueryRow(ctx, `
		select exists (select from indexer_resume where chain = $1 and height <= $2),
		       exists (select from payout where chain = $1 and block_hash = $3 and state in ('final', 'reverted'))
		    or exists (select from ledger_entry e where e.chain = $1 and e.height = $2 and e.block = $3 and e.kind like 'payout.%'
		               and e.reverses is null
		               and not exists (select from payout_entries p where p.entry = e.id)
		               and not exists (select from ledger_entry r where r.reverses = e.id))`,
		string(b.event.Chain), b.height(), hash[:]).Scan(&resumed, &ours)
	if err != nil {
		return false, fmt.Errorf("may block %s leave: %w", hash, err)
	}
	return resumed && !ours, nil
}

// finalEntries are the entries of a block that was final which were forgotten with it and
// are in the books still, newest first: what executors alone earned and paid. What those of
// a wallet would be, mayLeave has refused.
func (b *blockTx) finalEntries(ctx context.Context) ([]string, error) {
	hash := b.block().Hash
	rows, err := b.tx.Query(ctx, `
		select e.id from ledger_entry e
		where e.chain = $1 and e.height = $2 and e.block = $3 and e.kind in ($4, $5)
		  and not exists (select from payout_entries p where p.entry = e.id)
		  and not exists (select from ledger_entry r where r.reverses = e.id)
		order by e.seq desc`,
		string(b.event.Chain), b.height(), hash[:], kindIncome, kindCost)
	if err != nil {
		return nil, fmt.Errorf("read the final entries of block %s: %w", hash, err)
	}
	entries, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read the final entries of block %s: %w", hash, err)
	}
	return entries, nil
}

// Needed is the first record of a chain on tx.raw that is still to be read here; zero before
// anything was.
func Needed(ctx context.Context, db *postgres.DB, chain coffer.ChainID) (int64, error) {
	cursor, err := payoutsql.New(db.Pool()).Cursor(ctx, string(chain))
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("records that payouts of %s need: %w", chain, err)
	}
	return cursor.NextOffset, nil
}
