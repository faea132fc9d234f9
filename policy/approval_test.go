package policy_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// Private keys 1, 2 and 3 are alice's, bob's and carol's in the example file; alice's
// Ed25519 key is the first of RFC 8032's test vectors.
const aliceSeed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"

func approveEIP712(t testing.TB, o coffer.Order, key int64, expires time.Time) coffer.Approval {
	t.Helper()
	priv, err := crypto.ToECDSA(common.LeftPadBytes(big.NewInt(key).Bytes(), 32))
	if err != nil {
		t.Fatal(err)
	}
	digest, err := policy.ApprovalDigest(o, coffer.SchemeEIP712, expires)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := crypto.Sign(digest, priv)
	if err != nil {
		t.Fatal(err)
	}
	sig[64] += 27
	return coffer.Approval{
		Order: o.Hash(), Scheme: coffer.SchemeEIP712, Key: crypto.PubkeyToAddress(priv.PublicKey).Hex(),
		Expires: expires, Signature: sig,
	}
}

func approveEd25519(t testing.TB, o coffer.Order, expires time.Time) coffer.Approval {
	t.Helper()
	seed, err := hex.DecodeString(aliceSeed)
	if err != nil {
		t.Fatal(err)
	}
	message, err := policy.ApprovalDigest(o, coffer.SchemeEd25519, expires)
	if err != nil {
		t.Fatal(err)
	}
	priv := ed25519.NewKeyFromSeed(seed)
	return coffer.Approval{
		Order: o.Hash(), Scheme: coffer.SchemeEd25519, Key: hexutil.Encode(priv[32:]),
		Expires: expires, Signature: ed25519.Sign(priv, message),
	}
}

// go-ethereum's own EIP-712 encoder, given the JSON that wallets are given, must come to
// the digest that signers verify.
func TestEIP712DigestIsWhatWalletsSign(t *testing.T) {
	withMemo := order("12.5")
	withMemo.Memo = "Überweisung \"7\""
	huge := order("1")
	huge.Amount, _ = coffer.ParseAmount("115792089237316195423570985008687907853269984665640564039457584007913129639935")

	for i, o := range []coffer.Order{order("1000"), withMemo, huge} {
		text, err := policy.TypedData(o, now.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		var data apitypes.TypedData
		if err := json.Unmarshal(text, &data); err != nil {
			t.Fatal(err)
		}
		want, _, err := apitypes.TypedDataAndHash(data)
		if err != nil {
			t.Fatal(err)
		}
		got, err := policy.ApprovalDigest(o, coffer.SchemeEIP712, now.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("order %d: digest %x, go-ethereum says %x", i, got, want)
		}
	}
}

// Others must be able to reproduce these bytes: a change here breaks every wallet and
// every approval in flight.
func TestApprovalDigestsAreFixed(t *testing.T) {
	golden := map[string]string{
		coffer.SchemeEIP712:  goldenEIP712,
		coffer.SchemeEd25519: goldenEd25519,
	}
	for scheme, want := range golden {
		got, err := policy.ApprovalDigest(order("1000"), scheme, now.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%x", got) != want {
			t.Errorf("%s: %x, want %s", scheme, got, want)
		}
	}
}

func TestVerifyApproval(t *testing.T) {
	o := order("6000")
	expires := now.Add(time.Hour)
	for _, a := range []coffer.Approval{approveEIP712(t, o, 2, expires), approveEd25519(t, o, expires)} {
		if err := policy.VerifyApproval(o, a); err != nil {
			t.Errorf("%s: %v", a.Scheme, err)
		}
		a.Expires = a.Expires.Add(500 * time.Millisecond) // whole seconds count
		if err := policy.VerifyApproval(o, a); err != nil {
			t.Errorf("%s: %v", a.Scheme, err)
		}
	}

	changed := func(f func(*coffer.Order)) coffer.Order { c := o; f(&c); return c }
	for name, other := range map[string]coffer.Order{
		"id":          changed(func(o *coffer.Order) { o.ID = "wd_2" }),
		"tenant":      changed(func(o *coffer.Order) { o.Tenant = "tn_2" }),
		"account":     changed(func(o *coffer.Order) { o.Account = "acc_2" }),
		"asset":       changed(func(o *coffer.Order) { o.Asset = "eip155:1/slip44:60" }),
		"destination": changed(func(o *coffer.Order) { o.Destination = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf" }),
		"memo":        changed(func(o *coffer.Order) { o.Memo = "x" }),
		"amount":      changed(func(o *coffer.Order) { o.Amount = coffer.NewAmount(1) }),
		"fee cap":     changed(func(o *coffer.Order) { o.FeeCap = coffer.NewAmount(1) }),
		"expires":     changed(func(o *coffer.Order) { o.Expires = o.Expires.Add(time.Second) }),
	} {
		for _, a := range []coffer.Approval{approveEIP712(t, o, 2, expires), approveEd25519(t, o, expires)} {
			if policy.VerifyApproval(other, a) == nil {
				t.Errorf("%s: an approval of another %s was accepted", a.Scheme, name)
			}
			a.Order = other.Hash() // claimed for the changed order
			if policy.VerifyApproval(other, a) == nil {
				t.Errorf("%s: an approval moved to another %s was accepted", a.Scheme, name)
			}
		}
	}
}

func TestVerifyApprovalRefusesOtherForms(t *testing.T) {
	o := order("6000")
	expires := now.Add(time.Hour)
	edit := func(a coffer.Approval, f func(*coffer.Approval)) coffer.Approval {
		a.Signature = slices.Clone(a.Signature)
		f(&a)
		return a
	}
	eip, ed := approveEIP712(t, o, 2, expires), approveEd25519(t, o, expires)
	for name, a := range map[string]coffer.Approval{
		"high s": edit(eip, func(a *coffer.Approval) {
			s := new(big.Int).SetBytes(a.Signature[32:64])
			s.Sub(crypto.S256().Params().N, s).FillBytes(a.Signature[32:64])
			a.Signature[64] ^= 27 ^ 28
		}),
		"v of 0 or 1":      edit(eip, func(a *coffer.Approval) { a.Signature[64] -= 27 }),
		"zero r":           edit(eip, func(a *coffer.Approval) { clear(a.Signature[:32]) }),
		"short":            edit(eip, func(a *coffer.Approval) { a.Signature = a.Signature[:64] }),
		"empty":            edit(eip, func(a *coffer.Approval) { a.Signature = nil }),
		"other key":        edit(eip, func(a *coffer.Approval) { a.Key = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf" }),
		"other spelling":   edit(eip, func(a *coffer.Approval) { a.Key = strings.ToLower(a.Key) }),
		"later expiry":     edit(eip, func(a *coffer.Approval) { a.Expires = a.Expires.Add(time.Second) }),
		"expiry too far":   edit(eip, func(a *coffer.Approval) { a.Expires = time.Unix(1<<40, 0) }),
		"unknown scheme":   edit(eip, func(a *coffer.Approval) { a.Scheme = "rsa" }),
		"ed later expiry":  edit(ed, func(a *coffer.Approval) { a.Expires = a.Expires.Add(time.Second) }),
		"ed short":         edit(ed, func(a *coffer.Approval) { a.Signature = a.Signature[:63] }),
		"ed bad key":       edit(ed, func(a *coffer.Approval) { a.Key = "0x00" }),
		"ed sent as eip":   edit(ed, func(a *coffer.Approval) { a.Scheme = coffer.SchemeEIP712 }),
		"ed flipped a bit": edit(ed, func(a *coffer.Approval) { a.Signature[5] ^= 1 }),
	} {
		if policy.VerifyApproval(o, a) == nil {
			t.Errorf("%s: was accepted", name)
		}
	}
}

func TestApproversCountPeopleNotKeys(t *testing.T) {
	_, p := example(t)
	o := order("6000")
	expires := now.Add(time.Hour)
	alice, aliceEd := approveEIP712(t, o, 1, expires), approveEd25519(t, o, expires)
	bob := approveEIP712(t, o, 2, expires)

	tests := []struct {
		name      string
		approvals []coffer.Approval
		people    []string
		refused   int
	}{
		{"nobody", nil, nil, 0},
		{"two people", []coffer.Approval{bob, alice}, []string{"alice", "bob"}, 0},
		{"one person, two keys", []coffer.Approval{alice, aliceEd}, []string{"alice"}, 0},
		{"the same approval twice", []coffer.Approval{bob, bob}, []string{"bob"}, 0},
		{"expired", []coffer.Approval{alice, approveEIP712(t, o, 2, now)}, []string{"alice"}, 1},
		{"a stranger", []coffer.Approval{alice, approveEIP712(t, o, 9, expires)}, []string{"alice"}, 1},
		{"of another order", []coffer.Approval{alice, approveEIP712(t, order("6001"), 2, expires)}, []string{"alice"}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			people, refused := p.Approvers(o, test.approvals, now)
			if !slices.Equal(people, test.people) || len(refused) != test.refused {
				t.Errorf("want %v and %d refused, got %v and %v", test.people, test.refused, people, refused)
			}
		})
	}

	flood := slices.Repeat([]coffer.Approval{approveEIP712(t, o, 9, expires)}, 64)
	if people, _ := p.Approvers(o, append(flood, bob), now); len(people) != 0 {
		t.Errorf("approvals above the bound were looked at: %v", people)
	}
}
