package devnet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

const (
	bitcoinFeeRate    = 5 // satoshi per virtual byte
	replaceFactor     = 4 // of the fee that a replacement pays
	maxBitcoinPayment = 21_000_000 * 100_000_000
	bitcoinDust       = 546 // satoshi; less change is left to the miner

	txOverheadVBytes = 11
	inputVBytes      = 69 // of P2WPKH
)

// bitcoinWallet is one key that everybody knows (P2WPKH).
type bitcoinWallet struct {
	key     *btcec.PrivateKey
	script  []byte
	address coffer.Address
	counter *atomic.Uint64
	spent   map[wire.OutPoint]bool // by transactions of ours that wait
}

func newBitcoinWallet() bitcoinWallet {
	seed := sha256.Sum256([]byte("coffer devnet: test money"))
	key, public := btcec.PrivKeyFromBytes(seed[:])
	script := append([]byte{txscript.OP_0, 20}, address.Hash160(public.SerializeCompressed())...)
	at, ok := utxo.AddressOf(utxo.Regtest, script)
	if !ok {
		panic("devnet: a P2WPKH script without an address")
	}
	w := bitcoinWallet{key: key, script: script, address: at, counter: &atomic.Uint64{}, spent: map[wire.OutPoint]bool{}}
	w.counter.Store(uint64(time.Now().UnixNano())) // #nosec G115 -- only has to differ from earlier runs
	return w
}

// next is a number that no block of this chain has had.
func (w bitcoinWallet) next() uint64 { return w.counter.Add(1) }

// bitcoinCoin is an output of the wallet's.
type bitcoinCoin struct {
	at    wire.OutPoint
	value int64
}

// BitcoinPayment is a transaction of the wallet's.
type BitcoinPayment struct {
	ID  coffer.Hash
	Raw []byte
}

// BitcoinOutput is one payment of a transaction.
type BitcoinOutput struct {
	To      coffer.Address
	Satoshi int64
}

// Faucet is the wallet's address.
func (b *Bitcoin) Faucet() coffer.Address { return b.wallet.address }

// Pay sends an amount in satoshi to an address, out of coins of the wallet that are in blocks.
// The transaction waits in the pool; it can be replaced (BIP-125).
func (b *Bitcoin) Pay(ctx context.Context, to coffer.Address, satoshi int64) (BitcoinPayment, error) {
	return b.PayMany(ctx, []BitcoinOutput{{To: to, Satoshi: satoshi}})
}

// PayMany pays several outputs, in this order, with the change as the last one.
func (b *Bitcoin) PayMany(ctx context.Context, outputs []BitcoinOutput) (BitcoinPayment, error) {
	payment, err := b.NewPayment(ctx, outputs)
	if err != nil {
		return BitcoinPayment{}, err
	}
	if err := b.Broadcast(ctx, payment.Raw); err != nil {
		return BitcoinPayment{}, fmt.Errorf("send a payment: %w", err)
	}
	return payment, nil
}

// NewPayment signs a payment and keeps it: the node does not see it.
func (b *Bitcoin) NewPayment(ctx context.Context, outputs []BitcoinOutput) (BitcoinPayment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.sync(ctx); err != nil {
		return BitcoinPayment{}, err
	}
	tx := wire.NewMsgTx(2)
	need, size := int64(0), int64(txOverheadVBytes)
	for _, out := range outputs {
		script, err := utxo.ScriptOf(utxo.Regtest, out.To)
		if err != nil {
			return BitcoinPayment{}, err
		}
		if out.Satoshi < 0 || out.Satoshi > maxBitcoinPayment {
			return BitcoinPayment{}, fmt.Errorf("payment of %d satoshi to %s: want at most %d", out.Satoshi, out.To, int64(maxBitcoinPayment))
		}
		paid := wire.NewTxOut(out.Satoshi, script)
		tx.AddTxOut(paid)
		need += paid.Value
		size += int64(paid.SerializeSize())
	}
	size += int64(wire.NewTxOut(0, b.wallet.script).SerializeSize())
	var coins []bitcoinCoin
	sum := int64(0)
	for _, coin := range b.spendable() {
		if sum >= need+size*bitcoinFeeRate {
			break
		}
		coins, sum, size = append(coins, coin), sum+coin.value, size+inputVBytes
	}
	if sum < need+size*bitcoinFeeRate {
		return BitcoinPayment{}, fmt.Errorf("payment of %d satoshi: the wallet can spend %d", need, sum)
	}
	return b.finish(tx, coins, sum-need-size*bitcoinFeeRate)
}

// Replace signs and sends a transaction that spends the coins of a waiting one and pays the
// wallet alone: what the first one paid never happens.
func (b *Bitcoin) Replace(ctx context.Context, payment BitcoinPayment) (BitcoinPayment, error) {
	var old wire.MsgTx
	if err := old.Deserialize(bytes.NewReader(payment.Raw)); err != nil {
		return BitcoinPayment{}, fmt.Errorf("replace %s: %w", payment.ID, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.sync(ctx); err != nil {
		return BitcoinPayment{}, err
	}
	values := b.outputs()
	var coins []bitcoinCoin
	sum := int64(0)
	for _, in := range old.TxIn {
		value, ok := values[in.PreviousOutPoint]
		if !ok {
			return BitcoinPayment{}, fmt.Errorf("replace %s: it spends %s, which is no coin of a block", payment.ID, in.PreviousOutPoint)
		}
		coins, sum = append(coins, bitcoinCoin{in.PreviousOutPoint, value}), sum+value
	}
	fee := int64(old.SerializeSize()) * bitcoinFeeRate * replaceFactor
	replacement, err := b.finish(wire.NewMsgTx(2), coins, sum-fee)
	if err != nil {
		return BitcoinPayment{}, err
	}
	if err := b.Broadcast(ctx, replacement.Raw); err != nil {
		return BitcoinPayment{}, fmt.Errorf("replace %s: %w", payment.ID, err)
	}
	return replacement, nil
}

// finish adds inputs and change to a transaction and signs it. The lock is held.
func (b *Bitcoin) finish(tx *wire.MsgTx, coins []bitcoinCoin, change int64) (BitcoinPayment, error) {
	if change >= bitcoinDust {
		tx.AddTxOut(wire.NewTxOut(change, b.wallet.script))
	}
	previous := txscript.NewMultiPrevOutFetcher(nil)
	for _, coin := range coins {
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: coin.at, Sequence: wire.MaxTxInSequenceNum - 2})
		previous.AddPrevOut(coin.at, wire.NewTxOut(coin.value, b.wallet.script))
	}
	if len(tx.TxOut) == 0 {
		return BitcoinPayment{}, errors.New("a transaction that pays nobody")
	}
	hashes := txscript.NewTxSigHashes(tx, previous)
	for i, coin := range coins {
		witness, err := txscript.WitnessSignature(tx, hashes, i, coin.value, b.wallet.script, txscript.SigHashAll, b.wallet.key, true)
		if err != nil {
			return BitcoinPayment{}, fmt.Errorf("sign a payment: %w", err)
		}
		tx.TxIn[i].Witness = witness
	}
	var raw bytes.Buffer
	if err := tx.Serialize(&raw); err != nil {
		return BitcoinPayment{}, fmt.Errorf("encode a payment: %w", err)
	}
	for _, coin := range coins {
		b.wallet.spent[coin.at] = true
	}
	return BitcoinPayment{ID: utxo.HashOf(tx.TxHash()), Raw: raw.Bytes()}, nil
}

// Received sums what the outputs of the chain pay to each of some addresses, in satoshi, spent
// or not.
func (b *Bitcoin) Received(ctx context.Context, addresses ...coffer.Address) (map[coffer.Address]int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.sync(ctx); err != nil {
		return nil, err
	}
	of := map[string]coffer.Address{}
	for _, address := range addresses {
		script, err := utxo.ScriptOf(utxo.Regtest, address)
		if err != nil {
			return nil, err
		}
		of[string(script)] = address
	}
	sums := map[coffer.Address]int64{}
	for _, block := range b.chain {
		for _, tx := range block.msg.Transactions {
			for _, out := range tx.TxOut {
				if address, asked := of[string(out.PkScript)]; asked {
					sums[address] += out.Value
				}
			}
		}
	}
	return sums, nil
}

// Transactions are the ids of the transactions in the newest blocks of the chain, without what
// miners earn.
func (b *Bitcoin) Transactions(ctx context.Context, blocks int) ([]coffer.Hash, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.sync(ctx); err != nil {
		return nil, err
	}
	var ids []coffer.Hash
	for _, block := range b.chain[max(0, len(b.chain)-blocks):] {
		for _, tx := range block.msg.Transactions[1:] {
			ids = append(ids, utxo.HashOf(tx.TxHash()))
		}
	}
	return ids, nil
}

// outputs are the wallet's outputs of the chain, spent or not, with their values.
func (b *Bitcoin) outputs() map[wire.OutPoint]int64 {
	all := map[wire.OutPoint]int64{}
	for _, block := range b.chain {
		for _, tx := range block.msg.Transactions {
			for n, out := range tx.TxOut {
				if bytes.Equal(out.PkScript, b.wallet.script) {
					all[wire.OutPoint{Hash: tx.TxHash(), Index: uint32(n)}] = out.Value // #nosec G115 -- a place in a transaction
				}
			}
		}
	}
	return all
}

// spendable are the wallet's coins that the next block may spend and that no payment of ours
// has taken, oldest first.
func (b *Bitcoin) spendable() []bitcoinCoin {
	all := b.outputs()
	var coins []bitcoinCoin
	for height, block := range b.chain {
		for i, tx := range block.msg.Transactions {
			id := tx.TxHash()
			for n := range tx.TxOut {
				at := wire.OutPoint{Hash: id, Index: uint32(n)} // #nosec G115 -- a place in a transaction
				value, ours := all[at]
				mature := i > 0 || height+bitcoinMaturity <= len(b.chain)
				if ours && mature && value > bitcoinDust && !b.wallet.spent[at] {
					coins = append(coins, bitcoinCoin{at, value})
				}
			}
		}
	}
	gone := map[wire.OutPoint]bool{}
	for _, block := range b.chain {
		for _, tx := range block.msg.Transactions {
			for _, in := range tx.TxIn {
				gone[in.PreviousOutPoint] = true
			}
		}
	}
	return slices.DeleteFunc(coins, func(coin bitcoinCoin) bool { return gone[coin.at] })
}
