package treasury

import (
	"context"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/jackc/pgx/v5"
)

// KindOpening is the kind of the entries that Adopt books.
const KindOpening = "treasury.opening"

// Treasury is the house's money in one ledger.
type Treasury struct{ ledger *ledger.Ledger }

// New returns the treasury of a ledger.
func New(l *ledger.Ledger) *Treasury { return &Treasury{l} }

// Adopt books what a wallet held after a block as its opening balance: debit of the
// custody or gas account, credit of equity:opening. It happens once for an account and
// asset; later calls change nothing, whatever balance they bring, so that it can be called
// at every start.
//
// The block must come before the first one whose transfers the flows book, or its money
// is counted twice: an account that has postings of that block or an earlier one is
// CodeConflict.
func (t *Treasury) Adopt(ctx context.Context, tx pgx.Tx, chain coffer.ChainID, asset coffer.AssetID, account string, balance coffer.Amount, block coffer.BlockRef, at time.Time) error {
	if asset.Chain() != chain {
		return coffer.Invalid("asset", "%s is not an asset of %s", asset, chain)
	}
	if !onChain(account) {
		return coffer.Invalid("account", "%.160q holds nothing on a chain", account)
	}
	if block.Hash.IsZero() {
		return coffer.Invalid("block", "want the block whose state the balance is of")
	}

	adopted, err := insertAdoption(ctx, tx, asset, account, balance, block, at)
	if err != nil || !adopted {
		return err
	}
	posted, err := t.ledger.Posted(ctx, tx, account, asset, chain, block.Height)
	if err != nil {
		return fmt.Errorf("adopt %s: %w", account, err)
	}
	if posted {
		return coffer.Errorf(coffer.CodeConflict, "%s has postings up to block %d: its opening balance would be counted twice", account, block.Height)
	}
	if balance.IsZero() {
		return nil
	}
	return t.open(ctx, tx, chain, Place{account, asset}, ledger.EquityOpening, balance, block, at)
}

func openingID(asset coffer.AssetID, account string) string {
	return coffer.DeriveID("open", string(asset), account)
}

// insertAdoption reports whether this is the first time. Hand-written: a generated package
// for one statement is more to read than the statement.
func insertAdoption(ctx context.Context, tx pgx.Tx, asset coffer.AssetID, account string, balance coffer.Amount, block coffer.BlockRef, at time.Time) (bool, error) {
	var entry *string
	if !balance.IsZero() {
		id := openingID(asset, account)
		entry = &id
	}
	tag, err := tx.Exec(ctx, `
		insert into treasury_adoption (account, asset, balance, height, block, at, entry) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (account, asset) do nothing`,
		account, asset, balance, block.Height, block.Hash, at, entry)
	if err != nil {
		return false, fmt.Errorf("adopt %s: %w", account, err)
	}
	return tag.RowsAffected() == 1, nil
}
