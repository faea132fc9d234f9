package main

import (
	"context"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/treasury"
	"github.com/cofferhq/coffer/utxo"
)

// wireOmni lets a chain read the token of the Omni Layer that is configured, if there is one.
// A node that is no Omni Core, or that has the property with other decimal places than the
// configuration, is a reason not to start.
func (u *utxoParts) wireOmni(ctx context.Context) error {
	if !u.chain.config.UTXO.Omni.Wanted() {
		return nil
	}
	if !u.descriptor.Nested() {
		return fmt.Errorf("utxo.descriptor: the Omni Layer does not know native segregated witness; want sh(wsh(…))")
	}
	if !u.descriptor.Ranged() {
		return fmt.Errorf("utxo.descriptor: tokens of the Omni Layer want a wallet of many addresses: at its own one stays what they cost")
	}
	omni, err := dialOmni(ctx, u.client, u.chain.config)
	if err != nil {
		return err
	}
	u.omni = omni
	decimals, err := omni.Decimals(ctx)
	if err != nil {
		return fmt.Errorf("utxo.omni.nodes: want Omni Core nodes that know the property: %w", err)
	}
	if asset := u.chain.config.Assets[0]; asset.Decimals != decimals {
		return fmt.Errorf("assets[0].decimals: property %d has %d decimal places, not %d", u.chain.config.UTXO.Omni.Property, decimals, asset.Decimals)
	}
	u.chain.source = utxo.NewSource(u.client).WithOmni(omni)
	return nil
}

// tokenSweepChain is how tokens of the Omni Layer are brought from deposit addresses to the
// wallet's own: one address in a transaction, and what that costs is not weighed.
func tokenSweepChain(chain config.Chain, deposits *deposit.Service) treasury.SweepChain {
	one := finalSweepChain(chain, deposits)
	one.MaxForwarders = 1
	one.GasPrice = func(context.Context) (coffer.Amount, error) { return coffer.Amount{}, nil }
	return one
}

// salts says what addresses are derived from. Those of a descriptor have no salt; on TRON it is
// the place of the key.
type salts struct{ *deposit.Service }

// Salts implements treasury.Salts.
func (s salts) Salts(ctx context.Context, chain coffer.ChainID, addresses []coffer.Address) (map[coffer.Address]coffer.Hash, error) {
	switch chain.Namespace() {
	case coffer.NamespaceTRON:
		return tronSalts(ctx, s.Service, chain, addresses)
	case coffer.NamespaceEVM:
		return s.Service.Salts(ctx, chain, addresses)
	}
	none := map[coffer.Address]coffer.Hash{}
	for _, address := range addresses {
		none[address] = coffer.Hash{}
	}
	return none, nil
}

// dialOmni connects to the Omni Core nodes of a chain; nil where it has none.
func dialOmni(ctx context.Context, bitcoin *utxo.Client, c config.Chain) (*utxo.Omni, error) {
	if !c.UTXO.Omni.Wanted() {
		return nil, nil
	}
	nodes, err := utxoConfig(c, c.UTXO.Omni.Nodes)
	if err != nil {
		return nil, fmt.Errorf("utxo.omni.nodes: %w", err)
	}
	omni, err := utxo.DialOmni(ctx, bitcoin, utxo.OmniConfig{Property: c.UTXO.Omni.Property, Nodes: nodes.Nodes})
	if err != nil {
		return nil, fmt.Errorf("utxo.omni: %w", err)
	}
	return omni, nil
}
