package graphql

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cofferhq/coffer"
)

// identifier is an ID: text that can be stored and shown, of a bounded length.
type identifier string

const maxIDBytes = 200

// ImplementsGraphQLType names the scalar.
func (identifier) ImplementsGraphQLType(name string) bool { return name == "ID" }

// UnmarshalGraphQL reads an input: a string or, as of the specification, an integer.
func (i *identifier) UnmarshalGraphQL(input any) error {
	switch v := input.(type) {
	case string:
		if !plain(v) || len(v) > maxIDBytes {
			return fmt.Errorf("an ID is a text of at most %d bytes without control characters", maxIDBytes)
		}
		*i = identifier(v)
	case int32:
		*i = identifier(strconv.FormatInt(int64(v), 10))
	case int:
		*i = identifier(strconv.Itoa(v))
	default:
		return errors.New("an ID is a string")
	}
	return nil
}

// text is the identifier, empty for nil.
func (i *identifier) text() string {
	if i == nil {
		return ""
	}
	return string(*i)
}

// plain reports whether text can be stored and shown.
func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// decimal is a number as text. Numbers of JSON are refused: a client that sends one has
// most likely been through a float.
type decimal string

// ImplementsGraphQLType names the scalar.
func (decimal) ImplementsGraphQLType(name string) bool { return name == "Decimal" }

// UnmarshalGraphQL reads an input. What a number may look like says who takes it.
func (d *decimal) UnmarshalGraphQL(input any) error {
	text, ok := input.(string)
	if !ok || len(text) > 160 {
		return errors.New("a Decimal is a string of at most 160 characters, such as \"12.5\"")
	}
	*d = decimal(text)
	return nil
}

// timestamp is a point in time.
type timestamp struct{ time.Time }

// ImplementsGraphQLType names the scalar.
func (timestamp) ImplementsGraphQLType(name string) bool { return name == "Time" }

// UnmarshalGraphQL reads an input.
func (t *timestamp) UnmarshalGraphQL(input any) error {
	text, ok := input.(string)
	if !ok || len(text) > 64 {
		return errors.New("a Time is a string as of RFC 3339")
	}
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return errors.New("a Time is a string as of RFC 3339, such as 2026-01-02T15:04:05Z")
	}
	t.Time = parsed
	return nil
}

// MarshalJSON writes RFC 3339 in UTC.
func (t timestamp) MarshalJSON() ([]byte, error) { return t.UTC().MarshalJSON() }

// hash is a coffer.Hash as a scalar; it is only ever shown.
type hash struct{ coffer.Hash }

// ImplementsGraphQLType names the scalar.
func (hash) ImplementsGraphQLType(name string) bool { return name == "Hash" }

// UnmarshalGraphQL reads an input.
func (h *hash) UnmarshalGraphQL(input any) error {
	text, ok := input.(string)
	if !ok {
		return errors.New("a Hash is a string")
	}
	parsed, err := coffer.ParseHash(text)
	h.Hash = parsed
	return err
}

// chainID is a coffer.ChainID as a scalar.
type chainID string

// ImplementsGraphQLType names the scalar.
func (chainID) ImplementsGraphQLType(name string) bool { return name == "ChainID" }

// UnmarshalGraphQL reads an input.
func (c *chainID) UnmarshalGraphQL(input any) error {
	text, ok := input.(string)
	if !ok {
		return errors.New("a ChainID is a string")
	}
	parsed, err := coffer.ParseChainID(text)
	*c = chainID(parsed)
	return err
}

// assetID is a coffer.AssetID as a scalar.
type assetID string

// ImplementsGraphQLType names the scalar.
func (assetID) ImplementsGraphQLType(name string) bool { return name == "AssetID" }

// UnmarshalGraphQL reads an input.
func (a *assetID) UnmarshalGraphQL(input any) error {
	text, ok := input.(string)
	if !ok {
		return errors.New("an AssetID is a string")
	}
	parsed, err := coffer.ParseAssetID(text)
	*a = assetID(parsed)
	return err
}

// optional is nil for empty text.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// toInt32 is n as GraphQL's Int, which ends at 2^31-1.
func toInt32[N uint32 | uint64](n N) int32 { return int32(min(n, 1<<31-1)) } // #nosec G115 -- bounded here
