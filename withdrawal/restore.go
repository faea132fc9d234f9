package withdrawal

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

// restoredKey stands for the idempotency key of a withdrawal whose request is lost: orders
// name an id that was made of the key, not the key.
const restoredKey = "restored:"

// ErrElsewhere is returned by Restore while another payout has the withdrawal.
var ErrElsewhere = errors.New("another payout has the withdrawal")

const whyRestored = "restored from the signers' logs"

// restoring are the steps that lead a withdrawal of any state before paying to it.
var restoring = map[coffer.WithdrawalState][]coffer.WithdrawalState{
	coffer.WithdrawalRequested:        {coffer.WithdrawalScreened, coffer.WithdrawalApproved, coffer.WithdrawalPaying},
	coffer.WithdrawalScreened:         {coffer.WithdrawalApproved, coffer.WithdrawalPaying},
	coffer.WithdrawalReview:           {coffer.WithdrawalApproved, coffer.WithdrawalPaying},
	coffer.WithdrawalAwaitingApproval: {coffer.WithdrawalApproved, coffer.WithdrawalPaying},
	coffer.WithdrawalApproved:         {coffer.WithdrawalPaying},
}

// Restore takes a withdrawal into a payout that signers say they signed and that this
// database does not have: it is older than they are. A withdrawal that is lost too is made
// again from its order, with its money held. CodeInsufficient when the account does not
// have it, perhaps because its deposits were not read again yet; CodeConflict when the
// withdrawal here went another way, or has another order that signers were asked about too.
func (s *Service) Restore(ctx context.Context, tx pgx.Tx, o coffer.Order, payout string) error {
	q := s.sql.WithTx(tx)
	rows, err := q.Lock(ctx, []string{o.ID})
	if err != nil {
		return fmt.Errorf("lock withdrawal %s: %w", o.ID, err)
	}
	if len(rows) == 0 {
		if err := s.restoreRow(ctx, tx, q, o); err != nil {
			return err
		}
		if rows, err = q.Lock(ctx, []string{o.ID}); err != nil {
			return fmt.Errorf("lock withdrawal %s: %w", o.ID, err)
		}
	}
	records, err := load(ctx, q, rows)
	if err != nil {
		return err
	}

	r := &records[0]
	if r.OrderHash != o.Hash() {
		if err := s.replace(ctx, tx, q, r, o); err != nil {
			return err
		}
	}
	steps, before := restoring[r.State]
	switch {
	case r.State == coffer.WithdrawalPaying && r.Payout == payout:
		steps = nil
	case r.State == coffer.WithdrawalPaying || r.State == coffer.WithdrawalConfirming:
		return fmt.Errorf("withdrawal %s, signed in payout %s: %w: %s", o.ID, payout, ErrElsewhere, r.Payout)
	case !before:
		return coffer.Errorf(coffer.CodeConflict, "withdrawal %s is %s here, with payout %q, and was signed in payout %s", o.ID, r.State, r.Payout, payout)
	}
	if r.decidedAt == nil {
		now := s.now()
		r.decidedAt = &now // it counts as spent
	}
	for _, to := range steps {
		if to == coffer.WithdrawalPaying {
			r.Payout = payout
		}
		if err := s.move(ctx, tx, r, to, whyRestored); err != nil {
			return err
		}
	}
	if err := q.Commit(ctx, []string{o.ID}); err != nil {
		return fmt.Errorf("store withdrawal %s: %w", o.ID, err)
	}
	return nil
}

// restoreRow makes a withdrawal again and holds its money. What it cost is its order's fee
// cap: that is what requests hold.
func (s *Service) restoreRow(ctx context.Context, tx pgx.Tx, q *withdrawalsql.Queries, o coffer.Order) error {
	now := s.now()
	key, err := s.take(ctx, tx, q, o, holdID(o.ID))
	if err != nil {
		return err
	}
	w := coffer.Withdrawal{
		Order: o, OrderHash: o.Hash(), IdempotencyKey: key, Fee: o.FeeCap,
		State: coffer.WithdrawalRequested, Sequence: 1, CreatedAt: now, UpdatedAt: now,
	}
	err = q.Insert(ctx, withdrawalsql.InsertParams{
		ID: w.ID, Tenant: w.Tenant, Account: w.Account, Chain: string(w.Asset.Chain()), Asset: string(w.Asset),
		Destination: string(w.Destination), Memo: w.Memo, Amount: w.Amount, FeeCap: w.FeeCap, Expires: w.Expires,
		OrderHash: w.OrderHash, IdempotencyKey: key, Fee: w.Fee, Sequence: 1, CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		return fmt.Errorf("store withdrawal %s: %w", w.ID, err)
	}
	return s.publish(ctx, tx, w)
}

// take holds the money of an order, and stores what stands for its idempotency key.
func (s *Service) take(ctx context.Context, tx pgx.Tx, q *withdrawalsql.Queries, o coffer.Order, hold string) (key string, err error) {
	now := s.now()
	key = restoredKey + o.ID
	_, err = q.InsertRequest(ctx, withdrawalsql.InsertRequestParams{
		Tenant: o.Tenant, Key: key, RequestHash: coffer.RequestHash("withdrawal/restored", o.ID), CreatedAt: now,
	})
	if err != nil {
		return "", fmt.Errorf("store the idempotency key: %w", err)
	}
	total, err := o.Amount.Add(o.FeeCap)
	if err != nil {
		return "", coffer.Invalid("amount", "is too large")
	}
	if err := s.Ledger.Hold(ctx, tx, ledger.Hold{ID: hold, Account: o.Account, Asset: o.Asset, Amount: total}, now); err != nil {
		return "", fmt.Errorf("hold the money of %s: %w", o.ID, err)
	}
	return key, nil
}

// adopt finds the withdrawal that was restored from the signers' logs for a request whose
// key is lost, and binds the key to it: the same payment asked for again is that one, any
// other is refused.
func (s *Service) adopt(ctx context.Context, r Request) (coffer.Withdrawal, bool, error) {
	w, found, err := s.restored(ctx, r)
	if !found || err != nil {
		return coffer.Withdrawal{}, false, err
	}
	asset, known := s.assets[r.Asset]
	if !known {
		return coffer.Withdrawal{}, true, keyTaken()
	}
	destination, err := s.parseAddress("destination", r.Chain, r.Destination)
	if err != nil {
		return coffer.Withdrawal{}, true, err
	}
	amount, err := parseAmount(r.Amount, asset)
	if err != nil {
		return coffer.Withdrawal{}, true, err
	}
	if w.Tenant != r.Tenant || w.Account != r.Account || w.Asset != r.Asset || w.Destination != destination || w.Memo != r.Memo || w.Amount != amount {
		return coffer.Withdrawal{}, true, keyTaken()
	}
	return s.bind(ctx, r)
}

// adoptRefund is adopt for refunds. Signers may have been told another destination than is
// asked for now, when the refund was ordered again after its order was lost too: then the
// money went there, and that is said.
func (s *Service) adoptRefund(ctx context.Context, f Refund, r Request) (coffer.Withdrawal, bool, error) {
	w, found, err := s.restored(ctx, r)
	if !found || err != nil {
		return coffer.Withdrawal{}, false, err
	}
	total, err := w.Amount.Add(w.Fee)
	if err != nil || w.Tenant != f.Tenant || w.Account != f.ID || w.Asset != f.Asset || total != f.Amount {
		return coffer.Withdrawal{}, true, keyTaken()
	}
	if w.Destination != f.Destination {
		s.Log.Error("refund was signed for another destination", "refund", f.ID, "withdrawal", w.ID, "signed", w.Destination, "asked", f.Destination)
	}
	return s.bind(ctx, r)
}

// restored finds the withdrawal of a request whose key is lost.
func (s *Service) restored(ctx context.Context, r Request) (coffer.Withdrawal, bool, error) {
	id := coffer.DeriveID("wd", r.Tenant, r.IdempotencyKey)
	rows, err := s.sql.ByIDs(ctx, []string{id})
	if err != nil {
		return coffer.Withdrawal{}, false, fmt.Errorf("read withdrawals: %w", err)
	}
	if len(rows) == 0 || rows[0].IdempotencyKey != restoredKey+id {
		return coffer.Withdrawal{}, false, nil
	}
	return fromRow(rows[0]).Withdrawal, true, nil
}

// bind gives a withdrawal that was restored the key of its request.
func (s *Service) bind(ctx context.Context, r Request) (coffer.Withdrawal, bool, error) {
	_, err := s.sql.InsertRequest(ctx, withdrawalsql.InsertRequestParams{
		Tenant: r.Tenant, Key: r.IdempotencyKey, RequestHash: r.hash(), CreatedAt: s.now(),
	})
	if err != nil {
		return coffer.Withdrawal{}, true, fmt.Errorf("store the idempotency key: %w", err)
	}
	w, _, err := s.earlier(ctx, r)
	return w, true, err
}
