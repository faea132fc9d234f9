package tron_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
)

// FuzzRawTransaction holds what a signer reads of bytes that somebody else may have made: what is
// believed is written as ours are, does one thing, and does it within what the wallet may do.
func FuzzRawTransaction(f *testing.F) {
	_, deposits := newSeed(f)
	a := testAccount(f)
	a.Deposits = deposits
	from := depositAddress(f, deposits, 7)
	for _, u := range []coffer.Unsigned{
		mustBuild(f, testIntent(a, usdt(5)), a, testTerms(30_000_000)),
		mustBuild(f, testIntent(a, trx(1_500_000)), a, testTerms(0)),
		mustBuild(f, testDelegation(a, false), a, testTerms(0)),
		mustBuild(f, testDelegation(a, true), a, testTerms(0)),
		mustBuild(f, sweepIntent(a, from, 7, tron.Native(a.Chain)), a, sweepTerms(0, 5)),
		mustBuild(f, sweepIntent(a, from, 7, coffer.AssetID(string(a.Chain)+"/trc20:"+testToken)), a, sweepTerms(30_000_000, 5)),
	} {
		f.Add(u.Bytes, u.Format == tron.FormatDeposit)
		f.Add(u.Bytes[:len(u.Bytes)-1], u.Format == tron.FormatDeposit)    // cut
		f.Add(append(u.Bytes, u.Bytes...), u.Format == tron.FormatDeposit) // twice
		f.Add(append(u.Bytes, 0x80, 0x80), u.Format == tron.FormatDeposit) // a number without an end
	}
	reader := explainer(a)
	f.Fuzz(func(t *testing.T, raw []byte, ofDeposit bool) {
		if r, err := tron.DecodeRaw(raw); err == nil {
			if again, err := r.Encode(); err != nil || !bytes.Equal(again, raw) {
				t.Errorf("it is written as %x, %v; was %x", again, err, raw)
			}
		} else if !errors.Is(err, tron.ErrRaw) {
			t.Errorf("%v is not ErrRaw", err)
		}
		u := coffer.Unsigned{Chain: a.Chain, Wallet: a.Name(), Path: coffer.PathTRON, Format: tron.FormatRaw, Bytes: raw}
		if ofDeposit {
			u.Format = tron.FormatDeposit
		}
		effects, err := reader.Explain(u)
		if err != nil {
			if !errors.Is(err, tron.ErrRefused) {
				t.Errorf("%v is not ErrRefused", err)
			}
			return
		}
		if does := len(effects.Payments) + len(effects.Delegations) + len(effects.Sweeps); does != 1 || len(effects.Digests) != 1 {
			t.Errorf("%d effects and %d digests: %+v", does, len(effects.Digests), effects)
		}
		for _, pay := range effects.Payments {
			if _, err := tron.CanonicalAddress(pay.To); err != nil || pay.Amount.IsZero() || pay.To == a.Name() {
				t.Errorf("pays %+v: %v", pay, err)
			}
		}
		if id, err := reader.ID(u); err != nil || id != effects.Digests[0] {
			t.Errorf("id %s, digest %s, %v", id, effects.Digests[0], err)
		}
		if made := time.Unix(int64(effects.Slot.Sequence), 0); effects.FeeBound.IsZero() || !effects.ValidUntil.After(made) || effects.ValidUntil.After(made.Add(tron.MaxValidity+time.Second)) {
			t.Errorf("costs %s, of %s, valid until %s", effects.FeeBound, made, effects.ValidUntil)
		}
	})
}

// FuzzTRONAddress: an address has one canonical form, and what is not an address has none.
func FuzzTRONAddress(f *testing.F) {
	for _, seed := range []string{
		testToken, testReceiver, "41a614f803b6fd780986a42c78ec9c7f77e6ded13c", "0x41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
		"0xdAC17F958D2ee523a2206206994597C13D831ec7", "a614f803b6fd780986a42c78ec9c7f77e6ded13c", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T",
		"T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t ", "T", "",
		strings.Repeat("1", 64), "41" + strings.Repeat("0", 40), "4l" + strings.Repeat("0", 40),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := tron.ParseAddress(text)
		if err != nil {
			if parsed != "" {
				t.Errorf("%q is refused and %s", text, parsed)
			}
			return
		}
		address, err := tron.CanonicalAddress(parsed)
		if err != nil || tron.AddressOf(address) != parsed || address.IsZero() {
			t.Errorf("%q is %s, which is %v, %v", text, parsed, address, err)
		}
		if text != string(parsed) && !strings.EqualFold(text, hex.EncodeToString(address.Bytes())) {
			t.Errorf("%q is neither form of %s", text, parsed)
		}
		if again, err := tron.AddressFromBytes(address.Bytes()); err != nil || again != address {
			t.Errorf("%s in bytes is %s, %v", address, again, err)
		}
	})
}
