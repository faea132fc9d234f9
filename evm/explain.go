package evm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

// ExplainConfig pins what a signer knows of a chain by itself.
type ExplainConfig struct {
	Chain      coffer.ChainID
	Native     coffer.AssetID
	EntryPoint common.Address // v0.7
	Module     common.Address // Safe4337Module 0.3.0
	MultiSend  common.Address // MultiSendCallOnly
	Wallets    []common.Address
}

// Explainer reads unsigned user operations and Safe transactions. It implements coffer.Explainer, is pure and
// safe for concurrent use.
type Explainer struct {
	config  ExplainConfig
	wallets map[common.Address]bool
}

var _ coffer.Explainer = (*Explainer)(nil)

// NewExplainer returns an explainer of these wallets.
func NewExplainer(config ExplainConfig) *Explainer {
	e := &Explainer{config: config, wallets: map[common.Address]bool{}}
	for _, wallet := range config.Wallets {
		e.wallets[wallet] = true
	}
	return e
}

// ErrRefused is returned for everything that is not on the list of effects a wallet may
// have: token transfers and native payments, in one call or several through the pinned
// MultiSendCallOnly, flushes of its own forwarders, and nothing at all, which uses a slot up.
var ErrRefused = errors.New("refused")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrRefused}, args...)...)
}

var (
	transferSelector = []byte{0xa9, 0x05, 0x9c, 0xbb} // transfer(address,uint256)

	moduleABI    = bindings.NewSafe4337Module().GetABI()
	executeABI   = moduleABI.Methods["executeUserOpWithErrorString"]
	multiSendABI = bindings.NewMultiSendCallOnly().GetABI()
	batchABI     = multiSendABI.Methods["multiSend"]
)

// Explain implements coffer.Explainer. Everything it returns is read or computed from the
// bytes; every error but that of unreadable bytes wraps ErrRefused.
func (e *Explainer) Explain(u coffer.Unsigned) (coffer.Effects, error) {
	effects, err := e.explain(u)
	if err != nil {
		return coffer.Effects{}, fmt.Errorf("explain: %w", err)
	}
	return effects, nil
}

func (e *Explainer) explain(u coffer.Unsigned) (coffer.Effects, error) {
	if u.Chain != e.config.Chain {
		return coffer.Effects{}, refuse("chain %.80q, not %s", u.Chain, e.config.Chain)
	}
	chain, err := ChainNumber(u.Chain)
	if err != nil {
		return coffer.Effects{}, err
	}
	if u.Format == FormatSafeTx {
		return e.explainSafeTx(u, chain)
	}
	op, validity, err := DecodeUnsigned(u)
	if err != nil {
		return coffer.Effects{}, err
	}
	wallet := AddressOf(op.Sender)
	switch {
	case !e.wallets[op.Sender]:
		return coffer.Effects{}, refuse("%s is not a wallet of ours", wallet)
	case u.Wallet != wallet:
		return coffer.Effects{}, refuse("the operation is of wallet %s, not %.80q", wallet, u.Wallet)
	case op.Factory != nil:
		return coffer.Effects{}, refuse("the operation deploys through factory %s", op.Factory)
	case op.Paymaster != nil:
		return coffer.Effects{}, refuse("the operation uses paymaster %s", op.Paymaster)
	}
	payments, sweeps, err := e.calls(op)
	if err != nil {
		return coffer.Effects{}, err
	}
	if op.MaxPriorityFeePerGas.Gt(&op.MaxFeePerGas) {
		return coffer.Effects{}, refuse("the priority fee is above the highest fee")
	}
	fee, err := op.MaxCost()
	if err != nil {
		return coffer.Effects{}, refuse("fee: %v", err)
	}
	digest, err := op.SafeOpDigest(chain, e.config.Module, e.config.EntryPoint, validity)
	if err != nil {
		return coffer.Effects{}, refuse("%v", err)
	}
	return coffer.Effects{
		Chain:      u.Chain,
		Wallet:     wallet,
		Path:       coffer.PathUserOp,
		Slot:       op.Slot(),
		Payments:   payments,
		Sweeps:     sweeps,
		FeeBound:   fee,
		ValidUntil: validity.Until,
		Digests:    []coffer.Hash{digest},
	}, nil
}

// calls reads the calldata: payments, or sweeps.
func (e *Explainer) calls(op UserOperation) ([]coffer.Payment, []coffer.Sweep, error) {
	outer, operation, err := decodeExecute(op.CallData)
	if err != nil {
		return nil, nil, err
	}
	return e.effectsOf(op.Sender, outer, operation)
}

// explainSafeTx reads a Safe transaction. The Safe can lose no fee, and the signatures do
// not expire: only another transaction with the same nonce makes them worthless.
func (e *Explainer) explainSafeTx(u coffer.Unsigned, chain uint64) (coffer.Effects, error) {
	tx, err := DecodeUnsignedSafeTx(u)
	if err != nil {
		return coffer.Effects{}, err
	}
	wallet := AddressOf(tx.Safe)
	switch {
	case !e.wallets[tx.Safe]:
		return coffer.Effects{}, refuse("%s is not a wallet of ours", wallet)
	case u.Wallet != wallet:
		return coffer.Effects{}, refuse("the transaction is of wallet %s, not %.80q", wallet, u.Wallet)
	}
	payments, sweeps, err := e.effectsOf(tx.Safe, call{to: tx.To, value: tx.Value, data: tx.Data}, tx.Operation)
	if err != nil {
		return coffer.Effects{}, err
	}
	return coffer.Effects{
		Chain:    u.Chain,
		Wallet:   wallet,
		Path:     coffer.PathExec,
		Slot:     tx.Slot(),
		Payments: payments,
		Sweeps:   sweeps,
		Digests:  []coffer.Hash{tx.Hash(chain)},
	}, nil
}

// effectsOf reads the one call that a wallet makes: payments, sweeps, or neither, which is a
// cancellation.
func (e *Explainer) effectsOf(wallet common.Address, outer call, operation uint8) ([]coffer.Payment, []coffer.Sweep, error) {
	if isCancel(outer, operation) {
		return nil, nil, nil
	}
	if operation != operationCall {
		payments, err := e.batch(wallet, outer, operation)
		return payments, nil, err
	}
	if isFlush(outer) {
		sweeps, err := e.flush(wallet, outer)
		return nil, sweeps, err
	}
	payment, err := e.payment(wallet, outer)
	if err != nil {
		return nil, nil, err
	}
	return []coffer.Payment{payment}, nil, nil
}

// batch reads several payments through MultiSendCallOnly.
func (e *Explainer) batch(wallet common.Address, outer call, operation uint8) ([]coffer.Payment, error) {
	if operation != operationDelegateCall {
		return nil, refuse("operation %d is neither call nor delegatecall", operation)
	}
	if outer.to != e.config.MultiSend {
		return nil, refuse("delegatecall to %s, not to MultiSendCallOnly", outer.to)
	}
	if !outer.value.IsZero() {
		return nil, refuse("delegatecall with a value")
	}
	calls, err := decodeBatch(outer.data)
	if err != nil {
		return nil, err
	}
	payments := make([]coffer.Payment, len(calls))
	for n, c := range calls {
		if payments[n], err = e.payment(wallet, c); err != nil {
			return nil, fmt.Errorf("inner call %d: %w", n, err)
		}
	}
	return payments, nil
}

// payment reads one call of a wallet. It is the list of effects: what is not named here is
// refused.
func (e *Explainer) payment(wallet common.Address, c call) (coffer.Payment, error) {
	switch {
	case c.to == common.Address{}:
		// MultiSendCallOnly 1.5.0 takes the zero address for the wallet itself.
		return coffer.Payment{}, refuse("a call to the zero address")
	case c.to == wallet:
		return coffer.Payment{}, refuse("a call to the wallet itself")
	case c.to == e.config.EntryPoint || c.to == e.config.Module || c.to == e.config.MultiSend:
		return coffer.Payment{}, refuse("a call to %s, which is part of the wallet's machinery", c.to)
	}
	if len(c.data) == 0 {
		if c.value.IsZero() {
			return coffer.Payment{}, refuse("a payment of nothing to %s", c.to)
		}
		return coffer.Payment{Asset: e.config.Native, To: AddressOf(c.to), Amount: c.value}, nil
	}
	return e.tokenPayment(wallet, c)
}

// tokenPayment reads transfer(address,uint256), 4 + 2*32 bytes.
func (e *Explainer) tokenPayment(wallet common.Address, c call) (coffer.Payment, error) {
	if !bytes.HasPrefix(c.data, transferSelector) {
		return coffer.Payment{}, refuse("a call of %s with selector 0x%x", c.to, c.data[:min(4, len(c.data))])
	}
	if e.wallets[c.to] {
		return coffer.Payment{}, refuse("a token that is a wallet of ours, %s", c.to)
	}
	if !c.value.IsZero() {
		return coffer.Payment{}, refuse("a token transfer with a value")
	}
	if len(c.data) != 4+2*32 {
		return coffer.Payment{}, refuse("a token transfer of %d bytes", len(c.data))
	}
	to, ok := topicAddress(common.Hash(c.data[4:36]))
	switch {
	case !ok:
		return coffer.Payment{}, refuse("a token transfer to something that is not an address")
	case to == common.Address{}:
		return coffer.Payment{}, refuse("a token transfer to the zero address")
	case to == wallet:
		return coffer.Payment{}, refuse("a token transfer to the wallet itself")
	case to == c.to:
		return coffer.Payment{}, refuse("a token transfer to the token contract")
	}
	amount, err := coffer.AmountFromBytes(c.data[36:68])
	if err != nil {
		return coffer.Payment{}, refuse("a token transfer: %v", err)
	}
	if amount.IsZero() {
		return coffer.Payment{}, refuse("a token transfer of nothing")
	}
	return coffer.Payment{Asset: TokenAsset(e.config.Chain, c.to), To: AddressOf(to), Amount: amount}, nil
}

// decodeExecute reads executeUserOpWithErrorString(to, value, data, operation).
func decodeExecute(callData []byte) (call, uint8, error) {
	values, err := decodeCanonically(executeABI, callData)
	if err != nil {
		return call{}, 0, err
	}
	to, ok1 := values[0].(common.Address)
	value, ok2 := values[1].(*big.Int)
	data, ok3 := values[2].([]byte)
	operation, ok4 := values[3].(uint8)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return call{}, 0, refuse("calldata of other types than %s", executeABI.Sig)
	}
	wei, overflow := uint256.FromBig(value)
	if overflow {
		return call{}, 0, refuse("value is not below 2^256")
	}
	return call{to: to, value: coffer.AmountFromInt(wei), data: data}, operation, nil
}

// decodeBatch reads multiSend(bytes) of at least two calls.
func decodeBatch(callData []byte) ([]call, error) {
	values, err := decodeCanonically(batchABI, callData)
	if err != nil {
		return nil, err
	}
	packed, ok := values[0].([]byte)
	if !ok {
		return nil, refuse("calldata of other types than %s", batchABI.Sig)
	}
	var calls []call
	for len(packed) > 0 {
		if len(calls) == MaxPayments {
			return nil, refuse("more than %d inner calls", MaxPayments)
		}
		c, rest, err := decodePacked(packed)
		if err != nil {
			return nil, fmt.Errorf("inner call %d: %w", len(calls), err)
		}
		calls, packed = append(calls, c), rest
	}
	if len(calls) < 2 {
		return nil, refuse("a batch of %d calls; one needs no batch", len(calls))
	}
	return calls, nil
}

// decodePacked reads the first call of MultiSend's packing; see appendPacked.
func decodePacked(packed []byte) (call, []byte, error) {
	const head = 1 + 20 + 32 + 32
	if len(packed) < head {
		return call{}, nil, refuse("a head of %d bytes, not %d", len(packed), head)
	}
	if packed[0] != operationCall {
		return call{}, nil, refuse("operation %d is not a call", packed[0])
	}
	value, err := coffer.AmountFromBytes(packed[21:53])
	if err != nil {
		return call{}, nil, refuse("value: %v", err)
	}
	if !bytes.Equal(packed[53:77], make([]byte, 24)) {
		return call{}, nil, refuse("data longer than everything")
	}
	length := binary.BigEndian.Uint64(packed[77:85])
	if length > uint64(len(packed)-head) { // #nosec G115 -- at least a head long
		return call{}, nil, refuse("%d bytes of data announced, %d there", length, len(packed)-head)
	}
	end := head + int(length) // #nosec G115 -- at most len(packed)
	return call{to: common.BytesToAddress(packed[1:21]), value: value, data: packed[head:end]}, packed[end:], nil
}

// decodeCanonically reads a call and demands that encoding it again gives the same bytes:
// no gaps, no shared tails, no dirty padding, nothing behind.
func decodeCanonically(method abi.Method, callData []byte) ([]any, error) {
	if len(callData) < 4 || !bytes.Equal(callData[:4], method.ID) {
		return nil, refuse("calldata begins with 0x%x, not with %s", callData[:min(4, len(callData))], method.Sig)
	}
	values, err := method.Inputs.Unpack(callData[4:])
	if err != nil {
		return nil, refuse("calldata of %s: %v", method.Name, err)
	}
	again, err := method.Inputs.Pack(values...)
	if err != nil || !bytes.Equal(again, callData[4:]) {
		return nil, refuse("calldata of %s is not in its canonical encoding", method.Name)
	}
	return values, nil
}
