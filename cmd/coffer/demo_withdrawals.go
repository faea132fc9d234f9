package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/ethereum/go-ethereum/common"
)

// quoteSeen is a quote as the API tells it.
type quoteSeen struct{ ID, Amount, Fee, Total, Expires string }

func (d *demo) quote(ctx context.Context, asset coffer.AssetID, to, amount string) (quoteSeen, error) {
	var made struct{ QuoteWithdrawal quoteSeen }
	err := d.api.do(ctx, `mutation($i: WithdrawalInput!) { quoteWithdrawal(input: $i) { id amount fee total expires } }`,
		object{"i": object{"account": d.account, "asset": string(asset), "destination": to, "amount": amount}}, &made)
	return made.QuoteWithdrawal, err
}

// requestQuoted asks for a withdrawal at the fee of a quote.
func (d *demo) requestQuoted(ctx context.Context, key, asset, to, amount, quote string) (withdrawalSeen, error) {
	var made struct{ RequestWithdrawal withdrawalSeen }
	err := d.api.do(ctx, `mutation($k: String!, $i: WithdrawalInput!, $q: ID) { requestWithdrawal(idempotencyKey: $k, input: $i, quote: $q) `+withdrawalFields+` }`,
		object{"k": key, "q": quote, "i": object{"account": d.account, "asset": asset, "destination": to, "amount": amount}}, &made)
	return made.RequestWithdrawal, err
}

func (d *demo) cancel(ctx context.Context, id string) (withdrawalSeen, error) {
	var made struct{ CancelWithdrawal withdrawalSeen }
	err := d.api.do(ctx, `mutation($id: ID!) { cancelWithdrawal(id: $id) `+withdrawalFields+` }`, object{"id": id}, &made)
	return made.CancelWithdrawal, err
}

// customer is the demo in the place of another customer, with an account and an address
// of its own.
func (d *demo) customer(ctx context.Context, name string) (*demo, error) {
	c := &demo{stack: d.stack, told: map[string]bool{}}
	var made struct{ CreateAccount struct{ ID string } }
	err := d.api.do(ctx, `mutation($n: String!) { createAccount(idempotencyKey: $n, name: $n) { id } }`, object{"n": name}, &made)
	if err != nil {
		return nil, err
	}
	c.account = made.CreateAccount.ID
	var issued struct{ IssueAddress struct{ Address string } }
	err = d.api.do(ctx, `mutation($a: ID!, $c: ChainID!) { issueAddress(account: $a, chain: $c) { address } }`,
		object{"a": c.account, "c": d.chain}, &issued)
	c.address = common.HexToAddress(issued.IssueAddress.Address)
	return c, err
}

// has checks a customer's USDT without saying it.
func (d *demo) has(ctx context.Context, available, held string) error {
	gotAvailable, gotHeld, err := d.balances(ctx)
	if err == nil && (gotAvailable != available || gotHeld != held) {
		err = fmt.Errorf("balance: %s available and %s held, want %s and %s", gotAvailable, gotHeld, available, held)
	}
	return err
}

// offers shows what a withdrawal meets before a chain is told of it: a fee that is
// promised, a change of mind, and another customer's address.
func (d *demo) offers(ctx context.Context) error {
	cleo, err := d.customer(ctx, "Cleo")
	if err != nil {
		return err
	}
	dan, err := d.customer(ctx, "Dan")
	if err != nil {
		return err
	}
	tx, err := cleo.pay(ctx, cleo.address, d.units(150))
	if err != nil {
		return err
	}
	if err := cleo.watch(ctx, tx, "UNLOCKED"); err != nil {
		return err
	}

	if err := cleo.quotedAndCancelled(ctx); err != nil {
		return err
	}
	if err := cleo.sendInside(ctx, dan, "15"); err != nil {
		return err
	}
	return cleo.sanctionedRefused(ctx)
}

// sanctionedRefused asks for a payment to an address of the sanctions list.
func (d *demo) sanctionedRefused(ctx context.Context) error {
	w, err := d.request(ctx, "sanctioned", string(d.usdt), sanctionedAddress.Hex(), "10")
	if err != nil {
		return err
	}
	if err := d.await(ctx, map[string]string{w.ID: "REJECTED"}); err != nil {
		return err
	}
	shown, err := d.withdrawals(ctx, "show", w.ID)
	if err != nil {
		return err
	}
	for _, s := range shown.Screenings {
		if s.Verdict == "hit" {
			d.say("  operators see why: %s: %s", s.Screener, s.Evidence)
			return nil
		}
	}
	return fmt.Errorf("no screening of %s hit: %+v", w.ID, shown.Screenings)
}

// withdrawals runs an operators' command about a withdrawal.
func (d *demo) withdrawals(ctx context.Context, command, id string, flags ...string) (shown withdrawalShown, err error) {
	text, err := d.command(ctx, nil, append([]string{"withdrawals", command, id, "--json", "--config", d.configFile()}, flags...)...)
	if err != nil {
		return shown, err
	}
	return shown, json.Unmarshal([]byte(text), &shown)
}

// revoked waits until the signers have stored that a withdrawal's order must not be paid.
func (d *demo) revoked(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		var read struct {
			Withdrawal struct {
				Revocation *struct{ StoredAt *string }
			}
		}
		if err := d.api.do(ctx, `query($id: ID!) { withdrawal(id: $id) { revocation { storedAt } } }`, object{"id": id}, &read); err != nil {
			return err
		}
		if r := read.Withdrawal.Revocation; r != nil && r.StoredAt != nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the signers did not store the revocation of %s: %w", id, ctx.Err())
		case <-ticker.C:
		}
	}
}

// quotedAndCancelled accepts a quote for a withdrawal that waits for people, and takes it
// back.
func (d *demo) quotedAndCancelled(ctx context.Context) error {
	to := newAddress().Hex()
	quote, err := d.quote(ctx, d.usdt, to, "110")
	if err != nil {
		return err
	}
	d.say("  quote for 110 USDT: fee %s, %s in all, good until %s", quote.Fee, quote.Total, quote.Expires)
	w, err := d.requestQuoted(ctx, "quoted", string(d.usdt), to, "110", quote.ID)
	if err != nil {
		return err
	}
	if err := d.await(ctx, map[string]string{w.ID: "AWAITING_APPROVAL"}); err != nil {
		return err
	}
	if err := d.has(ctx, "39.5", "110.5"); err != nil {
		return err
	}
	if _, err := d.requestQuoted(ctx, "quoted again", string(d.usdt), to, "110", quote.ID); !isRefusal(err, "INVALID", "quote") {
		return fmt.Errorf("a quote was taken twice: %w", errors.Join(err, errors.New("no refusal")))
	}
	if _, err := d.cancel(ctx, w.ID); err != nil {
		return err
	}
	if err := d.await(ctx, map[string]string{w.ID: "CANCELLED"}); err != nil {
		return err
	}
	if err := d.revoked(ctx, w.ID); err != nil {
		return err
	}
	d.say("  cancelled: the money is back, and the signers have stored that they never sign it")
	return d.has(ctx, "150", "0")
}

// isRefusal reports whether the API refused with a code and a field.
func isRefusal(err error, code, field string) bool {
	var refused *apiError
	return errors.As(err, &refused) && refused.Extensions.Code == code && refused.Extensions.Field == field
}

// sendInside pays another customer here, which costs nothing and takes no block.
func (d *demo) sendInside(ctx context.Context, to *demo, amount string) error {
	begin := time.Now()
	w, err := d.request(ctx, "inside "+to.account, string(d.usdt), to.address.Hex(), amount)
	if err != nil {
		return err
	}
	if err := d.await(ctx, map[string]string{w.ID: "SETTLED"}); err != nil {
		return err
	}
	if err := to.has(ctx, amount, "0"); err != nil {
		return err
	}
	var read struct {
		Withdrawal struct {
			Internal bool
			Fee      string
			Tx       *string
		}
	}
	if err := d.api.do(ctx, `query($id: ID!) { withdrawal(id: $id) { internal fee tx } }`, object{"id": w.ID}, &read); err != nil {
		return err
	}
	if got := read.Withdrawal; !got.Internal || got.Fee != "0" || got.Tx != nil {
		return fmt.Errorf("a transfer inside cost %s, in %v", got.Fee, got.Tx)
	}
	d.say("  %s USDT to another customer: settled by the books, no fee, no transaction (%d ms)", amount, time.Since(begin).Milliseconds())
	return nil
}
