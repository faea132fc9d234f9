package corpus

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/evm"
)

// Answers of EVM nodes, by name.
const (
	evmBlock    = "eth_getBlockByHash"     // with full transactions
	evmReceipts = "eth_getBlockReceipts"   // of the block
	evmTraces   = "debug_traceBlockByHash" // with {"tracer": "callTracer"}; where it is missing the node cannot trace
)

// Settings of EVM chains.
const (
	setNative  = "native"  // which native transfers are read: "traces" or "top-level"
	setWitness = "witness" // name of the node that is asked for a second opinion and nothing else
)

const maxRequest = 1 << 20

// startEVM serves JSON-RPC over HTTP, one server for each node.
func startEVM(t testing.TB, w *World, c *Case) Reader {
	t.Helper()
	config := evm.Config{
		Chain: c.Chain, Native: coffer.NewAssetID(c.Chain, coffer.AssetNative, "60"),
		NativeTransfers: evm.NativeTransfers(c.Settings[setNative]), Clock: w.Now, Log: quiet,
	}
	number, err := evm.ChainNumber(c.Chain)
	if err != nil {
		t.Fatal(err)
	}
	var witness string
	for _, node := range c.Nodes {
		server := httptest.NewServer(&evmNode{t, w, node, number})
		t.Cleanup(server.Close)
		if node == c.Settings[setWitness] {
			witness = server.URL
			continue
		}
		config.URLs = append(config.URLs, server.URL)
	}
	client, err := evm.Dial(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	reader := Reader{Source: evm.NewSource(client, config)}
	if witness != "" {
		second, err := evm.DialWitness(t.Context(), config, witness)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(second.Close)
		reader.Deposits = func(chain *deposit.Chain) { chain.Second = second }
	}
	return reader
}

// evmNode is one node.
type evmNode struct {
	t      testing.TB
	w      *World
	name   string
	number uint64
}

// ServeHTTP implements http.Handler.
func (n *evmNode) ServeHTTP(rw http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, maxRequest))
	if err != nil {
		return // the test has ended
	}
	var call struct {
		ID     json.RawMessage   `json:"id"`
		Method string            `json:"method"`
		Params []json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(body, &call); err != nil {
		n.t.Errorf("node %s is asked %.200s: %v", n.name, body, err)
		return
	}
	answer := map[string]any{"jsonrpc": "2.0", "id": call.ID}
	if result, known := n.answer(call.Method, call.Params); known {
		answer["result"] = result
	} else {
		answer["error"] = map[string]any{"code": -32601, "message": "the method " + call.Method + " does not exist"}
	}
	rw.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(rw).Encode(answer); err != nil && request.Context().Err() == nil {
		n.t.Error(err)
	}
}

func (n *evmNode) answer(method string, params []json.RawMessage) (result any, known bool) {
	var first string
	if len(params) > 0 && json.Unmarshal(params[0], &first) != nil {
		return nil, false
	}
	switch method {
	case "eth_chainId":
		return hexutil.Uint64(n.number), true
	case "eth_getBlockByNumber":
		return n.say(n.at(first), evmBlock), true
	case evmBlock, evmReceipts:
		return n.say(n.byHash(first), method), true
	case evmTraces:
		b := n.byHash(first)
		if b != nil && n.w.Answer(n.name, b, evmTraces) == nil {
			return nil, false
		}
		return n.say(b, evmTraces), true
	}
	return nil, false
}

// at is the block at a height or under a tag.
func (n *evmNode) at(tag string) *Block {
	switch tag {
	case "latest":
		return n.w.Head(n.name)
	case "finalized":
		return n.w.Final(n.name)
	}
	height, err := hexutil.DecodeUint64(tag)
	if err != nil {
		return nil
	}
	return n.w.At(n.name, height)
}

func (n *evmNode) byHash(text string) *Block {
	hash, err := coffer.ParseHash(text)
	if err != nil {
		return nil
	}
	return n.w.Block(n.name, hash)
}

// say is an answer about a block, null when there is no such block.
func (n *evmNode) say(b *Block, name string) json.RawMessage {
	if b == nil {
		return json.RawMessage("null")
	}
	return n.w.Answer(n.name, b, name)
}
