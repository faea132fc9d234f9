package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Whoever asks, and however often, the checks run now and then, and causes stay in the log.
func TestReadinessIsAskedForOncePerSecond(t *testing.T) {
	var runs, reports atomic.Int64
	r := &ready{report: func(string, error) { reports.Add(1) }}
	r.add("database", func(context.Context) error { runs.Add(1); return nil })
	r.add("signers", func(context.Context) error { return errors.New("dial 10.0.0.7: refused") })

	var asking sync.WaitGroup
	for range 100 {
		asking.Go(func() {
			answer := httptest.NewRecorder()
			r.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
			body := answer.Body.String()
			if answer.Code != http.StatusServiceUnavailable || !strings.Contains(body, `"signers":"failing"`) ||
				!strings.Contains(body, `"database":"ok"`) || strings.Contains(body, "10.0.0.7") {
				t.Errorf("%d %s", answer.Code, body)
			}
		})
	}
	asking.Wait()
	if runs.Load() > 10 || runs.Load() == 0 || reports.Load() != runs.Load() {
		t.Errorf("100 requests ran the checks %d times and reported %d failures", runs.Load(), reports.Load())
	}
}
