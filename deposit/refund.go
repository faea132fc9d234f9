package deposit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
	"github.com/cofferhq/coffer/ledger"
)

// States of a Refund.
//
//	ordered ──▶ paying ──▶ paid
//	   └───────────┴─────▶ failed (then another may be ordered)
const (
	RefundOrdered = "ordered" // waits until its deposit can no longer leave the chain
	RefundPaying  = "paying"  // the payer has it
	RefundPaid    = "paid"    // for good, and its deposit is refunded
	RefundFailed  = "failed"  // the money is back in suspense
)

// Refund is a deposit's money on its way back. While it is, a ledger account of the
// refund's own, named by its ID, has exactly Amount.
type Refund struct {
	ID          string
	Deposit     string
	Tenant      string
	Asset       coffer.AssetID
	Destination coffer.Address
	Amount      coffer.Amount // with whatever it costs to send
	State       string
	Reason      string // of a failure
	Payment     string // the payer's id
	Actor       string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Payer pays refunds: a withdrawal of the account that has the refund's money.
type Payer interface {
	// Request asks for a refund to be paid, once for its ID however often it is called,
	// and returns the payment's id. It spends Amount, its own fee included, of the ledger
	// account ID. An error of CodeInvalid, CodePolicy, CodeInsufficient, CodeForbidden or
	// CodeConflict refuses for good: nothing was asked for. Any other is tried again.
	Request(ctx context.Context, r Refund) (payment string, err error)

	// Payment says what became of a payment that Request returned.
	Payment(ctx context.Context, payment string) (PaymentStatus, error)
}

// PaymentStatus is where a payment is. Neither: it is on its way.
type PaymentStatus struct {
	Paid   bool   // for good: it is in a final block, and has left the books
	Failed bool   // for good: the money is back where it was
	Reason string // of a failure
}

// Reasons of deposits that are refunded.
const (
	reasonRefunding    = "a refund is on its way"
	reasonRefundPaid   = "refunded"
	reasonRefundFailed = "the refund could not be paid"
)

// actorPayer stands in the audit for what the payer reports.
const actorPayer = "payer"

// maxRefunds is how many refunds one step looks at.
const maxRefunds = 50

// Refund orders that a deposit's money goes back: to a destination, or to the deposit's
// sender when that is empty and the chain says who that is. What is in review is rejected first. The same order again
// returns the refund there is. CodeConflict: the deposit is neither in review, nor
// rejected, nor without its memo, or has a refund already. CodeInvalid: the destination is
// no address of the chain, or one of ours.
func (s *Service) Refund(ctx context.Context, by Decision, destination coffer.Address) (Refund, error) {
	deposited, err := s.Get(ctx, by.Tenant, by.Deposit)
	if err != nil {
		return Refund{}, err
	}
	if destination == "" {
		destination = deposited.From
	}
	if destination == "" {
		return Refund{}, coffer.Invalid("destination", "is needed: %s does not say who sent the deposit", deposited.Chain)
	}
	if destination, err = s.outside(ctx, deposited.Chain, destination); err != nil {
		return Refund{}, err
	}

	_, err = s.decide(ctx, by, actionRefund, string(destination), func(c *change, ctx context.Context, d depositsql.Deposit, by Decision) (depositsql.Deposit, error) {
		return c.refund(ctx, d, by, destination)
	})
	if err != nil {
		return Refund{}, err
	}
	refunds, err := s.Refunds(ctx, by.Tenant, by.Deposit)
	if err != nil {
		return Refund{}, err
	}
	for _, r := range slices.Backward(refunds) {
		if r.Destination == destination {
			return r, nil
		}
	}
	return Refund{}, coffer.Errorf(coffer.CodeConflict, "deposit %s is refunded to %s", by.Deposit, refunds[len(refunds)-1].Destination)
}

// outside returns the canonical form of an address that is nobody's of ours.
func (s *Service) outside(ctx context.Context, chain coffer.ChainID, address coffer.Address) (coffer.Address, error) {
	served, err := s.chain(chain)
	if err != nil {
		return "", err
	}
	if address, err = canonical(served, address); err != nil {
		return "", err
	}
	owner, err := s.Lookup(ctx, chain, address)
	if err != nil {
		return "", err
	}
	if owner.Kind != "" {
		return "", coffer.Invalid("destination", "%s is an address of ours: name one outside", address)
	}
	return address, nil
}

// Refunds returns the refunds of a tenant's deposit, oldest first.
func (s *Service) Refunds(ctx context.Context, tenant, id string) ([]Refund, error) {
	if _, err := s.Get(ctx, tenant, id); err != nil {
		return nil, err
	}
	rows, err := s.sql.RefundsOf(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("refunds of %s: %w", id, err)
	}
	refunds := make([]Refund, len(rows))
	for i, row := range rows {
		refunds[i] = refundOf(row)
	}
	return refunds, nil
}

func refundOf(r depositsql.DepositRefund) Refund {
	refund := Refund{
		ID: r.ID, Deposit: r.Deposit, Tenant: r.Tenant, Asset: coffer.AssetID(r.Asset), Destination: coffer.Address(r.Destination),
		Amount: r.Amount, State: r.State, Reason: r.Reason, Actor: r.Actor, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
	if r.Payment != nil {
		refund.Payment = *r.Payment
	}
	return refund
}

// refund orders one, and moves the money from suspense to the refund's own account.
func (c *change) refund(ctx context.Context, d depositsql.Deposit, by Decision, destination coffer.Address) (depositsql.Deposit, error) {
	var err error
	if d.State == string(coffer.DepositReview) {
		if d, err = c.reject(ctx, d, by); err != nil {
			return d, err
		}
	}
	from, ok := suspenseOf(d)
	if !ok {
		return d, coffer.Errorf(coffer.CodeConflict, "deposit %s is %s: there is nothing to refund", d.ID, d.State)
	}
	failed, err := c.failedRefunds(ctx, d)
	if err != nil {
		return d, err
	}

	refund, err := c.q.AddRefund(ctx, depositsql.AddRefundParams{
		ID: coffer.DeriveID("refund", d.ID, fmt.Sprint(failed)), Deposit: d.ID, Inclusion: d.Inclusion, Tenant: d.Tenant, Chain: d.Chain,
		Asset: d.Asset, Destination: string(destination), Amount: d.Amount, Suspense: from, Actor: by.Actor, At: c.at,
	})
	if err != nil {
		return d, fmt.Errorf("order refund: %w", err)
	}
	if d, err = c.move(ctx, d, coffer.DepositState(d.State), reasonRefunding); err != nil {
		return d, err
	}
	c.bookAs(d, "refund", refund.ID+"/ordered", from, ledger.User(refund.ID, ledger.BucketAvailable))
	c.note(d, actionRefund, by.Actor, by.Reason)
	return d, c.tell([]depositsql.Deposit{d})
}

// failedRefunds counts the refunds of a deposit that failed. CodeConflict: one did not, so
// the money is on its way back, or there.
func (c *change) failedRefunds(ctx context.Context, d depositsql.Deposit) (int, error) {
	earlier, err := c.q.RefundsOf(ctx, d.ID)
	if err != nil {
		return 0, fmt.Errorf("refunds of %s: %w", d.ID, err)
	}
	if n := len(earlier); n > 0 && earlier[n-1].State != RefundFailed {
		return 0, coffer.Errorf(coffer.CodeConflict, "deposit %s has a refund that is %s", d.ID, earlier[n-1].State)
	}
	return len(earlier), nil
}

// suspenseOf is where the money of a deposit is that may be refunded.
func suspenseOf(d depositsql.Deposit) (account string, ok bool) {
	switch coffer.DepositState(d.State) {
	case coffer.DepositRejected:
		return ledger.SuspenseUnknown, true
	case coffer.DepositMissingMemo:
		return ledger.SuspenseMissingMemo, true
	}
	return "", false
}

// StepRefunds takes refunds of a chain one step on: to the payer when their deposits can
// no longer leave the chain, and to their end when the payer says so. It reports whether
// any moved. One refund's trouble is returned after the others had their turn.
func (s *Service) StepRefunds(ctx context.Context, id coffer.ChainID) (bool, error) {
	chain, err := s.chain(id)
	if err != nil || s.Payer == nil {
		return false, err
	}
	moved, trouble := false, error(nil)
	for after := int64(beforeAll); ; {
		open, err := s.sql.OpenRefunds(ctx, depositsql.OpenRefundsParams{Chain: string(id), After: after, NoFinality: chain.NoFinality, Agreed: chain.Second != nil, First: maxRefunds})
		if err != nil {
			return moved, fmt.Errorf("open refunds of %s: %w", id, err)
		}
		for _, r := range open {
			after = r.Position
			step, err := s.stepRefund(ctx, r)
			if err != nil {
				trouble = errors.Join(trouble, fmt.Errorf("refund %s: %w", r.ID, err))
			}
			moved = moved || step
		}
		if len(open) < maxRefunds || ctx.Err() != nil {
			return moved, trouble
		}
	}
}

// stepRefund asks the payer, outside of any transaction, and writes what it says.
func (s *Service) stepRefund(ctx context.Context, r depositsql.DepositRefund) (bool, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if r.State == RefundOrdered {
		payment, err := s.Payer.Request(call, refundOf(r))
		if err != nil && refuses(err) {
			return true, s.endRefund(ctx, r, PaymentStatus{Failed: true, Reason: err.Error()})
		}
		if err != nil {
			return false, err
		}
		s.Checkpoint(CheckpointRefundAsked)
		n, err := s.sql.MoveRefund(ctx, depositsql.MoveRefundParams{ID: r.ID, Previous: RefundOrdered, State: RefundPaying, Payment: &payment, At: s.now()})
		if err == nil {
			s.Checkpoint(CheckpointRefunding)
		}
		return n == 1, err
	}

	status, err := s.Payer.Payment(call, *r.Payment)
	if err != nil || !status.Paid && !status.Failed {
		return false, err
	}
	if err := s.endRefund(ctx, r, status); err != nil {
		return true, err
	}
	s.Checkpoint(CheckpointRefunded)
	return true, nil
}

// refuses reports whether an error of a payer is its last word.
func refuses(err error) bool {
	switch coffer.ErrorCode(err) {
	case coffer.CodeInvalid, coffer.CodePolicy, coffer.CodeInsufficient, coffer.CodeForbidden, coffer.CodeConflict:
		return true
	}
	return false
}

// endRefund writes how a refund ended. What the payer did not spend goes back to suspense,
// unless the deposit has left the chain and took its entries with it.
func (s *Service) endRefund(ctx context.Context, r depositsql.DepositRefund, status PaymentStatus) error {
	return s.DB.Tx(ctx, func(tx pgx.Tx) error {
		c, d, err := s.lock(ctx, tx, r.Tenant, r.Deposit)
		if err != nil {
			return err
		}
		now, err := c.q.LockRefund(ctx, r.ID)
		if err != nil || now.State != r.State {
			return err // somebody else was first
		}
		left, err := s.Ledger.BalanceOf(ctx, r.ID, coffer.AssetID(r.Asset))
		if err != nil {
			return err
		}
		if !left.Held.IsZero() || status.Paid && left.Available.Cmp(r.Amount) >= 0 {
			return fmt.Errorf("the payer says that it ended, but %s is held and %s not spent", left.Held, left.Available)
		}

		state, reason, action := RefundPaid, "", actionRefundPaid
		if status.Failed {
			state, reason, action = RefundFailed, firstBytes(status.Reason, maxReasonBytes), actionRefundFailed
		}
		if _, err := c.q.MoveRefund(ctx, depositsql.MoveRefundParams{ID: r.ID, Previous: r.State, State: state, Reason: reason, At: c.at}); err != nil {
			return err
		}
		if _, waits := suspenseOf(d); !waits || d.Inclusion != r.Inclusion {
			_, err := s.Ledger.Repay(ctx, tx, r.ID, r.ID, coffer.AssetID(r.Asset), c.at)
			return err
		}
		return c.endRefunded(ctx, d, r, left.Available, action, reason)
	})
}

// endRefunded moves the deposit of a refund that ended, and books what is left of it back.
func (c *change) endRefunded(ctx context.Context, d depositsql.Deposit, r depositsql.DepositRefund, left coffer.Amount, action, reason string) error {
	state, says := coffer.DepositRefunded, reasonRefundPaid
	if action == actionRefundFailed {
		state, says = coffer.DepositState(d.State), reasonRefundFailed
	}
	moved, err := c.move(ctx, d, state, says)
	if err != nil {
		return err
	}
	if !left.IsZero() {
		rest := moved
		rest.Amount = left
		c.bookAs(rest, "refund", r.ID+"/rest", ledger.User(r.ID, ledger.BucketAvailable), r.Suspense)
	}
	if reason == "" {
		reason = says
	}
	c.note(moved, action, actorPayer, reason)
	if err := c.tell([]depositsql.Deposit{moved}); err != nil {
		return err
	}
	return c.finish(ctx)
}

// firstBytes cuts text that others wrote, between characters.
func firstBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
