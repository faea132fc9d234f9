package evm_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

func TestDialRefusesANodeOfAnotherChain(t *testing.T) {
	c := newChain(t)
	config := c.config
	config.Chain, config.Native = "eip155:1", "eip155:1/slip44:60"
	_, err := evm.Dial(t.Context(), config)
	if err == nil || !strings.Contains(err.Error(), "the node runs chain eip155:31337, not eip155:1") {
		t.Errorf("%v", err)
	}
}

func TestDialRefusesBadConfigurations(t *testing.T) {
	good := evm.Config{Chain: "eip155:1", Native: "eip155:1/slip44:60", URLs: []string{"http://127.0.0.1:1"}}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(*evm.Config){
		"another family":            func(c *evm.Config) { c.Chain = "tron:0x2b6653dc" },
		"hex chain id":              func(c *evm.Config) { c.Chain = "eip155:0x1" },
		"leading zero":              func(c *evm.Config) { c.Chain = "eip155:01" },
		"chain zero":                func(c *evm.Config) { c.Chain = "eip155:0" },
		"native of another chain":   func(c *evm.Config) { c.Native = "eip155:2/slip44:60" },
		"a token as native":         func(c *evm.Config) { c.Native = "eip155:1/erc20:0x00" },
		"no URL":                    func(c *evm.Config) { c.URLs = nil },
		"a URL of another protocol": func(c *evm.Config) { c.URLs = []string{"ftp://secret"} },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			config := good
			change(&config)
			if _, err := evm.Dial(t.Context(), config); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestErrorsOfTheConnectionDoNotShowItsKey(t *testing.T) {
	config := evm.Config{Chain: "eip155:1", Native: "eip155:1/slip44:60", URLs: []string{"http://user:pass@127.0.0.1:1/v3/key"}}
	_, err := evm.Dial(t.Context(), config)
	if err == nil || strings.Contains(err.Error(), "key") || strings.Contains(err.Error(), "pass") {
		t.Errorf("%v", err)
	}
}

func TestCredentialsAndPathOfTheURLAreSent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != "me" || password != "pass" || r.URL.Path != "/v3/key" {
			t.Errorf("%s %s %s", user, password, r.URL)
		}
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":"0x1"}`)
	}))
	defer server.Close()
	url := strings.Replace(server.URL, "http://", "http://me:pass@", 1) + "/v3/key"
	client, err := evm.Dial(t.Context(), evm.Config{Chain: "eip155:1", Native: "eip155:1/slip44:60", URLs: []string{url}})
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
}

func TestAnswersAreBoundedInSizeAndTime(t *testing.T) {
	release := make(chan struct{})
	mode := "long"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch mode {
		case "long":
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":"0x1`+strings.Repeat(" ", 5000)+`"}`)
		case "chunked":
			for range 100 {
				_, _ = io.WriteString(w, strings.Repeat(" ", 100))
				if err := http.NewResponseController(w).Flush(); err != nil {
					return // the client has seen enough
				}
			}
		case "error page":
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, strings.Repeat("sorry ", 500))
		case "silent":
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
	}))
	defer server.Close()
	defer close(release)
	config := evm.Config{
		Chain: "eip155:1", Native: "eip155:1/slip44:60", URLs: []string{server.URL},
		MaxResponseBytes: 4096, CallTimeout: time.Minute,
	}
	for _, mode = range []string{"long", "chunked"} {
		if _, err := evm.Dial(t.Context(), config); !errors.Is(err, evm.ErrResponseTooLarge) {
			t.Errorf("%s answer: %v", mode, err)
		}
	}
	mode = "error page"
	if _, err := evm.Dial(t.Context(), config); err == nil || len(err.Error()) > 2000 {
		t.Errorf("error page: %v", err)
	}
	mode, config.CallTimeout = "silent", 200*time.Millisecond
	started := time.Now()
	if _, err := evm.Dial(t.Context(), config); err == nil || time.Since(started) > time.Minute {
		t.Errorf("silent node: %v after %s", err, time.Since(started))
	}
}

func TestBalancesAreReadAtABlock(t *testing.T) {
	c := newChain(t)
	to := common.Address{0x77}
	first, err := c.Issue(t.Context(), c.Contracts, to, units(5))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Issue(t.Context(), c.Contracts, to, units(2)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.FundNative(t.Context(), to, units(9)); err != nil {
		t.Fatal(err)
	}
	last, err := c.DepositTo(t.Context(), c.Contracts, to, units(11))
	if err != nil {
		t.Fatal(err)
	}
	token := evm.TokenAsset("eip155:31337", c.Token)
	for _, test := range []struct {
		asset coffer.AssetID
		block common.Hash
		want  uint64
	}{{token, first.BlockHash, 5}, {token, last.BlockHash, 7}, {native, first.BlockHash, 0}, {native, last.BlockHash, 9}} {
		got, err := c.client.BalanceOf(t.Context(), test.asset, evm.AddressOf(to), coffer.Hash(test.block))
		if err != nil || got != amount(test.want) {
			t.Errorf("%s: %s, %v; want %d", test.asset, got, err, test.want)
		}
	}
	for block, want := range map[common.Hash]uint64{first.BlockHash: 0, last.BlockHash: 11} {
		got, err := c.client.DepositOf(t.Context(), evm.AddressOf(to), coffer.Hash(block))
		if err != nil || got != amount(want) {
			t.Errorf("deposit %s, %v; want %d", got, err, want)
		}
	}

	nothing := evm.TokenAsset("eip155:31337", common.Address{0x99})
	if _, err := c.client.BalanceOf(t.Context(), nothing, evm.AddressOf(to), coffer.Hash(last.BlockHash)); err == nil {
		t.Error("a balance in a contract that is not there")
	}
	if _, err := c.client.BalanceOf(t.Context(), token, evm.AddressOf(to), coffer.Hash{1}); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("unknown block: %v, want ErrNotFound", err)
	}
}
