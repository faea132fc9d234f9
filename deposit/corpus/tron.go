package corpus

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Answers of TRON nodes, by name: over gRPC in base64 of protobuf, over HTTP in JSON.
const (
	tronBlock     = "grpc:Block"               // of Wallet/GetBlockById
	tronInfos     = "grpc:TransactionInfoList" // of Wallet/GetTransactionInfoByBlockNum
	tronBlockJSON = "http:/wallet/getblockbyid"
	tronInfosJSON = "http:/wallet/gettransactioninfobyblocknum"
)

// Settings of TRON chains.
const (
	setHTTP     = "http"     // name of the node that is asked over HTTP; the others over gRPC
	setGenesis  = "genesis"  // name of block 0, by which a node's network is known
	setInternal = "internal" // "true": what contracts pay in TRX is read
)

// manyYears is more than the age of any head.
const manyYears = 50 * 365 * 24 * time.Hour

// startTRON serves gRPC or HTTP, one server for each node. All of them must say the same of what
// became of transactions.
func startTRON(t testing.TB, w *World, c *Case) Reader {
	t.Helper()
	config := tron.Config{
		Chain: c.Chain, Agree: len(c.Nodes), InternalTransfers: c.Settings[setInternal] == "true",
		MaxHeadAge: manyYears, Clock: w.Now, Log: quiet,
	}
	for _, name := range c.Nodes {
		node := &tronNode{t, w, name, c.Settings[setGenesis]}
		url := ""
		if name == c.Settings[setHTTP] {
			server := httptest.NewServer(node)
			t.Cleanup(server.Close)
			url = server.URL
		} else {
			url = "grpc://" + node.listen()
		}
		config.Nodes = append(config.Nodes, tron.Node{URL: url})
	}
	client, err := tron.Dial(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return Reader{Source: tron.NewSource(client)}
}

// tronNode is one node.
type tronNode struct {
	t       testing.TB
	w       *World
	name    string
	genesis string
}

// listen serves gRPC and returns the host.
func (n *tronNode) listen() string {
	listener, err := (&net.ListenConfig{}).Listen(n.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		n.t.Fatal(err)
	}
	handle := func(_ any, stream grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(stream)
		var request []byte
		if err := stream.RecvMsg(&request); err != nil {
			return err
		}
		answer, err := n.answer(strings.TrimPrefix(method, "/protocol."), request)
		if err != nil {
			return err
		}
		return stream.SendMsg(&answer)
	}
	server := grpc.NewServer(grpc.UnknownServiceHandler(handle), grpc.ForceServerCodecV2(rawCodec{}))
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	n.t.Cleanup(func() { server.Stop(); <-done })
	return listener.Addr().String()
}

// answer is a message on the wire.
func (n *tronNode) answer(method string, request []byte) ([]byte, error) {
	switch method {
	case "Wallet/GetBlock", "WalletSolidity/GetBlock":
		var asked tronpb.BlockReq
		if err := proto.Unmarshal(request, &asked); err != nil {
			return nil, err
		}
		b := n.named(asked.GetIdOrNum(), strings.HasPrefix(method, "WalletSolidity"))
		var block tronpb.Block
		raw, err := n.bytes(b, tronBlock)
		if err != nil || len(raw) == 0 {
			return nil, err
		}
		if err := proto.Unmarshal(raw, &block); err != nil {
			return nil, err
		}
		return proto.Marshal(&tronpb.BlockExtention{BlockHeader: block.GetBlockHeader(), Blockid: b.Hash[:]})
	case "Wallet/GetBlockById":
		var asked tronpb.BytesMessage
		if err := proto.Unmarshal(request, &asked); err != nil || len(asked.GetValue()) != len(coffer.Hash{}) {
			return nil, errors.Join(err, errors.New("want an id"))
		}
		return n.bytes(n.w.Block(n.name, coffer.Hash(asked.GetValue())), tronBlock)
	case "Wallet/GetTransactionInfoByBlockNum":
		var asked tronpb.NumberMessage
		if err := proto.Unmarshal(request, &asked); err != nil {
			return nil, err
		}
		return n.bytes(n.w.At(n.name, uint64(asked.GetNum())), tronInfos) // #nosec G115 -- whatever it is, there is no such block
	}
	return nil, status.Error(codes.Unimplemented, method)
}

// named is the block of a number, or the newest one when there is none.
func (n *tronNode) named(number string, solid bool) *Block {
	if number == "" && solid {
		if final := n.w.Final(n.name); final != nil {
			return final
		}
		return n.w.blocks[n.genesis]
	}
	if number == "" {
		return n.w.Head(n.name)
	}
	height, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return nil
	}
	if height == 0 {
		return n.w.blocks[n.genesis]
	}
	return n.w.At(n.name, height)
}

// bytes is an answer, empty when there is none.
func (n *tronNode) bytes(b *Block, name string) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	answer := n.w.Answer(n.name, b, name)
	if answer == nil {
		return nil, nil
	}
	var text string
	if err := json.Unmarshal(answer, &text); err != nil {
		return nil, fmt.Errorf("block %s: %s: %w", b.Name, name, err)
	}
	return base64.StdEncoding.DecodeString(text)
}

// ServeHTTP implements http.Handler.
func (n *tronNode) ServeHTTP(rw http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, maxRequest))
	if err != nil {
		return // the test has ended
	}
	var asked struct {
		IDOrNum string `json:"id_or_num"`
		Value   string `json:"value"`
		Num     uint64 `json:"num"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		n.t.Errorf("node %s is asked %.200s: %v", n.name, body, err)
		return
	}
	var answer json.RawMessage
	switch request.URL.Path {
	case "/wallet/getblock", "/walletsolidity/getblock":
		answer, err = withoutTransactions(n.json(n.named(asked.IDOrNum, strings.HasPrefix(request.URL.Path, "/walletsolidity")), tronBlockJSON))
	case "/wallet/getblockbyid":
		hash, parseErr := coffer.ParseHash("0x" + asked.Value)
		answer, err = n.json(n.w.Block(n.name, hash), tronBlockJSON), parseErr
	case "/wallet/gettransactioninfobyblocknum":
		answer = n.json(n.w.At(n.name, asked.Num), tronInfosJSON)
	default:
		http.NotFound(rw, request)
		return
	}
	if err != nil {
		n.t.Errorf("node %s is asked %s %.200s: %v", n.name, request.URL.Path, body, err)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	if _, err := rw.Write(answer); err != nil && request.Context().Err() == nil {
		n.t.Error(err)
	}
}

// json is an answer, {} when there is none.
func (n *tronNode) json(b *Block, name string) json.RawMessage {
	if b != nil {
		if answer := n.w.Answer(n.name, b, name); answer != nil {
			return answer
		}
	}
	return json.RawMessage("{}")
}

// withoutTransactions is a block of which the header alone was asked for.
func withoutTransactions(block json.RawMessage) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(block, &fields); err != nil {
		return nil, err
	}
	delete(fields, "transactions")
	return json.Marshal(fields)
}

// rawCodec passes messages on as bytes.
type rawCodec struct{}

// Name implements encoding.CodecV2.
func (rawCodec) Name() string { return "proto" }

// Marshal implements encoding.CodecV2.
func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, errors.New("want bytes")
	}
	return mem.BufferSlice{mem.SliceBuffer(*b)}, nil
}

// Unmarshal implements encoding.CodecV2.
func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return errors.New("want bytes")
	}
	*b = data.Materialize()
	return nil
}
