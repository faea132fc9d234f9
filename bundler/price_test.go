package bundler

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler/bundlersql"
	"github.com/cofferhq/coffer/evm"
)

// offers lets a bundle be stuck for so many blocks and returns what each attempt offers.
func offers(t *rapid.T, b *Bundler, baseFee, budget *big.Int, blocks int) []fees {
	var list []fees
	live := &liveBundle{}
	for height := range uint64(blocks) {
		now := head{Height: height, Hash: coffer.Hash{byte(height), 1}, BaseFee: baseFee}
		b.tipAt = now.Hash
		var of *liveBundle
		if height > 0 {
			of = live
		}
		f, err := b.price(t.Context(), now, of, budget)
		if errors.Is(err, errBudget) {
			if height == 0 {
				return nil
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, f)
		cap, _ := amount(f.cap)
		tip, _ := amount(f.tip)
		live.attempts = append([]bundlersql.BundlerAttempt{{TxHash: now.Hash, MaxFee: cap, MaxPriorityFee: tip, Head: int64(height)}}, live.attempts...)
	}
	return list
}

func TestFeesRiseInStepsThatPoolsTakeAndStayWithinTheBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := Limits{}.withDefaults()
		b := &Bundler{limits: limits, tip: big.NewInt(rapid.Int64Range(0, 5e9).Draw(t, "tip"))}
		baseFee := big.NewInt(rapid.Int64Range(1, 50e9).Draw(t, "base fee"))
		budget := big.NewInt(rapid.Int64Range(1, 600e9).Draw(t, "budget"))
		list := offers(t, b, baseFee, budget, 40)
		if affordable := budget.Cmp(baseFee) >= 0; affordable != (len(list) > 0) {
			t.Fatalf("%d offers", len(list))
		}
		for i, f := range list {
			if f.cap.Cmp(budget) > 0 || f.cap.Cmp(limits.MaxFeePerGas) > 0 || f.cap.Cmp(baseFee) < 0 || f.tip.Cmp(f.cap) > 0 {
				t.Fatalf("offer %d: %s with tip %s of %s", i, f.cap, f.tip, budget)
			}
			if i > 0 && (!eighthAbove(f.cap, list[i-1].cap) || !eighthAbove(f.tip, list[i-1].tip)) {
				t.Fatalf("offer %d: %s/%s does not replace %s/%s", i, f.cap, f.tip, list[i-1].cap, list[i-1].tip)
			}
		}
	})
}

// eighthAbove is what geth's pool demands: 10 % more; others want 12.5 %.
func eighthAbove(now, before *big.Int) bool {
	return new(big.Int).Mul(now, big.NewInt(8)).Cmp(new(big.Int).Mul(before, big.NewInt(9))) >= 0 && now.Cmp(before) > 0
}

func TestTheWholeBudgetIsOfferedByTheDeadline(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &Bundler{limits: Limits{}.withDefaults(), tip: big.NewInt(1e9)}
		budget := big.NewInt(rapid.Int64Range(10e9, 400e9).Draw(t, "budget"))
		list := offers(t, b, big.NewInt(1e9), budget, int(b.limits.DeadlineBlocks)+1)
		last := list[len(list)-1]
		if new(big.Int).Mul(last.cap, big.NewInt(9)).Cmp(new(big.Int).Mul(budget, big.NewInt(8))) < 0 {
			t.Fatalf("the last of %d offers is %s of %s", len(list), last.cap, budget)
		}
	})
}

func TestARefusedFeeIsRaisedToWhatTheNodeWants(t *testing.T) {
	last := bundlersql.BundlerAttempt{TxHash: coffer.Hash{7}, MaxFee: coffer.NewAmount(80), MaxPriorityFee: coffer.NewAmount(8)}
	for _, c := range []struct {
		said     answer
		cap, tip int64
	}{
		{answer{}, 91, 10},
		{answer{class: evm.NonceTooHigh}, 91, 10},
		{answer{class: evm.ReplacementUnderpriced, needs: evm.Needed{Cap: new(big.Int), Tip: new(big.Int)}}, 103, 12},
		{answer{class: evm.FeeTooLow, needs: evm.Needed{Cap: big.NewInt(500), Tip: new(big.Int)}}, 500, 12},
		{answer{class: evm.FeeTooLow, needs: evm.Needed{Cap: new(big.Int), Tip: big.NewInt(90)}}, 103, 90},
	} {
		b := &Bundler{sent: map[coffer.Hash]answer{last.TxHash: c.said}}
		if got := b.beats(last); got.cap.Int64() != c.cap || got.tip.Int64() != c.tip {
			t.Errorf("%+v: %s with tip %s, want %d with %d", c.said, got.cap, got.tip, c.cap, c.tip)
		}
	}
}
