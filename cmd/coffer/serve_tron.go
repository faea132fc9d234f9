package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/treasury"
	"github.com/cofferhq/coffer/tron"
)

// tronParts is what the server has for a chain of TRON besides.
type tronParts struct {
	chain    *chainParts
	client   *tron.Client
	source   *tron.Source
	balances *tron.Balances
	account  tron.Account
	wallet   *tron.Wallet
	deposit  tron.DepositKey // without text: no deposit addresses are given out
	prices   *tron.PriceWatch
}

// tronConfig is what the client of a configured chain is made with.
func tronConfig(c config.Chain) (tron.Config, error) {
	cfg := tron.Config{Chain: c.ID, Agree: c.TRON.Agree, InternalTransfers: c.TRON.InternalTransfers}
	for i, node := range c.TRON.Nodes {
		key, err := node.APIKey()
		if err != nil {
			return tron.Config{}, fmt.Errorf("tron.nodes[%d]: %w", i, err)
		}
		cfg.Nodes = append(cfg.Nodes, tron.Node{URL: node.URL, SolidityURL: node.SolidityURL, APIKey: key})
	}
	return cfg, nil
}

// wireTRON connects to the chain's nodes. One of another network is a reason not to start, and
// so is an account whose permission the signers' keys do not reach, or a token of other decimals.
func (s *server) wireTRON(ctx context.Context, chain *chainParts) error {
	cfg, err := tronConfig(chain.config)
	if err != nil {
		return err
	}
	if chain.native.ID != tron.Native(chain.id) {
		return fmt.Errorf("native.id: the coin of %s is %s", chain.id, tron.Native(chain.id))
	}
	if err := s.checkPolicy(chain); err != nil {
		return err
	}
	parts := &tronParts{chain: chain}
	if text := chain.config.TRON.DepositKey; text != "" {
		if parts.deposit, err = tron.ParseDepositKey(text); err != nil {
			return fmt.Errorf("tron.deposit_key: %w", err)
		}
	}
	cfg.Log, cfg.Watch = s.log, s.permissionsChanged
	if parts.client, err = tron.Dial(ctx, cfg); err != nil {
		return err
	}
	parts.source = tron.NewSource(parts.client)
	parts.balances = tron.NewBalances(parts.source)
	chain.family, chain.source = parts, parts.source
	if err := s.wireTRONWallet(ctx, parts); err != nil {
		parts.client.Close()
		return err
	}
	return nil
}

func (s *server) wireTRONWallet(ctx context.Context, t *tronParts) error {
	chain := t.chain
	address, err := tron.CanonicalAddress(coffer.Address(chain.config.TRON.Account))
	if err != nil {
		return fmt.Errorf("tron.account: %w", err)
	}
	if t.account, err = tron.ReadAccount(ctx, t.client, address, chain.config.TRON.Permission); err != nil {
		return fmt.Errorf("tron.account: %w", err)
	}
	if err := s.checkAccount(t); err != nil {
		return fmt.Errorf("tron.account: %w", err)
	}
	t.account.Deposits = t.deposit
	for _, asset := range chain.assets {
		if asset.ID.IsNative() {
			continue
		}
		token, err := tron.TokenOf(chain.id, asset.ID)
		if err != nil {
			return err
		}
		if decimals, err := t.client.Decimals(ctx, token); err != nil || decimals != asset.Decimals {
			return errors.Join(fmt.Errorf("%s has %d decimals on the chain, %d in the configuration", asset.ID, decimals, asset.Decimals), err)
		}
	}
	chain.explainer = tron.NewExplainer(tron.ExplainConfig{Chain: chain.id, Wallets: []tron.Account{t.account}})
	if err := s.watchPrices(t); err != nil {
		return err
	}
	t.wallet, err = tron.NewWallet(tron.WalletConfig{Account: t.account, Pool: t.client, Clock: time.Now, Fees: tronFees(chain.config)})
	chain.wallet = t.wallet
	return err
}

// permissionsChanged raises the alarm when who may move an account of ours changed.
func (s *server) permissionsChanged(u tron.PermissionUpdate) {
	ctx, cancel := context.WithTimeout(context.Background(), permissionTimeout)
	defer cancel()
	owner, err := s.deposits.Lookup(ctx, u.Chain, u.Account)
	if err == nil && owner == (deposit.Owner{}) {
		return // a stranger's
	}
	s.log.Error("the permissions of an account of ours were changed: who has the owner's key now can take all of it",
		"chain", u.Chain, "account", u.Account, "tx", u.Tx, "block", u.Block.Height, "owners", u.Owners, "err", err)
	s.alarm(u.Chain, err)
}

// permissionTimeout bounds how long it is asked whose an account is.
const permissionTimeout = 10 * time.Second

// deposits implements family.
func (t *tronParts) deposits(s *server, d *deposit.Chain) (credited []coffer.Asset, known []coffer.AssetID) {
	if t.deposit.String() != "" {
		d.Indexed = t.deposit
	}
	if t.chain.config.TRON.InternalTransfers {
		return t.chain.assets, nil
	}
	s.log.Error("deposits of TRX are refused: what contracts pay cannot be seen without tron.internal_transfers", "chain", t.chain.id, "asset", t.chain.native.ID)
	return t.chain.assets[1:], []coffer.AssetID{t.chain.native.ID}
}

// payouts implements family.
func (t *tronParts) payouts(_ *server, p *payout.Chain) {
	p.Paths, p.Least = []string{coffer.PathTRON}, t.leastSigners()
}

// custody implements family.
func (t *tronParts) custody() []treasury.Place {
	var places []treasury.Place
	for _, asset := range t.chain.assets {
		places = append(places, treasury.Place{Account: ledger.PrefixCustodyHot + string(t.account.Name()), Asset: asset.ID})
	}
	for _, token := range t.chain.config.Deposits.KnownTokens { // kept in suspense, but booked
		places = append(places, treasury.Place{Account: ledger.PrefixCustodyHot + string(t.account.Name()), Asset: token})
	}
	return places
}

// held implements family. Nodes know balances of the last minutes alone: books begin there.
func (t *tronParts) held(ctx context.Context, p treasury.Place, block coffer.Hash) (coffer.Amount, error) {
	amount, err := treasury.Held(ctx, p, block, t.balances)
	if errors.Is(err, tron.ErrNoHistory) {
		return coffer.Amount{}, fmt.Errorf("start_height: leave it out, so that the books begin now: %w", err)
	}
	return amount, err
}

// houses implements family.
func (t *tronParts) houses(ctx context.Context, s *server, _ bool) error {
	if err := s.deposits.RegisterHouse(ctx, t.chain.id, t.account.Name(), deposit.HouseHot); err != nil {
		return fmt.Errorf("register %s: %w", t.account.Name(), err)
	}
	for _, asset := range t.chain.assets {
		if asset.ID.IsNative() {
			continue
		}
		if err := s.deposits.RegisterHouse(ctx, t.chain.id, coffer.Address(asset.ID.Reference()), deposit.HouseToken); err != nil {
			return fmt.Errorf("register %s: %w", asset.ID.Reference(), err)
		}
	}
	return nil
}

func (t *tronParts) adopted(context.Context, pgx.Tx, *server) error { return nil }

// witness implements family: tron.agree takes its place.
func (t *tronParts) witness(context.Context) (deposit.Headers, func(), error) {
	return nil, nil, errors.New("TRON has no second node beside those that agree")
}

func (t *tronParts) close() { t.client.Close() }

// openTRONReader reads a chain of TRON for a command.
func openTRONReader(ctx context.Context, c config.Chain) (chainReader, error) {
	cfg, err := tronConfig(c)
	if err != nil {
		return chainReader{}, err
	}
	client, err := tron.Dial(ctx, cfg)
	if err != nil {
		return chainReader{}, err
	}
	source := tron.NewSource(client)
	compare := func(ctx context.Context, books *treasury.Treasury, db *postgres.DB, block coffer.BlockRef) ([]treasury.Line, error) {
		return books.Compare(ctx, db.Pool(), c.ID, block, tron.NewBalances(source))
	}
	return chainReader{source, compare, client.Close}, nil
}
