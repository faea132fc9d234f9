package evm_test

import (
	"errors"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

func TestAWitnessConfirmsOnlyTheBlockThatItHas(t *testing.T) {
	c, other := newChain(t), newChain(t)
	witness, err := evm.DialWitness(t.Context(), c.config, newFaulty(t, c.URL).url)
	if err != nil {
		t.Fatal(err)
	}
	defer witness.Close()
	stranger, err := evm.DialWitness(t.Context(), c.config, other.URL) // same chain id, another history
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	head, err := c.source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := witness.Confirm(t.Context(), head.Latest); err != nil {
		t.Error(err)
	}
	if err := stranger.Confirm(t.Context(), head.Latest); !errors.Is(err, evm.ErrDisagree) {
		t.Errorf("another history: %v", err)
	}
	above := coffer.BlockRef{Height: head.Latest.Height + 5, Hash: head.Latest.Hash}
	if err := witness.Confirm(t.Context(), above); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("a block above the head: %v", err)
	}
	if err := c.Reorg(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := witness.Confirm(t.Context(), head.Latest); !errors.Is(err, evm.ErrDisagree) {
		t.Errorf("a block that left the chain: %v", err)
	}
	if _, err := evm.DialWitness(t.Context(), c.config, c.URL+"/other"); err == nil {
		t.Error("a node is its own witness")
	}
}

func TestAWitnessCorroboratesWhatContractsPaid(t *testing.T) {
	p := newPayerChain(t)
	node := newFaulty(t, p.URL)
	witness, err := evm.DialWitness(t.Context(), p.config, node.url)
	if err != nil {
		t.Fatal(err)
	}
	defer witness.Close()
	hash := coffer.Hash(p.block)
	check := func(name string, want bool, transfers ...coffer.Transfer) {
		t.Helper()
		if same, err := witness.Corroborate(t.Context(), hash, transfers); err != nil || same != want {
			t.Errorf("%s: %v, %v", name, same, err)
		}
	}
	check("all that was paid", true, p.want...)
	for name, alter := range map[string]func(*coffer.Transfer){
		"another amount":      func(t *coffer.Transfer) { t.Amount = amount(70) },
		"another recipient":   func(t *coffer.Transfer) { t.To = evm.AddressOf(receiver(9)) },
		"another sender":      func(t *coffer.Transfer) { t.From = evm.AddressOf(receiver(9)) },
		"another transaction": func(t *coffer.Transfer) { t.Tx[0]++ },
		"another place":       func(t *coffer.Transfer) { t.Ref = "trace:20" },
	} {
		forged := p.want[1]
		alter(&forged)
		check(name, false, p.want[2], forged)
	}

	// What the hash proves is not asked for.
	top, log := p.want[0], p.want[1]
	top.Amount, log.Ref = amount(999), "log:0"
	node.set(nil)
	check("proven places", true, top, log)
	check("nothing", true)
	if node.was("eth_getBlockByHash") {
		t.Error("it is asked about what is proven")
	}

	hash[0]++
	if _, err := witness.Corroborate(t.Context(), hash, p.want); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("a block that it does not have: %v", err)
	}
	hash[0]--

	blind := newFaulty(t, p.URL)
	blind.missing = []string{"debug_traceBlockByHash", "trace_block", "debug_traceTransaction", "trace_transaction"}
	none, err := evm.DialWitness(t.Context(), p.config, blind.url)
	if err != nil {
		t.Fatal(err)
	}
	defer none.Close()
	if same, err := none.Corroborate(t.Context(), hash, p.want); !same || err != nil || none.Traces() || !witness.Traces() {
		t.Errorf("a witness that cannot trace: %v, %v", same, err)
	}

	// Recall says yes to what was seen in traces of the block alone.
	forged := p.want[1]
	forged.Amount = amount(70)
	single := newFaulty(t, p.URL)
	single.missing = []string{"debug_traceBlockByHash", "trace_block"}
	each, err := evm.DialWitness(t.Context(), p.config, single.url)
	if err != nil {
		t.Fatal(err)
	}
	defer each.Close()
	for _, c := range []struct {
		name      string
		witness   *evm.Witness
		transfers []coffer.Transfer
		want      bool
	}{
		{"all that was paid", witness, p.want, true},
		{"a payment that was not made", witness, []coffer.Transfer{forged}, false},
		{"what its hash proves", none, []coffer.Transfer{log}, true},
		{"no traces", none, p.want, false},
		{"traces of transactions, wherever they are", each, p.want, false},
	} {
		if found, err := c.witness.Recall(t.Context(), hash, c.transfers); found != c.want || err != nil {
			t.Errorf("recall: %s: %v, %v", c.name, found, err)
		}
	}
	if same, err := each.Corroborate(t.Context(), hash, p.want); !same || err != nil {
		t.Errorf("traces of transactions in a final block: %v, %v", same, err)
	}
}
