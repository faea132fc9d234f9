package tron_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
)

// accountKey is m/44h/195h/0h of a seed, and its public half as a DepositKey.
func accountKey(t testing.TB, seed []byte) (*hdkeychain.ExtendedKey, string) {
	t.Helper()
	key, err := hdkeychain.NewMaster(seed, &chaincfg.MainNetParams)
	for _, step := range []uint32{44, 195, 0} {
		if err == nil {
			key, err = key.Derive(hdkeychain.HardenedKeyStart + step)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.Neuter()
	if err != nil {
		t.Fatal(err)
	}
	return key, "[e2867bb6/44h/195h/0h]" + public.String()
}

func TestDepositAddressesAreOfChildren(t *testing.T) {
	// The seed of "abandon … about" (BIP-39); its first TRON address is the one that wallets show.
	seed, err := hex.DecodeString("5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc19a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4")
	if err != nil {
		t.Fatal(err)
	}
	private, text := accountKey(t, seed)
	key, err := tron.ParseDepositKey(text)
	if err != nil || key.String() != text {
		t.Fatal(err)
	}
	first, err := key.Address("0/0")
	if err != nil || first.String() != "TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH" {
		t.Errorf("the first is %s, %v", first, err)
	}
	branch, err := private.Derive(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range []uint32{1, 2, 77, 1<<31 - 1} {
		child, err := branch.Derive(index)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := child.ECPrivKey()
		if err != nil {
			t.Fatal(err)
		}
		ecdsa, err := crypto.ToECDSA(secret.Serialize())
		if err != nil {
			t.Fatal(err)
		}
		want := coffer.AddressProof{Kind: coffer.ProofKey, Address: tron.AddressOf(tron.AddressOfKey(ecdsa.PublicKey)), Descriptor: text, Path: fmt.Sprint("0/", index)}
		if got, err := key.DepositAddressAt(index); err != nil || got != want {
			t.Errorf("child %d: %+v, %v; want %+v", index, got, err, want)
		}
	}
	for _, bad := range []string{"", "0", "0/", "1/1", "0/01", "0/-1", "0/1h", "0/2147483648", "0/1/1", " 0/1"} {
		if address, err := key.Address(bad); err == nil {
			t.Errorf("path %q: %s", bad, address)
		}
	}
}

func TestADepositKeyIsPublicAndComplete(t *testing.T) {
	private, good := accountKey(t, bytes.Repeat([]byte{7}, 32))
	xpub := good[strings.Index(good, "]")+1:]
	if _, err := tron.ParseDepositKey("[e2867bb6/44h/195h/0h]" + private.String()); !errors.Is(err, tron.ErrDepositKeyPrivate) || strings.Contains(err.Error(), "xprv") {
		t.Errorf("a private key: %v", err)
	}
	for name, bad := range map[string]string{
		"nothing": "", "no origin": xpub, "no key": "[e2867bb6/44h/195h/0h]", "a checksum": good[:len(good)-1] + "2",
		"short fingerprint": "[e2867b/44h/195h/0h]" + xpub, "upper case": "[E2867BB6/44h/195h/0h]" + xpub, "no steps": "[e2867bb6]" + xpub,
		"too few steps": "[e2867bb6/44h/195h]" + xpub, "a strange step": "[e2867bb6/44h/195h/0x]" + xpub, "a zero before": "[e2867bb6/44h/195h/00h]" + xpub,
		"a range": good + "/0/*", "long": good + strings.Repeat("1", 300),
	} {
		if _, err := tron.ParseDepositKey(bad); err == nil {
			t.Errorf("%s: passed", name)
		}
	}
}
