//go:build long

package main

import (
	"strings"
	"testing"
)

// TestDemo runs what `make demo` runs.
func TestDemo(t *testing.T) {
	s := newTestStack(t)
	var out strings.Builder
	if err := runDemo(t.Context(), s, &out); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
}
