package indexer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/stream"
)

// utterance is a block event on its way into the stream.
type utterance struct {
	event   coffer.BlockEvent
	records []stream.Record
}

// gather collects what a step has to say. What it collected before an error is sound and
// returned with it.
func (x *Indexer) gather(ctx context.Context, head coffer.Head) ([]utterance, error) {
	agreed, err := x.agreement(ctx, head)
	if err != nil || agreed == lagging {
		return nil, err
	}
	final, err := x.finalHeight(head, agreed)
	if err != nil {
		return nil, err
	}

	// A new final height may lie on the other side of a fork: blocks leave under the old one.
	step := &step{Indexer: x, final: x.said.final, sequence: x.said.sequence}
	for i := len(x.said.chain) - 1; i > agreed && !step.full(); i-- {
		block, err := x.recallBlock(ctx, x.said.chain[i])
		if err != nil {
			return step.events, err
		}
		if err := step.add(coffer.BlockDisconnected, block); err != nil {
			return step.events, err
		}
	}
	if step.full() {
		return step.events, nil
	}
	step.final = final
	err = step.connect(ctx, agreed, head.Latest.Height)
	return step.events, err
}

// Positions in said.chain that are none.
const (
	nothingSaid = -1 // before the first block
	lagging     = -2 // the node is behind: nothing to say
)

// agreement returns the position in said.chain of the newest block that the node has too.
func (x *Indexer) agreement(ctx context.Context, head coffer.Head) (int, error) {
	chain := x.said.chain
	if len(chain) == 0 {
		return nothingSaid, nil
	}
	tip, bottom := chain[len(chain)-1], chain[0]
	if head.Latest.Height < bottom.Height {
		return lagging, nil
	}

	from := min(tip.Height, head.Latest.Height)
	for height := from; height >= bottom.Height; height-- {
		at := int(height - bottom.Height) // #nosec G115 -- below len(chain)
		header, err := x.header(ctx, height)
		if errors.Is(err, coffer.ErrNotFound) {
			return lagging, nil // it was there a moment ago: the node moved back
		}
		if err != nil {
			return lagging, err
		}
		if header.Hash == chain[at].Hash {
			if height == from && from < tip.Height {
				return lagging, nil
			}
			return at, nil
		}
		if err := x.mayLeave(ctx, chain[at], tip, header); err != nil {
			return lagging, err
		}
		if height == 0 {
			break
		}
	}
	return lagging, fmt.Errorf("%w: %s: reorganised below height %d, the first block that was said", ErrHalted, x.chain, bottom.Height)
}

// mayLeave refuses reorganisations that no chain may make, unless a person let this one pass.
func (x *Indexer) mayLeave(ctx context.Context, block, tip place, theirs coffer.Header) error {
	var halted error
	if x.said.final > 0 && block.Height <= x.said.final {
		halted = fmt.Errorf("%w: %s: the node has block %s at height %d, but %s was said to be final there",
			ErrHalted, x.chain, theirs.Hash, block.Height, block.Hash)
	}
	if depth := tip.Height - block.Height + 1; halted == nil && depth > uint64(x.MaxReorg) { // #nosec G115 -- above zero
		halted = fmt.Errorf("%w: %s: reorganised by more than %d blocks at height %d", ErrHalted, x.chain, x.MaxReorg, tip.Height)
	}
	if halted == nil {
		return nil
	}
	allowed, err := x.allowed(ctx, block)
	if err != nil || allowed {
		return err
	}
	return halted
}

// finalHeight is the final height to say with this step's events. It never goes back. A
// node whose final block is not ours although it agrees with us above it contradicts
// itself, and is asked again later.
func (x *Indexer) finalHeight(head coffer.Head, agreed int) (uint64, error) {
	if agreed > nothingSaid {
		bottom := x.said.chain[0].Height
		if at := head.Final.Height; at > 0 && at >= bottom && at-bottom <= uint64(agreed) && x.said.chain[at-bottom].Hash != head.Final.Hash {
			return 0, fmt.Errorf("%s: the node says that %s is final at height %d, and that %s is canonical there",
				x.chain, head.Final.Hash, at, x.said.chain[at-bottom].Hash)
		}
	}
	return max(x.said.final, head.Final.Height), nil
}

// step is the events of one step while they are collected.
type step struct {
	*Indexer
	final    uint64
	sequence uint64
	bytes    int
	events   []utterance
}

func (s *step) full() bool { return len(s.events) >= s.BlocksPerStep || s.bytes >= maxStepBytes }

func (s *step) add(kind string, block coffer.Block) error {
	event := coffer.BlockEvent{
		Chain: s.chain, Sequence: s.sequence + 1, Epoch: uint64(s.lease.Epoch), // #nosec G115 -- from 1
		Kind: kind, Final: s.final, Block: block,
	}
	value, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("encode block %s of %s: %w", block.Hash, s.chain, err)
	}
	records, err := stream.Split(block.Hash.String(), event.Sequence, event.Epoch, value)
	if err != nil {
		return fmt.Errorf("block %s of %s: %w", block.Hash, s.chain, err)
	}
	s.sequence++
	s.bytes += len(value)
	s.events = append(s.events, utterance{event: event, records: records})
	return nil
}

// connect adds the node's blocks above the agreed one. It ends early, without error, when
// a block does not follow the one before: the node's chain moved while it was read.
func (s *step) connect(ctx context.Context, agreed int, to uint64) error {
	next, parent := s.Start, coffer.Hash{}
	if agreed > nothingSaid {
		next, parent = s.said.chain[agreed].Height+1, s.said.chain[agreed].Hash
	}
	for ; next <= to && !s.full(); next++ {
		header, err := s.header(ctx, next)
		if errors.Is(err, coffer.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Parent != parent && (agreed > nothingSaid || len(s.events) > 0) {
			return nil
		}
		block, err := s.block(ctx, header)
		if err != nil {
			return err
		}
		if err := s.add(coffer.BlockConnected, block); err != nil {
			return err
		}
		parent = header.Hash
	}
	return nil
}
