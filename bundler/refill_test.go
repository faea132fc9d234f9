package bundler_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler"
	"github.com/cofferhq/coffer/evm"
)

func milli(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e15)) }

// refilling keeps deposits above 1.2 ether and executors above 0.3.
func (w *world) refilling(c *bundler.Config) {
	c.Refill = &bundler.Refill{
		Wallets: []common.Address{w.wallet}, DepositMin: milli(1200), DepositTarget: milli(1500),
		ExecutorMin: milli(300), ExecutorTarget: milli(600), AtOnce: milli(400),
	}
}

func (w *world) deposited() *big.Int {
	w.t.Helper()
	amount, err := w.client.DepositOf(w.t.Context(), evm.AddressOf(w.wallet), coffer.Hash{})
	check(w.t, err)
	return amount.Int().ToBig()
}

func (w *world) holds(of common.Address) *big.Int {
	w.t.Helper()
	wei, err := w.Eth().BalanceAt(w.t.Context(), of, nil)
	check(w.t, err)
	return wei
}

func TestGasMoneyIsKeptAboveItsMinimum(t *testing.T) {
	w := newWorld(t)
	poor := newKey(t)
	check(t, w.SetBalance(t.Context(), w.executor.Address(), new(big.Int).Mul(ether, big.NewInt(5))))
	b := w.bundler(w.refilling, func(c *bundler.Config) { c.Executors = append(c.Executors, poor) })
	w.settle(b)                                          // an idle bundler looks too
	if got := w.deposited(); got.Cmp(milli(1400)) != 0 { // 1 and the 0.4 that may be moved at once
		t.Errorf("the deposit is %s", got)
	}
	if got := w.holds(poor.Address()); got.Cmp(milli(400)) != 0 {
		t.Errorf("the other executor holds %s", got)
	}
	w.wantCounts(2, 2)
	if b.Status().Dry {
		t.Error("the bundler says that gas money is missing")
	}
	hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	w.settle(b)
	w.wantState(b, hash, "included")
	if n := w.count("select count(*) from bundler_bundles where kind = 'refill'"); n != 2 {
		t.Errorf("%d refills, want 2", n)
	}
}

func TestARefillUnderWayIsNotRepeatedAndComesAgainAfterAReorganisation(t *testing.T) {
	w := newWorld(t)
	check(t, w.SetBalance(t.Context(), w.executor.Address(), new(big.Int).Mul(ether, big.NewInt(5))))
	b := w.bundler(w.refilling)
	w.mineByHand()
	hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	w.settle(b)
	w.raiseBaseFee(gwei(9)) // so that it is not in the block
	w.settle(b)
	check(t, w.Mine(t.Context(), 1))
	w.settle(b)
	w.wantState(b, hash, "included")
	check(t, w.Reorg(t.Context(), 1))
	w.settle(b)
	check(t, w.Mine(t.Context(), 1))
	w.settle(b)
	if got := w.deposited(); got.Cmp(milli(1390)) < 0 || got.Cmp(milli(1400)) > 0 { // less what the payment's gas cost
		t.Errorf("the deposit is %s", got)
	}
	if n := w.count("select count(*) from bundler_bundles where kind = 'refill'"); n != 1 {
		t.Errorf("%d refills, want 1", n)
	}
}

func TestNoExecutorIsEmptiedToFillADeposit(t *testing.T) {
	w := newWorld(t)
	check(t, w.SetBalance(t.Context(), w.executor.Address(), milli(650))) // 0.25 would be left
	b := w.bundler(w.refilling)
	hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	w.settle(b)
	w.wantState(b, hash, "included") // payments go on
	if got := w.deposited(); got.Cmp(ether) >= 0 {
		t.Errorf("the deposit is %s", got)
	}
	if !b.Status().Dry {
		t.Error("nobody is told that gas money is missing")
	}
}
