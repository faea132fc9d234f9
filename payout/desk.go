package payout

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout/payoutsql"
	"github.com/cofferhq/coffer/postgres"
)

// Longest texts of what a person does, in bytes.
const (
	maxActorBytes = 200
	maxWhyBytes   = 2000
)

// What a person says about payments that the block holds no Transfer for.
const (
	UnprovenPaid   = "paid"   // the money has left, though not as the log should say
	UnprovenUnpaid = "unpaid" // it has not: the withdrawals fail and their money returns
)

// Desk is where people look at payouts and let go on what waits for them. It needs no
// chains and works beside the server.
type Desk struct {
	m *Manager
}

// NewDesk returns a desk over a database.
func NewDesk(db *postgres.DB, clock coffer.Clock) *Desk {
	m := &Manager{Config: Config{DB: db, Ledger: ledger.New(db, clock), Clock: clock}, sql: payoutsql.New(db.Pool())}
	return &Desk{m}
}

// Waiting returns the payouts that wait for a person, newest first, at most 100.
func (d *Desk) Waiting(ctx context.Context) ([]Payout, error) { return d.m.Alarms(ctx) }

// Payout returns a payout, or coffer.ErrNotFound.
func (d *Desk) Payout(ctx context.Context, id string) (Payout, error) { return d.m.Get(ctx, id) }

// Action is what a person did about a payout.
type Action struct {
	Payout string
	Action string
	Actor  string
	Note   string
	At     time.Time
}

// History returns what people did about a payout, oldest first, at most 200.
func (d *Desk) History(ctx context.Context, id string) ([]Action, error) {
	rows, err := d.m.sql.Audit(ctx, payoutsql.AuditParams{PayoutID: id, First: 200})
	if err != nil {
		return nil, fmt.Errorf("read what people did about %s: %w", id, err)
	}
	actions := make([]Action, len(rows))
	for i, r := range rows {
		actions[i] = Action{r.PayoutID, r.Action, r.Actor, r.Note, r.At.UTC()}
	}
	return actions, nil
}

// Clearance is a person's word that a payout may go on.
type Clearance struct {
	Payout   string
	Actor    string
	Why      string
	Unproven string // UnprovenPaid or UnprovenUnpaid where payments are unproven, else empty
}

// Clear lets a payout go on that waits for a person. What was parked is tried again. What
// raised an alarm ends as the chain says, at finality: with payments unproven as the person
// says; with its slot taken by something else, its withdrawals go into another payout.
//
// Errors: CodeNotFound, CodeInvalid (actor, why, unproven), CodeConflict (it waits for
// nobody).
func (d *Desk) Clear(ctx context.Context, c Clearance) (Payout, error) {
	if c.Actor == "" || len(c.Actor) > maxActorBytes {
		return Payout{}, coffer.Invalid("actor", "want 1 to %d bytes", maxActorBytes)
	}
	if c.Why == "" || len(c.Why) > maxWhyBytes {
		return Payout{}, coffer.Invalid("why", "want 1 to %d bytes", maxWhyBytes)
	}
	p, err := d.m.Get(ctx, c.Payout)
	if errors.Is(err, coffer.ErrNotFound) {
		return Payout{}, coffer.Errorf(coffer.CodeNotFound, "no such payout")
	}
	if err != nil {
		return Payout{}, err
	}
	err = d.m.store(ctx, &p, func(tx pgx.Tx, p *Payout) error { return d.clear(ctx, tx, p, c) })
	if errors.Is(err, errMoved) {
		return Payout{}, coffer.Errorf(coffer.CodeConflict, "the payout moved on meanwhile: look again")
	}
	return p, err
}

func (d *Desk) clear(ctx context.Context, tx pgx.Tx, p *Payout, c Clearance) error {
	action := "clear alarm"
	switch {
	case p.row.Alarm == "" && p.row.Parked == "":
		return coffer.Errorf(coffer.CodeConflict, "the payout is %s and waits for nobody", p.State)
	case p.row.Alarm == "":
		action = "clear parking"
	}
	if err := d.resolve(ctx, tx, p, c.Unproven); err != nil {
		return err
	}
	if c.Unproven != "" {
		action += ", unproven payments are " + c.Unproven
	}
	p.Alarm, p.row.Alarm, p.row.AlarmBlock = "", "", nil
	p.Parked, p.row.Parked, p.row.Refusals = "", "", 0
	p.row.NextAt = d.m.now()
	err := d.m.sql.WithTx(tx).InsertAudit(ctx, payoutsql.InsertAuditParams{
		PayoutID: p.ID, Action: action, Actor: c.Actor, Note: c.Why, At: d.m.now(),
	})
	if err != nil {
		return fmt.Errorf("write down who cleared %s: %w", p.ID, err)
	}
	return nil
}

// resolve does what a person says about unproven payments: those that were paid are booked
// with the block, as the others were.
func (d *Desk) resolve(ctx context.Context, tx pgx.Tx, p *Payout, word string) error {
	q := d.m.sql.WithTx(tx)
	unproven, err := q.Unproven(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("read unproven payments of %s: %w", p.ID, err)
	}
	switch {
	case len(unproven) == 0 && word != "":
		return coffer.Invalid("unproven", "the payout has no unproven payment")
	case len(unproven) == 0 || word == UnprovenUnpaid:
		return nil
	case word != UnprovenPaid:
		return coffer.Invalid("unproven", "payments %v are unproven: say %s or %s", unproven, UnprovenPaid, UnprovenUnpaid)
	}
	for _, n := range unproven {
		payment := p.Intent.Payments[n]
		// The version tells this word from an earlier one: the same block can come back after it left.
		entry := coffer.DeriveID("en", p.row.Chain, p.ID, "by hand", strconv.FormatInt(p.row.Version, 10), strconv.Itoa(int(n)))
		err := d.m.Ledger.Post(ctx, tx, ledger.Entry{
			ID: entry, Kind: "payout.leg", Resource: p.ID, Chain: p.Intent.Chain, Block: p.Inclusion.Block, At: d.m.now(),
			Postings: legPostings(p.Intent, payment),
		})
		if err != nil {
			return fmt.Errorf("book payment %d of %s: %w", n, p.ID, err)
		}
		err = q.RecordEntry(ctx, payoutsql.RecordEntryParams{Chain: p.row.Chain, Height: *p.row.BlockHeight, Hash: p.Inclusion.Block.Hash, Entry: entry})
		if err != nil {
			return fmt.Errorf("remember payment %d of %s: %w", n, p.ID, err)
		}
	}
	if err := q.MarkProven(ctx, p.ID); err != nil {
		return fmt.Errorf("mark the payments of %s as paid: %w", p.ID, err)
	}
	return nil
}
