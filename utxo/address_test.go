package utxo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"pgregory.net/rapid"
)

// The valid vectors of BIP-173 (version 0) and BIP-350.
var segwitVectors = []struct{ address, script string }{
	{"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "0014751e76e8199196d454941c45d1b3a323f1433bd6"},
	{"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262"},
	{"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y", "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6"},
	{"BC1SW50QGDZ25J", "6002751e"},
	{"bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "5210751e76e8199196d454941c45d1b3a323"},
	{"tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy", "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"},
	{"tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c", "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"},
	{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"},
}

func TestSegwitAddressesOfTheBIPsDecode(t *testing.T) {
	for _, v := range segwitVectors {
		version, program, err := decodeSegwit(v.address)
		if err != nil {
			t.Errorf("%s: %v", v.address, err)
			continue
		}
		script := witnessScript(version, program)
		if hex.EncodeToString(script) != v.script {
			t.Errorf("%s: script %x, want %s", v.address, script, v.script)
		}
		hrp := strings.ToLower(v.address[:2])
		if back := encodeSegwit(hrp, version, program); back != strings.ToLower(v.address) {
			t.Errorf("%s: encoded again as %s", v.address, back)
		}
		backVersion, backProgram, ok := witnessProgram(script)
		if !ok || backVersion != version || !bytes.Equal(backProgram, program) {
			t.Errorf("%s: read back as version %d program %x", v.address, backVersion, backProgram)
		}
	}
}

func TestSegwitAddressesOfTheBIPsAsDestinations(t *testing.T) {
	for _, v := range segwitVectors {
		network := Mainnet
		if strings.HasPrefix(v.address, "tb") {
			network = Signet
		}
		got, err := ParseAddress(network, v.address)
		if v.script[:4] == "5128" || v.script[:2] == "60" || v.script[:2] == "52" {
			if !errors.Is(err, ErrAddressOwner) {
				t.Errorf("%s: %v, want ErrAddressOwner", v.address, err)
			}
			continue
		}
		if err != nil || string(got) != strings.ToLower(v.address) {
			t.Errorf("%s: %s, %v", v.address, got, err)
			continue
		}
		if script, err := ScriptOf(network, got); err != nil || hex.EncodeToString(script) != v.script {
			t.Errorf("%s: script %x, %v", v.address, script, err)
		}
	}
}

// The invalid vectors of BIP-173 and BIP-350, with the rule that each breaks.
func TestInvalidSegwitAddressesOfTheBIPs(t *testing.T) {
	for _, v := range []struct {
		address string
		want    error
	}{
		{"tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut", ErrAddressSyntax},
		{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", ErrAddressEncoding},
		{"tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf", ErrAddressEncoding},
		{"BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL", ErrAddressEncoding},
		{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", ErrAddressEncoding},
		{"tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47", ErrAddressEncoding},
		{"bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", ErrAddressSyntax},
		{"BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", ErrAddressProgram},
		{"bc1pw5dgrnzv", ErrAddressProgram},
		{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav", ErrAddressProgram},
		{"BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", ErrAddressProgram},
		{"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq", ErrAddressCase},
		{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", ErrAddressProgram},
		{"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j", ErrAddressProgram},
		{"bc1gmk9yu", ErrAddressProgram},
		{"tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty", ErrAddressSyntax},
		{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", ErrAddressChecksum},
		{"BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2", ErrAddressProgram},
		{"bc1rw5uspcuh", ErrAddressEncoding},
		{"bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90", ErrAddressEncoding},
		{"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7", ErrAddressCase},
		{"bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du", ErrAddressEncoding},
		{"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv", ErrAddressProgram},
		// valid in BIP-173 and not any more in BIP-350
		{"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx", ErrAddressEncoding},
		{"BC1SW50QA3JX3S", ErrAddressEncoding},
		{"bc1zw508d6qejxtdg4y5r3zarvaryvg6kdaj", ErrAddressEncoding},
	} {
		for network := range networks {
			if got, err := ParseAddress(network, v.address); !errors.Is(err, v.want) {
				t.Errorf("%s on %s: %q, %v, want %v", v.address, network, got, err, v.want)
			}
		}
	}
}

func TestAddressesOfEachKindAndNetwork(t *testing.T) {
	hash, program := bytes.Repeat([]byte{0x5a}, 20), bytes.Repeat([]byte{0xa5}, 32)
	for network, params := range networks {
		for kind, script := range map[string][]byte{
			"p2pkh": p2pkhScript(hash), "p2sh": p2shScript(hash), "p2wpkh": witnessScript(0, hash),
			"p2wsh": witnessScript(0, program), "p2tr": witnessScript(1, program),
		} {
			got, ok := AddressOf(network, script)
			if !ok {
				t.Errorf("%s %s has no address", network, kind)
				continue
			}
			// the library's own opinion of the same text
			theirs, err := address.DecodeAddress(string(got), params)
			if err != nil {
				t.Errorf("%s %s %s: %v", network, kind, got, err)
				continue
			}
			if theirScript, err := txscript.PayToAddrScript(theirs); err != nil || !bytes.Equal(theirScript, script) {
				t.Errorf("%s %s %s: script %x, %v", network, kind, got, theirScript, err)
			}
			if back, err := ScriptOf(network, got); err != nil || !bytes.Equal(back, script) {
				t.Errorf("%s %s %s: read back %x, %v", network, kind, got, back, err)
			}
			if parsed, err := ParseAddress(network, string(got)); err != nil || parsed != got {
				t.Errorf("%s %s %s: parsed %s, %v", network, kind, got, parsed, err)
			}
			if network != Mainnet {
				if _, err := ParseAddress(Mainnet, string(got)); !errors.Is(err, ErrAddressNetwork) {
					t.Errorf("%s %s on mainnet: %v", network, got, err)
				}
			} else if _, err := ParseAddress(Regtest, string(got)); !errors.Is(err, ErrAddressNetwork) {
				t.Errorf("mainnet %s on regtest: %v", got, err)
			}
		}
	}
}

func TestScriptsWithoutAddress(t *testing.T) {
	key := "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	for name, script := range map[string]string{
		"empty": "", "bare key": "21" + key + "ac", "bare multisig": "5121" + key + "51ae", "null data": "6a04deadbeef",
		"pay to anchor": "51024e73", "witness version 2": "5220" + strings.Repeat("00", 32), "version 1 of 20 bytes": "5114" + strings.Repeat("00", 20),
		"version 0 of 31 bytes": "001f" + strings.Repeat("00", 31), "p2sh and more": "a914" + strings.Repeat("00", 20) + "8700",
		"p2pkh with a pushdata": "76a94c14" + strings.Repeat("00", 20) + "88ac",
	} {
		raw, err := hex.DecodeString(script)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := AddressOf(Mainnet, raw); ok {
			t.Errorf("%s has address %s", name, got)
		}
	}
}

func TestBadAddresses(t *testing.T) {
	for _, v := range []struct {
		text string
		want error
	}{
		{"", ErrAddressSyntax},
		{" bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", ErrAddressSyntax},
		{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 ", ErrAddressSyntax},
		{"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2 ", ErrAddressSyntax},
		{"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", ErrAddressChecksum},
		{"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVNO", ErrAddressSyntax}, // no O in base58
		{"mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", ErrAddressNetwork},
		{"2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc", ErrAddressNetwork},
		{"bc1pfeessrawgf", ErrAddressOwner}, // pay to anchor
		{"0x742d35Cc6634C0532925a3b844Bc454e4438f44e", ErrAddressSyntax},
		{"0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", ErrAddressSyntax},
		{"L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1", ErrAddressSyntax},
		{"xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPPLPxSb7gwQN3ih19Zm4Y", ErrAddressSyntax},
		{strings.Repeat("1", 91), ErrAddressSyntax},
		{strings.Repeat("q", 1<<16), ErrAddressSyntax},
	} {
		if got, err := ParseAddress(Mainnet, v.text); !errors.Is(err, v.want) {
			t.Errorf("%.80q: %q, %v, want %v", v.text, got, err, v.want)
		}
	}
	if _, err := ScriptOf(Mainnet, "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"); err == nil {
		t.Error("capital letters are canonical")
	}
}

// What Bitcoin Core's policy says at its -dustrelayfee of 3000 sat/kvB.
func TestDustLimits(t *testing.T) {
	hash, program := make([]byte, 20), make([]byte, 32)
	for _, v := range []struct {
		script []byte
		want   uint64
	}{
		{p2pkhScript(hash), 546}, {p2shScript(hash), 540}, {witnessScript(0, hash), 294},
		{witnessScript(0, program), 330}, {witnessScript(1, program), 330},
	} {
		if got := DustLimit(v.script); got != v.want {
			t.Errorf("%x: %d, want %d", v.script, got, v.want)
		}
	}
}

func TestEveryScriptWithAnAddressIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		network := rapid.SampledFrom([]Network{Mainnet, Testnet4, Signet, Regtest}).Draw(t, "network")
		script := rapid.SliceOfN(rapid.Byte(), 0, 45).Draw(t, "script")
		if rapid.Bool().Draw(t, "standard") {
			n := rapid.SampledFrom([]int{20, 32}).Draw(t, "length")
			script = witnessScript(byte(rapid.IntRange(0, 16).Draw(t, "version")), rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "program"))
		}
		got, ok := AddressOf(network, script)
		if !ok {
			return
		}
		if back, err := ScriptOf(network, got); err != nil || !bytes.Equal(back, script) {
			t.Fatalf("%x has address %s, which is %x, %v", script, got, back, err)
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, v := range segwitVectors {
		f.Add(v.address)
	}
	for _, s := range []string{"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "bc1pfeessrawgf", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for network := range networks {
			got, err := ParseAddress(network, s)
			if err != nil {
				continue
			}
			script, err := ScriptOf(network, got)
			if err != nil {
				t.Fatalf("%q is %q: %v", s, got, err)
			}
			if again, ok := AddressOf(network, script); !ok || again != got {
				t.Fatalf("%q is %q, and its script %x is %q", s, got, script, again)
			}
			if string(got) != s && string(got) != strings.ToLower(s) {
				t.Fatalf("%q became %q", s, got)
			}
		}
	})
}
