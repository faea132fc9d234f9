package corpus_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

const (
	tronGenesis   = 1_767_312_000 // 2026-01-02
	sunPerTRX     = 1_000_000
	tronFeeLimit  = 1_000 * sunPerTRX
	madeByTronsim = `Recorded from devnet/tronsim, a TRON node for development, which was made to do it: the same block over gRPC and over HTTP;
		see tron_make_test.go of package deposit/corpus.`
)

// tronBench is a simulated TRON network that a case is made with: its time, keys and addresses
// are fixed, so that it makes the same blocks every time.
type tronBench struct {
	bench
	*tronsim.Sim
	conn      *grpc.ClientConn
	web       string
	usdt      tronsim.Address
	snapshots map[string]int
}

func newTRONBench(t *testing.T) *tronBench {
	t.Helper()
	return newTRONBenchOf(t, func(*tronsim.Config) {})
}

// newTRONBenchOf is one of a network that is set up otherwise.
func newTRONBenchOf(t *testing.T, change func(*tronsim.Config)) *tronBench {
	t.Helper()
	clock := func() time.Time { return time.Unix(tronGenesis+60, 0) }
	config := tronsim.Config{Clock: clock, Genesis: time.Unix(tronGenesis, 0), Seed: "corpus", SolidLag: 18, Funded: map[tronsim.Address]int64{}}
	for _, name := range []string{"bank", "mallory", "exchange", "customer"} {
		config.Funded[tronsim.AddressOf(tronsim.KeyOf(name, 0))] = 1_000_000 * sunPerTRX
	}
	change(&config)
	sim, err := tronsim.New(config)
	if err != nil {
		t.Fatal(err)
	}
	b := &tronBench{bench: newBench(t, sim.ChainID(), map[string]string{"http": "second", "genesis": "genesis", "internal": "true"}), Sim: sim, snapshots: map[string]int{}}
	b.c.Made, b.c.Nodes = madeByTronsim, []string{"first", "second"}
	b.serve()

	b.c.Assets = []corpus.Asset{{ID: b.trx(), Symbol: "TRX", Decimals: 6, Minimum: coffer.NewAmount(1_000_000), Credit: 1, Unlock: 3}}
	b.usdt = b.token("bank", "Tether USD", "USDT")
	b.list(b.usdt, "USDT")
	return b
}

// trx is the chain's own coin.
func (b *tronBench) trx() coffer.AssetID { return tron.Native(b.ChainID()) }

// token deploys a token that behaves as Tether's does, of which its maker holds a lot.
func (b *tronBench) token(maker, name, symbol string) tronsim.Address {
	b.t.Helper()
	signer := b.signer(maker)
	arguments := bindings.NewTestToken().PackConstructor(signer.Address, units(1_000_000_000_000), name, symbol, 6)
	_, at, err := signer.Deploy("TetherToken", append(hexutil.MustDecode(bindings.TestTokenMetaData.Bin), arguments...))
	b.must(err)
	b.must(b.Mine(1))
	return at
}

// contract deploys runtime code.
func (b *tronBench) contract(name string, runtime []byte) tronsim.Address {
	b.t.Helper()
	id, at, err := b.signer("mallory").Deploy(name, creation(runtime))
	b.must(err)
	b.must(b.Mine(1))
	if result := b.Info(id).GetReceipt().GetResult(); result != tronpb.Transaction_Result_SUCCESS {
		b.t.Fatalf("deploying %s ended in %s", name, result)
	}
	return at
}

// list makes a token one that is supported, from one unit of six decimals on.
func (b *tronBench) list(token tronsim.Address, symbol string) {
	b.c.Assets = append(b.c.Assets, corpus.Asset{
		ID: tron.TokenAsset(b.ChainID(), tron.Address(token)), Symbol: symbol, Decimals: 6, Minimum: coffer.NewAmount(1_000_000), Credit: 1, Unlock: 3,
	})
}

// house makes an address one of the custodian's own.
func (b *tronBench) house(at tronsim.Address, kind string) {
	b.c.House = append(b.c.House, corpus.House{Address: tron.AddressOf(tron.Address(at)), Kind: kind})
}

// call calls a contract.
func (b *tronBench) call(from string, contract tronsim.Address, data []byte) coffer.Hash {
	b.t.Helper()
	tx, err := b.signer(from).Call(contract, data, 0, tronFeeLimit)
	b.must(err)
	return tx
}

// unlocked is a deposit that may be spent in the end.
func (b *tronBench) unlocked(account string, asset coffer.AssetID, tx coffer.Hash, ref string, amount uint64) corpus.Deposit {
	return corpus.Deposit{Account: account, Asset: asset, Tx: tx, Ref: ref, Amount: coffer.NewAmount(amount), State: coffer.DepositUnlocked}
}

func (b *tronBench) usdtID() coffer.AssetID {
	return tron.TokenAsset(b.ChainID(), tron.Address(b.usdt))
}

// serve opens both doors of the node.
func (b *tronBench) serve() {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	hosts := make([]string, 2)
	for i, serve := range []func(context.Context, *tronsim.Sim, net.Listener) error{tronsim.Serve, tronsim.ServeHTTP} {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		b.must(err)
		hosts[i] = listener.Addr().String()
		go func() { done <- serve(ctx, b.Sim, listener) }()
	}
	b.t.Cleanup(func() {
		cancel()
		for range hosts {
			if err := <-done; err != nil {
				b.t.Error(err)
			}
		}
	})
	var err error
	b.conn, err = grpc.NewClient("passthrough:///"+hosts[0], grpc.WithTransportCredentials(insecure.NewCredentials()))
	b.must(err)
	b.t.Cleanup(func() { _ = b.conn.Close() })
	b.web = "http://" + hosts[1]
}

// signer is somebody who has TRX.
func (b *tronBench) signer(name string) tronsim.Signer {
	key := tronsim.KeyOf(name, 0)
	return tronsim.Signer{Sim: b.Sim, Keys: []tronsim.Key{key}, Address: tronsim.AddressOf(key)}
}

// user is the watched address of an account.
func (b *tronBench) user(account string) tronsim.Address {
	to := tronsim.AddressOf(tronsim.KeyOf("deposit of "+account, 0))
	b.watch(account, tron.AddressOf(tron.Address(to)))
	return to
}

// begin mines the first block that is read.
func (b *tronBench) begin() { b.mine("a0", "") }

// mine mines what was sent and records the block.
func (b *tronBench) mine(name, parent string) {
	b.t.Helper()
	b.must(b.Mine(1))
	b.record(name, parent)
}

// chain mines empty blocks until the last name, above the block before them.
func (b *tronBench) chain(parent string, names ...string) {
	b.t.Helper()
	for _, name := range names {
		b.mine(name, parent)
		parent = name
	}
}

// record asks for the newest block as indexers do, at both doors.
func (b *tronBench) record(name, parent string) {
	b.t.Helper()
	head := b.Head()
	b.c.Blocks = append(b.c.Blocks, b.block(name, parent, head))
	if len(b.c.Blocks) > 1 && b.c.Blocks[len(b.c.Blocks)-1].Parent == "" {
		b.t.Fatalf("block %s has no parent", name)
	}
	var err error
	b.snapshots[name], err = b.Snapshot()
	b.must(err)
}

// block is what the node says of a block of its chain.
func (b *tronBench) block(name, parent string, ref coffer.BlockRef) corpus.Block {
	b.t.Helper()
	height := int64(ref.Height)
	said := corpus.Answers{
		"grpc:Block":                                b.ask("/protocol.Wallet/GetBlockById", &tronpb.BytesMessage{Value: ref.Hash[:]}),
		"http:/wallet/getblockbyid":                 b.post("/wallet/getblockbyid", map[string]any{"value": hex.EncodeToString(ref.Hash[:])}),
		"grpc:TransactionInfoList":                  b.ask("/protocol.Wallet/GetTransactionInfoByBlockNum", &tronpb.NumberMessage{Num: height}),
		"http:/wallet/gettransactioninfobyblocknum": b.post("/wallet/gettransactioninfobyblocknum", map[string]any{"num": height}),
	}
	return corpus.Block{Name: name, Parent: parent, Height: ref.Height, Hash: ref.Hash, Said: said}
}

// ask is an answer over gRPC, as it is kept: base64 in JSON.
func (b *tronBench) ask(method string, request proto.Message) json.RawMessage {
	b.t.Helper()
	asked, err := proto.Marshal(request)
	b.must(err)
	var answer []byte
	b.must(b.conn.Invoke(b.t.Context(), method, &asked, &answer, grpc.ForceCodecV2(bytesCodec{})))
	return quoted(b.t, answer)
}

// quoted is how bytes are kept.
func quoted(t *testing.T, raw []byte) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(base64.StdEncoding.EncodeToString(raw))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// post is an answer over HTTP.
func (b *tronBench) post(path string, body any) json.RawMessage {
	b.t.Helper()
	text, err := json.Marshal(body)
	b.must(err)
	response, err := http.Post(b.web+path, "application/json", bytes.NewReader(text))
	b.must(err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	b.must(err)
	if response.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: %s: %s", path, response.Status, answer)
	}
	return answer
}

// finish adds the block by which a node's network is known.
func (b *tronBench) finish(c corpus.Case) *corpus.Case {
	b.t.Helper()
	var header tronpb.BlockExtention
	asked, err := proto.Marshal(&tronpb.BlockReq{IdOrNum: "0"})
	b.must(err)
	var raw []byte
	b.must(b.conn.Invoke(b.t.Context(), tronpb.Wallet_GetBlock_FullMethodName, &asked, &raw, grpc.ForceCodecV2(bytesCodec{})))
	b.must(proto.Unmarshal(raw, &header))
	b.c.Blocks = append(b.c.Blocks, b.block("genesis", "", coffer.BlockRef{Hash: coffer.Hash(header.GetBlockid())}))
	return b.bench.finish(c)
}

// bytesCodec passes messages on as bytes.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, errors.New("want bytes")
	}
	return mem.BufferSlice{mem.SliceBuffer(*b)}, nil
}

func (bytesCodec) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return errors.New("want bytes")
	}
	*b = data.Materialize()
	return nil
}
