package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger/ledgersql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Reversal asks to undo one entry. ID is the id of the reversing entry, the idempotency
// key of the request. Block is the one that left the chain; empty takes the block of the
// entry undone.
type Reversal struct {
	EntryID string
	ID      string
	Kind    string
	Block   coffer.BlockRef
	At      time.Time
}

// Reverse undoes an entry by its exact mirror; see ReverseAll.
func (l *Ledger) Reverse(ctx context.Context, tx pgx.Tx, entryID, reversalID, kind string, block coffer.BlockRef, at time.Time) error {
	return l.ReverseAll(ctx, tx, Reversal{EntryID: entryID, ID: reversalID, Kind: kind, Block: block, At: at})
}

// ReverseAll undoes entries by their exact mirrors. Money that users no longer have where
// an entry had put it is taken from their pending, then from available, and the rest from
// receivable:reorg:<account>, which freezes the account's withdrawals. Of an unlock and
// the credit before it, reverse the unlock first, or both in one call.
//
// The same request again is a no-op. CodeNotFound: no such entry. CodeConflict: the entry
// was undone under another id, or it moves held money. ErrEntryConflict: the id belongs to
// an entry that is not this reversal.
func (l *Ledger) ReverseAll(ctx context.Context, tx pgx.Tx, reversals ...Reversal) error {
	if len(reversals) == 0 {
		return nil
	}
	originals, err := entriesOf(ctx, tx, reversals)
	if err != nil {
		return err
	}

	var mirrors []Entry
	for _, r := range reversals {
		if done, ok := originals[r.ID]; ok {
			if done.Reverses != r.EntryID || done.Kind != r.Kind {
				return conflict(r.ID)
			}
			continue
		}
		original, ok := originals[r.EntryID]
		if !ok {
			return coffer.Errorf(coffer.CodeNotFound, "no entry %.80q to reverse", r.EntryID)
		}
		mirror, err := original.mirror(r)
		if err != nil {
			return err
		}
		mirrors = append(mirrors, mirror)
	}

	err = l.write(ctx, tx, mirrors)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.ConstraintName == "ledger_entry_reversed" {
		return &coffer.Error{Code: coffer.CodeConflict, Message: "an entry is reversed at most once", Cause: err}
	}
	if err != nil {
		return fmt.Errorf("reverse: %w", err)
	}
	return nil
}

// entriesOf reads the entries to undo and the reversals that are there already, by id.
func entriesOf(ctx context.Context, tx pgx.Tx, reversals []Reversal) (map[string]Entry, error) {
	if len(reversals) > MaxBatch {
		return nil, coffer.Invalid("reversals", "%d reversals at once: want at most %d", len(reversals), MaxBatch)
	}
	ids := make([]string, 0, 2*len(reversals))
	for _, r := range reversals {
		if r.ID == "" || len(r.ID) > maxIDBytes || reserved(r.ID) {
			return nil, coffer.Invalid("id", "reversal %.80q: want 1 to %d bytes that do not start like the ledger's own ids", r.ID, maxIDBytes)
		}
		ids = append(ids, r.EntryID, r.ID)
	}

	return readEntries(ctx, tx, ids)
}

// readEntries reads those of the entries that are there, by id.
func readEntries(ctx context.Context, tx pgx.Tx, ids []string) (map[string]Entry, error) {
	q := ledgersql.New(tx)
	rows, err := q.EntriesByID(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	seqs := make([]int64, len(rows))
	for i, row := range rows {
		seqs[i] = row.Seq
	}
	lines, err := q.PostingsOf(ctx, seqs)
	if err != nil {
		return nil, fmt.Errorf("read postings: %w", err)
	}

	postings := make(map[int64][]Posting, len(rows))
	for _, line := range lines {
		postings[line.Entry] = append(postings[line.Entry], postingOf(line))
	}
	entries := make(map[string]Entry, len(rows))
	for _, row := range rows {
		entries[row.ID] = entryOf(row, postings[row.Seq])
	}
	return entries, nil
}

func postingOf(row ledgersql.PostingsOfRow) Posting {
	if row.Debit {
		return Debit(row.Account, coffer.AssetID(row.Asset), row.Amount)
	}
	return Credit(row.Account, coffer.AssetID(row.Asset), row.Amount)
}

func entryOf(row ledgersql.EntriesByIDRow, postings []Posting) Entry {
	e := Entry{ID: row.ID, Kind: row.Kind, Resource: row.Resource, Chain: coffer.ChainID(row.Chain), At: row.At, Postings: postings}
	if row.Height != nil && row.Block != nil {
		e.Block = coffer.BlockRef{Height: uint64(*row.Height), Hash: *row.Block} // #nosec G115 -- the table refuses negative heights
	}
	if row.Reverses != nil {
		e.Reverses = *row.Reverses
	}
	return e
}

// mirror is the entry that undoes e.
func (e Entry) mirror(r Reversal) (Entry, error) {
	if reserved(e.ID) {
		return Entry{}, coffer.Errorf(coffer.CodeConflict, "entry %q is the ledger's own and cannot be reversed", e.ID)
	}
	mirror := Entry{ID: r.ID, Kind: r.Kind, Resource: e.Resource, Chain: e.Chain, Block: r.Block, Reverses: e.ID, At: r.At}
	if mirror.Block == (coffer.BlockRef{}) {
		mirror.Block = e.Block
	}
	for _, p := range e.Postings {
		if _, bucket, ok := parseUser(p.Account); ok && bucket == BucketHeld {
			return Entry{}, coffer.Errorf(coffer.CodeConflict, "entry %q moves held money and cannot be reversed", e.ID)
		}
		if p.Side == SideDebit {
			p.Side = SideCredit
		} else {
			p.Side = SideDebit
		}
		mirror.Postings = append(mirror.Postings, p)
	}
	return mirror, nil
}
