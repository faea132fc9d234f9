package signer

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden keeps a type that embeds it from being printed.
type hidden struct{}

const redacted = "[redacted]"

// String implements fmt.Stringer.
func (hidden) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (hidden) GoString() string { return redacted }

// Format implements fmt.Formatter for every verb.
func (hidden) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements encoding.TextMarshaler.
func (hidden) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (hidden) LogValue() slog.Value { return slog.StringValue(redacted) }
