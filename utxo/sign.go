package utxo

import (
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/cofferhq/coffer"
)

// Due is one signature that a key of a wallet owes to a transaction: one for each coin.
type Due struct {
	Digest coffer.Hash
	Public []byte   // who signs: the key itself, or its child
	Steps  []uint32 // from the descriptor's key to the child: branch and index; nil of a fixed key
}

// SignaturesDue returns what one key of the wallet has to sign, in the order of the coins that
// are spent. The effects must be those an Explainer returned for a transaction of the wallet.
func (d Descriptor) SignaturesDue(e coffer.Effects, key string) ([]Due, error) {
	if e.Wallet != d.Address() || len(e.Coins) != len(e.Digests) {
		return nil, fmt.Errorf("effects of %.100q with %d coins and %d digests, not of %s", e.Wallet, len(e.Coins), len(e.Digests), d.Address())
	}
	due := make([]Due, 0, len(e.Coins))
	for n, coin := range e.Coins {
		script, err := d.At(coin.Path)
		if err != nil {
			return nil, fmt.Errorf("coin %s: %w", coin.ID, err)
		}
		child, ok := script.childBy(key)
		if !ok {
			return nil, fmt.Errorf("%.200q is no key of %s", key, d.Address())
		}
		steps, err := d.stepsTo(key, coin.Path)
		if err != nil {
			return nil, fmt.Errorf("coin %s: %w", coin.ID, err)
		}
		due = append(due, Due{Digest: e.Digests[n], Public: child.Public, Steps: steps})
	}
	return due, nil
}

// stepsTo is the way from a key to its child at a path.
func (d Descriptor) stepsTo(key, path string) ([]uint32, error) {
	for _, k := range d.keys {
		if k.text == key && !k.Ranged() {
			return nil, nil
		}
	}
	branch, index, err := ParsePath(path)
	return []uint32{branch, index}, err
}

// EncodeSignature makes the signature that a script wants of the 64 bytes r‖s that a key made
// over a digest: strict DER with a low S, and SIGHASH_ALL. It is checked against the public key.
func EncodeSignature(public []byte, digest coffer.Hash, rs []byte) ([]byte, error) {
	var r, s btcec.ModNScalar
	if len(rs) != 64 || r.SetByteSlice(rs[:32]) || s.SetByteSlice(rs[32:]) || r.IsZero() || s.IsZero() {
		return nil, fmt.Errorf("%w: want r and s below the curve's order, 64 bytes; there are %d", ErrSignature, len(rs))
	}
	if s.IsOverHalfOrder() {
		s.Negate()
	}
	encoded := append(ecdsa.NewSignature(&r, &s).Serialize(), byte(txscript.SigHashAll))
	if err := verifySignature(public, digest, encoded); err != nil {
		return nil, err
	}
	return encoded, nil
}
