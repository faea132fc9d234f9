package utxo

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// FormatPSBT is the Unsigned.Format of a partially signed transaction (BIP-174, version 0).
const FormatPSBT = "psbt/v0"

// What every transaction of ours has.
const (
	txVersion  = 2
	txSequence = wire.MaxTxInSequenceNum - 2 // may be replaced (BIP-125), no relative lock (BIP-68)
)

// ErrPSBT is returned for bytes that are not a PSBT, or one that is not like ours.
var ErrPSBT = errors.New("not a PSBT as it should be")

// spent is a coin that a transaction spends: the wallet's script it has, and the transaction
// it is an output of, without witnesses.
type spent struct {
	script   Script
	previous *wire.MsgTx
}

// encodePSBT writes the PSBT of a transaction in the one form that ours have: with all that a
// signer who knows only his own key wants. Output change pays the wallet at the script; it is
// negative where there is none.
func encodePSBT(d Descriptor, tx *wire.MsgTx, coins []spent, change int, at Script) ([]byte, error) {
	packet, err := psbt.NewFromUnsignedTx(tx)
	if err != nil {
		return nil, err
	}
	for _, key := range d.keys {
		if key.Ranged() {
			packet.XPubs = append(packet.XPubs, psbt.XPub{
				ExtendedKey: encodeExtended(key.extended), MasterKeyFingerprint: key.master.uint32(), Bip32Path: key.path,
			})
		}
	}
	for n, coin := range coins {
		out := coin.previous.TxOut[tx.TxIn[n].PreviousOutPoint.Index]
		packet.Inputs[n] = psbt.PInput{
			NonWitnessUtxo: coin.previous, WitnessUtxo: out, SighashType: txscript.SigHashAll,
			RedeemScript: coin.script.Redeem, WitnessScript: coin.script.Witness, Bip32Derivation: derivations(coin.script),
		}
	}
	if change >= 0 {
		packet.Outputs[change] = psbt.POutput{
			RedeemScript: at.Redeem, WitnessScript: at.Witness, Bip32Derivation: derivations(at),
		}
	}
	var b bytes.Buffer
	if err := packet.Serialize(&b); err != nil {
		return nil, err
	}
	if b.Len() > MaxPSBT {
		return nil, fmt.Errorf("%w: %d bytes; want at most %d", ErrPSBT, b.Len(), MaxPSBT)
	}
	return b.Bytes(), nil
}

func encodeExtended(key *hdkeychain.ExtendedKey) []byte { return psbt.EncodeExtendedKey(key) }

func derivations(s Script) []*psbt.Bip32Derivation {
	list := make([]*psbt.Bip32Derivation, 0, len(s.Keys))
	for _, key := range s.Keys {
		list = append(list, &psbt.Bip32Derivation{PubKey: key.Public, MasterKeyFingerprint: key.Master.uint32(), Bip32Path: key.Path})
	}
	return list
}

// decodePSBT reads a PSBT within bounds, to its last byte.
func decodePSBT(raw []byte) (*psbt.Packet, error) {
	if len(raw) > MaxPSBT {
		return nil, fmt.Errorf("%w: %d bytes; want at most %d", ErrPSBT, len(raw), MaxPSBT)
	}
	r := bytes.NewReader(raw)
	packet, err := psbt.NewFromRawBytes(r, false)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPSBT, err)
	}
	if r.Len() > 0 {
		return nil, fmt.Errorf("%w: %d bytes behind its end", ErrPSBT, r.Len())
	}
	return packet, nil
}

// CombineSignatures takes the partial signatures out of a PSBT that somebody else signed, for
// the unsigned one that he was given: of the same transaction, with any other fields. It is
// the Combiner of BIP-174, which adds nothing but signatures, and none that does not hold:
// each is verified against the digest and the child key that follow from the descriptor.
func CombineSignatures(d Descriptor, u coffer.Unsigned, signer string, foreign []byte) ([]coffer.Signature, error) {
	r, err := read(d, u)
	if err != nil {
		return nil, fmt.Errorf("combine: %w", err)
	}
	packet, err := decodePSBT(foreign)
	if err != nil {
		return nil, fmt.Errorf("combine: %w", err)
	}
	if packet.UnsignedTx.TxHash() != r.tx.TxHash() {
		return nil, fmt.Errorf("combine: %w: it is of transaction %s, not of %s", ErrPSBT, packet.UnsignedTx.TxHash(), r.tx.TxHash())
	}
	var signatures []coffer.Signature
	for n, input := range packet.Inputs {
		for _, partial := range input.PartialSigs {
			child, ok := r.scripts[n].childOf(partial.PubKey)
			if !ok {
				return nil, fmt.Errorf("combine: input %d: %w: by key %x, which the wallet does not have there", n, ErrSignature, partial.PubKey)
			}
			if err := verifySignature(child.Public, r.digests[n], partial.Signature); err != nil {
				return nil, fmt.Errorf("combine: input %d: %w", n, err)
			}
			signatures = append(signatures, coffer.Signature{
				Signer: signer, Key: child.Key, Digest: r.digests[n], Bytes: partial.Signature,
			})
		}
	}
	return signatures, nil
}

func (s Script) childOf(public []byte) (Child, bool) {
	for _, key := range s.Keys {
		if bytes.Equal(key.Public, public) {
			return key, true
		}
	}
	return Child{}, false
}

func (s Script) childBy(key string) (Child, bool) {
	for _, child := range s.Keys {
		if child.Key == key {
			return child, true
		}
	}
	return Child{}, false
}
