package evm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// faulty is a node in front of a real one. fault may answer a call itself; forward passes
// it on and returns the real answer.
type faulty struct {
	url string

	mu    sync.Mutex
	fault func(w http.ResponseWriter, r *http.Request, method string, params []json.RawMessage, forward func() []byte) bool
	asked []string

	missing []string // methods that it does not have, in batches neither
}

// answerBatch refuses a batch of a method that is missing.
func (f *faulty) answerBatch(w io.Writer, body []byte, missing []string) bool {
	var batch []struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	if json.Unmarshal(body, &batch) != nil || len(batch) == 0 || !slices.Contains(missing, batch[0].Method) {
		return false
	}
	var answers []map[string]any
	for _, one := range batch {
		answers = append(answers, map[string]any{"jsonrpc": "2.0", "id": one.ID, "error": map[string]any{"code": -32601, "message": "no"}})
	}
	return json.NewEncoder(w).Encode(answers) == nil
}

func (f *faulty) set(fault func(w http.ResponseWriter, r *http.Request, method string, params []json.RawMessage, forward func() []byte) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault, f.asked = fault, nil
}

func (f *faulty) was(method string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.asked, method)
}

func newFaulty(t *testing.T, upstream string) *faulty {
	t.Helper()
	f := &faulty{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		var call struct {
			Method string            `json:"method"`
			Params []json.RawMessage `json:"params"`
		}
		f.mu.Lock()
		fault, missing := f.fault, f.missing
		if json.Unmarshal(body, &call) != nil && f.answerBatch(w, body, missing) {
			f.mu.Unlock()
			return
		}
		if slices.Contains(missing, call.Method) {
			fault = refuse(-32601, "the method does not exist/is not available")
		}
		f.asked = append(f.asked, call.Method)
		f.mu.Unlock()
		forward := func() []byte {
			response, err := http.Post(upstream, "application/json", bytes.NewReader(body))
			if err != nil {
				return nil
			}
			defer response.Body.Close()
			answer, _ := io.ReadAll(response.Body)
			return answer
		}
		if fault != nil && fault(w, r, call.Method, call.Params, forward) {
			return
		}
		_, _ = w.Write(forward())
	}))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

type fault = func(w http.ResponseWriter, r *http.Request, method string, params []json.RawMessage, forward func() []byte) bool

// Faults of nodes.
func webPage(w http.ResponseWriter, _ *http.Request, _ string, _ []json.RawMessage, _ func() []byte) bool {
	_, _ = io.WriteString(w, "<html><body>Please log in</body></html>")
	return true
}

func gateway(w http.ResponseWriter, _ *http.Request, _ string, _ []json.RawMessage, _ func() []byte) bool {
	w.WriteHeader(http.StatusBadGateway)
	return true
}

func hang(_ http.ResponseWriter, r *http.Request, _ string, _ []json.RawMessage, _ func() []byte) bool {
	<-r.Context().Done()
	return true
}

func oversized(w http.ResponseWriter, _ *http.Request, _ string, _ []json.RawMessage, _ func() []byte) bool {
	_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":"0x1`+strings.Repeat(" ", 3<<20)+`"}`)
	return true
}

func cutOff(w http.ResponseWriter, _ *http.Request, _ string, _ []json.RawMessage, _ func() []byte) bool {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"res`)
	return true
}

func refuse(code int, text string) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ string, _ []json.RawMessage, _ func() []byte) bool {
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,"error":{"code":%d,"message":%q}}`, code, text)
		return true
	}
}

func wrongChain(w http.ResponseWriter, _ *http.Request, _ string, _ []json.RawMessage, _ func() []byte) bool {
	_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":"0x1"}`)
	return true
}

// only restricts a fault to one method.
func only(method string, f fault) fault {
	return func(w http.ResponseWriter, r *http.Request, m string, params []json.RawMessage, forward func() []byte) bool {
		return m == method && f(w, r, m, params, forward)
	}
}

// twoNodes is a client of two nodes in front of one anvil, with a clock of its own.
type twoNodes struct {
	*chain
	first, second *faulty
	client        *evm.Client
	source        *evm.Source
	now           atomic.Int64 // nanoseconds after the start
	config        evm.Config
}

func newTwoNodes(t *testing.T) *twoNodes {
	t.Helper()
	c := newChain(t)
	n := &twoNodes{chain: c, first: newFaulty(t, c.URL), second: newFaulty(t, c.URL)}
	start := time.Now()
	n.config = c.config
	n.config.URLs = []string{n.first.url + "/secret", n.second.url + "/secret"}
	n.config.CallTimeout = 6 * time.Second
	n.config.MaxResponseBytes = 2 << 20
	n.config.Clock = func() time.Time { return start.Add(time.Duration(n.now.Load())) }
	n.config.Log = slog.New(slog.DiscardHandler)
	n.client = n.dialBoth(t)
	n.source = evm.NewSource(n.client, n.config)
	return n
}

func (n *twoNodes) dialBoth(t *testing.T) *evm.Client {
	t.Helper()
	client, err := evm.Dial(t.Context(), n.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func (n *twoNodes) pass(d time.Duration) { n.now.Add(int64(d)) }

// eventually asks until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func TestACallGoesToTheNextNodeWhenOneFails(t *testing.T) {
	n := newTwoNodes(t)
	for name, f := range map[string]fault{
		"a web page":        webPage,
		"a bad gateway":     gateway,
		"no answer":         hang,
		"an oversized one":  oversized,
		"a torn one":        cutOff,
		"rate limited":      refuse(-32005, "too many requests"),
		"internal error":    refuse(-32603, "internal error"),
		"pruned":            refuse(-32000, "missing trie node"),
		"no such method":    refuse(-32601, "the method does not exist"),
		"a block not known": refuse(-32000, "header not found"),
	} {
		t.Run(name, func(t *testing.T) {
			n.first.set(nil)
			client := n.dialBoth(t)
			n.first.set(f)
			n.second.set(nil)
			balance, err := client.Eth().BalanceAt(t.Context(), n.Faucet(), nil)
			if err != nil || balance.Sign() <= 0 {
				t.Errorf("%v, %v", balance, err)
			}
			if !n.first.was("eth_getBalance") || !n.second.was("eth_getBalance") {
				t.Errorf("asked: first %v, second %v", n.first.asked, n.second.asked)
			}
		})
	}
}

func TestWhatOneNodeDecidesNoOtherIsAskedFor(t *testing.T) {
	n := newTwoNodes(t)
	n.second.set(nil)
	err := n.client.RPC().CallContext(t.Context(), nil, "eth_call", map[string]any{"to": n.Token, "data": "0xa9059cbb"}, "latest")
	if evm.Classify(err) != evm.Reverted || n.second.was("eth_call") {
		t.Errorf("%v; the second was asked: %v", err, n.second.was("eth_call"))
	}
}

func TestANodeThatFailsAgainAndAgainIsLeftAloneUntilItIsBack(t *testing.T) {
	n := newTwoNodes(t)
	ask := func() {
		t.Helper()
		if _, err := n.client.Eth().BalanceAt(t.Context(), n.Faucet(), nil); err != nil {
			t.Fatal(err)
		}
	}
	n.first.set(gateway)
	for range 3 {
		ask()
	}
	if status := n.client.Nodes()[0]; status.Usable || status.Err == nil || strings.Contains(status.Err.Error(), "secret") {
		t.Fatalf("after three failures: %+v", status)
	}
	n.first.set(nil)
	ask()
	if n.first.was("eth_getBalance") {
		t.Error("asked during its cool-down")
	}
	n.pass(300 * time.Millisecond)
	eventually(t, "the first node is used again", func() bool {
		ask()
		n.pass(300 * time.Millisecond)
		return n.client.Nodes()[0].Usable
	})
	n.first.set(nil)
	n.second.set(nil)
	ask()
	if !n.first.was("eth_getBalance") || n.second.was("eth_getBalance") {
		t.Error("the first node is not the preferred one again")
	}
}

func TestAProbeThatBeganBeforeANodeFailedDoesNotBringItBack(t *testing.T) {
	n := newTwoNodes(t)
	if err := n.Mine(t.Context(), 1); err != nil { // who was probed after this is known by its height
		t.Fatal(err)
	}
	head, err := n.Eth().BlockNumber(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	probed, failed := make(chan struct{}), make(chan struct{})
	n.first.set(func(w http.ResponseWriter, r *http.Request, method string, params []json.RawMessage, forward func() []byte) bool {
		switch method {
		case "eth_chainId":
			close(probed)
			select {
			case <-failed:
			case <-r.Context().Done():
			}
			return false
		case "eth_getBalance":
			return gateway(w, r, method, params, forward)
		}
		return false
	})
	ask := func() {
		t.Helper()
		if _, err := n.client.Eth().BalanceAt(t.Context(), n.Faucet(), nil); err != nil {
			t.Fatal(err)
		}
	}
	n.pass(6 * time.Second)
	ask()
	<-probed
	for range 3 {
		ask()
	}
	if status := n.client.Nodes()[0]; status.Usable {
		t.Fatalf("after three failures: %+v", status)
	}
	close(failed)
	eventually(t, "the probe ends", func() bool { return n.client.Nodes()[1].Height == head })
	if status := n.client.Nodes()[0]; status.Usable || status.Err == nil {
		t.Errorf("during its cool-down: %+v", status)
	}
}

func TestWhileNoNodeCanBeUsedCallsFailAtOnce(t *testing.T) {
	n := newTwoNodes(t)
	n.first.set(gateway)
	n.second.set(gateway)
	ask := func() error {
		_, err := n.client.Eth().BalanceAt(t.Context(), n.Faucet(), nil)
		return err
	}
	for range 3 {
		if err := ask(); err == nil || strings.Contains(err.Error(), "secret") {
			t.Fatalf("%v", err)
		}
	}
	n.first.set(gateway)
	if err := ask(); !errors.Is(err, evm.ErrNoNode) || n.first.was("eth_getBalance") {
		t.Errorf("%v, asked %v; want ErrNoNode without a question", err, n.first.asked)
	}
	n.first.set(nil)
	n.pass(time.Second)
	if err := ask(); err != nil {
		t.Errorf("after the cool-down: %v", err)
	}
}

func TestANodeOfAnotherChainIsNeverUsed(t *testing.T) {
	n := newTwoNodes(t)
	n.second.set(only("eth_chainId", wrongChain))
	if _, err := evm.Dial(t.Context(), n.config); !errors.Is(err, evm.ErrWrongChain) {
		t.Errorf("at the start: %v", err)
	}

	n.first.set(gateway)
	n.second.set(gateway)
	for range 3 {
		_, _ = n.client.Eth().BalanceAt(t.Context(), n.Faucet(), nil)
	}
	n.first.set(only("eth_chainId", wrongChain)) // it came back as somebody else
	n.pass(time.Second)
	if _, err := n.client.Eth().BalanceAt(t.Context(), n.Faucet(), nil); !errors.Is(err, evm.ErrNoNode) {
		t.Errorf("%v", err)
	}
	if n.first.was("eth_getBalance") {
		t.Error("a node of another chain was asked for a balance")
	}
}

func TestAtTheStartOneNodeIsEnough(t *testing.T) {
	n := newTwoNodes(t)
	n.first.set(gateway)
	client := n.dialBoth(t)
	if _, err := client.Eth().BalanceAt(t.Context(), n.Faucet(), nil); err != nil {
		t.Error(err)
	}
	n.second.set(gateway)
	if _, err := evm.Dial(t.Context(), n.config); err == nil {
		t.Error("no node answers, and the client was made")
	}
}

// stuckAt answers as if the chain ended at a height.
func stuckAt(n *twoNodes, height uint64) fault {
	return func(w http.ResponseWriter, r *http.Request, method string, params []json.RawMessage, _ func() []byte) bool {
		at := hexutil.EncodeUint64(height)
		switch {
		case method == "eth_getBlockByNumber" && string(params[0]) == `"latest"`:
		case method == "eth_getBlockByNumber" && string(params[0]) != `"finalized"`:
			var asked hexutil.Uint64
			if json.Unmarshal(params[0], &asked) != nil || uint64(asked) <= height {
				return false
			}
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":null}`)
			return true
		default:
			return false
		}
		var block json.RawMessage
		if err := n.RPC().CallContext(r.Context(), &block, "eth_getBlockByNumber", at, false); err != nil {
			return false
		}
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,"result":%s}`, block)
		return true
	}
}

func TestAnOldHeadIsNotBelieved(t *testing.T) {
	n := newTwoNodes(t)
	before, err := n.source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n.first.set(stuckAt(n, before.Latest.Height-2))
	for range 3 {
		head, err := n.source.Head(t.Context())
		if err != nil || head.Latest != before.Latest {
			t.Fatalf("head %+v, %v; want %+v of the other node", head.Latest, err, before.Latest)
		}
		if _, err := n.source.Header(t.Context(), before.Latest.Height); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.client.Nonce(t.Context(), n.wallet, "0x0"); err != nil {
		t.Errorf("nonce: %v", err)
	}

	// When all nodes are behind, what depends on the newest state is refused; the head is
	// told as it is, and believed after a while.
	n.second.set(stuckAt(n, before.Latest.Height-1))
	head, err := n.source.Head(t.Context())
	if err != nil || head.Latest.Height != before.Latest.Height-1 {
		t.Errorf("head %+v, %v; want the best there is", head.Latest, err)
	}
	if _, err := n.client.Nonce(t.Context(), n.wallet, "0x0"); !errors.Is(err, evm.ErrOldHead) {
		t.Errorf("nonce: %v, want ErrOldHead", err)
	}
	n.pass(time.Minute)
	if _, err := n.source.Head(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := n.client.Nonce(t.Context(), n.wallet, "0x0"); err != nil {
		t.Errorf("nonce after a minute: %v", err)
	}
}

func TestANodeThatLagsIsNotAsked(t *testing.T) {
	n := newTwoNodes(t)
	if err := n.SetNextBlockTime(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := n.Mine(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	head, err := n.Eth().BlockNumber(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n.first.set(stuckAt(n, head-1))
	eventually(t, "the first node is seen to lag", func() bool {
		n.pass(6 * time.Second)
		if _, err := n.client.Eth().BalanceAt(t.Context(), n.Faucet(), nil); err != nil {
			t.Fatal(err)
		}
		return n.client.Nodes()[0].Behind
	})
	n.first.set(stuckAt(n, head-1))
	if _, err := n.client.Eth().BalanceAt(t.Context(), n.Faucet(), nil); err != nil || n.first.was("eth_getBalance") {
		t.Errorf("%v; the node that lags was asked: %v", err, n.first.asked)
	}
}

func TestATransactionIsSentOnceAndFoundAgain(t *testing.T) {
	swallow := func(then fault) fault { // takes it, and then does not say so
		return only("eth_sendRawTransaction", func(w http.ResponseWriter, r *http.Request, m string, p []json.RawMessage, forward func() []byte) bool {
			forward()
			return then(w, r, m, p, forward)
		})
	}
	for name, test := range map[string]struct {
		first, second fault
		want          error // nil: it is sent
		class         evm.Class
		lands         bool
		asksSecond    bool
	}{
		"the first takes it":                     {nil, nil, nil, "", true, false},
		"the first has it":                       {only("eth_sendRawTransaction", refuse(-32000, "already known")), nil, nil, "", false, false},
		"the first is down":                      {gateway, nil, nil, "", true, true},
		"the first is busy":                      {only("eth_sendRawTransaction", refuse(-32005, "rate limit")), nil, nil, "", true, true},
		"accepted, then silence":                 {swallow(hang), nil, nil, "", true, true},
		"accepted, then a web page":              {swallow(webPage), nil, nil, "", true, true},
		"accepted, and the other says too late":  {swallow(gateway), only("eth_sendRawTransaction", refuse(-32000, "nonce too low")), nil, "", true, true},
		"accepted, and the other is down":        {swallow(hang), gateway, nil, "", true, true},
		"neither says anything":                  {gateway, gateway, evm.ErrUnknownOutcome, "", false, true},
		"one is silent, the other says too late": {gateway, only("eth_sendRawTransaction", refuse(-32000, "nonce too low")), evm.ErrUnknownOutcome, "", false, true},
		"the first refuses it":                   {only("eth_sendRawTransaction", refuse(-32000, "insufficient funds")), nil, nil, evm.InsufficientFunds, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newTwoNodes(t)
			if _, err := n.FundNative(t.Context(), addressOf(n, 0), units(1e18)); err != nil {
				t.Fatal(err)
			}
			raw := rawPayment(t, n.chain, 0, 0, 5e9, 7)
			n.first.set(test.first)
			n.second.set(test.second)
			var hash common.Hash
			err := n.client.RPC().CallContext(t.Context(), &hash, "eth_sendRawTransaction", raw)
			switch {
			case test.want != nil:
				if !errors.Is(err, test.want) {
					t.Errorf("%v, want %v", err, test.want)
				}
			case test.class != "":
				if evm.Classify(err) != test.class || errors.Is(err, evm.ErrUnknownOutcome) {
					t.Errorf("%v, want %s", err, test.class)
				}
			case err != nil || hash != crypto.Keccak256Hash(raw):
				t.Errorf("%s, %v", hash, err)
			}
			if got := n.second.was("eth_sendRawTransaction"); got != test.asksSecond {
				t.Errorf("the second was given it: %v", got)
			}
			arrived := func() int64 {
				balance, err := n.Eth().BalanceAt(t.Context(), common.Address{0x7a}, nil)
				if err != nil {
					t.Fatal(err)
				}
				return balance.Int64()
			}
			if test.lands {
				eventually(t, "the payment arrives", func() bool { return arrived() == 7 })
			} else if arrived() != 0 {
				t.Errorf("%d arrived", arrived())
			}
		})
	}
}

func addressOf(n *twoNodes, owner int) common.Address {
	return crypto.PubkeyToAddress(n.owners[owner].PublicKey)
}

func TestATransactionThatAPoolLostIsSentAgain(t *testing.T) {
	n := newTwoNodes(t)
	ctx := t.Context()
	if _, err := n.FundNative(ctx, addressOf(n, 0), units(1e18)); err != nil {
		t.Fatal(err)
	}
	if err := n.SetAutomine(ctx, false); err != nil {
		t.Fatal(err)
	}
	raw := rawPayment(t, n.chain, 0, 0, 5e9, 7)
	for range 2 {
		var hash common.Hash
		if err := n.client.RPC().CallContext(ctx, &hash, "eth_sendRawTransaction", raw); err != nil {
			t.Fatal(err)
		}
		if err := n.DropTransaction(ctx, hash); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.client.RPC().CallContext(ctx, nil, "eth_sendRawTransaction", raw); err != nil {
		t.Fatal(err)
	}
	if err := n.Mine(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if balance, err := n.Eth().BalanceAt(ctx, common.Address{0x7a}, nil); err != nil || balance.Int64() != 7 {
		t.Errorf("%s arrived, %v", balance, err)
	}
}

// An indexer's walk over the chain sees one chain, whatever one of the nodes does.
func TestBlocksAreReadWhileOneNodeMisbehaves(t *testing.T) {
	n := newTwoNodes(t)
	faults := []fault{nil, webPage, stuckAt(n, 3), gateway, oversized, cutOff, refuse(-32005, "rate limit"), nil}
	var parent coffer.Hash
	head, err := n.source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for height := uint64(1); height <= head.Latest.Height; height++ {
		n.first.set(faults[int(height)%len(faults)])
		n.pass(20 * time.Second)
		header, err := n.source.Header(t.Context(), height)
		if err != nil {
			t.Fatal(err)
		}
		block, err := n.source.Block(t.Context(), header.Hash)
		if err != nil {
			t.Fatal(err)
		}
		if height > 1 && block.Parent != parent {
			t.Fatalf("block %d does not follow", height)
		}
		parent = block.Hash
	}
}

func TestACallersDeadlineHoldsForAllNodes(t *testing.T) {
	n := newTwoNodes(t)
	n.first.set(hang)
	n.second.set(hang)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	begin := time.Now()
	if _, err := n.client.Eth().BalanceAt(ctx, n.Faucet(), nil); err == nil || time.Since(begin) > time.Minute {
		t.Errorf("%v after %s", err, time.Since(begin))
	}
	if !n.second.was("eth_getBalance") {
		t.Error("the first node took all the time")
	}
}
