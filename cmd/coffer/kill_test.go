//go:build long

package main

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

// killPoints are where the server is killed, a deposit and a withdrawal under way.
var killPoints = []string{
	"deposit.before_commit",
	"deposit.applied",
	"withdrawal.requested",
	"payout.planned",
	"payout.signature",
	"payout.before_broadcast",
	"payout.after_broadcast",
	"bundler.stored",
	"bundler.before_broadcast",
	"bundler.after_broadcast",
	"payout.before_observed",
	"payout.observed",
}

// TestKilledAnywhereCreditsAndPaysOnce kills the whole server with SIGKILL at each point
// and starts it again. Each deposit must be credited once, each withdrawal paid once, and
// in the end the books must equal the chain.
func TestKilledAnywhereCreditsAndPaysOnce(t *testing.T) {
	s := newTestStack(t)
	d := &demo{stack: s, told: map[string]bool{}}
	ctx := t.Context()
	if err := d.open(ctx); err != nil {
		t.Fatal(err)
	}
	if tx, err := d.pay(ctx, d.address, d.units(100)); err != nil {
		t.Fatal(err)
	} else if err := d.watch(ctx, tx, "UNLOCKED"); err != nil {
		t.Fatal(err)
	}

	// Each round brings 20 and takes 10 and a fee of 0.5.
	halves := int64(200)
	for i, point := range killPoints {
		begin := time.Now()
		if err := killRound(ctx, d, i, point); err != nil {
			t.Fatalf("%s: %v", point, err)
		}
		halves += 40 - 21
		if err := d.wantBalance(ctx, halfUnits(halves), "0"); err != nil {
			t.Fatalf("%s: %v", point, err)
		}
		t.Logf("%s: survived (%.1f s)", point, time.Since(begin).Seconds())
	}
	if err := d.compare(ctx, t.Output()); err != nil {
		t.Fatal(err)
	}
}

func halfUnits(halves int64) string {
	if halves%2 == 0 {
		return fmt.Sprint(halves / 2)
	}
	return fmt.Sprintf("%d.5", halves/2)
}

func killRound(ctx context.Context, d *demo, round int, point string) error {
	armed := d.path(fmt.Sprintf("armed-%d", round))
	if err := d.server.stop(); err != nil {
		return err
	}
	if err := d.startServer(ctx, killPoint+"="+point, killArmed+"="+armed); err != nil {
		return err
	}
	if err := os.WriteFile(armed, nil, 0o600); err != nil {
		return err
	}

	// The server dies somewhere in here: what the client is told of it does not matter,
	// it asks again under the same key.
	destination := newAddress()
	key := fmt.Sprintf("kill-%d", round)
	_, _ = d.request(ctx, key, string(d.usdt), destination.Hex(), "10")
	tx, err := d.pay(ctx, d.address, d.units(20))
	if err != nil {
		return err
	}
	select {
	case <-d.server.done:
	case <-time.After(stepTimeout):
		return fmt.Errorf("the server passed no checkpoint %s within %s", point, stepTimeout)
	}
	if err := d.startServer(ctx); err != nil {
		return err
	}

	w, err := d.request(ctx, key, string(d.usdt), destination.Hex(), "10")
	if err != nil {
		return err
	}
	if err := d.watch(ctx, tx, "UNLOCKED"); err != nil {
		return err
	}
	if err := d.await(ctx, map[string]string{w.ID: "SETTLED"}); err != nil {
		return err
	}
	return d.paidExactly(ctx, destination, d.units(10))
}
