package tron

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
)

// Errors of all nodes of a chain.
var (
	// ErrNoNode is returned while none of the nodes can be used.
	ErrNoNode = errors.New("no node can be used")
	// ErrUnknownOutcome is returned when a transaction may or may not have reached a node.
	ErrUnknownOutcome = errors.New("the outcome is unknown")
	// ErrDisagree is returned when nodes say different things of what became of the
	// transactions of a block: one of them is wrong, and nothing tells which.
	ErrDisagree = errors.New("the nodes disagree")

	// errOldHead is what who reads an answer says of a head below one that was seen.
	errOldHead = errors.New("the head is below one that was seen")
)

// nodes are several servers of one chain. The first one that works is asked; the others when
// it fails, when what it says does not prove itself, or when it does not have what another may
// have.
//
//	used ──three failures in a row, or a lie──▶ left alone ──cool-down, passes a probe──▶ used
//
// A server whose head is older than MaxHeadAge is left alone; one whose head is below one that
// was seen is asked last.
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
// another network.
func dialNodes(ctx context.Context, config Config) (*nodes, error) {
	n := &nodes{config: config, probedAt: config.Clock()}
	n.life, n.end = context.WithCancel(context.WithoutCancel(ctx))
	for _, one := range config.Nodes {
		e, err := newEndpoint(one, config)
		if err != nil {
			n.close()
			return nil, err
		}
		n.list = append(n.list, &node{endpoint: e})
	}
	if err := n.meet(ctx); err != nil {
		n.close()
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
		if errors.Is(f.err, ErrWrongNetwork) {
			return fmt.Errorf("node %s: %w", n.list[i].host, f.err)
		}
		if f.err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", n.list[i].host, f.err))
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

// close ends what runs in the background, waits for it and ends the connections.
func (n *nodes) close() {
	n.end()
	n.work.Wait()
	for _, one := range n.list {
		one.close()
	}
}

// question is what is asked of one server, in one call or in several. Its error means that the
// server failed or lies, unless it is errOldHead, coffer.ErrNotFound or a refusal.
type question struct {
	name string
	put  func(ctx context.Context, e *endpoint) error
}

// ask puts a question to one server after the other until one answers it. Each gets its share
// of the time that is left, so that one that hangs leaves time for the next. What none of them
// has is coffer.ErrNotFound, and what all of them refuse is refused in the words of the first.
func (n *nodes) ask(ctx context.Context, q question) error {
	return n.each(ctx, q.name, func(ctx context.Context, e *endpoint) (bool, error) {
		err := q.put(ctx, e)
		return err == nil, err
	})
}

// each puts a question to one server after the other until done. When none is left, the errors
// of those that failed are the answer, nil when none did.
func (n *nodes) each(ctx context.Context, name string, put func(ctx context.Context, e *endpoint) (done bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, n.config.CallTimeout)
	defer cancel()
	n.look()
	usable, err := n.usable(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var refused error
	var failed []error
	for i, one := range usable {
		done, err := n.put(ctx, one, len(usable)-i, put)
		switch {
		case done:
			return nil
		case err == nil:
			// It answered, and more of them are wanted.
		case errors.Is(err, errOldHead), errors.Is(err, coffer.ErrNotFound), isRefusal(err):
			if refused == nil {
				refused = fmt.Errorf("%s: %s: %w", name, one.host, err)
			}
		default:
			failed = append(failed, fmt.Errorf("%s: %w", one.host, err))
			if ctx.Err() != nil {
				return fmt.Errorf("%s: %w", name, errors.Join(failed...))
			}
		}
	}
	if refused != nil {
		return refused
	}
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", name, errors.Join(failed...))
}

// put asks one server, under its share of the time left, and keeps account of how it went.
func (n *nodes) put(ctx context.Context, one *node, share int, put func(ctx context.Context, e *endpoint) (bool, error)) (bool, error) {
	whole := ctx
	if deadline, ok := ctx.Deadline(); ok && share > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(share))
		defer cancel()
	}
	done, err := put(ctx, one.endpoint)
	if errors.Is(whole.Err(), context.Canceled) {
		return done, err // the caller's doing, not the server's
	}
	n.judge(one, err)
	return done, err
}

// judge keeps account of how a server answered.
func (n *nodes) judge(one *node, err error) {
	class := Classify(err)
	switch {
	case err == nil, class == NotFound, isRefusal(err), errors.Is(err, ErrDisagree):
		n.succeeded(one)
	case errors.Is(err, ErrResponseTooLarge):
		// The question's doing, or the bound's: not the server's.
	case errors.Is(err, errOldHead):
		n.isBehind(one)
	case errors.Is(err, ErrNotProven): // other answers between two lies do not excuse them
		n.config.Log.Error("node gave an answer that cannot be true", "node", one.host, "chain", n.config.Chain, "err", err)
		n.open(one, err)
	case class == Busy, class == Unauthorized, class == Retry, errors.Is(err, ErrStaleHead):
		n.open(one, err)
	case class != Unclassified: // it judged a transaction
		n.succeeded(one)
	default:
		n.failed(one, err)
	}
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
	n.config.Log.Warn("the chain became shorter", "chain", n.config.Chain, "height", height, "seen", n.highest)
	n.highest, n.seenAt = height, n.config.Clock()
	for _, one := range n.list {
		one.behind = false
	}
}
