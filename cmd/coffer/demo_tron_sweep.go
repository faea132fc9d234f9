package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// sweep has Dan's deposit address emptied, which never had TRX.
func (d *tronDemo) sweep(ctx context.Context) error {
	from, err := tron.CanonicalAddress(d.address)
	if err != nil {
		return err
	}
	client, err := tron.Dial(ctx, tron.Config{Chain: d.tron.chain, Nodes: []tron.Node{{URL: d.tron.doors[0]}}})
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := client.Account(ctx, from); !errors.Is(err, coffer.ErrNotFound) {
		return fmt.Errorf("the deposit address has an account: %w", err)
	}
	before, err := d.holds(d.tron.account())
	if err != nil {
		return err
	}
	if err := d.sweepNow(ctx, "exposed +all deposit addresses +100 USDT, the cap is 100000"); err != nil {
		return err
	}
	d.say("  %s has 100 USDT, and no account on the chain", from)

	if err := d.until(ctx, func() (bool, error) { _, err := client.Account(ctx, from); return err == nil, nil }); err != nil {
		return fmt.Errorf("the account: %w", err)
	}
	d.say("  the wallet made the account")
	if err := d.until(ctx, func() (bool, error) { return d.lent(ctx, client, from) > 0, nil }); err != nil {
		return fmt.Errorf("the energy: %w", err)
	}
	d.say("  it lent energy: the stake of %s TRX", coffer.NewAmount(uint64(d.lent(ctx, client, from))).Units(6)) // #nosec G115 -- not negative
	if err := d.until(ctx, func() (bool, error) { left, err := d.holds(from); return left == 0, err }); err != nil {
		return fmt.Errorf("the sweep: %w", err)
	}
	after, err := d.holds(d.tron.account())
	if err != nil {
		return err
	}
	if burned := d.tron.sim.Balance(tronsim.Address(from)); after-before != 100*sun || burned != 0 {
		return fmt.Errorf("the wallet has %d USDT more, and the address %d sun", after-before, burned)
	}
	d.say("  the address paid 100 USDT to the wallet, without a TRX of its own")
	if err := d.until(ctx, func() (bool, error) { return d.lent(ctx, client, from) == 0, nil }); err != nil {
		return fmt.Errorf("taking back: %w", err)
	}
	d.say("  and the energy was taken back")
	return nil
}

// sweepNow says what is exposed, and asks for a sweep.
func (d *tronDemo) sweepNow(ctx context.Context, exposed string) error {
	text, err := d.command(ctx, nil, "treasury", "sweep", "--dry-run", "--chain", string(d.tron.chain), "--config", d.configFile())
	if err != nil {
		return err
	}
	if !regexp.MustCompile(exposed).MatchString(text) {
		return fmt.Errorf("%q is not in what would be swept:\n%s", exposed, text)
	}
	_, err = d.command(ctx, nil, "treasury", "sweep", "--now", "--chain", string(d.tron.chain), "--config", d.configFile())
	return err
}

// until waits for something on the chain, in blocks.
func (d *tronDemo) until(ctx context.Context, is func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, expiryTimeout)
	defer cancel()
	for {
		if yes, err := is(); yes || err != nil {
			return err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// lent is the stake behind the energy that the wallet lends an address, in sun.
func (d *tronDemo) lent(ctx context.Context, client *tron.Client, to tron.Address) int64 {
	var list tronpb.DelegatedResourceList
	account := d.tron.account()
	request := &tronpb.DelegatedResourceMessage{FromAddress: account.Bytes(), ToAddress: to.Bytes()}
	if err := client.Call(ctx, tronpb.Wallet_GetDelegatedResourceV2_FullMethodName, request, &list); err != nil {
		return -1
	}
	var stake int64
	for _, one := range list.GetDelegatedResource() {
		stake += one.GetFrozenBalanceForEnergy()
	}
	return stake
}

// holds is what an address has of the token, in base units.
func (d *tronDemo) holds(address tron.Address) (int64, error) {
	abi, err := bindings.TestTokenMetaData.ParseABI()
	if err != nil {
		return 0, err
	}
	data, err := abi.Pack("balanceOf", common.Address(address))
	if err != nil {
		return 0, err
	}
	said, err := d.tron.sim.Constant(d.tron.faucet.Address, d.tron.token, data)
	if err != nil {
		return 0, err
	}
	return new(big.Int).SetBytes(said).Int64(), nil
}
