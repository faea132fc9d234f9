package coffer

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/holiman/uint256"
)

// Amount is an unsigned number of base units, below 2^256. Its text and JSON form is a
// decimal string; in SQL it is a numeric(78,0). The zero value is zero.
type Amount struct{ n uint256.Int }

// Errors of amount arithmetic and parsing.
var (
	ErrAmountSyntax    = errors.New("want a plain decimal number without sign, exponent or spaces")
	ErrAmountRange     = errors.New("amount is not below 2^256 base units")
	ErrAmountPrecision = errors.New("more decimal places than the asset has")
	ErrAmountNegative  = errors.New("result is below zero")
)

const maxAmountDigits = 78 // 2^256 has 78 decimal digits

// NewAmount returns n base units.
func NewAmount(n uint64) Amount { return Amount{*uint256.NewInt(n)} }

// AmountFromInt returns n base units; n is copied.
func AmountFromInt(n *uint256.Int) Amount { return Amount{*n} }

// AmountFromBytes reads a big-endian number of at most 32 bytes.
func AmountFromBytes(b []byte) (Amount, error) {
	if len(b) > 32 {
		return Amount{}, ErrAmountRange
	}
	var a Amount
	a.n.SetBytes(b)
	return a, nil
}

// ParseAmount reads a number of base units: 1 to 78 digits.
func ParseAmount(s string) (Amount, error) {
	if !allDigits(s) {
		return Amount{}, ErrAmountSyntax
	}
	trimmed := strings.TrimLeft(s, "0")
	if len(trimmed) > maxAmountDigits {
		return Amount{}, ErrAmountRange
	}
	if trimmed == "" {
		return Amount{}, nil
	}
	var a Amount
	if err := a.n.SetFromDecimal(trimmed); err != nil {
		return Amount{}, ErrAmountRange
	}
	return a, nil
}

// ParseUnits reads the number people say ("12.5") of an asset with so many decimals.
// It never rounds: more decimal places than the asset has is ErrAmountPrecision.
func ParseUnits(s string, decimals uint8) (Amount, error) {
	whole, fraction, hasPoint := strings.Cut(s, ".")
	if !allDigits(whole) || (hasPoint && !allDigits(fraction)) {
		return Amount{}, ErrAmountSyntax
	}
	if len(fraction) > int(decimals) {
		return Amount{}, ErrAmountPrecision
	}
	if len(whole) > maxAmountDigits {
		return Amount{}, ErrAmountRange
	}
	return ParseAmount(whole + fraction + strings.Repeat("0", int(decimals)-len(fraction)))
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// Units writes the amount as people say it, without trailing zeros ("12.5").
func (a Amount) Units(decimals uint8) string {
	digits := a.n.Dec()
	if pad := int(decimals) + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	whole, fraction := digits[:len(digits)-int(decimals)], digits[len(digits)-int(decimals):]
	if fraction = strings.TrimRight(fraction, "0"); fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// Add returns a+b, or ErrAmountRange.
func (a Amount) Add(b Amount) (Amount, error) {
	var sum Amount
	if _, overflow := sum.n.AddOverflow(&a.n, &b.n); overflow {
		return Amount{}, ErrAmountRange
	}
	return sum, nil
}

// Sub returns a-b, or ErrAmountNegative.
func (a Amount) Sub(b Amount) (Amount, error) {
	var diff Amount
	if _, underflow := diff.n.SubOverflow(&a.n, &b.n); underflow {
		return Amount{}, ErrAmountNegative
	}
	return diff, nil
}

// Cmp compares as numbers: -1, 0 or 1.
func (a Amount) Cmp(b Amount) int { return a.n.Cmp(&b.n) }

// IsZero reports whether a is zero.
func (a Amount) IsZero() bool { return a.n.IsZero() }

// Int returns a copy as uint256.
func (a Amount) Int() *uint256.Int { return a.n.Clone() }

// Bytes32 returns the big-endian 32-byte form.
func (a Amount) Bytes32() [32]byte { return a.n.Bytes32() }

// String returns base units in decimal.
func (a Amount) String() string { return a.n.Dec() }

// MarshalText implements encoding.TextMarshaler, so JSON carries a string, never a number.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Amount) UnmarshalText(text []byte) error {
	parsed, err := ParseAmount(string(text))
	if err != nil {
		return fmt.Errorf("amount %.90q: %w", text, err)
	}
	*a = parsed
	return nil
}

// Value implements driver.Valuer.
func (a Amount) Value() (driver.Value, error) { return a.String(), nil }

// Scan implements sql.Scanner for numeric(78,0) columns.
func (a *Amount) Scan(src any) error {
	switch v := src.(type) {
	case string:
		return a.UnmarshalText([]byte(v))
	case []byte:
		return a.UnmarshalText(v)
	case int64:
		if v < 0 {
			return ErrAmountNegative
		}
		*a = NewAmount(uint64(v))
		return nil
	}
	return fmt.Errorf("scan amount from %T: want numeric(78,0)", src)
}
