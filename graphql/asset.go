package graphql

import (
	"context"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/merchant"
)

// Assets resolves Query.assets.
func (r *resolver) Assets(ctx context.Context) ([]asset, error) {
	if _, err := principal(ctx, merchant.ScopeRead); err != nil {
		return nil, err
	}
	if err := r.charge(ctx, len(r.config.Assets)); err != nil {
		return nil, err
	}
	assets := make([]asset, len(r.config.Assets))
	for i, a := range r.config.Assets {
		assets[i] = asset{a}
	}
	return assets, nil
}

type asset struct{ a coffer.Asset }

func (a asset) ID() assetID                { return assetID(a.a.ID) }
func (a asset) Chain() chainID             { return chainID(a.a.ID.Chain()) }
func (a asset) Symbol() string             { return a.a.Symbol }
func (a asset) Decimals() int32            { return int32(a.a.Decimals) }
func (a asset) MinDeposit() decimal        { return a.units(a.a.MinDeposit) }
func (a asset) MinWithdrawal() decimal     { return a.units(a.a.MinWithdraw) }
func (a asset) WithdrawalFee() decimal     { return a.units(a.a.WithdrawFee) }
func (a asset) NeedsMemo() bool            { return a.a.NeedsMemo }
func (a asset) CreditConfirmations() int32 { return toInt32(a.a.Credit) }
func (a asset) UnlockConfirmations() int32 { return toInt32(a.a.Unlock) }

func (a asset) units(n coffer.Amount) decimal { return decimal(n.Units(a.a.Decimals)) }

// asset returns what is known of an asset. One that is not supported, or not any more, has
// the symbol "?" and no decimals, so that its amounts are base units.
func (r *resolver) asset(id coffer.AssetID) asset {
	if known, ok := r.assets[id]; ok {
		return asset{known}
	}
	return asset{coffer.Asset{ID: id, Symbol: "?"}}
}
