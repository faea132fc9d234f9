package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// Bounds of the client.
const (
	clientTimeout  = 20 * time.Second
	maxAnswerBytes = 4 << 20
)

// client speaks to the API as any customer of it would: over the network, with a key.
type client struct {
	url string // of /graphql
	key string
}

// apiError is an error that the API answered with.
type apiError struct {
	Message    string `json:"message"`
	Extensions struct {
		Code  string `json:"code"`
		Field string `json:"field"`
	} `json:"extensions"`
}

func (e *apiError) Error() string { return e.Extensions.Code + " " + e.Message }

type answer struct {
	Data   json.RawMessage `json:"data"`
	Errors []*apiError     `json:"errors"`
}

func (a answer) into(out any) error {
	if len(a.Errors) > 0 {
		return a.Errors[0]
	}
	return json.Unmarshal(a.Data, out)
}

// do runs a query or a mutation and reads its data into out.
func (c client) do(ctx context.Context, query string, variables map[string]any, out any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, clientTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return err
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return fmt.Errorf("the API answered %s: %.200s", response.Status, text)
	}
	return a.into(out)
}

// errEnough is returned by a subscriber that has seen what it waited for.
var errEnough = errors.New("enough")

// subscribe calls each with the data of every event until it returns an error; errEnough
// ends it well.
func (c client) subscribe(ctx context.Context, query string, variables map[string]any, each func(data json.RawMessage) error) error {
	conn, response, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(c.url, "http"), &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if response != nil && response.Body != nil {
		defer response.Body.Close()
	}
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(maxAnswerBytes)

	type message struct {
		ID      string `json:"id,omitempty"`
		Type    string `json:"type"`
		Payload any    `json:"payload,omitempty"`
	}
	if err := wsjson.Write(ctx, conn, message{Type: "connection_init", Payload: map[string]string{"apiKey": c.key}}); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	for {
		var m struct {
			Type    string          `json:"type"`
			Payload json.RawMessage `json:"payload"`
		}
		if err := wsjson.Read(ctx, conn, &m); err != nil {
			return fmt.Errorf("subscription: %w", err)
		}
		switch m.Type {
		case "connection_ack":
			err = wsjson.Write(ctx, conn, message{ID: "1", Type: "subscribe", Payload: map[string]any{"query": query, "variables": variables}})
		case "ping":
			err = wsjson.Write(ctx, conn, message{Type: "pong"})
		case "next":
			var a answer
			var data json.RawMessage
			if err = json.Unmarshal(m.Payload, &a); err == nil {
				if err = a.into(&data); err == nil {
					err = each(data)
				}
			}
		case "error":
			err = fmt.Errorf("subscription refused: %s", m.Payload)
		case "complete":
			err = errors.New("subscription ended")
		}
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
