package signer

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// lend delegates so much TRX of stake to a deposit address, in the slot of so many seconds from now.
func (q *tronQuorum) lend(index uint32, resource string, trx uint64, back bool, ahead time.Duration) coffer.SigningRequest {
	q.t.Helper()
	f := q.signers[0]
	at, err := q.account.Deposits.DepositAddressAt(index)
	f.must(err)
	now := f.clock.Now()
	r := coffer.SigningRequest{Intent: coffer.Intent{
		ID: fmt.Sprintf("po_lend_%d_%s", index, ahead), Chain: tron.Mainnet, Wallet: q.account.Name(), Path: coffer.PathTRON,
		Slot:    coffer.Slot{Kind: coffer.SlotTimestamp, Lane: "0x2", Sequence: uint64(now.Add(ahead).Unix())},
		Purpose: coffer.PurposeDelegate, FeeBound: coffer.NewAmount(3_000_000), Expires: now.Add(20 * time.Minute),
		Delegations: []coffer.Delegation{{To: at.Address, Path: at.Path, Resource: resource, Amount: coffer.NewAmount(trx * 1_000_000), Back: back}},
	}}
	q.build(&r, nil)
	return r
}

func TestAQuorumLendsToADepositAddress(t *testing.T) {
	q := newTRONQuorum(t)
	// Four a day are two for one signer of two out of three; what is taken back is not counted.
	for n, r := range []coffer.SigningRequest{
		q.lend(5, coffer.ResourceAccount, 0, false, 0), q.lend(5, coffer.ResourceEnergy, 3000, false, time.Second),
		q.lend(5, coffer.ResourceEnergy, 3000, true, 2*time.Second),
	} {
		sigs := append(q.sign(0, r), q.sign(1, r)...)
		signed, err := tron.Finalize(q.account, r.Unsigned, sigs)
		if err != nil || signed.ID != tron.ID(r.Unsigned.Bytes[4:]) {
			t.Fatalf("delegation %d: %s, %v", n, signed.ID, err)
		}
		if _, err := tron.Finalize(q.account, r.Unsigned, sigs[:1]); err == nil {
			t.Errorf("delegation %d: one signer is enough", n)
		}
		q.sign(0, r) // again: it is not counted twice
	}
	third := q.lend(6, coffer.ResourceBandwidth, 1, false, 3*time.Second)
	q.signers[0].refuses(third, coffer.CodePolicy, "2 delegations in 24 hours")
	q.sign(2, third)
	q.signers[0].restart()
	q.signers[0].refuses(third, coffer.CodePolicy, "2 delegations in 24 hours")
	q.signers[0].clock.add(24*time.Hour + time.Minute)
	q.sign(0, q.lend(6, coffer.ResourceBandwidth, 1, false, 0))
}

func TestDelegationsThatASignerRefuses(t *testing.T) {
	q := newTRONQuorum(t)
	f := q.signers[0]
	stranger, err := tron.CanonicalAddress(tronOther)
	f.must(err)
	own, err := q.account.Deposits.Address("0/5")
	f.must(err)
	amount := coffer.NewAmount(3_000_000_000)
	does := func(contract proto.Message, err error) func(*coffer.SigningRequest) {
		f.must(err)
		return func(r *coffer.SigningRequest) { q.rewrite(r, func(raw *tron.Raw) { raw.Contract = contract }) }
	}
	locked, err := tron.Delegate(q.account.Address, own, amount, tronpb.ResourceCode_ENERGY)
	f.must(err)
	locked.Lock, locked.LockPeriod = true, 86_400
	toStranger, err := tron.Delegate(q.account.Address, stranger, amount, tronpb.ResourceCode_ENERGY)
	f.must(err)
	for name, v := range map[string]struct {
		change func(*coffer.SigningRequest)
		code   coffer.Code
		says   string
	}{
		"to a stranger":        {does(toStranger, nil), coffer.CodeInvalid, "deposit address 5 is"},
		"a locked one":         {does(locked, nil), coffer.CodeInvalid, "locked"},
		"a stranger's account": {does(tron.MakeAccount(q.account.Address, stranger), nil), coffer.CodeInvalid, "deposit address 5 is"},
		"a stranger, as no deposit address": {func(r *coffer.SigningRequest) {
			q.rewrite(r, func(raw *tron.Raw) { raw.Contract = toStranger })
			r.Unsigned.Format, r.Unsigned.Bytes = tron.FormatRaw, r.Unsigned.Bytes[4:]
			r.Intent.Delegations[0].To, r.Intent.Delegations[0].Path = tronOther, ""
		}, coffer.CodeInvalid, "not on the wallet's list"},
		"another receiver": {func(r *coffer.SigningRequest) {
			r.Unsigned = q.lend(6, coffer.ResourceEnergy, 3000, false, 0).Unsigned
		}, coffer.CodeInvalid, "delegations are not the intent's"},
		"another index":      {func(r *coffer.SigningRequest) { r.Unsigned.Bytes[3]++ }, coffer.CodeInvalid, "deposit address 6 is"},
		"another path":       {func(r *coffer.SigningRequest) { r.Intent.Delegations[0].Path = "0/6" }, coffer.CodeInvalid, "delegations are not the intent's"},
		"another amount":     {func(r *coffer.SigningRequest) { r.Intent.Delegations[0].Amount = coffer.NewAmount(1) }, coffer.CodeInvalid, "delegations are not the intent's"},
		"another resource":   {func(r *coffer.SigningRequest) { r.Intent.Delegations[0].Resource = coffer.ResourceBandwidth }, coffer.CodeInvalid, "delegations are not the intent's"},
		"the other way":      {func(r *coffer.SigningRequest) { r.Intent.Delegations[0].Back = true }, coffer.CodeInvalid, "delegations are not the intent's"},
		"said to be a sweep": {func(r *coffer.SigningRequest) { r.Intent.Purpose = coffer.PurposeSweep }, coffer.CodeInvalid, "are of purpose delegate only"},
		"of nothing": {func(r *coffer.SigningRequest) {
			*r = q.request("order", tronUSDT, "5", 0)
			r.Intent.Purpose = coffer.PurposeDelegate
		}, coffer.CodeInvalid, "0 delegations, want one"},
		"above the cap": {func(r *coffer.SigningRequest) { *r = q.lend(5, coffer.ResourceEnergy, 3001, false, 0) }, coffer.CodePolicy, "more than 3000 TRX in one delegation"},
		"many": {func(r *coffer.SigningRequest) {
			for range maxDelegations {
				r.Intent.Delegations = append(r.Intent.Delegations, r.Intent.Delegations[0])
			}
		}, coffer.CodeLimit, "delegations"},
		"a fee above the policy's": {func(r *coffer.SigningRequest) { r.Intent.FeeBound = coffer.NewAmount(41_000_000) }, coffer.CodePolicy, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := q.lend(5, coffer.ResourceEnergy, 3000, false, 0)
			v.change(&r)
			f.refuses(r, v.code, v.says)
		})
	}
}
