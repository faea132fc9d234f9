//go:build long

package main

import (
	"strings"
	"testing"
)

// Twenty addresses are swept by one transaction, and then the books are what the chain is.
func TestSweepScene(t *testing.T) {
	s := newTestStack(t)
	d := &demo{stack: s, told: map[string]bool{}}
	if err := d.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := d.compare(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
}
