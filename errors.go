package coffer

import (
	"errors"
	"fmt"
)

// Code classes what a caller can do about an error. Codes are part of the API.
type Code string

// Codes of Error.
const (
	CodeInvalid         Code = "INVALID"         // a field breaks a rule; Field names it
	CodeNotFound        Code = "NOT_FOUND"       // no such thing, or not yours
	CodeConflict        Code = "CONFLICT"        // the state does not allow it
	CodeIdempotency     Code = "IDEMPOTENCY"     // the key was used with another body
	CodeInsufficient    Code = "INSUFFICIENT"    // less available than asked for
	CodePolicy          Code = "POLICY"          // a policy rule refuses
	CodeUnauthenticated Code = "UNAUTHENTICATED" // no valid credentials
	CodeForbidden       Code = "FORBIDDEN"       // credentials lack the scope
	CodeLimit           Code = "LIMIT"           // a size, depth or rate limit
	CodeUnavailable     Code = "UNAVAILABLE"     // try again later
	CodeInternal        Code = "INTERNAL"        // our fault; operators see the cause
)

// Error is an error at the edge: users see Code, Field and Message; operators see the
// cause too.
type Error struct {
	Code    Code
	Field   string // the input field, where there is one
	Message string // our words: names the rule
	Cause   error  // never shown to users
}

// Error implements error.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Field != "" {
		s += " " + e.Field
	}
	s += ": " + e.Message
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an Error without a field.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid makes a CodeInvalid error that names the field and the rule.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// ErrorCode returns the code of the first Error in the chain, or CodeInternal.
func ErrorCode(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// ErrNotFound is returned by Sources for blocks that the node does not have.
var ErrNotFound = errors.New("not found")
