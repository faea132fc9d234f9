package stream

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cofferhq/coffer"
)

// MaxParts bounds an event to MaxParts times MaxValue bytes.
const MaxParts = 64

// ErrParts is returned for parts that contradict themselves or their event's hash.
var ErrParts = errors.New("parts do not make the event they name")

// Headers of a part. Every record that Split makes has them, also the only one of a small
// event.
const (
	headerSequence = "event-sequence"
	headerEpoch    = "event-epoch"
	headerPart     = "event-part"  // from 1
	headerParts    = "event-parts" // at most MaxParts
	headerHash     = "event-hash"  // SHA-256 of the whole value
)

// Event is a value of up to MaxParts times MaxValue bytes. Sequence and Epoch are its
// writer's. It was stored in the offsets from First up to, not including, Next.
type Event struct {
	Key        string
	Sequence   uint64
	Epoch      uint64
	Value      []byte
	First      int64
	Next       int64
	AppendedAt time.Time
}

// Split cuts an event's value into records. Append them in one call.
func Split(key string, sequence, epoch uint64, value []byte) ([]Record, error) {
	parts := max(1, (len(value)+MaxValue-1)/MaxValue)
	if parts > MaxParts {
		return nil, fmt.Errorf("%w: event of %d bytes: want at most %d", ErrInvalid, len(value), MaxParts*MaxValue)
	}
	hash := coffer.Hash(sha256.Sum256(value)).String()
	records := make([]Record, parts)
	for i := range records {
		records[i] = Record{
			Key:   key,
			Value: value[i*MaxValue : min((i+1)*MaxValue, len(value))],
			Headers: map[string]string{
				headerSequence: strconv.FormatUint(sequence, 10),
				headerEpoch:    strconv.FormatUint(epoch, 10),
				headerPart:     strconv.Itoa(i + 1),
				headerParts:    strconv.Itoa(parts),
				headerHash:     hash,
			},
		}
	}
	return records, nil
}

// part is what the headers of a record say.
type part struct {
	sequence, epoch uint64
	n, of           int // n from 1
	hash            coffer.Hash
}

// readPart returns the zero part for a record that Split did not make: a whole event.
func readPart(headers map[string]string) (part, error) {
	if _, ok := headers[headerPart]; !ok {
		return part{}, nil
	}
	var p part
	var errs [5]error
	p.sequence, errs[0] = strconv.ParseUint(headers[headerSequence], 10, 64)
	p.epoch, errs[1] = strconv.ParseUint(headers[headerEpoch], 10, 64)
	p.n, errs[2] = strconv.Atoi(headers[headerPart])
	p.of, errs[3] = strconv.Atoi(headers[headerParts])
	p.hash, errs[4] = coffer.ParseHash(headers[headerHash])
	if err := errors.Join(errs[:]...); err != nil {
		return part{}, fmt.Errorf("%w: %w", ErrParts, err)
	}
	if p.n < 1 || p.n > p.of || p.of > MaxParts {
		return part{}, fmt.Errorf("%w: part %d of %d", ErrParts, p.n, p.of)
	}
	return p, nil
}

// first reports whether an event begins here.
func (p part) first() bool { return p.n <= 1 }

// last reports whether an event ends here.
func (p part) last() bool { return p.n == p.of }

// follows reports whether p is the next part of the same event.
func (p part) follows(before part) bool {
	before.n++
	return p == before && p.n > 1
}

// Assembler puts the parts of one partition's records together. The zero Assembler is
// ready. Give it every record in order, from the beginning of an event on: an offset to
// restart from is an Event's Next.
//
// A first part drops what is incomplete; a later part that does not continue the set, as
// a writer that lost its lease may leave behind, is dropped itself.
type Assembler struct {
	at    part
	event Event
	value bytes.Buffer
}

// Add takes the next record and returns an event when it is complete.
func (a *Assembler) Add(s Stored) (Event, bool, error) {
	p, err := readPart(s.Headers)
	if err != nil {
		return Event{}, false, fmt.Errorf("offset %d: %w", s.Offset, err)
	}

	switch {
	case p.first():
		a.at = p
		a.event = Event{Key: s.Key, Sequence: p.sequence, Epoch: p.epoch, First: s.Offset, AppendedAt: s.AppendedAt}
		a.value.Reset()
	case p.follows(a.at):
		a.at = p
	default:
		return Event{}, false, nil
	}
	a.value.Write(s.Value)
	if !p.last() {
		return Event{}, false, nil
	}

	event := a.event
	event.Value, event.Next = bytes.Clone(a.value.Bytes()), s.Offset+1
	a.at, a.event = part{}, Event{}
	a.value = bytes.Buffer{}
	if p.n > 0 && coffer.Hash(sha256.Sum256(event.Value)) != p.hash {
		return Event{}, false, fmt.Errorf("offset %d: %w: sequence %d has another hash", s.Offset, ErrParts, p.sequence)
	}
	return event, true, nil
}
