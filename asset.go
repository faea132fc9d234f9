package coffer

import (
	"fmt"
	"regexp"
	"strings"
)

// AssetID names an asset by CAIP-19, for example
// "eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7" or "eip155:1/slip44:60".
// The reference of a token is written in the canonical form of its chain's addresses.
type AssetID string

// Asset namespaces (CAIP-19).
const (
	AssetNative = "slip44"
	AssetERC20  = "erc20"
	AssetTRC20  = "trc20"
	AssetOmni   = "omni"
)

var assetPattern = regexp.MustCompile(`^[-a-z0-9]{3,8}/[-.%a-zA-Z0-9]{1,128}$`)

// ParseAssetID checks the CAIP-19 syntax.
func ParseAssetID(s string) (AssetID, error) {
	chain, rest, ok := strings.Cut(s, "/")
	if !ok || !chainIDPattern.MatchString(chain) || !assetPattern.MatchString(strings.Replace(rest, ":", "/", 1)) {
		return "", fmt.Errorf("asset %.160q: want a CAIP-19 identifier such as eip155:1/slip44:60", s)
	}
	return AssetID(s), nil
}

// NewAssetID joins a chain, an asset namespace and a reference.
func NewAssetID(chain ChainID, namespace, reference string) AssetID {
	return AssetID(string(chain) + "/" + namespace + ":" + reference)
}

// Chain returns the chain the asset lives on.
func (a AssetID) Chain() ChainID {
	chain, _, _ := strings.Cut(string(a), "/")
	return ChainID(chain)
}

// Namespace returns the asset namespace, for example "erc20".
func (a AssetID) Namespace() string {
	_, rest, _ := strings.Cut(string(a), "/")
	ns, _, _ := strings.Cut(rest, ":")
	return ns
}

// Reference returns the asset's name in its namespace: a token contract or a coin type.
func (a AssetID) Reference() string {
	_, rest, _ := strings.Cut(string(a), "/")
	_, ref, _ := strings.Cut(rest, ":")
	return ref
}

// IsNative reports whether the asset pays the chain's fees.
func (a AssetID) IsNative() bool { return a.Namespace() == AssetNative }

// Asset is what operators say about an asset they support.
type Asset struct {
	ID       AssetID
	Symbol   string // for people; never used to recognise an asset
	Decimals uint8  // decimal places between the unit people say and the base unit

	MinDeposit  Amount // smaller deposits are dust
	NeedsMemo   bool   // deposits count only with the memo of their address
	Credit      uint64 // confirmations at which a deposit is counted
	Unlock      uint64 // confirmations at which it can be spent, never before the chain's finality
	WithdrawFee Amount // fixed fee per withdrawal, in this asset
	MinWithdraw Amount
}
