package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// checkTimeout bounds each check of readiness.
const checkTimeout = 3 * time.Second

// check is one thing that has to be well before this process can do its work.
type check struct {
	name string
	run  func(ctx context.Context) error
}

// ready answers whether every check passes, and which does not, as JSON. It tells names
// and our words only; causes may hold addresses and go to the log.
type ready struct {
	mu     sync.Mutex
	checks []check
	report func(name string, err error)
}

func (r *ready) add(name string, run func(ctx context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checks = append(r.checks, check{name, run})
}

// ServeHTTP implements http.Handler.
func (r *ready) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	checks := slices.Clone(r.checks)
	r.mu.Unlock()

	found := make([]error, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		running.Go(func() {
			ctx, cancel := context.WithTimeout(request.Context(), checkTimeout)
			defer cancel()
			found[i] = c.run(ctx)
		})
	}
	running.Wait()

	status := http.StatusOK
	answer := make(map[string]string, len(checks))
	for i, c := range checks {
		answer[c.name] = "ok"
		if found[i] != nil {
			status = http.StatusServiceUnavailable
			answer[c.name] = "failing"
			r.report(c.name, found[i])
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the client may have gone
}

// healthy answers that the process is alive, nothing more.
func healthy(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintln(w, "ok")
}
