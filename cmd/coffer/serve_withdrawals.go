package main

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/withdrawal"
	"github.com/holiman/uint256"
)

// gasPriceLife is how long the price of gas, or that it is not known, is good for quotes, so
// that asking for quotes does not ask the node each time. gasPriceTimeout bounds the node.
const (
	gasPriceLife    = 3 * time.Second
	gasPriceTimeout = 5 * time.Second
)

// withdrawalConfig is what withdrawals run with.
func (s *server) withdrawalConfig(assets []coffer.Asset, parsers map[coffer.ChainID]withdrawal.AddressParser) (withdrawal.Config, error) {
	settings := s.config.Withdrawals
	c := withdrawal.Config{
		DB: s.db, Ledger: s.ledger, Events: s.stream, Policy: s.policy, Assets: assets, Parsers: parsers,
		Account: func(ctx context.Context, tenant, account string) error {
			_, err := s.merchants.Account(ctx, tenant, account)
			return err
		},
		Lookup: func(ctx context.Context, chain coffer.ChainID, address coffer.Address) (withdrawal.Owner, error) {
			owner, err := s.deposits.Lookup(ctx, chain, address)
			return withdrawal.Owner{Kind: owner.Kind, Tenant: owner.Tenant, Account: owner.Account}, err
		},
		Fees: map[coffer.AssetID]withdrawal.FeeRule{}, QuoteTTL: settings.QuoteTTL,
		OrderTTL: settings.OrderTTL, ActivationDelay: cmp.Or(settings.ActivationDelay, -1),
		Clock: time.Now, Margins: s.payoutMargins(), Log: s.log, Checkpoint: checkpoint,
	}

	costs := map[coffer.AssetID]*networkCost{}
	for _, chain := range s.payingChains() {
		price := &gasPrice{chain: chain}
		for _, asset := range append([]config.Asset{chain.config.Native}, chain.config.Assets...) {
			rule, err := feeRule(asset)
			if err != nil {
				return c, fmt.Errorf("fee of %s: %w", asset.ID, err)
			}
			c.Fees[asset.ID] = rule
			if !rule.Network {
				continue
			}
			if costs[asset.ID], err = newNetworkCost(price, asset, chain.native); err != nil {
				return c, fmt.Errorf("fee of %s: %w", asset.ID, err)
			}
		}
	}
	c.NetworkCost = func(ctx context.Context, asset coffer.AssetID) (coffer.Amount, error) {
		cost, known := costs[asset]
		if !known {
			return coffer.Amount{}, fmt.Errorf("no network cost is configured for %s", asset)
		}
		return cost.now(ctx)
	}
	return c, s.screen(&c)
}

// feeRule is what the configuration says of an asset's fee.
func feeRule(a config.Asset) (withdrawal.FeeRule, error) {
	percent, err := config.PerMillion(a.Fee.Percent)
	if err != nil {
		return withdrawal.FeeRule{}, fmt.Errorf("percent: %w", err)
	}
	least, err := coffer.ParseUnits(a.Fee.Least, a.Decimals)
	if err != nil {
		return withdrawal.FeeRule{}, fmt.Errorf("least: %w", err)
	}
	most, err := coffer.ParseUnits(a.Fee.Most, a.Decimals)
	if err != nil {
		return withdrawal.FeeRule{}, fmt.Errorf("most: %w", err)
	}
	return withdrawal.FeeRule{Fixed: a.Words().WithdrawFee, PerMillion: percent, Network: a.Fee.Network, Least: least, Most: most}, nil
}

// gasPrice is the price of gas on a chain, asked again when it is old.
type gasPrice struct {
	chain *chainParts

	mu    sync.Mutex
	price coffer.Amount // wei per gas
	err   error         // of the last asking
	asked time.Time
}

// now is what the next block takes per gas: its base fee and the usual priority fee. Who
// comes while the node is asked waits for the same answer.
func (g *gasPrice) now(ctx context.Context) (coffer.Amount, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asked.IsZero() || time.Since(g.asked) >= gasPriceLife {
		g.price, g.err = g.ask(context.WithoutCancel(ctx))
		g.asked = time.Now()
	}
	return g.price, g.err
}

func (g *gasPrice) ask(ctx context.Context) (coffer.Amount, error) {
	ctx, cancel := context.WithTimeout(ctx, gasPriceTimeout)
	defer cancel()
	fees, base, err := g.chain.evmOf().client.SuggestFees(ctx)
	if err != nil {
		return coffer.Amount{}, err
	}
	return base.Add(fees.Priority)
}

// networkCost is what one payment of an asset costs on its chain, in base units of the asset.
type networkCost struct {
	price    *gasPrice
	gas      uint64
	margin   uint64        // millionths on top
	perCoin  coffer.Amount // base units of the asset for one native coin
	decimals uint8         // of the native coin
}

func newNetworkCost(price *gasPrice, a config.Asset, native coffer.Asset) (*networkCost, error) {
	margin, err := config.PerMillion(a.Fee.NetworkMargin)
	if err != nil {
		return nil, fmt.Errorf("network_margin: %w", err)
	}
	one, text := native.Decimals, a.Fee.NativePrice
	if a.ID == native.ID {
		text = "1"
	}
	perCoin, err := coffer.ParseUnits(text, a.Decimals)
	if err != nil {
		return nil, fmt.Errorf("native_price: %w", err)
	}
	return &networkCost{price, a.Fee.NetworkGas, uint64(margin), perCoin, one}, nil
}

func (n *networkCost) now(ctx context.Context) (coffer.Amount, error) {
	price, err := n.price.now(ctx)
	if err != nil {
		return coffer.Amount{}, err
	}
	return n.at(price)
}

// at is the cost at a price of gas: gas · price · (1 + margin), converted, each division
// rounded up.
func (n *networkCost) at(price coffer.Amount) (coffer.Amount, error) {
	const million = 1_000_000
	wei, overflow := new(uint256.Int).MulOverflow(price.Int(), uint256.NewInt(n.gas))
	if overflow {
		return coffer.Amount{}, coffer.ErrAmountRange
	}
	raised, err := mulDivUp(wei, uint256.NewInt(million+n.margin), uint256.NewInt(million))
	if err != nil {
		return coffer.Amount{}, err
	}
	coin := new(uint256.Int).Exp(uint256.NewInt(10), uint256.NewInt(uint64(n.decimals)))
	cost, err := mulDivUp(raised, n.perCoin.Int(), coin)
	if err != nil {
		return coffer.Amount{}, err
	}
	return coffer.AmountFromInt(cost), nil
}

// mulDivUp is a·b/c, rounded up.
func mulDivUp(a, b, c *uint256.Int) (*uint256.Int, error) {
	down, overflow := new(uint256.Int).MulDivOverflow(a, b, c)
	if overflow {
		return nil, coffer.ErrAmountRange
	}
	if new(uint256.Int).MulMod(a, b, c).IsZero() {
		return down, nil
	}
	up, overflow := new(uint256.Int).AddOverflow(down, uint256.NewInt(1))
	if overflow {
		return nil, coffer.ErrAmountRange
	}
	return up, nil
}
