package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger/ledgersql"
	"github.com/jackc/pgx/v5"
)

// Bounds of one call of Seal: the transactions that one link covers, and the links.
const (
	maxSealCommits = 100
	maxSealLinks   = 50
)

// A mark is a place in commit order and a transaction id above that of every transaction
// that may still fill a place before it. When all transactions below the horizon have
// ended, what can be seen up to the place is all there will ever be.
type mark struct{ place, horizon int64 }

// marks keeps the mark between calls of Seal, which may have to wait for a transaction
// that is still running. Losing it costs nothing: the next call takes a new one.
type marks struct {
	mu   sync.Mutex
	mark mark
}

// Seal covers committed entries with more links of the hash chain and returns how many
// entries that were. When it returns zero, nothing is left that could be sealed now. Entries are covered in the order their transactions committed, each once,
// by any number of callers. A transaction that stays open holds up what committed after
// it began.
func (l *Ledger) Seal(ctx context.Context) (int, error) {
	l.marks.mu.Lock()
	defer l.marks.mu.Unlock()

	total := 0
	for range maxSealLinks {
		n, err := l.link(ctx)
		if err != nil {
			return total, fmt.Errorf("seal: %w", err)
		}
		if n == 0 {
			break
		}
		total += n
	}
	return total, nil
}

// link adds one link, at most up to the mark, which it takes where there is none.
func (l *Ledger) link(ctx context.Context) (n int, err error) {
	last, err := lastSeal(ctx, l.sql)
	if err != nil {
		return 0, err
	}
	if l.marks.mark.place <= last.Place {
		row, err := l.sql.SealMark(ctx, last.Place)
		if errors.Is(err, pgx.ErrNoRows) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		l.marks.mark = mark{row.Place, row.Horizon}
	}

	err = l.db.Tx(ctx, func(tx pgx.Tx) (err error) {
		n, err = l.sealUpTo(ctx, ledgersql.New(tx), l.marks.mark)
		return err
	})
	if err == nil && n > 0 {
		l.checkpoint("ledger.sealed")
	}
	return n, err
}

func (l *Ledger) sealUpTo(ctx context.Context, q *ledgersql.Queries, m mark) (int, error) {
	floor, err := q.SealFloor(ctx)
	if err != nil || floor < m.horizon {
		return 0, err
	}
	if err := q.LockSeals(ctx); err != nil {
		return 0, err
	}
	last, err := lastSeal(ctx, q)
	if err != nil {
		return 0, err
	}
	places, err := q.CommitsAfter(ctx, ledgersql.CommitsAfterParams{After: last.Place, Upto: m.place, Max: maxSealCommits})
	if err != nil || len(places) == 0 {
		return 0, err
	}

	place := places[len(places)-1]
	entries, err := q.SealedEntries(ctx, ledgersql.SealedEntriesParams{After: last.Place, Upto: place})
	if err != nil {
		return 0, err
	}
	s := newSealer(last, place, l.clock())
	for _, e := range entries {
		s.add(e.Content, e.Chain, e.Height, e.Block)
	}
	if err := q.InsertSeal(ctx, ledgersql.InsertSealParams(s.seal())); err != nil {
		return 0, err
	}
	l.checkpoint("ledger.sealing")
	return len(entries), nil
}

// lastSeal returns the newest seal, or one of zeros before the first.
func lastSeal(ctx context.Context, q *ledgersql.Queries) (ledgersql.LedgerSeal, error) {
	s, err := q.LastSeal(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return ledgersql.LedgerSeal{}, nil
	}
	return s, err
}

// sealer computes one link of the chain. Seal and Verify share it.
type sealer struct {
	link   ledgersql.LedgerSeal
	h      encoder
	blocks map[string]string // chain → "height hash" of the last block that caused an entry
}

func newSealer(last ledgersql.LedgerSeal, place int64, at time.Time) *sealer {
	s := &sealer{
		link:   ledgersql.LedgerSeal{Number: last.Number + 1, Place: place, Previous: last.Hash, SealedAt: at.UTC().Truncate(time.Microsecond)},
		h:      newEncoder("coffer/ledger/seal/1"),
		blocks: make(map[string]string),
	}
	s.h.bytes(last.Hash[:])
	s.h.int(s.link.Number)
	s.h.int(place)
	s.h.int(s.link.SealedAt.UnixMicro())
	return s
}

func (s *sealer) add(content coffer.Hash, chain string, height *int64, block *coffer.Hash) {
	s.h.bytes(content[:])
	s.link.Entries++
	if height != nil && block != nil {
		s.blocks[chain] = fmt.Sprintf("%d %s", *height, block)
	}
}

// seal closes the link over the number of entries and the blocks covered.
func (s *sealer) seal() ledgersql.LedgerSeal {
	var lines strings.Builder
	for _, chain := range slices.SortedFunc(maps.Keys(s.blocks), cmp.Compare[string]) {
		fmt.Fprintf(&lines, "%s %s\n", chain, s.blocks[chain])
	}
	s.link.Blocks = lines.String()
	s.h.int(s.link.Entries)
	s.h.str(s.link.Blocks)
	s.link.Hash = s.h.sum()
	return s.link
}
