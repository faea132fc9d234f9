package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
)

func TestBitcoinHasDefaultsOfItsOwn(t *testing.T) {
	c, err := config.Read(config.Sources{File: example})
	if err != nil {
		t.Fatal(err)
	}
	chain := c.Chains[1]
	if chain.PayoutPath != coffer.PathPSBT || chain.PollInterval != 5*time.Second || chain.PayoutLanes != 4 {
		t.Errorf("chain of the example: %+v", chain)
	}
	if chain.EntryPoint != "" || chain.PayoutMaxGas != 0 || chain.NativeTransfers != "" || chain.Native.PayoutGas != 0 {
		t.Errorf("a chain of the Bitcoin family got defaults of an EVM chain: %+v", chain)
	}
	if c.Chains[0].UTXO.Confirmations != 0 {
		t.Errorf("an EVM chain got defaults of the Bitcoin family: %+v", c.Chains[0].UTXO)
	}
}

// Cold keys may have to sign every payout of a wallet.
func TestAWalletMayWantMoreKeysThanThereAreSigners(t *testing.T) {
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "c.yaml")
	changed := strings.Replace(string(text), "cold_keys: []", "threshold: 4\n      cold_keys: [\"[0c434acd/48h/0h/0h/2h]xpub6E\"]", 1)
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(config.Sources{File: file})
	if err != nil || len(c.Signing.Signers) != 3 || c.Chains[1].UTXO.Threshold != 4 {
		t.Errorf("read %+v, %v", c.Chains, err)
	}
}

func TestBrokenRulesOfBitcoinAreNamedByKey(t *testing.T) {
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	const last = "    payout_valid: 2h"
	cases := []struct{ from, to, key string }{
		{"slip44:0\", symbol: BTC", "slip44:60\", symbol: BTC", "chains[1].native.id"},
		{"symbol: BTC, decimals: 8", "symbol: BTC, decimals: 18", "chains[1].native.decimals"},
		{`min_withdraw: "0.0002"`, `min_withdraw: "0.00000545"`, "chains[1].native.min_withdraw"},
		{`descriptor: "wsh`, `descriptor: "" #`, "chains[1].utxo.descriptor"},
		{"cold_keys: []", `cold_keys: [""]`, "chains[1].utxo.cold_keys[0]"},
		{"cold_keys: []", `cold_keys: ["[0c434acd/48h/0h/0h/2h]xpub6E", "[0c434acd/48h/0h/0h/2h]xpub6E"]`, "chains[1].utxo.cold_keys[1]"},
		{"cold_keys: []", "threshold: 1", "chains[1].utxo.threshold"},
		{"cold_keys: []", "threshold: 4", "chains[1].utxo.threshold"},
		{"cold_keys: []", "threshold: 5\n      cold_keys: [\"[0c434acd/48h/0h/0h/2h]xpub6E\"]", "chains[1].utxo.threshold"},
		{"http://bitcoin-a.example.com:8332", "http://u:p@bitcoin-a.example.com:8332", "chains[1].utxo.nodes[0].url"},
		{"http://bitcoin-a.example.com:8332", "tcp://bitcoin-a.example.com:8332", "chains[1].utxo.nodes[0].url"},
		{"http://bitcoin-a.example.com:8332", "http://127.0.0.1:8332", "chains[1].utxo.nodes[1].url"},
		{"https://bitcoin-c.example.org:8332", "http://127.0.0.1:8332", "chains[1].utxo.witness_nodes"},
		{"user: coffer, password_file: /etc/coffer/bitcoin.password", "user: coffer", "chains[1].utxo.nodes[0].password_file"},
		{"user: coffer, password_file: /etc/coffer/bitcoin.password", "password_file: /etc/coffer/bitcoin.password", "chains[1].utxo.nodes[0].password_file"},
		{"user: coffer, password_file: /etc/coffer/bitcoin.password", `user: "a:b", password_file: x`, "chains[1].utxo.nodes[0].user"},
		{"cookie_file: /var/lib", "user: u, password_file: p, cookie_file: /var/lib", "chains[1].utxo.nodes[1].cookie_file"},
		{"cookie_file: /var/lib/bitcoind/.cookie", "cookie_file: /c, zmq: \"http://127.0.0.1:28332\"", "chains[1].utxo.nodes[1].zmq"},
		{"cookie_file: /var/lib/bitcoind/.cookie", "cookie_file: /c, zmq: \"tcp://127.0.0.1\"", "chains[1].utxo.nodes[1].zmq"},
		{"cookie_file: /var/lib/bitcoind/.cookie", "cookie_file: /c, zmq: \"tcp://[::1]:1\"", "chains[1].utxo.nodes[1].zmq"},
		{"cookie_file: /var/lib/bitcoind/.cookie", "cookie_file: /c, zmq: \"tcp://u@h:1/x\"", "chains[1].utxo.nodes[1].zmq"},
		{"password_file: /etc/coffer/bitcoin-c.password", "password_file: /p, zmq: \"tcp://h:1\"", "chains[1].utxo.witness_nodes[0].zmq"},
		{"confirmations: 6 ", "confirmations: 101 ", "chains[1].utxo.confirmations"},
		{"fee_blocks: 6", "fee_blocks: 1009", "chains[1].utxo.fee_blocks"},
		{`fee_floor: "1"`, `fee_floor: "0"`, "chains[1].utxo.fee_floor"},
		{`fee_floor: "1"`, `fee_floor: "1.0001"`, "chains[1].utxo.fee_floor"},
		{`fee_cap: "300"`, `fee_cap: "0.5"`, "chains[1].utxo.fee_cap"},
		{`fee_cap: "300"`, `fee_cap: "10001"`, "chains[1].utxo.fee_cap"},
		{`fee_fallback: "20"`, `fee_fallback: "301"`, "chains[1].utxo.fee_fallback"},
		{`fee_long_term: "10"`, `fee_long_term: "301"`, "chains[1].utxo.fee_long_term"},
		{"consolidate_over: 500", "consolidate_over: -1", "chains[1].utxo.consolidate_over"},
		{`payout_fee_cap: "0.002"`, `payout_fee_cap: "0.000000001"`, "chains[1].payout_fee_cap"},
		{last, "    payout_valid: 25h", "chains[1].payout_valid"},
		{last, "    payout_path: userop", "chains[1].payout_path"},
		{last, "    rpc: [\"http://127.0.0.1:1\"]", "chains[1].rpc"},
		{last, "    witness_rpc: [\"http://127.0.0.1:1\"]", "chains[1].witness_rpc"},
		{last, "    wallet: \"0x0000000000000000000000000000000000000002\"", "chains[1].wallet"},
		{last, "    entry_point: \"0x0000000000000000000000000000000000000002\"", "chains[1].entry_point"},
		{last, "    executor_signers: [signer-1]", "chains[1].executor_signers"},
		{last, "    native_transfers: auto", "chains[1].native_transfers"},
		{last, "    payout_max_gas: 8000000", "chains[1].payout_max_gas"},
		{last, "    sweep: { interval: 5m }", "chains[1].sweep"},
		{last, "    assets: [{ id: \"bip122:000000000019d6689c085ae165831e93/erc20:0x\", symbol: X }]", "chains[1].assets"},
		{"symbol: BTC,", "symbol: BTC, fee: { network: true },", "chains[1].native.fee.network"},
		{"symbol: BTC,", "symbol: BTC, payout_gas: 80000,", "chains[1].native.payout_gas"},
		{"    payout_path: userop", "    utxo: { confirmations: 6 }", "chains[0].utxo"},
	}
	for _, c := range cases {
		broken := strings.Replace(string(text), c.from, c.to, 1)
		if broken == string(text) {
			t.Fatalf("%q does not stand in the example", c.from)
		}
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Read(config.Sources{File: file}); err == nil || !strings.Contains(err.Error(), c.key+":") {
			t.Errorf("%q: error %v does not name %s", c.to, err, c.key)
		}
	}
}

// withOmni makes the example's Bitcoin chain one with a token of the Omni Layer.
func withOmni(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	changed := string(text)
	for _, c := range []struct{ from, to string }{
		{`descriptor: "wsh(sortedmulti`, `descriptor: "sh(wsh(sortedmulti`},
		{"      # omni: {", "      omni: {"},
		{"    start_height: 880000", "    assets: [{ id: \"bip122:000000000019d6689c085ae165831e93/omni:31\", symbol: USDT, decimals: 8, min_deposit: \"1\" }]\n    start_height: 880000"},
		{"    # sweep: {", "    sweep: {"},
	} {
		if !strings.Contains(changed, c.from) {
			t.Fatalf("%q does not stand in the example", c.from)
		}
		changed = strings.Replace(changed, c.from, c.to, 1)
	}
	return changed
}

func readText(t *testing.T, text string) (config.Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Read(config.Sources{File: file})
}

func TestATokenOfTheOmniLayer(t *testing.T) {
	c, err := readText(t, withOmni(t))
	if err != nil {
		t.Fatal(err)
	}
	chain := c.Chains[1]
	if chain.Sweep.Interval != time.Minute || chain.Sweep.Assets[0].Min != "5" {
		t.Errorf("sweeps: %+v", chain.Sweep)
	}
	if chain.UTXO.Omni.Property != 31 || len(chain.UTXO.Omni.Nodes) != 1 {
		t.Errorf("omni: %+v", chain.UTXO.Omni)
	}
	if a := chain.Assets[0]; a.Credit != 2 || a.Unlock != 6 || a.MinWithdraw != "0" || a.PayoutGas != 0 {
		t.Errorf("asset: %+v", a)
	}
	if c, err = config.Read(config.Sources{File: example}); err != nil || c.Chains[1].UTXO.Omni.Wanted() {
		t.Errorf("it is on in the example: %v", err)
	}
}

func TestBrokenRulesOfTheOmniLayerAreNamedByKey(t *testing.T) {
	const token = "bip122:000000000019d6689c085ae165831e93/omni:31"
	cases := []struct{ from, to, key string }{
		{"property: 31, nodes", "property: 0, nodes", "chains[1].utxo.omni.property"},
		{"property: 31, nodes", "property: 2, nodes", "chains[1].utxo.omni.property"},
		{"property: 31, nodes", "property: 4294967296, nodes", "property"},
		{"property: 31, nodes", "property: 32, nodes", "chains[1].assets[0].id"},
		{"omni: { property: 31, nodes", "omni: { property: 31 } #", "chains[1].utxo.omni.nodes"},
		{"http://omni.example.com:8332", "http://u:p@omni.example.com:8332", "chains[1].utxo.omni.nodes[0].url"},
		{"password_file: /etc/coffer/omni.password", "cookie_file: x", "chains[1].utxo.omni.nodes[0].cookie_file"},
		{"      omni: {", "      # omni: {", "chains[1].assets"},
		{"    assets: [{ id: \"" + token, "    # assets: [{ id: \"" + token, "chains[1].assets"},
		{token + "\", symbol", "bip122:000000000019d6689c085ae165831e93/erc20:31\", symbol", "chains[1].assets[0].id"},
		{`descriptor: "sh(wsh(sortedmulti`, `descriptor: "wsh(sortedmulti`, "chains[1].utxo.descriptor"},
		{"symbol: USDT, decimals: 8, min", "symbol: USDT, decimals: 6, min", "chains[1].assets[0].decimals"},
		{`decimals: 8, min_deposit: "1"`, `decimals: 8, min_deposit: "92233720368.54775808"`, "chains[1].assets[0].min_deposit"},
		{`decimals: 8, min_deposit: "1"`, `decimals: 8, payout_max: "92233720368.54775808"`, "chains[1].assets[0].payout_max"},
		{"[{ asset: \"" + token + "\", min", "[{ asset: \"bip122:000000000019d6689c085ae165831e93/slip44:0\", min", "chains[1].sweep.assets[0].asset"},
		{`min: "5"`, `min: "0.000000001"`, "chains[1].sweep.assets[0].min"},
		{`min: "5"`, `native_price: "50000"`, "chains[1].sweep.assets[0].native_price"},
		{"interval: 1m }", "max_forwarders: 2 }", "chains[1].sweep.max_forwarders"},
		{"interval: 1m }", "interval: 25h }", "chains[1].sweep.interval"},
		{`decimals: 8, min_deposit: "1"`, `decimals: 8, credit: 7`, "chains[1].assets[0].credit"},
		{`decimals: 8, min_deposit: "1"`, `decimals: 8, needs_memo: true`, "chains[1].assets[0].needs_memo"},
		{`decimals: 8, min_deposit: "1"`, `decimals: 8, payout_gas: 80000`, "chains[1].assets[0].payout_gas"},
		{`decimals: 8, min_deposit: "1"`, `decimals: 8, fee: { network: true, native_price: "50000" }`, "chains[1].assets[0].fee.network"},
	}
	text := withOmni(t)
	for _, c := range cases {
		at := strings.LastIndex(text, c.from)
		if at < 0 {
			t.Fatalf("%q does not stand in the example", c.from)
		}
		broken := text[:at] + c.to + text[at+len(c.from):]
		if _, err := readText(t, broken); err == nil || !strings.Contains(err.Error(), c.key) {
			t.Errorf("%q: error %v does not name %s", c.to, err, c.key)
		}
	}
}

func TestANodesPasswordComesFromItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	node := config.Node{URL: "http://127.0.0.1:8332", User: "coffer", PasswordFile: file}
	if login, err := node.Login(); err == nil {
		t.Fatalf("a missing file gave %q", login)
	}
	for _, bad := range []string{"", "\n", "two\nlines\n"} {
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if login, err := node.Login(); err == nil {
			t.Errorf("the file %q gave %q", bad, login)
		}
	}
	if err := os.WriteFile(file, []byte("p@ss/word\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	login, err := node.Login()
	if err != nil || login != "http://coffer:p%40ss%2Fword@127.0.0.1:8332" {
		t.Errorf("%q, %v", login, err)
	}
	if login, err := (config.Node{URL: "http://a:1"}).Login(); err != nil || login != "http://a:1" {
		t.Errorf("%q, %v", login, err)
	}
}
