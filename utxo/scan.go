package utxo

import (
	"encoding/binary"
	"errors"
)

// maxBlockBytes is the most a block can have, because its weight is at most that many units
// and no byte has less than one (BIP-141).
const maxBlockBytes = 4_000_000

// Smallest sizes in bytes of what a count announces.
const (
	headerBytes    = 80
	minTxBytes     = 10
	minInputBytes  = 41
	minOutputBytes = 9
)

var (
	errTruncated = errors.New("the bytes end too early")
	errTrailing  = errors.New("bytes are left over")
	errCount     = errors.New("a count is larger than what follows")
)

// scanner walks over a block or a transaction without keeping anything. It is run before the
// decoder, which makes room for as many parts as a count announces.
type scanner struct {
	left []byte
	err  error
}

// scanBlock reports what is wrong with the counts and lengths of a block.
func scanBlock(raw []byte) error {
	s := &scanner{left: raw}
	s.skip(headerBytes)
	for range s.count(minTxBytes) {
		s.tx()
	}
	return s.end()
}

// scanTx does so for one transaction.
func scanTx(raw []byte) error {
	s := &scanner{left: raw}
	s.tx()
	return s.end()
}

func (s *scanner) tx() {
	s.skip(4) // version
	witness := len(s.left) >= 2 && s.left[0] == 0 && s.left[1] != 0
	if witness { // BIP-144
		s.skip(2)
	}
	inputs := s.count(minInputBytes)
	for range inputs {
		s.skip(36) // what it spends
		s.bytes()
		s.skip(4) // sequence
	}
	for range s.count(minOutputBytes) {
		s.skip(8) // value
		s.bytes()
	}
	if witness {
		for range inputs {
			for range s.count(1) {
				s.bytes()
			}
		}
	}
	s.skip(4) // lock time
}

// count reads how many parts of a least size follow; zero after an error.
func (s *scanner) count(least uint64) uint64 {
	n := s.number()
	if s.err == nil && n > uint64(len(s.left))/least {
		s.fail(errCount)
	}
	if s.err != nil {
		return 0
	}
	return n
}

// bytes skips a length and as many bytes.
func (s *scanner) bytes() { s.skip(s.count(1)) }

func (s *scanner) skip(n uint64) {
	if n > uint64(len(s.left)) {
		s.fail(errTruncated)
		return
	}
	s.left = s.left[n:]
}

// number reads a number of variable length.
func (s *scanner) number() uint64 {
	if len(s.left) == 0 {
		s.fail(errTruncated)
		return 0
	}
	first := s.left[0]
	s.left = s.left[1:]
	size := 0
	switch first {
	case 0xfd:
		size = 2
	case 0xfe:
		size = 4
	case 0xff:
		size = 8
	default:
		return uint64(first)
	}
	if len(s.left) < size {
		s.fail(errTruncated)
		return 0
	}
	var wide [8]byte
	copy(wide[:], s.left[:size])
	s.left = s.left[size:]
	return binary.LittleEndian.Uint64(wide[:])
}

func (s *scanner) fail(err error) {
	if s.err == nil {
		s.err = err
	}
	s.left = nil
}

func (s *scanner) end() error {
	if s.err == nil && len(s.left) > 0 {
		return errTrailing
	}
	return s.err
}
