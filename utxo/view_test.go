package utxo

import (
	"bytes"
	"encoding/base64"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// view signs a PSBT with some keys and looks at it.
func (w testWallet) view(t *testing.T, u coffer.Unsigned, keys ...int) View {
	t.Helper()
	raw, err := AddSignatures(w.Descriptor, u, w.Sign(t, u, keys...))
	if err != nil {
		t.Fatal(err)
	}
	v, err := w.explainer().View(w.Address(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAViewSaysWhatExplainDoes(t *testing.T) {
	for name, w := range testWallets(t) {
		i, u := w.build(t)
		effects, err := w.explainer().Explain(u)
		if err != nil {
			t.Fatal(err)
		}
		v := w.view(t, u, 0, 2)
		if v.Refused != nil || !v.FeeKnown || v.Size == 0 || coffer.NewAmount(v.Fee) != effects.FeeBound {
			t.Errorf("%s: %+v", name, v)
		}
		for n, in := range v.Inputs {
			coin := coffer.Coin{ID: in.Coin, Address: in.Address, Path: in.Path, Amount: coffer.NewAmount(in.Amount)}
			if coin != effects.Coins[n] || !in.Proven || !in.Ours || len(in.Signed) != 2 {
				t.Errorf("%s: input %d: %+v, want %+v", name, n, in, effects.Coins[n])
			}
			for _, s := range in.Signed {
				if s.Err != nil || s.Key != w.Keys()[0].String() && s.Key != w.Keys()[2].String() {
					t.Errorf("%s: input %d: %+v", name, n, s)
				}
			}
		}
		var payments []coffer.Payment
		changes := 0
		for _, out := range v.Outputs {
			if out.Change && out.Claimed && out.Path == i.Change {
				changes++
				continue
			}
			payments = append(payments, coffer.Payment{Asset: Regtest.Native(), To: out.Address, Amount: coffer.NewAmount(out.Amount)})
		}
		if changes > 1 || !reflect.DeepEqual(payments, i.Payments) && changes == 1 {
			t.Errorf("%s: %d outputs of change, payments %+v, want %+v", name, changes, payments, i.Payments)
		}
	}
}

// What is wrong is refused, and said where it stands.
func TestAViewOfABadPSBT(t *testing.T) {
	w := testWallets(t)["P2WSH"]
	_, u := w.build(t)
	stranger := fixedKey("stranger").private
	digest := w.view(t, u).ID // any 32 bytes
	foreign := ecdsa.Sign(stranger, digest[:]).Serialize()
	for name, c := range map[string]struct {
		change func(*psbt.Packet)
		want   string
		check  func(View) bool
	}{
		"another previous transaction": {func(p *psbt.Packet) { p.Inputs[0].NonWitnessUtxo = p.Inputs[1].NonWitnessUtxo }, "in the place of",
			func(v View) bool { return !v.Inputs[0].Proven && !v.FeeKnown }},
		"a stripped previous transaction": {func(p *psbt.Packet) { p.Inputs[0].NonWitnessUtxo = nil }, "without the transaction",
			func(v View) bool { return !v.Inputs[0].Proven && !v.FeeKnown }},
		"a smaller amount": {func(p *psbt.Packet) { p.Inputs[0].WitnessUtxo.Value-- }, "another one",
			func(v View) bool { return v.Inputs[0].Proven && v.FeeKnown }},
		"change that is not ours": {func(p *psbt.Packet) {
			for n := range p.Outputs {
				if len(p.Outputs[n].Bip32Derivation) == 0 {
					p.Outputs[n] = p.Outputs[changeOf(p)]
					p.Outputs[changeOf(p)].Bip32Derivation = nil
					return
				}
			}
		}, "output", func(v View) bool {
			for _, out := range v.Outputs {
				if out.Claimed && out.Change {
					return false
				}
			}
			return true
		}},
		"another amount": {func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].Value += 1_000_000_000 }, "from coins of",
			func(v View) bool { return !v.FeeKnown }},
		"more than there is": {func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].Value = -1 }, "output 0",
			func(v View) bool { return v.Outputs[0].Amount > MaxMoney && !v.FeeKnown }},
		"data": {func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].PkScript = []byte{0x6a, 1, 2} }, "output 0",
			func(v View) bool { return v.Outputs[0].Address == "" }},
		"another sighash": {func(p *psbt.Packet) { p.Inputs[1].SighashType = txscript.SigHashNone }, "SIGHASH_ALL", nil},
		"a foreign signature": {func(p *psbt.Packet) {
			p.Inputs[1].PartialSigs = append(p.Inputs[1].PartialSigs, &psbt.PartialSig{PubKey: stranger.PubKey().SerializeCompressed(), Signature: append(foreign, 1)})
		}, "does not have there", func(v View) bool { return v.Inputs[1].Signed[0].Err != nil && v.Inputs[1].Signed[0].Key == "" }},
		"a signature over something else": {func(p *psbt.Packet) {
			p.Inputs[1].PartialSigs = append(p.Inputs[1].PartialSigs, &psbt.PartialSig{PubKey: p.Inputs[1].Bip32Derivation[0].PubKey, Signature: append(foreign, 1)})
		}, "it is not over", func(v View) bool { return v.Inputs[1].Signed[0].Err != nil }},
	} {
		packet, err := decodePSBT(u.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		c.change(packet)
		raw, err := serialize(packet)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v, err := w.explainer().View(w.Address(), raw)
		if err != nil || v.Refused == nil || !strings.Contains(v.Refused.Error(), c.want) || c.check != nil && !c.check(v) {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	if _, err := w.explainer().View(destinations(Regtest)[0], u.Bytes); err == nil {
		t.Error("a wallet that nobody told us of")
	}
	for n, v := range bip174(t) {
		view, err := w.explainer().View(w.Address(), v.raw)
		if err == nil && view.Refused == nil {
			t.Errorf("vector %d passes: %+v", n, view)
		}
	}
}

// What other software writes otherwise is told, as long as it says the same.
func TestAViewOfWhatOthersWrote(t *testing.T) {
	w := testWallets(t)["P2SH-P2WSH"]
	_, u := w.build(t)
	stranger := accountKey(t, Regtest, true, "stranger")
	other := strings.TrimSuffix(stranger.text[strings.IndexByte(stranger.text, ']')+1:], "/<0;1>/*")
	for name, c := range map[string]struct {
		change  func(*psbt.Packet)
		differs string
		refused string
	}{
		"no extended keys":     {func(p *psbt.Packet) { p.XPubs = nil }, "xpub", ""},
		"extended keys turned": {func(p *psbt.Packet) { slices.Reverse(p.XPubs) }, "the order of its fields", ""},
		"a foreign one":        {func(p *psbt.Packet) { p.XPubs[0].ExtendedKey = encodeExtendedText(other) }, "", "not written as ours"},
		"no sighash type":      {func(p *psbt.Packet) { p.Inputs[0].SighashType = 0 }, "inputs[0].sighash_type", ""},
		"one derivation":       {func(p *psbt.Packet) { p.Inputs[1].Bip32Derivation = p.Inputs[1].Bip32Derivation[:1] }, "inputs[1].bip32_derivation", "no derivation"},
		"a field more": {func(p *psbt.Packet) { p.Inputs[1].Unknowns = []*psbt.Unknown{{Key: []byte{0xfc, 1}, Value: []byte{1}}} },
			"inputs[1].fields of other kinds", ""},
		"no witness script": {func(p *psbt.Packet) { p.Inputs[0].WitnessScript = nil }, "inputs[0].witness_script", ""},
		"another witness script": {func(p *psbt.Packet) { p.Inputs[0].WitnessScript = p.Inputs[1].WitnessScript }, "",
			"another witness script"},
		"change without scripts": {func(p *psbt.Packet) { p.Outputs[changeOf(p)].WitnessScript = nil }, "].witness_script", ""},
		"a coin twice proven": {func(p *psbt.Packet) { p.Inputs[0].NonWitnessUtxo.TxIn[0].Witness = wire.TxWitness{{1}} },
			"inputs[0].non_witness_utxo, which has a witness", ""},
	} {
		v, err := w.explainer().View(w.Address(), edit(t, u.Bytes, c.change))
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case c.refused != "" && v.Refused != nil:
			if !strings.Contains(v.Refused.Error(), c.refused) || v.Differs != nil {
				t.Errorf("%s: %v, %q", name, v.Refused, v.Differs)
			}
		case v.Refused != nil || len(v.Differs) != 1 || !strings.Contains(v.Differs[0], c.differs) || c.differs == "":
			t.Errorf("%s: differs in %q, %v", name, v.Differs, v.Refused)
		}
	}
}

func changeOf(p *psbt.Packet) int {
	for n := range p.Outputs {
		if len(p.Outputs[n].Bip32Derivation) > 0 {
			return n
		}
	}
	return -1
}

func TestPSBTsAreReadInBothForms(t *testing.T) {
	_, u := testWallets(t)["P2WSH"].build(t)
	text := base64.StdEncoding.EncodeToString(u.Bytes)
	for name, form := range map[string]string{"bytes": string(u.Bytes), "base64": text, "lines": "\n" + text[:100] + "\r\n" + text[100:] + "\n"} {
		if raw, err := ReadPSBT(strings.NewReader(form)); err != nil || !bytes.Equal(raw, u.Bytes) {
			t.Errorf("%s: %d bytes, %v", name, len(raw), err)
		}
	}
	for name, form := range map[string]string{
		"nothing": "", "a word": "hello", "hex": "70736274ff01", "base64 of something else": "aGVsbG8gd29ybGQ=",
		"too many bytes": "psbt\xff" + strings.Repeat("x", MaxPSBT), "too much base64": strings.Repeat("A", maxEncoded+4),
		"cut base64": text[:len(text)-2], "base64 for URLs": strings.NewReplacer("+", "-", "/", "_").Replace(text) + "-_",
	} {
		if raw, err := ReadPSBT(strings.NewReader(form)); !errors.Is(err, ErrPSBT) {
			t.Errorf("%s: %d bytes, %v", name, len(raw), err)
		}
	}
}
