package chaintest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/cofferhq/coffer"
)

// Address returns the n-th address of a fake chain, in canonical form and never zero.
func Address(n uint64) coffer.Address {
	sum := digest("address", n)
	return coffer.Address("0x" + hex.EncodeToString(sum[:20]))
}

// Tx returns the n-th transaction hash.
func Tx(n uint64) coffer.Hash { return digest("tx", n) }

func digest(kind string, n uint64) coffer.Hash {
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte(kind), n))
}
