package utxo

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// ErrNotProven is returned when a node's answer is not what its block or transaction commits
// to, or costs nothing to make up.
var ErrNotProven = errors.New("the answer does not prove itself")

// notProven makes what cannot be read what proves nothing.
func notProven(err error) error {
	if err == nil || errors.Is(err, ErrNotProven) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNotProven, err)
}

// retargetInterval is how many blocks have the same difficulty.
const retargetInterval = 2016

// maxEasing is the most by which the target may grow after an interval.
const maxEasing = 4

// checkWork reports whether a header's hash meets the target that it names, and that target
// the network's limit.
func checkWork(network Network, header *wire.BlockHeader) error {
	target, ok := targetOf(header.Bits)
	if !ok || target.Cmp(network.Params().PowLimit) > 0 {
		return fmt.Errorf("%w: target %08x is easier than %s allows", ErrNotProven, header.Bits, network)
	}
	sum := header.BlockHash()
	if h := HashOf(sum); new(big.Int).SetBytes(h[:]).Cmp(target) > 0 {
		return fmt.Errorf("%w: hash %s does not meet the target %08x", ErrNotProven, h, header.Bits)
	}
	return nil
}

// checkTarget reports whether a header names a target that may follow its parent's. So a
// block is as expensive to make up as the chain before it is. Testnet4 lets blocks that come
// late be easy, which a parent alone does not tell: there only the network's limit holds.
func checkTarget(network Network, parent, header *wire.BlockHeader, height uint64) error {
	params := network.Params()
	if params.ReduceMinDifficulty && !params.PoWNoRetargeting {
		return nil
	}
	if params.PoWNoRetargeting || height%retargetInterval != 0 {
		if header.Bits != parent.Bits {
			return fmt.Errorf("%w: block %d has target %08x and its parent %08x", ErrNotProven, height, header.Bits, parent.Bits)
		}
		return nil
	}
	before, ok := targetOf(parent.Bits)
	after, alsoOk := targetOf(header.Bits)
	if !ok || !alsoOk || after.Cmp(before.Mul(before, big.NewInt(maxEasing))) > 0 {
		return fmt.Errorf("%w: block %d has target %08x, more than %d times that of its parent, %08x", ErrNotProven, height, header.Bits, maxEasing, parent.Bits)
	}
	return nil
}

// targetOf decodes the compact form of a target: the first byte is its length in bytes, the
// others are its most significant ones. It reports false for zero, what is negative and
// what does not fit into 256 bits.
func targetOf(bits uint32) (*big.Int, bool) {
	size, mantissa := bits>>24, bits&0x007fffff
	if bits&0x00800000 != 0 || mantissa == 0 {
		return nil, false
	}
	target := new(big.Int).SetUint64(uint64(mantissa))
	if size <= 3 {
		target.Rsh(target, uint(8*(3-size)))
	} else {
		target.Lsh(target, uint(8*(size-3)))
	}
	return target, target.Sign() > 0 && target.BitLen() <= 256
}

// merkleRoot returns the root over hashes of transactions, and whether some other list has
// the same one because a pair of equal hashes stands where an odd one is paired with itself
// (CVE-2012-2459).
func merkleRoot(leaves []chainhash.Hash) (root chainhash.Hash, ambiguous bool) {
	level := slices.Clone(leaves)
	for len(level) > 1 {
		for i := 0; i+1 < len(level); i += 2 {
			ambiguous = ambiguous || level[i] == level[i+1]
		}
		if len(level)%2 == 1 {
			level = append(level, level[len(level)-1])
		}
		for i := 0; i < len(level); i += 2 {
			pair := append(level[i][:len(level[i]):len(level[i])], level[i+1][:]...)
			level[i/2] = chainhash.DoubleHashH(pair)
		}
		level = level[:len(level)/2]
	}
	if len(level) == 0 {
		return chainhash.Hash{}, ambiguous
	}
	return level[0], ambiguous
}

// commitmentPrefix begins the output of a coinbase that commits to the witnesses (BIP-141):
// OP_RETURN, 36 bytes, a magic number, 32 bytes.
var commitmentPrefix = []byte{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed}

// checkWitness compares a block's witnesses with what its coinbase commits to (BIP-141). A
// block without a commitment has none.
func checkWitness(txs []*wire.MsgTx) error {
	commitment := witnessCommitment(txs[0])
	if commitment == nil {
		for _, tx := range txs {
			if tx.HasWitness() {
				return fmt.Errorf("%w: transaction %s has a witness that no output of the coinbase commits to", ErrNotProven, tx.TxHash())
			}
		}
		return nil
	}
	reserved := txs[0].TxIn[0].Witness
	if len(reserved) != 1 || len(reserved[0]) != chainhash.HashSize {
		return fmt.Errorf("%w: the coinbase's witness is not one value of 32 bytes", ErrNotProven)
	}
	leaves := make([]chainhash.Hash, len(txs)) // the coinbase's is zero
	for i, tx := range txs[1:] {
		leaves[i+1] = tx.WitnessHash()
	}
	root, _ := merkleRoot(leaves) // the transactions are known to be distinct
	if sum := chainhash.DoubleHashB(append(root[:], reserved[0]...)); !bytes.Equal(sum, commitment) {
		return fmt.Errorf("%w: the witnesses have commitment %x, the coinbase says %x", ErrNotProven, sum, commitment)
	}
	return nil
}

// witnessCommitment returns the last commitment of a coinbase, nil where there is none.
func witnessCommitment(coinbase *wire.MsgTx) []byte {
	for _, out := range slices.Backward(coinbase.TxOut) {
		if bytes.HasPrefix(out.PkScript, commitmentPrefix) && len(out.PkScript) >= len(commitmentPrefix)+chainhash.HashSize {
			return out.PkScript[len(commitmentPrefix):][:chainhash.HashSize]
		}
	}
	return nil
}
