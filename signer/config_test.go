package signer

import (
	"encoding/hex"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/utxo"
)

func TestExampleConfigIsSound(t *testing.T) {
	text, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := ParseConfig(text)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Chains[0].Executor == nil || cfg.Chains[0].Executor.FeeCap != wei("0.1") || cfg.MaxValidity.Minutes() != 60 {
		t.Errorf("read %+v", cfg)
	}

	for _, test := range []struct{ name, old, new, says string }{
		{"unknown key", "name: signer-1", "name: signer-1\npin: 1234", "field pin not found"},
		{"no name", "name: signer-1", "name: ''", "name is empty"},
		{"nobody may call", "clients: [coordinator]", "clients: []", "nobody who may call"},
		{"policy not pinned", `hash: "0x`, `hash: "0xx`, "want 0x and 64 hex digits"},
		{"chain", "chain: eip155:1\n", "chain: eip155:one\n", "want eip155 and a number"},
		{"native of another chain", "native: eip155:1/", "native: eip155:56/", "slip44 asset"},
		{"address without checksum", "0x0000000071727De22E5E9d8BAf0edAc6f37da032", "0x0000000071727de22e5e9d8baf0edac6f37da032", "entry_point"},
		{"no fee cap", `fee_cap: "100000000000000000"`, `fee_cap: "0"`, "fee_cap above zero"},
		{"executor owns wallets", "key: executor", "key: owner", "owns wallets"},
		{"no owner", "owner: owner", "owner: ''", "owner: no key label"},
	} {
		changed := strings.Replace(string(text), test.old, test.new, 1)
		if changed == string(text) {
			t.Fatalf("%s: the example does not hold %q", test.name, test.old)
		}
		_, err := ParseConfig([]byte(changed))
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: want an error with %q, got %v", test.name, test.says, err)
		}
	}
}

// The Bitcoin part of the example is a comment, because it takes keys to be sound.
func TestExampleOfBitcoinIsSound(t *testing.T) {
	text, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for n := range int64(3) {
		key, err := crypto.ToECDSA(common.BigToHash(big.NewInt(n + 1)).Bytes())
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, hex.EncodeToString(crypto.CompressPubkey(&key.PublicKey)))
	}
	descriptor, err := utxo.AddChecksum("wsh(sortedmulti(2," + strings.Join(keys, ",") + "))")
	if err != nil {
		t.Fatal(err)
	}
	head, section, found := strings.Cut(string(text), "  # - chain: bip122:")
	if !found {
		t.Fatal("the example has no Bitcoin")
	}
	section = strings.ReplaceAll("  # - chain: bip122:"+section, "\n  # ", "\n  ")[len("  # "):]
	section = strings.Replace(section, "wsh(sortedmulti(2,<key>,<key>,<key>))#<checksum>", descriptor, 1)
	cfg, err := ParseConfig([]byte(head + "  " + section))
	if err != nil {
		t.Fatal(err)
	}
	c := cfg.Chains[len(cfg.Chains)-1]
	if c.Chain != utxo.Mainnet.Chain() || c.Seed == "" || len(c.Nodes) != 2 || c.Confirmations != 6 || c.MaxFeeRate != 2600 {
		t.Errorf("read %+v", c)
	}
}
