package payout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// maxPages bounds how many pages of a log one Follow reads; the next goes on.
const maxPages = 1_000

// Errors of a signer's log.
var (
	// ErrLogBehind is returned for a log that ends before a record that was read from it: it
	// was cut, deleted or restored from an old copy.
	ErrLogBehind = errors.New("the signer's log ends before what was read from it")
	// ErrLogDiffers is returned for a log with another record than was read from it.
	ErrLogDiffers = errors.New("the signer's log is not the one that was read")
	// ErrHalted is returned while signers know payouts that this database does not: it is
	// older than they are, and what it thinks unpaid may be paid.
	ErrHalted = errors.New("payouts are halted: this database was restored")
)

// SignerLog is a signer's log as far as payouts need it. Read returns the records behind
// one whose hash is previous, in order, at most a page of them, and where the log ends; it
// returns ErrLogDiffers when they do not follow that record. Seen tells the signer how far
// it was read, so that it refuses to sign with less.
type SignerLog interface {
	Name() string
	Read(ctx context.Context, after uint64, previous coffer.Hash) (LogPage, error)
	Seen(ctx context.Context, sequence uint64, head coffer.Hash) error
}

// LogPage is a page of a log and where the log ends.
type LogPage struct {
	Records  []LogRecord
	Sequence uint64
	Head     coffer.Hash
}

// LogRecord is one record of a signer's log. Line is the record as the signer keeps it.
type LogRecord struct {
	Sequence uint64
	Hash     coffer.Hash
	Line     []byte
	Payout   *LoggedPayout // nil in records of other kinds
	Reset    bool          // a quorum let the signer go on with the log that it has
}

// LoggedPayout is a payout that a signer was about to sign. Intent is nil in records that
// do not tell it.
type LoggedPayout struct {
	ID         string
	IntentHash coffer.Hash
	Intent     *coffer.Intent
	Orders     []coffer.Order // parallel to the intent's, none in payouts of other purposes
	ValidUntil time.Time
	IDs        []coffer.Hash // of the attempt on the chain; none where the record does not tell
}

// cancels reports whether it was asked for to use its slot up.
func (l *LoggedPayout) cancels() bool {
	return l.Intent != nil && l.Intent.Purpose == coffer.PurposeCancel
}

// statedBy reports whether signers were asked for this payout's intent, or for nothing in
// its slot: the intent of a cancellation is not kept, but what it may differ in harms nobody.
func (p *Payout) statedBy(l *LoggedPayout) bool {
	if l.cancels() {
		return l.Intent.Chain == p.Intent.Chain && l.Intent.Wallet == p.Intent.Wallet && l.Intent.Slot == p.Intent.Slot
	}
	return p.row.IntentHash == l.IntentHash
}

// Follow reads what is new in a signer's log and keeps a copy. A payout in it that this
// database does not have halts all payouts: somebody else asked the signers, or this
// database is an old one. ErrLogBehind and ErrLogDiffers are for people.
func (m *Manager) Follow(ctx context.Context, log SignerLog) error {
	for range maxPages {
		at, err := m.sql.SignerLog(ctx, log.Name())
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("read how far the log of %s was read: %w", log.Name(), err)
		}
		known := uint64(at.Sequence) //nolint:gosec // counts records
		page, err := log.Read(ctx, known, at.Head)
		if errors.Is(err, ErrLogDiffers) {
			return m.rebase(ctx, log, at, err)
		}
		if err != nil {
			return fmt.Errorf("read the log of %s: %w", log.Name(), err)
		}
		switch {
		case page.Sequence < known:
			err := fmt.Errorf("%w: signer %s has %d records, %d were read", ErrLogBehind, log.Name(), page.Sequence, known)
			return m.rebase(ctx, log, at, err)
		case page.Sequence == known && page.Head != at.Head:
			err := fmt.Errorf("%w: signer %s has record %d as %s, not %s", ErrLogDiffers, log.Name(), known, page.Head, at.Head)
			return m.rebase(ctx, log, at, err)
		case len(page.Records) == 0:
			if known == 0 {
				return nil
			}
			if err := log.Seen(ctx, known, at.Head); err != nil {
				return fmt.Errorf("tell %s how far its log was read: %w", log.Name(), err)
			}
			return nil
		}
		if err := m.keep(ctx, log.Name(), known, page.Records); err != nil {
			return err
		}
	}
	return nil
}

// rebase deals with a log that is not the one we read. The signer is told, so that it locks
// itself; where a quorum has let it go on with the log that it has, that is the one to
// follow from now on, and everything in it is looked at again.
func (m *Manager) rebase(ctx context.Context, log SignerLog, at payoutsql.SignerLog, cause error) error {
	seen := log.Seen(ctx, uint64(at.Sequence), at.Head) //nolint:gosec // counts records
	var records []LogRecord
	var previous coffer.Hash
	common := int64(0) // records that both logs begin with
	reset := false
	for range maxPages {
		page, err := log.Read(ctx, uint64(len(records)), previous)
		if err != nil {
			return errors.Join(cause, seen, err)
		}
		if len(page.Records) == 0 {
			break
		}
		for _, rec := range page.Records {
			hash, err := m.sql.SignerRecordHash(ctx, payoutsql.SignerRecordHashParams{Signer: log.Name(), Sequence: int64(rec.Sequence)}) //nolint:gosec // counts records
			if err == nil && hash == rec.Hash && common == int64(rec.Sequence)-1 {                                                        //nolint:gosec // counts records
				common++
			} else if rec.Reset {
				reset = true
			}
			records, previous = append(records, rec), rec.Hash
		}
	}
	if !reset {
		return errors.Join(cause, seen)
	}
	err := m.DB.Tx(ctx, func(tx pgx.Tx) error {
		q := m.sql.WithTx(tx)
		if err := q.DropSignerRecords(ctx, payoutsql.DropSignerRecordsParams{Signer: log.Name(), Sequence: common + 1}); err != nil {
			return fmt.Errorf("forget records of %s: %w", log.Name(), err)
		}
		return m.keepTx(ctx, tx, log.Name(), records[common:])
	})
	if err == nil {
		m.Log.Warn("the signer's log was reset by a quorum; it is followed from there", "signer", log.Name(), "records", len(records), "kept", common)
	}
	return err
}

// keep stores a page of records behind the ones that are known.
func (m *Manager) keep(ctx context.Context, signer string, known uint64, records []LogRecord) error {
	err := m.DB.Tx(ctx, func(tx pgx.Tx) error {
		at, err := m.sql.WithTx(tx).SignerLog(ctx, signer)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("read how far the log of %s was read: %w", signer, err)
		}
		if uint64(at.Sequence) != known { //nolint:gosec // counts records
			return nil // somebody else was first
		}
		return m.keepTx(ctx, tx, signer, records)
	})
	m.checkpoint("payout.followed")
	return err
}

func (m *Manager) keepTx(ctx context.Context, tx pgx.Tx, signer string, records []LogRecord) error {
	q := m.sql.WithTx(tx)
	for _, rec := range records {
		known, err := m.knows(ctx, tx, rec)
		if err != nil {
			return err
		}
		if !known {
			if err := m.halt(ctx, q, fmt.Sprintf("signer %s signed payout %s, which is not in this database", signer, rec.Payout.ID)); err != nil {
				return err
			}
		}
		if known && rec.Payout != nil {
			// The database may be from before anybody was asked: the slot is taken all the same.
			if err := q.MarkAnswered(ctx, rec.Payout.ID); err != nil {
				return fmt.Errorf("note that a signer signed payout %s: %w", rec.Payout.ID, err)
			}
		}
		err = q.InsertSignerRecord(ctx, payoutsql.InsertSignerRecordParams{
			Signer: signer, Sequence: int64(rec.Sequence), Hash: rec.Hash, Line: rec.Line, Missing: !known, //nolint:gosec // counts records
		})
		if err != nil {
			return fmt.Errorf("keep record %d of %s: %w", rec.Sequence, signer, err)
		}
	}
	if len(records) == 0 {
		return nil
	}
	last := records[len(records)-1]
	err := q.SaveSignerLog(ctx, payoutsql.SaveSignerLogParams{Signer: signer, Sequence: int64(last.Sequence), Head: last.Hash, UpdatedAt: m.now()}) //nolint:gosec // counts records
	if err != nil {
		return fmt.Errorf("keep how far the log of %s was read: %w", signer, err)
	}
	return nil
}

// identifier is an explainer that knows what a transaction will be known by on the chain.
type identifier interface {
	ID(u coffer.Unsigned) (coffer.Hash, error)
}

// knows reports whether what a record says was signed is stored here: its payout, at the
// point where signers are asked or beyond, and the attempt.
func (m *Manager) knows(ctx context.Context, tx pgx.Tx, rec LogRecord) (bool, error) {
	if rec.Payout == nil {
		return true, nil
	}
	q := m.sql.WithTx(tx)
	row, err := q.Get(ctx, rec.Payout.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read payout %s: %w", rec.Payout.ID, err)
	}
	ps, err := m.load(ctx, q, []payoutsql.Payout{row})
	if err != nil {
		return false, err
	}
	p := ps[0]
	if !p.statedBy(rec.Payout) || p.State == coffer.PayoutPlanned || p.State == coffer.PayoutBuilt {
		return false, nil
	}
	for _, id := range rec.Payout.IDs {
		if !m.hasAttempt(&p, id, rec.Payout) {
			return false, nil
		}
	}
	return true, nil
}

// hasAttempt reports whether one of a payout's attempts, that cancels or not as a record
// says, will be known by id and ends no sooner; an id need not cover the validity. Where
// nobody can tell before it is signed, it counts as known.
func (m *Manager) hasAttempt(p *Payout, id coffer.Hash, logged *LoggedPayout) bool {
	named, ok := m.Chains[p.Intent.Chain].Explainer.(identifier)
	if !ok {
		return true
	}
	return slices.ContainsFunc(p.Attempts, func(a Attempt) bool {
		until := logged.ValidUntil
		if a.Cancels != logged.cancels() || !a.ValidUntil.IsZero() && (until.IsZero() || a.ValidUntil.Before(until)) {
			return false
		}
		if a.Signed != nil {
			return a.Signed.ID == id
		}
		got, err := named.ID(a.Unsigned)
		return err == nil && got == id
	})
}
