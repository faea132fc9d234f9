package sim_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/utxo"
	"github.com/cofferhq/coffer/withdrawal"
)

// bitcoinJS has bitcoinjs-lib check a file and sign it with the key of an account.
func bitcoinJS(t *testing.T, a *account, file []byte, payments []coffer.Payment) []byte {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("this test needs Node: run `make setup`: %v", err)
	}
	folder := filepath.Join("..", "utxo", "clienttest")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "bitcoinjs-lib")); err != nil {
		t.Fatalf("this test needs npm packages: run `make setup`: %v", err)
	}
	type payment struct {
		To     string `json:"to"`
		Amount string `json:"amount"`
	}
	input := struct {
		PSBT     string    `json:"psbt"`
		Account  string    `json:"account"`
		Payments []payment `json:"payments"`
	}{PSBT: base64.StdEncoding.EncodeToString(file), Account: a.key.String()}
	for _, p := range payments {
		input.Payments = append(input.Payments, payment{string(p.To), p.Amount.String()})
	}
	text, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "sign.mjs")
	cmd.Dir, cmd.Stdin = folder, bytes.NewReader(text)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var output struct{ PSBT string }
	if err := json.Unmarshal(out, &output); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	signed, err := base64.StdEncoding.DecodeString(output.PSBT)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestAColdKeySignsAPayoutByFile takes a payout, of which one signer answers, to somebody who
// signs it with other software, and into a block.
func TestAColdKeySignsAPayoutByFile(t *testing.T) {
	newColdPayout(t).signByFile(t, bitcoinJS)
}

// TestAColdKeyHasToSign has a wallet that wants a signature more than there are signers. Both of
// them sign, nothing is sent, and a person is asked at once.
func TestAColdKeyHasToSign(t *testing.T) {
	b := makeBitcoin(t, 3, []string{"c"}, nil)
	b.askForPayout()
	waiting, err := payout.NewDesk(b.db, b.clock).Waiting(t.Context())
	if err != nil || len(waiting) != 1 || waiting[0].State != coffer.PayoutSigning || !strings.Contains(waiting[0].Parked, "waits for 1 signatures by file") {
		t.Fatalf("payouts wait: %+v, %v", waiting, err)
	}
	var pool []string
	if err := b.node.Call(t.Context(), &pool, "getrawmempool"); err != nil || len(pool) > 0 {
		t.Fatalf("sent without the cold key: %v, %v", pool, err)
	}
	b.signByFile(t, bitcoinJS)
}

// newColdPayout has a payout of two coins that one of two signers signs. The third key is cold.
func newColdPayout(t *testing.T) *bitcoin {
	t.Helper()
	b := newBitcoin(t, "c")
	b.accounts[1].away = true
	b.askForPayout()
	return b
}

// askForPayout has a payout of two coins planned and signed as far as signers do.
func (b *bitcoin) askForPayout() {
	t := b.t
	t.Helper()
	ctx, id, native := t.Context(), utxo.Regtest.Chain(), utxo.Regtest.Native()
	b.follow()
	ann, err := b.deposits.IssueAddress(ctx, "acme", "ann", id)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []coffer.Address{ann.Address, b.wallet.Address()} {
		if _, err := b.node.Pay(ctx, to, 10_000_000); err != nil {
			t.Fatal(err)
		}
	}
	b.mine(3)
	_, err = b.withdrawals.Request(ctx, withdrawal.Request{
		Tenant: "acme", Account: "ann", IdempotencyKey: "1", Chain: id, Asset: native, Destination: string(b.node.Faucet()), Amount: "0.0999",
	})
	if err != nil {
		t.Fatal(err)
	}
	b.pay()
}

// signByFile exports the payout that waits, has it signed with the cold key, imports it, and
// lets it land.
func (b *bitcoin) signByFile(t *testing.T, sign func(t *testing.T, a *account, file []byte, payments []coffer.Payment) []byte) {
	t.Helper()
	ctx := t.Context()
	for range 5 { // until a person is asked
		b.ahead += time.Minute
		b.pay()
	}
	desk := payout.NewDesk(b.db, b.clock)
	waiting, err := desk.Waiting(ctx)
	if err != nil || len(waiting) != 1 || !strings.Contains(waiting[0].Parked, "coffer psbt export") {
		t.Fatalf("payouts wait: %+v, %v", waiting, err)
	}
	p := waiting[0]
	wallet := payout.ByFile{Chain: p.Intent.Chain, Wallet: p.Intent.Wallet, Cold: []string{b.accounts[2].identity}, Format: utxo.Exchange{Descriptor: b.wallet.Descriptor()}}
	exported, p, err := desk.Export(ctx, wallet, p.ID, "olga")
	if err != nil {
		t.Fatal(err)
	}
	done, err := desk.Import(ctx, wallet, sign(t, b.accounts[2], exported, p.Intent.Payments), "olga")
	if err != nil || len(done.Stored) != 1 || len(done.Known) != b.wallet.Descriptor().Threshold()-1 {
		t.Fatalf("imported %+v, %v", done, err)
	}
	b.pay()
	if p, err = b.payouts.Get(ctx, p.ID); err != nil || p.State != coffer.PayoutBroadcast {
		t.Fatalf("payout is %s (%s), %v", p.State, p.Note, err)
	}
	b.mine(3)
	if p, err = b.payouts.Get(ctx, p.ID); err != nil || p.State != coffer.PayoutFinal {
		t.Errorf("payout is %s (%s), %v", p.State, p.Note, err)
	}
	b.checkCoins(p)
}
