package signer

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

const tether = 31 // the property

var tetherAsset = utxo.OmniAsset(utxo.Regtest, tether)

// newOmniQuorum has one signer, who owns a nested wallet with coins at its own address and at
// a deposit address, and may send the property.
func newOmniQuorum(t *testing.T) *psbtQuorum {
	t.Helper()
	text := strings.NewReplacer(
		"\nrules:", "\n  - {name: BTC, id: \""+string(bitcoinNative)+"\", decimals: 8}\n  - {name: TETHER, id: \""+string(tetherAsset)+"\", decimals: 8}\nrules:",
		"\n  velocity:", "\n    - {name: tether per order, enforced_by: signer, asset: TETHER, max: \"200\"}\n  velocity:",
		"\n  block_lists:", "\n    - {name: tether per day, enforced_by: signer, asset: TETHER, per: asset, max: \"600\"}\n  block_lists:",
		`daily: "0.3"}`, `daily: "0.3"}`+"\n    - {name: sat, enforced_by: signer, asset: BTC, max: \"0.0006\", daily: \"0.01\"}\n"+
			"  sweeps:\n    - {name: tether comes home, enforced_by: signer, fees: BTC, assets: [TETHER], daily: \"0.003\"}",
	).Replace(testPolicy)
	q := &psbtQuorum{t: t, previous: map[coffer.Hash]*wire.MsgTx{}}
	f := newFixture(t, "one")
	f.pin(text)
	f.explain = explainerOf
	file := filepath.Join(t.TempDir(), "seed.json")
	key, err := CreateSeed(t.Context(), f.cfg, SeedConfig{Signer: f.cfg.Name, Label: "seal", File: file, Network: utxo.Regtest, Nested: true})
	f.must(err)
	descriptor, err := utxo.AddChecksum("sh(wsh(sortedmulti(1," + key + ")))")
	f.must(err)
	q.wallet, err = utxo.ParseDescriptor(utxo.Regtest, descriptor)
	f.must(err)
	f.cfg.Chains = append(f.cfg.Chains, ChainConfig{
		Chain: bitcoin, Native: bitcoinNative, Seed: file, Descriptors: []string{descriptor}, MaxFee: 100_000, MaxFeeRate: 500, Omni: tether,
	})
	f.start()
	q.signers = []*fixture{f}
	for n, at := range []struct {
		path string
		sat  int64
	}{{"0/0", 200_000}, {"0/5", 546}, {"0/0", 300_000}} {
		script, err := q.wallet.At(at.path)
		f.must(err)
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: uint32(n)}})
		tx.AddTxOut(wire.NewTxOut(at.sat, script.Output))
		id := utxo.HashOf(tx.TxHash())
		q.previous[id] = tx
		q.coins = append(q.coins, coffer.Coin{ID: coffer.NewCoinID(id, 0), Address: script.Address, Path: script.Path, Amount: coffer.NewAmount(uint64(at.sat))})
	}
	return q
}

// tokens pays so many units to a stranger, with a coin at the wallet's own address.
func (q *psbtQuorum) tokens(id string, units uint64) coffer.SigningRequest {
	q.t.Helper()
	order := q.order(id, units)
	order.Asset = tetherAsset
	script := append(append([]byte{0xa9, 20}, make([]byte, 20)...), 0x87) // P2SH (BIP-16)
	to, ok := utxo.AddressOf(utxo.Regtest, script)
	if !ok {
		q.t.Fatal("no address")
	}
	order.Destination = to
	r := q.intent("po_"+id, 0)
	r.Orders, r.Intent.Orders, r.Intent.Payments = []coffer.Order{order}, []coffer.Hash{order.Hash()}, []coffer.Payment{order.Payment()}
	q.build(&r, 1, 10_000)
	return r
}

// homecoming brings the tokens of the deposit address to the wallet's own.
func (q *psbtQuorum) homecoming(id string) coffer.SigningRequest {
	q.t.Helper()
	r := q.intent(id, 1)
	r.Intent.Purpose, r.Intent.Sweeps = coffer.PurposeSweep, []coffer.Sweep{{Forwarder: q.coins[1].Address, Asset: tetherAsset}}
	q.build(&r, 2, 10_000)
	return r
}

func (q *psbtQuorum) intent(id string, first int) coffer.SigningRequest {
	coins := q.coins[first:]
	return coffer.SigningRequest{Intent: coffer.Intent{
		ID: id, Chain: bitcoin, Wallet: q.wallet.Address(), Path: coffer.PathPSBT, Slot: coffer.Slot{Kind: coffer.SlotCoin, Lane: string(coins[0].ID)},
		Purpose: coffer.PurposeOrders, Coins: coins, Change: q.wallet.Home(), FeeBound: coffer.NewAmount(50_000), Expires: q.signers[0].clock.Now().Add(30 * time.Minute),
	}}
}

// A payment of tokens is held to its order and to the limits of the token, not of bitcoin.
func TestTokensOnBitcoinAreSignedAsTheOrdersSay(t *testing.T) {
	q := newOmniQuorum(t)
	f := q.signers[0]
	f.refuses(q.tokens("wd_1", 200_0000_0001), coffer.CodePolicy, "tether per order")
	r := q.tokens("wd_1", 150_0000_0000)
	other := r
	other.Unsigned = q.tokens("wd_1", 150_0000_0001).Unsigned
	f.refuses(other, coffer.CodeInvalid, "unsigned.payments")
	dear := r
	dear.Intent.FeeBound = coffer.NewAmount(10_539) // the fee, and a satoshi less than the recipient gets
	f.refuses(dear, coffer.CodeInvalid, "unsigned.fee")
	q.sign(0, r)
	q.build(&r, 1, 20_000)
	q.sign(0, r)
}

// A sweep is signed where a rule allows it, and its coin is its for ever.
func TestTokensOnBitcoinComeHome(t *testing.T) {
	q := newOmniQuorum(t)
	f := q.signers[0]
	r := q.homecoming("po_1")
	missing := r
	missing.Intent.Sweeps = nil
	f.refuses(missing, coffer.CodeInvalid, "sweeps")
	elsewhere := r
	elsewhere.Intent.Sweeps = []coffer.Sweep{{Forwarder: q.wallet.Address(), Asset: tetherAsset}}
	f.refuses(elsewhere, coffer.CodeInvalid, "unsigned.sweeps")
	q.sign(0, r)
	q.build(&r, 2, 20_000)
	q.sign(0, r)
	f.restart()
	q.sign(0, r)
}

func TestTheOmniLayerInASignersConfiguration(t *testing.T) {
	q := newOmniQuorum(t)
	good := q.signers[0].cfg.Chains[len(q.signers[0].cfg.Chains)-1]
	native, err := utxo.AddChecksum("wsh(sortedmulti(1,0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798))")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit func(c *ChainConfig)
		says string
	}{
		"as it is":              {func(*ChainConfig) {}, ""},
		"none":                  {func(c *ChainConfig) { c.Omni = 0 }, ""},
		"a property of class A": {func(c *ChainConfig) { c.Omni = 2 }, "omni: want a property from 3"},
		"native segwit":         {func(c *ChainConfig) { c.Descriptors = []string{native} }, "omni: the Omni Layer"},
		"an EVM chain": {func(c *ChainConfig) {
			*c = ChainConfig{Chain: "eip155:1", Native: "eip155:1/slip44:60", Owner: "a", Omni: tether}
		}, "of Bitcoin only"},
	} {
		chain := good
		c.edit(&chain)
		if err := chain.check(); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
