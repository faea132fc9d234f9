package corpus

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/utxo"
)

// Answers of Bitcoin nodes, by name. Transactions and headers that are not of the block itself
// are asked for by their hash, which follows the name: "getrawtransaction 5f…". What a node has
// at a height is the block's hash where there is no answer.
const (
	btcHeader      = "getblockheader"    // 80 bytes in hex; of an older block, by hash
	btcBlock       = "getblock"          // in hex
	btcInfo        = "getblockchaininfo" // while the block is the newest; else what follows from it
	btcAt          = "getblockhash"      // of the block's height
	btcTransaction = "getrawtransaction"
	btcPool        = "getrawmempool" // while the block is the newest
)

// Answers of Omni Core besides.
const (
	omniInfo        = "omni_getinfo"               // while the block is the newest
	omniListed      = "omni_listblocktransactions" // of the block
	omniTransaction = "omni_gettransaction"        // by id
)

// Settings of chains of the Bitcoin family, besides witness.
const (
	setConfirmations = "confirmations" // that a final block has, the block itself counted
	setDescriptor    = "descriptor"    // of the wallet: account n is at path 0/n
	setOmni          = "omni"          // number of the property of the Omni Layer that is read
	setOmniNodes     = "omni nodes"    // names of the nodes that are Omni Core, with blanks between
)

// Codes of Bitcoin Core's refusals (src/rpc/protocol.h).
const (
	btcNotFound  = -5
	btcParameter = -8
	btcUnknown   = -32601
)

// startBitcoin serves JSON-RPC over HTTP, one server for each node.
func startBitcoin(t testing.TB, w *World, c *Case) Reader {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	network, err := utxo.NetworkOf(c.Chain)
	must(err)
	confirmations, err := strconv.ParseUint(c.Settings[setConfirmations], 10, 8)
	must(err)
	descriptor, err := utxo.ParseDescriptor(network, c.Settings[setDescriptor])
	must(err)

	config := utxo.Config{Network: network, Confirmations: confirmations, Clock: w.Now, Log: quiet}
	witness, omni := config, utxo.OmniConfig{Clock: w.Now, Log: quiet}
	omniNodes := strings.Fields(c.Settings[setOmniNodes])
	for _, name := range c.Nodes {
		server := httptest.NewServer(&btcNode{t, w, name, network})
		t.Cleanup(server.Close)
		node := utxo.Node{URL: server.URL}
		switch {
		case name == c.Settings[setWitness]:
			witness.Nodes = append(witness.Nodes, node)
		case slices.Contains(omniNodes, name):
			omni.Nodes = append(omni.Nodes, node)
		default:
			config.Nodes = append(config.Nodes, node)
		}
	}
	client, err := utxo.Dial(t.Context(), config)
	must(err)
	t.Cleanup(client.Close)
	source := utxo.NewSource(client)
	if text := c.Settings[setOmni]; text != "" {
		property, err := strconv.ParseUint(text, 10, 32)
		must(err)
		omni.Property = uint32(property)
		layer, err := utxo.DialOmni(t.Context(), client, omni)
		must(err)
		t.Cleanup(layer.Close)
		source = source.WithOmni(layer)
	}
	var second deposit.Headers
	if len(witness.Nodes) > 0 {
		other, err := utxo.Dial(t.Context(), witness)
		must(err)
		t.Cleanup(other.Close)
		second = utxo.NewSource(other)
	}
	return Reader{Source: source, Deposits: func(chain *deposit.Chain) {
		chain.Deriver, chain.Indexed = nil, walletAddresses{descriptor}
		chain.Coins, chain.Second = network.Native(), second
	}}
}

// walletAddresses are the deposit addresses of a descriptor.
type walletAddresses struct{ utxo.Descriptor }

// DepositAddressAt implements deposit.Indexed.
func (a walletAddresses) DepositAddressAt(index uint32) (coffer.AddressProof, error) {
	return a.AddressProof(utxo.PathOf(utxo.BranchReceive, index))
}

// btcNode is one node, of Bitcoin or Omni Core.
type btcNode struct {
	t       testing.TB
	w       *World
	name    string
	network utxo.Network
}

// btcRefusal is an error of JSON-RPC.
type btcRefusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// ServeHTTP implements http.Handler.
func (n *btcNode) ServeHTTP(rw http.ResponseWriter, request *http.Request) {
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
	result, refused := n.answer(call.Method, call.Params)
	rw.Header().Set("Content-Type", "application/json")
	if refused != nil {
		rw.WriteHeader(http.StatusInternalServerError)
	}
	err = json.NewEncoder(rw).Encode(map[string]any{"id": call.ID, "result": result, "error": refused})
	if err != nil && request.Context().Err() == nil {
		n.t.Error(err)
	}
}

func (n *btcNode) answer(method string, params []json.RawMessage) (any, *btcRefusal) {
	var about string
	if len(params) > 0 {
		about = strings.Trim(string(params[0]), `"`)
	}
	head := n.w.Head(n.name)
	switch method {
	case btcInfo:
		if said := n.w.Answer(n.name, head, method); said != nil {
			return said, nil
		}
		return map[string]any{
			"chain": string(n.network), "blocks": head.Height, "headers": head.Height, "bestblockhash": hex.EncodeToString(head.Hash[:]),
			"initialblockdownload": false, "pruned": false,
		}, nil
	case btcAt:
		return n.hashAt(about)
	case btcBlock, btcHeader:
		return n.ofBlock(method, about)
	case btcPool, omniInfo:
		return given(n.w.Answer(n.name, head, method), btcUnknown, "Method not found")
	case omniListed:
		if b := n.atHeight(about); b != nil {
			return given(n.w.Answer(n.name, b, method), btcUnknown, "Method not found")
		}
		return nil, &btcRefusal{btcParameter, "Block height is out of range"}
	case btcTransaction, omniTransaction:
		return given(n.w.Asked(n.name, method+" "+about), btcNotFound, "No information available about transaction")
	}
	return nil, &btcRefusal{btcUnknown, "Method not found"}
}

func (n *btcNode) atHeight(text string) *Block {
	height, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return nil
	}
	return n.w.At(n.name, height)
}

func (n *btcNode) hashAt(text string) (any, *btcRefusal) {
	if text == "0" {
		return n.network.Params().GenesisHash.String(), nil
	}
	b := n.atHeight(text)
	if b == nil {
		return nil, &btcRefusal{btcParameter, "Block height out of range"}
	}
	if said := n.w.Answer(n.name, b, btcAt); said != nil {
		return said, nil
	}
	return hex.EncodeToString(b.Hash[:]), nil
}

// ofBlock is what the node has by a block's hash.
func (n *btcNode) ofBlock(method, text string) (any, *btcRefusal) {
	hash, err := coffer.ParseHash("0x" + text)
	if err != nil {
		return nil, &btcRefusal{btcParameter, fmt.Sprintf("blockhash must be of length 64 (not %d)", len(text))}
	}
	var said json.RawMessage
	if b := n.w.Block(n.name, hash); b != nil {
		said = n.w.Answer(n.name, b, method)
	}
	if said == nil {
		said = n.w.Asked(n.name, method+" "+text)
	}
	return given(said, btcNotFound, "Block not found")
}

// given is an answer, or a refusal where the node has none.
func given(said json.RawMessage, code int, message string) (any, *btcRefusal) {
	if said == nil || string(said) == "null" {
		return nil, &btcRefusal{code, message}
	}
	return said, nil
}
