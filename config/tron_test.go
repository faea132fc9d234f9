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

func TestTRONHasDefaultsOfItsOwn(t *testing.T) {
	c, err := config.Read(config.Sources{File: example})
	if err != nil {
		t.Fatal(err)
	}
	chain := c.Chains[2]
	if chain.PayoutPath != coffer.PathTRON || chain.PollInterval != time.Second || chain.SilentAfter != time.Minute || chain.PayoutMaxLegs != 1 {
		t.Errorf("chain of the example: %+v", chain)
	}
	if chain.EntryPoint != "" || chain.PayoutMaxGas != 0 || chain.NativeTransfers != "" || chain.Native.PayoutGas != 0 || chain.UTXO.Confirmations != 0 {
		t.Errorf("a chain of TRON got defaults of others: %+v", chain)
	}
	if usdt := chain.Assets[0].Words(); usdt.Credit != 20 || usdt.Unlock != 20 || usdt.MinDeposit != coffer.NewAmount(1_000_000) {
		t.Errorf("USDT: %+v", usdt)
	}
	if c.Chains[0].TRON.Agree != 0 || c.Chains[1].TRON.Permission != 0 {
		t.Error("other chains got defaults of TRON")
	}

	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	left := string(text)
	for _, line := range []string{
		"      agree: 2\n", "      permission: 2 # the active permission whose keys the signers hold\n", ", credit: 20, unlock: 20",
		"    payout_fee_cap: \"50\" # TRX that one payout may burn\n",
	} {
		if !strings.Contains(left, line) {
			t.Fatalf("%q does not stand in the example", line)
		}
		left = strings.ReplaceAll(left, line, "")
	}
	c, err = readText(t, left)
	if err != nil {
		t.Fatal(err)
	}
	if chain := c.Chains[2]; chain.TRON.Agree != 2 || chain.TRON.Permission != 2 || chain.Assets[0].Credit != 20 || chain.Assets[0].Unlock != 20 || chain.PayoutFeeCap != "50" {
		t.Errorf("what was left out: %+v", chain)
	}
}

func TestBrokenRulesOfTRONAreNamedByKey(t *testing.T) {
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	const last = "    payout_fee_cap: \"50\""
	const burn = "      internal_transfers: false"
	cases := []struct{ from, to, key string }{
		{"- id: tron:0x2b6653dc\n", "- id: tron:mainnet\n", "chains[2].id"},
		{"- id: tron:0x2b6653dc\n", "- id: tron:0x2B6653DC\n", "chains[2].id"},
		{"slip44:195\"", "slip44:60\"", "chains[2].native.id"},
		{"symbol: TRX, decimals: 6", "symbol: TRX, decimals: 18", "chains[2].native.decimals"},
		{"trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t\", symbol", "erc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t\", symbol", "chains[2].assets[0].id"},
		{"trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t\", symbol", "trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T\", symbol", "chains[2].assets[0].id"},
		{"trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t\", symbol", "trc20:41a614f803b6fd780986a42c78ec9c7f77e6ded13c\", symbol", "chains[2].assets[0].id"},
		{"account: TCNkawTmcQgYSU8nP8cHswT1QPjharxJr7", "account: TCNkawTmcQgYSU8nP8cHswT1QPjharxJr8", "chains[2].tron.account"},
		{"trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t\", symbol", "trc10:1002000\", symbol", "chains[2].assets[0].id"},
		{"account: TCNkawTmcQgYSU8nP8cHswT1QPjharxJr7", "account: \"\"", "chains[2].tron.account"},
		{"account: TCNkawTmcQgYSU8nP8cHswT1QPjharxJr7", "account: 41a614f803b6fd780986a42c78ec9c7f77e6ded13c", "chains[2].tron.account"},
		{"account: TCNkawTmcQgYSU8nP8cHswT1QPjharxJr7", "account: \"0xa614f803b6fd780986a42c78ec9c7f77e6ded13c\"", "chains[2].tron.account"},
		{"permission: 2 #", "permission: 1 #", "chains[2].tron.permission"},
		{"permission: 2 #", "permission: 10 #", "chains[2].tron.permission"},
		{"deposit_key: \"[e2867bb6/44h/195h/0h]xpub", "deposit_key: \"xpub", "chains[2].tron.deposit_key"},
		{"0h]xpub6BsE5", "0h]xprv6BsE5", "chains[2].tron.deposit_key"},
		{"deposit_key: \"[e2867bb6/44h/195h/0h]", "deposit_key: \"[E2867BB6/44h/195h/0h]", "chains[2].tron.deposit_key"},
		{"deposit_key: \"[e2867bb6/44h/195h/0h]", "deposit_key: \"[e2867bb6/44'/195'/0']", "chains[2].tron.deposit_key"},
		{"agree: 2", "agree: 2\n      cold_keys: [TCNkawTmcQgYSU8nP8cHswT1QPjharxJr8]", "chains[2].tron.cold_keys[0]"},
		{"agree: 2", "agree: 2\n      cold_keys: [\"0x90F79bf6EB2c4f870365E785982E1f101E93b906\"]", "chains[2].tron.cold_keys[0]"},
		{"agree: 2", "agree: 2\n      cold_keys: [TJRabPrwbZy45sbavfcjinPJC18kjpRTv8, TJRabPrwbZy45sbavfcjinPJC18kjpRTv8]", "chains[2].tron.cold_keys[1]"},
		{"agree: 2", "agree: 2\n      cold_keys: [a, b, c, d, e]", "chains[2].tron.cold_keys: want less than 5"},
		{"agree: 2", "agree: 4", "chains[2].tron.agree"},
		{"agree: 2", "agree: -1", "chains[2].tron.agree"},
		{"url: \"grpc://tron-a.example.com:50051\"", "url: \"https://tron-a.example.com/wallet\"", "chains[2].tron.nodes[0].url"},
		{"url: \"grpc://tron-a.example.com:50051\"", "url: \"https://tron-a.example.com?key=1\"", "chains[2].tron.nodes[0].url"},
		{"url: \"grpc://tron-a.example.com:50051\"", "url: \"ftp://tron-a.example.com\"", "chains[2].tron.nodes[0].url"},
		{"url: \"grpc://tron-a.example.com:50051\"", "url: \"grpc://tron-a.example.com\"", "chains[2].tron.nodes[0].url"},
		{"url: \"grpc://tron-b.example.com:50051\"", "url: \"grpc://u:p@tron-b.example.com:50051\"", "chains[2].tron.nodes[1].url"},
		{"url: \"grpc://tron-b.example.com:50051\"", "url: \"grpc://tron-a.example.com:50051\"", "chains[2].tron.nodes[1].url"},
		{"url: \"grpc://tron-b.example.com:50051\"", "url: \"grpc://Tron-A.example.com.:50051\"", "chains[2].tron.nodes[1].url"},
		{"solidity_url: \"grpc://tron-b.example.com:50061\"", "solidity_url: \"x\"", "chains[2].tron.nodes[1].solidity_url"},
		{"solidity_url: \"grpc://tron-b.example.com:50061\"", "solidity_url: \"grpc://tron-a.example.com:50061\"", "chains[2].tron.nodes[1].solidity_url"},
		{"grpcs://tron-c.example.org:50051", "grpc://tron-c.example.org:50051", "chains[2].tron.nodes[2].api_key_file"},
		{last, "    wallet: \"x\"\n" + last, "chains[2].wallet"},
		{last, "    rpc: [\"https://x.example.com\"]\n" + last, "chains[2].rpc"},
		{last, "    witness_rpc: [\"https://x.example.com\"]\n" + last, "chains[2].witness_rpc"},
		{last, "    native_transfers: auto\n" + last, "chains[2].native_transfers"},
		{"max_forwarders: 20", "max_forwarders: 101", "chains[2].sweep.max_forwarders"},
		{"cost_factor: 10 # what is there", "cost_factor: -1 # what is there", "chains[2].sweep.cost_factor"},
		{"max_age: 168h # after which once", "max_age: 1s # after which once", "chains[2].sweep.max_age"},
		{"min: \"20\"", "min: \"0.0000001\"", "chains[2].sweep.assets[0].min"},
		{"exposure_cap: \"50000\"", "exposure_cap: \"0\"", "chains[2].sweep.assets[0].exposure_cap"},
		{"exposure_cap: \"50000\"", "exposure_cap: \"-5\"", "chains[2].sweep.assets[0].exposure_cap"},
		{"exposure_cap: \"50000\"", "exposure_cap: \"1.0000001\"", "chains[2].sweep.assets[0].exposure_cap"},
		{"native_price: \"0.30\"", "native_price: \"0\"", "chains[2].sweep.assets[0].native_price"},
		{"{ asset: \"tron:0x2b6653dc/trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t\", min: \"20\", native_price: \"0.30\"", "{ asset: \"tron:0x2b6653dc/slip44:195\", min: \"0.9\"", "chains[2].sweep.assets[0].min"},
		{"      deposit_key: ", "      # deposit_key: ", "chains[2].sweep.assets"},
		{last, "    payout_path: userop\n" + last, "chains[2].payout_path"},
		{last, "    payout_max_legs: 2\n" + last, "chains[2].payout_max_legs"},
		{last, "    silent_after: 5s\n" + last, "chains[2].silent_after"},
		{last, "    utxo: { confirmations: 6 }\n" + last, "chains[2].utxo"},
		{last, "    utxo: {}\n    payout_fee_cap: \"x\" #", "chains[2].payout_fee_cap"},
		{burn, "      max_burn: \"0\"\n" + burn, "chains[2].tron.max_burn"},
		{burn, "      max_burn: \"50.000001\"\n" + burn, "chains[2].tron.max_burn"},
		{burn, "      max_burn: \"0.0000001\"\n" + burn, "chains[2].tron.max_burn"},
		{burn, "      max_burn: \"two\"\n" + burn, "chains[2].tron.max_burn"},
		{"    deposits:\n      rules:\n        - { name: large on TRON", "    deposits:\n      blocked_senders: [T1]\n      rules:\n        - { name: large on TRON", "chains[2].deposits.blocked_senders[0]"},
		{"    deposits:\n      rules:\n        - { name: large on TRON", "    deposits:\n      known_tokens: [\"tron:0x2b6653dc/trc20:T1\"]\n      rules:\n        - { name: large on TRON", "chains[2].deposits.known_tokens[0]"},
		{"symbol: USDT, decimals: 6, min_deposit: \"1\", min_withdraw: \"5\", withdraw_fee: \"3\"", "symbol: USDT, decimals: 6, needs_memo: true", "chains[2].assets[0].needs_memo"},
		{"start_height: 21000000", "tron: { agree: 1 }\n    start_height: 21000000", "chains[0].tron"},
	}
	for _, c := range cases {
		at := strings.LastIndex(string(text), c.from)
		if at < 0 {
			t.Fatalf("%q does not stand in the example", c.from)
		}
		broken := string(text)[:at] + c.to + string(text)[at+len(c.from):]
		if _, err := readText(t, broken); err == nil || !strings.Contains(err.Error(), c.key) {
			t.Errorf("%q: error %v does not name %s", c.to, err, c.key)
		}
	}
}

func TestAnAPIKeyComesFromItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	node := config.TRONNode{URL: "grpcs://a.example.com:1", APIKeyFile: file}
	if key, err := node.APIKey(); err == nil {
		t.Fatalf("a missing file gave %q", key)
	}
	for _, bad := range []string{"", "\n", "two\nlines\n", "a b", strings.Repeat("k", 257)} {
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if key, err := node.APIKey(); err == nil {
			t.Errorf("the file %.20q gave %q", bad, key)
		}
	}
	if err := os.WriteFile(file, []byte("0123-abc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if key, err := node.APIKey(); err != nil || key != "0123-abc" {
		t.Errorf("%q, %v", key, err)
	}
	if key, err := (config.TRONNode{}).APIKey(); err != nil || key != "" {
		t.Errorf("%q, %v", key, err)
	}
}
