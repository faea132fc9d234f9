package signer

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/miekg/pkcs11"

	"github.com/cofferhq/coffer"
)

func TestWrongPINsAreCountedAcrossRestarts(t *testing.T) {
	f := newFixture(t, "two")
	counter := filepath.Join(f.cfg.Dir, "pin-attempts")
	if _, err := os.Stat(counter); !os.IsNotExist(err) {
		t.Fatalf("the right PIN left a count: %v", err)
	}

	f.must(os.WriteFile(f.cfg.Token.PINFile, []byte("11111111"), 0o600))
	for range maxPINAttempts {
		wantError(t, f.tryStart(), ErrPIN, `token "two"`)
	}
	f.must(os.WriteFile(f.cfg.Token.PINFile, []byte(testPIN), 0o600))
	wantError(t, f.tryStart(), ErrPINLocked, "correct the PIN, then remove "+counter)

	f.must(os.Remove(counter))
	f.must(f.tryStart())
	f.close()
}

func TestTheRightPINForgetsWrongOnes(t *testing.T) {
	f := newFixture(t, "two")
	for range 3 {
		f.must(os.WriteFile(f.cfg.Token.PINFile, []byte("11111111"), 0o600))
		wantError(t, f.tryStart(), ErrPIN, "")
		wantError(t, f.tryStart(), ErrPIN, "")
		f.must(os.WriteFile(f.cfg.Token.PINFile, []byte(testPIN), 0o600))
		f.must(f.tryStart())
		f.close()
	}
}

func TestDoesNotStartWithoutItsToken(t *testing.T) {
	f := newFixture(t, "two")
	tests := []struct {
		name string
		edit func(c *Config)
		is   error
		says string
	}{
		{"missing token", func(c *Config) { c.Token.Label = "nobody" }, ErrToken, `no initialized token is labelled "nobody"`},
		{"two tokens of one label", func(c *Config) { c.Token.Label = "twin" }, ErrToken, `2 tokens are labelled "twin"`},
		{"missing module", func(c *Config) { c.Token.Module = "/nowhere/libpkcs11.so" }, ErrModule, "/nowhere/libpkcs11.so"},
		{"a module that is none", func(c *Config) { c.Token.Module = c.Policy.File }, ErrModule, "cannot be loaded"},
		{"missing key", func(c *Config) { c.Chains[0].Owner = "nothing" }, ErrKey, `key "nothing"`},
		{"missing executor key", func(c *Config) { c.Chains[0].Executor.Key = "nothing" }, ErrKey, "executor"},
		{"executor key that owns wallets", func(c *Config) { c.Chains[0].Executor.Key = "owner" }, nil, "owns wallets"},
		{"no PIN", func(c *Config) { c.Token.PINFile = "" }, nil, "pin_file or pin_env"},
		{"two PINs", func(c *Config) { c.Token.PINEnv = "COFFER_TEST_PIN" }, nil, "pin_file or pin_env"},
		{"missing PIN file", func(c *Config) { c.Token.PINFile = "/nowhere/pin" }, os.ErrNotExist, "pin_file"},
		{"empty environment", func(c *Config) { c.Token.PINFile, c.Token.PINEnv = "", "COFFER_TEST_PIN" }, nil, "is empty"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := *f
			g.t = t
			g.cfg.Chains = []ChainConfig{f.cfg.Chains[0]}
			executor := *f.cfg.Chains[0].Executor
			g.cfg.Chains[0].Executor = &executor
			test.edit(&g.cfg)
			wantError(t, g.tryStart(), test.is, test.says)
		})
	}
	f.must(os.Chmod(f.cfg.Token.PINFile, 0o604))
	wantError(t, f.tryStart(), nil, "can be read or written by everybody")

	t.Setenv("COFFER_TEST_PIN", testPIN)
	f.cfg.Token.PINFile, f.cfg.Token.PINEnv = "", "COFFER_TEST_PIN"
	f.must(f.tryStart())
	f.close()
}

func TestPINNeverPrints(t *testing.T) {
	pin := PIN{secret: testPIN}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "pin", pin)
	text, err := json.Marshal(map[string]any{"pin": pin})
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s %q %x %d", pin, pin, pin, pin, pin, pin, pin) + pin.String() + logged.String() + string(text)
	if strings.Contains(printed, testPIN) || !strings.Contains(printed, redacted) {
		t.Errorf("printed %s", printed)
	}
}

func TestCreateKeyIsIdempotent(t *testing.T) {
	f := newFixture(t, "two")
	first, err := CreateKey(t.Context(), f.cfg, "another")
	f.must(err)
	again, err := CreateKey(t.Context(), f.cfg, "another")
	f.must(err)
	other, err := CreateKey(t.Context(), f.cfg, "owner")
	f.must(err)
	if first != again || first == other || first == (common.Address{}) {
		t.Errorf("keys %s, %s and %s", first, again, other)
	}
}

// Many goroutines, fewer sessions: each signature is by the key, over its own digest, low-s.
func TestSessionsAreNotShared(t *testing.T) {
	f := newFixture(t, "two")
	f.cfg.Token.Sessions = 3
	token, err := openToken(f.cfg.Token, f.cfg.Dir)
	f.must(err)
	defer func() { f.must(token.Close()) }()
	key, err := token.key(t.Context(), "owner")
	f.must(err)

	var wg sync.WaitGroup
	for worker := range 12 {
		wg.Go(func() {
			for i := range 25 {
				digest := coffer.Hash(crypto.Keccak256([]byte{byte(worker), byte(i)}))
				sig, err := key.Sign(t.Context(), digest)
				if err != nil {
					t.Error(err)
					return
				}
				if recoverSigner(t, digest, sig) != key.Address() {
					t.Errorf("worker %d: a signature by another key", worker)
				}
			}
		})
	}
	wg.Wait()
	if len(token.sessions) != 3 {
		t.Errorf("%d sessions are left of 3", len(token.sessions))
	}
}

// A session in which something failed is replaced, so the next signature works.
func TestAFailedSessionIsReplaced(t *testing.T) {
	f := newFixture(t, "two")
	f.cfg.Token.Sessions = 1
	token, err := openToken(f.cfg.Token, f.cfg.Dir)
	f.must(err)
	defer func() { f.must(token.Close()) }()
	key, err := token.key(t.Context(), "owner")
	f.must(err)

	session := <-token.sessions
	f.must(token.module.ctx.CloseSession(session))
	token.sessions <- session
	if _, err := key.Sign(t.Context(), coffer.Hash{1}); err == nil {
		t.Fatal("a closed session signed")
	}
	if _, err := key.Sign(t.Context(), coffer.Hash{1}); err != nil {
		t.Errorf("the session was not replaced: %v", err)
	}
}

// A key that the token would hand out is not a key in a token.
func TestRefusesAKeyThatCanBeExtracted(t *testing.T) {
	f := newFixture(t, "two")
	token, err := openToken(f.cfg.Token, f.cfg.Dir)
	f.must(err)
	defer func() { f.must(token.Close()) }()

	p := token.module.ctx
	public := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, oidSecp256k1), pkcs11.NewAttribute(pkcs11.CKA_LABEL, "leaky"), pkcs11.NewAttribute(pkcs11.CKA_ID, "leaky")}
	private := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, false), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true), pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, "leaky"), pkcs11.NewAttribute(pkcs11.CKA_ID, "leaky")}
	_, _, err = p.GenerateKeyPair(token.login, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_EC_KEY_PAIR_GEN, nil)}, public, private)
	f.must(err)
	_, err = token.key(t.Context(), "leaky")
	wantError(t, err, nil, "can be read out of the token")
}

func TestKeysCannotLeaveTheToken(t *testing.T) {
	f := newFixture(t, "two")
	token, err := openToken(f.cfg.Token, f.cfg.Dir)
	f.must(err)
	defer func() { f.must(token.Close()) }()
	key, err := token.key(t.Context(), "owner")
	f.must(err)

	p := token.module.ctx
	if v, err := p.GetAttributeValue(token.login, key.private, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil)}); err == nil {
		t.Errorf("the private key was read: %d bytes", len(v[0].Value))
	}
	if p.SetAttributeValue(token.login, key.private, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true)}) == nil {
		t.Error("the private key was made extractable")
	}
	if p.DestroyObject(token.login, key.private) == nil {
		t.Error("the private key was destroyed")
	}
}

func TestRecoverableRefusesForeignSignatures(t *testing.T) {
	private, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	address := crypto.PubkeyToAddress(private.PublicKey)
	digest := coffer.Hash{7}
	sig, err := crypto.Sign(digest[:], private)
	if err != nil {
		t.Fatal(err)
	}

	high := append([]byte(nil), sig[:64]...)
	s := new(big.Int).SetBytes(high[32:])
	s.Sub(crypto.S256().Params().N, s).FillBytes(high[32:])
	for name, raw := range map[string][]byte{"low s": sig[:64], "high s": high} {
		got, err := recoverable(raw, digest, address)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if recoverSigner(t, digest, got) != address {
			t.Errorf("%s: recovers to another key", name)
		}
	}
	for name, raw := range map[string][]byte{"short": sig[:63], "zero": make([]byte, 64), "empty": nil} {
		if _, err := recoverable(raw, digest, address); err == nil {
			t.Errorf("%s: was accepted", name)
		}
	}
	if _, err := recoverable(sig[:64], coffer.Hash{8}, address); err == nil {
		t.Error("a signature over another digest was accepted")
	}
}
