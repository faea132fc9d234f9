package utxo

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/cofferhq/coffer"
)

// View is what a person looks at before signing. All of it is read or computed from the bytes:
// where that cannot be done the field is empty. What a View says of a refused PSBT is only there
// to find out what is wrong with it.
type View struct {
	ID      coffer.Hash // of the transaction when it is signed, whoever signs
	Inputs  []ViewInput
	Outputs []ViewOutput
	Fee     uint64 // satoshis; meaningless unless FeeKnown
	Size    uint64 // vB when it is signed, at most; 0 where a coin is not the wallet's

	FeeKnown bool // every coin is proven and they cover the outputs

	Omni    OmniMessage // that it carries (class C); nil without one
	OmniErr error       // why what it carries is no message; nil where it carries nothing

	// Differs names what other software wrote otherwise than we do. It changes nothing of what is
	// signed; our signers want ours.
	Differs []string
	Refused error
}

// ViewInput is a coin that is spent.
type ViewInput struct {
	Coin    coffer.CoinID
	Amount  uint64         // satoshis; as claimed, unless Proven
	Proven  bool           // by the transaction that it is an output of
	Address coffer.Address // "" where the script has none
	Ours    bool           // the wallet has it at Path
	Path    string
	Signed  []ViewSignature
}

// ViewSignature is a partial signature in the PSBT.
type ViewSignature struct {
	Public []byte
	Key    string // of the wallet; "" where it has no such key there
	Err    error  // why it does not hold; nil if it does
}

// ViewOutput is an output.
type ViewOutput struct {
	Amount  uint64 // satoshis
	Address coffer.Address
	Script  []byte // the output script
	Claimed bool   // it says that it is change
	Change  bool   // and it is: the wallet has it at Path
	Path    string
}

// maxEncoded bounds the base64 text of a PSBT, with its line breaks.
const maxEncoded = MaxPSBT/3*4 + MaxPSBT/16

var psbtMagic = []byte("psbt\xff")

// ReadPSBT reads a PSBT in either of its forms, the bytes or base64 (BIP-174), and returns the
// bytes. It looks at no more than the first five of them.
func ReadPSBT(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxEncoded+1))
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(raw, psbtMagic) {
		text := bytes.TrimSpace(raw)
		if len(raw) > maxEncoded {
			return nil, fmt.Errorf("%w: more than %d characters of base64", ErrPSBT, maxEncoded)
		}
		if raw, err = base64.StdEncoding.Strict().DecodeString(string(text)); err != nil {
			return nil, fmt.Errorf("%w: neither its bytes nor base64: %w", ErrPSBT, err)
		}
	}
	switch {
	case !bytes.HasPrefix(raw, psbtMagic):
		return nil, fmt.Errorf("%w: it does not begin with 70736274ff (BIP-174)", ErrPSBT)
	case len(raw) > MaxPSBT:
		return nil, fmt.Errorf("%w: more than %d bytes", ErrPSBT, MaxPSBT)
	}
	return raw, nil
}

// AddSignatures returns the PSBT with these signatures in it, all of which must hold: what a
// signer gets who is not the first.
func AddSignatures(d Descriptor, u coffer.Unsigned, signatures []coffer.Signature) ([]byte, error) {
	r, err := read(d, u)
	if err != nil {
		return nil, err
	}
	have, err := r.verify(signatures)
	if err != nil {
		return nil, err
	}
	packet, err := decodePSBT(u.Bytes)
	if err != nil {
		return nil, err
	}
	for n := range packet.Inputs {
		for _, public := range sortedKeys(r.scripts[n].Keys) {
			if signature, ok := have[n][string(public)]; ok {
				packet.Inputs[n].PartialSigs = append(packet.Inputs[n].PartialSigs, &psbt.PartialSig{PubKey: public, Signature: signature})
			}
		}
	}
	return serialize(packet)
}

func serialize(packet *psbt.Packet) ([]byte, error) {
	var b bytes.Buffer
	if err := packet.Serialize(&b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPSBT, err)
	}
	if b.Len() > MaxPSBT {
		return nil, fmt.Errorf("%w: %d bytes; want at most %d", ErrPSBT, b.Len(), MaxPSBT)
	}
	return b.Bytes(), nil
}

// View decodes a PSBT of a wallet for a person to check. Signatures may be in it; without them
// it has to be what Explain accepts, or Refused says why it is not. The error is for bytes that
// are no PSBT and for a wallet that is not one of the explainer's.
func (e *Explainer) View(wallet coffer.Address, raw []byte) (View, error) {
	d, ok := e.wallets[wallet]
	if !ok {
		return View{}, fmt.Errorf("%.100q is not a wallet of ours", wallet)
	}
	packet, err := decodePSBT(raw)
	if err != nil {
		return View{}, err
	}
	tx := packet.UnsignedTx
	switch {
	case len(packet.Inputs) != len(tx.TxIn) || len(packet.Outputs) != len(tx.TxOut):
		return View{}, fmt.Errorf("%w: other numbers of inputs and outputs than the transaction has", ErrPSBT)
	case len(tx.TxIn) > MaxInputs || len(tx.TxOut) > MaxPayments+1:
		return View{}, fmt.Errorf("%w: %d inputs and %d outputs; want at most %d and %d", ErrPSBT, len(tx.TxIn), len(tx.TxOut), MaxInputs, MaxPayments+1)
	}
	v := View{}
	signed := tx.Copy()
	for n := range packet.Inputs {
		v.Inputs = append(v.Inputs, viewInput(d, packet, n))
		if redeem := packet.Inputs[n].RedeemScript; d.nested && v.Inputs[n].Ours && len(redeem) == 34 {
			signed.TxIn[n].SignatureScript = append([]byte{34}, redeem...)
		}
	}
	v.ID = HashOf(signed.TxHash())
	for n := range packet.Outputs {
		v.Outputs = append(v.Outputs, viewOutput(d, packet, n))
	}
	v.Fee, v.FeeKnown = v.fee()
	if !slices.ContainsFunc(v.Inputs, func(in ViewInput) bool { return !in.Ours }) {
		v.Size = d.sizeOf(tx)
	}
	if payload, ok := OmniPayload(tx); ok {
		v.Omni, v.OmniErr = ParseOmni(payload)
	}
	v.Differs, v.Refused = e.refusal(d, packet)
	return v, nil
}

// refusal is what Explain says of the PSBT without its signatures, or what is wrong with them.
// Where the same is said in another way than ours, it is how it differs.
func (e *Explainer) refusal(d Descriptor, packet *psbt.Packet) ([]string, error) {
	var bad []error
	bare := *packet
	bare.Inputs = slices.Clone(packet.Inputs)
	for n := range bare.Inputs {
		bare.Inputs[n].PartialSigs = nil
		for _, s := range viewSignatures(d, packet, n) {
			if s.Err != nil {
				bad = append(bad, fmt.Errorf("input %d: %w", n, s.Err))
			}
		}
	}
	raw, err := serialize(&bare)
	if err != nil {
		return nil, err
	}
	u := coffer.Unsigned{Chain: e.config.Chain, Wallet: d.Address(), Path: coffer.PathPSBT, Format: FormatPSBT, Bytes: raw}
	_, refused := e.Explain(u)
	var differs []string
	if refused != nil {
		if u.Bytes, differs, err = rewritten(d, &bare); err == nil {
			if _, err = e.Explain(u); err == nil {
				refused = nil
			}
		}
	}
	if refused != nil {
		differs = nil
	}
	return differs, errors.Join(append([]error{refused}, bad...)...)
}

// fee adds up what is proven.
func (v View) fee() (uint64, bool) {
	var in, out uint64 // of at most MaxPSBT bytes' worth of numbers that are at most MaxMoney
	for _, input := range v.Inputs {
		if !input.Proven || input.Amount > MaxMoney {
			return 0, false
		}
		in += input.Amount
	}
	for _, output := range v.Outputs {
		if output.Amount > MaxMoney {
			return 0, false
		}
		out += output.Amount
	}
	if in > MaxMoney || out > in {
		return 0, false
	}
	return in - out, true
}

func viewInput(d Descriptor, packet *psbt.Packet, n int) ViewInput {
	point, in := packet.UnsignedTx.TxIn[n].PreviousOutPoint, packet.Inputs[n]
	v := ViewInput{Coin: coffer.NewCoinID(HashOf(point.Hash), point.Index)}
	out := in.WitnessUtxo
	if previous := in.NonWitnessUtxo; previous != nil && previous.TxHash() == point.Hash && uint64(point.Index) < uint64(len(previous.TxOut)) {
		out, v.Proven = previous.TxOut[point.Index], true
	}
	if out == nil || out.Value < 0 {
		v.Proven = false
		return v
	}
	v.Amount = uint64(out.Value)
	v.Address, _ = AddressOf(d.network, out.PkScript)
	if script, ok := ownScript(d, in.Bip32Derivation, out.PkScript); ok {
		v.Ours, v.Path = true, script.Path
	}
	v.Signed = viewSignatures(d, packet, n)
	return v
}

// ownScript derives the wallet's script at the path that derivations speak of, and reports
// whether it is this one.
func ownScript(d Descriptor, list []*psbt.Bip32Derivation, output []byte) (Script, bool) {
	path, err := pathIn(d, list)
	if err != nil {
		return Script{}, false
	}
	script, err := d.At(path)
	return script, err == nil && bytes.Equal(script.Output, output)
}

func viewOutput(d Descriptor, packet *psbt.Packet, n int) ViewOutput {
	out, derivations := packet.UnsignedTx.TxOut[n], packet.Outputs[n].Bip32Derivation
	v := ViewOutput{Script: out.PkScript, Claimed: len(derivations) > 0}
	if out.Value < 0 {
		v.Amount = ^uint64(0)
	} else {
		v.Amount = uint64(out.Value)
	}
	v.Address, _ = AddressOf(d.network, out.PkScript)
	if !v.Claimed {
		return v
	}
	script, ok := ownScript(d, derivations, out.PkScript)
	if branch, _, err := ParsePath(script.Path); ok && (!d.Ranged() || err == nil && branch == BranchChange) {
		v.Change, v.Path = true, script.Path
	}
	return v
}

// viewSignatures verifies the partial signatures of an input against the digest that is
// computed here, of the amount that is proven.
func viewSignatures(d Descriptor, packet *psbt.Packet, n int) (signed []ViewSignature) {
	in, point := packet.Inputs[n], packet.UnsignedTx.TxIn[n].PreviousOutPoint
	var script Script
	var digest []byte
	err := fmt.Errorf("%w: over a coin that is not proven to be the wallet's", ErrSignature)
	if previous := in.NonWitnessUtxo; previous != nil && previous.TxHash() == point.Hash && uint64(point.Index) < uint64(len(previous.TxOut)) {
		out, ok := previous.TxOut[point.Index], false
		if script, ok = ownScript(d, in.Bip32Derivation, out.PkScript); ok {
			outputs := txscript.NewCannedPrevOutputFetcher(out.PkScript, out.Value)
			hashes := txscript.NewTxSigHashes(packet.UnsignedTx, outputs)
			digest, err = txscript.CalcWitnessSigHash(script.Witness, hashes, txscript.SigHashAll, packet.UnsignedTx, n, out.Value)
		}
	}
	for _, partial := range in.PartialSigs {
		v := ViewSignature{Public: partial.PubKey, Err: err}
		child, ok := script.childOf(partial.PubKey)
		switch {
		case err != nil:
		case !ok:
			v.Err = fmt.Errorf("%w: by key %s, which the wallet does not have there", ErrSignature, hex.EncodeToString(partial.PubKey))
		default:
			v.Key, v.Err = child.Key, verifySignature(child.Public, coffer.Hash(digest), partial.Signature)
		}
		signed = append(signed, v)
	}
	return signed
}
