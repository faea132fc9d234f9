package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/treasury"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Bounds of late opening balances.
const (
	adoptPoll    = time.Second // between looks whether their block is final
	adoptReaders = 8           // balances asked for at once
	maxAdopted   = 50_000      // customers' addresses looked at
)

// errNotFinal says that opening balances have to wait.
var errNotFinal = errors.New("the last block applied is not final yet")

// receive applies a chain's block events. What was added to the configuration since the
// chain's books began, an asset or an executor, may have held money before: first its
// opening balance is booked, as of the last block that is applied, when that is final.
func (s *server) receive(ctx context.Context, chain *chainParts) error {
	if err := s.adoptLate(ctx, chain); err != nil {
		return fmt.Errorf("opening balances of %s: %w", chain.id, err)
	}
	return s.deposits.RunChain(ctx, chain.id)
}

// adoptLate books what is missing, and waits for the block to be final before. Nothing is
// applied meanwhile: what the chain says of that block is then all that the books lack.
func (s *server) adoptLate(ctx context.Context, chain *chainParts) error {
	missing, err := treasury.Missing(ctx, s.db.Pool(), chain.custody())
	if err != nil || len(missing) == 0 {
		return err
	}
	s.log.Info("deposits wait until opening balances of what was added can be booked", "chain", chain.id, "accounts", len(missing))
	ticker := time.NewTicker(adoptPoll)
	defer ticker.Stop()
	for {
		err := s.adoptAt(ctx, chain, missing)
		if !errors.Is(err, errNotFinal) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

func (s *server) adoptAt(ctx context.Context, chain *chainParts, missing []treasury.Place) error {
	block, err := s.lastApplied(ctx, chain)
	if err != nil {
		return err
	}
	ours, err := s.paidBefore(ctx, chain, missing)
	if err != nil {
		return err
	}
	missing = slices.Concat(missing, ours)
	held := make([]coffer.Amount, len(missing))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(adoptReaders)
	for i, p := range missing {
		group.Go(func() (err error) {
			held[i], err = chain.held(groupCtx, p, block.Hash)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	books := treasury.New(s.ledger)
	at := time.Now().UTC().Truncate(time.Microsecond)
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		if _, err := treasury.LockAdoption(ctx, tx, chain.id); err != nil {
			return err
		}
		progress, err := s.deposits.LockProgress(ctx, tx, chain.id)
		if err != nil {
			return err
		}
		if progress.Sequence > 0 && progress.Tip != block {
			return errNotFinal // another process applied a block meanwhile
		}
		if progress.Sequence > 0 {
			if err := chain.adopted(ctx, tx, s); err != nil {
				return err
			}
		}
		for i, p := range missing {
			if held[i].IsZero() && strings.HasPrefix(p.Account, ledger.PrefixCustodyDeposit) {
				continue // one of many, that has none of the token
			}
			if err := books.AdoptLate(ctx, tx, chain.id, p, held[i], block, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.log.Info("opening balances booked", "chain", chain.id, "block", block.Height, "accounts", len(missing))
	}
	return err
}

// paidBefore are the customers' addresses that may hold a token which was added: if anybody
// was paid in it while nobody knew it, all of them.
func (s *server) paidBefore(ctx context.Context, chain *chainParts, missing []treasury.Place) ([]treasury.Place, error) {
	var places []treasury.Place
	for _, p := range missing {
		if p.Asset.IsNative() {
			continue
		}
		seen, err := s.deposits.Unknown(ctx, p.Asset)
		if err != nil {
			return nil, err
		}
		if !seen {
			continue
		}
		for after := coffer.Address(""); ; {
			page, err := s.deposits.AddressPage(ctx, chain.id, after)
			if err != nil {
				return nil, err
			}
			for _, address := range page {
				places = append(places, treasury.Place{Account: ledger.PrefixCustodyDeposit + string(address), Asset: p.Asset})
			}
			if len(page) < deposit.MaxPage {
				break
			}
			if after = page[len(page)-1]; len(places) > maxAdopted {
				return nil, fmt.Errorf("%s was paid to addresses of ours before it was supported, and there are more than %d of them: book what they hold by hand", p.Asset, maxAdopted)
			}
		}
	}
	return places, nil
}

// lastApplied is the last block whose event is applied, which has to be final, or the block
// of the first opening balances where none is.
func (s *server) lastApplied(ctx context.Context, chain *chainParts) (coffer.BlockRef, error) {
	progress, err := s.deposits.Progress(ctx, chain.id)
	if err != nil {
		return coffer.BlockRef{}, err
	}
	if progress.Sequence == 0 {
		block, adopted, err := treasury.Adopted(ctx, s.db.Pool(), chain.id)
		if err == nil && !adopted {
			err = errors.New("the books of the chain have not begun")
		}
		return block, err
	}
	head, err := chain.source.Head(ctx)
	if err != nil {
		return coffer.BlockRef{}, err
	}
	header, err := chain.source.Header(ctx, progress.Tip.Height)
	if err != nil {
		return coffer.BlockRef{}, err
	}
	if header.Hash != progress.Tip.Hash || header.Height > head.Final.Height {
		return coffer.BlockRef{}, errNotFinal
	}
	return header.BlockRef, nil
}
