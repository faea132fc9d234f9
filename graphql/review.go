package graphql

import (
	"context"
	"strconv"
	"strings"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/merchant"
)

const cursorReview = "deposit-review"

// DepositReviews resolves Query.depositReviews.
func (r *resolver) DepositReviews(ctx context.Context, args struct {
	Chain *chainID
	First *int32
	After *string
},
) (reviewConnection, error) {
	who, err := principal(ctx, merchant.ScopeOperator)
	if err != nil {
		return reviewConnection{}, err
	}
	first, err := r.page(ctx, args.First)
	if err != nil {
		return reviewConnection{}, err
	}
	after, err := decodeCursor(cursorReview, args.After)
	if err != nil {
		return reviewConnection{}, err
	}
	filter := deposit.ReviewFilter{Tenant: who.Tenant, After: after, First: first + 1}
	if args.Chain != nil {
		filter.Chain = coffer.ChainID(*args.Chain)
	}
	found, err := r.config.Deposits.Reviews(ctx, filter)
	if err != nil {
		return reviewConnection{}, err
	}
	return reviewConnection{r, newConnection(cursorReview, found, first, func(v deposit.Review) string { return v.Deposit.ID })}, nil
}

// decisionArgs are the arguments of mutations that decide about a deposit.
type decisionArgs struct {
	IdempotencyKey string
	ID             identifier
	Reason         string
}

// ReleaseDeposit resolves Mutation.releaseDeposit.
func (r *resolver) ReleaseDeposit(ctx context.Context, args decisionArgs) (*depositNode, error) {
	decision, err := r.decision(ctx, args)
	if err != nil {
		return nil, err
	}
	d, err := r.config.Deposits.Release(ctx, decision)
	if err != nil {
		return nil, err
	}
	return &depositNode{r, d}, nil
}

// RejectDeposit resolves Mutation.rejectDeposit.
func (r *resolver) RejectDeposit(ctx context.Context, args decisionArgs) (*depositNode, error) {
	decision, err := r.decision(ctx, args)
	if err != nil {
		return nil, err
	}
	d, err := r.config.Deposits.Reject(ctx, decision)
	if err != nil {
		return nil, err
	}
	return &depositNode{r, d}, nil
}

// RefundDeposit resolves Mutation.refundDeposit. The destination is never guessed: what
// sent a deposit may be an exchange's wallet, where the money would be lost.
func (r *resolver) RefundDeposit(ctx context.Context, args struct {
	IdempotencyKey string
	ID             identifier
	Destination    string
	Reason         string
},
) (*refundNode, error) {
	decision, err := r.decision(ctx, decisionArgs{args.IdempotencyKey, args.ID, args.Reason})
	if err != nil {
		return nil, err
	}
	if args.Destination == "" {
		return nil, coffer.Invalid("destination", "is missing")
	}
	refund, err := r.config.Deposits.Refund(ctx, decision, coffer.Address(args.Destination))
	if err != nil {
		return nil, err
	}
	return &refundNode{r, refund}, nil
}

func (r *resolver) decision(ctx context.Context, args decisionArgs) (deposit.Decision, error) {
	who, err := principal(ctx, merchant.ScopeOperator)
	if err != nil {
		return deposit.Decision{}, err
	}
	if err := r.charge(ctx, costMutation); err != nil {
		return deposit.Decision{}, err
	}
	if args.IdempotencyKey == "" {
		return deposit.Decision{}, coffer.Invalid("idempotencyKey", "is missing")
	}
	return deposit.Decision{Tenant: who.Tenant, Deposit: string(args.ID), Actor: "key:" + who.KeyID, Reason: args.Reason, Key: args.IdempotencyKey}, nil
}

type reviewConnection struct {
	r *resolver
	c connection[deposit.Review]
}

func (c reviewConnection) PageInfo() pageInfo { return c.c.info }

func (c reviewConnection) Edges() []reviewEdge {
	edges := make([]reviewEdge, len(c.c.nodes))
	for i, v := range c.c.nodes {
		edges[i] = reviewEdge{reviewNode{c.r, v}}
	}
	return edges
}

type reviewEdge struct{ node reviewNode }

func (e reviewEdge) Cursor() string   { return encodeCursor(cursorReview, e.node.v.Deposit.ID) }
func (e reviewEdge) Node() reviewNode { return e.node }

type reviewNode struct {
	r *resolver
	v deposit.Review
}

func (n reviewNode) Deposit() *depositNode { return &depositNode{n.r, n.v.Deposit} }
func (n reviewNode) Decidable() bool       { return n.v.Decidable }

func (n reviewNode) Screening() *screening {
	if n.v.Screening == nil {
		return nil
	}
	return &screening{*n.v.Screening}
}

type screening struct{ s deposit.Screening }

func (s *screening) Passed() bool     { return s.s.Pass }
func (s *screening) Score() int32     { return int32(max(-1<<31, min(s.s.Score, 1<<31-1))) } // #nosec G115 -- bounded here
func (s *screening) Category() string { return s.s.Category }
func (s *screening) Evidence() string { return s.s.Evidence }
func (s *screening) At() timestamp    { return timestamp{s.s.At} }

// Audit resolves Deposit.audit.
func (n *depositNode) Audit(ctx context.Context) ([]act, error) {
	if _, err := principal(ctx, merchant.ScopeOperator); err != nil {
		return nil, err
	}
	if err := n.r.charge(ctx, 1); err != nil {
		return nil, err
	}
	found, err := n.r.config.Deposits.Audit(ctx, n.d.Tenant, n.d.ID)
	if err != nil {
		return nil, err
	}
	acts := make([]act, len(found))
	for i, a := range found {
		acts[i] = act{a}
	}
	return acts, nil
}

type act struct{ a deposit.Act }

func (a act) Sequence() string { return strconv.FormatUint(a.a.Sequence, 10) }
func (a act) Action() string   { return strings.ToUpper(a.a.Action) }
func (a act) Actor() string    { return a.a.Actor }
func (a act) Reason() string   { return a.a.Reason }
func (a act) At() timestamp    { return timestamp{a.a.At} }

// Refunds resolves Deposit.refunds.
func (n *depositNode) Refunds(ctx context.Context) ([]*refundNode, error) {
	if _, err := principal(ctx, merchant.ScopeOperator); err != nil {
		return nil, err
	}
	if err := n.r.charge(ctx, 1); err != nil {
		return nil, err
	}
	found, err := n.r.config.Deposits.Refunds(ctx, n.d.Tenant, n.d.ID)
	if err != nil {
		return nil, err
	}
	refunds := make([]*refundNode, len(found))
	for i, refund := range found {
		refunds[i] = &refundNode{n.r, refund}
	}
	return refunds, nil
}

type refundNode struct {
	r      *resolver
	refund deposit.Refund
}

func (n *refundNode) ID() identifier       { return identifier(n.refund.ID) }
func (n *refundNode) Deposit() identifier  { return identifier(n.refund.Deposit) }
func (n *refundNode) Amount() decimal      { return n.r.asset(n.refund.Asset).units(n.refund.Amount) }
func (n *refundNode) Destination() string  { return string(n.refund.Destination) }
func (n *refundNode) State() string        { return strings.ToUpper(n.refund.State) }
func (n *refundNode) Reason() *string      { return optional(n.refund.Reason) }
func (n *refundNode) CreatedAt() timestamp { return timestamp{n.refund.CreatedAt} }
func (n *refundNode) UpdatedAt() timestamp { return timestamp{n.refund.UpdatedAt} }

func (n *refundNode) Payment() *identifier {
	if n.refund.Payment == "" {
		return nil
	}
	id := identifier(n.refund.Payment)
	return &id
}
