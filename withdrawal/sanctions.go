package withdrawal

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// Times of a sanctions list.
const (
	reloadEvery  = time.Minute // how often the file is looked at again
	sanctionsTTL = time.Hour   // the longest that a finding holds
)

// SanctionsList screens destinations against a signed list. It fails closed: a list that
// cannot be read, that no pinned key signed, that is out of date, or that is older than
// one read before gives no answer, and nothing is paid until there is one.
type SanctionsList struct {
	read   func() ([]byte, error)
	keys   []ed25519.PublicKey
	maxAge time.Duration
	clock  coffer.Clock

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

// Name implements Screener.
func (l *SanctionsList) Name() string { return "sanctions list" }

// Screen implements Screener.
func (l *SanctionsList) Screen(_ context.Context, s Subject) (Finding, error) {
	now := l.clock()
	list, err := l.current(now)
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

// current is the list, read again from time to time.
func (l *SanctionsList) current(now time.Time) (*policy.Sanctions, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.readAt.IsZero() || now.Sub(l.readAt) >= reloadEvery || now.Before(l.readAt) {
		l.readAt, l.err = now, l.load()
	}
	return l.list, l.err
}

func (l *SanctionsList) load() error {
	file, err := l.read()
	if err != nil {
		return fmt.Errorf("read the sanctions list: %w", err)
	}
	list, err := policy.ParseSanctions(file, l.keys)
	if err != nil {
		return err
	}
	if l.list != nil && list.Issued().Before(l.list.Issued()) {
		return fmt.Errorf("the sanctions list of %s is older than that of %s, which was read before",
			list.Issued().Format(time.RFC3339), l.list.Issued().Format(time.RFC3339))
	}
	l.list = list
	return nil
}
