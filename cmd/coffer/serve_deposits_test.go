package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/withdrawal"
)

func TestSendersAreHeldAgainstBothListsAndAStaleOneGivesNoAnswer(t *testing.T) {
	const bad, sanctioned, good = "0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	file, err := policy.MakeSanctions("test", now, now.Add(time.Hour), []policy.SanctionsEntry{{Address: sanctioned, Evidence: "case 7"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		t.Fatal("no public key")
	}
	list, err := withdrawal.NewSanctionsList(func() ([]byte, error) { return file, nil }, []ed25519.PublicKey{public}, time.Hour, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	s := senders{blocked: map[place]bool{{"eip155:1", bad}: true}, sanctions: list}
	for _, c := range []struct {
		chain    coffer.ChainID
		from     coffer.Address
		pass     bool
		category string
	}{
		{"eip155:1", bad, false, "blocked sender"},
		{"eip155:56", bad, true, "sanctions"}, // blocked on the other chain only
		{"eip155:56", sanctioned, false, "sanctions"},
		{"eip155:1", good, true, "sanctions"},
	} {
		got, err := s.ScreenDeposit(t.Context(), coffer.Deposit{Chain: c.chain, From: c.from})
		if err != nil || got.Pass != c.pass || got.Category != c.category || got.Evidence == "" {
			t.Errorf("%s on %s: %+v, %v", c.from, c.chain, got, err)
		}
	}
	if got, err := s.ScreenDeposit(t.Context(), coffer.Deposit{Chain: "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"}); err == nil {
		t.Errorf("a deposit whose sender nobody knows: %+v", got)
	}
	now = now.Add(2 * time.Hour)
	if got, err := s.ScreenDeposit(t.Context(), coffer.Deposit{Chain: "eip155:1", From: good}); err == nil {
		t.Errorf("a list that is out of date says %+v", got)
	}
}

func TestASecondNodeThatIsAwayIsSaidOnceAndMakesTheServerNotReady(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	said := 0
	away := errors.New("connection refused")
	w := &witness{
		dial:  func(context.Context) (deposit.Headers, func(), error) { return nil, nil, away },
		clock: func() time.Time { return now }, silent: func(error) { said++ }, after: time.Minute,
	}
	ask := func() {
		t.Helper()
		if _, err := w.Header(t.Context(), 1); !errors.Is(err, away) {
			t.Fatalf("a node that is away says %v", err)
		}
	}
	ask()
	if w.ready() != nil || said != 0 {
		t.Error("a moment of silence is no alarm")
	}
	now = now.Add(61 * time.Second)
	ask()
	ask()
	if err := w.ready(); !errors.Is(err, away) || said != 1 {
		t.Errorf("ready: %v, said %d times", err, said)
	}
	w.note(&w.heads, nil)
	if err := w.ready(); err != nil {
		t.Errorf("after an answer: %v", err)
	}
	w.note(&w.heads, coffer.ErrNotFound)
	now = now.Add(61 * time.Second)
	w.note(&w.heads, coffer.ErrNotFound)
	if err := w.ready(); !errors.Is(err, coffer.ErrNotFound) || said != 2 {
		t.Errorf("a node that stays behind: %v, said %d times", err, said)
	}

	// It may know the chain and not what blocks paid.
	w.note(&w.heads, nil)
	w.note(&w.content, away)
	now = now.Add(61 * time.Second)
	w.note(&w.content, away)
	w.note(&w.heads, nil)
	if err := w.ready(); !errors.Is(err, away) || said != 3 {
		t.Errorf("a node that does not trace: %v, said %d times", err, said)
	}
}

// recalling is a second node that answers what it is told to.
type recalling struct {
	deposit.Headers
	found bool
	err   error
}

func (r *recalling) Corroborate(context.Context, coffer.Hash, []coffer.Transfer) (bool, error) {
	return false, errors.New("not asked")
}

func (r *recalling) Recall(context.Context, coffer.Hash, []coffer.Transfer) (bool, error) {
	return r.found, r.err
}

// corroborator is one that has no need to be asked early.
type corroborator struct{ deposit.Corroborator }

func (corroborator) Header(context.Context, uint64) (coffer.Header, error) {
	return coffer.Header{}, nil
}

func TestEarlyQuestionsMakeNoAlarm(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	away := errors.New("connection refused")
	node, dials := &recalling{err: away}, 0
	w := &witness{
		dial: func(context.Context) (deposit.Headers, func(), error) {
			if dials++; dials == 1 {
				return nil, nil, away
			}
			return node, func() {}, nil
		},
		clock: func() time.Time { return now }, silent: func(err error) { t.Errorf("said: %v", err) }, after: time.Minute,
	}
	for range 3 {
		if found, err := w.Recall(t.Context(), coffer.Hash{1}, nil); found || !errors.Is(err, away) {
			t.Errorf("a node that is away: %v, %v", found, err)
		}
		now = now.Add(time.Hour)
	}
	if err := w.ready(); err != nil || dials != 2 {
		t.Errorf("ready: %v, %d dials", err, dials)
	}
	node.found, node.err = true, nil
	if found, err := w.Recall(t.Context(), coffer.Hash{1}, nil); !found || err != nil {
		t.Errorf("a node that knows: %v, %v", found, err)
	}

	for name, other := range map[string]struct {
		node  deposit.Headers
		found bool
	}{
		"blocks prove all":                 {struct{ deposit.Headers }{node}, true},
		"what it says is good at any time": {corroborator{}, false},
	} {
		w := &witness{dial: func(context.Context) (deposit.Headers, func(), error) { return other.node, func() {}, nil }, clock: w.clock}
		if found, err := w.Recall(t.Context(), coffer.Hash{1}, nil); found != other.found || err != nil {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}
