package policy

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
)

// maxApprovals bounds the approvals of one order that are looked at.
const maxApprovals = 64

// ed25519Tag separates approvals from everything else an Ed25519 key may sign.
const ed25519Tag = "coffer/approval/ed25519/v1"

// ApprovalDigest is what a person signs to approve an order until expires (whole
// seconds, 1970 to 9999).
//
//   - SchemeEIP712: the 32-byte EIP-712 digest of TypedData, signed directly (r‖s‖v).
//   - SchemeEd25519: the message tag ‖ 0x00 ‖ order hash ‖ expires as 8 bytes big endian,
//     signed with plain Ed25519 (RFC 8032).
func ApprovalDigest(o coffer.Order, scheme string, expires time.Time) ([]byte, error) {
	if err := checkTime("expires", o.Expires); err != nil {
		return nil, err
	}
	if err := checkTime("approval expires", expires); err != nil {
		return nil, err
	}
	switch scheme {
	case coffer.SchemeEIP712:
		digest := typedDataDigest(o, expires)
		return digest[:], nil
	case coffer.SchemeEd25519:
		hash := o.Hash()
		message := append([]byte(ed25519Tag), 0)
		message = append(message, hash[:]...)
		return binary.BigEndian.AppendUint64(message, uint64(expires.Unix())), nil // #nosec G115 -- checkTime refuses times before 1970
	}
	return nil, fmt.Errorf("approval: scheme %.40q is unknown", scheme)
}

func checkTime(name string, t time.Time) error {
	if t.Unix() < 0 || t.UTC().Year() > 9999 {
		return fmt.Errorf("approval: %s is not between 1970 and 9999", name)
	}
	return nil
}

// VerifyApproval checks the signature of an approval over exactly this order. It does
// not say whose key it is, nor whether the approval expired: Approvers does.
func VerifyApproval(o coffer.Order, a coffer.Approval) error {
	if a.Order != o.Hash() {
		return fmt.Errorf("approval: is for order hash %s, not %s", a.Order, o.Hash())
	}
	digest, err := ApprovalDigest(o, a.Scheme, a.Expires)
	if err != nil {
		return err
	}
	if a.Scheme == coffer.SchemeEd25519 {
		return verifyEd25519(a, digest)
	}
	return verifyEIP712(a, digest)
}

func verifyEd25519(a coffer.Approval, message []byte) error {
	key, err := parseEd25519Key(a.Key)
	if err != nil {
		return fmt.Errorf("approval: %w", err)
	}
	if len(a.Signature) != ed25519.SignatureSize || !ed25519.Verify(key, message, a.Signature) {
		return fmt.Errorf("approval: the signature is not by %s over this order", a.Key)
	}
	return nil
}

// verifyEIP712 accepts one form of a signature only: 65 bytes, v 27 or 28, s in the lower
// half of the order (EIP-2).
func verifyEIP712(a coffer.Approval, digest []byte) error {
	if err := checkEVMAddress(a.Key); err != nil {
		return fmt.Errorf("approval: %w", err)
	}
	sig := a.Signature
	if len(sig) != 65 || (sig[64] != 27 && sig[64] != 28) {
		return fmt.Errorf("approval: want 65 bytes r, s, v with v 27 or 28")
	}
	v := sig[64] - 27
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:64])
	if !crypto.ValidateSignatureValues(v, r, s, true) {
		return fmt.Errorf("approval: r or s is out of range, or s is in the upper half")
	}
	pub, err := crypto.SigToPub(digest, append(slices.Clone(sig[:64]), v))
	if err != nil {
		return fmt.Errorf("approval: recover the key: %w", err)
	}
	if signer := crypto.PubkeyToAddress(*pub).Hex(); signer != a.Key {
		return fmt.Errorf("approval: the signature is by %s, not by %s", signer, a.Key)
	}
	return nil
}

// Approvers returns the distinct people, sorted, whose approvals of this order count
// now, and one error for each approval that does not: a bad signature, another order, a
// key of nobody in the file, or expired.
func (p *Policy) Approvers(o coffer.Order, approvals []coffer.Approval, now time.Time) (people []string, refused []error) {
	if len(approvals) > maxApprovals {
		refused = append(refused, fmt.Errorf("approval: only the first %d of %d are looked at", maxApprovals, len(approvals)))
		approvals = approvals[:maxApprovals]
	}
	for _, a := range approvals {
		person, err := p.approver(o, a, now)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		people = append(people, person)
	}
	slices.Sort(people)
	return slices.Compact(people), refused
}

func (p *Policy) approver(o coffer.Order, a coffer.Approval, now time.Time) (string, error) {
	person, known := p.people[personKey(a.Scheme, a.Key)]
	if !known {
		return "", fmt.Errorf("approval: %s key %.80q belongs to nobody in the policy", a.Scheme, a.Key)
	}
	if now.Unix() >= a.Expires.Unix() {
		return "", fmt.Errorf("approval: of %s expired at %s", person, a.Expires.UTC().Format(time.RFC3339))
	}
	if err := VerifyApproval(o, a); err != nil {
		return "", fmt.Errorf("%s: %w", person, err)
	}
	return person, nil
}
