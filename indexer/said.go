package indexer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/stream"
)

// Bounds of reading the stream backwards after a restart.
const (
	readRecords = 256
	maxRecall   = 1 << 20 // records
)

// place is a block that was said to be connected, and where its event is in the stream.
type place struct {
	coffer.Header
	offset int64
}

// said is what the stream says: its recent canonical blocks, lowest first and linked, and
// how far it goes.
type said struct {
	tail     int64
	sequence uint64
	epoch    uint64
	final    uint64
	chain    []place
}

// eventHead is what recall needs of a block event.
type eventHead struct {
	Chain    coffer.ChainID `json:"chain"`
	Sequence uint64         `json:"sequence"`
	Epoch    uint64         `json:"epoch"`
	Kind     string         `json:"kind"`
	Final    uint64         `json:"final"`
	Block    coffer.Header  `json:"block"`
}

// recall reads the end of the stream until the blocks that a reorganisation may take back
// are known, one that a person let pass included.
func (x *Indexer) recall(ctx context.Context) (*said, error) {
	open, err := x.openResumes(ctx)
	if err != nil {
		return nil, err
	}
	known, err := x.recallUntil(ctx, func(s *said) (bool, error) {
		for _, r := range open {
			if len(s.chain) > 0 && s.chain[0].Height >= r.height {
				return false, nil
			}
		}
		return s.reaches(x.MaxReorg), nil
	})
	if err != nil {
		return nil, err
	}
	x.publish(known)
	return known, x.endResumes(ctx, open, known)
}

// recallUntil reads the end of the stream, further back each time, until that is enough or
// the stream begins.
func (x *Indexer) recallUntil(ctx context.Context, enough func(*said) (bool, error)) (*said, error) {
	tail, err := x.Log.Tail(ctx, stream.TopicRaw, string(x.chain))
	if err != nil {
		return nil, err
	}

	var known *said
	for span := int64(2 * (x.MaxReorg + 1)); ; span *= 2 {
		from := max(0, tail-span)
		read, err := x.replay(ctx, from, tail)
		if errors.Is(err, stream.ErrTrimmed) && known != nil && len(known.chain) > 0 {
			return known, nil // what is kept has to do
		}
		if err != nil {
			return nil, err
		}
		known = read
		done, err := enough(known)
		if err != nil {
			return nil, err
		}
		if from == 0 || done || span >= maxRecall {
			break
		}
	}
	if tail > 0 && known.sequence == 0 {
		return nil, fmt.Errorf("stream of %s: no complete event in %d records", x.chain, tail)
	}
	if known.sequence > 0 && len(known.chain) == 0 {
		return nil, fmt.Errorf("stream of %s: the blocks below its tip are not kept any more", x.chain)
	}
	return known, nil
}

// reaches reports whether deeper blocks can never be left.
func (s *said) reaches(depth int) bool {
	return len(s.chain) > depth || (len(s.chain) > 0 && s.chain[0].Height <= s.final)
}

// replay reads events from an offset on, which need not begin one.
func (x *Indexer) replay(ctx context.Context, from, tail int64) (*said, error) {
	s := &said{tail: tail}
	var parts stream.Assembler
	for from < tail {
		records, err := x.Log.Read(ctx, stream.TopicRaw, string(x.chain), from, int(min(readRecords, tail-from)))
		if err != nil {
			return nil, err
		}
		if len(records) == 0 {
			return nil, fmt.Errorf("stream of %s: nothing at offset %d below the tail %d", x.chain, from, tail)
		}
		for _, record := range records {
			event, complete, err := parts.Add(record)
			if err != nil {
				return nil, fmt.Errorf("stream of %s: %w", x.chain, err)
			}
			if !complete {
				continue
			}
			if err := s.hear(x.chain, event); err != nil {
				return nil, err
			}
		}
		from += int64(len(records))
	}
	return s, nil
}

// hear takes the next event of the stream.
func (s *said) hear(chain coffer.ChainID, event stream.Event) error {
	var e eventHead
	if err := json.Unmarshal(event.Value, &e); err != nil {
		return fmt.Errorf("stream of %s: offset %d: %w", chain, event.First, err)
	}
	if e.Chain != chain {
		return fmt.Errorf("stream of %s: offset %d: event of %.80q", chain, event.First, e.Chain)
	}
	if s.sequence > 0 && (e.Sequence != s.sequence+1 || e.Epoch < s.epoch) {
		return fmt.Errorf("stream of %s: offset %d: event %d of epoch %d follows %d of epoch %d",
			chain, event.First, e.Sequence, e.Epoch, s.sequence, s.epoch)
	}
	if err := s.follow(e.Kind, place{Header: e.Block, offset: event.First}); err != nil {
		return fmt.Errorf("stream of %s: offset %d: %w", chain, event.First, err)
	}
	s.sequence, s.epoch, s.final = e.Sequence, e.Epoch, max(s.final, e.Final)
	return nil
}

// follow moves the chain by one block. An empty chain follows anything.
func (s *said) follow(kind string, block place) error {
	last := len(s.chain) - 1
	switch kind {
	case coffer.BlockConnected:
		if last >= 0 && (block.Parent != s.chain[last].Hash || block.Height != s.chain[last].Height+1) {
			return fmt.Errorf("block %s at height %d does not follow %s", block.Hash, block.Height, s.chain[last].Hash)
		}
		s.chain = append(s.chain, block)
	case coffer.BlockDisconnected:
		if last >= 0 {
			if block.Hash != s.chain[last].Hash {
				return fmt.Errorf("block %s is disconnected, but the tip is %s", block.Hash, s.chain[last].Hash)
			}
			s.chain = s.chain[:last]
		}
	default:
		return fmt.Errorf("event of kind %.20q", kind)
	}
	return nil
}

// say appends events and takes them for said. After an error the stream is read again:
// the append may have happened.
func (x *Indexer) say(ctx context.Context, events []utterance) error {
	var records []stream.Record
	for _, u := range events {
		records = append(records, u.records...)
	}
	s := x.said
	x.said = nil
	leaves := events[0].event.Kind == coffer.BlockDisconnected
	x.Checkpoint("indexer.before_said")
	if leaves {
		x.Checkpoint("indexer.before_undone")
	}
	tail, err := x.Log.Append(ctx, stream.TopicRaw, string(x.chain), s.tail, records)
	if errors.Is(err, stream.ErrTail) {
		x.lease = stream.Lease{}
		return fmt.Errorf("another process writes about %s: %w", x.chain, err)
	}
	if err != nil {
		return err
	}
	x.Checkpoint("indexer.said")
	if leaves {
		x.Checkpoint("indexer.undone")
	}

	for _, u := range events {
		if err := s.follow(u.event.Kind, place{Header: u.event.Block.Header, offset: s.tail}); err != nil {
			return fmt.Errorf("said about %s: %w", x.chain, err)
		}
		s.tail += int64(len(u.records))
		s.sequence, s.epoch, s.final = u.event.Sequence, u.event.Epoch, u.event.Final
	}
	if s.tail != tail {
		return fmt.Errorf("said about %s: the tail is %d, want %d", x.chain, tail, s.tail)
	}
	if keep := x.MaxReorg + 1; len(s.chain) > 2*keep {
		s.chain = append([]place(nil), s.chain[len(s.chain)-keep:]...)
	}
	x.publish(s)
	if !leaves || s.reaches(x.MaxReorg) {
		x.said = s // else deeper blocks have to be read back
	}
	return nil
}

func (x *Indexer) publish(s *said) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.status.Final = s.final
	x.status.Tip = coffer.BlockRef{}
	if n := len(s.chain); n > 0 {
		x.status.Tip = s.chain[n-1].BlockRef
	}
}

// recallBlock reads back what was said when a block was connected: an abandoned block may
// be gone from the node. Most events are one record, so it reads one first.
func (x *Indexer) recallBlock(ctx context.Context, p place) (coffer.Block, error) {
	var parts stream.Assembler
	for from, want := p.offset, 1; from < p.offset+stream.MaxParts; want = stream.MaxParts {
		records, err := x.Log.Read(ctx, stream.TopicRaw, string(x.chain), from, want)
		if err != nil {
			return coffer.Block{}, err
		}
		if len(records) == 0 {
			break
		}
		for _, record := range records {
			event, complete, err := parts.Add(record)
			if err != nil {
				return coffer.Block{}, fmt.Errorf("stream of %s: %w", x.chain, err)
			}
			if complete {
				return x.decodeBlock(event, p)
			}
		}
		from += int64(len(records))
	}
	return coffer.Block{}, fmt.Errorf("stream of %s: offset %d: event is incomplete", x.chain, p.offset)
}

func (x *Indexer) decodeBlock(event stream.Event, p place) (coffer.Block, error) {
	var e coffer.BlockEvent
	if err := json.Unmarshal(event.Value, &e); err != nil {
		return coffer.Block{}, fmt.Errorf("stream of %s: offset %d: %w", x.chain, p.offset, err)
	}
	if event.First != p.offset || e.Block.Hash != p.Hash {
		return coffer.Block{}, fmt.Errorf("stream of %s: offset %d: block %s, want %s", x.chain, p.offset, e.Block.Hash, p.Hash)
	}
	return e.Block, nil
}
