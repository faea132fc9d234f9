package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goldenPSBTs are those that package utxo writes, by name: the descriptor, and the bytes.
func goldenPSBTs(t *testing.T) map[string]goldenPSBT {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "utxo", "testdata", "psbt.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ Name, Descriptor, PSBT, ID string }
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	all := map[string]goldenPSBT{}
	for _, g := range list {
		raw, err := hex.DecodeString(g.PSBT)
		if err != nil {
			t.Fatal(err)
		}
		all[g.Name] = goldenPSBT{g.Descriptor, strings.TrimPrefix(g.ID, "0x"), raw}
	}
	return all
}

type goldenPSBT struct {
	descriptor, id string
	raw            []byte
}

// showPSBTs runs `coffer psbt show`.
func showPSBTs(t *testing.T, input []byte, args ...string) (string, error) {
	t.Helper()
	cmd := newRoot()
	var out bytes.Buffer
	cmd.SetArgs(append([]string{"psbt", "show"}, args...))
	cmd.SetIn(bytes.NewReader(input))
	cmd.SetOut(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestShowSaysWhatAPSBTDoes(t *testing.T) {
	for name, g := range goldenPSBTs(t) {
		file := filepath.Join(t.TempDir(), "payout.psbt")
		if err := os.WriteFile(file, g.raw, 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := showPSBTs(t, nil, file, "--network", "regtest", "--descriptor", g.descriptor)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
			continue
		}
		checksum := g.descriptor[strings.LastIndexByte(g.descriptor, '#')+1:]
		for _, want := range []string{
			"network     regtest (bip122:", "2 of 3 keys", "descriptor checksum " + checksum, "transaction ", "BTC (", " sat), proven by",
			", payment", "change of this wallet, path ", "fee         0.00", " sat/vB (at most ", ": not signed", "signatures  0 of 2", "check       ok",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
		// The id of a nested wallet's transaction commits to the redeem scripts.
		if strings.Contains(text, "transaction "+g.id+"\n") != strings.HasPrefix(g.descriptor, "wsh(") {
			t.Errorf("%s: not transaction %s:\n%s", name, g.id, text)
		}
		encoded := []byte(base64.StdEncoding.EncodeToString(g.raw) + "\n")
		again, err := showPSBTs(t, encoded, "-", "--network", "regtest", "--descriptor", g.descriptor)
		if err != nil || again != text {
			t.Errorf("%s: base64 on standard input: %v\n%s", name, err, again)
		}
	}
}

func TestShowRefusesWhatASignerWould(t *testing.T) {
	all := goldenPSBTs(t)
	g, other := all["P2WSH"], all["P2WSH fixed"]
	outside := []string{"-", "--network", "regtest", "--descriptor", g.descriptor}
	changed := bytes.Clone(g.raw)
	changed[len("psbt\xff")+3+4+1] ^= 1 // the first coin's id
	for name, c := range map[string]struct {
		input []byte
		args  []string
		want  string
		usage bool
	}{
		"another wallet's":      {other.raw, outside, "NOT A COIN OF THIS WALLET", false},
		"another coin":          {changed, outside, "NOT PROVEN", false},
		"a high fee":            {g.raw, append(outside[:4:4], g.descriptor, "--max-fee", "1"), "the most is 1", false},
		"a high fee rate":       {g.raw, append(outside[:4:4], g.descriptor, "--max-fee-rate", "1"), "the most is 1 sat/vB", false},
		"nothing":               {nil, outside, "not a PSBT", false},
		"cut":                   {g.raw[:len(g.raw)-10], outside, "not a PSBT", false},
		"something behind it":   {append(bytes.Clone(g.raw), 0), outside, "behind its end", false},
		"too large":             {append([]byte("psbt\xff"), make([]byte, 12<<20)...), outside, "not a PSBT", false},
		"no descriptor":         {g.raw, []string{"-", "--network", "regtest"}, "--descriptor", true},
		"no checksum":           {g.raw, []string{"-", "--network", "regtest", "--descriptor", g.descriptor[:len(g.descriptor)-9]}, "--descriptor", true},
		"another network":       {g.raw, []string{"-", "--network", "mainnet", "--descriptor", g.descriptor}, "--descriptor", true},
		"an unknown network":    {g.raw, []string{"-", "--network", "testnet3", "--descriptor", g.descriptor}, "--network", true},
		"no file":               {g.raw, []string{"--network", "regtest", "--descriptor", g.descriptor}, "FILE", true},
		"a file that is absent": {nil, append([]string{filepath.Join(t.TempDir(), "none.psbt")}, outside[1:]...), "none.psbt", false},
	} {
		text, err := showPSBTs(t, c.input, c.args...)
		if err == nil || !strings.Contains(text+err.Error(), c.want) || errors.Is(err, errUsage) != c.usage || strings.Contains(text, "check       ok") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}
