package signer

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
)

// A provider knows this signer by a key, which is in a file of its own.
func TestAPIKeysOfASignersNodes(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	c := ChainConfig{Chain: tron.Mainnet, RPC: []string{"grpcs://a:1", "https://b/path"}, RPCKeyFiles: []string{"", write("key", "secret-1\n")}}
	configs, err := c.nodeConfigs(time.Now, slog.New(slog.DiscardHandler))
	if err != nil || len(configs) != 2 || configs[0].Nodes[0].APIKey != "" || configs[1].Nodes[0].APIKey != "secret-1" {
		t.Fatalf("%+v, %v", configs, err)
	}
	for name, path := range map[string]string{
		"no file": filepath.Join(dir, "absent"), "nothing": write("nothing", "\n"), "too much": write("much", strings.Repeat("secret", 1000)),
		"two lines": write("two", "secret\nsecret"), "more than a header takes": write("long", strings.Repeat("secret", 60)),
	} {
		c.RPCKeyFiles[0] = path
		if _, err := c.nodeConfigs(time.Now, nil); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// java-tron tells of solidified blocks on a port of its own, and on that of nothing else.
func TestASignersNodeHasTwoPorts(t *testing.T) {
	clock := func() time.Time { return time.Unix(1_800_000_000, 0) }
	sim, err := tronsim.New(tronsim.Config{Clock: clock, Seed: t.Name(), SolidLag: 2, Genesis: clock().Add(-2 * time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Mine(40); err != nil {
		t.Fatal(err)
	}
	serve := func(on func(context.Context, *tronsim.Sim, net.Listener) error) string {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- on(ctx, sim, listener) }()
		t.Cleanup(func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		return "grpc://" + listener.Addr().String()
	}
	c := ChainConfig{Chain: sim.ChainID(), RPC: []string{serve(tronsim.ServeWallet)}, SolidityRPC: []string{serve(tronsim.ServeSolidity)}}
	for name, v := range map[string]struct {
		solid []string
		good  bool
	}{"both": {c.SolidityRPC, true}, "one": {nil, false}, "the same": {c.RPC, false}} {
		c.SolidityRPC = v.solid
		o, err := newTimeObserver(c, clock, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		sources, err := o.sources(t.Context())
		if err == nil {
			_, err = agreedFinal(t.Context(), sources)
		}
		if (err == nil) != v.good {
			t.Errorf("%s: %v", name, err)
		}
		o.close()
	}
}
