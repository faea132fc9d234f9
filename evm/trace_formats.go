package evm

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
)

// gethFrame is a call as geth's callTracer writes it.
type gethFrame struct {
	Type  string          `json:"type"`
	From  *common.Address `json:"from"`
	To    *common.Address `json:"to"`
	Value *hexutil.Big    `json:"value"`
	Input inputText       `json:"input"`
	Error string          `json:"error"`
	Calls []gethFrame     `json:"calls"`
}

// inputText is a call's data, of which only the head is kept.
type inputText []byte

// UnmarshalJSON reads hex text. What is no hex text is no data: only a payment into the
// EntryPoint is looked at, and its events have to agree.
func (i *inputText) UnmarshalJSON(b []byte) error {
	digits, ok := bytes.CutPrefix(bytes.Trim(b, `"`), []byte("0x"))
	if !ok {
		return nil
	}
	head := make([]byte, min(len(digits)/2, inputHead))
	if _, err := hex.Decode(head, digits[:2*len(head)]); err != nil {
		return nil //nolint:nilerr // see above
	}
	*i = head
	return nil
}

func (g gethFrame) frame(b *budget, depth int) (frame, error) {
	if err := b.take(depth); err != nil {
		return frame{}, err
	}
	f := frame{kind: g.Type, input: g.Input, failed: g.Error != ""}
	if f.kind == "SELFDESTRUCT" && g.To == nil {
		return f, ownHeir(g.Value, g.Calls)
	}
	if g.Type == "" || g.From == nil || (g.To == nil && !f.failed) {
		return frame{}, fmt.Errorf("%w: a call without type, sender or recipient", ErrTrace) // {} of an unsupported tracer
	}
	f.from = *g.From
	if g.To != nil {
		f.to = *g.To
	}
	var err error
	if f.value, err = amountOf(g.Value); err != nil {
		return frame{}, fmt.Errorf("%w: value: %w", ErrTrace, err)
	}
	for _, inner := range g.Calls {
		call, err := inner.frame(b, depth+1)
		if err != nil {
			return frame{}, err
		}
		f.calls = append(f.calls, call)
	}
	return f, nil
}

// ownHeir checks the frame of a contract that destroyed itself in its own favour. revm's tracers (anvil,
// Reth) write nothing of it but its type: the contract keeps what it has. Anybody can make such
// a frame, so it must not keep a block from being read.
func ownHeir[T any](value *hexutil.Big, calls []T) error {
	if len(calls) > 0 || (value != nil && value.ToInt().Sign() != 0) {
		return fmt.Errorf("%w: a contract that destroys itself for nobody, and pays", ErrTrace)
	}
	return nil
}

func gethFrames(b *budget, raw json.RawMessage) ([]frame, error) {
	var g gethFrame
	if err := json.Unmarshal(raw, &g); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrace, err)
	}
	f, err := g.frame(b, 0)
	return []frame{f}, err
}

// debugBlock asks for a whole block in geth's format.
func debugBlock(ctx context.Context, s *Source, c *content) ([][]frame, error) {
	var list []struct {
		TxHash *common.Hash    `json:"txHash"` // not of every node
		Result json.RawMessage `json:"result"`
		Error  string          `json:"error"`
	}
	if err := s.client.rpc.CallContext(ctx, &list, "debug_traceBlockByHash", c.summary.Hash, callTracer); err != nil {
		return nil, notFound(err)
	}
	if len(list) != len(c.txs) {
		return nil, fmt.Errorf("%w: %d traces of %d transactions", ErrTrace, len(list), len(c.txs))
	}
	b := &budget{}
	traces := make([][]frame, len(list))
	for i, one := range list {
		if one.Error != "" || (one.TxHash != nil && *one.TxHash != c.txs[i].Hash()) {
			return nil, fmt.Errorf("%w: transaction %d: %.80q of %s", ErrTrace, i, one.Error, one.TxHash)
		}
		var err error
		if traces[i], err = gethFrames(b, one.Result); err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	return traces, nil
}

// debugTransactions asks for each transaction in geth's format. A transaction may be in
// another block by now; its trace then is of that one, so the block is looked at again.
func debugTransactions(ctx context.Context, s *Source, c *content) ([][]frame, error) {
	raw, err := s.traceEach(ctx, c, "debug_traceTransaction", callTracer)
	if err != nil {
		return nil, err
	}
	b := &budget{}
	traces := make([][]frame, len(raw))
	for i := range raw {
		if traces[i], err = gethFrames(b, raw[i]); err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	return traces, s.stillCanonical(ctx, c)
}

// stillCanonical guards answers that name no block.
func (s *Source) stillCanonical(ctx context.Context, c *content) error {
	header, err := s.Header(ctx, c.summary.Height)
	if err != nil {
		return err
	}
	if header.Hash != c.summary.Hash {
		return fmt.Errorf("block %s left the chain while it was traced: %w", c.summary.Hash, coffer.ErrNotFound)
	}
	return nil
}

func (s *Source) traceEach(ctx context.Context, c *content, method string, more ...any) ([]json.RawMessage, error) {
	all := make([]json.RawMessage, len(c.txs))
	for start := 0; start < len(all); start += traceBatch {
		batch := make([]rpc.BatchElem, min(traceBatch, len(all)-start))
		for i := range batch {
			batch[i] = rpc.BatchElem{Method: method, Args: append([]any{c.txs[start+i].Hash()}, more...), Result: &all[start+i]}
		}
		if err := s.client.rpc.BatchCallContext(ctx, batch); err != nil {
			return nil, err
		}
		for i, element := range batch {
			if element.Error != nil {
				return nil, fmt.Errorf("transaction %d: %w", start+i, element.Error)
			}
		}
	}
	return all, nil
}

// parityFrame is a call as Parity wrote it, and Erigon, Nethermind, Reth and anvil write it.
type parityFrame struct {
	Type   string `json:"type"` // call, create, suicide, reward
	Error  string `json:"error"`
	Action struct {
		CallType      string          `json:"callType"`
		From          *common.Address `json:"from"`
		To            *common.Address `json:"to"`
		Value         *hexutil.Big    `json:"value"`
		Input         inputText       `json:"input"`
		Address       *common.Address `json:"address"`       // of a contract that destroys itself
		RefundAddress *common.Address `json:"refundAddress"` // who gets what it had
		Balance       *hexutil.Big    `json:"balance"`
	} `json:"action"`
	Result *struct {
		Address *common.Address `json:"address"` // of a new contract
	} `json:"result"`
	TraceAddress    []int        `json:"traceAddress"`
	BlockHash       *common.Hash `json:"blockHash"`
	TransactionHash *common.Hash `json:"transactionHash"` // nil of a reward
}

func (p parityFrame) frame() (frame, error) {
	f := frame{input: p.Action.Input, failed: p.Error != ""}
	a := p.Action
	var value *hexutil.Big
	switch p.Type {
	case "call":
		f.kind, value = strings.ToUpper(a.CallType), a.Value
		if a.From != nil && a.To != nil {
			f.from, f.to = *a.From, *a.To
		}
	case "create":
		f.kind, value = "CREATE", a.Value
		if a.From != nil {
			f.from = *a.From
		}
		if p.Result != nil && p.Result.Address != nil {
			f.to = *p.Result.Address
		}
	case "suicide", "selfdestruct":
		f.kind, value = "SELFDESTRUCT", a.Balance
		if a.Address != nil && a.RefundAddress != nil {
			f.from, f.to = *a.Address, *a.RefundAddress
		}
		if f.from == (common.Address{}) && f.to == f.from {
			return f, ownHeir[frame](value, nil)
		}
	default:
		return frame{}, fmt.Errorf("%w: a call of type %.20q", ErrTrace, p.Type)
	}
	if f.kind == "" || f.from == (common.Address{}) {
		return frame{}, fmt.Errorf("%w: a call without kind or sender", ErrTrace)
	}
	var err error
	if f.value, err = amountOf(value); err != nil {
		return frame{}, fmt.Errorf("%w: value: %w", ErrTrace, err)
	}
	return f, nil
}

// parityTree makes the tree of calls out of a list in which every call stands behind the
// one around it, with the path from the top. Gaps are no harm: some nodes leave out calls
// of precompiled contracts, but count them.
func parityTree(b *budget, list []parityFrame) ([]frame, error) {
	var build func(at []int) ([]frame, error)
	next := 0
	build = func(at []int) ([]frame, error) {
		var calls []frame
		for next < len(list) {
			path := list[next].TraceAddress
			inside := len(path) == len(at)+1 && slices.Equal(path[:len(at)], at)
			if at == nil {
				inside = len(path) == 0
			}
			if !inside {
				break
			}
			if err := b.take(len(path)); err != nil {
				return nil, err
			}
			f, err := list[next].frame()
			if err != nil {
				return nil, err
			}
			next++
			if path == nil {
				path = []int{}
			}
			if f.calls, err = build(path); err != nil {
				return nil, err
			}
			calls = append(calls, f)
		}
		return calls, nil
	}
	calls, err := build(nil)
	if err == nil && next != len(list) {
		err = fmt.Errorf("%w: call %d is inside none", ErrTrace, next)
	}
	return calls, err
}

// parityTraces sorts a flat list by transaction.
func parityTraces(c *content, list []parityFrame) ([][]frame, error) {
	at := map[common.Hash]int{}
	for i, tx := range c.txs {
		at[tx.Hash()] = i
	}
	flat := make([][]parityFrame, len(c.txs))
	for _, p := range list {
		if p.TransactionHash == nil && p.Type == "reward" {
			continue
		}
		if p.BlockHash == nil || coffer.Hash(*p.BlockHash) != c.summary.Hash {
			return nil, fmt.Errorf("%w: a call of block %s: %w", ErrTrace, p.BlockHash, coffer.ErrNotFound)
		}
		if p.TransactionHash == nil {
			return nil, fmt.Errorf("%w: a call of no transaction", ErrTrace)
		}
		i, ok := at[*p.TransactionHash]
		if !ok {
			return nil, fmt.Errorf("%w: a call of transaction %s", ErrTrace, p.TransactionHash)
		}
		flat[i] = append(flat[i], p)
	}
	b := &budget{}
	traces := make([][]frame, len(flat))
	for i := range flat {
		var err error
		if traces[i], err = parityTree(b, flat[i]); err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	return traces, nil
}

// parityBlock asks for a whole block in Parity's format; every call names its block.
func parityBlock(ctx context.Context, s *Source, c *content) ([][]frame, error) {
	var list []parityFrame
	if err := s.client.rpc.CallContext(ctx, &list, "trace_block", hexutil.EncodeUint64(c.summary.Height)); err != nil {
		return nil, notFound(err)
	}
	return parityTraces(c, list)
}

// parityTransactions asks for each transaction in Parity's format.
func parityTransactions(ctx context.Context, s *Source, c *content) ([][]frame, error) {
	raw, err := s.traceEach(ctx, c, "trace_transaction")
	if err != nil {
		return nil, err
	}
	var list []parityFrame
	for i := range raw {
		var one []parityFrame
		if err := json.Unmarshal(raw[i], &one); err != nil {
			return nil, fmt.Errorf("%w: transaction %d: %w", ErrTrace, i, err)
		}
		list = append(list, one...)
	}
	return parityTraces(c, list)
}
