package main

import (
	"context"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/treasury"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/utxo"
	"github.com/ethereum/go-ethereum/common"
)

// chainReader reads a configured chain for a command that needs nothing else of the server's.
type chainReader struct {
	source  coffer.Source
	compare func(ctx context.Context, books *treasury.Treasury, db *postgres.DB, block coffer.BlockRef) ([]treasury.Line, error)
	close   func()
}

// openReader connects to a chain's nodes.
func openReader(ctx context.Context, c config.Chain) (chainReader, error) {
	switch c.ID.Namespace() {
	case coffer.NamespaceUTXO:
		return openUTXOReader(ctx, c)
	case coffer.NamespaceTRON:
		return openTRONReader(ctx, c)
	}
	cfg := evm.Config{Chain: c.ID, Native: c.Native.ID, URLs: c.RPC, EntryPoint: common.HexToAddress(c.EntryPoint)}
	client, err := evm.Dial(ctx, cfg)
	if err != nil {
		return chainReader{}, err
	}
	compare := func(ctx context.Context, books *treasury.Treasury, db *postgres.DB, block coffer.BlockRef) ([]treasury.Line, error) {
		return books.Compare(ctx, db.Pool(), c.ID, block, client)
	}
	return chainReader{evm.NewSource(client, cfg), compare, client.Close}, nil
}

// parserOf reads foreign addresses of a chain.
func parserOf(chain coffer.ChainID) func(text string) (coffer.Address, error) {
	switch chain.Namespace() {
	case coffer.NamespaceUTXO:
	case coffer.NamespaceTRON:
		return tron.ParseAddress
	default:
		return evm.ParseAddress
	}
	return func(text string) (coffer.Address, error) {
		network, err := utxo.NetworkOf(chain)
		if err != nil {
			return "", err
		}
		return utxo.ParseAddress(network, text)
	}
}
