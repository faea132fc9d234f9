//go:build long

package main

import (
	"context"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/cofferhq/coffer/bindings"
	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"go.yaml.in/yaml/v3"
)

// TestSafeTransactionsOnTheStack pays by Safe transactions of real signers through a guarded
// Safe: one that a reorganisation takes back is sent again; one that cannot be made is
// cancelled in its slot when its time is over, though the server is killed while it does so,
// and others go on as user operations; what it was to pay is paid once, in another slot. In
// the end the books equal the chain.
func TestSafeTransactionsOnTheStack(t *testing.T) {
	t.Parallel() // most of its time it waits for blocks
	s := newTestStack(t)
	d := &demo{stack: s.on(s.chains[1]), told: map[string]bool{}}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(d.open(ctx))
	tx, err := d.pay(ctx, d.address, d.units(200))
	must(err)
	must(d.watch(ctx, tx, "UNLOCKED"))
	must(d.server.stop())
	must(shortIntents(s.configFile()))
	must(d.startServer(ctx))
	if n := executions(t, d); n != 0 {
		t.Fatalf("%d Safe transactions before the first", n)
	}

	first := newAddress()
	w, err := d.request(ctx, "first", string(d.usdt), first.Hex(), "10")
	must(err)
	must(d.await(ctx, map[string]string{w.ID: "SETTLED"}))
	must(d.paidExactly(ctx, first, d.units(10)))
	if n := executions(t, d); n != 1 {
		t.Fatalf("%d Safe transactions after the first payout", n)
	}

	moved := newAddress()
	w, err = d.request(ctx, "moved", string(d.usdt), moved.Hex(), "11")
	must(err)
	must(d.await(ctx, map[string]string{w.ID: "CONFIRMING"}))
	must(d.anvil.Reorg(ctx, 2))
	must(d.await(ctx, map[string]string{w.ID: "SETTLED"}))
	must(d.paidExactly(ctx, moved, d.units(11)))
	if n := executions(t, d); n != 2 {
		t.Fatalf("%d Safe transactions after the second payout", n)
	}

	// A payment that turns bad when it is signed and sent.
	late := newAddress()
	must(d.mineEvery(ctx, 0))
	w, err = d.request(ctx, "late", string(d.usdt), late.Hex(), "12")
	must(err)
	attempt, err := d.nextAttempt(ctx, pooledTx{}, nil)
	must(err)
	must(d.anvil.DropTransaction(ctx, attempt.Hash))
	must(d.anvil.Refuse(ctx, d.contracts, late, true))
	must(d.mineEvery(ctx, blockTime))

	beside := newAddress()
	other, err := d.request(ctx, "beside", string(d.usdt), beside.Hex(), "13")
	must(err)
	must(d.await(ctx, map[string]string{other.ID: "SETTLED"}))
	must(d.paidExactly(ctx, beside, d.units(13)))
	if n := executions(t, d); n != 2 {
		t.Fatalf("the payout beside the stuck one was a Safe transaction: %d", n)
	}

	for _, point := range []string{"payout.before_cancelling", "payout.cancelling"} {
		armed := d.path("armed-" + point)
		must(os.WriteFile(armed, []byte(point), 0o600))
		must(d.server.stop())
		must(d.startServer(ctx, killArmed+"="+armed))
		select {
		case <-d.server.done:
		case <-time.After(3 * time.Minute):
			t.Fatalf("the server passed no checkpoint %s", point)
		}
	}
	must(d.startServer(ctx))

	wait, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	must(until(wait, time.Second, func() (bool, error) { return executions(t, d) == 3, nil }))
	must(d.anvil.Refuse(ctx, d.contracts, late, false))
	must(d.paidExactly(ctx, late, new(big.Int))) // the third one paid nothing
	must(d.await(ctx, map[string]string{w.ID: "SETTLED"}))
	must(d.paidExactly(ctx, late, d.units(12)))
	must(d.compare(ctx, t.Output()))
}

// shortIntents makes payouts give up soon.
func shortIntents(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var config struct {
		Chains []map[string]any `yaml:"chains"`
		Rest   map[string]any   `yaml:",inline"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return err
	}
	for _, chain := range config.Chains {
		chain["payout_valid"] = "75s"
	}
	return writeYAML(file, config)
}

// executions counts the Safe transactions that the chain's wallet executed.
func executions(t *testing.T, d *demo) int {
	t.Helper()
	logs, err := d.anvil.Eth().FilterLogs(t.Context(), ethereum.FilterQuery{
		FromBlock: new(big.Int), Addresses: []common.Address{d.safe},
		Topics: [][]common.Hash{{bindings.NewSafe().GetABI().Events["ExecutionSuccess"].ID}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(logs)
}
