package deposit

import (
	"context"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
)

// Salts returns what accounts' addresses of a chain were derived from. Addresses that were
// not given out to an account are left out.
func (s *Service) Salts(ctx context.Context, chain coffer.ChainID, addresses []coffer.Address) (map[coffer.Address]coffer.Hash, error) {
	p := depositsql.SaltsParams{Chain: string(chain), Addresses: make([]string, len(addresses))}
	for i, address := range addresses {
		p.Addresses[i] = string(address)
	}
	rows, err := s.sql.Salts(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("salts of %d addresses: %w", len(addresses), err)
	}
	salts := make(map[coffer.Address]coffer.Hash, len(rows))
	for _, row := range rows {
		if len(row.Salt) != len(coffer.Hash{}) {
			return nil, fmt.Errorf("the salt of %s has %d bytes", row.Address, len(row.Salt))
		}
		salts[coffer.Address(row.Address)] = coffer.Hash(row.Salt)
	}
	return salts, nil
}

// Paths returns where the keys of accounts' addresses of a chain are, "0/7". Addresses that were
// not given out to an account, or are not derived by a path, are left out.
func (s *Service) Paths(ctx context.Context, chain coffer.ChainID, addresses []coffer.Address) (map[coffer.Address]string, error) {
	p := depositsql.PathsOfParams{Chain: string(chain), Addresses: make([]string, len(addresses))}
	for i, address := range addresses {
		p.Addresses[i] = string(address)
	}
	rows, err := s.sql.PathsOf(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("paths of %d addresses: %w", len(addresses), err)
	}
	paths := make(map[coffer.Address]string, len(rows))
	for _, row := range rows {
		paths[coffer.Address(row.Address)] = row.Path
	}
	return paths, nil
}
