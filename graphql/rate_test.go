package graphql

import (
	"fmt"
	"testing"
	"time"
)

func TestAKeyHasItsRateAndNoOthersSuffer(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := newRates(RateLimit{PerSecond: 2, Burst: 3}, func() time.Time { return now })
	taken := func(key string) (n int, wait time.Duration) {
		for {
			w, ok := r.take(key)
			if !ok {
				return n, w
			}
			n++
		}
	}
	if n, wait := taken("a"); n != 3 || wait != 500*time.Millisecond {
		t.Errorf("a fresh key starts %d operations and waits %s, want 3 and half a second", n, wait)
	}
	if n, _ := taken("b"); n != 3 {
		t.Errorf("another key starts %d operations, want 3", n)
	}
	now = now.Add(time.Second)
	if n, _ := taken("a"); n != 2 {
		t.Errorf("after a second it starts %d more, want 2", n)
	}
	now = now.Add(time.Hour)
	if n, _ := taken("a"); n != 3 {
		t.Errorf("after an hour it starts %d more, want the burst of 3", n)
	}
}

// What is remembered is bounded: keys that are idle are forgotten first, and one that is
// used up is not given a new burst by them.
func TestRatesOfManyKeysAreBounded(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := newRates(RateLimit{PerSecond: 1, Burst: 1}, func() time.Time { return now })
	for i := range maxRates - 1 {
		r.take(fmt.Sprint("old", i))
	}
	now = now.Add(time.Minute)
	r.take("busy")
	r.take("one more")
	if len(r.keys) != 2 {
		t.Errorf("%d keys are remembered, want the two that are not idle", len(r.keys))
	}
	if _, ok := r.take("busy"); ok {
		t.Error("a key that was used up has a new burst")
	}
	for i := range 2 * maxRates {
		r.take(fmt.Sprint("new", i))
	}
	if len(r.keys) > maxRates {
		t.Errorf("%d keys are remembered, want at most %d", len(r.keys), maxRates)
	}
}

func TestNoRateIsNoLimit(t *testing.T) {
	r := newRates(RateLimit{}, nil)
	for range 1000 {
		if _, ok := r.take("a"); !ok {
			t.Fatal("an operation was refused")
		}
	}
	if len(r.keys) != 0 {
		t.Errorf("%d keys are remembered", len(r.keys))
	}
}
