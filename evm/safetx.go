package evm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

// FormatSafeTx names the bytes of an unsigned Safe transaction: the JSON object {"safe",
// "to", "value", "data", "operation", "nonce", "gasLimit", "feeBound"} with exactly the
// spaces and the order that this package writes (none and this). A refund cannot be written.
const FormatSafeTx = "safetx/v1"

// SafeTx is what the owners of a Safe sign for its execTransaction. safeTxGas, baseGas,
// gasPrice, gasToken and refundReceiver are zero: nobody is refunded, and when the call
// fails everything is undone, the Safe's nonce included (GS013).
//
// GasLimit and FeeBound are for the executor (see ExecCall). The owners do not sign them,
// and they cannot cost the Safe anything.
type SafeTx struct {
	Safe      common.Address
	To        common.Address
	Value     coffer.Amount // wei
	Data      []byte
	Operation uint8 // 0 call, 1 delegatecall
	Nonce     uint64

	GasLimit uint64
	FeeBound coffer.Amount
}

// safeTxTypeHash is the EIP-712 type hash of Safe 1.3.0 and later.
var safeTxTypeHash = crypto.Keccak256([]byte("SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas," +
	"uint256 baseGas,uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)"))

// Hash is what each owner signs, and what ExecutionSuccess names (safeTxHash): the EIP-712
// hash with the chain and the Safe as domain.
func (tx SafeTx) Hash(chain uint64) coffer.Hash {
	value := tx.Value.Bytes32()
	zero := number(0)
	domain := crypto.Keccak256(domainTypeHash, number(chain), word(tx.Safe[:]))
	safeTx := crypto.Keccak256(
		safeTxTypeHash, word(tx.To[:]), value[:], crypto.Keccak256(tx.Data), number(uint64(tx.Operation)),
		zero, zero, zero, zero, zero, number(tx.Nonce))
	return coffer.Hash(crypto.Keccak256([]byte{0x19, 0x01}, domain, safeTx))
}

// CallData is the call of execTransaction with the owners' signatures.
func (tx SafeTx) CallData(signatures []byte) []byte {
	zero := new(big.Int)
	return bindings.NewSafe().PackExecTransaction(tx.To, tx.Value.Int().ToBig(), tx.Data, tx.Operation,
		zero, zero, zero, common.Address{}, common.Address{}, signatures)
}

// Slot is the turn of the Safe that the transaction takes.
func (tx SafeTx) Slot() coffer.Slot { return coffer.Slot{Kind: coffer.SlotSafe, Sequence: tx.Nonce} }

// safeTxJSON is the JSON form; nil is absent, which nothing may be but the signatures of
// an unsigned one.
type safeTxJSON struct {
	Safe       *common.Address `json:"safe"`
	To         *common.Address `json:"to"`
	Value      *hexutil.U256   `json:"value"`
	Data       *hexutil.Bytes  `json:"data"`
	Operation  *uint8          `json:"operation"`
	Nonce      *hexutil.Uint64 `json:"nonce"`
	GasLimit   *hexutil.Uint64 `json:"gasLimit"`
	FeeBound   *hexutil.U256   `json:"feeBound"`
	Signatures *hexutil.Bytes  `json:"signatures,omitempty"`
}

func (tx SafeTx) toJSON(signatures []byte) safeTxJSON {
	j := safeTxJSON{
		Safe: &tx.Safe, To: &tx.To, Value: (*hexutil.U256)(tx.Value.Int()), Data: (*hexutil.Bytes)(&tx.Data),
		Operation: &tx.Operation, Nonce: (*hexutil.Uint64)(&tx.Nonce),
		GasLimit: (*hexutil.Uint64)(&tx.GasLimit), FeeBound: (*hexutil.U256)(tx.FeeBound.Int()),
	}
	if signatures != nil {
		j.Signatures = (*hexutil.Bytes)(&signatures)
	}
	return j
}

// decodeSafeTx reads the JSON form, which must be written as this package writes it.
func decodeSafeTx(b []byte, signed bool) (SafeTx, []byte, error) {
	var j safeTxJSON
	if err := decodeStrictly(b, &j); err != nil {
		return SafeTx{}, nil, err
	}
	for _, field := range []struct {
		name    string
		missing bool
	}{
		{"safe", j.Safe == nil}, {"to", j.To == nil}, {"value", j.Value == nil}, {"data", j.Data == nil},
		{"operation", j.Operation == nil}, {"nonce", j.Nonce == nil}, {"gasLimit", j.GasLimit == nil}, {"feeBound", j.FeeBound == nil},
	} {
		if field.missing {
			return SafeTx{}, nil, fmt.Errorf("missing field %s", field.name)
		}
	}
	tx := SafeTx{
		Safe: *j.Safe, To: *j.To, Value: coffer.AmountFromInt((*uint256.Int)(j.Value)), Data: *j.Data, Operation: *j.Operation,
		Nonce: uint64(*j.Nonce), GasLimit: uint64(*j.GasLimit), FeeBound: coffer.AmountFromInt((*uint256.Int)(j.FeeBound)),
	}
	var signatures []byte
	switch {
	case signed && j.Signatures == nil:
		return SafeTx{}, nil, errors.New("missing field signatures")
	case !signed && j.Signatures != nil:
		return SafeTx{}, nil, errors.New("it holds signatures")
	case signed:
		signatures = *j.Signatures
	}
	canonical, err := json.Marshal(tx.toJSON(signatures))
	if err != nil || !bytes.Equal(canonical, b) {
		return SafeTx{}, nil, errors.Join(errors.New("not in its canonical form"), err)
	}
	return tx, signatures, nil
}

// BuildSafeTx makes the Safe transaction of an intent on the exec path. gas is the limit of
// the executor's transaction; its fees are bounded by the intent's. Pure.
func BuildSafeTx(i coffer.Intent, safe Safe, gas uint64) (SafeTx, error) {
	if i.Chain != safe.Chain || i.Wallet != safe.Name() {
		return SafeTx{}, fmt.Errorf("build: the intent is for wallet %s of %s, not %s of %s", i.Wallet, i.Chain, safe.Name(), safe.Chain)
	}
	if i.Path != coffer.PathExec {
		return SafeTx{}, fmt.Errorf("build: path %q is not %s", i.Path, coffer.PathExec)
	}
	if i.Slot.Kind != coffer.SlotSafe || i.Slot.Lane != "" {
		return SafeTx{}, fmt.Errorf("build: slot %.120q: want kind %s without lane", i.Slot, coffer.SlotSafe)
	}
	c, operation, err := walletCall(safe, i)
	if err != nil {
		return SafeTx{}, fmt.Errorf("build: %w", err)
	}
	return SafeTx{
		Safe: safe.Address, To: c.to, Value: c.value, Data: c.data, Operation: operation, Nonce: i.Slot.Sequence,
		GasLimit: gas, FeeBound: i.FeeBound,
	}, nil
}

// NewUnsignedSafeTx makes what signers are given of a Safe transaction.
func NewUnsignedSafeTx(safe Safe, tx SafeTx, attempt uint32) (coffer.Unsigned, error) {
	encoded, err := json.Marshal(tx.toJSON(nil))
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("encode Safe transaction: %w", err)
	}
	return coffer.Unsigned{
		Chain:   safe.Chain,
		Wallet:  safe.Name(),
		Path:    coffer.PathExec,
		Format:  FormatSafeTx,
		Attempt: attempt,
		Bytes:   encoded,
	}, nil
}

// DecodeUnsignedSafeTx reads the Safe transaction of an Unsigned, which must be written
// exactly as NewUnsignedSafeTx writes it. What it would do is another question: Explain's.
func DecodeUnsignedSafeTx(u coffer.Unsigned) (SafeTx, error) {
	if u.Format != FormatSafeTx || u.Path != coffer.PathExec {
		return SafeTx{}, fmt.Errorf("unsigned: format %.40q on path %.40q; want %s on %s", u.Format, u.Path, FormatSafeTx, coffer.PathExec)
	}
	tx, _, err := decodeSafeTx(u.Bytes, false)
	if err != nil {
		return SafeTx{}, fmt.Errorf("unsigned: %w", err)
	}
	return tx, nil
}

// DecodeExec reads a signed Safe transaction, as Finalize made it, into what an executor
// sends. chain is the number of the chain (EIP-155).
func DecodeExec(s coffer.Signed, chain uint64) (ExecCall, error) {
	tx, signatures, err := decodeSafeTx(s.Bytes, true)
	if err != nil {
		return ExecCall{}, fmt.Errorf("signed Safe transaction: %w", err)
	}
	if hash := tx.Hash(chain); hash != s.ID {
		return ExecCall{}, fmt.Errorf("signed Safe transaction: the bytes are %s, not %s", hash, s.ID)
	}
	return ExecCall{
		ID: s.ID, Safe: tx.Safe, Nonce: tx.Nonce, Data: tx.CallData(signatures), GasLimit: tx.GasLimit, FeeBound: tx.FeeBound,
	}, nil
}

// IsExec reports whether the bytes of a signed attempt are a Safe transaction's and not a
// user operation's.
func IsExec(s coffer.Signed) bool { return bytes.HasPrefix(s.Bytes, []byte(`{"safe":`)) }
