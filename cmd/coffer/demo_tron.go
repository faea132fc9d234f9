package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// expiryTimeout bounds the wait for a transaction's end, and for the payment by another one.
const expiryTimeout = 3 * time.Minute

// tronDemo is the demonstration's state on the chain of TRON.
type tronDemo struct {
	*stack
	account string
	address coffer.Address
	cursor  string

	lost struct { // a payment that the node forgets
		withdrawal string
		to         tron.Address
		tx         coffer.Hash
	}
}

// early are the scenes that what follows them does not disturb: what they begin goes on beside.
func (d *tronDemo) early() []scene {
	return []scene{
		{"A TRON deposit of 100 USDT, and two that only look like one", d.deposits},
		{"A TRON withdrawal of 20 USDT that the node forgets before each block", d.forgotten},
	}
}

func (d *tronDemo) late() []scene {
	return []scene{
		{"A TRON withdrawal of 25 USDT, signed under the account's permission by two of three keys", d.withdraw},
		{"A TRON withdrawal whose call runs out of energy", d.outOfEnergy},
		{"A TRON deposit address without TRX is emptied with lent energy", d.sweep},
		{"The forgotten withdrawal: its transaction dies, and another one pays", d.expired},
	}
}

// deposits opens an account and pays it, beside a token that calls itself USDT and a transfer of
// nothing.
func (d *tronDemo) deposits(ctx context.Context) error {
	if err := d.open(ctx); err != nil {
		return err
	}
	to, err := tron.CanonicalAddress(d.address)
	if err != nil {
		return err
	}
	fake, err := d.tron.deploy()
	if err != nil {
		return err
	}
	if _, err := d.tron.send(fake, to, 500*sun); err != nil {
		return err
	}
	if _, err := d.tron.send(d.tron.token, to, 0); err != nil {
		return err
	}
	paid, err := d.tron.send(d.tron.token, to, 100*sun)
	if err != nil {
		return err
	}
	if err := d.watch(ctx, paid, "UNLOCKED"); err != nil {
		return err
	}
	return d.wantBalance(ctx, "100")
}

func (d *tronDemo) open(ctx context.Context) error {
	var made struct{ CreateAccount struct{ ID string } }
	if err := d.api.do(ctx, `mutation { createAccount(idempotencyKey: "dan", name: "Dan") { id } }`, nil, &made); err != nil {
		return err
	}
	d.account = made.CreateAccount.ID
	var issued struct {
		IssueAddress struct {
			Address coffer.Address
			Proof   struct{ Path string }
		}
	}
	err := d.api.do(ctx, `mutation($a: ID!, $c: ChainID!) { issueAddress(account: $a, chain: $c) { address proof { path } } }`,
		object{"a": d.account, "c": d.tron.chain}, &issued)
	if err != nil {
		return err
	}
	key, err := tron.ParseDepositKey(d.tron.issuer)
	if err != nil {
		return err
	}
	d.address = issued.IssueAddress.Address
	if own, err := key.Address(issued.IssueAddress.Proof.Path); err != nil || tron.AddressOf(own) != d.address {
		return errors.Join(fmt.Errorf("%s is not %s of the deposit key", d.address, issued.IssueAddress.Proof.Path), err)
	}
	d.say("  account %s receives at %s, which is %s of the deposit key", d.account, d.address, issued.IssueAddress.Proof.Path)
	return nil
}

// watch follows the deposits until tx is in the wanted state. Others are not ours.
func (d *tronDemo) watch(ctx context.Context, tx coffer.Hash, want string) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	err := d.api.subscribe(ctx, depositEvents, object{"a": d.account, "after": d.cursor}, func(data json.RawMessage) error {
		var seen depositSeen
		if err := json.Unmarshal(data, &seen); err != nil {
			return err
		}
		e := seen.DepositEvents
		d.cursor = e.Cursor
		if e.Deposit.Tx != tx.String() {
			return fmt.Errorf("a deposit of %s by transaction %s", e.Deposit.Amount, e.Deposit.Tx)
		}
		d.say("  deposit of %s USDT: %s", e.Deposit.Amount, e.Deposit.State)
		if e.Deposit.State == want {
			return errEnough
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w", want, err)
	}
	return nil
}

// wantBalance checks what Dan can spend.
func (d *tronDemo) wantBalance(ctx context.Context, want string) error {
	var read struct {
		Account struct {
			Balances []struct {
				Asset     struct{ ID string }
				Available string
			}
		}
	}
	if err := d.api.do(ctx, `query($a: ID!) { account(id: $a) { balances { asset { id } available } } }`, object{"a": d.account}, &read); err != nil {
		return err
	}
	got := "0"
	for _, b := range read.Account.Balances {
		if b.Asset.ID == string(d.tron.usdt) {
			got = b.Available
		}
	}
	if got != want {
		return fmt.Errorf("balance: %s USDT, want %s", got, want)
	}
	d.say("  Dan has %s USDT available", got)
	return nil
}

// request asks for a payment to an address that was never paid.
func (d *tronDemo) request(ctx context.Context, key, amount string) (string, tron.Address, error) {
	stranger, err := crypto.GenerateKey()
	if err != nil {
		return "", tron.Address{}, err
	}
	to := tron.AddressOfKey(stranger.PublicKey)
	var made struct{ RequestWithdrawal struct{ ID string } }
	err = d.api.do(ctx, `mutation($k: String!, $i: WithdrawalInput!) { requestWithdrawal(idempotencyKey: $k, input: $i) { id } }`,
		object{"k": key, "i": object{"account": d.account, "asset": d.tron.usdt, "destination": to.String(), "amount": amount}}, &made)
	return made.RequestWithdrawal.ID, to, err
}

// settled waits until a withdrawal is settled, and returns its transaction.
func (d *tronDemo) settled(ctx context.Context, id string, patience time.Duration) (coffer.Hash, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	told := ""
	for {
		var read struct {
			Withdrawal struct{ State, Reason, Tx string }
		}
		if err := d.api.do(ctx, `query($id: ID!) { withdrawal(id: $id) { state reason tx } }`, object{"id": id}, &read); err != nil {
			return coffer.Hash{}, err
		}
		w := read.Withdrawal
		if told != w.State+w.Reason {
			told = w.State + w.Reason
			d.say("  withdrawal: %s %s", w.State, w.Reason)
		}
		if w.State == "SETTLED" {
			return coffer.ParseHash(w.Tx)
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return coffer.Hash{}, fmt.Errorf("the withdrawal is not settled: %w", err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// pooled waits for a transaction of ours in the node's pool, apart from some.
func (d *tronDemo) pooled(ctx context.Context, but ...coffer.Hash) (coffer.Hash, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	for {
		ids, err := d.tron.inPool(ctx)
		if err != nil {
			return coffer.Hash{}, err
		}
		for _, id := range ids {
			if !slices.Contains(but, id) {
				return id, nil
			}
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return coffer.Hash{}, fmt.Errorf("nothing of ours reaches the node: %w", err)
		}
	}
}

// forgotten begins a payment whose transaction never gets into a block.
func (d *tronDemo) forgotten(ctx context.Context) (err error) {
	d.tron.pauseBlocks(true)
	defer d.tron.pauseBlocks(false)
	if d.lost.withdrawal, d.lost.to, err = d.request(ctx, "tron-lost", "20"); err != nil {
		return err
	}
	if d.lost.tx, err = d.pooled(ctx); err != nil {
		return err
	}
	d.tron.doom(d.lost.tx)
	d.say("  transaction %s is signed and sent: it may land until it expires", d.lost.tx)
	return nil
}

// withdraw pays and shows who signed.
func (d *tronDemo) withdraw(ctx context.Context) error {
	id, to, err := d.request(ctx, "tron-1", "25")
	if err != nil {
		return err
	}
	tx, err := d.settled(ctx, id, stepTimeout)
	if err != nil {
		return err
	}
	if err := d.signedBy(ctx, tx); err != nil {
		return err
	}
	return d.wantPaid(to, 25)
}

// signedBy says whose signatures a transaction has.
func (d *tronDemo) signedBy(ctx context.Context, id coffer.Hash) error {
	client, err := tron.Dial(ctx, tron.Config{Chain: d.tron.chain, Nodes: []tron.Node{{URL: d.tron.doors[0]}}})
	if err != nil {
		return err
	}
	defer client.Close()
	var tx tronpb.Transaction
	if err := client.Call(ctx, tronpb.Wallet_GetTransactionById_FullMethodName, &tronpb.BytesMessage{Value: id[:]}, &tx); err != nil {
		return err
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(tx.GetRawData())
	if err != nil {
		return err
	}
	if tron.ID(raw) != id || len(tx.GetRawData().GetContract()) != 1 {
		return fmt.Errorf("transaction %s is not what the node gave", id)
	}
	signers := 0
	for _, signature := range tx.GetSignature() {
		who, err := tron.RecoverSigner(id, signature)
		if err != nil {
			return err
		}
		for n, key := range d.tron.keys {
			if key == who {
				d.say("  signed by %s, %s", signerName(n), who)
				signers++
			}
		}
	}
	permission := tx.GetRawData().GetContract()[0].GetPermissionId()
	if signers != stackThreshold || len(tx.GetSignature()) != stackThreshold || permission != 2 {
		return fmt.Errorf("%d signatures, %d of them the signers', under permission %d", len(tx.GetSignature()), signers, permission)
	}
	d.say("  under permission %d of %s", permission, d.tron.account())
	return nil
}

// outOfEnergy makes the token dearer between the signatures and the block.
func (d *tronDemo) outOfEnergy(ctx context.Context) error {
	d.tron.pauseBlocks(true)
	defer d.tron.pauseBlocks(false)
	id, to, err := d.request(ctx, "tron-2", "5")
	if err != nil {
		return err
	}
	tx, err := d.pooled(ctx, d.lost.tx)
	if err != nil {
		return err
	}
	const dearer = 20_000 // three times what the call took when it was signed
	d.tron.sim.SetFactor(d.tron.token, dearer)
	d.say("  transaction %s waits; the chain makes calls of the token three times as dear", tx)
	d.tron.pauseBlocks(false)
	paid, err := d.settled(ctx, id, stepTimeout)
	if err != nil {
		return err
	}
	failed := d.tron.sim.Info(tx)
	if result := failed.GetReceipt().GetResult(); result != tronpb.Transaction_Result_OUT_OF_ENERGY || paid == tx {
		return fmt.Errorf("the first transaction ended with %s, and %s is settled", result, paid)
	}
	d.say("  it ran out of energy for %s TRX; another one paid", coffer.NewAmount(uint64(failed.GetFee())).Units(6)) // #nosec G115 -- not negative
	return d.wantPaid(to, 5)
}

// expired waits until the payment that was forgotten is made by another transaction.
func (d *tronDemo) expired(ctx context.Context) error {
	paid, err := d.settled(ctx, d.lost.withdrawal, expiryTimeout)
	if err != nil {
		return err
	}
	if paid == d.lost.tx || len(d.tron.sim.Info(d.lost.tx).GetId()) > 0 {
		return fmt.Errorf("the forgotten transaction %s landed", d.lost.tx)
	}
	d.say("  paid by %s, after the signers saw that the first one is dead", paid)
	if err := d.wantPaid(d.lost.to, 20); err != nil {
		return err
	}
	return d.wantBalance(ctx, "47") // 100 - 20 - 25 - 5 and three fees of 1
}

// wantPaid holds what a destination has to one payment.
func (d *tronDemo) wantPaid(to tron.Address, want int64) error {
	got, err := d.holds(to)
	if err != nil {
		return err
	}
	if got != want*sun {
		return fmt.Errorf("%s has %d, want %d USDT once", to, got, want)
	}
	return nil
}
