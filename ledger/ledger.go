package ledger

import (
	"context"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger/ledgersql"
	"github.com/cofferhq/coffer/postgres"
	"github.com/jackc/pgx/v5"
)

// Ledger is the books of one database.
type Ledger struct {
	db    *postgres.DB
	sql   *ledgersql.Queries
	clock coffer.Clock // tells when seals are made; entries carry their own time
	marks marks

	// Checkpoint is called where a crash is interesting; set it before use, nil is none.
	Checkpoint func(name string)
}

// New returns the books of a migrated database.
func New(db *postgres.DB, clock coffer.Clock) *Ledger {
	return &Ledger{db: db, sql: ledgersql.New(db.Pool()), clock: clock}
}

func (l *Ledger) checkpoint(name string) {
	if l.Checkpoint != nil {
		l.Checkpoint(name)
	}
}

// Post writes entries, all or none, and moves the balances of the users in them. An entry
// that is there already with the same content is left out; with other content it is
// ErrEntryConflict. A balance that would end below zero is CodeInsufficient. After an
// error the transaction must be rolled back.
//
// Many entries in one call are the normal path: a call costs two statements however many
// they are, three where money leaves a user's bucket.
func (l *Ledger) Post(ctx context.Context, tx pgx.Tx, entries ...Entry) error {
	for _, e := range entries {
		if err := checkCaller(e); err != nil {
			return err
		}
		for _, p := range e.Postings {
			if _, bucket, ok := parseUser(p.Account); ok && bucket == BucketHeld {
				return coffer.Invalid("account", "entry %q: held money moves by Hold, PostHold and VoidHold", e.ID)
			}
		}
	}
	return l.write(ctx, tx, entries)
}

// checkCaller refuses what only the ledger itself may say.
func checkCaller(e Entry) error {
	if e.Reverses != "" {
		return coffer.Invalid("reverses", "entry %q: use Reverse to undo an entry", e.ID)
	}
	if e.ID == "" || len(e.ID) > maxIDBytes || reserved(e.ID) {
		return coffer.Invalid("id", "entry %.80q: want 1 to %d bytes that do not start like the ledger's own ids", e.ID, maxIDBytes)
	}
	return nil
}

// write inserts entries and applies those that are new to the balances.
func (l *Ledger) write(ctx context.Context, tx pgx.Tx, entries []Entry) error {
	fresh, err := insert(ctx, tx, entries)
	if err != nil {
		return fmt.Errorf("post %d entries: %w", len(entries), err)
	}
	if err := l.apply(ctx, tx, fresh); err != nil {
		return fmt.Errorf("post %d entries: %w", len(entries), err)
	}
	return nil
}
