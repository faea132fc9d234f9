package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer/stream/streamsql"
)

// TrimBefore forgets what was appended before a time, nothing from an offset on, and cuts
// between events. It returns how many records it deleted.
func (p *Postgres) TrimBefore(ctx context.Context, topic, partition string, at time.Time, upTo int64) (int64, error) {
	if err := checkNames(topic, partition); err != nil {
		return 0, err
	}
	kept, err := streamsql.New(p.db.Pool()).Partition(ctx, streamsql.PartitionParams{Topic: topic, Partition: partition})
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("trim %s/%s: %w", topic, partition, err)
	}
	cut, err := p.firstSince(ctx, topic, partition, at, kept.Head, min(kept.Tail, upTo))
	if err != nil {
		return 0, err
	}
	for range MaxParts {
		if cut <= kept.Head {
			return 0, nil
		}
		deleted, err := p.Trim(ctx, topic, partition, cut)
		if !errors.Is(err, ErrInsideEvent) {
			return deleted, err
		}
		cut--
	}
	return 0, fmt.Errorf("trim %s/%s: no event begins in the %d records before offset %d", topic, partition, MaxParts, cut)
}

// firstSince is the first offset between two whose record was appended at a time or later,
// past when there is none. Writers' clocks make the search approximate by as much as they
// differ.
func (p *Postgres) firstSince(ctx context.Context, topic, partition string, at time.Time, first, past int64) (int64, error) {
	for first < past {
		middle := first + (past-first)/2
		records, err := p.Read(ctx, topic, partition, middle, 1)
		if errors.Is(err, ErrTrimmed) {
			first = middle + 1 // somebody else is trimming
			continue
		}
		if err != nil {
			return 0, err
		}
		if len(records) > 0 && records[0].AppendedAt.Before(at) {
			first = middle + 1
		} else {
			past = middle
		}
	}
	return first, nil
}
