package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/withdrawal"
)

// wireDeposits makes what watches for money that arrives.
func (s *server) wireDeposits() (err error) {
	c := deposit.Config{Payer: payer{s}, DB: s.db, Ledger: s.ledger, Log: s.stream, Alarm: s.alarm, Clock: time.Now, Logger: s.log, Checkpoint: checkpoint}
	senders := senders{blocked: map[place]bool{}}
	for _, chain := range s.chains {
		one := deposit.Chain{
			ID: chain.id, ParseAddress: chain.source.ParseAddress, Second: s.wireWitness(chain),
			UnknownPerBlock: chain.config.Deposits.UnknownPerBlock, UnknownPerChain: chain.config.Deposits.UnknownPerChain,
		}
		credited, known := chain.deposits(s, &one)
		c.Assets = append(c.Assets, credited...)
		c.Known = append(c.Known, slices.Concat(known, chain.config.Deposits.KnownTokens)...)
		c.Chains = append(c.Chains, one)
		c.Rules = append(c.Rules, depositRules(chain)...)
		for _, text := range chain.config.Deposits.BlockedSenders {
			sender, err := chain.source.ParseAddress(text)
			if err != nil {
				return fmt.Errorf("chain %s: deposits.blocked_senders: %w", chain.id, err)
			}
			senders.blocked[place{chain.id, sender}] = true
		}
	}
	if settings := s.config.Withdrawals.Sanctions; settings.File != "" {
		if senders.sanctions, err = sanctionsList(settings); err != nil {
			return err
		}
	}
	if len(senders.blocked) > 0 || senders.sanctions != nil {
		c.Screener = senders
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

// senders screens who deposits: by the list of the configuration, and by the signed one that
// destinations of withdrawals are held against. Without an answer of that one, deposits are
// counted and stay locked, until people have to look at them.
type senders struct {
	blocked   map[place]bool
	sanctions *withdrawal.SanctionsList // nil without one
}

// ScreenDeposit implements deposit.Screener.
func (s senders) ScreenDeposit(ctx context.Context, d coffer.Deposit) (deposit.Screening, error) {
	const worst = 100
	if d.From == "" {
		return deposit.Screening{}, fmt.Errorf("nobody knows who sent %s", d.Tx) // the empty name is on no list
	}
	if s.blocked[place{d.Chain, d.From}] {
		return deposit.Screening{Score: worst, Category: "blocked sender", Evidence: fmt.Sprintf("%s is one of deposits.blocked_senders", d.From)}, nil
	}
	if s.sanctions == nil {
		return deposit.Screening{Pass: true, Category: "senders"}, nil
	}
	found, err := s.sanctions.Screen(ctx, withdrawal.Subject{Tenant: d.Tenant, Account: d.Account, Asset: d.Asset, Address: d.From, Amount: d.Amount})
	if err != nil {
		return deposit.Screening{}, err
	}
	if found.Verdict != withdrawal.ScreeningClear {
		return deposit.Screening{Score: worst, Category: "sanctions", Evidence: found.Evidence}, nil
	}
	return deposit.Screening{Pass: true, Category: "sanctions", Evidence: found.Evidence}, nil
}
