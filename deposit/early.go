package deposit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
)

// maxEarlyPerCheck is how many blocks a second node is asked about ahead of time in one Check.
const maxEarlyPerCheck = 16

// checkEarly asks the second node what blocks paid as soon as deposits in them are known. Nodes
// keep what they need for traces of some hundred blocks only (geth: 128), and it can take longer until
// a deposit may be unlocked. What the node finds is kept; what it denies, does not have yet or cannot
// answer counts for nothing here, and is asked about again when the deposit may be unlocked. Whether the
// block is part of the chain is asked then, too. It reports whether there is more to ask about now.
func (s *Service) checkEarly(ctx context.Context, chain Chain) (more bool, err error) {
	if _, ok := chain.Second.(Corroborator); !ok {
		return false, nil
	}
	query := depositsql.EarlyBlocksParams{Chain: string(chain.ID), After: s.early.get(chain.ID), NoFinality: chain.NoFinality, First: maxEarlyPerCheck}
	blocks, err := s.sql.EarlyBlocks(ctx, query)
	if err != nil {
		return false, fmt.Errorf("blocks to ask about early: %w", err)
	}
	// Blocks that cannot be answered for must not keep those above from their turn.
	next := int64(beforeAll)
	if len(blocks) == maxEarlyPerCheck {
		next = blocks[len(blocks)-1].Height
	}
	s.early.set(chain.ID, next)

	var trouble error
	for _, block := range blocks {
		asked, err := s.asked(ctx, chain, block.BlockHash, statesEarly)
		if err != nil {
			return false, errors.Join(trouble, err)
		}
		same, err := corroborate(ctx, chain, block.BlockHash, asked)
		switch {
		case errors.Is(err, coffer.ErrNotFound): // it is behind, or on another branch
		case errors.Is(err, context.DeadlineExceeded):
			s.early.set(chain.ID, block.Height) // each more would cost as long now; those above are asked about next
			return false, errors.Join(trouble, err)
		case err != nil:
			trouble = errors.Join(trouble, err)
		case same:
			if err := s.writeFound(ctx, chain.ID, block.BlockHash, asked); err != nil {
				return false, errors.Join(trouble, err)
			}
		}
	}
	return more, trouble
}

// writeFound keeps what a second node found, of the deposits that are still as they were when it was asked.
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

// Unheard is a block whose deposits would be unlocked, and of which the second node has said nothing:
// it is away, behind, or cannot tell any more what the block paid. Another second node that can, an archive node for
// one, unlocks them.
type Unheard struct {
	Block coffer.BlockRef
	Since time.Time
}

// Unheard returns the blocks of a chain that wait for a second node's word, lowest first, at most
// some hundred. It says nothing of chains without a second node.
func (s *Service) Unheard(ctx context.Context, chain coffer.ChainID) ([]Unheard, error) {
	rows, err := s.sql.Unheard(ctx, depositsql.UnheardParams{Chain: string(chain), First: maxDisagreements})
	if err != nil {
		return nil, fmt.Errorf("blocks of %s that a second node has not heard of: %w", chain, err)
	}
	all := make([]Unheard, len(rows))
	for i, row := range rows {
		all[i] = Unheard{coffer.BlockRef{Height: uint64(row.Height), Hash: row.BlockHash}, row.At.UTC()} // #nosec G115 -- not negative in the table
	}
	return all, nil
}
