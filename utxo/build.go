package utxo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// BuildPSBT makes the transaction of an intent that spends the first coins of those that are
// set aside, at exactly this fee: the payments in their order, and between them what is left
// over, which pays the wallet at the intent's change. previous holds the transactions that the
// coins are outputs of, by their ids. Pure.
//
// Where the change stands follows from the intent's hash, so that nobody can tell it by its
// place and every attempt has it at the same. A payment of a property of the Omni Layer is
// alone, and its outputs have the order that says who gets it: the payload, the change, and the
// recipient, who gets as little bitcoin as nodes relay. A sweep of such a property has the
// payload, and the rest at the wallet's own address.
func BuildPSBT(i coffer.Intent, d Descriptor, coins int, fee uint64, previous map[coffer.Hash]*wire.MsgTx, attempt uint32) (coffer.Unsigned, error) {
	if err := checkIntent(i, d); err != nil {
		return coffer.Unsigned{}, err
	}
	if coins < 1 || coins > len(i.Coins) {
		return coffer.Unsigned{}, fmt.Errorf("%d of %d coins", coins, len(i.Coins))
	}
	tx := wire.NewMsgTx(txVersion)
	var total uint64
	var inputs []spent
	for _, coin := range i.Coins[:coins] {
		point, value, err := prove(d, coin, previous)
		if err != nil {
			return coffer.Unsigned{}, fmt.Errorf("coin %s: %w", coin.ID, err)
		}
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: point.at, Sequence: txSequence})
		inputs = append(inputs, point.spent)
		total += value
	}
	paid, err := pay(tx, d, i.Payments)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	if sweeps(i) {
		payload, err := sweepOutput(d, i.Sweeps)
		if err != nil {
			return coffer.Unsigned{}, err
		}
		tx.AddTxOut(payload)
	}
	if total < paid || total-paid < fee {
		return coffer.Unsigned{}, fmt.Errorf("%w: %d satoshis for payments of %d and a fee of %d", coffer.ErrCoins, total, paid, fee)
	}
	at, script, err := addChange(tx, i, d, total-paid-fee)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	raw, err := encodePSBT(d, tx, inputs, at, script)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	return coffer.Unsigned{Chain: i.Chain, Wallet: i.Wallet, Path: coffer.PathPSBT, Format: FormatPSBT, Attempt: attempt, Bytes: raw}, nil
}

// checkIntent checks what every attempt of an intent shares.
func checkIntent(i coffer.Intent, d Descriptor) error {
	switch {
	case i.Chain != d.network.Chain():
		return fmt.Errorf("chain %.80q, not %s", i.Chain, d.network.Chain())
	case i.Wallet != d.Address():
		return fmt.Errorf("wallet %.100q, not %s", i.Wallet, d.Address())
	case i.Path != coffer.PathPSBT:
		return fmt.Errorf("path %.40q, not %s", i.Path, coffer.PathPSBT)
	case len(i.Sweeps) > 0 && !sweeps(i):
		return errors.New("sweeps in a payout that is none")
	case len(i.Coins) < 1 || len(i.Coins) > MaxInputs:
		return fmt.Errorf("%d coins; want 1 to %d", len(i.Coins), MaxInputs)
	case i.Slot != coffer.Slot{Kind: coffer.SlotCoin, Lane: string(i.Coins[0].ID)}:
		return fmt.Errorf("slot %.120q, not that of coin %s", i.Slot.String(), i.Coins[0].ID)
	case len(i.Payments) > MaxPayments:
		return fmt.Errorf("%d payments; want at most %d", len(i.Payments), MaxPayments)
	case len(i.Payments) > 0 == idle(i.Purpose):
		return fmt.Errorf("%d payments of a payout whose purpose is %.40q", len(i.Payments), i.Purpose)
	}
	if err := checkChangePath(d, i.Change); err != nil {
		return err
	}
	if err := errors.Join(checkOmni(d, i), checkSweep(d, i)); err != nil {
		return err
	}
	seen := map[coffer.CoinID]bool{}
	for _, coin := range i.Coins {
		if seen[coin.ID] {
			return fmt.Errorf("coin %s twice", coin.ID)
		}
		seen[coin.ID] = true
	}
	return nil
}

// idle tells the purposes that pay nobody.
func idle(purpose string) bool {
	return purpose == coffer.PurposeCancel || purpose == coffer.PurposeConsolidate || purpose == coffer.PurposeSweep
}

// checkChangePath wants a path for change, or the wallet's own address: there the change of
// transactions about tokens goes.
func checkChangePath(d Descriptor, path string) error {
	if path == d.Home() {
		return nil
	}
	if branch, _, err := ParsePath(path); !d.Ranged() || err != nil || branch != BranchChange {
		return fmt.Errorf("change at path %.40q, which is not one for change", path)
	}
	return nil
}

type proven struct {
	spent
	at wire.OutPoint
}

// prove checks that a coin is what it says, by the transaction it is an output of.
func prove(d Descriptor, coin coffer.Coin, previous map[coffer.Hash]*wire.MsgTx) (proven, uint64, error) {
	hash, place, err := coin.ID.Parts()
	if err != nil {
		return proven{}, 0, err
	}
	script, err := d.At(coin.Path)
	if err != nil {
		return proven{}, 0, err
	}
	tx := previous[hash]
	switch {
	case tx == nil || HashOf(tx.TxHash()) != hash:
		return proven{}, 0, errors.New("the transaction it is an output of is missing")
	case uint64(place) >= uint64(len(tx.TxOut)):
		return proven{}, 0, fmt.Errorf("its transaction has %d outputs", len(tx.TxOut))
	case script.Address != coin.Address || !bytes.Equal(script.Output, tx.TxOut[place].PkScript):
		return proven{}, 0, fmt.Errorf("it is not at the wallet's path %.40q", coin.Path)
	}
	value := tx.TxOut[place].Value
	if value < 1 || value > MaxMoney || coin.Amount != amountOf(value) {
		return proven{}, 0, fmt.Errorf("it holds %d satoshis, not %s", value, coin.Amount)
	}
	return proven{
		spent: spent{script: script, previous: withoutWitness(tx)},
		at:    wire.OutPoint{Hash: ChainHash(hash), Index: place},
	}, uint64(value), nil
}

// pay adds the payments and returns their sum.
func pay(tx *wire.MsgTx, d Descriptor, payments []coffer.Payment) (sum uint64, err error) {
	if isOmni(payments) {
		send, err := newOmniSend(d, payments)
		if err != nil {
			return 0, err
		}
		tx.AddTxOut(send.payload)
		tx.AddTxOut(send.last)
		return send.dust(), nil
	}
	network := d.network
	for n, p := range payments {
		if p.Asset != network.Native() || p.Memo != "" {
			return 0, fmt.Errorf("payment %d: of %.120q with memo %.40q; want %s without", n, p.Asset, p.Memo, network.Native())
		}
		script, err := ScriptOf(network, p.To)
		if err != nil {
			return 0, fmt.Errorf("payment %d: %w", n, err)
		}
		value, err := satoshis(p.Amount)
		if err == nil && value < DustLimit(script) {
			err = fmt.Errorf("%d satoshis are dust; the least is %d", value, DustLimit(script))
		}
		if err != nil {
			return 0, fmt.Errorf("payment %d: %w", n, err)
		}
		tx.AddTxOut(wire.NewTxOut(int64(value), script)) // #nosec G115 -- at most MaxMoney
		sum += value
	}
	return sum, nil
}

// satoshis reads an amount that can exist.
func satoshis(a coffer.Amount) (uint64, error) {
	if n := a.Int(); n.IsUint64() && n.Uint64() <= MaxMoney {
		return n.Uint64(), nil
	}
	return 0, fmt.Errorf("%s satoshis; there are %d", a, int64(MaxMoney))
}

// addChange puts the change in its place, and returns the place; -1 without change.
func addChange(tx *wire.MsgTx, i coffer.Intent, d Descriptor, value uint64) (int, Script, error) {
	if value == 0 {
		return -1, Script{}, nil
	}
	script, err := d.At(i.Change)
	if err != nil {
		return 0, Script{}, fmt.Errorf("change: %w", err)
	}
	if limit := DustLimit(script.Output); value < limit {
		return 0, Script{}, fmt.Errorf("change of %d satoshis is dust; the least is %d", value, limit)
	}
	at := changePlace(i)
	tx.TxOut = append(tx.TxOut, nil)
	copy(tx.TxOut[at+1:], tx.TxOut[at:])
	tx.TxOut[at] = wire.NewTxOut(int64(value), script.Output) // #nosec G115 -- at most MaxMoney
	return at, script, nil
}

// changePlace is a place between the payments that follows from the intent's hash.
func changePlace(i coffer.Intent) int {
	if isOmni(i.Payments) || sweeps(i) {
		return omniChangePlace
	}
	hash := i.Hash()
	return int(binary.BigEndian.Uint64(hash[:8]) % uint64(len(i.Payments)+1)) // #nosec G115 -- at most MaxPayments
}
