package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer/stream/streamsql"
)

// trimBatch is how many records one transaction of Trim deletes.
const trimBatch = 5_000

// ErrInsideEvent is returned by Trim for an offset that lies inside an event.
var ErrInsideEvent = errors.New("the offset is inside an event")

// Trim forgets the records before an offset, which must be the beginning of an event or the
// tail after a complete one, and returns how many it deleted. The new beginning holds
// from the first transaction on; a Trim that was cut short is finished by the next one.
func (p *Postgres) Trim(ctx context.Context, topic, partition string, before int64) (int64, error) {
	if err := checkNames(topic, partition); err != nil {
		return 0, err
	}
	var id int64
	err := p.db.Tx(ctx, func(tx pgx.Tx) error {
		q := streamsql.New(tx)
		at, err := q.LockPartition(ctx, streamsql.LockPartitionParams{Topic: topic, Partition: partition})
		if errors.Is(err, pgx.ErrNoRows) {
			err = nil
		}
		if err != nil {
			return err
		}
		if before < at.Head || before > at.Tail {
			return fmt.Errorf("%w: trim before %d: kept are %d to %d", ErrInvalid, before, at.Head, at.Tail)
		}
		id = at.ID
		if before == at.Head {
			return nil
		}
		if err := cutsBetweenEvents(ctx, q, at, before); err != nil {
			return err
		}
		return q.MoveHead(ctx, streamsql.MoveHeadParams{ID: at.ID, Head: before})
	})
	if err != nil {
		return 0, fmt.Errorf("trim %s/%s: %w", topic, partition, err)
	}

	for deleted := int64(0); ; {
		n, err := streamsql.New(p.db.Pool()).DeleteTrimmed(ctx, streamsql.DeleteTrimmedParams{PartitionID: id, Before: before, MaxRecords: trimBatch})
		if err != nil {
			return deleted, fmt.Errorf("trim %s/%s: %w", topic, partition, err)
		}
		deleted += n
		if n < trimBatch {
			return deleted, nil
		}
	}
}

// cutsBetweenEvents checks the record after the cut, or at the tail the one before it.
func cutsBetweenEvents(ctx context.Context, q *streamsql.Queries, at streamsql.LockPartitionRow, before int64) error {
	look, between := before, part.first
	if before == at.Tail {
		look, between = before-1, part.last
	}
	headers, err := q.HeadersAt(ctx, streamsql.HeadersAtParams{PartitionID: at.ID, AtOffset: look})
	if err != nil {
		return fmt.Errorf("record %d: %w", look, err)
	}
	names, err := readHeaders(headers)
	if err != nil {
		return err
	}
	found, err := readPart(names)
	if err != nil {
		return err
	}
	if !between(found) {
		return fmt.Errorf("%w: record %d is part %d of %d", ErrInsideEvent, look, found.n, found.of)
	}
	return nil
}
