package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math/big"

	"github.com/cofferhq/coffer"
)

// encoder hashes a tagged list of byte strings, each with its length in front, so that no
// two different lists share an encoding.
type encoder struct{ h hash.Hash }

func newEncoder(tag string) encoder {
	e := encoder{sha256.New()}
	e.str(tag)
	return e
}

func (e encoder) bytes(b []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(b)))
	e.h.Write(length[:])
	e.h.Write(b)
}

func (e encoder) str(s string) { e.bytes([]byte(s)) }

func (e encoder) int(n int64) {
	e.bytes(binary.BigEndian.AppendUint64(nil, uint64(n))) // #nosec G115 -- the same bits
}

func (e encoder) sum() coffer.Hash { return coffer.Hash(e.h.Sum(nil)) }

// content is what an entry's id is bound to and what seals cover: everything the entry
// says. Times count in microseconds, which is what Postgres keeps.
func (e Entry) content() coffer.Hash {
	c := newEncoder("coffer/ledger/entry/1")
	c.str(e.ID)
	c.str(e.Kind)
	c.str(e.Resource)
	c.str(string(e.Chain))
	c.bytes(binary.BigEndian.AppendUint64(nil, e.Block.Height))
	c.bytes(e.Block.Hash[:])
	c.str(e.Reverses)
	c.int(e.At.UnixMicro())
	c.int(int64(len(e.Postings)))
	for _, p := range e.Postings {
		c.str(p.Account)
		c.str(string(p.Asset))
		c.str(string(p.Side))
		amount := p.Amount.Bytes32()
		c.bytes(amount[:])
	}
	return c.sum()
}

// signed returns a debit as a positive and a credit as a negative number.
func (p Posting) signed() *big.Int {
	n := p.Amount.Int().ToBig()
	if p.Side == SideCredit {
		n.Neg(n)
	}
	return n
}
