package bundler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/evm"
)

// operation is a user operation in the three forms that are needed: as the EntryPoint takes
// it, as people and the database hold it, and its name.
type operation struct {
	hash   coffer.Hash // userOpHash
	packed bindings.PackedUserOperation
	json   []byte
}

func newOperation(op evm.UserOperation, entryPoint common.Address, chain uint64) (operation, error) {
	text, err := json.Marshal(op)
	if err != nil {
		return operation{}, fmt.Errorf("write user operation: %w", err)
	}
	return operation{op.Hash(entryPoint, chain), op.Pack(), text}, nil
}

// unpackOperation reads a stored operation.
func unpackOperation(text []byte) (bindings.PackedUserOperation, error) {
	op, err := evm.DecodeUserOperation(text, false)
	return op.Pack(), err
}

// Fields of an operation as JSON (ERC-7769, EntryPoint v0.7).
var (
	neededFields   = []string{"sender", "nonce", "callData", "signature"}
	gasFields      = []string{"callGasLimit", "verificationGasLimit", "preVerificationGas", "maxFeePerGas", "maxPriorityFeePerGas"}
	optionalFields = []string{"factory", "factoryData", "paymaster", "paymasterVerificationGasLimit", "paymasterPostOpGasLimit", "paymasterData"}
)

// readOperation reads an operation of a request. For an estimate gas and fees may be
// missing. Errors name the field.
func readOperation(text json.RawMessage, estimate bool) (evm.UserOperation, error) {
	fields, err := fieldsOf(text)
	if err != nil {
		return evm.UserOperation{}, err
	}
	needed := neededFields
	if !estimate {
		needed = slices.Concat(neededFields, gasFields)
	}
	for _, field := range needed {
		if value, ok := fields[field]; !ok || string(value) == "null" {
			return evm.UserOperation{}, invalid(field, "is missing")
		}
	}
	for _, field := range []string{"sender", "factory", "paymaster"} {
		if value, ok := fields[field]; ok && string(value) != "null" && !isAddress(value) {
			return evm.UserOperation{}, invalid(field, "want 0x and 40 hex digits")
		}
	}
	op, err := evm.DecodeUserOperation(text, estimate)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return evm.UserOperation{}, invalid(wrong.Field, "%s", wrong.Value)
	}
	if err != nil {
		return evm.UserOperation{}, invalid("", "%s", err)
	}
	return op, nil
}

func isAddress(value json.RawMessage) bool {
	var text string
	return json.Unmarshal(value, &text) == nil && strings.HasPrefix(text, "0x") && common.IsHexAddress(text)
}

// fieldsOf takes a JSON object apart and refuses fields that are unknown or there twice.
func fieldsOf(text json.RawMessage) (map[string]json.RawMessage, error) {
	notObject := invalid("userOperation", "want an object")
	decoder := json.NewDecoder(bytes.NewReader(text))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, notObject
	}
	fields := map[string]json.RawMessage{}
	for decoder.More() {
		token, err := decoder.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, notObject
		}
		shown := strings.ToValidUTF8(name[:min(len(name), 64)], "?")
		if _, twice := fields[name]; twice {
			return nil, invalid(shown, "is there twice")
		}
		if !slices.Contains(neededFields, name) && !slices.Contains(gasFields, name) && !slices.Contains(optionalFields, name) {
			return nil, invalid(shown, "is no field of a user operation of EntryPoint v0.7")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, notObject
		}
		fields[name] = value
	}
	return fields, nil
}

func gasOf(op bindings.PackedUserOperation) evm.Gas {
	verification, callGas := unpack128(op.AccountGasLimits)
	return evm.Gas{Verification: verification.Uint64(), Call: callGas.Uint64(), PreVerification: op.PreVerificationGas.Uint64()}
}
