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

// Release lets a withdrawal out of review: what asked for a person has one now, and is
// not asked for again. Policy still decides, approvals are still needed, and a screening
// that hits later still refuses.
//
// Errors: CodeNotFound, CodeInvalid (actor, note), CodeConflict (not in review).
func (s *Service) Release(ctx context.Context, tenant, id, actor, note string) (coffer.Withdrawal, error) {
	return s.review(ctx, tenant, id, Review{Action: ActionRelease, Actor: actor, Note: note})
}

// Reject ends a withdrawal that is in review and gives its money back.
//
// Errors: CodeNotFound, CodeInvalid (actor, note), CodeConflict (not in review).
func (s *Service) Reject(ctx context.Context, tenant, id, actor, note string) (coffer.Withdrawal, error) {
	return s.review(ctx, tenant, id, Review{Action: ActionReject, Actor: actor, Note: note})
}

func (s *Service) review(ctx context.Context, tenant, id string, v Review) (coffer.Withdrawal, error) {
	err := errors.Join(checkText("id", id, 1, maxIDBytes), checkText("actor", v.Actor, 1, maxActorBytes), checkText("note", v.Note, 0, maxNoteBytes))
	if err != nil {
		return coffer.Withdrawal{}, err
	}
	var w coffer.Withdrawal
	err = s.DB.Tx(ctx, func(tx pgx.Tx) error {
		r, err := s.lockOwn(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		if r.State != coffer.WithdrawalReview {
			return coffer.Errorf(coffer.CodeConflict, "the withdrawal is %s, not in review", r.State)
		}
		err = s.sql.WithTx(tx).InsertReview(ctx, withdrawalsql.InsertReviewParams{
			WithdrawalID: r.ID, Action: v.Action, Actor: v.Actor, Note: v.Note, CreatedAt: s.now(),
		})
		if err != nil {
			return fmt.Errorf("store a review of %s: %w", r.ID, err)
		}
		if v.Action == ActionReject {
			err = s.reject(ctx, tx, &r, "rejected after review")
		} else {
			r.released = true
			err = s.move(ctx, tx, &r, coffer.WithdrawalScreened, "released after review")
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

// InReview returns the withdrawals of all tenants that wait for a person, oldest first,
// after the given id ("" for the first page): the operators' queue.
func (s *Service) InReview(ctx context.Context, after string, first int) ([]coffer.Withdrawal, error) {
	if first < 1 || first > maxPage {
		return nil, coffer.Invalid("first", "want 1 to %d", maxPage)
	}
	if err := checkText("after", after, 0, maxIDBytes); err != nil {
		return nil, err
	}
	rows, err := s.sql.InReview(ctx, withdrawalsql.InReviewParams{After: after, First: int32(first)})
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
