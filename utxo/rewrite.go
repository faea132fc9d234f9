package utxo

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
)

// Other software writes PSBTs in an order of its own, leaves out what it does not need and adds
// what it likes. Our signers sign none but ours, bit for bit. Who looks at a file shall see all
// the same what it does.

// rewritten is a PSBT without signatures as ours are written, and what was written otherwise. It
// fails where the PSBT says something else than ours would: of a coin, a script or an extended key.
func rewritten(d Descriptor, packet *psbt.Packet) (raw []byte, differs []string, err error) {
	previous := make([]spent, 0, len(packet.Inputs))
	for n, in := range packet.Inputs {
		point := packet.UnsignedTx.TxIn[n].PreviousOutPoint
		if in.NonWitnessUtxo == nil || in.WitnessUtxo == nil || in.NonWitnessUtxo.TxHash() != point.Hash || uint64(point.Index) >= uint64(len(in.NonWitnessUtxo.TxOut)) {
			return nil, nil, refuse("input %d: a coin that is not proven", n)
		}
		out := in.NonWitnessUtxo.TxOut[point.Index]
		script, ok := ownScript(d, in.Bip32Derivation, out.PkScript)
		if !ok || !psbt.TxOutsEqual(out, in.WitnessUtxo) {
			return nil, nil, refuse("input %d: not a coin of the wallet", n)
		}
		previous = append(previous, spent{script: script, previous: withoutWitness(in.NonWitnessUtxo)})
	}
	change, at := -1, Script{}
	for n, out := range packet.Outputs {
		if len(out.Bip32Derivation) == 0 {
			continue
		}
		script, ok := ownScript(d, out.Bip32Derivation, packet.UnsignedTx.TxOut[n].PkScript)
		if !ok || change >= 0 {
			return nil, nil, refuse("output %d: not the change of the wallet", n)
		}
		change, at = n, script
	}
	if raw, err = encodePSBT(d, packet.UnsignedTx, previous, change, at); err != nil {
		return nil, nil, err
	}
	ours, err := decodePSBT(raw)
	if err != nil {
		return nil, nil, err
	}
	differs, err = differences(ours, packet)
	return raw, differs, err
}

// differences names what theirs has otherwise than ours. What contradicts ours is an error.
func differences(ours, theirs *psbt.Packet) (differs []string, err error) {
	note := func(at, name string, same, wrong bool) {
		switch {
		case wrong && err == nil:
			err = refuse("%s%s is another one than the wallet's", at, name)
		case !same:
			differs = append(differs, at+name)
		}
	}
	script := func(at, name string, a, b []byte) {
		note(at, name, bytes.Equal(a, b), len(b) > 0 && !bytes.Equal(a, b))
	}
	foreign := slices.ContainsFunc(theirs.XPubs, func(x psbt.XPub) bool { return !slices.ContainsFunc(ours.XPubs, sameXPub(x)) })
	note("", "xpub", len(theirs.XPubs) == len(ours.XPubs), foreign)
	note("", "fields of other kinds", len(theirs.Unknowns) == 0, false)
	for n, a := range ours.Inputs {
		b, at := theirs.Inputs[n], fmt.Sprintf("inputs[%d].", n)
		note(at, "sighash_type", a.SighashType == b.SighashType, b.SighashType != 0 && b.SighashType != txscript.SigHashAll)
		note(at, "non_witness_utxo, which has a witness", !b.NonWitnessUtxo.HasWitness(), false)
		script(at, "witness_script", a.WitnessScript, b.WitnessScript)
		script(at, "redeem_script", a.RedeemScript, b.RedeemScript)
		note(at, "bip32_derivation", sameDerivations(a.Bip32Derivation, b.Bip32Derivation), false)
		final := len(b.FinalScriptSig)+len(b.FinalScriptWitness) > 0
		note(at, "final_scriptwitness", !final, final)
		note(at, "fields of other kinds", len(b.Unknowns)+len(b.TaprootBip32Derivation)+len(b.TaprootInternalKey)+len(b.TaprootLeafScript)+len(b.TaprootScriptSpendSig)+len(b.TaprootKeySpendSig)+len(b.TaprootMerkleRoot) == 0, false)
	}
	for n, a := range ours.Outputs {
		b, at := theirs.Outputs[n], fmt.Sprintf("outputs[%d].", n)
		script(at, "witness_script", a.WitnessScript, b.WitnessScript)
		script(at, "redeem_script", a.RedeemScript, b.RedeemScript)
		note(at, "bip32_derivation", sameDerivations(a.Bip32Derivation, b.Bip32Derivation), false)
		note(at, "fields of other kinds", len(b.Unknowns)+len(b.TaprootBip32Derivation)+len(b.TaprootInternalKey)+len(b.TaprootTapTree) == 0, false)
	}
	if len(differs) == 0 {
		differs = []string{"the order of its fields"}
	}
	return differs, err
}

func sameXPub(a psbt.XPub) func(b psbt.XPub) bool {
	return func(b psbt.XPub) bool {
		return bytes.Equal(a.ExtendedKey, b.ExtendedKey) && a.MasterKeyFingerprint == b.MasterKeyFingerprint && slices.Equal(a.Bip32Path, b.Bip32Path)
	}
}

// sameDerivations compares what is said of keys, in whatever order.
func sameDerivations(a, b []*psbt.Bip32Derivation) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x *psbt.Bip32Derivation) bool {
		return !slices.ContainsFunc(b, func(y *psbt.Bip32Derivation) bool {
			return bytes.Equal(x.PubKey, y.PubKey) && x.MasterKeyFingerprint == y.MasterKeyFingerprint && slices.Equal(x.Bip32Path, y.Bip32Path)
		})
	})
}
