package signer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cofferhq/coffer"
)

// open makes a Server from its configuration: policy, token, keys, then the log. explain
// gives the reader of a chain's transactions. The returned function closes everything.
func open(ctx context.Context, cfg Config, explain func(ChainConfig) (coffer.Explainer, error)) (_ *Server, closeAll func() error, err error) {
	if err := cfg.Check(); err != nil {
		return nil, nil, err
	}
	if err := cfg.makeDir(); err != nil {
		return nil, nil, err
	}
	s := &Server{name: cfg.Name, clock: cfg.Clock, maxValidity: cfg.MaxValidity, state: newState(cfg.Name)}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.maxValidity == 0 {
		s.maxValidity = defaultMaxValidity
	}
	if s.policy, err = cfg.pinnedPolicy(); err != nil {
		return nil, nil, err
	}

	token, err := openToken(cfg.Token, cfg.Dir)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, token.Close())
		}
	}()
	if s.chains, err = openChains(ctx, cfg, s.clock, token, explain); err != nil {
		return nil, nil, err
	}

	if s.log, err = openLog(cfg.logPath(), cfg.logger(), s.state.apply); err != nil {
		return nil, nil, err
	}
	if s.log.sequence == 0 {
		if err = s.append(s.clock(), record{Kind: kindOpened, Opened: &openedRecord{Signer: s.name}}); err != nil {
			return nil, nil, errors.Join(err, s.log.Close())
		}
	}
	return s, func() error {
		for _, chain := range s.chains {
			if chain.observer != nil {
				chain.observer.close()
			}
		}
		return errors.Join(s.log.Close(), token.Close())
	}, nil
}

func (c Config) logger() *slog.Logger {
	if c.Logger == nil {
		return slog.Default()
	}
	return c.Logger
}

func openChains(ctx context.Context, cfg Config, clock coffer.Clock, token *Token, explain func(ChainConfig) (coffer.Explainer, error)) (map[coffer.ChainID]servedChain, error) {
	chains := map[coffer.ChainID]servedChain{}
	for _, c := range cfg.Chains {
		chain := servedChain{native: c.Native, wallets: map[coffer.Address]bool{}, limits: c.limits()}
		wallets, err := c.walletNames()
		if err != nil {
			return nil, fmt.Errorf("chain %s: %w", c.Chain, err)
		}
		for _, wallet := range wallets {
			chain.wallets[wallet] = true
		}

		if chain.explainer, err = explain(c); err != nil {
			return nil, fmt.Errorf("chain %s: %w", c.Chain, err)
		}
		if chain.owner, err = openOwner(ctx, cfg.Name, c, token); err != nil {
			return nil, fmt.Errorf("chain %s: owner: %w", c.Chain, err)
		}
		if c.Executor != nil {
			if chain.executor, err = openExecutor(ctx, c, token); err != nil {
				return nil, fmt.Errorf("chain %s: executor: %w", c.Chain, err)
			}
		}
		if len(c.RPC)+len(c.Nodes) > 0 {
			if chain.observer, err = newObserver(c, clock, cfg.logger()); err != nil {
				return nil, fmt.Errorf("chain %s: nodes of its own: %w", c.Chain, err)
			}
		}
		chains[c.Chain] = chain
	}
	return chains, nil
}

// walletNames are the wallets of a chain as intents name them.
func (c ChainConfig) walletNames() ([]coffer.Address, error) {
	var names []coffer.Address
	if c.Chain.Namespace() == coffer.NamespaceUTXO {
		wallets, err := c.descriptors()
		for _, wallet := range wallets {
			names = append(names, wallet.Address())
		}
		return names, err
	}
	if c.Chain.Namespace() == coffer.NamespaceTRON {
		accounts, err := c.accounts()
		for _, account := range accounts {
			names = append(names, account.Name())
		}
		return names, err
	}
	for _, wallet := range c.Wallets {
		names = append(names, coffer.Address(wallet))
	}
	return names, nil
}

// openOwner finds the keys of the chain's wallets.
func openOwner(ctx context.Context, signer string, c ChainConfig, token *Token) (owner, error) {
	if c.Chain.Namespace() == coffer.NamespaceUTXO {
		return openPSBTOwner(ctx, signer, c, token)
	}
	if c.Chain.Namespace() == coffer.NamespaceTRON {
		return openAccountOwner(ctx, signer, c, token)
	}
	key, err := token.key(ctx, c.Owner)
	if err != nil {
		return nil, err
	}
	return safeOwner{key}, nil
}

// openExecutor finds the key that pays gas. That it owns no wallet is Config.Check's to see.
func openExecutor(ctx context.Context, c ChainConfig, token *Token) (*executor, error) {
	id, err := chainIDOf(c.Chain)
	if err != nil {
		return nil, err
	}
	entryPoint, err := parseAddress(c.EntryPoint)
	if err != nil {
		return nil, err
	}
	key, err := token.key(ctx, c.Executor.Key)
	if err != nil {
		return nil, err
	}
	moves, err := newRefill(c)
	if err != nil {
		return nil, err
	}
	return &executor{key, id, entryPoint, c.Executor.FeeCap, c.Executor.DailyFeeCap, moves}, nil
}
