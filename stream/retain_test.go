package stream_test

import (
	"testing"
	"time"

	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
)

func TestTrimBeforeForgetsWholeEventsOfATimeAndNothingThatIsNeeded(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	log := stream.NewPostgres(postgrestest.New(t), func() time.Time { return now })
	const topic, partition = stream.TopicRaw, "eip155:1"
	add := func(minute int, records ...stream.Record) {
		t.Helper()
		now = now.Truncate(time.Hour).Add(time.Duration(minute) * time.Minute)
		if _, err := log.Append(t.Context(), topic, partition, stream.Any, records); err != nil {
			t.Fatal(err)
		}
	}
	at := func(minute int) time.Time { return now.Truncate(time.Hour).Add(time.Duration(minute) * time.Minute) }
	trim := func(minute int, upTo, want int64) {
		t.Helper()
		if n, err := log.TrimBefore(t.Context(), topic, partition, at(minute), upTo); err != nil || n != want {
			t.Errorf("trim before minute %d, up to %d: %d deleted, %v; want %d", minute, upTo, n, err, want)
		}
	}
	trim(10, 100, 0)                              // nothing was ever appended
	add(0, split(t, 1, 1, 5)...)                  // 0
	add(10, split(t, 2, 1, 5)...)                 // 1
	add(20, split(t, 3, 1, 3*stream.MaxValue)...) // 2 3 4
	add(30, split(t, 4, 1, 5)...)                 // 5

	trim(0, 100, 0)
	trim(10, 0, 0) // the first is needed
	trim(10, 100, 1)
	trim(10, 100, 0)
	trim(30, 4, 1) // inside an event: it stays whole
	trim(30, 100, 3)
	trim(59, 100, 1) // all of it
	if tail, err := log.Tail(t.Context(), topic, partition); err != nil || tail != 6 {
		t.Errorf("tail %d, %v", tail, err)
	}
}
