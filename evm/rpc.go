package evm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/ethereum/go-ethereum/rpc"
)

const (
	// maxErrorBytes bounds what a server may say together with an HTTP error.
	maxErrorBytes = 1 << 10
	// maxInspected is the longest answer that is looked into before it is passed on; a
	// refusal is never longer.
	maxInspected = 1 << 20
)

// Errors of one server.
var (
	// ErrResponseTooLarge is returned when an answer is larger than its bound.
	ErrResponseTooLarge = errors.New("the answer is larger than allowed")
	// ErrNotJSONRPC is returned for an answer of another kind, such as a web page.
	ErrNotJSONRPC = errors.New("the answer is not JSON-RPC")
)

// endpoint is one server's URL. It is stateless.
type endpoint struct {
	url      *url.URL
	maxBytes int64
	next     http.RoundTripper
}

// name is the host alone: the rest of a URL is often a key.
func (e endpoint) name() string { return e.url.Host }

// reply is a server's answer to one request.
type reply struct {
	body    []byte
	refusal *refusal // nil for a result, a batch, or an answer too long to look into
	result  json.RawMessage
}

// refusal is a JSON-RPC error. It implements the interfaces of go-ethereum/rpc.
type refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func (r *refusal) Error() string  { return r.Message }
func (r *refusal) ErrorCode() int { return r.Code }
func (r *refusal) ErrorData() any { return r.Data }

// post sends a JSON-RPC request and reads the whole answer, at most maxBytes of it.
// Redirects are not followed. Errors name the host only. sent reports whether the server may
// have seen the request.
func (e endpoint) post(ctx context.Context, body []byte) (answer *reply, sent bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, false, errors.New("make the request")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if user := e.url.User; user != nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	response, err := e.next.RoundTrip(request)
	if err != nil {
		var dial *net.OpError
		return nil, !errors.As(err, &dial) || dial.Op != "dial", err
	}
	defer response.Body.Close()

	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBytes)) // it becomes part of an error's text
		return nil, true, rpc.HTTPError{StatusCode: response.StatusCode, Status: response.Status, Body: text}
	}
	if response.ContentLength > e.maxBytes {
		return nil, true, ErrResponseTooLarge
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, e.maxBytes+1))
	if err != nil {
		return nil, true, fmt.Errorf("read the answer: %w", err)
	}
	if int64(len(text)) > e.maxBytes {
		return nil, true, ErrResponseTooLarge
	}
	answer, err = inspect(text)
	return answer, true, err
}

// inspect tells answers from other things, and refusals from results.
func inspect(body []byte) (*reply, error) {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) < 2 {
		return nil, fmt.Errorf("%w: it is empty", ErrNotJSONRPC)
	}
	first, last := trimmed[0], trimmed[len(trimmed)-1]
	switch {
	case first == '[' && last == ']':
		return &reply{body: body}, nil // a batch; its elements speak for themselves
	case first != '{' || last != '}':
		return nil, fmt.Errorf("%w: it begins with %.20q", ErrNotJSONRPC, trimmed)
	case len(body) > maxInspected:
		return &reply{body: body}, nil
	}
	var message struct {
		Result json.RawMessage `json:"result"`
		Error  *refusal        `json:"error"`
	}
	if err := json.Unmarshal(body, &message); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotJSONRPC, err)
	}
	if message.Error == nil && message.Result == nil {
		return nil, fmt.Errorf("%w: neither result nor error", ErrNotJSONRPC)
	}
	return &reply{body: body, refusal: message.Error, result: message.Result}, nil
}

// ask calls a method of this server alone.
func (e endpoint) ask(ctx context.Context, result any, method string, args ...any) error {
	if args == nil {
		args = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": args})
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	answer, _, err := e.post(ctx, body)
	if err != nil {
		return err
	}
	if answer.refusal != nil {
		return answer.refusal
	}
	if err := json.Unmarshal(answer.result, result); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
