package utxo_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

const waitTimeout = 60 * time.Second

// patient is a client of these nodes that has time on a loaded machine and says nothing.
func patient(urls ...string) utxo.Config {
	config := utxo.Config{Network: utxo.Regtest, CallTimeout: waitTimeout, Log: slog.New(slog.DiscardHandler)}
	for _, u := range urls {
		config.Nodes = append(config.Nodes, utxo.Node{URL: u})
	}
	return config
}

func open(t testing.TB, config utxo.Config) (*utxo.Client, *utxo.Source) {
	t.Helper()
	client, err := utxo.Dial(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client, utxo.NewSource(client)
}

// lie is a node that answers one method with another result.
func (c *chain) lie(t testing.TB, method string, change func(result any) any) string {
	t.Helper()
	return chaintest.Tamper(t, c.URL, func(called string, _ []any, answer chaintest.Answer) {
		if called == method {
			answer["result"] = change(answer["result"])
		}
	})
}

func field(name string, value any) func(any) any {
	return func(result any) any {
		object, _ := result.(map[string]any)
		object[name] = value
		return object
	}
}

func always(value any) func(any) any { return func(any) any { return value } }

func TestUnfitNodesAreRefused(t *testing.T) {
	c := newChain(t)
	info := func(change ...func(any) any) string {
		return c.lie(t, "getblockchaininfo", func(result any) any {
			for _, one := range change {
				result = one(result)
			}
			return result
		})
	}
	for name, test := range map[string]struct {
		url  string
		want error
	}{
		"another network":           {c.lie(t, "getblockhash", always("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")), utxo.ErrWrongNetwork},
		"pruned":                    {info(field("pruned", true)), utxo.ErrPrunedNode},
		"loading the chain":         {info(field("initialblockdownload", true)), utxo.ErrSyncing},
		"headers without blocks":    {info(field("headers", 1000)), utxo.ErrSyncing},
		"a negative height":         {info(field("blocks", -1)), utxo.ErrNoNode},
		"a height above all":        {info(field("blocks", 1<<31)), utxo.ErrNoNode},
		"a height with a fraction":  {info(field("blocks", 1.5)), utxo.ErrNoNode},
		"a height in words":         {info(field("blocks", "many")), utxo.ErrNoNode},
		"no height":                 {info(field("blocks", nil)), utxo.ErrNoNode},
		"a short hash":              {info(field("bestblockhash", "00")), utxo.ErrNoNode},
		"a head that nobody has":    {info(field("bestblockhash", strings.Repeat("ab", 32))), utxo.ErrNoNode},
		"info that is a list":       {info(always([]any{1})), utxo.ErrNoNode},
		"a genesis block in German": {c.lie(t, "getblockhash", always("Anfang")), utxo.ErrNoNode},
		"another head's header":     {c.lie(t, "getblockheader", always(strings.Repeat("00", 80))), utxo.ErrNotProven},
		"half a header":             {c.lie(t, "getblockheader", always(strings.Repeat("00", 40))), utxo.ErrNoNode},
	} {
		t.Run(name, func(t *testing.T) {
			config := patient(test.url)
			if name == "headers without blocks" { // Bitcoin Core says itself that it has all
				config.Nodes[0].URL = c.lie(t, "getblockchaininfo", func(result any) any {
					object, _ := field("headers", 1000)(result).(map[string]any)
					delete(object, "initialblockdownload")
					return object
				})
			}
			if client, err := utxo.Dial(t.Context(), config); !errors.Is(err, test.want) {
				if err == nil {
					client.Close()
				}
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
	t.Run("one of two is of another network", func(t *testing.T) {
		wrong := c.lie(t, "getblockhash", always("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"))
		if _, err := utxo.Dial(t.Context(), patient(c.URL, wrong)); !errors.Is(err, utxo.ErrWrongNetwork) {
			t.Errorf("%v, want ErrWrongNetwork", err)
		}
	})
}

func TestConfigurationsAreChecked(t *testing.T) {
	good := utxo.Config{Network: utxo.Regtest, Nodes: []utxo.Node{{URL: "http://127.0.0.1:18443"}}}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*utxo.Config){
		"no network":          func(c *utxo.Config) { c.Network = "" },
		"an old network":      func(c *utxo.Config) { c.Network = "testnet3" },
		"no node":             func(c *utxo.Config) { c.Nodes = nil },
		"no URL":              func(c *utxo.Config) { c.Nodes[0].URL = "" },
		"no host":             func(c *utxo.Config) { c.Nodes[0].URL = "http://" },
		"another scheme":      func(c *utxo.Config) { c.Nodes[0].URL = "ftp://hunter2@127.0.0.1" },
		"not a URL":           func(c *utxo.Config) { c.Nodes[0].URL = "http://hunter2@[::1" },
		"password and cookie": func(c *utxo.Config) { c.Nodes[0] = utxo.Node{URL: "http://u:hunter2@127.0.0.1", CookieFile: "x"} },
		"too final":           func(c *utxo.Config) { c.Confirmations = 101 },
		"a negative timeout":  func(c *utxo.Config) { c.CallTimeout = -1 },
	} {
		config := good
		config.Nodes = []utxo.Node{good.Nodes[0]}
		change(&config)
		if err := config.Check(); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// garbage is a server that says the same to everybody.
func garbage(t testing.TB, status int, text string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestOtherAnswersThanJSONRPCAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		text   string
		want   error
	}{
		"a page":          {200, "<html><body>Please log in</body></html>", utxo.ErrNotJSONRPC},
		"nothing":         {200, "", utxo.ErrNotJSONRPC},
		"a list":          {200, `[{"result":1,"id":1}]`, utxo.ErrNotJSONRPC},
		"neither":         {200, `{"id":1}`, utxo.ErrNotJSONRPC},
		"cut off":         {200, `{"id":1,"result":"00`, utxo.ErrNotJSONRPC},
		"another request": {200, `{"id":2,"result":"00","error":null}`, utxo.ErrNotJSONRPC},
		"a text error":    {200, `{"id":1,"error":"no"}`, utxo.ErrNotJSONRPC},
		"a huge number":   {200, `{"id":1,"error":{"code":1e400,"message":""}}`, utxo.ErrNotJSONRPC},
		"forbidden":       {403, "", utxo.ErrNoNode},
		"elsewhere":       {302, "", utxo.ErrNoNode},
		"broken":          {500, "<html>", utxo.ErrNoNode},
		"too much":        {200, `{"id":1,"result":"` + strings.Repeat("0", 1<<20) + `","error":null}`, utxo.ErrResponseTooLarge},
	} {
		config := patient(garbage(t, test.status, test.text))
		config.MaxResponseBytes = 1 << 20
		if _, err := utxo.Dial(t.Context(), config); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

// An answer without an announced length ends at the bound too.
func TestEndlessAnswersAreCutOff(t *testing.T) {
	c := newChain(t)
	var sent atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat(" ", 1<<16))
		for range 1 << 12 {
			n, err := w.Write(chunk)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	defer server.Close()
	config := patient(server.URL, c.URL)
	config.MaxResponseBytes = 1 << 20
	_, source := open(t, config)
	if _, err := source.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	if most := int64(64 << 20); sent.Load() > most {
		t.Errorf("%d bytes were taken, want some more than 1 MiB", sent.Load())
	}
}

func TestTamperedAnswersAreRefused(t *testing.T) {
	c := newChain(t)
	if _, err := c.Pay(t.Context(), strange, 1_000_000); err != nil {
		t.Fatal(err)
	}
	c.mine(t, 1)
	block := c.head(t)
	parent, err := c.source.Block(t.Context(), block.Parent)
	if err != nil {
		t.Fatal(err)
	}
	change := func(raw []byte, at int) string {
		changed := append([]byte{}, raw...)
		changed[(at+len(raw))%len(raw)] ^= 1
		return hex.EncodeToString(changed)
	}
	whole := hex.EncodeToString(block.Raw)
	for name, answer := range map[string]any{
		"another block":         hex.EncodeToString(parent.Raw),
		"another parent":        change(block.Raw, 4),
		"another time":          change(block.Raw, 68),
		"another transaction":   change(block.Raw, 200),
		"another witness":       change(block.Raw, -40),
		"cut off":               whole[:len(whole)-2],
		"a byte too many":       whole + "00",
		"half a byte":           whole[:len(whole)-1],
		"only the header":       whole[:160],
		"nothing":               "",
		"null":                  nil,
		"an object":             map[string]any{"hash": block.Hash},
		"decoded, not in bytes": map[string]any{"tx": []any{}},
	} {
		t.Run(name, func(t *testing.T) {
			_, source := open(t, patient(c.lie(t, "getblock", always(answer))))
			if got, err := source.Block(t.Context(), block.Hash); !errors.Is(err, utxo.ErrNotProven) || errors.Is(err, coffer.ErrNotFound) {
				t.Errorf("block %+v, %v; want ErrNotProven", got.Header, err)
			}
			// Who tells the truth is asked next.
			_, source = open(t, patient(c.lie(t, "getblock", always(answer)), c.URL))
			if got, err := source.Block(t.Context(), block.Hash); err != nil || got.Hash != block.Hash {
				t.Errorf("with an honest node: %v", err)
			}
		})
	}
	t.Run("a liar is left alone", func(t *testing.T) {
		client, source := open(t, patient(c.lie(t, "getblock", always(whole+"00")), c.URL))
		for range 3 {
			if _, err := source.Block(t.Context(), block.Hash); err != nil {
				t.Fatal(err)
			}
		}
		if nodes := client.Nodes(); nodes[0].Usable || nodes[0].Err == nil || !nodes[1].Usable {
			t.Errorf("nodes %+v", nodes)
		}
	})
	t.Run("another header", func(t *testing.T) {
		url := chaintest.Tamper(t, c.URL, func(method string, params []any, answer chaintest.Answer) {
			if method == "getblockheader" && len(params) > 0 && params[0] == block.Parent.String()[2:] {
				answer["result"] = hex.EncodeToString(block.Raw[:80])
			}
		})
		_, source := open(t, patient(url))
		if _, err := source.Header(t.Context(), parent.Height); !errors.Is(err, utxo.ErrNotProven) {
			t.Errorf("header: %v, want ErrNotProven", err)
		}
		if _, err := source.Block(t.Context(), block.Hash); !errors.Is(err, utxo.ErrNotProven) {
			t.Errorf("block: %v, want ErrNotProven", err)
		}
	})
	t.Run("another transaction's bytes", func(t *testing.T) {
		client, _ := open(t, patient(c.lie(t, "getrawtransaction", always(hex.EncodeToString([]byte{2})))))
		if _, err := client.RawTransaction(t.Context(), block.Transfers[1].Tx); err == nil {
			t.Error("no error")
		}
	})
}

func TestAnotherNodeIsAskedWhenOneFails(t *testing.T) {
	c := newChain(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	proxy := newProxy(t, c.URL)
	ask := func(t *testing.T, urls ...string) {
		t.Helper()
		client, source := open(t, patient(urls...))
		for range 4 {
			head, err := source.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := source.Block(t.Context(), head.Latest.Hash); err != nil {
				t.Fatal(err)
			}
		}
		usable := 0
		for _, node := range client.Nodes() {
			if node.Usable {
				usable++
			}
		}
		if usable == 0 {
			t.Errorf("nodes %+v", client.Nodes())
		}
	}
	t.Run("nobody listens", func(t *testing.T) { ask(t, closed, c.URL) })
	t.Run("a page", func(t *testing.T) { ask(t, garbage(t, 200, "<html>"), c.URL) })
	t.Run("too busy", func(t *testing.T) { ask(t, garbage(t, 503, "Work queue depth exceeded"), c.URL) })
	t.Run("wrong password", func(t *testing.T) { ask(t, garbage(t, 401, ""), c.URL) })
	for _, fault := range []devnet.Fault{devnet.FaultBefore, devnet.FaultAfter, devnet.FaultWrong, devnet.FaultLimited, devnet.FaultHTML} {
		t.Run(string(fault), func(t *testing.T) {
			proxy.Inject(nil)
			client, source := open(t, patient(proxy.URL, c.URL))
			proxy.Inject(func(string) devnet.Fault { return fault })
			defer proxy.Inject(nil)
			before := proxy.Count(fault)
			for range 6 {
				if _, err := source.Head(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if proxy.Count(fault) == before || !client.Nodes()[1].Usable {
				t.Errorf("%d faults, nodes %+v", proxy.Count(fault)-before, client.Nodes())
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		if _, err := utxo.Dial(t.Context(), patient(closed, garbage(t, 200, "<html>"))); !errors.Is(err, utxo.ErrNoNode) {
			t.Errorf("%v, want ErrNoNode", err)
		}
	})
}

func newProxy(t testing.TB, upstream string) *devnet.Proxy {
	t.Helper()
	proxy, err := devnet.NewProxy(t.Context(), upstream)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	return proxy
}

// A node that failed is used again when it passes a probe after its cool-down.
func TestANodeComesBack(t *testing.T) {
	c := newChain(t)
	var broken atomic.Bool
	proxy := newProxy(t, c.URL)
	proxy.Inject(func(string) devnet.Fault {
		if broken.Load() {
			return devnet.FaultBefore
		}
		return devnet.FaultNone
	})
	var mu sync.Mutex
	now := time.Unix(1_800_000_000, 0)
	config := patient(proxy.URL)
	config.Clock = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	_, source := open(t, config)
	broken.Store(true)
	for range 3 {
		if _, err := source.Head(t.Context()); err == nil {
			t.Fatal("a broken connection answers")
		}
	}
	if _, err := source.Head(t.Context()); !errors.Is(err, utxo.ErrNoNode) {
		t.Errorf("%v, want ErrNoNode", err)
	}
	broken.Store(false)
	if _, err := source.Head(t.Context()); !errors.Is(err, utxo.ErrNoNode) {
		t.Errorf("inside the cool-down: %v, want ErrNoNode", err)
	}
	mu.Lock()
	now = now.Add(time.Minute)
	mu.Unlock()
	if _, err := source.Head(t.Context()); err != nil {
		t.Errorf("after it: %v", err)
	}
}

func TestAHeadDoesNotGoBackToAnOldNode(t *testing.T) {
	c := newChain(t)
	old, err := c.source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var stale atomic.Bool
	first := chaintest.Tamper(t, c.URL, func(method string, _ []any, answer chaintest.Answer) {
		if method == "getblockchaininfo" && stale.Load() {
			field("blocks", old.Latest.Height)(field("headers", old.Latest.Height)(field("bestblockhash", old.Latest.Hash.String()[2:])(answer["result"])))
		}
	})
	_, source := open(t, patient(first, c.URL))
	c.mine(t, 2)
	head, err := source.Head(t.Context())
	if err != nil || head.Latest.Height != old.Latest.Height+2 {
		t.Fatalf("%+v, %v", head, err)
	}
	stale.Store(true)
	for range 3 {
		again, err := source.Head(t.Context())
		if err != nil || again != head {
			t.Errorf("%+v, %v; want %+v", again, err, head)
		}
	}
	// Where no node has the higher block any more, the lower one is the head.
	_, alone := open(t, patient(c.URL))
	if _, err := alone.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Reorg(t.Context(), 2, 1); err != nil {
		t.Fatal(err)
	}
	shorter, err := alone.Head(t.Context())
	if err != nil || shorter.Latest.Height != head.Latest.Height-1 {
		t.Errorf("%+v, %v; want height %d", shorter, err, head.Latest.Height-1)
	}
}

// A node that hangs leaves time for the next one, and a caller's deadline ends everything.
func TestAHangingNodeLeavesTime(t *testing.T) {
	c := newChain(t)
	var hang atomic.Bool
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hang.Load() {
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		response, err := http.Post(c.URL, "application/json", strings.NewReader(string(body)))
		if err != nil {
			return
		}
		defer response.Body.Close()
		_, _ = io.Copy(w, response.Body)
	}))
	defer server.Close()
	defer close(release)
	config := patient(server.URL, c.URL)
	config.CallTimeout = 4 * time.Second
	_, source := open(t, config)
	hang.Store(true)
	if _, err := source.Head(t.Context()); err != nil {
		t.Errorf("with one that answers: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source.Head(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want Canceled", err)
	}
}

func TestACookieIsReadAgainWhenTheNodeHasStartedAnew(t *testing.T) {
	c := newChain(t)
	u, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	secret := u.User.String()
	u.User = nil
	file := filepath.Join(t.TempDir(), ".cookie")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := patient()
	config.Nodes = []utxo.Node{{URL: u.String(), CookieFile: file}}
	for name, text := range map[string]string{"no cookie": "", "a wrong one": "__cookie__:0000"} {
		if text != "" {
			write(text)
		}
		if _, err := utxo.Dial(t.Context(), config); !errors.Is(err, utxo.ErrNoNode) || (text != "" && utxo.Classify(err) != utxo.Unauthorized) {
			t.Errorf("%s: %v", name, err)
		}
		_ = os.Remove(file)
	}
	write(secret + "\n")
	_, source := open(t, config)
	if _, err := source.Head(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWhatNodesSayOfTransactions(t *testing.T) {
	c := newChain(t)
	payment, err := c.NewPayment(t.Context(), []devnet.BitcoinOutput{{To: strange, Satoshi: 1_000_000}})
	if err != nil {
		t.Fatal(err)
	}
	send := func(raw []byte) error {
		_, err := c.client.SendRawTransaction(t.Context(), raw)
		return err
	}
	check := func(what string, err error, want ...utxo.Class) {
		t.Helper()
		for _, class := range want {
			if err != nil && utxo.Classify(err) == class {
				return
			}
		}
		t.Errorf("%s: %v is %q, want %q", what, err, utxo.Classify(err), want)
	}
	id, err := c.client.SendRawTransaction(t.Context(), payment.Raw)
	if err != nil || id != payment.ID {
		t.Fatalf("%s, %v; want %s", id, err, payment.ID)
	}
	if err := send(payment.Raw); err != nil { // Core takes it again, btcd says that it has it
		check("sent twice", err, utxo.AlreadyKnown)
	}
	replacement, err := c.Replace(t.Context(), payment)
	if err != nil {
		t.Fatal(err)
	}
	check("replaced by less", send(payment.Raw), utxo.FeeTooLow, utxo.Conflict)
	c.mine(t, 1)
	check("sent after its block", send(replacement.Raw), utxo.AlreadyInChain)
	check("sent after another's block", send(payment.Raw), utxo.MissingInputs)
	check("no transaction", send([]byte{1, 2, 3}), utxo.BadTransaction)
	check("a changed signature", send(flip(t, c)), utxo.Rejected)
	_, err = c.client.RawTransaction(t.Context(), payment.ID)
	check("a replaced transaction", err, utxo.NotFound)
	check("no such method", c.client.Call(t.Context(), nil, "coffer"), utxo.UnknownMethod)
}

// flip is a payment with one bit of a signature changed.
func flip(t *testing.T, c *chain) []byte {
	t.Helper()
	payment, err := c.NewPayment(t.Context(), []devnet.BitcoinOutput{{To: strange, Satoshi: 1_000_000}})
	if err != nil {
		t.Fatal(err)
	}
	payment.Raw[len(payment.Raw)-60] ^= 1
	return payment.Raw
}

func TestALostAnswerToASendIsAnUnknownOutcome(t *testing.T) {
	c := newChain(t)
	proxy := newProxy(t, c.URL)
	client, _ := open(t, patient(proxy.URL))
	for _, test := range []struct {
		fault   devnet.Fault
		unknown bool
	}{{devnet.FaultAfter, true}, {devnet.FaultHTML, true}, {devnet.FaultLimited, true}} {
		payment, err := c.NewPayment(t.Context(), []devnet.BitcoinOutput{{To: strange, Satoshi: 1_000_000}})
		if err != nil {
			t.Fatal(err)
		}
		once := true
		proxy.Inject(func(method string) devnet.Fault {
			if method == "sendrawtransaction" && once {
				once = false
				return test.fault
			}
			return devnet.FaultNone
		})
		if _, err := client.SendRawTransaction(t.Context(), payment.Raw); errors.Is(err, utxo.ErrUnknownOutcome) != test.unknown || err == nil {
			t.Errorf("%s: %v", test.fault, err)
		}
		proxy.Inject(nil)
		deadline := time.Now().Add(waitTimeout)
		ticker := time.NewTicker(10 * time.Millisecond)
		for ; ; <-ticker.C { // the node is left alone for a moment
			_, err := client.SendRawTransaction(t.Context(), payment.Raw)
			if err == nil || utxo.Classify(err) == utxo.AlreadyKnown {
				break
			}
			if !errors.Is(err, utxo.ErrNoNode) || time.Now().After(deadline) {
				t.Fatalf("%s: sent again: %v", test.fault, err)
			}
		}
		ticker.Stop()
	}
}

func TestClassesOfRefusals(t *testing.T) {
	for _, test := range []struct {
		code    int
		message string
		want    utxo.Class
	}{
		{-5, "Block not found", utxo.NotFound},
		{-5, "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.", utxo.NotFound},
		{-8, "Block height out of range", utxo.NotFound},
		{-1, "Block number out of range", utxo.NotFound},
		{-1, "Block not available (pruned data)", utxo.Pruned},
		{-1, "Block not available (not fully downloaded)", utxo.NotFound},
		{-1, "Command unimplemented", utxo.UnknownMethod},
		{-1, "getblock \"blockhash\" ( verbosity )", utxo.Unclassified},
		{-22, "TX decode failed", utxo.BadTransaction},
		{-25, "bad-txns-inputs-missingorspent", utxo.MissingInputs},
		{-25, "Missing inputs", utxo.MissingInputs},
		{-25, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)", utxo.FeeTooHigh},
		{-26, "txn-mempool-conflict", utxo.Conflict},
		{-26, "insufficient fee, rejecting replacement 1234; new feerate 0.00001 <= old feerate 0.00002", utxo.FeeTooLow},
		{-26, "min relay fee not met, 100 < 141", utxo.FeeTooLow},
		{-26, "mempool min fee not met, 100 < 141", utxo.FeeTooLow},
		{-26, "dust", utxo.Rejected},
		{-26, "mandatory-script-verify-flag-failed", utxo.Rejected},
		{-27, "Transaction outputs already in utxo set", utxo.AlreadyInChain},
		{-27, "Transaction already in block chain", utxo.AlreadyInChain},
		{-27, "txn-already-in-mempool", utxo.AlreadyKnown},
		{-28, "Loading block index…", utxo.Busy},
		{-10, "Bitcoin is downloading blocks...", utxo.Busy},
		{-9, "Bitcoin is not connected!", utxo.Busy},
		{-32601, "Method not found", utxo.UnknownMethod},
		{-32603, "something", utxo.Unclassified},
		{-32700, "Parse error", utxo.Unclassified},
	} {
		// Bitcoin Core sends refusals with status 500, others with 200.
		for _, status := range []int{http.StatusOK, http.StatusInternalServerError} {
			text := fmt.Sprintf(`{"result":null,"error":{"code":%d,"message":%q},"id":1}`, test.code, test.message)
			_, err := utxo.Dial(t.Context(), patient(garbage(t, status, text)))
			if got := utxo.Classify(err); got != test.want {
				t.Errorf("%d %q (status %d) is %q, want %q: %v", test.code, test.message, status, got, test.want, err)
			}
		}
	}
	if got := utxo.Classify(io.EOF); got != utxo.Unclassified {
		t.Errorf("a lost connection is %q", got)
	}
}
