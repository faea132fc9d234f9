package signer

import (
	"context"
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

// timeObserver is a signer's own sight of a chain where only its expiration ends a transaction
// (TRON). It reads every block in which the transaction could be. A block's hash commits to its
// transactions, and each block names the one before, so that nodes which agree on the last
// one agree on what is in all of them. What became of a transaction in its block no hash
// commits to: that all nodes have to say alike.
type timeObserver struct {
	sources func(ctx context.Context) ([]coffer.Source, error) // of one node each
	closing func()

	blocks blockReader
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

// nodeConfigs are the connections to this signer's own nodes, one of each.
func (c ChainConfig) nodeConfigs(clock coffer.Clock, logger *slog.Logger) ([]tron.Config, error) {
	var configs []tron.Config
	for n, url := range c.RPC {
		node := tron.Node{URL: url}
		if len(c.SolidityRPC) > 0 {
			node.SolidityURL = c.SolidityRPC[n]
		}
		var err error
		if node.APIKey, err = c.apiKey(n); err != nil {
			return nil, err
		}
		config := tron.Config{Chain: c.Chain, Nodes: []tron.Node{node}, CallTimeout: nodeCallTime, Clock: clock, Log: logger}
		if err := config.Check(); err != nil {
			return nil, err
		}
		configs = append(configs, config)
	}
	return configs, nil
}

func newTimeObserver(c ChainConfig, clock coffer.Clock, logger *slog.Logger) (*timeObserver, error) {
	configs, err := c.nodeConfigs(clock, logger)
	if err != nil {
		return nil, err
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
	return &timeObserver{sources: dial, blocks: blockReader{proveStart: true, scans: map[slotKey]scan{}}, closing: func() {
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
	final, err := agreedFinal(ctx, sources)
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
	if _, err := agree(ctx, sources, block.BlockRef); err != nil {
		return slotRecord{}, err
	}
	if !found {
		ended.End, ended.Time = endExpired, final.Time.UTC()
		if err := expired(v, final, now); err != nil {
			return slotRecord{}, err
		}
		o.blocks.forget(v.key)
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
	o.blocks.forget(v.key)
	return ended, nil
}

// find returns the block that holds what was signed, or, with false, the last one that could
// have: the first at or past the expiration, since a block takes what expires after the one
// before it.
func (o *timeObserver) find(ctx context.Context, source coffer.Source, v slotView, from time.Time, final coffer.Header) (coffer.Block, bool, error) {
	holds := func(b coffer.Block) bool {
		return slices.ContainsFunc(b.Outcomes, func(out coffer.Outcome) bool { return slices.Contains(v.ids, out.ID) })
	}
	alive := fmt.Sprintf("it is valid until %s, and block %d is of %s", rfc3339(v.until), final.Height, rfc3339(final.Time))
	block, err := o.blocks.find(ctx, source, v.key, from, final.Height, alive, func(b coffer.Block) bool {
		return holds(b) || !b.Time.Before(v.until)
	})
	return block, err == nil && holds(block), err
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
