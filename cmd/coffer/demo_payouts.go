package main

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
)

// batchSize is how many withdrawals the demo pays in one transaction.
const batchSize = 25

// batches shows what batches are for.
func (d *demo) batches(ctx context.Context) error {
	finn, err := d.customer(ctx, "Finn")
	if err != nil {
		return err
	}
	tx, err := d.pay(ctx, finn.address, d.units(60))
	if err != nil {
		return err
	}
	if err := finn.watch(ctx, tx, "UNLOCKED"); err != nil {
		return err
	}
	return finn.batch(ctx)
}

// poisoned shows what becomes of a batch that holds payments that cannot be made.
func (d *demo) poisoned(ctx context.Context) error {
	finn, err := d.customer(ctx, "Finn")
	if err != nil {
		return err
	}
	return finn.poison(ctx)
}

// asked is a withdrawal of one USDT to an address that nobody else has.
type asked struct {
	id string
	to common.Address
}

// together asks for withdrawals while the chain is paused, so that they leave in one batch
// when it is resumed.
func (d *demo) together(ctx context.Context, key string, n int, before func(ws []asked) error) ([]asked, error) {
	var ws []asked
	err := d.whilePaused(ctx, func() error {
		want := map[string]string{}
		for i := range n {
			to := newAddress()
			w, err := d.request(ctx, fmt.Sprintf("%s %d", key, i), string(d.usdt), to.Hex(), "1")
			if err != nil {
				return err
			}
			ws = append(ws, asked{w.ID, to})
			want[w.ID] = "APPROVED"
		}
		if err := d.silent().await(ctx, want); err != nil {
			return err
		}
		d.say("  %d withdrawals of 1 USDT are approved while the chain is paused", n)
		return before(ws)
	})
	return ws, err
}

// whilePaused does something while people have paused the chain in the signers.
func (d *demo) whilePaused(ctx context.Context, do func() error) error {
	pause, err := d.gather(ctx, d.chain)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return d.goOn(ctx, pause)
}

// gather has one person pause a chain in the signers, so that withdrawals gather, and
// returns the pause.
func (s *stack) gather(ctx context.Context, chain coffer.ChainID) (string, error) {
	keys, err := s.keyFiles()
	if err != nil {
		return "", err
	}
	said, err := s.statement(ctx, "pause", "--chain", string(chain), "--reason", "let them gather", "--key", keys[0])
	if err != nil {
		return "", err
	}
	_, pause, ok := strings.Cut(said, "\npause ")
	if !ok {
		return "", fmt.Errorf("coffer signer pause printed %q", said)
	}
	return pause, s.awaitMetric(ctx, `coffer_pauses{scope="chain"} 1`)
}

// goOn has two people end a pause.
func (s *stack) goOn(ctx context.Context, pause string) error {
	keys, err := s.keyFiles()
	if err != nil {
		return err
	}
	_, err = s.statement(ctx, "resume", "--pause", pause, "--reason", "they have gathered", "--key", keys[0], "--key", keys[1])
	return err
}

// silent is the demo without a word.
func (d *demo) silent() *demo {
	quiet, s := *d, *d.stack
	s.say = func(string, ...any) {}
	quiet.stack = &s
	return &quiet
}

// batch pays many withdrawals in one transaction.
func (d *demo) batch(ctx context.Context) error {
	ws, err := d.together(ctx, "batch", batchSize, func([]asked) error { return nil })
	if err != nil {
		return err
	}
	want := map[string]string{}
	for _, w := range ws {
		want[w.id] = "SETTLED"
	}
	if err := d.silent().await(ctx, want); err != nil {
		return err
	}
	var hashes []string
	for _, w := range ws {
		got, err := d.withdrawal(ctx, w.id)
		if err != nil {
			return err
		}
		if got.Tx == nil {
			return fmt.Errorf("withdrawal %s is settled without a transaction", w.id)
		}
		hashes = append(hashes, *got.Tx)
		if err := d.paidExactly(ctx, w.to, d.units(1)); err != nil {
			return err
		}
	}
	slices.Sort(hashes)
	if hashes = slices.Compact(hashes); len(hashes) != 1 {
		return fmt.Errorf("%d withdrawals were paid in %d transactions", len(ws), len(hashes))
	}
	receipt, err := d.anvil.Receipt(ctx, common.HexToHash(hashes[0]))
	if err != nil {
		return err
	}
	d.say("  all %d settled in one transaction, %s: %d gas for each", len(ws), hashes[0], receipt.GasUsed/uint64(len(ws)))
	return nil
}

func (d *demo) withdrawal(ctx context.Context, id string) (withdrawalSeen, error) {
	var read struct{ Withdrawal withdrawalSeen }
	err := d.api.do(ctx, `query($id: ID!) { withdrawal(id: $id) `+withdrawalFields+` }`, object{"id": id}, &read)
	return read.Withdrawal, err
}

// poison puts two payments that the token refuses among others: one before anybody has
// signed, one when the batch is signed and on its way. Both withdrawals end and their
// money returns; the others are paid.
func (d *demo) poison(ctx context.Context) error {
	const early, late = 1, 4
	available, _, err := d.balances(ctx)
	if err != nil {
		return err
	}
	if err := d.mining(ctx, false); err != nil {
		return err
	}
	ws, err := d.together(ctx, "poison", 6, func(ws []asked) error {
		return d.anvil.Refuse(ctx, d.contracts, ws[early].to, true)
	})
	if err != nil {
		return err
	}
	if err := d.awaitPool(ctx); err != nil {
		return err
	}
	d.say("  the token refuses the second: simulation found it, the other five are signed and sent")
	if err := d.anvil.Refuse(ctx, d.contracts, ws[late].to, true); err != nil {
		return err
	}
	d.say("  now it refuses the fifth too, and the batch fails on the chain")
	if err := d.mining(ctx, true); err != nil {
		return err
	}

	want := map[string]string{}
	for n, w := range ws {
		want[w.id] = "SETTLED"
		if n == early || n == late {
			want[w.id] = "FAILED"
		}
	}
	if err := d.silent().await(ctx, want); err != nil {
		return err
	}
	return d.quarantined(ctx, ws, available, early, late)
}

// quarantined checks how a poisoned batch ended: four of 1 USDT and 0.5 of fees paid.
func (d *demo) quarantined(ctx context.Context, ws []asked, before string, bad ...int) error {
	for n, w := range ws {
		if !slices.Contains(bad, n) {
			if err := d.paidExactly(ctx, w.to, d.units(1)); err != nil {
				return err
			}
			continue
		}
		got, err := d.withdrawal(ctx, w.id)
		if err != nil {
			return err
		}
		if got.Reason == nil || *got.Reason == "" {
			return fmt.Errorf("withdrawal %s failed without a reason", w.id)
		}
		d.say("  quarantined: %s", *got.Reason)
		if err := d.anvil.Refuse(ctx, d.contracts, w.to, false); err != nil {
			return err
		}
	}
	left, ok := new(big.Rat).SetString(before)
	if !ok {
		return fmt.Errorf("the balance is %q", before)
	}
	left.Sub(left, big.NewRat(int64(3*(len(ws)-len(bad))), 2))
	if err := d.has(ctx, strings.TrimSuffix(strings.TrimRight(left.FloatString(6), "0"), "."), "0"); err != nil {
		return err
	}
	d.say("  the other %d are paid, and nothing is held", len(ws)-len(bad))
	return nil
}

// mining stops the node's blocks, or lets them come again.
func (c *devChain) mining(ctx context.Context, on bool) error {
	interval := 0
	if on {
		interval = blockTime
	}
	return c.anvil.RPC().CallContext(ctx, nil, "evm_setIntervalMining", interval)
}

// awaitPool waits until a transaction waits for a block.
func (c *devChain) awaitPool(ctx context.Context) error {
	const poll = 50 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	err := until(ctx, poll, func() (bool, error) {
		var pool struct{ Pending hexutil.Uint64 }
		err := c.anvil.RPC().CallContext(ctx, &pool, "txpool_status")
		return pool.Pending > 0, err
	})
	if err != nil {
		return fmt.Errorf("wait for a transaction in the pool: %w", err)
	}
	return nil
}
