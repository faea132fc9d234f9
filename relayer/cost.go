package relayer

import (
	"context"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// Gas of a payout of one token to accounts that hold it, through a guarded Safe of two
// owners: a straight line through what docs/benchmarks.md measured for 1 and 100 payments. A
// first payment to an account costs 17,100 more on either path.
const (
	execGas           = 123_600
	execGasPerLeg     = 12_140
	userOpGas         = 157_700
	userOpGasPerLeg   = 13_530
	minPaymentsOfCost = 1
)

// Costs says what payouts of a chain cost by either path. It is safe for concurrent use.
type Costs struct{ client *evm.Client }

// NewCosts returns the costs of a chain.
func NewCosts(client *evm.Client) *Costs { return &Costs{client} }

// Price is what a unit of gas costs in the next block: its base fee and the median tip.
func (c *Costs) Price(ctx context.Context) (coffer.Amount, error) {
	fees, base, err := c.client.SuggestFees(ctx)
	if err != nil {
		return coffer.Amount{}, err
	}
	return base.Add(fees.Priority)
}

// Gas is about what a payout of so many payments uses on a path.
func (c *Costs) Gas(path string, payments int) uint64 {
	legs := uint64(max(payments, minPaymentsOfCost)) // #nosec G115 -- positive
	if path == coffer.PathExec {
		return execGas + legs*execGasPerLeg
	}
	return userOpGas + legs*userOpGasPerLeg
}
