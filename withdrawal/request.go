package withdrawal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// Request accepts a withdrawal: its idempotency row, order, hold and first event are one
// transaction. The same request under the same key returns the same withdrawal for ever,
// as it is by then.
//
// Errors: CodeInvalid with the field, CodeNotFound (account, quote), CodeIdempotency (the
// key came with another request), CodeInsufficient, CodeConflict (the account is frozen),
// CodeUnavailable (the network's cost is not known).
func (s *Service) Request(ctx context.Context, r Request) (coffer.Withdrawal, error) {
	if err := r.checkTexts(); err != nil {
		return coffer.Withdrawal{}, err
	}
	// A retry must find its withdrawal even when it would not be accepted any more.
	if w, found, err := s.earlier(ctx, r); found || err != nil {
		return w, err
	}
	if w, found, err := s.adopt(ctx, r); found || err != nil {
		return w, err
	}
	if s.Closed != nil {
		if err := s.Closed(ctx); err != nil {
			return coffer.Withdrawal{}, err
		}
	}

	order, to, err := s.validate(ctx, r)
	if err != nil {
		return coffer.Withdrawal{}, err
	}
	now := s.now()
	order.ID = coffer.DeriveID("wd", r.Tenant, r.IdempotencyKey)
	order.Expires = now.Add(s.OrderTTL).Truncate(time.Second)
	w := coffer.Withdrawal{
		Order: order, OrderHash: order.Hash(), IdempotencyKey: r.IdempotencyKey, Fee: order.FeeCap, Internal: to.inside(),
		State: coffer.WithdrawalRequested, Sequence: 1, CreatedAt: now, UpdatedAt: now,
	}

	fresh := false
	err = s.DB.Tx(ctx, func(tx pgx.Tx) error {
		fresh, err = s.accept(ctx, tx, r, w, to)
		s.checkpoint("withdrawal.requesting")
		return err
	})
	if coffer.ErrorCode(err) == coffer.CodeInsufficient {
		return coffer.Withdrawal{}, s.insufficient(ctx, w, err)
	}
	if err != nil {
		return coffer.Withdrawal{}, err
	}
	if !fresh { // another request with this key was first
		w, _, err := s.earlier(ctx, r)
		return w, err
	}
	s.checkpoint("withdrawal.requested")
	s.nudge()
	return w, nil
}

func keyTaken() error {
	return &coffer.Error{Code: coffer.CodeIdempotency, Field: "idempotencyKey", Message: "the key was used with another request"}
}

// insufficient says in units that people say what was asked for and what there is.
func (s *Service) insufficient(ctx context.Context, w coffer.Withdrawal, cause error) error {
	balance, err := s.Ledger.BalanceOf(ctx, w.Account, w.Asset)
	if err != nil {
		return err
	}
	asset := s.assets[w.Asset]
	say := func(a coffer.Amount) string { return a.Units(asset.Decimals) + " " + asset.Symbol }
	return &coffer.Error{
		Code: coffer.CodeInsufficient, Field: "amount", Cause: cause,
		Message: fmt.Sprintf("%s and a fee of %s are asked for, %s are available", say(w.Amount), say(w.Fee), say(balance.Available)),
	}
}

// earlier finds the withdrawal of a request that was accepted before.
func (s *Service) earlier(ctx context.Context, r Request) (coffer.Withdrawal, bool, error) {
	hash, err := s.sql.RequestHash(ctx, withdrawalsql.RequestHashParams{Tenant: r.Tenant, Key: r.IdempotencyKey})
	if errors.Is(err, pgx.ErrNoRows) {
		return coffer.Withdrawal{}, false, nil
	}
	if err != nil {
		return coffer.Withdrawal{}, false, fmt.Errorf("read the idempotency key: %w", err)
	}
	if hash != r.hash() {
		return coffer.Withdrawal{}, true, keyTaken()
	}
	w, err := s.Get(ctx, r.Tenant, coffer.DeriveID("wd", r.Tenant, r.IdempotencyKey))
	return w, true, err
}

// accept writes a new withdrawal; false means that the key is taken. A second request
// with the same key waits at the first row until the first one ended.
func (s *Service) accept(ctx context.Context, tx pgx.Tx, r Request, w coffer.Withdrawal, to recipient) (bool, error) {
	q := s.sql.WithTx(tx)
	n, err := q.InsertRequest(ctx, withdrawalsql.InsertRequestParams{
		Tenant: r.Tenant, Key: r.IdempotencyKey, RequestHash: r.hash(), CreatedAt: w.CreatedAt,
	})
	if err != nil {
		return false, fmt.Errorf("store the idempotency key: %w", err)
	}
	if n == 0 {
		return false, nil
	}

	total, err := w.Amount.Add(w.Fee)
	if err != nil {
		return false, coffer.Invalid("amount", "is too large")
	}
	hold := ledger.Hold{ID: holdID(w.ID), Account: w.Account, Asset: w.Asset, Amount: total}
	if err := s.Ledger.Hold(ctx, tx, hold, w.CreatedAt); err != nil {
		return false, fmt.Errorf("hold the money: %w", err)
	}
	params := withdrawalsql.InsertParams{
		ID: w.ID, Tenant: w.Tenant, Account: w.Account, Chain: string(w.Asset.Chain()), Asset: string(w.Asset),
		Destination: string(w.Destination), Memo: w.Memo, Amount: w.Amount, FeeCap: w.FeeCap, Expires: w.Expires,
		OrderHash: w.OrderHash, IdempotencyKey: w.IdempotencyKey, Fee: w.Fee, Sequence: int64(w.Sequence), //nolint:gosec // it is 1
		CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt,
	}
	if to.inside() {
		params.ToTenant, params.ToAccount = &to.tenant, &to.account
	}
	if err := q.Insert(ctx, params); err != nil {
		return false, fmt.Errorf("store withdrawal %s: %w", w.ID, err)
	}
	if err := s.useQuote(ctx, tx, w, r.Quote); err != nil {
		return false, err
	}
	return true, s.publish(ctx, tx, w)
}
