//go:build long

package main

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
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

// The token freezes one address and takes a fee of every transfer. The frozen one goes into
// quarantine, all others arrive, native coins too, and the books are what the chain is.
func TestASweepOfATokenThatFreezesAndTakesFees(t *testing.T) {
	s := newTestStack(t)
	d := &demo{stack: s, told: map[string]bool{}}
	ctx, cancel := context.WithTimeout(t.Context(), 2*stepTimeout)
	defer cancel()
	addresses, err := d.customers(ctx, 4)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.anvil.Submit(ctx, devnet.Call{To: &addresses[1], Value: ether(1)}); err != nil {
		t.Fatal(err)
	}
	if err := d.payAll(ctx, addresses); err != nil {
		t.Fatal(err)
	}
	token := bindings.NewTestToken()
	for _, data := range [][]byte{token.PackAddBlackList(addresses[0]), token.PackSetParams(big.NewInt(10), big.NewInt(10))} {
		if _, err := s.anvil.Send(ctx, devnet.Call{To: &s.contracts.Token, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	coins, err := s.anvil.Eth().BalanceAt(ctx, s.safe, nil)
	if err != nil {
		t.Fatal(err)
	}

	// Asked for until the metrics tell of the quarantine, which begins at finality.
	quarantined := fmt.Sprintf(`coffer_sweep_quarantined{chain="%s"} 1`, s.chain)
	for text := ""; !strings.Contains(text, quarantined); {
		if _, err := s.command(ctx, nil, "treasury", "sweep", "--now", "--chain", string(s.chain), "--config", s.configFile()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
			t.Fatalf("nothing is in quarantine:\n%s", text)
		case <-time.After(300 * time.Millisecond):
		}
		if text, err = get(ctx, "http://"+s.server.address+"/metrics"); err != nil {
			t.Fatal(err)
		}
	}

	shown, err := s.command(ctx, nil, "treasury", "sweep", "--dry-run", "--chain", string(s.chain), "--config", s.configFile())
	if err != nil || !strings.Contains(shown, "0 addresses to sweep") || !strings.Contains(shown, "quarantine  "+addresses[0].Hex()) {
		t.Errorf("--dry-run says %q, %v", shown, err)
	}
	release := func(address string) (string, error) {
		return s.command(ctx, nil, "treasury", "sweep", "--release", address, "--chain", string(s.chain), "--config", s.configFile())
	}
	if said, err := release(addresses[0].Hex()); err != nil || !strings.Contains(said, "can be swept again, of 1 assets") {
		t.Errorf("--release says %q, %v", said, err)
	}
	if said, err := release(addresses[0].Hex()); err == nil {
		t.Errorf("--release of what is not put off says %q", said)
	}

	for n, address := range addresses {
		want := s.units(0)
		if n == 0 {
			want = s.units(sweepAmount)
		}
		if err := s.paidExactly(ctx, address, want); err != nil {
			t.Errorf("address %d: %v", n, err)
		}
	}
	after, err := s.anvil.Eth().BalanceAt(ctx, s.safe, nil)
	if err != nil || after.Sub(after, coins).Cmp(ether(1)) != 0 {
		t.Errorf("the Safe got %v wei, %v; want %s", after, err, ether(1))
	}
	var out strings.Builder
	if err := d.compare(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
}
