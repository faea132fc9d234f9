//go:build bitcoind

package utxo_test

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

// A wallet of a node that takes Bitcoin Core's arguments imports our descriptor with one of its
// private keys, has the same addresses, signs our PSBT, and the transaction lands in the node.
// btcd has no wallet, so that the test has a build tag of its own:
//
//	tools/bitcoind
//	TEST_BITCOIND=$PWD/.tools/bitcoind/bin/bitcoind go test -tags bitcoind -run BitcoinCore ./utxo
func TestAWalletOfBitcoinCoreSigns(t *testing.T) {
	if os.Getenv(devnet.EnvBitcoind) == "" {
		t.Fatalf("btcd has no wallet: run tools/bitcoind and name the node in %s", devnet.EnvBitcoind)
	}
	c := newChain(t)
	for _, name := range []string{"P2WSH", "P2SH-P2WSH", "P2WSH mixed"} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t, c, utxo.SigningWallets(t)[name], 60_000, 50_000, 40_000)
			wallet := strings.ReplaceAll(strings.ToLower(name), " ", "-")
			s.importWallet(t, wallet)
			u, err := s.wallet.Build(t.Context(), s.plan(t, "by file", 70_000, 20_000, 600), nil)
			if err != nil {
				t.Fatal(err)
			}
			// Core writes the PSBT in a way of its own, which nobody of ours would sign again.
			s.signByFile(t, u, true, func(exported []byte) []byte {
				var answer struct {
					PSBT     string `json:"psbt"`
					Complete bool   `json:"complete"`
				}
				finalize := false
				s.call(t, &answer, "walletprocesspsbt", base64.StdEncoding.EncodeToString(exported), true, "ALL", true, finalize)
				raw, err := base64.StdEncoding.DecodeString(answer.PSBT)
				if err != nil {
					t.Fatal(err)
				}
				return raw
			})
		})
	}
}

// importWallet makes a wallet on the node of our descriptor with its second key private, and
// compares the addresses.
func (s *sender) importWallet(t *testing.T, wallet string) {
	t.Helper()
	blank := true
	var made any
	s.call(t, &made, "createwallet", wallet, false, blank, "", false, true)
	t.Cleanup(func() { // with one wallet at a time the node knows which is meant
		var warnings any
		s.callIn(context.Background(), t, &warnings, "unloadwallet", wallet)
	})
	export, err := s.Export()
	if err != nil {
		t.Fatal(err)
	}
	private := s.AccountKey(1)
	key, err := hdkeychain.NewKeyFromString(private)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.Neuter()
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
		var addresses []string
		s.call(t, &addresses, "deriveaddresses", text, [2]int{0, 4})
		for n, address := range addresses {
			want, err := s.wallet.AddressAt(utxo.PathOf(uint32(branch), uint32(n)))
			if err != nil || string(want) != address {
				t.Errorf("address %d/%d: the node has %s, we have %s, %v", branch, n, address, want, err)
			}
		}
		body, _, _ := strings.Cut(text, "#")
		text, err := utxo.AddChecksum(strings.Replace(body, public.String(), private, 1))
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, request{text, "now", true, branch == 1, [2]int{0, 20}})
	}
	var answers []struct {
		Success bool `json:"success"`
		Error   any  `json:"error"`
	}
	s.call(t, &answers, "importdescriptors", requests)
	for n, a := range answers {
		if !a.Success {
			t.Fatalf("descriptor %d: %v", n, a.Error)
		}
	}
}

func (s *sender) call(t *testing.T, result any, method string, params ...any) {
	t.Helper()
	s.callIn(t.Context(), t, result, method, params...)
}

func (s *sender) callIn(ctx context.Context, t *testing.T, result any, method string, params ...any) {
	t.Helper()
	if err := s.Call(ctx, result, method, params...); err != nil {
		t.Fatal(err)
	}
}

// A node that takes Bitcoin Core's arguments announces its blocks over ZeroMQ.
func TestBitcoinCoreAnnouncesBlocks(t *testing.T) {
	if os.Getenv(devnet.EnvBitcoind) == "" {
		t.Fatalf("btcd announces nothing: run tools/bitcoind and name the node in %s", devnet.EnvBitcoind)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "tcp://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	node, err := devnet.StartBitcoin(t.Context(), devnet.BitcoinConfig{ZMQ: address})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := node.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	heard := utxo.Notify(t.Context(), []string{address}, slog.New(slog.DiscardHandler))
	deadline := time.After(time.Minute)
	for again := time.NewTicker(time.Second); ; { // a subscription takes a moment, and says nothing of it
		if _, err := node.Mine(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		select {
		case <-heard:
			return
		case <-again.C:
		case <-deadline:
			t.Fatal("nothing was heard")
		}
	}
}
