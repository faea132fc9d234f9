package signer

import (
	"testing"
	"time"

	"github.com/cofferhq/coffer"
)

func TestSignsAnApprovedPayout(t *testing.T) {
	f := newFixture(t, "one").start()
	r := f.request(0, f.order("wd_1", "6000"), f.order("wd_2", "50"))

	sig := f.signs(r)
	info := f.info()
	if info.Sequence != 2 || info.Keys[0].Key != sig.Key || info.Keys[0].Role != RoleOwner {
		t.Errorf("info %+v after one signature by %s", info, sig.Key)
	}

	again := f.signs(r)
	if again.Digest != sig.Digest || f.info().Head != info.Head {
		t.Error("asking again changed something")
	}
}

// Whoever owns the coordinator can send anything. None of it is signed, none of it is
// remembered, and the honest request is signed after it.
func TestRefusesWhatACompromisedCoordinatorSends(t *testing.T) {
	f := newFixture(t, "one").start()
	honest := func() coffer.SigningRequest { return f.request(0, f.order("wd_1", "6000"), f.order("wd_2", "5500")) }
	thief := coffer.Address("0x000000000000000000000000000000000000dEaD")

	// changeOrder changes order 0 everywhere, so that only its approvals disagree.
	changeOrder := func(r *coffer.SigningRequest, edit func(*coffer.Order)) {
		edit(&r.Orders[0])
		r.Intent.Orders[0], r.Intent.Payments[0] = r.Orders[0].Hash(), r.Orders[0].Payment()
		f.build(r, nil)
	}
	until := f.clock.Now().Add(30 * time.Minute)

	attacks := []struct {
		name string
		edit func(r *coffer.SigningRequest)
		code coffer.Code
		says string
	}{
		{"bytes pay someone else", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) { e.Payments[0].To = thief })
		}, coffer.CodeInvalid, "payments are not the intent's"},
		{"bytes pay more", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) { e.Payments[1].Amount = usdt("5501") })
		}, coffer.CodeInvalid, "payments are not the intent's"},
		{"bytes pay another asset", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) { e.Payments[0].Asset = testNative })
		}, coffer.CodeInvalid, "payments are not the intent's"},
		{"bytes add a payment", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) {
				e.Payments = append(e.Payments, coffer.Payment{Asset: testUSDT, To: thief, Amount: usdt("1")})
			})
		}, coffer.CodeInvalid, "payments are not the intent's"},
		{"bytes leave a payment out", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) { e.Payments = e.Payments[:1] })
		}, coffer.CodeInvalid, "payments are not the intent's"},
		{"bytes pay in another order", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) { e.Payments[0], e.Payments[1] = e.Payments[1], e.Payments[0] })
		}, coffer.CodeInvalid, "payments are not the intent's"},
		{"bytes take another slot", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) { e.Slot.Sequence = 9 })
		}, coffer.CodeInvalid, "takes slot entrypoint/0x0/9"},
		{"bytes cost more than the intent", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) { e.FeeBound = wei("0.011") })
		}, coffer.CodeInvalid, "the intent allows"},
		{"bytes of another chain", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) { e.Chain = "eip155:1" })
		}, coffer.CodeInvalid, "is for \"eip155:1\""},
		{"bytes of another wallet", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) { e.Wallet = thief })
		}, coffer.CodeInvalid, "the transaction is of"},
		{"bytes of another path", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) { e.Path = coffer.PathExec })
		}, coffer.CodeInvalid, "takes path"},
		{"bytes that cannot be read", func(r *coffer.SigningRequest) { r.Unsigned.Bytes = []byte(`{"payments":"all"}`) }, coffer.CodeInvalid, "cannot be fully read"},
		{"no bytes", func(r *coffer.SigningRequest) { r.Unsigned.Bytes = nil }, coffer.CodeInvalid, "cannot be fully read"},
		{"unknown format", func(r *coffer.SigningRequest) { r.Unsigned.Format = "raw" }, coffer.CodeInvalid, "cannot be fully read"},

		{"intent and bytes agree, order does not", func(r *coffer.SigningRequest) {
			r.Intent.Payments[0].To = thief
			f.build(r, nil)
		}, coffer.CodeInvalid, "payment 0 is not what order wd_1 asks for"},
		{"intent and bytes agree on more than ordered", func(r *coffer.SigningRequest) {
			r.Intent.Payments[1].Amount = usdt("9999")
			f.build(r, nil)
		}, coffer.CodeInvalid, "payment 1 is not what order wd_2 asks for"},
		{"orders swapped", func(r *coffer.SigningRequest) { r.Orders[0], r.Orders[1] = r.Orders[1], r.Orders[0] }, coffer.CodeInvalid, "order 0 is not the one"},
		{"order changed after the intent", func(r *coffer.SigningRequest) { r.Orders[0].Destination = thief }, coffer.CodeInvalid, "order 0 is not the one"},
		{"a payment without an order", func(r *coffer.SigningRequest) {
			r.Intent.Payments = append(r.Intent.Payments, coffer.Payment{Asset: testUSDT, To: thief, Amount: usdt("1")})
			f.build(r, nil)
		}, coffer.CodeInvalid, "one order for each payment"},
		{"one order paid twice", func(r *coffer.SigningRequest) {
			r.Orders[1], r.Intent.Orders[1], r.Intent.Payments[1] = r.Orders[0], r.Intent.Orders[0], r.Intent.Payments[0]
			f.build(r, nil)
		}, coffer.CodeInvalid, "paid twice"},
		{"no orders", func(r *coffer.SigningRequest) { *r = f.request(0) }, coffer.CodeInvalid, "one order for each payment"},
		{"another purpose", func(r *coffer.SigningRequest) { r.Intent.Purpose = coffer.PurposeRefill }, coffer.CodeInvalid, "orders, sweep, consolidate, delegate, cancel only"},
		{"orders called a sweep", func(r *coffer.SigningRequest) { r.Intent.Purpose = coffer.PurposeSweep }, coffer.CodeInvalid, "a sweep of nothing"},
		{"a wallet that is not ours", func(r *coffer.SigningRequest) {
			r.Intent.Wallet = thief
			f.build(r, nil)
		}, coffer.CodeInvalid, "not a wallet this signer owns"},
		{"a chain that is not served", func(r *coffer.SigningRequest) { r.Intent.Chain = "eip155:1" }, coffer.CodeInvalid, "does not serve"},

		{"no approvals", func(r *coffer.SigningRequest) { r.Approvals = nil }, coffer.CodePolicy, "needs 1 people, has 0"},
		{"one approval is missing", func(r *coffer.SigningRequest) { r.Approvals = r.Approvals[1:] }, coffer.CodePolicy, "needs 2 people, has 1"},
		{"one person with two keys", func(r *coffer.SigningRequest) {
			r.Approvals[1] = f.approveEd25519(r.Orders[0], until)
		}, coffer.CodePolicy, "needs 2 people, has 1"},
		{"one approval twice", func(r *coffer.SigningRequest) { r.Approvals[1] = r.Approvals[0] }, coffer.CodePolicy, "needs 2 people, has 1"},
		{"an approval of a stranger", func(r *coffer.SigningRequest) { r.Approvals[1] = f.approve(r.Orders[0], 7, until) }, coffer.CodePolicy, "belongs to nobody"},
		{"an expired approval", func(r *coffer.SigningRequest) {
			r.Approvals[1] = f.approve(r.Orders[0], 2, f.clock.Now())
		}, coffer.CodePolicy, "expired at"},
		{"an approval made to last longer", func(r *coffer.SigningRequest) {
			r.Approvals[1] = f.approve(r.Orders[0], 2, f.clock.Now())
			r.Approvals[1].Expires = until
		}, coffer.CodePolicy, "the signature is by"},
		{"an approval of another order", func(r *coffer.SigningRequest) {
			r.Approvals[1] = f.approve(r.Orders[1], 2, until)
			r.Approvals[1].Order = r.Orders[0].Hash()
		}, coffer.CodePolicy, "the signature is by"},
		{"destination changed after the approvals", func(r *coffer.SigningRequest) {
			changeOrder(r, func(o *coffer.Order) { o.Destination = thief })
		}, coffer.CodePolicy, "needs 1 people, has 0"},
		{"amount changed after the approvals", func(r *coffer.SigningRequest) {
			changeOrder(r, func(o *coffer.Order) { o.Amount = usdt("6001") })
		}, coffer.CodePolicy, "needs 1 people, has 0"},
		{"id changed after the approvals", func(r *coffer.SigningRequest) {
			changeOrder(r, func(o *coffer.Order) { o.ID = "wd_1b" })
		}, coffer.CodePolicy, "needs 1 people, has 0"},

		{"an order above the limit", func(r *coffer.SigningRequest) { *r = f.request(0, f.order("wd_1", "10000.000001")) }, coffer.CodePolicy, "more than 10000 USDT in one order"},
		{"more in one payout than a day allows", func(r *coffer.SigningRequest) {
			*r = f.request(0, f.order("wd_1", "10000"), f.order("wd_2", "10000"), f.order("wd_3", "1"))
		}, coffer.CodePolicy, "more than 20000 USDT per asset"},
		{"a blocked destination", func(r *coffer.SigningRequest) {
			o := f.order("wd_1", "50")
			o.Destination = "0x8589427373D6D84E98730D7795D8f6f8731FDA16"
			*r = f.request(0, o)
		}, coffer.CodePolicy, "is blocked"},
		{"an asset without a rule", func(r *coffer.SigningRequest) {
			o := f.order("wd_1", "50")
			o.Asset = testNative
			*r = f.request(0, o)
		}, coffer.CodePolicy, "no order limit names"},
		{"an expired order", func(r *coffer.SigningRequest) {
			o := f.order("wd_1", "50")
			o.Expires = f.clock.Now()
			*r = f.request(0, o)
		}, coffer.CodePolicy, "order wd_1 until"},
		{"a signature that outlives the order", func(r *coffer.SigningRequest) {
			o := f.order("wd_1", "50")
			o.Expires = until.Add(-time.Second)
			*r = f.request(0, o)
		}, coffer.CodePolicy, "order wd_1 until"},
		{"a signature that outlives the intent", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) { e.ValidUntil = until.Add(time.Second) })
		}, coffer.CodePolicy, "the intent until"},
		{"a signature that lives forever", func(r *coffer.SigningRequest) {
			f.build(r, func(e *coffer.Effects) { e.ValidUntil = time.Time{} })
		}, coffer.CodePolicy, "no end of validity"},
		{"a signature that lives long", func(r *coffer.SigningRequest) {
			o := f.order("wd_1", "50")
			o.Expires = f.clock.Now().Add(48 * time.Hour)
			*r = f.request(0, o)
			r.Intent.Expires = o.Expires
			f.build(r, nil)
		}, coffer.CodePolicy, "more than 1h0m0s from now"},
		{"an expired intent", func(r *coffer.SigningRequest) {
			r.Intent.Expires = f.clock.Now()
			f.build(r, nil)
		}, coffer.CodePolicy, "the intent expired"},
		{"a fee that burns the wallet", func(r *coffer.SigningRequest) {
			r.Intent.FeeBound = wei("0.051")
			f.build(r, nil)
		}, coffer.CodePolicy, "more than 0.05 ETH in one payout"},
	}
	for _, attack := range attacks {
		t.Run(attack.name, func(t *testing.T) {
			f.t = t
			r := honest()
			attack.edit(&r)
			f.refuses(r, attack.code, attack.says)
		})
	}
	f.t = t
	f.signs(honest())
}

func TestASlotHoldsOneListOfOrdersAndOneFeeBound(t *testing.T) {
	f := newFixture(t, "one").start()
	a, b := f.order("wd_a", "50"), f.order("wd_b", "60")
	first := f.request(7, a, b)
	f.signs(first)

	variant := first
	f.build(&variant, func(e *coffer.Effects) { e.FeeBound = wei("0.005") })
	f.signs(variant)
	if f.info().Sequence != 3 {
		t.Error("a variant was signed without a record")
	}

	dearer := first
	dearer.Intent.FeeBound = wei("0.02")
	f.build(&dearer, nil)
	f.refuses(dearer, coffer.CodeConflict, "was given")

	f.refuses(f.request(8, a, b), coffer.CodeConflict, "bound to slot entrypoint/0x0/7")
	f.refuses(f.request(8, b), coffer.CodeConflict, "bound to slot entrypoint/0x0/7")
	f.refuses(f.request(7, b, a), coffer.CodeConflict, "with other orders")
	f.refuses(f.request(7, a), coffer.CodeConflict, "with other orders")
	f.refuses(f.request(7, f.order("wd_c", "50")), coffer.CodeConflict, "with other orders")

	lane := f.request(7, a, b)
	lane.Intent.Slot.Lane = "0x1"
	f.build(&lane, nil)
	f.refuses(lane, coffer.CodeConflict, "bound to slot entrypoint/0x0/7")

	changed := a
	changed.Destination = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
	f.refuses(f.request(8, changed), coffer.CodeConflict, "with another content")

	f.restart()
	f.refuses(f.request(8, a, b), coffer.CodeConflict, "bound to slot entrypoint/0x0/7")
	f.signs(first)
	f.signs(f.request(8, f.order("wd_c", "50")))
}

func TestVelocityIsTheSignersOwn(t *testing.T) {
	f := newFixture(t, "one").start()
	first := f.request(0, f.order("wd_0", "10000"))
	f.signs(first)
	f.signs(f.request(1, f.order("wd_1", "9999")))

	// A variant of what was counted is not counted again.
	variant := first
	f.build(&variant, func(e *coffer.Effects) { e.FeeBound = wei("0.002") })
	f.signs(variant)

	f.refuses(f.request(2, f.order("wd_2", "1.000001")), coffer.CodePolicy, "after 19999 USDT in 24 hours")
	f.restart()
	f.refuses(f.request(2, f.order("wd_2", "1.000001")), coffer.CodePolicy, "after 19999 USDT in 24 hours")
	f.signs(f.request(2, f.order("wd_2", "1")))

	f.clock.add(24*time.Hour - time.Second)
	f.refuses(f.request(3, f.order("wd_3", "1")), coffer.CodePolicy, "after 20000 USDT in 24 hours")
	f.clock.add(time.Second)
	f.signs(f.request(3, f.order("wd_3", "10000")))

	// A clock set back does not reopen anything.
	f.clock.add(-48 * time.Hour)
	old := f.order("wd_4", "1")
	f.refuses(f.request(4, old), coffer.CodePolicy, "expired")
}

func TestFeesHaveADailyCap(t *testing.T) {
	f := newFixture(t, "one").start()
	pay := func(sequence uint64, id string) coffer.SigningRequest {
		r := f.request(sequence, f.order(id, "1"))
		r.Intent.FeeBound = wei("0.05")
		f.build(&r, nil)
		return r
	}
	for i, id := range []string{"wd_1", "wd_2", "wd_3", "wd_4"} {
		f.signs(pay(uint64(i), id))
	}
	f.refuses(pay(4, "wd_5"), coffer.CodePolicy, "more than 0.2 ETH")
}
