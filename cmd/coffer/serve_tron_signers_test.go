package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/signer"
	"github.com/cofferhq/coffer/tron"
)

const (
	depositKeyText = "[e2867bb6/44h/195h/0h]xpub6BsE5ivr8c6rcRoCvE8ptxaCtikM4fsrsbYXo53CyeV5zqQpWHW7Ue54pNQbKo4KQ4KN6TPvhH4qhf9QfzycJt4T5MfD4KzvD5puTvaRfxr"
	anotherAccount = "[e2867bb6/44h/195h/1h]xpub6BsE5ivr8c6rcRoCvE8ptxaCtikM4fsrsbYXo53CyeV5zqQpWHW7Ue54pNQbKo4KQ4KN6TPvhH4qhf9QfzycJt4T5MfD4KzvD5puTvaRfxr"
)

// signerKey is the address of a key of the permission.
func signerKey(n int) string {
	return tron.AddressOfKey(tronsim.KeyOf("signer", n).PublicKey).String()
}

// Keys that no signer holds count in what a revoked order is promised: with 2 of 4 and one cold
// key, that key and one signer's pay.
func TestKeysOfAPermissionThatNoSignerHoldsAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		threshold uint64 // of the permission; signing.threshold is 2
		weights   []uint64
		answer    int
		cold      []int
		least     int
		says      string
	}{
		"all are signers'":             {2, []uint64{1, 1, 1}, 3, nil, 2, ""},
		"one is away":                  {2, []uint64{1, 1, 1}, 2, nil, 2, ""},
		"one is nobody's":              {2, []uint64{1, 1, 1, 1}, 3, nil, 0, "has 1 keys that no signer which answers holds, and 0 signers are away: name those"},
		"one is away, one nobody's":    {2, []uint64{1, 1, 1, 1}, 2, nil, 0, "has 2 keys that no signer which answers holds, and 1 signers are away"},
		"one is cold":                  {2, []uint64{1, 1, 1, 1}, 3, []int{3}, 1, ""},
		"one is cold, one away":        {2, []uint64{1, 1, 1, 1}, 2, []int{3}, 1, ""},
		"two are cold":                 {6, []uint64{3, 3, 3, 2, 2}, 3, []int{3, 4}, 1, ""},
		"a light one is cold":          {8, []uint64{4, 4, 4, 3}, 3, []int{3}, 2, ""},
		"cold ones reach it alone":     {2, []uint64{1, 1, 1, 1, 1}, 3, []int{3, 4}, 0, "without a signer, and no log would know"},
		"a signer's is said to be one": {2, []uint64{1, 1, 1}, 3, []int{2}, 0, "tron.cold_keys: a signer holds " + signerKey(2)},
		"one that it does not have":    {2, []uint64{1, 1, 1}, 3, []int{7}, 0, "tron.cold_keys[0]: " + signerKey(7) + " is not a key of permission 2"},
	} {
		t.Run(name, func(t *testing.T) {
			n := startTRON(t, c.threshold, c.weights...)
			section := n.chain()
			section.PayoutFeeCap = "50"
			for _, k := range c.cold {
				section.TRON.ColdKeys = append(section.TRON.ColdKeys, signerKey(k))
			}
			s := n.server(t, c.answer)
			chain, err := s.wireChain(t.Context(), section)
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, want %q", err, c.says)
			}
			if err != nil {
				return
			}
			defer chain.close()
			if least := s.payoutChain(chain).LeastSigners(); least != c.least {
				t.Errorf("%d signers at least sign a payment, want %d", least, c.least)
			}
		})
	}
}

// pinnedServer is a server of one chain of TRON, without nodes, and what it logs.
func pinnedServer(t *testing.T, key string) (*server, tron.Account, *bytes.Buffer) {
	t.Helper()
	chain := &chainParts{id: tron.Mainnet, native: coffer.Asset{ID: tron.Native(tron.Mainnet), Symbol: "TRX", Decimals: 6}, config: config.Chain{
		TRON: config.TRON{Permission: 2, DepositKey: key, ColdKeys: []string{signerKey(3)}}}}
	account := tron.Account{Chain: tron.Mainnet, Address: tron.Address{1, 2, 3}, Permission: 2, Threshold: 2}
	for n := range 4 {
		account.Keys = append(account.Keys, tron.Key{Address: tron.AddressOfKey(tronsim.KeyOf("signer", n).PublicKey), Weight: 1})
	}
	if key != "" {
		var err error
		if account.Deposits, err = tron.ParseDepositKey(key); err != nil {
			t.Fatal(err)
		}
	}
	chain.family = &tronParts{chain: chain, account: account, deposit: account.Deposits}
	said := &bytes.Buffer{}
	return &server{log: slog.New(slog.NewTextHandler(said, nil)), chains: []*chainParts{chain}}, account, said
}

func TestDepositKeysOfSignersAreCompared(t *testing.T) {
	const missing, unheld = "a signer has no deposits in its configuration", "no signer that answers holds the key of the deposit addresses"
	_, account, _ := pinnedServer(t, depositKeyText)
	pins := func(key string, held bool) []signer.Deposits {
		return []signer.Deposits{{Chain: tron.Mainnet, Account: account.Name(), Key: key, Held: held}}
	}
	for name, c := range map[string]struct {
		ours   string
		keys   []string
		pinned []signer.Deposits
		says   string
		logs   []string
	}{
		"the same, held":          {depositKeyText, []string{signerKey(0)}, pins(depositKeyText, true), "", nil},
		"the same, not held":      {depositKeyText, []string{signerKey(0)}, pins(depositKeyText, false), "", []string{unheld}},
		"another's":               {depositKeyText, nil, pins(anotherAccount, true), "tron.deposit_key is " + depositKeyText + ": want the same", nil},
		"none":                    {depositKeyText, nil, pins("", false), "", []string{missing, unheld}},
		"another account's":       {depositKeyText, nil, []signer.Deposits{{Chain: tron.Mainnet, Account: "T1", Key: anotherAccount, Held: true}}, "", []string{unheld}},
		"another chain's":         {depositKeyText, nil, []signer.Deposits{{Chain: tron.Nile, Account: account.Name(), Key: anotherAccount}}, "", []string{unheld}},
		"nothing is said":         {depositKeyText, nil, nil, "", []string{unheld}},
		"no addresses are given":  {"", nil, pins(depositKeyText, true), "", nil},
		"none on either side":     {"", nil, pins("", false), "", nil},
		"a key of no permission":  {"", []string{signerKey(8)}, nil, "its key " + signerKey(8) + " is not one of permission 2", nil},
		"a key said to be cold":   {"", []string{signerKey(3)}, nil, "it holds " + signerKey(3) + ", which is one of tron.cold_keys", nil},
		"a key of the permission": {"", []string{signerKey(2)}, nil, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, said := pinnedServer(t, c.ours)
			info := signer.Info{Name: "signer-1", Deposits: c.pinned}
			for _, key := range c.keys {
				info.Keys = append(info.Keys, signer.KeyInfo{Role: signer.RoleOwner, Chain: tron.Mainnet, Key: key})
			}
			s.signers = []*signerConn{{info: info}}
			err := s.compare(info)
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			if err == nil {
				s.warnUnheld()
			}
			for _, text := range []string{missing, unheld} {
				want := fmt.Sprint(c.logs)
				if strings.Contains(said.String(), text) != strings.Contains(want, text) {
					t.Errorf("logged %q, want %s", said, want)
				}
			}
		})
	}
}

// A signer whose configuration was changed while the server runs is not asked any more.
func TestASignerWithAnotherDepositKeyIsNotAsked(t *testing.T) {
	s, account, _ := pinnedServer(t, depositKeyText)
	s.watch.logs = map[string]error{"signer-1": nil}
	for _, step := range []struct{ key, says string }{
		{depositKeyText, ""}, {anotherAccount, "contradict the configuration"}, {depositKeyText, ""},
	} {
		info := signer.Info{Name: "signer-1", Deposits: []signer.Deposits{{Chain: tron.Mainnet, Account: account.Name(), Key: step.key}}}
		_ = s.compare(info)
		err := s.trusted("signer-1")
		if (err == nil) != (step.says == "") || err != nil && !strings.Contains(err.Error(), step.says) {
			t.Errorf("%s: %v, want %q", step.key, err, step.says)
		}
	}
}
