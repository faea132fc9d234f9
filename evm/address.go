package evm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
)

// Errors of ParseAddress.
var (
	ErrAddressSyntax   = errors.New("want 0x and 40 hex digits")
	ErrAddressChecksum = errors.New("the capital letters are not this address's checksum (EIP-55)")
	ErrAddressZero     = errors.New("the zero address belongs to nobody")
)

// ParseAddress reads an address that a person or another system wrote and returns its
// EIP-55 form. Mixed case must be a right checksum; all lower and all upper case carry no
// checksum and are accepted. The zero address is refused: money sent there is lost.
func ParseAddress(s string) (coffer.Address, error) {
	address, err := parseAddress(s)
	if err != nil {
		return "", fmt.Errorf("address %.80q: %w", s, err)
	}
	return AddressOf(address), nil
}

func parseAddress(s string) (common.Address, error) {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || len(digits) != 2*common.AddressLength || strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
		return common.Address{}, ErrAddressSyntax
	}
	address := common.HexToAddress(s)
	mixed := digits != strings.ToLower(digits) && digits != strings.ToUpper(digits)
	if mixed && address.Hex() != s {
		return common.Address{}, ErrAddressChecksum
	}
	if address == (common.Address{}) {
		return common.Address{}, ErrAddressZero
	}
	return address, nil
}

// AddressOf writes an address in its canonical form (EIP-55).
func AddressOf(a common.Address) coffer.Address { return coffer.Address(a.Hex()) }

// canonicalAddress reads an address that must already be in canonical form, as orders and
// intents hold it.
func canonicalAddress(a coffer.Address) (common.Address, error) {
	address, err := parseAddress(string(a))
	if err == nil && AddressOf(address) != a {
		err = errors.New("not in its canonical form (EIP-55)")
	}
	if err != nil {
		return common.Address{}, fmt.Errorf("address %.80q: %w", a, err)
	}
	return address, nil
}

// TokenAsset is the asset of an ERC-20 contract (CAIP-19), "<chain>/erc20:<EIP-55 address>".
func TokenAsset(chain coffer.ChainID, token common.Address) coffer.AssetID {
	return coffer.NewAssetID(chain, coffer.AssetERC20, token.Hex())
}

// tokenOf returns the contract of an ERC-20 asset of a chain.
func tokenOf(chain coffer.ChainID, asset coffer.AssetID) (common.Address, error) {
	if asset.Chain() != chain || asset.Namespace() != coffer.AssetERC20 {
		return common.Address{}, fmt.Errorf("asset %.160q is not a token of %s", asset, chain)
	}
	token, err := canonicalAddress(coffer.Address(asset.Reference()))
	if err != nil {
		return common.Address{}, fmt.Errorf("asset %.160q: %w", asset, err)
	}
	return token, nil
}
