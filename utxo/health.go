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

// How servers are judged.
const (
	failuresToOpen = 3 // in a row
	shortCoolDown  = 250 * time.Millisecond
	longCoolDown   = 15 * time.Second
	stableAnswers  = 5 // the next cool-down is short again after so many
	probeEvery     = 5 * time.Second
	probeAtMost    = 250 * time.Millisecond // apart, when there is reason to look sooner
	probeTimeout   = 5 * time.Second

	// maxBehind is how many blocks a node that does not say whether it syncs (btcd) may know
	// the headers of without having them.
	maxBehind = 6
)

// Why a server is never used, or not yet.
var (
	ErrWrongNetwork = errors.New("it is a node of another network")
	ErrPrunedNode   = errors.New("the node keeps only the newest blocks; want one that keeps all of them")
	ErrSyncing      = errors.New("the node is still loading the chain")
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

// NodeStatus is what is thought of one server. It does not hold its URL, which may hold a
// password.
type NodeStatus struct {
	Host   string
	Usable bool
	Behind bool   // its head is older than another one's
	Height uint64 // of its head when it was last looked at
	Err    error  // why it is left alone
}

// status tells about every server, in the order of the configuration.
func (n *nodes) status() []NodeStatus {
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
			broken = append(broken, fmt.Errorf("%s: %w", one.name(), one.lastErr))
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
				broken = append(broken, fmt.Errorf("%s: %w", due[i].name(), f.err))
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
		n.config.Log.Warn("node is left alone", "node", one.name(), "network", n.config.Network, "err", err)
	}
	one.coolDown = min(max(2*one.coolDown, shortCoolDown), longCoolDown)
	if errors.Is(err, ErrWrongNetwork) || errors.Is(err, ErrPrunedNode) {
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
		n.config.Log.Warn("node answers from an old head", "node", one.name(), "network", n.config.Network, "seen", n.highest)
	}
	one.behind = true
}

// look starts a round of probes in the background when it is time for one: there is a
// choice, or somebody to come back.
func (n *nodes) look() {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.config.Clock()
	wait := probeEvery
	reason := len(n.list) > 1
	var due []*node
	for _, one := range n.list {
		if (one.suspect && !now.Before(one.openUntil)) || one.behind {
			wait, reason = probeAtMost, true
		}
		if !one.suspect || !now.Before(one.openUntil) {
			due = append(due, one)
		}
	}
	if n.probing || !reason || now.Sub(n.probedAt) < wait || n.life.Err() != nil {
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
	time   time.Time // of the head
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
func (n *nodes) examine(ctx context.Context, e *endpoint) (f finding) {
	raw, _, err := e.call(ctx, "getblockhash", []any{0})
	if err != nil {
		f.err = err
		return f
	}
	genesis, err := readHash(raw)
	if err != nil {
		f.err = err
		return f
	}
	if genesis != HashOf(*n.config.Network.Params().GenesisHash) {
		f.err = fmt.Errorf("its first block is %s: want a node of %s: %w", genesis, n.config.Network, ErrWrongNetwork)
		return f
	}
	if raw, _, f.err = e.call(ctx, "getblockchaininfo", nil); f.err != nil {
		return f
	}
	info, err := readChainInfo(raw)
	if err != nil {
		f.err = err
		return f
	}
	if f.err = info.check(); f.err != nil {
		return f
	}
	if raw, _, f.err = e.call(ctx, "getblockheader", []any{hexOf(info.best), false}); f.err != nil {
		return f
	}
	header, err := readRawHeader(n.config.Network, raw, info.best)
	f.height, f.time, f.err = info.blocks, header.Timestamp, err
	return f
}

// chainInfo is what getblockchaininfo says, as far as it is used.
type chainInfo struct {
	blocks uint64
	best   coffer.Hash
	pruned bool
	sync   bool
}

func readChainInfo(raw json.RawMessage) (chainInfo, error) {
	var said struct {
		Blocks  *int32 `json:"blocks"`
		Headers *int32 `json:"headers"`
		Best    string `json:"bestblockhash"`
		Pruned  bool   `json:"pruned"`
		Syncing *bool  `json:"initialblockdownload"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return chainInfo{}, fmt.Errorf("chain info: %w", err)
	}
	if said.Blocks == nil || *said.Blocks < 0 || said.Headers == nil || *said.Headers < 0 {
		return chainInfo{}, errors.New("chain info: want heights of blocks and headers")
	}
	best, err := parseHash(said.Best)
	if err != nil {
		return chainInfo{}, fmt.Errorf("chain info: %w", err)
	}
	info := chainInfo{blocks: uint64(*said.Blocks), best: best, pruned: said.Pruned} // #nosec G115 -- not negative
	if said.Syncing != nil {
		info.sync = *said.Syncing
	} else {
		info.sync = *said.Headers-*said.Blocks > maxBehind
	}
	return info, nil
}

func (i chainInfo) check() error {
	switch {
	case i.pruned:
		return ErrPrunedNode
	case i.sync:
		return ErrSyncing
	}
	return nil
}

// settle takes in what a probe learnt: who passed may be used again, and whose head is much
// older than the best one is behind. Who answered from an old head stays behind until it has
// caught up.
func (n *nodes) settle(list []*node, found []finding) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.config.Clock()
	var newest time.Time
	for _, f := range found {
		if f.err == nil && f.time.After(newest) {
			newest = f.time
		}
	}
	for i, one := range list {
		f := found[i]
		if f.err != nil || (one.suspect && now.Before(one.openUntil)) { // it failed while it was probed
			continue
		}
		if one.suspect {
			n.config.Log.Info("node is used again", "node", one.name(), "network", n.config.Network)
		}
		one.suspect, one.failures, one.height = false, 0, f.height
		behind := newest.Sub(f.time) > n.config.MaxLag || (one.behind && f.height < n.highest)
		if behind && !one.behind {
			n.config.Log.Warn("node is behind", "node", one.name(), "network", n.config.Network, "height", f.height, "lag", newest.Sub(f.time))
		}
		one.behind = behind
	}
}
