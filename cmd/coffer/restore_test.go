//go:build long

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// TestAnOldDatabaseUnderLiveSigners puts a copy of the database back under signers who have
// signed since. Nothing is paid until what they signed is imported and a quorum resumes;
// nothing is paid twice, customers find their withdrawals under their keys, and in the end
// the books equal the chain.
func TestAnOldDatabaseUnderLiveSigners(t *testing.T) {
	s := newTestStack(t)
	d := &demo{stack: s, told: map[string]bool{}}
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
	before := newAddress()
	paid, err := d.request(ctx, "before", string(d.usdt), before.Hex(), "10")
	must(err)
	must(d.await(ctx, map[string]string{paid.ID: "SETTLED"}))
	waiting := newAddress() // known to the copy, not paid there
	known, err := d.request(ctx, "known", string(d.usdt), waiting.Hex(), "110")
	must(err)
	must(d.await(ctx, map[string]string{known.ID: "AWAITING_APPROVAL"}))

	must(d.server.stop())
	must(copyDir(ctx, s.path("data"), s.path("copy")))
	must(s.startServer(ctx))

	// What the copy does not know: an approval, a deposit, and two withdrawals, of which one
	// spends the deposit.
	for i := range s.approvers {
		must(d.approve(ctx, known.ID, i))
	}
	tx, err = d.pay(ctx, d.address, d.units(60))
	must(err)
	must(d.watch(ctx, tx, "UNLOCKED"))
	lost := map[string]common.Address{"lost-1": newAddress(), "lost-2": newAddress()}
	amounts := map[string]string{"lost-1": "20", "lost-2": "90"}
	ids := map[string]string{}
	settled := map[string]string{known.ID: "SETTLED"}
	for key, to := range lost {
		w, err := d.request(ctx, key, string(d.usdt), to.Hex(), amounts[key])
		must(err)
		ids[key], settled[w.ID] = w.ID, "SETTLED"
	}
	must(d.await(ctx, settled))

	must(d.server.stop())
	must(os.Rename(s.path("data"), s.path("lost")))
	must(os.Rename(s.path("copy"), s.path("data")))
	must(s.startServer(ctx))
	paidOnce := func() {
		t.Helper()
		must(d.paidExactly(ctx, before, d.units(10)))
		must(d.paidExactly(ctx, waiting, d.units(110)))
		must(d.paidExactly(ctx, lost["lost-1"], d.units(20)))
		must(d.paidExactly(ctx, lost["lost-2"], d.units(90)))
	}

	// Nothing moves.
	text, err := d.command(ctx, nil, "restore", "status", "--config", d.configFile())
	must(err)
	if !strings.Contains(text, "halted 0x") || !strings.Contains(text, "which is not in this database") {
		t.Fatalf("status: %s", text)
	}
	if text, err := get(ctx, "http://"+s.server.address+"/readyz"); err != nil || !strings.Contains(text, `"payouts":"failing"`) {
		t.Errorf("readyz: %s, %v", text, err)
	}
	var refused *apiError
	if _, err := d.request(ctx, "lost-1", string(d.usdt), lost["lost-1"].Hex(), "20"); !errors.As(err, &refused) || refused.Extensions.Code != "UNAVAILABLE" {
		t.Errorf("a request while payouts are halted: %v", err)
	}
	for i := range s.approvers {
		must(d.approve(ctx, known.ID, i))
	}
	must(d.blocks(ctx, pausedBlocks))
	paidOnce()
	keys, err := s.keyFiles()
	must(err)
	resume := func(keys ...string) (string, error) {
		args := []string{"restore", "resume", "--config", d.configFile(), "--reason", "imported"}
		for _, key := range keys {
			args = append(args, "--key", key)
		}
		return d.command(ctx, nil, args...)
	}
	if _, err := resume(keys...); err == nil || !strings.Contains(err.Error(), "are not imported yet") {
		t.Errorf("resumed before the import: %v", err)
	}

	// The deposit is read again while the import is tried again.
	wait, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	must(until(wait, time.Second, func() (bool, error) {
		text, err := d.command(wait, nil, "restore", "import", "--config", d.configFile())
		t.Logf("import: %s %v", text, err)
		if !strings.Contains(text, "is number 10") { // 1000 are left out, and a few were given out
			t.Errorf("deposit addresses were not left out: %s", text)
		}
		return err == nil, nil
	}))
	for chain, want := range map[string]string{"eip155:31337": "chain: the addresses of eip155:31337 are not counted", "bip122:00": "chain"} {
		if _, err := d.command(ctx, nil, "restore", "skip-addresses", "--chain", chain, "--reason", "again", "--config", d.configFile()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("addresses of %s: %v", chain, err)
		}
	}
	if _, err := resume(keys[0]); err == nil || !strings.Contains(err.Error(), "1 of the 2 people") {
		t.Errorf("one person resumed: %v", err)
	}
	if text, err = resume(keys...); err != nil {
		t.Fatal(err)
	}
	t.Log(text)

	// Customers ask again and find what they asked for.
	for key, to := range lost {
		w, err := d.request(ctx, key, string(d.usdt), to.Hex(), amounts[key])
		must(err)
		if w.ID != ids[key] {
			t.Errorf("%s is withdrawal %s now, was %s", key, w.ID, ids[key])
		}
	}
	if _, err := d.request(ctx, "lost-1", string(d.usdt), lost["lost-1"].Hex(), "21"); !errors.As(err, &refused) || refused.Extensions.Code != "IDEMPOTENCY" {
		t.Errorf("another amount under a key that was lost: %v", err)
	}
	must(d.await(ctx, settled))
	after := newAddress()
	next, err := d.request(ctx, "after", string(d.usdt), after.Hex(), "5")
	must(err)
	must(d.await(ctx, map[string]string{next.ID: "SETTLED"}))
	must(d.paidExactly(ctx, after, d.units(5)))
	paidOnce()
	must(d.wantBalance(ctx, "22.5", "0")) // 260 - 10 - 110 - 20 - 90 - 5 - five fees of 0.5

	signerLosesItsLog(t, d, keys)
	if err := d.compare(ctx, t.Output()); err != nil {
		t.Fatal(err)
	}
}

// signerLosesItsLog cuts a signer's log: nothing is paid until it has the copy that the
// database keeps, or a quorum lets it go on with what it has.
func signerLosesItsLog(t *testing.T, d *demo, keys []string) {
	t.Helper()
	ctx := t.Context()
	name := signerName(1)
	file := d.path(name, "log.jsonl")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	restart := func(change func(log []byte) []byte) {
		t.Helper()
		must(d.signers[1].stop())
		must(d.server.stop())
		text, err := os.ReadFile(file)
		must(err)
		must(os.WriteFile(file, change(text), 0o600))
		d.signers[1], err = d.startSigner(ctx, ctx, 1)
		must(err)
		must(d.writeServerConfig())
		must(d.startServer(ctx))
	}
	ready := func(want string) {
		t.Helper()
		text, err := get(ctx, "http://"+d.server.address+"/readyz")
		if err != nil || !strings.Contains(text, `"payouts":"`+want+`"`) {
			t.Errorf("readyz: %s, %v; want payouts %s", text, err, want)
		}
	}
	cut := func(log []byte) []byte { return []byte(strings.Join(strings.SplitAfter(string(log), "\n")[:2], "")) }

	restart(cut)
	ready("failing")
	if text := d.server.tail(); !strings.Contains(text, "the signer's log ends before what was read from it") {
		t.Errorf("the server's log does not say that a signer's log was cut: %s", text)
	}
	whole, err := d.command(ctx, nil, "restore", "log", "--signer", name, "--config", d.configFile())
	must(err)
	restart(func([]byte) []byte { return []byte(whole + "\n") })
	ready("ok")

	restart(cut)
	ready("failing")
	if _, err := d.statement(ctx, "reset", "--signer", name, "--reason", "its disk is gone", "--key", keys[0], "--key", keys[1]); err != nil {
		t.Fatal(err)
	}
	must(d.awaitReady(ctx))
	to := newAddress()
	w, err := d.request(ctx, "after the cut", string(d.usdt), to.Hex(), "5")
	must(err)
	must(d.await(ctx, map[string]string{w.ID: "SETTLED"}))
	must(d.paidExactly(ctx, to, d.units(5)))
}

// awaitReady waits until payouts run.
func (d *demo) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	return until(ctx, 200*time.Millisecond, func() (bool, error) {
		text, err := get(ctx, "http://"+d.server.address+"/readyz")
		return strings.Contains(text, `"payouts":"ok"`), err
	})
}

func copyDir(ctx context.Context, from, to string) error {
	return exec.CommandContext(ctx, "cp", "-a", from, to).Run()
}
