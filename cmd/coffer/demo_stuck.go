package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
)

const (
	calmBaseFee = 10_000_000_000 // wei
	stuckPoll   = 250 * time.Millisecond
	stuckBlocks = 40 // until somebody has to have raised a fee
)

// stuck lets the base fee rise above what a payout offers, twice: the bundler raises its
// bundle up to what the user operation pays, parks it, and the payout signs a dearer
// operation in the same slot. It also tops up the Safe's gas money as anybody may.
func (d *demo) stuck(ctx context.Context) error {
	faye, err := d.customer(ctx, "Faye")
	if err != nil {
		return err
	}
	tx, err := d.pay(ctx, faye.address, d.units(20))
	if err != nil {
		return err
	}
	if err := faye.watch(ctx, tx, "UNLOCKED"); err != nil {
		return err
	}
	topUp := devnet.Call{To: &d.contracts.EntryPoint, Data: bindings.NewEntryPoint().PackDepositTo(d.safe), Value: big.NewInt(1e16)}
	if _, err := d.anvil.Send(ctx, topUp); err != nil {
		return err
	}
	if err := d.mineEvery(ctx, 0); err != nil {
		return err
	}
	to := newAddress()
	settled, err := d.bumped(ctx, faye, to)
	if err := errors.Join(err, d.mineEvery(ctx, blockTime)); err != nil {
		return err
	}
	if err := faye.await(ctx, map[string]string{settled: "SETTLED"}); err != nil {
		return err
	}
	return d.paidExactly(ctx, to, d.units(5))
}

// mineEvery makes a block every so many seconds, none on its own when zero.
func (d *demo) mineEvery(ctx context.Context, seconds int) error {
	return d.anvil.RPC().CallContext(ctx, nil, "evm_setIntervalMining", seconds)
}

// risen says what happens when no block takes an attempt.
var risen = map[int]string{
	1: "the bundler offers more, up to what the user operation pays",
	2: "that is above the operation's fee: the bundle is parked, and the payout signs a dearer one in its slot",
}

// bumped asks for a withdrawal and makes blocks by hand until an attempt of it has landed.
func (d *demo) bumped(ctx context.Context, who *demo, to common.Address) (withdrawal string, err error) {
	if err := d.mineAt(ctx, big.NewInt(calmBaseFee)); err != nil {
		return "", err
	}
	w, err := who.request(ctx, "while fees rise", string(d.usdt), to.Hex(), "5")
	if err != nil {
		return "", err
	}
	attempt, err := d.nextAttempt(ctx, pooledTx{}, nil)
	if err != nil {
		return "", err
	}
	for number := 1; ; number++ {
		d.say("  attempt %d: nonce %d of executor %s offers up to %s gwei per gas", number, attempt.Nonce, attempt.From.Hex()[:10], gwei(attempt.Cap))
		if number == 3 {
			break
		}
		above := new(big.Int).Add(attempt.Cap.ToInt(), big.NewInt(1))
		d.say("  the base fee rises to %s gwei: %s", gwei((*hexutil.Big)(above)), risen[number])
		if attempt, err = d.nextAttempt(ctx, attempt, above); err != nil {
			return "", err
		}
	}
	if err := d.anvil.Mine(ctx, 1); err != nil {
		return "", err
	}
	receipt, err := d.anvil.Receipt(ctx, attempt.Hash)
	if err != nil {
		return "", err
	}
	d.say("  it is in block %d", receipt.BlockNumber)
	return w.ID, d.mineAt(ctx, big.NewInt(1e9))
}

// pooledTx is a transaction in the node's pool.
type pooledTx struct {
	Hash  common.Hash    `json:"hash"`
	From  common.Address `json:"from"`
	Nonce hexutil.Uint64 `json:"nonce"`
	Cap   *hexutil.Big   `json:"maxFeePerGas"`
}

// nextAttempt waits until an executor's transaction other than the last one is in the
// pool. With a base fee it makes blocks at it meanwhile, which leave the last one there.
func (d *demo) nextAttempt(ctx context.Context, last pooledTx, baseFee *big.Int) (pooledTx, error) {
	ticker := time.NewTicker(stuckPoll)
	defer ticker.Stop()
	for range stuckBlocks {
		if baseFee != nil {
			if err := d.mineAt(ctx, baseFee); err != nil {
				return pooledTx{}, err
			}
		}
		select {
		case <-ctx.Done():
			return pooledTx{}, ctx.Err()
		case <-ticker.C:
		}
		var pool struct {
			Pending map[common.Address]map[string]pooledTx `json:"pending"`
			Queued  map[common.Address]map[string]pooledTx `json:"queued"`
		}
		if err := d.anvil.RPC().CallContext(ctx, &pool, "txpool_content"); err != nil {
			return pooledTx{}, err
		}
		for _, executor := range d.executors {
			for _, part := range []map[common.Address]map[string]pooledTx{pool.Pending, pool.Queued} {
				for _, tx := range part[executor] {
					if tx.Hash != last.Hash && tx.Cap != nil {
						return tx, nil
					}
				}
			}
		}
	}
	return pooledTx{}, fmt.Errorf("no other attempt than %s came within %d blocks", last.Hash, stuckBlocks)
}

// mineAt makes a block with this base fee.
func (d *demo) mineAt(ctx context.Context, baseFee *big.Int) error {
	if err := d.anvil.SetNextBaseFee(ctx, baseFee); err != nil {
		return err
	}
	return d.anvil.Mine(ctx, 1)
}

// gwei writes wei with two decimals, rounded down.
func gwei(wei *hexutil.Big) string {
	cents := new(big.Int).Div(wei.ToInt(), big.NewInt(1e7))
	whole, rest := new(big.Int).DivMod(cents, big.NewInt(100), new(big.Int))
	return fmt.Sprintf("%s.%02d", whole, rest)
}
