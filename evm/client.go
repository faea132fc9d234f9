package evm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

// Client talks to the nodes of one chain. Its calls have deadlines and bounded answers, and
// go to another node when one fails. It is safe for concurrent use.
type Client struct {
	config Config
	number uint64 // chain id (EIP-155)
	nodes  *Nodes
	rpc    *rpc.Client // of nodes
}

// Dial asks every node for its chain id: one at least must answer, and a node of another
// chain is refused.
func Dial(ctx context.Context, config Config) (*Client, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	number, err := ChainNumber(config.Chain)
	if err != nil {
		return nil, err
	}
	nodes, err := DialNodes(ctx, NodesConfig{
		Chain: number, URLs: config.URLs, CallTimeout: config.CallTimeout, MaxBytes: config.MaxResponseBytes,
		MaxLag: config.MaxLag, Clock: config.Clock, Log: config.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("chain %s: %w", config.Chain, err)
	}
	return &Client{config: config, number: number, nodes: nodes, rpc: nodes.RPC()}, nil
}

// Config returns what the client was made with, defaults filled in.
func (c *Client) Config() Config { return c.config }

// Chain returns the chain's CAIP-2 identifier.
func (c *Client) Chain() coffer.ChainID { return c.config.Chain }

// ChainNumber returns the chain's number (EIP-155).
func (c *Client) ChainNumber() uint64 { return c.number }

// Nodes tells about every node, in the order of the configuration.
func (c *Client) Nodes() []NodeStatus { return c.nodes.Status() }

// RPC returns the JSON-RPC client underneath, with the same nodes, deadlines and bounds.
func (c *Client) RPC() *rpc.Client { return c.rpc }

// Eth returns Ethereum's methods on the same connection.
func (c *Client) Eth() *ethclient.Client { return ethclient.NewClient(c.rpc) }

// Close ends the connections.
func (c *Client) Close() { c.nodes.Close() }

// BalanceOf returns what an address holds of an asset after a block, as the node says. It
// is not proven against the block's state root: it serves to compare with books that are.
// ErrNotFound when the node does not have the block.
func (c *Client) BalanceOf(ctx context.Context, asset coffer.AssetID, address coffer.Address, block coffer.Hash) (coffer.Amount, error) {
	owner, err := canonicalAddress(address)
	if err != nil {
		return coffer.Amount{}, err
	}
	if asset == c.config.Native {
		balance, err := c.Eth().BalanceAtHash(ctx, owner, common.Hash(block))
		if err != nil {
			return coffer.Amount{}, fmt.Errorf("native balance of %s: %w", address, notFound(err))
		}
		return amountFromBig(balance)
	}
	token, err := tokenOf(c.config.Chain, asset)
	if err != nil {
		return coffer.Amount{}, err
	}
	amount, err := c.callAmount(ctx, token, bindings.NewTestToken().PackBalanceOf(owner), block)
	if err != nil {
		return coffer.Amount{}, fmt.Errorf("balance of %s in %s: %w", address, asset, err)
	}
	return amount, nil
}

// DepositOf returns the gas money of an account in the EntryPoint after a block, in wei.
func (c *Client) DepositOf(ctx context.Context, address coffer.Address, block coffer.Hash) (coffer.Amount, error) {
	owner, err := canonicalAddress(address)
	if err != nil {
		return coffer.Amount{}, err
	}
	amount, err := c.callAmount(ctx, c.config.EntryPoint, bindings.NewEntryPoint().PackBalanceOf(owner), block)
	if err != nil {
		return coffer.Amount{}, fmt.Errorf("EntryPoint deposit of %s: %w", address, err)
	}
	return amount, nil
}

// callAmount calls a view function that returns one uint256. A zero block means the latest.
func (c *Client) callAmount(ctx context.Context, to common.Address, data []byte, block coffer.Hash) (coffer.Amount, error) {
	out, err := c.call(ctx, to, data, block)
	if err != nil {
		return coffer.Amount{}, err
	}
	if len(out) != 32 {
		return coffer.Amount{}, fmt.Errorf("%s answers %d bytes instead of a number", to, len(out))
	}
	return coffer.AmountFromBytes(out)
}

func (c *Client) call(ctx context.Context, to common.Address, data []byte, block coffer.Hash) ([]byte, error) {
	message := ethereum.CallMsg{To: &to, Data: data}
	var out []byte
	var err error
	if block.IsZero() {
		out, err = c.Eth().CallContract(ctx, message, nil)
	} else {
		out, err = c.Eth().CallContractAtHash(ctx, message, common.Hash(block))
	}
	if err != nil {
		return nil, notFound(err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s answers nothing: no such contract there", to)
	}
	return out, nil
}

// ErrOldHead is returned when the nodes answer from a block below one that was seen.
var ErrOldHead = errors.New("the nodes answer from an old head")

// latest returns the latest block, which is not below one that was seen before.
func (c *Client) latest(ctx context.Context) (coffer.Header, error) {
	var raw json.RawMessage
	if err := c.rpc.CallContext(ctx, &raw, "eth_getBlockByNumber", "latest", false); err != nil {
		return coffer.Header{}, fmt.Errorf("latest block: %w", err)
	}
	_, header, err := decodeHeader(raw)
	if err != nil {
		return coffer.Header{}, fmt.Errorf("latest block: %w", err)
	}
	if seen := c.nodes.seen(); header.Height < seen {
		return coffer.Header{}, fmt.Errorf("%w: height %d after %d", ErrOldHead, header.Height, seen)
	}
	return header, nil
}

// Nonce returns the next sequence of an account in a lane (EntryPoint key), in the latest
// block. A node that answers from an old head would name a sequence that is used: the block
// is fixed before the question.
func (c *Client) Nonce(ctx context.Context, account common.Address, lane string) (uint64, error) {
	key, err := parseLane(lane)
	if err != nil {
		return 0, err
	}
	head, err := c.latest(ctx)
	if err != nil {
		return 0, fmt.Errorf("nonce of %s in lane %s: %w", account, lane, err)
	}
	binding := bindings.NewEntryPoint()
	out, err := c.call(ctx, c.config.EntryPoint, binding.PackGetNonce(account, key.ToBig()), head.Hash)
	if err != nil {
		return 0, fmt.Errorf("nonce of %s in lane %s: %w", account, lane, err)
	}
	if len(out) != 32 {
		return 0, fmt.Errorf("nonce of %s: %d bytes instead of a number", account, len(out))
	}
	slot := slotOf(common.BytesToHash(out))
	if slot.Lane != lane {
		return 0, fmt.Errorf("nonce of %s: the EntryPoint answers for lane %s instead of %s", account, slot.Lane, lane)
	}
	return slot.Sequence, nil
}

// SafeNonce returns the next nonce of a Safe, in the latest block.
func (c *Client) SafeNonce(ctx context.Context, safe common.Address) (uint64, error) {
	head, err := c.latest(ctx)
	if err != nil {
		return 0, fmt.Errorf("nonce of Safe %s: %w", safe, err)
	}
	binding := bindings.NewSafe()
	out, err := c.call(ctx, safe, binding.PackNonce(), head.Hash)
	if err != nil {
		return 0, fmt.Errorf("nonce of Safe %s: %w", safe, err)
	}
	if len(out) != 32 {
		return 0, fmt.Errorf("nonce of Safe %s: %d bytes instead of a number", safe, len(out))
	}
	nonce := new(big.Int).SetBytes(out)
	if !nonce.IsUint64() {
		return 0, fmt.Errorf("nonce of Safe %s: %s", safe, nonce)
	}
	return nonce.Uint64(), nil
}

func amountFromBig(n *big.Int) (coffer.Amount, error) {
	if n == nil || n.Sign() < 0 {
		return coffer.Amount{}, errors.New("the node gave no number")
	}
	return coffer.AmountFromBytes(n.Bytes())
}
