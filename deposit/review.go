package deposit

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
)

// Release ends the review of a deposit in the customer's favour: it is credited, and
// unlocked with the next block that is deep enough. reason is shown to the customer and
// says who decided. CodeConflict: it is not in review, or not yet deep enough to be
// credited.
func (s *Service) Release(ctx context.Context, tenant, id, reason string) (coffer.Deposit, error) {
	return s.decide(ctx, tenant, id, coffer.DepositCredited, reason, releaseEntry)
}

// Reject ends the review of a deposit against the customer: the money is kept in suspense.
func (s *Service) Reject(ctx context.Context, tenant, id, reason string) (coffer.Deposit, error) {
	return s.decide(ctx, tenant, id, coffer.DepositRejected, reason, rejectEntry)
}

func (s *Service) decide(ctx context.Context, tenant, id string, state coffer.DepositState, reason string,
	postings func(depositsql.Deposit) (debit, credit string)) (coffer.Deposit, error) {
	var decided coffer.Deposit
	err := s.DB.Tx(ctx, func(tx pgx.Tx) error {
		q := depositsql.New(tx)
		row, err := q.Deposit(ctx, depositsql.DepositParams{Tenant: tenant, ID: id})
		if errors.Is(err, pgx.ErrNoRows) {
			return notFound(id)
		}
		if err != nil {
			return err
		}
		// The chain's cursor first, as block events do: no block comes or goes meanwhile.
		cursor, err := q.LockCursor(ctx, row.Deposit.Chain)
		if err != nil {
			return err
		}
		d, err := q.LockDeposit(ctx, depositsql.LockDepositParams{Tenant: tenant, ID: id})
		if err != nil {
			return err
		}
		if d.State != string(coffer.DepositReview) {
			return coffer.Errorf(coffer.CodeConflict, "deposit %s is %s, not in review", id, d.State)
		}
		if cursor.Height == nil || *cursor.Height < d.CreditHeight {
			return coffer.Errorf(coffer.CodeConflict, "deposit %s has too few confirmations to be decided on", id)
		}

		c := &change{Service: s, tx: tx, q: q, chain: Chain{ID: coffer.ChainID(d.Chain)}, at: s.now(), height: *cursor.Height}
		moved, err := q.SetAside(ctx, depositsql.SetAsideParams{Ids: []string{id}, States: []string{string(state)}, Reasons: []string{reason}, At: c.at})
		if err != nil {
			return err
		}
		c.book(moved, postings)
		if err := c.tell(moved); err != nil {
			return err
		}
		decided = depositOf(moved[0], cursor.Height)
		return c.flush(ctx)
	})
	if err != nil {
		return coffer.Deposit{}, fmt.Errorf("decide on deposit %s: %w", id, err)
	}
	return decided, nil
}
