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

// ErrRefused is returned for every PSBT that is not exactly one of ours: coins of one wallet,
// each proven by the transaction it is an output of, to addresses, with at most one output of
// change to the wallet itself.
var ErrRefused = errors.New("refused")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrRefused}, args...)...)
}

// reading is what the bytes of a PSBT prove.
type reading struct {
	tx      *wire.MsgTx
	scripts []Script // of each input
	coins   []coffer.Coin
	amounts []int64
	digests []coffer.Hash // BIP-143, SIGHASH_ALL, of each input
	change  int           // its output; -1 without
	path    string        // of the change
	dust    uint64        // what the recipient of tokens gets of bitcoin
	fee     uint64
	hashes  *txscript.TxSigHashes
}

// read reads a PSBT of a wallet. It believes only what it derived or hashed again: a PSBT that
// differs in one bit from what encodePSBT writes for the same coins and outputs is refused.
func read(d Descriptor, u coffer.Unsigned) (*reading, error) {
	if u.Format != FormatPSBT {
		return nil, refuse("format %.40q, not %s", u.Format, FormatPSBT)
	}
	packet, err := decodePSBT(u.Bytes)
	if err != nil {
		return nil, refuse("%w", err)
	}
	r := &reading{tx: packet.UnsignedTx, change: -1}
	if err := r.checkShape(packet); err != nil {
		return nil, err
	}
	previous := make([]spent, 0, len(packet.Inputs))
	for n := range packet.Inputs {
		coin, err := r.input(d, n, &packet.Inputs[n])
		if err != nil {
			return nil, fmt.Errorf("input %d: %w", n, err)
		}
		previous = append(previous, coin)
	}
	var changeScript Script
	for n := range packet.Outputs {
		at, ok, err := r.output(d, n, &packet.Outputs[n])
		if err != nil {
			return nil, fmt.Errorf("output %d: %w", n, err)
		}
		if ok {
			changeScript = at
		}
	}
	if err := r.settle(); err != nil {
		return nil, err
	}
	again, err := encodePSBT(d, r.tx, previous, r.change, changeScript)
	if err != nil {
		return nil, refuse("%w", err)
	}
	if !bytes.Equal(again, u.Bytes) {
		return nil, refuse("it is not written as ours are: extended keys, derivations or encoding differ")
	}
	return r, r.digest()
}

// checkShape checks what takes no wallet to check.
func (r *reading) checkShape(packet *psbt.Packet) error {
	tx := r.tx
	switch {
	case tx.Version != txVersion:
		return refuse("version %d, not %d", tx.Version, txVersion)
	case tx.LockTime != 0:
		return refuse("lock time %d", tx.LockTime)
	case len(tx.TxIn) < 1 || len(tx.TxIn) > MaxInputs:
		return refuse("%d inputs; want 1 to %d", len(tx.TxIn), MaxInputs)
	case len(tx.TxOut) < 1 || len(tx.TxOut) > MaxPayments+1:
		return refuse("%d outputs; want 1 to %d", len(tx.TxOut), MaxPayments+1)
	case len(packet.Inputs) != len(tx.TxIn) || len(packet.Outputs) != len(tx.TxOut):
		return refuse("other numbers of inputs and outputs than the transaction has")
	case len(packet.Unknowns) > 0:
		return refuse("a global field of type 0x%x", packet.Unknowns[0].Key[:1])
	}
	seen := map[wire.OutPoint]bool{}
	for n, in := range tx.TxIn {
		switch {
		case in.Sequence != txSequence:
			return refuse("input %d: sequence 0x%x, not 0x%x", n, in.Sequence, txSequence)
		case seen[in.PreviousOutPoint]:
			return refuse("input %d: coin %s twice", n, in.PreviousOutPoint)
		}
		seen[in.PreviousOutPoint] = true
	}
	return nil
}

// input proves one coin.
func (r *reading) input(d Descriptor, n int, in *psbt.PInput) (spent, error) {
	point := r.tx.TxIn[n].PreviousOutPoint
	switch {
	case len(in.FinalScriptSig) > 0 || len(in.FinalScriptWitness) > 0:
		return spent{}, refuse("it is final already")
	case len(in.PartialSigs) > 0:
		return spent{}, refuse("it has signatures already")
	case in.SighashType != txscript.SigHashAll:
		return spent{}, refuse("sighash type 0x%x, not SIGHASH_ALL", uint32(in.SighashType))
	case len(in.Unknowns) > 0:
		return spent{}, refuse("a field of type 0x%x", in.Unknowns[0].Key[:1])
	case in.NonWitnessUtxo == nil || in.WitnessUtxo == nil:
		return spent{}, refuse("without the transaction, or the output, that it spends")
	case in.NonWitnessUtxo.TxHash() != point.Hash:
		return spent{}, refuse("transaction %s in the place of %s", in.NonWitnessUtxo.TxHash(), point.Hash)
	case uint64(point.Index) >= uint64(len(in.NonWitnessUtxo.TxOut)):
		return spent{}, refuse("output %d of %d of the transaction it spends", point.Index, len(in.NonWitnessUtxo.TxOut))
	}
	out := in.NonWitnessUtxo.TxOut[point.Index]
	switch {
	case !psbt.TxOutsEqual(out, in.WitnessUtxo):
		return spent{}, refuse("the output it spends is another one in the transaction it is of")
	case out.Value < 1 || out.Value > MaxMoney:
		return spent{}, refuse("a coin of %d satoshis", out.Value)
	}
	path, err := pathIn(d, in.Bip32Derivation)
	if err != nil {
		return spent{}, err
	}
	script, err := d.At(path)
	if err != nil {
		return spent{}, refuse("%w", err)
	}
	switch {
	case !bytes.Equal(script.Output, out.PkScript):
		return spent{}, refuse("a coin that is not the wallet's at path %q", path)
	case !bytes.Equal(script.Witness, in.WitnessScript):
		return spent{}, refuse("another witness script than the coin's")
	case !bytes.Equal(script.Redeem, in.RedeemScript):
		return spent{}, refuse("another redeem script than the coin's")
	}
	r.scripts, r.amounts = append(r.scripts, script), append(r.amounts, out.Value)
	r.coins = append(r.coins, coffer.Coin{
		ID: coffer.NewCoinID(HashOf(point.Hash), point.Index), Address: script.Address, Path: path, Amount: amountOf(out.Value),
	})
	return spent{script: script, previous: withoutWitness(in.NonWitnessUtxo)}, nil
}

// output reads one output: what says how it is derived is change, and must be ours.
func (r *reading) output(d Descriptor, n int, out *psbt.POutput) (Script, bool, error) {
	value, claimed := r.tx.TxOut[n].Value, len(out.Bip32Derivation) > 0
	switch {
	case value < 0 || value > MaxMoney:
		return Script{}, false, refuse("%d satoshis; there are 0 to %d", value, int64(MaxMoney))
	case len(out.Unknowns) > 0:
		return Script{}, false, refuse("a field of type 0x%x", out.Unknowns[0].Key[:1])
	case !claimed:
		return Script{}, false, nil
	case r.change >= 0:
		return Script{}, false, refuse("change again, after output %d", r.change)
	}
	path, err := pathIn(d, out.Bip32Derivation)
	if err != nil {
		return Script{}, false, err
	}
	if err := checkChangePath(d, path); err != nil {
		return Script{}, false, refuse("%w", err)
	}
	script, err := d.At(path)
	if err != nil {
		return Script{}, false, refuse("%w", err)
	}
	if !bytes.Equal(script.Output, r.tx.TxOut[n].PkScript) {
		return Script{}, false, refuse("change that is not the wallet's at path %q", path)
	}
	r.change, r.path = n, path
	return script, true, nil
}

// settle computes the fee.
func (r *reading) settle() error {
	var in, out int64 // of at most MaxInputs and MaxPayments times MaxMoney
	for _, amount := range r.amounts {
		in += amount
	}
	for _, output := range r.tx.TxOut {
		out += output.Value
	}
	switch {
	case in > MaxMoney:
		return refuse("coins of %d satoshis; there are %d", in, int64(MaxMoney))
	case in < out:
		return refuse("outputs of %d satoshis from coins of %d", out, in)
	}
	r.fee = uint64(in - out) // #nosec G115 -- not negative
	return nil
}

// digest computes what has to be signed for each input (BIP-143).
func (r *reading) digest() error {
	outputs := txscript.NewMultiPrevOutFetcher(nil)
	for n, in := range r.tx.TxIn {
		outputs.AddPrevOut(in.PreviousOutPoint, wire.NewTxOut(r.amounts[n], r.scripts[n].Output))
	}
	r.hashes = txscript.NewTxSigHashes(r.tx, outputs)
	for n := range r.tx.TxIn {
		digest, err := txscript.CalcWitnessSigHash(r.scripts[n].Witness, r.hashes, txscript.SigHashAll, r.tx, n, r.amounts[n])
		if err != nil {
			return refuse("input %d: %w", n, err)
		}
		r.digests = append(r.digests, coffer.Hash(digest))
	}
	return nil
}

// pathIn returns the path that derivations speak of; whether it is true shows when the script
// is derived again.
func pathIn(d Descriptor, list []*psbt.Bip32Derivation) (string, error) {
	if !d.Ranged() {
		return d.Home(), nil
	}
	for _, key := range d.keys {
		if !key.Ranged() {
			continue
		}
		for _, derivation := range list {
			steps := derivation.Bip32Path
			if derivation.MasterKeyFingerprint == key.master.uint32() && len(steps) == len(key.path)+2 {
				return PathOf(steps[len(steps)-2], steps[len(steps)-1]), nil
			}
		}
		return "", refuse("no derivation of key %s", key.text)
	}
	return "", refuse("no derivation")
}

func amountOf(satoshis int64) coffer.Amount { return coffer.NewAmount(uint64(satoshis)) } // #nosec G115 -- checked to be positive

// withoutWitness is a transaction as its id commits to it.
func withoutWitness(tx *wire.MsgTx) *wire.MsgTx {
	if !tx.HasWitness() {
		return tx
	}
	bare := tx.Copy()
	for _, in := range bare.TxIn {
		in.Witness = nil
	}
	return bare
}
