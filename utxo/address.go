package utxo

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/address/v2/bech32"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/cofferhq/coffer"
)

// Errors of ParseAddress.
var (
	ErrAddressSyntax   = errors.New("want a base58check address, or a bech32 one (BIP-173, BIP-350)")
	ErrAddressCase     = errors.New("capital and small letters are mixed (BIP-173)")
	ErrAddressChecksum = errors.New("the checksum is wrong")
	ErrAddressNetwork  = errors.New("it is of another network")
	ErrAddressEncoding = errors.New("want bech32 for witness version 0 and bech32m for all others (BIP-350)")
	ErrAddressProgram  = errors.New("no such witness program (BIP-141)")
	ErrAddressOwner    = errors.New("anybody could spend what is there: its witness program has no rules yet")
)

const (
	maxAddressLength = 90 // of bech32; base58check ones are shorter
	hashLength       = 20 // of keys and scripts, HASH160
	programLength    = 32 // of P2WSH and P2TR
)

// ParseAddress reads an address that a person or another system wrote and returns its one
// canonical form: bech32 in small letters, base58check as it is. It knows the standard
// scripts that somebody can own: P2PKH, P2SH, P2WPKH, P2WSH and P2TR. Later witness versions
// and pay-to-anchor (BIP-433) are refused (ErrAddressOwner), against BIP-350's advice, because
// money sent there today is anybody's.
func ParseAddress(network Network, s string) (coffer.Address, error) {
	script, err := parseAddress(network, s)
	if err != nil {
		return "", fmt.Errorf("address %.100q: %w", s, err)
	}
	address, _ := AddressOf(network, script)
	return address, nil
}

// ScriptOf returns the output script of an address that must already be in its canonical
// form, as orders and intents hold it.
func ScriptOf(network Network, address coffer.Address) ([]byte, error) {
	script, err := parseAddress(network, string(address))
	if err == nil {
		if canonical, ok := AddressOf(network, script); !ok || canonical != address {
			err = errors.New("not in its canonical form")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("address %.100q: %w", address, err)
	}
	return script, nil
}

// AddressOf returns the address of an output script, and whether it has one: the inverse of
// ScriptOf.
func AddressOf(network Network, script []byte) (coffer.Address, bool) {
	params := network.Params()
	switch {
	case isP2PKH(script):
		return coffer.Address(base58.CheckEncode(script[3:23], params.PubKeyHashAddrID)), true
	case isP2SH(script):
		return coffer.Address(base58.CheckEncode(script[2:22], params.ScriptHashAddrID)), true
	}
	version, program, ok := witnessProgram(script)
	if !ok || checkOwner(version, program) != nil || checkProgram(version, program) != nil {
		return "", false
	}
	return coffer.Address(encodeSegwit(params.Bech32HRPSegwit, version, program)), true
}

func parseAddress(network Network, s string) ([]byte, error) {
	if len(s) > maxAddressLength {
		return nil, ErrAddressSyntax
	}
	params := network.Params()
	// A bech32 address may be all capitals. No base58check address of these networks begins
	// like one: they begin with 1, 2, 3, m or n.
	if hrp, _, ok := cutLast(strings.ToLower(s), '1'); ok && isSegwitPrefix(hrp) {
		version, program, err := decodeSegwit(s)
		switch {
		case err != nil:
			return nil, err
		case hrp != params.Bech32HRPSegwit:
			return nil, ErrAddressNetwork
		}
		if err := checkOwner(version, program); err != nil {
			return nil, err
		}
		return witnessScript(version, program), nil
	}
	payload, version, err := base58.CheckDecode(s)
	switch {
	case errors.Is(err, base58.ErrChecksum):
		return nil, ErrAddressChecksum
	case err != nil || len(payload) != hashLength || base58.CheckEncode(payload, version) != s:
		return nil, ErrAddressSyntax
	case version == params.PubKeyHashAddrID:
		return p2pkhScript(payload), nil
	case version == params.ScriptHashAddrID:
		return p2shScript(payload), nil
	}
	return nil, ErrAddressNetwork
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	if n := strings.LastIndexByte(s, sep); n >= 0 {
		return s[:n], s[n+1:], true
	}
	return s, "", false
}

func isSegwitPrefix(hrp string) bool {
	for _, params := range networks {
		if params.Bech32HRPSegwit == hrp {
			return true
		}
	}
	return false
}

// decodeSegwit reads a segregated witness address of any network and version.
func decodeSegwit(s string) (version byte, program []byte, err error) {
	_, data, encoding, err := bech32.DecodeGeneric(s)
	if err != nil {
		return 0, nil, bech32Error(err)
	}
	if len(data) == 0 || data[0] > 16 {
		return 0, nil, ErrAddressProgram
	}
	version = data[0]
	if (version == 0) != (encoding == bech32.Version0) {
		return 0, nil, ErrAddressEncoding
	}
	if program, err = bech32.ConvertBits(data[1:], 5, 8, false); err != nil {
		return 0, nil, ErrAddressProgram
	}
	return version, program, checkProgram(version, program)
}

func bech32Error(err error) error {
	var mixed bech32.ErrMixedCase
	var sum bech32.ErrInvalidChecksum
	switch {
	case errors.As(err, &mixed):
		return ErrAddressCase
	case errors.As(err, &sum):
		return ErrAddressChecksum
	}
	return ErrAddressSyntax
}

// encodeSegwit writes a witness program that checkProgram accepts.
func encodeSegwit(hrp string, version byte, program []byte) string {
	data, err := bech32.ConvertBits(program, 8, 5, true)
	if err != nil {
		panic(err) // bytes always convert
	}
	encode := bech32.EncodeM
	if version == 0 {
		encode = bech32.Encode
	}
	s, err := encode(hrp, append([]byte{version}, data...))
	if err != nil {
		panic(err) // the data is 5-bit
	}
	return s
}

// checkProgram checks a witness program's length (BIP-141).
func checkProgram(version byte, program []byte) error {
	if len(program) < 2 || len(program) > 40 || version == 0 && len(program) != hashLength && len(program) != programLength {
		return ErrAddressProgram
	}
	return nil
}

// checkOwner tells the programs that have rules, so that somebody can own what they hold.
func checkOwner(version byte, program []byte) error {
	if version == 0 || version == 1 && len(program) == programLength {
		return nil
	}
	return ErrAddressOwner
}

func isP2PKH(s []byte) bool {
	return len(s) == 25 && s[0] == txscript.OP_DUP && s[1] == txscript.OP_HASH160 && s[2] == hashLength &&
		s[23] == txscript.OP_EQUALVERIFY && s[24] == txscript.OP_CHECKSIG
}

func isP2SH(s []byte) bool {
	return len(s) == 23 && s[0] == txscript.OP_HASH160 && s[1] == hashLength && s[22] == txscript.OP_EQUAL
}

func p2pkhScript(hash []byte) []byte {
	return bytes.Join([][]byte{
		{txscript.OP_DUP, txscript.OP_HASH160, hashLength}, hash, {txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG},
	}, nil)
}

func p2shScript(hash []byte) []byte {
	return bytes.Join([][]byte{{txscript.OP_HASH160, hashLength}, hash, {txscript.OP_EQUAL}}, nil)
}

// witnessScript pushes a version and a program.
func witnessScript(version byte, program []byte) []byte {
	op := byte(txscript.OP_0)
	if version > 0 {
		op = txscript.OP_1 + version - 1
	}
	return append([]byte{op, byte(len(program))}, program...) // #nosec G115 -- at most 40
}

// witnessProgram undoes witnessScript.
func witnessProgram(s []byte) (version byte, program []byte, ok bool) {
	if len(s) < 4 || len(s) > 42 || int(s[1]) != len(s)-2 {
		return 0, nil, false
	}
	switch {
	case s[0] == txscript.OP_0:
		return 0, s[2:], true
	case s[0] >= txscript.OP_1 && s[0] <= txscript.OP_16:
		return s[0] - txscript.OP_1 + 1, s[2:], true
	}
	return 0, nil, false
}

// dustRate is the rate of Bitcoin Core's -dustrelayfee in sat/vB: an output that costs more
// than it holds to spend at this rate is dust, and nodes do not relay it.
const dustRate = 3

// What spending an output takes in Bitcoin Core's rule, in vbytes.
const (
	spendLegacy  = 32 + 4 + 1 + 107 + 4
	spendWitness = 32 + 4 + 1 + 107/4 + 4
)

// DustLimit is the least an output with this script must hold, in satoshis, for nodes to
// relay it (GetDustThreshold): P2PKH 546, P2SH 540, P2WPKH 294, P2WSH 330, P2TR 330.
func DustLimit(script []byte) uint64 {
	size := outputSize(script) + spendLegacy
	if _, _, ok := witnessProgram(script); ok {
		size = outputSize(script) + spendWitness
	}
	return size * dustRate
}

// outputSize is the size of an output in a transaction, in bytes, of a script below 253 bytes.
func outputSize(script []byte) uint64 { return uint64(8 + 1 + len(script)) }
