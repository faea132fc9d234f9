package evm

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

// MaxUserOpBytes bounds the JSON of a user operation. Calldata of a transaction is at most
// 128 KiB in the pools of Ethereum; hex doubles it.
const MaxUserOpBytes = 256 << 10

// UserOperation is an ERC-4337 user operation of EntryPoint v0.7, unpacked as it travels
// between wallets and bundlers. Gas limits are in gas, fees in wei per gas (below 2^128).
// Its JSON form is that of eth_sendUserOperation (ERC-7769): quantities in minimal hex,
// factory and paymaster fields only when there is one.
type UserOperation struct {
	Sender common.Address
	Nonce  uint256.Int // key<<64 | sequence

	Factory     *common.Address // deploys Sender; nil when it exists
	FactoryData []byte

	CallData             []byte
	CallGasLimit         uint64
	VerificationGasLimit uint64
	PreVerificationGas   uint64
	MaxFeePerGas         uint256.Int
	MaxPriorityFeePerGas uint256.Int

	Paymaster                     *common.Address // pays the fees; nil when Sender does
	PaymasterVerificationGasLimit uint64
	PaymasterPostOpGasLimit       uint64
	PaymasterData                 []byte

	Signature []byte
}

// Slot returns whose turn of the sender the operation takes.
func (op UserOperation) Slot() coffer.Slot { return slotOf(op.Nonce.Bytes32()) }

// MaxCost is the most the operation can cost its payer, in wei: all gas limits at the
// highest fee. It is what the EntryPoint demands in advance.
func (op UserOperation) MaxCost() (coffer.Amount, error) {
	gas := new(uint256.Int)
	for _, limit := range []uint64{
		op.CallGasLimit, op.VerificationGasLimit, op.PreVerificationGas,
		op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit,
	} {
		gas.AddUint64(gas, limit)
	}
	cost, overflow := new(uint256.Int).MulOverflow(gas, &op.MaxFeePerGas)
	if overflow {
		return coffer.Amount{}, coffer.ErrAmountRange
	}
	return coffer.AmountFromInt(cost), nil
}

// Pack returns the form that the EntryPoint takes.
func (op UserOperation) Pack() bindings.PackedUserOperation {
	packed := bindings.PackedUserOperation{
		Sender:             op.Sender,
		Nonce:              op.Nonce.ToBig(),
		CallData:           op.CallData,
		AccountGasLimits:   halves(uint256.NewInt(op.VerificationGasLimit), uint256.NewInt(op.CallGasLimit)),
		PreVerificationGas: new(big.Int).SetUint64(op.PreVerificationGas),
		GasFees:            halves(&op.MaxPriorityFeePerGas, &op.MaxFeePerGas),
		Signature:          op.Signature,
	}
	if op.Factory != nil {
		packed.InitCode = append(op.Factory.Bytes(), op.FactoryData...)
	}
	if op.Paymaster != nil {
		gas := halves(uint256.NewInt(op.PaymasterVerificationGasLimit), uint256.NewInt(op.PaymasterPostOpGasLimit))
		packed.PaymasterAndData = append(append(op.Paymaster.Bytes(), gas[:]...), op.PaymasterData...)
	}
	return packed
}

// halves packs two numbers below 2^128 into one word, high first.
func halves(high, low *uint256.Int) [32]byte {
	both := new(uint256.Int).Lsh(high, 128)
	return both.Or(both, low).Bytes32()
}

// Hash is the user operation's identity (userOpHash, EntryPoint v0.7): over everything but
// the signature, the EntryPoint and the chain.
func (op UserOperation) Hash(entryPoint common.Address, chain uint64) coffer.Hash {
	p := op.Pack()
	inner := crypto.Keccak256(
		word(p.Sender[:]), word(p.Nonce.Bytes()), crypto.Keccak256(p.InitCode), crypto.Keccak256(p.CallData),
		p.AccountGasLimits[:], word(p.PreVerificationGas.Bytes()), p.GasFees[:], crypto.Keccak256(p.PaymasterAndData))
	return coffer.Hash(crypto.Keccak256(inner, word(entryPoint[:]), number(chain)))
}

// Validity is when signatures of an operation hold, in whole seconds, both ends included.
// The zero After means from ever.
type Validity struct {
	After time.Time
	Until time.Time
}

const maxValiditySeconds = 1<<48 - 1 // uint48 in the signature

// seconds checks the bounds: an end there must be, since a zero one means "forever".
func (v Validity) seconds() (after, until uint64, err error) {
	if a := v.After.Unix(); a > 0 {
		after = uint64(a)
	}
	if u := v.Until.Unix(); u > 0 {
		until = uint64(u)
	}
	if until == 0 || until > maxValiditySeconds {
		return 0, 0, errors.New("validity: want an end after 1970, below 2^48 seconds")
	}
	if after >= until {
		return 0, 0, errors.New("validity: it ends before it begins")
	}
	return after, until, nil
}

// prefix is how the signature field begins: validAfter and validUntil, 6 bytes each.
func (v Validity) prefix() ([]byte, error) {
	after, until, err := v.seconds()
	if err != nil {
		return nil, err
	}
	b := binary.BigEndian.AppendUint64(nil, after<<16)[:6]
	return append(b, binary.BigEndian.AppendUint64(nil, until<<16)[:6]...), nil
}

// EIP-712 type hashes of Safe4337Module 0.3.0.
var (
	domainTypeHash = crypto.Keccak256([]byte("EIP712Domain(uint256 chainId,address verifyingContract)"))
	safeOpTypeHash = crypto.Keccak256([]byte("SafeOp(address safe,uint256 nonce,bytes initCode,bytes callData," +
		"uint128 verificationGasLimit,uint128 callGasLimit,uint256 preVerificationGas,uint128 maxPriorityFeePerGas," +
		"uint128 maxFeePerGas,bytes paymasterAndData,uint48 validAfter,uint48 validUntil,address entryPoint)"))
)

// SafeOpDigest is what each owner of a Safe signs: the EIP-712 hash of the operation as a
// SafeOp, whose domain is the chain and the Safe4337Module.
func (op UserOperation) SafeOpDigest(chain uint64, module, entryPoint common.Address, v Validity) (coffer.Hash, error) {
	after, until, err := v.seconds()
	if err != nil {
		return coffer.Hash{}, err
	}
	p := op.Pack()
	domain := crypto.Keccak256(domainTypeHash, number(chain), word(module[:]))
	safeOp := crypto.Keccak256(
		safeOpTypeHash, word(p.Sender[:]), word(p.Nonce.Bytes()), crypto.Keccak256(p.InitCode), crypto.Keccak256(p.CallData),
		word(p.AccountGasLimits[:16]), word(p.AccountGasLimits[16:]), word(p.PreVerificationGas.Bytes()),
		word(p.GasFees[:16]), word(p.GasFees[16:]), crypto.Keccak256(p.PaymasterAndData),
		number(after), number(until), word(entryPoint[:]))
	return coffer.Hash(crypto.Keccak256([]byte{0x19, 0x01}, domain, safeOp)), nil
}

func word(b []byte) []byte { return common.LeftPadBytes(b, 32) }

func number(n uint64) []byte { return word(binary.BigEndian.AppendUint64(nil, n)) }

// userOpJSON is the JSON form; nil is absent.
type userOpJSON struct {
	Sender               *common.Address `json:"sender,omitempty"`
	Nonce                *hexutil.U256   `json:"nonce,omitempty"`
	Factory              *common.Address `json:"factory,omitempty"`
	FactoryData          *hexutil.Bytes  `json:"factoryData,omitempty"`
	CallData             *hexutil.Bytes  `json:"callData,omitempty"`
	CallGasLimit         *hexutil.Uint64 `json:"callGasLimit,omitempty"`
	VerificationGasLimit *hexutil.Uint64 `json:"verificationGasLimit,omitempty"`
	PreVerificationGas   *hexutil.Uint64 `json:"preVerificationGas,omitempty"`
	MaxFeePerGas         *hexutil.U256   `json:"maxFeePerGas,omitempty"`
	MaxPriorityFeePerGas *hexutil.U256   `json:"maxPriorityFeePerGas,omitempty"`

	Paymaster                     *common.Address `json:"paymaster,omitempty"`
	PaymasterVerificationGasLimit *hexutil.Uint64 `json:"paymasterVerificationGasLimit,omitempty"`
	PaymasterPostOpGasLimit       *hexutil.Uint64 `json:"paymasterPostOpGasLimit,omitempty"`
	PaymasterData                 *hexutil.Bytes  `json:"paymasterData,omitempty"`

	Signature *hexutil.Bytes `json:"signature,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (op UserOperation) MarshalJSON() ([]byte, error) {
	j := op.toJSON()
	j.Signature = (*hexutil.Bytes)(&op.Signature)
	return json.Marshal(j)
}

// toJSON leaves the signature out.
func (op UserOperation) toJSON() userOpJSON {
	j := userOpJSON{
		Sender:               &op.Sender,
		Nonce:                (*hexutil.U256)(&op.Nonce),
		Factory:              op.Factory,
		CallData:             (*hexutil.Bytes)(&op.CallData),
		CallGasLimit:         (*hexutil.Uint64)(&op.CallGasLimit),
		VerificationGasLimit: (*hexutil.Uint64)(&op.VerificationGasLimit),
		PreVerificationGas:   (*hexutil.Uint64)(&op.PreVerificationGas),
		MaxFeePerGas:         (*hexutil.U256)(&op.MaxFeePerGas),
		MaxPriorityFeePerGas: (*hexutil.U256)(&op.MaxPriorityFeePerGas),
	}
	if op.Factory != nil {
		j.FactoryData = (*hexutil.Bytes)(&op.FactoryData)
	}
	if op.Paymaster != nil {
		j.Paymaster = op.Paymaster
		j.PaymasterVerificationGasLimit = (*hexutil.Uint64)(&op.PaymasterVerificationGasLimit)
		j.PaymasterPostOpGasLimit = (*hexutil.Uint64)(&op.PaymasterPostOpGasLimit)
		j.PaymasterData = (*hexutil.Bytes)(&op.PaymasterData)
	}
	return j
}

// UnmarshalJSON implements json.Unmarshaler: every field must be there but those of a
// factory and a paymaster, and none that is not known. Errors name the field.
func (op *UserOperation) UnmarshalJSON(b []byte) error {
	parsed, err := DecodeUserOperation(b, false)
	if err != nil {
		return err
	}
	*op = parsed
	return nil
}

// DecodeUserOperation reads the JSON form of at most MaxUserOpBytes. A partial one, as it
// comes to be estimated, may lack gas limits and fees; they are zero then.
func DecodeUserOperation(b []byte, partial bool) (UserOperation, error) {
	var j userOpJSON
	if err := decodeStrictly(b, &j); err != nil {
		return UserOperation{}, fmt.Errorf("user operation: %w", err)
	}
	op, err := j.operation(partial)
	if err == nil && j.Signature == nil {
		err = errors.New("missing field signature")
	}
	if err != nil {
		return UserOperation{}, fmt.Errorf("user operation: %w", err)
	}
	op.Signature = *j.Signature
	return op, nil
}

func decodeStrictly(b []byte, into any) error {
	if len(b) > MaxUserOpBytes {
		return fmt.Errorf("%d bytes; at most %d are read", len(b), MaxUserOpBytes)
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("something follows the JSON")
	}
	return nil
}

// operation checks that all fields are there, but for the signature.
func (j userOpJSON) operation(partial bool) (UserOperation, error) {
	for _, field := range []struct {
		name    string
		missing bool
	}{
		{"sender", j.Sender == nil},
		{"nonce", j.Nonce == nil},
		{"callData", j.CallData == nil},
		{"callGasLimit", j.CallGasLimit == nil && !partial},
		{"verificationGasLimit", j.VerificationGasLimit == nil && !partial},
		{"preVerificationGas", j.PreVerificationGas == nil && !partial},
		{"maxFeePerGas", j.MaxFeePerGas == nil && !partial},
		{"maxPriorityFeePerGas", j.MaxPriorityFeePerGas == nil && !partial},
		{"paymasterVerificationGasLimit", j.Paymaster != nil && j.PaymasterVerificationGasLimit == nil && !partial},
		{"paymasterPostOpGasLimit", j.Paymaster != nil && j.PaymasterPostOpGasLimit == nil && !partial},
	} {
		if field.missing {
			return UserOperation{}, fmt.Errorf("missing field %s", field.name)
		}
	}
	if j.Factory == nil && j.FactoryData != nil {
		return UserOperation{}, errors.New("factoryData without a factory")
	}
	if j.Paymaster == nil && (j.PaymasterData != nil || j.PaymasterVerificationGasLimit != nil || j.PaymasterPostOpGasLimit != nil) {
		return UserOperation{}, errors.New("paymaster fields without a paymaster")
	}
	op := UserOperation{
		Sender:                        *j.Sender,
		Nonce:                         uint256.Int(*j.Nonce),
		Factory:                       j.Factory,
		FactoryData:                   value(j.FactoryData),
		CallData:                      *j.CallData,
		CallGasLimit:                  uint64(value(j.CallGasLimit)),
		VerificationGasLimit:          uint64(value(j.VerificationGasLimit)),
		PreVerificationGas:            uint64(value(j.PreVerificationGas)),
		MaxFeePerGas:                  uint256.Int(value(j.MaxFeePerGas)),
		MaxPriorityFeePerGas:          uint256.Int(value(j.MaxPriorityFeePerGas)),
		Paymaster:                     j.Paymaster,
		PaymasterVerificationGasLimit: uint64(value(j.PaymasterVerificationGasLimit)),
		PaymasterPostOpGasLimit:       uint64(value(j.PaymasterPostOpGasLimit)),
		PaymasterData:                 value(j.PaymasterData),
	}
	if op.MaxFeePerGas.BitLen() > 128 || op.MaxPriorityFeePerGas.BitLen() > 128 {
		return UserOperation{}, errors.New("maxFeePerGas and maxPriorityFeePerGas must be below 2^128")
	}
	return op, nil
}

// value is what a pointer points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
