package main

import (
	"context"
	"fmt"
	"math/big"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
)

// checkNumbers demands that the configuration, the policy and the chain mean the same by
// the numbers they share. A decimal place too many would make a limit a millionfold, and
// a Safe that wants fewer signatures than the policy thinks would let signers be asked
// one after the other, each for a payment of its own.
func (s *server) checkNumbers(ctx context.Context, e *evmParts) error {
	if e.safe.Threshold != s.config.Signing.Threshold {
		return fmt.Errorf("the Safe %s wants %d signatures, signing.threshold is %d", e.safe.Address, e.safe.Threshold, s.config.Signing.Threshold)
	}
	if err := s.checkPolicy(e.chain); err != nil {
		return err
	}
	for _, asset := range e.chain.assets {
		if asset.ID.IsNative() {
			continue
		}
		decimals, err := tokenDecimals(ctx, e, asset)
		if err != nil {
			return fmt.Errorf("asset %s: %w", asset.ID, err)
		}
		if !decimals.IsUint64() || decimals.Uint64() != uint64(asset.Decimals) {
			return fmt.Errorf("asset %s: the token says it has %s decimals, the configuration says %d", asset.ID, decimals, asset.Decimals)
		}
	}
	return nil
}

// checkPolicy demands that the policy means the same signers and the same decimals.
func (s *server) checkPolicy(chain *chainParts) error {
	threshold, count := s.policy.Signers()
	signing := s.config.Signing
	if !equal(threshold, signing.Threshold) || !equal(count, len(signing.Signers)) {
		return fmt.Errorf("%s is a policy for %d of %d signers, the configuration has %d of %d",
			s.config.PolicyFile, threshold, count, signing.Threshold, len(signing.Signers))
	}

	for _, asset := range chain.assets {
		if decimals, named := s.policy.Decimals(asset.ID); named && decimals != asset.Decimals {
			return fmt.Errorf("%s has %d decimals in %s, %d in the configuration", asset.ID, decimals, s.config.PolicyFile, asset.Decimals)
		}
	}
	return nil
}

func equal(a uint64, b int) bool { return b >= 0 && a == uint64(b) }

// tokenDecimals asks an ERC-20 contract for its decimals().
func tokenDecimals(ctx context.Context, e *evmParts, asset coffer.Asset) (*big.Int, error) {
	token := common.HexToAddress(asset.ID.Reference())
	out, err := e.client.Eth().CallContract(ctx, ethereum.CallMsg{To: &token, Data: bindings.NewTestToken().PackDecimals()}, nil)
	if err != nil {
		return nil, fmt.Errorf("ask the token for its decimals: %w", err)
	}
	if len(out) != 32 {
		return nil, fmt.Errorf("there is no token: asked for its decimals, the address answers %d bytes", len(out))
	}
	return new(big.Int).SetBytes(out), nil
}
