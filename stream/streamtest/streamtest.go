// Package streamtest is the contract of stream.Log: every implementation passes [Run], and
// [RunCuts] where its work can be cut off between any two steps.
package streamtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cofferhq/coffer/stream"
)

const (
	topic     = "test.topic"
	partition = "eip155:31337"

	// deadline is for what ought to happen at once.
	deadline = 30 * time.Second
)

// Run checks that open makes logs that keep the contract. Each call of open returns an
// empty log.
func Run(t *testing.T, open func(t *testing.T) stream.Log) {
	for _, c := range []struct {
		name  string
		check func(t *testing.T, log stream.Log)
	}{
		{"OffsetsCountFromZeroWithoutGaps", offsetsCount},
		{"WhatWasWrittenIsReadTheSameEveryTime", redelivery},
		{"ReadsAreBounded", readsAreBounded},
		{"PartitionsAreSeparate", partitionsAreSeparate},
		{"BadRecordsAreRefusedWholeAppend", badRecords},
		{"OneOfCompetingWritersWins", competingWriters},
		{"CompetingReadersSeeTheSameSequence", competingReaders},
		{"AnAppendThatWasCutShortIsWholeOrAbsent", cancelledAppends},
		{"BigEventsTravelAsParts", bigEvents},
		{"WaitReturnsWhenTheRecordIsThere", waitWakes},
		{"WaitEndsWithItsContext", waitEnds},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, open(t)) })
	}
}

func offsetsCount(t *testing.T, log stream.Log) {
	wantTail(t, log, 0)
	if got := read(t, log, 0, 10); len(got) != 0 {
		t.Fatalf("an empty log has %d records", len(got))
	}

	var want int64
	for _, n := range []int{1, 3, 0, 2} {
		want += int64(n)
		if got := mustAppend(t, log, stream.Any, records("r", n)...); got != want {
			t.Errorf("tail %d after appending %d: want %d", got, n, want)
		}
	}
	wantTail(t, log, want)
	for i, s := range readAll(t, log) {
		if s.Offset != int64(i) {
			t.Errorf("offset %d in place %d", s.Offset, i)
		}
	}
}

func redelivery(t *testing.T, log stream.Log) {
	binary := make([]byte, 256)
	for i := range binary {
		binary[i] = byte(i)
	}
	want := []stream.Record{
		{Key: "a", Value: []byte("one"), Headers: map[string]string{"kind": "deposit", "Ünïcode": "\"\\\n"}},
		{Key: "", Value: []byte{}},
		{Key: "clé/键", Value: binary},
		{Key: "full", Value: bytes.Repeat([]byte{0xff}, stream.MaxValue)},
	}
	mustAppend(t, log, 0, want...)

	first := readAll(t, log)
	if len(first) != len(want) {
		t.Fatalf("%d records: want %d", len(first), len(want))
	}
	for i, s := range first {
		if s.Key != want[i].Key || !bytes.Equal(s.Value, want[i].Value) || !reflect.DeepEqual(s.Headers, want[i].Headers) {
			t.Errorf("record %d came back as %.200v: want %.200v", i, s.Record, want[i])
		}
		if s.AppendedAt.IsZero() {
			t.Errorf("record %d has no time", i)
		}
	}

	mustAppend(t, log, stream.Any, records("later", 3)...)
	for from := range first {
		for max := 1; from+max <= len(first); max++ {
			if again := read(t, log, int64(from), max); !reflect.DeepEqual(again, first[from:from+max]) {
				t.Errorf("records %d to %d are not the same when read again", from, from+max)
			}
		}
	}
}

func readsAreBounded(t *testing.T, log stream.Log) {
	mustAppend(t, log, 0, records("r", 5)...)
	if got := read(t, log, 3, 100); len(got) != 2 || got[0].Offset != 3 {
		t.Errorf("read from 3: %d records", len(got))
	}
	if got := read(t, log, 5, 1); len(got) != 0 {
		t.Errorf("read at the tail: %d records", len(got))
	}
	if _, err := log.Read(t.Context(), topic, partition, 6, 1); !errors.Is(err, stream.ErrBeyond) {
		t.Errorf("read beyond the tail: error %v: want ErrBeyond", err)
	}
	for _, bad := range []struct {
		from int64
		max  int
	}{{-1, 1}, {0, 0}, {0, -1}} {
		if _, err := log.Read(t.Context(), topic, partition, bad.from, bad.max); !errors.Is(err, stream.ErrInvalid) {
			t.Errorf("read %d from %d: error %v: want ErrInvalid", bad.max, bad.from, err)
		}
	}

	// A read of big records ends early and never empty.
	const big = 20
	var large []stream.Record
	for range big {
		large = append(large, stream.Record{Value: make([]byte, stream.MaxValue)})
	}
	mustAppend(t, log, 5, large...)
	got := read(t, log, 5, big)
	if n := len(got) * stream.MaxValue; n == 0 || n > stream.MaxReadBytes+stream.MaxValue {
		t.Errorf("one read returned %d bytes: want at most about %d", n, stream.MaxReadBytes)
	}
	if all := readAll(t, log); len(all) != 5+big {
		t.Errorf("%d records in all: want %d", len(all), 5+big)
	}
}

func partitionsAreSeparate(t *testing.T, log stream.Log) {
	places := [][2]string{{"a", "x"}, {"a", "y"}, {"b", "x"}, {"a.x", "x"}}
	for i, place := range places {
		for range i + 1 {
			if _, err := log.Append(t.Context(), place[0], place[1], stream.Any, []stream.Record{{Key: place[0] + "/" + place[1]}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, place := range places {
		got, err := log.Read(t.Context(), place[0], place[1], 0, 10)
		if err != nil || len(got) != i+1 {
			t.Fatalf("%v has %d records, error %v: want %d", place, len(got), err, i+1)
		}
		for _, s := range got {
			if s.Key != place[0]+"/"+place[1] {
				t.Errorf("%v has a record of %s", place, s.Key)
			}
		}
	}
}

func badRecords(t *testing.T, log stream.Log) {
	headers := map[string]string{}
	for i := range stream.MaxHeaders + 1 {
		headers[fmt.Sprint(i)] = ""
	}
	for name, bad := range map[string]stream.Record{
		"value too long":   {Value: make([]byte, stream.MaxValue+1)},
		"key too long":     {Key: strings.Repeat("k", stream.MaxKey+1)},
		"key not UTF-8":    {Key: "\xff"},
		"zero byte":        {Key: "a\x00b"},
		"too many headers": {Headers: headers},
		"headers too long": {Headers: map[string]string{"h": strings.Repeat("v", stream.MaxHeaderBytes)}},
		"header not UTF-8": {Headers: map[string]string{"h": "\xff"}},
	} {
		_, err := log.Append(t.Context(), topic, partition, stream.Any, []stream.Record{{Key: "good"}, bad})
		if !errors.Is(err, stream.ErrInvalid) {
			t.Errorf("%s: error %v: want ErrInvalid", name, err)
		}
	}
	for _, place := range [][2]string{{"", "p"}, {"UPPER", "p"}, {"a/b", "p"}, {topic, ""}, {topic, strings.Repeat("p", 201)}, {topic, "\x00"}} {
		if _, err := log.Append(t.Context(), place[0], place[1], stream.Any, records("r", 1)); !errors.Is(err, stream.ErrInvalid) {
			t.Errorf("append to %q: error %v: want ErrInvalid", place, err)
		}
	}
	if _, err := log.Append(t.Context(), topic, partition, -2, records("r", 1)); !errors.Is(err, stream.ErrInvalid) {
		t.Errorf("expected tail -2: error %v: want ErrInvalid", err)
	}
	wantTail(t, log, 0)
}

// competingWriters has writers that read the tail and append there. In each place exactly
// one of them may succeed.
func competingWriters(t *testing.T, log stream.Log) {
	const writers, places, each = 6, 15, 2
	for place := range int64(places) {
		start, errs := make(chan struct{}), make(chan error, writers)
		for w := range writers {
			go func() {
				<-start
				_, err := log.Append(t.Context(), topic, partition, place*each, records(fmt.Sprintf("%d/%d", place, w), each))
				errs <- err
			}()
		}
		close(start)

		won := 0
		for range writers {
			switch err := <-errs; {
			case err == nil:
				won++
			case !errors.Is(err, stream.ErrTail):
				t.Fatalf("place %d: error %v: want ErrTail", place, err)
			}
		}
		if won != 1 {
			t.Fatalf("place %d: %d writers won: want 1", place, won)
		}
	}

	all := readAll(t, log)
	if len(all) != places*each {
		t.Fatalf("%d records: want %d", len(all), places*each)
	}
	for i := 0; i < len(all); i += each {
		if all[i].Key != all[i+1].Key {
			t.Errorf("records %d and %d of one append are of %s and %s", i, i+1, all[i].Key, all[i+1].Key)
		}
	}
	if _, err := log.Append(t.Context(), topic, partition, places*each+1, records("r", 1)); !errors.Is(err, stream.ErrTail) {
		t.Errorf("append beyond the tail: error %v: want ErrTail", err)
	}
}

// competingReaders has readers follow a log that several writers fill.
func competingReaders(t *testing.T, log stream.Log) {
	const readers, writers, appends = 4, 4, 25
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()

	var total int64
	var work sync.WaitGroup
	for w := range writers {
		for i := range appends {
			total += int64(1 + (w+i)%3)
		}
		work.Go(func() {
			for i := range appends {
				if _, err := log.Append(ctx, topic, partition, stream.Any, records(fmt.Sprintf("%d/%d", w, i), 1+(w+i)%3)); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}

	seen := make([][]stream.Stored, readers)
	for r := range readers {
		work.Go(func() {
			for int64(len(seen[r])) < total {
				next := int64(len(seen[r]))
				if err := log.Wait(ctx, topic, partition, next); err != nil {
					t.Errorf("reader %d: %v", r, err)
					return
				}
				got, err := log.Read(ctx, topic, partition, next, 1+r)
				if err != nil || len(got) == 0 {
					t.Errorf("reader %d: %d records at %d, error %v", r, len(got), next, err)
					return
				}
				seen[r] = append(seen[r], got...)
			}
		})
	}
	work.Wait()

	for r := range seen {
		for i, s := range seen[r] {
			if s.Offset != int64(i) {
				t.Fatalf("reader %d saw offset %d in place %d", r, s.Offset, i)
			}
		}
		if !reflect.DeepEqual(seen[r], seen[0]) {
			t.Errorf("reader %d saw another sequence than reader 0", r)
		}
	}
}

// cancelledAppends has a writer that loses patience at random moments, reads back what
// became of its append and goes on. Everything must be there once, in order.
func cancelledAppends(t *testing.T, log stream.Log) {
	const events, each = 40, 3
	random := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- a test's choice of moments
	for event := 0; event < events; {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(2_000))*time.Microsecond)
		_, err := log.Append(ctx, topic, partition, int64(event*each), records(fmt.Sprint(event), each))
		cancel()
		if err == nil {
			event++
			continue
		}
		// What was cut off may still land, but only where it was meant to.
		tail, err := log.Tail(t.Context(), topic, partition)
		if err != nil {
			t.Fatal(err)
		}
		if tail == int64((event+1)*each) {
			event++
			continue
		}
		if _, err := log.Append(t.Context(), topic, partition, int64(event*each), records(fmt.Sprint(event), each)); err != nil && !errors.Is(err, stream.ErrTail) {
			t.Fatal(err)
		}
		event++
	}
	wantWhole(t, log, events, each)
}

// wantWhole checks that the log is events 0 to n-1, each with all its records.
func wantWhole(t *testing.T, log stream.Log, n, each int) {
	t.Helper()
	all := readAll(t, log)
	if len(all) != n*each {
		t.Fatalf("%d records: want %d", len(all), n*each)
	}
	for i, s := range all {
		if want := fmt.Sprint(i / each); s.Key != want || s.Offset != int64(i) {
			t.Fatalf("record %d is of event %s: want %s", s.Offset, s.Key, want)
		}
	}
}

func bigEvents(t *testing.T, log stream.Log) {
	value := make([]byte, 2*stream.MaxValue+17)
	for i := range value {
		value[i] = byte(i * 31 >> 3)
	}
	parts, err := stream.Split("block", 7, 2, value)
	if err != nil || len(parts) != 3 {
		t.Fatalf("%d parts, error %v: want 3", len(parts), err)
	}
	small, err := stream.Split("block", 8, 2, []byte("small"))
	if err != nil {
		t.Fatal(err)
	}

	// A writer died after two parts; the next one began again.
	mustAppend(t, log, 0, parts[0], parts[1])
	mustAppend(t, log, 2, parts...)
	mustAppend(t, log, 5, small...)

	var got []stream.Event
	var assembler stream.Assembler
	for _, s := range readAll(t, log) {
		event, complete, err := assembler.Add(s)
		if err != nil {
			t.Fatal(err)
		}
		if complete {
			got = append(got, event)
		}
	}
	if len(got) != 2 {
		t.Fatalf("%d events: want 2", len(got))
	}
	if e := got[0]; e.Sequence != 7 || e.Epoch != 2 || e.First != 2 || e.Next != 5 || !bytes.Equal(e.Value, value) {
		t.Errorf("first event: sequence %d, epoch %d, offsets %d to %d, %d bytes", e.Sequence, e.Epoch, e.First, e.Next, len(e.Value))
	}
	if e := got[1]; e.Sequence != 8 || e.First != 5 || e.Next != 6 || string(e.Value) != "small" {
		t.Errorf("second event: sequence %d, offsets %d to %d, %q", e.Sequence, e.First, e.Next, e.Value)
	}
}

func waitWakes(t *testing.T, log stream.Log) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	mustAppend(t, log, 0, records("r", 2)...)
	if err := log.Wait(ctx, topic, partition, 1); err != nil {
		t.Fatalf("wait for a record that is there: %v", err)
	}

	const waiting = 5
	woken := make(chan error, waiting)
	for range waiting {
		go func() { woken <- log.Wait(ctx, topic, partition, 3) }()
	}
	mustAppend(t, log, 2, records("r", 1)...)
	select {
	case err := <-woken:
		t.Fatalf("a wait for offset 3 ended at tail 3, error %v", err)
	default:
	}
	mustAppend(t, log, 3, records("r", 1)...)
	for range waiting {
		if err := <-woken; err != nil {
			t.Fatalf("wait: %v", err)
		}
	}
}

func waitEnds(t *testing.T, log stream.Log) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- log.Wait(ctx, topic, partition, 0) }()
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("wait ended with %v: want context.Canceled", err)
		}
	case <-time.After(deadline):
		t.Error("wait did not end")
	}
}

// RunCuts checks that an append which is cut off after any number of its steps happened
// whole or not at all, and that the log goes on afterwards. open returns an empty log and
// a function after which the log's work is cut off, once, when it has done so many more
// steps, or never if steps is negative; a step is whatever the implementation can be
// interrupted between. It returns how many appends happened although they were cut off,
// and how many did not.
func RunCuts(t *testing.T, open func(t *testing.T) (log stream.Log, cutAfter func(steps int))) (happened, absent int) {
	const maxSteps, each = 200, 3
	log, cutAfter := open(t)
	for steps := range maxSteps {
		before, err := log.Tail(t.Context(), topic, partition)
		if err != nil {
			t.Fatal(err)
		}
		event := int(before) / each

		cutAfter(steps)
		_, cut := log.Append(t.Context(), topic, partition, before, records(fmt.Sprint(event), each))
		if cut == nil {
			if steps == 0 {
				t.Fatal("nothing was cut off")
			}
			cutAfter(-1)
			wantWhole(t, log, event+1, each)
			return happened, absent
		}
		if errors.Is(cut, stream.ErrTail) {
			t.Fatalf("cut off after %d steps: %v", steps, cut)
		}

		// The same append again is what a restarted writer does. It may have to wait for
		// the end of what was cut off; it succeeds exactly if that did not happen.
		switch _, err := log.Append(t.Context(), topic, partition, before, records(fmt.Sprint(event), each)); {
		case err == nil:
			absent++
		case errors.Is(err, stream.ErrTail):
			happened++
		default:
			t.Fatalf("after a cut at step %d: %v", steps, err)
		}
		wantWhole(t, log, event+1, each)
	}
	t.Fatalf("an append takes more than %d steps", maxSteps)
	return 0, 0
}

func records(key string, n int) []stream.Record {
	rs := make([]stream.Record, n)
	for i := range rs {
		rs[i] = stream.Record{Key: key, Value: []byte(fmt.Sprintf("%s #%d", key, i))}
	}
	return rs
}

func mustAppend(t *testing.T, log stream.Log, expectedTail int64, rs ...stream.Record) int64 {
	t.Helper()
	tail, err := log.Append(t.Context(), topic, partition, expectedTail, rs)
	if err != nil {
		t.Fatal(err)
	}
	return tail
}

func read(t *testing.T, log stream.Log, from int64, max int) []stream.Stored {
	t.Helper()
	got, err := log.Read(t.Context(), topic, partition, from, max)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) > max {
		t.Fatalf("%d records: want at most %d", len(got), max)
	}
	return got
}

func readAll(t *testing.T, log stream.Log) []stream.Stored {
	t.Helper()
	var all []stream.Stored
	for {
		got := read(t, log, int64(len(all)), 7)
		if len(got) == 0 {
			return all
		}
		all = append(all, got...)
	}
}

func wantTail(t *testing.T, log stream.Log, want int64) {
	t.Helper()
	if got, err := log.Tail(t.Context(), topic, partition); err != nil || got != want {
		t.Fatalf("tail %d, error %v: want %d", got, err, want)
	}
}
