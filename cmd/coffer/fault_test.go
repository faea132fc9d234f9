//go:build long

package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cofferhq/coffer/devnet"
	"github.com/ethereum/go-ethereum/common"
)

// TestFaultsOfTheNodeDelayPaymentsAndDoNotRepeatThem puts a proxy between the server and
// its node that injects one fault after the other while withdrawals are paid. Each must be
// paid once and settle, and in the end the books must equal the chain.
func TestFaultsOfTheNodeDelayPaymentsAndDoNotRepeatThem(t *testing.T) {
	var proxy *devnet.Proxy
	s := newTestStack(t, func(s *stack) {
		s.chains[0].front = func(ctx context.Context, node string) (url string, err error) {
			if proxy, err = devnet.NewProxy(ctx, node); err != nil {
				return "", err
			}
			return proxy.URL, nil
		}
	})
	t.Cleanup(func() { _ = proxy.Close() })
	d := &demo{stack: s, told: map[string]bool{}}
	ctx := t.Context()
	if err := d.open(ctx); err != nil {
		t.Fatal(err)
	}
	if tx, err := d.pay(ctx, d.address, d.units(200)); err != nil {
		t.Fatal(err)
	} else if err := d.watch(ctx, tx, "UNLOCKED"); err != nil {
		t.Fatal(err)
	}
	for _, fault := range devnet.Faults {
		begin := time.Now()
		if err := faultRound(ctx, d, proxy, fault); err != nil {
			t.Fatalf("%s: %v", fault, err)
		}
		t.Logf("%s: injected %d times, two payments settled (%.1f s)", fault, proxy.Count(fault), time.Since(begin).Seconds())
		if proxy.Count(fault) == 0 {
			t.Errorf("%s: was never injected", fault)
		}
	}
	proxy.Inject(nil)
	if err := d.compare(ctx, t.Output()); err != nil {
		t.Fatal(err)
	}
}

// sparing makes every so many questions meet a fault, and the first transactions.
func sparing(fault devnet.Fault) func(method string) devnet.Fault {
	const firstSends, every = 2, 9
	asked, sent := 0, 0
	return func(method string) devnet.Fault {
		if method == "eth_sendRawTransaction" {
			if sent++; sent <= firstSends {
				return fault
			}
			return devnet.FaultNone
		}
		if asked++; asked%every == 0 && fault != devnet.FaultTimeout { // one late answer takes as long as all the rest
			return fault
		}
		return devnet.FaultNone
	}
}

// faultRound pays two withdrawals while the node has a fault.
func faultRound(ctx context.Context, d *demo, proxy *devnet.Proxy, fault devnet.Fault) error {
	proxy.Inject(sparing(fault))
	defer proxy.Inject(nil)
	want, paid := map[string]string{}, map[string]common.Address{}
	for n := range 2 {
		to := newAddress()
		w, err := d.request(ctx, fmt.Sprintf("%s %d", fault, n), string(d.usdt), to.Hex(), "5")
		if err != nil {
			return err
		}
		want[w.ID], paid[w.ID] = "SETTLED", to
	}
	if err := d.await(ctx, want); err != nil {
		return err
	}
	for _, to := range paid {
		if err := d.paidExactly(ctx, to, d.units(5)); err != nil {
			return err
		}
	}
	return nil
}
