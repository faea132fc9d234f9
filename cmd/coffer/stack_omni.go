package main

import (
	"context"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet/omnisim"
	"github.com/cofferhq/coffer/utxo"
)

// The token of the Omni Layer in the stack.
const (
	omniProperty = 3 // the first that anybody makes
	omniIssued   = 1_000_0000_0000
	omniMessages = 20 // that a wallet can send
)

// omniChain is the Omni Layer over the stack's Bitcoin node: a simulator of Omni Core, and two
// people. Issuer made the property and granted some to holder; loser has nothing of it.
type omniChain struct {
	server                *omnisim.Server
	client                *utxo.Client
	asset                 coffer.AssetID
	issuer, holder, loser *omnisim.Wallet
}

// startOmni begins the Omni Layer with the next block of the node.
func (b *btcChain) startOmni(ctx context.Context) (err error) {
	o := &omniChain{asset: utxo.OmniAsset(utxo.Regtest, omniProperty)}
	if o.client, err = utxo.Dial(ctx, utxo.Config{Network: utxo.Regtest, Nodes: []utxo.Node{b.node.Node()}}); err != nil {
		return err
	}
	b.omni = o
	tip, err := utxo.NewSource(o.client).Head(ctx)
	if err != nil {
		return err
	}
	if o.server, err = omnisim.Serve(ctx, omnisim.New(o.client, tip.Latest.Height), 0); err != nil {
		return err
	}
	for _, one := range []struct {
		name string
		into **omnisim.Wallet
	}{{"issuer", &o.issuer}, {"holder", &o.holder}, {"loser", &o.loser}} {
		if *one.into, err = omnisim.NewWallet(b.node, one.name); err != nil {
			return err
		}
		if err := (*one.into).Fund(ctx, omniMessages); err != nil {
			return err
		}
	}
	made := utxo.OmniCreateManaged{Ecosystem: utxo.OmniMain, PropertyType: utxo.OmniDivisible, Name: "US dollar"}
	if _, err := o.issuer.Send(ctx, made, ""); err != nil {
		return err
	}
	if _, err := b.node.Mine(ctx, 1); err != nil {
		return err
	}
	if _, err := o.issuer.Send(ctx, utxo.OmniGrant{Property: omniProperty, Amount: omniIssued}, o.holder.Address); err != nil {
		return err
	}
	_, err = b.node.Mine(ctx, 1)
	return err
}

// section is the property in the server's configuration.
func (o *omniChain) section() object {
	return object{"property": omniProperty, "nodes": []object{{"url": o.server.URL}}}
}

// assetSection is its asset there.
func (o *omniChain) assetSection() object {
	return object{
		"id": string(o.asset), "symbol": "USDT", "decimals": 8, "min_deposit": "1", "min_withdraw": "1", "withdraw_fee": "0.5",
		"credit": bitcoinCredit, "unlock": bitcoinFinal,
	}
}

func (o *omniChain) stop(ctx context.Context) error {
	o.client.Close()
	if o.server == nil {
		return nil
	}
	return o.server.Stop(ctx)
}
