package graphql_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// wire is a message of graphql-transport-ws.
type wire struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// client is one end of a WebSocket.
type client struct {
	*bench
	conn *websocket.Conn
}

// connect opens a WebSocket and says nothing yet.
func (b *bench) connect() client {
	b.t.Helper()
	conn, _, err := b.dialWith(&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	b.must(err)
	b.t.Cleanup(func() { _ = conn.CloseNow() })
	return client{b, conn}
}

func (b *bench) dialWith(o *websocket.DialOptions) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(b.t.Context(), deadline)
	defer cancel()
	return websocket.Dial(ctx, "ws"+strings.TrimPrefix(b.url, "http"), o)
}

// dial opens a WebSocket and introduces itself.
func (b *bench) dial(key string) client {
	b.t.Helper()
	c := b.connect()
	c.send(`{"type":"connection_init","payload":{"apiKey":"` + key + `"}}`)
	if m := c.next(); m.Type != "connection_ack" {
		b.t.Fatalf("got %s %s, want connection_ack", m.Type, m.Payload)
	}
	return c
}

func (c client) send(text string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), deadline)
	defer cancel()
	c.must(c.conn.Write(ctx, websocket.MessageText, []byte(text)))
}

func (c client) subscribe(id, query string, v variables) {
	c.t.Helper()
	payload, err := json.Marshal(map[string]any{"query": query, "variables": v})
	c.must(err)
	text, err := json.Marshal(wire{ID: id, Type: "subscribe", Payload: payload})
	c.must(err)
	c.send(string(text))
}

// next is the next message.
func (c client) next() wire {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), deadline)
	defer cancel()
	var m wire
	c.must(wsjson.Read(ctx, c.conn, &m))
	return m
}

// closed reads until the server closes the connection and returns with which code.
func (c client) closed() websocket.StatusCode {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), deadline)
	defer cancel()
	for {
		if _, _, err := c.conn.Read(ctx); err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				c.t.Error("the server does not close the connection")
			}
			return websocket.CloseStatus(err)
		}
	}
}
