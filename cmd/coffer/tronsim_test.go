package main

import (
	"bufio"
	"bytes"
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

// What is asked of the node in vain is named, and nothing listens.
func TestTronsimRefusesWhatCannotBe(t *testing.T) {
	for says, arguments := range map[string][]string{
		"--accounts -1": {"--accounts", "-1"}, "--balance -1": {"--balance", "-1"}, "block-time": {"--block-time", "soon"},
		"--block-time 0s": {"--block-time", "0s"}, "slot time": {"--block-time", "1us"}, "--producers 0": {"--producers", "0"},
		"solid lag -1": {"--solid-lag", "-1"}, "missing port": {"--listen", "nowhere"}, "no arguments": {"extra"},
	} {
		cmd := tronsimCommand()
		var said bytes.Buffer
		cmd.SetArgs(append([]string{"--http", "127.0.0.1:0"}, arguments...))
		cmd.SetOut(&said)
		cmd.SetErr(&said)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		err := cmd.ExecuteContext(ctx)
		cancel()
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(said.String(), "development at") {
			t.Errorf("%v: %v, said %s; want %q", arguments, err, said.String(), says)
		}
	}
}
