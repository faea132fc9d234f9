package evm

import (
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
)

// Class says what a node's error means, whichever node said it.
type Class string

// Classes of errors. What is none of them is Unclassified: nothing may be concluded from it.
const (
	Unclassified           Class = ""
	AlreadyKnown           Class = "already known"           // the node holds this very transaction
	NonceTooLow            Class = "nonce too low"           // a transaction with this nonce is in a block: maybe this one
	NonceTooHigh           Class = "nonce too high"          // one before it is missing
	ReplacementUnderpriced Class = "replacement underpriced" // another one with this nonce waits, and is not beaten
	FeeTooLow              Class = "fee too low"             // below what the pool or the block takes
	InsufficientFunds      Class = "insufficient funds"      // the sender cannot pay
	Reverted               Class = "reverted"                // the call ran and failed; see RevertData
	RateLimited            Class = "rate limited"            // ask later, or somebody else
	Busy                   Class = "busy"                    // it takes no transaction now: ask later, or somebody else
	UnknownBlock           Class = "unknown block"           // the node does not have it, or not yet
	StateGone              Class = "state gone"              // the node has pruned what it takes
	UnknownMethod          Class = "unknown method"          // the node does not serve it
	TooMuch                Class = "too much"                // the question or its answer is larger than the node allows
	TimedOut               Class = "timed out"               // inside the node
)

// JSON-RPC codes with one meaning: JSON-RPC 2.0, EIP-1474, execution-apis, and those that
// providers use for their limits.
const codeMethodNotFound = -32601

var classOfCode = map[int]Class{
	3:                  Reverted, // geth and those who follow it
	-32015:             Reverted, // Nethermind, OpenEthereum: "VM execution error"
	codeMethodNotFound: UnknownMethod,
	-32004:             UnknownMethod, // EIP-1474: method not supported
	-32001:             UnknownBlock,  // EIP-1474: resource not found
	-39001:             UnknownBlock,  // execution-apis
	4444:               StateGone,     // execution-apis: pruned history unavailable
	-32005:             RateLimited,   // EIP-1474: limit exceeded
	-32007:             RateLimited,
	429:                RateLimited,
	-32016:             TimedOut, // Nethermind
	-32017:             TimedOut,
	-38010:             NonceTooLow, // execution-apis, eth_simulateV1
	-38011:             NonceTooHigh,
	-38012:             FeeTooLow,
	-38014:             InsufficientFunds,
	-38026:             TooMuch,
}

// Classify returns what a node's error means: by code, then by data, and by text where
// nodes leave nothing else or use one code for several things. Errors that no node made, such as a lost connection, are
// Unclassified.
func Classify(err error) Class {
	var status rpc.HTTPError
	if errors.As(err, &status) && status.StatusCode == http.StatusTooManyRequests {
		return RateLimited
	}
	var coded rpc.Error
	if !errors.As(err, &coded) {
		return Unclassified
	}
	var data any
	var carrier rpc.DataError
	if errors.As(err, &carrier) {
		data = carrier.ErrorData()
	}
	return classify(coded.ErrorCode(), data, coded.Error())
}

func classify(code int, data any, text string) Class {
	class := classOfCode[code]
	if code <= -32001 && code >= -32007 {
		// Besu numbers its refusals of transactions with codes that EIP-1474 gave other
		// meanings, and -32005 means "too often" as well as "too much".
		if said := classOfText(text); said != Unclassified {
			return said
		}
	}
	if class != Unclassified {
		return class
	}
	if revert, ok := revertData(data); ok && len(revert) > 0 {
		return Reverted
	}
	return classOfText(text)
}

// textClasses are the words in which nodes say what they have no code for; the first that
// is found counts. Nobody else reads texts of nodes.
var textClasses = []struct {
	text  string
	class Class
}{
	{"unknown transaction", Unclassified},                         // "… type": must not be taken for the next ones
	{"already known", AlreadyKnown},                               // geth, Erigon, Reth, Nethermind, Arbitrum
	{"alreadyknown", AlreadyKnown},                                // Nethermind before 1.32
	{"already imported", AlreadyKnown},                            // anvil, OpenEthereum
	{"known transaction", AlreadyKnown},                           // Besu, geth before 1.9
	{"existing tx with same hash", AlreadyKnown},                  // Erigon 2
	{"existing txn with same hash", AlreadyKnown},                 // Erigon 3
	{"replacement transaction under", ReplacementUnderpriced},     // "…priced": geth, anvil, Erigon, Reth, Nethermind, Besu
	{"could not replace existing tx", ReplacementUnderpriced},     // Erigon
	{"insufficient gas price to replace", ReplacementUnderpriced}, // anvil
	{"replacementnotallowed", ReplacementUnderpriced},             // Nethermind before 1.32
	{"nonce too low", NonceTooLow},                                // geth, anvil, Erigon, Arbitrum, Besu
	{"oldnonce", NonceTooLow},                                     // Nethermind before 1.32
	{"nonce is too low", NonceTooLow},                             // OpenEthereum
	{"nonce too high", NonceTooHigh},                              // Arbitrum, anvil
	{"noncegap", NonceTooHigh},                                    // Nethermind before 1.32
	{"insufficient funds", InsufficientFunds},                     // geth, anvil, Erigon, Arbitrum
	{"insufficientfunds", InsufficientFunds},                      // Nethermind before 1.32
	{"insufficient balance", InsufficientFunds},                   // Nethermind
	{"upfront cost exceeds account balance", InsufficientFunds},   // Besu
	{"transaction underpriced", FeeTooLow},                        // geth, Nethermind
	{"gas price below", FeeTooLow},                                // geth 1.16, Besu
	{"gas price too low", FeeTooLow},                              // Polygon and other forks of geth
	{"less than block base fee", FeeTooLow},                       // geth, anvil, Arbitrum: "max fee per gas …"
	{"fee too low", FeeTooLow},                                    // Erigon
	{"feetoolow", FeeTooLow},                                      // Nethermind before 1.32
	{"underpriced", FeeTooLow},                                    // Erigon
	{"pool is full", Busy},                                        // geth, Erigon ("… sub-pool is full"), Reth
	{"sequencer temporarily not available", Busy},                 // Arbitrum
	{"execution reverted", Reverted},                              // without code and data: light proxies
	{"vm execution error", Reverted},                              // Nethermind
	{"query returned more than", TooMuch},                         // Infura and those who copy it, code -32005
	{"response size exceeded", TooMuch},                           // Alchemy
	{"response size should not", TooMuch},                         // Chainstack
	{"request entity too large", TooMuch},                         // proxies
	{"maximum block range", TooMuch},                              // eth_getLogs, many
	{"batch too large", TooMuch},                                  // geth, Erigon
	{"rate limit", RateLimited},                                   // everywhere
	{"too many requests", RateLimited},                            // proxies
	{"exceeded its compute units", RateLimited},                   // Alchemy
	{"request limit", RateLimited},                                // QuickNode
	{"missing trie node", StateGone},                              // geth
	{"historical state", StateGone},                               // geth with path scheme
	{"no state available", StateGone},                             // Nethermind
	{"due to pruning", StateGone},                                 // Erigon
	{"state is not available", StateGone},                         // bor, BSC
	{"unknown block", UnknownBlock},                               // geth, Erigon
	{"header not found", UnknownBlock},                            // geth, Erigon
	{"block not found", UnknownBlock},                             // "finalized …", "safe …": geth, Erigon
	{"header for hash not found", UnknownBlock},                   // geth
	{"not currently canonical", UnknownBlock},                     // geth: "hash is …"
	{"resource not found", UnknownBlock},                          // EIP-1474 with another code
	{"blockoutofrange", UnknownBlock},                             // anvil
	{"method not found", UnknownMethod},                           // with another code
	{"unsupported method", UnknownMethod},                         // providers
	{"method is not supported", UnknownMethod},                    // providers
	{"method not supported", UnknownMethod},                       // providers
	{"not whitelisted", UnknownMethod},                            // providers
	{"does not exist/is not available", UnknownMethod},            // geth
	{"execution timeout", TimedOut},                               // geth's tracers
	{"execution aborted (timeout", TimedOut},                      // geth's eth_call
	{"request timed out", TimedOut},                               // geth
}

// classOfText is the one place that concludes something from a node's words.
func classOfText(text string) Class {
	text = strings.ToLower(text)
	for _, known := range textClasses {
		if strings.Contains(text, known.text) {
			return known.class
		}
	}
	return Unclassified
}

// Needed is what a node wants to see of a transaction's fees, in wei per gas; zero where it
// does not say.
type Needed struct{ Cap, Tip *big.Int }

// neededWords stand before the number that was needed.
var neededWords = []struct {
	text string
	tip  bool
}{
	{"gas tip cap %, minimum needed ", true}, // geth: "transaction underpriced: gas tip cap 1, minimum needed 1000000000"
	{"basefee: ", false},                     // geth, Nethermind: "… maxFeePerGas: 1, baseFee: 875000000"
}

// maxFeeDigits bounds the numbers that are read out of a text.
const maxFeeDigits = 30

// NeededFees reads out of a refusal what would have been enough.
func NeededFees(err error) Needed {
	needed := Needed{new(big.Int), new(big.Int)}
	var coded rpc.Error
	if !errors.As(err, &coded) {
		return needed
	}
	text := strings.ToLower(coded.Error())
	for _, words := range neededWords {
		before, after, _ := strings.Cut(words.text, "%")
		at := strings.Index(text, before)
		if at < 0 {
			continue
		}
		rest := text[at+len(before):]
		if after != "" {
			skip := strings.Index(rest, after)
			if skip < 0 || skip > maxFeeDigits {
				continue
			}
			rest = rest[skip+len(after):]
		}
		end := strings.IndexFunc(rest+" ", func(r rune) bool { return r < '0' || r > '9' })
		if fee, ok := new(big.Int).SetString(rest[:end], 10); ok && end <= maxFeeDigits {
			if words.tip {
				needed.Tip = fee
			} else {
				needed.Cap = fee
			}
		}
	}
	return needed
}

// maxRevertBytes bounds what a call may revert with.
const maxRevertBytes = 64 << 10

// RevertData returns what a call reverted with, and whether the node says, by code or data,
// that it reverted. The data is empty when gas ran out or the contract said nothing.
func RevertData(err error) ([]byte, bool) {
	var carrier rpc.DataError
	if errors.As(err, &carrier) {
		if data, ok := revertData(carrier.ErrorData()); ok {
			return data, true
		}
	}
	var coded rpc.Error
	return nil, errors.As(err, &coded) && classOfCode[coded.ErrorCode()] == Reverted
}

// revertData reads the data of an error: hex text, or that behind "Reverted " (Nethermind,
// OpenEthereum).
func revertData(data any) ([]byte, bool) {
	text, ok := data.(string)
	if !ok || len(text) > 2*maxRevertBytes+16 {
		return nil, false
	}
	decoded, err := hexutil.Decode(strings.TrimPrefix(text, "Reverted "))
	return decoded, err == nil
}

// notFound turns a node's way of saying "no such block" into coffer.ErrNotFound.
func notFound(err error) error {
	if err != nil && Classify(err) == UnknownBlock {
		return fmt.Errorf("%w (%w)", coffer.ErrNotFound, err)
	}
	return err
}
