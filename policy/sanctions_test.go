package policy_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

const listed = "0x8589427373D6D84E98730D7795D8f6f8731FDA16"

const sanctionsLines = `coffer sanctions 1
name OFAC SDN
issued 2026-05-04T06:00:00Z
expires 2026-05-06T06:00:00Z
address 0x8589427373D6D84E98730D7795D8f6f8731FDA16 SDN 20155
address TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t SDN 1
address BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4 SDN 2
`

func listKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
}

func listKeys() []ed25519.PublicKey {
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, ed25519.SeedSize))
	return []ed25519.PublicKey{ed25519.PublicKey(other[ed25519.SeedSize:]), ed25519.PublicKey(listKey()[ed25519.SeedSize:])}
}

func signed(lines string) []byte {
	signature := ed25519.Sign(listKey(), policy.SanctionsMessage([]byte(lines)))
	return fmt.Appendf(nil, "%ssignature 0x%s\n", lines, hex.EncodeToString(signature))
}

func TestASanctionsListNamesAddressesInEverySpelling(t *testing.T) {
	list, err := policy.ParseSanctions(signed(sanctionsLines), listKeys())
	if err != nil || list.Len() != 3 {
		t.Fatalf("list = %+v, %v", list, err)
	}
	tests := []struct {
		address coffer.Address
		says    string
	}{
		{listed, "OFAC SDN: SDN 20155"},
		{coffer.Address(strings.ToLower(listed)), "OFAC SDN: SDN 20155"},
		{"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "OFAC SDN: SDN 1"},
		{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "OFAC SDN: SDN 2"},
		{"tr7nhqjekqxgtci8q8zy4pl8otszgjlj6t", ""}, // base58 keeps its case
		{"0x90F79bf6EB2c4f870365E785982E1f101E93b906", ""},
	}
	for _, test := range tests {
		evidence, hit, err := list.Check(test.address, now, time.Hour*24)
		if err != nil || evidence != test.says || hit != (test.says != "") {
			t.Errorf("%s: %q %v, %v; want %q", test.address, evidence, hit, err, test.says)
		}
	}
}

func TestASanctionsListAnswersOnlyWhileItIsValid(t *testing.T) {
	list, err := policy.ParseSanctions(signed(sanctionsLines), listKeys())
	if err != nil {
		t.Fatal(err)
	}
	issued, expires := now.Add(-6*time.Hour), now.Add(42*time.Hour)
	tests := []struct {
		name   string
		now    time.Time
		maxAge time.Duration
		says   string
	}{
		{"just issued, by a clock a little behind", issued.Add(-5 * time.Minute), 48 * time.Hour, ""},
		{"not yet issued", issued.Add(-5*time.Minute - 1), 48 * time.Hour, "is to come"},
		{"about to expire", expires.Add(-1), 72 * time.Hour, ""},
		{"expired", expires, 72 * time.Hour, "out of date"},
		{"about to be too old", issued.Add(time.Hour - 1), time.Hour, ""},
		{"too old", issued.Add(time.Hour), time.Hour, "out of date"},
		{"no age is allowed", issued, 0, "out of date"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, hit, err := list.Check(listed, test.now, test.maxAge)
			if test.says == "" && (err != nil || !hit) {
				t.Errorf("hit %v, %v", hit, err)
			}
			if test.says != "" && (hit || err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("hit %v, %v; want no answer and %q", hit, err, test.says)
			}
		})
	}
}

func TestParseSanctionsRefuses(t *testing.T) {
	change := func(old, new string) []byte {
		if !strings.Contains(sanctionsLines, old) {
			t.Fatalf("the list does not hold %q", old)
		}
		return signed(strings.Replace(sanctionsLines, old, new, 1))
	}
	good := signed(sanctionsLines)
	foreign := ed25519.Sign(ed25519.NewKeyFromSeed(make([]byte, 32)), policy.SanctionsMessage([]byte(sanctionsLines)))
	tests := []struct {
		name string
		file []byte
		says string
	}{
		{"nothing", nil, "newline"},
		{"no signature", []byte(sanctionsLines), "not a signature"},
		{"half a signature", append(good[:len(good)-10:len(good)-10], '\n'), "not a signature"},
		{"no newline", good[:len(good)-1], "newline"},
		{"only a signature", signed(""), "nothing before"},
		{"a stranger's signature", fmt.Appendf(nil, "%ssignature 0x%x\n", sanctionsLines, foreign), "none of the pinned keys"},
		{"a changed address", bytes.Replace(good, []byte("SDN 20155"), []byte("SDN 20156"), 1), "none of the pinned keys"},
		{"a line removed", bytes.Replace(good, []byte("address TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t SDN 1\n"), nil, 1), "none of the pinned keys"},
		{"two signatures", append(bytes.Clone(good), good[len(sanctionsLines):]...), "none of the pinned keys"},
		{"another version", change("sanctions 1", "sanctions 2"), "line 1"},
		{"no name", change("name OFAC SDN\n", ""), "line 2"},
		{"no time", change("2026-05-04T06:00:00Z", "yesterday"), "line 3"},
		{"expires first", change("expires 2026-05-06", "expires 2026-05-03"), "expires before"},
		{"an address misspelt", change("FDA16", "FDA17"), "line 5"},
		{"an address cut off", change("FDA16", "FDA1"), "line 5"},
		{"an empty line", change("SDN 1\n", "SDN 1\n\n"), "line 7"},
		{"carriage returns", change("SDN 1\n", "SDN 1\r\n"), "control"},
		{"long evidence", change("SDN 1", strings.Repeat("x", 300)), "line 6"},
		{"too short", signed("coffer sanctions 1\nname x\n"), "want a heading"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := policy.ParseSanctions(test.file, listKeys())
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("want an error with %q, got %v", test.says, err)
			}
		})
	}
	if _, err := policy.ParseSanctions(good, nil); err == nil {
		t.Error("a list was believed without a key")
	}
	if _, err := policy.ParseSanctions(good, []ed25519.PublicKey{nil, make([]byte, 3)}); err == nil {
		t.Error("a list was believed by a key that is none")
	}
}

func FuzzParseSanctions(f *testing.F) {
	f.Add(sanctionsLines)
	f.Add("coffer sanctions 1\nname \nissued x\n")
	f.Fuzz(func(t *testing.T, lines string) {
		list, err := policy.ParseSanctions(signed(lines), listKeys())
		if err == nil && !list.Issued().Before(list.ValidUntil(1<<62)) {
			t.Error("a list that never answers was read")
		}
		if _, err := policy.ParseSanctions([]byte(lines), listKeys()); err == nil && lines != string(signed(sanctionsLines)) {
			t.Error("an unsigned list was believed")
		}
	})
}
