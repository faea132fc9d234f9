package stream

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Topics.
const (
	TopicRaw    = "tx.raw"    // block events; the partition is the chain's CAIP-2 id
	TopicEvents = "tx.events" // domain events, ordered per resource; one partition
)

// PartitionAll is the only partition of TopicEvents.
const PartitionAll = "all"

// Any as expected tail appends wherever the tail is.
const Any int64 = -1

// Limits of records and of single calls.
const (
	MaxValue       = 1 << 20   // bytes of a value; Split cuts larger events
	MaxKey         = 1 << 10   // bytes of a key
	MaxHeaders     = 16        // headers of a record
	MaxHeaderBytes = 4 << 10   // names and values of a record's headers together
	MaxAppend      = 10_000    // records of an append
	MaxAppendBytes = 128 << 20 // bytes of the values of an append
	MaxRead        = 1_000     // records of a read
	MaxReadBytes   = 16 << 20  // a read ends with the record that passes this
)

// Errors that callers branch on.
var (
	ErrTail    = errors.New("the tail is not where the writer expects it")
	ErrTrimmed = errors.New("records from this offset on are not kept any more")
	ErrBeyond  = errors.New("offset is beyond the tail")
	ErrInvalid = errors.New("record or name breaks a limit")
)

// Record is what a writer appends. Key names what the record is about. Key, header names
// and values are UTF-8 without zero bytes.
type Record struct {
	Key     string
	Value   []byte
	Headers map[string]string
}

// Stored is a record in its place. Offsets of a partition count from 0 without gaps.
type Stored struct {
	Record
	Offset     int64
	AppendedAt time.Time // by the writer's clock, in microseconds
}

// Log is a set of partitions, made by the first append to them. All methods may be called
// concurrently.
type Log interface {
	// Append writes all records or none, one after the other, and returns the new tail.
	// It returns ErrTail when expectedTail is neither Any nor the tail. Any other error
	// may have come after the fact: read the tail to know.
	Append(ctx context.Context, topic, partition string, expectedTail int64, records []Record) (tail int64, err error)

	// Read returns the records from an offset on, at least one if there is one, and at
	// most max (and MaxRead, and not many more than MaxReadBytes). At the tail there are
	// none; beyond it is ErrBeyond; before the oldest kept record is ErrTrimmed.
	Read(ctx context.Context, topic, partition string, from int64, max int) ([]Stored, error)

	// Tail returns the offset that the next record will get.
	Tail(ctx context.Context, topic, partition string) (int64, error)

	// Wait returns nil when there is a record at from or later, or the context's error.
	Wait(ctx context.Context, topic, partition string, from int64) error
}

var topicPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)

const maxPartition = 200 // bytes of a partition's name

func checkNames(topic, partition string) error {
	if !topicPattern.MatchString(topic) {
		return fmt.Errorf("%w: topic %.120q: want 1 to 100 of a-z 0-9 . _ -", ErrInvalid, topic)
	}
	if partition == "" || len(partition) > maxPartition || !plain(partition) {
		return fmt.Errorf("%w: partition %.220q: want 1 to %d bytes of text", ErrInvalid, partition, maxPartition)
	}
	return nil
}

func checkRecords(records []Record) error {
	if len(records) > MaxAppend {
		return fmt.Errorf("%w: %d records: want at most %d", ErrInvalid, len(records), MaxAppend)
	}
	total := 0
	for i, r := range records {
		if err := r.check(); err != nil {
			return fmt.Errorf("%w: record %d: %w", ErrInvalid, i, err)
		}
		total += len(r.Value)
	}
	if total > MaxAppendBytes {
		return fmt.Errorf("%w: %d bytes in one append: want at most %d", ErrInvalid, total, MaxAppendBytes)
	}
	return nil
}

func (r Record) check() error {
	if len(r.Value) > MaxValue {
		return fmt.Errorf("value of %d bytes: want at most %d", len(r.Value), MaxValue)
	}
	if len(r.Key) > MaxKey || !plain(r.Key) {
		return fmt.Errorf("key %.80q: want at most %d bytes of text", r.Key, MaxKey)
	}
	size := 0
	for name, value := range r.Headers {
		if !plain(name) || !plain(value) {
			return fmt.Errorf("header %.80q: want text", name)
		}
		size += len(name) + len(value)
	}
	if len(r.Headers) > MaxHeaders || size > MaxHeaderBytes {
		return fmt.Errorf("%d headers of %d bytes: want at most %d of %d bytes", len(r.Headers), size, MaxHeaders, MaxHeaderBytes)
	}
	return nil
}

// plain reports whether s is text that every log can carry.
func plain(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
