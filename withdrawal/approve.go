package withdrawal

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// Approve adds a person's approval of a tenant's order. The same person approving again
// changes nothing, unless the earlier approval expired. Policy is asked again: with enough
// people the withdrawal becomes approved, and if a limit was used up meanwhile, rejected.
//
// Errors: CodeNotFound, CodeInvalid (signature, order, key of nobody, expired),
// CodeConflict (not waiting for approval).
func (s *Service) Approve(ctx context.Context, tenant, id string, a coffer.Approval) (coffer.Withdrawal, error) {
	if err := checkText("id", id, 1, maxIDBytes); err != nil {
		return coffer.Withdrawal{}, err
	}
	var w coffer.Withdrawal
	err := s.DB.Tx(ctx, func(tx pgx.Tx) error {
		r, err := s.lockOwn(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		if err := s.approve(ctx, tx, &r, a); err != nil {
			return err
		}
		s.checkpoint("withdrawal.approving")
		w = r.Withdrawal
		return nil
	})
	if err != nil {
		return coffer.Withdrawal{}, err
	}
	s.checkpoint("withdrawal.approved")
	return w, nil
}

func (s *Service) approve(ctx context.Context, tx pgx.Tx, r *record, a coffer.Approval) error {
	now := s.now()
	if a.Order != r.OrderHash {
		return coffer.Invalid("order", "the approval is for another order than %s", r.OrderHash)
	}
	if a.Expires.Before(s.payableAfter(r.Order.Asset.Chain())) {
		return coffer.Invalid("expires", "the approval must last %s, so that it can still be paid on", s.MarginOf(r.Order.Asset.Chain()))
	}
	newcomer, refused := s.Policy.Approvers(r.Order, []coffer.Approval{a}, now)
	if len(refused) > 0 || len(newcomer) != 1 {
		return &coffer.Error{Code: coffer.CodeInvalid, Field: "signature", Message: "the approval does not count: " + fmt.Sprint(refused), Cause: policy.VerifyApproval(r.Order, a)}
	}
	people, _ := s.Policy.Approvers(r.Order, r.Approvals, now) // expired ones do not count
	for _, person := range people {
		if person == newcomer[0] {
			return nil
		}
	}
	if r.State != coffer.WithdrawalAwaitingApproval {
		return coffer.Errorf(coffer.CodeConflict, "the withdrawal is %s, not waiting for approval", r.State)
	}

	q := s.sql.WithTx(tx)
	err := q.SaveApproval(ctx, withdrawalsql.SaveApprovalParams{
		WithdrawalID: r.ID, Person: newcomer[0], OrderHash: a.Order, Scheme: a.Scheme, Key: a.Key,
		Expires: a.Expires, Signature: a.Signature, CreatedAt: now,
	})
	if err != nil {
		return fmt.Errorf("store the approval of %s: %w", r.ID, err)
	}
	approvals, err := q.Approvals(ctx, []string{r.ID})
	if err != nil {
		return fmt.Errorf("read approvals: %w", err)
	}
	r.Approvals = r.Approvals[:0]
	for _, a := range approvals {
		r.Approvals = append(r.Approvals, toApproval(a))
	}
	return s.decide(ctx, tx, r)
}

// Cancel ends a tenant's withdrawal until a signature was asked for. While a payout is
// being prepared it asks the payout to let go: the withdrawal is then still paying, with
// a reason that says so, and ends as cancelled unless signatures were asked for first.
// Cancelling again is a no-op.
//
// Errors: CodeNotFound, CodeConflict (too late, or ended otherwise).
func (s *Service) Cancel(ctx context.Context, tenant, id string) (coffer.Withdrawal, error) {
	if err := checkText("id", id, 1, maxIDBytes); err != nil {
		return coffer.Withdrawal{}, err
	}
	var w coffer.Withdrawal
	err := s.DB.Tx(ctx, func(tx pgx.Tx) error {
		r, err := s.lockOwn(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		if err := s.cancel(ctx, tx, &r); err != nil {
			return err
		}
		s.checkpoint("withdrawal.cancelling")
		w = r.Withdrawal
		return nil
	})
	if err != nil {
		return coffer.Withdrawal{}, err
	}
	s.checkpoint("withdrawal.cancelled")
	return w, nil
}

const byCustomer = "cancelled by the customer"

func (s *Service) cancel(ctx context.Context, tx pgx.Tx, r *record) error {
	switch {
	case r.State == coffer.WithdrawalCancelled || r.cancelling:
		return nil
	case r.State == coffer.WithdrawalPaying && !r.committed:
		r.cancelling, r.Reason = true, "cancellation asked for"
		return s.save(ctx, tx, r)
	case r.State == coffer.WithdrawalPaying || !coffer.WithdrawalMoves.Allowed(r.State, coffer.WithdrawalCancelled):
		return coffer.Errorf(coffer.CodeConflict, "the withdrawal is %s: too late to cancel", r.State)
	}
	return s.giveBack(ctx, tx, r, coffer.WithdrawalCancelled, byCustomer)
}
