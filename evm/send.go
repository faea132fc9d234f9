package evm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer"
)

// The methods that change the world.
const (
	methodSendTransaction   = "eth_sendRawTransaction"
	methodSendUserOperation = "eth_sendUserOperation"
)

// ErrUnknownOutcome is returned for a transaction or user operation that a node may have
// taken, although it did not say so. It is no failure: what was sent may land, so it must be
// kept, looked for, and sent again as it is.
var ErrUnknownOutcome = errors.New("a node may have taken it")

// parcel is something to send, and the name it will be known by.
type parcel struct {
	hash   coffer.Hash
	lookup string // the method that finds it by its hash
}

// send gives a transaction or a user operation to one server, and to the next one when that
// one could not be reached, broke off, or refused for reasons of its own. A server that has
// it already has taken it. When one may have taken it, no later refusal counts ("nonce too
// low" is what a server says of a transaction that has just landed): the servers are asked
// for it by its hash, and where they do not know it either it is ErrUnknownOutcome.
func (n *Nodes) send(ctx context.Context, q question, body []byte) ([]byte, error) {
	p, err := n.parcel(q)
	if err != nil {
		return nil, err
	}
	nodes, err := n.usable(ctx)
	if err != nil {
		return nil, err
	}
	var refused []byte
	var unknown, failed []error
	for i, one := range nodes {
		answer, sent, err := n.ask(ctx, one, len(nodes)-i+1, body) // one share is for finding it
		switch {
		case err != nil && sent:
			unknown = append(unknown, fmt.Errorf("%s: %w", one.name(), err))
			continue
		case err != nil:
			failed = append(failed, fmt.Errorf("%s: %w", one.name(), err))
			continue
		case answer.refusal == nil:
			return answer.body, nil
		}
		switch class := Classify(answer.refusal); {
		case class == AlreadyKnown:
			return accepted(body, p.hash)
		case class == TimedOut || (class == Unclassified && answer.refusal.Code == codeInternal):
			unknown = append(unknown, fmt.Errorf("%s: %w", one.name(), answer.refusal))
		case class == RateLimited || class == UnknownMethod || class == Busy:
			refused = first(refused, answer.body)
		case len(unknown) == 0:
			return answer.body, nil
		default:
			unknown = append(unknown, fmt.Errorf("%s: %w", one.name(), answer.refusal))
		}
	}
	if len(unknown) > 0 {
		if n.known(ctx, nodes, p) {
			return accepted(body, p.hash)
		}
		return nil, fmt.Errorf("%w: %s: %w", ErrUnknownOutcome, p.hash, errors.Join(unknown...))
	}
	if refused != nil {
		return refused, nil
	}
	return nil, errors.Join(failed...)
}

func first(a, b []byte) []byte {
	if a != nil {
		return a
	}
	return b
}

// parcel computes the name of what is sent.
func (n *Nodes) parcel(q question) (parcel, error) {
	if len(q.params) == 0 {
		return parcel{}, fmt.Errorf("%s without parameters", q.method)
	}
	if q.method == methodSendTransaction {
		var raw hexutil.Bytes
		var tx types.Transaction
		if err := json.Unmarshal(q.params[0], &raw); err != nil {
			return parcel{}, fmt.Errorf("%s: %w", q.method, err)
		}
		if err := tx.UnmarshalBinary(raw); err != nil {
			return parcel{}, fmt.Errorf("%s: %w", q.method, err)
		}
		return parcel{coffer.Hash(tx.Hash()), "eth_getTransactionByHash"}, nil
	}
	var op UserOperation
	var entryPoint common.Address
	if len(q.params) != 2 {
		return parcel{}, fmt.Errorf("%s with %d parameters", q.method, len(q.params))
	}
	if err := errors.Join(json.Unmarshal(q.params[0], &op), json.Unmarshal(q.params[1], &entryPoint)); err != nil {
		return parcel{}, fmt.Errorf("%s: %w", q.method, err)
	}
	return parcel{op.Hash(entryPoint, n.config.Chain), "eth_getUserOperationByHash"}, nil
}

// known reports whether a server holds a parcel, or has it in a block.
func (n *Nodes) known(ctx context.Context, nodes []*node, p parcel) bool {
	for i, one := range nodes {
		body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": p.lookup, "params": []any{p.hash}})
		if err != nil {
			return false
		}
		answer, _, err := n.ask(ctx, one, len(nodes)-i, body)
		if err == nil && answer.refusal == nil && !isNull(bytes.TrimSpace(answer.result)) {
			return true
		}
	}
	return false
}

// accepted is the answer that the server would have given.
func accepted(request []byte, hash coffer.Hash) ([]byte, error) {
	var asked struct {
		ID json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(request, &asked); err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	return json.Marshal(map[string]any{"jsonrpc": "2.0", "id": asked.ID, "result": hash})
}
