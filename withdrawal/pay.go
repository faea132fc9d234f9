package withdrawal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// ErrCancelling is returned by Commit when a customer asked to cancel in time.
var ErrCancelling = errors.New("a withdrawal of the payout was cancelled")

// ErrUnscreened is returned by Commit when what was found about a withdrawal does not
// hold any more. It is asked again soon: try later.
var ErrUnscreened = errors.New("a withdrawal of the payout has to be screened again")

// What follows is for payout, inside its transaction. A withdrawal in another state than
// the call expects is an error: the two packages disagree, and nothing must be written.

// Approved locks and returns the oldest approved withdrawals of a chain, without those
// that are locked or excluded, at most limit. Orders about to expire are left out, and so
// are those that have to be screened again: findings are rows with a time until which they
// hold, and Step asks anew. One whose approvals are about to expire is rejected on the
// way, one whose account was frozen goes to review.
func (s *Service) Approved(ctx context.Context, tx pgx.Tx, chain coffer.ChainID, excluded []string, limit int) ([]coffer.Withdrawal, error) {
	if limit < 1 || limit > stepBatch {
		return nil, fmt.Errorf("approved withdrawals: limit %d is not in 1 to %d", limit, stepBatch)
	}
	if excluded == nil {
		excluded = []string{}
	}
	q := s.sql.WithTx(tx)
	rows, err := q.Approved(ctx, withdrawalsql.ApprovedParams{
		Chain: string(chain), Deadline: s.payableAfter(chain), Excluded: excluded, Gated: s.gated(), Now: s.now(), First: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("read approved withdrawals: %w", err)
	}
	records, err := load(ctx, q, rows)
	if err != nil {
		return nil, err
	}

	accounts := make([]string, len(records))
	for i, r := range records {
		accounts[i] = r.Account
	}
	frozen, err := s.Ledger.Frozen(ctx, tx, accounts)
	if err != nil {
		return nil, err
	}

	approved := make([]coffer.Withdrawal, 0, len(records))
	for i := range records {
		r := &records[i]
		if slices.Contains(frozen, r.Account) {
			if err := s.move(ctx, tx, r, coffer.WithdrawalReview, whyFrozen); err != nil {
				return nil, err
			}
			continue
		}
		people, _ := s.Policy.Approvers(r.Order, r.Approvals, s.payableAfter(r.Order.Asset.Chain()))
		if uint64(len(people)) < uint64(r.ApprovalsRequired) {
			if err := s.reject(ctx, tx, r, "the approvals expired before it was paid"); err != nil {
				return nil, err
			}
			continue
		}
		approved = append(approved, r.Withdrawal)
	}
	return approved, nil
}

// AnyApproved reports whether Approved would find something. It takes no locks.
func (s *Service) AnyApproved(ctx context.Context, chain coffer.ChainID, excluded []string) (bool, error) {
	if excluded == nil {
		excluded = []string{}
	}
	found, err := s.sql.AnyApproved(ctx, withdrawalsql.AnyApprovedParams{
		Chain: string(chain), Deadline: s.payableAfter(chain), Excluded: excluded, Gated: s.gated(), Now: s.now(),
	})
	if err != nil {
		return false, fmt.Errorf("look for approved withdrawals: %w", err)
	}
	return found, nil
}

// ByIDs returns withdrawals of any tenant in the order of the ids.
func (s *Service) ByIDs(ctx context.Context, ids []string) ([]coffer.Withdrawal, error) {
	rows, err := s.sql.ByIDs(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read withdrawals: %w", err)
	}
	records, err := load(ctx, s.sql, rows)
	if err != nil {
		return nil, err
	}
	ws := make([]coffer.Withdrawal, 0, len(ids))
	for _, id := range ids {
		i := slices.IndexFunc(records, func(r record) bool { return r.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("withdrawal %s does not exist", id)
		}
		ws = append(ws, records[i].Withdrawal)
	}
	return ws, nil
}

// Paying marks approved withdrawals as taken by a payout.
func (s *Service) Paying(ctx context.Context, tx pgx.Tx, payout string, ids []string) error {
	return s.each(ctx, tx, ids, func(r *record) error {
		r.Payout = payout
		return s.move(ctx, tx, r, coffer.WithdrawalPaying, "")
	})
}

// Commit is called with the step that asks for the first signature: from here on there is
// no cancelling. It changes nothing and returns ErrCancelling when that was asked for
// before, or screening found something since; the payout then ends and calls Returned. It
// returns ErrUnscreened when what was found does not hold any more.
func (s *Service) Commit(ctx context.Context, tx pgx.Tx, ids []string) error {
	err := s.each(ctx, tx, ids, func(r *record) error {
		switch {
		case r.State != coffer.WithdrawalPaying:
			return fmt.Errorf("withdrawal %s is %s, not paying", r.ID, r.State)
		case r.cancelling || r.halted:
			return fmt.Errorf("withdrawal %s: %w", r.ID, ErrCancelling)
		case s.unscreened(*r):
			return fmt.Errorf("withdrawal %s: %w", r.ID, ErrUnscreened)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.sql.WithTx(tx).Commit(ctx, ids)
}

// Returned gives withdrawals of a payout that can never land back to the queue, or ends
// them where the customer asked to cancel: nobody was asked to sign it, or its slot is
// dead, finally.
func (s *Service) Returned(ctx context.Context, tx pgx.Tx, ids []string, reason string) error {
	return s.each(ctx, tx, ids, func(r *record) error {
		cancelling := r.cancelling
		if r.halted {
			r.halted, r.screenedUntil = false, nil
		}
		r.Payout, r.committed, r.cancelling, r.Tx = "", false, false, nil
		if err := s.move(ctx, tx, r, coffer.WithdrawalApproved, reason); err != nil || !cancelling {
			return err
		}
		return s.giveBack(ctx, tx, r, coffer.WithdrawalCancelled, byCustomer)
	})
}

// Doubted gives withdrawals of a payout that no signer signs to the people who review.
func (s *Service) Doubted(ctx context.Context, tx pgx.Tx, ids []string, reason string) error {
	if err := s.Returned(ctx, tx, ids, reason); err != nil {
		return err
	}
	return s.each(ctx, tx, ids, func(r *record) error { return s.move(ctx, tx, r, coffer.WithdrawalReview, reason) })
}

// Renewable divides the withdrawals of a payout whose attempts expired, in the order of the
// ids, into those that another payout can pay and those whose order or approvals are about
// to end.
func (s *Service) Renewable(ctx context.Context, tx pgx.Tx, ids []string) (batch []coffer.Withdrawal, ended []string, err error) {
	places := make([]coffer.Withdrawal, len(ids))
	over := map[string]bool{}
	err = s.each(ctx, tx, ids, func(r *record) error {
		people, _ := s.Policy.Approvers(r.Order, r.Approvals, s.payableAfter(r.Order.Asset.Chain()))
		over[r.ID] = !r.Expires.After(s.payableAfter(r.Order.Asset.Chain())) || uint64(len(people)) < uint64(r.ApprovalsRequired)
		places[slices.Index(ids, r.ID)] = r.Withdrawal
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for _, w := range places {
		if over[w.ID] {
			ended = append(ended, w.ID)
			continue
		}
		batch = append(batch, w)
	}
	return batch, ended, nil
}

// Renewed hands withdrawals of a payout whose attempts expired to the payout that takes
// over its slot. They stay paying, and cannot be cancelled: signers bind an order to its
// slot, and a slot to its orders, for ever.
func (s *Service) Renewed(ctx context.Context, tx pgx.Tx, payout string, ids []string) error {
	return s.each(ctx, tx, ids, func(r *record) error {
		if r.State != coffer.WithdrawalPaying {
			return fmt.Errorf("withdrawal %s is %s, not paying", r.ID, r.State)
		}
		r.Payout, r.Reason = payout, "its transaction expired and is made again"
		return s.save(ctx, tx, r)
	})
}

// Confirming says in which transaction a block paid them.
func (s *Service) Confirming(ctx context.Context, tx pgx.Tx, ids []string, hash coffer.Hash) error {
	return s.each(ctx, tx, ids, func(r *record) error {
		r.Tx = &hash
		return s.move(ctx, tx, r, coffer.WithdrawalConfirming, "")
	})
}

// Confirmed is Confirming for those of the withdrawals that are not: a person let their
// payout go on.
func (s *Service) Confirmed(ctx context.Context, tx pgx.Tx, ids []string, hash coffer.Hash) error {
	return s.each(ctx, tx, ids, func(r *record) error {
		if r.State == coffer.WithdrawalConfirming {
			return nil
		}
		r.Tx = &hash
		return s.move(ctx, tx, r, coffer.WithdrawalConfirming, "")
	})
}

// Reopened undoes Confirming, where it was done: the block left the chain.
func (s *Service) Reopened(ctx context.Context, tx pgx.Tx, ids []string) error {
	return s.each(ctx, tx, ids, func(r *record) error {
		if r.State == coffer.WithdrawalPaying {
			return nil
		}
		r.Tx = nil
		return s.move(ctx, tx, r, coffer.WithdrawalPaying, "the block that paid it left the chain")
	})
}

// Settled ends a withdrawal whose payment is final: what was held leaves the customer's
// account, the fee is ours.
func (s *Service) Settled(ctx context.Context, tx pgx.Tx, id string, block coffer.BlockRef) error {
	return s.each(ctx, tx, []string{id}, func(r *record) error {
		total, err := r.Amount.Add(r.Fee)
		if err != nil {
			return err
		}
		postings := []ledger.Posting{
			ledger.Debit(ledger.User(r.Account, ledger.BucketHeld), r.Asset, total),
			ledger.Credit(ledger.TransitWithdrawal, r.Asset, r.Amount),
		}
		if !r.Fee.IsZero() {
			postings = append(postings, ledger.Credit(ledger.RevenueWithdrawFee, r.Asset, r.Fee))
		}
		err = s.Ledger.PostHold(ctx, tx, r.holdID(), ledger.Entry{
			ID: coffer.DeriveID("en", "withdrawal", r.ID, "settled"), Kind: "withdrawal.settled", Resource: r.ID,
			Chain: r.Asset.Chain(), Block: block, At: s.now(), Postings: postings,
		})
		if err != nil {
			return fmt.Errorf("settle %s: %w", r.ID, err)
		}
		return s.move(ctx, tx, r, coffer.WithdrawalSettled, "")
	})
}

// Failed ends a withdrawal whose payment failed on the chain, finally, and gives the
// money back.
func (s *Service) Failed(ctx context.Context, tx pgx.Tx, id, reason string) error {
	return s.each(ctx, tx, []string{id}, func(r *record) error {
		return s.giveBack(ctx, tx, r, coffer.WithdrawalFailed, reason)
	})
}

// each locks the withdrawals, in one order for everybody, and runs fn on each.
func (s *Service) each(ctx context.Context, tx pgx.Tx, ids []string, fn func(r *record) error) error {
	records, err := s.lockAll(ctx, tx, ids)
	if err != nil {
		return err
	}
	for i := range records {
		if err := fn(&records[i]); err != nil {
			return fmt.Errorf("withdrawal %s: %w", records[i].ID, err)
		}
	}
	return nil
}
