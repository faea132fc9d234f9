package withdrawal

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// SettledTo says which of the destinations anything was ever paid to on a chain, by any
// tenant, and is final.
func (s *Service) SettledTo(ctx context.Context, tx pgx.Tx, chain coffer.ChainID, destinations []coffer.Address) (map[coffer.Address]bool, error) {
	texts := make([]string, len(destinations))
	for i, d := range destinations {
		texts[i] = string(d)
	}
	rows, err := s.sql.WithTx(tx).SettledTo(ctx, withdrawalsql.SettledToParams{Chain: string(chain), Destinations: texts})
	if err != nil {
		return nil, fmt.Errorf("look for destinations that were paid before: %w", err)
	}
	known := make(map[coffer.Address]bool, len(rows))
	for _, row := range rows {
		known[coffer.Address(row)] = true
	}
	return known, nil
}
