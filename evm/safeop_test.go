package evm_test

import (
	"crypto/ecdsa"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

func TestSignersOfASafeOperationAreCheckedAsTheSafeDoes(t *testing.T) {
	const chain = 31337
	module, entryPoint := common.Address{0: 1}, common.Address{0: 2}
	var keys []*ecdsa.PrivateKey
	for range 4 {
		key, err := crypto.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b *ecdsa.PrivateKey) int {
		return crypto.PubkeyToAddress(a.PublicKey).Cmp(crypto.PubkeyToAddress(b.PublicKey))
	})
	var owners []common.Address
	for _, key := range keys[:3] {
		owners = append(owners, crypto.PubkeyToAddress(key.PublicKey))
	}
	op := evm.UserOperation{Sender: common.Address{0: 3}, CallData: []byte{1, 2, 3, 4}}
	until := time.Unix(2_000_000_000, 0)
	digest, err := op.SafeOpDigest(chain, module, entryPoint, evm.Validity{Until: until})
	if err != nil {
		t.Fatal(err)
	}
	signedBy := func(digest coffer.Hash, signers ...*ecdsa.PrivateKey) []byte {
		field := append(make([]byte, 6), binary.BigEndian.AppendUint64(nil, uint64(until.Unix()))[2:]...)
		for _, key := range signers {
			signature, err := crypto.Sign(digest[:], key)
			if err != nil {
				t.Fatal(err)
			}
			signature[64] += 27
			field = append(field, signature...)
		}
		return field
	}
	ethSign := func(field []byte) []byte { // the Safe takes v over 30 as a signature of an Ethereum message
		field[len(field)-1] += 4
		return field
	}
	for name, test := range map[string]struct {
		field   []byte
		judged  bool // else the chain has to
		enough  bool
		changed bool // the operation, after it was signed
	}{
		"two owners":              {signedBy(digest, keys[0], keys[2]), true, true, false},
		"two and something":       {append(signedBy(digest, keys[0], keys[2]), 1), true, true, false},
		"all three":               {signedBy(digest, keys[:3]...), true, true, false},
		"one":                     {signedBy(digest, keys[0]), true, false, false},
		"the wrong way around":    {signedBy(digest, keys[2], keys[0]), true, false, false},
		"one owner twice":         {signedBy(digest, keys[0], keys[0]), true, false, false},
		"a stranger":              {signedBy(digest, keys[0], keys[3]), true, false, false},
		"another digest":          {signedBy(coffer.Hash{1}, keys[0], keys[2]), true, false, false},
		"another operation":       {signedBy(digest, keys[0], keys[2]), true, false, true},
		"a contract's signature":  {append(signedBy(digest, keys[0]), make([]byte, 65)...), false, false, false},
		"eth_sign":                {ethSign(signedBy(digest, keys[0])), false, false, false},
		"nothing":                 {nil, false, false, false},
		"no end of validity":      {append(make([]byte, 12), signedBy(digest, keys[0], keys[2])[12:]...), false, false, false},
		"more owners than can be": {make([]byte, 12+65*(evm.MaxOwners+1)), false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			signed := op
			signed.Signature = test.field
			if test.changed {
				signed.CallData = []byte{1, 2, 3, 5}
			}
			v, list, ok := signed.SafeSignatures(chain, module, entryPoint)
			if ok != test.judged {
				t.Fatalf("judged: %v", ok)
			}
			if !ok {
				return
			}
			if !v.Until.Equal(until) {
				t.Errorf("valid until %s", v.Until)
			}
			evm.RecoverSigners(list)
			if err := evm.CheckSigners(owners, 2, list); (err == nil) != test.enough || (err != nil && !errors.Is(err, evm.ErrSignature)) {
				t.Errorf("enough: %v, want %v", err, test.enough)
			}
		})
	}
}
