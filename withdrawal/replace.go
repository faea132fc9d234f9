package withdrawal

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal/withdrawalsql"
)

const whyReplaced = "signers had signed another order under this id: it takes the place of the one that was requested"

// replace puts the order that signers signed in the place of one that was requested under
// the same id after a restore, and that no signer was ever asked about: with the same key a
// customer asked again before the signers' logs were read. What was requested is kept in
// withdrawal_replaced. Its money is let go and that of the signed order held; its key is free
// again, so that the payment which was signed can be found under it and any other is refused.
func (s *Service) replace(ctx context.Context, tx pgx.Tx, q *withdrawalsql.Queries, r *record, o coffer.Order) error {
	_, before := restoring[r.State]
	switch {
	case r.asked:
		return coffer.Errorf(coffer.CodeConflict, "withdrawal %s has the order %s here, which signers were asked to sign, and another one that they signed, %s", o.ID, r.OrderHash, o.Hash())
	case !before || r.Payout != "" || r.Tenant != o.Tenant:
		return coffer.Errorf(coffer.CodeConflict, "withdrawal %s of tenant %s is %s here with the order %s, and signers signed another one, %s", o.ID, r.Tenant, r.State, r.OrderHash, o.Hash())
	}
	body, err := json.Marshal(r.Withdrawal)
	if err != nil {
		return fmt.Errorf("encode withdrawal %s: %w", r.ID, err)
	}
	now := s.now()
	n, err := q.InsertReplaced(ctx, withdrawalsql.InsertReplacedParams{ID: r.ID, Body: body, At: now})
	if err != nil {
		return fmt.Errorf("keep what was requested as %s: %w", r.ID, err)
	}
	if n != 1 {
		return fmt.Errorf("keep what was requested as %s: it changed meanwhile", r.ID)
	}
	if err := s.Ledger.VoidHold(ctx, tx, r.holdID(), now); err != nil {
		return fmt.Errorf("void the hold of %s: %w", r.ID, err)
	}

	requested := r.IdempotencyKey
	next := record{replaced: true, Withdrawal: coffer.Withdrawal{
		Order: o, OrderHash: o.Hash(), Fee: o.FeeCap, State: r.State, Reason: whyReplaced,
		Sequence: r.Sequence + 1, CreatedAt: r.CreatedAt, UpdatedAt: now,
	}}
	if next.IdempotencyKey, err = s.take(ctx, tx, q, o, next.holdID()); err != nil {
		return err
	}
	n, err = q.Replace(ctx, withdrawalsql.ReplaceParams{
		ID: o.ID, Account: o.Account, Chain: string(o.Asset.Chain()), Asset: string(o.Asset), Destination: string(o.Destination),
		Memo: o.Memo, Amount: o.Amount, FeeCap: o.FeeCap, Expires: o.Expires, OrderHash: next.OrderHash,
		IdempotencyKey: next.IdempotencyKey, Fee: next.Fee, Reason: next.Reason,
		Sequence: int64(next.Sequence), UpdatedAt: now, //nolint:gosec // counts changes
	})
	if err != nil {
		return fmt.Errorf("replace the order of %s: %w", r.ID, err)
	}
	if n != 1 {
		return fmt.Errorf("replace the order of %s: it changed meanwhile", r.ID)
	}
	if err := q.DropRequest(ctx, withdrawalsql.DropRequestParams{Tenant: r.Tenant, Key: requested}); err != nil {
		return fmt.Errorf("free the idempotency key of %s: %w", r.ID, err)
	}
	s.Log.Warn("order replaced by the one that signers had signed", "withdrawal", r.ID, "requested", r.OrderHash, "signed", next.OrderHash)
	*r = next
	return s.publish(ctx, tx, next.Withdrawal)
}
