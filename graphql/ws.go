package graphql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/cofferhq/coffer"
)

// subprotocol is the one spoken here; its messages and close codes are those of the
// graphql-transport-ws protocol of the graphql-ws project.
const subprotocol = "graphql-transport-ws"

// Close codes of the protocol.
const (
	closeBadRequest      websocket.StatusCode = 4400
	closeUnauthorized    websocket.StatusCode = 4401
	closeForbidden       websocket.StatusCode = 4403
	closeSubprotocol     websocket.StatusCode = 4406
	closeInitTimeout     websocket.StatusCode = 4408
	closeSubscriberTwice websocket.StatusCode = 4409
	closeTooMany         websocket.StatusCode = 4429
)

// message is one message of the protocol, in either direction.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// sockets are the connections of a process.
type sockets struct {
	origins  []string
	free     chan struct{} // one value for each connection that may still be opened
	stopping chan struct{} // closed by Shutdown
	stop     func()

	mu      sync.Mutex
	tenants map[string]int // connections that have introduced themselves

	initTimeout, pingInterval, pongTimeout, writeTimeout time.Duration
}

// admit counts a connection of a tenant, unless that has as many as it may.
func (s *sockets) admit(tenant string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tenants[tenant] >= maxOfTenant {
		return false
	}
	s.tenants[tenant]++
	return true
}

func (s *sockets) leave(tenant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tenants[tenant]--; s.tenants[tenant] == 0 {
		delete(s.tenants, tenant)
	}
}

func newSockets(origins []string) *sockets {
	stopping := make(chan struct{})
	s := &sockets{
		origins: origins, free: make(chan struct{}, maxConnections), tenants: map[string]int{},
		stopping: stopping, stop: sync.OnceFunc(func() { close(stopping) }),
		initTimeout: initTimeout, pingInterval: pingInterval, pongTimeout: pongTimeout, writeTimeout: writeTimeout,
	}
	for range maxConnections {
		s.free <- struct{}{}
	}
	return s
}

// Shutdown refuses new WebSockets, closes those that are open as going away, which
// clients take as a reason to connect again, and waits for them, or for ctx. An HTTP
// server does not do that in its own Shutdown.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.sockets.stop()
	for n := range maxConnections {
		select {
		case <-h.sockets.free:
			defer func() { h.sockets.free <- struct{}{} }()
		case <-ctx.Done():
			return fmt.Errorf("%d WebSockets are still open: %w", maxConnections-n, ctx.Err())
		}
	}
	return nil
}

// socket is one connection.
type socket struct {
	h    *Handler
	conn *websocket.Conn
	init chan string // gets the key when the client has introduced itself

	tenant string // counted as one of its connections; set by welcome
	key    string // id of the API key; set by welcome

	mu         sync.Mutex
	operations map[string]*operation // by the client's id
	running    sync.WaitGroup
}

func (h *Handler) serveSocket(w http.ResponseWriter, r *http.Request) {
	select {
	case <-h.sockets.stopping:
		h.refuse(w, r, http.StatusServiceUnavailable, coffer.Errorf(coffer.CodeUnavailable, "the server is stopping"))
		return
	default:
	}
	select {
	case <-h.sockets.free:
		defer func() { h.sockets.free <- struct{}{} }()
	default:
		h.refuse(w, r, http.StatusServiceUnavailable, coffer.Errorf(coffer.CodeLimit, "too many connections: try again later"))
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}, OriginPatterns: h.sockets.origins})
	if err != nil {
		return // Accept has answered
	}
	conn.SetReadLimit(maxMessageBytes)
	if conn.Subprotocol() != subprotocol {
		_ = conn.Close(closeSubprotocol, "Subprotocol not acceptable")
		return
	}

	// The connection ends by being closed, never by a context: a context that ends in the
	// middle of a read or a write would cut it without a code.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	s := &socket{h: h, conn: conn, init: make(chan string, 1), operations: map[string]*operation{}}
	s.running.Go(func() { s.watch(ctx) })
	err = s.serve(ctx, bearer(r.Header.Get("Authorization")))

	var closed closeError
	if errors.As(err, &closed) {
		_ = conn.Close(closed.code, closed.reason)
	} else {
		_ = conn.CloseNow() // it is gone, or being closed by watch
	}
	cancel()
	s.running.Wait()
	if s.tenant != "" {
		h.sockets.leave(s.tenant)
	}
}

// closeError ends a connection with a code of the protocol.
type closeError struct {
	code   websocket.StatusCode
	reason string
}

func (e closeError) Error() string { return fmt.Sprintf("%d %s", e.code, e.reason) }

// serve reads messages until the connection ends.
func (s *socket) serve(ctx context.Context, token string) error {
	ctx, err := s.welcome(ctx, token)
	for err == nil {
		var m message
		if m, err = s.read(); err == nil {
			err = s.handle(ctx, m)
		}
	}
	return err
}

// welcome waits for connection_init and learns who is there. The key comes in the
// payload, as {"authorization": "Bearer …"} or {"apiKey": "…"}, because browsers cannot
// set headers; a header is taken where there is one.
func (s *socket) welcome(ctx context.Context, token string) (context.Context, error) {
	m, err := s.read()
	for err == nil && m.Type != "connection_init" {
		if m.Type == "subscribe" {
			return nil, closeError{closeUnauthorized, "Unauthorized"}
		}
		if err = s.handle(ctx, m); err == nil {
			m, err = s.read()
		}
	}
	if err != nil {
		return nil, err
	}

	var payload struct {
		Authorization string `json:"authorization"`
		APIKey        string `json:"apiKey"`
	}
	if len(m.Payload) > 0 && json.Unmarshal(m.Payload, &payload) != nil {
		return nil, closeError{closeBadRequest, "Invalid connection_init payload"}
	}
	switch {
	case payload.APIKey != "":
		token = payload.APIKey
	case payload.Authorization != "":
		token = bearer(payload.Authorization)
	}
	who, err := s.h.keys.Authenticate(ctx, token)
	switch {
	case coffer.ErrorCode(err) == coffer.CodeUnauthenticated:
		return nil, closeError{closeForbidden, "Forbidden"}
	case err != nil:
		s.h.log.ErrorContext(ctx, "authenticate", "err", err)
		return nil, closeError{websocket.StatusTryAgainLater, "Try again later"}
	}
	if !s.h.sockets.admit(who.Tenant) {
		return nil, closeError{websocket.StatusTryAgainLater, "Too many connections of this tenant"}
	}
	s.tenant, s.key = who.Tenant, who.KeyID
	s.init <- token
	return withPrincipal(ctx, who), s.write(message{Type: "connection_ack"})
}

// handle acts on a message, once or before the client has introduced itself.
func (s *socket) handle(ctx context.Context, m message) error {
	switch m.Type {
	case "ping":
		return s.write(message{Type: "pong"})
	case "pong":
		return nil
	case "connection_init":
		return closeError{closeTooMany, "Too many initialisation requests"}
	case "subscribe":
		return s.subscribe(ctx, m)
	case "complete":
		s.end(m.ID)
		return nil
	}
	return closeError{closeBadRequest, "Invalid message type"}
}

// watch closes a connection that does not introduce itself, is dead, whose key does not
// count any more, or when the server stops.
func (s *socket) watch(ctx context.Context) {
	limits := s.h.sockets
	init := time.NewTimer(limits.initTimeout)
	defer init.Stop()
	ping := time.NewTicker(limits.pingInterval)
	defer ping.Stop()

	token := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-limits.stopping:
			_ = s.conn.Close(websocket.StatusGoingAway, "The server is stopping")
			return
		case <-init.C:
			_ = s.conn.Close(closeInitTimeout, "Connection initialisation timeout")
			return
		case token = <-s.init:
			init.Stop()
		case <-ping.C:
			if token != "" && !s.alive(ctx, token) {
				return
			}
		}
	}
}

// alive asks for an answer from the client and checks its key again, and closes the
// connection if one is missing.
func (s *socket) alive(ctx context.Context, token string) bool {
	ctx, cancel := context.WithTimeout(ctx, s.h.sockets.pongTimeout)
	defer cancel()
	if s.conn.Ping(ctx) != nil {
		_ = s.conn.CloseNow()
		return false
	}
	if _, err := s.h.keys.Authenticate(ctx, token); coffer.ErrorCode(err) == coffer.CodeUnauthenticated {
		_ = s.conn.Close(closeForbidden, "Forbidden")
		return false
	}
	return true
}

func (s *socket) read() (message, error) {
	kind, data, err := s.conn.Read(context.Background())
	if err != nil {
		return message{}, err
	}
	var m message
	if kind != websocket.MessageText || json.Unmarshal(data, &m) != nil {
		return message{}, closeError{closeBadRequest, "Invalid message"}
	}
	return m, nil
}

// write gives a slow client some time, and then closes its connection.
func (s *socket) write(m message) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.h.sockets.writeTimeout)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, data)
}
