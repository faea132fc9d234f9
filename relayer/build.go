package relayer

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/rpc"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// What is added to a bundler's estimate. Unused verification gas costs nothing, a tenth of
// unused call gas is lost, pre-verification gas is paid in full.
const (
	verificationFloor    = 120_000 // validateUserOp of a Safe, without owners
	verificationPerOwner = 15_000  // one ECDSA owner; a dummy signature stops at the first
	firstOfLaneGas       = 25_000  // the lane's nonce goes from zero to one
	verificationMargin   = 8       // one part in
	callMargin           = 20
	preVerificationSlack = 500 // bytes that are zero in the estimate and not in the operation
	signatureLength      = 65
	maxGasEstimate       = 1 << 32 // of anything; beyond every block
)

// Build implements coffer.Wallet. It asks the node for fees and the bundler for gas. Fees
// beat every earlier attempt by at least 12.5 % on both fields, and rise along a line to the
// intent's fee bound by the time it expires; headroom above what the
// next block demands is given up first when the intent's fee bound is near, and
// evm.ErrFeeBudget says that there is no fee left to bid. Of a Safe transaction there is one
// attempt (ErrOneAttempt), and one more that cancels it.
func (w *Wallet) Build(ctx context.Context, i coffer.Intent, prev []coffer.Attempt) (coffer.Unsigned, error) {
	if left := i.Expires.Sub(w.clock()); left < minValidity || left > maxValidity {
		return coffer.Unsigned{}, fmt.Errorf("build %s: it expires in %s; want %s to %s", i.ID, left, minValidity, maxValidity)
	}
	if i.Path == coffer.PathExec {
		u, err := w.buildExec(ctx, i, prev)
		if err != nil {
			return coffer.Unsigned{}, fmt.Errorf("build %s: %w", i.ID, err)
		}
		return u, nil
	}
	earlier, gas, err := history(prev)
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("build %s: %w", i.ID, err)
	}
	suggested, base, err := w.client.SuggestFees(ctx)
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("build %s: %w", i.ID, err)
	}
	fees, least, err := bid(suggested, base, earlier)
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("build %s: %w", i.ID, err)
	}
	validity := evm.Validity{Until: i.Expires}

	estimate, err := w.estimate(ctx, i, fees, validity)
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("build %s: %w", i.ID, err)
	}
	gas = most(gas, estimate)
	if fees, err = w.climb(i, prev, earlier, fees, base, gas); err != nil {
		return coffer.Unsigned{}, fmt.Errorf("build %s: %w", i.ID, err)
	}
	if fees, err = fees.Cap(gas.Total(), i.FeeBound, least); err != nil {
		return coffer.Unsigned{}, fmt.Errorf("build %s: %w", i.ID, err)
	}
	op, err := evm.BuildUserOp(i, w.safe, gas, fees, validity)
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("build %s: %w", i.ID, err)
	}
	return evm.NewUnsigned(w.safe, op, validity, uint32(len(prev))) // #nosec G115 -- attempts are few
}

// history reads the fees of earlier attempts and the most gas any of them allowed.
func history(prev []coffer.Attempt) ([]evm.Fees, evm.Gas, error) {
	var fees []evm.Fees
	var gas evm.Gas
	for _, attempt := range prev {
		op, _, err := evm.DecodeUnsigned(attempt.Unsigned)
		if err != nil {
			return nil, evm.Gas{}, fmt.Errorf("attempt %d: %w", attempt.Number, err)
		}
		fees = append(fees, evm.Fees{Max: coffer.AmountFromInt(&op.MaxFeePerGas), Priority: coffer.AmountFromInt(&op.MaxPriorityFeePerGas)})
		gas = most(gas, evm.Gas{Verification: op.VerificationGasLimit, Call: op.CallGasLimit, PreVerification: op.PreVerificationGas})
	}
	return fees, gas, nil
}

func most(a, b evm.Gas) evm.Gas {
	return evm.Gas{
		Verification:    max(a.Verification, b.Verification),
		Call:            max(a.Call, b.Call),
		PreVerification: max(a.PreVerification, b.PreVerification),
	}
}

// bid returns the fees to offer and the least highest fee that would do: what the next
// block demands now, and a replacement of earlier attempts.
func bid(suggested evm.Fees, base coffer.Amount, earlier []evm.Fees) (evm.Fees, coffer.Amount, error) {
	bare, err := base.Add(suggested.Priority)
	if err != nil {
		return evm.Fees{}, coffer.Amount{}, err
	}
	minimal, err := evm.Fees{Max: bare, Priority: suggested.Priority}.Bump(earlier...)
	if err != nil {
		return evm.Fees{}, coffer.Amount{}, err
	}
	fees, err := suggested.Bump(earlier...)
	return fees, minimal.Max, err
}

// climb moves the fees of a later attempt along the line from what the first one offered to
// the whole of the intent's budget, which it reaches when there is only time left for a
// bundler to take the operation.
func (w *Wallet) climb(i coffer.Intent, prev []coffer.Attempt, earlier []evm.Fees, fees evm.Fees, base coffer.Amount, gas evm.Gas) (evm.Fees, error) {
	if len(prev) == 0 || prev[0].At.IsZero() || gas.Total() == 0 {
		return fees, nil
	}
	highest := coffer.AmountFromInt(new(uint256.Int).Div(i.FeeBound.Int(), uint256.NewInt(gas.Total())))
	begun := prev[0].At
	fees, err := fees.Toward(earlier[0], base, highest, w.clock().Sub(begun), i.Expires.Sub(begun)-minValidity)
	if err != nil {
		return evm.Fees{}, err
	}
	return fees.Bump(earlier...)
}

// estimate asks the bundler and adds margins.
func (w *Wallet) estimate(ctx context.Context, i coffer.Intent, fees evm.Fees, v evm.Validity) (evm.Gas, error) {
	op, err := evm.BuildUserOp(i, w.safe, evm.Gas{}, fees, v)
	if err != nil {
		return evm.Gas{}, err
	}
	op.Signature = dummySignature(w.safe.Threshold)
	gas, err := w.sender.EstimateUserOperationGas(ctx, op, w.safe.EntryPoint)
	if err != nil {
		return evm.Gas{}, fmt.Errorf("estimate gas: %w", wouldFail(err))
	}
	if max(gas.Verification, gas.Call, gas.PreVerification) > maxGasEstimate {
		return evm.Gas{}, errors.New("estimate gas: beyond every block")
	}
	floor := uint64(verificationFloor + verificationPerOwner*w.safe.Threshold) // #nosec G115 -- at most evm.MaxOwners
	if i.Slot.Sequence == 0 {
		floor += firstOfLaneGas
	}
	return evm.Gas{
		Verification:    max(gas.Verification+gas.Verification/verificationMargin, floor),
		Call:            gas.Call + gas.Call/callMargin,
		PreVerification: gas.PreVerification + preVerificationSlack,
	}, nil
}

// codeExecution says that an operation's call reverts (ERC-7769).
const codeExecution = -32521

// wouldFail marks a bundler's refusal to estimate a call that reverts.
func wouldFail(err error) error {
	var refusal rpc.Error
	if errors.As(err, &refusal) && refusal.ErrorCode() == codeExecution || evm.Classify(err) == evm.Reverted {
		return fmt.Errorf("%w: %w", ErrWouldFail, err)
	}
	return err
}

// dummySignature has the length and shape of a real one and no zero byte, so that calldata
// costs at least as much.
func dummySignature(threshold int) []byte {
	signature := bytes.Repeat([]byte{0x11}, 12+threshold*signatureLength)
	for owner := range threshold {
		signature[12+owner*signatureLength+signatureLength-1] = 27
	}
	return signature
}
