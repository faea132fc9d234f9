package evm

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
)

// How servers are judged.
const (
	DefaultMaxLag = 30 * time.Second

	failuresToOpen = 3 // in a row
	shortCoolDown  = 250 * time.Millisecond
	longCoolDown   = 15 * time.Second
	// The next cool-down is short again after so long without trouble, or so many answers: a
	// server that breaks one question in ten does most of its work, and may be the only one.
	stableFor    = time.Minute
	stableAnswer = 5
	probeEvery   = 5 * time.Second
	probeAtMost  = 250 * time.Millisecond // apart, when there is reason to look sooner
	probeTimeout = 5 * time.Second
	// believeLowerAfter is how long all servers must be below a block that was seen before
	// their chain is believed to have become shorter.
	believeLowerAfter = 30 * time.Second
)

// ErrWrongChain is returned for a server of another chain than the configured one.
var ErrWrongChain = errors.New("check its URL")

// node is one server and what is thought of it. Its fields but the endpoint belong to the
// lock of Nodes.
type node struct {
	endpoint
	failures  int           // in a row
	suspect   bool          // the circuit is open: it has to pass a probe before it is used
	openUntil time.Time     // no probe before
	coolDown  time.Duration // the last one
	answers   int           // since the circuit was closed
	behind    bool
	height    uint64 // of its head, as last probed
	lastErr   error
}

// NodeStatus is what is thought of one server. It does not hold its URL, which may be a key.
type NodeStatus struct {
	Host   string
	Usable bool
	Behind bool   // its head is older than another one's
	Height uint64 // of its head when it was last looked at, zero when it never was
	Err    error  // why its circuit is open
}

// Status tells about every server, in the order of the configuration.
func (n *Nodes) Status() []NodeStatus {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]NodeStatus, len(n.list))
	for i, one := range n.list {
		list[i] = NodeStatus{Host: one.name(), Usable: !one.suspect && !one.behind, Behind: one.behind, Height: one.height}
		if one.suspect {
			list[i].Err = one.lastErr
		}
	}
	return list
}

// usable returns the servers to ask, in order: those in good health, else those that are
// behind, else those whose cool-down is over and that pass a probe now.
func (n *Nodes) usable(ctx context.Context) ([]*node, error) {
	n.mu.Lock()
	var healthy, behind, due []*node
	var broken []error
	now := n.config.Clock()
	for _, one := range n.list {
		switch {
		case !one.suspect && !one.behind:
			healthy = append(healthy, one)
		case !one.suspect:
			behind = append(behind, one)
		case !now.Before(one.openUntil):
			due = append(due, one)
		}
		if one.suspect {
			broken = append(broken, fmt.Errorf("%s: %w", one.name(), one.lastErr))
		}
	}
	n.mu.Unlock()
	if len(healthy) > 0 {
		return append(healthy, behind...), nil
	}
	if len(behind) > 0 {
		return behind, nil
	}
	if len(due) > 0 {
		ctx, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		found := n.probe(ctx, due)
		n.settle(due, found)
		var passed []*node
		for i, f := range found {
			if f.err == nil {
				passed = append(passed, due[i])
			} else {
				n.open(due[i], f.err)
			}
		}
		if len(passed) > 0 {
			return passed, nil
		}
	}
	return nil, fmt.Errorf("%w: %w", ErrNoNode, errors.Join(broken...))
}

// succeeded closes a row of failures.
func (n *Nodes) succeeded(one *node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	one.failures = 0
	one.answers++
	if one.answers >= stableAnswer || n.config.Clock().Sub(one.openUntil) > stableFor {
		one.coolDown = 0
	}
}

// failed counts a failure; enough of them open the circuit.
func (n *Nodes) failed(one *node, err error) {
	n.mu.Lock()
	one.failures++
	enough := one.failures >= failuresToOpen
	n.mu.Unlock()
	if enough {
		n.open(one, err)
	}
}

// open stops asking a server for a while: twice as long as the last time.
func (n *Nodes) open(one *node, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !one.suspect {
		n.config.Log.Warn("node is left alone", "node", one.name(), "chain", n.config.Chain, "err", err)
	}
	one.coolDown = min(max(2*one.coolDown, shortCoolDown), longCoolDown)
	if errors.Is(err, ErrWrongChain) {
		one.coolDown = longCoolDown
	}
	one.suspect, one.failures, one.answers, one.lastErr = true, 0, 0, err
	one.openUntil = n.config.Clock().Add(one.coolDown)
}

// isNew reports whether a latest block is not below one that was passed on before, and
// remembers it. A server that is below is behind until a probe says otherwise.
func (n *Nodes) isNew(one *node, answer *reply) bool {
	height, ok := headHeight(answer.result)
	if !ok {
		return true // not ours to judge
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if height < n.highest {
		n.isBehind(one)
		return false
	}
	n.highest, n.seenAt = height, n.config.Clock()
	return true
}

// isBehind marks a server that answered from an old head. The lock is held.
func (n *Nodes) isBehind(one *node) {
	if len(n.list) < 2 {
		return
	}
	if !one.behind {
		n.config.Log.Warn("node answers from an old head", "node", one.name(), "chain", n.config.Chain, "seen", n.highest)
	}
	one.behind = true
}

// lacks reports whether a server answered that it has no block at a height at which
// another one was seen: then it is behind.
func (n *Nodes) lacks(one *node, q question, answer *reply) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if answer.result == nil || !isNull(answer.result) || !q.asksUpTo(n.highest) {
		return false
	}
	n.isBehind(one)
	return true
}

// agreeOnLower believes a shorter chain when no server has had the higher block for long.
func (n *Nodes) agreeOnLower(height uint64) {
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

// seen returns the highest latest block that was passed on.
func (n *Nodes) seen() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.highest
}

// look starts a round of probes in the background when it is time for one: there is a
// choice, or somebody to come back.
func (n *Nodes) look() {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.config.Clock()
	wait := probeEvery
	reason := len(n.list) > 1
	for _, one := range n.list {
		if (one.suspect && !now.Before(one.openUntil)) || one.behind {
			wait, reason = probeAtMost, true
		}
	}
	if n.probing || !reason || now.Sub(n.probedAt) < wait || n.life.Err() != nil {
		return
	}
	n.probing, n.probedAt = true, now
	var due []*node
	for _, one := range n.list {
		if !one.suspect || !now.Before(one.openUntil) {
			due = append(due, one)
		}
	}
	n.work.Add(1)
	go func() {
		defer n.work.Done()
		ctx, cancel := context.WithTimeout(n.life, probeTimeout)
		defer cancel()
		found := n.probe(ctx, due)
		if n.life.Err() == nil {
			n.settle(due, found)
			for i, f := range found {
				if f.err != nil {
					n.failed(due[i], f.err)
				}
			}
		}
		n.mu.Lock()
		n.probing = false
		n.mu.Unlock()
	}()
}

// finding is what a probe learnt.
type finding struct {
	height uint64
	time   uint64 // of the head, Unix seconds
	err    error
}

// probe asks servers for their chain and head, all at once.
func (n *Nodes) probe(ctx context.Context, nodes []*node) []finding {
	found := make([]finding, len(nodes))
	var wait sync.WaitGroup
	for i, one := range nodes {
		wait.Add(1)
		go func() {
			defer wait.Done()
			found[i] = n.examine(ctx, one.endpoint)
		}()
	}
	wait.Wait()
	return found
}

func (n *Nodes) examine(ctx context.Context, e endpoint) (f finding) {
	var chain hexutil.Big
	if f.err = e.ask(ctx, &chain, "eth_chainId"); f.err != nil {
		return f
	}
	if got := chain.ToInt(); got.Cmp(new(big.Int).SetUint64(n.config.Chain)) != 0 {
		f.err = fmt.Errorf("the node runs chain eip155:%s, not eip155:%d: %w", got, n.config.Chain, ErrWrongChain)
		return f
	}
	if n.config.Headless || len(n.list) == 1 {
		return f
	}
	var head *struct {
		Number hexutil.Uint64 `json:"number"`
		Time   hexutil.Uint64 `json:"timestamp"`
	}
	if f.err = e.ask(ctx, &head, "eth_getBlockByNumber", "latest", false); f.err == nil && head == nil {
		f.err = errors.New("the node has no latest block")
	}
	if f.err == nil {
		f.height, f.time = uint64(head.Number), uint64(head.Time)
	}
	return f
}

// settle takes in what a probe learnt: who passed may be used again, and whose head is much
// older than the best one is behind. Who answered from an old head stays behind until it has
// caught up.
func (n *Nodes) settle(nodes []*node, found []finding) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var newest uint64
	for _, f := range found {
		if f.err == nil {
			newest = max(newest, f.time)
		}
	}
	lag := uint64(n.config.MaxLag / time.Second) //nolint:gosec // the configuration refuses a negative lag
	now := n.config.Clock()
	for i, one := range nodes {
		f := found[i]
		if f.err != nil || (one.suspect && now.Before(one.openUntil)) { // it failed while it was probed
			continue
		}
		if one.suspect {
			n.config.Log.Info("node is used again", "node", one.name(), "chain", n.config.Chain)
		}
		one.suspect, one.failures, one.height = false, 0, f.height
		behind := f.time+lag < newest || (one.behind && f.height < n.highest)
		if behind && !one.behind {
			n.config.Log.Warn("node is behind", "node", one.name(), "chain", n.config.Chain, "height", f.height, "seconds", newest-f.time)
		}
		one.behind = behind
	}
}
