package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"golang.org/x/sync/errgroup"
)

// What the demo sweeps.
const (
	sweepAddresses = 20
	sweepAmount    = 6 // USDT each
)

// sweep gives twenty customers an address and a deposit each, and has all of it moved into
// the Safe by one transaction.
func (d *demo) sweep(ctx context.Context) error {
	addresses, err := d.customers(ctx, sweepAddresses)
	if err != nil {
		return err
	}
	from, err := d.anvil.Eth().BlockNumber(ctx)
	if err != nil {
		return err
	}
	if err := d.payAll(ctx, addresses); err != nil {
		return err
	}
	d.say("  %d customers checked the proof of their address and received %d USDT there, all of it final", len(addresses), sweepAmount)
	before, err := d.anvil.TokenBalance(ctx, d.contracts, d.safe)
	if err != nil {
		return err
	}

	if _, err := d.command(ctx, nil, "treasury", "sweep", "--now", "--chain", string(d.chain), "--config", d.configFile()); err != nil {
		return err
	}
	tx, flushed, err := d.flushes(ctx, addresses, from)
	if err != nil {
		return err
	}
	receipt, err := d.anvil.Receipt(ctx, tx)
	if err != nil {
		return err
	}
	for _, address := range addresses {
		if err := d.paidExactly(ctx, address, d.units(0)); err != nil {
			return fmt.Errorf("after the sweep %w", err)
		}
	}
	after, err := d.anvil.TokenBalance(ctx, d.contracts, d.safe)
	if err != nil {
		return err
	}
	if least := d.units(sweepAddresses * sweepAmount); after.Sub(after, before).Cmp(least) < 0 {
		return fmt.Errorf("the Safe received %s base units, want at least %s", after, least)
	}
	d.say("  tx %s flushed %d addresses: %d gas in all, %d for each", tx, flushed, receipt.GasUsed, receipt.GasUsed/uint64(flushed)) //nolint:gosec // a count
	return nil
}

// customers makes accounts and their deposit addresses.
func (d *demo) customers(ctx context.Context, n int) ([]common.Address, error) {
	addresses := make([]common.Address, n)
	group, ctx := errgroup.WithContext(ctx)
	for i := range n {
		group.Go(func() error {
			c, err := d.customer(ctx, fmt.Sprintf("swept-%02d", i))
			if err != nil {
				return err
			}
			addresses[i] = c.address
			return c.verifyAddress(ctx)
		})
	}
	return addresses, group.Wait()
}

// verifyAddress computes the customer's address again from its proof, as a client does that
// knows the vault.
func (d *demo) verifyAddress(ctx context.Context) error {
	var read struct {
		Account struct {
			Addresses []struct {
				Address string
				Chain   coffer.ChainID
				Proof   coffer.AddressProof
			}
		}
	}
	err := d.api.do(ctx, `query($a: ID!) { account(id: $a) { addresses { address chain proof { kind factory salt initCodeHash vault } } } }`,
		object{"a": d.account}, &read)
	if err != nil {
		return err
	}
	for _, given := range read.Account.Addresses {
		given.Proof.Address = coffer.Address(given.Address)
		if err := evm.VerifyDepositAddress(coffer.Address(given.Address), given.Proof, evm.AddressOf(d.safe), stackTenant, d.account); err != nil {
			return fmt.Errorf("address %s: %w", given.Address, err)
		}
	}
	if len(read.Account.Addresses) == 0 {
		return errors.New("the account has no address")
	}
	return nil
}

// payAll pays every address and waits until the last deposit is unlocked, which is when its
// block is final.
func (d *demo) payAll(ctx context.Context, addresses []common.Address) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	token := bindings.NewTestToken()
	waiting := map[string]bool{}
	for _, address := range addresses {
		tx, err := d.anvil.Submit(ctx, devnet.Call{To: &d.contracts.Token, Data: token.PackTransfer(address, d.units(sweepAmount)), Gas: 100_000})
		if err != nil {
			return err
		}
		waiting[tx.Hex()] = true
	}
	err := d.api.subscribe(ctx, `subscription { depositEvents(after: "") { cursor deposit { state amount tx } } }`, nil, func(data json.RawMessage) error {
		var seen depositSeen
		if err := json.Unmarshal(data, &seen); err != nil {
			return err
		}
		if deposit := seen.DepositEvents.Deposit; deposit.State == "UNLOCKED" {
			delete(waiting, deposit.Tx)
		}
		if len(waiting) == 0 {
			return errEnough
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for %d deposits: %w", len(waiting), err)
	}
	return nil
}

// flushes waits until the chain says that each address was flushed, and demands that one
// transaction did it all. It returns that transaction, and how many addresses it flushed.
func (d *demo) flushes(ctx context.Context, addresses []common.Address, from uint64) (common.Hash, int, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	event := bindings.NewForwarder().GetABI().Events["Flushed"].ID
	ours := map[common.Address]bool{}
	for _, address := range addresses {
		ours[address] = true
	}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		logs, err := d.anvil.Eth().FilterLogs(ctx, ethereum.FilterQuery{FromBlock: d.units(0).SetUint64(from), Topics: [][]common.Hash{{event}}})
		if err != nil {
			return common.Hash{}, 0, err
		}
		if tx, flushed, done, err := oneSweep(logs, ours); done || err != nil {
			return tx, flushed, err
		}
		select {
		case <-ctx.Done():
			return common.Hash{}, 0, fmt.Errorf("wait for the sweep: %w", ctx.Err())
		case <-ticker.C:
		}
	}
}

// oneSweep reads Flushed events: done is when each of ours was flushed.
func oneSweep(logs []types.Log, ours map[common.Address]bool) (tx common.Hash, flushed int, done bool, err error) {
	byTx := map[common.Hash]int{}
	found := 0
	for _, log := range logs {
		byTx[log.TxHash]++
		if ours[log.Address] {
			tx = log.TxHash
			found++
		}
	}
	if found == 0 {
		return common.Hash{}, 0, false, nil
	}
	if found != len(ours) {
		return common.Hash{}, 0, false, fmt.Errorf("%d of %d addresses were flushed", found, len(ours))
	}
	for _, log := range logs {
		if ours[log.Address] && log.TxHash != tx {
			return common.Hash{}, 0, false, errors.New("more than one transaction flushed them")
		}
	}
	return tx, byTx[tx], true, nil
}
