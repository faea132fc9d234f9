package devnet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
)

// Fault is what a Proxy does to a question instead of just passing it on.
type Fault string

// Faults, as nodes and what stands in front of them have them.
const (
	FaultNone     Fault = ""
	FaultBefore   Fault = "the connection breaks before the node hears anything"
	FaultAfter    Fault = "the connection breaks after the node has done it"
	FaultTimeout  Fault = "the answer comes too late, after the node has done it"
	FaultOldHead  Fault = "the answer is that of some blocks ago"
	FaultPoolLost Fault = "the pool loses the transaction that it has taken"
	FaultWrong    Fault = "the answer is of another shape"
	FaultLimited  Fault = "too many requests (429)"
	FaultHTML     Fault = "a page instead of an answer"
)

// FaultEarly is what a strict proxy does to transactions that come too early.
const FaultEarly Fault = "the node refuses what has to wait for another transaction"

// Faults are all that can be injected.
var Faults = []Fault{FaultBefore, FaultAfter, FaultTimeout, FaultOldHead, FaultPoolLost, FaultWrong, FaultLimited, FaultHTML}

const (
	oldHeadBlocks = 3
	maxProxyBody  = 4 << 20
	lateAfter     = 20 * time.Second // more than any client of ours waits for one node
)

// Proxy stands in front of a node and injects faults. It is a JSON-RPC server over HTTP.
type Proxy struct {
	URL string

	upstream string
	server   *http.Server
	client   *http.Client
	life     context.Context
	end      context.CancelFunc

	mu     sync.Mutex
	decide func(method string) Fault
	strict bool
	counts map[Fault]int
}

// NewProxy starts a proxy of a node, on a free port, that injects nothing yet.
func NewProxy(ctx context.Context, upstream string) (*Proxy, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start a proxy: %w", err)
	}
	p := &Proxy{
		URL: "http://" + listener.Addr().String(), upstream: upstream,
		client: &http.Client{Timeout: callTimeout}, counts: map[Fault]int{},
	}
	p.life, p.end = context.WithCancel(context.WithoutCancel(ctx))
	p.server = &http.Server{Handler: http.HandlerFunc(p.serve), ReadHeaderTimeout: callTimeout}
	go func() { _ = p.server.Serve(listener) }() // ends with Close
	return p, nil
}

// Close ends the proxy and what waits in it.
func (p *Proxy) Close() error {
	p.end()
	return p.server.Close()
}

// Inject says from now on which fault a question for a method meets; nil injects nothing.
// It is called for one question after the other.
func (p *Proxy) Inject(decide func(method string) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.decide = decide
}

// Strict makes the node refuse transactions that have to wait for one before them, as nodes
// without a queue do, in place of keeping them.
func (p *Proxy) Strict() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.strict = true
}

// Count is how often a fault was injected.
func (p *Proxy) Count(f Fault) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[f]
}

func (p *Proxy) fault(method string) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.decide == nil {
		return FaultNone
	}
	f := p.decide(method)
	if f == FaultPoolLost && method != "eth_sendRawTransaction" {
		f = FaultNone
	}
	p.counts[f]++
	return f
}

// proxied is a question.
type proxied struct {
	ID     json.RawMessage   `json:"id"`
	Method string            `json:"method"`
	Params []json.RawMessage `json:"params"`
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxProxyBody))
	if err != nil {
		return
	}
	var one proxied
	if json.Unmarshal(body, &one) != nil { // a batch goes as its first question does
		var batch []proxied
		if json.Unmarshal(body, &batch) == nil && len(batch) > 0 {
			one = proxied{Method: batch[0].Method}
		}
	}
	if one.Method == "eth_sendRawTransaction" && p.early(r.Context(), one) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": one.ID, "error": map[string]any{"code": -32000, "message": "nonce too high"}})
		return
	}
	switch p.fault(one.Method) {
	case FaultBefore:
		cut(w)
	case FaultAfter:
		_, _ = p.forward(r.Context(), body)
		cut(w)
	case FaultTimeout:
		_, _ = p.forward(r.Context(), body)
		p.wait(r.Context())
		cut(w)
	case FaultLimited:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case FaultHTML:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html><body><h1>We will be back soon</h1></body></html>")
	case FaultWrong:
		_, _ = p.forward(r.Context(), body)
		answer(w, one.ID, map[string]any{"number": "soon", "hash": 7, "result": []int{1}})
	case FaultOldHead:
		p.old(w, r, one, body)
	case FaultPoolLost:
		p.lose(w, r, body)
	default:
		p.pass(w, r, body)
	}
}

// early reports whether a transaction has to wait for one before it, and the node is strict.
func (p *Proxy) early(ctx context.Context, one proxied) bool {
	p.mu.Lock()
	strict := p.strict
	p.mu.Unlock()
	var raw hexutil.Bytes
	var tx types.Transaction
	if !strict || len(one.Params) != 1 || json.Unmarshal(one.Params[0], &raw) != nil || tx.UnmarshalBinary(raw) != nil {
		return false
	}
	sender, err := types.Sender(types.LatestSignerForChainID(tx.ChainId()), &tx)
	if err != nil {
		return false
	}
	var next hexutil.Uint64
	if err = p.ask(ctx, &next, "eth_getTransactionCount", sender, "pending"); err != nil || tx.Nonce() <= uint64(next) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[FaultEarly]++
	return true
}

// cut breaks the connection without an answer.
func cut(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func (p *Proxy) wait(ctx context.Context) {
	timer := time.NewTimer(lateAfter)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-p.life.Done():
	case <-timer.C:
	}
}

func (p *Proxy) forward(ctx context.Context, body []byte) ([]byte, error) {
	// The node does it whether or not who asked is still there.
	request, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, p.upstream, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	return io.ReadAll(io.LimitReader(response.Body, maxProxyAnswer))
}

// maxProxyAnswer is what the traces of a large block take.
const maxProxyAnswer = 256 << 20

func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, body []byte) {
	text, err := p.forward(r.Context(), body)
	if err != nil {
		cut(w)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

func answer(w http.ResponseWriter, id json.RawMessage, result any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": id, "result": result})
}

// ask puts a question of the proxy's own.
func (p *Proxy) ask(ctx context.Context, result any, method string, params ...any) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	text, err := p.forward(ctx, body)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &struct {
		Result any `json:"result"`
	}{result})
}

// old answers what the node would have answered some blocks ago: to "latest" with that
// block, and with no receipt of what came since.
func (p *Proxy) old(w http.ResponseWriter, r *http.Request, one proxied, body []byte) {
	var height hexutil.Uint64
	if err := p.ask(r.Context(), &height, "eth_blockNumber"); err != nil || height < oldHeadBlocks {
		p.pass(w, r, body)
		return
	}
	then := height - oldHeadBlocks
	switch one.Method {
	case "eth_blockNumber":
		answer(w, one.ID, then)
		return
	case "eth_getTransactionReceipt", "eth_getTransactionByHash":
		var found *struct {
			Height *hexutil.Uint64 `json:"blockNumber"`
		}
		if len(one.Params) == 1 && p.ask(r.Context(), &found, one.Method, one.Params[0]) == nil && found != nil && found.Height != nil && *found.Height > then {
			answer(w, one.ID, nil)
			return
		}
	}
	p.pass(w, r, []byte(strings.ReplaceAll(string(body), `"latest"`, `"`+hexutil.EncodeUint64(uint64(then))+`"`)))
}

// lose lets the node take a transaction, and then forget it.
func (p *Proxy) lose(w http.ResponseWriter, r *http.Request, body []byte) {
	text, err := p.forward(r.Context(), body)
	var taken struct {
		Result string `json:"result"`
	}
	if err == nil && json.Unmarshal(text, &taken) == nil && taken.Result != "" {
		_ = p.ask(r.Context(), nil, "anvil_dropTransaction", taken.Result)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}
