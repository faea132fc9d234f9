package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

const (
	btcBatchSize   = 12
	btcBatchAmount = 1_000_000 // satoshis each
)

// batch pays twelve customers' withdrawals in one transaction while a signer is away, so that
// the others' keys are needed: one in a token, one below a sealed seed. No block takes the
// transaction until its fee was raised, and the first block that does leaves the chain.
func (d *btcDemo) batch(ctx context.Context) error {
	const away = stackSigners - 1
	pause, err := d.gather(ctx, d.bitcoin.chain)
	if err != nil {
		return err
	}
	ids, paid, err := d.approved(ctx)
	if err != nil {
		return err
	}
	if err := d.signers[away].stop(); err != nil {
		return err
	}
	switch err := d.goOn(ctx, pause); {
	case err == nil:
		return fmt.Errorf("%s is away, and all signers were resumed", signerName(away))
	case !strings.Contains(err.Error(), signerName(away)):
		return fmt.Errorf("resume without %s: %w", signerName(away), err)
	}
	d.say("  %d withdrawals of 0.01 BTC gathered while the chain was paused; now %s is away", len(ids), signerName(away))
	first, err := d.awaitTx(ctx, coffer.Hash{})
	if err != nil {
		return err
	}
	if err := d.wantPayments(first, paid); err != nil {
		return err
	}
	signed, err := d.whoSigned(ctx, first)
	if err != nil {
		return err
	}
	d.say("  %s pays all %d; each input (%d) is signed by %s", first.TxHash(), len(ids), len(first.TxIn), strings.Join(signed, " and "))
	if want := []string{"signer-1's key in its token", "signer-2's key below its sealed seed"}; !slices.Equal(signed, want) {
		return fmt.Errorf("signed by %v, want %v", signed, want)
	}

	for range 2 { // blocks that do not take it
		if _, err := d.bitcoin.node.MineWith(ctx); err != nil {
			return err
		}
	}
	second, err := d.awaitTx(ctx, utxo.HashOf(first.TxHash()))
	if err != nil {
		return err
	}
	if err := d.wantPayments(second, paid); err != nil {
		return err
	}
	if err := d.sayFees(ctx, first, second); err != nil {
		return err
	}
	if _, err := d.bitcoin.node.Mine(ctx, 1); err != nil {
		return err
	}
	if err := d.awaitStates(ctx, ids, "CONFIRMING"); err != nil {
		return err
	}
	if err := d.bitcoin.node.Reorg(ctx, 1, 2); err != nil {
		return err
	}
	if err := d.awaitStates(ctx, ids, "PAYING"); err != nil {
		return err
	}
	d.say("  a block takes it, the node replaces that block, and the withdrawals are on their way again")
	if d.signers[away], err = d.startSigner(ctx, ctx, away); err != nil {
		return err
	}
	if err := d.goOn(ctx, pause); err != nil { // for it was paused when it went away
		return err
	}
	if err := d.silently().mineUntil(ctx, ids...); err != nil {
		return err
	}
	if err := d.landedOnce(ctx, paid); err != nil {
		return err
	}
	d.say("  all %d are settled; %s is back", len(ids), signerName(away))
	return d.wantBalance(ctx, "0.37935") // 0.49995 - 12 * (0.01 + 0.00005)
}

// silently is the demo without a word.
func (d *btcDemo) silently() *btcDemo {
	quiet, s := *d, *d.stack
	s.say = func(string, ...any) {}
	quiet.stack = &s
	return &quiet
}

// approved asks for withdrawals, waits until they are approved, and returns them and where
// they go.
func (d *btcDemo) approved(ctx context.Context) (ids []string, paid map[coffer.Address]bool, err error) {
	paid = map[coffer.Address]bool{}
	for n := range btcBatchSize {
		to, err := freshBitcoinAddress()
		if err != nil {
			return nil, nil, err
		}
		id, err := d.request(ctx, fmt.Sprintf("btc-batch-%d", n), to, "0.01")
		if err != nil {
			return nil, nil, err
		}
		ids, paid[to] = append(ids, id), true
	}
	return ids, paid, d.awaitStates(ctx, ids, "APPROVED")
}

// awaitTx waits for the one transaction in the node's pool, another than that.
func (d *btcDemo) awaitTx(ctx context.Context, than coffer.Hash) (*wire.MsgTx, error) {
	const poll = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var pool []string
	err := until(ctx, poll, func() (bool, error) {
		err := d.bitcoin.node.Call(ctx, &pool, "getrawmempool")
		return err == nil && len(pool) == 1 && "0x"+pool[0] != than.String(), err
	})
	if err != nil {
		return nil, fmt.Errorf("wait for a transaction in the pool: %w", err)
	}
	return d.transaction(ctx, pool[0])
}

func (d *btcDemo) transaction(ctx context.Context, id string) (*wire.MsgTx, error) {
	var text string
	if err := d.bitcoin.node.Call(ctx, &text, "getrawtransaction", id); err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("getrawtransaction: %w", err)
	}
	tx, err := btcutil.NewTxFromBytes(raw)
	if err != nil {
		return nil, fmt.Errorf("getrawtransaction: %w", err)
	}
	return tx.MsgTx(), nil
}

// wantPayments checks that a transaction pays everybody, and one more output at most: what is
// left over.
func (d *btcDemo) wantPayments(tx *wire.MsgTx, paid map[coffer.Address]bool) error {
	found := 0
	for _, out := range tx.TxOut {
		if to, ok := utxo.AddressOf(utxo.Regtest, out.PkScript); ok && paid[to] && out.Value == btcBatchAmount {
			found++
		}
	}
	if found != len(paid) || len(tx.TxOut) > len(paid)+1 {
		return fmt.Errorf("transaction %s pays %d of %d, with %d outputs", tx.TxHash(), found, len(paid), len(tx.TxOut))
	}
	return nil
}

// landedOnce checks that the chain paid everybody once.
func (d *btcDemo) landedOnce(ctx context.Context, paid map[coffer.Address]bool) error {
	found := map[coffer.Address]int{}
	tip, err := d.bitcoin.node.Tip(ctx)
	if err != nil {
		return err
	}
	const back = 20
	for height := tip.Height - back; height <= tip.Height; height++ {
		var hash string
		if err := d.bitcoin.node.Call(ctx, &hash, "getblockhash", height); err != nil {
			return err
		}
		var block struct{ Tx []string }
		if err := d.bitcoin.node.Call(ctx, &block, "getblock", hash, 1); err != nil {
			return err
		}
		for _, id := range block.Tx {
			tx, err := d.transaction(ctx, id)
			if err != nil {
				return err
			}
			for _, out := range tx.TxOut {
				if to, ok := utxo.AddressOf(utxo.Regtest, out.PkScript); ok && paid[to] {
					found[to]++
				}
			}
		}
	}
	for to := range paid {
		if found[to] != 1 {
			return fmt.Errorf("the chain paid %s %d times", to, found[to])
		}
	}
	return nil
}

// sayFees tells what two attempts offer.
func (d *btcDemo) sayFees(ctx context.Context, first, second *wire.MsgTx) error {
	var fees [2]int64
	for n, tx := range []*wire.MsgTx{first, second} {
		for _, in := range tx.TxIn {
			out, err := d.spent(ctx, in)
			if err != nil {
				return err
			}
			fees[n] += out.Value
		}
		for _, out := range tx.TxOut {
			fees[n] -= out.Value
		}
	}
	if fees[1] <= fees[0] || first.TxIn[0].PreviousOutPoint != second.TxIn[0].PreviousOutPoint {
		return fmt.Errorf("the second attempt offers %d satoshis, the first %d", fees[1], fees[0])
	}
	d.say("  two blocks leave it out; %s takes its place (BIP-125) for %d satoshis, not %d", second.TxHash(), fees[1], fees[0])
	return nil
}

// spent is the output that an input spends.
func (d *btcDemo) spent(ctx context.Context, in *wire.TxIn) (*wire.TxOut, error) {
	tx, err := d.transaction(ctx, in.PreviousOutPoint.Hash.String())
	if err != nil {
		return nil, err
	}
	if int(in.PreviousOutPoint.Index) >= len(tx.TxOut) {
		return nil, fmt.Errorf("there is no output %s", in.PreviousOutPoint)
	}
	return tx.TxOut[in.PreviousOutPoint.Index], nil
}

// whoSigned says whose keys signed a transaction of the wallet: the same for every input.
func (d *btcDemo) whoSigned(ctx context.Context, tx *wire.MsgTx) ([]string, error) {
	wallet, err := utxo.ParseDescriptor(utxo.Regtest, d.bitcoin.descriptor)
	if err != nil {
		return nil, err
	}
	var names []string
	for n := range tx.TxIn {
		signed, err := d.whoSignedInput(ctx, wallet, tx, n)
		if err != nil {
			return nil, fmt.Errorf("input %d: %w", n, err)
		}
		if n > 0 && !slices.Equal(signed, names) {
			return nil, fmt.Errorf("input %d is signed by %v, those before it by %v", n, signed, names)
		}
		names = signed
	}
	return names, nil
}

func (d *btcDemo) whoSignedInput(ctx context.Context, wallet utxo.Descriptor, tx *wire.MsgTx, input int) ([]string, error) {
	in := tx.TxIn[input]
	out, err := d.spent(ctx, in)
	if err != nil {
		return nil, err
	}
	at, err := scriptOf(wallet, out.PkScript)
	if err != nil {
		return nil, err
	}
	// BIP-143 signs the input's own amount, and no other input's output.
	hashes := txscript.NewTxSigHashes(tx, txscript.NewCannedPrevOutputFetcher(out.PkScript, out.Value))
	digest, err := txscript.CalcWitnessSigHash(at.Witness, hashes, txscript.SigHashAll, tx, input, out.Value)
	if err != nil {
		return nil, err
	}
	if len(in.Witness) != 1+wallet.Threshold()+1 {
		return nil, fmt.Errorf("a witness of %d items", len(in.Witness))
	}
	var names []string
	for n, key := range at.Keys {
		for _, signature := range in.Witness[1 : len(in.Witness)-1] {
			if !signedBy(key.Public, digest, signature) {
				continue
			}
			where := "key in its token"
			if wallet.Keys()[n].Ranged() {
				where = "key below its sealed seed"
			}
			names = append(names, fmt.Sprintf("%s's %s", signerName(n), where))
		}
	}
	return names, nil
}

// signedBy reports whether a signature, with its byte of the hash's type, is one of a key.
func signedBy(public, digest, signature []byte) bool {
	key, err := btcec.ParsePubKey(public)
	if err != nil || len(signature) == 0 {
		return false
	}
	parsed, err := ecdsa.ParseDERSignature(signature[:len(signature)-1])
	return err == nil && parsed.Verify(digest, key)
}

// scriptOf finds an output script of a wallet among its first addresses.
func scriptOf(wallet utxo.Descriptor, output []byte) (utxo.Script, error) {
	const first = 100
	for index := range uint32(first) {
		for _, branch := range []uint32{utxo.BranchReceive, utxo.BranchChange} {
			at, err := wallet.At(utxo.PathOf(branch, index))
			if err != nil || bytes.Equal(at.Output, output) {
				return at, err
			}
		}
	}
	return utxo.Script{}, errors.New("a coin is at none of the wallet's first addresses")
}

// awaitStates waits until all withdrawals are in a state.
func (d *btcDemo) awaitStates(ctx context.Context, ids []string, want string) error {
	const poll = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var last string
	err := until(ctx, poll, func() (bool, error) {
		for _, id := range ids {
			var read struct {
				Withdrawal struct{ State, Reason string }
			}
			if err := d.api.do(ctx, `query($id: ID!) { withdrawal(id: $id) { state reason } }`, object{"id": id}, &read); err != nil {
				return false, err
			}
			if last = read.Withdrawal.State; last != want {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("wait for withdrawals that are %s, one is %s: %w", want, last, err)
	}
	return nil
}
