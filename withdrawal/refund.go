package withdrawal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
)

// RefundPrefix begins the names of the ledger accounts that have a refund's money. They are
// no customer's: only [Service.Refund] takes from them.
const RefundPrefix = "refund_"

// refundKey begins the idempotency keys of refunds. Keys of customers have no control
// characters, so that none can be taken for one or stand in its way.
const refundKey = "refund\x1f"

// Refund is a payment that no customer asks for: what a deposit brought goes back.
type Refund struct {
	ID          string // the ledger account that has the money, and what makes asking twice harmless
	Tenant      string
	Asset       coffer.AssetID
	Destination coffer.Address
	Amount      coffer.Amount // with the fee
}

// Refund accepts a refund as a withdrawal of its own account: the destination is looked at,
// screened and held to policy as any other; the fee is that of a withdrawal and comes out
// of the amount. No minimum holds. Asking again returns the withdrawal there is; where it
// was restored from the signers' logs it goes where they were told, whatever is asked now.
//
// Errors: CodeInvalid with the field, CodeInsufficient, CodeUnavailable (the network's cost
// is not known, or withdrawals are closed).
func (s *Service) Refund(ctx context.Context, f Refund) (coffer.Withdrawal, error) {
	if !strings.HasPrefix(f.ID, RefundPrefix) {
		return coffer.Withdrawal{}, coffer.Invalid("id", "want %s and what makes it unique", RefundPrefix)
	}
	r := Request{
		Tenant: f.Tenant, Account: f.ID, IdempotencyKey: refundKey + f.ID, Chain: f.Asset.Chain(), Asset: f.Asset,
		Destination: string(f.Destination), Amount: f.Amount.String(),
	}
	if w, found, err := s.earlier(ctx, r); found || err != nil {
		return w, err
	}
	if w, found, err := s.adoptRefund(ctx, f, r); found || err != nil {
		return w, err
	}
	if s.Closed != nil {
		if err := s.Closed(ctx); err != nil {
			return coffer.Withdrawal{}, err
		}
	}
	order, err := s.refundOrder(ctx, f)
	if err != nil {
		return coffer.Withdrawal{}, err
	}
	now := s.now()
	order.ID = coffer.DeriveID("wd", r.Tenant, r.IdempotencyKey)
	order.Expires = now.Add(s.OrderTTL).Truncate(time.Second)
	w := coffer.Withdrawal{
		Order: order, OrderHash: order.Hash(), IdempotencyKey: r.IdempotencyKey, Fee: order.FeeCap,
		State: coffer.WithdrawalRequested, Sequence: 1, CreatedAt: now, UpdatedAt: now,
	}
	fresh := false
	err = s.DB.Tx(ctx, func(tx pgx.Tx) error {
		fresh, err = s.accept(ctx, tx, r, w, recipient{})
		return err
	})
	if err != nil {
		return coffer.Withdrawal{}, fmt.Errorf("refund %s: %w", f.ID, err)
	}
	if !fresh {
		w, _, err := s.earlier(ctx, r)
		return w, err
	}
	s.checkpoint("withdrawal.refund_requested")
	s.nudge()
	return w, nil
}

// refundOrder is the order of a refund without identity and times. The fee of the whole
// amount is at least that of what is left of it.
func (s *Service) refundOrder(ctx context.Context, f Refund) (coffer.Order, error) {
	asset, known := s.assets[f.Asset]
	if !known {
		return coffer.Order{}, coffer.Invalid("asset", "%s is not an asset we serve", f.Asset)
	}
	destination, err := s.parseAddress("destination", asset.ID.Chain(), string(f.Destination))
	if err != nil {
		return coffer.Order{}, err
	}
	owner, err := s.checkDestination(ctx, asset.ID.Chain(), destination, f.Tenant, f.ID)
	if err != nil {
		return coffer.Order{}, err
	}
	if owner.Kind != "" {
		return coffer.Order{}, coffer.Invalid("destination", "is an address of ours")
	}
	fee, err := s.fee(ctx, asset, f.Amount)
	if err != nil {
		return coffer.Order{}, err
	}
	amount, err := f.Amount.Sub(fee)
	if err != nil || amount.IsZero() {
		return coffer.Order{}, coffer.Invalid("amount", "%s %s is not more than the fee of %s", f.Amount.Units(asset.Decimals), asset.Symbol, fee.Units(asset.Decimals))
	}
	if err := s.checkPayment(destination, asset.ID, amount); err != nil {
		return coffer.Order{}, err
	}
	return coffer.Order{Tenant: f.Tenant, Account: f.ID, Asset: asset.ID, Destination: destination, Amount: amount, FeeCap: fee}, nil
}

// refunds reports whether a withdrawal is a refund: it has no customer. The key does not
// say: one that was restored has another.
func refunds(w coffer.Withdrawal) bool { return strings.HasPrefix(w.Account, RefundPrefix) }

// ByID returns a withdrawal of any tenant, or CodeNotFound: for parts of the house.
func (s *Service) ByID(ctx context.Context, id string) (coffer.Withdrawal, error) {
	rows, err := s.sql.ByIDs(ctx, []string{id})
	if err != nil {
		return coffer.Withdrawal{}, fmt.Errorf("read withdrawal %s: %w", id, err)
	}
	records, err := load(ctx, s.sql, rows)
	if err != nil {
		return coffer.Withdrawal{}, err
	}
	if len(records) == 0 {
		return coffer.Withdrawal{}, notFound()
	}
	return records[0].Withdrawal, nil
}
