package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/tron"
)

// hsm is a token for commands.
type hsm struct {
	t     *testing.T
	token devnet.Token
	dir   string
}

func newHSM(t *testing.T, label string) hsm {
	t.Helper()
	dir := t.TempDir()
	token, err := devnet.NewToken(t.Context(), dir, label, "1234", "5678")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pin"), []byte("1234\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return hsm{t, token, dir}
}

// coffer runs a command with the token, and returns the lines that it prints.
func (h hsm) coffer(command string, args ...string) ([]string, error) {
	h.t.Helper()
	args = append([]string{"signer", command, "--module", h.token.Module, "--token", h.token.Label, "--pin-file", filepath.Join(h.dir, "pin"), "--dir", h.dir}, args...)
	cmd := testProgram(h.t.Context(), args...)
	cmd.Env = append(cmd.Env, h.token.Env())
	var failure strings.Builder
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		return []string{failure.String()}, err
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n"), nil
}

func (h hsm) must(command string, args ...string) []string {
	h.t.Helper()
	lines, err := h.coffer(command, args...)
	if err != nil {
		h.t.Fatal(lines, err)
	}
	return lines
}

// The deposit key of TRON: made in one signer's token, split, and put into another's.
func TestADepositKeyIsMadeAndSplit(t *testing.T) {
	one, two := newHSM(t, "one"), newHSM(t, "two")
	seed := filepath.Join(one.dir, "tron-seed.json")
	key := one.must("seed", "--label", "seal", "--name", "signer-1", "--file", seed, "--tron")
	if len(key) != 1 || !strings.Contains(key[0], "/44h/195h/0h]xpub") {
		t.Fatalf("printed %q", key)
	}
	if _, err := tron.ParseDepositKey(key[0]); err != nil {
		t.Fatalf("%s: %v", key[0], err)
	}
	if again := one.must("seed", "--label", "seal", "--name", "signer-1", "--file", seed, "--tron"); again[0] != key[0] {
		t.Errorf("asked again it is %s", again[0])
	}
	if other := one.must("seed", "--label", "seal", "--name", "signer-1", "--file", seed, "--tron", "--account", "1"); !strings.Contains(other[0], "/44h/195h/1h]xpub") {
		t.Errorf("account 1 is %s", other[0])
	}
	out := t.TempDir()
	shares := one.must("shares", "--name", "signer-1", "--file", seed, "--threshold", "2", "--count", "3", "--out", out)
	if len(shares) != 3 || shares[2] != filepath.Join(out, "share-3.json") {
		t.Fatalf("shares %q", shares)
	}
	if got := two.must("seed", "--label", "seal", "--name", "signer-2", "--file", filepath.Join(two.dir, "tron-seed.json"), "--tron", "--share", shares[2], "--share", shares[0]); got[0] != key[0] {
		t.Errorf("the other signer has %s, want %s", got[0], key[0])
	}

	fresh := filepath.Join(two.dir, "fresh.json")
	for name, c := range map[string]struct {
		command string
		args    []string
		says    string
	}{
		"Bitcoin's network": {"seed", []string{"--label", "seal", "--name", "signer-2", "--file", fresh, "--tron", "--network", "mainnet"}, "are of Bitcoin, not for --tron"},
		"nested":            {"seed", []string{"--label", "seal", "--name", "signer-2", "--file", fresh, "--tron", "--nested"}, "are of Bitcoin, not for --tron"},
		"no network":        {"seed", []string{"--label", "seal", "--name", "signer-2", "--file", fresh}, "needs --network"},
		"an endless number": {"seed", []string{"--label", "seal", "--name", "signer-2", "--file", fresh, "--tron", "--account", "2147483648"}, "account: want less than 2147483648"},
		"no label":          {"seed", []string{"--name", "signer-2", "--file", fresh, "--tron"}, "needs --label"},
		"another's seed":    {"seed", []string{"--label", "seal", "--name", "signer-2", "--file", seed, "--tron"}, "signer: it is of \"signer-1\""},
		"one share":         {"seed", []string{"--label", "seal", "--name", "signer-2", "--file", fresh, "--tron", "--share", shares[0]}, "1 of 2 that are needed"},
		"shares over it":    {"seed", []string{"--label", "seal", "--name", "signer-2", "--file", seed, "--tron", "--share", shares[0], "--share", shares[1]}, "is there already"},
		"another's shares":  {"shares", []string{"--name", "signer-2", "--file", seed, "--threshold", "2", "--count", "3", "--out", two.dir}, "signer: it is of \"signer-1\""},
		"one is enough":     {"shares", []string{"--name", "signer-1", "--file", seed, "--threshold", "1", "--count", "3", "--out", two.dir}, "threshold: want 2 to 3"},
		"nowhere to go":     {"shares", []string{"--name", "signer-1", "--file", seed, "--threshold", "2", "--count", "3"}, "needs --out"},
	} {
		if lines, err := two.coffer(c.command, c.args...); err == nil || !strings.Contains(strings.Join(lines, "\n"), c.says) {
			t.Errorf("%s: %v, %q; want %q", name, err, lines, c.says)
		}
	}
	if _, err := os.Stat(fresh); !os.IsNotExist(err) {
		t.Errorf("a refused command made a seed: %v", err)
	}
}
