package deposit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
)

// Actions of the audit.
const (
	actionPark         = "park"
	actionRelease      = "release"
	actionReject       = "reject"
	actionRefund       = "refund"
	actionRefundPaid   = "refund_paid"
	actionRefundFailed = "refund_failed"
)

// Act is what somebody did to a deposit: a person, or a rule as "rule:<name>". Sequence is
// the one of the deposit's event that told of it.
type Act struct {
	Deposit  string
	Sequence uint64
	Action   string // park, release, reject, refund, refund_paid, refund_failed
	Actor    string
	Reason   string
	At       time.Time
}

// Review is a deposit that waits for a person: in review, or without its memo.
type Review struct {
	Deposit   coffer.Deposit
	Decidable bool       // deep enough for a decision, and no refund is on its way
	Audit     []Act      // oldest first
	Screening *Screening // of the sender; nil when there was none
}

// ReviewFilter narrows the queue. Empty fields do not: the house's own operators see all
// tenants, everybody else is held to one by whoever calls.
type ReviewFilter struct {
	Tenant string
	Chain  coffer.ChainID
	After  string // id of the last deposit of the page before
	First  int    // at most MaxPage; zero is DefaultPage
}

// Reviews returns what waits for a person, oldest first.
func (s *Service) Reviews(ctx context.Context, f ReviewFilter) ([]Review, error) {
	if f.First == 0 {
		f.First = DefaultPage
	}
	if f.First < 1 || f.First > MaxPage {
		return nil, coffer.Invalid("first", "want 1 to %d", MaxPage)
	}
	after := int64(-1)
	if f.After != "" {
		position, err := s.sql.WaitingPosition(ctx, depositsql.WaitingPositionParams{ID: f.After, Tenant: f.Tenant})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, coffer.Invalid("after", "no deposit %.80q", f.After)
		}
		if err != nil {
			return nil, fmt.Errorf("list reviews: %w", err)
		}
		after = position
	}

	rows, err := s.sql.Reviews(ctx, depositsql.ReviewsParams{After: after, Tenant: f.Tenant, Chain: string(f.Chain), First: int32(f.First)}) // #nosec G115 -- at most MaxPage
	if err != nil {
		return nil, fmt.Errorf("list reviews: %w", err)
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.Deposit.ID
	}
	audit, err := s.auditOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	screenings, err := s.screeningsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	reviews := make([]Review, len(rows))
	for i, row := range rows {
		d := row.Deposit
		decidable := row.Tip != nil && *row.Tip >= d.CreditHeight && d.Reason != reasonRefunding
		reviews[i] = Review{Deposit: depositOf(d, row.Tip), Decidable: decidable, Audit: audit[d.ID], Screening: screenings[d.ID]}
	}
	return reviews, nil
}

// Audit returns what people and rules did to a deposit of a tenant, oldest first.
func (s *Service) Audit(ctx context.Context, tenant, id string) ([]Act, error) {
	if _, err := s.Get(ctx, tenant, id); err != nil {
		return nil, err
	}
	audit, err := s.auditOf(ctx, []string{id})
	return audit[id], err
}

func (s *Service) auditOf(ctx context.Context, ids []string) (map[string][]Act, error) {
	rows, err := s.sql.AuditOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	audit := make(map[string][]Act, len(ids))
	for _, row := range rows {
		audit[row.Deposit] = append(audit[row.Deposit], Act{
			Deposit: row.Deposit, Sequence: uint64(row.Sequence), Action: row.Action, Actor: row.Actor, Reason: row.Reason, At: row.At.UTC(), // #nosec G115 -- above zero in the table
		})
	}
	return audit, nil
}

// note collects a row of the audit about the event that a deposit's row is at.
func (c *change) note(d depositsql.Deposit, action, actor, reason string) {
	c.audit.Deposits = append(c.audit.Deposits, d.ID)
	c.audit.Inclusions = append(c.audit.Inclusions, d.Inclusion)
	c.audit.Sequences = append(c.audit.Sequences, d.Sequence)
	c.audit.Actions = append(c.audit.Actions, action)
	c.audit.Actors = append(c.audit.Actors, actor)
	c.audit.Reasons = append(c.audit.Reasons, reason)
}
