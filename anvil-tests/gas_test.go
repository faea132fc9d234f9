package anviltests

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
)

// BenchmarkWithdrawalGas measures what a withdrawal of a token costs: the gas of whole
// transactions on a real node, divided by their payments, for a Safe with 2 of 3 owners and
// a deposit in the EntryPoint. "new" pays addresses that never held the token, "known" pays
// them again.
func BenchmarkWithdrawalGas(b *testing.B) {
	c := newChain(b)
	none := c.Contracts
	none.Guard = common.Address{}
	for salt, path := range []string{"execTransaction", "userop"} {
		for _, guard := range []string{"none", "both"} {
			contracts := c.Contracts
			if guard == "none" {
				contracts = none
			}
			for n, payments := range []int{1, 10, 100} {
				b.Run(fmt.Sprintf("%s/guard=%s/payments=%d", path, guard, payments), func(b *testing.B) {
					safe, err := c.CreateSafe(b.Context(), contracts, c.owners.Addresses(), 2, uint64(10*salt+n)) // #nosec G115 -- small
					if err != nil {
						b.Fatal(err)
					}
					if _, err := c.Issue(b.Context(), c.Contracts, safe, big.NewInt(1e9)); err != nil {
						b.Fatal(err)
					}
					if _, err := c.DepositTo(b.Context(), c.Contracts, safe, big.NewInt(1e18)); err != nil {
						b.Fatal(err)
					}
					c.payMany(b, path, safe, 1, 1<<30) // the first transaction of a wallet pays for its nonce
					for b.Loop() {
						b.ReportMetric(c.payMany(b, path, safe, payments, b.N<<16), "gas/new")
						b.ReportMetric(c.payMany(b, path, safe, payments, b.N<<16), "gas/known")
					}
				})
			}
		}
	}
}

// payMany pays so many addresses, counted from first, with one transaction, and returns its
// gas for each.
func (c *chain) payMany(b *testing.B, path string, safe common.Address, payments, first int) float64 {
	b.Helper()
	var calls []devnet.Call
	for i := range payments {
		var to common.Address
		binary.BigEndian.PutUint64(to[:], uint64(first+i+1)) // #nosec G115 -- counted
		copy(to[8:], safe[:12])
		calls = append(calls, devnet.Call{To: &c.Token, Data: bindings.NewTestToken().PackTransfer(to, common.Big1)})
	}
	payment, operation := calls[0], call
	if payments > 1 {
		payment, operation = devnet.Call{To: &c.MultiSendCallOnly, Data: devnet.MultiSend(calls...)}, delegateCall
	}

	var transaction devnet.Call
	switch path {
	case "userop":
		op, err := c.SafeOperation(b.Context(), c.Contracts, safe, payment, operation, c.owners[:2])
		if err != nil {
			b.Fatal(err)
		}
		transaction = devnet.Call{To: &c.EntryPoint, Data: handleOps(c.Faucet(), op)}
	default:
		data, err := c.SafeExecution(b.Context(), safe, payment, operation, c.owners[:2])
		if err != nil {
			b.Fatal(err)
		}
		transaction = devnet.Call{To: &safe, Data: data}
	}
	receipt, err := c.Send(b.Context(), transaction)
	if err != nil {
		b.Fatal(err)
	}
	if path == "userop" && !c.operationEvent(b, receipt).Success {
		b.Fatal("the operation failed")
	}
	return float64(receipt.GasUsed) / float64(payments)
}
