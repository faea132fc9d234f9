package bundler_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/bundler"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

const callGas = 250_000

// call is an execTransaction that pays token units, with a budget in gwei per gas.
func (w *world) call(nonce uint64, units int64, perGas int64) evm.ExecCall {
	w.t.Helper()
	safe := bindings.NewSafe()
	transfer := bindings.NewTestToken().PackTransfer(recipient, big.NewInt(units))
	zero, none := new(big.Int), common.Address{}
	ask := safe.PackGetTransactionHash(w.Token, zero, transfer, 0, zero, zero, zero, none, none, new(big.Int).SetUint64(nonce))
	hash, err := safe.Instance(w.Eth(), w.wallet).CallRaw(nil, ask)
	check(w.t, err)
	signatures, err := devnet.Owners(w.owners[:2]).Sign(common.BytesToHash(hash))
	check(w.t, err)
	return evm.ExecCall{
		ID: coffer.Hash(hash), Safe: w.wallet, Nonce: nonce,
		Data:     safe.PackExecTransaction(w.Token, zero, transfer, 0, zero, zero, zero, none, none, signatures),
		GasLimit: callGas, FeeBound: coffer.NewAmount(callGas * uint64(perGas) * 1e9),
	}
}

func (w *world) sendExec(b *bundler.Bundler, call evm.ExecCall) {
	w.t.Helper()
	check(w.t, b.SendExec(w.t.Context(), call))
}

func (w *world) wantCall(b *bundler.Bundler, call evm.ExecCall, want string) {
	w.t.Helper()
	state, reason, err := b.ExecState(w.t.Context(), call.ID)
	check(w.t, err)
	if state != want {
		w.t.Fatalf("the call is %q (%s), want it %s", state, reason, want)
	}
}

func TestCallsOfASafeAreSentInTheOrderOfItsNonces(t *testing.T) {
	w := newWorld(t)
	b := w.bundler(w.with(newKey(t)))
	first, second := w.call(0, 100, 40), w.call(1, 200, 40)
	w.sendExec(b, second) // early: it is kept
	w.settle(b)
	w.wantCall(b, second, "pooled")
	w.sendExec(b, first)
	w.sendExec(b, first) // again
	w.settle(b)
	w.wantCall(b, first, "included")
	w.wantCall(b, second, "included")
	w.wantBalance(recipient, 300)
	w.wantCounts(2, 2)
	check(t, w.Mine(t.Context(), 5))
	w.settle(b)
	w.wantCall(b, first, "final")
	w.wantCall(b, second, "final")
	w.sendExec(b, first) // still no error
	if moved, err := b.Step(t.Context()); moved || err != nil {
		t.Errorf("an idle bundler moved: %v, %v", moved, err)
	}
	w.wantBalance(recipient, 300)
}

func TestCallsComeAgainAfterAReorganisation(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	call := w.call(0, 100, 40)
	w.sendExec(b, call)
	w.settle(b)
	check(t, w.Reorg(t.Context(), 1))
	w.wantBalance(recipient, 0)
	w.settle(b)
	w.wantCall(b, call, "included")
	w.wantBalance(recipient, 100)
	w.wantCounts(1, 1)
}

func TestACallIsReplacedUnderTheSameNonceOfTheExecutor(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	w.mineByHand()
	old, fresh := w.call(0, 100, 40), w.call(0, 150, 80)
	w.sendExec(b, old)
	w.settle(b)
	w.wantCall(b, old, "bundled")
	w.sendExec(b, fresh)
	w.settle(b)
	w.wantCall(b, old, "replaced")
	w.wantCall(b, fresh, "bundled")
	w.wantCounts(1, 2)
	check(t, w.Mine(t.Context(), 1))
	w.settle(b)
	w.wantCall(b, fresh, "included")
	w.wantBalance(recipient, 150)
	if got := w.executorNonce(); got != 1 {
		t.Errorf("the executor sent %d transactions, want 1", got)
	}
}

func TestAStuckCallIsBumpedWithinItsBoundAndThenParked(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	w.mineByHand()
	call := w.call(0, 100, 20)
	w.sendExec(b, call)
	w.settle(b)
	w.raiseBaseFee(gwei(10))
	w.settle(b)
	w.wantCounts(1, 2) // 10 gwei are within its bound
	w.raiseBaseFee(gwei(100))
	w.settle(b)
	w.wantCounts(1, 2)
	parked, err := b.Parked(t.Context())
	check(t, err)
	if len(parked) != 1 {
		t.Fatalf("parked %+v", parked)
	}
	for _, a := range w.attempts(0) {
		if spend := new(big.Int).Mul(a.maxFee, big.NewInt(callGas)); spend.Cmp(call.FeeBound.Int().ToBig()) > 0 {
			t.Errorf("an attempt may cost %s, the bound is %s", spend, call.FeeBound)
		}
	}
	for range 40 {
		check(t, w.Mine(t.Context(), 1))
		w.settle(b)
		if state, _, _ := b.ExecState(t.Context(), call.ID); state == "included" {
			break
		}
	}
	w.wantCall(b, call, "included")
	w.wantBalance(recipient, 100)
}

func TestAParkedCallMakesWayWhenNoOtherExecutorIsThere(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	w.mineByHand()
	call := w.call(0, 100, 20)
	w.sendExec(b, call)
	w.settle(b)
	w.raiseBaseFee(gwei(60))
	w.settle(b)
	if parked, err := b.Parked(t.Context()); err != nil || len(parked) != 1 {
		t.Fatalf("parked %+v, %v", parked, err)
	}
	dear := w.send(b, w.priced(b, nonce(0, 0), 200, gwei(1), gwei(400)))
	w.mineUntilIncluded(b, dear)
	w.wantBalance(recipient, 200)
	w.wantCall(b, call, "pooled")
	for range 40 {
		check(t, w.Mine(t.Context(), 1))
		w.settle(b)
		if state, _, _ := b.ExecState(t.Context(), call.ID); state == "included" {
			break
		}
	}
	w.wantCall(b, call, "included")
	w.wantBalance(recipient, 300)
}

func TestACallThatSomebodyElseMadeIsNotMadeAgain(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	w.mineByHand()
	call := w.call(0, 100, 40)
	w.sendExec(b, call)
	_, err := w.Submit(t.Context(), devnet.Call{To: &w.wallet, Data: call.Data, Gas: callGas})
	check(t, err)
	check(t, w.Mine(t.Context(), 1))
	w.settle(b)
	check(t, w.Mine(t.Context(), 6))
	w.settle(b)
	w.wantCall(b, call, "dropped")
	w.wantBalance(recipient, 100)
	w.wantCounts(0, 0)
}

func TestCallsThatCannotWorkAreRefused(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	good := w.call(0, 100, 40)
	for name, c := range map[string]struct {
		spoil func(*evm.ExecCall)
		code  int
		field string
	}{
		"another Safe":     {func(c *evm.ExecCall) { c.Safe = recipient }, bundler.CodeBanned, "safe"},
		"no name":          {func(c *evm.ExecCall) { c.ID = coffer.Hash{} }, bundler.CodeInvalid, "id"},
		"another function": {func(c *evm.ExecCall) { c.Data = append([]byte{1}, c.Data[1:]...) }, bundler.CodeInvalid, "data"},
		"no data":          {func(c *evm.ExecCall) { c.Data = nil }, bundler.CodeInvalid, "data"},
		"too much data":    {func(c *evm.ExecCall) { c.Data = append(c.Data, make([]byte, 128<<10)...) }, bundler.CodeInvalid, "data"},
		"too little gas":   {func(c *evm.ExecCall) { c.GasLimit = 21_000 }, bundler.CodeInvalid, "gasLimit"},
		"too much gas":     {func(c *evm.ExecCall) { c.GasLimit = 16_000_000 }, bundler.CodeInvalid, "gasLimit"},
		"a wrong nonce":    {func(c *evm.ExecCall) { *c = w.call(1, 100, 40); c.Nonce = 0 }, bundler.CodeExecution, ""},
		"too much to pay":  {func(c *evm.ExecCall) { *c = w.call(0, 2_000_000, 40) }, bundler.CodeExecution, ""},
	} {
		call := good
		c.spoil(&call)
		err := b.SendExec(t.Context(), call)
		var refused *bundler.Error
		if !errors.As(err, &refused) || refused.Code != c.code || refused.Field != c.field {
			t.Errorf("%s: got %v, want code %d for field %q", name, err, c.code, c.field)
		}
	}
	if n := w.count("select count(*) from bundler_calls"); n != 0 {
		t.Errorf("%d refused calls were stored", n)
	}
	w.sendExec(b, good)
	w.settle(b)
	other := w.call(0, 50, 40)
	var refused *bundler.Error
	if err := b.SendExec(t.Context(), other); !errors.As(err, &refused) || refused.Field != "nonce" {
		t.Errorf("a used nonce: %v", err)
	}
}
