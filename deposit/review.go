package deposit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
	"github.com/cofferhq/coffer/ledger"
)

// Decision is a person's word on a deposit that waits for one.
type Decision struct {
	Tenant  string
	Deposit string
	Actor   string // who decides, as the audit keeps it
	Reason  string // why; the customer sees it

	// Key makes the decision repeatable: the same one under the same key of a tenant
	// answers with the deposit as it is by then, for ever; another one is CodeIdempotency.
	// Empty: only what is the last word already is repeated.
	Key string
}

// Bounds of a Decision.
const (
	maxActorBytes  = 128
	maxReasonBytes = 500
	maxKeyBytes    = 255
)

func (d Decision) check() error {
	if d.Actor == "" || len(d.Actor) > maxActorBytes || strings.HasPrefix(d.Actor, rulePrefix) {
		return coffer.Invalid("actor", "want 1 to %d bytes that do not begin with %q", maxActorBytes, rulePrefix)
	}
	if d.Reason == "" || len(d.Reason) > maxReasonBytes {
		return coffer.Invalid("reason", "want 1 to %d bytes", maxReasonBytes)
	}
	for field, text := range map[string]string{"actor": d.Actor, "reason": d.Reason, "idempotencyKey": d.Key} {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return coffer.Invalid(field, "want text without control characters")
		}
	}
	if len(d.Key) > maxKeyBytes {
		return coffer.Invalid("idempotencyKey", "want at most %d bytes", maxKeyBytes)
	}
	return nil
}

// firstTime binds the decision's key to it, and reports whether it was free.
func (d Decision) firstTime(ctx context.Context, c *change, action, detail string) (bool, error) {
	if d.Key == "" {
		return true, nil
	}
	hash := coffer.RequestHash("deposit-decision", action, d.Deposit, d.Reason, detail)
	bound, err := c.q.BindDecision(ctx, depositsql.BindDecisionParams{Tenant: d.Tenant, Key: d.Key, RequestHash: hash, Deposit: d.Deposit, At: c.at})
	if err != nil {
		return false, fmt.Errorf("bind the key: %w", err)
	}
	if bound == 1 {
		return true, nil
	}
	earlier, err := c.q.BoundDecision(ctx, depositsql.BoundDecisionParams{Tenant: d.Tenant, Key: d.Key})
	if err != nil {
		return false, fmt.Errorf("read the key: %w", err)
	}
	if earlier != hash {
		return false, &coffer.Error{Code: coffer.CodeIdempotency, Field: "idempotencyKey", Message: "the key was used with another request"}
	}
	return false, nil
}

// Release ends the wait of a deposit in review or without its memo in the customer's
// favour: it is credited, and unlocked with the next block that is deep enough. The same
// decision again is a no-op. CodeConflict: it does not wait for a person, is not yet deep
// enough to be credited, or its money is on its way back.
func (s *Service) Release(ctx context.Context, d Decision) (coffer.Deposit, error) {
	return s.decide(ctx, d, actionRelease, "", (*change).release)
}

// Reject ends the review of a deposit against the customer: the money is kept in suspense.
// The same decision again is a no-op; CodeConflict as in Release.
func (s *Service) Reject(ctx context.Context, d Decision) (coffer.Deposit, error) {
	return s.decide(ctx, d, actionReject, "", (*change).reject)
}

// waits reports whether a deposit waits for a person. What is in review may be rejected;
// what lacks a memo is in suspense already.
func waits(d depositsql.Deposit) bool {
	return d.State == string(coffer.DepositReview) || d.State == string(coffer.DepositMissingMemo)
}

func (c *change) release(ctx context.Context, d depositsql.Deposit, by Decision) (depositsql.Deposit, error) {
	if !waits(d) {
		return d, coffer.Errorf(coffer.CodeConflict, "deposit %s is %s, it does not wait for a person", d.ID, d.State)
	}
	from := ledger.User(d.Account, ledger.BucketReview)
	if d.State == string(coffer.DepositMissingMemo) {
		if _, err := c.failedRefunds(ctx, d); err != nil {
			return d, err // it keeps its state while its money goes back
		}
		from = ledger.SuspenseMissingMemo
	}
	d, err := c.move(ctx, d, coffer.DepositCredited, by.Reason)
	if err != nil {
		return d, err
	}
	c.bookAs(d, "released", fmt.Sprintf("%s/released/%d", d.ID, d.Inclusion), from, ledger.User(d.Account, ledger.BucketPending))
	c.note(d, actionRelease, by.Actor, by.Reason)
	return d, c.tell([]depositsql.Deposit{d})
}

func (c *change) reject(ctx context.Context, d depositsql.Deposit, by Decision) (depositsql.Deposit, error) {
	if d.State != string(coffer.DepositReview) {
		return d, coffer.Errorf(coffer.CodeConflict, "deposit %s is %s, not in review", d.ID, d.State)
	}
	d, err := c.move(ctx, d, coffer.DepositRejected, by.Reason)
	if err != nil {
		return d, err
	}
	c.bookAs(d, d.State, fmt.Sprintf("%s/%s/%d", d.ID, d.State, d.Inclusion), ledger.User(d.Account, ledger.BucketReview), ledger.SuspenseUnknown)
	c.note(d, actionReject, by.Actor, by.Reason)
	return d, c.tell([]depositsql.Deposit{d})
}

// move gives one deposit a state and a reason.
func (c *change) move(ctx context.Context, d depositsql.Deposit, state coffer.DepositState, reason string) (depositsql.Deposit, error) {
	moved, err := c.q.SetAside(ctx, depositsql.SetAsideParams{Ids: []string{d.ID}, States: []string{string(state)}, Reasons: []string{reason}, At: c.at})
	if err != nil {
		return d, fmt.Errorf("move %s to %s: %w", d.ID, state, err)
	}
	if len(moved) != 1 {
		return d, fmt.Errorf("move %s to %s: it is not there", d.ID, state)
	}
	return moved[0], nil
}

// decide runs a command on one deposit, in one transaction. detail is what the command has
// besides the Decision.
func (s *Service) decide(ctx context.Context, by Decision, action, detail string,
	command func(*change, context.Context, depositsql.Deposit, Decision) (depositsql.Deposit, error)) (coffer.Deposit, error) {
	if err := by.check(); err != nil {
		return coffer.Deposit{}, err
	}
	var decided coffer.Deposit
	err := s.DB.Tx(ctx, func(tx pgx.Tx) error {
		c, d, err := s.lock(ctx, tx, by.Tenant, by.Deposit)
		if err != nil {
			return err
		}
		first, err := by.firstTime(ctx, c, action, detail)
		if err != nil || !first {
			decided = depositOf(d, &c.height)
			return err
		}
		if done, err := c.decided(ctx, d, by, action); err != nil || done {
			decided = depositOf(d, &c.height)
			return err
		}
		if c.height < d.CreditHeight {
			return coffer.Errorf(coffer.CodeConflict, "deposit %s has too few confirmations to be decided on", d.ID)
		}
		if d, err = command(c, ctx, d, by); err != nil {
			return err
		}
		decided = depositOf(d, &c.height)
		return c.finish(ctx)
	})
	if err != nil {
		return coffer.Deposit{}, fmt.Errorf("%s deposit %s: %w", action, by.Deposit, err)
	}
	s.Checkpoint(CheckpointDecided)
	return decided, nil
}

// lock takes a chain's cursor first, as block events do, so that no block comes or goes
// meanwhile, and then a deposit on it.
func (s *Service) lock(ctx context.Context, tx pgx.Tx, tenant, id string) (*change, depositsql.Deposit, error) {
	q := depositsql.New(tx)
	row, err := q.Deposit(ctx, depositsql.DepositParams{Tenant: tenant, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, depositsql.Deposit{}, notFound(id)
	}
	if err != nil {
		return nil, depositsql.Deposit{}, err
	}
	c, err := s.lockChain(ctx, tx, coffer.ChainID(row.Deposit.Chain))
	if err != nil {
		return nil, depositsql.Deposit{}, err
	}
	d, err := q.LockDeposit(ctx, depositsql.LockDepositParams{Tenant: tenant, ID: id})
	return c, d, err
}

// lockChain begins a change that no block event causes.
func (s *Service) lockChain(ctx context.Context, tx pgx.Tx, id coffer.ChainID) (*change, error) {
	chain, err := s.chain(id)
	if err != nil {
		return nil, err
	}
	q := depositsql.New(tx)
	cursor, err := q.LockCursor(ctx, string(id))
	if err != nil {
		return nil, fmt.Errorf("lock the cursor of %s: %w", id, err)
	}
	c := &change{Service: s, tx: tx, q: q, chain: chain, at: s.now(), height: -1, final: cursor.Final}
	if cursor.Height != nil {
		c.height = *cursor.Height
	}
	return c, nil
}

// decided reports whether the last word on a deposit was this decision.
func (c *change) decided(ctx context.Context, d depositsql.Deposit, by Decision, action string) (bool, error) {
	rows, err := c.q.AuditOf(ctx, []string{d.ID})
	if err != nil || len(rows) == 0 {
		return false, err
	}
	last := rows[len(rows)-1]
	return last.Inclusion == d.Inclusion && last.Action == action && last.Actor == by.Actor && last.Reason == by.Reason, nil
}
