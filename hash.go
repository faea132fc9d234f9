package coffer

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"strings"
)

// Hash is a 32-byte identifier of a block, a transaction, a user operation, an order or
// an intent. Its text form is 0x and 64 lower-case hex digits; in SQL it is a bytea. Those of
// Bitcoin are in the order in which people and nodes write them, the reverse of what is hashed.
type Hash [32]byte

// ParseHash reads the text form; upper-case digits are accepted.
func ParseHash(s string) (Hash, error) {
	var h Hash
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || len(digits) != 2*len(h) {
		return Hash{}, fmt.Errorf("hash %.80q: want 0x and 64 hex digits", s)
	}
	if _, err := hex.Decode(h[:], []byte(digits)); err != nil {
		return Hash{}, fmt.Errorf("hash %.80q: want 0x and 64 hex digits", s)
	}
	return h, nil
}

// IsZero reports whether h is unset.
func (h Hash) IsZero() bool { return h == Hash{} }

// String returns the text form.
func (h Hash) String() string { return "0x" + hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(text []byte) error {
	parsed, err := ParseHash(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

// Value implements driver.Valuer: 32 bytes.
func (h Hash) Value() (driver.Value, error) { return h[:], nil }

// Scan implements sql.Scanner for bytea columns of exactly 32 bytes.
func (h *Hash) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok || len(b) != len(h) {
		return fmt.Errorf("scan hash from %T: want 32 bytes", src)
	}
	copy(h[:], b)
	return nil
}
