package utxo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"github.com/cofferhq/coffer"
)

func TestDescriptorChecksumsOfBIP380(t *testing.T) {
	if got, err := AddChecksum("raw(deadbeef)"); err != nil || got != "raw(deadbeef)#89f8spxm" {
		t.Errorf("%s, %v", got, err)
	}
	if body, err := cutChecksum("raw(deadbeef)#89f8spxm"); err != nil || body != "raw(deadbeef)" {
		t.Errorf("%s, %v", body, err)
	}
	for text, want := range map[string]error{
		"raw(deadbeef)":           ErrChecksumMissing,
		"raw(deadbeef)#":          ErrChecksumMissing,
		"raw(deadbeef)#89f8spxmx": ErrChecksumMissing,
		"raw(deadbeef)#89f8spx":   ErrChecksumMissing,
		"raw(deedbeef)#89f8spxm":  ErrChecksum,
		"raw(deedbeef)##9f8spxm":  ErrChecksum,
		"raw(Ü)#00000000":         errAlphabet,
	} {
		if body, err := cutChecksum(text); !errors.Is(err, want) {
			t.Errorf("%s: %q, %v, want %v", text, body, err, want)
		}
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vectors of BIP-67, whose keys are not all points.
func TestKeysAreSortedAsBIP67Does(t *testing.T) {
	for _, v := range []struct {
		keys            []string
		script, address string
	}{
		{
			[]string{"02ff12471208c14bd580709cb2358d98975247d8765f92bc25eab3b2763ed605f8", "02fe6f0a5a297eb38c391581c4413e084773ea23954d93f7753db7dc0adc188b2f"},
			"522102fe6f0a5a297eb38c391581c4413e084773ea23954d93f7753db7dc0adc188b2f2102ff12471208c14bd580709cb2358d98975247d8765f92bc25eab3b2763ed605f852ae",
			"39bgKC7RFbpoCRbtD5KEdkYKtNyhpsNa3Z",
		},
		{
			[]string{"02632b12f4ac5b1d1b72b2a3b508c19172de44f6f46bcee50ba33f3f9291e47ed0", "027735a29bae7780a9755fae7a1c4374c656ac6a69ea9f3697fda61bb99a4f3e77", "02e2cc6bd5f45edd43bebe7cb9b675f0ce9ed3efe613b177588290ad188d11b404"},
			"522102632b12f4ac5b1d1b72b2a3b508c19172de44f6f46bcee50ba33f3f9291e47ed021027735a29bae7780a9755fae7a1c4374c656ac6a69ea9f3697fda61bb99a4f3e772102e2cc6bd5f45edd43bebe7cb9b675f0ce9ed3efe613b177588290ad188d11b40453ae",
			"3CKHTjBKxCARLzwABMu9yD85kvtm7WnMfH",
		},
		{
			[]string{"030000000000000000000000000000000000004141414141414141414141414141", "020000000000000000000000000000000000004141414141414141414141414141", "020000000000000000000000000000000000004141414141414141414141414140", "030000000000000000000000000000000000004141414141414141414141414140"},
			"522102000000000000000000000000000000000000414141414141414141414141414021020000000000000000000000000000000000004141414141414141414141414141210300000000000000000000000000000000000041414141414141414141414141402103000000000000000000000000000000000000414141414141414141414141414154ae",
			"32V85igBri9zcfBRVupVvwK18NFtS37FuD",
		},
		{
			[]string{"022df8750480ad5b26950b25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da", "03e3818b65bcc73a7d64064106a859cc1a5a728c4345ff0b641209fba0d90de6e9", "021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc18"},
			"5221021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc1821022df8750480ad5b26950b25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da2103e3818b65bcc73a7d64064106a859cc1a5a728c4345ff0b641209fba0d90de6e953ae",
			"3Q4sF6tv9wsdqu2NtARzNCpQgwifm2rAba",
		},
	} {
		var keys []Child
		for _, key := range v.keys {
			keys = append(keys, Child{Public: unhex(t, key)})
		}
		script, err := multisigScript(2, keys)
		if err != nil || hex.EncodeToString(script) != v.script {
			t.Errorf("script %x, %v, want %s", script, err, v.script)
		}
		if got, _ := AddressOf(Mainnet, p2shScript(address.Hash160(script))); string(got) != v.address {
			t.Errorf("address %s, want %s", got, v.address)
		}
	}
}

// The vector of BIP-383 with derived keys: sortedmulti(2,A/*,B/0/0/*).
func TestDerivedKeysAreSortedAsBIP383Does(t *testing.T) {
	derive := func(xpub string, path ...uint32) []byte {
		key, err := hdkeychain.NewKeyFromString(xpub)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range path {
			if key, err = key.Derive(step); err != nil {
				t.Fatal(err)
			}
		}
		public, err := key.ECPubKey()
		if err != nil {
			t.Fatal(err)
		}
		return public.SerializeCompressed()
	}
	for index, want := range []string{
		"5221025d5fc65ebb8d44a5274b53bac21ff8307fec2334a32df05553459f8b1f7fe1b62102fbd47cc8034098f0e6a94c6aeee8528abf0a2153a5d8e46d325b7284c046784652ae",
		"52210264fd4d1f5dea8ded94c61e9641309349b62f27fbffe807291f664e286bfbe6472103f4ece6dfccfa37b211eb3d0af4d0c61dba9ef698622dc17eecdf764beeb005a652ae",
		"5221022ccabda84c30bad578b13c89eb3b9544ce149787e5b538175b1d1ba259cbb83321024d902e1a2fc7a8755ab5b694c575fce742c48d9ff192e63df5193e4c7afe1f9c52ae",
	} {
		script, err := multisigScript(2, []Child{
			{Public: derive("xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL", uint32(index))},
			{Public: derive("xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPPLPxSb7gwQN3ih19Zm4Y", 0, 0, uint32(index))},
		})
		if err != nil || hex.EncodeToString(script) != want {
			t.Errorf("%d: %x, %v, want %s", index, script, err, want)
		}
	}
}

func TestScriptsAreThoseOfThePrivateKeys(t *testing.T) {
	for name, w := range testWallets(t) {
		paths := []string{""}
		if w.Ranged() {
			paths = []string{"0/0", "0/1", "1/0", "1/2147483647"}
		}
		seen := map[coffer.Address]bool{}
		for _, path := range paths {
			script, err := w.At(path)
			if err != nil {
				t.Errorf("%s %q: %v", name, path, err)
				continue
			}
			for n, key := range w.keys {
				if public := key.child(t, path).PubKey().SerializeCompressed(); !bytes.Equal(script.Keys[n].Public, public) {
					t.Errorf("%s %q: key %d is %x, want %x", name, path, n, script.Keys[n].Public, public)
				}
				if script.Keys[n].Key != w.Keys()[n].String() {
					t.Errorf("%s %q: key %d says it is %s", name, path, n, script.Keys[n].Key)
				}
			}
			if output, err := ScriptOf(Regtest, script.Address); err != nil || !bytes.Equal(output, script.Output) {
				t.Errorf("%s %q: address %s has script %x, %v", name, path, script.Address, output, err)
			}
			if strings.HasPrefix(string(script.Address), "bcrt1q") == w.Nested() {
				t.Errorf("%s %q: address %s", name, path, script.Address)
			}
			seen[script.Address] = true
		}
		if len(seen) != len(paths) {
			t.Errorf("%s: %d addresses at %d paths", name, len(seen), len(paths))
		}
		again, err := ParseDescriptor(Regtest, w.String())
		if err != nil || again.String() != w.String() || again.Address() != w.Address() {
			t.Errorf("%s: read again as %s, %v", name, again, err)
		}
	}
}

// A descriptor in other spellings is the same one.
func TestDescriptorsAreCanonical(t *testing.T) {
	w := walletOf(t, Mainnet, false, 1, accountKey(t, Mainnet, false, "a"), fixedKey("x"))
	body, _, _ := strings.Cut(w.String(), "#")
	for name, other := range map[string]string{
		"apostrophes": strings.ReplaceAll(body, "h/", "'/"),
		"capital hex": strings.Replace(body, fixedKey("x").text, strings.ToUpper(fixedKey("x").text), 1),
	} {
		if other == body {
			t.Fatalf("%s: nothing changed", name)
		}
		text, err := AddChecksum(other)
		if err != nil {
			t.Fatal(err)
		}
		d, err := ParseDescriptor(Mainnet, text)
		if err != nil || d.String() != w.String() {
			t.Errorf("%s: %s, %v", name, d, err)
		}
	}
}

func TestExportsForOtherWallets(t *testing.T) {
	for name, w := range testWallets(t) {
		export, err := w.Export()
		if err != nil {
			t.Fatal(err)
		}
		if export.Multipath != w.String() {
			t.Errorf("%s: %s", name, export.Multipath)
		}
		if !w.Ranged() {
			if export.Receive != w.String() || export.Change != "" {
				t.Errorf("%s: %+v", name, export)
			}
			continue
		}
		for branch, text := range []string{export.Receive, export.Change} {
			body, err := cutChecksum(text)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			whole, _, _ := strings.Cut(w.String(), "#")
			if want := strings.ReplaceAll(whole, "<0;1>", []string{"0", "1"}[branch]); body != want {
				t.Errorf("%s: %s, want %s", name, body, want)
			}
		}
	}
}

func TestBadDescriptors(t *testing.T) {
	a, b := accountKey(t, Regtest, false, "a").text, accountKey(t, Regtest, false, "b").text
	x, y := fixedKey("x").text, fixedKey("y").text
	xpub := a[strings.Index(a, "]")+1:]
	private := accountKey(t, Regtest, false, "a").account.String()
	many := func(n int) string {
		var keys []string
		for i := range n {
			keys = append(keys, fixedKey(strings.Repeat("k", i+1)).text)
		}
		return strings.Join(keys, ",")
	}
	for name, v := range map[string]struct{ text, want string }{
		"nothing":                 {"", "want wsh"},
		"bare multisig":           {"sortedmulti(1," + x + ")", "want wsh"},
		"P2SH multisig":           {"sh(sortedmulti(1," + x + "))", "want wsh"},
		"unsorted":                {"wsh(multi(1," + x + "))", "want wsh"},
		"single key":              {"wpkh(" + x + ")", "want wsh"},
		"taproot":                 {"tr(" + x + ")", "want wsh"},
		"an end too many":         {"wsh(sortedmulti(1," + x + ")))", "key 1"},
		"space":                   {"wsh(sortedmulti(1, " + x + "))", "key 1"},
		"no key":                  {"wsh(sortedmulti(1))", "0 keys"},
		"empty key":               {"wsh(sortedmulti(1,))", "key 1"},
		"threshold 0":             {"wsh(sortedmulti(0," + x + "))", "threshold"},
		"threshold above keys":    {"wsh(sortedmulti(2," + x + "))", "threshold"},
		"threshold a":             {"wsh(sortedmulti(a," + x + "))", "threshold"},
		"threshold 01":            {"wsh(sortedmulti(01," + x + "))", "threshold"},
		"threshold +1":            {"wsh(sortedmulti(+1," + x + "))", "threshold"},
		"21 keys":                 {"wsh(sortedmulti(1," + many(21) + "))", "21 keys"},
		"16 keys in P2SH":         {"sh(wsh(sortedmulti(1," + many(16) + ")))", "16 keys"},
		"a key twice":             {"wsh(sortedmulti(1," + x + "," + y + "," + x + "))", "key 3 is key 1 again"},
		"an extended key twice":   {"wsh(sortedmulti(1," + a + "," + a + "))", "key 2 is key 1 again"},
		"uncompressed":            {"wsh(sortedmulti(1,04a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709c02559e3aa73aa03918ba2d492eea75abea235))", "uncompressed"},
		"not a point":             {"wsh(sortedmulti(1,020000000000000000000000000000000000000000000000000000000000000005))", "not a point"},
		"hybrid":                  {"wsh(sortedmulti(1,06" + x[2:] + "))", "not a point"},
		"not hex":                 {"wsh(sortedmulti(1,0g" + x[2:] + "))", "66 hex"},
		"private extended key":    {"wsh(sortedmulti(1," + strings.Replace(a, xpub, private+"/<0;1>/*", 1) + "))", "private"},
		"private key":             {"wsh(sortedmulti(1,L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1))", "private"},
		"extended key alone":      {"wsh(sortedmulti(1," + xpub + "))", "origin"},
		"no range":                {"wsh(sortedmulti(1," + strings.TrimSuffix(a, "/<0;1>/*") + "))", "<0;1>"},
		"one path":                {"wsh(sortedmulti(1," + strings.Replace(a, "<0;1>", "0", 1) + "))", "<0;1>"},
		"branches swapped":        {"wsh(sortedmulti(1," + strings.Replace(a, "<0;1>", "<1;0>", 1) + "))", "<0;1>"},
		"hardened range":          {"wsh(sortedmulti(1," + a + "h))", "<0;1>"},
		"a step more":             {"wsh(sortedmulti(1," + strings.Replace(a, "/<0", "/3/<0", 1) + "))", "extended public key"},
		"two ranges":              {"wsh(sortedmulti(1," + a + "/<0;1>/*))", "extended public key"},
		"mainnet's extended key":  {"wsh(sortedmulti(1," + accountKey(t, Mainnet, false, "a").text + "))", "another network"},
		"nested account":          {"wsh(sortedmulti(1," + accountKey(t, Regtest, true, "a").text + "))", "BIP-48"},
		"P2WSH account in P2SH":   {"sh(wsh(sortedmulti(1," + a + ")))", "BIP-48"},
		"another account":         {"wsh(sortedmulti(1," + strings.Replace(a, "/0h/", "/0/", 1) + "))", "BIP-48"},
		"purpose 84":              {"wsh(sortedmulti(1," + strings.Replace(a, "48h", "84h", 1) + "))", "BIP-48"},
		"short origin":            {"wsh(sortedmulti(1," + strings.Replace(a, "48h/", "", 1) + "))", "BIP-48"},
		"broken extended key":     {"wsh(sortedmulti(1," + strings.Replace(a, "tpub", "tpuc", 1) + "))", "want an extended"},
		"children in origin":      {"wsh(sortedmulti(1,[deadbeef/0h/*]" + x + "))", "origin"},
		"slash in origin":         {"wsh(sortedmulti(1,[deadbeef/0h/0h/0h/]" + x + "))", "origin"},
		"short fingerprint":       {"wsh(sortedmulti(1,[deadbef/0h]" + x + "))", "origin"},
		"long fingerprint":        {"wsh(sortedmulti(1,[deadbeeef/0h]" + x + "))", "origin"},
		"fingerprint not hex":     {"wsh(sortedmulti(1,[gaaaaaaa]" + x + "))", "origin"},
		"hardened f":              {"wsh(sortedmulti(1,[deadbeef/0f]" + x + "))", "origin"},
		"hardened H":              {"wsh(sortedmulti(1,[deadbeef/0H]" + x + "))", "origin"},
		"hardened twice":          {"wsh(sortedmulti(1,[deadbeef/0hh]" + x + "))", "origin"},
		"hardened before":         {"wsh(sortedmulti(1,[deadbeef/-0]" + x + "))", "origin"},
		"index out of range":      {"wsh(sortedmulti(1,[deadbeef/2147483648]" + x + "))", "origin"},
		"two origins":             {"wsh(sortedmulti(1,[aaaaaaaa][aaaaaaaa]" + x + "))", "66 hex"},
		"origin not begun":        {"wsh(sortedmulti(1,aaaaaaaa]" + x + "))", "66 hex"},
		"origin not ended":        {"wsh(sortedmulti(1,[aaaaaaaa" + x + "))", "origin"},
		"origin without key":      {"wsh(sortedmulti(1,[deadbeef]))", "66 hex"},
		"deep origin":             {"wsh(sortedmulti(1,[deadbeef" + strings.Repeat("/0h", 11) + "]" + x + "))", "origin"},
		"multipath in origin":     {"wsh(sortedmulti(1,[deadbeef/<0;1>]" + x + "))", "origin"},
		"other depth than origin": {"wsh(sortedmulti(1," + b[:strings.Index(b, "]")+1] + "tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp/<0;1>/*))", "depth"},
		"endless":                 {"wsh(sortedmulti(1," + strings.Repeat(x+",", 200) + x + "))", "characters"},
	} {
		text, err := AddChecksum(v.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d, err := ParseDescriptor(Regtest, text)
		if err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s: %q, %v, want %q", name, d, err, v.want)
			continue
		}
		if strings.Contains(err.Error(), private) || strings.Contains(err.Error(), "L4rK1") {
			t.Errorf("%s: the error shows a private key", name)
		}
	}
	if _, err := ParseDescriptor("testnet3", walletOf(t, Regtest, false, 1, fixedKey("x")).String()); err == nil {
		t.Error("testnet3 is a network")
	}
}

func TestBadPaths(t *testing.T) {
	wallets := testWallets(t)
	for _, path := range []string{"", "0", "0/", "/0", "2/0", "00/1", "0/01", "0/-1", "0/+1", "0/1h", "0/2147483648", "0/0/0", "0/1 ", "0/0x1", "m/0/1"} {
		if s, err := wallets["P2WSH"].At(path); err == nil {
			t.Errorf("%q is %s", path, s.Address)
		}
	}
	if s, err := wallets["P2WSH fixed"].At("0/0"); err == nil {
		t.Errorf("a wallet of one address has %s at 0/0", s.Address)
	}
}

func TestDepositAddressesAreProven(t *testing.T) {
	wallets := testWallets(t)
	w, other := wallets["P2WSH"].Descriptor, wallets["P2WSH mixed"].Descriptor
	proof, err := w.AddressProof("0/17")
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyDepositAddress(proof.Address, proof, w); err != nil {
		t.Error(err)
	}
	foreign, err := other.AddressProof("0/17")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*coffer.AddressProof){
		"another kind":       func(p *coffer.AddressProof) { p.Kind = coffer.ProofCreate2 },
		"another wallet":     func(p *coffer.AddressProof) { *p = foreign },
		"another vault":      func(p *coffer.AddressProof) { p.Vault = other.Address() },
		"another descriptor": func(p *coffer.AddressProof) { p.Descriptor = other.String() },
		"another path":       func(p *coffer.AddressProof) { p.Path = "0/18" },
		"change":             func(p *coffer.AddressProof) { p.Path = "1/17" },
		"the house":          func(p *coffer.AddressProof) { p.Path = "0/0" },
		"no path":            func(p *coffer.AddressProof) { p.Path = "" },
		"another address":    func(p *coffer.AddressProof) { p.Address = foreign.Address },
	} {
		bad := proof
		change(&bad)
		if err := VerifyDepositAddress(bad.Address, bad, w); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if err := VerifyDepositAddress(foreign.Address, proof, w); err == nil {
		t.Error("an address that the proof does not speak of is accepted")
	}
}

func FuzzDescriptor(f *testing.F) {
	for _, w := range testWallets(f) {
		body, _, _ := strings.Cut(w.String(), "#")
		f.Add(body)
	}
	f.Add("wsh(sortedmulti(1,[deadbeef/0h/0'/0]0260b2003c386519fc9eadf2b5cf124dd8eea4c4e68d5e154050a9346ea98ce600))")
	f.Fuzz(func(t *testing.T, body string) {
		_, _ = ParseDescriptor(Regtest, body)
		text, err := AddChecksum(body)
		if err != nil {
			return
		}
		d, err := ParseDescriptor(Regtest, text)
		if err != nil {
			return
		}
		again, err := ParseDescriptor(Regtest, d.String())
		if err != nil || again.String() != d.String() || again.Address() != d.Address() {
			t.Fatalf("%q is %s, then %s, %v", body, d, again, err)
		}
	})
}
