package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/relayer"
	"github.com/cofferhq/coffer/signer"
	"github.com/cofferhq/coffer/treasury"
	"github.com/ethereum/go-ethereum/common"
	"github.com/jackc/pgx/v5"
)

// evmParts is what the server has for an EVM chain besides.
type evmParts struct {
	chain      *chainParts
	client     *evm.Client
	source     *evm.Source
	forwarders *evm.Forwarders
	safe       evm.Safe
	bundler    *bundler.Bundler // nil when another one is used
	executors  []coffer.Address // none when another bundler is used
}

// evmOf are the parts of an EVM chain; nil of another one.
func (c *chainParts) evmOf() *evmParts {
	parts, _ := c.family.(*evmParts)
	return parts
}

// evmConfig is what the client of a configured chain is made with.
func evmConfig(c config.Chain) evm.Config {
	return evm.Config{
		Chain: c.ID, Native: c.Native.ID, URLs: c.RPC,
		EntryPoint: common.HexToAddress(c.EntryPoint), Module: common.HexToAddress(c.Module),
		MultiSend: common.HexToAddress(c.MultiSend), Wallets: []common.Address{common.HexToAddress(c.Wallet)}, ForwarderFactory: common.HexToAddress(c.ForwarderFactory),
	}
}

func (s *server) wireEVM(ctx context.Context, chain *chainParts) (err error) {
	c, cfg := chain.config, evmConfig(chain.config)
	parts := &evmParts{chain: chain}
	if parts.client, err = evm.Dial(ctx, cfg); err != nil {
		return err
	}
	chain.family = parts
	if cfg.NativeTransfers, err = s.nativeTransfers(ctx, parts); err != nil {
		return err
	}
	parts.source = evm.NewSource(parts.client, cfg)
	chain.source = parts.source
	if parts.safe, err = evm.ReadSafe(ctx, parts.client, common.HexToAddress(c.Wallet)); err != nil {
		return err
	}
	if parts.forwarders, err = evm.NewForwarders(ctx, parts.client, cfg.ForwarderFactory, common.HexToAddress(c.Wallet)); err != nil {
		return err
	}
	if err := s.checkSafe(parts); err != nil {
		return err
	}
	if err := s.checkGuard(ctx, parts); err != nil {
		return err
	}
	if err := s.checkNumbers(ctx, parts); err != nil {
		return err
	}
	chain.explainer = evm.NewExplainer(evm.ExplainConfig{
		Chain: c.ID, Native: c.Native.ID, EntryPoint: cfg.EntryPoint, Module: cfg.Module, MultiSend: cfg.MultiSend,
		Wallets: []common.Address{parts.safe.Address},
	})

	sender, err := s.wireSender(ctx, parts)
	if err != nil {
		return err
	}
	wallet := relayer.Config{Client: parts.client, Safe: parts.safe, Sender: sender, Clock: time.Now}
	if parts.bundler != nil {
		wallet.Exec = parts.bundler
	}
	chain.wallet, err = relayer.NewWallet(wallet)
	return err
}

// nativeTransfers decides how native payments are followed. Where those that contracts make
// cannot be seen, a deposit of an exchange or of a Safe would be missed: native deposits
// then are refused altogether, and that is said aloud.
func (s *server) nativeTransfers(ctx context.Context, e *evmParts) (evm.NativeTransfers, error) {
	want := evm.NativeTransfers(e.chain.config.NativeTransfers)
	if want == evm.NativeTopLevel {
		return want, nil
	}
	found, err := evm.FindTraces(ctx, e.client)
	if err != nil {
		return "", err
	}
	if want == evm.NativeTraced && found != want {
		return "", errors.New("native_transfers: its nodes do not trace, so payments made by contracts cannot be seen: use nodes that do, or accept top-level")
	}
	return found, nil
}

func (e *evmParts) deposits(s *server, d *deposit.Chain) (credited []coffer.Asset, known []coffer.AssetID) {
	chain := e.chain
	d.Deriver = e.forwarders
	if e.source.NativeTransfers() == evm.NativeTraced {
		return chain.assets, nil
	}
	s.log.Error("native deposits are refused: payments made by contracts cannot be seen without traces", "chain", chain.id, "asset", chain.native.ID)
	return chain.assets[1:], []coffer.AssetID{chain.native.ID}
}

// checkSafe demands that the signers we know are enough owners of the Safe.
func (s *server) checkSafe(e *evmParts) error {
	owners := 0
	for _, one := range s.signers {
		for _, key := range one.info.Keys {
			if key.Role == signer.RoleOwner && key.Chain == e.chain.id && slices.Contains(e.safe.Owners, common.HexToAddress(key.Key)) {
				owners++
			}
		}
	}
	if owners < e.safe.Threshold {
		return fmt.Errorf("the Safe %s wants %d owners' signatures; the signers that answer own %d keys of it", e.safe.Address, e.safe.Threshold, owners)
	}
	return nil
}

// wireSender makes the embedded bundler, or the client of another one.
func (s *server) wireSender(ctx context.Context, e *evmParts) (relayer.UserOpSender, error) {
	if e.chain.config.BundlerURL != "" {
		return relayer.DialRPC(ctx, e.chain.config.BundlerURL, e.client.ChainNumber())
	}
	return s.wireBundler(ctx, e)
}

// An executor that was added after the books began is registered with its opening balance,
// see adoptLate.
func (e *evmParts) houses(ctx context.Context, s *server, begun bool) error {
	chain := e.chain
	houses := map[coffer.Address]string{
		evm.AddressOf(e.safe.Address):                     deposit.HouseHot,
		evm.AddressOf(e.client.Config().EntryPoint):       deposit.HouseEntryPoint,
		evm.AddressOf(e.client.Config().Module):           deposit.HouseModule,
		evm.AddressOf(e.client.Config().MultiSend):        deposit.HouseContract,
		evm.AddressOf(e.client.Config().ForwarderFactory): deposit.HouseFactory,
	}
	if !begun {
		for _, executor := range e.executors {
			houses[executor] = deposit.HouseExecutor
		}
	}
	if chain.config.Guard != "" {
		houses[evm.AddressOf(common.HexToAddress(chain.config.Guard))] = deposit.HouseContract
	}
	for _, asset := range chain.assets {
		if !asset.ID.IsNative() {
			houses[coffer.Address(asset.ID.Reference())] = deposit.HouseToken
		}
	}
	for address, kind := range houses {
		if err := s.deposits.RegisterHouse(ctx, chain.id, address, kind); err != nil {
			return fmt.Errorf("register %s as %s: %w", address, kind, err)
		}
	}
	return nil
}

func (e *evmParts) custody() []treasury.Place {
	chain := e.chain
	safe := evm.AddressOf(e.safe.Address)
	places := []treasury.Place{{Account: ledger.PrefixGasEntryPoint + string(safe), Asset: chain.native.ID}}
	for _, asset := range chain.assets {
		places = append(places, treasury.Place{Account: ledger.PrefixCustodyHot + string(safe), Asset: asset.ID})
	}
	for _, token := range chain.config.Deposits.KnownTokens { // kept in suspense, but booked
		places = append(places, treasury.Place{Account: ledger.PrefixCustodyHot + string(safe), Asset: token})
	}
	for _, executor := range e.executors {
		places = append(places, treasury.Place{Account: ledger.PrefixGasExecutor + string(executor), Asset: chain.native.ID})
	}
	return places
}

// A token that was not there yet is held by nobody.
func (e *evmParts) held(ctx context.Context, p treasury.Place, block coffer.Hash) (coffer.Amount, error) {
	if !p.Asset.IsNative() {
		code, err := e.client.Eth().CodeAtHash(ctx, common.HexToAddress(p.Asset.Reference()), common.Hash(block))
		if err != nil || len(code) == 0 {
			return coffer.Amount{}, err
		}
	}
	return treasury.Held(ctx, p, block, e.client)
}

func (e *evmParts) adopted(ctx context.Context, tx pgx.Tx, s *server) error {
	for _, executor := range e.executors {
		if _, err := s.deposits.AdoptHouse(ctx, tx, e.chain.id, executor, deposit.HouseExecutor); err != nil {
			return err
		}
	}
	return nil
}

func (e *evmParts) witness(ctx context.Context) (deposit.Headers, func(), error) {
	node, err := evm.DialWitness(ctx, e.client.Config(), e.chain.config.WitnessRPC...)
	if err != nil {
		return nil, nil, err
	}
	if e.source.NativeTransfers() == evm.NativeTraced && !node.Traces() {
		e.client.Config().Log.Error("the second node cannot trace: what contracts pay in native coins is the word of the first one alone", "chain", e.chain.id)
	}
	return node, node.Close, nil
}

func (e *evmParts) payouts(_ *server, p *payout.Chain) {
	cfg := e.chain.config
	p.LegGas = map[coffer.AssetID]uint64{}
	for _, asset := range append([]config.Asset{cfg.Native}, cfg.Assets...) {
		p.LegGas[asset.ID] = asset.PayoutGas
	}
	p.Limits.MaxGas = cfg.PayoutMaxGas
	p.Executors = e.executors
	p.Paths, p.Costs = payoutPaths(cfg.PayoutPath), relayer.NewCosts(e.client)
}

func (e *evmParts) close() { e.client.Close() }
