package utxo

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Class says what a node's error means, whichever node said it.
type Class string

// Classes of errors. What is none of them is Unclassified: nothing may be concluded from it.
const (
	Unclassified   Class = ""
	NotFound       Class = "not found"        // the node has no such block or transaction, or not yet
	AlreadyKnown   Class = "already known"    // this very transaction waits in the pool
	AlreadyInChain Class = "already in chain" // this very transaction is in a block
	MissingInputs  Class = "missing inputs"   // a coin is spent, or unknown: maybe by this very transaction, in a block
	Conflict       Class = "conflict"         // another transaction in the pool spends a coin of it and is not replaced
	FeeTooLow      Class = "fee too low"      // for the pool, or to replace what is there
	FeeTooHigh     Class = "fee too high"     // more than the node lets anybody pay
	Rejected       Class = "rejected"         // against the node's policy or the chain's rules
	BadTransaction Class = "bad transaction"  // the bytes are none
	Pruned         Class = "pruned"           // the node had it once
	UnknownMethod  Class = "unknown method"   // the node does not serve it
	Busy           Class = "busy"             // starting, syncing or overloaded: ask later, or somebody else
	Unauthorized   Class = "unauthorized"     // user, password or cookie are wrong
)

// Codes of Bitcoin Core (src/rpc/protocol.h) and JSON-RPC 2.0 that have a meaning here.
const (
	codeMisc           = -1
	codeNotFound       = -5
	codeParameter      = -8
	codeNotConnected   = -9
	codeSyncing        = -10
	codeDecode         = -22
	codeVerify         = -25
	codeRejected       = -26
	codeAlreadyInChain = -27
	codeWarmup         = -28
	codeMethodNotFound = -32601
	codeInternal       = -32603
)

// refusal is a JSON-RPC error. Its text is a node's: it is shown to operators only.
type refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (r *refusal) Error() string { return fmt.Sprintf("the node says %.300q (%d)", r.Message, r.Code) }

// httpError is an answer with another status than JSON-RPC has.
type httpError struct{ status int }

func (e httpError) Error() string {
	return fmt.Sprintf("HTTP status %d %s", e.status, http.StatusText(e.status))
}

// Classify returns what a node's error means: by code, and by text where one code means
// several things. Errors that no node made, such as a lost connection, are Unclassified.
func Classify(err error) Class {
	var status httpError
	if errors.As(err, &status) {
		switch status.status {
		case http.StatusUnauthorized, http.StatusForbidden:
			return Unauthorized
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			return Busy
		}
		return Unclassified
	}
	var refused *refusal
	if !errors.As(err, &refused) {
		return Unclassified
	}
	switch refused.Code {
	case codeNotFound:
		return NotFound
	case codeNotConnected, codeSyncing, codeWarmup:
		return Busy
	case codeDecode:
		return BadTransaction
	case codeMethodNotFound:
		return UnknownMethod
	case codeMisc, codeParameter, codeInternal:
		return classOfText(refused.Message, Unclassified)
	case codeVerify, codeRejected:
		return classOfText(refused.Message, Rejected)
	case codeAlreadyInChain:
		return classOfText(refused.Message, AlreadyInChain)
	}
	return Unclassified
}

// textClasses are the words in which nodes say what they have no code for; the first that
// is found counts. Nobody else reads texts of nodes.
var textClasses = []struct {
	text  string
	class Class
}{
	{"out of range", NotFound},                             // "Block height …": Core (-8); "Block number …": btcd (-1)
	{"is not in the main chain", NotFound},                 // btcd (-32603)
	{"pruned", Pruned},                                     // Core: "Block not available (pruned data)"
	{"not fully downloaded", NotFound},                     // Core: "Block not available (…)"
	{"block not found on disk", NotFound},                  // Core
	{"command unimplemented", UnknownMethod},               // btcd
	{"already in utxo set", AlreadyInChain},                // Core 25 and later
	{"already in block chain", AlreadyInChain},             // Core before
	{"transaction already exists", AlreadyInChain},         // btcd
	{"already have transaction in mempool", AlreadyKnown},  // btcd
	{"already have transaction", AlreadyKnown},             // btcd before 0.24
	{"txn-already-in-mempool", AlreadyKnown},               // Core
	{"txn-same-nonwitness-data-in-mempool", AlreadyKnown},  // Core: another witness of the same transaction
	{"txn-already-known", AlreadyInChain},                  // Core: its outputs are coins
	{"missingorspent", MissingInputs},                      // Core: "bad-txns-inputs-…"
	{"missing-inputs", MissingInputs},                      // Core's testmempoolaccept
	{"missing inputs", MissingInputs},                      // Core before 0.20, Omni Core
	{"orphan transaction", MissingInputs},                  // btcd
	{"txn-mempool-conflict", Conflict},                     // Core
	{"already spent in mempool", Conflict},                 // btcd
	{"evicts more transactions", Conflict},                 // btcd
	{"too many potential replacements", Conflict},          // Core
	{"insufficient fee", FeeTooLow},                        // Core: "…, rejecting replacement"
	{"has an insufficient fee rate", FeeTooLow},            // btcd: "replacement transaction …"
	{"has an insufficient absolute fee", FeeTooLow},        // btcd: "replacement transaction …"
	{"fees which is under the required amount", FeeTooLow}, // btcd
	{"has insufficient priority", FeeTooLow},               // btcd
	{"min relay fee not met", FeeTooLow},                   // Core
	{"mempool min fee not met", FeeTooLow},                 // Core
	{"fee exceeds maximum", FeeTooHigh},                    // Core: sendrawtransaction's own bound
	{"max-fee-exceeded", FeeTooHigh},                       // Core's testmempoolaccept
}

// classOfText is the one place that concludes something from a node's words.
func classOfText(text string, otherwise Class) Class {
	text = strings.ToLower(text)
	for _, known := range textClasses {
		if strings.Contains(text, known.text) {
			return known.class
		}
	}
	return otherwise
}
