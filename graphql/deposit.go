package graphql

import (
	"context"
	"strconv"
	"strings"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/merchant"
)

const cursorDeposit = "deposit"

// Deposit resolves Query.deposit.
func (r *resolver) Deposit(ctx context.Context, args struct{ ID identifier }) (*depositNode, error) {
	who, err := principal(ctx, merchant.ScopeRead)
	if err != nil {
		return nil, err
	}
	if err := r.charge(ctx, 1); err != nil {
		return nil, err
	}
	d, err := r.config.Deposits.Get(ctx, who.Tenant, string(args.ID))
	if err != nil {
		return nil, err
	}
	return &depositNode{r, d}, nil
}

// stateArgs are the arguments of lists of things with a state.
type stateArgs struct {
	Account *identifier
	State   *string
	First   *int32
	After   *string
}

// Deposits resolves Query.deposits.
func (r *resolver) Deposits(ctx context.Context, args stateArgs) (depositConnection, error) {
	who, err := principal(ctx, merchant.ScopeRead)
	if err != nil {
		return depositConnection{}, err
	}
	return r.deposits(ctx, who.Tenant, args.Account.text(), ownArgs{args.State, args.First, args.After})
}

func (r *resolver) deposits(ctx context.Context, tenant, account string, args ownArgs) (depositConnection, error) {
	first, err := r.page(ctx, args.First)
	if err != nil {
		return depositConnection{}, err
	}
	after, err := decodeCursor(cursorDeposit, args.After)
	if err != nil {
		return depositConnection{}, err
	}
	filter := deposit.Filter{Account: account, After: after, First: first + 1}
	if args.State != nil {
		filter.State = coffer.DepositState(strings.ToLower(*args.State))
	}
	found, err := r.config.Deposits.List(ctx, tenant, filter)
	if err != nil {
		return depositConnection{}, err
	}
	return depositConnection{r, newConnection(cursorDeposit, found, first, func(d coffer.Deposit) string { return d.ID })}, nil
}

type depositConnection struct {
	r *resolver
	c connection[coffer.Deposit]
}

func (c depositConnection) PageInfo() pageInfo { return c.c.info }

func (c depositConnection) Edges() []depositEdge {
	edges := make([]depositEdge, len(c.c.nodes))
	for i, d := range c.c.nodes {
		edges[i] = depositEdge{&depositNode{c.r, d}}
	}
	return edges
}

type depositEdge struct{ node *depositNode }

func (e depositEdge) Cursor() string     { return encodeCursor(cursorDeposit, e.node.d.ID) }
func (e depositEdge) Node() *depositNode { return e.node }

type depositNode struct {
	r *resolver
	d coffer.Deposit
}

func (n *depositNode) ID() identifier        { return identifier(n.d.ID) }
func (n *depositNode) Chain() chainID        { return chainID(n.d.Chain) }
func (n *depositNode) AssetID() assetID      { return assetID(n.d.Asset) }
func (n *depositNode) Amount() decimal       { return n.r.asset(n.d.Asset).units(n.d.Amount) }
func (n *depositNode) Address() string       { return string(n.d.Address) }
func (n *depositNode) From() string          { return string(n.d.From) }
func (n *depositNode) Tx() hash              { return hash{n.d.Tx} }
func (n *depositNode) Ref() string           { return n.d.Ref }
func (n *depositNode) BlockHeight() string   { return strconv.FormatUint(n.d.Block.Height, 10) }
func (n *depositNode) BlockHash() hash       { return hash{n.d.Block.Hash} }
func (n *depositNode) Confirmations() string { return strconv.FormatUint(n.d.Confirmations, 10) }
func (n *depositNode) State() string         { return strings.ToUpper(string(n.d.State)) }
func (n *depositNode) Reason() *string       { return optional(n.d.Reason) }
func (n *depositNode) CreatedAt() timestamp  { return timestamp{n.d.CreatedAt} }
func (n *depositNode) UpdatedAt() timestamp  { return timestamp{n.d.UpdatedAt} }

func (n *depositNode) Asset() *asset {
	if _, known := n.r.assets[n.d.Asset]; !known {
		return nil
	}
	a := n.r.asset(n.d.Asset)
	return &a
}

func (n *depositNode) Account(ctx context.Context) (*account, error) {
	return n.r.account(ctx, n.d.Tenant, n.d.Account)
}
