// Package bench measures what Coffer does in a second and how long a thing takes, on real
// servers with nothing about durability switched off.
package bench

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/jackc/pgx/v5"
)

// openDurable starts a private server that flushes every commit to the disk of TMPDIR.
func openDurable(b *testing.B) *postgres.DB {
	b.Helper()
	dir, err := os.MkdirTemp("", "coffer-bench-")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // #nosec G302 -- the server may run as another user
		b.Fatal(err)
	}
	server, err := postgres.StartPrivate(b.Context(), postgres.PrivateConfig{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	db, err := postgres.Open(b.Context(), server.DSN())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		db.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			b.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			b.Error(err)
		}
	})
	if err := postgres.Migrate(b.Context(), db); err != nil {
		b.Fatal(err)
	}

	var fsync, commit string
	if err := db.Pool().QueryRow(b.Context(), "select current_setting('fsync'), current_setting('synchronous_commit')").Scan(&fsync, &commit); err != nil {
		b.Fatal(err)
	}
	if fsync != "on" || commit != "on" {
		b.Fatalf("fsync is %s, synchronous_commit %s: not durable", fsync, commit)
	}
	return db
}

// benchAccounts is how many accounts the deposits are spread over.
const benchAccounts = 5000

var benchAsset = coffer.AssetID("eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7")

// depositEntry is what the deposit flow books when it credits its n-th deposit.
func depositEntry(n int, at time.Time) ledger.Entry {
	account := n * 7919 % benchAccounts
	amount := coffer.NewAmount(uint64(1_000_000 + n)) // #nosec G115 -- counts up from zero
	id := coffer.DeriveID("dep", fmt.Sprint(n))
	return ledger.Entry{
		ID: id + ":credit", Kind: "deposit.credit", Resource: id, Chain: "eip155:1",
		Block: coffer.BlockRef{Height: uint64(1 + n/200), Hash: coffer.Hash{1, byte(n >> 16), byte(n >> 8)}}, // #nosec G115 -- as above
		At:    at,
		Postings: []ledger.Posting{
			ledger.Debit(fmt.Sprintf("%s0x%040x", ledger.PrefixCustodyDeposit, account), benchAsset, amount),
			ledger.Credit(ledger.User(coffer.DeriveID("acct", fmt.Sprint(account)), ledger.BucketPending), benchAsset, amount),
		},
	}
}

// benchmarkDeposits posts b.N deposits, so many in a transaction, one writer, and checks
// the books afterwards.
func benchmarkDeposits(b *testing.B, batch int) {
	db := openDurable(b)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	books := ledger.New(db, func() time.Time { return at })

	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += batch {
		entries := make([]ledger.Entry, 0, batch)
		for i := n; i < min(n+batch, b.N); i++ {
			entries = append(entries, depositEntry(i, at))
		}
		if err := db.Tx(b.Context(), func(tx pgx.Tx) error { return books.Post(b.Context(), tx, entries...) }); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deposits/s")
	b.ReportMetric(0, "ns/op")

	report, err := books.Verify(b.Context())
	if err != nil || report.Difference != "" || report.Entries != int64(b.N) {
		b.Fatalf("after %d deposits: %+v %v", b.N, report, err)
	}
}

// BenchmarkDepositsBatched credits deposits 200 to a transaction, as blocks bring them.
func BenchmarkDepositsBatched(b *testing.B) { benchmarkDeposits(b, 200) }

// BenchmarkDepositsOneByOne credits each deposit in a transaction of its own.
func BenchmarkDepositsOneByOne(b *testing.B) { benchmarkDeposits(b, 1) }
