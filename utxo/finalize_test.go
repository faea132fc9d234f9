package utxo

import (
	"bytes"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

func decodeTx(t testing.TB, raw []byte) *wire.MsgTx {
	t.Helper()
	tx := wire.NewMsgTx(2)
	if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	return tx
}

func TestAnyTwoOfThreeFinalise(t *testing.T) {
	for name, w := range testWallets(t) {
		_, u := w.build(t)
		var ids []coffer.Hash
		for _, keys := range [][]int{{0, 1}, {1, 0}, {0, 2}, {1, 2}, {2, 1, 0}} {
			var signatures []coffer.Signature
			for _, key := range keys {
				signatures = append(signatures, w.sign(t, key, u)...)
			}
			signed, err := Finalize(w.Descriptor, u, signatures)
			if err != nil {
				t.Errorf("%s %v: %v", name, keys, err)
				continue
			}
			tx := decodeTx(t, signed.Bytes)
			if HashOf(tx.TxHash()) != signed.ID {
				t.Errorf("%s %v: id %s of transaction %s", name, keys, signed.ID, tx.TxHash())
			}
			if estimate, real := w.sizeOf(tx), vsize(tx); real > estimate || estimate-real > 2*uint64(len(tx.TxIn)) {
				t.Errorf("%s %v: %d vB, estimated %d", name, keys, real, estimate)
			}
			for n, in := range tx.TxIn {
				if len(in.Witness) != 1+2+1 {
					t.Errorf("%s %v: input %d has %d witnesses", name, keys, n, len(in.Witness))
				}
			}
			ids = append(ids, signed.ID)
		}
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("%s: ids %v", name, ids)
			}
		}
	}
}

// vsize is the size of a signed transaction in vbytes (BIP-141).
func vsize(tx *wire.MsgTx) uint64 {
	return uint64(tx.SerializeSizeStripped()*3+tx.SerializeSize()+3) / 4
}

// Sizes are exact but for the length of signatures.
func TestSizesOfOtherThresholds(t *testing.T) {
	keys := func(n int) (keys []testKey) {
		for i := range n {
			keys = append(keys, fixedKey(string(rune('A'+i))))
		}
		return keys
	}
	for _, v := range []struct {
		nested       bool
		threshold, n int
	}{{false, 1, 1}, {true, 15, 15}, {false, 3, 20}, {false, 20, 20}, {false, 17, 18}, {true, 2, 7}} {
		w := walletOf(t, Regtest, v.nested, v.threshold, keys(v.n)...)
		_, u := w.build(t)
		var signatures []coffer.Signature
		for key := range v.threshold {
			signatures = append(signatures, w.sign(t, key, u)...)
		}
		signed, err := Finalize(w.Descriptor, u, signatures)
		if err != nil {
			t.Errorf("%+v: %v", v, err)
			continue
		}
		tx := decodeTx(t, signed.Bytes)
		if len(w.mustAt(t, "").Witness) != w.multisigSize() {
			t.Errorf("%+v: script of %d bytes, reckoned with %d", v, len(w.mustAt(t, "").Witness), w.multisigSize())
		}
		if estimate, real := w.sizeOf(tx), vsize(tx); real > estimate || estimate-real > uint64(v.threshold) {
			t.Errorf("%+v: %d vB, estimated %d", v, real, estimate)
		}
	}
}

// The smallest transactions are as large as ones that are written and signed.
func TestSmallestSizes(t *testing.T) {
	for name, w := range testWallets(t) {
		home := w.mustAt(t, w.Home()).Output
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(&wire.TxIn{})
		tx.AddTxOut(wire.NewTxOut(1, home))
		if got, want := w.SmallestCancellation(), w.sizeOf(tx); got != want {
			t.Errorf("%s: a cancellation of %d vB, want %d", name, got, want)
		}
		tx.AddTxOut(wire.NewTxOut(1, append([]byte{0, 20}, make([]byte, 20)...))) // P2WPKH
		if got, want := w.SmallestPayment(), w.sizeOf(tx); got != want {
			t.Errorf("%s: a payment of %d vB, want %d", name, got, want)
		}
	}
}

func (w testWallet) mustAt(t testing.TB, path string) Script {
	t.Helper()
	script, err := w.At(path)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

func TestFinalizeRefusesBadSignatures(t *testing.T) {
	for _, name := range []string{"P2WSH", "P2SH-P2WSH fixed"} {
		w := testWallets(t)[name]
		i, u := w.build(t)
		other, err := BuildPSBT(i, w.Descriptor, 2, 2_001, previousOf(t, w), 0)
		if err != nil {
			t.Fatal(err)
		}
		good := append(w.sign(t, 0, u), w.sign(t, 1, u)...)
		if err := VerifySignatures(w.Descriptor, u, good); err != nil {
			t.Fatal(err)
		}
		for claim, v := range map[string]struct {
			change func(*coffer.Signature)
			want   error
		}{
			"another digest":      {func(s *coffer.Signature) { s.Digest[0] ^= 1 }, ErrSignature},
			"another transaction": {func(s *coffer.Signature) { *s = w.sign(t, 0, other)[0] }, ErrSignature},
			"another input":       {func(s *coffer.Signature) { s.Digest = good[1].Digest }, ErrSignature},
			"another key":         {func(s *coffer.Signature) { s.Key = good[2].Key }, ErrSignature},
			"a stranger's key": {func(s *coffer.Signature) {
				s.Key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
			}, ErrSignature},
			"nothing":         {func(s *coffer.Signature) { s.Bytes = nil }, ErrSignature},
			"one byte":        {func(s *coffer.Signature) { s.Bytes = []byte{1} }, ErrSignature},
			"no sighash type": {func(s *coffer.Signature) { s.Bytes = s.Bytes[:len(s.Bytes)-1] }, ErrSignature},
			"sighash none": {func(s *coffer.Signature) {
				s.Bytes = append(s.Bytes[:len(s.Bytes)-1:len(s.Bytes)-1], byte(txscript.SigHashNone))
			}, ErrSignature},
			"high S": {func(s *coffer.Signature) { s.Bytes = highS(t, s.Bytes) }, ErrSignature},
			"padded": {func(s *coffer.Signature) {
				s.Bytes = append([]byte{0x30, s.Bytes[1], 0x02, s.Bytes[3] + 1, 0}, s.Bytes[4:]...)
			}, ErrSignature},
			"too long":    {func(s *coffer.Signature) { s.Bytes = append(make([]byte, 100), s.Bytes...) }, ErrSignature},
			"a bit of it": {func(s *coffer.Signature) { s.Bytes = bytes.Clone(s.Bytes); s.Bytes[20] ^= 4 }, ErrSignature},
			"raw r and s": {func(s *coffer.Signature) { s.Bytes = make([]byte, 65) }, ErrSignature},
		} {
			bad := append([]coffer.Signature{}, good...)
			v.change(&bad[0])
			if signed, err := Finalize(w.Descriptor, u, bad); !errors.Is(err, v.want) {
				t.Errorf("%s: %s: %x, %v, want %v", name, claim, signed.Bytes, err, v.want)
			}
			if err := VerifySignatures(w.Descriptor, u, bad); !errors.Is(err, v.want) {
				t.Errorf("%s: %s: verified: %v", name, claim, err)
			}
		}
		for claim, few := range map[string][]coffer.Signature{
			"nobody": nil, "one signer": good[:2], "one signer twice": append(append([]coffer.Signature{}, good[:2]...), good[:2]...), "one input of the second": good[:3],
		} {
			if _, err := Finalize(w.Descriptor, u, few); !errors.Is(err, ErrThreshold) {
				t.Errorf("%s: %s: %v, want ErrThreshold", name, claim, err)
			}
		}
	}
}

func previousOf(t testing.TB, w testWallet) map[coffer.Hash]*wire.MsgTx {
	t.Helper()
	_, previous := w.fund(t, 60_000, 50_000, 40_000)
	return previous
}

// highS is the same signature with the other S.
func highS(t testing.TB, signature []byte) []byte {
	t.Helper()
	parsed, err := ecdsa.ParseDERSignature(signature[:len(signature)-1])
	if err != nil {
		t.Fatal(err)
	}
	r, s := parsed.R(), parsed.S()
	s.Negate()
	part := func(n btcec.ModNScalar) []byte {
		raw := n.Bytes()
		b := bytes.TrimLeft(raw[:], "\x00")
		if b[0] >= 0x80 {
			b = append([]byte{0}, b...)
		}
		return append([]byte{2, byte(len(b))}, b...)
	}
	body := append(part(r), part(s)...)
	return append(append([]byte{0x30, byte(len(body))}, body...), byte(txscript.SigHashAll))
}

func TestCombineTakesSignaturesOutOfForeignPSBTs(t *testing.T) {
	for name, w := range testWallets(t) {
		_, u := w.build(t)
		addAll := func(p *psbt.Packet, key int) {
			for n, s := range w.sign(t, key, u) {
				p.Inputs[n].PartialSigs = append(p.Inputs[n].PartialSigs, &psbt.PartialSig{PubKey: w.publicAt(t, u, n, key), Signature: s.Bytes})
			}
		}
		// a signer who adds fields of his own and leaves others out
		foreign := repack(t, u, func(p *psbt.Packet) {
			addAll(p, 2)
			p.Unknowns = append(p.Unknowns, unknown(0xfc, 1))
			p.XPubs, p.Inputs[0].NonWitnessUtxo = nil, nil
		})
		signatures, err := CombineSignatures(w.Descriptor, u, "cold", foreign.Bytes)
		if err != nil || len(signatures) != 2 || signatures[0].Signer != "cold" || signatures[0].Key != w.Keys()[2].String() {
			t.Errorf("%s: %+v, %v", name, signatures, err)
			continue
		}
		signed, err := Finalize(w.Descriptor, u, append(w.sign(t, 0, u), signatures...))
		if err != nil || len(signed.Bytes) == 0 {
			t.Errorf("%s: %v", name, err)
		}
		for claim, bad := range map[string]coffer.Unsigned{
			"of another transaction": repack(t, u, func(p *psbt.Packet) { addAll(p, 2); p.UnsignedTx.TxOut[0].Value++ }),
			"by a stranger": repack(t, u, func(p *psbt.Packet) {
				addAll(p, 2)
				p.Inputs[0].PartialSigs[0].PubKey = fixedKey("stranger").private.PubKey().SerializeCompressed()
			}),
			"of another key": repack(t, u, func(p *psbt.Packet) { addAll(p, 2); p.Inputs[0].PartialSigs[0].PubKey = w.publicAt(t, u, 0, 1) }),
			"over another input": repack(t, u, func(p *psbt.Packet) {
				addAll(p, 2)
				p.Inputs[0].PartialSigs[0].Signature = p.Inputs[1].PartialSigs[0].Signature
			}),
		} {
			if got, err := CombineSignatures(w.Descriptor, u, "cold", bad.Bytes); err == nil {
				t.Errorf("%s: %s: %+v", name, claim, got)
			}
		}
	}
}

func (w testWallet) publicAt(t testing.TB, u coffer.Unsigned, input, key int) []byte {
	t.Helper()
	r, err := read(w.Descriptor, u)
	if err != nil {
		t.Fatal(err)
	}
	return r.scripts[input].Keys[key].Public
}
