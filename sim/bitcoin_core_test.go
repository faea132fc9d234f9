//go:build bitcoind

package sim_test

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

// A wallet of a node that takes Bitcoin Core's arguments signs the exported file of a running
// payout. btcd has no wallet, so that the test has a build tag of its own:
//
//	tools/bitcoind
//	TEST_BITCOIND=$PWD/.tools/bitcoind/bin/bitcoind go test -tags bitcoind -run BitcoinCore ./sim
func TestAWalletOfBitcoinCoreSignsAPayout(t *testing.T) {
	if os.Getenv(devnet.EnvBitcoind) == "" {
		t.Fatalf("btcd has no wallet: run tools/bitcoind and name the node in %s", devnet.EnvBitcoind)
	}
	b := newColdPayout(t)
	b.importWallet(t, b.accounts[2])
	b.signByFile(t, func(t *testing.T, _ *account, file []byte, _ []coffer.Payment) []byte {
		var answer struct {
			PSBT string `json:"psbt"`
		}
		finalize := false
		b.call(t, &answer, "walletprocesspsbt", base64.StdEncoding.EncodeToString(file), true, "ALL", true, finalize)
		signed, err := base64.StdEncoding.DecodeString(answer.PSBT)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	})
}

// importWallet makes a wallet on the node of our descriptor with the key of an account private.
func (b *bitcoin) importWallet(t *testing.T, a *account) {
	t.Helper()
	blank := true
	var made any
	b.call(t, &made, "createwallet", "cold", false, blank, "", false, true)
	export, err := b.wallet.Descriptor().Export()
	if err != nil {
		t.Fatal(err)
	}
	public, err := a.key.Neuter()
	if err != nil {
		t.Fatal(err)
	}
	type request struct {
		Desc      string `json:"desc"`
		Timestamp string `json:"timestamp"`
		Active    bool   `json:"active"`
		Internal  bool   `json:"internal"`
		Range     [2]int `json:"range"`
	}
	var requests []request
	for branch, text := range []string{export.Receive, export.Change} {
		body, _, _ := strings.Cut(text, "#")
		private, err := utxo.AddChecksum(strings.Replace(body, public.String(), a.key.String(), 1))
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, request{private, "now", true, branch == 1, [2]int{0, 20}})
	}
	var answers []struct {
		Success bool `json:"success"`
		Error   any  `json:"error"`
	}
	b.call(t, &answers, "importdescriptors", requests)
	for n, answer := range answers {
		if !answer.Success {
			t.Fatalf("descriptor %d: %v", n, answer.Error)
		}
	}
}

func (b *bitcoin) call(t *testing.T, result any, method string, params ...any) {
	t.Helper()
	if err := b.node.Call(t.Context(), result, method, params...); err != nil {
		t.Fatal(err)
	}
}
