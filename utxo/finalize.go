package utxo

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// ErrSignature is returned for a signature that does not hold.
var ErrSignature = errors.New("bad signature")

// ErrThreshold is returned when fewer keys signed than the wallet demands.
var ErrThreshold = errors.New("not enough signatures")

// Finalize puts signatures on a transaction. Every signature given must hold; of more than the
// threshold the first in the order of the script are taken, since CHECKMULTISIG wants exactly
// so many. The script engine runs every input before the transaction is returned. Signed.ID is
// the transaction's id, which the signatures do not change; Signed.Bytes what nodes take. Pure.
func Finalize(d Descriptor, u coffer.Unsigned, signatures []coffer.Signature) (coffer.Signed, error) {
	signed, err := finalize(d, u, signatures)
	if err != nil {
		return coffer.Signed{}, fmt.Errorf("finalize: %w", err)
	}
	return signed, nil
}

func finalize(d Descriptor, u coffer.Unsigned, signatures []coffer.Signature) (coffer.Signed, error) {
	r, err := read(d, u)
	if err != nil {
		return coffer.Signed{}, err
	}
	have, err := r.verify(signatures)
	if err != nil {
		return coffer.Signed{}, err
	}
	tx := r.tx.Copy()
	for n, in := range tx.TxIn {
		if in.Witness, err = witnessOf(d, r.scripts[n], have[n]); err != nil {
			return coffer.Signed{}, fmt.Errorf("input %d: %w", n, err)
		}
		if redeem := r.scripts[n].Redeem; redeem != nil {
			in.SignatureScript = append([]byte{byte(len(redeem))}, redeem...) // #nosec G115 -- 34 bytes
		}
	}
	if err := r.run(tx); err != nil {
		return coffer.Signed{}, err
	}
	var b bytes.Buffer
	if err := tx.Serialize(&b); err != nil {
		return coffer.Signed{}, err
	}
	return coffer.Signed{ID: HashOf(tx.TxHash()), Bytes: b.Bytes()}, nil
}

// VerifySignatures checks that every signature is over a digest of the transaction, by the
// child of the wallet's key that it names. It is what is asked before one is stored.
func VerifySignatures(d Descriptor, u coffer.Unsigned, signatures []coffer.Signature) error {
	r, err := read(d, u)
	if err != nil {
		return err
	}
	_, err = r.verify(signatures)
	return err
}

// verify returns the signatures of each input by public key.
func (r *reading) verify(signatures []coffer.Signature) ([]map[string][]byte, error) {
	inputs := map[coffer.Hash]int{}
	have := make([]map[string][]byte, len(r.digests))
	for n, digest := range r.digests {
		inputs[digest], have[n] = n, map[string][]byte{}
	}
	for _, s := range signatures {
		n, ok := inputs[s.Digest]
		if !ok {
			return nil, fmt.Errorf("%w: over %s, which is no digest of this transaction", ErrSignature, s.Digest)
		}
		child, ok := r.scripts[n].childBy(s.Key)
		if !ok {
			return nil, fmt.Errorf("%w: by %.200q, which is no key of the wallet", ErrSignature, s.Key)
		}
		if err := verifySignature(child.Public, s.Digest, s.Bytes); err != nil {
			return nil, fmt.Errorf("input %d, key %s: %w", n, s.Key, err)
		}
		have[n][string(child.Public)] = s.Bytes
	}
	return have, nil
}

// verifySignature checks strict DER with a low S (BIP-66, BIP-146) and SIGHASH_ALL at its end.
func verifySignature(public []byte, digest coffer.Hash, signature []byte) error {
	if len(signature) < 2 || len(signature) > maxSignature {
		return fmt.Errorf("%w: %d bytes; want at most %d", ErrSignature, len(signature), maxSignature)
	}
	der, kind := signature[:len(signature)-1], signature[len(signature)-1]
	if kind != byte(txscript.SigHashAll) {
		return fmt.Errorf("%w: sighash type 0x%x, not SIGHASH_ALL", ErrSignature, kind)
	}
	parsed, err := ecdsa.ParseDERSignature(der)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if !bytes.Equal(parsed.Serialize(), der) {
		return fmt.Errorf("%w: not strict DER with a low S", ErrSignature)
	}
	key, err := btcec.ParsePubKey(public)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if !parsed.Verify(digest[:], key) {
		return fmt.Errorf("%w: it is not over %s by key %x", ErrSignature, digest, public)
	}
	return nil
}

// witnessOf is what a multisig script wants: nothing, which CHECKMULTISIG takes off the stack
// too many, the signatures in the order of the script's keys, and the script.
func witnessOf(d Descriptor, script Script, have map[string][]byte) (wire.TxWitness, error) {
	witness := wire.TxWitness{nil}
	for _, public := range sortedKeys(script.Keys) {
		if signature, ok := have[string(public)]; ok && len(witness)-1 < d.threshold {
			witness = append(witness, signature)
		}
	}
	if len(witness)-1 < d.threshold {
		return nil, fmt.Errorf("%w: %d of %d", ErrThreshold, len(witness)-1, d.threshold)
	}
	return append(witness, script.Witness), nil
}

// run executes the scripts of every input with the flags of what nodes relay.
func (r *reading) run(tx *wire.MsgTx) error {
	outputs := txscript.NewMultiPrevOutFetcher(nil)
	for n, in := range tx.TxIn {
		outputs.AddPrevOut(in.PreviousOutPoint, wire.NewTxOut(r.amounts[n], r.scripts[n].Output))
	}
	hashes := txscript.NewTxSigHashes(tx, outputs)
	for n := range tx.TxIn {
		engine, err := txscript.NewEngine(r.scripts[n].Output, tx, n, txscript.StandardVerifyFlags, nil, hashes, r.amounts[n], outputs)
		if err == nil {
			err = engine.Execute()
		}
		if err != nil {
			return fmt.Errorf("input %d: script: %w", n, err)
		}
	}
	return nil
}
