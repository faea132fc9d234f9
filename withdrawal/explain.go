package withdrawal

import (
	"context"
	"fmt"

	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// Explain says what policy would make of a request now, on top of what was let pass in
// the last day. It writes and reserves nothing, so the answer may be another one by the
// time the request comes. Nobody is asked to screen it. The idempotency key and the balance are not looked at.
//
// Errors: CodeInvalid with the field, CodeNotFound (account).
func (s *Service) Explain(ctx context.Context, r Request) (policy.Decision, error) {
	r.IdempotencyKey = "explain" // of nothing that is stored
	if err := r.checkTexts(); err != nil {
		return policy.Decision{}, err
	}
	order, _, err := s.validate(ctx, r)
	if err != nil {
		return policy.Decision{}, err
	}
	resembles, err := s.resembles(ctx, order.Tenant, order.Account, r.Chain, order.Destination)
	if err != nil {
		return policy.Decision{}, err
	}
	destination, err := s.destination(ctx, s.sql, order, resembles)
	if err != nil {
		return policy.Decision{}, err
	}
	now := s.now()
	order.ID = r.IdempotencyKey
	order.Expires = now.Add(s.OrderTTL)

	spent, err := s.sql.Spent(ctx, withdrawalsql.SpentParams{
		Account: order.Account, Asset: string(order.Asset), Since: now.Add(-policy.Window), ID: order.ID,
	})
	if err != nil {
		return policy.Decision{}, fmt.Errorf("sum what was spent: %w", err)
	}
	return s.Policy.Evaluate(policy.Facts{
		Order: order, Now: now, Spent24h: spent.ByAccount, AssetSpent24h: &spent.ByAsset, Enforcer: policy.EnforcerCoordinator,
		Requested: now, Destination: destination, Screened: s.gated(),
	}), nil
}
