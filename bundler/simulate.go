package bundler

import (
	"context"
	"errors"
	"math/big"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/bindings"
)

var (
	entryPointABI  = bindings.NewEntryPoint()
	simulationsABI = bindings.NewEntryPointSimulations()

	userOperationEvent  = entryPointABI.GetABI().Events["UserOperationEvent"].ID
	beforeExecution     = entryPointABI.GetABI().Events["BeforeExecution"].ID
	userOperationRevert = entryPointABI.GetABI().Events["UserOperationRevertReason"].ID

	// simulationsCode is the runtime code of EntryPointSimulations v0.7, which a call puts
	// in the EntryPoint's place: the same contract with functions to look inside.
	simulationsCode = sync.OnceValue(func() []byte {
		return hexutil.MustDecode(bindings.EntryPointSimulationsMetaData.Bin)
	})
)

// simulationGas is the gas of a simulated call, below what nodes and EIP-7825 allow.
const simulationGas = 16_000_000

func packHandleOps(ops []bindings.PackedUserOperation, beneficiary common.Address) []byte {
	return entryPointABI.PackHandleOps(ops, beneficiary)
}

// failure is what the EntryPoint says about an operation that it refuses.
type failure struct {
	index  uint64 // of the operation in the bundle
	code   string // "AA24"
	reason string // "AA24 signature error"
	inner  []byte // what the account or paymaster said
}

// decodeFailure reads FailedOp and FailedOpWithRevert. It reports false for anything else.
func decodeFailure(data []byte) (failure, bool) {
	if len(data) < 4 {
		return failure{}, false
	}
	decoded, err := entryPointABI.UnpackError(data)
	if err != nil {
		return failure{}, false
	}
	var index *big.Int
	f := failure{}
	switch e := decoded.(type) {
	case *bindings.EntryPointFailedOp:
		index, f.reason = e.OpIndex, e.Reason
	case *bindings.EntryPointFailedOpWithRevert:
		index, f.reason, f.inner = e.OpIndex, e.Reason, e.Inner
	default:
		return failure{}, false
	}
	if !index.IsUint64() || len(f.reason) < 4 {
		return failure{}, false
	}
	f.index, f.code = index.Uint64(), f.reason[:4]
	return f, true
}

// refusal is the error of ERC-7769 for what the EntryPoint said.
func (f failure) refusal() *Error {
	code := CodeRejected
	switch {
	case f.code == "AA22" || f.code == "AA32":
		code = CodeTimeRange
	case f.code == "AA24" || f.code == "AA34":
		code = CodeSignature
	case f.code == "AA31":
		code = CodePaymasterDeposit
	case f.code[:3] == "AA3":
		code = CodePaymaster
	}
	return &Error{Code: code, Message: f.reason, Data: f.inner}
}

// refusedBy turns a failed call of the EntryPoint into the refusal of its one operation.
// Errors of another kind, such as a silent node, stay what they are.
func refusedBy(err error) error {
	var reverted *revertError
	if !errors.As(err, &reverted) {
		return err
	}
	if f, ok := decodeFailure(reverted.data); ok {
		return f.refusal()
	}
	return &Error{Code: CodeRejected, Message: "the EntryPoint reverts without naming an operation", Data: reverted.data}
}

// validation is what simulateValidation says of an operation.
type validation struct {
	gas       uint64 // of the verification phase, preVerificationGas not counted
	account   validity
	paymaster validity
}

// validity is ERC-4337 validation data: authoriser 0 for a good signature, 1 for a bad
// one, else an aggregator. Seconds; until 0 is for ever.
type validity struct {
	authoriser common.Address
	after      uint64
	until      uint64
}

var signatureFailed = common.Address{19: 1}

func parseValidity(data *big.Int) validity {
	var b [32]byte
	data.FillBytes(b[:])
	return validity{
		authoriser: common.Address(b[12:]),
		until:      new(big.Int).SetBytes(b[6:12]).Uint64(),
		after:      new(big.Int).SetBytes(b[:6]).Uint64(),
	}
}

// simulateValidation runs the EntryPoint's validation of one operation with its nonce in
// place, whatever the chain's is. A bad signature is not an error here.
func (b *Bundler) simulateValidation(ctx context.Context, op bindings.PackedUserOperation, extra overrides) (validation, error) {
	o := overrides{b.entryPoint: {
		Code:      simulationsCode(),
		StateDiff: map[common.Hash]common.Hash{nonceSlot(op): common.BigToHash(sequence(op))},
	}}
	for account, with := range extra {
		o[account] = with
	}
	out, err := b.node.call(ctx, call{To: b.entryPoint, Data: simulationsABI.PackSimulateValidation(op), Gas: simulationGas}, o)
	if err != nil {
		return validation{}, refusedBy(err)
	}
	result, err := simulationsABI.UnpackSimulateValidation(out)
	if err != nil {
		return validation{}, err
	}
	info := result.ReturnInfo
	return validation{
		gas:       new(big.Int).Sub(info.PreOpGas, op.PreVerificationGas).Uint64(),
		account:   parseValidity(info.AccountValidationData),
		paymaster: parseValidity(info.PaymasterValidationData),
	}, nil
}

// simulateBundle runs handleOps as an executor would send it now. What it returns is a
// revertError when it would revert.
func (b *Bundler) simulateBundle(ctx context.Context, from common.Address, data []byte, gas uint64) error {
	_, err := b.node.call(ctx, call{From: from, To: b.entryPoint, Data: data, Gas: hexutil.Uint64(gas)}, nil)
	return err
}

// nonceSlot is where NonceManager keeps a sender's sequence in a lane: the nested mapping
// nonceSequenceNumber in storage slot 1 of EntryPoint v0.7.
func nonceSlot(op bindings.PackedUserOperation) common.Hash {
	bySender := crypto.Keccak256(common.LeftPadBytes(op.Sender[:], 32), common.LeftPadBytes([]byte{1}, 32))
	return crypto.Keccak256Hash(common.LeftPadBytes(lane(op), 32), bySender)
}

// lane is the upper 192 bits of the nonce, 24 bytes; sequence the lower 64.
func lane(op bindings.PackedUserOperation) []byte {
	var b [32]byte
	op.Nonce.FillBytes(b[:])
	return b[:24]
}

func sequence(op bindings.PackedUserOperation) *big.Int {
	return new(big.Int).SetUint64(new(big.Int).And(op.Nonce, maxUint64).Uint64())
}

var maxUint64 = new(big.Int).SetUint64(1<<64 - 1)
