package utxo

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
	"os"
	"strings"
	"sync"
)

const (
	// maxRequestBytes bounds a request of ours: a block that is submitted, in hex.
	maxRequestBytes = 16 << 20
	maxCookieBytes  = 1 << 10
)

// Errors of one server.
var (
	// ErrResponseTooLarge is returned when an answer is larger than its bound.
	ErrResponseTooLarge = errors.New("the answer is larger than allowed")
	// ErrNotJSONRPC is returned for an answer of another kind, such as a web page.
	ErrNotJSONRPC = errors.New("the answer is not JSON-RPC")
)

// endpoint is one server.
type endpoint struct {
	url        *url.URL // without user and password
	cookieFile string
	maxBytes   int64
	next       http.RoundTripper

	mu   sync.Mutex
	user string
	pass string
}

func newEndpoint(node Node, maxBytes int64) (*endpoint, error) {
	u, err := parseURL(node.URL)
	if err != nil {
		return nil, err
	}
	e := &endpoint{cookieFile: node.CookieFile, maxBytes: maxBytes, next: http.DefaultTransport}
	if u.User != nil {
		e.user = u.User.Username()
		e.pass, _ = u.User.Password()
		u.User = nil
	}
	e.url = u
	return e, nil
}

// name is the host alone: the rest of a URL is often a key.
func (e *endpoint) name() string { return e.url.Host }

// call asks this server alone. sent reports whether it may have seen the request. A refusal
// is an error that Classify reads.
func (e *endpoint) call(ctx context.Context, method string, params []any) (result json.RawMessage, sent bool, err error) {
	if params == nil {
		params = []any{}
	}
	// Version 1.0 is what every node since 2010 knows; Bitcoin Core answers 2.0 in another way
	// from version 28 on.
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", method, err)
	}
	if len(body) > maxRequestBytes {
		return nil, false, fmt.Errorf("%s: a request of more than %d bytes", method, maxRequestBytes)
	}
	result, sent, err = e.post(ctx, body)
	if Classify(err) == Unauthorized && e.cookieFile != "" { // the node has started anew, or we have
		if err := e.readCookie(); err != nil {
			return nil, false, err
		}
		result, sent, err = e.post(ctx, body)
	}
	return result, sent, err
}

// readCookie reads "user:password" from the file that the node writes when it starts.
func (e *endpoint) readCookie() error {
	file, err := os.Open(e.cookieFile)
	if err != nil {
		return fmt.Errorf("cookie: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxCookieBytes))
	if err != nil {
		return fmt.Errorf("cookie: %w", err)
	}
	user, pass, ok := strings.Cut(strings.TrimSpace(string(text)), ":")
	if !ok {
		return errors.New("cookie: want user:password in the file")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.user, e.pass = user, pass
	return nil
}

// post sends a JSON-RPC request and reads the whole answer, at most maxBytes of it.
// Redirects are not followed. Errors name the host only.
func (e *endpoint) post(ctx context.Context, body []byte) (result json.RawMessage, sent bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, false, errors.New("make the request")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	e.mu.Lock()
	if e.user != "" || e.pass != "" {
		request.SetBasicAuth(e.user, e.pass)
	}
	e.mu.Unlock()
	response, err := e.next.RoundTrip(request)
	if err != nil {
		var dial *net.OpError
		return nil, !errors.As(err, &dial) || dial.Op != "dial", err
	}
	defer func() { _ = response.Body.Close() }()

	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusBadRequest, http.StatusNotFound, http.StatusInternalServerError: // Bitcoin Core's refusals come with these
	default:
		return nil, true, httpError{response.StatusCode}
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
	result, err = readAnswer(text)
	if response.StatusCode != http.StatusOK && (err == nil || errors.Is(err, ErrNotJSONRPC)) {
		return nil, true, httpError{response.StatusCode}
	}
	return result, true, err
}

// readAnswer tells results from refusals, and both from other things.
func readAnswer(text []byte) (json.RawMessage, error) {
	trimmed := bytes.TrimSpace(text)
	if len(trimmed) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrNotJSONRPC)
	}
	if trimmed[0] != '{' {
		return nil, fmt.Errorf("%w: it begins with %.20q", ErrNotJSONRPC, trimmed)
	}
	var message struct {
		ID     json.RawMessage `json:"id"`
		Result json.RawMessage `json:"result"`
		Error  *refusal        `json:"error"`
	}
	if err := json.Unmarshal(trimmed, &message); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotJSONRPC, err)
	}
	switch {
	case message.Error != nil:
		return nil, message.Error
	case message.Result == nil:
		return nil, fmt.Errorf("%w: neither result nor error", ErrNotJSONRPC)
	case string(message.ID) != "1":
		return nil, fmt.Errorf("%w: it answers request %.20q", ErrNotJSONRPC, message.ID)
	}
	return message.Result, nil
}
