package evm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

// FormatUserOp names the bytes of an unsigned user operation: the JSON object
// {"op": <ERC-7769 JSON without signature>, "validAfter": s, "validUntil": s} with exactly
// the spaces and the order that this package writes (none and this).
const FormatUserOp = "userop/v0.7"

// MaxPayments bounds the payments of one user operation: at 153 bytes of calldata each
// they stay below what pools take in one transaction.
const MaxPayments = 500

// Gas is what an operation may use, in gas. Its JSON form is the answer of
// eth_estimateUserOperationGas.
type Gas struct {
	Verification    uint64
	Call            uint64
	PreVerification uint64
}

// ErrFeeBound is returned when an operation could cost more than its intent allows.
var ErrFeeBound = errors.New("fee bound")

// BuildUserOp makes the user operation of an intent, without signature. One payment is one
// call of the token or the recipient; several go through MultiSendCallOnly in one
// operation. Sweeps are one call of the wallet's own forwarder factory. The wallet runs it with executeUserOpWithErrorString, so that a failure shows
// as success=false with its reason in the EntryPoint's events. Pure.
func BuildUserOp(i coffer.Intent, safe Safe, gas Gas, fees Fees, v Validity) (UserOperation, error) {
	if i.Chain != safe.Chain || i.Wallet != safe.Name() {
		return UserOperation{}, fmt.Errorf("build: the intent is for wallet %s of %s, not %s of %s", i.Wallet, i.Chain, safe.Name(), safe.Chain)
	}
	if i.Path != coffer.PathUserOp {
		return UserOperation{}, fmt.Errorf("build: path %q is not %s", i.Path, coffer.PathUserOp)
	}
	_, until, err := v.seconds()
	if err != nil {
		return UserOperation{}, fmt.Errorf("build: %w", err)
	}
	if expires := i.Expires.Unix(); expires < 0 || until > uint64(expires) {
		return UserOperation{}, errors.New("build: the signatures would outlive the intent")
	}
	nonce, err := nonceOf(i.Slot)
	if err != nil {
		return UserOperation{}, fmt.Errorf("build: %w", err)
	}
	c, operation, err := walletCall(safe, i)
	if err != nil {
		return UserOperation{}, fmt.Errorf("build: %w", err)
	}
	op := UserOperation{
		Sender:               safe.Address,
		Nonce:                nonce,
		CallData:             encodeExecute(c, operation),
		CallGasLimit:         gas.Call,
		VerificationGasLimit: gas.Verification,
		PreVerificationGas:   gas.PreVerification,
		MaxFeePerGas:         *fees.Max.Int(),
		MaxPriorityFeePerGas: *fees.Priority.Int(),
	}
	if err := fees.check(); err != nil {
		return UserOperation{}, fmt.Errorf("build: %w", err)
	}
	cost, err := op.MaxCost()
	if err != nil {
		return UserOperation{}, fmt.Errorf("build: fees: %w", err)
	}
	if cost.Cmp(i.FeeBound) > 0 {
		return UserOperation{}, fmt.Errorf("build: %w: the operation may cost %s wei, the intent allows %s", ErrFeeBound, cost, i.FeeBound)
	}
	return op, nil
}

// CancelTarget is what a wallet calls, with nothing, to use a slot up: an address that
// nobody has the key of and where no contract is.
var CancelTarget = common.HexToAddress("0x000000000000000000000000000000000000dEaD")

// walletCall is the one call that a wallet makes for an intent, and its operation.
func walletCall(safe Safe, i coffer.Intent) (call, uint8, error) {
	sweep, cancel := i.Purpose == coffer.PurposeSweep, i.Purpose == coffer.PurposeCancel
	switch {
	case sweep != (len(i.Sweeps) > 0):
		return call{}, 0, fmt.Errorf("%d sweeps for purpose %.40q", len(i.Sweeps), i.Purpose)
	case (sweep || cancel) && len(i.Payments)+len(i.Orders) > 0:
		return call{}, 0, fmt.Errorf("a %s pays nobody", i.Purpose)
	case cancel:
		return call{to: CancelTarget}, operationCall, nil
	case sweep:
		c, err := encodeSweeps(safe, i.Sweeps)
		return c, operationCall, err
	}
	return encodePayments(safe, i.Payments)
}

// isCancel reports whether a call does nothing but use its slot up.
func isCancel(c call, operation uint8) bool {
	return operation == operationCall && c.to == CancelTarget && c.value.IsZero() && len(c.data) == 0
}

// encodePayments makes the call of the wallet that pays.
func encodePayments(safe Safe, payments []coffer.Payment) (call, uint8, error) {
	if len(payments) == 0 || len(payments) > MaxPayments {
		return call{}, 0, fmt.Errorf("%d payments; want 1 to %d", len(payments), MaxPayments)
	}
	rules := safe.explainer()
	calls := make([]call, len(payments))
	for n, p := range payments {
		c, err := paymentCall(safe, p)
		if err == nil {
			// What the explainer would refuse is not built.
			_, err = rules.payment(safe.Address, c)
		}
		if err != nil {
			return call{}, 0, fmt.Errorf("payment %d: %w", n, err)
		}
		calls[n] = c
	}
	if len(calls) == 1 {
		return calls[0], operationCall, nil
	}
	var packed []byte
	for _, c := range calls {
		packed = appendPacked(packed, c)
	}
	return call{to: safe.MultiSend, data: bindings.NewMultiSendCallOnly().PackMultiSend(packed)}, operationDelegateCall, nil
}

// PaymentCall is the call that a wallet makes for one payment. Pure.
func PaymentCall(safe Safe, p coffer.Payment) (to common.Address, data []byte, value coffer.Amount, err error) {
	c, err := paymentCall(safe, p)
	return c.to, c.data, c.value, err
}

// paymentCall is the call that makes a payment.
func paymentCall(safe Safe, p coffer.Payment) (call, error) {
	if p.Memo != "" {
		return call{}, fmt.Errorf("memo %.40q: payments on %s carry none", p.Memo, safe.Chain)
	}
	to, err := canonicalAddress(p.To)
	if err != nil {
		return call{}, err
	}
	if p.Asset == safe.Native {
		return call{to: to, value: p.Amount}, nil
	}
	token, err := tokenOf(safe.Chain, p.Asset)
	if err != nil {
		return call{}, err
	}
	amount := p.Amount.Bytes32()
	data := append(bytes.Clone(transferSelector), word(to[:])...)
	return call{to: token, data: append(data, amount[:]...)}, nil
}

// call is one message call of the wallet.
type call struct {
	to    common.Address
	value coffer.Amount // wei
	data  []byte
}

// Safe operations.
const (
	operationCall         uint8 = 0
	operationDelegateCall uint8 = 1
)

func encodeExecute(c call, operation uint8) []byte {
	return bindings.NewSafe4337Module().PackExecuteUserOpWithErrorString(c.to, c.value.Int().ToBig(), c.data, operation)
}

// appendPacked appends a call as MultiSend packs it: operation (1 byte), to (20), value
// (32), length (32), data.
func appendPacked(packed []byte, c call) []byte {
	value := c.value.Bytes32()
	packed = append(packed, operationCall)
	packed = append(packed, c.to[:]...)
	packed = append(packed, value[:]...)
	packed = append(packed, number(uint64(len(c.data)))...)
	return append(packed, c.data...)
}

// unsignedJSON is the content of an Unsigned of FormatUserOp.
type unsignedJSON struct {
	Op         userOpJSON `json:"op"`
	ValidAfter uint64     `json:"validAfter"`
	ValidUntil uint64     `json:"validUntil"`
}

// NewUnsigned makes what signers are given of an operation; its signature is left out.
func NewUnsigned(safe Safe, op UserOperation, v Validity, attempt uint32) (coffer.Unsigned, error) {
	after, until, err := v.seconds()
	if err != nil {
		return coffer.Unsigned{}, err
	}
	encoded, err := json.Marshal(unsignedJSON{op.toJSON(), after, until})
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("encode user operation: %w", err)
	}
	return coffer.Unsigned{
		Chain:   safe.Chain,
		Wallet:  safe.Name(),
		Path:    coffer.PathUserOp,
		Format:  FormatUserOp,
		Attempt: attempt,
		Bytes:   encoded,
	}, nil
}

// DecodeUnsigned reads the operation of an Unsigned, which must be written exactly as
// NewUnsigned writes it. What it would do is another question: Explain's.
func DecodeUnsigned(u coffer.Unsigned) (UserOperation, Validity, error) {
	if u.Format != FormatUserOp || u.Path != coffer.PathUserOp {
		return UserOperation{}, Validity{}, fmt.Errorf("unsigned: format %.40q on path %.40q; want %s on %s", u.Format, u.Path, FormatUserOp, coffer.PathUserOp)
	}
	var j unsignedJSON
	if err := decodeStrictly(u.Bytes, &j); err != nil {
		return UserOperation{}, Validity{}, fmt.Errorf("unsigned: %w", err)
	}
	if j.Op.Signature != nil {
		return UserOperation{}, Validity{}, errors.New("unsigned: it holds a signature")
	}
	op, err := j.Op.operation(false)
	if err != nil {
		return UserOperation{}, Validity{}, fmt.Errorf("unsigned: %w", err)
	}
	if j.ValidAfter > maxValiditySeconds || j.ValidUntil > maxValiditySeconds {
		return UserOperation{}, Validity{}, errors.New("unsigned: validity is not below 2^48 seconds")
	}
	v := Validity{After: unix(j.ValidAfter), Until: unix(j.ValidUntil)}
	if _, _, err := v.seconds(); err != nil {
		return UserOperation{}, Validity{}, fmt.Errorf("unsigned: %w", err)
	}
	canonical, err := json.Marshal(unsignedJSON{op.toJSON(), j.ValidAfter, j.ValidUntil})
	if err != nil || !bytes.Equal(canonical, u.Bytes) {
		return UserOperation{}, Validity{}, errors.Join(errors.New("unsigned: not in its canonical form"), err)
	}
	return op, v, nil
}

// unix is a time of whole seconds; zero is the zero time.
func unix(seconds uint64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC() // #nosec G115 -- below 2^48
}
