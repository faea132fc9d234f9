package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/signer"
	"github.com/cofferhq/coffer/withdrawal"
)

// maxPayers is how many of an account's latest deposits new destinations are compared with.
const maxPayers = 200

// screen adds to a configuration of withdrawals who looks at them: the sandbox, the
// sanctions list, and whoever knows the customers.
func (s *server) screen(c *withdrawal.Config) error {
	settings := s.config.Withdrawals
	if settings.Sandbox {
		s.log.Warn("withdrawals.sandbox is on: destinations are screened by their last characters")
		c.Screeners = append(c.Screeners, withdrawal.Sandbox{})
	}
	if settings.Sanctions.File != "" {
		list, err := sanctionsList(settings.Sanctions)
		if err != nil {
			return err
		}
		list.Remember(withdrawal.NewSanctionsLog(s.db))
		if s.config.Has("withdrawals") {
			s.ready.add(list.Name(), list.Ready)
		}
		c.Screeners = append(c.Screeners, list)
	}
	c.Counterparties = s.payers
	c.Revoker = s.revoker()
	return s.knowCustomers(c)
}

// revoker tells the signers of orders that must not be paid any more.
func (s *server) revoker() withdrawal.Revoker {
	r := signer.Revoker{Threshold: s.config.Signing.Threshold, Least: map[coffer.ChainID]int{}}
	for _, chain := range s.payingChains() {
		r.Least[chain.id] = s.payoutChain(chain).LeastSigners()
	}
	for _, one := range s.signers {
		r.Signers = append(r.Signers, one.Client)
	}
	return r
}

func sanctionsList(settings config.Sanctions) (*withdrawal.SanctionsList, error) {
	keys, err := publicKeys(settings.Keys)
	if err != nil {
		return nil, err
	}
	return withdrawal.NewSanctionsList(withdrawal.SanctionsFile(settings.File), keys, settings.MaxAge, time.Now)
}

func publicKeys(texts []string) ([]ed25519.PublicKey, error) {
	keys := make([]ed25519.PublicKey, len(texts))
	for i, text := range texts {
		key, err := config.Ed25519Key(text)
		if err != nil {
			return nil, fmt.Errorf("key %.80q: %w", text, err)
		}
		keys[i] = key
	}
	return keys, nil
}

// knowCustomers wires the configured source of customers' standing.
func (s *server) knowCustomers(c *withdrawal.Config) (err error) {
	settings := s.config.Withdrawals.Customers
	switch settings.Source {
	case config.CustomersTable:
		s.customers, err = withdrawal.NewCustomerTable(s.db, settings.Unknown, settings.TTL, time.Now)
		c.Customers = s.customers
		return err
	case config.CustomersCallback:
		secret, err := readSecret(settings.SecretFile)
		if err != nil {
			return fmt.Errorf("withdrawals.customers.secret_file: %w", err)
		}
		c.Customers, err = withdrawal.NewCustomerCallback(settings.URL, secret, settings.TTL)
		return err
	case config.CustomersSandbox:
		s.log.Warn("withdrawals.customers.source is sandbox: customers are known by the last characters of their names")
		c.Customers = withdrawal.SandboxCustomers{NameOf: func(ctx context.Context, tenant, account string) (string, error) {
			a, err := s.merchants.Account(ctx, tenant, account)
			return a.Name, err
		}}
	}
	return nil
}

// readSecret reads a file that holds one line, or nothing where no file is named.
func readSecret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path) // #nosec G304 -- the operator's own file
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" || strings.ContainsAny(secret, "\r\n") {
		return "", fmt.Errorf("%s does not hold one line", path)
	}
	return secret, nil
}

// payers are the addresses that an account was paid from: a destination that looks like
// one of them, but is another, may be there to be taken for it.
func (s *server) payers(ctx context.Context, tenant, account string, chain coffer.ChainID) ([]coffer.Address, error) {
	deposits, err := s.deposits.List(ctx, tenant, deposit.Filter{Account: account, First: maxPayers})
	if err != nil {
		return nil, err
	}
	var payers []coffer.Address
	for _, d := range deposits {
		counts := d.State == coffer.DepositCredited || d.State == coffer.DepositUnlocked
		if counts && d.Chain.Namespace() == chain.Namespace() {
			payers = append(payers, d.From)
		}
	}
	return payers, nil
}
