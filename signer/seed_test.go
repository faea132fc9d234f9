package signer

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cofferhq/coffer/utxo"
)

// makeSeed makes a sealed seed of a fixture's signer and returns its descriptor key.
func makeSeed(t testing.TB, f *fixture) (file, key string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "seed.json")
	key, err := CreateSeed(t.Context(), f.cfg, SeedConfig{Signer: f.cfg.Name, Label: "seal", File: file, Network: utxo.Regtest})
	f.must(err)
	return file, key
}

func TestASeedDerivesAsBIP32Says(t *testing.T) {
	bytes, err := hex.DecodeString("000102030405060708090a0b0c0d0e0f")
	if err != nil {
		t.Fatal(err)
	}
	seed := secretSeed{bytes: bytes}
	// BIP-32 test vector 1: chain m/0h/1/2h/2/1000000000.
	account, err := seed.account(utxo.Mainnet, []uint32{1 << 31, 1, 1<<31 + 2, 2, 1000000000})
	if err != nil {
		t.Fatal(err)
	}
	want := "[3442193e/0h/1/2h/2/1000000000]xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy"
	if account.identity != want {
		t.Errorf("the key is %s, want %s", account.identity, want)
	}
}

// Three signers, one key in a token and two sealed seeds, at paths of both branches.
func TestTokensAndSealedSeedsSignTogether(t *testing.T) {
	q := newQuorumOf(t, seeds(1, 2))
	for n, f := range q.signers {
		if got := f.info().Keys[0]; got.Chain != bitcoin || got.Key != q.wallet.Keys()[n].String() {
			t.Errorf("signer %d says %v of itself, want %s", n, f.info().Keys, q.wallet.Keys()[n])
		}
	}
	r := q.request("po_1", 0, q.order("wd_1", 60_000_000), q.order("wd_2", 70_000_000))
	for _, pair := range [][2]int{{0, 1}, {2, 1}, {2, 0}} {
		sigs := append(q.sign(pair[0], r), q.sign(pair[1], r)...)
		if _, err := utxo.Finalize(q.wallet, r.Unsigned, sigs); err != nil {
			t.Errorf("signers %v: %v", pair, err)
		}
	}
}

func TestASeedStaysSealed(t *testing.T) {
	f := newFixture(t, "one")
	file, key := makeSeed(t, f)
	again, err := CreateSeed(t.Context(), f.cfg, SeedConfig{Signer: f.cfg.Name, Label: "seal", File: file, Network: utxo.Regtest})
	f.must(err)
	if again != key {
		t.Errorf("made again the key is %s, was %s", again, key)
	}
	info, err := os.Stat(file)
	f.must(err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %o", info.Mode().Perm())
	}

	token, err := openToken(f.cfg.Token, f.cfg.Dir)
	f.must(err)
	defer func() { f.must(token.Close()) }()
	sealed, err := readSeedFile(file, f.cfg.Name)
	f.must(err)
	seed, err := token.openSeed(t.Context(), sealed)
	f.must(err)
	account, err := seed.account(utxo.Regtest, utxo.AccountPath(utxo.Regtest, false, 0))
	f.must(err)
	text, err := os.ReadFile(file)
	f.must(err)
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("keys", "seed", seed, "account", account)
	private, err := account.extended.ECPrivKey()
	f.must(err)
	printed := logged.String() + string(text)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%d"} {
		printed += fmt.Sprintf(verb+verb, seed, account)
	}
	for _, secret := range []string{hex.EncodeToString(seed.bytes), fmt.Sprint(seed.bytes), account.extended.String(), hex.EncodeToString(private.Serialize())} {
		if strings.Contains(printed, secret) || strings.Contains(printed, strings.Trim(secret, "[]")) {
			t.Errorf("a secret is in what was written: %.4s…", secret)
		}
	}
	if !strings.Contains(printed, redacted) {
		t.Errorf("nothing is redacted in %s", printed)
	}
}

func TestABadSealedSeedIsRefused(t *testing.T) {
	f := newFixture(t, "one")
	file, _ := makeSeed(t, f)
	good, err := os.ReadFile(file)
	f.must(err)
	sealed, err := readSeedFile(file, f.cfg.Name)
	f.must(err)
	token, err := openToken(f.cfg.Token, f.cfg.Dir)
	f.must(err)
	defer func() { f.must(token.Close()) }()
	if _, err := token.sealKey(t.Context(), t.Name()); errors.Is(err, ErrKey) { // what cannot be destroyed stays for the next run
		f.must(token.generateSealKey(t.Name()))
	}

	for name, test := range map[string]struct {
		edit string
		with string
		is   error
		says string
	}{
		"empty":             {string(good), "", nil, "EOF"},
		"truncated":         {string(good[len(good)/2:]), "", nil, "EOF"},
		"two":               {string(good), string(good) + string(good), nil, "followed by something else"},
		"an unknown field":  {`"purpose"`, `"note": "x", "purpose"`, nil, "unknown field"},
		"too large":         {`"purpose"`, strings.Repeat(" ", maxSeedFile) + `"purpose"`, nil, "more than"},
		"a later version":   {`"version": 1`, `"version": 2`, nil, "version"},
		"another signer's":  {`"signer": "signer-1"`, `"signer": "signer-2"`, nil, "signer"},
		"another purpose":   {`"purpose": "bip32"`, `"purpose": "tls"`, nil, "purpose"},
		"no key":            {`"key": "seal"`, `"key": ""`, nil, "key"},
		"a missing key":     {`"key": "seal"`, `"key": "lost"`, ErrKey, "lost"},
		"another key":       {`"key": "seal"`, `"key": "` + t.Name() + `"`, ErrSealed, ""},
		"a short nonce":     {sealed.Nonce.String(), "0x00", nil, "nonce"},
		"another nonce":     {sealed.Nonce.String(), flip(sealed.Nonce), ErrSealed, ""},
		"a changed seed":    {sealed.Sealed.String(), flip(sealed.Sealed), ErrSealed, ""},
		"a cut seed":        {sealed.Sealed.String(), sealed.Sealed[:40].String(), nil, "sealed"},
		"no hex in a field": {sealed.Sealed.String(), "seed", nil, "hex"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "seed.json")
			f.must(os.WriteFile(path, bytes.Replace(good, []byte(test.edit), []byte(test.with), 1), 0o600))
			wantError(t, openBoth(t.Context(), token, path, f.cfg.Name), test.is, test.says)
		})
	}
	other := sealed // what is of another signer does not open under this one's name
	other.Signer = "signer-2"
	_, err = token.openSeed(t.Context(), other)
	wantError(t, err, ErrSealed, "")
	f.must(openBoth(t.Context(), token, file, f.cfg.Name))
}

func openBoth(ctx context.Context, token *Token, path, signer string) error {
	sealed, err := readSeedFile(path, signer)
	if err == nil {
		_, err = token.openSeed(ctx, sealed)
	}
	return err
}

func flip(b []byte) string {
	b = bytes.Clone(b)
	b[0] ^= 1
	return "0x" + hex.EncodeToString(b)
}

func TestASealingKeyStaysInItsToken(t *testing.T) {
	f := newFixture(t, "two")
	_, _ = makeSeed(t, f)
	token, err := openToken(f.cfg.Token, f.cfg.Dir)
	f.must(err)
	defer func() { f.must(token.Close()) }()
	if _, err := token.sealKey(t.Context(), "owner"); !errors.Is(err, ErrKey) {
		t.Errorf("a signing key seals: %v", err)
	}
	key, err := token.sealKey(t.Context(), "seal")
	f.must(err)
	a, b := []byte("secret"), []byte("about")
	nonce, sealed, err := key.seal(t.Context(), bytes.NewReader(make([]byte, 12)), a, b)
	f.must(err)
	opened, err := key.open(t.Context(), nonce, sealed, b)
	if err != nil || !bytes.Equal(opened, a) {
		t.Errorf("opened %q, %v", opened, err)
	}
	if _, _, err := key.seal(t.Context(), bytes.NewReader(make([]byte, 11)), a, b); err == nil {
		t.Error("sealed under a nonce that was not drawn whole")
	}
}

// A configuration whose keys are not those of its wallets does not start.
func TestASignerNeedsOneKeyOfEachWallet(t *testing.T) {
	q := newQuorumOf(t, seeds(0, 1))
	q.signers[0].close()
	for name, test := range map[string]struct {
		edit func(f *fixture, c *ChainConfig)
		says string
	}{
		"no seed":        {func(_ *fixture, c *ChainConfig) { c.Seed = "" }, "owner, seed"},
		"a lost seed":    {func(_ *fixture, c *ChainConfig) { c.Seed += ".lost" }, "no such file"},
		"another seed":   {func(f *fixture, c *ChainConfig) { c.Seed, _ = makeSeed(t, f) }, "no descriptor has a key of it"},
		"a key too many": {func(f *fixture, c *ChainConfig) { c.Owner = "owner" }, "is in no descriptor"},
		"two keys of one wallet": {func(f *fixture, c *ChainConfig) {
			c.Owner = "owner"
			key := q.wallet.Keys()
			text, err := utxo.AddChecksum("wsh(sortedmulti(2," + key[0].String() + "/<0;1>/*," + hex.EncodeToString(publicOf(t, f, "owner")) + "))")
			f.must(err)
			c.Descriptors = []string{text}
		}, "count for two"},
		"a wallet of others": {func(f *fixture, c *ChainConfig) {
			text, err := utxo.AddChecksum("wsh(sortedmulti(1," + q.wallet.Keys()[1].String() + "/<0;1>/*))")
			f.must(err)
			c.Descriptors = append([]string{text}, c.Descriptors...)
		}, "none of the wallet's keys"},
		"a seed of EVM": {func(f *fixture, _ *ChainConfig) { f.cfg.Chains[0].Seed = "x" }, "are of Bitcoin only"},
	} {
		t.Run(name, func(t *testing.T) {
			f := *q.signers[0]
			f.t, f.cfg.Dir = t, q.signers[0].cfg.Dir
			f.cfg.Chains = append([]ChainConfig(nil), f.cfg.Chains...)
			test.edit(&f, &f.cfg.Chains[1])
			cfg := f.cfg
			cfg.Dir = t.TempDir()
			_, closeAll, err := open(t.Context(), cfg, explainerOf)
			if err == nil {
				f.must(closeAll())
			}
			wantError(t, err, nil, test.says)
		})
	}
}
