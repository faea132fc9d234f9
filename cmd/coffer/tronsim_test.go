package main

import (
	"bufio"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// The node alone makes blocks by itself and answers for the accounts of its seed.
func TestTronsimRunsAlone(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	cmd := testProgram(ctx, "tronsim", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--block-time", "50ms", "--accounts", "1", "--balance", "7")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("after an interrupt: %v", err)
		}
	})
	first, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address, _, _ := strings.Cut(strings.TrimPrefix(first, "TRON node for development at "), " ")

	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	wallet := tronpb.NewWalletClient(conn)
	account, err := wallet.GetAccount(ctx, &tronpb.Account{Address: tronsim.Wire(tronsim.AddressOf(tronsim.KeyOf("coffer", 0)))})
	if err != nil || account.Balance != 7_000_000 {
		t.Fatalf("account: %v, %v", account, err)
	}
	for { // blocks come without being asked for
		head, err := wallet.GetNowBlock2(ctx, &tronpb.EmptyMessage{})
		if err != nil {
			t.Fatal(err)
		}
		if head.BlockHeader.RawData.Number >= 3 {
			return
		}
	}
}
