package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// btcDemo is the demonstration's state on the Bitcoin chain.
type btcDemo struct {
	*stack
	account string
	address coffer.Address
	cursor  string
}

// scene is a part of a demonstration.
type scene struct {
	title string
	run   func(ctx context.Context) error
}

func (d *btcDemo) scenes() []scene {
	return []scene{
		{"A Bitcoin deposit of 0.5 BTC", d.deposits},
		{"A Bitcoin deposit of 0.1 BTC that is reorganised away and comes back", d.reorganise},
		{"A Bitcoin withdrawal of 0.1 BTC, signed by two of three signers", d.withdraw},
		{"Twelve withdrawals in one Bitcoin transaction, whose fee is too low, and whose block leaves the chain", d.batch},
	}
}

// withdraw pays 0.1 BTC to somebody and waits until that is settled.
func (d *btcDemo) withdraw(ctx context.Context) error {
	to, err := freshBitcoinAddress()
	if err != nil {
		return err
	}
	id, err := d.request(ctx, "btc-1", to, "0.1")
	if err != nil {
		return err
	}
	if err := d.mineUntil(ctx, id); err != nil {
		return err
	}
	return d.wantBalance(ctx, "0.49995")
}

func (d *btcDemo) request(ctx context.Context, key string, to coffer.Address, amount string) (string, error) {
	var made struct{ RequestWithdrawal struct{ ID string } }
	err := d.api.do(ctx, `mutation($k: String!, $i: WithdrawalInput!) { requestWithdrawal(idempotencyKey: $k, input: $i) { id } }`,
		object{"k": key, "i": object{"account": d.account, "asset": d.bitcoin.native, "destination": to, "amount": amount}}, &made)
	return made.RequestWithdrawal.ID, err
}

// mineUntil mines what the pool holds, a block at a time, until withdrawals are settled.
func (d *btcDemo) mineUntil(ctx context.Context, ids ...string) error {
	const poll = 200 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	told := map[string]string{}
	for {
		settled := 0
		for _, id := range ids {
			var read struct {
				Withdrawal struct{ State, Reason string }
			}
			if err := d.api.do(ctx, `query($id: ID!) { withdrawal(id: $id) { state reason } }`, object{"id": id}, &read); err != nil {
				return err
			}
			if told[id] != read.Withdrawal.State {
				told[id] = read.Withdrawal.State
				d.say("  withdrawal: %s %s", read.Withdrawal.State, read.Withdrawal.Reason)
			}
			if read.Withdrawal.State == "SETTLED" {
				settled++
			}
		}
		if settled == len(ids) {
			return nil
		}
		var pool []string
		if err := d.bitcoin.node.Call(ctx, &pool, "getrawmempool"); err != nil {
			return err
		}
		if len(pool) > 0 {
			if _, err := d.bitcoin.node.Mine(ctx, bitcoinFinal); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("withdrawals are not settled: %w", ctx.Err())
		case <-ticker.C:
		}
	}
}

// freshBitcoinAddress is somebody's address that was never paid.
func freshBitcoinAddress() (coffer.Address, error) {
	key := make([]byte, 20)
	if _, err := rand.Read(key); err != nil {
		return "", err
	}
	address, ok := utxo.AddressOf(utxo.Regtest, append([]byte{0x00, 0x14}, key...)) // P2WPKH
	if !ok {
		return "", fmt.Errorf("no address of %x", key)
	}
	return address, nil
}

// deposits opens an account, pays it, and lets a reorganisation take a payment away and
// bring it back.
func (d *btcDemo) deposits(ctx context.Context) error {
	if err := d.open(ctx); err != nil {
		return err
	}
	paid, err := d.bitcoin.node.Pay(ctx, d.address, 50_000_000)
	if err != nil {
		return err
	}
	if _, err := d.bitcoin.node.Mine(ctx, bitcoinFinal); err != nil {
		return err
	}
	if err := d.watch(ctx, paid.ID, "UNLOCKED"); err != nil {
		return err
	}
	return d.wantBalance(ctx, "0.5")
}

func (d *btcDemo) open(ctx context.Context) error {
	var made struct{ CreateAccount struct{ ID string } }
	if err := d.api.do(ctx, `mutation { createAccount(idempotencyKey: "bob", name: "Bob") { id } }`, nil, &made); err != nil {
		return err
	}
	d.account = made.CreateAccount.ID
	var issued struct {
		IssueAddress struct {
			Address coffer.Address
			Proof   struct{ Kind, Descriptor, Path, Vault string }
		}
	}
	err := d.api.do(ctx, `mutation($a: ID!, $c: ChainID!) { issueAddress(account: $a, chain: $c) { address proof { kind descriptor path vault } } }`,
		object{"a": d.account, "c": d.bitcoin.chain}, &issued)
	if err != nil {
		return err
	}
	wallet, err := utxo.ParseDescriptor(utxo.Regtest, d.bitcoin.descriptor)
	if err != nil {
		return err
	}
	d.address = issued.IssueAddress.Address
	p := issued.IssueAddress.Proof
	proof := coffer.AddressProof{Kind: p.Kind, Address: d.address, Descriptor: p.Descriptor, Path: p.Path, Vault: coffer.Address(p.Vault)}
	if err := utxo.VerifyDepositAddress(d.address, proof, wallet); err != nil {
		return err
	}
	d.say("  account %s receives at %s, which is %s of the wallet's descriptor", d.account, d.address, p.Path)
	return nil
}

// reorganise lets a deposit be credited, replaces its block by one without it, and lets it
// come back.
func (d *btcDemo) reorganise(ctx context.Context) error {
	paid, err := d.bitcoin.node.Pay(ctx, d.address, 10_000_000)
	if err != nil {
		return err
	}
	if _, err := d.bitcoin.node.Mine(ctx, bitcoinCredit); err != nil {
		return err
	}
	if err := d.watch(ctx, paid.ID, "CREDITED"); err != nil {
		return err
	}
	if err := d.bitcoin.node.Reorg(ctx, bitcoinCredit, bitcoinCredit+1); err != nil {
		return err
	}
	d.say("  the node replaced its last block")
	if err := d.watch(ctx, paid.ID, "REVERSED"); err != nil {
		return err
	}
	if err := d.wantBalance(ctx, "0.5"); err != nil {
		return err
	}
	if _, err := d.bitcoin.node.Mine(ctx, bitcoinFinal); err != nil {
		return err
	}
	if err := d.watch(ctx, paid.ID, "UNLOCKED"); err != nil {
		return err
	}
	return d.wantBalance(ctx, "0.6")
}

// watch follows the deposits until tx is in the wanted state.
func (d *btcDemo) watch(ctx context.Context, tx coffer.Hash, want string) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	err := d.api.subscribe(ctx, depositEvents, object{"a": d.account, "after": d.cursor}, func(data json.RawMessage) error {
		var seen depositSeen
		if err := json.Unmarshal(data, &seen); err != nil {
			return err
		}
		e := seen.DepositEvents
		d.cursor = e.Cursor
		d.say("  deposit of %s BTC: %s", e.Deposit.Amount, e.Deposit.State)
		if e.Deposit.State == want && e.Deposit.Tx == tx.String() {
			return errEnough
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w", want, err)
	}
	return nil
}

// wantBalance checks what Bob can spend.
func (d *btcDemo) wantBalance(ctx context.Context, want string) error {
	var read struct {
		Account struct {
			Balances []struct {
				Asset     struct{ ID string }
				Available string
			}
		}
	}
	err := d.api.do(ctx, `query($a: ID!) { account(id: $a) { balances { asset { id } available } } }`, object{"a": d.account}, &read)
	if err != nil {
		return err
	}
	got := "0"
	for _, b := range read.Account.Balances {
		if b.Asset.ID == string(d.bitcoin.native) {
			got = b.Available
		}
	}
	if got != want {
		return fmt.Errorf("balance: %s BTC, want %s", got, want)
	}
	d.say("  Bob has %s BTC available", got)
	return nil
}
