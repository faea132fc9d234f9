package tron

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/crypto"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// ErrSignature is returned for a signature that does not hold.
var ErrSignature = errors.New("bad signature")

// ErrThreshold is returned when the keys that signed weigh less than the permission demands.
var ErrThreshold = errors.New("not enough signatures")

const signatureLength = 65 // r, s, v

// Fields of protocol.Transaction.
const (
	rawField       protowire.Number = 1
	signatureField protowire.Number = 2
)

// Finalize puts signatures on a transaction. Every signature given must hold, each of another
// key of the permission. The heaviest are taken until they reach the threshold, and no more:
// each costs bandwidth, and more than one a fee. Signed.ID is the transaction's id; Signed.Bytes
// the protocol.Transaction with the signatures in the order of their keys' addresses. Pure.
func Finalize(a Account, u coffer.Unsigned, signatures []coffer.Signature) (coffer.Signed, error) {
	signer, r, err := a.explained(u)
	if err != nil {
		return coffer.Signed{}, fmt.Errorf("finalize: %w", err)
	}
	id := ID(r.bytes)
	taken, err := signer.join(id, signatures)
	if err != nil {
		return coffer.Signed{}, fmt.Errorf("finalize: %w", err)
	}
	return coffer.Signed{ID: id, Bytes: joined(r.bytes, taken)}, nil
}

// explained reads a transaction of the account that its explainer takes, and says who signs it.
func (a Account) explained(u coffer.Unsigned) (Account, unsigned, error) {
	e := a.explainer()
	if _, err := e.Explain(u); err != nil {
		return Account{}, unsigned{}, err
	}
	r, err := e.read(u)
	return a.signedBy(r), r, err
}

// VerifySignatures checks that every signature is over the transaction's id, by a key of the
// account's permission, or of the deposit address that a sweep empties. It is what is asked before one is stored.
func VerifySignatures(a Account, u coffer.Unsigned, signatures []coffer.Signature) error {
	signer, r, err := a.explained(u)
	if err != nil {
		return err
	}
	for _, s := range signatures {
		if _, err := signer.verify(ID(r.bytes), s); err != nil {
			return fmt.Errorf("signature of signer %.40q: %w", s.Signer, err)
		}
	}
	return nil
}

// joined is a protocol.Transaction. The raw bytes stay what was signed.
func joined(raw []byte, signatures [][]byte) []byte {
	b := protowire.AppendTag(nil, rawField, protowire.BytesType)
	b = protowire.AppendBytes(b, raw)
	for _, s := range signatures {
		b = protowire.AppendTag(b, signatureField, protowire.BytesType)
		b = protowire.AppendBytes(b, s)
	}
	return b
}

// vote is a signature that holds.
type vote struct {
	Key
	signature []byte
}

// join checks signatures and chooses those that are needed.
func (a Account) join(digest coffer.Hash, signatures []coffer.Signature) ([][]byte, error) {
	if len(signatures) > MaxKeys {
		return nil, fmt.Errorf("%d signatures; at most %d", len(signatures), MaxKeys)
	}
	var votes []vote
	for _, s := range signatures {
		key, err := a.verify(digest, s)
		if err == nil && slices.ContainsFunc(votes, func(v vote) bool { return v.Address == key.Address }) {
			err = fmt.Errorf("%w: key %s signed already", ErrSignature, key.Address)
		}
		if err != nil {
			return nil, fmt.Errorf("signature of signer %.40q: %w", s.Signer, err)
		}
		votes = append(votes, vote{key, normal(s.Bytes)})
	}
	byAddress := func(x, y vote) int { return bytes.Compare(x.Address[:], y.Address[:]) }
	slices.SortFunc(votes, func(x, y vote) int { return cmp.Or(cmp.Compare(y.Weight, x.Weight), byAddress(x, y)) })
	var weight uint64
	needed := 0
	for ; needed < len(votes) && weight < a.Threshold; needed++ {
		weight += votes[needed].Weight
	}
	if weight < a.Threshold {
		return nil, fmt.Errorf("%w: the keys that signed weigh %d, they must %d", ErrThreshold, weight, a.Threshold)
	}
	votes = votes[:needed]
	slices.SortFunc(votes, byAddress)
	taken := make([][]byte, needed)
	for n, v := range votes {
		taken[n] = v.signature
	}
	return taken, nil
}

// verify returns the key of the permission whose signature it is.
func (a Account) verify(digest coffer.Hash, s coffer.Signature) (Key, error) {
	if s.Digest != digest {
		return Key{}, fmt.Errorf("%w: of digest %s, not %s", ErrSignature, s.Digest, digest)
	}
	signer, err := RecoverSigner(digest, s.Bytes)
	if err != nil {
		return Key{}, err
	}
	if s.Key != signer.String() {
		return Key{}, fmt.Errorf("%w: made by %s, not by %.80q", ErrSignature, signer, s.Key)
	}
	n := slices.IndexFunc(a.Keys, func(k Key) bool { return k.Address == signer })
	if n < 0 {
		return Key{}, fmt.Errorf("%w: %s is not a key of permission %d of %s", ErrSignature, signer, a.Permission, a.Address)
	}
	return a.Keys[n], nil
}

// RecoverSigner returns the address whose key signed a digest: 65 bytes r, s, v with s in the
// lower half of the curve's order and v 27 or 28, or 0 or 1, which mean the same.
func RecoverSigner(digest coffer.Hash, signature []byte) (Address, error) {
	if len(signature) != signatureLength {
		return Address{}, fmt.Errorf("%w: %d bytes, not %d", ErrSignature, len(signature), signatureLength)
	}
	raw := normal(signature)
	raw[64] -= 27
	if raw[64] > 1 {
		return Address{}, fmt.Errorf("%w: v is %d, not 27 or 28, nor 0 or 1", ErrSignature, signature[64])
	}
	r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:64])
	if !crypto.ValidateSignatureValues(raw[64], r, s, true) {
		return Address{}, fmt.Errorf("%w: r or s is out of range", ErrSignature)
	}
	key, err := crypto.SigToPub(digest[:], raw)
	if err != nil {
		return Address{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return AddressOfKey(*key), nil
}

// normal is a signature with v 27 or 28, as tronweb writes it.
func normal(signature []byte) []byte {
	s := slices.Clone(signature)
	if s[64] < 2 {
		s[64] += 27
	}
	return s
}

// maxSigned bounds the bytes of a signed transaction.
const maxSigned = MaxRaw + MaxKeys*(2+signatureLength) + 8

// DecodeSigned reads what Finalize made into what nodes take. Encoding it gives the same bytes.
func DecodeSigned(s coffer.Signed) (*tronpb.Transaction, error) {
	if len(s.Bytes) > maxSigned {
		return nil, fmt.Errorf("signed transaction: %d bytes; at most %d", len(s.Bytes), maxSigned)
	}
	tx := new(tronpb.Transaction)
	if err := strictly.Unmarshal(s.Bytes, tx); err != nil {
		return nil, fmt.Errorf("signed transaction: %w", err)
	}
	raw, err := canonical.Marshal(tx.RawData)
	if err != nil {
		return nil, fmt.Errorf("signed transaction: %w", err)
	}
	again, err := canonical.Marshal(tx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("signed transaction: %w", err)
	case !bytes.Equal(again, s.Bytes) || len(tx.Ret) > 0:
		return nil, errors.New("signed transaction: it is not written as ours are")
	case ID(raw) != s.ID:
		return nil, fmt.Errorf("signed transaction: the bytes are %s, not %s", ID(raw), s.ID)
	}
	return tx, nil
}
