package ledger

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger/ledgersql"
	"github.com/jackc/pgx/v5"
)

// verifyTimeout bounds each statement of Verify: some add up all postings.
const verifyTimeout = 30 * time.Minute

const sealPage = 100

// Report is what Verify found.
type Report struct {
	Entries  int64
	Postings int64
	Seals    int64
	Unsealed int64       // entries that no seal covers yet
	Head     coffer.Hash // of the newest seal; kept elsewhere, it shows whether history was rewritten as a whole

	// Difference is the first thing that does not agree, empty when everything does.
	Difference string
}

// Verify recomputes the books as they are at one moment: the content hash and the zero
// sums of every entry in commit order, the chain of seals, mirrors, balance rows and
// holds. It stops at the first difference, which it reports; an error means that it could
// not look.
func (l *Ledger) Verify(ctx context.Context) (Report, error) {
	var v verifier
	// No retries and no locks: one snapshot for all questions.
	opts := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, l.db.Pool(), opts, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf("set local statement_timeout = %d", verifyTimeout.Milliseconds())); err != nil {
			return err
		}
		v.q = ledgersql.New(tx)
		return v.run(ctx)
	})
	if err != nil {
		return Report{}, fmt.Errorf("verify the ledger: %w", err)
	}
	return v.Report, nil
}

type verifier struct {
	Report
	q *ledgersql.Queries
}

// run asks one question after the other until one finds a difference.
func (v *verifier) run(ctx context.Context) error {
	for _, question := range []func(context.Context) error{
		v.chain, v.strays, v.mirrors, v.balances, v.holds,
	} {
		if err := question(ctx); err != nil || v.Difference != "" {
			return err
		}
	}
	return nil
}

func (v *verifier) differ(format string, args ...any) {
	v.Difference = fmt.Sprintf(format, args...)
}

// chain walks the seals, each over its entries, and then the entries not sealed yet.
func (v *verifier) chain(ctx context.Context) error {
	var last ledgersql.LedgerSeal
	for {
		seals, err := v.q.SealsAfter(ctx, ledgersql.SealsAfterParams{After: last.Number, Max: sealPage})
		if err != nil {
			return err
		}
		if len(seals) == 0 {
			return v.unsealed(ctx, last.Place)
		}
		for _, seal := range seals {
			if err := v.seal(ctx, last, seal); err != nil || v.Difference != "" {
				return err
			}
			last = seal
			v.Seals, v.Head = seal.Number, seal.Hash
		}
	}
}

func (v *verifier) seal(ctx context.Context, last, seal ledgersql.LedgerSeal) error {
	if seal.Number != last.Number+1 || seal.Previous != last.Hash || seal.Place <= last.Place {
		v.differ("seal %d does not follow seal %d", seal.Number, last.Number)
		return nil
	}
	s := newSealer(last, seal.Place, seal.SealedAt)
	if err := v.entries(ctx, last.Place, seal.Place, s.add); err != nil || v.Difference != "" {
		return err
	}
	if want := s.seal(); want != withTime(seal, want.SealedAt) {
		v.differ("seal %d covers %d entries with hash %s: recomputed %d entries and %s", seal.Number, seal.Entries, seal.Hash, want.Entries, want.Hash)
	}
	return nil
}

// withTime makes seals comparable by ==: equal times may differ in their location.
func withTime(s ledgersql.LedgerSeal, at time.Time) ledgersql.LedgerSeal {
	if s.SealedAt.Equal(at) {
		s.SealedAt = at
	}
	return s
}

// unsealed walks the entries after the last seal, in portions of bounded size.
func (v *verifier) unsealed(ctx context.Context, after int64) error {
	before := v.Entries
	for {
		places, err := v.q.CommitsAfter(ctx, ledgersql.CommitsAfterParams{After: after, Upto: math.MaxInt64, Max: maxSealCommits})
		if err != nil || len(places) == 0 {
			return err
		}
		upto := places[len(places)-1]
		if err := v.entries(ctx, after, upto, func(coffer.Hash, string, *int64, *coffer.Hash) {}); err != nil || v.Difference != "" {
			return err
		}
		after = upto
		v.Unsealed = v.Entries - before
	}
}

// entries recomputes the entries of the commits after one place up to another, and passes
// each on as it is stored.
func (v *verifier) entries(ctx context.Context, after, upto int64, add func(content coffer.Hash, chain string, height *int64, block *coffer.Hash)) error {
	lines, err := v.q.LinesBetween(ctx, ledgersql.LinesBetweenParams{After: after, Upto: upto})
	if err != nil {
		return err
	}
	for len(lines) > 0 {
		n := 1
		for n < len(lines) && lines[n].Seq == lines[0].Seq {
			n++
		}
		v.entry(lines[:n])
		if v.Difference != "" {
			return nil
		}
		add(lines[0].Content, lines[0].Chain, lines[0].Height, lines[0].Block)
		lines = lines[n:]
	}
	return nil
}

// entry checks one entry, given as its lines.
func (v *verifier) entry(lines []ledgersql.LinesBetweenRow) {
	first := lines[0]
	e := entryOf(ledgersql.EntriesByIDRow{
		ID: first.ID, Kind: first.Kind, Resource: first.Resource, Chain: first.Chain, Height: first.Height,
		Block: first.Block, Reverses: first.Reverses, At: first.At,
	}, nil)
	for _, line := range lines {
		if line.Account == nil || line.Asset == nil {
			v.differ("entry %q has no postings", first.ID)
			return
		}
		e.Postings = append(e.Postings, postingOf(ledgersql.PostingsOfRow{Account: *line.Account, Asset: *line.Asset, Debit: line.Debit, Amount: line.Amount}))
	}
	v.Entries++
	v.Postings += int64(len(lines))

	if got := e.content(); got != first.Content {
		v.differ("entry %q is bound to content %s: recomputed %s", e.ID, first.Content, got)
		return
	}
	if err := e.check(); err != nil {
		v.differ("entry %q: %v", e.ID, err)
	}
}

// strays looks for rows that the walk in commit order cannot meet.
func (v *verifier) strays(ctx context.Context) error {
	ids, err := v.q.EntryWithoutCommit(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		v.differ("entry %q belongs to no commit", id)
		return nil
	}
	postings, err := v.q.PostingWithoutEntry(ctx)
	for _, p := range postings {
		v.differ("posting to %s belongs to no entry (%d)", p.Account, p.Entry)
	}
	return err
}

func (v *verifier) mirrors(ctx context.Context) error {
	ids, err := v.q.UnlikeMirror(ctx)
	for _, id := range ids {
		v.differ("entry %q is not the mirror of the entry it reverses", id)
	}
	return err
}

func (v *verifier) balances(ctx context.Context) error {
	rows, err := v.q.UnlikePostings(ctx)
	for _, r := range rows {
		v.differ("balance %s in %s is kept as %s: postings sum to %s", r.Account, r.Asset, r.Kept, r.Posted)
	}
	return err
}

func (v *verifier) holds(ctx context.Context) error {
	rows, err := v.q.UnlikeHolds(ctx)
	for _, r := range rows {
		v.differ("account %s has %s of %s held: active holds sum to %s", r.Account, r.Held, r.Asset, r.Holds)
	}
	return err
}
