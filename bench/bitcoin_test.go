package bench

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/utxo"
)

// A full block of mainnet: transactions, each with so many outputs and inputs, and how many of the
// outputs pay addresses of ours.
const (
	bitcoinTransactions = 4_000
	bitcoinOutputs      = 2
	bitcoinInputs       = 2
	bitcoinOurs         = 20
)

// noAddresses gives out none: they are there.
type noAddresses struct{}

func (noAddresses) DepositAddressAt(uint32) (coffer.AddressProof, error) {
	return coffer.AddressProof{}, errors.New("no address is given out here")
}

// BenchmarkBitcoinBlockMatched measures how long deposits take over a full block: to read what the
// indexer said, to find what pays one of a million addresses or spends one of our coins, and to
// book it, in one transaction. That the block proves itself is measured in package utxo
// (BenchmarkBlock).
func BenchmarkBitcoinBlockMatched(b *testing.B) {
	ctx, db := b.Context(), openDurable(b)
	chain, native := utxo.Mainnet.Chain(), utxo.Mainnet.Native()
	events := stream.NewPostgres(db, time.Now)
	deposits, err := deposit.New(deposit.Config{
		DB: db, Ledger: ledger.New(db, time.Now), Log: events, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		Chains: []deposit.Chain{{ID: chain, Indexed: noAddresses{}, Coins: native}},
		Assets: []coffer.Asset{{ID: native, Symbol: "BTC", Decimals: 8, Credit: 2, Unlock: 6}},
	})
	if err != nil {
		b.Fatal(err)
	}
	fillAddresses(ctx, b, db, chain, true)

	matchBlocks(ctx, b, db, deposits, chain, bitcoinOurs, func(height uint64) { appendBitcoinBlock(ctx, b, events, chain, native, height) })
}

// matchBlocks measures a step of deposits for each block that say appends to the stream, in which
// so many outputs or payments are ours.
func matchBlocks(ctx context.Context, b *testing.B, db *postgres.DB, deposits *deposit.Service, chain coffer.ChainID, ours int, say func(height uint64)) {
	b.Helper()
	taken := make([]time.Duration, 0, b.N)
	height := uint64(0)
	for b.Loop() {
		b.StopTimer()
		height++
		say(height)
		b.StartTimer()
		begin := time.Now()
		if moved, err := deposits.Step(ctx, chain); err != nil || !moved {
			b.Fatalf("step: %v, %v", moved, err)
		}
		taken = append(taken, time.Since(begin))
	}
	var known int
	if err := db.Pool().QueryRow(ctx, "select count(*) from deposit").Scan(&known); err != nil || known != len(taken)*ours {
		b.Fatalf("%d deposits, %v; want %d", known, err, len(taken)*ours)
	}
	slices.Sort(taken)
	b.ReportMetric(float64(taken[len(taken)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(taken[len(taken)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// appendBitcoinBlock says a full block.
func appendBitcoinBlock(ctx context.Context, b *testing.B, events *stream.Postgres, chain coffer.ChainID, native coffer.AssetID, height uint64) {
	b.Helper()
	hash := func(kind byte, h uint64, i int) coffer.Hash {
		return coffer.RequestHash("bench", string(kind), fmt.Sprint(h), fmt.Sprint(i))
	}
	block := coffer.Block{Header: coffer.Header{
		BlockRef: coffer.BlockRef{Height: height, Hash: hash('b', height, 0)}, Parent: hash('b', height-1, 0), Time: time.Unix(int64(height), 0), // #nosec G115 -- counts up from one
	}}
	for i := range bitcoinTransactions {
		tx := hash('t', height, i)
		for n := range bitcoinOutputs {
			to := coffer.Address("bc1q" + tx.String()[2:40])
			if n == 0 && i%(bitcoinTransactions/bitcoinOurs) == 0 {
				to = addressOf(int(binary.BigEndian.Uint32(tx[:4]) % watchedAddresses)) // spread over all
			}
			block.Transfers = append(block.Transfers, coffer.Transfer{
				Asset: native, Tx: tx, Ref: fmt.Sprintf("vout:%d", n), To: to, Amount: coffer.NewAmount(5_000_000),
			})
		}
		for n := range bitcoinInputs {
			block.Spends = append(block.Spends, coffer.Spend{Tx: tx, Ref: fmt.Sprintf("vin:%d", n), Coin: coffer.NewCoinID(hash('c', height, i), uint32(n))}) // #nosec G115 -- few
		}
	}
	value, err := json.Marshal(coffer.BlockEvent{Chain: chain, Sequence: height, Epoch: 1, Kind: coffer.BlockConnected, Block: block})
	if err != nil {
		b.Fatal(err)
	}
	records, err := stream.Split(block.Hash.String(), height, 1, value)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := events.Append(ctx, stream.TopicRaw, string(chain), stream.Any, records); err != nil {
		b.Fatal(err)
	}
}
