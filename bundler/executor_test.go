package bundler_test

import (
	"context"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/bundler"
)

// with adds an executor with money.
func (w *world) with(x bundler.Executor) func(*bundler.Config) {
	w.t.Helper()
	_, err := w.FundNative(w.t.Context(), x.Address(), ether)
	check(w.t, err)
	return func(c *bundler.Config) { c.Executors = append(c.Executors, x) }
}

// priced is a ready operation with other fees.
func (w *world) priced(b *bundler.Bundler, nonce *big.Int, units int64, tip, fee *big.Int) bindings.PackedUserOperation {
	w.t.Helper()
	op := w.ready(b, w.payment(nonce, recipient, units))
	setPair(&op.GasFees, tip, fee)
	return w.signed(op, w.owners[0], w.owners[1])
}

// raiseBaseFee makes a block with a base fee, and a second one so that the pool has seen it.
func (w *world) raiseBaseFee(wei *big.Int) {
	w.t.Helper()
	check(w.t, w.SetNextBaseFee(w.t.Context(), wei))
	check(w.t, w.Mine(w.t.Context(), 1))
}

func TestBundlesOfDifferentLanesAreInFlightOnSeveralExecutors(t *testing.T) {
	w := newWorld(t)
	other := newKey(t)
	b := w.bundler(w.with(other))
	w.mineByHand()

	first := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 100)))
	w.settle(b)
	second := w.send(b, w.ready(b, w.payment(nonce(1, 0), recipient, 200)))
	w.settle(b)
	behind := w.send(b, w.ready(b, w.payment(nonce(0, 1), recipient, 300))) // its lane is in flight
	w.settle(b)

	w.wantCounts(2, 2)
	if n := w.count("select count(distinct executor) from bundler_bundles where state = 'live'"); n != 2 {
		t.Errorf("%d executors have a bundle in flight, want 2", n)
	}
	w.wantState(b, behind, "pooled")

	check(t, w.Mine(t.Context(), 1))
	w.settle(b)
	check(t, w.Mine(t.Context(), 1))
	w.settle(b)
	for _, hash := range []coffer.Hash{first, second, behind} {
		w.wantState(b, hash, "included")
	}
	w.wantCounts(3, 3)
	w.wantBalance(recipient, 600)
}

func TestAnExecutorHasOnlySoManyInFlight(t *testing.T) {
	w := newWorld(t)
	b := w.bundler(func(c *bundler.Config) { c.Limits.MaxInFlight = 2 })
	w.mineByHand()
	var hashes []coffer.Hash
	for lane := range int64(3) {
		hashes = append(hashes, w.send(b, w.ready(b, w.payment(nonce(lane, 0), recipient, 100))))
		w.settle(b)
	}
	w.wantCounts(2, 2)
	w.wantState(b, hashes[2], "pooled")

	check(t, w.Mine(t.Context(), 1)) // both
	w.settle(b)
	check(t, w.Mine(t.Context(), 1))
	w.settle(b)
	for _, hash := range hashes {
		w.wantState(b, hash, "included")
	}
	w.wantCounts(3, 3)
	if got := w.executorNonce(); got != 3 {
		t.Errorf("the executor sent %d transactions, want 3", got)
	}
}

func TestAnExecutorThatDoesNotSignLeavesTheWorkToTheOthers(t *testing.T) {
	w := newWorld(t)
	silent := silentKey{newKey(t)}
	check(t, w.SetBalance(t.Context(), silent.Address(), new(big.Int).Mul(ether, big.NewInt(10)))) // the first to be asked
	b := w.bundler(func(c *bundler.Config) { c.Executors = append(c.Executors, silent) })
	hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	w.settle(b)
	w.wantState(b, hash, "included")
	w.wantBalance(recipient, 300)
}

// silentKey is an executor whose signer is away.
type silentKey struct{ *key }

func (silentKey) SignTx(context.Context, *types.Transaction, *big.Int) (*types.Transaction, error) {
	return nil, errors.New("nobody answers")
}

func TestAnExecutorWithoutGasMoneyLeavesTheWorkToTheOthers(t *testing.T) {
	w := newWorld(t)
	poor := newKey(t)
	b := w.bundler(func(c *bundler.Config) { c.Executors = []bundler.Executor{poor, w.executor} })
	hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	w.settle(b)
	w.wantState(b, hash, "included")
	check(t, w.SetBalance(t.Context(), w.executor.Address(), new(big.Int)))
	waiting := w.send(b, w.ready(b, w.payment(nonce(0, 1), recipient, 300)))
	w.settle(b)
	w.wantState(b, waiting, "pooled")
	w.wantCounts(1, 1)
}

// A nonce that was given out and of which nothing is known, as after a restored database,
// would hold up everything behind it.
func TestAGapInTheNoncesIsFilled(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	_, err := w.db.Pool().Exec(t.Context(), "update bundler_executors set next_nonce = 2")
	check(t, err)
	hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	w.settle(b)

	w.wantState(b, hash, "included")
	w.wantBalance(recipient, 300)
	if n := w.count("select count(*) from bundler_bundles where kind = 'nothing' and state = 'mined' and nonce < 2"); n != 2 {
		t.Errorf("%d nonces were filled, want 2", n)
	}
	if got := w.executorNonce(); got != 3 {
		t.Errorf("the executor sent %d transactions, want 3", got)
	}
}

func TestATransactionThatThePoolLosesIsSentAgain(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	w.mineByHand()
	first := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 100)))
	w.settle(b)
	second := w.send(b, w.ready(b, w.payment(nonce(1, 0), recipient, 200)))
	w.settle(b)
	check(t, w.DropTransaction(t.Context(), common.Hash(w.attempts(0)[0].hash)))

	check(t, w.Mine(t.Context(), 1)) // the second has to wait for the first
	w.wantBalance(recipient, 0)
	w.settle(b)
	check(t, w.Mine(t.Context(), 1))
	w.settle(b)
	w.wantState(b, first, "included")
	w.wantState(b, second, "included")
	w.wantBalance(recipient, 300)
	w.wantCounts(2, 2)
}

func TestABundleAboveItsBudgetIsParkedUntilFeesFall(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	w.mineByHand()
	hash := w.send(b, w.priced(b, nonce(0, 0), 300, gwei(1), gwei(4)))
	w.settle(b)
	w.raiseBaseFee(gwei(8))
	w.settle(b)

	parked, err := b.Parked(t.Context())
	check(t, err)
	if len(parked) != 1 || parked[0].Nonce != 0 || parked[0].Executor != w.executor.Address().Hex() || parked[0].Alarm == "" {
		t.Fatalf("parked %+v", parked)
	}
	w.wantState(b, hash, "bundled")
	w.mineUntilIncluded(b, hash)
	if parked, err = b.Parked(t.Context()); len(parked) != 0 || err != nil {
		t.Errorf("parked %+v, %v", parked, err)
	}
	w.wantBalance(recipient, 300)
	if n := w.count("select count(*) from bundler_bundles"); n != 1 {
		t.Errorf("%d bundles, want one", n)
	}
}

func TestABundleAboveItsBudgetMakesWayForThoseBehindIt(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	w.mineByHand()
	cheap := w.send(b, w.priced(b, nonce(0, 0), 100, gwei(1), gwei(4)))
	w.settle(b)
	dear := w.send(b, w.priced(b, nonce(1, 0), 200, gwei(1), gwei(40)))
	w.settle(b)
	w.wantCounts(2, 2)
	w.raiseBaseFee(gwei(8))
	w.settle(b)
	check(t, w.Mine(t.Context(), 1))
	w.settle(b)

	w.wantState(b, dear, "included")
	w.wantState(b, cheap, "pooled") // its nonce went to a payment of nothing
	w.wantBalance(recipient, 200)
	w.mineUntilIncluded(b, cheap)
	w.wantBalance(recipient, 300)
	if got := w.executorNonce(); got != 3 {
		t.Errorf("the executor sent %d transactions, want 3", got)
	}
}

// mineUntilIncluded makes empty blocks, with which the base fee falls.
func (w *world) mineUntilIncluded(b *bundler.Bundler, hash coffer.Hash) {
	w.t.Helper()
	for range 40 {
		check(w.t, w.Mine(w.t.Context(), 1))
		w.settle(b)
		found, err := b.UserOperationByHash(w.t.Context(), hash)
		check(w.t, err)
		if found.State == "included" {
			return
		}
	}
	w.t.Fatalf("operation %s is in none of 40 blocks", hash)
}
