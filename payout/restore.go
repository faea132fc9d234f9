package payout

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/withdrawal"
)

// formatRestored marks attempts whose bytes are lost: what is known of them is the id under
// which they may be found in a block, and when they end.
const formatRestored = "restored"

// maxMissing bounds the records that one Import looks at; the next goes on.
const maxMissing = 10_000

// errBlocked says that a payout here has to end before one can be made again that signers
// let its orders or its slot go to after it had ended.
var errBlocked = errors.New("another payout has to end first")

// Halt is why nothing is paid. People end it by a statement about Hash.
type Halt struct {
	Hash    coffer.Hash
	Reason  string
	Since   time.Time
	Missing int // records of signers whose payouts are not imported yet
}

// Halted returns why payouts are halted, or nil when they are not.
func Halted(ctx context.Context, db *postgres.DB) (*Halt, error) {
	q := payoutsql.New(db.Pool())
	row, err := q.Halt(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read why payouts are halted: %w", err)
	}
	missing, err := q.CountMissing(ctx)
	if err != nil {
		return nil, fmt.Errorf("count what is missing: %w", err)
	}
	return &Halt{Hash: row.Hash, Reason: row.Reason, Since: row.Since.UTC(), Missing: int(missing)}, nil
}

// halt notes that nothing may be paid, unless that is so already. The hash names this halt
// and no other.
func (m *Manager) halt(ctx context.Context, q *payoutsql.Queries, reason string) error {
	now := m.now()
	hash := coffer.RequestHash("payout/halt", reason, now.Format(time.RFC3339Nano))
	n, err := q.InsertHalt(ctx, payoutsql.InsertHaltParams{Hash: hash, Reason: clip(reason), Since: now})
	if err != nil {
		return fmt.Errorf("halt payouts: %w", err)
	}
	if n == 1 {
		m.Log.Error("payouts are halted", "reason", reason, "halt", hash)
	}
	return nil
}

// Admit reads every signer's log, tells heard what came of each, and returns nil when payouts may run: nothing is missing
// here, no log was cut, and so many logs were read that no payment can be in none of them: where
// keys sign by file, fewer signers have signed what landed.
// A signer that is away is not asked to sign before its log was read. ErrHalted,
// ErrLogBehind and ErrLogDiffers are for people; other errors pass.
func (m *Manager) Admit(ctx context.Context, logs []SignerLog, threshold int, heard func(signer string, err error)) error {
	read := 0
	var away, wrong []error
	for _, log := range logs {
		err := m.Follow(ctx, log)
		heard(log.Name(), err)
		switch {
		case errors.Is(err, ErrLogBehind) || errors.Is(err, ErrLogDiffers):
			wrong = append(wrong, err)
		case err != nil:
			away = append(away, err)
		default:
			read++
		}
	}
	if len(wrong) > 0 {
		return errors.Join(wrong...)
	}
	halt, err := Halted(ctx, m.DB)
	if err != nil {
		return err
	}
	if halt != nil {
		return fmt.Errorf("%w: %s; %d records of signers are not imported", ErrHalted, halt.Reason, halt.Missing)
	}
	least := threshold
	for _, chain := range m.Chains {
		least = min(least, chain.LeastSigners())
	}
	if read < len(logs)-least+1 {
		return fmt.Errorf("the logs of %d of %d signers were read, which is too few: %w", read, len(logs), errors.Join(away...))
	}
	return nil
}

// Imported is what an import did.
type Imported struct {
	Payouts  int // made again
	Attempts int // of payouts, made again or known
	Orders   int
}

// Import makes the payouts again that signers know and this database does not, as slots
// that are taken: their orders cannot be paid in other slots, and what the chain says of
// them is recognised when its blocks are read again. read tells what a record says. An
// order that signers let go from one payout to another follows as soon as the blocks that
// are read again have ended the first one here. It works while payouts are halted, may be
// repeated, and goes as far as it can: the error says what stands in the way. That may be an
// alarm of a payout, which a person cleared once and has to clear again.
func (m *Manager) Import(ctx context.Context, read func(line []byte, sequence uint64) (LogRecord, error)) (Imported, error) {
	var done Imported
	for {
		step, blocked, err := m.importAll(ctx, read)
		done.Payouts, done.Attempts, done.Orders = done.Payouts+step.Payouts, done.Attempts+step.Attempts, done.Orders+step.Orders
		if len(blocked) == 0 {
			return done, err
		}
		if waits := m.waitsForPeople(ctx, blocked); waits != nil {
			return done, errors.Join(err, waits)
		}
		moved := 0
		for _, chain := range blocked {
			n, observed := m.observe(ctx, chain, 1)
			if observed != nil {
				return done, errors.Join(err, observed)
			}
			moved += n
		}
		if moved == 0 {
			return done, err
		}
	}
}

// waitsForPeople is an error where a payout on one of these chains has an alarm: blocks are
// not read beyond it, for what signers let go elsewhere after a person let it go lands there,
// and would be the wallet's own doing without a payout.
func (m *Manager) waitsForPeople(ctx context.Context, chains []coffer.ChainID) error {
	alarms, err := m.Alarms(ctx)
	if err != nil {
		return err
	}
	var waits []error
	for _, p := range alarms {
		if slices.Contains(chains, p.Intent.Chain) {
			waits = append(waits, fmt.Errorf("payout %s waits for a person: %s", p.ID, p.Alarm))
		}
	}
	return errors.Join(waits...)
}

// importAll imports what can be, and returns the chains on which a payout has to end first.
func (m *Manager) importAll(ctx context.Context, read func(line []byte, sequence uint64) (LogRecord, error)) (done Imported, blocked []coffer.ChainID, err error) {
	halt, err := Halted(ctx, m.DB)
	if err != nil || halt == nil {
		return done, nil, err
	}
	rows, err := m.sql.MissingRecords(ctx, maxMissing)
	if err != nil {
		return done, nil, fmt.Errorf("read what is missing: %w", err)
	}
	type found struct {
		row payoutsql.SignerRecord
		rec LogRecord
	}
	var all []found
	signed := signedSlots{}
	for _, row := range rows {
		rec, err := read(row.Line, uint64(row.Sequence)) //nolint:gosec // counts records
		if err != nil {
			return done, nil, fmt.Errorf("record %d of %s: %w", row.Sequence, row.Signer, err)
		}
		all = append(all, found{row, rec})
		signed.add(rec.Payout)
	}
	if err := m.dropUnsigned(ctx, signed); err != nil {
		return done, nil, err
	}
	slices.SortStableFunc(all, func(a, b found) int { return inTime(a.rec, b.rec) })

	var failed []error
	waits := map[string]bool{} // payouts with a record that could not be imported yet
	for _, f := range all {
		if f.rec.Payout != nil && waits[f.rec.Payout.ID] {
			continue // a cancellation alone would be another payout
		}
		var step Imported
		err := m.DB.Tx(ctx, func(tx pgx.Tx) (err error) {
			if step, err = m.importOne(ctx, tx, f.rec); err != nil {
				return err
			}
			return m.sql.WithTx(tx).FoundRecord(ctx, payoutsql.FoundRecordParams{Signer: f.row.Signer, Sequence: f.row.Sequence})
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("record %d of signer %s: %w", f.row.Sequence, f.row.Signer, err))
			if f.rec.Payout != nil {
				waits[f.rec.Payout.ID] = true
			}
			if errors.Is(err, errBlocked) || errors.Is(err, withdrawal.ErrElsewhere) {
				blocked = append(blocked, f.rec.Payout.Intent.Chain)
			}
			continue
		}
		m.checkpoint("payout.imported")
		done.Payouts, done.Attempts, done.Orders = done.Payouts+step.Payouts, done.Attempts+step.Attempts, done.Orders+step.Orders
	}
	slices.Sort(blocked)
	return done, slices.Compact(blocked), errors.Join(failed...)
}

// inTime orders records of several signers by when their payouts were planned. A payout that
// is cancelled as soon as it was planned comes before its cancellation.
func inTime(a, b LogRecord) int {
	if at := cmp.Compare(intentEnd(a), intentEnd(b)); at != 0 {
		return at
	}
	cancels := func(r LogRecord) int {
		if r.Payout != nil && r.Payout.cancels() {
			return 1
		}
		return 0
	}
	return cmp.Compare(cancels(a), cancels(b))
}

// intentEnd is when a record's intent ends, which follows when it was planned.
func intentEnd(rec LogRecord) int64 {
	if rec.Payout == nil || rec.Payout.Intent == nil {
		return 0
	}
	return rec.Payout.Intent.Expires.Unix()
}

// signedSlots is what signers know that is not imported yet: the slots of payouts by their
// ids, and those of orders.
type signedSlots map[string][]slotOf

// slotOf is a slot of a wallet.
type slotOf struct {
	chain  coffer.ChainID
	wallet coffer.Address
	slot   coffer.Slot
}

func slotOfIntent(i *coffer.Intent) slotOf { return slotOf{i.Chain, i.Wallet, i.Slot} }

func (s signedSlots) add(logged *LoggedPayout) {
	if logged == nil || logged.Intent == nil {
		return
	}
	at := slotOfIntent(logged.Intent)
	s[logged.ID] = append(s[logged.ID], at)
	for _, o := range logged.Orders {
		s[o.ID] = append(s[o.ID], at)
	}
}

// elsewhere reports whether signers let an order of a payout go to another slot, which they
// do once theirs is dead.
func (s signedSlots) elsewhere(p *Payout) bool {
	at := slotOfIntent(&p.Intent)
	return slices.ContainsFunc(p.Withdrawals, func(id string) bool {
		return slices.ContainsFunc(s[id], func(other slotOf) bool { return other != at })
	})
}

// dropUnsigned gives up the payouts that nobody was asked to sign, so that their slots and
// withdrawals are free for what was signed instead. One that took its slot over from a
// payout that signers knew keeps it, without its orders, where they went elsewhere.
func (m *Manager) dropUnsigned(ctx context.Context, signed signedSlots) error {
	rows, err := m.sql.UnsignedPayouts(ctx, maxMissing)
	if err != nil {
		return fmt.Errorf("read payouts that nobody signed: %w", err)
	}
	ps, err := m.load(ctx, m.sql, rows)
	if err != nil {
		return err
	}
	for i := range ps {
		p := &ps[i]
		if len(signed[p.ID]) > 0 {
			continue // it went on to be signed
		}
		next := atOnce
		if bound, err := m.bound(ctx, m.sql, p); err != nil {
			return err
		} else if bound {
			if !signed.elsewhere(p) {
				continue // its slot belongs to its orders
			}
			next = elsewhere
		}
		if err := m.cancel(ctx, p, "the database was restored", next); err != nil && !errors.Is(err, errMoved) {
			return err
		}
	}
	return nil
}

// importOne makes one payout or attempt again.
func (m *Manager) importOne(ctx context.Context, tx pgx.Tx, rec LogRecord) (Imported, error) {
	var done Imported
	known, err := m.knows(ctx, tx, rec)
	if err != nil || known {
		return done, err
	}
	logged := rec.Payout
	if logged.Intent == nil || len(logged.IDs) == 0 {
		return done, fmt.Errorf("payout %s: the record tells too little to make it again", logged.ID)
	}
	p, err := m.importInto(ctx, tx, logged)
	if err != nil {
		return done, err
	}
	if p == nil {
		if p, err = m.importPayout(ctx, tx, logged); err != nil {
			return done, err
		}
		done.Payouts, done.Orders = 1, len(logged.Orders)
	}
	for _, id := range logged.IDs {
		if len(p.Attempts) > 0 && m.hasAttempt(p, id, logged) {
			continue
		}
		if err := m.importAttempt(ctx, tx, p, id, logged); err != nil {
			return done, err
		}
		done.Attempts++
	}
	return done, m.importState(ctx, tx, p, logged)
}

// importState leads a payout that nobody had been asked to sign to where it was signed.
func (m *Manager) importState(ctx context.Context, tx pgx.Tx, p *Payout, logged *LoggedPayout) error {
	q := m.sql.WithTx(tx)
	p.row.Answered = true // a signer signed
	if p.State != coffer.PayoutPlanned && p.State != coffer.PayoutBuilt {
		return m.save(ctx, q, p) // the count of its attempts
	}
	for _, o := range logged.Orders {
		if err := m.Withdrawals.Restore(ctx, tx, o, p.ID); err != nil {
			return err
		}
	}
	for p.State != coffer.PayoutSigning {
		to := coffer.PayoutBuilt
		if p.State == coffer.PayoutBuilt {
			to = coffer.PayoutSigning
		}
		if err := m.next(p, to); err != nil {
			return err
		}
		if err := m.save(ctx, q, p); err != nil {
			return err
		}
	}
	return nil
}

// importInto finds the payout here that an attempt of a lost one belongs to: the same
// payout, or one that has its slot and the same orders. nil when there is none.
func (m *Manager) importInto(ctx context.Context, tx pgx.Tx, logged *LoggedPayout) (*Payout, error) {
	q := m.sql.WithTx(tx)
	slot := logged.Intent.Slot
	sequence, err := signed63(slot.Sequence)
	if err != nil {
		return nil, err
	}
	id, err := q.PayoutBySlot(ctx, payoutsql.PayoutBySlotParams{
		Chain: string(logged.Intent.Chain), Wallet: string(logged.Intent.Wallet), Kind: slot.Kind, Lane: slot.Lane, Sequence: sequence,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up slot %s: %w", slot, err)
	}
	row, err := q.Lock(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("lock payout %s: %w", id, err)
	}
	ps, err := m.load(ctx, q, []payoutsql.Payout{row})
	if err != nil {
		return nil, err
	}
	p := &ps[0]
	switch {
	case !logged.cancels() && (!slices.Equal(p.Intent.Orders, logged.Intent.Orders) || !slices.Equal(p.Intent.Sweeps, logged.Intent.Sweeps)):
		return nil, fmt.Errorf("payout %s took slot %s, which payout %s has here: %w", logged.ID, slot, p.ID, errBlocked)
	case coffer.PayoutMoves.End(p.State):
		return nil, coffer.Errorf(coffer.CodeConflict, "payout %s took slot %s, whose payout %s is %s here", logged.ID, slot, p.ID, p.State)
	}
	return p, nil
}

// importPayout makes a payout again, with its slot and its withdrawals.
func (m *Manager) importPayout(ctx context.Context, tx pgx.Tx, logged *LoggedPayout) (*Payout, error) {
	q := m.sql.WithTx(tx)
	i := *logged.Intent
	if _, known := m.Chains[i.Chain]; !known || m.Chains[i.Chain].Wallet.Address() != i.Wallet {
		return nil, fmt.Errorf("payout %s is of wallet %s on %s, which is not configured", i.ID, i.Wallet, i.Chain)
	}
	if len(logged.Orders) != len(i.Orders) {
		return nil, fmt.Errorf("payout %s: %d orders are told of %d", i.ID, len(logged.Orders), len(i.Orders))
	}
	if err := m.restoreCoins(ctx, tx, i); err != nil {
		return nil, err
	}
	if err := m.insertPayout(ctx, q, i, "as signers remember it", m.now()); err != nil {
		return nil, err
	}
	for n, o := range logged.Orders {
		if o.Hash() != i.Orders[n] {
			return nil, fmt.Errorf("payout %s: order %s is not the one it names", i.ID, o.ID)
		}
		if err := m.Withdrawals.Restore(ctx, tx, o, i.ID); err != nil {
			return nil, err
		}
		if err := q.InsertOrder(ctx, payoutsql.InsertOrderParams{PayoutID: i.ID, Position: int32(n), WithdrawalID: o.ID, OrderHash: i.Orders[n]}); err != nil {
			return nil, fmt.Errorf("store an order of payout %s: %w", i.ID, err)
		}
	}
	for n, sweep := range i.Sweeps {
		err := q.InsertRestoredSweep(ctx, payoutsql.InsertRestoredSweepParams{
			PayoutID: i.ID, Position: int32(n), Chain: string(i.Chain), Forwarder: string(sweep.Forwarder), Salt: sweep.Salt, Asset: string(sweep.Asset),
		})
		if err != nil {
			return nil, fmt.Errorf("store a leg of sweep %s: %w", i.ID, err)
		}
	}
	m.Log.Warn("payout made again from the signers' logs", "payout", i.ID, "slot", i.Slot.String(), "orders", len(i.Orders))
	return m.lockTx(ctx, q, i.ID)
}

func (m *Manager) lockTx(ctx context.Context, q *payoutsql.Queries, id string) (*Payout, error) {
	row, err := q.Lock(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("lock payout %s: %w", id, err)
	}
	ps, err := m.load(ctx, q, []payoutsql.Payout{row})
	if err != nil {
		return nil, err
	}
	return &ps[0], nil
}

// importAttempt adds an attempt of which nothing but its id and its end is known.
func (m *Manager) importAttempt(ctx context.Context, tx pgx.Tx, p *Payout, id coffer.Hash, logged *LoggedPayout) error {
	until := logged.ValidUntil
	params := payoutsql.InsertRestoredAttemptParams{
		PayoutID: p.ID, Number: int32(len(p.Attempts)), Format: formatRestored, SignedID: &id, CreatedAt: m.now(), Cancels: logged.cancels(), //nolint:gosec // few
	}
	if !until.IsZero() {
		params.ValidUntil = &until
	}
	if err := m.sql.WithTx(tx).InsertRestoredAttempt(ctx, params); err != nil {
		return fmt.Errorf("store an attempt of %s: %w", p.ID, err)
	}
	p.Attempts = append(p.Attempts, Attempt{ValidUntil: until, Attempt: coffer.Attempt{
		Cancels:  logged.cancels(),
		Number:   uint32(len(p.Attempts)), //nolint:gosec // few
		Unsigned: coffer.Unsigned{Chain: p.Intent.Chain, Wallet: p.Intent.Wallet, Path: p.Intent.Path, Format: formatRestored},
		Signed:   &coffer.Signed{ID: id},
	}})
	p.row.Attempts = int32(len(p.Attempts)) //nolint:gosec // few
	return nil
}

// lost reports whether the newest attempt's bytes are lost, so that only the chain can say
// what becomes of the payout.
func (p *Payout) lost() bool {
	return len(p.Attempts) > 0 && p.newest().Unsigned.Format == formatRestored
}

// maxGenerations bounds the ids that are tried for one payout.
const maxGenerations = 10_000

// unusedID is the id of a payout made for the same thing as so many before. Payouts that
// were made again from the signers' logs may have ids further on.
func (m *Manager) unusedID(ctx context.Context, q *payoutsql.Queries, generation int64, of ...string) (string, error) {
	for n := generation; n < generation+maxGenerations; n++ {
		id := coffer.DeriveID("po", append(slices.Clone(of), strconv.FormatInt(n, 10))...)
		_, err := q.Get(ctx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return id, nil
		}
		if err != nil {
			return "", fmt.Errorf("look for payout %s: %w", id, err)
		}
	}
	return "", fmt.Errorf("no id is left for a payout of %v", of)
}

// maxUnsigned bounds the payouts that an unknown outcome is compared with.
const maxUnsigned = 500

// matchUnsigned looks for an outcome of our wallet among the attempts that have no
// signatures here: a database that was restored may have lost them, or what was stored
// with them. A payout keeps such an attempt in every state until it ends: a block that held
// it, or one before it, may have left the chain.
func (b *blockTx) matchUnsigned(ctx context.Context, o coffer.Outcome, ours map[coffer.Hash]payoutsql.AttemptsBySignedIDRow) (map[coffer.Hash]payoutsql.AttemptsBySignedIDRow, error) {
	named, ok := b.chain.Explainer.(identifier)
	if !ok {
		return ours, nil
	}
	rows, err := b.q.UnsignedAttempts(ctx, payoutsql.UnsignedAttemptsParams{Chain: string(b.event.Chain), Wallet: string(b.chain.Wallet.Address()), First: maxUnsigned})
	if err != nil {
		return nil, fmt.Errorf("read payouts with attempts that have no signatures: %w", err)
	}
	ps, err := b.m.load(ctx, b.q, rows)
	if err != nil {
		return nil, err
	}
	for _, p := range ps {
		for _, a := range p.Attempts {
			if a.Signed != nil {
				continue // found by its id, if at all
			}
			if id, err := named.ID(a.Unsigned); err == nil && id == o.ID {
				if ours == nil {
					ours = map[coffer.Hash]payoutsql.AttemptsBySignedIDRow{}
				}
				ours[o.ID] = payoutsql.AttemptsBySignedIDRow{PayoutID: p.ID, Number: int32(a.Number), SignedID: &id, Cancels: a.Cancels, Chain: string(b.event.Chain), State: p.row.State} //nolint:gosec // at most MaxAttempts
				return ours, nil
			}
		}
	}
	return ours, nil
}

// Unhalt lets payouts go on after everything missing was imported. Who may say so has been
// checked: statement is what they signed, people who they are.
func (m *Manager) Unhalt(ctx context.Context, hash coffer.Hash, statement any, people []string) error {
	text, err := json.Marshal(statement)
	if err != nil {
		return fmt.Errorf("encode the statement: %w", err)
	}
	return m.DB.Tx(ctx, func(tx pgx.Tx) error {
		q := m.sql.WithTx(tx)
		row, err := q.Halt(ctx)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && row.Hash != hash {
			return coffer.Errorf(coffer.CodeConflict, "payouts are not halted by %s", hash)
		}
		if err != nil {
			return fmt.Errorf("read why payouts are halted: %w", err)
		}
		if missing, err := q.CountMissing(ctx); err != nil {
			return fmt.Errorf("count what is missing: %w", err)
		} else if missing > 0 {
			return coffer.Errorf(coffer.CodeConflict, "%s records of signers are not imported yet", strconv.FormatInt(missing, 10))
		}
		if _, err := q.DeleteHalt(ctx, hash); err != nil {
			return fmt.Errorf("end the halt: %w", err)
		}
		err = q.InsertHaltEnded(ctx, payoutsql.InsertHaltEndedParams{
			Hash: hash, Reason: row.Reason, Since: row.Since, Statement: text, People: strings.Join(people, ", "), EndedAt: m.now(),
		})
		if err != nil {
			return fmt.Errorf("keep how the halt ended: %w", err)
		}
		return nil
	})
}

// SignerLines calls each with the lines of the copy of a signer's log, in order: a signer's
// file can be made again from them.
func SignerLines(ctx context.Context, db *postgres.DB, signer string, each func(line []byte) error) error {
	const page = 500
	q := payoutsql.New(db.Pool())
	for after := int64(0); ; {
		rows, err := q.SignerRecords(ctx, payoutsql.SignerRecordsParams{Signer: signer, After: after, First: page})
		if err != nil {
			return fmt.Errorf("read the copy of the log of %s: %w", signer, err)
		}
		for _, row := range rows {
			if err := each(row.Line); err != nil {
				return err
			}
			after = row.Sequence
		}
		if len(rows) < page {
			return nil
		}
	}
}
