package withdrawal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// Waits before a revocation that failed is tried again: doubled each time.
const (
	revokeWait    = time.Second
	maxRevokeWait = 5 * time.Minute
	maxReason     = 200 // bytes of a reason that signers are told
)

// Revoker tells the signers that an order must never be paid, whatever a coordinator asks
// of them later. The reason is at most 200 bytes of printable ASCII. It returns nil when so many of them have stored it that no quorum is
// left without one who knows; saying it again is harmless.
type Revoker interface {
	Revoke(ctx context.Context, o coffer.Order, reason string) error
}

// Revocation is an order that the signers have to hear of, or have heard of.
type Revocation struct {
	Withdrawal string
	OrderHash  coffer.Hash
	Reason     string
	CreatedAt  time.Time
	Tries      int       // that failed
	Delivered  time.Time // zero while it is not
}

// revoke writes down, in the transaction that makes it so, that no chain may pay an order.
func (s *Service) revoke(ctx context.Context, tx pgx.Tx, r *record, reason string) error {
	now := s.now()
	err := s.sql.WithTx(tx).InsertRevocation(ctx, withdrawalsql.InsertRevocationParams{
		WithdrawalID: r.ID, OrderHash: r.OrderHash, Reason: reason, Expires: r.Expires, CreatedAt: now, NextAt: now,
	})
	if err != nil {
		return fmt.Errorf("revoke the order of %s: %w", r.ID, err)
	}
	return nil
}

// Revoke tells the signers of the orders that are due to be revoked, oldest first, at most
// 100, and returns how many they stored. Signers who do not answer are told again later,
// until the order expires. Without a Revoker it does nothing, and the orders wait.
func (s *Service) Revoke(ctx context.Context) (int, error) {
	if s.Revoker == nil {
		return 0, nil
	}
	ids, err := s.sql.DueRevocations(ctx, withdrawalsql.DueRevocationsParams{Now: s.now(), First: stepBatch})
	if err != nil {
		return 0, fmt.Errorf("read due revocations: %w", err)
	}

	delivered := 0
	var errs []error
	for _, id := range ids {
		if err := s.deliver(ctx, id); err != nil {
			if errs = append(errs, err); len(errs) == maxFailures {
				break // nobody is there
			}
			continue
		}
		delivered++
	}
	return delivered, errors.Join(errs...)
}

func (s *Service) deliver(ctx context.Context, id string) error {
	ws, err := s.ByIDs(ctx, []string{id})
	if err != nil {
		return err
	}
	row, err := s.sql.Revocation(ctx, id)
	if err != nil {
		return fmt.Errorf("read the revocation of %s: %w", id, err)
	}

	call, cancel := context.WithTimeout(ctx, s.CallTimeout)
	defer cancel()
	if err := s.Revoker.Revoke(call, ws[0].Order, printable(row.Reason)); err != nil {
		wait := min(revokeWait<<min(row.Tries, 20), maxRevokeWait)
		err = fmt.Errorf("revoke the order of %s: %w", id, err)
		return errors.Join(err, s.sql.PutOffRevocation(ctx, withdrawalsql.PutOffRevocationParams{ID: id, NextAt: s.now().Add(wait)}))
	}
	s.checkpoint("withdrawal.revoking")
	if err := s.sql.Delivered(ctx, withdrawalsql.DeliveredParams{ID: id, At: s.now()}); err != nil {
		return fmt.Errorf("note the revocation of %s: %w", id, err)
	}
	s.checkpoint("withdrawal.revoked")
	return nil
}

// printable is a reason as signers take it into their logs: short, printable ASCII. Names
// of policy rules may be neither.
func printable(reason string) string {
	ascii := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, reason)
	return clip(ascii, maxReason)
}

// Unrevoked returns orders that the signers have not heard of yet, oldest first: first is
// 1 to 200. Orders that expired meanwhile are left out, since signers refuse those.
func (s *Service) Unrevoked(ctx context.Context, first int) ([]Revocation, error) {
	if first < 1 || first > maxPage {
		return nil, coffer.Invalid("first", "want 1 to %d", maxPage)
	}
	rows, err := s.sql.Undelivered(ctx, withdrawalsql.UndeliveredParams{Now: s.now(), First: int32(first)})
	if err != nil {
		return nil, fmt.Errorf("list revocations: %w", err)
	}
	revocations := make([]Revocation, len(rows))
	for i, r := range rows {
		revocations[i] = toRevocation(r)
	}
	return revocations, nil
}

// Revocation is that of a withdrawal's order, or nil while the order may be paid.
func (s *Service) Revocation(ctx context.Context, id string) (*Revocation, error) {
	row, err := s.sql.Revocation(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the revocation of %s: %w", id, err)
	}
	r := toRevocation(row)
	return &r, nil
}

func toRevocation(r withdrawalsql.WithdrawalRevocation) Revocation {
	v := Revocation{Withdrawal: r.WithdrawalID, OrderHash: r.OrderHash, Reason: r.Reason, CreatedAt: r.CreatedAt.UTC(), Tries: int(r.Tries)}
	if r.DeliveredAt != nil {
		v.Delivered = r.DeliveredAt.UTC()
	}
	return v
}
