package payout

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// Reserved is what the payouts on their way may still take out of a wallet: the payments
// and fee bounds of every payout that is not in a block. What is in a block is booked.
type Reserved struct {
	Assets map[coffer.AssetID]coffer.Amount
	Fees   map[string]coffer.Amount // by path, native
}

// Reserved reads what is reserved in a chain's wallet.
func (m *Manager) Reserved(ctx context.Context, id coffer.ChainID) (Reserved, error) {
	return m.reserved(ctx, m.sql, id)
}

func (m *Manager) reserved(ctx context.Context, q *payoutsql.Queries, id coffer.ChainID) (Reserved, error) {
	intents, err := q.LiveIntents(ctx, payoutsql.LiveIntentsParams{Chain: string(id), Wallet: string(m.Chains[id].Wallet.Address())})
	if err != nil {
		return Reserved{}, fmt.Errorf("read the payouts on their way: %w", err)
	}
	r := Reserved{map[coffer.AssetID]coffer.Amount{}, map[string]coffer.Amount{}}
	for _, body := range intents {
		var i coffer.Intent
		if err := json.Unmarshal(body, &i); err != nil {
			return Reserved{}, fmt.Errorf("read an intent: %w", err)
		}
		if i.Path == coffer.PathTRON && i.Purpose == coffer.PurposeSweep {
			continue // the deposit address pays
		}
		if r.Fees[i.Path], err = r.Fees[i.Path].Add(i.FeeBound); err != nil {
			return Reserved{}, fmt.Errorf("payout %s: %w", i.ID, err)
		}
		for _, p := range i.Payments {
			if r.Assets[p.Asset], err = r.Assets[p.Asset].Add(p.Amount); err != nil {
				return Reserved{}, fmt.Errorf("payout %s: %w", i.ID, err)
			}
		}
	}
	return r, nil
}

// funds is what a new payout may take: what the books say that the wallet has, less what
// is reserved. Books and payouts change together, with a block; the payouts are read
// first, so that a block that comes between makes it look like less, not more.
type funds struct {
	m        *Manager
	tx       pgx.Tx
	chain    Chain
	reserved Reserved
	left     map[coffer.AssetID]coffer.Amount
	fees     map[string]coffer.Amount // by path
	short    map[string]shortage
}

// shortage says that the wallet lacks what is needed: of an asset, or of gas money.
type shortage struct {
	needed coffer.Amount // by one withdrawal, or one payout
	left   coffer.Amount
}

// reserve reads what a chain's wallet can spend. The caller holds the wallet's lock.
func (m *Manager) reserve(ctx context.Context, tx pgx.Tx, id coffer.ChainID, chain Chain) (*funds, error) {
	reserved, err := m.reserved(ctx, m.sql.WithTx(tx), id)
	if err != nil {
		return nil, err
	}
	f := &funds{m: m, tx: tx, chain: chain, reserved: reserved, left: map[coffer.AssetID]coffer.Amount{}, fees: map[string]coffer.Amount{}, short: map[string]shortage{}}
	if chain.paysItself() {
		return f, f.share(ctx)
	}
	for _, path := range []string{coffer.PathUserOp, coffer.PathExec} { // sweeps take the first
		for _, account := range chain.gasAccounts(path) {
			free, err := f.free(ctx, account, chain.Native, reserved.Fees[path])
			if err != nil {
				return nil, err
			}
			if free.Cmp(f.fees[path]) > 0 {
				f.fees[path] = free
			}
		}
	}
	return f, nil
}

// Staker is a wallet some of whose native money is staked: the books count it, and payouts leave it.
type Staker interface {
	Staked(ctx context.Context) (coffer.Amount, error)
}

// withStake is the chain with what its wallet has staked. It is asked before the database
// transaction that plans.
func (c Chain) withStake(ctx context.Context) (Chain, error) {
	if staker, ok := c.Wallet.(Staker); ok {
		staked, err := staker.Staked(ctx)
		if err != nil {
			return c, fmt.Errorf("what is staked: %w", err)
		}
		c.staked = staked
	}
	return c, nil
}

// paysItself reports whether fees come out of the money that payments come out of.
func (c Chain) paysItself() bool { return c.Paths[0] == coffer.PathTRON }

// share divides native money between fees and payments: a payout's fees come first.
func (f *funds) share(ctx context.Context) error {
	path, native := f.chain.Paths[0], f.chain.Native
	reserved, err := f.reserved.Assets[native].Add(f.reserved.Fees[path])
	if err != nil {
		return err
	}
	if reserved, err = reserved.Add(f.chain.staked); err != nil {
		return err
	}
	if f.fees[path], err = f.free(ctx, f.chain.gasAccounts(path)[0], native, reserved); err != nil {
		return err
	}
	f.left[native] = coffer.Amount{}
	if left, err := f.fees[path].Sub(f.chain.FeeBound); err == nil {
		f.left[native] = left
	}
	return nil
}

// free is what an account has above what is reserved, zero when it has less.
func (f *funds) free(ctx context.Context, account string, asset coffer.AssetID, reserved coffer.Amount) (coffer.Amount, error) {
	has, err := f.m.Ledger.HouseIn(ctx, f.tx, account, asset)
	if err != nil {
		return coffer.Amount{}, err
	}
	if has.Side == ledger.SideCredit || has.Amount.Cmp(reserved) < 0 {
		return coffer.Amount{}, nil
	}
	return has.Amount.Sub(reserved)
}

// load reads what there is of an asset.
func (f *funds) load(ctx context.Context, asset coffer.AssetID) (err error) {
	if _, known := f.left[asset]; known {
		return nil
	}
	f.left[asset], err = f.free(ctx, ledger.PrefixCustodyHot+string(f.chain.Wallet.Address()), asset, f.reserved.Assets[asset])
	return err
}

// take takes money for a payment if there is enough, and notes a shortage if not.
func (f *funds) take(asset coffer.AssetID, amount coffer.Amount) bool {
	rest, err := f.left[asset].Sub(amount)
	if err != nil {
		f.short[string(asset)] = shortage{amount, f.left[asset]}
		return false
	}
	f.left[asset] = rest
	return true
}

// gasMoney is what a shortage of gas money is called, and of which path where there are
// several.
const gasMoney = "gas"

// gas reports whether the gas money of a path covers another payout, and notes a shortage
// if not.
func (f *funds) gas(path string, bound coffer.Amount) bool {
	if f.fees[path].Cmp(bound) < 0 {
		what := gasMoney
		if len(f.chain.Paths) > 1 {
			what += " of " + path
		}
		f.short[what] = shortage{bound, f.fees[path]}
		return false
	}
	return true
}

// report says once what a wallet lacks, and once that it has it again.
func (m *Manager) report(id coffer.ChainID, done planned) {
	m.shortMutex.Lock()
	defer m.shortMutex.Unlock()
	before := m.short[id]
	for what, s := range done.short {
		if _, known := before[what]; !known {
			m.Log.Error("hot wallet low: withdrawals wait", "chain", id, "wallet", m.Chains[id].Wallet.Address(), "of", what, "needed", s.needed, "free", s.left)
		}
	}
	for what := range before {
		if _, still := done.short[what]; !still {
			m.Log.Info("hot wallet has enough again", "chain", id, "of", what)
		}
	}
	m.short[id] = done.short
}

// Short lists what a chain's wallet lacked when a payout was planned last: assets, and
// "gas" for gas money, "gas of <path>" where there are several paths.
func (m *Manager) Short(id coffer.ChainID) []string {
	m.shortMutex.Lock()
	defer m.shortMutex.Unlock()
	var short []string
	for what := range m.short[id] {
		short = append(short, what)
	}
	return short
}
