package payout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// A token on a chain of coins belongs to an address, and moves when a coin at that address is
// spent first. So one coin stays with every address of ours that has tokens: no other payout
// takes it. Customers are paid from the wallet's own address, where the change returns, one in
// each transaction. A sweep brings what a deposit address has to that address. Both are paid for
// with the coins there, which payouts of the coin itself leave alone.
//
// Such a transaction can be mined and move nothing: its sender was frozen, or had less. What it
// did is told by the block's transfers of the token, never by the coin that it spent. A
// transfer of nothing says for certain that it did nothing: the payout failed, as one that the
// chain reverted. Where the block does not tell, a person decides.

// TokenWallet is a wallet of coins that sends tokens too, from its own address.
type TokenWallet interface {
	coffer.CoinWallet
	// Home is the path of Address.
	Home() string
}

// SweepSelector is a selector that chooses the coins of sweeps as well: the anchor is at the
// address that is swept. Error: coffer.ErrCoins.
type SweepSelector interface {
	SelectSweep(sweep coffer.Sweep, coins []coffer.Coin, bound coffer.Amount) ([]coffer.Coin, error)
}

func (c Chain) checkTokens(id coffer.ChainID) error {
	if len(c.Tokens) == 0 {
		return nil
	}
	wallet, able := c.coins.(TokenWallet)
	switch {
	case !able:
		return errors.New("tokens of coins want a wallet that sends them")
	case wallet.ChangePath(0) == wallet.Home():
		return errors.New("tokens of coins want a wallet of many addresses: at its own one stays what they cost")
	}
	for _, token := range c.Tokens {
		if token.Chain() != id || token.IsNative() {
			return fmt.Errorf("%s is not a token of it", token)
		}
	}
	return nil
}

// home is the path of the wallet's own address, where tokens are.
func (c Chain) home() string {
	wallet, able := c.coins.(TokenWallet)
	if !able {
		return ""
	}
	return wallet.Home()
}

// sendsTokens reports whether a payout moves tokens of a chain of coins.
func (c Chain) sendsTokens(i coffer.Intent) bool {
	return c.coins != nil && (i.Purpose == coffer.PurposeSweep || slices.ContainsFunc(i.Payments, func(p coffer.Payment) bool { return !p.Asset.IsNative() }))
}

// tokenCoins are the coins that payouts of tokens begin with and pay their fees from: all at the
// wallet's own address, and at other addresses that have tokens the smallest.
type tokenCoins struct {
	home []coffer.Coin
	at   map[coffer.Address]coffer.Coin
}

// begin are the coins for a payout whose tokens are at an address.
func (t tokenCoins) begin(at coffer.Address) []coffer.Coin {
	if coin, any := t.at[at]; any {
		return append([]coffer.Coin{coin}, t.home...)
	}
	return t.home
}

// sum is what there is to pay fees with.
func (t tokenCoins) sum() coffer.Amount {
	sum, err := coffer.CoinSum(t.home)
	if err != nil {
		return coffer.Amount{} // more than there can be
	}
	return sum
}

// keepForTokens takes the coins for tokens out of free coins, and returns both. What operators
// send to the wallet's own address is for tokens, as gas money is elsewhere; what customers
// send stays for those who are paid in the coin.
func (m *Manager) keepForTokens(ctx context.Context, tx pgx.Tx, chain Chain, coins []coffer.Coin) ([]coffer.Coin, tokenCoins, error) {
	if len(chain.Tokens) == 0 {
		return coins, tokenCoins{}, nil
	}
	var accounts []string
	for _, c := range coins {
		accounts = append(accounts, ledger.PrefixCustodyDeposit+string(c.Address))
	}
	holding, err := m.Ledger.Holding(ctx, tx, accounts, chain.Tokens)
	if err != nil {
		return nil, tokenCoins{}, err
	}
	holders := map[coffer.Address]bool{}
	for _, account := range holding {
		holders[coffer.Address(account[len(ledger.PrefixCustodyDeposit):])] = true
	}
	kept, others := tokenCoins{at: map[coffer.Address]coffer.Coin{}}, []coffer.Coin{}
	for _, c := range coins {
		has, any := kept.at[c.Address]
		switch {
		case c.Address == chain.Wallet.Address():
			kept.home = append(kept.home, c)
		case !holders[c.Address]:
			others = append(others, c)
		case !any:
			kept.at[c.Address] = c
		case c.Amount.Cmp(has.Amount) < 0:
			others, kept.at[c.Address] = append(others, has), c
		default:
			others = append(others, c)
		}
	}
	return others, kept, nil
}

// movedNothing reports whether a block says for certain that a transaction moved nothing of
// the tokens that it was to pay.
func (b *blockTx) movedNothing(p *Payout, o coffer.Outcome) bool {
	if b.chain.coins == nil || len(p.Intent.Payments) != 1 || p.Intent.Payments[0].Asset.IsNative() {
		return false
	}
	return slices.ContainsFunc(b.block().Transfers, func(t coffer.Transfer) bool {
		return t.Tx == o.Tx && t.Asset == p.Intent.Payments[0].Asset && t.Amount.IsZero()
	})
}

// reasonMovedNothing is why a payout of tokens failed.
const reasonMovedNothing = "the transaction is in a block, and the tokens did not move: their address had too few, or is frozen"

// planCoinSweep makes a payout that brings the tokens of one address to the wallet's own. It
// returns "" when as many payouts are on their way as may be or fees cannot be paid now, and
// puts the address off when there is no coin at it.
func (m *Manager) planCoinSweep(ctx context.Context, id coffer.ChainID, chain Chain, legs []SweepLeg) (string, error) {
	switch {
	case len(legs) != 1:
		return "", coffer.Invalid("sweeps", "%d; want 1, because a transaction has one sender of tokens", len(legs))
	case !slices.Contains(chain.Tokens, legs[0].Asset):
		return "", coffer.Invalid("sweeps", "%s is not a token of %s", legs[0].Asset, id)
	}
	if free, err := m.slotFree(ctx, m.sql, id, chain); err != nil || !free {
		return "", err
	}
	call, cancel := context.WithTimeout(ctx, chain.Limits.CallTimeout)
	defer cancel()
	selector, err := chain.coins.Selector(call)
	if err != nil {
		return "", fmt.Errorf("plan a sweep on %s: what fees are: %w", id, err)
	}
	able, ok := selector.(SweepSelector)
	if !ok {
		return "", fmt.Errorf("plan a sweep on %s: the wallet does not choose coins for one", id)
	}
	m.checkpoint("sweep.before_plan")
	planned := ""
	err = m.DB.Tx(ctx, func(tx pgx.Tx) error {
		planned, err = m.planCoinSweepTx(ctx, tx, id, chain, able, legs[0])
		if err == nil {
			m.checkpoint("sweep.planning")
		}
		return err
	})
	if err != nil || planned == "" {
		return "", err
	}
	m.checkpoint("sweep.planned")
	m.Log.Info("sweep planned", "payout", planned, "chain", id, "address", legs[0].Forwarder, "asset", legs[0].Asset)
	return planned, nil
}

func (m *Manager) planCoinSweepTx(ctx context.Context, tx pgx.Tx, id coffer.ChainID, chain Chain, selector SweepSelector, leg SweepLeg) (string, error) {
	q := m.sql.WithTx(tx)
	all, free, err := m.lockCoins(ctx, tx, id, chain)
	if err != nil || !free {
		return "", err
	}
	live, err := q.LiveSweeps(ctx, string(id))
	if err != nil {
		return "", fmt.Errorf("read sweeps on their way: %w", err)
	}
	if slices.ContainsFunc(live, func(s payoutsql.PayoutSweep) bool {
		return s.Forwarder == string(leg.Forwarder) && s.Asset == string(leg.Asset)
	}) {
		return "", coffer.Errorf(coffer.CodeConflict, "%s of %s is being swept", leg.Asset, leg.Forwarder)
	}
	_, kept, err := m.keepForTokens(ctx, tx, chain, all)
	if err != nil {
		return "", err
	}
	coins := kept.begin(leg.Forwarder)
	selected, err := selector.SelectSweep(leg.Sweep, slices.Clone(coins), chain.FeeBound)
	if errors.Is(err, coffer.ErrCoins) || errors.Is(err, coffer.ErrFeeBudget) {
		m.Log.Warn("tokens wait at their address", "chain", id, "address", leg.Forwarder, "asset", leg.Asset, "reason", err)
		if _, any := kept.at[leg.Forwarder]; any {
			return "", nil // what lacks is bitcoin at the wallet's own address, or low fees
		}
		return "", m.putSweepOff(ctx, q, leg.Sweep, sweepDelay, false, err.Error())
	}
	if err != nil {
		return "", err
	}
	if err := m.checkSelected(chain, selected, coins); err != nil {
		return "", err
	}
	return m.insertCoinSweep(ctx, q, id, chain, selected, leg)
}

func (m *Manager) insertCoinSweep(ctx context.Context, q *payoutsql.Queries, id coffer.ChainID, chain Chain, coins []coffer.Coin, leg SweepLeg) (string, error) {
	anchor := string(coins[0].ID)
	name, err := m.unusedID(ctx, q, 0, "sweep", string(id), anchor)
	if err != nil {
		return "", err
	}
	intent := coffer.Intent{
		ID: name, Chain: id, Wallet: chain.Wallet.Address(), Path: coffer.PathPSBT, Purpose: coffer.PurposeSweep,
		Slot: coffer.Slot{Kind: coffer.SlotCoin, Lane: anchor}, Sweeps: []coffer.Sweep{leg.Sweep}, Coins: coins, Change: chain.home(),
		FeeBound: chain.FeeBound, Expires: m.now().Add(chain.Limits.IntentTTL).Truncate(time.Second),
	}
	if err := m.insertPayout(ctx, q, intent, "tokens leave with a coin at their address", m.now()); err != nil {
		return "", err
	}
	return name, m.insertLegs(ctx, q, intent.ID, id, []SweepLeg{leg})
}
