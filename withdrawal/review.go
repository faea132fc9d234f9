package withdrawal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// Actions of a review.
const (
	ActionRelease = "release"
	ActionReject  = "reject"
)

// Longest texts of a review, in bytes.
const (
	maxActorBytes = 200
	maxNoteBytes  = 2000
)

// Review is what a person did with a withdrawal in review.
type Review struct {
	Withdrawal string
	Action     string
	Actor      string
	Note       string
	At         time.Time
}

// Screening is one stored finding about a withdrawal. It is for operators: customers are
// not told what was found.
type Screening struct {
	Screener   string
	Verdict    string
	Evidence   string
	At         time.Time
	ValidUntil time.Time
}

// Decision is what a person wants of a withdrawal in review.
type Decision struct {
	Tenant     string
	Withdrawal string
	Actor      string // who decides, as the record keeps it
	Note       string // why

	// Key makes the decision repeatable: the same one under the same key of a tenant
	// answers with the withdrawal as it is by then, for ever; another one is
	// CodeIdempotency. Requests use up the same keys. Empty: it is made once.
	Key string
}

func (d Decision) check() error {
	return errors.Join(
		checkText("id", d.Withdrawal, 1, maxIDBytes), checkText("actor", d.Actor, 1, maxActorBytes),
		checkText("reason", d.Note, 0, maxNoteBytes), checkText("idempotencyKey", d.Key, 0, maxKeyBytes),
	)
}

// Release lets a withdrawal out of review: what asked for a person has one now, and is
// not asked for again. Policy still decides, approvals are still needed, and a screening
// that hits later still refuses.
//
// Errors: CodeNotFound, CodeInvalid (actor, reason), CodeConflict (not in review),
// CodeIdempotency.
func (s *Service) Release(ctx context.Context, d Decision) (coffer.Withdrawal, error) {
	return s.review(ctx, d, ActionRelease)
}

// Reject ends a withdrawal that is in review and gives its money back.
//
// Errors: as Release.
func (s *Service) Reject(ctx context.Context, d Decision) (coffer.Withdrawal, error) {
	return s.review(ctx, d, ActionReject)
}

func (s *Service) review(ctx context.Context, d Decision, action string) (coffer.Withdrawal, error) {
	if err := d.check(); err != nil {
		return coffer.Withdrawal{}, err
	}
	var w coffer.Withdrawal
	err := s.DB.Tx(ctx, func(tx pgx.Tx) error {
		r, err := s.lockOwn(ctx, tx, d.Tenant, d.Withdrawal)
		if err != nil {
			return err
		}
		first, err := s.firstTime(ctx, tx, d, action)
		if err != nil {
			return err
		}
		if first {
			err = s.decideReview(ctx, tx, &r, d, action)
		}
		w = r.Withdrawal
		return err
	})
	if err != nil {
		return coffer.Withdrawal{}, err
	}
	s.checkpoint("withdrawal.reviewed")
	s.nudge()
	return w, nil
}

// firstTime binds the decision's key to it, and reports whether it was free.
func (s *Service) firstTime(ctx context.Context, tx pgx.Tx, d Decision, action string) (bool, error) {
	if d.Key == "" {
		return true, nil
	}
	q := s.sql.WithTx(tx)
	hash := coffer.RequestHash("withdrawal-review", d.Tenant, d.Withdrawal, action, d.Note)
	n, err := q.InsertRequest(ctx, withdrawalsql.InsertRequestParams{Tenant: d.Tenant, Key: d.Key, RequestHash: hash, CreatedAt: s.now()})
	if err != nil {
		return false, fmt.Errorf("store the idempotency key: %w", err)
	}
	if n == 1 {
		return true, nil
	}
	earlier, err := q.RequestHash(ctx, withdrawalsql.RequestHashParams{Tenant: d.Tenant, Key: d.Key})
	if err != nil {
		return false, fmt.Errorf("read the idempotency key: %w", err)
	}
	if earlier != hash {
		return false, keyTaken()
	}
	return false, nil
}

func (s *Service) decideReview(ctx context.Context, tx pgx.Tx, r *record, d Decision, action string) error {
	if r.State != coffer.WithdrawalReview {
		return coffer.Errorf(coffer.CodeConflict, "the withdrawal is %s, not in review", r.State)
	}
	err := s.sql.WithTx(tx).InsertReview(ctx, withdrawalsql.InsertReviewParams{
		WithdrawalID: r.ID, Action: action, Actor: d.Actor, Note: d.Note, CreatedAt: s.now(),
	})
	if err != nil {
		return fmt.Errorf("store a review of %s: %w", r.ID, err)
	}
	if action == ActionReject {
		return s.reject(ctx, tx, r, "rejected after review")
	}
	r.released = true
	return s.move(ctx, tx, r, coffer.WithdrawalScreened, "released after review")
}

// InReview returns the withdrawals that wait for a person, of one tenant or, with "", of
// all, oldest first, after the given id ("" for the first page): the operators' queue.
func (s *Service) InReview(ctx context.Context, tenant, after string, first int) ([]coffer.Withdrawal, error) {
	if first < 1 || first > maxPage {
		return nil, coffer.Invalid("first", "want 1 to %d", maxPage)
	}
	if err := checkText("after", after, 0, maxIDBytes); err != nil {
		return nil, err
	}
	rows, err := s.sql.InReview(ctx, withdrawalsql.InReviewParams{Tenant: tenant, After: after, First: int32(first)})
	if err != nil {
		return nil, fmt.Errorf("list what is in review: %w", err)
	}
	records, err := load(ctx, s.sql, rows)
	if err != nil {
		return nil, err
	}
	return plain(records), nil
}

// Screenings returns what was found about a withdrawal, newest first, at most 200.
func (s *Service) Screenings(ctx context.Context, id string) ([]Screening, error) {
	rows, err := s.sql.Screenings(ctx, withdrawalsql.ScreeningsParams{WithdrawalID: id, First: maxPage})
	if err != nil {
		return nil, fmt.Errorf("read the screenings of %s: %w", id, err)
	}
	screenings := make([]Screening, len(rows))
	for i, r := range rows {
		screenings[i] = Screening{r.Screener, r.Verdict, r.Evidence, r.ScreenedAt.UTC(), r.ValidUntil.UTC()}
	}
	return screenings, nil
}

// Reviews returns what people did with a withdrawal in review, oldest first, at most 200.
func (s *Service) Reviews(ctx context.Context, id string) ([]Review, error) {
	rows, err := s.sql.Reviews(ctx, withdrawalsql.ReviewsParams{WithdrawalID: id, First: maxPage})
	if err != nil {
		return nil, fmt.Errorf("read the reviews of %s: %w", id, err)
	}
	reviews := make([]Review, len(rows))
	for i, r := range rows {
		reviews[i] = Review{r.WithdrawalID, r.Action, r.Actor, r.Note, r.CreatedAt.UTC()}
	}
	return reviews, nil
}
