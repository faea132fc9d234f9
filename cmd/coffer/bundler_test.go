package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/rpc"
)

// checkBundlerRPC speaks to the embedded bundler of a stack as any ERC-4337 client would.
func checkBundlerRPC(t *testing.T, s *stack) {
	t.Helper()
	bundler, err := rpc.DialContext(t.Context(), "http://"+s.server.address+"/bundler/"+string(s.chain))
	if err != nil {
		t.Fatal(err)
	}
	defer bundler.Close()

	var entryPoints []common.Address
	if err := bundler.CallContext(t.Context(), &entryPoints, "eth_supportedEntryPoints"); err != nil {
		t.Fatal(err)
	}
	if len(entryPoints) != 1 || entryPoints[0] != s.contracts.EntryPoint {
		t.Errorf("supported entry points %v, want %s", entryPoints, s.contracts.EntryPoint)
	}

	err = bundler.CallContext(t.Context(), nil, "eth_sendUserOperation", map[string]any{"sender": s.safe}, s.contracts.EntryPoint)
	var refused rpc.Error
	if !errors.As(err, &refused) || refused.ErrorCode() != -32602 || !strings.Contains(err.Error(), "nonce: is missing") {
		t.Errorf("a malformed operation met %v, want -32602 naming the nonce", err)
	}
}
