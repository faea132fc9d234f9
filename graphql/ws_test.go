package graphql_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/cofferhq/coffer/graphql"
	"github.com/cofferhq/coffer/merchant"
)

const watchWithdrawals = `subscription($after:String){withdrawalEvents(after:$after){id cursor sequence at withdrawal{id state account{name}}}}`

func TestWebSocketsThatAreClosed(t *testing.T) {
	b := newBench(t)
	expires := b.clock().Add(-time.Second)
	_, expired := b.key("acme", &expires, merchant.ScopeRead)
	const subscribe = `{"id":"1","type":"subscribe","payload":{"query":"subscription{depositEvents{id}}"}}`
	hello := `{"type":"connection_init","payload":{"apiKey":"` + b.acme.key + `"}}`

	tests := []struct {
		name string
		sent []string
		code websocket.StatusCode
	}{
		{"subscribe before init", []string{subscribe}, 4401},
		{"wrong key", []string{`{"type":"connection_init","payload":{"apiKey":"cof_x"}}`}, 4403},
		{"no key", []string{`{"type":"connection_init"}`}, 4403},
		{"expired key", []string{`{"type":"connection_init","payload":{"authorization":"Bearer ` + expired + `"}}`}, 4403},
		{"key of another kind", []string{`{"type":"connection_init","payload":{"authorization":"Basic ` + b.acme.key + `"}}`}, 4403},
		{"init that is no object", []string{`{"type":"connection_init","payload":"x"}`}, 4400},
		{"init twice", []string{hello, hello}, 4429},
		{"an id twice", []string{hello, subscribe, subscribe}, 4409},
		{"no JSON", []string{hello, `{`}, 4400},
		{"no JSON before init", []string{`{`}, 4400},
		{"a list", []string{hello, `[]`}, 4400},
		{"unknown type", []string{hello, `{"type":"start"}`}, 4400},
		{"no type", []string{hello, `{}`}, 4400},
		{"subscribe without id", []string{hello, strings.Replace(subscribe, `"1"`, `""`, 1)}, 4400},
		{"subscribe with a long id", []string{hello, strings.Replace(subscribe, `"1"`, `"`+strings.Repeat("1", 65)+`"`, 1)}, 4400},
		{"subscribe without query", []string{hello, `{"id":"1","type":"subscribe","payload":{}}`}, 4400},
		{"subscribe without payload", []string{hello, `{"id":"1","type":"subscribe"}`}, 4400},
		{"a large message", []string{hello, `{"type":"ping","payload":"` + strings.Repeat("x", graphql.MaxMessageBytes) + `"}`}, websocket.StatusMessageTooBig},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := b.connect()
			for _, text := range test.sent {
				c.send(text)
			}
			if code := c.closed(); code != test.code {
				t.Errorf("closed with %d, want %d", code, test.code)
			}
		})
	}
	b.eventually("all connections are over", func() bool { return b.handler.OpenSockets() == 0 })
}

// eventually waits until something is so.
func (b *bench) eventually(what string, so func() bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), deadline)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			b.t.Fatalf("%s: not within %s", what, deadline)
		case <-tick.C:
		}
	}
}

// hurried is time enough for a client on a busy machine to do what is asked of it.
const hurried = 2 * time.Second

func TestAConnectionThatSaysNothingIsClosed(t *testing.T) {
	b := newBench(t)
	b.handler.Hurry(hurried, 0, 0)
	c := b.dial(b.acme.key)
	if code := b.connect().closed(); code != 4408 {
		t.Errorf("closed with %d, want 4408", code)
	}
	// One that introduced itself stays.
	c.send(`{"type":"ping"}`)
	if m := c.next(); m.Type != "pong" {
		t.Errorf("got %s, want pong", m.Type)
	}
}

func TestPingsAreAnsweredBeforeAndAfterInit(t *testing.T) {
	b := newBench(t)
	c := b.connect()
	c.send(`{"type":"pong"}`)
	c.send(`{"type":"ping","payload":{"any":"thing"}}`)
	if m := c.next(); m.Type != "pong" {
		t.Fatalf("got %s, want pong", m.Type)
	}
	c.send(`{"type":"complete","id":"unknown"}`)
	c.send(`{"type":"connection_init","payload":{"authorization":"bearer ` + b.acme.key + `"}}`)
	if m := c.next(); m.Type != "connection_ack" {
		t.Fatalf("got %s, want connection_ack", m.Type)
	}
	c.send(`{"type":"ping"}`)
	if m := c.next(); m.Type != "pong" {
		t.Errorf("got %s, want pong", m.Type)
	}
}

func TestAKeyInTheHeaderCounts(t *testing.T) {
	b := newBench(t)
	conn, _, err := b.dialWith(&websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + b.acme.key}},
	})
	b.must(err)
	c := client{b, conn}
	c.send(`{"type":"connection_init"}`)
	if m := c.next(); m.Type != "connection_ack" {
		t.Errorf("got %s, want connection_ack", m.Type)
	}
	b.must(conn.Close(websocket.StatusNormalClosure, ""))
}

func TestOriginsAndSubprotocols(t *testing.T) {
	b := newBench(t)
	dial := func(origin, subprotocol string) (websocket.StatusCode, int) {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		conn, response, err := b.dialWith(&websocket.DialOptions{Subprotocols: []string{subprotocol}, HTTPHeader: header})
		if err != nil {
			return 0, response.StatusCode
		}
		if conn.Subprotocol() == "" {
			return client{b, conn}.closed(), response.StatusCode
		}
		b.must(conn.Close(websocket.StatusNormalClosure, ""))
		return websocket.StatusNormalClosure, response.StatusCode
	}

	for _, good := range []string{"", b.url, "https://wallet.example"} {
		if code, status := dial(good, "graphql-transport-ws"); code != websocket.StatusNormalClosure {
			t.Errorf("origin %q is refused with %d", good, status)
		}
	}
	for _, bad := range []string{"https://evil.example", "https://wallet.example.evil.example", "null"} {
		if _, status := dial(bad, "graphql-transport-ws"); status != http.StatusForbidden {
			t.Errorf("origin %q: status %d, want 403", bad, status)
		}
	}
	if code, _ := dial("", "graphql-ws"); code != 4406 {
		t.Errorf("the old subprotocol is closed with %d, want 4406", code)
	}
}

func TestQueriesAndMutationsOverWebSocket(t *testing.T) {
	b := newBench(t)
	c := b.dial(b.acme.key)
	for i, test := range []struct {
		query, kind, text string
	}{
		{`query($n:Int=1){accounts(first:$n){edges{node{name}}}}`, "next", `"One of acme"`},
		{`mutation{createAccount(idempotencyKey:"ws",name:"by ws"){name}}`, "next", `"by ws"`},
		{`{account(id:"nobody"){name}}`, "next", `"NOT_FOUND"`},
		{`{nothing}`, "error", `"INVALID"`},
		{`subscription{depositEvents(after:"x"){id}}`, "error", `"field":"after"`},
		{`subscription($none:Boolean=true){depositEvents @skip(if:$none){id}}`, "error", `"code"`},
	} {
		id := fmt.Sprint(i)
		c.subscribe(id, test.query, nil)
		m := c.next()
		if m.ID != id || m.Type != test.kind || !strings.Contains(string(m.Payload), test.text) {
			t.Errorf("%s: got %s %s", test.query, m.Type, m.Payload)
		}
		if test.kind != "next" {
			continue
		}
		if m = c.next(); m.ID != id || m.Type != "complete" {
			t.Errorf("%s: then %s", test.query, m.Type)
		}
		// The id is free again, at once.
		c.subscribe(id, `{viewer{tenant}}`, nil)
		if m = c.next(); m.Type != "next" {
			t.Errorf("the id used again: %s %s", m.Type, m.Payload)
		}
		c.next()
	}
}

func TestOperationsOfOneConnectionAreBounded(t *testing.T) {
	b := newBench(t)
	c := b.dial(b.acme.key)
	for i := range graphql.MaxOperations {
		c.subscribe(fmt.Sprint(i), `subscription{depositEvents{id}}`, nil)
	}
	c.subscribe("more", `subscription{depositEvents{id}}`, nil)
	if m := c.next(); m.ID != "more" || m.Type != "error" || !strings.Contains(string(m.Payload), `"LIMIT"`) {
		t.Fatalf("got %s %s %s", m.ID, m.Type, m.Payload)
	}

	// What is completed makes room, and its id can be used again.
	c.send(`{"id":"7","type":"complete"}`)
	c.subscribe("7", `{viewer{tenant}}`, nil)
	if m := c.next(); m.ID != "7" || m.Type != "next" {
		t.Errorf("after complete: %s %s", m.Type, m.Payload)
	}
	if m := c.next(); m.ID != "7" || m.Type != "complete" {
		t.Errorf("after complete: %s %s", m.Type, m.Payload)
	}
}

func TestCompleteEndsASubscription(t *testing.T) {
	b := newBench(t)
	c := b.dial(b.acme.key)
	c.subscribe("1", watchWithdrawals, variables{"after": b.cursor()})
	c.subscribe("2", watchWithdrawals, variables{"after": b.cursor()})
	b.request(b.acme, "seen by both", "10")
	for range 2 {
		if m := c.next(); m.Type != "next" {
			t.Fatalf("got %s %s", m.Type, m.Payload)
		}
	}

	c.send(`{"id":"1","type":"complete"}`)
	c.send(`{"type":"ping"}`)
	if m := c.next(); m.Type != "pong" {
		t.Fatalf("got %s %s", m.Type, m.Payload)
	}
	b.request(b.acme, "seen by one", "10")
	b.request(b.acme, "seen by one too", "10")
	for range 2 {
		if m := c.next(); m.ID != "2" || m.Type != "next" {
			t.Errorf("got %s of %s: %s", m.Type, m.ID, m.Payload)
		}
	}
}

func TestAKeyThatIsRevokedLosesItsConnections(t *testing.T) {
	b := newBench(t)
	b.handler.Hurry(0, 10*time.Millisecond, 0)
	id, secret := b.key("acme", nil, merchant.ScopeRead)
	c := b.dial(secret)
	c.subscribe("1", watchWithdrawals, nil)
	other := b.dial(b.acme.key)
	b.must(b.merchants.RevokeKey(t.Context(), "acme", id))
	// Reading answers the server's pings, in both connections.
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _, _ = other.conn.Read(t.Context())
	}()
	if code := c.closed(); code != 4403 {
		t.Errorf("closed with %d, want 4403", code)
	}
	select {
	case <-done:
		t.Error("a connection with another key was closed too")
	default:
	}
	b.must(other.conn.CloseNow())
	<-done
}

func TestAClientThatDoesNotAnswerIsDropped(t *testing.T) {
	b := newBench(t)
	b.handler.Hurry(0, 10*time.Millisecond, hurried)
	c := b.dial(b.acme.key) // and reads no more, so that pings are not answered
	b.eventually("the connection is over", func() bool { return b.handler.OpenSockets() == 0 })
	_ = c
}

func TestShutdownClosesConnectionsAndRefusesNewOnes(t *testing.T) {
	b := newBench(t)
	clients := []client{b.connect(), b.dial(b.acme.key), b.dial(b.rival.key)}
	clients[1].subscribe("1", watchWithdrawals, nil)

	var closing sync.WaitGroup
	codes := make([]websocket.StatusCode, len(clients))
	for i, c := range clients {
		closing.Go(func() { codes[i] = c.closed() })
	}
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	b.must(b.handler.Shutdown(ctx))
	closing.Wait()
	for i, code := range codes {
		if code != websocket.StatusGoingAway {
			t.Errorf("connection %d is closed with %d, want 1001", i, code)
		}
	}
	if _, response, err := b.dialWith(&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}}); err == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a new connection: %v", err)
	}
}

func TestConnectionsOfAProcessAreBounded(t *testing.T) {
	b := newBench(t)
	leave := b.handler.Occupy()
	_, response, err := b.dialWith(&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more connection: %v", err)
	}
	leave()
	b.dial(b.acme.key)
}

func TestATenantCannotTakeAllConnections(t *testing.T) {
	b := newBench(t)
	leave := b.handler.OccupyTenant(b.acme.name)
	c := b.connect()
	c.send(`{"type":"connection_init","payload":{"apiKey":"` + b.acme.key + `"}}`)
	if code := c.closed(); code != websocket.StatusTryAgainLater {
		t.Errorf("one more connection of the tenant: closed with %d", code)
	}
	b.dial(b.rival.key)
	leave()
	b.dial(b.acme.key)
}

// cursor is the end of the event log, with all that was written before in it.
func (b *bench) cursor() string {
	b.t.Helper()
	for moved := 1; moved > 0; {
		var err error
		moved, err = b.log.Sequence(b.t.Context())
		b.must(err)
	}
	var got struct{ EventCursor string }
	b.into(b.ask(b.acme.key, `{eventCursor}`, nil), &got)
	return got.EventCursor
}
