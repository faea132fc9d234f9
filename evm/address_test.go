package evm_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// The good ones are EIP-55's own test cases.
func TestParseAddress(t *testing.T) {
	for _, good := range []string{
		"0x52908400098527886E0F7030069857D2E4169EE7",
		"0x8617E340B3D01FA5F11F306F4090FD50E238070D",
		"0xde709f2102306220921060314715629080e2fb77",
		"0x27b1fdb04752bbc536007a920d24acb045561c26",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
		"0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
		"0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	} {
		for _, text := range []string{good, "0x" + strings.ToLower(good[2:]), "0x" + strings.ToUpper(good[2:])} {
			if got, err := evm.ParseAddress(text); err != nil || got != coffer.Address(good) {
				t.Errorf("%s: %s, %v; want %s", text, got, err, good)
			}
		}
	}
	for bad, want := range map[string]error{
		"": evm.ErrAddressSyntax,
		"5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed":    evm.ErrAddressSyntax,
		"0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed":  evm.ErrAddressSyntax,
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe":   evm.ErrAddressSyntax,
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd": evm.ErrAddressSyntax,
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg":  evm.ErrAddressSyntax,
		" 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed": evm.ErrAddressSyntax,
		"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t":          evm.ErrAddressSyntax,
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD":  evm.ErrAddressChecksum,
		"0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed":  evm.ErrAddressChecksum,
		"0x0000000000000000000000000000000000000000":  evm.ErrAddressZero,
	} {
		if got, err := evm.ParseAddress(bad); !errors.Is(err, want) {
			t.Errorf("%q: %s, %v; want %v", bad, got, err, want)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
	f.Add("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
	f.Fuzz(func(t *testing.T, text string) {
		address, err := evm.ParseAddress(text)
		if err != nil {
			return
		}
		if !strings.EqualFold(string(address), text) {
			t.Errorf("%q became %q", text, address)
		}
		if again, err := evm.ParseAddress(string(address)); err != nil || again != address {
			t.Errorf("%q is not canonical: %q, %v", address, again, err)
		}
	})
}
