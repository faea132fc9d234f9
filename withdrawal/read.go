package withdrawal

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// Get returns a tenant's withdrawal, or CodeNotFound.
func (s *Service) Get(ctx context.Context, tenant, id string) (coffer.Withdrawal, error) {
	if err := checkText("id", id, 1, maxIDBytes); err != nil {
		return coffer.Withdrawal{}, err
	}
	row, err := s.sql.Get(ctx, withdrawalsql.GetParams{Tenant: tenant, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return coffer.Withdrawal{}, notFound()
	}
	if err != nil {
		return coffer.Withdrawal{}, fmt.Errorf("read withdrawal %s: %w", id, err)
	}
	records, err := load(ctx, s.sql, []withdrawalsql.Withdrawal{row})
	if err != nil {
		return coffer.Withdrawal{}, err
	}
	return records[0].Withdrawal, nil
}

// Filter chooses withdrawals of a tenant. Empty fields choose all. After is the id of the
// last withdrawal the caller has; First is 1 to 200.
type Filter struct {
	Account string
	State   coffer.WithdrawalState
	After   string
	First   int
}

// List returns a tenant's withdrawals, newest first. An After that is not the tenant's is
// CodeNotFound.
func (s *Service) List(ctx context.Context, tenant string, f Filter) ([]coffer.Withdrawal, error) {
	if f.First < 1 || f.First > maxPage {
		return nil, coffer.Invalid("first", "want 1 to %d", maxPage)
	}
	if f.State != "" && !coffer.WithdrawalMoves.Known(f.State) {
		return nil, coffer.Invalid("state", "%.40q is not a state of withdrawals", f.State)
	}
	if err := errors.Join(checkText("account", f.Account, 0, maxAccountBytes), checkText("after", f.After, 0, maxIDBytes)); err != nil {
		return nil, err
	}
	if f.After != "" {
		if _, err := s.Get(ctx, tenant, f.After); err != nil {
			return nil, err
		}
	}

	rows, err := s.sql.List(ctx, withdrawalsql.ListParams{
		Tenant: tenant, Account: f.Account, State: string(f.State), After: f.After, First: int32(f.First),
	})
	if err != nil {
		return nil, fmt.Errorf("list withdrawals: %w", err)
	}
	records, err := load(ctx, s.sql, rows)
	if err != nil {
		return nil, err
	}
	return plain(records), nil
}

func plain(records []record) []coffer.Withdrawal {
	ws := make([]coffer.Withdrawal, len(records))
	for i, r := range records {
		ws[i] = r.Withdrawal
	}
	return ws
}

// Backlog is how much waits to be done.
type Backlog struct {
	States      map[coffer.WithdrawalState]int64 // withdrawals before their payment, by state
	Revocations int64                            // orders that the signers have yet to be told of
}

// Backlog counts what waits now, of all tenants.
func (s *Service) Backlog(ctx context.Context) (Backlog, error) {
	rows, err := s.sql.Backlog(ctx)
	if err != nil {
		return Backlog{}, fmt.Errorf("count withdrawals: %w", err)
	}
	b := Backlog{States: make(map[coffer.WithdrawalState]int64, len(rows))}
	for _, row := range rows {
		b.States[coffer.WithdrawalState(row.State)] = row.Withdrawals
	}
	if b.Revocations, err = s.sql.UndeliveredCount(ctx, s.now()); err != nil {
		return Backlog{}, fmt.Errorf("count revocations: %w", err)
	}
	return b, nil
}
