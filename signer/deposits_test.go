package signer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// sweep empties a deposit address in the slot of so many seconds from now.
func (q *tronQuorum) sweep(index uint32, asset coffer.AssetID, ahead time.Duration) coffer.SigningRequest {
	q.t.Helper()
	f := q.signers[0]
	at, err := q.account.Deposits.DepositAddressAt(index)
	f.must(err)
	now := f.clock.Now()
	r := coffer.SigningRequest{Intent: coffer.Intent{
		ID: fmt.Sprintf("po_sweep_%d", index), Chain: tron.Mainnet, Wallet: q.account.Name(), Path: coffer.PathTRON,
		Slot:    coffer.Slot{Kind: coffer.SlotTimestamp, Lane: "0x1", Sequence: uint64(now.Add(ahead).Unix())},
		Purpose: coffer.PurposeSweep, Sweeps: []coffer.Sweep{{Forwarder: at.Address, Salt: tron.SaltOf(index), Asset: asset}},
		FeeBound: coffer.NewAmount(35_000_000), Expires: now.Add(20 * time.Minute),
	}}
	q.build(&r, nil)
	return r
}

// rewrite makes a sweep's transaction do something else, with the same index.
func (q *tronQuorum) rewrite(r *coffer.SigningRequest, change func(*tron.Raw)) {
	q.t.Helper()
	raw, err := tron.DecodeRaw(r.Unsigned.Bytes[4:])
	q.signers[0].must(err)
	change(&raw)
	encoded, err := raw.Encode()
	q.signers[0].must(err)
	r.Unsigned.Bytes = append(r.Unsigned.Bytes[:4:4], encoded...)
}

// sweepCall changes the call that a sweep of tokens is.
func sweepCall(q *tronQuorum, change func(*tronpb.TriggerSmartContract)) func(*coffer.SigningRequest) {
	return func(r *coffer.SigningRequest) {
		q.rewrite(r, func(raw *tron.Raw) {
			call, ok := raw.Contract.(*tronpb.TriggerSmartContract)
			if !ok {
				q.t.Fatalf("a sweep of tokens is a %T", raw.Contract)
			}
			change(call)
		})
	}
}

// The key of m/44'/195'/0' is known from other wallets: the seed is that of the words "abandon
// … about" without a passphrase (BIP-39).
func TestDepositAddressesAreThoseOfOtherWallets(t *testing.T) {
	bytes, err := hex.DecodeString("5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc19a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4")
	if err != nil {
		t.Fatal(err)
	}
	key, err := secretSeed{bytes: bytes}.depositKey(depositKeyPath(0))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := tron.ParseDepositKey(key.identity)
	if err != nil {
		t.Fatal(err)
	}
	const first = "TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH" // m/44'/195'/0'/0/0
	address, err := parsed.Address("0/0")
	if err != nil || address.String() != first {
		t.Fatalf("%s, %v, want %s", address, err, first)
	}
	digest := coffer.Hash{1, 2, 3}
	for index := range uint32(20) {
		of, err := parsed.Address(fmt.Sprintf("0/%d", index))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := key.recoverable([]uint32{tron.DepositBranch, index}, of, digest); err != nil {
			t.Errorf("index %d: %v", index, err)
		}
		if _, err := key.recoverable([]uint32{tron.DepositBranch, index + 1}, of, digest); err == nil {
			t.Errorf("the key of index %d signs for index %d", index+1, index)
		}
	}
	if _, err := (secretSeed{bytes: bytes}).depositKey([]uint32{1<<31 + 48, 1 << 31, 1 << 31}); err == nil {
		t.Error("a key of a Bitcoin account is taken for TRON")
	}
}

func TestOneSignerSweepsADepositAddress(t *testing.T) {
	q := newTRONQuorum(t)
	for n, asset := range []coffer.AssetID{tronUSDT, tron.Native(tron.Mainnet)} {
		r := q.sweep(uint32(n), asset, time.Duration(n)*time.Second)
		sigs := q.sign(0, r)
		if len(sigs) != 1 || sigs[0].Key != string(r.Intent.Sweeps[0].Forwarder) {
			t.Fatalf("%s: signatures %+v", asset, sigs)
		}
		signed, err := tron.Finalize(q.account, r.Unsigned, sigs)
		if err != nil || signed.ID != tron.ID(r.Unsigned.Bytes[4:]) {
			t.Fatalf("%s: %s, %v", asset, signed.ID, err)
		}
		before := q.signers[1].info().Sequence
		q.signers[1].refuses(r, coffer.CodeInvalid, errNoDepositKey.Error())
		if after := q.signers[1].info().Sequence; after != before {
			t.Errorf("%s: a signer without the seed wrote record %d", asset, after)
		}
	}
	again := q.sweep(0, tronUSDT, 0)
	q.build(&again, func(_ *coffer.Intent, _ *tron.Account, terms *tron.Terms) { terms.Sweep = coffer.NewAmount(8_000_000) })
	q.signers[0].refuses(again, coffer.CodeConflict, "both could land")
}

func TestSweepsOfTRONThatASignerRefuses(t *testing.T) {
	q := newTRONQuorum(t)
	f := q.signers[0]
	stranger, err := tron.CanonicalAddress(tronOther)
	f.must(err)
	token, err := tron.TokenOf(tron.Mainnet, tronUSDT)
	f.must(err)
	from, err := q.account.Deposits.Address("0/7")
	f.must(err)
	amount := coffer.NewAmount(7_000_000)
	does := func(contract proto.Message) func(*coffer.SigningRequest) {
		return func(r *coffer.SigningRequest) { q.rewrite(r, func(raw *tron.Raw) { raw.Contract = contract }) }
	}
	trx, err := tron.Transfer(from, stranger, amount)
	f.must(err)
	for name, v := range map[string]struct {
		change func(*coffer.SigningRequest)
		code   coffer.Code
		says   string
	}{
		"tokens to elsewhere": {does(tron.TransferToken(from, token, stranger, amount)), coffer.CodeInvalid, "which is not the wallet"},
		"TRX to elsewhere": {func(r *coffer.SigningRequest) {
			q.rewrite(r, func(raw *tron.Raw) { raw.Contract, raw.FeeLimit = trx, 0 })
		}, coffer.CodeInvalid, "which is not the wallet"},
		"of the wallet itself":    {does(tron.TransferToken(q.account.Address, token, stranger, amount)), coffer.CodeInvalid, ""},
		"another index":           {func(r *coffer.SigningRequest) { r.Unsigned.Bytes[3]++ }, coffer.CodeInvalid, ""},
		"another address's":       {func(r *coffer.SigningRequest) { r.Unsigned = q.sweep(8, tronUSDT, 0).Unsigned }, coffer.CodeInvalid, "sweeps are not the intent's"},
		"another asset":           {func(r *coffer.SigningRequest) { r.Unsigned = q.sweep(7, tron.Native(tron.Mainnet), 0).Unsigned }, coffer.CodeInvalid, "sweeps are not the intent's"},
		"a salt that is no index": {func(r *coffer.SigningRequest) { r.Intent.Sweeps[0].Salt[0] = 1 }, coffer.CodeInvalid, "sweeps are not the intent's"},
		"under a permission":      {func(r *coffer.SigningRequest) { q.rewrite(r, func(raw *tron.Raw) { raw.Permission = 2 }) }, coffer.CodeInvalid, "permission"},
		"said to be of no address": {func(r *coffer.SigningRequest) {
			r.Unsigned.Format, r.Unsigned.Bytes = tron.FormatRaw, r.Unsigned.Bytes[4:]
		}, coffer.CodeInvalid, ""},
		"said to pay orders": {func(r *coffer.SigningRequest) { r.Intent.Purpose = coffer.PurposeOrders }, coffer.CodeInvalid, "a payout of orders sweeps nothing"},
		"with a payment": {func(r *coffer.SigningRequest) {
			r.Intent.Payments = []coffer.Payment{{Asset: tronUSDT, To: tronOther, Amount: amount}}
		}, coffer.CodeInvalid, "payments are not the intent's"},
		"TRX hidden in the call":      {sweepCall(q, func(c *tronpb.TriggerSmartContract) { c.CallValue = 1 }), coffer.CodeInvalid, "with a value of 1 sun"},
		"a TRC-10 token in the call":  {sweepCall(q, func(c *tronpb.TriggerSmartContract) { c.CallTokenValue, c.TokenId = 5, 1_000_001 }), coffer.CodeInvalid, "and 5 of TRC-10 token 1000001"},
		"an unknown selector":         {sweepCall(q, func(c *tronpb.TriggerSmartContract) { c.Data[0]++ }), coffer.CodeInvalid, "with selector 0xaa059cbb"},
		"an allowance":                {sweepCall(q, func(c *tronpb.TriggerSmartContract) { copy(c.Data, []byte{0x09, 0x5e, 0xa7, 0xb3}) }), coffer.CodeInvalid, "with selector 0x095ea7b3"},
		"a longer call":               {sweepCall(q, func(c *tronpb.TriggerSmartContract) { c.Data = append(c.Data, 0) }), coffer.CodeInvalid, "a token transfer of 69 bytes"},
		"a memo":                      {func(r *coffer.SigningRequest) { r.Unsigned.Bytes = append(r.Unsigned.Bytes, 0x52, 1, 'x') }, coffer.CodeInvalid, ""},
		"a fee limit above the bound": {func(r *coffer.SigningRequest) { q.rewrite(r, func(raw *tron.Raw) { raw.FeeLimit = 36_000_000 }) }, coffer.CodeInvalid, "the intent allows 35000000"},
		"a fee limit of none":         {func(r *coffer.SigningRequest) { q.rewrite(r, func(raw *tron.Raw) { raw.FeeLimit = 0 }) }, coffer.CodeInvalid, "a fee limit of 0 sun"},
		"an endless fee limit": {func(r *coffer.SigningRequest) {
			q.rewrite(r, func(raw *tron.Raw) { raw.FeeLimit = tron.MaxFeeLimit + 1 })
		}, coffer.CodeInvalid, "a fee limit of"},
		"valid beyond its intent": {func(r *coffer.SigningRequest) {
			q.rewrite(r, func(raw *tron.Raw) { raw.Expiration += time.Hour.Milliseconds() })
		}, coffer.CodePolicy, "is valid"},
		"valid for two days": {func(r *coffer.SigningRequest) {
			q.rewrite(r, func(raw *tron.Raw) { raw.Expiration += 48 * time.Hour.Milliseconds() })
		}, coffer.CodeInvalid, "it is valid for"},
		"another slot": {func(r *coffer.SigningRequest) { q.rewrite(r, func(raw *tron.Raw) { raw.Timestamp++ }) }, coffer.CodeInvalid, "takes slot"},
		"a delegation of the address": {func(r *coffer.SigningRequest) {
			q.rewrite(r, func(raw *tron.Raw) { raw.Contract, raw.FeeLimit = tron.MakeAccount(from, stranger), 0 })
		}, coffer.CodeInvalid, "a deposit address delegates"},
		"a token that no rule names": {func(r *coffer.SigningRequest) {
			*r = q.sweep(7, "tron:0x2b6653dc/trc20:TNPeeaaFB7K9cmo4uQpcU32zGK8G1NYqeL", 0)
		}, coffer.CodePolicy, "may not be swept"},
		"a fee above the policy's": {func(r *coffer.SigningRequest) { r.Intent.FeeBound = coffer.NewAmount(41_000_000) }, coffer.CodePolicy, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := q.sweep(7, tronUSDT, 0)
			v.change(&r)
			f.refuses(r, v.code, v.says)
		})
	}

	// 150 TRX a day are 100 for one signer of two out of three: two of 35, not three.
	q.sign(0, q.sweep(1, tronUSDT, time.Second))
	q.sign(0, q.sweep(2, tronUSDT, 2*time.Second))
	f.refuses(q.sweep(3, tronUSDT, 3*time.Second), coffer.CodePolicy, "for sweeps in 24 hours")
}

// privateKey is an extended private key, three steps below its master.
func privateKey(t *testing.T) string {
	t.Helper()
	key, err := secretSeed{bytes: make([]byte, seedBytes)}.depositKey(depositKeyPath(0))
	if err != nil {
		t.Fatal(err)
	}
	return key.extended.String()
}

func TestSeedsOfDepositAddressesThatAreRefused(t *testing.T) {
	f := newFixture(t, "one")
	f.explain = explainerOf
	file, key := makeTRONSeed(t, f, 0)
	address, err := CreateKey(t.Context(), f.cfg, "account")
	f.must(err)
	other, err := CreateSeed(t.Context(), f.cfg, SeedConfig{Signer: f.cfg.Name, Label: "seal", File: filepath.Join(t.TempDir(), "other.json"), TRON: true})
	f.must(err)
	_, xpub, _ := strings.Cut(other, "]")
	origin, _, _ := strings.Cut(key, "]")
	f.cfg.Chains = append(f.cfg.Chains, ChainConfig{
		Chain: tron.Mainnet, Native: tron.Native(tron.Mainnet), Owner: "account", Seed: file,
		Accounts: []AccountConfig{{Address: string(tronPayee), Permission: 2, Threshold: 1, Keys: []KeyConfig{{tron.Address(address).String(), 1}}}},
	})
	account := &f.cfg.Chains[1].Accounts[0]
	private := privateKey(t)
	for _, v := range []struct{ deposits, says string }{
		{"", "no account has any"},
		{"xpub", "deposits"},
		{origin + "]" + private, "it is a private key"},
		{other, "no account has deposit addresses of it"},
		{origin + "]" + xpub, "the key is not what the seed has there"},
		{strings.Replace(key, "/44h/", "/48h/", 1), "want a key at m/44h/195h/"},
		{strings.Replace(key, "/0h]", "/0]", 1), "want a key at m/44h/195h/"},
		{strings.Replace(key, "/0h]", "/1h]", 1), "the key is not what the seed has there"},
	} {
		account.Deposits = v.deposits
		if err := f.tryStart(); err == nil || !strings.Contains(err.Error(), v.says) || strings.Contains(err.Error(), private) {
			t.Errorf("deposits %q: %v", v.deposits, err)
		}
	}

	_, err = CreateSeed(t.Context(), f.cfg, SeedConfig{Signer: "another", Label: "seal", File: file, TRON: true})
	if err == nil || errors.Is(err, ErrSealed) || !strings.Contains(err.Error(), "signer: it is of") {
		t.Errorf("the seed of another signer: %v", err)
	}

	f.cfg.Chains[0].Seed = file
	account.Deposits = key
	if err := f.cfg.checkOwnFamily(f.cfg.Chains[1]); err == nil || !strings.Contains(err.Error(), "want one of its own for TRON") {
		t.Errorf("a seed of two families: %v", err)
	}
}
