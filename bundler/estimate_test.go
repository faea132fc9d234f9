package bundler_test

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/bundler"
)

func TestWhatIsEstimatedIsAcceptedAndSucceeds(t *testing.T) {
	w := newWorld(t)
	_, err := w.FundNative(t.Context(), w.wallet, ether)
	check(t, err)
	b := w.bundler()
	expensive := w.payment(nonce(6, 0), recipient, 1) // the deposit does not cover its fees
	setPair(&expensive.GasFees, gwei(2), gwei(5_000))
	module := bindings.NewSafe4337Module()
	for _, c := range []struct {
		name string
		op   bindings.PackedUserOperation
	}{
		{"first of a lane, new recipient", w.payment(nonce(0, 0), common.Address{0x71}, 1)},
		{"second of a lane, while the first waits", w.payment(nonce(0, 1), common.Address{0x71}, 1)},
		{"20 transfers", w.batch(nonce(1, 0), 20)},
		{"100 transfers", w.batch(nonce(2, 0), 100)},
		{"native payment", w.operation(nonce(3, 0), module.PackExecuteUserOp(common.Address{0x72}, big.NewInt(1), nil, 0))},
		{"a call that does nothing with much data", w.operation(nonce(4, 0), module.PackExecuteUserOp(common.Address{0x73}, new(big.Int), bytes.Repeat([]byte{0xff}, 20_000), 0))},
		{"deposit into the EntryPoint", w.operation(nonce(5, 0), module.PackExecuteUserOp(w.EntryPoint, big.NewInt(1e15), bindings.NewEntryPoint().PackDepositTo(w.wallet), 0))},
		{"paid from the wallet's balance", expensive},
	} {
		t.Run(c.name, func(t *testing.T) {
			op := w.ready(b, c.op)
			hash := w.send(b, op)
			if c.name == "first of a lane, new recipient" {
				return // lands with the next one
			}
			w.settle(b)
			receipt, err := b.UserOperationReceipt(t.Context(), hash)
			check(t, err)
			if receipt == nil || !receipt.Success {
				t.Fatalf("receipt %+v", receipt)
			}
			limits := new(big.Int).SetBytes(op.AccountGasLimits[:16])
			limits.Add(limits, new(big.Int).SetBytes(op.AccountGasLimits[16:])).Add(limits, op.PreVerificationGas)
			tx, err := w.Eth().TransactionReceipt(t.Context(), w.landed())
			check(t, err)
			used := receipt.ActualGasUsed.ToInt()
			t.Logf("limits %s, charged %s, transaction %d", limits, used, tx.GasUsed)
			if len(receipt.Logs) > 0 && c.name != "second of a lane, while the first waits" && used.Uint64() < tx.GasUsed {
				t.Errorf("the operation paid for %s gas, the bundle used %d", used, tx.GasUsed)
			}
		})
	}
}

func TestEstimateOfARevertingCallSaysSo(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	_, err := b.EstimateUserOperationGas(t.Context(), userOperation(w.payment(nonce(0, 0), recipient, 2_000_000)), w.EntryPoint)
	var refused *bundler.Error
	if !errors.As(err, &refused) || refused.Code != bundler.CodeExecution {
		t.Fatalf("got %v, want code %d", err, bundler.CodeExecution)
	}
	if want := bindings.Safe4337ModuleExecutionFailedErrorID(); !bytes.Equal(refused.Data, want[:4]) {
		t.Errorf("revert data %x, want ExecutionFailed()", refused.Data)
	}
}

// batch pays one unit each to so many recipients.
func (w *world) batch(nonce *big.Int, payments int) bindings.PackedUserOperation {
	var inner []byte
	for i := range payments {
		call := bindings.NewTestToken().PackTransfer(common.Address{0x80, byte(i)}, big.NewInt(1))
		inner = append(inner, 0)
		inner = append(inner, w.Token[:]...)
		inner = append(inner, make([]byte, 32)...)
		inner = append(inner, common.LeftPadBytes(big.NewInt(int64(len(call))).Bytes(), 32)...)
		inner = append(inner, call...)
	}
	data := bindings.NewMultiSendCallOnly().PackMultiSend(inner)
	return w.operation(nonce, bindings.NewSafe4337Module().PackExecuteUserOp(w.MultiSendCallOnly, new(big.Int), data, 1))
}
