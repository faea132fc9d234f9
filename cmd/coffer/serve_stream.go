package main

import (
	"context"
	"time"

	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/stream"
)

// How the stream is trimmed.
const (
	trimPause  = time.Hour
	rawReserve = 20_000 // records of a chain that stay however old: an indexer starts from them
)

// trim forgets events that are older than the configuration keeps them.
func (s *server) trim(ctx context.Context) error {
	ticker := time.NewTicker(trimPause)
	defer ticker.Stop()
	for {
		if err := s.trimOnce(ctx, time.Now()); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (s *server) trimOnce(ctx context.Context, now time.Time) error {
	if keep := s.config.Stream.KeepEvents; keep > 0 {
		tail, err := s.stream.Tail(ctx, stream.TopicEvents, stream.PartitionAll)
		if err != nil {
			return err
		}
		if err := s.trimTopic(ctx, stream.TopicEvents, stream.PartitionAll, now.Add(-keep), tail); err != nil {
			return err
		}
	}
	if s.config.Stream.KeepRaw == 0 {
		return nil
	}
	for _, chain := range s.chains {
		tail, err := s.stream.Tail(ctx, stream.TopicRaw, string(chain.id))
		if err != nil {
			return err
		}
		deposits, err := s.deposits.Needed(ctx, chain.id)
		if err != nil {
			return err
		}
		payouts, err := payout.Needed(ctx, s.db, chain.id)
		if err != nil {
			return err
		}
		upTo := min(deposits, payouts, tail-rawReserve)
		if err := s.trimTopic(ctx, stream.TopicRaw, string(chain.id), now.Add(-s.config.Stream.KeepRaw), upTo); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) trimTopic(ctx context.Context, topic, partition string, before time.Time, upTo int64) error {
	deleted, err := s.stream.TrimBefore(ctx, topic, partition, before, upTo)
	if deleted > 0 {
		s.log.Info("old events forgotten", "topic", topic, "partition", partition, "records", deleted)
	}
	return err
}
