package bench

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/tron"
)

// tronOurs is how many of a block's USDT transfers pay addresses of ours.
const tronOurs = 20

// tronSource reads a block as full as the main network's from a node that answers at once: the
// development node made it and said everything of it once.
func tronSource(b *testing.B) (*tron.Source, coffer.Hash) {
	b.Helper()
	traffic := newTronTraffic(b)
	txs := traffic.mainnet()
	traffic.include(txs)
	traffic.succeeded(txs)
	made := serveTRON(b, func(ctx context.Context, listener net.Listener) error {
		return tronsim.Serve(ctx, traffic.Sim, listener)
	})
	conn, err := grpc.NewClient("passthrough:///"+made, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	node := recorder{conn: conn, said: map[string][]byte{}}
	at := serveTRON(b, node.serve)
	client, err := tron.Dial(b.Context(), tron.Config{
		Chain: traffic.ChainID(), Nodes: []tron.Node{{URL: "grpc://" + at}},
		Clock: func() time.Time { return time.Unix(tronSecond, 0) }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	return tron.NewSource(client), traffic.Head().Hash
}

// serveTRON runs a node until the benchmark ends, and returns where.
func serveTRON(b *testing.B, serve func(ctx context.Context, listener net.Listener) error) string {
	b.Helper()
	listener, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, listener) }()
	b.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return listener.Addr().String()
}

// recorder is a node that says again what another one said, byte for byte.
type recorder struct {
	conn *grpc.ClientConn

	mu   sync.Mutex
	said map[string][]byte // by method and request
}

func (r *recorder) serve(ctx context.Context, listener net.Listener) error {
	server := grpc.NewServer(grpc.ForceServerCodecV2(tronBytes{}), grpc.UnknownServiceHandler(func(_ any, call grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(call)
		var request []byte
		if err := call.RecvMsg(&request); err != nil {
			return err
		}
		answer, err := r.answer(call.Context(), method, request)
		if err != nil {
			return err
		}
		return call.SendMsg(&answer)
	}))
	defer context.AfterFunc(ctx, server.Stop)()
	return server.Serve(listener)
}

func (r *recorder) answer(ctx context.Context, method string, request []byte) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := method + "\x00" + string(request)
	if answer, known := r.said[key]; known {
		return answer, nil
	}
	var answer []byte
	if err := r.conn.Invoke(ctx, method, &request, &answer, grpc.ForceCodecV2(tronBytes{})); err != nil {
		return nil, err
	}
	r.said[key] = answer
	return answer, nil
}

// tronBytes leaves messages as they are.
type tronBytes struct{}

func (tronBytes) Name() string { return "proto" }

func (tronBytes) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, errors.New("want bytes")
	}
	return mem.BufferSlice{mem.SliceBuffer(*b)}, nil
}

func (tronBytes) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return errors.New("want bytes")
	}
	*b = data.Materialize()
	return nil
}

// BenchmarkTRONBlock measures what the source does with a block of the main network's size: it
// asks a node for the block, what became of its transactions and whether the block is in the
// chain, proves what can be proven, and lists what moved. The node, on the same cores, only
// sends bytes.
func BenchmarkTRONBlock(b *testing.B) {
	source, id := tronSource(b)
	b.ReportAllocs()
	for b.Loop() {
		block, err := source.Block(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		if len(block.Outcomes) != tronTransactions {
			b.Fatalf("%d transactions", len(block.Outcomes))
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "blocks/s")
}

// BenchmarkTRONBlockMatched measures how long deposits take over such a block: to read what the
// indexer said, to find what pays one of a million addresses, and to book it, in one transaction.
func BenchmarkTRONBlockMatched(b *testing.B) {
	ctx, db := b.Context(), openDurable(b)
	source, id := tronSource(b)
	full, err := source.Block(ctx, id)
	if err != nil {
		b.Fatal(err)
	}
	chain, token := source.ID(), coffer.AssetID("")
	for _, transfer := range full.Transfers {
		if transfer.Asset != tron.Native(chain) {
			token = transfer.Asset
		}
	}
	events := stream.NewPostgres(db, time.Now)
	deposits, err := deposit.New(deposit.Config{
		DB: db, Ledger: ledger.New(db, time.Now), Log: events, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		Chains: []deposit.Chain{{ID: chain, Indexed: noAddresses{}}},
		Assets: []coffer.Asset{
			{ID: token, Symbol: "USDT", Decimals: 6, Credit: 2, Unlock: 20},
			{ID: tron.Native(chain), Symbol: "TRX", Decimals: 6, Credit: 2, Unlock: 20},
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	fillAddresses(ctx, b, db, chain, true)

	matchBlocks(ctx, b, db, deposits, chain, tronOurs, func(height uint64) { appendTRONBlock(ctx, b, events, full, token, height) })
}

// appendTRONBlock says a block again at another height, with other transactions, some of which
// pay addresses of ours.
func appendTRONBlock(ctx context.Context, b *testing.B, events *stream.Postgres, full coffer.Block, token coffer.AssetID, height uint64) {
	b.Helper()
	hash := func(kind string, h uint64, of string) coffer.Hash {
		return coffer.RequestHash("bench", kind, fmt.Sprint(h), of)
	}
	block := full
	block.Header = coffer.Header{
		BlockRef: coffer.BlockRef{Height: height, Hash: hash("b", height, "")}, Parent: hash("b", height-1, ""), Time: time.Unix(int64(height), 0), // #nosec G115 -- counts up from one
	}
	block.Transfers, block.Outcomes = slices.Clone(full.Transfers), slices.Clone(full.Outcomes)
	ours := 0
	for i := range block.Transfers {
		t := &block.Transfers[i]
		t.Tx = hash("t", height, t.Tx.String())
		if t.Asset == token && ours < tronOurs {
			t.To = addressOf(int(binary.BigEndian.Uint32(t.Tx[:4]) % watchedAddresses)) // spread over all
			ours++
		}
	}
	for i := range block.Outcomes {
		o := &block.Outcomes[i]
		o.Tx = hash("t", height, o.Tx.String())
		o.ID = o.Tx
	}
	value, err := json.Marshal(coffer.BlockEvent{Chain: token.Chain(), Sequence: height, Epoch: 1, Kind: coffer.BlockConnected, Block: block})
	if err != nil {
		b.Fatal(err)
	}
	records, err := stream.Split(block.Hash.String(), height, 1, value)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := events.Append(ctx, stream.TopicRaw, string(token.Chain()), stream.Any, records); err != nil {
		b.Fatal(err)
	}
}
