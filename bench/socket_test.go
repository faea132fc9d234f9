package bench

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/graphql"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/withdrawal"
)

// benchPolicy is there because the API wants one: these benchmarks withdraw nothing.
const benchPolicy = `
version: 1
name: bench
signers: {threshold: 2, count: 3}
assets:
  - {name: USDT, id: %q, decimals: 6}
rules:
  order_limits:
    - {name: per order, enforced_by: signer, asset: USDT, max: "1"}
  velocity:
    - {name: per day, enforced_by: signer, asset: USDT, per: asset, max: "2"}
`

// parser reads addresses as the chain's source does.
type parser struct{}

func (parser) ParseAddress(text string) (coffer.Address, error) { return evm.ParseAddress(text) }

// socket is a subscription over a WebSocket.
type socket struct{ conn *websocket.Conn }

// subscribe serves the API of an address and follows its deposits, as a customer would.
func subscribe(b *testing.B, w *watched) socket {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	rules, err := policy.Parse(fmt.Appendf(nil, benchPolicy, w.asset.ID))
	must(err)
	books, merchants := ledger.New(w.db, time.Now), merchant.New(w.db, time.Now, rand.Reader)
	withdrawals, err := withdrawal.New(withdrawal.Config{
		DB: w.db, Ledger: books, Events: w.events, Policy: rules, Assets: []coffer.Asset{w.asset}, Clock: time.Now,
		Parsers: map[coffer.ChainID]withdrawal.AddressParser{w.asset.ID.Chain(): parser{}},
		Account: func(ctx context.Context, tenant, account string) error {
			_, err := merchants.Account(ctx, tenant, account)
			return err
		},
		Lookup: func(context.Context, coffer.ChainID, coffer.Address) (withdrawal.Owner, error) {
			return withdrawal.Owner{}, nil
		},
	})
	must(err)
	api, err := graphql.New(graphql.Config{
		Merchants: merchants, Deposits: w.deposits, Withdrawals: withdrawals, Ledger: books, Stream: w.events,
		Assets: []coffer.Asset{w.asset}, Log: slog.New(slog.DiscardHandler),
	})
	must(err)
	server := httptest.NewServer(api)
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), creditTimeout)
		defer cancel()
		if err := api.Shutdown(ctx); err != nil {
			b.Error(err)
		}
		server.Close()
	})

	ctx := b.Context()
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	must(err)
	b.Cleanup(func() { _ = conn.CloseNow() })
	must(wsjson.Write(ctx, conn, map[string]any{"type": "connection_init", "payload": map[string]string{"apiKey": w.key}}))
	s := socket{conn}
	if m := s.next(ctx, b); m.Type != "connection_ack" {
		b.Fatalf("the API says %s %s", m.Type, m.Payload)
	}
	must(wsjson.Write(ctx, conn, map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{
		"query":     "subscription($a: ID!) { depositEvents(account: $a, after: \"\") { cursor deposit { id state amount tx } } }",
		"variables": map[string]string{"a": w.account.ID},
	}}))
	return s
}

type message struct {
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

func (s socket) next(ctx context.Context, b *testing.B) message {
	b.Helper()
	ctx, cancel := context.WithTimeout(ctx, creditTimeout)
	defer cancel()
	for {
		var m message
		if err := wsjson.Read(ctx, s.conn, &m); err != nil {
			b.Fatal(err)
		}
		if m.Type != "ping" {
			return m
		}
		if err := wsjson.Write(ctx, s.conn, map[string]string{"type": "pong"}); err != nil {
			b.Fatal(err)
		}
	}
}

// credited waits for the next credit.
func (s socket) credited(ctx context.Context, b *testing.B) {
	b.Helper()
	for {
		m := s.next(ctx, b)
		if m.Type != "next" {
			b.Fatalf("the API says %s %s", m.Type, m.Payload)
		}
		var event struct {
			Data struct {
				DepositEvents struct{ Deposit struct{ State string } }
			}
		}
		if err := json.Unmarshal(m.Payload, &event); err != nil {
			b.Fatal(err)
		}
		if event.Data.DepositEvents.Deposit.State == "CREDITED" {
			return
		}
	}
}
