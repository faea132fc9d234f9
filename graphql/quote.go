package graphql

import (
	"context"

	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/withdrawal"
)

// QuoteWithdrawal resolves Mutation.quoteWithdrawal. It moves no money and holds none.
func (r *resolver) QuoteWithdrawal(ctx context.Context, args struct{ Input withdrawalInput }) (*quoteNode, error) {
	who, err := principal(ctx, merchant.ScopeWithdraw)
	if err != nil {
		return nil, err
	}
	if err := r.charge(ctx, costMutation); err != nil {
		return nil, err
	}
	q, err := r.config.Withdrawals.Quote(ctx, args.Input.request(who.Tenant, ""))
	if err != nil {
		return nil, err
	}
	return &quoteNode{r, q}, nil
}

type quoteNode struct {
	r *resolver
	q withdrawal.Quote
}

func (n *quoteNode) ID() identifier      { return identifier(n.q.ID) }
func (n *quoteNode) Chain() chainID      { return chainID(n.q.Asset.Chain()) }
func (n *quoteNode) Asset() asset        { return n.r.asset(n.q.Asset) }
func (n *quoteNode) Destination() string { return string(n.q.Destination) }
func (n *quoteNode) Amount() decimal     { return n.Asset().units(n.q.Amount) }
func (n *quoteNode) Fee() decimal        { return n.Asset().units(n.q.Fee) }
func (n *quoteNode) Expires() timestamp  { return timestamp{n.q.Expires} }

func (n *quoteNode) Account(ctx context.Context) (*account, error) {
	return n.r.account(ctx, n.q.Tenant, n.q.Account)
}

func (n *quoteNode) Total() (decimal, error) {
	total, err := n.q.Amount.Add(n.q.Fee)
	return n.Asset().units(total), err
}
