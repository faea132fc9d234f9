package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/treasury"
	"github.com/cofferhq/coffer/tron"
)

// tronLender is a wallet of TRON and the deposit addresses that it lends to.
type tronLender struct {
	*tron.Wallet
	deposits *deposit.Service
	chain    coffer.ChainID
}

// Prepare implements treasury.Lender.
func (l tronLender) Prepare(ctx context.Context, s coffer.Sweep) (treasury.Preparation, error) {
	p, err := l.Wallet.Prepare(ctx, s)
	return treasury.Preparation(p), err
}

// Lent implements treasury.Lender. What others are lent, who are no deposit addresses, is an
// operator's doing and left alone.
func (l tronLender) Lent(ctx context.Context) ([]coffer.Delegation, error) {
	lent, err := l.Wallet.Lent(ctx)
	if err != nil {
		return nil, err
	}
	var to []coffer.Address
	for _, d := range lent {
		to = append(to, d.To)
	}
	paths, err := l.deposits.Paths(ctx, l.chain, to)
	if err != nil {
		return nil, err
	}
	var ours []coffer.Delegation
	for _, d := range lent {
		if d.Path = paths[d.To]; d.Path != "" {
			ours = append(ours, d)
		}
	}
	return ours, nil
}

// tronSalts says where the keys of deposit addresses of TRON are, in the words of a sweep.
func tronSalts(ctx context.Context, deposits *deposit.Service, chain coffer.ChainID, addresses []coffer.Address) (map[coffer.Address]coffer.Hash, error) {
	paths, err := deposits.Paths(ctx, chain, addresses)
	if err != nil {
		return nil, err
	}
	salts := make(map[coffer.Address]coffer.Hash, len(paths))
	for address, path := range paths {
		if salts[address], err = tron.SaltAt(path); err != nil {
			return nil, err
		}
	}
	return salts, nil
}

// tronSweepChain is how deposit addresses of a chain of TRON are emptied.
func tronSweepChain(chain config.Chain, wallet *tron.Wallet, deposits *deposit.Service) treasury.SweepChain {
	one := finalSweepChain(chain, deposits)
	one.Lender, one.NativeDecimals = tronLender{wallet, deposits, chain.ID}, uint64(chain.Native.Decimals)
	for i, asset := range chain.Sweep.Assets {
		one.Assets[i].Cap = asset.Cap(chain)
	}
	return one
}

// mayLend is an error where the wallet's permission or the policy does not let deposit addresses
// be emptied. That no signer has their keys is said elsewhere, as an error: one that is away comes back.
func (s *server) mayLend(ctx context.Context, t *tronParts) error {
	if err := t.wallet.MayLend(ctx); err != nil {
		return fmt.Errorf("tron.account: %w", err)
	}
	back := coffer.Delegation{To: t.account.Name(), Path: "0/0", Resource: coffer.ResourceEnergy, Back: true}
	if d := s.policy.EvaluateDelegation(t.chain.native.ID, back, 0, policy.EnforcerCoordinator); d.Verdict != policy.VerdictAllow {
		return fmt.Errorf("%s: %w", s.config.PolicyFile, errors.New(d.Reason()))
	}
	return nil
}

// offlineTRONSweeps is what a command knows of the sweeps of a chain.
func offlineTRONSweeps(ctx context.Context, chain config.Chain, deposits *deposit.Service) (treasury.SweepChain, func(), error) {
	cfg, err := tronConfig(chain)
	if err != nil {
		return treasury.SweepChain{}, nil, err
	}
	client, err := tron.Dial(ctx, cfg)
	if err != nil {
		return treasury.SweepChain{}, nil, err
	}
	wallet, err := func() (*tron.Wallet, error) {
		address, err := tron.CanonicalAddress(coffer.Address(chain.TRON.Account))
		if err != nil {
			return nil, err
		}
		account, err := tron.ReadAccount(ctx, client, address, chain.TRON.Permission)
		if err != nil {
			return nil, err
		}
		if account.Deposits, err = tron.ParseDepositKey(chain.TRON.DepositKey); err != nil {
			return nil, fmt.Errorf("tron.deposit_key: %w", err)
		}
		return tron.NewWallet(tron.WalletConfig{Account: account, Pool: client, Clock: time.Now})
	}()
	if err != nil {
		client.Close()
		return treasury.SweepChain{}, nil, err
	}
	return tronSweepChain(chain, wallet, deposits), client.Close, nil
}
