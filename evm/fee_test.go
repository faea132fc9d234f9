package evm_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

func TestSuggestedFeesFollowTheBaseFee(t *testing.T) {
	c := newChain(t)
	for _, base := range []int64{1e9, 70e9} {
		if err := c.SetNextBaseFee(t.Context(), big.NewInt(base)); err != nil {
			t.Fatal(err)
		}
		if err := c.Mine(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		fees, next, err := c.client.SuggestFees(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// An empty block lowers the base fee by an eighth.
		if want := amount(uint64(base - base/8)); next != want {
			t.Errorf("next base fee %s, want %s", next, want)
		}
		double, err := next.Add(next)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := double.Add(fees.Priority); err != nil || fees.Max != want || fees.Priority.IsZero() {
			t.Errorf("fees %+v with base %s, want headroom to %s (%v)", fees, next, want, err)
		}
	}
}

func TestFeesOfALyingNodeAreBounded(t *testing.T) {
	c := newChain(t)
	suggest := func(base, reward string) (evm.Fees, error) {
		client, _ := c.dial(t, tamperer(t, c.URL, func(method string, answer map[string]any) {
			if method == "eth_feeHistory" {
				answer["result"] = map[string]any{"baseFeePerGas": []string{base}, "reward": [][]string{{reward}}}
			}
		}))
		fees, _, err := client.SuggestFees(t.Context())
		return fees, err
	}
	if fees, err := suggest("0x1", "0xffffffffffffffffffff"); err != nil || fees.Priority != amount(500e9) {
		t.Errorf("priority %+v, %v", fees, err)
	}
	if fees, err := suggest("0x0", "0x0"); err != nil || fees.Priority != amount(1e6) || fees.Max != amount(1e6) {
		t.Errorf("free chain: %+v, %v", fees, err)
	}
	if fees, err := suggest("0xffffffffffffffffffffffffffff", "0x1"); err == nil {
		t.Errorf("base fee of a madman gives %+v", fees)
	}
}

// Law: a bumped fee beats every earlier one by at least 12.5 % on both fields.
func TestBumpBeatsEveryEarlierFee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func() evm.Fees {
			priority := rapid.Uint64Range(0, 1e12).Draw(t, "priority")
			return evm.Fees{Max: amount(priority + rapid.Uint64Range(0, 1e12).Draw(t, "more")), Priority: amount(priority)}
		}
		now := draw()
		var earlier []evm.Fees
		for range rapid.IntRange(0, 4).Draw(t, "earlier") {
			earlier = append(earlier, draw())
		}
		bumped, err := now.Bump(earlier...)
		if err != nil {
			t.Fatal(err)
		}
		beats := func(a, b coffer.Amount) bool { // a ≥ 1.125 b and a > b
			left := new(big.Int).Mul(a.Int().ToBig(), big.NewInt(1000))
			right := new(big.Int).Mul(b.Int().ToBig(), big.NewInt(1125))
			return left.Cmp(right) >= 0 && a.Cmp(b) > 0
		}
		for _, e := range earlier {
			if !beats(bumped.Max, e.Max) || !beats(bumped.Priority, e.Priority) {
				t.Fatalf("%+v does not replace %+v", bumped, e)
			}
		}
		if bumped.Max.Cmp(now.Max) < 0 || bumped.Priority.Cmp(now.Priority) < 0 || bumped.Priority.Cmp(bumped.Max) > 0 {
			t.Fatalf("%+v became %+v", now, bumped)
		}
	})
}

func TestCapKeepsFeesInsideTheBound(t *testing.T) {
	f := evm.Fees{Max: amount(100), Priority: amount(10)}
	for _, test := range []struct {
		bound, least, want uint64 // want 0: ErrFeeBudget
	}{{1000 * 100, 60, 100}, {1000*100 - 1, 60, 99}, {1000 * 60, 60, 60}, {1000*60 - 1, 60, 0}, {1000 * 9, 1, 0}, {0, 1, 0}} {
		got, err := f.Cap(1000, amount(test.bound), amount(test.least))
		if test.want == 0 {
			if !errors.Is(err, evm.ErrFeeBudget) {
				t.Errorf("%+v: %+v, %v; want ErrFeeBudget", test, got, err)
			}
			continue
		}
		if err != nil || got.Max != amount(test.want) || got.Priority != f.Priority {
			t.Errorf("%+v: %+v, %v", test, got, err)
		}
	}
}

func TestFeesMoveTowardTheBudgetOnALine(t *testing.T) {
	first := evm.Fees{Max: amount(220), Priority: amount(20)}
	now := evm.Fees{Max: amount(230), Priority: amount(30)}
	for _, test := range []struct {
		highest             uint64
		passed              time.Duration
		wantMax, wantTarget uint64
	}{
		{1020, 0, 230, 30},
		{1020, 1, 230, 30},                // the line is below the market
		{1020, time.Minute, 280, 80 + 0},  // 20 + 900 × 1/15
		{1020, 5 * time.Minute, 520, 320}, // 20 + 900 × 5/15
		{1020, 15 * time.Minute, 1020, 920},
		{1020, time.Hour, 1020, 920},    // never more than the budget
		{120, 5 * time.Minute, 230, 30}, // no room: Cap decides
		{50, 5 * time.Minute, 230, 30},  // below the base fee
	} {
		got, err := now.Toward(first, amount(100), amount(test.highest), test.passed, 15*time.Minute)
		if err != nil || got.Max != amount(test.wantMax) || got.Priority != amount(test.wantTarget) {
			t.Errorf("%+v: %+v, %v", test, got, err)
		}
	}
}

func TestGasJSON(t *testing.T) {
	g := evm.Gas{Verification: 1, Call: 2, PreVerification: 3}
	b, err := json.Marshal(g)
	if want := `{"preVerificationGas":"0x3","verificationGasLimit":"0x1","callGasLimit":"0x2"}`; err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
	var again evm.Gas
	if err := json.Unmarshal([]byte(`{"preVerificationGas":"0x3","verificationGasLimit":"0x1","callGasLimit":"0x2","paymasterVerificationGasLimit":"0x0"}`), &again); err != nil || again != g {
		t.Errorf("%+v, %v", again, err)
	}
}
