package tron_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// answerer is what a node of the tests says to a method, by the last part of its name.
type answerer func(ctx context.Context, method string, request []byte) ([]byte, error)

// serve runs a gRPC server that answers bytes, and returns its host.
func serve(t testing.TB, answer answerer, options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	handle := func(_ any, stream grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(stream)
		var request []byte
		if err := stream.RecvMsg(&request); err != nil {
			return err
		}
		said, err := answer(stream.Context(), strings.TrimPrefix(method, "/protocol."), request)
		if err != nil {
			return err
		}
		return stream.SendMsg(&said)
	}
	server := grpc.NewServer(append(options, grpc.UnknownServiceHandler(handle), grpc.ForceServerCodecV2(rawCodec{}))...)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Stop(); <-done })
	return listener.Addr().String()
}

type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, errors.New("want bytes")
	}
	return mem.BufferSlice{mem.SliceBuffer(*b)}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return errors.New("want bytes")
	}
	*b = data.Materialize()
	return nil
}

// madeBlock is a block that a test made, with what became of its transactions.
type madeBlock struct {
	header *tronpb.BlockHeader
	txs    []*tronpb.Transaction
	infos  []*tronpb.TransactionInfo
}

func (b *madeBlock) id() coffer.Hash {
	raw, err := proto.Marshal(b.header.RawData)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(raw)
	binary.BigEndian.PutUint64(sum[:8], uint64(b.header.RawData.Number))
	return sum
}

func (b *madeBlock) bytes(t testing.TB) []byte {
	return encode(t, &tronpb.Block{Transactions: b.txs, BlockHeader: b.header})
}

// seal writes the root of the transactions into the header.
func (b *madeBlock) seal(t testing.TB) {
	leaves := make([][32]byte, len(b.txs))
	for i, tx := range b.txs {
		leaves[i] = sha256.Sum256(encode(t, tx))
	}
	root := treeOf(leaves)
	b.header.RawData.TxTrieRoot = root[:]
}

// treeOf is the root by its recursive definition: the left half is the largest power of two
// below the number of leaves.
func treeOf(leaves [][32]byte) [32]byte {
	switch len(leaves) {
	case 0:
		return [32]byte{}
	case 1:
		return leaves[0]
	}
	half := 1
	for 2*half < len(leaves) {
		half *= 2
	}
	left, right := treeOf(leaves[:half]), treeOf(leaves[half:])
	return sha256.Sum256(append(left[:], right[:]...))
}

func encode(t testing.TB, message proto.Message) []byte {
	t.Helper()
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// testChain is a chain that a test makes block by block. Block 0 is empty.
type testChain struct {
	mu     sync.Mutex
	blocks []*madeBlock
	solid  int
	asked  map[string]int
	sent   [][]byte
	// alter changes what the node says, or makes it fail.
	alter func(method string, request, answer []byte) ([]byte, error)
}

// testStart is the time of block 0.
var testStart = time.Unix(testSecond, 0)

func newTestChain(t testing.TB) *testChain {
	c := &testChain{asked: map[string]int{}}
	genesis := &madeBlock{header: &tronpb.BlockHeader{RawData: &tronpb.BlockHeaderRaw{Timestamp: testStart.UnixMilli(), ParentHash: make([]byte, 32)}}}
	genesis.seal(t)
	c.blocks = []*madeBlock{genesis}
	return c
}

func (c *testChain) id() coffer.ChainID { return tron.ChainOf(c.blocks[0].id()) }

// mine adds a block three seconds later. The infos are completed by it.
func (c *testChain) mine(t testing.TB, paid ...paidTx) *madeBlock {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	tip := c.blocks[len(c.blocks)-1]
	parent := tip.id()
	b := &madeBlock{header: &tronpb.BlockHeader{RawData: &tronpb.BlockHeaderRaw{
		Number: int64(len(c.blocks)), Timestamp: tip.header.RawData.Timestamp + 3000, ParentHash: parent[:], WitnessAddress: keyAddress(9).Bytes(),
	}}}
	for _, p := range paid {
		b.txs = append(b.txs, p.tx)
		id := idOf(t, p.tx)
		p.info.Id, p.info.BlockNumber, p.info.BlockTimeStamp = id[:], b.header.RawData.Number, b.header.RawData.Timestamp
		b.infos = append(b.infos, p.info)
	}
	b.seal(t)
	c.blocks = append(c.blocks, b)
	c.solid = max(0, len(c.blocks)-3)
	return b
}

func idOf(t testing.TB, tx *tronpb.Transaction) coffer.Hash {
	return sha256.Sum256(encode(t, tx.RawData))
}

// answer is what an honest node says.
func (c *testChain) answer(ctx context.Context, method string, request []byte) ([]byte, error) {
	c.mu.Lock()
	c.asked[method]++
	alter := c.alter
	c.mu.Unlock()
	said, err := c.honest(method, request)
	if err != nil || alter == nil {
		return said, err
	}
	if said, err = alter(method, request, said); errors.Is(err, errHang) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return said, err
}

var errHang = errors.New("hang until the caller gives up")

func (c *testChain) honest(method string, request []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	top := len(c.blocks) - 1
	var answer proto.Message
	switch method {
	case "WalletSolidity/GetBlock", "Wallet/GetBlock":
		var req tronpb.BlockReq
		if err := proto.Unmarshal(request, &req); err != nil {
			return nil, err
		}
		if strings.HasPrefix(method, "WalletSolidity/") {
			top = c.solid
		}
		at := top
		if req.IdOrNum != "" {
			var err error
			if at, err = strconv.Atoi(req.IdOrNum); err != nil {
				return nil, status.Error(codes.InvalidArgument, "want a number")
			}
		}
		if at > top {
			return nil, nil
		}
		id := c.blocks[at].id()
		answer = &tronpb.BlockExtention{BlockHeader: c.blocks[at].header, Blockid: id[:]}
	case "Wallet/GetBlockById":
		var req tronpb.BytesMessage
		if err := proto.Unmarshal(request, &req); err != nil {
			return nil, err
		}
		for _, b := range c.blocks {
			if id := b.id(); string(id[:]) == string(req.Value) {
				answer = &tronpb.Block{Transactions: b.txs, BlockHeader: b.header}
			}
		}
		if answer == nil { // as java-tron
			return nil, status.Error(codes.Unknown, "Application error processing RPC")
		}
	case "Wallet/GetTransactionInfoByBlockNum":
		var req tronpb.NumberMessage
		if err := proto.Unmarshal(request, &req); err != nil {
			return nil, err
		}
		list := &tronpb.TransactionInfoList{}
		if int(req.Num) <= top {
			list.TransactionInfo = c.blocks[req.Num].infos
		}
		answer = list
	case "Wallet/BroadcastTransaction":
		c.sent = append(c.sent, request)
		answer = &tronpb.Return{Result: true}
	default:
		return nil, status.Error(codes.Unimplemented, method)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(answer)
}

func (c *testChain) set(alter func(method string, request, answer []byte) ([]byte, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alter = alter
}

func (c *testChain) count(method string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[method]
}

// node starts a node of the chain.
func (c *testChain) node(t testing.TB) tron.Node {
	return tron.Node{URL: "grpc://" + serve(t, c.answer)}
}

// now is a minute after block 0, unless a test moves it.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *testClock { return &testClock{now: testStart.Add(time.Minute)} }

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// dial connects to nodes of a chain.
func dial(t testing.TB, config tron.Config) *tron.Client {
	t.Helper()
	client, err := tron.Dial(t.Context(), quiet(config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func quiet(config tron.Config) tron.Config {
	if config.Clock == nil {
		config.Clock = newClock().Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return config
}

// paidTx is a transaction and what became of it.
type paidTx struct {
	tx   *tronpb.Transaction
	info *tronpb.TransactionInfo
}

var stamps struct {
	sync.Mutex
	n int64
}

// makeTx is a transaction that succeeded, of its own id.
func makeTx(t testing.TB, kind tronpb.Transaction_Contract_ContractType, contract proto.Message) paidTx {
	t.Helper()
	stamps.Lock()
	stamps.n++
	stamp := testStart.UnixMilli() + stamps.n
	stamps.Unlock()
	parameter, err := anypb.New(contract)
	if err != nil {
		t.Fatal(err)
	}
	p := paidTx{
		tx: &tronpb.Transaction{
			RawData: &tronpb.TransactionRaw{
				RefBlockBytes: []byte{1, 2}, RefBlockHash: make([]byte, 8), Expiration: stamp + 60_000, Timestamp: stamp,
				Contract: []*tronpb.Transaction_Contract{{Type: kind, Parameter: parameter}},
			},
			Signature: [][]byte{make([]byte, 65)},
			Ret:       []*tronpb.Transaction_Result{{ContractRet: tronpb.Transaction_Result_SUCCESS}},
		},
		info: &tronpb.TransactionInfo{Fee: 1_100_000, Receipt: &tronpb.ResourceReceipt{NetUsage: 268}},
	}
	return p
}

func payTRX(t testing.TB, from, to tron.Address, sun int64) paidTx {
	return makeTx(t, tronpb.Transaction_Contract_TransferContract, &tronpb.TransferContract{OwnerAddress: from.Bytes(), ToAddress: to.Bytes(), Amount: sun})
}

// callContract runs a contract, which says logs.
func callContract(t testing.TB, from, contract tron.Address, logs ...*tronpb.TransactionInfo_Log) paidTx {
	p := makeTx(t, tronpb.Transaction_Contract_TriggerSmartContract, &tronpb.TriggerSmartContract{OwnerAddress: from.Bytes(), ContractAddress: contract.Bytes(), Data: []byte{1, 2, 3, 4}})
	p.info.Log = logs
	p.info.ContractAddress = contract.Bytes()
	p.info.Receipt = &tronpb.ResourceReceipt{EnergyUsageTotal: 64_285, EnergyPenaltyTotal: 49_675, EnergyFee: 6_428_500, NetUsage: 345, Result: tronpb.Transaction_Result_SUCCESS}
	return p
}

func fail(p paidTx, result tronpb.Transaction_ResultContractResult) paidTx {
	p.tx.Ret[0].ContractRet = result
	p.info.Receipt.Result, p.info.Result = result, tronpb.TransactionInfo_FAILED
	p.info.ResMessage = []byte("REVERT opcode executed")
	return p
}

func transferLog(token, from, to tron.Address, amount byte) *tronpb.TransactionInfo_Log {
	topic, err := hex.DecodeString("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
	if err != nil {
		panic(err)
	}
	return &tronpb.TransactionInfo_Log{
		Address: token[:], Topics: [][]byte{topic, append(make([]byte, 12), from[:]...), append(make([]byte, 12), to[:]...)},
		Data: append(make([]byte, 31), amount),
	}
}

// tlsServer is what a server under TLS is made with, and who vouches for it.
func tlsServer(certificate tls.Certificate) grpc.ServerOption {
	return grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}))
}

func keysOf(ctx context.Context) []string {
	md, _ := metadata.FromIncomingContext(ctx)
	return md.Get("TRON-PRO-API-KEY")
}
