package tron

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Class says what to do about an error, whichever node said it.
type Class string

// Classes of errors. What is none of them is Unclassified: nothing may be concluded from it.
const (
	Unclassified Class = ""

	// Of transactions that a node did not take (BroadcastError).

	// Retry: it did nothing with the transaction; the same bytes may be sent again, later or to
	// another node.
	Retry Class = "retry"
	// Verify: it says that it knows the transaction, or something that has no meaning here. The
	// transaction may be in a block, on its way, or neither: look it up by its id.
	Verify Class = "verify"
	// Rebuild: these bytes will not be included as things are. Another node may have taken them
	// before: build another transaction only when this one has expired, at a solidified block.
	Rebuild Class = "rebuild after expiry"
	// Resources: the account has too little for its fees now. The same bytes may be sent again
	// when it has more, until they expire.
	Resources Class = "resources"
	// Never: the signatures are not those that the account demands. Nothing makes these bytes
	// good again, unless the account's permissions change.
	Never Class = "never"

	// Of questions.

	NotFound      Class = "not found"      // the node has no such thing, or not yet
	Busy          Class = "busy"           // overloaded, or we asked too much: later, or somebody else
	Unauthorized  Class = "unauthorized"   // the API key is wrong or missing
	UnknownMethod Class = "unknown method" // the node does not serve it
)

// classOfCode is the table of what nodes answer to a transaction.
var classOfCode = map[tronpb.ReturnResponseCode]Class{
	tronpb.Return_SERVER_BUSY:                     Retry,
	tronpb.Return_NO_CONNECTION:                   Retry,
	tronpb.Return_NOT_ENOUGH_EFFECTIVE_CONNECTION: Retry,
	tronpb.Return_BLOCK_UNSOLIDIFIED:              Retry,
	tronpb.Return_DUP_TRANSACTION_ERROR:           Verify,
	tronpb.Return_OTHER_ERROR:                     Verify,
	tronpb.Return_TAPOS_ERROR:                     Rebuild,
	tronpb.Return_TRANSACTION_EXPIRATION_ERROR:    Rebuild,
	tronpb.Return_CONTRACT_VALIDATE_ERROR:         Rebuild,
	tronpb.Return_TOO_BIG_TRANSACTION_ERROR:       Rebuild,
	tronpb.Return_BANDWITH_ERROR:                  Resources, //nolint:misspell // the protocol's spelling
	tronpb.Return_CONTRACT_EXE_ERROR:              Resources,
	tronpb.Return_SIGERROR:                        Never,
}

// maxMessage bounds how much is kept of a node's words, in bytes.
const maxMessage = 300

// BroadcastError is a node's refusal of a transaction. Its text is a node's: it is shown to
// operators only.
type BroadcastError struct {
	Code    tronpb.ReturnResponseCode
	Message string
}

func (e *BroadcastError) Error() string {
	return fmt.Sprintf("the node says %s: %q", e.Code, e.Message)
}

// Class returns what to do about it. A code that this version does not know means nothing.
func (e *BroadcastError) Class() Class {
	if class, known := classOfCode[e.Code]; known {
		return class
	}
	return Verify
}

// broadcastError reads what a node answered to a transaction; nil when it took it.
func broadcastError(said *tronpb.Return) error {
	if said.GetResult() && said.GetCode() == tronpb.Return_SUCCESS {
		return nil
	}
	return &BroadcastError{Code: said.GetCode(), Message: readable(said.GetMessage(), maxMessage)}
}

// Classify returns what an error of a node means. Errors that no node made, such as a lost
// connection, are Unclassified.
func Classify(err error) Class {
	var refused *BroadcastError
	switch {
	case err == nil, errors.Is(err, ErrUnknownOutcome):
		return Unclassified
	case errors.As(err, &refused):
		return refused.Class()
	case errors.Is(err, coffer.ErrNotFound):
		return NotFound
	}
	var call *callError
	if !errors.As(err, &call) {
		return Unclassified
	}
	switch call.code {
	case codes.NotFound:
		return NotFound
	case codes.ResourceExhausted:
		return Busy
	case codes.Unauthenticated, codes.PermissionDenied:
		return Unauthorized
	case codes.Unimplemented:
		return UnknownMethod
	}
	return Unclassified
}

// Errors of one node.
var (
	// ErrNotProven is returned when a node's answer is not what its block commits to, or is at
	// odds with itself.
	ErrNotProven = errors.New("the answer does not prove itself")
	// ErrResponseTooLarge is returned when an answer is larger than its bound.
	ErrResponseTooLarge = errors.New("the answer is larger than allowed")
)

// callError is a call that ended with a status: a node's, or that of a connection. Its text
// may be a node's.
type callError struct {
	how  string // "gRPC" or "HTTP"
	code codes.Code
	text string
}

func (e *callError) Error() string { return fmt.Sprintf("%s %s: %q", e.how, e.code, e.text) }

// tooLargeText begins what grpc-go says of an answer above the bound of a call; the status is
// one that nodes give for other reasons, too.
const tooLargeText = "grpc: received message larger than max"

// errorOf turns what grpc-go says into an error of ours.
func errorOf(err error) error {
	if err == nil {
		return nil
	}
	said := status.Convert(err)
	if said.Code() == codes.ResourceExhausted && strings.HasPrefix(said.Message(), tooLargeText) {
		return ErrResponseTooLarge
	}
	return &callError{"gRPC", said.Code(), readable([]byte(said.Message()), maxMessage)}
}

// isRefusal reports whether a node that works answered that it does not do it.
func isRefusal(err error) bool {
	var call *callError
	if !errors.As(err, &call) {
		return false
	}
	switch call.code {
	case codes.InvalidArgument, codes.NotFound, codes.OutOfRange, codes.FailedPrecondition, codes.Unimplemented:
		return true
	}
	return false
}

// maybeMissing reports whether an error may mean that a node does not have what it was asked
// for: java-tron ends such a call with a status of a broken server.
func maybeMissing(err error) bool {
	var call *callError
	return isRefusal(err) || (errors.As(err, &call) && (call.code == codes.Unknown || call.code == codes.Internal))
}

// readable is a stranger's text, bounded and without what a terminal would obey.
func readable(text []byte, most int) string {
	cut := text[:min(len(text), most)]
	var b strings.Builder
	for len(cut) > 0 {
		r, size := utf8.DecodeRune(cut)
		switch {
		case r == utf8.RuneError && size <= 1:
			b.WriteByte('?')
		case !unicode.IsPrint(r):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
		cut = cut[size:]
	}
	return strings.TrimSpace(b.String())
}
