package evm

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
)

// ErrSignature is returned for a signature that does not hold.
var ErrSignature = errors.New("bad signature")

// ErrThreshold is returned when fewer owners signed than the wallet demands.
var ErrThreshold = errors.New("not enough signatures")

// Finalize puts the owners' signatures on an operation or a Safe transaction. Every
// signature given must hold; of more than the threshold the ones with the lowest addresses
// are taken, since a Safe wants exactly so many, in ascending order of owners. Signed.ID is
// the userOpHash or the safeTxHash; Signed.Bytes the JSON with the signatures. Pure.
func Finalize(u coffer.Unsigned, safe Safe, signatures []coffer.Signature) (coffer.Signed, error) {
	if err := safe.check(); err != nil {
		return coffer.Signed{}, fmt.Errorf("finalize: %w", err)
	}
	effects, err := safe.explainer().Explain(u)
	if err != nil {
		return coffer.Signed{}, fmt.Errorf("finalize: %w", err)
	}
	joined, err := joinSignatures(safe, effects.Digests[0], signatures)
	if err != nil {
		return coffer.Signed{}, fmt.Errorf("finalize: %w", err)
	}
	var signed coffer.Signed
	if u.Format == FormatSafeTx {
		signed, err = finalizeSafeTx(u, effects.Digests[0], joined)
	} else {
		signed, err = finalizeUserOp(u, safe, joined)
	}
	if err != nil {
		return coffer.Signed{}, fmt.Errorf("finalize: %w", err)
	}
	return signed, nil
}

func finalizeUserOp(u coffer.Unsigned, safe Safe, signatures []byte) (coffer.Signed, error) {
	op, validity, err := DecodeUnsigned(u)
	if err != nil {
		return coffer.Signed{}, err
	}
	prefix, err := validity.prefix()
	if err != nil {
		return coffer.Signed{}, err
	}
	op.Signature = append(prefix, signatures...)
	chain, err := ChainNumber(safe.Chain)
	if err != nil {
		return coffer.Signed{}, err
	}
	encoded, err := json.Marshal(op)
	if err != nil {
		return coffer.Signed{}, err
	}
	return coffer.Signed{ID: op.Hash(safe.EntryPoint, chain), Bytes: encoded}, nil
}

func finalizeSafeTx(u coffer.Unsigned, id coffer.Hash, signatures []byte) (coffer.Signed, error) {
	tx, err := DecodeUnsignedSafeTx(u)
	if err != nil {
		return coffer.Signed{}, err
	}
	encoded, err := json.Marshal(tx.toJSON(signatures))
	if err != nil {
		return coffer.Signed{}, err
	}
	return coffer.Signed{ID: id, Bytes: encoded}, nil
}

// joinSignatures checks signatures over a digest and puts those of as many owners as the
// Safe demands one behind the other, as it reads them.
func joinSignatures(safe Safe, digest coffer.Hash, signatures []coffer.Signature) ([]byte, error) {
	if len(signatures) > MaxOwners {
		return nil, fmt.Errorf("%d signatures; at most %d", len(signatures), MaxOwners)
	}
	batch := make([]Recovery, len(signatures))
	for i, s := range signatures {
		batch[i] = Recovery{Digest: digest, Signature: s.Bytes}
	}
	RecoverSigners(batch)
	byOwner := map[common.Address][]byte{}
	for i, s := range signatures {
		owner, err := verifyOwner(safe, batch[i], s)
		if err != nil {
			return nil, fmt.Errorf("signature of signer %.40q: %w", s.Signer, err)
		}
		byOwner[owner] = s.Bytes
	}
	if len(byOwner) < safe.Threshold {
		return nil, fmt.Errorf("%w: %d owners signed, %d must", ErrThreshold, len(byOwner), safe.Threshold)
	}
	owners := make([]common.Address, 0, len(byOwner))
	for owner := range byOwner {
		owners = append(owners, owner)
	}
	slices.SortFunc(owners, common.Address.Cmp)
	var joined []byte
	for _, owner := range owners[:safe.Threshold] {
		joined = append(joined, byOwner[owner]...)
	}
	return joined, nil
}

// verifyOwner returns the owner whose signature it is.
func verifyOwner(safe Safe, r Recovery, s coffer.Signature) (common.Address, error) {
	if s.Digest != r.Digest {
		return common.Address{}, fmt.Errorf("%w: of digest %s, not %s", ErrSignature, s.Digest, r.Digest)
	}
	if r.Err != nil {
		return common.Address{}, r.Err
	}
	signer := r.Signer
	if s.Key != string(AddressOf(signer)) {
		return common.Address{}, fmt.Errorf("%w: made by %s, not by %.80q", ErrSignature, signer, s.Key)
	}
	if !slices.Contains(safe.Owners, signer) {
		return common.Address{}, fmt.Errorf("%w: %s is not an owner of %s", ErrSignature, signer, safe.Address)
	}
	return signer, nil
}

// RecoverSigner returns who signed a digest: 65 bytes r, s, v with s in the lower half of
// the curve's order (EIP-2) and v 27 or 28. Other values of v mean other kinds of
// signatures to a Safe and are refused.
func RecoverSigner(digest coffer.Hash, signature []byte) (common.Address, error) {
	if len(signature) != crypto.SignatureLength {
		return common.Address{}, fmt.Errorf("%w: %d bytes, not %d", ErrSignature, len(signature), crypto.SignatureLength)
	}
	v := signature[64]
	if v != 27 && v != 28 {
		return common.Address{}, fmt.Errorf("%w: v is %d, not 27 or 28", ErrSignature, v)
	}
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:64])
	if !crypto.ValidateSignatureValues(v-27, r, s, true) {
		return common.Address{}, fmt.Errorf("%w: r or s is out of range", ErrSignature)
	}
	raw := slices.Clone(signature)
	raw[64] = v - 27
	key, err := crypto.SigToPub(digest[:], raw)
	if err != nil {
		return common.Address{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return crypto.PubkeyToAddress(*key), nil
}
