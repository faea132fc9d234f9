package tronsim

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// addressPrefix is the first of the 21 bytes of every address outside of the virtual
// machine.
const addressPrefix = 0x41

// Address is an account without the prefix: what contracts and logs see.
type Address = common.Address

var errAddress = errors.New("want 21 bytes that begin with 0x41")

// parseAddress reads the 21 bytes of the wire.
func parseAddress(b []byte) (Address, error) {
	if len(b) != 1+common.AddressLength || b[0] != addressPrefix {
		return Address{}, errAddress
	}
	return common.BytesToAddress(b[1:]), nil
}

// Wire is an address as messages have it: 0x41 and 20 bytes.
func Wire(a Address) []byte { return append([]byte{addressPrefix}, a[:]...) }

// Text is an address in base58check, as people write it: T….
func Text(a Address) coffer.Address {
	return coffer.Address(base58.CheckEncode(a[:], addressPrefix))
}

// ParseText reads a base58check address.
func ParseText(text coffer.Address) (Address, error) {
	payload, version, err := base58.CheckDecode(string(text))
	if err != nil || version != addressPrefix || len(payload) != common.AddressLength {
		return Address{}, fmt.Errorf("address %q: want base58check that begins with T", text)
	}
	return common.BytesToAddress(payload), nil
}

// KeyOf is the key with a number of a seed text. It is for development: whoever knows the
// seed has the keys.
func KeyOf(seed string, number int) *ecdsa.PrivateKey {
	for round := 0; ; round++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "tronsim/%s/%d/%d", seed, number, round))
		scalar := new(big.Int).SetBytes(sum[:])
		if scalar.Sign() == 0 || scalar.Cmp(crypto.S256().Params().N) >= 0 {
			continue // once in 2^128
		}
		key, err := crypto.ToECDSA(sum[:])
		if err == nil {
			return key
		}
	}
}

// Key signs transactions and blocks.
type Key = *ecdsa.PrivateKey

// Sign adds the signatures of some keys to a transaction.
func Sign(tx *tronpb.Transaction, keys ...Key) error {
	id := txID(tx)
	for _, key := range keys {
		signature, err := crypto.Sign(id[:], key)
		if err != nil {
			return fmt.Errorf("sign transaction: %w", err)
		}
		signature[64] += 27
		tx.Signature = append(tx.Signature, signature)
	}
	return nil
}

// AddressOf is the address of a key.
func AddressOf(key *ecdsa.PrivateKey) Address { return crypto.PubkeyToAddress(key.PublicKey) }

// recoverAddress says who signed a hash. v may be 0, 1, 27 or 28, as nodes accept it.
func recoverAddress(hash [32]byte, signature []byte) (Address, error) {
	if len(signature) < crypto.SignatureLength {
		return Address{}, nodeError("Signature size is %d", len(signature))
	}
	compact := append([]byte(nil), signature[:crypto.SignatureLength]...)
	if compact[64] >= 27 {
		compact[64] -= 27
	}
	public, err := crypto.SigToPub(hash[:], compact)
	if err != nil {
		return Address{}, err
	}
	return crypto.PubkeyToAddress(*public), nil
}
