package signer

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// The running totals are what adding up the window from the records would give, whatever
// was bound when and however often it was asked about.
func TestVelocityTotalsAreTheWindows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newState("s")
		start := time.Unix(1_700_000_000, 0).UTC()
		if err := s.apply(record{Sequence: 1, At: start, Kind: kindOpened, Opened: &openedRecord{"s"}}); err != nil {
			t.Fatal(err)
		}
		var all []payoutRecord
		var when []time.Time
		now := start
		for k := range rapid.IntRange(1, 40).Draw(t, "payouts") {
			now = now.Add(time.Duration(rapid.IntRange(0, 6*3600).Draw(t, "seconds")) * time.Second)
			p := drawPayout(t, k)
			if err := s.apply(record{Sequence: uint64(k + 2), At: now, Kind: kindPayout, Payout: &p}); err != nil {
				t.Fatal(err)
			}
			all, when = append(all, p), append(when, now)

			asked := rapid.IntRange(0, k).Draw(t, "asked")
			orders := []coffer.Order{{Account: "a", Asset: "x"}, {Account: "b", Asset: "x"}}
			if all[asked].Orders[0].Account == "a" {
				orders = orders[:1]
			}
			key := slotKey{all[asked].Chain, all[asked].Wallet, all[asked].Slot}
			got := s.spentWithout(key, orders, "native", now)

			var asset, account, fees uint64
			for i, p := range all {
				if i == asked || !when[i].After(now.Add(-policy.Window)) {
					continue
				}
				fees++
				asset += uint64(i + 1)
				if p.Orders[0].Account == orders[0].Account {
					account += uint64(i + 1)
				}
			}
			if got.asset["x"] != coffer.NewAmount(asset) || got.fees["native"] != coffer.NewAmount(fees) ||
				got.account[accountAsset{account: orders[0].Account, asset: "x"}] != coffer.NewAmount(account) {
				t.Fatalf("after %d payouts, without %d: %+v, want %d, %d and %d", k+1, asked, got, asset, account, fees)
			}
		}
	})
}

func drawPayout(t *rapid.T, k int) payoutRecord {
	account := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "account")
	return payoutRecord{
		Chain: "c", Wallet: "w", Slot: coffer.Slot{Kind: "k", Sequence: uint64(k)}, Native: "native", FeeBound: coffer.NewAmount(1),
		Orders: []orderRecord{{ID: fmt.Sprint(k), Hash: coffer.Hash{byte(k)}, Account: account, Asset: "x", Amount: coffer.NewAmount(uint64(k + 1))}},
	}
}

// A cancellation of coins may cost more than its slot was given. That counts when it is signed,
// however long ago the slot was taken, or many old slots could be made dear at once.
func TestADearerCancellationCountsWhenItIsSigned(t *testing.T) {
	const btc = coffer.AssetID("bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slot44:1")
	start := time.Unix(1_700_000_000, 0).UTC()
	s := newState("s")
	if err := s.apply(record{Sequence: 1, At: start, Kind: kindOpened, Opened: &openedRecord{"s"}}); err != nil {
		t.Fatal(err)
	}
	sequence, coin := uint64(1), func(n int) coffer.Slot { return coffer.Slot{Kind: coffer.SlotCoin, Lane: fmt.Sprintf("%064x:0", n)} }
	cancel := func(n int, at time.Time, bound uint64) {
		t.Helper()
		sequence++
		p := payoutRecord{Chain: "bip122:0f9188f13cb7b2c71f2a335e3a4fc328", Wallet: "bcrt1q", Slot: coin(n), Native: btc, FeeBound: coffer.NewAmount(bound),
			Cancel: true, Digests: []coffer.Hash{{byte(n), byte(sequence)}}}
		if err := s.apply(record{Sequence: sequence, At: at, Kind: kindPayout, Payout: &p}); err != nil {
			t.Fatal(err)
		}
	}
	fees := func(n int, now time.Time) coffer.Amount {
		return s.spentWithout(slotKey{"bip122:0f9188f13cb7b2c71f2a335e3a4fc328", "bcrt1q", coin(n)}, nil, btc, now).fees[btc]
	}
	want := func(n int, now time.Time, amount uint64) {
		t.Helper()
		if got := fees(n, now); got != coffer.NewAmount(amount) {
			t.Errorf("%s were spent beside slot %d, want %d", got, n, amount)
		}
	}
	for n := range 3 {
		cancel(n, start, 10)
	}
	want(9, start, 30)
	later := start.Add(policy.Window + time.Hour)
	want(9, later, 0)
	cancel(0, later, 1000)
	want(9, later, 1000) // all of it: what the slot was given for is forgotten
	want(0, later, 0)
	cancel(0, later.Add(time.Hour), 1500)
	cancel(1, later.Add(time.Hour), 1000)
	want(9, later.Add(time.Hour), 2500)
	want(0, later.Add(time.Hour), 1000)
	want(1, later.Add(time.Hour), 1500)
	want(9, later.Add(policy.Window+time.Minute), 1500) // the first raise is a day old
	want(9, later.Add(policy.Window+2*time.Hour), 0)
}
