package signer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
)

const maxAccounts = 8

// AccountConfig is a TRON account this signer has a key of, and the permission under which it
// pays.
type AccountConfig struct {
	Address    string       `yaml:"address"`    // T…
	Permission int32        `yaml:"permission"` // id of an active permission, 2 and on
	Threshold  uint64       `yaml:"threshold"`
	Keys       []KeyConfig  `yaml:"keys"`
	Prices     PricesConfig `yaml:"prices"`
	Deposits   string       `yaml:"deposits"` // [fingerprint/44h/195h/0h]xpub… of its deposit addresses; empty for none
}

// KeyConfig is a key of a permission.
type KeyConfig struct {
	Address string `yaml:"address"` // T…
	Weight  uint64 `yaml:"weight"`
}

// PricesConfig is the most the chain may burn, in sun; mainnet's where it is zero.
type PricesConfig struct {
	Byte       uint64 `yaml:"byte"`        // of bandwidth
	Signatures uint64 `yaml:"signatures"`  // more than one signature
	NewAccount uint64 `yaml:"new_account"` // a transfer of TRX to an address that has no account yet
}

func (c ChainConfig) checkTRON() error {
	switch {
	case c.EntryPoint != "" || c.Module != "" || c.MultiSend != "" || len(c.Wallets) > 0 || c.Executor != nil:
		return errors.New("entry_point, module, multi_send, wallets, executor: are of EVM chains only")
	case len(c.Descriptors) > 0 || c.MaxFee > 0 || c.MaxFeeRate > 0 || len(c.Nodes) > 0 || c.Omni > 0 || c.Confirmations > 0:
		return errors.New("descriptors, max_fee, max_fee_rate, omni, nodes, confirmations: are of Bitcoin only")
	case c.Owner == "":
		return errors.New("owner: no key label")
	case len(c.Accounts) == 0 || len(c.Accounts) > maxAccounts:
		return fmt.Errorf("accounts: want 1 to %d", maxAccounts)
	case len(c.RPC) > maxNodes:
		return fmt.Errorf("rpc: %d nodes, at most %d", len(c.RPC), maxNodes)
	case len(c.SolidityRPC) > 0 && len(c.SolidityRPC) != len(c.RPC):
		return fmt.Errorf("solidity_rpc: %d URLs, want one for each of the %d of rpc", len(c.SolidityRPC), len(c.RPC))
	case len(c.RPCKeyFiles) > 0 && len(c.RPCKeyFiles) != len(c.RPC):
		return fmt.Errorf("rpc_key_files: %d files, want one for each of the %d of rpc, \"\" where a node has no key", len(c.RPCKeyFiles), len(c.RPC))
	}
	seen := map[string]int{} // by host, the node
	for _, list := range []struct {
		name string
		urls []string
	}{{"rpc", c.RPC}, {"solidity_rpc", c.SolidityRPC}} {
		for n, node := range list.urls {
			host, secure, err := tron.ParseURL(node)
			if err != nil {
				return fmt.Errorf("%s[%d]: %w", list.name, n, err)
			}
			if !secure && len(c.RPCKeyFiles) > 0 && c.RPCKeyFiles[n] != "" {
				return fmt.Errorf("rpc_key_files[%d]: is sent under TLS only, and %s[%d] is not: want grpcs:// or https://", n, list.name, n)
			}
			if other, known := seen[host]; known && (other != n || list.name == "rpc") {
				return fmt.Errorf("%s[%d]: the same node twice is no second opinion", list.name, n)
			}
			seen[host] = n
		}
	}
	if c.Native != tron.Native(c.Chain) {
		return fmt.Errorf("native: %q is not %s", c.Native, tron.Native(c.Chain))
	}
	accounts, err := c.accounts()
	if err == nil && c.Seed != "" && !slices.ContainsFunc(accounts, func(a tron.Account) bool { return a.Deposits.String() != "" }) {
		return errors.New("seed: is of deposit addresses, and no account has any: see deposits")
	}
	return err
}

// apiKey reads what the n-th node of rpc knows this signer by; "" where it has no key.
func (c ChainConfig) apiKey(n int) (string, error) {
	if len(c.RPCKeyFiles) == 0 || c.RPCKeyFiles[n] == "" {
		return "", nil
	}
	at := fmt.Sprintf("rpc_key_files[%d]", n)
	file, err := os.Open(c.RPCKeyFiles[n])
	if err != nil {
		return "", fmt.Errorf("%s: %w", at, err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxPasswordBytes+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("%s: %w", at, err)
	}
	key := strings.TrimRight(string(text), "\r\n")
	if len(text) > maxPasswordBytes || key == "" {
		return "", fmt.Errorf("%s: does not hold one key", at)
	}
	return key, nil
}

// accounts reads the pinned wallets.
func (c ChainConfig) accounts() ([]tron.Account, error) {
	var accounts []tron.Account
	for n, one := range c.Accounts {
		account, err := one.read(c.Chain)
		if err != nil {
			return nil, fmt.Errorf("accounts[%d]: %w", n, err)
		}
		if slices.ContainsFunc(accounts, func(a tron.Account) bool { return a.Address == account.Address }) {
			return nil, fmt.Errorf("accounts[%d]: the same account twice", n)
		}
		if key := account.Deposits.String(); key != "" && slices.ContainsFunc(accounts, func(a tron.Account) bool { return a.Deposits.String() == key }) {
			return nil, fmt.Errorf("accounts[%d]: deposits: the key of another account's deposit addresses", n)
		}
		accounts = append(accounts, account)
	}
	return accounts, nil
}

func (a AccountConfig) read(chain coffer.ChainID) (tron.Account, error) {
	account := tron.Account{Chain: chain, Permission: a.Permission, Threshold: a.Threshold, Prices: a.Prices.read()}
	var err error
	if account.Address, err = pinnedAddress(a.Address); err != nil {
		return tron.Account{}, fmt.Errorf("address: %w", err)
	}
	for n, key := range a.Keys {
		address, err := pinnedAddress(key.Address)
		if err != nil {
			return tron.Account{}, fmt.Errorf("keys[%d]: address: %w", n, err)
		}
		account.Keys = append(account.Keys, tron.Key{Address: address, Weight: key.Weight})
	}
	if a.Deposits != "" {
		if account.Deposits, err = tron.ParseDepositKey(a.Deposits); err != nil {
			return tron.Account{}, fmt.Errorf("deposits: %w", err)
		}
	}
	if a.Permission == 0 {
		return tron.Account{}, errors.New("permission: want an active one, 2 and on: keys of the owner permission stay cold")
	}
	return account, account.Check()
}

func (p PricesConfig) read() tron.Prices {
	prices := tron.MainnetPrices
	for _, price := range []struct {
		of   *uint64
		text uint64
	}{{&prices.Byte, p.Byte}, {&prices.Signatures, p.Signatures}, {&prices.NewAccount, p.NewAccount}} {
		if price.text > 0 {
			*price.of = price.text
		}
	}
	return prices
}

// pinnedAddress wants the base58 form.
func pinnedAddress(text string) (tron.Address, error) {
	return tron.CanonicalAddress(coffer.Address(text))
}

// explainTRON makes the reader of a TRON chain's transactions.
func explainTRON(c ChainConfig) (coffer.Explainer, error) {
	accounts, err := c.accounts()
	if err != nil {
		return nil, err
	}
	return tron.NewExplainer(tron.ExplainConfig{Chain: c.Chain, Wallets: accounts}), nil
}

// accountOwner is a key of a permission of TRON accounts, and the keys of their deposit
// addresses where this signer has the seed.
type accountOwner struct {
	key      *Key
	accounts []tron.Account
	deposits map[coffer.Address]*accountKey // by account
}

// openAccountOwner finds the key, which every account has to have.
func openAccountOwner(ctx context.Context, signer string, c ChainConfig, token *Token) (accountOwner, error) {
	key, err := token.key(ctx, c.Owner)
	if err != nil {
		return accountOwner{}, err
	}
	accounts, err := c.accounts()
	if err != nil {
		return accountOwner{}, err
	}
	for n, account := range accounts {
		if !slices.ContainsFunc(account.Keys, func(k tron.Key) bool { return k.Address == tron.Address(key.Address()) }) {
			return accountOwner{}, fmt.Errorf("accounts[%d]: key %q, %s, is not one of the permission's", n, c.Owner, tron.Address(key.Address()))
		}
	}
	owner := accountOwner{key: key, accounts: accounts}
	if c.Seed != "" {
		if owner.deposits, err = openDepositKeys(ctx, signer, c.Seed, accounts, token); err != nil {
			return accountOwner{}, err
		}
	}
	return owner, nil
}

func (o accountOwner) name() string { return tron.Address(o.key.Address()).String() }

func (o accountOwner) names() []string { return []string{o.name()} }

// sign signs the one digest of a transaction: its id. A sweep is its deposit address's to sign.
func (o accountOwner) sign(ctx context.Context, e coffer.Effects) ([]coffer.Signature, error) {
	if len(e.Sweeps) > 0 {
		return o.signSweep(e)
	}
	signatures := make([]coffer.Signature, 0, len(e.Digests))
	for _, digest := range e.Digests {
		sig, err := o.key.Sign(ctx, digest)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, coffer.Signature{Key: o.name(), Digest: digest, Bytes: sig})
	}
	return signatures, nil
}
