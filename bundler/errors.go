package bundler

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common/hexutil"
)

// Codes of errors: ERC-7769 for user operations, JSON-RPC 2.0 and EIP-1474 for the rest.
const (
	CodeInvalid          = -32602 // a field breaks a rule; Error.Field names it
	CodeRejected         = -32500 // the EntryPoint or the account refuses
	CodePaymaster        = -32501 // the paymaster refuses
	CodeOpcode           = -32502 // a validation rule of ERC-7562 is broken
	CodeTimeRange        = -32503 // not valid yet, or not for long enough
	CodeBanned           = -32504 // the sender or another entity is not served
	CodeStake            = -32505 // an entity's stake is too low
	CodeAggregator       = -32506 // an unsupported signature aggregator
	CodeSignature        = -32507 // the signature is wrong
	CodePaymasterDeposit = -32508 // the paymaster's deposit is too low
	CodeExecution        = -32521 // the call reverts; Error.Data has its data
	CodeLimit            = -32005 // the pool is full
	CodeInternal         = -32603 // our fault
	CodeParse            = -32700
	CodeRequest          = -32600
	CodeMethod           = -32601
)

// Error says why an operation or a request is refused. Through ErrorCode and ErrorData an
// in-process caller sees what a caller over JSON-RPC sees (the interfaces of
// go-ethereum/rpc).
type Error struct {
	Code    int
	Field   string // the field or parameter at fault, where there is one
	Message string
	Data    []byte // revert data, where there is any
}

// Error implements error.
func (e *Error) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// ErrorCode is the JSON-RPC error code.
func (e *Error) ErrorCode() int { return e.Code }

// ErrorData is the revert data as hex text, or nil.
func (e *Error) ErrorData() any {
	if len(e.Data) == 0 {
		return nil
	}
	return hexutil.Encode(e.Data)
}

func invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

func refuse(code int, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
