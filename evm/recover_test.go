package evm_test

import (
	"crypto/ecdsa"
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer/evm"
)

func TestABatchSaysWhatEachSignatureSays(t *testing.T) {
	var keys []*ecdsa.PrivateKey
	for range 3 {
		key, err := crypto.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	rapid.Check(t, func(t *rapid.T) {
		batch := make([]evm.Recovery, rapid.IntRange(0, 60).Draw(t, "size"))
		broken := map[int]bool{}
		for i := range batch {
			copy(batch[i].Digest[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest"))
			signature, err := crypto.Sign(batch[i].Digest[:], keys[i%len(keys)])
			if err != nil {
				t.Fatal(err)
			}
			signature[64] += 27
			if broken[i] = rapid.Bool().Draw(t, "broken"); broken[i] {
				signature[64] = rapid.SampledFrom([]byte{0, 1, 26, 29, 31}).Draw(t, "v")
			}
			batch[i].Signature = signature
		}
		evm.RecoverSigners(batch)
		for i, r := range batch {
			if broken[i] != (r.Err != nil) || (broken[i] && !errors.Is(r.Err, evm.ErrSignature)) {
				t.Errorf("signature %d: %v", i, r.Err)
			}
			if !broken[i] && r.Signer != crypto.PubkeyToAddress(keys[i%len(keys)].PublicKey) {
				t.Errorf("signature %d: made by %s", i, r.Signer)
			}
		}
	})
}
