package withdrawal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// Bounds of the address book.
const (
	maxBook           = 1000 // live entries of one account, or of a tenant itself
	maxCounterparties = 1000 // addresses that a new one is compared with
	maxLabelBytes     = 200
)

// BookEntry is an address that an account, or every account of its tenant, may be told to
// pay. What it allows is said by policy.
type BookEntry struct {
	ID        string
	Tenant    string
	Account   string // empty for every account of the tenant
	Chain     coffer.ChainID
	Address   coffer.Address
	Label     string
	Resembles coffer.Address // an address known before that it looks like, or empty
	AddedBy   string
	AddedAt   time.Time
	UsableAt  time.Time
}

// NewEntry asks for an entry of the address book. Everything but Tenant is foreign text.
type NewEntry struct {
	Tenant  string
	Account string // empty for every account of the tenant
	Chain   coffer.ChainID
	Address string
	Label   string
	Actor   string // who adds it
}

// AddAddress writes an address into the book. It counts after the activation delay, so
// that whoever stole a session cannot use it at once and the customer has time to see it.
// Adding what is there returns it as it is; adding what was removed starts the delay anew.
//
// Errors: CodeInvalid with the field, CodeNotFound (account), CodeLimit.
func (s *Service) AddAddress(ctx context.Context, n NewEntry) (BookEntry, error) {
	err := errors.Join(
		checkText("account", n.Account, 0, maxAccountBytes), checkText("chain", string(n.Chain), 1, maxIDBytes),
		checkText("address", n.Address, 1, maxAddressBytes), checkText("label", n.Label, 0, maxLabelBytes),
		checkText("actor", n.Actor, 1, maxActorBytes),
	)
	if err != nil {
		return BookEntry{}, err
	}
	if n.Account != "" {
		if err := s.ownAccount(ctx, n.Tenant, n.Account); err != nil {
			return BookEntry{}, err
		}
	}
	address, err := s.parseAddress("address", n.Chain, n.Address)
	if err != nil {
		return BookEntry{}, err
	}
	if _, err := s.checkDestination(ctx, n.Chain, address, n.Tenant, n.Account); err != nil {
		var refusal *coffer.Error
		if errors.As(err, &refusal) {
			return BookEntry{}, coffer.Invalid("address", "%s", refusal.Message)
		}
		return BookEntry{}, err
	}

	now := s.now()
	e := BookEntry{
		Tenant: n.Tenant, Account: n.Account, Chain: n.Chain, Address: address, Label: n.Label,
		AddedBy: n.Actor, AddedAt: now, UsableAt: now.Add(max(s.ActivationDelay, 0)),
	}
	if e.Resembles, err = s.resembles(ctx, n.Tenant, n.Account, n.Chain, address); err != nil {
		return BookEntry{}, err
	}
	err = s.DB.Tx(ctx, func(tx pgx.Tx) error {
		e, err = s.addAddress(ctx, tx, e)
		return err
	})
	return e, err
}

func (s *Service) addAddress(ctx context.Context, tx pgx.Tx, e BookEntry) (BookEntry, error) {
	q := s.sql.WithTx(tx)
	if err := q.LockBook(ctx, withdrawalsql.LockBookParams{Tenant: e.Tenant, Account: e.Account}); err != nil {
		return BookEntry{}, fmt.Errorf("lock the address book: %w", err)
	}
	count, err := q.CountBook(ctx, withdrawalsql.CountBookParams{Tenant: e.Tenant, Account: e.Account, Chain: string(e.Chain), Address: string(e.Address)})
	if err != nil {
		return BookEntry{}, fmt.Errorf("count the address book: %w", err)
	}
	// The id tells this entry from those of the same address that were removed before.
	e.ID = coffer.DeriveID("ab", e.Tenant, e.Account, string(e.Chain), string(e.Address), strconv.FormatInt(count.Removed, 10))
	if count.Same > 0 {
		row, err := q.Address(ctx, withdrawalsql.AddressParams{Tenant: e.Tenant, ID: e.ID})
		if err != nil {
			return BookEntry{}, fmt.Errorf("read address %s: %w", e.ID, err)
		}
		return toEntry(row), nil
	}
	if count.Live >= maxBook {
		return BookEntry{}, coffer.Errorf(coffer.CodeLimit, "the address book has %d entries, which is the most there can be", count.Live)
	}
	err = q.InsertAddress(ctx, withdrawalsql.InsertAddressParams{
		ID: e.ID, Tenant: e.Tenant, Account: e.Account, Chain: string(e.Chain), Address: string(e.Address), Label: e.Label,
		Resembles: string(e.Resembles), AddedBy: e.AddedBy, AddedAt: e.AddedAt, UsableAt: e.UsableAt,
	})
	if err != nil {
		return BookEntry{}, fmt.Errorf("store address %s: %w", e.ID, err)
	}
	return e, nil
}

// RemoveAddress takes a tenant's entry out of the book at once. Removing it again is a
// no-op. What is approved already stays approved.
//
// Errors: CodeNotFound, CodeInvalid (actor).
func (s *Service) RemoveAddress(ctx context.Context, tenant, id, actor string) error {
	if err := errors.Join(checkText("id", id, 1, maxIDBytes), checkText("actor", actor, 1, maxActorBytes)); err != nil {
		return err
	}
	now := s.now()
	n, err := s.sql.RemoveAddress(ctx, withdrawalsql.RemoveAddressParams{RemovedBy: actor, RemovedAt: now, Tenant: tenant, ID: id})
	if err != nil {
		return fmt.Errorf("remove address %s: %w", id, err)
	}
	if n == 1 {
		return nil
	}
	_, err = s.sql.Address(ctx, withdrawalsql.AddressParams{Tenant: tenant, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return coffer.Errorf(coffer.CodeNotFound, "no such address book entry")
	}
	return err
}

// Addresses lists a tenant's live entries, newest first: those of one account and those
// for every account, or with account "" all of them. An After that is not the tenant's is
// an empty list; Filter.State is not looked at.
func (s *Service) Addresses(ctx context.Context, tenant string, f Filter) ([]BookEntry, error) {
	if f.First < 1 || f.First > maxPage {
		return nil, coffer.Invalid("first", "want 1 to %d", maxPage)
	}
	if err := errors.Join(checkText("account", f.Account, 0, maxAccountBytes), checkText("after", f.After, 0, maxIDBytes)); err != nil {
		return nil, err
	}
	rows, err := s.sql.Addresses(ctx, withdrawalsql.AddressesParams{Tenant: tenant, Account: f.Account, After: f.After, First: int32(f.First)})
	if err != nil {
		return nil, fmt.Errorf("list the address book: %w", err)
	}
	entries := make([]BookEntry, len(rows))
	for i, row := range rows {
		entries[i] = toEntry(row)
	}
	return entries, nil
}

func toEntry(r withdrawalsql.WithdrawalAddress) BookEntry {
	return BookEntry{
		ID: r.ID, Tenant: r.Tenant, Account: r.Account, Chain: coffer.ChainID(r.Chain), Address: coffer.Address(r.Address), Label: r.Label,
		Resembles: coffer.Address(r.Resembles), AddedBy: r.AddedBy, AddedAt: r.AddedAt.UTC(), UsableAt: r.UsableAt.UTC(),
	}
}

// resembles is an address that an account knows and a new one looks like, or empty: one
// it paid lately or is paying, one of its address book, or one that Counterparties names,
// on any chain of the family. An address that the account has paid is not new.
func (s *Service) resembles(ctx context.Context, tenant, account string, chain coffer.ChainID, address coffer.Address) (coffer.Address, error) {
	where, err := s.sql.Destination(ctx, withdrawalsql.DestinationParams{Tenant: tenant, Account: account, Chain: string(chain), Address: string(address)})
	if err != nil {
		return "", fmt.Errorf("look for earlier payments: %w", err)
	}
	if where.Paid {
		return "", nil
	}
	known, err := s.sql.Counterparties(ctx, withdrawalsql.CounterpartiesParams{
		Tenant: tenant, Account: account, Family: chain.Namespace(), First: maxCounterparties,
	})
	if err != nil {
		return "", fmt.Errorf("read known addresses: %w", err)
	}
	for _, k := range known {
		if policy.LooksLike(coffer.Address(k), address) {
			return coffer.Address(k), nil
		}
	}
	if s.Counterparties == nil {
		return "", nil
	}

	call, cancel := context.WithTimeout(ctx, s.CallTimeout)
	defer cancel()
	others, err := s.Counterparties(call, tenant, account, chain)
	if err != nil {
		return "", fmt.Errorf("read counterparties: %w", err)
	}
	for _, k := range others[:min(len(others), maxCounterparties)] {
		if policy.LooksLike(k, address) {
			return k, nil
		}
	}
	return "", nil
}

// destination is what policy gets to know about where an order goes.
func (s *Service) destination(ctx context.Context, q *withdrawalsql.Queries, o coffer.Order, resembles coffer.Address) (*policy.Destination, error) {
	row, err := q.Destination(ctx, withdrawalsql.DestinationParams{
		Tenant: o.Tenant, Account: o.Account, Chain: string(o.Asset.Chain()), Address: string(o.Destination),
	})
	if err != nil {
		return nil, fmt.Errorf("look the destination up: %w", err)
	}
	d := &policy.Destination{Paid: row.Paid, Resembles: resembles}
	if row.InBook {
		d.InBook, d.UsableAt = true, row.UsableAt.UTC()
	}
	return d, nil
}
