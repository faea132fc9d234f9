package tron_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

func TestANodeOfAnotherNetworkIsRefused(t *testing.T) {
	c := newTestChain(t)
	config := tron.Config{Chain: tron.Mainnet, Nodes: []tron.Node{c.node(t)}}
	if _, err := tron.Dial(t.Context(), quiet(config)); !errors.Is(err, tron.ErrWrongNetwork) {
		t.Fatalf("%v, want ErrWrongNetwork", err)
	}
	other := newTestChain(t)
	other.blocks[0].header.RawData.Timestamp++
	config = tron.Config{Chain: c.id(), Nodes: []tron.Node{c.node(t), other.node(t)}}
	if _, err := tron.Dial(t.Context(), quiet(config)); !errors.Is(err, tron.ErrWrongNetwork) {
		t.Fatalf("the second one: %v, want ErrWrongNetwork", err)
	}
}

func TestANodeWithAnOldHeadIsNotAsked(t *testing.T) {
	old := newTestChain(t)
	clock := newClock()
	clock.pass(time.Hour)
	config := quiet(tron.Config{Chain: old.id(), Nodes: []tron.Node{old.node(t)}, Agree: 1, Clock: clock.Now})
	if _, err := tron.Dial(t.Context(), config); !errors.Is(err, tron.ErrNoNode) || !errors.Is(err, tron.ErrStaleHead) {
		t.Fatalf("%v, want ErrNoNode and ErrStaleHead", err)
	}

	fresh := &testChain{blocks: old.blocks, asked: map[string]int{}}
	fresh.mine(t)
	tip := fresh.mine(t)
	tip.header.RawData.Timestamp = clock.Now().Add(-time.Second).UnixMilli()
	config.Nodes = append(config.Nodes, fresh.node(t))
	client := dial(t, config)
	head, err := tron.NewSource(client).Head(t.Context())
	if err != nil || head.Latest.Height != 2 || head.Latest.Hash != tip.id() {
		t.Fatalf("head %+v, %v; want that of the second node", head, err)
	}
	if status := client.Nodes(); status[0].Usable || !errors.Is(status[0].Err, tron.ErrStaleHead) || !status[1].Usable {
		t.Errorf("status %+v", status)
	}

	// The second one stops, too: its head grows old while it is asked.
	clock.pass(tron.DefaultMaxHeadAge + time.Minute)
	if head, err := tron.NewSource(client).Head(t.Context()); !errors.Is(err, tron.ErrStaleHead) {
		t.Errorf("head %+v, %v; want ErrStaleHead", head, err)
	}
}

func TestAnotherNodeIsAskedWhenOneFails(t *testing.T) {
	for name, alter := range map[string]func(method string, request, answer []byte) ([]byte, error){
		"unavailable": func(string, []byte, []byte) ([]byte, error) { return nil, status.Error(codes.Unavailable, "down") },
		"busy": func(string, []byte, []byte) ([]byte, error) {
			return nil, status.Error(codes.ResourceExhausted, "slow down")
		},
		"no key":     func(string, []byte, []byte) ([]byte, error) { return nil, status.Error(codes.Unauthenticated, "key") },
		"empty":      func(string, []byte, []byte) ([]byte, error) { return nil, nil },
		"no message": func(string, []byte, []byte) ([]byte, error) { return []byte("<html>"), nil },
		"hangs":      func(string, []byte, []byte) ([]byte, error) { return nil, errHang },
		"has it not": nil,
	} {
		t.Run(name, func(t *testing.T) {
			good, bad := newTestChain(t), newTestChain(t)
			bad.blocks = good.blocks
			block := good.mine(t, payTRX(t, keyAddress(1), keyAddress(2), 5))
			if alter == nil {
				bad.blocks = good.blocks[:1:1]
			}
			client := dial(t, tron.Config{Chain: good.id(), Nodes: []tron.Node{bad.node(t), good.node(t)}, Agree: 1, CallTimeout: 4 * time.Second})
			source := tron.NewSource(client)
			bad.set(alter)
			if got, err := source.Block(t.Context(), block.id()); err != nil || len(got.Transfers) != 1 {
				t.Errorf("block %+v, %v", got.Header, err)
			}
		})
	}
}

func TestAHeadBelowOneThatWasSeenIsNotPassedOn(t *testing.T) {
	jumps, stays := newTestChain(t), newTestChain(t)
	jumps.mine(t)
	jumps.mine(t)
	stays.blocks = jumps.blocks
	client := dial(t, tron.Config{Chain: jumps.id(), Nodes: []tron.Node{jumps.node(t), stays.node(t)}})
	source := tron.NewSource(client)
	for range 2 {
		if head, err := source.Head(t.Context()); err != nil || head.Latest.Height != 2 {
			t.Fatalf("head %+v, %v", head, err)
		}
		jumps.mu.Lock()
		jumps.blocks = stays.blocks[:2]
		jumps.mu.Unlock()
	}
	if status := client.Nodes(); !status[0].Behind {
		t.Errorf("status %+v", status)
	}
}

func TestAnAnswerIsBounded(t *testing.T) {
	c := newTestChain(t)
	block := c.mine(t, payTRX(t, keyAddress(1), keyAddress(2), 5))
	big := callContract(t, keyAddress(1), keyAddress(3), &tronpb.TransactionInfo_Log{Address: make([]byte, 20), Data: make([]byte, 5<<20)})
	large := c.mine(t, big)

	// gRPC's own 4 MB are too few.
	client := dial(t, tron.Config{Chain: c.id(), Nodes: []tron.Node{c.node(t)}})
	if _, err := tron.NewSource(client).Block(t.Context(), large.id()); err != nil {
		t.Errorf("5 MB of logs: %v", err)
	}
	client = dial(t, tron.Config{Chain: c.id(), Nodes: []tron.Node{c.node(t)}, MaxResponseBytes: 1 << 20})
	if _, err := tron.NewSource(client).Block(t.Context(), large.id()); !errors.Is(err, tron.ErrResponseTooLarge) {
		t.Errorf("5 MB of logs, 1 MB allowed: %v; want ErrResponseTooLarge", err)
	}
	if _, err := tron.NewSource(client).Block(t.Context(), block.id()); err != nil {
		t.Errorf("after that, from the same node: %v", err)
	}

	// Two bytes on the wire can be hundreds in memory.
	c.set(func(method string, _, answer []byte) ([]byte, error) {
		if method == "Wallet/GetTransactionInfoByBlockNum" {
			return bytes.Repeat([]byte{0x0a, 0x00}, 4<<20), nil
		}
		return answer, nil
	})
	client = dial(t, tron.Config{Chain: c.id(), Nodes: []tron.Node{c.node(t)}})
	if _, err := tron.NewSource(client).Block(t.Context(), block.id()); !errors.Is(err, tron.ErrNotProven) {
		t.Errorf("four million empty messages: %v; want ErrNotProven", err)
	}
}

func TestAWebPageIsNoNode(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>Welcome</html>"))
	})
	old := httptest.NewServer(page) // HTTP/1.1
	t.Cleanup(old.Close)
	var both http.Protocols
	both.SetUnencryptedHTTP2(true)
	modern := httptest.NewUnstartedServer(page)
	modern.Config.Protocols = &both
	modern.Start()
	t.Cleanup(modern.Close)
	c := newTestChain(t)
	for name, url := range map[string]string{"HTTP/1.1": old.URL, "HTTP/2": modern.URL} {
		node := tron.Node{URL: strings.Replace(url, "http://", "grpc://", 1)}
		config := quiet(tron.Config{Chain: c.id(), Nodes: []tron.Node{node}, Agree: 1, CallTimeout: 5 * time.Second})
		if _, err := tron.Dial(t.Context(), config); !errors.Is(err, tron.ErrNoNode) {
			t.Errorf("%s: %v, want ErrNoNode", name, err)
		}
		config.Nodes = append(config.Nodes, c.node(t))
		client := dial(t, config)
		if _, err := tron.NewSource(client).Head(t.Context()); err != nil {
			t.Errorf("%s first, then a node: %v", name, err)
		}
	}
}

func TestTheAPIKeyIsSentUnderTLSAlone(t *testing.T) {
	vouched := httptest.NewTLSServer(nil)
	t.Cleanup(vouched.Close)
	pool := x509.NewCertPool()
	pool.AddCert(vouched.Certificate())
	c := newTestChain(t)
	keyed := func(ctx context.Context, method string, request []byte) ([]byte, error) {
		if keys := keysOf(ctx); len(keys) != 1 || keys[0] != "secret-1" {
			return nil, status.Error(codes.PermissionDenied, "no key")
		}
		return c.answer(ctx, method, request)
	}
	host := serve(t, keyed, tlsServer(vouched.TLS.Certificates[0]))
	config := tron.Config{Chain: c.id(), Nodes: []tron.Node{{URL: "grpcs://" + host, APIKey: "secret-1"}}, RootCAs: pool}
	if _, err := tron.NewSource(dial(t, config)).Head(t.Context()); err != nil {
		t.Error(err)
	}
	config.Nodes[0].APIKey = "secret-2"
	if _, err := tron.Dial(t.Context(), quiet(config)); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("another key: %v", err)
	}
	config.Nodes[0].APIKey, config.RootCAs = "secret-1", nil
	config.CallTimeout = 5 * time.Second
	if _, err := tron.Dial(t.Context(), quiet(config)); !errors.Is(err, tron.ErrNoNode) {
		t.Errorf("a certificate that nobody vouches for: %v", err)
	}
	config.Nodes[0].URL = "grpc://" + host
	if err := config.Check(); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("an API key in plain text: %v", err)
	}
}

func TestSolidifiedBlocksMayBeAtAnotherPort(t *testing.T) {
	c := newTestChain(t)
	for range 5 {
		c.mine(t)
	}
	only := func(service string) string {
		return serve(t, func(ctx context.Context, method string, request []byte) ([]byte, error) {
			if !strings.HasPrefix(method, service+"/") {
				return nil, status.Error(codes.Unimplemented, method)
			}
			return c.answer(ctx, method, request)
		})
	}
	node := tron.Node{URL: "grpc://" + only("Wallet"), SolidityURL: "grpc://" + only("WalletSolidity")}
	client := dial(t, tron.Config{Chain: c.id(), Nodes: []tron.Node{node}})
	head, err := tron.NewSource(client).Head(t.Context())
	if err != nil || head.Latest.Height != 5 || head.Final.Height != 3 || head.Final.Hash != c.blocks[3].id() {
		t.Errorf("head %+v, %v", head, err)
	}
	if solid, err := client.Solid(t.Context()); err != nil || solid.BlockRef != head.Final {
		t.Errorf("solidified %+v, %v", solid, err)
	}
}

func TestABlockIsFinalWhenEnoughNodesSaySo(t *testing.T) {
	one, other := newTestChain(t), newTestChain(t)
	for range 9 {
		one.mine(t)
	}
	other.blocks, other.solid = one.blocks, 4
	config := tron.Config{Chain: one.id(), Nodes: []tron.Node{one.node(t), other.node(t)}}
	if head, err := tron.NewSource(dial(t, config)).Head(t.Context()); err != nil || head.Latest.Height != 9 || head.Final != (coffer.BlockRef{Height: 4, Hash: one.blocks[4].id()}) {
		t.Errorf("two agree: %+v, %v", head, err)
	}
	config.Agree = 1
	if head, err := tron.NewSource(dial(t, config)).Head(t.Context()); err != nil || head.Final.Height != 7 {
		t.Errorf("one is enough: %+v, %v", head, err)
	}
	other.set(func(string, []byte, []byte) ([]byte, error) { return nil, status.Error(codes.Unavailable, "down") })
	config.Agree = 2
	if head, err := tron.NewSource(dial(t, config)).Head(t.Context()); err == nil {
		t.Errorf("one of two wanted: %+v", head)
	}
	one.set(func(method string, request, answer []byte) ([]byte, error) {
		if method == "Wallet/GetBlock" && len(request) == 0 {
			return encode(t, &tronpb.BlockExtention{BlockHeader: one.blocks[5].header}), nil
		}
		return answer, nil
	})
	config.Agree = 1
	if head, err := tron.NewSource(dial(t, config)).Head(t.Context()); err == nil {
		t.Errorf("solidified above the latest: %+v", head)
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := func() tron.Config {
		return tron.Config{Chain: tron.Mainnet, Nodes: []tron.Node{{URL: "grpcs://a.example.com:50051", APIKey: "k"}, {URL: "grpc://b.example.com:50051"}}}
	}
	if err := good().Check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(c *tron.Config){
		"chain":             func(c *tron.Config) { c.Chain = "tron:mainnet" },
		"no node":           func(c *tron.Config) { c.Nodes = nil },
		"too many":          func(c *tron.Config) { c.Nodes = make([]tron.Node, 9) },
		"scheme":            func(c *tron.Config) { c.Nodes[0].URL = "ftp://a.example.com:50051" },
		"no port":           func(c *tron.Config) { c.Nodes[1].URL = "grpc://b.example.com" },
		"a path":            func(c *tron.Config) { c.Nodes[1].URL = "grpc://b.example.com:1/key" },
		"a password":        func(c *tron.Config) { c.Nodes[1].URL = "grpc://u:p@b.example.com:1" },
		"twice":             func(c *tron.Config) { c.Nodes[1].URL = "grpc://a.example.com:50051" },
		"twice in capitals": func(c *tron.Config) { c.Nodes[1].URL = "grpc://A.example.COM:50051" },
		"twice with a dot":  func(c *tron.Config) { c.Nodes[1].URL = "grpc://a.example.com.:50051" },
		"twice by another port": func(c *tron.Config) {
			c.Nodes[0].URL, c.Nodes[1].URL = "https://a.example.com/key", "https://a.example.com:443"
		},
		"twice crosswise": func(c *tron.Config) {
			c.Nodes[0].APIKey = ""
			c.Nodes[0].SolidityURL, c.Nodes[1].SolidityURL = c.Nodes[1].URL, c.Nodes[0].URL
		},
		"solid twice": func(c *tron.Config) {
			c.Nodes[0].APIKey = ""
			c.Nodes[0].SolidityURL, c.Nodes[1].SolidityURL = "grpc://c.example.com:1", "grpc://c.example.com:1"
		},
		"other URL":        func(c *tron.Config) { c.Nodes[0].SolidityURL = "x" },
		"key in the clear": func(c *tron.Config) { c.Nodes[0].SolidityURL = "grpc://a.example.com:50052" },
		"key of two lines": func(c *tron.Config) { c.Nodes[0].APIKey = "a\nb" },
		"long key":         func(c *tron.Config) { c.Nodes[0].APIKey = strings.Repeat("k", 257) },
		"agree":            func(c *tron.Config) { c.Agree = 3 },
		"negative":         func(c *tron.Config) { c.MaxHeadAge = -1 },
		"too large":        func(c *tron.Config) { c.MaxResponseBytes = 1 << 30 },
	} {
		c := good()
		spoil(&c)
		if err := c.Check(); err == nil {
			t.Errorf("%s: passed", name)
		}
	}
}

func TestWhatNodesSayToATransactionHasAClass(t *testing.T) {
	for code, want := range map[tronpb.ReturnResponseCode]tron.Class{
		tronpb.Return_SIGERROR: tron.Never, tronpb.Return_CONTRACT_VALIDATE_ERROR: tron.Rebuild, tronpb.Return_CONTRACT_EXE_ERROR: tron.Resources,
		tronpb.ReturnResponseCode(4): tron.Resources, tronpb.Return_DUP_TRANSACTION_ERROR: tron.Verify, tronpb.Return_TAPOS_ERROR: tron.Rebuild,
		tronpb.Return_TOO_BIG_TRANSACTION_ERROR: tron.Rebuild, tronpb.Return_TRANSACTION_EXPIRATION_ERROR: tron.Rebuild, tronpb.Return_SERVER_BUSY: tron.Retry,
		tronpb.Return_NO_CONNECTION: tron.Retry, tronpb.Return_NOT_ENOUGH_EFFECTIVE_CONNECTION: tron.Retry, tronpb.Return_BLOCK_UNSOLIDIFIED: tron.Retry,
		tronpb.Return_OTHER_ERROR: tron.Verify, 77: tron.Verify, tronpb.Return_SUCCESS: tron.Verify, // success that is none
	} {
		c := newTestChain(t)
		client := dial(t, tron.Config{Chain: c.id(), Nodes: []tron.Node{c.node(t)}})
		c.set(func(string, []byte, []byte) ([]byte, error) {
			return encode(t, &tronpb.Return{Code: code, Message: []byte("because \x1b[2J of this")}), nil
		})
		err := client.Broadcast(t.Context(), []byte("signed"))
		var refused *tron.BroadcastError
		if tron.Classify(err) != want || !errors.As(err, &refused) || refused.Code != code || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: %v is %q, want %q", code, err, tron.Classify(err), want)
		}
	}
}

func TestATransactionIsGivenToEveryNode(t *testing.T) {
	type node struct {
		code tronpb.ReturnResponseCode
		fail codes.Code
	}
	for name, test := range map[string]struct {
		nodes   []node
		taken   bool
		class   tron.Class
		unknown bool
	}{
		"both take it":           {nodes: []node{{}, {}}, taken: true},
		"one is busy":            {nodes: []node{{code: tronpb.Return_SERVER_BUSY}, {}}, taken: true},
		"one has it":             {nodes: []node{{code: tronpb.Return_DUP_TRANSACTION_ERROR}, {}}, taken: true},
		"one breaks off":         {nodes: []node{{fail: codes.Unavailable}, {}}, taken: true},
		"one has it, one cannot": {nodes: []node{{code: tronpb.Return_TAPOS_ERROR}, {code: tronpb.Return_DUP_TRANSACTION_ERROR}}, class: tron.Verify},
		"busy, and bad":          {nodes: []node{{code: tronpb.Return_SIGERROR}, {code: tronpb.Return_SERVER_BUSY}}, class: tron.Retry},
		"breaks off, and bad":    {nodes: []node{{fail: codes.Unavailable}, {code: tronpb.Return_SIGERROR}}, unknown: true},
		"both break off":         {nodes: []node{{fail: codes.Unavailable}, {fail: codes.Internal}}, unknown: true},
		"both do not serve it":   {nodes: []node{{fail: codes.Unimplemented}, {fail: codes.Unimplemented}}, class: tron.UnknownMethod},
	} {
		t.Run(name, func(t *testing.T) {
			var config tron.Config
			var chains []*testChain
			for range test.nodes {
				c := newTestChain(t)
				chains = append(chains, c)
				config.Chain, config.Nodes = c.id(), append(config.Nodes, c.node(t))
			}
			client := dial(t, config)
			for i, n := range test.nodes {
				chains[i].set(func(_ string, _, answer []byte) ([]byte, error) {
					switch {
					case n.fail != codes.OK:
						return nil, status.Error(n.fail, "broken")
					case n.code != tronpb.Return_SUCCESS:
						return encode(t, &tronpb.Return{Code: n.code}), nil
					}
					return answer, nil
				})
			}
			signed := []byte{0x0a, 0x03, 0x80, 0x00, 0xff, 0xfa, 0x01, 0x00}
			err := client.Broadcast(t.Context(), signed)
			if (err == nil) != test.taken || tron.Classify(err) != test.class || errors.Is(err, tron.ErrUnknownOutcome) != test.unknown {
				t.Errorf("%v, class %q", err, tron.Classify(err))
			}
			for i, c := range chains {
				if len(c.sent) != 1 || !bytes.Equal(c.sent[0], signed) {
					t.Errorf("node %d was given %x", i, c.sent)
				}
			}
		})
	}
}

func TestALyingNodeIsLeftAlone(t *testing.T) {
	clock := newClock()
	good, bad := newTestChain(t), newTestChain(t)
	block := good.mine(t, payTRX(t, keyAddress(1), keyAddress(2), 5))
	bad.blocks = good.blocks
	client := dial(t, tron.Config{Chain: good.id(), Nodes: []tron.Node{bad.node(t), good.node(t)}, Agree: 1, Clock: clock.Now})
	source := tron.NewSource(client)
	bad.set(func(method string, _, answer []byte) ([]byte, error) {
		if method == "Wallet/GetBlockById" {
			return good.blocks[0].bytes(t), nil
		}
		return answer, nil
	})
	if _, err := source.Block(t.Context(), block.id()); err != nil {
		t.Fatal(err)
	}
	if status := client.Nodes(); status[0].Usable || !errors.Is(status[0].Err, tron.ErrNotProven) {
		t.Errorf("status %+v", status)
	}
	asked := bad.count("Wallet/GetBlockById")
	if _, err := source.Block(t.Context(), block.id()); err != nil || bad.count("Wallet/GetBlockById") != asked {
		t.Errorf("%v, it was asked %d times, then %d", err, asked, bad.count("Wallet/GetBlockById"))
	}
	// Once its time is over it is looked at in the background, and used again.
	bad.set(nil)
	clock.pass(time.Minute)
	deadline := time.After(time.Minute)
	for !client.Nodes()[0].Usable {
		if _, err := source.Header(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		select {
		case <-deadline:
			t.Fatalf("never used again: %+v", client.Nodes()[0])
		default:
		}
	}
}

func TestWhatNoNodeHasIsNotFound(t *testing.T) {
	c := newTestChain(t)
	client := dial(t, tron.Config{Chain: c.id(), Nodes: []tron.Node{c.node(t), c.node(t)}})
	source := tron.NewSource(client)
	for _, end := range []error{nil, status.Error(codes.Unknown, ""), status.Error(codes.Internal, "null"), status.Error(codes.InvalidArgument, "num")} {
		c.set(func(_ string, request, answer []byte) ([]byte, error) {
			if len(answer) == 0 && len(request) > 0 {
				return nil, end
			}
			return answer, nil
		})
		for _, height := range []uint64{1, 1000, 1 << 63} {
			if header, err := source.Header(t.Context(), height); !errors.Is(err, coffer.ErrNotFound) {
				t.Errorf("header %d with %v: %+v, %v; want ErrNotFound", height, end, header, err)
			}
		}
		for _, hash := range []coffer.Hash{{}, {1}, {7: 1}, {7: 0, 31: 1}} {
			if block, err := source.Block(t.Context(), hash); !errors.Is(err, coffer.ErrNotFound) {
				t.Errorf("block %s with %v: %+v, %v; want ErrNotFound", hash, end, block.Header, err)
			}
		}
	}
	if status := client.Nodes(); !status[0].Usable || !status[1].Usable {
		t.Errorf("nodes were blamed: %s", fmt.Sprint(status))
	}
}
