package omnisim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	maxRequest    = 1 << 20
	answerTimeout = 30 * time.Second
	headerTimeout = 10 * time.Second
)

// rpcError is a refusal with Bitcoin Core's code.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }

// Codes of Bitcoin Core (src/rpc/protocol.h).
const (
	codeMisc           = -1
	codeNotFound       = -5
	codeParameter      = -8
	codeParse          = -32700
	codeMethodNotFound = -32601
	codeInternal       = -32603
)

func refused(code int, format string, args ...any) error {
	return &rpcError{Code: code, Message: fmt.Sprintf(format, args...)}
}

// ServeHTTP answers JSON-RPC 1.0 requests as Bitcoin Core does: refusals come with status 500,
// unknown methods with 404.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request struct {
		ID     json.RawMessage   `json:"id"`
		Method string            `json:"method"`
		Params []json.RawMessage `json:"params"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	switch {
	case err != nil:
		return
	case len(body) > maxRequest:
		err = refused(codeParse, "Request is too large")
	case json.Unmarshal(body, &request) != nil:
		err = refused(codeParse, "Parse error")
	}
	var result any
	if err == nil {
		ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
		defer cancel()
		result, err = s.call(ctx, request.Method, request.Params)
	}
	status := http.StatusOK
	var refusal *rpcError
	if err != nil && !errors.As(err, &refusal) {
		refusal = &rpcError{Code: codeInternal, Message: err.Error()}
	}
	if refusal != nil {
		result, status = nil, http.StatusInternalServerError
		if refusal.Code == codeMethodNotFound {
			status = http.StatusNotFound
		}
	}
	answer, err := json.Marshal(map[string]any{"result": result, "error": refusal, "id": request.ID})
	if err != nil {
		http.Error(w, "encode", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

// Server is a simulator that listens on this machine.
type Server struct {
	*Sim
	URL string

	http *http.Server
	done chan error
}

// Serve listens on a port of this machine, zero for a free one.
func Serve(ctx context.Context, sim *Sim, port int) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("serve the Omni Layer: %w", err)
	}
	s := &Server{
		Sim: sim, URL: "http://" + listener.Addr().String(),
		http: &http.Server{Handler: sim, ReadHeaderTimeout: headerTimeout},
		done: make(chan error, 1),
	}
	go func() { s.done <- s.http.Serve(listener) }()
	return s, nil
}

// Stop ends it, and waits for answers under way.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return err
	}
	if err := <-s.done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
