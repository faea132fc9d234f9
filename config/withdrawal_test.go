package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer/config"
)

func TestWithdrawalsOfTheExample(t *testing.T) {
	c, err := config.Read(config.Sources{File: example})
	if err != nil {
		t.Fatal(err)
	}
	w := c.Withdrawals
	if w.QuoteTTL != 2*time.Minute || w.Sanctions.MaxAge != 48*time.Hour || len(w.Sanctions.Keys) != 1 || w.Customers.Source != config.CustomersTable || w.Sandbox {
		t.Errorf("withdrawals %+v", w)
	}
	fee := c.Chains[0].Assets[0].Fee
	if fee.Percent != "0.1" || !fee.Network || fee.NetworkGas != 120_000 || fee.Most != "50" {
		t.Errorf("fee of USDT %+v", fee)
	}
	if native := c.Chains[0].Native.Fee; native.Network || native.Percent != "0" || native.Most != "0" {
		t.Errorf("fee of ETH, which names none: %+v", native)
	}
}

func TestPercentagesAreReadAsMillionths(t *testing.T) {
	for text, want := range map[string]uint32{"0": 0, "0.25": 2_500, "100": 1_000_000, "0.0001": 1} {
		if got, err := config.PerMillion(text); err != nil || got != want {
			t.Errorf("%s %%: %d %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "0.00001", "1e2", "1%", "99999999999999999999", "1,5"} {
		if got, err := config.PerMillion(text); err == nil {
			t.Errorf("%q passed as %d", text, got)
		}
	}
}

func TestBrokenRulesOfWithdrawalsAreNamedByKey(t *testing.T) {
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	const customers = "    source: table\n    unknown: limited"
	cases := []struct{ from, to, key string }{
		{"quote_ttl: 2m", "quote_ttl: 1ms", "withdrawals.quote_ttl"},
		{"quote_ttl: 2m", "quote_ttl: 25h", "withdrawals.quote_ttl"},
		{"order_ttl: 72h", "order_ttl: 1m", "withdrawals.order_ttl"},
		{"activation_delay: 24h", "activation_delay: -1h", "withdrawals.activation_delay"},
		{"activation_delay: 24h", "activation_delay: 800h", "withdrawals.activation_delay"},
		{"max_age: 48h", "max_age: 1s", "withdrawals.sanctions.max_age"},
		{"    file: /etc/coffer/sanctions.txt\n", "", "withdrawals.sanctions"},
		{`    keys: ["0xd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"]` + "\n", "", "withdrawals.sanctions"},
		{"0xd75a9801", "d75a9801", "withdrawals.sanctions.keys[0]"},
		{"0xd75a9801", "0xd75a98", "withdrawals.sanctions.keys[0]"},
		{"source: table", "source: oracle", "withdrawals.customers.source"},
		{"unknown: limited", "unknown: nice", "withdrawals.customers.unknown"},
		{"ttl: 5m\n", "ttl: 1s\n", "withdrawals.customers.ttl"},
		{customers, customers + "\n    url: https://kyc.example.com", "withdrawals.customers.url"},
		{customers, customers + "\n    secret_file: /etc/coffer/kyc", "withdrawals.customers.secret_file"},
		{"source: table", "source: callback", "withdrawals.customers.url"},
		{customers, "    source: callback\n    url: http://kyc.example.com", "withdrawals.customers.url"},
		{customers, "    source: callback\n    url: https://me:secret@kyc.example.com", "withdrawals.customers.url"},
		{customers, "    source: callback\n    url: kyc", "withdrawals.customers.url"},
		{`percent: "0.1"`, `percent: "100.1"`, "chains[0].assets[0].fee.percent"},
		{`percent: "0.1"`, `percent: "0.00001"`, "chains[0].assets[0].fee.percent"},
		{`network_margin: "20"`, `network_margin: "1001"`, "chains[0].assets[0].fee.network_margin"},
		{`network_margin: "20"`, `network_margin: "-1"`, "chains[0].assets[0].fee.network_margin"},
		{"network_gas: 120000", "network_gas: 10000001", "chains[0].assets[0].fee.network_gas"},
		{`native_price: "3000"`, `native_price: "0"`, "chains[0].assets[0].fee.native_price"},
		{`native_price: "3000"`, `native_price: "0.0000001"`, "chains[0].assets[0].fee.native_price"},
		{"network: true", "network: false", "chains[0].assets[0].fee.native_price"},
		{`least: "2"`, `least: "51"`, "chains[0].assets[0].fee.most"},
		{`least: "2"`, `least: "-2"`, "chains[0].assets[0].fee.least"},
		{`most: "50"`, `most: "lots"`, "chains[0].assets[0].fee.most"},
		{`least: "2"`, `leest: "2"`, "leest"},
		{"sandbox: false", "sandbocks: false", "sandbocks"},
		{"burst: 500", "burst: 99", "http.burst"},
		{"requests_per_second: 100", "requests_per_second: 100001", "http.requests_per_second"},
		{"requests_per_second: 100", "requests_per_second: -1", "requests_per_second"},
	}
	for _, c := range cases {
		broken := strings.Replace(string(text), c.from, c.to, 1)
		if broken == string(text) {
			t.Fatalf("the example has no %q", c.from)
		}
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Read(config.Sources{File: file}); err == nil || !strings.Contains(err.Error(), c.key) {
			t.Errorf("%q: %v, want an error that names %s", c.to, err, c.key)
		}
	}

	good := strings.Replace(string(text), customers, "    source: callback\n    url: http://127.0.0.1:9000/customer\n    secret_file: /etc/coffer/kyc", 1)
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Read(config.Sources{File: file}); err != nil {
		t.Errorf("a callback on this machine: %v", err)
	}
}
