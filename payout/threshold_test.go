package payout_test

import (
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
)

// countingWallet says how many signatures a transaction of a format needs.
type countingWallet struct {
	coffer.Wallet
	needs map[string]int
}

func (w countingWallet) SignaturesNeeded(u coffer.Unsigned) int { return w.needs[u.Format] }

func TestAWalletMaySayHowManySignaturesATransactionNeeds(t *testing.T) {
	c := payout.Chain{Threshold: 2, Wallet: countingWallet{needs: map[string]int{"of a deposit address": 1}}}
	for format, want := range map[string]int{"of a deposit address": 1, "of the wallet": 2} {
		if got := payout.ThresholdOf(c, coffer.Unsigned{Format: format}); got != want {
			t.Errorf("a transaction %s needs %d signatures, want %d", format, got, want)
		}
	}
	if c.Threshold != 2 || c.LeastSigners() != 2 {
		t.Errorf("the chain's threshold became %d", c.Threshold)
	}
	for _, v := range []struct {
		chain payout.Chain
		want  int
	}{
		{payout.Chain{Threshold: 2, Cold: []string{"a"}}, 1}, {payout.Chain{Threshold: 2, Cold: []string{"a", "b"}}, 1},
		{payout.Chain{Threshold: 3, Least: 1}, 1}, {payout.Chain{Threshold: 2, Least: 2}, 2},
	} {
		if got := v.chain.LeastSigners(); got != v.want {
			t.Errorf("%+v: %d signers at least, want %d", v.chain, got, v.want)
		}
	}
	if got := payout.ThresholdOf(payout.Chain{Threshold: 3}, coffer.Unsigned{}); got != 3 {
		t.Errorf("without a wallet that says so %d signatures are needed, want 3", got)
	}
}
