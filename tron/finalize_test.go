package tron_test

import (
	"bytes"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// weighted is an account whose keys 1 to 4 weigh 1, 1, 2 and 3, of which 4 are needed.
func weighted(t testing.TB) tron.Account {
	a := testAccount(t)
	a.Threshold = 4
	a.Keys = []tron.Key{{keyAddress(1), 1}, {keyAddress(2), 1}, {keyAddress(3), 2}, {keyAddress(4), 3}}
	return a
}

func TestFinalizeTakesTheHeaviestAndNoMore(t *testing.T) {
	a := weighted(t)
	u := mustBuild(t, testIntent(a, usdt(5)), a, testTerms(30_000_000))
	id := tron.ID(u.Bytes)
	for name, c := range map[string]struct{ given, taken []byte }{
		"exactly":          {[]byte{1, 4}, []byte{1, 4}},
		"in another order": {[]byte{4, 1}, []byte{1, 4}},
		"three light ones": {[]byte{1, 2, 3}, []byte{1, 2, 3}},
		"all":              {[]byte{1, 2, 3, 4}, []byte{3, 4}},
	} {
		var signatures []coffer.Signature
		for _, key := range c.given {
			signatures = append(signatures, sign(t, key, id))
		}
		signed, err := tron.Finalize(a, u, signatures)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		tx, err := tron.DecodeSigned(signed)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		signers := map[tron.Address]bool{}
		for n, s := range tx.Signature {
			signer, err := tron.RecoverSigner(id, s)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if n > 0 && bytes.Compare(signerOf(t, id, tx.Signature[n-1]).Bytes(), signer.Bytes()) >= 0 {
				t.Errorf("%s: signature %d is not in order", name, n)
			}
			signers[signer] = true
		}
		if len(signers) != len(c.taken) || len(tx.Signature) != len(c.taken) {
			t.Errorf("%s: %d signatures of %d keys, want %d", name, len(tx.Signature), len(signers), len(c.taken))
		}
		for _, key := range c.taken {
			if !signers[keyAddress(key)] {
				t.Errorf("%s: key %d is missing", name, key)
			}
		}
		if raw, err := proto.Marshal(tx.RawData); err != nil || !bytes.Equal(raw, u.Bytes) || signed.ID != id {
			t.Errorf("%s: the raw bytes changed: %x, %v", name, raw, err)
		}
		if got := tron.Bandwidth(len(u.Bytes), uint64(len(tx.Signature))); got != uint64(len(signed.Bytes))+64 {
			t.Errorf("%s: %d bytes of bandwidth for %d bytes", name, got, len(signed.Bytes))
		}
	}
}

func signerOf(t *testing.T, id coffer.Hash, signature []byte) tron.Address {
	t.Helper()
	signer, err := tron.RecoverSigner(id, signature)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func TestFinalizeTakesEitherV(t *testing.T) {
	a := testAccount(t)
	u := mustBuild(t, testIntent(a, usdt(5)), a, testTerms(30_000_000))
	one, two := sign(t, 1, tron.ID(u.Bytes)), sign(t, 2, tron.ID(u.Bytes))
	want, err := tron.Finalize(a, u, []coffer.Signature{one, two})
	if err != nil {
		t.Fatal(err)
	}
	one.Bytes[64] -= 27
	got, err := tron.Finalize(a, u, []coffer.Signature{one, two})
	if err != nil || !bytes.Equal(got.Bytes, want.Bytes) {
		t.Errorf("%x, %v; want %x", got.Bytes, err, want.Bytes)
	}
	if one.Bytes[64] > 1 {
		t.Error("Finalize changed what it was given")
	}
}

func TestFinalizeRefuses(t *testing.T) {
	a := weighted(t)
	u := mustBuild(t, testIntent(a, usdt(5)), a, testTerms(30_000_000))
	id := tron.ID(u.Bytes)
	for name, c := range map[string]struct {
		given []coffer.Signature
		want  error
		says  string
	}{
		"none":                 {nil, tron.ErrThreshold, "weigh 0"},
		"too few":              {[]coffer.Signature{sign(t, 1, id), sign(t, 3, id)}, tron.ErrThreshold, "weigh 3, they must 4"},
		"one twice":            {[]coffer.Signature{sign(t, 4, id), sign(t, 4, id)}, tron.ErrSignature, "signed already"},
		"a stranger":           {[]coffer.Signature{sign(t, 1, id), sign(t, 4, id), sign(t, 5, id)}, tron.ErrSignature, "not a key of permission 2"},
		"of another":           {[]coffer.Signature{sign(t, 1, coffer.Hash{1}), sign(t, 4, id)}, tron.ErrSignature, "of digest"},
		"under another digest": {[]coffer.Signature{altered(t, id, func(s *coffer.Signature) { s.Bytes = sign(t, 4, coffer.Hash{1}).Bytes })}, tron.ErrSignature, "made by"},
		"another key":          {[]coffer.Signature{altered(t, id, func(s *coffer.Signature) { s.Key = keyAddress(1).String() })}, tron.ErrSignature, "not by"},
		"a key in hex":         {[]coffer.Signature{altered(t, id, func(s *coffer.Signature) { s.Key = hexOf(t, s.Key) })}, tron.ErrSignature, "not by"},
		"no bytes":             {[]coffer.Signature{altered(t, id, func(s *coffer.Signature) { s.Bytes = nil })}, tron.ErrSignature, "0 bytes"},
		"64 bytes":             {[]coffer.Signature{altered(t, id, func(s *coffer.Signature) { s.Bytes = s.Bytes[:64] })}, tron.ErrSignature, "64 bytes"},
		"68 bytes":             {[]coffer.Signature{altered(t, id, func(s *coffer.Signature) { s.Bytes = append(s.Bytes, 0, 0, 0) })}, tron.ErrSignature, "68 bytes"},
		"v of 2":               {[]coffer.Signature{altered(t, id, func(s *coffer.Signature) { s.Bytes[64] = 2 })}, tron.ErrSignature, "v is 2"},
		"v of 29":              {[]coffer.Signature{altered(t, id, func(s *coffer.Signature) { s.Bytes[64] = 29 })}, tron.ErrSignature, "v is 29"},
		"no r":                 {[]coffer.Signature{altered(t, id, func(s *coffer.Signature) { clear(s.Bytes[:32]) })}, tron.ErrSignature, "out of range"},
		"no s":                 {[]coffer.Signature{altered(t, id, func(s *coffer.Signature) { clear(s.Bytes[32:64]) })}, tron.ErrSignature, "out of range"},
		"the other s":          {[]coffer.Signature{altered(t, id, otherS)}, tron.ErrSignature, "out of range"},
		"six":                  {make([]coffer.Signature, 6), nil, "at most 5"},
	} {
		_, err := tron.Finalize(a, u, c.given)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	u.Bytes = u.Bytes[:len(u.Bytes)-1]
	if _, err := tron.Finalize(a, u, []coffer.Signature{sign(t, 4, id), sign(t, 3, id)}); !errors.Is(err, tron.ErrRefused) {
		t.Errorf("a transaction cut short: %v", err)
	}
}

// altered is the signature of key 4, with something else in it.
func altered(t *testing.T, id coffer.Hash, change func(*coffer.Signature)) coffer.Signature {
	t.Helper()
	s := sign(t, 4, id)
	change(&s)
	return s
}

// otherS is the other signature that holds: nodes would take it.
func otherS(s *coffer.Signature) {
	n := crypto.S256().Params().N
	new(big.Int).Sub(n, new(big.Int).SetBytes(s.Bytes[32:64])).FillBytes(s.Bytes[32:64])
	s.Bytes[64] = 27 + 28 - s.Bytes[64]
}

func TestDecodeSignedRefuses(t *testing.T) {
	a := single(t)
	u := mustBuild(t, testIntent(a, usdt(5)), a, testTerms(30_000_000))
	good, err := tron.Finalize(a, u, []coffer.Signature{sign(t, 1, tron.ID(u.Bytes))})
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*tronpb.Transaction)) []byte {
		tx, err := tron.DecodeSigned(good)
		if err != nil {
			t.Fatal(err)
		}
		change(tx)
		b, err := proto.Marshal(tx)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":             nil,
		"half":                good.Bytes[:100],
		"another transaction": with(func(tx *tronpb.Transaction) { tx.RawData.Timestamp++ }),
		"a result":            with(func(tx *tronpb.Transaction) { tx.Ret = []*tronpb.Transaction_Result{{Fee: 1}} }),
		"an unknown field":    with(func(tx *tronpb.Transaction) { tx.ProtoReflect().SetUnknown(field(99)) }),
		"one in the raw part": with(func(tx *tronpb.Transaction) { tx.RawData.ProtoReflect().SetUnknown(field(99)) }),
		"too much":            make([]byte, 2*tron.MaxRaw),
	} {
		if tx, err := tron.DecodeSigned(coffer.Signed{ID: good.ID, Bytes: b}); err == nil {
			t.Errorf("%s: %v", name, tx)
		}
	}
}
