package bundler_test

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/evm"
)

// userOperation is the unpacked form; gas limits beyond 64 bits have none.
func userOperation(op bindings.PackedUserOperation) evm.UserOperation {
	u := evm.UserOperation{
		Sender: op.Sender, Nonce: *uint256.MustFromBig(op.Nonce), CallData: op.CallData, Signature: op.Signature,
		VerificationGasLimit: new(big.Int).SetBytes(op.AccountGasLimits[:16]).Uint64(),
		CallGasLimit:         new(big.Int).SetBytes(op.AccountGasLimits[16:]).Uint64(),
		PreVerificationGas:   op.PreVerificationGas.Uint64(),
		MaxPriorityFeePerGas: *new(uint256.Int).SetBytes(op.GasFees[:16]),
		MaxFeePerGas:         *new(uint256.Int).SetBytes(op.GasFees[16:]),
	}
	if len(op.InitCode) > 0 {
		factory := common.Address(op.InitCode[:20])
		u.Factory, u.FactoryData = &factory, op.InitCode[20:]
	}
	return u
}

func withEstimate(op bindings.PackedUserOperation, gas evm.Gas) bindings.PackedUserOperation {
	n := func(v uint64) *big.Int { return new(big.Int).SetUint64(v) }
	setPair(&op.AccountGasLimits, n(gas.Verification), n(gas.Call))
	op.PreVerificationGas = n(gas.PreVerification)
	return op
}
