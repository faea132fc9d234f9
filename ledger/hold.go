package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger/ledgersql"
	"github.com/jackc/pgx/v5"
)

// Ids of the ledger's own entries about a hold: the prefix and the hold's id.
const (
	prefixHold   = "hold:"
	prefixVoid   = "void:"
	prefixExpire = "expire:"
)

// Kinds of the ledger's own entries about a hold.
const (
	KindHold   = "hold"
	KindVoid   = "void"
	KindExpire = "expire"
)

// States of a hold.
const (
	holdActive  = "active"
	holdPosted  = "posted"
	holdVoided  = "voided"
	holdExpired = "expired"
)

// MaxExpire is the most holds that one call of ExpireHolds ends.
const MaxExpire = 1000

// Hold is money of an account set aside. Expires is zero for a hold that lasts until it is
// posted or voided, as one for a withdrawal in flight must.
type Hold struct {
	ID      string
	Account string
	Asset   coffer.AssetID
	Amount  coffer.Amount
	Expires time.Time
}

// Hold moves an amount from available to held. The same id with the same content is a
// no-op, whatever became of the hold meanwhile; with other content it is ErrEntryConflict.
// CodeInsufficient: less is available. CodeConflict: the account's withdrawals are frozen.
func (l *Ledger) Hold(ctx context.Context, tx pgx.Tx, h Hold, at time.Time) error {
	q := ledgersql.New(tx)
	if h.ID == "" || len(h.ID) > maxIDBytes {
		return coffer.Invalid("id", "hold %.80q: want 1 to %d bytes", h.ID, maxIDBytes)
	}
	if err := checkName(h.Account); err != nil {
		return &coffer.Error{Code: coffer.CodeInvalid, Field: "account", Message: fmt.Sprintf("account %.160q", h.Account), Cause: err}
	}

	// The lock of the balance row keeps two holds of one id, and a freeze, apart.
	if err := q.LockBalance(ctx, ledgersql.LockBalanceParams{Account: h.Account, Asset: string(h.Asset)}); err != nil {
		return fmt.Errorf("hold %s: %w", h.ID, err)
	}
	known, err := q.HoldByID(ctx, h.ID)
	switch {
	case err == nil && sameHold(known, h):
		return nil
	case err == nil:
		return conflict(prefixHold + h.ID)
	case !errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("hold %s: %w", h.ID, err)
	}
	frozen, err := q.Frozen(ctx, h.Account)
	if err != nil {
		return fmt.Errorf("hold %s: %w", h.ID, err)
	}
	if frozen {
		return coffer.Errorf(coffer.CodeConflict, "withdrawals of the account are frozen")
	}

	entry := Entry{ID: prefixHold + h.ID, Kind: KindHold, Resource: h.ID, At: at, Postings: []Posting{
		Debit(User(h.Account, BucketAvailable), h.Asset, h.Amount),
		Credit(User(h.Account, BucketHeld), h.Asset, h.Amount),
	}}
	if err := l.write(ctx, tx, []Entry{entry}); err != nil {
		return fmt.Errorf("hold %s: %w", h.ID, err)
	}
	var expires *time.Time
	if !h.Expires.IsZero() {
		t := h.Expires.UTC().Truncate(time.Microsecond)
		expires = &t
	}
	inserted, err := q.InsertHold(ctx, ledgersql.InsertHoldParams{ID: h.ID, Account: h.Account, Asset: string(h.Asset), Amount: h.Amount, Expires: expires, Entry: entry.ID})
	if err != nil {
		return fmt.Errorf("hold %s: %w", h.ID, err)
	}
	if inserted == 0 {
		return conflict(entry.ID)
	}
	return nil
}

func sameHold(row ledgersql.LedgerHold, h Hold) bool {
	expires := time.Time{}
	if row.Expires != nil {
		expires = *row.Expires
	}
	return row.Account == h.Account && row.Asset == string(h.Asset) && row.Amount == h.Amount &&
		(expires.IsZero() == h.Expires.IsZero()) && expires.Equal(h.Expires.UTC().Truncate(time.Microsecond))
}

// PostHold ends a hold by spending it: e debits user:<account>:held by exactly the hold's
// amount. Doing it again with the same entry is a no-op. CodeConflict: the hold has ended
// in another way.
func (l *Ledger) PostHold(ctx context.Context, tx pgx.Tx, holdID string, e Entry) error {
	if err := checkCaller(e); err != nil {
		return err
	}
	h, err := lockHold(ctx, tx, holdID)
	if err != nil {
		return err
	}
	if h.State != holdActive && (h.State != holdPosted || h.Ended == nil || *h.Ended != e.ID) {
		return coffer.Errorf(coffer.CodeConflict, "hold %s is %s", holdID, h.State)
	}
	if spent := spends(e, h); spent.Cmp(h.Amount.Int().ToBig()) != 0 {
		return coffer.Invalid("postings", "entry %q takes %s from the hold of %s", e.ID, spent, h.Amount)
	}

	if err := l.write(ctx, tx, []Entry{e}); err != nil {
		return fmt.Errorf("post hold %s: %w", holdID, err)
	}
	if h.State == holdPosted {
		return nil
	}
	return endHold(ctx, tx, holdID, holdPosted, e.ID)
}

// spends is what an entry takes from the held money of a hold's account, and only of that.
// Anything else it does to held money makes the answer differ from the hold's amount.
func spends(e Entry, h ledgersql.LedgerHold) *big.Int {
	sum := new(big.Int)
	for _, p := range e.Postings {
		_, bucket, ok := parseUser(p.Account)
		if !ok || bucket != BucketHeld {
			continue
		}
		if p.Account != User(h.Account, BucketHeld) || string(p.Asset) != h.Asset || p.Side != SideDebit {
			return big.NewInt(-1)
		}
		sum.Add(sum, p.signed())
	}
	return sum
}

// VoidHold gives the money back to available. A hold that was voided or has expired is a
// no-op; a posted one is CodeConflict.
func (l *Ledger) VoidHold(ctx context.Context, tx pgx.Tx, holdID string, at time.Time) error {
	h, err := lockHold(ctx, tx, holdID)
	if err != nil {
		return err
	}
	switch h.State {
	case holdVoided, holdExpired:
		return nil
	case holdPosted:
		return coffer.Errorf(coffer.CodeConflict, "hold %s is %s", holdID, h.State)
	}

	e := release(h, prefixVoid, KindVoid, at)
	if err := l.write(ctx, tx, []Entry{e}); err != nil {
		return fmt.Errorf("void hold %s: %w", holdID, err)
	}
	return endHold(ctx, tx, holdID, holdVoided, e.ID)
}

// ExpireHolds gives back the money of active holds whose time is past, at most max (and
// MaxExpire) of them, oldest first, and returns their ids. Holds that another transaction
// is ending are left to it.
func (l *Ledger) ExpireHolds(ctx context.Context, tx pgx.Tx, at time.Time, max int) ([]string, error) {
	q := ledgersql.New(tx)
	holds, err := q.ExpiredHolds(ctx, ledgersql.ExpiredHoldsParams{At: at, Max: int32(min(max, MaxExpire))}) // #nosec G115 -- bounded
	if err != nil {
		return nil, fmt.Errorf("expire holds: %w", err)
	}
	if len(holds) == 0 {
		return nil, nil
	}

	ids := make([]string, len(holds))
	entries := make([]Entry, len(holds))
	for i, h := range holds {
		ids[i] = h.ID
		entries[i] = release(h, prefixExpire, KindExpire, at)
	}
	if err := l.write(ctx, tx, entries); err != nil {
		return nil, fmt.Errorf("expire holds: %w", err)
	}
	if err := q.EndHolds(ctx, ledgersql.EndHoldsParams{State: holdExpired, Prefix: prefixExpire, Ids: ids}); err != nil {
		return nil, fmt.Errorf("expire holds: %w", err)
	}
	return ids, nil
}

// release is the entry that undoes a hold's own.
func release(h ledgersql.LedgerHold, prefix, kind string, at time.Time) Entry {
	asset := coffer.AssetID(h.Asset)
	return Entry{ID: prefix + h.ID, Kind: kind, Resource: h.ID, Reverses: h.Entry, At: at, Postings: []Posting{
		Credit(User(h.Account, BucketAvailable), asset, h.Amount),
		Debit(User(h.Account, BucketHeld), asset, h.Amount),
	}}
}

func lockHold(ctx context.Context, tx pgx.Tx, id string) (ledgersql.LedgerHold, error) {
	h, err := ledgersql.New(tx).LockHold(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return h, coffer.Errorf(coffer.CodeNotFound, "no hold %.80q", id)
	}
	if err != nil {
		return h, fmt.Errorf("hold %s: %w", id, err)
	}
	return h, nil
}

func endHold(ctx context.Context, tx pgx.Tx, id, state, entry string) error {
	if err := ledgersql.New(tx).EndHold(ctx, ledgersql.EndHoldParams{ID: id, State: state, Ended: &entry}); err != nil {
		return fmt.Errorf("end hold %s: %w", id, err)
	}
	return nil
}

// reserved reports whether an id is of the ledger's own making.
func reserved(id string) bool {
	for _, prefix := range []string{prefixHold, prefixVoid, prefixExpire, "cover_", prefixRepay} {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return false
}
