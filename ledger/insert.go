package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger/ledgersql"
	"github.com/jackc/pgx/v5"
)

// insertSQL writes entries and the postings of those that are new, and says which they
// are. Hand-written: sqlc knows no unnest over several arrays, and one statement for a
// batch is what makes posting fast.
const insertSQL = `
with given as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bytea[], $7::text[], $8::timestamptz[], $9::bytea[])
        as g (id, kind, resource, chain, height, block, reverses, at, content)
), fresh as (
    insert into ledger_entry (id, kind, resource, chain, height, block, reverses, at, content)
    select id, kind, resource, chain, height, block, reverses, at, content from given
    on conflict (id) do nothing
    returning seq, id
), posted as (
    insert into ledger_posting (entry, ordinal, account, asset, amount)
    select f.seq, p.ordinal, p.account, p.asset, p.amount
    from unnest($10::text[], $11::integer[], $12::text[], $13::text[], $14::text[]::numeric[]) as p (id, ordinal, account, asset, amount)
    join fresh f on f.id = p.id
)
select id from fresh`

// batch is the columns of insertSQL.
type batch struct {
	ids, kinds, resources, chains []string
	heights                       []*int64
	blocks                        [][]byte
	reverses                      []*string
	times                         []time.Time
	contents                      [][]byte

	lineIDs          []string
	ordinals         []int32
	accounts, assets []string
	amounts          []string
}

func (b *batch) add(e Entry, content coffer.Hash) {
	b.ids = append(b.ids, e.ID)
	b.kinds = append(b.kinds, e.Kind)
	b.resources = append(b.resources, e.Resource)
	b.chains = append(b.chains, string(e.Chain))
	b.times = append(b.times, e.At)
	b.contents = append(b.contents, content[:])

	var height *int64
	var block []byte
	if e.hasBlock() {
		h := int64(e.Block.Height) // #nosec G115 -- check bounds it
		height, block = &h, e.Block.Hash[:]
	}
	b.heights = append(b.heights, height)
	b.blocks = append(b.blocks, block)

	var reverses *string
	if e.Reverses != "" {
		reverses = &e.Reverses
	}
	b.reverses = append(b.reverses, reverses)

	for i, p := range e.Postings {
		b.lineIDs = append(b.lineIDs, e.ID)
		b.ordinals = append(b.ordinals, int32(i)) // #nosec G115 -- at most MaxPostings
		b.accounts = append(b.accounts, p.Account)
		b.assets = append(b.assets, string(p.Asset))
		b.amounts = append(b.amounts, p.signed().String())
	}
}

// insert writes those of the entries that are not there yet and returns them, in the
// order given. The others must have the same content as what is there.
func insert(ctx context.Context, tx pgx.Tx, entries []Entry) ([]Entry, error) {
	if len(entries) > MaxBatch {
		return nil, coffer.Invalid("entries", "%d entries at once: want at most %d", len(entries), MaxBatch)
	}
	unique, b, err := prepare(entries)
	if err != nil || len(unique) == 0 {
		return nil, err
	}

	rows, err := tx.Query(ctx, insertSQL, b.ids, b.kinds, b.resources, b.chains, b.heights, b.blocks, b.reverses, b.times, b.contents,
		b.lineIDs, b.ordinals, b.accounts, b.assets, b.amounts)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	if len(ids) == len(unique) {
		return unique, nil
	}

	isNew := make(map[string]bool, len(ids))
	for _, id := range ids {
		isNew[id] = true
	}
	var fresh, known []Entry
	for _, e := range unique {
		if isNew[e.ID] {
			fresh = append(fresh, e)
		} else {
			known = append(known, e)
		}
	}
	return fresh, sameAsWritten(ctx, tx, known)
}

// prepare checks entries, leaves out repetitions and lays the rest out as columns.
func prepare(entries []Entry) ([]Entry, *batch, error) {
	b := new(batch)
	unique := make([]Entry, 0, len(entries))
	seen := make(map[string]Entry, len(entries))
	for _, e := range entries {
		if err := e.check(); err != nil {
			return nil, nil, err
		}
		e.At = e.At.UTC().Truncate(time.Microsecond)
		if first, ok := seen[e.ID]; ok {
			if !e.sameAs(first.content(), first.At) {
				return nil, nil, conflict(e.ID)
			}
			continue
		}
		seen[e.ID] = e
		unique = append(unique, e)
		b.add(e, e.content())
	}
	if len(b.lineIDs) > maxLines {
		return nil, nil, coffer.Invalid("entries", "%d postings at once: want at most %d", len(b.lineIDs), maxLines)
	}
	return unique, b, nil
}

// sameAs compares by content, whatever time a retry came at.
func (e Entry) sameAs(content coffer.Hash, at time.Time) bool {
	e.At = at
	return e.content() == content
}

func conflict(id string) error {
	return &coffer.Error{Code: coffer.CodeIdempotency, Message: fmt.Sprintf("entry %q", id), Cause: ErrEntryConflict}
}

// sameAsWritten checks that each entry is there with the same content.
func sameAsWritten(ctx context.Context, tx pgx.Tx, entries []Entry) error {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	rows, err := ledgersql.New(tx).EntriesByID(ctx, ids)
	if err != nil {
		return err
	}
	written := make(map[string]ledgersql.EntriesByIDRow, len(rows))
	for _, row := range rows {
		written[row.ID] = row
	}
	for _, e := range entries {
		row, ok := written[e.ID]
		if !ok {
			return fmt.Errorf("entry %q was neither written nor there: is the transaction at read committed?", e.ID)
		}
		if !e.sameAs(row.Content, row.At) {
			return conflict(e.ID)
		}
	}
	return nil
}
