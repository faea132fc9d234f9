package relayer_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/relayer"
)

func TestSimulateLegsNamesThePaymentThatFailsForItsOwnSake(t *testing.T) {
	c := newChain(t)
	legs := func(payments ...coffer.Payment) []error {
		t.Helper()
		got, err := c.wallet.SimulateLegs(t.Context(), c.intent(t, "0x0", payments...))
		if err != nil || len(got) != len(payments) {
			t.Fatalf("%v, %v", got, err)
		}
		return got
	}
	want := func(name string, legs []error, bad ...int) {
		t.Helper()
		for n, err := range legs {
			fails := len(bad) > 0 && bad[0] == n
			if fails {
				bad = bad[1:]
			}
			if (err != nil) != fails {
				t.Errorf("%s: payment %d: %v", name, n, err)
			}
		}
	}
	do := func(data []byte) {
		t.Helper()
		if _, err := c.Send(t.Context(), devnet.Call{To: &c.Token, Data: data}); err != nil {
			t.Fatal(err)
		}
	}

	want("all can be paid", legs(c.pays(0x71, 5), c.pays(0x72, 6)))
	if err := c.Refuse(t.Context(), c.Contracts, common.Address{0x72}, true); err != nil {
		t.Fatal(err)
	}
	want("one is refused by the token", legs(c.pays(0x71, 5), c.pays(0x72, 6), c.pays(0x73, 7)), 1)

	// The wallet has 1,000,000: what it lacks is no payment's fault.
	want("more than there is", legs(c.pays(0x71, 600_000), c.pays(0x73, 600_000), c.pays(0x74, 2_000_000)))

	silent := common.Address{0x51} // a contract that takes coins, and says nothing as a token
	stubborn := common.Address{0x53}
	for address, code := range map[common.Address][]byte{silent: {0x00}, stubborn: {0x5f, 0x5f, 0xfd}} {
		if err := c.SetCode(t.Context(), address, code); err != nil {
			t.Fatal(err)
		}
	}
	coins := func(to common.Address) coffer.Payment {
		return coffer.Payment{Asset: native, To: evm.AddressOf(to), Amount: coffer.NewAmount(5)}
	}
	want("a contract that takes no coins", legs(coins(silent), coins(stubborn)), 1)
	want("a token that says nothing", legs(coffer.Payment{Asset: evm.TokenAsset(chainID, silent), To: evm.AddressOf(common.Address{0x71}), Amount: coffer.NewAmount(5)}))

	token := bindings.NewTestToken()
	do(token.PackPause())
	want("the token is paused", legs(c.pays(0x71, 5), c.pays(0x72, 6)))
	do(token.PackUnpause())
	do(token.PackSetParams(big.NewInt(10), big.NewInt(5)))
	want("the token takes a fee", legs(c.pays(0x71, 5000)))
}

func TestBuildSaysThatTheCallWouldFail(t *testing.T) {
	c := newChain(t)
	c.bundler.reverts = true
	if _, err := c.wallet.Build(t.Context(), c.intent(t, "0x0", c.pays(0x71, 5)), nil); !errors.Is(err, coffer.ErrWouldFail) {
		t.Errorf("%v, want ErrWouldFail", err)
	}
}

// The priority fee of a later attempt lies on the line from the first one's to the budget.
func TestFeesClimbToTheBudgetByTheDeadline(t *testing.T) {
	c := newChain(t)
	now := time.Now()
	var err error
	c.wallet, err = relayer.NewWallet(relayer.Config{Client: c.client, Safe: c.safe, Sender: c.bundler, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	i := c.intent(t, "0x0", c.pays(0x71, 5))
	first := coffer.Attempt{At: now, Unsigned: c.build(t, i)}
	tip := func(u coffer.Unsigned) (priority, highest, price *big.Int) {
		op, _, err := evm.DecodeUnsigned(u)
		if err != nil {
			t.Fatal(err)
		}
		gas := new(big.Int).SetUint64(op.CallGasLimit + op.VerificationGasLimit + op.PreVerificationGas)
		return op.MaxPriorityFeePerGas.ToBig(), op.MaxFeePerGas.ToBig(), gas.Div(i.FeeBound.Int().ToBig(), gas)
	}
	begin, _, budget := tip(first.Unsigned)
	whole := i.Expires.Sub(now) - time.Minute
	begun := now
	for _, percent := range []int64{25, 50, 100} {
		now = begun.Add(whole * time.Duration(percent) / 100)
		priority, highest, _ := tip(c.build(t, i, first))
		_, base, err := c.client.SuggestFees(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		climb := new(big.Int).Sub(new(big.Int).Sub(budget, base.Int().ToBig()), begin)
		line := new(big.Int).Add(begin, climb.Div(climb.Mul(climb, big.NewInt(percent)), big.NewInt(100)))
		if off := new(big.Int).Sub(line, priority); off.Abs(off).Cmp(new(big.Int).Div(line, big.NewInt(1000))) > 0 {
			t.Errorf("at %d %% of the time the priority fee is %s, on the line it is %s", percent, priority, line)
		}
		if highest.Cmp(budget) > 0 || highest.Cmp(new(big.Int).Add(priority, base.Int().ToBig())) < 0 {
			t.Errorf("at %d %%: at most %s, priority %s, budget %s", percent, highest, priority, budget)
		}
	}
	// All of it is offered now, so nothing replaces it.
	last := coffer.Attempt{At: now, Unsigned: c.build(t, i, first)}
	if _, err := c.wallet.Build(t.Context(), i, []coffer.Attempt{first, last}); !errors.Is(err, coffer.ErrFeeBudget) || !strings.Contains(err.Error(), "budget is spent") {
		t.Errorf("beyond the budget: %v", err)
	}
}
