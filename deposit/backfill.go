package deposit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
	"github.com/cofferhq/coffer/stream"
)

// Bounds of one step of Backfill.
const (
	backfillRecords   = 256    // read from the stream
	backfillBlocks    = 100    // applied
	backfillAddresses = 10_000 // looked for in one pass
)

// History is an address whose past is not filled in, or not whole.
type History struct {
	Address coffer.Address
	State   string // HistoryPending, HistoryRunning or HistoryPartial
	Reason  string // what is missing of a partial one
	Since   time.Time
}

// States of a History.
const (
	HistoryPending = "pending" // waits for the next pass over the stream
	HistoryRunning = "running" // is looked for
	HistoryPartial = "partial" // what the stream kept is filled in; before that nothing is known
	historyDone    = "done"
)

// Histories returns the addresses of a chain that became known late and whose past is not
// filled in whole, oldest first, at most MaxPage.
func (s *Service) Histories(ctx context.Context, chain coffer.ChainID) ([]History, error) {
	rows, err := s.sql.Backfills(ctx, depositsql.BackfillsParams{Chain: string(chain), First: MaxPage})
	if err != nil {
		return nil, fmt.Errorf("histories of %s: %w", chain, err)
	}
	all := make([]History, len(rows))
	for i, row := range rows {
		all[i] = History{coffer.Address(row.Address), row.State, row.Reason, row.CreatedAt.UTC()}
	}
	return all, nil
}

// Backfill takes the past of addresses that became known late one step on, and reports
// whether there was anything to do. A pass reads the stream from its beginning for all of
// them at once and collects the blocks that touch them; blocks that leave the chain are
// dropped again. When it has read as far as events are applied, what it collected is
// canonical, and is applied as it would have been, oldest first, while no event comes
// between.
func (s *Service) Backfill(ctx context.Context, chain coffer.ChainID) (bool, error) {
	if _, err := s.chain(chain); err != nil {
		return false, err
	}
	run, err := s.sql.BackfillRun(ctx, string(chain))
	if errors.Is(err, pgx.ErrNoRows) {
		return s.beginBackfill(ctx, chain)
	}
	if err != nil {
		return false, fmt.Errorf("fill in %s: %w", chain, err)
	}
	cursor, err := s.sql.Cursor(ctx, string(chain))
	if err != nil {
		return false, fmt.Errorf("fill in %s: %w", chain, err)
	}
	if run.Sequence < cursor.Sequence {
		err = s.collect(ctx, chain, run, cursor.Sequence)
	} else {
		err = s.fill(ctx, chain)
	}
	if err != nil {
		return false, fmt.Errorf("fill in %s: %w", chain, err)
	}
	return true, nil
}

// beginBackfill starts a pass if an address waits for one.
func (s *Service) beginBackfill(ctx context.Context, chain coffer.ChainID) (bool, error) {
	waiting, err := s.sql.AnyBackfill(ctx, string(chain))
	if err != nil || !waiting {
		return false, err
	}
	oldest, err := s.oldest(ctx, chain)
	if err != nil {
		return false, fmt.Errorf("fill in %s: %w", chain, err)
	}
	begun, err := s.sql.BeginBackfill(ctx, depositsql.BeginBackfillParams{Chain: string(chain), FirstOffset: oldest, At: s.now(), Most: backfillAddresses})
	return begun > 0, err
}

// oldest returns the offset of the oldest block event that the stream keeps.
func (s *Service) oldest(ctx context.Context, chain coffer.ChainID) (int64, error) {
	kept := func(offset int64) (bool, error) {
		_, err := s.Log.Read(ctx, stream.TopicRaw, string(chain), offset, 1)
		if errors.Is(err, stream.ErrTrimmed) {
			return false, nil
		}
		return err == nil, err
	}
	low := int64(0)
	if whole, err := kept(low); err != nil || whole {
		return low, err
	}
	high, err := s.Log.Tail(ctx, stream.TopicRaw, string(chain))
	for err == nil && high-low > 1 { // low is trimmed, high is kept or the tail
		middle := low + (high-low)/2
		var there bool
		if there, err = kept(middle); there {
			high = middle
		} else {
			low = middle
		}
	}
	return high, err
}

// collect reads one batch of events, none that is not applied yet.
func (s *Service) collect(ctx context.Context, chain coffer.ChainID, run depositsql.DepositBackfillRun, applied int64) error {
	records, err := s.Log.Read(ctx, stream.TopicRaw, string(chain), run.NextOffset, backfillRecords)
	if errors.Is(err, stream.ErrTrimmed) {
		return s.skipTrimmed(ctx, chain, run)
	}
	if err != nil {
		return err
	}
	late, err := s.sql.RunningBackfills(ctx, string(chain))
	if err != nil {
		return err
	}
	after := make(map[coffer.Address]int64, len(late))
	for _, row := range late {
		after[coffer.Address(row.Address)] = row.KnownAfter
	}

	coins, err := s.lateCoins(ctx, s.chains[chain])
	if err != nil {
		return err
	}

	next := run
	var found []coffer.BlockEvent
	var parts stream.Assembler
	for _, record := range records {
		stored, complete, err := parts.Add(record)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrBroken, chain, err)
		}
		if !complete {
			continue
		}
		event, err := decode(chain, stored)
		if err != nil {
			return err
		}
		if toInt(event.Sequence) > applied {
			break
		}
		next.NextOffset = stored.Next
		if toInt(event.Sequence) <= next.Sequence {
			continue // a redelivery
		}
		if next.Sequence > 0 && toInt(event.Sequence) != next.Sequence+1 {
			return fmt.Errorf("%w: event %d follows %d in the stream", ErrBroken, event.Sequence, next.Sequence)
		}
		next.Sequence = toInt(event.Sequence)
		if height := toInt(event.Block.Height); next.FirstHeight == nil {
			next.FirstHeight = &height
		}
		event.Block.Transfers = touching(event, after)
		event.Block.Spends = coins.touched(s.chains[chain].Coins, event, event.Block.Transfers)
		if event.Kind == coffer.BlockDisconnected || len(event.Block.Transfers)+len(event.Block.Spends) > 0 {
			event.Block.Outcomes = nil
			found = append(found, event)
		}
	}
	if next.NextOffset == run.NextOffset {
		return fmt.Errorf("%w: no whole event at offset %d of %s", ErrBroken, run.NextOffset, chain)
	}
	return s.keepFound(ctx, chain, run, next, found)
}

// skipTrimmed goes on where the stream begins now.
func (s *Service) skipTrimmed(ctx context.Context, chain coffer.ChainID, run depositsql.DepositBackfillRun) error {
	oldest, err := s.oldest(ctx, chain)
	if err != nil {
		return err
	}
	return s.sql.SkipTrimmed(ctx, depositsql.SkipTrimmedParams{Chain: string(chain), Oldest: oldest, Previous: run.NextOffset})
}

// touching returns the transfers of an event that its late addresses take part in.
func touching(event coffer.BlockEvent, after map[coffer.Address]int64) []coffer.Transfer {
	var found []coffer.Transfer
	for _, t := range event.Block.Transfers {
		to, isTo := after[t.To]
		from, isFrom := after[t.From]
		if isTo && toInt(event.Sequence) <= to || isFrom && toInt(event.Sequence) <= from {
			found = append(found, t)
		}
	}
	return found
}

func (s *Service) keepFound(ctx context.Context, chain coffer.ChainID, run, next depositsql.DepositBackfillRun, found []coffer.BlockEvent) error {
	err := s.DB.Tx(ctx, func(tx pgx.Tx) error {
		q := depositsql.New(tx)
		now, err := q.LockBackfillRun(ctx, string(chain))
		if errors.Is(err, pgx.ErrNoRows) || err == nil && (now.NextOffset != run.NextOffset || now.Sequence != run.Sequence) {
			return nil // somebody else was first
		}
		if err != nil {
			return err
		}
		for _, e := range found {
			hash := e.Block.Hash
			if e.Kind == coffer.BlockDisconnected {
				err = q.DropFound(ctx, depositsql.DropFoundParams{Chain: string(chain), BlockHash: hash[:]})
			} else {
				var event []byte
				if event, err = json.Marshal(e); err == nil {
					err = q.AddFound(ctx, depositsql.AddFoundParams{Chain: string(chain), Sequence: toInt(e.Sequence), BlockHash: hash[:], Event: event})
				}
			}
			if err != nil {
				return err
			}
		}
		return q.MoveBackfillRun(ctx, depositsql.MoveBackfillRunParams{Chain: string(chain), NextOffset: next.NextOffset, Sequence: next.Sequence, FirstHeight: next.FirstHeight})
	})
	if err == nil {
		s.Checkpoint(CheckpointFound)
	}
	return err
}

// fill applies what was found, if nothing was applied since it was; with nothing left the
// pass ends.
func (s *Service) fill(ctx context.Context, chain coffer.ChainID) error {
	ended, err := "", error(nil)
	err = s.DB.Tx(ctx, func(tx pgx.Tx) error {
		ended = ""
		c, err := s.lockChain(ctx, tx, chain)
		if err != nil {
			return err
		}
		cursor, err := c.q.Cursor(ctx, string(chain))
		if err != nil {
			return err
		}
		run, err := c.q.LockBackfillRun(ctx, string(chain))
		if errors.Is(err, pgx.ErrNoRows) || err == nil && run.Sequence != cursor.Sequence {
			return nil // there is more to read first
		}
		if err != nil {
			return err
		}
		found, err := c.q.TakeFound(ctx, depositsql.TakeFoundParams{Chain: string(chain), Most: backfillBlocks})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			ended, err = c.endBackfill(ctx, run)
			return err
		}
		tip := c.height
		for _, row := range found {
			c.event = coffer.BlockEvent{}
			if err := json.Unmarshal(row.Event, &c.event); err != nil {
				return fmt.Errorf("event %d: %w", row.Sequence, err)
			}
			c.height = toInt(c.event.Block.Height)
			if err := c.relive(ctx); err != nil {
				return fmt.Errorf("event %d: %w", row.Sequence, err)
			}
		}
		c.height = tip
		if err := c.deepen(ctx); err != nil {
			return err
		}
		return c.finish(ctx)
	})
	if err == nil {
		s.Checkpoint(CheckpointBackfilled)
	}
	if err == nil && ended != "" {
		err := fmt.Errorf("history of late addresses: %s", ended)
		s.Logger.Error("history is not whole", "chain", chain, "error", err)
		s.Alarm(chain, err)
	}
	return err
}

// endBackfill ends a pass, and says what it could not read.
func (c *change) endBackfill(ctx context.Context, run depositsql.DepositBackfillRun) (missing string, err error) {
	state := historyDone
	if run.FirstOffset > 0 {
		state, missing = HistoryPartial, "block events are not kept any more before the next one"
		if run.FirstHeight != nil {
			missing = fmt.Sprintf("blocks below height %d are not kept in the stream any more", *run.FirstHeight)
		}
	}
	return missing, c.q.EndBackfill(ctx, depositsql.EndBackfillParams{Chain: string(c.chain.ID), State: state, Reason: missing, At: c.at})
}

// relive applies what a past block did to the addresses of the pass: deposits as they would
// have come to be, and entries of house addresses, or what entries lack that were made
// while only one side was known. A deposit that was judged before its sender was known to
// be ours stays as it is.
func (c *change) relive(ctx context.Context) error {
	known, _, err := c.sort()
	if err != nil || len(known)+len(c.event.Block.Spends) == 0 {
		return err
	}
	who, err := c.owners(ctx, known)
	if err != nil {
		return err
	}
	own, err := c.reliveCoins(ctx, known, who)
	if err != nil {
		return err
	}
	if err := c.keepObservations(ctx, known); err != nil {
		return err
	}
	var arrived []arrival
	for _, t := range known {
		to, from := who[t.To], who[t.From]
		now := observed{RecipientKind: to.now(), SenderKind: from.now(), Tenant: to.Tenant, Account: to.Account}
		if to.Late && to.Kind == kindDeposit {
			arrived = append(arrived, c.judge(t, now, own[t.Tx]))
		}
		c.correct(t, observed{RecipientKind: to.then(), SenderKind: from.then()}, now, c.isChange(t, own))
	}
	if err := c.park(ctx, arrived); err != nil {
		return err
	}
	return c.include(ctx, arrived)
}

// owner is who an address is, and what the books made of it when an event came.
type owner depositsql.KnownRow

// now is the kind that counts now: addresses that wait for the next pass are strangers yet.
func (o owner) now() string {
	if o.Booked || o.Late {
		return o.Kind
	}
	return ""
}

// then is the kind that the entries in the books were made by.
func (o owner) then() string {
	if o.Booked {
		return o.Kind
	}
	return ""
}

func (c *change) owners(ctx context.Context, transfers []coffer.Transfer) (map[coffer.Address]owner, error) {
	p := depositsql.KnownParams{Chain: string(c.chain.ID), Sequence: toInt(c.event.Sequence)}
	for _, t := range transfers {
		p.Addresses = append(p.Addresses, string(t.To), string(t.From))
	}
	rows, err := c.q.Known(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("owners: %w", err)
	}
	who := make(map[coffer.Address]owner, len(rows))
	for _, row := range rows {
		who[coffer.Address(row.Address)] = owner(row)
	}
	return who, nil
}

// correct books the difference between what was booked and what should have been.
func (c *change) correct(t coffer.Transfer, then, now observed, change bool) {
	oldDebit, oldCredit, oldKind := house(t, then, change)
	debit, credit, kind := house(t, now, change)
	const prefix, corrected = "house_late", "deposit.corrected"
	switch {
	case kind == oldKind && debit == oldDebit && credit == oldCredit:
	case oldKind == "":
		c.bookHouse(t, "house", kind, debit, credit)
	case kind == "":
		c.bookHouse(t, prefix, corrected, oldCredit, oldDebit)
	case debit == oldDebit:
		c.bookHouse(t, prefix, corrected, oldCredit, credit)
	default: // no transfer is booked on two other accounts than before: one side was known
		c.bookHouse(t, prefix, corrected, debit, oldDebit)
	}
}

func (c *change) keepObservations(ctx context.Context, transfers []coffer.Transfer) error {
	hash := c.event.Block.Hash
	p := depositsql.KeepObservationsParams{Chain: string(c.chain.ID), BlockHash: hash[:], Height: c.height, At: c.at}
	for i := range transfers {
		t := &transfers[i]
		p.Txs = append(p.Txs, t.Tx[:])
		p.Refs = append(p.Refs, t.Ref)
		p.Assets = append(p.Assets, string(t.Asset))
		p.Senders = append(p.Senders, string(t.From))
		p.Recipients = append(p.Recipients, string(t.To))
		p.Amounts = append(p.Amounts, t.Amount)
		p.Memos = append(p.Memos, t.Memo)
	}
	if err := c.q.KeepObservations(ctx, p); err != nil {
		return fmt.Errorf("keep observations: %w", err)
	}
	return nil
}
