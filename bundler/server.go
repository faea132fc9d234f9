package bundler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// Limits of the JSON-RPC server.
const (
	maxBodyBytes  = 1 << 20
	maxBatch      = 32
	maxIDBytes    = 128
	maxConcurrent = 64 // HTTP requests; more are told to come again
	methodTimeout = 60 * time.Second
)

// Handler is a JSON-RPC 2.0 server over HTTP POST (ERC-7769). Requests of a batch run one
// after the other. A request without id is refused, not treated as a notification: nobody
// should send money and not wait for the answer.
func (b *Bundler) Handler() http.Handler {
	return &server{bundler: b, slots: make(chan struct{}, maxConcurrent)}
}

type server struct {
	bundler *Bundler
	slots   chan struct{}
}

type rpcRequest struct {
	Version string            `json:"jsonrpc"`
	ID      json.RawMessage   `json:"id"`
	Method  string            `json:"method"`
	Params  []json.RawMessage `json:"params"`
}

type rpcResponse struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

var nullID = json.RawMessage("null")

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "JSON-RPC 2.0 over POST", http.StatusMethodNotAllowed)
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		http.Error(w, "too many requests at once", http.StatusServiceUnavailable)
		return
	}

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			http.Error(w, "the body is larger than 1 MiB", http.StatusRequestEntityTooLarge)
			return
		}
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	answer, err := json.Marshal(s.answer(r.Context(), bytes.TrimSpace(body)))
	if err != nil {
		s.bundler.log.Error("an answer cannot be written as JSON", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(answer, '\n')) // the client is gone
}

// answer is one response, or a list of them for a batch.
func (s *server) answer(ctx context.Context, body []byte) any {
	if len(body) == 0 || body[0] != '[' {
		return s.serve(ctx, body)
	}
	var batch []json.RawMessage
	if err := json.Unmarshal(body, &batch); err != nil {
		return failed(nullID, &Error{Code: CodeParse, Message: "the body is not JSON"})
	}
	if len(batch) == 0 || len(batch) > maxBatch {
		return failed(nullID, refuse(CodeRequest, "a batch has 1 to %d requests, this one %d", maxBatch, len(batch)))
	}
	responses := make([]rpcResponse, len(batch))
	for i, one := range batch {
		responses[i] = s.serve(ctx, one)
	}
	return responses
}

func (s *server) serve(ctx context.Context, body []byte) rpcResponse {
	if !json.Valid(body) {
		return failed(nullID, &Error{Code: CodeParse, Message: "the body is not JSON"})
	}
	var request rpcRequest
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return failed(nullID, &Error{Code: CodeRequest, Message: "want an object of jsonrpc, id, method and a list of params"})
	}
	if request.Version != "2.0" || !validID(request.ID) {
		return failed(nullID, &Error{Code: CodeRequest, Message: `want "jsonrpc":"2.0" and a string or number as id`})
	}

	ctx, cancel := context.WithTimeout(ctx, methodTimeout)
	defer cancel()
	result, err := s.bundler.dispatch(ctx, request.Method, request.Params)
	if err != nil {
		return failed(request.ID, s.public(request.Method, err))
	}
	encoded, err := json.Marshal(result)
	if err != nil {
		return failed(request.ID, s.public(request.Method, err))
	}
	return rpcResponse{Version: "2.0", ID: request.ID, Result: encoded}
}

// validID accepts strings and numbers. Null is what errors without a request use.
func validID(id json.RawMessage) bool {
	if len(id) == 0 || len(id) > maxIDBytes {
		return false
	}
	return id[0] == '"' || id[0] == '-' || (id[0] >= '0' && id[0] <= '9')
}

// public is what a caller may see of an error; the rest is logged.
func (s *server) public(method string, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	s.bundler.log.Error("a request failed", "method", method, "error", err)
	return &Error{Code: CodeInternal, Message: "internal error"}
}

func failed(id json.RawMessage, e *Error) rpcResponse {
	return rpcResponse{Version: "2.0", ID: id, Error: &rpcError{e.Code, e.Error(), e.ErrorData()}}
}
