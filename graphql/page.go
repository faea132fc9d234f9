package graphql

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/cofferhq/coffer"
)

// Lists are Relay connections. A cursor is opaque to clients: base64 of the kind of the
// list and the id of the last object.

const maxCursorBytes = 400

// pageInfo is Relay's.
type pageInfo struct {
	more bool
	end  *string
}

func (p pageInfo) HasNextPage() bool  { return p.more }
func (p pageInfo) EndCursor() *string { return p.end }

func encodeCursor(kind, at string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + ":" + at))
}

// decodeCursor returns what a cursor of this kind points at, "" for none.
func decodeCursor(kind string, cursor *string) (string, error) {
	if cursor == nil || *cursor == "" {
		return "", nil
	}
	if len(*cursor) <= maxCursorBytes {
		if text, err := base64.RawURLEncoding.DecodeString(*cursor); err == nil && plain(string(text)) {
			if at, ok := strings.CutPrefix(string(text), kind+":"); ok && at != "" {
				return at, nil
			}
		}
	}
	return "", coffer.Invalid("after", "want a cursor of this list, as it was given")
}

// connection is a page of a list.
type connection[T any] struct {
	nodes []T
	info  pageInfo
}

// newConnection makes a page of what was read: one object more than asked for, if there
// is more.
func newConnection[T any](kind string, nodes []T, first int, id func(T) string) connection[T] {
	c := connection[T]{nodes: nodes}
	if len(nodes) > first {
		c.nodes, c.info.more = slices.Clip(nodes[:first]), true
	}
	if n := len(c.nodes); n > 0 {
		end := encodeCursor(kind, id(c.nodes[n-1]))
		c.info.end = &end
	}
	return c
}
