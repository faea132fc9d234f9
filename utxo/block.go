package utxo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

const (
	maxBlockWeight = 4_000_000 // BIP-141
	witnessScale   = 4
	maxSatoshi     = 21_000_000 * 100_000_000

	// coinbaseMaturity is how many confirmations what a miner earned needs to be spent.
	coinbaseMaturity = 100

	maxHeight = 1<<31 - 1
)

// firstWithHeight is the first height of a network at which every block names its own
// (BIP-34). Blocks of mainnet before it may name any: they are not read.
func firstWithHeight(network Network) uint64 {
	if network == Mainnet {
		return 227_931
	}
	return 1
}

// ReadBlock decodes a block and checks all that it proves by itself: its proof of work, its
// merkle root, its witness commitment, its height (BIP-34), its sizes and amounts. That its
// transactions are allowed to spend what they spend is the work's word.
func ReadBlock(network Network, raw []byte) (*wire.MsgBlock, coffer.Header, error) {
	if len(raw) > maxBlockBytes {
		return nil, coffer.Header{}, fmt.Errorf("a block of %d bytes; at most %d are read", len(raw), maxBlockBytes)
	}
	if err := scanBlock(raw); err != nil {
		return nil, coffer.Header{}, err
	}
	var block wire.MsgBlock
	if err := block.Deserialize(bytes.NewReader(raw)); err != nil {
		return nil, coffer.Header{}, fmt.Errorf("decode: %w", err)
	}
	if err := checkWork(network, &block.Header); err != nil {
		return nil, coffer.Header{}, err
	}
	if err := checkTransactions(&block, len(raw)); err != nil {
		return nil, coffer.Header{}, err
	}
	height, err := heightOf(network, &block)
	if err != nil {
		return nil, coffer.Header{}, err
	}
	return &block, headerOf(&block.Header, height), nil
}

// checkTransactions compares the transactions with what the header commits to.
func checkTransactions(block *wire.MsgBlock, size int) error {
	txs := block.Transactions
	if len(txs) == 0 || !isCoinbase(txs[0]) {
		return fmt.Errorf("%w: the first transaction is no coinbase", ErrNotProven)
	}
	if weight := (witnessScale-1)*block.SerializeSizeStripped() + size; weight > maxBlockWeight {
		return fmt.Errorf("%w: weight %d, at most %d is allowed", ErrNotProven, weight, maxBlockWeight)
	}
	ids := make([]chainhash.Hash, len(txs))
	for i, tx := range txs {
		if i > 0 && isCoinbase(tx) {
			return fmt.Errorf("%w: transaction %d is a second coinbase", ErrNotProven, i)
		}
		if len(tx.TxIn) == 0 || len(tx.TxOut) == 0 {
			return fmt.Errorf("%w: transaction %d has no inputs or no outputs", ErrNotProven, i)
		}
		sum := int64(0)
		for n, out := range tx.TxOut {
			if out.Value < 0 || out.Value > maxSatoshi || sum+out.Value > maxSatoshi {
				return fmt.Errorf("%w: output %d of transaction %d has %d satoshi", ErrNotProven, n, i, out.Value)
			}
			sum += out.Value
		}
		ids[i] = tx.TxHash()
	}
	root, ambiguous := merkleRoot(ids)
	if root != block.Header.MerkleRoot {
		return fmt.Errorf("%w: the transactions have root %s, the header says %s", ErrNotProven, root, block.Header.MerkleRoot)
	}
	if ambiguous {
		return fmt.Errorf("%w: transactions are repeated (CVE-2012-2459)", ErrNotProven)
	}
	return checkWitness(txs)
}

// isCoinbase reports whether a transaction spends nothing.
func isCoinbase(tx *wire.MsgTx) bool {
	return len(tx.TxIn) == 1 && tx.TxIn[0].PreviousOutPoint == wire.OutPoint{Index: wire.MaxPrevOutIndex}
}

// heightOf returns the height that a block names (BIP-34): the first thing that its coinbase's
// script pushes.
func heightOf(network Network, block *wire.MsgBlock) (uint64, error) {
	if block.BlockHash() == *network.Params().GenesisHash {
		return 0, nil
	}
	height, ok := pushedNumber(block.Transactions[0].TxIn[0].SignatureScript)
	if !ok || height < firstWithHeight(network) || height > maxHeight || block.Header.Version < 2 {
		return 0, fmt.Errorf("%w: the coinbase does not name the block's height (BIP-34)", ErrNotProven)
	}
	return height, nil
}

// pushedNumber reads the number above zero that a script pushes first, in the one encoding
// that BIP-34 allows.
func pushedNumber(script []byte) (uint64, bool) {
	if len(script) == 0 {
		return 0, false
	}
	first := script[0]
	if first >= 0x51 && first <= 0x60 { // OP_1 to OP_16
		return uint64(first - 0x50), true
	}
	size := int(first)
	if size < 1 || size > 5 || len(script) < 1+size {
		return 0, false
	}
	digits := script[1 : 1+size]
	last := digits[size-1]
	if last&0x80 != 0 || (last == 0 && (size == 1 || digits[size-2]&0x80 == 0)) {
		return 0, false // negative, or longer than it needs to be
	}
	n := uint64(0)
	for i, b := range digits {
		n |= uint64(b) << (8 * i)
	}
	return n, n > 16
}

// transfersOf says what a block paid to whom, and which coins it used up.
func transfersOf(network Network, block *wire.MsgBlock) (transfers []coffer.Transfer, spends []coffer.Spend) {
	native := network.Native()
	for i, tx := range block.Transactions {
		id := HashOf(tx.TxHash())
		maturity := uint64(0)
		if i == 0 {
			maturity = coinbaseMaturity
		}
		for n, out := range tx.TxOut {
			to, ok := AddressOf(network, out.PkScript)
			if !ok {
				continue
			}
			transfers = append(transfers, coffer.Transfer{
				Asset:    native,
				Tx:       id,
				Ref:      "vout:" + strconv.Itoa(n),
				To:       to,
				Amount:   coffer.NewAmount(uint64(out.Value)), // #nosec G115 -- checked to be 0 to maxSatoshi
				Maturity: maturity,
			})
		}
		if i == 0 {
			continue // a coinbase spends nothing
		}
		for n, in := range tx.TxIn {
			spent := in.PreviousOutPoint
			spends = append(spends, coffer.Spend{
				Tx:   id,
				Ref:  "vin:" + strconv.Itoa(n),
				Coin: coffer.NewCoinID(HashOf(spent.Hash), spent.Index),
			})
		}
	}
	return transfers, spends
}

// readTx decodes one transaction.
func readTx(raw []byte) (*wire.MsgTx, error) {
	if len(raw) > maxBlockBytes {
		return nil, fmt.Errorf("a transaction of %d bytes; at most %d are read", len(raw), maxBlockBytes)
	}
	if err := scanTx(raw); err != nil {
		return nil, err
	}
	var tx wire.MsgTx
	if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return &tx, nil
}

// readRawHeader reads what getblockheader gives without decoding: 80 bytes in hex that hash to
// want and carry their work.
func readRawHeader(network Network, raw json.RawMessage, want coffer.Hash) (wire.BlockHeader, error) {
	decoded, err := readHex(raw)
	if err != nil {
		return wire.BlockHeader{}, fmt.Errorf("header: %w", err)
	}
	if len(decoded) != headerBytes {
		return wire.BlockHeader{}, fmt.Errorf("header: %d bytes instead of %d", len(decoded), headerBytes)
	}
	var header wire.BlockHeader
	if err := header.Deserialize(bytes.NewReader(decoded)); err != nil {
		return wire.BlockHeader{}, fmt.Errorf("header: %w", err)
	}
	if got := HashOf(header.BlockHash()); got != want {
		return wire.BlockHeader{}, fmt.Errorf("%w: the header hashes to %s", ErrNotProven, got)
	}
	return header, checkWork(network, &header)
}

func headerOf(header *wire.BlockHeader, height uint64) coffer.Header {
	return coffer.Header{
		BlockRef: coffer.BlockRef{Height: height, Hash: HashOf(header.BlockHash())},
		Parent:   HashOf(header.PrevBlock),
		Time:     header.Timestamp.UTC(),
	}
}
