package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
)

// What the benchmark of watched addresses works with.
const (
	watchedAddresses  = 1_000_000
	transfersPerBlock = 200
	oursPerBlock      = 20
)

// BenchmarkWatchedAddresses measures what a million deposit addresses take: on disk, in
// PostgreSQL's memory while blocks are joined with them, in our own heap; and how long a
// block of 200 transfers takes to apply, 20 of them to addresses of ours spread over all.
func BenchmarkWatchedAddresses(b *testing.B) {
	ctx, db := b.Context(), openDurable(b)
	chain := coffer.ChainID("eip155:1")
	events := stream.NewPostgres(db, time.Now)
	heap := heapBytes()
	server := processBytes(ctx, b, db)
	deposits, err := deposit.New(deposit.Config{
		DB: db, Ledger: ledger.New(db, time.Now), Log: events, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		Chains: []deposit.Chain{{ID: chain}},
		Assets: []coffer.Asset{{ID: benchAsset, Symbol: "USDT", Decimals: 6, Credit: 12, Unlock: 64}},
	})
	if err != nil {
		b.Fatal(err)
	}
	fillAddresses(ctx, b, db, chain, false)

	var disk int64
	if err := db.Pool().QueryRow(ctx, "select pg_total_relation_size('deposit_address')").Scan(&disk); err != nil {
		b.Fatal(err)
	}
	taken := make([]time.Duration, 0, b.N)
	height := uint64(0)
	for b.Loop() {
		b.StopTimer()
		height++
		appendBlock(ctx, b, events, chain, height)
		b.StartTimer()
		begin := time.Now()
		if moved, err := deposits.Step(ctx, chain); err != nil || !moved {
			b.Fatalf("step: %v, %v", moved, err)
		}
		taken = append(taken, time.Since(begin))
	}
	var known int
	if err := db.Pool().QueryRow(ctx, "select count(*) from deposit").Scan(&known); err != nil || known != len(taken)*oursPerBlock {
		b.Fatalf("%d deposits, %v; want %d", known, err, len(taken)*oursPerBlock)
	}
	slices.Sort(taken)
	const mega = 1 << 20
	b.ReportMetric(float64(disk)/mega, "disk-MiB")
	b.ReportMetric(float64(processBytes(ctx, b, db)-server)/mega, "postgres-MiB")
	b.ReportMetric(max(0, float64(heapBytes()-heap))/mega, "heap-MiB")
	b.ReportMetric(float64(taken[len(taken)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(taken[len(taken)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// addressOf is the n-th address; the same as fillAddresses makes.
func addressOf(n int) coffer.Address {
	return coffer.Address(fmt.Sprintf("0x%08x%032x", uint32(n)*2654435761, n)) // #nosec G115 -- spreads numbers, Knuth's multiplier
}

// fillAddresses adds the addresses as they are when accounts asked for them, below a descriptor
// where they have paths.
func fillAddresses(ctx context.Context, b *testing.B, db *postgres.DB, chain coffer.ChainID, paths bool) {
	b.Helper()
	conn, err := db.Pool().Acquire(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "set statement_timeout = '10min'"); err != nil { // to fill, not to measure
		b.Fatal(err)
	}
	defer func() {
		if _, err := conn.Exec(ctx, "reset statement_timeout"); err != nil {
			b.Error(err)
		}
	}()
	const batch = 100_000
	for from := 0; from < watchedAddresses; from += batch {
		_, err := conn.Exec(ctx, `
			insert into deposit_address (chain, address, kind, id, tenant, account, salt, created_at, path)
			select $1, '0x' || lpad(to_hex((n::bigint * 2654435761) & x'ffffffff'::bigint), 8, '0') || lpad(to_hex(n), 32, '0'), 'deposit',
			       'addr_' || md5(n::text), 'bench', 'acct_' || md5((n + 1)::text), sha256(n::text::bytea), $4, case when $5 then '0/' || (n + 1) end
			from generate_series($2::int, $3::int) n`, string(chain), from, from+batch-1, time.Now(), paths)
		if err != nil {
			b.Fatal(err)
		}
	}
	if _, err := conn.Exec(ctx, "vacuum analyze deposit_address"); err != nil {
		b.Fatal(err)
	}
}

// appendBlock says a block with transfers, a tenth of them to addresses of ours.
func appendBlock(ctx context.Context, b *testing.B, events *stream.Postgres, chain coffer.ChainID, height uint64) {
	b.Helper()
	hash := func(kind byte, h uint64, i int) (out coffer.Hash) {
		copy(out[:], fmt.Appendf(nil, "%c%016x%08x", kind, h, i))
		return out
	}
	block := coffer.Block{Header: coffer.Header{
		BlockRef: coffer.BlockRef{Height: height, Hash: hash('b', height, 0)}, Parent: hash('b', height-1, 0), Time: time.Unix(int64(height), 0), // #nosec G115 -- counts up from one
	}}
	for i := range transfersPerBlock {
		to := coffer.Address(fmt.Sprintf("0xffff%036x", int(height)*transfersPerBlock+i)) // #nosec G115 -- as above
		if i%(transfersPerBlock/oursPerBlock) == 0 {
			to = addressOf((int(height)*7919 + i*104_729) % watchedAddresses) // #nosec G115 -- as above
		}
		block.Transfers = append(block.Transfers, coffer.Transfer{
			Asset: benchAsset, Tx: hash('t', height, i), Ref: "log:0", From: "0x000000000000000000000000000000000000dEaD", To: to, Amount: coffer.NewAmount(5_000_000),
		})
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

// heapBytes is what of our own heap is in use.
func heapBytes() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc) // #nosec G115 -- far below
}

// processBytes is the memory of all processes of the database server, shared pages counted
// once (Pss of Linux).
func processBytes(ctx context.Context, b *testing.B, db *postgres.DB) int64 {
	b.Helper()
	var backend int
	if err := db.Pool().QueryRow(ctx, "select pg_backend_pid()").Scan(&backend); err != nil {
		b.Fatal(err)
	}
	postmaster := parentOf(b, strconv.Itoa(backend))
	entries, err := os.ReadDir("/proc")
	if err != nil {
		b.Fatal(err)
	}
	total := int64(0)
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil || entry.Name() != postmaster && parentOf(b, entry.Name()) != postmaster {
			continue
		}
		text, err := os.ReadFile("/proc/" + entry.Name() + "/smaps_rollup") // #nosec G304 -- of a process that we started
		if err != nil {
			b.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			fields := strings.Fields(string(line))
			if len(fields) > 1 && fields[0] == "Pss:" {
				kilo, err := strconv.ParseInt(fields[1], 10, 64)
				if err != nil {
					b.Fatal(err)
				}
				total += kilo << 10
			}
		}
	}
	if total == 0 {
		b.Fatal("found no memory of the database server")
	}
	return total
}

// parentOf is the parent of a process, "" when it has ended.
func parentOf(b *testing.B, pid string) string {
	b.Helper()
	text, err := os.ReadFile("/proc/" + pid + "/stat") // #nosec G304 -- a number in /proc
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return ""
	}
	return fields[1]
}
