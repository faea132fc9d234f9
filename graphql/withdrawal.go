package graphql

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/withdrawal"
)

const cursorWithdrawal = "withdrawal"

// withdrawalInput is the input of the same name.
type withdrawalInput struct {
	Account     identifier
	Asset       assetID
	Destination string
	Memo        *string
	Amount      decimal
}

func (i withdrawalInput) request(tenant, idempotencyKey string) withdrawal.Request {
	asset, memo := coffer.AssetID(i.Asset), ""
	if i.Memo != nil {
		memo = *i.Memo
	}
	return withdrawal.Request{
		Tenant: tenant, Account: string(i.Account), IdempotencyKey: idempotencyKey,
		Chain: asset.Chain(), Asset: asset, Destination: i.Destination, Memo: memo, Amount: string(i.Amount),
	}
}

// Withdrawal resolves Query.withdrawal.
func (r *resolver) Withdrawal(ctx context.Context, args struct{ ID identifier }) (*withdrawalNode, error) {
	who, err := principal(ctx, merchant.ScopeRead)
	if err != nil {
		return nil, err
	}
	if err := r.charge(ctx, 1); err != nil {
		return nil, err
	}
	return r.withdrawalNode(r.config.Withdrawals.Get(ctx, who.Tenant, string(args.ID)))
}

func (r *resolver) withdrawalNode(w coffer.Withdrawal, err error) (*withdrawalNode, error) {
	if err != nil {
		return nil, err
	}
	return &withdrawalNode{r, w}, nil
}

// Withdrawals resolves Query.withdrawals.
func (r *resolver) Withdrawals(ctx context.Context, args stateArgs) (withdrawalConnection, error) {
	who, err := principal(ctx, merchant.ScopeRead)
	if err != nil {
		return withdrawalConnection{}, err
	}
	return r.withdrawals(ctx, who.Tenant, args.Account.text(), ownArgs{args.State, args.First, args.After})
}

func (r *resolver) withdrawals(ctx context.Context, tenant, account string, args ownArgs) (withdrawalConnection, error) {
	first, err := r.page(ctx, args.First)
	if err != nil {
		return withdrawalConnection{}, err
	}
	after, err := decodeCursor(cursorWithdrawal, args.After)
	if err != nil {
		return withdrawalConnection{}, err
	}
	filter := withdrawal.Filter{Account: account, After: after, First: first + 1}
	if args.State != nil {
		filter.State = coffer.WithdrawalState(strings.ToLower(*args.State))
	}
	found, err := r.config.Withdrawals.List(ctx, tenant, filter)
	if err != nil {
		return withdrawalConnection{}, err
	}
	return withdrawalConnection{r, newConnection(cursorWithdrawal, found, first, func(w coffer.Withdrawal) string { return w.ID })}, nil
}

// ExplainWithdrawal resolves Query.explainWithdrawal.
func (r *resolver) ExplainWithdrawal(ctx context.Context, args struct{ Input withdrawalInput }) (*policyDecision, error) {
	who, err := principal(ctx, merchant.ScopeRead)
	if err != nil {
		return nil, err
	}
	if err := r.charge(ctx, costExplain); err != nil {
		return nil, err
	}
	decision, err := r.config.Withdrawals.Explain(ctx, args.Input.request(who.Tenant, ""))
	if err != nil {
		return nil, err
	}
	return &policyDecision{decision}, nil
}

// RequestWithdrawal resolves Mutation.requestWithdrawal.
func (r *resolver) RequestWithdrawal(ctx context.Context, args struct {
	IdempotencyKey string
	Input          withdrawalInput
	Quote          *identifier
},
) (*withdrawalNode, error) {
	who, err := principal(ctx, merchant.ScopeWithdraw)
	if err != nil {
		return nil, err
	}
	if err := r.charge(ctx, costMutation); err != nil {
		return nil, err
	}
	request := args.Input.request(who.Tenant, args.IdempotencyKey)
	request.Quote = args.Quote.text()
	if args.Quote != nil && request.Quote == "" {
		return nil, coffer.Invalid("quote", "is empty")
	}
	return r.withdrawalNode(r.config.Withdrawals.Request(ctx, request))
}

// ApproveWithdrawal resolves Mutation.approveWithdrawal.
func (r *resolver) ApproveWithdrawal(ctx context.Context, args struct {
	ID    identifier
	Input struct {
		Scheme    string
		Key       string
		Expires   timestamp
		Signature string
	}
},
) (*withdrawalNode, error) {
	who, err := principal(ctx, merchant.ScopeApprove)
	if err != nil {
		return nil, err
	}
	if err := r.charge(ctx, costMutation); err != nil {
		return nil, err
	}
	digits, ok := strings.CutPrefix(args.Input.Signature, "0x")
	signature, err := hex.DecodeString(digits)
	if !ok || err != nil || len(signature) > 65 {
		return nil, coffer.Invalid("signature", "want 0x and at most 130 hex digits")
	}
	w, err := r.config.Withdrawals.Get(ctx, who.Tenant, string(args.ID))
	if err != nil {
		return nil, err
	}
	return r.withdrawalNode(r.config.Withdrawals.Approve(ctx, who.Tenant, w.ID, coffer.Approval{
		Order: w.OrderHash, Scheme: strings.ToLower(args.Input.Scheme), Key: args.Input.Key,
		Expires: args.Input.Expires.Time, Signature: signature,
	}))
}

// CancelWithdrawal resolves Mutation.cancelWithdrawal.
func (r *resolver) CancelWithdrawal(ctx context.Context, args struct{ ID identifier }) (*withdrawalNode, error) {
	who, err := principal(ctx, merchant.ScopeWithdraw)
	if err != nil {
		return nil, err
	}
	if err := r.charge(ctx, costMutation); err != nil {
		return nil, err
	}
	return r.withdrawalNode(r.config.Withdrawals.Cancel(ctx, who.Tenant, string(args.ID)))
}

type withdrawalConnection struct {
	r *resolver
	c connection[coffer.Withdrawal]
}

func (c withdrawalConnection) PageInfo() pageInfo { return c.c.info }

func (c withdrawalConnection) Edges() []withdrawalEdge {
	edges := make([]withdrawalEdge, len(c.c.nodes))
	for i, w := range c.c.nodes {
		edges[i] = withdrawalEdge{&withdrawalNode{c.r, w}}
	}
	return edges
}

type withdrawalEdge struct{ node *withdrawalNode }

func (e withdrawalEdge) Cursor() string        { return encodeCursor(cursorWithdrawal, e.node.w.ID) }
func (e withdrawalEdge) Node() *withdrawalNode { return e.node }

type withdrawalNode struct {
	r *resolver
	w coffer.Withdrawal
}

func (n *withdrawalNode) ID() identifier           { return identifier(n.w.ID) }
func (n *withdrawalNode) Chain() chainID           { return chainID(n.w.Asset.Chain()) }
func (n *withdrawalNode) Asset() asset             { return n.r.asset(n.w.Asset) }
func (n *withdrawalNode) Amount() decimal          { return n.Asset().units(n.w.Amount) }
func (n *withdrawalNode) Fee() decimal             { return n.Asset().units(n.w.Fee) }
func (n *withdrawalNode) Destination() string      { return string(n.w.Destination) }
func (n *withdrawalNode) Memo() string             { return n.w.Memo }
func (n *withdrawalNode) Internal() bool           { return n.w.Internal }
func (n *withdrawalNode) OrderHash() hash          { return hash{n.w.OrderHash} }
func (n *withdrawalNode) Expires() timestamp       { return timestamp{n.w.Expires} }
func (n *withdrawalNode) State() string            { return strings.ToUpper(string(n.w.State)) }
func (n *withdrawalNode) Reason() *string          { return optional(n.w.Reason) }
func (n *withdrawalNode) Payout() *string          { return optional(n.w.Payout) }
func (n *withdrawalNode) CreatedAt() timestamp     { return timestamp{n.w.CreatedAt} }
func (n *withdrawalNode) UpdatedAt() timestamp     { return timestamp{n.w.UpdatedAt} }
func (n *withdrawalNode) ApprovalsRequired() int32 { return toInt32(n.w.ApprovalsRequired) }

func (n *withdrawalNode) Tx() *hash {
	if n.w.Tx == nil {
		return nil
	}
	return &hash{*n.w.Tx}
}

func (n *withdrawalNode) Account(ctx context.Context) (*account, error) {
	if strings.HasPrefix(n.w.Account, withdrawal.RefundPrefix) { // no customer's
		return &account{n.r, merchant.Account{ID: n.w.Account, Tenant: n.w.Tenant, Name: "Refund of a deposit", CreatedAt: n.w.CreatedAt}}, nil
	}
	return n.r.account(ctx, n.w.Tenant, n.w.Account)
}

func (n *withdrawalNode) Approvals() []approval {
	approvals := make([]approval, len(n.w.Approvals))
	for i, a := range n.w.Approvals {
		approvals[i] = approval{a}
	}
	return approvals
}

// ApprovalDigest resolves Withdrawal.approvalDigest.
func (n *withdrawalNode) ApprovalDigest(args struct {
	Scheme  string
	Expires timestamp
},
) (string, error) {
	digest, err := policy.ApprovalDigest(n.w.Order, strings.ToLower(args.Scheme), args.Expires.Time)
	if err != nil {
		return "", coffer.Invalid("expires", "no approval can be made of this: %v", err)
	}
	return "0x" + hex.EncodeToString(digest), nil
}

// ApprovalTypedData resolves Withdrawal.approvalTypedData.
func (n *withdrawalNode) ApprovalTypedData(args struct{ Expires timestamp }) (string, error) {
	data, err := policy.TypedData(n.w.Order, args.Expires.Time)
	if err != nil {
		return "", coffer.Invalid("expires", "no approval can be made of this: %v", err)
	}
	return string(data), nil
}

type approval struct{ a coffer.Approval }

func (a approval) Scheme() string     { return strings.ToUpper(a.a.Scheme) }
func (a approval) Key() string        { return a.a.Key }
func (a approval) Expires() timestamp { return timestamp{a.a.Expires} }

type policyDecision struct{ d policy.Decision }

func (d *policyDecision) Verdict() string          { return strings.ToUpper(d.d.Verdict) }
func (d *policyDecision) ApprovalsRequired() int32 { return toInt32(d.d.Approvals) }

func (d *policyDecision) Rules() []policyResult {
	results := make([]policyResult, len(d.d.Results))
	for i, result := range d.d.Results {
		results[i] = policyResult{result}
	}
	return results
}

type policyResult struct{ r policy.Result }

func (r policyResult) Rule() string { return r.r.Rule }
func (r policyResult) Passed() bool { return r.r.Passed }
func (r policyResult) Text() string { return r.r.Text }
