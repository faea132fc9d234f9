package withdrawal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// record is a withdrawal with what only this package knows of it.
type record struct {
	coffer.Withdrawal
	decidedAt  *time.Time
	committed  bool
	asked      bool // signers were asked to sign the order, once at least
	replaced   bool // the order is the one that signers had signed, not the one that was requested
	cancelling bool
	to         recipient

	screenedUntil *time.Time // nil when it has to be screened (again)
	halted        bool       // screening stopped the payout that is being prepared
	released      bool       // a person looked

	resembles coffer.Address // known to the account, and looking like the destination
	notBefore *time.Time     // until when policy makes it wait
}

func fromRow(r withdrawalsql.Withdrawal) record {
	w := coffer.Withdrawal{
		Order: coffer.Order{
			ID: r.ID, Tenant: r.Tenant, Account: r.Account, Asset: coffer.AssetID(r.Asset),
			Destination: coffer.Address(r.Destination), Memo: r.Memo, Amount: r.Amount, FeeCap: r.FeeCap, Expires: r.Expires.UTC(),
		},
		OrderHash:         r.OrderHash,
		IdempotencyKey:    r.IdempotencyKey,
		Fee:               r.Fee,
		Internal:          r.ToAccount != nil,
		State:             coffer.WithdrawalState(r.State),
		Reason:            r.Reason,
		ApprovalsRequired: uint32(r.ApprovalsRequired), //nolint:gosec // not negative, by a check in SQL
		Tx:                r.Tx,
		Sequence:          uint64(r.Sequence), //nolint:gosec // positive, by a check in SQL
		CreatedAt:         r.CreatedAt.UTC(),
		UpdatedAt:         r.UpdatedAt.UTC(),
	}
	if r.Payout != nil {
		w.Payout = *r.Payout
	}
	rec := record{
		Withdrawal: w, decidedAt: r.DecidedAt, committed: r.Committed, asked: r.Asked, replaced: r.Replaced, cancelling: r.Cancelling,
		screenedUntil: r.ScreenedUntil, halted: r.Halted, released: r.Released,
		resembles: coffer.Address(r.Resembles), notBefore: r.NotBefore,
	}
	if r.ToAccount != nil { // a check in SQL makes the other not null either
		rec.to = recipient{*r.ToTenant, *r.ToAccount}
	}
	return rec
}

// load turns rows into withdrawals with their approvals, and refuses an order that does
// not have the hash it was stored with.
func load(ctx context.Context, q *withdrawalsql.Queries, rows []withdrawalsql.Withdrawal) ([]record, error) {
	records := make([]record, len(rows))
	ids := make([]string, len(rows))
	place := make(map[string]int, len(rows))
	for i, row := range rows {
		records[i] = fromRow(row)
		ids[i], place[row.ID] = row.ID, i
		if records[i].Order.Hash() != row.OrderHash {
			return nil, fmt.Errorf("withdrawal %s: the order does not have its stored hash %s", row.ID, row.OrderHash)
		}
	}
	approvals, err := q.Approvals(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read approvals: %w", err)
	}
	for _, a := range approvals {
		r := &records[place[a.WithdrawalID]]
		if a.OrderHash != r.OrderHash {
			continue // of an order that was replaced
		}
		r.Approvals = append(r.Approvals, toApproval(a))
	}
	return records, nil
}

func toApproval(a withdrawalsql.WithdrawalApproval) coffer.Approval {
	return coffer.Approval{Order: a.OrderHash, Scheme: a.Scheme, Key: a.Key, Expires: a.Expires.UTC(), Signature: a.Signature}
}

// lockOwn locks a tenant's withdrawal until the transaction ends.
func (s *Service) lockOwn(ctx context.Context, tx pgx.Tx, tenant, id string) (record, error) {
	q := s.sql.WithTx(tx)
	row, err := q.LockOwn(ctx, withdrawalsql.LockOwnParams{Tenant: tenant, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return record{}, notFound()
	}
	if err != nil {
		return record{}, fmt.Errorf("read withdrawal %s: %w", id, err)
	}
	records, err := load(ctx, q, []withdrawalsql.Withdrawal{row})
	if err != nil {
		return record{}, err
	}
	return records[0], nil
}

// lockAll locks withdrawals by id, in the order of ids in the database.
func (s *Service) lockAll(ctx context.Context, tx pgx.Tx, ids []string) ([]record, error) {
	q := s.sql.WithTx(tx)
	rows, err := q.Lock(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("lock withdrawals: %w", err)
	}
	if len(rows) != len(ids) {
		return nil, fmt.Errorf("lock withdrawals: %d of %d exist", len(rows), len(ids))
	}
	return load(ctx, q, rows)
}

func notFound() error { return coffer.Errorf(coffer.CodeNotFound, "no such withdrawal") }

// move takes a withdrawal to another state for a reason, and says so.
func (s *Service) move(ctx context.Context, tx pgx.Tx, r *record, to coffer.WithdrawalState, reason string) error {
	if !coffer.WithdrawalMoves.Allowed(r.State, to) {
		return coffer.Errorf(coffer.CodeConflict, "a withdrawal that is %s cannot become %s", r.State, to)
	}
	if to != coffer.WithdrawalAwaitingApproval {
		r.notBefore = nil
	}
	r.State, r.Reason = to, reason
	return s.save(ctx, tx, r)
}

// save writes the changes of a withdrawal as its next event.
func (s *Service) save(ctx context.Context, tx pgx.Tx, r *record) error {
	r.Sequence++
	r.UpdatedAt = s.now()
	params := withdrawalsql.SaveParams{
		ID: r.ID, State: string(r.State), Reason: r.Reason,
		ApprovalsRequired: int32(r.ApprovalsRequired), //nolint:gosec // policy counts people of a file
		DecidedAt:         r.decidedAt, Committed: r.committed, Cancelling: r.cancelling, Halted: r.halted, Released: r.released,
		ScreenedUntil: r.screenedUntil, NotBefore: r.notBefore, Resembles: string(r.resembles), Tx: r.Tx,
		Sequence: int64(r.Sequence), UpdatedAt: r.UpdatedAt, //nolint:gosec // counts changes
	}
	if r.Payout != "" {
		params.Payout = &r.Payout
	}
	n, err := s.sql.WithTx(tx).Save(ctx, params)
	if err != nil {
		return fmt.Errorf("store withdrawal %s: %w", r.ID, err)
	}
	if n != 1 {
		return fmt.Errorf("store withdrawal %s: it changed meanwhile", r.ID)
	}
	return s.publish(ctx, tx, r.Withdrawal)
}

// publish writes the event of a withdrawal as it is now.
func (s *Service) publish(ctx context.Context, tx pgx.Tx, w coffer.Withdrawal) error {
	body, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("encode withdrawal %s: %w", w.ID, err)
	}
	event, err := json.Marshal(coffer.Event{
		ID:   coffer.DeriveID("ev", w.ID, strconv.FormatUint(w.Sequence, 10)),
		Type: coffer.EventWithdrawal, State: string(w.State), Tenant: w.Tenant, Account: w.Account,
		Resource: w.ID, Sequence: w.Sequence, At: w.UpdatedAt, Body: body,
	})
	if err != nil {
		return fmt.Errorf("encode the event of withdrawal %s: %w", w.ID, err)
	}
	err = s.Events.AppendTx(ctx, tx, stream.TopicEvents, stream.PartitionAll, []stream.Record{{Key: w.ID, Value: event}})
	if err != nil {
		return fmt.Errorf("append the event of withdrawal %s: %w", w.ID, err)
	}
	return nil
}
