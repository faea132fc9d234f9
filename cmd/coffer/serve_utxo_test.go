package main

import (
	"strings"
	"testing"

	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/signer"
	"github.com/cofferhq/coffer/utxo"
)

// The number of signatures that a wallet wants is written twice, and signers and cold keys have to
// be able to give them.
func TestAWalletWantsTheSignaturesThatTheConfigurationSays(t *testing.T) {
	fixed := []string{
		"0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
		"02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9", "02e493dbf1c10d80f3581e4904930b1404cc6c13900ee0758474fa94abe8c4cd13",
	}
	for name, c := range map[string]struct {
		wallet           string // threshold
		signing, chain   int    // of the configuration
		signers, answers int
		says             string
	}{
		"the configuration's":                   {"2", 2, 0, 3, 3, ""},
		"its own, the same":                     {"2", 2, 2, 3, 3, ""},
		"its own, with a cold key always":       {"4", 2, 4, 3, 3, ""},
		"another than the configuration's":      {"3", 2, 0, 3, 3, "the wallet wants 3 signatures, signing.threshold is 2; utxo.threshold is for"},
		"another than its own":                  {"3", 2, 4, 3, 3, "the wallet wants 3 signatures, utxo.threshold is 4"},
		"more than those who answer can give":   {"4", 2, 4, 3, 2, "the signers that answer hold 2 keys of it, and 1 sign by file"},
		"as many as two and the cold key give":  {"3", 2, 3, 3, 2, ""},
		"less than the threshold of the others": {"2", 3, 0, 3, 3, "signing.threshold is 3"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := utxo.AddChecksum("wsh(sortedmulti(" + c.wallet + "," + strings.Join(fixed, ",") + "))")
			if err != nil {
				t.Fatal(err)
			}
			wallet, err := utxo.ParseDescriptor(utxo.Regtest, text)
			if err != nil {
				t.Fatal(err)
			}
			chain := &chainParts{id: utxo.Regtest.Chain(), config: config.Chain{UTXO: config.UTXO{Threshold: c.chain, ColdKeys: fixed[3:]}}}
			s := &server{config: config.Config{Signing: config.Signing{Threshold: c.signing, Signers: make([]config.Signer, c.signers)}}}
			for n := range c.answers {
				s.signers = append(s.signers, &signerConn{info: signer.Info{Keys: []signer.KeyInfo{{Role: signer.RoleOwner, Chain: chain.id, Key: fixed[n]}}}})
			}
			if err := s.checkDescriptor(chain, wallet); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}
