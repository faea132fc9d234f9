package signer

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
)

const (
	tronUSDT  = coffer.AssetID("tron:0x2b6653dc/trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t")
	tronPayee = coffer.Address("TJRabPrwbZy45sbavfcjinPJC18kjpRTv8")
	tronOther = coffer.Address("TNPeeaaFB7K9cmo4uQpcU32zGK8G1NYqeL")
)

const tronRules = `
  sweeps:
    - {name: sun of sweeps, enforced_by: signer, fees: TRX, assets: [TUSDT, TRX], daily: "150"}
  delegations:
    - {name: stake lent, enforced_by: signer, asset: TRX, max: "3000", daily: 4}
`

// tronQuorum is three signers whose tokens hold the keys of one permission, 2 of 3. The first
// has the seed of its deposit addresses.
type tronQuorum struct {
	t       testing.TB
	signers []*fixture
	account tron.Account
}

func newTRONQuorum(t testing.TB) *tronQuorum {
	t.Helper()
	text := strings.NewReplacer(
		"\nrules:", "\n  - {name: TRX, id: \""+string(tron.Native(tron.Mainnet))+"\", decimals: 6}\n  - {name: TUSDT, id: \""+string(tronUSDT)+"\", decimals: 6}\nrules:",
		"\n  velocity:", "\n    - {name: trx per order, enforced_by: signer, asset: TRX, max: \"1000\"}\n    - {name: tusdt per order, enforced_by: signer, asset: TUSDT, max: \"1000\"}\n  velocity:",
		"\n  block_lists:", "\n    - {name: trx per day, enforced_by: signer, asset: TRX, per: asset, max: \"5000\"}\n    - {name: tusdt per day, enforced_by: signer, asset: TUSDT, per: asset, max: \"5000\"}\n  block_lists:",
		`daily: "0.3"}`, `daily: "0.3"}`+"\n    - {name: sun, enforced_by: signer, asset: TRX, max: \"40\", daily: \"300\"}",
	).Replace(testPolicy) + tronRules
	q := &tronQuorum{t: t, account: tron.Account{
		Chain: tron.Mainnet, Address: tron.Address{1, 2, 3}, Permission: 2, Threshold: 2, Prices: tron.MainnetPrices,
	}}
	pinned := AccountConfig{Address: q.account.Address.String(), Permission: 2, Threshold: 2}
	seed := ""
	for n, token := range []string{"one", "two", "three"} {
		f := newFixture(t, token)
		f.pin(text)
		f.explain = explainerOf
		if n == 0 {
			seed, pinned.Deposits = makeTRONSeed(t, f, 0)
		}
		address, err := CreateKey(t.Context(), f.cfg, "account")
		f.must(err)
		q.account.Keys = append(q.account.Keys, tron.Key{Address: tron.Address(address), Weight: 1})
		pinned.Keys = append(pinned.Keys, KeyConfig{Address: tron.Address(address).String(), Weight: 1})
		q.signers = append(q.signers, f)
	}
	var err error
	q.account.Deposits, err = tron.ParseDepositKey(pinned.Deposits)
	q.signers[0].must(err)
	for n, f := range q.signers {
		c := ChainConfig{Chain: tron.Mainnet, Native: tron.Native(tron.Mainnet), Owner: "account", Accounts: []AccountConfig{pinned}}
		if n == 0 {
			c.Seed = seed
		}
		f.cfg.Chains = append(f.cfg.Chains, c)
		f.start()
	}
	return q
}

// makeTRONSeed makes a sealed seed of a fixture's signer and returns an account's deposit key.
func makeTRONSeed(t testing.TB, f *fixture, account uint32) (file, key string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "seed.json")
	key, err := CreateSeed(t.Context(), f.cfg, SeedConfig{Signer: f.cfg.Name, Label: "seal", File: file, TRON: true, Account: account})
	f.must(err)
	return file, key
}

// request pays one order in the slot of so many seconds from now.
func (q *tronQuorum) request(id string, asset coffer.AssetID, units string, ahead time.Duration) coffer.SigningRequest {
	q.t.Helper()
	f := q.signers[0]
	now := f.clock.Now()
	amount, err := coffer.ParseUnits(units, 6)
	f.must(err)
	feeBound := coffer.NewAmount(35_000_000)
	o := coffer.Order{ID: id, Tenant: "tn_1", Account: "acc", Asset: asset, Destination: tronPayee, Amount: amount, FeeCap: coffer.NewAmount(1_000_000), Expires: now.Add(time.Hour)}
	r := coffer.SigningRequest{Orders: []coffer.Order{o}, Intent: coffer.Intent{
		ID: "po_" + id, Chain: tron.Mainnet, Wallet: q.account.Name(), Path: coffer.PathTRON,
		Slot:    coffer.Slot{Kind: coffer.SlotTimestamp, Lane: "0x0", Sequence: uint64(now.Add(ahead).Unix())},
		Purpose: coffer.PurposeOrders, Orders: []coffer.Hash{o.Hash()}, Payments: []coffer.Payment{o.Payment()}, FeeBound: feeBound, Expires: now.Add(20 * time.Minute),
	}}
	q.build(&r, nil)
	return r
}

// build makes the transaction that an intent asks for, but for edit.
func (q *tronQuorum) build(r *coffer.SigningRequest, edit func(*coffer.Intent, *tron.Account, *tron.Terms)) {
	q.t.Helper()
	intent, account := r.Intent, q.account
	intent.Payments = append([]coffer.Payment(nil), intent.Payments...)
	terms := tron.Terms{Reference: tron.Reference{Number: [2]byte{1, 2}}, Expiration: intent.Expires}
	if len(intent.Payments) > 0 && !intent.Payments[0].Asset.IsNative() || len(intent.Sweeps) > 0 && !intent.Sweeps[0].Asset.IsNative() {
		terms.FeeLimit = 30_000_000
	}
	if len(intent.Sweeps) > 0 {
		terms.Sweep = coffer.NewAmount(7_000_000)
	}
	if edit != nil {
		edit(&intent, &account, &terms)
	}
	u, err := tron.Build(intent, account, terms)
	q.signers[0].must(err)
	r.Unsigned = u
}

func (q *tronQuorum) sign(n int, r coffer.SigningRequest) []coffer.Signature {
	q.t.Helper()
	sigs, err := q.signers[n].client.Sign(q.t.Context(), r)
	q.signers[n].must(err)
	return sigs
}

func TestTwoOfThreeSignersPayFromATRONAccount(t *testing.T) {
	q := newTRONQuorum(t)
	for n, asset := range []coffer.AssetID{tronUSDT, tron.Native(tron.Mainnet)} {
		r := q.request("o"+string(rune('1'+n)), asset, "12.5", time.Duration(n)*time.Second)
		sigs := append(q.sign(2, r), q.sign(0, r)...)
		signed, err := tron.Finalize(q.account, r.Unsigned, sigs)
		if err != nil || signed.ID != tron.ID(r.Unsigned.Bytes) {
			t.Fatalf("%s: %s, %v", asset, signed.ID, err)
		}
		if _, err := tron.Finalize(q.account, r.Unsigned, sigs[:1]); !errors.Is(err, tron.ErrThreshold) {
			t.Errorf("%s: with one signature: %v", asset, err)
		}
		again := q.sign(0, r)
		if !bytes.Equal(again[0].Bytes, sigs[1].Bytes) && again[0].Key != sigs[1].Key {
			t.Errorf("%s: the same request again is signed by %s", asset, again[0].Key)
		}
	}
	for n, want := range [][]KeyInfo{
		{{RoleOwner, tron.Mainnet, q.account.Keys[0].Address.String()}, {RoleDeposits, tron.Mainnet, q.account.Deposits.String()}},
		{{RoleOwner, tron.Mainnet, q.account.Keys[1].Address.String()}},
	} {
		if keys := q.signers[n].info().Keys; !slices.Equal(keys[len(keys)-len(want):], want) {
			t.Errorf("signer %d has keys %+v, want %+v at the end", n, keys, want)
		}
	}
}

func TestWhatASignerRefusesOnTRON(t *testing.T) {
	q := newTRONQuorum(t)
	f := q.signers[0]
	edit := func(change func(*coffer.Intent, *tron.Account, *tron.Terms)) func(*coffer.SigningRequest) {
		return func(r *coffer.SigningRequest) { q.build(r, change) }
	}
	for name, v := range map[string]struct {
		change func(*coffer.SigningRequest)
		code   coffer.Code
		says   string
	}{
		"another destination": {edit(func(i *coffer.Intent, _ *tron.Account, _ *tron.Terms) { i.Payments[0].To = tronOther }), coffer.CodeInvalid, "payments are not the intent's"},
		"another amount":      {edit(func(i *coffer.Intent, _ *tron.Account, _ *tron.Terms) { i.Payments[0].Amount = coffer.NewAmount(1) }), coffer.CodeInvalid, "payments are not the intent's"},
		"another token": {edit(func(i *coffer.Intent, _ *tron.Account, _ *tron.Terms) {
			i.Payments[0].Asset = "tron:0x2b6653dc/trc20:TNPeeaaFB7K9cmo4uQpcU32zGK8G1NYqeL"
		}), coffer.CodeInvalid, "payments are not the intent's"},
		"another slot":            {edit(func(i *coffer.Intent, _ *tron.Account, _ *tron.Terms) { i.Slot.Sequence++ }), coffer.CodeInvalid, "takes slot"},
		"another permission":      {edit(func(_ *coffer.Intent, a *tron.Account, _ *tron.Terms) { a.Permission = 3 }), coffer.CodeInvalid, "permission"},
		"a truncated transaction": {func(r *coffer.SigningRequest) { r.Unsigned.Bytes = r.Unsigned.Bytes[:len(r.Unsigned.Bytes)-3] }, coffer.CodeInvalid, ""},
		"bytes behind":            {func(r *coffer.SigningRequest) { r.Unsigned.Bytes = append(r.Unsigned.Bytes, 0x52, 1, 'x') }, coffer.CodeInvalid, ""},
		"an account of others":    {func(r *coffer.SigningRequest) { r.Intent.Wallet, r.Unsigned.Wallet = tronOther, tronOther }, coffer.CodeInvalid, ""},
		"a delegation too": {func(r *coffer.SigningRequest) {
			r.Intent.Delegations = []coffer.Delegation{{To: tronOther, Resource: coffer.ResourceEnergy, Amount: coffer.NewAmount(1)}}
		}, coffer.CodeInvalid, "delegations are not the intent's"},
		"a slot far ahead":          {func(r *coffer.SigningRequest) { *r = q.request("far", tronUSDT, "1", time.Minute+slotSkew) }, coffer.CodePolicy, "from now"},
		"a fee above the policy's":  {func(r *coffer.SigningRequest) { r.Intent.FeeBound = coffer.NewAmount(41_000_000) }, coffer.CodePolicy, ""},
		"an amount above the limit": {func(r *coffer.SigningRequest) { *r = q.request("much", tronUSDT, "1001", 0) }, coffer.CodePolicy, "tusdt per order"},
		"an intent of yesterday": {func(r *coffer.SigningRequest) {
			r.Intent.Expires = f.clock.Now().Add(-time.Minute)
			r.Intent.Slot.Sequence -= 3600
			q.build(r, nil)
		}, coffer.CodePolicy, "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			r := q.request("order", tronUSDT, "5", 0)
			v.change(&r)
			f.refuses(r, v.code, v.says)
		})
	}
}

// In a slot of TRON a signer signs one transaction, and the order of it nowhere else while the
// signer does not see that it is dead.
func TestAnOrderOfTRONIsSignedInOneTransaction(t *testing.T) {
	q := newTRONQuorum(t)
	f := q.signers[0]
	r := q.request("order", tronUSDT, "5", 0)
	q.sign(0, r)
	dearer := r
	q.build(&dearer, func(_ *coffer.Intent, _ *tron.Account, terms *tron.Terms) { terms.FeeLimit++ })
	f.refuses(dearer, coffer.CodeConflict, "both could land")
	f.refuses(q.request("order", tronUSDT, "5", time.Second), coffer.CodeConflict, "is bound to slot")
	f.refuses(q.request("another", tronUSDT, "5", 0), coffer.CodeConflict, "slot")
	f.clock.add(40 * time.Minute)
	later := r
	later.Intent.Expires = f.clock.Now().Add(10 * time.Minute)
	later.Intent.Slot.Sequence = uint64(f.clock.Now().Unix())
	q.build(&later, nil)
	f.refuses(later, coffer.CodeConflict, "is bound to slot") // without nodes of its own
}

func TestTRONConfigurationsThatAreRefused(t *testing.T) {
	good := func() ChainConfig {
		return ChainConfig{Chain: tron.Mainnet, Native: tron.Native(tron.Mainnet), Owner: "account", RPC: []string{"grpc://127.0.0.1:1", "grpcs://node:443"}, Accounts: []AccountConfig{{
			Address: string(tronPayee), Permission: 2, Threshold: 1, Keys: []KeyConfig{{string(tronOther), 1}},
		}}}
	}
	if err := good().check(); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]struct {
		change func(*ChainConfig)
		says   string
	}{
		"no owner":             {func(c *ChainConfig) { c.Owner = "" }, "owner"},
		"no account":           {func(c *ChainConfig) { c.Accounts = nil }, "accounts"},
		"an EVM address":       {func(c *ChainConfig) { c.Accounts[0].Address = string(testWallet) }, "accounts[0]: address"},
		"a hex address":        {func(c *ChainConfig) { c.Accounts[0].Address = "415cd0fb0ab3ce40f3051414c604b27756e69e43db" }, "accounts[0]: address"},
		"a wrong checksum":     {func(c *ChainConfig) { c.Accounts[0].Address = "TJRabPrwbZy45sbavfcjinPJC18kjpRTv9" }, "accounts[0]: address"},
		"the owner permission": {func(c *ChainConfig) { c.Accounts[0].Permission = 0 }, "stay cold"},
		"the witness one":      {func(c *ChainConfig) { c.Accounts[0].Permission = 1 }, "permission"},
		"a threshold too high": {func(c *ChainConfig) { c.Accounts[0].Threshold = 2 }, "threshold"},
		"a key twice":          {func(c *ChainConfig) { c.Accounts[0].Keys = append(c.Accounts[0].Keys, c.Accounts[0].Keys[0]) }, "twice"},
		"an account twice":     {func(c *ChainConfig) { c.Accounts = append(c.Accounts, c.Accounts[0]) }, "accounts[1]: the same account twice"},
		"another chain's coin": {func(c *ChainConfig) { c.Chain = tron.Nile }, "native"},
		"a URL of FTP":         {func(c *ChainConfig) { c.RPC[0] = "ftp://node:1" }, "rpc[0]"},
		"a node twice":         {func(c *ChainConfig) { c.RPC[1] = "grpcs://127.0.0.1:1" }, "rpc[1]: the same node twice"},
		"one solidity_rpc":     {func(c *ChainConfig) { c.SolidityRPC = []string{"grpc://127.0.0.1:2"} }, "solidity_rpc: 1 URLs"},
		"a bad solidity_rpc":   {func(c *ChainConfig) { c.SolidityRPC = []string{"grpc://127.0.0.1:2", "x"} }, "solidity_rpc[1]"},
		"solidity_rpc twice":   {func(c *ChainConfig) { c.SolidityRPC = []string{"grpc://a:2", "grpc://a:2"} }, "solidity_rpc[1]: the same node twice"},
		"a node as another's":  {func(c *ChainConfig) { c.SolidityRPC = []string{c.RPC[1], c.RPC[0]} }, "solidity_rpc[0]: the same node twice"},
		"a node in capitals":   {func(c *ChainConfig) { c.RPC = []string{"grpc://node:1", "grpcs://NODE:1"} }, "rpc[1]: the same node twice"},
		"a node by its port":   {func(c *ChainConfig) { c.RPC = []string{"https://node/key", "https://node:443"} }, "rpc[1]: the same node twice"},
		"one key for two":      {func(c *ChainConfig) { c.RPCKeyFiles = []string{"key"} }, "rpc_key_files: 1 files"},
		"a key in the clear":   {func(c *ChainConfig) { c.RPCKeyFiles = []string{"key", ""} }, "rpc_key_files[0]: is sent under TLS only, and rpc[0]"},
		"a key half clear": {func(c *ChainConfig) {
			c.RPCKeyFiles, c.SolidityRPC = []string{"", "key"}, []string{"grpcs://a:2", "grpc://b:2"}
		}, "rpc_key_files[1]: is sent under TLS only, and solidity_rpc[1]"},
		"key files on EVM": {func(c *ChainConfig) {
			c.Chain, c.Native, c.Accounts, c.RPCKeyFiles = testChain, testNative, nil, []string{"", ""}
		}, "rpc_key_files"},
		"solidity_rpc on EVM": {func(c *ChainConfig) {
			c.Chain, c.Native, c.Accounts, c.SolidityRPC = testChain, testNative, nil, []string{"grpc://a:2"}
		}, "solidity_rpc"},
		"five nodes":            {func(c *ChainConfig) { c.RPC = make([]string, 5) }, "at most"},
		"what is of EVM":        {func(c *ChainConfig) { c.EntryPoint = entryPoint }, "EVM"},
		"what is of Bitcoin":    {func(c *ChainConfig) { c.Confirmations = 6 }, "Bitcoin"},
		"accounts on EVM":       {func(c *ChainConfig) { c.Chain, c.Native = testChain, testNative }, "are of TRON only"},
		"an unknown chain name": {func(c *ChainConfig) { c.Chain = "tron:mainnet" }, ""},
	} {
		c := good()
		v.change(&c)
		if err := c.check(); err == nil || !strings.Contains(err.Error(), v.says) {
			t.Errorf("%s: %v", name, err)
		}
	}

	f := newFixture(t, "one")
	c := good()
	c.Owner = "owner" // of the Safes
	f.cfg.Chains = append(f.cfg.Chains, c)
	if err := f.cfg.Check(); err == nil || !strings.Contains(err.Error(), "one of its own for TRON") {
		t.Errorf("a key of two families: %v", err)
	}
	_, err := CreateKey(t.Context(), f.cfg, "other")
	f.must(err)
	f.cfg.Chains[1].Owner = "other"
	f.explain = explainerOf
	if err := f.tryStart(); err == nil || !strings.Contains(err.Error(), "is not one of the permission's") {
		t.Errorf("a key that is not the permission's: %v", err)
	}
}
