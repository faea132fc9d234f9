package withdrawal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// customerStates are the states that operators may set.
var customerStates = []string{CustomerActive, CustomerLimited, CustomerBlocked}

// CustomerTable is where operators keep how customers stand. It is the Customers of a
// Service that has no other.
type CustomerTable struct {
	db      *postgres.DB
	sql     *withdrawalsql.Queries
	unknown string
	ttl     time.Duration
	clock   coffer.Clock
}

// Standing is where a customer stood from a time on, and who said so.
type Standing struct {
	State  string
	Reason string
	Actor  string
	At     time.Time
}

// NewCustomerTable returns the table. A customer whom nobody set is in the state unknown;
// an answer holds for ttl, and a change makes earlier answers void at once.
func NewCustomerTable(db *postgres.DB, unknown string, ttl time.Duration, clock coffer.Clock) (*CustomerTable, error) {
	if db == nil || clock == nil || ttl <= 0 || !slices.Contains(customerStates, unknown) {
		return nil, fmt.Errorf("withdrawal: a table of customers needs a database, a clock, a time to live and one of the states %q", customerStates)
	}
	return &CustomerTable{db: db, sql: withdrawalsql.New(db.Pool()), unknown: unknown, ttl: ttl, clock: clock}, nil
}

// Status implements Customers.
func (c *CustomerTable) Status(ctx context.Context, tenant, account string) (Status, error) {
	history, err := c.History(ctx, tenant, account, 1)
	if err != nil {
		return Status{}, err
	}
	if len(history) == 0 {
		return Status{State: c.unknown, Reason: "never set", TTL: c.ttl}, nil
	}
	return Status{State: history[0].State, Reason: history[0].Reason, TTL: c.ttl}, nil
}

// Set says where a customer stands from now on. What was found about the customer's
// withdrawals before, sent and received, does not count any more: those that no signature
// was asked for are looked at again. That the account exists is for the caller to know.
//
// Errors: CodeInvalid with the field.
func (c *CustomerTable) Set(ctx context.Context, tenant, account string, s Standing) (Standing, error) {
	err := errors.Join(
		checkText("account", account, 1, maxAccountBytes), checkText("actor", s.Actor, 1, maxActorBytes),
		checkText("reason", s.Reason, 1, maxNoteBytes),
	)
	if err != nil {
		return Standing{}, err
	}
	if !slices.Contains(customerStates, s.State) {
		return Standing{}, coffer.Invalid("state", "%.40q is none of active, limited, blocked", s.State)
	}
	s.At = c.clock().UTC().Truncate(time.Microsecond)
	err = c.db.Tx(ctx, func(tx pgx.Tx) error {
		q := c.sql.WithTx(tx)
		err := q.InsertCustomer(ctx, withdrawalsql.InsertCustomerParams{
			Tenant: tenant, Account: account, State: s.State, Reason: s.Reason, Actor: s.Actor, SetAt: s.At,
		})
		if err != nil {
			return err
		}
		return q.VoidFindings(ctx, withdrawalsql.VoidFindingsParams{Tenant: tenant, Account: account})
	})
	if err != nil {
		return Standing{}, fmt.Errorf("set the standing of account %s: %w", account, err)
	}
	return s, nil
}

// History returns how a customer stood, newest first: first is 1 to 200. A customer whom
// nobody set has none.
func (c *CustomerTable) History(ctx context.Context, tenant, account string, first int) ([]Standing, error) {
	if first < 1 || first > maxPage {
		return nil, coffer.Invalid("first", "want 1 to %d", maxPage)
	}
	rows, err := c.sql.CustomerHistory(ctx, withdrawalsql.CustomerHistoryParams{Tenant: tenant, Account: account, First: int32(first)})
	if err != nil {
		return nil, fmt.Errorf("read the standing of account %s: %w", account, err)
	}
	history := make([]Standing, len(rows))
	for i, r := range rows {
		history[i] = Standing{r.State, r.Reason, r.Actor, r.SetAt.UTC()}
	}
	return history, nil
}
