package main

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer/utxo"
)

// bitcoinRefuses gives the server a Bitcoin chain that it must not start with.
func bitcoinRefuses(t *testing.T, s *stack) {
	first, err := utxo.ParseDescriptor(utxo.Regtest, s.bitcoin.descriptor)
	if err != nil {
		t.Fatal(err)
	}
	edited := func(old, replacement string) string {
		t.Helper()
		body, _, _ := strings.Cut(first.String(), "#")
		changed := strings.Replace(body, old, replacement, 1)
		if changed == body {
			t.Fatalf("%q is not in the descriptor", old)
		}
		text, err := utxo.AddChecksum(changed)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	second, last := first.Keys()[1].String()+"/<0;1>/*", first.Keys()[2].String()+"/<0;1>/*"
	const (
		another = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
		other   = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"
	)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	node, err := url.Parse(s.bitcoin.node.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, says string }{
		"a wallet of another threshold":         {first.String(), edited("sortedmulti(2,", "sortedmulti(1,"), "wants 1 signatures"},
		"a wallet without a key":                {first.String(), edited(","+last, ""), "there are 3 signers"},
		"keys that no signer holds":             {first.String(), edited(first.Keys()[0].String()+","+second, another+","+other), "hold 1 keys of it"},
		"another wallet":                        {first.String(), edited(last, another), "are of another wallet"},
		"a descriptor with a wrong digit":       {first.String(), first.String()[:len(first.String())-1] + "?", "checksum"},
		"a wrong password":                      {s.path("secrets", "bitcoin"), password, "no node can be used"},
		"an absent node":                        {node.Host, "127.0.0.1:1", "no node can be used"},
		"a node of another network":             {string(s.bitcoin.chain), string(utxo.Signet.Chain()), "another network"},
		"fewer confirmations than its signers'": {"confirmations: 3", "confirmations: 2", "its confirmations are 3, utxo.confirmations is 2"},
		"payouts dearer than its signers allow": {`payout_fee_cap: "0.001"`, `payout_fee_cap: "0.010001"`, "its max_fee is 1000000 satoshis, payout_fee_cap is 0.010001 BTC (1000100 satoshis)"},
		"a fee rate that its signers refuse":    {`fee_cap: "300"`, `fee_cap: "2000.001"`, "its max_fee_rate is 2000 sat/vB, utxo.fee_cap is 2000.001 sat/vB"},
		"a chain that nobody knows":             {string(s.bitcoin.chain), "bip122:" + strings.Repeat("0", 32), "is not one of Bitcoin's"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.ReplaceAll(string(readFile(t, s.configFile())), c.old, c.new)
			config := filepath.Join(t.TempDir(), "coffer.yaml")
			if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			refuses(t, testProgram(t.Context(), "serve", "--config", config), c.says)
		})
	}
}

// limitsOfASignerThatComesLate has a signer come back, under a server that runs, with limits that
// contradict the server's.
func limitsOfASignerThatComesLate(t *testing.T, s *stack) {
	t.Helper()
	restart := func(old, replacement, says string) {
		t.Helper()
		if err := s.signers[2].stop(); err != nil {
			t.Fatal(err)
		}
		if err := replaceIn(s.path(signerName(2)+".yaml"), old, replacement); err != nil {
			t.Fatal(err)
		}
		var err error
		if s.signers[2], err = s.startSigner(t.Context(), t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), stepTimeout)
		defer cancel()
		said := func() (bool, error) { return strings.Contains(string(readFile(t, s.server.log)), says), nil }
		if err := until(ctx, 50*time.Millisecond, said); err != nil {
			t.Fatalf("the server's log does not say %q: %v", says, err)
		}
	}
	restart("confirmations: 3", "confirmations: 4", "its confirmations are 4, utxo.confirmations is 3")
	restart("confirmations: 4", "confirmations: 3", "a signer's limits fit the configuration again")
}

// TestBitcoin runs the demonstration's scenes of the Bitcoin chain alone.
func TestBitcoin(t *testing.T) {
	s := newTestStack(t)
	d := &btcDemo{stack: s}
	for _, scene := range append(d.scenes(), omniScenes(s)...) {
		if err := scene.run(t.Context()); err != nil {
			t.Fatalf("%s: %v", scene.title, err)
		}
	}
	if text, err := get(t.Context(), "http://"+s.server.address+"/metrics"); err != nil || !strings.Contains(text, "coffer_payout_broken") {
		t.Errorf("metrics: %v\n%s", err, text)
	}
	limitsOfASignerThatComesLate(t, s)
	if err := s.server.stop(); err != nil {
		t.Fatal(err)
	}
	text, err := s.command(context.WithoutCancel(t.Context()), nil, "treasury", "compare", "--config", s.configFile())
	t.Log(text)
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{`transit:coins +BTC +0 +0 +equal`, "custody:deposit_addr:" + string(d.address) + ` +BTC +0 +0 +equal`, `custody:hot:2\S+ +BTC +0\.379\d+ +0\.379\d+ +equal`} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%q is not in the comparison", want)
		}
	}
	exported, err := s.command(t.Context(), nil, "descriptors", "--config", s.configFile())
	if err != nil || !strings.Contains(exported, s.bitcoin.descriptor) || !strings.Contains(exported, "/1/*") {
		t.Errorf("exported descriptors: %q, %v", exported, err)
	}
	bitcoinRefuses(t, s)

	// The chain loses what the books have.
	if err := s.bitcoin.node.Reorg(t.Context(), 2*bitcoinFinal+2, 2*bitcoinFinal+3); err != nil {
		t.Fatal(err)
	}
	if text, err := s.command(t.Context(), nil, "treasury", "compare", "--config", s.configFile()); err == nil {
		t.Errorf("the books equal a chain that has other blocks: %s", text)
	}
}
