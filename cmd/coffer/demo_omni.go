package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet/omnisim"
	"github.com/cofferhq/coffer/utxo"
)

// omniDemo is the demonstration of a token on Bitcoin, with an account of its own.
type omniDemo struct {
	*stack
	account string
	address coffer.Address
	cursor  string
}

// omniScenes are the scenes of the token of the Omni Layer.
func omniScenes(s *stack) []scene {
	d := &omniDemo{stack: s}
	return []scene{
		{"A deposit of 120 USDT on the Omni Layer, and one that its sender does not have", d.deposits},
		{"A withdrawal of 50 of them, when they are at the address that pays", d.withdraw},
	}
}

// deposits lets somebody without tokens send 50, and somebody with tokens 120, in one block. Both
// transactions are perfect, and only one of them moves anything. The wallet's own address gets
// bitcoin for what it costs to move them on.
func (d *omniDemo) deposits(ctx context.Context) error {
	if err := d.open(ctx); err != nil {
		return err
	}
	wallet, err := utxo.ParseDescriptor(utxo.Regtest, d.bitcoin.descriptor)
	if err != nil {
		return err
	}
	if _, err := d.bitcoin.node.Pay(ctx, wallet.Address(), 1_000_000); err != nil {
		return err
	}
	omni := d.bitcoin.omni
	empty, err := omni.loser.Send(ctx, utxo.OmniSimpleSend{Property: omniProperty, Amount: 50_0000_0000}, d.address)
	if err != nil {
		return err
	}
	paid, err := omni.holder.Send(ctx, utxo.OmniSimpleSend{Property: omniProperty, Amount: 120_0000_0000}, d.address)
	if err != nil {
		return err
	}
	d.say("  %s sends 50 that it does not have: %s", omni.loser.Address, empty.ID)
	d.say("  %s sends 120: %s", omni.holder.Address, paid.ID)
	if _, err := d.bitcoin.node.Mine(ctx, bitcoinFinal); err != nil {
		return err
	}
	if err := d.watch(ctx, paid.ID, empty.ID); err != nil {
		return err
	}
	return d.wantBalance(ctx, "120")
}

// withdraw pays 50 USDT to somebody. The tokens were at Carol's address: first they are brought to
// the wallet's own, where the operators keep bitcoin for what that costs.
func (d *omniDemo) withdraw(ctx context.Context) error {
	btc := &btcDemo{stack: d.stack, account: d.account}
	to, err := omnisim.NewWallet(d.bitcoin.node, "customer")
	if err != nil {
		return err
	}
	var made struct{ RequestWithdrawal struct{ ID string } }
	err = d.api.do(ctx, `mutation($k: String!, $i: WithdrawalInput!) { requestWithdrawal(idempotencyKey: $k, input: $i) { id } }`,
		object{"k": "omni-1", "i": object{"account": d.account, "asset": d.bitcoin.omni.asset, "destination": to.Address, "amount": "50"}}, &made)
	if err != nil {
		return err
	}
	if err := btc.mineUntil(ctx, made.RequestWithdrawal.ID); err != nil {
		return err
	}
	return d.wantBalance(ctx, "69.5")
}

func (d *omniDemo) open(ctx context.Context) error {
	var made struct{ CreateAccount struct{ ID string } }
	if err := d.api.do(ctx, `mutation { createAccount(idempotencyKey: "carol", name: "Carol") { id } }`, nil, &made); err != nil {
		return err
	}
	d.account = made.CreateAccount.ID
	var issued struct {
		IssueAddress struct{ Address coffer.Address }
	}
	err := d.api.do(ctx, `mutation($a: ID!, $c: ChainID!) { issueAddress(account: $a, chain: $c) { address } }`,
		object{"a": d.account, "c": d.bitcoin.chain}, &issued)
	d.address = issued.IssueAddress.Address
	d.say("  account %s receives at %s", d.account, d.address)
	return err
}

// watch follows the deposits until the tokens of a transaction can be spent, and fails if there
// are any of another one. The little bitcoin that comes with a message is dust.
func (d *omniDemo) watch(ctx context.Context, paid, empty coffer.Hash) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	const events = `subscription($a: ID!, $after: String) { depositEvents(account: $a, after: $after) {
		cursor deposit { state amount tx asset { id symbol } } } }`
	err := d.api.subscribe(ctx, events, object{"a": d.account, "after": d.cursor}, func(data json.RawMessage) error {
		var seen struct {
			DepositEvents struct {
				Cursor  string
				Deposit struct {
					State, Amount, Tx string
					Asset             struct{ ID, Symbol string }
				}
			}
		}
		if err := json.Unmarshal(data, &seen); err != nil {
			return err
		}
		one := seen.DepositEvents.Deposit
		d.cursor = seen.DepositEvents.Cursor
		d.say("  deposit of %s %s: %s", one.Amount, one.Asset.Symbol, one.State)
		switch {
		case one.Asset.ID != string(d.bitcoin.omni.asset):
			return nil
		case one.Tx == empty.String():
			return fmt.Errorf("tokens that %s does not move are a deposit: %s", empty, one.State)
		case one.Tx == paid.String() && one.State == "UNLOCKED":
			return errEnough
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w", paid, err)
	}
	return nil
}

// wantBalance checks what Carol can spend.
func (d *omniDemo) wantBalance(ctx context.Context, want string) error {
	var read struct {
		Account struct {
			Balances []struct {
				Asset              struct{ ID string }
				Available, Pending string
			}
		}
	}
	err := d.api.do(ctx, `query($a: ID!) { account(id: $a) { balances { asset { id } available pending } } }`, object{"a": d.account}, &read)
	if err != nil {
		return err
	}
	got := "0"
	for _, b := range read.Account.Balances {
		if b.Asset.ID == string(d.bitcoin.omni.asset) {
			got = b.Available
			if b.Pending != "0" {
				return fmt.Errorf("%s USDT are pending", b.Pending)
			}
		}
	}
	if got != want {
		return fmt.Errorf("balance: %s USDT, want %s", got, want)
	}
	d.say("  Carol has %s USDT (Omni Layer) available", got)
	return nil
}
