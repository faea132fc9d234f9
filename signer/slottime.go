package signer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
)

// slotSkew is how far a slot that is a time may be ahead of a signer's clock. So nothing was
// signed in it by a signer that keeps this rule before that much earlier, and blocks before
// need not be read.
const slotSkew = 5 * time.Minute

// errChainsDiffer is returned when nodes of one signer show different blocks, or say different
// things of one.
var errChainsDiffer = errors.New("this signer's nodes disagree")

// timeObserver is a signer's own sight of a chain where only its expiration ends a transaction
// (TRON). It reads every block in which the transaction could be. A block's hash commits to its
// transactions, and each block names the one before, so that nodes which agree on the last
// one agree on what is in all of them. What became of a transaction in its block no hash
// commits to: that all nodes have to say alike.
type timeObserver struct {
	sources func(ctx context.Context) ([]coffer.Source, error) // of one node each
	closing func()

	mu    sync.Mutex
	scans map[slotKey]scan // other accounts have slots of the same time
}

// checkSlotTime wants a slot that is a time to be about now, see slotSkew.
func checkSlotTime(slot coffer.Slot, validity time.Duration, now time.Time) error {
	if !slot.Single() {
		return nil
	}
	at, err := slotTime(slot)
	switch {
	case err != nil:
		return coffer.Invalid("intent.slot", "%s", err)
	case at.After(now.Add(slotSkew)):
		return coffer.Errorf(coffer.CodePolicy, "slot %s is of %s, more than %s from now", slot, rfc3339(at), slotSkew)
	case at.Before(now.Add(-validity)):
		return coffer.Errorf(coffer.CodePolicy, "slot %s is of %s, more than %s ago", slot, rfc3339(at), validity)
	}
	return nil
}

// slotTime is the second that a slot names.
func slotTime(slot coffer.Slot) (time.Time, error) {
	const year10000 = 253_402_300_800
	if slot.Sequence >= year10000 {
		return time.Time{}, fmt.Errorf("%s is after the year 9999", slot)
	}
	return time.Unix(int64(slot.Sequence), 0).UTC(), nil // #nosec G115 -- see above
}

func newTimeObserver(c ChainConfig, clock coffer.Clock, logger *slog.Logger) (*timeObserver, error) {
	var configs []tron.Config
	for _, url := range c.RPC {
		config := tron.Config{Chain: c.Chain, Nodes: []tron.Node{{URL: url}}, CallTimeout: nodeCallTime, Clock: clock, Log: logger}
		if err := config.Check(); err != nil {
			return nil, err
		}
		configs = append(configs, config)
	}
	var mu sync.Mutex
	clients := make([]*tron.Client, len(configs)) // nil until it is first needed
	dial := func(ctx context.Context) ([]coffer.Source, error) {
		mu.Lock()
		defer mu.Unlock()
		var sources []coffer.Source
		for n, config := range configs {
			if clients[n] == nil {
				client, err := tron.Dial(ctx, config)
				if err != nil {
					return nil, err
				}
				clients[n] = client
			}
			sources = append(sources, tron.NewSource(clients[n]))
		}
		return sources, nil
	}
	return &timeObserver{sources: dial, scans: map[slotKey]scan{}, closing: func() {
		mu.Lock()
		defer mu.Unlock()
		for _, client := range clients {
			if client != nil {
				client.Close()
			}
		}
	}}, nil
}

func (o *timeObserver) close() { o.closing() }

// end implements observer.
func (o *timeObserver) end(ctx context.Context, v slotView, now time.Time) (slotRecord, error) {
	if v.unnamed || len(v.ids) == 0 {
		return slotRecord{}, fmt.Errorf("%w: this signer did not keep what it signed", errAlive)
	}
	from, err := slotTime(v.key.slot)
	if err != nil {
		return slotRecord{}, err
	}
	sources, err := o.sources(ctx)
	if err != nil {
		return slotRecord{}, err
	}
	final, err := sharedFinal(ctx, sources)
	if err != nil {
		return slotRecord{}, err
	}
	ended := slotRecord{Chain: v.key.chain, Wallet: v.key.wallet, Slot: v.key.slot, Final: final.BlockRef}
	// Whoever signed before this signer did not do so long before, by any clock.
	if from = from.Add(-slotSkew); v.since.Add(-searchSlack).Before(from) {
		from = v.since.Add(-searchSlack)
	}
	block, found, err := o.find(ctx, sources[0], v, from, final)
	if err != nil {
		return slotRecord{}, err
	}
	if _, err := shared(ctx, sources, block.BlockRef); err != nil {
		return slotRecord{}, err
	}
	if !found {
		ended.End, ended.Time = endExpired, final.Time.UTC()
		if err := expired(v, final, now); err != nil {
			return slotRecord{}, err
		}
		o.forget(v.key)
		return ended, nil
	}
	outcome, err := sharedOutcome(ctx, sources, block.Hash, v.ids)
	if err != nil {
		return slotRecord{}, err
	}
	ended.Block, ended.Time, ended.By, ended.End = block.BlockRef, block.Time.UTC(), outcome.ID, endFailed
	if outcome.Success {
		ended.End = endPaid
	}
	o.forget(v.key)
	return ended, nil
}

// find reads blocks from a time on. It returns the block that holds what was signed, or, with
// false, the last one that could have: the first at or past the expiration, since a block takes
// what expires after the one before it.
func (o *timeObserver) find(ctx context.Context, source coffer.Source, v slotView, from time.Time, final coffer.Header) (coffer.Block, bool, error) {
	at, err := o.begin(ctx, source, v.key, from, final.Height)
	if err != nil {
		return coffer.Block{}, false, err
	}
	for range maxScanBlocks {
		if at.next > final.Height {
			return coffer.Block{}, false, fmt.Errorf("%w: it is valid until %s, and block %d is of %s", errAlive, rfc3339(v.until), final.Height, rfc3339(final.Time))
		}
		header, err := source.Header(ctx, at.next)
		if err != nil {
			return coffer.Block{}, false, err
		}
		block, err := source.Block(ctx, header.Hash)
		if err != nil {
			return coffer.Block{}, false, err
		}
		if block.Height != at.next || !at.parent.IsZero() && block.Parent != at.parent {
			o.forget(v.key) // begin again
			return coffer.Block{}, false, fmt.Errorf("%w: block %s does not follow block %s", errChainsDiffer, block.Hash, at.parent)
		}
		held := slices.ContainsFunc(block.Outcomes, func(out coffer.Outcome) bool { return slices.Contains(v.ids, out.ID) })
		if held || !block.Time.Before(v.until) {
			return block, held, nil
		}
		at = scan{next: block.Height + 1, parent: block.Hash}
		o.remember(v.key, at)
	}
	return coffer.Block{}, false, fmt.Errorf("blocks are read up to %d of %d; ask again", at.next-1, final.Height)
}

// begin is where to read on: at the first block that is not older than from, when the slot is
// new. Times of blocks only grow.
func (o *timeObserver) begin(ctx context.Context, source coffer.Source, slot slotKey, from time.Time, final uint64) (scan, error) {
	o.mu.Lock()
	at, known := o.scans[slot]
	o.mu.Unlock()
	if known {
		return at, nil
	}
	low, high := uint64(0), final
	for low < high {
		middle := low + (high-low)/2
		header, err := source.Header(ctx, middle)
		if err != nil {
			return scan{}, err
		}
		if header.Time.Before(from) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return scan{next: low}, nil
}

func (o *timeObserver) remember(slot slotKey, at scan) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, known := o.scans[slot]; !known && len(o.scans) >= maxScans {
		for other := range o.scans { // any: it is read again when it is asked for
			delete(o.scans, other)
			break
		}
	}
	o.scans[slot] = at
}

func (o *timeObserver) forget(slot slotKey) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.scans, slot)
}

// sharedFinal is the highest block that every node calls final.
func sharedFinal(ctx context.Context, sources []coffer.Source) (coffer.Header, error) {
	var lowest coffer.BlockRef
	for n, source := range sources {
		head, err := source.Head(ctx)
		if err != nil {
			return coffer.Header{}, err
		}
		if head.Final.Hash.IsZero() {
			return coffer.Header{}, errors.New("a node has no final block")
		}
		if n == 0 || head.Final.Height < lowest.Height {
			lowest = head.Final
		}
	}
	return shared(ctx, sources, lowest)
}

// shared returns the header of a block that every node has at its height.
func shared(ctx context.Context, sources []coffer.Source, block coffer.BlockRef) (header coffer.Header, err error) {
	for _, source := range sources {
		if header, err = source.Header(ctx, block.Height); err != nil {
			return coffer.Header{}, err
		}
		if header.Hash != block.Hash {
			return coffer.Header{}, fmt.Errorf("%w: blocks %s and %s at height %d", errChainsDiffer, block.Hash, header.Hash, block.Height)
		}
	}
	return header, nil
}

// sharedOutcome is what became of a transaction in a block, as every node says.
func sharedOutcome(ctx context.Context, sources []coffer.Source, hash coffer.Hash, ids []coffer.Hash) (coffer.Outcome, error) {
	var said coffer.Outcome
	for n, source := range sources {
		block, err := source.Block(ctx, hash)
		if err != nil {
			return coffer.Outcome{}, err
		}
		at := slices.IndexFunc(block.Outcomes, func(o coffer.Outcome) bool { return slices.Contains(ids, o.ID) })
		if at < 0 || n > 0 && (block.Outcomes[at].ID != said.ID || block.Outcomes[at].Success != said.Success) {
			return coffer.Outcome{}, fmt.Errorf("%w about what became of transaction %s", errChainsDiffer, said.ID)
		}
		said = block.Outcomes[at]
	}
	return said, nil
}
