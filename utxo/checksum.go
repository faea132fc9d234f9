package utxo

import (
	"errors"
	"strings"
)

// The alphabets of BIP-380: a descriptor's characters in three groups of 32, and bech32's.
const (
	descriptorAlphabet = "0123456789()[],'/*abcdefgh@:$%{}" +
		"IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~" +
		"ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "
	checksumAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	checksumLength   = 8
)

var checksumGenerator = [5]uint64{0xf5dee51989, 0xa9fdca3312, 0x1bab10e32d, 0x3706b1677a, 0x644d626ffd}

// Errors of a descriptor's checksum.
var (
	ErrChecksumMissing = errors.New("want # and a checksum of 8 characters at its end (BIP-380)")
	ErrChecksum        = errors.New("the checksum is wrong (BIP-380)")
	errAlphabet        = errors.New("a character that descriptors do not have (BIP-380)")
)

// AddChecksum returns a descriptor with # and its checksum (BIP-380).
func AddChecksum(descriptor string) (string, error) {
	symbols, err := checksumSymbols(descriptor)
	if err != nil {
		return "", err
	}
	sum := checksumPolymod(append(symbols, make([]byte, checksumLength)...)) ^ 1
	text := make([]byte, checksumLength)
	for n := range text {
		text[n] = checksumAlphabet[sum>>(5*(checksumLength-1-n))&31]
	}
	return descriptor + "#" + string(text), nil
}

// cutChecksum checks a descriptor's checksum and returns what is before it.
func cutChecksum(text string) (string, error) {
	body, sum, ok := strings.Cut(text, "#")
	if !ok || len(sum) != checksumLength {
		return "", ErrChecksumMissing
	}
	right, err := AddChecksum(body)
	if err != nil {
		return "", err
	}
	if right != text {
		return "", ErrChecksum
	}
	return body, nil
}

// checksumSymbols writes each character as its place in its group, and after every third one
// the three groups together.
func checksumSymbols(s string) ([]byte, error) {
	symbols := make([]byte, 0, len(s)/3*4+4)
	groups, pending := byte(0), 0
	for n := range len(s) {
		at := strings.IndexByte(descriptorAlphabet, s[n])
		if at < 0 {
			return nil, errAlphabet
		}
		symbols = append(symbols, byte(at&31))
		groups, pending = groups*3+byte(at>>5), pending+1 // #nosec G115 -- the alphabet has 95
		if pending == 3 {
			symbols, groups, pending = append(symbols, groups), 0, 0
		}
	}
	if pending > 0 {
		symbols = append(symbols, groups)
	}
	return symbols, nil
}

func checksumPolymod(symbols []byte) uint64 {
	sum := uint64(1)
	for _, symbol := range symbols {
		top := sum >> 35
		sum = sum&0x7ffffffff<<5 ^ uint64(symbol)
		for bit, generator := range checksumGenerator {
			if top>>bit&1 == 1 {
				sum ^= generator
			}
		}
	}
	return sum
}
