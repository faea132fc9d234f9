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
