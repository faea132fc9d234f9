package evm

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

// Bounds of the search for what consumed a slot.
const (
	searchStep  = 2_000  // blocks of one eth_getLogs
	searchDepth = 50_000 // blocks in all
	maxFound    = 1_000  // logs of one answer
)

// ErrSearch is returned when a slot was consumed, but nothing that did is found among the
// blocks that were looked through.
var ErrSearch = errors.New("what consumed the slot is not found")

// SequenceAt returns the next sequence of a wallet in the lane of a slot after a block: the
// slot is consumed when it is above the slot's. It is the node's word about its state.
func (c *Client) SequenceAt(ctx context.Context, wallet coffer.Address, slot coffer.Slot, block coffer.Hash) (uint64, error) {
	account, err := canonicalAddress(wallet)
	if err != nil {
		return 0, err
	}
	to, data, want := account, bindings.NewSafe().PackNonce(), coffer.Slot{Kind: coffer.SlotSafe}
	if slot.Kind == coffer.SlotEntryPoint {
		key, err := parseLane(slot.Lane)
		if err != nil {
			return 0, err
		}
		to, data = c.config.EntryPoint, bindings.NewEntryPoint().PackGetNonce(account, key.ToBig())
		want = coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: slot.Lane}
	} else if slot.Kind != coffer.SlotSafe {
		return 0, fmt.Errorf("slot %.120q: want kind %s or %s", slot, coffer.SlotEntryPoint, coffer.SlotSafe)
	}
	out, err := c.call(ctx, to, data, block)
	if err != nil {
		return 0, fmt.Errorf("sequence of %s in lane %s after block %s: %w", wallet, slot.Lane, block, err)
	}
	if len(out) != 32 {
		return 0, fmt.Errorf("sequence of %s: %d bytes instead of a number", wallet, len(out))
	}
	got := slotOf(common.BytesToHash(out))
	if slot.Kind == coffer.SlotSafe {
		if got.Lane != "0x0" {
			return 0, fmt.Errorf("sequence of %s: the wallet answers a nonce above 2^64", wallet)
		}
		return got.Sequence, nil
	}
	if got.Lane != want.Lane {
		return 0, fmt.Errorf("sequence of %s: the EntryPoint answers for lane %s instead of %s", wallet, got.Lane, want.Lane)
	}
	return got.Sequence, nil
}

// Consumer finds the user operation or the Safe transaction that consumed a slot of a
// wallet, looking backwards from a height through blocks not older than since. The block it
// returns proved itself against its hash, but for the node's word that it is part of the
// chain. ErrSearch when there is none.
func (s *Source) Consumer(ctx context.Context, wallet coffer.Address, slot coffer.Slot, from uint64, since time.Time) (coffer.Block, coffer.Outcome, error) {
	if slot.Kind == coffer.SlotSafe {
		return s.execConsumer(ctx, wallet, slot, from, since)
	}
	nonce, err := nonceOf(slot)
	if err != nil {
		return coffer.Block{}, coffer.Outcome{}, err
	}
	sender, err := canonicalAddress(wallet)
	if err != nil {
		return coffer.Block{}, coffer.Outcome{}, err
	}
	query := ethereum.FilterQuery{
		Addresses: []common.Address{s.config.EntryPoint},
		Topics:    [][]common.Hash{{userOpEvent}, nil, {common.BytesToHash(sender[:])}},
	}
	want := common.Hash(nonce.Bytes32())
	log, err := s.searchBack(ctx, query, from, since, func(log types.Log) bool {
		return len(log.Data) >= 32 && common.Hash(log.Data[:32]) == want
	})
	if err != nil {
		return coffer.Block{}, coffer.Outcome{}, fmt.Errorf("slot %s of %s: %w", slot, wallet, err)
	}
	block, err := s.Block(ctx, coffer.Hash(log.BlockHash))
	if err != nil {
		return coffer.Block{}, coffer.Outcome{}, err
	}
	i := slices.IndexFunc(block.Outcomes, func(o coffer.Outcome) bool { return o.Sender == wallet && o.Slot == slot })
	if i < 0 {
		return coffer.Block{}, coffer.Outcome{}, fmt.Errorf("%w: block %s does not consume slot %s of %s", ErrNotProven, block.Hash, slot, wallet)
	}
	return block, block.Outcomes[i], nil
}

// execConsumer finds the Safe transaction that had a nonce. Events do not tell nonces, but
// each transaction uses one up: it is in the block after which the Safe's nonce is above the
// slot's and before which it was not, and in that block it is as many places behind the first
// as its nonce is above the nonce before. Those nonces are the node's word about its state.
func (s *Source) execConsumer(ctx context.Context, wallet coffer.Address, slot coffer.Slot, from uint64, since time.Time) (coffer.Block, coffer.Outcome, error) {
	fail := func(err error) (coffer.Block, coffer.Outcome, error) {
		return coffer.Block{}, coffer.Outcome{}, fmt.Errorf("slot %s of %s: %w", slot, wallet, err)
	}
	account, err := canonicalAddress(wallet)
	if err != nil {
		return fail(err)
	}
	query := ethereum.FilterQuery{
		Addresses: []common.Address{account},
		Topics:    [][]common.Hash{{executionSuccess, executionFailure}},
	}
	var asked error
	var looked common.Hash // the last block whose nonce was asked for: one log of it is enough
	var before uint64
	log, err := s.searchBack(ctx, query, from, since, func(log types.Log) bool {
		if asked != nil || log.BlockHash == looked {
			return asked != nil
		}
		looked = log.BlockHash
		var header coffer.Header
		if header, asked = s.Header(ctx, log.BlockNumber); asked != nil {
			return true
		}
		before, asked = s.client.SequenceAt(ctx, wallet, slot, header.Parent)
		return asked != nil || before <= slot.Sequence
	})
	if err = errors.Join(err, asked); err != nil {
		return fail(err)
	}
	block, err := s.Block(ctx, coffer.Hash(log.BlockHash))
	if err != nil {
		return fail(err)
	}
	place := before
	for _, outcome := range block.Outcomes {
		if outcome.Sender != wallet || outcome.Slot.Kind != coffer.SlotSafe {
			continue
		}
		if place == slot.Sequence {
			return block, outcome, nil
		}
		place++
	}
	return fail(fmt.Errorf("%w: block %s executes the nonces %d to %d", ErrNotProven, block.Hash, before, place))
}

// searchBack looks for a log in steps of searchStep blocks, the newest first.
func (s *Source) searchBack(ctx context.Context, query ethereum.FilterQuery, from uint64, since time.Time, is func(types.Log) bool) (types.Log, error) {
	for end, looked := from, uint64(0); looked < searchDepth; looked += searchStep {
		begin := end - min(end, searchStep-1)
		query.FromBlock, query.ToBlock = new(big.Int).SetUint64(begin), new(big.Int).SetUint64(end)
		logs, err := s.client.Eth().FilterLogs(ctx, query)
		if err != nil {
			return types.Log{}, fmt.Errorf("logs of blocks %d to %d: %w", begin, end, err)
		}
		if len(logs) > maxFound {
			return types.Log{}, fmt.Errorf("logs of blocks %d to %d: %d of them, at most %d are read", begin, end, len(logs), maxFound)
		}
		for _, log := range slices.Backward(logs) {
			if !log.Removed && is(log) {
				return log, nil
			}
		}
		if begin == 0 {
			break
		}
		header, err := s.Header(ctx, begin)
		if err != nil {
			return types.Log{}, err
		}
		if header.Time.Before(since) {
			break
		}
		end = begin - 1
	}
	return types.Log{}, ErrSearch
}

// ID is what an unsigned transaction will be known by in outcomes: of a user operation the
// userOpHash, of a Safe transaction the safeTxHash. Signatures change neither.
func (e *Explainer) ID(u coffer.Unsigned) (coffer.Hash, error) {
	chain, err := ChainNumber(u.Chain)
	if err != nil {
		return coffer.Hash{}, err
	}
	if u.Format == FormatSafeTx {
		tx, err := DecodeUnsignedSafeTx(u)
		return tx.Hash(chain), err
	}
	op, _, err := DecodeUnsigned(u)
	if err != nil {
		return coffer.Hash{}, err
	}
	return op.Hash(e.config.EntryPoint, chain), nil
}
