package signer

import (
	"fmt"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
)

// BenchmarkSign is one payout of one order through gRPC, checks, a synced record and the
// token: what one signer can do for a coordinator that waits for each answer.
func BenchmarkSign(b *testing.B) {
	f := newFixture(b, "one").start()
	requests := make([]coffer.SigningRequest, b.N)
	for i := range requests {
		o := f.order(fmt.Sprintf("wd_%d", i), "0.000001")
		requests[i] = f.request(uint64(i), o)
		requests[i].Intent.FeeBound = coffer.NewAmount(1)
		f.build(&requests[i], nil)
	}
	f.clock.add(time.Second)
	b.ResetTimer()
	for _, r := range requests {
		f.signs(r)
	}
}

// BenchmarkSignPSBT is one payout of Bitcoin with 100 outputs and two coins at one signer: through
// gRPC, checks and a synced record, with a key in the token, and with one below a sealed seed.
func BenchmarkSignPSBT(b *testing.B) {
	for n, name := range []string{"token", "seed"} {
		b.Run(name, func(b *testing.B) {
			q := newQuorumOf(b, seeds(1))
			requests := make([]coffer.SigningRequest, b.N)
			for i := range requests {
				first := len(q.coins)
				q.fund(1_000_000+int64(2*i), 1_000_001+int64(2*i)) // coins of their own
				orders := make([]coffer.Order, 100)
				for k := range orders {
					orders[k] = q.order(fmt.Sprintf("wd_%d_%d", i, k), 10_000)
				}
				requests[i] = q.draft(fmt.Sprintf("po_%d", i), first, orders...)
				requests[i].Intent.FeeBound = coffer.NewAmount(10_000)
				q.build(&requests[i], 2, 10_000)
			}
			b.ResetTimer()
			for _, r := range requests {
				q.sign(n, r)
			}
		})
	}
}
