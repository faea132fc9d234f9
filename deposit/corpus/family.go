package corpus

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/utxo"
)

// Family starts what answers in place of the nodes of a case, until the test ends, and returns
// the product's own reader of them.
type Family func(t testing.TB, w *World, c *Case) Reader

// Reader is a chain as the product reads it.
type Reader struct {
	Source coffer.Source
	// Deposits adds what the product's deposits know of such a chain, besides its source: a
	// second node, that it has no finality, whose addresses are counted. Nil: nothing.
	Deposits func(chain *deposit.Chain)
}

// families are by the namespace of the chain (CAIP-2).
var families = map[string]Family{
	coffer.NamespaceEVM:  startEVM,
	coffer.NamespaceTRON: startTRON,
	coffer.NamespaceUTXO: startBitcoin,
}

// causes are the kinds of refusals that a verdict may name: a refusal for another reason is a
// failure of the case.
var causes = map[string][]error{
	// The answer is not what the hash of its block commits to.
	"not proven": {evm.ErrNotProven, tron.ErrNotProven, utxo.ErrNotProven},
	// The trace is not one of the transaction it is said to be of.
	"trace": {evm.ErrTrace},
	// Two nodes say different things, and nothing tells which is right.
	"disagree": {tron.ErrDisagree, utxo.ErrOmniDisagree},
	// An Omni Core node has not read the block, or has another one at its height.
	"omni not ready": {utxo.ErrOmniNotReady},
	// Fewer nodes can be asked than have to say the same: the others were caught lying, or have nothing.
	"too few nodes": {tron.ErrNoNode, coffer.ErrNotFound},
	// A transaction of a type that is not read.
	"unknown type": {types.ErrTxTypeNotSupported},
	// What is said of two blocks cannot be true of one chain.
	"contradiction": {deposit.ErrBroken},
	// A block left that was said to be final.
	"final block left": {indexer.ErrHalted},
}

// isCause reports whether an error is of a kind.
func isCause(err error, cause string) bool {
	for _, kind := range causes[cause] {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func (c *Case) family() (Family, error) {
	start, ok := families[c.Chain.Namespace()]
	if !ok {
		return nil, fmt.Errorf("chain %s: no family reads it", c.Chain)
	}
	return start, nil
}
