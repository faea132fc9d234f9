package bundler

import (
	"bytes"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer/bindings"
)

// Gas that a transaction pays for its data: EIP-2028 and EIP-7623. A token is a quarter
// of a nonzero byte.
const (
	txGas            = 21_000
	tokensPerNonzero = 4
	gasPerToken      = 4
	floorPerToken    = 10
)

// The reference bundler's model of what the EntryPoint does for an operation outside the
// gas that the operation's own limits cover (eth-infinitism, PreVerificationGasCalculator).
const (
	fixedOverhead     = 9_830
	operationOverhead = 7_260
	gasPerTwoWords    = 19
)

// Gas that innerHandleOp wants to see left beyond the operation's limits before it runs
// (INNER_GAS_OVERHEAD), and what we add for the loops around it.
const (
	innerOverhead = 10_000
	bundleSlack   = 50_000
)

func tokens(data []byte) uint64 {
	zero := uint64(bytes.Count(data, []byte{0})) // #nosec G115 -- a count
	return zero + tokensPerNonzero*(uint64(len(data))-zero)
}

// intrinsicGas is what a transaction with this data costs before it does anything, and
// floorGas what it costs at least (EIP-7623).
func intrinsicGas(data []byte) uint64 { return txGas + gasPerToken*tokens(data) }
func floorGas(data []byte) uint64     { return txGas + floorPerToken*tokens(data) }

// requiredPreVerificationGas is the least preVerificationGas we accept, and what we
// estimate. It assumes a bundle of one. So that an operation costs the same before and
// after its gas, fees and signature are filled in, those count as nonzero bytes; only the
// signature's length matters.
//
// Where the data is so large that the transaction pays the floor of EIP-7623, the
// difference is added, less the tenth of callGasLimit that the EntryPoint charges in any
// case.
func requiredPreVerificationGas(op bindings.PackedUserOperation) uint64 {
	_, callGas := unpack128(op.AccountGasLimits)
	counted := op
	counted.AccountGasLimits, counted.GasFees = ones(), ones()
	counted.PreVerificationGas = new(big.Int).SetUint64(0xffffffff)
	counted.Signature = bytes.Repeat([]byte{0xff}, len(op.Signature))
	data := packHandleOps([]bindings.PackedUserOperation{counted}, common.Address(bytes.Repeat([]byte{0xff}, common.AddressLength)))

	words := uint64(len(data)+31) / 32
	overhead := fixedOverhead + operationOverhead + (gasPerTwoWords*words+1)/2
	gas := intrinsicGas(data) + overhead
	if floor, least := floorGas(data), gas+callGas.Uint64()/10; floor > least {
		gas += floor - least
	}
	return gas
}

// ones is a pair of 16-byte numbers of which the lower 5 bytes are not zero: as large as
// gas limits and fees get.
func ones() (b [32]byte) {
	for i := range 5 {
		b[15-i], b[31-i] = 0xff, 0xff
	}
	return b
}

// bundleGas is a gas limit for handleOps with which no operation can run out of gas for
// want of the bundle's (AA95): every limit in full, and the 64th that a call leaves behind.
func bundleGas(ops []bindings.PackedUserOperation, data []byte) uint64 {
	gas := max(intrinsicGas(data), floorGas(data)) + bundleSlack
	for _, op := range ops {
		gas += operationGas(op)
	}
	return gas
}

// operationGas is what an operation adds to a bundle's gas limit, its data aside.
func operationGas(op bindings.PackedUserOperation) uint64 {
	verification, callGas := unpack128(op.AccountGasLimits)
	inner := callGas.Uint64() + innerOverhead
	outer := verification.Uint64() + fixedOverhead + operationOverhead
	if len(op.PaymasterAndData) >= paymasterDataOffset {
		outer += new(big.Int).SetBytes(op.PaymasterAndData[20:36]).Uint64()
		inner += new(big.Int).SetBytes(op.PaymasterAndData[36:52]).Uint64()
	}
	return outer + inner*64/63
}

const paymasterDataOffset = 52

// unpack128 splits the EntryPoint's pairs of 128-bit numbers.
func unpack128(b [32]byte) (high, low *big.Int) {
	return new(big.Int).SetBytes(b[:16]), new(big.Int).SetBytes(b[16:])
}

// bump raises a fee by an eighth, rounded up, and by one wei at least: what every known
// pool accepts as a replacement.
func bump(fee *big.Int) *big.Int {
	more := new(big.Int).Rsh(fee, 3)
	return more.Add(more, fee).Add(more, big.NewInt(1))
}
