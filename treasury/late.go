package treasury

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
)

// Missing returns which of some accounts of a chain have no opening balance.
func Missing(ctx context.Context, db Querier, places []Place) ([]Place, error) {
	var missing []Place
	for _, p := range places {
		var adopted bool
		err := db.QueryRow(ctx, "select exists (select from treasury_adoption where account = $1 and asset = $2)", p.Account, p.Asset).Scan(&adopted)
		if err != nil {
			return nil, fmt.Errorf("opening balance of %s: %w", p.Account, err)
		}
		if !adopted {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

// Place is where money is in the books.
type Place struct {
	Account string
	Asset   coffer.AssetID
}

// AdoptLate books the opening balance of an account that became ours, or of an asset that
// became one of ours, after the books of its chain began: what the chain says it held after
// a block, less what the books have of it by then. The caller keeps the flows from booking
// blocks until tx ends, and has applied them up to that block exactly, which is final.
// CodeConflict: the books have more than the chain. What a customer's address held of a token
// that was not supported is in suspense, the rest is the house's own.
func (t *Treasury) AdoptLate(ctx context.Context, tx pgx.Tx, chain coffer.ChainID, p Place, held coffer.Amount, block coffer.BlockRef, at time.Time) error {
	if p.Asset.Chain() != chain {
		return coffer.Invalid("asset", "%s is not an asset of %s", p.Asset, chain)
	}
	if !onChain(p.Account) {
		return coffer.Invalid("account", "%.160q holds nothing on a chain", p.Account)
	}
	if block.Hash.IsZero() {
		return coffer.Invalid("block", "want the block whose state the balance is of")
	}
	booked, err := t.ledger.AsOfBlock(ctx, p.Account, p.Asset, chain, block.Height)
	if err != nil {
		return fmt.Errorf("adopt %s: %w", p.Account, err)
	}
	opening := held
	if !booked.Amount.IsZero() {
		if opening, err = held.Sub(booked.Amount); err != nil || booked.Side == ledger.SideCredit {
			return coffer.Errorf(coffer.CodeConflict, "the books say that %s has %s %s of %s, the chain %s", p.Account, booked.Side, booked.Amount, p.Asset, held)
		}
	}
	first, err := insertAdoption(ctx, tx, p.Asset, p.Account, opening, block, at)
	if err != nil || !first || opening.IsZero() {
		return err
	}
	credit := ledger.EquityOpening
	if strings.HasPrefix(p.Account, ledger.PrefixCustodyDeposit) {
		credit = ledger.SuspenseUnsupported
	}
	return t.open(ctx, tx, chain, p, credit, opening, block, at)
}

// Held is what a chain says that an account's address holds after a block.
func Held(ctx context.Context, p Place, block coffer.Hash, reader Reader) (coffer.Amount, error) {
	for _, prefix := range prefixes {
		if address, ok := strings.CutPrefix(p.Account, prefix); ok {
			return read(ctx, ledger.SheetLine{Account: p.Account, Asset: p.Asset}, prefix, coffer.Address(address), block, reader)
		}
	}
	return coffer.Amount{}, coffer.Invalid("account", "%.160q holds nothing on a chain", p.Account)
}

func (t *Treasury) open(ctx context.Context, tx pgx.Tx, chain coffer.ChainID, p Place, credit string, balance coffer.Amount, block coffer.BlockRef, at time.Time) error {
	return t.ledger.Post(ctx, tx, ledger.Entry{
		ID: openingID(p.Asset, p.Account), Kind: KindOpening, Resource: p.Account, Chain: chain, Block: block, At: at,
		Postings: []ledger.Posting{ledger.Debit(p.Account, p.Asset, balance), ledger.Credit(credit, p.Asset, balance)},
	})
}
