package bundler_test

import (
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/bundler"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

// counted is the world's node behind a proxy that counts questions.
func (w *world) counted() (*evm.Client, func(method string) int) {
	w.t.Helper()
	proxy, err := devnet.NewProxy(w.t.Context(), w.URL)
	check(w.t, err)
	w.t.Cleanup(func() { _ = proxy.Close() })
	var mu sync.Mutex
	asked := map[string]int{}
	proxy.Inject(func(method string) devnet.Fault {
		mu.Lock()
		defer mu.Unlock()
		asked[method]++
		return devnet.FaultNone
	})
	config := w.client.Config()
	config.URLs = []string{proxy.URL}
	client, err := evm.Dial(w.t.Context(), config)
	check(w.t, err)
	w.t.Cleanup(client.Close)
	return client, func(method string) int {
		mu.Lock()
		defer mu.Unlock()
		return asked[method]
	}
}

func TestOperationsWithoutEnoughOwnersNeverReachTheNode(t *testing.T) {
	w := newWorld(t)
	client, asked := w.counted()
	b := w.bundler(func(c *bundler.Config) { c.Client = client })
	good := w.ready(b, w.payment(nonce(0, 0), recipient, 300))
	until := w.latestTime() + 600
	good = w.signedUntil(good, until, w.owners[0], w.owners[1])
	w.send(b, good) // the owners are known from now on
	other := w.ready(b, w.payment(nonce(1, 0), recipient, 300))
	before := asked("eth_call")
	for range 3 {
		w.wantRefused(b, w.signedUntil(other, until, w.owners[0], newKey(t).private), bundler.CodeSignature, "")
	}
	if n := asked("eth_call") - before; n > 3*2 { // owners and threshold are read again
		t.Errorf("the node was asked %d times", n)
	}
}

func TestTheHeadIsAskedForOnceForManyOperations(t *testing.T) {
	w := newWorld(t)
	client, asked := w.counted()
	b := w.bundler(func(c *bundler.Config) { c.Client, c.Clock, c.Poll = client, time.Now, time.Minute })
	direct := w.bundler()
	var group sync.WaitGroup
	before := asked("eth_getBlockByNumber")
	for i := range int64(12) {
		op := w.ready(direct, w.payment(nonce(i, 0), recipient, 10))
		group.Go(func() {
			if _, err := b.SendUserOperation(t.Context(), userOperation(op), w.EntryPoint); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := asked("eth_getBlockByNumber") - before; n > 2 {
		t.Errorf("the node was asked for its head %d times", n)
	}
	w.settle(b)
	w.wantBalance(recipient, 120)
}

func TestANewOwnerIsNoticed(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	until := w.latestTime() + 600
	w.send(b, w.signedUntil(w.ready(b, w.payment(nonce(0, 0), recipient, 300)), until, w.owners[0], w.owners[1]))
	fresh := newKey(t)
	op := w.ready(b, w.payment(nonce(1, 0), recipient, 300))
	w.wantRefused(b, w.signedUntil(op, until, w.owners[0], fresh.private), bundler.CodeSignature, "")

	// The Safe's list of owners is a ring (OwnerManager, storage slot 2); the new one comes last.
	slot := func(of common.Address) common.Hash {
		return crypto.Keccak256Hash(common.LeftPadBytes(of[:], 32), common.LeftPadBytes([]byte{2}, 32))
	}
	sentinel := common.Address{19: 1}
	last := crypto.PubkeyToAddress(w.owners[2].PublicKey)
	for of, next := range map[common.Address]common.Address{last: fresh.Address(), fresh.Address(): sentinel} {
		check(t, w.RPC().CallContext(t.Context(), nil, "anvil_setStorageAt", w.wallet, slot(of), common.BytesToHash(next[:])))
	}
	check(t, w.RPC().CallContext(t.Context(), nil, "anvil_setStorageAt", w.wallet, common.Hash{31: 3}, common.Hash{31: 4})) // ownerCount
	check(t, w.Mine(t.Context(), 1))
	w.send(b, w.signedUntil(op, until, w.owners[0], fresh.private))
}
