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
)

// A payout of coins must not be replaced while somebody spends already what it pays: neither
// for a higher fee nor to end it. Its change is ours, though: a child that spends it in the
// pool pays for both (CPFP). A child is a payout of its own, of purpose consolidate, of one
// coin: the change of one attempt of its parent. Nothing that is kept says so. Whose attempt
// made a coin is known by its transaction, also where a database was made again from the
// signers' logs.
//
// When the attempt lands, the coin is one like any other, and the child ends as every payout.
// When another attempt, a cancellation or a stranger takes the parent's anchor, finally, the
// coin will never be, and the child ends with its parent.

// ChildBuilder is a wallet that can make a transaction dearer by spending its change.
type ChildBuilder interface {
	// ChildCoin finds the newest attempt that is in the pool and has change: its number, the
	// change as a coin, and the fee that it pays. Error: coffer.ErrCoins where there is none.
	ChildCoin(ctx context.Context, prev []coffer.Attempt) (number uint32, change coffer.Coin, fee coffer.Amount, err error)
	// BuildChild builds what spends the change of an attempt and pays for both.
	BuildChild(ctx context.Context, i coffer.Intent, parent coffer.Attempt) (coffer.Unsigned, error)
}

// isChild reports whether a payout spends the change of another one before that is confirmed,
// or did: what is made for another reason spends more coins than one.
func (p *Payout) isChild() bool {
	return p.Intent.Path == coffer.PathPSBT && p.Intent.Purpose == coffer.PurposeConsolidate && len(p.Intent.Coins) == 1
}

// help makes a child of a payout that waits too long and must not be replaced, unless it has one.
// Both together pay at most the payout's fee bound.
func (m *Manager) help(ctx context.Context, chain Chain, p *Payout) error {
	builder, ok := chain.Wallet.(ChildBuilder)
	if p.isChild() {
		return nil
	}
	if !ok {
		return fmt.Errorf("a child that pays: the wallet makes none: %w", coffer.ErrCoins)
	}
	call, cancel := context.WithTimeout(ctx, chain.Limits.CallTimeout)
	defer cancel()
	_, coin, fee, err := builder.ChildCoin(call, p.plain())
	if err != nil {
		return fmt.Errorf("a child that pays: %w", err)
	}
	left, err := p.Intent.FeeBound.Sub(fee)
	if err != nil || left.IsZero() {
		return fmt.Errorf("a child that pays: %w", coffer.ErrFeeBudget)
	}
	intent := coffer.Intent{
		Chain: p.Intent.Chain, Wallet: p.Intent.Wallet, Path: coffer.PathPSBT, Purpose: coffer.PurposeConsolidate, FeeBound: left,
		Expires: m.now().Add(chain.Limits.IntentTTL).Truncate(time.Second),
		Coins:   []coffer.Coin{coin}, Slot: coffer.Slot{Kind: coffer.SlotCoin, Lane: string(coin.ID)},
	}
	m.checkpoint("payout.before_plan")
	err = m.store(ctx, p, func(tx pgx.Tx, p *Payout) error { return m.insertChild(ctx, tx, chain, p, &intent) })
	if err != nil || intent.ID == "" {
		return err
	}
	m.checkpoint("payout.planned")
	m.Log.Warn("payout gets a child that pays for both", "payout", p.ID, "child", intent.ID, "coin", coin.ID)
	return nil
}

// helpless reports whether the error of a payout that must not be replaced says that it cannot be
// helped either: a person is told then.
func helpless(err error) bool {
	return errors.Is(err, coffer.ErrDescendants) && (errors.Is(err, coffer.ErrCoins) || errors.Is(err, coffer.ErrFeeBudget))
}

// insertChild writes a child unless the coin is another payout's already.
func (m *Manager) insertChild(ctx context.Context, tx pgx.Tx, chain Chain, parent *Payout, i *coffer.Intent) error {
	q := m.sql.WithTx(tx)
	i.ID = ""
	_, err := q.PayoutBySlot(ctx, payoutsql.PayoutBySlotParams{
		Chain: string(i.Chain), Wallet: string(i.Wallet), Kind: i.Slot.Kind, Lane: i.Slot.Lane,
	})
	if err == nil {
		return nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("look up slot %s: %w", i.Slot, err)
	}
	taken, err := q.TakenCoins(ctx, payoutsql.TakenCoinsParams{Chain: string(i.Chain), Coins: namesOf(i.Coins)})
	if err != nil || len(taken) > 0 {
		return wrap("read which coins are taken", err)
	}
	name, err := m.unusedID(ctx, q, 0, "child", parent.ID, i.Slot.Lane)
	if err != nil {
		return err
	}
	used, err := q.NextChange(ctx, payoutsql.NextChangeParams{Chain: string(i.Chain), Wallet: string(i.Wallet)})
	if err != nil {
		return fmt.Errorf("count addresses for change: %w", err)
	}
	i.ID, i.Change = name, chain.coins.ChangePath(uint32(used)) //nolint:gosec // bounded in the table
	if err := m.addChange(ctx, tx, chain, *i, false); err != nil {
		return err
	}
	return m.insertPayout(ctx, q, *i, "pays for "+parent.ID, m.now())
}

// parentOf returns the payout whose change a child spends, and which of its attempts made it.
func (m *Manager) parentOf(ctx context.Context, p *Payout) (*Payout, *Attempt, error) {
	tx, _, err := p.Intent.Coins[0].ID.Parts()
	if err != nil {
		return nil, nil, err
	}
	rows, err := m.sql.AttemptsBySignedID(ctx, [][]byte{tx[:]})
	if err != nil {
		return nil, nil, fmt.Errorf("look up what made coin %s: %w", p.Intent.Coins[0].ID, err)
	}
	if len(rows) != 1 {
		return nil, nil, fmt.Errorf("no payout made coin %s", p.Intent.Coins[0].ID)
	}
	parent, err := m.Get(ctx, rows[0].PayoutID)
	if err != nil {
		return nil, nil, err
	}
	n := slices.IndexFunc(parent.Attempts, func(a Attempt) bool { return int32(a.Number) == rows[0].Number }) //nolint:gosec // at most MaxAttempts
	if n < 0 {
		return nil, nil, fmt.Errorf("payout %s has no attempt %d", parent.ID, rows[0].Number)
	}
	return &parent, &parent.Attempts[n], nil
}

// buildChild is Wallet.Build of a child's first attempt.
func (m *Manager) buildChild(ctx context.Context, chain Chain, p *Payout, i coffer.Intent) (coffer.Unsigned, error) {
	builder, ok := chain.Wallet.(ChildBuilder)
	if !ok {
		return coffer.Unsigned{}, errors.New("the wallet makes no children")
	}
	_, attempt, err := m.parentOf(ctx, p)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	return builder.BuildChild(ctx, i, attempt.Attempt)
}

// superfluous reports whether a child that nobody signed is needed no more: its parent does not
// wait in the pool.
func (m *Manager) superfluous(ctx context.Context, p *Payout) (bool, error) {
	if !p.isChild() {
		return false, nil
	}
	parent, _, err := m.parentOf(ctx, p)
	if err != nil {
		return false, err
	}
	switch parent.State { //nolint:exhaustive // all others are over
	case coffer.PayoutSigning, coffer.PayoutSigned, coffer.PayoutBroadcast:
		return false, nil
	}
	return true, nil
}

func (m *Manager) cancelSuperfluous(ctx context.Context, p *Payout, err error) error {
	if err != nil {
		return err
	}
	return m.cancel(ctx, p, "what it should pay for does not wait any more", atOnce)
}

// helped reports whether the change of a payout's attempt is spent by a child that was sent: it
// would have to be paid for by what replaces the payout.
func (m *Manager) helped(ctx context.Context, p *Payout) (bool, error) {
	if p.Intent.Path != coffer.PathPSBT {
		return false, nil
	}
	helped, err := m.sql.HasChild(ctx, p.ID)
	if err != nil {
		return false, fmt.Errorf("look for children of %s: %w", p.ID, err)
	}
	return helped, nil
}

// endOrphans ends the children whose coin will never be: their parent has ended with another
// transaction than the one that makes it, or without any.
func (b *blockTx) endOrphans(ctx context.Context) error {
	if b.chain.coins == nil {
		return nil
	}
	rows, err := b.q.LockOrphans(ctx, payoutsql.LockOrphansParams{Chain: string(b.event.Chain), First: finalBatch})
	if err != nil {
		return fmt.Errorf("read children without a parent: %w", err)
	}
	ps, err := b.m.load(ctx, b.q, rows)
	if err != nil {
		return err
	}
	for i := range ps {
		p := &ps[i]
		if !p.isChild() {
			continue
		}
		coins, err := b.chain.Coins.CoinsNamed(ctx, b.tx, b.event.Chain, []coffer.CoinID{p.Intent.Coins[0].ID})
		if err != nil {
			return err
		}
		if len(coins) > 0 {
			continue // it was there a while ago, for those who keep coins: they are behind
		}
		if err := p.move(coffer.PayoutExpired); err != nil {
			return err
		}
		p.row.Reason = "another transaction took the place of the one whose change it spends, finally"
		if err := b.m.freeSlot(ctx, b.q, p); err != nil {
			return err
		}
		b.m.Log.Warn("child ended with its parent", "payout", p.ID, "slot", p.Intent.Slot.String())
		if err := b.m.save(ctx, b.q, p); err != nil {
			return err
		}
	}
	return nil
}
