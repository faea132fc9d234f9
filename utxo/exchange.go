package utxo

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// Exchange is how the transactions of a wallet go to people who sign by file and come back, as
// PSBTs (BIP-174). What comes back has to be what was given out, with signatures added: nothing
// but signatures is ever taken from it, and a file with another transaction, another amount or
// another coin tells that its signer looked at something else. Errors are coffer.Error of
// CodeInvalid, whose fields are "psbt", "inputs[0].witness_utxo" and the like.
type Exchange struct{ Descriptor Descriptor }

// Slot is the slot that the transaction in a file takes: that of its first coin.
func (Exchange) Slot(file []byte) (coffer.Slot, error) {
	packet, err := decodeFile(file)
	if err != nil {
		return coffer.Slot{}, err
	}
	if len(packet.UnsignedTx.TxIn) == 0 {
		return coffer.Slot{}, badField("inputs", "none; a payout spends one coin at least")
	}
	point := packet.UnsignedTx.TxIn[0].PreviousOutPoint
	return coffer.Slot{Kind: coffer.SlotCoin, Lane: string(coffer.NewCoinID(HashOf(point.Hash), point.Index))}, nil
}

// Digests are what has to be signed of a transaction, in the order of its coins.
func (x Exchange) Digests(u coffer.Unsigned) ([]coffer.Hash, error) {
	r, err := read(x.Descriptor, u)
	if err != nil {
		return nil, err
	}
	return r.digests, nil
}

// Same reports whether a file is of this very transaction.
func (x Exchange) Same(u coffer.Unsigned, file []byte) bool {
	ours, err := decodePSBT(u.Bytes)
	if err != nil {
		return false
	}
	theirs, err := decodePSBT(file)
	return err == nil && theirs.UnsignedTx.TxHash() == ours.UnsignedTx.TxHash()
}

// Write returns the file of a transaction with the signatures that there are, all of which
// must hold.
func (x Exchange) Write(u coffer.Unsigned, signatures []coffer.Signature) ([]byte, error) {
	return AddSignatures(x.Descriptor, u, signatures)
}

// Read returns the signatures in a file of this transaction, each verified against the digest
// and the child key that follow from the descriptor. They may be partial ones, or in inputs that
// their last signer finalised.
func (x Exchange) Read(u coffer.Unsigned, file []byte) ([]coffer.Signature, error) {
	r, err := read(x.Descriptor, u)
	if err != nil {
		return nil, err
	}
	ours, err := decodePSBT(u.Bytes)
	if err != nil {
		return nil, err
	}
	theirs, err := decodeFile(file)
	if err != nil {
		return nil, err
	}
	if err := x.compare(ours, theirs); err != nil {
		return nil, err
	}
	var signatures []coffer.Signature
	for n := range theirs.Inputs {
		found, err := r.signaturesIn(n, theirs.Inputs[n])
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, found...)
	}
	return signatures, nil
}

func badField(field, format string, args ...any) error {
	return &coffer.Error{Code: coffer.CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...), Cause: ErrPSBT}
}

func decodeFile(file []byte) (*psbt.Packet, error) {
	packet, err := decodePSBT(file)
	if err != nil {
		return nil, &coffer.Error{Code: coffer.CodeInvalid, Field: "psbt", Message: "cannot be read", Cause: err}
	}
	if tx := packet.UnsignedTx; len(packet.Inputs) != len(tx.TxIn) || len(packet.Outputs) != len(tx.TxOut) {
		return nil, badField("psbt", "has other numbers of inputs and outputs than its transaction")
	}
	return packet, nil
}

// compare holds what came back to what was given out.
func (x Exchange) compare(ours, theirs *psbt.Packet) error {
	a, b := ours.UnsignedTx, theirs.UnsignedTx
	switch {
	case b.Version != a.Version:
		return badField("version", "%d; the payout's transaction has %d", b.Version, a.Version)
	case b.LockTime != a.LockTime:
		return badField("lock_time", "%d; the payout's transaction has %d", b.LockTime, a.LockTime)
	case len(b.TxIn) != len(a.TxIn):
		return badField("inputs", "%d; the payout's transaction has %d", len(b.TxIn), len(a.TxIn))
	case len(b.TxOut) != len(a.TxOut):
		return badField("outputs", "%d; the payout's transaction has %d", len(b.TxOut), len(a.TxOut))
	}
	for n, out := range b.TxOut {
		switch {
		case out.Value != a.TxOut[n].Value:
			return badField(fmt.Sprintf("outputs[%d].amount", n), "%d satoshi; the payout's transaction has %d", out.Value, a.TxOut[n].Value)
		case !bytes.Equal(out.PkScript, a.TxOut[n].PkScript):
			return badField(fmt.Sprintf("outputs[%d].script", n), "pays %s; the payout's transaction pays %s", x.payee(out), x.payee(a.TxOut[n]))
		}
	}
	for n, in := range b.TxIn {
		switch {
		case in.PreviousOutPoint != a.TxIn[n].PreviousOutPoint:
			return badField(fmt.Sprintf("inputs[%d].coin", n), "%s; the payout's transaction spends %s", in.PreviousOutPoint, a.TxIn[n].PreviousOutPoint)
		case in.Sequence != a.TxIn[n].Sequence:
			return badField(fmt.Sprintf("inputs[%d].sequence", n), "0x%x; the payout's transaction has 0x%x", in.Sequence, a.TxIn[n].Sequence)
		}
		if err := compareInput(fmt.Sprintf("inputs[%d].", n), ours.Inputs[n], theirs.Inputs[n]); err != nil {
			return err
		}
	}
	return nil
}

func (x Exchange) payee(out *wire.TxOut) string {
	if address, ok := AddressOf(x.Descriptor.network, out.PkScript); ok {
		return string(address)
	}
	return fmt.Sprintf("script %x", out.PkScript[:min(len(out.PkScript), 100)])
}

// compareInput holds the fields of an input to what was given out. The coin's transaction and
// amount must still be there: who signed without them has not seen what he spends.
func compareInput(at string, ours, theirs psbt.PInput) error {
	switch {
	case theirs.NonWitnessUtxo == nil:
		return badField(at+"non_witness_utxo", "is missing; give back what was exported, with signatures added")
	case theirs.NonWitnessUtxo.TxHash() != ours.NonWitnessUtxo.TxHash():
		return badField(at+"non_witness_utxo", "transaction %s; the coin is of %s", theirs.NonWitnessUtxo.TxHash(), ours.NonWitnessUtxo.TxHash())
	case theirs.WitnessUtxo == nil:
		return badField(at+"witness_utxo", "is missing; give back what was exported, with signatures added")
	case !psbt.TxOutsEqual(theirs.WitnessUtxo, ours.WitnessUtxo):
		return badField(at+"witness_utxo", "another script than the coin's, or %d satoshi; the coin has %d", theirs.WitnessUtxo.Value, ours.WitnessUtxo.Value)
	case theirs.SighashType != 0 && theirs.SighashType != txscript.SigHashAll:
		return badField(at+"sighash_type", "0x%x; want SIGHASH_ALL, 0x1", uint32(theirs.SighashType))
	case len(theirs.WitnessScript) > 0 && !bytes.Equal(theirs.WitnessScript, ours.WitnessScript):
		return badField(at+"witness_script", "is not the coin's")
	case len(theirs.RedeemScript) > 0 && !bytes.Equal(theirs.RedeemScript, ours.RedeemScript):
		return badField(at+"redeem_script", "is not the coin's")
	}
	return nil
}

// signaturesIn verifies the signatures that an input has.
func (r *reading) signaturesIn(n int, in psbt.PInput) ([]coffer.Signature, error) {
	var found []coffer.Signature
	for _, partial := range in.PartialSigs {
		at := fmt.Sprintf("inputs[%d].partial_sigs", n)
		child, ok := r.scripts[n].childOf(partial.PubKey)
		if !ok {
			return nil, badField(at, "one by key %x, which the wallet does not have there", partial.PubKey)
		}
		if err := verifySignature(child.Public, r.digests[n], partial.Signature); err != nil {
			return nil, &coffer.Error{Code: coffer.CodeInvalid, Field: at, Message: "the one by key " + child.Key + " does not hold", Cause: err}
		}
		found = append(found, coffer.Signature{Key: child.Key, Digest: r.digests[n], Bytes: partial.Signature})
	}
	if len(in.FinalScriptWitness) == 0 {
		return found, nil
	}
	final, err := r.signaturesOf(n, in.FinalScriptWitness)
	if err != nil {
		return nil, &coffer.Error{Code: coffer.CodeInvalid, Field: fmt.Sprintf("inputs[%d].final_scriptwitness", n), Message: "is not the wallet's", Cause: err}
	}
	return append(found, final...), nil
}

// signaturesOf takes the signatures out of the witness of an input that was finalised.
func (r *reading) signaturesOf(n int, raw []byte) ([]coffer.Signature, error) {
	items, err := readWitness(raw)
	if err != nil {
		return nil, err
	}
	script := r.scripts[n]
	if len(items) < 3 || len(items[0]) > 0 || !bytes.Equal(items[len(items)-1], script.Witness) {
		return nil, fmt.Errorf("%w: want nothing, signatures and the coin's witness script", ErrPSBT)
	}
	var found []coffer.Signature
	for _, signature := range items[1 : len(items)-1] {
		by := -1
		for k, child := range script.Keys {
			if by < 0 && verifySignature(child.Public, r.digests[n], signature) == nil {
				by = k
			}
		}
		if by < 0 {
			return nil, fmt.Errorf("%w: %x is by no key of the wallet over this transaction", ErrSignature, signature[:min(len(signature), maxSignature)])
		}
		found = append(found, coffer.Signature{Key: script.Keys[by].Key, Digest: r.digests[n], Bytes: signature})
	}
	return found, nil
}

// maxWitnessItems is what CHECKMULTISIG of 20 keys takes at most, with the script and one more.
const maxWitnessItems = 22

// readWitness reads a witness stack as transactions hold it (BIP-144), to its last byte.
func readWitness(raw []byte) ([][]byte, error) {
	r := bytes.NewReader(raw)
	count, err := wire.ReadVarInt(r, 0)
	if err != nil || count > maxWitnessItems {
		return nil, fmt.Errorf("%w: a witness of %d items; want at most %d", errors.Join(ErrPSBT, err), count, maxWitnessItems)
	}
	items := make([][]byte, 0, count)
	for range count {
		item, err := wire.ReadVarBytes(r, 0, txscript.MaxScriptSize, "witness item")
		if err != nil {
			return nil, fmt.Errorf("%w: witness: %w", ErrPSBT, err)
		}
		items = append(items, item)
	}
	if r.Len() > 0 {
		return nil, fmt.Errorf("%w: %d bytes behind the witness", ErrPSBT, r.Len())
	}
	return items, nil
}
