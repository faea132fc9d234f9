package relayer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// Bounds of one call to a bundler.
const (
	bundlerTimeout  = 20 * time.Second
	bundlerMaxBytes = 4 << 20
)

// RPC sends user operations to bundlers at some URLs (ERC-7769, JSON-RPC over HTTP): to the
// first that works, and to another one when that one did not take an operation. It
// implements UserOpSender and is safe for concurrent use.
type RPC struct {
	chain uint64
	nodes *evm.Nodes
	rpc   *rpc.Client // of nodes
}

var _ UserOpSender = (*RPC)(nil)

// DialRPC connects to a bundler, and to others for when it fails, and refuses one of another
// chain (number by EIP-155).
func DialRPC(ctx context.Context, url string, chain uint64, others ...string) (*RPC, error) {
	nodes, err := evm.DialNodes(ctx, evm.NodesConfig{
		Chain: chain, URLs: append([]string{url}, others...), CallTimeout: bundlerTimeout, MaxBytes: bundlerMaxBytes, Headless: true,
	})
	if err != nil {
		return nil, fmt.Errorf("bundler: %w", err)
	}
	return &RPC{chain: chain, nodes: nodes, rpc: nodes.RPC()}, nil
}

// Close ends the connections.
func (r *RPC) Close() { r.nodes.Close() }

// Supports reports whether the bundler serves an EntryPoint.
func (r *RPC) Supports(ctx context.Context, entryPoint common.Address) (bool, error) {
	var served []common.Address
	if err := r.rpc.CallContext(ctx, &served, "eth_supportedEntryPoints"); err != nil {
		return false, fmt.Errorf("bundler: eth_supportedEntryPoints: %w", err)
	}
	return slices.Contains(served, entryPoint), nil
}

// EstimateUserOperationGas implements UserOpSender.
func (r *RPC) EstimateUserOperationGas(ctx context.Context, op evm.UserOperation, entryPoint common.Address) (evm.Gas, error) {
	var gas evm.Gas
	if err := r.rpc.CallContext(ctx, &gas, "eth_estimateUserOperationGas", op, entryPoint); err != nil {
		return evm.Gas{}, fmt.Errorf("bundler: eth_estimateUserOperationGas: %w", explained(err))
	}
	return gas, nil
}

// SendUserOperation implements UserOpSender. Bundlers say in many ways that they have an
// operation already, so after a refusal they are asked for it by its hash.
func (r *RPC) SendUserOperation(ctx context.Context, op evm.UserOperation, entryPoint common.Address) (coffer.Hash, error) {
	var hash coffer.Hash
	err := r.rpc.CallContext(ctx, &hash, "eth_sendUserOperation", op, entryPoint)
	if err == nil {
		return hash, nil
	}
	var refusal rpc.Error
	if errors.As(err, &refusal) {
		hash = op.Hash(entryPoint, r.chain)
		if known, lookupErr := r.knows(ctx, hash); lookupErr == nil && known {
			return hash, nil
		}
	}
	return coffer.Hash{}, fmt.Errorf("bundler: eth_sendUserOperation: %w", explained(err))
}

// knows reports whether an operation waits in the bundler's pool or is in a block.
func (r *RPC) knows(ctx context.Context, hash coffer.Hash) (bool, error) {
	var found json.RawMessage
	if err := r.rpc.CallContext(ctx, &found, "eth_getUserOperationByHash", hash); err != nil {
		return false, err
	}
	return len(found) > 0 && string(found) != "null", nil
}

// explained adds what a refusal's data says, when it is revert data.
func explained(err error) error {
	var refusal rpc.DataError
	if !errors.As(err, &refusal) {
		return err
	}
	text, ok := refusal.ErrorData().(string)
	if !ok {
		return err
	}
	data, decodeErr := hexutil.Decode(text)
	if decodeErr != nil || len(data) == 0 {
		return err
	}
	return fmt.Errorf("%w (%s)", err, evm.RevertText(data))
}
