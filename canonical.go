package coffer

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// canonical hashes a tagged list of byte strings, each with its length in front, so that
// no two different lists share an encoding. It is the one encoding of orders and intents.
type canonical struct{ h hash.Hash }

func newCanonical(tag string) canonical {
	c := canonical{sha256.New()}
	c.str(tag)
	return c
}

func (c canonical) bytes(b []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(b)))
	c.h.Write(length[:])
	c.h.Write(b)
}

func (c canonical) str(s string) { c.bytes([]byte(s)) }

func (c canonical) uint(n uint64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	c.bytes(b[:])
}

func (c canonical) amount(a Amount) {
	b := a.Bytes32()
	c.bytes(b[:])
}

func (c canonical) sum() Hash { return Hash(c.h.Sum(nil)) }
