package utxo

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"github.com/cofferhq/coffer"
)

// A signer that knows its own key and the descriptor signs what finalises.
func TestSignersFindTheirChildren(t *testing.T) {
	for name, w := range testWallets(t) {
		_, u := w.build(t)
		effects, err := w.explainer().Explain(u)
		if err != nil {
			t.Fatal(err)
		}
		var signatures []coffer.Signature
		for n, key := range w.keys[:2] {
			identity := w.Keys()[n].String()
			due, err := w.SignaturesDue(effects, identity)
			if err != nil || len(due) != 2 {
				t.Fatalf("%s: %+v, %v", name, due, err)
			}
			for _, d := range due {
				signatures = append(signatures, coffer.Signature{Key: identity, Digest: d.Digest, Bytes: key.signAs(t, d)})
			}
		}
		if _, err := Finalize(w.Descriptor, u, signatures); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if due, err := w.SignaturesDue(effects, "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"); err == nil {
			t.Errorf("%s: a stranger owes %+v", name, due)
		}
		effects.Wallet = destinations(Regtest)[0]
		if due, err := w.SignaturesDue(effects, w.Keys()[0].String()); err == nil {
			t.Errorf("%s: of another wallet: %+v", name, due)
		}
	}
}

// signAs derives the child by its steps and signs as an HSM does: 64 bytes, S of either half.
func (k testKey) signAs(t testing.TB, d Due) []byte {
	t.Helper()
	private := k.private
	if k.account != nil {
		child := k.account
		var err error
		for _, step := range d.Steps {
			if child, err = child.Derive(step); err != nil {
				t.Fatal(err)
			}
		}
		if private, err = child.ECPrivKey(); err != nil {
			t.Fatal(err)
		}
	} else if d.Steps != nil {
		t.Fatalf("a fixed key has steps %v", d.Steps)
	}
	if !bytes.Equal(private.PubKey().SerializeCompressed(), d.Public) {
		t.Fatalf("the child at %v is not %x", d.Steps, d.Public)
	}
	encoded, err := EncodeSignature(d.Public, d.Digest, rawSignature(private, d.Digest, true))
	if err != nil {
		t.Fatal(err)
	}
	again, err := EncodeSignature(d.Public, d.Digest, rawSignature(private, d.Digest, false))
	if err != nil || !bytes.Equal(again, encoded) {
		t.Fatalf("%x with a low S, %x with a high one, %v", again, encoded, err)
	}
	return encoded
}

func rawSignature(private *btcec.PrivateKey, digest coffer.Hash, high bool) []byte {
	signature := ecdsa.Sign(private, digest[:])
	r, s := signature.R(), signature.S()
	if s.IsOverHalfOrder() != high {
		s.Negate()
	}
	rBytes, sBytes := r.Bytes(), s.Bytes()
	return append(rBytes[:], sBytes[:]...)
}

func TestBadRawSignatures(t *testing.T) {
	key := fixedKey("x").private
	public, digest := key.PubKey().SerializeCompressed(), coffer.Hash{1}
	good := rawSignature(key, digest, false)
	order := btcec.S256().N.Bytes()
	for name, v := range map[string]struct {
		public []byte
		digest coffer.Hash
		rs     []byte
	}{
		"nothing":        {public, digest, nil},
		"63 bytes":       {public, digest, good[:63]},
		"65 bytes":       {public, digest, append(bytes.Clone(good), 1)},
		"r is zero":      {public, digest, append(make([]byte, 32), good[32:]...)},
		"s is zero":      {public, digest, append(bytes.Clone(good[:32]), make([]byte, 32)...)},
		"r is the order": {public, digest, append(bytes.Clone(order), good[32:]...)},
		"s is the order": {public, digest, append(bytes.Clone(good[:32]), order...)},
		"another digest": {public, coffer.Hash{2}, good},
		"another key":    {fixedKey("y").private.PubKey().SerializeCompressed(), digest, good},
		"no key":         {nil, digest, good},
	} {
		if got, err := EncodeSignature(v.public, v.digest, v.rs); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
}

// Whatever bit of a PSBT changes, it is refused or does something else.
func TestEveryByteOfAPSBTCounts(t *testing.T) {
	for _, name := range []string{"P2WSH", "P2SH-P2WSH fixed"} {
		w := testWallets(t)[name]
		_, u := w.build(t)
		good, err := w.explainer().Explain(u)
		if err != nil {
			t.Fatal(err)
		}
		accepted, step := 0, 1
		if w.Ranged() { // where each answer takes derivations
			step = 5
		}
		for at := 0; at < len(u.Bytes); at += step {
			bad := u
			bad.Bytes = bytes.Clone(u.Bytes)
			bad.Bytes[at] ^= 1 << (at % 8)
			effects, err := w.explainer().Explain(bad)
			if err != nil {
				continue
			}
			accepted++
			if effects.Digests[0] == good.Digests[0] || fmt.Sprint(effects.Payments, effects.FeeBound) == fmt.Sprint(good.Payments, good.FeeBound) {
				t.Errorf("%s: byte %d can be changed: %+v", name, at, effects)
			}
		}
		if accepted == 0 || accepted > 200 { // amounts and destinations
			t.Errorf("%s: %d bytes can be changed", name, accepted)
		}
	}
}

func BenchmarkPayout100(b *testing.B) {
	w := walletOf(b, Regtest, false, 2, accountKey(b, Regtest, false, "a"), accountKey(b, Regtest, false, "b"), accountKey(b, Regtest, false, "c"))
	coins, previous := w.fund(b, 5_000_000, 5_000_000, 5_000_000)
	var amounts []int64
	for n := range int64(100) {
		amounts = append(amounts, 100_000+n)
	}
	i := w.intent(coins, amounts...)
	u, err := BuildPSBT(i, w.Descriptor, 3, 50_000, previous, 0)
	if err != nil {
		b.Fatal(err)
	}
	signatures := append(w.sign(b, 0, u), w.sign(b, 2, u)...)
	b.Run("build", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := BuildPSBT(i, w.Descriptor, 3, 50_000, previous, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("explain", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := w.explainer().Explain(u); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sign", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			w.sign(b, 0, u)
		}
	})
	b.Run("finalize", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := Finalize(w.Descriptor, u, signatures); err != nil {
				b.Fatal(err)
			}
		}
	})
}
