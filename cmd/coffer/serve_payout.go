package main

import (
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/relayer"
)

// payoutPoll bounds how long planning may overlook an approved withdrawal. A payout in no
// block is looked at, and sent again, every so many polls of its chain.
const (
	payoutPoll        = 500 * time.Millisecond
	payoutRebroadcast = 15 * time.Second
	rebroadcastPolls  = 20
)

var _ payout.LegSimulator = (*relayer.Wallet)(nil)

func (s *server) payoutChain(chain *chainParts) payout.Chain {
	cfg := chain.config
	c := payout.Chain{
		Native: chain.native.ID, Wallet: chain.wallet, Explainer: chain.explainer,
		Threshold: s.config.Signing.Threshold, FeeBound: configured(cfg.PayoutFeeCap, chain.native.Decimals),
		Limits: payout.Limits{
			MaxOrders: cfg.PayoutMaxLegs, Lanes: cfg.PayoutLanes, IntentTTL: cfg.PayoutValid,
			BumpAfter: cfg.BumpAfter, MaxAttempts: cfg.PayoutBumps + 1, MaxBackoff: cfg.PayoutRetry,
			Backoff: min(time.Second, cfg.PayoutRetry), Poll: min(payoutPoll, cfg.PollInterval),
			Rebroadcast: min(payoutRebroadcast, rebroadcastPolls*cfg.PollInterval),
		},
		Risk: payout.Risk{
			MaxTotal: map[coffer.AssetID]coffer.Amount{}, MaxDestination: map[coffer.AssetID]coffer.Amount{}, NewAlone: cfg.PayoutNewAlone,
		},
	}
	for _, asset := range append([]config.Asset{cfg.Native}, cfg.Assets...) {
		if asset.PayoutMax != "" {
			c.Risk.MaxTotal[asset.ID] = configured(asset.PayoutMax, asset.Decimals)
		}
		if asset.PayoutMaxDestination != "" {
			c.Risk.MaxDestination[asset.ID] = configured(asset.PayoutMaxDestination, asset.Decimals)
		}
	}
	chain.payouts(s, &c)
	for _, one := range s.signers {
		c.Signers = append(c.Signers, one)
	}
	return c
}

// payingChains are those that payouts are made on.
func (s *server) payingChains() []*chainParts {
	var paying []*chainParts
	for _, chain := range s.chains {
		if chain.wallet != nil {
			paying = append(paying, chain)
		}
	}
	return paying
}

// payoutPaths are the paths that payouts may take; of equal ones the first, which expires.
func payoutPaths(configured string) []string {
	if configured == config.PathAuto {
		return []string{coffer.PathUserOp, coffer.PathExec}
	}
	return []string{configured}
}

// configured reads an amount of the configuration, which has been checked.
func configured(text string, decimals uint8) coffer.Amount {
	amount, err := coffer.ParseUnits(text, decimals)
	if err != nil {
		panic(fmt.Sprintf("the amount %q was not checked: %v", text, err))
	}
	return amount
}

// payoutMargins are how long before its end an order is not paid any more: twice what an
// intent lives on its chain.
func (s *server) payoutMargins() map[coffer.ChainID]time.Duration {
	margins := map[coffer.ChainID]time.Duration{}
	for _, chain := range s.payingChains() {
		margins[chain.id] = 2 * chain.config.PayoutValid
	}
	return margins
}
