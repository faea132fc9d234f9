package utxo_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// Another implementation signs: bitcoinjs-lib reads a PSBT that one of our keys has signed,
// checks it, and adds the signatures of its own. What comes out lands.
func TestBitcoinJSSigns(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("this test needs Node: run `make setup`: %v", err)
	}
	if _, err := os.Stat(filepath.Join("clienttest", "node_modules", "bitcoinjs-lib")); err != nil {
		t.Fatalf("this test needs npm packages: run `make setup`: %v", err)
	}
	c := newChain(t)
	for _, name := range []string{"P2WSH", "P2SH-P2WSH", "P2WSH mixed"} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t, c, utxo.SigningWallets(t)[name], 60_000, 50_000, 40_000)
			u, err := s.wallet.Build(t.Context(), s.plan(t, "by file", 70_000, 20_000, 600), nil)
			if err != nil {
				t.Fatal(err)
			}
			s.signByFile(t, u, false, func(exported []byte) []byte { return bitcoinJS(t, node, s, u, exported) })
		})
	}
}

// signByFile has one key sign, gives the PSBT to somebody who has another, and finishes the
// transaction with what comes back, which may be written otherwise than ours.
func (s *sender) signByFile(t *testing.T, u coffer.Unsigned, differs bool, sign func(exported []byte) []byte) {
	t.Helper()
	ours := s.Sign(t, u, 0)
	exported, err := utxo.AddSignatures(s.Descriptor, u, ours)
	if err != nil {
		t.Fatal(err)
	}
	returned := sign(exported)
	view, err := s.Explainer().View(s.wallet.Address(), returned)
	if err != nil {
		t.Fatal(err)
	}
	for n, in := range view.Inputs {
		if len(in.Signed) != 2 || in.Signed[0].Err != nil || in.Signed[1].Err != nil || !in.Proven || !in.Ours {
			t.Errorf("input %d: %+v", n, in)
		}
	}
	if view.Refused != nil || differs != (len(view.Differs) > 0) {
		t.Errorf("what came back differs in %q, and is refused: %v", view.Differs, view.Refused)
	}
	t.Logf("written otherwise than ours: %q", view.Differs)
	signatures, err := utxo.CombineSignatures(s.Descriptor, u, "by file", returned)
	if err != nil {
		t.Fatal(err)
	}
	if len(signatures) != 2*len(view.Inputs) {
		t.Fatalf("%d signatures over %d inputs", len(signatures), len(view.Inputs))
	}
	signed, err := s.wallet.Finalize(u, signatures)
	if err != nil {
		t.Fatal(err)
	}
	if signed.ID != view.ID {
		t.Errorf("transaction %s, the PSBT is of %s", signed.ID, view.ID)
	}
	s.broadcast(t, coffer.Attempt{Signed: &signed})
	s.mine(t, 1)
	if block := s.head(t); !pays(block, signed.ID) {
		t.Errorf("%s is not in block %d", signed.ID, block.Height)
	}
}

func pays(block coffer.Block, id coffer.Hash) bool {
	for _, transfer := range block.Transfers {
		if transfer.Tx == id {
			return true
		}
	}
	return false
}

// bitcoinJS signs with the wallet's second key.
func bitcoinJS(t *testing.T, node string, s *sender, u coffer.Unsigned, exported []byte) []byte {
	t.Helper()
	effects, err := s.Explainer().Explain(u)
	if err != nil {
		t.Fatal(err)
	}
	type payment struct {
		To     string `json:"to"`
		Amount string `json:"amount"`
	}
	input := struct {
		PSBT     string    `json:"psbt"`
		Account  string    `json:"account"`
		Payments []payment `json:"payments"`
	}{PSBT: base64.StdEncoding.EncodeToString(exported), Account: s.AccountKey(1)}
	for _, p := range effects.Payments {
		input.Payments = append(input.Payments, payment{string(p.To), p.Amount.String()})
	}
	text, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "sign.mjs")
	cmd.Dir, cmd.Stdin = "clienttest", bytes.NewReader(text)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var output struct{ PSBT, ID, Fee string }
	if err := json.Unmarshal(out, &output); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	view, err := s.Explainer().View(s.wallet.Address(), exported)
	if err != nil {
		t.Fatal(err)
	}
	if "0x"+output.ID != view.ID.String() || output.Fee != fmt.Sprint(view.Fee) {
		t.Errorf("bitcoinjs-lib reads transaction %s with a fee of %s, we read %s and %d", output.ID, output.Fee, view.ID, view.Fee)
	}
	raw, err := base64.StdEncoding.DecodeString(output.PSBT)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
