package indexer

import (
	"context"
	"errors"
	"time"

	"github.com/cofferhq/coffer/stream"
)

// releaseTimeout bounds the one thing Run does after its context ended.
const releaseTimeout = 2 * time.Second

// hold takes the chain's lease or keeps it. It reports false when another process has it.
// A new lease means that the stream may have moved.
func (x *Indexer) hold(ctx context.Context) (bool, error) {
	now := x.Clock()
	if x.lease.Epoch > 0 && x.lease.Expires.Sub(now) > x.LeaseTTL/2 {
		return true, nil
	}
	if x.lease.Epoch > 0 {
		renewed, err := stream.RenewLease(ctx, x.DB, x.lease, x.LeaseTTL, now)
		if err == nil {
			x.lease = renewed
			return true, nil
		}
		if !errors.Is(err, stream.ErrLeaseLost) {
			return false, err
		}
		x.lease = stream.Lease{}
		x.Logger.Warn("lost the indexer's lease to another process")
	}

	lease, err := stream.AcquireLease(ctx, x.DB, "indexer/"+string(x.chain), x.Holder, x.LeaseTTL, now)
	if errors.Is(err, stream.ErrLeaseHeld) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	x.lease, x.said = lease, nil
	return true, nil
}

// release lets the next process in at once.
func (x *Indexer) release(ctx context.Context) {
	if x.lease.Epoch == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if err := stream.ReleaseLease(ctx, x.DB, x.lease, x.Clock()); err != nil {
		x.Logger.Warn("release the indexer's lease", "error", err)
	}
	x.lease = stream.Lease{}
}
