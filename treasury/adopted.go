package treasury

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
)

// Querier reads from the database; a pool and a transaction are ones.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Adopted returns the block of a chain's first opening balances, and whether there are any.
// The flows book what happens after that block, so a process that was stopped between the
// opening and the first block it read goes on from here.
func Adopted(ctx context.Context, db Querier, chain coffer.ChainID) (coffer.BlockRef, bool, error) {
	var block coffer.BlockRef
	err := db.QueryRow(ctx, `
		select height, block from treasury_adoption where starts_with(asset, $1 || '/') order by height limit 1`, string(chain)).
		Scan(&block.Height, &block.Hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return coffer.BlockRef{}, false, nil
	}
	if err != nil {
		return coffer.BlockRef{}, false, fmt.Errorf("opening balances of %s: %w", chain, err)
	}
	return block, true, nil
}

// LockAdoption keeps other transactions from taking a chain over until tx ends, and reports
// whether one did before. All balances of a chain are then of one block.
func LockAdoption(ctx context.Context, tx pgx.Tx, chain coffer.ChainID) (bool, error) {
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended('treasury/adoption/' || $1, 0))", string(chain)); err != nil {
		return false, fmt.Errorf("lock the opening balances of %s: %w", chain, err)
	}
	_, adopted, err := Adopted(ctx, tx, chain)
	return adopted, err
}

// watched are the accounts of a chain that were taken over up to a height, by code and
// asset: also those that held nothing then and have no postings.
func watched(ctx context.Context, db Querier, chain coffer.ChainID, height uint64) ([]Place, error) {
	rows, err := db.Query(ctx, `
		select account, asset from treasury_adoption
		where starts_with(asset, $1 || '/') and height <= $2 order by account, asset limit $3`, string(chain), height, MaxLines)
	if err != nil {
		return nil, fmt.Errorf("accounts of %s: %w", chain, err)
	}
	places, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Place])
	if err != nil {
		return nil, fmt.Errorf("accounts of %s: %w", chain, err)
	}
	return places, nil
}
