package main

import (
	"context"

	"github.com/cofferhq/coffer/evm"
	"github.com/ethereum/go-ethereum/common"
)

// checkGuard demands that the chain itself stops what enough stolen owner keys could sign:
// the wallet has the configured guard for its transactions and for its modules. A wallet
// without a configured guard is served, and that is said aloud.
func (s *server) checkGuard(ctx context.Context, e *evmParts) error {
	if e.chain.config.Guard == "" {
		s.log.Error("no guard is configured: whoever signs for enough owners can change the wallet itself", "chain", e.chain.id, "wallet", e.safe.Address)
		return nil
	}
	return evm.CheckGuard(ctx, e.client, e.safe.Address, common.HexToAddress(e.chain.config.Guard))
}
