package evm

import (
	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
)

// ExecCall is one execTransaction for an executor to send: a transaction without value to
// Safe with calldata Data. Anybody may send it; the owners' signatures are in Data.
type ExecCall struct {
	// ID is the safeTxHash, what block events call the outcome by.
	ID   coffer.Hash
	Safe common.Address
	// Nonce is the Safe's, which is in ID: of all calls with one Safe and Nonce at most one
	// ever succeeds.
	Nonce uint64
	Data  []byte
	// GasLimit is of the whole transaction, intrinsic gas included.
	GasLimit uint64
	// FeeBound is the most all transactions for this Safe and Nonce may cost the executor,
	// any one of which may land, in native base units: GasLimit times the highest fee.
	FeeBound coffer.Amount
}
