package signer

import (
	"context"
	"testing"
	"time"
)

// waitFor polls a condition until it holds, for ten seconds at most.
func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("the condition did not come true in ten seconds")
		}
	}
}

// expiringContext ends when the test says so.
type expiringContext struct {
	context.Context
	expired chan struct{}
}

func (c *expiringContext) Done() <-chan struct{} { return c.expired }

func (c *expiringContext) Err() error {
	select {
	case <-c.expired:
		return context.DeadlineExceeded
	default:
		return nil
	}
}
