package evm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer"
)

// Fees is what a transaction offers per gas, in wei (EIP-1559). The block's base fee plus
// Priority is paid, and never more than Max: headroom in Max costs nothing.
type Fees struct {
	Max      coffer.Amount
	Priority coffer.Amount
}

func (f Fees) check() error {
	if f.Max.Int().BitLen() > 128 || f.Priority.Cmp(f.Max) > 0 {
		return errors.New("fees: want priority ≤ max < 2^128 wei per gas")
	}
	return nil
}

// Fee suggestion.
const (
	feeHistoryBlocks  = 10
	feePercentile     = 50
	baseFeeHeadroom   = 2 // a full block raises the base fee by 1/8: twice is six full blocks
	bumpNumerator     = 9 // pools take a replacement that pays 1/8 more on both fields
	bumpDenominator   = 8
	maxBaseFeeBits    = 80 // a sane node's base fee; 2^80 wei is a million ether per gas
	maxPriorityFeeWei = 500e9
	minPriorityFeeWei = 1e6
)

// ErrFeeBudget is returned when no fee inside the bound would be accepted.
var ErrFeeBudget = coffer.ErrFeeBudget

// SuggestFees reads the market: twice the next block's base fee plus the median priority
// fee of the last ten blocks, which is kept between 0.001 and 500 gwei. base is the next
// block's base fee, zero where blocks have none.
func (c *Client) SuggestFees(ctx context.Context) (fees Fees, base coffer.Amount, err error) {
	var history struct {
		Reward  [][]*hexutil.Big `json:"reward"`
		BaseFee []*hexutil.Big   `json:"baseFeePerGas"`
	}
	if err := c.rpc.CallContext(ctx, &history, "eth_feeHistory", hexutil.Uint64(feeHistoryBlocks), "latest", []int{feePercentile}); err != nil {
		return Fees{}, coffer.Amount{}, fmt.Errorf("fee history of %s: %w", c.config.Chain, err)
	}
	next := new(big.Int)
	if n := len(history.BaseFee); n > 0 && history.BaseFee[n-1] != nil {
		next = history.BaseFee[n-1].ToInt()
	}
	if next.Sign() < 0 || next.BitLen() > maxBaseFeeBits {
		return Fees{}, coffer.Amount{}, fmt.Errorf("fee history of %s: base fee %s", c.config.Chain, next)
	}
	var rewards []*big.Int
	for _, reward := range history.Reward {
		if len(reward) == 1 && reward[0] != nil {
			rewards = append(rewards, reward[0].ToInt())
		}
	}
	priority := big.NewInt(minPriorityFeeWei)
	if len(rewards) > 0 {
		slices.SortFunc(rewards, (*big.Int).Cmp)
		if median := rewards[len(rewards)/2]; median.Cmp(priority) > 0 {
			priority = median
		}
	}
	if most := big.NewInt(maxPriorityFeeWei); priority.Cmp(most) > 0 {
		priority = most
	}
	highest := new(big.Int).Mul(next, big.NewInt(baseFeeHeadroom))
	if base, err = amountFromBig(next); err != nil {
		return Fees{}, coffer.Amount{}, err
	}
	if fees.Max, err = amountFromBig(highest.Add(highest, priority)); err != nil {
		return Fees{}, coffer.Amount{}, err
	}
	fees.Priority, err = amountFromBig(priority)
	return fees, base, err
}

// Bump raises fees so far that they replace every earlier ones: by at least 1/8 on both
// fields, rounded up.
func (f Fees) Bump(earlier ...Fees) (Fees, error) {
	for _, e := range earlier {
		for _, field := range []struct{ now, before *coffer.Amount }{{&f.Max, &e.Max}, {&f.Priority, &e.Priority}} {
			least, err := raised(*field.before)
			if err != nil {
				return Fees{}, err
			}
			if field.now.Cmp(least) < 0 {
				*field.now = least
			}
		}
	}
	if f.Priority.Cmp(f.Max) > 0 {
		f.Max = f.Priority
	}
	return f, f.check()
}

// Toward raises the priority fee along a straight line: what the first attempt offered at
// the time it was built, and all that the highest price per gas leaves above the base fee
// when whole has passed. Max follows, with f's headroom, and is at most the highest price.
func (f Fees) Toward(first Fees, base, highest coffer.Amount, passed, whole time.Duration) (Fees, error) {
	room, err := highest.Sub(base)
	if err != nil || room.Cmp(first.Priority) <= 0 || passed <= 0 || whole <= 0 {
		return f, f.check() // no room: what the market and replacements demand decides
	}
	climb, err := room.Sub(first.Priority)
	if err != nil {
		return Fees{}, err
	}
	part, overflow := new(uint256.Int).MulDivOverflow(climb.Int(), uint256.NewInt(uint64(min(passed, whole))), uint256.NewInt(uint64(whole))) // #nosec G115 -- positive
	if overflow {
		return Fees{}, coffer.ErrAmountRange
	}
	target, err := first.Priority.Add(coffer.AmountFromInt(part))
	if err != nil || target.Cmp(f.Priority) <= 0 {
		return f, err
	}
	more, err := target.Sub(f.Priority)
	if err != nil {
		return Fees{}, err
	}
	if f.Max, err = f.Max.Add(more); err != nil {
		return Fees{}, err
	}
	if f.Max.Cmp(highest) > 0 {
		f.Max = highest
	}
	f.Priority = target
	return f, f.check()
}

// raised is 9/8 of a fee, rounded up, and more than the fee.
func raised(fee coffer.Amount) (coffer.Amount, error) {
	n, overflow := new(uint256.Int).MulOverflow(fee.Int(), uint256.NewInt(bumpNumerator))
	if overflow {
		return coffer.Amount{}, coffer.ErrAmountRange
	}
	n.AddUint64(n, bumpDenominator-1)
	n.Div(n, uint256.NewInt(bumpDenominator))
	if n.Cmp(fee.Int()) <= 0 {
		n.AddUint64(fee.Int(), 1)
	}
	return coffer.AmountFromInt(n), nil
}

// Cap lowers the headroom so that gas at the highest fee costs at most bound. Below least,
// what a block or a replacement demands, it is ErrFeeBudget.
func (f Fees) Cap(gas uint64, bound, least coffer.Amount) (Fees, error) {
	if gas == 0 {
		return f, f.check()
	}
	most := coffer.AmountFromInt(new(uint256.Int).Div(bound.Int(), uint256.NewInt(gas)))
	if f.Max.Cmp(most) <= 0 {
		return f, f.check()
	}
	if most.Cmp(least) < 0 || most.Cmp(f.Priority) < 0 {
		return Fees{}, fmt.Errorf("%w: %d gas at %s wei or more, within %s wei", ErrFeeBudget, gas, least, bound)
	}
	f.Max = most
	return f, f.check()
}

// Total is the gas an operation may use at most.
func (g Gas) Total() uint64 { return g.Verification + g.Call + g.PreVerification }

// gasJSON is the answer of eth_estimateUserOperationGas (ERC-7769).
type gasJSON struct {
	PreVerificationGas   hexutil.Uint64 `json:"preVerificationGas"`
	VerificationGasLimit hexutil.Uint64 `json:"verificationGasLimit"`
	CallGasLimit         hexutil.Uint64 `json:"callGasLimit"`
}

// MarshalJSON implements json.Marshaler.
func (g Gas) MarshalJSON() ([]byte, error) {
	return json.Marshal(gasJSON{hexutil.Uint64(g.PreVerification), hexutil.Uint64(g.Verification), hexutil.Uint64(g.Call)})
}

// UnmarshalJSON implements json.Unmarshaler; fields of paymasters are ignored.
func (g *Gas) UnmarshalJSON(b []byte) error {
	var j gasJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return fmt.Errorf("gas estimate: %w", err)
	}
	*g = Gas{uint64(j.VerificationGasLimit), uint64(j.CallGasLimit), uint64(j.PreVerificationGas)}
	return nil
}
