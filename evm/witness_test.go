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
