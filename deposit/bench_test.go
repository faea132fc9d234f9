package deposit_test

import (
	"testing"

	"github.com/cofferhq/coffer"
)

// BenchmarkBlock applies blocks of 200 deposits each, durably, from the stream to the
// commit: every block also credits and unlocks earlier ones, and writes the events.
func BenchmarkBlock(b *testing.B) {
	const perBlock = 200
	h := newHarness(b, nil)
	var users []coffer.Address
	for i := range 50 {
		users = append(users, h.user(string(rune('a'+i%26))+string(rune('a'+i/26))))
	}
	n := uint64(0)
	for range b.N {
		var transfers []coffer.Transfer
		for range perBlock {
			transfers = append(transfers, transfer(h.usdt(), n, "log:0", users[n%50], 100))
			n++
		}
		h.fake.Mine(transfers, nil)
	}
	h.emit()

	b.ReportAllocs()
	b.ResetTimer()
	for {
		moved, err := h.s.Step(b.Context(), h.chain)
		if err != nil {
			b.Fatal(err)
		}
		if !moved {
			break
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "deposits/s")
}
