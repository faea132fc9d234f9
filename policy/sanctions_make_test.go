package policy_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// Whatever is made is read back with every address, and the order of the entries does not
// matter.
func TestMadeListsNameEveryAddress(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	public := []ed25519.PublicKey{ed25519.PublicKey(key[32:])}
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		numbers := rapid.SliceOfN(rapid.Uint32(), 0, 30).Draw(rt, "numbers")
		entries := make([]policy.SanctionsEntry, len(numbers))
		for i, n := range numbers {
			entries[i] = policy.SanctionsEntry{Address: fmt.Sprintf("0x%040x", n), Evidence: "SDN"}
		}
		made, err := policy.MakeSanctions("test", now, now.Add(time.Hour), entries, key)
		if err != nil {
			rt.Fatal(err)
		}
		slices.Reverse(entries)
		again, err := policy.MakeSanctions("test", now, now.Add(time.Hour), entries, key)
		if err != nil || !bytes.Equal(made, again) {
			rt.Fatalf("another order makes another file: %v", err)
		}
		list, err := policy.ParseSanctions(made, public)
		if err != nil {
			rt.Fatal(err)
		}
		for _, e := range entries {
			if _, listed, err := list.Check(coffer.Address(strings.ToUpper(e.Address[2:])), now, time.Hour); listed || err != nil {
				rt.Fatalf("an address without its 0x is listed: %v", err)
			}
			if _, listed, err := list.Check(coffer.Address(e.Address), now, time.Hour); !listed || err != nil {
				rt.Fatalf("%s is not listed: %v", e.Address, err)
			}
		}
		slices.Sort(numbers)
		if want := len(slices.Compact(numbers)); list.Len() != want {
			rt.Fatalf("%d addresses, want %d", list.Len(), want)
		}
	})
}

func TestListsThatCannotBeReadAreNotMade(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	good := policy.SanctionsEntry{Address: "0x8589427373D6D84E98730D7795D8f6f8731FDA16", Evidence: "SDN"}
	for name, make := range map[string]func() ([]byte, error){
		"no key":  func() ([]byte, error) { return policy.MakeSanctions("n", now, now.Add(1), nil, nil) },
		"no name": func() ([]byte, error) { return policy.MakeSanctions("", now, now.Add(time.Hour), nil, key) },
		"no life": func() ([]byte, error) { return policy.MakeSanctions("n", now, now, nil, key) },
		"two lines": func() ([]byte, error) {
			return policy.MakeSanctions("n", now, now.Add(time.Hour), []policy.SanctionsEntry{{good.Address, "a\naddress 0x1"}}, key)
		},
		"no address": func() ([]byte, error) {
			return policy.MakeSanctions("n", now, now.Add(time.Hour), []policy.SanctionsEntry{{"", "SDN"}}, key)
		},
		"long-winded": func() ([]byte, error) {
			return policy.MakeSanctions("n", now, now.Add(time.Hour), []policy.SanctionsEntry{{good.Address, strings.Repeat("x", 400)}}, key)
		},
		"half a key":   func() ([]byte, error) { return policy.MakeSanctions("n", now, now.Add(time.Hour), nil, key[:32]) },
		"control code": func() ([]byte, error) { return policy.MakeSanctions("n\x00", now, now.Add(time.Hour), nil, key) },
	} {
		if file, err := make(); err == nil {
			t.Errorf("%s: made %q", name, file)
		}
	}
}
