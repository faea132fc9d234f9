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

// checkTimeout bounds each check of readiness; what was found is told again for readyLife,
// because anybody may ask and each check asks the database or every signer.
const (
	checkTimeout = 3 * time.Second
	readyLife    = time.Second
)

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

	asking sync.Mutex // held while the checks run: who comes meanwhile is told the same
	asked  time.Time
	status int
	answer map[string]string
}

func (r *ready) add(name string, run func(ctx context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checks = append(r.checks, check{name, run})
}

// ServeHTTP implements http.Handler.
func (r *ready) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	status, answer := r.ask(context.WithoutCancel(request.Context()))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the client may have gone
}

// ask runs the checks, unless they ran just now.
func (r *ready) ask(ctx context.Context) (status int, answer map[string]string) {
	r.asking.Lock()
	defer r.asking.Unlock()
	if time.Since(r.asked) < readyLife {
		return r.status, r.answer
	}
	r.status, r.answer = r.run(ctx)
	r.asked = time.Now()
	return r.status, r.answer
}

func (r *ready) run(ctx context.Context) (status int, answer map[string]string) {
	r.mu.Lock()
	checks := slices.Clone(r.checks)
	r.mu.Unlock()

	found := make([]error, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		running.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkTimeout)
			defer cancel()
			found[i] = c.run(ctx)
		})
	}
	running.Wait()

	status, answer = http.StatusOK, make(map[string]string, len(checks))
	for i, c := range checks {
		answer[c.name] = "ok"
		if found[i] != nil {
			status = http.StatusServiceUnavailable
			answer[c.name] = "failing"
			r.report(c.name, found[i])
		}
	}
	return status, answer
}

// healthy answers that the process is alive, nothing more.
func healthy(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintln(w, "ok")
}
