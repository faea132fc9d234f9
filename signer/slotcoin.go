package signer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// coinSearchSlack is how much earlier than a coin was signed for its spender is looked for.
// Miners date blocks up to two hours ahead, and the chain takes any time above the median of
// eleven blocks.
const coinSearchSlack = 6 * time.Hour

const maxPasswordBytes = 1 << 10 // of a file with a password

// coinObserver is a signer's own sight of a Bitcoin chain. A coin slot ends when a final block
// has a transaction that spends the anchor. That block's hash commits to the transaction, so
// what the nodes have to agree on is the hash.
type coinObserver struct {
	native  coffer.AssetID
	configs []utxo.Config // of one node each

	mu      sync.Mutex
	clients []*utxo.Client // nil until it is first needed
	blocks  blockReader
}

func newCoinObserver(c ChainConfig, clock coffer.Clock, logger *slog.Logger) (*coinObserver, error) {
	network, err := utxo.NetworkOf(c.Chain)
	if err != nil {
		return nil, err
	}
	o := &coinObserver{native: c.Native, clients: make([]*utxo.Client, len(c.Nodes)), blocks: blockReader{scans: map[slotKey]scan{}}}
	for n, node := range c.Nodes {
		login, err := node.login()
		if err != nil {
			return nil, fmt.Errorf("nodes[%d]: %w", n, err)
		}
		config := utxo.Config{
			Network: network, Nodes: []utxo.Node{login}, Confirmations: c.Confirmations, CallTimeout: nodeCallTime, Clock: clock, Log: logger,
		}
		if err := config.Check(); err != nil {
			return nil, err
		}
		o.configs = append(o.configs, config)
	}
	return o, nil
}

func (n NodeConfig) check() error {
	u, err := url.Parse(n.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("url: want http://host:port or https://host:port")
	case u.User != nil:
		return errors.New("url: holds a user or a password; they have keys of their own")
	case (n.User == "") != (n.PasswordFile == ""):
		return errors.New("user, password_file: want both or none")
	case n.User != "" && n.CookieFile != "":
		return errors.New("cookie_file: want it, or user and password_file, not both")
	}
	return nil
}

// login reads the password of a node.
func (n NodeConfig) login() (utxo.Node, error) {
	if n.PasswordFile == "" {
		return utxo.Node{URL: n.URL, CookieFile: n.CookieFile}, nil
	}
	file, err := os.Open(n.PasswordFile)
	if err != nil {
		return utxo.Node{}, fmt.Errorf("password_file: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxPasswordBytes+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return utxo.Node{}, fmt.Errorf("password_file: %w", err)
	}
	if len(text) > maxPasswordBytes {
		return utxo.Node{}, fmt.Errorf("password_file: more than %d bytes", maxPasswordBytes)
	}
	u, err := url.Parse(n.URL)
	if err != nil {
		return utxo.Node{}, errors.New("url: cannot be read")
	}
	u.User = url.UserPassword(n.User, strings.TrimRight(string(text), "\r\n"))
	return utxo.Node{URL: u.String()}, nil
}

// sources connects to every node, those that were away before included.
func (o *coinObserver) sources(ctx context.Context) ([]coffer.Source, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var sources []coffer.Source
	for i, config := range o.configs {
		if o.clients[i] == nil {
			client, err := utxo.Dial(ctx, config)
			if err != nil {
				return nil, err
			}
			o.clients[i] = client
		}
		sources = append(sources, utxo.NewSource(o.clients[i]))
	}
	return sources, nil
}

func (o *coinObserver) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, client := range o.clients {
		if client != nil {
			client.Close()
		}
	}
}

// end implements observer. What is signed over a coin never dies by itself, so the time does
// not matter.
func (o *coinObserver) end(ctx context.Context, v slotView, _ time.Time) (slotRecord, error) {
	sources, err := o.sources(ctx)
	if err != nil {
		return slotRecord{}, err
	}
	final, err := agreedFinal(ctx, sources)
	if err != nil {
		return slotRecord{}, err
	}
	block, tx, err := o.spender(ctx, sources[0], v, final.Height)
	if err != nil {
		return slotRecord{}, err
	}
	if _, err := agree(ctx, sources, block.BlockRef); err != nil {
		return slotRecord{}, err
	}
	ended := slotRecord{Chain: v.key.chain, Wallet: v.key.wallet, Slot: v.key.slot, Final: final.BlockRef,
		Block: block.BlockRef, Time: block.Time.UTC(), By: tx}
	switch {
	case slices.Contains(v.cancels, tx):
		ended.End = endCancelled
	case slices.Contains(v.ids, tx):
		ended.End = endPaid
	case v.unnamed:
		return slotRecord{}, fmt.Errorf("%w: transaction %s spent its coin, and this signer did not keep what it signed", errAlive, tx)
	default:
		ended.End = endOther
		if err := o.mayPay(v, block, tx); err != nil {
			return slotRecord{}, err
		}
	}
	o.blocks.forget(v.key)
	return ended, nil
}

// spender finds the block that spends the anchor, and the transaction that does. Blocks, which
// prove themselves, are read from the time at which the slot was first signed in.
func (o *coinObserver) spender(ctx context.Context, source coffer.Source, v slotView, final uint64) (coffer.Block, coffer.Hash, error) {
	place := func(b coffer.Block) int {
		return slices.IndexFunc(b.Spends, func(s coffer.Spend) bool { return string(s.Coin) == v.key.slot.Lane })
	}
	alive := fmt.Sprintf("its coin is not spent up to block %d", final)
	block, err := o.blocks.find(ctx, source, v.key, v.since.Add(-coinSearchSlack), final, alive, func(b coffer.Block) bool { return place(b) >= 0 })
	if err != nil {
		return coffer.Block{}, coffer.Hash{}, err
	}
	return block, block.Spends[place(block)].Tx, nil
}

// mayPay refuses a transaction of others that may have paid one of the slot's orders: any output
// of the amount to the destination counts. Whether a message of the Omni Layer moved tokens
// leaves no trace here that proves itself; that a transaction is no such message does.
func (o *coinObserver) mayPay(v slotView, block coffer.Block, tx coffer.Hash) error {
	for _, order := range v.payments {
		if order.Asset.Namespace() == coffer.AssetOmni {
			message, err := o.mayMoveTokens(block, tx)
			if err != nil {
				return err
			}
			if !message {
				continue
			}
		}
		if order.Asset != o.native || order.Destination == "" {
			return fmt.Errorf("%w: transaction %s, which this signer did not sign, may have paid order %s", errAlive, tx, order.ID)
		}
		for _, t := range block.Transfers {
			if t.Tx == tx && t.Asset == order.Asset && t.To == order.Destination && t.Amount == order.Amount {
				return fmt.Errorf("%w: transaction %s, which this signer did not sign, paid what order %s asks for", errAlive, tx, order.ID)
			}
		}
	}
	return nil
}

// mayMoveTokens looks at a transaction of a block that was read whole.
func (o *coinObserver) mayMoveTokens(block coffer.Block, tx coffer.Hash) (bool, error) {
	network := o.configs[0].Network
	content, header, err := utxo.ReadBlock(network, block.Raw)
	if err != nil {
		return false, fmt.Errorf("read block %s again: %w", block.Hash, err)
	}
	at := slices.IndexFunc(content.Transactions, func(t *wire.MsgTx) bool { return utxo.HashOf(t.TxHash()) == tx })
	if at < 0 || header.Hash != block.Hash {
		return false, fmt.Errorf("block %s has no transaction %s", block.Hash, tx)
	}
	return utxo.MayMoveTokens(network, content.Transactions[at]), nil
}
