package deposit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
)

// Forgetful is a second node that can say only for some time what a block paid, and is therefore
// asked as soon as a deposit is known: nodes keep what they need for traces of some hundred blocks
// (geth: 128), and it can take longer until a deposit may be unlocked.
type Forgetful interface {
	// Recall reports whether the node found these transfers in a block, which may still leave the chain.
	// False says nothing against them, nor does an error: a Corroborator is asked when a deposit may be
	// unlocked.
	Recall(ctx context.Context, block coffer.Hash, transfers []coffer.Transfer) (bool, error)
}

// Bounds of one AskEarly.
const (
	maxBlocksEarly = 16
	maxEarlyTime   = callTimeout
)

// AskEarly asks a chain's second node what blocks paid as soon as deposits in them are known, the newest
// first, because the oldest are forgotten first. What the node finds is kept for that inclusion; all else counts
// for nothing, and is asked again later and later. Whether a block is part of the chain, and what
// was not found, Check asks when it matters. AskEarly reports whether there may be more to find.
func (s *Service) AskEarly(ctx context.Context, id coffer.ChainID) (bool, error) {
	chain, err := s.chain(id)
	if err != nil {
		return false, err
	}
	node, ok := chain.Second.(Forgetful)
	if !ok {
		return false, nil
	}
	blocks, err := s.sql.EarlyBlocks(ctx, depositsql.EarlyBlocksParams{
		Chain: string(id), NoFinality: chain.NoFinality, NotNow: s.retries.waiting(s.Clock()), First: maxBlocksEarly,
	})
	if err != nil {
		return false, fmt.Errorf("blocks of %s to ask about early: %w", id, err)
	}
	call, cancel := context.WithTimeout(ctx, maxEarlyTime)
	defer cancel()
	var trouble error
	for _, block := range blocks {
		found, err := s.recall(call, node, id, block.BlockHash)
		switch {
		case err != nil && !errors.Is(err, coffer.ErrNotFound): // which it is behind, or on another branch
			trouble = errors.Join(trouble, fmt.Errorf("block %s: %w", block.BlockHash, err))
			fallthrough
		case !found:
			s.retries.later(block.BlockHash, s.Clock())
		default:
			s.retries.done(block.BlockHash)
		}
		if call.Err() != nil {
			break // the rest has its turn the next time
		}
	}
	return len(blocks) == maxBlocksEarly, trouble
}

// recall asks about the deposits of a block, all at once and, so that one that the node does not find is not
// in the way of the others, each alone. It reports whether all were found.
func (s *Service) recall(ctx context.Context, node Forgetful, chain coffer.ChainID, block coffer.Hash) (bool, error) {
	asked, err := s.asked(ctx, chain, block, statesEarly)
	if err != nil || len(asked.deposits) == 0 {
		return err == nil, err
	}
	all, err := node.Recall(ctx, block, asked.transfers)
	if err != nil {
		return false, fmt.Errorf("second node: %w", err)
	}
	found := asked
	if !all {
		found = finding{}
		for i := range min(len(asked.deposits), maxBlocksEarly) {
			if len(asked.deposits) == 1 {
				break
			}
			one, err := node.Recall(ctx, block, asked.transfers[i:i+1])
			if err != nil {
				return false, fmt.Errorf("second node: %w", err)
			}
			if one {
				found.deposits, found.inclusions = append(found.deposits, asked.deposits[i]), append(found.inclusions, asked.inclusions[i])
			}
		}
	}
	if len(found.deposits) > 0 {
		if err := s.writeFound(ctx, chain, block, found); err != nil {
			return false, err
		}
	}
	return all, nil
}

// writeFound keeps what a second node found, of the deposits that are still as they were when it was
// asked.
func (s *Service) writeFound(ctx context.Context, chain coffer.ChainID, block coffer.Hash, found finding) error {
	err := s.DB.Tx(ctx, func(tx pgx.Tx) error {
		c, err := s.lockChain(ctx, tx, chain)
		if err != nil {
			return err
		}
		_, err = c.q.Corroborate(ctx, depositsql.CorroborateParams{
			Chain: string(chain), BlockHash: block, Deposits: found.deposits, Inclusions: found.inclusions,
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("what the second node found in block %s of %s: %w", block, chain, err)
	}
	return nil
}

// Bounds of retries.
const (
	firstRetry = 10 * time.Second
	lastRetry  = time.Hour
	maxRetries = 1024 // more are forgotten, and asked about at once
)

// retries is when blocks that a second node could not answer for have their next turn. It is safe for
// concurrent use.
type retries struct {
	mu sync.Mutex
	at map[coffer.Hash]retry
}

type retry struct {
	next time.Time
	wait time.Duration
}

func (r *retries) later(block coffer.Hash, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil || len(r.at) >= maxRetries {
		r.at = map[coffer.Hash]retry{}
	}
	wait := min(max(2*r.at[block].wait, firstRetry), lastRetry)
	r.at[block] = retry{now.Add(wait), wait}
}

func (r *retries) done(block coffer.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.at, block)
}

// waiting are the blocks whose turn has not come.
func (r *retries) waiting(now time.Time) [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	hashes := [][]byte{}
	for hash, retry := range r.at {
		if now.Before(retry.next) {
			hashes = append(hashes, hash[:])
		}
	}
	return hashes
}

// Unheard is a block whose deposits would be unlocked or refunded, and of which the second node has
// said nothing: it is away, behind, or cannot tell any more what the block paid. Another second
// node that can, an archive node for one, unlocks them.
type Unheard struct {
	Block coffer.BlockRef
	Since time.Time // when its deposits last changed
}

// Unheard returns the blocks of a chain that wait for a second node's word, lowest first, at most
// some hundred. It does not know whether the chain has a second node.
func (s *Service) Unheard(ctx context.Context, id coffer.ChainID) ([]Unheard, error) {
	chain, err := s.chain(id)
	if err != nil {
		return nil, err
	}
	rows, err := s.sql.Unheard(ctx, depositsql.UnheardParams{Chain: string(id), NoFinality: chain.NoFinality, First: maxDisagreements})
	if err != nil {
		return nil, fmt.Errorf("blocks of %s that a second node says nothing of: %w", id, err)
	}
	all := make([]Unheard, len(rows))
	for i, row := range rows {
		all[i] = Unheard{coffer.BlockRef{Height: uint64(row.Height), Hash: row.BlockHash}, row.At.UTC()} // #nosec G115 -- not negative in the table
	}
	return all, nil
}
