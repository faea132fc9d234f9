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

// Headers is the part of a coffer.Source that a second node is asked for.
type Headers interface {
	// Header is the canonical header at a height, or coffer.ErrNotFound above the head.
	Header(ctx context.Context, height uint64) (coffer.Header, error)
}

// Corroborator is what a second node may be too, where a block's hash does not prove all that the
// block paid.
type Corroborator interface {
	// Corroborate reports whether the node says of a block that it made these transfers, as far as
	// the hash does not prove them.
	Corroborate(ctx context.Context, block coffer.Hash, transfers []coffer.Transfer) (bool, error)
}

// ErrDisagree says that a second node has another block where a deposit's is, or says that the block
// paid something else.
var ErrDisagree = errors.New("two nodes disagree")

// reasonHeld is shown while a second node contradicts the first.
const reasonHeld = "held: two nodes disagree about its block"

// Bounds of one Check.
const (
	maxBlocksPerCheck     = 64
	maxScreeningsPerCheck = 64
	maxScreeningFailures  = 4
	maxDisagreements      = 100
)

// Disagreement is a block of ours where a second node has another, or says something else of it.
type Disagreement struct {
	Block  coffer.BlockRef // ours
	Theirs coffer.Hash     // at the same height; zero: the same block, which paid something else
	At     time.Time       // since when
}

// Disagreements returns where the second node of a chain contradicts the first, lowest
// first. What they hold up is unlocked when they agree.
func (s *Service) Disagreements(ctx context.Context, chain coffer.ChainID) ([]Disagreement, error) {
	rows, err := s.sql.Disagreements(ctx, depositsql.DisagreementsParams{Chain: string(chain), First: maxDisagreements})
	if err != nil {
		return nil, fmt.Errorf("disagreements on %s: %w", chain, err)
	}
	all := make([]Disagreement, len(rows))
	for i, row := range rows {
		all[i] = Disagreement{coffer.BlockRef{Height: uint64(row.Height), Hash: row.BlockHash}, row.Theirs, row.At.UTC()} // #nosec G115 -- not negative in the table
	}
	return all, nil
}

// Check asks a chain's second node and the screener what has to be known before money is
// unlocked, writes it down, and unlocks what may be. It reports whether it learnt
// anything. It asks outside of transactions; what a block took back meanwhile is left.
func (s *Service) Check(ctx context.Context, id coffer.ChainID) (bool, error) {
	chain, err := s.chain(id)
	if err != nil {
		return false, err
	}
	var agreed, screened bool
	var trouble error
	if chain.Second != nil {
		agreed, trouble = s.checkBlocks(ctx, chain)
	}
	if s.Screener != nil {
		screened, err = s.checkSenders(ctx, id)
	}
	return agreed || screened, errors.Join(trouble, err)
}

// checkBlocks asks the second node about blocks. A node that is behind is asked again.
func (s *Service) checkBlocks(ctx context.Context, chain Chain) (bool, error) {
	cursor, err := s.sql.Cursor(ctx, string(chain.ID))
	if errors.Is(err, pgx.ErrNoRows) || err == nil && cursor.Height == nil {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("deposit cursor of %s: %w", chain.ID, err)
	}
	query := depositsql.BlocksToAgreeParams{
		Chain: string(chain.ID), After: s.agreeing.get(chain.ID), Tip: *cursor.Height, Final: chain.finalOr(cursor.Final), First: maxBlocksPerCheck,
	}
	blocks, err := s.sql.BlocksToAgree(ctx, query)
	if err == nil && len(blocks) == 0 && query.After > beforeAll {
		query.After = beforeAll
		blocks, err = s.sql.BlocksToAgree(ctx, query)
	}
	if err != nil {
		return false, fmt.Errorf("blocks to agree on: %w", err)
	}
	// Where there are more, blocks that cannot be agreed on must not keep those above from their turn.
	next := int64(beforeAll)
	if len(blocks) == maxBlocksPerCheck {
		next = blocks[len(blocks)-1].Height
	}
	s.agreeing.set(chain.ID, next)

	learnt := false
	var trouble error
	for _, block := range blocks {
		theirs, err := s.second(ctx, chain, block.Height)
		if errors.Is(err, coffer.ErrNotFound) {
			break // it is behind: nothing to say about higher blocks either
		}
		away := err != nil
		var found finding
		if err == nil && theirs == block.BlockHash {
			theirs, found, err = s.corroborated(ctx, chain, block.BlockHash)
		}
		if away || errors.Is(err, context.DeadlineExceeded) {
			s.agreeing.set(chain.ID, block.Height) // each more would cost as long now; those above are asked about next
			return learnt, errors.Join(trouble, err)
		}
		if err != nil {
			trouble = errors.Join(trouble, err) // what one block paid says nothing of the others
			continue
		}
		news, err := s.writeAgreement(ctx, chain.ID, block, theirs, found)
		if err != nil {
			return learnt, err
		}
		learnt = learnt || news
		if news && theirs != block.BlockHash {
			err := fmt.Errorf("%w: height %d of %s is %s, and %s at the second node", ErrDisagree, block.Height, chain.ID, block.BlockHash, theirs)
			if theirs.IsZero() {
				err = fmt.Errorf("%w: block %s of %s paid something else by the second node's word", ErrDisagree, block.BlockHash, chain.ID)
			}
			s.Logger.Error("deposits are held", "chain", chain.ID, "error", err)
			s.Alarm(chain.ID, err)
		}
	}
	return learnt, trouble
}

// second asks the second node which block it has at a height.
func (s *Service) second(ctx context.Context, chain Chain, height int64) (coffer.Hash, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	header, err := chain.Second.Header(call, uint64(height)) // #nosec G115 -- not negative in the table
	if err != nil {
		return coffer.Hash{}, fmt.Errorf("second node of %s: header %d: %w", chain.ID, height, err)
	}
	if header.Height != uint64(height) { // #nosec G115 -- as above
		return coffer.Hash{}, fmt.Errorf("second node of %s: asked for height %d, answers with %d", chain.ID, height, header.Height)
	}
	return header.Hash, nil
}

// finding is which deposits a second node was asked about in a block, by their inclusion, and what
// they are.
type finding struct {
	deposits   []string
	inclusions []int64
	transfers  []coffer.Transfer
}

// States of deposits that a second node is asked about before they are unlocked or refunded, and as
// soon as they are known.
var (
	statesToAgree = []string{string(coffer.DepositCredited), string(coffer.DepositRejected), string(coffer.DepositMissingMemo)}
	statesEarly   = []string{string(coffer.DepositObserved), string(coffer.DepositConfirming), string(coffer.DepositCredited), string(coffer.DepositReview)}
)

// asked returns what a second node has to be asked about in a block.
func (s *Service) asked(ctx context.Context, chain coffer.ChainID, hash coffer.Hash, states []string) (finding, error) {
	rows, err := s.sql.ToCorroborate(ctx, depositsql.ToCorroborateParams{Chain: string(chain), BlockHash: hash, States: states})
	if err != nil {
		return finding{}, fmt.Errorf("deposits of block %s: %w", hash, err)
	}
	var asked finding
	for _, row := range rows {
		asked.deposits, asked.inclusions = append(asked.deposits, row.ID), append(asked.inclusions, row.Inclusion)
		asked.transfers = append(asked.transfers, coffer.Transfer{
			Asset: coffer.AssetID(row.Asset), Tx: row.Tx, Ref: row.Ref, From: coffer.Address(row.Sender), To: coffer.Address(row.Address), Amount: row.Amount,
		})
	}
	return asked, nil
}

// corroborated asks the second node about what a block paid that its hash does not prove. It returns
// the block's hash and which deposits were asked about when the node says the same, and zero when it
// does not.
func (s *Service) corroborated(ctx context.Context, chain Chain, hash coffer.Hash) (coffer.Hash, finding, error) {
	found, err := s.asked(ctx, chain.ID, hash, statesToAgree)
	if err != nil {
		return coffer.Hash{}, finding{}, err
	}
	same, err := corroborate(ctx, chain, hash, found)
	if err != nil || !same {
		return coffer.Hash{}, finding{}, err
	}
	return hash, found, nil
}

// corroborate reports whether the second node says the same of some deposits of a block. Of a chain
// whose blocks' hashes prove all that there is nobody is asked, nor where all was found before.
func corroborate(ctx context.Context, chain Chain, hash coffer.Hash, asked finding) (bool, error) {
	node, ok := chain.Second.(Corroborator)
	if !ok || len(asked.transfers) == 0 {
		return true, nil
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	same, err := node.Corroborate(call, hash, asked.transfers)
	if err != nil {
		return false, fmt.Errorf("second node of %s: payments of block %s: %w", chain.ID, hash, err)
	}
	return same, nil
}

// writeAgreement keeps what the second node said, while the block is still one of ours, and
// reports whether it is news.
func (s *Service) writeAgreement(ctx context.Context, chain coffer.ChainID, block depositsql.BlocksToAgreeRow, theirs coffer.Hash, found finding) (news bool, err error) {
	err = s.DB.Tx(ctx, func(tx pgx.Tx) error {
		news = false
		c, err := s.lockChain(ctx, tx, chain)
		if err != nil {
			return err
		}
		still, err := c.q.StillToAgree(ctx, depositsql.StillToAgreeParams{Chain: string(chain), BlockHash: block.BlockHash})
		if err != nil || !still {
			return err
		}
		rows, err := c.q.SetAgreement(ctx, depositsql.SetAgreementParams{Chain: string(chain), BlockHash: block.BlockHash, Height: block.Height, Theirs: theirs, At: c.at})
		if err != nil {
			return err
		}
		kept, err := c.q.Corroborate(ctx, depositsql.CorroborateParams{
			Chain: string(chain), BlockHash: block.BlockHash, Deposits: found.deposits, Inclusions: found.inclusions,
		})
		if err != nil || rows+kept == 0 {
			return err
		}
		news = true
		if theirs == block.BlockHash {
			err = c.unlock(ctx)
		} else {
			err = c.hold(ctx, block.BlockHash)
		}
		if err != nil {
			return err
		}
		return c.finish(ctx)
	})
	if err != nil {
		return false, fmt.Errorf("agreement about block %s of %s: %w", block.BlockHash, chain, err)
	}
	if news {
		s.Checkpoint(CheckpointAgreed)
	}
	return news, nil
}

// hold tells the owners of a block's deposits why they are not unlocked.
func (c *change) hold(ctx context.Context, block coffer.Hash) error {
	held, err := c.q.SetReason(ctx, depositsql.SetReasonParams{Chain: string(c.chain.ID), BlockHash: block, Reason: reasonHeld, At: c.at})
	if err != nil {
		return fmt.Errorf("hold: %w", err)
	}
	return c.tell(held)
}
