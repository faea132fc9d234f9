package main

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

// accountKey is an extended key expression of a nested wallet (BIP-48).
func accountKey(t *testing.T) string {
	t.Helper()
	key, err := hdkeychain.NewMaster(make([]byte, hdkeychain.RecommendedSeedLen), utxo.Regtest.Params())
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.ECPubKey()
	if err != nil {
		t.Fatal(err)
	}
	path := utxo.AccountPath(utxo.Regtest, true, 0)
	for _, step := range path {
		if key, err = key.Derive(step); err != nil {
			t.Fatal(err)
		}
	}
	if key, err = key.Neuter(); err != nil {
		t.Fatal(err)
	}
	return utxo.KeyExpression(utxo.FingerprintOf(public.SerializeCompressed()), path, key.String()) + "/<0;1>/*"
}

// What is configured about a token of the Omni Layer is held against its nodes at the start.
func TestTheOmniLayerIsCheckedAtTheStart(t *testing.T) {
	node, err := devnet.StartBitcoin(t.Context(), devnet.BitcoinConfig{})
	if err != nil {
		t.Fatal(err)
	}
	b := &btcChain{node: node, chain: utxo.Regtest.Chain(), native: utxo.Regtest.Native()}
	t.Cleanup(func() {
		if b.omni != nil {
			if err := b.omni.stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
		if err := node.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := b.startOmni(t.Context()); err != nil {
		t.Fatal(err)
	}
	client, err := utxo.Dial(t.Context(), utxo.Config{Network: utxo.Regtest, Nodes: []utxo.Node{node.Node()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)

	const fixed = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	key := accountKey(t)
	wallet := func(text string) utxo.Descriptor {
		t.Helper()
		if text, err = utxo.AddChecksum(text); err != nil {
			t.Fatal(err)
		}
		d, err := utxo.ParseDescriptor(utxo.Regtest, text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	nested, bare := wallet("sh(wsh(sortedmulti(1,"+key+")))"), wallet("sh(wsh(sortedmulti(1,"+fixed+")))")
	native := wallet("wsh(sortedmulti(1," + fixed + "))")
	omniNode := config.Node{URL: b.omni.server.URL}
	login, err := url.Parse(node.URL)
	if err != nil {
		t.Fatal(err)
	}
	noOmni := config.Node{URL: "http://" + login.Host, User: login.User.Username(), PasswordFile: t.TempDir() + "/password"}
	password, _ := login.User.Password()
	if err := os.WriteFile(noOmni.PasswordFile, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		wallet   utxo.Descriptor
		node     config.Node
		property uint32
		decimals uint8
		says     string
	}{
		"as it is":                    {nested, omniNode, omniProperty, 8, ""},
		"other decimals":              {nested, omniNode, omniProperty, 0, "assets[0].decimals: property 3 has 8 decimal places, not 0"},
		"a property that nobody made": {nested, omniNode, omniProperty + 1, 8, "not found"},
		"a property of class A":       {nested, omniNode, 1, 8, "want one above 2"},
		"a node without omni methods": {nested, noOmni, omniProperty, 8, "utxo.omni.nodes: want Omni Core nodes"},
		"an absent node":              {nested, config.Node{URL: "http://127.0.0.1:1"}, omniProperty, 8, "utxo.omni: omni: "},
		"a wallet of one address":     {bare, omniNode, omniProperty, 8, "utxo.descriptor: tokens"},
		"a wallet that is not nested": {native, omniNode, omniProperty, 8, "utxo.descriptor: the Omni Layer"},
	} {
		t.Run(name, func(t *testing.T) {
			parts := &utxoParts{client: client, descriptor: c.wallet, chain: &chainParts{id: b.chain, config: config.Chain{
				ID: b.chain, UTXO: config.UTXO{Omni: config.Omni{Property: c.property, Nodes: []config.Node{c.node}}},
				Assets: []config.Asset{{ID: coffer.NewAssetID(b.chain, coffer.AssetOmni, "3"), Decimals: c.decimals}},
			}}}
			err := parts.wireOmni(t.Context())
			if parts.omni != nil {
				parts.omni.Close()
			}
			switch {
			case c.says == "" && (err != nil || parts.chain.source == nil):
				t.Errorf("error %v", err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("error %v, want %q", err, c.says)
			}
		})
	}
}
