package withdrawal_test

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/withdrawal"
)

// An older list does not come back, although its signature is good and it is young enough:
// not after a restart, and not in another process. One from the future, which somebody
// made with a wrong clock, does not shut out the right ones.
func TestAnOlderSanctionsListDoesNotComeBackAfterARestart(t *testing.T) {
	b := newBench(t)
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	start := b.clock()
	list := func(issued time.Time, address string) []byte {
		made, err := policy.MakeSanctions("test", issued, issued.Add(72*time.Hour), []policy.SanctionsEntry{{Address: address, Evidence: "SDN"}}, key)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	var file []byte
	process := func() *withdrawal.SanctionsList {
		l, err := withdrawal.NewSanctionsList(func() ([]byte, error) { return file, nil }, []ed25519.PublicKey{ed25519.PublicKey(key[32:])}, 24*time.Hour, b.clock)
		if err != nil {
			t.Fatal(err)
		}
		l.Remember(withdrawal.NewSanctionsLog(b.db))
		return l
	}
	older, newer := list(start.Add(-2*time.Hour), payee), list(start.Add(-time.Hour), banned)

	file = older
	if err := process().Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	file = newer
	running := process()
	if err := running.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	file = older
	if err := process().Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "older") {
		t.Errorf("the older list after a restart: %v", err)
	}

	file = list(start.Add(48*time.Hour), payee)
	b.later(time.Minute)
	if err := running.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "to come") {
		t.Errorf("a list of the future: %v", err)
	}
	file = list(start, payee)
	b.later(time.Minute)
	for name, l := range map[string]*withdrawal.SanctionsList{"running": running, "restarted": process()} {
		if err := l.Ready(t.Context()); err != nil {
			t.Errorf("a right list after one of the future, %s: %v", name, err)
		}
	}

	var kept int
	if err := b.db.Pool().QueryRow(t.Context(), `select count(*) from withdrawal_sanctions`).Scan(&kept); err != nil || kept != 3 {
		t.Errorf("%d lists on record (%v), want the three that were in force", kept, err)
	}
}
