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

// Nothing on TRON makes two transactions of an account exclude each other: in a slot there the
// one transaction is signed again, and no variant of it.
func TestASlotOfATimestampIsForOneTransaction(t *testing.T) {
	start := time.Unix(1_700_000_000, 0).UTC()
	slot := coffer.Slot{Kind: coffer.SlotTimestamp, Lane: "0x0", Sequence: 1_700_000_000}
	order := coffer.Order{ID: "wd_1", Amount: coffer.NewAmount(5)}
	intent := coffer.Intent{Chain: "tron:0x2b6653dc", Wallet: "TWallet", Slot: slot, Purpose: coffer.PurposeOrders, Orders: []coffer.Hash{order.Hash()}}
	request := coffer.SigningRequest{Intent: intent, Orders: []coffer.Order{order}}
	record2 := func(digest byte) record {
		return record{Sequence: 2, At: start, Kind: kindPayout, Payout: &payoutRecord{
			Chain: intent.Chain, Wallet: intent.Wallet, Slot: slot, Orders: []orderRecord{{ID: order.ID, Hash: order.Hash(), Amount: order.Amount}},
			Digests: []coffer.Hash{{digest}},
		}}
	}

	s := newState("s")
	if err := s.apply(record{Sequence: 1, At: start, Kind: kindOpened, Opened: &openedRecord{"s"}}); err != nil {
		t.Fatal(err)
	}
	if fresh, err := s.checkBinding(request, coffer.Effects{Digests: []coffer.Hash{{1}}}); err != nil || !fresh {
		t.Fatalf("the first transaction: fresh %t, %v", fresh, err)
	}
	if err := s.apply(record2(1)); err != nil {
		t.Fatal(err)
	}
	if fresh, err := s.checkBinding(request, coffer.Effects{Digests: []coffer.Hash{{1}}}); err != nil || fresh {
		t.Errorf("the same transaction again: fresh %t, %v", fresh, err)
	}
	if _, err := s.checkBinding(request, coffer.Effects{Digests: []coffer.Hash{{2}}}); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("a variant of it: %v, want %s", err, coffer.CodeConflict)
	}
	if err := s.apply(record2(1)); err != nil {
		t.Errorf("a record of the same transaction: %v", err)
	}
	if err := s.apply(record2(2)); err == nil {
		t.Error("a record of a variant was taken")
	}
	coin := slot
	coin.Kind = coffer.SlotCoin
	if coin.Single() || !slot.Single() {
		t.Error("only the slot of a timestamp is single")
	}
}
