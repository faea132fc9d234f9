package tron

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// How servers are judged.
const (
	failuresToOpen = 3 // in a row
	shortCoolDown  = 250 * time.Millisecond
	longCoolDown   = 15 * time.Second
	stableAnswers  = 5 // the next cool-down is short again after so many
	probeEvery     = 5 * time.Second
	probeAtMost    = 250 * time.Millisecond // apart, when there is reason to look sooner
	probeTimeout   = 5 * time.Second
)

// Why a server is never used, or not yet.
var (
	ErrWrongNetwork = errors.New("it is a node of another network")
	ErrStaleHead    = errors.New("the node's newest block is old: it does not follow the chain")
)

// node is one server and what is thought of it. Its fields but the endpoint belong to the
// lock of nodes.
type node struct {
	*endpoint
	failures  int           // in a row
	suspect   bool          // it has to pass a probe before it is used
	openUntil time.Time     // no probe before
	coolDown  time.Duration // the last one
	answers   int           // since it is used
	behind    bool
	height    uint64 // of its head, as last probed
	lastErr   error
}

// NodeStatus is what is thought of one server.
type NodeStatus struct {
	Host   string
	Usable bool
	Behind bool   // its head is below one that was seen
	Height uint64 // of its head when it was last looked at
	Err    error  // why it is left alone
}

// status tells about every server, in the order of the configuration.
func (n *nodes) status() []NodeStatus {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]NodeStatus, len(n.list))
	for i, one := range n.list {
		list[i] = NodeStatus{Host: one.host, Usable: !one.suspect && !one.behind, Behind: one.behind, Height: one.height}
		if one.suspect {
			list[i].Err = one.lastErr
		}
	}
	return list
}

// usable returns the servers to ask, in order: those in good health, then those that are
// behind; where there are none, those whose cool-down is over and that pass a probe now.
func (n *nodes) usable(ctx context.Context) ([]*node, error) {
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
		default:
			broken = append(broken, fmt.Errorf("%s: %w", one.host, one.lastErr))
			if !now.Before(one.openUntil) {
				due = append(due, one)
			}
		}
	}
	n.mu.Unlock()
	if usable := append(healthy, behind...); len(usable) > 0 {
		return usable, nil
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
				broken = append(broken, fmt.Errorf("%s: %w", due[i].host, f.err))
			}
		}
		if len(passed) > 0 {
			return passed, nil
		}
	}
	return nil, fmt.Errorf("%w: %w", ErrNoNode, errors.Join(broken...))
}

// succeeded ends a row of failures.
func (n *nodes) succeeded(one *node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	one.failures = 0
	if one.answers++; one.answers >= stableAnswers {
		one.coolDown = 0
	}
}

// failed counts a failure; enough of them leave the server alone.
func (n *nodes) failed(one *node, err error) {
	n.mu.Lock()
	one.failures++
	enough := one.failures >= failuresToOpen
	n.mu.Unlock()
	if enough {
		n.open(one, err)
	}
}

// open stops asking a server for a while: twice as long as the last time.
func (n *nodes) open(one *node, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !one.suspect {
		n.config.Log.Warn("node is left alone", "node", one.host, "chain", n.config.Chain, "err", err)
	}
	one.coolDown = min(max(2*one.coolDown, shortCoolDown), longCoolDown)
	if errors.Is(err, ErrWrongNetwork) {
		one.coolDown = longCoolDown
	}
	one.suspect, one.failures, one.answers, one.lastErr = true, 0, 0, err
	one.openUntil = n.config.Clock().Add(one.coolDown)
}

// isBehind marks a server that answered from an old head.
func (n *nodes) isBehind(one *node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.list) < 2 {
		return
	}
	if !one.behind {
		n.config.Log.Warn("node answers from an old head", "node", one.host, "chain", n.config.Chain, "seen", n.highest)
	}
	one.behind = true
}

// look starts a round of probes in the background when it is time for one: a head grows old
// without a sign, and somebody may come back.
func (n *nodes) look() {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.config.Clock()
	wait := probeEvery
	var due []*node
	for _, one := range n.list {
		if (one.suspect && !now.Before(one.openUntil)) || one.behind {
			wait = probeAtMost
		}
		if !one.suspect || !now.Before(one.openUntil) {
			due = append(due, one)
		}
	}
	if n.probing || now.Sub(n.probedAt) < wait || n.life.Err() != nil {
		return
	}
	n.probing, n.probedAt = true, now
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
					n.judge(due[i], f.err)
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
	height uint64 // of the head
	err    error
}

// probe looks at servers, all at once.
func (n *nodes) probe(ctx context.Context, list []*node) []finding {
	found := make([]finding, len(list))
	var wait sync.WaitGroup
	for i, one := range list {
		wait.Add(1)
		go func() {
			defer wait.Done()
			found[i] = n.examine(ctx, one.endpoint)
		}()
	}
	wait.Wait()
	return found
}

// examine asks a server what it is and where its head is.
func (n *nodes) examine(ctx context.Context, e *endpoint) finding {
	genesis, err := e.header(ctx, tronpb.Wallet_GetBlock_FullMethodName, "0")
	if err != nil {
		return finding{err: err}
	}
	if chain := ChainOf(genesis.Hash); genesis.Height != 0 || chain != n.config.Chain {
		return finding{err: fmt.Errorf("its first block is %s, of %s: want a node of %s: %w", genesis.Hash, chain, n.config.Chain, ErrWrongNetwork)}
	}
	head, err := e.header(ctx, tronpb.Wallet_GetBlock_FullMethodName, "")
	if err != nil {
		return finding{err: err}
	}
	return finding{height: head.Height, err: n.checkAge(head.Time)}
}

// checkAge refuses a head that is too old to be the chain's.
func (n *nodes) checkAge(head time.Time) error {
	if age := n.config.Clock().Sub(head); age > n.config.MaxHeadAge {
		return fmt.Errorf("%w: it is %s old, at most %s is believed", ErrStaleHead, age.Round(time.Second), n.config.MaxHeadAge)
	}
	return nil
}

// settle takes in what a probe learnt: who passed may be used again. Who answered from an old
// head stays behind until it has caught up.
func (n *nodes) settle(list []*node, found []finding) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.config.Clock()
	for i, one := range list {
		f := found[i]
		if f.err != nil || (one.suspect && now.Before(one.openUntil)) { // it failed while it was probed
			continue
		}
		if one.suspect {
			n.config.Log.Info("node is used again", "node", one.host, "chain", n.config.Chain)
		}
		one.suspect, one.failures, one.height = false, 0, f.height
		one.behind = one.behind && f.height < n.highest
	}
}
