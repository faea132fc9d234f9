package evm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
)

// maxRequestBytes bounds a request of ours: a transaction with its blobs and a large batch
// are below.
const maxRequestBytes = 8 << 20

// ErrNoNode is returned while none of a chain's nodes can be used.
var ErrNoNode = errors.New("no node can be used")

// NodesConfig names servers of one chain. The first URL that works is used.
type NodesConfig struct {
	Chain uint64   // EIP-155; a server of another chain is never used
	URLs  []string // http or https

	CallTimeout time.Duration // of one call, all servers that are asked together
	MaxBytes    int64         // of one answer
	MaxLag      time.Duration // how far a server's head may be behind the best one's; DefaultMaxLag when zero
	Headless    bool          // the servers have no blocks of their own: bundlers

	Clock coffer.Clock // time.Now when nil
	Log   *slog.Logger // slog.Default when nil
}

// Nodes are several servers of one chain behind one JSON-RPC client, so that whoever uses
// the client fails over without knowing.
//
//	closed ──three failures in a row, or another chain──▶ open ──cool-down──▶ half-open
//	   ▲                                                    ▲                    │
//	   └───────── answers with our chain id ────────────────┼────────────────────┘
//	                                                        └──── does not ──────┘
//
// The first server whose circuit is closed and whose head is not behind the others' is
// asked; the others are asked when it fails, when it refuses for reasons of its own (limits,
// missing methods, pruned state), or when its latest block is below one that was seen
// already. What all of them refuse is refused in the words of the first.
//
// A transaction or user operation goes to one server, and to another only when that one did
// not take it: see send.
type Nodes struct {
	config NodesConfig
	client *rpc.Client

	life context.Context // ends with Close
	end  context.CancelFunc
	work sync.WaitGroup // probes under way

	mu       sync.Mutex
	list     []*node
	highest  uint64    // latest block that was passed on
	seenAt   time.Time // when a server last had it
	probedAt time.Time
	probing  bool
}

// DialNodes checks that one server at least answers and that none that answers is of
// another chain.
func DialNodes(ctx context.Context, config NodesConfig) (*Nodes, error) {
	if len(config.URLs) == 0 {
		return nil, errors.New("no node URL")
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	if config.Log == nil {
		config.Log = slog.Default()
	}
	if config.MaxLag == 0 {
		config.MaxLag = DefaultMaxLag
	}
	if config.MaxLag < 0 || config.CallTimeout <= 0 || config.MaxBytes <= 0 {
		return nil, errors.New("nodes: want bounds above zero")
	}
	n := &Nodes{config: config}
	for _, text := range config.URLs {
		u, err := parseURL(text)
		if err != nil {
			return nil, err
		}
		n.list = append(n.list, &node{endpoint: endpoint{url: u, maxBytes: config.MaxBytes, next: http.DefaultTransport}})
	}
	n.life, n.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := n.meet(ctx); err != nil {
		n.end()
		return nil, err
	}
	// The address is for errors only: RoundTrip chooses where a request goes.
	address := n.list[0].url.Scheme + "://" + n.list[0].name()
	client, err := rpc.DialOptions(ctx, address, rpc.WithHTTPClient(&http.Client{Transport: n}))
	if err != nil {
		n.end()
		return nil, fmt.Errorf("dial %s: %w", n.list[0].name(), err)
	}
	n.client = client
	return n, nil
}

// meet asks every server for its chain, once.
func (n *Nodes) meet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, n.config.CallTimeout)
	defer cancel()
	found := n.probe(ctx, n.list)
	n.settle(n.list, found)
	var failed []error
	for i, f := range found {
		if errors.Is(f.err, ErrWrongChain) {
			return f.err
		}
		if f.err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", n.list[i].name(), f.err))
		}
	}
	if len(failed) == len(n.list) {
		return fmt.Errorf("ask the nodes of eip155:%d for their chain id: %w", n.config.Chain, errors.Join(failed...))
	}
	for i, f := range found {
		if f.err != nil {
			n.open(n.list[i], f.err)
		}
	}
	return nil
}

// RPC returns the client that chooses among the servers.
func (n *Nodes) RPC() *rpc.Client { return n.client }

// Close ends what runs in the background and waits for it.
func (n *Nodes) Close() {
	n.end()
	n.work.Wait()
	n.client.Close()
}

// question is what is known of a request before it is sent.
type question struct {
	method string
	params []json.RawMessage
	batch  bool
	write  bool
}

func readQuestion(body []byte) (question, error) {
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '[' {
		var batch []struct {
			Method string `json:"method"`
		}
		if err := json.Unmarshal(body, &batch); err != nil {
			return question{}, fmt.Errorf("read the batch: %w", err)
		}
		q := question{batch: true}
		for _, one := range batch {
			q.write = q.write || isWrite(one.Method)
		}
		return q, nil
	}
	var one struct {
		Method string            `json:"method"`
		Params []json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(body, &one); err != nil {
		return question{}, fmt.Errorf("read the request: %w", err)
	}
	return question{method: one.Method, params: one.Params, write: isWrite(one.Method)}, nil
}

func isWrite(method string) bool {
	return method == methodSendTransaction || method == methodSendUserOperation
}

// asksForHead reports whether the answer is the latest block.
func (q question) asksForHead() bool {
	return q.method == "eth_blockNumber" ||
		(q.method == "eth_getBlockByNumber" && len(q.params) > 0 && string(q.params[0]) == `"latest"`)
}

// asksUpTo reports whether it asks for the block at a height that is not above seen.
func (q question) asksUpTo(seen uint64) bool {
	var number hexutil.Uint64
	return q.method == "eth_getBlockByNumber" && len(q.params) > 0 &&
		json.Unmarshal(q.params[0], &number) == nil && uint64(number) <= seen
}

// RoundTrip implements http.RoundTripper for the JSON-RPC client.
func (n *Nodes) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(request.Body, maxRequestBytes+1))
	_ = request.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	if len(body) > maxRequestBytes {
		return nil, fmt.Errorf("a request of more than %d bytes", maxRequestBytes)
	}
	q, err := readQuestion(body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(request.Context(), n.config.CallTimeout)
	defer cancel()
	n.look()

	var answer []byte
	switch {
	case q.write && !q.batch:
		answer, err = n.send(ctx, q, body)
	case q.write:
		answer, err = n.once(ctx, body)
	default:
		answer, err = n.read(ctx, q, body)
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": []string{"application/json"}},
		Body:   io.NopCloser(bytes.NewReader(answer)), ContentLength: int64(len(answer)), Request: request,
	}, nil
}

// Asking again where every server says that it is asked too often.
const (
	limitedRounds = 4
	limitedPause  = shortCoolDown + 50*time.Millisecond // doubled each time
)

// read asks until a server answers. Where they all say that they are asked too often it
// waits a little and asks again: to fail at once would have the whole step repeated, which
// asks more.
func (n *Nodes) read(ctx context.Context, q question, body []byte) ([]byte, error) {
	for round := 0; ; round++ {
		answer, err := n.readOnce(ctx, q, body)
		if Classify(err) != RateLimited || round == limitedRounds-1 || !pause(ctx, limitedPause<<round) {
			return answer, err
		}
	}
}

// pause reports false when there is no time for it.
func pause(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// readOnce asks one server after the other until one answers. Each gets its share of the
// time that is left, so that one that hangs leaves time for the next.
func (n *Nodes) readOnce(ctx context.Context, q question, body []byte) ([]byte, error) {
	nodes, err := n.usable(ctx)
	if err != nil {
		return nil, err
	}
	var refused []byte
	var low heads
	var failed []error
	for i, one := range nodes {
		answer, _, err := n.ask(ctx, one, len(nodes)-i, body)
		switch {
		case err != nil:
			failed = append(failed, fmt.Errorf("%s: %w", one.name(), err))
			if ctx.Err() != nil {
				return nil, errors.Join(failed...)
			}
		case answer.refusal != nil && elsewhere(answer.refusal):
			if refused == nil {
				refused = answer.body
			}
		case answer.refusal == nil && q.asksForHead() && !n.config.Headless:
			if n.isNew(one, answer) {
				return answer.body, nil
			}
			low.add(answer)
		case answer.refusal == nil && n.lacks(one, q, answer):
			if refused == nil {
				refused = answer.body
			}
		default:
			return answer.body, nil
		}
	}
	switch {
	case low.best != nil:
		n.agreeOnLower(low.height)
		return low.best, nil
	case refused != nil:
		return refused, nil
	}
	return nil, errors.Join(failed...)
}

// once asks one server and no other.
func (n *Nodes) once(ctx context.Context, body []byte) ([]byte, error) {
	nodes, err := n.usable(ctx)
	if err != nil {
		return nil, err
	}
	answer, sent, err := n.ask(ctx, nodes[0], 1, body)
	if err != nil && sent {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnknownOutcome, nodes[0].name(), err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nodes[0].name(), err)
	}
	return answer.body, nil
}

// ask asks one server, under its share of the time left, and keeps account of how it went.
func (n *Nodes) ask(ctx context.Context, one *node, share int, body []byte) (answer *reply, sent bool, err error) {
	whole := ctx
	if deadline, ok := ctx.Deadline(); ok && share > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(share))
		defer cancel()
	}
	answer, sent, err = one.post(ctx, body)
	switch {
	case err == nil && answer.refusal != nil && Classify(answer.refusal) == RateLimited:
		n.open(one, answer.refusal)
	case err == nil:
		n.succeeded(one)
	case errors.Is(whole.Err(), context.Canceled), errors.Is(err, ErrResponseTooLarge):
		// The caller's doing, or the question's: not the server's.
	case Classify(err) == RateLimited:
		n.open(one, err)
	default:
		n.failed(one, err)
	}
	return answer, sent, err
}

// elsewhere reports whether another server may answer what this one refused.
func elsewhere(r *refusal) bool {
	switch Classify(r) {
	case RateLimited, Busy, UnknownMethod, UnknownBlock, StateGone, TooMuch, TimedOut:
		return true
	case Unclassified:
		return r.Code == codeInternal
	}
	return false
}

// codeInternal is JSON-RPC 2.0's code for "something went wrong in here".
const codeInternal = -32603

// heads keeps the highest of latest blocks that are all lower than one seen before.
type heads struct {
	best   []byte
	height uint64
}

func (h *heads) add(answer *reply) {
	if height, ok := headHeight(answer.result); h.best == nil || (ok && height > h.height) {
		h.best, h.height = answer.body, height
	}
}

// headHeight reads a block's number, or a number alone.
func headHeight(result json.RawMessage) (uint64, bool) {
	var number hexutil.Uint64
	if json.Unmarshal(result, &number) == nil {
		return uint64(number), true
	}
	var block *struct {
		Number *hexutil.Uint64 `json:"number"`
	}
	if json.Unmarshal(result, &block) != nil || block == nil || block.Number == nil {
		return 0, false
	}
	return uint64(*block.Number), true
}
