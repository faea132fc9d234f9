package main

import (
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
)

func TestASweepIsAskedForInOneWay(t *testing.T) {
	for _, c := range []struct {
		now, dryRun bool
		release     coffer.Address
		good        bool
	}{
		{now: true, good: true},
		{dryRun: true, good: true},
		{release: "0x1", good: true},
		{},
		{now: true, dryRun: true},
		{now: true, release: "0x1"},
		{dryRun: true, release: "0x1"},
	} {
		if work, err := sweepWork(c.now, c.dryRun, c.release); (err == nil) != c.good || (work == nil) == c.good {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestOnlyChainsWithASweepSectionAreSwept(t *testing.T) {
	swept := config.Sweep{Assets: []config.SweepAsset{{Asset: "eip155:1/slip44:60"}}}
	c := config.Config{Chains: []config.Chain{{ID: "eip155:1", Sweep: swept}, {ID: "eip155:56"}, {ID: "eip155:137", Sweep: swept}}}
	if got, err := sweptChains(c, ""); err != nil || len(got) != 2 {
		t.Errorf("%v %v", got, err)
	}
	if got, err := sweptChains(c, "eip155:137"); err != nil || len(got) != 1 || got[0].ID != "eip155:137" {
		t.Errorf("%v %v", got, err)
	}
	for _, id := range []coffer.ChainID{"eip155:56", "eip155:5"} {
		if got, err := sweptChains(c, id); err == nil {
			t.Errorf("%s: %v", id, got)
		}
	}
	if err := releaseSweep("nonsense")(t.Context(), c, c.Chains[0], nil, nil); coffer.ErrorCode(err) != coffer.CodeInvalid {
		t.Errorf("released nonsense: %v", err)
	}
}
