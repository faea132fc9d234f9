package treasury

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cofferhq/coffer"
)

// Executor writes to the database; a pool and a transaction are ones.
type Executor interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// RequestSweep asks whoever runs the sweeper to empty a chain's deposit addresses now,
// whatever it is worth. Asking again before that is done changes nothing.
func RequestSweep(ctx context.Context, db Executor, chain coffer.ChainID, at time.Time) error {
	_, err := db.Exec(ctx, `insert into treasury_sweep_requests (chain, at) values ($1, $2) on conflict (chain) do nothing`, string(chain), at)
	if err != nil {
		return fmt.Errorf("request a sweep of %s: %w", chain, err)
	}
	return nil
}

// SweepRequested reports whether a request of a chain is not done yet.
func SweepRequested(ctx context.Context, db Querier, chain coffer.ChainID) (bool, error) {
	var requested bool
	err := db.QueryRow(ctx, `select exists (select from treasury_sweep_requests where chain = $1)`, string(chain)).Scan(&requested)
	if err != nil {
		return false, fmt.Errorf("sweep requests of %s: %w", chain, err)
	}
	return requested, nil
}

// endRequest forgets a request.
func (s *Sweeper) endRequest(ctx context.Context, chain coffer.ChainID) error {
	return s.DB.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `delete from treasury_sweep_requests where chain = $1`, string(chain))
		return err
	})
}
