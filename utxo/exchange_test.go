package utxo

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// edit changes a PSBT.
func edit(t testing.TB, raw []byte, change func(p *psbt.Packet)) []byte {
	t.Helper()
	packet, err := decodePSBT(raw)
	if err != nil {
		t.Fatal(err)
	}
	change(packet)
	changed, err := serialize(packet)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// exchange has the first key sign, and returns the file that goes to somebody else.
func (w testWallet) exchange(t testing.TB) (Exchange, coffer.Unsigned, []byte) {
	t.Helper()
	_, u := w.build(t)
	x := Exchange{w.Descriptor}
	exported, err := x.Write(u, w.sign(t, 0, u))
	if err != nil {
		t.Fatal(err)
	}
	return x, u, exported
}

// partial adds the signatures of a key of the wallet to a file.
func (w testWallet) partial(t testing.TB, u coffer.Unsigned, file []byte, key int) []byte {
	t.Helper()
	r, err := read(w.Descriptor, u)
	if err != nil {
		t.Fatal(err)
	}
	signatures := w.sign(t, key, u)
	return edit(t, file, func(p *psbt.Packet) {
		for n := range p.Inputs {
			child, _ := r.scripts[n].childBy(signatures[n].Key)
			p.Inputs[n].PartialSigs = append(p.Inputs[n].PartialSigs, &psbt.PartialSig{PubKey: child.Public, Signature: signatures[n].Bytes})
		}
	})
}

func TestAFileComesBackSigned(t *testing.T) {
	for name, w := range testWallets(t) {
		x, u, exported := w.exchange(t)
		slot, err := x.Slot(exported)
		if effects, _ := w.explainer().Explain(u); err != nil || slot != effects.Slot {
			t.Errorf("%s: slot %s, %v", name, slot, err)
		}
		signed := w.partial(t, u, exported, 2)
		for what, file := range map[string][]byte{
			"as partial signatures": signed, "finalised": finalised(t, w, u),
			"without what a finaliser drops": edit(t, signed, func(p *psbt.Packet) {
				for n := range p.Inputs {
					p.Inputs[n].SighashType, p.Inputs[n].Bip32Derivation = 0, nil
					p.Inputs[n].WitnessScript, p.Inputs[n].RedeemScript = nil, nil
				}
			}),
		} {
			signatures, err := x.Read(u, file)
			if err != nil || len(signatures) != 2*2 {
				t.Errorf("%s, %s: %d signatures, %v", name, what, len(signatures), err)
				continue
			}
			if _, err := Finalize(w.Descriptor, u, signatures); err != nil {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			if !x.Same(u, file) {
				t.Errorf("%s, %s: another transaction", name, what)
			}
		}
	}
}

// finalised is a file whose inputs the last signer completed (BIP-174, Finalizer).
func finalised(t testing.TB, w testWallet, u coffer.Unsigned) []byte {
	t.Helper()
	done, err := Finalize(w.Descriptor, u, append(w.sign(t, 0, u), w.sign(t, 2, u)...))
	if err != nil {
		t.Fatal(err)
	}
	tx := decodeTx(t, done.Bytes)
	return edit(t, u.Bytes, func(p *psbt.Packet) {
		for n := range p.Inputs {
			var b bytes.Buffer
			if err := psbt.WriteTxWitness(&b, tx.TxIn[n].Witness); err != nil {
				t.Fatal(err)
			}
			p.Inputs[n] = psbt.PInput{
				NonWitnessUtxo: p.Inputs[n].NonWitnessUtxo, WitnessUtxo: p.Inputs[n].WitnessUtxo,
				FinalScriptSig: tx.TxIn[n].SignatureScript, FinalScriptWitness: b.Bytes(),
			}
		}
	})
}

func TestFilesAreRefusedByField(t *testing.T) {
	w := testWallets(t)["P2SH-P2WSH"]
	x, u, exported := w.exchange(t)
	signed := w.partial(t, u, exported, 2)
	change := func(f func(p *psbt.Packet)) []byte { return edit(t, signed, f) }
	other := testWallets(t)["P2WSH"]
	_, otherUnsigned, otherFile := other.exchange(t)
	if x.Same(u, otherFile) || x.Same(otherUnsigned, signed) || x.Same(u, nil) {
		t.Error("files of two transactions are the same")
	}
	of := func(kind txscript.SigHashType) []byte { // what signs less than everything
		return change(func(p *psbt.Packet) {
			r, err := read(w.Descriptor, u)
			if err != nil {
				t.Fatal(err)
			}
			digest, err := txscript.CalcWitnessSigHash(r.scripts[0].Witness, r.hashes, kind, r.tx, 0, r.amounts[0])
			if err != nil {
				t.Fatal(err)
			}
			signature := ecdsa.Sign(w.keys[2].child(t, r.coins[0].Path), digest)
			p.Inputs[0].PartialSigs[1].Signature = append(signature.Serialize(), byte(kind))
		})
	}
	for name, c := range map[string]struct {
		file  []byte
		field string
	}{
		"nothing":             {nil, "psbt"},
		"cut":                 {signed[:len(signed)-5], "psbt"},
		"something behind it": {append(bytes.Clone(signed), 0), "psbt"},
		"too large":           {append([]byte("psbt\xff"), make([]byte, MaxPSBT)...), "psbt"},
		"another payout's":    {otherFile, "outputs[0].amount"},
		"an output left out": {change(func(p *psbt.Packet) {
			p.UnsignedTx.TxOut, p.Outputs = p.UnsignedTx.TxOut[1:], p.Outputs[1:]
		}), "outputs"},
		"an input more": {change(func(p *psbt.Packet) {
			p.UnsignedTx.AddTxIn(&wire.TxIn{})
			p.Inputs = append(p.Inputs, psbt.PInput{})
		}), "inputs"},
		"a changed amount":       {change(func(p *psbt.Packet) { p.UnsignedTx.TxOut[1].Value-- }), "outputs[1].amount"},
		"a changed destination":  {change(func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].PkScript = p2pkhScript(make([]byte, 20)) }), "outputs[0].script"},
		"another coin":           {change(func(p *psbt.Packet) { p.UnsignedTx.TxIn[1].PreviousOutPoint.Index++ }), "inputs[1].coin"},
		"final by its sequence":  {change(func(p *psbt.Packet) { p.UnsignedTx.TxIn[0].Sequence++ }), "inputs[0].sequence"},
		"a lock time":            {change(func(p *psbt.Packet) { p.UnsignedTx.LockTime = 1 }), "lock_time"},
		"version 1":              {change(func(p *psbt.Packet) { p.UnsignedTx.Version = 1 }), "version"},
		"a stripped transaction": {change(func(p *psbt.Packet) { p.Inputs[0].NonWitnessUtxo = nil }), "inputs[0].non_witness_utxo"},
		"another transaction":    {change(func(p *psbt.Packet) { p.Inputs[0].NonWitnessUtxo = p.Inputs[1].NonWitnessUtxo }), "inputs[0].non_witness_utxo"},
		"a stripped output":      {change(func(p *psbt.Packet) { p.Inputs[1].WitnessUtxo = nil }), "inputs[1].witness_utxo"},
		"a lie about an amount":  {change(func(p *psbt.Packet) { p.Inputs[1].WitnessUtxo.Value++ }), "inputs[1].witness_utxo"},
		"another sighash":        {change(func(p *psbt.Packet) { p.Inputs[0].SighashType = txscript.SigHashNone }), "inputs[0].sighash_type"},
		"another witness script": {change(func(p *psbt.Packet) { p.Inputs[0].WitnessScript = p.Inputs[1].WitnessScript }), "inputs[0].witness_script"},
		"another redeem script":  {change(func(p *psbt.Packet) { p.Inputs[0].RedeemScript = p.Inputs[1].RedeemScript }), "inputs[0].redeem_script"},
		"a stranger's signature": {change(func(p *psbt.Packet) {
			p.Inputs[0].PartialSigs[0].PubKey = fixedKey("q").private.PubKey().SerializeCompressed()
		}), "inputs[0].partial_sigs"},
		"a signature of another coin": {change(func(p *psbt.Packet) { p.Inputs[0].PartialSigs[1].Signature = p.Inputs[1].PartialSigs[1].Signature }), "inputs[0].partial_sigs"},
		"a signature over nothing":    {of(txscript.SigHashNone), "inputs[0].partial_sigs"},
		"anyone can pay":              {of(txscript.SigHashAll | txscript.SigHashAnyOneCanPay), "inputs[0].partial_sigs"},
		"final without signatures":    {final(change, []byte{0}), "inputs[0].final_scriptwitness"},
		"final with a long count":     {final(change, []byte{0xfe, 0xff, 0xff, 0xff, 0xff}), "inputs[0].final_scriptwitness"},
		"final and cut":               {final(change, []byte{2, 0, 9, 1}), "inputs[0].final_scriptwitness"},
		"final with another script":   {final(change, []byte{3, 0, 1, 1, 1, 1}), "inputs[0].final_scriptwitness"},
		"final with something behind": {final(change, []byte{1, 0, 1}), "inputs[0].final_scriptwitness"},
		"final with a bad signature":  {final(change, badWitness(t, x, u)), "inputs[0].final_scriptwitness"},
	} {
		signatures, err := x.Read(u, c.file)
		var e *coffer.Error
		if !errors.As(err, &e) || e.Code != coffer.CodeInvalid || e.Field != c.field || len(signatures) > 0 {
			t.Errorf("%s: %d signatures, %v; want it to name %s", name, len(signatures), err, c.field)
		}
	}
}

func final(change func(func(p *psbt.Packet)) []byte, witness []byte) []byte {
	return change(func(p *psbt.Packet) { p.Inputs[0].FinalScriptWitness = witness })
}

// badWitness is in order but for its signature.
func badWitness(t testing.TB, x Exchange, u coffer.Unsigned) []byte {
	t.Helper()
	r, err := read(x.Descriptor, u)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := psbt.WriteTxWitness(&b, wire.TxWitness{nil, bytes.Repeat([]byte{1}, 71), r.scripts[0].Witness}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzExchange reads files of strangers: what comes out are signatures that hold.
func FuzzExchange(f *testing.F) {
	w := testWallets(f)["P2SH-P2WSH"]
	x, u, exported := w.exchange(f)
	f.Add(exported)
	f.Add(w.partial(f, u, exported, 2))
	f.Add(finalised(f, w, u))
	f.Add(exported[:len(exported)/2])
	f.Fuzz(func(t *testing.T, file []byte) {
		signatures, err := x.Read(u, file)
		if err != nil {
			var e *coffer.Error
			if !errors.As(err, &e) || e.Field == "" {
				t.Errorf("an error without a field: %v", err)
			}
			return
		}
		if err := VerifySignatures(w.Descriptor, u, signatures); err != nil || !x.Same(u, file) {
			t.Error(fmt.Errorf("a signature that does not hold is taken: %w", err))
		}
	})
}
