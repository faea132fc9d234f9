package utxo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
)

// Errors of all nodes of a network.
var (
	// ErrNoNode is returned while none of the nodes can be used.
	ErrNoNode = errors.New("no node can be used")
	// ErrUnknownOutcome is returned when a transaction may or may not have reached a node.
	ErrUnknownOutcome = errors.New("the outcome is unknown")

	// errOldHead is what who reads an answer says of a head below one that was seen.
	errOldHead = errors.New("the head is below one that was seen")
)

// nodes are several servers of one network. The first one that works is asked; the others
// when it fails, when what it says does not prove itself, when it refuses for reasons of its
// own, or when it does not have a block or a transaction that another may have.
//
//	used ──three failures in a row, or a lie──▶ left alone ──cool-down, passes a probe──▶ used
//
// A server whose head is older than another one's by more than MaxLag, or below one that was
// seen, is asked last.
type nodes struct {
	config Config
	life   context.Context // ends with close
	end    context.CancelFunc
	work   sync.WaitGroup // probes under way

	mu       sync.Mutex
	list     []*node
	highest  uint64    // head that was passed on
	seenAt   time.Time // when a server last had it
	probedAt time.Time
	probing  bool
}

// dialNodes checks that one server at least can be used, and that none that answers is of
// another network or keeps only the newest blocks.
func dialNodes(ctx context.Context, config Config) (*nodes, error) {
	n := &nodes{config: config, probedAt: config.Clock()}
	for _, one := range config.Nodes {
		e, err := newEndpoint(one, config.MaxResponseBytes)
		if err != nil {
			return nil, err
		}
		n.list = append(n.list, &node{endpoint: e})
	}
	n.life, n.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := n.meet(ctx); err != nil {
		n.end()
		return nil, err
	}
	return n, nil
}

// meet looks at every server once.
func (n *nodes) meet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, n.config.CallTimeout)
	defer cancel()
	found := n.probe(ctx, n.list)
	n.settle(n.list, found)
	var failed []error
	for i, f := range found {
		if errors.Is(f.err, ErrWrongNetwork) || errors.Is(f.err, ErrPrunedNode) {
			return fmt.Errorf("node %s: %w", n.list[i].name(), f.err)
		}
		if f.err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", n.list[i].name(), f.err))
		}
	}
	if len(failed) == len(n.list) {
		return fmt.Errorf("%w: %w", ErrNoNode, errors.Join(failed...))
	}
	for i, f := range found {
		if f.err != nil {
			n.open(n.list[i], f.err)
		}
	}
	return nil
}

// close ends what runs in the background and waits for it.
func (n *nodes) close() {
	n.end()
	n.work.Wait()
}

// question is a call and what becomes of its answer.
type question struct {
	method string
	params []any
	// take reads a result. Its error means that the server lies or is broken, unless it is
	// errOldHead or coffer.ErrNotFound; then another one is asked.
	take func(json.RawMessage) error
}

// ask puts a question to one server after the other until one answers it. Each gets its share
// of the time that is left, so that one that hangs leaves time for the next. What all of them
// refuse is refused in the words of the first.
func (n *nodes) ask(ctx context.Context, q question) error {
	ctx, cancel := context.WithTimeout(ctx, n.config.CallTimeout)
	defer cancel()
	n.look()
	usable, err := n.usable(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", q.method, err)
	}
	var refused error
	var failed []error
	for i, one := range usable {
		result, _, err := n.call(ctx, one, len(usable)-i, q)
		if err == nil {
			err = q.take(result)
			n.judge(one, err)
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errOldHead), errors.Is(err, coffer.ErrNotFound), isRefusal(err):
			if !elsewhere(err) {
				return fmt.Errorf("%s: %s: %w", q.method, one.name(), err)
			}
			if refused == nil {
				refused = fmt.Errorf("%s: %s: %w", q.method, one.name(), err)
			}
		default:
			failed = append(failed, fmt.Errorf("%s: %w", one.name(), err))
			if ctx.Err() != nil {
				return fmt.Errorf("%s: %w", q.method, errors.Join(failed...))
			}
		}
	}
	if refused != nil {
		return refused
	}
	return fmt.Errorf("%s: %w", q.method, errors.Join(failed...))
}

// send puts a call that changes something to one server after the other until one takes it or
// refuses it for good. ErrUnknownOutcome says that one may have taken it and did not say so.
func (n *nodes) send(ctx context.Context, q question) error {
	ctx, cancel := context.WithTimeout(ctx, n.config.CallTimeout)
	defer cancel()
	n.look()
	usable, err := n.usable(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", q.method, err)
	}
	var all []error
	unknown := false
	for i, one := range usable {
		result, sent, err := n.call(ctx, one, len(usable)-i, q)
		if err == nil {
			err = q.take(result)
			n.judge(one, err)
		}
		if err == nil {
			return nil
		}
		if isRefusal(err) && !elsewhere(err) && !unknown {
			return fmt.Errorf("%s: %s: %w", q.method, one.name(), err)
		}
		unknown = unknown || (sent && !isRefusal(err))
		all = append(all, fmt.Errorf("%s: %w", one.name(), err))
	}
	if unknown {
		return fmt.Errorf("%s: %w: %w", q.method, ErrUnknownOutcome, errors.Join(all...))
	}
	return fmt.Errorf("%s: %w", q.method, errors.Join(all...))
}

// call asks one server, under its share of the time left, and keeps account of how it went.
func (n *nodes) call(ctx context.Context, one *node, share int, q question) (result json.RawMessage, sent bool, err error) {
	whole := ctx
	if deadline, ok := ctx.Deadline(); ok && share > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(share))
		defer cancel()
	}
	result, sent, err = one.call(ctx, q.method, q.params)
	switch {
	case err == nil:
		// Whoever takes the result judges it.
	case errors.Is(whole.Err(), context.Canceled), errors.Is(err, ErrResponseTooLarge):
		// The caller's doing, or the question's: not the server's.
	case Classify(err) == Busy, Classify(err) == Unauthorized:
		n.open(one, err)
	case isRefusal(err):
		n.succeeded(one)
	default:
		n.failed(one, err)
	}
	return result, sent, err
}

// judge keeps account of an answer that was read.
func (n *nodes) judge(one *node, err error) {
	switch {
	case err == nil, errors.Is(err, coffer.ErrNotFound):
		n.succeeded(one)
	case errors.Is(err, errOldHead):
		n.isBehind(one)
	case errors.Is(err, ErrSyncing), errors.Is(err, ErrPrunedNode):
		n.open(one, err)
	case errors.Is(err, ErrNotProven): // other answers between two lies do not excuse them
		n.config.Log.Error("node gave an answer that cannot be true", "node", one.name(), "network", n.config.Network, "err", err)
		n.open(one, err)
	default:
		n.failed(one, err)
	}
}

// isRefusal reports whether a node answered that it does not do it.
func isRefusal(err error) bool {
	var refused *refusal
	return errors.As(err, &refused)
}

// elsewhere reports whether another server may answer what this one did not.
func elsewhere(err error) bool {
	switch Classify(err) {
	case NotFound, Pruned, UnknownMethod, Busy:
		return true
	case Unclassified:
		var refused *refusal
		return !errors.As(err, &refused) || refused.Code == codeInternal
	}
	return false
}

// isNew reports whether a head is not below one that was passed on before, and remembers it.
func (n *nodes) isNew(height uint64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if height < n.highest {
		return false
	}
	n.highest, n.seenAt = height, n.config.Clock()
	return true
}

// believeLowerAfter is how long all servers must be below a block that was seen before their
// chain is believed to have become shorter.
const believeLowerAfter = 30 * time.Second

// agreeOnLower believes a shorter chain when no server has had the higher block for long.
func (n *nodes) agreeOnLower(height uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.config.Clock().Sub(n.seenAt) < believeLowerAfter {
		return
	}
	n.config.Log.Warn("the chain became shorter", "network", n.config.Network, "height", height, "seen", n.highest)
	n.highest, n.seenAt = height, n.config.Clock()
	for _, one := range n.list {
		one.behind = false
	}
}
