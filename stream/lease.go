package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream/streamsql"
)

// Errors of leases.
var (
	ErrLeaseHeld = errors.New("the lease is held by another")
	ErrLeaseLost = errors.New("the lease has passed to another")
)

// Lease is the right to act in a role until Expires, and to write until somebody else has
// it: Epoch grows with every change of hands.
type Lease struct {
	Name    string
	Holder  string
	Epoch   int64 // from 1
	Expires time.Time
}

// AcquireLease takes a free or expired lease, in a new epoch, or returns ErrLeaseHeld. A
// holder gets his own back at once, in a new epoch too: what his earlier life still writes
// is refused. So a holder's name must belong to one process at a time.
func AcquireLease(ctx context.Context, db *postgres.DB, name, holder string, ttl time.Duration, now time.Time) (Lease, error) {
	l := Lease{Name: name, Holder: holder, Expires: expiry(now, ttl)}
	if err := l.check(ttl); err != nil {
		return Lease{}, err
	}
	q := streamsql.New(db.Pool())
	var err error
	l.Epoch, err = q.AcquireLease(ctx, streamsql.AcquireLeaseParams{Name: name, Holder: holder, Expires: l.Expires, AcquiredAt: now})
	if errors.Is(err, pgx.ErrNoRows) {
		return Lease{}, heldBy(ctx, q, name)
	}
	if err != nil {
		return Lease{}, fmt.Errorf("acquire lease %s: %w", name, err)
	}
	return l, nil
}

func heldBy(ctx context.Context, q *streamsql.Queries, name string) error {
	row, err := q.Lease(ctx, name)
	if err != nil {
		return fmt.Errorf("acquire lease %s: %w", name, err)
	}
	return fmt.Errorf("acquire lease %s: %w: %s has it until %s", name, ErrLeaseHeld, row.Holder, row.Expires.UTC().Format(time.RFC3339))
}

func (l Lease) check(ttl time.Duration) error {
	if l.Name == "" || l.Holder == "" || len(l.Name) > maxPartition || len(l.Holder) > maxPartition || ttl <= 0 {
		return fmt.Errorf("%w: lease %.80q of %.80q for %s", ErrInvalid, l.Name, l.Holder, ttl)
	}
	return nil
}

func expiry(now time.Time, ttl time.Duration) time.Time {
	return now.Add(ttl).UTC().Truncate(time.Microsecond)
}

// RenewLease extends a lease that nobody else took, expired or not, or returns ErrLeaseLost.
func RenewLease(ctx context.Context, db *postgres.DB, l Lease, ttl time.Duration, now time.Time) (Lease, error) {
	if err := l.check(ttl); err != nil {
		return Lease{}, err
	}
	l.Expires = expiry(now, ttl)
	return l, l.expire(ctx, db)
}

// ReleaseLease lets the next holder in at once, or returns ErrLeaseLost.
func ReleaseLease(ctx context.Context, db *postgres.DB, l Lease, now time.Time) error {
	l.Expires = expiry(now, 0)
	return l.expire(ctx, db)
}

func (l Lease) expire(ctx context.Context, db *postgres.DB) error {
	n, err := streamsql.New(db.Pool()).RenewLease(ctx, streamsql.RenewLeaseParams{Name: l.Name, Holder: l.Holder, Epoch: l.Epoch, Expires: l.Expires})
	if err != nil {
		return fmt.Errorf("renew lease %s: %w", l.Name, err)
	}
	if n == 0 {
		return fmt.Errorf("renew lease %s of epoch %d: %w", l.Name, l.Epoch, ErrLeaseLost)
	}
	return nil
}

// Expired reports whether the holder should stop acting on the outside world: from now on
// somebody else may have the lease.
func (l Lease) Expired(now time.Time) bool { return !now.Before(l.Expires) }

// CheckLease makes sure that until tx ends nobody else has the lease, or returns
// ErrLeaseLost. It holds the lease's row shared: whoever wants to acquire it waits for tx.
// Time plays no part: an expired lease that nobody took is still the holder's to write by.
func CheckLease(ctx context.Context, tx pgx.Tx, l Lease) error {
	row, err := streamsql.New(tx).ShareLease(ctx, l.Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("lease %s: %w: there is none", l.Name, ErrLeaseLost)
	}
	if err != nil {
		return fmt.Errorf("check lease %s: %w", l.Name, err)
	}
	if row.Epoch != l.Epoch || row.Holder != l.Holder {
		return fmt.Errorf("lease %s of epoch %d: %w: %s has epoch %d", l.Name, l.Epoch, ErrLeaseLost, row.Holder, row.Epoch)
	}
	return nil
}
