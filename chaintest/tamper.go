package chaintest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Answer is what a node says to one call: "result" and "error".
type Answer map[string]any

// maxTampered is more than any answer that a test alters.
const maxTampered = 64 << 20

// Tamper stands between a test and a node: it passes on every call, and lets alter change
// each answer. It returns its URL.
func Tamper(t testing.TB, upstream string, alter func(method string, params []any, answer Answer)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := io.ReadAll(io.LimitReader(r.Body, maxTampered))
		if err != nil {
			return // the test has ended
		}
		forward, err := http.NewRequestWithContext(r.Context(), http.MethodPost, upstream, bytes.NewReader(request))
		if err != nil {
			t.Error(err)
			return
		}
		forward.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(forward)
		if err != nil {
			if r.Context().Err() == nil {
				t.Error(err)
			}
			return
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(io.LimitReader(response.Body, maxTampered))
		if err != nil {
			return
		}
		var call struct {
			Method string `json:"method"`
			Params []any  `json:"params"`
		}
		answer := Answer{}
		w.Header().Set("Content-Type", "application/json")
		if json.Unmarshal(request, &call) != nil || json.Unmarshal(body, &answer) != nil {
			_, _ = w.Write(body) // a batch goes through as it is
			return
		}
		alter(call.Method, call.Params, answer)
		if err := json.NewEncoder(w).Encode(answer); err != nil && r.Context().Err() == nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}
