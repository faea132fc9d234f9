package merchant

import (
	"context"
	"errors"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/merchant/merchantsql"
	"github.com/jackc/pgx/v5"
)

// CreateAccount makes a customer account. The same idempotency key with the same name
// returns the same account for ever; with another name it is CodeIdempotency.
func (s *Store) CreateAccount(ctx context.Context, tenant, idempotencyKey, name string) (Account, error) {
	if idempotencyKey == "" || len(idempotencyKey) > maxKeyBytes {
		return Account{}, coffer.Invalid("idempotencyKey", "want 1 to %d bytes", maxKeyBytes)
	}
	if err := checkName(name); err != nil {
		return Account{}, err
	}

	id := coffer.DeriveID("acct", tenant, idempotencyKey)
	_, err := s.sql.InsertAccount(ctx, merchantsql.InsertAccountParams{
		ID: id, Tenant: tenant, IdempotencyKey: idempotencyKey, Name: name, CreatedAt: s.clock(),
	})
	if err != nil {
		return Account{}, fmt.Errorf("create account: %w", err)
	}

	account, err := s.Account(ctx, tenant, id)
	if err != nil {
		return Account{}, err
	}
	if account.Name != name {
		return Account{}, coffer.Errorf(coffer.CodeIdempotency, "the idempotency key was used with another name")
	}
	return account, nil
}

// Account returns a tenant's account, or CodeNotFound.
func (s *Store) Account(ctx context.Context, tenant, id string) (Account, error) {
	row, err := s.sql.Account(ctx, merchantsql.AccountParams{Tenant: tenant, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return Account{}, coffer.Errorf(coffer.CodeNotFound, "no such account")
	}
	if err != nil {
		return Account{}, fmt.Errorf("read account: %w", err)
	}
	return Account{ID: row.ID, Tenant: row.Tenant, Name: row.Name, CreatedAt: row.CreatedAt}, nil
}

// Accounts lists a tenant's accounts by id, after the given one ("" for the first page).
// At most 200 come at once.
func (s *Store) Accounts(ctx context.Context, tenant, after string, first int) ([]Account, error) {
	if first < 1 || first > maxPage {
		return nil, coffer.Invalid("first", "want 1 to %d", maxPage)
	}
	rows, err := s.sql.Accounts(ctx, merchantsql.AccountsParams{Tenant: tenant, After: after, First: int32(first)})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	accounts := make([]Account, len(rows))
	for i, row := range rows {
		accounts[i] = Account{ID: row.ID, Tenant: row.Tenant, Name: row.Name, CreatedAt: row.CreatedAt}
	}
	return accounts, nil
}
