package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/spf13/pflag"
)

const example = "coffer.example.yaml"

func TestExampleFileIsValid(t *testing.T) {
	c, err := config.Read(config.Sources{File: example})
	if err != nil {
		t.Fatal(err)
	}
	usdt := c.Chains[0].Assets[0].Words()
	if usdt.WithdrawFee != coffer.NewAmount(1_000_000) || usdt.Credit != 12 || usdt.Unlock != 64 {
		t.Errorf("USDT of the example: %+v", usdt)
	}
	if c.Chains[0].EntryPoint != config.EntryPointV07 || c.Chains[0].PollInterval != 2*time.Second {
		t.Errorf("chain of the example: %+v", c.Chains[0])
	}
}

func TestLaterSourcesWin(t *testing.T) {
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	flags.String("log-level", "info", "")
	flags.String("listen", "", "")
	if err := flags.Parse([]string{"--log-level", "debug"}); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(config.Sources{
		File:    example,
		Environ: []string{"COFFER_LOG__LEVEL=warn", "COFFER_HTTP__LISTEN=127.0.0.1:9", "COFFER_ROLES=api,payouts", "HOME=/", "COFFER_ANVIL=x"},
		Flags:   flags,
		FlagKey: map[string]string{"log-level": "log.level", "listen": "http.listen"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Log.Level != "debug" {
		t.Errorf("log.level %q: the flag does not win over the environment", c.Log.Level)
	}
	if c.HTTP.Listen != "127.0.0.1:9" {
		t.Errorf("http.listen %q: the environment does not win over the file, or a flag that was not given does", c.HTTP.Listen)
	}
	if len(c.Roles) != 2 || !c.Has("payouts") || c.Has("indexer") {
		t.Errorf("roles %q", c.Roles)
	}
	if c.Log.Format != "json" {
		t.Errorf("log.format %q: the file does not win over the default", c.Log.Format)
	}
}

func TestUnknownKeysAreErrorsThatNameKeyAndSource(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte("http:\n  listne: 127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		sources config.Sources
		names   []string
	}{
		"file":        {config.Sources{File: file}, []string{file, "listne"}},
		"environment": {config.Sources{Environ: []string{"COFFER_LOG__LOUDNESS=debug"}}, []string{"environment", "loudness"}},
	}
	for name, c := range cases {
		_, err := config.Read(c.sources)
		if err == nil {
			t.Errorf("%s: an unknown key passed", name)
			continue
		}
		for _, want := range c.names {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not name %q", name, err, want)
			}
		}
	}
}

func TestBrokenRulesAreNamedByKey(t *testing.T) {
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ from, to, key string }{
		{"level: info", "level: loud", "log.level"},
		{"threshold: 2", "threshold: 4", "signing.threshold"},
		{"name: signer-2", "name: signer-1", "signing.signers[1].name"},
		{"id: eip155:1\n", "id: bip122:abc\n", "chains[0].id"},
		{"erc20:0xdAC1", "erc20 0xdAC1", "chains[0].assets[0].id"},
		{`withdraw_fee: "1"`, `withdraw_fee: "1.0000001"`, "chains[0].assets[0].withdraw_fee"},
		{"        unlock: 64", "        unlock: 3", "chains[0].assets[0].unlock"},
		{`wallet: "0x0000`, `wallet: "0000`, "chains[0].wallet"},
		{"executor_signers: [signer-1, signer-2]", "executor_signer: signer-9", "chains[0].executor_signer"},
		{"executor_signers: [signer-1, signer-2]", "executor_signers: []", "chains[0].executor_signer"},
		{"executor_signers: [signer-1, signer-2]", "executor_signers: [signer-1, signer-9]", "chains[0].executor_signers[1]"},
		{`deposit_min: "0.3"`, `deposit_min: "much"`, "chains[0].refill.deposit_min"},
		{`deposit_target: "0.6"`, `deposit_target: "0.2"`, "chains[0].refill.deposit_target"},
		{`executor_target: "0.5"`, `executor_target: "0.1"`, "chains[0].refill.executor_target"},
		{`at_once: "0.5"`, `at_once: "0"`, "chains[0].refill.at_once"},
		{"roles: [all]", "roles: [everything]", "roles"},
		{"https://node-a", "ftp://node-a", "chains[0].rpc"},
		{"https://node-a.example.com", "https://", "chains[0].rpc"},
		{"127.0.0.1:8080", "127.0.0.1:99999", "http.listen"},
		{"signer-1.example.com:7000", "signer-1.example.com:x", "signing.signers[0].address"},
		{"erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7", "erc20:0xdac17f958d2ee523a2206206994597c13d831ec7", "chains[0].assets[0].id"},
		{"erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7", "erc20:0xDAC17F958D2ee523a2206206994597C13D831ec7", "chains[0].assets[0].id"},
		{"id: eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7", "id: eip155:1/slip44:60", "chains[0].assets[0].id"},
		{"decimals: 6", "decimals: 37", "chains[0].assets[0].decimals"},
		{`0xA83c336B20401Af773B6219BA5027174338D1836`, `0xA83C336B20401Af773B6219BA5027174338D1836`, "chains[0].multi_send"},
		{`wallet: "0x0000000000000000000000000000000000000002"`, `wallet: "0x0000000000000000000000000000000000000000"`, "chains[0].wallet"},
		{`guard: "0x0000000000000000000000000000000000000003"`, `guard: "0x00"`, "chains[0].guard"},
		{`guard: "0x0000000000000000000000000000000000000003"`, `guard: "0x0000000000000000000000000000000000000000"`, "chains[0].guard"},
		{"native_transfers: auto", "native_transfers: some", "chains[0].native_transfers"},
		{"poll_interval: 2s", "poll_interval: -1s", "chains[0].poll_interval"},
		{"silent_after: 2m", "silent_after: 1s", "chains[0].silent_after"},
		{"payout_valid: 30m", "payout_valid: 1ns", "chains[0].payout_valid"},
		{`payout_fee_cap: "0.05"`, `payout_fee_cap: "0"`, "chains[0].payout_fee_cap"},
		{"keep_events: 2160h", "keep_events: 1h", "stream.keep_events"},
		{"keep_raw: 0s", "keep_raw: -24h", "stream.keep_raw"},
		{"https://node-c.example.org", "node-c.example.org", "chains[0].witness_rpc"},
		{"https://node-c.example.org", "https://node-a.example.com/other", "chains[0].witness_rpc"},
		{"name: large", `name: ""`, "chains[0].deposits.rules[0].name"},
		{"name: many", "name: large", "chains[0].deposits.rules[1].name"},
		{`asset: "eip155:1/erc20:0xdAC1`, `asset: "eip155:2/erc20:0xdAC1`, "chains[0].deposits.rules[0].asset"},
		{`amount: "10000"`, `amount: "1.0000001"`, "chains[0].deposits.rules[0].amount"},
		{`amount: "10000"`, `amount: "0"`, "chains[0].deposits.rules[0].amount"},
		{`amount: "10000"`, `amount: "1", count: 2, window: 1h`, "chains[0].deposits.rules[0]"},
		{`, amount: "10000"`, ``, "chains[0].deposits.rules[0]"},
		{`count: 20, window: 1h`, `amount: "5"`, "chains[0].deposits.rules[1].asset"},
		{"count: 20", "count: -20", "chains[0].deposits.rules[1].count"},
		{"window: 1h", "window: 10000h", "chains[0].deposits.rules[1].window"},
		{"count: 20, window: 1h", "count: 20", "chains[0].deposits.rules[1].window"},
		{`blocked_senders: ["0x8589427373D6`, `blocked_senders: ["0x8589427373d6`, "chains[0].deposits.blocked_senders[0]"},
		{`known_tokens: ["eip155:1/`, `known_tokens: ["eip155:5/`, "chains[0].deposits.known_tokens[0]"},
		{"erc20:0x6B175474E89094C44Da98b954EedeAC495271d0F", "slip44:60", "chains[0].deposits.known_tokens[0]"},
		{"0x6B175474E89094C44Da98b954EedeAC495271d0F", "0x6b175474e89094c44da98b954eedeac495271d0f", "chains[0].deposits.known_tokens[0]"},
		{"0x6B175474E89094C44Da98b954EedeAC495271d0F", "0xdAC17F958D2ee523a2206206994597C13D831ec7", "chains[0].deposits.known_tokens[0]"},
		{"unknown_per_block: 100", "unknown_per_block: -1", "chains[0].deposits.unknown_per_block"},
		{"unknown_per_chain: 10000", "unknown_per_chain: 1000001", "chains[0].deposits.unknown_per_chain"},
		{"payout_max_legs: 50", "payout_max_legs: 101", "chains[0].payout_max_legs"},
		{`- { asset: "eip155:1/slip44:60", min`, `- { asset: "eip155:1/slip44:61", min`, "chains[0].sweep.assets[1].asset"},
		{`- { asset: "eip155:1/slip44:60", min: "0.005"`, `- { asset: "eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7"`, "chains[0].sweep.assets[1].asset"},
		{`min: "20", native_price: "3500"`, `min: "-20"`, "chains[0].sweep.assets[0].min"},
		{`min: "20", native_price: "3500"`, `min: "1.0000001"`, "chains[0].sweep.assets[0].min"},
		{`native_price: "3500" }`, `native_price: "0" }`, "chains[0].sweep.assets[0].native_price"},
		{`native_price: "3500" }`, `native_price: "1e3" }`, "chains[0].sweep.assets[0].native_price"},
		{`min: "0.005" }`, `min: "0.005", native_price: "1" }`, "chains[0].sweep.assets[1].native_price"},
		{"interval: 5m", "interval: 25h", "chains[0].sweep.interval"},
		{"max_forwarders: 60", "max_forwarders: 101", "chains[0].sweep.max_forwarders"},
		{"max_forwarders: 60", "max_forwarders: -1", "chains[0].sweep.max_forwarders"},
		{"cost_factor: 10", "cost_factor: 1000001", "chains[0].sweep.cost_factor"},
		{"max_age: 168h", "max_age: 1s", "chains[0].sweep.max_age"},
		{"payout_max_gas: 8000000", "payout_max_gas: 900000", "chains[0].payout_max_gas"},
		{"payout_path: userop", "payout_path: sideways", "chains[0].payout_path"},
		{"payout_path: userop", "payout_path: exec\n    bundler_url: \"http://127.0.0.1:4337\"", "chains[0].payout_path"},
		{"payout_path: userop", "payout_path: auto\n    bundler_url: \"http://127.0.0.1:4337\"", "chains[0].payout_path"},
		{"payout_lanes: 4", "payout_lanes: 65", "chains[0].payout_lanes"},
		{"payout_lanes: 4", "payout_lanes: -1", "chains[0].payout_lanes"},
		{"payout_bumps: 20", "payout_bumps: 100", "chains[0].payout_bumps"},
		{"payout_retry: 1m", "payout_retry: 25h", "chains[0].payout_retry"},
		{`payout_max: "250000"`, `payout_max: "0"`, "chains[0].assets[0].payout_max"},
		{`payout_max_destination: "100000"`, `payout_max_destination: "1.0000001"`, "chains[0].assets[0].payout_max_destination"},
		{"payout_gas: 80000", "payout_gas: 500001", "chains[0].assets[0].payout_gas"},
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

// What would be cut to fit, or went through a float, is refused with its key.
func TestAFileHoldsValuesOfTheirOwnType(t *testing.T) {
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ from, to, names string }{
		{"decimals: 6", "decimals: 300", "decimals"},
		{"decimals: 6", "decimals: -1", "decimals"},
		{"decimals: 6", "decimals: 6.9", "decimals"},
		{"decimals: 6", "decimals: true", "decimals"},
		{"decimals: 6", `decimals: "6"`, "decimals"},
		{"credit: 12", "credit: -1", "credit"},
		{"threshold: 2", "threshold: 2.9", "threshold"},
		{`min_deposit: "1"`, "min_deposit: 1", "min_deposit"},
		{`min_deposit: "0.001"`, "min_deposit: 0.001", "min_deposit"},
		{"poll_interval: 2s", "poll_interval: 2", "poll_interval"},
		{`amount: "10000"`, "amount: 10000", "amount"},
		{"count: 20", "count: 2.5", "count"},
		{"window: 1h", "window: 3600", "window"},
		{"decimals: 6", "decimals: 6\n        needs_memo: 1", "needs_memo"},
		{"dsn_file: /etc/coffer/postgres.dsn", "dsn: postgres://u:p@localhost/coffer", "postgres.dsn"},
		{"dsn_file: /etc/coffer/postgres.dsn", "dsn: user=u password=p", "postgres.dsn"},
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
		if _, err := config.Read(config.Sources{File: file}); err == nil || !strings.Contains(err.Error(), c.names) || !strings.Contains(err.Error(), file) {
			t.Errorf("%q: error %v does not name %s and the file", c.to, err, c.names)
		}
	}
}

func TestListsComeByFlags(t *testing.T) {
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	flags.StringSlice("roles", nil, "")
	if err := flags.Parse([]string{"--roles", "api,payouts"}); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(config.Sources{File: example, Flags: flags, FlagKey: map[string]string{"roles": "roles"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Roles) != 2 || !c.Has("api") || !c.Has("payouts") {
		t.Errorf("roles %q", c.Roles)
	}
}
