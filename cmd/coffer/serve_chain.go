package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/relayer"
	"github.com/cofferhq/coffer/signer"
	"github.com/ethereum/go-ethereum/common"
)

// chainParts is what the server has for one EVM chain.
type chainParts struct {
	id         coffer.ChainID
	config     config.Chain
	native     coffer.Asset
	assets     []coffer.Asset // native first
	client     *evm.Client
	source     *evm.Source
	indexer    *indexer.Indexer
	forwarders *evm.Forwarders
	safe       evm.Safe
	wallet     *relayer.Wallet
	explainer  *evm.Explainer
	bundler    *bundler.Bundler // nil when another one is used
	executors  []coffer.Address // none when another bundler is used
}

// signerConn is a signer as the server knows it.
type signerConn struct {
	*signer.Client
	info signer.Info // as of the start; zero when it was not reachable

	trusted func(name string) error // why it is not to be asked for signatures
}

// wireSigners connects to the signers. One that answers with another policy or another
// name is a reason not to start; one that is away is not, as long as enough are there.
func (s *server) wireSigners(ctx context.Context) error {
	for _, one := range s.config.Signing.Signers {
		client, err := signer.Dial(ctx, signerClient(s.config.Signing, one))
		if err != nil {
			return fmt.Errorf("signer %s: %w", one.Name, err)
		}
		conn := &signerConn{Client: client, trusted: s.trusted}
		s.signers = append(s.signers, conn)
		if conn.info, err = client.Info(ctx); err != nil {
			s.log.Warn("signer is away", "signer", one.Name, "err", err)
			continue
		}
		if conn.info.Policy != s.policy.Hash() {
			return fmt.Errorf("signer %s has pinned the policy %s, %s is %s", one.Name, conn.info.Policy, s.config.PolicyFile, s.policy.Hash())
		}
	}
	s.ready.add("signers", s.enoughSigners)
	if s.config.Has("payouts") {
		s.ready.add("payouts", s.refused)
	}
	s.watch.pauses, s.watch.logs = map[string][]signer.Pause{}, map[string]error{}
	s.followPauses()
	return nil
}

func (s *server) enoughSigners(ctx context.Context) error {
	answered := 0
	var found []error
	for _, one := range s.signers {
		if _, err := one.Info(ctx); err != nil {
			found = append(found, fmt.Errorf("signer %s: %w", one.Name(), err))
			continue
		}
		answered++
	}
	if answered < s.config.Signing.Threshold {
		return fmt.Errorf("%d of %d signers answer: %w", answered, len(s.signers), errors.Join(found...))
	}
	return nil
}

func (s *server) wireChains(ctx context.Context) error {
	for _, c := range s.config.Chains {
		chain, err := s.wireChain(ctx, c)
		if err != nil {
			return fmt.Errorf("chain %s: %w", c.ID, err)
		}
		s.chains = append(s.chains, chain)
	}
	return nil
}

func (s *server) wireChain(ctx context.Context, c config.Chain) (_ *chainParts, err error) {
	chain := &chainParts{id: c.ID, config: c, native: c.Native.Words()}
	chain.assets = []coffer.Asset{chain.native}
	for _, asset := range c.Assets {
		chain.assets = append(chain.assets, asset.Words())
	}

	cfg := evm.Config{
		Chain: c.ID, Native: c.Native.ID, URLs: c.RPC,
		EntryPoint: common.HexToAddress(c.EntryPoint), Module: common.HexToAddress(c.Module),
		MultiSend: common.HexToAddress(c.MultiSend), Wallets: []common.Address{common.HexToAddress(c.Wallet)}, ForwarderFactory: common.HexToAddress(c.ForwarderFactory),
	}
	if chain.client, err = evm.Dial(ctx, cfg); err != nil {
		return nil, err
	}
	if cfg.NativeTransfers, err = s.nativeTransfers(ctx, chain); err != nil {
		return nil, err
	}
	chain.source = evm.NewSource(chain.client, cfg)
	if chain.safe, err = evm.ReadSafe(ctx, chain.client, common.HexToAddress(c.Wallet)); err != nil {
		return nil, err
	}
	if chain.forwarders, err = evm.NewForwarders(ctx, chain.client, cfg.ForwarderFactory, common.HexToAddress(c.Wallet)); err != nil {
		return nil, err
	}
	if err := s.checkSafe(chain); err != nil {
		return nil, err
	}
	if err := s.checkGuard(ctx, chain); err != nil {
		return nil, err
	}
	if err := s.checkNumbers(ctx, chain); err != nil {
		return nil, err
	}
	chain.explainer = evm.NewExplainer(evm.ExplainConfig{
		Chain: c.ID, Native: c.Native.ID, EntryPoint: cfg.EntryPoint, Module: cfg.Module, MultiSend: cfg.MultiSend,
		Wallets: []common.Address{chain.safe.Address},
	})

	sender, err := s.wireSender(ctx, chain)
	if err != nil {
		return nil, err
	}
	wallet := relayer.Config{Client: chain.client, Safe: chain.safe, Sender: sender, Clock: time.Now}
	if chain.bundler != nil {
		wallet.Exec = chain.bundler
	}
	chain.wallet, err = relayer.NewWallet(wallet)
	return chain, err
}

// nativeTransfers decides how native payments are followed. Where those that contracts make
// cannot be seen, a deposit of an exchange or of a Safe would be missed: native deposits
// then are refused altogether, and that is said aloud.
func (s *server) nativeTransfers(ctx context.Context, chain *chainParts) (evm.NativeTransfers, error) {
	want := evm.NativeTransfers(chain.config.NativeTransfers)
	if want == evm.NativeTopLevel {
		return want, nil
	}
	found, err := evm.FindTraces(ctx, chain.client)
	if err != nil {
		return "", err
	}
	if want == evm.NativeTraced && found != want {
		return "", errors.New("native_transfers: its nodes do not trace, so payments made by contracts cannot be seen: use nodes that do, or accept top-level")
	}
	return found, nil
}

// depositAssets are the assets that deposits of a chain are credited in, and those that are
// only known.
func (s *server) depositAssets(chain *chainParts) (credited []coffer.Asset, known []coffer.AssetID) {
	if chain.source.NativeTransfers() == evm.NativeTraced {
		return chain.assets, nil
	}
	s.log.Error("native deposits are refused: payments made by contracts cannot be seen without traces", "chain", chain.id, "asset", chain.native.ID)
	return chain.assets[1:], []coffer.AssetID{chain.native.ID}
}

// checkSafe demands that the signers we know are enough owners of the Safe.
func (s *server) checkSafe(chain *chainParts) error {
	owners := 0
	for _, one := range s.signers {
		for _, key := range one.info.Keys {
			if key.Role == signer.RoleOwner && key.Chain == chain.id && slices.Contains(chain.safe.Owners, common.HexToAddress(key.Key)) {
				owners++
			}
		}
	}
	if owners < chain.safe.Threshold {
		return fmt.Errorf("the Safe %s wants %d owners' signatures; the signers that answer own %d keys of it", chain.safe.Address, chain.safe.Threshold, owners)
	}
	return nil
}

// wireSender makes the embedded bundler, or the client of another one.
func (s *server) wireSender(ctx context.Context, chain *chainParts) (relayer.UserOpSender, error) {
	if chain.config.BundlerURL != "" {
		return relayer.DialRPC(ctx, chain.config.BundlerURL, chain.client.ChainNumber())
	}
	return s.wireBundler(ctx, chain)
}

// houses registers what is ours, or what money must never be sent to. An executor that was
// added after the books began is registered with its opening balance, see adoptLate.
func (s *server) houses(ctx context.Context, chain *chainParts, begun bool) error {
	houses := map[coffer.Address]string{
		evm.AddressOf(chain.safe.Address):                     deposit.HouseHot,
		evm.AddressOf(chain.client.Config().EntryPoint):       deposit.HouseEntryPoint,
		evm.AddressOf(chain.client.Config().Module):           deposit.HouseModule,
		evm.AddressOf(chain.client.Config().MultiSend):        deposit.HouseContract,
		evm.AddressOf(chain.client.Config().ForwarderFactory): deposit.HouseFactory,
	}
	if !begun {
		for _, executor := range chain.executors {
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

// follow makes the chain's indexer, which begins after the block of the opening balances.
func (s *server) follow(chain *chainParts, start uint64) (err error) {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	chain.indexer, err = indexer.New(indexer.Config{
		Source: chain.source, Log: s.stream, DB: s.db, Clock: time.Now, Logger: s.log, Holder: host + " " + s.config.DataDir,
		Start: start, Poll: chain.config.PollInterval, Silence: chain.config.SilentAfter,
		Checkpoint: checkpoint,
	})
	if err != nil {
		return err
	}
	s.metrics.follow(chain.id, chain.indexer)
	s.ready.add("node "+string(chain.id), func(context.Context) error {
		status := chain.indexer.Status()
		if status.Halted != nil {
			return status.Halted
		}
		if !status.Changed.IsZero() && time.Since(status.Changed) > chain.config.SilentAfter {
			return fmt.Errorf("no new block since %s", status.Changed.UTC().Format(time.RFC3339))
		}
		return nil
	})
	return nil
}

func (s *server) close() {
	for _, one := range s.signers {
		if err := one.Close(); err != nil {
			s.log.Warn("close the connection to a signer", "signer", one.Name(), "err", err)
		}
	}
	for _, chain := range s.chains {
		chain.client.Close()
	}
	for _, closing := range s.closers {
		closing()
	}
}
