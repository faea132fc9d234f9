package relayer_test

import (
	"encoding/binary"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/relayer"
)

// What the choice of a path believes is what the node charges, to within a tenth.
func TestCostsAreWhatPayoutsUse(t *testing.T) {
	c, _ := newExec(t)
	costs := relayer.NewCosts(c.client)
	price, err := costs.Price(t.Context())
	if err != nil || price.IsZero() {
		t.Fatalf("price %s, %v", price, err)
	}
	var many []coffer.Payment
	for n := range uint64(100) {
		var to common.Address
		binary.BigEndian.PutUint64(to[:], 0x7100000000000000+n)
		binary.BigEndian.PutUint64(to[8:], 0x1234567812345678*(n+1))
		many = append(many, coffer.Payment{Asset: c.token(), To: evm.AddressOf(to), Amount: coffer.NewAmount(77)})
	}
	c.execPays(t, many...) // from now on all of them hold the token
	c.bundlePays(t, many[:1]...)
	for _, n := range []int{1, 10, 100} {
		for path, pay := range map[string]func(*testing.T, ...coffer.Payment) uint64{coffer.PathExec: c.execPays, coffer.PathUserOp: c.bundlePays} {
			used, believed := pay(t, many[:n]...), costs.Gas(path, n)
			t.Logf("%s of %d payments: %d gas, believed to be %d", path, n, used, believed)
			if believed*10 > used*11 || used*10 > believed*11 {
				t.Errorf("%s of %d payments used %d gas, not about %d", path, n, used, believed)
			}
		}
	}
}

// execPays makes a payout as a Safe transaction and returns the transaction's gas.
func (c *chain) execPays(t *testing.T, payments ...coffer.Payment) uint64 {
	t.Helper()
	signed := c.finalize(t, c.build(t, c.execIntent(t, payments...)))
	call, err := evm.DecodeExec(signed, c.ChainID)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := c.Send(t.Context(), devnet.Call{To: &call.Safe, Data: call.Data})
	if err != nil {
		t.Fatal(err)
	}
	return receipt.GasUsed
}

// bundlePays makes a payout as a user operation in a bundle of its own and returns the
// bundle's gas.
func (c *chain) bundlePays(t *testing.T, payments ...coffer.Payment) uint64 {
	t.Helper()
	signed := c.finalize(t, c.build(t, c.intent(t, "0x0", payments...)))
	op, err := evm.DecodeUserOperation(signed.Bytes, false)
	if err != nil {
		t.Fatal(err)
	}
	data := bindings.NewEntryPoint().PackHandleOps([]bindings.PackedUserOperation{op.Pack()}, c.Faucet())
	receipt, err := c.Send(t.Context(), devnet.Call{To: &c.EntryPoint, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if outcome := c.outcome(t, signed.ID); !outcome.Success {
		t.Fatalf("the operation ended as %+v", outcome)
	}
	return receipt.GasUsed
}
