package payout

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
)

// What is signed for a Safe's nonce never expires, nor what spends a coin. A payout whose time
// has passed there is ended by an attempt that pays nothing and takes the same slot: of the two at most one
// lands, and a final block says which. When it is the cancellation, the payout is reverted,
// and its withdrawals go on as after any transaction that paid nothing.

// reasonCancelled is why a cancelled payout is reverted.
const reasonCancelled = "nothing of it landed in time, so its slot was used up by a transaction that pays nothing"

// intentOf is what an attempt has to do: the payout's intent, or nothing in its slot. Nobody
// is asked to sign a cancellation for longer than an intent lives.
func (m *Manager) intentOf(p *Payout, a *Attempt) coffer.Intent {
	if !a.Cancels {
		return p.Intent
	}
	return m.cancelIntent(p)
}

func (m *Manager) cancelIntent(p *Payout) coffer.Intent {
	i := p.Intent
	i.Purpose, i.Orders, i.Payments, i.Sweeps = coffer.PurposeCancel, nil, nil, nil
	end := m.now().Add(m.limits(p).IntentTTL)
	if p.Intent.Path == coffer.PathPSBT {
		i.Coins = slices.DeleteFunc(slices.Clone(i.Coins), func(c coffer.Coin) bool { return slices.Contains(p.dead, c.ID) })
		end = m.cancelEnd(p, end)
		i.FeeBound = twice(i.FeeBound) // it has to beat attempts that may cost as much as the bound
	}
	i.Expires = end.Truncate(time.Second)
	return i
}

// twice is the double of an amount, or the amount where that is too much.
func twice(a coffer.Amount) coffer.Amount {
	if sum, err := a.Add(a); err == nil {
		return sum
	}
	return a
}

// cancelEnd is when the fee of a cancellation reaches the bound, where it has a fee: an
// intent's life after the first one was made.
func (m *Manager) cancelEnd(p *Payout, fresh time.Time) time.Time {
	for _, a := range p.Attempts {
		if a.Cancels {
			if end := a.At.Add(m.limits(p).IntentTTL); end.After(m.now().Add(time.Second)) {
				return end
			}
			break
		}
	}
	return fresh
}

// hopeless reports whether a payout that was signed for can only be ended by a cancellation
// that is yet to be made: its attempts do not expire, and its time has passed, or a coin that
// they spend is gone.
func (m *Manager) hopeless(p *Payout) bool {
	over := !m.now().Before(p.Intent.Expires) || len(p.dead) > 0
	return p.Intent.Slot.Endless() && over && (!p.newest().Cancels || p.lost())
}

// cancelSlot makes the attempt that cancels, and goes to signing with it.
func (m *Manager) cancelSlot(ctx context.Context, chain Chain, p *Payout) error {
	unsigned, effects, err := m.compose(ctx, chain, p, m.cancelIntent(p))
	if err != nil {
		return fmt.Errorf("cancel: %w", err)
	}
	m.checkpoint("payout.before_cancelling")
	err = m.store(ctx, p, func(tx pgx.Tx, p *Payout) error {
		refused, err := m.refused(ctx, m.sql.WithTx(tx), p)
		if err != nil {
			return err
		}
		if refused {
			p.row.Refused = cmp.Or(p.row.Note, "without a word")
		}
		if err := m.insertAttempt(ctx, tx, p, unsigned, effects, true); err != nil {
			return err
		}
		if p.State == coffer.PayoutSigning {
			p.row.NextAt, p.row.Tries = m.now(), 0
			return nil
		}
		return m.next(p, coffer.PayoutSigning)
	})
	if err != nil {
		return err
	}
	m.Log.Warn("payout is cancelled in its slot", "payout", p.ID, "slot", p.Intent.Slot.String(), "attempt", p.newest().Number)
	m.checkpoint("payout.cancelling")
	return nil
}

// endCancelled gives the withdrawals of a payout back whose slot was used up: the payment of
// one alone is tried again alone, those of several in two halves. Coins that were signed for pay
// all or nobody, so there nobody is to blame, and all are tried again together. One that every
// signer refused alone waits in review.
func (m *Manager) endCancelled(ctx context.Context, tx pgx.Tx, p *Payout) error {
	q := m.sql.WithTx(tx)
	if err := q.EndOrders(ctx, p.ID); err != nil {
		return fmt.Errorf("end the orders of %s: %w", p.ID, err)
	}
	if p.row.Refused != "" && len(p.Withdrawals) == 1 {
		m.Log.Error("withdrawal refused by every signer, now in review", "payout", p.ID, "withdrawals", p.Withdrawals, "reason", p.row.Refused)
		return m.Withdrawals.Doubted(ctx, tx, p.Withdrawals, clip("every signer refused its payout: "+p.row.Refused))
	}
	if err := m.Withdrawals.Returned(ctx, tx, p.Withdrawals, clip(p.row.Reason)); err != nil {
		return err
	}
	signed := slices.ContainsFunc(p.Attempts, func(a Attempt) bool { return !a.Cancels && (a.Signed != nil || a.Unsigned.Format == formatRestored) })
	if p.Intent.Path == coffer.PathPSBT && signed {
		return m.putOff(ctx, q, p.Withdrawals, "", m.limits(p).MaxBackoff) // no payment can make others fail
	}
	// Signers may refuse all for one's sake.
	return m.putOffHalves(ctx, q, p, m.limits(p).MaxBackoff)
}
