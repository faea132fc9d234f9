package anviltests

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/cofferhq/coffer/bindings"
)

// The module half of the guard runs while a user operation is validated, when the account
// has no deposit and pays its prefund. Public bundlers then hold it to ERC-7562.

func TestGuardKeepsToTheValidationRules(t *testing.T) {
	c := newChain(t)
	c.owners[2] = newKey(t)
	c.wallet = c.newSafe(t, c.Guard) // another one, with nothing in the EntryPoint
	if _, err := c.FundNative(t.Context(), c.wallet, big.NewInt(1e18)); err != nil {
		t.Fatal(err)
	}
	op := c.signedOperation(t, c.Faucet(), nil, call)

	trace := c.trace(t, c.EntryPoint, handleOps(c.Faucet(), op))
	found, frames := violations(trace, c.EntryPoint, c.wallet)
	for _, violation := range found {
		t.Errorf("validation: %s", violation)
	}
	if frames[c.Guard] < 4 { // two hooks, each with its simulation inside of the Safe
		t.Errorf("the guard ran %d times during validation: nothing was checked", frames[c.Guard])
	}
	if event := c.operationEvent(t, c.handle(t, c.Faucet(), op)); !event.Success {
		t.Error("the operation failed")
	}
}

// An account with a deposit pays nothing while it is validated, so the guard does not run.
func TestGuardHasNoPartInTheValidationOfAPaidOperation(t *testing.T) {
	c := newChain(t)
	op := c.signedOperation(t, c.Faucet(), nil, call)
	found, frames := violations(c.trace(t, c.EntryPoint, handleOps(c.Faucet(), op)), c.EntryPoint, c.wallet)
	for _, violation := range found {
		t.Errorf("validation: %s", violation)
	}
	if frames[c.Guard] != 0 || frames[c.Safe4337Module] == 0 {
		t.Errorf("the guard ran %d times, the module %d times", frames[c.Guard], frames[c.Safe4337Module])
	}
}

// The same check finds what execTransaction's half does: it reads the time and storage of
// its own. Otherwise the test above could not fail.
func TestTheOtherHalfOfTheGuardDoesNot(t *testing.T) {
	c := newChain(t)
	change := bindings.NewSafe().PackChangeThreshold(big.NewInt(1))
	c.execute(t, c.wallet, c.Guard, bindings.NewGuard().PackAnnounce(change), call)

	trace := c.trace(t, c.wallet, c.execution(t, c.wallet, c.wallet, change, call))
	found, _ := violations(trace, common.Address{}, c.wallet)
	text := strings.Join(found, "\n")
	for _, want := range []string{"TIMESTAMP", "SLOAD of " + c.Guard.Hex()} {
		if !strings.Contains(text, want) {
			t.Errorf("%s was not found in:\n%s", want, text)
		}
	}
}

// step is one instruction of a trace; the stack's top is last.
type step struct {
	Op    string         `json:"op"`
	Depth int            `json:"depth"`
	Stack []*hexutil.Big `json:"stack"`
}

func (c *chain) trace(t *testing.T, to common.Address, data []byte) []step {
	t.Helper()
	var result struct {
		StructLogs []step `json:"structLogs"`
	}
	message := map[string]any{"from": c.Faucet(), "to": to, "data": hexutil.Bytes(data), "gas": hexutil.Uint64(5_000_000)}
	options := map[string]any{"disableStorage": true}
	if err := c.RPC().CallContext(t.Context(), &result, "debug_traceCall", message, "latest", options); err != nil {
		t.Fatal(err)
	}
	return result.StructLogs
}

// frame is a call: whose code runs on whose storage.
type frame struct{ code, storage common.Address }

// banned are the opcodes of OP-011 and OP-080, for accounts without stake.
var banned = strings.Fields("ORIGIN GASPRICE BLOCKHASH COINBASE TIMESTAMP NUMBER PREVRANDAO DIFFICULTY GASLIMIT BASEFEE " +
	"BLOBHASH BLOBBASEFEE CREATE CREATE2 INVALID SELFDESTRUCT BALANCE SELFBALANCE")

// paysEntryPoint reports whether a call of the EntryPoint is the one that accounts may make
// without a selector: the prefund.
func paysEntryPoint(s step) bool {
	return s.Op == "CALL" && s.Stack[len(s.Stack)-5].ToInt().Sign() == 0 // no calldata
}

// violations applies the rules of ERC-7562 that a guard could break to the validation of
// the first operation: to everything that the outermost contract calls, until it calls
// itself. It is stricter than STO-021: storage that other contracts associate with the
// account (its address, or keccak256 of it and more) is reported too. It returns what it
// found, and how often each contract's code ran.
func violations(trace []step, entryPoint, sender common.Address) (found []string, ran map[common.Address]int) {
	frames, ran := []frame{{code: entryPoint, storage: entryPoint}}, map[common.Address]int{}
	for n, s := range trace {
		frames = frames[:s.Depth]
		now := frames[s.Depth-1]
		top := func(i int) *big.Int { return s.Stack[len(s.Stack)-1-i].ToInt() }
		report := func(format string, args ...any) {
			found = append(found, fmt.Sprintf("step %d, code of %s: "+format, append([]any{n, now.code}, args...)...))
		}
		ofAccount := now.code != entryPoint

		switch s.Op {
		case "CALL", "STATICCALL", "DELEGATECALL", "CALLCODE":
			target := common.BigToAddress(top(1))
			next := frame{code: target, storage: target}
			if s.Op == "DELEGATECALL" || s.Op == "CALLCODE" {
				next.storage = now.storage
			}
			if s.Depth == 1 && target == entryPoint {
				return found, ran // innerHandleOp: validation is over
			}
			if ofAccount && s.Op == "CALL" && top(2).Sign() != 0 && target != entryPoint {
				report("OP-061: value to %s", target)
			}
			if ofAccount && target == entryPoint && !paysEntryPoint(s) {
				report("OP-053, OP-054: %s of the EntryPoint", s.Op)
			}
			frames = append(frames, next)
			ran[target]++
		case "GAS":
			if ofAccount && !strings.Contains(trace[n+1].Op, "CALL") {
				report("OP-012: GAS before %s", trace[n+1].Op)
			}
		case "SLOAD", "SSTORE", "TLOAD", "TSTORE":
			if ofAccount && now.storage != sender {
				report("STO-010: %s of %s", s.Op, now.storage)
			}
		}
		if ofAccount && slices.Contains(banned, s.Op) {
			report("OP-011: %s", s.Op)
		}
	}
	return found, ran
}
