package tron

import (
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
)

// Errors of ParseAddress.
var (
	ErrAddressSyntax   = errors.New("want a base58check address that begins with T, or 41 and 40 hex digits")
	ErrAddressChecksum = errors.New("the checksum is wrong")
	ErrAddressPrefix   = errors.New("its first byte is not 0x41: it is of another chain")
	ErrAddressEVM      = errors.New("it is written as on EVM chains; want it as on TRON, beginning with T")
	ErrAddressZero     = errors.New("the zero address belongs to nobody")
)

const (
	addressLength = 20
	addressPrefix = 0x41 // of the 21 bytes in which transactions hold an address
	base58Length  = 34   // of every 21 bytes with that prefix and 4 of checksum
	hexLength     = 2 * (1 + addressLength)
	maxBase58     = 35 // of addresses of this kind on any chain
	hexDigits     = "0123456789abcdefABCDEF"
)

// Address is what the last 20 bytes of Keccak-256 make of a public key, or of what created a
// contract, as on EVM chains. Logs and calldata hold these 20 bytes; everywhere else there is
// the prefix 0x41 before them.
type Address [addressLength]byte

// String returns the canonical form, base58check: T and 33 letters.
func (a Address) String() string { return base58.CheckEncode(a[:], addressPrefix) }

// Bytes returns the 21 bytes of an address inside a transaction.
func (a Address) Bytes() []byte { return append([]byte{addressPrefix}, a[:]...) }

// IsZero reports whether a is unset, or the address that belongs to nobody.
func (a Address) IsZero() bool { return a == Address{} }

// AddressOf writes an address in its canonical form.
func AddressOf(a Address) coffer.Address { return coffer.Address(a.String()) }

// AddressFromBytes reads the 21 bytes of an address inside a transaction.
func AddressFromBytes(b []byte) (Address, error) {
	if len(b) != 1+addressLength || b[0] != addressPrefix {
		return Address{}, fmt.Errorf("address 0x%x: want 0x41 and 20 bytes", b[:min(len(b), 32)])
	}
	return Address(b[1:]), nil
}

// AddressOfKey is the address whose key it is.
func AddressOfKey(key ecdsa.PublicKey) Address { return Address(crypto.PubkeyToAddress(key)) }

// ParseAddress reads an address that a person or another system wrote and returns its
// canonical form. The other form, 41 and 40 hex digits, carries no checksum. The zero address
// is refused: money sent there is lost.
func ParseAddress(s string) (coffer.Address, error) {
	address, err := parseAddress(s)
	if err != nil {
		return "", fmt.Errorf("address %.80q: %w", s, err)
	}
	return AddressOf(address), nil
}

// CanonicalAddress reads an address that must already be in canonical form, as orders and
// intents hold it.
func CanonicalAddress(a coffer.Address) (Address, error) {
	address, err := parseAddress(string(a))
	if err == nil && AddressOf(address) != a {
		err = errors.New("not in its canonical form, base58check")
	}
	if err != nil {
		return Address{}, fmt.Errorf("address %.80q: %w", a, err)
	}
	return address, nil
}

func parseAddress(s string) (Address, error) {
	address, err := decodeAddress(s)
	if err == nil && address.IsZero() {
		return Address{}, ErrAddressZero
	}
	return address, err
}

func decodeAddress(s string) (Address, error) {
	digits, prefixed := strings.CutPrefix(s, "0x")
	switch isHex := strings.Trim(digits, hexDigits) == ""; {
	case isHex && len(digits) == 2*addressLength:
		return Address{}, ErrAddressEVM
	case isHex && !prefixed && len(s) == hexLength:
		return addressFromHex(s)
	case len(s) > maxBase58:
		return Address{}, ErrAddressSyntax
	}
	payload, version, err := base58.CheckDecode(s)
	switch {
	case errors.Is(err, base58.ErrChecksum) && len(s) == base58Length && s[0] == 'T':
		return Address{}, ErrAddressChecksum
	case err != nil || len(payload) != addressLength:
		return Address{}, ErrAddressSyntax
	case version != addressPrefix:
		return Address{}, ErrAddressPrefix
	}
	return Address(payload), nil
}

func addressFromHex(digits string) (Address, error) {
	b, err := hex.DecodeString(digits)
	if err != nil {
		return Address{}, ErrAddressSyntax
	}
	if b[0] != addressPrefix {
		return Address{}, ErrAddressPrefix
	}
	return Address(b[1:]), nil
}
