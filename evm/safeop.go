package evm

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// validityLength is of validAfter and validUntil, with which a Safe's signature field begins.
const validityLength = 12

// SafeSignatures takes the signature field of an operation apart, as Safe4337Module 0.3.0
// does: its validity, and the owners' signatures with the digest that they are over, ready
// for RecoverSigners. It reports false for what is none of ECDSA over the SafeOp alone
// (contract signatures, approved hashes, eth_sign, no end of validity): only the chain can
// judge those.
func (op UserOperation) SafeSignatures(chain uint64, module, entryPoint common.Address) (Validity, []Recovery, bool) {
	if len(op.Signature) < validityLength+crypto.SignatureLength || len(op.Signature) > validityLength+MaxOwners*crypto.SignatureLength {
		return Validity{}, nil, false
	}
	uint48 := func(b []byte) int64 { return int64(binary.BigEndian.Uint64(append([]byte{0, 0}, b...))) } // #nosec G115 -- 48 bits
	v := Validity{After: time.Unix(uint48(op.Signature[:6]), 0), Until: time.Unix(uint48(op.Signature[6:validityLength]), 0)}
	digest, err := op.SafeOpDigest(chain, module, entryPoint, v)
	if err != nil {
		return Validity{}, nil, false
	}
	var list []Recovery
	for rest := op.Signature[validityLength:]; len(rest) >= crypto.SignatureLength; rest = rest[crypto.SignatureLength:] {
		one := rest[:crypto.SignatureLength]
		if v := one[crypto.RecoveryIDOffset]; v != 27 && v != 28 {
			return Validity{}, nil, false
		}
		list = append(list, Recovery{Digest: digest, Signature: one})
	}
	return v, list, true
}

// CheckSigners checks recovered signatures as a Safe does: the first as many as its
// threshold are of different owners, in ascending order of their addresses.
func CheckSigners(owners []common.Address, threshold int, signatures []Recovery) error {
	if len(signatures) < threshold {
		return fmt.Errorf("%w: %d signatures, %d owners have to sign", ErrSignature, len(signatures), threshold)
	}
	known := make(map[common.Address]bool, len(owners))
	for _, owner := range owners {
		known[owner] = true
	}
	var last common.Address
	for i, s := range signatures[:threshold] {
		switch {
		case s.Err != nil:
			return s.Err
		case !known[s.Signer]:
			return fmt.Errorf("%w: signature %d is of %s, who is no owner", ErrSignature, i, s.Signer)
		case s.Signer.Cmp(last) <= 0:
			return fmt.Errorf("%w: signature %d is not in the order of the owners' addresses", ErrSignature, i)
		}
		last = s.Signer
	}
	return nil
}
