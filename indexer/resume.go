package indexer

import (
	"context"
	"errors"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Divergence is where what was said about a chain and what the node says part.
type Divergence struct {
	Chain  coffer.ChainID
	Tip    coffer.BlockRef // newest block that was said
	Final  uint64          // highest final height that was said
	Height uint64          // of the lowest block that would leave
	Ours   coffer.Hash     // it
	Theirs coffer.Hash     // the node's block at that height
}

// Diverged looks for the node's chain below what was said, whatever may leave or not, and
// reports whether they part: what a person needs to know about a halted chain. It takes no
// lease and changes nothing; the Indexer need not run.
func (x *Indexer) Diverged(ctx context.Context) (Divergence, bool, error) {
	head, err := x.head(ctx)
	if err != nil {
		return Divergence{}, false, err
	}
	known, err := x.recallUntil(ctx, func(s *said) (bool, error) {
		if len(s.chain) == 0 || s.chain[0].Height > head.Latest.Height {
			return false, nil
		}
		header, err := x.header(ctx, s.chain[0].Height)
		return err == nil && header.Hash == s.chain[0].Hash, err
	})
	if err != nil || len(known.chain) == 0 {
		return Divergence{}, false, err
	}

	tip, bottom := known.chain[len(known.chain)-1], known.chain[0]
	d := Divergence{Chain: x.chain, Tip: tip.BlockRef, Final: known.final}
	parted := false
	for height := min(tip.Height, head.Latest.Height); height >= bottom.Height; height-- {
		header, err := x.header(ctx, height)
		if err != nil {
			return Divergence{}, false, err
		}
		ours := known.chain[height-bottom.Height]
		if header.Hash == ours.Hash {
			return d, parted, nil
		}
		d.Height, d.Ours, d.Theirs, parted = height, ours.Hash, header.Hash, true
		if height == 0 {
			break
		}
	}
	return d, parted, fmt.Errorf("%w: %s: parted from the node below height %d, the oldest block that is kept", ErrHalted, x.chain, bottom.Height)
}

// Bounds of what a person says.
const (
	maxActorBytes  = 128
	maxReasonBytes = 500
)

// Resume lets a chain go on that halted: a person looked at a divergence, says who they are
// and why the node is right, and the blocks from the tip down to Ours may leave, however
// final they were said to be. It holds for this divergence alone, and for as long as it is
// the one there is. A process that halted goes on when it asks, see Resumed. CodeConflict: the chains
// part elsewhere now, or nowhere.
func (x *Indexer) Resume(ctx context.Context, d Divergence, actor, reason string) error {
	if actor == "" || len(actor) > maxActorBytes {
		return coffer.Invalid("actor", "want 1 to %d bytes", maxActorBytes)
	}
	if reason == "" || len(reason) > maxReasonBytes {
		return coffer.Invalid("reason", "want 1 to %d bytes", maxReasonBytes)
	}
	now, parted, err := x.Diverged(ctx)
	if err != nil {
		return err
	}
	if !parted || d.Chain != now.Chain || d.Height != now.Height || d.Ours != now.Ours || d.Theirs != now.Theirs {
		return coffer.Errorf(coffer.CodeConflict, "what was said about %s and what the node says do not part at block %s", d.Chain, d.Ours)
	}
	_, err = x.DB.Pool().Exec(ctx, `
		insert into indexer_resume (chain, height, ours, theirs, actor, reason, at) values ($1, $2, $3, $4, $5, $6, $7)`,
		string(d.Chain), d.Height, d.Ours, d.Theirs, actor, reason, x.Clock().UTC())
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.ConstraintName == "indexer_resume_open" {
		return nil // somebody said so before
	}
	if err != nil {
		return fmt.Errorf("resume %s: %w", d.Chain, err)
	}
	x.Logger.Warn("a person lets a reorganisation pass", "height", d.Height, "ours", d.Ours, "theirs", d.Theirs, "actor", actor, "reason", reason)
	return nil
}

// Resumed takes a halt back when a person let the reorganisation pass since then, and
// reports whether Run may be called again. It is for the goroutine that called Run.
func (x *Indexer) Resumed(ctx context.Context) (bool, error) {
	if x.Status().Halted == nil {
		return true, nil
	}
	open, err := x.openResumes(ctx)
	if err != nil || len(open) == 0 {
		return false, err
	}
	x.said = nil
	x.mu.Lock()
	defer x.mu.Unlock()
	x.status.Halted = nil
	return true, nil
}

// resume is a divergence that was let pass and is not said to the end.
type resume struct {
	id     int64
	height uint64
	ours   coffer.Hash
}

// openResumes reads them. Hand-written: the package has no other queries.
func (x *Indexer) openResumes(ctx context.Context) ([]resume, error) {
	rows, err := x.DB.Pool().Query(ctx, "select id, height, ours from indexer_resume where chain = $1 and said_at is null order by id", string(x.chain))
	if err != nil {
		return nil, fmt.Errorf("resumes of %s: %w", x.chain, err)
	}
	open, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r resume, err error) {
		var height int64
		err = row.Scan(&r.id, &height, &r.ours)
		r.height = uint64(height) // #nosec G115 -- not negative in the table
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("resumes of %s: %w", x.chain, err)
	}
	return open, nil
}

// allowed reports whether a person let a block leave: it, or one below it that is canonical.
func (x *Indexer) allowed(ctx context.Context, block place) (bool, error) {
	open, err := x.openResumes(ctx)
	if err != nil {
		return false, err
	}
	for _, r := range open {
		if block.Height >= r.height && x.said.has(r) {
			return true, nil
		}
	}
	return false, nil
}

// endResumes marks those whose lowest block is not canonical any more.
func (x *Indexer) endResumes(ctx context.Context, open []resume, known *said) error {
	for _, r := range open {
		if len(known.chain) == 0 || known.chain[0].Height > r.height || known.has(r) {
			continue
		}
		if _, err := x.DB.Pool().Exec(ctx, "update indexer_resume set said_at = $2 where id = $1 and said_at is null", r.id, x.Clock().UTC()); err != nil {
			return fmt.Errorf("end resume of %s: %w", x.chain, err)
		}
	}
	return nil
}

// has reports whether the lowest block of a resume is canonical.
func (s *said) has(r resume) bool {
	if len(s.chain) == 0 || r.height < s.chain[0].Height {
		return false
	}
	at := r.height - s.chain[0].Height
	return at < uint64(len(s.chain)) && s.chain[at].Hash == r.ours
}
