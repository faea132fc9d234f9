package main

import (
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/signer"
	"github.com/cofferhq/coffer/treasury"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

const tronStartPolicy = `
version: 1
name: open
signers: {threshold: 2, count: 3}
assets:
  - {name: TRX, id: "CHAIN/slip44:195", decimals: 6}
rules:
  order_limits:
    - {name: a, enforced_by: signer, asset: TRX, max: "1000"}
  velocity:
    - {name: b, enforced_by: signer, asset: TRX, per: asset, max: "1000000"}
`

// tronNode is a node to develop with on which an account has a permission of weighted keys.
type tronNode struct {
	sim     *tronsim.Sim
	url     string
	account tron.Address
	token   tron.Address
}

func startTRON(t *testing.T, threshold uint64, weights ...uint64) tronNode {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	owner := tronsim.KeyOf("hot", 0)
	signed := tronsim.Signer{Keys: []tronsim.Key{owner}, Address: tronsim.AddressOf(owner)}
	var err error
	signed.Sim, err = tronsim.New(tronsim.Config{Clock: time.Now, Seed: t.Name(), SolidLag: 3, Funded: map[tronsim.Address]int64{signed.Address: 10_000_000_000}})
	must(err)
	must(signed.Sim.Mine(1)) // the first block is of a day ago
	parsed, err := bindings.TestTokenMetaData.ParseABI()
	must(err)
	arguments, err := parsed.Pack("", signed.Address, big.NewInt(5_000_000), "Tether USD", "USDT", uint8(6))
	must(err)
	_, token, err := signed.Deploy("USDT", append(common.FromHex(bindings.TestTokenMetaData.Bin), arguments...))
	must(err)
	must(signed.Sim.Mine(1))

	active := tron.Permission{Name: "pay", Threshold: threshold, Operations: []tronpb.Transaction_Contract_ContractType{
		tronpb.Transaction_Contract_TransferContract, tronpb.Transaction_Contract_TriggerSmartContract,
	}}
	for n, weight := range weights {
		active.Keys = append(active.Keys, tron.Key{Address: tron.AddressOfKey(tronsim.KeyOf("signer", n).PublicKey), Weight: weight})
	}
	account := tron.Address(signed.Address)
	update, err := tron.UpdatePermissions(account, tron.Permission{Name: "owner", Threshold: 1, Keys: []tron.Key{{Address: account, Weight: 1}}}, []tron.Permission{active})
	must(err)
	_, err = signed.Send(tronpb.Transaction_Contract_AccountPermissionUpdateContract, update, nil)
	must(err)
	must(signed.Sim.Mine(5))

	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(err)
	done := make(chan error, 1)
	go func() { done <- tronsim.Serve(t.Context(), signed.Sim, listener) }()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return tronNode{signed.Sim, "grpc://" + listener.Addr().String(), account, tron.Address(token)}
}

// chain is the section of a chain, as the configuration has it.
func (n tronNode) chain() config.Chain {
	id := n.sim.ChainID()
	return config.Chain{
		ID: id, Native: config.Asset{ID: tron.Native(id), Symbol: "TRX", Decimals: 6, MinDeposit: "0", MinWithdraw: "0", WithdrawFee: "0"},
		Assets: []config.Asset{{ID: tron.TokenAsset(id, n.token), Symbol: "USDT", Decimals: 6, MinDeposit: "0", MinWithdraw: "0", WithdrawFee: "0"}},
		TRON:   config.TRON{Account: n.account.String(), Permission: 2, Nodes: []config.TRONNode{{URL: n.url}}, Agree: 1},
	}
}

// server has signers with the first keys of the permission.
func (n tronNode) server(t *testing.T, keys int) *server {
	t.Helper()
	id := n.sim.ChainID()
	rules, err := policy.Parse([]byte(strings.ReplaceAll(tronStartPolicy, "CHAIN", string(id))))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{config: config.Config{Signing: config.Signing{Threshold: 2, Signers: make([]config.Signer, 3)}}, policy: rules, log: slog.New(slog.DiscardHandler)}
	for k := range keys {
		key := signer.KeyInfo{Role: signer.RoleOwner, Chain: id, Key: tron.AddressOfKey(tronsim.KeyOf("signer", k).PublicKey).String()}
		s.signers = append(s.signers, &signerConn{info: signer.Info{Name: fmt.Sprintf("signer-%d", k+1), Keys: []signer.KeyInfo{key}}})
	}
	return s
}

func TestTRONIsCheckedAtTheStart(t *testing.T) {
	n := startTRON(t, 2, 1, 1, 1)
	for name, c := range map[string]struct {
		keys   int
		change func(c *config.Chain)
		says   string
	}{
		"three signers":     {3, func(*config.Chain) {}, ""},
		"one is away":       {2, func(*config.Chain) {}, ""},
		"two are away":      {1, func(*config.Chain) {}, "the signers that answer hold 1 keys"},
		"another coin":      {3, func(c *config.Chain) { c.Native.ID = coffer.NewAssetID(c.ID, coffer.AssetNative, "1") }, "native.id"},
		"other decimals":    {3, func(c *config.Chain) { c.Assets[0].Decimals = 8 }, "has 6 decimals on the chain, 8 in the configuration"},
		"no token":          {3, func(c *config.Chain) { c.Assets[0].ID = tron.TokenAsset(c.ID, n.account) }, "decimals"},
		"no account":        {3, func(c *config.Chain) { c.TRON.Account = tron.Address{9}.String() }, "tron.account"},
		"no permission":     {3, func(c *config.Chain) { c.TRON.Permission = 3 }, "it has no active permission 3"},
		"another network":   {3, func(c *config.Chain) { c.ID, c.Native.ID, c.Assets = tron.Nile, tron.Native(tron.Nile), nil }, "node of another network"},
		"a bad deposit key": {3, func(c *config.Chain) { c.TRON.DepositKey = "[e2867bb6/44h]xpub1" }, "tron.deposit_key"},
		"no API key":        {3, func(c *config.Chain) { c.TRON.Nodes[0].APIKeyFile = "/nowhere/key" }, "tron.nodes[0]: api_key_file"},
		"another node":      {3, func(c *config.Chain) { c.TRON.Nodes[0].URL = "grpc://127.0.0.1:1" }, "no node can be used"},
	} {
		t.Run(name, func(t *testing.T) {
			section := n.chain()
			c.change(&section)
			chain, err := n.server(t, c.keys).wireChain(t.Context(), section)
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			if err == nil {
				chain.close()
			}
		})
	}
}

func TestWeightsOfAPermissionAreThoseOfTheThreshold(t *testing.T) {
	for name, c := range map[string]struct {
		threshold uint64
		weights   []uint64
		says      string
	}{
		"two of three":              {2, []uint64{1, 1, 1}, ""},
		"two of three, heavier":     {5, []uint64{3, 2, 4}, ""},
		"three are needed":          {3, []uint64{1, 1, 1}, "may weigh 2"},
		"two light ones fall short": {6, []uint64{5, 2, 3}, "may weigh 5"},
		"one is enough":             {2, []uint64{2, 1, 1}, "which 1 keys have"},
	} {
		t.Run(name, func(t *testing.T) {
			n := startTRON(t, c.threshold, c.weights...)
			chain, err := n.server(t, 3).wireChain(t.Context(), n.chain())
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			if err == nil {
				chain.close()
			}
		})
	}
}

func TestWhatAChainOfTRONIsToTheServer(t *testing.T) {
	n := startTRON(t, 2, 1, 1, 1)
	section := n.chain()
	section.TRON.DepositKey = "[e2867bb6/44h/195h/0h]xpub6BsE5ivr8c6rcRoCvE8ptxaCtikM4fsrsbYXo53CyeV5zqQpWHW7Ue54pNQbKo4KQ4KN6TPvhH4qhf9QfzycJt4T5MfD4KzvD5puTvaRfxr"
	s := n.server(t, 3)
	chain, err := s.wireChain(t.Context(), section)
	if err != nil {
		t.Fatal(err)
	}
	defer chain.close()
	var d deposit.Chain
	credited, known := chain.deposits(s, &d)
	if d.Indexed == nil || len(credited) != 1 || credited[0].ID != section.Assets[0].ID || len(known) != 1 || known[0] != section.Native.ID {
		t.Errorf("deposits of %+v, known %v, %+v", credited, known, d)
	}
	section.TRON.InternalTransfers = true
	seeing, err := s.wireChain(t.Context(), section)
	if err != nil {
		t.Fatal(err)
	}
	defer seeing.close()
	if credited, known := seeing.deposits(s, &d); len(credited) != 2 || len(known) != 0 {
		t.Errorf("with internal transfers: deposits of %+v, known %v", credited, known)
	}

	// What the account had when the books begin.
	head, err := chain.source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for asset, want := range map[coffer.AssetID]int64{section.Native.ID: n.sim.Balance(tronsim.Address(n.account)), section.Assets[0].ID: 5_000_000} {
		place := treasury.Place{Account: ledger.PrefixCustodyHot + n.account.String(), Asset: asset}
		if had, err := chain.held(t.Context(), place, head.Final.Hash); err != nil || had != coffer.NewAmount(uint64(want)) {
			t.Errorf("the account had %s of %s, %v; want %d", had, asset, err, want)
		}
	}
	if err := n.sim.Mine(110); err != nil {
		t.Fatal(err)
	}
	place := treasury.Place{Account: ledger.PrefixCustodyHot + n.account.String(), Asset: section.Native.ID}
	if had, err := chain.held(t.Context(), place, head.Final.Hash); err == nil || !strings.Contains(err.Error(), "start_height") {
		t.Errorf("after an old block it had %s, %v", had, err)
	}
}

func TestAddressesOfTRONAreReadByCommands(t *testing.T) {
	parse := parserOf(tron.Mainnet)
	if got, err := parse("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"); err != nil || got != "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t" {
		t.Errorf("%s, %v", got, err)
	}
	if got, err := parse("0xdAC17F958D2ee523a2206206994597C13D831ec7"); err == nil {
		t.Errorf("an address of EVM is read as %s", got)
	}
	n := startTRON(t, 2, 1, 1, 1)
	reader, err := openReader(t.Context(), n.chain())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.close()
	if head, err := reader.source.Head(t.Context()); err != nil || head.Latest != n.sim.Head() {
		t.Errorf("head %+v, %v", head, err)
	}
}
