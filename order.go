package coffer

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Order is the canonical statement of one payment: what the requester asks for, people
// approve and signers remember by id. Once made it never changes.
type Order struct {
	ID          string    `json:"id"`
	Tenant      string    `json:"tenant"`
	Account     string    `json:"account"`
	Asset       AssetID   `json:"asset"`
	Destination Address   `json:"destination"`
	Memo        string    `json:"memo,omitempty"`
	Amount      Amount    `json:"amount"` // what the destination receives, base units of Asset
	FeeCap      Amount    `json:"feeCap"` // most the customer pays on top, base units of Asset
	Expires     time.Time `json:"expires"`
}

// Hash is the identity of the order's content. Expires counts in whole seconds.
func (o Order) Hash() Hash {
	c := newCanonical("coffer/order/v1")
	c.str(o.ID)
	c.str(o.Tenant)
	c.str(o.Account)
	c.str(string(o.Asset))
	c.str(string(o.Destination))
	c.str(o.Memo)
	c.amount(o.Amount)
	c.amount(o.FeeCap)
	c.uint(unixSeconds(o.Expires))
	return c.sum()
}

// Payment is what the order asks a wallet to do.
func (o Order) Payment() Payment {
	return Payment{Asset: o.Asset, To: o.Destination, Memo: o.Memo, Amount: o.Amount}
}

// Approval schemes.
const (
	SchemeEIP712  = "eip712"  // secp256k1 over typed data that shows the order's fields
	SchemeEd25519 = "ed25519" // over the order hash and the expiry
)

// Approval is a person's signature over an order. What exactly is signed is defined by
// the policy package, which verifies it. Who the key belongs to is said by the policy
// file, never by the approval.
type Approval struct {
	Order     Hash      `json:"order"`
	Scheme    string    `json:"scheme"`
	Key       string    `json:"key"` // EIP-55 address (eip712) or 0x public key (ed25519)
	Expires   time.Time `json:"expires"`
	Signature []byte    `json:"signature"`
}

// unixSeconds is t in whole seconds, zero for the zero time and for times before 1970.
func unixSeconds(t time.Time) uint64 {
	if s := t.Unix(); s > 0 {
		return uint64(s)
	}
	return 0
}

// DeriveID makes the id of a thing from what makes it unique, so that doing a step twice
// names the same thing twice: "wd_" and 32 hex digits for prefix "wd".
func DeriveID(prefix string, parts ...string) string {
	c := newCanonical("coffer/id/" + prefix)
	for _, part := range parts {
		c.str(part)
	}
	sum := c.sum()
	return prefix + "_" + hex.EncodeToString(sum[:16])
}

// RequestHash is the hash an idempotency key is bound to: over the named parts of a
// request in canonical form.
func RequestHash(kind string, parts ...string) Hash {
	c := canonical{sha256.New()}
	c.str("coffer/request/" + kind)
	for _, part := range parts {
		c.str(part)
	}
	return c.sum()
}
