package stream_test

import (
	"bytes"
	"errors"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
)

func split(t *testing.T, sequence, epoch uint64, size int) []stream.Record {
	t.Helper()
	parts, err := stream.Split("k", sequence, epoch, bytes.Repeat([]byte{byte(sequence)}, size))
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func assemble(records ...stream.Record) ([]stream.Event, error) {
	var a stream.Assembler
	var events []stream.Event
	for i, r := range records {
		e, complete, err := a.Add(stream.Stored{Record: r, Offset: int64(i), AppendedAt: clock()})
		if err != nil {
			return events, err
		}
		if complete {
			events = append(events, e)
		}
	}
	return events, nil
}

func TestSplitKeepsToTheLimits(t *testing.T) {
	for size, want := range map[int]int{0: 1, 1: 1, stream.MaxValue: 1, stream.MaxValue + 1: 2, 3 * stream.MaxValue: 3} {
		parts := split(t, 1, 1, size)
		if len(parts) != want {
			t.Errorf("%d bytes in %d parts: want %d", size, len(parts), want)
		}
		events, err := assemble(parts...)
		if err != nil || len(events) != 1 || len(events[0].Value) != size {
			t.Errorf("%d bytes: %d events, error %v", size, len(events), err)
		}
	}
	if _, err := stream.Split("k", 1, 1, make([]byte, stream.MaxParts*stream.MaxValue+1)); !errors.Is(err, stream.ErrInvalid) {
		t.Errorf("too large: error %v: want ErrInvalid", err)
	}
}

// Whatever dead writers leave between, the events whose parts follow each other come out,
// whole, and nothing else does.
func TestAssemblerReturnsWholeEventsOnly(t *testing.T) {
	const size = 2*stream.MaxValue + 1
	sets := [][]stream.Record{split(t, 1, 1, size), split(t, 1, 2, size), split(t, 2, 2, size)}
	rapid.Check(t, func(t *rapid.T) {
		var in []stream.Record
		var want []uint64 // sequence*10+epoch
		for range rapid.IntRange(1, 6).Draw(t, "sets") {
			which := rapid.IntRange(0, 2).Draw(t, "which")
			keep := rapid.IntRange(1, 3).Draw(t, "keep") // parts before the writer died
			set := sets[which]
			for i := range keep {
				in = append(in, set[i])
				if i == 0 && rapid.Bool().Draw(t, "zombie") { // a later part of another writer
					in = append(in, sets[(which+1)%3][rapid.IntRange(1, 2).Draw(t, "part")])
				}
			}
			if keep == 3 {
				want = append(want, []uint64{11, 12, 22}[which])
			}
		}
		events, err := assemble(in...)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) != len(want) {
			t.Fatalf("%d events: want %d", len(events), len(want))
		}
		for i, e := range events {
			if e.Sequence*10+e.Epoch != want[i] || len(e.Value) != size || e.Next <= e.First {
				t.Fatalf("event %d is sequence %d, epoch %d, %d bytes", i, e.Sequence, e.Epoch, len(e.Value))
			}
		}
	})
}

func TestAssemblerTakesRecordsThatWereNotSplit(t *testing.T) {
	begun := split(t, 1, 1, 2*stream.MaxValue)
	events, err := assemble(begun[0], stream.Record{Key: "plain", Value: []byte("v")}, begun[1])
	if err != nil || len(events) != 1 || events[0].Key != "plain" || string(events[0].Value) != "v" {
		t.Errorf("events %.80v, error %v: want the plain one alone", events, err)
	}
}

func TestAssemblerRefusesDamage(t *testing.T) {
	for name, damage := range map[string]func(r *stream.Record){
		"value":         func(r *stream.Record) { r.Value = []byte("another") },
		"hash":          func(r *stream.Record) { r.Headers["event-hash"] = "0x12" },
		"part":          func(r *stream.Record) { r.Headers["event-part"] = "2" },
		"part zero":     func(r *stream.Record) { r.Headers["event-part"] = "0" },
		"too many":      func(r *stream.Record) { r.Headers["event-parts"] = "65" },
		"not a number":  func(r *stream.Record) { r.Headers["event-sequence"] = "-1" },
		"missing epoch": func(r *stream.Record) { delete(r.Headers, "event-epoch") },
	} {
		record := split(t, 1, 1, 10)[0]
		record.Headers = maps.Clone(record.Headers)
		damage(&record)
		if events, err := assemble(record); !errors.Is(err, stream.ErrParts) || len(events) != 0 {
			t.Errorf("%s: %d events, error %v: want ErrParts", name, len(events), err)
		}
	}
}

func TestTrimCutsBetweenEventsOnly(t *testing.T) {
	log := stream.NewPostgres(postgrestest.New(t), clock)
	const topic, partition = stream.TopicRaw, "eip155:1"
	add := func(records ...stream.Record) {
		t.Helper()
		if _, err := log.Append(t.Context(), topic, partition, stream.Any, records); err != nil {
			t.Fatal(err)
		}
	}
	three := split(t, 1, 1, 3*stream.MaxValue)
	add(stream.Record{Key: "plain"}) // 0
	add(three...)                    // 1 2 3
	add(split(t, 2, 1, 5)...)        // 4
	add(three[:2]...)                // 5 6: cut short

	for before, want := range map[int64]error{2: stream.ErrInsideEvent, 3: stream.ErrInsideEvent, 6: stream.ErrInsideEvent, 7: stream.ErrInsideEvent, 8: stream.ErrInvalid, -1: stream.ErrInvalid} {
		if n, err := log.Trim(t.Context(), topic, partition, before); !errors.Is(err, want) || n != 0 {
			t.Errorf("trim before %d: %d deleted, error %v: want %v", before, n, err, want)
		}
	}
	for _, step := range []struct{ before, deleted int64 }{{0, 0}, {1, 1}, {4, 3}, {4, 0}, {5, 1}} {
		if n, err := log.Trim(t.Context(), topic, partition, step.before); err != nil || n != step.deleted {
			t.Errorf("trim before %d: %d deleted, error %v: want %d", step.before, n, err, step.deleted)
		}
	}

	if _, err := log.Read(t.Context(), topic, partition, 4, 1); !errors.Is(err, stream.ErrTrimmed) {
		t.Errorf("read what was trimmed: error %v: want ErrTrimmed", err)
	}
	if got, err := log.Read(t.Context(), topic, partition, 5, 9); err != nil || len(got) != 2 || got[0].Offset != 5 {
		t.Errorf("read what is kept: %d records, error %v", len(got), err)
	}
	if _, err := log.Trim(t.Context(), topic, partition, 4); !errors.Is(err, stream.ErrInvalid) {
		t.Errorf("trim before the head: error %v: want ErrInvalid", err)
	}

	// All of it, once its last event is whole; offsets go on.
	add(three...)
	if n, err := log.Trim(t.Context(), topic, partition, 10); err != nil || n != 5 {
		t.Errorf("trim all: %d deleted, error %v: want 5", n, err)
	}
	if tail, err := log.Append(t.Context(), topic, partition, 10, []stream.Record{{}}); err != nil || tail != 11 {
		t.Errorf("tail %d, error %v: want 11", tail, err)
	}
}
