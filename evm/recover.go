package evm

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer"
)

// recoverChunk is how many signatures a core takes at once; one takes some 50 µs.
const recoverChunk = 8

// Recovery is a signature to check, and who made it.
type Recovery struct {
	Digest    coffer.Hash
	Signature []byte // see RecoverSigner

	Signer common.Address
	Err    error // ErrSignature
}

// RecoverSigners does what RecoverSigner does for many signatures, on all cores. Results are
// written into the batch.
func RecoverSigners(batch []Recovery) {
	onAllCores(len(batch), func(i int) {
		r := &batch[i]
		r.Signer, r.Err = RecoverSigner(r.Digest, r.Signature)
	})
}

// recoverSenders lets transactions remember their senders (types.Sender), on all cores. A
// signature that does not hold shows when the sender is asked for.
func recoverSenders(signer types.Signer, txs types.Transactions) {
	onAllCores(len(txs), func(i int) { _, _ = types.Sender(signer, txs[i]) })
}

// onAllCores calls do for 0 to n-1 and returns when all are done.
func onAllCores(n int, do func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), (n+recoverChunk-1)/recoverChunk)
	var next atomic.Int64
	work := func() {
		for {
			end := int(next.Add(recoverChunk))
			for i := end - recoverChunk; i < min(end, n); i++ {
				do(i)
			}
			if end >= n {
				return
			}
		}
	}
	var wait sync.WaitGroup
	for range workers - 1 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			work()
		}()
	}
	work()
	wait.Wait()
}
