package utxo

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// Client talks to the nodes of one network. Its calls have deadlines and bounded answers, and
// go to another node when one fails or does not tell the truth. It is safe for concurrent use.
type Client struct {
	config Config
	nodes  *nodes
}

// Dial looks at every node: one at least must be usable. A node of another network and a
// pruned one are refused, one that is still loading the chain is not used until it has.
func Dial(ctx context.Context, config Config) (*Client, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	nodes, err := dialNodes(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", config.Network, err)
	}
	return &Client{config: config, nodes: nodes}, nil
}

// Config returns what the client was made with, defaults filled in.
func (c *Client) Config() Config { return c.config }

// Network returns the network.
func (c *Client) Network() Network { return c.config.Network }

// Chain returns the network's CAIP-2 identifier.
func (c *Client) Chain() coffer.ChainID { return c.config.Network.Chain() }

// Nodes tells about every node, in the order of the configuration.
func (c *Client) Nodes() []NodeStatus { return c.nodes.status() }

// Close ends what runs in the background.
func (c *Client) Close() { c.nodes.close() }

// Call calls a method that changes nothing and decodes its result, which is the word of one
// node. Errors are for Classify.
func (c *Client) Call(ctx context.Context, result any, method string, params ...any) error {
	return c.nodes.ask(ctx, question{method: method, params: params, take: decodeInto(result)})
}

// Ask is Call with a check: what take refuses is asked of the next node. take returns an
// error that is coffer.ErrNotFound where another node may know more.
func (c *Client) Ask(ctx context.Context, take func(json.RawMessage) error, method string, params ...any) error {
	return c.nodes.ask(ctx, question{method: method, params: params, take: take})
}

// SendRawTransaction gives a transaction to a node, or to the next one when that does not take
// it for reasons of its own, and returns its id as the node says it. That a pool or the chain
// already has it is an error too, AlreadyKnown or AlreadyInChain. ErrUnknownOutcome: it may be
// out.
func (c *Client) SendRawTransaction(ctx context.Context, raw []byte) (id coffer.Hash, err error) {
	take := func(result json.RawMessage) error {
		id, err = readHash(result)
		return err
	}
	err = c.nodes.send(ctx, question{method: "sendrawtransaction", params: []any{hex.EncodeToString(raw)}, take: take})
	return id, err
}

// RawTransaction returns a transaction of the chain or the pool, checked against its id, or
// ErrNotFound.
func (c *Client) RawTransaction(ctx context.Context, id coffer.Hash) (*wire.MsgTx, error) {
	var tx *wire.MsgTx
	take := func(result json.RawMessage) error {
		raw, err := readHex(result)
		if err != nil {
			return err
		}
		if tx, err = readTx(raw); err != nil {
			return err
		}
		if got := HashOf(tx.TxHash()); got != id {
			return fmt.Errorf("%w: the node gave transaction %s", ErrNotProven, got)
		}
		return nil
	}
	if err := c.Ask(ctx, take, "getrawtransaction", hexOf(id), 0); err != nil {
		return nil, notFound(err)
	}
	return tx, nil
}

func decodeInto(result any) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if result == nil {
			return nil
		}
		return json.Unmarshal(raw, result)
	}
}

// notFound turns a node's way of saying "no such thing" into coffer.ErrNotFound.
func notFound(err error) error {
	if err != nil && Classify(err) == NotFound && !errors.Is(err, coffer.ErrNotFound) {
		return fmt.Errorf("%w (%w)", coffer.ErrNotFound, err)
	}
	return err
}

// hexOf is a hash as nodes write it, without 0x.
func hexOf(h coffer.Hash) string { return hex.EncodeToString(h[:]) }

func parseHash(text string) (coffer.Hash, error) { return coffer.ParseHash("0x" + text) }

func readHash(raw json.RawMessage) (coffer.Hash, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return coffer.Hash{}, fmt.Errorf("hash: %w", err)
	}
	return parseHash(text)
}

func readHex(raw json.RawMessage) ([]byte, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, fmt.Errorf("hex: %w", err)
	}
	decoded, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("hex: %w", err)
	}
	return decoded, nil
}
