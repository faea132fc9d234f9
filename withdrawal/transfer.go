package withdrawal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// recipient is whose money it becomes when the destination is an address of another
// account here; zero when a chain has to pay.
type recipient struct{ tenant, account string }

func (r recipient) inside() bool { return r.account != "" }

// recipientOf is the recipient of an owner that checkDestination let pass.
func recipientOf(o Owner) recipient {
	if o.Kind != OwnerDeposit {
		return recipient{}
	}
	return recipient{o.Tenant, o.Account}
}

// settleInside pays an approved withdrawal to another account here: what was held becomes
// the other account's available money, and both sides get their event. No chain is told.
func (s *Service) settleInside(ctx context.Context, tx pgx.Tx, r *record) error {
	frozen, err := s.Ledger.Frozen(ctx, tx, []string{r.Account})
	if err != nil {
		return err
	}
	if len(frozen) > 0 {
		return s.move(ctx, tx, r, coffer.WithdrawalReview, whyFrozen)
	}
	now := s.now()
	people, _ := s.Policy.Approvers(r.Order, r.Approvals, now)
	if uint64(len(people)) < uint64(r.ApprovalsRequired) {
		return s.reject(ctx, tx, r, "the approvals expired before it was paid")
	}
	total, err := r.Amount.Add(r.Fee)
	if err != nil {
		return err
	}
	postings := []ledger.Posting{
		ledger.Debit(ledger.User(r.Account, ledger.BucketHeld), r.Asset, total),
		ledger.Credit(ledger.User(r.to.account, ledger.BucketAvailable), r.Asset, r.Amount),
	}
	if !r.Fee.IsZero() {
		postings = append(postings, ledger.Credit(ledger.RevenueWithdrawFee, r.Asset, r.Fee))
	}
	if err := s.Ledger.PostHold(ctx, tx, r.holdID(), ledger.Entry{
		ID: coffer.DeriveID("en", "withdrawal", r.ID, "settled"), Kind: "withdrawal.book_transfer", Resource: r.ID,
		At: now, Postings: postings,
	}); err != nil {
		return fmt.Errorf("settle %s: %w", r.ID, err)
	}
	if err := s.move(ctx, tx, r, coffer.WithdrawalSettled, ""); err != nil {
		return err
	}
	// The order is good for a chain too, and must not be paid by one as well.
	if err := s.revoke(ctx, tx, r, "paid by the books"); err != nil {
		return err
	}
	if err := s.receive(ctx, tx, r); err != nil {
		return err
	}
	s.checkpoint("withdrawal.before_booked")
	return nil
}

// receive writes the receiving side of a book transfer and its event.
func (s *Service) receive(ctx context.Context, tx pgx.Tx, r *record) error {
	t := coffer.BookTransfer{
		ID: coffer.DeriveID("bt", r.ID), Tenant: r.to.tenant, Account: r.to.account,
		Asset: r.Asset, Address: r.Destination, Amount: r.Amount, At: r.UpdatedAt,
	}
	if r.to.tenant == r.Tenant {
		t.Sender = r.Account
	}
	err := s.sql.WithTx(tx).InsertTransfer(ctx, withdrawalsql.InsertTransferParams{
		ID: t.ID, WithdrawalID: r.ID, Tenant: t.Tenant, Account: t.Account, Asset: string(t.Asset),
		Address: string(t.Address), Amount: t.Amount, Sender: t.Sender, CreatedAt: t.At,
	})
	if err != nil {
		return fmt.Errorf("store the book transfer of %s: %w", r.ID, err)
	}

	body, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("encode book transfer %s: %w", t.ID, err)
	}
	event, err := json.Marshal(coffer.Event{
		ID: coffer.DeriveID("ev", t.ID, "1"), Type: coffer.EventBookTransfer, State: string(coffer.WithdrawalSettled),
		Tenant: t.Tenant, Account: t.Account, Resource: t.ID, Sequence: 1, At: t.At, Body: body,
	})
	if err != nil {
		return fmt.Errorf("encode the event of book transfer %s: %w", t.ID, err)
	}
	err = s.Events.AppendTx(ctx, tx, stream.TopicEvents, stream.PartitionAll, []stream.Record{{Key: t.ID, Value: event}})
	if err != nil {
		return fmt.Errorf("append the event of book transfer %s: %w", t.ID, err)
	}
	return nil
}

// Received returns what a tenant's accounts, or one of them, received from other accounts
// here, newest first. Filter.State is not looked at. An After that is not the tenant's is
// an empty list.
func (s *Service) Received(ctx context.Context, tenant string, f Filter) ([]coffer.BookTransfer, error) {
	if f.First < 1 || f.First > maxPage {
		return nil, coffer.Invalid("first", "want 1 to %d", maxPage)
	}
	if err := errors.Join(checkText("account", f.Account, 0, maxAccountBytes), checkText("after", f.After, 0, maxIDBytes)); err != nil {
		return nil, err
	}
	rows, err := s.sql.Transfers(ctx, withdrawalsql.TransfersParams{Tenant: tenant, Account: f.Account, After: f.After, First: int32(f.First)})
	if err != nil {
		return nil, fmt.Errorf("list book transfers: %w", err)
	}
	transfers := make([]coffer.BookTransfer, len(rows))
	for i, row := range rows {
		transfers[i] = coffer.BookTransfer{
			ID: row.ID, Tenant: row.Tenant, Account: row.Account, Asset: coffer.AssetID(row.Asset),
			Address: coffer.Address(row.Address), Amount: row.Amount, Sender: row.Sender, At: row.CreatedAt.UTC(),
		}
	}
	return transfers, nil
}
