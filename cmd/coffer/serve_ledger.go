package main

import (
	"context"
	"time"
)

// keepPause is how often the books are looked through for what time alone decides.
const keepPause = 5 * time.Second

// keep gives back the money of holds that ended, and takes what accounts owe after a
// reorganisation from what they have by now.
func (s *server) keep(ctx context.Context) error {
	ticker := time.NewTicker(keepPause)
	defer ticker.Stop()
	for {
		now := time.Now().UTC().Truncate(time.Microsecond)
		ended, err := s.ledger.EndHolds(ctx, now)
		if err == nil {
			var paid int
			if paid, err = s.ledger.RepayDebts(ctx, now); ended+paid > 0 {
				s.log.Info("books kept", "holds_ended", ended, "debtors_paid", paid)
			}
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
