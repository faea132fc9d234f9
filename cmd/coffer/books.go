package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/treasury"
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
)

// openBooks registers our addresses, books what they held when the books began, and makes
// the indexers, which begin with the block after.
func (s *server) openBooks(ctx context.Context) error {
	for _, chain := range s.chains {
		start, err := s.openChain(ctx, chain)
		if err != nil {
			return fmt.Errorf("chain %s: %w", chain.id, err)
		}
		if err := s.follow(chain, start); err != nil {
			return fmt.Errorf("chain %s: %w", chain.id, err)
		}
	}
	return nil
}

// openChain returns the height of the first block to follow.
func (s *server) openChain(ctx context.Context, chain *chainParts) (uint64, error) {
	// The tail first: another process may be opening the chain, and books before it follows.
	tail, err := s.stream.Tail(ctx, stream.TopicRaw, string(chain.id))
	if err != nil {
		return 0, err
	}
	block, adopted, err := treasury.Adopted(ctx, s.db.Pool(), chain.id)
	if err != nil {
		return 0, err
	}
	if err := chain.houses(ctx, s, adopted); err != nil {
		return 0, err
	}
	if adopted {
		return block.Height + 1, nil
	}
	if tail > 0 {
		return 0, errors.New("blocks were followed before the opening balances were booked: this database is not whole")
	}

	if block, err = openingBlock(ctx, chain); err != nil {
		return 0, err
	}
	if err := s.adopt(ctx, chain, block); err != nil {
		return 0, err
	}
	if block, _, err = treasury.Adopted(ctx, s.db.Pool(), chain.id); err != nil { // the first process's block counts
		return 0, err
	}
	s.log.Info("opening balances booked", "chain", chain.id, "block", block.Height)
	return block.Height + 1, nil
}

// openingBlock is the last final block, or the one before the configured first.
func openingBlock(ctx context.Context, chain *chainParts) (coffer.BlockRef, error) {
	head, err := chain.source.Head(ctx)
	if err != nil {
		return coffer.BlockRef{}, err
	}
	if chain.config.StartHeight == 0 {
		if head.Final.Hash.IsZero() {
			return coffer.BlockRef{}, errors.New("the node knows no final block yet: wait for one, or set start_height")
		}
		return head.Final, nil
	}
	header, err := chain.source.Header(ctx, chain.config.StartHeight-1)
	if err != nil {
		return coffer.BlockRef{}, fmt.Errorf("the block before start_height: %w", err)
	}
	if !head.Final.Hash.IsZero() && header.Height > head.Final.Height {
		return coffer.BlockRef{}, fmt.Errorf("the block before start_height, %d, is not final yet, %d is: its balances may not last", header.Height, head.Final.Height)
	}
	return header.BlockRef, nil
}

// adopt books the opening balances of a chain, in one transaction, unless another process
// did.
func (s *server) adopt(ctx context.Context, chain *chainParts, block coffer.BlockRef) error {
	places := chain.custody()
	held := make([]coffer.Amount, len(places))
	for i, p := range places {
		var err error
		if held[i], err = chain.held(ctx, p, block.Hash); err != nil {
			return err
		}
	}

	books := treasury.New(s.ledger)
	at := time.Now().UTC().Truncate(time.Microsecond)
	return s.db.Tx(ctx, func(tx pgx.Tx) error {
		adopted, err := treasury.LockAdoption(ctx, tx, chain.id)
		if err != nil || adopted {
			return err
		}
		for i, p := range places {
			if err := books.Adopt(ctx, tx, chain.id, p.Asset, p.Account, held[i], block, at); err != nil {
				return err
			}
		}
		return nil
	})
}

func treasuryCommand() *cobra.Command {
	compare := &cobra.Command{
		Use:   "compare",
		Short: "Put the books beside the chain at the last final block they know all about; fail where they differ",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(cmd)
			if err != nil {
				return err
			}
			return withDatabase(cmd, false, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
				return compareBooks(ctx, c, db, out)
			})
		},
	}
	configFlags(compare)
	return group("treasury", "The house's own money", compare, sweepCommand())
}

// compareBooks prints every account that stands for money on a chain, with what the chain
// says of it, and is an error where they differ.
func compareBooks(ctx context.Context, c config.Config, db *postgres.DB, out io.Writer) error {
	books := treasury.New(ledger.New(db, time.Now))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	if _, err := fmt.Fprintln(table, "account\tasset\tledger\tchain\t\t"); err != nil {
		return err
	}
	different := 0
	for _, chain := range c.Chains {
		lines, block, err := compareChain(ctx, db, chain, books)
		if err != nil {
			return fmt.Errorf("chain %s: %w", chain.ID, err)
		}
		for _, line := range lines {
			verdict := "equal"
			if !line.Equal {
				verdict = "DIFFERENT"
				different++
			}
			symbol, decimals := nameOf(chain, line.Asset)
			ledgerSide := line.Ledger.Amount.Units(decimals)
			if line.Ledger.Side == ledger.SideCredit && !line.Ledger.Amount.IsZero() {
				ledgerSide = "-" + ledgerSide
			}
			if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t\n", line.Account, symbol, ledgerSide, line.Chain.Units(decimals), verdict); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(table, "%s at block %d\t\t\t\t\t\n", chain.ID, block.Height); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if different > 0 {
		return fmt.Errorf("%d accounts differ from the chain", different)
	}
	return nil
}

func compareChain(ctx context.Context, db *postgres.DB, c config.Chain, books *treasury.Treasury) ([]treasury.Line, coffer.BlockRef, error) {
	reader, err := openReader(ctx, c)
	if err != nil {
		return nil, coffer.BlockRef{}, err
	}
	defer reader.close()
	head, err := reader.source.Head(ctx)
	if err != nil {
		return nil, coffer.BlockRef{}, err
	}
	block, err := newestWhole(ctx, db, c, reader.source, head.Final)
	if err != nil {
		return nil, coffer.BlockRef{}, err
	}
	lines, err := reader.compare(ctx, books, db, block)
	if err == nil && len(lines) == 0 {
		err = errors.New("the books know nothing of this chain")
	}
	return lines, block, err
}

// newestWhole is the newest final block that the books know all about: its events are
// applied, and the deposits in it are deep enough to be credited.
func newestWhole(ctx context.Context, db *postgres.DB, c config.Chain, source coffer.Source, final coffer.BlockRef) (coffer.BlockRef, error) {
	opened, _, err := treasury.Adopted(ctx, db.Pool(), c.ID)
	if err != nil {
		return coffer.BlockRef{}, err
	}
	deposits, err := deposit.New(deposit.Config{DB: db, Ledger: ledger.New(db, time.Now), Log: stream.NewPostgres(db, time.Now), Clock: time.Now})
	if err != nil {
		return coffer.BlockRef{}, err
	}
	arrived, err := deposits.Progress(ctx, c.ID)
	if err != nil {
		return coffer.BlockRef{}, err
	}
	left, err := payout.Applied(ctx, db, c.ID)
	if err != nil {
		return coffer.BlockRef{}, err
	}
	depth := c.Native.Credit
	for _, asset := range c.Assets {
		depth = max(depth, asset.Credit)
	}
	height := comparableHeight(final.Height, arrived.Tip.Height, left.Height, depth)
	if height <= opened.Height {
		return opened, nil
	}
	header, err := source.Header(ctx, height)
	return header.BlockRef, err
}

// comparableHeight is zero while there is none.
func comparableHeight(final, deposits, payouts, credit uint64) uint64 {
	if deposits+1 < credit {
		return 0
	}
	return min(final, payouts, deposits+1-credit)
}

func nameOf(c config.Chain, id coffer.AssetID) (symbol string, decimals uint8) {
	for _, asset := range slices.Concat([]config.Asset{c.Native}, c.Assets) {
		if asset.ID == id {
			return asset.Symbol, asset.Decimals
		}
	}
	return string(id), 0
}
