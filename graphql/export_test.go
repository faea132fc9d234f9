package graphql

import (
	"net/http"
	"time"
)

// Limits that tests aim at.
const (
	MaxBodyBytes    = maxBodyBytes
	MaxQueryBytes   = maxQueryBytes
	MaxSelections   = maxSelections
	MaxObjects      = maxObjects
	MaxOperations   = maxOperations
	MaxMessageBytes = maxMessageBytes
)

// Hurry shortens what a WebSocket waits for, so that tests need not. Zero leaves it.
func (h *Handler) Hurry(initTimeout, pingInterval, pongTimeout time.Duration) {
	for limit, hurried := range map[*time.Duration]time.Duration{
		&h.sockets.initTimeout: initTimeout, &h.sockets.pingInterval: pingInterval, &h.sockets.pongTimeout: pongTimeout,
	} {
		if hurried > 0 {
			*limit = hurried
		}
	}
}

// OpenSockets is how many connections there are.
func (h *Handler) OpenSockets() int { return maxConnections - len(h.sockets.free) }

// OccupyTenant makes a tenant seem to have as many connections as it may, until the result
// is called.
func (h *Handler) OccupyTenant(tenant string) (leave func()) {
	taken := 0
	for h.sockets.admit(tenant) {
		taken++
	}
	return func() {
		for range taken {
			h.sockets.leave(tenant)
		}
	}
}

// GraphiQLWithoutFiles is the page in a binary that was built without its files.
func GraphiQLWithoutFiles() http.Handler { return graphiql{} }

// Occupy makes as many connections seem open as there may be, until the result is called.
func (h *Handler) Occupy() (leave func()) {
	taken := 0
	for len(h.sockets.free) > 0 {
		<-h.sockets.free
		taken++
	}
	return func() {
		for range taken {
			h.sockets.free <- struct{}{}
		}
	}
}
