package withdrawal

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// Quotes that nobody used are kept for a day after they expired, and deleted in batches.
const (
	keepQuotes = 24 * time.Hour
	purgeBatch = 1000
	purgeEvery = 10 * time.Minute
)

// Quote is a fee that holds until it expires, for one withdrawal of exactly this amount
// to this destination.
type Quote struct {
	ID          string
	Tenant      string
	Account     string
	Asset       coffer.AssetID
	Destination coffer.Address
	Amount      coffer.Amount // what the destination receives
	Fee         coffer.Amount // on top of it
	Expires     time.Time
}

// Quote says what a request would cost, and keeps its word until the quote expires when
// the request names it. The idempotency key, the balance and policy are not looked at.
//
// Errors: as Request; CodeUnavailable when the network's cost is not known.
func (s *Service) Quote(ctx context.Context, r Request) (Quote, error) {
	r.IdempotencyKey, r.Quote = "quote", "" // of nothing that is stored
	if err := r.checkTexts(); err != nil {
		return Quote{}, err
	}
	order, _, err := s.validate(ctx, r)
	if err != nil {
		return Quote{}, err
	}
	var id [16]byte
	if _, err := io.ReadFull(s.Random, id[:]); err != nil {
		return Quote{}, fmt.Errorf("make the id of a quote: %w", err)
	}

	now := s.now()
	q := Quote{
		ID: "qt_" + hex.EncodeToString(id[:]), Tenant: order.Tenant, Account: order.Account, Asset: order.Asset,
		Destination: order.Destination, Amount: order.Amount, Fee: order.FeeCap, Expires: now.Add(s.QuoteTTL),
	}
	err = s.sql.InsertQuote(ctx, withdrawalsql.InsertQuoteParams{
		ID: q.ID, Tenant: q.Tenant, Account: q.Account, Asset: string(q.Asset), Destination: string(q.Destination),
		Amount: q.Amount, Fee: q.Fee, Expires: q.Expires, CreatedAt: now,
	})
	if err != nil {
		return Quote{}, fmt.Errorf("store a quote: %w", err)
	}
	return q, nil
}

// quoted is the fee that a request's quote promises, if the quote is the tenant's, still
// holds, and is for this order. That it is used once is seen to when it is used.
func (s *Service) quoted(ctx context.Context, id string, o coffer.Order) (coffer.Amount, error) {
	q, err := s.sql.Quote(ctx, withdrawalsql.QuoteParams{Tenant: o.Tenant, ID: id})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return coffer.Amount{}, &coffer.Error{Code: coffer.CodeNotFound, Field: "quote", Message: "no such quote"}
	case err != nil:
		return coffer.Amount{}, fmt.Errorf("read quote %s: %w", id, err)
	case !s.now().Before(q.Expires):
		return coffer.Amount{}, coffer.Invalid("quote", "expired at %s", q.Expires.UTC().Format(time.RFC3339))
	case q.Account != o.Account || q.Asset != string(o.Asset) || q.Destination != string(o.Destination) || q.Amount != o.Amount:
		return coffer.Amount{}, coffer.Invalid("quote", "is for another account, asset, destination or amount")
	case q.WithdrawalID != nil:
		return coffer.Amount{}, coffer.Invalid("quote", "was used by withdrawal %s", *q.WithdrawalID)
	}
	return q.Fee, nil
}

// useQuote binds a quote to the withdrawal it was made for, inside its transaction.
func (s *Service) useQuote(ctx context.Context, tx pgx.Tx, w coffer.Withdrawal, quote string) error {
	if quote == "" {
		return nil
	}
	n, err := s.sql.WithTx(tx).UseQuote(ctx, withdrawalsql.UseQuoteParams{WithdrawalID: w.ID, Tenant: w.Tenant, ID: quote})
	if err != nil {
		return fmt.Errorf("use quote %s: %w", quote, err)
	}
	if n != 1 {
		return coffer.Invalid("quote", "was used by another withdrawal")
	}
	return nil
}

// PurgeQuotes deletes quotes that nobody used and that expired long ago, some at a time.
func (s *Service) PurgeQuotes(ctx context.Context) error {
	err := s.sql.PurgeQuotes(ctx, withdrawalsql.PurgeQuotesParams{Before: s.now().Add(-keepQuotes), Most: purgeBatch})
	if err != nil {
		return fmt.Errorf("delete old quotes: %w", err)
	}
	return nil
}
