package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/signer"
	"github.com/cofferhq/coffer/treasury"
	"github.com/jackc/pgx/v5"
)

// chainParts is what the server has for one chain.
type chainParts struct {
	id        coffer.ChainID
	config    config.Chain
	native    coffer.Asset
	assets    []coffer.Asset // native first
	source    coffer.Source
	indexer   *indexer.Indexer
	wallet    coffer.Wallet
	explainer coffer.Explainer
	family
}

// family is what chains of one family do in a way of their own.
type family interface {
	// deposits completes what deposits know of the chain, and says which assets they credit
	// and which they only know.
	deposits(s *server, d *deposit.Chain) (credited []coffer.Asset, known []coffer.AssetID)
	// payouts completes what payouts know of the chain.
	payouts(s *server, p *payout.Chain)
	// custody are the accounts that stand for money of ours on the chain, deposit addresses
	// apart.
	custody() []treasury.Place
	// held is what an account of the chain held after a block.
	held(ctx context.Context, p treasury.Place, block coffer.Hash) (coffer.Amount, error)
	// houses registers what is ours, or what money must never be sent to. begun says that the
	// books of the chain have begun.
	houses(ctx context.Context, s *server, begun bool) error
	// adopted registers what became ours after the books began, in the transaction that books
	// what it held.
	adopted(ctx context.Context, tx pgx.Tx, s *server) error
	// witness connects to nodes of another keeper.
	witness(ctx context.Context) (headers deposit.Headers, end func(), err error)
	close()
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
		info, err := one.Info(ctx)
		if err == nil {
			err = s.compare(info)
		}
		if err != nil {
			found = append(found, fmt.Errorf("signer %s: %w", one.Name(), err))
			continue
		}
		answered++
	}
	needed := s.config.Signing.Threshold
	for _, u := range s.utxoChains() {
		needed = max(needed, u.descriptor.Threshold()-len(u.chain.config.UTXO.ColdKeys))
	}
	if answered < needed {
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

func (s *server) wireChain(ctx context.Context, c config.Chain) (*chainParts, error) {
	chain := &chainParts{id: c.ID, config: c, native: c.Native.Words()}
	chain.assets = []coffer.Asset{chain.native}
	for _, asset := range c.Assets {
		chain.assets = append(chain.assets, asset.Words())
	}
	switch c.ID.Namespace() {
	case coffer.NamespaceUTXO:
		return chain, s.wireUTXO(ctx, chain)
	case coffer.NamespaceTRON:
		return chain, s.wireTRON(ctx, chain)
	}
	return chain, s.wireEVM(ctx, chain)
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
		chain.close()
	}
	for _, closing := range s.closers {
		closing()
	}
}
