package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/withdrawal"
	"github.com/ethereum/go-ethereum/common"
)

// wireDeposits makes what watches for money that arrives.
func (s *server) wireDeposits() (err error) {
	c := deposit.Config{Payer: payer{s}, DB: s.db, Ledger: s.ledger, Log: s.stream, Alarm: s.alarm, Clock: time.Now, Logger: s.log, Checkpoint: checkpoint}
	blocked := blockedSenders{}
	for _, chain := range s.chains {
		credited, known := s.depositAssets(chain)
		c.Assets = append(c.Assets, credited...)
		c.Known = append(c.Known, slices.Concat(known, chain.config.Deposits.KnownTokens)...)
		c.Chains = append(c.Chains, deposit.Chain{
			ID: chain.id, Deriver: chain.forwarders, ParseAddress: chain.source.ParseAddress,
			Second:          s.wireWitness(chain),
			UnknownPerBlock: chain.config.Deposits.UnknownPerBlock, UnknownPerChain: chain.config.Deposits.UnknownPerChain,
		})
		c.Rules = append(c.Rules, depositRules(chain)...)
		for _, sender := range chain.config.Deposits.BlockedSenders {
			blocked[place{chain.id, evm.AddressOf(common.HexToAddress(sender))}] = true
		}
	}
	if len(blocked) > 0 {
		c.Screener = blocked
	}
	s.deposits, err = deposit.New(c)
	return err
}

// payer pays refunds as withdrawals.
type payer struct{ s *server }

// Request implements deposit.Payer.
func (p payer) Request(ctx context.Context, r deposit.Refund) (string, error) {
	w, err := p.s.withdrawals.Refund(ctx, withdrawal.Refund{ID: r.ID, Tenant: r.Tenant, Asset: r.Asset, Destination: r.Destination, Amount: r.Amount})
	return w.ID, err
}

// Payment implements deposit.Payer.
func (p payer) Payment(ctx context.Context, id string) (deposit.PaymentStatus, error) {
	w, err := p.s.withdrawals.ByID(ctx, id)
	if err != nil {
		return deposit.PaymentStatus{}, err
	}
	return deposit.PaymentStatus{
		Paid:   w.State == coffer.WithdrawalSettled,
		Failed: w.State != coffer.WithdrawalSettled && coffer.WithdrawalMoves.End(w.State),
		Reason: w.Reason,
	}, nil
}

// depositRules are the configured rules of a chain.
func depositRules(chain *chainParts) []deposit.Rule {
	rules := make([]deposit.Rule, len(chain.config.Deposits.Rules))
	for i, r := range chain.config.Deposits.Rules {
		rules[i] = deposit.Rule{Name: r.Name, Chain: chain.id, Asset: r.Asset, Count: r.Count, Window: r.Window}
		if r.Amount != "" {
			rules[i].Amount = chain.config.Units(r.Asset, r.Amount)
		}
	}
	return rules
}

// place is an address on a chain.
type place struct {
	chain   coffer.ChainID
	address coffer.Address
}

// blockedSenders screens deposits by the list of the configuration.
type blockedSenders map[place]bool

// ScreenDeposit implements deposit.Screener.
func (b blockedSenders) ScreenDeposit(_ context.Context, d coffer.Deposit) (deposit.Screening, error) {
	if b[place{d.Chain, d.From}] {
		return deposit.Screening{Score: 100, Category: "blocked sender", Evidence: fmt.Sprintf("%s is one of deposits.blocked_senders", d.From)}, nil
	}
	return deposit.Screening{Pass: true, Category: "blocked senders"}, nil
}
