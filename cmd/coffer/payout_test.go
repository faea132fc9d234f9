//go:build long

package main

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
)

// A payout that the fee budget does not buy a place for is parked. A person sees it in the
// metrics and at the desk, and says so; when fees fall it is paid.
func TestAPayoutThatIsParkedWaitsForAPersonAndIsPaid(t *testing.T) {
	d := &demo{stack: newTestStack(t), told: map[string]bool{}}
	ctx := t.Context()
	desk := func(args ...string) (string, error) {
		return d.command(ctx, nil, append(append([]string{"payout"}, args...), "--config", d.configFile())...)
	}
	gina, err := d.customer(ctx, "Gina")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := d.pay(ctx, gina.address, d.units(20))
	if err != nil {
		t.Fatal(err)
	}
	if err := gina.watch(ctx, tx, "UNLOCKED"); err != nil {
		t.Fatal(err)
	}
	if text, err := desk("list"); err != nil || text != "no payout waits for a person" {
		t.Errorf("list: %q, %v", text, err)
	}

	// Fees of 5,000 gwei: 0.05 ETH buy some 10,000 gas.
	high := new(big.Int).Mul(big.NewInt(5_000), big.NewInt(1e9))
	stop, dear := context.WithCancel(ctx)
	defer dear()
	go keepBaseFee(stop, d, high)
	to := newAddress()
	w, err := gina.request(ctx, "dear", string(d.usdt), to.Hex(), "5")
	if err != nil {
		t.Fatal(err)
	}
	chain := `chain="` + string(d.chain) + `"`
	if err := d.awaitMetric(ctx, `coffer_payout_parked{`+chain+`} 1`); err != nil {
		t.Fatal(err)
	}
	line, err := desk("list")
	if err != nil || !strings.Contains(line, "parked: ") || !strings.Contains(line, "fee budget is spent") {
		t.Fatalf("list: %q, %v", line, err)
	}
	id, _, _ := strings.Cut(line, "\t")
	for name, args := range map[string][]string{
		"no reason":           {"clear", "--id", id},
		"an unknown payout":   {"clear", "--id", "po_none", "--reason", "x"},
		"nothing is unproven": {"clear", "--id", id, "--reason", "x", "--unproven", "paid"},
	} {
		if text, err := desk(args...); err == nil {
			t.Errorf("%s: accepted: %s", name, text)
		}
	}
	if text, err := desk("clear", "--id", id, "--reason", "fees will fall", "--actor", "olga"); err != nil || !strings.Contains(text, "goes on") {
		t.Errorf("clear: %q, %v", text, err)
	}
	if text, err := desk("show", "--id", id); err != nil || !strings.Contains(text, "olga: clear parking (fees will fall)") || !strings.Contains(text, w.ID) {
		t.Errorf("show: %q, %v", text, err)
	}

	dear()
	if err := d.anvil.SetNextBaseFee(ctx, big.NewInt(1e9)); err != nil {
		t.Fatal(err)
	}
	if err := gina.await(ctx, map[string]string{w.ID: "SETTLED"}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.paidExactly(ctx, to, d.units(5)), d.awaitMetric(ctx, `coffer_payout_parked{`+chain+`} 0`)); err != nil {
		t.Error(err)
	}
	if err := d.compare(ctx, t.Output()); err != nil {
		t.Error(err)
	}
}

// keepBaseFee makes every block's base fee what it is told.
func keepBaseFee(ctx context.Context, d *demo, fee *big.Int) {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		if err := d.anvil.SetNextBaseFee(ctx, fee); err != nil && ctx.Err() == nil {
			d.say("base fee: %v", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func TestInUnitsIsForGraphs(t *testing.T) {
	if got := inUnits(coffer.NewAmount(1_500_000), 6); got != 1.5 {
		t.Errorf("1500000 of 6 decimals is %v", got)
	}
}
