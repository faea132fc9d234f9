package evm

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strconv"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
)

// NativeTransfers says which movements of the native asset a source can see. Receipts do
// not tell about payments that contracts make; only a node's traces do.
type NativeTransfers string

const (
	// NativeTraced: all of them, those made by contracts included.
	NativeTraced NativeTransfers = "traces"
	// NativeTopLevel: those that a transaction makes itself. A deposit that a contract pays
	// (an exchange's hot wallet, a Safe) is not seen, so native deposits must be refused.
	NativeTopLevel NativeTransfers = "top-level"
	// NativeUnseen: none. The chain's native asset is not to be offered at all.
	NativeUnseen NativeTransfers = "none"
)

// Bounds of traces.
const (
	maxFrames     = 1 << 20 // of a block
	maxFrameDepth = 1100    // the EVM allows 1024 calls inside each other
	traceBatch    = 50      // transactions traced at once where a node cannot trace blocks
	gasOfPayment  = 21_000  // a transaction that used no more executed no code
)

// ErrTrace is returned when a node's trace is not one of the transaction it should be of.
var ErrTrace = errors.New("the trace does not fit its transaction")

// tracing is a way to ask for the traces of a block.
type tracing struct {
	name string
	// block asks for the calls of all transactions of a block.
	block func(ctx context.Context, s *Source, c *content) ([][]frame, error)
	// probe asks for something that does not exist: only who knows the method says so.
	method string
	// ofBlock says that the answer names the block, or was asked for by its hash.
	ofBlock bool
}

// tracings are in order of preference: one question for a block before one for each
// transaction, geth's format before Parity's.
var tracings = []tracing{
	{"debug_traceBlockByHash", debugBlock, "debug_traceBlockByHash", true},
	{"trace_block", parityBlock, "trace_block", true},
	{"debug_traceTransaction", debugTransactions, "debug_traceTransaction", false},
	{"trace_transaction", parityTransactions, "trace_transaction", false},
}

// FindTraces reports whether the nodes can trace, asking each way once. It decides by the
// methods that are there; that answers have the right shape is checked with each block.
func FindTraces(ctx context.Context, client *Client) (NativeTransfers, error) {
	for _, way := range tracings {
		args := []any{common.Hash{1}}
		switch way.method {
		case "trace_block":
			args = []any{"0x0"}
		case "debug_traceBlockByHash", "debug_traceTransaction":
			args = append(args, callTracer)
		}
		err := client.rpc.CallContext(ctx, nil, way.method, args...)
		if Classify(err) == UnknownMethod {
			continue
		}
		var coded rpc.Error
		if err != nil && !errors.As(err, &coded) {
			return "", fmt.Errorf("ask the nodes of %s for traces: %w", client.config.Chain, err)
		}
		return NativeTraced, nil
	}
	return NativeTopLevel, nil
}

// callTracer is geth's tracer that gives the tree of calls.
var callTracer = map[string]any{"tracer": "callTracer"}

// frame is a call inside a transaction.
type frame struct {
	kind     string // as geth writes it: CALL, DELEGATECALL, CREATE, SELFDESTRUCT, …
	from, to common.Address
	value    coffer.Amount
	input    []byte // its head
	failed   bool
	calls    []frame
}

// moves reports whether a call moves its value to somebody else. A DELEGATECALL shows the
// value of the call around it, a CALLCODE pays its own sender, a STATICCALL has none, and a
// contract that destroys itself in its own favour keeps or burns what it has.
func (f frame) moves() bool {
	switch f.kind {
	case "CALL", "CREATE", "CREATE2", "SELFDESTRUCT":
		return !f.value.IsZero() && f.from != f.to
	}
	return false
}

// addTraces adds what contracts paid in native coins. Transfers are numbered inside their
// transaction in the order in which they happen: trace:0 is the transaction's own payment,
// whether it has one or not, trace:1 the first made by a contract. Calls that move nothing
// are not counted, so that the number does not depend on the node: some leave out calls of
// precompiled contracts.
func (s *Source) addTraces(ctx context.Context, c *content, block *coffer.Block) error {
	if !c.ranCode() {
		return nil
	}
	traces, err := s.traces(ctx, c)
	if err != nil {
		return err
	}
	inside := map[coffer.Hash][]coffer.Transfer{}
	for i, tx := range c.txs {
		if c.receipts[i].Status != types.ReceiptStatusSuccessful {
			continue
		}
		list, deposits, err := s.internal(tx, traces[i])
		if err == nil {
			err = checkDeposits(s.config.EntryPoint, deposits, c.receipts[i].Logs)
		}
		if err != nil {
			return fmt.Errorf("transaction %s: %w", tx.Hash(), err)
		}
		inside[coffer.Hash(tx.Hash())] = list
		block.GasDeposits = append(block.GasDeposits, deposits...)
	}
	block.Transfers = mergeInternal(c.txs, block.Transfers, inside)
	return nil
}

// ranCode reports whether any successful transaction may have executed code.
func (c *content) ranCode() bool {
	for i, tx := range c.txs {
		payment := tx.To() != nil && len(tx.Data()) == 0 && c.gasUsed(i) == gasOfPayment
		if c.receipts[i].Status == types.ReceiptStatusSuccessful && !payment {
			return true
		}
	}
	return false
}

func (c *content) gasUsed(i int) uint64 {
	if i == 0 {
		return c.receipts[0].CumulativeGasUsed
	}
	return c.receipts[i].CumulativeGasUsed - c.receipts[i-1].CumulativeGasUsed
}

// traces asks in the way that worked last, and in the others when nodes do not know it.
func (s *Source) traces(ctx context.Context, c *content) ([][]frame, error) {
	last := int(s.tracing.Load())
	var missing error
	for i := range tracings {
		at := (last + i) % len(tracings)
		traces, err := tracings[at].block(ctx, s, c)
		if Classify(err) == UnknownMethod {
			missing = err
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", tracings[at].name, err)
		}
		s.tracing.Store(int32(at)) // #nosec G115 -- a handful
		return traces, nil
	}
	return nil, fmt.Errorf("no node of %s traces any more: %w", s.config.Chain, missing)
}

// internal lists what contracts paid inside a successful transaction, and what of it became
// gas money, after checking that the trace is of this transaction.
func (s *Source) internal(tx *types.Transaction, calls []frame) ([]coffer.Transfer, []coffer.GasDeposit, error) {
	if len(calls) != 1 {
		return nil, nil, fmt.Errorf("%w: %d top-level calls", ErrTrace, len(calls))
	}
	top := calls[0]
	sender, err := types.Sender(types.LatestSignerForChainID(new(big.Int).SetUint64(s.client.number)), tx)
	if err != nil {
		return nil, nil, fmt.Errorf("sender: %w", err)
	}
	to, kind := crypto.CreateAddress(sender, tx.Nonce()), "CREATE"
	if tx.To() != nil {
		to, kind = *tx.To(), "CALL"
	}
	value, err := amountFromBig(tx.Value())
	if err != nil {
		return nil, nil, fmt.Errorf("value: %w", err)
	}
	if top.kind != kind || top.from != sender || top.to != to || top.value != value || top.failed {
		return nil, nil, fmt.Errorf("%w: %s of %s from %s to %s, failed: %v", ErrTrace, top.kind, top.value, top.from, top.to, top.failed)
	}

	var list []coffer.Transfer
	var deposits []coffer.GasDeposit
	err = payments(top, to, func(f frame) {
		t := coffer.Transfer{
			Asset: s.config.Native, Tx: coffer.Hash(tx.Hash()), Ref: traceRefs + strconv.Itoa(len(list)+1),
			From: AddressOf(f.from), To: AddressOf(f.to), Amount: f.value,
		}
		list = append(list, t)
		if f.to != s.config.EntryPoint || f.kind != "CALL" {
			return
		}
		if account, ok := depositedFor(f.from, f.input); ok {
			deposits = append(deposits, coffer.GasDeposit{Tx: t.Tx, Ref: t.Ref, From: t.From, Account: AddressOf(account), Amount: t.Amount})
		}
	})
	return list, deposits, err
}

// payments walks through the calls made inside another one, in the order in which they were
// made, and tells those that moved value. account is whose code's effects it has: its own,
// or under a DELEGATECALL its caller's. Whoever calls is that account; what nodes say is
// checked against it, but for contracts that destroy themselves: revm's tracers (anvil,
// Reth) name their caller where the heir is the contract itself.
func payments(outer frame, account common.Address, tell func(f frame)) error {
	for _, f := range outer.calls {
		if f.kind == "SELFDESTRUCT" {
			f.from = account
		}
		if f.from != account {
			return fmt.Errorf("%w: %s called as %s", ErrTrace, account, f.from)
		}
		if f.failed {
			continue // with all that happened inside
		}
		if f.moves() {
			tell(f)
		}
		inside := f.to
		if f.kind == "DELEGATECALL" || f.kind == "CALLCODE" {
			inside = account
		}
		if err := payments(f, inside, tell); err != nil {
			return err
		}
	}
	return nil
}

// mergeInternal puts each transaction's internal transfers behind its own payment, before
// its logs.
func mergeInternal(txs types.Transactions, transfers []coffer.Transfer, inside map[coffer.Hash][]coffer.Transfer) []coffer.Transfer {
	var merged []coffer.Transfer
	next := 0
	for _, tx := range txs {
		hash := coffer.Hash(tx.Hash())
		if next < len(transfers) && transfers[next].Tx == hash && transfers[next].Ref == topLevelRef {
			merged = append(merged, transfers[next])
			next++
		}
		merged = append(merged, inside[hash]...)
		for next < len(transfers) && transfers[next].Tx == hash {
			merged = append(merged, transfers[next])
			next++
		}
	}
	return merged
}

// budget bounds what a block's traces may hold.
type budget struct{ frames int }

func (b *budget) take(depth int) error {
	if b.frames++; b.frames > maxFrames {
		return fmt.Errorf("%w: more than %d calls", ErrTrace, maxFrames)
	}
	if depth > maxFrameDepth {
		return fmt.Errorf("%w: calls inside each other %d deep", ErrTrace, depth)
	}
	return nil
}

func amountOf(n *hexutil.Big) (coffer.Amount, error) {
	if n == nil {
		return coffer.Amount{}, nil
	}
	return amountFromBig(n.ToInt())
}
