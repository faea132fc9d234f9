package bench

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
	"github.com/ethereum/go-ethereum/common"
)

// creditTimeout bounds the wait for one credit.
const creditTimeout = 30 * time.Second

// BenchmarkBlockToCredited measures from the moment a node has a block to the moment the
// event that a deposit in it is credited can be read from the stream: polling, reading and
// verifying the block, writing it to the stream, applying it, booking it, sequencing the
// event. One confirmation is enough here, so that the chain's own pace plays no part.
func BenchmarkBlockToCredited(b *testing.B) {
	address := paid(b)
	benchmarkBlocks(b, address, func(ctx context.Context) { address.credited(ctx, b) })
}

// BenchmarkBlockToSocket measures to the moment a customer who subscribed over a WebSocket
// reads the event.
func BenchmarkBlockToSocket(b *testing.B) {
	address := paid(b)
	events := subscribe(b, address)
	benchmarkBlocks(b, address, func(ctx context.Context) { events.credited(ctx, b) })
}

// benchmarkBlocks makes blocks with a deposit each and measures until arrived returns.
func benchmarkBlocks(b *testing.B, address *watched, arrived func(ctx context.Context)) {
	ctx, anvil := b.Context(), address.anvil
	data := bindings.NewTestToken().PackTransfer(address.at, big.NewInt(5e6))
	taken := make([]time.Duration, 0, b.N)
	for b.Loop() {
		b.StopTimer()
		err := anvil.RPC().CallContext(ctx, nil, "eth_sendTransaction", map[string]any{
			"from": anvil.Faucet(), "to": address.token, "data": "0x" + common.Bytes2Hex(data), "gas": "0x30d40",
		})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := anvil.Mine(ctx, 1); err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		arrived(ctx)
		taken = append(taken, time.Since(begin))
	}
	slices.Sort(taken)
	b.ReportMetric(float64(taken[len(taken)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(taken[len(taken)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// paid is an address on a node that mines when it is told to.
func paid(b *testing.B) *watched {
	b.Helper()
	ctx := b.Context()
	anvil, err := devnet.Start(ctx, devnet.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := anvil.Stop(context.WithoutCancel(ctx)); err != nil {
			b.Error(err)
		}
	})
	contracts, err := anvil.Deploy(ctx)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := anvil.Issue(ctx, contracts, anvil.Faucet(), big.NewInt(1e18)); err != nil {
		b.Fatal(err)
	}
	address := follow(ctx, b, anvil, contracts)
	if err := anvil.SetAutomine(ctx, false); err != nil {
		b.Fatal(err)
	}
	return address
}

// watched is an address whose credits are read from the event stream.
type watched struct {
	at     common.Address
	events *stream.Postgres
	next   int64

	anvil    *devnet.Anvil
	token    common.Address
	asset    coffer.Asset
	db       *postgres.DB
	deposits *deposit.Service
	account  merchant.Account
	key      string // of the API, to read
}

// follow runs the deposit path of a chain on a durable database and issues an address.
func follow(ctx context.Context, b *testing.B, anvil *devnet.Anvil, contracts devnet.Contracts) *watched {
	b.Helper()
	db := openDurable(b)
	chain := coffer.ChainID(fmt.Sprintf("%s:%d", coffer.NamespaceEVM, anvil.ChainID))
	factory, err := anvil.DeployForwarderFactory(ctx, anvil.Faucet())
	if err != nil {
		b.Fatal(err)
	}
	cfg := evm.Config{
		Chain: chain, Native: coffer.NewAssetID(chain, coffer.AssetNative, "60"), URLs: []string{anvil.URL},
		EntryPoint: contracts.EntryPoint, Module: contracts.Safe4337Module, MultiSend: contracts.MultiSendCallOnly, ForwarderFactory: factory,
	}
	client, err := evm.Dial(ctx, cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	source := evm.NewSource(client, cfg)
	forwarders, err := evm.NewForwarders(ctx, client, factory, anvil.Faucet())
	if err != nil {
		b.Fatal(err)
	}
	head, err := source.Head(ctx)
	if err != nil {
		b.Fatal(err)
	}

	asset := coffer.Asset{ID: evm.TokenAsset(chain, contracts.Token), Symbol: "USDT", Decimals: 6, Credit: 1, Unlock: 1}
	log := slog.New(slog.DiscardHandler)
	events := stream.NewPostgres(db, time.Now)
	deposits, err := deposit.New(deposit.Config{
		DB: db, Ledger: ledger.New(db, time.Now), Log: events, Clock: time.Now, Logger: log,
		Chains: []deposit.Chain{{ID: chain, Deriver: forwarders, ParseAddress: source.ParseAddress}},
		Assets: []coffer.Asset{asset},
	})
	if err != nil {
		b.Fatal(err)
	}
	reader, err := indexer.New(indexer.Config{
		Source: source, Log: events, DB: db, Clock: time.Now, Logger: log, Holder: "bench",
		Start: head.Latest.Height + 1, Poll: 50 * time.Millisecond,
	})
	if err != nil {
		b.Fatal(err)
	}

	ended := make(chan struct{}, 3)
	runCtx, stop := context.WithCancel(ctx)
	for _, run := range []func(context.Context) error{events.Run, reader.Run, deposits.Run} {
		go func() {
			defer func() { ended <- struct{}{} }()
			if err := run(runCtx); err != nil && runCtx.Err() == nil {
				b.Error(err)
			}
		}()
	}
	b.Cleanup(func() {
		stop()
		for range 3 {
			<-ended
		}
	})

	merchants := merchant.New(db, time.Now, rand.Reader)
	if err := merchants.CreateTenant(ctx, "bench", "Bench"); err != nil {
		b.Fatal(err)
	}
	account, err := merchants.CreateAccount(ctx, "bench", "account", "Account")
	if err != nil {
		b.Fatal(err)
	}
	_, secret, err := merchants.CreateKey(ctx, merchant.KeyRequest{Tenant: "bench", Name: "bench", Scopes: []merchant.Scope{merchant.ScopeRead}})
	if err != nil {
		b.Fatal(err)
	}
	issued, err := deposits.IssueAddress(ctx, "bench", account.ID, chain)
	if err != nil {
		b.Fatal(err)
	}
	return &watched{
		at: common.HexToAddress(string(issued.Address)), events: events,
		anvil: anvil, token: contracts.Token, asset: asset, db: db, deposits: deposits, account: account, key: secret.Reveal(),
	}
}

// credited waits for the next credit.
func (w *watched) credited(ctx context.Context, b *testing.B) {
	b.Helper()
	ctx, cancel := context.WithTimeout(ctx, creditTimeout)
	defer cancel()
	for {
		if err := w.events.Wait(ctx, stream.TopicEvents, stream.PartitionAll, w.next); err != nil {
			b.Fatal(err)
		}
		records, err := w.events.Read(ctx, stream.TopicEvents, stream.PartitionAll, w.next, 100)
		if err != nil {
			b.Fatal(err)
		}
		for _, record := range records {
			w.next = record.Offset + 1
			var event coffer.Event
			if err := json.Unmarshal(record.Value, &event); err != nil {
				b.Fatal(err)
			}
			if event.State == string(coffer.DepositCredited) {
				return
			}
		}
	}
}
