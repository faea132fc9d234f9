package ledger

import (
	"cmp"
	"context"
	"math/big"
	"slices"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger/ledgersql"
	"github.com/jackc/pgx/v5"
)

// The columns of a balance row, in the order of buckets.
const (
	available = iota
	pending
	held
	review
	clawed // not a bucket: the pending that reversals took
	columns
)

var buckets = [clawed]string{BucketAvailable, BucketPending, BucketHeld, BucketReview}

// key names a balance row.
type key struct{ account, asset string }

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.asset, b.asset))
}

// row is a balance row, or a change of one.
type row [columns]*big.Int

func newRow() *row {
	r := new(row)
	for i := range r {
		r[i] = new(big.Int)
	}
	return r
}

func (r *row) add(o *row) {
	for i := range r {
		r[i].Add(r[i], o[i])
	}
}

// shrinks reports whether some column goes down.
func (r *row) shrinks() bool {
	return slices.ContainsFunc(r[:], func(n *big.Int) bool { return n.Sign() < 0 })
}

// change is what a batch does to one balance row.
type change struct {
	row
	reversal bool     // some of it undoes an entry, so a shortfall is covered
	unlocked *big.Int // what it moves from pending to available
	last     Entry    // the last entry that takes part
}

// collect sums entries up by balance row. The keys come sorted, which is the order rows
// are locked in.
func collect(entries []Entry) (map[key]*change, []key) {
	changes := make(map[key]*change)
	for _, e := range entries {
		for k, r := range e.moves() {
			c := changes[k]
			if c == nil {
				c = &change{row: *newRow(), unlocked: new(big.Int)}
				changes[k] = c
			}
			c.add(r)
			c.reversal = c.reversal || e.Reverses != ""
			c.last = e
			if r[pending].Sign() < 0 && r[available].Sign() > 0 {
				c.unlocked.Add(c.unlocked, smaller(new(big.Int).Neg(r[pending]), r[available]))
			}
		}
	}
	keys := make([]key, 0, len(changes))
	for k := range changes {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareKeys)
	return changes, keys
}

// moves is what an entry does to balance rows. What users have is a liability: a credit
// adds to it.
func (e Entry) moves() map[key]*row {
	var moves map[key]*row
	for _, p := range e.Postings {
		account, bucket, ok := parseUser(p.Account)
		if !ok {
			continue
		}
		if moves == nil {
			moves = make(map[key]*row, 1)
		}
		k := key{account, string(p.Asset)}
		if moves[k] == nil {
			moves[k] = newRow()
		}
		n := moves[k][slices.Index(buckets[:], bucket)]
		n.Sub(n, p.signed())
	}
	return moves
}

func smaller(a, b *big.Int) *big.Int {
	if a.Cmp(b) < 0 {
		return a
	}
	return b
}

// apply moves the balances of the users in new entries.
func (l *Ledger) apply(ctx context.Context, tx pgx.Tx, entries []Entry) error {
	changes, keys := collect(entries)
	if !slices.ContainsFunc(keys, func(k key) bool { return changes[k].shrinks() }) {
		return addBalances(ctx, tx, keys, changes)
	}

	rows, err := lockBalances(ctx, tx, keys)
	if err != nil {
		return err
	}
	if err := l.cover(ctx, tx, keys, changes, rows); err != nil {
		return err
	}

	var there, missing []key
	for _, k := range keys {
		if rows[k] != nil {
			there = append(there, k)
		} else {
			missing = append(missing, k)
		}
	}
	if err := changeBalances(ctx, tx, there, changes); err != nil {
		return err
	}
	return addBalances(ctx, tx, missing, changes)
}

// cover refuses changes that would end below zero, except where the rule of shortfalls
// applies: then it writes the entry that covers them and adds it to the change.
func (l *Ledger) cover(ctx context.Context, tx pgx.Tx, keys []key, changes map[key]*change, rows map[key]*row) error {
	var covers []Entry
	var freeze []ledgersql.FreezeParams
	for _, k := range keys {
		before := rows[k]
		if before == nil {
			before = newRow()
		}
		e, missing, err := changes[k].settle(k, before)
		if err != nil {
			return err
		}
		if e != nil {
			covers = append(covers, *e)
		}
		if missing {
			freeze = append(freeze, ledgersql.FreezeParams{Account: k.account, Entry: e.ID, At: e.At})
		}
	}

	if _, err := insert(ctx, tx, covers); err != nil {
		return err
	}
	for _, f := range freeze {
		if err := ledgersql.New(tx).Freeze(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// The statements on balance rows. Hand-written: sqlc knows no unnest over several arrays.
const (
	lockSQL = `
select b.account, b.asset, b.available, b.pending, b.held, b.review, b.clawed
from ledger_balance b join unnest($1::text[], $2::text[]) as k (account, asset) on b.account = k.account and b.asset = k.asset
order by b.account, b.asset
for update of b`

	addSQL = `
insert into ledger_balance as b (account, asset, available, pending, held, review, clawed)
select account, asset, available, pending, held, review, clawed
from unnest($1::text[], $2::text[], $3::text[]::numeric[], $4::text[]::numeric[], $5::text[]::numeric[], $6::text[]::numeric[], $7::text[]::numeric[])
    as d (account, asset, available, pending, held, review, clawed)
on conflict (account, asset) do update set
    available = b.available + excluded.available, pending = b.pending + excluded.pending,
    held = b.held + excluded.held, review = b.review + excluded.review, clawed = b.clawed + excluded.clawed`

	changeSQL = `
update ledger_balance b set
    available = b.available + d.available, pending = b.pending + d.pending,
    held = b.held + d.held, review = b.review + d.review, clawed = b.clawed + d.clawed
from unnest($1::text[], $2::text[], $3::text[]::numeric[], $4::text[]::numeric[], $5::text[]::numeric[], $6::text[]::numeric[], $7::text[]::numeric[])
    as d (account, asset, available, pending, held, review, clawed)
where b.account = d.account and b.asset = d.asset`
)

// lockBalances locks the rows that exist, in the order of keys.
func lockBalances(ctx context.Context, tx pgx.Tx, keys []key) (map[key]*row, error) {
	accounts, assets := columnsOf(keys)
	rows, err := tx.Query(ctx, lockSQL, accounts, assets)
	if err != nil {
		return nil, err
	}
	locked := make(map[key]*row, len(keys))
	var k key
	var n [columns]coffer.Amount
	_, err = pgx.ForEachRow(rows, []any{&k.account, &k.asset, &n[available], &n[pending], &n[held], &n[review], &n[clawed]}, func() error {
		r := new(row)
		for i := range n {
			r[i] = n[i].Int().ToBig()
		}
		locked[k] = r
		return nil
	})
	return locked, err
}

// addBalances adds to rows, making those that are missing. No column goes down. The rows
// are locked in the order of keys.
func addBalances(ctx context.Context, tx pgx.Tx, keys []key, changes map[key]*change) error {
	return execBalances(ctx, tx, addSQL, keys, changes)
}

// changeBalances changes rows that the caller has locked.
func changeBalances(ctx context.Context, tx pgx.Tx, keys []key, changes map[key]*change) error {
	return execBalances(ctx, tx, changeSQL, keys, changes)
}

func execBalances(ctx context.Context, tx pgx.Tx, sql string, keys []key, changes map[key]*change) error {
	if len(keys) == 0 {
		return nil
	}
	accounts, assets := columnsOf(keys)
	var amounts [columns][]string
	for i := range amounts {
		amounts[i] = make([]string, len(keys))
		for j, k := range keys {
			amounts[i][j] = changes[k].row[i].String()
		}
	}
	_, err := tx.Exec(ctx, sql, accounts, assets, amounts[available], amounts[pending], amounts[held], amounts[review], amounts[clawed])
	return err
}

func columnsOf(keys []key) (accounts, assets []string) {
	accounts, assets = make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		accounts[i], assets[i] = k.account, k.asset
	}
	return accounts, assets
}
