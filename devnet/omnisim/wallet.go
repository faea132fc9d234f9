package omnisim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

// What a wallet's transactions cost and hold, in satoshi.
const (
	coinValue     = 100_000
	messageFee    = 5_000
	referenceDust = 546
	maxCoins      = 100
)

// Wallet is one key that everybody knows (P2PKH) and sends messages on a regtest. The change
// of its transactions is not spent again: Fund it for as many messages as it sends.
type Wallet struct {
	Address coffer.Address

	bitcoin *devnet.Bitcoin
	key     *btcec.PrivateKey
	script  []byte

	mu    sync.Mutex
	coins []wire.OutPoint
}

// NewWallet is the wallet with this name.
func NewWallet(bitcoin *devnet.Bitcoin, name string) (*Wallet, error) {
	seed := sha256.Sum256([]byte("coffer omnisim: " + name))
	key, public := btcec.PrivKeyFromBytes(seed[:])
	at, err := address.NewAddressPubKeyHash(address.Hash160(public.SerializeCompressed()), &chaincfg.RegressionNetParams)
	if err != nil {
		return nil, fmt.Errorf("wallet %q: %w", name, err)
	}
	w := &Wallet{Address: coffer.Address(at.EncodeAddress()), bitcoin: bitcoin, key: key}
	w.script, err = utxo.ScriptOf(utxo.Regtest, w.Address)
	return w, err
}

// Fund pays for so many messages, in a block of its own.
func (w *Wallet) Fund(ctx context.Context, messages int) error {
	if messages < 1 || messages > maxCoins {
		return fmt.Errorf("fund %d messages: want 1 to %d", messages, maxCoins)
	}
	outputs := make([]devnet.BitcoinOutput, messages)
	for i := range outputs {
		outputs[i] = devnet.BitcoinOutput{To: w.Address, Satoshi: coinValue}
	}
	payment, err := w.bitcoin.PayMany(ctx, outputs)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range outputs {
		w.coins = append(w.coins, wire.OutPoint{Hash: utxo.ChainHash(payment.ID), Index: uint32(i)}) // #nosec G115 -- at most maxCoins
	}
	_, err = w.bitcoin.Mine(ctx, 1)
	return err
}

// Send signs and sends a message in the order that Omni Core wants: payload, change, and the
// reference last; an empty reference is none.
func (w *Wallet) Send(ctx context.Context, m utxo.OmniMessage, reference coffer.Address) (devnet.BitcoinPayment, error) {
	outputs, err := w.Outputs(m, reference)
	if err != nil {
		return devnet.BitcoinPayment{}, err
	}
	payment, err := w.Sign(outputs)
	if err != nil {
		return devnet.BitcoinPayment{}, err
	}
	return payment, w.bitcoin.Broadcast(ctx, payment.Raw)
}

// Outputs are those of a message, for a coin of the wallet.
func (w *Wallet) Outputs(m utxo.OmniMessage, reference coffer.Address) ([]*wire.TxOut, error) {
	payload, err := utxo.EncodeOmni(m)
	if err != nil {
		return nil, err
	}
	script, err := utxo.OmniScript(payload)
	if err != nil {
		return nil, err
	}
	outputs := []*wire.TxOut{wire.NewTxOut(0, script), wire.NewTxOut(coinValue-messageFee-referenceDust, w.script)}
	if reference == "" {
		return outputs, nil
	}
	to, err := utxo.ScriptOf(utxo.Regtest, reference)
	if err != nil {
		return nil, err
	}
	return append(outputs, wire.NewTxOut(referenceDust, to)), nil
}

// Sign makes a transaction of any outputs out of one coin, and keeps it: the node does not see
// it.
func (w *Wallet) Sign(outputs []*wire.TxOut) (devnet.BitcoinPayment, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.coins) == 0 {
		return devnet.BitcoinPayment{}, errors.New("the wallet has no coin left: fund it for more messages")
	}
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: w.coins[0], Sequence: wire.MaxTxInSequenceNum - 2})
	tx.TxOut = outputs
	signature, err := txscript.SignatureScript(tx, 0, w.script, txscript.SigHashAll, w.key, true)
	if err != nil {
		return devnet.BitcoinPayment{}, fmt.Errorf("sign a message: %w", err)
	}
	tx.TxIn[0].SignatureScript = signature
	var raw bytes.Buffer
	if err := tx.Serialize(&raw); err != nil {
		return devnet.BitcoinPayment{}, fmt.Errorf("encode a message: %w", err)
	}
	w.coins = w.coins[1:]
	return devnet.BitcoinPayment{ID: utxo.HashOf(tx.TxHash()), Raw: raw.Bytes()}, nil
}
