package devnet_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/miekg/pkcs11"

	"github.com/cofferhq/coffer/devnet"
)

func TestTokenOpensWithItsPINOnly(t *testing.T) {
	dir := t.TempDir()
	token, err := devnet.NewToken(t.Context(), dir, "signer-1", "4321", "87654321")
	if err != nil {
		t.Fatal(err)
	}
	again, err := devnet.NewToken(t.Context(), dir, "signer-1", "4321", "87654321")
	if err != nil || again != token {
		t.Fatalf("second call: %v, %v; want %v", again, err, token)
	}

	name, conf, _ := strings.Cut(token.Env(), "=")
	t.Setenv(name, conf)
	module := pkcs11.New(token.Module)
	if module == nil {
		t.Fatalf("cannot load %s", token.Module)
	}
	if err := module.Initialize(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := module.Finalize(); err != nil {
			t.Error(err)
		}
		module.Destroy()
	})
	session, err := module.OpenSession(onlySlot(t, module, "signer-1"), pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	if err := module.Login(session, pkcs11.CKU_USER, "1234"); !errors.Is(err, pkcs11.Error(pkcs11.CKR_PIN_INCORRECT)) {
		t.Errorf("wrong PIN: %v", err)
	}
	if err := module.Login(session, pkcs11.CKU_USER, "4321"); err != nil {
		t.Errorf("right PIN: %v", err)
	}
}

// onlySlot returns the slot of the one initialised token, which must have this label.
func onlySlot(t *testing.T, module *pkcs11.Ctx, label string) uint {
	t.Helper()
	slots, err := module.GetSlotList(true)
	if err != nil {
		t.Fatal(err)
	}
	var found []uint
	for _, slot := range slots {
		info, err := module.GetTokenInfo(slot)
		if err != nil {
			t.Fatal(err)
		}
		if info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			continue
		}
		if info.Label != label {
			t.Errorf("a token labelled %q", info.Label)
		}
		found = append(found, slot)
	}
	if len(found) != 1 {
		t.Fatalf("%d tokens, want one", len(found))
	}
	return found[0]
}

func TestTokenRefusesABadPIN(t *testing.T) {
	_, err := devnet.NewToken(t.Context(), t.TempDir(), "signer-1", "1", "87654321")
	if err == nil {
		t.Fatal("a PIN of one character was accepted")
	}
	if strings.Contains(err.Error(), "87654321") {
		t.Errorf("the error tells the PIN: %v", err)
	}
}

func TestMissingSoftHSMIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := devnet.NewToken(t.Context(), t.TempDir(), "signer-1", "4321", "87654321")
	if err == nil || !strings.Contains(err.Error(), "apt-get install softhsm2") {
		t.Errorf("got %v", err)
	}
}
