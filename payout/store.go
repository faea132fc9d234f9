package payout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// errMoved says that a payout changed while a call was made: the result is dropped.
var errMoved = errors.New("the payout changed meanwhile")

// Attempt is a stored attempt.
type Attempt struct {
	coffer.Attempt
	ValidUntil  time.Time // zero for ever
	BroadcastAt time.Time // first time, zero when it was never sent

	Planned *coffer.Cost // when it was simulated last; nil where the chain has no such thing
	Cost    *coffer.Cost // in the block that holds it
}

// Payout is a payout as it is stored.
type Payout struct {
	ID          string
	Intent      coffer.Intent
	State       coffer.PayoutState
	Withdrawals []string // parallel to Intent.Payments
	Attempts    []Attempt
	Inclusion   *Inclusion
	PathReason  string // why it takes its path
	Reason      string // why it ended as it did
	Note        string // what the last failed step said
	Alarm       string // why a person must look; nothing moves meanwhile
	Parked      string // why it needs a person though the chain may still end it
	CreatedAt   time.Time
	UpdatedAt   time.Time

	row  payoutsql.Payout
	dead []coffer.CoinID // of its coins, spent by something else
}

// Inclusion says where an attempt landed in the canonical chain.
type Inclusion struct {
	Attempt uint32
	Tx      coffer.Hash
	Block   coffer.BlockRef
	Success bool
}

// Get returns a payout, or coffer.ErrNotFound.
func (m *Manager) Get(ctx context.Context, id string) (Payout, error) {
	row, err := m.sql.Get(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Payout{}, fmt.Errorf("payout %.80q: %w", id, coffer.ErrNotFound)
	}
	if err != nil {
		return Payout{}, fmt.Errorf("read payout %s: %w", id, err)
	}
	ps, err := m.load(ctx, m.sql, []payoutsql.Payout{row})
	if err != nil {
		return Payout{}, err
	}
	return ps[0], nil
}

// Alarms returns the payouts that wait for a person, newest first, at most 100.
func (m *Manager) Alarms(ctx context.Context) ([]Payout, error) {
	rows, err := m.sql.Alarms(ctx, 100)
	if err != nil {
		return nil, fmt.Errorf("read alarms: %w", err)
	}
	return m.load(ctx, m.sql, rows)
}

// load completes rows with their orders and attempts, and refuses an intent that does not
// have the hash it was stored with.
func (m *Manager) load(ctx context.Context, q *payoutsql.Queries, rows []payoutsql.Payout) ([]Payout, error) {
	if len(rows) == 0 {
		return nil, nil // as with most blocks
	}
	ps := make([]Payout, len(rows))
	ids := make([]string, len(rows))
	place := make(map[string]int, len(rows))
	for i, row := range rows {
		p, err := fromRow(row)
		if err != nil {
			return nil, fmt.Errorf("payout %s: %w", row.ID, err)
		}
		ps[i], ids[i], place[row.ID] = p, row.ID, i
	}
	orders, err := q.Orders(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read orders of payouts: %w", err)
	}
	for _, o := range orders {
		p := &ps[place[o.PayoutID]]
		p.Withdrawals = append(p.Withdrawals, o.WithdrawalID)
	}
	if slices.ContainsFunc(ps, func(p Payout) bool { return len(p.Intent.Coins) > 0 }) {
		dead, err := q.DeadCoins(ctx, ids)
		if err != nil {
			return nil, fmt.Errorf("read coins of payouts: %w", err)
		}
		for _, c := range dead {
			p := &ps[place[c.PayoutID]]
			p.dead = append(p.dead, coffer.CoinID(c.Coin))
		}
	}
	attempts, err := q.Attempts(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read attempts of payouts: %w", err)
	}
	for _, a := range attempts {
		p := &ps[place[a.PayoutID]]
		attempt, err := toAttempt(p.Intent, a)
		if err != nil {
			return nil, fmt.Errorf("payout %s: attempt %d: %w", p.ID, a.Number, err)
		}
		p.Attempts = append(p.Attempts, attempt)
	}
	return ps, nil
}

func fromRow(row payoutsql.Payout) (Payout, error) {
	var intent coffer.Intent
	if err := json.Unmarshal(row.Intent, &intent); err != nil {
		return Payout{}, fmt.Errorf("read the intent: %w", err)
	}
	if intent.Hash() != row.IntentHash {
		return Payout{}, fmt.Errorf("the intent does not have its stored hash %s", row.IntentHash)
	}
	p := Payout{
		ID: row.ID, Intent: intent, State: coffer.PayoutState(row.State), PathReason: row.PathReason, Reason: row.Reason, Note: row.Note, Alarm: row.Alarm, Parked: row.Parked,
		CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC(), row: row,
	}
	if row.IncludedAttempt != nil { // a check in SQL makes the others not null either
		p.Inclusion = &Inclusion{
			Attempt: uint32(*row.IncludedAttempt), Tx: *row.Tx, Success: *row.Success, //nolint:gosec // counts from 0
			Block: coffer.BlockRef{Height: uint64(*row.BlockHeight), Hash: *row.BlockHash}, //nolint:gosec // a height
		}
	}
	return p, nil
}

func toAttempt(i coffer.Intent, row payoutsql.PayoutAttempt) (Attempt, error) {
	number := uint32(row.Number) //nolint:gosec // counts from 0
	a := Attempt{Attempt: coffer.Attempt{Number: number, At: row.CreatedAt.UTC(), Unsigned: coffer.Unsigned{
		Chain: i.Chain, Wallet: i.Wallet, Path: i.Path, Format: row.Format, Attempt: number, Bytes: row.Unsigned,
	}, Cancels: row.Cancels}}
	if row.SignedID != nil {
		a.Signed = &coffer.Signed{ID: *row.SignedID, Bytes: row.Signed}
	}
	if row.ValidUntil != nil {
		a.ValidUntil = row.ValidUntil.UTC()
	}
	if row.BroadcastAt != nil {
		a.BroadcastAt = row.BroadcastAt.UTC()
	}
	var err error
	if a.Planned, err = readCost(row.Planned); err != nil {
		return a, err
	}
	a.Cost, err = readCost(row.Cost)
	return a, err
}

// plain are the attempts as wallets know them.
func (p *Payout) plain() []coffer.Attempt {
	attempts := make([]coffer.Attempt, 0, len(p.Attempts))
	for _, a := range p.Attempts {
		if p.Intent.Path == coffer.PathPSBT && a.Unsigned.Format == formatRestored {
			continue // its fee is in bytes that are lost
		}
		attempts = append(attempts, a.Attempt)
	}
	return attempts
}

// lastSigned is the newest attempt that can be sent, or nil. Of one that was made again
// from the signers' logs only the id is known.
func (p *Payout) lastSigned() *Attempt {
	for i, a := range slices.Backward(p.Attempts) {
		if a.Signed != nil && a.Unsigned.Format != formatRestored {
			return &p.Attempts[i]
		}
	}
	return nil
}

// newest is the attempt that was built last.
func (p *Payout) newest() *Attempt { return &p.Attempts[len(p.Attempts)-1] }

// move takes a payout to another state; save writes it.
func (p *Payout) move(to coffer.PayoutState) error {
	if !coffer.PayoutMoves.Allowed(p.State, to) {
		return fmt.Errorf("payout %s: %s may not become %s", p.ID, p.State, to)
	}
	p.State, p.row.State = to, string(to)
	p.row.Tries, p.row.Note = 0, ""
	p.Parked, p.row.Parked, p.row.Refusals = "", "", 0
	return nil
}

// save writes a payout's row unless it changed since it was read.
func (m *Manager) save(ctx context.Context, q *payoutsql.Queries, p *Payout) error {
	r := p.row
	n, err := q.Save(ctx, payoutsql.SaveParams{
		ID: r.ID, Version: r.Version, State: r.State, Attempts: r.Attempts, NextAt: r.NextAt, Tries: r.Tries, Note: r.Note,
		SinceHeight: r.SinceHeight, IncludedAttempt: r.IncludedAttempt, Tx: r.Tx, BlockHeight: r.BlockHeight,
		BlockHash: r.BlockHash, Success: r.Success, Reason: r.Reason, Alarm: r.Alarm, AlarmBlock: r.AlarmBlock, UpdatedAt: m.now(),
		LostBlock: r.LostBlock, LostHeight: r.LostHeight, Parked: r.Parked, Refusals: r.Refusals, Answered: r.Answered, Refused: r.Refused,
	})
	if err != nil {
		return fmt.Errorf("store payout %s: %w", r.ID, err)
	}
	if n != 1 {
		return fmt.Errorf("payout %s: %w", r.ID, errMoved)
	}
	p.row.Version++
	return nil
}

// store runs fn and save in one transaction on a payout that a call was made for. It
// works on a copy, because a transaction may run twice.
func (m *Manager) store(ctx context.Context, p *Payout, fn func(tx pgx.Tx, p *Payout) error) error {
	var after Payout
	err := m.DB.Tx(ctx, func(tx pgx.Tx) error {
		row, err := m.sql.WithTx(tx).Lock(ctx, p.ID)
		if err != nil {
			return fmt.Errorf("lock payout %s: %w", p.ID, err)
		}
		if row.Version != p.row.Version {
			return fmt.Errorf("payout %s: %w", p.ID, errMoved)
		}
		after = *p
		if err := fn(tx, &after); err != nil {
			return err
		}
		if err := m.save(ctx, m.sql.WithTx(tx), &after); err != nil {
			return err
		}
		m.checkpoint("payout.storing")
		return nil
	})
	if err == nil {
		*p = after
	}
	return err
}

// signed63 converts a height or sequence for a bigint.
func signed63(n uint64) (int64, error) {
	if n > math.MaxInt64 {
		return 0, fmt.Errorf("%d does not fit 63 bits", n)
	}
	return int64(n), nil
}
