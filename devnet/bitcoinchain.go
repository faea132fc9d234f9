package devnet

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// Rules of regtest.
const (
	bitcoinMaturity    = 100
	bitcoinSubsidy     = 50 * 100_000_000 // satoshi, halved every so many blocks
	bitcoinHalving     = 150
	bitcoinVersion     = 0x20000000
	medianTimeBlocks   = 11
	maxMinedWeight     = 3_900_000
	maxMempoolTxs      = 20_000
	maxBitcoinNonce    = 1 << 20 // every second nonce does
	maxBitcoinBlocks   = 100_000
	witnessReserveSize = 32
)

// bitcoinBlock is a block of the node's chain.
type bitcoinBlock struct {
	hash chainhash.Hash
	msg  *wire.MsgBlock
}

// Mine adds n blocks, with what the pool holds in the first of them, and returns their hashes.
// What they earn is the wallet's.
func (b *Bitcoin) Mine(ctx context.Context, n int) ([]coffer.Hash, error) {
	return b.MineTo(ctx, b.Faucet(), n)
}

// MineTo is Mine for another address.
func (b *Bitcoin) MineTo(ctx context.Context, address coffer.Address, n int) ([]coffer.Hash, error) {
	script, err := utxo.ScriptOf(utxo.Regtest, address)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.sync(ctx); err != nil {
		return nil, err
	}
	pool, err := b.mempool(ctx)
	if err != nil {
		return nil, err
	}
	var hashes []coffer.Hash
	for i := range n {
		var txs []*wire.MsgTx
		if i == 0 {
			txs = pool
		}
		block, err := b.mineOn(ctx, b.chain, txs, script)
		if err != nil {
			return hashes, err
		}
		b.chain = append(b.chain, block)
		hashes = append(hashes, utxo.HashOf(block.hash))
	}
	return hashes, nil
}

// MineWith adds one block that holds just these transactions, whatever the pool holds.
func (b *Bitcoin) MineWith(ctx context.Context, raws ...[]byte) (coffer.Hash, error) {
	txs := make([]*wire.MsgTx, len(raws))
	for i, raw := range raws {
		txs[i] = new(wire.MsgTx)
		if err := txs[i].Deserialize(bytes.NewReader(raw)); err != nil {
			return coffer.Hash{}, fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.sync(ctx); err != nil {
		return coffer.Hash{}, err
	}
	block, err := b.mineOn(ctx, b.chain, txs, b.wallet.script)
	if err != nil {
		return coffer.Hash{}, err
	}
	b.chain = append(b.chain, block)
	return utxo.HashOf(block.hash), nil
}

// Reorg replaces the newest depth blocks by grow empty ones. Where the new chain is longer the
// node changes over by itself, as in the field; else the old one is declared invalid, and
// Reconsider takes that back. The node puts the transactions of the old blocks into its pool.
func (b *Bitcoin) Reorg(ctx context.Context, depth, grow int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.sync(ctx); err != nil {
		return err
	}
	if depth < 0 || grow < 0 || depth >= len(b.chain) {
		return fmt.Errorf("a reorganisation of %d blocks into %d, at height %d", depth, grow, len(b.chain)-1)
	}
	if depth > 0 && grow <= depth {
		if err := b.Call(ctx, nil, "invalidateblock", b.chain[len(b.chain)-depth].hash.String()); err != nil {
			return err
		}
	}
	fork := slices.Clone(b.chain[:len(b.chain)-depth])
	for range grow {
		block, err := b.mineOn(ctx, fork, nil, b.wallet.script)
		if err != nil {
			return err
		}
		fork = append(fork, block)
	}
	return b.sync(ctx)
}

// Invalidate makes the node leave a block and all that follow it.
func (b *Bitcoin) Invalidate(ctx context.Context, hash coffer.Hash) error {
	return b.Call(ctx, nil, "invalidateblock", hashText(hash))
}

// Reconsider takes an Invalidate back: the node returns to the chain with the most work.
func (b *Bitcoin) Reconsider(ctx context.Context, hash coffer.Hash) error {
	return b.Call(ctx, nil, "reconsiderblock", hashText(hash))
}

// Tip returns the node's newest block.
func (b *Bitcoin) Tip(ctx context.Context) (coffer.BlockRef, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.sync(ctx); err != nil {
		return coffer.BlockRef{}, err
	}
	top := len(b.chain) - 1
	return coffer.BlockRef{Height: uint64(top), Hash: utxo.HashOf(b.chain[top].hash)}, nil // #nosec G115 -- a height
}

// Broadcast gives the node a transaction.
func (b *Bitcoin) Broadcast(ctx context.Context, raw []byte) error {
	return b.Call(ctx, nil, "sendrawtransaction", hex.EncodeToString(raw))
}

// restore gives the node the blocks that it had: btcd throws regtest away when it starts. The
// lock is held.
func (b *Bitcoin) restore(ctx context.Context) error {
	var height int
	if err := b.Call(ctx, &height, "getblockcount"); err != nil {
		return err
	}
	for _, block := range b.chain[min(height+1, len(b.chain)):] {
		if err := b.submit(ctx, block); err != nil {
			return err
		}
	}
	return b.sync(ctx)
}

// fund mines until the wallet has coins to spend.
func (b *Bitcoin) fund(ctx context.Context) error {
	b.mu.Lock()
	if err := b.sync(ctx); err != nil {
		b.mu.Unlock()
		return err
	}
	have := len(b.spendable())
	b.mu.Unlock()
	if have >= bitcoinMature {
		return nil
	}
	_, err := b.Mine(ctx, bitcoinMature+bitcoinMaturity-1)
	return err
}

// sync brings chain to what the node has. The lock is held.
func (b *Bitcoin) sync(ctx context.Context) error {
	var height int
	if err := b.Call(ctx, &height, "getblockcount"); err != nil {
		return err
	}
	if height < 0 || height > maxBitcoinBlocks {
		return fmt.Errorf("a chain of %d blocks: want at most %d", height, maxBitcoinBlocks)
	}
	if len(b.chain) > height+1 {
		b.chain = b.chain[:height+1]
	}
	for len(b.chain) > 0 {
		hash, err := b.hashAt(ctx, len(b.chain)-1)
		if err != nil {
			return err
		}
		if hash == b.chain[len(b.chain)-1].hash.String() {
			break
		}
		b.chain = b.chain[:len(b.chain)-1]
	}
	for len(b.chain) <= height {
		block, err := b.blockAt(ctx, len(b.chain))
		if err != nil {
			return err
		}
		if n := len(b.chain); n > 0 && block.msg.Header.PrevBlock != b.chain[n-1].hash {
			return errors.New("the chain changed while it was read")
		}
		b.chain = append(b.chain, block)
	}
	return nil
}

func (b *Bitcoin) hashAt(ctx context.Context, height int) (hash string, err error) {
	err = b.Call(ctx, &hash, "getblockhash", height)
	return hash, err
}

func (b *Bitcoin) blockAt(ctx context.Context, height int) (bitcoinBlock, error) {
	hash, err := b.hashAt(ctx, height)
	if err != nil {
		return bitcoinBlock{}, err
	}
	var text string
	if err := b.Call(ctx, &text, "getblock", hash, 0); err != nil {
		return bitcoinBlock{}, err
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return bitcoinBlock{}, fmt.Errorf("block %d: %w", height, err)
	}
	block := bitcoinBlock{msg: new(wire.MsgBlock)}
	if err := block.msg.Deserialize(bytes.NewReader(raw)); err != nil {
		return bitcoinBlock{}, fmt.Errorf("block %d: %w", height, err)
	}
	block.hash = block.msg.BlockHash()
	return block, nil
}

// mempool returns the transactions that wait, each after those that it spends from.
func (b *Bitcoin) mempool(ctx context.Context) ([]*wire.MsgTx, error) {
	var ids []string
	if err := b.Call(ctx, &ids, "getrawmempool"); err != nil {
		return nil, err
	}
	if len(ids) > maxMempoolTxs {
		return nil, fmt.Errorf("%d transactions wait: want at most %d", len(ids), maxMempoolTxs)
	}
	slices.Sort(ids)
	waiting := map[chainhash.Hash]*wire.MsgTx{}
	var order []chainhash.Hash
	for _, id := range ids {
		var text string
		if err := b.Call(ctx, &text, "getrawtransaction", id, 0); err != nil {
			return nil, err
		}
		raw, err := hex.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("transaction %s: %w", id, err)
		}
		tx := new(wire.MsgTx)
		if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
			return nil, fmt.Errorf("transaction %s: %w", id, err)
		}
		waiting[tx.TxHash()] = tx
		order = append(order, tx.TxHash())
	}
	var sorted []*wire.MsgTx
	weight := 0
	var visit func(hash chainhash.Hash)
	visit = func(hash chainhash.Hash) {
		tx := waiting[hash]
		if tx == nil {
			return // in a block, or visited
		}
		delete(waiting, hash)
		for _, in := range tx.TxIn {
			visit(in.PreviousOutPoint.Hash)
		}
		if weight += 3*tx.SerializeSizeStripped() + tx.SerializeSize(); weight <= maxMinedWeight {
			sorted = append(sorted, tx)
		}
	}
	for _, hash := range order {
		visit(hash)
	}
	return sorted, nil
}

// mineOn makes a block that follows a chain and gives it to the node, which need not change
// over to it.
func (b *Bitcoin) mineOn(ctx context.Context, chain []bitcoinBlock, txs []*wire.MsgTx, script []byte) (bitcoinBlock, error) {
	parent := chain[len(chain)-1]
	coinbase, err := b.coinbase(len(chain), txs, script)
	if err != nil {
		return bitcoinBlock{}, err
	}
	block := bitcoinBlock{msg: &wire.MsgBlock{
		Header: wire.BlockHeader{
			Version: bitcoinVersion, PrevBlock: parent.hash, Bits: chaincfg.RegressionNetParams.PowLimitBits,
			Timestamp: nextTime(chain),
		},
		Transactions: append([]*wire.MsgTx{coinbase}, txs...),
	}}
	var ids []chainhash.Hash
	for _, tx := range block.msg.Transactions {
		ids = append(ids, tx.TxHash())
	}
	block.msg.Header.MerkleRoot = treeRoot(ids)
	if err := solve(&block.msg.Header); err != nil {
		return bitcoinBlock{}, err
	}
	block.hash = block.msg.BlockHash()
	return block, b.submit(ctx, block)
}

func (b *Bitcoin) submit(ctx context.Context, block bitcoinBlock) error {
	var raw bytes.Buffer
	if err := block.msg.Serialize(&raw); err != nil {
		return fmt.Errorf("encode a block: %w", err)
	}
	var refused *string
	if err := b.Call(ctx, &refused, "submitblock", hex.EncodeToString(raw.Bytes())); err != nil {
		return err
	}
	if refused != nil && *refused != "inconclusive" { // Core's word for a fork that has not won yet
		return fmt.Errorf("the node does not take block %s: %s", block.hash, *refused)
	}
	return nil
}

// coinbase pays what a block at a height earns, without its fees, and commits to its witnesses.
func (b *Bitcoin) coinbase(height int, txs []*wire.MsgTx, script []byte) (*wire.MsgTx, error) {
	unique := binary.BigEndian.AppendUint64(nil, b.wallet.next())
	text, err := txscript.NewScriptBuilder().AddInt64(int64(height)).AddData(unique).Script()
	if err != nil {
		return nil, fmt.Errorf("coinbase: %w", err)
	}
	reserved := make([]byte, witnessReserveSize)
	leaves := []chainhash.Hash{{}} // the coinbase's own is zero
	for _, tx := range txs {
		leaves = append(leaves, tx.WitnessHash())
	}
	root := treeRoot(leaves)
	commitment := chainhash.DoubleHashB(append(root[:], reserved...))
	commits, err := txscript.NewScriptBuilder().AddOp(txscript.OP_RETURN).AddData(append([]byte{0xaa, 0x21, 0xa9, 0xed}, commitment...)).Script()
	if err != nil {
		return nil, fmt.Errorf("coinbase: %w", err)
	}
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{
		PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex}, SignatureScript: text,
		Witness: wire.TxWitness{reserved}, Sequence: wire.MaxTxInSequenceNum,
	})
	tx.AddTxOut(wire.NewTxOut(bitcoinSubsidy>>(height/bitcoinHalving), script))
	tx.AddTxOut(wire.NewTxOut(0, commits))
	return tx, nil
}

// nextTime is now, or what the rules ask for: later than the median of the last blocks.
func nextTime(chain []bitcoinBlock) time.Time {
	last := chain[max(0, len(chain)-medianTimeBlocks):]
	var times []time.Time
	for _, block := range last {
		times = append(times, block.msg.Header.Timestamp)
	}
	slices.SortFunc(times, time.Time.Compare)
	least := times[len(times)/2].Add(time.Second)
	if now := time.Now().Truncate(time.Second); now.After(least) {
		return now
	}
	return least
}

// solve looks for a nonce.
func solve(header *wire.BlockHeader) error {
	limit := chaincfg.RegressionNetParams.PowLimit
	for ; header.Nonce < maxBitcoinNonce; header.Nonce++ {
		hash := utxo.HashOf(header.BlockHash())
		if new(big.Int).SetBytes(hash[:]).Cmp(limit) <= 0 {
			return nil
		}
	}
	return errors.New("no nonce gives the work, which regtest makes easy")
}

func treeRoot(level []chainhash.Hash) chainhash.Hash {
	level = slices.Clone(level)
	for len(level) > 1 {
		if len(level)%2 == 1 {
			level = append(level, level[len(level)-1])
		}
		for i := 0; i < len(level); i += 2 {
			level[i/2] = chainhash.DoubleHashH(slices.Concat(level[i][:], level[i+1][:]))
		}
		level = level[:len(level)/2]
	}
	return level[0]
}
