package tron_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
)

func TestAddressVectors(t *testing.T) {
	keys, forms, invalid := 0, 0, 0
	for _, v := range readVectors(t).Addresses {
		for _, bad := range v.Invalid {
			if got, err := tron.ParseAddress(bad); err == nil {
				t.Errorf("%q: %s; want an error", bad, got)
			}
			invalid++
		}
		if v.Address == "" {
			continue
		}
		address, err := tron.CanonicalAddress(coffer.Address(v.Address))
		if err != nil || address.String() != v.Address {
			t.Errorf("%s: %s, %v", v.Address, address, err)
		}
		if len(v.PrivateKey) > 0 {
			key, err := crypto.ToECDSA(v.PrivateKey)
			if err != nil {
				t.Fatal(err)
			}
			if got := tron.AddressOfKey(key.PublicKey); got != address {
				t.Errorf("key of %s: %s", v.Address, got)
			}
			keys++
		}
		if v.Hex != "" {
			if got := hex.EncodeToString(address.Bytes()); got != v.Hex {
				t.Errorf("%s: %s, want %s", v.Address, got, v.Hex)
			}
			forms++
		}
	}
	if keys != 4 || forms != 4 || invalid != 4 {
		t.Errorf("looked at %d keys, %d forms and %d invalid ones", keys, forms, invalid)
	}
}

func TestParseAddress(t *testing.T) {
	const usdt, digits = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "41a614f803b6fd780986a42c78ec9c7f77e6ded13c"
	for _, good := range []string{usdt, digits, strings.ToUpper(digits)} {
		if got, err := tron.ParseAddress(good); err != nil || got != usdt {
			t.Errorf("%s: %s, %v", good, got, err)
		}
	}
	for bad, want := range map[string]error{
		"":                                   tron.ErrAddressSyntax,
		"T":                                  tron.ErrAddressSyntax,
		" " + usdt:                           tron.ErrAddressSyntax,
		usdt + " ":                           tron.ErrAddressSyntax,
		usdt + usdt:                          tron.ErrAddressSyntax,
		usdt[:33]:                            tron.ErrAddressSyntax,
		"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj60": tron.ErrAddressSyntax, // no 0 in base58
		"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T": tron.ErrAddressChecksum,
		"tR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t": tron.ErrAddressSyntax,
		strings.ToLower(usdt):                tron.ErrAddressSyntax, // an l is not of base58
		digits[:41]:                          tron.ErrAddressSyntax,
		digits + "00":                        tron.ErrAddressSyntax,
		"0x" + digits:                        tron.ErrAddressSyntax,
		"41" + usdt:                          tron.ErrAddressSyntax, // both forms
		"T" + digits:                         tron.ErrAddressSyntax,
		digits[:40] + "T3":                   tron.ErrAddressSyntax,
		"42" + digits[2:]:                    tron.ErrAddressPrefix,
		"0x" + digits[2:]:                    tron.ErrAddressEVM,
		digits[2:]:                           tron.ErrAddressEVM,
		"0xdAC17F958D2ee523a2206206994597C13D831ec7": tron.ErrAddressEVM,
		"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2":         tron.ErrAddressPrefix, // Bitcoin
		"3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy":         tron.ErrAddressPrefix,
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4": tron.ErrAddressSyntax,
		"T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb":         tron.ErrAddressZero,
		"41" + strings.Repeat("0", 40):               tron.ErrAddressZero,
	} {
		if got, err := tron.ParseAddress(bad); !errors.Is(err, want) {
			t.Errorf("%q: %s, %v; want %v", bad, got, err, want)
		}
	}
	if _, err := tron.CanonicalAddress(digits); err == nil {
		t.Error("hex digits are not the canonical form")
	}
}

func TestAddressFromBytes(t *testing.T) {
	address := tron.Address{1, 2, 3}
	if got, err := tron.AddressFromBytes(address.Bytes()); err != nil || got != address {
		t.Errorf("%s, %v; want %s", got, err, address)
	}
	for _, bad := range [][]byte{nil, address[:], append([]byte{0x42}, address[:]...), append(address.Bytes(), 0), make([]byte, 1000)} {
		if got, err := tron.AddressFromBytes(bad); err == nil {
			t.Errorf("%x: %s; want an error", bad[:min(len(bad), 30)], got)
		}
	}
}

func TestChains(t *testing.T) {
	// Ids of the first blocks of mainnet and Nile.
	for text, want := range map[string]coffer.ChainID{
		"0x00000000000000001ebf88508a03865c71d452e25f4d51194196a1d22b6653dc": tron.Mainnet,
		"0x0000000000000000d698d4192c56cb6be724a558448e2684802de4d6cd8690dc": tron.Nile,
	} {
		genesis, err := coffer.ParseHash(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := tron.ChainOf(genesis); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if n, err := tron.ChainNumber(tron.Mainnet); err != nil || n != 728126428 {
		t.Errorf("mainnet is %d, %v", n, err)
	}
	for _, bad := range []coffer.ChainID{"", "tron", "tron:mainnet", "tron:0x2B6653DC", "tron:0x2b6653d", "tron:0x2b6653dc0", "eip155:728126428", "tron:2b6653dc"} {
		if n, err := tron.ChainNumber(bad); err == nil {
			t.Errorf("%q is %d; want an error", bad, n)
		}
	}
	usdt, err := tron.TokenOf(tron.Mainnet, "tron:0x2b6653dc/trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t")
	if err != nil || tron.TokenAsset(tron.Mainnet, usdt) != "tron:0x2b6653dc/trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t" {
		t.Errorf("%s, %v", usdt, err)
	}
	for _, bad := range []coffer.AssetID{
		tron.Native(tron.Mainnet), "tron:0xcd8690dc/trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
		"tron:0x2b6653dc/erc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "tron:0x2b6653dc/trc20:41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
	} {
		if token, err := tron.TokenOf(tron.Mainnet, bad); err == nil {
			t.Errorf("%s: %s; want an error", bad, token)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{
		"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "41a614f803b6fd780986a42c78ec9c7f77e6ded13c", "0x41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
		"0xdAC17F958D2ee523a2206206994597C13D831ec7", "a614f803b6fd780986a42c78ec9c7f77e6ded13c", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T",
		"T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t ", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, err := tron.ParseAddress(text)
		if err != nil {
			if address != "" {
				t.Errorf("%q is refused and became %q", text, address)
			}
			return
		}
		read, err := tron.CanonicalAddress(address)
		if err != nil || tron.AddressOf(read) != address {
			t.Fatalf("%q became %q: %v", text, address, err)
		}
		if text != string(address) && strings.ToLower(text) != hex.EncodeToString(read.Bytes()) {
			t.Errorf("%q became %q", text, address)
		}
	})
}
