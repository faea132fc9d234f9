package tronsim

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// headerVersion is the version of the block format that java-tron 4.8 writes.
const headerVersion = 32

// Hash is the id of a block or of a transaction.
type Hash = coffer.Hash

// encode writes a message the same way every time, fields in order of their numbers.
func encode(m proto.Message) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("tronsim: marshal: %v", err)) // only invalid UTF-8 in our own strings
	}
	return b
}

// blockID is the height in 8 bytes and the rest of the header's hash.
func blockID(header *tronpb.BlockHeaderRaw) Hash {
	id := Hash(sha256.Sum256(encode(header)))
	binary.BigEndian.PutUint64(id[:8], uint64(header.Number)) //nolint:gosec // heights are not negative
	return id
}

// txID is the hash of what is signed.
func txID(tx *tronpb.Transaction) Hash { return sha256.Sum256(encode(tx.RawData)) }

// merkleRoot is the root over the hashes of whole transactions, signatures and results
// included. A node without a neighbour goes up as it is; no transactions give zeros.
func merkleRoot(txs []*tronpb.Transaction) Hash {
	if len(txs) == 0 {
		return Hash{}
	}
	level := make([]Hash, len(txs))
	for i, tx := range txs {
		level[i] = sha256.Sum256(encode(tx))
	}
	for len(level) > 1 {
		var next []Hash
		for i := 0; i < len(level); i += 2 {
			if i+1 == len(level) {
				next = append(next, level[i])
				continue
			}
			next = append(next, sha256.Sum256(append(level[i][:], level[i+1][:]...)))
		}
		level = next
	}
	return level[0]
}

// seal signs a header as its producer.
func seal(raw *tronpb.BlockHeaderRaw, key *ecdsa.PrivateKey) (*tronpb.BlockHeader, error) {
	digest := sha256.Sum256(encode(raw))
	signature, err := crypto.Sign(digest[:], key)
	if err != nil {
		return nil, fmt.Errorf("sign block %d: %w", raw.Number, err)
	}
	signature[64] += 27
	return &tronpb.BlockHeader{RawData: raw, WitnessSignature: signature}, nil
}

// block is a block as it is kept: bytes, and while it may be undone, what undoes it.
type block struct {
	id     Hash
	number int64
	time   int64  // milliseconds since 1970
	body   []byte // tronpb.Block
	infos  []byte // tronpb.TransactionInfoList
	ids    []Hash // of its transactions

	journal []change   // nil once solidified
	before  *consensus // the same
	tapos   [8]byte    // what stood in its place of the TAPOS store
}

// read gives the block as a message.
func (b *block) read() *tronpb.Block {
	m := new(tronpb.Block)
	if err := proto.Unmarshal(b.body, m); err != nil {
		panic(fmt.Sprintf("tronsim: a block of ours cannot be read: %v", err))
	}
	return m
}

// readInfos gives what became of its transactions, in their order.
func (b *block) readInfos() []*tronpb.TransactionInfo {
	m := new(tronpb.TransactionInfoList)
	if err := proto.Unmarshal(b.infos, m); err != nil {
		panic(fmt.Sprintf("tronsim: results of ours cannot be read: %v", err))
	}
	return m.TransactionInfo
}
