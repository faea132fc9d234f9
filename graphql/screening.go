package graphql

import (
	"context"
	"strings"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/withdrawal"
)

// maxStandings is how much of a customer's history is shown.
const maxStandings = 100

// WithdrawalReviews resolves Query.withdrawalReviews.
func (r *resolver) WithdrawalReviews(ctx context.Context, args listArgs) (withdrawalConnection, error) {
	who, err := principal(ctx, merchant.ScopeOperator)
	if err != nil {
		return withdrawalConnection{}, err
	}
	first, err := r.page(ctx, args.First)
	if err != nil {
		return withdrawalConnection{}, err
	}
	after, err := decodeCursor(cursorWithdrawal, args.After)
	if err != nil {
		return withdrawalConnection{}, err
	}
	found, err := r.config.Withdrawals.InReview(ctx, who.Tenant, after, first+1)
	if err != nil {
		return withdrawalConnection{}, err
	}
	return withdrawalConnection{r, newConnection(cursorWithdrawal, found, first, func(w coffer.Withdrawal) string { return w.ID })}, nil
}

// ReleaseWithdrawal resolves Mutation.releaseWithdrawal.
func (r *resolver) ReleaseWithdrawal(ctx context.Context, args decisionArgs) (*withdrawalNode, error) {
	return r.reviewed(ctx, args, r.config.Withdrawals.Release)
}

// RejectWithdrawal resolves Mutation.rejectWithdrawal.
func (r *resolver) RejectWithdrawal(ctx context.Context, args decisionArgs) (*withdrawalNode, error) {
	return r.reviewed(ctx, args, r.config.Withdrawals.Reject)
}

func (r *resolver) reviewed(ctx context.Context, args decisionArgs, decide func(context.Context, withdrawal.Decision) (coffer.Withdrawal, error)) (*withdrawalNode, error) {
	who, err := principal(ctx, merchant.ScopeOperator)
	if err != nil {
		return nil, err
	}
	if err := r.charge(ctx, costMutation); err != nil {
		return nil, err
	}
	switch {
	case args.IdempotencyKey == "":
		return nil, coffer.Invalid("idempotencyKey", "is missing")
	case args.Reason == "":
		return nil, coffer.Invalid("reason", "is missing")
	}
	return r.withdrawalNode(decide(ctx, withdrawal.Decision{
		Tenant: who.Tenant, Withdrawal: string(args.ID), Actor: "key:" + who.KeyID, Note: args.Reason, Key: args.IdempotencyKey,
	}))
}

// SetCustomerState resolves Mutation.setCustomerState.
func (r *resolver) SetCustomerState(ctx context.Context, args struct {
	Account identifier
	State   string
	Reason  string
},
) (*account, error) {
	who, err := principal(ctx, merchant.ScopeOperator)
	if err != nil {
		return nil, err
	}
	if err := r.charge(ctx, costMutation); err != nil {
		return nil, err
	}
	a, err := r.account(ctx, who.Tenant, string(args.Account))
	if err != nil {
		return nil, err
	}
	if r.config.Customers == nil {
		return nil, coffer.Errorf(coffer.CodeConflict, "where customers stand is not kept here")
	}
	_, err = r.config.Customers.Set(ctx, who.Tenant, a.a.ID, withdrawal.Standing{
		State: strings.ToLower(args.State), Reason: args.Reason, Actor: "key:" + who.KeyID,
	})
	return a, err
}

// Standing resolves Account.standing.
func (a *account) Standing(ctx context.Context) (*[]standing, error) {
	if err := a.r.forOperators(ctx); err != nil || a.r.config.Customers == nil {
		return nil, err
	}
	history, err := a.r.config.Customers.History(ctx, a.a.Tenant, a.a.ID, maxStandings)
	if err != nil {
		return nil, err
	}
	standings := make([]standing, len(history))
	for i, s := range history {
		standings[i] = standing{s}
	}
	return &standings, nil
}

// forOperators refuses keys that are not an operator's, and charges for an object.
func (r *resolver) forOperators(ctx context.Context) error {
	if _, err := principal(ctx, merchant.ScopeOperator); err != nil {
		return err
	}
	return r.charge(ctx, 1)
}

type standing struct{ s withdrawal.Standing }

func (s standing) State() string  { return strings.ToUpper(s.s.State) }
func (s standing) Reason() string { return s.s.Reason }
func (s standing) Actor() string  { return s.s.Actor }
func (s standing) At() timestamp  { return timestamp{s.s.At} }

// Screenings resolves Withdrawal.screenings.
func (n *withdrawalNode) Screenings(ctx context.Context) (*[]withdrawalScreening, error) {
	if err := n.r.forOperators(ctx); err != nil {
		return nil, err
	}
	found, err := n.r.config.Withdrawals.Screenings(ctx, n.w.ID)
	if err != nil {
		return nil, err
	}
	screenings := make([]withdrawalScreening, len(found))
	for i, s := range found {
		screenings[i] = withdrawalScreening{s}
	}
	return &screenings, nil
}

type withdrawalScreening struct{ s withdrawal.Screening }

func (s withdrawalScreening) Screener() string      { return s.s.Screener }
func (s withdrawalScreening) Verdict() string       { return strings.ToUpper(s.s.Verdict) }
func (s withdrawalScreening) Evidence() string      { return s.s.Evidence }
func (s withdrawalScreening) At() timestamp         { return timestamp{s.s.At} }
func (s withdrawalScreening) ValidUntil() timestamp { return timestamp{s.s.ValidUntil} }

// Reviews resolves Withdrawal.reviews.
func (n *withdrawalNode) Reviews(ctx context.Context) (*[]withdrawalReview, error) {
	if err := n.r.forOperators(ctx); err != nil {
		return nil, err
	}
	found, err := n.r.config.Withdrawals.Reviews(ctx, n.w.ID)
	if err != nil {
		return nil, err
	}
	reviews := make([]withdrawalReview, len(found))
	for i, v := range found {
		reviews[i] = withdrawalReview{v}
	}
	return &reviews, nil
}

type withdrawalReview struct{ v withdrawal.Review }

func (v withdrawalReview) Action() string { return strings.ToUpper(v.v.Action) }
func (v withdrawalReview) Actor() string  { return v.v.Actor }
func (v withdrawalReview) Reason() string { return v.v.Note }
func (v withdrawalReview) At() timestamp  { return timestamp{v.v.At} }

// Revocation resolves Withdrawal.revocation.
func (n *withdrawalNode) Revocation(ctx context.Context) (*revocation, error) {
	if err := n.r.charge(ctx, 1); err != nil {
		return nil, err
	}
	found, err := n.r.config.Withdrawals.Revocation(ctx, n.w.ID)
	if err != nil || found == nil {
		return nil, err
	}
	return &revocation{*found}, nil
}

type revocation struct{ v withdrawal.Revocation }

func (v *revocation) Reason() string       { return v.v.Reason }
func (v *revocation) CreatedAt() timestamp { return timestamp{v.v.CreatedAt} }
func (v *revocation) Failures() int32      { return toInt32(uint64(max(v.v.Tries, 0))) } // #nosec G115 -- bounded here

func (v *revocation) StoredAt() *timestamp {
	if v.v.Delivered.IsZero() {
		return nil
	}
	return &timestamp{v.v.Delivered}
}
