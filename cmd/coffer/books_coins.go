package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/treasury"
	"github.com/cofferhq/coffer/utxo"
)

// coinReader compares the books of a chain whose money is coins.
type coinReader struct {
	chain   config.Chain
	client  *utxo.Client
	source  *utxo.Source
	omni    *utxo.Omni // nil: no token of the Omni Layer
	parents map[coffer.Hash]*wire.MsgTx
}

func openUTXOReader(ctx context.Context, c config.Chain) (chainReader, error) {
	cfg, err := utxoConfig(c, c.UTXO.Nodes)
	if err != nil {
		return chainReader{}, err
	}
	client, err := utxo.Dial(ctx, cfg)
	if err != nil {
		return chainReader{}, err
	}
	r := &coinReader{chain: c, client: client, source: utxo.NewSource(client), parents: map[coffer.Hash]*wire.MsgTx{}}
	if r.omni, err = dialOmni(ctx, client, c); err != nil {
		client.Close()
		return chainReader{}, err
	}
	if r.omni != nil {
		r.source = r.source.WithOmni(r.omni)
	}
	return chainReader{r.source, r.compare, r.close}, nil
}

func (r *coinReader) close() {
	if r.omni != nil {
		r.omni.Close()
	}
	r.client.Close()
}

// compare adds up the coins of ours that were there after a block, and puts the sums beside
// the books. That a coin was made, of this amount at this address, is proven by its
// transaction. That it is unspent is the node's word (gettxout), or of one that a later block
// spent the word of that block, which the books have read. A coin that the chain does not
// have counts as nothing.
func (r *coinReader) compare(ctx context.Context, books *treasury.Treasury, db *postgres.DB, block coffer.BlockRef) ([]treasury.Line, error) {
	deposits, err := deposit.New(deposit.Config{
		DB: db, Ledger: ledger.New(db, time.Now), Log: stream.NewPostgres(db, time.Now), Clock: time.Now,
		Chains: []deposit.Chain{{ID: r.chain.ID}},
	})
	if err != nil {
		return nil, err
	}
	later, err := r.later(ctx, deposits, block.Height)
	if err != nil {
		return nil, err
	}
	coins, err := deposits.HeldCoins(ctx, r.chain.ID, block.Height, later, treasury.MaxLines+1)
	if err != nil {
		return nil, err
	}
	if len(coins) > treasury.MaxLines {
		return nil, coffer.Errorf(coffer.CodeLimit, "more than %d coins on %s", treasury.MaxLines, r.chain.ID)
	}
	held := map[treasury.Place]coffer.Amount{}
	for _, coin := range coins {
		place := treasury.Place{Account: coin.Account, Asset: r.chain.Native.ID}
		there, err := r.there(ctx, coin)
		if err != nil {
			return nil, fmt.Errorf("coin %s: %w", coin.ID, err)
		}
		if !there {
			continue
		}
		if held[place], err = held[place].Add(coin.Amount); err != nil {
			return nil, err
		}
	}
	lines, err := books.CompareCoins(ctx, db.Pool(), r.chain.Native.ID, block, held)
	if err != nil || r.omni == nil {
		return lines, err
	}
	return lines, r.compareTokens(ctx, lines, block)
}

// compareTokens puts what Omni Core says beside the lines of the token.
func (r *coinReader) compareTokens(ctx context.Context, lines []treasury.Line, block coffer.BlockRef) error {
	at := func(l treasury.Line) coffer.Address {
		if l.Asset != r.omni.Asset() {
			return ""
		}
		return coffer.Address(l.Account[strings.LastIndexByte(l.Account, ':')+1:])
	}
	var addresses []coffer.Address
	for _, l := range lines {
		if address := at(l); address != "" && !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	if len(addresses) == 0 {
		return nil
	}
	held, err := r.source.OmniHeld(ctx, addresses, block)
	if err != nil {
		return err
	}
	for i, l := range lines {
		if address := at(l); address != "" {
			lines[i] = l.Beside(held[address])
		}
	}
	return nil
}

// later are the blocks above a height that the books have applied.
func (r *coinReader) later(ctx context.Context, deposits *deposit.Service, height uint64) ([]coffer.Hash, error) {
	progress, err := deposits.Progress(ctx, r.chain.ID)
	if err != nil {
		return nil, err
	}
	var later []coffer.Hash
	for at := height + 1; at <= progress.Tip.Height; at++ {
		header, err := r.source.Header(ctx, at)
		if err != nil {
			return nil, err
		}
		later = append(later, header.Hash)
	}
	if len(later) > 0 && !slices.Contains(later, progress.Tip.Hash) {
		return nil, coffer.Errorf(coffer.CodeConflict, "the node has another block at height %d than the books: try again", progress.Tip.Height)
	}
	return later, nil
}

// there reports whether the chain has a coin as the books do.
func (r *coinReader) there(ctx context.Context, coin deposit.HeldCoin) (bool, error) {
	id, n, err := coin.ID.Parts()
	if err != nil {
		return false, err
	}
	if r.parents[id] == nil {
		if r.parents[id], err = r.client.RawTransaction(ctx, id); err != nil {
			return false, err
		}
	}
	outputs := r.parents[id].TxOut
	if uint64(n) >= uint64(len(outputs)) || outputs[n].Value < 0 {
		return false, nil
	}
	address, ok := utxo.AddressOf(r.client.Network(), outputs[n].PkScript)
	amount := coffer.NewAmount(uint64(outputs[n].Value)) // #nosec G115 -- checked above
	if !ok || address != coin.Address || amount.Cmp(coin.Amount) != 0 {
		return false, nil
	}
	if coin.Spent {
		return true, nil
	}
	var unspent *struct {
		Confirmations int64 `json:"confirmations"`
	}
	err = r.client.Call(ctx, &unspent, "gettxout", string(coin.ID[:64]), n, false)
	return unspent != nil && unspent.Confirmations > 0, err
}
