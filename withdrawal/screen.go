package withdrawal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// Step leads the oldest waiting withdrawals one state further each, one transaction each,
// and returns how many moved. A withdrawal that fails does not stop the others.
func (s *Service) Step(ctx context.Context) (int, error) {
	chains, deadlines := s.deadlines()
	rows, err := s.sql.Waiting(ctx, withdrawalsql.WaitingParams{
		Deadline: s.payableAfter(""), Now: s.now(), Gated: s.gated(), First: stepBatch,
		Chains: chains, Deadlines: deadlines,
	})
	if err != nil {
		return 0, fmt.Errorf("read waiting withdrawals: %w", err)
	}

	moved, unanswered := 0, 0
	var errs []error
	for _, row := range rows {
		seen := fromRow(row)
		if unanswered == maxFailures && s.unscreened(seen) {
			continue // whoever screens is not there; do not keep the others waiting
		}
		ok, err := s.step(ctx, seen)
		if err != nil {
			errs = append(errs, fmt.Errorf("withdrawal %s: %w", row.ID, err))
		}
		if errors.Is(err, errUnanswered) {
			unanswered++
		}
		if ok {
			moved++
		}
	}
	return moved, errors.Join(errs...)
}

// payableAfter is the time an order has to outlive to be paid on a chain.
func (s *Service) payableAfter(chain coffer.ChainID) time.Time { return s.now().Add(s.MarginOf(chain)) }

// deadlines are those times of the chains that have a margin of their own.
func (s *Service) deadlines() ([]string, []time.Time) {
	chains, deadlines := make([]string, 0, len(s.Margins)), make([]time.Time, 0, len(s.Margins))
	for chain := range s.Margins {
		chains, deadlines = append(chains, string(chain)), append(deadlines, s.payableAfter(chain))
	}
	return chains, deadlines
}

func (s *Service) step(ctx context.Context, seen record) (bool, error) {
	switch {
	case seen.State != coffer.WithdrawalPaying && !seen.Expires.After(s.payableAfter(seen.Order.Asset.Chain())):
		return s.inState(ctx, seen, func(ctx context.Context, tx pgx.Tx, r *record) error {
			return s.reject(ctx, tx, r, "the order expired before it was paid")
		})
	case seen.State == coffer.WithdrawalRequested || s.unscreened(seen):
		return s.inspect(ctx, seen)
	case seen.State == coffer.WithdrawalScreened || seen.State == coffer.WithdrawalAwaitingApproval:
		return s.inState(ctx, seen, s.decide)
	}
	return s.inState(ctx, seen, s.settleInside)
}

// inState runs fn on the locked withdrawal if it is still in the state it was seen in,
// and reports whether it did.
func (s *Service) inState(ctx context.Context, seen record, fn func(context.Context, pgx.Tx, *record) error) (bool, error) {
	done := false
	err := s.DB.Tx(ctx, func(tx pgx.Tx) error {
		done = false
		q := s.sql.WithTx(tx)
		row, err := q.LockWaiting(ctx, withdrawalsql.LockWaitingParams{ID: seen.ID, State: string(seen.State)})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		records, err := load(ctx, q, []withdrawalsql.Withdrawal{row})
		if err != nil {
			return err
		}
		done = true
		if err := fn(ctx, tx, &records[0]); err != nil {
			return err
		}
		s.checkpoint("withdrawal.stepping")
		return nil
	})
	if err != nil || !done {
		return false, err
	}
	s.checkpoint("withdrawal.stepped")
	return true, nil
}

// Reasons that customers get to see. What was found is for operators.
const (
	whyHit    = "refused by compliance screening"
	whyReview = "held for compliance review"
	whyFrozen = "the account's withdrawals are frozen"
	whyWaits  = "waiting for compliance screening"
)

// errUnanswered says that somebody who screens did not answer.
var errUnanswered = errors.New("could not be screened")

// unscreened reports whether a withdrawal has to be screened before it goes on.
func (s *Service) unscreened(r record) bool {
	return s.gated() && (r.screenedUntil == nil || !s.now().Before(*r.screenedUntil))
}

// inspect asks again whether the destination may be paid, since addresses become known,
// and everybody who screens; then it goes by the answers.
func (s *Service) inspect(ctx context.Context, seen record) (bool, error) {
	owner, verdict := s.checkDestination(ctx, seen.Asset.Chain(), seen.Destination, seen.Tenant, seen.Account)
	if verdict == nil && recipientOf(owner) != seen.to {
		verdict = coffer.Invalid("destination", "became the address of another account since it was asked for")
	}
	var refusal *coffer.Error
	if verdict != nil && !errors.As(verdict, &refusal) {
		return false, verdict // could not be asked; later
	}

	resembles := seen.resembles
	if seen.State == coffer.WithdrawalRequested {
		var err error
		if resembles, err = s.resembles(ctx, seen.Tenant, seen.Account, seen.Asset.Chain(), seen.Destination); err != nil {
			return false, err
		}
	}

	asked := s.now()
	findings, err := s.ask(ctx, seen)
	if err != nil {
		err = fmt.Errorf("%w: %w", errUnanswered, err)
		return false, errors.Join(err, s.putOff(ctx, seen, asked.Add(screeningWait)))
	}
	return s.inState(ctx, seen, func(ctx context.Context, tx pgx.Tx, r *record) error {
		if err := s.keep(ctx, tx, r, asked, findings); err != nil {
			return err
		}
		r.resembles = resembles
		verdict := worst(findings)
		if verdict == ScreeningReview && r.released {
			verdict = ScreeningClear // a person has looked
		}
		switch {
		case r.State == coffer.WithdrawalPaying:
			return s.halt(ctx, tx, r, refusal != nil || verdict != ScreeningClear)
		case refusal != nil:
			return s.reject(ctx, tx, r, "the destination "+refusal.Message)
		case verdict == ScreeningHit:
			return s.reject(ctx, tx, r, whyHit)
		case verdict == ScreeningReview:
			return s.move(ctx, tx, r, coffer.WithdrawalReview, whyReview)
		}
		return s.goOn(ctx, tx, r)
	})
}

// putOff leaves a withdrawal that nobody could screen until a time, and says so to the
// customer, once.
func (s *Service) putOff(ctx context.Context, seen record, until time.Time) error {
	says := seen.State == coffer.WithdrawalRequested || seen.State == coffer.WithdrawalScreened || seen.State == coffer.WithdrawalApproved
	if says && seen.Reason != whyWaits {
		_, err := s.inState(ctx, seen, func(ctx context.Context, tx pgx.Tx, r *record) error {
			r.Reason = whyWaits
			return s.save(ctx, tx, r)
		})
		if err != nil {
			return err
		}
	}
	return s.sql.PutOff(ctx, withdrawalsql.PutOffParams{ID: seen.ID, RetryAt: until})
}

// keep stores findings, and until when all of them hold.
func (s *Service) keep(ctx context.Context, tx pgx.Tx, r *record, asked time.Time, findings []finding) error {
	r.screenedUntil = nil
	for _, f := range findings {
		until := asked.Add(f.TTL)
		err := s.sql.WithTx(tx).InsertScreening(ctx, withdrawalsql.InsertScreeningParams{
			WithdrawalID: r.ID, Screener: f.screener, Verdict: f.Verdict, Evidence: f.Evidence, ScreenedAt: asked, ValidUntil: until,
		})
		if err != nil {
			return fmt.Errorf("store a screening of %s: %w", r.ID, err)
		}
		if r.screenedUntil == nil || until.Before(*r.screenedUntil) {
			r.screenedUntil = &until
		}
	}
	return nil
}

// goOn takes a withdrawal that was found clear on from where it was.
func (s *Service) goOn(ctx context.Context, tx pgx.Tx, r *record) error {
	switch r.State {
	case coffer.WithdrawalRequested:
		return s.move(ctx, tx, r, coffer.WithdrawalScreened, "")
	case coffer.WithdrawalScreened:
		return s.decide(ctx, tx, r)
	}
	if r.Reason == whyWaits {
		r.Reason = ""
		return s.save(ctx, tx, r)
	}
	return s.setScreened(ctx, tx, r)
}

// halt notes what was found while a payout is being prepared. A bad finding makes Commit
// refuse; the withdrawal then returns and is inspected again.
func (s *Service) halt(ctx context.Context, tx pgx.Tx, r *record, bad bool) error {
	if r.committed || r.cancelling {
		return nil // too late, or ending anyway
	}
	r.halted = bad
	return s.setScreened(ctx, tx, r)
}

// setScreened writes findings' consequences that are no change to the customer.
func (s *Service) setScreened(ctx context.Context, tx pgx.Tx, r *record) error {
	err := s.sql.WithTx(tx).SetScreened(ctx, withdrawalsql.SetScreenedParams{ID: r.ID, ScreenedUntil: r.screenedUntil, Halted: r.halted})
	if err != nil {
		return fmt.Errorf("store the screening of %s: %w", r.ID, err)
	}
	return nil
}

// decide asks policy, with what was let pass in the last day summed under a lock that
// everybody who decides about the same asset has to take. It is asked when a withdrawal
// was screened and again with every approval.
func (s *Service) decide(ctx context.Context, tx pgx.Tx, r *record) error {
	q := s.sql.WithTx(tx)
	if err := q.LockVelocity(ctx, string(r.Asset)); err != nil {
		return fmt.Errorf("lock the velocity of %s: %w", r.Asset, err)
	}
	now := s.now()
	spent, err := q.Spent(ctx, withdrawalsql.SpentParams{
		Account: r.Account, Asset: string(r.Asset), Since: now.Add(-policy.Window), ID: r.ID,
	})
	if err != nil {
		return fmt.Errorf("sum what was spent: %w", err)
	}
	people, _ := s.Policy.Approvers(r.Order, r.Approvals, now)
	destination, err := s.destination(ctx, q, r.Order, r.resembles)
	if err != nil {
		return err
	}

	decision := s.Policy.Evaluate(policy.Facts{
		Order: r.Order, Now: now, Spent24h: spent.ByAccount, AssetSpent24h: &spent.ByAsset,
		Approvers: people, Enforcer: policy.EnforcerCoordinator,
		Requested: r.CreatedAt, Destination: destination, Screened: s.gated(), Released: r.released,
	})
	r.ApprovalsRequired, r.notBefore = decision.Approvals, nil
	switch decision.Verdict {
	case policy.VerdictAllow:
		r.decidedAt = &now
		return s.move(ctx, tx, r, coffer.WithdrawalApproved, "")
	case policy.VerdictApprovals:
		return s.await(ctx, tx, r, fmt.Sprintf("%d of %d people approved", len(people), decision.Approvals))
	case policy.VerdictWait:
		r.notBefore = &decision.NotBefore
		return s.await(ctx, tx, r, "policy: "+decision.Reason())
	case policy.VerdictReview:
		return s.move(ctx, tx, r, coffer.WithdrawalReview, "policy: "+decision.Reason())
	case policy.VerdictReject:
		return s.reject(ctx, tx, r, "policy: "+decision.Reason())
	}
	return fmt.Errorf("policy gave the unknown verdict %q", decision.Verdict)
}

// await leaves a withdrawal to people or to time. Its amount counts as spent from the
// first time on.
func (s *Service) await(ctx context.Context, tx pgx.Tx, r *record, reason string) error {
	if r.State == coffer.WithdrawalAwaitingApproval {
		r.Reason = reason
		return s.save(ctx, tx, r)
	}
	now := s.now()
	r.decidedAt = &now
	return s.move(ctx, tx, r, coffer.WithdrawalAwaitingApproval, reason)
}

// reject ends a withdrawal and gives its money back.
func (s *Service) reject(ctx context.Context, tx pgx.Tx, r *record, reason string) error {
	return s.giveBack(ctx, tx, r, coffer.WithdrawalRejected, reason)
}

// giveBack ends a withdrawal, releases its hold and revokes its order.
func (s *Service) giveBack(ctx context.Context, tx pgx.Tx, r *record, end coffer.WithdrawalState, reason string) error {
	if err := s.Ledger.VoidHold(ctx, tx, r.holdID(), s.now()); err != nil {
		return fmt.Errorf("void the hold of %s: %w", r.ID, err)
	}
	if err := s.move(ctx, tx, r, end, reason); err != nil {
		return err
	}
	return s.revoke(ctx, tx, r, string(end)+": "+reason)
}
