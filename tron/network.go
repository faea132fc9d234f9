package tron

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/cofferhq/coffer"
)

// The public chains. A chain is named by CAIP-2: tron, and the last 4 bytes of the id of its
// first block in small hex digits, which is also what its CHAINID instruction says.
const (
	Mainnet coffer.ChainID = coffer.NamespaceTRON + ":0x2b6653dc"
	Nile    coffer.ChainID = coffer.NamespaceTRON + ":0xcd8690dc"
	Shasta  coffer.ChainID = coffer.NamespaceTRON + ":0x94a9059e"
)

// Decimals of TRX: its base unit is the sun.
const Decimals = 6

// coinType is TRON's in SLIP-44.
const coinType = "195"

// ChainOf names the chain whose first block has this id.
func ChainOf(genesis coffer.Hash) coffer.ChainID {
	return coffer.ChainID(coffer.NamespaceTRON + ":0x" + hex.EncodeToString(genesis[28:]))
}

// ChainNumber returns the number in the name of a chain, which must be written as ChainOf does.
func ChainNumber(chain coffer.ChainID) (uint32, error) {
	digits, ok := strings.CutPrefix(string(chain), coffer.NamespaceTRON+":0x")
	if !ok || len(digits) != 8 || strings.Trim(digits, "0123456789abcdef") != "" {
		return 0, fmt.Errorf("chain %.80q: want tron:0x and 8 small hex digits, as in %s", chain, Mainnet)
	}
	number, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		return 0, fmt.Errorf("chain %.80q: %w", chain, err)
	}
	return uint32(number), nil
}

// Native is TRX (CAIP-19).
func Native(chain coffer.ChainID) coffer.AssetID {
	return coffer.NewAssetID(chain, coffer.AssetNative, coinType)
}

// TokenAsset is the asset of a TRC-20 contract (CAIP-19), "<chain>/trc20:T…".
func TokenAsset(chain coffer.ChainID, token Address) coffer.AssetID {
	return coffer.NewAssetID(chain, coffer.AssetTRC20, token.String())
}

// TokenOf returns the contract of a TRC-20 asset of a chain.
func TokenOf(chain coffer.ChainID, asset coffer.AssetID) (Address, error) {
	if asset.Chain() != chain || asset.Namespace() != coffer.AssetTRC20 {
		return Address{}, fmt.Errorf("asset %.160q is not a token of %s", asset, chain)
	}
	token, err := CanonicalAddress(coffer.Address(asset.Reference()))
	if err != nil {
		return Address{}, fmt.Errorf("asset %.160q: %w", asset, err)
	}
	return token, nil
}
