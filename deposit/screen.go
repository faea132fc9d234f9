package deposit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
	"github.com/cofferhq/coffer/ledger"
)

// Screener judges senders: a sanctions list, an analytics service. What it does not answer
// is counted and stays locked, until a person has to look (see Config.Patience).
type Screener interface {
	ScreenDeposit(ctx context.Context, d coffer.Deposit) (Screening, error)
}

// Screening is what a screener says about the sender of a deposit.
type Screening struct {
	Pass     bool   // false: a person has to look at it
	Score    int    // the screener's own measure
	Category string // "sanctions", "mixer", …; at most 64 bytes
	Evidence string // where to read on; at most 500 bytes
	At       time.Time

	reason string // that the customer sees; empty: reasonReview, which says nothing
}

const maxCategoryBytes = 64

// checkSenders screens the senders of what arrived, going on where the last call ended. One
// that cannot be screened does not keep the others from it; a screener that is down is
// left in peace soon.
func (s *Service) checkSenders(ctx context.Context, chain coffer.ChainID) (bool, error) {
	after := s.screened.get(chain)
	rows, err := s.sql.ToScreen(ctx, depositsql.ToScreenParams{Chain: string(chain), After: after, First: maxScreeningsPerCheck})
	if err != nil {
		return false, fmt.Errorf("deposits to screen: %w", err)
	}
	learnt, failures, trouble := false, 0, error(nil)
	for _, row := range rows {
		if ctx.Err() != nil || failures >= maxScreeningFailures {
			break
		}
		after = row.Position
		if err := s.checkSender(ctx, row); err != nil {
			failures++
			trouble = errors.Join(trouble, fmt.Errorf("screen %s: %w", row.ID, err))
			continue
		}
		learnt = true
	}
	if len(rows) < maxScreeningsPerCheck && failures < maxScreeningFailures {
		after = beforeAll
	}
	s.screened.set(chain, after)
	return learnt, trouble
}

// checkSender screens one deposit, and gives up where that fails again and again.
func (s *Service) checkSender(ctx context.Context, row depositsql.Deposit) error {
	verdict, err := s.screen(ctx, depositOf(row, nil))
	if err != nil && ctx.Err() == nil {
		verdict, err = s.giveUp(ctx, row, err)
	}
	if err != nil {
		return err
	}
	return s.writeScreening(ctx, row, verdict)
}

// What cannot be screened is for a person after so many tries in a row over such a time:
// shorter is how long a node or a screener may be away without anybody's work.
const (
	maxScreeningTries = 10
	DefaultPatience   = 24 * time.Hour
)

// giveUp counts a failure, and returns it while the deposit is to be tried again. After that
// it does not pass.
func (s *Service) giveUp(ctx context.Context, row depositsql.Deposit, failure error) (Screening, error) {
	now := s.now()
	counted, err := s.sql.CountScreeningFailure(ctx, depositsql.CountScreeningFailureParams{Deposit: row.ID, Inclusion: row.Inclusion, At: now})
	if err != nil {
		return Screening{}, errors.Join(failure, fmt.Errorf("count the failure: %w", err))
	}
	if counted.Failures < maxScreeningTries || now.Sub(counted.Since) < s.Patience {
		return Screening{}, failure
	}
	return Screening{
		Category: "not screened", reason: reasonNotScreened,
		Evidence: fmt.Sprintf("tried %d times since %s: %s", counted.Failures, counted.Since.UTC().Format(time.RFC3339), failure),
	}, nil
}

// Bounds of finding out who sent a deposit.
const (
	maxSenders     = 100             // of one deposit that are screened
	sendersTimeout = 2 * time.Minute // of Chain.Senders: many calls, each with a timeout of its own
)

// screen asks about the sender of a deposit, or where a transfer has none about everybody
// whose coins its transaction spent: what one of them does not pass, the deposit does not.
func (s *Service) screen(ctx context.Context, d coffer.Deposit) (Screening, error) {
	chain := s.chains[d.Chain]
	if d.From != "" || chain.Coins == "" {
		return s.askScreener(ctx, d)
	}
	if chain.Senders == nil {
		return Screening{}, fmt.Errorf("nobody says who sent transaction %s", d.Tx)
	}
	senders, err := sendersOf(ctx, chain, d.Tx)
	if coffer.ErrorCode(err) == coffer.CodeLimit {
		return Screening{Category: "many coins", Evidence: err.Error(), reason: reasonManySenders}, nil
	}
	if err != nil {
		return Screening{}, fmt.Errorf("senders of transaction %s: %w", d.Tx, err)
	}
	slices.Sort(senders)
	senders = slices.Compact(senders)
	switch {
	case len(senders) == 0:
		return Screening{Category: "no sender", Evidence: "the transaction spent nobody's coins"}, nil // a miner's earnings
	case len(senders) > maxSenders:
		evidence := fmt.Sprintf("%d addresses sent it: want at most %d", len(senders), maxSenders)
		return Screening{Category: "many senders", Evidence: evidence, reason: reasonManySenders}, nil
	}
	var verdict Screening
	for _, sender := range senders {
		d.From = sender
		if verdict, err = s.askScreener(ctx, d); err != nil || !verdict.Pass {
			return verdict, err
		}
	}
	return verdict, nil
}

func sendersOf(ctx context.Context, chain Chain, tx coffer.Hash) ([]coffer.Address, error) {
	call, cancel := context.WithTimeout(ctx, sendersTimeout)
	defer cancel()
	return chain.Senders(call, tx)
}

func (s *Service) askScreener(ctx context.Context, d coffer.Deposit) (Screening, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return s.Screener.ScreenDeposit(call, d)
}

// beforeAll is a position below every row's.
const beforeAll = math.MinInt64

// positions is how far something has come on each chain. Losing it costs a second look.
type positions struct {
	mu sync.Mutex
	at map[coffer.ChainID]int64
}

func (p *positions) get(chain coffer.ChainID) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, ok := p.at[chain]; ok {
		return at
	}
	return beforeAll
}

func (p *positions) set(chain coffer.ChainID, at int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == nil {
		p.at = map[coffer.ChainID]int64{}
	}
	p.at[chain] = at
}

// writeScreening keeps a verdict about an inclusion of a deposit, and acts on it.
func (s *Service) writeScreening(ctx context.Context, row depositsql.Deposit, v Screening) error {
	err := s.DB.Tx(ctx, func(tx pgx.Tx) error {
		c, d, err := s.lock(ctx, tx, row.Tenant, row.ID)
		if err != nil || d.Inclusion != row.Inclusion {
			return err // it left the chain meanwhile, and is asked about anew when it is back
		}
		if err := c.q.EndScreeningFailures(ctx, d.ID); err != nil {
			return fmt.Errorf("end failures: %w", err)
		}
		category, evidence := plainText(v.Category, maxCategoryBytes), plainText(v.Evidence, maxReasonBytes)
		added, err := c.q.AddScreening(ctx, depositsql.AddScreeningParams{
			Deposit: d.ID, Inclusion: d.Inclusion, Passed: v.Pass, Score: int32(max(math.MinInt32, min(v.Score, math.MaxInt32))), // #nosec G115 -- bounded
			Category: category, Evidence: evidence, At: c.at,
		})
		if err != nil || added == 0 {
			return err
		}
		if v.Pass {
			err = c.unlock(ctx)
		} else {
			err = c.suspect(ctx, d, category, cmp.Or(v.reason, reasonReview))
		}
		if err != nil {
			return err
		}
		return c.finish(ctx)
	})
	if err == nil {
		s.Checkpoint(CheckpointScreened)
	}
	return err
}

// plainText is what the database can keep of somebody else's words.
func plainText(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	return firstBytes(text, most)
}

// suspect parks a deposit whose sender did not pass, unless a person let it pass. What
// was credited is taken back first: the customer may owe part of it already.
func (c *change) suspect(ctx context.Context, d depositsql.Deposit, category, reason string) error {
	switch coffer.DepositState(d.State) {
	case coffer.DepositObserved, coffer.DepositConfirming:
	case coffer.DepositCredited:
		audit, err := c.q.AuditOf(ctx, []string{d.ID})
		if err != nil {
			return err
		}
		for _, act := range audit {
			if act.Inclusion == d.Inclusion && act.Action == actionRelease {
				return nil
			}
		}
		if err := c.uncredit(ctx, d); err != nil {
			return err
		}
	default:
		return nil // a person looks at it already
	}

	moved, err := c.move(ctx, d, coffer.DepositReview, reason)
	if err != nil {
		return err
	}
	c.book([]depositsql.Deposit{moved}, asideEntry)
	c.note(moved, actionPark, firstBytes(rulePrefix+"screening "+category, maxActorBytes), reason)
	return c.tell([]depositsql.Deposit{moved})
}

// uncredit undoes the entry that credited a deposit.
func (c *change) uncredit(ctx context.Context, d depositsql.Deposit) error {
	entry := fmt.Sprintf("%s/%s/%d", d.ID, coffer.DepositCredited, d.Inclusion)
	taken, err := c.q.TakeBooking(ctx, entry)
	if err != nil || taken != 1 {
		return fmt.Errorf("take booking %s: %d taken, %w", entry, taken, err)
	}
	return c.Ledger.ReverseAll(ctx, c.tx, ledger.Reversal{EntryID: entry, ID: entry + "/reversed", Kind: "deposit.suspected", Block: blockOf(d), At: c.at})
}

// screeningsOf returns what was said about deposits as they are included now.
func (s *Service) screeningsOf(ctx context.Context, ids []string) (map[string]*Screening, error) {
	rows, err := s.sql.ScreeningsOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read screenings: %w", err)
	}
	screenings := make(map[string]*Screening, len(rows))
	for _, row := range rows {
		screenings[row.Deposit] = &Screening{Pass: row.Passed, Score: int(row.Score), Category: row.Category, Evidence: row.Evidence, At: row.At.UTC()}
	}
	return screenings, nil
}
