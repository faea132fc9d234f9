package signer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/utxo"
)

// splitSeed makes shares of the sealed seed of a fixture's signer.
func splitSeed(t testing.TB, f *fixture, file string, threshold, count int) []string {
	t.Helper()
	paths, err := SplitSeed(t.Context(), f.cfg, SplitConfig{Signer: f.cfg.Name, File: file, Threshold: threshold, Count: count, Dir: t.TempDir()})
	f.must(err)
	if len(paths) != count {
		t.Fatalf("%d shares, want %d", len(paths), count)
	}
	return paths
}

// joinSeed seals what shares make with the token of another fixture's signer.
func joinSeed(t testing.TB, f *fixture, shares ...string) (file, key string, err error) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "seed.json")
	key, err = CreateSeed(t.Context(), f.cfg, SeedConfig{Signer: f.cfg.Name, Label: "seal", File: file, TRON: true, Shares: shares})
	return file, key, err
}

// Any two of three shares make the seed, in any order, under another signer's seal.
func TestASeedIsPutTogetherFromShares(t *testing.T) {
	one, two := newFixture(t, "one"), newFixture(t, "two")
	file, key := makeTRONSeed(t, one, 0)
	shares := splitSeed(t, one, file, 2, 3)
	for _, pick := range [][]int{{0, 1}, {2, 0}, {1, 2}, {0, 1, 2}} {
		var paths []string
		for _, n := range pick {
			paths = append(paths, shares[n])
		}
		if _, got, err := joinSeed(t, two, paths...); err != nil || got != key {
			t.Errorf("shares %v make %s, %v; want %s", pick, got, err, key)
		}
	}
	for _, path := range shares {
		info, err := os.Stat(path)
		one.must(err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
	}

	// It is the same for a seed of Bitcoin, and the seed itself stands in no share.
	bitcoin, expression := makeSeed(t, one)
	parts := splitSeed(t, one, bitcoin, 3, 3)
	again, err := CreateSeed(t.Context(), two.cfg, SeedConfig{Signer: two.cfg.Name, Label: "seal", File: filepath.Join(t.TempDir(), "seed.json"), Network: utxo.Regtest, Shares: parts})
	if err != nil || again != expression {
		t.Errorf("three of three make %s, %v; want %s", again, err, expression)
	}
	seed, err := joinShares(parts)
	one.must(err)
	for _, path := range parts {
		text, err := os.ReadFile(path)
		one.must(err)
		if bytes.Contains(text, seed.bytes) || strings.Contains(string(text), hex.EncodeToString(seed.bytes)) {
			t.Errorf("%s holds the seed", path)
		}
	}
}

func TestSharesThatAreRefused(t *testing.T) {
	one, two := newFixture(t, "one"), newFixture(t, "two")
	file, _ := makeTRONSeed(t, one, 0)
	shares, others := splitSeed(t, one, file, 2, 3), splitSeed(t, one, file, 2, 3)
	edited := func(change func(*seedShare)) string {
		var s seedShare
		text, err := os.ReadFile(shares[1])
		one.must(err)
		one.must(json.Unmarshal(text, &s))
		change(&s)
		path := filepath.Join(t.TempDir(), "edited.json")
		one.must(writeNew(path, s))
		return path
	}
	// A share whose digest is made anew: only the seed tells.
	forged := edited(func(s *seedShare) { s.Share[3] ^= 1; s.Digest = s.digest() })
	text := func(text string) string {
		path := filepath.Join(t.TempDir(), "share.json")
		one.must(os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for name, v := range map[string]struct {
		shares []string
		says   string
		is     error
	}{
		"one of two":                {shares[:1], "1 of 2 that are needed", ErrShares},
		"the same twice":            {[]string{shares[0], shares[0]}, "is share 1, and so is", ErrShares},
		"of two splittings":         {[]string{shares[0], others[1]}, "is of another splitting than", ErrShares},
		"one that is forged":        {[]string{shares[0], forged}, "what they make is not what was split", ErrShares},
		"a byte of it":              {[]string{shares[0], edited(func(s *seedShare) { s.Share[3] ^= 1 })}, "digest", ErrShare},
		"another threshold":         {[]string{edited(func(s *seedShare) { s.Threshold = 1 })}, "digest", ErrShare},
		"a threshold that is not":   {[]string{edited(func(s *seedShare) { s.Threshold = 1; s.Digest = s.digest() })}, "threshold: want 2 to 3", nil},
		"a number that is not":      {[]string{edited(func(s *seedShare) { s.Number = 4; s.Digest = s.digest() })}, "number: want 1 to 3", nil},
		"a longer share":            {[]string{edited(func(s *seedShare) { s.Share = append(s.Share, 1); s.Digest = s.digest() })}, "set, master, share, seed: want", nil},
		"another version":           {[]string{edited(func(s *seedShare) { s.Version = 2 })}, "version: is 2, want 1", nil},
		"another purpose":           {[]string{edited(func(s *seedShare) { s.Purpose = "bip32" })}, "purpose: is \"bip32\"", nil},
		"a sealed seed":             {[]string{file}, "unknown field", nil},
		"no file":                   {[]string{filepath.Join(t.TempDir(), "nowhere")}, "no such file", nil},
		"no share":                  {[]string{text("{}")}, "version: is 0", nil},
		"something behind it":       {[]string{text("{} {}")}, "followed by something else", nil},
		"an endless file":           {[]string{text(strings.Repeat(" ", maxShareFile+1))}, "more than 4096 bytes", nil},
		"more than there can be":    {make([]string, maxShares+1), "at most 16", ErrShares},
		"threshold, not as written": {[]string{shares[0], edited(func(s *seedShare) { s.Threshold = 3; s.Digest = s.digest() })}, "is of another splitting than", ErrShares},
	} {
		sealed, key, err := joinSeed(t, two, v.shares...)
		if err == nil || !strings.Contains(err.Error(), v.says) || v.is != nil && !errors.Is(err, v.is) {
			t.Errorf("%s: %s, %v", name, key, err)
		}
		if _, err := os.Stat(sealed); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: there is a sealed seed: %v", name, err)
		}
	}

	sealed, _, err := joinSeed(t, two, shares[:2]...)
	two.must(err)
	_, err = CreateSeed(t.Context(), two.cfg, SeedConfig{Signer: two.cfg.Name, Label: "seal", File: sealed, TRON: true, Shares: shares})
	if err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("shares over a seed that is there: %v", err)
	}
}

func TestSplittingsThatAreRefused(t *testing.T) {
	f := newFixture(t, "one")
	file, _ := makeTRONSeed(t, f, 0)
	taken := t.TempDir()
	f.must(os.WriteFile(filepath.Join(taken, "share-3.json"), []byte("mine"), 0o600))
	for name, v := range map[string]struct {
		change func(*SplitConfig)
		says   string
	}{
		"a share that is the seed": {func(s *SplitConfig) { s.Threshold = 1 }, "threshold: want 2 to 3"},
		"more than there are":      {func(s *SplitConfig) { s.Threshold = 4 }, "threshold: want 2 to 3"},
		"one":                      {func(s *SplitConfig) { s.Count = 1 }, "count: want 2 to 16"},
		"many":                     {func(s *SplitConfig) { s.Count = 17 }, "count: want 2 to 16"},
		"of another signer":        {func(s *SplitConfig) { s.Signer = "another" }, "signer: it is of"},
		"no seed":                  {func(s *SplitConfig) { s.File += "x" }, "no such file"},
		"over another share":       {func(s *SplitConfig) { s.Dir = taken }, "share-3.json: is there already"},
		"to nowhere":               {func(s *SplitConfig) { s.Dir = filepath.Join(taken, "none") }, "no such file"},
	} {
		s := SplitConfig{Signer: f.cfg.Name, File: file, Threshold: 2, Count: 3, Dir: t.TempDir()}
		v.change(&s)
		if paths, err := SplitSeed(t.Context(), f.cfg, s); err == nil || !strings.Contains(err.Error(), v.says) {
			t.Errorf("%s: %v, %v", name, paths, err)
		}
		left, err := filepath.Glob(filepath.Join(s.Dir, "share-[12].json"))
		if err != nil || len(left) != 0 {
			t.Errorf("%s: left %v, %v", name, left, err)
		}
	}
}

// Two signers with the same seed: either sweeps, and a transaction that one has signed the other
// signs to the same bytes. Each has its own log, and binds what it signed itself.
func TestEitherOfTwoSignersWithTheSeedSweeps(t *testing.T) {
	q := newTRONQuorum(t)
	one, two := q.signers[0], q.signers[1]
	last := func(f *fixture) *ChainConfig { return &f.cfg.Chains[len(f.cfg.Chains)-1] }
	one.close() // a process logs in to a token once
	two.close()
	shares := splitSeed(t, one, last(one).Seed, 2, 3)
	file, key, err := joinSeed(t, two, shares[1], shares[2])
	if err != nil || key != q.account.Deposits.String() {
		t.Fatalf("%s, %v", key, err)
	}
	last(two).Seed = file
	one.start()
	two.start()
	for n, held := range []bool{true, true, false} {
		want := Deposits{tron.Mainnet, q.account.Name(), key, held}
		if got := q.signers[n].info().Deposits; len(got) != 1 || got[0] != want {
			t.Errorf("signer %d says %+v, want %+v", n, got, want)
		}
	}

	for n := range 2 { // while the other is away
		r := q.sweep(uint32(n+1), tronUSDT, 0)
		if _, err := tron.Finalize(q.account, r.Unsigned, q.sign(n, r)); err != nil {
			t.Errorf("signer %d: %v", n, err)
		}
	}
	r := q.sweep(7, tronUSDT, 5e9)
	if a, b := q.sign(0, r)[0], q.sign(1, r)[0]; !bytes.Equal(a.Bytes, b.Bytes) || a.Key != b.Key {
		t.Errorf("two signers make two transactions of one sweep: %+v, %+v", a, b)
	}
}
