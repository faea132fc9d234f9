//go:build long

package bundler_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

// The load of OpenZeppelin's relayer issue 843 (12 transactions a minute while the node's
// connections break; there nonces got stuck for ever), with the time compressed: a block
// each second, five operations a second, a question in seven meets a fault, a transaction in two, and for
// a while all of them. It runs on a node that keeps what comes too early, and on a strict one,
// as in that issue.
const (
	loadOperations = 60
	loadLanes      = 6
	loadFaulty     = 7
	loadWindow     = 15 // transactions that all are lost, on their way to the node or by its pool
	loadTimeout    = 4 * time.Minute
)

func TestNoNonceIsStuckWhenConnectionsBreakUnderLoad(t *testing.T) {
	for _, strict := range []bool{false, true} {
		t.Run(fmt.Sprintf("strict=%v", strict), func(t *testing.T) { loadWithFaults(t, strict) })
	}
}

func loadWithFaults(t *testing.T, strict bool) {
	w := newWorld(t)
	proxy, err := devnet.NewProxy(t.Context(), w.URL)
	check(t, err)
	t.Cleanup(func() { _ = proxy.Close() })
	if strict {
		proxy.Strict()
	}
	client, err := evm.Dial(t.Context(), evm.Config{
		Chain: "eip155:31337", Native: "eip155:31337/slip44:60", EntryPoint: w.EntryPoint,
		Module: w.Safe4337Module, MultiSend: w.MultiSendCallOnly, URLs: []string{proxy.URL}, CallTimeout: 2 * time.Second,
	})
	check(t, err)
	t.Cleanup(client.Close)

	second := newKey(t)
	direct := w.bundler(w.with(second)) // for estimates and questions, on the node itself
	b := w.bundler(func(c *bundler.Config) {
		c.Executors = append(c.Executors, second)
		c.Client, c.Poll = client, 50*time.Millisecond
	})
	ops := w.loadOf(direct)
	check(t, w.SetAutomine(t.Context(), false))
	check(t, w.RPC().CallContext(t.Context(), nil, "evm_setIntervalMining", 1))

	rng := rand.New(rand.NewPCG(843, 1))
	faults := []devnet.Fault{devnet.FaultBefore, devnet.FaultAfter, devnet.FaultPoolLost, devnet.FaultWrong, devnet.FaultLimited, devnet.FaultHTML, devnet.FaultOldHead}
	sends := 0
	proxy.Inject(func(method string) devnet.Fault {
		odds := loadFaulty
		if method == "eth_sendRawTransaction" {
			odds = 2
			if sends++; sends > loadWindow && sends <= 2*loadWindow {
				if strict { // what follows comes too early then, for the bundler thinks that it was taken
					return devnet.FaultPoolLost
				}
				return devnet.FaultBefore
			}
		}
		if rng.IntN(odds) == 0 {
			return faults[rng.IntN(len(faults))]
		}
		return devnet.FaultNone
	})

	ctx, cancel := context.WithTimeout(t.Context(), loadTimeout)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	hashes := w.sendLoad(ctx, b, ops)
	w.awaitState(ctx, direct, hashes, "final")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}

	for i, hash := range hashes {
		w.wantState(direct, hash, "final")
		w.wantBalance(loadRecipient(i), 100+int64(i))
	}
	if open := w.count("select count(*) from bundler_bundles where state = 'live'"); open != 0 {
		t.Errorf("%d nonces are stuck", open)
	}
	for _, x := range []*key{w.executor, second} {
		nonce, err := w.Eth().NonceAt(t.Context(), x.Address(), nil)
		check(t, err)
		if used := w.count("select count(*) from bundler_bundles where executor = $1 and state in ('mined', 'final')", x.Address().Hex()); uint64(used) != nonce {
			t.Errorf("executor %s used %d nonces, the bundler knows of %d", x.Address(), nonce, used)
		}
	}
	if strict {
		faults = append(faults, devnet.FaultEarly)
	}
	for _, fault := range faults {
		t.Logf("%s: %d times", fault, proxy.Count(fault))
		if proxy.Count(fault) == 0 {
			t.Errorf("%s: was never injected", fault)
		}
	}
	t.Logf("%d bundles, %d attempts", w.count("select count(*) from bundler_bundles"), w.count("select count(*) from bundler_attempts"))
}

func loadRecipient(i int) common.Address {
	return common.BigToAddress(big.NewInt(int64(0x843000 + i)))
}

// loadOf makes signed operations, as many in each lane.
func (w *world) loadOf(b *bundler.Bundler) (ops []evm.UserOperation) {
	w.t.Helper()
	for i := range loadOperations {
		lane, sequence := int64(i%loadLanes), int64(i/loadLanes)
		op := w.payment(nonce(lane, sequence), loadRecipient(i), 100+int64(i))
		ops = append(ops, userOperation(w.ready(b, op)))
	}
	return ops
}

// sendLoad gives one operation after the other to the bundler, as a client would that
// tries again until it is taken.
func (w *world) sendLoad(ctx context.Context, b *bundler.Bundler, ops []evm.UserOperation) (hashes []coffer.Hash) {
	w.t.Helper()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for _, op := range ops {
		for {
			<-ticker.C
			check(w.t, ctx.Err())
			hash, err := b.SendUserOperation(ctx, op, w.EntryPoint)
			if err == nil {
				hashes = append(hashes, hash)
				break
			}
			var refused *bundler.Error
			if errors.As(err, &refused) && refused.Code == bundler.CodeInvalid {
				w.t.Fatal(fmt.Errorf("an operation is refused for good: %w", err))
			}
		}
	}
	return hashes
}

// awaitState waits until every operation is in a state.
func (w *world) awaitState(ctx context.Context, b *bundler.Bundler, hashes []coffer.Hash, want string) {
	w.t.Helper()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for _, hash := range hashes {
		for {
			found, err := b.UserOperationByHash(ctx, hash)
			check(w.t, err)
			if found.State == want {
				break
			}
			select {
			case <-ctx.Done():
				w.t.Fatalf("operation %s is %v when the time is over", hash, found)
			case <-ticker.C:
			}
		}
	}
}
