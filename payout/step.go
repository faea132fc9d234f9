package payout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
	"github.com/cofferhq/coffer/withdrawal"
)

// Step takes one step of the payout that has been due longest, and reports whether there
// was one. A step that fails is noted with the payout and due again later; the error is
// for what is wrong with us, not with the outside world.
func (m *Manager) Step(ctx context.Context) (bool, error) {
	p, found, err := m.claim(ctx)
	if err != nil || !found {
		return false, err
	}

	if waits, err := m.waits(ctx, &p); err != nil || waits {
		return true, err
	}
	err = m.advance(ctx, &p)
	switch {
	case errors.Is(err, errMoved):
		return true, nil // a block event was faster
	case err != nil:
		m.Log.Warn("payout step failed", "payout", p.ID, "state", p.State, "tries", p.row.Tries+1, "error", err)
		if err := m.retry(ctx, p, err); err != nil && !errors.Is(err, errMoved) {
			return true, err
		}
	}
	return true, nil
}

// claim takes a due payout for as long as its step may take, so that no other process
// takes the same step. A claim that ran out costs a repeated call, which is harmless, and
// only one of the results is stored.
func (m *Manager) claim(ctx context.Context) (Payout, bool, error) {
	now := m.now()
	row, err := m.sql.Claim(ctx, payoutsql.ClaimParams{Now: now, Until: now.Add(m.claimTTL()), Chains: m.sound()})
	if errors.Is(err, pgx.ErrNoRows) {
		return Payout{}, false, nil
	}
	if err != nil {
		return Payout{}, false, fmt.Errorf("claim a payout: %w", err)
	}
	ps, err := m.load(ctx, m.sql, []payoutsql.Payout{row})
	if err != nil {
		return Payout{}, false, err
	}
	m.checkpoint("payout.claimed")
	return ps[0], true, nil
}

// claimTTL covers the longest step: two calls to the chain and every signer in turn.
func (m *Manager) claimTTL() time.Duration {
	var ttl time.Duration
	for _, chain := range m.Chains {
		ttl = max(ttl, 3*chain.Limits.CallTimeout+time.Duration(len(chain.Signers))*chain.Limits.SignTimeout)
	}
	return ttl
}

// advance takes the step that the payout's state asks for.
func (m *Manager) advance(ctx context.Context, p *Payout) error {
	chain := m.Chains[p.Intent.Chain]
	switch p.State {
	case coffer.PayoutPlanned:
		return m.build(ctx, chain, p)
	case coffer.PayoutBuilt:
		return m.simulate(ctx, chain, p)
	case coffer.PayoutSigning:
		return m.sign(ctx, chain, p)
	case coffer.PayoutSigned:
		return m.send(ctx, chain, p)
	case coffer.PayoutBroadcast:
		return m.push(ctx, chain, p)
	}
	return fmt.Errorf("payout %s: no step leads on from %s", p.ID, p.State)
}

// build makes the first attempt.
func (m *Manager) build(ctx context.Context, chain Chain, p *Payout) error {
	if over, err := m.superfluous(ctx, p); err != nil || over {
		return m.cancelSuperfluous(ctx, p, err)
	}
	unsigned, effects, err := m.compose(ctx, chain, p, p.Intent)
	if errors.Is(err, coffer.ErrFeeBudget) && m.now().Before(p.Intent.Expires) {
		return m.tooDear(ctx, p, err)
	}
	if err != nil {
		return m.giveUp(ctx, chain, p, err)
	}
	m.checkpoint("payout.before_built")
	err = m.store(ctx, p, func(tx pgx.Tx, p *Payout) error {
		if err := m.insertAttempt(ctx, tx, p, unsigned, effects, false); err != nil {
			return err
		}
		return m.next(p, coffer.PayoutBuilt)
	})
	if err == nil {
		m.checkpoint("payout.built")
	}
	return err
}

// compose builds the next attempt, and reads it back to see that it does what the intent
// says and nothing else.
func (m *Manager) compose(ctx context.Context, chain Chain, p *Payout, i coffer.Intent) (coffer.Unsigned, coffer.Effects, error) {
	call, cancel := context.WithTimeout(ctx, chain.Limits.CallTimeout)
	defer cancel()
	build := chain.Wallet.Build
	if p.isChild() && len(p.Attempts) == 0 {
		build = func(ctx context.Context, i coffer.Intent, _ []coffer.Attempt) (coffer.Unsigned, error) {
			return m.buildChild(ctx, chain, p, i)
		}
	}
	u, err := build(call, i, p.plain())
	if err != nil {
		return coffer.Unsigned{}, coffer.Effects{}, fmt.Errorf("build: %w", err)
	}
	u.Attempt = uint32(len(p.Attempts)) //nolint:gosec // at most MaxAttempts
	effects, err := explain(chain.Explainer, i, u)
	if err != nil {
		return coffer.Unsigned{}, coffer.Effects{}, fmt.Errorf("the built transaction is not the intent: %w", err)
	}
	return u, effects, nil
}

// explain reads an unsigned transaction and compares it with the intent.
func explain(x coffer.Explainer, i coffer.Intent, u coffer.Unsigned) (coffer.Effects, error) {
	e, err := x.Explain(u)
	switch {
	case err != nil:
		return e, err
	case u.Chain != i.Chain || e.Chain != i.Chain:
		return e, fmt.Errorf("chain %s, want %s", e.Chain, i.Chain)
	case u.Wallet != i.Wallet || e.Wallet != i.Wallet:
		return e, fmt.Errorf("wallet %s, want %s", e.Wallet, i.Wallet)
	case u.Path != i.Path || e.Path != i.Path:
		return e, fmt.Errorf("path %s, want %s", e.Path, i.Path)
	case e.Slot != i.Slot:
		return e, fmt.Errorf("slot %s, want %s", e.Slot, i.Slot)
	case e.FeeBound.Cmp(i.FeeBound) > 0:
		return e, fmt.Errorf("fees of up to %s, want at most %s", e.FeeBound, i.FeeBound)
	case len(e.Digests) == 0:
		return e, errors.New("nothing to sign")
	case len(e.Payments) != len(i.Payments):
		return e, fmt.Errorf("%d payments, want %d", len(e.Payments), len(i.Payments))
	}
	for n, payment := range e.Payments {
		if payment != i.Payments[n] {
			return e, fmt.Errorf("payment %d is %+v, want %+v", n, payment, i.Payments[n])
		}
	}
	if !slices.Equal(e.Sweeps, i.Sweeps) {
		return e, fmt.Errorf("%d sweeps, want %d others", len(e.Sweeps), len(i.Sweeps))
	}
	if !slices.Equal(e.Delegations, i.Delegations) {
		return e, fmt.Errorf("%d delegations, want %d others", len(e.Delegations), len(i.Delegations))
	}
	return e, checkCoins(e, i)
}

func (m *Manager) insertAttempt(ctx context.Context, tx pgx.Tx, p *Payout, u coffer.Unsigned, e coffer.Effects, cancels bool) error {
	params := payoutsql.InsertAttemptParams{
		PayoutID: p.ID, Number: int32(u.Attempt), Format: u.Format, Unsigned: u.Bytes, CreatedAt: m.now(), Cancels: cancels, //nolint:gosec // at most MaxAttempts
	}
	if !e.ValidUntil.IsZero() {
		params.ValidUntil = &e.ValidUntil
	}
	if err := m.sql.WithTx(tx).InsertAttempt(ctx, params); err != nil {
		return fmt.Errorf("store attempt %d: %w", u.Attempt, err)
	}
	p.Attempts = append(p.Attempts[:len(p.Attempts):len(p.Attempts)], Attempt{
		Attempt: coffer.Attempt{Number: u.Attempt, At: m.now(), Unsigned: u, Cancels: cancels}, ValidUntil: e.ValidUntil,
	})
	p.row.Attempts = int32(len(p.Attempts)) //nolint:gosec // at most MaxAttempts
	return nil
}

// simulate asks whether the transaction would do its work now. After it there is no way
// back: the next step asks for signatures.
func (m *Manager) simulate(ctx context.Context, chain Chain, p *Payout) error {
	if !m.now().Before(p.Intent.Expires) {
		return m.cancel(ctx, p, "the intent expired before it was signed", later)
	}
	if over, err := m.superfluous(ctx, p); err != nil || over {
		return m.cancelSuperfluous(ctx, p, err)
	}
	planned, err := m.rehearse(ctx, chain, p, p.newest().Unsigned)
	if errors.Is(err, coffer.ErrFeeBudget) {
		return m.tooDear(ctx, p, err)
	}
	if err != nil {
		return m.giveUp(ctx, chain, p, err)
	}

	m.checkpoint("payout.before_signing")
	err = m.store(ctx, p, func(tx pgx.Tx, p *Payout) error {
		if err := m.keepPlan(ctx, tx, p, planned); err != nil {
			return err
		}
		if err := m.Withdrawals.Commit(ctx, tx, p.Withdrawals); err != nil {
			return err
		}
		return m.next(p, coffer.PayoutSigning)
	})
	if errors.Is(err, withdrawal.ErrCancelling) {
		return m.cancel(ctx, p, "a customer cancelled", atOnce)
	}
	if err == nil {
		m.checkpoint("payout.signing")
	}
	return err
}

// rehearse asks the wallet whether a transaction would do its work now, and what it would cost
// where the wallet says so. The coin of a child is not there yet.
func (m *Manager) rehearse(ctx context.Context, chain Chain, p *Payout, u coffer.Unsigned) (*coffer.Cost, error) {
	if p.isChild() {
		return nil, nil //nolint:nilnil // nothing is known of it
	}
	call, cancel := context.WithTimeout(ctx, chain.Limits.CallTimeout)
	defer cancel()
	if planner, plans := chain.Wallet.(coffer.CostPlanner); plans {
		cost, err := planner.Plan(call, u)
		return &cost, wrap("simulate", err)
	}
	return nil, wrap("simulate", chain.Wallet.Simulate(call, u))
}

// next moves a payout on and makes its next step due at once.
func (m *Manager) next(p *Payout, to coffer.PayoutState) error {
	p.row.NextAt = m.now()
	return p.move(to)
}

// tooDear notes that the fee budget does not buy a place in a block now. Fees fall again:
// the payout waits, as long as its intent lives, and a person is told.
func (m *Manager) tooDear(ctx context.Context, p *Payout, cause error) error {
	err := m.store(ctx, p, func(_ pgx.Tx, p *Payout) error {
		m.park(p, cause.Error())
		return nil
	})
	return errors.Join(cause, err)
}

// giveUp notes a failure before signing. Payments that fail for their own sake are left
// out; when none is to blame, the payout is cancelled after too many failures. In a slot
// that signers know its orders cannot make way for others, so there it goes on trying
// until the intent expires; what would fail leaves the slot after half that time, and with it
// the lane.
func (m *Manager) giveUp(ctx context.Context, chain Chain, p *Payout, cause error) error {
	bound, err := m.bound(ctx, m.sql, p)
	if err != nil {
		return err
	}
	wouldFail := errors.Is(cause, coffer.ErrWouldFail)
	if wouldFail {
		if bad := m.badLegs(ctx, chain, p); len(bad) > 0 {
			return m.leaveOut(ctx, p, bad, bound)
		}
	}
	patience := p.Intent.Expires
	if wouldFail {
		patience = patience.Add(-m.limits(p).IntentTTL / 2)
	}
	if bound && m.now().Before(patience) || int(p.row.Tries)+1 < m.limits(p).Prepare {
		return cause
	}
	next := later
	if wouldFail {
		next = halves
	}
	return m.cancel(ctx, p, cause.Error(), next)
}

// What becomes of the withdrawals of a payout that is cancelled.
type afterCancel int

const (
	atOnce    afterCancel = iota // they can be planned again now
	later                        // after a while, with whatever there is
	halves                       // after a while, in two payouts of half the size
	elsewhere                    // they leave the slot: signers let them go to another one
)

// cancel ends a payout that nobody was asked to sign: its slot is free, its withdrawals
// return.
func (m *Manager) cancel(ctx context.Context, p *Payout, reason string, next afterCancel) error {
	err := m.store(ctx, p, func(tx pgx.Tx, p *Payout) error {
		if err := p.move(coffer.PayoutCancelled); err != nil {
			return err
		}
		p.row.Reason = clip(reason)
		if bound, err := m.bound(ctx, m.sql.WithTx(tx), p); err != nil {
			return err
		} else if bound && next == elsewhere {
			if err := m.keepSlot(ctx, m.sql.WithTx(tx), p); err != nil {
				return err
			}
			return m.Withdrawals.Returned(ctx, tx, p.Withdrawals, "the payout was given up: "+clip(reason))
		} else if bound && next != halves {
			return m.renew(ctx, tx, p)
		} else if bound {
			return m.leaveSlot(ctx, tx, p, reason)
		}
		if err := m.release(ctx, tx, p, "the payout was given up: "+clip(reason)); err != nil {
			return err
		}
		switch next {
		case later:
			return m.putOff(ctx, m.sql.WithTx(tx), p.Withdrawals, "", m.limits(p).MaxBackoff)
		case halves:
			return m.putOffHalves(ctx, m.sql.WithTx(tx), p, m.limits(p).MaxBackoff)
		case atOnce, elsewhere:
		}
		return nil
	})
	if err == nil {
		m.Log.Warn("payout cancelled", "payout", p.ID, "reason", reason)
		m.checkpoint("payout.cancelled")
	}
	return err
}

// bound reports whether the payout took its slot over from one that signers were asked
// for.
func (m *Manager) bound(ctx context.Context, q *payoutsql.Queries, p *Payout) (bool, error) {
	slot := p.Intent.Slot
	bound, err := q.SlotBound(ctx, payoutsql.SlotBoundParams{
		Chain: p.row.Chain, Wallet: p.row.Wallet, SlotKind: slot.Kind, SlotLane: slot.Lane, SlotSequence: p.row.SlotSequence,
	})
	if err != nil {
		return false, fmt.Errorf("look up who had slot %s: %w", slot, err)
	}
	return bound, nil
}

// renew puts another payout in the place of one whose attempts are all dead: the same
// orders in the same slot, for signers bind the two to each other for ever. Where an order
// or its approvals have ended, the slot and its lane are dead, and the payout keeps it: what
// has ended fails, the others go into other slots. Where a slot is of one transaction alone, the
// dead one keeps it, and what has not ended is planned again.
func (m *Manager) renew(ctx context.Context, tx pgx.Tx, p *Payout) error {
	if p.Intent.Purpose == coffer.PurposeSweep {
		return m.renewSweep(ctx, tx, p)
	}
	q := m.sql.WithTx(tx)
	batch, ended, err := m.Withdrawals.Renewable(ctx, tx, p.Withdrawals)
	if err != nil {
		return err
	}
	if err := q.EndOrders(ctx, p.ID); err != nil {
		return fmt.Errorf("end the orders of %s: %w", p.ID, err)
	}
	single := p.Intent.Slot.Single()
	if len(ended) > 0 && !single {
		m.Log.Error("a lane is dead: its next slot was signed for orders that have ended", "payout", p.ID, "slot", p.Intent.Slot.String())
	}
	if len(ended) > 0 || single {
		for _, id := range ended {
			if err := m.Withdrawals.Failed(ctx, tx, id, "its transaction expired, and it cannot be made again: the order or an approval of it has ended"); err != nil {
				return err
			}
		}
		return m.Withdrawals.Returned(ctx, tx, idsOf(batch), "its transaction expired")
	}

	if err := q.FreeSlot(ctx, p.ID); err != nil {
		return fmt.Errorf("free the slot of %s: %w", p.ID, err)
	}
	id, err := m.insert(ctx, tx, p.Intent.Chain, m.Chains[p.Intent.Chain], choice{offer{p.Intent.Path, p.Intent.Slot}, "in the slot of " + p.ID}, batch)
	if err != nil {
		return err
	}
	m.Log.Warn("payout made again in its slot", "payout", id, "before", p.ID, "slot", p.Intent.Slot.String())
	return m.Withdrawals.Renewed(ctx, tx, id, p.Withdrawals)
}

// release frees the slot and the withdrawals of a payout that nobody was asked to sign.
func (m *Manager) release(ctx context.Context, tx pgx.Tx, p *Payout, reason string) error {
	if err := m.freeSlot(ctx, m.sql.WithTx(tx), p); err != nil {
		return err
	}
	if p.Intent.Purpose == coffer.PurposeSweep {
		return m.putOffSweeps(ctx, m.sql.WithTx(tx), p, reason)
	}
	return m.Withdrawals.Returned(ctx, tx, p.Withdrawals, reason)
}

// freeSlot takes a payout out of its slot and its orders out of the payout.
func (m *Manager) freeSlot(ctx context.Context, q *payoutsql.Queries, p *Payout) error {
	if err := q.FreeSlot(ctx, p.ID); err != nil {
		return fmt.Errorf("free the slot of %s: %w", p.ID, err)
	}
	if err := q.EndCoins(ctx, p.ID); err != nil {
		return fmt.Errorf("give back the coins of %s: %w", p.ID, err)
	}
	if err := q.EndOrders(ctx, p.ID); err != nil {
		return fmt.Errorf("end the orders of %s: %w", p.ID, err)
	}
	return nil
}

// retry notes a failed step and puts the next try off, longer each time.
func (m *Manager) retry(ctx context.Context, p Payout, cause error) error {
	return m.store(ctx, &p, func(_ pgx.Tx, p *Payout) error {
		p.row.NextAt = m.now().Add(m.limits(p).backoff(p.row.Tries))
		p.row.Tries++
		p.row.Note = clip(cause.Error())
		return nil
	})
}

// backoff doubles with each failure, up to MaxBackoff.
func (l Limits) backoff(failures int32) time.Duration {
	return min(l.Backoff<<min(failures, 20), l.MaxBackoff)
}

func (m *Manager) limits(p *Payout) Limits { return m.Chains[p.Intent.Chain].Limits }

// clip shortens an error to what is kept, on a rune's border.
func clip(s string) string {
	valid := []rune(s)
	for len(string(valid)) > maxNote {
		valid = valid[:len(valid)-1]
	}
	return string(valid)
}
