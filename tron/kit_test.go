package tron_test

import (
	"bytes"
	"crypto/ecdsa"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
)

// The keys 01…01 to 05…05, and who they are on the chain.
func testKey(n byte) *ecdsa.PrivateKey {
	key, err := crypto.ToECDSA(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		panic(err)
	}
	return key
}

func keyAddress(n byte) tron.Address { return tron.AddressOfKey(testKey(n).PublicKey) }

// sign is the signature of key n, by a signer of that number.
func sign(t testing.TB, n byte, digest coffer.Hash) coffer.Signature {
	t.Helper()
	signature, err := crypto.Sign(digest[:], testKey(n))
	if err != nil {
		t.Fatal(err)
	}
	signature[64] += 27
	return coffer.Signature{Signer: string(rune('a' + n)), Key: keyAddress(n).String(), Digest: digest, Bytes: signature}
}

func mustAddress(t testing.TB, text string) tron.Address {
	t.Helper()
	address, err := tron.CanonicalAddress(coffer.Address(text))
	if err != nil {
		t.Fatal(err)
	}
	return address
}

const (
	testReceiver = "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"
	testToken    = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
	testSecond   = 1_763_820_000
)

// testReference is the reference of all transactions of the tests.
var testReference = tron.Reference{Number: [2]byte{0xa1, 0xb2}, Hash: [8]byte{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}}

// testAccount is an account of two keys, both of which have to sign, under permission 2.
func testAccount(t testing.TB) tron.Account {
	return tron.Account{
		Chain: tron.Mainnet, Address: keyAddress(1), Permission: 2, Threshold: 2,
		Keys:      []tron.Key{{Address: keyAddress(1), Weight: 1}, {Address: keyAddress(2), Weight: 1}},
		Prices:    tron.MainnetPrices,
		Receivers: []tron.Address{mustAddress(t, testReceiver)},
	}
}

// testIntent pays somebody.
func testIntent(a tron.Account, payment coffer.Payment) coffer.Intent {
	return coffer.Intent{
		ID: "po_1", Chain: a.Chain, Wallet: a.Name(), Path: coffer.PathTRON, Purpose: coffer.PurposeOrders,
		Slot:     coffer.Slot{Kind: coffer.SlotTimestamp, Lane: "0x0", Sequence: testSecond},
		Orders:   []coffer.Hash{{1}},
		Payments: []coffer.Payment{payment},
		FeeBound: coffer.NewAmount(40_000_000),
		Expires:  time.Unix(testSecond+600, 0),
	}
}

func testDelegation(a tron.Account, back bool) coffer.Intent {
	i := testIntent(a, coffer.Payment{})
	i.Purpose, i.Orders, i.Payments = coffer.PurposeDelegate, nil, nil
	i.Delegations = []coffer.Delegation{{To: testReceiver, Resource: coffer.ResourceEnergy, Amount: coffer.NewAmount(1_000_000_000), Back: back}}
	return i
}

func usdt(amount uint64) coffer.Payment {
	return coffer.Payment{Asset: tron.Native(tron.Mainnet)[:len(tron.Mainnet)] + "/trc20:" + testToken, To: testReceiver, Amount: coffer.NewAmount(amount)}
}

func trx(amount uint64) coffer.Payment {
	return coffer.Payment{Asset: tron.Native(tron.Mainnet), To: testReceiver, Amount: coffer.NewAmount(amount)}
}

// testTerms are those of the vectors of tronweb: a minute.
func testTerms(feeLimit uint64) tron.Terms {
	return tron.Terms{Reference: testReference, Expiration: time.Unix(testSecond+60, 0), FeeLimit: feeLimit}
}

func mustBuild(t testing.TB, i coffer.Intent, a tron.Account, terms tron.Terms) coffer.Unsigned {
	t.Helper()
	u, err := tron.Build(i, a, terms)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func explainer(wallets ...tron.Account) *tron.Explainer {
	return tron.NewExplainer(tron.ExplainConfig{Chain: tron.Mainnet, Wallets: wallets})
}

// single is an account whose owner's one key signs.
func single(t testing.TB) tron.Account {
	a := testAccount(t)
	a.Permission, a.Threshold, a.Keys = 0, 1, a.Keys[:1]
	return a
}

// does is what matters of effects.
func sameEffects(a, b coffer.Effects) bool {
	return a.Slot == b.Slot && slices.Equal(a.Payments, b.Payments) && slices.Equal(a.Delegations, b.Delegations) &&
		a.ValidUntil.Equal(b.ValidUntil) && slices.Equal(a.Digests, b.Digests)
}
