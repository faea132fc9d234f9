package indexer_test

import (
	"context"
	"testing"
	"time"

	"github.com/cofferhq/coffer/indexer"
)

// A block that is announced is said without waiting for the next look.
func TestAnAnnouncementHasTheIndexerLook(t *testing.T) {
	wake := make(chan struct{})
	b := newBench(t, func(c *indexer.Config) { c.Poll, c.Wake = 24*time.Hour, wake })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.ix.Run(ctx) }()
	say := func() { // returns when the indexer waits
		select {
		case wake <- struct{}{}:
		case <-time.After(time.Minute):
			t.Fatal("the indexer does not wait for announcements")
		}
	}
	say()
	before := len(b.events())
	b.fake.MineEmpty(1)
	say()
	say() // it waits again, so it has looked
	if got := len(b.events()); got != before+1 {
		t.Errorf("%d events, had %d", got, before)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
