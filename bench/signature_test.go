package bench

import (
	"runtime"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/evm"
)

// signatureBatch is what a full payout step has to check: some hundred payouts of two or
// three owners.
const signatureBatch = 256

func signatures(b *testing.B) []evm.Recovery {
	b.Helper()
	batch := make([]evm.Recovery, signatureBatch)
	for i := range batch {
		key, err := crypto.GenerateKey()
		if err != nil {
			b.Fatal(err)
		}
		batch[i].Digest[0], batch[i].Digest[1] = byte(i), byte(i>>8)
		if batch[i].Signature, err = crypto.Sign(batch[i].Digest[:], key); err != nil {
			b.Fatal(err)
		}
		batch[i].Signature[64] += 27
	}
	return batch
}

// BenchmarkSignatureChecks measures how many owners' signatures are checked in a second:
// range checks and recovery of the signer (libsecp256k1), in batches over all cores, and one
// after the other beside it.
func BenchmarkSignatureChecks(b *testing.B) {
	check := func(b *testing.B, batch []evm.Recovery, run func(batch []evm.Recovery)) {
		for b.Loop() {
			run(batch)
		}
		for i := range batch {
			if batch[i].Err != nil {
				b.Fatal(batch[i].Err)
			}
		}
		b.ReportMetric(float64(b.N*len(batch))/b.Elapsed().Seconds(), "signatures/s")
		b.ReportMetric(float64(runtime.GOMAXPROCS(0)), "cores")
	}
	b.Run("batch", func(b *testing.B) { check(b, signatures(b), evm.RecoverSigners) })
	b.Run("one-by-one", func(b *testing.B) {
		check(b, signatures(b), func(batch []evm.Recovery) {
			for i := range batch {
				batch[i].Signer, batch[i].Err = evm.RecoverSigner(batch[i].Digest, batch[i].Signature)
			}
		})
	})
}
