package payout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// send sends a signed attempt for the first time. An error says nothing about whether it
// arrived, so the payout counts as broadcast either way and is sent again.
func (m *Manager) send(ctx context.Context, chain Chain, p *Payout) error {
	var sent error
	known := len(p.newest().Signed.Bytes) > 0 // or it was made again from a signer's log, and its time is over
	if known {
		sent = m.broadcast(ctx, chain, p.newest())
	}
	height, err := m.height(ctx, p.Intent.Chain)
	if err != nil {
		return err
	}
	err = m.store(ctx, p, func(tx pgx.Tx, p *Payout) error {
		if known {
			if err := m.markBroadcast(ctx, tx, p, p.newest()); err != nil {
				return err
			}
		}
		if err := p.move(coffer.PayoutBroadcast); err != nil {
			return err
		}
		p.row.SinceHeight = &height
		m.scheduleAgain(p, sent)
		return nil
	})
	if err != nil {
		return err
	}
	m.Log.Info("payout sent", "payout", p.ID, "attempt", p.newest().Number, "id", p.newest().Signed.ID, "error", sent)
	m.checkpoint("payout.broadcast")
	return nil
}

// scheduleAgain makes the next sending due, sooner after a failure.
func (m *Manager) scheduleAgain(p *Payout, sent error) {
	if sent == nil {
		p.row.Tries, p.row.Note = 0, ""
		p.row.NextAt = m.now().Add(m.limits(p).Rebroadcast)
		return
	}
	p.row.NextAt = m.now().Add(min(m.limits(p).backoff(p.row.Tries), m.limits(p).Rebroadcast))
	p.row.Tries++
	p.row.Note = clip(sent.Error())
}

// broadcast sends an attempt once.
func (m *Manager) broadcast(ctx context.Context, chain Chain, a *Attempt) error {
	call, cancel := context.WithTimeout(ctx, chain.Limits.CallTimeout)
	defer cancel()
	m.checkpoint("payout.before_broadcast")
	if err := chain.Wallet.Broadcast(call, *a.Signed); err != nil {
		return fmt.Errorf("broadcast attempt %d: %w", a.Number, err)
	}
	m.checkpoint("payout.after_broadcast")
	return nil
}

func (m *Manager) markBroadcast(ctx context.Context, tx pgx.Tx, p *Payout, a *Attempt) error {
	err := m.sql.WithTx(tx).MarkBroadcast(ctx, payoutsql.MarkBroadcastParams{PayoutID: p.ID, Number: int32(a.Number), At: m.now()}) //nolint:gosec // at most MaxAttempts
	if err != nil {
		return fmt.Errorf("mark attempt %d as sent: %w", a.Number, err)
	}
	return nil
}

// resend keeps an earlier attempt in the pools while signatures for the next are missing.
// It is a courtesy: whether it worked is learnt from blocks. A payment is not sent again once
// a cancellation is made, but where money is coins: what was signed there can always land, and
// a cancellation that nobody signs, for what it would cost, must not leave it stuck.
func (m *Manager) resend(ctx context.Context, chain Chain, p *Payout) {
	a := p.lastSigned()
	if a == nil || m.over(a) || len(a.Signed.Bytes) == 0 {
		return
	}
	if a.Cancels == p.newest().Cancels || p.Intent.Path == coffer.PathPSBT && len(p.dead) == 0 {
		if err := m.broadcast(ctx, chain, a); err != nil {
			m.Log.Warn("payout could not be sent again", "payout", p.ID, "error", err)
		}
	}
}

// over reports whether an attempt's validity has passed.
func (m *Manager) over(a *Attempt) bool {
	return !a.ValidUntil.IsZero() && m.now().After(a.ValidUntil)
}

// push gets a payout that was sent into a block: it sends it again, and with a higher fee
// when too many blocks went by. Once its validity passed there is nothing to push; the
// blocks will say how it ended.
func (m *Manager) push(ctx context.Context, chain Chain, p *Payout) error {
	last, stuck := p.lastSigned(), ""
	if m.hopeless(p) {
		err := m.cancelSlot(ctx, chain, p)
		if err == nil || errors.Is(err, errMoved) || p.Intent.Path != coffer.PathPSBT || last == nil || len(last.Signed.Bytes) == 0 {
			return err
		}
		// Fees may not allow it, or who was paid spends it already: what there is goes on then.
		m.Log.Warn("payout could not be cancelled", "payout", p.ID, "error", err)
		if errors.Is(err, coffer.ErrDescendants) {
			err = errors.Join(err, m.help(ctx, chain, p))
		}
		if errors.Is(err, errMoved) {
			return err
		}
		if helpless(err) {
			stuck = err.Error()
		}
	}
	if p.newest().Signed == nil && (last == nil || p.newest().Cancels) {
		return m.signAgain(ctx, p)
	}
	if m.over(last) {
		return errors.New("the validity of every attempt has passed; waiting for proof of how it ended")
	}
	height, err := m.height(ctx, p.Intent.Chain)
	if err != nil {
		return err
	}
	if m.slow(p, height) {
		bumped, err := m.bump(ctx, chain, p, height)
		if bumped || errors.Is(err, errMoved) {
			return err
		}
		if errors.Is(err, coffer.ErrDescendants) {
			err = errors.Join(err, m.help(ctx, chain, p))
		}
		if errors.Is(err, errMoved) {
			return err
		}
		if errors.Is(err, coffer.ErrFeeBudget) || helpless(err) {
			stuck = err.Error()
		}
		if p.row.Parked == "" {
			m.Log.Warn("payout could not be given a higher fee", "payout", p.ID, "error", err)
		}
	}

	sent := m.broadcast(ctx, chain, last)
	return m.store(ctx, p, func(tx pgx.Tx, p *Payout) error {
		if p.row.SinceHeight == nil {
			p.row.SinceHeight = &height
		}
		if stuck != "" {
			m.park(p, stuck)
		}
		m.scheduleAgain(p, sent)
		return m.markBroadcast(ctx, tx, p, last)
	})
}

// signAgain takes a payout back to signing that left the chain with its block before its
// newest attempt was signed here. It is the only one there is, where a database that was
// restored has lost the signatures of what landed, or the one that ends the payout.
func (m *Manager) signAgain(ctx context.Context, p *Payout) error {
	return m.store(ctx, p, func(_ pgx.Tx, p *Payout) error { return m.next(p, coffer.PayoutSigning) })
}

// slow reports whether an attempt has been waiting for so many blocks that another may be
// made. One that was built before and never signed counts as another. Nobody signs payments
// after the intent expired, and what owners sign for a Safe transaction has no fee: there the
// executor raises it. Where another transaction would land beside the first, there is none.
func (m *Manager) slow(p *Payout, height int64) bool {
	if p.Intent.Path == coffer.PathExec || p.Intent.Slot.Single() || !m.now().Before(p.Intent.Expires) && !p.newest().Cancels {
		return false
	}
	if p.row.SinceHeight == nil || height < *p.row.SinceHeight || uint64(height-*p.row.SinceHeight) < m.limits(p).BumpAfter { //nolint:gosec // not negative
		return false
	}
	return true
}

// bump makes another attempt in the same slot: same payments, higher fee, within the
// intent's bound. It goes back to signing.
func (m *Manager) bump(ctx context.Context, chain Chain, p *Payout, height int64) (bool, error) {
	var unsigned coffer.Unsigned
	var effects coffer.Effects
	fresh := p.newest().Signed != nil
	cancels := p.newest().Cancels
	if fresh && len(p.Attempts) >= m.limits(p).MaxAttempts {
		return false, fmt.Errorf("%w: %d attempts were made", coffer.ErrFeeBudget, len(p.Attempts))
	}
	if helped, err := m.helped(ctx, p); err != nil {
		return false, err
	} else if helped && !cancels {
		return false, errors.New("a child pays for it")
	}
	if fresh {
		var err error
		if unsigned, effects, err = m.compose(ctx, chain, p, m.intentOf(p, p.newest())); err != nil {
			return false, err
		}
		// What is signed was simulated first: gas money may have run short meanwhile.
		if _, err := m.rehearse(ctx, chain, p, unsigned); err != nil {
			return false, err
		}
	}
	m.checkpoint("payout.before_bump")
	err := m.store(ctx, p, func(tx pgx.Tx, p *Payout) error {
		if fresh {
			if err := m.insertAttempt(ctx, tx, p, unsigned, effects, cancels); err != nil {
				return err
			}
		}
		p.row.SinceHeight = &height
		return m.next(p, coffer.PayoutSigning)
	})
	if err != nil {
		return false, err
	}
	m.Log.Info("payout gets a higher fee", "payout", p.ID, "attempt", p.newest().Number)
	m.checkpoint("payout.bumped")
	return true, nil
}

// height is how far the chain's block events have been applied; zero before the first.
func (m *Manager) height(ctx context.Context, chain coffer.ChainID) (int64, error) {
	cursor, err := m.sql.Cursor(ctx, string(chain))
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the cursor of %s: %w", chain, err)
	}
	return cursor.Height, nil
}

// expiredBy reports whether every attempt's validity ended before t.
func (p *Payout) expiredBy(t time.Time) bool {
	for _, a := range p.Attempts {
		if a.ValidUntil.IsZero() || !a.ValidUntil.Before(t) {
			return false
		}
	}
	return len(p.Attempts) > 0
}
