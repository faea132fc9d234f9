package bundler_test

import (
	"context"
	"errors"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/bundler"
)

var recipient = common.Address{0x77}

func TestOperationIsEstimatedBundledAndReceipted(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()

	hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	w.wantState(b, hash, "pooled")
	w.settle(b)

	w.wantState(b, hash, "included")
	w.wantBalance(recipient, 300)
	receipt, err := b.UserOperationReceipt(t.Context(), hash)
	check(t, err)
	if receipt == nil || !receipt.Success || receipt.UserOpHash != hash || receipt.Sender != w.wallet || receipt.Final {
		t.Fatalf("receipt %+v", receipt)
	}
	if len(receipt.Logs) != 4 { // Safe's two, Transfer, UserOperationEvent; not BeforeExecution
		t.Errorf("%d logs belong to the operation, want 4: %s", len(receipt.Logs), receipt.Logs)
	}
	tx, err := w.Eth().TransactionReceipt(t.Context(), w.landed())
	check(t, err)
	if used := receipt.ActualGasUsed.ToInt().Uint64(); used < tx.GasUsed {
		t.Errorf("the operation paid for %d gas, the bundle used %d", used, tx.GasUsed)
	}

	check(t, w.Mine(t.Context(), 5))
	w.settle(b)
	w.wantState(b, hash, "final")
	if moved, err := b.Step(t.Context()); moved || err != nil {
		t.Errorf("an idle bundler moved: %v, %v", moved, err)
	}
}

func TestCrashAroundBroadcastSendsOnce(t *testing.T) {
	for _, point := range []string{"bundler.stored", "bundler.before_broadcast", "bundler.after_broadcast"} {
		t.Run(point, func(t *testing.T) {
			w := newWorld(t)
			b := w.bundler(func(c *bundler.Config) { c.Checkpoint = crashAt(point) })
			hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
			if !crashes(func() { _, _ = b.Step(t.Context()) }) {
				t.Fatalf("the bundler never came to %s", point)
			}

			restarted := w.bundler()
			w.settle(restarted)

			w.wantState(restarted, hash, "included")
			w.wantBalance(recipient, 300)
			w.wantCounts(1, 1)
			if got := w.executorNonce(); got != 1 {
				t.Errorf("the executor sent %d transactions, want 1", got)
			}
		})
	}
}

func TestReorganisedBundlesComeAgainWithTheSameBytes(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	first := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	w.settle(b)
	second := w.send(b, w.ready(b, w.payment(nonce(0, 1), recipient, 500)))
	w.settle(b)
	before := w.landed()
	w.wantBalance(recipient, 800)

	check(t, w.Reorg(t.Context(), 2))
	w.wantBalance(recipient, 0)
	w.settle(b)

	w.wantState(b, first, "included")
	w.wantState(b, second, "included")
	w.wantBalance(recipient, 800)
	w.wantCounts(2, 2)
	if after := w.landed(); after != before {
		t.Errorf("another transaction landed: %s instead of %s", after, before)
	}
	receipt, err := b.UserOperationReceipt(t.Context(), second)
	check(t, err)
	header, err := w.Eth().HeaderByNumber(t.Context(), new(big.Int).SetUint64(receipt.Block.Height))
	check(t, err)
	if coffer.Hash(header.Hash()) != receipt.Block.Hash {
		t.Errorf("the receipt names block %s, height %d has %s", receipt.Block.Hash, receipt.Block.Height, header.Hash())
	}
}

func TestReceiptIsTakenBackWithItsBlock(t *testing.T) {
	w := newWorld(t)
	b := w.bundler(func(c *bundler.Config) { c.Checkpoint = nil })
	hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	w.settle(b)
	w.mineByHand()

	check(t, w.Reorg(t.Context(), 1))
	w.settle(b)

	w.wantState(b, hash, "bundled")
	if receipt, err := b.UserOperationReceipt(t.Context(), hash); receipt != nil || err != nil {
		t.Errorf("receipt %+v, %v of an operation in no block", receipt, err)
	}
	check(t, w.Mine(t.Context(), 1))
	w.settle(b)
	w.wantState(b, hash, "included")
	w.wantBalance(recipient, 300)
}

func TestStuckBundleGetsAHigherFeeUnderTheSameNonce(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	w.mineByHand()
	w.settle(b)
	w.wantState(b, hash, "bundled")
	first := w.attempts(0)
	check(t, w.DropTransaction(t.Context(), common.Hash(first[0].hash)))

	check(t, w.Mine(t.Context(), 2))
	w.settle(b)

	attempts := w.attempts(0)
	if len(attempts) != 2 || w.count("select count(*) from bundler_bundles") != 1 {
		t.Fatalf("%d attempts, want 2 in one bundle", len(attempts))
	}
	for _, fee := range [][2]*big.Int{{attempts[0].maxFee, attempts[1].maxFee}, {attempts[0].tip, attempts[1].tip}} {
		if least := new(big.Int).Div(new(big.Int).Mul(fee[0], big.NewInt(1125)), big.NewInt(1000)); fee[1].Cmp(least) < 0 {
			t.Errorf("fee went from %s to %s, want at least %s", fee[0], fee[1], least)
		}
	}
	check(t, w.Mine(t.Context(), 1))
	w.settle(b)
	w.wantState(b, hash, "included")
	w.wantBalance(recipient, 300)
	if got := w.executorNonce(); got != 1 {
		t.Errorf("the executor sent %d transactions, want 1", got)
	}
}

func TestNonceIsGivenUpOnlyWhenItIsUsedFinally(t *testing.T) {
	w := newWorld(t)
	b := w.bundler(func(c *bundler.Config) { c.Checkpoint = crashAt("bundler.before_broadcast") })
	hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	if !crashes(func() { _, _ = b.Step(t.Context()) }) {
		t.Fatal("the bundler did not crash")
	}
	w.spendExecutorNonce(0)
	restarted := w.bundler()

	w.settle(restarted)
	w.wantState(restarted, hash, "bundled")
	w.wantCounts(1, 1)

	check(t, w.Mine(t.Context(), 5))
	w.settle(restarted)
	w.wantState(restarted, hash, "included")
	w.wantBalance(recipient, 300)
	if lost := w.count("select count(*) from bundler_bundles where state = 'lost'"); lost != 1 {
		t.Errorf("%d bundles are lost, want 1", lost)
	}
	w.wantCounts(2, 2)
}

func TestOperationIncludedBySomebodyElseIsFound(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	op := w.ready(b, w.payment(nonce(0, 0), recipient, 300))
	hash := w.send(b, op)
	w.handleOps(op)

	w.settle(b)
	w.wantState(b, hash, "included")
	w.wantCounts(0, 0)

	check(t, w.Reorg(t.Context(), 1))
	w.settle(b)
	w.wantState(b, hash, "included") // by us this time
	w.wantCounts(1, 1)
	w.wantBalance(recipient, 300)
	check(t, w.Mine(t.Context(), 5))
	w.settle(b)
	w.wantState(b, hash, "final")
}

func TestFailingOperationIsDroppedAndTheOthersGo(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	now := w.latestTime()
	stale := w.payment(nonce(1, 0), recipient, 300)
	gas, err := b.EstimateUserOperationGas(t.Context(), userOperation(stale), w.EntryPoint)
	check(t, err)
	stale = w.signedUntil(withEstimate(stale, gas), now+60, w.owners[0], w.owners[1])
	staleHash := w.send(b, stale)
	goodHash := w.send(b, w.ready(b, w.payment(nonce(2, 0), recipient, 500)))

	check(t, w.SetNextBlockTime(t.Context(), w.latestClock().Add(120e9)))
	check(t, w.Mine(t.Context(), 1))
	w.settle(b)

	w.wantState(b, goodHash, "included")
	w.wantState(b, staleHash, "dropped")
	found, err := b.UserOperationByHash(t.Context(), staleHash)
	check(t, err)
	if found.Reason != "AA22 expired or not due" {
		t.Errorf("dropped because %q", found.Reason)
	}
	w.wantBalance(recipient, 500)
	w.wantRefused(b, stale, bundler.CodeTimeRange, "")
}

func TestOperationsShareABundle(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	var hashes []coffer.Hash
	for lane := range int64(3) {
		for sequence := range int64(2) {
			hashes = append(hashes, w.send(b, w.ready(b, w.payment(nonce(lane, sequence), recipient, 100))))
		}
	}
	w.settle(b)
	for _, hash := range hashes {
		w.wantState(b, hash, "included")
	}
	w.wantBalance(recipient, 600)
	w.wantCounts(1, 1)
}

func TestRunBundlesWhatArrivesUntilItIsStopped(t *testing.T) {
	w := newWorld(t)
	b := w.bundler(func(c *bundler.Config) { c.Poll = 20 * time.Millisecond })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()

	hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for included := false; !included; <-ticker.C {
		check(t, ctx.Err())
		receipt, err := b.UserOperationReceipt(t.Context(), hash)
		check(t, err)
		included = receipt != nil
	}
	w.wantBalance(recipient, 300)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
}

func TestTwoBundlersOnOneDatabaseSendOnce(t *testing.T) {
	w := newWorld(t)
	bundlers := []*bundler.Bundler{w.bundler(), w.bundler()}
	hash := w.send(bundlers[0], w.ready(bundlers[0], w.payment(nonce(0, 0), recipient, 300)))
	w.mineByHand()

	var group sync.WaitGroup
	for _, b := range bundlers {
		group.Go(func() {
			for range 5 {
				_, _ = b.Step(t.Context()) // one of them loses the race, which is an error
			}
		})
	}
	group.Wait()

	w.wantCounts(1, 1)
	check(t, w.Mine(t.Context(), 1))
	w.settle(bundlers[1])
	w.wantState(bundlers[0], hash, "included")
	w.wantBalance(recipient, 300)
}

func TestExecutorThatSignsSomethingElseSendsNothing(t *testing.T) {
	w := newWorld(t)
	b := w.bundler(func(c *bundler.Config) { c.Executors = []bundler.Executor{twistedKey{w.executor}} })
	hash := w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	if _, err := b.Step(t.Context()); err == nil {
		t.Error("no error")
	}
	w.wantState(b, hash, "pooled")
	w.wantCounts(0, 0)
}

// twistedKey signs with twice the fee.
type twistedKey struct{ *key }

func (k twistedKey) SignTx(ctx context.Context, tx *types.Transaction, chainID *big.Int) (*types.Transaction, error) {
	twisted := types.NewTx(&types.DynamicFeeTx{
		ChainID: chainID, Nonce: tx.Nonce(), GasTipCap: tx.GasTipCap(), GasFeeCap: new(big.Int).Lsh(tx.GasFeeCap(), 1),
		Gas: tx.Gas(), To: tx.To(), Value: tx.Value(), Data: tx.Data(),
	})
	return k.key.SignTx(ctx, twisted, chainID)
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	w := newWorld(t)
	good := bundler.Config{DB: w.db, Client: w.client, EntryPoint: w.EntryPoint, Executors: []bundler.Executor{w.executor}, Clock: tick()}
	for name, spoil := range map[string]func(*bundler.Config){
		"no EntryPoint there":  func(c *bundler.Config) { c.EntryPoint = recipient },
		"executor with code":   func(c *bundler.Config) { c.Executors = []bundler.Executor{contractExecutor{w.executor, w.wallet}} },
		"nothing to sign with": func(c *bundler.Config) { c.Executors = nil },
		"no database":          func(c *bundler.Config) { c.DB = nil },
	} {
		config := good
		spoil(&config)
		if _, err := bundler.New(t.Context(), config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

type contractExecutor struct {
	*key
	address common.Address
}

func (e contractExecutor) Address() common.Address { return e.address }

func nonce(lane, sequence int64) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(lane), 64)
	return n.Or(n, big.NewInt(sequence))
}

// errCrash is what a checkpoint panics with in the place of a crash.
var errCrash = errors.New("crash")

func crashAt(point string) func(string) {
	return func(name string) {
		if name == point {
			panic(errCrash)
		}
	}
}

func crashes(f func()) (crashed bool) {
	defer func() { crashed = recover() == any(errCrash) }()
	f()
	return false
}

func (w *world) handleOps(ops ...bindings.PackedUserOperation) {
	w.t.Helper()
	_, err := w.Send(w.t.Context(), callOf(w.EntryPoint, bindings.NewEntryPoint().PackHandleOps(ops, w.Faucet())))
	check(w.t, err)
}
