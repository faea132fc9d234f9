package tron

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Client talks to the nodes of one chain. Its calls have deadlines and bounded answers, and go
// to another node when one fails or does not tell the truth. It is safe for concurrent use.
type Client struct {
	config Config
	nodes  *nodes
}

// Dial looks at every node: one at least must be usable. A node of another network is refused,
// one that does not follow the chain is not used until it does.
func Dial(ctx context.Context, config Config) (*Client, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	nodes, err := dialNodes(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", config.Chain, err)
	}
	return &Client{config: config, nodes: nodes}, nil
}

// Config returns what the client was made with, defaults filled in. It holds API keys.
func (c *Client) Config() Config { return c.config }

// Chain returns the chain's CAIP-2 identifier.
func (c *Client) Chain() coffer.ChainID { return c.config.Chain }

// Nodes tells about every node, in the order of the configuration.
func (c *Client) Nodes() []NodeStatus { return c.nodes.status() }

// Close ends the connections.
func (c *Client) Close() { c.nodes.close() }

// Call calls a method of protocol.Wallet or protocol.WalletSolidity that changes nothing, by
// its full name (tronpb.Wallet_GetAccount_FullMethodName), and decodes the answer, which is the
// word of one node. What a node does not have is an empty answer. Errors are for Classify.
func (c *Client) Call(ctx context.Context, method string, request, answer proto.Message) error {
	return c.nodes.ask(ctx, question{method, func(ctx context.Context, e *endpoint) error {
		proto.Reset(answer)
		return e.ask(ctx, method, request, answer)
	}})
}

// Broadcast gives a signed transaction (protocol.Transaction), byte for byte, to every node
// that can be used: the same bytes are one transaction however often they are sent. It returns
// nil when one at least took it, which says nothing yet of blocks. ErrUnknownOutcome: it may be
// out. Otherwise a BroadcastError of the class that leaves the most open: Verify before Retry,
// Resources, Rebuild and Never.
func (c *Client) Broadcast(ctx context.Context, signed []byte) error {
	taken, unknown := false, false
	var said []error
	err := c.nodes.each(ctx, "broadcast", func(ctx context.Context, e *endpoint) (bool, error) {
		raw, sent, err := e.call(ctx, tronpb.Wallet_BroadcastTransaction_FullMethodName, signed)
		if err == nil {
			var answer tronpb.Return
			if err = decode(raw, &answer); err == nil {
				if err = broadcastError(&answer); err == nil {
					taken = true
					return false, nil
				}
				said = append(said, fmt.Errorf("%s: %w", e.host, err))
				return false, err
			}
		}
		unknown = unknown || (sent && !isRefusal(err) && Classify(err) == Unclassified)
		return false, err
	})
	switch {
	case taken:
		return nil
	case unknown:
		return fmt.Errorf("broadcast: %w: %w", ErrUnknownOutcome, err)
	}
	for _, class := range []Class{Verify, Retry, Resources, Rebuild, Never} {
		for _, one := range said {
			if Classify(one) == class {
				return fmt.Errorf("broadcast: %w", one)
			}
		}
	}
	return err
}

// Solid returns the newest solidified block: no node takes it back.
func (c *Client) Solid(ctx context.Context) (coffer.Header, error) {
	var solid provenHeader
	err := c.nodes.ask(ctx, question{"solidified block", func(ctx context.Context, e *endpoint) (err error) {
		solid, err = e.header(ctx, tronpb.WalletSolidity_GetBlock_FullMethodName, "")
		return err
	}})
	if err != nil {
		return coffer.Header{}, fmt.Errorf("%s: %w", c.config.Chain, err)
	}
	return solid.Header, nil
}

// Account returns what a node's head knows of an account; coffer.ErrNotFound when it was never
// activated.
func (c *Client) Account(ctx context.Context, address Address) (*tronpb.Account, error) {
	var account tronpb.Account
	err := c.Call(ctx, tronpb.Wallet_GetAccount_FullMethodName, &tronpb.Account{Address: address.Bytes()}, &account)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", address, err)
	}
	if len(account.GetAddress()) == 0 {
		return nil, fmt.Errorf("account %s: %w", address, coffer.ErrNotFound)
	}
	if got, err := AddressFromBytes(account.GetAddress()); err != nil || got != address {
		return nil, fmt.Errorf("account %s: %w: the node gave another one", address, ErrNotProven)
	}
	if account.GetBalance() < 0 {
		return nil, fmt.Errorf("account %s: %w: a balance of %d", address, ErrNotProven, account.GetBalance())
	}
	return &account, nil
}

// Resources returns the bandwidth and energy of an account in a node's head. Those of an
// account that was never activated are empty.
func (c *Client) Resources(ctx context.Context, address Address) (*tronpb.AccountResourceMessage, error) {
	var resources tronpb.AccountResourceMessage
	err := c.Call(ctx, tronpb.Wallet_GetAccountResource_FullMethodName, &tronpb.Account{Address: address.Bytes()}, &resources)
	if err != nil {
		return nil, fmt.Errorf("resources of %s: %w", address, err)
	}
	return &resources, nil
}

// Constant is what a call of a contract would do in a node's head.
type Constant struct {
	Result   []byte
	Energy   uint64 // with the penalty of dynamic energy
	Penalty  uint64 // of Energy
	Reverted bool
	Reason   string // why it reverted, as far as the node says
}

// Constant calls a contract without a transaction. Energy is the word of one node.
func (c *Client) Constant(ctx context.Context, from, contract Address, data []byte) (Constant, error) {
	request := &tronpb.TriggerSmartContract{OwnerAddress: from.Bytes(), ContractAddress: contract.Bytes(), Data: data}
	var answer tronpb.TransactionExtention
	if err := c.Call(ctx, tronpb.Wallet_TriggerConstantContract_FullMethodName, request, &answer); err != nil {
		return Constant{}, fmt.Errorf("call of %s: %w", contract, err)
	}
	message := readable(answer.GetResult().GetMessage(), maxReason)
	if !answer.GetResult().GetResult() {
		return Constant{}, fmt.Errorf("call of %s: %w", contract, broadcastError(answer.GetResult()))
	}
	if answer.GetEnergyPenalty() < 0 || answer.GetEnergyUsed() < answer.GetEnergyPenalty() || len(answer.GetConstantResult()) > 1 {
		return Constant{}, fmt.Errorf("call of %s: %w: energy %d, of which %d penalty, %d results",
			contract, ErrNotProven, answer.GetEnergyUsed(), answer.GetEnergyPenalty(), len(answer.GetConstantResult()))
	}
	called := Constant{Energy: uint64(answer.GetEnergyUsed()), Penalty: uint64(answer.GetEnergyPenalty())} // #nosec G115 -- not negative
	if results := answer.GetConstantResult(); len(results) == 1 {
		called.Result = results[0]
	}
	for _, ret := range answer.GetTransaction().GetRet() {
		called.Reverted = called.Reverted || ret.GetRet() == tronpb.Transaction_Result_FAILED
	}
	if called.Reverted {
		called.Reason = reasonOf(message, called.Result)
	}
	return called, nil
}

// Receipt is what became of a transaction.
type Receipt struct {
	Block   coffer.BlockRef // its hash is not proven: zero
	Success bool
	Result  string // "SUCCESS", "REVERT", "OUT_OF_ENERGY", …
	Reason  string
	Fee     uint64 // sun: all that the transaction burned
	Energy  uint64 // with the penalty, whoever paid
	Penalty uint64 // of that, what dynamic energy added
	Net     uint64 // bytes of bandwidth that were staked or free
	Cost    coffer.Cost
}

// Receipt returns what became of a transaction in a solidified block, as one node says it;
// coffer.ErrNotFound while it is in none.
func (c *Client) Receipt(ctx context.Context, id coffer.Hash) (Receipt, error) {
	return c.receipt(ctx, tronpb.WalletSolidity_GetTransactionInfoById_FullMethodName, id)
}

// HeadReceipt is Receipt for any block of the chain.
func (c *Client) HeadReceipt(ctx context.Context, id coffer.Hash) (Receipt, error) {
	return c.receipt(ctx, tronpb.Wallet_GetTransactionInfoById_FullMethodName, id)
}

func (c *Client) receipt(ctx context.Context, method string, id coffer.Hash) (Receipt, error) {
	var found Receipt
	err := c.nodes.ask(ctx, question{"receipt " + id.String(), func(ctx context.Context, e *endpoint) error {
		var info tronpb.TransactionInfo
		if err := e.ask(ctx, method, &tronpb.BytesMessage{Value: id[:]}, &info); err != nil {
			return err
		}
		if len(info.GetId()) == 0 {
			return coffer.ErrNotFound
		}
		if sized(info.GetId()) != id {
			return fmt.Errorf("%w: the node gave transaction %x", ErrNotProven, info.GetId())
		}
		var err error
		found, err = receiptOf(&info)
		return err
	}})
	return found, err
}

// HasTransaction reports whether a solidified block holds a transaction, as one node says it.
func (c *Client) HasTransaction(ctx context.Context, id coffer.Hash) (bool, error) {
	_, err := c.Receipt(ctx, id)
	if errors.Is(err, coffer.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
