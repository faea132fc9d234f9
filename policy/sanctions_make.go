package policy

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SanctionsEntry is one address of a list to be made, and the evidence beside it.
type SanctionsEntry struct{ Address, Evidence string }

// MakeSanctions writes a list and signs it. The entries come sorted and each address once,
// so that the same entries make the same file. What cannot be read back is not made.
func MakeSanctions(name string, issued, expires time.Time, entries []SanctionsEntry, key ed25519.PrivateKey) ([]byte, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, errors.New("sanctions: want an Ed25519 private key")
	}
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b SanctionsEntry) int {
		return strings.Compare(foldAddress(a.Address), foldAddress(b.Address))
	})
	sorted = slices.CompactFunc(sorted, func(a, b SanctionsEntry) bool { return foldAddress(a.Address) == foldAddress(b.Address) })

	var file strings.Builder
	fmt.Fprintf(&file, "coffer sanctions 1\nname %s\nissued %s\nexpires %s\n", name, rfc3339(issued), rfc3339(expires))
	for _, e := range sorted {
		file.WriteString(strings.TrimRight("address "+e.Address+" "+e.Evidence, " ") + "\n")
	}
	signature := ed25519.Sign(key, SanctionsMessage([]byte(file.String())))
	file.WriteString("signature 0x" + hex.EncodeToString(signature) + "\n")

	made := []byte(file.String())
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("sanctions: the key has no public half")
	}
	if _, err := ParseSanctions(made, []ed25519.PublicKey{public}); err != nil {
		return nil, err
	}
	return made, nil
}

// Name is what the list calls itself.
func (s *Sanctions) Name() string { return s.name }

// Expires is when the list ends by its own word.
func (s *Sanctions) Expires() time.Time { return s.expires }
