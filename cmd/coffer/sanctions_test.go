package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// commandLine runs a command in this process and returns what it prints.
func commandLine(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	err := root.ExecuteContext(t.Context())
	return strings.TrimSpace(out.String()), err
}

func TestAListIsMadeSignedAndVerified(t *testing.T) {
	dir := t.TempDir()
	key, addresses, list := filepath.Join(dir, "issuer.pem"), filepath.Join(dir, "addresses.txt"), filepath.Join(dir, "list.txt")
	public, err := commandLine(t, "sanctions", "key", "--out", key)
	if err != nil || len(public) != 66 {
		t.Fatalf("key: %q %v", public, err)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key can be read by others: %v %v", info.Mode(), err)
	}
	if _, err := commandLine(t, "sanctions", "key", "--out", key); err == nil {
		t.Error("a key was overwritten")
	}

	text := "# a comment\n\n0x8589427373D6D84E98730D7795D8f6f8731FDA16 SDN 20155\nTXYZopYRdj2D9XRtbG411XZZ3kM5VkAeBf\n0x8589427373d6d84e98730d7795d8f6f8731fda16 again\n"
	if err := os.WriteFile(addresses, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sign := []string{"sanctions", "sign", "--key", key, "--name", "OFAC SDN", "--in", addresses, "--out", list}
	if _, err := commandLine(t, sign...); err != nil {
		t.Fatal(err)
	}
	verify := []string{"sanctions", "verify", "--file", list, "--key", public, "--json"}
	said, err := commandLine(t, verify...)
	var shown listShown
	if err != nil || json.Unmarshal([]byte(said), &shown) != nil || shown.Name != "OFAC SDN" || shown.Addresses != 2 || time.Until(shown.ValidUntil) < 47*time.Hour {
		t.Errorf("verified: %s %v", said, err)
	}

	other, err := commandLine(t, "sanctions", "key", "--out", filepath.Join(dir, "other.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		args []string
		says string
	}{
		"another key":    {[]string{"sanctions", "verify", "--file", list, "--key", other}, "none of the pinned keys"},
		"no key":         {[]string{"sanctions", "verify", "--file", list, "--key", "0x12"}, "Ed25519 public key"},
		"too old":        {append(verify, "--max-age", "1ns"), "out of date"},
		"no file":        {[]string{"sanctions", "verify", "--file", list + "x", "--key", public}, "no such file"},
		"no such flag":   {[]string{"sanctions", "verify", "--list", list}, "unknown flag"},
		"nothing named":  {[]string{"sanctions", "verify"}, "needs --file"},
		"a life of none": {append(sign, "--life", "-1h"), "expires before it was issued"},
		"no PEM":         {[]string{"sanctions", "sign", "--key", addresses, "--name", "n", "--in", addresses, "--out", list}, "no PEM"},
		"a bad name":     {[]string{"sanctions", "sign", "--key", key, "--name", "a\nb", "--in", addresses, "--out", list}, "issued"},
	} {
		if _, err := commandLine(t, c.args...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", what, err, c.says)
		}
	}
	if err := os.WriteFile(addresses, []byte("not-an-address-at-all!\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := commandLine(t, sign...); err == nil || !strings.Contains(err.Error(), "line 5") {
		t.Errorf("a bad address: %v", err)
	}
	if again, err := commandLine(t, verify...); err != nil || again != said {
		t.Errorf("refusals changed the list: %s %v", again, err)
	}
}
