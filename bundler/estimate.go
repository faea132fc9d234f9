package bundler

import (
	"context"
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/evm"
)

// What estimates add to measurements: gas depends a little on state that moves between
// estimate and inclusion. The EntryPoint gives unused verification gas back, and keeps a
// tenth of unused call gas.
const (
	verificationSlack = 4_000  // and a sixteenth
	callSlack         = 5_000  // and a tenth
	signatureGas      = 10_000 // for each owner's signature that a dummy did not get to
	signatureBytes    = 65
)

// EstimateUserOperationGas measures what an operation needs: SendUserOperation accepts it
// with these values. The signature may be a dummy of the right length. The nonce may be
// any that is still to come; the first of a lane costs the 22 100 gas of a new slot, which
// is measured too. An *Error with CodeExecution says that the call reverts.
func (b *Bundler) EstimateUserOperationGas(ctx context.Context, op evm.UserOperation, entryPoint common.Address) (evm.Gas, error) {
	o, err := b.read(op, entryPoint)
	if err != nil {
		return evm.Gas{}, err
	}
	if len(o.packed.InitCode) > 0 {
		return evm.Gas{}, invalid("factory", "is not supported in estimates: deploy the account first")
	}
	if len(o.packed.PaymasterAndData) > 0 && paymasterGas(o.packed, 20).Sign() == 0 {
		return evm.Gas{}, invalid("paymasterVerificationGasLimit", "is not estimated: say what the paymaster needs")
	}

	callGas, err := b.estimateCall(ctx, o.packed)
	if err != nil {
		return evm.Gas{}, err
	}
	verification, err := b.estimateVerification(ctx, o.packed, callGas)
	if err != nil {
		return evm.Gas{}, err
	}
	complete := withGas(o.packed, verification, callGas)
	complete.PreVerificationGas = new(big.Int).SetUint64(requiredPreVerificationGas(complete))
	if err := b.limits.checkGas(complete); err != nil {
		return evm.Gas{}, err
	}
	return gasOf(complete), nil
}

// estimateCall is the gas that the account's call needs, from the EntryPoint as in
// handleOps. Storage is cold here and warm there, so it errs upwards.
func (b *Bundler) estimateCall(ctx context.Context, op bindings.PackedUserOperation) (uint64, error) {
	limit := min(b.limits.MaxCallGas+intrinsicGas(op.CallData), simulationGas)
	gas, err := b.node.estimate(ctx, call{From: b.entryPoint, To: op.Sender, Data: op.CallData, Gas: hexutil.Uint64(limit)})
	var reverted *revertError
	if errors.As(err, &reverted) {
		return 0, &Error{Code: CodeExecution, Field: "callData", Message: "the call reverts", Data: reverted.data}
	}
	if err != nil {
		return 0, err
	}
	gas -= min(gas, intrinsicGas(op.CallData))
	return gas + gas/10 + callSlack, nil
}

// estimateVerification is the gas of the verification phase. Where the deposit does not
// cover the operation's fees the account has to pay for it, which is measured as well.
func (b *Bundler) estimateVerification(ctx context.Context, op bindings.PackedUserOperation, callGas uint64) (uint64, error) {
	deposit, err := b.deposit(ctx, op.Sender)
	if err != nil {
		return 0, err
	}
	price := big.NewInt(1)
	gas, err := b.measure(ctx, op, price)
	if err != nil {
		return 0, err
	}
	if len(op.PaymasterAndData) > 0 {
		return gas, nil
	}
	_, fee := unpack128(op.GasFees)
	need := new(big.Int).SetUint64(gas + callGas + requiredPreVerificationGas(withGas(op, gas, callGas)))
	if deposit.Cmp(need.Mul(need, fee)) >= 0 {
		return gas, nil
	}
	price.Div(deposit, new(big.Int).SetUint64(b.limits.MaxVerificationGas)).Add(price, big.NewInt(1))
	return b.measure(ctx, op, price)
}

// measure simulates validation at a gas price, in wei, with money for it in the account.
func (b *Bundler) measure(ctx context.Context, op bindings.PackedUserOperation, price *big.Int) (uint64, error) {
	op = withGas(op, b.limits.MaxVerificationGas, 0)
	op.PreVerificationGas = new(big.Int)
	price.FillBytes(op.GasFees[:16])
	price.FillBytes(op.GasFees[16:])
	money := new(big.Int).SetUint64(b.limits.MaxVerificationGas)
	money.Mul(money, price)
	v, err := b.simulateValidation(ctx, op, overrides{op.Sender: {Balance: (*hexutil.Big)(money)}})
	if err != nil {
		return 0, err
	}
	gas := v.gas
	if v.account.authoriser == signatureFailed {
		gas += uint64(len(op.Signature)) / signatureBytes * signatureGas
	}
	return gas + gas/16 + verificationSlack, nil
}

func (b *Bundler) deposit(ctx context.Context, account common.Address) (*big.Int, error) {
	out, err := b.node.call(ctx, call{To: b.entryPoint, Data: entryPointABI.PackBalanceOf(account)}, nil)
	if err != nil {
		return nil, err
	}
	return entryPointABI.UnpackBalanceOf(out)
}

// withGas is an operation with other gas limits.
func withGas(op bindings.PackedUserOperation, verification, callGas uint64) bindings.PackedUserOperation {
	new(big.Int).SetUint64(verification).FillBytes(op.AccountGasLimits[:16])
	new(big.Int).SetUint64(callGas).FillBytes(op.AccountGasLimits[16:])
	return op
}
