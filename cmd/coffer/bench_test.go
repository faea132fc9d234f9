//go:build long

package main

import (
	"context"
	"fmt"
	"math/big"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer/config"
)

// benchClients is how many customers ask at once.
const benchClients = 8

// BenchmarkWithdrawals measures withdrawals of a whole development stack, from the first
// request over the API to the last signed bytes in the database: requests, holds,
// screening, policy, planning, building, simulation on a real node, two of three signer
// processes with SoftHSM keys and synced logs. The chain's own pace plays no part: nothing is
// waited for after the bytes are signed, except where a lane is in use.
func BenchmarkWithdrawals(b *testing.B) {
	s := newTestStack(b)
	ctx := b.Context()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	must(s.server.stop())
	must(unlimited(s))
	must(s.startServer(ctx))
	d := &demo{stack: s, told: map[string]bool{}}
	must(d.open(ctx))
	tx, err := d.pay(ctx, d.address, d.units(1900))
	must(err)
	must(d.watch(ctx, tx, "UNLOCKED"))
	c, err := config.Read(config.Sources{File: s.configFile()})
	must(err)
	db, err := joinDatabase(ctx, c)
	must(err)
	defer db.close()

	to := make([]common.Address, b.N)
	for i := range to {
		for to[i] = newAddress(); sandboxed(to[i]); to[i] = newAddress() {
			continue
		}
	}
	asked := make([]time.Duration, b.N)
	b.ResetTimer()
	begin := time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	for client := range benchClients {
		group.Go(func() error {
			for i := client; i < b.N; i += benchClients {
				from := time.Now()
				if _, err := d.request(groupCtx, fmt.Sprint("bench-", i), string(d.usdt), to[i].Hex(), "1"); err != nil {
					return err
				}
				asked[i] = time.Since(from)
			}
			return nil
		})
	}
	must(group.Wait())
	requested := time.Since(begin)
	payouts := 0
	must(s.until(ctx, func() (bool, error) {
		var signed int
		err := db.Pool().QueryRow(ctx, `
			select count(distinct o.withdrawal_id), count(distinct o.payout_id) from payout_orders o
			where exists (select from payout_attempts a where a.payout_id = o.payout_id and a.signed is not null)`).Scan(&signed, &payouts)
		return signed == b.N, err
	}))
	took := time.Since(begin)
	b.StopTimer()
	slices.Sort(asked)
	b.ReportMetric(float64(b.N)/took.Seconds(), "withdrawals/s")
	b.ReportMetric(float64(b.N)/requested.Seconds(), "requests/s")
	b.ReportMetric(float64(asked[len(asked)*99/100].Microseconds())/1000, "request-p99-ms")
	b.ReportMetric(float64(payouts), "payouts")
	b.ReportMetric(0, "ns/op")
}

// unlimited lifts the limit of requests, which is not what is measured.
func unlimited(s *stack) error {
	text, err := os.ReadFile(s.configFile())
	if err != nil {
		return err
	}
	var file object
	if err := yaml.Unmarshal(text, &file); err != nil {
		return err
	}
	http, _ := file["http"].(object)
	http["requests_per_second"], http["burst"] = 10_000, 10_000
	return writeYAML(s.configFile(), file)
}

// sandboxed reports whether the sandbox has something against an address.
func sandboxed(a common.Address) bool {
	end := new(big.Int).SetBytes(a[18:]).Uint64()
	return end == 0x8888 || end == 0x9999
}

// until asks every few milliseconds until done says so.
func (s *stack) until(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	return until(ctx, 5*time.Millisecond, done)
}
