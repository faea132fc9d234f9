package withdrawal

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// Times of a sanctions list.
const (
	reloadEvery      = 5 * time.Second // how often the file is looked at again
	sanctionsTTL     = time.Hour       // the longest that a finding holds
	sanctionsTimeout = 5 * time.Second // of reading it and its record
)

// SanctionsList screens destinations against a signed list. It fails closed: a list that
// cannot be read, that no pinned key signed, that is out of date, or that is older than
// one read before gives no answer, and nothing is paid until there is one.
type SanctionsList struct {
	read   func() ([]byte, error)
	keys   []ed25519.PublicKey
	maxAge time.Duration
	clock  coffer.Clock
	log    *SanctionsLog // nil remembers for the life of the process only

	mu     sync.Mutex
	list   *policy.Sanctions // the newest that was read, nil before the first
	err    error             // of the last reading
	readAt time.Time
}

// NewSanctionsList screens by what read returns, the bytes of a file that policy can
// parse, as long as it was issued less than maxAge ago.
func NewSanctionsList(read func() ([]byte, error), keys []ed25519.PublicKey, maxAge time.Duration, clock coffer.Clock) (*SanctionsList, error) {
	if read == nil || len(keys) == 0 || maxAge <= 0 || clock == nil {
		return nil, errors.New("withdrawal: a sanctions list needs a reader, a key, a greatest age and a clock")
	}
	return &SanctionsList{read: read, keys: keys, maxAge: maxAge, clock: clock}, nil
}

// SanctionsFile reads a list from a file, at most so many bytes as a list may have.
func SanctionsFile(path string) func() ([]byte, error) {
	return func() ([]byte, error) {
		file, err := os.Open(path) // #nosec G304 -- the operator's own file
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // it was only read
		text, err := io.ReadAll(io.LimitReader(file, policy.MaxSanctionsBytes+1))
		if err == nil && len(text) > policy.MaxSanctionsBytes {
			err = fmt.Errorf("%s is larger than %d bytes", path, policy.MaxSanctionsBytes)
		}
		return text, err
	}
}

// Name implements Screener.
func (l *SanctionsList) Name() string { return "sanctions list" }

// Screen implements Screener.
func (l *SanctionsList) Screen(ctx context.Context, s Subject) (Finding, error) {
	now := l.clock()
	list, err := l.current(ctx, now)
	if err != nil {
		return Finding{}, err
	}
	evidence, listed, err := list.Check(s.Address, now, l.maxAge)
	if err != nil {
		return Finding{}, err
	}
	f := Finding{Verdict: ScreeningClear, Evidence: "list " + list.Hash().String(), TTL: min(sanctionsTTL, list.ValidUntil(l.maxAge).Sub(now))}
	if listed {
		f.Verdict, f.Evidence = ScreeningHit, evidence+", list "+list.Hash().String()
	}
	return f, nil
}

// Ready is nil while the list can answer: it was read, is signed and not out of date.
func (l *SanctionsList) Ready(ctx context.Context) error {
	now := l.clock()
	list, err := l.current(ctx, now)
	if err != nil {
		return err
	}
	_, _, err = list.Check("", now, l.maxAge)
	return err
}

// current is the list, read again from time to time.
func (l *SanctionsList) current(ctx context.Context, now time.Time) (*policy.Sanctions, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.readAt.IsZero() || now.Sub(l.readAt) >= reloadEvery || now.Before(l.readAt) {
		// The next one who asks must not find that this one gave up.
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), sanctionsTimeout)
		defer cancel()
		l.readAt, l.err = now, l.load(call, now)
	}
	return l.list, l.err
}

// load takes a list that is newer than all before. One that is issued in the future is not
// taken: it would shut out every right one until then.
func (l *SanctionsList) load(ctx context.Context, now time.Time) error {
	file, err := l.read()
	if err != nil {
		return fmt.Errorf("read the sanctions list: %w", err)
	}
	if l.list != nil && l.list.Hash() == coffer.Hash(sha256.Sum256(file)) {
		return nil // the one that was read before
	}
	list, err := policy.ParseSanctions(file, l.keys)
	if err != nil {
		return err
	}
	_, _, invalid := list.Check("", now, l.maxAge)
	if invalid != nil && list.Issued().After(now) {
		return invalid
	}
	if l.list != nil && list.Issued().Before(l.list.Issued()) {
		return older(list, l.list.Issued())
	}
	if l.log != nil && invalid == nil {
		if err := l.log.keep(ctx, list, now); err != nil {
			return err
		}
	}
	l.list = list
	return nil
}

func older(list *policy.Sanctions, newest time.Time) error {
	return fmt.Errorf("the sanctions list of %s is older than that of %s, which was read before",
		list.Issued().Format(time.RFC3339), newest.Format(time.RFC3339))
}

// Remember makes the list compare what it reads with what was in force before, also in
// earlier lives of the process and in others, and keep a record of it. It is called before
// the list is used.
func (l *SanctionsList) Remember(log *SanctionsLog) { l.log = log }

// SanctionsLog is the record of the lists that were in force.
type SanctionsLog struct{ sql *withdrawalsql.Queries }

// NewSanctionsLog returns the record in a database.
func NewSanctionsLog(db *postgres.DB) *SanctionsLog {
	return &SanctionsLog{withdrawalsql.New(db.Pool())}
}

// keep records a list that is in force now, or refuses one that is older than another was.
func (g *SanctionsLog) keep(ctx context.Context, list *policy.Sanctions, now time.Time) error {
	newest, err := g.sql.NewestSanctions(ctx)
	switch {
	case err == nil && list.Issued().Before(newest.Issued):
		return older(list, newest.Issued.UTC())
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("read which sanctions list was in force: %w", err)
	}
	err = g.sql.InsertSanctions(ctx, withdrawalsql.InsertSanctionsParams{
		Hash: list.Hash(), Name: list.Name(), Issued: list.Issued(), Expires: list.Expires(), Addresses: int64(list.Len()), ReadAt: now,
	})
	if err != nil {
		return fmt.Errorf("record the sanctions list: %w", err)
	}
	return nil
}
