package policy

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
)

// The EIP-712 form of an approval. Every field of the order is shown as a value people
// can read, times as RFC 3339 text in UTC. The domain has no chainId: one wallet approves
// orders on all chains, and the asset names its chain.
const (
	domainName    = "Coffer"
	domainVersion = "1"
)

type typedField struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

var (
	domainFields = []typedField{{"name", "string"}, {"version", "string"}}
	orderFields  = []typedField{
		{"id", "string"},
		{"tenant", "string"},
		{"account", "string"},
		{"asset", "string"},
		{"destination", "string"},
		{"memo", "string"},
		{"amount", "uint256"},
		{"feeCap", "uint256"},
		{"expires", "string"},
		{"approvalExpires", "string"},
	}
)

// TypedData is the JSON a wallet takes for eth_signTypedData_v4 to approve an order
// until expires.
func TypedData(o coffer.Order, expires time.Time) ([]byte, error) {
	if _, err := ApprovalDigest(o, coffer.SchemeEIP712, expires); err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"types":       map[string]any{"EIP712Domain": domainFields, "Order": orderFields},
		"primaryType": "Order",
		"domain":      map[string]string{"name": domainName, "version": domainVersion},
		"message": map[string]string{
			"id":              o.ID,
			"tenant":          o.Tenant,
			"account":         o.Account,
			"asset":           string(o.Asset),
			"destination":     string(o.Destination),
			"memo":            o.Memo,
			"amount":          o.Amount.String(),
			"feeCap":          o.FeeCap.String(),
			"expires":         readable(o.Expires),
			"approvalExpires": readable(expires),
		},
	})
}

func readable(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

// typedDataDigest is keccak256(0x1901 ‖ domain separator ‖ hashStruct(order)).
func typedDataDigest(o coffer.Order, expires time.Time) coffer.Hash {
	amount, feeCap := o.Amount.Bytes32(), o.FeeCap.Bytes32()
	order := crypto.Keccak256(
		typeHash("Order", orderFields),
		hashString(o.ID), hashString(o.Tenant), hashString(o.Account), hashString(string(o.Asset)),
		hashString(string(o.Destination)), hashString(o.Memo), amount[:], feeCap[:],
		hashString(readable(o.Expires)), hashString(readable(expires)))
	domain := crypto.Keccak256(typeHash("EIP712Domain", domainFields), hashString(domainName), hashString(domainVersion))
	return coffer.Hash(crypto.Keccak256([]byte{0x19, 0x01}, domain, order))
}

func typeHash(name string, fields []typedField) []byte {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = f.Type + " " + f.Name
	}
	return hashString(name + "(" + strings.Join(parts, ",") + ")")
}

func hashString(s string) []byte { return crypto.Keccak256([]byte(s)) }
