//go:build long

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func (w *watched) secondNodeScene(ctx context.Context) error {
	for _, trouble := range []struct{ mode, reason string }{{"lies", "disagree"}, {"silent", ""}} {
		w.second.set(trouble.mode)
		tx, err := w.pay(ctx, w.address, w.units(5))
		if err != nil {
			return err
		}
		if err := w.watch(ctx, tx, "CREDITED"); err != nil {
			return err
		}
		if err := w.until(ctx, "a server that is not ready", func() (bool, error) { return w.notReady("second node") }); err != nil {
			return fmt.Errorf("%s: %w", trouble.mode, err)
		}
		if err := w.finality(ctx); err != nil {
			return err
		}
		id, err := w.idOf(ctx, tx)
		if err != nil {
			return err
		}
		d, err := w.audited(ctx, id, "credited")
		if err != nil {
			return err
		}
		if !strings.Contains(d.Reason, trouble.reason) {
			return fmt.Errorf("the customer reads %q", d.Reason)
		}
		held, err := w.command(ctx, nil, "deposits", "held", "--config", w.configFile())
		if err != nil {
			return err
		}
		if disputed := strings.Contains(held, "disputed block"); disputed != (trouble.mode == "lies") {
			return fmt.Errorf("%s: held says %s", trouble.mode, held)
		}
		if unheard := strings.Contains(held, "no word of the second node"); unheard != (trouble.mode == "silent") {
			return fmt.Errorf("%s: held says %s", trouble.mode, held)
		}
		w.second.set("")
		if err := w.watch(ctx, tx, "UNLOCKED"); err != nil {
			return err
		}
	}
	if err := w.until(ctx, "a server that is ready again", func() (bool, error) {
		failing, err := w.notReady("")
		return !failing, err
	}); err != nil {
		return err
	}
	return w.wantBalance(ctx, "80", "0")
}

// notReady reports whether a check whose name begins so fails; "" is any.
func (w *watched) notReady(check string) (bool, error) {
	response, err := http.Get("http://" + w.server.address + "/readyz")
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	var checks map[string]string
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&checks); err != nil {
		return false, err
	}
	for name, state := range checks {
		if state != "ok" && strings.HasPrefix(name, check) {
			return true, nil
		}
	}
	return false, nil
}

// secondNode stands before a stack's node: it passes on what is asked, or nothing, or asks
// a node with another history.
type secondNode struct {
	server *httptest.Server
	mu     sync.Mutex
	mode   string
	honest string
	liar   string
}

func newSecondNode(t *testing.T, s *stack) *secondNode {
	t.Helper()
	other := startNode(t, s.number)
	if err := other.Mine(t.Context(), 1000); err != nil { // as high as the honest one ever is
		t.Fatal(err)
	}
	n := &secondNode{honest: s.anvil.URL, liar: other.URL}
	n.server = httptest.NewServer(http.HandlerFunc(n.pass))
	t.Cleanup(n.server.Close)
	return n
}

// set makes it "lies", "silent" or, with "", honest.
func (n *secondNode) set(mode string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.mode = mode
}

func (n *secondNode) pass(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	mode, target := n.mode, n.honest
	n.mu.Unlock()
	switch mode {
	case "silent":
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	case "lies":
		target = n.liar
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
}
