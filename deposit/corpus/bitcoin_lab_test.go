package corpus_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

// btcLab is one node with a chain that is the same in every run: its times, keys and signatures
// are fixed. Cases fork from its end, one after the other.
type btcLab struct {
	sync.Mutex
	node *devnet.Bitcoin
	base []*btcMined // by height
	fund *wire.MsgTx // of wallets of the Omni Layer
}

var btcShared btcLab

// Heights of the shared chain.
const (
	btcMature   = 125                // blocks until coinbases can be spent
	btcBegins   = 1_735_689_600      // 2025-01-01, the time of block 0 less a spacing
	btcSpacing  = 600                // seconds between blocks
	btcSubsidy  = 50_0000_0000       // satoshi
	btcPowLimit = uint32(0x207fffff) // of regtest
	btcNonces   = 1 << 24            // every second one does
	btcVersion  = 0x20000000
)

// btcMined is a block that was made.
type btcMined struct {
	name   string
	parent *btcMined
	height int
	msg    *wire.MsgBlock
}

func (m *btcMined) hash() chainhash.Hash { return m.msg.BlockHash() }
func (m *btcMined) raw() string          { return hexOf(m.msg) }

// stop ends the node, if it runs: the next case starts another one.
func (l *btcLab) stop(t *testing.T) {
	l.Lock()
	defer l.Unlock()
	if l.node == nil {
		return
	}
	if err := l.node.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	l.node, l.base, l.fund = nil, nil, nil
}

// start runs the node with the shared chain, the first time. The lock is held.
func (l *btcLab) start(t *testing.T) {
	t.Helper()
	if l.node != nil {
		return
	}
	binary, err := devnet.FindBitcoin("")
	if err != nil {
		t.Fatal(err)
	}
	if l.node, err = devnet.StartBitcoin(t.Context(), devnet.BitcoinConfig{Binary: binary, Bare: true}); err != nil {
		t.Fatal(err)
	}
	genesis := &btcMined{msg: chaincfg.RegressionNetParams.GenesisBlock}
	l.base = []*btcMined{genesis}
	for height := 1; height <= btcMature; height++ {
		owner := btcKeyNamed("faucet").p2wpkh()
		if height%2 == 0 {
			owner = btcKeyNamed("faucet").p2pkh()
		}
		l.extend(t, owner)
	}
	l.omniBase(t)
}

// extend adds a block to the shared chain.
func (l *btcLab) extend(t *testing.T, owner []byte, txs ...*wire.MsgTx) {
	t.Helper()
	last := l.base[len(l.base)-1]
	next := &btcMined{parent: last, height: last.height + 1}
	next.msg = btcTemplate(last, owner, "", txs)
	btcSolve(t, &next.msg.Header)
	l.submit(t, next)
	l.base = append(l.base, next)
}

// submit gives the node a block that it must take.
func (l *btcLab) submit(t *testing.T, m *btcMined) {
	t.Helper()
	if refused := l.refuses(t, m.raw()); refused != "" {
		t.Fatalf("the node does not take block %s: %s", m.name, refused)
	}
}

// refuses gives the node a block, and returns why it does not take it.
func (l *btcLab) refuses(t *testing.T, raw string) string {
	t.Helper()
	var refused *string
	if err := l.node.Call(t.Context(), &refused, "submitblock", raw); err != nil {
		return err.Error()
	}
	if refused == nil || *refused == "inconclusive" { // Core's word for a fork that has not won
		return ""
	}
	return *refused
}

// call asks the node.
func (l *btcLab) call(t *testing.T, result any, method string, params ...any) {
	t.Helper()
	if err := l.node.Call(context.WithoutCancel(t.Context()), result, method, params...); err != nil {
		t.Fatal(err)
	}
}

// at is the hash of the node's block at a height; "" where it has none.
func (l *btcLab) at(t *testing.T, height int) string {
	t.Helper()
	var count int
	if l.call(t, &count, "getblockcount"); height > count {
		return ""
	}
	var hash string
	l.call(t, &hash, "getblockhash", height)
	return hash
}

// show makes a block the node's head. Blocks that stand in its way are declared invalid; those
// are returned, for whoever wants them back.
func (l *btcLab) show(t *testing.T, m *btcMined) (gone []string) {
	t.Helper()
	for at := m; at.parent != nil; at = at.parent {
		if l.at(t, at.height) == at.hash().String() {
			break
		}
		parent := at.parent
		if l.at(t, parent.height) != parent.hash().String() {
			continue
		}
		if other := l.at(t, at.height); other != "" {
			l.call(t, nil, "invalidateblock", other)
			gone = append(gone, other)
		}
	}
	if above := l.at(t, m.height+1); above != "" && l.at(t, m.height) == m.hash().String() {
		l.call(t, nil, "invalidateblock", above)
		gone = append(gone, above)
	}
	if got := l.at(t, m.height); got != m.hash().String() || l.at(t, m.height+1) != "" {
		t.Fatalf("the node does not show block %s: it has %s at height %d", m.name, got, m.height)
	}
	return gone
}

func (l *btcLab) reconsider(t *testing.T, gone []string) {
	t.Helper()
	for _, hash := range slices.Backward(gone) {
		l.call(t, nil, "reconsiderblock", hash)
	}
}

// btcTemplate is a block without work that pays its subsidy to a script. The mark tells its
// coinbase from that of another block at the height.
func btcTemplate(parent *btcMined, owner []byte, mark string, txs []*wire.MsgTx) *wire.MsgBlock {
	height := parent.height + 1
	sum := sha256.Sum256([]byte(mark))
	text, err := txscript.NewScriptBuilder().AddInt64(int64(height)).AddData(sum[:8]).Script()
	if err != nil {
		panic(err) // some bytes
	}
	coinbase := wire.NewMsgTx(2)
	coinbase.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex}, SignatureScript: text, Sequence: wire.MaxTxInSequenceNum})
	coinbase.AddTxOut(wire.NewTxOut(btcSubsidy>>(height/150), owner))
	block := &wire.MsgBlock{
		Header: wire.BlockHeader{
			Version: btcVersion, PrevBlock: parent.hash(), Bits: btcPowLimit, Timestamp: time.Unix(btcBegins+int64(height)*btcSpacing, 0),
		},
		Transactions: append([]*wire.MsgTx{coinbase}, txs...),
	}
	btcCommit(block)
	return block
}

// btcCommit writes a block's witness commitment (BIP-141) and merkle root.
func btcCommit(block *wire.MsgBlock) {
	coinbase := block.Transactions[0]
	coinbase.TxOut = slices.DeleteFunc(coinbase.TxOut, func(out *wire.TxOut) bool {
		return bytes.HasPrefix(out.PkScript, []byte{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed})
	})
	coinbase.TxIn[0].Witness = nil
	if slices.ContainsFunc(block.Transactions, (*wire.MsgTx).HasWitness) {
		reserved := make([]byte, 32)
		leaves := []chainhash.Hash{{}}
		for _, tx := range block.Transactions[1:] {
			leaves = append(leaves, tx.WitnessHash())
		}
		root := btcRoot(leaves)
		commitment := chainhash.DoubleHashB(append(root[:], reserved...))
		coinbase.TxIn[0].Witness = wire.TxWitness{reserved}
		coinbase.AddTxOut(wire.NewTxOut(0, append([]byte{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed}, commitment...)))
	}
	btcRehash(block)
}

// btcRehash writes a block's merkle root.
func btcRehash(block *wire.MsgBlock) {
	leaves := make([]chainhash.Hash, len(block.Transactions))
	for i, tx := range block.Transactions {
		leaves[i] = tx.TxHash()
	}
	block.Header.MerkleRoot = btcRoot(leaves)
}

func btcRoot(level []chainhash.Hash) chainhash.Hash {
	for len(level) > 1 {
		if len(level)%2 == 1 {
			level = append(level, level[len(level)-1])
		}
		var above []chainhash.Hash
		for i := 0; i < len(level); i += 2 {
			above = append(above, chainhash.DoubleHashH(slices.Concat(level[i][:], level[i+1][:])))
		}
		level = above
	}
	return level[0]
}

// btcMeets reports whether a header's hash meets the target that it names.
func btcMeets(header *wire.BlockHeader) bool {
	hash := utxo.HashOf(header.BlockHash())
	mantissa := new(big.Int).SetUint64(uint64(header.Bits & 0x7fffff))
	return new(big.Int).SetBytes(hash[:]).Cmp(mantissa.Lsh(mantissa, uint(8*(header.Bits>>24-3)))) <= 0
}

// btcSolve looks for the first nonce that does the work.
func btcSolve(t *testing.T, header *wire.BlockHeader) {
	t.Helper()
	for header.Nonce = 0; header.Nonce < btcNonces; header.Nonce++ {
		if btcMeets(header) {
			return
		}
	}
	t.Fatalf("no nonce meets target %08x", header.Bits)
}

// hexOf is a block, a header or a transaction as nodes write it.
func hexOf(what interface{ Serialize(w io.Writer) error }) string {
	var raw bytes.Buffer
	if err := what.Serialize(&raw); err != nil {
		panic(err) // a buffer takes everything
	}
	return hex.EncodeToString(raw.Bytes())
}
