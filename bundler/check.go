package bundler

import (
	"math/big"

	"github.com/cofferhq/coffer/bindings"
)

// maxFeeBits bounds fees so that no sum or product of theirs overflows (AA94 at 120 bits
// for gas values and fees).
const maxFeeBits = 120

// checkShape checks what needs neither the chain nor filled-in gas: sizes and the pairing
// of fields.
func (l Limits) checkShape(op bindings.PackedUserOperation) error {
	size := len(packHandleOps([]bindings.PackedUserOperation{op}, op.Sender))
	switch {
	case len(op.Signature) > l.MaxSignatureBytes:
		return invalid("signature", "has %d bytes, at most %d are taken", len(op.Signature), l.MaxSignatureBytes)
	case size > l.MaxOperationBytes:
		return invalid("callData", "makes the operation %d bytes long, at most %d are taken", size, l.MaxOperationBytes)
	case op.Sender == [20]byte{}:
		return invalid("sender", "is the zero address")
	case len(op.CallData) < 4:
		return invalid("callData", "holds no function selector")
	}
	return nil
}

// checkGas checks gas limits and fees of an operation that is complete. These are the
// limits that estimates stay within.
func (l Limits) checkGas(op bindings.PackedUserOperation) error {
	verification, callGas := unpack128(op.AccountGasLimits)
	tip, fee := unpack128(op.GasFees)
	for _, gas := range []struct {
		field string
		value *big.Int
		most  uint64
	}{
		{"verificationGasLimit", verification, l.MaxVerificationGas},
		{"callGasLimit", callGas, l.MaxCallGas},
		{"preVerificationGas", op.PreVerificationGas, l.MaxBundleGas},
		{"paymasterVerificationGasLimit", paymasterGas(op, 20), l.MaxVerificationGas},
		{"paymasterPostOpGasLimit", paymasterGas(op, 36), l.MaxCallGas},
	} {
		if gas.value.Cmp(new(big.Int).SetUint64(gas.most)) > 0 {
			return invalid(gas.field, "is %s, at most %d is taken", gas.value, gas.most)
		}
	}
	if verification.Sign() == 0 {
		return invalid("verificationGasLimit", "is zero")
	}
	if callGas.Sign() == 0 {
		return invalid("callGasLimit", "is zero")
	}
	if fee.BitLen() > maxFeeBits {
		return invalid("maxFeePerGas", "has more than %d bits", maxFeeBits)
	}
	if tip.Cmp(fee) > 0 {
		return invalid("maxPriorityFeePerGas", "is above maxFeePerGas")
	}
	if required := requiredPreVerificationGas(op); op.PreVerificationGas.Cmp(new(big.Int).SetUint64(required)) < 0 {
		return invalid("preVerificationGas", "is %s, too low: at least %d is needed", op.PreVerificationGas, required)
	}
	one := []bindings.PackedUserOperation{op}
	if gas := bundleGas(one, packHandleOps(one, op.Sender)); gas > l.MaxBundleGas {
		return invalid("callGasLimit", "makes a bundle of this operation alone need %d gas, at most %d is used", gas, l.MaxBundleGas)
	}
	return nil
}

// paymasterGas is the 128-bit number at an offset of paymasterAndData, zero without one.
func paymasterGas(op bindings.PackedUserOperation, at int) *big.Int {
	if len(op.PaymasterAndData) < paymasterDataOffset {
		return new(big.Int)
	}
	return new(big.Int).SetBytes(op.PaymasterAndData[at : at+16])
}

// checkReplacement checks that a second operation for the same nonce raises both fees by a
// tenth, rounded up.
func checkReplacement(oldFee, oldTip, fee, tip *big.Int) error {
	if least := tenthMore(oldFee); fee.Cmp(least) < 0 {
		return invalid("maxFeePerGas", "replacement underpriced: is %s, at least %s is needed to replace the operation with this nonce", fee, least)
	}
	if least := tenthMore(oldTip); tip.Cmp(least) < 0 {
		return invalid("maxPriorityFeePerGas", "replacement underpriced: is %s, at least %s is needed to replace the operation with this nonce", tip, least)
	}
	return nil
}

func tenthMore(fee *big.Int) *big.Int {
	more := new(big.Int).Mul(fee, big.NewInt(11))
	return more.Add(more, big.NewInt(9)).Div(more, big.NewInt(10))
}

// checkValidity judges what simulateValidation said, at the time of the latest block.
func (l Limits) checkValidity(v validation, now head) error {
	for _, part := range []struct {
		who  string
		bad  string
		code int
		validity
	}{
		{"the account", "AA24 signature error", CodeSignature, v.account},
		{"the paymaster", "AA34 signature error", CodeSignature, v.paymaster},
	} {
		switch {
		case part.authoriser == signatureFailed:
			return refuse(part.code, "%s", part.bad)
		case part.authoriser != [20]byte{}:
			return refuse(CodeAggregator, "%s asks for the signature aggregator %s, none is supported", part.who, part.authoriser)
		case part.after > now.Time:
			return refuse(CodeTimeRange, "%s makes it valid only after %d, the latest block is at %d", part.who, part.after, now.Time)
		case part.until != 0 && part.until < now.Time+uint64(l.MinValidity.Seconds()):
			return refuse(CodeTimeRange, "%s makes it valid until %d, too short: the latest block is at %d and %s are needed", part.who, part.until, now.Time, l.MinValidity)
		}
	}
	return nil
}
