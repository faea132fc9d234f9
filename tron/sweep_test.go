package tron_test

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// seed is the private half of a deposit key.
type seed struct{ account *hdkeychain.ExtendedKey }

func newSeed(t testing.TB) (seed, tron.DepositKey) {
	t.Helper()
	key, err := hdkeychain.NewMaster([]byte("a seed of deposit addresses of tests"), &chaincfg.MainNetParams)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []uint32{44, 195, 0} {
		if key, err = key.Derive(hdkeychain.HardenedKeyStart + step); err != nil {
			t.Fatal(err)
		}
	}
	public, err := key.Neuter()
	if err != nil {
		t.Fatal(err)
	}
	deposits, err := tron.ParseDepositKey("[d34db33f/44h/195h/0h]" + public.String())
	if err != nil {
		t.Fatal(err)
	}
	return seed{key}, deposits
}

func (s seed) key(t testing.TB, index uint32) *ecdsa.PrivateKey {
	t.Helper()
	key := s.account
	for _, step := range []uint32{0, index} {
		var err error
		if key, err = key.Derive(step); err != nil {
			t.Fatal(err)
		}
	}
	private, err := key.ECPrivKey()
	if err != nil {
		t.Fatal(err)
	}
	return private.ToECDSA()
}

// sign is the signature of a deposit address.
func (s seed) sign(t testing.TB, index uint32, digest coffer.Hash) coffer.Signature {
	t.Helper()
	key := s.key(t, index)
	signature, err := crypto.Sign(digest[:], key)
	if err != nil {
		t.Fatal(err)
	}
	return coffer.Signature{Signer: "seed", Key: tron.AddressOfKey(key.PublicKey).String(), Digest: digest, Bytes: signature}
}

func depositAddress(t testing.TB, deposits tron.DepositKey, index uint32) tron.Address {
	t.Helper()
	address, err := deposits.Address(fmt.Sprintf("0/%d", index))
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// sweepIntent empties a deposit address of an asset.
func sweepIntent(a tron.Account, from tron.Address, index uint32, asset coffer.AssetID) coffer.Intent {
	i := testIntent(a, coffer.Payment{})
	i.Purpose, i.Orders, i.Payments = coffer.PurposeSweep, nil, nil
	i.Sweeps = []coffer.Sweep{{Forwarder: tron.AddressOf(from), Salt: tron.SaltOf(index), Asset: asset}}
	return i
}

func sweepTerms(feeLimit, amount uint64) tron.Terms {
	terms := testTerms(feeLimit)
	terms.Sweep = coffer.NewAmount(amount)
	return terms
}

func TestSweepsPayTheWalletOnly(t *testing.T) {
	s, deposits := newSeed(t)
	a := testAccount(t)
	a.Deposits = deposits
	from := depositAddress(t, deposits, 7)
	token := coffer.AssetID(string(a.Chain) + "/trc20:" + testToken)
	for name, c := range map[string]struct {
		asset coffer.AssetID
		terms tron.Terms
	}{"tokens": {token, sweepTerms(30_000_000, 5)}, "TRX": {tron.Native(a.Chain), sweepTerms(0, 5)}} {
		i := sweepIntent(a, from, 7, c.asset)
		u := mustBuild(t, i, a, c.terms)
		effects, err := explainer(a).Explain(u)
		if err != nil || len(effects.Sweeps) != 1 || effects.Sweeps[0] != i.Sweeps[0] || len(effects.Payments)+len(effects.Delegations) > 0 {
			t.Errorf("%s: %+v, %v", name, effects, err)
		}
		signed, err := tron.Finalize(a, u, []coffer.Signature{s.sign(t, 7, effects.Digests[0])})
		if err != nil || signed.ID != effects.Digests[0] {
			t.Errorf("%s: %v", name, err)
		}
		if id, err := explainer(a).ID(u); err != nil || id != signed.ID {
			t.Errorf("%s: id %s, %v", name, id, err)
		}
		for _, other := range []coffer.Signature{sign(t, 1, effects.Digests[0]), s.sign(t, 8, effects.Digests[0])} {
			if _, err := tron.Finalize(a, u, []coffer.Signature{other}); !errors.Is(err, tron.ErrSignature) {
				t.Errorf("%s, signed by %s: %v", name, other.Key, err)
			}
		}
	}

	u := mustBuild(t, sweepIntent(a, from, 7, token), a, sweepTerms(30_000_000, 5))
	bare := a
	bare.Deposits = tron.DepositKey{}
	if _, err := explainer(bare).Explain(u); !errors.Is(err, tron.ErrRefused) || !strings.Contains(err.Error(), "has no deposit addresses") {
		t.Errorf("a wallet without deposit addresses: %v", err)
	}
	type call = tronpb.TriggerSmartContract
	stranger := keyAddress(5)
	for name, c := range map[string]struct {
		bytes func([]byte) []byte
		says  string
	}{
		"no index":        {func(b []byte) []byte { return b[:3] }, "no index"},
		"another index":   {func(b []byte) []byte { b[3] = 8; return b }, "permission 0; that of"},
		"a hard index":    {func(b []byte) []byte { b[0] = 0x80; return b }, "path"},
		"as a payment":    {func(b []byte) []byte { return b[4:] }, "not a transaction"},
		"to a stranger":   {edit(t, func(_ *tronpb.TransactionRaw, c *call) { copy(c.Data[16:36], stranger[:]) }), "which is not the wallet"},
		"to itself":       {edit(t, func(_ *tronpb.TransactionRaw, c *call) { copy(c.Data[16:36], from[:]) }), "to itself"},
		"an approval":     {edit(t, func(_ *tronpb.TransactionRaw, c *call) { copy(c.Data, []byte{0x09, 0x5e, 0xa7, 0xb3}) }), "selector"},
		"of the wallet":   {edit(t, func(_ *tronpb.TransactionRaw, c *call) { c.OwnerAddress = a.Address.Bytes() }), "permission 0"},
		"under an active": {edit(t, func(r *tronpb.TransactionRaw, _ *call) { r.Contract[0].PermissionId = 2 }), "permission 2"},
		"a payment of the wallet with an index": {edit(t, func(r *tronpb.TransactionRaw, c *call) {
			c.OwnerAddress, r.Contract[0].PermissionId = a.Address.Bytes(), 2
			copy(c.Data[16:36], stranger[:])
		}), "with the index of a deposit address"},
	} {
		bad := u
		bad.Bytes = c.bytes(append([]byte(nil), u.Bytes...))
		if effects, err := explainer(a).Explain(bad); !errors.Is(err, tron.ErrRefused) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %+v, %v, want %q", name, effects, err, c.says)
		}
	}
	raw := u
	raw.Format, raw.Bytes = tron.FormatRaw, u.Bytes[4:]
	if _, err := explainer(a).Explain(raw); !errors.Is(err, tron.ErrRefused) {
		t.Errorf("without its index: %v", err)
	}
}

// edit changes what stands behind the index.
func edit(t *testing.T, f func(*tronpb.TransactionRaw, *tronpb.TriggerSmartContract)) func([]byte) []byte {
	return func(b []byte) []byte {
		u := change(t, coffer.Unsigned{Bytes: b[4:]}, new(tronpb.TriggerSmartContract), f)
		return append(b[:4:4], u.Bytes...)
	}
}

func TestSweepsThatCannotBe(t *testing.T) {
	_, deposits := newSeed(t)
	a := testAccount(t)
	a.Deposits = deposits
	from := depositAddress(t, deposits, 7)
	token := coffer.AssetID(string(a.Chain) + "/trc20:" + testToken)
	for name, bad := range map[string]func(*coffer.Intent){
		"another address": func(i *coffer.Intent) { i.Sweeps[0].Forwarder = testReceiver },
		"another index":   func(i *coffer.Intent) { i.Sweeps[0].Salt = tron.SaltOf(8) },
		"a hard index":    func(i *coffer.Intent) { i.Sweeps[0].Salt = tron.SaltOf(1 << 31) },
		"another salt":    func(i *coffer.Intent) { i.Sweeps[0].Salt[0] = 1 },
		"another asset":   func(i *coffer.Intent) { i.Sweeps[0].Asset = "tron:0x2b6653dc/trc10:1000959" },
		"two":             func(i *coffer.Intent) { i.Sweeps = append(i.Sweeps, i.Sweeps[0]) },
		"and a payment":   func(i *coffer.Intent) { i.Payments = []coffer.Payment{usdt(5)} },
		"with an order":   func(i *coffer.Intent) { i.Orders = []coffer.Hash{{1}} },
	} {
		i := sweepIntent(a, from, 7, token)
		bad(&i)
		if _, err := tron.Build(i, a, sweepTerms(30_000_000, 5)); err == nil {
			t.Errorf("%s was built", name)
		}
	}
	if _, err := tron.Build(sweepIntent(a, from, 7, token), a, sweepTerms(30_000_000, 0)); err == nil {
		t.Error("a sweep of nothing was built")
	}
	for name, d := range map[string]coffer.Delegation{
		"another path":          {Path: "0/8", Resource: coffer.ResourceEnergy, Amount: coffer.NewAmount(1_000_000)},
		"a path of change":      {Path: "1/7", Resource: coffer.ResourceEnergy, Amount: coffer.NewAmount(1_000_000)},
		"a path with zeros":     {Path: "0/07", Resource: coffer.ResourceEnergy, Amount: coffer.NewAmount(1_000_000)},
		"no path":               {Resource: coffer.ResourceEnergy, Amount: coffer.NewAmount(1_000_000)},
		"an account taken back": {Path: "0/7", Resource: coffer.ResourceAccount, Back: true},
		"much of an account":    {Path: "0/7", Resource: coffer.ResourceAccount, Amount: coffer.NewAmount(1_000_000)},
	} {
		i := testDelegation(a, false)
		d.To = tron.AddressOf(from)
		i.Delegations = []coffer.Delegation{d}
		if _, err := tron.Build(i, a, testTerms(0)); err == nil {
			t.Errorf("%s was built", name)
		}
	}
}

// A deposit address without TRX is emptied: the wallet makes its account, lends it energy and
// bandwidth, and takes them back.
func TestAWalletEmptiesDepositAddressesOnANode(t *testing.T) {
	s, deposits := newSeed(t)
	k := newBank(t).token()
	k.account.Deposits = deposits
	var err error
	if k.Wallet, err = tron.NewWallet(tron.WalletConfig{Account: k.account, Pool: k.client, Clock: k.clock}); err != nil {
		t.Fatal(err)
	}
	for _, code := range []tronpb.ResourceCode{tronpb.ResourceCode_ENERGY, tronpb.ResourceCode_BANDWIDTH} {
		if err := k.sim.Stake(tronsim.Address(k.account.Address), code, 3_000_000_000); err != nil {
			t.Fatal(err)
		}
	}
	const index = 7
	from := depositAddress(t, deposits, index)
	k.order(bindings.NewTestToken().PackTransfer(common.Address(from), big.NewInt(123_000_000)))

	sweep := func() coffer.Intent {
		i := k.intent()
		i.Purpose, i.Sweeps = coffer.PurposeSweep, []coffer.Sweep{{Forwarder: tron.AddressOf(from), Salt: tron.SaltOf(index), Asset: tron.TokenAsset(k.account.Chain, k.address)}}
		return i
	}
	u, err := k.Build(t.Context(), sweep(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Simulate(t.Context(), u); !errors.Is(err, coffer.ErrWouldFail) || !errors.Is(err, coffer.ErrNotFound) {
		t.Fatalf("an address without an account: %v", err)
	}
	give := func(resource string, sun uint64, back bool) {
		t.Helper()
		i := k.intent()
		i.Purpose = coffer.PurposeDelegate
		i.Delegations = []coffer.Delegation{{To: tron.AddressOf(from), Path: "0/7", Resource: resource, Amount: coffer.NewAmount(sun), Back: back}}
		gift, err := k.Build(t.Context(), i, nil)
		if err != nil || k.SignaturesNeeded(gift) != 0 {
			t.Errorf("a delegation needs %d signatures, want what the permission says; %v", k.SignaturesNeeded(gift), err)
		}
		signed, effects := k.signed(i)
		k.broadcast(signed)
		k.mine(1)
		k.landed(signed, effects)
	}
	give(coffer.ResourceAccount, 0, false)
	if err := k.Simulate(t.Context(), u); !errors.Is(err, coffer.ErrWouldFail) || !strings.Contains(err.Error(), "burned") {
		t.Fatalf("an address without energy: %v", err)
	}
	give(coffer.ResourceEnergy, 2_500_000_000, false)
	give(coffer.ResourceBandwidth, 1_000_000_000, false)

	before := k.balance(k.account.Address)
	if u, err = k.Build(t.Context(), sweep(), nil); err != nil {
		t.Fatal(err)
	}
	if err := k.Simulate(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	id, err := tron.NewExplainer(tron.ExplainConfig{Chain: k.account.Chain, Wallets: []tron.Account{k.account}}).ID(u)
	if err != nil {
		t.Fatal(err)
	}
	if n := k.SignaturesNeeded(u); n != 1 {
		t.Errorf("a sweep needs %d signatures, want that of its address", n)
	}
	signed, err := k.Finalize(u, []coffer.Signature{s.sign(t, index, id)})
	if err != nil {
		t.Fatal(err)
	}
	k.broadcast(signed)
	k.mine(1)
	receipt, err := k.client.HeadReceipt(t.Context(), signed.ID)
	if err != nil || !receipt.Success || receipt.Fee != 0 {
		t.Errorf("%+v, %v; want nothing burned", receipt, err)
	}
	if got := k.balance(k.account.Address) - before; got != 123_000_000 || k.balance(from) != 0 {
		t.Errorf("the wallet got %d, %d are left", got, k.balance(from))
	}
	give(coffer.ResourceEnergy, 2_500_000_000, true)
	give(coffer.ResourceBandwidth, 1_000_000_000, true)
	if _, err := k.Build(t.Context(), sweep(), nil); !errors.Is(err, coffer.ErrWouldFail) {
		t.Errorf("nothing is left to sweep: %v", err)
	}

	// Its TRX go the same way, but for the bandwidth.
	k.send(must(tron.Transfer(k.account.Address, from, coffer.NewAmount(3_000_000))), 1)
	i := sweep()
	i.Sweeps[0].Asset = tron.Native(k.account.Chain)
	if u, err = k.Build(t.Context(), i, nil); err != nil {
		t.Fatal(err)
	}
	if err := k.Simulate(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if signed, err = k.Finalize(u, []coffer.Signature{s.sign(t, index, tron.ID(u.Bytes[4:]))}); err != nil {
		t.Fatal(err)
	}
	k.broadcast(signed)
	k.mine(1)
	if receipt, err := k.client.HeadReceipt(t.Context(), signed.ID); err != nil || !receipt.Success {
		t.Errorf("%+v, %v", receipt, err)
	}
	if left := k.sim.Balance(tronsim.Address(from)); left > 300_000 {
		t.Errorf("%d sun are left", left)
	}
}

func must[T proto.Message](m T, err error) T {
	if err != nil {
		panic(err)
	}
	return m
}

// What is given with the index of a deposit address goes to that address.
func TestDelegationsToDepositAddresses(t *testing.T) {
	_, deposits := newSeed(t)
	a := testAccount(t)
	a.Deposits = deposits
	to := depositAddress(t, deposits, 7)
	i := testDelegation(a, false)
	i.Delegations[0].To, i.Delegations[0].Path = tron.AddressOf(to), "0/7"
	u := mustBuild(t, i, a, testTerms(0))
	effects, err := explainer(a).Explain(u)
	if err != nil || len(effects.Delegations) != 1 || effects.Delegations[0] != i.Delegations[0] {
		t.Fatalf("%+v, %v", effects, err)
	}
	for name, other := range map[string]func(*tronpb.DelegateResourceContract){
		"another deposit address": func(c *tronpb.DelegateResourceContract) {
			c.ReceiverAddress = depositAddress(t, deposits, 8).Bytes()
		},
		"one that the wallet lists": func(c *tronpb.DelegateResourceContract) {
			c.ReceiverAddress = mustAddress(t, testReceiver).Bytes()
		},
		"a stranger": func(c *tronpb.DelegateResourceContract) { c.ReceiverAddress = keyAddress(5).Bytes() },
		"by a deposit address": func(c *tronpb.DelegateResourceContract) {
			c.OwnerAddress, c.ReceiverAddress = to.Bytes(), a.Address.Bytes()
		},
	} {
		bad := u
		changed := change(t, coffer.Unsigned{Bytes: u.Bytes[4:]}, new(tronpb.DelegateResourceContract),
			func(r *tronpb.TransactionRaw, c *tronpb.DelegateResourceContract) {
				if other(c); string(c.OwnerAddress) == string(to.Bytes()) {
					r.Contract[0].PermissionId = 0
				}
			})
		bad.Bytes = append(u.Bytes[:4:4], changed.Bytes...)
		if effects, err := explainer(a).Explain(bad); !errors.Is(err, tron.ErrRefused) {
			t.Errorf("to %s: %+v, %v", name, effects, err)
		}
	}
}
